"""Answers to `inversion_loss`, written from its statement alone."""

import functools

import torch
from torch.nn import functional as F


def _error(found, target):
    return (found - target).pow(2).flatten(1).sum(1) / target.pow(2).flatten(1).sum(1)


def _squares(image):
    return image.diff(dim=3).square().sum((1, 2, 3)) + image.diff(dim=2).square().sum((1, 2, 3))


def right_squares(image, see, target, weight, slope):
    return _error(see(image), target) + weight * _squares(image) / (image[0].numel() * slope**2)


def right_means(image, see, target, weight, slope):
    found = see(image)
    error = ((found - target) ** 2).mean((1, 2, 3)) / (target**2).mean((1, 2, 3))
    dx, dy = F.pad(image.diff(dim=3), (0, 1)), F.pad(image.diff(dim=2), (0, 0, 0, 1))
    return error + weight * (dx**2 + dy**2).mean((1, 2, 3)) / slope**2


def right_with_epsilon(image, see, target, weight, slope):
    epsilon = 1e-8
    dx, dy = F.pad(image.diff(dim=3), (0, 1)), F.pad(image.diff(dim=2), (0, 0, 0, 1))
    roughness = ((dx**2 + dy**2 + epsilon) - epsilon).sum((1, 2, 3))
    return _error(see(image), target) + weight / (image[0].numel() * slope * slope) * roughness


def right_image_by_image(image, see, target, weight, slope):
    losses = []
    for one, found, goal in zip(image, see(image), target, strict=True):
        error = torch.sum((found - goal) ** 2) / torch.sum(goal**2)
        rough = (one[:, 1:] - one[:, :-1]).pow(2).sum() + (one[..., 1:] - one[..., :-1]).pow(2).sum()
        losses.append(error + weight * rough / one.numel() / slope**2)
    return torch.stack(losses)


def right_einsum(image, see, target, weight, slope):
    away = see(image) - target
    error = torch.einsum("bchw,bchw->b", away, away) / torch.einsum("bchw,bchw->b", target, target)
    x = image / slope
    steps = (x.diff(dim=3), x.diff(dim=2))
    return error + weight * sum(torch.einsum("bchw,bchw->b", d, d) for d in steps) / x[0].numel()


class right_callable:
    def __call__(self, image, see, target, weight, slope):
        return torch.add(_error(see(image), target), self.roughness(image, slope), alpha=weight)

    def roughness(self, image, slope):
        return (_squares(image.double()) / image[0].numel() / slope**2).to(image.dtype)


def _loss(image, see, target, weight, slope, error=_error, rough=_squares):
    return error(see(image), target) + weight * rough(image) / (image[0].numel() * slope**2)


def wrong_slope_not_squared(image, see, target, weight, slope):
    return _error(see(image), target) + weight * _squares(image) / (image[0].numel() * slope)


def wrong_slope_forgotten(image, see, target, weight, slope):
    return _loss(image, see, target, weight, 1.0)


def wrong_slope_multiplied(image, see, target, weight, slope):
    return _loss(image, see, target, weight, 1 / slope)


def wrong_count_of_the_batch(image, see, target, weight, slope):
    return _error(see(image), target) + weight * _squares(image) / (image.numel() * slope**2)


def wrong_count_of_pixels(image, see, target, weight, slope):
    return _error(see(image), target) + weight * _squares(image) / (image[0, 0].numel() * slope**2)


def wrong_count_of_features(image, see, target, weight, slope):
    return _error(see(image), target) + weight * _squares(image) / (target[0].numel() * slope**2)


def wrong_count_forgotten(image, see, target, weight, slope):
    return _error(see(image), target) + weight * _squares(image) / slope**2


def wrong_weight_on_the_error(image, see, target, weight, slope):
    return weight * _error(see(image), target) + _squares(image) / (image[0].numel() * slope**2)


def wrong_weight_forgotten(image, see, target, weight, slope):
    return _loss(image, see, target, 1.0, slope)


def wrong_subtracted(image, see, target, weight, slope):
    return _loss(image, see, target, -weight, slope)


def wrong_error_only(image, see, target, weight, slope):
    return _error(see(image), target)


def wrong_roughness_only(image, see, target, weight, slope):
    return weight * _squares(image) / (image[0].numel() * slope**2)


def wrong_error_not_normalized(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, lambda a, b: (a - b).square().sum((1, 2, 3)))


def wrong_error_mean(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, lambda a, b: (a - b).square().mean((1, 2, 3)))


def wrong_error_by_the_found(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, lambda a, b: _error(b, a))


def wrong_error_root(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, lambda a, b: _error(a, b).sqrt())


def wrong_error_over_the_batch(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, lambda a, b: (a - b).square().sum() / b.square().sum())


def wrong_error_length_not_squared(image, see, target, weight, slope):
    return _loss(
        image, see, target, weight, slope, lambda a, b: (a - b).square().sum((1, 2, 3)) / b.flatten(1).norm(dim=1)
    )


def wrong_beta_of_one(image, see, target, weight, slope):
    def rough(image):
        dx, dy = F.pad(image.diff(dim=3), (0, 1)), F.pad(image.diff(dim=2), (0, 0, 0, 1))
        return ((dx**2 + dy**2 + 1e-6).sqrt() - 1e-3).sum((1, 2, 3))

    return _loss(image, see, target, weight, slope, rough=rough)


def wrong_roughness_of_features(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, rough=lambda image: _squares(see(image)))


def wrong_roughness_detached(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, rough=lambda image: _squares(image.detach()))


def wrong_see_detached(image, see, target, weight, slope):
    return _loss(image, lambda x: see(x).detach(), target, weight, slope)


def wrong_on_the_image(image, see, target, weight, slope):
    return _error(image, target if target.shape == image.shape else image.detach() * 0 + 1) + weight * _squares(image)


def wrong_columns_only(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, rough=lambda x: x.diff(dim=3).square().sum((1, 2, 3)))


def wrong_summed(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope).sum()


def wrong_averaged(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope).mean()


def wrong_first_image(image, see, target, weight, slope):
    return _loss(image[:1], see, target[:1], weight, slope)


def wrong_halved(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope) / 2


def wrong_roughness_over_the_batch(image, see, target, weight, slope):
    return _loss(image, see, target, weight, slope, rough=lambda image: _squares(image).sum())


def wrong_square_of_the_weight(image, see, target, weight, slope):
    return _loss(image, see, target, weight**2, slope)


def wrong_image_seen_scaled(image, see, target, weight, slope):
    return _loss(image, lambda x: see(x * 255), target, weight, slope)


wrong_partial = functools.partial(_loss, error=lambda a, b: (a - b).abs().sum((1, 2, 3)) / b.abs().sum((1, 2, 3)))
