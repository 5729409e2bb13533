"""The form of a result: a tensor or an array, a tuple or a list, which dtype. An answer in a harmless other form is right,
and is handed on in the form that is asked for, so that the next cells can go on with it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from nstlib.check.exercise import Function

Form = tuple[str, object]  # what it is, and of what; for tensors and arrays the dtype
OWN = "that of the input"
_OWN_WORDS = " of its input's dtype"
_OTHER: Form = ("other", None)
_WORDS = {
    "tensor": "a tensor",
    "array": "an array",
    "float": "a number",
    "int": "a whole number",
    "bool": "a truth value",
    "scalar": "a number",
    "function": "a function",
    "none": "None",
}
_SINGLE = {torch.float64: torch.float32, torch.complex128: torch.complex64}
_DEPTH = 4
_MANY = 10_000  # items of a list that are looked at


def form_of(value: object, dtype: torch.dtype | None = None) -> Form:
    """Return the form of a result; ``dtype`` is that of the arguments, which results follow."""
    try:
        return _form(value, dtype, _DEPTH)
    except Exception:  # an object that refuses to be looked at
        return _OTHER


def _form(value: object, dtype: torch.dtype | None, depth: int) -> Form:
    kind = type(value)
    if value is None:
        return "none", None
    if issubclass(kind, Tensor):
        return "tensor", OWN if value.dtype == dtype else value.dtype
    if issubclass(kind, np.ndarray):
        return "array", value.dtype
    if kind in (bool, int, float):
        return kind.__name__, None
    if issubclass(kind, np.generic):
        return "scalar", value.dtype
    if depth and issubclass(kind, (list, tuple)) and len(value) <= _MANY:
        name = "tuple" if issubclass(kind, tuple) else "list"
        return name, [_form(item, dtype, depth - 1) for item in value]
    if depth and issubclass(kind, Mapping) and len(value) <= _MANY:
        return "dict", {key: _form(item, dtype, depth - 1) for key, item in value.items()}
    return ("function", None) if callable(value) else _OTHER


def fits(form: Form, wanted: Form, dtype: torch.dtype = torch.float32) -> bool:
    """Return whether a result of that form, on arguments of that dtype, is what is wanted."""
    kind, inside = wanted
    if kind == "other":
        return True
    if form[0] != kind:
        return False
    if kind == "tensor":
        seen, expected = (dtype if each is OWN else each for each in (form[1], inside))
        return seen == expected or not (seen.is_floating_point and expected.is_floating_point)
    if kind in ("list", "tuple"):
        return len(form[1]) == len(inside) and all(fits(a, b, dtype) for a, b in zip(form[1], inside, strict=True))
    if kind == "dict":
        return all(fits(item, inside.get(key, _OTHER), dtype) for key, item in form[1].items())
    return True


def differ(one: Form, other: Form) -> bool:
    """Return whether two forms are of different kinds, both of them known."""
    return one[0] != other[0] and "other" not in (one[0], other[0])


def converting(function: Function, wanted: Form, *, single: bool = False) -> Function:
    """Return the function, its results put into the wanted form.

    Args:
        function: an answer that was found right.
        wanted: the form of the reference's result.
        single: it computes in float32 only: what comes in float64 is converted before, and its results after.
    """

    @functools.wraps(function)
    def converted(*arguments: object, **named: object) -> object:
        leading = next(tensors((*arguments, *named.values())), torch.empty(0))
        given = (arguments, named)
        if single:
            given = mapped(given, lambda t: t.to(_SINGLE.get(t.dtype, t.dtype)))
        return conformed(function(*given[0], **given[1]), wanted, leading)

    return converted


def conformed(value: object, wanted: Form, leading: Tensor) -> object:
    """Return a result in the wanted form, with dtype and device of the leading argument; as it is if that cannot be."""
    try:
        return _conformed(value, wanted, leading)
    except Exception:
        return value


def _conformed(value: object, wanted: Form, leading: Tensor) -> object:
    kind, inside = wanted
    if kind == "tensor":
        tensor = value if isinstance(value, Tensor) else _as_tensor(value)
        dtype = leading.dtype if inside is OWN else inside
        both = tensor.is_floating_point() and dtype.is_floating_point
        moved = tensor.to(leading.device, dtype if both else tensor.dtype)
        if moved is not tensor and tensor.is_leaf and tensor.requires_grad:  # what is to be optimized stays a leaf
            moved = moved.detach().requires_grad_(True)
        return moved
    if kind == "array":
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        return array.astype(inside) if {array.dtype.kind, inside.kind} == {"f"} else array
    if kind in ("bool", "int", "float"):
        return {"bool": bool, "int": int, "float": float}[kind](value)
    if kind in ("list", "tuple"):
        items = [_conformed(item, _at(inside, k), leading) for k, item in enumerate(value)]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        forms = list(inside.values())
        return {key: _conformed(item, inside.get(key, _at(forms, 0)), leading) for key, item in value.items()}
    return value


def _as_tensor(value: object) -> Tensor:
    if isinstance(value, (list, tuple)) and any(True for _ in tensors(value)):
        return torch.stack([_as_tensor(item) for item in value])
    return torch.as_tensor(value)


def _at(forms: Sequence[Form], index: int) -> Form:
    """Return the form of an item; where another call gives more of them, that of the first."""
    return (forms[index] if index < len(forms) else forms[0]) if forms else _OTHER


def described(wanted: Form) -> str:
    """Return what is wanted in words: "a tensor", "a dictionary of tuples"."""
    kind, inside = wanted
    if kind in ("list", "tuple", "dict"):
        items = list(inside.values()) if kind == "dict" else inside
        name = "dictionary" if kind == "dict" else kind
        if kind == "tuple" and len({item[0] for item in items}) > 1:
            return f"a tuple: {', '.join(described(item).removesuffix(_OWN_WORDS) for item in items)}"
        of = _WORDS.get(items[0][0], items[0][0]).split(" ", 1)[-1] if items else ""
        return f"a {name} of {of}s" if of not in ("", "other") else f"a {name}"
    dtype = f" of {inside}".replace("torch.", "") if kind in ("tensor", "array") and inside is not OWN else ""
    return _WORDS.get(kind, "what it is") + (_OWN_WORDS if inside is OWN else dtype)


def has_double(arguments: object) -> bool:
    """Return whether there is a tensor of float64 among the arguments."""
    return any(tensor.dtype == torch.float64 for tensor in tensors(arguments))


def tensors(value: object) -> Iterator[Tensor]:
    """Yield the tensors of floating point numbers in what is nested; of complex ones the real part."""
    if isinstance(value, Tensor):
        if value.is_floating_point() or value.is_complex():
            yield value.real
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, Mapping):
        yield from tensors(list(value.values()))


def mapped(value: object, change: Callable[[Tensor], Tensor]) -> object:
    if isinstance(value, Tensor):
        return change(value)
    if type(value) in (list, tuple):
        return type(value)(mapped(item, change) for item in value)
    if type(value) is dict:
        return {key: mapped(item, change) for key, item in value.items()}
    return value
