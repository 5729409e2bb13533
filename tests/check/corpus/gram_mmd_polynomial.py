"""Answers to `mmd_polynomial`, written from its statement alone."""

import torch


def _kernel(a, b, power=2):
    return torch.einsum("cp,cq->pq", a[0].flatten(1), b[0].flatten(1)) ** power


def right_kernels(x, y):
    return (_kernel(x, x).mean() + _kernel(y, y).mean() - 2 * _kernel(x, y).mean()).reshape(1)


def right_gram_distance(x, y):
    def gram(z):
        return torch.einsum("bihw,bjhw->bij", z, z) / z[0, 0].numel()

    return (gram(x) - gram(y)).square().sum((1, 2))


def right_loops(x, y):
    def mean(a, b):
        a, b = a[0].flatten(1).T, b[0].flatten(1).T
        return sum((p @ q) ** 2 for p in a for q in b) / (len(a) * len(b))

    return (mean(x, x) + mean(y, y) - 2 * mean(x, y))[None]


def right_joined(x, y):
    m = x[0, 0].numel()
    z = torch.cat([x.flatten(2), y.flatten(2)], 2)[0]
    n = z.shape[1] - m
    weights = torch.cat([z.new_full((m,), 1 / m), z.new_full((n,), -1 / n)])
    return (weights @ (z.T @ z).square() @ weights).unsqueeze(0)


def right_in_float64(x, y):
    a, b = (z.double().flatten(2).mT for z in (x, y))
    total = torch.zeros(len(x), dtype=torch.float64)
    for one, two, sign in ((a, a, 1), (b, b, 1), (a, b, -2)):
        total = total + sign * torch.matmul(one, two.mT).pow(2).mean(dim=(-1, -2))
    return total.to(x.dtype)


def wrong_cross_once(x, y):
    return (_kernel(x, x).mean() + _kernel(y, y).mean() - _kernel(x, y).mean()).reshape(1)


def wrong_cross_added(x, y):
    return (_kernel(x, x).mean() + _kernel(y, y).mean() + 2 * _kernel(x, y).mean()).reshape(1)


def wrong_cross_only(x, y):
    return _kernel(x, y).mean().reshape(1)


def wrong_turned(x, y):
    return -right_kernels(x, y)


def wrong_without_itself(x, y):
    def mean(z):
        table = _kernel(z, z)
        count = len(table)
        return (table.sum() - table.diagonal().sum()) / max(count * (count - 1), 1)

    return (mean(x) + mean(y) - 2 * _kernel(x, y).mean()).reshape(1)


def wrong_linear(x, y):
    k = 1
    return (_kernel(x, x, k).mean() + _kernel(y, y, k).mean() - 2 * _kernel(x, y, k).mean()).reshape(1)


def wrong_cubic(x, y):
    k = 3
    return (_kernel(x, x, k).mean() + _kernel(y, y, k).mean() - 2 * _kernel(x, y, k).mean()).reshape(1)


def wrong_with_a_constant(x, y):
    def kernel(a, b):
        return (torch.einsum("cp,cq->pq", a[0].flatten(1), b[0].flatten(1)) + 1) ** 2

    return (kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean()).reshape(1)


def wrong_root(x, y):
    return (right_kernels(x, y).abs() + 1e-12).sqrt()


def wrong_sums(x, y):
    return (_kernel(x, x).sum() + _kernel(y, y).sum() - 2 * _kernel(x, y).sum()).reshape(1)


def wrong_mean_of_the_gram_distance(x, y):
    return right_gram_distance(x, y) / x.shape[1] ** 2


def wrong_by_channels(x, y):
    return right_kernels(x, y) / x.shape[1]


def wrong_quarter(x, y):
    return right_kernels(x, y) / 4


def wrong_mean_before_the_square(x, y):
    def mean(a, b):
        return _kernel(a, b, 1).mean() ** 2

    return (mean(x, x) + mean(y, y) - 2 * mean(x, y)).reshape(1)


def wrong_same_positions_only(x, y):
    a, b = x[0].flatten(1), y[0].flatten(1)
    count = min(a.shape[1], b.shape[1])
    a, b = a[:, :count], b[:, :count]
    means = [((p * q).sum(0) ** 2).mean() for p, q in ((a, a), (b, b), (a, b))]
    return (means[0] + means[1] - 2 * means[2]).reshape(1)


def wrong_sizes_of_x(x, y):
    m = x[0, 0].numel()
    return ((_kernel(x, x).sum() + _kernel(y, y).sum() - 2 * _kernel(x, y).sum()) / m**2).reshape(1)


def wrong_channels_for_positions(x, y):
    a, b = x[0].flatten(1).T, y[0].flatten(1).T
    count = min(len(a), len(b))
    a, b = a[:count], b[:count]
    return ((a.T @ a).square().mean() + (b.T @ b).square().mean() - 2 * (a.T @ b).square().mean()).reshape(1)


def wrong_scalar(x, y):
    return right_kernels(x, y)[0]


def wrong_number(x, y):
    return [[right_kernels(x, y).item()]]


def wrong_centered(x, y):
    x, y = (z - z.mean((2, 3), keepdim=True) for z in (x, y))
    return right_kernels(x, y)


def wrong_normalized(x, y):
    x, y = (torch.nn.functional.normalize(z, dim=1) for z in (x, y))
    return right_kernels(x, y)


def wrong_gaussian(x, y):
    def kernel(a, b):
        return torch.exp(-(torch.cdist(a[0].flatten(1).T, b[0].flatten(1).T) ** 2) / 2)

    return (kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean()).reshape(1)


def wrong_y_detached(x, y):
    return right_kernels(x, y.detach())


def wrong_detached(x, y):
    return right_kernels(x.detach(), y.detach())


def wrong_clamped_away(x, y):
    return right_kernels(x, y).clamp(max=1)


def wrong_absolute_products(x, y):
    def kernel(a, b):
        return torch.einsum("cp,cq->pq", a[0].flatten(1), b[0].flatten(1)).abs()

    return (kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean()).reshape(1)


def wrong_square_maps_only(x, y):
    side = min(*x.shape[2:], *y.shape[2:])
    return right_kernels(x[..., :side, :side], y[..., :side, :side])


def wrong_first_position_of_y(x, y):
    return right_kernels(x, y[..., :1, :1])


def wrong_means_scaled_in_place(x, y):
    x.data /= x[0, 0].numel() ** 0.5
    y.data /= y[0, 0].numel() ** 0.5
    return right_kernels(x, y)


def wrong_rectified(x, y):
    return right_kernels(x.relu(), y.relu())


def wrong_mean_over_all_axes(x, y):
    x, y = x.flatten(2), y.flatten(2)
    return (x.mT @ x).pow(2).mean() + (y.mT @ y).pow(2).mean() - (x.mT @ y).pow(2).mean()


def wrong_products_averaged_over_channels(x, y):
    x, y = x.flatten(2), y.flatten(2)

    def k(a, b):
        return ((a.mT @ b) / a.shape[1]).square().mean((1, 2))

    return k(x, x) + k(y, y) - 2 * k(x, y)


def wrong_positions_of_x_for_all(x, y):
    x, y = x.reshape(x.shape[1], -1), y.reshape(y.shape[1], -1)
    n = x.shape[1]
    return ((x.T @ x) ** 2).sum() / n**2 + ((y.T @ y) ** 2).sum() / n**2 - 2 * ((x.T @ y) ** 2).sum() / n**2
