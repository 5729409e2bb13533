"""Answers to `held_out_split`, written from its statement alone."""

import numpy as np
import torch


def right_loops(corners, side, regions):
    train, test = [], []
    for row, column in corners.tolist():
        apart, within = True, False
        for top, left, bottom, right in regions.tolist():
            apart &= row + side <= top or row >= bottom or column + side <= left or column >= right
            within |= top <= row and row + side <= bottom and left <= column and column + side <= right
        train.append(apart)
        test.append(within)
    return torch.tensor(train, dtype=torch.bool), torch.tensor(test, dtype=torch.bool)


def right_areas(corners, side, regions):
    row, column = corners[:, :1], corners[:, 1:]
    top, left, bottom, right = regions.unbind(1)
    high = (torch.minimum(row + side, bottom) - torch.maximum(row, top)).clamp(min=0)
    wide = (torch.minimum(column + side, right) - torch.maximum(column, left)).clamp(min=0)
    shared = high * wide
    return (shared == 0).all(1), (shared == side**2).any(1)


def right_pixels(corners, side, regions):
    def pixels(top, left, bottom, right):
        return {(y, x) for y in range(top, bottom) for x in range(left, right)}

    held = [pixels(*region) for region in regions.tolist()]
    patches = [pixels(y, x, y + side, x + side) for y, x in corners.tolist()]
    train = [all(not patch & region for region in held) for patch in patches]
    test = [any(patch <= region for region in held) for patch in patches]
    return torch.tensor(train, dtype=torch.bool), torch.tensor(test, dtype=torch.bool)


def right_numpy(corners, side, regions):
    c, r = corners.numpy()[:, None], regions.numpy()[None]
    shares = np.all((c < r[..., 2:]) & (c + side > r[..., :2]), axis=2)
    inside = np.all((c >= r[..., :2]) & (c + side <= r[..., 2:]), axis=2)
    return torch.from_numpy(~shares.any(1)), torch.from_numpy(inside.any(1))


def right_region_by_region(corners, side, regions):
    touched = torch.zeros(len(corners), dtype=torch.bool)
    inside = touched.clone()
    y, x = corners[:, 0], corners[:, 1]
    for region in regions:
        touched |= (y < region[2]) & (y + side > region[0]) & (x < region[3]) & (x + side > region[1])
        inside |= (y >= region[0]) & (y + side <= region[2]) & (x >= region[1]) & (x + side <= region[3])
    return touched.logical_not(), inside


def _tables(corners, side, regions):
    first, last = corners[:, None], corners[:, None] + side
    begin, end = regions[None, :, :2], regions[None, :, 2:]
    return ((first < end) & (last > begin)).all(2), ((first >= begin) & (last <= end)).all(2)


def wrong_complement(corners, side, regions):
    touches, _ = _tables(corners, side, regions)
    return ~touches.any(1), touches.any(1)


def wrong_train_is_not_inside(corners, side, regions):
    _, inside = _tables(corners, side, regions)
    return ~inside.any(1), inside.any(1)


def wrong_exchanged(corners, side, regions):
    touches, inside = _tables(corners, side, regions)
    return inside.any(1), ~touches.any(1)


def wrong_inside_all(corners, side, regions):
    touches, inside = _tables(corners, side, regions)
    return ~touches.any(1), inside.all(1)


def wrong_apart_from_any(corners, side, regions):
    touches, inside = _tables(corners, side, regions)
    return (~touches).any(1), inside.any(1)


def wrong_first_region_only(corners, side, regions):
    touches, inside = _tables(corners, side, regions[:1])
    return ~touches.any(1), inside.any(1)


def wrong_last_region_forgotten(corners, side, regions):
    touches, inside = _tables(corners, side, regions[:-1])
    return ~touches.any(1), inside.any(1)


