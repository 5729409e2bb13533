"""What a transfer lowers: a sum of terms, each the distance of an image from a picture it is to be like (chapters 09, 10).

A ``Term`` says what is compared (activations, Gram matrices, pixels), of which part of the image (a ``View``), in which
layers, and what it weighs. ``CLASSIC`` is the sum of Gatys et al. (2016). What the content and the styles look like is
computed once, when an ``Objective`` is made; then ``objective(image)`` compares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.colors import luminance
from nstlib.errors import ChoiceError, ShapeError, choice, finite_number
from nstlib.features import Features
from nstlib.frequency import filter_spectrum, frame_filters, low_pass
from nstlib.kernels.gram_product import gram_sum
from nstlib.kernels.variation import total_variation
from nstlib.losses import edges_of_shrunk, normalized, relative_to

LayerChoice = str | Iterable[str] | Mapping[str, float]
Measured = Tensor | tuple[Tensor, ...]
PICTURE = ""  # where a layer's name stands, for terms that compare the image itself


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


class Quantity(NamedTuple):
    """What a term compares: a function of a layer's activations, or of the image, and a distance.

    Attributes:
        name: tells it apart.
        measure: from activations, shape (B, C, H, W), to what is compared. Where ``is_mean``, also from positions' weights.
        distance: from what was measured of the goal to a function of what is measured of the image: a relative loss, 1 for
            features that are 0 everywhere.
        of_style: whether the goal is the styles', not the content's.
        in_pixels: whether the image itself is measured, and no layer.
        is_mean: whether it is a mean over positions: then it can be taken in a region, and in strips.
    """

    name: str
    measure: Callable[..., Measured]
    distance: Callable[[Measured], Callable[[Measured], Tensor]] = relative_to
    of_style: bool = False
    in_pixels: bool = False
    is_mean: bool = False

    def __repr__(self) -> str:
        return self.name  # a run's fingerprint must not hold a function's address


def _activations(features: Tensor, weights: Tensor | None = None) -> Tensor:
    return features


def _gram(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return ``gram_matrix(features, weights)``, by one fast product."""
    return gram_sum(features, weights) / features[0, 0].numel()


# "structure" is content with each channel's mean and deviation taken out, as these belong to the style; "laplacian" are the
# edges of the image, shrunk to a quarter.
QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        Quantity("content", _activations, is_mean=True),
        Quantity("structure", normalized),
        Quantity("style", _gram, of_style=True, is_mean=True),
        Quantity("pixels", _activations, in_pixels=True),
        Quantity("laplacian", edges_of_shrunk, in_pixels=True),
    )
}


@dataclass(frozen=True)
class View:
    """The part of an image that a term looks at.

    Attributes:
        finer: keep what is finer than a Gaussian blur of this many pixels (at the final size); shown around mid-gray.
        coarser: keep what such a blur leaves. With both, the difference of the two blurs, so that bands sum to the image.
        gray: luminance alone.
    """

    finer: float | None = None
    coarser: float | None = None
    gray: bool = False

    def __post_init__(self) -> None:
        for name, sigma in (("finer", self.finer), ("coarser", self.coarser)):
            if sigma is not None and not 0 < sigma < math.inf:
                raise ChoiceError(f"A view's {name} is a blur in pixels, above 0, got {sigma!r}.")
        if self.finer is not None and self.coarser is not None and self.coarser >= self.finer:
            raise ChoiceError(
                f"Nothing is finer than a blur of {self.finer} px and coarser than one of {self.coarser} px: the band "
                "between them is View(finer=the larger, coarser=the smaller)."
            )

    def band(self, image: Tensor, share: float = 1.0) -> Tensor:
        """Return that part as it is, signed: shape (B, 3, H, W).

        Args:
            image: shape (B, 3, H, W).
            share: its size over the final one.
        """
        image = luminance(image).expand(-1, 3, -1, -1) if self.gray else image
        upper = image if self.coarser is None else low_pass(image, self.coarser * share)
        return upper if self.finer is None else upper - low_pass(image, self.finer * share)

    def around_gray(self, band: Tensor) -> Tensor:
        """Return a band as a network can look at it: where its mean is taken away, mid-gray is added."""
        return band if self.finer is None else band + 0.5

    def show(self, image: Tensor, share: float = 1.0) -> Tensor:
        """Return that part as a picture, and as a network sees it."""
        return self.around_gray(self.band(image, share))


WHOLE = View()


