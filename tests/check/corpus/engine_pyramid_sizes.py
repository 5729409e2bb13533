import itertools
import math

import numpy as np
import torch


def _half_up(x):
    return math.floor(x + 0.5)


def right_plain(size, smallest):
    sizes, k = [size], 1
    while _half_up(size / 2**k) >= smallest and k < 60:
        sizes.append(_half_up(size / 2**k))
        k += 1
    return sizes[::-1]


def right_insert(size, smallest):
    sizes, power = [size], 2
    while (rounded := (2 * size + power) // (2 * power)) >= smallest and power < 2**40:
        sizes.insert(0, rounded)
        power *= 2
    return sizes


def right_takewhile(size, smallest):
    all_sizes = (math.floor(size / 2**k + 1 / 2) for k in range(1, 40))
    return [*reversed(list(itertools.takewhile(lambda s: s >= smallest, all_sizes))), size]


def right_filter(size, smallest):
    return [_half_up(size / 2**k) for k in range(40, 0, -1) if _half_up(size / 2**k) >= smallest] + [size]


def right_recursive(size, smallest):
    def run(k):
        rounded = int(size / 2**k + 0.5)
        return [*run(k + 1), rounded] if rounded >= smallest and k < 60 else []

    return [*run(1), size]


def right_numpy(size, smallest):
    sizes = np.floor(size / 2.0 ** np.arange(30, 0, -1) + 0.5).astype(int)
    return [*sizes[sizes >= smallest].tolist(), size]


def wrong_bankers(size, smallest):
    sizes, k = [size], 1
    while round(size / 2**k) >= smallest:
        sizes.append(round(size / 2**k))
        k += 1
    return sizes[::-1]


def wrong_floor(size, smallest):
    sizes, k = [size], 1
    while size // 2**k >= smallest:
        sizes.append(size // 2**k)
        k += 1
    return sizes[::-1]


def wrong_ceiling(size, smallest):
    sizes, k = [size], 1
    while math.ceil(size / 2**k) >= smallest and k < 30:
        sizes.append(math.ceil(size / 2**k))
        k += 1
    return sizes[::-1]


def wrong_rounds_again(size, smallest):
    sizes = [size]
    while _half_up(sizes[0] / 2) >= smallest and len(sizes) < 30:
        sizes.insert(0, _half_up(sizes[0] / 2))
    return sizes


def wrong_before_rounding(size, smallest):
    sizes, k = [size], 1
    while size / 2**k >= smallest:
        sizes.append(_half_up(size / 2**k))
        k += 1
    return sizes[::-1]


def wrong_strictly(size, smallest):
    sizes, k = [size], 1
    while _half_up(size / 2**k) > smallest:
        sizes.append(_half_up(size / 2**k))
        k += 1
    return sizes[::-1]


def wrong_fine_first(size, smallest):
    return right_plain(size, smallest)[::-1]


def wrong_empty_if_small(size, smallest):
    return [s for s in right_plain(size, smallest) if s >= smallest]


def wrong_without_size(size, smallest):
    return right_plain(size, smallest)[:-1]


def wrong_one_too_small(size, smallest):
    sizes = right_plain(size, smallest)
    return [_half_up(size / 2 ** len(sizes)), *sizes]


def wrong_one_too_few(size, smallest):
    sizes = right_plain(size, smallest)
    return sizes[1:] if len(sizes) > 1 else sizes


def wrong_smallest_included(size, smallest):
    sizes = right_plain(size, smallest)
    return sizes if sizes[0] <= smallest else [smallest, *sizes]


def wrong_three_levels(size, smallest):
    return right_plain(size, smallest)[-3:]


def wrong_floats(size, smallest):
    sizes, k = [size], 1
    while size / 2**k >= smallest:
        sizes.append(size / 2**k)
        k += 1
    return sizes[::-1]


def wrong_from_smallest(size, smallest):
    sizes = [smallest]
    while sizes[-1] * 2 <= size:
        sizes.append(sizes[-1] * 2)
    return sizes


def wrong_halves_down(size, smallest):
    sizes, k = [size], 1
    while math.ceil(size / 2**k - 0.5) >= smallest:
        sizes.append(math.ceil(size / 2**k - 0.5))
        k += 1
    return sizes[::-1]


def wrong_root_two(size, smallest):
    sizes, k = [size], 1
    while _half_up(size / 2 ** (k / 2)) >= smallest and k < 60:
        sizes.append(_half_up(size / 2 ** (k / 2)))
        k += 1
    return sizes[::-1]


def wrong_raised_to_smallest(size, smallest):
    return [max(s, smallest) for s in right_plain(size, smallest)]


def wrong_even_only(size, smallest):
    return [s - s % 2 for s in right_plain(size, smallest)[:-1]] + [size]


def wrong_until_odd(size, smallest):
    sizes = [size]
    while sizes[0] % 2 == 0 and sizes[0] // 2 >= smallest:
        sizes.insert(0, sizes[0] // 2)
    return sizes


def wrong_linspace(size, smallest):
    n = len(right_plain(size, smallest))
    return [_half_up(x) for x in np.linspace(right_plain(size, smallest)[0], size, n)]


def wrong_pairs(size, smallest):
    return [(s, s) for s in right_plain(size, smallest)]


def wrong_string(size, smallest):
    return str(right_plain(size, smallest))


def wrong_set(size, smallest):
    return set(right_plain(size, smallest))


def wrong_count(size, smallest):
    return len(right_plain(size, smallest))


def wrong_one_less(size, smallest):
    return right_plain(size, smallest + 1)


def wrong_log_levels(size, smallest):
    levels = int(math.log2(size / smallest)) if size >= smallest else 0
    return [_half_up(size / 2**k) for k in range(levels, -1, -1)]


def wrong_log_rounded(size, smallest):
    levels = max(round(math.log2(size / smallest)), 0)
    return [_half_up(size / 2**k) for k in range(levels, -1, -1)]


def wrong_size_rounded_down(size, smallest):
    sizes = right_plain(size, smallest)
    top = 2 ** (len(sizes) - 1)
    return [size // top * 2**k for k in range(len(sizes))]


def wrong_generator(size, smallest):
    yield from right_plain(size, smallest)


_known = {}


def wrong_remembers_size(size, smallest):
    return _known.setdefault(size, right_plain(size, smallest))


def wrong_four_at_least(size, smallest):
    return right_plain(size, max(smallest, 4))


def wrong_eight_at_most(size, smallest):
    return right_plain(size, smallest)[-4:]


def wrong_float_tensor(size, smallest):
    return torch.tensor(right_plain(size, smallest)) / 1.0 + 0.25
