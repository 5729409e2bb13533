"""Right answers to every exercise, each written in another way than the reference."""

import itertools
import math
import re
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nstlib import metrics
from nstlib.colors import luminance
from nstlib.dual import normalized
from nstlib.filters import sobel_edges
from nstlib.frequency import low_pass
from nstlib.gram import gram_matrix

# 01_images --------------------------------------------------------------------------------------------------------------


def tensor_in_loops(pixels):
    height, width, channels = pixels.shape
    image = torch.empty(1, 3, height, width)
    for y in range(height):
        for x in range(width):
            share = int(pixels[y, x, 3]) / 255 if channels == 4 else 1.0
            for c in range(3):
                image[0, c, y, x] = int(pixels[y, x, c]) / 255 * share + (1 - share)
    return image


def tensor_in_numpy(pixels):
    floats = pixels / 255.0
    if pixels.shape[-1] == 4:
        floats = 1 - floats[..., 3:] * (1 - floats[..., :3])
    return torch.tensor(np.moveaxis(floats, -1, 0)[np.newaxis])


def tensor_by_lerp(pixels):
    x = torch.from_numpy(pixels.copy()).double().div_(255).movedim(-1, 0).unsqueeze(0)
    return torch.lerp(torch.ones_like(x[:, :3]), x[:, :3], x[:, 3:]) if x.shape[1] == 4 else x


def tensor_as_torchvision(pixels):
    to_float = torch.as_tensor(np.transpose(pixels, (2, 0, 1)).copy(), dtype=torch.float32) / 255
    alpha = to_float[3] if len(to_float) > 3 else torch.ones(())
    return torch.stack([channel * alpha + (1 - alpha) for channel in to_float[:3]])[None]


def caffe_by_index(image):
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=image.dtype)
    return image[:, [2, 1, 0]] * 255 - mean[:, None, None]


def caffe_by_channel(image):
    red, green, blue = image.unbind(1)
    return torch.stack([blue * 255 - 103.939, green * 255 - 116.779, red * 255 - 123.68], 1)


def caffe_by_matrix(image):
    turn = torch.tensor([[0, 0, 255.0], [0, 255.0, 0], [255.0, 0, 0]], dtype=image.dtype)
    offset = image.new_tensor([103.939, 116.779, 123.68])
    return F.conv2d(image, turn[:, :, None, None], -offset)


def caffe_mean_first_but_right(image):
    return (image - image.new_tensor([123.68, 116.779, 103.939]).reshape(3, 1, 1) / 255).flip(1).mul(255)


def back_by_index(pixels):
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=pixels.dtype).reshape(1, 3, 1, 1)
    return (pixels + mean)[:, [2, 1, 0]] / 255


def back_by_channel(pixels):
    rgb = [pixels[:, 2] + 123.68, pixels[:, 1] + 116.779, pixels[:, 0] + 103.939]
    return torch.stack(rgb, dim=1) * (1 / 255)


def back_flipped_first(pixels):
    return torch.flip(pixels, [1]).div(255) + pixels.new_tensor([123.68, 116.779, 103.939])[None, :, None, None] / 255


def back_in_place_on_a_copy(pixels):
    out = pixels.double().clone()
    for c, mean in enumerate((103.939, 116.779, 123.68)):
        out[:, c] += mean
    return out.flip(1) / 255


def display_by_numpy(image):
    array = image.detach().numpy()
    array = array[0] if array.ndim == 4 else array
    return np.clip(np.transpose(array, (1, 2, 0)), 0, 1)


def display_under_no_grad(image):
    with torch.no_grad():
        x = image.reshape(image.shape[-3:]).clamp(min=0.0, max=1.0)
        return x.movedim(0, -1).numpy()


def display_channel_by_channel(image):
    single = image.data if image.dim() == 3 else image.data.squeeze(0)
    return np.stack([np.minimum(np.maximum(c.numpy(), 0), 1) for c in single], axis=2)


def display_in_double(image):
    x = torch.atleast_3d(image.detach().squeeze(0)).double().clamp(0, 1)
    return np.array(x.permute(1, 2, 0).tolist())


def descend_by_backward(image, color, steps, rate):
    x = image.clone().requires_grad_(True)
    for _ in range(steps):
        x.grad = None
        loss = 0.5 * ((x - color[:, None, None]) ** 2).sum()
        loss.backward()
        with torch.no_grad():
            x -= rate * x.grad
            x.clamp_(0, 1)
    return x.detach()


def descend_by_sgd(image, color, steps, rate):
    x = torch.nn.Parameter(image.detach().clone())
    optimizer = torch.optim.SGD([x], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(x, color.reshape(1, 3, 1, 1).expand_as(x), reduction="sum").div(2).backward()
        optimizer.step()
        x.data = x.data.clamp(0, 1)
    return x.detach()


def descend_by_hand(image, color, steps, rate):
    x, c = image.clone(), color.view(3, 1, 1)
    for _ in range(steps):
        x = torch.clamp(x + rate * (c - x), 0, 1)
    return x


def descend_channel_by_channel(image, color, steps, rate):
    out = image.double().clone()
    for c in range(3):
        for _ in range(int(steps)):
            out[:, c] = (out[:, c] - rate * (out[:, c] - color[c].item())).clip(0, 1)
    return out


# 02_convolution ---------------------------------------------------------------------------------------------------------


def convolve_in_loops(image, kernel, padding, stride):
    b, c, h, w = image.shape
    k, _, kh, kw = kernel.shape
    padded = torch.zeros(b, c, h + 2 * padding, w + 2 * padding)
    padded[:, :, padding : padding + h, padding : padding + w] = image
    rows = len(range(0, h + 2 * padding - kh + 1, stride))
    columns = len(range(0, w + 2 * padding - kw + 1, stride))
    result = torch.zeros(b, k, rows, columns)
    for n in range(b):
        for o in range(k):
            for y in range(rows):
                for x in range(columns):
                    window = padded[n, :, y * stride : y * stride + kh, x * stride : x * stride + kw]
                    result[n, o, y, x] = (window * kernel[o]).sum()
    return result


def convolve_by_unfold(image, kernel, padding, stride):
    windows = F.unfold(image, kernel.shape[2:], padding=padding, stride=stride)  # (B, C*h*w, positions)
    rows = (image.shape[2] + 2 * padding - kernel.shape[2]) // stride + 1
    return (kernel.flatten(1) @ windows).unflatten(2, (rows, -1))


def convolve_by_torch(image, kernel, padding, stride):
    return F.conv2d(image, kernel, padding=padding, stride=stride)


def convolve_in_numpy(image, kernel, padding, stride):
    padded = np.pad(image.numpy(), ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(2, 3))
    return np.einsum("bcyxij,kcij->bkyx", windows[:, :, ::stride, ::stride], kernel.numpy())


def convolve_by_tap(image, kernel, padding, stride):
    padded = F.pad(image, [padding] * 4).double()
    last = [size - k + 1 for size, k in zip(padded.shape[2:], kernel.shape[2:], strict=True)]
    total = 0
    for i in range(kernel.shape[2]):
        for j in range(kernel.shape[3]):
            part = padded[:, :, i : i + last[0] : stride, j : j + last[1] : stride]
            total = total + torch.tensordot(part, kernel[:, :, i, j].double(), dims=([1], [1])).movedim(3, 1)
    return total


def size_by_counting(size, kernel, padding, stride):
    count, first = 0, -padding
    while first + kernel <= size + padding:
        count, first = count + 1, first + stride
    return count


def size_by_torch(size, kernel, padding, stride):
    return F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), padding=padding, stride=stride).size(2)


def size_by_floor(size, kernel, padding, stride):
    return math.floor((size - kernel + 2 * padding) / stride) + 1


def size_with_one_stride_more(size, kernel, padding, stride):
    return np.int64(size + 2 * padding - kernel + stride) // stride


def blur_by_groups(image, sigma):
    channels, radius = image.shape[1], math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1, dtype=image.dtype)
    bell = torch.exp(-0.5 * (x / sigma) ** 2)
    bell = (bell / bell.sum()).repeat(channels, 1, 1, 1)  # (C, 1, 1, n)
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, bell, groups=channels), bell.mT, groups=channels)


def blur_in_one_stroke(image, sigma):
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1).double()
    square = torch.exp(-(x[:, None] ** 2 + x**2) / (2 * sigma**2))
    single = F.pad(image.double(), (radius,) * 4, mode="replicate").flatten(0, 1)[:, None]
    return F.conv2d(single, (square / square.sum())[None, None]).view(image.shape)


def blur_in_numpy(image, sigma):
    radius = math.ceil(3 * sigma)
    bell = np.exp(-np.square(np.arange(-radius, radius + 1) / sigma) / 2)
    result = image.numpy()
    for axis in (2, 3):
        border = [(radius, radius) if k == axis else (0, 0) for k in range(4)]
        padded = np.pad(result, border, mode="edge")
        result = np.apply_along_axis(np.convolve, axis, padded, bell / bell.sum(), "valid")
    return result


def blur_by_matrices(image, sigma):
    def matrix(size):
        radius = math.ceil(3 * sigma)
        weights = torch.zeros(size, size, dtype=torch.float64)
        total = sum(math.exp(-(d**2) / (2 * sigma**2)) for d in range(-radius, radius + 1))
        for row in range(size):
            for d in range(-radius, radius + 1):
                weights[row, min(max(row + d, 0), size - 1)] += math.exp(-(d**2) / (2 * sigma**2)) / total
        return weights

    return matrix(image.shape[2]) @ image.double() @ matrix(image.shape[3]).T


def edges_by_torch(image):
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=image.dtype) / 8
    x = F.pad(image, (1, 1, 1, 1), mode="replicate").flatten(0, 1).unsqueeze(1)
    both = F.conv2d(x, torch.stack([kernel, kernel.T])[:, None])  # (B*C, 2, H, W)
    return both.norm(dim=1).reshape(image.shape)


