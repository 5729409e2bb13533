"""What the statement of an exercise allows as arguments, as a table from which cases are drawn.

``takes={"features": tensor("B C H W"), "layers": whole(1, 4)}`` says of each argument, in order, what it may be. Letters
are sizes: the same letter is the same size in all arguments of a case, 1 to 7 where the table says nothing else. The
examination draws from it with a fixed seed, the tests with hypothesis.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from nstlib.check.exercise import Case, Exercise, normal, scattered, uniform

T = TypeVar("T")
Make = Callable[[torch.dtype], object]  # one argument, the same numbers each time
ANY = ("normal", "rectified", "zeros", "equal", "ties", "tiny")
PICTURE = ("uniform", "equal", "ties")
_LETTERS = {"B": (1, 3), "C": (1, 5)}
_ELSE = (1, 7)
_TRIES = 200


class Pick(Protocol):
    """Where choices come from: a seeded generator, or hypothesis."""

    def whole(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of them."""


class Seeded:
    """Choices that are the same each time, from the words or the number given."""

    def __init__(self, seed: str | int):
        self._random = random.Random(seed)

    def whole(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return self._random.randint(least, most)

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of them."""
        return self._random.choice(options)


class Sizes:
    """The sizes of one case: each letter is chosen when it is first asked for."""

    def __init__(self, pick: Pick, ranges: Mapping[str, tuple[int, int]]):
        self._pick, self._ranges, self._chosen = pick, {**_LETTERS, **ranges}, {}

    def __getitem__(self, letter: str) -> int:
        if letter.isdigit():
            return int(letter)
        if letter not in self._chosen:
            self._chosen[letter] = self._pick.whole(*self._ranges.get(letter, _ELSE))
        return self._chosen[letter]


# What an argument may be: from choices and sizes to words for the reader and what makes it.
Kind = Callable[[Pick, Sizes], tuple[str, Make]]


def tensor(shape: str, values: Sequence[str] = ANY, *, loose: bool = True) -> Kind:
    """Return the kind of a tensor.

    Args:
        shape: letters and numbers, "B 3 H W".
        values: of which sorts its numbers may be: "normal", "rectified" (many zeros), "uniform" (in 0..1), "zeros",
            "equal", "ties" (few different values), "tiny" (around 1e-3), "positive" (0.5 to 1.5).
        loose: whether it may lie in memory in another order than its axes.
    """

    def draw(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
        lengths = tuple(sizes[letter] for letter in shape.split())
        sort, seed = pick.one_of(values), pick.whole(0, 999)
        is_loose = loose and len(lengths) > 1 and pick.one_of((False, False, True))

        def make(dtype: torch.dtype) -> Tensor:
            made = _numbers(sort, seed, lengths).to(dtype)
            return scattered(made) if is_loose else made

        words = f"{lengths}" + ("" if sort in ("normal", "uniform") else f", {_WORDS[sort]}")
        return words + (", not contiguous in memory" if is_loose else ""), make

    return draw


_WORDS = {
    "rectified": "many of them 0",
    "zeros": "all 0",
    "equal": "all equal",
    "ties": "many of them equal",
    "tiny": "around 0.001",
    "positive": "from 0.5 to 1.5",
}


def _numbers(sort: str, seed: int, shape: tuple[int, ...]) -> Tensor:
    match sort:
        case "normal":
            return normal(seed, *shape) + 0.25
        case "rectified":
            return normal(seed, *shape).relu()
        case "uniform":
            return uniform(seed, *shape)
        case "zeros":
            return torch.zeros(shape)
        case "equal":
            return torch.full(shape, 0.1 + (seed % 9) / 10)
        case "ties":
            return uniform(seed, *shape).mul(3).floor() / 4 + 0.25
        case "tiny":
            return normal(seed, *shape) * 1e-3
        case "positive":
            return uniform(seed, *shape) + 0.5
    raise ValueError(f"Numbers of an unknown sort: {sort!r}.")


def whole(least: int, most: int) -> Kind:
    """Return the kind of a whole number, both ends included."""
    return made_by(lambda pick, sizes: pick.whole(least, most))


def real(least: float, most: float) -> Kind:
    """Return the kind of a number: its ends and what lies evenly between them, as a few digits can say it."""
    return made_by(lambda pick, sizes: round(least + (most - least) * pick.whole(0, 20) / 20, 4))


def one_of(*options: object) -> Kind:
    """Return the kind of an argument that is one of a few; what can be changed is made anew by ``made_by``."""
    return made_by(lambda pick, sizes: pick.one_of(options))


def made_by(make: Callable[[Pick, Sizes], object]) -> Kind:
    """Return the kind of a plain value, whatever the dtype: ``make`` chooses it."""

    def draw(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
        value = make(pick, sizes)
        return f"{value}", lambda dtype: value

    return draw


def several(kind: Kind, least: int, most: int, container: Callable[[list], object] = list) -> Kind:
    """Return the kind of a list of so many (both ends included) of a kind."""

    def draw(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
        count = pick.whole(least, most)
        drawn = [kind(pick, sizes) for _ in range(count)]
        return f"{count} of {drawn[0][0]}" if drawn else "none", lambda dtype: container([m(dtype) for _, m in drawn])

    return draw


def table(**kinds: Kind) -> Kind:
    """Return the kind of a dictionary with these keys."""

    def draw(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
        drawn = {key: kind(pick, sizes) for key, kind in kinds.items()}
        words = ", ".join(f"{key} {words}" for key, (words, _) in drawn.items())
        return words, lambda dtype: {key: make(dtype) for key, (_, make) in drawn.items()}

    return draw


def drawn_case(exercise: Exercise, pick: Pick) -> Case:
    """Return one case that the exercise's statement allows; of those that it excludes others are tried."""
    for _ in range(_TRIES):
        sizes = Sizes(pick, exercise.sizes)
        drawn = {name: kind(pick, sizes) for name, kind in exercise.takes.items()}
        makes = [make for _, make in drawn.values()]
        if exercise.allowed is None or exercise.allowed(*(make(torch.float32) for make in makes)):
            label = ", ".join(f"{name} {words}" for name, (words, _) in drawn.items())
            return Case(label, lambda dtype, makes=tuple(makes): tuple(make(dtype) for make in makes))
    raise ValueError(f"{exercise.name}: none of {_TRIES} cases drawn is allowed.")


@cache
def drawn_cases(exercise: Exercise, purpose: str, count: int) -> tuple[Case, ...]:
    """Return cases drawn by seed: the same for each examination, others for each purpose."""
    pick = Seeded(f"{exercise.name}, {purpose}")
    return tuple(drawn_case(exercise, pick) for _ in range(count)) if exercise.takes else ()


def changed(kind: Kind, change: Callable[[object], object], words: str = "{}") -> Kind:
    """Return the kind of what ``change`` makes of another, anew for each call; ``words``: how to say it, {} the other's."""

    def draw(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
        said, make = kind(pick, sizes)
        return words.format(said), lambda dtype: change(make(dtype))

    return draw


def shuffled(pick: Pick, items: Sequence[T]) -> list[T]:
    """Return the items in some order."""
    left = list(items)
    return [left.pop(pick.whole(0, len(left) - 1)) for _ in items]


def either(*kinds: Kind) -> Kind:
    """Return the kind of an argument that is of one of several kinds."""
    return lambda pick, sizes: pick.one_of(kinds)(pick, sizes)


def together(count: int, draw: Callable[[Pick, Sizes], tuple[Sequence[str], Make]]) -> tuple[Kind, ...]:
    """Return the kinds of arguments that follow each other and belong together, as a model and its optimizer.

    Args:
        count: how many.
        draw: returns the words of each, and what makes a tuple of them. The arguments of a case are made in order.
    """
    latest = {}

    def part(k: int) -> Kind:
        def draw_part(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
            if k == 0:
                words, make = draw(pick, sizes)
                latest.update(words=words, make=make, made={})
            make, made = latest["make"], latest["made"]

            def make_part(dtype: torch.dtype) -> object:
                if k == 0:
                    made["all"] = make(dtype)
                return made["all"][k]

            return latest["words"][k], make_part

        return draw_part

    return tuple(part(k) for k in range(count))
