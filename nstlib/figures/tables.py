"""Tables of numbers, for a page and for a terminal."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real

from torch import Tensor

from nstlib.errors import ShapeError


class Table:
    """Rows with names under columns with names: a notebook and a page show it drawn, a terminal as aligned text.

    Attributes:
        columns: their names. rows: from a row's name to its cells, as text, in the order of the columns.
        marked: the cells that are set in bold, as (row, column).
        words: the columns whose cells neither begin nor end with a number; numbers are compared from the right.
    """

    def __init__(self, columns: list[str], rows: dict[str, list[str]], marked: frozenset[tuple[str, str]]):
        self.columns, self.rows, self.marked = columns, rows, marked
        numbers = {
            head for cells in rows.values() for head, cell in zip(columns, cells, strict=True) if _has_number(cell)
        }
        self.words = frozenset(columns) - numbers

    def __repr__(self) -> str:
        names = ["", *self.rows]
        columns = [names, *([head, *(row[k] for row in self.rows.values())] for k, head in enumerate(self.columns))]
        for k, column in enumerate(columns):
            align = str.ljust if k == 0 or self.columns[k - 1] in self.words else str.rjust
            width = max(map(len, column))
            columns[k] = [align(cell, width) for cell in column]
        return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col"{self._class(name)}>{html.escape(name)}</th>' for name in self.columns)
        lines = [f"<tr><td></td>{heads}</tr>"]
        for name, cells in self.rows.items():
            shown = "".join(self._cell(name, *each) for each in zip(self.columns, cells, strict=True))
            lines.append(f'<tr><th scope="row">{html.escape(name)}</th>{shown}</tr>')
        body = "\n".join(lines[1:])
        return f'<table class="course-table">\n<thead>{lines[0]}</thead>\n<tbody>\n{body}\n</tbody>\n</table>'

    def _cell(self, row: str, column: str, text: str) -> str:
        shown = html.escape(text)
        shown = f"<strong>{shown}</strong>" if (row, column) in self.marked else shown
        return f"<td{self._class(column)}>{shown}</td>"

    def _class(self, column: str) -> str:
        return ' class="words"' if column in self.words else ""


def show_table(
    rows: Mapping[str, Mapping[str, object]],
    *,
    digits: int = 2,
    signed: bool = False,
    best: Mapping[str, Callable[[Iterable[float]], float]] | None = None,
) -> Table:
    """Return a table.

    Args:
        rows: from a row's name to its cells by column; every row has the same columns. A float (of Python, NumPy or torch)
            is shown with ``digits`` decimals, everything else as it is.
        signed: a "+" before positive floats.
        best: from a column to ``min`` or ``max``: that cell of it is set in bold, and all that look the same.

    Raises:
        ShapeError: if there is no row, or one has other columns than the first.

    >>> show_table({"cat": {"SSIM": 0.5, "steps": 40}, "flower": {"SSIM": 0.251, "steps": 9}}, best={"SSIM": max})
            SSIM  steps
    cat     0.50     40
    flower  0.25      9
    """
    first = next(iter(rows.values()), None)
    if not first:
        raise ShapeError("show_table needs at least one row with a column: {'cat': {'SSIM': 0.5}}.")
    columns = list(first)
    for name, cells in rows.items():
        if list(cells) != columns:
            raise ShapeError(
                f"show_table needs the same columns in each row: {', '.join(map(str, columns))}. The row {name} has "
                f"{', '.join(map(str, cells))}."
            )
    style = f"{'+' if signed else ''}.{digits}f"
    texts = {str(name): [_text(cell, style) for cell in cells.values()] for name, cells in rows.items()}
    marked = set()
    for column, choose in (best or {}).items():
        place = columns.index(column)
        wanted = format(choose(float(cells[column]) for cells in rows.values()), style)
        marked |= {(name, str(column)) for name, cells in texts.items() if cells[place] == wanted}
    return Table([str(column) for column in columns], texts, frozenset(marked))


def _has_number(text: str) -> bool:
    words = text.split() or [""]
    return any(word.lstrip("+-\N{MINUS SIGN}.")[:1].isdigit() for word in (words[0], words[-1]))


def _text(cell: object, style: str) -> str:
    if isinstance(cell, Tensor) and cell.ndim == 0:
        cell = cell.item()
    return format(cell, style) if isinstance(cell, Real) and not isinstance(cell, Integral) else str(cell)
