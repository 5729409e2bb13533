"""Neural style transfer: optimize the pixels until the features say "this content, that style" (chapter on transfer).

``gatys`` is the paper. ``stylize`` is what people use: the same loss, with several styles, regions, starts and optimizers,
from coarse to fine, in bounded memory (``nstlib.engine.run``). It returns an iterator: a notebook, a progress bar, an
animation and a test all just loop over its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from nstlib.defaults import CONTENT_WEIGHT, INITS, STEPS, STYLE_WEIGHT, TV_WEIGHT
from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError, choice, finite_number
from nstlib.features import Features
from nstlib.gram import gram_matrix
from nstlib.images import check_picture, resize_to
from nstlib.losses import relative_error
from nstlib.objective import Style
from nstlib.optimizers import OPTIMIZERS
from nstlib.seeds import seeded
from nstlib.terms import CLASSIC, LayerChoice, Term, layer_shares

if TYPE_CHECKING:
    from nstlib.engine.run import Run

CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
MIXED_NOISE = 0.5  # how much of the "mixed" start is noise
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Step:
    """One image on the way, and how far it is from both goals.

    Attributes:
        index: how often the pixels have been updated; 0 is the start image.
        image: RGB in [0, 1], shape (1, 3, H, W), detached.
        content: weighted mean of the content layers' relative losses (1: as far as an image without activations).
        style: weighted mean of the style layers' relative losses.
        tv: total variation.
        total: what was lowered: the three, times their weights.
        scale: size at which the image was compared, over its size in the end: below 1 while a run from coarse to fine
            is on its way. The losses are those at that size; ``image`` is enlarged.
    """

    index: int
    image: Tensor
    content: float
    style: float
    tv: float
    total: float
    scale: float = 1.0


@door(content="picture", style="picture", alpha=">= 0", beta=">= 0", steps=">= 0")
def gatys(
    content: Tensor,
    style: Tensor,
    network: Features,
    *,
    content_layer: str = CONTENT_LAYERS[0],
    style_layers: Sequence[str] = STYLE_LAYERS,
    alpha: float = CONTENT_WEIGHT,
    beta: float = STYLE_WEIGHT,
    steps: int = STEPS,
) -> Tensor:
    """Return an image with the content's features and the style's Gram matrices (Gatys, Ecker, Bethge, 2016).

    Args:
        content: RGB in [0, 1], shape (1, 3, H, W); the pixels start as a copy. style: shape (1, 3, H', W').
        network: from ``load_network``; it stays frozen.
        content_layer, style_layers: where the two are compared; the style layers share ``beta`` equally.
        alpha, beta: weights of the content's and the style's error, each relative: 1 for an image without activations.
        steps: updates of L-BFGS.

    Returns:
        Shape (1, 3, H, W), clamped to [0, 1].

    Differs from the paper, whose errors are sums of squares: see ``nstlib.losses``.
    """
    wanted = network(content, content_layer)[content_layer]
    textures = {layer: gram_matrix(features) for layer, features in network(style, style_layers).items()}
    pixels = content.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([pixels], max_iter=1, tolerance_grad=0, tolerance_change=0, history_size=20)

    def closure() -> Tensor:
        optimizer.zero_grad()
        found = network(pixels, [content_layer, *style_layers])
        content_loss = relative_error(found[content_layer], wanted)
        style_loss = sum(relative_error(gram_matrix(found[layer]), textures[layer]) for layer in style_layers)
        loss = alpha * content_loss + beta * style_loss / len(style_layers)
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return pixels.detach().clamp(0, 1)


@door(
    content="any",
    style="own",
    init="any moved",
    steps=">= 1",
    levels=">= 1",
    learning_rate=">= 0",
    content_weight=">= 0",
    style_weight=">= 0",
    tv_weight=">= 0",
    tolerance=">= 0",
)
def stylize(
    content: Tensor,
    style: Tensor | Style | Sequence[Style],
    network: Features,
    *,
    content_layers: LayerChoice = CONTENT_LAYERS,
    style_layers: LayerChoice = STYLE_LAYERS,
    content_weight: float = CONTENT_WEIGHT,
    style_weight: float = STYLE_WEIGHT,
    tv_weight: float = TV_WEIGHT,
    optimizer: str = "lbfgs",
    init: str | Tensor = "content",
    steps: int = STEPS,
    levels: int | None = None,
    detail: bool = True,
    learning_rate: float | None = None,
    tolerance: float = TOLERANCE,
    memory: float | None = None,
    generator: torch.Generator | None = None,
    terms: Iterable[Term] = CLASSIC,
    finish: Callable[[Tensor], Tensor] | None = None,
) -> Run:
    """Iterate over the images of a style transfer, at most ``steps + 1`` of them, from the start image to the result.

    The pixels are the parameters; the network stays frozen (Gatys, Ecker, Bethge, 2016).

    Args:
        content: the picture whose scene is kept, RGB in [0, 1], shape (1, 3, H, W); the result has its size.
        style: the picture whose texture is taken, shape (1, 3, H', W'), any size; or ``Style`` records, each with a weight
            and, if wanted, a mask that says where in the content it goes.
        network: from ``load_network``.
        content_layers: a name, several, or a mapping from name to weight.
        style_layers: likewise. Names alone share the weight equally; weights are scaled to sum to 1.
        content_weight: alpha.
        style_weight: beta. Every layer's loss is relative to its target's mean square, so the same numbers mean the
            same at every size; they are not the numbers of the papers (``nstlib.losses`` converts).
        tv_weight: how much to smooth.
        optimizer: a key of ``OPTIMIZERS``: "lbfgs" (with a penalty outside [0, 1]), "adam" (clamped after each step), or
            "gd", plain gradient descent.
        init: one of ``INITS``, or an image to go on from, shape (1, 3, h, w), any size: where the pixels start.
        steps: how many updates, at least 1. Each costs one pass forward and one backward.
        levels: from coarse to fine, each twice as large as the one before; 1 works at the full size only. None: coarse to
            fine from noise and for large pictures, where it gets further in the same time.
        detail: whether each finer level begins with the detail of the picture that the run is to end near: of the content,
            or of ``init`` where that is an image (``prolong``; from noise, fine waves of the change are left behind).
            False: with the coarse result, only enlarged. Then a run from noise knows the content by its loss alone; so
            does one whose ``content_weight`` is 0.
        learning_rate: None takes the optimizer's own default.
        tolerance: a level ends early when its last ``PATIENCE`` steps together lowered the total by less than this share.
            0 never does.
        memory: how many GB the process may take; see ``Run.plan``. None: 4, or what it takes.
        generator: where the noise of the start comes from; None means a fixed seed: the same call gives the same pixels.
        terms: the summands of the loss. ``content_layers`` and ``style_layers`` are for terms that name none,
            ``content_weight`` is for all terms but those of style, ``style_weight`` for these. ``nstlib.dual`` and
            ``nstlib.textures`` have more of them.
        finish: what each image goes through before it is handed out, shape kept, such as ``keep_colors`` for a transfer
            between gray pictures. The pixels and the losses know nothing of it.

    Returns:
        A ``Run``, which yields Step records. The losses in a record belong to its image. Averaging optimizers ("adam") end
        with the average of their last images where that has the lower loss.

    Raises:
        ShapeError: if an image has another shape, or holds NaN. LayerError: if there is no such layer.
        ChoiceError: for an unknown optimizer or init, a negative weight, ``steps`` or ``levels`` below 1, too little memory.
        DivergenceError: if the loss stops being a finite number; ``.last`` is the last good Step.
    """
    from nstlib.engine.run import Recipe, Run, schedule  # the one door to the machine room

    choice("optimizer", optimizer, OPTIMIZERS)
    check_picture("content", content)
    weights = (content_weight, style_weight, tv_weight)
    terms = _that_count([term.with_names_of(network) for term in terms], weights)
    start = _begin(content, init, detail, content_weight, generator)
    recipe = Recipe(
        content,
        checked_styles(style, content),
        network,
        terms,
        layer_shares("content_layers", content_layers, network),
        layer_shares("style_layers", style_layers, network),
        weights,
        optimizer,
        learning_rate,
        tolerance,
        start,
        schedule(*content.shape[2:], steps, levels, init=start.name, detail=start.lender is not None),
        finish,
    )
    return Run(recipe, memory)


@door(content="1 3 H W", how="moved")
def init_image(content: Tensor, how: str | Tensor = "content", *, generator: torch.Generator | None = None) -> Tensor:
    """Return the image a transfer starts from, shape and device as ``content``, values in [0, 1].

    Args:
        content: shape (1, 3, H, W).
        how: "content" (a copy), "noise" (gray with Gaussian noise of standard deviation 1/4), "mixed" (half of each), or
            an image, shape (1, 3, h, w), which is brought to the content's size.
        generator: None means a fixed seed.
    """
    if isinstance(how, Tensor):
        check_picture("init", how)
        how = how.detach().to(content)
        return (how if how.shape == content.shape else resize_to(how, content.shape[2:])).clamp(0, 1)
    if choice("init", how, INITS) == "content":
        return content.detach().clamp(0, 1)
    generator = seeded(generator)
    # Drawn where the generator lives, so that a seed means the same noise on every device.
    drawn = torch.randn(content.shape, generator=generator, device=generator.device, dtype=torch.float32)
    noise = (0.5 + drawn.to(content) / 4).clamp(0, 1)
    return noise if how == "noise" else torch.lerp(content.detach().clamp(0, 1), noise, MIXED_NOISE)


class Start(NamedTuple):
    """Where the pixels of a run begin.

    Attributes:
        image: shape (1, 3, H, W). name: one of ``INITS``; "content" for an image of one's own.
        lender: the picture whose detail each finer size begins with, or None.
    """

    image: Tensor
    name: str
    lender: Tensor | None


def _begin(
    content: Tensor, init: str | Tensor, detail: bool, content_weight: float, generator: torch.Generator | None
) -> Start:
    image = init_image(content, init, generator=generator)
    image = content.detach() if torch.equal(image, content) else image  # keeps one image instead of two
    name = "content" if isinstance(init, Tensor) else init
    lends = detail and (content_weight > 0 or name == "content")
    lender = image if isinstance(init, Tensor) else content
    return Start(image, name, lender if lends else None)


def _that_count(terms: list[Term], weights: Sequence[float]) -> list[Term]:
    """Return the terms, or raise a ChoiceError if neither they nor total variation have a weight."""
    if not weights[2] and not any(term.weight * weights[term.compares.of_style] for term in terms):
        raise ChoiceError("Every weight is 0, so there is nothing to lower. Give one of them a number above 0.")
    return terms


@door(style="own", content="1 3 H W")
def checked_styles(style: Tensor | Style | Sequence[Style], content: Tensor) -> list[Style]:
    """Return the styles as checked records on the content's device."""
    if isinstance(style, Tensor):
        style = Style(style)
    styles = [style] if isinstance(style, Style) else list(style) if isinstance(style, Sequence) else []
    if not styles or not all(isinstance(each, Style) for each in styles):
        raise ChoiceError("style is an image, a Style, or several Styles: [Style(image, weight=2), Style(other)].")
    checked = []
    for number, each in enumerate(styles, 1):
        name = "style" if len(styles) == 1 else f"style {number}"
        check_picture(name, each.image)
        finite_number(f"The weight of {name}", each.weight, above=True)
        if each.mask is not None:
            _check_mask(name, each.mask, content)
        mask = None if each.mask is None else each.mask.to(content)
        checked.append(Style(each.image.to(content), each.weight, mask))
    return checked


def _check_mask(name: str, mask: Tensor, content: Tensor) -> None:
    if tuple(mask.shape) != (1, 1, *content.shape[2:]) or not mask.is_floating_point():
        raise ShapeError(
            f"The mask of {name} needs the content's height and width, shape {(1, 1, *content.shape[2:])}, and floats in "
            f"[0, 1]; got {tuple(mask.shape)} of {mask.dtype}. nstlib.formats.masks.load_mask returns that."
        )
    if not (mask.min() >= 0 and mask.max() <= 1 and mask.any()):
        raise ShapeError(f"The mask of {name} must lie in [0, 1] and not be empty: 1 where its texture goes.")
