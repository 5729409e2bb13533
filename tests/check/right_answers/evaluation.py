"""Right answers to the exercises of the chapter on evaluation, each in another way than the reference."""

import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F

from nstlib import metrics
from nstlib.colors import luminance
from nstlib.filters import sobel_edges
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix


def _bell(dtype=torch.float64):
    x = torch.arange(-5, 6, dtype=dtype)
    bell = torch.exp(-(x**2) / (2 * 1.5**2))
    return bell / bell.sum()


def ssim_by_valid_windows(image, reference):
    b, c, h, w = image.shape
    kernel = torch.outer(_bell(), _bell())[None, None]
    x, y = (each.double().reshape(b * c, 1, h, w) for each in (image, reference))
    mx, my = F.conv2d(x, kernel), F.conv2d(y, kernel)
    vx, vy = F.conv2d(x * x, kernel) - mx * mx, F.conv2d(y * y, kernel) - my * my
    cov = F.conv2d(x * y, kernel) - mx * my
    found = (2 * mx * my + 0.01**2) * (2 * cov + 0.03**2) / ((mx**2 + my**2 + 0.01**2) * (vx + vy + 0.03**2))
    return found.reshape(b, -1).mean(1)


def ssim_by_scikit_image(image, reference):
    from skimage.metrics import structural_similarity

    settings = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = zip(image.numpy(), reference.numpy(), strict=True)
    return np.array([structural_similarity(x, y, channel_axis=0, **settings) for x, y in pairs])


def ssim_in_loops(image, reference):
    bell = _bell().numpy()
    weights = np.outer(bell, bell)
    found = []
    for x, y in zip(image.double().numpy(), reference.double().numpy(), strict=True):
        values = []
        for c, i, j in itertools.product(range(x.shape[0]), range(x.shape[1] - 10), range(x.shape[2] - 10)):
            p, q = x[c, i : i + 11, j : j + 11], y[c, i : i + 11, j : j + 11]
            mp, mq = (weights * p).sum(), (weights * q).sum()
            vp, vq = (weights * (p - mp) ** 2).sum(), (weights * (q - mq) ** 2).sum()
            cov = (weights * (p - mp) * (q - mq)).sum()
            light = (2 * mp * mq + 1e-4) / (mp**2 + mq**2 + 1e-4)
            values.append(light * (2 * cov + 9e-4) / (vp + vq + 9e-4))
        found.append(sum(values) / len(values))
    return torch.tensor(found)


def ssim_in_three_factors(image, reference):
    c1, c2 = 1e-4, 9e-4
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx = (low_pass(image**2, 1.5) - mx**2).clamp(min=0)
    vy = (low_pass(reference**2, 1.5) - my**2).clamp(min=0)
    cov = low_pass(image * reference, 1.5) - mx * my
    deviations = vx.sqrt() * vy.sqrt()
    light, contrast = (2 * mx * my + c1) / (mx**2 + my**2 + c1), (2 * deviations + c2) / (vx + vy + c2)
    whole = light * contrast * (cov + c2 / 2) / (deviations + c2 / 2)
    height, width = image.shape[-2:]
    return torch.stack([each[:, 5 : height - 5, 5 : width - 5].mean() for each in whole])


def edges_by_scikit_image(image, reference):
    def edges(x):
        gray = 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
        return sobel_edges(gray) * 2

    return ssim_by_scikit_image(edges(image.double()), edges(reference.double()))


def edges_image_by_image(image, reference):
    found = []
    for x, y in zip(image, reference, strict=True):
        grays = [torch.einsum("c,chw->hw", each.new_tensor([0.299, 0.587, 0.114]), each) for each in (x, y)]
        steep = [sobel_edges(gray[None, None]) / 0.5 for gray in grays]
        found.append(ssim_by_valid_windows(*steep)[0])
    return torch.stack(found)


