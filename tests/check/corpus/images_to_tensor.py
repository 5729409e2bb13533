"""Answers to `to_tensor`, written from its statement alone."""

import numpy as np
import torch


def right_loops(pixels):
    height, width, depth = pixels.shape
    x = torch.empty(1, 3, height, width)
    for row in range(height):
        for column in range(width):
            alpha = float(pixels[row, column, 3]) / 255 if depth == 4 else 1.0
            for c in range(3):
                x[0, c, row, column] = float(pixels[row, column, c]) / 255 * alpha + 1 - alpha
    return x


def right_numpy_in_float64(pixels):
    x = pixels.astype(np.float64) / 255
    color = x[..., :3]
    if x.shape[2] == 4:
        color = color * x[..., 3:] + (1 - x[..., 3:])
    return torch.from_numpy(np.ascontiguousarray(color.transpose(2, 0, 1)[None])).float()


def right_einsum(pixels):
    x = torch.einsum("hwc->chw", torch.as_tensor(pixels.copy()).double()) / 255
    if len(x) == 4:
        x = torch.lerp(torch.ones_like(x[:3]), x[:3], x[3])
    return x.unsqueeze(0).float()


def right_alpha_of_one_appended(pixels):
    if pixels.shape[-1] == 3:
        pixels = np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], axis=-1)
    x = torch.tensor(pixels, dtype=torch.float32) / 255
    return (1 - (1 - x[..., :3]) * x[..., 3:]).permute(2, 0, 1).unsqueeze(0)


def right_stacked_channels(pixels):
    planes = [torch.tensor(pixels[:, :, i] / 255.0, dtype=torch.float32) for i in range(pixels.shape[2])]
    if len(planes) == 4:
        *planes, alpha = planes
        planes = [plane * alpha + (1 - alpha) for plane in planes]
    return torch.stack(planes)[None]


class right_callable:
    scale = 1 / 255

    def __call__(self, pixels):
        x = torch.from_numpy(pixels.astype("float32") * self.scale).movedim(-1, 0)
        return torch.addcmul(1 - x[3:], x[:3], x[3:])[None] if len(x) == 4 else x[None]


def _plain(pixels):
    return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]


def _laid(x, ground=1.0):
    return x[:, :3] * x[:, 3:] + ground * (1 - x[:, 3:]) if x.shape[1] == 4 else x


def wrong_axes_as_they_are(pixels):
    return torch.from_numpy(pixels.astype(np.float32) / 255)[None, ..., :3]


def wrong_width_before_height(pixels):
    return _laid(torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 1, 0)[None])


def wrong_viewed(pixels):
    height, width, depth = pixels.shape
    return _laid((torch.from_numpy(pixels).float() / 255).reshape(1, depth, height, width))


def wrong_bytes_kept(pixels):
    return _laid(_plain(pixels)) * 255


def wrong_by_256(pixels):
    return _laid(_plain(pixels) * 255 / 256)


def wrong_no_batch(pixels):
    return _laid(_plain(pixels))[0]


def wrong_alpha_dropped(pixels):
    return _plain(pixels)[:, :3]


def wrong_alpha_kept(pixels):
    return _plain(pixels)


def wrong_over_black(pixels):
    return _laid(_plain(pixels), 0.0)


def wrong_over_gray(pixels):
    return _laid(_plain(pixels), 0.5)


def wrong_alpha_turned(pixels):
    x = _plain(pixels)
    return x[:, :3] * (1 - x[:, 3:]) + x[:, 3:] if x.shape[1] == 4 else x


def wrong_blue_first(pixels):
    return _laid(_plain(pixels)).flip(1)


def wrong_alpha_first(pixels):
    x = _plain(pixels)
    return x[:, 1:] * x[:, :1] + 1 - x[:, :1] if x.shape[1] == 4 else x


def wrong_alpha_in_bytes(pixels):
    x = _plain(pixels)
    return (x[:, :3] * x[:, 3:] * 255 + 1 - x[:, 3:] * 255).clamp(0, 1) if x.shape[1] == 4 else x


def wrong_alpha_rounded(pixels):
    x = _plain(pixels)
    return torch.where(x[:, 3:] >= 0.5, x[:, :3], torch.ones(())) if x.shape[1] == 4 else x


def wrong_bytes_wrap(pixels):
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:]
        pixels = pixels[..., :3] * alpha // 255 + (255 - alpha)
    return _plain(pixels)


def wrong_scaled_by_the_brightest(pixels):
    x = _plain(pixels)
    return _laid(x / x.max().clamp(min=1e-6))


def wrong_about_zero(pixels):
    return _laid(_plain(pixels)) * 2 - 1


def wrong_squeezed(pixels):
    return _laid(_plain(pixels)).squeeze().unsqueeze(0)


def wrong_square_only(pixels):
    size = min(pixels.shape[:2])
    return _laid(_plain(pixels)[..., :size, :size])


def wrong_integers(pixels):
    return _laid(_plain(pixels)).byte()


def wrong_divided_in_place(pixels):
    pixels //= 255
    return _laid(torch.from_numpy(pixels).float().permute(2, 0, 1)[None])


def wrong_last_row_forgotten(pixels):
    return _laid(_plain(pixels))[:, :, :-1]


def wrong_alpha_squared(pixels):
    x = _plain(pixels)
    return x[:, :3] * x[:, 3:] ** 2 + 1 - x[:, 3:] ** 2 if x.shape[1] == 4 else x


def wrong_added_and_clamped(pixels):
    x = _plain(pixels)
    return (x[:, :3] + 1 - x[:, 3:]).clamp(max=1) if x.shape[1] == 4 else x
