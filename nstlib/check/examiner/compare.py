"""Whether two results are the same, and if not, in which way: type, names, shape, precision, numbers."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

TOLERANCE = 1e-3  # relative to the largest number expected: float32 or float64, loops or matrix products, all pass
_NOTHING = 1e-12  # what double precision leaves of a sum that should be 0; in single precision it is a millionth
_LARGEST = 10_000_000  # numbers that are worth looking at
_LISTED = 6  # numbers of a list that are shown
_PLURAL = {"is": "are", "has": "have", "holds": "hold", "contains": "contain"}
_AFTER_THE_NOUN = re.compile(r" (?:of|after|before|in|that|for)\b")


@dataclass(frozen=True)
class Odd:
    """Something that no exercise asks for, described."""

    text: str


@dataclass(frozen=True)
class Difference:
    """What is wrong first: ``kind`` is type, names, length, shape, dtype, device, finite, value or fact."""

    kind: str
    text: str
    expected: str = ""
    actual: str = ""


def freeze(value: object, depth: int = 4) -> object:
    """Return a result as plain data that nothing can change or disturb any more."""
    kind = type(value)
    if kind is int and value.bit_length() > 63:  # more than a tensor holds
        return float(value) if value.bit_length() < 1000 else Odd("a number of more than 300 digits")
    if value is None or value is ... or kind in (bool, int, float, str, Odd):
        return value
    if issubclass(kind, Tensor):
        return _freeze_tensor(value)
    if issubclass(kind, (np.ndarray, np.generic)):
        array = np.array(value)
        return torch.from_numpy(array) if array.dtype.kind in "biufc" else Odd(f"an array of {array.dtype}")
    if depth and issubclass(kind, (list, tuple)) and len(value) <= 100_000:
        items = [freeze(item, depth - 1) for item in value]
        return tuple(items) if issubclass(kind, tuple) else items
    if depth and issubclass(kind, Mapping) and len(value) <= 100_000:
        return {key if isinstance(key, str) else repr(key): freeze(item, depth - 1) for key, item in value.items()}
    if inspect.iscoroutine(value):
        value.close()  # or Python complains later that nobody waited for it
    return Odd(f"{_article(kind.__name__)} {kind.__name__}")


def _freeze_tensor(value: Tensor) -> object:
    if value.numel() > _LARGEST:
        return Odd(f"a tensor of shape {tuple(value.shape)}")
    if value.is_meta:
        return Odd("a tensor without data (device meta)")
    if value.layout is not torch.strided:
        value = value.to_dense()
    return value.detach().clone()


def difference(expected: object, actual: object, where: str = "") -> Difference | None:
    """Return the first way in which ``actual`` is not what is expected, or None. Both are frozen."""
    if isinstance(expected, Tensor):
        return _tensor_difference(expected, actual, where)
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, actual, where)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(expected, actual, where)
    return _plain_difference(expected, actual, where)


def same(expected: object, actual: object) -> bool:
    """Return whether two frozen results are the same up to rounding."""
    return difference(expected, actual) is None


def describe(value: object) -> str:
    """Return what a frozen value is, in a few words."""
    if value is None:
        return "None"
    if isinstance(value, Odd):
        return value.text
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, (bool, int, float)):
        return number(value)
    if isinstance(value, str):
        return value if value == "NaN" else repr(value[:40])  # which stands for the number that equals none
    return f"{_article(type(value).__name__)} {type(value).__name__} of {len(value)}"


def number(value: float) -> str:
    """Return three digits of a number: enough to see what is wrong, and the same on every machine."""
    return str(value) if isinstance(value, (bool, int)) else f"{value:.3g}"


def as_tensor(value: object) -> Tensor | None:
    """Return a frozen number, tensor or list of numbers as a tensor; None if it is something else."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (bool, int, float)):
        return torch.tensor(value)
    if isinstance(value, (list, tuple)) and value:
        items = [as_tensor(item) for item in value]
        if all(item is not None and item.shape == items[0].shape for item in items):
            return torch.stack([item.to(torch.float64) if item.is_floating_point() else item for item in items])
    return None


