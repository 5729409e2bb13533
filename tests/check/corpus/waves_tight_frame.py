import math

import torch

from nstlib.frequency import radial_frequency


def _f(image):
    return radial_frequency(*image.shape[2:])


def _angle(f, c):
    return (0.5 * torch.log2(f / c) + 0.5).clamp(0, 1) * (math.pi / 2)


def _apply(image, responses):
    spectrum = torch.fft.rfft2(image)
    return [torch.fft.irfft2(spectrum * r.to(image.dtype), s=image.shape[2:]) for r in responses]


def _responses(image, cutoffs, angle=_angle, f=None):
    f = _f(image) if f is None else f
    rest, responses = torch.ones_like(f), []
    for c in cutoffs:
        a = angle(f, c)
        responses.append(rest * a.sin())
        rest = rest * a.cos()
    return [*responses, rest]


def right_plain(image, cutoffs):
    return _apply(image, _responses(image, cutoffs))


def right_tuple(image, cutoffs):
    return tuple(right_plain(image, cutoffs))


def right_own_frequencies(image, cutoffs):
    h, w = image.shape[2:]
    fy, fx = torch.fft.fftfreq(h)[:, None].double(), torch.fft.rfftfreq(w)[None].double()
    return _apply(image, _responses(image, cutoffs, f=(fy**2 + fx**2).sqrt()))


def right_full_transform(image, cutoffs):
    h, w = image.shape[2:]
    f = torch.hypot(torch.fft.fftfreq(h)[:, None].double(), torch.fft.fftfreq(w)[None].double())
    spectrum = torch.fft.fft2(image)
    return [torch.fft.ifft2(spectrum * r.to(image.dtype)).real for r in _responses(image, cutoffs, f=f)]


def right_products(image, cutoffs):
    angles = [_angle(_f(image), c) for c in cutoffs]
    responses = []
    for k in range(len(cutoffs) + 1):
        r = torch.ones_like(_f(image))
        for a in angles[:k]:
            r = r * a.cos()
        responses.append(r * angles[k].sin() if k < len(cutoffs) else r)
    return _apply(image, responses)


def right_natural_logarithm(image, cutoffs):
    def angle(f, c):
        octaves = torch.log(f.clamp(min=1e-12) / c) / math.log(2)
        return math.pi / 2 * torch.clamp(octaves / 2 + 1 / 2, 0, 1)

    return _apply(image, _responses(image, cutoffs, angle))


def right_stacked(image, cutoffs):
    return torch.stack(right_plain(image, cutoffs)).unbind(0)


def wrong_steep(image, cutoffs):
    return _apply(image, _responses(image, cutoffs, lambda f, c: (torch.log2(f / c) + 0.5).clamp(0, 1) * math.pi / 2))


def wrong_wide(image, cutoffs):
    def angle(f, c):
        return (0.25 * torch.log2(f / c) + 0.5).clamp(0, 1) * math.pi / 2

    return _apply(image, _responses(image, cutoffs, angle))


def wrong_no_half(image, cutoffs):
    return _apply(image, _responses(image, cutoffs, lambda f, c: (0.5 * torch.log2(f / c)).clamp(0, 1) * math.pi / 2))


def wrong_not_clamped(image, cutoffs):
    def angle(f, c):
        return (0.5 * torch.log2(f.clamp(min=1e-6) / c) + 0.5) * math.pi / 2

    return _apply(image, _responses(image, cutoffs, angle))


def wrong_full_turn(image, cutoffs):
    return _apply(image, _responses(image, cutoffs, lambda f, c: 2 * _angle(f, c)))


def wrong_ideal(image, cutoffs):
    return _apply(image, _responses(image, cutoffs, lambda f, c: (f > c).double() * math.pi / 2))


def wrong_natural(image, cutoffs):
    return _apply(
        image, _responses(image, cutoffs, lambda f, c: (torch.log(f / c) / 2 + 0.5).clamp(0, 1) * math.pi / 2)
    )


def wrong_linear(image, cutoffs):
    return _apply(image, _responses(image, cutoffs, lambda f, c: ((f / c - 0.5) / 1.5).clamp(0, 1) * math.pi / 2))


