import itertools

import torch
import torch.nn.functional as F


def _at(x, size):
    return F.interpolate(x, size=size, mode="bilinear")


def right_plain(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        start = base if details is None else base + _at(details, size)
        result = climb(start)
        details = result - base
    return result


def right_zeros(image, climb, sizes):
    details = torch.zeros_like(image)
    for size in sizes:
        base = F.interpolate(image, size=tuple(size), mode="bilinear", align_corners=False)
        result = climb(base + _at(details, size))
        details = result - base
    return result


def right_recursive(image, climb, sizes):
    def run(left):
        base = _at(image, left[-1])
        if len(left) == 1:
            return climb(base)
        before = run(left[:-1])
        return climb(base + _at(before - _at(image, left[-2]), left[-1]))

    return run(list(sizes))


def right_list(image, climb, sizes):
    bases = [_at(image, size) for size in sizes]
    result = climb(bases[0])
    for last, base in itertools.pairwise(bases):
        result = climb(base + _at(result - last, base.shape[2:]))
    return result


def right_clone(image, climb, sizes):
    details = 0
    for size in sizes:
        base = _at(image, size)
        start = base.clone()
        if isinstance(details, torch.Tensor):
            start += _at(details, size)
        result = climb(start)
        details = result - base
    return result


class _Octaves:
    def __call__(self, image, climb, sizes):
        details = None
        for height, width in sizes:
            base = torch.nn.Upsample((height, width), mode="bilinear")(image)
            result = climb(base if details is None else base + _at(details, (height, width)))
            details = result - base
        return result


def right_class(image, climb, sizes):
    return _Octaves()(image, climb, sizes)


def wrong_no_details(image, climb, sizes):
    for size in sizes:
        result = climb(_at(image, size))
    return result


def wrong_enlarges_result(image, climb, sizes):
    result = image
    for size in sizes:
        result = climb(_at(result, size))
    return result


def wrong_details_from_start(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        start = base if details is None else base + _at(details, size)
        result = climb(start)
        details = result - start
    return result


def wrong_base_twice(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = base + climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_returns_details(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return details


def wrong_sorted(image, climb, sizes):
    return right_plain(image, climb, sorted(sizes))


def wrong_reversed(image, climb, sizes):
    return right_plain(image, climb, list(sizes)[::-1])


def wrong_clamped(image, climb, sizes):
    return right_plain(image, climb, sizes).clamp(0, 1)


def wrong_start_clamped(image, climb, sizes):
    return right_plain(image, lambda x: climb(x.clamp(0, 1)), sizes)


def wrong_full_size_at_end(image, climb, sizes):
    return _at(right_plain(image, climb, sizes), image.shape[2:])


def wrong_nearest(image, climb, sizes):
    details = None
    for size in sizes:
        base = F.interpolate(image, size=size)
        result = climb(base if details is None else base + F.interpolate(details, size=size))
        details = result - base
    return result


def wrong_details_nearest(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = climb(base if details is None else base + F.interpolate(details, size=size))
        details = result - base
    return result


def wrong_antialias(image, climb, sizes):
    details = None
    for size in sizes:
        base = F.interpolate(image, size=size, mode="bilinear", antialias=True)
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_corners(image, climb, sizes):
    details = None
    for size in sizes:
        base = F.interpolate(image, size=size, mode="bilinear", align_corners=True)
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_bicubic(image, climb, sizes):
    details = None
    for size in sizes:
        base = F.interpolate(image, size=size, mode="bicubic")
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_last_forgotten(image, climb, sizes):
    return right_plain(image, climb, sizes[:-1] or sizes)


def wrong_first_forgotten(image, climb, sizes):
    return right_plain(image, climb, sizes[1:] or sizes)


def wrong_width_height(image, climb, sizes):
    return right_plain(image, climb, [size[::-1] for size in sizes])


def wrong_details_of_first(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = climb(base if details is None else base + _at(details, size))
        if details is None:
            details = result - base
    return result


def wrong_details_summed(image, climb, sizes):
    total = torch.zeros_like(image)
    for size in sizes:
        base = _at(image, size)
        result = climb(base + _at(total, size))
        total = _at(total, size) + result - base
    return result


def wrong_climb_twice(image, climb, sizes):
    return right_plain(image, lambda x: climb(climb(x)), sizes)


def wrong_climb_details_only(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = base + climb(base if details is None else _at(details, size)) - base
        details = result - base
    return result


def wrong_base_of_base(image, climb, sizes):
    details, base = None, image
    for size in sizes:
        base = _at(base, size)
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_sign(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = climb(base if details is None else base - _at(details, size))
        details = result - base
    return result


def wrong_list_of_all(image, climb, sizes):
    results, details = [], None
    for size in sizes:
        base = _at(image, size)
        results.append(climb(base if details is None else base + _at(details, size)))
        details = results[-1] - base
    return results


def wrong_image_damaged(image, climb, sizes):
    result = right_plain(image, climb, sizes)
    image.clamp_(0.1, 0.9)
    return result


def wrong_sizes_damaged(image, climb, sizes):
    details = None
    while sizes:
        size = sizes.pop(0)
        base = _at(image, size)
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_first_image(image, climb, sizes):
    return right_plain(image[:1], climb, sizes)


def wrong_three_sizes(image, climb, sizes):
    return right_plain(image, climb, sizes[:3])


def wrong_square(image, climb, sizes):
    return right_plain(image, climb, [(size[0], size[0]) for size in sizes])


def wrong_only_where_larger(image, climb, sizes):
    details, area = None, 0
    for size in sizes:
        if size[0] * size[1] < area:
            continue
        area = size[0] * size[1]
        base = _at(image, size)
        result = climb(base if details is None else base + _at(details, size))
        details = result - base
    return result


def wrong_details_half(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        result = climb(base if details is None else base + _at(details, size) / 2)
        details = result - base
    return result


def wrong_no_last_climb(image, climb, sizes):
    details = None
    for size in sizes[:-1]:
        base = _at(image, size)
        details = climb(base if details is None else base + _at(details, size)) - base
    base = _at(image, sizes[-1])
    return base if details is None else base + _at(details, sizes[-1])


def wrong_start_in_place(image, climb, sizes):
    details = None
    for size in sizes:
        base = _at(image, size)
        start = base if details is None else base.add_(_at(details, size))
        result = climb(start)
        details = result - base
    return result