def edges_by_slices(image):
    x = F.pad(image, (1, 1, 1, 1), mode="replicate").double()
    rows = (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4
    columns = (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4
    return torch.hypot((rows[..., 2:] - rows[..., :-2]) / 2, (columns[..., 2:, :] - columns[..., :-2, :]) / 2)


def edges_in_numpy(image):
    x = np.pad(image.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    slopes = []
    for along, across in ((2, 3), (3, 2)):
        difference = np.roll(x, -1, across) - np.roll(x, 1, across)
        slopes.append((np.roll(difference, 1, along) + 2 * difference + np.roll(difference, -1, along)) / 8)
    return np.abs(slopes[0] + 1j * slopes[1])[:, :, 1:-1, 1:-1]


def edges_in_loops(image):
    out = torch.zeros_like(image)
    height, width = image.shape[2:]
    for y in range(height):
        for x in range(width):
            rows = [max(y - 1, 0), y, min(y + 1, height - 1)]
            columns = [max(x - 1, 0), x, min(x + 1, width - 1)]
            window = image[:, :, rows][..., columns]  # (B, C, 3, 3)
            ramp = torch.tensor([-1.0, 0, 1], dtype=image.dtype)
            weights = torch.tensor([1.0, 2, 1], dtype=image.dtype)
            across = (window * (weights[:, None] * ramp)).sum((2, 3))
            down = (window * (ramp[:, None] * weights)).sum((2, 3))
            out[:, :, y, x] = (across**2 + down**2) ** 0.5 / 8
    return out


def field_from_the_end_rightly(stack):
    size = 1
    for kernel, stride in reversed(stack):
        size = (size - 1) * stride + kernel
    return size, math.prod(stride for _, stride in stack)


def field_by_sum(stack):
    strides = np.cumprod([1] + [stride for _, stride in stack])
    return [1 + sum((k - 1) * s for (k, _), s in zip(stack, strides)), strides[-1]]  # noqa: B905


def field_by_sets(stack):
    def seen(position, depth):
        if depth == 0:
            return {position}
        kernel, stride = stack[depth - 1]
        return set().union(*(seen(position * stride + k, depth - 1) for k in range(kernel)))

    first, second = seen(0, len(stack)), seen(1, len(stack))
    return max(first) - min(first) + 1, min(second) - min(first)


def field_recursively(stack):
    if not stack:
        return 1, 1
    size, jump = field_recursively(stack[:-1])
    kernel, stride = stack[-1]
    return torch.tensor([size + (kernel - 1) * jump, jump * stride])


# 03_features ------------------------------------------------------------------------------------------------------------


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


# 05_training ------------------------------------------------------------------------------------------------------------


def split_by_painting(corners, side, regions):
    canvas = np.zeros((200, 200), dtype=bool)
    for top, left, bottom, right in (regions + 50).tolist():
        canvas[top:bottom, left:right] = True
    shares = [canvas[r : r + side, c : c + side].mean() for r, c in (corners + 50).tolist()]
    return [share == 0 for share in shares], [share == 1 for share in shares]


def split_in_loops(corners, side, regions):
    train, test = [], []
    for row, column in corners.tolist():
        outside, inside = True, False
        for top, left, bottom, right in regions.tolist():
            if row + side > top and row < bottom and column + side > left and column < right:
                outside = False
            if row >= top and row + side <= bottom and column >= left and column + side <= right:
                inside = True
        train.append(outside)
        test.append(inside)
    return torch.tensor(train), torch.tensor(test)


def split_by_overlap(corners, side, regions):
    corners, regions = corners.double(), regions.double()
    rows = torch.minimum(corners[:, None, 0] + side, regions[:, 2]) - torch.maximum(corners[:, None, 0], regions[:, 0])
    columns = torch.minimum(corners[:, None, 1] + side, regions[:, 3]) - torch.maximum(
        corners[:, None, 1], regions[:, 1]
    )
    shared = rows.clamp(min=0) * columns.clamp(min=0)
    return shared.sum(1) == 0, (shared == side**2).any(1)


def train_by_log_softmax(model, optimizer, images, labels):
    model.train(True)
    model.zero_grad(set_to_none=False)
    loss = -model(images).log_softmax(1)[torch.arange(len(labels)), labels].mean()
    loss.backward()
    optimizer.step()
    return float(loss)


def train_by_closure(model, optimizer, images, labels):
    def closure():
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(images), labels)
        loss.backward()
        return loss

    return optimizer.step(closure if model.train() is model else None).detach()


def train_by_autograd(model, optimizer, images, labels):
    model.train()
    scores = model(images)
    loss = (scores.logsumexp(1) - scores.gather(1, labels[:, None])[:, 0]).mean()
    parameters = list(model.parameters())
    for weights, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        weights.grad = gradient
    optimizer.step()
    return loss.item()


def train_and_clear_afterwards(model, optimizer, images, labels):
    optimizer.zero_grad()
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return np.float64(loss.item())


def grid_by_torchvision(weights, columns):
    from torchvision.utils import make_grid

    largest = weights.flatten(1).abs().max(1).values.clamp(min=1e-12)[:, None, None, None]
    return make_grid((weights / largest + 1) / 2, nrow=columns, padding=1, pad_value=1.0)[None]


def grid_in_loops(weights, columns):
    count, _, side, _ = weights.shape
    rows = math.ceil(count / columns)
    picture = np.ones((1, 3, rows * (side + 1) + 1, columns * (side + 1) + 1))
    for k in range(count):
        largest = float(weights[k].abs().max()) or 1.0
        for c in range(3):
            for i in range(side):
                for j in range(side):
                    y, x = k // columns * (side + 1) + 1 + i, k % columns * (side + 1) + 1 + j
                    picture[0, c, y, x] = 0.5 + float(weights[k, c, i, j]) / largest / 2
    return torch.from_numpy(picture)


def grid_by_padding(weights, columns):
    scaled = torch.stack([w / w.abs().max() if w.any() else w for w in weights]) / 2 + 0.5
    tiles = list(F.pad(scaled, (0, 1, 0, 1), value=1.0))
    tiles += [torch.ones_like(tiles[0])] * (-len(tiles) % columns)
    rows = [torch.cat(tiles[k : k + columns], 2) for k in range(0, len(tiles), columns)]
    return F.pad(torch.cat(rows, 1), (1, 0, 1, 0), value=1.0).unsqueeze(0)


def drift_by_normalizing(before, after):
    one, two = (F.normalize(w.flatten(1), dim=1) for w in (before, after))
    return (one - two).square().sum(1).mean() / 2


def drift_in_loops(before, after):
    total = 0.0
    for a, b in zip(before, after, strict=True):
        total += 1 - float((a * b).sum() / (a.square().sum() * b.square().sum()).sqrt())
    return torch.tensor(total / len(before))


def drift_by_einsum(before, after):
    a, b = before.double().reshape(len(before), -1), after.double().reshape(len(after), -1)
    cosines = torch.einsum("np,np->n", a, b) / (torch.linalg.vector_norm(a, dim=1) * torch.linalg.vector_norm(b, dim=1))
    return torch.mean(1.0 - cosines)


def drift_in_numpy(before, after):
    a, b = (w.numpy().reshape(len(w), -1) for w in (before, after))
    return float(1 - np.mean((a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))))


def alike_by_features(x, y):
    x, y = x.flatten(1), y.flatten(1)
    x, y = x - x.mean(0, keepdim=True), y - y.mean(0, keepdim=True)
    return (y.T @ x).norm() ** 2 / ((x.T @ x).norm() * (y.T @ y).norm())


def alike_by_centering_matrix(x, y):
    n = len(x)
    h = torch.eye(n, dtype=torch.float64) - 1 / n
    k, l = (h @ v.reshape(n, -1).double() @ v.reshape(n, -1).double().T @ h for v in (x, y))  # noqa: E741
    return torch.trace(k @ l) / torch.sqrt(torch.trace(k @ k) * torch.trace(l @ l))


def alike_in_numpy(x, y):
    tables = []
    for v in (x, y):
        v = v.numpy().reshape(len(v), -1)
        v = v - v.mean(axis=0)
        tables.append((v @ v.T).ravel())
    return np.dot(*tables) / np.linalg.norm(tables[0]) / np.linalg.norm(tables[1])


def alike_by_singular_vectors(x, y):
    parts = [torch.linalg.svd((v - v.mean(0)).flatten(1), full_matrices=False)[:2] for v in (x, y)]
    (u, s), (v, t) = parts
    return ((u * s**2).T @ v * t**2).mul(u.T @ v).sum() / (s**2).norm() / (t**2).norm()


def share_by_shifting_both(weights, low, high, size):
    axis = torch.arange(size) - size // 2
    radius = (axis[:, None] ** 2 + axis**2).sqrt() / size
    energy = torch.fft.fftshift(torch.fft.fft2(weights, s=(size, size)), dim=(-2, -1)).abs() ** 2
    kept = energy.sum(1).flatten(1)[:, ((radius < low) | (radius > high)).flatten()]
    return kept.sum(1) / energy.sum((1, 2, 3))


def share_by_padding(weights, low, high, size):
    side = weights.shape[-1]
    spectrum = torch.fft.fftn(F.pad(weights, (0, size - side, 0, size - side)).double(), dim=(2, 3))
    energy = (spectrum * spectrum.conj()).real
    f = torch.fft.fftfreq(size, dtype=torch.float64)
    middle = ((f[:, None] ** 2 + f**2).sqrt() >= low) & ((f[:, None] ** 2 + f**2).sqrt() <= high)
    return 1 - (energy * middle).sum((1, 2, 3)) / energy.sum((1, 2, 3))


def share_in_numpy(weights, low, high, size):
    shares = []
    for one in weights.numpy():
        energy = sum(np.abs(np.fft.fft2(color, (size, size))) ** 2 for color in one)
        radius = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
        shares.append(energy[(radius < low) | (radius > high)].sum() / energy.sum())
    return torch.tensor(shares)


# 04_deconvnet -----------------------------------------------------------------------------------------------------------


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


def occlusion_one_by_one(score, image, size, stride, value):
    rows = (image.shape[2] - size) // stride + 1
    columns = (image.shape[3] - size) // stride + 1
    result = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            covered = image.clone()
            covered[:, :, i * stride : i * stride + size, j * stride : j * stride + size] = value
            result[i, j] = score(image).item() - score(covered).item()
    return result


def occlusion_all_at_once(score, image, size, stride, value):
    tops = range(0, image.shape[-2] - size + 1, stride)
    lefts = range(0, image.shape[-1] - size + 1, stride)
    copies = []
    for top, left in itertools.product(tops, lefts):
        mask = torch.zeros_like(image, dtype=torch.bool)
        mask[..., top : top + size, left : left + size] = True
        copies.append(image.masked_fill(mask, value))
    scores = score(torch.cat([image, *copies]))
    return (scores[0] - scores[1:]).reshape(len(tops), len(lefts)).double()


def occlusion_as_nested_lists(score, image, size, stride, value):
    def drop(top, left):
        square = torch.full_like(image[..., top : top + size, left : left + size], value)
        changed = image.clone()
        changed[..., top : top + size, left : left + size] = square
        return float(score(image) - score(changed))

    tops = [top for top in range(image.shape[2]) if top % stride == 0 and top + size <= image.shape[2]]
    lefts = [left for left in range(image.shape[3]) if left % stride == 0 and left + size <= image.shape[3]]
    return [[drop(top, left) for left in lefts] for top in tops]


def occlusion_row_by_row(score, image, size, stride, value):
    whole, rows = score(image), []
    for top in range(0, image.shape[2] - size + 1, stride):
        copies = torch.cat([image] * len(range(0, image.shape[3] - size + 1, stride)))
        for k, copy in enumerate(copies):
            copy[:, top : top + size, k * stride : k * stride + size] = value
        rows.append(whole - score(copies))
    return torch.stack(rows).numpy()


# 06_inversion -----------------------------------------------------------------------------------------------------------


def roughness_in_loops(image, beta, epsilon):
    totals = []
    for one in image:
        total = image.new_zeros(())
        for channel in one:
            for y in range(channel.shape[0]):
                for x in range(channel.shape[1]):
                    right = channel[y, x + 1] - channel[y, x] if x + 1 < channel.shape[1] else 0.0
                    down = channel[y + 1, x] - channel[y, x] if y + 1 < channel.shape[0] else 0.0
                    total = total + (right**2 + down**2 + epsilon) ** (beta / 2) - epsilon ** (beta / 2)
        totals.append(total)
    return torch.stack(totals)


def roughness_by_padding(image, beta, epsilon):
    padded = F.pad(image, (0, 1, 0, 1), mode="replicate")
    right, down = padded[..., :-1, 1:] - image, padded[..., 1:, :-1] - image
    return torch.pow(right * right + down * down + epsilon, beta / 2).sub(epsilon ** (beta / 2)).flatten(1).sum(1)


def roughness_in_place_on_a_copy(image, beta, epsilon):
    squares = torch.full_like(image, epsilon)
    squares[..., :-1] += (image[..., 1:] - image[..., :-1]) ** 2
    squares[..., :-1, :] += (image[..., 1:, :] - image[..., :-1, :]) ** 2
    return (squares ** (beta / 2)).sum((1, 2, 3)) - image[0].numel() * epsilon ** (beta / 2)


def roughness_in_double(image, beta, epsilon):
    x = image.double()
    right, down = F.pad(x.diff(dim=-1), (0, 1)), F.pad(x.diff(dim=-2), (0, 0, 0, 1))
    lengths = torch.sqrt(right.square() + down.square() + epsilon)
    return torch.einsum("bchw->b", lengths**beta - epsilon ** (beta / 2))


def wall_in_loops(image, mean, alpha):
    return torch.stack([sum((one[c] - mean[c]).abs().pow(alpha).sum() for c in range(3)) for one in image])


def wall_by_vector_norm(image, mean, alpha):
    away = image - mean.reshape(1, 3, 1, 1)
    return torch.linalg.vector_norm(away.flatten(1), ord=alpha, dim=1) ** alpha


def wall_channels_last(image, mean, alpha):
    return torch.pow(torch.abs(image.movedim(1, -1) - mean), alpha).sum(dim=(1, 2, 3))


def wall_by_squares(image, mean, alpha):
    away = image.double() - mean.double().view(3, 1, 1)
    return torch.sqrt(away * away).pow(alpha).flatten(1).sum(-1)


def share_by_means(features, target):
    return ((features - target) ** 2).mean((1, 2, 3)) / target.pow(2).mean((1, 2, 3))


def share_by_norms(features, target):
    return ((features - target).flatten(1).norm(dim=1) / target.flatten(1).norm(dim=1)) ** 2


def share_in_loops(features, target):
    return torch.stack(
        [F.mse_loss(a, b) / F.mse_loss(torch.zeros_like(b), b) for a, b in zip(features, target, strict=True)]
    )


def share_by_einsum(features, target):
    away = (features - target).double()
    target = target.double()
    return torch.einsum("bchw,bchw->b", away, away) / torch.einsum("bchw,bchw->b", target, target)


def both_by_hand(image, see, target, weight, slope):
    features = see(image)
    error = ((features - target) ** 2).sum((1, 2, 3)) / (target**2).sum((1, 2, 3))
    squares = F.pad(image.diff(dim=3), (0, 1)) ** 2 + F.pad(image.diff(dim=2), (0, 0, 0, 1)) ** 2
    return error + weight * (squares / slope**2).mean((1, 2, 3))


def both_one_by_one(image, see, target, weight, slope):
    return torch.cat([both_by_hand(a[None], see, b[None], weight, slope) for a, b in zip(image, target, strict=True)])


def both_in_parts(image, see, target, weight, slope):
    total = share_by_norms(see(image), target)
    total = total + weight / (slope * slope * image[0].numel()) * image.diff(dim=3).pow(2).sum((1, 2, 3))
    return total + weight / (slope * slope * image[0].numel()) * image.diff(dim=2).pow(2).sum((1, 2, 3))


def both_with_the_target_detached(image, see, target, weight, slope):
    scaled = image / slope
    return (
        share_by_means(see(image), target.detach())
        + weight * roughness_by_padding(scaled, 2.0, 1e-6) / image[0].numel()
    )


def descend_by_sgd_with_momentum(start, loss, steps, rate, momentum):
    image = torch.nn.Parameter(start.detach().clone())
    optimizer = torch.optim.SGD([image], lr=rate, momentum=momentum)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        losses.append(float(value))
        optimizer.step()
    return image.detach(), losses


def descend_in_place_on_a_copy(start, loss, steps, rate, momentum):
    image, velocity, losses = start.clone().detach().requires_grad_(True), 0.0, []
    for _ in range(steps):
        value = loss(image)
        value.backward()
        losses.append(value.item())
        with torch.no_grad():
            velocity = momentum * velocity - rate * image.grad
            image += velocity
            image.grad = None
    return image.detach(), losses


def descend_with_a_heavy_ball(start, loss, steps, rate, momentum):
    before = image = start.detach()
    losses = []
    for _ in range(steps):
        x = image.clone().requires_grad_(True)
        value = loss(x)
        losses.append(value.detach())
        (gradient,) = torch.autograd.grad(value, x)
        before, image = image, image - rate * gradient + momentum * (image - before)
    return [image, losses]


def descend_with_the_gradients_summed(start, loss, steps, rate, momentum):
    x, running, losses = start.detach().double(), 0, []
    for _ in range(steps):
        x = x.requires_grad_(True)
        value = loss(x)
        running = torch.autograd.grad(value, x)[0] + momentum * running
        losses.append(value.item())
        x = (x - rate * running).detach()
    return x, losses


def apart_in_loops(batch):
    pairs = [(batch[i] - batch[j]).square().sum() for i in range(len(batch)) for j in range(i)]
    return torch.stack(pairs).mean()


def apart_by_combinations(batch):
    return sum(float(((a - b) ** 2).sum()) for a, b in itertools.combinations(batch, 2)) / math.comb(len(batch), 2)


def apart_by_matrix(batch):
    flat, n = batch.flatten(1).double(), len(batch)
    return torch.cdist(flat, flat).square().sum() / (n * (n - 1))


def apart_by_pdist(batch):
    return F.pdist(batch.reshape(len(batch), -1)).pow(2).mean()


def apart_in_numpy(batch):
    flat = batch.numpy().reshape(len(batch), -1)
    return 2 * flat.var(0, ddof=1).sum()


# 07_gram ----------------------------------------------------------------------------------------------------------------


def gram_in_loops(features):
    _, c, h, w = features.shape
    rows = [
        torch.stack([torch.stack([(image[i] * image[j]).sum() / (h * w) for j in range(c)]) for i in range(c)])
        for image in features
    ]
    return torch.stack(rows)


def gram_by_einsum(features):
    return torch.einsum("bihw,bjhw->bij", features, features) / (features.shape[-1] * features.shape[-2])


def gram_by_bmm(features):
    b, c, h, w = features.size()
    flat = features.reshape(b, c, h * w)
    return torch.bmm(flat, flat.transpose(1, 2)).div(h * w)


def gram_in_double(features):
    flat = features.double().flatten(2)
    return (flat[:, :, None] * flat[:, None]).mean(-1)


def gram_scaled_before(features):
    flat = features.clone().flatten(2)
    flat /= flat.shape[-1] ** 0.5  # in place, on a copy
    return flat @ flat.permute(0, 2, 1)


def shuffle_by_index_select(features, order):
    b, c, h, w = features.shape
    return features.reshape(b, c, -1).index_select(2, order).reshape(b, c, h, w)


def shuffle_by_gather(features, order):
    flat = features.flatten(2)
    return flat.gather(2, order.expand_as(flat)).unflatten(2, features.shape[2:])


def shuffle_in_loops(features, order):
    w = features.shape[3]
    moved = torch.zeros_like(features)
    for k, source in enumerate(order.tolist()):
        moved[:, :, k // w, k % w] = features[:, :, source // w, source % w]
    return moved


def shuffle_by_matrix(features, order):
    flat = features.double().flatten(2)
    return (flat @ torch.eye(len(order), dtype=torch.float64)[:, order]).view(features.shape)


def spectrum_by_einsum(features):
    s = torch.fft.fft2(features.double())
    n = features[0, 0].numel()
    return torch.einsum("bihw,bjhw->bij", s, s.conj()).real / n**2


def spectrum_orthonormal(features):
    s = torch.fft.fft2(features, norm="ortho").flatten(2)
    return torch.real(s @ s.conj().transpose(1, 2)) / s.shape[-1]


def spectrum_by_parts(features):
    s = torch.fft.fftn(features, dim=(-2, -1)).flatten(2) / features[0, 0].numel()
    return s.real @ s.real.mT + s.imag @ s.imag.mT


def spectrum_half_with_weights(features):
    h, w = features.shape[2:]
    half = torch.fft.rfft2(features)
    counts = torch.full((half.shape[-1],), 2.0)
    counts[0] = 1
    if w % 2 == 0:
        counts[-1] = 1
    return torch.einsum("bihw,bjhw,w->bij", half, half.conj(), counts.to(half.dtype)).real / (h * w) ** 2


def mmd_by_gram(x, y):
    def gram(f):
        return torch.einsum("bihw,bjhw->bij", f, f) / f[0, 0].numel()

    return torch.linalg.matrix_norm(gram(x) - gram(y)) ** 2


def mmd_by_einsum(x, y):
    p, q = x.flatten(2).double(), y.flatten(2).double()

    def k(a, b):
        return (torch.einsum("bcm,bcn->bmn", a, b) ** 2).mean(dim=(-2, -1))

    return k(p, p) - 2 * k(p, q) + k(q, q)


def mmd_in_loops(x, y):
    def k(a, b):
        return torch.stack([(u @ v) ** 2 for u in a for v in b]).mean()

    results = []
    for one, two in zip(x, y, strict=True):
        a, b = one.flatten(1).T, two.flatten(1).T
        results.append(k(a, a) + k(b, b) - 2 * k(a, b))
    return torch.stack(results)


def mmd_over_the_joint_kernel(x, y):
    a, b = x.flatten(2), y.flatten(2)
    z = torch.cat([a, b], 2)
    sign = torch.cat([torch.full((a.shape[2],), 1 / a.shape[2]), torch.full((b.shape[2],), -1 / b.shape[2])])
    return torch.einsum("m,bmn,n->b", sign, (z.mT @ z).pow(2), sign)


# 08_textures ------------------------------------------------------------------------------------------------------------


def count_in_loops(network, layers):
    count = 0
    for layer in layers:
        for row in range(network.channels(layer)):
            count += row + 1
    return count


def count_by_triangles(network, layers):
    return sum(torch.ones(c, c).triu().bool().sum().item() for c in map(network.channels, layers))


def count_by_running(network, layers):
    maps = network(torch.zeros(1, 3, 32, 32), layers)
    return int(sum(math.comb(maps[layer].shape[1] + 1, 2) for layer in layers))


def count_in_numpy(network, layers):
    c = np.array([network.channels(layer) for layer in layers])
    return (c * (c + 1) // 2).sum()


def targets_detached(texture, network, layers):
    maps = network(texture, layers)
    return {layer: gram_matrix(maps[layer]).detach() for layer in layers}


def targets_one_by_one(texture, network, layers):
    targets = {}
    for layer in layers:
        vectors = network(texture.detach(), layer)[layer].flatten(2).double()
        targets[layer] = torch.einsum("bim,bjm->bij", vectors, vectors) / vectors.shape[2]
    return targets


def targets_in_loops(texture, network, layers):
    maps = network(texture.clone().detach(), layers)
    return {
        name: torch.stack([torch.stack([(a * b).mean((1, 2)) for b in x.unbind(1)], 1) for a in x.unbind(1)], 1)
        for name, x in maps.items()
    }


@torch.no_grad()
def targets_under_a_decorator(texture, network, layers):
    return dict(zip(layers, [gram_matrix(network(texture, [layer])[layer]) for layer in layers], strict=True))


def texture_by_mse(features, targets):
    losses = [F.mse_loss(gram_matrix(features[k]), a) / F.mse_loss(torch.zeros_like(a), a) for k, a in targets.items()]
    return torch.stack(losses).mean()


def texture_by_norms(features, targets):
    total = 0
    for name in features:
        error = torch.linalg.matrix_norm(gram_matrix(features[name])[0] - targets[name][0])
        total = total + (error / torch.linalg.matrix_norm(targets[name][0])) ** 2
    return total / len(features)


def texture_in_double(features, targets):
    shares = []
    for name, maps in features.items():
        x, a = maps.double().flatten(2), targets[name].double()
        g = torch.einsum("bim,bjm->bij", x, x) / x.shape[2]
        shares.append(((g - a) ** 2).sum() / (a**2).sum())
    return sum(shares) / len(shares)


def texture_detached_targets(features, targets):
    loss = torch.zeros(1)
    for name, target in targets.items():
        a = target.detach()
        loss = loss + ((gram_matrix(features[name]) - a).pow(2).mean() / a.pow(2).mean()) / len(targets)
    return loss.squeeze()


def _goals(texture, network, layers):
    with torch.no_grad():
        return {layer: gram_matrix(maps) for layer, maps in network(texture, layers).items()}


def synthesize_with_closure(texture, network, layers, start, steps, rate):
    goals, pixels = _goals(texture, network, layers), torch.nn.Parameter(start.clone())
    optimizer = torch.optim.Adam([pixels], lr=rate)

    def closure():
        optimizer.zero_grad()
        loss = texture_by_mse(network(pixels, layers), goals)
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
        pixels.data.clamp_(0, 1)
    return pixels.data


def synthesize_by_hand(texture, network, layers, start, steps, rate):
    goals, x = _goals(texture, network, layers), start.clone()
    first, second = torch.zeros_like(x), torch.zeros_like(x)
    for k in range(1, steps + 1):
        leaf = x.detach().requires_grad_(True)
        (g,) = torch.autograd.grad(texture_in_double(network(leaf, layers), goals), leaf)
        first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g * g
        x = (x - rate * (first / (1 - 0.9**k)) / ((second / (1 - 0.999**k)).sqrt() + 1e-8)).clamp(0, 1).detach()
    return x


def synthesize_in_double_counting_down(texture, network, layers, start, steps, rate):
    goals = {name: gram.double() for name, gram in _goals(texture, network, layers).items()}
    image = start.detach().double().clone()
    image.requires_grad = True
    adam = torch.optim.Adam(params=[image], lr=rate)
    while steps:
        loss = texture_by_norms(network(image, layers), goals) * 1.0
        loss.backward()
        adam.step()
        adam.zero_grad(set_to_none=True)
        with torch.no_grad():
            image.copy_(image.clamp(min=0, max=1))
        steps -= 1
    return image.detach().clone()


def bn_by_torch(features):
    deviation, mean = torch.std_mean(features, dim=(2, 3), correction=0)
    return mean, deviation


def bn_by_gram(features):
    mean = features.flatten(2).mean(-1)
    return mean, (gram_matrix(features).diagonal(dim1=1, dim2=2) - mean * mean).sqrt()


def bn_in_loops(features):
    means, deviations = torch.zeros(features.shape[:2]), torch.zeros(features.shape[:2])
    for b, image in enumerate(features):
        for c, channel in enumerate(image):
            means[b, c] = channel.sum() / channel.numel()
            deviations[b, c] = ((channel - means[b, c]) ** 2).sum().div(channel.numel()).sqrt()
    return means, deviations


def bn_as_a_list_in_double(features):
    x = features.double().flatten(2)
    centered = x - x.mean(2, keepdim=True)
    return [x.mean(2), torch.linalg.vector_norm(centered, dim=2) / math.sqrt(x.shape[2])]


def bn_with_epsilon(features):
    mean = features.mean(dim=[-2, -1])
    return mean, torch.sqrt(features.var(dim=[-2, -1], unbiased=False) + 1e-8)


def sliced_in_loops(x, y, directions):
    results = []
    for one, two in zip(x, y, strict=True):
        total = 0.0
        for direction in directions:
            a = torch.einsum("c,chw->hw", direction, one).flatten().sort()[0]
            b = torch.einsum("c,chw->hw", direction, two).flatten().sort()[0]
            total = total + ((a - b) ** 2).mean()
        results.append(total / len(directions))
    return torch.stack(results)


def sliced_by_convolution(x, y, directions):
    kernel = directions[:, :, None, None]
    a, b = (F.conv2d(maps, kernel).flatten(2).sort(dim=-1, descending=True).values for maps in (x, y))
    return (a - b).pow(2).flatten(1).mean(1)


def sliced_by_gather(x, y, directions):
    a, b = ((maps.flatten(2).mT @ directions.T).mT for maps in (x, y))
    a, b = a.gather(2, a.argsort(2)), b.gather(2, b.argsort(2))
    return F.mse_loss(a, b, reduction="none").mean(dim=(1, 2))


def sliced_in_double(x, y, directions):
    d = directions.double()
    sides = [torch.sort(torch.tensordot(maps.double(), d, dims=([1], [1])).flatten(1, 2), dim=1)[0] for maps in (x, y)]
    return (sides[0] - sides[1]).square().sum((1, 2)) / (sides[0].shape[1] * d.shape[0])


# 09_losses --------------------------------------------------------------------------------------------------------------


def content_by_powers(features, target):
    return 0.5 * ((features - target) ** 2).sum()


def content_by_mse(features, target):
    return 0.5 * F.mse_loss(features, target, reduction="sum")


def content_in_loops(features, target):
    loss = 0.0
    for a, b in zip(features.flatten(), target.flatten(), strict=True):
        loss = loss + (a - b) ** 2 / 2
    return loss


def content_in_double(features, target):
    difference = (features.double() - target.detach().double()).reshape(-1)
    return difference.dot(difference).mul(0.5)


def content_by_norm(features, target):
    return torch.linalg.vector_norm(features - target).pow(2) / 2


def style_as_printed(features, target_gram):
    _, c, h, w = features.shape
    f = features.reshape(c, h * w)
    g, a = f @ f.T, target_gram[0] * (h * w)
    return ((g - a) ** 2).sum() / (4 * c**2 * (h * w) ** 2)


def style_by_einsum(features, target_gram):
    gram = torch.einsum("bihw,bjhw->bij", features, features) / features[0, 0].numel()
    return F.mse_loss(gram, target_gram) / 4


def style_in_double(features, target_gram):
    flat = features.double().flatten(2)
    error = flat @ flat.mT / flat.shape[-1] - target_gram.double()
    return 0.25 * torch.mean(error * error)


def style_in_loops(features, target_gram):
    c, total = features.shape[1], 0
    for i in range(c):
        for j in range(c):
            total = total + ((features[0, i] * features[0, j]).mean() - target_gram[0, i, j]) ** 2
    return total / (2 * c) ** 2


def weights_by_growing(layers, ratio):
    weights, weight = {}, 1.0
    for layer in layers:
        weights[layer] = weight
        weight *= ratio
    total = sum(weights.values())
    for layer in weights:
        weights[layer] /= total
    return weights


def weights_in_numpy(layers, ratio):
    raw = np.power(float(ratio), np.arange(len(layers)))
    return dict(zip(layers, raw / raw.sum(), strict=True))


def weights_as_tensors(layers, ratio):
    raw = torch.tensor(ratio) ** torch.arange(len(layers))
    return dict(zip(layers, (raw / raw.sum()).unbind(), strict=True))


def weights_by_softmax(layers, ratio):
    shares = torch.softmax(math.log(ratio) * torch.arange(len(layers), dtype=torch.float64), 0)
    return {layer: shares[k].item() for k, layer in enumerate(layers)}


def variation_by_diff(image):
    return torch.diff(image, dim=2).abs().mean() + torch.diff(image, dim=3).abs().mean()


def variation_in_double(image):
    x = image.double()
    b, c, h, w = x.shape
    down = (x[:, :, : h - 1, :] - x[:, :, 1:, :]).abs().sum() / (b * c * (h - 1) * w)
    return down + F.l1_loss(x[..., :-1], x[..., 1:])


def variation_in_loops(image):
    h, w = image.shape[2:]
    down = torch.stack([(image[:, :, i + 1] - image[:, :, i]).abs() for i in range(h - 1)])
    right = torch.stack([(image[..., j + 1] - image[..., j]).abs() for j in range(w - 1)])
    return down.mean() + right.mean()


def variation_by_convolution(image):
    planes = image.reshape(-1, 1, *image.shape[2:])
    kernel = torch.tensor([-1.0, 1.0])
    down = F.conv2d(planes, kernel.view(1, 1, 2, 1))
    return down.abs().mean() + F.conv2d(planes, kernel.view(1, 1, 1, 2)).abs().mean()


def total_in_a_loop(content, styles, weights, alpha, beta):
    total = alpha * content
    for layer in weights:
        total = total + beta * weights[layer] * styles[layer]
    return total


def total_by_stacking(content, styles, weights, alpha, beta):
    names = sorted(styles)
    e = torch.stack([styles[name] for name in names]).double()
    w = torch.tensor([weights[name] for name in names], dtype=torch.float64)
    return alpha * content + beta * (w @ e)


def total_in_place_on_a_copy(content, styles, weights, alpha, beta):
    total = content.clone()
    total *= alpha
    for name, loss in styles.items():
        total += beta * weights.get(name) * loss
    return total


def slope_by_where(features, target):
    return torch.where(features > 0, features - target, 0.0)


def slope_in_place_on_a_copy(features, target):
    gradient = (features - target).clone()
    gradient[features <= 0] = 0
    return gradient


def slope_by_autograd(features, target):
    before = features.clone().requires_grad_(True)
    loss = (before.relu() - target).pow(2).sum() / 2
    return torch.autograd.grad(loss, before)[0]


def slope_in_numpy(features, target):
    f, p = features.numpy().astype(np.float64), target.numpy()
    return np.where(f > 0, f - p, 0.0)


# 10_transfer ------------------------------------------------------------------------------------------------------------


def init_by_cases(content, noise, how, amount):
    if how == "content":
        start = content.clone()
    elif how == "noise":
        start = noise.clone()
    else:
        start = (1 - amount) * content + amount * noise
    start = start.clamp(0, 1).detach()
    start.requires_grad = True
    return start


def init_by_lerp(content, noise, how, amount):
    share = {"content": 0.0, "noise": 1.0, "mixed": amount}[how]
    return torch.lerp(content, noise, share).clamp_(0, 1).requires_grad_()


def init_as_parameter(content, noise, how, amount):
    choices = {"content": content, "noise": noise, "mixed": content + amount * (noise - content)}
    return nn.Parameter(choices[how].clone().clamp_(min=0, max=1))


def init_in_double(content, noise, how, amount):
    choices = {"content": content, "noise": noise, "mixed": content * (1 - amount) + noise * amount}
    return torch.tensor(choices[how].double().numpy().clip(0, 1).copy(), requires_grad=True)


def step_by_backward(image, loss, rate):
    x = image.clone().detach().requires_grad_(True)
    loss(x).backward()
    return (x - rate * x.grad).detach()


def step_under_no_grad(image, loss, rate):
    x = image.clone().requires_grad_()
    loss(x).backward()
    with torch.no_grad():
        x -= rate * x.grad
    return x.detach()


def step_by_sgd(image, loss, rate):
    x = nn.Parameter(image.clone())
    optimizer = torch.optim.SGD([x], lr=rate)
    loss(x).backward()
    optimizer.step()
    return x.data


def step_by_functional(image, loss, rate):
    return image - rate * torch.autograd.functional.jacobian(loss, image)


def closure_setting_none(image, optimizer, loss):
    def evaluate():
        image.grad = None
        value = loss(image)
        value.backward()
        return value

    return evaluate


def closure_clearing_in_between(image, optimizer, loss):
    def evaluate():
        value = loss(image)
        optimizer.zero_grad(set_to_none=False)
        value.backward()
        return value.detach()

    return evaluate


class ClosureObject:
    def __init__(self, image, optimizer, loss):
        self.image, self.optimizer, self.loss = image, optimizer, loss

    def __call__(self):
        with torch.enable_grad():
            self.optimizer.zero_grad()
            value = self.loss(self.image)
            value.backward()
        return value


def closure_as_object(image, optimizer, loss):
    return ClosureObject(image, optimizer, loss)


def closure_by_autograd(image, optimizer, loss):
    def evaluate():
        value = loss(image)
        (image.grad,) = torch.autograd.grad(value, image)
        return value

    return evaluate


def transfer_with_closure(image, loss, steps, rate):
    x = image.clone().requires_grad_()
    adam = torch.optim.Adam([x], rate)
    history = []

    def closure():
        adam.zero_grad()
        value = loss(x)
        value.backward()
        history.append(float(value))
        return value

    while len(history) < steps:
        adam.step(closure)
        x.data.clamp_(0, 1)
    return x.detach(), history


def transfer_as_list(image, loss, steps, rate):
    x = nn.Parameter(image.detach().clone())
    adam = torch.optim.Adam([x], lr=rate)
    losses = np.zeros(steps)
    for k in range(steps):
        value = loss(x)
        adam.zero_grad(set_to_none=False)
        value.backward()
        adam.step()
        x.data = x.data.clip(0, 1)
        losses[k] = value.item()
    return [x.data.clone(), losses.tolist()]


def transfer_by_hand(image, loss, steps, rate):
    x, m, v, losses = image.double().clone(), 0.0, 0.0, []
    for t in range(1, steps + 1):
        leaf = x.to(image.dtype).requires_grad_(True)
        value = loss(leaf)
        g = torch.autograd.grad(value, leaf)[0].double()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        x = (x - rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)).clamp(0, 1)
        losses.append(value.detach())
    return x, losses


# 14_dreams --------------------------------------------------------------------------------------------------------------


def objective_by_cases(features, channel, position):
    match (channel, position):
        case (None, _):
            return 0.5 * (features**2).mean()
        case (_, None):
            return features.mean((2, 3))[:, channel].mean()
        case (_, (row, column)):
            return features[..., row, column].mean(0)[channel]


def objective_in_loops(features, channel, position):
    images, channels, height, width = features.shape
    total, count = 0.0, 0
    for b in range(images):
        for c in range(channels) if channel is None else [channel]:
            for y in range(height) if position is None else [position[0]]:
                for x in range(width) if position is None else [position[1]]:
                    value = features[b, c, y, x]
                    total, count = total + (value * value / 2 if channel is None else value), count + 1
    return total / count


def objective_by_masks(features, channel, position):
    if channel is None:
        return torch.einsum("bchw, bchw ->", features, features) / (2 * features.numel())
    mask = torch.zeros_like(features)
    mask[(slice(None), channel, *(position or ()))] = 1
    return (features * mask).sum() / mask.sum()


def objective_in_double(features, channel, position):
    x = features.double()
    if channel is None:
        return x.pow(2).sum().div(2 * x.numel())
    x = x.select(1, channel)
    return x.mean() if position is None else x.select(1, position[0]).select(1, position[1]).mean()


def jitter_axis_by_axis(image, slope, down, right):
    shifted = torch.roll(torch.roll(image, down, 2), right, 3)
    return torch.roll(torch.roll(slope(shifted), -right, -1), -down, -2)


def jitter_by_index(image, slope, down, right):
    rows, columns = ((torch.arange(n) - shift) % n for n, shift in zip(image.shape[2:], (down, right), strict=True))
    gradient = slope(image[:, :, rows][..., columns])
    back = torch.empty_like(gradient)
    back[:, :, rows[:, None], columns] = gradient
    return back


def jitter_in_numpy(image, slope, down, right):
    moved = torch.from_numpy(np.roll(image.numpy(), (down, right), axis=(-2, -1)))
    return torch.from_numpy(np.roll(slope(moved).numpy(), (-down, -right), axis=(-2, -1)))


def jitter_by_cutting(image, slope, down, right):
    height, width = image.shape[2:]
    down, right = down % height, right % width

    def turned(x, y, z):
        x = torch.cat([x[:, :, y:], x[:, :, :y]], 2)
        return torch.cat([x[..., z:], x[..., :z]], 3)

    return turned(slope(turned(image, height - down, width - right)), down, right)


def ascend_in_numpy(image, gradient, step):
    size = np.abs(gradient.numpy()).mean()
    return torch.from_numpy(np.clip(image.numpy() + step / max(size, 1e-12) * gradient.numpy(), 0, 1))


def ascend_with_a_little_more(image, gradient, step):
    unit = gradient / (gradient.abs().mean() + 1e-8)
    return torch.clamp(image + unit * step, min=0.0, max=1.0)


def ascend_by_norm(image, gradient, step):
    size = torch.linalg.vector_norm(gradient.flatten(), ord=1) / gradient.numel()
    return torch.addcdiv(image, gradient, size, value=step).clamp(0, 1)


def ascend_in_place_on_a_copy(image, gradient, step):
    moved = image.double().clone()
    moved += gradient.double() * (step * gradient.numel() / gradient.abs().double().sum())
    moved[moved < 0] = 0
    moved[moved > 1] = 1
    return moved


def octaves_from_zeros(image, climb, sizes):
    details = torch.zeros_like(image)
    for size in sizes:
        base = F.interpolate(image, size=size, mode="bilinear")
        details = climb(base + F.interpolate(details, size=size, mode="bilinear")) - base
    return base + details


def octaves_recursively(image, climb, sizes):
    *smaller, size = sizes
    base = F.interpolate(image, size, mode="bilinear", align_corners=False)
    if not smaller:
        return climb(base)
    before = octaves_recursively(image, climb, smaller)
    small = F.interpolate(image, smaller[-1], mode="bilinear", align_corners=False)
    return climb(base + F.interpolate(before - small, size, mode="bilinear", align_corners=False))


def octaves_with_a_pyramid(image, climb, sizes):
    def zoom(x, size):
        return torch.nn.Upsample(size=tuple(size), mode="bilinear")(x)

    pyramid = [zoom(image, size) for size in sizes]
    added = torch.zeros_like(pyramid[0])
    for base in pyramid:
        start = base.clone()
        start += zoom(added, base.shape[2:])
        added = climb(start).sub(base)
    return pyramid[-1].add(added)


def octaves_by_the_sum_of_strokes(image, climb, sizes):
    strokes = None  # each size's own ones, enlarged together: the same, for enlarging is linear
    for size in sizes:
        start = F.interpolate(image, size=tuple(size), mode="bilinear")
        carried = 0 if strokes is None else F.interpolate(strokes, size=tuple(size), mode="bilinear")
        result = climb(start + carried)
        strokes = carried + (result - (start + carried))
    return result


def waves_in_loops(numbers, width):
    height = numbers.shape[2]
    scaled = numbers.clone()
    for k in range(height):
        for m in range(numbers.shape[3]):
            f = math.sqrt((min(k, height - k) / height) ** 2 + (m / width) ** 2)
            scaled[:, :, k, m] *= math.sqrt(height * width) / max(f, 1 / max(height, width))
    return torch.fft.irfft2(scaled, s=(height, width))


def waves_by_matrices(numbers, width):
    height, half = numbers.shape[2:]
    numbers = numbers.to(torch.complex128)
    k, m = torch.arange(height), torch.arange(half)
    f = torch.hypot(torch.minimum(k, height - k)[:, None] / height, m / width).clamp(min=1 / max(height, width))
    twice = torch.where((m == 0) | (2 * m == width), 1.0, 2.0)  # waves that the other half of the spectrum mirrors
    down = torch.exp(2j * torch.pi * (k[:, None] * k).double() / height)
    right = torch.exp(2j * torch.pi * (torch.arange(width)[:, None] * m).double() / width)
    weighted = numbers * twice / f / (height * width) ** 0.5
    return torch.einsum("yk, bckm, xm -> bcyx", down, weighted, right).real


def waves_orthonormal(numbers, width):
    height = numbers.shape[2]
    down, right = torch.meshgrid(torch.fft.fftfreq(height), torch.fft.rfftfreq(width), indexing="ij")
    f = (down.square() + right.square()).sqrt()
    f[0, 0] = 0  # as it is; the least comes next
    return torch.fft.irfft2(numbers / torch.clamp(f, min=1 / max(height, width)), s=(height, width), norm="ortho")


def waves_axis_by_axis(numbers, width):
    height = numbers.shape[2]
    f = torch.fft.fftfreq(height).abs()[:, None].hypot(torch.fft.rfftfreq(width))
    weight = (height * width) ** 0.5 / torch.where(f < 1 / max(height, width), 1 / max(height, width), f)
    return torch.fft.irfft(torch.fft.ifft(numbers * weight, dim=2), n=width, dim=3)


def colors_by_convolution(image, matrix):
    return F.conv2d(image, (matrix / matrix.norm(dim=0).max())[:, :, None, None])


def colors_in_loops(image, matrix):
    longest = max(math.sqrt(sum(float(matrix[i, j]) ** 2 for i in range(3))) for j in range(3))
    mixed = [sum(matrix[i, j] / longest * image[:, j] for j in range(3)) for i in range(3)]
    return torch.stack(mixed, 1)


def colors_by_moving_axes(image, matrix):
    scaled = matrix.double() / (matrix.double() ** 2).sum(0).max().sqrt()
    return (image.double().movedim(1, -1) @ scaled.T).movedim(-1, 1)


def colors_flattened(image, matrix):
    scaled = matrix / torch.linalg.norm(matrix, dim=0).amax()
    return (scaled @ image.flatten(2)).reshape(image.shape)


# 11_frequency -----------------------------------------------------------------------------------------------------------


def low_by_matrices(image, sigma):
    def matrix(size):
        radius = math.ceil(3 * sigma)
        bell = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=image.dtype) / sigma) ** 2)
        places = (torch.arange(size)[:, None] + torch.arange(-radius, radius + 1)).clamp(0, size - 1)
        return torch.zeros(size, size, dtype=image.dtype).scatter_add(1, places, (bell / bell.sum()).expand(size, -1))

    return matrix(image.shape[2]) @ image @ matrix(image.shape[3]).T


