"""How features come to be: a small network, trained while you watch (chapter 05).

``train`` yields a frozen ``Snapshot`` at epochs 0, 1, 2, 4, 8, ...; the other functions measure what has changed between
two of them: in the filters themselves, in their spectra, and in what the layers say about the same patches.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from nstlib import course
from nstlib.errors import LayerError, ShapeError, WeightsError
from nstlib.features import dead_channels
from nstlib.patches import PICTURES, Patches, batches, center
from nstlib.receptive import ReceptiveField, receptive_field_of_stack
from nstlib.seeds import seeded

CHANNELS = OrderedDict(conv1=24, conv2=16, conv3=16, conv4=16, conv5=24)
POOLED = ("conv1", "conv2")  # layers with a max pooling behind them
BATCH, RATE, MOMENTUM, DECAY = 32, 0.02, 0.9, 2e-3
SAVED = course.DATA / "training"


@dataclass(frozen=True)
class Snapshot:
    """A network at one moment of its training.

    Attributes:
        epoch: how often it has seen every patch; 0 is before training.
        loss: mean cross-entropy over that epoch's batches, in nats; at epoch 0 of the patches as they are.
        accuracy: share of the training patches that are told right.
        held_out: the same for patches of regions it was never trained on.
        state: a copy of all weights, by name.
    """

    epoch: int
    loss: float
    accuracy: float
    held_out: float
    state: Mapping[str, Tensor]

    @property
    def filters(self) -> Tensor:
        """Return the filters of the first layer, shape (N, 3, k, k)."""
        return self.state["conv1.weight"]


def small_network(
    *,
    kernel: int = 7,
    stride: int = 2,
    without: Iterable[str] = (),
    classes: int = len(PICTURES),
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    """Return an untrained network of five convolutions, a mean over positions, and a linear classifier.

    Layers are called conv1, relu1, pool1, conv2, ... , mean, classify. Weights are drawn as He et al. (2015) do; those of
    the first layer are a quarter as large, so that what it learns is not hidden under what it was born with.

    Args:
        kernel: side of the first layer's filters in pixels; the others have 3.
        stride: step of the first layer in pixels; the others have 1.
        without: convolutions to leave out ("conv3"), each with its ReLU and pooling. The first one has to stay.
        classes: how many pictures to tell apart.
        generator: of the weights; None means a fixed seed.

    Raises:
        LayerError: if a layer to leave out is not there, or is the first.
    """
    without = tuple(without)
    if unknown := [name for name in without if name not in list(CHANNELS)[1:]]:
        raise LayerError(f"{unknown[0]!r} cannot be left out. Choose from: {', '.join(list(CHANNELS)[1:])}.")
    generator = seeded(generator)
    layers, fan_in = OrderedDict(), 3
    for name, channels in CHANNELS.items():
        if name in without:
            continue
        size, step = (kernel, stride) if name == "conv1" else (3, 1)
        layers[name] = nn.utils.skip_init(nn.Conv2d, fan_in, channels, size, step, size // 2)
        layers[name.replace("conv", "relu")] = nn.ReLU()
        if name in POOLED:
            layers[name.replace("conv", "pool")] = nn.MaxPool2d(2)
        fan_in = channels
    layers["mean"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    layers["classify"] = nn.utils.skip_init(nn.Linear, fan_in, classes)
    _draw_weights(layers, generator)
    return nn.Sequential(layers)


def train(
    model: nn.Module,
    patches: Patches,
    held_out: Patches,
    *,
    epochs: int = 32,
    generator: torch.Generator | None = None,
) -> Iterator[Snapshot]:
    """Train a network in place by stochastic gradient descent, and yield a snapshot at epochs 0, 1, 2, 4, 8, ..., last.

    The learning rate is constant for two thirds of the epochs and then falls to zero along a line.

    Args:
        model: of ``small_network``.
        patches: to learn from; augmented anew in each epoch.
        held_out: to measure with.
        epochs: how often every patch is seen.
        generator: of order and augmentation; None means a fixed seed.
    """
    generator = torch.Generator().manual_seed(1) if generator is None else generator
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=DECAY)
    yield _snapshot(model, 0, _loss(model, patches), patches, held_out)
    wanted = set(log_epochs(epochs))
    for epoch in range(1, epochs + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, 3 * (1 - (epoch - 1) / epochs))
        losses = [
            train_step(model, optimizer, images, labels) * len(labels)
            for images, labels in batches(patches, BATCH, generator)
        ]
        if epoch in wanted:
            yield _snapshot(model, epoch, sum(losses) / len(patches), patches, held_out)


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """Move the model one step downhill on one batch, in training mode, and return the loss before the step."""
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def log_epochs(last: int) -> list[int]:
    """Return 0, 1, 2, 4, 8, ... and ``last``: early epochs change more than late ones."""
    powers = [2**k for k in range(last.bit_length()) if 2**k < last]
    return [0, *powers, last]


def accuracy(model: nn.Module, patches: Patches) -> float:
    """Return the share of patches for which the model's largest output is the right one."""
    return float((_outputs(model, patches).argmax(1) == patches.labels).float().mean())


