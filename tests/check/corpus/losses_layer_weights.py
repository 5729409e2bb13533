import itertools

import numpy as np
import torch


def right_powers(layers, ratio):
    total = sum(ratio**i for i in range(len(layers)))
    return {layer: ratio**i / total for i, layer in enumerate(layers)}


def right_running(layers, ratio):
    weights, weight = {}, 1.0
    for layer in layers:
        weights[layer] = weight
        weight *= ratio
    total = sum(weights.values())
    for layer in weights:
        weights[layer] /= total
    return weights


def right_accumulate(layers, ratio):
    raw = list(itertools.accumulate([1.0] + [ratio] * (len(layers) - 1), lambda a, b: a * b))
    return dict(zip(layers, [r / sum(raw) for r in raw], strict=True))


def right_numpy(layers, ratio):
    raw = np.float64(ratio) ** np.arange(len(layers))
    return dict(zip(layers, (raw / raw.sum()).tolist(), strict=True))


def right_tensor(layers, ratio):
    raw = torch.tensor(float(ratio), dtype=torch.float64) ** torch.arange(len(layers))
    return {layer: w.item() for layer, w in zip(layers, raw / raw.sum(), strict=True)}


def right_numpy_scalars(layers, ratio):
    raw = np.array([float(ratio) ** i for i in range(len(layers))])
    return {layer: raw[i] / raw.sum() for i, layer in enumerate(layers)}


def right_geometric(layers, ratio):
    n = len(layers)
    first = 1 / n if ratio == 1 else (1 - ratio) / (1 - ratio**n)
    return {layer: first * ratio**i for i, layer in enumerate(layers)}


def wrong_not_normalized(layers, ratio):
    return {layer: ratio**i for i, layer in enumerate(layers)}


def wrong_reversed(layers, ratio):
    return right_powers(layers[::-1], ratio)


def wrong_reversed_values(layers, ratio):
    weights = right_powers(layers, ratio)
    return dict(zip(layers, reversed(weights.values()), strict=True))


def wrong_equal(layers, ratio):
    return {layer: 1 / len(layers) for layer in layers}


def wrong_linear(layers, ratio):
    raw = [1 + i * (ratio - 1) for i in range(len(layers))]
    return {layer: r / sum(raw) for layer, r in zip(layers, raw, strict=True)}


def wrong_mean_one(layers, ratio):
    return {layer: w * len(layers) for layer, w in right_powers(layers, ratio).items()}


def wrong_max_one(layers, ratio):
    weights = right_powers(layers, ratio)
    return {layer: w / max(weights.values()) for layer, w in weights.items()}


def wrong_sum_of_squares(layers, ratio):
    raw = [ratio**i for i in range(len(layers))]
    return {layer: r / sum(x * x for x in raw) ** 0.5 for layer, r in zip(layers, raw, strict=True)}


def wrong_sorted_names(layers, ratio):
    return right_powers(sorted(layers), ratio)


def wrong_list(layers, ratio):
    return list(right_powers(layers, ratio).values())


def wrong_by_index(layers, ratio):
    return dict(enumerate(right_powers(layers, ratio).values()))


def wrong_last_forgotten(layers, ratio):
    return right_powers(layers[:-1] or layers, ratio) if len(layers) < 2 else right_powers(layers[:-1], ratio)


def wrong_last_zero(layers, ratio):
    weights = right_powers(layers, ratio)
    if len(weights) > 1:
        weights[layers[-1]] = 0.0
    return weights


def wrong_total_one_more(layers, ratio):
    total = sum(ratio**i for i in range(len(layers) + 1))
    return {layer: ratio**i / total for i, layer in enumerate(layers)}


def wrong_rounded(layers, ratio):
    return {layer: round(w, 2) for layer, w in right_powers(layers, ratio).items()}


def wrong_integer_division(layers, ratio):
    total = sum(ratio**i for i in range(len(layers)))
    return {layer: ratio**i // total for i, layer in enumerate(layers)}


def wrong_five_layers(layers, ratio):
    total = sum(ratio**i for i in range(5))
    return {layer: ratio**i / total for i, layer in enumerate(layers)}


def wrong_softmax(layers, ratio):
    raw = torch.softmax(torch.arange(len(layers), dtype=torch.float64) * ratio, 0)
    return dict(zip(layers, raw.tolist(), strict=True))


def wrong_difference(layers, ratio):
    raw = [1 + ratio * i for i in range(len(layers))]
    return {layer: r / sum(raw) for layer, r in zip(layers, raw, strict=True)}


def wrong_geometric_by_zero(layers, ratio):
    n = len(layers)
    return {layer: (1 - ratio) / (1 - ratio**n) * ratio**i for i, layer in enumerate(layers)}


def wrong_normalized_as_it_goes(layers, ratio):
    weights = {layer: ratio**i for i, layer in enumerate(layers)}
    for layer in weights:
        weights[layer] /= sum(weights.values())
    return weights


def wrong_first_zero_power_one(layers, ratio):
    raw = [ratio**i if i else 0 for i in range(len(layers))]
    return {layer: r / (sum(raw) or 1) for layer, r in zip(layers, raw, strict=True)}


_kept = {}


def wrong_remembers_layers(layers, ratio):
    _kept.update({layer: ratio**i for i, layer in enumerate(layers)})
    total = sum(_kept.values())
    return {layer: w / total for layer, w in _kept.items()}


def wrong_strings(layers, ratio):
    return {layer: f"{w:.6f}" for layer, w in right_powers(layers, ratio).items()}


def wrong_pops(layers, ratio):
    raw, names = [], []
    while layers:
        names.append(layers.pop(0))
        raw.append(ratio ** len(raw))
    return {layer: r / sum(raw) for layer, r in zip(names, raw, strict=True)}


def wrong_ratio_below_one(layers, ratio):
    return right_powers(layers, min(ratio, 1 / ratio))


def wrong_power_of_depth(layers, ratio):
    raw = [(i + 1) ** ratio for i in range(len(layers))]
    return {layer: r / sum(raw) for layer, r in zip(layers, raw, strict=True)}
