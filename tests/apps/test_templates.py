"""Templates of pages: what is filled in is escaped, and what is missing is no empty place."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from nstlib import apps
from nstlib.apps.templates import templates


def test_what_is_filled_in_is_escaped_and_filters_are_there(tmp_path):
    (tmp_path / "page.html").write_text("<p>{{ name | twice }}</p>")
    page = templates(tmp_path, twice=lambda text: 2 * text).get_template("page.html")
    assert page.render(name="<b>") == "<p>&lt;b&gt;&lt;b&gt;</p>"


def test_a_name_that_is_missing_is_an_error(tmp_path):
    (tmp_path / "page.html").write_text("{{ nobody }}")
    with pytest.raises(UndefinedError, match="nobody"):
        templates(tmp_path).get_template("page.html").render()


def test_pages_have_their_frame_and_its_colors_in_common(tmp_path):
    (tmp_path / "page.html").write_text('{% extends "frame.html" %}{% block body %}{{ name }}{% endblock %}')
    found = templates(tmp_path).get_template("page.html").render(name="<b>")
    assert "<body>\n&lt;b&gt;</body>" in found
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(apps.__file__).parent.rglob("*.html")}
    assert len(texts) == 3
    assert [name for name, text in texts.items() if "--page:" in text or "<!DOCTYPE" in text] == ["frame.html"]
