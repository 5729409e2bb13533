"""Right answers to the exercises of the chapter on deconvnet, each in another way than the reference."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def patches_in_loops(images, features, channel, k, patch_of):
    found = []
    for image, maps in zip(images, features, strict=True):
        best = max((maps[channel, r, c].item(), -r, -c) for r in range(maps.shape[1]) for c in range(maps.shape[2]))
        top, bottom, left, right = patch_of(-best[1], -best[2])
        found.append((best[0], image[:, top:bottom, left:right]))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [patch for _, patch in found[:k]]


def patches_by_topk(images, features, channel, k, patch_of):
    maps = features.select(1, channel)
    per_image = maps.amax((1, 2))
    patches = []
    for index in torch.topk(per_image, min(k, len(images))).indices:
        row, column = (maps[index] == per_image[index]).nonzero()[0].tolist()
        box = patch_of(row, column)
        patches.append(images[index][:, slice(*box[:2]), slice(*box[2:])].clone())
    return patches


def patches_in_numpy(images, features, channel, k, patch_of):
    maps = features.numpy()[:, channel]
    places = [np.unravel_index(one.argmax(), one.shape) for one in maps]
    order = np.argsort([-one.max() for one in maps])[:k]
    result = []
    for i in order:
        t, b, le, r = patch_of(int(places[i][0]), int(places[i][1]))
        result.append(images.numpy()[i, :, t:b, le:r])
    return result


def patches_as_they_stream(images, features, channel, k, patch_of):
    best = []
    for image in range(len(images)):
        value, place = features[image, channel].reshape(-1).max(0)
        row, column = int(place) // features.shape[-1], int(place) % features.shape[-1]
        top, bottom, left, right = patch_of(row, column)
        best = sorted([*best, (-float(value), image, images[image][..., top:bottom, left:right])])[:k]
    return tuple(patch for *_, patch in best)


def unpool_by_pytorch(values, switches, size):
    return F.max_unpool2d(values, switches, 2, output_size=size)


def unpool_in_loops(values, switches, size):
    result = torch.zeros(*values.shape[:2], *size)
    for b, c, i, j in itertools.product(*map(range, values.shape)):
        place = int(switches[b, c, i, j])
        result[b, c, place // size[1], place % size[1]] = values[b, c, i, j]
    return result


def unpool_by_one_hot(values, switches, size):
    height, width = size
    hot = F.one_hot(switches.flatten(2), height * width).double()  # (B, C, h*w, H*W)
    return (values.flatten(2).double()[..., None] * hot).sum(2).reshape(*values.shape[:2], height, width)


def unpool_in_numpy(values, switches, size):
    flat = np.zeros((*values.shape[:2], size[0] * size[1]))
    np.put_along_axis(flat, switches.flatten(2).numpy(), values.flatten(2).numpy(), axis=2)
    return flat.reshape(*values.shape[:2], *size)


def unpool_by_indexing(values, switches, size):
    result = torch.zeros(values.shape[0], values.shape[1], *size, dtype=values.dtype)
    b = torch.arange(values.shape[0]).view(-1, 1, 1, 1)
    c = torch.arange(values.shape[1]).view(1, -1, 1, 1)
    result[b, c, torch.div(switches, size[1], rounding_mode="floor"), switches % size[1]] = values
    return result


def filter_by_pytorch(x, weight):
    return F.conv_transpose2d(x, weight, padding=1)


def filter_by_stamping(x, weight):
    b, out, h, w = x.shape
    canvas = torch.zeros(b, weight.shape[1], h + 2, w + 2, dtype=torch.float64)
    for o, r, c in itertools.product(range(out), range(h), range(w)):
        canvas[:, :, r : r + 3, c : c + 3] += x[:, o, r, c].double().view(b, 1, 1, 1) * weight[o].double()
    return canvas[:, :, 1:-1, 1:-1]


def filter_by_autograd(x, weight):
    below = torch.zeros(x.shape[0], weight.shape[1], *x.shape[2:], dtype=x.dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad(F.conv2d(below, weight, padding=1), below, x)
    return gradient


def filter_by_einsum(x, weight):
    h, w = x.shape[2:]
    padded = F.pad(x, (1, 1, 1, 1))
    return sum(
        torch.einsum("bohw,oi->bihw", padded[:, :, a : a + h, b : b + w], weight[:, :, 2 - a, 2 - b])
        for a in range(3)
        for b in range(3)
    )


def filter_by_a_layer_without_bias(x, weight):
    layer = nn.ConvTranspose2d(*weight.shape[:2], 3, padding=1, bias=False).to(x.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        return layer(x)


def project_by_autograd(features, channel, position, switches, size, kernels):
    class Rectified(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient.clamp(min=0)

    row, column = position
    pixels = torch.zeros(len(features), kernels[0].shape[1], *size, dtype=features.dtype, requires_grad=True)
    x = pixels
    for weight in kernels:
        x = Rectified.apply(F.conv2d(x, weight, padding=1))
    at_switches = x.flatten(2).gather(2, switches.flatten(2)).reshape(features.shape)
    values = features[:, channel, row, column].detach()
    (at_switches[:, channel, row, column] * values).sum().backward()
    return pixels.grad


def project_by_mask(features, channel, position, switches, size, kernels):
    mask = torch.zeros_like(features)
    mask[:, channel, position[0], position[1]] = 1
    x = F.max_unpool2d(features * mask, switches, 2, output_size=size)
    for weight in kernels[::-1]:
        x = F.conv_transpose2d(F.relu(x), weight, padding=1)
    return x


def project_in_place_on_a_copy(features, channel, position, switches, size, kernels):
    value = features[:, channel, position[0], position[1]].clone()
    x = features.clone().zero_()
    x[:, channel, position[0], position[1]] = value
    x = unpool_in_loops(x, switches, size).to(features.dtype)  # not rectified: what comes from a ReLU is not negative
    for k in range(len(kernels) - 1, -1, -1):
        x = filter_by_einsum(x, kernels[k])
        if k:
            x.clamp_(min=0)
    return x


def project_each_image_alone(features, channel, position, switches, size, kernels):
    results = []
    for one, where in zip(features, switches, strict=True):
        flat = torch.zeros(one.shape[0], size[0] * size[1], dtype=torch.float64)
        flat[channel, where[(channel, *position)]] = one[(channel, *position)].double()
        x = flat.reshape(1, -1, *size)
        for weight in list(kernels)[::-1]:
            x = filter_by_stamping(torch.maximum(x, torch.zeros(1, dtype=x.dtype)), weight)
        results.append(x)
    return torch.cat(results)


ANSWERS = {
    "top_patches": (patches_in_loops, patches_by_topk, patches_in_numpy, patches_as_they_stream),
    "unpool": (unpool_by_pytorch, unpool_in_loops, unpool_by_one_hot, unpool_in_numpy, unpool_by_indexing),
    "transposed_filter": (
        filter_by_pytorch,
        filter_by_stamping,
        filter_by_autograd,
        filter_by_einsum,
        filter_by_a_layer_without_bias,
    ),
    "project_activation": (
        project_by_autograd,
        project_by_mask,
        project_in_place_on_a_copy,
        project_each_image_alone,
    ),
}
