"""Answers to `match_colors`, written from its statement alone."""

import numpy as np
import torch


def _cloud(image):
    pixels = image.reshape(image.shape[0], 3, -1)
    mean = pixels.mean(-1, keepdim=True)
    centered = pixels - mean
    return centered, mean, centered @ centered.transpose(1, 2) / pixels.shape[-1]


def _apply(matrix, style, content):
    centered, _, _ = _cloud(style)
    return (matrix @ centered + _cloud(content)[1]).reshape(style.shape)


def _power(matrix, power):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.pow(power)[:, None] @ vectors.mT


def right_cholesky(style, content):
    (_, _, s), (_, _, c) = _cloud(style), _cloud(content)
    return _apply(torch.linalg.cholesky(c) @ torch.linalg.inv(torch.linalg.cholesky(s)), style, content)


def right_solve_triangular(style, content):
    (centered, _, s), (_, mean, c) = _cloud(style), _cloud(content)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(s), centered, upper=False)
    return (torch.linalg.cholesky(c) @ white + mean).reshape(style.shape)


def right_image_analogies(style, content):
    return _apply(_power(_cloud(content)[2], 0.5) @ _power(_cloud(style)[2], -0.5), style, content)


def right_transport(style, content):
    s, c = _cloud(style)[2], _cloud(content)[2]
    half, back = _power(s, 0.5), _power(s, -0.5)
    return _apply(back @ _power(half @ c @ half, 0.5) @ back, style, content)


def right_svd(style, content):
    s, c = _cloud(style)[2], _cloud(content)[2]
    u, a, _ = torch.linalg.svd(s)
    v, b, _ = torch.linalg.svd(c)
    return _apply(v @ torch.diag_embed((b / a).sqrt()) @ u.mT, style, content)


def right_loop_over_images(style, content):
    made = []
    for one, other in zip(style.double(), content.double(), strict=True):
        s, c = torch.cov(one.flatten(1), correction=0), torch.cov(other.flatten(1), correction=0)
        matrix = torch.linalg.cholesky(c) @ torch.linalg.inv(torch.linalg.cholesky(s))
        moved = matrix @ (one.flatten(1) - one.flatten(1).mean(1, keepdim=True))
        made.append((moved + other.flatten(1).mean(1, keepdim=True)).view_as(one))
    return torch.stack(made).to(style.dtype)


def right_channels_in_another_order(style, content):
    return right_cholesky(style.flip(1), content.flip(1)).flip(1)


def right_torch_cov(style, content):
    made = []
    for one, other in zip(style.flatten(2), content.flatten(2), strict=True):
        matrix = torch.linalg.cholesky(other.cov()) @ torch.linalg.inv(torch.linalg.cholesky(one.cov()))
        made.append(matrix @ (one - one.mean(1, keepdim=True)) + other.mean(1, keepdim=True))
    return torch.stack(made).reshape(style.shape)


def right_upper_factors(style, content):
    s, c = (torch.linalg.cholesky(_cloud(image)[2], upper=True) for image in (style, content))
    return _apply(c.mT @ torch.linalg.inv(s.mT), style, content)


def wrong_style(style, content):
    return style.clone()


def wrong_mean_only(style, content):
    return style + (content.mean((2, 3), keepdim=True) - style.mean((2, 3), keepdim=True))


def wrong_reinhard(style, content):
    scale = content.std((2, 3), keepdim=True) / style.std((2, 3), keepdim=True)
    return (style - style.mean((2, 3), keepdim=True)) * scale + content.mean((2, 3), keepdim=True)


def wrong_one_deviation(style, content):
    scale = content.std((1, 2, 3), keepdim=True) / style.std((1, 2, 3), keepdim=True)
    return (style - style.mean((2, 3), keepdim=True)) * scale + content.mean((2, 3), keepdim=True)


def wrong_order(style, content):
    s, c = (torch.linalg.cholesky(_cloud(image)[2]) for image in (style, content))
    return _apply(torch.linalg.inv(s) @ c, style, content)


def wrong_whitened_only(style, content):
    return _apply(torch.linalg.inv(torch.linalg.cholesky(_cloud(style)[2])), style, content)


def wrong_colored_only(style, content):
    return _apply(torch.linalg.cholesky(_cloud(content)[2]), style, content)


def wrong_no_roots(style, content):
    return _apply(_cloud(content)[2] @ torch.linalg.inv(_cloud(style)[2]), style, content)


def wrong_root_of_the_product(style, content):
    product = _cloud(content)[2] @ torch.linalg.inv(_cloud(style)[2])
    return _apply(_power((product + product.mT) / 2 + 3 * torch.eye(3), 0.5), style, content)


