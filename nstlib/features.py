"""VGG as a pair of eyes: frozen networks that return the activations of named layers (chapter 03).

Layers carry the names of the style transfer papers: ``conv3_2`` is the second convolution of the third block, ``relu3_2``
the same after rectification, ``pool3`` the block's end. Keras fuses each ReLU into its convolution, so its
``block3_conv2`` is our ``relu3_2``; both spellings are accepted wherever a layer is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.errors import LayerError, ShapeError, choice
from nstlib.kernels.convolutions import Kernel, Rows, convolve, convolve_rows, error_of, pull_rows
from nstlib.kernels.im2col import unroll_kernel
from nstlib.kernels.products import onednn_works
from nstlib.kernels.winograd import transform_kernel
from nstlib.seeds import seeded
from nstlib.weights import VGG16, VGG19, load_weights

# From about this many input channels on, kernels that are laid out once win: transformed for Winograd's algorithm from about
# this many positions on, unrolled into a matrix below. For 512 channels chapter 15 measures it, the whole bench/engine.py.
LAID_OUT_CHANNELS = 128
WINOGRAD_POSITIONS = 192
MAX_ERROR = 1e-4  # relative, against a direct convolution; about 2e-6 is usual

Layout = Callable[[Tensor, Tensor], Kernel]  # from a weight and a bias
_TINY = ((8,) * 2, (16,) * 2, (32,) * 3, (32,) * 3, (32,) * 3)


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


@dataclass(frozen=True)
class Architecture:
    """Channels of each convolution, block by block, and the pixels they expect."""

    blocks: tuple[tuple[int, ...], ...]
    preprocessing: Preprocessing


NETWORKS = {
    "vgg16": Architecture(VGG16, CAFFE),
    "vgg19": Architecture(VGG19, CAFFE),
    "vgg19-torchvision": Architecture(VGG19, TORCHVISION),
    "tiny": Architecture(_TINY, TORCHVISION),
}
POOLINGS: dict[str, Callable[[Tensor, int], Tensor]] = {"max": F.max_pool2d, "average": F.avg_pool2d}


class Features:
    """A frozen network: ``network(image, layers)`` returns the activations of those layers.

    Attributes:
        name: a key of ``NETWORKS``.
        layers: the names of all layers, shallow to deep.
        pooling: "max" or "average".
        winograd: whether ``fast`` may run convolutions with many channels by Winograd's algorithm, and on small pictures by
            ``nstlib.kernels.im2col``.

    The weights never require a gradient, and follow the image to its device and precision. Activations are channels last
    in memory, which the CPU's convolutions like best: use ``flatten`` or ``reshape`` on them, not ``view``.
    """

    def __init__(self, name: str, weights: Mapping[str, Tensor], *, pooling: str = "max", winograd: bool = True):
        self.name = name
        self.winograd = winograd
        self._kernels: dict[tuple[str, Layout], Kernel | None] = {}
        self.pooling = choice("pooling", pooling, POOLINGS)
        self._architecture = NETWORKS[choice("network", name, NETWORKS)]
        self.layers = tuple(layer_names(self._architecture.blocks))
        self._trained = {key: _channels_last(tensor.detach()) for key, tensor in weights.items()}
        self._weights = self._trained  # as the last image wants them

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kernels": {}}  # a cache, and packed kernels cannot be copied

    def __repr__(self) -> str:
        return f"Features({self.name!r}, {len(self.layers)} layers, {self.pooling} pooling)"

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

    def fast(self, image: Tensor, layers: str | Iterable[str]) -> dict[str, Tensor]:
        """Return what calling the network returns, up to rounding, sooner: for loops that come here many times.

        On the CPU and in float32, convolutions with many channels run by Winograd's algorithm, whose transformed kernels
        are made at their first use and take 8 times the memory of the kernels; where positions are few, as products with
        kernels that take twice the memory. Winograd's rounding errors (some 1e-6) reach pixels that a unit does not see at
        all, so whoever looks at gradients themselves calls the network instead. In exactly flat areas the four corners of
        a pooling window are equal, and rounding decides which of them gets the gradient: in the black background of the
        course's astronaut it differs by 2 to 3 % (PyTorch's own in single and in double precision, by half a percent).

        Args, Returns, Raises: as for calling the network.
        """
        return self._activations(image, layers, fast=self.winograd)

    def _activations(self, image: Tensor, layers: str | Iterable[str], *, fast: bool) -> dict[str, Tensor]:
        asked = {name: self.canonical(name) for name in ([layers] if isinstance(layers, str) else layers)}
        if not asked:
            return {}
        depth = max(self.layers.index(name) for name in asked.values())
        self.check_image(image, self.layers[depth])
        found, _ = self.through(self.prepared(image), self.layers[: depth + 1], set(asked.values()), fast=fast)
        return {name: found[canonical] for name, canonical in asked.items()}

    def prepared(self, image: Tensor) -> Tensor:
        """Return what the first convolution gets: RGB in [0, 1], shape (B, 3, H, W), as the network was trained on it."""
        self._follow(image)
        return _channels_last(self._architecture.preprocessing(image))

    def through(
        self,
        x: Tensor,
        layers: Sequence[str],
        wanted: Container[str],
        *,
        fast: bool,
        around: Callable[[str, Tensor], Sequence[Tensor]] | None = None,
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Run a stretch of the network: what calling it is made of, for those who take it apart (``nstlib.engine.tiles``).

        Args:
            x: what the first of ``layers`` gets, shape (B, C, H, W).
            layers: consecutive layers, in order and in the papers' spelling.
            wanted: those whose activations to return.
            fast: as in the method ``fast``.
            around: None where ``x`` is whole: beyond its edges are zeros. Where it is a strip, a function from the name of
                a convolution and the rows that come to it, to all rows that it is to see: in pieces from top to bottom,
                together one row more above and one more below than it returns. No gradient is recorded then.

        Returns:
            The activations of the wanted layers by name, and the output of the last layer.
        """
        found, rectified = {}, False
        for layer in layers:
            if layer.startswith("conv"):
                # The ReLU is done together with its convolution, unless somebody asked for what lies between.
                rectified = layer not in wanted
                if around is None:
                    x = self._convolve(layer, x, relu=rectified, fast=fast)
                else:
                    x = self._convolve_rows(layer, around(layer, x), relu=rectified, fast=fast)
            elif layer.startswith("relu"):
                x = x if rectified else F.relu(x)
            else:
                x = POOLINGS[self.pooling](x, 2)
            if layer in wanted:
                found[layer] = x
        return found, x

    def canonical(self, layer: str) -> str:
        """Return this layer's name in the papers' spelling, or raise a LayerError that lists the names there are."""
        return canonical_name(layer, self.layers, network=self.name)

    def channels(self, layer: str) -> int:
        """Return how many channels a layer has."""
        block, place = _place(self.canonical(layer))
        return self._architecture.blocks[block - 1][(place or 0) - 1]

    def weight(self, layer: str) -> Tensor:
        """Return the kernels of a convolution, shape (out, in, 3, 3), in the precision of the last image.

        Raises:
            LayerError: if ``layer`` is no convolution.
        """
        name = self.canonical(layer)
        if not name.startswith("conv"):
            raise LayerError(
                f"{layer!r} is no convolution and has no kernels. Names of convolutions look like conv3_2."
            )
        return self._weights[f"{name}.weight"]

    def _convolve(self, layer: str, x: Tensor, *, relu: bool, fast: bool) -> Tensor:
        if fast and (kernel := self._kernel(layer, Rows([x]))):
            return convolve(x, kernel, relu=relu)
        x = F.conv2d(x, self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"], padding=1)
        return F.relu_(x) if relu else x

    def _convolve_rows(self, layer: str, pieces: Sequence[Tensor], *, relu: bool, fast: bool) -> Tensor:
        if fast and (kernel := self._kernel(layer, Rows(pieces, edges=False))):
            return convolve_rows(pieces, kernel, relu=relu)
        weight, bias = self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]
        x = F.conv2d(_stacked(pieces), weight, bias, padding=(0, 1))
        return F.relu_(x) if relu else x

    def pull(self, layer: str, pieces: Sequence[Tensor], *, fast: bool) -> Tensor:
        """Return rows of the gradient with respect to a convolution's input, from that with respect to its output.

        Args:
            layer: in the papers' spelling.
            pieces: rows of the gradient with respect to the output, each of shape (B, out, h, W), from top to bottom,
                together one row more above and one more below than are wanted: zeros where the picture ends.
            fast: as in ``through``.

        Returns:
            Shape (B, in, h - 2, W) with the sum h of all heights.
        """
        if fast and (kernel := self._kernel(layer, Rows(pieces, edges=False))):
            return pull_rows(pieces, kernel)
        return F.conv_transpose2d(_stacked(pieces), self._weights[f"{layer}.weight"], padding=(2, 1))

    def _kernel(self, layer: str, rows: Rows) -> Kernel | None:
        """Return a layer's kernel, laid out for the fastest way to convolve such rows, there or back.

        It is made at its first use. None where PyTorch's own convolution is fastest, or the kernel does not compute what
        it should.
        """
        weight, bias = self._weights[f"{layer}.weight"], self._weights[f"{layer}.bias"]
        x, (_, _, height, width) = rows.pieces[0], rows.shape
        lay_out = fastest_layout(weight.shape[1], height * width)
        if lay_out is None or x.device.type != "cpu" or x.dtype != torch.float32:
            return None
        if (layer, lay_out) not in self._kernels:
            # Outside of inference mode, where it may be used as well: and to be compared, it needs gradients.
            with torch.inference_mode(mode=False):
                weight, bias = weight.clone(), bias.clone()
                kernel = lay_out(weight, bias)
                self._kernels[layer, lay_out] = kernel if error_of(kernel, weight) < MAX_ERROR else None
        return self._kernels[layer, lay_out]

    def check_image(self, image: Tensor, deepest: str) -> None:
        """Raise a ShapeError unless ``image`` is of shape (B, 3, H, W) and large enough for the layer ``deepest``."""
        if image.ndim != 4 or image.shape[1] != 3:
            raise ShapeError(
                f"{self.name} needs an image of shape (B, 3, H, W), got {tuple(image.shape)}. "
                "load_image returns that shape; for one image without a batch axis use image[None]."
            )
        if not image.is_floating_point():
            raise ShapeError(f"{self.name} needs an image of floats in [0, 1], got {image.dtype}. Divide by 255.")
        smallest = 2 ** (_place(deepest)[0] - (0 if deepest.startswith("pool") else 1))
        if min(image.shape[2:]) < smallest:
            raise ShapeError(
                f"{deepest} needs an image of at least {smallest} x {smallest} pixels, because each pooling halves it; "
                f"got {image.shape[2]} x {image.shape[3]}. Use a larger picture or a shallower layer."
            )

    def _follow(self, image: Tensor) -> None:
        first = self._weights["conv1_1.weight"]
        if (first.device, first.dtype) != (image.device, image.dtype):
            # From the trained ones, or rounding to half precision would stay.
            self._weights = {key: _channels_last(tensor.to(image)) for key, tensor in self._trained.items()}


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
    blocks = NETWORKS[choice("network", name, NETWORKS)].blocks
    generator = seeded(generator)
    weights, fan_in = {}, 3
    for layer in layer_names(blocks):
        if layer.startswith("conv"):
            block, place = _place(layer)
            out = blocks[block - 1][place - 1]
            scale = (2 / (9 * fan_in)) ** 0.5
            weights[f"{layer}.weight"] = torch.randn(out, fan_in, 3, 3, generator=generator) * scale
            weights[f"{layer}.bias"] = torch.zeros(out)
            fan_in = out
    return Features(name, weights, pooling=pooling, winograd=winograd)


