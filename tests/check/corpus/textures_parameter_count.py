"""Answers to `parameter_count`, written from its statement alone."""

import itertools
import math

import numpy as np
import torch


def right_formula(network, layers):
    return sum(network.channels(layer) * (network.channels(layer) + 1) // 2 for layer in layers)


def right_pairs(network, layers):
    return sum(math.comb(network.channels(layer), 2) + network.channels(layer) for layer in layers)


def right_triangles(network, layers):
    total = 0
    for layer in layers:
        total += torch.ones(network.channels(layer), network.channels(layer)).triu().count_nonzero().item()
    return total


def right_sums(network, layers):
    return sum(sum(range(network.channels(layer) + 1)) for layer in layers)


def right_numpy(network, layers):
    c = np.array([network.channels(layer) for layer in layers], dtype=np.int64)
    return int((c * (c + 1) // 2).sum())


def _c(network, layers):
    return [network.channels(layer) for layer in layers]


def wrong_all_numbers(network, layers):
    return sum(c * c for c in _c(network, layers))


def wrong_half(network, layers):
    return sum(c * c // 2 for c in _c(network, layers))


def wrong_half_rounded(network, layers):
    return sum(round(c * c / 2) for c in _c(network, layers))


def wrong_without_diagonal(network, layers):
    return sum(c * (c - 1) // 2 for c in _c(network, layers))


def wrong_diagonals(network, layers):
    return sum(_c(network, layers))


def wrong_halved_too_early(network, layers):
    return sum(c // 2 * (c + 1) for c in _c(network, layers))


def wrong_halved_too_early_again(network, layers):
    return sum(c * ((c + 1) // 2) for c in _c(network, layers))


def wrong_one_division_for_all(network, layers):
    return sum(c * c for c in _c(network, layers)) // 2 + sum(_c(network, layers)) // 2


def wrong_not_halved(network, layers):
    return sum(c * (c + 1) for c in _c(network, layers))


def wrong_last_layer(network, layers):
    c = network.channels(layers[-1])
    return c * (c + 1) // 2


def wrong_first_layer(network, layers):
    c = network.channels(layers[0])
    return c * (c + 1) // 2


def wrong_last_layer_forgotten(network, layers):
    return sum(c * (c + 1) // 2 for c in _c(network, layers)[:-1])


def wrong_layers_put_together(network, layers):
    c = sum(_c(network, layers))
    return c * (c + 1) // 2


def wrong_product(network, layers):
    return math.prod(c * (c + 1) // 2 for c in _c(network, layers))


def wrong_largest(network, layers):
    return max(c * (c + 1) // 2 for c in _c(network, layers))


def wrong_mean(network, layers):
    return sum(c * (c + 1) // 2 for c in _c(network, layers)) // len(layers)


def wrong_equal_layers_once(network, layers):
    return sum(c * (c + 1) // 2 for c in set(_c(network, layers)))


def wrong_pairs_of_neighbors(network, layers):
    return sum(a * b for a, b in itertools.pairwise(_c(network, layers)))


def wrong_by_layer(network, layers):
    return {layer: c * (c + 1) // 2 for layer, c in zip(layers, _c(network, layers), strict=True)}


def wrong_weights(network, layers):
    return sum(9 * c * c + c for c in _c(network, layers))


def wrong_paper(network, layers):
    return 176_640


def wrong_even_only(network, layers):
    return sum(c // 2 * c + c // 2 for c in _c(network, layers))


def wrong_plus_two(network, layers):
    return sum(c * (c + 1) // 2 + 1 for c in _c(network, layers))


def wrong_a_fraction(network, layers):
    return sum(c * (c + 1) / 2 + 0.25 for c in _c(network, layers))


def wrong_layers_used_up(network, layers):
    total = 0
    while layers:
        c = network.channels(layers.pop())
        total += c * (c + 1) // 2
    return total


def wrong_thousands(network, layers):
    return round(sum(c * (c + 1) // 2 for c in _c(network, layers)), -2)


_total = [0]


def wrong_total_of_all_calls(network, layers):
    _total[0] += sum(c * (c + 1) // 2 for c in _c(network, layers))
    return _total[0]
