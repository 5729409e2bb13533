"""Answers to `to_display`, written from its statement alone."""

import numpy as np
import torch


def _one(image):
    return image.detach().reshape(image.shape[-3:])


def right_numpy_clip(image):
    return np.clip(_one(image).numpy().transpose(1, 2, 0), 0, 1)


def right_moved(image):
    x = image.detach().clone().clamp_(0, 1)
    x = x.squeeze(0) if x.dim() == 4 else x
    return x.movedim(0, -1).numpy()


def right_no_grad(image):
    with torch.no_grad():
        x = torch.einsum("...chw->hwc", image * 1)
        return np.array(x.clamp(min=0).clamp(max=1))


def right_loops(image):
    x = _one(image)
    out = np.empty((*x.shape[1:], 3), np.float64)
    for row in range(x.shape[1]):
        for column in range(x.shape[2]):
            for c in range(3):
                out[row, column, c] = min(max(float(x[c, row, column]), 0.0), 1.0)
    return out


def right_stack(image):
    r, g, b = _one(image)
    return torch.stack([r, g, b], -1).clamp(0, 1).numpy().copy()


def right_from_a_list(image):
    return np.asarray(_one(image).clamp(0, 1).permute(1, 2, 0).tolist(), dtype=np.float32).reshape(*image.shape[-2:], 3)


def _shown(image):
    return _one(image).clamp(0, 1).permute(1, 2, 0).numpy()


def wrong_tensor(image):
    return _one(image).clamp(0, 1).permute(1, 2, 0)


def wrong_list(image):
    return _shown(image).tolist()


def wrong_not_clamped(image):
    return _one(image).permute(1, 2, 0).numpy()


def wrong_clamped_above_only(image):
    return _one(image).clamp(max=1).permute(1, 2, 0).numpy()


def wrong_clamped_below_only(image):
    return _one(image).clamp(min=0).permute(1, 2, 0).numpy()


def wrong_wrapped(image):
    return (_one(image) % 1).permute(1, 2, 0).numpy()


def wrong_stretched(image):
    x = _one(image)
    x = (x - x.min()) / (x.max() - x.min() + 1e-9)
    return x.permute(1, 2, 0).numpy()


def wrong_divided_by_the_largest(image):
    x = _one(image)
    return (x / x.abs().max()).clamp(0, 1).permute(1, 2, 0).numpy()


def wrong_squashed(image):
    return _one(image).sigmoid().permute(1, 2, 0).numpy()


def wrong_floats_to_255(image):
    return _shown(image) * 255


def wrong_channels_first(image):
    return _one(image).clamp(0, 1).numpy()


def wrong_width_first(image):
    return _shown(image).transpose(1, 0, 2)


def wrong_reshaped(image):
    return _one(image).clamp(0, 1).reshape(*image.shape[-2:], 3).numpy()


def wrong_batch_axis(image):
    return _shown(image)[None]


def wrong_blue_first(image):
    return _shown(image)[..., ::-1].copy()


def wrong_gray(image):
    return _shown(image).mean(2, keepdims=True).repeat(3, axis=2)


def wrong_first_row_taken_for_a_batch(image):
    return image[0].detach().clamp(0, 1).permute(1, 2, 0).numpy() if image.ndim == 4 else image[0].detach().numpy()


def wrong_without_detach(image):
    return (image[0] if image.ndim == 4 else image).clamp(0, 1).permute(1, 2, 0).numpy()


def wrong_clamped_in_place(image):
    return (image[0] if image.ndim == 4 else image).detach().clamp_(0, 1).permute(1, 2, 0).numpy()


def wrong_clamped_in_the_array(image):
    x = (image[0] if image.ndim == 4 else image).detach().permute(1, 2, 0).numpy()
    np.clip(x, 0, 1, out=x)
    return x


def wrong_gradient_switched_off(image):
    image.requires_grad_(False)
    return _shown(image)


def wrong_squeezed(image):
    return image.detach().squeeze().clamp(0, 1).permute(1, 2, 0).numpy()


def wrong_upside_down(image):
    return _shown(image)[::-1].copy()


def wrong_square_only(image):
    side = min(image.shape[-2:])
    return _shown(image)[:side, :side]


def wrong_rounded(image):
    return _shown(image).round(1)


def wrong_brightened(image):
    return _shown(image) ** (1 / 2.2)


def wrong_zero_or_one(image):
    return (_shown(image) > 0.5).astype(np.float32)


def wrong_only_if_larger_than_one(image):
    x = _one(image)
    return (x.clamp(0, 1) if x.max() > 1.25 else x).permute(1, 2, 0).numpy()
