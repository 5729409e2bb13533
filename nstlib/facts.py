"""What an argument can be asked to be, and the words in which it is told: ``nstlib.doors`` reads them from annotations."""

from __future__ import annotations

import math
import numbers
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from nstlib.errors import ChoiceError, ShapeError
from nstlib.wording import advice_for, came, shape_in_words

WIDE = frozenset({torch.float32, torch.float64})
FLOATS = WIDE | {torch.float16, torch.bfloat16}
WHOLE = frozenset({torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64})
COMPLEX = frozenset({torch.complex64, torch.complex128})
KINDS = {
    "floats": FLOATS,
    "wide": WIDE,
    "whole": WHOLE,
    "index": frozenset({torch.int32, torch.int64}),
    "bools": frozenset({torch.bool}),
    "complex": COMPLEX,
    "reals": FLOATS | WHOLE,
    "any": FLOATS | WHOLE | COMPLEX | {torch.bool},
}
FOREIGN = ("builtins", "numpy", "torch", "PIL", "pathlib")  # whose objects stand in for none of ours
BRIGHTEST = 8.0  # images that are being optimized leave [0, 1], but not so far; those of 0..255 do

MARKS = ("values", "alike", "moved")  # what a door may say of a tensor beside its numbers and its axes

Known = dict[str, Any]


class Fact:
    """What one argument has to be. ``need`` says it in words; ``is_kind`` says whether a value may be meant by it."""

    need = "anything"

    def is_kind(self, value: object) -> bool:
        return True

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        """Raise an error of ``nstlib.errors`` unless the value is what is needed."""
        if not self.is_kind(value):
            raise ChoiceError(f"{who} needs {self.need}, got {came(value)} as `{name}`.")


class IsA(Fact):
    """An object of a class, or of one of several."""

    def __init__(self, need: str, *classes: type):
        self.need, self._classes = need, classes

    def is_kind(self, value: object) -> bool:
        return isinstance(value, self._classes)


class Like(Fact):
    """An object of a class of ours, or of a class of the learner's own that stands in for it."""

    def __init__(self, model: type):
        self.need, self._model = f"{'an' if model.__name__[0] in 'AEIOU' else 'a'} {model.__name__}", model
        self._can_be_called = "__call__" in vars(model)

    def is_kind(self, value: object) -> bool:
        if isinstance(value, self._model):
            return True
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
            return self._can_be_called and isinstance(value, types.FunctionType)
        if any(base.__qualname__ == self._model.__qualname__ for base in type(value).__mro__):
            return True  # made before the module was loaded again, as notebooks do
        home = type(value).__module__.partition(".")[0]
        if home == "nstlib":  # a Style is no network; an exercise's network is one
            return self._can_be_called and callable(value)
        return home not in FOREIGN and not isinstance(value, (type, Mapping, Sequence))


class Called(Fact):
    """Something that can be called."""

    need = "a function"

    def is_kind(self, value: object) -> bool:
        return callable(value)


class Number(Fact):
    """A whole number or any, in a range."""

    def __init__(self, whole: bool, said: str | None):
        self._whole = whole
        self._least, self._most, self._above, self._finite = -math.inf, math.inf, False, bool(said)
        kind = "a whole number" if whole else "a finite number" if said else "a number"
        parts = (said or "").split()
        if not said:
            self.need = kind
        elif parts[0] in (">", ">="):
            self._least, self._above = float(parts[1]), parts[0] == ">"
            ranges = f", {parts[1]} or larger" if not self._above and not whole else f" of at least {parts[1]}"
            self.need = kind + (f", above {parts[1]}" if self._above else ranges)
        else:
            self._least, self._most = float(parts[0]), float(parts[2])
            self.need = f"{kind} from {parts[0]} to {parts[2]}"

    def is_kind(self, value: object) -> bool:
        kind = value.__class__
        if kind is int or (kind is float and not self._whole):
            return True
        if kind is bool or kind is np.bool_ or isinstance(value, bool):
            return False
        if isinstance(value, Tensor):  # a scalar that was computed: a weight, a loss
            return not self._whole and value.ndim == 0 and value.dtype in FLOATS and not value.is_meta
        return isinstance(value, numbers.Integral if self._whole else numbers.Real)

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        fits = self.is_kind(value)
        if fits and self._finite:
            inside = self._least < value if self._above else self._least <= value
            fits = inside and value <= self._most and math.isfinite(value)
        if not fits:
            raise ChoiceError(f"{name} must be {self.need}, got {came(value)}.")


