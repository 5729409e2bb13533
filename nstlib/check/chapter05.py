"""Exercises of chapter 05, training, with the mistakes that people make in them."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib import filter_measures, patches, training
from nstlib.check.exercise import Case, Exercise, Function, Law, Mistake, close, normal, scattered

CHAPTER = "05_training"


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


def _order(seed: int, size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))


# held_out_split -----------------------------------------------------------------------------------------------------------

_REGIONS = torch.tensor([[8, 10, 20, 24], [20, 30, 32, 44], [0, 40, 6, 46]])


def _corners(seed: int, count: int, side: int) -> Tensor:
    """Return random corners in a picture of 40 x 52 pixels, and those that just touch, just miss or contain a region."""
    drawn = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * torch.tensor([40, 52])
    edges = [
        [8 - side, 12],
        [20, 14],
        [12, 10 - side],
        [12, 24],
        [9 - side, 12],
        [19, 14],
        [8, 10],
        [20 - side, 24 - side],
    ]
    return torch.cat([drawn.long(), torch.tensor(edges)])


def _split_case(seed: int, count: int, side: int, regions: int, *, loose: bool = False) -> Case:
    def make(_: torch.dtype) -> tuple[Tensor, int, Tensor]:
        corners = _corners(seed, count, side)
        return scattered(corners) if loose else corners, side, _REGIONS[:regions].clone()

    return Case(f"{count + 8} patches of side {side}, {regions} regions{_loose(loose)}", make)


def _split(function: Function, side: int = 7, regions: Tensor = _REGIONS) -> tuple[Tensor, Tensor]:
    return tuple(torch.as_tensor(part) for part in function(_corners(5, 60, side), side, regions.clone()))


def _split_no_pixel_shared(function: Function) -> bool:
    train, test = _split(function)
    pages = []
    for chosen in (train, test):
        page = torch.zeros(80, 100, dtype=torch.bool)
        for top, left in (_corners(5, 60, 7)[chosen] + 20).tolist():
            page[top : top + 7, left : left + 7] = True
        pages.append(page)
    return bool(train.any()) and bool(test.any()) and not bool((pages[0] & pages[1]).any())


def _split_borders(function: Function) -> bool:
    region = torch.tensor([[10, 10, 20, 20]])
    beside = torch.tensor([[5, 12], [20, 12], [12, 5], [12, 20]])
    train, test = function(beside, 5, region)
    return bool(torch.as_tensor(train).all()) and not bool(torch.as_tensor(test).any())


def _split_exact(function: Function) -> bool:
    train, test = function(torch.tensor([[10, 30], [10, 31]]), 5, torch.tensor([[10, 30, 15, 35]]))
    return not bool(torch.as_tensor(train).any()) and torch.as_tensor(test).tolist() == [True, False]


def _split_around(function: Function) -> bool:
    train, test = function(torch.tensor([[10, 10]]), 20, torch.tensor([[15, 16, 18, 19]]))
    return not bool(torch.as_tensor(train).any()) and not bool(torch.as_tensor(test).any())


def _split_moved(function: Function) -> bool:
    moved = function(_corners(5, 60, 7) + torch.tensor([3, 11]), 7, _REGIONS + torch.tensor([3, 11, 3, 11]))
    return all(torch.equal(torch.as_tensor(a), b) for a, b in zip(moved, _split(function), strict=True))


def _split_regions_in_any_order(function: Function) -> bool:
    turned = _split(function, regions=_REGIONS.flip(0))
    return all(torch.equal(a, b) for a, b in zip(turned, _split(function), strict=True)) and bool(turned[1].any())


def _meets(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    """Return (N, R) booleans: which patches touch which regions, and which lie inside."""
    split = [patches.held_out_split(corners, side, region[None]) for region in regions]
    return ~torch.stack([train for train, _ in split], 1), torch.stack([test for _, test in split], 1)


def split_by_corner(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    inside = _meets(corners, 1, regions)[1].any(1)
    return ~inside, inside


def split_by_center(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return split_by_corner(corners + side // 2, side, regions)


def split_straddlers_trained(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    inside = _meets(corners, side, regions)[1].any(1)
    return ~inside, inside


def split_straddlers_measured(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    touches = _meets(corners, side, regions)[0].any(1)
    return ~touches, touches


def split_bordering_refused(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    touches = _meets(corners - 1, side + 2, regions)[0].any(1)
    return ~touches, _meets(corners, side, regions)[1].any(1)


def split_bottom_included(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side - 1, regions)


def split_strictly_inside(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, regions)[0], _meets(corners - 1, side + 2, regions)[1].any(1)


def split_rows_for_columns(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners.flip(1), side, regions)


def split_by_height_and_width(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, torch.cat([regions[:, :2], regions[:, :2] + regions[:, 2:]], 1))


def split_by_first_region(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, regions[:1])


def split_touching_all(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    touches, inside = _meets(corners, side, regions)
    return ~touches.all(1), inside.any(1)


def split_by_four_corners(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    steps = torch.tensor([[0, 0], [0, side - 1], [side - 1, 0], [side - 1, side - 1]])
    held = torch.stack([_meets(corners + step, 1, regions)[1] for step in steps])  # (4, N, R)
    return ~held.any(0).any(1), held.all(0).any(1)


def split_swapped(corners: Tensor, side: int, regions: Tensor) -> tuple[Tensor, Tensor]:
    return patches.held_out_split(corners, side, regions)[::-1]


HELD_OUT_SPLIT = Exercise(
    name="held_out_split",
    chapter=CHAPTER,
    title="Nothing seen twice",
    difficulty=2,
    minutes=12,
    signature="held_out_split(corners, side, regions)",
    hints=(
        "One shared pixel is enough to cheat. So there are three kinds of patches: clear of every region, inside of one, "
        "and those that straddle a border, which nobody may use.",
        "Two intervals overlap if each begins before the other ends; two squares overlap if they do so in rows *and* in "
        "columns. Inside is stricter: begin not before, end not after.",
        "With `first = corners[:, None]`, `last = first + side`, `begin, end = regions[:, :2], regions[:, 2:]` all pairs "
        "meet in one comparison: `((first < end) & (last > begin)).all(2)` says which patch touches which region.",
    ),
    reference=patches.held_out_split,
    cases=(
        _split_case(1, 30, 7, 1),
        _split_case(2, 40, 5, 3),
        _split_case(3, 50, 9, 2, loose=True),
        _split_case(4, 35, 16, 3),
    ),
    laws=(
        Law("no pixel of a training patch is in a held-out patch", _split_no_pixel_shared),
        Law("a patch that only borders on a region may be trained on", _split_borders),
        Law("a patch that fills a region exactly is inside it, and one pixel further it is not", _split_exact),
        Law("a patch with a whole region in its middle is neither", _split_around),
        Law("moving patches and regions together changes nothing", _split_moved),
        Law("the order of the regions does not matter", _split_regions_in_any_order),
    ),
    mistakes=(
        Mistake(
            "corner_decides",
            split_by_corner,
            "Only the patch's first corner is looked at. Its other pixels may lie on the other side of a border: where "
            "does it end?",
        ),
        Mistake(
            "center_decides",
            split_by_center,
            "Only the patch's center is looked at, so half of a training patch may show what it is measured with later.",
        ),
        Mistake(
            "straddlers_trained_on",
            split_straddlers_trained,
            "Patches that lie half in a held-out region are trained on: the network has then seen what it should be "
            "measured with. 'Not inside' is not the same as 'outside'.",
        ),
        Mistake(
            "straddlers_measured_with",
            split_straddlers_measured,
            "Patches that only reach into a region are measured with, though their other half was trained on.",
        ),
        Mistake(
            "bordering_refused",
            split_bordering_refused,
            "A patch that borders on a region without sharing a pixel counts as touching here. Bottom and right are "
            "excluded: is it < or <=?",
            (split_bottom_included,),
        ),
        Mistake(
            "strictly_inside",
            split_strictly_inside,
            "A patch that reaches exactly to a region's border is inside. Is it < or <=?",
        ),
        Mistake(
            "rows_for_columns",
            split_rows_for_columns,
            "Rows and columns are mixed up: a corner is (row, column), a region is (top, left, bottom, right).",
        ),
        Mistake(
            "height_and_width",
            split_by_height_and_width,
            "The last two numbers of a region are taken for its height and width. They are its bottom and right.",
        ),
        Mistake(
            "one_region_only",
            split_by_first_region,
            "Only the first region is held out. A patch has to stay clear of all of them.",
            (split_touching_all,),
        ),
        Mistake(
            "four_corners_only",
            split_by_four_corners,
            "Only the patch's four corners are tested. A small region can lie in the middle of a patch, or cross its "
            "edge, without holding any corner.",
        ),
        Mistake(
            "swapped",
            split_swapped,
            "The two results are swapped: those to train on come first.",
        ),
    ),
    verified="training patches and held-out patches share no pixel",
)


# train_step ---------------------------------------------------------------------------------------------------------------


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

    return Case(f"images {shape}, {classes} classes{_loose(loose)}", make)


def _watch_step(function: Function, arguments: tuple) -> dict[str, object]:
    """Return what two steps on different batches do to the model."""
    model, optimizer, images, labels = arguments
    first = function(model, optimizer, images, labels)
    once = _weights(model)
    mode, mean = model.training, model.norm.running_mean.clone()
    second = function(model, optimizer, images.flip(0) * 0.5, labels)
    return {
        "the weights after one step": once,
        "the weights after a second step": _weights(model),
        "training mode": mode,
        "the batch norm's running mean": mean,
        "a loss that holds on to its graph": isinstance(first, Tensor) and first.requires_grad,
        "the loss returned": _number(first),
        "the second loss": _number(second),
    }


def _weights(model: nn.Module) -> Tensor:
    return torch.cat([weights.detach().flatten() for weights in model.parameters()])


def _number(value: object) -> object:
    return value.item() if isinstance(value, Tensor) and value.numel() == 1 else value


def _bench(seed: int = 3) -> tuple[nn.Module, torch.optim.Optimizer, Tensor, Tensor]:
    return _step_case(seed, (6, 3, 5, 4), 3).make(torch.float32)


def _step_by_hand(function: Function) -> bool:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3, bias=False))
    with torch.no_grad():
        model[1].weight.copy_(normal(8, 3, 12))
    images, labels = normal(9, 5, 3, 2, 2), torch.tensor([0, 2, 1, 1, 0])
    before = model[1].weight.detach().clone()
    wrong = (images.flatten(1) @ before.T).softmax(1) - F.one_hot(labels, 3)  # (5, 3)
    function(model, torch.optim.SGD(model.parameters(), lr=0.5), images, labels)
    return close(model[1].weight, before - 0.5 * wrong.T @ images.flatten(1) / 5)


def _step_falls(function: Function) -> bool:
    model, _, images, labels = _bench()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = [_number(function(model, optimizer, images, labels)) for _ in range(12)]
    return losses[-1] < 0.97 * losses[0]


def _step_before(function: Function) -> bool:
    arguments = _bench()
    other = _bench()[0].train()
    return close(_number(function(*arguments)), F.cross_entropy(other(arguments[2]), arguments[3]))


def _step_leftovers(function: Function) -> bool:
    clean, dirty = _bench(), _bench()
    for weights in dirty[0].parameters():
        weights.grad = torch.full_like(weights, 100.0)  # left over from something else
    function(*clean)
    function(*dirty)
    return close(_weights(clean[0]), _weights(dirty[0])) and not close(_weights(clean[0]), _weights(_bench()[0]))


def _step_mode(function: Function) -> bool:
    arguments = _bench()
    function(*arguments)
    return arguments[0].training


def _step_order(function: Function) -> bool:
    one, two = _bench(), _bench()
    order = _order(1, 6)
    losses = function(*one), function(*two[:2], two[2][order], two[3][order])
    return close(_weights(one[0]), _weights(two[0])) and close(*map(_number, losses)) and not _number(losses[0]) < 0.1


def step_without_clearing(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


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


def step_in_evaluation_mode(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> float:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_eval_called(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    loss = training.train_step(model, optimizer, images, labels)
    model.eval()
    return loss


def step_before_backward(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    optimizer.step()
    loss.backward()
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


def step_with_graph(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> Tensor:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


def step_loss_after(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    training.train_step(model, optimizer, images, labels)
    mean, variance = model.norm.running_mean.clone(), model.norm.running_var.clone()
    loss = F.cross_entropy(model(images), labels).item()
    model.norm.running_mean.copy_(mean)
    model.norm.running_var.copy_(variance)
    return loss


def step_loss_after_plainly(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> float:
    training.train_step(model, optimizer, images, labels)
    return F.cross_entropy(model(images), labels).item()


def step_summed(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    loss.backward()
    optimizer.step()
    return loss.item()


def step_softmax_twice(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images).softmax(1), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_squared_error(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    outputs = model(images)
    loss = F.mse_loss(outputs, F.one_hot(labels, outputs.shape[1]).to(outputs))
    loss.backward()
    optimizer.step()
    return loss.item()


TRAIN_STEP = Exercise(
    name="train_step",
    chapter=CHAPTER,
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
    laws=(
        Law("one step on a linear model is the one computed by hand", _step_by_hand),
        Law("gradients left over from something else do not count", _step_leftovers),
        Law("the model is in training mode", _step_mode),
        Law("on the same batch again and again, the loss falls", _step_falls),
        Law("the loss returned is the one before the step", _step_before),
        Law("the order of the batch does not matter", _step_order),
    ),
    mistakes=(
        Mistake(
            "gradients_not_cleared",
            step_without_clearing,
            "Old gradients are not cleared, so each step follows the sum of all gradients so far. PyTorch adds them up "
            "until somebody says otherwise.",
            (step_bare, step_bare_with_graph),
        ),
        Mistake(
            "not_in_training_mode",
            step_in_evaluation_mode,
            "The model was in evaluation mode, and still is: batch normalization and dropout then behave as in a test. "
            "Who switches it to training?",
            (step_eval_called,),
        ),
        Mistake(
            "weights_never_move",
            step_before_backward,
            "The weights never move. The optimizer must step, and step when this batch's gradient is there: after "
            "backward, and with nothing cleared in between. In which order do the three stand?",
            (step_without_step, step_cleared_last),
        ),
        Mistake(
            "graph_kept",
            step_with_graph,
            "The loss comes back as a tensor with its graph: a list of those keeps every computation in memory. Which "
            "method makes it a plain number?",
        ),
        Mistake(
            "loss_after_the_step",
            step_loss_after,
            "This is the loss after the step, computed anew. Asked for is the one that the step was made with, which "
            "costs nothing more.",
            (step_loss_after_plainly,),
        ),
        Mistake(
            "summed",
            step_summed,
            "The loss is summed over the batch: a batch twice as large would make steps twice as long. Cross-entropy's "
            "default is the mean.",
        ),
        Mistake(
            "softmax_twice",
            step_softmax_twice,
            "The outputs go through a softmax before the cross-entropy, which has one of its own. It wants the outputs "
            "as they are.",
        ),
        Mistake(
            "squared_error",
            step_squared_error,
            "This is a squared error between outputs and labels. For classes it should be the cross-entropy.",
        ),
    ),
    observe=_watch_step,
    verified="clears, goes backward, then moves, in training mode",
)


# filter_grid --------------------------------------------------------------------------------------------------------------


def _filters(seed: int, count: int, side: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return filters of different sizes: one a hundred times another, one all positive."""
    weights = normal(seed, count, 3, side, side, dtype=dtype)
    weights[0] *= 20
    weights[1] = weights[1].abs() + 0.5
    weights[2] *= 0.2
    return weights


