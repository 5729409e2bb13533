"""Right answers to the exercises of the chapter on frequency, each in another way than the reference."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from right_answers.convolution import blur_by_groups


def low_by_matrices(image, sigma):
    def matrix(size):
        radius = math.ceil(3 * sigma)
        bell = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=image.dtype) / sigma) ** 2)
        places = (torch.arange(size)[:, None] + torch.arange(-radius, radius + 1)).clamp(0, size - 1)
        return torch.zeros(size, size, dtype=image.dtype).scatter_add(1, places, (bell / bell.sum()).expand(size, -1))

    return matrix(image.shape[2]) @ image @ matrix(image.shape[3]).T


def low_in_loops(image, sigma):
    radius = math.ceil(3 * sigma)
    weights = [math.exp(-(d**2) / (2 * sigma**2)) for d in range(-radius, radius + 1)]
    for axis in (2, 3):
        size = image.shape[axis]
        rows = [
            sum(w * image.select(axis, min(max(k + d - radius, 0), size - 1)) for d, w in enumerate(weights))
            for k in range(size)
        ]
        image = torch.stack(rows, axis) / sum(weights)
    return image


def low_by_unfold(image, sigma):
    radius = math.ceil(3 * sigma)
    bell = torch.exp(-(torch.arange(-radius, radius + 1).double() ** 2) / (2 * sigma**2))
    bell = bell / bell.sum()
    windows = F.pad(image.double(), (radius,) * 4, mode="replicate").unfold(2, len(bell), 1).unfold(3, len(bell), 1)
    return torch.einsum("bchwij,i,j->bchw", windows, bell, bell)


def high_by_parts(image, sigma):
    return -1.0 * (blur_by_groups(image, sigma) - image)


def high_by_the_dot(image, sigma):
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1).to(image.dtype)
    square = torch.exp(-(x[:, None] ** 2 + x**2) / (2 * sigma**2))
    kernel = -square / square.sum()
    kernel[radius, radius] += 1
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    return F.conv2d(padded, kernel.repeat(image.shape[1], 1, 1, 1), groups=image.shape[1])


def high_in_place_on_a_copy(image, sigma):
    high = image.clone()
    high -= low_by_matrices(image, sigma)
    return high


def high_of_a_wider_bell(image, sigma):
    radius = int(4 * sigma + 0.5)
    bell = torch.exp(-0.5 * (torch.arange(-radius, radius + 1).to(image) / sigma) ** 2)
    row = (bell / bell.sum()).repeat(image.shape[1], 1, 1, 1)
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    return image - F.conv2d(F.conv2d(padded, row, groups=len(row)), row.mT, groups=len(row))


def high_in_double(image, sigma):
    return image.double() - low_by_unfold(image, sigma)


def bands_in_a_loop(image, sigmas):
    bands, before = [], image
    for sigma in sigmas:
        blurred = blur_by_groups(image, sigma)
        bands.append(before - blurred)
        before = blurred
    bands.append(before)
    return bands


def bands_as_a_tuple(image, sigmas):
    high = [high_by_parts(image, sigma) for sigma in sigmas]
    return (high[0], *(b - a for a, b in itertools.pairwise(high)), image - high[-1])


def bands_by_diff(image, sigmas):
    stack = torch.stack([image, *(low_by_matrices(image, sigma) for sigma in sigmas), torch.zeros_like(image)])
    return list(-stack.diff(dim=0))


def bands_stacked(image, sigmas):
    return torch.stack(bands_in_a_loop(image, sigmas))


def radial_by_index_add(image, bins):
    height, width = image.shape[2:]
    fineness = torch.sqrt(torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.fftfreq(width) ** 2)
    ring = (fineness * 2 * bins).round().long().flatten()
    power = torch.fft.fft2(image, norm="ortho").abs().square().flatten(2)
    total = torch.zeros(*power.shape[:2], int(ring.max()) + 1, dtype=power.dtype).index_add(2, ring, power)
    return torch.linspace(0, 0.5, bins + 1)[1:], (total / ring.bincount())[..., 1 : bins + 1]


def radial_shifted_twice(image, bins):
    height, width = image.shape[2:]
    y, x = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    fineness = torch.hypot((y / height)[:, None], x / width)
    power = torch.fft.fftshift(torch.fft.fft2(image), dim=(2, 3)).abs() ** 2 / (height * width)
    means = [power[:, :, (2 * bins * fineness - k).abs() < 0.5].mean(2) for k in range(1, bins + 1)]
    return torch.tensor([k / (2 * bins) for k in range(1, bins + 1)]), torch.stack(means, 2)


def radial_in_numpy(image, bins):
    array = image.numpy().astype(np.float64)
    height, width = array.shape[2:]
    power = np.abs(np.fft.fft2(array - array.mean((2, 3), keepdims=True))) ** 2 / (height * width)
    fineness = np.hypot(*np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij"))
    rings = np.floor(fineness * 2 * bins + 0.5).astype(int)
    return np.arange(1, bins + 1) / (2 * bins), np.stack(
        [power[..., rings == k].mean(-1) for k in range(1, bins + 1)], -1
    )


def radial_of_half_with_weights(image, bins):
    height, width = image.shape[2:]
    power = torch.fft.rfft2(image).abs() ** 2 / (height * width)
    counts = torch.full((height, width // 2 + 1), 2.0)
    counts[:, 0] = 1
    if width % 2 == 0:
        counts[:, -1] = 1
    ring = (2 * bins * torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width))).round()
    means = [(power * counts * (ring == k)).sum((2, 3)) / (counts * (ring == k)).sum() for k in range(1, bins + 1)]
    return [k / bins / 2 for k in range(1, bins + 1)], torch.stack(means, -1)


ANSWERS = {
    "low_pass": (blur_by_groups, low_by_matrices, low_in_loops, low_by_unfold),
    "high_pass": (high_by_parts, high_by_the_dot, high_in_place_on_a_copy, high_in_double, high_of_a_wider_bell),
    "split_bands": (bands_in_a_loop, bands_as_a_tuple, bands_by_diff, bands_stacked),
    "radial_spectrum": (radial_by_index_add, radial_shifted_twice, radial_in_numpy, radial_of_half_with_weights),
}
