"""Right answers to the exercises of the chapter on waves, each in another way than the reference."""

import math

import numpy as np
import torch


def spectrum_by_einsum(features):
    s = torch.fft.fft2(features.double())
    n = features[0, 0].numel()
    return torch.einsum("bihw,bjhw->bij", s, s.conj()).real / n**2


def spectrum_orthonormal(features):
    s = torch.fft.fft2(features, norm="ortho").flatten(2)
    return torch.real(s @ s.conj().transpose(1, 2)) / s.shape[-1]


def spectrum_by_parts(features):
    s = torch.fft.fftn(features, dim=(-2, -1)).flatten(2) / features[0, 0].numel()
    return s.real @ s.real.mT + s.imag @ s.imag.mT


def spectrum_half_with_weights(features):
    h, w = features.shape[2:]
    half = torch.fft.rfft2(features)
    counts = torch.full((half.shape[-1],), 2.0)
    counts[0] = 1
    if w % 2 == 0:
        counts[-1] = 1
    return torch.einsum("bihw,bjhw,w->bij", half, half.conj(), counts.to(half.dtype)).real / (h * w) ** 2


def _ramp(fineness, cutoff):
    return torch.clamp((torch.log2(fineness) - math.log2(cutoff) + 1) / 2, 0, 1) * math.pi / 2


def frame_band_by_band(image, cutoffs):
    height, width = image.shape[2:]
    fineness = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)).to(image.dtype)
    rest, bands = torch.fft.rfft2(image), []
    for cutoff in cutoffs:
        angle = _ramp(fineness, cutoff)
        bands.append(torch.fft.irfft2(rest * torch.sin(angle), s=(height, width)))
        rest = rest * torch.cos(angle)
    return [*bands, torch.fft.irfft2(rest, s=(height, width))]


def frame_in_full(image, cutoffs):
    height, width = image.shape[2:]
    fineness = torch.sqrt(torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.fftfreq(width)[None] ** 2)
    low = [torch.cos(_ramp(fineness.double(), cutoff)) for cutoff in cutoffs]
    responses, left = [], torch.ones_like(low[0])
    for one in low:
        responses.append(left * (1 - one**2).clamp(min=0).sqrt())
        left = left * one
    spectrum = torch.fft.fft2(image.double())
    return [torch.fft.ifft2(spectrum * response).real for response in (*responses, left)]


def frame_shifted_twice(image, cutoffs):
    height, width = image.shape[2:]
    y, x = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    fineness = torch.hypot((y / height)[:, None], x / width)
    rest, bands = torch.fft.fftshift(torch.fft.fft2(image), dim=(-2, -1)), []
    for cutoff in cutoffs:
        bands.append(rest * torch.sin(_ramp(fineness, cutoff)))
        rest = rest * torch.cos(_ramp(fineness, cutoff))
    return tuple(torch.fft.ifft2(torch.fft.ifftshift(band, dim=(-2, -1))).real for band in (*bands, rest))


def amplitude_by_scaling(image, other):
    own, foreign = torch.fft.fft2(image), torch.fft.fft2(other)
    return torch.fft.ifft2(own / own.abs() * foreign.abs()).real


def amplitude_by_exponential(image, other):
    angle = torch.angle(torch.fft.fft2(image.double()))
    return torch.real(torch.fft.ifft2(torch.fft.fft2(other.double()).abs() * torch.exp(1j * angle)))


def amplitude_in_numpy(image, other):
    angle, size = np.angle(np.fft.fft2(image.numpy())), np.abs(np.fft.fft2(other.numpy()))
    return np.fft.ifft2(size * (np.cos(angle) + 1j * np.sin(angle))).real


def amplitude_channel_by_channel(image, other):
    result = torch.empty_like(image)
    for b in range(image.shape[0]):
        for c in range(image.shape[1]):
            angle = torch.fft.rfft2(image[b, c]).angle()
            size = torch.fft.rfft2(other[b, c]).abs()
            result[b, c] = torch.fft.irfft2(torch.complex(size * angle.cos(), size * angle.sin()), s=image.shape[2:])
    return result


ANSWERS = {
    "gram_from_spectrum": (spectrum_by_einsum, spectrum_orthonormal, spectrum_by_parts, spectrum_half_with_weights),
    "tight_frame": (frame_band_by_band, frame_in_full, frame_shifted_twice),
    "swap_amplitude": (
        amplitude_by_scaling,
        amplitude_by_exponential,
        amplitude_in_numpy,
        amplitude_channel_by_channel,
    ),
}