def _grid_case(seed: int, count: int, side: int, columns: int, *, loose: bool = False, zero: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, int]:
        weights = _filters(seed, count, side, dtype)
        if zero:
            weights[3] = 0
        return scattered(weights) if loose else weights, columns

    note = ", one of them zero" if zero else ""
    return Case(f"{count} filters of {side} x {side}, {columns} columns{note}{_loose(loose)}", make)


def _tiles(grid: object, side: int, columns: int, count: int) -> Tensor:
    """Return the filters of a grid, (count, 3, side, side)."""
    cut = [divmod(k, columns) for k in range(count)]
    tops = [(1 + row * (side + 1), 1 + column * (side + 1)) for row, column in cut]
    return torch.stack([torch.as_tensor(grid)[0, :, top : top + side, left : left + side] for top, left in tops])


def _grid(function: Function, weights: Tensor, columns: int = 3) -> Tensor:
    return _tiles(function(weights, columns), weights.shape[-1], columns, len(weights))


def _grid_scale_free(function: Function) -> bool:
    weights = _filters(1, 5, 4)
    factors = torch.tensor([0.1, 2.0, 30.0, 1.0, 5.0])[:, None, None, None]
    return close(function(weights * factors, 3), function(weights, 3))


def _grid_negative(function: Function) -> bool:
    weights = _filters(2, 5, 4)
    return close(_grid(function, weights) + _grid(function, -weights), torch.ones(5, 3, 4, 4))


