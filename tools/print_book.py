"""Print the whole book into one file: _build/book.pdf, through Chromium.

    python tools/print_book.py                     with hints, answers and solutions, all opened
    python tools/print_book.py --solutions none    without all that a page has folded

The built pages are joined into one, with a list of chapters in front; it is printed twice, for only then is it known on
which pages the chapters begin. Explorers are still pictures.
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, Tag
from chromium import find_chromium
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
HTML = ROOT / "_build" / "html"
PDF = ROOT / "_build" / "book.pdf"
JOINED = "book/on-paper.html"  # as if it lay beside the pages, so that what they load is where they say; never a file
FOLDS = ("open", "none")
QUALITY = 88  # of JPEG
# Of no use on paper.
SCREEN_ONLY = "script, noscript, a.headerlink, button, input, .notebook-links, .copybtn, .viewcode-link, .widget-alt"
SHEETS = re.compile(r'<link[^>]*rel="stylesheet"[^>]*>')
FOOT = (
    '<div style="font-family: sans-serif; font-size: 8pt; width: 100%; text-align: center">'
    '<span class="pageNumber"></span></div>'
)
PAPER = {
    "format": "A4",
    "margin": {"top": "16mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
    "display_header_footer": True,
    "header_template": "<span></span>",
    "footer_template": FOOT,
    "print_background": True,
    "outline": True,
    "tagged": True,
}
PATIENCE = 900_000  # milliseconds; a quiet machine needs a tenth of that
SETTLED = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
}"""


def parts() -> Iterator[tuple[str, list[str]]]:
    """Yield the parts of the book with the slugs of their pages; the first page stands in a part without a name."""
    table = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    yield "", [Path(table["root"]).name]
    for part in table["parts"]:
        yield part["caption"], [Path(chapter["file"]).name for chapter in part["chapters"]]


def on_paper(page: str, slug: str, others: set[str], folds: str) -> Tag:
    """Return the article of a page as paper needs it.

    Args:
        page: the page's HTML.
        slug: its name; what it is linked by begins with it.
        others: the slugs of all pages that are printed. Links to anything else in the book become text.
        folds: "open" opens what is folded; "none" leaves it out, and of a question's options leaves the options.
    """
    article = BeautifulSoup(page, "html.parser").select_one("article.bd-article")
    for part in article.select(SCREEN_ONLY):
        part.decompose()
    for image in article.select("img[loading]"):
        del image["loading"]
    for fold in article.select("details"):
        unfold(fold, folds)
    for element in article.select("[id]"):
        element["id"] = f"{slug}--{element['id']}"
    for link in article.select("a[href]"):
        turn(link, slug, others)
    article["id"] = slug
    return article


def unfold(fold: Tag, folds: str) -> None:
    """Open a part that is folded, or take it out."""
    summary = fold.find("summary", recursive=False)
    classes = fold.get("class", [])
    if folds == "open":
        fold["open"] = ""
        if "hide" in classes and summary:  # "Show the setup": open, it needs no name
            summary.decompose()
            fold.name = "div"
    elif "quiz-option" in classes:
        for answer in summary.find_next_siblings():
            answer.decompose()
    else:
        fold.decompose()


def turn(link: Tag, slug: str, others: set[str]) -> None:
    """Turn a link to another page into one to another place of the same; into text what is not printed."""
    address = link["href"]
    if re.match(r"[a-z]+:", address):
        return
    page, _, place = address.partition("#")
    page = page.removesuffix(".html").removeprefix("../book/") or slug
    if page in others:
        link["href"] = f"#{page}--{place}" if place else f"#{page}"
    else:
        link.unwrap()


@cache
def in_jpeg(address: str, folder: Path) -> str:
    """Return the address of a picture that Chromium puts into the file as it is: of all it knows, JPEG alone.

    Anything else it would unpack, and a book of pictures be four times as large. What is transparent stays as it was.
    """
    if address.startswith("data:image/webp;base64,"):
        source: io.BytesIO | Path = io.BytesIO(base64.b64decode(address.partition(",")[2]))
    elif address.endswith((".webp", ".png")) and (folder / address).is_file():
        source = folder / address
    else:
        return address
    with Image.open(source) as image:
        if image.convert("RGBA").getextrema()[3][0] < 255:
            return address
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def title_of(article: Tag) -> str:
    """Return a page's title."""
    return article.find("h1").get_text(" ", strip=True)


def join(html: Path, folds: str, pages: dict[str, int] | None = None) -> str:
    """Return the whole book as one page; ``pages`` says on which page of paper each of its pages begins."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    slugs = {slug for _, group in parts() for slug in group}
    heads, bodies, contents = {}, [], []
    for caption, group in parts():
        lines = []
        for slug in group:
            text = (html / "book" / f"{slug}.html").read_text(encoding="utf-8")
            heads |= dict.fromkeys(SHEETS.findall(text))
            article = on_paper(text, slug, slugs, folds)
            for image in article.select("img[src]"):
                image["src"] = in_jpeg(image["src"], html / "book")
            bodies.append(str(article))
            number = (pages or {}).get(slug, "")
            lines.append(f'<li><a href="#{slug}">{escape(title_of(article))}</a><span>{number}</span></li>')
        contents += [f"<h2>{escape(caption)}</h2>" if caption else "", f"<ul>{''.join(lines)}</ul>"]
    told = {"open": "With hints, answers and solutions", "none": "Without hints, answers and solutions"}[folds]
    cover = f"<h1>{escape(settings['title'])}</h1><p>{escape(settings['author'])}</p><p>{told}.</p>"
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{escape(settings['title'])}</title>{''.join(heads)}</head>"
        f'<body><main class="bd-main on-paper"><div class="bd-content"><div class="bd-article-container">'
        f'<section class="paper-cover"><img src="../_static/logo.svg" alt="">{cover}</section>'
        f'<section class="paper-contents">{"".join(contents)}</section>{"".join(bodies)}'
        "</div></div></main></body></html>"
    )


def first_pages(pdf: Path) -> dict[str, int]:
    """Return on which page, counted from 1, each place begins that something in the file leads to."""
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    return {
        name.lstrip("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine, and yield the address."""
    from nstlib.apps.server import make_folder_server

    server = make_folder_server(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def print_page(browser, address: str, text: str, pdf: Path) -> None:
    """Print a page of this text, as if it were found at this address."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.route(address, lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
    page.goto(address, wait_until="load")
    page.evaluate(SETTLED)
    page.pdf(path=pdf, **PAPER)
    page.close()


def print_book(browser, html: Path, pdf: Path, folds: str) -> int:
    """Print the book that is built in ``html`` with Playwright's ``browser``, and return how many pages it has."""
    pages: dict[str, int] = {}
    with served(html) as address:
        for _ in range(2):
            print_page(browser, f"{address}/{JOINED}", join(html, folds, pages), pdf)
            pages = first_pages(pdf)
    from pypdf import PdfReader

    return len(PdfReader(pdf).pages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--solutions", choices=FOLDS, default=FOLDS[0])
    folds = parser.parse_args().solutions
    if not (HTML / "index.html").exists():
        print("There is no book yet: run  make book  (or: python tools/build_book.py)", file=sys.stderr)
        return 1
    program = find_chromium()
    if program is None:
        print("Printing needs Chromium: install it, or set CHROMIUM to its path.", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        count = print_book(browser, HTML, PDF, folds)
        browser.close()
    print(f"{PDF.relative_to(ROOT)}: {count} pages, {PDF.stat().st_size / 1e6:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
