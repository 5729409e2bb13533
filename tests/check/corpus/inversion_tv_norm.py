"""Answers to `tv_norm`, written from its statement alone."""

import torch
from torch.nn import functional as F


def _differences(image):
    dx, dy = torch.zeros_like(image), torch.zeros_like(image)
    dx[..., :-1] = image[..., 1:] - image[..., :-1]
    dy[..., :-1, :] = image[..., 1:, :] - image[..., :-1, :]
    return dx, dy


def right_zeros_filled(image, beta, epsilon):
    dx, dy = _differences(image)
    return ((dx.pow(2) + dy.pow(2) + epsilon).pow(beta / 2) - epsilon ** (beta / 2)).sum((1, 2, 3))


def right_padded(image, beta, epsilon):
    dx = F.pad(image.diff(dim=3), (0, 1))
    dy = F.pad(image.diff(dim=2), (0, 0, 0, 1))
    lengths = (dx * dx + dy * dy + epsilon) ** (beta / 2)
    return lengths.flatten(1).sum(1) - lengths[0].numel() * epsilon ** (beta / 2)


def right_in_float64(image, beta, epsilon):
    x = image.double()
    dx = x.index_select(3, torch.arange(1, x.shape[3] + 1).clamp(max=x.shape[3] - 1)) - x
    dy = x.index_select(2, torch.arange(1, x.shape[2] + 1).clamp(max=x.shape[2] - 1)) - x
    return ((dx**2 + dy**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)).sum((1, 2, 3)).to(image.dtype)


def right_convolutions(image, beta, epsilon):
    flat = image.flatten(0, 1)[:, None]
    dx = F.conv2d(F.pad(flat, (0, 1, 0, 0), mode="replicate"), image.new_tensor([[[[-1.0, 1.0]]]]))
    dy = F.conv2d(F.pad(flat, (0, 0, 0, 1), mode="replicate"), image.new_tensor([[[[-1.0], [1.0]]]]))
    terms = torch.sqrt(dx**2 + dy**2 + epsilon) ** beta - epsilon ** (beta / 2)
    return terms.reshape(len(image), -1).sum(1)


def right_image_by_image(image, beta, epsilon):
    totals = []
    for one in image:
        dx, dy = _differences(one[None])
        totals.append(((dx**2 + dy**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)).sum())
    return torch.stack(totals)


def right_loops(image, beta, epsilon):
    height, width = image.shape[2:]
    total = image.new_zeros(len(image))
    for y in range(height):
        for x in range(width):
            here = image[:, :, y, x]
            dx = image[:, :, y, x + 1] - here if x + 1 < width else torch.zeros_like(here)
            dy = image[:, :, y + 1, x] - here if y + 1 < height else torch.zeros_like(here)
            total = total + ((dx**2 + dy**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)).sum(1)
    return total


def _norm(image, beta, epsilon, dx=None, dy=None):
    x, y = _differences(image)
    dx, dy = x if dx is None else dx, y if dy is None else dy
    return (dx**2 + dy**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)


def wrong_mean(image, beta, epsilon):
    return _norm(image, beta, epsilon).mean((1, 2, 3))


def wrong_over_the_batch(image, beta, epsilon):
    return _norm(image, beta, epsilon).sum()


def wrong_over_the_batch_repeated(image, beta, epsilon):
    return _norm(image, beta, epsilon).sum().expand(len(image))


def wrong_for_each_channel(image, beta, epsilon):
    return _norm(image, beta, epsilon).sum((2, 3))


def wrong_power_of_beta(image, beta, epsilon):
    dx, dy = _differences(image)
    return ((dx**2 + dy**2 + epsilon) ** beta - epsilon**beta).sum((1, 2, 3))


def wrong_power_forgotten(image, beta, epsilon):
    dx, dy = _differences(image)
    return (dx**2 + dy**2).sum((1, 2, 3))


def wrong_always_the_root(image, beta, epsilon):
    return _norm(image, 1.0, epsilon).sum((1, 2, 3))


def wrong_epsilon_not_taken_off(image, beta, epsilon):
    dx, dy = _differences(image)
    return ((dx**2 + dy**2 + epsilon) ** (beta / 2)).sum((1, 2, 3))


