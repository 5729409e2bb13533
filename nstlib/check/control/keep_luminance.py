"""The exercise ``keep_luminance``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import PICTURE, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.colors import luminance


def keep_luminance(result: Tensor, content: Tensor) -> Tensor:
    """Return the result's luminance in the content's colors, unclamped.

    Args:
        result: of a transfer, shape (B, 3, H, W).
        content: the same shape.
    """
    return content + (luminance(result) - luminance(content))


def _two_pictures(seed: int, shape: tuple[int, ...], *, loose: bool = False, gray: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        result, content = uniform(seed, *shape, dtype=dtype), uniform(seed + 50, *shape, dtype=dtype)
        content = content[:, :1].repeat(1, 3, 1, 1) if gray else content
        return (scattered(result), scattered(content)) if loose else (result, content)

    return Case(f"result and content {shape}{', content gray' if gray else ''}{if_loose(loose)}", make)


def _both() -> tuple[Tensor, Tensor]:
    return uniform(71, 2, 3, 4, 5), uniform(72, 2, 3, 4, 5)


@law("its luminance is the result's")
def light(function: Function) -> bool:
    result, content = _both()
    return close(luminance(torch.as_tensor(function(result, content)).float()), luminance(result))


@law("its differences between channels are the content's")
def chroma(function: Function) -> bool:
    result, content = _both()
    return close(torch.as_tensor(function(result, content)).diff(dim=1), content.diff(dim=1))


@law("the content with its own luminance is the content")
def unchanged(function: Function) -> bool:
    _, content = _both()
    return close(function(content.clone(), content), content)


@law("doing it twice is the same as doing it once")
def twice(function: Function) -> bool:
    result, content = _both()
    once = torch.as_tensor(function(result, content)).float()
    return close(function(once.clone(), content), once)


@law("the colors of the result do not count, only how light they are")
def blind(function: Function) -> bool:
    result, content = _both()
    gray = luminance(result).repeat(1, 3, 1, 1)
    return close(function(gray, content), function(result, content))


@law("each pixel goes by itself")
def pointwise(function: Function) -> bool:
    result, content = _both()
    return close(function(result.flip(2, 3), content.flip(2, 3)), torch.as_tensor(function(result, content)).flip(2, 3))


@mistake("The two are exchanged: this has the content's luminance and the result's colors. Whose light did you want?")
def exchanged(result: Tensor, content: Tensor) -> Tensor:
    return keep_luminance(content, result)


@mistake(
    "This takes the mean of the three channels for luminance. An eye sees green as lighter than blue: 0.587, 0.114."
)
def plain_mean(result: Tensor, content: Tensor) -> Tensor:
    return content + (result - content).mean(1, keepdim=True)


def _with(weights: tuple[float, float, float], result: Tensor, content: Tensor) -> Tensor:
    change = (result - content) * result.new_tensor(weights).view(3, 1, 1)
    return content + change.sum(1, keepdim=True)


@mistake("The weights are in the order blue, green, red. In this book channel 0 is red, and its weight is 0.299.")
def in_bgr(result: Tensor, content: Tensor) -> Tensor:
    return _with((0.114, 0.587, 0.299), result, content)


@mistake(
    "These are the weights of Rec. 709 (0.2126, 0.7152, 0.0722). The text gives those of YIQ: 0.299, 0.587, 0.114."
)
def rec_709(result: Tensor, content: Tensor) -> Tensor:
    return _with((0.2126, 0.7152, 0.0722), result, content)


@mistake("The weights are rounded to two digits. The text gives three: 0.299, 0.587, 0.114.")
def rounded_weights(result: Tensor, content: Tensor) -> Tensor:
    return _with((0.3, 0.59, 0.11), result, content)


@mistake(
    "The content is *multiplied* until it is as light as the result. That changes its color differences as well: what "
    "can you add instead?"
)
def multiplied(result: Tensor, content: Tensor) -> Tensor:
    return content * luminance(result) / luminance(content).clamp(min=1e-6)


def clamped_below(result: Tensor, content: Tensor) -> Tensor:
    return keep_luminance(result, content).clamp(min=0)


def clamped_above(result: Tensor, content: Tensor) -> Tensor:
    return keep_luminance(result, content).clamp(max=1)


@mistake(
    "It is clamped, so where it was outside [0, 1] neither luminance nor color differences are right any more.",
    variants=(clamped_below, clamped_above),
)
def clamped(result: Tensor, content: Tensor) -> Tensor:
    return keep_luminance(result, content).clamp(0, 1)


@mistake("The content's own luminance is still in it. Take it away before you add the result's.")
def added_on_top(result: Tensor, content: Tensor) -> Tensor:
    return content + luminance(result)


@mistake("This is the result's luminance alone: gray. Where are the content's colors?")
def without_colors(result: Tensor, content: Tensor) -> Tensor:
    return luminance(result).expand_as(content)


@mistake(
    "All pixels of an image get the same number: it is now as light as the result on the whole, not at each place."
)
def one_number_for_all(result: Tensor, content: Tensor) -> Tensor:
    return content + (luminance(result) - luminance(content)).mean((2, 3), keepdim=True)


@mistake("The result's own colors are there too, on top of the content's. Only its luminance should come in.")
def colors_of_both(result: Tensor, content: Tensor) -> Tensor:
    return content - luminance(content) + result


EXERCISE = Exercise(
    __name__,
    title="Their light, your colors",
    difficulty=1,
    minutes=6,
    signature="keep_luminance(result, content)",
    hints=(
        "Gray is the direction in which red, green and blue grow together. Moving a pixel along it changes how light it is "
        "and leaves the differences between its channels alone.",
        "Compute the luminance of both, one number for each pixel, and keep the channel axis (`keepdim=True`). Their "
        "difference is what each pixel of the content has to be moved by.",
        "`y = lambda x: (x * x.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)`, then "
        "`content + y(result) - y(content)`.",
    ),
    reference=keep_luminance,
    cases=(
        _two_pictures(1, (1, 3, 4, 5)),
        _two_pictures(2, (2, 3, 5, 3)),
        _two_pictures(3, (2, 3, 3, 4), loose=True),
        _two_pictures(4, (1, 3, 1, 7)),
        _two_pictures(5, (1, 3, 4, 3), gray=True),
    ),
    takes={"result": tensor("B 3 H W", PICTURE), "content": tensor("B 3 H W", PICTURE)},
    differentiable=(0, 1),
    verified="the result's luminance at each pixel, in the content's color differences",
)
