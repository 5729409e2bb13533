"""Templates of pages: what is filled in is escaped, and what is missing is no empty place."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from nstlib.apps.templates import templates


def test_what_is_filled_in_is_escaped_and_filters_are_there(tmp_path):
    (tmp_path / "page.html").write_text("<p>{{ name | twice }}</p>")
    page = templates(tmp_path, twice=lambda text: 2 * text).get_template("page.html")
    assert page.render(name="<b>") == "<p>&lt;b&gt;&lt;b&gt;</p>"


def test_a_name_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "page.html").write_text("{{ nobody }}")
    with pytest.raises(UndefinedError, match="nobody"):
        templates(tmp_path).get_template("page.html").render()
