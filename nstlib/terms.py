"""The summands of a loss: what is compared, of which part of an image, in which layers.

A ``Term`` names a ``Quantity`` (activations, Gram matrices, pixels), a ``View`` (a band of frequencies, or luminance alone)
and layers. ``CLASSIC`` is the sum of Gatys et al. (2016); ``nstlib.dual`` has others, and so has anybody who writes a list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from nstlib.colors import luminance
from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, choice, finite_number
from nstlib.features import Features
from nstlib.frequency import filter_spectrum, frame_filters, low_pass
from nstlib.kernels.sums import gram_sum
from nstlib.losses import edges_of_shrunk, normalized, relative_to

LayerChoice = str | Iterable[str] | Mapping[str, float]
Measured = Tensor | tuple[Tensor, ...]
PICTURE = ""  # where a layer's name stands, for terms that compare the image itself


class Quantity(NamedTuple):
    """What a term compares: a function of a layer's activations, or of the image, and a distance.

    Attributes:
        name: tells it apart.
        measure: from activations, shape (B, C, H, W), to what is compared. Where ``is_mean``, also from positions' weights.
        distance: from what was measured of the goal to a function of what is measured of the image: a relative loss, 1 for
            features that are 0 everywhere.
        of_style: whether the goal is the styles', not the content's.
        in_pixels: whether the image itself is measured, and no layer.
        is_mean: whether it is a mean over positions: then it can be taken in a region.
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


@door
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


@door(weight="own", bands="own", channels="any", cutoffs="own")
@dataclass(frozen=True, eq=False)
class Term:
    """One summand of a loss.

    Attributes:
        quantity: what is compared: a key of ``QUANTITIES``, or a ``Quantity`` of one's own, such as those that
            ``nstlib.textures.STATISTICS`` make.
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
        view = [
            f"{name} {_number(value)}"
            for name in ("finer", "coarser")
            if (value := getattr(self.view, name)) is not None
        ]
        said = [*view, "gray"] if self.view.gray else view
        said += [f"{name} {value}" for name in ("layers", "cutoffs", "bands") if (value := getattr(self, name))]
        for layer, chosen in (self.channels or {}).items():
            said.append(f"channels of {layer} {chosen.nonzero().flatten().tolist()}")
        weight = "" if self.weight == 1 else f"{_number(self.weight)} "
        return f"{weight}{self.compares.name}" + (f" ({', '.join(said)})" if said else "")

    @property
    def in_strips(self) -> bool:
        """Whether its loss is a sum over positions of the network's own layers, which can be computed in strips."""
        known = self.compares in (QUANTITIES["content"], QUANTITIES["style"])  # what nstlib.engine.strips adds up
        return known and self.view == WHOLE and not self.cutoffs and self.channels is None

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


def _number(value: float) -> str:
    """Return a number in few digits if they are enough to tell it from others."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


CLASSIC = (Term("content"), Term("style"))


@lru_cache(maxsize=64)
def _response(height: int, width: int, cutoffs: tuple[float, ...], bands: tuple[float, ...]) -> Tensor:
    """Return the filter whose one output has the energy, and the Gram matrix, of all weighted bands together.

    Those of a tight frame's bands add up, so the weights of the bands are one filter: the root of their weighted squares.
    """
    squares = frame_filters(height, width, cutoffs, dtype=torch.float64).square()  # (K, H, W // 2 + 1)
    return (squares * squares.new_tensor(bands).view(-1, 1, 1)).sum(0).sqrt()


@door
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
