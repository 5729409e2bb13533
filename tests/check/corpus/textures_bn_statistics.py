"""Answers to `bn_statistics`, written from its statement alone."""

import torch


def right_var(features):
    return features.mean(dim=(2, 3)), features.var(dim=(2, 3), unbiased=False).sqrt()


def right_flat(features):
    flat = features.flatten(2)
    mean = flat.sum(2) / flat.shape[2]
    return mean, ((flat - mean[..., None]) ** 2).mean(2) ** 0.5


def right_loops(features):
    means, deviations = [], []
    for one in features:
        means.append(torch.stack([channel.mean() for channel in one]))
        deviations.append(torch.stack([(channel - channel.mean()).square().mean().sqrt() for channel in one]))
    return torch.stack(means), torch.stack(deviations)


def right_std_mean(features):
    deviation, mean = torch.std_mean(features, dim=(-2, -1), correction=0)
    return mean, deviation


def right_in_float64(features):
    x = features.double()
    mean = torch.einsum("bchw->bc", x) / x[0, 0].numel()
    away = x - mean[:, :, None, None]
    return mean.to(features.dtype), (away.flatten(2).norm(dim=2) / x[0, 0].numel() ** 0.5).to(features.dtype)


def _pair(x, axes=(2, 3), correction=0, keepdim=False):
    return x.mean(axes, keepdim=keepdim), x.std(axes, correction=correction, keepdim=keepdim)


def wrong_one_less(features):
    return _pair(features, correction=1)


def wrong_variance(features):
    return features.mean((2, 3)), features.var((2, 3), correction=0)


def wrong_exchanged(features):
    return _pair(features)[::-1]


def wrong_over_the_batch(features):
    return _pair(features, (0, 2, 3))


def wrong_over_the_batch_expanded(features):
    return tuple(x.expand(features.shape[:2]) for x in _pair(features, (0, 2, 3)))


def wrong_over_channels(features):
    return _pair(features, (1, 2, 3))


def wrong_axes_kept(features):
    return _pair(features, keepdim=True)


def wrong_rows_only(features):
    return features.mean(2), features.std(2, correction=0)


def wrong_channels(features):
    return features.mean(1), features.std(1, correction=0)


def wrong_mean_only(features):
    return features.mean((2, 3))


def wrong_squared_mean(features):
    return features.mean((2, 3)), features.square().mean((2, 3)).sqrt()


def wrong_square_mean(features):
    return features.mean((2, 3)), features.square().mean((2, 3))


def wrong_absolute_deviation(features):
    mean = features.mean((2, 3), keepdim=True)
    return mean[..., 0, 0], (features - mean).abs().mean((2, 3))


def wrong_small_number_inside(features):
    return features.mean((2, 3)), (features.var((2, 3), correction=0) + 1e-2).sqrt()


def wrong_small_number_added(features):
    return features.mean((2, 3)), features.std((2, 3), correction=0) + 1e-2


def wrong_sum(features):
    return features.sum((2, 3)), features.std((2, 3), correction=0)


def wrong_away_from_the_batch_mean(features):
    mean = features.mean((0, 2, 3), keepdim=True)
    return features.mean((2, 3)), (features - mean).square().mean((2, 3)).sqrt()


def wrong_stacked(features):
    return torch.stack(_pair(features))[None]


def wrong_dictionary(features):
    mean, deviation = _pair(features)
    return {"mean": mean, "std": deviation}


def wrong_detached(features):
    return _pair(features.detach())


def wrong_deviation_detached(features):
    mean, deviation = _pair(features)
    return mean, deviation.detach()


def wrong_mean_detached(features):
    mean, deviation = _pair(features)
    return mean.detach(), deviation


def wrong_centered_on_a_detached_mean_of_half(features):
    mean, deviation = _pair(features)
    return mean / 2, deviation


def wrong_median(features):
    return features.flatten(2).median(2).values, features.std((2, 3), correction=0)


def wrong_square_only(features):
    side = min(features.shape[2:])
    return _pair(features[..., :side, :side])


def wrong_first_image(features):
    return _pair(features[:1])


def wrong_first_image_for_all(features):
    return tuple(x.expand(features.shape[:2]) for x in _pair(features[:1]))


def wrong_squeezed(features):
    mean, deviation = _pair(features)
    return mean.squeeze(), deviation.squeeze()


def wrong_centered_in_place(features):
    mean = features.mean((2, 3))
    features.data -= mean.detach()[:, :, None, None]
    return mean, features.square().mean((2, 3)).sqrt()


def wrong_by_rows_of_deviations(features):
    return features.mean((2, 3)), features.std(3, correction=0).mean(2)


def wrong_by_the_height(features):
    mean = features.mean((2, 3), keepdim=True)
    return mean[..., 0, 0], ((features - mean).square().sum((2, 3)) / features.shape[2] ** 2).sqrt()


_running = {}


def wrong_running(features):
    mean, deviation = _pair(features)
    key = features.shape, features.dtype
    old = _running.setdefault(key, mean.detach())
    _running[key] = (0.9 * old + 0.1 * mean.detach()) + 0.01
    return 0.9 * old + 0.1 * mean, deviation