def low_in_loops(image, sigma):
    radius = math.ceil(3 * sigma)
    weights = [math.exp(-(d**2) / (2 * sigma**2)) for d in range(-radius, radius + 1)]
    for axis in (2, 3):
        size = image.shape[axis]
        rows = [
            sum(w * image.select(axis, min(max(k + d - radius, 0), size - 1)) for d, w in enumerate(weights))
            for k in range(size)
        ]
        image = torch.stack(rows, axis) / sum(weights)
    return image


def low_by_unfold(image, sigma):
    radius = math.ceil(3 * sigma)
    bell = torch.exp(-(torch.arange(-radius, radius + 1).double() ** 2) / (2 * sigma**2))
    bell = bell / bell.sum()
    windows = F.pad(image.double(), (radius,) * 4, mode="replicate").unfold(2, len(bell), 1).unfold(3, len(bell), 1)
    return torch.einsum("bchwij,i,j->bchw", windows, bell, bell)


def high_by_parts(image, sigma):
    return -1.0 * (blur_by_groups(image, sigma) - image)


def high_by_the_dot(image, sigma):
    radius = math.ceil(3 * sigma)
    x = torch.arange(-radius, radius + 1).to(image.dtype)
    square = torch.exp(-(x[:, None] ** 2 + x**2) / (2 * sigma**2))
    kernel = -square / square.sum()
    kernel[radius, radius] += 1
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    return F.conv2d(padded, kernel.repeat(image.shape[1], 1, 1, 1), groups=image.shape[1])


