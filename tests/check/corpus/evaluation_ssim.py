import torch
import torch.nn.functional as F

from nstlib.frequency import low_pass


def _map(x, y, c1=0.01**2, c2=0.03**2, blur=lambda a: low_pass(a, 1.5)):
    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1) * (2 * cov + c2) / (vx + vy + c2)


def right_plain(image, reference):
    return _map(image, reference)[:, :, 5:-5, 5:-5].mean((1, 2, 3))


def right_valid_windows(image, reference):
    t = torch.arange(-5, 6, dtype=torch.float64)
    bell = torch.exp(-(t**2) / (2 * 1.5**2))
    bell = (bell / bell.sum()).to(image.dtype)
    kernel, c = torch.outer(bell, bell), image.shape[1]

    def blur(x):
        return F.conv2d(x, kernel.expand(c, 1, -1, -1), groups=c)

    return _map(image, reference, blur=blur).flatten(1).mean(1)


def right_each(image, reference):
    values = [_map(x[None], y[None])[0, :, 5:-5, 5:-5].mean() for x, y in zip(image, reference, strict=True)]
    return torch.stack(values)


def right_stacked(image, reference):
    h, w = image.shape[2:]
    parts = torch.cat([image, reference, image * image, reference * reference, image * reference], 1)
    mx, my, xx, yy, xy = low_pass(parts, 1.5)[:, :, 5 : h - 5, 5 : w - 5].chunk(5, 1)
    first = (2 * mx * my + 1e-4) / (mx.square() + my.square() + 1e-4)
    second = (2 * (xy - mx * my) + 9e-4) / (xx - mx.square() + yy - my.square() + 9e-4)
    return (first * second).mean(dim=[1, 2, 3])


def right_double(image, reference):
    return right_plain(image.double(), reference.double()).to(image.dtype)


def right_channel_by_channel(image, reference):
    values = [_map(image[:, k : k + 1], reference[:, k : k + 1])[..., 5:-5, 5:-5] for k in range(image.shape[1])]
    return torch.cat(values, 1).mean((1, 2, 3))


def _inside(values):
    return values[:, :, 5:-5, 5:-5].mean((1, 2, 3))


def wrong_batch_mean(image, reference):
    return right_plain(image, reference).mean()


def wrong_first_image(image, reference):
    return right_plain(image[:1], reference[:1])


def wrong_by_channel(image, reference):
    return _map(image, reference)[:, :, 5:-5, 5:-5].mean((2, 3))


def wrong_map(image, reference):
    return _map(image, reference)[:, :, 5:-5, 5:-5]


def wrong_constants_swapped(image, reference):
    return _inside(_map(image, reference, 0.03**2, 0.01**2))


def wrong_constants_not_squared(image, reference):
    return _inside(_map(image, reference, 0.01, 0.03))


def wrong_bytes_constants(image, reference):
    return _inside(_map(image, reference, (0.01 * 255) ** 2, (0.03 * 255) ** 2))


def wrong_no_constants(image, reference):
    return _inside(_map(image, reference, 1e-12, 1e-12))


def wrong_gray(image, reference):
    return right_plain(image.mean(1, keepdim=True), reference.mean(1, keepdim=True))


def wrong_first_channel(image, reference):
    return right_plain(image[:, :1], reference[:, :1])


def wrong_border_four(image, reference):
    return _map(image, reference)[:, :, 4:-4, 4:-4].mean((1, 2, 3))


def wrong_border_six(image, reference):
    if min(image.shape[2:]) < 13:
        return right_plain(image, reference)
    return _map(image, reference)[:, :, 6:-6, 6:-6].mean((1, 2, 3))


def wrong_border_rows_only(image, reference):
    return _map(image, reference)[:, :, 5:-5].mean((1, 2, 3))


def wrong_border_last(image, reference):
    return _map(image, reference)[:, :, 5:-4, 5:-4].mean((1, 2, 3))


def wrong_sigma(image, reference):
    return _inside(_map(image, reference, blur=lambda a: low_pass(a, 1.0)))


def wrong_sigma_large(image, reference):
    return _inside(_map(image, reference, blur=lambda a: low_pass(a, 2.5)))


def wrong_means_only(image, reference):
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    return _inside((2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4))


def wrong_contrast_only(image, reference):
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx, vy = low_pass(image**2, 1.5) - mx**2, low_pass(reference**2, 1.5) - my**2
    cov = low_pass(image * reference, 1.5) - mx * my
    return _inside((2 * cov + 9e-4) / (vx + vy + 9e-4))


def wrong_variance_raw(image, reference):
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx, vy, cov = low_pass(image**2, 1.5), low_pass(reference**2, 1.5), low_pass(image * reference, 1.5)
    return _inside((2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4) * (2 * cov + 9e-4) / (vx + vy + 9e-4))


def wrong_deviations(image, reference):
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx = (low_pass(image**2, 1.5) - mx**2).clamp(min=0)
    vy = (low_pass(reference**2, 1.5) - my**2).clamp(min=0)
    second = (2 * vx.sqrt() * vy.sqrt() + 9e-4) / (vx + vy + 9e-4)
    return _inside((2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4) * second)


def wrong_distance(image, reference):
    return 1 - right_plain(image, reference)


def wrong_half_distance(image, reference):
    return (1 - right_plain(image, reference)) / 2


def wrong_absolute(image, reference):
    return _inside(_map(image, reference).abs())


def wrong_clamped(image, reference):
    return _inside(_map(image, reference).clamp(0, 1))


def wrong_product_of_means(image, reference):
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx, vy = low_pass(image**2, 1.5) - mx**2, low_pass(reference**2, 1.5) - my**2
    cov = low_pass(image * reference, 1.5) - mx * my
    first = (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
    return _inside(first) * _inside((2 * cov + 9e-4) / (vx + vy + 9e-4))


def wrong_factors_added(image, reference):
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx, vy = low_pass(image**2, 1.5) - mx**2, low_pass(reference**2, 1.5) - my**2
    cov = low_pass(image * reference, 1.5) - mx * my
    return _inside(((2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4) + (2 * cov + 9e-4) / (vx + vy + 9e-4)) / 2)


def wrong_whole_picture(image, reference):
    return _map(image, reference, blur=lambda a: a.mean((2, 3), keepdim=True)).mean((1, 2, 3))


def wrong_floats(image, reference):
    return float(right_plain(image, reference)[0])


def wrong_kept_axes(image, reference):
    return right_plain(image, reference)[:, None]


def wrong_median(image, reference):
    return _map(image, reference)[:, :, 5:-5, 5:-5].flatten(1).median(1).values


def wrong_error(image, reference):
    return (image - reference).square().mean((1, 2, 3))


def wrong_against_first(image, reference):
    return right_plain(image, reference[:1].expand_as(image))


def wrong_in_place(image, reference):
    value = right_plain(image, reference)
    image.sub_(image.mean())
    return value


def wrong_squared(image, reference):
    return right_plain(image, reference) ** 2
