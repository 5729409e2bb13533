"""What an exercise is made of: cases, laws, named mistakes, other conventions, hints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nstlib.course import chapter_of

if TYPE_CHECKING:
    from nstlib.check.drawing import Kind

Function = Callable[..., object]


def call(function: Function, arguments: tuple) -> object:
    """Return what the function returns: the plainest way to watch it."""
    return function(*arguments)


@dataclass(frozen=True, eq=False)
class Case:
    """One set of arguments.

    Attributes:
        label: what stands in it, for the reader ("features (2, 3, 4, 5)").
        make: from a dtype to fresh arguments, the same numbers each time.
        quantities: what a wrong factor may be called: {"H*W": 20}.
    """

    label: str
    make: Callable[[torch.dtype], tuple]
    quantities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Law:
    """A sentence that is true of every right answer, and a way to try it on a function."""

    sentence: str
    holds: Callable[[Function], bool]

    def __call__(self, function: Function) -> bool:
        """Return whether it holds: one law may build on another."""
        return self.holds(function)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people do give, as a function, and what to tell them.

    ``variants`` are other ways of writing the same mistake, where they give other numbers.
    """

    id: str
    function: Function
    message: str
    variants: tuple[Function, ...] = ()

    @property
    def functions(self) -> tuple[Function, ...]:
        """Return all ways of making it."""
        return (self.function, *self.variants)

    def __call__(self, *arguments: object) -> object:
        """Make it: one mistake may build on another."""
        return self.function(*arguments)


class Convention(Mistake):
    """An answer that is right in another book: accepted, and named."""


def law(sentence: str) -> Callable[[Callable[[Function], bool]], Law]:
    """Make a law of the function below: it tries on an answer what the sentence says of all right ones."""
    return lambda holds: Law(sentence, holds)


def mistake(message: str, id: str = "", variants: tuple[Function, ...] = ()) -> Callable[..., Mistake]:
    """Make a mistake of the function below: what to tell those who write it.

    Args:
        message: what to tell them.
        id: its name; "" for the function's own. Where that would hide another name, it ends in an underscore,
            which does not count.
        variants: functions that make the same mistake in other numbers. Several functions may also be given at once:
            ``mistake("The sign is turned.", "turned")(first, second)``.
    """
    return _known(Mistake, message, id, variants)


def convention(message: str, id: str = "") -> Callable[..., Convention]:
    """Make another convention of the function below: how to name it to those who follow it."""
    return _known(Convention, message, id, ())


def _known(kind: type[Mistake], message: str, id: str, variants: tuple[Function, ...]) -> Callable[..., Mistake]:
    def record(*functions: Function) -> Mistake:
        first, *others = (f.function if isinstance(f, Mistake) else f for f in (*functions, *variants))
        return kind(id or first.__name__.rstrip("_"), first, message, tuple(others))

    return record


@dataclass(frozen=True, eq=False)
class Exercise:
    """A statement that can be checked.

    Laws, mistakes and conventions are tried in the order in which the module defines them: where none of a kind is
    listed, they are those bound to a name of the module when its exercise is made, each once. What is imported does
    not count, nor what is made of a function of another module: a file that needs those lists all of that kind.

    Attributes:
        module: where it stands, ``__name__``: its last part is the name of the function to write, the one before it
            the chapter.
        title: a few words.
        difficulty: 1 to 3.
        minutes: that it takes.
        extra: whether who is on the main path may pass it by: nothing later builds on it.
        signature: as the statement gives it.
        hints: the idea, the direction, almost the line (Markdown).
        reference: the answer that later cells go on with.
        verified: what a right answer has been found to do.
        differentiable: positions of the arguments that the gradient must reach; empty where none is asked for.
        observe: how to watch the function on a case, where looking at its result is not enough.
        pure: whether it must leave its arguments alone.
        finite_slope: whether the gradient must be finite where all values are equal, as the reference's is.
        takes: of each argument, in order, what the statement allows (``nstlib.check.drawing``).
        sizes: of letters in shapes, from which size to which: ``{"H": (2, 9)}``.
        allowed: of drawn arguments, whether they go together, where sizes cannot say it.
        drawn: how many drawn cases an examination tries.
        optimizes: whether torch's optimizers take part.
    """

    module: str
    title: str
    difficulty: int
    minutes: int
    signature: str
    hints: tuple[str, str, str]
    reference: Function
    cases: tuple[Case, ...]
    verified: str
    laws: tuple[Law, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    conventions: tuple[Convention, ...] = ()
    differentiable: tuple[int, ...] = ()
    observe: Callable[[Function, tuple], object] = call
    pure: bool = True
    finite_slope: bool = True
    takes: Mapping[str, Kind] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    allowed: Callable[..., bool] | None = None
    drawn: int = 6
    optimizes: bool = False
    extra: bool = False

    def __post_init__(self):
        for name, kind in (("laws", Law), ("mistakes", Mistake), ("conventions", Convention)):
            if not getattr(self, name):
                object.__setattr__(self, name, _defined(kind, self.module))

    @property
    def name(self) -> str:
        """Return the name of the function to write."""
        return self.module.rpartition(".")[2]

    @property
    def chapter(self) -> str:
        """Return the chapter as its text is called: "07_gram"."""
        return chapter_of(self.module.split(".")[-2])


def _defined(kind: type, module: str) -> tuple:
    """Return the records of a kind whose functions a module defines, each once, in the order of their names there."""
    records = (record for record in vars(sys.modules[module]).values() if type(record) is kind)
    own = (record for record in records if (record.holds if kind is Law else record.function).__module__ == module)
    return tuple(dict.fromkeys(own))


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the same normal numbers each time, in any precision."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def uniform(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the same uniform numbers in [0, 1) each time, in any precision."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def scattered(tensor: Tensor) -> Tensor:
    """Return the same numbers in the same shape, but not contiguous in memory."""
    return tensor.mT.contiguous().mT


def if_loose(loose: bool) -> str:
    """Return how a case's label says that its tensors are ``scattered``."""
    return ", not contiguous in memory" if loose else ""


def close(a: object, b: object, tolerance: float = 1e-3) -> bool:
    """Return whether two results are the same up to rounding, whatever their precision."""
    x, y = (torch.as_tensor(v).detach().to(torch.float64) for v in (a, b))
    scale = float(y.abs().max()) if y.numel() else 0.0
    return x.shape == y.shape and bool(((x - y).abs() <= tolerance * scale + 1e-6).all())
