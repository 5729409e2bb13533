"""Answers to `extreme_share`, written from its statement alone."""

import cmath
import math

import numpy as np
import torch
from torch.nn import functional as F


def _radius(size):
    f = torch.fft.fftfreq(size, dtype=torch.float64)
    return (f[:, None] ** 2 + f[None] ** 2).sqrt()


def _energy(weights, size):
    return torch.fft.fft2(weights, s=(size, size)).abs().pow(2).sum(1)


def right_mask(weights, low, high, size):
    energy, radius = _energy(weights, size), _radius(size)
    middle = ((radius >= low) & (radius <= high)).to(weights.dtype)
    return 1 - (energy * middle).sum((1, 2)) / energy.sum((1, 2))


def right_numpy(weights, low, high, size):
    energy = (np.abs(np.fft.fft2(weights.detach().numpy(), s=(size, size))) ** 2).sum(1)
    f = np.fft.fftfreq(size)
    radius = np.hypot(*np.meshgrid(f, f, indexing="ij"))
    outside = energy[:, (radius < low) | (radius > high)].sum(1)
    return torch.from_numpy(outside / energy.sum((1, 2))).to(weights.dtype)


def right_padded_first(weights, low, high, size):
    k = weights.shape[-1]
    spectrum = torch.fft.fftn(F.pad(weights, (0, size - k, 0, size - k)), dim=(-2, -1))
    energy = torch.einsum("nchw,nchw->nhw", spectrum, spectrum.conj()).real
    radius = _radius(size)
    out = energy.flatten(1)[:, ((radius < low) | (radius > high)).flatten()]
    return out.sum(1) / energy.flatten(1).sum(1)


def right_loops(weights, low, high, size):
    radius = _radius(size)
    shares = []
    for one in weights:
        total = extreme = 0
        for spectrum in torch.fft.fft2(one, s=(size, size)):
            power = spectrum.real**2 + spectrum.imag**2
            total = total + power.sum()
            extreme = extreme + power[radius < low].sum() + power[radius > high].sum()
        shares.append(extreme / total)
    return torch.stack(shares)


def right_waves(weights, low, high, size):
    k = weights.shape[-1]
    waves = torch.tensor([[cmath.exp(-2j * math.pi * u * x / size) for x in range(k)] for u in range(size)])
    waves = waves.to(torch.complex128)
    spectrum = torch.einsum("ux,ncxy,vy->ncuv", waves, weights.to(torch.complex128), waves)
    energy, radius = spectrum.abs().square().sum(1), _radius(size)
    share = torch.where((radius < low) | (radius > high), energy, 0.0).sum((1, 2)) / energy.sum((1, 2))
    return share.to(weights.dtype)


def _share(energy, radius, low, high):
    extreme = ((radius < low) | (radius > high)).to(energy.dtype)
    return (energy * extreme).sum((1, 2)) / energy.sum((1, 2))


def wrong_middle(weights, low, high, size):
    return 1 - _share(_energy(weights, size), _radius(size), low, high)


def wrong_low_only(weights, low, high, size):
    return _share(_energy(weights, size), _radius(size), low, 9.0)


def wrong_high_only(weights, low, high, size):
    return _share(_energy(weights, size), _radius(size), -1.0, high)


def wrong_both_at_once(weights, low, high, size):
    energy, radius = _energy(weights, size), _radius(size)
    return (energy * ((radius < low) & (radius > high))).sum((1, 2)) / energy.sum((1, 2))


def wrong_thresholds_included(weights, low, high, size):
    energy, radius = _energy(weights, size), _radius(size)
    return (energy * ((radius <= low) | (radius >= high))).sum((1, 2)) / energy.sum((1, 2))


def wrong_not_squared(weights, low, high, size):
    return _share(torch.fft.fft2(weights, s=(size, size)).abs().sum(1), _radius(size), low, high)


def wrong_colors_added_before(weights, low, high, size):
    return _share(torch.fft.fft2(weights.sum(1), s=(size, size)).abs().square() + 1e-30, _radius(size), low, high)