def _tensor_difference(expected: Tensor, actual: object, where: str) -> Difference | None:
    found = as_tensor(actual)
    if found is None:
        return Difference("type", _about(where, f"is {describe(actual)}, and should be a tensor."))
    if found.shape != expected.shape:
        text = _about(where, "has the wrong shape.")
        return Difference("shape", text, str(tuple(expected.shape)), str(tuple(found.shape)))
    if found.device != expected.device:
        return Difference("device", _about(where, f"is on {found.device}, the input on {expected.device}."))
    if (bad := _dtype_problem(expected, found, isinstance(actual, Tensor))) is not None:
        return Difference("dtype", _about(where, bad), _dtype(expected), _dtype(found))
    return _value_difference(expected, found, where)


def _dtype_problem(expected: Tensor, found: Tensor, is_tensor: bool) -> str | None:
    if expected.dtype == torch.bool:
        return None if found.dtype == torch.bool else "should hold True and False: compare with a number."
    if found.is_complex():
        return "holds complex numbers: take the real part."
    if not expected.is_floating_point() or not is_tensor:
        return None
    if not found.is_floating_point():
        return "should hold floating point numbers."
    return None if found.dtype in (torch.float32, torch.float64) else "has lost precision: stay with float32."


def _value_difference(expected: Tensor, found: Tensor, where: str) -> Difference | None:
    if expected.dtype != torch.bool:
        expected, found = expected.to(torch.float64), found.to(torch.float64)
        if not torch.isfinite(found).all() and torch.isfinite(expected).all():
            name = "NaN (not a number)" if found.isnan().any() else "infinity"
            few = f"{int((~torch.isfinite(found)).sum())} of {found.numel()} numbers"
            return Difference("finite", _about(where, f"contains {name}: {few}. Where is something divided by zero?"))
    wrong = wrong_numbers(expected, found)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in wrong.nonzero()[0])
    text = _about(where, f"has {int(wrong.sum())} of {wrong.numel()} numbers wrong.")
    if wrong.numel() == 1:
        text = _about(where, f"is {'wrong' if expected.dtype == torch.bool else 'another number'}.")
    return Difference("value", text, _few(expected, index), _few(found, index))


def wrong_numbers(expected: Tensor, found: Tensor) -> Tensor:
    """Return which numbers of a tensor of the expected shape are wrong, beyond rounding: True and False, in that shape."""
    if expected.dtype == torch.bool:
        return expected != found
    expected, found = expected.to(torch.float64), found.to(torch.float64)
    finite = expected.isfinite()  # an infinite scale would make everything near
    scale = float(expected[finite].abs().max()) if finite.any() else 0.0
    floor = min(1.0, scale) if scale > _NOTHING else 1.0
    near = finite & ((expected - found).abs() <= TOLERANCE * scale + 1e-6 * floor)
    return ~(near | (expected == found) | (expected.isnan() & found.isnan()))


def _few(tensor: Tensor, index: tuple[int, ...]) -> str:
    if not index:
        return number(tensor.item())
    row = tensor[index[:-1]][index[-1] : index[-1] + 4]
    if tensor.dtype != torch.bool:
        row = torch.where(row.abs() > 1e-6 * tensor.abs().max(), row, torch.zeros_like(row))  # rounding is no number
    row = row.tolist()
    return ", ".join(number(v) for v in row) + f"  (from {list(index)} on)"


def _mapping_difference(expected: Mapping, actual: object, where: str) -> Difference | None:
    if not isinstance(actual, Mapping):
        return Difference("type", _about(where, f"is {describe(actual)}, and should be a dictionary."))
    if set(expected) != set(actual):
        return Difference("names", _about(where, "has other keys."), _names(expected), _names(actual))
    for key, value in expected.items():
        if (found := difference(value, actual[key], _inside(where, key))) is not None:
            return found
    return None


