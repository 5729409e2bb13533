"""What a wrong tensor has to do with the right one: a factor, a sign, another order; said only if true of every input."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from nstlib.check.examiner.compare import as_tensor, number
from nstlib.check.exercise import Case


def relation(cases: Sequence[Case], expected: Sequence[object], seen: Sequence[object]) -> tuple[str, str] | None:
    """Return (id, sentence) for what turns the right results into the ones seen, or None."""
    right, wrong = ([as_tensor(value) for value in values] for values in (expected, seen))
    if any(a is None or b is None or a.dtype == torch.bool for a, b in zip(right, wrong, strict=True)):
        return None
    pairs = [
        (a.to(torch.float64), b.to(torch.float64)) for a, b in zip(right, wrong, strict=True) if not b.is_complex()
    ]
    if len(pairs) < len(cases) or not all(bool(b.isfinite().all()) for _, b in pairs):
        return None
    if all(bool((b == 0).all()) for _, b in pairs) and not all(bool((a == 0).all()) for a, _ in pairs):
        return "zeros", "Every number is 0. Is something computed and then not used?"
    if all(a.shape == b.shape for a, b in pairs) and (found := _factor(cases, pairs)):
        return found
    return _axes(pairs) or _shape(pairs) or _order(pairs)


def _factor(cases: Sequence[Case], pairs: list[tuple[Tensor, Tensor]]) -> tuple[str, str] | None:
    factors = []
    for a, b in pairs:
        energy = (a * a).sum()
        if energy == 0:
            return None
        factor = float((a * b).sum() / energy)
        if factor == 0 or float((b - factor * a).abs().max()) > 1e-3 * abs(factor) * float(a.abs().max()):
            return None
        factors.append(factor)
    if all(abs(f + 1) < 2e-3 for f in factors):
        return "negated", "The sign is turned around: every number is minus what it should be."
    if all(abs(f - 1) < 2e-3 for f in factors):
        return None
    text = _scaled(cases, factors, trivial=all(a.numel() == 1 for a, _ in pairs))
    return ("scaled", text) if text else None


def _scaled(cases: Sequence[Case], factors: list[float], *, trivial: bool) -> str | None:
    """Return a name for the factors; ``trivial``: any single number is some multiple of any other."""
    sign = "minus " if factors[0] < 0 else ""
    for name in cases[0].quantities:
        sizes = [case.quantities[name] for case in cases]
        if all(abs(abs(f) - size) < 2e-3 * size for f, size in zip(factors, sizes, strict=True)):
            return f"It is exactly {sign}{_times(name, sizes, inverse=False)}."
        if all(abs(abs(f) * size - 1) < 2e-3 for f, size in zip(factors, sizes, strict=True)):
            return f"It is exactly {sign}{_times(name, sizes, inverse=True)}."
    if all(abs(f - factors[0]) < 2e-3 * abs(f) for f in factors):
        return f"It is {number(factors[0])} times what it should be, on every input."
    shown = list(dict.fromkeys(f"{f:.4g}" for f in factors))
    if trivial or len(shown) == 1:
        return None
    return f"It is a multiple of what it should be, but another one for each input: {', '.join(shown[:4])}."


def _times(name: str, sizes: list[float], *, inverse: bool) -> str:
    """Return "C (here 3) times too large"; of what is less than 1 nobody could say whether that is larger or smaller."""
    if min(sizes) >= 1:
        return f"{_named(name, sizes[0])} times too {'small' if inverse else 'large'}"
    factor = f"1/({name})" if inverse else name
    return f"{factor} (here {number(1 / sizes[0] if inverse else sizes[0])}) times what it should be"


def _named(name: str, size: float) -> str:
    return name if name.replace(".", "").isdigit() else f"{name} (here {number(size)})"


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
