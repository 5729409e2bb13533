"""Answers to `by_chance`, written from its statement alone."""

import math
from math import comb

import numpy as np
from scipy.stats import binom, norm


def right_sum(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen, rounds + 1)) / 2**rounds


def right_complement(chosen, rounds):
    return 1 - sum(comb(rounds, k) * 0.5**rounds for k in range(chosen))


def right_survival(chosen, rounds):
    return float(binom.sf(chosen - 1, rounds, 0.5))


def right_numpy(chosen, rounds):
    ways = np.array([comb(rounds, k) for k in range(rounds + 1)], dtype=float)
    return ways[chosen:].sum() / ways.sum()


def right_recursion(chosen, rounds):
    if chosen <= 0:
        return 1.0
    table = np.zeros((rounds + 1, chosen + 1))
    table[:, 0] = 1.0
    for n in range(1, rounds + 1):
        for k in range(1, chosen + 1):
            table[n, k] = (table[n - 1, k] + table[n - 1, k - 1]) / 2
    return table[rounds, chosen]


def right_convolution(chosen, rounds):
    row = np.array([1.0])
    for _ in range(rounds):
        row = np.convolve(row, [0.5, 0.5])
    return row[chosen:].sum()


def wrong_exactly(chosen, rounds):
    return comb(rounds, chosen) / 2**rounds


def wrong_more(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen + 1, rounds + 1)) / 2**rounds


def wrong_without_the_last(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen, rounds)) / 2**rounds


def wrong_at_most(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen + 1)) / 2**rounds


def wrong_less(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen)) / 2**rounds


def wrong_two_sides(chosen, rounds):
    return min(1, 2 * right_sum(chosen, rounds))


def wrong_not_divided(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen, rounds + 1))


def wrong_by_rounds_squared(chosen, rounds):
    return sum(comb(rounds, k) for k in range(chosen, rounds + 1)) / rounds**2


def wrong_half_each(chosen, rounds):
    return 0.5**chosen


def wrong_half_each_round(chosen, rounds):
    return 0.5**rounds


def wrong_share(chosen, rounds):
    return chosen / rounds


def wrong_bell(chosen, rounds):
    return float(norm.sf((chosen - rounds / 2) / math.sqrt(rounds / 4)))


def wrong_bell_corrected(chosen, rounds):
    return float(norm.sf((chosen - 0.5 - rounds / 2) / math.sqrt(rounds / 4)))


def wrong_permutations(chosen, rounds):
    return sum(math.perm(rounds, k) for k in range(chosen, rounds + 1)) / 2**rounds


def wrong_survival_as_it_comes(chosen, rounds):
    return float(binom.sf(chosen, rounds, 0.5))


def wrong_uniform(chosen, rounds):
    return (rounds - chosen + 1) / (rounds + 1)


def wrong_simulated(chosen, rounds):
    rng = np.random.default_rng(0)
    return float((rng.integers(0, 2, (200, rounds)).sum(1) >= chosen).mean())


def wrong_with_half_of_it(chosen, rounds):
    return right_sum(chosen, rounds) - 0.5 * comb(rounds, chosen) / 2**rounds


def wrong_one_round_more(chosen, rounds):
    return right_sum(chosen, rounds + 1)


def wrong_in_percent(chosen, rounds):
    return 100 * right_sum(chosen, rounds)


def wrong_other_picture(chosen, rounds):
    return right_sum(rounds - chosen, rounds)


def wrong_three_choices(chosen, rounds):
    return float(binom.sf(chosen - 1, rounds, 1 / 3))
