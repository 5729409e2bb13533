"""Exercises of chapter 10, style transfer, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.exercise import Case, Exercise, Function, Law, Mistake, close, normal, scattered, uniform

CHAPTER = "10_transfer"
Loss = Callable[[Tensor], Tensor]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


def _bowl(target: Tensor) -> Loss:
    """Return a loss whose lowest point is known: half the squared distance to ``target``."""
    return lambda image: (image - target).square().sum() / 2


def _valley(seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Loss:
    """Return a smooth loss that is steeper in some directions than in others and wants to leave [0, 1] in places."""
    target, steepness = 0.5 + normal(seed, *shape, dtype=dtype), 0.2 + 2 * uniform(seed + 1, *shape, dtype=dtype)
    return lambda image: (steepness * (image - target).square()).sum() + 0.3 * image.mean().square()


# init_image -------------------------------------------------------------------------------------------------------------


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

    return Case(f"{how!r}, amount {amount}, pictures {shape}{_loose(loose)}", make)


def _watch_init(function: Function, arguments: tuple) -> dict[str, object]:
    content, noise = arguments[:2]
    image = function(*arguments)
    if not isinstance(image, Tensor):
        return {"the image": image}
    return {
        "the image": image.detach().clone(),
        "its own memory": all(_memory(image) != _memory(other) for other in (content, noise)),
        "requires_grad": image.requires_grad,
        "being a leaf": image.is_leaf,
    }


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _pictures() -> tuple[Tensor, Tensor]:
    return uniform(5, 1, 3, 4, 5), 0.5 + normal(6, 1, 3, 4, 5) / 2


def _init_range(function: Function) -> bool:
    starts = [function(*_pictures(), how, 0.8) for how in ("content", "noise", "mixed")]
    return all(float(start.min()) >= 0 and float(start.max()) <= 1 for start in starts)


def _init_trainable(function: Function) -> bool:
    starts = [function(*_pictures(), how, 0.5) for how in ("content", "noise", "mixed")]
    for start in starts:
        start.square().sum().backward()
    return all(close(start.grad, 2 * start.detach()) for start in starts)


def _init_apart(function: Function) -> bool:
    content, noise = _pictures()
    before = content.clone(), noise.clone()
    for how in ("content", "noise", "mixed"):
        with torch.no_grad():
            function(content, noise, how, 0.5).fill_(0.25)
    return torch.equal(content, before[0]) and torch.equal(noise, before[1])


def _init_ends(function: Function) -> bool:
    content, noise = _pictures()
    ends = [function(content, noise, "mixed", amount) for amount in (0.0, 1.0)]
    return close(ends[0], function(content, noise, "content", 0.3)) and close(
        ends[1], function(content, noise, "noise", 0.3)
    )


def _init_amount_ignored(function: Function) -> bool:
    content, noise = _pictures()
    return close(function(content, noise, "content", 0.9), content) and close(
        function(content, noise, "noise", 0.1), noise.clamp(0, 1)
    )


def _blend(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return init_image(content, noise, how, amount).detach()


def init_alias(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise.clamp(0, 1)}.get(how)
    return (_blend(content, noise, how, amount) if start is None else start).requires_grad_(True)


def init_alias_of_the_data(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise.clamp(0, 1)}.get(how)
    return (_blend(content, noise, how, amount) if start is None else start.detach()).requires_grad_(True)


def init_clamped_in_place(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise, "mixed": (1 - amount) * content + amount * noise}[how]
    return start.clamp_(0, 1).requires_grad_(True)


def init_clamped_in_place_of_the_data(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    start = {"content": content, "noise": noise, "mixed": (1 - amount) * content + amount * noise}[how]
    return start.detach().clamp_(0, 1).requires_grad_(True)


def init_without_gradient(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return _blend(content, noise, how, amount)


def init_not_a_leaf(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    content, noise = content.clone().requires_grad_(True), noise.clone().requires_grad_(True)
    return {"content": content, "noise": noise, "mixed": (1 - amount) * content + amount * noise}[how].clamp(0, 1)


def init_amount_swapped(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return init_image(content, noise, how, 1 - amount)


def init_not_clamped(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    share = {"content": 0.0, "noise": 1.0, "mixed": amount}[how]
    return ((1 - share) * content + share * noise).detach().clone().requires_grad_(True)


def init_noise_added(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    if how == "mixed":
        return (content + amount * noise).clamp(0, 1).requires_grad_(True)
    return init_image(content, noise, how, amount)


def init_always_mixed(content: Tensor, noise: Tensor, how: str, amount: float) -> Tensor:
    return init_image(content, noise, "mixed", amount)


INIT_IMAGE = Exercise(
    name="init_image",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("all values are in [0, 1]", _init_range),
        Law("a loss of the start fills its .grad", _init_trainable),
        Law("writing into the start changes neither picture", _init_apart),
        Law("mixed with 0 is the content, mixed with 1 the noise", _init_ends),
        Law("content and noise ignore the amount", _init_amount_ignored),
    ),
    mistakes=(
        Mistake(
            "alias_of_the_content",
            init_alias,
            "The start *is* the content picture, under another name: optimizing it would change the content. What "
            "makes a copy?",
            (init_alias_of_the_data,),
        ),
        Mistake(
            "clamped_in_place",
            init_clamped_in_place,
            "clamp_ with an underscore works in place, on the reader's own pictures, and the start shares their memory. "
            "Which clamp makes a new tensor?",
            (init_clamped_in_place_of_the_data,),
        ),
        Mistake(
            "no_gradient",
            init_without_gradient,
            "The values are right, but the start does not ask for a gradient, so no optimizer could move it.",
        ),
        Mistake(
            "not_a_leaf",
            init_not_a_leaf,
            "requires_grad is set before blending, so the start is a result and not a leaf: optimizers refuse it. When "
            "should the gradient be asked for?",
        ),
        Mistake(
            "amount_swapped",
            init_amount_swapped,
            "The amount counts the content. It is the share of the *noise*: what should amount 0 return?",
        ),
        Mistake(
            "not_clamped",
            init_not_clamped,
            "Some values are outside [0, 1], where no picture can be. Noise goes there easily: clamp.",
        ),
        Mistake(
            "noise_added",
            init_noise_added,
            "The noise is added to the whole content, so that the picture gets brighter. It is a blend: the content's "
            "share is 1 - amount.",
        ),
        Mistake(
            "always_mixed",
            init_always_mixed,
            "`how` is not looked at: content and noise alone are mixed too.",
        ),
    ),
    observe=_watch_init,
    verified="right values, own memory, a leaf that an optimizer can move",
)


# gradient_step ----------------------------------------------------------------------------------------------------------


def gradient_step(image: Tensor, loss: Loss, rate: float) -> Tensor:
    """Return ``image - rate * gradient`` as a new tensor without a graph; ``image`` stays as it was."""
    return image.detach() - rate * _slope(image, loss)


def _slope(image: Tensor, loss: Loss) -> Tensor:
    leaf = image.detach().clone().requires_grad_(True)
    return torch.autograd.grad(loss(leaf), leaf)[0]


def _step_case(seed: int, shape: tuple[int, ...], rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Loss, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _valley(seed + 20, shape, dtype), rate

    return Case(f"image {shape}{_loose(loose)}, rate {rate}", make, {"2": 2.0, "rate": rate})


def _watch_step(function: Function, arguments: tuple) -> dict[str, object]:
    image = function(*arguments)
    if not isinstance(image, Tensor):
        return {"the image": image}
    return {"the image": image, "requires_grad": image.requires_grad}


def _step(function: Function, loss: Loss, rate: float = 0.1) -> Tensor:
    return torch.as_tensor(function(_pictures()[0], loss, rate))


def _step_still(function: Function) -> bool:
    image, _ = _pictures()
    return close(_step(function, _bowl(image.clone())), image)


def _step_lowers(function: Function) -> bool:
    image, noise = _pictures()
    loss = _bowl(noise)
    return bool(loss(_step(function, loss)) < 0.9 * loss(image))


def _step_lands(function: Function) -> bool:
    _, noise = _pictures()
    return close(_step(function, _bowl(noise), 1.0), noise)


def _step_linear(function: Function) -> bool:
    image, _ = _pictures()
    return close(_step(function, lambda x: 3 * x.sum(), 0.1), image - 0.3)


def _step_twice(function: Function) -> bool:
    image, noise = _pictures()
    moved = function(function(image, _bowl(noise), 0.5), _bowl(noise), 0.5)
    return close(moved, noise + 0.25 * (image - noise))


def step_upward(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image + rate * _slope(image, loss)


def step_without_rate(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image - _slope(image, loss)


def step_of_signs(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image - rate * _slope(image, loss).sign()


def step_normalized(image: Tensor, loss: Loss, rate: float) -> Tensor:
    slope = _slope(image, loss)
    return image - rate * slope / slope.norm()


def step_normalized_by_mean(image: Tensor, loss: Loss, rate: float) -> Tensor:
    slope = _slope(image, loss)
    return image - rate * slope / slope.abs().mean()


def step_normalized_by_largest(image: Tensor, loss: Loss, rate: float) -> Tensor:
    slope = _slope(image, loss)
    return image - rate * slope / slope.abs().max()


def step_in_place(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return image.sub_(rate * _slope(image, loss))


def step_marks_the_image(image: Tensor, loss: Loss, rate: float) -> Tensor:
    image.requires_grad_(True)
    loss(image).backward()
    return (image - rate * image.grad).detach()


def step_with_graph(image: Tensor, loss: Loss, rate: float) -> Tensor:
    leaf = image.detach().clone().requires_grad_(True)
    return leaf - rate * torch.autograd.grad(loss(leaf), leaf)[0]


def step_clamped(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return gradient_step(image, loss, rate).clamp(0, 1)


def step_gradient_only(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return _slope(image, loss)


def step_only(image: Tensor, loss: Loss, rate: float) -> Tensor:
    return -rate * _slope(image, loss)


GRADIENT_STEP = Exercise(
    name="gradient_step",
    chapter=CHAPTER,
    title="One step downhill",
    difficulty=1,
    minutes=8,
    signature="gradient_step(image, loss, rate)",
    hints=(
        "A gradient says for each pixel how the loss would *rise*. Go a little the other way.",
        "Work on a copy that requires a gradient, so that the image itself stays as it was. The result needs no graph: "
        "the next step makes its own.",
        "`leaf = image.detach().clone().requires_grad_(True)`; `gradient, = torch.autograd.grad(loss(leaf), leaf)`; "
        "return `(leaf - rate * gradient).detach()`.",
    ),
    reference=gradient_step,
    cases=(
        _step_case(1, (1, 3, 4, 5), 0.1),
        _step_case(2, (2, 3, 5, 4), 0.05),
        _step_case(3, (2, 3, 6, 4), 0.2, loose=True),
        _step_case(4, (1, 3, 5, 7), 0.4),
    ),
    laws=(
        Law("where the loss is lowest, nothing moves", _step_still),
        Law("a small step lowers the loss", _step_lowers),
        Law("in a round bowl, half the squared distance, a step with rate 1 lands in the middle", _step_lands),
        Law("on a slope of 3, rate 0.1 moves each pixel by -0.3", _step_linear),
        Law("two steps can follow each other", _step_twice),
    ),
    mistakes=(
        Mistake(
            "uphill",
            step_upward,
            "This goes uphill: the gradient is added. Which way does it point?",
        ),
        Mistake("rate_forgotten", step_without_rate, "The whole gradient is subtracted. Where does `rate` come in?"),
        Mistake(
            "sign_only",
            step_of_signs,
            "Only the sign of the gradient is used, so all pixels move equally far. Steep ones should move further.",
        ),
        Mistake(
            "normalized",
            step_normalized,
            "The gradient is normalized first. DeepDream does that; plain gradient descent takes it as it is.",
            (step_normalized_by_mean, step_normalized_by_largest),
        ),
        Mistake(
            "in_place",
            step_in_place,
            "The image that was given is overwritten. Return a new one and leave it as it was.",
        ),
        Mistake(
            "image_marked",
            step_marks_the_image,
            "The result is right, but the reader's image now requires a gradient, or holds one: the next backward would "
            "add to it. Work on a copy.",
        ),
        Mistake(
            "graph_kept",
            step_with_graph,
            "The result still hangs on its graph. After 100 steps, all 100 would be in memory: detach.",
        ),
        Mistake(
            "clamped",
            step_clamped,
            "The result is clamped to [0, 1]. That is a good idea in a transfer, but not asked for in this single step.",
        ),
        Mistake(
            "gradient_returned",
            step_gradient_only,
            "This returns the gradient, or the step, not the image after it.",
            (step_only,),
        ),
    ),
    observe=_watch_step,
    verified="one step of plain gradient descent, and the image stays as it was",
)


# make_closure -----------------------------------------------------------------------------------------------------------


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
        return image, torch.optim.SGD([image], lr=0.1), _valley(seed + 20, shape, dtype)

    return Case(f"image {shape}{_loose(loose)}", make, {"2": 2.0})


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
        "going backward from the loss": bool(pulls),
        "a gradient that reaches the image": bool(reached),
        "leaving the image where it is": still,
        "what the closure returns": _loss_returned(first),
        "what the second call returns": _loss_returned(second),
        "what it returns after the image has moved": _loss_returned(third),
    }


def _grad(image: Tensor) -> object:
    return "no gradient" if image.grad is None else image.grad.detach().clone()


def _loss_returned(value: object) -> object:
    return value.detach().clone() if isinstance(value, Tensor) else f"not a tensor, but {type(value).__name__}"


def _closure_run(function: Function, make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer]) -> list[Tensor]:
    image, noise = _pictures()
    image.requires_grad_(True)
    optimizer = make_optimizer([image])
    closure = function(image, optimizer, _bowl(noise))
    path = [image.detach().clone()]
    for _ in range(3):
        optimizer.step(closure)
        path.append(image.detach().clone())
    return [*path, noise]


def _closure_lbfgs(function: Function) -> bool:
    *_, last, noise = _closure_run(function, lambda p: torch.optim.LBFGS(p, lr=1.0, max_iter=8))
    return close(last, noise)


def _closure_sgd(function: Function) -> bool:
    start, one, two, _, noise = _closure_run(function, lambda p: torch.optim.SGD(p, lr=0.5))
    return close(one - noise, (start - noise) / 2) and close(two - noise, (start - noise) / 4)


def _closure_loss(function: Function) -> bool:
    image, noise = _pictures()
    image.requires_grad_(True)
    return close(function(image, torch.optim.SGD([image], lr=0.1), _bowl(noise))(), _bowl(noise)(image))


def _closure_clears(function: Function) -> bool:
    image, noise = _pictures()
    image.requires_grad_(True)
    image.grad = torch.full_like(image, 1000.0)  # left over from something else
    function(image, torch.optim.SGD([image], lr=0.1), _bowl(noise))()
    return close(image.grad, image.detach() - noise)


def _closure_waits(function: Function) -> bool:
    image, noise = _pictures()
    image.requires_grad_(True)
    calls = []

    def loss(x: Tensor) -> Tensor:
        calls.append(1)
        return _bowl(noise)(x)

    closure = function(image, torch.optim.SGD([image], lr=0.1), loss)
    before = len(calls)
    closure()
    return before == 0 and len(calls) == 1


def closure_without_clearing(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        value = loss(image)
        value.backward()
        return value

    return closure


def closure_cleared_once(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    optimizer.zero_grad()
    return closure_without_clearing(image, optimizer, loss)


def closure_of_old_loss(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    value = loss(image)

    def closure() -> Tensor:
        optimizer.zero_grad()
        value.backward(retain_graph=True)
        return value

    return closure


def closure_of_old_image(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    copy = image.detach().clone().requires_grad_(True)

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(copy)
        value.backward()
        return value

    return closure


def closure_of_detached_image(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(image.detach().clone().requires_grad_(True))
        value.backward()
        return value

    return closure


def closure_that_steps(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        optimizer.step()
        return value

    return closure


def closure_of_float(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    return lambda: make_closure(image, optimizer, loss)().item()


def closure_of_nothing(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> None:
        make_closure(image, optimizer, loss)()

    return closure


def closure_without_backward(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        optimizer.zero_grad()
        return loss(image)

    return closure


def closure_cleared_last(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        value = loss(image)
        value.backward()
        optimizer.zero_grad()
        return value

    return closure


def closure_that_clamps(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Callable:
    def closure() -> Tensor:
        with torch.no_grad():
            image.clamp_(0, 1)
        return make_closure(image, optimizer, loss)()

    return closure


def closure_called(image: Tensor, optimizer: torch.optim.Optimizer, loss: Loss) -> Tensor:
    return make_closure(image, optimizer, loss)()


MAKE_CLOSURE = Exercise(
    name="make_closure",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("L-BFGS reaches the lowest point of a bowl with it", _closure_lbfgs),
        Law("gradient descent with rate 1/2 halves the distance in each step", _closure_sgd),
        Law("it returns the loss of the image", _closure_loss),
        Law("what was in the gradient before does not count", _closure_clears),
        Law("the loss is computed once for each call, and not before", _closure_waits),
    ),
    mistakes=(
        Mistake(
            "gradient_not_cleared",
            closure_without_clearing,
            "After two calls the gradient is the sum of two: PyTorch adds up. Which line clears it, and does it stand "
            "inside the closure?",
            (closure_cleared_once,),
        ),
        Mistake(
            "loss_of_the_past",
            closure_of_old_loss,
            "The loss is computed once, outside, so it does not notice that the image has moved. What has to be inside?",
        ),
        Mistake(
            "loss_of_a_copy",
            closure_of_old_image,
            "The gradient goes to a copy of the image; the optimizer, which holds the image itself, never sees one.",
            (closure_of_detached_image,),
        ),
        Mistake(
            "steps_inside",
            closure_that_steps,
            "The closure moves the image. That is the optimizer's task: it calls the closure from inside its own step.",
        ),
        Mistake(
            "returns_a_float",
            closure_of_float,
            "The closure returns a Python number. Return the loss tensor itself: `.item()` belongs in a log.",
        ),
        Mistake(
            "returns_nothing",
            closure_of_nothing,
            "The closure returns None, so that L-BFGS cannot see how good the image is. Does its last line say `return`?",
        ),
        Mistake(
            "no_backward",
            closure_without_backward,
            "The closure never goes backward, so there is no gradient to follow.",
        ),
        Mistake(
            "cleared_last",
            closure_cleared_last,
            "The gradient is cleared after it was computed. What is left for the optimizer?",
        ),
        Mistake(
            "clamps_inside",
            closure_that_clamps,
            "The closure clamps the image. L-BFGS compares losses of points it chose itself: moved behind its back, they "
            "mislead it. Clamp after the run, or add a penalty.",
        ),
        Mistake(
            "called_not_returned",
            closure_called,
            "This returns what the closure returns. The closure itself is asked for: `return closure`, without ().",
        ),
    ),
    observe=_watch_closure,
    pure=False,
    verified="each call has its own gradient, of the image as it is, and L-BFGS gets home with it",
)


# run_transfer -----------------------------------------------------------------------------------------------------------


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


def _transfer_case(seed: int, shape: tuple[int, ...], steps: int, rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Loss, int, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _valley(seed + 20, shape, dtype), steps, rate

    return Case(f"image {shape}{_loose(loose)}, {steps} steps, rate {rate}", make)


def _watch_transfer(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, (tuple, list)) or len(result) != 2 or not isinstance(result[0], Tensor):
        return result
    image, losses = result
    listed = isinstance(losses, (list, tuple))
    return {
        "the image": image.detach().clone(),
        "the list of losses": list(losses) if listed else losses,
        "a graph on the image": image.requires_grad,
        "a graph on the losses": listed and any(isinstance(v, Tensor) and v.requires_grad for v in losses),
    }


def _transfer(function: Function, loss: Loss, steps: int, rate: float = 0.05) -> tuple[Tensor, list[float]]:
    image, losses = function(_pictures()[0], loss, steps, rate)
    return image, [float(value) for value in losses]


def _transfer_lowers(function: Function) -> bool:
    _, noise = _pictures()
    losses = _transfer(function, _bowl(noise.clamp(0, 1)), 12)[1]
    return len(losses) == 12 and losses[-1] < losses[0] / 2


def _transfer_first(function: Function) -> bool:
    image, noise = _pictures()
    return close(_transfer(function, _bowl(noise), 3)[1][0], _bowl(noise)(image))


def _transfer_range(function: Function) -> bool:
    seen = []

    def loss(x: Tensor) -> Tensor:
        seen.append(x.detach().clone())
        return _bowl(torch.full_like(x, 3.0))(x)

    image, _ = _transfer(function, loss, 5, 0.5)
    return all(float(x.max()) <= 1 for x in [image, *seen])


def _transfer_back(function: Function) -> bool:
    """Pixels that touch 1 can still come back from it: the gradient there is not 0."""
    image, _ = function(torch.ones(1, 3, 4, 5), _bowl(torch.zeros(1, 3, 4, 5)), 4, 0.1)
    return bool((image < 0.9).all())


def _transfer_continues(function: Function) -> bool:
    start, noise = 0.1 + 0.8 * _pictures()[0], _pictures()[1]
    image, _ = function(start.clone(), _bowl(noise), 1, 0.01)
    return close((image - start).abs(), torch.full((1, 3, 4, 5), 0.01), 0.05)


def transfer_not_cleared(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clear=False)


def transfer_new_optimizer(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, anew=True)


def transfer_clamped_inside(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clamp="inside")


def transfer_clamped_last(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clamp="last")


def transfer_not_clamped(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, clamp="never")


def transfer_of_a_copy(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
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


def transfer_start_returned(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return image.detach().clone(), _run(image, loss, steps, rate)[1]


def transfer_losses_after(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = _run(image, loss, steps, rate)
    return found, [*losses[1:], float(loss(found))]


def transfer_losses_one_more(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = _run(image, loss, steps, rate)
    return found, [*losses, float(loss(found))]


def transfer_one_step_less(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps - 1, rate)


def transfer_one_step_more(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps + 1, rate)


def transfer_in_place(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = _run(image, loss, steps, rate)
    with torch.no_grad():
        image.copy_(found)
    return found, losses


def transfer_in_place_marked(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    found, losses = transfer_in_place(image, loss, steps, rate)
    image.requires_grad_(True)
    return found, losses


def transfer_gradient_descent(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, optimizer=torch.optim.SGD)


def transfer_default_rate(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, 0.001)


def transfer_uphill(image: Tensor, loss: Loss, steps: int, rate: float) -> tuple[Tensor, list[float]]:
    return _run(image, loss, steps, rate, sign=-1)


RUN_TRANSFER = Exercise(
    name="run_transfer",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("the loss falls", _transfer_lowers),
        Law("the first loss is that of the image given", _transfer_first),
        Law("no image on the way leaves [0, 1]", _transfer_range),
        Law("pixels that start at the border can leave it again", _transfer_back),
        Law("Adam's first step moves each pixel by the rate", _transfer_continues),
    ),
    mistakes=(
        Mistake(
            "gradient_not_cleared",
            transfer_not_cleared,
            "Gradients add up over the steps: the image follows the sum of all of them. Which line clears them?",
        ),
        Mistake(
            "new_optimizer_each_step",
            transfer_new_optimizer,
            "A new Adam in each step forgets what the last one had learned: its moments. Where should it be made?",
        ),
        Mistake(
            "clamped_inside",
            transfer_clamped_inside,
            "The clamp is inside the graph. A pixel beyond the border feels no gradient there and never comes back. "
            "Clamp the pixels themselves, after the step, under torch.no_grad().",
        ),
        Mistake(
            "clamped_at_the_end",
            transfer_clamped_last,
            "The image is clamped once, at the end. On the way it leaves [0, 1], and the loss judges a picture that "
            "cannot be shown.",
        ),
        Mistake(
            "not_clamped",
            transfer_not_clamped,
            "The image leaves [0, 1]. What should happen after each step?",
        ),
        Mistake(
            "never_moved",
            transfer_of_a_copy,
            "The image has not moved. Is the loss computed of the tensor that the optimizer holds, or of a copy? And is "
            "it the optimized one that is returned?",
            (transfer_start_returned,),
        ),
        Mistake(
            "losses_after_the_step",
            transfer_losses_after,
            "Each loss is noted after the step it belongs to. The first one should be that of the image as it was given.",
        ),
        Mistake(
            "one_loss_too_many",
            transfer_losses_one_more,
            "There is one loss more than there are steps.",
        ),
        Mistake(
            "steps_miscounted",
            transfer_one_step_less,
            "There is one step too few, or one too many. What does range() start with, and where does it end?",
            (transfer_one_step_more,),
        ),
        Mistake(
            "in_place",
            transfer_in_place,
            "The image that was given is overwritten. Optimize a copy.",
            (transfer_in_place_marked,),
        ),
        Mistake(
            "plain_gradient_descent",
            transfer_gradient_descent,
            "This is plain gradient descent (SGD). Adam is asked for, which gives each pixel its own step length.",
        ),
        Mistake("rate_ignored", transfer_default_rate, "`rate` is not used: Adam runs with its default of 0.001."),
        Mistake("uphill", transfer_uphill, "The loss rises: is it minus the loss that is differentiated?"),
    ),
    observe=_watch_transfer,
    verified="one Adam on a copy, clamped after each step, losses before each step",
)

EXERCISES = (INIT_IMAGE, GRADIENT_STEP, MAKE_CLOSURE, RUN_TRANSFER)
