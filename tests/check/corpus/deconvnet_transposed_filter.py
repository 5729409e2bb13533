"""Answers to `transposed_filter`, written from its statement alone."""

import torch
from torch.nn import functional as F


def right_library(x, weight):
    return F.conv_transpose2d(x, weight, padding=1)


def right_turned(x, weight):
    return F.conv2d(x, weight.rot90(2, (2, 3)).transpose(0, 1), padding=1)


def right_vjp(x, weight):
    image = torch.zeros(len(x), weight.shape[1], *x.shape[2:], dtype=x.dtype, requires_grad=True)
    with torch.enable_grad():
        return torch.autograd.grad(F.conv2d(image, weight, padding=1), image, x)[0]


def right_shifts(x, weight):
    height, width = x.shape[2:]
    canvas = x.new_zeros(len(x), weight.shape[1], height + 2, width + 2)
    for i in range(3):
        for j in range(3):
            canvas[:, :, i : i + height, j : j + width] += torch.einsum("bohw,oc->bchw", x, weight[:, :, i, j])
    return canvas[:, :, 1:-1, 1:-1]


def right_fold(x, weight):
    columns = weight.flatten(1).T @ x.flatten(2)
    return F.fold(columns, x.shape[2:], 3, padding=1)


def right_library_gradient_in_float64(x, weight):
    shape = (len(x), weight.shape[1], *x.shape[2:])
    return torch.nn.grad.conv2d_input(shape, weight.double(), x.double(), padding=1).to(x.dtype)


def _matched(x, channels):
    return x[:, :channels] if x.shape[1] >= channels else F.pad(x, (0, 0, 0, 0, 0, channels - x.shape[1]))


def wrong_not_turned(x, weight):
    return F.conv2d(x, weight.transpose(0, 1), padding=1)


def wrong_rows_turned_only(x, weight):
    return F.conv2d(x, weight.flip(2).transpose(0, 1), padding=1)


def wrong_columns_turned_only(x, weight):
    return F.conv2d(x, weight.flip(3).transpose(0, 1), padding=1)


def wrong_kernels_transposed(x, weight):
    return F.conv2d(x, weight.mT.transpose(0, 1), padding=1)


def wrong_turned_and_transposed(x, weight):
    return F.conv2d(x, weight.flip(2, 3).mT.transpose(0, 1), padding=1)


def wrong_axes_not_exchanged(x, weight):
    return F.conv2d(_matched(x, weight.shape[1]), weight.flip(2, 3), padding=1)


def wrong_forward(x, weight):
    return F.conv2d(_matched(x, weight.shape[1]), weight, padding=1)


def wrong_reshaped(x, weight):
    out, into = weight.shape[:2]
    return F.conv2d(x, weight.flip(2, 3).reshape(into, out, 3, 3), padding=1)


def wrong_no_padding(x, weight):
    return F.conv_transpose2d(x, weight)


def wrong_padding_of_edges(x, weight):
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    return F.conv2d(x, weight.flip(2, 3).transpose(0, 1))


def wrong_rectified_before(x, weight):
    return F.conv_transpose2d(x.relu(), weight, padding=1)


def wrong_rectified_after(x, weight):
    return F.conv_transpose2d(x, weight, padding=1).relu()


def wrong_ninth(x, weight):
    return F.conv_transpose2d(x, weight, padding=1) / 9


def wrong_by_channels(x, weight):
    return F.conv_transpose2d(x, weight, padding=1) / weight.shape[0]


def wrong_normalized(x, weight):
    return F.conv_transpose2d(x, weight, padding=1) / weight.square().sum()


def wrong_bias(x, weight):
    return F.conv_transpose2d(x, weight, torch.full((weight.shape[1],), 0.1, dtype=x.dtype), padding=1)


def wrong_first_channel(x, weight):
    return F.conv_transpose2d(x[:, :1], weight[:1], padding=1)


def wrong_first_image_for_all(x, weight):
    return F.conv_transpose2d(x[:1], weight, padding=1).expand(len(x), -1, -1, -1)


def wrong_input_channels_reversed(x, weight):
    return F.conv_transpose2d(x, weight, padding=1).flip(1)


def wrong_output_channels_reversed(x, weight):
    return F.conv_transpose2d(x.flip(1), weight, padding=1)


def wrong_shifted(x, weight):
    return F.conv_transpose2d(x, weight, padding=0)[:, :, 2:, 2:]


def wrong_middle_only(x, weight):
    return torch.einsum("bohw,oc->bchw", x, weight[:, :, 1, 1])


def wrong_absolute(x, weight):
    return F.conv_transpose2d(x, weight.abs(), padding=1)


def wrong_negated(x, weight):
    return -F.conv_transpose2d(x, weight, padding=1)


def wrong_pseudo_inverse(x, weight):
    flat = torch.linalg.pinv(weight.flatten(1))
    return F.fold(flat @ x.flatten(2), x.shape[2:], 3, padding=1)


def wrong_square_only(x, weight):
    side = min(x.shape[2:])
    return F.conv_transpose2d(x[..., :side, :side], weight, padding=1)


def wrong_weight_turned_in_place(x, weight):
    weight.copy_(weight.flip(2, 3))
    return F.conv2d(x, weight.transpose(0, 1), padding=1)


def wrong_border_zero(x, weight):
    out = F.conv_transpose2d(x, weight, padding=1)
    return F.pad(out[:, :, 1:-1, 1:-1], (1, 1, 1, 1))
