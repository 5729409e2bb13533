"""Answers to `mix_grams`, written from its statement alone."""

import numpy as np
import torch


def _shares(weights):
    return weights / weights.sum()


def right_einsum(grams, weights):
    shares = _shares(weights)
    target = torch.einsum("s,sij->ij", shares, grams)
    return target, torch.einsum("s,sij->", shares, (grams - target) ** 2) / target.numel()


def right_loop(grams, weights):
    shares = _shares(weights)
    target = torch.zeros_like(grams[0])
    for share, gram in zip(shares, grams, strict=True):
        target = target + share * gram
    left = 0
    for share, gram in zip(shares, grams, strict=True):
        left = left + share * ((gram - target) ** 2).mean()
    return target, left


def right_matmul(grams, weights):
    shares = _shares(weights)
    target = (shares @ grams.flatten(1)).view(grams.shape[1:])
    return target, shares @ (grams - target).flatten(1).square().mean(1)


def right_steiner(grams, weights):
    shares = _shares(weights).view(-1, 1, 1)
    target = (shares * grams).sum(0)
    return target, ((shares * grams**2).sum(0) - target**2).mean()


def right_solved(grams, weights):
    shares = _shares(weights)
    c = grams.shape[1]
    rows = shares.sqrt()[:, None]
    target = torch.linalg.pinv(rows) @ (rows * grams.flatten(1))
    target = target.view(c, c)
    return target, (shares[:, None, None] * (grams - target).square()).sum() / (c * c)


def right_as_a_list(grams, weights):
    target, left = right_matmul(grams, weights)
    return [target, left]


def right_mse(grams, weights):
    shares = _shares(weights)
    target = sum(share * gram for share, gram in zip(shares, grams, strict=True))
    losses = [torch.nn.functional.mse_loss(gram, target) for gram in grams]
    return target, (shares * torch.stack(losses)).sum()


def wrong_not_scaled(grams, weights):
    target = (weights[:, None, None] * grams).sum(0)
    return target, (weights * (grams - target).square().mean((1, 2))).sum()


def wrong_target_not_scaled(grams, weights):
    target, left = right_matmul(grams, weights)
    return target * weights.sum(), left


def wrong_left_not_scaled(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left * weights.sum()


def wrong_equal(grams, weights):
    return right_matmul(grams, torch.ones_like(weights))


def wrong_left_equal(grams, weights):
    target, _ = right_matmul(grams, weights)
    return target, (grams - target).square().mean()


def wrong_softmax(grams, weights):
    return right_matmul(grams, weights.softmax(0))


def wrong_squared_weights(grams, weights):
    return right_matmul(grams, weights.square())


def wrong_over_count(grams, weights):
    target = (weights[:, None, None] * grams).mean(0)
    return target, (weights * (grams - target).square().mean((1, 2))).mean()


def wrong_sum_over_entries(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left * target.numel()


def wrong_over_channels(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left * target.shape[0]


def wrong_root(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, (left + 1e-20).sqrt()


def wrong_absolute(grams, weights):
    shares = _shares(weights)
    target, _ = right_matmul(grams, weights)
    return target, (shares * (grams - target).abs().mean((1, 2))).sum()


def wrong_half(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left / 2


def wrong_zero(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left * 0


def wrong_relative(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left / target.square().mean()


def wrong_exchanged(grams, weights):
    target, left = right_matmul(grams, weights)
    return left, target


def wrong_target_only(grams, weights):
    return right_matmul(grams, weights)[0]


def wrong_left_per_style(grams, weights):
    shares = _shares(weights)
    target, _ = right_matmul(grams, weights)
    return target, shares * (grams - target).square().mean((1, 2))


def wrong_left_per_entry(grams, weights):
    shares = _shares(weights)
    target, _ = right_matmul(grams, weights)
    return target, (shares[:, None, None] * (grams - target).square()).sum(0)


def wrong_strongest(grams, weights):
    target = grams[weights.argmax()]
    return target, (_shares(weights) * (grams - target).square().mean((1, 2))).sum()


def wrong_median(grams, weights):
    target = grams.median(0).values
    return target, (_shares(weights) * (grams - target).square().mean((1, 2))).sum()


def wrong_first(grams, weights):
    target = grams[0].clone()
    return target, (_shares(weights) * (grams - target).square().mean((1, 2))).sum()


def wrong_squares(grams, weights):
    target, _ = right_matmul(grams, weights)
    return target, (_shares(weights) * grams.square().mean((1, 2))).sum()


def wrong_loss_at_zero_minus(grams, weights):
    target, _ = right_matmul(grams, weights)
    return target, target.square().mean() - (_shares(weights) * grams.square().mean((1, 2))).sum()


def wrong_detached(grams, weights):
    target, left = right_matmul(grams.detach(), weights)
    return target, left


def wrong_left_detached(grams, weights):
    target, left = right_matmul(grams, weights)
    return target, left.detach()


def wrong_scaled_in_place(grams, weights):
    weights /= weights.sum()
    return right_matmul(grams, weights)


def wrong_keepdim(grams, weights):
    target, left = right_matmul(grams, weights)
    return target[None], left


def wrong_geometric(grams, weights):
    logs = np.log(grams.abs().detach().numpy() + 1e-12)
    target = torch.from_numpy(np.exp((_shares(weights).numpy()[:, None, None] * logs).sum(0)))
    return target, (_shares(weights) * (grams - target).square().mean((1, 2))).sum()


def wrong_reversed_weights(grams, weights):
    return right_matmul(grams, weights.flip(0))


def wrong_inverse_weights(grams, weights):
    return right_matmul(grams, 1 / weights)


def wrong_mean_over_styles_too(grams, weights):
    shares = weights / weights.sum()
    target = (shares[:, None, None] * grams).sum(0)
    return target, (shares[:, None, None] * (grams - target) ** 2).mean()


def wrong_target_alone(grams, weights):
    return (weights[:, None, None] * grams).sum(0) / weights.sum()
