import numpy as np
import torch


def right_mask(features, target):
    return (features - target) * (features > 0)


def right_where(features, target):
    return torch.where(features > 0, features - target, 0.0)


def right_index(features, target):
    out = torch.zeros_like(features)
    on = features > 0
    out[on] = features[on] - target[on]
    return out


def right_autograd(features, target):
    before = torch.where(features > 0, features, -torch.ones_like(features)).requires_grad_(True)
    ((before.relu() - target) ** 2).sum().div(2).backward()
    return before.grad


def right_sign(features, target):
    return features.sign() * (features - target)


def right_numpy(features, target):
    f, t = features.numpy(), target.numpy()
    return torch.from_numpy(np.where(f > 0, f - t, 0).astype(f.dtype))


def right_fill(features, target):
    return (features - target).masked_fill(features <= 0, 0)


def wrong_no_mask(features, target):
    return features - target


def wrong_sign(features, target):
    return (target - features) * (features > 0)


def wrong_doubled(features, target):
    return 2 * right_mask(features, target)


def wrong_half(features, target):
    return right_mask(features, target) / 2


def wrong_mean(features, target):
    return right_mask(features, target) / features.numel()


def wrong_target_mask(features, target):
    return (features - target) * (target > 0)


def wrong_both_masks(features, target):
    return (features - target) * (features > 0) * (target > 0)


def wrong_either_mask(features, target):
    return (features - target) * ((features > 0) | (target > 0)) * 1.0


def wrong_relu(features, target):
    return (features - target).relu()


def wrong_negative_part(features, target):
    return (features - target).clamp(max=0)


def wrong_inverted(features, target):
    return (features - target) * (features <= 0)


def wrong_times(features, target):
    return (features - target) * features


def wrong_not_below(features, target):
    return (features - target) * (features >= 0)


def wrong_threshold(features, target):
    return (features - target) * (features > 0.1)


def wrong_minus_target(features, target):
    return torch.where(features > 0, features - target, -target)


def wrong_absolute(features, target):
    return right_mask(features, target).abs()


def wrong_signs(features, target):
    return right_mask(features, target).sign()


def wrong_squared(features, target):
    return right_mask(features, target).square()


def wrong_scalar(features, target):
    return right_mask(features, target).sum()


def wrong_first_image(features, target):
    return right_mask(features[:1], target[:1])


def wrong_first_image_only(features, target):
    out = right_mask(features, target).clone()
    out[1:] = 0
    return out


def wrong_in_place(features, target):
    mask = features > 0
    features -= target
    return features * mask


def wrong_target_in_place(features, target):
    return target.neg_().add_(features) * (features > 0)


def wrong_flat(features, target):
    return right_mask(features, target).flatten()


def wrong_values_only(features, target):
    return (features - target)[features > 0]


def wrong_channel_mask(features, target):
    return (features - target) * (features.mean((2, 3), keepdim=True) > 0)


def wrong_batch_mean(features, target):
    return right_mask(features, target) / features.shape[0]


def wrong_boolean(features, target):
    return features > target
