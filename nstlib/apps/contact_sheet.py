"""The page of a comparison: each pair's pictures side by side, with their numbers. No script, no network, no server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from PIL import Image

from nstlib import __version__
from nstlib.apps.comparison import (
    CLASSIC,
    COLUMNS,
    EVERY,
    LOSSES,
    MEASURES,
    SIGMA,
    TABLE,
    Measure,
    Record,
    Settings,
    difference,
    mean_of,
    methods_in,
    names_of,
    records_in,
    write_metrics,
)
from nstlib.formats.files import replacing

PAGE = "index.html"
TEMPLATE = Path(__file__).with_name("contact_sheet.html")


def write_sheet(folder: Path, settings: Settings, failures: Mapping[str, Sequence[str]] | None = None) -> Path:
    """Write the page, and the table ``metrics.csv``, of the pairs that a comparison's folder holds; return the page.

    Args:
        folder: of the comparison.
        settings: pairs made with others are left out.
        failures: from messages to what could not be made because of them.

    Raises:
        ImageError: if a file cannot be written.
    """
    records, everything = records_in(folder, settings), records_in(folder)
    write_metrics(folder, records)
    with replacing(folder / PAGE) as temporary:
        temporary.write_text(page(records, settings, failures or {}, len(everything) - len(records)), encoding="utf-8")
    return folder / PAGE


def page(
    records: Sequence[Record], settings: Settings, failures: Mapping[str, Sequence[str]], left_out: int = 0
) -> str:
    """Return the page as HTML. Its links are relative to the comparison's folder."""
    methods = methods_in(records)
    title = f"{_count(len(records), 'pair')}: {_listed(methods)}" if records else "No pairs yet"
    weight = f"style weight {settings.style_weight:g}, start from {settings.init}, seed {settings.seed}"
    others = f" {_count(left_out, 'pair')} in this folder, made with other settings, left out." if left_out else ""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(title),
        settings=escape(f"{settings.size} px, {settings.steps} steps, network {settings.network}, {weight}."),
        failures=_failures(failures),
        summary=_summary(records, methods),
        overview=_overview(records, methods),
        pairs="\n".join(_pair(record, methods, number) for number, record in enumerate(records, 1)),
        meanings="\n".join(_meaning(measure) for measure in COLUMNS.values()),
        bands=escape(
            f"Low is a Gaussian blur of {SIGMA:g} px. High is what it takes away, at its own scale: mid-gray is 0, black "
            "-1/2, white +1/2, and what exceeds that is cut off. So low + high - 1/2 is the picture."
        ),
        version=escape(__version__),
        left_out=escape(others),
    )


# Above the pairs ---------------------------------------------------------------------------------------------------------


def _failures(failures: Mapping[str, Sequence[str]]) -> str:
    if not failures:
        return ""
    items = "\n".join(
        f"<li>{escape(' '.join(message.split()))} ({escape(_listed(things))})</li>"
        for message, things in failures.items()
    )
    return f'<section class="warn"><h2>Not made</h2>\n<ul>\n{items}\n</ul></section>'


def _summary(records: Sequence[Record], methods: Sequence[str]) -> str:
    """Return the table of means, and how the methods differ from the first one."""
    if not records:
        return "<p>Nothing has reached its end so far.</p>"
    baseline, others = methods[0], methods[1:]
    heads = [*methods, *(f"{method} minus {baseline}" for method in others)]
    rows = []
    for column, measure in MEASURES.items():
        cells = [f"<td>{_number(mean_of(records, method, column))}</td>" for method in methods]
        cells += [f"<td>{_difference(records, method, baseline, column)}</td>" for method in others]
        rows.append(f'<tr><th scope="row">{escape(measure.label)}</th>{"".join(cells)}</tr>')
    brackets = "In brackets: where the mean may lie, were other styles and contents drawn (95 %). " if others else ""
    note = (
        f'<p class="quiet">{brackets}A picture that is less stylized keeps more of its content for free: read SSIM and Gram '
        "distance together, and then look.</p>"
    )
    return f'<h2>On average</h2>\n<div class="scroll">{_table(heads, rows)}</div>\n{note}'


def _difference(records: Sequence[Record], method: str, baseline: str, column: str) -> str:
    found = difference(records, method, baseline, column)
    if found is None:
        return ""
    parts = [_signed(found.mean)]
    if found.interval is not None:
        parts.append(f"[{_signed(found.interval.low)}, {_signed(found.interval.high)}]")
    parts.append(f"higher in {found.higher} of {found.pairs}")
    return " ".join(f"<span>{part}</span>" for part in parts)


