"""Answers to `convolve2d`, written from its statement alone."""

import numpy as np
import torch
from torch.nn import functional as F


def _padded(image, padding):
    return F.pad(image, (padding,) * 4)


def right_library(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding)


def right_windows_in_loops(image, kernel, padding, stride):
    x = _padded(image, padding)
    h, w = kernel.shape[2:]
    rows = []
    for top in range(0, x.shape[2] - h + 1, stride):
        row = []
        for left in range(0, x.shape[3] - w + 1, stride):
            window = x[:, None, :, top : top + h, left : left + w]
            row.append((window * kernel[None]).sum((2, 3, 4)))
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, 2)


def right_unfold(image, kernel, padding, stride):
    h, w = kernel.shape[2:]
    columns = F.unfold(image, (h, w), padding=padding, stride=stride)
    out = kernel.flatten(1) @ columns
    width = (image.shape[3] + 2 * padding - w) // stride + 1
    return out.reshape(len(image), len(kernel), -1, width)


def right_tensor_windows(image, kernel, padding, stride):
    windows = _padded(image, padding).unfold(2, kernel.shape[2], stride).unfold(3, kernel.shape[3], stride)
    return torch.einsum("bcyxij,kcij->bkyx", windows, kernel)


def right_numpy(image, kernel, padding, stride):
    x = np.pad(image.detach().numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return torch.from_numpy(np.einsum("bcyxij,kcij->bkyx", windows, kernel.detach().numpy()))


def right_six_loops(image, kernel, padding, stride):
    x, k = _padded(image.double(), padding), kernel.double()
    rows = (x.shape[2] - k.shape[2]) // stride + 1
    columns = (x.shape[3] - k.shape[3]) // stride + 1
    out = torch.zeros(len(x), len(k), rows, columns, dtype=torch.float64)
    for y in range(rows):
        for z in range(columns):
            for i in range(k.shape[2]):
                for j in range(k.shape[3]):
                    out[:, :, y, z] += x[:, :, y * stride + i, z * stride + j] @ k[:, :, i, j].T
    return out.to(image.dtype)


def right_every_place_then_strided(image, kernel, padding, stride):
    return F.conv2d(_padded(image, padding), kernel)[:, :, ::stride, ::stride]


def wrong_kernel_turned(image, kernel, padding, stride):
    return F.conv2d(image, kernel.flip(2, 3), stride=stride, padding=padding)


def wrong_one_axis_turned(image, kernel, padding, stride):
    return F.conv2d(image, kernel.flip(3), stride=stride, padding=padding)


def wrong_kernel_transposed(image, kernel, padding, stride):
    return F.conv2d(image, kernel.mT, stride=stride, padding=padding)


def wrong_no_padding(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride)


def wrong_padding_right_and_below(image, kernel, padding, stride):
    return F.conv2d(F.pad(image, (0, padding, 0, padding)), kernel, stride=stride)


def wrong_padding_of_rows_only(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=(padding, 0))


def wrong_padding_one_more(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding + 1)


def wrong_padding_of_edges(image, kernel, padding, stride):
    return F.conv2d(F.pad(image, (padding,) * 4, mode="replicate"), kernel, stride=stride)


def wrong_padding_of_ones(image, kernel, padding, stride):
    return F.conv2d(F.pad(image, (padding,) * 4, value=1.0), kernel, stride=stride)


def wrong_stride_forgotten(image, kernel, padding, stride):
    return F.conv2d(image, kernel, padding=padding)


def wrong_stride_of_rows_only(image, kernel, padding, stride):
    return F.conv2d(image, kernel, padding=padding, stride=(stride, 1))


def wrong_stride_as_dilation(image, kernel, padding, stride):
    return F.conv2d(_padded(image, padding + 8), kernel, dilation=stride)


def wrong_last_place_forgotten(image, kernel, padding, stride):
    out = F.conv2d(image, kernel, stride=stride, padding=padding)
    return out[:, :, : max(1, out.shape[2] - 1)]


def wrong_last_place_zero(image, kernel, padding, stride):
    out = F.conv2d(image, kernel, stride=stride, padding=padding)
    out[..., -1] = 0
    return out


def wrong_channels_averaged(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding) / image.shape[1]


def wrong_first_channel_only(image, kernel, padding, stride):
    return F.conv2d(image[:, :1], kernel[:, :1], stride=stride, padding=padding)


def wrong_first_kernel_for_all(image, kernel, padding, stride):
    return F.conv2d(image, kernel[:1].expand_as(kernel), stride=stride, padding=padding)


def wrong_first_image_for_all(image, kernel, padding, stride):
    return F.conv2d(image[:1], kernel, stride=stride, padding=padding).expand(len(image), -1, -1, -1)


def wrong_kernels_mean(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding) / kernel[0, 0].numel()


def wrong_square_kernels_only(image, kernel, padding, stride):
    side = kernel.shape[2]
    kernel = kernel[..., :side] if kernel.shape[3] >= side else F.pad(kernel, (0, side - kernel.shape[3]))
    return F.conv2d(_padded(image, 7)[:, :, 7 - padding :, 7 - padding :], kernel, stride=stride)


def wrong_rectified(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding).relu()


def wrong_bias(image, kernel, padding, stride):
    return F.conv2d(image, kernel, torch.full((len(kernel),), 0.01, dtype=image.dtype), stride=stride, padding=padding)


def wrong_strided_from_one(image, kernel, padding, stride):
    return F.conv2d(F.pad(image, (padding, padding + 1, padding, padding + 1)), kernel)[:, :, 1::stride, 1::stride]


def wrong_stride_is_padding(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=max(padding, 1), padding=stride)


def wrong_kernels_last(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding).movedim(1, 3)


def wrong_zeros_written_into_the_image(image, kernel, padding, stride):
    out = F.conv2d(image, kernel, stride=stride, padding=padding)
    image.data[..., 0] = 0
    return out


def wrong_integers(image, kernel, padding, stride):
    return F.conv2d(image, kernel, stride=stride, padding=padding).round()


def wrong_channels_crossed(image, kernel, padding, stride):
    return F.conv2d(image.flip(1), kernel, stride=stride, padding=padding)