@dataclass(frozen=True, eq=False)
class Term:
    """One summand of a loss.

    Attributes:
        quantity: what is compared: a key of ``QUANTITIES``, or one of ``nstlib.textures.STATISTICS``.
        weight: times its relative loss: 1 is as far as features, or pixels, that are 0 everywhere.
        view: what of the image it looks at.
        layers: a name, several, or a mapping from name to weight; None means the usual ones.
        cutoffs: of a tight frame on the feature maps, in cycles per position, finest first; see ``nstlib.frequency``.
        bands: the weight of each band of that frame, finest first, one more than cutoffs.
        channels: from a layer to the channels that count, booleans of shape (C,). None, or a layer that is not there: all.
    """

    quantity: str | Quantity
    weight: float = 1.0
    view: View = WHOLE
    layers: LayerChoice | None = None
    cutoffs: tuple[float, ...] = ()
    bands: tuple[float, ...] = ()
    channels: Mapping[str, Tensor] | None = None
    compares: Quantity = field(init=False, repr=False)

    def __post_init__(self) -> None:
        named = isinstance(self.quantity, str)
        compares = QUANTITIES[choice("quantity", self.quantity, QUANTITIES)] if named else self.quantity
        object.__setattr__(self, "compares", compares)
        finite_number("The weight of a term", self.weight)
        needed = len(self.cutoffs) + 1 if self.cutoffs else 0
        if len(self.bands) != needed or not all(0 <= weight < math.inf for weight in self.bands):
            raise ChoiceError(
                f"A term with {len(self.cutoffs)} cutoffs has {needed or 'no'} weights of bands, each a finite number of 0 "
                f"or larger, got {self.bands!r}."
            )
        if self.cutoffs:
            frame_filters(1, 1, self.cutoffs)  # refuses cutoffs that do not descend
        if compares.in_pixels and (self.layers is not None or self.cutoffs or self.channels is not None):
            raise ChoiceError(
                f'A term "{compares.name}" looks at the image itself: it has a view, but no layers, bands or channels.'
            )

    def __str__(self) -> str:
        """Say what tells it from others: its quantity, its weight, and what is not as usual."""
        view = [f"{name} {value:g}" for name in ("finer", "coarser") if (value := getattr(self.view, name)) is not None]
        said = [*view, "gray"] if self.view.gray else view
        said += [f"{name} {value}" for name in ("layers", "cutoffs", "bands") if (value := getattr(self, name))]
        for layer, chosen in (self.channels or {}).items():
            said.append(f"channels of {layer} {chosen.nonzero().flatten().tolist()}")
        weight = "" if self.weight == 1 else f"{self.weight:g} "
        return f"{weight}{self.compares.name}" + (f" ({', '.join(said)})" if said else "")

    @property
    def in_strips(self) -> bool:
        """Whether its loss is a sum over positions of the network's own layers, which can be computed in strips."""
        return self.compares.is_mean and self.view == WHOLE and not self.cutoffs and self.channels is None

    def layer_shares(
        self, content_layers: LayerChoice, style_layers: LayerChoice, network: Features
    ) -> dict[str, float]:
        """Return the layers that it looks at, in this network, and their shares."""
        if self.compares.in_pixels:
            return {PICTURE: 1.0}
        usual = style_layers if self.compares.of_style else content_layers
        return layer_shares("layers", usual if self.layers is None else self.layers, network)

    def select(self, layer: str, features: Tensor) -> Tensor:
        """Return the channels and bands of a layer that count."""
        if self.channels is not None and layer in self.channels:
            features = features[:, self.channels[layer].to(features.device)]
        if self.cutoffs:
            features = filter_spectrum(features, _response(*features.shape[2:], self.cutoffs, self.bands))
        return features

    def with_names_of(self, network: Features) -> Term:
        """Return the term with the layers of its channels named as the network names them.

        Raises:
            ShapeError: if the channels are not booleans, one for each of the layer.
        """
        if self.channels is None:
            return self
        channels = {}
        for name, chosen in self.channels.items():
            layer = network.canonical(name)
            count = network.channels(layer)
            if chosen.dtype != torch.bool or tuple(chosen.shape) != (count,) or not chosen.any():
                raise ShapeError(
                    f"Channels of {layer} are chosen by booleans of shape ({count},), at least one of them true; got "
                    f"{chosen.dtype} of shape {tuple(chosen.shape)}."
                )
            channels[layer] = chosen
        return replace(self, channels=channels)


CLASSIC = (Term("content"), Term("style"))


@lru_cache(maxsize=64)
def _response(height: int, width: int, cutoffs: tuple[float, ...], bands: tuple[float, ...]) -> Tensor:
    """Return the filter whose one output has the energy, and the Gram matrix, of all weighted bands together.

    Those of a tight frame's bands add up, so the weights of the bands are one filter: the root of their weighted squares.
    """
    squares = frame_filters(height, width, cutoffs, dtype=torch.float64).square()  # (K, H, W // 2 + 1)
    return (squares * squares.new_tensor(bands).view(-1, 1, 1)).sum(0).sqrt()


@dataclass
class Part:
    """A term in one layer: its share of the loss, and what it wants there.

    Attributes:
        goals: for each goal (each style, or the content) its share, its region, and the distance from it.
    """

    term: Term
    layer: str
    share: float
    goals: list[tuple[float, int, Callable[[Measured], Tensor]]] = field(default_factory=list)

    def measure(self, seen: Mapping[View, Mapping[str, Tensor]], guide: Mapping[str, Tensor] | None = None) -> Measured:
        """Return what the term compares, given what is seen in each view."""
        features = self.term.select(self.layer, seen[self.term.view][self.layer])
        compares = self.term.compares
        return compares.measure(features) if guide is None else compares.measure(features, guide[self.layer])

    def error(self, measured: Sequence[Measured]) -> Tensor:
        """Return its summand of the loss, given what is measured in each region."""
        errors = (share * distance(measured[region]) for share, region, distance in self.goals)
        return self.term.weight * self.share * reduce(torch.add, errors)


