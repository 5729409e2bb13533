"""What a transfer lowers: the distance of an image from its goals, whatever they are (chapters 09 and 10).

Goals are computed once, when an ``Objective`` is made; then ``objective(image)`` compares. Its losses are sums over
positions (unless a ``Statistic`` says otherwise), so the image may be looked at as a whole or in tiles (``nstlib.engine.tiles``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.engine.tiles import measure
from nstlib.errors import ChoiceError
from nstlib.features import Features
from nstlib.gram import gram_sum, gram_sum_backward
from nstlib.losses import scale_of, total_variation

LayerChoice = str | Iterable[str] | Mapping[str, float]


@dataclass(frozen=True)
class Style:
    """A picture whose texture is taken, how much of it, and where to.

    Attributes:
        image: RGB in [0, 1], shape (1, 3, H', W'), any size.
        weight: its share among several styles; only their ratios count.
        mask: how much each pixel of the *content* takes part, in [0, 1], shape (1, 1, H, W) with the content's size.
            None means everywhere.
    """

    image: Tensor
    weight: float = 1.0
    mask: Tensor | None = None


@dataclass(frozen=True)
class Statistic:
    """What of a layer's activations is compared in place of their Gram matrix (``nstlib.textures`` has several).

    Attributes:
        name: tells runs apart.
        measure: from activations (B, C, H, W) to tensors, which H and W need not be read from.
        distance: from what ``measure`` says of the image and of the style to a scalar, relative: 1 is as far as features
            that are 0 everywhere.
    """

    name: str
    measure: Callable[[Tensor], tuple[Tensor, ...]]
    distance: Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Tensor]

    def goal(self) -> Goal:
        """Return the kind of loss that ``stylize`` takes: this statistic for the style, activations for the content."""
        return Goal(self.name, partial(Objective, statistic=self), tiles=False)


class Objective:
    """The loss of an image; ``objective(image)`` returns its terms.

    Attributes:
        weights: of content, style and total variation.
        layers: all layers that are looked at.
        tiled: how many of the network's blocks are computed in strips. Only Gram matrices can be: with a ``statistic`` it
            must be 0, and styles must have no masks.

    ``share``, the size of these pictures over that of the result, changes nothing here: each layer's loss is relative.
    """

    def __init__(
        self,
        content: Tensor,
        styles: Sequence[Style],
        network: Features,
        content_layers: LayerChoice,
        style_layers: LayerChoice,
        weights: tuple[float, float, float],
        *,
        tiled: int = 0,
        share: float = 1.0,
        statistic: Statistic | None = None,
    ):
        self.network, self.weights, self.tiled, self.statistic = network, weights, tiled, statistic
        # A loss that does not count is not computed, and then is reported as 0.
        self.content_layers = layer_shares("content_layers", content_layers, network) if weights[0] else {}
        self.style_layers = layer_shares("style_layers", style_layers, network) if weights[1] else {}
        self.layers = tuple(dict.fromkeys([*self.content_layers, *self.style_layers]))
        self._regions = _regions(styles)
        if statistic and (tiled or self._regions != [None]):
            raise ChoiceError(f"{statistic.name} has no regions and no tiles, Gram matrices have. Leave the masks out.")
        with torch.no_grad():
            self._guides = [self._guide(mask, content) for mask in self._regions]
            self._content = self._content_targets(content)
            self._textures = self._style_targets(styles)

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the scalars total, content, style and total variation of an image of shape (1, 3, H, W)."""
        found: dict[str, tuple[Tensor, ...]] = {}
        if self.layers:
            found = measure(self.network, image, self.layers, self._statistics, pull=self._pull, tiled=self.tiled)
        content = style = image.new_zeros(())
        for layer, share in self.content_layers.items():
            target = self._content[layer]
            content = content + share * found[layer][0] / (target.values.numel() * target.scale)
        for layer, share in self.style_layers.items():
            measured = found[layer][1:] if layer in self.content_layers else found[layer]
            style = style + share * self._texture_error(layer, measured, image)
        alpha, beta, gamma = self.weights
        tv = total_variation(image if gamma else image.detach())  # without a weight it pulls at nothing
        return alpha * content + beta * style + gamma * tv, content, style, tv

    def _texture_error(self, layer: str, measured: tuple[Tensor, ...], image: Tensor) -> Tensor:
        """Return how far a layer's texture is from the styles', given what ``_statistics`` says of it."""
        targets = self._textures[layer]
        if self.statistic:
            return sum(target.share * self.statistic.distance(measured, target.values) for target in targets)
        grams = [gram / self._positions(layer, image) for gram in measured]
        return sum(
            target.share * (grams[target.region] - target.values).square().mean() / target.scale for target in targets
        )

    def _statistics(self, layer: str, features: Tensor, rows: slice) -> tuple[Tensor, ...]:
        """Return what the losses need to know of some rows of a layer: the content's error, then each region's Gram sum."""
        sums = []
        if layer in self.content_layers:
            sums.append((features - self._content[layer].values[:, :, rows]).square().sum())
        if layer in self.style_layers and self.statistic:
            sums += self.statistic.measure(features)
        elif layer in self.style_layers:
            for guide in self._guides:
                sums.append(gram_sum(features, None if guide is None else guide[layer][:, :, rows]))
        return tuple(sums)

    def _pull(self, layer: str, features: Tensor, rows: slice, pulls: Sequence[Tensor]) -> Tensor:
        """Return the gradient with respect to some rows of a layer, given those with respect to ``_statistics``.

        Autograd would do the same, but needs the Gram matrices computed once more, which is as much work again.
        """

        def parts() -> Iterator[Tensor]:
            grams = pulls
            if layer in self.content_layers:
                yield (features - self._content[layer].values[:, :, rows]).mul_(2 * pulls[0])
                grams = pulls[1:]
            if layer in self.style_layers:
                for guide, gradient in zip(self._guides, grams, strict=True):
                    weights = None if guide is None else guide[layer][:, :, rows]
                    yield gram_sum_backward(features, gradient, weights)

        return reduce(Tensor.add_, parts())

    def _content_targets(self, content: Tensor) -> dict[str, _Target]:
        strips: dict[str, list[Tensor]] = {layer: [] for layer in self.content_layers}

        def collect(layer: str, features: Tensor, rows: slice) -> tuple[Tensor, ...]:
            strips[layer].append(features)
            return ()

        if strips:
            measure(self.network, content, tuple(strips), collect, tiled=self.tiled)
        whole = {layer: pieces[0] if len(pieces) == 1 else torch.cat(pieces, 2) for layer, pieces in strips.items()}
        return {layer: _Target(values, scale_of(values)) for layer, values in whole.items()}

    def _style_targets(self, styles: Sequence[Style]) -> dict[str, list[_Target]]:
        def texture_of(layer: str, features: Tensor, rows: slice) -> tuple[Tensor, ...]:
            return self.statistic.measure(features) if self.statistic else (gram_sum(features),)

        targets: dict[str, list[_Target]] = {layer: [] for layer in self.style_layers}
        total = sum(style.weight for style in styles)
        for style in styles if targets else ():
            region = next(k for k, mask in enumerate(self._regions) if mask is style.mask)
            found = measure(self.network, style.image, tuple(targets), texture_of, tiled=self.tiled)
            for layer, values in found.items():
                scale = None  # a statistic's distance has its own
                if not self.statistic:
                    values = values[0] / self._positions(layer, style.image)
                    scale = scale_of(values)
                targets[layer].append(_Target(values, scale, region, style.weight / total))
        return targets

    def _guide(self, mask: Tensor | None, content: Tensor) -> dict[str, Tensor] | None:
        """Return what each position of each style layer counts for a region, with a mean of 1."""
        if mask is None:
            return None
        guides = {}
        for layer in self.style_layers:
            guide = F.adaptive_avg_pool2d(mask.to(content), self._size(layer, content))
            if not guide.any():
                raise ChoiceError(f"A mask leaves nothing at {layer}: its region is too small, or it is empty.")
            guides[layer] = guide / guide.mean()
        return guides

    def _size(self, layer: str, image: Tensor) -> tuple[int, int]:
        halvings = sum(name.startswith("pool") for name in self.network.layers[: self.network.layers.index(layer) + 1])
        return image.shape[2] >> halvings, image.shape[3] >> halvings

    def _positions(self, layer: str, image: Tensor) -> int:
        height, width = self._size(layer, image)
        return height * width


