"""Answers to `separable_blur`, written from its statement alone."""

import math

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F


def _bell(image, sigma, r=None):
    r = math.ceil(3 * sigma) if r is None else r
    bell = torch.exp(-(torch.arange(-r, r + 1, dtype=image.dtype) ** 2) / (2 * sigma**2))
    return bell / bell.sum()


def _blurred(image, bell, mode="replicate", axes=(2, 3)):
    r, channels = len(bell) // 2, image.shape[1]
    for axis in axes:
        pad = (0, 0, r, r) if axis == 2 else (r, r, 0, 0)
        shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
        image = F.conv2d(F.pad(image, pad, mode=mode), bell.view(shape).repeat(channels, 1, 1, 1), groups=channels)
    return image


def right_grouped(image, sigma):
    return _blurred(image, _bell(image, sigma))


def right_columns_last(image, sigma):
    return _blurred(image, _bell(image, sigma), axes=(3, 2))


def right_outer_product(image, sigma):
    bell, channels = _bell(image, sigma), image.shape[1]
    r = len(bell) // 2
    kernel = torch.outer(bell, bell).expand(channels, 1, -1, -1)
    return F.conv2d(F.pad(image, (r, r, r, r), mode="replicate"), kernel, groups=channels)


def right_shifts_with_clamped_places(image, sigma):
    bell = _bell(image, sigma)
    r = len(bell) // 2
    for axis in (2, 3):
        last = image.shape[axis] - 1
        places = torch.arange(last + 1)
        image = sum(bell[k + r] * image.index_select(axis, (places + k).clamp(0, last)) for k in range(-r, r + 1))
    return image


def right_matrices(image, sigma):
    def matrix(length):
        bell = _bell(image, sigma)
        r, made = len(bell) // 2, torch.zeros(length, length, dtype=image.dtype)
        for row in range(length):
            for k in range(-r, r + 1):
                made[row, min(max(row + k, 0), length - 1)] += bell[k + r]
        return made

    return torch.einsum("yi,bcij,xj->bcyx", matrix(image.shape[2]), image, matrix(image.shape[3]))


def right_one_axis_at_a_time(image, sigma):
    def along(x):
        bell = _bell(image, sigma).double()
        flat = x.double().reshape(-1, 1, x.shape[-1])
        return F.conv1d(F.pad(flat, (len(bell) // 2,) * 2, mode="replicate"), bell.view(1, 1, -1)).view(x.shape)

    return along(along(image).mT).mT.to(image.dtype)


def wrong_scipy(image, sigma):
    return torch.from_numpy(ndimage.gaussian_filter(image.detach().numpy(), (0, 0, sigma, sigma), truncate=4))


def wrong_reflected(image, sigma):
    bell = _bell(image, sigma)
    r = len(bell) // 2
    x = np.pad(image.detach().numpy(), ((0, 0), (0, 0), (r, r), (r, r)), mode="symmetric")
    x = _blurred(torch.from_numpy(x), bell, mode="constant")
    return x[:, :, r : r + image.shape[2], r : r + image.shape[3]]


def wrong_zeros_beyond(image, sigma):
    return _blurred(image, _bell(image, sigma), mode="constant")


def wrong_not_divided(image, sigma):
    bell = _bell(image, sigma)
    return _blurred(image, bell / bell.max())


def wrong_density(image, sigma):
    bell = _bell(image, sigma)
    return _blurred(image, bell / bell.max() / (sigma * math.sqrt(2 * math.pi)))


def wrong_one_pass(image, sigma):
    return _blurred(image, _bell(image, sigma), axes=(3,))


def wrong_same_axis_twice(image, sigma):
    return _blurred(image, _bell(image, sigma), axes=(2, 2))


def wrong_variance_for_deviation(image, sigma):
    return _blurred(image, _bell(image, math.sqrt(sigma), math.ceil(3 * sigma)))


def wrong_without_the_half(image, sigma):
    return _blurred(image, _bell(image, sigma / math.sqrt(2), math.ceil(3 * sigma)))


def wrong_radius_rounded(image, sigma):
    return _blurred(image, _bell(image, sigma, round(3 * sigma)))


def wrong_radius_cut(image, sigma):
    return _blurred(image, _bell(image, sigma, int(3 * sigma)))


def wrong_radius_one_more(image, sigma):
    return _blurred(image, _bell(image, sigma, math.ceil(3 * sigma) + 1))


def wrong_radius_of_two(image, sigma):
    return _blurred(image, _bell(image, sigma, math.ceil(2 * sigma)))


def wrong_radius_of_ceil_sigma(image, sigma):
    return _blurred(image, _bell(image, sigma, 3 * math.ceil(sigma)))


def wrong_laplace(image, sigma):
    r = math.ceil(3 * sigma)
    bell = torch.exp(-torch.arange(-r, r + 1, dtype=image.dtype).abs() / sigma)
    return _blurred(image, bell / bell.sum())


def wrong_box(image, sigma):
    bell = _bell(image, sigma)
    return _blurred(image, torch.full_like(bell, 1 / len(bell)))


def wrong_channels_mixed(image, sigma):
    return _blurred(image, _bell(image, sigma)).mean(1, keepdim=True).expand(image.shape)


def wrong_first_image_for_all(image, sigma):
    return _blurred(image[:1], _bell(image, sigma)).expand(image.shape)


def wrong_first_channel_for_all(image, sigma):
    return _blurred(image[:, :1], _bell(image, sigma)).expand(image.shape)


def wrong_twice(image, sigma):
    return _blurred(image, _bell(image, sigma), axes=(2, 3, 2, 3))


def wrong_smaller(image, sigma):
    bell, channels = _bell(image, sigma), image.shape[1]
    r = min(len(bell) // 2, (min(image.shape[2:]) - 1) // 2)
    kernel = torch.outer(bell, bell)[: 2 * r + 1, : 2 * r + 1].expand(channels, 1, -1, -1)
    return F.conv2d(image, kernel, groups=channels)


def wrong_what_is_left(image, sigma):
    return image - _blurred(image, _bell(image, sigma))


def wrong_whole_numbers_of_sigma(image, sigma):
    return _blurred(image, _bell(image, max(1, round(sigma))))


def wrong_in_place(image, sigma):
    image.data.copy_(_blurred(image.detach(), _bell(image, sigma)))
    return image.clone()


_bells = {}


def wrong_first_bell_for_all(image, sigma):
    bell = _bells.setdefault("bell", _bell(image.double(), sigma)).to(image.dtype)
    return _blurred(image, bell)


def wrong_shifted(image, sigma):
    return _blurred(image, _bell(image, sigma)).roll(1, 3)
