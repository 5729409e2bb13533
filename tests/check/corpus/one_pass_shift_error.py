"""Answers to `shift_error`, written from its statement alone."""

import torch
from torch.nn import functional as F


def right_as_written(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean().sqrt()


def right_mse(paint, image, pixels):
    return F.mse_loss(paint(image[:, :, :, pixels:]), paint(image)[:, :, :, pixels:]) ** 0.5


def right_norm(paint, image, pixels):
    away = paint(image[..., pixels:]) - paint(image)[..., pixels:]
    return away.flatten().norm() / away.numel() ** 0.5


def right_narrow(paint, image, pixels):
    width = image.shape[3] - pixels
    turned = paint(image.narrow(3, pixels, width))
    return ((turned - paint(image).narrow(3, pixels, width)) ** 2).mean().sqrt()


def right_float(paint, image, pixels):
    away = paint(image[..., pixels:].clone()) - paint(image.clone())[..., pixels:]
    return away.double().pow(2).mean().sqrt().to(image.dtype)


def right_from_the_end(paint, image, pixels):
    width = image.shape[-1] - pixels
    return torch.sqrt(torch.mean((paint(image[..., -width:]) - paint(image)[..., -width:]) ** 2))


def wrong_zero(paint, image, pixels):
    return image.new_zeros(())


def wrong_mean_square(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean()


def wrong_absolute(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).abs().mean()


def wrong_mean(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).mean()


def wrong_sum(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().sum()


def wrong_norm(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).norm()


def wrong_max(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).abs().max()


def wrong_mean_of_roots(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean((2, 3)).sqrt().mean()


def wrong_map(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean((1, 2, 3)).sqrt()


def wrong_rolled(paint, image, pixels):
    return (paint(image.roll(-pixels, 3)) - paint(image).roll(-pixels, 3)).square().mean().sqrt()


def wrong_rolled_and_cut(paint, image, pixels):
    away = paint(image.roll(-pixels, 3)) - paint(image).roll(-pixels, 3)
    return away[..., : image.shape[3] - pixels].square().mean().sqrt()


def wrong_rows(paint, image, pixels):
    return (paint(image[:, :, pixels:]) - paint(image)[:, :, pixels:]).square().mean().sqrt()


def wrong_left(paint, image, pixels):
    width = image.shape[3] - pixels
    return (paint(image[..., :width]) - paint(image)[..., :width]).square().mean().sqrt()


def wrong_not_back(paint, image, pixels):
    width = image.shape[3] - pixels
    return (paint(image[..., pixels:]) - paint(image)[..., :width]).square().mean().sqrt()


def wrong_photo(paint, image, pixels):
    return (paint(image[..., pixels:]) - image[..., pixels:]).square().mean().sqrt()


def wrong_photos_shifted(paint, image, pixels):
    width = image.shape[3] - pixels
    return (image[..., pixels:] - image[..., :width]).square().mean().sqrt()


def wrong_painting_against_photo(paint, image, pixels):
    return (image[..., pixels:] - paint(image)[..., pixels:]).square().mean().sqrt()


def wrong_painted_once(paint, image, pixels):
    painted = paint(image)
    return (painted[..., pixels:] - painted[..., pixels:]).square().mean().sqrt()


def wrong_painted_twice(paint, image, pixels):
    return (paint(paint(image)[..., pixels:]) - paint(image)[..., pixels:]).square().mean().sqrt()


def wrong_one_pixel(paint, image, pixels):
    return (paint(image[..., 1:]) - paint(image)[..., 1:]).square().mean().sqrt()


def wrong_one_more(paint, image, pixels):
    return (paint(image[..., pixels + 1 :]) - paint(image)[..., pixels + 1 :]).square().mean().sqrt()


def wrong_over_pixels(paint, image, pixels):
    return (paint(image[..., pixels:]) - paint(image)[..., pixels:]).square().mean().sqrt() / max(pixels, 1)


def wrong_over_the_whole_width(paint, image, pixels):
    away = paint(image[..., pixels:]) - paint(image)[..., pixels:]
    return (away.square().sum() / image.numel()).sqrt()


def wrong_padded(paint, image, pixels):
    moved = F.pad(image[..., pixels:], (0, pixels))
    return (paint(moved)[..., : image.shape[3] - pixels] - paint(image)[..., pixels:]).square().mean().sqrt()


def wrong_blacked_out(paint, image, pixels):
    moved = image.clone()
    moved[..., :pixels] = 0
    return (paint(moved)[..., pixels:] - paint(image)[..., pixels:]).square().mean().sqrt()


def wrong_inner_part(paint, image, pixels):
    away = paint(image[..., pixels:]) - paint(image)[..., pixels:]
    return away[..., 1:].square().mean().sqrt()


def wrong_first_image(paint, image, pixels):
    return (paint(image[:1, ..., pixels:]) - paint(image)[:1, ..., pixels:]).square().mean().sqrt()


def wrong_relative(paint, image, pixels):
    still = paint(image)[..., pixels:]
    return ((paint(image[..., pixels:]) - still).square().mean() / still.square().mean()).sqrt()
