"""Functions of the other side as functions here: called like any, and gradients pass through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from nstlib.apps.grading.line import Side


class Node:
    """A graph on the other side, which it may forget once nobody here has it any more; ``alive``: which inputs are."""

    def __init__(self, side: Side, number: int, alive: list[bool]):
        self.side, self.number, self.alive = side, number, alive

    def __del__(self):
        self.side.gone.append(self.number)


class Distant(torch.autograd.Function):
    """Tensors that were computed on the other side, from inputs that are here."""

    @staticmethod
    def forward(ctx, node, count, *tensors):
        """Hand on the values that the other side computed: the first ``count`` tensors; the others are its inputs."""
        ctx.node, ctx.count = node, count
        return tuple(tensor.clone() for tensor in tensors[:count])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *pulls):
        """Ask the other side for the slopes at its inputs."""
        found = ctx.node.side.slopes(ctx.node.number, pulls)
        return (
            None,
            None,
            *[None] * ctx.count,
            *(f if a else None for f, a in zip(found, [*ctx.node.alive, 0], strict=True)),
        )


class _Kept:
    """A function, and what its last call computed, from which leaves."""

    def __init__(self, function: Callable):
        self.function, self.graph = function, ((), ())


class _Transformed(torch.autograd.Function):
    """The same for ``torch.func``, whose tensors have no numbers until they are unwrapped, on the way here."""

    @staticmethod
    def forward(kept, *arguments):
        leaves = [one.detach().requires_grad_(True) if isinstance(one, Tensor) else one for one in arguments]
        with torch.enable_grad():
            result = kept.function(*leaves)
        kept.graph = result, [one for one in leaves if isinstance(one, Tensor)]
        return result.detach()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.kept, ctx.which = inputs[0], [isinstance(one, Tensor) for one in inputs[1:]]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, pull):
        result, leaves = ctx.kept.graph
        while torch._C._functorch.is_functorch_wrapped_tensor(pull):
            pull = torch._C._functorch.get_unwrapped(pull)
        with torch._C._DisableFuncTorch():  # or whatever is computed on the way would have no numbers either
            found = iter(torch.autograd.grad(result, leaves, pull, allow_unused=True, retain_graph=True))
        return None, *(next(found) if each else None for each in ctx.which)


def standing_for(side: Side, target: int, name: str) -> Callable:
    """Return a function that calls one of the other side."""

    def stand_in(*arguments: object, **named: object) -> object:
        if any(torch._C._functorch.is_functorch_wrapped_tensor(one) for one in arguments if isinstance(one, Tensor)):
            return _Transformed.apply(_Kept(stand_in), *arguments)
        return side.call(target, arguments, named)

    stand_in.__name__ = stand_in.__qualname__ = name
    stand_in.of_the_other_side = (side, target)
    return stand_in


def following(side: Side, target: int) -> Iterator:
    """Yield what an iterator of the other side has."""
    while True:
        try:
            item = side.following(target)
        except StopIteration:
            return
        yield item
