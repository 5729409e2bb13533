import numpy as np
import torch
import torch.nn.functional as F


def _whole(target_bands):
    return sum(band.square().mean() for band in target_bands)


def right_plain(bands, target_bands, weights):
    whole = _whole(target_bands)
    terms = [w * (b - t).square().mean() / whole for b, t, w in zip(bands, target_bands, weights, strict=True)]
    return torch.stack(terms)


def right_stacked(bands, target_bands, weights):
    found, wanted = torch.stack(tuple(bands)), torch.stack(tuple(target_bands))
    errors = (found - wanted).pow(2).flatten(1).mean(1)
    return errors * torch.as_tensor(weights, dtype=errors.dtype) / wanted.pow(2).flatten(1).mean(1).sum()


def right_loop(bands, target_bands, weights):
    whole = 0
    for band in target_bands:
        whole = whole + (band**2).mean()
    out = bands[0].new_zeros(len(bands))
    for k in range(len(bands)):
        out[k] = weights[k] * F.mse_loss(bands[k], target_bands[k]) / whole
    return out


def right_sums(bands, target_bands, weights):
    scale = sum(band.pow(2).sum() for band in target_bands)
    return torch.stack(
        [((b - t) ** 2).sum() * w / scale for b, t, w in zip(bands, target_bands, weights, strict=False)]
    )


def right_einsum(bands, target_bands, weights):
    d = torch.stack(list(bands)) - torch.stack(list(target_bands))
    whole = torch.stack(list(target_bands))
    return torch.einsum("kbchw,kbchw->k", d, d) * d.new_tensor(list(weights)) / torch.sum(whole * whole)


def right_cat(bands, target_bands, weights):
    whole = _whole(target_bands)
    return torch.cat(
        [(w * F.mse_loss(b, t) / whole).reshape(1) for w, b, t in zip(weights, bands, target_bands, strict=True)]
    )


def right_generator(bands, target_bands, weights):
    whole = torch.stack([t.square().mean() for t in target_bands]).sum()
    return torch.stack(
        [(bands[k] - target_bands[k]).square().mean().mul(weights[k]).div(whole) for k in range(len(bands))]
    )


def wrong_bands_summed(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights) * _whole(target_bands) / sum(target_bands).square().mean()


def wrong_each_relative(bands, target_bands, weights):
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().mean() / (t.square().mean() + 1e-12) for b, t, w in pairs])


def wrong_not_relative(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights) * _whole(target_bands)


def wrong_no_weights(bands, target_bands, weights):
    return right_plain(bands, target_bands, [1] * len(weights))


def wrong_summed(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights).sum()


def wrong_list(bands, target_bands, weights):
    return [float(x) for x in right_plain(bands, target_bands, weights)]


def wrong_normalized_weights(bands, target_bands, weights):
    return right_plain(bands, target_bands, [w / (sum(weights) or 1) for w in weights])


def wrong_sums(bands, target_bands, weights):
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().sum() / _whole(target_bands) for b, t, w in pairs])


def wrong_by_found(bands, target_bands, weights):
    whole = _whole(bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().mean() / whole for b, t, w in pairs])


def wrong_mean_of_band_energies(bands, target_bands, weights):
    whole = sum(t.square().mean() for t in target_bands) / len(target_bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().mean() / whole for b, t, w in pairs])


def wrong_coarsest_scale(bands, target_bands, weights):
    whole = target_bands[-1].square().mean()
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().mean() / whole for b, t, w in pairs])


def wrong_absolute(bands, target_bands, weights):
    whole = sum(t.abs().mean() for t in target_bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).abs().mean() / whole for b, t, w in pairs])


def wrong_weights_squared(bands, target_bands, weights):
    return right_plain(bands, target_bands, [w * w for w in weights])


def wrong_weight_inside(bands, target_bands, weights):
    whole = _whole(target_bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([(w * b - t).square().mean() / whole for b, t, w in pairs])


def wrong_last_forgotten(bands, target_bands, weights):
    return right_plain(bands, target_bands, [*weights[:-1], 0])


def wrong_reversed(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights).flip(0)


def wrong_weights_reversed(bands, target_bands, weights):
    return right_plain(bands, target_bands, list(weights)[::-1])


def wrong_half(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights) / 2


def wrong_detached(bands, target_bands, weights):
    return torch.tensor([float(x) for x in right_plain(bands, target_bands, weights)], dtype=bands[0].dtype)


def wrong_numpy(bands, target_bands, weights):
    d = np.stack([(b - t).detach().numpy() for b, t in zip(bands, target_bands, strict=True)])
    whole = float(_whole(target_bands))
    return torch.from_numpy((d**2).mean((1, 2, 3, 4)) * np.array(weights) / whole).to(bands[0].dtype)


def wrong_first_image(bands, target_bands, weights):
    return right_plain([b[:1] for b in bands], [t[:1] for t in target_bands], weights)


def wrong_per_image(bands, target_bands, weights):
    whole = sum(t.square().mean((1, 2, 3)) for t in target_bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * ((b - t).square().mean((1, 2, 3)) / whole).mean() for b, t, w in pairs])


def wrong_three_bands(bands, target_bands, weights):
    terms = right_plain(bands, target_bands, weights)
    return torch.stack([terms[k] if k < 3 else terms[k] * 0 for k in range(len(bands))])


def wrong_cumulative(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights).cumsum(0)


def wrong_in_place(bands, target_bands, weights):
    whole = _whole(target_bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * t.sub_(b).square().mean() / whole for b, t, w in pairs])


def wrong_centered(bands, target_bands, weights):
    whole = sum(t.var(unbiased=False) for t in target_bands) + 1e-12
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().mean() / whole for b, t, w in pairs])


def wrong_root(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights).clamp(min=1e-20).sqrt()


def wrong_mean_scale(bands, target_bands, weights):
    whole = sum(t.mean() for t in target_bands).square()
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (b - t).square().mean() / whole for b, t, w in pairs])


def wrong_column(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights)[:, None]


def wrong_means_to_one(bands, target_bands, weights):
    terms = right_plain(bands, target_bands, weights)
    return terms / terms.detach().sum().clamp(min=1e-12)


def wrong_sum_of_k(bands, target_bands, weights):
    return right_plain(bands, target_bands, weights) / len(bands)


def wrong_zero_weight_skipped(bands, target_bands, weights):
    terms = right_plain(bands, target_bands, weights)
    return terms[torch.tensor([w != 0 for w in weights])]


def wrong_epsilon(bands, target_bands, weights):
    whole = _whole(target_bands)
    return right_plain(bands, target_bands, weights) * whole / (whole + 0.01)


def wrong_relative_image_by_image(bands, target_bands, weights):
    whole = sum((t**2).mean((1, 2, 3)) for t in target_bands)
    pairs = zip(bands, target_bands, weights, strict=True)
    return torch.stack([w * (((b - t) ** 2).mean((1, 2, 3)) / whole).mean() for b, t, w in pairs])