def _overview(records: Sequence[Record], methods: Sequence[str]) -> str:
    """Return all results at a glance, contents down and styles across; each leads to its pair."""
    contents, styles = (
        list(dict.fromkeys(getattr(record, kind) for record in records)) for kind in ("content", "style")
    )
    if len(records) < 2:
        return ""
    at = {(record.content, record.style): (record, number) for number, record in enumerate(records, 1)}
    styles.sort()
    head = "".join(f'<th scope="col">{escape(style)}</th>' for style in styles)
    rows = []
    for content in contents:
        found = [at.get((content, style)) for style in styles]
        cells = "".join(f"<td>{_thumbnails(*each, methods) if each else ''}</td>" for each in found)
        rows.append(f'<tr><th scope="row">{escape(content)}</th>{cells}</tr>')
    return (
        f'<h2>At a glance</h2>\n<p class="quiet">In each cell: {escape(_listed(methods))}, in this order.</p>\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="All results at a glance"><table class="overview">\n'
        f"<thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>"
    )


def _thumbnails(record: Record, number: int, methods: Sequence[str]) -> str:
    pictures = "".join(
        _image(record, f"{method}.png", f"{record.content} in the style of {record.style}, {method}")
        for method in methods
        if method in record.runs
    )
    return f'<a href="#pair-{number}">{pictures}</a>'


# One pair ----------------------------------------------------------------------------------------------------------------


def _pair(record: Record, methods: Sequence[str], number: int) -> str:
    made = [method for method in methods if method in record.runs]
    described = {
        "content": f"{record.content}, the content",
        "style": f"{record.style}, the style",
        **{method: f"{record.content} in the style of {record.style}, method {method}" for method in made},
    }
    pictures = "".join(_figure(record, names_of(name)[0], name, text) for name, text in described.items())
    bands = "".join(
        _figure(record, file, f"{name}, {band}", f"{text}: {meaning}")
        for place, band, meaning in ((1, "low", "what is coarse"), (2, "high", "what is fine, around mid-gray"))
        for name, text in described.items()
        for file in names_of(name)[place : place + 1]
    )
    heading = f'{escape(record.content)} <span class="quiet">in the style of</span> {escape(record.style)}'
    return f"""<article class="pair" id="pair-{number}">
<h3>{heading}</h3>
<div class="pictures">{pictures}</div>
<div class="numbers">{_numbers(record, made, MEASURES)}{_numbers(record, made, {**LOSSES, **CLASSIC})}</div>
<details><summary>Low and high frequencies</summary>
<div class="pictures">{bands}</div></details>
<a href="{_address(record, TABLE)}">Table, every {EVERY} steps</a>
</article>"""


def _numbers(record: Record, methods: Sequence[str], columns: Mapping[str, Measure]) -> str:
    """Return a table of last values, the best of each row in bold where one direction is better."""
    rows = []
    for column, measure in columns.items():
        values = [record.final(method)[column] for method in methods]
        best = max(values, key=lambda value: measure.better * value) if measure.better else None
        cells = "".join(
            f"<td{' class=best' if best is not None and len(values) > 1 and value == best else ''}>{_number(value)}</td>"
            for value in values
        )
        rows.append(f'<tr><th scope="row">{escape(measure.label)}</th>{cells}</tr>')
    return _table(methods, rows)


def _figure(record: Record, file: str, caption: str, alt: str) -> str:
    address = _address(record, file)
    return f'<figure><a href="{address}">{_image(record, file, alt)}</a><figcaption>{escape(caption)}</figcaption></figure>'


def _image(record: Record, file: str, alt: str) -> str:
    """Return an image with its size, so that nothing moves while the page is loading."""
    size = ""
    with suppress(OSError), Image.open(record.folder / file) as picture:  # a damaged one shows its description
        size = f' width="{picture.width}" height="{picture.height}"'
    return f'<img src="{_address(record, file)}" alt="{escape(alt, quote=True)}"{size} loading="lazy">'


def _address(record: Record, file: str) -> str:
    return quote(f"{record.folder.name}/{file}")


# Pieces ------------------------------------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    return f"<table>\n<thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table>"


def _meaning(measure: Measure) -> str:
    direction = {1: "; more is better", -1: "; less is better", 0: ""}[measure.better]
    return f"<dt>{escape(measure.label)}</dt><dd>{escape(measure.meaning + direction)}</dd>"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 0.01 else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.{3 if abs(value) >= 0.0005 else 4}f}".replace("-", "\N{MINUS SIGN}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