def high_in_place_on_a_copy(image, sigma):
    high = image.clone()
    high -= low_by_matrices(image, sigma)
    return high


def high_of_a_wider_bell(image, sigma):
    radius = int(4 * sigma + 0.5)
    bell = torch.exp(-0.5 * (torch.arange(-radius, radius + 1).to(image) / sigma) ** 2)
    row = (bell / bell.sum()).repeat(image.shape[1], 1, 1, 1)
    padded = F.pad(image, (radius,) * 4, mode="replicate")
    return image - F.conv2d(F.conv2d(padded, row, groups=len(row)), row.mT, groups=len(row))


def high_in_double(image, sigma):
    return image.double() - low_by_unfold(image, sigma)


def bands_in_a_loop(image, sigmas):
    bands, before = [], image
    for sigma in sigmas:
        blurred = blur_by_groups(image, sigma)
        bands.append(before - blurred)
        before = blurred
    bands.append(before)
    return bands


def bands_as_a_tuple(image, sigmas):
    high = [high_by_parts(image, sigma) for sigma in sigmas]
    return (high[0], *(b - a for a, b in itertools.pairwise(high)), image - high[-1])


def bands_by_diff(image, sigmas):
    stack = torch.stack([image, *(low_by_matrices(image, sigma) for sigma in sigmas), torch.zeros_like(image)])
    return list(-stack.diff(dim=0))


