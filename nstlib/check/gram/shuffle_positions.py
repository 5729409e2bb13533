"""The exercise ``shuffle_positions``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import Make, Pick, Sizes, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake, normal, scattered
from nstlib.check.gram._shared import permutation, some


def _shuffle_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features = normal(seed, *shape, dtype=dtype)
        return (scattered(features) if loose else features), permutation(seed, shape[2] * shape[3])

    return Case(f"features {shape}{', not contiguous in memory' if loose else ''}", make)


def _shuffle(function: Function, features: Tensor, order: Tensor) -> Tensor:
    return torch.as_tensor(function(features, order))


@law("the order 0, 1, 2, ... changes nothing")
def identity(function: Function) -> bool:
    return close(_shuffle(function, some(), torch.arange(20)), some())


@law("the Gram matrix stays as it was")
def shuffle_gram(function: Function) -> bool:
    return close(gram.gram_matrix(_shuffle(function, some(), permutation(3, 20)).float()), gram.gram_matrix(some()))


@law("shuffling back with the inverse order restores the features")
def back(function: Function) -> bool:
    order = permutation(3, 20)
    return close(_shuffle(function, _shuffle(function, some(), order), order.argsort()), some())


@law("two equal channels stay equal, and do move")
def twins(function: Function) -> bool:
    twins = some()[:, :1].repeat(1, 2, 1, 1)
    result = _shuffle(function, twins, permutation(3, 20))
    return close(result[:, 0], result[:, 1]) and not close(result, twins)


@law("position 0 of the result is position order[0] of the input")
def marker(function: Function) -> bool:
    features, order = torch.zeros(1, 2, 2, 3), torch.tensor([4, 0, 5, 1, 3, 2])
    features[..., 1, 1] = 1.0  # position 4
    return bool((_shuffle(function, features, order)[0, :, 0, 0] == 1).all())


@mistake(
    "This is the inverse permutation: position k went to order[k], but it should come from order[k]. On which side "
    "of the = does `order` stand?"
)
def inverse_order(features: Tensor, order: Tensor) -> Tensor:
    return gram.shuffle_positions(features, order.argsort())


@mistake(
    "Each channel is moved in another way, so what fired together no longer does. Is `order` used as it is, for "
    "all channels at once?"
)
def another_order_in_each_channel(features: Tensor, order: Tensor) -> Tensor:
    rows = [features.flatten(2)[:, c][:, order.roll(c)] for c in range(features.shape[1])]
    return torch.stack(rows, 1).reshape(features.shape)


@mistake("Each image of the batch is moved in another way. One `order` is meant for all of them.")
def another_order_in_each_image(features: Tensor, order: Tensor) -> Tensor:
    images = [features.flatten(2)[b][:, order.roll(b)] for b in range(features.shape[0])]
    return torch.stack(images).reshape(features.shape)


@mistake("This moves channels, not positions. Which axis is indexed: the second, or the flattened last one?")
def channels_moved(features: Tensor, order: Tensor) -> Tensor:
    return features[:, order[order < features.shape[1]]]


@mistake("Only whole rows are moved. `order` numbers all H*W positions: flatten both axes first.")
def rows_only(features: Tensor, order: Tensor) -> Tensor:
    return features[:, :, order[order < features.shape[2]]]


@mistake(
    "The positions are numbered down the columns. PyTorch numbers them along the rows: position k is row k // W, "
    "column k % W. Is there a transpose too many?"
)
def columns_first(features: Tensor, order: Tensor) -> Tensor:
    return gram.shuffle_positions(features.mT, order).reshape(features.mT.shape).mT


@mistake(
    "`reshape(B, H*W, C)` does not move axes, it cuts the same row of numbers in other places: channels and "
    "positions get mixed. Is it flatten(2) that you mean?"
)
def scrambled_by_reshape(features: Tensor, order: Tensor) -> Tensor:
    b, c, h, w = features.shape
    return features.reshape(b, h * w, c)[:, order].reshape(b, c, h, w)


@mistake(
    "The positions are moved as they should be, but still stand in one row. What shape should the features have again?"
)
def left_flat(features: Tensor, order: Tensor) -> Tensor:
    return features.flatten(2)[..., order]


@mistake(
    "Positions are overwritten before they are read: what was at position k is gone once another was written there. Read "
    "from the input, and write into a tensor of its own."
)
def overwritten_while_read(features: Tensor, order: Tensor) -> Tensor:
    vectors = features.flatten(2).clone()
    for k, source in enumerate(order.tolist()):
        vectors[..., k] = vectors[..., source]
    return vectors.view(features.shape)


@mistake("Nothing has moved. Is the shuffled tensor the one that is returned?")
def not_moved(features: Tensor, order: Tensor) -> Tensor:
    return features.clone()


def _some_order(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    seed, count = pick.whole(0, 999), sizes["H"] * sizes["W"]
    return f"of {count}", lambda dtype: permutation(seed, count)


EXERCISE = Exercise(
    __name__,
    title="Move everything, keep the texture",
    difficulty=1,
    minutes=8,
    signature="shuffle_positions(features, order)",
    hints=(
        "A position is a column of C activations. Moving columns around, all channels together, keeps what occurs "
        "together and destroys where it is.",
        "Flatten H and W into one axis of positions, index that axis with `order`, and give the result its old shape.",
        "`features.flatten(2)[..., order].reshape(features.shape)`: index 4 in `order` means row 4 // W, column 4 % W.",
    ),
    reference=gram.shuffle_positions,
    cases=(
        _shuffle_case(1, (1, 3, 4, 5)),
        _shuffle_case(2, (2, 5, 3, 4)),
        _shuffle_case(3, (2, 4, 6, 3), loose=True),
        _shuffle_case(4, (3, 2, 5, 7)),
        _shuffle_case(5, (1, 1, 3, 4)),
        _shuffle_case(6, (1, 3, 1, 5)),
    ),
    takes={"features": tensor("B C H W"), "order": _some_order},
    differentiable=(0,),
    verified="the same positions move in all channels and images, and the Gram matrix does not notice",
)
