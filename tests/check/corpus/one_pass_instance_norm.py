"""Answers to `instance_norm`, written from its statement alone."""

import torch
from torch.nn import functional as F


def _normed(x, axes=(2, 3), epsilon=1e-5, correction=0):
    variance, mean = torch.var_mean(x, axes, correction=correction, keepdim=True)
    return (x - mean) / (variance + epsilon).sqrt()


def _styled(x, scale, bias):
    return x * scale.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)


def right_as_written(features, scale, bias):
    return _styled(_normed(features), scale, bias)


def right_by_torch(features, scale, bias):
    return F.instance_norm(features, weight=scale, bias=bias, eps=1e-5)


def right_by_group_norm(features, scale, bias):
    return F.group_norm(features, features.shape[1], scale, bias, 1e-5)


def right_loops(features, scale, bias):
    rows = []
    for image in features:
        maps = []
        for c, one in enumerate(image):
            away = one - one.sum() / one.numel()
            maps.append(away * torch.rsqrt((away * away).sum() / one.numel() + 1e-5) * scale[c] + bias[c])
        rows.append(torch.stack(maps))
    return torch.stack(rows)


def right_by_layer_norm_of_maps(features, scale, bias):
    b, c, h, w = features.shape
    flat = F.layer_norm(features.reshape(b, c, h * w), (h * w,), eps=1e-5)
    return torch.einsum("bcm,c->bcm", flat, scale).reshape(b, c, h, w) + bias[None, :, None, None]


def right_by_batch_norm(features, scale, bias):
    b, c = features.shape[:2]
    folded = features.reshape(1, b * c, *features.shape[2:])
    out = F.batch_norm(folded, None, None, scale.repeat(b), bias.repeat(b), training=True, eps=1e-5)
    return out.view_as(features)


def wrong_unchanged(features, scale, bias):
    return features


def wrong_styled_only(features, scale, bias):
    return _styled(features, scale, bias)


def wrong_normed_only(features, scale, bias):
    return _normed(features)


def wrong_batch(features, scale, bias):
    return _styled(_normed(features, (0, 2, 3)), scale, bias)


def wrong_layer(features, scale, bias):
    return _styled(_normed(features, (1, 2, 3)), scale, bias)


def wrong_positions(features, scale, bias):
    return _styled(_normed(features, (1,)), scale, bias)


def wrong_columns(features, scale, bias):
    return _styled(_normed(features, (2,)), scale, bias)


def wrong_rows(features, scale, bias):
    return _styled(_normed(features, (3,)), scale, bias)


def wrong_everything(features, scale, bias):
    return _styled(_normed(features, (0, 1, 2, 3)), scale, bias)


def wrong_unbiased(features, scale, bias):
    return _styled(_normed(features, correction=1), scale, bias)


def wrong_variance(features, scale, bias):
    away = features - features.mean((2, 3), keepdim=True)
    return _styled(away / (away.square().mean((2, 3), keepdim=True) + 1e-5), scale, bias)


def wrong_multiplied(features, scale, bias):
    away = features - features.mean((2, 3), keepdim=True)
    return _styled(away * (away.square().mean((2, 3), keepdim=True) + 1e-5).sqrt(), scale, bias)


def wrong_epsilon_outside(features, scale, bias):
    away = features - features.mean((2, 3), keepdim=True)
    return _styled(away / (away.square().mean((2, 3), keepdim=True).sqrt() + 1e-5), scale, bias)


def wrong_no_epsilon(features, scale, bias):
    return _styled(_normed(features, epsilon=0.0), scale, bias)


def wrong_large_epsilon(features, scale, bias):
    return _styled(_normed(features, epsilon=1e-2), scale, bias)


def wrong_no_bias(features, scale, bias):
    return _normed(features) * scale[:, None, None]


def wrong_no_scale(features, scale, bias):
    return _normed(features) + bias[:, None, None]


def wrong_bias_scaled(features, scale, bias):
    return (_normed(features) + bias[:, None, None]) * scale[:, None, None]


def wrong_exchanged(features, scale, bias):
    return _styled(_normed(features), bias, scale)


def wrong_one_plus_scale(features, scale, bias):
    return _styled(_normed(features), 1 + scale, bias)


def wrong_scale_positive(features, scale, bias):
    return _styled(_normed(features), scale.abs(), bias)


def wrong_not_centered(features, scale, bias):
    return _styled(features / (features.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt(), scale, bias)


def wrong_root_mean_square(features, scale, bias):
    return _styled(features / (features.square().mean((2, 3), keepdim=True) + 1e-5).sqrt(), scale, bias)


def wrong_rectified(features, scale, bias):
    return _styled(_normed(features), scale, bias).relu()


def wrong_detached_statistics(features, scale, bias):
    variance, mean = torch.var_mean(features.detach(), (2, 3), correction=0, keepdim=True)
    return _styled((features - mean) / (variance + 1e-5).sqrt(), scale, bias)


def wrong_detached_scale(features, scale, bias):
    return _styled(_normed(features), scale.detach(), bias)


def wrong_scale_of_first_channel(features, scale, bias):
    return _normed(features) * scale[0] + bias[0]
