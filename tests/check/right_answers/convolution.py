"""Right answers to the exercises of the chapter on convolution, each in another way than the reference."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def convolve_in_loops(image, kernel, padding, stride):
    b, c, h, w = image.shape
    k, _, kh, kw = kernel.shape
    padded = torch.zeros(b, c, h + 2 * padding, w + 2 * padding)
    padded[:, :, padding : padding + h, padding : padding + w] = image
    rows = len(range(0, h + 2 * padding - kh + 1, stride))
    columns = len(range(0, w + 2 * padding - kw + 1, stride))
    result = torch.zeros(b, k, rows, columns)
    for n in range(b):
        for o in range(k):
            for y in range(rows):
                for x in range(columns):
                    window = padded[n, :, y * stride : y * stride + kh, x * stride : x * stride + kw]
                    result[n, o, y, x] = (window * kernel[o]).sum()
    return result


def convolve_by_unfold(image, kernel, padding, stride):
    windows = F.unfold(image, kernel.shape[2:], padding=padding, stride=stride)  # (B, C*h*w, positions)
    rows = (image.shape[2] + 2 * padding - kernel.shape[2]) // stride + 1
    return (kernel.flatten(1) @ windows).unflatten(2, (rows, -1))


def convolve_by_torch(image, kernel, padding, stride):
    return F.conv2d(image, kernel, padding=padding, stride=stride)


def convolve_in_numpy(image, kernel, padding, stride):
    padded = np.pad(image.numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))
    return np.einsum("bcyxij,kcij->bkyx", windows[:, :, ::stride, ::stride], kernel.numpy())


def convolve_by_tap(image, kernel, padding, stride):
    padded = F.pad(image, [padding] * 4).double()
    last = [size - k + 1 for size, k in zip(padded.shape[2:], kernel.shape[2:], strict=True)]
    total = 0
    for i in range(kernel.shape[2]):
        for j in range(kernel.shape[3]):
            part = padded[:, :, i : i + last[0] : stride, j : j + last[1] : stride]
            total = total + torch.tensordot(part, kernel[:, :, i, j].double(), dims=([1], [1])).movedim(3, 1)
    return total


def size_by_counting(size, kernel, padding, stride):
    count, first = 0, -padding
    while first + kernel <= size + padding:
        count, first = count + 1, first + stride
    return count


def size_by_torch(size, kernel, padding, stride):
    return F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), padding=padding, stride=stride).size(2)


def size_by_floor(size, kernel, padding, stride):
    return math.floor((size - kernel + 2 * padding) / stride) + 1


def size_with_one_stride_more(size, kernel, padding, stride):
    return np.int64(size + 2 * padding - kernel + stride) // stride


def blur_by_groups(image, sigma):
    channels, radius = image.shape[1], math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1, dtype=image.dtype)
    bell = torch.exp(-0.5 * (x / sigma) ** 2)
    bell = (bell / bell.sum()).repeat(channels, 1, 1, 1)  # (C, 1, 1, n)
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, bell, groups=channels), bell.mT, groups=channels)


def blur_in_one_stroke(image, sigma):
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1).double()
    square = torch.exp(-(x[:, None] ** 2 + x**2) / (2 * sigma**2))
    single = F.pad(image.double(), (radius,) * 4, mode="replicate").flatten(0, 1)[:, None]
    return F.conv2d(single, (square / square.sum())[None, None]).view(image.shape)


def blur_in_numpy(image, sigma):
    radius = math.ceil(3 * sigma)
    bell = np.exp(-np.square(np.arange(-radius, radius + 1) / sigma) / 2)
    result = image.numpy()
    for axis in (2, 3):
        border = [(radius, radius) if k == axis else (0, 0) for k in range(4)]
        padded = np.pad(result, border, mode="edge")
        result = np.apply_along_axis(np.convolve, axis, padded, bell / bell.sum(), "valid")
    return result


def blur_by_matrices(image, sigma):
    def matrix(size):
        radius = math.ceil(3 * sigma)
        weights = torch.zeros(size, size, dtype=torch.float64)
        total = sum(math.exp(-(d**2) / (2 * sigma**2)) for d in range(-radius, radius + 1))
        for row in range(size):
            for d in range(-radius, radius + 1):
                weights[row, min(max(row + d, 0), size - 1)] += math.exp(-(d**2) / (2 * sigma**2)) / total
        return weights

    return matrix(image.shape[2]) @ image.double() @ matrix(image.shape[3]).T


def edges_by_torch(image):
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=image.dtype) / 8
    x = F.pad(image, (1, 1, 1, 1), mode="replicate").flatten(0, 1).unsqueeze(1)
    both = F.conv2d(x, torch.stack([kernel, kernel.T])[:, None])  # (B*C, 2, H, W)
    return both.norm(dim=1).reshape(image.shape)


def edges_by_slices(image):
    x = F.pad(image, (1, 1, 1, 1), mode="replicate").double()
    rows = (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4
    columns = (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4
    return torch.hypot((rows[..., 2:] - rows[..., :-2]) / 2, (columns[..., 2:, :] - columns[..., :-2, :]) / 2)


def edges_in_numpy(image):
    x = np.pad(image.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    slopes = []
    for along, across in ((2, 3), (3, 2)):
        difference = np.roll(x, -1, across) - np.roll(x, 1, across)
        slopes.append((np.roll(difference, 1, along) + 2 * difference + np.roll(difference, -1, along)) / 8)
    return np.abs(slopes[0] + 1j * slopes[1])[:, :, 1:-1, 1:-1]


def edges_in_loops(image):
    out = torch.zeros_like(image)
    height, width = image.shape[2:]
    for y in range(height):
        for x in range(width):
            rows = [max(y - 1, 0), y, min(y + 1, height - 1)]
            columns = [max(x - 1, 0), x, min(x + 1, width - 1)]
            window = image[:, :, rows][..., columns]  # (B, C, 3, 3)
            ramp = torch.tensor([-1.0, 0, 1], dtype=image.dtype)
            weights = torch.tensor([1.0, 2, 1], dtype=image.dtype)
            across = (window * (weights[:, None] * ramp)).sum((2, 3))
            down = (window * (ramp[:, None] * weights)).sum((2, 3))
            out[:, :, y, x] = (across**2 + down**2) ** 0.5 / 8
    return out


def field_from_the_end_rightly(stack):
    size = 1
    for kernel, stride in reversed(stack):
        size = (size - 1) * stride + kernel
    return size, math.prod(stride for _, stride in stack)


def field_by_sum(stack):
    strides = np.cumprod([1] + [stride for _, stride in stack])
    return [1 + sum((k - 1) * s for (k, _), s in zip(stack, strides)), strides[-1]]  # noqa: B905


def field_by_sets(stack):
    def seen(position, depth):
        if depth == 0:
            return {position}
        kernel, stride = stack[depth - 1]
        return set().union(*(seen(position * stride + k, depth - 1) for k in range(kernel)))

    first, second = seen(0, len(stack)), seen(1, len(stack))
    return max(first) - min(first) + 1, min(second) - min(first)


def field_recursively(stack):
    if not stack:
        return 1, 1
    size, jump = field_recursively(stack[:-1])
    kernel, stride = stack[-1]
    return torch.tensor([size + (kernel - 1) * jump, jump * stride])


ANSWERS = {
    "convolve2d": (convolve_in_loops, convolve_by_unfold, convolve_by_torch, convolve_in_numpy, convolve_by_tap),
    "output_size": (size_by_counting, size_by_torch, size_by_floor, size_with_one_stride_more),
    "separable_blur": (blur_by_groups, blur_in_one_stroke, blur_in_numpy, blur_by_matrices),
    "sobel_edges": (edges_by_torch, edges_by_slices, edges_in_numpy, edges_in_loops),
    "receptive_field": (field_from_the_end_rightly, field_by_sum, field_by_sets, field_recursively),
}
