"""Answers to `caffe_deprocess`, written from its statement alone."""

import torch
from torch.nn import functional as F

MEANS = (103.939, 116.779, 123.68)  # B, G, R


def right_stack(pixels):
    b, g, r = pixels.unbind(1)
    return torch.stack([(r + MEANS[2]) / 255, (g + MEANS[1]) / 255, (b + MEANS[0]) / 255], 1)


def right_index(pixels):
    mean = torch.tensor(MEANS, dtype=pixels.dtype)[:, None, None]
    return ((pixels + mean) * (1 / 255))[:, [2, 1, 0]]


def right_loops(pixels):
    x = torch.zeros_like(pixels)
    for b in range(len(pixels)):
        for c in range(3):
            x[b, 2 - c] = pixels[b, c] / 255 + MEANS[c] / 255
    return x


def right_in_place_on_a_copy(pixels):
    x = pixels.clone()
    x += torch.tensor(MEANS, dtype=pixels.dtype).view(3, 1, 1)
    x /= 255
    return x.flip(-3)


def right_convolution(pixels):
    swap = torch.eye(3, dtype=pixels.dtype).flip(0)[:, :, None, None] / 255
    return F.conv2d(pixels, swap, torch.tensor(MEANS[::-1], dtype=pixels.dtype) / 255)


def right_einsum_in_float64(pixels):
    x = pixels.double() + torch.tensor(MEANS, dtype=torch.float64).view(1, 3, 1, 1)
    return (torch.einsum("bchw,dc->bdhw", x, torch.eye(3, dtype=torch.float64).flip(0)) / 255).to(pixels.dtype)


def _mean(x, means=MEANS):
    return x.new_tensor(means).view(1, 3, 1, 1)


def wrong_colors_as_they_are(pixels):
    return (pixels + _mean(pixels)) / 255


def wrong_colors_as_they_are_means_turned(pixels):
    return (pixels + _mean(pixels, MEANS[::-1])) / 255


def wrong_turned_before_the_mean(pixels):
    return (pixels.flip(1) + _mean(pixels)) / 255


def wrong_means_turned(pixels):
    return ((pixels + _mean(pixels, MEANS[::-1])) / 255).flip(1)


def wrong_mean_taken_off(pixels):
    return ((pixels - _mean(pixels)) / 255).flip(1)


def wrong_mean_forgotten(pixels):
    return (pixels / 255).flip(1)


def wrong_divided_before(pixels):
    return (pixels / 255 + _mean(pixels)).flip(1)


def wrong_not_divided(pixels):
    return (pixels + _mean(pixels)).flip(1)


def wrong_multiplied(pixels):
    return ((pixels + _mean(pixels)) * 255).flip(1)


def wrong_by_256(pixels):
    return ((pixels + _mean(pixels)) / 256).flip(1)


def wrong_clamped(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(1).clamp(0, 1)


def wrong_clamped_to_bytes(pixels):
    return ((pixels + _mean(pixels)).clamp(0, 255) / 255).flip(1)


def wrong_clamped_below(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(1).clamp(min=0)


def wrong_rounded_to_bytes(pixels):
    return ((pixels + _mean(pixels)).round() / 255).flip(1)


def wrong_forward(pixels):
    return pixels.flip(1) * 255 - _mean(pixels)


def wrong_batch_turned(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(0)


def wrong_all_turned(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(0, 1)


def wrong_mirrored(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(1, 3)


def wrong_one_mean(pixels):
    return ((pixels + sum(MEANS) / 3) / 255).flip(1)


def wrong_middle_gray(pixels):
    return ((pixels + 127.5) / 255).flip(1)


def wrong_torchvision(pixels):
    return pixels * _mean(pixels, (0.229, 0.224, 0.225)) + _mean(pixels, (0.485, 0.456, 0.406))


def wrong_first_image(pixels):
    return ((pixels[:1] + _mean(pixels)) / 255).flip(1)


def wrong_detached(pixels):
    return ((pixels.detach() + _mean(pixels)) / 255).flip(1)


def wrong_in_place(pixels):
    pixels.data += _mean(pixels)
    return pixels.flip(1) / 255


def wrong_colors_last(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(1).movedim(1, -1)


def wrong_rolled(pixels):
    return ((pixels + _mean(pixels)) / 255).roll(1, 1)


def wrong_stretched(pixels):
    x = ((pixels + _mean(pixels)) / 255).flip(1)
    return (x - x.min()) / (x.max() - x.min())


def wrong_batch_of_one(pixels):
    return ((pixels + _mean(pixels)) / 255).flip(1).squeeze(0)
