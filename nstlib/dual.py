"""Dual-channel style transfer: content and style asked for in different parts of the image or of its features (chapter 12).

A loss is a sum of *terms*. Each says what it asks for (content, structure, pixels, style), of which part of the image (a
``View``: a band of frequencies, or luminance alone), and, in a layer, of which channels or bands of the feature maps.
``PRESETS`` names some sums; "classic" is ``nstlib.transfer.stylize`` itself, to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.colors import keep_colors, luminance, luminance_pair
from nstlib.errors import ChoiceError, ShapeError, choice
from nstlib.features import Features
from nstlib.frequency import filter_spectrum, frame_filters, low_pass
from nstlib.gram import gram_matrix
from nstlib.losses import scale_of, total_variation
from nstlib.objective import Goal, LayerChoice, Style, layer_shares
from nstlib.transfer import Run, Step, stylize

NORMALIZED_FLOOR = 1e-3  # times the layer's root mean square: channels that vary less than that are as good as constant


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

    def band(self, image: Tensor, share: float = 1.0) -> Tensor:
        """Return that part as it is, signed: shape (B, 3, H, W).

        Args:
            image: shape (B, 3, H, W).
            share: its size over the final one.
        """
        image = luminance(image).expand(-1, 3, -1, -1) if self.gray else image
        upper = image if self.coarser is None else low_pass(image, self.coarser * share)
        return upper if self.finer is None else upper - low_pass(image, self.finer * share)

    def show(self, image: Tensor, share: float = 1.0) -> Tensor:
        """Return that part as a network can look at it: a band without its mean lies around mid-gray."""
        band = self.band(image, share)
        return band if self.finer is None else band + 0.5


WHOLE = View()


@dataclass(frozen=True, eq=False)
class Term:
    """One summand of a loss.

    Attributes:
        goal: a key of ``GOALS``. In layers of the network: "content" (activations, position by position), "structure"
            (the same, with each channel's mean and deviation taken out, as these belong to the style) and "style" (Gram
            matrices). In the image itself: "pixels", and "laplacian" (edges of the image shrunk to a quarter).
        weight: times its relative loss: 1 is as far as features, or pixels, that are 0 everywhere.
        view: what of the image it looks at.
        layers: a name, several, or a mapping from name to weight; None means the usual ones.
        cutoffs: of a tight frame on the feature maps, in cycles per position, finest first; see ``nstlib.frequency``.
        bands: the weight of each band of that frame, finest first, one more than cutoffs.
        channels: from a layer to the channels that count, booleans of shape (C,). None, or a layer that is not there: all.
    """

    goal: str
    weight: float = 1.0
    view: View = WHOLE
    layers: LayerChoice | None = None
    cutoffs: tuple[float, ...] = ()
    bands: tuple[float, ...] = ()
    channels: Mapping[str, Tensor] | None = None

    @property
    def is_style(self) -> bool:
        return self.goal == "style"


def normalized(features: Tensor) -> Tensor:
    """Return features with each channel's mean taken out and its deviation set to 1: what is left is where, not how much.

    Args:
        features: shape (B, C, H, W). Channels that hardly vary, for the layer they are in, stay near 0.
    """
    centered = features - features.mean((2, 3), keepdim=True)
    floor = NORMALIZED_FLOOR * features.detach().square().mean()
    return centered / (centered.square().mean((2, 3), keepdim=True) + floor).sqrt()


def edges_of_shrunk(image: Tensor) -> Tensor:
    """Return the Laplacian of the image at a quarter of its size (Li et al., 2017, "Laplacian-Steered NST", p = 4).

    Args:
        image: shape (B, 3, H, W), at least 12 x 12.
    """
    small = F.pad(F.avg_pool2d(image, 4), (1, 1, 1, 1), mode="replicate")
    center = small[:, :, 1:-1, 1:-1]
    return 4 * center - small[:, :, :-2, 1:-1] - small[:, :, 2:, 1:-1] - small[:, :, 1:-1, :-2] - small[:, :, 1:-1, 2:]


# What of a layer's activations, or of the image, is compared.
GOALS: dict[str, Callable[[Tensor], Tensor]] = {
    "content": lambda features: features,
    "structure": normalized,
    "style": gram_matrix,
    "pixels": lambda image: image,
    "laplacian": edges_of_shrunk,
}
IN_PIXELS = ("pixels", "laplacian")

PRESETS: dict[str, tuple[Term, ...]] = {
    "classic": (Term("content"), Term("style")),
    "lapstyle": (Term("content"), Term("laplacian", 1.0), Term("style")),
    "dual": (Term("structure"), Term("pixels", 0.1, View(finer=2.0, gray=True)), Term("style")),
}
METHODS = (*PRESETS, "luminance")


def stylize_dual(
    content: Tensor,
    style: Tensor | Style | Sequence[Style],
    network: Features,
    *,
    method: str = "dual",
    terms: Iterable[Term] | None = None,
    **options: Any,
) -> Run | Iterator[Step]:
    """Iterate over the images of a style transfer whose loss is a sum of terms; all else is as in ``stylize``.

    Args:
        content, style, network: as for ``stylize``; styles without masks.
        method: one of ``METHODS``: a preset, or "luminance", a classic transfer between gray pictures whose result gets
            the content's colors (Gatys et al., 2016, arXiv 1606.05897).
        terms: the loss, in place of a method's.
        options: of ``stylize``. ``content_layers`` and ``style_layers`` are for terms that name none; ``content_weight``
            is for all terms but "style", ``style_weight`` for these.

    Returns:
        An iterator over ``Step`` records as from ``stylize``; their ``content`` and ``style`` are sums over terms. It is a
        ``Run``, except for "luminance".

    Raises:
        ChoiceError, LayerError, ShapeError: as ``stylize``, and for terms that make no sense.
    """
    if terms is None and choice("method", method, METHODS) == "luminance":
        return _in_luminance(content, style, network, options)
    terms = PRESETS[method] if terms is None else tuple(terms)
    for term in terms:
        _check(term, network)
    named = [layer for term in terms if term.layers for layer in layer_shares("layers", term.layers, network)]
    goal = Goal(repr(terms), partial(TermObjective, terms=terms), tiles=False, layers=tuple(dict.fromkeys(named)))
    return stylize(content, style, network, goal=goal, **options)


class TermObjective:
    """The loss of an image as a sum of terms; made and called like ``nstlib.objective.Objective``.

    Attributes:
        weights: of content (all terms but "style"), style and total variation.
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
        terms: Sequence[Term],
        tiled: int = 0,
        share: float = 1.0,
    ):
        if tiled or any(style.mask is not None for style in styles):
            raise ChoiceError("A loss of terms knows neither tiles nor masks. stylize does.")
        self.network, self.weights, self._size_share = network, weights, share
        # A loss that does not count is not computed, and then is reported as 0.
        self._terms = [term for term in terms if term.weight and weights[term.is_style]]
        usual = {True: style_layers, False: content_layers}
        self._layers = [
            {}
            if term.goal in IN_PIXELS
            else layer_shares("layers", usual[term.is_style] if term.layers is None else term.layers, network)
            for term in self._terms
        ]
        total = sum(style.weight for style in styles)
        with torch.no_grad():
            seen = self._look(content, [term for term in self._terms if not term.is_style])
            painted = [self._look(style.image, [term for term in self._terms if term.is_style]) for style in styles]
            self._targets = [
                [(1.0, self._values(k, seen))]
                if not term.is_style
                else [
                    (style.weight / total, self._values(k, found)) for style, found in zip(styles, painted, strict=True)
                ]
                for k, term in enumerate(self._terms)
            ]

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the scalars total, content, style and total variation of an image of shape (1, 3, H, W)."""
        seen = self._look(image, self._terms)
        sums = [image.new_zeros(()), image.new_zeros(())]
        for k, term in enumerate(self._terms):
            values = self._values(k, seen)
            for share, targets in self._targets[k]:
                error = sum(weight * _relative(values[name], targets[name]) for name, weight in self._shares(k).items())
                sums[term.is_style] = sums[term.is_style] + term.weight * share * error
        tv = total_variation(image)
        alpha, beta, gamma = self.weights
        return alpha * sums[0] + beta * sums[1] + gamma * tv, sums[0], sums[1], tv

    def _shares(self, k: int) -> dict[str, float]:
        return self._layers[k] or {"": 1.0}  # a term in pixels has one value, under no layer's name

    def _look(self, image: Tensor, terms: Sequence[Term]) -> dict[View, dict[str, Tensor]]:
        """Return, for each view, the features of the layers that its terms look at: one pass for terms that share a view."""
        wanted: dict[View, dict[str, None]] = {}
        for term, layers in zip(self._terms, self._layers, strict=True):
            if term in terms:
                wanted.setdefault(term.view, {}).update(dict.fromkeys(layers))
        return {
            view: {"": view.band(image, self._size_share), **self._features(view, image, tuple(layers))}
            for view, layers in wanted.items()
        }

    def _features(self, view: View, image: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        return self.network.fast(view.show(image, self._size_share), layers) if layers else {}

    def _values(self, k: int, seen: Mapping[View, Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return what a term compares, by layer."""
        term = self._terms[k]
        return {
            name: GOALS[term.goal](_selected(term, name, seen[term.view][name]) if name else seen[term.view][name])
            for name in self._shares(k)
        }


