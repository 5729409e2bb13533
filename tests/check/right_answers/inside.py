"""Right answers to the exercises of the chapter on inside, each in another way than the reference."""

import numpy as np
import torch
import torch.nn.functional as F


def winograd_by_matrices(inputs, kernel):
    b = torch.tensor([[1.0, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]).to(inputs)
    g = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]).to(inputs)
    a = torch.tensor([[1.0, 1, 1, 0], [0, 1, -1, -1]]).to(inputs)
    products = (g @ kernel) * (b @ inputs)
    return a @ products, products


def winograd_by_solving(inputs, kernel):
    first = inputs[0] * kernel[0] + inputs[1] * kernel[1] + inputs[2] * kernel[2]
    second = inputs[1] * kernel[0] + inputs[2] * kernel[1] + inputs[3] * kernel[2]
    m1, m4 = (inputs[0] - inputs[2]) * kernel[0], (inputs[1] - inputs[3]) * kernel[2]
    together, apart = first - m1, second + m4
    return [torch.stack([first, second]), torch.stack([m1, (together + apart) / 2, (together - apart) / 2, m4])]


def winograd_in_floats(inputs, kernel):
    d, g = inputs.tolist(), kernel.tolist()
    m = [
        (d[0] - d[2]) * g[0],
        (d[1] + d[2]) * sum(g) * 0.5,
        (d[2] - d[1]) * (g[0] - g[1] + g[2]) * 0.5,
        (d[1] - d[3]) * g[2],
    ]
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]], m


def winograd_in_numpy(inputs, kernel):
    d0, d1, d2, d3 = inputs.double().numpy()
    g0, g1, g2 = kernel.double().numpy()
    m2, m3 = (d1 + d2) / 2 * (g0 + g1 + g2), (d1 - d2) / 2 * (g1 - g0 - g2)
    m = np.array([(d0 - d2) * g0, m2, m3, (d1 - d3) * g2])
    return np.array([m[:3].sum(), m2 - m3 - m[3]]), m


def average_of_copies(iterates, decay):
    copies = [image.clone() for image in iterates]
    weights = [decay**age for age in reversed(range(len(copies)))]
    return sum(weight * image for weight, image in zip(weights, copies, strict=True)) / sum(weights)


def average_in_place(iterates, decay):
    average, t = None, 0
    for image in iterates:
        average = torch.zeros_like(image) if average is None else average
        average.mul_(decay).add_(image, alpha=1 - decay)
        t += 1
    return average.div_(1 - decay**t)


def average_corrected_in_each_step(iterates, decay):
    average = 0.0
    for t, image in enumerate(iterates, start=1):
        average = average + (1 - decay) / (1 - decay**t) * (image - average)
    return average


def average_by_lerp(iterates, decay):
    iterator = iter(iterates)
    average, t = next(iterator).double() * (1 - decay), 1
    for image in iterator:
        average = torch.lerp(average, image.double(), 1 - decay)
        t += 1
    return average / (1 - decay**t)


def average_in_numpy(iterates, decay):
    average, t = 0.0, 0
    for image in iterates:
        average, t = decay * average + (1 - decay) * image.numpy(), t + 1
    return average / (1 - decay**t)


def _smooth(image, size):
    return F.interpolate(image, size, mode="bicubic", antialias=True)


def prolong_by_parts(coarse, fine):
    """Resizing is linear, so the change may be taken at the fine size, too."""
    detail = fine - _smooth(_smooth(fine, coarse.shape[-2:]), fine.shape[-2:])
    return torch.clamp(_smooth(coarse, fine.shape[-2:]) + detail, 0, 1)


def prolong_channel_by_channel(coarse, fine):
    result = torch.empty_like(fine)
    for image in range(len(fine)):
        for channel in range(fine.shape[1]):
            where = (slice(image, image + 1), slice(channel, channel + 1))
            change = coarse[where] - _smooth(fine[where], tuple(coarse.shape[2:]))
            result[where] = fine[where] + _smooth(change, tuple(fine.shape[2:]))
    return result.clip(0, 1)


def prolong_in_double(coarse, fine):
    change = coarse.double() - _smooth(fine.double(), coarse.shape[2:])
    return (fine.double() + _smooth(change, fine.shape[2:])).clamp(0, 1).to(fine.dtype)


def prolong_in_place_on_a_copy(coarse, fine):
    image = fine.clone()
    image += _smooth(coarse - _smooth(image, coarse.shape[2:]), fine.shape[2:])
    return image.clamp_(0, 1)


ANSWERS = {
    "winograd_1d": (winograd_by_matrices, winograd_by_solving, winograd_in_floats, winograd_in_numpy),
    "average_iterates": (
        average_of_copies,
        average_in_place,
        average_corrected_in_each_step,
        average_by_lerp,
        average_in_numpy,
    ),
    "prolong": (prolong_by_parts, prolong_channel_by_channel, prolong_in_double, prolong_in_place_on_a_copy),
}
