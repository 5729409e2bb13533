"""Right answers to the exercises of the chapter on features, each in another way than the reference."""

import re

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def shapes_by_walking(layers, height, width):
    found, channels = {}, [64, 128, 256, 512, 512]
    for block in range(1, 6):
        for place in range(1, 5):
            found[f"conv{block}_{place}"] = found[f"relu{block}_{place}"] = (channels[block - 1], height, width)
        height, width = height // 2, width // 2
        found[f"pool{block}"] = (channels[block - 1], height, width)
    return {layer: found[layer] for layer in layers}


def shapes_by_shifting(layers, height, width):
    shapes = {}
    for layer in layers:
        block = int(re.search(r"\d", layer)[0])
        down = block - 1 + ("pool" in layer)
        shapes[layer] = [min(64 << (block - 1), 512), height >> down, width >> down]
    return shapes


def shapes_of_an_empty_network(layers, height, width):
    found, x = {}, torch.empty(1, 3, height, width, device="meta")
    for block, c in enumerate((64, 128, 256, 512, 512), 1):
        for place in range(1, 4):
            x = nn.Conv2d(x.shape[1], c, 3, padding=1, device="meta")(x)
            found[f"conv{block}_{place}"] = found[f"relu{block}_{place}"] = x.shape[1:]
        x = F.max_pool2d(x, 2)
        found[f"pool{block}"] = x.shape[1:]
    return {layer: found[layer] for layer in layers}


def shapes_as_numpy_integers(layers, height, width):
    size = np.array([height, width])
    blocks = {layer: int(layer[4]) for layer in layers}
    return {
        layer: (np.int64(min(512, 32 * 2**b)), *(size // 2 ** (b - 1 + layer.startswith("pool"))))
        for layer, b in blocks.items()
    }


def extract_by_depth(image, stages, layers):
    names = [name for name, _ in stages]
    deepest = max(names.index(layer) for layer in layers)
    outputs, x = {}, image
    for name, stage in stages[: deepest + 1]:
        x = stage(x.clone())
        outputs[name] = x
    return {layer: outputs[layer] for layer in layers}


def extract_recursively(image, stages, layers):
    def walk(x, left, missing):
        if not missing:
            return {}
        (name, stage), *others = left
        x = stage(x)
        here = {name: x + 0} if name in missing else {}
        return {**here, **walk(x, others, missing - {name})}

    return walk(image * 1, list(stages), set(layers))


def extract_counting_down(image, stages, layers):
    wanted, out = list(layers), {}
    current = torch.empty_like(image).copy_(image)
    iterator = iter(stages)
    while wanted:
        name, stage = next(iterator)
        current = stage(current)
        if name in wanted:
            out[name] = torch.clone(current)
            wanted.remove(name)
    return out


def dead_in_loops(features):
    dead = torch.ones(features.shape[1], dtype=torch.bool)
    for image in features:
        for c, channel in enumerate(image):
            if channel.max() > 0:
                dead[c] = False
    return dead


def dead_by_maximum(features):
    return features.amax((0, 2, 3)) <= 0


def dead_by_counting(features):
    return (features > 0).double().sum(dim=(0, 2, 3)) == 0


def dead_in_numpy(features):
    return ~(features.numpy() > 0).any(axis=(0, 2, 3))


def dead_as_list(features):
    return [not bool((features[:, c] > 0).any()) for c in range(features.shape[1])]


def field_by_backward(layer, image):
    x = image.clone().requires_grad_()
    out = layer(x)
    out[:, :, out.shape[-2] // 2, out.shape[-1] // 2].sum().backward()
    field = x.grad.abs().sum(dim=(0, 1))
    return field / field.max()


def field_by_mask(layer, image):
    x = image.detach().clone()
    x.requires_grad = True
    out = layer(x)
    mask = torch.zeros_like(out)
    mask[0, :, out.shape[2] // 2, out.shape[3] // 2] = 1
    out.backward(mask)
    field = x.grad.squeeze(0).abs().sum(0).double()
    field /= field.max()
    return field


def field_by_jacobian(layer, image):
    def middle(x):
        out = layer(x)
        return out[0, :, out.shape[2] // 2, out.shape[3] // 2].sum()

    gradient = torch.autograd.functional.jacobian(middle, image)
    field = gradient[0].norm(p=1, dim=0)
    return (field / field.amax()).numpy()


def field_channel_by_channel(layer, image):
    x = image.clone().requires_grad_(True)
    out = layer(x)
    h, w = out.shape[2:]
    total = sum(torch.autograd.grad(out[0, c, h // 2, w // 2], x, retain_graph=True)[0] for c in range(out.shape[1]))
    field = torch.stack([color.abs() for color in total[0]]).sum(0)
    return field.div_(field.max())


ANSWERS = {
    "feature_shapes": (
        shapes_by_walking,
        shapes_by_shifting,
        shapes_of_an_empty_network,
        shapes_as_numpy_integers,
    ),
    "extract": (extract_by_depth, extract_recursively, extract_counting_down),
    "dead_channels": (dead_in_loops, dead_by_maximum, dead_by_counting, dead_in_numpy, dead_as_list),
    "effective_receptive_field": (field_by_backward, field_by_mask, field_by_jacobian, field_channel_by_channel),
}
