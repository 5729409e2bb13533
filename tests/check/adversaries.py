"""Answers that must not pass, for any exercise: nonsense, and right answers spoilt in one way."""

import itertools
import sys
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from nstlib.check import check, examine


class Spiteful:
    """An object that refuses everything one might ask of it."""

    def __getattr__(self, name):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None

    def __bool__(self):
        raise RuntimeError("no")

    def __len__(self):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")

    __class__ = property(lambda self: 1 / 0)


class SpitefulList(list):
    def __iter__(self):
        raise RuntimeError("no")

    def __len__(self):
        return 3


class SpitefulDict(dict):
    def items(self):
        raise RuntimeError("no")


class SpitefulTensor(Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("no")


class SpitefulError(Exception):
    def __str__(self):
        raise RuntimeError("no")


def returns_none_after_work(*arguments):
    sum([1, 2])


def returns_wrong_shape(*arguments):
    return torch.zeros(17, 1, 3)


def returns_object(*arguments):
    return object()


def returns_spiteful(*arguments):
    return Spiteful()


def returns_spiteful_list(*arguments):
    return SpitefulList([1])


def returns_spiteful_dict(*arguments):
    return SpitefulDict(a=1)


def returns_spiteful_tensor(*arguments):
    return torch.zeros(2, 3).as_subclass(SpitefulTensor)


def returns_text(*arguments):
    return "right"


def returns_true(*arguments):
    return True


def returns_itself(*arguments):
    return returns_itself


def returns_a_list_in_itself(*arguments):
    endless = []
    endless.append(endless)
    return endless


def returns_a_huge_view(*arguments):
    return torch.zeros(1).expand(10**7, 10**7)


def returns_sparse(*arguments):
    return torch.eye(3).to_sparse()


def returns_meta(*arguments):
    return torch.empty(2, 3, device="meta")


def returns_object_array(*arguments):
    return np.array([object(), None])


def returns_half(*arguments):
    return torch.zeros(2, 3, dtype=torch.float16)


def returns_quantized(*arguments):
    return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


def raises(*arguments):
    raise ValueError("on purpose")


def raises_spitefully(*arguments):
    raise SpitefulError


def leaves(*arguments):
    sys.exit(3)


def recurses(*arguments):
    return recurses(*arguments)


def stops_generators(*arguments):
    raise StopIteration


def yields(*arguments):
    yield 1


async def waits(*arguments):
    return 1


def checks_itself(*arguments):
    return check(gram_matrix)(*arguments)


def gram_matrix(*arguments):
    return examine("gram_matrix", gram_matrix).passed


def turns_gradients_off(*arguments):
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float64)


NONSENSE = (
    returns_none_after_work,
    returns_wrong_shape,
    returns_object,
    returns_spiteful,
    returns_spiteful_list,
    returns_spiteful_dict,
    returns_spiteful_tensor,
    returns_text,
    returns_true,
    returns_itself,
    returns_a_list_in_itself,
    returns_a_huge_view,
    returns_sparse,
    returns_meta,
    returns_object_array,
    returns_half,
    returns_quantized,
    raises,
    raises_spitefully,
    leaves,
    recurses,
    stops_generators,
    yields,
    waits,
    checks_itself,
    turns_gradients_off,
    Spiteful(),
    None,
    7,
    "gram_matrix",
    print,
    object,
    torch.relu,
)


def first_argument(*arguments):
    return arguments[0]


def last_argument(*arguments):
    return arguments[-1]


def mapped(value, change):
    """Return a result with each number, tensor or array in it changed."""
    if isinstance(value, np.ndarray):
        return np.asarray(mapped(torch.from_numpy(value), change))
    if isinstance(value, (Tensor, float, int)):
        return change(value)
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(item, change) for item in value)
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    if callable(value):
        return lambda: mapped(value(), change)
    return value


def filled(number):
    def change(value):
        return torch.full_like(value, number) if isinstance(value, Tensor) else type(value)(number)

    return change


def spoilt(reference):
    """Return the reference, spoilt in each of many ways."""
    calls = itertools.count()

    def zeros(*arguments):
        return mapped(reference(*arguments), filled(0))

    def ones(*arguments):
        return mapped(reference(*arguments), filled(1))

    def not_numbers(*arguments):
        return mapped(reference(*arguments), lambda v: v * float("nan"))

    def negated(*arguments):
        return mapped(reference(*arguments), lambda v: ~v if getattr(v, "dtype", 0) == torch.bool else -v)

    def noise(*arguments):
        generator = torch.Generator().manual_seed(next(calls))

        def draw(value):
            drawn = torch.randn(getattr(value, "shape", ()), generator=generator)
            return drawn > 0 if getattr(value, "dtype", 0) == torch.bool else drawn

        return mapped(reference(*arguments), draw)

    def one_axis_more(*arguments):
        return mapped(reference(*arguments), lambda v: torch.as_tensor(v)[None].expand(2, *torch.as_tensor(v).shape))

    def one_number_off(*arguments):
        def nudge(value):
            if not isinstance(value, Tensor):
                return value + 1
            value = value.clone()
            flat = value.view(-1) if value.is_contiguous() else value
            flat[0] = ~flat[0] if value.dtype == torch.bool else flat[0] + 1
            return value

        return mapped(reference(*arguments), nudge)

    def right_once(*arguments):
        result = reference(*arguments)
        return result if next(calls) % 7 == 0 else mapped(result, filled(0))

    return zeros, ones, not_numbers, negated, noise, one_axis_more, one_number_off, right_once


def detached(reference):
    def without_gradient(*arguments):
        return mapped(reference(*arguments), lambda v: v.detach() if isinstance(v, Tensor) else v)

    return without_gradient


def spoilable(arguments):
    """Return whether there is something among the arguments that a function could write into."""
    return any(isinstance(argument, (Tensor, list, np.ndarray)) for argument in arguments)


def careless(reference):
    """Return the reference, which also writes into one of its arguments, or into what a generator hands it."""

    def writes_into_its_input(*arguments):
        handed = [written_into(a) if isinstance(a, Iterator) else a for a in arguments]
        result = reference(*handed)
        target = next((a for a in handed if isinstance(a, (Tensor, list, np.ndarray))), None)
        if isinstance(target, list):
            target.reverse() if len(target) > 1 else target.append("x")
        elif isinstance(target, np.ndarray):
            target += 1
        elif target is not None and target.dtype != torch.bool:
            target.data.add_(1)
        return result

    return writes_into_its_input


def written_into(tensors):
    for tensor in tensors:
        yield tensor.clone()
        tensor.data.add_(1)


def keeps_what_comes(reference):
    """Return the reference, which collects what a generator hands it before it looks at any of it."""

    def collects(*arguments):
        return reference(*(list(a) if isinstance(a, Iterator) else a for a in arguments))

    return collects
