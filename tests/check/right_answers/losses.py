"""Right answers to the exercises of the chapter on losses, each in another way than the reference."""

import math

import numpy as np
import torch
import torch.nn.functional as F


def content_by_powers(features, target):
    return 0.5 * ((features - target) ** 2).sum()


def content_by_mse(features, target):
    return 0.5 * F.mse_loss(features, target, reduction="sum")


def content_in_loops(features, target):
    loss = 0.0
    for a, b in zip(features.flatten(), target.flatten(), strict=True):
        loss = loss + (a - b) ** 2 / 2
    return loss


def content_in_double(features, target):
    difference = (features.double() - target.detach().double()).reshape(-1)
    return difference.dot(difference).mul(0.5)


def content_by_norm(features, target):
    return torch.linalg.vector_norm(features - target).pow(2) / 2


def style_as_printed(features, target_gram):
    _, c, h, w = features.shape
    f = features.reshape(c, h * w)
    g, a = f @ f.T, target_gram[0] * (h * w)
    return ((g - a) ** 2).sum() / (4 * c**2 * (h * w) ** 2)


def style_by_einsum(features, target_gram):
    gram = torch.einsum("bihw,bjhw->bij", features, features) / features[0, 0].numel()
    return F.mse_loss(gram, target_gram) / 4


def style_in_double(features, target_gram):
    flat = features.double().flatten(2)
    error = flat @ flat.mT / flat.shape[-1] - target_gram.double()
    return 0.25 * torch.mean(error * error)


def style_in_loops(features, target_gram):
    c, total = features.shape[1], 0
    for i in range(c):
        for j in range(c):
            total = total + ((features[0, i] * features[0, j]).mean() - target_gram[0, i, j]) ** 2
    return total / (2 * c) ** 2


def weights_by_growing(layers, ratio):
    weights, weight = {}, 1.0
    for layer in layers:
        weights[layer] = weight
        weight *= ratio
    total = sum(weights.values())
    for layer in weights:
        weights[layer] /= total
    return weights


def weights_in_numpy(layers, ratio):
    raw = np.power(float(ratio), np.arange(len(layers)))
    return dict(zip(layers, raw / raw.sum(), strict=True))


def weights_as_tensors(layers, ratio):
    raw = torch.tensor(ratio) ** torch.arange(len(layers))
    return dict(zip(layers, (raw / raw.sum()).unbind(), strict=True))


def weights_by_softmax(layers, ratio):
    shares = torch.softmax(math.log(ratio) * torch.arange(len(layers), dtype=torch.float64), 0)
    return {layer: shares[k].item() for k, layer in enumerate(layers)}


def variation_by_diff(image):
    return torch.diff(image, dim=2).abs().mean() + torch.diff(image, dim=3).abs().mean()


def variation_in_double(image):
    x = image.double()
    b, c, h, w = x.shape
    down = (x[:, :, : h - 1, :] - x[:, :, 1:, :]).abs().sum() / (b * c * (h - 1) * w)
    return down + F.l1_loss(x[..., :-1], x[..., 1:])


def variation_in_loops(image):
    h, w = image.shape[2:]
    down = torch.stack([(image[:, :, i + 1] - image[:, :, i]).abs() for i in range(h - 1)])
    right = torch.stack([(image[..., j + 1] - image[..., j]).abs() for j in range(w - 1)])
    return down.mean() + right.mean()


def variation_by_convolution(image):
    planes = image.reshape(-1, 1, *image.shape[2:])
    kernel = torch.tensor([-1.0, 1.0])
    down = F.conv2d(planes, kernel.view(1, 1, 2, 1))
    return down.abs().mean() + F.conv2d(planes, kernel.view(1, 1, 1, 2)).abs().mean()


def total_in_a_loop(content, styles, weights, alpha, beta):
    total = alpha * content
    for layer in weights:
        total = total + beta * weights[layer] * styles[layer]
    return total


def total_by_stacking(content, styles, weights, alpha, beta):
    names = sorted(styles)
    e = torch.stack([styles[name] for name in names]).double()
    w = torch.tensor([weights[name] for name in names], dtype=torch.float64)
    return alpha * content + beta * (w @ e)


def total_in_place_on_a_copy(content, styles, weights, alpha, beta):
    total = content.clone()
    total *= alpha
    for name, loss in styles.items():
        total += beta * weights.get(name) * loss
    return total


def slope_by_where(features, target):
    return torch.where(features > 0, features - target, 0.0)


def slope_in_place_on_a_copy(features, target):
    gradient = (features - target).clone()
    gradient[features <= 0] = 0
    return gradient


def slope_by_autograd(features, target):
    before = features.clone().requires_grad_(True)
    loss = (before.relu() - target).pow(2).sum() / 2
    return torch.autograd.grad(loss, before)[0]


def slope_in_numpy(features, target):
    f, p = features.numpy().astype(np.float64), target.numpy()
    return np.where(f > 0, f - p, 0.0)


ANSWERS = {
    "content_loss": (content_by_powers, content_by_mse, content_in_loops, content_in_double, content_by_norm),
    "style_loss": (style_as_printed, style_by_einsum, style_in_double, style_in_loops),
    "layer_weights": (weights_by_growing, weights_in_numpy, weights_as_tensors, weights_by_softmax),
    "total_variation": (variation_by_diff, variation_in_double, variation_in_loops, variation_by_convolution),
    "total_loss": (total_in_a_loop, total_by_stacking, total_in_place_on_a_copy),
    "content_gradient": (slope_by_where, slope_in_place_on_a_copy, slope_by_autograd, slope_in_numpy),
}
