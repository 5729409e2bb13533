"""Answers to `project_activation`, written from its statement alone."""

import torch
from torch.nn import functional as F


def _unpool(values, switches, size):
    x = values.new_zeros(*values.shape[:2], size[0] * size[1])
    return x.scatter(2, switches.flatten(2), values.flatten(2)).unflatten(2, tuple(size))


def _back(x, weight):
    return F.conv_transpose2d(x, weight, padding=1)


def _alone(features, channel, position):
    mask = torch.zeros_like(features)
    mask[:, channel, position[0], position[1]] = 1
    return features * mask


def right_transposed(features, channel, position, switches, size, kernels):
    x = _unpool(_alone(features, channel, position), switches, size)
    for weight in kernels[::-1]:
        x = _back(x.relu(), weight)
    return x


def right_turned_kernels(features, channel, position, switches, size, kernels):
    x = torch.zeros_like(features)
    row, column = position
    x[:, channel, row, column] = features[:, channel, row, column]
    x = _unpool(x, switches, size)
    for k in range(len(kernels) - 1, -1, -1):
        x = F.conv2d(x.clamp(min=0), kernels[k].flip(2, 3).transpose(0, 1), padding=1)
    return x


def right_image_by_image(features, channel, position, switches, size, kernels):
    done = []
    for b in range(len(features)):
        x = features.new_zeros(1, features.shape[1], *size)
        place = int(switches[b, channel, position[0], position[1]])
        x[0, channel, place // size[1], place % size[1]] = features[b, channel, position[0], position[1]]
        for weight in reversed(kernels):
            x = _back(torch.relu(x), weight)
        done.append(x)
    return torch.cat(done)


def right_library_unpool(features, channel, position, switches, size, kernels):
    x = F.max_unpool2d(_alone(features, channel, position).contiguous(), switches.contiguous(), 2, output_size=size)
    left = list(kernels)
    while left:
        x = _back(x.relu(), left.pop())
    return x


def right_recursive_in_float64(features, channel, position, switches, size, kernels):
    def back(x, stack):
        return back(_back(x.relu(), stack[-1].double()), stack[:-1]) if stack else x

    return back(_unpool(_alone(features.double(), channel, position), switches, size), list(kernels)).to(features.dtype)


def _projected(features, channel, position, switches, size, kernels, before=torch.relu, after=lambda x: x, back=_back):
    x = _unpool(_alone(features, channel, position), switches, size)
    for weight in reversed(kernels):
        x = after(back(before(x), weight))
    return x


def wrong_all_activations(features, channel, position, switches, size, kernels):
    x = _unpool(features, switches, size)
    for weight in reversed(kernels):
        x = _back(x.relu(), weight)
    return x


def wrong_all_positions(features, channel, position, switches, size, kernels):
    x = torch.zeros_like(features)
    x[:, channel] = features[:, channel]
    x = _unpool(x, switches, size)
    for weight in reversed(kernels):
        x = _back(x.relu(), weight)
    return x


def wrong_all_channels(features, channel, position, switches, size, kernels):
    x = torch.zeros_like(features)
    x[..., position[0], position[1]] = features[..., position[0], position[1]]
    x = _unpool(x, switches, size)
    for weight in reversed(kernels):
        x = _back(x.relu(), weight)
    return x


def wrong_one(features, channel, position, switches, size, kernels):
    return _projected(torch.ones_like(features), channel, position, switches, size, kernels)


def wrong_position_turned(features, channel, position, switches, size, kernels):
    row, column = position[1] % features.shape[2], position[0] % features.shape[3]
    return _projected(features, channel, (row, column), switches, size, kernels)


def wrong_strongest_position(features, channel, position, switches, size, kernels):
    place = int(features[0, channel].flatten().argmax())
    return _projected(features, channel, divmod(place, features.shape[3]), switches, size, kernels)


def wrong_channel_zero(features, channel, position, switches, size, kernels):
    return _projected(features, 0, position, switches, size, kernels)


def wrong_first_image_only(features, channel, position, switches, size, kernels):
    x = features.clone()
    x[1:] = 0
    return _projected(x, channel, position, switches, size, kernels)


def wrong_never_rectified(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches, size, kernels, before=lambda x: x)


def wrong_rectified_after(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches, size, kernels, before=lambda x: x, after=torch.relu)


def wrong_rectified_before_and_after(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches, size, kernels, after=torch.relu)


def wrong_kernels_not_turned(features, channel, position, switches, size, kernels):
    return _projected(
        features,
        channel,
        position,
        switches,
        size,
        kernels,
        back=lambda x, w: F.conv2d(x, w.transpose(0, 1), padding=1),
    )


def wrong_absolute(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches, size, kernels, before=torch.abs)


def wrong_leaky(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches, size, kernels, before=lambda x: F.leaky_relu(x, 0.1))


def wrong_first_convolution_forgotten(features, channel, position, switches, size, kernels):
    x = _projected(features, channel, position, switches, size, kernels[1:])
    return F.pad(x[:, : kernels[0].shape[1]], (0, 0, 0, 0, 0, max(0, kernels[0].shape[1] - x.shape[1])))


def wrong_upper_left_of_each_window(features, channel, position, switches, size, kernels):
    h, w = features.shape[2:]
    places = 2 * torch.arange(h)[:, None] * size[1] + 2 * torch.arange(w)
    return _projected(features, channel, position, places.expand_as(features), size, kernels)


def wrong_nearest(features, channel, position, switches, size, kernels):
    x = F.interpolate(_alone(features, channel, position), tuple(size))
    for weight in reversed(kernels):
        x = _back(x.relu(), weight)
    return x


def wrong_switches_of_the_first_image(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches[:1].expand_as(switches), size, kernels)


def wrong_features_zeroed_in_place(features, channel, position, switches, size, kernels):
    kept = features[:, channel, position[0], position[1]].clone()
    features.zero_()
    features[:, channel, position[0], position[1]] = kept
    return _projected(features, channel, position, switches, size, kernels)


def wrong_kernels_reversed_in_place(features, channel, position, switches, size, kernels):
    found = _projected(features, channel, position, switches, size, kernels)
    kernels.reverse()
    return found


def wrong_scaled_to_one(features, channel, position, switches, size, kernels):
    x = _projected(features, channel, position, switches, size, kernels)
    return x / x.abs().max().clamp(min=1e-9)


def wrong_even_sizes_only(features, channel, position, switches, size, kernels):
    h, w = features.shape[2:]
    x = _projected(features, channel, position, switches, size, kernels)
    return x[:, :, : 2 * h, : 2 * w]


def wrong_summed_over_the_batch(features, channel, position, switches, size, kernels):
    return _projected(features, channel, position, switches, size, kernels).sum(0, keepdim=True)


def wrong_next_position(features, channel, position, switches, size, kernels):
    row, column = position[0], (position[1] + 1) % features.shape[3]
    return _projected(features, channel, (row, column), switches, size, kernels)


def wrong_rectified_once(features, channel, position, switches, size, kernels):
    x = _unpool(_alone(features, channel, position), switches, size).relu()
    for weight in reversed(kernels):
        x = _back(x, weight)
    return x


def wrong_halved(features, channel, position, switches, size, kernels):
    return _projected(features / 2, channel, position, switches, size, kernels)
