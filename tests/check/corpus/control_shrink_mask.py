"""Answers to `shrink_mask`, written from its statement alone."""

import torch
import torch.nn.functional as F


def right_avg_pool(mask, pools):
    return F.avg_pool2d(mask, kernel_size=2**pools, stride=2**pools)


def right_again_and_again(mask, pools):
    for _ in range(pools):
        mask = F.avg_pool2d(mask, 2, 2)
    return mask


def right_reshaped(mask, pools):
    cell = 2**pools
    rows, columns = mask.shape[2] // cell, mask.shape[3] // cell
    cut = mask[:, :, : rows * cell, : columns * cell]
    return cut.reshape(mask.shape[0], 1, rows, cell, columns, cell).mean(dim=(3, 5))


def right_convolved(mask, pools):
    cell = 2**pools
    kernel = torch.full((1, 1, cell, cell), 1 / cell**2, dtype=mask.dtype)
    return F.conv2d(mask, kernel, stride=cell)


def right_loops(mask, pools):
    cell = 2**pools
    rows, columns = mask.shape[2] // cell, mask.shape[3] // cell
    lines = []
    for y in range(rows):
        cells = [mask[:, :, y * cell : (y + 1) * cell, x * cell : (x + 1) * cell].mean((2, 3)) for x in range(columns)]
        lines.append(torch.stack(cells, 2))
    return torch.stack(lines, 2)


def right_unfolded(mask, pools):
    cell = 2**pools
    return mask.unfold(2, cell, cell).unfold(3, cell, cell).flatten(4).mean(4)


def right_recursive(mask, pools):
    return mask if pools == 0 else right_recursive(F.avg_pool2d(mask, 2), pools - 1)


def right_area_of_the_cut(mask, pools):
    rows, columns = mask.shape[2] >> pools, mask.shape[3] >> pools
    return F.interpolate(mask[..., : rows << pools, : columns << pools], size=(rows, columns), mode="area")


def wrong_max(mask, pools):
    return F.max_pool2d(mask, 2**pools)


def wrong_min(mask, pools):
    return -F.max_pool2d(-mask, 2**pools)


def wrong_strided(mask, pools):
    return mask[..., :: 2**pools, :: 2**pools]


def wrong_strided_and_cut(mask, pools):
    cell = 2**pools
    return mask[..., ::cell, ::cell][..., : mask.shape[2] // cell, : mask.shape[3] // cell]


def wrong_nearest(mask, pools):
    return F.interpolate(mask, size=[s >> pools for s in mask.shape[2:]], mode="nearest")


def wrong_bilinear(mask, pools):
    return F.interpolate(mask, size=[s >> pools for s in mask.shape[2:]], mode="bilinear", align_corners=False)


def wrong_bicubic(mask, pools):
    return F.interpolate(mask, size=[s >> pools for s in mask.shape[2:]], mode="bicubic", antialias=True)


def wrong_corners(mask, pools):
    return F.interpolate(mask, size=[s >> pools for s in mask.shape[2:]], mode="bilinear", align_corners=True)


def wrong_rounded(mask, pools):
    return F.avg_pool2d(mask, 2**pools).round()


def wrong_above_half(mask, pools):
    return (F.avg_pool2d(mask, 2**pools) > 0.5).to(mask)


def wrong_touched(mask, pools):
    return (F.avg_pool2d(mask, 2**pools) > 0).to(mask)


def wrong_rounded_first(mask, pools):
    return F.avg_pool2d(mask.round(), 2**pools)


def wrong_sum(mask, pools):
    return F.avg_pool2d(mask, 2**pools) * 4**pools


def wrong_sum_of_rows(mask, pools):
    return F.avg_pool2d(mask, 2**pools) * 2**pools


def wrong_width(mask, pools):
    return F.avg_pool2d(mask, max(2 * pools, 1))


def wrong_width_pools(mask, pools):
    return F.avg_pool2d(mask, max(pools, 1))


def wrong_one_more(mask, pools):
    return F.avg_pool2d(mask, 2 ** (pools + 1))


def wrong_one_less(mask, pools):
    return F.avg_pool2d(mask, 2 ** max(pools - 1, 0))


def wrong_once(mask, pools):
    return F.avg_pool2d(mask, 2)


def wrong_overlapping(mask, pools):
    return F.avg_pool2d(mask, 2**pools, stride=1)


def wrong_ceil(mask, pools):
    return F.avg_pool2d(mask, 2**pools, ceil_mode=True)


def wrong_from_the_lower_right(mask, pools):
    return F.avg_pool2d(mask.flip(2, 3), 2**pools).flip(2, 3)


def wrong_scaled_to_one(mask, pools):
    small = F.avg_pool2d(mask, 2**pools)
    return small / small.amax().clamp(min=1e-8)


def wrong_scaled_to_mean_one(mask, pools):
    small = F.avg_pool2d(mask, 2**pools)
    return small / small.mean().clamp(min=1e-8)


def wrong_without_channel(mask, pools):
    return F.avg_pool2d(mask, 2**pools)[:, 0]


def wrong_same_size(mask, pools):
    small = F.avg_pool2d(mask, 2**pools)
    return F.interpolate(small, size=mask.shape[2:])


def wrong_turned_around(mask, pools):
    return 1 - F.avg_pool2d(mask, 2**pools)


def wrong_in_place(mask, pools):
    small = F.avg_pool2d(mask, 2**pools)
    mask.data.zero_()
    return small


def wrong_detached(mask, pools):
    return F.avg_pool2d(mask.detach(), 2**pools)


def wrong_rows_only(mask, pools):
    return F.avg_pool2d(mask, (2**pools, 1))


def wrong_pools_of_two_that_skip(mask, pools):
    return torch.nn.functional.avg_pool2d(mask, 2, stride=2**pools)  # raises an error on a single row


def wrong_filled_up_with_zeros(mask, pools):
    cell = 2**pools
    height, width = (-size % cell for size in mask.shape[2:])
    return torch.nn.functional.avg_pool2d(torch.nn.functional.pad(mask, (0, width, 0, height)), cell)
