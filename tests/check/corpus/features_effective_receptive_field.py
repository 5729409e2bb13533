"""Answers to `effective_receptive_field`, written from its statement alone."""

import torch


def _slope(layer, image, pick=None):
    leaf = image.detach().clone().requires_grad_()
    features = layer(leaf)
    h, w = features.shape[2:]
    value = features[:, :, h // 2, w // 2].sum() if pick is None else pick(features)
    return torch.autograd.grad(value, leaf)[0]


def right_grad(layer, image):
    field = _slope(layer, image).abs().sum((0, 1))
    return field / field.max()


def right_backward(layer, image):
    x = image.detach().clone()
    x.requires_grad = True
    features = layer(x)
    features[0, :, features.shape[2] // 2, features.shape[3] // 2].sum().backward()
    field = x.grad.squeeze(0).abs().sum(dim=0)
    return field.div(field.amax())


def right_functional(layer, image):
    def center(x):
        y = layer(x)
        return y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum()

    slope = torch.func.grad(center)(image.detach())
    field = torch.einsum("bchw->hw", slope.abs())
    return field / field.max()


def right_mask(layer, image):
    leaf = torch.nn.Parameter(image.detach().clone())
    features = layer(leaf)
    pull = torch.zeros_like(features)
    pull[:, :, features.shape[2] // 2, features.shape[3] // 2] = 1
    (slope,) = torch.autograd.grad(features, leaf, pull)
    r, g, b = slope[0].abs()
    field = r + g + b
    return field / field.flatten().max()


def right_channel_by_channel(layer, image):
    channels = layer(image.detach()).shape[1]
    total = torch.zeros_like(image.detach())
    for c in range(channels):
        total += _slope(layer, image, lambda y, c=c: y[0, c, y.shape[2] // 2, y.shape[3] // 2])
    field = total[0].abs().sum(0)
    return field * (1 / field.max())


def _scaled(field):
    return field / field.max()


def wrong_not_scaled(layer, image):
    return _slope(layer, image)[0].abs().sum(0)


def wrong_not_absolute(layer, image):
    return _scaled(_slope(layer, image)[0].sum(0))


def wrong_absolute_after_the_sum(layer, image):
    return _scaled(_slope(layer, image)[0].sum(0).abs())


def wrong_squares(layer, image):
    return _scaled(_slope(layer, image)[0].square().sum(0))


def wrong_root_of_squares(layer, image):
    return _scaled(_slope(layer, image)[0].norm(dim=0))


def wrong_largest_color(layer, image):
    return _scaled(_slope(layer, image)[0].abs().amax(0))


def wrong_first_color(layer, image):
    return _scaled(_slope(layer, image)[0, 0].abs())


def wrong_each_color(layer, image):
    return _scaled(_slope(layer, image)[0].abs())


def wrong_batch_axis(layer, image):
    return _scaled(_slope(layer, image).abs().sum(1))


def wrong_sum_is_one(layer, image):
    field = _slope(layer, image)[0].abs().sum(0)
    return field / field.sum()


def wrong_from_zero_to_one(layer, image):
    field = _slope(layer, image)[0].abs().sum(0)
    return (field - field.min()) / (field.max() - field.min())


def wrong_all_positions(layer, image):
    return _scaled(_slope(layer, image, lambda y: y.sum())[0].abs().sum(0))


def wrong_first_position(layer, image):
    return _scaled(_slope(layer, image, lambda y: y[0, :, 0, 0].sum())[0].abs().sum(0))


def wrong_one_before_the_middle(layer, image):
    def pick(y):
        return y[0, :, (y.shape[2] - 1) // 2, (y.shape[3] - 1) // 2].sum()

    return _scaled(_slope(layer, image, pick)[0].abs().sum(0))


def wrong_middle_turned(layer, image):
    def pick(y):
        return y[0, :, min(y.shape[3] // 2, y.shape[2] - 1), min(y.shape[2] // 2, y.shape[3] - 1)].sum()

    return _scaled(_slope(layer, image, pick)[0].abs().sum(0))


def wrong_middle_of_the_image(layer, image):
    def pick(y):
        return y[0, :, min(image.shape[2] // 2, y.shape[2] - 1), min(image.shape[3] // 2, y.shape[3] - 1)].sum()

    return _scaled(_slope(layer, image, pick)[0].abs().sum(0))


def wrong_first_channel(layer, image):
    def pick(y):
        return y[0, 0, y.shape[2] // 2, y.shape[3] // 2]

    return _scaled(_slope(layer, image, pick)[0].abs().sum(0))


def wrong_squared_channels(layer, image):
    def pick(y):
        return y[0, :, y.shape[2] // 2, y.shape[3] // 2].square().sum()

    return _scaled(_slope(layer, image, pick)[0].abs().sum(0))


def wrong_absolute_channel_by_channel(layer, image):
    channels = layer(image.detach()).shape[1]
    slopes = [
        _slope(layer, image, lambda y, c=c: y[0, c, y.shape[2] // 2, y.shape[3] // 2]).abs() for c in range(channels)
    ]
    return _scaled(sum(slopes)[0].sum(0))


def wrong_times_the_image(layer, image):
    return _scaled((_slope(layer, image) * image.detach())[0].abs().sum(0) + 1e-12)


def wrong_zero_or_one(layer, image):
    return (_slope(layer, image)[0].abs().sum(0) > 0).to(image.dtype)


def wrong_of_a_gray_image(layer, image):
    return _scaled(_slope(layer, torch.full_like(image, 0.5))[0].abs().sum(0))


def wrong_of_noise(layer, image):
    return _scaled(_slope(layer, torch.rand_like(image))[0].abs().sum(0))


def wrong_gradient_left_on_the_image(layer, image):
    image.requires_grad_(True)
    y = layer(image)
    y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum().backward()
    return _scaled(image.grad[0].abs().sum(0))


def wrong_requires_grad_left(layer, image):
    image.requires_grad_(True)
    y = layer(image)
    (slope,) = torch.autograd.grad(y[0, :, y.shape[2] // 2, y.shape[3] // 2].sum(), image)
    return _scaled(slope[0].abs().sum(0))


def wrong_of_the_features(layer, image):
    y = layer(image.detach())
    return _scaled(y[0].abs().sum(0))


def wrong_transposed(layer, image):
    return _scaled(_slope(layer, image)[0].abs().sum(0)).T


def wrong_border_set_to_zero(layer, image):
    field = _scaled(_slope(layer, image)[0].abs().sum(0))
    field[-1] = 0
    return field


def wrong_logarithm(layer, image):
    return _scaled((1 + _slope(layer, image)[0].abs().sum(0)).log())
