import math

import numpy as np
import torch


def _power(image):
    return torch.fft.fft2(image).abs().square() / image[0, 0].numel()


def _rings(image, bins):
    h, w = image.shape[2:]
    fy, fx = torch.fft.fftfreq(h, dtype=torch.float64)[:, None], torch.fft.fftfreq(w, dtype=torch.float64)[None]
    return (2 * bins * (fy**2 + fx**2).sqrt()).round()


def _answer(image, power, rings, bins):
    frequencies = torch.arange(1, bins + 1, dtype=image.dtype) / (2 * bins)
    means = [power[..., rings == k].mean(-1) for k in range(1, bins + 1)]
    return frequencies, torch.stack(means, -1)


def right_masks(image, bins):
    return _answer(image, _power(image), _rings(image, bins), bins)


def right_hypot(image, bins):
    h, w = image.shape[-2:]
    f = torch.hypot(torch.fft.fftfreq(h)[:, None].double(), torch.fft.fftfreq(w)[None].double())
    spectrum = torch.fft.fft2(image)
    return _answer(image, (spectrum.real**2 + spectrum.imag**2) / (h * w), torch.round(f * 2 * bins), bins)


def right_scatter(image, bins):
    rings = _rings(image, bins).long().flatten()
    power = _power(image).flatten(2)
    size = max(int(rings.max()), bins) + 1
    sums = image.new_zeros(*power.shape[:2], size).index_add(2, rings, power)
    counts = torch.bincount(rings, minlength=size)
    return torch.arange(1, bins + 1, dtype=image.dtype) / (2 * bins), (sums / counts)[..., 1 : bins + 1]


def right_matrix(image, bins):
    rings = _rings(image, bins).flatten()
    member = (rings[None] == torch.arange(1, bins + 1)[:, None]).to(image.dtype)
    power = _power(image).flatten(2) @ member.T / member.sum(1)
    return torch.linspace(1, bins, bins, dtype=image.dtype) / (2 * bins), power


def right_numpy_rings(image, bins):
    h, w = image.shape[2:]
    f = np.sqrt(np.fft.fftfreq(h)[:, None] ** 2 + np.fft.fftfreq(w)[None] ** 2)
    rings = torch.from_numpy(np.rint(f * 2 * bins))
    return _answer(image, torch.fft.fft2(image, norm="ortho").abs() ** 2, rings, bins)


def right_shifted(image, bins):
    rings = torch.fft.fftshift(_rings(image, bins))
    power = torch.fft.fftshift(_power(image), dim=(2, 3))
    return _answer(image, power, rings, bins)


def wrong_amplitude(image, bins):
    return _answer(image, torch.fft.fft2(image).abs() / image[0, 0].numel() ** 0.5, _rings(image, bins), bins)


def wrong_not_divided(image, bins):
    return _answer(image, torch.fft.fft2(image).abs().square(), _rings(image, bins), bins)


def wrong_sum(image, bins):
    frequencies, mean = right_masks(image, bins)
    rings = _rings(image, bins)
    return frequencies, mean * torch.stack([(rings == k).sum() for k in range(1, bins + 1)])


def wrong_from_zero(image, bins):
    power, rings = _power(image), _rings(image, bins)
    means = [power[..., rings == k].mean(-1) for k in range(bins)]
    return torch.arange(bins, dtype=image.dtype) / (2 * bins), torch.stack(means, -1)


def wrong_floor(image, bins):
    h, w = image.shape[2:]
    f = (torch.fft.fftfreq(h)[:, None] ** 2 + torch.fft.fftfreq(w)[None] ** 2).sqrt()
    return _answer(image, _power(image), (2 * bins * f).floor(), bins)


def wrong_shift_only_power(image, bins):
    power = torch.fft.fftshift(_power(image), dim=(2, 3))
    return _answer(image, power, _rings(image, bins), bins)


def wrong_half_plane(image, bins):
    h, w = image.shape[2:]
    f = (torch.fft.fftfreq(h)[:, None] ** 2 + torch.fft.rfftfreq(w)[None] ** 2).sqrt()
    return _answer(image, torch.fft.rfft2(image).abs().square() / (h * w), (2 * bins * f).round(), bins)


def wrong_bins_not_doubled(image, bins):
    frequencies = torch.arange(1, bins + 1, dtype=image.dtype) / bins
    return frequencies, right_masks(image, bins)[1]


def wrong_rings_not_doubled(image, bins):
    frequencies = right_masks(image, bins)[0]
    rings = (_rings(image, 2 * bins) / 2).round() / 2
    spectrum = _power(image)
    means = [spectrum[..., rings.round() == k].sum(-1) for k in range(1, bins + 1)]
    return frequencies, torch.stack(means, -1)


