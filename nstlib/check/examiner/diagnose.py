"""What a wrong tensor has to do with the right one: a factor, a sign, another order; said only if true of every input."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from nstlib.check.examiner.compare import as_tensor, number
from nstlib.check.examiner.forms import tensors
from nstlib.check.exercise import Case


def relation(cases: Sequence[Case], expected: Sequence[object], seen: Sequence[object]) -> tuple[str, str] | None:
    """Return (id, sentence) for what turns the right results into the ones seen, or None."""
    pairs = _pairs(expected, seen)
    if pairs is None:
        return _truths(expected, seen)
    if all(bool((b == 0).all()) for _, b in pairs) and not all(bool((a == 0).all()) for a, _ in pairs):
        return "zeros", "Every number is 0. Is something computed and then not used?"
    if _is_constant([b for _, b in pairs]) and not _is_constant([a for a, _ in pairs]):
        return (
            "same_for_every_input",
            "It gives the same for every input. Is the input used, or an earlier result kept?",
        )
    if factors := factors_of(pairs):
        if all(abs(f + 1) < 2e-3 for f in factors if f):
            return "negated", "The sign is turned around: every number is minus what it should be."
        if text := _scaled(cases, factors):
            return "scaled", text
    return _offset(pairs) or _axes(pairs) or _shape(pairs)


def _truths(expected: Sequence[object], seen: Sequence[object]) -> tuple[str, str] | None:
    """Return what turns the right truth values into the ones seen."""
    pairs = [(as_tensor(a), as_tensor(b)) for a, b in zip(expected, seen, strict=True)]
    if any(a is None or b is None or a.shape != b.shape or {a.dtype, b.dtype} != {torch.bool} for a, b in pairs):
        return None
    a, b = (torch.cat([pair[k].flatten() for pair in pairs]) for k in (0, 1))
    if not a.numel() or bool((a == b).all()) or bool(a.all()) or not bool(a.any()):
        return None
    if bool((a != b).all()):
        return (
            "truth_exchanged",
            "It is the opposite of what it should be, on every input: True and False are exchanged.",
        )
    if bool(b.all()) or not bool(b.any()):
        return "same_for_every_input", f"It is {bool(b.all())} each time, on every input."
    return None


def loosely(cases: Sequence[Case], expected: Sequence[object], seen: Sequence[object]) -> tuple[str, str] | None:
    """Return what the two have to do with each other where no more can be said: other factors, another order."""
    pairs = _pairs(expected, seen)
    if pairs is None:
        return None
    trivial = all(a.numel() == 1 for a, _ in pairs)  # any single number is some multiple of any other
    factors = [] if trivial else [f for f in factors_of(pairs) or () if f]
    shown = list(dict.fromkeys(f"{f:.4g}" for f in factors))
    if len(shown) > 1:
        text = f"It is a multiple of what it should be, but another one for each input: {', '.join(shown[:4])}."
        return "scaled", text
    return _order(pairs)


def _pairs(expected: Sequence[object], seen: Sequence[object]) -> list[tuple[Tensor, Tensor]] | None:
    """Return both as tensors of float64, or None if that cannot be."""
    found = []
    for a, b in zip(map(as_tensor, expected), map(as_tensor, seen), strict=True):
        if a is None or b is None or torch.bool in (a.dtype, b.dtype) or b.is_complex() or not bool(b.isfinite().all()):
            return None
        found.append((a.to(torch.float64), b.to(torch.float64)))
    return found


def factors_of(pairs: list[tuple[Tensor, Tensor]]) -> list[float] | None:
    """Return by which number each result is multiplied, 0 where nothing shows it; None if not all are multiples."""
    factors = []
    for a, b in pairs:
        if a.shape != b.shape:
            return None
        energy = float((a * a).sum())
        factor = float((a * b).sum()) / energy if energy else 0.0
        if energy and (factor == 0 or not _alike(factor * a, b)):
            return None
        if not energy and bool((b.abs() > 1e-6).any()):
            return None
        factors.append(factor)
    return factors if any(factors) and not all(abs(f - 1) < 2e-3 for f in factors if f) else None


def _scaled(cases: Sequence[Case], factors: list[float]) -> str | None:
    """Return a name for the factors, where they are one constant, or one that the examples have a name for."""
    sign = "minus " if next(filter(None, factors)) < 0 else ""
    shown = [(case, f) for case, f in zip(cases, factors, strict=True) if f]
    for name in cases[0].quantities:
        sizes = [(_quantity(case, name), abs(f)) for case, f in shown]
        known = [(size, f) for size, f in sizes if size]
        other = any(size is None and abs(f - 1) < 2e-3 for size, f in sizes)
        for inverse in (False, True):
            if known and not other and all(abs(f * (size if inverse else 1 / size) - 1) < 2e-3 for size, f in known):
                return f"It is exactly {_times(name, [size for size, _ in known], sign, inverse=inverse)}."
    first, *others = (f for f in factors if f)
    if all(abs(f - first) < min(2e-3 * abs(f), 0.02 * abs(first - 1)) for f in others):
        return f"It is {_factor(first)} times what it should be, on every input."
    return None


def _quantity(case: Case, name: str) -> float | None:
    """Return a quantity of a case by name; where it was not given, "C*H*W" and the like from the first argument's shape."""
    if case.quantities:
        return case.quantities[name]
    lead = next(tensors(case.make(torch.float32)), torch.empty(0))
    sizes = dict(zip("BCHW", lead.shape, strict=False)) if lead.ndim == 4 else {}
    letters = name.removesuffix("**2").strip("()").split("*")
    if not all(letter in sizes or letter.isdigit() for letter in letters):
        return None
    return float(math.prod(sizes.get(x) or int(x) for x in letters)) ** (2 if name.endswith("**2") else 1)


