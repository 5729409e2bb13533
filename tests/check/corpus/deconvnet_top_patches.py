"""Answers to `top_patches`, written from its statement alone."""

import numpy as np
import torch


def _best(one):
    return divmod(int(one.flatten().argmax()), one.shape[1])


def _crop(image, field):
    top, bottom, left, right = field
    return image[:, top:bottom, left:right]


def right_sorted(images, features, channel, k, patch_of):
    maps = features[:, channel]
    order = sorted(range(len(maps)), key=lambda i: float(maps[i].max()), reverse=True)
    return [_crop(images[i], patch_of(*_best(maps[i]))) for i in order[:k]]


def right_loops(images, features, channel, k, patch_of):
    found = []
    for i, image in enumerate(images):
        best = None
        for row in range(features.shape[2]):
            for column in range(features.shape[3]):
                value = float(features[i, channel, row, column])
                if best is None or value > best[0]:
                    best = (value, row, column)
        found.append((best[0], i, _crop(image, patch_of(best[1], best[2])).clone()))
    found.sort(key=lambda item: -item[0])
    return [patch for _, _, patch in found][:k]


def right_topk(images, features, channel, k, patch_of):
    maps = features.select(1, channel)
    strongest = maps.amax((1, 2)).topk(min(k, len(images))).indices
    patches = []
    for i in strongest:
        row, column = torch.unravel_index(maps[i].argmax(), maps.shape[1:])
        patches.append(_crop(images[i], patch_of(row.item(), column.item())))
    return patches


def right_numpy(images, features, channel, k, patch_of):
    maps = features.detach().numpy()[:, channel]
    flat = maps.reshape(len(maps), -1)
    order = np.argsort(-flat.max(1), kind="stable")[:k]
    return [
        _crop(images[int(i)], patch_of(*map(int, np.unravel_index(flat[i].argmax(), maps.shape[1:])))) for i in order
    ]


def right_all_positions_in_order(images, features, channel, k, patch_of):
    maps = features[:, channel]
    patches, used = [], set()
    for place in maps.flatten().argsort(descending=True, stable=True).tolist():
        i, rest = divmod(place, maps[0].numel())
        if i not in used and len(used) < k:
            used.add(i)
            patches.append(_crop(images[i], patch_of(*divmod(rest, maps.shape[2]))))
    return patches


def _picked(images, features, channel, k, patch_of, order=None, best=_best, crop=_crop):
    maps = features[:, channel]
    order = maps.amax((1, 2)).argsort(descending=True).tolist()[:k] if order is None else order
    return [crop(images[i], patch_of(*best(maps[i]))) for i in order]


def wrong_weakest_first(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of)[::-1]


def wrong_weakest(images, features, channel, k, patch_of):
    order = features[:, channel].amax((1, 2)).argsort().tolist()[:k]
    return _picked(images, features, channel, k, patch_of, order)


def wrong_several_of_an_image(images, features, channel, k, patch_of):
    maps = features[:, channel]
    patches = []
    for place in maps.flatten().argsort(descending=True).tolist()[:k]:
        i, rest = divmod(place, maps[0].numel())
        patches.append(_crop(images[i], patch_of(*divmod(rest, maps.shape[2]))))
    return patches


def wrong_in_the_order_of_images(images, features, channel, k, patch_of):
    order = sorted(features[:, channel].amax((1, 2)).argsort(descending=True).tolist()[:k])
    return _picked(images, features, channel, k, patch_of, order)


def wrong_first_images(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, range(min(k, len(images))))


def wrong_by_the_mean(images, features, channel, k, patch_of):
    order = features[:, channel].mean((1, 2)).argsort(descending=True).tolist()[:k]
    return _picked(images, features, channel, k, patch_of, order)


def wrong_by_size(images, features, channel, k, patch_of):
    return _picked(images, features.abs(), channel, k, patch_of)


def wrong_any_channel(images, features, channel, k, patch_of):
    return _picked(images, features.amax(1, keepdim=True), 0, k, patch_of)


def wrong_first_channel(images, features, channel, k, patch_of):
    return _picked(images, features, 0, k, patch_of)


def wrong_next_channel(images, features, channel, k, patch_of):
    return _picked(images, features, channel - 1, k, patch_of)


def wrong_place_by_any_channel(images, features, channel, k, patch_of):
    order = features[:, channel].amax((1, 2)).argsort(descending=True).tolist()[:k]
    return _picked(images, features.amax(1, keepdim=True), 0, k, patch_of, order)


def wrong_row_and_column_exchanged(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, best=lambda one: _best(one)[::-1])


def wrong_divided_by_the_height(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, best=lambda m: divmod(int(m.flatten().argmax()), m.shape[0]))


def wrong_field_in_another_order(images, features, channel, k, patch_of):
    def crop(image, field):
        top, left, bottom, right = field
        return image[:, top:bottom, left:right]

    return _picked(images, features, channel, k, patch_of, crop=crop)


def wrong_end_included(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, crop=lambda x, f: x[:, f[0] : f[1] + 1, f[2] : f[3] + 1])


def wrong_end_forgotten(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, crop=lambda x, f: x[:, f[0] : f[1] - 1, f[2] : f[3] - 1])


def wrong_whole_images(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, crop=lambda x, f: x)


def wrong_batch_axis(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, crop=lambda x, f: _crop(x, f)[None])


def wrong_colors_last(images, features, channel, k, patch_of):
    return [patch.permute(1, 2, 0) for patch in _picked(images, features, channel, k, patch_of)]


def wrong_gray(images, features, channel, k, patch_of):
    return [patch.mean(0, keepdim=True) for patch in _picked(images, features, channel, k, patch_of)]


def wrong_one_less(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of)[: k - 1]


def wrong_one_more(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k + 1, patch_of)


def wrong_all(images, features, channel, k, patch_of):
    return _picked(images, features, channel, len(images), patch_of)


def wrong_filled_up(images, features, channel, k, patch_of):
    patches = _picked(images, features, channel, k, patch_of)
    return patches + patches[-1:] * (k - len(patches))


def wrong_fails_with_few_images(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, features[:, channel].amax((1, 2)).topk(k).indices.tolist())


def wrong_same_patch_everywhere(images, features, channel, k, patch_of):
    return _picked(images, features, channel, k, patch_of, best=lambda one: (0, 0))


def wrong_numbers_only(images, features, channel, k, patch_of):
    return features[:, channel].amax((1, 2)).argsort(descending=True).tolist()[:k]


def wrong_last_position(images, features, channel, k, patch_of):
    def best(one):
        return divmod(int(one.flatten()[:-1].argmax()) if one.numel() > 1 else 0, one.shape[1])

    return _picked(images, features, channel, k, patch_of, best=best)


def wrong_cut_off_at_four(images, features, channel, k, patch_of):
    return _picked(images, features, channel, min(k, 2), patch_of)