def wrong_channels_averaged(image, bins):
    frequencies, power = right_masks(image, bins)
    return frequencies, power.mean(1, keepdim=True).expand_as(power)


def wrong_first_image(image, bins):
    frequencies, power = right_masks(image, bins)
    return frequencies, power[:1]


def wrong_log(image, bins):
    frequencies, power = right_masks(image, bins)
    return frequencies, (power + 1e-9).log10()


def wrong_swapped(image, bins):
    return right_masks(image, bins)[::-1]


def wrong_power_only(image, bins):
    return right_masks(image, bins)[1]


def wrong_square_rings(image, bins):
    h, w = image.shape[2:]
    f = torch.maximum(torch.fft.fftfreq(h).abs()[:, None], torch.fft.fftfreq(w).abs()[None])
    return _answer(image, _power(image), (2 * bins * f.double()).round(), bins)


def wrong_pixels_not_cycles(image, bins):
    h, w = image.shape[2:]
    n = min(h, w)
    fy, fx = torch.fft.fftfreq(h)[:, None] * h / n, torch.fft.fftfreq(w)[None] * w / n
    rings = (2 * bins * (fy.double() ** 2 + fx.double() ** 2).sqrt()).round()
    frequencies = torch.arange(1, bins + 1, dtype=image.dtype) / (2 * bins)
    power = _power(image)
    sums = [power[..., rings == k].sum(-1) / max(int((rings == k).sum()), 1) for k in range(1, bins + 1)]
    return frequencies, torch.stack(sums, -1)


def wrong_axes_swapped(image, bins):
    h, w = image.shape[2:]
    f = (torch.fft.fftfreq(w)[:, None] ** 2 + torch.fft.fftfreq(h)[None] ** 2).sqrt()
    rings = (2 * bins * f).round().reshape(h, w)
    frequencies = torch.arange(1, bins + 1, dtype=image.dtype) / (2 * bins)
    power = _power(image)
    sums = [power[..., rings == k].sum(-1) / max(int((rings == k).sum()), 1) for k in range(1, bins + 1)]
    return frequencies, torch.stack(sums, -1)


def wrong_mean_removed_twice(image, bins):
    return right_masks(image - image.mean(3, keepdim=True), bins)


def wrong_median(image, bins):
    power, rings = _power(image), _rings(image, bins)
    means = [power[..., rings == k].median(-1).values for k in range(1, bins + 1)]
    return right_masks(image, bins)[0], torch.stack(means, -1)


def wrong_mean_amplitude_squared(image, bins):
    frequencies, mean = wrong_amplitude(image, bins)
    return frequencies, mean.square()


def wrong_real_part(image, bins):
    return _answer(image, torch.fft.fft2(image).real.square() / image[0, 0].numel(), _rings(image, bins), bins)


def wrong_last_ring_open(image, bins):
    power, rings = _power(image), _rings(image, bins).clamp(max=bins)
    return _answer(image, power, rings, bins)


def wrong_last_ring_forgotten(image, bins):
    frequencies, power = right_masks(image, bins)
    return frequencies[:-1], power[..., :-1]


def wrong_lists(image, bins):
    frequencies, power = right_masks(image, bins)
    return frequencies.tolist(), power[0, 0].tolist()


def wrong_one_dimensional(image, bins):
    frequencies = torch.arange(1, bins + 1, dtype=image.dtype) / (2 * bins)
    power = torch.fft.rfft(image).abs().square().mean(2)
    index = (frequencies * image.shape[-1]).round().long().clamp(max=power.shape[-1] - 1)
    return frequencies, power[..., index]


def wrong_windowed(image, bins):
    window = torch.hann_window(image.shape[3], dtype=image.dtype)
    return right_masks(image * window, bins)


def wrong_even_width(image, bins):
    even = image[..., : image.shape[-1] // 2 * 2]
    return right_masks(even, bins)


def wrong_angular(image, bins):
    frequencies, power = right_masks(image, bins)
    return frequencies * 2 * math.pi, power


def wrong_in_bytes(image, bins):
    return right_masks(image * 255, bins)


def wrong_linspace(image, bins):
    return torch.linspace(0, 0.5, bins, dtype=image.dtype), right_masks(image, bins)[1]


def wrong_batch_fft(image, bins):
    return _answer(image, torch.fft.fftn(image).abs().square() / image[0, 0].numel(), _rings(image, bins), bins)