def _grid_range(function: Function) -> bool:
    tiles = _grid(function, _filters(3, 5, 4))
    reach = (tiles - 0.5).abs().amax((1, 2, 3))
    return close(reach, torch.full((5,), 0.5))


def _grid_gray(function: Function) -> bool:
    weights = torch.zeros(2, 3, 3, 3)
    weights[1, 0, 1, 1] = 2.0
    tiles = _grid(function, weights, 2)
    return close(tiles[0], torch.full((3, 3, 3), 0.5)) and int((tiles[1] == 0.5).sum()) == 26


def _grid_place(function: Function) -> bool:
    weights = torch.full((5, 3, 4, 4), 0.1)
    weights[4, 2, 1, 3] = -1.0  # the fifth filter, blue, second row, last column
    grid = torch.as_tensor(function(weights, 3))
    return grid.shape == (1, 3, 11, 16) and bool(grid[0, 2, 7, 9] == 0) and int((grid == 0).sum()) == 1


def _grid_white(function: Function) -> bool:
    grid = torch.as_tensor(function(_filters(4, 5, 4), 3))
    lines = torch.cat([grid[..., ::5, :].flatten(), grid[..., ::5].flatten(), grid[..., 6:, 11:].flatten()])
    return bool((lines == 1).all())


def _laid_out(scaled: Tensor, columns: int, gap: float = 1.0) -> Tensor:
    count, _, side, _ = scaled.shape
    rows = -(-count // columns)
    grid = torch.full((3, rows * (side + 1) + 1, columns * (side + 1) + 1), gap, dtype=scaled.dtype)
    for index, one in enumerate(scaled):
        top, left = (1 + place * (side + 1) for place in divmod(index, columns))
        grid[:, top : top + side, left : left + side] = one
    return grid[None]


def _scaled(weights: Tensor) -> Tensor:
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    return 0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0)


