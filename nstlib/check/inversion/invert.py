"""The exercise ``invert``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check import by_hand
from nstlib.check.drawing import PICTURE, Make, Pick, Sizes, real, tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.check.inversion._shared import picture

Loss = Callable[[Tensor], Tensor]


def invert(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple[Tensor, list[float]]:
    """Return the image after ``steps`` steps of gradient descent with momentum, and the loss before each of them.

    ``velocity = momentum * velocity - rate * gradient``, from 0 on, then ``image = image + velocity``.

    Args:
        start: where to begin; it stays as it is.
        loss: from an image to a scalar.
        steps: how many. rate: of the gradient. momentum: share of the velocity that stays.
    """
    return _descend(start, loss, steps, rate, lambda velocity, slope: momentum * velocity - rate * slope)


def _descend(
    start: Tensor,
    loss: Loss,
    steps: int,
    rate: float,
    push: Callable[[Tensor, Tensor], Tensor],
    *,
    look: float = 0.0,
    sticky: bool = False,
    change: Callable[[Tensor], Tensor] = lambda image: image,
) -> tuple[Tensor, list[float]]:
    """Run a descent whose velocity follows ``push(velocity, gradient)``.

    ``look``: how far ahead along the velocity the gradient is taken. ``sticky``: gradients add up. ``change``: what is
    done to the image after each step.
    """
    image, velocity, slope, losses = start.detach().clone(), torch.zeros_like(start), torch.zeros_like(start), []
    for _ in range(steps):
        leaf = (image + look * velocity).requires_grad_(True)
        value = loss(leaf)
        (found,) = torch.autograd.grad(value, leaf)
        slope = slope + found if sticky else found
        losses.append(value.item())
        velocity = push(velocity, slope)
        image = change(image + velocity)
    return image, losses


def _hollow(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Loss:
    """Return a smooth loss that is steeper in some directions than in others, and lowest outside [0, 1] in places."""
    target, steepness = 0.5 + normal(seed, *shape, dtype=dtype), 0.2 + 2 * uniform(seed + 1, *shape, dtype=dtype)
    return lambda image: (steepness * (image - target).square()).sum() + 0.3 * image.mean().square()


def _bowl(target: Tensor) -> Loss:
    return lambda image: (image - target).square().sum() / 2


def _invert_case(
    seed: int,
    shape: tuple[int, ...],
    steps: int,
    rate: float,
    momentum: float,
    *,
    loose: bool = False,
    scale: float = 1.0,
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Loss, int, float, float]:
        start, loss = uniform(seed, *shape, dtype=dtype), _hollow(seed + 20, shape, dtype)
        return scattered(start) if loose else start, lambda image: scale * loss(image), steps, rate, momentum

    small = ", a loss near 0.001" if scale < 1 else ""
    label = f"start {shape}{if_loose(loose)}, {steps} steps, rate {rate:g}, momentum {momentum:g}{small}"
    return Case(label, make)


def _watch_invert(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[0], Tensor):
        return result
    image, losses = result
    listed = isinstance(losses, (list, tuple))
    return {
        "the image": image.detach().clone(),
        "the list of losses": [float(v) if isinstance(v, Tensor) and v.numel() == 1 else v for v in losses]
        if listed
        else losses,
        "the image still records gradients: `.detach()` cuts it off": image.requires_grad,
        "a loss in the list records gradients, and so keeps its whole step: `.item()` makes a plain number of it": listed
        and any(isinstance(v, Tensor) and v.requires_grad for v in losses),
    }


def _from_picture(function: Function, steps: int, rate: float, momentum: float, loss: Loss | None = None) -> tuple:
    noise = 0.5 + normal(6, 2, 3, 4, 5) / 2
    image, losses = function(picture(), _bowl(noise) if loss is None else loss, steps, rate, momentum)
    return torch.as_tensor(image), [float(value) for value in losses], noise


@law("the first loss is that of the start")
def first(function: Function) -> bool:
    _, losses, noise = _from_picture(function, 3, 0.1, 0.5)
    return close(losses[0], _bowl(noise)(picture()))


@law("without momentum, rate 1/2 in a round bowl halves the distance in each step")
def plain(function: Function) -> bool:
    image, _, noise = _from_picture(function, 2, 0.5, 0.0)
    return close(image, noise + (picture() - noise) / 4)


@law("on an even slope, momentum 1/2 makes the second step half as long again")
def slope(function: Function) -> bool:
    """On an even slope, momentum 1/2 makes the second step half as long again."""
    image, _, _ = _from_picture(function, 2, 0.1, 0.5, lambda x: 2 * x.sum())
    return close(image, picture() - 0.2 - 0.3)


@law("in a long valley, momentum gets further in the same number of steps")
def ahead(function: Function) -> bool:
    """In a long valley, momentum gets further in the same number of steps."""

    def loss(image: Tensor) -> Tensor:
        return 0.01 * image.square().sum()

    slow, fast = (_from_picture(function, 25, 1.0, momentum, loss)[1] for momentum in (0.0, 0.8))
    return len(fast) == 25 and fast[-1] < slow[-1] / 2


@law("in a bowl it comes to rest in the middle")
def home(function: Function) -> bool:
    image, losses, noise = _from_picture(function, 60, 0.3, 0.5)
    return close(image, noise) and losses[-1] < losses[0]


@mistake(
    "There is no momentum: each step follows the gradient alone. What is left of the step before? (An optimizer "
    "that is made anew in each step has forgotten it, too.)"
)
def momentum_ignored(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: -rate * slope)


@mistake(
    "The gradient is scaled by 1 - momentum, so the velocity is an average. Here it is a sum: at 0.9 an even slope "
    "is run down ten times as fast."
)
def averaged(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(
        start, loss, steps, rate, lambda velocity, slope: momentum * velocity - (1 - momentum) * rate * slope
    )


@mistake("The loss rises: the gradient is added. Which way does it point?")
def uphill(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: momentum * velocity + rate * slope)


@mistake("The rate scales the old velocity, too, which already contains it. It belongs to the gradient alone.")
def rate_on_the_velocity(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: rate * (momentum * velocity - slope))


@mistake("The rate comes in twice. Once is enough, at the gradient.")
def rate_squared(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: momentum * velocity - rate**2 * slope)


@mistake("All of the old velocity stays. Without friction the ball never comes to rest: where does `momentum` come in?")
def velocity_not_damped(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda velocity, slope: velocity - rate * slope)


def invert_as_nesterov_in_torch(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    ball = torch.zeros_like(start)

    def push(_: Tensor, slope: Tensor) -> Tensor:
        nonlocal ball
        ball = momentum * ball - rate * slope
        return momentum * ball - rate * slope

    return _descend(start, loss, steps, rate, push)


@mistake(
    "The gradient is taken ahead of the image, as Nesterov does. A good idea, but the loss and the gradient asked "
    "for are those of the image as it is.",
    variants=(invert_as_nesterov_in_torch,),
)
def nesterov(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda v, slope: momentum * v - rate * slope, look=momentum)


@mistake("Gradients add up over the steps: the sum of all of them is followed. Which line clears them?")
def gradient_not_cleared(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return _descend(start, loss, steps, rate, lambda v, slope: momentum * v - rate * slope, sticky=True)


def invert_clamped_last(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image.clamp(0, 1), losses


@mistake(
    "The image is clamped to [0, 1]. Here the loss has to keep it there (alpha_norm does), not the loop.",
    variants=(invert_clamped_last,),
)
def clamped(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    push = lambda v, slope: momentum * v - rate * slope  # noqa: E731
    return _descend(start, loss, steps, rate, push, change=lambda image: image.clamp(0, 1))


@mistake("This is Adam. Asked for is plain gradient descent with momentum.")
def adam(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    step = by_hand.adam(rate)
    return _descend(start, loss, steps, rate, lambda _, slope: step(slope))


@mistake("The image that is returned has not moved. Is it the one that the steps were added to?")
def never_moved(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return start.detach().clone(), invert(start, loss, steps, rate, momentum)[1]


@mistake("Each loss is noted after the step it belongs to. The first one should be that of the start.")
def losses_after_the_step(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image, [*losses[1:], float(loss(image))]


@mistake("There is one loss more than there are steps.")
def one_loss_too_many(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image, [*losses, float(loss(image))]


def invert_one_step_more(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return invert(start, loss, steps + 1, rate, momentum)


@mistake(
    "There is one step too few, or one too many. What does range() start with, and where does it end?",
    variants=(invert_one_step_more,),
)
def steps_miscounted(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    return invert(start, loss, steps - 1, rate, momentum)


@mistake(
    "Each loss in the list is a tensor that holds on to its graph, and so keeps a whole step in memory. What makes a plain "
    "number of it?"
)
def losses_with_their_graphs(
    start: Tensor, loss: Loss, steps: int, rate: float, momentum: float
) -> tuple[Tensor, list[Tensor]]:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image, [torch.tensor(value, requires_grad=True) for value in losses]


@mistake("The image that comes back still requires a gradient: return it detached, as a picture like any other.")
def not_detached(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple[Tensor, list[float]]:
    image, losses = invert(start, loss, steps, rate, momentum)
    return image.requires_grad_(True), losses


def invert_in_place_marked(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = in_place(start, loss, steps, rate, momentum)
    start.requires_grad_(True)
    return image, losses


@mistake("The start that was given is overwritten. Work on a copy.", variants=(invert_in_place_marked,))
def in_place(start: Tensor, loss: Loss, steps: int, rate: float, momentum: float) -> tuple:
    image, losses = invert(start, loss, steps, rate, momentum)
    with torch.no_grad():
        start.copy_(image)
    return image, losses


def _some_loss(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    seed, shape = pick.whole(0, 999), (sizes["B"], 3, sizes["H"], sizes["W"])
    return "smooth", lambda dtype: _hollow(seed, shape, dtype)


EXERCISE = Exercise(
    __name__,
    title="Down the valley, with momentum",
    difficulty=2,
    minutes=15,
    signature="invert(start, loss, steps, rate, momentum)",
    hints=(
        "A ball that rolls keeps some of its speed. Beside the image there is a second tensor to carry along: the velocity.",
        "The velocity starts at 0. In each step, note the loss, take the gradient of the image as it is now, and make the "
        "new velocity from the old one and the gradient; then add it to the image. Each step's image is a new leaf.",
        "In the loop: `leaf = image.detach().requires_grad_(True)`, `value = loss(leaf)`, `losses.append(value.item())`, "
        "`gradient, = torch.autograd.grad(value, leaf)`, `velocity = momentum * velocity - rate * gradient`, "
        "`image = image + velocity`.",
    ),
    reference=invert,
    cases=(
        _invert_case(1, (1, 3, 4, 5), 6, 0.1, 0.9),
        _invert_case(2, (2, 3, 5, 4), 4, 0.2, 0.5),
        _invert_case(3, (2, 3, 6, 4), 5, 0.05, 0.8, loose=True),
        _invert_case(4, (1, 3, 5, 7), 3, 0.15, 0.3),
        _invert_case(5, (1, 3, 4, 3), 4, 3000.0, 0.6, scale=3e-5),
    ),
    takes={
        "start": tensor("B 3 H W", PICTURE),
        "loss": _some_loss,
        "steps": whole(0, 5),
        "rate": real(0.02, 0.2),
        "momentum": real(0.0, 0.9),
    },
    observe=_watch_invert,
    verified="the right path step by step, losses before each step, and the start stays as it was",
)
