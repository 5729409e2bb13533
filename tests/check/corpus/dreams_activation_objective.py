import numpy as np
import torch


def right_plain(features, channel, position):
    if channel is None:
        return features.square().mean() / 2
    if position is None:
        return features[:, channel].mean()
    row, column = position
    return features[:, channel, row, column].mean()


def right_einsum(features, channel, position):
    if channel is None:
        return 0.5 * torch.einsum("bchw,bchw->", features, features) / features.numel()
    chosen = features[:, channel : channel + 1]
    if position is not None:
        chosen = chosen[:, :, position[0] : position[0] + 1, position[1] : position[1] + 1]
    return chosen.mean()


def right_match(features, channel, position):
    match channel, position:
        case None, _:
            return torch.mean(features**2) * 0.5
        case _, None:
            return features.select(1, channel).mean()
        case _, (row, column):
            return features.select(1, channel).select(1, row).select(1, column).mean()


def right_loop(features, channel, position):
    total = 0
    for image in features:
        if channel is None:
            total = total + (image * image).mean() / 2
        elif position is None:
            total = total + image[channel].mean()
        else:
            total = total + image[channel][position[0]][position[1]]
    return total / len(features)


def right_mask(features, channel, position):
    if channel is None:
        return features.pow(2).mean().div(2)
    mask = torch.zeros_like(features)
    if position is None:
        mask[:, channel] = 1
    else:
        mask[:, channel, position[0], position[1]] = 1
    return (features * mask).sum() / mask.sum()


def right_double(features, channel, position):
    return right_plain(features.double(), channel, position).to(features.dtype)


def wrong_zero_channel(features, channel, position):
    if not channel:
        return features.square().mean() / 2
    return right_plain(features, channel, position)


def wrong_zero_position(features, channel, position):
    if channel is not None and (not position or not any(position)):
        return features[:, channel].mean()
    return right_plain(features, channel, position)


def wrong_no_half(features, channel, position):
    return features.square().mean() if channel is None else right_plain(features, channel, position)


def wrong_norm(features, channel, position):
    return features.norm() / 2 if channel is None else right_plain(features, channel, position)


def wrong_mean_of_all(features, channel, position):
    return features.mean() / 2 if channel is None else right_plain(features, channel, position)


def wrong_square_of_mean(features, channel, position):
    return features.mean().square() / 2 if channel is None else right_plain(features, channel, position)


def wrong_channel_sum(features, channel, position):
    if channel is not None and position is None:
        return features[:, channel].sum()
    return right_plain(features, channel, position)


def wrong_channel_squares(features, channel, position):
    if channel is not None and position is None:
        return features[:, channel].square().mean() / 2
    return right_plain(features, channel, position)


def wrong_unit_square(features, channel, position):
    value = right_plain(features, channel, position)
    return value**2 if channel is not None and position is not None else value


def wrong_swapped_position(features, channel, position):
    if channel is not None and position is not None:
        row, column = position[1] % features.shape[2], position[0] % features.shape[3]
        return features[:, channel, row, column].mean()
    return right_plain(features, channel, position)


def wrong_first_image(features, channel, position):
    return right_plain(features[:1], channel, position)


def wrong_batch_summed(features, channel, position):
    return right_plain(features, channel, position) * features.shape[0]


def wrong_unit_summed(features, channel, position):
    if channel is not None and position is not None:
        return features[:, channel, position[0], position[1]].sum()
    return right_plain(features, channel, position)


def wrong_per_image(features, channel, position):
    if channel is not None and position is not None:
        return features[:, channel, position[0], position[1]]
    return right_plain(features, channel, position)


def wrong_negative(features, channel, position):
    return -right_plain(features, channel, position)


def wrong_rectified(features, channel, position):
    return right_plain(features.relu(), channel, position)


def wrong_item(features, channel, position):
    return right_plain(features, channel, position).item()


def wrong_detached(features, channel, position):
    return right_plain(features, channel, position).detach()


def wrong_batch_axis(features, channel, position):
    if channel is not None and position is None:
        return features[channel % features.shape[0]].mean()
    return right_plain(features, channel, position)


def wrong_maximum(features, channel, position):
    if channel is not None and position is None:
        return features[:, channel].max()
    return right_plain(features, channel, position)


def wrong_center(features, channel, position):
    if channel is not None and position is not None:
        return features[:, channel, features.shape[2] // 2, features.shape[3] // 2].mean()
    return right_plain(features, channel, position)


def wrong_position_ignored(features, channel, position):
    return right_plain(features, channel, None)


def wrong_one_based(features, channel, position):
    return right_plain(features, None if channel is None else channel - 1, position)


def wrong_absolute(features, channel, position):
    return right_plain(features, channel, position).abs()


def wrong_channel_share(features, channel, position):
    if channel is not None and position is None:
        return features[:, channel].sum() / features.numel()
    return right_plain(features, channel, position)


def wrong_row_of_unit(features, channel, position):
    if channel is not None and position is not None:
        return features[:, channel, position[0]].mean()
    return right_plain(features, channel, position)


def wrong_one_element(features, channel, position):
    return right_plain(features, channel, position).reshape(1)


def wrong_numpy(features, channel, position):
    return torch.tensor(np.float32(right_plain(features, channel, position).item()), dtype=features.dtype)


def wrong_in_place(features, channel, position):
    with torch.no_grad():
        features.clamp_(min=0)
    return right_plain(features, channel, position)


def wrong_flat_index(features, channel, position):
    if channel is not None and position is not None:
        h, w = features.shape[2:]
        index = position[0] * h + position[1]
        return features[:, channel].flatten(1)[:, index % (h * w)].mean()
    return right_plain(features, channel, position)


def wrong_scaled_by_batch(features, channel, position):
    if channel is None:
        return features.square().sum() / 2 / features[0].numel()
    return right_plain(features, channel, position)


def wrong_unit_of_last_image(features, channel, position):
    if channel is not None and position is not None:
        return features[-1, channel, position[0], position[1]]
    return right_plain(features, channel, position)


def wrong_channel_zero_is_false(features, channel, position):
    if not channel:
        return features.square().mean() / 2
    return features[:, channel].mean() if position is None else features[:, channel, position[0], position[1]].mean()
