"""Right answers to the exercises of the chapter on inversion, each in another way than the reference."""

import itertools
import math

import torch
import torch.nn.functional as F


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


def wall_by_the_larger_of_both_signs(image, mean, alpha):
    away = image.double() - mean.double().view(3, 1, 1)
    return torch.maximum(away, -away).pow(alpha).flatten(1).sum(-1)


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


ANSWERS = {
    "tv_norm": (roughness_in_loops, roughness_by_padding, roughness_in_place_on_a_copy, roughness_in_double),
    "alpha_norm": (wall_in_loops, wall_by_vector_norm, wall_channels_last, wall_by_the_larger_of_both_signs),
    "normalized_error": (share_by_means, share_by_norms, share_in_loops, share_by_einsum),
    "inversion_loss": (both_by_hand, both_one_by_one, both_in_parts, both_with_the_target_detached),
    "invert": (
        descend_by_sgd_with_momentum,
        descend_in_place_on_a_copy,
        descend_with_a_heavy_ball,
        descend_with_the_gradients_summed,
    ),
    "spread": (apart_in_loops, apart_by_combinations, apart_by_matrix, apart_by_pdist, apart_in_numpy),
}
