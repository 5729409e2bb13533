"""Answers to `occlusion_map`, written from its statement alone."""

import itertools

import torch


def _places(image, size, stride):
    return range(0, image.shape[2] - size + 1, stride), range(0, image.shape[3] - size + 1, stride)


def _covered(image, top, left, size, value):
    x = image.clone()
    x[:, :, top : top + size, left : left + size] = value
    return x


def right_one_batch(score, image, size, stride, value):
    tops, lefts = _places(image, size, stride)
    batch = torch.cat([_covered(image, top, left, size, value) for top in tops for left in lefts])
    return (score(image) - score(batch)).reshape(len(tops), len(lefts)).detach()


def right_row_by_row(score, image, size, stride, value):
    tops, lefts = _places(image, size, stride)
    with torch.no_grad():
        whole = score(image)
        rows = [whole - score(torch.cat([_covered(image, t, f, size, value) for f in lefts])) for t in tops]
    return torch.stack(rows)


def right_while(score, image, size, stride, value):
    rows, top = [], 0
    whole = float(score(image))
    while top + size <= image.shape[2]:
        row, left = [], 0
        while left + size <= image.shape[3]:
            row.append(whole - float(score(_covered(image, top, left, size, value))))
            left += stride
        rows.append(row)
        top += stride
    return torch.tensor(rows, dtype=image.dtype)


def right_where(score, image, size, stride, value):
    y, x = torch.arange(image.shape[2])[:, None], torch.arange(image.shape[3])
    tops, lefts = _places(image, size, stride)
    out = torch.zeros(len(tops), len(lefts), dtype=image.dtype)
    for (i, top), (j, left) in itertools.product(enumerate(tops), enumerate(lefts)):
        hidden = (y >= top) & (y < top + size) & (x >= left) & (x < left + size)
        out[i, j] = (score(image) - score(torch.where(hidden, torch.as_tensor(value, dtype=image.dtype), image)))[0]
    return out.detach()


def right_put_back(score, image, size, stride, value):
    x, whole = image.clone(), score(image)
    tops, lefts = _places(image, size, stride)
    drops = []
    for top in tops:
        for left in lefts:
            patch = x[..., top : top + size, left : left + size]
            kept = patch.clone()
            patch.fill_(value)
            drops.append(whole - score(x))
            patch.copy_(kept)
    return torch.cat(drops).view(len(tops), len(lefts))


def _mapped(score, image, size, stride, value, covered=_covered, tops=None, lefts=None):
    rows, columns = _places(image, size, stride)
    rows, columns = rows if tops is None else tops, columns if lefts is None else lefts
    whole = score(image)
    drops = [whole - score(covered(image, top, left, size, value)) for top in rows for left in columns]
    return torch.cat(drops).view(len(rows), len(columns)) if drops else image.new_zeros(len(rows), len(columns))


def wrong_turned(score, image, size, stride, value):
    return -_mapped(score, image, size, stride, value)


def wrong_covered_scores(score, image, size, stride, value):
    return score(image) - _mapped(score, image, size, stride, value)


def wrong_absolute(score, image, size, stride, value):
    return _mapped(score, image, size, stride, value).abs()


def wrong_relative(score, image, size, stride, value):
    return _mapped(score, image, size, stride, value) / score(image)


def wrong_last_place_forgotten(score, image, size, stride, value):
    tops, lefts = range(0, image.shape[2] - size, stride), range(0, image.shape[3] - size, stride)
    return _mapped(score, image, size, stride, value, tops=tops, lefts=lefts)


def wrong_last_column_forgotten(score, image, size, stride, value):
    return _mapped(score, image, size, stride, value, lefts=range(0, image.shape[3] - size, stride))


def wrong_cut_off_squares_too(score, image, size, stride, value):
    tops, lefts = range(0, image.shape[2], stride), range(0, image.shape[3], stride)
    return _mapped(score, image, size, stride, value, tops=tops, lefts=lefts)


def wrong_every_pixel(score, image, size, stride, value):
    return _mapped(score, image, size, 1, value)


