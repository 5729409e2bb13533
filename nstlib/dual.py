"""Dual-channel style transfer: content and style asked for in different parts of the image or of its features (chapter 12).

A loss is a sum of *terms*. Each says what it asks for (content, structure, pixels, style), of which part of the image (a
``View``: a band of frequencies, or luminance alone), and, in a layer, of which channels or bands of the feature maps.
``PRESETS`` names some sums; "classic" gives the very pixels of ``nstlib.transfer.stylize``. ``nstlib.channels`` chooses
channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.colors import keep_colors, luminance, luminance_pair
from nstlib.errors import ChoiceError, ShapeError, choice
from nstlib.features import Features
from nstlib.frequency import filter_spectrum, frame_filters, low_pass
from nstlib.gram import gram_sum
from nstlib.images import check_picture
from nstlib.losses import scale_of, total_variation
from nstlib.objective import Goal, LayerChoice, Style, layer_shares
from nstlib.transfer import Run, checked_styles, stylize

# Times the layer's mean variance. A channel is as good as constant if it deviates by less than a thirtieth of the others.
NORMALIZED_FLOOR = 1e-3


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

    Returns:
        The same shape; offsets of channels change nothing, and gains next to nothing (they move the floor).
    """
    centered = features - features.mean((2, 3), keepdim=True)
    variance = centered.square().mean((2, 3), keepdim=True)  # (B, C, 1, 1)
    floor = NORMALIZED_FLOOR * variance.mean(1, keepdim=True)
    return centered / (variance + torch.where(floor > 0, floor, torch.ones_like(floor))).sqrt()


def edges_of_shrunk(image: Tensor) -> Tensor:
    """Return the Laplacian of the image at a quarter of its size: how far each pixel is from its four neighbors.

    Args:
        image: shape (B, 3, H, W), at least 12 x 12.

    Returns:
        Shape (B, 1, H // 4 - 2, W // 4 - 2), red, green and blue summed.

    Source: Li et al., "Laplacian-Steered Neural Style Transfer" (2017, arXiv 1707.01253), with p = 4 as in their code.
    """
    small = F.avg_pool2d(image, 4).sum(1, keepdim=True)
    center = small[:, :, 1:-1, 1:-1]
    return 4 * center - small[:, :, :-2, 1:-1] - small[:, :, 2:, 1:-1] - small[:, :, 1:-1, :-2] - small[:, :, 1:-1, 2:]


def _mean_gram(features: Tensor) -> Tensor:
    """Return ``gram_matrix``, rounded as ``nstlib.objective`` rounds it, whose sums may come in pieces."""
    return gram_sum(features) / (features.shape[2] * features.shape[3])


# What of a layer's activations, or of the image, is compared.
GOALS: dict[str, Callable[[Tensor], Tensor]] = {
    "content": lambda features: features,
    "structure": normalized,
    "style": _mean_gram,
    "pixels": lambda image: image,
    "laplacian": edges_of_shrunk,
}
IN_PIXELS = ("pixels", "laplacian")

PRESETS: dict[str, tuple[Term, ...]] = {
    "classic": (Term("content"), Term("style")),
    # Li et al. weigh the mean squares of pixels in 0..255 with 100 and those of VGG-19's activations with 5 to 20, a ratio
    # that no other trunk shares. Relative weights up to 10 do next to nothing here; 30 acts; 100 brings fine grain.
    "lapstyle": (Term("content"), Term("laplacian", 30.0), Term("style")),
    # Chosen with the flower in five styles, 128 px, 50 steps. Details of 0.1 keep less; 1 pins luminance, and the style's
    # texture is squeezed into colored fringes. Without the last term that begins already here: the held-out distance of
    # gray pictures is .26, with classic's .20; with it, .08. The price is a second pass through the network.
    "dual": (
        Term("structure"),
        Term("pixels", 0.3, View(finer=4.0, gray=True)),
        Term("style", 1.7),
        Term("style", 0.3, View(gray=True)),
    ),
}
# A transfer between gray pictures looks at luminance alone.
IN_LUMINANCE = (Term("content", view=View(gray=True)), Term("style", view=View(gray=True)))
TERMS = {**PRESETS, "luminance": IN_LUMINANCE}
METHODS = tuple(TERMS)