def load_weights_into(model: nn.Module, snapshot: Snapshot) -> nn.Module:
    """Return the model with the weights of a snapshot."""
    model.load_state_dict(dict(snapshot.state))
    return model


def save_snapshots(snapshots: Iterable[Snapshot], path: Path) -> None:
    """Write snapshots to one safetensors file, weights in float16, the rest as JSON in its metadata."""
    snapshots = list(snapshots)
    tensors = {f"{s.epoch}/{name}": t.half().contiguous() for s in snapshots for name, t in s.state.items()}
    about = [{"epoch": s.epoch, "loss": s.loss, "accuracy": s.accuracy, "held_out": s.held_out} for s in snapshots]
    Path(path).write_bytes(save(tensors, metadata={"snapshots": json.dumps(about)}))


def load_snapshots(path: Path | None = None) -> list[Snapshot]:
    """Return the snapshots of a file, by default those of the run that chapter 05 looks at.

    Raises:
        WeightsError: if there is no such file, or it is damaged.
    """
    path = SAVED / "snapshots.safetensors" if path is None else Path(path)
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["snapshots"])
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _not_saved(path, "snapshots", error) from error
    states = {entry["epoch"]: {} for entry in about}
    for key, tensor in tensors.items():
        epoch, name = key.split("/", 1)
        states[int(epoch)][name] = tensor
    return [Snapshot(**entry, state=MappingProxyType(states[entry["epoch"]])) for entry in about]


def load_runs(path: Path | None = None) -> dict[str, list[dict]]:
    """Return what was measured of each saved training, by experiment: "main", "first layer", "depth".

    Raises:
        WeightsError: if there is no such file, or it is damaged.
    """
    path = SAVED / "runs.json" if path is None else Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _not_saved(path, "runs", error) from error


def filter_grid(weights: Tensor, columns: int = 12) -> Tensor:
    """Return all filters of a first layer as one picture, each scaled by itself.

    Zero is middle gray, and the largest weight of each filter, positive or negative, reaches white or black in its color.

    Args:
        weights: shape (N, 3, k, k).
        columns: filters in a row; they are filled in row by row, with one white pixel between and around them.

    Returns:
        Shape (1, 3, H, W), RGB in [0, 1].
    """
    _check_filters(weights, "filter_grid")
    count, _, side, _ = weights.shape
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    scaled = 0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0)
    rows = -(-count // columns)
    grid = weights.new_ones(3, rows * (side + 1) + 1, columns * (side + 1) + 1)
    for index, one in enumerate(scaled):
        top, left = (1 + place * (side + 1) for place in divmod(index, columns))
        grid[:, top : top + side, left : left + side] = one
    return grid[None]


def feature_drift(before: Tensor, after: Tensor) -> Tensor:
    """Return how far the filters of a layer have turned: the mean over filters of 1 - cosine, from 0 to 2.

    Args:
        before: weights of a layer, shape (N, ...): one filter for each index of the first axis.
        after: the same at another time.

    Returns:
        A scalar: 0 if each filter points where it did, however long it is now; 1 if at right angles; 2 if turned around.
    """
    if before.shape != after.shape:
        raise ShapeError(
            f"feature_drift compares one layer at two times, got {tuple(before.shape)} and {tuple(after.shape)}."
        )
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1), dim=1)).mean()


