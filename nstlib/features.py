"""VGG as a pair of eyes: frozen networks that return the activations of named layers (chapter on features).

What the layers are called and how large they are, ``nstlib.vgg`` knows without weights; both spellings of a name are
accepted here as there.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import LayerError, ShapeError, choice
from nstlib.kernels.convolutions import FrozenConvolution
from nstlib.seeds import seeded
from nstlib.vgg import ARCHITECTURES
from nstlib.weights import load_weights


@dataclass(frozen=True)
class Preprocessing:
    """How a network wants its pixels: ``(image * scale - mean) / std``, in ``order`` of colors."""

    order: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __call__(self, image: Tensor) -> Tensor:
        """Map RGB in [0, 1], shape (B, 3, H, W), to what the network was trained on."""
        if self.order == "BGR":
            image = image.flip(1)
        mean, std = (image.new_tensor(v).view(1, 3, 1, 1) for v in (self.mean, self.std))
        return (image * self.scale - mean) / std

    def inverse(self, pixels: Tensor) -> Tensor:
        """Map what a network sees, shape (B, 3, H, W), back to RGB. Nothing is clamped to [0, 1]."""
        mean, std = (pixels.new_tensor(v).view(1, 3, 1, 1) for v in (self.mean, self.std))
        image = (pixels * std + mean) / self.scale
        return image.flip(1) if self.order == "BGR" else image


CAFFE = Preprocessing("BGR", 255.0, (103.939, 116.779, 123.68))
TORCHVISION = Preprocessing("RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))

# The networks there are, and how each wants its pixels.
NETWORKS = {"vgg16": CAFFE, "vgg19": CAFFE, "vgg19-torchvision": TORCHVISION, "tiny": TORCHVISION}
POOLINGS: dict[str, Callable[[Tensor, int], Tensor]] = {"max": F.max_pool2d, "average": F.avg_pool2d}


@door
class Features:
    """A frozen network: ``network(image, layers)`` returns the activations of those layers.

    Attributes:
        name: a key of ``NETWORKS``.
        architecture: names, channels and sizes of its layers.
        preprocessing: how it wants its pixels.
        convolutions: by name, with their kernels as they were trained.
        pooling: "max" or "average".
        winograd: whether ``fast`` may lay out kernels anew (``nstlib.kernels.convolutions``).

    The kernels never require a gradient, and follow the image to its device and precision. Activations are channels last
    in memory, which the CPU's convolutions like best: use ``flatten`` or ``reshape`` on them, not ``view``.
    """

    def __init__(self, name: str, weights: Mapping[str, Tensor], *, pooling: str = "max", winograd: bool = True):
        self.name, self.winograd = name, winograd
        self.pooling = choice("pooling", pooling, POOLINGS)
        self.preprocessing = NETWORKS[choice("network", name, NETWORKS)]
        self.architecture = ARCHITECTURES[name]
        self.convolutions = {
            layer: FrozenConvolution(weights[f"{layer}.weight"], weights[f"{layer}.bias"])
            for layer in self.architecture.kernels
            if f"{layer}.weight" in weights
        }

    def __repr__(self) -> str:
        return f"Features({self.name!r}, {len(self.layers)} layers, {self.pooling} pooling)"

    @door(image="any")
    def __call__(self, image: Tensor, layers: str | Iterable[str]) -> dict[str, Tensor]:
        """Return the activations of ``layers``, running no deeper than the deepest of them.

        Args:
            image: RGB in [0, 1], shape (B, 3, H, W).
            layers: one name or several, in any order and either spelling.

        Returns:
            A dictionary from each name, as it was asked for, to activations of shape (B, C, H', W').

        Raises:
            LayerError: if there is no such layer. ShapeError: if the image has another shape, or is too small.
        """
        return self._activations(image, layers, fast=False)

    @door(image="any")
    def fast(self, image: Tensor, layers: str | Iterable[str]) -> dict[str, Tensor]:
        """Return what calling the network returns, up to rounding, sooner: for loops that come here many times.

        On the CPU and in float32, convolutions with many channels run by Winograd's algorithm, whose transformed kernels
        are made at their first use and take 8 times the memory of the kernels, or 4 times for small maps; where positions
        are very few, as products with kernels that take twice the memory. Winograd's rounding errors (some 1e-6) reach
        pixels that a unit does not see at all, so whoever looks at gradients themselves calls the network instead. In
        exactly flat areas the four corners of a pooling window are equal, and rounding decides which of them gets the
        gradient: in the black background of the course's astronaut it differs by 2 to 3 % (PyTorch's own in single and in
        double precision, by half a percent).

        Args, Returns, Raises: as for calling the network.
        """
        return self._activations(image, layers, fast=self.winograd)

    def _activations(self, image: Tensor, layers: str | Iterable[str], *, fast: bool) -> dict[str, Tensor]:
        asked = {name: self.canonical(name) for name in ([layers] if isinstance(layers, str) else layers)}
        if not asked:
            return {}
        deepest = max(asked.values(), key=self.layers.index)
        self.check_image(image, deepest)
        run = self.layers[: self.layers.index(deepest) + 1]
        found, _ = self.through(self.prepared(image), run, set(asked.values()), fast=fast)
        return {name: found[canonical] for name, canonical in asked.items()}

    def prepared(self, image: Tensor) -> Tensor:
        """Return what the first convolution gets: RGB in [0, 1], shape (B, 3, H, W), as the network was trained on it."""
        return self.preprocessing(image).contiguous(memory_format=torch.channels_last)

    def through(
        self, x: Tensor, layers: Sequence[str], wanted: Container[str], *, fast: bool
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Run a stretch of the network: what calling it is made of, for those who take it apart.

        Args:
            x: what the first of ``layers`` gets, shape (B, C, H, W).
            layers: consecutive layers, in order and in the papers' spelling.
            wanted: those whose activations to return.
            fast: as in the method ``fast``.

        Returns:
            The activations of the wanted layers by name, and the output of the last layer.
        """
        found, rectified = {}, False
        for layer in layers:
            if layer.startswith("conv"):
                # The ReLU is done together with its convolution, unless somebody asked for what lies between.
                rectified = layer not in wanted
                x = self.convolutions[layer](x, relu=rectified, fast=fast)
            elif layer.startswith("relu"):
                x = x if rectified else F.relu(x)
            else:
                x = POOLINGS[self.pooling](x, 2)
            if layer in wanted:
                found[layer] = x
        return found, x

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of all layers, shallow to deep."""
        return self.architecture.layers

    def canonical(self, layer: str) -> str:
        """Return this layer's name in the papers' spelling, or raise a LayerError that lists the names there are."""
        return self.architecture.canonical(layer)

    def channels(self, layer: str) -> int:
        """Return how many channels a layer has."""
        return self.architecture.channels(layer)

    @door
    def weight(self, layer: str, *, like: Tensor | None = None) -> Tensor:
        """Return the kernels of a convolution, shape (out, in, 3, 3): as trained, or as a tensor ``like`` wants them.

        Raises:
            LayerError: if ``layer`` is no convolution.
        """
        name = self.canonical(layer)
        if not name.startswith("conv"):
            raise LayerError(
                f"{layer!r} is no convolution and has no kernels. Names of convolutions look like conv3_2."
            )
        convolution = self.convolutions[name]
        return convolution.weight if like is None else convolution.parameters(like)[0]

    def check_image(self, image: Tensor, deepest: str) -> None:
        """Raise a ShapeError unless ``image`` is of shape (B, 3, H, W) and large enough for the layer ``deepest``."""
        if image.ndim != 4 or image.shape[1] != 3:
            raise ShapeError(
                f"{self.name} needs an image of shape (B, 3, H, W), got {tuple(image.shape)}. "
                "load_image returns that shape; for one image without a batch axis use image[None]."
            )
        if not image.is_floating_point():
            raise ShapeError(f"{self.name} needs an image of floats in [0, 1], got {image.dtype}. Divide by 255.")
        smallest = 2 ** self.architecture.halvings(deepest)
        if min(image.shape[2:]) < smallest:
            raise ShapeError(
                f"{deepest} needs an image of at least {smallest} x {smallest} pixels, because each pooling halves it; "
                f"got {image.shape[2]} x {image.shape[3]}. Use a larger picture or a shallower layer."
            )


@door
def load_network(name: str = "vgg16", *, pooling: str = "max", winograd: bool = True) -> Features:
    """Return a frozen network with trained weights, fetching them the first time.

    Args:
        name: "vgg16" (the default), "vgg19" (Caffe weights), "vgg19-torchvision", or "tiny": few channels and random
            weights from a fixed seed, for tests and instant demonstrations.
        pooling: "max", as trained, or "average", which Gatys et al. (2016) found to look slightly better.
        winograd: False keeps ``fast``, and so ``stylize``, to PyTorch's own convolutions: slower on a CPU, with less
            memory.

    Raises:
        ChoiceError: if there is no such network or pooling. WeightsError: if its weights cannot be had.
    """
    choice("network", name, NETWORKS)
    choice("pooling", pooling, POOLINGS)
    if name == "tiny":
        return random_network("tiny", pooling=pooling, winograd=winograd)
    return Features(name, load_weights(name), pooling=pooling, winograd=winograd)


@door
def random_network(
    name: str = "vgg16", *, pooling: str = "max", winograd: bool = True, generator: torch.Generator | None = None
) -> Features:
    """Return a network of the same shape that was never trained: the control for every claim about learned features.

    Weights are drawn as He et al. (2015) initialize ReLU networks, so that activations keep their size with depth.

    Args:
        name: a key of ``NETWORKS``.
        pooling: "max" or "average".
        winograd: as in ``load_network``.
        generator: where the weights come from; None means a fixed seed.
    """
    choice("network", name, NETWORKS)
    generator, weights = seeded(generator), {}
    for layer, (channels, out) in ARCHITECTURES[name].kernels.items():
        scale = (2 / (9 * channels)) ** 0.5
        weights[f"{layer}.weight"] = torch.randn(out, channels, 3, 3, generator=generator) * scale
        weights[f"{layer}.bias"] = torch.zeros(out)
    return Features(name, weights, pooling=pooling, winograd=winograd)


@door(height=">= 1", width=">= 1")
def feature_shapes(layers: Iterable[str], height: int, width: int) -> dict[str, tuple[int, int, int]]:
    """Return (C, H, W) of VGG layers for an image of ``height`` x ``width`` pixels, without running the network.

    Convolutions pad and keep the size; each pooling halves it and rounds down. Channels: 64, 128, 256, 512, 512.
    """
    return {layer: ARCHITECTURES["vgg19"].shape(layer, height, width) for layer in layers}


@door
def extract(
    image: Tensor, stages: Iterable[tuple[str, Callable[[Tensor], Tensor]]], layers: Iterable[str]
) -> dict[str, Tensor]:
    """Return the outputs of the named stages of any sequential network, running no deeper than needed.

    Args:
        image: what the first stage gets; it is not changed, even if that stage works in place.
        stages: (name, function) pairs in the order they run.
        layers: the names to return.

    Raises:
        LayerError: if a name is not among the stages.
    """
    wanted, found, x = set(layers), {}, image.clone()
    for name, stage in stages:
        if len(found) == len(wanted):
            break
        x = stage(x)
        if name in wanted:
            found[name] = x.clone()  # the next stage may be a ReLU in place
    if missing := sorted(wanted - set(found)):
        raise LayerError(f"There is no stage {', '.join(map(repr, missing))} among the stages given.")
    return found


@door(features="B C H W")
def dead_channels(features: Tensor) -> Tensor:
    """Return which channels never fire: nowhere, in no image of the batch.

    Args:
        features: activations, shape (B, C, H, W).

    Returns:
        Booleans, shape (C,).
    """
    return features.amax((0, 2, 3)) <= 0


@door(image="1 C H W")
def effective_receptive_field(layer: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """Return how strongly each pixel can move the unit in the middle of a layer (Luo et al., 2016).

    Args:
        layer: from an image to activations, (1, 3, H, W) to (1, C, H', W').
        image: shape (1, 3, H, W).

    Returns:
        Shape (H, W): absolute gradient of the central position (summed over channels), summed over colors, scaled so
        that its maximum is 1 (all zeros if nothing moves the unit).
    """
    leaf = image.detach().clone().requires_grad_(True)
    features = layer(leaf)
    center = features[0, :, features.shape[2] // 2, features.shape[3] // 2].sum()
    (gradient,) = torch.autograd.grad(center, leaf)
    field = gradient[0].abs().sum(0)  # (H, W)
    peak = field.max()
    return field / torch.where(peak > 0, peak, torch.ones_like(peak))