def layer_names(blocks: tuple[tuple[int, ...], ...]) -> Iterable[str]:
    """Yield the names of all layers of a VGG with these blocks, shallow to deep."""
    for block, convolutions in enumerate(blocks, 1):
        for place in range(1, len(convolutions) + 1):
            yield f"conv{block}_{place}"
            yield f"relu{block}_{place}"
        yield f"pool{block}"


def canonical_name(layer: str, layers: Sequence[str], *, network: str = "The network") -> str:
    """Return a layer's name in the papers' spelling, or raise a LayerError that lists ``layers``, those there are."""
    name = layer.strip().lower()
    if keras := re.fullmatch(r"block(\d+)_(conv(\d+)|pool)", name):
        name = f"relu{keras[1]}_{keras[3]}" if keras[3] else f"pool{keras[1]}"
    if name not in layers:
        raise LayerError(
            f"{network} has no layer {layer!r}. It has: {', '.join(layers)} "
            "(or, as Keras spells them, block4_conv2 for relu4_2 and block4_pool for pool4)."
        )
    return name


def fastest_layout(channels: int, positions: int) -> Layout | None:
    """Return what lays out a frozen 3 x 3 kernel so that a CPU convolves fastest with it; None leaves it as it is.

    Args:
        channels: of the input. positions: of the feature map, H * W.
    """
    if channels < LAID_OUT_CHANNELS:
        return None
    if positions >= WINOGRAD_POSITIONS:
        return transform_kernel
    return unroll_kernel if onednn_works() else None