def wrong_cosine_first(image, cutoffs):
    return _apply(image, _responses(image, cutoffs, lambda f, c: math.pi / 2 - _angle(f, c)))


def wrong_squares(image, cutoffs):
    return _apply(image, [r**2 for r in _responses(image, cutoffs)])


def wrong_rest_forgotten(image, cutoffs):
    return _apply(image, _responses(image, cutoffs)[:-1])


def wrong_rest_not_kept(image, cutoffs):
    f = _f(image)
    responses = [_angle(f, c).sin() for c in cutoffs]
    return _apply(image, [*responses, _angle(f, cutoffs[-1]).cos()])


def wrong_linear_rest(image, cutoffs):
    f = _f(image)
    rest, responses = torch.ones_like(f), []
    for c in cutoffs:
        s = _angle(f, c).sin()
        responses.append(rest * s)
        rest = rest * (1 - s)
    return _apply(image, [*responses, rest])


def wrong_coarse_first(image, cutoffs):
    return right_plain(image, cutoffs)[::-1]


def wrong_ascending(image, cutoffs):
    return right_plain(image, cutoffs[::-1])


def wrong_sum_back(image, cutoffs):
    *bands, _ = right_plain(image, cutoffs)
    return [*bands, image - sum(bands)]


def wrong_no_mean(image, cutoffs):
    *bands, rest = right_plain(image, cutoffs)
    return [*bands, rest - rest.mean((2, 3), keepdim=True)]


def wrong_even_width(image, cutoffs):
    spectrum = torch.fft.rfft2(image)
    return [torch.fft.irfft2(spectrum * r.to(image.dtype)) for r in _responses(image, cutoffs)]


def wrong_square_frequency(image, cutoffs):
    h, w = image.shape[2:]
    f = torch.maximum(torch.fft.fftfreq(h).abs()[:, None].double(), torch.fft.rfftfreq(w)[None].double())
    return _apply(image, _responses(image, cutoffs, f=f))


def wrong_frequencies_in_rows(image, cutoffs):
    h, w = image.shape[2:]
    f = torch.hypot(torch.arange(h)[:, None].double() / h, torch.fft.rfftfreq(w)[None].double())
    return _apply(image, _responses(image, cutoffs, f=f))


def wrong_two_cutoffs(image, cutoffs):
    return right_plain(image, cutoffs[:2])


def wrong_absolute(image, cutoffs):
    return [band.abs() for band in right_plain(image, cutoffs)]


def wrong_first_image(image, cutoffs):
    return [band[:1] for band in right_plain(image, cutoffs)]


def wrong_detached(image, cutoffs):
    return [band.detach() for band in right_plain(image, cutoffs)]


def wrong_pops(image, cutoffs):
    f = _f(image)
    rest, responses = torch.ones_like(f), []
    while cutoffs:
        a = _angle(f, cutoffs.pop(0))
        responses.append(rest * a.sin())
        rest = rest * a.cos()
    return _apply(image, [*responses, rest])


def wrong_applied_twice(image, cutoffs):
    return _apply(image, [r * r.abs() for r in _responses(image, cutoffs)])


def wrong_bytes(image, cutoffs):
    return [(band * 255).round() / 255 for band in right_plain(image, cutoffs)]


def wrong_responses(image, cutoffs):
    return _responses(image, cutoffs)


def wrong_double_cutoffs(image, cutoffs):
    return right_plain(image, [2 * c for c in cutoffs])


def wrong_angle_from_zero_to_one(image, cutoffs):
    h, w = image.shape[2:]
    f = torch.hypot(torch.fft.fftfreq(h, dtype=image.dtype)[:, None], torch.fft.rfftfreq(w, dtype=image.dtype))
    spectrum, rest, bands = torch.fft.rfft2(image), torch.ones_like(f), []
    for c in cutoffs:
        angle = (torch.log2(f / c) / 2 + 0.5).clamp(0, 1)
        bands.append(torch.fft.irfft2(spectrum * rest * angle.sin(), s=(h, w)))
        rest = rest * angle.cos()
    return [*bands, torch.fft.irfft2(spectrum * rest, s=(h, w))]