def bands_stacked(image, sigmas):
    return torch.stack(bands_in_a_loop(image, sigmas))


def radial_by_index_add(image, bins):
    height, width = image.shape[2:]
    fineness = torch.sqrt(torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.fftfreq(width) ** 2)
    ring = (fineness * 2 * bins).round().long().flatten()
    power = torch.fft.fft2(image, norm="ortho").abs().square().flatten(2)
    total = torch.zeros(*power.shape[:2], int(ring.max()) + 1, dtype=power.dtype).index_add(2, ring, power)
    return torch.linspace(0, 0.5, bins + 1)[1:], (total / ring.bincount())[..., 1 : bins + 1]


def radial_shifted_twice(image, bins):
    height, width = image.shape[2:]
    y, x = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    fineness = torch.hypot((y / height)[:, None], x / width)
    power = torch.fft.fftshift(torch.fft.fft2(image), dim=(2, 3)).abs() ** 2 / (height * width)
    means = [power[:, :, (2 * bins * fineness - k).abs() < 0.5].mean(2) for k in range(1, bins + 1)]
    return torch.tensor([k / (2 * bins) for k in range(1, bins + 1)]), torch.stack(means, 2)


def radial_in_numpy(image, bins):
    array = image.numpy().astype(np.float64)
    height, width = array.shape[2:]
    power = np.abs(np.fft.fft2(array - array.mean((2, 3), keepdims=True))) ** 2 / (height * width)
    fineness = np.hypot(*np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij"))
    rings = np.floor(fineness * 2 * bins + 0.5).astype(int)
    return np.arange(1, bins + 1) / (2 * bins), np.stack(
        [power[..., rings == k].mean(-1) for k in range(1, bins + 1)], -1
    )


def radial_of_half_with_weights(image, bins):
    height, width = image.shape[2:]
    power = torch.fft.rfft2(image).abs() ** 2 / (height * width)
    counts = torch.full((height, width // 2 + 1), 2.0)
    counts[:, 0] = 1
    if width % 2 == 0:
        counts[:, -1] = 1
    ring = (2 * bins * torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width))).round()
    means = [(power * counts * (ring == k)).sum((2, 3)) / (counts * (ring == k)).sum() for k in range(1, bins + 1)]
    return [k / bins / 2 for k in range(1, bins + 1)], torch.stack(means, -1)


def _ramp(fineness, cutoff):
    return torch.clamp((torch.log2(fineness) - math.log2(cutoff) + 1) / 2, 0, 1) * math.pi / 2


def frame_band_by_band(image, cutoffs):
    height, width = image.shape[2:]
    fineness = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)).to(image.dtype)
    rest, bands = torch.fft.rfft2(image), []
    for cutoff in cutoffs:
        angle = _ramp(fineness, cutoff)
        bands.append(torch.fft.irfft2(rest * torch.sin(angle), s=(height, width)))
        rest = rest * torch.cos(angle)
    return [*bands, torch.fft.irfft2(rest, s=(height, width))]


