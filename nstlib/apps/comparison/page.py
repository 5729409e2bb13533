"""The page of a comparison: each pair's pictures side by side, with their numbers. No script, no network, no server."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from nstlib import __version__
from nstlib.apps.comparison import pairs
from nstlib.apps.comparison.pairs import CLASSIC, COLUMNS, LOSSES, SHOWN, Record
from nstlib.apps.study.grid import Grid
from nstlib.apps.templates import templates
from nstlib.errors import ImageError
from nstlib.formats.files import replacing
from nstlib.formats.opening import opened

PAGE = "index.html"
BANDS = (("low", "what is coarse"), ("high", "what is fine, around mid-gray"))


def write_page(folder: Path, grid: Grid, failures: Mapping[str, Sequence[str]] | None = None) -> Path:
    """Write the page, and the table ``metrics.csv``, of the pairs that a comparison's folder holds; return the page.

    Args:
        folder: of the comparison.
        grid: pairs made with other settings are left out.
        failures: from messages to what could not be made because of them.

    Raises:
        ImageError: if a file cannot be written.
    """
    records, everything = pairs.records_in(folder, grid), pairs.records_in(folder)
    pairs.write_metrics(folder, records)
    text = page(records, grid, failures or {}, len(everything) - len(records))
    with replacing(folder / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # the bytes of a name may be no text
    return folder / PAGE


def page(records: Sequence[Record], grid: Grid, failures: Mapping[str, Sequence[str]], left_out: int = 0) -> str:
    """Return the page as HTML. Its links are relative to the comparison's folder."""
    methods = pairs.methods_in(records)
    return (
        templates(Path(__file__).parent, number=_number, listed=_listed, counted=_counted, address=_address)
        .get_template("page.html")
        .render(
            records=records,
            methods=methods,
            settings=pairs.settings_of(grid),
            failures={" ".join(message.split()): things for message, things in failures.items()},
            left_out=left_out,
            averages=[(COLUMNS[column].label, *_averages(records, methods, column)) for column in SHOWN],
            bands=BANDS,
            files=pairs,
            measures=COLUMNS.values(),
            version=__version__,
            described=_described,
            size_of=_size_of,
            last_values=[
                (_last_values(record, SHOWN), _last_values(record, (*LOSSES, *CLASSIC))) for record in records
            ],
        )
    )


def _averages(records: Sequence[Record], methods: Sequence[str], column: str) -> tuple[list[str], list[list[str]]]:
    """Return the mean of each method, and how each but the first differs from it."""
    means = [_number(pairs.mean_of(records, method, column)) for method in methods]
    found = [pairs.difference(records, method, methods[0], column) for method in methods[1:]]
    return means, [[] if each is None else _difference(*each) for each in found]


def _difference(interval: pairs.Interval, higher: int, compared: int) -> list[str]:
    brackets = [] if interval.low != interval.low else [f"[{_signed(interval.low)}, {_signed(interval.high)}]"]
    return [_signed(interval.mean), *brackets, f"higher in {higher} of {compared}"]


def _described(record: Record) -> dict[str, str]:
    """Return what each picture of a pair shows, by its name."""
    together = f"{record.content} in the style of {record.style}"
    made = {method: f"{together}, method {method}" for method in pairs.methods_in([record])}
    return {"content": f"{record.content}, the content", "style": f"{record.style}, the style", **made}


def _last_values(record: Record, columns: Iterable[str]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return for each column its label, and the last value of each method, with whether it is the best of several."""
    found = []
    for column in columns:
        values, better = [record.final(method)[column] for method in pairs.methods_in([record])], COLUMNS[column].better
        best = max(values, key=lambda value: better * value) if better and len(values) > 1 else None
        found.append((COLUMNS[column].label, [(_number(value), value == best) for value in values]))
    return found


def _size_of(path: Path) -> tuple[int, int] | None:
    """Return width and height of a picture, so that nothing moves while the page is loading."""
    with suppress(ImageError), opened(path) as picture:  # a damaged one shows its description
        return picture.size
    return None


def _address(name: str) -> str:
    """Return a name as addresses spell it: byte by byte, as the bytes may be no text."""
    return quote(os.fsencode(name))


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 0.01 else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:+.{3 if abs(value) >= 0.0005 else 4}f}".replace("-", "\N{MINUS SIGN}")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