def wrong_end_included(corners, side, regions):
    touches, inside = _tables(corners, side, torch.cat([regions[:, :2], regions[:, 2:] + 1], 1))
    return ~touches.any(1), inside.any(1)


def wrong_touching_counts(corners, side, regions):
    first, last = corners[:, None], corners[:, None] + side
    begin, end = regions[None, :, :2], regions[None, :, 2:]
    touches = ((first <= end) & (last >= begin)).all(2)
    return ~touches.any(1), _tables(corners, side, regions)[1].any(1)


def wrong_strictly_inside(corners, side, regions):
    first, last = corners[:, None], corners[:, None] + side
    inside = ((first > regions[None, :, :2]) & (last < regions[None, :, 2:])).all(2)
    return ~_tables(corners, side, regions)[0].any(1), inside.any(1)


def wrong_corner_only(corners, side, regions):
    touches, inside = _tables(corners, 1, regions)
    return ~touches.any(1), inside.any(1)


def wrong_center_only(corners, side, regions):
    touches, inside = _tables(corners + side // 2, 1, regions)
    return ~touches.any(1), inside.any(1)


def wrong_side_one_less(corners, side, regions):
    touches, inside = _tables(corners, side - 1, regions)
    return ~touches.any(1), inside.any(1)


def wrong_side_one_more(corners, side, regions):
    touches, inside = _tables(corners, side + 1, regions)
    return ~touches.any(1), inside.any(1)


def wrong_rows_only(corners, side, regions):
    touches, inside = _tables(corners[:, :1], side, regions[:, ::2])
    return ~touches.any(1), inside.any(1)


def wrong_one_axis_is_enough(corners, side, regions):
    first, last = corners[:, None], corners[:, None] + side
    begin, end = regions[None, :, :2], regions[None, :, 2:]
    return ~((first < end) & (last > begin)).any(2).any(1), _tables(corners, side, regions)[1].any(1)


def wrong_rows_and_columns_exchanged(corners, side, regions):
    touches, inside = _tables(corners.flip(1), side, regions)
    return ~touches.any(1), inside.any(1)


def wrong_four_corners_outside(corners, side, regions):
    ends = [corners + torch.tensor([y, x]) for y in (0, side - 1) for x in (0, side - 1)]
    touches = torch.stack([_tables(end, 1, regions)[0].any(1) for end in ends]).any(0)
    return ~touches, _tables(corners, side, regions)[1].any(1)


def wrong_sizes_for_ends(corners, side, regions):
    touches, inside = _tables(corners, side, torch.cat([regions[:, :2], regions[:, :2] + regions[:, 2:]], 1))
    return ~touches.any(1), inside.any(1)


def wrong_places(corners, side, regions):
    touches, inside = _tables(corners, side, regions)
    return (~touches.any(1)).nonzero().flatten(), inside.any(1).nonzero().flatten()


def wrong_train_only(corners, side, regions):
    return ~_tables(corners, side, regions)[0].any(1)


def wrong_table(corners, side, regions):
    touches, inside = _tables(corners, side, regions)
    return ~touches, inside


def wrong_corners_moved_in_place(corners, side, regions):
    touches, inside = _tables(corners, side, regions)
    corners += side
    return ~touches.any(1), inside.any(1)


def wrong_last_patch_forgotten(corners, side, regions):
    touches, inside = _tables(corners[:-1], side, regions)
    return ~touches.any(1), inside.any(1)


def wrong_hull_of_all_regions(corners, side, regions):
    hull = torch.cat([regions[:, :2].amin(0), regions[:, 2:].amax(0)])[None]
    touches, inside = _tables(corners, side, hull)
    return ~touches.any(1), inside.any(1)


def wrong_inside_by_both_ends_in_any(corners, side, regions):
    touches, _ = _tables(corners, side, regions)
    begin, end = _tables(corners, 1, regions)[1].any(1), _tables(corners + side - 1, 1, regions)[1].any(1)
    return ~touches.any(1), begin & end