class Shaped(Fact):
    """A tensor: which numbers it holds, of which shape, on which device."""

    def __init__(self, said: str | None):
        words = (said or "...").replace("picture", "values 1 3 _ _").split()
        self._kind = next((word for word in words if word in KINDS), "floats")
        self._dtypes, self._picture = KINDS[self._kind], "picture" in (said or "")
        self._values, self._alike, self._moved = (word in words for word in MARKS)
        self._axes = [word for word in words if word not in (*KINDS, *MARKS)] or ["..."]
        self._open = "..." in self._axes
        self._count = len(self._axes) - self._open
        self._sizes = [(place, int(axis)) for place, axis in enumerate(self._axes) if axis.isdigit()]
        # Names that stand elsewhere, too. ``_facts`` marks the others with a "_" behind them: any size will do.
        names = [(place, axis) for place, axis in enumerate(self._axes) if axis[0].isalpha() and axis[-1] != "_"]
        self._names = [(place, axis.rstrip("?"), axis[-1] == "?") for place, axis in names]
        self.need = shape_in_words(self._kind, self._axes, {})

    def is_kind(self, value: object) -> bool:
        return isinstance(value, Tensor)

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        if not isinstance(value, Tensor) or value.dtype not in self._dtypes:
            self._refuse(who, name, value, {})
        shape = value.shape
        if len(shape) != self._count and not (self._open and len(shape) > self._count):
            self._refuse(who, name, value, {})
        if 0 in shape and self._kind != "any":
            self._refuse(who, name, value, {})
        for place, size in self._sizes:
            if shape[place] != size:
                self._refuse(who, name, value, {})
        for place, axis, may_be_one in self._names:
            if known.setdefault(axis, shape[place]) != shape[place] and not (may_be_one and shape[place] == 1):
                self._refuse(who, name, value, known)
        device = value.device
        if not self._moved and known.setdefault("device", device) != device:
            raise ShapeError(
                f"{who} needs all its tensors on one device, got `{known['first']}` on {known['device']} and `{name}` on "
                f"{device}. {name}.to('{known['device']}') moves it."
            )
        if known.setdefault("dtype", value.dtype) != value.dtype and self._alike:
            raise ShapeError(
                f"{who} needs `{known['first']}` and `{name}` in one precision, got {known['dtype']} and {value.dtype}. "
                f"{name}.to({known['dtype']}) changes it."
            )
        if not self._moved:
            known.setdefault("first", name)
        if self._picture:
            values_of_image(name, value)
        elif self._values:
            has_values(name, value)

    def _refuse(self, who: str, name: str, value: object, known: Known) -> NoReturn:
        said = shape_in_words(self._kind, self._axes, known)
        said += f", as `{known['first']}` has them" if "first" in known else ""
        advice = advice_for(value, name, self._dtypes, batched=self._count == 4 and not self._open)
        raise ShapeError(f"{who} needs {said}, got {came(value)} as `{name}`.{' ' if advice else ''}{advice}")