def similarity(x: Tensor, y: Tensor) -> Tensor:
    """Return the linear centered kernel alignment of two layers' activations (Kornblith et al., 2019), from 0 to 1.

    Do the two layers find the same examples similar? Neither the order of units, nor a rotation, nor the scale counts.

    Args:
        x: shape (N, ...): activations for N examples.
        y: shape (N, ...): another layer's, or another network's, for the same examples.
    """
    if len(x) != len(y):
        raise ShapeError(f"similarity needs activations for the same examples, got {len(x)} and {len(y)} of them.")
    one, two = (_centered_products(activations) for activations in (x, y))
    return (one * two).sum() / (one.norm() * two.norm())


def filter_spectrum(weights: Tensor, *, size: int = 32, rings: int = 12) -> tuple[Tensor, Tensor]:
    """Return where in frequency the filters have their energy.

    Args:
        weights: shape (N, 3, k, k).
        size: of the grid that filters are padded to with zeros.
        rings: of equal width between frequency 0 and the corner of the spectrum.

    Returns:
        The middle frequency of each ring in cycles per pixel, and the mean share of a filter's energy in it; shares add
        up to 1.
    """
    energy, radius = _energy(weights, size)
    ring = (radius / math.sqrt(0.5) * rings).long().clamp(max=rings - 1)
    shares = energy.new_zeros(rings).index_add(0, ring.flatten(), energy.mean(0).flatten())
    return (torch.arange(rings) + 0.5) * math.sqrt(0.5) / rings, shares


def extreme_share(weights: Tensor, low: float = 0.1, high: float = 0.35, size: int = 32) -> Tensor:
    """Return the share of each filter's energy below the frequency ``low`` or above ``high``.

    Args:
        weights: shape (N, 3, k, k).
        low: in cycles per pixel, at any angle.
        high: likewise; the corner of the spectrum is 0.71.
        size: of the grid that filters are padded to with zeros.

    Returns:
        Shape (N,), from 0 to 1.
    """
    energy, radius = _energy(weights, size)
    return (energy * ((radius < low) | (radius > high))).sum((1, 2))


def aliased_share(weights: Tensor, images: Tensor, stride: int) -> Tensor:
    """Return the share of each filter's response that a stride folds onto wrong frequencies.

    A grid of every ``stride``-th pixel can hold frequencies up to 0.5 / stride along each axis; what lies above does not
    vanish, it takes the place of others. The mean of the response is left out: no stride can spoil it.

    Args:
        weights: shape (N, 3, k, k).
        images: shape (B, 3, H, W).
        stride: in pixels.

    Returns:
        Shape (N,), from 0 to 1.
    """
    _check_filters(weights, "aliased_share")
    maps = F.conv2d(images, weights)  # (B, N, H', W'), at every pixel
    window = [torch.hann_window(length + 2)[1:-1].to(maps) for length in maps.shape[2:]]  # else borders count as edges
    maps = (maps - maps.mean((2, 3), keepdim=True)) * window[0][:, None] * window[1]
    energy = torch.fft.fft2(maps).abs().square().sum(0)  # (N, H', W')
    high = [torch.fft.fftfreq(length).abs().to(maps) > 0.5 / stride for length in maps.shape[2:]]
    return (energy * (high[0][:, None] | high[1])).sum((1, 2)) / energy.sum((1, 2))


def dead_filters(model: nn.Sequential, images: Tensor) -> Tensor:
    """Return which filters of the first layer never fire on these patches: booleans, shape (N,)."""
    with torch.no_grad():
        return dead_channels(F.relu(model.conv1(images)))


