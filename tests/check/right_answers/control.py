"""Right answers to the exercises of the chapter on control, each in another way than the reference."""

import numpy as np
import torch
import torch.nn.functional as F

from nstlib.colors import match_covariance

LUMA = torch.tensor([0.299, 0.587, 0.114])


def light_by_einsum(result, content):
    y = torch.einsum("c,bchw->bhw", LUMA.to(result), result - content)
    return content + y[:, None]


def light_by_matrices(result, content):
    spread = LUMA.to(result).expand(3, 3)  # each row turns a color into its luminance
    own = (torch.eye(3).to(content) - spread) @ content.flatten(2)
    return (own + spread @ result.flatten(2)).view_as(content)


def light_in_loops(result, content):
    out = content.clone()
    for b in range(len(content)):
        change = sum(w * (result[b, c] - content[b, c]) for c, w in enumerate((0.299, 0.587, 0.114)))
        out[b] = out[b] + change
    return out


def light_by_convolution(result, content):
    return content + F.conv2d(result - content, LUMA.to(result).view(1, 3, 1, 1))


def shrink_by_reshape(mask, pools):
    n = 2**pools
    b, _, h, w = mask.shape
    h, w = h // n, w // n
    return mask[:, :, : h * n, : w * n].reshape(b, 1, h, n, w, n).mean((3, 5))


def shrink_pool_by_pool(mask, pools):
    for _ in range(pools):
        mask = F.avg_pool2d(mask, 2)
    return mask


def shrink_by_unfold(mask, pools):
    n = 1 << pools
    return mask.unfold(2, n, n).unfold(3, n, n).mean((-1, -2))


def shrink_by_quarters(mask, pools):
    for _ in range(pools):
        h, w = mask.shape[2] // 2 * 2, mask.shape[3] // 2 * 2
        m = mask[..., :h, :w]
        mask = (m[..., ::2, ::2] + m[..., 1::2, ::2] + m[..., ::2, 1::2] + m[..., 1::2, 1::2]) / 4
    return mask


def masked_by_einsum(features, mask):
    m = mask[:, 0]
    return torch.einsum("bihw,bjhw,bhw->bij", features, features, m) / m.sum((1, 2))[:, None, None]


def masked_by_roots(features, mask):
    rows = (features * mask.sqrt()).flatten(2)
    return rows @ rows.transpose(1, 2) / mask.sum(dim=(2, 3))[..., None]


def masked_in_loops(features, mask):
    grams = []
    for f, m in zip(features, mask[:, 0], strict=True):
        total = 0
        for y in range(f.shape[1]):
            for x in range(f.shape[2]):
                total = total + m[y, x] * torch.outer(f[:, y, x], f[:, y, x])
        grams.append(total / m.sum())
    return torch.stack(grams)


def masked_by_shares(features, mask):
    share = (mask.double() / mask.double().sum((2, 3), keepdim=True)).flatten(2)
    flat = features.double().flatten(2)
    return (flat * share) @ flat.mT


def mix_by_loops(grams, weights):
    total = float(weights.sum())
    target = sum(float(w) / total * g for w, g in zip(weights, grams, strict=True))
    left = sum(float(w) / total * ((g - target) ** 2).mean() for w, g in zip(weights, grams, strict=True))
    return target, left


def mix_by_variance(grams, weights):
    p = (weights / weights.sum()).double()
    a = grams.double()
    target = torch.tensordot(p, a, dims=1)
    return target, (p @ a.square().flatten(1) - target.square().flatten()).mean()


def mix_by_pairs(grams, weights):
    p = weights / weights.sum()
    between = (grams[:, None] - grams[None]).square().mean((2, 3))
    return (p.view(-1, 1, 1) * grams).sum(0), (p[:, None] * p[None] * between).sum() / 2


def mix_with_average(grams, weights):
    target = torch.lerp(grams[0], grams[0], 0.0)
    seen = weights[0]
    for gram, weight in zip(grams[1:], weights[1:], strict=True):
        seen = seen + weight
        target = target + (gram - target) * (weight / seen)
    return [target, ((weights / weights.sum())[:, None, None] * (grams - target) ** 2).sum() / target.numel()]


def _parts(style, content):
    found = []
    for image in (style, content):
        flat = image.flatten(2)
        mean = flat.mean(2, keepdim=True)
        found.append((flat, mean, (flat - mean) @ (flat - mean).mT / flat.shape[2]))
    return found


def _power(matrix, power):
    values, axes = torch.linalg.eigh(matrix)
    return axes @ torch.diag_embed(values**power) @ axes.mT


def colors_by_symmetric_roots(style, content):
    (flat, mean, given), (_, wanted_mean, wanted) = _parts(style, content)
    return (_power(wanted, 0.5) @ _power(given, -0.5) @ (flat - mean) + wanted_mean).view_as(style)


def colors_by_transport(style, content):
    return match_covariance(style, content, clamp=False)


def colors_by_axes(style, content):
    (flat, mean, given), (_, wanted_mean, wanted) = _parts(style, content)
    (a, u), (b, v) = torch.linalg.eigh(given), torch.linalg.eigh(wanted)
    along = u.mT @ (flat - mean) * (b / a).sqrt()[..., None]
    return (v @ along + wanted_mean).unflatten(2, style.shape[2:])


def colors_in_numpy(style, content):
    out = np.empty(style.shape)
    for k in range(len(style)):
        s, c = style[k].numpy().reshape(3, -1), content[k].numpy().reshape(3, -1)
        low, wanted = (np.linalg.cholesky(np.cov(image.astype(np.float64))) for image in (s, c))
        scale = np.sqrt((c.shape[1] - 1) / c.shape[1] * s.shape[1] / (s.shape[1] - 1))
        moved = scale * wanted @ np.linalg.solve(low, s - s.mean(1, keepdims=True)) + c.mean(1, keepdims=True)
        out[k] = moved.reshape(style.shape[1:])
    return out


def colors_mirrored(style, content):
    (flat, mean, given), (_, wanted_mean, wanted) = _parts(style, content)
    turn = torch.diag(torch.tensor([1.0, -1.0, 1.0])).to(style)
    matrix = torch.linalg.cholesky(wanted) @ turn @ torch.linalg.inv(torch.linalg.cholesky(given))
    return (matrix @ (flat - mean) + wanted_mean).view_as(style)


ANSWERS = {
    "keep_luminance": (light_by_einsum, light_by_matrices, light_in_loops, light_by_convolution),
    "shrink_mask": (shrink_by_reshape, shrink_pool_by_pool, shrink_by_unfold, shrink_by_quarters),
    "masked_gram": (masked_by_einsum, masked_by_roots, masked_in_loops, masked_by_shares),
    "mix_grams": (mix_by_loops, mix_by_variance, mix_by_pairs, mix_with_average),
    "match_colors": (
        colors_by_symmetric_roots,
        colors_by_transport,
        colors_by_axes,
        colors_in_numpy,
        colors_mirrored,
    ),
}
