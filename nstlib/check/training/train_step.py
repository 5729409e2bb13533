"""The exercise ``train_step``, and the mistakes that people make in it."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib import training
from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.check.training._shared import _order


def _small_model(seed: int, dtype: torch.dtype, classes: int) -> nn.Sequential:
    """Return a network whose batch normalization shows whether it was in training mode; it starts in the other one."""
    model = nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 4, 3, padding=1),
            norm=nn.BatchNorm2d(4),
            relu=nn.ReLU(),
            mean=nn.AdaptiveAvgPool2d(1),
            flat=nn.Flatten(),
            classify=nn.Linear(4, classes),
        )
    ).to(dtype)
    with torch.no_grad():
        for k, weights in enumerate(model.parameters()):
            weights.copy_(normal(100 * seed + k, *weights.shape, dtype=dtype))
        model.norm.running_mean.fill_(0.5)
    return model.eval()


def _step_case(seed: int, shape: tuple[int, ...], classes: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[nn.Module, torch.optim.Optimizer, Tensor, Tensor]:
        model = _small_model(seed, dtype, classes)
        images = normal(seed, *shape, dtype=dtype)
        labels = torch.arange(shape[0]) % classes
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
        return model, optimizer, scattered(images) if loose else images, labels

    return Case(f"images {shape}, {classes} classes{if_loose(loose)}", make)


def _watch_step(function: Function, arguments: tuple) -> dict[str, object]:
    """Return what two steps on different batches do to the model."""
    model, optimizer, images, labels = arguments
    modes = []
    model.register_forward_pre_hook(lambda module, _: modes.append(module.training))
    first = function(model, optimizer, images, labels)
    once = _weights(model)
    mode, mean = bool(modes) and modes[0], model.norm.running_mean.clone()
    second = function(model, optimizer, images.flip(0) * 0.5, labels)
    return {
        "the weights after one step": once,
        "the weights after a second step": _weights(model),
        "the model does not run in training mode: `model.train()`": not mode,
        "the batch norm's running mean": mean,
        "the loss that comes back records gradients: `.item()` makes a plain number of it": isinstance(first, Tensor)
        and first.requires_grad,
        "the loss returned": _number(first),
        "the second loss": _number(second),
    }


def _weights(model: nn.Module) -> Tensor:
    return torch.cat([weights.detach().flatten() for weights in model.parameters()])


def _number(value: object) -> object:
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def _bench(seed: int = 3) -> tuple[nn.Module, torch.optim.Optimizer, Tensor, Tensor]:
    return _step_case(seed, (6, 3, 5, 4), 3).make(torch.float32)


@law("one step on a linear model is the one computed by hand")
def by_hand(function: Function) -> bool:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, bias=False))
    with torch.no_grad():
        model[1].weight.copy_(normal(8, 3, 12))
    images, labels = normal(9, 5, 3, 2, 2), torch.tensor([0, 2, 1, 1, 0])
    before = model[1].weight.detach().clone()
    wrong = (images.flatten(1) @ before.T).softmax(1) - F.one_hot(labels, 3)  # (5, 3)
    function(model, torch.optim.SGD(model.parameters(), lr=0.5), images, labels)
    return close(model[1].weight, before - 0.5 * wrong.T @ images.flatten(1) / 5)


@law("gradients left over from something else do not count")
def leftovers(function: Function) -> bool:
    clean, dirty = _bench(), _bench()
    for weights in dirty[0].parameters():
        weights.grad = torch.full_like(weights, 100.0)  # left over from something else
    function(*clean)
    function(*dirty)
    return close(_weights(clean[0]), _weights(dirty[0])) and not close(_weights(clean[0]), _weights(_bench()[0]))


@law("the model runs in training mode")
def mode(function: Function) -> bool:
    arguments, modes = _bench(), []
    arguments[0].register_forward_pre_hook(lambda module, _: modes.append(module.training))
    function(*arguments)
    return modes == [True]


@law("on the same batch again and again, the loss falls")
def falls(function: Function) -> bool:
    model, _, images, labels = _bench()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = [_number(function(model, optimizer, images, labels)) for _ in range(12)]
    return losses[-1] < 0.97 * losses[0]


@law("the loss returned is the one before the step")
def before(function: Function) -> bool:
    arguments = _bench()
    other = _bench()[0].train()
    return close(_number(function(*arguments)), F.cross_entropy(other(arguments[2]), arguments[3]))


@law("the order of the batch does not matter")
def order(function: Function) -> bool:
    one, two = _bench(), _bench()
    order = _order(1, 6)
    losses = function(*one), function(*two[:2], two[2][order], two[3][order])
    return close(_weights(one[0]), _weights(two[0])) and close(*map(_number, losses)) and not _number(losses[0]) < 0.1


def step_bare(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_bare_with_graph(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> Tensor:
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


@mistake(
    "Old gradients are not cleared, so each step follows the sum of all gradients so far. PyTorch adds them up "
    "until somebody says otherwise.",
    variants=(step_bare, step_bare_with_graph),
)
def gradients_not_cleared(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "The model was in evaluation mode, and still is: batch normalization and dropout then behave as in a test. Who "
    "switches it to training?"
)
def not_in_training_mode(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_cleared_last(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def step_without_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.item()


@mistake(
    "The weights never move. The optimizer must step, and step when this batch's gradient is there: after "
    "backward, and with nothing cleared in between. In which order do the three stand?",
    variants=(step_without_step, step_cleared_last),
)
def weights_never_move(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    optimizer.step()
    loss.backward()
    return loss.item()


@mistake(
    "The loss comes back as a tensor with its graph: a list of those keeps every computation in memory. Which "
    "method makes it a plain number?"
)
def graph_kept(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> Tensor:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


def step_loss_after_plainly(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> float:
    training.train_step(model, optimizer, images, labels)
    return F.cross_entropy(model(images), labels).item()


@mistake(
    "This is the loss after the step, computed anew. Asked for is the one that the step was made with, which costs "
    "nothing more.",
    variants=(step_loss_after_plainly,),
)
def loss_after_the_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    training.train_step(model, optimizer, images, labels)
    mean, variance = model.norm.running_mean.clone(), model.norm.running_var.clone()
    loss = F.cross_entropy(model(images), labels).item()
    model.norm.running_mean.copy_(mean)
    model.norm.running_var.copy_(variance)
    return loss


@mistake(
    "The loss is summed over the batch: a batch twice as large would make steps twice as long. Cross-entropy's "
    "default is the mean."
)
def summed(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake(
    "The outputs go through a softmax before the cross-entropy, which has one of its own. It wants the outputs as "
    "they are."
)
def softmax_twice(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images).softmax(1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


@mistake("This is a squared error between outputs and labels. For classes it should be the cross-entropy.")
def squared_error(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    outputs = model(images)
    loss = F.mse_loss(outputs, F.one_hot(labels, outputs.shape[1]).to(outputs))
    loss.backward()
    optimizer.step()
    return loss.item()


def _some_step(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw a model, how it is optimized, and a batch."""
    shape, classes = (sizes["B"], 3, sizes["H"], sizes["W"]), pick.whole(2, 5)
    seed, rate, momentum = pick.whole(0, 99), pick.one_of((0.01, 0.1, 0.3)), pick.one_of((0.0, 0.5))
    labels = torch.tensor([pick.whole(0, classes - 1) for _ in range(shape[0])])

    def make(dtype: torch.dtype) -> tuple[nn.Module, torch.optim.Optimizer, Tensor, Tensor]:
        model = _small_model(seed, dtype, classes)
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=momentum)
        return model, optimizer, normal(seed + 1, *shape, dtype=dtype), labels.clone()

    words = f"of {classes} classes", f"SGD of rate {rate:g}, momentum {momentum:g}", f"{shape}", f"{labels.tolist()}"
    return words, make


EXERCISE = Exercise(
    __name__,
    title="One step of learning",
    difficulty=2,
    minutes=10,
    signature="train_step(model, optimizer, images, labels)",
    hints=(
        "Five things in one order: say that this is training, forget the old gradients, compute the loss, send it "
        "backward, let the optimizer move.",
        "`F.cross_entropy` takes the outputs as they are (no softmax before it) and the labels as numbers. What you "
        "return is for a list of losses: a number, not a tensor that holds on to the whole computation.",
        "`model.train()`, `optimizer.zero_grad()`, `loss = F.cross_entropy(model(images), labels)`, `loss.backward()`, "
        "`optimizer.step()`, `return loss.item()`.",
    ),
    reference=training.train_step,
    cases=(
        _step_case(1, (6, 3, 5, 4), 3),
        _step_case(2, (2, 3, 4, 6), 5),
        _step_case(3, (4, 3, 6, 3), 2, loose=True),
    ),
    takes=dict(zip(("model", "optimizer", "images", "labels"), together(4, _some_step), strict=True)),
    sizes={"B": (2, 6), "H": (1, 6), "W": (1, 6)},
    drawn=4,
    observe=_watch_step,
    optimizes=True,
    verified="clears, goes backward, then moves, in training mode",
)
