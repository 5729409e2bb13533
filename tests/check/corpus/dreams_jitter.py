import torch
from torch.nn import functional as F


def right_roll(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3))).roll((-down, -right), (2, 3))


def right_two_rolls(image, slope, down, right):
    moved = torch.roll(torch.roll(image, down, dims=2), right, dims=3)
    return torch.roll(torch.roll(slope(moved), -right, dims=-1), -down, dims=-2)


def right_index(image, slope, down, right):
    h, w = image.shape[2:]
    rows, columns = (torch.arange(h) - down) % h, (torch.arange(w) - right) % w
    found = slope(image[:, :, rows][..., columns])
    back = torch.empty_like(found)
    back[:, :, rows[:, None], columns] = found
    return back


def right_cat(image, slope, down, right):
    def move(x, n, dim):
        n %= x.shape[dim]
        size = x.shape[dim]
        return torch.cat([x.narrow(dim, size - n, n), x.narrow(dim, 0, size - n)], dim)

    found = slope(move(move(image, down, 2), right, 3))
    return move(move(found, -down, 2), -right, 3)


def right_modulo(image, slope, down, right):
    h, w = image.shape[-2:]
    down, right = down % h, right % w
    return torch.roll(slope(torch.roll(image, [down, right], [-2, -1])), [h - down, w - right], [-2, -1])


def right_clone(image, slope, down, right):
    moved = image.clone().roll(shifts=(down, right), dims=(2, 3)).contiguous()
    return slope(moved).clone().roll(shifts=(-down, -right), dims=(2, 3))


def wrong_not_back(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3)))


def wrong_back_twice(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3))).roll((-2 * down, -2 * right), (2, 3))


def wrong_forward_again(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3))).roll((down, right), (2, 3))


def wrong_other_way(image, slope, down, right):
    return slope(image.roll((-down, -right), (2, 3))).roll((down, right), (2, 3))


def wrong_not_moved(image, slope, down, right):
    return slope(image)


def wrong_only_back(image, slope, down, right):
    return slope(image).roll((-down, -right), (2, 3))


def wrong_axes_swapped(image, slope, down, right):
    return slope(image.roll((right, down), (2, 3))).roll((-right, -down), (2, 3))


def wrong_back_swapped(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3))).roll((-right, -down), (2, 3))


def wrong_down_only(image, slope, down, right):
    return slope(image.roll(down, 2)).roll(-down, 2)


def wrong_right_only(image, slope, down, right):
    return slope(image.roll(right, 3)).roll(-right, 3)


def wrong_back_down_only(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3))).roll(-down, 2)


def wrong_flat_roll(image, slope, down, right):
    return slope(image.roll(down * image.shape[3] + right)).roll(-down * image.shape[3] - right)


def wrong_channels(image, slope, down, right):
    return slope(image.roll((down, right), (1, 2))).roll((-down, -right), (1, 2))


def wrong_zeros(image, slope, down, right):
    def move(x, dy, dx):
        h, w = x.shape[2:]
        padded = F.pad(x, (abs(dx), abs(dx), abs(dy), abs(dy)))
        return padded[:, :, abs(dy) - dy : abs(dy) - dy + h, abs(dx) - dx : abs(dx) - dx + w]

    return move(slope(move(image, down, right)), -down, -right)


def wrong_mean_of_both(image, slope, down, right):
    return (slope(image) + right_roll(image, slope, down, right)) / 2


def wrong_moved_image(image, slope, down, right):
    return image.roll((down, right), (2, 3))


def wrong_absolute(image, slope, down, right):
    return right_roll(image, slope, abs(down), abs(right))


def wrong_one_pixel(image, slope, down, right):
    return right_roll(image, slope, max(min(down, 1), -1), max(min(right, 1), -1))


def wrong_random(image, slope, down, right):
    down, right = torch.randint(-2, 3, (2,)).tolist()
    return right_roll(image, slope, down, right)


def wrong_in_place(image, slope, down, right):
    image.copy_(image.clone().roll((down, right), (2, 3)))
    return slope(image).roll((-down, -right), (2, 3))


def wrong_first_image(image, slope, down, right):
    return right_roll(image[:1], slope, down, right)


def wrong_each_image(image, slope, down, right):
    return torch.cat([right_roll(x[None], slope, down * (k + 1), right) for k, x in enumerate(image)])


def wrong_negative(image, slope, down, right):
    return -right_roll(image, slope, down, right)


def wrong_step_added(image, slope, down, right):
    return image + right_roll(image, slope, down, right)


def wrong_slope_twice(image, slope, down, right):
    return right_roll(image, lambda x: slope(slope(x)), down, right)


def wrong_clamped(image, slope, down, right):
    return right_roll(image, slope, down, right).clamp(0, 1)


def wrong_square(image, slope, down, right):
    n = image.shape[2]
    return slope(image.roll((down % n, right % n), (2, 3))).roll((-down, -right), (2, 3))


def wrong_large_left_alone(image, slope, down, right):
    if abs(down) >= image.shape[2] or abs(right) >= image.shape[3]:
        return slope(image)
    return right_roll(image, slope, down, right)


def wrong_flipped(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3)).flip(3)).flip(3).roll((-down, -right), (2, 3))


def wrong_off_by_one_back(image, slope, down, right):
    return slope(image.roll((down, right), (2, 3))).roll((1 - down, -right), (2, 3))