def stylize_dual(
    content: Tensor,
    style: Tensor | Style | Sequence[Style],
    network: Features,
    *,
    method: str = "dual",
    terms: Iterable[Term] | None = None,
    **options: Any,
) -> Run:
    """Iterate over the images of a style transfer whose loss is a sum of terms; all else is as in ``stylize``.

    Args:
        content, style, network: as for ``stylize``; styles without masks.
        method: one of ``METHODS``: a preset, or "luminance", a classic transfer between gray pictures whose result gets
            the content's colors (Gatys et al., 2016, arXiv 1606.05897).
        terms: the loss, in place of a method's.
        options: of ``stylize``. ``content_layers`` and ``style_layers`` are for terms that name none; ``content_weight``
            is for all terms but "style", ``style_weight`` for these.

    Returns:
        A ``Run`` as from ``stylize``; its steps' ``content`` and ``style`` are sums over terms.

    Raises:
        ChoiceError, LayerError, ShapeError: as ``stylize``, and for terms that make no sense.
    """
    if terms is None:
        terms, name = TERMS[choice("method", method, METHODS)], f"{method}: "
        if method == "luminance":
            content, style, options["finish"] = _in_luminance(content, style)
    else:
        name = ""
    terms = [_checked(term, network) for term in terms]
    named = [layer for term in terms for layer in _layers_of(term, (), network)]
    views = {term.view for term in terms if term.goal not in IN_PIXELS}
    make = partial(TermObjective, terms=terms)
    goal = Goal(name + _name(terms), make, tiles=False, layers=tuple(dict.fromkeys(named)), passes=max(1, len(views)))
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
        self._layers = [_layers_of(term, usual[term.is_style], network) for term in self._terms]
        with torch.no_grad():
            seen = self._look(content, of_style=False)
            painted = [self._look(style.image, of_style=True) for style in styles]
            shares = [style.weight / sum(style.weight for style in styles) for style in styles]
            self._targets = [
                [_Target(self._values(k, found), share) for found, share in zip(painted, shares, strict=True)]
                if term.is_style
                else [_Target(self._values(k, seen), 1.0)]
                for k, term in enumerate(self._terms)
            ]

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the scalars total, content, style and total variation of an image of shape (1, 3, H, W)."""
        seen = self._look(image)
        content = style = image.new_zeros(())
        for k, term in enumerate(self._terms):
            values = self._values(k, seen)
            for target in self._targets[k]:
                for layer, share in (self._layers[k] or {"": 1.0}).items():
                    error = term.weight * share * target.share * target.error(layer, values[layer])
                    content, style = (content, style + error) if term.is_style else (content + error, style)
        alpha, beta, gamma = self.weights
        tv = total_variation(image if gamma else image.detach())  # without a weight it pulls at nothing
        return alpha * content + beta * style + gamma * tv, content, style, tv

    def _look(self, image: Tensor, *, of_style: bool | None = None) -> dict[View, dict[str, Tensor]]:
        """Return what the terms look at: for each view its features by layer, and the band itself under no name.

        Terms that share a view share its pass through the network. ``of_style``: only such terms, or only the others.
        """
        wanted: dict[View, dict[str, None]] = {}
        for term, layers in zip(self._terms, self._layers, strict=True):
            if of_style in (None, term.is_style):
                wanted.setdefault(term.view, {}).update(dict.fromkeys(layers))
        seen = {}
        for view, layers in wanted.items():
            band = view.band(image, self._size_share)
            seen[view] = {"": band, **(self.network.fast(view.around_gray(band), tuple(layers)) if layers else {})}
        return seen

    def _values(self, k: int, seen: Mapping[View, Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Return what a term compares, by layer; a term in pixels has one value, under no layer's name."""
        term, found = self._terms[k], seen[self._terms[k].view]
        if term.goal in IN_PIXELS:
            return {"": GOALS[term.goal](found[""])}
        return {layer: GOALS[term.goal](_selected(term, layer, found[layer])) for layer in self._layers[k]}


class _Target:
    """What a term wants, by layer, and its share among the styles."""

    def __init__(self, values: Mapping[str, Tensor], share: float):
        self.values, self.share = values, share
        self.scales = {layer: scale_of(value) for layer, value in values.items()}

    def error(self, layer: str, values: Tensor) -> Tensor:
        """Return the relative loss of a layer, rounded as ``nstlib.objective`` rounds it."""
        squares, scale = (values - self.values[layer]).square(), self.scales[layer]
        return squares.mean() / scale if squares.ndim == 3 else squares.sum() / (squares.numel() * scale)


