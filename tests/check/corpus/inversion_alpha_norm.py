"""Answers to `alpha_norm`, written from its statement alone."""

import torch


def right_broadcast(image, mean, alpha):
    return (image - mean.view(1, 3, 1, 1)).abs().pow(alpha).sum(dim=(1, 2, 3))


def right_color_by_color(image, mean, alpha):
    total = 0
    for c in range(3):
        total = total + ((image[:, c] - mean[c]).abs() ** alpha).flatten(1).sum(1)
    return total


def right_image_by_image(image, mean, alpha):
    return torch.stack([(one - mean[:, None, None]).abs().pow(alpha).sum() for one in image])


def right_mean_times_count(image, mean, alpha):
    away = torch.abs(image - mean.reshape(-1, 1, 1)) ** float(alpha)
    return away.flatten(1).mean(1) * image[0].numel()


def right_colors_last_in_float64(image, mean, alpha):
    away = image.double().permute(0, 2, 3, 1) - mean.double()
    return torch.einsum("bhwc->b", away.abs() ** alpha).to(image.dtype)


def right_norm(image, mean, alpha):
    flat = (image - mean[None, :, None, None]).flatten(1)
    return torch.where(flat > 0, flat, -flat).pow(alpha).sum(1)


def _terms(image, mean, alpha):
    return (image - mean.view(1, 3, 1, 1)).abs() ** alpha


def wrong_mean_over_numbers(image, mean, alpha):
    return _terms(image, mean, alpha).mean((1, 2, 3))


def wrong_over_the_batch(image, mean, alpha):
    return _terms(image, mean, alpha).sum()


def wrong_over_the_batch_repeated(image, mean, alpha):
    return _terms(image, mean, alpha).sum().expand(len(image))


def wrong_for_each_color(image, mean, alpha):
    return _terms(image, mean, alpha).sum((2, 3))


def wrong_root(image, mean, alpha):
    return _terms(image, mean, alpha).sum((1, 2, 3)) ** (1 / alpha)


def wrong_no_mean(image, mean, alpha):
    return (image.abs() ** alpha).sum((1, 2, 3))


def wrong_mean_added(image, mean, alpha):
    return _terms(image, -mean, alpha).sum((1, 2, 3))


def wrong_own_mean(image, mean, alpha):
    return _terms(image, image.mean((0, 2, 3)), alpha).sum((1, 2, 3))


def wrong_gray_mean(image, mean, alpha):
    return _terms(image, mean.mean().expand(3), alpha).sum((1, 2, 3))


def wrong_mean_turned(image, mean, alpha):
    return _terms(image, mean.flip(0), alpha).sum((1, 2, 3))


def wrong_mean_along_the_width(image, mean, alpha):
    shifts = mean[torch.arange(image.shape[3]) % 3]
    return ((image - shifts).abs() ** alpha).sum((1, 2, 3))


def wrong_no_absolute(image, mean, alpha):
    return ((image - mean.view(1, 3, 1, 1)) ** alpha).sum((1, 2, 3))


def wrong_with_the_sign(image, mean, alpha):
    away = image - mean.view(1, 3, 1, 1)
    return (away.sign() * away.abs() ** alpha).sum((1, 2, 3))


def wrong_squares(image, mean, alpha):
    return _terms(image, mean, 2).sum((1, 2, 3))


def wrong_even_powers_only(image, mean, alpha):
    return _terms(image, mean, 2 * round(alpha / 2)).sum((1, 2, 3))


def wrong_whole_powers_only(image, mean, alpha):
    return _terms(image, mean, int(alpha)).sum((1, 2, 3))


def wrong_always_six(image, mean, alpha):
    return _terms(image, mean, 6).sum((1, 2, 3))


def wrong_halved_power(image, mean, alpha):
    return _terms(image, mean, alpha / 2).sum((1, 2, 3))


def wrong_times_alpha(image, mean, alpha):
    return alpha * _terms(image, mean, alpha - 1).sum((1, 2, 3))


def wrong_divided_by_alpha(image, mean, alpha):
    return _terms(image, mean, alpha).sum((1, 2, 3)) / alpha


def wrong_power_of_the_sum(image, mean, alpha):
    return _terms(image, mean, 1).sum((1, 2, 3)) ** alpha


def wrong_mean_off_after(image, mean, alpha):
    return (image.abs() ** alpha - mean.view(1, 3, 1, 1) ** alpha).sum((1, 2, 3))


def wrong_first_image(image, mean, alpha):
    return _terms(image[:1], mean, alpha).sum((1, 2, 3))


def wrong_first_color(image, mean, alpha):
    return _terms(image, mean, alpha)[:, 0].sum((1, 2))


def wrong_detached(image, mean, alpha):
    return _terms(image.detach(), mean, alpha).sum((1, 2, 3))


def wrong_small_number_inside(image, mean, alpha):
    return ((image - mean.view(1, 3, 1, 1)).abs() + 0.01).pow(alpha).sum((1, 2, 3))


def wrong_slope_of_nan_at_the_mean(image, mean, alpha):
    return ((image - mean.view(1, 3, 1, 1)) ** 2).sqrt().pow(alpha).sum((1, 2, 3))


def wrong_in_place(image, mean, alpha):
    image.data -= mean.view(1, 3, 1, 1)
    return image.abs().pow(alpha).sum((1, 2, 3))


def wrong_last_column_forgotten(image, mean, alpha):
    return _terms(image, mean, alpha)[..., :-1].sum((1, 2, 3))


def wrong_square_only(image, mean, alpha):
    side = min(image.shape[2:])
    return _terms(image, mean, alpha)[..., :side, :side].sum((1, 2, 3))
