"""Right answers to the exercises of the chapter on engine, each in another way than the reference."""

import itertools
import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nstlib.gram import gram_matrix


def flops_recursively(stack, height, width, channels=3):
    if not stack:
        return 0
    first, *others = stack
    if first == "pool":
        return flops_recursively(others, height // 2, width // 2, channels)
    return 18 * channels * first * height * width + flops_recursively(others, height, width, first)


def flops_by_running(stack, height, width):
    x = torch.empty(1, 3, height, width, device="meta")
    with FlopCounterMode(display=False) as counter:
        for layer in stack:
            if layer == "pool":
                x = F.max_pool2d(x, 2)
            else:
                x = nn.Conv2d(x.shape[1], layer, kernel_size=3, padding=1, device="meta")(x).relu()
    return counter.get_total_flops()


def flops_in_numpy(stack, height, width):
    convolutions = [layer for layer in stack if layer != "pool"]
    pools = [stack[:k].count("pool") for k, layer in enumerate(stack) if layer != "pool"]
    areas = (height // 2 ** np.array(pools)) * (width // 2 ** np.array(pools))
    return (2 * 9 * np.array([3, *convolutions[:-1]]) * np.array(convolutions) * areas).sum() if convolutions else 0


def flops_on_a_copy(stack, height, width):
    left, total, before = list(stack), 0, 3
    while left:
        layer = left.pop(0)
        if isinstance(layer, str):
            height, width = height >> 1, width >> 1
            continue
        multiplications = additions = height * width * layer * before * 3 * 3
        total, before = total + multiplications + additions, layer
    return total


def backward_by_autograd(features, gradient):
    leaf = features.detach().clone().requires_grad_(True)
    gram_matrix(leaf).backward(gradient)
    return leaf.grad


def backward_by_functional(features, gradient):
    def gram(f):
        return torch.einsum("bihw,bjhw->bij", f, f) / (f.shape[2] * f.shape[3])

    return torch.func.vjp(gram, features)[1](gradient)[0]


def backward_by_einsum(features, gradient):
    rows = torch.einsum("bij,bjhw->bihw", gradient, features)
    columns = torch.einsum("bji,bjhw->bihw", gradient, features)
    return (rows + columns) / features[0, 0].numel()


def backward_in_numpy(features, gradient):
    f, s = features.numpy().astype(np.float64), gradient.numpy()
    flat = f.reshape(*f.shape[:2], -1)
    return ((s + s.swapaxes(1, 2)) @ flat / flat.shape[-1]).reshape(f.shape)


def backward_in_loops(features, gradient):
    b, c, h, w = features.shape
    result = torch.zeros_like(features)
    for image in range(b):
        for i in range(c):
            for j in range(c):
                result[image, i] += gradient[image, i, j] * features[image, j]
                result[image, j] += gradient[image, i, j] * features[image, i]
    return result / (h * w)


def tiles_put_together(tiles):
    return gram_matrix(torch.cat(list(tiles), dim=2))


def tiles_as_running_mean(tiles):
    mean, seen = 0, 0
    for tile in tiles:
        here = tile[0, 0].numel()
        seen += here
        mean = mean + (gram_matrix(tile) - mean) * (here / seen)
    return mean


def tiles_by_height(tiles):
    pairs = [(tile.shape[2], gram_matrix(tile)) for tile in tiles]  # all have the same width
    return sum(height * gram for height, gram in pairs) / sum(height for height, _ in pairs)


def tiles_in_place(tiles):
    total = None
    for tile in tiles:
        if total is None:
            total, count = torch.zeros(tile.shape[0], tile.shape[1], tile.shape[1], dtype=torch.float64), 0
        vectors = tile.double().reshape(*tile.shape[:2], -1)
        torch.baddbmm(total, vectors, vectors.transpose(1, 2), out=total)
        count += tile.size(2) * tile.size(3)
    return total.div_(count)


def tiles_in_numpy(tiles):
    kept = [tile.numpy() for tile in tiles]
    positions = sum(tile[0, 0].size for tile in kept)
    return sum(np.einsum("bihw,bjhw->bij", tile, tile) for tile in kept) / positions


def rows_step_by_step(start, stop, height, convolutions):
    for _ in range(convolutions):
        start, stop = max(start - 1, 0), min(stop + 1, height)
    return start, stop


def rows_in_numpy(start, stop, height, convolutions):
    return np.clip([start - convolutions, stop + convolutions], 0, height)


def rows_as_sets(start, stop, height, convolutions):
    rows = set(range(start, stop))
    for _ in range(convolutions):
        rows = {row + step for row in rows for step in (-1, 0, 1)} & set(range(height))
    return [min(rows), max(rows) + 1]


def rows_by_gradient(start, stop, height, convolutions):
    rows = torch.ones(1, 1, height, requires_grad=True)
    out = rows
    for _ in range(convolutions):
        out = F.conv1d(out, torch.ones(1, 1, 3) / 2, padding=1)
    out[..., start:stop].sum().backward()
    needed = rows.grad[0, 0].nonzero()
    return needed[0], needed[-1] + 1


def sizes_by_counting(size, smallest):
    levels = (math.floor(size / 2**k + 0.5) for k in itertools.count(1))
    return [*reversed(list(itertools.takewhile(lambda level: level >= smallest, levels))), size]


def sizes_by_decimals(size, smallest):
    sizes = [size]
    while True:
        level = Decimal(size) / 2 ** len(sizes)
        level = int(level.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        if level < smallest:
            return sizes
        sizes.insert(0, level)


def sizes_in_numpy(size, smallest):
    levels = np.floor(size / 2.0 ** np.arange(12, 0, -1) + 0.5).astype(int)
    return np.append(levels[levels >= smallest], size)


def sizes_recursively(size, smallest, k=0):
    level = (2 * size + 2**k) >> (k + 1)
    if k and level < smallest:
        return ()
    return (*sizes_recursively(size, smallest, k + 1), level)


ANSWERS = {
    "flops": (flops_recursively, flops_by_running, flops_in_numpy, flops_on_a_copy),
    "gram_backward": (
        backward_by_autograd,
        backward_by_functional,
        backward_by_einsum,
        backward_in_numpy,
        backward_in_loops,
    ),
    "tile_gram": (tiles_put_together, tiles_as_running_mean, tiles_by_height, tiles_in_place, tiles_in_numpy),
    "strip_rows": (rows_step_by_step, rows_in_numpy, rows_as_sets, rows_by_gradient),
    "pyramid_sizes": (sizes_by_counting, sizes_by_decimals, sizes_in_numpy, sizes_recursively),
}
