"""Dual-channel style transfer: content and style asked for in different parts of the image or of its features.

A loss is a sum of *terms* (``nstlib.terms.Term``). ``PRESETS`` names some sums; "classic" is that of
``nstlib.transfer.stylize``. ``nstlib.channels`` chooses channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor

from nstlib.colors import keep_colors, luminance_pair
from nstlib.doors import door
from nstlib.errors import ChoiceError, choice
from nstlib.features import Features
from nstlib.images import check_picture
from nstlib.losses import normalized as normalized  # what "structure" compares: the chapter's readers look for it here
from nstlib.objective import Style
from nstlib.terms import CLASSIC
from nstlib.terms import Term as Term
from nstlib.terms import View as View
from nstlib.transfer import checked_styles, stylize

if TYPE_CHECKING:
    from nstlib.engine.run import Run

PRESETS: dict[str, tuple[Term, ...]] = {
    "classic": CLASSIC,
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


@door(content="any", style="own")
def stylize_dual(
    content: Tensor,
    style: Tensor | Style | Sequence[Style],
    network: Features,
    *,
    method: str = "dual",
    terms: Iterable[Term] | None = None,
    **options: Any,
) -> Run:
    """Iterate over the images of a style transfer by a method's terms; all else is as in ``stylize``.

    Args:
        content, style, network: as for ``stylize``.
        method: one of ``METHODS``: a preset, or "luminance", a classic transfer between gray pictures whose result gets
            the content's colors (Gatys et al., 2016, arXiv 1606.05897).
        terms: the loss, in place of a method's.
        options: of ``stylize``.

    Returns:
        A ``Run`` as from ``stylize``; its steps' ``content`` and ``style`` are sums over terms.

    Raises:
        ChoiceError, LayerError, ShapeError: as ``stylize``, and for terms that make no sense.
    """
    if terms is not None:
        return stylize(content, style, network, terms=terms, **options)
    if choice("method", method, METHODS) == "luminance":
        content, style, options["finish"] = _in_luminance(content, style)
    return stylize(content, style, network, terms=TERMS[method], **options)


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


@door
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
