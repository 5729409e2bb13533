"""Right answers to the exercises of the chapter on textures, each in another way than the reference."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from nstlib.gram import gram_matrix


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


ANSWERS = {
    "parameter_count": (count_in_loops, count_by_triangles, count_by_running, count_in_numpy),
    "style_targets": (targets_detached, targets_one_by_one, targets_in_loops, targets_under_a_decorator),
    "texture_loss": (texture_by_mse, texture_by_norms, texture_in_double, texture_detached_targets),
    "synthesize": (synthesize_with_closure, synthesize_by_hand, synthesize_in_double_counting_down),
    "bn_statistics": (bn_by_torch, bn_by_gram, bn_in_loops, bn_as_a_list_in_double, bn_with_epsilon),
    "sliced_wasserstein": (sliced_in_loops, sliced_by_convolution, sliced_by_gather, sliced_in_double),
}
