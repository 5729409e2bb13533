import numpy as np
import torch


def right_plain(start, stop, height, convolutions):
    return max(start - convolutions, 0), min(stop + convolutions, height)


def right_loop(start, stop, height, convolutions):
    for _ in range(convolutions):
        start, stop = max(start - 1, 0), min(stop + 1, height)
    return start, stop


def right_conditional(start, stop, height, convolutions):
    first = start - convolutions if start > convolutions else 0
    last = stop + convolutions if stop + convolutions < height else height
    return (first, last)


def right_rows(start, stop, height, convolutions):
    rows = {y + d for y in range(start, stop) for d in range(-convolutions, convolutions + 1)}
    inside = sorted(y for y in rows if 0 <= y < height)
    return inside[0], inside[-1] + 1


def right_mask(start, stop, height, convolutions):
    mask = np.zeros(height, dtype=int)
    mask[start:stop] = 1
    for _ in range(convolutions):
        mask = np.convolve(mask, [1, 1, 1], mode="same")[:height] > 0 if height > 2 else np.ones(height)
        mask = np.asarray(mask, dtype=int)
    rows = np.flatnonzero(mask)
    return int(rows[0]), int(rows[-1]) + 1


def right_recursive(start, stop, height, convolutions):
    if convolutions == 0:
        return start, stop
    return right_recursive(max(0, start - 1), min(height, stop + 1), height, convolutions - 1)


def right_list(start, stop, height, convolutions):
    return [max(0, start - convolutions), min(height, stop + convolutions)]


def wrong_no_clamp(start, stop, height, convolutions):
    return start - convolutions, stop + convolutions


def wrong_no_lower_clamp(start, stop, height, convolutions):
    return start - convolutions, min(stop + convolutions, height)


def wrong_no_upper_clamp(start, stop, height, convolutions):
    return max(start - convolutions, 0), stop + convolutions


def wrong_last_included(start, stop, height, convolutions):
    return max(start - convolutions, 0), min(stop + convolutions, height) - 1


def wrong_last_row_lost(start, stop, height, convolutions):
    return max(start - convolutions, 0), min(stop + convolutions, height - 1)


def wrong_doubled(start, stop, height, convolutions):
    return max(start - 2 * convolutions, 0), min(stop + 2 * convolutions, height)


def wrong_one_margin(start, stop, height, convolutions):
    return max(start - 1, 0), min(stop + 1, height)


def wrong_no_margin(start, stop, height, convolutions):
    return start, stop


def wrong_three_margin(start, stop, height, convolutions):
    return max(start - 3 * convolutions, 0), min(stop + 3 * convolutions, height)


def wrong_one_more(start, stop, height, convolutions):
    return max(start - convolutions - 1, 0), min(stop + convolutions + 1, height)


def wrong_one_more_below(start, stop, height, convolutions):
    return max(start - convolutions, 0), min(stop + convolutions + 1, height)


def wrong_one_less(start, stop, height, convolutions):
    return max(start - convolutions + 1, 0), min(stop + convolutions - 1, height)


def wrong_above_only(start, stop, height, convolutions):
    return max(start - convolutions, 0), stop


def wrong_below_only(start, stop, height, convolutions):
    return start, min(stop + convolutions, height)


def wrong_start_and_length(start, stop, height, convolutions):
    first, last = right_plain(start, stop, height, convolutions)
    return first, last - first


def wrong_range(start, stop, height, convolutions):
    return range(*right_plain(start, stop, height, convolutions))


def wrong_slice(start, stop, height, convolutions):
    return slice(*right_plain(start, stop, height, convolutions))


def wrong_all(start, stop, height, convolutions):
    return 0, height


def wrong_one_based(start, stop, height, convolutions):
    return max(start - convolutions, 1), min(stop + convolutions, height)


def wrong_shifted_inside(start, stop, height, convolutions):
    first, last = start - convolutions, stop + convolutions
    if first < 0:
        first, last = 0, min(last - first, height)
    if last > height:
        first, last = max(first - (last - height), 0), height
    return first, last


def wrong_growing(start, stop, height, convolutions):
    margin = 2**convolutions - 1
    return max(start - margin, 0), min(stop + margin, height)


def wrong_half(start, stop, height, convolutions):
    return max(start - (convolutions + 1) // 2, 0), min(stop + (convolutions + 1) // 2, height)


def wrong_swapped(start, stop, height, convolutions):
    return right_plain(start, stop, height, convolutions)[::-1]


def wrong_wraps(start, stop, height, convolutions):
    return (start - convolutions) % height, min(stop + convolutions, height)


def wrong_clamped_stop(start, stop, height, convolutions):
    return max(start - convolutions, 0), min(stop, height - convolutions) + convolutions - (stop == height)


def wrong_floats(start, stop, height, convolutions):
    return max(start - convolutions, 0) / 1 + 0.5, min(stop + convolutions, height) / 1 + 0.5


def wrong_first_only(start, stop, height, convolutions):
    return max(start - convolutions, 0)


def wrong_strings(start, stop, height, convolutions):
    return tuple(str(x) for x in right_plain(start, stop, height, convolutions))


def wrong_border_not_needed(start, stop, height, convolutions):
    first, last = right_plain(start, stop, height, convolutions)
    return first + (start == 0 and convolutions > 0 and last - first > 2), last


def wrong_at_most_four(start, stop, height, convolutions):
    return right_plain(start, stop, height, min(convolutions, 4))


def wrong_at_least_one(start, stop, height, convolutions):
    return right_plain(start, stop, height, max(convolutions, 1))


def wrong_even_rows(start, stop, height, convolutions):
    first, last = right_plain(start, stop, height, convolutions)
    return first - first % 2, min(last + last % 2, height)


def wrong_clamp_before(start, stop, height, convolutions):
    margin = min(convolutions, start, height - stop)
    return start - margin, stop + margin


def wrong_minimum_of_both(start, stop, height, convolutions):
    return max(start - convolutions, 0), min(stop + start - max(start - convolutions, 0), height)


def wrong_tensor_rows(start, stop, height, convolutions):
    return torch.arange(*right_plain(start, stop, height, convolutions))
