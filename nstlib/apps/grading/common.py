"""What both ends of a line do to values: contents of what is shared, and what changed in lists and dictionaries."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

_NO_TEXT = (UnicodeError, getattr(builtins, "BaseExceptionGroup", UnicodeError))  # errors that are not made of a text
OWN = "<your cell "  # how the file of a learner's lines is called


def content(one: object) -> tuple:
    """Return all of a shared object that both ends keep the same."""
    if isinstance(one, Tensor):
        grad = one.grad.detach().clone() if one.is_leaf and one.grad is not None else None
        return one.detach().clone(), grad, one.requires_grad
    if isinstance(one, np.ndarray):
        return (torch.from_numpy(np.array(one)),)
    return tuple(part.training for part in one.modules()) if isinstance(one, nn.Module) else ()


def alike(one: object, other: object) -> bool:
    """Return whether two contents are the same, number for number."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        same = one.shape == other.shape and one.dtype == other.dtype
        return same and bool(((one == other) | ((one != one) & (other != other))).all())
    return type(one) is type(other) and one == other


def write(one: object, now: tuple) -> None:
    """Give a shared object another content."""
    if isinstance(one, nn.Module):
        for part, mode in zip(one.modules(), now, strict=True):
            part.training = bool(mode)
    elif isinstance(one, np.ndarray):
        one[...] = now[0].numpy().reshape(one.shape)
    elif isinstance(one, Tensor):
        _write_tensor(one, *now)


def _write_tensor(one: Tensor, data: Tensor, grad: Tensor | None, wants: bool) -> None:
    if one.is_leaf and one.requires_grad != wants:
        one.requires_grad_(wants)
    if one.shape != data.shape or one.dtype != data.dtype:
        one.data = data
    elif not alike(one.detach(), data):
        with torch.no_grad():
            one.copy_(data)
    if one.is_leaf:
        one.grad = grad


def layout(value: object) -> object:
    """Return which objects lists and dictionaries hold, to see later whether that has changed."""
    if isinstance(value, (list, tuple)):
        return [layout(item) for item in value]
    if isinstance(value, Mapping):
        return [(layout(key), layout(item)) for key, item in value.items()]
    return value if isinstance(value, (bool, int, float, str)) else id(value)


def rewrite(own: object, other: object) -> None:
    """Have lists and dictionaries hold what their copies on the other side hold now."""
    if isinstance(own, tuple) and isinstance(other, tuple):
        for mine, theirs in zip(own, other, strict=False):
            rewrite(mine, theirs)
    elif isinstance(own, list) and isinstance(other, list):
        own[:] = other
    elif isinstance(own, dict) and isinstance(other, dict):
        own.clear()
        own.update(other)


def placed(value: object, made: dict[int, object]) -> object:
    """Return a value in which some tensors are replaced by others."""
    if isinstance(value, Tensor):
        return made.get(id(value), value)
    if type(value) in (list, tuple):
        return type(value)(placed(item, made) for item in value)
    return {key: placed(item, made) for key, item in value.items()} if type(value) is dict else value


def place_of(one: object, others: list) -> int:
    """Return where an object stands in a list, by identity; -1 if it does not."""
    return next((k for k, other in enumerate(others) if one is other), -1)


def kind_of(name: object) -> str:
    """Return what the other side calls a type, if it can be a name."""
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w{0,59}", name) else "object"


def error_of(message: Mapping) -> Exception:
    """Return an exception of the kind that was raised on the other side."""
    name, text = kind_of(message.get("kind")), str(message.get("text", ""))[:500]
    kind = getattr(builtins, name, None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, _NO_TEXT):
        kind = type(name, (Exception,), {})
    return kind(text) if text else kind()
