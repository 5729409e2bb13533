"""What the built pages are spared, and what follows from the address at which the course is published."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from fontTools.ttLib import TTFont
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "_ext")]

import address  # noqa: E402
import explorers  # noqa: E402
import light  # noqa: E402
import publish  # noqa: E402
import rules  # noqa: E402
from blocks import Repository, repository  # noqa: E402

ICONS = '<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>\n'
SEARCH = '<script src="../_static/searchtools.js?v=1"></script>\n<script src="../searchindex.js"></script>\n'
MATH = '<link rel="stylesheet" type="text/css" href="../_static/vendor/katex/katex.min.css?v=1" />\n'
HEAD = "<head>\n" + ICONS + SEARCH + MATH + '<script src="../_static/course.js"></script>\n</head>\n'
STYLES = (
    '.fa-bars:before,.fa-navicon:before{content:"\\f0c9"}.fa-moon:before{content:"\\f186"}.fa-a:before{content:"A"}'
    'a.download:before{content:var(--down)}:root{--down:"\uf019"}.more:after{content:"\\f107"}'
)


def test_a_page_loads_nothing_that_it_does_not_need():
    assert light.shed(HEAD) == '<head>\n<script src="../_static/course.js"></script>\n</head>\n'


def test_where_there_is_a_formula_its_styles_stay():
    body = '<span class="math notranslate"><span class="katex">x</span></span>'
    assert light.shed(HEAD + body) == HEAD.replace(ICONS, "").replace(SEARCH, "") + body


def test_the_page_that_searches_keeps_its_index():
    assert SEARCH in light.shed(HEAD + '<div id="search-results"></div>')


def test_pictures_keep_their_place_and_all_but_the_first_two_wait(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    page = '<img src="a.png" /><article>' + '<img alt="x" src="a.png" />' * 3 + '<img src="gone.png" /></article>'
    first, rest = light.place_pictures(page, tmp_path).split("<article>")
    assert first == '<img src="a.png" />', "not outside of the text"
    assert rest.count('width="30" height="20"') == 3
    assert rest.count('loading="lazy"') == 1
    assert rest.index("lazy") > rest.index("width", rest.index("width") + 1)
    assert '<img src="gone.png" />' in rest


def test_a_figure_is_webp_and_keeps_its_place_with_one_pixel_for_one_or_two(tmp_path):
    Image.effect_noise((60, 40), 50).convert("RGB").save(tmp_path / "a.jpeg", dpi=(200, 200))
    Image.effect_noise((60, 40), 50).convert("RGB").save(tmp_path / "b.jpeg", dpi=(100, 100))
    page = light.place_pictures('<article><img alt="x" src="a.jpeg" /><img src="b.jpeg" /></article>', tmp_path)
    assert '<img width="30" height="20" alt="x" src="a.webp" />' in page
    assert '<img width="60" height="40" src="b.webp" />' in page
    with Image.open(tmp_path / "a.webp") as copy:
        assert copy.size == (60, 40)
    assert light.place_pictures(page, tmp_path) == page, "once"


def test_placing_pictures_twice_changes_nothing(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    once = light.place_pictures("<article>" + '<img src="a.png" />' * 4, tmp_path)
    assert light.place_pictures(once, tmp_path) == once


def test_the_icons_of_pages_and_of_other_rules_are_known():
    assert light.glyphs_of(light.icons_of(['<i class="fa-solid fa-navicon"></i>']), STYLES) == {0xF0C9, 0xF019, 0xF107}


def test_rules_of_icons_that_no_page_shows_go():
    left = light.without_other_icons(STYLES, light.icons_of(['<i class="fa-bars"></i>']))
    assert "f0c9" in left
    assert "f186" not in left
    assert "--down" in left


def test_rules_for_what_no_page_shows_go_and_others_stay():
    styles = (
        "/*! MIT */ /* a note */ .card{color:red} .card.modal,.card:not(.modal) a{top:0} p,#id{left:0} .btn-close{x:1}"
        "@media print{.modal{x:1} .card{x:2}} @media screen{.modal{x:1}} @font-face{font-family:A} .bs-tip-auto{x:1}"
    )
    words = rules.words_of(['<p class="card">', "e.classList.add('btn-close')"])
    left = rules.shown_rules(styles, words, rules.stems_of(["`bs-${name}`"]))
    assert "MIT" in left
    assert "a note" not in left
    assert ".card{color:red}" in left
    assert ".card:not(.modal) a{top:0}" in left
    assert ".card.modal" not in left
    assert "p,#id{left:0}" in left
    assert ".btn-close" in left
    assert "@media print{.card{x:2}}" in left
    assert "screen" not in left
    assert "@font-face" in left
    assert ".bs-tip-auto" in left
    assert rules.shown_rules(left, words, ("bs-",)) == left, "twice is as once"


def explorer_on(folder: Path, state: str = '{"a":1}') -> str:
    """Return a page as the build writes it, with an explorer and what it is begun with inside."""
    from nstlib.widgets.explorer import Page, encode_still

    still = encode_still([torch.full((1, 3, 20, 30), 0.5)])
    return f"<p>before</p>{Page('kernels', json.loads(state), still, 'a', 'b')._repr_html_()}<p>after</p>"


def test_what_an_explorer_is_begun_with_lies_beside_its_page(tmp_path):
    page = explorers.set_apart(explorer_on(tmp_path), tmp_path / "book" / "a.html", tmp_path)
    assert page.startswith('<p>before</p><div class="nst-page" data-explorer="kernels" data-state="../_static/held/')
    assert page.endswith("</noscript></div><p>after</p>")
    assert "application/json" not in page
    assert 'loading="lazy" width="300" height="200"' in page
    files = {path.suffix: path for path in (tmp_path / "_static" / "held").iterdir()}
    assert json.loads(files[".json"].read_text()) == {"a": 1}
    assert f'src="../_static/held/{files[".webp"].name}"' in page
    assert explorers.set_apart(page, tmp_path / "book" / "a.html", tmp_path) == page, "once"


def test_a_part_of_a_state_that_is_asked_for_later_lies_in_a_file_of_its_own(tmp_path):
    app = SimpleNamespace(outdir=str(tmp_path), builder=SimpleNamespace(format="html"))
    (tmp_path / "a.html").write_text(explorer_on(tmp_path, '{"a":{"cat":{"apart":{"b":[1,2]}}}}'))
    for _ in range(2):  # the second time there is nothing to do, and nothing to throw away
        explorers.set_all_apart(app, None)
        (state,) = re.findall(r'data-state="([^"]*)"', (tmp_path / "a.html").read_text())
        part = json.loads((tmp_path / state).read_text())["a"]["cat"]
        assert list(part) == ["address"]
        assert json.loads((tmp_path / part["address"]).read_text()) == {"b": [1, 2]}


def test_pages_with_the_same_explorer_share_its_files_and_files_of_none_go(tmp_path):
    app = SimpleNamespace(outdir=str(tmp_path), builder=SimpleNamespace(format="html"))
    for name in "ab":
        (tmp_path / f"{name}.html").write_text(explorer_on(tmp_path))
    explorers.set_all_apart(app, None)
    held = tmp_path / "_static" / "held"
    assert len(list(held.iterdir())) == 2
    assert 'data-state="_static/held/' in (tmp_path / "a.html").read_text()
    (tmp_path / "a.html").unlink()
    (tmp_path / "b.html").write_text(explorer_on(tmp_path, '{"a":2}'))
    explorers.set_all_apart(app, None)
    assert sorted(path.suffix for path in held.iterdir()) == [".json", ".webp"]
    assert json.loads(next(held.glob("*.json")).read_text()) == {"a": 2}


def test_a_font_keeps_the_glyphs_that_are_asked_for(tmp_path):
    import matplotlib

    font = tmp_path / "font.woff2"
    with TTFont(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf") as whole:
        whole.flavor = "woff2"
        whole.save(font)
    before = font.stat().st_size
    light.keep_glyphs(font, {ord("a"), ord("b")})
    with TTFont(font) as kept:
        assert set(kept.getBestCmap()) == {ord("a"), ord("b")}
    assert font.stat().st_size < before / 10


def test_an_address_is_published_if_somebody_has_set_it():
    assert not Repository("https://github.com/example/nst-course", "main").is_published
    ours = Repository("https://github.com/painters/course", "main")
    assert ours.is_published
    assert ours.pages == "https://painters.github.io/course/"


def settings(monkeypatch, url):
    monkeypatch.setattr(address, "repository", lambda: Repository(url, "main"))
    options = {"use_repository_button": True, "use_issues_button": True, "repository_url": url}
    config = SimpleNamespace(html_title="A course", html_static_path=[], html_theme_options=options, html_baseurl="")
    address.follow_the_address(None, config)
    return config


def test_a_published_book_says_its_addresses(monkeypatch):
    config = settings(monkeypatch, "https://github.com/painters/course")
    assert config.html_baseurl == config.ogp_site_url == "https://painters.github.io/course/"
    assert config.ogp_image == "https://painters.github.io/course/_static/gallery.jpg"
    assert config.notfound_urls_prefix == "/course/"
    assert config.html_theme_options["use_repository_button"]
    assert [Path(path).is_file() for path in config.html_static_path] == [True], (
        "the picture lies where it is said to be"
    )


def test_a_book_without_an_address_has_no_button_that_leads_nowhere(monkeypatch):
    config = settings(monkeypatch, "https://github.com/example/nst-course")
    assert config.html_theme_options == {
        "use_repository_button": False,
        "use_issues_button": False,
        "repository_url": "",
    }
    assert config.html_baseurl == ""
    assert not hasattr(config, "ogp_image")


def test_publish_writes_the_address_where_it_is_spelt_out(tmp_path):
    slug = repository().slug
    for name in publish.SPELT_OUT:
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    changed = publish.publish(tmp_path, "painters/course")
    assert {"_config.yml", "README.md", "CITATION.cff"} <= set(changed)
    assert [name for name in publish.SPELT_OUT if slug in (tmp_path / name).read_text(encoding="utf-8")] == []
    assert repository(tmp_path / "_config.yml").slug == "painters/course"


@pytest.mark.parametrize("address", ["painters", "https://github.com/painters/course", "pain ters/x", ""])
def test_publish_refuses_what_is_no_address(tmp_path, address):
    with pytest.raises(SystemExit, match=r"publish\.py needs OWNER/REPOSITORY as on GitHub, got"):
        publish.publish(tmp_path, address)
