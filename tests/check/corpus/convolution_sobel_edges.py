"""Answers to `sobel_edges`, written from its statement alone."""

import torch
from torch.nn import functional as F

KERNEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


def _slopes(image, mode="replicate", kernel=KERNEL, scale=8.0):
    k = image.new_tensor(kernel) / scale
    x = F.pad(image, (1, 1, 1, 1), mode=mode).flatten(0, 1)[:, None]
    return (F.conv2d(x, w[None, None]).reshape(image.shape) for w in (k, k.T))


def right_grouped(image):
    channels = image.shape[1]
    k = torch.tensor(KERNEL, dtype=image.dtype)
    weight = torch.stack([k, k.T])[:, None].repeat(channels, 1, 1, 1) / 8
    x = F.conv2d(F.pad(image, (1, 1, 1, 1), "replicate"), weight, groups=channels)
    return x.unflatten(1, (channels, 2)).square().sum(2).sqrt()


def right_slices(image):
    x = F.pad(image, (1, 1, 1, 1), mode="replicate")
    across = x[..., 2:] - x[..., :-2]
    gx = (across[:, :, :-2] + 2 * across[:, :, 1:-1] + across[:, :, 2:]) / 8
    down = x[:, :, 2:] - x[:, :, :-2]
    gy = (down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 8
    return torch.hypot(gx, gy)


def right_loops(image):
    height, width = image.shape[2:]
    out = torch.zeros_like(image)
    for y in range(height):
        for x in range(width):
            gx = gy = 0
            for i in range(3):
                for j in range(3):
                    pixel = image[:, :, min(max(y + i - 1, 0), height - 1), min(max(x + j - 1, 0), width - 1)]
                    gx, gy = gx + KERNEL[i][j] * pixel, gy + KERNEL[j][i] * pixel
            out[:, :, y, x] = (gx**2 + gy**2) ** 0.5 / 8
    return out


def right_complex(image):
    gx, gy = _slopes(image)
    return torch.complex(gx, gy).abs()


def right_unfold_in_float64(image):
    x = F.pad(image.double(), (1, 1, 1, 1), mode="replicate").unfold(2, 3, 1).unfold(3, 3, 1)
    k = torch.tensor(KERNEL, dtype=torch.float64)
    gx, gy = torch.einsum("bchwij,ij->bchw", x, k), torch.einsum("bchwij,ji->bchw", x, k)
    return (torch.stack([gx, gy]).norm(dim=0) / 8).to(image.dtype)


def _length(gx, gy):
    return (gx**2 + gy**2).sqrt()


def wrong_not_divided(image):
    return _length(*_slopes(image, scale=1.0))


def wrong_divided_by_four(image):
    return _length(*_slopes(image, scale=4.0))


def wrong_divided_after_the_squares(image):
    gx, gy = _slopes(image, scale=1.0)
    return ((gx**2 + gy**2) / 8).sqrt()


def wrong_zeros_beyond(image):
    return _length(*_slopes(image, mode="constant"))


def wrong_around(image):
    return _length(*_slopes(image, mode="circular"))


def wrong_border_left_out(image):
    edges = _length(*_slopes(image))
    inside = torch.zeros_like(edges)
    inside[:, :, 1:-1, 1:-1] = edges[:, :, 1:-1, 1:-1]
    return inside


def wrong_smaller(image):
    return _length(*_slopes(image))[:, :, 1:-1, 1:-1]


def wrong_across_only(image):
    gx, _ = _slopes(image)
    return gx.abs()


def wrong_down_only(image):
    _, gy = _slopes(image)
    return gy.abs()


def wrong_sum_of_absolutes(image):
    gx, gy = _slopes(image)
    return gx.abs() + gy.abs()


def wrong_no_root(image):
    gx, gy = _slopes(image)
    return gx**2 + gy**2


def wrong_sum_of_slopes(image):
    gx, gy = _slopes(image)
    return gx + gy


def wrong_larger_of_both(image):
    gx, gy = _slopes(image)
    return torch.maximum(gx.abs(), gy.abs())


def wrong_halved_root(image):
    gx, gy = _slopes(image)
    return ((gx**2 + gy**2) / 2).sqrt()


def wrong_same_kernel_twice(image):
    gx, _ = _slopes(image)
    return _length(gx, gx)


def wrong_prewitt(image):
    return _length(*_slopes(image, kernel=((-1.0, 0.0, 1.0),) * 3, scale=6.0))


def wrong_prewitt_by_eight(image):
    return _length(*_slopes(image, kernel=((-1.0, 0.0, 1.0),) * 3))


def wrong_colors_together(image):
    gx, gy = _slopes(image.mean(1, keepdim=True))
    return _length(gx, gy).expand(image.shape)


def wrong_colors_added(image):
    edges = _length(*_slopes(image))
    return edges.sum(1, keepdim=True).expand(image.shape)


def wrong_one_channel(image):
    return _length(*_slopes(image)).mean(1, keepdim=True)


def wrong_first_image_for_all(image):
    return _length(*_slopes(image[:1])).expand(image.shape)


def wrong_small_number_inside(image):
    gx, gy = _slopes(image)
    return (gx**2 + gy**2 + 1e-3).sqrt()


def wrong_scaled_to_one(image):
    edges = _length(*_slopes(image))
    return edges / edges.max().clamp(min=1e-9)


def wrong_clamped(image):
    return _length(*_slopes(image)).clamp(max=0.3)


def wrong_plain_differences(image):
    dx, dy = F.pad(image.diff(dim=3), (0, 1)), F.pad(image.diff(dim=2), (0, 0, 0, 1))
    return _length(dx, dy)


def wrong_shifted(image):
    return _length(*_slopes(image)).roll(1, 3)


def wrong_in_place(image):
    edges = _length(*_slopes(image))
    image.data.copy_(edges)
    return edges


def wrong_rounded(image):
    return (_length(*_slopes(image)) * 100).round() / 100