class Objective:
    """The loss of an image; ``objective(image)`` returns the scalars total, content, style and total variation.

    Args:
        content: shape (1, 3, H, W).
        styles: see ``Style``.
        network: looks at the pictures.
        content_layers, style_layers: for terms that name none.
        weights: of all terms but those of style, of these, and of total variation. A loss that does not count is not
            computed, and then is reported as 0.
        terms: the summands.
        share: the size of these pictures over that of the result, for views.

    Raises:
        LayerError: if there is no such layer. ChoiceError: if a mask leaves nothing, or a quantity has no regions.
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
        terms: Iterable[Term] = CLASSIC,
        share: float = 1.0,
    ):
        self.network, self.weights, self._size_share = network, weights, share
        counting = [term.with_names_of(network) for term in terms if term.weight and weights[term.compares.of_style]]
        self._parts = [
            Part(term, layer, of_layer)
            for term in counting
            for layer, of_layer in term.layer_shares(content_layers, style_layers, network).items()
        ]
        self._regions = list({id(style.mask): style.mask for style in styles}.values())  # one Gram matrix for each
        with torch.no_grad():
            self._guides = [self._guide(mask, content) for mask in self._regions]
            self._set_goals(content, styles)

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the scalars total, content, style and total variation of an image of shape (1, 3, H, W)."""
        content = style = image.new_zeros(())
        for part, measured in zip(self._parts, self._measure(image), strict=True):
            error = part.error(measured)
            content, style = (content, style + error) if part.term.compares.of_style else (content + error, style)
        alpha, beta, gamma = self.weights
        tv = total_variation(image if gamma else image.detach())  # without a weight it pulls at nothing
        return alpha * content + beta * style + gamma * tv, content, style, tv

    def _measure(self, image: Tensor) -> list[list[Measured]]:
        """Return, for each part and each of its regions, what the image has there."""
        seen = self._look(image, self._parts)
        return [
            [part.measure(seen, guide) for guide in (self._guides if part.term.compares.of_style else [None])]
            for part in self._parts
        ]

    def _set_goals(self, content: Tensor, styles: Sequence[Style]) -> None:
        """Say what the content and the styles look like to each part."""
        wanted = [part for part in self._parts if not part.term.compares.of_style]
        seen = self._look(content, wanted)
        for part in wanted:
            part.goals.append((1.0, 0, part.term.compares.distance(part.measure(seen))))
        wanted = [part for part in self._parts if part.term.compares.of_style]
        total = sum(style.weight for style in styles)
        for style in styles if wanted else ():
            region = next(k for k, mask in enumerate(self._regions) if mask is style.mask)
            seen = self._look(style.image, wanted)
            for part in wanted:
                part.goals.append((style.weight / total, region, part.term.compares.distance(part.measure(seen))))

    def _look(self, image: Tensor, parts: Iterable[Part]) -> dict[View, dict[str, Tensor]]:
        """Return what these parts look at: for each view its features by layer, and the band itself as ``PICTURE``.

        Parts that share a view share its pass through the network.
        """
        wanted: dict[View, dict[str, None]] = {}
        for part in parts:
            wanted.setdefault(part.term.view, {})[part.layer] = None
        seen = {}
        for view, names in wanted.items():
            band = view.band(image, self._size_share)
            layers = tuple(name for name in names if name != PICTURE)
            seen[view] = {PICTURE: band, **(self.network.fast(view.around_gray(band), layers) if layers else {})}
        return seen

    def _guide(self, mask: Tensor | None, content: Tensor) -> dict[str, Tensor] | None:
        """Return what each position of each style layer counts for a region, with a mean of 1 (Gatys et al., 2017)."""
        if mask is None:
            return None
        guides = {}
        for part in self._parts:
            if not part.term.compares.of_style:
                continue
            if not part.term.compares.is_mean:
                raise ChoiceError(f"{part.term.compares.name} has no regions, Gram matrices have. Leave the masks out.")
            size = self.network.architecture.size(part.layer, *content.shape[2:])
            guide = F.adaptive_avg_pool2d(mask.to(content), size)
            if not guide.any():
                raise ChoiceError(f"A mask leaves nothing at {part.layer}: its region is too small, or it is empty.")
            guides[part.layer] = guide / guide.mean()
        return guides


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
    if not weights or not 0 < total < math.inf or min(weights.values()) < 0:
        raise ChoiceError(
            f"{what} needs at least one layer, with weights of 0 or more and a sum above 0; got {dict(weights)}."
        )
    return {layer: weight / total for layer, weight in weights.items() if weight > 0}