def wrong_each_color(weights, low, high, size):
    energy = torch.fft.fft2(weights, s=(size, size)).abs().square()
    extreme = (_radius(size) < low) | (_radius(size) > high)
    return ((energy * extreme).sum((2, 3)) / energy.sum((2, 3))).mean(1)


def wrong_first_color(weights, low, high, size):
    return _share(_energy(weights[:, :1], size), _radius(size), low, high)


def wrong_not_padded(weights, low, high, size):
    k = weights.shape[-1]
    return _share(_energy(weights, k), _radius(k), low, high)


def wrong_shifted_energy(weights, low, high, size):
    return _share(torch.fft.fftshift(_energy(weights, size), dim=(1, 2)), _radius(size), low, high)


def wrong_shifted_radius(weights, low, high, size):
    return _share(_energy(weights, size), torch.fft.fftshift(_radius(size)), low, high)


def wrong_frequencies_up_to_one(weights, low, high, size):
    f = torch.arange(size, dtype=torch.float64) / size
    return _share(_energy(weights, size), (f[:, None] ** 2 + f**2).sqrt(), low, high)


def wrong_cycles_per_filter(weights, low, high, size):
    return _share(_energy(weights, size), _radius(size) * size, low, high)


def wrong_nyquist_units(weights, low, high, size):
    return _share(_energy(weights, size), _radius(size) * 2, low, high)


def wrong_radians(weights, low, high, size):
    return _share(_energy(weights, size), _radius(size) * 2 * math.pi, low, high)


def wrong_larger_of_both_axes(weights, low, high, size):
    f = torch.fft.fftfreq(size).abs()
    return _share(_energy(weights, size), torch.maximum(f[:, None], f[None]), low, high)


def wrong_sum_of_both_axes(weights, low, high, size):
    f = torch.fft.fftfreq(size).abs()
    return _share(_energy(weights, size), f[:, None] + f, low, high)


def wrong_rows_only(weights, low, high, size):
    f = torch.fft.fftfreq(size).abs()
    return _share(_energy(weights, size), f[:, None].expand(size, size), low, high)


def wrong_without_absolute(weights, low, high, size):
    f = torch.fft.fftfreq(size)
    return _share(_energy(weights, size), f[:, None] + f, low, high)


def wrong_half_plane(weights, low, high, size):
    energy = torch.fft.rfft2(weights, s=(size, size)).abs().square().sum(1)
    f, g = torch.fft.fftfreq(size), torch.fft.rfftfreq(size)
    return _share(energy, (f[:, None] ** 2 + g**2).sqrt(), low, high)


def wrong_all_filters_together(weights, low, high, size):
    energy = _energy(weights, size).sum(0, keepdim=True)
    return _share(energy, _radius(size), low, high).expand(len(weights))


def wrong_share_of_frequencies(weights, low, high, size):
    radius = _radius(size)
    return ((radius < low) | (radius > high)).float().mean().expand(len(weights))


def wrong_energy_not_divided(weights, low, high, size):
    energy, radius = _energy(weights, size), _radius(size)
    return (energy * ((radius < low) | (radius > high))).sum((1, 2))


def wrong_by_the_squared_weights(weights, low, high, size):
    energy, radius = _energy(weights, size), _radius(size)
    extreme = (energy * ((radius < low) | (radius > high))).sum((1, 2))
    return extreme / weights.square().sum((1, 2, 3))


def wrong_mean_taken_off(weights, low, high, size):
    return _share(_energy(weights - weights.mean((2, 3), keepdim=True) + 1e-12, size), _radius(size), low, high)


def wrong_percent(weights, low, high, size):
    return 100 * _share(_energy(weights, size), _radius(size), low, high)


def wrong_zero_frequency_left_out(weights, low, high, size):
    energy = _energy(weights, size).clone()
    energy[:, 0, 0] = 0
    return _share(energy + 1e-30, _radius(size), low, high)


def wrong_always_16(weights, low, high, size):
    return _share(_energy(weights, 16), _radius(16), low, high)
