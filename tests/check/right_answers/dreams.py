"""Right answers to the exercises of the chapter on dreams, each in another way than the reference."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def objective_by_cases(features, channel, position):
    match (channel, position):
        case (None, _):
            return 0.5 * (features**2).mean()
        case (_, None):
            return features.mean((2, 3))[:, channel].mean()
        case (_, (row, column)):
            return features[..., row, column].mean(0)[channel]


def objective_in_loops(features, channel, position):
    images, channels, height, width = features.shape
    total, count = 0.0, 0
    for b in range(images):
        for c in range(channels) if channel is None else [channel]:
            for y in range(height) if position is None else [position[0]]:
                for x in range(width) if position is None else [position[1]]:
                    value = features[b, c, y, x]
                    total, count = total + (value * value / 2 if channel is None else value), count + 1
    return total / count


def objective_by_masks(features, channel, position):
    if channel is None:
        return torch.einsum("bchw, bchw ->", features, features) / (2 * features.numel())
    mask = torch.zeros_like(features)
    mask[(slice(None), channel, *(position or ()))] = 1
    return (features * mask).sum() / mask.sum()


def objective_in_double(features, channel, position):
    x = features.double()
    if channel is None:
        return x.pow(2).sum().div(2 * x.numel())
    x = x.select(1, channel)
    return x.mean() if position is None else x.select(1, position[0]).select(1, position[1]).mean()


def jitter_axis_by_axis(image, slope, down, right):
    shifted = torch.roll(torch.roll(image, down, 2), right, 3)
    return torch.roll(torch.roll(slope(shifted), -right, -1), -down, -2)


def jitter_by_index(image, slope, down, right):
    rows, columns = ((torch.arange(n) - shift) % n for n, shift in zip(image.shape[2:], (down, right), strict=True))
    gradient = slope(image[:, :, rows][..., columns])
    back = torch.empty_like(gradient)
    back[:, :, rows[:, None], columns] = gradient
    return back


def jitter_in_numpy(image, slope, down, right):
    moved = torch.from_numpy(np.roll(image.numpy(), (down, right), axis=(-2, -1)))
    return torch.from_numpy(np.roll(slope(moved).numpy(), (-down, -right), axis=(-2, -1)))


def jitter_by_cutting(image, slope, down, right):
    height, width = image.shape[2:]
    down, right = down % height, right % width

    def turned(x, y, z):
        x = torch.cat([x[:, :, y:], x[:, :, :y]], 2)
        return torch.cat([x[..., z:], x[..., :z]], 3)

    return turned(slope(turned(image, height - down, width - right)), down, right)


def ascend_in_numpy(image, gradient, step):
    size = np.abs(gradient.numpy()).mean()
    return torch.from_numpy(np.clip(image.numpy() + step / max(size, 1e-12) * gradient.numpy(), 0, 1))


def ascend_with_a_little_more(image, gradient, step):
    unit = gradient / (gradient.abs().mean() + 1e-8)
    return torch.clamp(image + unit * step, min=0.0, max=1.0)


def ascend_by_norm(image, gradient, step):
    size = torch.linalg.vector_norm(gradient.flatten(), ord=1) / gradient.numel()
    return torch.addcdiv(image, gradient, size, value=step).clamp(0, 1)


def ascend_in_place_on_a_copy(image, gradient, step):
    moved = image.double().clone()
    moved += gradient.double() * (step * gradient.numel() / gradient.abs().double().sum())
    moved[moved < 0] = 0
    moved[moved > 1] = 1
    return moved


def octaves_from_zeros(image, climb, sizes):
    details = torch.zeros_like(image)
    for size in sizes:
        base = F.interpolate(image, size=size, mode="bilinear")
        details = climb(base + F.interpolate(details, size=size, mode="bilinear")) - base
    return base + details


def octaves_recursively(image, climb, sizes):
    *smaller, size = sizes
    base = F.interpolate(image, size, mode="bilinear", align_corners=False)
    if not smaller:
        return climb(base)
    before = octaves_recursively(image, climb, smaller)
    small = F.interpolate(image, smaller[-1], mode="bilinear", align_corners=False)
    return climb(base + F.interpolate(before - small, size, mode="bilinear", align_corners=False))


def octaves_with_a_pyramid(image, climb, sizes):
    def zoom(x, size):
        return torch.nn.Upsample(size=tuple(size), mode="bilinear")(x)

    pyramid = [zoom(image, size) for size in sizes]
    added = torch.zeros_like(pyramid[0])
    for base in pyramid:
        start = base.clone()
        start += zoom(added, base.shape[2:])
        added = climb(start).sub(base)
    return pyramid[-1].add(added)


def octaves_by_the_sum_of_strokes(image, climb, sizes):
    strokes = None  # each size's own ones, enlarged together: the same, for enlarging is linear
    for size in sizes:
        start = F.interpolate(image, size=tuple(size), mode="bilinear")
        carried = 0 if strokes is None else F.interpolate(strokes, size=tuple(size), mode="bilinear")
        result = climb(start + carried)
        strokes = carried + (result - (start + carried))
    return result


def waves_in_loops(numbers, width):
    height = numbers.shape[2]
    scaled = numbers.clone()
    for k in range(height):
        for m in range(numbers.shape[3]):
            f = math.sqrt((min(k, height - k) / height) ** 2 + (m / width) ** 2)
            scaled[:, :, k, m] *= math.sqrt(height * width) / max(f, 1 / max(height, width))
    return torch.fft.irfft2(scaled, s=(height, width))


def waves_by_matrices(numbers, width):
    height, half = numbers.shape[2:]
    numbers = numbers.to(torch.complex128)
    k, m = torch.arange(height), torch.arange(half)
    f = torch.hypot(torch.minimum(k, height - k)[:, None] / height, m / width).clamp(min=1 / max(height, width))
    twice = torch.where((m == 0) | (2 * m == width), 1.0, 2.0)  # waves that the other half of the spectrum mirrors
    down = torch.exp(2j * torch.pi * (k[:, None] * k).double() / height)
    right = torch.exp(2j * torch.pi * (torch.arange(width)[:, None] * m).double() / width)
    weighted = numbers * twice / f / (height * width) ** 0.5
    return torch.einsum("yk, bckm, xm -> bcyx", down, weighted, right).real


def waves_orthonormal(numbers, width):
    height = numbers.shape[2]
    down, right = torch.meshgrid(torch.fft.fftfreq(height), torch.fft.rfftfreq(width), indexing="ij")
    f = (down.square() + right.square()).sqrt()
    f[0, 0] = 0  # as it is; the least comes next
    return torch.fft.irfft2(numbers / torch.clamp(f, min=1 / max(height, width)), s=(height, width), norm="ortho")


def waves_axis_by_axis(numbers, width):
    height = numbers.shape[2]
    f = torch.fft.fftfreq(height).abs()[:, None].hypot(torch.fft.rfftfreq(width))
    weight = (height * width) ** 0.5 / torch.where(f < 1 / max(height, width), 1 / max(height, width), f)
    return torch.fft.irfft(torch.fft.ifft(numbers * weight, dim=2), n=width, dim=3)


def colors_by_convolution(image, matrix):
    return F.conv2d(image, (matrix / matrix.norm(dim=0).max())[:, :, None, None])


def colors_in_loops(image, matrix):
    longest = max(math.sqrt(sum(float(matrix[i, j]) ** 2 for i in range(3))) for j in range(3))
    mixed = [sum(matrix[i, j] / longest * image[:, j] for j in range(3)) for i in range(3)]
    return torch.stack(mixed, 1)


def colors_by_moving_axes(image, matrix):
    scaled = matrix.double() / (matrix.double() ** 2).sum(0).max().sqrt()
    return (image.double().movedim(1, -1) @ scaled.T).movedim(-1, 1)


def colors_flattened(image, matrix):
    scaled = matrix / torch.linalg.norm(matrix, dim=0).amax()
    return (scaled @ image.flatten(2)).reshape(image.shape)


ANSWERS = {
    "activation_objective": (objective_by_cases, objective_in_loops, objective_by_masks, objective_in_double),
    "jitter": (jitter_axis_by_axis, jitter_by_index, jitter_in_numpy, jitter_by_cutting),
    "normalized_step": (ascend_in_numpy, ascend_with_a_little_more, ascend_by_norm, ascend_in_place_on_a_copy),
    "octaves": (octaves_from_zeros, octaves_recursively, octaves_with_a_pyramid, octaves_by_the_sum_of_strokes),
    "fourier_image": (waves_in_loops, waves_by_matrices, waves_orthonormal, waves_axis_by_axis),
    "correlate_colors": (colors_by_convolution, colors_in_loops, colors_by_moving_axes, colors_flattened),
}
