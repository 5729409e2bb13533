"""Right answers to the exercises of the chapter on dual channel, each in another way than the reference."""

import numpy as np
import torch
import torch.nn.functional as F

from nstlib.dual import normalized
from nstlib.gram import gram_matrix


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


ANSWERS = {
    "normalized_features": (
        structure_in_loops,
        structure_by_instance_norm,
        structure_by_torch_var,
        structure_by_second_moment,
    ),
    "band_losses": (band_losses_in_a_loop, band_losses_stacked, bands_from_sums),
    "null_test": (null_by_backward, null_as_tensors, null_of_the_difference, null_in_numpy),
    "dual_loss": (dual_by_mse, dual_by_sums, dual_in_double),
}
