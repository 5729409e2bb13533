"""Answers to `dead_channels`, written from its statement alone."""

import torch


def right_any(features):
    return ~(features > 0).any(3).any(2).any(0)


def right_loop(features):
    return torch.tensor([not bool((features[:, c] > 0).any()) for c in range(features.shape[1])])


def right_count(features):
    return (features > 0).sum((0, 2, 3)) == 0


def right_flat(features):
    return features.transpose(0, 1).flatten(1).max(1).values <= 0


def right_numpy(features):
    return torch.from_numpy((features.detach().numpy() <= 0).all(axis=(0, 2, 3)))


def right_einsum(features):
    return torch.einsum("bchw->c", (features > 0).double()).eq(0)


def right_relu(features):
    return features.relu().double().sum(dim=(0, 2, 3)) == 0


def wrong_turned(features):
    return (features > 0).any(3).any(2).any(0)


def wrong_for_each_image(features):
    return features.amax((2, 3)) <= 0


def wrong_first_image_only(features):
    return features[0].amax((1, 2)) <= 0


def wrong_last_image_only(features):
    return features[-1].amax((1, 2)) <= 0


def wrong_in_any_image(features):
    return (features.amax((2, 3)) <= 0).any(0)


def wrong_some_positions(features):
    return (features <= 0).any(3).any(2).any(0)


def wrong_below_zero(features):
    return features.amax((0, 2, 3)) < 0


def wrong_equal_zero(features):
    return features.amax((0, 2, 3)) == 0


def wrong_all_zero(features):
    return (features == 0).all(3).all(2).all(0)


def wrong_sum(features):
    return features.sum((0, 2, 3)) <= 0


def wrong_mean(features):
    return features.mean((0, 2, 3)) <= 0


def wrong_threshold(features):
    return features.amax((0, 2, 3)) <= 0.01


def wrong_tiny_threshold(features):
    return features.amax((0, 2, 3)) < 1e-3


def wrong_absolute(features):
    return features.abs().amax((0, 2, 3)) <= 0


def wrong_squeezed(features):
    return (features.amax((0, 2, 3), keepdim=True) <= 0).squeeze()


def wrong_axes_kept(features):
    return features.amax((0, 2, 3), keepdim=True) <= 0


def wrong_numbers(features):
    return (features.amax((0, 2, 3)) <= 0).nonzero().flatten()


def wrong_share(features):
    return (features <= 0).float().mean((0, 2, 3))


def wrong_over_channels(features):
    return features.amax((0, 1, 2)) <= 0


def wrong_columns_left(features):
    return features.amax((0, 2))[:, 0] <= 0


def wrong_last_position_forgotten(features):
    return features.flatten(2)[..., :-1].clamp(min=0).sum((0, 2)) <= 0


def wrong_border_forgotten(features):
    return features[:, :, 1:-1, 1:-1].relu().sum((0, 2, 3)) <= 0


def wrong_square_only(features):
    side = min(features.shape[2:])
    return features[:, :, :side, :side].amax((0, 2, 3)) <= 0


def wrong_how_many(features):
    return (features.amax((0, 2, 3)) <= 0).sum()


def wrong_least(features):
    return features.amin((0, 2, 3)) <= 0


def wrong_rectified_in_place(features):
    return features.data.relu_().amax((0, 2, 3)) <= 0


def wrong_last_channel_forgotten(features):
    return (features.amax((0, 2, 3)) <= 0)[:-1]
