"""A device that this machine does not have: its tensors say that they are elsewhere, and mix with others as a GPU's do.

The numbers are computed here, so results can be compared, but an operation that would fail on a GPU fails, with its words:
one that mixes devices, draws there from a generator of the CPU, or asks for an array. What it cannot show are kernels that
a GPU has not, and speed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

NAME = "meta"  # the one device that every torch knows, and whose tensors nobody computes with otherwise
aten = torch.ops.aten
# A tensor of the CPU may be read by them: it is copied over, or says which entries are meant.
READS_BOTH = {aten.copy_, aten._to_copy, aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_}
DRAWS = {"uniform", "normal", "rand", "randn", "randint", "randperm", "bernoulli", "uniform_", "normal_", "random_"}


class Elsewhere(Tensor):
    """A tensor that is there."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> Elsewhere:
        return Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
            device=torch.device(NAME),
        )

    def __init__(self, inner: Tensor):
        self.inner = inner

    def __repr__(self) -> str:
        return f"Elsewhere({self.inner!r})"

    def tolist(self):
        return self.detach().inner.tolist()

    def numpy(self):
        raise TypeError("can't convert a device tensor to numpy. Use Tensor.cpu() to copy it to host memory first.")

    __array__ = numpy

    @property
    def is_meta(self) -> bool:
        return False

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return compute(function, args, kwargs or {})


class Computed(TorchDispatchMode):
    """Computes what is asked of the device, also where no argument is there yet, as of ``torch.zeros(3, device=...)``."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return compute(function, args, kwargs or {})


class Made(TorchFunctionMode):
    """Makes tensors of numbers there, and of indices: torch does that without asking a ``TorchDispatchMode``."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is Tensor.new_tensor and isinstance(args[0], Elsewhere):
            return args[0].inner.new_tensor(*args[1:], **kwargs).to(NAME)
        if function in (Tensor.__getitem__, Tensor.__setitem__) and isinstance(args[0], Elsewhere):
            index = tuple(map(brought, args[1])) if isinstance(args[1], tuple) else brought(args[1])
            args = (args[0], index, *args[2:])
        if function in (torch.tensor, torch.as_tensor) and kwargs.get("device") is not None:
            device = torch.device(kwargs["device"])
            return function(*args, **{**kwargs, "device": "cpu"}).to(device)
        return function(*args, **kwargs)


def brought(index):
    """Return what entries are chosen with: tensors of the CPU may choose, and are brought there."""
    return torch.as_tensor(index).to(NAME) if isinstance(index, (list, Tensor)) else index


@contextmanager
def a_device() -> Iterator[str]:
    """While it is entered, a device of this name computes."""
    with Computed(), Made():
        yield NAME


def compute(function, args, kwargs):
    """Compute an operation here for whoever asked, and give its results to the device that they belong to."""
    tensors = [each for each in tree_flatten((args, kwargs))[0] if isinstance(each, Tensor)]
    there = [each for each in tensors if isinstance(each, Elsewhere)]
    asked = kwargs.get("device")
    goes_there = bool(there) if asked is None else torch.device(asked).type == NAME
    if not there and not goes_there:
        return function(*args, **kwargs)
    assert not any(each.is_meta and not isinstance(each, Elsewhere) for each in tensors), f"{function} got no numbers"
    packet = function.overloadpacket
    if there and packet not in READS_BOTH and any(each.ndim for each in tensors if not isinstance(each, Elsewhere)):
        raise RuntimeError(f"Expected all tensors to be on the same device, but {packet} got some on cpu.")
    if packet._qualified_op_name.partition("::")[2] in DRAWS and kwargs.get("generator") is not None:
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found 'cpu'")
    changed = {**kwargs, "device": torch.device("cpu")} if asked is not None else kwargs
    inner_args, inner_kwargs = tree_map(
        lambda each: each.inner if isinstance(each, Elsewhere) else each, (args, changed)
    )
    found = function(*inner_args, **inner_kwargs)
    if not goes_there:
        return found
    wrapped = tree_map(lambda each: Elsewhere(each) if isinstance(each, Tensor) else each, found)
    return return_and_correct_aliasing(function, args, kwargs, wrapped)