def _sequence_difference(expected: list | tuple, actual: object, where: str) -> Difference | None:
    stacked = isinstance(actual, Tensor) and actual.ndim > 0
    if stacked and (len(actual) == len(expected) or not any(isinstance(item, Tensor) for item in expected)):
        actual = actual.tolist()
    if not isinstance(actual, (list, tuple)):
        return Difference("type", _about(where, f"is {describe(actual)}, and should be a {type(expected).__name__}."))
    numbers = all(isinstance(v, (int, float)) for v in (*expected, *actual))
    if len(expected) != len(actual):
        shown = numbers and max(len(expected), len(actual)) <= _LISTED
        sizes = [_listed(v) if shown else str(len(v)) for v in (expected, actual)]
        return Difference("length", _about(where, "has another length."), *sizes)
    for k, (a, b) in enumerate(zip(expected, actual, strict=True)):
        if (found := difference(a, b, where or place(k, len(expected)))) is not None:
            if found.kind == "value" and numbers:
                return Difference("value", _about(where, "is wrong."), _listed(expected), _listed(actual))
            return found
    return None


def place(index: int, count: int) -> str:
    """Return which of several results is meant: "The first of the two results"."""
    if count == 1:
        return "The only result"
    words = ("first", "second", "third", "fourth", "fifth", "sixth")
    place = words[index] if index < len(words) else f"{index + 1}th"
    return f"The {place} of the {('', 'one', 'two', 'three', 'four')[count] if count < 5 else count} results"


def _plain_difference(expected: object, actual: object, where: str) -> Difference | None:
    if isinstance(actual, Tensor) and actual.numel() == 1:
        actual = actual.item()
    if isinstance(expected, bool) or not isinstance(expected, (int, float)):
        if type(expected) is type(actual) and expected == actual:
            return None
        if type(expected) is type(actual) is bool and where:
            return Difference("fact", f"{where}.")  # what is watched is named by what is told if it is otherwise
        return Difference("value", _about(where, "is wrong."), _said(expected), _said(actual))
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        return Difference("type", _about(where, f"is {describe(actual)}, and should be a number."))
    if not math.isfinite(actual):
        return Difference("finite", _about(where, f"is {actual}. Where is something divided by zero?"))
    counted = isinstance(expected, int) and isinstance(actual, int)  # what is counted is not rounded
    if abs(expected - actual) > (0 if counted else TOLERANCE * abs(expected) + 1e-9):
        return Difference("value", _about(where, "is wrong."), number(expected), number(actual))
    if isinstance(expected, int) and not isinstance(actual, int):
        return Difference(
            "dtype", _about(where, f"is {actual}: a whole number is asked for (`//` divides without rest).")
        )
    return None


def is_plural(name: str) -> bool:
    """Return whether a name of something watched is one of several things: "the weights after one step"."""
    words = _AFTER_THE_NOUN.split(name.rpartition(", ")[2])[0].split()
    return bool(words) and words[0].lower() != "what" and words[-1].endswith("s") and not words[-1].endswith("ss")


def _about(where: str, said: str) -> str:
    """Return a sentence about what is named by where it is, "" for the whole result; its verb comes in the singular."""
    verb, rest = said.split(" ", 1)
    return f"{where or 'The result'} {_PLURAL.get(verb, verb) if is_plural(where) else verb} {rest}"


def _said(value: object) -> str:
    return (value[:40] or "none") if isinstance(value, str) else describe(value)


def _inside(where: str, key: str) -> str:
    return f"{where}, {key}" if where else key


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _names(mapping: Mapping) -> str:
    names = [str(key)[:30] for key in sorted(mapping)]
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"


def _listed(values: list | tuple) -> str:
    return "(" + ", ".join(number(v) for v in values[:_LISTED]) + (", ..." if len(values) > _LISTED else "") + ")"
