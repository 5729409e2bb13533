"""The exercise ``make_closure``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, tensor, together
from nstlib.check.examiner.compare import Odd
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.check.transfer._shared import Loss, bowl, pictures, some_valley, valley


def make_closure(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable[[], Tensor]:
    """Return a function that clears the gradient, fills in the one of the image as it is now, and returns the loss."""

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure


def _closure_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, torch.optim.Optimizer, Loss]:
        image = uniform(seed, *shape, dtype=dtype)
        image = (scattered(image) if loose else image).requires_grad_(True)
        return image, torch.optim.SGD([image], lr=0.1), valley(seed + 20, shape, dtype)

    return Case(f"image {shape}{if_loose(loose)}", make, {"2": 2.0})


def _watch_closure(function: Function, arguments: tuple) -> object:
    """Return what two calls of the closure do, and a third after the image has moved."""
    image, optimizer, loss = arguments
    start, pulls, reached = image.detach().clone(), [], []

    def watched(x: Tensor) -> Tensor:
        value = loss(x)
        if value.requires_grad:
            value.register_hook(lambda _: pulls.append(1))
        return value

    image.register_hook(lambda _: reached.append(1))
    closure = function(image, optimizer, watched)
    if not callable(closure):
        return closure
    first, slope = closure(), _grad(image)
    second, again = closure(), _grad(image)
    still = torch.equal(image.detach(), start)
    with torch.no_grad():
        image.add_(0.25)
    third, moved = closure(), _grad(image)
    return {
        "the gradient after one call": slope,
        "the gradient after two calls": again,
        "the gradient after the image has moved": moved,
        "no `backward` is called on the loss that was given": not pulls,
        "no gradient reaches the image": not reached,
        "the closure moves the image: that is the optimizer's task": not still,
        "what the closure returns": _loss_returned(first),
        "what the second call returns": _loss_returned(second),
        "what it returns after the image has moved": _loss_returned(third),
    }


def _grad(image: Tensor) -> Tensor | None:
    return None if image.grad is None else image.grad.detach().clone()


def _loss_returned(value: object) -> object:
    return (
        value.detach().clone()
        if isinstance(value, Tensor)
        else Odd("None" if value is None else f"a {type(value).__name__}")
    )


def _closure_run(function: Function, make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer]) -> list[Tensor]:
    image, noise = pictures()
    image.requires_grad_(True)
    optimizer = make_optimizer([image])
    closure = function(image, optimizer, bowl(noise))
    path = [image.detach().clone()]
    for _ in range(3):
        optimizer.step(closure)
        path.append(image.detach().clone())
    return [*path, noise]


@law("L-BFGS reaches the lowest point of a bowl with it")
def lbfgs(function: Function) -> bool:
    *_, last, noise = _closure_run(function, lambda p: torch.optim.LBFGS(p, lr=1.0, max_iter=8))
    return close(last, noise)


@law("gradient descent with rate 1/2 halves the distance in each step")
def sgd(function: Function) -> bool:
    start, one, two, _, noise = _closure_run(function, lambda p: torch.optim.SGD(p, lr=0.5))
    return close(one - noise, (start - noise) / 2) and close(two - noise, (start - noise) / 4)


@law("it returns the loss of the image")
def loss(function: Function) -> bool:
    image, noise = pictures()
    image.requires_grad_(True)
    return close(function(image, torch.optim.SGD([image], lr=0.1), bowl(noise))(), bowl(noise)(image))


@law("what was in the gradient before does not count")
def clears(function: Function) -> bool:
    image, noise = pictures()
    image.requires_grad_(True)
    image.grad = torch.full_like(image, 1000.0)  # left over from something else
    function(image, torch.optim.SGD([image], lr=0.1), bowl(noise))()
    return close(image.grad, image.detach() - noise)


@law("the loss is computed once for each call, and not before")
def waits(function: Function) -> bool:
    image, noise = pictures()
    image.requires_grad_(True)
    calls = []

    def loss(x: Tensor) -> Tensor:
        calls.append(1)
        return bowl(noise)(x)

    closure = function(image, torch.optim.SGD([image], lr=0.1), loss)
    before = len(calls)
    closure()
    return before == 0 and len(calls) == 1


def closure_cleared_once(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    optimizer.zero_grad()
    return gradient_not_cleared(image, optimizer, loss)


@mistake(
    "After two calls the gradient is the sum of two: PyTorch adds up. Which line clears it, and does it stand "
    "inside the closure?",
    variants=(closure_cleared_once,),
)
def gradient_not_cleared(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        value = loss(image)
        value.backward()
        return value

    return closure


@mistake("The loss does not notice that the image has moved. Is it computed once, outside? What has to be inside?")
def loss_of_the_past(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    value = loss(image)

    def closure() -> Tensor:
        optimizer.zero_grad()
        value.backward(retain_graph=True)
        return value

    return closure


def closure_of_detached_image(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(image.detach().clone().requires_grad_(True))
        value.backward()
        return value

    return closure


@mistake(
    "The gradient goes to a copy of the image; the optimizer, which holds the image itself, never sees one.",
    variants=(closure_of_detached_image,),
)
def loss_of_a_copy(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    copy = image.detach().clone().requires_grad_(True)

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(copy)
        value.backward()
        return value

    return closure


@mistake("The closure moves the image. That is the optimizer's task: it calls the closure from inside its own step.")
def steps_inside(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        optimizer.step()
        return value

    return closure


@mistake("The closure returns a Python number. Return the loss tensor itself: `.item()` belongs in a log.")
def returns_a_float(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    return lambda: make_closure(image, optimizer, loss)().item()


@mistake("The closure returns None, so that L-BFGS cannot see how good the image is. Does its last line say `return`?")
def returns_nothing(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> None:
        make_closure(image, optimizer, loss)()

    return closure


@mistake("The closure never goes backward, so there is no gradient to follow.")
def no_backward(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        optimizer.zero_grad()
        return loss(image)

    return closure


@mistake("A step is taken here already. Only make the closure: the optimizer calls it when it takes a step itself.")
def steps_itself(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    closure = make_closure(image, optimizer, loss)
    optimizer.step(closure)
    return closure


@mistake("The gradient is cleared after it was computed. What is left for the optimizer?")
def cleared_last(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        value = loss(image)
        value.backward()
        optimizer.zero_grad()
        return value

    return closure


@mistake(
    "The closure clamps the image. L-BFGS compares losses of points it chose itself: moved behind its back, they "
    "mislead it. Clamp after the run, or add a penalty."
)
def clamps_inside(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        with torch.no_grad():
            image.clamp_(0, 1)
        return make_closure(image, optimizer, loss)()

    return closure


@mistake("This returns what the closure returns. The closure itself is asked for: `return closure`, without ().")
def called_not_returned(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Tensor:
    return make_closure(image, optimizer, loss)()


def _held(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    (image, make_image), (loss, make_loss) = (
        tensor("B 3 H W", ("uniform", "normal"))(pick, sizes),
        some_valley(pick, sizes),
    )
    kind = pick.one_of((torch.optim.SGD, torch.optim.Adam))

    def make(dtype: torch.dtype) -> tuple[Tensor, torch.optim.Optimizer, Loss]:
        leaf = make_image(dtype).requires_grad_(True)
        return leaf, kind([leaf], lr=0.1), make_loss(dtype)

    return (image, kind.__name__, loss), make


EXERCISE = Exercise(
    __name__,
    title="What an optimizer asks for",
    difficulty=2,
    minutes=10,
    signature="make_closure(image, optimizer, loss)",
    hints=(
        "An optimizer like L-BFGS looks at several images within one step. So it needs a *function* that it can call "
        "whenever it has moved the pixels.",
        "Define a function inside yours. Each time it is called it clears the old gradient, computes the loss of the "
        "image as it is *now*, goes backward, and returns the loss. Return that function itself, do not call it.",
        "Inside: `optimizer.zero_grad()`, `value = loss(image)`, `value.backward()`, `return value`; outside: "
        "`return closure`, without parentheses.",
    ),
    reference=make_closure,
    cases=(
        _closure_case(1, (1, 3, 4, 5)),
        _closure_case(2, (2, 3, 5, 4)),
        _closure_case(3, (2, 3, 6, 4), loose=True),
        _closure_case(4, (1, 3, 1, 4)),
    ),
    takes=dict(zip(("image", "optimizer", "loss"), together(3, _held), strict=True)),
    drawn=4,
    observe=_watch_closure,
    pure=False,
    optimizes=True,
    verified="each call has its own gradient, of the image as it is, and L-BFGS gets home with it",
)