def frame_in_full(image, cutoffs):
    height, width = image.shape[2:]
    fineness = torch.sqrt(torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.fftfreq(width)[None] ** 2)
    low = [torch.cos(_ramp(fineness.double(), cutoff)) for cutoff in cutoffs]
    responses, left = [], torch.ones_like(low[0])
    for one in low:
        responses.append(left * (1 - one**2).clamp(min=0).sqrt())
        left = left * one
    spectrum = torch.fft.fft2(image.double())
    return [torch.fft.ifft2(spectrum * response).real for response in (*responses, left)]


def frame_shifted_twice(image, cutoffs):
    height, width = image.shape[2:]
    y, x = torch.arange(height) - height // 2, torch.arange(width) - width // 2
    fineness = torch.hypot((y / height)[:, None], x / width)
    rest, bands = torch.fft.fftshift(torch.fft.fft2(image), dim=(-2, -1)), []
    for cutoff in cutoffs:
        bands.append(rest * torch.sin(_ramp(fineness, cutoff)))
        rest = rest * torch.cos(_ramp(fineness, cutoff))
    return tuple(torch.fft.ifft2(torch.fft.ifftshift(band, dim=(-2, -1))).real for band in (*bands, rest))


def amplitude_by_scaling(image, other):
    own, foreign = torch.fft.fft2(image), torch.fft.fft2(other)
    return torch.fft.ifft2(own / own.abs() * foreign.abs()).real


def amplitude_by_exponential(image, other):
    angle = torch.angle(torch.fft.fft2(image.double()))
    return torch.real(torch.fft.ifft2(torch.fft.fft2(other.double()).abs() * torch.exp(1j * angle)))


def amplitude_in_numpy(image, other):
    angle, size = np.angle(np.fft.fft2(image.numpy())), np.abs(np.fft.fft2(other.numpy()))
    return np.fft.ifft2(size * (np.cos(angle) + 1j * np.sin(angle))).real


def amplitude_channel_by_channel(image, other):
    result = torch.empty_like(image)
    for b in range(image.shape[0]):
        for c in range(image.shape[1]):
            angle = torch.fft.rfft2(image[b, c]).angle()
            size = torch.fft.rfft2(other[b, c]).abs()
            result[b, c] = torch.fft.irfft2(torch.complex(size * angle.cos(), size * angle.sin()), s=image.shape[2:])
    return result


# 15_engine --------------------------------------------------------------------------------------------------------------


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


def winograd_by_matrices(inputs, kernel):
    b = torch.tensor([[1.0, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]).to(inputs)
    g = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]).to(inputs)
    a = torch.tensor([[1.0, 1, 1, 0], [0, 1, -1, -1]]).to(inputs)
    products = (g @ kernel) * (b @ inputs)
    return a @ products, products


def winograd_by_solving(inputs, kernel):
    first = inputs[0] * kernel[0] + inputs[1] * kernel[1] + inputs[2] * kernel[2]
    second = inputs[1] * kernel[0] + inputs[2] * kernel[1] + inputs[3] * kernel[2]
    m1, m4 = (inputs[0] - inputs[2]) * kernel[0], (inputs[1] - inputs[3]) * kernel[2]
    together, apart = first - m1, second + m4
    return [torch.stack([first, second]), torch.stack([m1, (together + apart) / 2, (together - apart) / 2, m4])]


def winograd_in_floats(inputs, kernel):
    d, g = inputs.tolist(), kernel.tolist()
    m = [
        (d[0] - d[2]) * g[0],
        (d[1] + d[2]) * sum(g) * 0.5,
        (d[2] - d[1]) * (g[0] - g[1] + g[2]) * 0.5,
        (d[1] - d[3]) * g[2],
    ]
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]], m


def winograd_in_numpy(inputs, kernel):
    d0, d1, d2, d3 = inputs.double().numpy()
    g0, g1, g2 = kernel.double().numpy()
    m2, m3 = (d1 + d2) / 2 * (g0 + g1 + g2), (d1 - d2) / 2 * (g1 - g0 - g2)
    m = np.array([(d0 - d2) * g0, m2, m3, (d1 - d3) * g2])
    return np.array([m[:3].sum(), m2 - m3 - m[3]]), m


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


def average_of_copies(iterates, decay):
    copies = [image.clone() for image in iterates]
    weights = [decay**age for age in reversed(range(len(copies)))]
    return sum(weight * image for weight, image in zip(weights, copies, strict=True)) / sum(weights)


def average_in_place(iterates, decay):
    average, t = None, 0
    for image in iterates:
        average = torch.zeros_like(image) if average is None else average
        average.mul_(decay).add_(image, alpha=1 - decay)
        t += 1
    return average.div_(1 - decay**t)


def average_corrected_in_each_step(iterates, decay):
    average = 0.0
    for t, image in enumerate(iterates, start=1):
        average = average + (1 - decay) / (1 - decay**t) * (image - average)
    return average


def average_by_lerp(iterates, decay):
    iterator = iter(iterates)
    average, t = next(iterator).double() * (1 - decay), 1
    for image in iterator:
        average = torch.lerp(average, image.double(), 1 - decay)
        t += 1
    return average / (1 - decay**t)


def average_in_numpy(iterates, decay):
    average, t = 0.0, 0
    for image in iterates:
        average, t = decay * average + (1 - decay) * image.numpy(), t + 1
    return average / (1 - decay**t)


def _smooth(image, size):
    return F.interpolate(image, size, mode="bicubic", antialias=True)


def prolong_by_parts(coarse, fine):
    """Resizing is linear, so the change may be taken at the fine size, too."""
    detail = fine - _smooth(_smooth(fine, coarse.shape[-2:]), fine.shape[-2:])
    return torch.clamp(_smooth(coarse, fine.shape[-2:]) + detail, 0, 1)


def prolong_channel_by_channel(coarse, fine):
    result = torch.empty_like(fine)
    for image in range(len(fine)):
        for channel in range(fine.shape[1]):
            where = (slice(image, image + 1), slice(channel, channel + 1))
            change = coarse[where] - _smooth(fine[where], tuple(coarse.shape[2:]))
            result[where] = fine[where] + _smooth(change, tuple(fine.shape[2:]))
    return result.clip(0, 1)


def prolong_in_double(coarse, fine):
    change = coarse.double() - _smooth(fine.double(), coarse.shape[2:])
    return (fine.double() + _smooth(change, fine.shape[2:])).clamp(0, 1).to(fine.dtype)


def prolong_in_place_on_a_copy(coarse, fine):
    image = fine.clone()
    image += _smooth(coarse - _smooth(image, coarse.shape[2:]), fine.shape[2:])
    return image.clamp_(0, 1)


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


# 12_dual_channel --------------------------------------------------------------------------------------------------------


def structure_in_loops(features, floor):
    rows = []
    for image in features:
        channels = []
        for channel in image:
            centered = channel - channel.sum() / channel.numel()
            channels.append(centered / ((centered**2).sum() / channel.numel() + floor) ** 0.5)
        rows.append(torch.stack(channels))
    return torch.stack(rows)


def structure_by_instance_norm(features, floor):
    return F.instance_norm(features, eps=floor)


def structure_by_torch_var(features, floor):
    flat = features.flatten(2)
    found = (flat - flat.mean(2, keepdim=True)) * (flat.var(2, keepdim=True, unbiased=False) + floor).rsqrt()
    return found.view(features.shape)


def structure_by_second_moment(features, floor):
    mean = features.mean(dim=(-2, -1), keepdim=True)
    variance = (features**2).mean(dim=(-2, -1), keepdim=True) - mean**2
    return (features - mean) / torch.sqrt(variance + floor)


def band_losses_in_a_loop(bands, target_bands, weights):
    scale = 0.0
    for target in target_bands:
        scale = scale + (target**2).mean()
    return torch.stack(
        [w * ((b - t) ** 2).mean() / scale for b, t, w in zip(bands, target_bands, weights, strict=True)]
    )


def band_losses_stacked(bands, target_bands, weights):
    found, wanted = torch.stack(tuple(bands)), torch.stack(tuple(target_bands))
    axes = tuple(range(1, found.ndim))
    energy = wanted.square().sum() / wanted[0].numel()
    return (found - wanted).square().mean(axes) * torch.tensor(weights, dtype=found.dtype) / energy


def bands_from_sums(bands, target_bands, weights):
    scale = torch.cat([t.flatten() for t in target_bands]).square().sum()
    parts = [w * (b - t).square().sum() / scale for w, b, t in zip(weights, bands, target_bands, strict=True)]
    return torch.cat([part[None] for part in parts])


def null_by_backward(loss, other, image):
    slopes, values = [], []
    for function in (loss, other):
        x = image.clone().requires_grad_()
        value = function(x)
        value.backward()
        slopes.append(x.grad)
        values.append(value.item())
    gradient = torch.linalg.vector_norm(slopes[1] - slopes[0]) / torch.linalg.vector_norm(slopes[0])
    return abs(values[0] - values[1]) / abs(values[0]), gradient.item()


