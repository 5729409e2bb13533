"""VGG without weights: the names of its layers, their channels and sizes, counted from its blocks alone.

Layers carry the names of the style transfer papers: ``conv3_2`` is the second convolution of the third block, ``relu3_2``
the same after rectification, ``pool3`` the block's end. Keras fuses each ReLU into its convolution, so its
``block3_conv2`` is our ``relu3_2``; both spellings are accepted wherever a layer is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from nstlib.errors import LayerError

Blocks = tuple[tuple[int, ...], ...]

COLORS = 3  # channels of the image
# Channels of each convolution, block by block (Simonyan and Zisserman, 2015, configurations D and E).
VGG16: Blocks = ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3)
VGG19: Blocks = ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4)


@dataclass(frozen=True, eq=False)  # there is one of each, told apart by being it: hashing blocks would cost each step
class Architecture:
    """Blocks of 3 x 3 convolutions, each followed by a ReLU; at the end of each block a 2 x 2 pooling.

    Convolutions pad by 1 and so keep the size; each pooling halves it and rounds down. Layers may be given in either
    spelling; where there is none of that name, a LayerError lists those there are.

    Attributes:
        name: a key of ``ARCHITECTURES``.
        blocks: channels of each convolution, block by block.
    """

    name: str
    blocks: Blocks

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The names of all layers, shallow to deep."""
        return tuple(self._channels)

    @cached_property
    def kernels(self) -> dict[str, tuple[int, int]]:
        """From each convolution to the channels that it gets and those that it gives."""
        outputs = {layer: channels for layer, channels in self._channels.items() if layer.startswith("conv")}
        return dict(zip(outputs, zip((COLORS, *outputs.values()), outputs.values(), strict=False), strict=True))

    @cached_property
    def _channels(self) -> dict[str, int]:
        channels = {}
        for block, convolutions in enumerate(self.blocks, 1):
            for place, count in enumerate(convolutions, 1):
                channels[f"conv{block}_{place}"] = channels[f"relu{block}_{place}"] = count
            channels[f"pool{block}"] = convolutions[-1]
        return channels

    @cache  # noqa: B019 (there are four architectures, and they stay; a step asks some fifty times)
    def canonical(self, layer: str) -> str:
        """Return this layer's name in the papers' spelling, or raise a LayerError that lists the names there are."""
        name = layer.strip().lower()
        if keras := re.fullmatch(r"block(\d+)_(conv(\d+)|pool)", name):
            name = f"relu{keras[1]}_{keras[3]}" if keras[3] else f"pool{keras[1]}"
        if name not in self._channels:
            raise LayerError(
                f"{self.name} has no layer {layer!r}. It has: {', '.join(self.layers)} "
                "(or, as Keras spells them, block4_conv2 for relu4_2 and block4_pool for pool4)."
            )
        return name

    def down_to(self, layers: str | Iterable[str]) -> tuple[str, ...]:
        """Return all layers from the image to the deepest of these; none for none."""
        names = {self.canonical(layer) for layer in ([layers] if isinstance(layers, str) else layers)}
        return self.layers[: max(map(self.layers.index, names), default=-1) + 1]

    def channels(self, layer: str) -> int:
        """Return how many channels a layer has."""
        return self._channels[self.canonical(layer)]

    @cache  # noqa: B019
    def halvings(self, layer: str) -> int:
        """Return how many poolings lie between the image and what this layer gives."""
        return sum(name.startswith("pool") for name in self.down_to(layer))

    def size(self, layer: str, height: int, width: int) -> tuple[int, int]:
        """Return height and width of a layer for an image of ``height`` x ``width`` pixels."""
        return height >> self.halvings(layer), width >> self.halvings(layer)

    def shape(self, layer: str, height: int, width: int) -> tuple[int, int, int]:
        """Return (C, H, W) of a layer for an image of ``height`` x ``width`` pixels."""
        return self.channels(layer), *self.size(layer, height, width)


ARCHITECTURES = {
    name: Architecture(name, blocks)
    for name, blocks in {
        "vgg16": VGG16,
        "vgg19": VGG19,
        "vgg19-torchvision": VGG19,
        "tiny": ((8,) * 2, (16,) * 2, (32,) * 3, (32,) * 3, (32,) * 3),
    }.items()
}
