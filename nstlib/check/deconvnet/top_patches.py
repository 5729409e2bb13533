"""The exercise ``top_patches``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, together
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform

PatchOf = Callable[[int, int], tuple[int, int, int, int]]


def top_patches(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    """Return what the k strongest positions of a channel see, the strongest first, at most one of each image.

    Args:
        images: shape (B, 3, H, W).
        features: their activations in some layer, shape (B, C, h, w).
        channel: which of the C maps.
        k: how many patches, or one of each image if there are fewer images.
        patch_of: from (row, column) in the map to the pixels seen, (top, bottom, left, right), half-open.
    """
    values, places = features[:, channel].flatten(1).max(1)  # (B,), (B,)
    return [
        _seen(images, image, divmod(int(places[image]), features.shape[3]), patch_of)
        for image in values.argsort(descending=True)[:k].tolist()
    ]


def _seen(images: Tensor, image: int, position: tuple[int, int], patch_of: PatchOf) -> Tensor:
    top, bottom, left, right = patch_of(*position)
    return images[image, :, top:bottom, left:right]


def _field(height: int, width: int, size: int, stride: int) -> PatchOf:
    """Return ``patch_of`` of a layer: fields of ``size`` pixels, ``stride`` pixels apart, clipped to the image."""

    def patch_of(row: int, column: int) -> tuple[int, int, int, int]:
        top, left = row * stride - (size - stride) // 2, column * stride - (size - stride) // 2
        return max(top, 0), min(top + size, height), max(left, 0), min(left + size, width)

    return patch_of


def _patches_case(
    seed: int, batch: int, shape: tuple[int, int, int], stride: int, k: int, *, loose: bool = False
) -> Case:
    _, rows, columns = shape
    height, width = rows * stride, columns * stride

    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, int, int, PatchOf]:
        images, features = uniform(seed, batch, 3, height, width), normal(seed + 9, batch, *shape, dtype=dtype).relu()
        images = images.to(dtype)
        where = _field(height, width, 2 * stride + 1, stride)
        return (
            (scattered(images) if loose else images),
            (scattered(features) if loose else features),
            seed % 3,
            k,
            where,
        )

    return Case(f"{batch} images {(3, height, width)}, features {(batch, *shape)}, k = {k}{if_loose(loose)}", make)


def _gallery() -> tuple[Tensor, Tensor, PatchOf]:
    return uniform(3, 6, 3, 8, 10), normal(4, 6, 3, 4, 5), _field(8, 10, 5, 2)


def _patches(function: Function, images: Tensor, features: Tensor, k: int) -> list[Tensor]:
    return [torch.as_tensor(patch) for patch in function(images, features, 1, k, _gallery()[2])]


def _alike(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))


@law("the images may come in any order")
def shuffled(function: Function) -> bool:
    images, features, _ = _gallery()
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    return _alike(_patches(function, images, features, 4), _patches(function, images[order], features[order], 4))


@law("other channels do not matter")
def other_channels(function: Function) -> bool:
    images, features, _ = _gallery()
    louder = features.clone()
    louder[:, (0, 2)] += 100 * uniform(5, 6, 2, 4, 5)
    return _alike(_patches(function, images, features, 4), _patches(function, images, louder, 4))


@law("with fewer images than k, each image gives one patch")
def fewer_images(function: Function) -> bool:
    images, features, _ = _gallery()
    return len(_patches(function, images[:2], features[:2], 9)) == 2


@law("no two patches come from the same image")
def one_each(function: Function) -> bool:
    _, features, _ = _gallery()
    colored = torch.arange(6.0)[:, None, None, None].expand(6, 3, 8, 10).contiguous()  # each image in its own color
    colors = [patch.unique().tolist() for patch in _patches(function, colored, features, 5)]
    return all(len(color) == 1 for color in colors) and len({color[0] for color in colors}) == 5


@law("the first patch is what the strongest position sees")
def found(function: Function) -> bool:
    images, features, where = _gallery()
    features[4, 1, 3, 2] = 50.0
    top, bottom, left, right = where(3, 2)
    return close(_patches(function, images, features, 1)[0], images[4, :, top:bottom, left:right])


@mistake("These are the strongest positions of *all* channels together. Which one was asked for?")
def global_over_channels(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    return top_patches(images, features.amax(1, keepdim=True), 0, k, patch_of)


@mistake(
    "One image gives several patches. A single picture full of stripes would fill all places of a stripe detector: "
    "let each image send its best one only."
)
def several_of_one_image(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    size, width = features[0, 0].numel(), features.shape[3]
    places = features[:, channel].flatten().topk(k).indices.tolist()
    return [_seen(images, place // size, divmod(place % size, width), patch_of) for place in places]


def patches_not_cropped_as_batch(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> Tensor:
    return images[features[:, channel].flatten(1).amax(1).argsort(descending=True)[:k]]


@mistake(
    "The right images, but whole. What does a unit see of its image? `patch_of` knows.",
    variants=(patches_not_cropped_as_batch,),
)
def not_cropped(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    order = features[:, channel].flatten(1).amax(1).argsort(descending=True)[:k]
    return [images[image] for image in order.tolist()]


def patches_divided_by_height(
    images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf
) -> list[Tensor]:
    values, places = features[:, channel].flatten(1).max(1)
    order = values.argsort(descending=True)[:k].tolist()
    return [_seen(images, image, divmod(int(places[image]), features.shape[2]), patch_of) for image in order]


@mistake(
    "Rows and columns are mixed up. The flattened map counts along the rows: place k is row k // w, column k % w. "
    "Which of the two comes first in `patch_of`, and which length is w?",
    variants=(patches_divided_by_height,),
)
def rows_and_columns_swapped(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    return top_patches(images, features, channel, k, lambda row, column: patch_of(column, row))


def patches_backward(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    return top_patches(images, features, channel, k, patch_of)[::-1]


@mistake(
    "The order is upside down: sorting begins with the smallest unless told otherwise.", variants=(patches_backward,)
)
def weakest_first(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    values, places = features[:, channel].flatten(1).max(1)
    order = values.argsort()[:k].tolist()
    return [_seen(images, image, divmod(int(places[image]), features.shape[3]), patch_of) for image in order]


def patches_sorted_by_number(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    values, places = features[:, channel].flatten(1).max(1)
    order = sorted(values.argsort(descending=True)[:k].tolist())
    return [_seen(images, image, divmod(int(places[image]), features.shape[3]), patch_of) for image in order]


@mistake(
    "The patches stand in the order of the images. Strength decides: who comes in, and who comes first.",
    variants=(patches_sorted_by_number,),
)
def in_the_order_of_the_images(
    images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf
) -> list[Tensor]:
    places = features[:, channel].flatten(1).argmax(1).tolist()
    return [_seen(images, i, divmod(places[i], features.shape[3]), patch_of) for i in range(len(images))][:k]


@mistake("The images are ranked by the mean of the map. A unit that fires once, but strongly, is what we look for.")
def ranked_by_mean(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    maps = features[:, channel].flatten(1)
    order, places = maps.mean(1).argsort(descending=True)[:k].tolist(), maps.argmax(1).tolist()
    return [_seen(images, image, divmod(places[image], features.shape[3]), patch_of) for image in order]


@mistake("`patch_of` gives top, bottom, left, right, in this order. Which two of them cut the rows?")
def box_misread(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    def misread(row: int, column: int) -> tuple[int, int, int, int]:
        top, left, bottom, right = patch_of(row, column)
        return top, bottom, left, right

    return top_patches(images, features, channel, k, misread)


def _some_gallery(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw images, maps with no two equal numbers, of any sign, and fields that may be larger than a step."""
    batch, channels, rows, columns = (sizes[letter] for letter in "BCHW")
    stride, field, seed = pick.whole(1, 3), pick.whole(1, 7), pick.whole(0, 999)
    shift, channel, k = pick.one_of((0.0, 5.0, -5.0)), pick.whole(0, channels - 1), pick.whole(1, 5)
    height, width, shape = rows * stride, columns * stride, (batch, channels, rows, columns)

    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, int, int, PatchOf]:
        images, features = uniform(seed, batch, 3, height, width), normal(seed + 1, *shape) + shift
        return images.to(dtype), features.to(dtype), channel, k, _field(height, width, max(field, stride), stride)

    kind = {0.0: "", 5.0: ", all positive", -5.0: ", all negative"}[shift]
    return (f"{(batch, 3, height, width)}", f"{shape}{kind}", f"{channel}", f"{k}", f"fields of {field}"), make


EXERCISE = Exercise(
    __name__,
    title="The strongest patches of a channel",
    difficulty=2,
    minutes=15,
    signature="top_patches(images, features, channel, k, patch_of)",
    hints=(
        "Two searches, one inside the other: in each image, where does the channel fire most? And then: in which images "
        "is that most?",
        "Flatten the channel's map of each image; `max` along it gives the value and the place. Sort the images by that "
        "value. A place in the flattened map is row * w + column.",
        "`values, places = features[:, channel].flatten(1).max(1)`; for each image in "
        "`values.argsort(descending=True)[:k]`: `row, column = divmod(int(places[image]), features.shape[3])`, then cut "
        "`images[image, :, top:bottom, left:right]`.",
    ),
    reference=top_patches,
    cases=(
        _patches_case(1, 5, (4, 6, 5), 2, 3),
        _patches_case(2, 7, (5, 4, 6), 3, 4),
        _patches_case(3, 2, (4, 5, 7), 2, 4),
        _patches_case(4, 6, (6, 5, 4), 2, 5, loose=True),
    ),
    takes=dict(zip(("images", "features", "channel", "k", "patch_of"), together(5, _some_gallery), strict=True)),
    verified="the strongest first, one of each image, cut to what the unit sees",
)