def receptive_field(model: nn.Sequential, layer: str) -> ReceptiveField:
    """Return the receptive field (size, stride, start) of a layer of ``small_network``.

    Raises:
        LayerError: if the network has no such layer before its mean.
    """
    stages = []
    for name, module in model.named_children():
        if isinstance(module, (nn.Conv2d, nn.MaxPool2d)):
            stages.append([v if isinstance(v, int) else v[0] for v in _geometry(module)])
        if name == layer:
            return receptive_field_of_stack(stages)
    names = [name for name, _ in model.named_children() if name not in ("mean", "classify")]
    raise LayerError(f"This network has no layer {layer!r} with positions. It has: {', '.join(names)}.")


def strongest_patches(model: nn.Sequential, images: Tensor, layer: str) -> Tensor:
    """Return, for each channel of a layer, what it sees where it fires most among these patches.

    Args:
        model: of ``small_network``.
        images: standardized patches, shape (B, 3, S, S).
        layer: such as "relu2".

    Returns:
        Shape (C, 3, f, f), where f is the side of the layer's receptive field, at most S; gray (0) beyond the border.
    """
    side, step, first = receptive_field(model, layer)
    with torch.no_grad():
        maps = model[: [name for name, _ in model.named_children()].index(layer) + 1](images)  # (B, C, h, w)
    best = maps.transpose(0, 1).flatten(1).argmax(1)  # (C,)
    size = images.shape[-1]
    if side >= size:
        return images[best // maps[0, 0].numel()]
    padded = F.pad(images, (side,) * 4)
    crops = []
    for place in best.tolist():
        image, position = divmod(place, maps[0, 0].numel())
        top, left = (first + where * step + side for where in divmod(position, maps.shape[3]))
        crops.append(padded[image, :, top : top + side, left : left + side])
    return torch.stack(crops)


def _not_saved(path: Path, what: str, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path} holds no {what} ({error}). Clone the repository and work in it, or make them anew: "
        "python tools/train_small.py"
    )


def _draw_weights(layers: Mapping[str, nn.Module], generator: torch.Generator) -> None:
    for name, module in layers.items():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            gain = {"conv1": 1 / 4, "classify": math.sqrt(0.5)}.get(name, 1.0)
            scale = gain * math.sqrt(2 / module.weight[0].numel())
            nn.init.normal_(module.weight, 0.0, scale, generator=generator)
            nn.init.zeros_(module.bias)


def _snapshot(model: nn.Module, epoch: int, loss: float, patches: Patches, held_out: Patches) -> Snapshot:
    state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    return Snapshot(epoch, loss, accuracy(model, patches), accuracy(model, held_out), MappingProxyType(state))


def _outputs(model: nn.Module, patches: Patches) -> Tensor:
    model.eval()
    with torch.no_grad():
        return torch.cat([model(center(images)) for images in patches.images.split(256)])


def _loss(model: nn.Module, patches: Patches) -> float:
    return float(F.cross_entropy(_outputs(model, patches), patches.labels))


def _centered_products(activations: Tensor) -> Tensor:
    """Return the products of all pairs of examples, shape (N, N), after subtracting the mean example."""
    vectors = activations.flatten(1)
    vectors = vectors - vectors.mean(0)
    return vectors @ vectors.T


def _energy(weights: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return each filter's share of energy at each frequency, (N, size, size), and the frequencies' distances from 0."""
    _check_filters(weights, "A spectrum")
    if size < weights.shape[-1]:
        raise ShapeError(f"size must be at least the filters' side, {weights.shape[-1]}, got {size}.")
    energy = torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)  # (N, size, size): colors added up
    total = energy.sum((1, 2), keepdim=True)
    frequency = torch.fft.fftfreq(size).to(energy)
    return energy / torch.where(total > 0, total, 1.0), torch.hypot(frequency[:, None], frequency[None])


def _check_filters(weights: Tensor, what: str) -> None:
    if weights.ndim != 4 or weights.shape[1] != 3:
        raise ShapeError(
            f"{what} needs filters of shape (N, 3, k, k), got {tuple(weights.shape)}. "
            "Only a first layer's filters look at colors."
        )


def _geometry(module: nn.Conv2d | nn.MaxPool2d) -> tuple:
    return module.kernel_size, module.stride, module.padding
