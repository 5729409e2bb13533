"""The exercise ``pyramid_sizes``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

from nstlib.check.drawing import either, whole
from nstlib.check.exercise import Case, Exercise, Function, law, mistake


def pyramid_sizes(size: int, smallest: int) -> list[int]:
    """Return the sizes of a coarse-to-fine run: ``size / 2**k``, rounded to the nearest (halves up), coarse to fine.

    Args:
        size: of the picture, in pixels; it always is the last.
        smallest: no other size is below it; at least 2.
    """
    sizes, k = [size], 1
    while (coarser := (size + 2 ** (k - 1)) // 2**k) >= smallest:
        sizes, k = [coarser, *sizes], k + 1
    return sizes


def _sizes_case(size: int, smallest: int) -> Case:
    return Case(f"size {size}, smallest {smallest}", lambda _: (size, smallest))


def _sizes(function: Function, size: int, smallest: int) -> list[int]:
    return [int(number) for number in function(size, smallest)]


@law("512 down to 64 is 64, 128, 256, 512")
def powers(function: Function) -> bool:
    return _sizes(function, 512, 64) == [64, 128, 256, 512]


@law("it ends with `size`, however small that is")
def end(function: Function) -> bool:
    return all(_sizes(function, size, 50)[-1] == size for size in (40, 50, 99, 100, 777))


@law("nothing but `size` is below `smallest`, and the next coarser one would be")
def floor(function: Function) -> bool:
    """None is below the smallest, and one more would be."""
    for size, smallest in ((777, 20), (640, 40), (301, 76)):
        sizes = _sizes(function, size, smallest)
        if min(sizes) < smallest or int(size / 2 ** len(sizes) + 0.5) >= smallest:
            return False
    return True


@law("each is size / 2**k, at most half a pixel off")
def halves(function: Function) -> bool:
    sizes = _sizes(function, 1237, 30)
    exact = [1237 / 2**k for k in reversed(range(len(sizes)))]
    return len(sizes) > 3 and all(-0.5 < a - b <= 0.5 for a, b in zip(sizes, exact, strict=True))


@law("a picture of twice the size has one more level, and the others are the same")
def twice(function: Function) -> bool:
    return _sizes(function, 2 * 333, 20) == [*_sizes(function, 333, 20), 666]


Rounding = Callable[[int, int], float]


def _to_nearest(size: int, k: int) -> int:
    return int(size / 2**k + 0.5)


def _again_and_again(size: int, k: int) -> int:
    return -(-size // 2**k)  # a half rounded up k times is the whole rounded up


def _down(size: int, k: int) -> int:
    return size // 2**k


def _to_even(size: int, k: int) -> int:
    return round(size / 2**k)


def _to_even_again_and_again(size: int, k: int) -> int:
    for _ in range(k):
        size = round(size / 2)
    return size


def _not_at_all(size: int, k: int) -> float:
    return size / 2**k


_ROUNDINGS = (_to_nearest, _again_and_again, _down, _to_even, _to_even_again_and_again)


def _levels(size: int, smallest: int, rounded: Rounding) -> list[float]:
    levels = [rounded(size, k) for k in range(12, 0, -1)]
    return [*(level for level in levels if level >= smallest), size]


def _rounded(rounding: Rounding) -> Function:
    return lambda size, smallest: _levels(size, smallest, rounding)


def _misshapen(change: Callable[[int, int, Rounding], list]) -> tuple[Function, ...]:
    """Return the same mistake with each way of rounding: the shape of the list is what is told first."""
    return tuple(lambda size, smallest, r=rounding: change(size, smallest, r) for rounding in _ROUNDINGS)


def _turned(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _levels(size, smallest, rounded)[::-1]


def _one_below(size: int, smallest: int, rounded: Rounding) -> list[float]:
    sizes = _levels(size, smallest, rounded)
    return [rounded(size, len(sizes)), *sizes]


def _one_below_if_large(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _one_below(size, smallest, rounded) if size >= smallest else [size]


def _one_below_unless_equal(size: int, smallest: int, rounded: Rounding) -> list[float]:
    sizes = _levels(size, smallest, rounded)
    return _one_below(size, smallest, rounded) if sizes[0] > smallest else sizes


def _equal_left_out(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _levels(size, smallest + 1, rounded)


def _without_size(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return _levels(size, smallest, rounded)[:-1]


def _without_a_small_size(size: int, smallest: int, rounded: Rounding) -> list[float]:
    return [level for level in _levels(size, smallest, rounded) if level >= smallest]


fine_to_coarse = mistake(
    "The order is fine to coarse. With which size does a coarse-to-fine run begin?", "fine_to_coarse"
)(*_misshapen(_turned))


one_below_smallest = mistake(
    "There is one size too many, which is below `smallest`. Does your loop look at the size it is about to add, or "
    "at the one before?",
    "one_below_smallest",
)(*_misshapen(_one_below), *_misshapen(_one_below_if_large), *_misshapen(_one_below_unless_equal))


equal_left_out = mistake(
    "A size that equals `smallest` is left out. None may be *smaller*: is it > where >= is meant?", "equal_left_out"
)(*_misshapen(_equal_left_out))


size_lost = mistake(
    "`size` itself is missing, always or where it is below `smallest`. The run ends with the picture as it was "
    "asked for, however small.",
    "size_lost",
)(*_misshapen(_without_size), *_misshapen(_without_a_small_size))


rounded_too_high = mistake(
    "31.25 becomes 32. Either every size is rounded up, or each is half of one that was rounded before: 62.5, 63, "
    "31.5, 32. Divide `size` itself by 2**k, and round to the nearest.",
    "rounded_too_high",
)(_rounded(_again_and_again))


rounded_down = mistake(
    "The sizes are rounded down, as `//` and `int` do. The nearest whole number is asked for: what does adding a "
    "half before change?",
    "rounded_down",
)(_rounded(_down))


halves_to_even = mistake(
    "Python's `round` sends a half to the even neighbor: 62.5 becomes 62, and 63.5 becomes 64. Halves should go up.",
    "halves_to_even",
)(_rounded(_to_even), _rounded(_to_even_again_and_again))


fractions = mistake("Some sizes are fractions. A picture has whole pixels: round.", "fractions")(_rounded(_not_at_all))


@mistake("A size is left out that is below `smallest` before rounding, but not after. Round first, then compare.")
def compared_before_rounding(size: int, smallest: int) -> list[int]:
    return [int(level + 0.5) for level in _levels(size, smallest, _not_at_all)]


@mistake(
    "The sizes start from `smallest` and are doubled, so the last step is no doubling. Start from `size`, and halve."
)
def doubled_from_smallest(size: int, smallest: int) -> list[int]:
    sizes = [smallest]
    while 2 * sizes[-1] < size:
        sizes.append(2 * sizes[-1])
    return [*sizes, size] if smallest < size else [size]


@mistake("Only `size` is there. Which coarser sizes come before it?")
def size_alone(size: int, smallest: int) -> list[int]:
    return [size]


EXERCISE = Exercise(
    __name__,
    title="From coarse to fine",
    difficulty=1,
    minutes=8,
    signature="pyramid_sizes(size, smallest)",
    hints=(
        "Count the halvings: level k of the pyramid has size / 2**k. Begin at the top, with k = 0, stop before it gets "
        "too small, and turn the list around at the end.",
        "Round each level by itself, from the original size: errors of one rounding must not enter the next. Python's "
        "`round` sends 62.5 to 62, the even neighbor; rounding halves up is `int(x + 0.5)`.",
        "`sizes = [size]`, then while `int(size / 2 ** len(sizes) + 0.5)` is not below `smallest`, put it in front.",
    ),
    reference=pyramid_sizes,
    cases=(
        _sizes_case(64, 100),
        _sizes_case(500, 100),
        _sizes_case(1000, 30),
        _sizes_case(90, 23),
        _sizes_case(256, 32),
        _sizes_case(333, 10),
        _sizes_case(418, 52),
        _sizes_case(97, 13),
    ),
    takes={"size": either(whole(1, 40), whole(1, 1100)), "smallest": either(whole(2, 5), whole(2, 120))},
    drawn=30,
    verified="halves of halves down to the smallest, each rounded once",
)