def wrong_exchanged(style, content):
    s, c = (torch.linalg.cholesky(_cloud(image)[2]) for image in (style, content))
    return _apply(s @ torch.linalg.inv(c), style, content)


def wrong_content_moved(style, content):
    return right_cholesky(content, style)


def wrong_upper(style, content):
    s, c = (torch.linalg.cholesky(_cloud(image)[2], upper=True) for image in (style, content))
    return _apply(c @ torch.linalg.inv(s), style, content)


def wrong_mean_moved_too(style, content):
    s, c = (torch.linalg.cholesky(_cloud(image)[2]) for image in (style, content))
    pixels = style.flatten(2)
    return (c @ torch.linalg.inv(s) @ pixels + content.flatten(2).mean(2, keepdim=True)).view_as(style)


def wrong_without_mean(style, content):
    return right_cholesky(style, content) - content.mean((2, 3), keepdim=True)


def wrong_mean_of_the_style(style, content):
    made = right_cholesky(style, content)
    return made - made.mean((2, 3), keepdim=True) + style.mean((2, 3), keepdim=True)


def wrong_clamped(style, content):
    return right_cholesky(style, content).clamp(0, 1)


def wrong_second_moments(style, content):
    s, c = (image.flatten(2) @ image.flatten(2).mT / image[0, 0].numel() for image in (style, content))
    matrix = torch.linalg.cholesky(c) @ torch.linalg.inv(torch.linalg.cholesky(s))
    return (matrix @ style.flatten(2)).view_as(style)


def wrong_batch_moments(style, content):
    def moments(image):
        pixels = image.transpose(0, 1).flatten(1)
        return pixels.mean(1, keepdim=True), torch.cov(pixels, correction=0)

    (m, s), (n, c) = moments(style), moments(content)
    matrix = torch.linalg.cholesky(c) @ torch.linalg.inv(torch.linalg.cholesky(s))
    return (matrix @ (style.flatten(2) - m) + n).view_as(style)


def wrong_first_content(style, content):
    return right_cholesky(style, content[:1].expand_as(content))


def wrong_ranks(style, content):
    flat, wanted = style.flatten(2), content.flatten(2).sort(2).values
    ranks = flat.argsort(2).argsort(2)
    index = (ranks.double() / (flat.shape[2] - 1) * (wanted.shape[2] - 1)).round().long()
    return wanted.gather(2, index).view_as(style)


def wrong_content_resized(style, content):
    return torch.nn.functional.interpolate(content, size=style.shape[2:], mode="bilinear", align_corners=False)


def wrong_bent(style, content):
    bent = style + 0.5 * style.square()
    return right_cholesky(bent, content)


def wrong_noise_of_the_right_moments(style, content):
    noise = torch.randn(style.shape, generator=torch.Generator().manual_seed(0)).to(style)
    return right_cholesky(noise, content)


def wrong_flat(style, content):
    return right_cholesky(style, content).flatten(2)


def wrong_turned(style, content):
    return right_cholesky(style, content).mT


def wrong_in_place(style, content):
    style -= style.mean((2, 3), keepdim=True)
    return right_cholesky(style, content)


def wrong_unequal_divisors(style, content):
    made = []
    for one, other in zip(style, content, strict=True):
        s, c = np.cov(one.flatten(1).numpy()), np.cov(other.flatten(1).numpy(), bias=True)
        matrix = torch.from_numpy(np.linalg.cholesky(c) @ np.linalg.inv(np.linalg.cholesky(s))).to(one)
        moved = matrix @ (one.flatten(1) - one.flatten(1).mean(1, keepdim=True))
        made.append((moved + other.flatten(1).mean(1, keepdim=True)).view_as(one))
    return torch.stack(made)


def wrong_regularized(style, content):
    s, c = (torch.linalg.cholesky(_cloud(image)[2] + 0.01 * torch.eye(3).to(image)) for image in (style, content))
    return _apply(c @ torch.linalg.inv(s), style, content)


def wrong_half_way(style, content):
    return (style + right_cholesky(style, content)) / 2


def wrong_returns_a_flat_picture(style, content):
    x, y = style.flatten(2), content.flatten(2)
    x, mean = x - x.mean(2, keepdim=True), y.mean(2, keepdim=True)
    y = y - mean
    roots = [torch.linalg.cholesky(z @ z.mT / z.shape[2]) for z in (x, y)]
    return roots[1] @ torch.linalg.inv(roots[0]) @ x + mean


def wrong_means_inside_the_matrices(style, content):
    x, y = style.flatten(2), content.flatten(2)
    roots = [torch.linalg.cholesky(z @ z.mT / z.shape[2]) for z in (x, y)]
    moved = roots[1] @ torch.linalg.inv(roots[0]) @ (x - x.mean(2, keepdim=True)) + y.mean(2, keepdim=True)
    return moved.view_as(style)
