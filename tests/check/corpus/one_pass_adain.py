"""Answers to `adain`, written from its statement alone."""

import torch
from torch.nn import functional as F


def _stats(x):
    return x.mean((2, 3), keepdim=True), x.std((2, 3), correction=0, keepdim=True)


def right_as_written(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content - m) / d * e + n


def right_affine(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    gain = e / d
    return torch.addcmul(n - gain * m, content, gain)


def right_loops(content, style):
    result = torch.empty_like(content)
    for b in range(content.shape[0]):
        for c in range(content.shape[1]):
            f, s = content[b, c], style[b, c]
            spread = ((s - s.mean()) ** 2).mean().sqrt()
            result[b, c] = (f - f.mean()) / ((f - f.mean()) ** 2).mean().sqrt() * spread + s.mean()
    return result


def right_flat(content, style):
    f, s = content.flatten(2), style.flatten(2)
    variance, mean = torch.var_mean(f, 2, correction=0, keepdim=True)
    other, level = torch.var_mean(s, 2, correction=0, keepdim=True)
    return ((f - mean) * (other / variance).sqrt() + level).view(content.shape)


def right_in_double(content, style):
    f, s = content.double(), style.double()
    centered = f - f.mean((-2, -1), keepdim=True)
    norm = centered.flatten(2).norm(dim=2)[..., None, None] / (f.shape[2] * f.shape[3]) ** 0.5
    (n, e) = _stats(s)
    return (centered / norm * e + n).to(content.dtype)


def right_normalized_rows(content, style):
    rows = content.flatten(2) - content.flatten(2).mean(2, keepdim=True)
    others = style.flatten(2) - style.flatten(2).mean(2, keepdim=True)
    ratio = (content[0, 0].numel() / style[0, 0].numel()) ** 0.5
    moved = F.normalize(rows, dim=2) * others.norm(dim=2, keepdim=True) * ratio
    return moved.view_as(content) + style.mean((2, 3), keepdim=True)


def wrong_content(content, style):
    return content


def wrong_mean_only(content, style):
    return content - content.mean((2, 3), keepdim=True) + style.mean((2, 3), keepdim=True)


def wrong_mean_added(content, style):
    return content + style.mean((2, 3), keepdim=True)


def wrong_deviation_only(content, style):
    (m, d), (_, e) = _stats(content), _stats(style)
    return (content - m) / d * e + m


def wrong_zero_mean(content, style):
    (m, d), (_, e) = _stats(content), _stats(style)
    return (content - m) / d * e


def wrong_not_centered(content, style):
    (_, d), (n, e) = _stats(content), _stats(style)
    return content / d * e + n


def wrong_normalized_only(content, style):
    (m, d) = _stats(content)
    return (content - m) / d


def wrong_not_divided(content, style):
    (m, _), (n, e) = _stats(content), _stats(style)
    return (content - m) * e + n


def wrong_not_multiplied(content, style):
    (m, d), (n, _) = _stats(content), _stats(style)
    return (content - m) / d + n


def wrong_exchanged(content, style):
    (m, d), (n, e) = _stats(style), _stats(content)
    return (style - m) / d * e + n


def wrong_ratio_turned(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content - m) * d / e + n


def wrong_unbiased(content, style):
    d, e = (x.std((2, 3), keepdim=True) for x in (content, style))
    return (content - content.mean((2, 3), keepdim=True)) / d * e + style.mean((2, 3), keepdim=True)


def wrong_variances(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content - m) / d**2 * e**2 + n


def wrong_variance_divided(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content - m) / d**2 * e + n


def wrong_roots_of_deviations(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content - m) * (e / d).sqrt() + n


def wrong_over_channels(content, style):
    m, d = content.mean((1, 2, 3), keepdim=True), content.std((1, 2, 3), correction=0, keepdim=True)
    n, e = style.mean((1, 2, 3), keepdim=True), style.std((1, 2, 3), correction=0, keepdim=True)
    return (content - m) / d * e + n


def wrong_over_batch(content, style):
    m, d = content.mean((0, 2, 3), keepdim=True), content.std((0, 2, 3), correction=0, keepdim=True)
    n, e = style.mean((0, 2, 3), keepdim=True), style.std((0, 2, 3), correction=0, keepdim=True)
    return (content - m) / d * e + n


def wrong_rows(content, style):
    m, d = content.mean(3, keepdim=True), content.std(3, correction=0, keepdim=True) + 1e-5
    (n, e) = _stats(style)
    return (content - m) / d * e + n


def wrong_first_style_for_all(content, style):
    (m, d), (n, e) = _stats(content), _stats(style[:1])
    return (content - m) / d * e + n


def wrong_large_epsilon(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content - m) / (d + 0.1) * e + n


def wrong_halfway(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return (content + (content - m) / d * e + n) / 2


def wrong_rectified(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    return ((content - m) / d * e + n).relu()


def wrong_mean_absolute_deviation(content, style):
    m, n = content.mean((2, 3), keepdim=True), style.mean((2, 3), keepdim=True)
    d, e = (content - m).abs().mean((2, 3), keepdim=True), (style - n).abs().mean((2, 3), keepdim=True)
    return (content - m) / d * e + n


def wrong_min_max(content, style):
    low, high = content.amin((2, 3), keepdim=True), content.amax((2, 3), keepdim=True)
    down, up = style.amin((2, 3), keepdim=True), style.amax((2, 3), keepdim=True)
    return (content - low) / (high - low) * (up - down) + down


def wrong_in_place(content, style):
    (m, d), (n, e) = _stats(content), _stats(style)
    content -= m
    content /= d
    content *= e
    content += n
    return content
