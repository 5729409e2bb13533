"""Light pages: what the theme loads and a page does not need is taken out of it, once all pages are written.

The theme draws some twenty icons with a script of 1.5 MB and two fonts of 150 kB, and loads the search index on every page;
the style sheet of formulas is for pages that have one. The theme's own can draw the icons by itself, from a font that holds
only these. Two thirds of the style sheets are rules for what no page shows (``rules.py``).
"""

from __future__ import annotations

import re
from pathlib import Path

from density import density_of
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image
from rules import shown_rules, stems_of, words_of

FONTS = "_static/vendor/fontawesome/webfonts"
STYLES = "_static/styles/pydata-sphinx-theme.css"
SCRIPT = '<script[^>]*src="[^"]*{}[^"]*"[^>]*>\\s*</script>\\s*'
ICON_SCRIPT = re.compile(SCRIPT.format(r"scripts/fontawesome\.js"))
SEARCH_SCRIPTS = re.compile(SCRIPT.format(r"(?:searchtools|language_data|searchindex)\.js"))
MATH_STYLES = re.compile(r'<link[^>]*href="[^"]*vendor/katex/[^"]*"[^>]*>\s*')
ICON = re.compile(r"\bfa-([a-z0-9-]+)")
GLYPH = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"(\\[0-9a-f]+|.)"\}')
OTHER_GLYPH = re.compile(r"[\"'](?:\\(f[0-9a-f]{3})|([\ue000-\uf8ff]))[\"']")  # in rules that are no icon's own
IMAGE = re.compile(r'<img (?=[^>]*src="(?P<address>[^":]+\.(?:png|jpe?g|webp|gif))")(?P<rest>[^>]*)>')
PHOTO = re.compile(r"[\w.-]+\.jpe?g\b")  # its name
QUALITY = 82  # of WebP
OWN = ("explorers/", "course.css", "print.css")  # style sheets of the course, which hold what it shows
NO_CODE = ("searchindex.js", "find/")  # texts of pages
AT_ONCE = 2  # pictures of a page that are loaded with it; the others when they come near


def shed(page: str) -> str:
    """Return a page without the scripts that it does not need."""
    page = ICON_SCRIPT.sub("", page)
    if 'id="search-results"' not in page:
        page = SEARCH_SCRIPTS.sub("", page)
    return page if 'class="katex' in page else MATH_STYLES.sub("", page)


def place_pictures(page: str, folder: Path) -> str:
    """Return a page whose pictures keep their place free and, but for the first, load when they come near.

    Figures of cells have twice the pixels of their place. As WebP they weigh about what half the pixels do as JPEG, and
    photos half of that.
    """
    main = page.find("<article")
    seen = 0

    def placed(match: re.Match) -> str:
        nonlocal seen
        file, rest = folder / match["address"], match["rest"]
        if match.start() < main or not file.is_file() or "loading=" in rest:
            return match[0]
        seen += 1
        with Image.open(file) as image:
            photo = image.format == "JPEG"
            density = density_of(image) if photo else 1
            sides = (round(side / density) for side in image.size)
        size = "" if re.search(r"\b(?:width|height|style)=", rest) else 'width="{}" height="{}" '.format(*sides)
        when = 'loading="lazy" ' if seen > AT_ONCE else ""
        if photo:
            rest = rest.replace(match["address"], match["address"][: -len(file.name)] + as_webp(file).name)
        return f"<img {when}{size}{rest}>"

    return IMAGE.sub(placed, page)


def as_webp(file: Path) -> Path:
    """Write a picture as WebP beside it, unless it is there, and return where."""
    copy = file.with_suffix(".webp")
    if not copy.exists():
        with Image.open(file) as image:
            image.save(copy, quality=QUALITY, method=6)
    return copy


def icons_of(pages: list[str]) -> set[str]:
    """Return the names of the icons that pages show."""
    return {name for page in pages for name in ICON.findall(page)}


def glyphs_of(named: set[str], styles: str) -> set[int]:
    """Return the code points of these icons, and of those that style sheets show by themselves."""
    others = OTHER_GLYPH.findall(GLYPH.sub("", styles))
    points = {int(code, 16) if code else ord(character) for code, character in others}
    for selectors, content in GLYPH.findall(styles):
        if named & set(ICON.findall(selectors)):
            points.add(int(content[1:], 16) if content.startswith("\\") else ord(content))
    return points


def without_other_icons(styles: str, named: set[str]) -> str:
    """Return style sheets without the rules of all icons but these."""
    return GLYPH.sub(lambda rule: rule[0] if named & set(ICON.findall(rule[1])) else "", styles)


def keep_glyphs(font: Path, points: set[int]) -> None:
    """Leave only these glyphs in a font."""
    options = subset.Options(flavor="woff2", layout_features=[], name_IDs=[], notdef_outline=False)
    with TTFont(font) as read:
        chooser = subset.Subsetter(options)
        chooser.populate(unicodes=points)
        chooser.subset(read)
        subset.save_font(read, str(font), options)


def leave_shown_rules(static: Path, pages: list[str]) -> None:
    """Leave in the style sheets that came with themes the rules for what pages show."""
    scripts = [path for path in static.rglob("*.js") if not path.relative_to(static).as_posix().startswith(NO_CODE)]
    texts = [path.read_text(encoding="utf-8") for path in scripts]
    words, stems = words_of([*pages, *texts]), stems_of(texts)
    for path in sorted(static.rglob("*.css")):
        if not path.relative_to(static).as_posix().startswith(OWN):
            path.write_text(shown_rules(path.read_text(encoding="utf-8"), words, stems), encoding="utf-8")


def lighten(app, failure: Exception | None) -> None:
    """Make the written pages light."""
    if failure is not None or app.builder.format != "html":
        return
    out, pages = Path(app.outdir), []
    for path in sorted(out.rglob("*.html")):
        before = path.read_text(encoding="utf-8")
        after = place_pictures(shed(before), path.parent)
        pages.append(after)
        if after != before:
            path.write_text(after, encoding="utf-8")
    shown = {name for page in pages for name in PHOTO.findall(page)}
    for copy in (out / "_images").glob("*.webp"):
        for original in (copy.with_suffix(ending) for ending in (".jpg", ".jpeg")):
            if original.name not in shown:
                original.unlink(missing_ok=True)
    sheets = sorted((out / "_static").rglob("*.css"))
    named = icons_of(pages)
    points = glyphs_of(named, "".join(path.read_text(encoding="utf-8") for path in sheets))
    theme = out / STYLES
    theme.write_text(without_other_icons(theme.read_text(encoding="utf-8"), named), encoding="utf-8")
    leave_shown_rules(out / "_static", pages)
    for font in (out / FONTS).glob("*.woff2"):
        keep_glyphs(font, points)


def setup(app) -> dict:
    app.connect("build-finished", lighten)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