def feature_shapes(layers: Iterable[str], height: int, width: int) -> dict[str, tuple[int, int, int]]:
    """Return (C, H, W) of VGG layers for an image of ``height`` x ``width`` pixels, without running the network.

    Convolutions pad and keep the size; each pooling halves it and rounds down. Channels: 64, 128, 256, 512, 512.
    """
    shapes = {}
    for layer in layers:
        block, place = _place(layer)
        halvings = block - 1 if place else block
        shapes[layer] = (VGG19[block - 1][0], height // 2**halvings, width // 2**halvings)
    return shapes


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


def dead_channels(features: Tensor) -> Tensor:
    """Return which channels never fire: nowhere, in no image of the batch.

    Args:
        features: activations, shape (B, C, H, W).

    Returns:
        Booleans, shape (C,).
    """
    return features.amax((0, 2, 3)) <= 0


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


def _stacked(pieces: Sequence[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(tuple(pieces), 2)


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def _place(layer: str) -> tuple[int, int | None]:
    """Return block and place of a canonical layer name; a pooling layer has no place."""
    match = re.fullmatch(r"(?:conv|relu)(\d+)_(\d+)|pool(\d+)", layer)
    if match is None:
        raise LayerError(f"{layer!r} is not the name of a VGG layer. Names look like conv3_2, relu3_2, pool3.")
    return (int(match[3]), None) if match[3] else (int(match[1]), int(match[2]))
