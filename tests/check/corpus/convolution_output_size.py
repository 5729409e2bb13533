"""Answers to `output_size`, written from its statement alone."""

import math

import torch
from torch.nn import functional as F


def right_floor(size, kernel, padding, stride):
    return math.floor((size + 2 * padding - kernel) / stride) + 1


def right_range(size, kernel, padding, stride):
    return len(range(-padding, size + padding - kernel + 1, stride))


def right_while(size, kernel, padding, stride):
    count, first = 0, 0
    while first + kernel <= size + 2 * padding:
        count, first = count + 1, first + stride
    return count


def right_run(size, kernel, padding, stride):
    x = torch.zeros(1, 1, size + 2 * padding)
    return F.conv1d(x, torch.zeros(1, 1, kernel), stride=stride).shape[-1]


def right_divmod(size, kernel, padding, stride):
    steps, _ = divmod(size - kernel + padding + padding, stride)
    return 1 + int(steps)


def right_unfold(size, kernel, padding, stride):
    return torch.empty(size + 2 * padding).unfold(0, kernel, stride).size(0)


def wrong_last_forgotten(size, kernel, padding, stride):
    return (size + 2 * padding - kernel) // stride


def wrong_rounded_up(size, kernel, padding, stride):
    return math.ceil((size + 2 * padding - kernel) / stride) + 1


def wrong_rounded(size, kernel, padding, stride):
    return round((size + 2 * padding - kernel) / stride) + 1


def wrong_not_rounded(size, kernel, padding, stride):
    return (size + 2 * padding - kernel) / stride + 1


def wrong_a_float(size, kernel, padding, stride):
    return (size + 2 * padding - kernel) // stride + 1.5


def wrong_one_padding(size, kernel, padding, stride):
    return (size + padding - kernel) // stride + 1


def wrong_no_padding(size, kernel, padding, stride):
    return (size - kernel) // stride + 1


def wrong_padding_taken_off(size, kernel, padding, stride):
    return (size - 2 * padding - kernel) // stride + 1


def wrong_padding_of_four(size, kernel, padding, stride):
    return (size + 4 * padding - kernel) // stride + 1


def wrong_no_stride(size, kernel, padding, stride):
    return size + 2 * padding - kernel + 1


def wrong_no_kernel(size, kernel, padding, stride):
    return (size + 2 * padding) // stride + 1


def wrong_kernel_added(size, kernel, padding, stride):
    return (size + 2 * padding + kernel) // stride + 1


def wrong_one_added_before(size, kernel, padding, stride):
    return (size + 2 * padding - kernel + 1) // stride


def wrong_plus_stride_rounded_up(size, kernel, padding, stride):
    return (size + 2 * padding - kernel + stride + 1) // stride


def wrong_half_a_kernel(size, kernel, padding, stride):
    return (size + 2 * padding - kernel // 2) // stride + 1


def wrong_same_size(size, kernel, padding, stride):
    return -(-size // stride)


def wrong_size_over_stride(size, kernel, padding, stride):
    return size // stride


def wrong_padding_is_half(size, kernel, padding, stride):
    return (size + 2 * (kernel // 2) - kernel) // stride + 1


def wrong_odd_kernels_only(size, kernel, padding, stride):
    return (size + 2 * padding - 2 * (kernel // 2) - 1) // stride + 1


def wrong_plane(size, kernel, padding, stride):
    return ((size + 2 * padding - kernel) // stride + 1) ** 2


def wrong_pair(size, kernel, padding, stride):
    n = (size + 2 * padding - kernel) // stride + 1
    return (n, n)


def wrong_no_overlap(size, kernel, padding, stride):
    return (size + 2 * padding) // max(kernel, stride)


def wrong_one_less_kernel(size, kernel, padding, stride):
    return (size + 2 * padding - (kernel - 1)) // stride + 1


def wrong_each_divided(size, kernel, padding, stride):
    return size // stride + 2 * padding // stride - kernel // stride + 1


def wrong_stride_two_at_most(size, kernel, padding, stride):
    return (size + 2 * padding - kernel) // min(stride, 2) + 1


def wrong_text(size, kernel, padding, stride):
    return str((size + 2 * padding - kernel) // stride + 1)