@dataclass(frozen=True)
class Goal:
    """What kind of loss a run lowers.

    Attributes:
        name: tells runs apart.
        make: called like ``Objective``, whenever a run begins to work at a size.
        tiles: whether its losses are sums over positions, so that pictures can be computed in tiles.
        layers: those it looks at besides the content layers and the style layers.
        passes: how often an image goes through the network to be compared; each needs memory of its own.
    """

    name: str = "classic"
    make: Callable[..., Objective] = Objective
    tiles: bool = True
    layers: tuple[str, ...] = ()
    passes: int = 1


@dataclass(frozen=True)
class _Target:
    values: Tensor | tuple[Tensor, ...]
    scale: Tensor | None
    region: int = 0
    share: float = 1.0


def _regions(styles: Sequence[Style]) -> list[Tensor | None]:
    """Return the different masks: styles of one region share its Gram matrices."""
    regions: list[Tensor | None] = []
    for style in styles:
        if not any(style.mask is mask for mask in regions):
            regions.append(style.mask)
    return regions


def layer_shares(what: str, layers: LayerChoice, network: Features) -> dict[str, float]:
    """Return each layer's share of a loss; the shares sum to 1.

    Args:
        what: the argument's name, for the message.
        layers: a name, several, or a mapping from name to weight, in either spelling.

    Raises:
        LayerError: if there is no such layer. ChoiceError: if nothing has a weight.
    """
    if isinstance(layers, str):
        layers = (layers,)
    weights = dict(layers) if isinstance(layers, Mapping) else dict.fromkeys(layers, 1.0)
    weights = {network.canonical(layer): float(weight) for layer, weight in weights.items()}
    total = sum(weights.values())
    if not weights or not 0 < total < float("inf") or min(weights.values()) < 0:
        raise ChoiceError(
            f"{what} needs at least one layer, with weights of 0 or more and a sum above 0; got {dict(weights)}."
        )
    return {layer: weight / total for layer, weight in weights.items() if weight > 0}
