"""Answers to `filter_grid`, written from its statement alone."""

import math

import numpy as np
import torch
from torch.nn import functional as F


def _scaled(weights):
    peak = weights.abs().amax((1, 2, 3), keepdim=True)
    return weights / torch.where(peak > 0, peak, torch.ones_like(peak)) / 2 + 0.5


def right_tiles_with_borders(weights, columns):
    count = len(weights)
    rows = math.ceil(count / columns)
    tiles = F.pad(_scaled(weights), (1, 0, 1, 0), value=1.0)
    tiles = torch.cat([tiles, tiles.new_ones(rows * columns - count, *tiles.shape[1:])])
    side = tiles.shape[2]
    grid = tiles.view(rows, columns, 3, side, side).permute(2, 0, 3, 1, 4).reshape(1, 3, rows * side, columns * side)
    return F.pad(grid, (0, 1, 0, 1), value=1.0)


def right_fold(weights, columns):
    count, _, k, _ = weights.shape
    rows = -(-count // columns)
    dark = (1 - _scaled(weights)).flatten(1).T[None]
    dark = F.pad(dark, (0, rows * columns - count))
    size = (rows * (k + 1) - 1, columns * (k + 1) - 1)
    return 1 - F.pad(F.fold(dark, size, k, stride=k + 1), (1, 1, 1, 1))


def right_pixel_by_pixel(weights, columns):
    count, _, k, _ = weights.shape
    rows = (count + columns - 1) // columns
    grid = torch.full((1, 3, rows * (k + 1) + 1, columns * (k + 1) + 1), 1.0, dtype=weights.dtype)
    for n in range(count):
        peak = float(weights[n].abs().max()) or 1.0
        for y in range(k):
            for x in range(k):
                grid[0, :, 1 + n // columns * (k + 1) + y, 1 + n % columns * (k + 1) + x] = 0.5 + weights[
                    n, :, y, x
                ] / (2 * peak)
    return grid


def right_numpy(weights, columns):
    w = weights.detach().numpy().astype(np.float64)
    k = w.shape[2]
    rows = -(-len(w) // columns)
    grid = np.ones((3, rows * (k + 1) + 1, columns * (k + 1) + 1))
    for n, one in enumerate(w):
        peak = np.abs(one).max()
        top, left = (1 + place * (k + 1) for place in divmod(n, columns))
        grid[:, top : top + k, left : left + k] = 0.5 + (0.5 * one / peak if peak else 0)
    return torch.from_numpy(grid[None]).to(weights.dtype)


def right_rows_joined(weights, columns):
    pictures = list(_scaled(weights))
    k = weights.shape[2]
    while len(pictures) % columns:
        pictures.append(torch.ones(3, k, k, dtype=weights.dtype))
    post = torch.ones(3, k, 1, dtype=weights.dtype)
    rows = []
    for start in range(0, len(pictures), columns):
        parts = [post]
        for picture in pictures[start : start + columns]:
            parts += [picture, post]
        rows.append(torch.cat(parts, 2))
    beam = torch.ones(3, 1, rows[0].shape[2], dtype=weights.dtype)
    stack = [beam]
    for row in rows:
        stack += [row, beam]
    return torch.cat(stack, 1)[None]


def _grid(scaled, columns, gap=1, around=1, white=1.0, place=divmod, rows=None):
    count, colors, k, _ = scaled.shape
    rows = -(-count // columns) if rows is None else rows
    height = rows * (k + gap) - gap + 2 * around
    grid = scaled.new_full((1, colors, height, columns * (k + gap) - gap + 2 * around), white)
    for n, one in enumerate(scaled[: rows * columns]):
        row, column = place(n, columns)
        top, left = around + row * (k + gap), around + column * (k + gap)
        grid[0, :, top : top + k, left : left + k] = one
    return grid


def wrong_black_between(weights, columns):
    return _grid(_scaled(weights), columns, white=0.0)


def wrong_gray_between(weights, columns):
    return _grid(_scaled(weights), columns, white=0.5)


def wrong_nothing_around(weights, columns):
    return _grid(_scaled(weights), columns, around=0)


def wrong_two_between(weights, columns):
    return _grid(_scaled(weights), columns, gap=2)


def wrong_nothing_between(weights, columns):
    return _grid(_scaled(weights), columns, gap=0)


def wrong_two_around(weights, columns):
    return _grid(_scaled(weights), columns, around=2)


def wrong_one_scale(weights, columns):
    peak = weights.abs().max()
    return _grid(0.5 + weights / (2 * peak if peak > 0 else 1), columns)


def wrong_scale_for_each_color(weights, columns):
    peak = weights.abs().amax((2, 3), keepdim=True)
    return _grid(0.5 + 0.5 * weights / torch.where(peak > 0, peak, torch.ones_like(peak)), columns)


def wrong_least_to_largest(weights, columns):
    low, high = weights.amin((1, 2, 3), keepdim=True), weights.amax((1, 2, 3), keepdim=True)
    return _grid((weights - low) / (high - low), columns)


def wrong_by_the_largest_not_in_size(weights, columns):
    return _grid((0.5 + 0.5 * weights / weights.amax((1, 2, 3), keepdim=True)).clamp(0, 1), columns)


def wrong_zeros_are_nan(weights, columns):
    return _grid(0.5 + 0.5 * weights / weights.abs().amax((1, 2, 3), keepdim=True), columns)


def wrong_small_number_added(weights, columns):
    return _grid(0.5 + 0.5 * weights / (weights.abs().amax((1, 2, 3), keepdim=True) + 0.01), columns)


def wrong_zeros_are_white(weights, columns):
    scaled = _scaled(weights)
    scaled = torch.where(weights.abs().amax((1, 2, 3), keepdim=True) > 0, scaled, torch.ones_like(scaled))
    return _grid(scaled, columns)


def wrong_sign_turned(weights, columns):
    return _grid(1 - _scaled(weights), columns)


def wrong_about_zero(weights, columns):
    return _grid(_scaled(weights) * 2 - 1, columns)


def wrong_absolute(weights, columns):
    return _grid(_scaled(weights.abs()), columns)


def wrong_clamped_only(weights, columns):
    return _grid((weights + 0.5).clamp(0, 1), columns)


def wrong_column_by_column(weights, columns):
    rows = -(-len(weights) // columns)
    return _grid(_scaled(weights), columns, place=lambda n, c: (n % rows, n // rows))


def wrong_columns_are_rows(weights, columns):
    return _grid(_scaled(weights), -(-len(weights) // columns), rows=columns)


def wrong_last_row_lost(weights, columns):
    return _grid(_scaled(weights), columns, rows=max(1, len(weights) // columns))


def wrong_one_row_too_many(weights, columns):
    return _grid(_scaled(weights), columns, rows=len(weights) // columns + 1)


def wrong_left_over_gray(weights, columns):
    scaled = _scaled(weights)
    missing = -len(scaled) % columns
    return _grid(torch.cat([scaled, torch.full_like(scaled[:1], 0.5).expand(missing, -1, -1, -1)]), columns)


def wrong_first_again_where_left_over(weights, columns):
    scaled = _scaled(weights)
    return _grid(torch.cat([scaled, *([scaled[:1]] * (-len(scaled) % columns))]), columns)


def wrong_no_batch_axis(weights, columns):
    return _grid(_scaled(weights), columns)[0]


def wrong_transposed_filters(weights, columns):
    return _grid(_scaled(weights).mT, columns)


def wrong_blue_first(weights, columns):
    return _grid(_scaled(weights).flip(1), columns)


def wrong_last_filter_forgotten(weights, columns):
    scaled = _scaled(weights).clone()
    scaled[-1] = 1
    return _grid(scaled, columns)


def wrong_in_place(weights, columns):
    peak = weights.abs().amax((1, 2, 3), keepdim=True)
    weights.data /= torch.where(peak > 0, peak, torch.ones_like(peak))
    return _grid(0.5 + 0.5 * weights, columns)


def wrong_gray_picture(weights, columns):
    return _grid(_scaled(weights).mean(1, keepdim=True), columns)


def wrong_bytes(weights, columns):
    return (_grid(_scaled(weights), columns) * 255).byte()
