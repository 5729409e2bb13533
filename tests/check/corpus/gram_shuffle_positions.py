"""Answers to `shuffle_positions`, written from its statement alone."""

import numpy as np
import torch


def right_gather(features, order):
    flat = features.flatten(2)
    return flat.gather(2, order.expand_as(flat)).view(features.shape)


def right_loop(features, order):
    flat = features.reshape(*features.shape[:2], -1)
    return torch.stack([flat[:, :, int(k)] for k in order], 2).reshape(features.shape)


def right_rows_and_columns(features, order):
    width = features.shape[3]
    return features[:, :, order // width, order % width].unflatten(2, features.shape[2:])


def right_index_select(features, order):
    return features.flatten(2).index_select(-1, order).view_as(features)


def right_matrix(features, order):
    moves = torch.eye(len(order), dtype=features.dtype)[order]
    return torch.einsum("bcp,kp->bck", features.flatten(2), moves).view(features.shape)


def right_scatter_by_the_inverse(features, order):
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(len(order))
    out = torch.empty(*features.shape[:2], len(order), dtype=features.dtype)
    out = out.index_copy(2, inverse, features.flatten(2))
    return out.reshape(features.shape)


def _taken(features, order):
    return features.flatten(2)[..., order].reshape(features.shape)


def wrong_inverse(features, order):
    return _taken(features, order.argsort())


def wrong_column_by_column(features, order):
    turned = features.mT
    return turned.flatten(2)[..., order].reshape(turned.shape).mT


def wrong_columns_in(features, order):
    return features.mT.flatten(2)[..., order].reshape(features.shape)


def wrong_columns_out(features, order):
    return features.flatten(2)[..., order].reshape(features.mT.shape).mT


def wrong_reversed(features, order):
    return _taken(features, order.flip(0))


def wrong_not_at_all(features, order):
    return features.clone()


def wrong_rows_only(features, order):
    rows = (order // features.shape[3])[:: features.shape[3]]
    return features[:, :, rows]


def wrong_own_order(features, order):
    return _taken(features, torch.randperm(len(order)))


def wrong_other_order_for_each_image(features, order):
    return torch.cat([_taken(one[None], order.roll(b)) for b, one in enumerate(features)])


def wrong_other_order_for_each_channel(features, order):
    parts = [_taken(features[:, c : c + 1], order.roll(c)) for c in range(features.shape[1])]
    return torch.cat(parts, 1)


def wrong_first_image_only(features, order):
    return torch.cat([_taken(features[:1], order), features[1:]])


def wrong_first_image_for_all(features, order):
    return _taken(features[:1], order).expand_as(features)


def wrong_first_channel_only(features, order):
    return torch.cat([_taken(features[:, :1], order), features[:, 1:]], 1)


def wrong_channels_too(features, order):
    return _taken(features, order).flip(1)


def wrong_from_one(features, order):
    return _taken(features, (order + 1) % len(order))


def wrong_by_the_height(features, order):
    height = features.shape[2]
    rows, columns = (order % height), (order // height)
    return features[:, :, rows, columns].reshape(features.shape)


def wrong_last_stays(features, order):
    order = order.clone()
    order[-1] = len(order) - 1
    return _taken(features, order)


def wrong_twice(features, order):
    return _taken(_taken(features, order), order)


def wrong_flat(features, order):
    return features.flatten(2)[..., order]


def wrong_transposed(features, order):
    return _taken(features, order).mT


def wrong_detached(features, order):
    return _taken(features.detach(), order)


def wrong_in_place(features, order):
    features.data.copy_(_taken(features.detach(), order))
    return features.clone()


def wrong_order_sorted_in_place(features, order):
    out = _taken(features, order)
    order.copy_(torch.arange(len(order)))
    return out


def wrong_integers(features, order):
    return _taken(features, order).int()


def wrong_rounded(features, order):
    return torch.from_numpy(np.round(_taken(features, order).detach().numpy(), 2))


def wrong_by_value(features, order):
    return _taken(features.flatten(2).sort(2).values.view(features.shape), order)


def wrong_numbered_across_channels(features, order):
    flat = features.flatten(1).clone()
    flat[:, : len(order)] = flat[:, order]
    return flat.view(features.shape)


def wrong_halves_exchanged(features, order):
    return _taken(features, order.roll(len(order) // 2))


def wrong_overwritten_while_read(features, order):
    flat = features.flatten(2).clone()
    for k in range(len(order)):
        flat[..., k] = flat[..., order[k]]
    return flat.reshape(features.shape)


def wrong_rows_of_the_order(features, order):
    H = features.shape[2]
    return features[:, :, order[:H] % H]


def wrong_gathered(features, order):
    return torch.gather(features.flatten(2), 2, order).reshape(features.shape)


def wrong_first_image_alone(features, order):
    C, H, W = features.shape[1:]
    flat = features[0].reshape(C, H * W)
    return flat[:, order].reshape(1, C, H, W)
