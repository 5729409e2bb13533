import math

import torch
import torch.nn.functional as F


def _bell(sigma, dtype, reach=None):
    r = math.ceil(3 * sigma) if reach is None else reach
    x = torch.arange(-r, r + 1, dtype=torch.float64)
    weights = torch.exp(-(x**2) / (2 * sigma**2))
    return (weights / weights.sum()).to(dtype)


def _blurred(image, bell, mode="replicate"):
    c, r = image.shape[1], len(bell) // 2
    x = F.conv2d(F.pad(image, (r, r, 0, 0), mode=mode), bell.expand(c, 1, 1, -1), groups=c)
    return F.conv2d(F.pad(x, (0, 0, r, r), mode=mode), bell[:, None].expand(c, 1, -1, 1), groups=c)


def right_two_passes(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype))


def right_one_kernel(image, sigma):
    bell = _bell(sigma, image.dtype)
    kernel, r, c = torch.outer(bell, bell), len(bell) // 2, image.shape[1]
    return F.conv2d(F.pad(image, (r, r, r, r), mode="replicate"), kernel.repeat(c, 1, 1, 1), groups=c)


def right_channels_as_images(image, sigma):
    b, c, h, w = image.shape
    return _blurred(image.reshape(b * c, 1, h, w), _bell(sigma, image.dtype)).reshape(b, c, h, w)


def right_shifts(image, sigma):
    bell = _bell(sigma, image.dtype)
    r = len(bell) // 2
    for axis in (2, 3):
        n = image.shape[axis]
        places = torch.arange(n)
        image = sum(bell[k] * image.index_select(axis, (places + k - r).clamp(0, n - 1)) for k in range(2 * r + 1))
    return image


def right_matrices(image, sigma):
    def matrix(n):
        bell, m = _bell(sigma, image.dtype), image.new_zeros(n, n)
        r = len(bell) // 2
        for i in range(n):
            for k in range(-r, r + 1):
                m[i, min(max(i + k, 0), n - 1)] += bell[k + r]
        return m

    return matrix(image.shape[2]) @ image @ matrix(image.shape[3]).mT


def right_double(image, sigma):
    return _blurred(image.double(), _bell(sigma, torch.float64)).to(image.dtype)


def right_index_padding(image, sigma):
    bell, (h, w), c = _bell(sigma, image.dtype), image.shape[2:], image.shape[1]
    r = len(bell) // 2
    rows, columns = torch.arange(-r, h + r).clamp(0, h - 1), torch.arange(-r, w + r).clamp(0, w - 1)
    wide = image[:, :, rows][:, :, :, columns]
    return F.conv2d(wide, torch.outer(bell, bell).expand(c, 1, -1, -1), groups=c)


def wrong_zeros(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype), "constant")


def wrong_circular(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype), "circular")


def wrong_renormalized_border(image, sigma):
    bell = _bell(sigma, image.dtype)
    return _blurred(image, bell, "constant") / _blurred(torch.ones_like(image), bell, "constant")


def wrong_one_sigma(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype, math.ceil(sigma)))


def wrong_two_sigma(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype, math.ceil(2 * sigma)))


def wrong_fixed_reach(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype, 1))


def wrong_variance_for_sigma(image, sigma):
    return _blurred(image, _bell(sigma**0.5, image.dtype, math.ceil(3 * sigma)))


def wrong_no_two(image, sigma):
    return _blurred(image, _bell(sigma / 2**0.5, image.dtype, math.ceil(3 * sigma)))


def wrong_not_normalized(image, sigma):
    bell = _bell(sigma, image.dtype)
    return _blurred(image, bell / bell.max())


def wrong_density(image, sigma):
    r = math.ceil(3 * sigma)
    x = torch.arange(-r, r + 1, dtype=image.dtype)
    return _blurred(image, torch.exp(-(x**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi)))


def wrong_normalized_twice(image, sigma):
    bell = _bell(sigma, image.dtype)
    return _blurred(image, bell / bell.square().sum().sqrt())


def wrong_rows_only(image, sigma):
    c, bell = image.shape[1], _bell(sigma, image.dtype)
    r = len(bell) // 2
    return F.conv2d(F.pad(image, (r, r, 0, 0), mode="replicate"), bell.expand(c, 1, 1, -1), groups=c)


def wrong_rows_twice(image, sigma):
    return wrong_rows_only(wrong_rows_only(image, sigma), sigma)


def wrong_box(image, sigma):
    r = math.ceil(3 * sigma)
    return _blurred(image, torch.full((2 * r + 1,), 1 / (2 * r + 1), dtype=image.dtype))


def wrong_triangle(image, sigma):
    r = math.ceil(3 * sigma)
    weights = r + 1.0 - torch.arange(-r, r + 1, dtype=image.dtype).abs()
    return _blurred(image, weights / weights.sum())


def wrong_laplacian_bell(image, sigma):
    r = math.ceil(3 * sigma)
    weights = torch.exp(-torch.arange(-r, r + 1, dtype=image.dtype).abs() / sigma)
    return _blurred(image, weights / weights.sum())


def wrong_no_padding(image, sigma):
    r = math.ceil(3 * sigma)
    return right_two_passes(image, sigma)[:, :, r:-r, r:-r]


def wrong_three_channels(image, sigma):
    return torch.cat([right_two_passes(image[:, :3], sigma), image[:, 3:]], 1)


def wrong_channels_mixed(image, sigma):
    return right_two_passes(image.mean(1, keepdim=True).expand_as(image), sigma)


def wrong_high(image, sigma):
    return image - right_two_passes(image, sigma)


def wrong_twice(image, sigma):
    return right_two_passes(right_two_passes(image, sigma), sigma)


def wrong_clamped(image, sigma):
    return right_two_passes(image.clamp(0, 1), sigma)


def wrong_detached(image, sigma):
    return right_two_passes(image.detach(), sigma)


def wrong_first_image(image, sigma):
    return right_two_passes(image[:1], sigma)


def wrong_fourier(image, sigma):
    fy, fx = torch.fft.fftfreq(image.shape[2])[:, None], torch.fft.rfftfreq(image.shape[3])[None]
    response = torch.exp(-2 * (math.pi * sigma) ** 2 * (fy**2 + fx**2)).to(image.dtype)
    return torch.fft.irfft2(torch.fft.rfft2(image) * response, s=image.shape[2:])


def wrong_off_center(image, sigma):
    r = math.ceil(3 * sigma)
    x = torch.arange(-r, r + 1, dtype=image.dtype) + 0.5
    weights = torch.exp(-(x**2) / (2 * sigma**2))
    return _blurred(image, weights / weights.sum())


def wrong_even_kernel(image, sigma):
    bell = _bell(sigma, image.dtype)
    bell[-1] = 0
    return _blurred(image, bell / bell.sum())


def wrong_round_reach(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype, max(round(3 * sigma), 1)))


def wrong_floor_reach(image, sigma):
    return _blurred(image, _bell(sigma, image.dtype, math.floor(3 * sigma)))


def wrong_square_image(image, sigma):
    n = min(image.shape[2:])
    out = image.clone()
    out[:, :, :n, :n] = right_two_passes(image, sigma)[:, :, :n, :n]
    return out


def wrong_in_place(image, sigma):
    blurred = right_two_passes(image, sigma)
    with torch.no_grad():
        image.copy_(blurred)
    return blurred


def wrong_border_kept(image, sigma):
    out = image.clone()
    out[:, :, 1:-1, 1:-1] = right_two_passes(image, sigma)[:, :, 1:-1, 1:-1]
    return out
