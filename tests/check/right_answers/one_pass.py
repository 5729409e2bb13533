"""Right answers to the exercises of the chapter on one pass, each in another way than the reference."""

import torch
import torch.nn.functional as F


def adain_by_gain_and_offset(content, style):
    variance, mean = torch.var_mean(content, (2, 3), correction=0, keepdim=True)
    other, level = torch.var_mean(style, (2, 3), correction=0, keepdim=True)
    gain = (other / variance).sqrt()
    return content * gain + (level - mean * gain)


def adain_by_instance_norm(content, style):
    b, c, h, w = content.shape
    other, level = torch.var_mean(style.double(), (2, 3), correction=0)
    folded = content.double().reshape(1, b * c, h, w)
    moved = F.instance_norm(folded, weight=other.sqrt().flatten(), bias=level.flatten(), eps=0.0)
    return moved.view(content.shape).to(content.dtype)


def adain_in_loops(content, style):
    def one(f, s):
        unit = (f - f.mean()) / (f - f.mean()).square().mean().sqrt()
        return unit * (s - s.mean()).square().mean().sqrt() + s.mean()

    pairs = zip(content, style, strict=True)
    return torch.stack([torch.stack([one(f, s) for f, s in zip(a, b, strict=True)]) for a, b in pairs])


def moved_by_svd(content, style):
    f, s = content.double(), style.double()
    u, _, v = torch.linalg.svd(f - f.mean(1, keepdim=True), full_matrices=False)
    white = u @ v * f.shape[1] ** 0.5
    p, e, _ = torch.linalg.svd(s - s.mean(1, keepdim=True), full_matrices=False)
    return (p * e @ p.mT @ white / s.shape[1] ** 0.5 + s.mean(1, keepdim=True)).to(content.dtype)


def moved_by_eigenvectors(content, style):
    def root(x, sign):
        values, vectors = torch.linalg.eigh(torch.cov(x.double(), correction=0).reshape(len(x), len(x)))
        return sum(v ** (sign / 2) * torch.outer(u, u) for v, u in zip(values, vectors.T, strict=True))

    centered = content.double() - content.double().mean(1, keepdim=True)
    return (root(style, 1) @ root(content, -1) @ centered + style.double().mean(1, keepdim=True)).to(content.dtype)


def moved_by_iteration(content, style):
    def roots(x):
        a = torch.cov(x.double(), correction=0).reshape(len(x), len(x))
        size = a.norm()
        y, z, one = a / size, torch.eye(len(a)).double(), torch.eye(len(a)).double()
        for _ in range(40):  # Newton, Schulz and Denman, Beavers
            t = 1.5 * one - 0.5 * z @ y
            y, z = y @ t, t @ z
        return y * size.sqrt(), z / size.sqrt()

    centered = content.double() - content.double().mean(1, keepdim=True)
    moved = roots(style)[0] @ (roots(content)[1] @ centered)
    return (moved + style.double().mean(1, keepdim=True)).to(content.dtype)


def norm_by_torch(features, scale, bias):
    return F.instance_norm(features, weight=scale, bias=bias)


def norm_by_groups(features, scale, bias):
    return F.group_norm(features, len(scale), scale, bias)


def norm_by_affine_map(features, scale, bias):
    variance, mean = torch.var_mean(features, (2, 3), correction=0)
    gain = scale * torch.rsqrt(variance + 1e-5)
    return torch.einsum("bchw,bc->bchw", features, gain) + (bias - mean * gain)[..., None, None]


def resized_by_repeating(features, kernels):
    large = features.repeat_interleave(2, -1).repeat_interleave(2, -2)
    return F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), kernels)


def resized_by_index(features, kernels):
    rows, columns = (torch.arange(-1, 2 * n + 1).clamp(0, 2 * n - 1) // 2 for n in features.shape[2:])
    return F.conv2d(features[:, :, rows][..., columns], kernels)


def resized_in_shifts(features, kernels):
    height, width = (2 * n for n in features.shape[2:])
    rows, columns = (torch.arange(-1, 2 * n + 1).clamp(0, 2 * n - 1) // 2 for n in features.shape[2:])
    large = features[:, :, rows][..., columns]
    total = 0
    for i in range(3):
        for j in range(3):
            total = total + torch.einsum("dc,bchw->bdhw", kernels[..., i, j], large[..., i : i + height, j : j + width])
    return total


def blend_by_einsum(styles, amounts):
    return torch.einsum("skn,s->kn", styles, amounts) / amounts.sum()


def blend_by_matrix(styles, amounts):
    return ((amounts / amounts.sum()) @ styles.reshape(len(styles), -1)).reshape(styles.shape[1:])


def blend_in_a_loop(styles, amounts):
    blend = 0
    for style, amount in zip(styles, amounts, strict=True):
        blend = blend + style * (amount / amounts.sum())
    return blend


def shift_by_mse(paint, image, pixels):
    return F.mse_loss(paint(image[..., pixels:]), paint(image)[..., pixels:]).sqrt()


def shift_by_norm(paint, image, pixels):
    away = paint(image)[:, :, :, pixels:] - paint(image[:, :, :, pixels:])
    return torch.linalg.vector_norm(away) / away.numel() ** 0.5


def shift_by_narrow(paint, image, pixels):
    left = image.shape[3] - pixels
    away = paint(image.narrow(3, pixels, left)) - paint(image).narrow(3, pixels, left)
    return (away * away).mean() ** 0.5


ANSWERS = {
    "adain": (adain_by_gain_and_offset, adain_by_instance_norm, adain_in_loops),
    "whiten_and_color": (moved_by_svd, moved_by_eigenvectors, moved_by_iteration),
    "instance_norm": (norm_by_torch, norm_by_groups, norm_by_affine_map),
    "resize_convolution": (resized_by_repeating, resized_by_index, resized_in_shifts),
    "blend_styles": (blend_by_einsum, blend_by_matrix, blend_in_a_loop),
    "shift_error": (shift_by_mse, shift_by_norm, shift_by_narrow),
}
