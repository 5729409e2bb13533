import math

import torch
import torch.nn.functional as F

from nstlib.filters import separable_blur
from nstlib.frequency import low_pass, split_bands


def right_plain(image, sigma):
    return image - low_pass(image, sigma)


def right_in_place_on_copy(image, sigma):
    return image.clone().sub_(low_pass(image, sigma))


def right_band(image, sigma):
    return split_bands(image, [sigma])[0]


def right_blur(image, sigma):
    return torch.sub(image, separable_blur(image, sigma))


def right_kernel(image, sigma):
    r, c = math.ceil(3 * sigma), image.shape[1]
    x = torch.arange(-r, r + 1, dtype=torch.float64)
    bell = torch.exp(-(x**2) / (2 * sigma**2))
    kernel = -torch.outer(bell, bell) / bell.sum() ** 2
    kernel[r, r] += 1
    padded = F.pad(image, (r, r, r, r), mode="replicate")
    return F.conv2d(padded, kernel.to(image.dtype).expand(c, 1, -1, -1), groups=c)


def right_each(image, sigma):
    return torch.cat([x[None] - low_pass(x[None], sigma) for x in image])


def wrong_turned(image, sigma):
    return low_pass(image, sigma) - image


def wrong_low(image, sigma):
    return low_pass(image, sigma)


def wrong_absolute(image, sigma):
    return right_plain(image, sigma).abs()


def wrong_clamped(image, sigma):
    return right_plain(image, sigma).clamp(0, 1)


def wrong_clamped_signed(image, sigma):
    return right_plain(image, sigma).clamp(-0.3, 0.3)


def wrong_gray_added(image, sigma):
    return right_plain(image, sigma) + 0.5


def wrong_relu(image, sigma):
    return right_plain(image, sigma).relu()


def wrong_bytes(image, sigma):
    a, b = ((255 * x).clamp(0, 255).to(torch.uint8) for x in (image, low_pass(image, sigma)))
    return (a - b).to(image.dtype) / 255


def wrong_rounded(image, sigma):
    return (right_plain(image, sigma) * 255).round() / 255


def wrong_mean(image, sigma):
    return image - image.mean((2, 3), keepdim=True)


def wrong_mean_removed(image, sigma):
    high = right_plain(image, sigma)
    return high - high.mean((2, 3), keepdim=True)


def wrong_doubled(image, sigma):
    return 2 * right_plain(image, sigma)


def wrong_twice(image, sigma):
    return right_plain(right_plain(image, sigma), sigma)


def wrong_low_twice(image, sigma):
    return image - low_pass(low_pass(image, sigma), sigma)


def wrong_sharpened(image, sigma):
    return image + right_plain(image, sigma)


def wrong_sigma_double(image, sigma):
    return right_plain(image, 2 * sigma)


def wrong_sigma_fixed(image, sigma):
    return right_plain(image, 1.0)


def wrong_detached(image, sigma):
    return right_plain(image.detach(), sigma)


def wrong_low_detached(image, sigma):
    return image - low_pass(image, sigma).detach()


def wrong_in_place(image, sigma):
    with torch.no_grad():
        image -= low_pass(image.clone(), sigma)
    return image * 1


def wrong_first_image(image, sigma):
    return right_plain(image[:1], sigma)


def wrong_gray(image, sigma):
    return right_plain(image, sigma).mean(1, keepdim=True).expand_as(image)


def wrong_pair(image, sigma):
    return right_plain(image, sigma), low_pass(image, sigma)


def wrong_normalized(image, sigma):
    high = right_plain(image, sigma)
    return high / (high.abs().max() + 1e-9)


def wrong_divided(image, sigma):
    return image / (low_pass(image, sigma).abs() + 1e-3)


def wrong_laplacian(image, sigma):
    c = image.shape[1]
    kernel = torch.tensor([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=image.dtype) / 4
    return F.conv2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), kernel.expand(c, 1, 3, 3), groups=c)


def wrong_interior_only(image, sigma):
    high = right_plain(image, sigma)
    mask = torch.zeros_like(image)
    mask[:, :, 1:-1, 1:-1] = 1
    return high * mask


def wrong_small_lost(image, sigma):
    return F.hardshrink(right_plain(image, sigma), 0.01)
