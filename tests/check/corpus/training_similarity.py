"""Answers to `similarity`, written from its statement alone."""

import numpy as np
import torch


def _centered(x):
    flat = x.flatten(1)
    return flat - flat.mean(0, keepdim=True)


def right_features(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())


def right_loops(x, y):
    a, b = _centered(x), _centered(y)
    xy = xx = yy = 0.0
    for i in range(len(a)):
        for j in range(len(a)):
            one, two = torch.dot(a[i], a[j]), torch.dot(b[i], b[j])
            xy, xx, yy = xy + one * two, xx + one * one, yy + two * two
    return xy / (xx * yy) ** 0.5


def right_centering_matrix(x, y):
    count = len(x)
    center = torch.eye(count, dtype=x.dtype) - 1 / count
    k, m = (center @ z.flatten(1) @ z.flatten(1).T @ center for z in (x, y))
    return torch.trace(k @ m) / torch.sqrt(torch.trace(k @ k) * torch.trace(m @ m))


def right_einsum_in_float64(x, y):
    a, b = _centered(x.double()), _centered(y.double())
    ab, aa, bb = (torch.einsum("ni,nj->ij", p, q).pow(2).sum() for p, q in ((a, b), (a, a), (b, b)))
    return (ab / (aa * bb).sqrt()).to(x.dtype)


def right_cosine_of_tables(x, y):
    k, m = (_centered(z) @ _centered(z).T for z in (x, y))
    return torch.nn.functional.cosine_similarity(k.flatten(), m.flatten(), dim=0, eps=0)


def right_centered_tables(x, y):
    tables = []
    for z in (x, y):
        k = z.reshape(len(z), -1) @ z.reshape(len(z), -1).T
        tables.append(k - k.mean(0, keepdim=True) - k.mean(1, keepdim=True) + k.mean())
    k, m = tables
    return torch.sum(k * m) / (torch.linalg.matrix_norm(k) * torch.linalg.matrix_norm(m))


def _aligned(a, b):
    return (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())


def wrong_not_centered(x, y):
    return _aligned(x.flatten(1), y.flatten(1))


def wrong_one_centered(x, y):
    return _aligned(_centered(x), y.flatten(1))


def wrong_each_example_centered(x, y):
    x, y = x.flatten(1), y.flatten(1)
    return _aligned(x - x.mean(1, keepdim=True), y - y.mean(1, keepdim=True))


def wrong_centered_by_one_number(x, y):
    return _aligned((x - x.mean()).flatten(1), (y - y.mean()).flatten(1))


def wrong_square_root(x, y):
    return _aligned(_centered(x), _centered(y)).sqrt()


def wrong_squared(x, y):
    return _aligned(_centered(x), _centered(y)).square()


def wrong_distance(x, y):
    return 1 - _aligned(_centered(x), _centered(y))


def wrong_not_squared(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).norm() / ((a.T @ a).norm() * (b.T @ b).norm())


def wrong_norms_of_activations(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum() / (a.norm() * b.norm())


def wrong_norms_of_activations_squared(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum() / (a.norm() * b.norm()) ** 2


def wrong_not_normalized(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum()


def wrong_by_the_first_only(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum() / (a.T @ a).square().sum()


def wrong_by_the_mean_of_norms(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum() / (((a.T @ a).square().sum() + (b.T @ b).square().sum()) / 2)


def wrong_correlation_of_numbers(x, y):
    a, b = _centered(x).flatten(), _centered(y).flatten()
    count = min(len(a), len(b))
    return (a[:count] @ b[:count]) / (a.norm() * b.norm())


def wrong_channel_means(x, y):
    x, y = (z.flatten(2).mean(2) if z.ndim > 2 else z for z in (x, y))
    return _aligned(_centered(x), _centered(y))


def wrong_examples_last(x, y):
    a, b = (z.movedim(0, -1).reshape(len(z), -1) for z in (x, y))
    return _aligned(_centered(a), _centered(b))


def wrong_last_example_forgotten(x, y):
    return _aligned(_centered(x[:-1]), _centered(y[:-1]))


def wrong_one_reversed(x, y):
    return _aligned(_centered(x), _centered(y.flip(0)))


def wrong_standardized(x, y):
    a, b = (_centered(z) / _centered(z).std(0).clamp(min=1e-9) for z in (x, y))
    return _aligned(a, b)


def wrong_number(x, y):
    return round(float(_aligned(_centered(x), _centered(y))), 2)


def wrong_matrix(x, y):
    a, b = _centered(x), _centered(y)
    return (a @ a.T) * (b @ b.T) / ((a @ a.T).norm() * (b @ b.T).norm())


def wrong_one_axis_kept(x, y):
    return _aligned(_centered(x), _centered(y))[None]


def wrong_with_itself(x, y):
    return _aligned(_centered(x), _centered(x))


def wrong_in_place(x, y):
    x -= x.mean(0)
    y -= y.mean(0)
    return _aligned(x.flatten(1), y.flatten(1))


def wrong_cosines_of_examples(x, y):
    a, b = _centered(x), _centered(y)
    width = min(a.shape[1], b.shape[1])
    return torch.nn.functional.cosine_similarity(a[:, :width], b[:, :width], dim=1).mean()


def wrong_added_for_safety(x, y):
    a, b = _centered(x), _centered(y)
    return (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm() + 1)


def wrong_diagonal_forgotten(x, y):
    k, m = ((_centered(z) @ _centered(z).T).fill_diagonal_(0) for z in (x, y))
    return (k * m).sum() / (k.norm() * m.norm())


def wrong_numpy_median(x, y):
    a, b = (z.flatten(1) - z.flatten(1).median(0).values for z in (x, y))
    return _aligned(a, b)


def wrong_rounded_up(x, y):
    value = _aligned(_centered(x), _centered(y))
    return torch.tensor(float(np.ceil(value.detach().numpy() * 10) / 10))
