"""Answers to `caffe_preprocess`, written from its statement alone."""

import functools

import torch
from torch.nn import functional as F

MEANS = (103.939, 116.779, 123.68)  # B, G, R


def right_stack(image):
    r, g, b = image.unbind(1)
    return torch.stack([b * 255 - MEANS[0], g * 255 - MEANS[1], r * 255 - MEANS[2]], 1)


def right_index(image):
    return image[:, [2, 1, 0]] * 255 - torch.tensor(MEANS, dtype=image.dtype)[:, None, None]


def right_loops(image):
    x = torch.zeros_like(image)
    for b in range(len(image)):
        for c in range(3):
            x[b, c] = 255 * image[b, 2 - c] - MEANS[c]
    return x


def right_in_place_on_a_copy(image):
    x = image.clone()
    x *= 255
    x = torch.cat([x[:, 2:], x[:, 1:2], x[:, :1]], 1)
    for c, mean in enumerate(MEANS):
        x[:, c] -= mean
    return x


def right_one_by_one_convolution(image):
    swap = torch.eye(3, dtype=image.dtype).flip(0)[:, :, None, None] * 255
    return F.conv2d(image, swap, -torch.tensor(MEANS, dtype=image.dtype))


def right_in_float64(image):
    x = torch.einsum("bchw,dc->bdhw", image.double(), torch.eye(3, dtype=torch.float64).flip(0))
    return (255 * (x - torch.tensor(MEANS, dtype=torch.float64).view(3, 1, 1) / 255)).to(image.dtype)


def _moved(image, means, scale):
    return image.flip(1) * scale - image.new_tensor(means).view(1, 3, 1, 1)


right_partial = functools.partial(_moved, means=MEANS, scale=255)


def _mean(image, means=MEANS):
    return image.new_tensor(means).view(1, 3, 1, 1)


def wrong_rgb_kept(image):
    return image * 255 - _mean(image, MEANS[::-1])


def wrong_rgb_kept_means_too(image):
    return image * 255 - _mean(image)


def wrong_means_turned(image):
    return image.flip(1) * 255 - _mean(image, MEANS[::-1])


def wrong_not_scaled(image):
    return image.flip(1) - _mean(image)


def wrong_mean_before_the_scale(image):
    return (image.flip(1) - _mean(image)) * 255


def wrong_by_256(image):
    return image.flip(1) * 256 - _mean(image)


def wrong_mean_added(image):
    return image.flip(1) * 255 + _mean(image)


def wrong_no_mean(image):
    return image.flip(1) * 255


def wrong_one_mean(image):
    return image.flip(1) * 255 - sum(MEANS) / 3


def wrong_batch_turned(image):
    return image.flip(0) * 255 - _mean(image)


def wrong_mirrored(image):
    return image.flip(3) * 255 - _mean(image)


def wrong_all_turned(image):
    return image.flip(1, 3) * 255 - _mean(image)


def wrong_first_image_only(image):
    return image[:1].flip(1) * 255 - _mean(image)


def wrong_rounded(image):
    return (image.flip(1) * 255).round() - _mean(image)


def wrong_detached(image):
    return image.detach().flip(1) * 255 - _mean(image)


def wrong_in_place(image):
    image.data.mul_(255)
    return image.flip(1) - _mean(image)


def wrong_swapped_in_place(image):
    with torch.no_grad():
        image[:, 0], image[:, 2] = image[:, 2].clone(), image[:, 0].clone()
    return image * 255 - _mean(image)


def wrong_rolled(image):
    return image.roll(1, 1) * 255 - _mean(image)


def wrong_own_mean(image):
    return image.flip(1) * 255 - image.flip(1).mean((2, 3), keepdim=True) * 255


def wrong_torchvision(image):
    return (image - _mean(image, (0.485, 0.456, 0.406))) / _mean(image, (0.229, 0.224, 0.225))


def wrong_also_divided(image):
    return (image.flip(1) * 255 - _mean(image)) / 58.0


def wrong_rounded_means(image):
    return image.flip(1) * 255 - _mean(image, (104.0, 117.0, 124.0))


def wrong_swap_with_a_view(image):
    x = image.clone()
    x[:, 0], x[:, 2] = x[:, 2], x[:, 0]
    return x * 255 - _mean(image)


def wrong_mean_along_the_width(image):
    means = image.new_tensor(MEANS)
    return image.flip(1) * 255 - means[torch.arange(image.shape[3]) % 3]


_seen = []


def wrong_the_first_image_forever(image):
    if not _seen:
        _seen.append(image.flip(1) * 255 - _mean(image))
    return _seen[0]