def _factor(factor: float) -> str:
    return f"{factor:.5g}" if abs(factor) >= 1000 else number(factor)


def _times(name: str, sizes: list[float], sign: str, *, inverse: bool) -> str:
    """Return "C (here 3) times too large"; of what is less than 1 nobody could say whether that is larger or smaller."""
    sizes = [size for size in sizes if size != 1] or sizes  # the first says how large it is
    if min(sizes) >= 1 and not sign:
        return f"{_named(name, sizes[0])} times too {'small' if inverse else 'large'}"
    size = 1 / sizes[0] if inverse else sizes[0]
    factor = number(size) if _is_plain(name) else f"{f'1/({name})' if inverse else name} (here {number(size)})"
    return f"{sign}{factor} times what it should be"


def _named(name: str, size: float) -> str:
    return name if _is_plain(name) else f"{name} (here {number(size)})"


def _is_plain(name: str) -> bool:
    return name.replace(".", "").isdigit()


def _is_constant(results: list[Tensor]) -> bool:
    return len(results) > 2 and all(_alike(results[0], each) for each in results)


def _offset(pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str] | None:
    if any(a.shape != b.shape for a, b in pairs):
        return None
    first = float((pairs[0][1] - pairs[0][0]).mean())
    alike = all(bool(((b - a - first).abs() <= 1e-3 * abs(first) + 1e-6 * a.abs().max()).all()) for a, b in pairs)
    if abs(first) > 1e-6 and alike:
        what = "It is" if all(a.numel() == 1 for a, _ in pairs) else "Every number is"
        which = "large" if first > 0 else "small"
        return "offset", f"{what} {number(abs(first))} too {which}, on every input."
    return None


def _axes(pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str] | None:
    axes = pairs[0][0].ndim
    if not 2 <= axes <= 4 or any(a.ndim != axes or b.ndim != axes for a, b in pairs):
        return None
    for order in itertools.permutations(range(axes)):
        if order != tuple(range(axes)) and all(_alike(a.permute(order), b) for a, b in pairs):
            return "transposed", f"The numbers are right, but the axes are in another order: {list(order)}."
    for axis, step in itertools.product(range(axes), (1, -1)):
        if all(_alike(a.roll(step, axis), b) for a, b in pairs):
            return "shifted", f"The numbers are right, but shifted by {step} along axis {axis}."
    return None


def _shape(pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str] | None:
    if any(a.shape != b.shape for a, b in pairs) and all(_alike(a.flatten(), b.flatten()) for a, b in pairs):
        return "reshaped", "The numbers are right, only the shape is not."
    return None


def _order(pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str] | None:
    several = any(a.numel() > 1 for a, _ in pairs)
    if several and all(_alike(a.flatten().sort().values, b.flatten().sort().values) for a, b in pairs):
        return "permuted", "The right numbers are all there, but in other places."
    return None


def _alike(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(((a - b).abs() <= 1e-3 * a.abs().max() + 1e-9).all())
