"""Right answers to every exercise, each written in another way than the reference."""

import itertools
import math
import re

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

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


RIGHT_ANSWERS = {
    "feature_shapes": (
        shapes_by_walking,
        shapes_by_shifting,
        shapes_of_an_empty_network,
        shapes_as_numpy_integers,
    ),
    "extract": (extract_by_depth, extract_recursively, extract_counting_down),
    "dead_channels": (dead_in_loops, dead_by_maximum, dead_by_counting, dead_in_numpy, dead_as_list),
    "effective_receptive_field": (field_by_backward, field_by_mask, field_by_jacobian, field_channel_by_channel),
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
    "gram_matrix": (gram_in_loops, gram_by_einsum, gram_by_bmm, gram_in_double, gram_scaled_before),
    "shuffle_positions": (shuffle_by_index_select, shuffle_by_gather, shuffle_in_loops, shuffle_by_matrix),
    "gram_from_spectrum": (spectrum_by_einsum, spectrum_orthonormal, spectrum_by_parts, spectrum_half_with_weights),
    "mmd_polynomial": (mmd_by_gram, mmd_by_einsum, mmd_in_loops, mmd_over_the_joint_kernel),
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
}
