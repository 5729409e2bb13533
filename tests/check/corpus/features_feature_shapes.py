"""Answers to `feature_shapes`, written from its statement alone."""

import math

import torch
from torch.nn import functional as F


def _block(layer):
    return int(layer[4])


CHANNELS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}


def right_loop(layers, height, width):
    shapes = {}
    for layer in layers:
        h, w, block = height, width, _block(layer)
        for _ in range(block if layer.startswith("pool") else block - 1):
            h, w = h // 2, w // 2
        shapes[layer] = (CHANNELS[block], h, w)
    return shapes


def right_recursive(layers, height, width):
    def size(pixels, times):
        return pixels if times == 0 else size(pixels // 2, times - 1)

    times = {layer: _block(layer) - (not layer.startswith("pool")) for layer in layers}
    return {k: (CHANNELS[_block(k)], size(height, n), size(width, n)) for k, n in times.items()}


def right_shifts(layers, height, width):
    found = {}
    for layer in reversed(layers):
        block = _block(layer)
        n = block if "pool" in layer else block - 1
        found[layer] = (64 << min(block - 1, 3), height >> n, width >> n)
    return found


def right_table_of_all_layers(layers, height, width):
    table, h, w = {}, height, width
    for block, channels in CHANNELS.items():
        for k in range(1, 5):
            table[f"conv{block}_{k}"] = table[f"relu{block}_{k}"] = (channels, h, w)
        h, w = h // 2, w // 2
        table[f"pool{block}"] = (channels, h, w)
    return {layer: table[layer] for layer in layers}


def right_empty_tensors(layers, height, width):
    def shape(layer):
        x = torch.zeros(1, 1, height, width)
        for _ in range(_block(layer) - (not layer.startswith("pool"))):
            x = F.max_pool2d(x, 2)
        return (CHANNELS[_block(layer)], *x.shape[2:])

    return {layer: tuple(int(n) for n in shape(layer)) for layer in layers}


def _shapes(layers, height, width, half=lambda n: n // 2, channels=CHANNELS.get, times=None):
    found = {}
    for layer in layers:
        h, w, block = height, width, _block(layer)
        n = block if layer.startswith("pool") else block - 1
        for _ in range(n if times is None else times(layer, block)):
            h, w = half(h), half(w)
        found[layer] = (channels(block), h, w)
    return found


def wrong_rounded_up(layers, height, width):
    return _shapes(layers, height, width, lambda n: math.ceil(n / 2))


def wrong_not_rounded(layers, height, width):
    return _shapes(layers, height, width, lambda n: n / 2)


def wrong_rounded(layers, height, width):
    return _shapes(layers, height, width, lambda n: round(n / 2))


def wrong_pool_before_it(layers, height, width):
    return _shapes(layers, height, width, times=lambda layer, block: block - 1)


def wrong_conv_after_the_pool(layers, height, width):
    return _shapes(layers, height, width, times=lambda layer, block: block)


def wrong_never_smaller(layers, height, width):
    return _shapes(layers, height, width, times=lambda layer, block: 0)


def wrong_channels_go_on_doubling(layers, height, width):
    return _shapes(layers, height, width, channels=lambda block: 32 * 2**block)


def wrong_channels_at_most_256(layers, height, width):
    return _shapes(layers, height, width, channels=lambda block: min(256, 32 * 2**block))


def wrong_channels_one_block_late(layers, height, width):
    return _shapes(layers, height, width, channels=lambda block: CHANNELS[max(1, block - 1)])


def wrong_always_64_channels(layers, height, width):
    return _shapes(layers, height, width, channels=lambda block: 64)


def wrong_width_first(layers, height, width):
    return _shapes(layers, width, height)


def wrong_channels_last(layers, height, width):
    return {k: (h, w, c) for k, (c, h, w) in _shapes(layers, height, width).items()}


def wrong_batch_axis(layers, height, width):
    return {k: (1, *shape) for k, shape in _shapes(layers, height, width).items()}


def wrong_square(layers, height, width):
    return _shapes(layers, height, height)


def wrong_list(layers, height, width):
    return list(_shapes(layers, height, width).values())


def wrong_numbers_in_all(layers, height, width):
    return {k: math.prod(shape) for k, shape in _shapes(layers, height, width).items()}


def wrong_first_layer_only(layers, height, width):
    return _shapes(layers[:1], height, width)


def wrong_last_layer_forgotten(layers, height, width):
    return _shapes(layers[:-1], height, width)


def wrong_224_always(layers, height, width):
    return _shapes(layers, 224, 224)


def wrong_no_padding(layers, height, width):
    found = {}
    for layer in layers:
        h, w, block = height, width, _block(layer)
        for _ in range(block if layer.startswith("pool") else block - 1):
            h, w = (h - 4) // 2, (w - 4) // 2
        found[layer] = (CHANNELS[block], h, w)
    return found


def wrong_by_the_second_number(layers, height, width):
    return _shapes(layers, height, width, times=lambda layer, block: int(layer[-1]) - 1)


def wrong_halved_by_every_layer(layers, height, width):
    return _shapes(layers, height, width, times=lambda layer, block: 2 * (block - 1))


def wrong_two_pixels_less(layers, height, width):
    return {k: (c, h - 2, w - 2) for k, (c, h, w) in _shapes(layers, height, width).items()}


def wrong_all_in_one_division(layers, height, width):
    return {k: (c, -(-height * h // height), w) for k, (c, h, w) in _shapes(layers, height + 1, width + 1).items()}


def wrong_layers_used_up(layers, height, width):
    found = _shapes(layers, height, width)
    layers.clear()
    return found
