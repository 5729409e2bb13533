"""How features come to be: a small network, trained while you watch (chapter on training).

``train`` yields a frozen ``Snapshot`` at epochs 0, 1, 2, 4, 8, ...; ``nstlib.filter_measures`` says what has changed between
two of them.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib.doors import door
from nstlib.errors import LayerError
from nstlib.formats.snapshots import SAVED, read_states, write_states
from nstlib.patches import PICTURES, Patches, batches, center
from nstlib.seeds import seeded

CHANNELS = OrderedDict(conv1=24, conv2=16, conv3=16, conv4=16, conv5=24)
POOLED = ("conv1", "conv2")  # layers with a max pooling behind them
BATCH, RATE, MOMENTUM, DECAY = 32, 0.02, 0.9, 2e-3
MEASURED = ("epoch", "loss", "accuracy", "held_out")  # of a snapshot, besides its weights


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


@door(kernel=">= 1", stride=">= 1", classes=">= 1")
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

    >>> [name for name, _ in small_network(without=["conv3", "conv4", "conv5"]).named_children()]
    ['conv1', 'relu1', 'pool1', 'conv2', 'relu2', 'pool2', 'mean', 'classify']
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


@door(epochs=">= 1")
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
    generator = seeded(generator, 1)
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


@door(images="values B ...", labels="index B")
def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """Move the model one step downhill on one batch, in training mode, and return the loss before the step."""
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@door(last=">= 1")
def log_epochs(last: int) -> list[int]:
    """Return 0, 1, 2, 4, 8, ... and ``last``: early epochs change more than late ones.

    >>> log_epochs(10)
    [0, 1, 2, 4, 8, 10]
    """
    powers = [2**k for k in range(last.bit_length()) if 2**k < last]
    return [0, *powers, last]


@door
def accuracy(model: nn.Module, patches: Patches) -> float:
    """Return the share of patches for which the model's largest output is the right one."""
    return float((_outputs(model, patches).argmax(1) == patches.labels).float().mean())


@door
def load_weights_into(model: nn.Module, snapshot: Snapshot) -> nn.Module:
    """Return the model with the weights of a snapshot."""
    model.load_state_dict(dict(snapshot.state))
    return model


@door
def save_snapshots(snapshots: Iterable[Snapshot], path: Path) -> None:
    """Write snapshots to one file, weights in float16."""
    write_states([({name: getattr(s, name) for name in MEASURED}, s.state) for s in snapshots], path)


@door
def load_snapshots(path: Path | None = None) -> list[Snapshot]:
    """Return the snapshots of a file, by default those of the run that the chapter on training looks at.

    Raises:
        WeightsError: if there is no such file, or it is damaged.
    """
    states = read_states(SAVED / "snapshots.safetensors" if path is None else path)
    return [Snapshot(**measured, state=MappingProxyType(state)) for measured, state in states]


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
