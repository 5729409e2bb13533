"""Right answers to the exercises of the chapter on training, each in another way than the reference."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


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


ANSWERS = {
    "held_out_split": (split_by_painting, split_in_loops, split_by_overlap),
    "train_step": (train_by_log_softmax, train_by_closure, train_by_autograd, train_and_clear_afterwards),
    "filter_grid": (grid_by_torchvision, grid_in_loops, grid_by_padding),
    "feature_drift": (drift_by_normalizing, drift_in_loops, drift_by_einsum, drift_in_numpy),
    "similarity": (alike_by_features, alike_by_centering_matrix, alike_in_numpy, alike_by_singular_vectors),
}
