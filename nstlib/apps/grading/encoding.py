"""From values to messages: tensors, arrays, numbers, lists; functions and iterators by number, all else by name.

The judge hands over objects of torch pickled, with the tensors and hooks of a model shared one by one.
"""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from nstlib.apps.grading.common import kind_of, place_of
from nstlib.apps.grading.wire import packed

if TYPE_CHECKING:
    from nstlib.apps.grading.line import Side

_DEEP, _LONGEST = 12, 100_000  # lists in lists, characters of a text


class Encoder:
    """From values to what JSON can say; numbers go into ``blobs``.

    Attributes:
        inputs: of a question, the tensors that want a gradient. outputs: of a reply, those that have a graph here.
        sent: of a worker's question, its own tensors: a function may write into them. given: the same, where they came.
        keeping: whether what a reply holds is shared, as the one tensor that an iterator shows again and again.
    """

    def __init__(self, side: Side, *, replying: bool):
        self.side, self.replying, self.keeping = side, replying, False
        self.sent: list[Tensor] = []
        self.given: list[Tensor] = []
        self.blobs: list[bytes] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []

    def encode(self, value: object, depth: int = _DEEP, *, plainly: bool = False) -> object:
        """Return a value as JSON can say it; ``plainly``: it is a copy, and nothing of it is shared."""
        if value is None or type(value) in (bool, float) or (type(value) is int and value.bit_length() < 1000):
            return value
        if type(value) is str:
            return value[:_LONGEST]
        if not plainly and (number := self.side.number_of(value)) is not None:
            self._want(value)
            return {"is": "shared", "id": number}
        if isinstance(value, Tensor):
            if plainly:
                return self._blob(value)
            return {"is": "given", "id": place} if (place := place_of(value, self.given)) >= 0 else self.tensor(value)
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
            made = self._blob(torch.from_numpy(np.array(value)))
            if isinstance(value, np.generic):
                return made | {"is": "number"}
            return self._new(value, made | {"is": "array"})
        if isinstance(value, (list, tuple)) and depth:
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {"is": kind, "of": [self.encode(item, depth - 1, plainly=plainly) for item in value]}
        if isinstance(value, Mapping) and depth:
            return {"is": "dict", "of": [[self.encode(k, 2), self.encode(v, depth - 1)] for k, v in value.items()]}
        return self._other(value)

    def _other(self, value: object) -> dict:
        if value is ...:
            return {"is": "ellipsis"}
        if isinstance(value, torch.dtype):
            return {"is": "dtype", "name": str(value).removeprefix("torch.")}
        side, target = getattr(value, "of_the_other_side", (None, None))
        if side is self.side:
            return {"is": "yours", "id": target}
        if isinstance(value, Iterator):
            return {"is": "iterator", "id": self.side.offer(value)}
        secret = isinstance(value, (types.FunctionType, types.MethodType)) or ".check." in type(value).__module__
        if self.side.trusted and not secret:
            return self._pickled(value)
        if callable(value):
            return {"is": "function", "id": self.side.offer(value), "name": _name(value)}
        return {"is": "odd", "name": _name(type(value))}

    def _want(self, value: object) -> None:
        """Note a tensor of a question that wants a gradient."""
        if isinstance(value, Tensor) and value.requires_grad and not self.replying and place_of(value, self.inputs) < 0:
            self.inputs.append(value)

    def _blob(self, tensor: Tensor) -> dict:
        form, numbers = packed(tensor)
        self.blobs.append(numbers)
        return {"is": "tensor", "blob": len(self.blobs) - 1, **form}

    def tensor(self, value: Tensor) -> dict:
        """Return a tensor that is not shared yet."""
        if value.requires_grad and self.replying and not value.is_leaf:
            self.outputs.append(value)
            return {**self._blob(value), "out": True}
        found = self._alias(value) or self._blob(value)
        if value.requires_grad:
            found |= {"wants": True, "leaf": value.is_leaf}
            if not self.replying:
                self.inputs.append(value)
        if found["is"] == "tensor" and not self.replying:
            self.sent.append(value)
        if isinstance(value, nn.Parameter):
            found["parameter"] = True
        return self._new(value, found)

    def _alias(self, value: Tensor) -> dict | None:
        """Return where a tensor lies in the memory of one that both have, if it does."""
        if self.side.trusted or value.layout is not torch.strided or not value.numel():
            return None
        memory = value.untyped_storage().data_ptr()
        for number, one in self.side.living():
            if isinstance(one, Tensor) and one.dtype == value.dtype and one.untyped_storage().data_ptr() == memory:
                form = {"shape": list(value.shape), "order": list(value.stride())}
                return {"is": "alias", "id": number, "at": value.storage_offset() - one.storage_offset(), **form}
        return None

    def _new(self, value: object, form: dict) -> dict:
        shares = self.side.trusted and (self.keeping or not self.replying)
        return {**form, "new": self.side.share(value, keep=self.keeping)} if shares else form

    def _pickled(self, value: object) -> dict:
        """Return an object of torch or nstlib so that the worker can build it."""
        parts: list = []
        learns = isinstance(value, (nn.Module, torch.optim.Optimizer))  # else its tensors are there to be looked at

        class Pickler(pickle.Pickler):
            def persistent_id(_, one: object) -> int | None:
                own = isinstance(one, types.FunctionType) and ("<" in one.__qualname__ or ".check." in one.__module__)
                if not ((isinstance(one, Tensor) and learns) or own):
                    return None
                parts.append(self.encode(one))
                return len(parts) - 1

        buffer = io.BytesIO()
        try:
            Pickler(buffer).dump(value)
        except (pickle.PicklingError, AttributeError, TypeError):
            if not callable(value):
                raise
            return {"is": "function", "id": self.side.offer(value), "name": _name(value)}
        self.blobs.append(buffer.getvalue())
        return self._new(value, {"is": "pickle", "blob": len(self.blobs) - 1, "parts": parts})


def _name(value: object) -> str:
    return kind_of(getattr(value, "__name__", type(value).__name__))