def wrong_epsilon_taken_off_once(image, beta, epsilon):
    dx, dy = _differences(image)
    return ((dx**2 + dy**2 + epsilon) ** (beta / 2)).sum((1, 2, 3)) - epsilon ** (beta / 2)


def wrong_epsilon_itself_taken_off(image, beta, epsilon):
    dx, dy = _differences(image)
    return ((dx**2 + dy**2 + epsilon) ** (beta / 2) - epsilon).sum((1, 2, 3))


def wrong_epsilon_forgotten(image, beta, epsilon):
    return _norm(image, beta, 0.0).sum((1, 2, 3))


def wrong_epsilon_after_the_power(image, beta, epsilon):
    dx, dy = _differences(image)
    return ((dx**2 + dy**2) ** (beta / 2) + epsilon - epsilon ** (beta / 2)).sum((1, 2, 3))


def wrong_epsilon_squared(image, beta, epsilon):
    return _norm(image, beta, epsilon**2).sum((1, 2, 3))


def wrong_own_epsilon(image, beta, epsilon):
    return _norm(image, beta, 1e-3).sum((1, 2, 3))


def wrong_absolute(image, beta, epsilon):
    dx, dy = _differences(image)
    return (dx.abs() + dy.abs()).sum((1, 2, 3))


def wrong_axes_apart(image, beta, epsilon):
    zero = torch.zeros_like(image)
    return (_norm(image, beta, epsilon, dy=zero) + _norm(image, beta, epsilon, dx=zero)).sum((1, 2, 3))


def wrong_last_row_and_column_left_out(image, beta, epsilon):
    return _norm(image, beta, epsilon)[:, :, :-1, :-1].sum((1, 2, 3))


def wrong_around_the_border(image, beta, epsilon):
    return _norm(image, beta, epsilon, image.roll(-1, 3) - image, image.roll(-1, 2) - image).sum((1, 2, 3))


def wrong_zeros_beyond(image, beta, epsilon):
    dx = F.pad(image, (0, 1))[..., 1:] - image
    dy = F.pad(image, (0, 0, 0, 1))[:, :, 1:] - image
    return _norm(image, beta, epsilon, dx, dy).sum((1, 2, 3))


def wrong_columns_only(image, beta, epsilon):
    return _norm(image, beta, epsilon, dy=torch.zeros_like(image)).sum((1, 2, 3))


def wrong_backward_differences(image, beta, epsilon):
    dx, dy = (F.pad(image.diff(dim=3), (1, 0)), F.pad(image.diff(dim=2), (0, 0, 1, 0)))
    return _norm(image, beta, epsilon, dx, dy).sum((1, 2, 3))


def wrong_two_pixels_apart(image, beta, epsilon):
    dx = (image.roll(-1, 3) - image.roll(1, 3)) / 2
    return _norm(image, beta, epsilon, dx).sum((1, 2, 3))


def wrong_channels_together(image, beta, epsilon):
    dx, dy = _differences(image)
    return (((dx**2 + dy**2).sum(1) + epsilon) ** (beta / 2) - epsilon ** (beta / 2)).sum((1, 2))


def wrong_first_image_only(image, beta, epsilon):
    return _norm(image[:1], beta, epsilon).sum((1, 2, 3))


def wrong_detached(image, beta, epsilon):
    return _norm(image.detach(), beta, epsilon).sum((1, 2, 3))


def wrong_whole_power(image, beta, epsilon):
    total = _norm(image, 2, epsilon).sum((1, 2, 3))
    return total ** (beta / 2)


def wrong_root_of_the_end(image, beta, epsilon):
    return _norm(image, beta, epsilon).sum((1, 2, 3)) ** (1 / beta)


def wrong_halved(image, beta, epsilon):
    return _norm(image, beta, epsilon).sum((1, 2, 3)) / 2


def wrong_in_place(image, beta, epsilon):
    image.data[..., :-1] -= image.data[..., 1:].clone()
    return _norm(image, beta, epsilon).sum((1, 2, 3))


def wrong_square_only(image, beta, epsilon):
    side = min(image.shape[2:])
    return _norm(image[:, :, :side, :side], beta, epsilon).sum((1, 2, 3))
