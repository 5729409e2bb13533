"""What a function needs, told at its door: ``@door`` holds arguments to their annotations before the function sees them.

Whoever hands in a NumPy array, a PIL image, bytes or a picture without its batch axis is told what was needed, what came and
what to do. An annotation says what an argument is; what it cannot say stands in the decorator, one text for each argument:

* of a tensor, its axes: ``@door(features="B C H W", mask="1 1 H W")``. A number is a size, a name is any size above 0 and
  the same one wherever it stands, ``B?`` is 1 or B, ``_`` is any size, ``...`` any number of axes. In front of them may
  stand which numbers it holds (a key of ``KINDS``; without one, floats), and ``values`` where a function looks at them, as
  a tensor on "meta" has none. ``picture`` is one RGB image whose values are those of one.
* of a number, its range: ``@door(sigma="> 0", steps=">= 1", share="0 to 1")``. Without one it may be NaN or infinite.
* ``own`` means that the function tells of this argument itself, in better words.

What is said of a sequence is meant of its members; generators are not looked into, as they run once only. A call costs a few
microseconds, and nothing is read of a tensor but its form, except of a picture.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import os
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from nstlib.errors import ChoiceError, ShapeError

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
NAMES = {
    "any": "numbers",
    "whole": "whole numbers",
    "index": "whole numbers",
    "bools": "booleans",
    "complex": "complex numbers",
    "reals": "numbers",
}
FOREIGN = ("builtins", "numpy", "torch", "PIL", "nstlib", "pathlib")  # whose objects stand in for none of ours
BRIGHTEST = 8.0  # images that are being optimized leave [0, 1], but not so far; those of 0..255 do

Known = dict[str, Any]
Public = TypeVar("Public", bound=Callable)


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
        home = type(value).__module__.partition(".")[0]
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
        kind = next((word for word in words if word in KINDS), "floats")
        self._kind, self._dtypes = kind, KINDS[kind]
        self._values, self._picture = "values" in words, "picture" in (said or "")
        self._axes = [int(word) if word.isdigit() else word for word in words if word not in (*KINDS, "values")] or [
            "..."
        ]
        self._open = "..." in self._axes
        self._leading = self._axes[:-1]
        self.need = self._said({})

    def _said(self, known: Known) -> str:
        what = NAMES.get(self._kind, "floats")
        if self._axes == ["..."]:
            return f"a tensor of {what}"
        letters = "BCHW" if len(self._axes) == 4 else ["any"] * len(self._axes)
        axes = [
            letter if axis == "_" else known.get(axis, axis) for letter, axis in zip(letters, self._axes, strict=True)
        ]
        axes = ["1 or " + axis[:-1] if str(axis).endswith("?") else str(axis) for axis in axes]
        return f"{what} of shape ({', '.join(axes)}{',' if len(axes) == 1 else ''})"

    def is_kind(self, value: object) -> bool:
        return isinstance(value, Tensor)

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        if not isinstance(value, Tensor) or value.dtype not in self._dtypes:
            self._refuse(who, name, value, {})
        shape = value.shape
        if not self._open:
            if len(shape) != len(self._axes):
                self._refuse(who, name, value, {})
            for size, axis in zip(shape, self._axes):  # noqa: B905 (as long as each other, and a strict zip is slower)
                if size == axis:
                    continue
                if size == 0 or axis.__class__ is int:
                    self._refuse(who, name, value, {})
                if axis == "_" or (size == 1 and axis[-1] == "?"):
                    continue
                if known.setdefault(axis.rstrip("?"), size) != size:
                    self._refuse(who, name, value, known)
        elif (0 in shape and self._kind != "any") or len(shape) < len(self._leading):
            self._refuse(who, name, value, {})
        device = value.device
        if known.setdefault("device", device) != device:
            raise ShapeError(
                f"{who} needs all its tensors on one device, got `{known['first']}` on {known['device']} and `{name}` on "
                f"{device}. {name}.to('{known['device']}') moves it."
            )
        known.setdefault("first", name)
        if self._picture:
            values_of_image(name, value)
        elif self._values:
            has_values(name, value)

    def _refuse(self, who: str, name: str, value: object, known: Known) -> typing.NoReturn:
        said = self._said(known) + (f", as `{known['first']}` has them," if known else "")
        advice = self._advice(name, value)
        raise ShapeError(f"{who} needs {said}, got {came(value)} as `{name}`.{' ' if advice else ''}{advice}")

    def _advice(self, name: str, value: object) -> str:
        if not isinstance(value, Tensor):
            return advice_for(value)
        if value.dtype not in self._dtypes:
            return _other_numbers(name, value, self._dtypes)
        if 0 in value.shape:
            return "Each axis needs at least one position."
        if not self._open and value.ndim == len(self._axes) - 1 and self._axes[0] in ("B", "N", 1):
            return f"For one image, add the batch axis: {name}[None]."
        return ""


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
        return isinstance(value, self._kind)

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        if not self.is_kind(value):
            raise ChoiceError(f"{who} needs {self.need}, got {came(value)} as `{name}`.")
        if self._count is not None and len(value) != self._count:
            raise ChoiceError(f"{who} needs {self.need}, got {len(value)} as `{name}`: {came(value)}.")
        if isinstance(value, (Tensor, np.ndarray)) or not isinstance(value, (Collection, Mapping)):
            return
        members = value.values() if self._keys is not None else value
        for place in members if self._member.__class__ is not Fact else ():
            self._member.hold(who, name, place, {key: known[key] for key in ("device", "first") if key in known})
        for key in value if self._keys is not None else ():
            self._keys.hold(who, name, key, known)


class Table(Fact):
    """Numbers in an array of NumPy, or in what makes one."""

    need = "an array of numbers"

    def is_kind(self, value: object) -> bool:
        return isinstance(value, (np.ndarray, list, tuple, Tensor))

    def hold(self, who: str, name: str, value: object, known: Known) -> None:
        kinds = "biuf"
        try:
            fits = self.is_kind(value) and np.asarray(value).dtype.kind in kinds
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


def door(function: Public | None = None, **said: str) -> Public | Callable[[Public], Public]:
    """Return a function, or a class, whose arguments are held to their annotations and to what is ``said`` of them."""
    if function is None:
        return functools.partial(door, **said)
    if isinstance(function, type):
        function.__init__ = _held(function.__init__, function.__name__, said)
        return function
    return _held(function, function.__qualname__.replace(".__call__", ""), said)


def _held(function: Callable, who: str, said: Mapping[str, str]) -> Callable:
    facts: dict[str, Fact | None] = {}
    in_order: list[tuple[str, Fact | None]] = []

    def read() -> None:
        facts.update(_facts(function, said))
        in_order.extend(facts.items())

    def held(*arguments, **named):
        if not facts:  # at the first call, when all names that annotations use are there
            read()
        known = {}
        for (name, fact), value in zip(in_order, arguments):  # noqa: B905 (Python itself tells of too many)
            if fact is not None:
                fact.hold(who, name, value, known)
        for name, value in named.items():
            fact = facts.get(name)
            if fact is not None:
                fact.hold(who, name, value, known)
        return function(*arguments, **named)

    # It lives where the function does, or doctest would pass by the examples of a function from elsewhere.
    held = types.FunctionType(held.__code__, function.__globals__, function.__name__, None, held.__closure__)
    held.__door__ = said
    return functools.wraps(function)(held)


def _facts(function: Callable, said: Mapping[str, str]) -> dict[str, Fact | None]:
    """Return what each parameter has to be; None where nothing is known of it."""
    facts: dict[str, Fact | None] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        annotation = parameter.annotation
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or annotation is parameter.empty:
            facts[name] = None
            continue
        if said.get(name) == "own":
            facts[name] = None
            continue
        if isinstance(annotation, str):
            annotation = eval(
                annotation, function.__globals__
            )  # as typing.get_type_hints, which wants the result's, too
        fact = fact_of(annotation, said.get(name))
        facts[name] = None if fact.__class__ is Fact else fact
    if unknown := set(said) - set(facts):
        raise TypeError(f"The door of {function.__qualname__} speaks of {', '.join(unknown)}, which it does not take.")
    return facts


def fact_of(annotation: object, said: str | None = None) -> Fact:
    """Return what an annotation asks for. ``said`` is what a door adds to it."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        facts = [fact_of(part, said) for part in parts if part is not type(None)]
        fact = facts[0] if len(facts) == 1 else AnyOf(facts)
        return OrNone(fact) if type(None) in parts else fact
    if origin is Callable or annotation is Callable:
        return Called()
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Members(origin, fact_of(parts[1], said), keys=fact_of(parts[0]))
    if origin is tuple and Ellipsis not in parts:
        alike = len(set(parts)) == 1
        return Members(Sequence, fact_of(parts[0], said) if alike else Fact(), count=len(parts))
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return Members(Sequence if origin in (tuple, list) else origin, fact_of(parts[0], said))
    return _fact_of_class(origin or annotation, said)


