"""Answers to `feature_drift`, written from its statement alone."""

import torch
from torch.nn import functional as F


def _cosines(before, after):
    a, b = before.flatten(1), after.flatten(1)
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))


def right_norms(before, after):
    return 1 - _cosines(before, after).mean()


def right_loops(before, after):
    drifts = []
    for a, b in zip(before, after, strict=True):
        drifts.append(1 - torch.dot(a.flatten(), b.flatten()) / (a.square().sum() * b.square().sum()).sqrt())
    return sum(drifts) / len(drifts)


def right_unit_vectors(before, after):
    a, b = (w.flatten(1) / w.flatten(1).norm(dim=1, keepdim=True) for w in (before, after))
    return ((a - b).square().sum(1) / 2).mean()


def right_einsum_in_float64(before, after):
    a, b = before.flatten(1).double(), after.flatten(1).double()
    dots, lengths = torch.einsum("nd,nd->n", a, b), (a.square().sum(1) * b.square().sum(1)).sqrt()
    return (1 - dots / lengths).mean().to(before.dtype)


def right_matrix(before, after):
    a, b = F.normalize(before.flatten(1), eps=0), F.normalize(after.flatten(1), eps=0)
    return 1 - torch.trace(a @ b.T) / len(a)


def wrong_cosine(before, after):
    return _cosines(before, after).mean()


def wrong_sum(before, after):
    return (1 - _cosines(before, after)).sum()


def wrong_for_each_filter(before, after):
    return 1 - _cosines(before, after)


def wrong_layer_as_one_vector(before, after):
    return 1 - F.cosine_similarity(before.flatten(), after.flatten(), dim=0)


def wrong_absolute_cosine(before, after):
    return (1 - _cosines(before, after).abs()).mean()


def wrong_squared_cosine(before, after):
    return (1 - _cosines(before, after) ** 2).mean()


def wrong_angle(before, after):
    return _cosines(before, after).clamp(-1, 1).acos().mean()


def wrong_plus(before, after):
    return (1 + _cosines(before, after)).mean()


def wrong_turned(before, after):
    return (_cosines(before, after) - 1).mean()


def wrong_halved(before, after):
    return (1 - _cosines(before, after)).mean() / 2


def wrong_dot(before, after):
    return (1 - (before.flatten(1) * after.flatten(1)).sum(1)).mean()


def wrong_mean_of_products(before, after):
    return (1 - (before.flatten(1) * after.flatten(1)).mean(1)).mean()


def wrong_by_one_length(before, after):
    a, b = before.flatten(1), after.flatten(1)
    return (1 - (a * b).sum(1) / a.square().sum(1)).mean()


def wrong_lengths_not_rooted(before, after):
    a, b = before.flatten(1), after.flatten(1)
    return (1 - (a * b).sum(1) / (a.square().sum(1) * b.square().sum(1))).mean()


def wrong_distance(before, after):
    return (after - before).flatten(1).norm(dim=1).mean()


def wrong_relative_distance(before, after):
    return ((after - before).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)).mean()


def wrong_distance_of_unit_vectors(before, after):
    a, b = F.normalize(before.flatten(1)), F.normalize(after.flatten(1))
    return (a - b).square().sum(1).mean()


def wrong_centered(before, after):
    a, b = (w.flatten(1) - w.flatten(1).mean(1, keepdim=True) for w in (before, after))
    return (1 - F.cosine_similarity(a, b, dim=1)).mean()


def wrong_filters_centered_on_the_layer(before, after):
    a, b = (w.flatten(1) - w.flatten(1).mean(0) for w in (before, after))
    return (1 - F.cosine_similarity(a, b, dim=1)).mean()


def wrong_second_axis(before, after):
    return (1 - F.cosine_similarity(before, after, dim=1)).mean()


def wrong_last_axis(before, after):
    return (1 - F.cosine_similarity(before, after, dim=-1)).mean()


def wrong_filters_as_numbers(before, after):
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1), dim=0)).mean()


def wrong_median(before, after):
    return (1 - _cosines(before, after)).median()


def wrong_largest(before, after):
    return (1 - _cosines(before, after)).max()


def wrong_first_filter(before, after):
    return 1 - _cosines(before, after)[0]


def wrong_last_filter_forgotten(before, after):
    return (1 - _cosines(before, after)[:-1]).sum() / max(1, len(before) - 1)


def wrong_clamped(before, after):
    return (1 - _cosines(before, after)).clamp(max=1).mean()


def wrong_rounded(before, after):
    return torch.round((1 - _cosines(before, after)).mean(), decimals=1)


def wrong_one_axis_kept(before, after):
    return (1 - _cosines(before, after)).mean(0, keepdim=True)


def wrong_normalized_in_place(before, after):
    before /= before.flatten(1).norm(dim=1).view(-1, *[1] * (before.ndim - 1))
    after /= after.flatten(1).norm(dim=1).view(-1, *[1] * (after.ndim - 1))
    return 1 - (before * after).sum() / len(before)


def wrong_four_axes_only(before, after):
    a, b = before.sum((2, 3)), after.sum((2, 3))
    return (1 - F.cosine_similarity(a, b, dim=1)).mean()


def wrong_weighed_by_length(before, after):
    lengths = before.flatten(1).norm(dim=1)
    return ((1 - _cosines(before, after)) * lengths).sum() / lengths.sum()


def wrong_small_number_below(before, after):
    a, b = before.flatten(1), after.flatten(1)
    return (1 - (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1) + 0.1)).mean()