def _selected(term: Term, layer: str, features: Tensor) -> Tensor:
    """Return the channels and bands of a layer that count."""
    if term.channels is not None and layer in term.channels:
        features = features[:, term.channels[layer].to(features.device)]
    if term.cutoffs:
        # Energies and Gram matrices of a tight frame's bands add up, so weights of bands are one filter.
        squares = frame_filters(*features.shape[2:], term.cutoffs).square()  # (K, h, w // 2 + 1)
        weights = torch.tensor(term.bands).view(-1, 1, 1)
        features = filter_spectrum(features, (squares * weights).sum(0).sqrt().to(features))
    return features


def _relative(values: Tensor, target: Tensor) -> Tensor:
    return (values - target).square().mean() / scale_of(target)


def _in_luminance(
    content: Tensor, style: Tensor | Style | Sequence[Style], network: Features, options: dict
) -> Iterator[Step]:
    """Yield the steps of a transfer of texture alone, in the content's colors."""
    if not isinstance(style, Tensor):
        raise ChoiceError('method "luminance" takes one style, a tensor of shape (1, 3, H, W).')
    gray, painted = luminance_pair(content, style)
    for step in stylize(gray, painted, network, **options):
        yield replace(step, image=keep_colors(step.image, content))


def _check(term: Term, network: Features) -> None:
    choice("goal", term.goal, GOALS)
    if not 0 <= term.weight < float("inf"):
        raise ChoiceError(f"The weight of a term must be a finite number, 0 or larger, got {term.weight!r}.")
    for name, sigma in (("finer", term.view.finer), ("coarser", term.view.coarser)):
        if sigma is not None and not 0 < sigma < float("inf"):
            raise ChoiceError(f"A view's {name} is a blur in pixels, above 0, got {sigma!r}.")
    if len(term.bands) != (len(term.cutoffs) + 1 if term.cutoffs else 0) or min(term.bands, default=0) < 0:
        raise ChoiceError(
            f"A term with {len(term.cutoffs)} cutoffs needs {len(term.cutoffs) + 1} weights of bands, each 0 or larger, "
            f"got {term.bands!r}."
        )
    if term.goal in IN_PIXELS and (term.layers or term.cutoffs or term.channels):
        raise ChoiceError(
            f'A term "{term.goal}" looks at the image itself: it has a view, but no layers, bands or channels.'
        )
    for layer, channels in (term.channels or {}).items():
        count = network.channels(layer)
        if channels.dtype != torch.bool or tuple(channels.shape) != (count,) or not channels.any():
            raise ShapeError(
                f"Channels of {layer} are chosen by booleans of shape ({count},), at least one of them true; got "
                f"{channels.dtype} of shape {tuple(channels.shape)}."
            )