def wrong_stride_is_size(score, image, size, stride, value):
    return _mapped(score, image, size, size, value)


def wrong_transposed(score, image, size, stride, value):
    return _mapped(score, image, size, stride, value).T


def wrong_laid_out_wrongly(score, image, size, stride, value):
    drops = _mapped(score, image, size, stride, value)
    return drops.T.reshape(drops.shape)


def wrong_square_images_only(score, image, size, stride, value):
    tops = _places(image, size, stride)[0]
    return _mapped(score, image, size, stride, value, tops=tops, lefts=tops)


def wrong_never_uncovered(score, image, size, stride, value):
    x, whole = image.clone(), score(image)
    tops, lefts = _places(image, size, stride)
    drops = []
    for top in tops:
        for left in lefts:
            x[..., top : top + size, left : left + size] = value
            drops.append(whole - score(x))
    return torch.cat(drops).view(len(tops), len(lefts))


def wrong_one_color(score, image, size, stride, value):
    def covered(image, top, left, size, value):
        x = image.clone()
        x[:, 0, top : top + size, left : left + size] = value
        return x

    return _mapped(score, image, size, stride, value, covered)


def wrong_zero(score, image, size, stride, value):
    return _mapped(score, image, size, stride, 0.0)


def wrong_half(score, image, size, stride, value):
    return _mapped(score, image, size, stride, 0.5)


def wrong_mean_color(score, image, size, stride, value):
    return _mapped(score, image, size, stride, float(image.mean()))


def wrong_scaled(score, image, size, stride, value):
    def covered(image, top, left, size, value):
        x = image.clone()
        x[:, :, top : top + size, left : left + size] *= value
        return x

    return _mapped(score, image, size, stride, value, covered)


def wrong_added(score, image, size, stride, value):
    def covered(image, top, left, size, value):
        x = image.clone()
        x[:, :, top : top + size, left : left + size] += value
        return x

    return _mapped(score, image, size, stride, value, covered)


def wrong_around_the_place(score, image, size, stride, value):
    def covered(image, top, left, size, value):
        x = image.clone()
        x[:, :, max(0, top - size // 2) : top + size // 2 + 1, max(0, left - size // 2) : left + size // 2 + 1] = value
        return x

    return _mapped(score, image, size, stride, value, covered)


def wrong_square_one_larger(score, image, size, stride, value):
    def covered(image, top, left, size, value):
        return _covered(image, top, left, size + 1, value)

    return _mapped(score, image, size, stride, value, covered)


def wrong_all_else_covered(score, image, size, stride, value):
    def covered(image, top, left, size, value):
        x = torch.full_like(image, value)
        x[..., top : top + size, left : left + size] = image[..., top : top + size, left : left + size]
        return x

    return _mapped(score, image, size, stride, value, covered)


def wrong_in_the_image(score, image, size, stride, value):
    whole = score(image)
    tops, lefts = _places(image, size, stride)
    drops = []
    for top in tops:
        for left in lefts:
            image[..., top : top + size, left : left + size] = value
            drops.append(whole - score(image))
    return torch.cat(drops).view(len(tops), len(lefts))


def wrong_flat(score, image, size, stride, value):
    return _mapped(score, image, size, stride, value).flatten()


def wrong_shift_of_one(score, image, size, stride, value):
    tops, lefts = range(1, image.shape[2] - size + 1, stride), range(1, image.shape[3] - size + 1, stride)
    return _mapped(score, image, size, stride, value, tops=tops, lefts=lefts)


def wrong_against_the_first(score, image, size, stride, value):
    drops = _mapped(score, image, size, stride, value)
    return drops - drops.flatten()[0]


def wrong_divided_by_the_area(score, image, size, stride, value):
    return _mapped(score, image, size, stride, value) / size**2


def wrong_last_place_zero(score, image, size, stride, value):
    drops = _mapped(score, image, size, stride, value).clone()
    drops[-1, -1] = 0
    return drops