def null_as_tensors(loss, other, image):
    x = image.detach().requires_grad_(True)
    a, b = loss(x), other(x)
    (da,), (db,) = torch.autograd.grad(a, x), torch.autograd.grad(b, x)
    return (b - a).abs() / a.abs(), ((db - da) ** 2).sum().sqrt() / (da**2).sum().sqrt()


def null_of_the_difference(loss, other, image):
    x = image.clone().requires_grad_(True)
    (gap,) = torch.autograd.grad(loss(x) - other(x), x)
    (known,) = torch.autograd.grad(loss(x), x)
    return [abs(1 - (other(x) / loss(x)).item()), (gap.norm() / known.norm()).item()]


def null_in_numpy(loss, other, image):
    found = []
    for function in (loss, other):
        x = image.detach().clone().requires_grad_(True)
        value = function(x)
        (slope,) = torch.autograd.grad(value, x)
        found.append((value.item(), slope.numpy().ravel()))
    (a, da), (b, db) = found
    return float(np.abs(b - a) / np.abs(a)), float(np.linalg.norm(db - da) / np.linalg.norm(da))


def scores_in_loops(grid):
    scenes, styles, channels = grid.shape[:3]
    found = []
    for c in range(channels):
        maps = grid[:, :, c]
        mean = maps.mean((0, 1))
        a = styles * sum(((maps[i].mean(0) - mean) ** 2).sum() for i in range(scenes))
        b = scenes * sum(((maps[:, j].mean(0) - mean) ** 2).sum() for j in range(styles))
        found.append((a / (a + b)).item() if a + b > 0 else 0.5)
    return torch.tensor(found)


def scores_in_numpy(grid):
    array = grid.numpy()
    mean = array.mean((0, 1), keepdims=True)
    a = ((array.mean(1, keepdims=True) - mean + 0 * array) ** 2).sum((0, 1, 3, 4))
    b = ((array.mean(0, keepdims=True) - mean + 0 * array) ** 2).sum((0, 1, 3, 4))
    whole = a + b
    return np.where(whole > 0, a / np.where(whole > 0, whole, 1), 0.5)


def scores_by_var(grid):
    flat = grid.double().flatten(3)
    a = flat.mean(1).var(0, unbiased=False).sum(1)
    b = flat.mean(0).var(0, unbiased=False).sum(1)
    return torch.nan_to_num(a / (a + b), nan=0.5).float()


def dual_by_mse(image, content, gram, layer, band, weights):
    features, wanted = layer(image), normalized(layer(content))
    details = band(content)
    texture = gram_matrix(features)
    return (
        weights[0] * F.mse_loss(normalized(features), wanted) / F.mse_loss(wanted, torch.zeros_like(wanted))
        + weights[1] * F.mse_loss(band(image), details) / F.mse_loss(details, torch.zeros_like(details))
        + weights[2] * F.mse_loss(texture, gram) / F.mse_loss(gram, torch.zeros_like(gram))
    )


def dual_by_sums(image, content, gram, layer, band, weights):
    with torch.no_grad():
        targets = normalized(layer(content)), band(content), gram
    features = layer(image)
    b, c, h, w = features.shape
    vectors = features.reshape(b, c, h * w)
    found = normalized(features), band(image), torch.einsum("bip,bjp->bij", vectors, vectors) / (h * w)
    total = 0
    for weight, x, t in zip(weights, found, targets, strict=True):
        total = total + weight * ((x - t) ** 2).sum() / (t**2).sum()
    return total


def dual_in_double(image, content, gram, layer, band, weights):
    return dual_by_sums(image.double(), content.double(), gram.double(), layer, band, weights).to(image.dtype)


# 13_evaluation ----------------------------------------------------------------------------------------------------------


def _bell(dtype=torch.float64):
    x = torch.arange(-5, 6, dtype=dtype)
    bell = torch.exp(-(x**2) / (2 * 1.5**2))
    return bell / bell.sum()


def ssim_by_valid_windows(image, reference):
    b, c, h, w = image.shape
    kernel = torch.outer(_bell(), _bell())[None, None]
    x, y = (each.double().reshape(b * c, 1, h, w) for each in (image, reference))
    mx, my = F.conv2d(x, kernel), F.conv2d(y, kernel)
    vx, vy = F.conv2d(x * x, kernel) - mx * mx, F.conv2d(y * y, kernel) - my * my
    cov = F.conv2d(x * y, kernel) - mx * my
    found = (2 * mx * my + 0.01**2) * (2 * cov + 0.03**2) / ((mx**2 + my**2 + 0.01**2) * (vx + vy + 0.03**2))
    return found.reshape(b, -1).mean(1)


def ssim_by_scikit_image(image, reference):
    from skimage.metrics import structural_similarity

    settings = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    pairs = zip(image.numpy(), reference.numpy(), strict=True)
    return np.array([structural_similarity(x, y, channel_axis=0, **settings) for x, y in pairs])


def ssim_in_loops(image, reference):
    bell = _bell().numpy()
    weights = np.outer(bell, bell)
    found = []
    for x, y in zip(image.double().numpy(), reference.double().numpy(), strict=True):
        values = []
        for c, i, j in itertools.product(range(x.shape[0]), range(x.shape[1] - 10), range(x.shape[2] - 10)):
            p, q = x[c, i : i + 11, j : j + 11], y[c, i : i + 11, j : j + 11]
            mp, mq = (weights * p).sum(), (weights * q).sum()
            vp, vq = (weights * (p - mp) ** 2).sum(), (weights * (q - mq) ** 2).sum()
            cov = (weights * (p - mp) * (q - mq)).sum()
            light = (2 * mp * mq + 1e-4) / (mp**2 + mq**2 + 1e-4)
            values.append(light * (2 * cov + 9e-4) / (vp + vq + 9e-4))
        found.append(sum(values) / len(values))
    return torch.tensor(found)


def ssim_in_three_factors(image, reference):
    c1, c2 = 1e-4, 9e-4
    mx, my = low_pass(image, 1.5), low_pass(reference, 1.5)
    vx = (low_pass(image**2, 1.5) - mx**2).clamp(min=0)
    vy = (low_pass(reference**2, 1.5) - my**2).clamp(min=0)
    cov = low_pass(image * reference, 1.5) - mx * my
    deviations = vx.sqrt() * vy.sqrt()
    light, contrast = (2 * mx * my + c1) / (mx**2 + my**2 + c1), (2 * deviations + c2) / (vx + vy + c2)
    whole = light * contrast * (cov + c2 / 2) / (deviations + c2 / 2)
    height, width = image.shape[-2:]
    return torch.stack([each[:, 5 : height - 5, 5 : width - 5].mean() for each in whole])


def edges_by_scikit_image(image, reference):
    def edges(x):
        gray = 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
        return sobel_edges(gray) * 2

    return ssim_by_scikit_image(edges(image.double()), edges(reference.double()))


def edges_image_by_image(image, reference):
    found = []
    for x, y in zip(image, reference, strict=True):
        grays = [torch.einsum("c,chw->hw", each.new_tensor([0.299, 0.587, 0.114]), each) for each in (x, y)]
        steep = [sobel_edges(gray[None, None]) / 0.5 for gray in grays]
        found.append(ssim_by_valid_windows(*steep)[0])
    return torch.stack(found)


