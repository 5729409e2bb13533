"""Neural style transfer: optimize the pixels until the features say "this content, that style" (chapter 10).

``stylize`` is a generator. A notebook, a progress bar, a GIF writer and a test all just loop over its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.errors import ChoiceError, DivergenceError, ShapeError, choice
from nstlib.features import Features
from nstlib.gram import gram_matrix
from nstlib.losses import content_loss, style_loss, total_variation

CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE_WEIGHT = 10.0
# Cat on sandstone and fluid, 192 px, 60 steps: a weight of 1 lowers total variation by a sixth and costs neither content
# nor style 2 %; what goes is pixel noise that no style layer asked for.
TV_WEIGHT = 1.0
STEPS = 100

# Keeps L-BFGS near [0, 1] while it runs, times the weights of content and style. Without it the image leaves the range
# and the final clamp undoes part of the work. Cat on fluid, 128 px, 40 steps, style weights 3, 10, 100: clamping cost
# 17, 25 and 73 % of the loss; with this penalty nothing.
RANGE_PENALTY = 50.0

INITS = ("content", "noise", "mixed")
MIXED_NOISE = 0.5  # how much of the "mixed" start is noise

LayerChoice = str | Iterable[str] | Mapping[str, float]


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
    """

    index: int
    image: Tensor
    content: float
    style: float
    tv: float
    total: float


