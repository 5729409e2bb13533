"""The exercise ``init_image``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import PICTURE, one_of, real, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.check.transfer._shared import pictures


def init_image(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    """Return the image to start from, values in [0, 1], a new leaf that requires a gradient.

    Args:
        content: shape (1, 3, H, W).
        noise: the same shape; may go beyond [0, 1].
        how: "content", "noise" or "mixed", which is ``(1 - amount) * content + amount * noise``.
        amount: share of the noise in "mixed".
    """
    share = {"content": 0.0, "noise": 1.0, "mixed": amount}[how]
    start = (1 - share) * content + share * noise
    return start.detach().clamp(0, 1).clone().requires_grad_(True)


def _init_case(seed: int, shape: tuple[int, ...], how: str, amount: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, str, float]:
        content, noise = uniform(seed, *shape, dtype=dtype), 0.5 + normal(seed + 50, *shape, dtype=dtype) / 2
        return (scattered(content), scattered(noise), how, amount) if loose else (content, noise, how, amount)

    return Case(f"{how!r}, amount {amount}, pictures {shape}{if_loose(loose)}", make)


def _watch_init(function: Function, arguments: tuple) -> dict[str, object]:
    content, noise = arguments[:2]
    image = function(*arguments)
    if not isinstance(image, Tensor):
        return {"the image": image}
    return {
        "the image": image.detach().clone(),
        "the image shares its memory with an argument: `.clone()` gives it its own": any(
            _memory(image) == _memory(other) for other in (content, noise)
        ),
        "the image records no gradient: `.requires_grad_(True)`": not image.requires_grad,
        "the image was computed from what records gradients, so it is no leaf and keeps no `.grad`": not image.is_leaf,
    }


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@law("all values are in [0, 1]")
def init_range(function: Function) -> bool:
    starts = [function(*pictures(), how, 0.8) for how in ("content", "noise", "mixed")]
    return all(float(start.detach().min()) >= 0 and float(start.detach().max()) <= 1 for start in starts)


@law("a loss of the start fills its .grad")
def trainable(function: Function) -> bool:
    starts = [function(*pictures(), how, 0.5) for how in ("content", "noise", "mixed")]
    for start in starts:
        start.square().sum().backward()
    return all(close(start.grad, 2 * start.detach()) for start in starts)


@law("writing into the start changes neither picture")
def apart(function: Function) -> bool:
    content, noise = pictures()
    before = content.clone(), noise.clone()
    for how in ("content", "noise", "mixed"):
        with torch.no_grad():
            function(content, noise, how, 0.5).fill_(0.25)
    return torch.equal(content, before[0]) and torch.equal(noise, before[1])


@law("mixed with 0 is the content, mixed with 1 the noise")
def ends(function: Function) -> bool:
    content, noise = pictures()
    ends = [function(content, noise, "mixed", amount) for amount in (0.0, 1.0)]
    return close(ends[0], function(content, noise, "content", 0.3)) and close(
        ends[1], function(content, noise, "noise", 0.3)
    )


@law("'content' starts from the content and 'noise' from the noise, whatever the amount")
def amount_ignored(function: Function) -> bool:
    content, noise = pictures()
    return close(function(content, noise, "content", 0.9), content) and close(
        function(content, noise, "noise", 0.1), noise.clamp(0, 1)
    )


def _blend(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return init_image(content, noise, how, amount).detach()


def init_alias_of_the_data(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise.clamp(0, 1)}.get(how)
    return (_blend(content, noise, how, amount) if start is None else start.detach()).requires_grad_(True)


@mistake(
    "The start *is* the content picture, under another name: optimizing it would change the content. What makes a "
    "copy?",
    variants=(init_alias_of_the_data,),
)
def alias_of_the_content(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise.clamp(0, 1)}.get(how)
    return (_blend(content, noise, how, amount) if start is None else start).requires_grad_(True)


def init_clamped_in_place_of_the_data(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise, "mixed": (1 - amount) * content + amount * noise}[how]
    return start.detach().clamp_(0, 1).requires_grad_(True)


@mistake(
    "`clamp_` with an underscore works in place, on the pictures that were given, and the start shares their memory. "
    "Which clamp makes a new tensor?",
    variants=(init_clamped_in_place_of_the_data,),
)
def clamped_in_place(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise, "mixed": (1 - amount) * content + amount * noise}[how]
    return start.clamp_(0, 1).requires_grad_(True)


@mistake("The values are right, but the start does not ask for a gradient, so no optimizer could move it.")
def no_gradient(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return _blend(content, noise, how, amount)


@mistake(
    "`requires_grad` is set before blending, so the start is a result and not a leaf: optimizers refuse it. When "
    "should the gradient be asked for?"
)
def not_a_leaf(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    content, noise = content.clone().requires_grad_(True), noise.clone().requires_grad_(True)
    return {"content": content, "noise": noise, "mixed": (1 - amount) * content + amount * noise}[how].clamp(0, 1)


@mistake("The amount counts the content. It is the share of the *noise*: what should amount 0 return?")
def amount_swapped(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return init_image(content, noise, how, 1 - amount)


@mistake("Some values are outside [0, 1], where no picture can be. Noise goes there easily: clamp.")
def not_clamped(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    share = {"content": 0.0, "noise": 1.0, "mixed": amount}[how]
    return ((1 - share) * content + share * noise).detach().clone().requires_grad_(True)


@mistake(
    "The noise is added to the whole content, so that the picture gets brighter. It is a blend: the content's "
    "share is 1 - amount."
)
def noise_added(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    if how == "mixed":
        return (content + amount * noise).clamp(0, 1).requires_grad_(True)
    return init_image(content, noise, how, amount)


@mistake("`how` is not looked at: content and noise alone are mixed too.")
def always_mixed(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return init_image(content, noise, "mixed", amount)


EXERCISE = Exercise(
    __name__,
    title="Where to start",
    difficulty=1,
    minutes=10,
    signature="init_image(content, noise, how, amount)",
    hints=(
        "The image you start from is a *parameter*: a tensor of its own, that nothing was computed from, and that "
        "collects a gradient.",
        "Blend and clamp first. Then cut the result loose from what it was made of, give it its own memory, and only "
        "at the very end ask for a gradient.",
        "`start = (1 - share) * content + share * noise` with share 0, 1 or `amount`; return "
        "`start.clamp(0, 1).detach().clone().requires_grad_(True)`.",
    ),
    reference=init_image,
    cases=(
        _init_case(1, (1, 3, 4, 5), "mixed", 0.3),
        _init_case(2, (2, 3, 5, 4), "content", 0.7),
        _init_case(3, (2, 3, 6, 4), "noise", 0.2, loose=True),
        _init_case(4, (1, 3, 5, 7), "mixed", 0.8, loose=True),
        _init_case(5, (1, 3, 1, 4), "mixed", 0.4),
    ),
    takes={
        "content": tensor("B 3 H W", PICTURE),
        "noise": tensor("B 3 H W", ("normal", "uniform", "equal")),
        "how": one_of("content", "noise", "mixed"),
        "amount": real(0, 1),
    },
    drawn=9,
    observe=_watch_init,
    verified="right values, own memory, a leaf that an optimizer can move",
)