def _fact_of_class(kind: object, said: str | None) -> Fact:
    if not isinstance(kind, type) or kind is object:
        return Fact()
    if getattr(kind, "_is_protocol", False):
        return Called()
    if kind is Tensor:
        return Shaped(said)
    if kind in (int, float):
        return Number(kind is int, said)
    if kind is np.ndarray:
        return Table()
    simple = {str: ("a text", str), bool: ("True or False", bool, np.bool_), os.PathLike: ("a path", os.PathLike)}
    simple[Path] = ("a path", str, os.PathLike)
    if kind in simple:
        return IsA(*simple[kind])
    if kind.__module__.partition(".")[0] == "nstlib":
        return Like(kind)
    return IsA(f"a {kind.__module__.partition('.')[0]}.{kind.__name__}", kind)


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


def came(value: object) -> str:
    """Say in a few words what was handed in."""
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} of {value.dtype}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape} of {value.dtype}"
    kind = type(value)
    if kind.__module__.startswith("PIL."):
        return f"a PIL image of {value.size[0]} x {value.size[1]} pixels"
    if value is None or isinstance(value, (bool, numbers.Number)):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return repr(
            value if len(value) <= 40 else value[:40] + value[:0].join(["..."] if isinstance(value, str) else [])
        )
    if isinstance(value, (list, tuple, dict, set)):
        text = repr(value) if all(isinstance(one, (str, int, float)) for one in value) else ""
        return text if 0 < len(text) <= 60 else f"a {kind.__name__} of {len(value)}"
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {kind.__name__}"


def advice_for(value: object) -> str:
    """Say how something that is no tensor becomes one, where that is clear."""
    if isinstance(value, np.ndarray):
        return "torch.from_numpy makes a tensor of it."
    if isinstance(value, (str, os.PathLike)):
        return "nstlib.images.load_image reads a picture from a file."
    if type(value).__module__.startswith("PIL."):
        return "nstlib.images.load_image reads its file as a tensor."
    if isinstance(value, (list, tuple)):
        return "torch.cat or torch.tensor makes one tensor of them." if value else "It is empty."
    return "Give it a tensor."


def _other_numbers(name: str, value: Tensor, dtypes: Collection[torch.dtype]) -> str:
    if value.is_complex():
        return f"Take {name}.abs() or {name}.real."
    if torch.float32 in dtypes:
        return f"Take {name}.float(){' / 255' if value.dtype is torch.uint8 else ''}."
    if torch.bool in dtypes:
        return f"Take {name} > 0, for example."
    return f"Take {name}.long()." if torch.int64 in dtypes else ""
