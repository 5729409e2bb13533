"""What a transfer lowers: a sum of terms, each the distance of an image from a picture it is to be like.

What the content and the styles look like to each ``nstlib.terms.Term`` is computed once, when an ``Objective`` is made; then
``objective(image)`` compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError
from nstlib.features import Features
from nstlib.kernels.sums import total_variation
from nstlib.terms import CLASSIC, PICTURE, LayerChoice, Measured, Term, View


@door(image="any", mask="any moved")
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


@door(content="1 3 H W")
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
        self._of_content = [part for part in self._parts if not part.term.compares.of_style]
        self._of_style = [part for part in self._parts if part.term.compares.of_style]
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
        seen = self._look(content, self._of_content)
        for part in self._of_content:
            part.goals.append((1.0, 0, part.term.compares.distance(part.measure(seen))))
        for style, share, region in self._shares(styles):
            seen = self._look(style.image, self._of_style)
            for part in self._of_style:
                part.goals.append((share, region, part.term.compares.distance(part.measure(seen))))

    def _shares(self, styles: Sequence[Style]) -> Iterator[tuple[Style, float, int]]:
        """Yield each style with its share and the number of its region; none if no term asks for styles."""
        total = sum(style.weight for style in styles)
        for style in styles if self._of_style else ():
            yield style, style.weight / total, next(k for k, mask in enumerate(self._regions) if mask is style.mask)

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
        for part in self._of_style:
            if not part.term.compares.is_mean:
                raise ChoiceError(f"{part.term.compares.name} has no regions, Gram matrices have. Leave the masks out.")
            size = self.network.architecture.size(part.layer, *content.shape[2:])
            guide = F.adaptive_avg_pool2d(mask.to(content), size)
            if not guide.any():
                raise ChoiceError(f"A mask leaves nothing at {part.layer}: its region is too small, or it is empty.")
            guides[part.layer] = guide / guide.mean()
        return guides
