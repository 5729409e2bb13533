import torch
import torch.nn.functional as F


def right_plain(features, target):
    return (features - target).square().sum() / 2


def right_mse(features, target):
    return 0.5 * F.mse_loss(features, target, reduction="sum")


def right_dot(features, target):
    d = (features - target).flatten()
    return torch.dot(d, d) * 0.5


def right_norm(features, target):
    return (
        torch.linalg.vector_norm(features - target).square() / 2 if (features != target).any() else 0 * features.sum()
    )


def right_channels(features, target):
    return sum(((f - t) ** 2).sum() for f, t in zip(features[0], target[0], strict=True)) / 2


def right_einsum(features, target):
    d = features - target
    return torch.einsum("bchw,bchw->", d, d) / 2


def right_double(features, target):
    return ((features.double() - target.double()) ** 2).sum().div(2).to(features.dtype)


def wrong_no_half(features, target):
    return (features - target).square().sum()


def wrong_quarter(features, target):
    return (features - target).square().sum() / 4


def wrong_half_mean(features, target):
    return (features - target).square().mean() / 2


def wrong_absolute(features, target):
    return (features - target).abs().sum() / 2


def wrong_root(features, target):
    return (features - target).square().sum().add(1e-12).sqrt() / 2


def wrong_sum_squared(features, target):
    return (features - target).sum().square() / 2


def wrong_difference_of_squares(features, target):
    return (features.square() - target.square()).sum() / 2


def wrong_added(features, target):
    return (features + target).square().sum() / 2


def wrong_detached(features, target):
    return right_plain(features.detach(), target)


def wrong_item(features, target):
    return right_plain(features, target).item()


def wrong_first_channel(features, target):
    return right_plain(features[:, :1], target[:, :1])


def wrong_last_row(features, target):
    return (
        right_plain(features[:, :, :-1], target[:, :, :-1]) if features.shape[2] > 1 else right_plain(features, target)
    )


def wrong_by_positions(features, target):
    return right_plain(features, target) / features[0, 0].numel()


def wrong_by_channels(features, target):
    return right_plain(features, target) / features.shape[1]


def wrong_map(features, target):
    return (features - target).square() / 2


def wrong_per_channel(features, target):
    return (features - target).square().sum((2, 3)) / 2


def wrong_negative(features, target):
    return -right_plain(features, target)


def wrong_positive_part(features, target):
    return (features - target).relu().square().sum() / 2


def wrong_active_only(features, target):
    return ((features - target) * (features > 0)).square().sum() / 2


def wrong_means(features, target):
    return (features.mean((2, 3)) - target.mean((2, 3))).square().sum() / 2


def wrong_target_in_place(features, target):
    return target.sub_(features).square().sum() / 2


def wrong_huber(features, target):
    return F.smooth_l1_loss(features, target, reduction="sum")


def wrong_shape_one(features, target):
    return right_plain(features, target)[None]


def wrong_512(features, target):
    return (features - target).square().sum() / 512


def wrong_epsilon(features, target):
    return right_plain(features, target) + 1e-2


def wrong_sorted(features, target):
    return right_plain(features.flatten().sort().values, target.flatten().sort().values)