def stylize(
    content: Tensor,
    style: Tensor,
    network: Features,
    *,
    content_layers: LayerChoice = CONTENT_LAYERS,
    style_layers: LayerChoice = STYLE_LAYERS,
    content_weight: float = 1.0,
    style_weight: float = STYLE_WEIGHT,
    tv_weight: float = TV_WEIGHT,
    optimizer: str = "lbfgs",
    init: str = "content",
    steps: int = STEPS,
    learning_rate: float | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[Step]:
    """Yield the images of a style transfer, ``steps + 1`` of them, from the start image to the result.

    The pixels are the parameters; the network stays frozen (Gatys, Ecker, Bethge, 2016).

    Args:
        content: the picture whose scene is kept, RGB in [0, 1], shape (1, 3, H, W); the result has its size.
        style: the picture whose texture is taken, shape (1, 3, H', W'), any size.
        network: from ``load_network``.
        content_layers: a name, several, or a mapping from name to weight.
        style_layers: likewise. Names alone share the weight equally; weights are scaled to sum to 1.
        content_weight: alpha.
        style_weight: beta. Every layer's loss is relative to its target's mean square, so the same numbers mean the
            same at every size; they are not the numbers of the papers (``nstlib.losses`` converts).
        tv_weight: how much to smooth.
        optimizer: a key of ``OPTIMIZERS``: "lbfgs" (with a penalty outside [0, 1]), "adam" (clamped after each step), or
            "gd", plain gradient descent.
        init: one of ``INITS``: where the pixels start.
        steps: how many updates, at least 1. Each costs one pass forward and one backward.
        learning_rate: None takes the optimizer's own default.
        generator: where the noise of the start comes from; None means a fixed seed, so the same call gives the same pixels.

    Yields:
        Step records. Losses belong to the image in the same record; under L-BFGS, whose pixels may lie slightly outside
        [0, 1] on the way, they are those before clamping, except in the last record.

    Raises:
        ShapeError: if an image has another shape, or holds NaN. LayerError: if there is no such layer.
        ChoiceError: for an unknown optimizer or init, a negative weight, or ``steps`` below 1.
        DivergenceError: if the loss stops being a finite number; ``.last`` is the last good Step.
    """
    start_optimizer = OPTIMIZERS[choice("optimizer", optimizer, OPTIMIZERS)]
    choice("init", init, INITS)
    for name, picture in (("content", content), ("style", style)):
        _check_picture(name, picture)
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise ChoiceError(f"steps must be a whole number of at least 1, got {steps!r}. 100 is a good start.")
    for name, weight in (("content", content_weight), ("style", style_weight), ("tv", tv_weight)):
        if not 0 <= weight < float("inf"):
            raise ChoiceError(f"{name}_weight must be a finite number, 0 or larger, got {weight!r}.")
    style = style.to(content)
    objective = Objective(
        content, style, network, content_layers, style_layers, (content_weight, style_weight, tv_weight)
    )
    return _run(objective, init_image(content, init, generator=generator), start_optimizer, steps, learning_rate)


def init_image(content: Tensor, how: str = "content", *, generator: torch.Generator | None = None) -> Tensor:
    """Return the image a transfer starts from, shape and device as ``content``, values in [0, 1].

    Args:
        content: shape (1, 3, H, W).
        how: "content" (a copy), "noise" (gray with Gaussian noise of standard deviation 1/4), or "mixed" (half of each).
        generator: None means a fixed seed.
    """
    if choice("init", how, INITS) == "content":
        return content.detach().clamp(0, 1)
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    # Drawn where the generator lives, so that a seed means the same noise on every device.
    drawn = torch.randn(content.shape, generator=generator, device=generator.device, dtype=torch.float32)
    noise = (0.5 + drawn.to(content) / 4).clamp(0, 1)
    return noise if how == "noise" else torch.lerp(content.detach().clamp(0, 1), noise, MIXED_NOISE)


class Objective:
    """The loss of an image: targets are computed once, when it is made; then ``objective(image)`` compares."""

    def __init__(
        self,
        content: Tensor,
        style: Tensor,
        network: Features,
        content_layers: LayerChoice,
        style_layers: LayerChoice,
        weights: tuple[float, float, float],
    ):
        self.network, self.weights = network, weights
        # A loss that does not count is not computed, and then is reported as 0.
        self.content_layers = _shares("content_layers", content_layers, network) if weights[0] else {}
        self.style_layers = _shares("style_layers", style_layers, network) if weights[1] else {}
        self.layers = list(dict.fromkeys([*self.content_layers, *self.style_layers]))
        with torch.no_grad():
            self.content_targets = network(content, self.content_layers)
            features = network(style, self.style_layers)
            self.style_targets = {layer: gram_matrix(activations) for layer, activations in features.items()}

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the scalars total, content, style and total variation of an image of shape (1, 3, H, W)."""
        features = self.network.fast(image, self.layers)
        content = sum(
            (
                weight * content_loss(features[layer], self.content_targets[layer], convention="relative")
                for layer, weight in self.content_layers.items()
            ),
            start=image.new_zeros(()),
        )
        style = sum(
            (
                weight * style_loss(features[layer], self.style_targets[layer], convention="relative")
                for layer, weight in self.style_layers.items()
            ),
            start=image.new_zeros(()),
        )
        tv = total_variation(image)
        alpha, beta, gamma = self.weights
        return alpha * content + beta * style + gamma * tv, content, style, tv


# An optimizer is a function from the pixels (a leaf), the objective and a learning rate to ``update``: one call of it
# moves the pixels once and returns the terms of the image *before* the move.
Update = Callable[[], tuple[Tensor, ...]]

GRADIENT_DESCENT_RATE = 1e-4


def start_lbfgs(pixels: Tensor, objective: Objective, learning_rate: float | None) -> Update:
    """L-BFGS (Liu and Nocedal, 1989), one evaluation per step, with a penalty for leaving [0, 1]."""
    optimizer = torch.optim.LBFGS(
        [pixels],
        lr=1.0 if learning_rate is None else learning_rate,
        max_iter=1,
        history_size=20,
        # Relative losses have small gradients; torch's default tolerances would stop in silence.
        tolerance_grad=0.0,
        tolerance_change=0.0,
    )
    strength = RANGE_PENALTY * sum(objective.weights[:2])

    def penalty() -> Tensor:
        return strength * (pixels - pixels.clamp(0, 1)).square().mean()

    return _stepper(optimizer, pixels, objective, penalty=penalty)


def start_adam(pixels: Tensor, objective: Objective, learning_rate: float | None) -> Update:
    """Adam (Kingma and Ba, 2015), the pixels clamped to [0, 1] after each step."""
    optimizer = torch.optim.Adam([pixels], lr=0.03 if learning_rate is None else learning_rate)
    return _stepper(optimizer, pixels, objective)


def start_gradient_descent(pixels: Tensor, objective: Objective, learning_rate: float | None) -> Update:
    """Plain gradient descent, ``image - rate * gradient``, the pixels clamped to [0, 1] after each step.

    The default rate grows with the picture: gradients of a mean over H * W positions shrink as 1 / (H * W).
    """
    rate = GRADIENT_DESCENT_RATE * pixels.shape[2] * pixels.shape[3] if learning_rate is None else learning_rate
    return _stepper(torch.optim.SGD([pixels], lr=rate), pixels, objective)


OPTIMIZERS: dict[str, Callable[[Tensor, Objective, float | None], Update]] = {
    "lbfgs": start_lbfgs,
    "adam": start_adam,
    "gd": start_gradient_descent,
}


def _stepper(
    optimizer: torch.optim.Optimizer,
    pixels: Tensor,
    objective: Objective,
    *,
    penalty: Callable[[], Tensor] | None = None,
) -> Update:
    """Return the function that performs one step of a torch optimizer, kept in [0, 1] by a penalty or by clamping."""
    terms: list[tuple[Tensor, ...]] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        parts = objective(pixels)
        loss = parts[0] if penalty is None else parts[0] + penalty()
        loss.backward()
        terms.append(tuple(part.detach() for part in parts))
        return loss

    def update() -> tuple[Tensor, ...]:
        terms.clear()
        optimizer.step(closure)
        if penalty is None:
            with torch.no_grad():
                pixels.clamp_(0, 1)  # outside the graph: inside, clipped pixels would never feel a gradient again
        return terms[0]

    return update


def _run(
    objective: Objective,
    start: Tensor,
    start_optimizer: Callable[[Tensor, Objective, float | None], Update],
    steps: int,
    learning_rate: float | None,
) -> Iterator[Step]:
    pixels = start.detach().clone(memory_format=torch.contiguous_format).requires_grad_(True)
    update = start_optimizer(pixels, objective, learning_rate)
    last = None
    for index in range(steps):
        image = pixels.detach().clamp(0, 1)
        last = _step(index, image, update(), last)
        yield last
    image = pixels.detach().clamp(0, 1)
    with torch.no_grad():
        terms = objective(image)
    yield _step(steps, image, terms, last)


def _step(index: int, image: Tensor, terms: tuple[Tensor, ...], last: Step | None) -> Step:
    total, content, style, tv = torch.stack(terms).tolist()  # one transfer from the device
    if not total - total == 0:  # NaN or infinite
        raise DivergenceError(
            f"The loss became {total} at step {index}, so the run was stopped there; the image before it is good. "
            "Usual causes: a learning rate that is too large, or weights of very different size.",
            last,
        )
    return Step(index, image, content, style, tv, total)


def _shares(what: str, layers: LayerChoice, network: Features) -> dict[str, float]:
    """Return each layer's share of the loss; the shares sum to 1."""
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


def _check_picture(name: str, picture: Tensor) -> None:
    if picture.ndim != 4 or picture.shape[:2] != (1, 3) or not picture.is_floating_point():
        raise ShapeError(
            f"{name} must be one RGB image of floats, shape (1, 3, H, W), got {tuple(picture.shape)} of "
            f"{picture.dtype}. nstlib.images.load_image returns that."
        )
    bad = int((~torch.isfinite(picture)).sum())
    if bad:
        raise ShapeError(f"{name} holds {bad} values that are NaN or infinite. Check where the image came from.")
