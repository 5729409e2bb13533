"""The exercise ``to_display``, and the mistakes that people make in it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nstlib.check.drawing import PICTURE, changed, either, tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    convention,
    if_loose,
    law,
    mistake,
    scattered,
    uniform,
)
from nstlib.check.images._shared import Array


def to_display(image: Tensor) -> Array:
    """Return an image as `imshow` wants it: a NumPy array (H, W, 3) of floats in [0, 1], apart from graph and memory."""
    single = image[0] if image.ndim == 4 else image
    return single.detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy()


def _shown_case(
    seed: int, shape: tuple[int, ...], *, wide: bool = True, grad: bool = False, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype) * (1.6 if wide else 1.0) - (0.3 if wide else 0.0)
        return ((scattered(image) if loose else image).requires_grad_(grad),)

    kind = f"{', requires a gradient' if grad else ''}{', from -0.3 to 1.3' if wide else ''}{if_loose(loose)}"
    return Case(f"image {shape}{kind}", make, {"255": 255.0})


def _watch_display(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, (Tensor, np.ndarray)):
        return result
    return {"the picture": result, "the picture is no NumPy array: `.numpy()`": not isinstance(result, np.ndarray)}


def _wide(seed: int = 5) -> Tensor:
    return uniform(seed, 1, 3, 4, 6) * 1.6 - 0.3


@law("all values are in [0, 1]")
def display_range(function: Function) -> bool:
    array = function(_wide())
    return isinstance(array, np.ndarray) and 0 <= float(array.min()) <= float(array.max()) <= 1


@law("blue at row 1, column 5 stands at [1, 5, 2]")
def places(function: Function) -> bool:
    image = torch.zeros(1, 3, 4, 6)
    image[0, 2, 1, 5] = 1.0
    array = function(image)
    return array.shape == (4, 6, 3) and bool(close(array[1, 5], [0.0, 0.0, 1.0])) and close(float(array.sum()), 1.0)


@law("values inside [0, 1] are not touched")
def kept(function: Function) -> bool:
    image = 0.25 + 0.5 * uniform(6, 1, 3, 4, 6)
    return close(function(image), image[0].permute(1, 2, 0))


@law("an image that requires a gradient can be shown, and still requires it")
def gradient(function: Function) -> bool:
    image = _wide().requires_grad_(True)
    function(2 * image)
    function(image)
    return image.requires_grad and image.is_leaf


@law("painting over the array does not change the image")
def memory(function: Function) -> bool:
    image = uniform(6, 1, 3, 4, 6)
    before = image.clone()
    array = function(image)
    if array.flags.writeable:
        array[:] = 0
    return torch.equal(image, before)


def _hwc(image: Tensor) -> Tensor:
    return (image[0] if image.ndim == 4 else image).detach().permute(1, 2, 0)


def display_clamped_below(image: Tensor) -> Array:
    return _hwc(image).clamp(min=0).numpy()


def display_clamped_above(image: Tensor) -> Array:
    return _hwc(image).clamp(max=1).numpy()


@mistake(
    "Some values are outside [0, 1]. imshow would clip them with a warning, other programs wrap them around. Both "
    "ends need care.",
    variants=(display_clamped_below, display_clamped_above),
)
def not_clamped(image: Tensor) -> Array:
    return _hwc(image).clone().numpy()


def display_stretched_to_top(image: Tensor) -> Array:
    array = _hwc(image).clamp(min=0).numpy()
    return array / array.max()


@mistake(
    "The values are stretched to fill the range, so every picture has the same contrast and none shows its own. "
    "Cut off what is outside, leave the rest.",
    variants=(display_stretched_to_top,),
)
def stretched(image: Tensor) -> Array:
    array = _hwc(image).numpy()
    return (array - array.min()) / (array.max() - array.min())


def display_channels_first_as_given(image: Tensor) -> Array:
    return image.detach().clamp(0, 1).numpy()


@mistake(
    "The colors are still the first axis: imshow would see pictures of another height. It wants (H, W, 3).",
    variants=(display_channels_first_as_given,),
)
def channels_first(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).detach().clamp(0, 1).numpy()


@mistake("Height and width have changed places. Which order of axes does permute get?")
def on_its_side(image: Tensor) -> Array:
    return _hwc(image).clamp(0, 1).transpose(0, 1).numpy()


@mistake(
    "`reshape` does not move axes, it cuts the same row of numbers in other places: the picture turns into confetti. "
    "Which function moves axes?"
)
def scrambled_by_reshape(image: Tensor) -> Array:
    channels, height, width = image.shape[-3:]
    return image.detach().clamp(0, 1).reshape(height, width, channels).numpy()


def display_attached_and_not_clamped(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).permute(1, 2, 0).numpy()


@mistake(
    "This fails for an image that requires a gradient, which is what you will want to look at most. What cuts a "
    "tensor loose from its graph?",
    variants=(display_attached_and_not_clamped,),
)
def not_detached(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).clamp(0, 1).permute(1, 2, 0).numpy()


def display_attached_tensor(image: Tensor) -> Tensor:
    return (image[0] if image.ndim == 4 else image).clamp(0, 1).permute(1, 2, 0)


@mistake(
    "The numbers are right, but this is still a tensor. A NumPy array is asked for.",
    variants=(display_attached_tensor,),
)
def still_a_tensor(image: Tensor) -> Tensor:
    return _hwc(image).clamp(0, 1)


@mistake("The axis of the batch is still there: imshow shows one picture, (H, W, 3).")
def batch_axis_left(image: Tensor) -> Array:
    return (image if image.ndim == 4 else image[None]).detach().clamp(0, 1).permute(0, 2, 3, 1).numpy()


@mistake("The colors are turned around, as OpenCV has them. imshow wants red first, and so it is in the image.")
def bgr(image: Tensor) -> Array:
    return _hwc(image).clamp(0, 1).flip(2).numpy()


def display_wrapped_rounded(image: Tensor) -> Array:
    return (_hwc(image) * 255).round().to(torch.int64).to(torch.uint8).numpy()


@mistake(
    "Converted to bytes without clamping, 1.1 becomes 280 and then 24: the brightest pixels turn dark. What has to "
    "come before?",
    variants=(display_wrapped_rounded,),
)
def wrapped_around(image: Tensor) -> Array:
    return (_hwc(image) * 255).to(torch.int64).to(torch.uint8).numpy()


@mistake("Floats up to 255 are no picture: imshow takes floats in [0, 1], or whole bytes.")
def floats_to_255(image: Tensor) -> Array:
    return (_hwc(image).clamp(0, 1) * 255).numpy()


@mistake(
    "`detach` shares its memory with the image, and clamp_ with an underscore writes into it: looking at the picture "
    "has changed it."
)
def clamped_in_place(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).detach().clamp_(0, 1).permute(1, 2, 0).numpy()


@convention(
    "Bytes from 0 to 255 are right for imshow as well. The book shows floats in [0, 1]; your numbers below will "
    "differ from its by the factor 255."
)
def bytes_(image: Tensor) -> Array:
    return (_hwc(image).clamp(0, 1) * 255).round().to(torch.uint8).numpy()


@convention(
    "Bytes are right for imshow as well, though these are cut off, not rounded: up to one step too dark. Your "
    "numbers below will differ from the book's by the factor 255."
)
def truncated_bytes(image: Tensor) -> Array:
    return (_hwc(image).clamp(0, 1) * 255).to(torch.uint8).numpy()


_WIDE = changed(
    either(tensor("1 3 H W", PICTURE), tensor("3 H W", PICTURE)),
    lambda image: 1.6 * image - 0.31,  # no value lies midway between two bytes
    "{}, from -0.31 to 1.29",
)


EXERCISE = Exercise(
    __name__,
    title="From a tensor to the screen",
    difficulty=1,
    minutes=8,
    signature="to_display(image)",
    hints=(
        "It is the first exercise backward, with two complications: an image that is being optimized belongs to a graph, "
        "and its values may lie outside [0, 1], where no screen can follow.",
        "Take one image out of its batch if there is one. Cut it loose from the graph, bring the values into range, move "
        "the axes, and make a NumPy array of it.",
        "`x = image[0] if image.ndim == 4 else image`, then `x.detach().clamp(0, 1).permute(1, 2, 0).numpy()`.",
    ),
    reference=to_display,
    cases=(
        _shown_case(1, (1, 3, 4, 5), wide=False),
        _shown_case(2, (3, 5, 4)),
        _shown_case(3, (1, 3, 6, 4), grad=True),
        _shown_case(4, (1, 3, 5, 7), loose=True),
        _shown_case(5, (1, 3, 1, 4)),
        _shown_case(6, (3, 5, 1)),
    ),
    takes={"image": either(_WIDE, changed(_WIDE, Tensor.requires_grad_, "{}, requires a gradient"))},
    observe=_watch_display,
    verified="in range, in order, apart from the graph",
)
