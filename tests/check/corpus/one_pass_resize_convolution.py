"""Answers to `resize_convolution`, written from its statement alone."""

import torch
from torch.nn import functional as F


def _large(x):
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def right_as_written(features, kernels):
    return F.conv2d(
        F.pad(F.interpolate(features, scale_factor=2, mode="nearest"), (1, 1, 1, 1), mode="reflect"), kernels
    )


def right_repeated(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels)


def right_by_upsample(features, kernels):
    layer = torch.nn.Upsample(scale_factor=2)
    return F.conv2d(torch.nn.ReflectionPad2d(1)(layer(features)), kernels, stride=1, padding=0)


def right_by_kron(features, kernels):
    large = torch.kron(features.contiguous(), torch.ones(1, 1, 2, 2, dtype=features.dtype))
    large = torch.cat([large[:, :, 1:2], large, large[:, :, -2:-1]], 2)
    large = torch.cat([large[..., 1:2], large, large[..., -2:-1]], 3)
    return F.conv2d(large, kernels)


def right_unfolded(features, kernels):
    large = F.pad(_large(features), (1, 1, 1, 1), mode="reflect")
    columns = F.unfold(large, 3)
    return (kernels.flatten(1) @ columns).view(
        len(features), len(kernels), 2 * features.shape[2], 2 * features.shape[3]
    )


def right_nine_shifts(features, kernels):
    h, w = 2 * features.shape[2], 2 * features.shape[3]
    large = F.pad(_large(features), (1, 1, 1, 1), mode="reflect")
    return sum(
        torch.einsum("bchw,dc->bdhw", large[:, :, i : i + h, j : j + w], kernels[:, :, i, j])
        for i in range(3)
        for j in range(3)
    )


def right_edges_repeated(features, kernels):
    # One pixel beyond the border of doubled pixels, mirrored and repeated are the same.
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="replicate"), kernels)


def wrong_large_only(features, kernels):
    return _large(features)


def wrong_zeros(features, kernels):
    return F.conv2d(_large(features), kernels, padding=1)


def wrong_ones(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), value=1.0), kernels)


def wrong_circular(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="circular"), kernels)


def wrong_no_padding(features, kernels):
    return F.conv2d(_large(features), kernels)


def wrong_padding_of_two(features, kernels):
    return F.conv2d(F.pad(_large(features), (2, 2, 2, 2), mode="replicate"), kernels)


def wrong_padded_before(features, kernels):
    return F.conv2d(_large(F.pad(features, (1, 1, 1, 1), mode="replicate")), kernels)


def wrong_padded_before_and_cut(features, kernels):
    return F.conv2d(_large(F.pad(features, (1, 1, 1, 1))), kernels)[..., 1:-1, 1:-1]


def wrong_bilinear(features, kernels):
    large = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
    return F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), kernels)


def wrong_bilinear_corners(features, kernels):
    large = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=True)
    return F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), kernels)


def wrong_bicubic(features, kernels):
    large = F.interpolate(features, scale_factor=2, mode="bicubic")
    return F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), kernels)


def wrong_transposed(features, kernels):
    return F.conv_transpose2d(features, kernels.transpose(0, 1), stride=2, padding=1, output_padding=1)


def wrong_zeros_between(features, kernels):
    large = torch.zeros(*features.shape[:2], 2 * features.shape[2], 2 * features.shape[3], dtype=features.dtype)
    large[..., ::2, ::2] = features
    return F.conv2d(F.pad(large, (1, 1, 1, 1), mode="replicate"), kernels)


def wrong_convolved_first(features, kernels):
    return _large(F.conv2d(F.pad(features, (1, 1, 1, 1), mode="replicate"), kernels))


def wrong_tiled(features, kernels):
    return F.conv2d(F.pad(features.repeat(1, 1, 2, 2), (1, 1, 1, 1), mode="replicate"), kernels)


def wrong_height_only(features, kernels):
    return F.conv2d(F.pad(features.repeat_interleave(2, 2), (1, 1, 1, 1), mode="replicate"), kernels)


def wrong_three_times(features, kernels):
    large = features.repeat_interleave(3, 2).repeat_interleave(3, 3)
    return F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), kernels)


def wrong_turned(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels.flip(2, 3))


def wrong_mirrored_kernels(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels.flip(3))


def wrong_transposed_kernels(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels.mT)


def wrong_rectified(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels).relu()


def wrong_averaged(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels) / 9


def wrong_first_image(features, kernels):
    return F.conv2d(F.pad(_large(features[:1]), (1, 1, 1, 1), mode="reflect"), kernels).expand(
        len(features), -1, -1, -1
    )


def wrong_detached_kernels(features, kernels):
    return F.conv2d(F.pad(_large(features), (1, 1, 1, 1), mode="reflect"), kernels.detach())


def wrong_pixel_shuffled(features, kernels):
    same = F.conv2d(F.pad(features, (1, 1, 1, 1), mode="replicate"), kernels)
    return F.pixel_shuffle(same.repeat(1, 4, 1, 1), 2)


def wrong_margin_of_two(features, kernels):
    large = torch.nn.functional.interpolate(features, scale_factor=2)
    return torch.nn.functional.conv2d(torch.nn.functional.pad(large, [2] * 4, mode="replicate"), kernels)
