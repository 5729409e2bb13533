"""The exercise ``dual_loss``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, tensor, together
from nstlib.check.dual_channel._shared import Picture
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.dual import normalized
from nstlib.frequency import high_pass
from nstlib.gram import gram_matrix


def dual_loss(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: tuple[float, float, float]
) -> Tensor:
    """Return the loss of structure, details and texture, each relative to its target."""
    return _dual(image, content, gram, layer, band, weights)


def _same(features: Tensor) -> Tensor:
    return features


def _dual(
    image: Tensor,
    content: Tensor,
    gram: Tensor,
    layer: Picture,
    band: Picture,
    weights: Sequence[float],
    *,
    of_image: Picture = normalized,
    of_content: Picture = normalized,
    of_texture: Picture = _same,
    of_details: Picture = _same,
    relative: tuple[bool, bool, bool] = (True, True, True),
    to_the_image: bool = False,
    root: bool = False,
) -> Tensor:
    """Return the loss with one of its parts left out or put in the wrong place."""
    features = layer(image)
    pairs = (
        (of_image(features), of_content(layer(content).detach())),
        (of_details(band(image)), of_details(band(content)).detach()),
        (gram_matrix(of_texture(features)), gram),
    )
    scales = [
        (found if to_the_image else target).square().mean() if divided else 1.0
        for (found, target), divided in zip(pairs, relative, strict=True)
    ]
    terms = [(found - target).square().mean() / scale for (found, target), scale in zip(pairs, scales, strict=True)]
    return sum(weight * (term.sqrt() if root else term) for weight, term in zip(weights, terms, strict=True))


def _small_layer(seed: int, dtype: torch.dtype, channels: int = 4) -> Picture:
    kernels = normal(seed, channels, 3, 3, 3, dtype=dtype) / 3
    return lambda image: F.conv2d(image, kernels.to(image.dtype), padding=1).relu()


def _edges(image: Tensor) -> Tensor:
    return high_pass(image, 1.0)


def _dual_case(seed: int, shape: tuple[int, ...], weights: tuple[float, float, float], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        image, content, style = (uniform(seed + k, *shape, dtype=dtype) for k in (0, 30, 60))
        layer = _small_layer(seed, dtype)
        image = scattered(image) if loose else image
        return image, content, gram_matrix(layer(style)), layer, _edges, weights

    return Case(f"pictures {shape}{if_loose(loose)}, weights {weights}", make)


def _dual_setting() -> tuple[Tensor, Tensor, Tensor, Picture]:
    image, content, style = (uniform(seed, 1, 3, 7, 8) for seed in (21, 22, 23))
    layer = _small_layer(24, torch.float32)
    return image, content, gram_matrix(layer(style)), layer


@law("the content with its own Gram matrix costs nothing")
def of_content(function: Function) -> bool:
    _, content, _, layer = _dual_setting()
    found = function(content.clone(), content, gram_matrix(layer(content)), layer, _edges, (1.0, 2.0, 3.0))
    return bool(torch.as_tensor(found).abs() < 1e-6)


@law("a content whose features are twice as strong has the same structure")
def louder(function: Function) -> bool:
    """Features twice as strong have the same structure."""
    image, content, gram, layer = _dual_setting()

    def louder(x: Tensor) -> Tensor:
        return layer(x) * (2.0 if torch.equal(x.detach(), content) else 1.0)

    one, other = (
        torch.as_tensor(function(image, content, gram, at, _edges, (1.0, 0.0, 0.0))) for at in (layer, louder)
    )
    return close(one, other) and bool(one > 0.01)


@law("a picture that is lighter everywhere has the same details")
def details(function: Function) -> bool:
    """The weight of the details alone: a picture that is lighter everywhere has the same."""
    image, content, gram, layer = _dual_setting()
    one, other = (
        torch.as_tensor(function(x, content, gram, layer, _edges, (0.0, 1.0, 0.0))) for x in (image, image + 0.2)
    )
    return close(one, other) and bool(one > 0.01)


@law("texture does not ask where, but how strong")
def texture(function: Function) -> bool:
    """The weight of the style alone: where things are does not count, how strong they are does."""
    image, content, gram, _ = _dual_setting()
    kernels = normal(24, 4, 3, 1, 1) / 2

    def at(x: Tensor) -> Tensor:
        return F.conv2d(x, kernels.to(x.dtype)).relu()

    weights = (0.0, 0.0, 1.0)
    here, moved = (torch.as_tensor(function(x, content, gram, at, _edges, weights)) for x in (image, image.roll(3, -1)))
    return close(here, moved) and not close(here, function(2 * image, content, gram, at, _edges, weights))


@law("the three terms add up, each times its weight")
def adds(function: Function) -> bool:
    image, content, gram, layer = _dual_setting()
    whole, *parts = (
        torch.as_tensor(function(image, content, gram, layer, _edges, weights))
        for weights in ((2.0, 3.0, 5.0), (2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 5.0))
    )
    return close(whole, sum(parts)) and all(bool(part > 0.01) for part in parts)


@law("details twice as strong, in both pictures, are as far apart")
def units(function: Function) -> bool:
    """Details twice as strong, in image and content, are as far apart."""
    image, content, gram, layer = _dual_setting()
    one, other = (
        torch.as_tensor(function(image, content, gram, layer, band, (0.0, 1.0, 0.0)))
        for band in (_edges, lambda x: 2 * _edges(x))
    )
    return close(one, other) and bool(one > 0.01)


@law("a picture without details is 1 away in details, whatever the content")
def empty(function: Function) -> bool:
    """Relative to the content: what is missing altogether is missing once."""
    image, content, gram, layer = _dual_setting()
    found = function(torch.full_like(image, 0.4), content, gram, layer, _edges, (0.0, 1.0, 0.0))
    return close(found, 1.0)


@law("details three times as far apart cost nine times as much")
def square(function: Function) -> bool:
    image, content, gram, layer = _dual_setting()
    near, far = (
        torch.as_tensor(function(content + k * (image - content), content, gram, layer, _edges, (0.0, 1.0, 0.0)))
        for k in (1, 3)
    )
    return close(far, 9 * near) and bool(near > 0.01)


Weights = tuple[float, float, float]


@mistake(
    "The features are compared as they are, with the strength of each channel, which belongs to the style. What "
    "takes it out?"
)
def content_for_structure(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_image=_same, of_content=_same)


def dual_other_half_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_image=_same)


@mistake(
    "Only one of the two, image or content, is normalized. Compare like with like.",
    variants=(dual_other_half_normalized,),
)
def one_side_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_content=_same)


@mistake(
    "The Gram matrix is made of normalized features. How strong each channel is *is* the style: leave it in there."
)
def texture_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_texture=normalized)


def dual_sees_the_band_around_gray(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, lambda x: layer(band(x) + 0.5), band, weights)


@mistake(
    "The layer looks at the band. In this loss it looks at the whole picture; only the details are a band.",
    variants=(dual_sees_the_band_around_gray,),
)
def network_sees_the_band(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, lambda x: layer(band(x)), band, weights)


@mistake(
    "The details compare whole pictures, so the content's colors are asked for as well. Which function leaves only "
    "the fine part?"
)
def details_of_the_whole(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, _same, weights)


@mistake("Mid-gray is added to the bands. It cancels above the line and not below: the details hardly count any more.")
def mid_gray_added(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, lambda x: band(x) + 0.5, weights)


def dual_weights_swapped(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, (weights[1], weights[0], weights[2]))


@mistake("The weights are in another order: structure, details, texture.", variants=(dual_weights_swapped,))
def weights_in_another_order(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights[::-1])


def _not_relative(*relative: bool) -> Function:
    """Return the loss with some of its terms in their own units."""

    def loss(image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights) -> Tensor:
        return _dual(image, content, gram, layer, band, weights, relative=relative)

    return loss


not_relative = mistake(
    "The three are added in their own units. Divide each by the mean square of its target, or the weights mean nothing.",
    "not_relative",
)(_not_relative(False, False, False))


one_not_relative = mistake(
    "Not all of the three are divided by the mean square of their targets. Structure, details, texture: which is still in "
    "its own units?",
    "one_not_relative",
)(
    *(
        _not_relative(*relative)
        for relative in (
            (True, True, False),
            (True, False, True),
            (False, True, True),
            (True, False, False),
            (False, True, False),
            (False, False, True),
        )
    )
)


@mistake("Each term is divided by the mean square of the *image's* side, which moves. Divide by that of its target.")
def relative_to_the_image(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, to_the_image=True)


@mistake("Of each term the root is taken: a ratio of lengths. Mean squares are asked for, above the line and below it.")
def root_of_each(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, root=True)


@mistake("The bands are normalized, too. Only the features are: how strong an edge is counts among the details.")
def details_normalized(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, weights, of_details=normalized)


@mistake("The details compare what the layer sees of the bands. Compare the bands themselves.")
def layer_of_the_band(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    others = _dual(image, content, gram, layer, band, (weights[0], 0.0, weights[2]))
    return others + _dual(image, content, gram, layer, lambda x: layer(band(x)), (0.0, weights[1], 0.0))


@mistake("The texture is compared with the content's. `gram` is the style's: use that.")
def texture_of_the_content(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram_matrix(layer(content)), layer, band, weights)


@mistake("The structure is missing: two terms of three. What does `normalized` stand for?")
def structure_forgotten(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, (0.0, weights[1], weights[2]))


@mistake("The texture is missing: two terms of three. What is `gram` for?")
def texture_forgotten(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, (weights[0], weights[1], 0.0))


@mistake("The details are missing: two terms of three. What is `band` for?")
def details_forgotten(
    image: Tensor, content: Tensor, gram: Tensor, layer: Picture, band: Picture, weights: Weights
) -> Tensor:
    return _dual(image, content, gram, layer, band, (weights[0], 0.0, weights[2]))


def _some_setting(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    said, makes = zip(*(tensor("B 3 H W", ("uniform",))(pick, sizes) for _ in range(3)), strict=True)
    seed, channels = pick.whole(0, 999), pick.whole(1, 5)
    weights = tuple(pick.one_of((1, 0, 0.3, 20.0)) for _ in range(3))

    def make(dtype: torch.dtype) -> tuple:
        image, content, style = (one(dtype) for one in makes)
        layer = _small_layer(seed, dtype, channels)
        return image, content, gram_matrix(layer(style)), layer, _edges, weights

    return (*said[:2], f"of {channels} channels", "a small one", "a high pass", f"{weights}"), make


EXERCISE = Exercise(
    __name__,
    title="Three terms, two channels",
    difficulty=2,
    minutes=15,
    signature="dual_loss(image, content, gram, layer, band, weights)",
    hints=(
        "Three questions, each with its own target: is the same thing in the same place (structure)? Are the same fine "
        "edges there (details)? Is the texture the style's (Gram matrix)?",
        "Structure compares `normalized(layer(...))` of image and content, details compare `band(...)` of both, and texture "
        "compares `gram_matrix(layer(image))`, not normalized, with `gram`. Each is a mean square error over the mean "
        "square of its target.",
        "`relative = lambda x, t: (x - t).square().mean() / t.square().mean()`; the loss is `a * relative(normalized("
        "layer(image)), normalized(layer(content))) + b * relative(band(image), band(content)) + c * relative("
        "gram_matrix(layer(image)), gram)`.",
    ),
    reference=dual_loss,
    cases=(
        _dual_case(1, (1, 3, 7, 8), (1.0, 0.3, 10.0)),
        _dual_case(2, (1, 3, 9, 6), (2.0, 0.7, 3.0)),
        _dual_case(3, (1, 3, 6, 10), (0.5, 1.5, 4.0), loose=True),
        _dual_case(4, (2, 3, 8, 7), (1.0, 2.0, 0.5)),
    ),
    takes=dict(zip(("image", "content", "gram", "layer", "band", "weights"), together(6, _some_setting), strict=True)),
    sizes={"H": (4, 9), "W": (4, 9)},
    drawn=4,
    differentiable=(0,),
    verified="structure, details and texture, each relative to its own target",
)
