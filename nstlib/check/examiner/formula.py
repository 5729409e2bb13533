"""What a wrong result is as a formula: the right one's root, cut off at 0, an argument unchanged, too large by B*C."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from nstlib.check.examiner.compare import as_tensor, number, wrong_numbers
from nstlib.check.examiner.diagnose import factors_of
from nstlib.check.examiner.tried import Try, of_images
from nstlib.check.exercise import Exercise

Found = tuple[str, str]  # an id and a sentence
Pair = tuple[Tensor, Tensor]  # what is right, what was seen

_NEAR = 1e-3  # of the largest number
_ENOUGH = 4  # wrong numbers, before a formula says something
_STEPS = 3  # sizes that a factor is made of at most
_NAMES = 6  # sizes that are tried for that
_COUNT = ".numel()`"  # how the name of a size ends that is no factor beside others


def formula(exercise: Exercise, part: Sequence[Try]) -> Found | None:
    """Return (id, sentence) for what makes the results seen of the right ones, or of an argument; or None."""
    pairs = _pairs(part)
    if pairs is None or not _enough(pairs):
        return None
    return (
        _sized(exercise, part, pairs)
        or _of_an_argument(part, pairs)
        or _moved(pairs)
        or _rounded(pairs)
        or _function(pairs)
        or _line(pairs)
    )


def _pairs(part: Sequence[Try]) -> list[Pair] | None:
    found = []
    for one in part:
        a, b = as_tensor(one.expected), as_tensor(one.seen)
        if a is None or b is None or a.shape != b.shape or torch.bool in (a.dtype, b.dtype):
            return None
        if a.is_complex() or b.is_complex() or not bool(a.isfinite().all() and b.isfinite().all()):
            return None
        found.append((a.to(torch.float64), b.to(torch.float64)))
    return found


def _enough(pairs: Sequence[Pair]) -> bool:
    wrong = [int(wrong_numbers(a, b).sum()) for a, b in pairs]
    return sum(map(bool, wrong)) >= 3 and sum(wrong) >= _ENOUGH


def _near(a: Tensor, b: Tensor, least: float = 1e-9) -> bool:
    """Return whether two tensors are the same up to rounding; beside nothing that is larger than the least."""
    if not bool(a.isfinite().all() and b.isfinite().all()):
        return False  # beside infinity everything is small
    scale = max(float(a.abs().max()), float(b.abs().max())) if a.numel() else 0.0
    return bool(((a - b).abs() <= _NEAR * scale + least).all())


def _all(pairs: Sequence[Pair], formula: Callable[[Tensor], Tensor], *, backward: bool = False) -> bool:
    """Return whether the formula makes all results seen of the right ones, or the right ones of those seen."""
    return all(_near(formula(b), a) if backward else _near(formula(a), b) for a, b in pairs)


def _within(least: float | None, most: float | None) -> Callable[[Tensor], Tensor]:
    return lambda x: x.clamp(least, most)


def _root(x: Tensor) -> Tensor:
    return torch.where(x.abs() < 1e-9, 0, x).sqrt()  # NaN of what is negative is near nothing


_FUNCTIONS = (
    ("absolute", "The sign is lost: it is the absolute value of what it should be.", torch.abs),
    ("without_negatives", "What should be negative is 0, all else is right.", _within(0, None)),
    ("cut_off_at_a_limit", "It is cut off at 1, and right below.", _within(None, 1)),
    ("cut_off_at_a_limit", "It is cut off at 0 and at 1, and right in between.", _within(0, 1)),
    ("is_its_root", "It is the square root of what it should be.", _root),
    ("is_its_square", "It is the square of what it should be.", torch.square),
    ("inverse", "It is 1 divided by what it should be.", torch.reciprocal),
    ("is_its_logarithm", "It is the logarithm of what it should be.", torch.log),
    ("exponential", "It is the exponential of what it should be.", torch.exp),
)
_UNDONE = (
    ("beyond_the_limits", "It is right where it is not negative. What is negative should be 0.", _within(0, None)),
    ("beyond_the_limits", "It is right up to 1. What is larger is not cut off there.", _within(None, 1)),
    ("beyond_the_limits", "It is right from 0 to 1. What lies outside is not cut off there.", _within(0, 1)),
    ("not_absolute", "It is right up to the sign: its absolute value would be right everywhere.", torch.abs),
)


def _function(pairs: Sequence[Pair]) -> Found | None:
    for id, sentence, formula in _FUNCTIONS:
        if _all(pairs, formula):
            return id, sentence
    for id, sentence, formula in _UNDONE:
        if _all(pairs, formula, backward=True):
            return id, sentence
    return None


_UNITS = (
    (1.0, "whole numbers"),
    (0.1, "one digit after the point"),
    (0.01, "two digits after the point"),
    (1 / 255, "steps of 1/255"),
    (0.001, "three digits after the point"),
)


def _moved(pairs: Sequence[Pair]) -> Found | None:
    """Return along which axis results are mirrored, or shifted apart from what comes in at the border."""
    axes = {a.ndim for a, _ in pairs}
    if len(axes) != 1 or not (count := axes.pop()):
        return None
    for axis in range(count):
        if any(a.shape[axis] > 1 for a, _ in pairs) and all(_near(a.flip(axis), b) for a, b in pairs):
            return "mirrored", f"The numbers are right, but turned around along axis {axis}."
    for axis in range(count):
        long = [(a, b) for a, b in pairs if a.shape[axis] > 2]
        for words, here, there in (("up", 0, 1), ("down", 1, 0)):
            inside = [(a.narrow(axis, here, n), b.narrow(axis, there, n)) for a, b in long for n in [a.shape[axis] - 1]]
            if len(inside) >= 3 and all(_near(a, b) for a, b in inside) and not all(_near(a, b) for a, b in long):
                text = f"All numbers stand one place too far {words} along axis {axis}; at the border are others."
                return "shifted", text
    return None


def _whole(x: Tensor) -> bool:
    return bool(((x - x.round()).abs() <= 1e-5 + 1e-6 * x.abs()).all())


def _rounded(pairs: Sequence[Pair]) -> Found | None:
    """Return that each number seen is a right one with fewer digits."""
    for unit, left in _UNITS:
        if not all(_whole(b / unit) for _, b in pairs) or sum(bool((b.abs() >= unit).any()) for _, b in pairs) < 2:
            continue  # what is nearly 0 everywhere is not rounded
        if all(_whole(a / unit) for a, _ in pairs):
            return None
        if all(bool(((a - b).abs() <= 0.502 * unit).all()) for a, b in pairs):
            return "in_round_numbers", f"It is rounded to {left}."
        rests = [a.abs() - b.abs() for a, b in pairs]
        if all(bool(((rest > -1e-6) & (rest < 1.002 * unit)).all()) for rest in rests):
            return "cut_off", f"It is cut to {left}: what follows is dropped."
        return None
    return None


def _line(pairs: Sequence[Pair]) -> Found | None:
    """Return by which number all is multiplied, and what is added."""
    a, b = (torch.cat([pair[k].flatten() for pair in pairs]) for k in (0, 1))
    fitted = _fitted(a, b)
    if fitted is None:
        return None
    factor, offset = fitted
    rounding = 1e-6 * float(b.abs().max())  # where the two cancel, only that is left
    if not all(_near(factor * x + offset, y, rounding) for x, y in pairs):
        return None
    if abs(factor + 1) < _NEAR and abs(offset - 1) < _NEAR:
        return "complement", "It is 1 minus what it should be."
    if min(abs(factor), abs(offset) / float(b.abs().max())) < 2 * _NEAR or abs(factor - 1) < 2 * _NEAR:
        return None
    sign = "plus" if offset > 0 else "minus"
    return "line", f"It is {number(factor)} times what it should be, {sign} {number(abs(offset))}, on every input."


def _fitted(a: Tensor, b: Tensor) -> tuple[float, float] | None:
    """Return factor and offset that make the one of the other, if there are enough different numbers to tell."""
    if (a / max(float(a.abs().max()), 1e-12)).round(decimals=3).unique().numel() <= _ENOUGH:
        return None
    centered = a - a.mean()
    factor = float((centered * (b - b.mean())).sum() / centered.square().sum())
    return factor, float(b.mean()) - factor * float(a.mean())


def apart(part: Sequence[Try]) -> Found | None:
    """Return that each input, image or channel is off by an amount of its own, or is stretched in a way of its own."""
    pairs = _pairs(part)
    if pairs is None or not _enough(pairs):
        return None
    for axes, name in ((0, "input"), (1, "image"), (2, "channel")):
        if axes and not all(_by_images(one, a, axes) for one, (a, _) in zip(part, pairs, strict=True)):
            continue
        slices = [pair for a, b in pairs for pair in _slices(a, b, axes)]
        if sum(a.numel() > 1 and not _near(a, b) for a, b in slices) < 3:
            continue
        each = "Within one input" if name == "input" else f"Within each {name}"
        if all(_near(a + (b - a).mean(), b) and _tight(a, b) for a, b in slices):
            return f"offset_by_{name}", f"{each} all numbers are off by the same amount, and it is not always the same."
        fits = [_fitted(a, b) if a.numel() > 1 else None for a, b in slices]
        fitted = [(*fit, a, b) for fit, (a, b) in zip(fits, slices, strict=True) if fit is not None]
        moved = any(abs(offset) > 2 * _NEAR * float(b.abs().max()) for _, offset, _, b in fitted)
        if len(fitted) >= 3 and moved and all(_near(k * a + c, b) and abs(k) > _NEAR for k, c, a, b in fitted):
            text = f"{each} it is a multiple of what it should be, plus a number; both are not always the same."
            return f"stretched_by_{name}", text
    return None


def _tight(a: Tensor, b: Tensor) -> bool:
    off = b - a
    return bool(((off - off.mean()).abs() <= 0.02 * off.abs().max() + 1e-6 * a.abs().max()).all())


def _by_images(one: Try, a: Tensor, axes: int) -> bool:
    return of_images(one) and a.ndim > axes and a.shape[:axes] == one.lead.shape[:axes] and a.ndim == 4


def _slices(a: Tensor, b: Tensor, axes: int) -> Iterator[Pair]:
    if axes == 0:
        return iter([(a, b)])
    return zip(a.flatten(0, axes - 1), b.flatten(0, axes - 1), strict=True)


def _of_an_argument(part: Sequence[Try], pairs: Sequence[Pair]) -> Found | None:
    """Return what a result has to do with an argument of its shape: it is that argument, or that is added to it."""
    names = list(part[0].names)
    for k, name in enumerate(names):
        given = [one.arguments[k] for one in part]
        if not all(isinstance(t, Tensor) and t.shape == a.shape for t, (a, _) in zip(given, pairs, strict=True)):
            continue
        held = [t.detach().to(torch.float64) for t in given]
        if all(not t.isfinite().all() or not t.any() for t in held):
            continue
        triples = [(a, b, t) for (a, b), t in zip(pairs, held, strict=True)]
        if all(_near(t, b) for _, b, t in triples):
            return "argument_unchanged", f"It is `{name}`, as it came."
        for said, made in (
            (f"what it should be plus `{name}`", lambda a, t: a + t),
            (f"what it should be minus `{name}`", lambda a, t: a - t),
            (f"`{name}` minus what it should be", lambda a, t: t - a),
            (f"what it should be times `{name}`", lambda a, t: a * t),
        ):
            if all(_near(made(a, t), b) for a, b, t in triples):
                return "argument_added", f"It is {said}."
        far = [float((a - t).abs().max()) > _NEAR * float(a.abs().max()) for a, _, t in triples]
        steps = factors_of([(a - t, b - t) for (a, b, t), moved in zip(triples, far, strict=True) if moved])
        stays = all(_near(a, b) for (a, b, _), moved in zip(triples, far, strict=True) if not moved)
        if steps and stays and sum(far) >= _ENOUGH:
            single = all(a.numel() == 1 for a, _ in pairs)  # of which each is a multiple of each
            return _step(name, [step for step in steps if step], single=single)
    return None


def _step(name: str, steps: list[float], *, single: bool) -> Found | None:
    if all(abs(step + 1) < 2 * _NEAR for step in steps):
        return "other_way", f"It lies as far from `{name}` as it should, but on the other side."
    if all(abs(step / steps[0] - 1) < 2 * _NEAR for step in steps):
        return (
            "step_scaled",
            f"What is added to `{name}` is {number(steps[0])} times what it should be, on every input.",
        )
    if single:
        return None
    text = f"What is added to `{name}` has the right direction, but not the right length: the factor is not always the same."
    return "step_scaled", text


def _sized(exercise: Exercise, part: Sequence[Try], pairs: Sequence[Pair]) -> Found | None:
    """Return of which sizes and numbers among the arguments a factor is made: "B*C (here 6) times too large"."""
    factors = factors_of(list(pairs))
    if not factors:
        return None
    shown = [(one, f) for one, f in zip(part, factors, strict=True) if f]
    known = [_sizes(exercise, one) for one, _ in shown]
    names = [name for name in known[0] if all(each.get(name, 0) > 0 for each in known)]
    logs = {name: torch.tensor([math.log(each[name]) for each in known], dtype=torch.float64) for name in names}
    names = _different(names, logs)
    wanted = torch.tensor([math.log(abs(f)) for _, f in shown], dtype=torch.float64)
    factors_shown = [abs(f) for _, f in shown]
    sign = {f > 0 for _, f in shown}
    if len(sign) > 1 or float(wanted.max() - wanted.min()) < 2 * _NEAR or len(shown) < _ENOUGH:
        return None
    for count in range(1, _STEPS + 1):
        found = []
        for powers in _powers(names, count):
            rest = wanted - sum((p * logs[name] for p, name in zip(powers, names, strict=True)), torch.zeros(()))
            if float(rest.max() - rest.min()) < 2 * _NEAR and (constant := _plain(math.exp(float(rest.mean())))):
                found.append((powers, constant))
        if found:
            told = next(k for k, f in enumerate(factors_shown) if abs(f - 1) > 2 * _NEAR)  # says how large it is
            return _product(names, *found[0], known[told], positive=sign == {True}) if len(found) == 1 else None
    return None


def _different(names: Sequence[str], logs: Mapping[str, Tensor]) -> list[str]:
    """Return the names of sizes that vary, of those that are always the same the first, and not more than can be tried."""
    kept: list[str] = []
    for name in names:
        varies = float(logs[name].max() - logs[name].min()) > 1e-6
        if varies and not any(torch.equal(logs[name], logs[other]) for other in kept):
            kept.append(name)
    return kept[:_NAMES]


def _sizes(exercise: Exercise, one: Try) -> dict[str, float]:
    """Return the sizes of the arguments, those of images by their letters, and the arguments that are numbers."""
    sizes = dict(zip("BCHW", map(float, one.lead.shape), strict=True)) if of_images(one) else {}
    lead, axes = one.name if sizes else "", {}
    for name, value in zip(inspect.signature(exercise.reference).parameters, one.arguments, strict=False):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            sizes[f"`{name}`"] = float(value)
        elif isinstance(value, (list, tuple)):
            sizes[f"`len({name})`"] = float(len(value))
            if value and all(isinstance(item, (int, float)) for item in value):
                sizes[f"`sum({name})`"] = float(sum(value))
            shapes = {item.shape for item in value if isinstance(item, Tensor)}
            axes.update(_axes(f"{name}[0]", shapes.pop()) if len(shapes) == 1 else {})
        elif isinstance(value, (Tensor, np.ndarray)):
            axes.update(_axes(name, value.shape, count_only=name == lead))
    return {**sizes, **axes}


def _axes(name: str, shape: Sequence[int], *, count_only: bool = False) -> dict[str, float]:
    """Return how many numbers a tensor holds, and how long its axes are."""
    count = {f"`{name}{_COUNT}": float(math.prod(shape))} if len(shape) > 1 else {}
    return count if count_only else {**count, **{f"`{name}.shape[{k}]`": float(size) for k, size in enumerate(shape)}}


def _is_size(name: str) -> bool:
    return name in "BCHW" or name[0].isdigit() or name.startswith("`len(") or ".shape[" in name or name.endswith(_COUNT)


def _powers(names: Sequence[str], count: int) -> Iterator[tuple[int, ...]]:
    alone = [count > 1 and name.endswith(_COUNT) for name in names]
    spans = [range(1) if each else range(-2, 3) for each in alone]
    return (p for p in itertools.product(*spans) if sum(map(abs, p)) == count)


def _plain(value: float) -> float | None:
    """Return a number that a factor may have beside its sizes, if it is one of them."""
    plain = (1, 2, 3, 4, 8, 255)
    return next((k for k in (*plain, *(1 / p for p in plain)) if abs(value / k - 1) < 2 * _NEAR), None)


def _product(
    names: Sequence[str], powers: Sequence[int], constant: float, sizes: dict[str, float], *, positive: bool
) -> Found:
    """Return a factor in words; where that is a product of sizes, as what the result is too large or too small by."""
    above = [name for name, p in zip(names, powers, strict=True) for _ in range(max(p, 0))]
    below = [name for name, p in zip(names, powers, strict=True) for _ in range(max(-p, 0))]
    above = [f"{constant:g}"] * (constant > 1) + above
    below = [f"{1 / constant:g}"] * (constant < 1) + below
    value = constant * math.prod(sizes[name] ** p for name, p in zip(names, powers, strict=True))
    whole = positive and all(map(_is_size, (*above, *below)))
    if whole and not (above and below):
        size, word = (value, "large") if above else (1 / value, "small")
        return "scaled", f"It is exactly {'*'.join(above or below)} (here {number(size)}) times too {word}."
    factor = "*".join(above) or "1"
    if below:
        factor += f"/({'*'.join(below)})" if len(below) > 1 else f"/{below[0]}"
    sign = "" if positive else "minus "
    return "scaled", f"It is exactly {sign}{factor} (here {number(value)}) times what it should be."
