"""What is wrong with a shape, a length or the names of a result, on every input that was tried."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nstlib.check.examiner.compare import as_tensor, same
from nstlib.check.examiner.tried import Try

Found = tuple[str, str]
_COUNTS = ("no", "one", "two", "three", "four", "five", "six")


def misshapen(part: Sequence[Try]) -> Found | None:
    """Return (id, sentence) for what is wrong with the shape, the length or the names of results; or None."""
    return _keys(part) or _length(part) or _axes(part)


def _keys(part: Sequence[Try]) -> Found | None:
    both = [one for one in part if isinstance(one.expected, Mapping) and isinstance(one.seen, Mapping)]
    if len(both) < len(part) and not all(one.right for one in part if one not in both):
        return None
    wrong = [one for one in both if set(one.expected) != set(one.seen)]
    missing = [[key for key in one.expected if key not in one.seen] for one in wrong]
    added = [[key for key in one.seen if key not in one.expected] for one in wrong]
    if len(wrong) < 2:
        return None
    if not any(added):
        for place, k in (("last", -1), ("first", 0)):
            if all(gone == [list(one.expected)[k]] for gone, one in zip(missing, wrong, strict=True)):
                return "name_missing", f"The {place} of its keys is missing."
        return "name_missing", "Keys are missing, and none is there that should not be."
    if not any(missing):
        return "name_added", "It has keys that it should not have; all others are there."
    if all(len(one.seen) == len(one.expected) for one in wrong):
        return "other_names", "It has as many keys as it should, but they are others."
    return None


def _length(part: Sequence[Try]) -> Found | None:
    """Return what is missing from a list, or too much in it."""
    if not all(isinstance(value, (list, tuple)) for one in part for value in (one.expected, one.seen)):
        return None
    lengths = [(len(one.expected), len(one.seen)) for one in part]
    wrong = [(a, b) for a, b in lengths if a != b]
    if len(wrong) < 2:
        return None
    if all(b <= a for a, b in lengths):
        if all(same(list(one.expected)[: len(one.seen)], list(one.seen)) for one in part):
            return "stops_early", "What is in the list is right, but it ends too early."
        if all(same(list(one.expected)[len(one.expected) - len(one.seen) :], list(one.seen)) for one in part):
            return "starts_late", "What is in the list is right, but its beginning is missing."
    if all(b >= a for a, b in lengths):
        if all(same(list(one.expected), list(one.seen)[: len(one.expected)]) for one in part):
            return "goes_on", "The list begins as it should, and then goes on."
        if all(same(list(one.expected), list(one.seen)[len(one.seen) - len(one.expected) :]) for one in part):
            return "starts_early", "The list ends as it should, but something stands before it."
    off = {b - a for a, b in lengths}
    if len(off) == 1:
        (more,) = off
        return "other_length", f"It has {_in_words(abs(more))} too {'many' if more > 0 else 'few'}, on every input."
    return None


def _axes(part: Sequence[Try]) -> Found | None:
    pairs = [(as_tensor(one.expected), as_tensor(one.seen)) for one in part]
    if any(a is None or b is None for a, b in pairs) or all(a.shape == b.shape for a, b in pairs):
        return None
    shapes = [(tuple(a.shape), tuple(b.shape)) for a, b in pairs]
    wrong = [(a, b) for a, b in shapes if a != b]
    if len(wrong) < 2 or any(not isinstance(one.expected, Tensor) for one in part):
        return None
    if all(b == () for _, b in shapes):
        return (
            "single_number",
            f"It is a single number, where {_asked(shapes)} is asked for.",
        )
    if all(len(a) == len(b) + 1 for a, b in shapes):
        for k in range(len(shapes[0][0])):
            if all(a[:k] + a[k + 1 :] == b for a, b in shapes):
                return (
                    "axis_missing",
                    f"Axis {k} is missing, on every input.",
                )
    if all(len(b) == len(a) + 1 for a, b in shapes):
        for k in range(len(shapes[0][1])):
            if all(b[:k] + b[k + 1 :] == a for a, b in shapes):
                return "axis_too_many", f"There is one axis too many: axis {k}."
    if found := _of_input(part, shapes):
        return found
    if len({len(a) for a, _ in shapes} | {len(b) for _, b in shapes}) == 1:
        whole = all(one.right for one, (a, b) in zip(part, shapes, strict=True) if a == b)
        return _sizes(shapes) if whole else None
    counts = {(len(a), len(b)) for a, b in shapes}
    if len(counts) == 1:
        a, b = counts.pop()
        wanted = f"{_axes_in_words(a)} {'is' if a == 1 else 'are'}" if a else "a single number is"
        return "other_axes", f"It has {_axes_in_words(b)}, where {wanted} asked for, on every input."
    return None


def _asked(shapes: Sequence[tuple[tuple, tuple]]) -> str:
    counts = {len(a) for a, _ in shapes}
    return f"a tensor of {_axes_in_words(counts.pop())}" if len(counts) == 1 else "a tensor"


def _in_words(count: int) -> str:
    return _COUNTS[count] if count < len(_COUNTS) else str(count)


def _axes_in_words(count: int) -> str:
    return f"{_in_words(count)} {'axis' if count == 1 else 'axes'}"


def _of_input(part: Sequence[Try], shapes: Sequence[tuple[tuple, tuple]]) -> Found | None:
    for k, name in enumerate(part[0].names):
        given = [one.arguments[k] for one in part]
        if not all(isinstance(t, Tensor) and tuple(t.shape) == b for t, (_, b) in zip(given, shapes, strict=True)):
            continue
        if any(len(a) != len(b) for a, b in shapes):
            return "shape_of_input", f"It still has the shape of `{name}`, on every input."
        return "shape_of_input", f"It has the shape of `{name}`, on every input, and should have another."
    return None


def _sizes(shapes: Sequence[tuple[tuple, tuple]]) -> Found | None:
    """Return which axes have another size than they should, and by how much."""
    axes = range(len(shapes[0][0]))
    for order in itertools.permutations(axes):
        if order != tuple(axes) and all(tuple(a[k] for k in order) == b for a, b in shapes):
            return (
                "sizes_exchanged",
                f"The sizes are right, but in another order: axes {list(order)} of what is asked for.",
            )
    off = torch.tensor([[y - x for x, y in zip(a, b, strict=True)] for a, b in shapes])
    wrong = [k for k in axes if bool(off[:, k].any())]
    which = f"axis {wrong[0]}" if len(wrong) == 1 else f"axes {', '.join(map(str, wrong[:-1]))} and {wrong[-1]}"
    verb = "is" if len(wrong) == 1 else "are"
    common = {tuple(row[wrong].tolist()) for row in off}
    if len(common) == 1 and len(set(values := common.pop())) == 1:
        size, word = abs(values[0]), "long" if values[0] > 0 else "short"
        return "off_by_some", f"{which[:1].upper()}{which[1:]} {verb} {size} too {word}, on every input."
    if len(wrong) < len(axes):
        word = "long" if bool((off >= 0).all()) else "short" if bool((off <= 0).all()) else "long or too short"
        return "only_some_axes", f"Only {which} {verb} too {word}; all other axes have the right size."
    return None