class Members(Fact):
    """Several values: a list, a tuple, anything that can be gone through; or, with ``keys``, a mapping."""

    def __init__(self, kind: type, member: Fact, *, count: int | None = None, keys: Fact | None = None):
        self._kind, self._member, self._count, self._keys = kind, member, count, keys
        many = "a mapping" if keys else f"{count} values" if count else "a list"
        self.need = many if member.__class__ is Fact else f"{many}, each {member.need}"

    def is_kind(self, value: object) -> bool:
        if isinstance(value, (str, bytes)) or (isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0):
            return False
        if self._keys is not None:
            return isinstance(value, Mapping)
        if isinstance(value, (Tensor, np.ndarray)):  # numbers in a row, or a batch of images
            return self._member.__class__ is Fact or (isinstance(self._member, Number) and value.ndim == 1)
        if isinstance(value, self._kind):
            return True
        return hasattr(type(value), "__getitem__") and not isinstance(value, (type, Mapping, types.GenericAlias))

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        if not self.is_kind(value):
            raise ChoiceError(f"{who} needs {self.need}, got {came(value)} as `{name}`.")
        if self._count is not None and len(value) != self._count:
            raise ChoiceError(f"{who} needs {self.need}, got {len(value)} as `{name}`: {came(value)}.")
        if isinstance(value, (Tensor, np.ndarray)) or not isinstance(value, (Collection, Mapping)):
            return
        members = value.values() if self._keys is not None else value
        shared = {key: known[key] for key in ("device", "first") if key in known}  # sizes are each member's own
        for member in members if self._member.__class__ is not Fact else ():
            self._member.hold(who, name, member, dict(shared))
        for key in value if self._keys is not None else ():
            self._keys.hold(who, name, key, known)


class Table(Fact):
    """Numbers in an array of NumPy, or in what makes one."""

    need = "an array of numbers"

    def is_kind(self, value: object) -> bool:
        return isinstance(value, (np.ndarray, list, tuple, Tensor))

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        try:
            fits = self.is_kind(value) and np.asarray(value).dtype.kind in "biuf"
        except (TypeError, ValueError, RuntimeError):  # rows of different lengths, or a tensor without values
            fits = False
        if not fits:
            raise ShapeError(f"{who} needs {self.need}, got {came(value)} as `{name}`.")


class AnyOf(Fact):
    """One of several kinds."""

    def __init__(self, facts: Sequence[Fact]):
        self._facts, self.need = facts, " or ".join(fact.need for fact in facts)

    def is_kind(self, value: object) -> bool:
        return any(fact.is_kind(value) for fact in self._facts)

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        for fact in self._facts:
            if fact.is_kind(value):
                return fact.hold(who, name, value, known)
        advice = advice_for(value) if any(isinstance(fact, Shaped) for fact in self._facts) else ""
        error = ShapeError if advice else ChoiceError
        raise error(f"{who} needs {self.need}, got {came(value)} as `{name}`.{' ' if advice else ''}{advice}")


class OrNone(Fact):
    """What another fact says, or None."""

    def __init__(self, fact: Fact):
        self._fact, self.need = fact, f"{fact.need}, or None"
        self.is_kind = lambda value: value is None or fact.is_kind(value)

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        if value is not None:
            self._fact.hold(who, name, value, known)


def has_values(name: str, tensor: Tensor) -> None:
    """Raise a ShapeError if a tensor has a shape and no values."""
    if tensor.is_meta:
        raise ShapeError(
            f"{name} must have values, and a tensor on the device meta has none. Make it on another device."
        )


def values_of_image(name: str, image: Tensor) -> None:
    """Raise a ShapeError if an image holds NaN, or values that no image has: bytes, or what a network is given."""
    has_values(name, image)
    peak = float(image.detach().abs().amax())
    if not math.isfinite(peak):
        bad = int((~torch.isfinite(image)).sum())
        raise ShapeError(f"{name} holds {bad} values that are NaN or infinite. Check where the image came from.")
    if peak > BRIGHTEST:
        raise ShapeError(
            f"{name} holds values up to {peak:g}, and an image has red, green and blue in [0, 1]. Divide bytes by 255, and "
            "give the picture itself, not what a network's preprocessing makes of it."
        )
