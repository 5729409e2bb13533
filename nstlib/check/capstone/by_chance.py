"""The exercise ``by_chance``, and the mistakes that people make in it."""

from __future__ import annotations

import math
from itertools import pairwise

import torch

from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake


def by_chance(chosen: int, rounds: int) -> float:
    """Return how likely somebody who sees no difference chooses yours at least that often."""
    return sum(math.comb(rounds, k) for k in range(chosen, rounds + 1)) / 2**rounds


def _rounds_case(chosen: int, rounds: int) -> Case:
    return Case(f"chosen {chosen} times in {rounds} rounds", lambda dtype: (chosen, rounds))


def _found(function: Function, chosen: int, rounds: int) -> float:
    return float(torch.as_tensor(function(chosen, rounds)))


@law("at least never is certain")
def never(function: Function) -> bool:
    return all(close(_found(function, 0, rounds), 1.0) for rounds in (1, 5, 12))


@law("every time is one half, as often as there are rounds")
def always(function: Function) -> bool:
    return all(close(_found(function, rounds, rounds), 0.5**rounds) for rounds in (1, 3, 10))


@law("what is chosen at least so often, and what is not, are 1 together")
def both_sides(function: Function) -> bool:
    """Yours at least k times, or the other one at least n - k + 1 times: one of the two happens. A coin has two sides."""
    return all(close(_found(function, k, 9) + _found(function, 10 - k, 9), 1.0) for k in range(1, 10))


@law("one more round is a coin toss between chosen once more and not")
def one_more_round(function: Function) -> bool:
    halves = (_found(function, 4, 8) + _found(function, 3, 8)) / 2
    return close(_found(function, 4, 9), halves)


@law("choosing more often is less likely")
def falls(function: Function) -> bool:
    found = [_found(function, k, 7) for k in range(8)]
    return all(more < less for less, more in pairwise(found))


@mistake(
    "This is the chance of choosing yours *exactly* that often. Had it been more, you would be as pleased: all those count, "
    "too."
)
def exactly(chosen: int, rounds: int) -> float:
    return math.comb(rounds, chosen) / 2**rounds


@mistake("This leaves out what you found itself. *At least* that often: the sum begins at `chosen`.")
def more_often(chosen: int, rounds: int) -> float:
    return by_chance(chosen + 1, rounds)


@mistake("This is the other side: at *most* that often. Which results would be as good for you as this one, or better?")
def at_most(chosen: int, rounds: int) -> float:
    return 1 - by_chance(chosen + 1, rounds)


@mistake("This is the other side: *less* often than that. Take it away from 1.")
def less_often(chosen: int, rounds: int) -> float:
    return 1 - by_chance(chosen, rounds)


@mistake(
    "This counts both sides: also that the *other* picture is chosen as often. The question here has one side only, yours."
)
def two_sided(chosen: int, rounds: int) -> float:
    return min(1.0, 2 * by_chance(chosen, rounds))


@mistake(
    "One half for each time it was chosen: that is the chance of choosing it in *those* rounds. In how many ways can they "
    "be picked among all rounds, and what about the other rounds?"
)
def halves(chosen: int, rounds: int) -> float:
    return 0.5**chosen


@mistake(
    "The sum ends one too early: `range` stops before its end. Chosen in *every* round is at least that often, too."
)
def last_left_out(chosen: int, rounds: int) -> float:
    return by_chance(chosen, rounds) - 0.5**rounds


@mistake(
    "Each count is taken for as likely as any other. There are more ways to be chosen half of the time than never."
)
def counts_alike(chosen: int, rounds: int) -> float:
    return (rounds - chosen + 1) / (rounds + 1)


@mistake("The chance in a round is one half, whatever was found: nobody knows yet that yours is better.")
def with_its_own_share(chosen: int, rounds: int) -> float:
    share = chosen / rounds
    ways = ((k, math.comb(rounds, k)) for k in range(chosen, rounds + 1))
    return sum(count * share**k * (1 - share) ** (rounds - k) for k, count in ways)


@mistake("This is the share that was chosen, not how likely that is by chance.")
def share(chosen: int, rounds: int) -> float:
    return chosen / rounds


def normal_with_half(chosen: int, rounds: int) -> float:
    return 0.5 * math.erfc((chosen - 0.5 - rounds / 2) / math.sqrt(rounds / 2))


@mistake(
    "A bell curve in place of the coins. With so few rounds it is off by percents: count instead, `math.comb(rounds, k)` "
    "ways of 2**rounds.",
    variants=(normal_with_half,),
)
def normal(chosen: int, rounds: int) -> float:
    return 0.5 * math.erfc((chosen - rounds / 2) / math.sqrt(rounds / 2))


@mistake("These are ways, not yet a chance: there are 2**rounds of them in all. Divide.")
def ways(chosen: int, rounds: int) -> float:
    return float(sum(math.comb(rounds, k) for k in range(chosen, rounds + 1)))


def _some_rounds(pick: Pick, sizes: Sizes) -> tuple[tuple[str, str], Make]:
    rounds = pick.whole(1, 24)
    chosen = pick.whole(0, rounds)
    return (f"{chosen}", f"{rounds}"), lambda dtype: (chosen, rounds)


EXERCISE = Exercise(
    __name__,
    title="Could a coin have done it?",
    difficulty=1,
    minutes=10,
    signature="by_chance(chosen, rounds)",
    hints=(
        "Somebody who sees no difference tosses a coin in each round. Write down all rows of heads and tails for three "
        "rounds: how many of the eight have at least two heads?",
        "`math.comb(rounds, k)` rows have exactly `k` heads. Which `k` are as good for you as what you found, or better? "
        "All rows together are `2**rounds`.",
        "`sum(math.comb(rounds, k) for k in range(chosen, rounds + 1)) / 2**rounds`.",
    ),
    reference=by_chance,
    cases=tuple(
        _rounds_case(*each) for each in ((4, 5), (5, 5), (0, 4), (7, 12), (1, 1), (3, 8), (15, 20), (2, 3), (0, 1))
    ),
    takes=dict(zip(("chosen", "rounds"), together(2, _some_rounds), strict=True)),
    drawn=9,
    verified="the rows of coins that are at least as good, of all rows",
)