def _layers_of(term: Term, usual: LayerChoice, network: Features) -> dict[str, float]:
    """Return the layers that a term looks at, and their shares; none for a term in pixels."""
    layers = usual if term.layers is None else term.layers
    return {} if term.goal in IN_PIXELS or layers == () else layer_shares("layers", layers, network)


def _selected(term: Term, layer: str, features: Tensor) -> Tensor:
    """Return the channels and bands of a layer that count."""
    if term.channels is not None and layer in term.channels:
        features = features[:, term.channels[layer].to(features.device)]
    if term.cutoffs:
        features = filter_spectrum(features, _response(*features.shape[2:], term.cutoffs, term.bands))
    return features


@lru_cache(maxsize=64)
def _response(height: int, width: int, cutoffs: tuple[float, ...], bands: tuple[float, ...]) -> Tensor:
    """Return the filter whose one output has the energy, and the Gram matrix, of all weighted bands together.

    Those of a tight frame's bands add up, so the weights of the bands are one filter: the root of their weighted squares.
    """
    squares = frame_filters(height, width, cutoffs, dtype=torch.float64).square()  # (K, H, W // 2 + 1)
    return (squares * squares.new_tensor(bands).view(-1, 1, 1)).sum(0).sqrt()


def _in_luminance(
    content: Tensor, style: Tensor | Style | Sequence[Style]
) -> tuple[Tensor, list[Style], Callable[[Tensor], Tensor]]:
    """Return content and styles in gray, and what gives a gray result the content's colors."""
    check_picture("content", content)
    styles = checked_styles(style, content)
    pairs = [luminance_pair(content, each.image) for each in styles]
    gray = pairs[0][0]  # the content's own, the same beside every style
    painted = [replace(each, image=image) for each, (_, image) in zip(styles, pairs, strict=True)]
    return gray, painted, partial(keep_colors, content=content)


def _checked(term: Term, network: Features) -> Term:
    """Return the term with its layers named as the network names them."""
    choice("goal", term.goal, GOALS)
    if not 0 <= term.weight < float("inf"):
        raise ChoiceError(f"The weight of a term must be a finite number, 0 or larger, got {term.weight!r}.")
    _check_view(term.view)
    if len(term.bands) != (len(term.cutoffs) + 1 if term.cutoffs else 0) or not all(
        0 <= weight < float("inf") for weight in term.bands
    ):
        needed = f"{len(term.cutoffs) + 1} weights of bands" if term.cutoffs else "no weights of bands"
        raise ChoiceError(
            f"A term with {len(term.cutoffs)} cutoffs has {needed}, each a finite number of 0 or larger, got {term.bands!r}."
        )
    if term.goal in IN_PIXELS and (term.layers is not None or term.cutoffs or term.channels is not None):
        raise ChoiceError(
            f'A term "{term.goal}" looks at the image itself: it has a view, but no layers, bands or channels.'
        )
    if term.cutoffs:
        frame_filters(1, 1, term.cutoffs)  # refuses cutoffs that do not descend
    if term.channels is None:
        return term
    return replace(term, channels=_checked_channels(term.channels, network))


def _check_view(view: View) -> None:
    for name, sigma in (("finer", view.finer), ("coarser", view.coarser)):
        if sigma is not None and not 0 < sigma < float("inf"):
            raise ChoiceError(f"A view's {name} is a blur in pixels, above 0, got {sigma!r}.")
    if view.finer is not None and view.coarser is not None and view.coarser >= view.finer:
        raise ChoiceError(
            f"Nothing is finer than a blur of {view.finer} px and coarser than one of {view.coarser} px: the band between "
            "them is View(finer=the larger, coarser=the smaller)."
        )


def _checked_channels(channels: Mapping[str, Tensor], network: Features) -> dict[str, Tensor]:
    found = {}
    for name, chosen in channels.items():
        layer = network.canonical(name)
        count = network.channels(layer)
        if chosen.dtype != torch.bool or tuple(chosen.shape) != (count,) or not chosen.any():
            raise ShapeError(
                f"Channels of {layer} are chosen by booleans of shape ({count},), at least one of them true; got "
                f"{chosen.dtype} of shape {tuple(chosen.shape)}."
            )
        found[layer] = chosen
    return found


def _name(terms: Sequence[Term]) -> str:
    """Return what tells this loss from another one, whatever the settings for printing tensors."""
    written = [
        replace(term, channels={layer: chosen.nonzero().flatten().tolist() for layer, chosen in term.channels.items()})
        if term.channels is not None
        else term
        for term in terms
    ]
    return repr(written)


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
