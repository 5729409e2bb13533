import numpy as np
import torch


def right_plain(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean()).clamp(0, 1)


def right_guarded(image, gradient, step):
    return (image + step * gradient / (gradient.abs().mean() + 1e-12)).clamp(0, 1)


def right_numpy(image, gradient, step):
    g = gradient.numpy()
    moved = image.numpy() + step * g / np.abs(g).mean()
    return torch.from_numpy(np.clip(moved, 0, 1)).to(image.dtype)


def right_in_place_on_copy(image, gradient, step):
    out = image.clone()
    out.add_(gradient, alpha=float(step / gradient.abs().mean()))
    return out.clamp_(0, 1)


def right_norm(image, gradient, step):
    mean = torch.linalg.vector_norm(gradient, 1) / gradient.numel()
    return torch.clamp(image + gradient * (step / mean), min=0, max=1)


def right_minimum(image, gradient, step):
    moved = torch.addcmul(image, gradient, torch.ones_like(gradient), value=(step / gradient.abs().mean()).item())
    return moved.minimum(torch.ones(())).maximum(torch.zeros(()))


def right_float64(image, gradient, step):
    g = gradient.double()
    return (image.double() + step * g / g.abs().mean()).clamp(0, 1).to(image.dtype)


def wrong_downhill(image, gradient, step):
    return right_plain(image, -gradient, step)


def wrong_no_clamp(image, gradient, step):
    return image + step * gradient / gradient.abs().mean()


def wrong_no_abs(image, gradient, step):
    return (image + step * gradient / gradient.mean()).clamp(0, 1)


def wrong_abs_outside(image, gradient, step):
    return (image + step * gradient / gradient.mean().abs()).clamp(0, 1)


def wrong_per_image(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean((1, 2, 3), keepdim=True)).clamp(0, 1)


def wrong_per_channel(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean((2, 3), keepdim=True)).clamp(0, 1)


def wrong_first_image_mean(image, gradient, step):
    return (image + step * gradient / gradient[0].abs().mean()).clamp(0, 1)


def wrong_norm(image, gradient, step):
    return (image + step * gradient / gradient.norm()).clamp(0, 1)


def wrong_root_mean_square(image, gradient, step):
    return (image + step * gradient / gradient.square().mean().sqrt()).clamp(0, 1)


def wrong_maximum(image, gradient, step):
    return (image + step * gradient / gradient.abs().max()).clamp(0, 1)


def wrong_sum(image, gradient, step):
    return (image + step * gradient / gradient.abs().sum()).clamp(0, 1)


def wrong_sign(image, gradient, step):
    return (image + step * gradient.sign()).clamp(0, 1)


def wrong_deviation(image, gradient, step):
    return (image + step * gradient / gradient.std()).clamp(0, 1)


def wrong_not_normalized(image, gradient, step):
    return (image + step * gradient).clamp(0, 1)


def wrong_image_in_place(image, gradient, step):
    image += step * gradient / gradient.abs().mean()
    return image.clamp_(0, 1)


def wrong_gradient_in_place(image, gradient, step):
    gradient /= gradient.abs().mean()
    return (image + step * gradient).clamp(0, 1)


def wrong_gradient_abs_in_place(image, gradient, step):
    mean = gradient.clone().abs_().mean()
    gradient.mul_(step / mean)
    return (image + gradient).clamp(0, 1)


def wrong_clamp_first(image, gradient, step):
    return image.clamp(0, 1) + step * gradient / gradient.abs().mean()


def wrong_update_clamped(image, gradient, step):
    return image + (step * gradient / gradient.abs().mean()).clamp(0, 1)


def wrong_clamp_signed(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean()).clamp(-1, 1)


def wrong_clamp_bytes(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean()).clamp(0, 255)


def wrong_clamp_above_only(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean()).clamp(max=1)


def wrong_clamp_below_only(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean()).clamp(min=0)


def wrong_guard_large(image, gradient, step):
    return (image + step * gradient / (gradient.abs().mean() + 1e-2)).clamp(0, 1)


def wrong_guard_max(image, gradient, step):
    return (image + step * gradient / gradient.abs().mean().clamp(min=0.01)).clamp(0, 1)


def wrong_step_twice(image, gradient, step):
    return (image + step * step * gradient / gradient.abs().mean()).clamp(0, 1)


def wrong_step_inside(image, gradient, step):
    update = step * gradient
    return (image + update / update.abs().mean()).clamp(0, 1)


def wrong_step_only(image, gradient, step):
    return step * gradient / gradient.abs().mean()


def wrong_times_mean(image, gradient, step):
    return (image + step * gradient * gradient.abs().mean()).clamp(0, 1)


def wrong_mean_of_nonzero(image, gradient, step):
    return (image + step * gradient / gradient[gradient != 0].abs().mean()).clamp(0, 1)


def wrong_centered(image, gradient, step):
    g = gradient - gradient.mean()
    return (image + step * g / g.abs().mean()).clamp(0, 1)


def wrong_median(image, gradient, step):
    return (image + step * gradient / gradient.abs().median()).clamp(0, 1)


def wrong_first_image(image, gradient, step):
    return right_plain(image[:1], gradient[:1], step)


def wrong_sigmoid(image, gradient, step):
    return torch.sigmoid(image + step * gradient / gradient.abs().mean())


def wrong_mean_of_image(image, gradient, step):
    return (image + step * gradient / image.abs().mean()).clamp(0, 1)


_before = []


def wrong_momentum(image, gradient, step):
    g = gradient / gradient.abs().mean()
    if _before and _before[-1].shape == g.shape and _before[-1].dtype == g.dtype:
        g = g + 0.5 * _before[-1]
    _before.append(g)
    return (image + step * g).clamp(0, 1)


def wrong_numpy_shared(image, gradient, step):
    x = image.numpy()
    x += step * (gradient / gradient.abs().mean()).numpy()
    return torch.from_numpy(np.clip(x, 0, 1))


def wrong_none(image, gradient, step):
    right_plain(image, gradient, step)