def edges_by_kernels(image, reference):
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).to(image)
    kernel = torch.stack([across, across.T])[:, None] / 4

    def edges(x):
        gray = (x * x.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
        return F.conv2d(F.pad(gray, (1, 1, 1, 1), mode="replicate"), kernel).norm(dim=1, keepdim=True)

    return ssim_in_three_factors(edges(image), edges(reference))


def edges_with_smaller_constants(image, reference):
    return metrics.ssim(sobel_edges(luminance(image)), sobel_edges(luminance(reference)), value_range=0.5)


def heldout_in_loops(image, style, network, layers):
    total = 0.0
    for layer in layers:
        g, t = (gram_matrix(network(x, layer)[layer])[0] for x in (image, style))
        total += ((g - t) ** 2).sum().item() / (t**2).sum().item()
    return total / len(layers)


def heldout_as_tensor(image, style, network, layers):
    distances = []
    for a, b in zip(network(image, layers).values(), network(style, layers).values(), strict=True):
        g, t = (torch.einsum("bchw,bdhw->bcd", x, x) / (x.shape[2] * x.shape[3]) for x in (a, b))
        distances.append(F.mse_loss(g, t) / t.pow(2).mean())
    return torch.stack(distances).mean()


def heldout_after_johnson(image, style, network, layers):
    def gram(x):
        vectors = x.flatten(2)
        return vectors @ vectors.mT / x[0].numel()

    with torch.no_grad():
        found, wanted = network.fast(image, layers), network.fast(style, layers)
    return np.mean([float((gram(found[n]) - gram(wanted[n])).norm() / gram(wanted[n]).norm()) ** 2 for n in layers])


def heldout_in_double(image, style, network, layers):
    return heldout_as_tensor(image.double(), style.double(), network, layers).item()


def front_in_loops(points):
    found = []
    for p in points:
        beaten = False
        for q in points:
            if all(b <= a for a, b in zip(p, q, strict=True)) and any(b < a for a, b in zip(p, q, strict=True)):
                beaten = True
        found.append(not beaten)
    return np.array(found)


def front_in_torch(points):
    p = torch.from_numpy(points)
    rival = (p.unsqueeze(1) <= p).all(-1) & (p.unsqueeze(1) != p).any(-1)
    return torch.logical_not(rival.any(0))


def front_as_list(points):
    rows = [tuple(map(float, point)) for point in points]
    return [not any(q != p and all(b <= a for a, b in zip(p, q, strict=True)) for q in rows) for p in rows]


def front_by_elimination(points):
    left = np.ones(len(points), dtype=bool)
    for k in np.argsort(points.sum(1)):
        if left[k]:
            worse = np.all(points >= points[k], axis=1) & np.any(points > points[k], axis=1)
            left[worse] = False
    return left


def ahead_in_loops(styles, contents, base_styles, base_contents):
    def read(x, y, at):
        points = sorted(zip(x.tolist(), y.tolist(), strict=True))
        for (a, p), (b, q) in itertools.pairwise(points):
            if a <= at * (1 + 1e-12) and at <= b * (1 + 1e-12):
                return p + (q - p) * math.log(at / a) / math.log(b / a)
        raise AssertionError

    low, high = max(min(styles), min(base_styles)), min(max(styles), max(base_styles))
    if low > high:
        return float("nan")
    levels = [low * (high / low) ** (k / 8) for k in range(9)]
    return sum(read(styles, contents, at) - read(base_styles, base_contents, at) for at in levels) / 9


def ahead_in_decades(styles, contents, base_styles, base_contents):
    x, u = np.log10(styles), np.log10(base_styles)
    low, high = max(x.min(), u.min()), min(x.max(), u.max())
    if high < low:
        return np.nan
    at = np.linspace(low, high, 9)
    mine = np.interp(at, np.sort(x), contents[np.argsort(x)])
    return (mine - np.interp(at, np.sort(u), base_contents[np.argsort(u)])).mean()


def ahead_in_torch(styles, contents, base_styles, base_contents):
    def curve(x, y):
        order = np.argsort(x)
        return torch.tensor(np.log(x[order])), torch.tensor(y[order])

    (x, y), (u, v) = curve(styles, contents), curve(base_styles, base_contents)
    low, high = torch.maximum(x[0], u[0]), torch.minimum(x[-1], u[-1])
    if low > high:
        return torch.tensor(float("nan"))
    at = low + (high - low) * torch.arange(9) / 8

    def read(a, b):
        k = torch.searchsorted(a, at).clamp(1, len(a) - 1)
        return b[k - 1] + (b[k] - b[k - 1]) * (at - a[k - 1]) / (a[k] - a[k - 1])

    return (read(x, y) - read(u, v)).mean()


def ahead_by_the_library(styles, contents, base_styles, base_contents):
    low, high = max(styles.min(), base_styles.min()), min(styles.max(), base_styles.max())
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    mine = [metrics.content_at_style(styles, contents, x) for x in at]
    return np.mean(np.array(mine) - [metrics.content_at_style(base_styles, base_contents, x) for x in at])


ANSWERS = {
    "ssim": (ssim_by_valid_windows, ssim_by_scikit_image, ssim_in_loops, ssim_in_three_factors),
    "edge_ssim": (edges_by_scikit_image, edges_image_by_image, edges_by_kernels, edges_with_smaller_constants),
    "gram_distance_heldout": (heldout_in_loops, heldout_as_tensor, heldout_after_johnson, heldout_in_double),
    "pareto_front": (front_in_loops, front_in_torch, front_as_list, front_by_elimination),
    "matched_style_difference": (ahead_in_loops, ahead_in_decades, ahead_in_torch, ahead_by_the_library),
}