def grid_scaled_together(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(0.5 + 0.5 * weights / weights.abs().max(), columns)


def grid_stretched_together(weights: Tensor, columns: int) -> Tensor:
    return _laid_out((weights - weights.min()) / (weights.max() - weights.min()), columns)


def grid_not_scaled(weights: Tensor, columns: int) -> Tensor:
    return _laid_out((0.5 + 0.5 * weights).clamp(0, 1), columns)


def grid_raw(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(weights, columns)


def grid_raw_clamped(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(weights.clamp(0, 1), columns)


def grid_shifted_only(weights: Tensor, columns: int) -> Tensor:
    return _laid_out((0.5 + weights).clamp(0, 1), columns)


def grid_stretched(weights: Tensor, columns: int) -> Tensor:
    low, high = weights.amin((1, 2, 3), keepdim=True), weights.amax((1, 2, 3), keepdim=True)
    return _laid_out((weights - low) / torch.where(high > low, high - low, 1.0), columns)


def grid_colors_apart(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.abs().amax((2, 3), keepdim=True)
    return _laid_out(0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0), columns)


def grid_by_largest(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.amax((1, 2, 3), keepdim=True)
    return _laid_out(0.5 + 0.5 * weights / torch.where(peaks > 0, peaks, 1.0), columns)


def grid_column_by_column(weights: Tensor, columns: int) -> Tensor:
    rows = -(-len(weights) // columns)
    places = [column * rows + row for row in range(rows) for column in range(columns)]
    padded = torch.cat([_scaled(weights), weights.new_ones(rows * columns - len(weights), *weights.shape[1:])])
    return _laid_out(padded[places], columns)


def grid_transposed(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(_scaled(weights).mT, columns)


def grid_scrambled(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(_scaled(weights).reshape(len(weights), *weights.shape[2:], 3).permute(0, 3, 1, 2), columns)


def grid_positive_only(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    return _laid_out((weights / torch.where(peaks > 0, peaks, 1.0)).clamp(0, 1), columns)


def grid_absolute(weights: Tensor, columns: int) -> Tensor:
    peaks = weights.abs().amax((1, 2, 3), keepdim=True)
    return _laid_out((weights / torch.where(peaks > 0, peaks, 1.0)).abs(), columns)


def grid_on_black(weights: Tensor, columns: int) -> Tensor:
    return _laid_out(_scaled(weights), columns, gap=0.0)


def grid_without_gaps(weights: Tensor, columns: int) -> Tensor:
    side = weights.shape[-1]
    grid = _laid_out(_scaled(weights), columns)[..., 1:, 1:]
    return torch.cat(
        [
            torch.cat([part[..., :side] for part in row.split(side + 1, dim=3)], dim=3)
            for row in (line[..., :side, :] for line in grid.split(side + 1, dim=2))
        ],
        dim=2,
    )


FILTER_GRID = Exercise(
    name="filter_grid",
    chapter=CHAPTER,
    title="All filters in one picture",
    difficulty=2,
    minutes=15,
    signature="filter_grid(weights, columns)",
    hints=(
        "A filter has positive and negative weights, of any size. Which gray should a weight of 0 have? And which filter "
        "should decide what counts as large?",
        "Divide each filter by its own largest absolute weight (over its three colors together), so that it lies in "
        "-1..1, then map -1, 0, 1 to 0, 0.5, 1. Start from a white picture and write the filters into it.",
        "`peaks = weights.abs().amax((1, 2, 3), keepdim=True)`, with 1 where it is 0; `0.5 + 0.5 * weights / peaks`. "
        "Filter number `index` goes to row and column `divmod(index, columns)`, whose first pixel is "
        "`1 + row * (k + 1)`, `1 + column * (k + 1)`.",
    ),
    reference=filter_measures.filter_grid,
    cases=(
        _grid_case(1, 5, 4, 3, zero=True),
        _grid_case(2, 6, 3, 2),
        _grid_case(3, 7, 5, 4, loose=True),
        _grid_case(4, 4, 2, 4, zero=True),
    ),
    laws=(
        Law("making one filter larger changes nothing", _grid_scale_free),
        Law("minus the filters are their negatives: the two add up to 1", _grid_negative),
        Law("each filter reaches black or white, and nothing goes beyond", _grid_range),
        Law("a weight of zero is middle gray, in a filter of zeros too", _grid_gray),
        Law("the filters stand row by row, upright, in their own colors", _grid_place),
        Law("the lines between and around, and empty places, are white", _grid_white),
    ),
    mistakes=(
        Mistake(
            "scaled_together",
            grid_scaled_together,
            "One scale for all: the strongest filter decides, and the faint ones turn into gray squares. Each filter "
            "should have its own.",
            (grid_stretched_together,),
        ),
        Mistake(
            "not_scaled",
            grid_not_scaled,
            "The weights are not scaled to the range of a picture. How large is each filter's largest one?",
            (grid_raw, grid_raw_clamped, grid_shifted_only),
        ),
        Mistake(
            "stretched_from_minimum",
            grid_stretched,
            "Each filter is stretched from its smallest to its largest weight, so zero has another gray in each, and an "
            "all positive filter looks as if it had both signs. Where should zero always be?",
        ),
        Mistake(
            "colors_apart",
            grid_colors_apart,
            "Each color of a filter is scaled by itself: a filter that only looks at red then shows noise in green and "
            "blue. One scale for the three of them.",
        ),
        Mistake(
            "sign_ignored_in_scale",
            grid_by_largest,
            "Each filter is divided by its largest weight, but a negative one may be larger in size. Which function "
            "makes -3 count more than 2?",
        ),
        Mistake(
            "column_by_column",
            grid_column_by_column,
            "The places are filled column by column. The second filter stands to the right of the first.",
        ),
        Mistake(
            "transposed",
            grid_transposed,
            "Rows and columns inside each filter are swapped: a horizontal edge looks vertical.",
        ),
        Mistake(
            "scrambled_by_reshape",
            grid_scrambled,
            "A reshape mixes colors and positions: it does not move axes, it cuts the same row of numbers in other "
            "places. Is it permute that you mean, or nothing at all?",
        ),
        Mistake(
            "one_sign_only",
            grid_positive_only,
            "Half of each filter is lost: negative weights look like zero, or like positive ones.",
            (grid_absolute,),
        ),
        Mistake(
            "black_lines",
            grid_on_black,
            "The lines and empty places are black; white is asked for.",
        ),
        Mistake(
            "no_lines",
            grid_without_gaps,
            "There are no lines between the filters and around them: one pixel each, so (k + 1) per filter and one more.",
        ),
    ),
    verified="each filter at its place, on its own scale, with zero in the middle",
)


# feature_drift ------------------------------------------------------------------------------------------------------------


def _drift_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        before = normal(seed, *shape, dtype=dtype) + 0.3
        after = before + normal(seed + 30, *shape, dtype=dtype)
        after[0] = -0.7 * before[0] + 0.1 * after[0]  # one filter nearly turns around, and another grows
        after[1] *= 9
        return (scattered(before), scattered(after)) if loose else (before, after)

    return Case(f"weights {shape}{_loose(loose)}", make, {"filters": shape[0], "2": 2.0})


def _layers() -> tuple[Tensor, Tensor]:
    return _drift_case(7, (5, 3, 4, 4)).make(torch.float32)


def _drift_same(function: Function) -> bool:
    before, after = _layers()
    return abs(float(function(before, before))) < 1e-5 and float(function(before, after)) > 0.1


def _drift_scale_free(function: Function) -> bool:
    before, after = _layers()
    factors = torch.tensor([0.1, 2.0, 30.0, 1.0, 5.0])[:, None, None, None]
    return close(function(before, after * factors), function(before, after)) and close(
        function(before * factors, after), function(before, after)
    )


def _drift_turned(function: Function) -> bool:
    before, _ = _layers()
    return close(function(before, -before), 2.0)


def _drift_right_angles(function: Function) -> bool:
    before, after = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    before[:, 0, 0, 0], after[:, 2, 1, 3] = 1.0, 1.0
    return close(function(before, after), 1.0)


def _drift_symmetric(function: Function) -> bool:
    before, after = _layers()
    return close(function(before, after), function(after, before))


def _drift_mean(function: Function) -> bool:
    before, after = _layers()
    each = [float(function(before[k : k + 1], after[k : k + 1])) for k in range(5)]
    return close(function(before, after), sum(each) / 5)


def _drift_positions(function: Function) -> bool:
    before, after = _layers()
    order = _order(3, 48)
    moved = [weights.flatten(1)[:, order].view_as(weights) for weights in (before, after)]
    return close(function(*moved), function(before, after))


def drift_distance(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).norm()


def drift_distance_per_filter(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).flatten(1).norm(dim=1).mean()


def drift_mean_square(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).square().mean()


def drift_relative(before: Tensor, after: Tensor) -> Tensor:
    return (after - before).norm() / before.norm()


def drift_relative_per_filter(before: Tensor, after: Tensor) -> Tensor:
    return ((after - before).flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)).mean()


def drift_cosine(before: Tensor, after: Tensor) -> Tensor:
    return 1 - filter_measures.feature_drift(before, after)


def drift_of_the_layer(before: Tensor, after: Tensor) -> Tensor:
    return 1 - F.cosine_similarity(before.flatten(), after.flatten(), dim=0)


def drift_without_sign(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1)).abs()).mean()


def drift_squared_cosine(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1)).square()).mean()


def drift_of_each_position(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before, after, dim=1)).mean()


def drift_of_rows(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before, after, dim=-1)).mean()


def drift_of_columns(before: Tensor, after: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(before.flatten(1), after.flatten(1), dim=0)).mean()


def drift_centered(before: Tensor, after: Tensor) -> Tensor:
    before, after = (weights.flatten(1) - weights.flatten(1).mean(1, keepdim=True) for weights in (before, after))
    return (1 - F.cosine_similarity(before, after)).mean()


def drift_summed(before: Tensor, after: Tensor) -> Tensor:
    return filter_measures.feature_drift(before, after) * len(before)


def drift_not_averaged(before: Tensor, after: Tensor) -> Tensor:
    return 1 - F.cosine_similarity(before.flatten(1), after.flatten(1))


FEATURE_DRIFT = Exercise(
    name="feature_drift",
    chapter=CHAPTER,
    title="How far did it turn?",
    difficulty=1,
    minutes=8,
    signature="feature_drift(before, after)",
    hints=(
        "A filter twice as long sees the same pattern. What counts is its direction: take the angle between then and now.",
        "Make each filter one vector, whatever its shape, and compare vector by vector. The cosine is their dot product "
        "over the product of their lengths.",
        "`F.cosine_similarity(before.flatten(1), after.flatten(1), dim=1)` has one number for each filter; 1 minus "
        "that, then the mean.",
    ),
    reference=filter_measures.feature_drift,
    cases=(
        _drift_case(1, (5, 3, 4, 4)),
        _drift_case(2, (6, 2, 3, 5)),
        _drift_case(3, (4, 7, 2, 3), loose=True),
        _drift_case(4, (3, 8)),
    ),
    laws=(
        Law("nothing has drifted from itself", _drift_same),
        Law("making one filter longer changes nothing, before or after", _drift_scale_free),
        Law("filters turned around have drifted by 2", _drift_turned),
        Law("filters at right angles have drifted by 1", _drift_right_angles),
        Law("there and back is the same distance", _drift_symmetric),
        Law("the drift of a layer is the mean of its filters' drifts", _drift_mean),
        Law("rearranging the weights inside all filters in the same way changes nothing", _drift_positions),
    ),
    mistakes=(
        Mistake(
            "distance",
            drift_distance,
            "This is a distance between the weights: it grows when a filter only gets longer. What stays the same then?",
            (drift_distance_per_filter, drift_mean_square),
        ),
        Mistake(
            "relative_distance",
            drift_relative,
            "Dividing by the length before is not enough: a filter three times as long, in the same direction, should "
            "have drifted by 0.",
            (drift_relative_per_filter,),
        ),
        Mistake(
            "cosine_itself",
            drift_cosine,
            "This is the cosine: 1 where nothing changed. A drift should be 0 there.",
        ),
        Mistake(
            "whole_layer",
            drift_of_the_layer,
            "The layer is taken as one long vector, so its longest filters decide alone. Compare filter by filter, then "
            "take the mean.",
        ),
        Mistake(
            "sign_ignored",
            drift_without_sign,
            "A filter that was turned around counts as unchanged here. Dark on bright and bright on dark are not the "
            "same pattern.",
            (drift_squared_cosine,),
        ),
        Mistake(
            "one_axis_only",
            drift_of_each_position,
            "The cosine is taken along one axis only, so a filter falls apart into many small vectors. What is one "
            "filter: which axes belong together?",
            (drift_of_rows, drift_of_columns),
        ),
        Mistake(
            "centered",
            drift_centered,
            "Each filter's mean was subtracted first, which makes this a correlation. The mean is part of what a filter "
            "sees.",
        ),
        Mistake(
            "summed",
            drift_summed,
            "One number is asked for, the mean over the filters: a layer with more filters has not drifted further.",
            (drift_not_averaged,),
        ),
    ),
    verified="one minus the cosine, filter by filter",
)


# similarity ---------------------------------------------------------------------------------------------------------------


def _pair_case(seed: int, one: tuple[int, ...], two: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        x, noise = normal(seed, *one, dtype=dtype), normal(seed + 40, *two, dtype=dtype)
        mixing = normal(seed + 80, x[0].numel(), noise[0].numel(), dtype=dtype)
        y = 0.4 * (x.flatten(1) @ mixing).view_as(noise) + noise + 1.5
        x = x + 0.8
        return (scattered(x), scattered(y)) if loose else (x, y)

    return Case(f"activations {one} and {two}{_loose(loose)}", make, {"2": 2.0})


def _pair() -> tuple[Tensor, Tensor]:
    return _pair_case(7, (7, 5), (7, 5)).make(torch.float32)


def _rotation(seed: int, size: int) -> Tensor:
    return torch.linalg.qr(normal(seed, size, size))[0]


def _alike_itself(function: Function) -> bool:
    x, y = _pair()
    return close(function(x, x), 1.0) and float(function(x, y)) < 0.99


def _alike_symmetric(function: Function) -> bool:
    x, y = _pair()
    return close(function(x, y[:, :3]), function(y[:, :3], x))


def _alike_rotated(function: Function) -> bool:
    x, y = _pair()
    return close(function(x @ _rotation(3, 5), y), function(x, y))


def _alike_scaled(function: Function) -> bool:
    x, y = _pair()
    return close(function(3 * x, 0.2 * y), function(x, y))


def _alike_moved(function: Function) -> bool:
    x, y = _pair()
    return close(function(x + normal(8, 5), y - 2), function(x, y))


def _alike_reordered(function: Function) -> bool:
    x, y = _pair()
    order = _order(2, 7)
    return close(function(x[order], y[order]), function(x, y)) and not close(function(x[order], y), function(x, y))


def _alike_strangers(function: Function) -> bool:
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    return close(float(function(corners[:, :1] + 3, corners[:, 1:] + 5)) + 1, 1.0)


def _products(x: Tensor) -> Tensor:
    return x.flatten(1) @ x.flatten(1).T


def _aligned(one: Tensor, two: Tensor) -> Tensor:
    return (one * two).sum() / (one.norm() * two.norm())


def _minus_mean(x: Tensor, axis: int = 0) -> Tensor:
    return x.flatten(1) - x.flatten(1).mean(axis, keepdim=True)


def alike_uncentered(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(x), _products(y))


def alike_centered_by_example(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(_minus_mean(x, 1)), _products(_minus_mean(y, 1)))


def alike_centered_by_one_number(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(x - x.mean()), _products(y - y.mean()))


def alike_one_centered(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(_minus_mean(x)), _products(y))


def alike_other_centered(x: Tensor, y: Tensor) -> Tensor:
    return _aligned(_products(x), _products(_minus_mean(y)))


def alike_not_normalized(x: Tensor, y: Tensor) -> Tensor:
    return (_products(_minus_mean(x)) * _products(_minus_mean(y))).sum()


def alike_averaged(x: Tensor, y: Tensor) -> Tensor:
    return (_products(_minus_mean(x)) * _products(_minus_mean(y))).mean()


def alike_half_normalized(x: Tensor, y: Tensor) -> Tensor:
    return alike_not_normalized(x, y) / _products(_minus_mean(x)).norm()


def alike_rooted(x: Tensor, y: Tensor) -> Tensor:
    return filter_measures.similarity(x, y).sqrt()


def alike_squared(x: Tensor, y: Tensor) -> Tensor:
    return filter_measures.similarity(x, y).square()


def alike_normalized_by_activations(x: Tensor, y: Tensor) -> Tensor:
    return alike_not_normalized(x, y) / (_minus_mean(x).norm() * _minus_mean(y).norm())


def alike_normalized_by_squares(x: Tensor, y: Tensor) -> Tensor:
    return alike_not_normalized(x, y) / (_minus_mean(x).norm() * _minus_mean(y).norm()) ** 2


def alike_by_position(x: Tensor, y: Tensor) -> Tensor:
    return F.cosine_similarity(_minus_mean(x).flatten(), _minus_mean(y).flatten(), dim=0)


def alike_by_position_plainly(x: Tensor, y: Tensor) -> Tensor:
    return F.cosine_similarity(x.flatten(), y.flatten(), dim=0)


def alike_by_unit_correlation(x: Tensor, y: Tensor) -> Tensor:
    return F.cosine_similarity(_minus_mean(x), _minus_mean(y), dim=0).mean()


def alike_as_distance(x: Tensor, y: Tensor) -> Tensor:
    return 1 - filter_measures.similarity(x, y)


SIMILARITY = Exercise(
    name="similarity",
    chapter=CHAPTER,
    title="Do two layers say the same?",
    difficulty=2,
    minutes=15,
    signature="similarity(x, y)",
    hints=(
        "Two layers need not have the same units, or even as many. Ask each of them something that both can answer: how "
        "alike are these two patches?",
        "Subtract the mean example, so that what all examples share does not count. Products of all pairs of examples "
        "make an N x N table for each layer. Then compare the two tables like two vectors.",
        "`vectors = x.flatten(1)`, minus `vectors.mean(0)`; the table is `vectors @ vectors.T`. For two tables the "
        "result is `(one * two).sum() / (one.norm() * two.norm())`.",
    ),
    reference=filter_measures.similarity,
    cases=(
        _pair_case(1, (6, 4), (6, 4)),
        _pair_case(2, (7, 3), (7, 3)),
        _pair_case(3, (5, 2, 3, 4), (5, 24), loose=True),
        _pair_case(4, (8, 3, 2, 2), (8, 3, 2, 2)),
    ),
    laws=(
        Law("a layer is as similar to itself as can be: 1", _alike_itself),
        Law("the order of the two layers does not matter, nor that they have other numbers of units", _alike_symmetric),
        Law("rotating one layer's units into each other changes nothing", _alike_rotated),
        Law("scaling a layer changes nothing", _alike_scaled),
        Law("adding a constant to a unit changes nothing", _alike_moved),
        Law("the examples may come in any order, if it is the same for both", _alike_reordered),
        Law("two units that have nothing to do with each other have similarity 0", _alike_strangers),
    ),
    mistakes=(
        Mistake(
            "not_centered",
            alike_uncentered,
            "The mean was not subtracted, so what all examples have in common makes any two layers look alike. A layer "
            "of ReLUs has a large mean.",
        ),
        Mistake(
            "centered_along_units",
            alike_centered_by_example,
            "The mean is taken over units, or over everything. It should be the mean *example*: over which axis do the "
            "examples run?",
            (alike_centered_by_one_number,),
        ),
        Mistake(
            "one_side_centered",
            alike_one_centered,
            "Only one of the two layers was centered. Both tables need it, for the numerator and for the norms.",
            (alike_other_centered,),
        ),
        Mistake(
            "not_normalized",
            alike_not_normalized,
            "A similarity of a layer with itself should be 1, whatever its scale: divide by the norms of both tables.",
            (alike_averaged, alike_half_normalized),
        ),
        Mistake(
            "norms_of_activations",
            alike_normalized_by_activations,
            "This divides by norms of the activations. The two *tables* are compared, so their norms belong there.",
            (alike_normalized_by_squares,),
        ),
        Mistake(
            "rooted",
            alike_rooted,
            "There is a root, or a square, too many: the products of the tables over the product of their norms is all.",
            (alike_squared,),
        ),
        Mistake(
            "unit_by_unit",
            alike_by_position,
            "This compares unit 1 with unit 1, unit 2 with unit 2. Two networks can say the same with their units in "
            "another order. Compare the examples with each other first, within each layer.",
            (alike_by_position_plainly, alike_by_unit_correlation),
        ),
        Mistake(
            "distance",
            alike_as_distance,
            "This is 1 minus the similarity: a layer would have 0 with itself.",
        ),
    ),
    verified="the same tables of examples give 1, whatever the units",
)


# extreme_share ------------------------------------------------------------------------------------------------------------


def _share_case(seed: int, count: int, side: int, low: float, high: float, size: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float, float, int]:
        weights = _mixed_filters(seed, count, side, dtype)
        return scattered(weights) if loose else weights, low, high, size

    return Case(f"{count} filters of {side} x {side}, low {low}, high {high}, size {size}{_loose(loose)}", make)


def _mixed_filters(seed: int, count: int, side: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return filters of different kinds and sizes: smooth ones, colored ones, a strong one."""
    weights = normal(seed, count, 3, side, side, dtype=dtype)
    weights[0] = weights[0] * 0.3 + 1.0
    weights[1] = 10 * weights[1].mean(0)
    weights[2] = weights[2] - 0.7 * weights[2].mean(0)
    return weights


def _share(function: Function, weights: Tensor, low: float = 0.12, high: float = 0.33, size: int = 16) -> Tensor:
    return torch.as_tensor(function(weights, low, high, size))


def _share_nothing(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(_share(function, weights, 0.0, 0.9) + 1, torch.ones(4))


def _share_all(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(_share(function, weights, 0.21, 0.21), torch.ones(4))


def _share_scaled(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(
        _share(function, weights * torch.tensor([1, 0.1, 7, -2])[:, None, None, None]), _share(function, weights)
    )


def _share_turned(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    return close(_share(function, weights.mT), _share(function, weights))


def _share_moved(function: Function) -> bool:
    weights = F.pad(_mixed_filters(5, 4, 5), (0, 2, 0, 2))
    return close(_share(function, weights.roll((1, 2), (2, 3))), _share(function, weights))


def _share_colors(function: Function) -> bool:
    weights = _mixed_filters(5, 4, 5)
    signs = torch.tensor([1.0, -1.0, 1.0])[:, None, None]
    return close(_share(function, weights[:, [2, 0, 1]]), _share(function, weights)) and close(
        _share(function, weights * signs), _share(function, weights)
    )


def _share_waves(function: Function) -> bool:
    x = torch.arange(16.0)
    waves = [torch.cos(2 * torch.pi * frequency * x).expand(3, 16, 16) for frequency in (1 / 16, 4 / 16, 7 / 16)]
    return close(_share(function, torch.stack(waves)), torch.tensor([1.0, 0.0, 1.0]), 1e-2)


def _spectrum(weights: Tensor, size: int) -> Tensor:
    return torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)


def _radius(size: int, weights: Tensor) -> Tensor:
    frequency = torch.fft.fftfreq(size).to(weights)
    return torch.hypot(frequency[:, None], frequency[None])


def _ratio(energy: Tensor, chosen: Tensor) -> Tensor:
    return (energy * chosen).sum((1, 2)) / energy.sum((1, 2))


def _extreme(radius: Tensor, low: float, high: float) -> Tensor:
    return (radius < low) | (radius > high)


def share_of_amplitude(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    amplitude = torch.fft.fft2(weights, s=(size, size)).abs().sum(1)
    return _ratio(amplitude, _extreme(_radius(size, weights), low, high))


def share_of_summed_amplitude(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = torch.fft.fft2(weights, s=(size, size)).abs().sum(1).square()
    return _ratio(energy, _extreme(_radius(size, weights), low, high))


def share_of_the_middle(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return 1 - filter_measures.extreme_share(weights, low, high, size)


def share_of_low(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _radius(size, weights) < low)


def share_of_high(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _radius(size, weights) > high)


def share_of_none(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    radius = _radius(size, weights)
    return _ratio(_spectrum(weights, size), (radius < low) & (radius > high))


def share_of_gray(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return filter_measures.extreme_share(weights.mean(1, keepdim=True).expand_as(weights), low, high, size)


def share_not_padded(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    side = weights.shape[-1]
    return _ratio(_spectrum(weights, side), _extreme(_radius(side, weights), low, high))


def share_shifted(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    shifted = torch.fft.fftshift(_spectrum(weights, size), dim=(1, 2))
    return _ratio(shifted, _extreme(_radius(size, weights), low, high))


def share_shifted_along_all_axes(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return share_shifted(weights, low, high, size).roll(len(weights) // 2)


def share_in_counted_waves(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _extreme(_radius(size, weights) * size, low, high))


def share_in_radians(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _extreme(_radius(size, weights) * 2 * torch.pi, low, high))


def share_in_units_of_nyquist(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return _ratio(_spectrum(weights, size), _extreme(_radius(size, weights) * 2, low, high))


def share_in_a_square(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    frequency = torch.fft.fftfreq(size).to(weights).abs()
    return _ratio(_spectrum(weights, size), _extreme(torch.maximum(frequency[:, None], frequency[None]), low, high))


def share_along_one_axis(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    frequency = torch.fft.fftfreq(size).to(weights).abs()
    return _ratio(_spectrum(weights, size), _extreme(frequency[None], low, high))


def share_of_all_filters(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = _spectrum(weights, size)
    return (energy * _extreme(_radius(size, weights), low, high)).sum() / energy.sum()


def share_averaged(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return filter_measures.extreme_share(weights, low, high, size).mean()


def share_as_energy(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    return (_spectrum(weights, size) * _extreme(_radius(size, weights), low, high)).sum((1, 2))


def share_of_half_the_spectrum(weights: Tensor, low: float, high: float, size: int) -> Tensor:
    energy = torch.fft.rfft2(weights, s=(size, size)).abs().square().sum(1)
    radius = torch.hypot(torch.fft.fftfreq(size).to(weights)[:, None], torch.fft.rfftfreq(size).to(weights)[None])
    return _ratio(energy, _extreme(radius, low, high))


EXTREME_SHARE = Exercise(
    name="extreme_share",
    chapter=CHAPTER,
    title="Too smooth or too fine",
    difficulty=3,
    minutes=18,
    signature="extreme_share(weights, low, high, size)",
    hints=(
        "A filter is a small picture. Its Fourier transform says how much of each wave is in it; energy is the square "
        "of the absolute value. Which part of the energy belongs to waves that are very long or very short?",
        "`torch.fft.fft2(weights, s=(size, size))` pads with zeros. `torch.fft.fftfreq(size)` is the frequency along "
        "one axis, in the same order; the distance from frequency 0 takes both axes. Add up the colors' energies, not "
        "the colors.",
        "`energy = torch.fft.fft2(weights, s=(size, size)).abs().square().sum(1)`; with `f = torch.fft.fftfreq(size)`, "
        "`radius = torch.hypot(f[:, None], f[None])`; then the sum of `energy` where `(radius < low) | (radius > high)` "
        "over the sum of all, filter by filter.",
    ),
    reference=filter_measures.extreme_share,
    cases=(
        _share_case(1, 5, 4, 0.11, 0.33, 16),
        _share_case(2, 4, 7, 0.15, 0.4, 24),
        _share_case(3, 6, 5, 0.11, 0.27, 20, loose=True),
        _share_case(4, 3, 11, 0.05, 0.2, 32),
    ),
    laws=(
        Law("between 0 and the corner of the spectrum nothing is extreme", _share_nothing),
        Law("if low and high meet, everything is extreme", _share_all),
        Law("making a filter larger, or turning its sign, changes nothing", _share_scaled),
        Law("swapping rows and columns changes nothing", _share_turned),
        Law("moving a filter within its zeros changes nothing", _share_moved),
        Law("neither the order of the colors nor their signs matter", _share_colors),
        Law("a wave of 16 pixels is extreme, one of 4 is not, one of 2.3 is", _share_waves),
    ),
    mistakes=(
        Mistake(
            "amplitude",
            share_of_amplitude,
            "This counts amplitudes. Energy is the square of the absolute value, color by color: only then do all "
            "frequencies together add up to the filter's own sum of squares.",
            (share_of_summed_amplitude,),
        ),
        Mistake(
            "middle",
            share_of_the_middle,
            "This is the share in the middle, between low and high. Asked for is the rest.",
        ),
        Mistake(
            "one_end_only",
            share_of_low,
            "Only one end is counted. Extreme means below low *or* above high.",
            (share_of_high, share_of_none),
        ),
        Mistake(
            "gray",
            share_of_gray,
            "The colors are added up before the transform, so a filter for red against green vanishes. Transform each "
            "color, then add up their energies.",
        ),
        Mistake(
            "not_padded",
            share_not_padded,
            "The filters are transformed at their own size, so filters of 7 and of 11 pixels are measured at different "
            "frequencies. What is `size` for?",
        ),
        Mistake(
            "shifted",
            share_shifted,
            "The spectrum is shifted and the frequencies are not (or the other way round): frequency 0 then stands in "
            "the middle of one and at the beginning of the other.",
            (share_shifted_along_all_axes,),
        ),
        Mistake(
            "other_units",
            share_in_counted_waves,
            "The frequencies are not in cycles per pixel: there, the finest wave along an axis has 0.5. What does "
            "`torch.fft.fftfreq` return without further factors?",
            (share_in_radians, share_in_units_of_nyquist),
        ),
        Mistake(
            "square_instead_of_ring",
            share_in_a_square,
            "The two axes are compared one by one. A frequency's distance from 0 takes both: a diagonal wave is finer "
            "than either of its parts.",
            (share_along_one_axis,),
        ),
        Mistake(
            "not_per_filter",
            share_of_all_filters,
            "One number for each filter is asked for, shape (N,), or the strongest filter speaks for all.",
            (share_averaged,),
        ),
        Mistake(
            "not_a_share",
            share_as_energy,
            "This is an energy, and grows with the filter. A share is between 0 and 1: divide by what?",
        ),
        Mistake(
            "half_the_spectrum",
            share_of_half_the_spectrum,
            "rfft2 leaves out the frequencies that mirror others, but not those in its first and last column, so they "
            "count half as much as they should. fft2 has them all.",
        ),
    ),
    verified="shares of energy at the right frequencies, filter by filter",
)


EXERCISES = (HELD_OUT_SPLIT, TRAIN_STEP, FILTER_GRID, FEATURE_DRIFT, SIMILARITY, EXTREME_SHARE)
