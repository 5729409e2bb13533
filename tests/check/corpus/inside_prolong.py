import torch
import torch.nn.functional as F


def _at(image, size):
    return F.interpolate(image, size, mode="bicubic", antialias=True)


def right_plain(coarse, fine):
    change = coarse - _at(fine, coarse.shape[2:])
    return (fine + _at(change, fine.shape[2:])).clamp(0, 1)


def right_lists(coarse, fine):
    small = F.interpolate(fine, size=list(coarse.shape[-2:]), mode="bicubic", antialias=True, align_corners=False)
    large = F.interpolate(coarse - small, size=tuple(fine.shape[-2:]), mode="bicubic", antialias=True)
    return torch.clip(fine + large, 0, 1)


def right_in_place(coarse, fine):
    out = _at(coarse.clone().sub_(_at(fine, coarse.shape[2:])), fine.shape[2:])
    return out.add_(fine).clamp_(0, 1)


def right_each_image(coarse, fine):
    pairs = zip(coarse.split(1), fine.split(1), strict=True)
    return torch.cat([right_plain(small, large) for small, large in pairs])


def right_apart(coarse, fine):
    size = fine.shape[2:]
    return (fine + _at(coarse, size) - _at(_at(fine, coarse.shape[2:]), size)).clamp(min=0).clamp(max=1)


def right_minimum(coarse, fine):
    moved = right_moved(coarse, fine)
    return torch.minimum(torch.maximum(moved, torch.zeros_like(moved)), torch.ones_like(moved))


def right_moved(coarse, fine):
    change = torch.sub(coarse, _at(fine, coarse.shape[2:]))
    return torch.clamp(torch.add(fine, _at(change, fine.shape[2:])), 0.0, 1.0)


def _with(coarse, fine, *, resize=_at, change=lambda c: c, clamp=lambda x: x.clamp(0, 1)):
    return clamp(fine + resize(change(coarse - resize(fine, coarse.shape[2:])), fine.shape[2:]))


def wrong_no_clamp(coarse, fine):
    return _with(coarse, fine, clamp=lambda x: x)


def wrong_clamped_below(coarse, fine):
    return _with(coarse, fine, clamp=lambda x: x.clamp(min=0))


def wrong_clamped_above(coarse, fine):
    return _with(coarse, fine, clamp=lambda x: x.clamp(max=1))


def wrong_change_clamped(coarse, fine):
    return _with(coarse, fine, change=lambda c: c.clamp(0, 1))


def wrong_change_absolute(coarse, fine):
    return _with(coarse, fine, change=torch.abs)


def wrong_change_half(coarse, fine):
    return _with(coarse, fine, change=lambda c: c / 2)


def wrong_change_doubled(coarse, fine):
    return _with(coarse, fine, change=lambda c: c * 2)


def wrong_sign(coarse, fine):
    return _with(coarse, fine, change=lambda c: -c)


def wrong_no_antialias(coarse, fine):
    return _with(coarse, fine, resize=lambda x, size: F.interpolate(x, size, mode="bicubic"))


def wrong_bilinear(coarse, fine):
    return _with(coarse, fine, resize=lambda x, size: F.interpolate(x, size, mode="bilinear", antialias=True))


def wrong_nearest(coarse, fine):
    return _with(coarse, fine, resize=lambda x, size: F.interpolate(x, size))


def wrong_area_down(coarse, fine):
    change = coarse - F.interpolate(fine, coarse.shape[2:], mode="area")
    return (fine + _at(change, fine.shape[2:])).clamp(0, 1)


def wrong_corners(coarse, fine):
    resize = lambda x, size: F.interpolate(x, size, mode="bicubic", align_corners=True, antialias=True)  # noqa: E731
    return _with(coarse, fine, resize=resize)


def wrong_up_by_nearest(coarse, fine):
    change = coarse - _at(fine, coarse.shape[2:])
    return (fine + F.interpolate(change, fine.shape[2:])).clamp(0, 1)


def wrong_enlarged_only(coarse, fine):
    return _at(coarse, fine.shape[2:]).clamp(0, 1)


def wrong_fine_only(coarse, fine):
    return fine.clone()


def wrong_change_only(coarse, fine):
    return _at(coarse - _at(fine, coarse.shape[2:]), fine.shape[2:])


def wrong_sum(coarse, fine):
    return (fine + _at(coarse, fine.shape[2:])).clamp(0, 1)


def wrong_mean(coarse, fine):
    return ((fine + _at(coarse, fine.shape[2:])) / 2).clamp(0, 1)


def wrong_on_coarse(coarse, fine):
    large = _at(coarse, fine.shape[2:])
    return (large + _at(coarse - _at(fine, coarse.shape[2:]), fine.shape[2:])).clamp(0, 1)


def wrong_difference_at_large(coarse, fine):
    return (fine + (_at(coarse, fine.shape[2:]) - fine)).clamp(0, 1)


def wrong_small_clamped(coarse, fine):
    change = coarse - _at(fine, coarse.shape[2:]).clamp(0, 1)
    return (fine + _at(change, fine.shape[2:])).clamp(0, 1)


def wrong_change_clamped_signed(coarse, fine):
    return _with(coarse, fine, change=lambda c: c.clamp(-0.5, 0.5))


def wrong_size_swapped(coarse, fine):
    h, w = fine.shape[2:]
    return _at(right_plain(coarse, fine), (w, h))


def wrong_small_size(coarse, fine):
    return _at(right_plain(coarse, fine), coarse.shape[2:])


def wrong_first_image(coarse, fine):
    return right_plain(coarse[:1], fine[:1])


def wrong_first_change(coarse, fine):
    change = (coarse - _at(fine, coarse.shape[2:]))[:1]
    return (fine + _at(change, fine.shape[2:])).clamp(0, 1)


def wrong_fine_in_place(coarse, fine):
    fine += _at(coarse - _at(fine, coarse.shape[2:]), fine.shape[2:])
    return fine.clamp_(0, 1)


def wrong_coarse_in_place(coarse, fine):
    coarse -= _at(fine, coarse.shape[2:])
    return (fine + _at(coarse, fine.shape[2:])).clamp(0, 1)


def wrong_gray(coarse, fine):
    return _with(coarse, fine, change=lambda c: c.mean(1, keepdim=True).expand_as(c))


def wrong_mean_change(coarse, fine):
    return _with(coarse, fine, change=lambda c: c.mean((2, 3), keepdim=True).expand_as(c))


def wrong_factor_two(coarse, fine):
    size = [2 * n for n in coarse.shape[2:]]
    large = _at(coarse - _at(fine, coarse.shape[2:]), size)
    return (fine + _at(large, fine.shape[2:])).clamp(0, 1)


def wrong_bytes(coarse, fine):
    return (right_plain(coarse, fine) * 255).round() / 255
