"""Answers to `sliced_wasserstein`, written from its statement alone."""

import torch


def right_einsum(x, y, directions):
    a, b = (torch.einsum("bcp,kc->bkp", z.flatten(2), directions).sort(dim=-1)[0] for z in (x, y))
    return ((a - b) ** 2).mean(dim=(1, 2))


def right_loops(x, y, directions):
    totals = []
    for one, two in zip(x, y, strict=True):
        total = 0
        for direction in directions:
            a = (direction[:, None, None] * one).sum(0).flatten().sort().values
            b = (direction[:, None, None] * two).sum(0).flatten().sort().values
            total = total + (a - b).square().mean()
        totals.append(total / len(directions))
    return torch.stack(totals)


def right_convolution(x, y, directions):
    weight = directions[:, :, None, None]
    a, b = (torch.nn.functional.conv2d(z, weight).flatten(2) for z in (x, y))
    return (torch.sort(a, 2).values - torch.sort(b, 2).values).pow(2).flatten(1).mean(1)


def right_argsort(x, y, directions):
    def sorted_projections(z):
        projected = z.flatten(2).mT @ directions.T  # (B, positions, K)
        return projected.gather(1, projected.argsort(1))

    return (sorted_projections(x) - sorted_projections(y)).square().mean((1, 2))


def right_in_float64(x, y, directions):
    a, b = (torch.matmul(directions.double(), z.double().flatten(2)) for z in (x, y))
    a, b = a.sort(descending=True).values, b.sort(descending=True).values
    return ((a - b).square().sum((1, 2)) / a[0].numel()).to(x.dtype)


class right_callable:
    def __call__(self, x, y, directions):
        self.directions = directions
        return torch.stack([self.distance(one, two) for one, two in zip(x, y, strict=True)])

    def distance(self, one, two):
        a, b = ((self.directions @ z.flatten(1)).topk(z[0].numel(), dim=1).values for z in (one, two))
        return torch.nn.functional.mse_loss(a, b)


def _sorted(z, directions):
    return (directions @ z.flatten(2)).sort(2).values


def _squares(x, y, directions):
    return (_sorted(x, directions) - _sorted(y, directions)).square()


def wrong_not_sorted(x, y, directions):
    return (directions @ (x - y).flatten(2)).square().mean((1, 2))


def wrong_sorted_over_directions(x, y, directions):
    a, b = ((directions @ z.flatten(2)).sort(1).values for z in (x, y))
    return (a - b).square().mean((1, 2))


def wrong_one_sorted(x, y, directions):
    return (_sorted(x, directions) - directions @ y.flatten(2)).square().mean((1, 2))


def wrong_opposite_orders(x, y, directions):
    return (_sorted(x, directions) - _sorted(y, directions).flip(2)).square().mean((1, 2))


def wrong_sum(x, y, directions):
    return _squares(x, y, directions).sum((1, 2))


def wrong_sum_over_positions(x, y, directions):
    return _squares(x, y, directions).sum(2).mean(1)


def wrong_sum_over_directions(x, y, directions):
    return _squares(x, y, directions).mean(2).sum(1)


def wrong_absolute(x, y, directions):
    return (_sorted(x, directions) - _sorted(y, directions)).abs().mean((1, 2))


def wrong_root(x, y, directions):
    return (_squares(x, y, directions).mean((1, 2)) + 1e-12).sqrt()


def wrong_root_of_each_direction(x, y, directions):
    return (_squares(x, y, directions).mean(2) + 1e-12).sqrt().mean(1)


def wrong_over_the_batch(x, y, directions):
    return _squares(x, y, directions).mean()


def wrong_over_the_batch_repeated(x, y, directions):
    return _squares(x, y, directions).mean().expand(len(x))


def wrong_for_each_direction(x, y, directions):
    return _squares(x, y, directions).mean(2)


def wrong_largest_direction(x, y, directions):
    return _squares(x, y, directions).mean(2).amax(1)


def wrong_first_direction(x, y, directions):
    return _squares(x, y, directions[:1]).mean((1, 2))


def wrong_last_direction_forgotten(x, y, directions):
    return _squares(x, y, directions[:-1] if len(directions) > 1 else directions).mean((1, 2))


def wrong_first_image_for_all(x, y, directions):
    return _squares(x[:1], y[:1], directions).mean((1, 2)).expand(len(x))


def wrong_to_the_first_image(x, y, directions):
    return _squares(x, y[:1], directions).mean((1, 2))


def wrong_own_directions(x, y, directions):
    own = torch.nn.functional.normalize(torch.randn(len(directions), x.shape[1], dtype=x.dtype), dim=1)
    return _squares(x, y, own).mean((1, 2))


def wrong_channels_as_directions(x, y, directions):
    return _squares(x, y, torch.eye(x.shape[1], dtype=x.dtype)).mean((1, 2))


def wrong_centered(x, y, directions):
    x, y = (z - z.mean((2, 3), keepdim=True) for z in (x, y))
    return _squares(x, y, directions).mean((1, 2))


def wrong_sorted_before(x, y, directions):
    a, b = (directions @ z.flatten(2).sort(2).values for z in (x, y))
    return (a - b).square().mean((1, 2))


def wrong_directions_viewed(x, y, directions):
    turned = directions.T.reshape(directions.shape)
    return _squares(x, y, turned).mean((1, 2))


def wrong_detached(x, y, directions):
    return _squares(x.detach(), y.detach(), directions).mean((1, 2))


def wrong_y_detached(x, y, directions):
    return _squares(x, y.detach(), directions).mean((1, 2))


def wrong_halved(x, y, directions):
    return _squares(x, y, directions).mean((1, 2)) / 2


def wrong_by_channels(x, y, directions):
    return _squares(x, y, directions).mean((1, 2)) / x.shape[1]


def wrong_square_only(x, y, directions):
    side = min(x.shape[2:])
    return _squares(x[..., :side, :side], y[..., :side, :side], directions).mean((1, 2))


def wrong_means_only(x, y, directions):
    return (_sorted(x, directions).mean(2) - _sorted(y, directions).mean(2)).square().mean(1)


def wrong_extremes_forgotten(x, y, directions):
    squares = _squares(x, y, directions)
    return squares[..., 1:-1].sum((1, 2)) / squares[0].numel()


def wrong_viewed(x, y, directions):
    a, b = (directions @ z.permute(0, 2, 3, 1).reshape(len(z), z.shape[1], -1) for z in (x, y))
    return (a.sort(2).values - b.sort(2).values).square().mean((1, 2))


def wrong_sorted_in_place(x, y, directions):
    x.data.copy_(x.data.flatten(2).sort(2).values.view_as(x))
    return _squares(x, y, directions).mean((1, 2))


def wrong_median(x, y, directions):
    return _squares(x, y, directions).flatten(1).median(1).values