def edges_by_kernels(image, reference):
    across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).to(image)
    kernel = torch.stack([across, across.T])[:, None] / 4

    def edges(x):
        gray = (x * x.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
        return F.conv2d(F.pad(gray, (1, 1, 1, 1), mode="replicate"), kernel).norm(dim=1, keepdim=True)

    return ssim_in_three_factors(edges(image), edges(reference))


def edges_with_smaller_constants(image, reference):
    return metrics.ssim(sobel_edges(luminance(image)), sobel_edges(luminance(reference)), value_range=0.5)


def heldout_in_loops(image, style, network, layers):
    total = 0.0
    for layer in layers:
        g, t = (gram_matrix(network(x, layer)[layer])[0] for x in (image, style))
        total += ((g - t) ** 2).sum().item() / (t**2).sum().item()
    return total / len(layers)


def heldout_as_tensor(image, style, network, layers):
    distances = []
    for a, b in zip(network(image, layers).values(), network(style, layers).values(), strict=True):
        g, t = (torch.einsum("bchw,bdhw->bcd", x, x) / (x.shape[2] * x.shape[3]) for x in (a, b))
        distances.append(F.mse_loss(g, t) / t.pow(2).mean())
    return torch.stack(distances).mean()


def heldout_after_johnson(image, style, network, layers):
    def gram(x):
        vectors = x.flatten(2)
        return vectors @ vectors.mT / x[0].numel()

    with torch.no_grad():
        found, wanted = network.fast(image, layers), network.fast(style, layers)
    return np.mean([float((gram(found[n]) - gram(wanted[n])).norm() / gram(wanted[n]).norm()) ** 2 for n in layers])


def heldout_in_double(image, style, network, layers):
    return heldout_as_tensor(image.double(), style.double(), network, layers).item()


def front_in_loops(points):
    found = []
    for p in points:
        beaten = False
        for q in points:
            if all(b <= a for a, b in zip(p, q, strict=True)) and any(b < a for a, b in zip(p, q, strict=True)):
                beaten = True
        found.append(not beaten)
    return np.array(found)


def front_in_torch(points):
    p = torch.from_numpy(points)
    rival = (p.unsqueeze(1) <= p).all(-1) & (p.unsqueeze(1) != p).any(-1)
    return torch.logical_not(rival.any(0))


def front_as_list(points):
    rows = [tuple(map(float, point)) for point in points]
    return [not any(q != p and all(b <= a for a, b in zip(p, q, strict=True)) for q in rows) for p in rows]


def front_by_elimination(points):
    left = np.ones(len(points), dtype=bool)
    for k in np.argsort(points.sum(1)):
        if left[k]:
            worse = np.all(points >= points[k], axis=1) & np.any(points > points[k], axis=1)
            left[worse] = False
    return left


def ahead_in_loops(styles, contents, base_styles, base_contents):
    def read(x, y, at):
        points = sorted(zip(x.tolist(), y.tolist(), strict=True))
        for (a, p), (b, q) in itertools.pairwise(points):
            if a <= at * (1 + 1e-12) and at <= b * (1 + 1e-12):
                return p + (q - p) * math.log(at / a) / math.log(b / a)
        raise AssertionError

    low, high = max(min(styles), min(base_styles)), min(max(styles), max(base_styles))
    if low > high:
        return float("nan")
    levels = [low * (high / low) ** (k / 8) for k in range(9)]
    return sum(read(styles, contents, at) - read(base_styles, base_contents, at) for at in levels) / 9


def ahead_in_decades(styles, contents, base_styles, base_contents):
    x, u = np.log10(styles), np.log10(base_styles)
    low, high = max(x.min(), u.min()), min(x.max(), u.max())
    if high < low:
        return np.nan
    at = np.linspace(low, high, 9)
    mine = np.interp(at, np.sort(x), contents[np.argsort(x)])
    return (mine - np.interp(at, np.sort(u), base_contents[np.argsort(u)])).mean()


def ahead_in_torch(styles, contents, base_styles, base_contents):
    def curve(x, y):
        order = np.argsort(x)
        return torch.tensor(np.log(x[order])), torch.tensor(y[order])

    (x, y), (u, v) = curve(styles, contents), curve(base_styles, base_contents)
    low, high = torch.maximum(x[0], u[0]), torch.minimum(x[-1], u[-1])
    if low > high:
        return torch.tensor(float("nan"))
    at = low + (high - low) * torch.arange(9) / 8

    def read(a, b):
        k = torch.searchsorted(a, at).clamp(1, len(a) - 1)
        return b[k - 1] + (b[k] - b[k - 1]) * (at - a[k - 1]) / (a[k] - a[k - 1])

    return (read(x, y) - read(u, v)).mean()


def ahead_by_the_library(styles, contents, base_styles, base_contents):
    low, high = max(styles.min(), base_styles.min()), min(styles.max(), base_styles.max())
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    mine = [metrics.content_at_style(styles, contents, x) for x in at]
    return np.mean(np.array(mine) - [metrics.content_at_style(base_styles, base_contents, x) for x in at])


def interval_contents_first(differences, rounds, seed):
    generator = np.random.default_rng(seed)
    s, c = differences.shape
    means = []
    for _ in range(rounds):
        columns = generator.choice(c, c)
        rows = generator.choice(s, s)
        means.append(np.nanmean(differences[rows][:, columns]))
    return np.quantile(means, [0.025, 0.975])


def interval_by_percentiles_of_a_table(differences, rounds, seed):
    rng = np.random.RandomState(seed)
    s, c = differences.shape
    rows, columns = rng.randint(0, s, (rounds, s)), rng.randint(0, c, (rounds, c))
    drawn = differences[rows[:, :, None], columns[:, None, :]]
    return tuple(np.percentile(np.nanmean(drawn, axis=(1, 2)), [2.5, 97.5]))


def interval_by_counts(differences, rounds, seed):
    """How often each style and each content is drawn is all that matters."""
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    a, b = (rng.multinomial(n, [1 / n] * n, size=rounds).astype(float) for n in (s, c))
    known = np.isfinite(differences)
    sums = np.einsum("ri,ij,rj->r", a, np.where(known, differences, 0), b)
    means = sums / np.einsum("ri,ij,rj->r", a, known.astype(float), b)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def interval_in_torch(differences, rounds, seed):
    table, generator = torch.from_numpy(np.ascontiguousarray(differences)), torch.Generator().manual_seed(seed)
    s, c = table.shape
    means = torch.empty(rounds, dtype=table.dtype)
    for k in range(rounds):
        rows = torch.randint(s, (s,), generator=generator)
        columns = torch.randint(c, (c,), generator=generator)
        means[k] = table[rows[:, None], columns].nanmean()
    return torch.quantile(means, torch.tensor([0.025, 0.975], dtype=means.dtype))


def interval_by_python_alone(differences, rounds, seed):
    random = Random(seed)
    rows = differences.tolist()
    means = []
    for _ in range(rounds):
        columns = random.choices(range(len(rows[0])), k=len(rows[0]))
        drawn = [row[j] for row in random.choices(rows, k=len(rows)) for j in columns]
        known = [value for value in drawn if value == value]
        means.append(sum(known) / len(known))
    means.sort()
    return means[int(0.025 * (rounds - 1))], means[int(0.975 * (rounds - 1))]


RIGHT_ANSWERS = {
    "to_tensor": (tensor_in_loops, tensor_in_numpy, tensor_by_lerp, tensor_as_torchvision),
    "caffe_preprocess": (caffe_by_index, caffe_by_channel, caffe_by_matrix, caffe_mean_first_but_right),
    "caffe_deprocess": (back_by_index, back_by_channel, back_flipped_first, back_in_place_on_a_copy),
    "to_display": (display_by_numpy, display_under_no_grad, display_channel_by_channel, display_in_double),
    "descend_pixels": (descend_by_backward, descend_by_sgd, descend_by_hand, descend_channel_by_channel),
    "convolve2d": (convolve_in_loops, convolve_by_unfold, convolve_by_torch, convolve_in_numpy, convolve_by_tap),
    "output_size": (size_by_counting, size_by_torch, size_by_floor, size_with_one_stride_more),
    "separable_blur": (blur_by_groups, blur_in_one_stroke, blur_in_numpy, blur_by_matrices),
    "sobel_edges": (edges_by_torch, edges_by_slices, edges_in_numpy, edges_in_loops),
    "receptive_field": (field_from_the_end_rightly, field_by_sum, field_by_sets, field_recursively),
    "feature_shapes": (
        shapes_by_walking,
        shapes_by_shifting,
        shapes_of_an_empty_network,
        shapes_as_numpy_integers,
    ),
    "extract": (extract_by_depth, extract_recursively, extract_counting_down),
    "dead_channels": (dead_in_loops, dead_by_maximum, dead_by_counting, dead_in_numpy, dead_as_list),
    "effective_receptive_field": (field_by_backward, field_by_mask, field_by_jacobian, field_channel_by_channel),
    "held_out_split": (split_by_painting, split_in_loops, split_by_overlap),
    "train_step": (train_by_log_softmax, train_by_closure, train_by_autograd, train_and_clear_afterwards),
    "filter_grid": (grid_by_torchvision, grid_in_loops, grid_by_padding),
    "feature_drift": (drift_by_normalizing, drift_in_loops, drift_by_einsum, drift_in_numpy),
    "similarity": (alike_by_features, alike_by_centering_matrix, alike_in_numpy, alike_by_singular_vectors),
    "extreme_share": (share_by_shifting_both, share_by_padding, share_in_numpy),
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
    "occlusion_map": (
        occlusion_one_by_one,
        occlusion_all_at_once,
        occlusion_as_nested_lists,
        occlusion_row_by_row,
    ),
    "tv_norm": (roughness_in_loops, roughness_by_padding, roughness_in_place_on_a_copy, roughness_in_double),
    "alpha_norm": (wall_in_loops, wall_by_vector_norm, wall_channels_last, wall_by_squares),
    "normalized_error": (share_by_means, share_by_norms, share_in_loops, share_by_einsum),
    "inversion_loss": (both_by_hand, both_one_by_one, both_in_parts, both_with_the_target_detached),
    "invert": (
        descend_by_sgd_with_momentum,
        descend_in_place_on_a_copy,
        descend_with_a_heavy_ball,
        descend_with_the_gradients_summed,
    ),
    "spread": (apart_in_loops, apart_by_combinations, apart_by_matrix, apart_by_pdist, apart_in_numpy),
    "gram_matrix": (gram_in_loops, gram_by_einsum, gram_by_bmm, gram_in_double, gram_scaled_before),
    "shuffle_positions": (shuffle_by_index_select, shuffle_by_gather, shuffle_in_loops, shuffle_by_matrix),
    "gram_from_spectrum": (spectrum_by_einsum, spectrum_orthonormal, spectrum_by_parts, spectrum_half_with_weights),
    "mmd_polynomial": (mmd_by_gram, mmd_by_einsum, mmd_in_loops, mmd_over_the_joint_kernel),
    "parameter_count": (count_in_loops, count_by_triangles, count_by_running, count_in_numpy),
    "style_targets": (targets_detached, targets_one_by_one, targets_in_loops, targets_under_a_decorator),
    "texture_loss": (texture_by_mse, texture_by_norms, texture_in_double, texture_detached_targets),
    "synthesize": (synthesize_with_closure, synthesize_by_hand, synthesize_in_double_counting_down),
    "bn_statistics": (bn_by_torch, bn_by_gram, bn_in_loops, bn_as_a_list_in_double, bn_with_epsilon),
    "sliced_wasserstein": (sliced_in_loops, sliced_by_convolution, sliced_by_gather, sliced_in_double),
    "content_loss": (content_by_powers, content_by_mse, content_in_loops, content_in_double, content_by_norm),
    "style_loss": (style_as_printed, style_by_einsum, style_in_double, style_in_loops),
    "layer_weights": (weights_by_growing, weights_in_numpy, weights_as_tensors, weights_by_softmax),
    "total_variation": (variation_by_diff, variation_in_double, variation_in_loops, variation_by_convolution),
    "total_loss": (total_in_a_loop, total_by_stacking, total_in_place_on_a_copy),
    "content_gradient": (slope_by_where, slope_in_place_on_a_copy, slope_by_autograd, slope_in_numpy),
    "init_image": (init_by_cases, init_by_lerp, init_as_parameter, init_in_double),
    "gradient_step": (step_by_backward, step_under_no_grad, step_by_sgd, step_by_functional),
    "make_closure": (closure_setting_none, closure_clearing_in_between, closure_as_object, closure_by_autograd),
    "run_transfer": (transfer_with_closure, transfer_as_list, transfer_by_hand),
    "activation_objective": (objective_by_cases, objective_in_loops, objective_by_masks, objective_in_double),
    "jitter": (jitter_axis_by_axis, jitter_by_index, jitter_in_numpy, jitter_by_cutting),
    "normalized_step": (ascend_in_numpy, ascend_with_a_little_more, ascend_by_norm, ascend_in_place_on_a_copy),
    "octaves": (octaves_from_zeros, octaves_recursively, octaves_with_a_pyramid, octaves_by_the_sum_of_strokes),
    "fourier_image": (waves_in_loops, waves_by_matrices, waves_orthonormal, waves_axis_by_axis),
    "correlate_colors": (colors_by_convolution, colors_in_loops, colors_by_moving_axes, colors_flattened),
    "low_pass": (blur_by_groups, low_by_matrices, low_in_loops, low_by_unfold),
    "high_pass": (high_by_parts, high_by_the_dot, high_in_place_on_a_copy, high_in_double, high_of_a_wider_bell),
    "split_bands": (bands_in_a_loop, bands_as_a_tuple, bands_by_diff, bands_stacked),
    "radial_spectrum": (radial_by_index_add, radial_shifted_twice, radial_in_numpy, radial_of_half_with_weights),
    "tight_frame": (frame_band_by_band, frame_in_full, frame_shifted_twice),
    "swap_amplitude": (
        amplitude_by_scaling,
        amplitude_by_exponential,
        amplitude_in_numpy,
        amplitude_channel_by_channel,
    ),
    "flops": (flops_recursively, flops_by_running, flops_in_numpy, flops_on_a_copy),
    "gram_backward": (
        backward_by_autograd,
        backward_by_functional,
        backward_by_einsum,
        backward_in_numpy,
        backward_in_loops,
    ),
    "winograd_1d": (winograd_by_matrices, winograd_by_solving, winograd_in_floats, winograd_in_numpy),
    "tile_gram": (tiles_put_together, tiles_as_running_mean, tiles_by_height, tiles_in_place, tiles_in_numpy),
    "strip_rows": (rows_step_by_step, rows_in_numpy, rows_as_sets, rows_by_gradient),
    "average_iterates": (
        average_of_copies,
        average_in_place,
        average_corrected_in_each_step,
        average_by_lerp,
        average_in_numpy,
    ),
    "prolong": (prolong_by_parts, prolong_channel_by_channel, prolong_in_double, prolong_in_place_on_a_copy),
    "pyramid_sizes": (sizes_by_counting, sizes_by_decimals, sizes_in_numpy, sizes_recursively),
    "normalized_features": (
        structure_in_loops,
        structure_by_instance_norm,
        structure_by_torch_var,
        structure_by_second_moment,
    ),
    "band_losses": (band_losses_in_a_loop, band_losses_stacked, bands_from_sums),
    "null_test": (null_by_backward, null_as_tensors, null_of_the_difference, null_in_numpy),
    "channel_scores": (scores_in_loops, scores_in_numpy, scores_by_var),
    "dual_loss": (dual_by_mse, dual_by_sums, dual_in_double),
    "ssim": (ssim_by_valid_windows, ssim_by_scikit_image, ssim_in_loops, ssim_in_three_factors),
    "edge_ssim": (edges_by_scikit_image, edges_image_by_image, edges_by_kernels, edges_with_smaller_constants),
    "gram_distance_heldout": (heldout_in_loops, heldout_as_tensor, heldout_after_johnson, heldout_in_double),
    "pareto_front": (front_in_loops, front_in_torch, front_as_list, front_by_elimination),
    "matched_style_difference": (ahead_in_loops, ahead_in_decades, ahead_in_torch, ahead_by_the_library),
    "bootstrap_interval": (
        interval_contents_first,
        interval_by_percentiles_of_a_table,
        interval_by_counts,
        interval_in_torch,
        interval_by_python_alone,
    ),
}
