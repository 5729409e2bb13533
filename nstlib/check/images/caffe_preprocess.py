"""The exercise ``caffe_preprocess``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib.check.drawing import PICTURE, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.check.images._shared import mean, plain, seen
from nstlib.features import CAFFE, TORCHVISION


def caffe_preprocess(image: Tensor) -> Tensor:
    """Return what the Caffe networks expect: BGR, 0..255, minus the mean of the training set."""
    return CAFFE(image)


def _image_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype)
        return (scattered(image) if loose else image,)

    return Case(f"image {shape}{if_loose(loose)}", make, {"255": 255.0, "256": 256.0, "2": 2.0})


_IMAGES = (
    _image_case(1, (1, 3, 4, 5)),
    _image_case(2, (2, 3, 5, 4)),
    _image_case(3, (2, 3, 6, 4), loose=True),
    _image_case(4, (1, 3, 7, 2)),
    _image_case(5, (1, 3, 1, 4)),
)


@law("the mean color of the training set becomes 0, 0, 0")
def caffe_mean(function: Function) -> bool:
    blue, green, red = CAFFE.mean
    return bool(seen(function, plain((red / 255, green / 255, blue / 255))).abs().max() < 1e-3)


@law("pure red differs from black by 255 in the last channel, and only there")
def red(function: Function) -> bool:
    red, black = seen(function, plain((1.0, 0.0, 0.0))), seen(function, plain((0.0, 0.0, 0.0)))
    return close((red - black)[:, 2], torch.full((1, 2, 4), 255.0)) and close(red[:, :2], black[:, :2])


@law("two images differ by 255 times what they did, in the other order of colors")
def scale(function: Function) -> bool:
    image, other = uniform(5, 2, 3, 4, 5), uniform(6, 2, 3, 4, 5)
    return close(seen(function, image) - seen(function, other), 255 * (image - other).flip(1))


@law("each image of a batch is treated by itself")
def alone(function: Function) -> bool:
    image = uniform(5, 2, 3, 4, 5)
    return close(seen(function, image)[1:], seen(function, image[1:].clone()))


@law("the pixels stay in their places")
def places(function: Function) -> bool:
    image = uniform(5, 1, 3, 4, 5)
    return close(seen(function, image.roll((1, 2), (2, 3))), seen(function, image).roll((1, 2), (2, 3)))


def caffe_in_rgb_with_its_mean(image: Tensor) -> Tensor:
    return 255 * image - mean(image).flip(1)


@mistake(
    "The colors are still in the order R, G, B. The network was trained on B, G, R: its first channel is blue.",
    variants=(caffe_in_rgb_with_its_mean,),
)
def rgb_left(image: Tensor) -> Tensor:
    return 255 * image - mean(image)


@mistake("The colors are turned around, but the means are not: which of the three belongs to blue?")
def mean_in_rgb_order(image: Tensor) -> Tensor:
    return 255 * image.flip(1) - mean(image).flip(1)


def caffe_with_the_mean_first_in_rgb(image: Tensor) -> Tensor:
    return (image - mean(image).flip(1)) * 255


@mistake(
    "The mean is subtracted before scaling. It is given in 0..255, so the image has to be there first.",
    variants=(caffe_with_the_mean_first_in_rgb,),
)
def mean_before_scaling(image: Tensor) -> Tensor:
    return (image.flip(1) - mean(image)) * 255


def caffe_scaled_mean_only(image: Tensor) -> Tensor:
    return image.flip(1) - mean(image) / 255


@mistake(
    "The image is still on the scale from 0 to 1 where the network expects 0..255: next to it, every photo looks "
    "black.",
    variants=(caffe_scaled_mean_only,),
)
def not_scaled(image: Tensor) -> Tensor:
    return image.flip(1) - mean(image)


@mistake(
    "Order and range are right, but the mean of the training set is still in it. What should a picture of just "
    "that color become?"
)
def mean_not_subtracted(image: Tensor) -> Tensor:
    return 255 * image.flip(1)


@mistake("The mean is added. Which sign centers the values around 0?")
def mean_added(image: Tensor) -> Tensor:
    return 255 * image.flip(1) + mean(image)


def caffe_as_torchvision_in_bgr(image: Tensor) -> Tensor:
    return TORCHVISION(image).flip(1)


@mistake(
    "These are the numbers of torchvision's networks (RGB in [0, 1], 0.485 and so on). Right there, wrong here: "
    "each network wants the pixels it was trained on.",
    variants=(caffe_as_torchvision_in_bgr,),
)
def torchvision_statistics(image: Tensor) -> Tensor:
    return TORCHVISION(image)


def caffe_mirrored(image: Tensor) -> Tensor:
    return 255 * image.flip(3) - mean(image)


def caffe_all_flipped(image: Tensor) -> Tensor:
    return CAFFE(image).flip(2, 3)


@mistake(
    "The picture is turned around: its rows or columns are flipped. Axes are B, C, H, W: only that of the colors is "
    "to be turned.",
    variants=(caffe_mirrored, caffe_all_flipped),
)
def picture_flipped(image: Tensor) -> Tensor:
    return 255 * image.flip(2) - mean(image)


def caffe_in_place_all_the_way(image: Tensor) -> Tensor:
    image *= 255
    image -= mean(image).flip(1)
    return image.flip(1)


@mistake(
    "The numbers are right, but the reader's image is not the same afterwards: `*=` and `-=` work in place. Next "
    "time it is preprocessed, it starts at 255 already.",
    variants=(caffe_in_place_all_the_way,),
)
def in_place(image: Tensor) -> Tensor:
    image *= 255
    return image.flip(1) - mean(image)


EXERCISE = Exercise(
    __name__,
    title="The pixels that VGG was trained on",
    difficulty=1,
    minutes=8,
    signature="caffe_preprocess(image)",
    hints=(
        "The network has seen its training pictures in one form only. Bring your image into exactly that form: order of "
        "the colors, range, center.",
        "Turn the axis of the colors around, scale to 0..255, and only then subtract: the three means are given in "
        "the range 0..255 and in the order B, G, R. Shape the means so that they meet the axis of colors.",
        "`mean = image.new_tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)`, then `image.flip(1) * 255 - mean`.",
    ),
    reference=caffe_preprocess,
    cases=_IMAGES,
    takes={"image": tensor("B 3 H W", PICTURE)},
    differentiable=(0,),
    verified="BGR, 0..255, minus the mean",
)
