"""Exercises of chapter 04, the deconvnet, with the mistakes that people make in them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib import deconvnet, occlusion
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform

CHAPTER = "04_deconvnet"
PatchOf = Callable[[int, int], tuple[int, int, int, int]]
Score = Callable[[Tensor], Tensor]
Position = tuple[int, int]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# top_patches ------------------------------------------------------------------------------------------------------------


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

    return Case(f"{batch} images {(3, height, width)}, features {(batch, *shape)}, k = {k}{_loose(loose)}", make)


def _gallery() -> tuple[Tensor, Tensor, PatchOf]:
    return uniform(3, 6, 3, 8, 10), normal(4, 6, 3, 4, 5), _field(8, 10, 5, 2)


def _patches(function: Function, images: Tensor, features: Tensor, k: int) -> list[Tensor]:
    return [torch.as_tensor(patch) for patch in function(images, features, 1, k, _gallery()[2])]


def _alike(a: list[Tensor], b: list[Tensor]) -> bool:
    return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))


def _patches_shuffled(function: Function) -> bool:
    images, features, _ = _gallery()
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    return _alike(_patches(function, images, features, 4), _patches(function, images[order], features[order], 4))


def _patches_other_channels(function: Function) -> bool:
    images, features, _ = _gallery()
    louder = features.clone()
    louder[:, (0, 2)] += 100 * uniform(5, 6, 2, 4, 5)
    return _alike(_patches(function, images, features, 4), _patches(function, images, louder, 4))


def _patches_fewer_images(function: Function) -> bool:
    images, features, _ = _gallery()
    return len(_patches(function, images[:2], features[:2], 9)) == 2


def _patches_one_each(function: Function) -> bool:
    _, features, _ = _gallery()
    colored = torch.arange(6.0)[:, None, None, None].expand(6, 3, 8, 10).contiguous()  # each image in its own color
    colors = [patch.unique().tolist() for patch in _patches(function, colored, features, 5)]
    return all(len(color) == 1 for color in colors) and len({color[0] for color in colors}) == 5


def _patches_found(function: Function) -> bool:
    images, features, where = _gallery()
    features[4, 1, 3, 2] = 50.0
    top, bottom, left, right = where(3, 2)
    return close(_patches(function, images, features, 1)[0], images[4, :, top:bottom, left:right])


def patches_of_all_channels(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    return top_patches(images, features.amax(1, keepdim=True), 0, k, patch_of)


def patches_several_per_image(
    images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf
) -> list[Tensor]:
    size, width = features[0, 0].numel(), features.shape[3]
    places = features[:, channel].flatten().topk(k).indices.tolist()
    return [_seen(images, place // size, divmod(place % size, width), patch_of) for place in places]


def patches_not_cropped(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    order = features[:, channel].flatten(1).amax(1).argsort(descending=True)[:k]
    return [images[image] for image in order.tolist()]


def patches_not_cropped_as_batch(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> Tensor:
    return images[features[:, channel].flatten(1).amax(1).argsort(descending=True)[:k]]


def patches_swapped(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    return top_patches(images, features, channel, k, lambda row, column: patch_of(column, row))


def patches_divided_by_height(
    images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf
) -> list[Tensor]:
    values, places = features[:, channel].flatten(1).max(1)
    order = values.argsort(descending=True)[:k].tolist()
    return [_seen(images, image, divmod(int(places[image]), features.shape[2]), patch_of) for image in order]


def patches_weakest_first(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    values, places = features[:, channel].flatten(1).max(1)
    order = values.argsort()[:k].tolist()
    return [_seen(images, image, divmod(int(places[image]), features.shape[3]), patch_of) for image in order]


def patches_backward(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    return top_patches(images, features, channel, k, patch_of)[::-1]


def patches_by_number(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    places = features[:, channel].flatten(1).argmax(1).tolist()
    return [_seen(images, i, divmod(places[i], features.shape[3]), patch_of) for i in range(len(images))][:k]


def patches_sorted_by_number(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    values, places = features[:, channel].flatten(1).max(1)
    order = sorted(values.argsort(descending=True)[:k].tolist())
    return [_seen(images, image, divmod(int(places[image]), features.shape[3]), patch_of) for image in order]


def patches_by_mean(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    maps = features[:, channel].flatten(1)
    order, places = maps.mean(1).argsort(descending=True)[:k].tolist(), maps.argmax(1).tolist()
    return [_seen(images, image, divmod(places[image], features.shape[3]), patch_of) for image in order]


def patches_box_misread(images: Tensor, features: Tensor, channel: int, k: int, patch_of: PatchOf) -> list[Tensor]:
    def misread(row: int, column: int) -> tuple[int, int, int, int]:
        top, left, bottom, right = patch_of(row, column)
        return top, bottom, left, right

    return top_patches(images, features, channel, k, misread)


TOP_PATCHES = Exercise(
    name="top_patches",
    chapter=CHAPTER,
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
    laws=(
        Law("the images may come in any order", _patches_shuffled),
        Law("other channels do not matter", _patches_other_channels),
        Law("with fewer images than k, each image gives one patch", _patches_fewer_images),
        Law("no two patches come from the same image", _patches_one_each),
        Law("the first patch is what the strongest position sees", _patches_found),
    ),
    mistakes=(
        Mistake(
            "global_over_channels",
            patches_of_all_channels,
            "These are the strongest positions of *all* channels together. Which one was asked for?",
        ),
        Mistake(
            "several_of_one_image",
            patches_several_per_image,
            "One image gives several patches. A single picture full of stripes would fill all places of a stripe "
            "detector: let each image send its best one only.",
        ),
        Mistake(
            "not_cropped",
            patches_not_cropped,
            "The right images, but whole. What does a unit see of its image? `patch_of` knows.",
            (patches_not_cropped_as_batch,),
        ),
        Mistake(
            "rows_and_columns_swapped",
            patches_swapped,
            "Rows and columns are mixed up. The flattened map counts along the rows: place k is row k // w, column "
            "k % w. Which of the two comes first in `patch_of`, and which length is w?",
            (patches_divided_by_height,),
        ),
        Mistake(
            "weakest_first",
            patches_weakest_first,
            "The order is upside down: sorting begins with the smallest unless told otherwise.",
            (patches_backward,),
        ),
        Mistake(
            "in_the_order_of_the_images",
            patches_by_number,
            "The patches stand in the order of the images. Strength decides: who comes in, and who comes first.",
            (patches_sorted_by_number,),
        ),
        Mistake(
            "ranked_by_mean",
            patches_by_mean,
            "The images are ranked by the mean of the map. A unit that fires once, but strongly, is what we look for.",
        ),
        Mistake(
            "box_misread",
            patches_box_misread,
            "`patch_of` gives top, bottom, left, right, in this order. Which two of them cut the rows?",
        ),
    ),
    verified="the strongest first, one of each image, cut to what the unit sees",
)


# unpool -----------------------------------------------------------------------------------------------------------------


def _pooled(seed: int, *shape: int) -> tuple[Tensor, Tensor]:
    """Return the maxima of 2 x 2 windows of some features, and where they were."""
    return F.max_pool2d(normal(seed, *shape).relu() + 0.1, 2, return_indices=True)


def _unpool_case(seed: int, shape: tuple[int, int, int, int], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, tuple[int, int]]:
        values, switches = _pooled(seed, *shape)
        values = normal(seed + 5, *values.shape, dtype=dtype)  # what comes back is not what went forward
        values = values.relu() if rectified else values
        return (scattered(values) if loose else values), (scattered(switches) if loose else switches), shape[2:]

    return Case(f"values of maps that were {shape}{_loose(loose)}", make, {"4": 4.0})


def _unpool_maxima(function: Function) -> bool:
    features = uniform(7, 2, 3, 6, 8) + 0.1
    values, switches = F.max_pool2d(features, 2, return_indices=True)
    back = torch.as_tensor(function(values, switches, (6, 8)))
    largest = F.interpolate(values, scale_factor=2)
    return close(back, torch.where(features == largest, features, torch.zeros_like(features)))


def _unpool_again(function: Function) -> bool:
    values, switches = _pooled(8, 2, 3, 7, 5)
    return close(F.max_pool2d(torch.as_tensor(function(values, switches, (7, 5))).float(), 2), values)


def _unpool_nothing(function: Function) -> bool:
    _, switches = _pooled(8, 2, 3, 7, 5)
    return close(function(torch.zeros(2, 3, 3, 2), switches, (7, 5)), torch.zeros(2, 3, 7, 5))


def _unpool_sum(function: Function) -> bool:
    values, switches = _pooled(9, 2, 3, 6, 4)
    return close(torch.as_tensor(function(values, switches, (6, 4))).sum((2, 3)), values.sum((2, 3)))


def _unpool_adjoint(function: Function) -> bool:
    _, switches = _pooled(10, 2, 3, 6, 7)
    values, x = normal(11, *switches.shape), normal(12, 2, 3, 6, 7)
    gathered = x.flatten(2).gather(2, switches.flatten(2)).view_as(values)
    back = torch.as_tensor(function(values, switches, (6, 7))).float()
    return back.shape == x.shape and close((back * x).sum(), (values * gathered).sum())


def unpool_repeated(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return F.pad(F.interpolate(values, scale_factor=2), (0, size[1] % 2, 0, size[0] % 2))


def unpool_stretched(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values, size=tuple(size))


def unpool_to_corners(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    back = values.new_zeros((*values.shape[:2], *size))
    back[:, :, : 2 * values.shape[2] : 2, : 2 * values.shape[3] : 2] = values
    return back


def unpool_positions(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return deconvnet.unpool(switches.to(values), switches, size)


def unpool_into_one_map(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    flat = values.new_zeros((len(values), values.shape[1] * size[0] * size[1]))
    flat.scatter_(1, switches.flatten(1), values.flatten(1))
    return flat.view(*values.shape[:2], *size)


def unpool_columns_first(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = size
    return deconvnet.unpool(values, switches, (width, height)).mT


def unpool_columns_by_hand(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    height, width = size
    rows, columns = switches % height, switches // height
    back = values.new_zeros((*values.shape[:2], height, width))
    b, c = torch.meshgrid(torch.arange(values.shape[0]), torch.arange(values.shape[1]), indexing="ij")
    back[b[..., None, None], c[..., None, None], rows, columns] = values
    return back


def unpool_shared(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return unpool_repeated(values, switches, size) / 4


def unpool_first_channels_switches(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return deconvnet.unpool(values, switches[:, :1].expand_as(switches), size)


def unpool_everything_everywhere(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    back = values.new_zeros((*values.shape[:2], *size))
    back[:, :, switches // size[1], switches % size[1]] = values
    return back


def unpool_left_flat(values: Tensor, switches: Tensor, size: tuple[int, int]) -> Tensor:
    return deconvnet.unpool(values, switches, size).flatten(2)


UNPOOL = Exercise(
    name="unpool",
    chapter=CHAPTER,
    title="Back through a max pooling",
    difficulty=2,
    minutes=12,
    signature="unpool(values, switches, size)",
    hints=(
        "Pooling kept one number of four and forgot where it stood. The switches remember it, so a value can go home; "
        "what about the other three places?",
        "Make zeros of the full size, flat: one row of H * W for each channel of each image. A switch is a place in that "
        "row.",
        "`flat = values.new_zeros(B, C, H * W)`; `flat.scatter_(2, switches.flatten(2), values.flatten(2))`; give it the "
        "shape (B, C, H, W).",
    ),
    reference=deconvnet.unpool,
    cases=(
        _unpool_case(1, (1, 3, 4, 6)),
        _unpool_case(2, (2, 4, 6, 4), loose=True),
        _unpool_case(3, (2, 3, 7, 5)),
        _unpool_case(4, (1, 5, 8, 9), rectified=True),
    ),
    laws=(
        Law("unpooling what was pooled keeps the maxima, and zero elsewhere", _unpool_maxima),
        Law("pooling again gives the values back", _unpool_again),
        Law("zeros come back as zeros", _unpool_nothing),
        Law("each channel keeps its sum", _unpool_sum),
        Law("it is the transpose of reading at the switches", _unpool_adjoint),
    ),
    mistakes=(
        Mistake(
            "repeated",
            unpool_repeated,
            "Each value fills its whole window. Three of the four positions were not the maximum: what do they get? And "
            "what are the switches for?",
            (unpool_stretched,),
        ),
        Mistake(
            "into_the_corner",
            unpool_to_corners,
            "Each value lands in the same corner of its window. Where was the maximum? The switches say it.",
        ),
        Mistake(
            "positions_for_values",
            unpool_positions,
            "The *positions* are written where the values belong. Switches say where, values say what.",
        ),
        Mistake(
            "all_channels_in_one_map",
            unpool_into_one_map,
            "All channels land in the first map. A switch counts inside its own channel, from 0 each time: along which "
            "axis do you scatter?",
        ),
        Mistake(
            "columns_first",
            unpool_columns_first,
            "The switches are read down the columns. PyTorch counts along the rows: row * W + column.",
            (unpool_columns_by_hand,),
        ),
        Mistake(
            "shared_out",
            unpool_shared,
            "Each value is shared out among its four positions: so one would go back through a *mean*. A maximum came "
            "from one position alone.",
        ),
        Mistake(
            "switches_of_the_first_channel",
            unpool_first_channels_switches,
            "All channels use the switches of the first. Each has its own maxima, at its own places.",
        ),
        Mistake(
            "all_channels_in_each_map",
            unpool_everything_everywhere,
            "Each map gets the values of *all* channels: `back[:, :, rows, columns]` crosses every map with every switch. "
            "The indices of image and channel have to go along; or flatten, and `scatter_`.",
        ),
        Mistake(
            "left_flat",
            unpool_left_flat,
            "The numbers are right, but still in one row for each channel. Give them the shape (B, C, H, W).",
        ),
    ),
    verified="each value at its switch, zeros elsewhere, odd sizes too",
)


# transposed_filter ------------------------------------------------------------------------------------------------------


def _filter_case(
    seed: int, batch: int, channels: tuple[int, int], size: tuple[int, int], *, loose: bool = False
) -> Case:
    out, into = channels

    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        x, weight = normal(seed, batch, out, *size, dtype=dtype), normal(seed + 5, out, into, 3, 3, dtype=dtype)
        return (scattered(x), scattered(weight)) if loose else (x, weight)

    return Case(f"x {(batch, out, *size)}, weight {(out, into, 3, 3)}{_loose(loose)}", make, {"9": 9.0})


def _kernels() -> Tensor:
    return normal(21, 4, 3, 3, 3)


def _filter_adjoint(function: Function) -> bool:
    x, y = normal(22, 2, 3, 6, 5), normal(23, 2, 4, 6, 5)
    back = torch.as_tensor(function(y, _kernels())).float()
    return back.shape == x.shape and close((F.conv2d(x, _kernels(), padding=1) * y).sum(), (x * back).sum())


def _filter_stamp(function: Function) -> bool:
    x = torch.zeros(1, 4, 5, 6)
    x[0, 2, 1, 3] = 1
    return close(torch.as_tensor(function(x, _kernels()))[0, :, 0:3, 2:5], _kernels()[2])


def _filter_nothing(function: Function) -> bool:
    return close(function(torch.zeros(2, 4, 5, 6), _kernels()), torch.zeros(2, 3, 5, 6))


def _filter_linear(function: Function) -> bool:
    x, y = normal(24, 1, 4, 5, 6), normal(25, 1, 4, 5, 6)
    parts = torch.as_tensor(function(x, _kernels())) - 2 * torch.as_tensor(function(y, _kernels()))
    return close(function(x - 2 * y, _kernels()), parts)


def _filter_identity(function: Function) -> bool:
    nothing_but_middle = torch.zeros(4, 4, 3, 3)
    nothing_but_middle[torch.arange(4), (torch.arange(4) + 1) % 4, 1, 1] = 1  # channel k comes from channel k + 1
    x = normal(26, 2, 4, 5, 6)
    return close(function(x, nothing_but_middle), x.roll(1, 1))


def filter_not_turned(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1), padding=1)


def filter_spatially_transposed(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1).mT, padding=1)


def filter_turned_left_right(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1).flip(3), padding=1)


def filter_turned_upside_down(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.transpose(0, 1).flip(2), padding=1)


def filter_turned_twice(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv_transpose2d(x, weight.flip(2, 3), padding=1)


def filter_channels_scrambled(x: Tensor, weight: Tensor) -> Tensor:
    out, into = weight.shape[:2]
    return F.conv2d(x, weight.flip(2, 3).reshape(into, out, 3, 3), padding=1)


def filter_channels_not_exchanged(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.flip(2, 3), padding=1)


def filter_forward(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight, padding=1)


def filter_with_a_bias(x: Tensor, weight: Tensor) -> Tensor:
    layer = nn.ConvTranspose2d(weight.shape[0], weight.shape[1], 3, padding=1).to(x.dtype)
    layer.weight.data = weight.detach().clone()
    return layer(x).detach()


def filter_not_padded(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv_transpose2d(x, weight)


def filter_cut_off(x: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(x, weight.flip(2, 3).transpose(0, 1))


def filter_rectified(x: Tensor, weight: Tensor) -> Tensor:
    return deconvnet.transposed_filter(x, weight).relu()


TRANSPOSED_FILTER = Exercise(
    name="transposed_filter",
    chapter=CHAPTER,
    title="Back through a convolution",
    difficulty=2,
    minutes=15,
    signature="transposed_filter(x, weight)",
    hints=(
        "Think of a single activation. On the way up it was a sum of pixels, each times a number of its filter. On the "
        "way back it gives each of these pixels its value times the same number: it stamps its filter.",
        "Stamping can be done by a convolution that looks from below: pixel (r, c) collects from the activations around "
        "it. The one to its *right* reached it with the *left* part of the filter. So what has to be done to the "
        "filters? And which channels are now in, which out?",
        "`turned = weight.flip(2, 3).transpose(0, 1)`, then `F.conv2d(x, turned, padding=1)`.",
    ),
    reference=deconvnet.transposed_filter,
    cases=(
        _filter_case(1, 1, (4, 3), (5, 6)),
        _filter_case(2, 2, (3, 5), (6, 4)),
        _filter_case(3, 2, (5, 4), (4, 7), loose=True),
        _filter_case(4, 1, (4, 4), (6, 5)),
    ),
    laws=(
        Law("<conv x, y> = <x, transposed_filter y>", _filter_adjoint),
        Law("a single activation stamps its filter around itself", _filter_stamp),
        Law("zeros in, zeros out: no bias", _filter_nothing),
        Law("it is linear", _filter_linear),
        Law("filters with nothing but a middle bring channels back to where they came from", _filter_identity),
    ),
    mistakes=(
        Mistake(
            "not_turned",
            filter_not_turned,
            "The channels are exchanged, but the filters are not turned around. A pixel to the left of a unit was seen by "
            "the left part of its filter: from the pixel, where does the unit stand?",
            (filter_turned_twice,),
        ),
        Mistake(
            "mirrored_along_the_diagonal",
            filter_spatially_transposed,
            'Rows and columns of each filter are exchanged. "Transposed" means the matrix of the whole convolution; a '
            "single filter is turned by 180 degrees.",
        ),
        Mistake(
            "turned_in_one_direction",
            filter_turned_left_right,
            "The filters are mirrored along one axis only. Left becomes right; what about top and bottom?",
            (filter_turned_upside_down,),
        ),
        Mistake(
            "channels_scrambled",
            filter_channels_scrambled,
            "reshape does not exchange axes, it cuts the same row of numbers in other places: every filter now has parts "
            "of others. What swaps two axes?",
        ),
        Mistake(
            "channels_not_exchanged",
            filter_channels_not_exchanged,
            "The filters are turned, but still go from the lower channels to the upper ones. Which axis of `weight` has "
            "to fit the channels of x?",
        ),
        Mistake(
            "forward_again",
            filter_forward,
            "This is the convolution itself, once more. The way back needs its transpose.",
        ),
        Mistake(
            "bias_kept",
            filter_with_a_bias,
            "A new ConvTranspose2d brings a bias of its own, drawn at random: zeros in give something out. The way back "
            "has no bias.",
        ),
        Mistake(
            "size_changed",
            filter_not_padded,
            "The map changes its size. The convolution was padded to keep it, so the way back keeps it too.",
            (filter_cut_off,),
        ),
        Mistake(
            "rectified",
            filter_rectified,
            "The result is rectified. That is a step of its own, and pixels at the very end may be negative.",
        ),
    ),
    verified="the transpose of the convolution, without a bias",
)


# project_activation -----------------------------------------------------------------------------------------------------


def project_activation(
    features: Tensor,
    channel: int,
    position: tuple[int, int],
    switches: Tensor,
    size: tuple[int, int],
    kernels: list[Tensor],
) -> Tensor:
    """Return one activation sent back through a block of convolutions with ReLUs and a max pooling.

    Args:
        features: what the pooling returned, shape (B, C, h, w), not negative.
        channel: of the activation to keep.
        position: its (row, column); the same in each image of the batch.
        switches: of the pooling, shape (B, C, h, w).
        size: (H, W) of the maps that were pooled.
        kernels: weights (out, in, 3, 3) of the block's convolutions, in the order in which they run forward.

    Returns:
        Shape (B, in of the first convolution, H, W).
    """
    return _back(_kept(features, channel, position), switches, size, kernels)


def _kept(features: Tensor, channel: int, position: tuple[int, int]) -> Tensor:
    alone = torch.zeros_like(features)
    alone[(slice(None), channel, *position)] = features[(slice(None), channel, *position)]
    return alone


def _back(signal: Tensor, switches: Tensor, size: tuple[int, int], kernels: list[Tensor]) -> Tensor:
    signal = deconvnet.unpool(signal, switches, size)
    for weight in reversed(kernels):
        signal = deconvnet.transposed_filter(signal.relu(), weight)
    return signal


def _block(seed: int, batch: int, channels: tuple[int, ...], size: tuple[int, int], dtype: torch.dtype) -> tuple:
    """Return pooled features, switches and kernels of a block that really computed them."""
    pairs = enumerate(itertools.pairwise(channels))
    kernels = [normal(seed + k, out, into, 3, 3, dtype=dtype) for k, (into, out) in pairs]
    x = normal(seed + 7, batch, channels[0], *size, dtype=dtype)
    for weight in kernels:
        x = F.conv2d(x, weight, padding=1).relu()
    pooled, switches = F.max_pool2d(x, 2, return_indices=True)
    return pooled, switches, kernels


def _project_case(
    seed: int, batch: int, channels: tuple[int, ...], size: tuple[int, int], *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        pooled, switches, kernels = _block(seed, batch, channels, size, dtype)
        weakest = pooled.amin(0)  # a position where the channel fires in every image of the batch
        channel, row, column = (int(i) for i in (weakest == weakest.max()).nonzero()[0])
        return (scattered(pooled) if loose else pooled), channel, (row, column), switches, size, kernels

    convolutions = len(channels) - 1
    return Case(f"{convolutions} convolutions, channels {channels}, size {size}, batch {batch}{_loose(loose)}", make)


def _some_block(*channels: int) -> tuple:
    return _block(31, 2, channels or (3, 5, 4), (6, 8), torch.float32)


def _projected(function: Function, features: Tensor, *channels: int) -> Tensor:
    _, switches, kernels = _some_block(*channels)
    return torch.as_tensor(function(features, 1, (1, 2), switches, (6, 8), kernels)).float()


def _project_nothing(function: Function) -> bool:
    silent = _some_block()[0] + 0.5
    silent[:, 1, 1, 2] = 0
    return close(_projected(function, silent), torch.zeros(2, 3, 6, 8))


def _project_doubled(function: Function) -> bool:
    pooled = _some_block()[0] + 0.5
    return close(_projected(function, 2 * pooled), 2 * _projected(function, pooled))


def _project_others(function: Function) -> bool:
    pooled = _some_block()[0] + 0.5
    others = pooled + uniform(32, *pooled.shape)
    others[:, 1, 1, 2] = pooled[:, 1, 1, 2]
    return close(_projected(function, others), _projected(function, pooled))


def _project_field(function: Function) -> bool:
    projection = _projected(function, _some_block()[0] + 0.5)  # the switch is in rows 2-3, columns 4-5
    return bool(projection[:, :, 0:6, 2:8].abs().max() > 0) and close(projection[..., :2], torch.zeros(2, 3, 6, 2))


def _project_stamp(function: Function) -> bool:
    pooled, switches, kernels = _some_block(3, 4)
    projection = _projected(function, pooled + 0.5, 3, 4)
    rows, columns = switches[:, 1, 1, 2] // 8, switches[:, 1, 1, 2] % 8
    stamps = torch.zeros(2, 3, 8, 10)
    for image, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        stamps[image, :, row : row + 3, column : column + 3] = (pooled + 0.5)[image, 1, 1, 2] * kernels[0][1]
    return close(projection, stamps[:, :, 1:-1, 1:-1])


def project_whole_channel(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    alone = torch.zeros_like(features)
    alone[:, channel] = features[:, channel]
    return _back(alone, *block)


def project_all_channels(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    row, column = position
    alone = torch.zeros_like(features)
    alone[:, :, row, column] = features[:, :, row, column]
    return _back(alone, *block)


def project_everything(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    return _back(features, *block)


def project_one(features: Tensor, channel: int, position: Position, *block: object) -> Tensor:
    alone = torch.zeros_like(features)
    alone[(slice(None), channel, *position)] = 1
    return _back(alone, *block)


def project_not_rectified(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    signal = deconvnet.unpool(_kept(features, channel, position), switches, size)
    for weight in reversed(kernels):
        signal = deconvnet.transposed_filter(signal, weight)
    return signal


def project_rectified_at_the_end(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position, switches, size, kernels).relu()


def project_rectified_at_the_end_only(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_not_rectified(features, channel, position, switches, size, kernels).relu()


def project_in_forward_order(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position, switches, size, kernels[::-1])


def project_stretched(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    signal = F.interpolate(_kept(features, channel, position), size=tuple(size))
    for weight in reversed(kernels):
        signal = deconvnet.transposed_filter(signal.relu(), weight)
    return signal


def project_not_turned(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position, switches, size, [weight.flip(2, 3) for weight in kernels])


def project_position_swapped(
    features: Tensor, channel: int, position: Position, switches: Tensor, size: Position, kernels: list[Tensor]
) -> Tensor:
    return project_activation(features, channel, position[::-1], switches, size, kernels)


PROJECT_ACTIVATION = Exercise(
    name="project_activation",
    chapter=CHAPTER,
    title="One activation, one block back",
    difficulty=2,
    minutes=15,
    signature="project_activation(features, channel, position, switches, size, kernels)",
    hints=(
        "Ask for one activation, and the others must be silent. Then undo the block's steps, the last one first.",
        "Forward a block is convolve, ReLU, convolve, ReLU, pool. So backward it is unpool, and then for each "
        "convolution, from the last to the first: rectify, filter.",
        "`alone = torch.zeros_like(features)`; `alone[:, channel, row, column] = features[:, channel, row, column]`; "
        "`signal = unpool(alone, switches, size)`; for `weight in reversed(kernels)`: "
        "`signal = transposed_filter(signal.relu(), weight)`.",
    ),
    reference=project_activation,
    cases=(
        _project_case(1, 1, (3, 4), (6, 8)),
        _project_case(2, 2, (3, 5, 4), (8, 6)),
        _project_case(3, 2, (4, 4, 4), (7, 9)),
        _project_case(4, 1, (3, 4, 6, 5), (8, 10), loose=True),
    ),
    laws=(
        Law("an activation of zero projects to zero", _project_nothing),
        Law("twice the activation gives twice the projection", _project_doubled),
        Law("no other activation matters", _project_others),
        Law("nothing comes back outside the unit's receptive field", _project_field),
        Law("through a single convolution, the activation stamps its filter at its switch", _project_stamp),
    ),
    mistakes=(
        Mistake(
            "whole_channel_kept",
            project_whole_channel,
            "The whole map of the channel goes back, so that many units speak at once. One position is asked for.",
        ),
        Mistake(
            "all_channels_kept",
            project_all_channels,
            "All channels of that position go back. Whose pattern would you see? Keep one channel.",
        ),
        Mistake(
            "nothing_silenced",
            project_everything,
            "All activations go back. Which of them made what you see? Set all but one to zero first.",
        ),
        Mistake(
            "one_for_the_value",
            project_one,
            "The activation is replaced by 1. It goes back as strong as it was.",
        ),
        Mistake(
            "not_rectified",
            project_not_rectified,
            "What comes back is never rectified. Between two convolutions there was a ReLU on the way up: it has its "
            "mirror image on the way back.",
        ),
        Mistake(
            "rectified_at_the_end",
            project_rectified_at_the_end,
            "The result has no negative numbers: a ReLU too many, after the last filter. Below the first convolution "
            "there was none.",
            (project_rectified_at_the_end_only,),
        ),
        Mistake(
            "kernels_in_forward_order",
            project_in_forward_order,
            "The kernels are used in the order of the way up. Which convolution ran last, just before the pooling?",
        ),
        Mistake(
            "stretched",
            project_stretched,
            "The activation is spread over its whole window. It was the maximum at one place: `unpool` it.",
        ),
        Mistake(
            "not_turned",
            project_not_turned,
            "The filters are not turned around. `transposed_filter` does that; is it used as it is?",
        ),
        Mistake(
            "position_swapped",
            project_position_swapped,
            "Another position was kept: `position` is (row, column), in this order.",
        ),
    ),
    verified="one activation, unpooled, rectified and filtered back",
)


# occlusion_map ----------------------------------------------------------------------------------------------------------


def occlusion_map(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    """Return how far the score drops when a square is covered, for each place of the square.

    Args:
        score: from images (B, 3, H, W) to one number each, (B,).
        image: shape (1, 3, H, W).
        size: sides of the square, in pixels.
        stride: pixels from one place to the next.
        value: of the square's pixels.
    """
    return occlusion.occlusion_map(score, image, size=size, stride=stride, value=value)


def _weighing(seed: int, height: int, width: int, dtype: torch.dtype) -> Score:
    """Return a score that likes some pixels more than others, and is not linear."""
    liking = normal(seed, 3, height, width, dtype=dtype)
    return lambda images: (liking * images).sum((1, 2, 3)) + (liking * images.square()).amax((1, 2, 3))


def _occlusion_case(
    seed: int, height: int, width: int, size: int, stride: int, value: float, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Score, Tensor, int, int, float]:
        image = uniform(seed, 1, 3, height, width, dtype=dtype)
        score = _weighing(seed + 3, height, width, dtype)
        return score, scattered(image) if loose else image, size, stride, value

    label = f"image {(1, 3, height, width)}, size {size}, stride {stride}, value {value}{_loose(loose)}"
    return Case(label, make)


def _gray_image() -> Tensor:
    return uniform(41, 1, 3, 8, 11)


def _drops(function: Function, score: Score, image: Tensor, size: int = 3, stride: int = 2) -> Tensor:
    return torch.as_tensor(function(score, image, size, stride, 0.5))


def _occlusion_constant(function: Function) -> bool:
    return close(_drops(function, lambda images: torch.full((len(images),), 7.0), _gray_image()), torch.zeros(3, 5))


def _occlusion_gray(function: Function) -> bool:
    score = _weighing(42, 8, 11, torch.float32)
    return close(_drops(function, score, torch.full((1, 3, 8, 11), 0.5)), torch.zeros(3, 5))


def _occlusion_sum(function: Function) -> bool:
    image = _gray_image()
    windows = image.sum(1).unfold(1, 3, 2).unfold(2, 3, 2).sum((3, 4))[0]  # (3, 5)
    return close(_drops(function, lambda images: images.sum((1, 2, 3)), image), windows - 0.5 * 27)


def _occlusion_pixel(function: Function) -> bool:
    drops = _drops(function, lambda images: images[:, 1, 4, 7], _gray_image(), 3, 1)
    touched = torch.zeros(6, 9, dtype=torch.bool)
    touched[2:5, 5:8] = True
    return drops.shape == touched.shape and bool((drops.abs()[touched] > 0.01).all()) and not drops[~touched].any()


def _occlusion_places(function: Function) -> bool:
    score = _weighing(43, 8, 11, torch.float32)
    shapes = [tuple(_drops(function, score, _gray_image(), *how).shape) for how in ((8, 3), (1, 1), (4, 4), (2, 3))]
    return shapes == [(1, 2), (8, 11), (2, 2), (3, 4)]


def _mapped(
    score: Score, image: Tensor, tops: range, lefts: range, paint: Callable[[Tensor, int, int], None]
) -> Tensor:
    """Return the drops at these corners, each on a fresh copy that ``paint`` has changed."""
    drops = torch.zeros(len(tops), len(lefts), dtype=image.dtype)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            copy = image.clone()
            paint(copy, top, left)
            drops[i, j] = (score(image) - score(copy))[0]
    return drops


def _corners(image: Tensor, size: int, stride: int) -> tuple[range, range]:
    return range(0, image.shape[2] - size + 1, stride), range(0, image.shape[3] - size + 1, stride)


def occlusion_rise(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return -occlusion_map(score, image, size, stride, value)


def occlusion_left(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return score(image) - occlusion_map(score, image, size, stride, value)


def occlusion_piling_up(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    tops, lefts = _corners(image, size, stride)
    copy, drops = image.clone(), torch.zeros(len(tops), len(lefts), dtype=image.dtype)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            copy[:, :, top : top + size, left : left + size] = value
            drops[i, j] = (score(image) - score(copy))[0]
    return drops


def occlusion_last_missing(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    tops, lefts = range(0, image.shape[2] - size, stride), range(0, image.shape[3] - size, stride)

    def paint(copy: Tensor, top: int, left: int) -> None:
        copy[:, :, top : top + size, left : left + size] = value

    return _mapped(score, image, tops, lefts, paint)


def occlusion_sticking_out(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    tops, lefts = range(0, image.shape[2], stride), range(0, image.shape[3], stride)

    def paint(copy: Tensor, top: int, left: int) -> None:
        copy[:, :, top : top + size, left : left + size] = value

    return _mapped(score, image, tops, lefts, paint)


def occlusion_black(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, 0.0)


def occlusion_one_color(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    def paint(copy: Tensor, top: int, left: int) -> None:
        copy[:, 0, top : top + size, left : left + size] = value

    return _mapped(score, image, *_corners(image, size, stride), paint)


def occlusion_inverted(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    def paint(copy: Tensor, top: int, left: int) -> None:
        kept = copy[:, :, top : top + size, left : left + size].clone()
        copy[:] = value
        copy[:, :, top : top + size, left : left + size] = kept

    return _mapped(score, image, *_corners(image, size, stride), paint)


def occlusion_columns_first(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value).mT


def occlusion_relative(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value) / score(image)


def occlusion_in_one_row(score: Score, image: Tensor, size: int, stride: int, value: float) -> Tensor:
    return occlusion_map(score, image, size, stride, value).flatten()


OCCLUSION_MAP = Exercise(
    name="occlusion_map",
    chapter=CHAPTER,
    title="Cover it, and see who minds",
    difficulty=2,
    minutes=15,
    signature="occlusion_map(score, image, size, stride, value)",
    hints=(
        "If a part of the picture matters, the score drops when nobody can see that part. So cover one part after the "
        "other, each time on a fresh copy.",
        "Two loops over the square's upper left corner, from 0 in steps of `stride`, as long as the square fits. What is "
        "asked for is the score of the whole image minus that of the covered one.",
        "`for i, top in enumerate(range(0, H - size + 1, stride))` and likewise for the columns: `copy = image.clone()`; "
        "`copy[..., top:top + size, left:left + size] = value`; `drops[i, j] = (score(image) - score(copy)).item()`.",
    ),
    reference=occlusion_map,
    cases=(
        _occlusion_case(1, 8, 11, 3, 2, 0.5),
        _occlusion_case(2, 9, 7, 4, 3, 0.25),
        _occlusion_case(3, 10, 8, 4, 2, 0.75, loose=True),
        _occlusion_case(4, 6, 9, 2, 3, 0.5),
    ),
    laws=(
        Law("a score that looks at nothing never drops", _occlusion_constant),
        Law("covering gray with the same gray changes nothing", _occlusion_gray),
        Law("the sum of all pixels drops by what the square covers, less what it brings", _occlusion_sum),
        Law("a score that looks at one pixel drops only where the square lies on it", _occlusion_pixel),
        Law("the square goes to every place where it fits, and to no other", _occlusion_places),
    ),
    mistakes=(
        Mistake(
            "rise_instead_of_drop",
            occlusion_rise,
            "The sign is turned around: where covering hurts, the map should be positive. Which of the two scores comes "
            "first?",
        ),
        Mistake(
            "squares_pile_up",
            occlusion_piling_up,
            "The squares pile up: each one stays when the next is painted. Where is the copy made, inside the loop or "
            "before it?",
        ),
        Mistake(
            "last_place_missing",
            occlusion_last_missing,
            "The square never reaches the last place where it fits. `range` stops before its end: is it H - size, or one "
            "more?",
        ),
        Mistake(
            "sticks_out",
            occlusion_sticking_out,
            "At the lower and right edge the square sticks out, so smaller and smaller pieces are covered there. How far "
            "can its upper left corner go?",
        ),
        Mistake(
            "black",
            occlusion_black,
            "The square is black, whatever `value` is.",
        ),
        Mistake(
            "one_color_only",
            occlusion_one_color,
            "Only the red channel is covered. The square should hide all three colors.",
        ),
        Mistake(
            "everything_else_covered",
            occlusion_inverted,
            "Everything *but* the square is covered. It is the square that should be hidden.",
        ),
        Mistake(
            "columns_first",
            occlusion_columns_first,
            "The map lies on its side: rows of the map should be rows of the image.",
        ),
        Mistake(
            "share_of_the_score",
            occlusion_relative,
            "This is the drop as a share of the score. Asked for is the plain difference, which is also defined where "
            "the score is 0.",
        ),
        Mistake(
            "in_one_row",
            occlusion_in_one_row,
            "The numbers are right, but in one row. Where was the square? Give the map its (rows, columns).",
        ),
    ),
    conventions=(
        Convention(
            "score_that_is_left",
            occlusion_left,
            "This is what Zeiler and Fergus (2014) draw: the score that is *left* when the square covers that place, not "
            "how far it dropped. Both are in use; your numbers are the score of the whole image minus the book's.",
        ),
    ),
    verified="the drop for every place of the square, on a fresh copy each time",
)

EXERCISES = (TOP_PATCHES, UNPOOL, TRANSPOSED_FILTER, PROJECT_ACTIVATION, OCCLUSION_MAP)
