import numpy as np
import torch
import torch.nn.functional as F


def right_slices(image):
    down = (image[:, :, 1:] - image[:, :, :-1]).abs().mean()
    across = (image[..., 1:] - image[..., :-1]).abs().mean()
    return down + across


def right_diff(image):
    return image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()


def right_sums(image):
    b, c, h, w = image.shape
    down = torch.abs(image[:, :, :-1, :] - image[:, :, 1:, :]).sum() / (b * c * (h - 1) * w)
    across = torch.abs(image[:, :, :, :-1] - image[:, :, :, 1:]).sum() / (b * c * h * (w - 1))
    return down + across


def right_l1_loss(image):
    return F.l1_loss(image[:, :, 1:], image[:, :, :-1]) + F.l1_loss(image[..., 1:], image[..., :-1])


def right_conv(image):
    flat = image.reshape(-1, 1, *image.shape[2:])
    kernel = torch.tensor([-1.0, 1.0], dtype=image.dtype)
    down = F.conv2d(flat, kernel.view(1, 1, 2, 1)).abs().mean()
    return down + F.conv2d(flat, kernel.view(1, 1, 1, 2)).abs().mean()


def right_loop(image):
    h, w = image.shape[2:]
    down = sum((image[:, :, y + 1] - image[:, :, y]).abs().mean() for y in range(h - 1)) / (h - 1)
    across = sum((image[..., x + 1] - image[..., x]).abs().mean() for x in range(w - 1)) / (w - 1)
    return down + across


def right_narrow(image):
    total = image.new_zeros(())
    for axis in (2, 3):
        n = image.shape[axis] - 1
        total += torch.mean(torch.abs(image.narrow(axis, 1, n) - image.narrow(axis, 0, n)))
    return total


def right_double(image):
    x = image.double()
    return (x.diff(dim=2).abs().mean() + x.diff(dim=3).abs().mean()).to(image.dtype)


def wrong_roll(image):
    return (image - image.roll(1, 2)).abs().mean() + (image - image.roll(1, 3)).abs().mean()


def wrong_padded(image):
    return sum(F.pad(image.diff(dim=d).abs(), (0, 0, 0, 1) if d == 2 else (0, 1)).mean() for d in (2, 3))


def wrong_all_pixels(image):
    return (image.diff(dim=2).abs().sum() + image.diff(dim=3).abs().sum()) / image.numel()


def wrong_joint_mean(image):
    return torch.cat([image.diff(dim=2).abs().flatten(), image.diff(dim=3).abs().flatten()]).mean()


def wrong_vertical_only(image):
    return image.diff(dim=2).abs().mean()


def wrong_horizontal_only(image):
    return image.diff(dim=3).abs().mean()


def wrong_half(image):
    return right_diff(image) / 2


def wrong_no_abs(image):
    return image.diff(dim=2).mean() + image.diff(dim=3).mean()


def wrong_abs_outside(image):
    return image.diff(dim=2).mean().abs() + image.diff(dim=3).mean().abs()


def wrong_abs_of_sum(image):
    return (image[:, :, 1:, 1:] * 2 - image[:, :, :-1, 1:] - image[:, :, 1:, :-1]).abs().mean()


def wrong_channels_axis(image):
    return image.diff(dim=1).abs().mean() + image.diff(dim=2).abs().mean()


def wrong_first_image(image):
    return right_diff(image[:1])


def wrong_first_channel(image):
    return right_diff(image[:, :1])


def wrong_common_interior(image):
    down = (image[:, :, 1:, :-1] - image[:, :, :-1, :-1]).abs().mean()
    return down + (image[:, :, :-1, 1:] - image[:, :, :-1, :-1]).abs().mean()


def wrong_two_apart(image):
    return (image[:, :, 2:] - image[:, :, :-2]).abs().mean() + (image[..., 2:] - image[..., :-2]).abs().mean()


def wrong_detached(image):
    return right_diff(image.detach()) + 0 * image.sum()


def wrong_numpy(image):
    x = image.detach().numpy()
    return torch.tensor(np.abs(np.diff(x, axis=2)).mean() + np.abs(np.diff(x, axis=3)).mean())


def wrong_item(image):
    return right_diff(image).item()


def wrong_per_image(image):
    return image.diff(dim=2).abs().mean((1, 2, 3)) + image.diff(dim=3).abs().mean((1, 2, 3))


def wrong_length_of_slope(image):
    down, across = image[:, :, 1:, :-1] - image[:, :, :-1, :-1], image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    return (down.square() + across.square() + 1e-8).sqrt().mean()


def wrong_root_of_square(image):
    return image.diff(dim=2).square().sqrt().mean() + image.diff(dim=3).square().sqrt().mean()


def wrong_epsilon(image):
    return (image.diff(dim=2) ** 2 + 1e-3).sqrt().mean() + (image.diff(dim=3) ** 2 + 1e-3).sqrt().mean()


def wrong_gray(image):
    return right_diff(image.mean(1, keepdim=True))


def wrong_in_bytes(image):
    return right_diff(image * 255)


def wrong_clamped(image):
    return right_diff(image.clamp(0, 1))


def wrong_positive_only(image):
    return image.diff(dim=2).relu().mean() + image.diff(dim=3).relu().mean()


def wrong_square_only(image):
    h = image.shape[2]
    down = image.diff(dim=2).abs().sum() / (image.shape[0] * 3 * (h - 1) * h)
    return down + image.diff(dim=3).abs().sum() / (image.shape[0] * 3 * (h - 1) * h)


def wrong_last_row_forgotten(image):
    x = image[:, :, :-1]
    return x.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()


def wrong_batch_divided(image):
    return right_diff(image) / image.shape[0]


def wrong_channels_summed(image):
    return image.diff(dim=2).abs().sum(1).mean() + image.diff(dim=3).abs().sum(1).mean()


def wrong_in_place(image):
    down = image.diff(dim=2).abs().mean()
    with torch.no_grad():
        image[..., 0] = 0
    return down + image.diff(dim=3).abs().mean()


def wrong_batch_axis(image):
    return image.diff(dim=2).abs().mean() + image.diff(dim=-2).abs().mean()


def wrong_small_is_zero(image):
    return F.hardshrink(image.diff(dim=2), 0.02).abs().mean() + F.hardshrink(image.diff(dim=3), 0.02).abs().mean()
