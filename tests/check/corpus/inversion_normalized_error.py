"""Answers to `normalized_error`, written from its statement alone."""

import torch


def right_norms(features, target):
    return (features - target).flatten(1).norm(dim=1) ** 2 / target.flatten(1).norm(dim=1) ** 2


def right_means(features, target):
    return ((features - target) ** 2).mean((1, 2, 3)) / (target**2).mean((1, 2, 3))


def right_einsum(features, target):
    d = features - target
    return torch.einsum("bchw,bchw->b", d, d) / torch.einsum("bchw,bchw->b", target, target)


def right_image_by_image(features, target):
    return torch.stack([(a - b).square().sum() / b.square().sum() for a, b in zip(features, target, strict=True)])


def right_scaled_first(features, target):
    length = target.double().flatten(1).norm(dim=1)[:, None]
    return ((features.double().flatten(1) - target.double().flatten(1)) / length).square().sum(1).to(features.dtype)


def right_bmm(features, target):
    d, t = (features - target).flatten(1)[:, None], target.flatten(1)[:, None]
    return (d @ d.mT).flatten() / (t @ t.mT).flatten()


def _squares(x):
    return x.square().sum((1, 2, 3))


def wrong_distance_only(features, target):
    return _squares(features - target)


def wrong_mean_distance(features, target):
    return (features - target).square().mean((1, 2, 3))


def wrong_by_the_features(features, target):
    return _squares(features - target) / _squares(features)


def wrong_by_both(features, target):
    return _squares(features - target) / (_squares(features) + _squares(target))


def wrong_by_the_product(features, target):
    return _squares(features - target) / (_squares(features) * _squares(target)).sqrt()


def wrong_root(features, target):
    return (_squares(features - target) / _squares(target)).sqrt()


def wrong_length_not_squared(features, target):
    return _squares(features - target) / _squares(target).sqrt()


def wrong_over_the_batch(features, target):
    return (features - target).square().sum() / target.square().sum()


def wrong_over_the_batch_repeated(features, target):
    return ((features - target).square().sum() / target.square().sum()).expand(len(features))


def wrong_by_the_batch_length(features, target):
    return _squares(features - target) / target.square().sum()


def wrong_by_the_mean_length(features, target):
    return _squares(features - target) / _squares(target).mean()


def wrong_mean_of_the_batch(features, target):
    return (_squares(features - target) / _squares(target)).mean()


def wrong_number_by_number(features, target):
    return ((features - target) / target).square().mean((1, 2, 3))


def wrong_for_each_channel(features, target):
    return (features - target).square().sum((2, 3)) / target.square().sum((2, 3))


def wrong_mean_of_channels(features, target):
    return ((features - target).square().sum((2, 3)) / target.square().sum((2, 3))).mean(1)


def wrong_absolute(features, target):
    return (features - target).abs().sum((1, 2, 3)) / target.abs().sum((1, 2, 3))


def wrong_sum_by_mean(features, target):
    return _squares(features - target) / target.square().mean((1, 2, 3))


def wrong_mean_by_sum(features, target):
    return (features - target).square().mean((1, 2, 3)) / _squares(target)


def wrong_square_of_sums(features, target):
    return (features - target).sum((1, 2, 3)).square() / target.sum((1, 2, 3)).square()


def wrong_variance_of_the_target(features, target):
    return _squares(features - target) / _squares(target - target.mean((1, 2, 3), keepdim=True))


def wrong_sum_for_difference(features, target):
    return _squares(features + target) / _squares(target)


def wrong_difference_of_squares(features, target):
    return (_squares(features) - _squares(target)).abs() / _squares(target)


def wrong_similarity(features, target):
    return 1 - _squares(features - target) / _squares(target)


def wrong_small_number_below(features, target):
    return _squares(features - target) / (_squares(target) + 1)


def wrong_halved(features, target):
    return _squares(features - target) / _squares(target) / 2


def wrong_detached(features, target):
    return _squares(features.detach() - target) / _squares(target)


def wrong_half_of_the_slope(features, target):
    d = features - target
    return (d * d.detach()).sum((1, 2, 3)) / _squares(target)


def wrong_first_image(features, target):
    return (_squares(features - target) / _squares(target))[:1]


def wrong_first_target(features, target):
    return _squares(features - target[:1]) / _squares(target[:1])


def wrong_in_place(features, target):
    features.data -= target
    return _squares(features) / _squares(target)


def wrong_axis_kept(features, target):
    return (_squares(features - target) / _squares(target))[:, None]


def wrong_slope_of_nan_at_the_target(features, target):
    return (_squares(features - target).sqrt() / _squares(target).sqrt()) ** 2


def wrong_clamped(features, target):
    return (_squares(features - target) / _squares(target)).clamp(max=1)