def selectivity(grid: Tensor) -> Tensor:
    """Return how much each channel follows the content rather than the style: a two-way analysis of variance.

    Args:
        grid: activations of a layer for pictures of I scenes in J styles, shape (I, J, C, H, W), I and J at least 2.

    Returns:
        Shape (C,), in [0, 1]: with a_i and b_j the mean maps of scene i and of style j, and m that of all,
        ``J sum |a_i - m|^2 / (J sum |a_i - m|^2 + I sum |b_j - m|^2)``. 1: only scenes change it. 0.5 where nothing does.
    """
    if grid.ndim != 5 or min(grid.shape[:2]) < 2:
        raise ShapeError(
            f"selectivity needs activations of at least 2 scenes in at least 2 styles, shape (I, J, C, H, W), got "
            f"{tuple(grid.shape)}."
        )
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))  # (C, H, W)
    by_scene = styles * (grid.mean(1) - mean).square().sum((0, 2, 3))  # (C,)
    by_style = scenes * (grid.mean(0) - mean).square().sum((0, 2, 3))
    total = by_scene + by_style
    return torch.where(
        total > 0, by_scene / torch.where(total > 0, total, torch.ones_like(total)), torch.full_like(total, 0.5)
    )


def band_terms(
    sigmas: Sequence[float], content_weights: Sequence[float], style_weights: Sequence[float]
) -> tuple[Term, ...]:
    """Return a content term and a style term for each band of the image.

    Args:
        sigmas: ascending, in pixels of the result: bands are finer than the first, between two, coarser than the last.
        content_weights: of each band, finest first, one more than sigmas; 0 leaves a term out.
        style_weights: likewise.

    Raises:
        ChoiceError: if the numbers do not fit together.
    """
    sigmas = list(sigmas)
    if sorted(set(sigmas)) != sigmas:
        raise ChoiceError(f"sigmas must ascend, got {sigmas}.")
    if not len(content_weights) == len(style_weights) == len(sigmas) + 1:
        raise ChoiceError(
            f"{len(sigmas)} sigmas make {len(sigmas) + 1} bands; got {len(content_weights)} content weights and "
            f"{len(style_weights)} style weights."
        )
    views = [View(finer, coarser) for finer, coarser in zip([*sigmas, None], [None, *sigmas], strict=True)]
    terms = [Term("content", weight, view) for view, weight in zip(views, content_weights, strict=True)]
    terms += [Term("style", weight, view) for view, weight in zip(views, style_weights, strict=True)]
    return tuple(term for term in terms if term.weight)
