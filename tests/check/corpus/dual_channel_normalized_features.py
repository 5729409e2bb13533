import numpy as np
import torch
import torch.nn.functional as F


def right_plain(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.square().mean((2, 3), keepdim=True) + floor).sqrt()


def right_instance_norm(features, floor):
    b, c, *_ = features.shape
    flat = features.reshape(1, b * c, -1)
    left = flat - flat.mean(-1, keepdim=True)
    return (left * (left.pow(2).mean(-1, keepdim=True) + floor).rsqrt()).reshape(features.shape)


def right_var(features, floor):
    var = features.var((2, 3), unbiased=False, keepdim=True)
    return (features - features.mean((2, 3), keepdim=True)) / torch.sqrt(var + floor)


def right_loops(features, floor):
    rows = []
    for image in features:
        maps = []
        for one in image:
            left = one - one.mean()
            maps.append(left / ((left * left).mean() + floor) ** 0.5)
        rows.append(torch.stack(maps))
    return torch.stack(rows)


def right_layer_norm(features, floor):
    return F.layer_norm(features, features.shape[2:], eps=floor)


def right_einsum(features, floor):
    n = features.shape[2] * features.shape[3]
    left = features - torch.einsum("bchw->bc", features)[..., None, None] / n
    var = torch.einsum("bchw,bchw->bc", left, left)[..., None, None] / n
    return left / (var + floor).sqrt()


def right_double(features, floor):
    x = features.double()
    return ((x - x.mean((2, 3), True)) / (x.var((2, 3), correction=0, keepdim=True) + floor) ** 0.5).to(features.dtype)


def wrong_floor_outside(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.square().mean((2, 3), keepdim=True).sqrt() + floor)


def wrong_floor_squared(features, floor):
    return right_plain(features, floor**2)


def wrong_floor_max(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / left.square().mean((2, 3), keepdim=True).clamp(min=floor).sqrt()


def wrong_no_floor(features, floor):
    return right_plain(features, 1e-12)


def wrong_fixed_floor(features, floor):
    return right_plain(features, 1e-5)


def wrong_no_root(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.square().mean((2, 3), keepdim=True) + floor)


def wrong_no_mean(features, floor):
    return features / (features.square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_mean_kept(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return features / (left.square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_not_divided(features, floor):
    return features - features.mean((2, 3), keepdim=True)


def wrong_over_batch(features, floor):
    left = features - features.mean((0, 2, 3), keepdim=True)
    return left / (left.square().mean((0, 2, 3), keepdim=True) + floor).sqrt()


def wrong_over_channels(features, floor):
    left = features - features.mean((1, 2, 3), keepdim=True)
    return left / (left.square().mean((1, 2, 3), keepdim=True) + floor).sqrt()


def wrong_each_position(features, floor):
    left = features - features.mean(1, keepdim=True)
    return left / (left.square().mean(1, keepdim=True) + floor).sqrt()


def wrong_rows(features, floor):
    left = features - features.mean(3, keepdim=True)
    return left / (left.square().mean(3, keepdim=True) + floor).sqrt()


def wrong_everything(features, floor):
    left = features - features.mean()
    return left / (left.square().mean() + floor).sqrt()


def wrong_sum_of_squares(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.square().sum((2, 3), keepdim=True) + floor).sqrt()


def wrong_variance_of_raw(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (features.square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_common_variance(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.square().mean((1, 2, 3), keepdim=True) + floor).sqrt()


def wrong_min_max(features, floor):
    low = features.amin((2, 3), keepdim=True)
    return (features - low) / (features.amax((2, 3), keepdim=True) - low + floor)


def wrong_absolute_deviation(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.abs().mean((2, 3), keepdim=True) + floor)


def wrong_median(features, floor):
    left = features - features.flatten(2).median(-1).values[..., None, None]
    return left / (left.square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_in_place(features, floor):
    features -= features.mean((2, 3), keepdim=True)
    features /= (features.square().mean((2, 3), keepdim=True) + floor).sqrt()
    return features


def wrong_in_place_data(features, floor):
    features.data -= features.data.mean((2, 3), keepdim=True)
    return features / (features.square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_detached_scale(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.detach().square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_detached_mean(features, floor):
    left = features - features.mean((2, 3), keepdim=True).detach()
    return left / (left.square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_numpy(features, floor):
    x = features.detach().numpy()
    left = x - x.mean((2, 3), keepdims=True)
    return torch.from_numpy(left / np.sqrt((left**2).mean((2, 3), keepdims=True) + floor))


def wrong_rounding_cut(features, floor):
    var = features.square().mean((2, 3), keepdim=True) - features.mean((2, 3), keepdim=True) ** 2
    left = features - features.mean((2, 3), keepdim=True)
    return left / (var.clamp(min=1e-2) + floor).sqrt()


def wrong_dead_is_one(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    var = left.square().mean((2, 3), keepdim=True)
    return torch.where(var < 1e-9, torch.ones_like(left), left / (var + floor).sqrt())


def wrong_flattened(features, floor):
    return right_plain(features, floor).flatten(2)


def wrong_squeezed(features, floor):
    return right_plain(features, floor).squeeze()


def wrong_first_image(features, floor):
    return right_plain(features[:1], floor)


def wrong_first_image_statistics(features, floor):
    left = features - features[:1].mean((2, 3), keepdim=True)
    return left / (left[:1].square().mean((2, 3), keepdim=True) + floor).sqrt()


def wrong_clamped(features, floor):
    return right_plain(features, floor).clamp(-2, 2)


def wrong_twice(features, floor):
    return right_plain(right_plain(features, floor), floor)


def wrong_root_of_floor(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / (left.square().mean((2, 3), keepdim=True).sqrt() + floor**0.5)


def wrong_sum_under_the_root(features, floor):
    left = features - features.mean((2, 3), keepdim=True)
    return left / ((left**2).sum((2, 3), keepdim=True) + floor).sqrt()


def wrong_row_by_row(features, floor):
    left = features - features.mean(3, keepdim=True)
    return left / ((left**2).mean(3, keepdim=True) + floor).sqrt()
