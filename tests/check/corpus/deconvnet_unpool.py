"""Answers to `unpool`, written from its statement alone."""

import numpy as np
import torch
from torch.nn import functional as F


def right_loops(values, switches, size):
    x = torch.zeros(*values.shape[:2], *size, dtype=values.dtype)
    for b in range(values.shape[0]):
        for c in range(values.shape[1]):
            for i in range(values.shape[2]):
                for j in range(values.shape[3]):
                    row, column = divmod(int(switches[b, c, i, j]), size[1])
                    x[b, c, row, column] = values[b, c, i, j]
    return x


def right_library(values, switches, size):
    return F.max_unpool2d(values, switches, 2, output_size=(*values.shape[:2], *size))


def right_scattered(values, switches, size):
    x = torch.zeros(*values.shape[:2], size[0] * size[1], dtype=values.dtype)
    x = x.scatter(2, switches.flatten(2), values.flatten(2))
    return x.view(*values.shape[:2], *size)


def right_indexed(values, switches, size):
    batch, channels = values.shape[:2]
    b = torch.arange(batch)[:, None, None, None].expand_as(values)
    c = torch.arange(channels)[None, :, None, None].expand_as(values)
    x = torch.zeros((batch, channels, *size), dtype=values.dtype)
    return x.index_put((b, c, switches // size[1], switches % size[1]), values)


def right_one_hot(values, switches, size):
    places = F.one_hot(switches.flatten(2), size[0] * size[1]).to(values.dtype)
    return torch.einsum("bcm,bcmp->bcp", values.flatten(2), places).reshape(*values.shape[:2], *size)


def right_flat(values, switches, size):
    batch, channels = values.shape[:2]
    area = size[0] * size[1]
    base = torch.arange(batch * channels).view(batch, channels, 1, 1) * area
    flat = torch.zeros(batch * channels * area, dtype=values.dtype)
    return flat.index_add(0, (switches + base).flatten(), values.flatten()).reshape(batch, channels, *size)


def _scattered(values, switches, size):
    x = values.new_zeros(*values.shape[:2], size[0] * size[1])
    return x.scatter(2, switches.flatten(2), values.flatten(2)).view(*values.shape[:2], *size)


def wrong_nearest(values, switches, size):
    return F.interpolate(values, size)


def wrong_upper_left(values, switches, size):
    x = values.new_zeros(*values.shape[:2], *size)
    h, w = values.shape[2:]
    x[:, :, : 2 * h : 2, : 2 * w : 2] = values
    return x


def wrong_spread_over_four(values, switches, size):
    x = F.interpolate(values, scale_factor=2) / 4
    return F.pad(x, (0, size[1] - x.shape[3], 0, size[0] - x.shape[2]))


def wrong_even_only(values, switches, size):
    return F.max_unpool2d(values, switches, 2)


def wrong_rows_by_the_height(values, switches, size):
    x = values.new_zeros(*values.shape[:2], *size)
    b, c = (torch.arange(n) for n in values.shape[:2])
    row, column = switches // size[0] % size[0], switches % size[0] % size[1]
    return x.index_put((b[:, None, None, None], c[None, :, None, None], row, column), values)


def wrong_size_turned(values, switches, size):
    return _scattered(values, switches, size).reshape(*values.shape[:2], size[1], size[0])


def wrong_transposed(values, switches, size):
    x = _scattered(values, switches, size)
    return x.mT.reshape(x.shape)


def wrong_first_channel_places(values, switches, size):
    return _scattered(values, switches[:, :1].expand_as(switches), size)


def wrong_first_image_places(values, switches, size):
    return _scattered(values, switches[:1].expand_as(switches), size)


def wrong_first_image_only(values, switches, size):
    return _scattered(values[:1], switches[:1], size)


def wrong_all_in_the_first_channel(values, switches, size):
    flat = values.new_zeros(values.shape[0] * values.shape[1] * size[0] * size[1])
    flat = flat.index_put((switches.flatten(),), values.flatten())
    return flat.view(*values.shape[:2], *size)


def wrong_ones(values, switches, size):
    return _scattered(torch.ones_like(values), switches, size)


def wrong_places_as_values(values, switches, size):
    return _scattered(switches.to(values.dtype), switches, size)


def wrong_shifted(values, switches, size):
    return _scattered(values, (switches + 1) % (size[0] * size[1]), size)


def wrong_shifted_down(values, switches, size):
    return _scattered(values, (switches - 1).clamp(min=0), size)


def wrong_halved(values, switches, size):
    return _scattered(values / 2, switches, size)


def wrong_rectified(values, switches, size):
    return _scattered(values.relu(), switches, size)


def wrong_minus_infinity_elsewhere(values, switches, size):
    x = values.new_full((*values.shape[:2], size[0] * size[1]), -1e9)
    return x.scatter(2, switches.flatten(2), values.flatten(2)).view(*values.shape[:2], *size)


def wrong_ones_elsewhere(values, switches, size):
    x = values.new_ones(*values.shape[:2], size[0] * size[1])
    return x.scatter(2, switches.flatten(2), values.flatten(2)).view(*values.shape[:2], *size)


def wrong_last_value_forgotten(values, switches, size):
    values = values.flatten(2).clone()
    values[..., -1] = 0
    return _scattered(values, switches, size)


def wrong_places_in_each_window(values, switches, size):
    h, w = values.shape[2:]
    rows = torch.arange(h)[:, None] * 2 + (switches // 2) % 2
    columns = torch.arange(w) * 2 + switches % 2
    return _scattered(values, (rows * size[1] + columns).clamp(max=size[0] * size[1] - 1), size)


def wrong_flat_map(values, switches, size):
    return _scattered(values, switches, size).flatten(2)


def wrong_doubled_size(values, switches, size):
    x = _scattered(values, switches, size)
    return x[:, :, : 2 * values.shape[2], : 2 * values.shape[3]]


def wrong_integers(values, switches, size):
    return _scattered(values, switches, size).int()


def wrong_added_to_itself(values, switches, size):
    x = _scattered(values, switches, size)
    return x + x


def wrong_values_sorted(values, switches, size):
    return _scattered(values.flatten(2).sort(2).values, switches.flatten(2).sort(2).values, size)


def wrong_numpy_transposed(values, switches, size):
    x = _scattered(values, switches, size).detach().numpy()
    return torch.from_numpy(np.flip(x, axis=3).copy())
