"""The exercise ``run_transfer``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import PICTURE, one_of, tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.check.transfer._shared import Loss, bowl, pictures, some_valley, valley


def run_transfer(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    """Return the image after ``steps`` steps of Adam, clamped to [0, 1] after each, and the loss before each."""
    return _run(image, loss, steps, rate)


def _run(
    image: Tensor,
    loss: Loss,
    steps: int,
    rate: float,
    *,
    clear: bool = True,
    anew: bool = False,
    clamp: str = "each",
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    sign: int = 1,
) -> tuple[Tensor, list[float]]:
    """Run a transfer with one of its parts left out or put in the wrong place."""
    pixels = image.detach().clone().requires_grad_(True)
    adam = optimizer([pixels], lr=rate)
    losses = []
    for _ in range(steps):
        adam = optimizer([pixels], lr=rate) if anew else adam
        if clear:
            adam.zero_grad()
        value = loss(pixels.clamp(0, 1) if clamp == "inside" else pixels)
        (sign * value).backward()
        losses.append(value.item())
        adam.step()
        if clamp == "each":
            with torch.no_grad():
                pixels.clamp_(0, 1)
    found = pixels.detach()
    return found.clamp(0, 1) if clamp in ("last", "inside") else found, losses


def _transfer_case(
    seed: int, shape: tuple[int, ...], steps: int, rate: float, *, loose: bool = False, scale: float = 1.0
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Loss, int, float]:
        image, loss = uniform(seed, *shape, dtype=dtype), valley(seed + 20, shape, dtype)
        return scattered(image) if loose else image, lambda x: scale * loss(x), steps, rate

    small = ", a loss near 0.001" if scale < 1 else ""
    return Case(f"image {shape}{if_loose(loose)}, {steps} steps, rate {rate}{small}", make)


def _watch_transfer(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[0], Tensor):
        return result
    image, losses = result
    listed = isinstance(losses, (list, tuple))
    return {
        "the image": image.detach().clone(),
        "the list of losses": list(losses) if listed else losses,
        "the image still records gradients: `.detach()` cuts it off": image.requires_grad,
        "a loss in the list records gradients, and so keeps its whole step: `.item()` makes a plain number of it": listed
        and any(isinstance(v, Tensor) and v.requires_grad for v in losses),
    }


def _transfer(function: Function, loss: Loss, steps: int, rate: float = 0.05) -> tuple[Tensor, list[float]]:
    image, losses = function(pictures()[0], loss, steps, rate)
    return image, [float(value) for value in losses]


@law("in a round bowl 12 steps make 12 losses, and the last is less than half of the first")
def lowers(function: Function) -> bool:
    _, noise = pictures()
    losses = _transfer(function, bowl(noise.clamp(0, 1)), 12)[1]
    return len(losses) == 12 and losses[-1] < losses[0] / 2


@law("the first loss is that of the image given")
def first(function: Function) -> bool:
    image, noise = pictures()
    return close(_transfer(function, bowl(noise), 3)[1][0], bowl(noise)(image))


@law("no image on the way leaves [0, 1]")
def transfer_range(function: Function) -> bool:
    seen = []

    def loss(x: Tensor) -> Tensor:
        seen.append(x.detach().clone())
        return bowl(torch.full_like(x, 3.0))(x)

    image, _ = _transfer(function, loss, 5, 0.5)
    return all(float(x.max()) <= 1 for x in [image, *seen])


@law("pixels that start at the border can leave it again")
def back(function: Function) -> bool:
    """Pixels that touch 1 can still come back from it: the gradient there is not 0."""
    image, _ = function(torch.ones(1, 3, 4, 5), bowl(torch.zeros(1, 3, 4, 5)), 4, 0.1)
    return bool((image < 0.9).all())


@law("Adam's first step moves each pixel by the rate")
def continues(function: Function) -> bool:
    start, noise = 0.1 + 0.8 * pictures()[0], pictures()[1]
    image, _ = function(start.clone(), bowl(noise), 1, 0.01)
    return close((image - start).abs(), torch.full((1, 3, 4, 5), 0.01), 0.05)


@mistake("Gradients add up over the steps: the image follows the sum of all of them. Which line clears them?")
def gradient_not_cleared(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clear=False)


@mistake("A new Adam in each step forgets what the last one had learned: its moments. Where should it be made?")
def new_optimizer_each_step(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, anew=True)


@mistake(
    "The clamp is inside the graph. A pixel beyond the border feels no gradient there and never comes back. Clamp "
    "the pixels themselves, after the step, under torch.no_grad()."
)
def clamped_inside(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clamp="inside")


@mistake(
    "The image is clamped once, at the end. On the way it leaves [0, 1], and the loss judges a picture that cannot "
    "be shown."
)
def clamped_at_the_end(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clamp="last")


@mistake("The image leaves [0, 1]. What should happen after each step?")
def not_clamped(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clamp="never")


def transfer_start_returned(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return image.detach().clone(), _run(image, loss, steps, rate)[1]


@mistake(
    "The image has not moved. Does anything go backward? Is the loss computed of the tensor that the optimizer holds, or "
    "of a copy? And is it the optimized one that is returned?",
    variants=(transfer_start_returned,),
)
def never_moved(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    pixels = image.detach().clone().requires_grad_(True)
    adam = torch.optim.Adam([pixels], lr=rate)
    losses = []
    for _ in range(steps):
        adam.zero_grad()
        value = loss(pixels.clone().detach().requires_grad_(True))
        value.backward()
        losses.append(value.item())
        adam.step()
    return pixels.detach(), losses


@mistake("Each loss is noted after the step it belongs to. The first one should be that of the image as it was given.")
def losses_after_the_step(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = _run(image, loss, steps, rate)
    return found, [*losses[1:], float(loss(found))]


@mistake("There is one loss more than there are steps.")
def one_loss_too_many(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = _run(image, loss, steps, rate)
    return found, [*losses, float(loss(found))]


@mistake("There is one step too many. What does range() start with, and where does it end?")
def one_step_too_many(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps + 1, rate)


@mistake("There is one step too few. What does range() start with, and where does it end?")
def one_step_too_few(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps - 1, rate)


@mistake("It takes one step, however many are asked for. Does `return` stand inside the loop?")
def one_step_only(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, min(steps, 1), rate)


@mistake(
    "Each loss in the list is a tensor that holds on to its graph, and so keeps a whole step in memory. What makes a plain "
    "number of it?"
)
def losses_with_their_graphs(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[Tensor]]:
    found, losses = run_transfer(image, loss, steps, rate)
    return found, [torch.tensor(value, requires_grad=True) for value in losses]


@mistake("The image that comes back still requires a gradient: return it detached, as a picture like any other.")
def not_detached(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = run_transfer(image, loss, steps, rate)
    return found.requires_grad_(True), losses


def transfer_in_place_marked(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = in_place(image, loss, steps, rate)
    image.requires_grad_(True)
    return found, losses


@mistake("The image that was given is overwritten. Optimize a copy.", variants=(transfer_in_place_marked,))
def in_place(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = _run(image, loss, steps, rate)
    with torch.no_grad():
        image.copy_(found)
    return found, losses


@mistake("This is plain gradient descent (SGD). Adam is asked for, which gives each pixel its own step length.")
def plain_gradient_descent(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, optimizer=torch.optim.SGD)


@mistake("`rate` is not used: Adam runs with its default of 0.001.")
def rate_ignored(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, 0.001)


@mistake("The loss rises: is it minus the loss that is differentiated?")
def uphill(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, sign=-1)


EXERCISE = Exercise(
    __name__,
    title="The loop of style transfer",
    difficulty=2,
    minutes=20,
    signature="run_transfer(image, loss, steps, rate)",
    hints=(
        "The pixels are the parameters. Everything else is the training loop that you know: clear, loss, backward, "
        "step. After each step, bring the pixels back into [0, 1].",
        "One copy of the image that requires a gradient, one Adam for it, both made before the loop. Note the loss as a "
        "number before you step. Clamp the pixels outside the graph: inside, a clipped pixel would never feel a "
        "gradient again.",
        "In the loop: `optimizer.zero_grad()`, `value = loss(pixels)`, `value.backward()`, `losses.append(value.item())`, "
        "`optimizer.step()`, then `with torch.no_grad(): pixels.clamp_(0, 1)`. Return `pixels.detach(), losses`.",
    ),
    reference=run_transfer,
    cases=(
        _transfer_case(1, (1, 3, 4, 5), 6, 0.1),
        _transfer_case(2, (2, 3, 5, 4), 4, 0.3),
        _transfer_case(3, (2, 3, 6, 4), 5, 0.2, loose=True),
        _transfer_case(4, (1, 3, 5, 7), 3, 0.05),
        _transfer_case(5, (1, 3, 4, 3), 4, 0.1, scale=3e-5),
    ),
    takes={
        "image": tensor("B 3 H W", PICTURE),
        "loss": some_valley,
        "steps": whole(1, 7),
        "rate": one_of(0.01, 0.05, 0.1, 0.3),
    },
    drawn=4,
    observe=_watch_transfer,
    optimizes=True,
    verified="one Adam on a copy, clamped after each step, losses before each step",
)
