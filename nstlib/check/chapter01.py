"""Exercises of chapter 01, an image is a tensor, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.features import CAFFE, TORCHVISION

CHAPTER = "01_images"

Array = np.ndarray


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# to_tensor --------------------------------------------------------------------------------------------------------------


def to_tensor(pixels: Array) -> Tensor:
    """Return what Pillow loads, bytes of shape (H, W, 3) or (H, W, 4), as an image; transparency is laid over white."""
    floats = torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]  # (1, 3 or 4, H, W)
    color, alpha = floats[:, :3], floats[:, 3:]
    return (color * alpha + 1 - alpha if len(alpha[0]) else color).contiguous()


def _bytes(seed: int, *shape: int) -> Array:
    return (uniform(seed, *shape) * 256).to(torch.uint8).numpy()


def _pixels_case(seed: int, height: int, width: int, channels: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Array]:
        pixels = _bytes(seed, width, height, channels).transpose(1, 0, 2)  # other order in memory
        return (pixels if loose else np.ascontiguousarray(pixels),)

    return Case(f"bytes ({height}, {width}, {channels}){_loose(loose)}", make, {"255": 255.0, "256": 256.0})


def _converted(function: Function, pixels: Array) -> Tensor:
    return torch.as_tensor(function(pixels))


def _tensor_ends(function: Function) -> bool:
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:, 2:] = 255
    expected = torch.zeros(1, 3, 2, 4)
    expected[..., 2:] = 1
    return close(_converted(function, pixels), expected)


def _tensor_shape(function: Function) -> bool:
    return all(_converted(function, _bytes(8, 4, 7, channels)).shape == (1, 3, 4, 7) for channels in (3, 4))


def _tensor_place(function: Function) -> bool:
    pixels = np.zeros((4, 7, 3), np.uint8)
    pixels[1, 2] = (255, 0, 51)
    return close(_converted(function, pixels)[0, :, 1, 2], torch.tensor([1, 0, 0.2]))


def _tensor_hidden(function: Function) -> bool:
    pixels = _bytes(9, 4, 5, 4)
    pixels[..., 3] = 0
    return close(_converted(function, pixels), torch.ones(1, 3, 4, 5))


def _tensor_opaque(function: Function) -> bool:
    pixels = _bytes(9, 4, 5, 4)
    pixels[..., 3] = 255
    return close(_converted(function, pixels), _converted(function, pixels[..., :3].copy()))


def _tensor_half(function: Function) -> bool:
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[..., 3] = 51  # a fifth of black, the rest is white
    return close(_converted(function, pixels), torch.full((1, 3, 2, 3), 0.8))


def _floats(pixels: Array, divisor: float = 255.0) -> Tensor:
    return torch.from_numpy(pixels.astype(np.float64) / divisor)  # (H, W, 3 or 4)


def _over(floats: Tensor, white: float = 1.0) -> Tensor:
    """Return colors over a gray backdrop, still (H, W, 3)."""
    if floats.shape[2] == 3:
        return floats
    alpha = floats[..., 3:] / white
    return floats[..., :3] * alpha + white * (1 - alpha)


def _upright(colors: Tensor) -> Tensor:
    return colors.permute(2, 0, 1)[None]


def tensor_rows_first(pixels: Array) -> Tensor:
    return _over(_floats(pixels))[None]


def tensor_rows_first_with_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)[None]


def tensor_rows_first_without_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)[None, ..., :3]


def tensor_rows_first_flat(pixels: Array) -> Tensor:
    return _over(_floats(pixels))


def tensor_rows_first_flat_with_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)


def tensor_untouched(pixels: Array) -> Tensor:
    return torch.from_numpy(pixels.copy())


def tensor_untouched_as_batch(pixels: Array) -> Tensor:
    return tensor_untouched(pixels)[None]


def tensor_of_bytes(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, 1.0), 255.0))


def tensor_of_bytes_without_alpha(pixels: Array) -> Tensor:
    return _upright(_floats(pixels, 1.0)[..., :3])


def tensor_of_bytes_with_alpha(pixels: Array) -> Tensor:
    return _upright(_floats(pixels, 1.0))


def tensor_of_real_bytes(pixels: Array) -> Tensor:
    return _upright(tensor_untouched(pixels))


def tensor_of_real_bytes_without_alpha(pixels: Array) -> Tensor:
    return tensor_of_real_bytes(pixels)[:, :3]


def tensor_with_alpha(pixels: Array) -> Tensor:
    return _upright(_floats(pixels))


def tensor_with_alpha_dropped(pixels: Array) -> Tensor:
    return _upright(_floats(pixels)[..., :3])


def tensor_scrambled(pixels: Array) -> Tensor:
    height, width, _ = pixels.shape
    return _over(_floats(pixels)).reshape(1, 3, height, width)


def tensor_scrambled_without_alpha(pixels: Array) -> Tensor:
    height, width, _ = pixels.shape
    return _floats(pixels)[..., :3].reshape(1, 3, height, width)


def tensor_over_black(pixels: Array) -> Tensor:
    floats = _floats(pixels)
    return _upright(floats[..., :3] * floats[..., 3:] if floats.shape[2] == 4 else floats)


def tensor_with_alpha_inverted(pixels: Array) -> Tensor:
    floats = _floats(pixels)
    if floats.shape[2] == 3:
        return _upright(floats)
    color, alpha = floats[..., :3], floats[..., 3:]
    return _upright(color * (1 - alpha) + alpha)


def tensor_with_sides_swapped(pixels: Array) -> Tensor:
    return _over(_floats(pixels)).permute(2, 1, 0)[None]


def tensor_with_sides_swapped_without_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)[..., :3].permute(2, 1, 0)[None]


def tensor_without_batch(pixels: Array) -> Tensor:
    return _over(_floats(pixels)).permute(2, 0, 1)


def tensor_without_batch_or_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)[..., :3].permute(2, 0, 1)


def tensor_of_256ths(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, 256.0)))


def tensor_of_256ths_over_255ths(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, 1.0), 255.0) / 256)


def tensor_stretched(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, float(pixels.max()))))


def tensor_blended_in_bytes(pixels: Array) -> Tensor:
    if pixels.shape[2] == 3:
        return _upright(_floats(pixels))
    color, alpha = pixels[..., :3], pixels[..., 3:]
    return _upright(_floats(color * alpha // 255 + (255 - alpha)))


def tensor_blended_by_bytes(pixels: Array) -> Tensor:
    if pixels.shape[2] == 3:
        return _upright(_floats(pixels))
    color, alpha = _floats(pixels)[..., :3], torch.from_numpy(pixels[..., 3:].astype(np.float64))
    return _upright(color * alpha + 1 - alpha)


def tensor_over_a_white_of_one(pixels: Array) -> Tensor:
    if pixels.shape[2] == 3:
        return _upright(_floats(pixels))
    color, alpha = _floats(pixels, 1.0)[..., :3], _floats(pixels)[..., 3:]
    return _upright((color * alpha + 1 - alpha) / 255)


def tensor_by_pillow(pixels: Array) -> Tensor:
    drawn = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    return _upright(_floats(np.asarray(flat)))


TO_TENSOR = Exercise(
    name="to_tensor",
    chapter=CHAPTER,
    title="From bytes to a tensor",
    difficulty=1,
    minutes=12,
    signature="to_tensor(pixels)",
    hints=(
        "Three things have to change: the kind of number (bytes to floats), its range (0..255 to 0..1) and the order of "
        "the axes. And a fourth channel is not a color: it says how much of the color covers what lies behind.",
        "Divide by 255 as floats first, so that nothing wraps around. `permute` moves axes; `reshape` would only cut the "
        "row of numbers in other places. Where there is a fourth channel, mix color and white by it.",
        "`x = torch.from_numpy(pixels).float().div(255).permute(2, 0, 1)[None]`; with four channels, "
        "`x[:, :3] * x[:, 3:] + 1 - x[:, 3:]`.",
    ),
    reference=to_tensor,
    cases=(
        _pixels_case(1, 4, 5, 3),
        _pixels_case(2, 6, 5, 4),
        _pixels_case(3, 5, 7, 3, loose=True),
        _pixels_case(4, 3, 6, 4, loose=True),
    ),
    laws=(
        Law("byte 0 becomes 0, byte 255 becomes 1", _tensor_ends),
        Law("the shape is (1, 3, H, W), with or without a fourth channel", _tensor_shape),
        Law("the pixel in row 1, column 2 stands at [0, :, 1, 2], red first", _tensor_place),
        Law("a pixel that is fully transparent is white, whatever its color", _tensor_hidden),
        Law("a pixel that is fully opaque has its own color", _tensor_opaque),
        Law("black that covers a fifth is 0.8", _tensor_half),
    ),
    mistakes=(
        Mistake(
            "rows_first",
            tensor_rows_first,
            "The colors are still the last axis. PyTorch wants them before height and width: which axis goes where?",
            (
                tensor_rows_first_with_alpha,
                tensor_rows_first_without_alpha,
                tensor_rows_first_flat,
                tensor_rows_first_flat_with_alpha,
                tensor_untouched,
                tensor_untouched_as_batch,
            ),
        ),
        Mistake(
            "still_0_to_255",
            tensor_of_bytes,
            "The values still run from 0 to 255. An image has values in [0, 1] here.",
            (
                tensor_of_bytes_without_alpha,
                tensor_of_bytes_with_alpha,
                tensor_of_real_bytes,
                tensor_of_real_bytes_without_alpha,
            ),
        ),
        Mistake(
            "alpha_kept",
            tensor_with_alpha,
            "A fourth channel is still there. It is no color: it says how much each pixel covers. What is seen where it "
            "is 0?",
        ),
        Mistake(
            "alpha_dropped",
            tensor_with_alpha_dropped,
            "The fourth channel is dropped, so colors appear that nobody was meant to see. How much of each color is "
            "there, and how much white?",
        ),
        Mistake(
            "scrambled_by_reshape",
            tensor_scrambled,
            "reshape does not move axes, it cuts the same row of numbers in other places: colors and positions get "
            "mixed. Which function moves axes?",
            (tensor_scrambled_without_alpha,),
        ),
        Mistake(
            "over_black",
            tensor_over_black,
            "Transparent pixels come out black: the color is scaled down, but nothing is put in its place. What lies "
            "behind should be white.",
        ),
        Mistake(
            "alpha_inverted",
            tensor_with_alpha_inverted,
            "It is the wrong way round: 255 in the fourth channel means that the color covers everything.",
        ),
        Mistake(
            "height_and_width_swapped",
            tensor_with_sides_swapped,
            "Height and width have changed places: the picture lies on its side. `.T` turns all axes around.",
            (tensor_with_sides_swapped_without_alpha,),
        ),
        Mistake(
            "no_batch_axis",
            tensor_without_batch,
            "The values are right, but one axis is missing: an image is a batch of one, (1, 3, H, W).",
            (tensor_without_batch_or_alpha,),
        ),
        Mistake(
            "divided_by_256",
            tensor_of_256ths,
            "White comes out a little below 1. There are 256 bytes, but the largest is 255.",
            (tensor_of_256ths_over_255ths,),
        ),
        Mistake(
            "stretched",
            tensor_stretched,
            "This divides by the largest value *of this picture*, so that a dark photo gets brighter. The scale is the "
            "same for all pictures.",
        ),
        Mistake(
            "blended_in_bytes",
            tensor_blended_in_bytes,
            "The mixing is done in bytes, where 200 * 200 is not 40000 but what is left of it after wrapping around at "
            "256. Which numbers can hold it?",
        ),
        Mistake(
            "alpha_not_scaled",
            tensor_blended_by_bytes,
            "The color is scaled to [0, 1], but the fourth channel still runs to 255 when the two are mixed.",
        ),
        Mistake(
            "white_of_one",
            tensor_over_a_white_of_one,
            "Colors of 0..255 are mixed with a white of 1, which is nearly black there. Scale first, or mix with 255.",
        ),
    ),
    conventions=(
        Convention(
            "rounded_to_bytes",
            tensor_by_pillow,
            "The mixing is done in bytes, as Pillow does it, so results are rounded to steps of 1/255. That is right as "
            "well; where a picture is half transparent, your numbers below may differ from the book's by such a step.",
        ),
    ),
    verified="floats in [0, 1], channels first, transparency over white",
)


# caffe_preprocess -------------------------------------------------------------------------------------------------------


def caffe_preprocess(image: Tensor) -> Tensor:
    """Return what the Caffe networks expect: BGR, 0..255, minus the mean of the training set."""
    return CAFFE(image)


def _image_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype)
        return (scattered(image) if loose else image,)

    return Case(f"image {shape}{_loose(loose)}", make, {"255": 255.0, "256": 256.0, "2": 2.0})


_IMAGES = (
    _image_case(1, (1, 3, 4, 5)),
    _image_case(2, (2, 3, 5, 4)),
    _image_case(3, (2, 3, 6, 4), loose=True),
    _image_case(4, (1, 3, 7, 2)),
)


def _mean(image: Tensor) -> Tensor:
    return image.new_tensor(CAFFE.mean).view(1, 3, 1, 1)


def _plain(color: tuple[float, float, float]) -> Tensor:
    return torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, 2, 4).clone()


def _seen(function: Function, image: Tensor) -> Tensor:
    return torch.as_tensor(function(image))


def _caffe_mean(function: Function) -> bool:
    blue, green, red = CAFFE.mean
    return bool(_seen(function, _plain((red / 255, green / 255, blue / 255))).abs().max() < 1e-3)


def _caffe_red(function: Function) -> bool:
    red, black = _seen(function, _plain((1.0, 0.0, 0.0))), _seen(function, _plain((0.0, 0.0, 0.0)))
    return close((red - black)[:, 2], torch.full((1, 2, 4), 255.0)) and close(red[:, :2], black[:, :2])


def _caffe_scale(function: Function) -> bool:
    image, other = uniform(5, 2, 3, 4, 5), uniform(6, 2, 3, 4, 5)
    return close(_seen(function, image) - _seen(function, other), 255 * (image - other).flip(1))


def _caffe_alone(function: Function) -> bool:
    image = uniform(5, 2, 3, 4, 5)
    return close(_seen(function, image)[1:], _seen(function, image[1:].clone()))


def _caffe_places(function: Function) -> bool:
    image = uniform(5, 1, 3, 4, 5)
    return close(_seen(function, image.roll((1, 2), (2, 3))), _seen(function, image).roll((1, 2), (2, 3)))


def caffe_in_rgb(image: Tensor) -> Tensor:
    return 255 * image - _mean(image)


def caffe_in_rgb_with_its_mean(image: Tensor) -> Tensor:
    return 255 * image - _mean(image).flip(1)


def caffe_with_the_mean_in_rgb(image: Tensor) -> Tensor:
    return 255 * image.flip(1) - _mean(image).flip(1)


def caffe_with_the_mean_first(image: Tensor) -> Tensor:
    return (image.flip(1) - _mean(image)) * 255


def caffe_with_the_mean_first_in_rgb(image: Tensor) -> Tensor:
    return (image - _mean(image).flip(1)) * 255


def caffe_not_scaled(image: Tensor) -> Tensor:
    return image.flip(1) - _mean(image)


def caffe_scaled_mean_only(image: Tensor) -> Tensor:
    return image.flip(1) - _mean(image) / 255


def caffe_without_mean(image: Tensor) -> Tensor:
    return 255 * image.flip(1)


def caffe_with_the_mean_added(image: Tensor) -> Tensor:
    return 255 * image.flip(1) + _mean(image)


def caffe_as_torchvision(image: Tensor) -> Tensor:
    return TORCHVISION(image)


def caffe_as_torchvision_in_bgr(image: Tensor) -> Tensor:
    return TORCHVISION(image).flip(1)


def caffe_upside_down(image: Tensor) -> Tensor:
    return 255 * image.flip(2) - _mean(image)


def caffe_mirrored(image: Tensor) -> Tensor:
    return 255 * image.flip(3) - _mean(image)


def caffe_all_flipped(image: Tensor) -> Tensor:
    return CAFFE(image).flip(2, 3)


def caffe_in_place(image: Tensor) -> Tensor:
    image *= 255
    return image.flip(1) - _mean(image)


def caffe_in_place_all_the_way(image: Tensor) -> Tensor:
    image *= 255
    image -= _mean(image).flip(1)
    return image.flip(1)


CAFFE_PREPROCESS = Exercise(
    name="caffe_preprocess",
    chapter=CHAPTER,
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
    laws=(
        Law("the mean color of the training set becomes 0, 0, 0", _caffe_mean),
        Law("pure red differs from black by 255 in the last channel, and only there", _caffe_red),
        Law("two images differ by 255 times what they did, in the other order of colors", _caffe_scale),
        Law("each image of a batch is treated by itself", _caffe_alone),
        Law("the pixels stay in their places", _caffe_places),
    ),
    mistakes=(
        Mistake(
            "rgb_left",
            caffe_in_rgb,
            "The colors are still in the order R, G, B. The network was trained on B, G, R: its first channel is blue.",
            (caffe_in_rgb_with_its_mean,),
        ),
        Mistake(
            "mean_in_rgb_order",
            caffe_with_the_mean_in_rgb,
            "The colors are turned around, but the means are not: which of the three belongs to blue?",
        ),
        Mistake(
            "mean_before_scaling",
            caffe_with_the_mean_first,
            "The mean is subtracted before scaling. It is given in 0..255, so the image has to be there first.",
            (caffe_with_the_mean_first_in_rgb,),
        ),
        Mistake(
            "not_scaled",
            caffe_not_scaled,
            "The image is still in [0, 1] where the network expects 0..255: next to it, every photo looks black.",
            (caffe_scaled_mean_only,),
        ),
        Mistake(
            "mean_not_subtracted",
            caffe_without_mean,
            "Order and range are right, but the mean of the training set is still in it. What should a picture of just "
            "that color become?",
        ),
        Mistake("mean_added", caffe_with_the_mean_added, "The mean is added. Which sign centers the values around 0?"),
        Mistake(
            "torchvision_statistics",
            caffe_as_torchvision,
            "These are the numbers of torchvision's networks (RGB in [0, 1], 0.485 and so on). Right there, wrong here: "
            "each network wants the pixels it was trained on.",
            (caffe_as_torchvision_in_bgr,),
        ),
        Mistake(
            "picture_flipped",
            caffe_upside_down,
            "The picture is turned around instead of its colors. Axes are B, C, H, W: which one holds the colors?",
            (caffe_mirrored, caffe_all_flipped),
        ),
        Mistake(
            "in_place",
            caffe_in_place,
            "The numbers are right, but the reader's image is not the same afterwards: `*=` and `-=` work in place. Next "
            "time it is preprocessed, it starts at 255 already.",
            (caffe_in_place_all_the_way,),
        ),
    ),
    differentiable=(0,),
    verified="BGR, 0..255, minus the mean",
)


# caffe_deprocess --------------------------------------------------------------------------------------------------------


def caffe_deprocess(pixels: Tensor) -> Tensor:
    """Return RGB in [0, 1] from what the Caffe networks see: the exact inverse, nothing is clamped."""
    return CAFFE.inverse(pixels)


def _centered_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        pixels = 90 * normal(seed, *shape, dtype=dtype)
        return (scattered(pixels) if loose else pixels,)

    return Case(f"pixels {shape}{_loose(loose)}", make, {"255": 255.0, "256": 256.0, "2": 2.0})


def _back_and_forth(function: Function) -> bool:
    image = uniform(5, 2, 3, 4, 5)
    return close(_seen(function, CAFFE(image)), image)


def _forth_and_back(function: Function) -> bool:
    pixels = 200 * normal(6, 1, 3, 4, 5)
    return close(CAFFE(_seen(function, pixels).float()), pixels)


def _back_zero(function: Function) -> bool:
    blue, green, red = (value / 255 for value in CAFFE.mean)
    return close(_seen(function, torch.zeros(1, 3, 2, 4)), _plain((red, green, blue)))


def _back_outside(function: Function) -> bool:
    image = _plain((1.5, -0.5, 0.5))
    return close(_seen(function, CAFFE(image)), image)


def _back_blue(function: Function) -> bool:
    pixels = torch.zeros(1, 3, 2, 4)
    change = pixels.clone()
    change[:, 0] = 51  # the first channel is blue
    return close(_seen(function, change) - _seen(function, pixels), _plain((0.0, 0.0, 0.2)))


def back_in_bgr(pixels: Tensor) -> Tensor:
    return (pixels + _mean(pixels)) / 255


def back_with_the_mean_in_rgb(pixels: Tensor) -> Tensor:
    return (pixels.flip(1) + _mean(pixels)) / 255


def back_without_mean(pixels: Tensor) -> Tensor:
    return pixels.flip(1) / 255


def back_minus_the_mean(pixels: Tensor) -> Tensor:
    return ((pixels - _mean(pixels)) / 255).flip(1)


def back_with_the_mean_last(pixels: Tensor) -> Tensor:
    return (pixels / 255 + _mean(pixels)).flip(1)


def back_not_divided(pixels: Tensor) -> Tensor:
    return (pixels + _mean(pixels)).flip(1)


def back_multiplied(pixels: Tensor) -> Tensor:
    return (pixels + _mean(pixels)).flip(1) * 255


def back_clamped(pixels: Tensor) -> Tensor:
    return CAFFE.inverse(pixels).clamp(0, 1)


def back_forward_again(pixels: Tensor) -> Tensor:
    return CAFFE(pixels)


def back_in_place(pixels: Tensor) -> Tensor:
    pixels += _mean(pixels)
    return pixels.flip(1) / 255


CAFFE_DEPROCESS = Exercise(
    name="caffe_deprocess",
    chapter=CHAPTER,
    title="And back again",
    difficulty=1,
    minutes=6,
    signature="caffe_deprocess(pixels)",
    hints=(
        "An inverse undoes the steps one by one, *in the opposite order*.",
        "Forward it was: turn the colors around, times 255, minus the mean. So backward: plus the mean, divided by 255, "
        "turn the colors around. Leave values outside [0, 1] alone, or it would be no inverse.",
        "`((pixels + mean) / 255).flip(1)`, with the mean in the order B, G, R as before.",
    ),
    reference=caffe_deprocess,
    cases=(
        _centered_case(1, (1, 3, 4, 5)),
        _centered_case(2, (2, 3, 5, 4)),
        _centered_case(3, (2, 3, 6, 4), loose=True),
        _centered_case(4, (1, 3, 7, 2)),
    ),
    laws=(
        Law("it undoes the preprocessing", _back_and_forth),
        Law("the preprocessing undoes it", _forth_and_back),
        Law("zeros become the mean color of the training set, red first", _back_zero),
        Law("values outside [0, 1] come back as they were", _back_outside),
        Law("51 more in the first channel is 0.2 more blue", _back_blue),
    ),
    mistakes=(
        Mistake(
            "bgr_left",
            back_in_bgr,
            "The colors are still in the order B, G, R: on the screen, the cat would be blue.",
        ),
        Mistake(
            "mean_of_another_color",
            back_with_the_mean_in_rgb,
            "The colors were turned around first, and then each got the mean of another one. What came last on the way "
            "there comes first on the way back.",
        ),
        Mistake(
            "mean_forgotten",
            back_without_mean,
            "The mean of the training set is missing, so the picture is too dark. What was subtracted?",
        ),
        Mistake(
            "mean_subtracted_again",
            back_minus_the_mean,
            "The mean is subtracted once more. On the way back it has to be added.",
        ),
        Mistake(
            "mean_after_division",
            back_with_the_mean_last,
            "The division comes before the mean is added. The mean is given in 0..255: in which range is it to be added?",
        ),
        Mistake(
            "not_divided",
            back_not_divided,
            "The values still run to 255. An image has values around [0, 1].",
            (back_multiplied,),
        ),
        Mistake(
            "clamped",
            back_clamped,
            "Values outside [0, 1] are clamped, so the way there no longer undoes the way back. Clamping belongs to "
            "showing a picture, not here.",
        ),
        Mistake(
            "forward_again",
            back_forward_again,
            "This is the way there, once more. Which step is undone first?",
        ),
        Mistake(
            "in_place",
            back_in_place,
            "The numbers are right, but what was given is changed: `+=` works in place. Make a new tensor.",
        ),
    ),
    differentiable=(0,),
    verified="the exact inverse, outside [0, 1] as well",
)


# to_display -------------------------------------------------------------------------------------------------------------


def to_display(image: Tensor) -> Array:
    """Return an image as `imshow` wants it: a NumPy array (H, W, 3) of floats in [0, 1], apart from graph and memory."""
    single = image[0] if image.ndim == 4 else image
    return single.detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy()


def _shown_case(
    seed: int, shape: tuple[int, ...], *, wide: bool = True, grad: bool = False, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype) * (1.6 if wide else 1.0) - (0.3 if wide else 0.0)
        return ((scattered(image) if loose else image).requires_grad_(grad),)

    kind = f"{', requires a gradient' if grad else ''}{', from -0.3 to 1.3' if wide else ''}{_loose(loose)}"
    return Case(f"image {shape}{kind}", make, {"255": 255.0})


def _watch_display(function: Function, arguments: tuple) -> object:
    result = function(*arguments)
    if not isinstance(result, (Tensor, np.ndarray)):
        return result
    return {"the picture": result, "being a NumPy array": isinstance(result, np.ndarray)}


def _wide(seed: int = 5) -> Tensor:
    return uniform(seed, 1, 3, 4, 6) * 1.6 - 0.3


def _display_range(function: Function) -> bool:
    array = function(_wide())
    return isinstance(array, np.ndarray) and 0 <= float(array.min()) <= float(array.max()) <= 1


def _display_places(function: Function) -> bool:
    image = torch.zeros(1, 3, 4, 6)
    image[0, 2, 1, 5] = 1.0
    array = function(image)
    return array.shape == (4, 6, 3) and bool(close(array[1, 5], [0.0, 0.0, 1.0])) and close(float(array.sum()), 1.0)


def _display_kept(function: Function) -> bool:
    image = 0.25 + 0.5 * uniform(6, 1, 3, 4, 6)
    return close(function(image), image[0].permute(1, 2, 0))


def _display_gradient(function: Function) -> bool:
    image = _wide().requires_grad_(True)
    function(2 * image)
    function(image)
    return image.requires_grad and image.is_leaf


def _display_memory(function: Function) -> bool:
    image = uniform(6, 1, 3, 4, 6)
    before = image.clone()
    array = function(image)
    if array.flags.writeable:
        array[:] = 0
    return torch.equal(image, before)


def _hwc(image: Tensor) -> Tensor:
    return (image[0] if image.ndim == 4 else image).detach().permute(1, 2, 0)


def display_not_clamped(image: Tensor) -> Array:
    return _hwc(image).clone().numpy()


def display_clamped_below(image: Tensor) -> Array:
    return _hwc(image).clamp(min=0).numpy()


def display_clamped_above(image: Tensor) -> Array:
    return _hwc(image).clamp(max=1).numpy()


def display_stretched(image: Tensor) -> Array:
    array = _hwc(image).numpy()
    return (array - array.min()) / (array.max() - array.min())


def display_stretched_to_top(image: Tensor) -> Array:
    array = _hwc(image).clamp(min=0).numpy()
    return array / array.max()


def display_channels_first(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).detach().clamp(0, 1).numpy()


def display_channels_first_as_given(image: Tensor) -> Array:
    return image.detach().clamp(0, 1).numpy()


def display_on_its_side(image: Tensor) -> Array:
    return _hwc(image).clamp(0, 1).transpose(0, 1).numpy()


def display_scrambled(image: Tensor) -> Array:
    channels, height, width = image.shape[-3:]
    return image.detach().clamp(0, 1).reshape(height, width, channels).numpy()


def display_attached(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).clamp(0, 1).permute(1, 2, 0).numpy()


def display_attached_and_not_clamped(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).permute(1, 2, 0).numpy()


def display_tensor(image: Tensor) -> Tensor:
    return _hwc(image).clamp(0, 1)


def display_attached_tensor(image: Tensor) -> Tensor:
    return (image[0] if image.ndim == 4 else image).clamp(0, 1).permute(1, 2, 0)


def display_as_batch(image: Tensor) -> Array:
    return (image if image.ndim == 4 else image[None]).detach().clamp(0, 1).permute(0, 2, 3, 1).numpy()


def display_in_bgr(image: Tensor) -> Array:
    return _hwc(image).clamp(0, 1).flip(2).numpy()


def display_wrapped(image: Tensor) -> Array:
    return (_hwc(image) * 255).to(torch.int64).to(torch.uint8).numpy()


def display_wrapped_rounded(image: Tensor) -> Array:
    return (_hwc(image) * 255).round().to(torch.int64).to(torch.uint8).numpy()


def display_to_255(image: Tensor) -> Array:
    return (_hwc(image).clamp(0, 1) * 255).numpy()


def display_clamped_in_place(image: Tensor) -> Array:
    return (image[0] if image.ndim == 4 else image).detach().clamp_(0, 1).permute(1, 2, 0).numpy()


def display_bytes(image: Tensor) -> Array:
    return (_hwc(image).clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def display_truncated_bytes(image: Tensor) -> Array:
    return (_hwc(image).clamp(0, 1) * 255).to(torch.uint8).numpy()


TO_DISPLAY = Exercise(
    name="to_display",
    chapter=CHAPTER,
    title="From a tensor to the screen",
    difficulty=1,
    minutes=8,
    signature="to_display(image)",
    hints=(
        "It is the first exercise backward, with two complications: an image that is being optimized belongs to a graph, "
        "and its values may lie outside [0, 1], where no screen can follow.",
        "Take one image out of its batch if there is one. Cut it loose from the graph, bring the values into range, move "
        "the axes, and make a NumPy array of it.",
        "`x = image[0] if image.ndim == 4 else image`, then `x.detach().clamp(0, 1).permute(1, 2, 0).numpy()`.",
    ),
    reference=to_display,
    cases=(
        _shown_case(1, (1, 3, 4, 5), wide=False),
        _shown_case(2, (3, 5, 4)),
        _shown_case(3, (1, 3, 6, 4), grad=True),
        _shown_case(4, (1, 3, 5, 7), loose=True),
    ),
    laws=(
        Law("all values are in [0, 1]", _display_range),
        Law("blue at row 1, column 5 stands at [1, 5, 2]", _display_places),
        Law("values inside [0, 1] are not touched", _display_kept),
        Law("an image that requires a gradient can be shown, and still requires it", _display_gradient),
        Law("painting over the array does not change the image", _display_memory),
    ),
    mistakes=(
        Mistake(
            "not_clamped",
            display_not_clamped,
            "Some values are outside [0, 1]. imshow would clip them with a warning, other programs wrap them around. "
            "Both ends need care.",
            (display_clamped_below, display_clamped_above),
        ),
        Mistake(
            "stretched",
            display_stretched,
            "The values are stretched to fill the range, so every picture has the same contrast and none shows its own. "
            "Cut off what is outside, leave the rest.",
            (display_stretched_to_top,),
        ),
        Mistake(
            "channels_first",
            display_channels_first,
            "The colors are still the first axis: imshow would see pictures of another height. It wants (H, W, 3).",
            (display_channels_first_as_given,),
        ),
        Mistake(
            "on_its_side",
            display_on_its_side,
            "Height and width have changed places. Which order of axes does permute get?",
        ),
        Mistake(
            "scrambled_by_reshape",
            display_scrambled,
            "reshape does not move axes, it cuts the same row of numbers in other places: the picture turns into "
            "confetti. Which function moves axes?",
        ),
        Mistake(
            "not_detached",
            display_attached,
            "This fails for an image that requires a gradient, which is what you will want to look at most. What cuts a "
            "tensor loose from its graph?",
            (display_attached_and_not_clamped,),
        ),
        Mistake(
            "still_a_tensor",
            display_tensor,
            "The numbers are right, but this is still a tensor. A NumPy array is asked for.",
            (display_attached_tensor,),
        ),
        Mistake(
            "batch_axis_left",
            display_as_batch,
            "The axis of the batch is still there: imshow shows one picture, (H, W, 3).",
        ),
        Mistake(
            "bgr",
            display_in_bgr,
            "The colors are turned around, as OpenCV has them. imshow wants red first, and so it is in the image.",
        ),
        Mistake(
            "wrapped_around",
            display_wrapped,
            "Converted to bytes without clamping, 1.1 becomes 280 and then 24: the brightest pixels turn dark. What has "
            "to come before?",
            (display_wrapped_rounded,),
        ),
        Mistake(
            "floats_to_255",
            display_to_255,
            "Floats up to 255 are no picture: imshow takes floats in [0, 1], or whole bytes.",
        ),
        Mistake(
            "clamped_in_place",
            display_clamped_in_place,
            "detach shares its memory with the image, and clamp_ with an underscore writes into it: looking at the "
            "picture has changed it.",
        ),
    ),
    conventions=(
        Convention(
            "bytes",
            display_bytes,
            "Bytes from 0 to 255 are right for imshow as well. The book shows floats in [0, 1]; your numbers below will "
            "differ from its by the factor 255.",
        ),
        Convention(
            "truncated_bytes",
            display_truncated_bytes,
            "Bytes are right for imshow as well, though these are cut off, not rounded: up to one step too dark. Your "
            "numbers below will differ from the book's by the factor 255.",
        ),
    ),
    observe=_watch_display,
    verified="in range, in order, apart from the graph",
)


# descend_pixels ---------------------------------------------------------------------------------------------------------


def descend_pixels(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    """Return the image after plain gradient descent on half the sum of squared distances from a color."""
    return _descend(image, _half_sum, color, steps, rate)


Loss = Callable[[Tensor, Tensor], Tensor]


def _half_sum(pixels: Tensor, target: Tensor) -> Tensor:
    return (pixels - target).square().sum() / 2


def _descend(image: Tensor, loss: Loss, color: Tensor, steps: int, rate: float, *, clamp: bool = True) -> Tensor:
    pixels, target = image.detach().clone(), color.view(1, 3, 1, 1)
    for _ in range(steps):
        pixels.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(pixels, target), pixels)
        pixels = (pixels - rate * gradient).detach()
        pixels = pixels.clamp(0, 1) if clamp else pixels
    return pixels.detach()


def _descent_case(seed: int, shape: tuple[int, ...], steps: int, rate: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, int, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, uniform(seed + 50, 3, dtype=dtype), steps, rate

    return Case(f"image {shape}{_loose(loose)}, {steps} steps at rate {rate}", make)


def _watch_descent(function: Function, arguments: tuple) -> object:
    image = function(*arguments)
    if not isinstance(image, Tensor):
        return image
    return {"the image": image, "requires_grad": image.requires_grad}


def _from(function: Function, steps: int, rate: float, image: Tensor | None = None) -> Tensor:
    image = uniform(5, 2, 3, 4, 5) if image is None else image
    return torch.as_tensor(function(image, torch.tensor([0.9, 0.5, 0.2]), steps, rate)).detach()


_TARGET = torch.tensor([0.9, 0.5, 0.2]).view(1, 3, 1, 1)


def _descent_still(function: Function) -> bool:
    there = _TARGET.expand(2, 3, 4, 5).clone()
    return close(_from(function, 0, 0.3), uniform(5, 2, 3, 4, 5)) and close(_from(function, 3, 0.3, there), there)


def _descent_shrinks(function: Function) -> bool:
    left = _from(function, 4, 0.3) - _TARGET
    return close(left, (1 - 0.3) ** 4 * (uniform(5, 2, 3, 4, 5) - _TARGET))


def _descent_lands(function: Function) -> bool:
    return close(_from(function, 1, 1.0), _TARGET.expand(2, 3, 4, 5))


def _descent_goes_on(function: Function) -> bool:
    return close(_from(function, 2, 1.7, _from(function, 1, 1.7)), _from(function, 3, 1.7))


def _descent_stays_inside(function: Function) -> bool:
    runs = [_from(function, steps, 1.9) for steps in (1, 2, 3)]
    return all(0 <= float(run.min()) <= float(run.max()) <= 1 for run in runs)


def _descent_each_pixel(function: Function) -> bool:
    image = uniform(5, 2, 3, 4, 5)
    return close(_from(function, 2, 0.3, image[:1, :, 1:3, :2].clone()), _from(function, 2, 0.3)[:1, :, 1:3, :2])


def descent_of_a_copy(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    descend_pixels(image, color, steps, rate)
    return image.clone()


def descent_clamped_in_the_graph(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    def loss(pixels: Tensor, target: Tensor) -> Tensor:
        return _half_sum(pixels.clamp(0, 1), target)

    return _descend(image, loss, color, steps, rate, clamp=False).clamp(0, 1)


def descent_clamped_in_the_graph_only(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    def loss(pixels: Tensor, target: Tensor) -> Tensor:
        return _half_sum(pixels.clamp(0, 1), target)

    return _descend(image, loss, color, steps, rate, clamp=False)


def descent_not_clamped(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, _half_sum, color, steps, rate, clamp=False)


def descent_not_clamped_marked(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descent_not_clamped(image, color, steps, rate).requires_grad_(True)


def descent_clamped_at_the_end(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descent_not_clamped(image, color, steps, rate).clamp(0, 1)


def descent_of_the_mean(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).square().mean(), color, steps, rate)


def descent_of_half_the_mean(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).square().mean() / 2, color, steps, rate)


def descent_without_half(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).square().sum(), color, steps, rate)


def descent_of_absolute_values(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, target: (x - target).abs().sum(), color, steps, rate)


def descent_upward(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, _half_sum, color, steps, -rate)


def descent_with_gradients_added_up(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    pixels = image.detach().clone().requires_grad_(True)
    for _ in range(steps):
        _half_sum(pixels, color.view(1, 3, 1, 1)).backward()
        with torch.no_grad():
            pixels -= rate * pixels.grad
            pixels.clamp_(0, 1)
    return pixels.detach()


def descent_with_gradients_added_up_marked(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descent_with_gradients_added_up(image, color, steps, rate).requires_grad_(True)


def descent_with_gradients_added_up_and_not_clamped(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    pixels = image.detach().clone().requires_grad_(True)
    for _ in range(steps):
        _half_sum(pixels, color.view(1, 3, 1, 1)).backward()
        pixels.data -= rate * pixels.grad
    return pixels.detach()


def descent_of_one_step(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, 1, rate)


def descent_of_a_step_too_few(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, steps - 1, rate)


def descent_of_a_step_too_many(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, steps + 1, rate)


def descent_in_place(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    image.data.copy_(descend_pixels(image, color, steps, rate))
    return image


def descent_in_place_marked(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descent_in_place(image, color, steps, rate).requires_grad_(True)


def descent_in_place_detached(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descent_in_place_marked(image, color, steps, rate).detach()


def descent_in_the_graph(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return descend_pixels(image, color, steps, rate).requires_grad_(True)


def descent_along_the_width(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    return _descend(image, lambda x, _: _half_sum(x, color), color, steps, rate)


def descent_by_adam(image: Tensor, color: Tensor, steps: int, rate: float) -> Tensor:
    pixels = image.detach().clone().requires_grad_(True)
    optimizer = torch.optim.Adam([pixels], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        _half_sum(pixels, color.view(1, 3, 1, 1)).backward()
        optimizer.step()
        pixels.data.clamp_(0, 1)
    return pixels.detach()


DESCEND_PIXELS = Exercise(
    name="descend_pixels",
    chapter=CHAPTER,
    title="Pixels roll downhill",
    difficulty=2,
    minutes=15,
    signature="descend_pixels(image, color, steps, rate)",
    hints=(
        "Here the pixels are what training usually calls weights: a tensor of your own that requires a gradient, moved "
        "against that gradient again and again.",
        "Work on a copy that requires a gradient, and return that copy. In each step: the loss from the copy as it is "
        "now, its gradient, minus rate times the gradient; then clamp, outside the graph. A color of shape (3,) must be "
        "shaped so that it meets the second axis.",
        "`x = image.clone().requires_grad_(True)`; in the loop `g, = torch.autograd.grad(loss, x)`, then under "
        "`torch.no_grad()`: `x -= rate * g` and `x.clamp_(0, 1)`; at last `x.detach()`.",
    ),
    reference=descend_pixels,
    cases=(
        _descent_case(1, (1, 3, 4, 5), 3, 0.2),
        _descent_case(2, (2, 3, 5, 4), 4, 0.7),
        _descent_case(3, (1, 3, 6, 3), 2, 0.4, loose=True),
        _descent_case(4, (2, 3, 4, 7), 5, 1.7),
    ),
    laws=(
        Law("no step changes nothing, and a picture of that color stays", _descent_still),
        Law(
            "each step leaves the share 1 - rate of each pixel's distance, as long as nothing is clamped",
            _descent_shrinks,
        ),
        Law("one step at rate 1 lands on the color", _descent_lands),
        Law("one step and then two more are three", _descent_goes_on),
        Law("all values stay in [0, 1], even at rate 1.9", _descent_stays_inside),
        Law("a pixel's path does not depend on how many others there are", _descent_each_pixel),
    ),
    mistakes=(
        Mistake(
            "copy_optimized",
            descent_of_a_copy,
            "The picture came back as it was. Is what you return the tensor that was optimized, or another copy?",
        ),
        Mistake(
            "clamped_in_the_graph",
            descent_clamped_in_the_graph,
            "The clamping stands inside the loss, where a pixel beyond the range has no gradient: once out, it stays "
            "there. Clamp after the step, outside the graph.",
            (descent_clamped_in_the_graph_only,),
        ),
        Mistake(
            "not_clamped",
            descent_not_clamped,
            "Some pixels leave [0, 1]: at a large rate they overshoot. What brings them back after each step?",
            (descent_not_clamped_marked,),
        ),
        Mistake(
            "clamped_at_the_end",
            descent_clamped_at_the_end,
            "The clamping comes once, at the end. A pixel that was outside in between has gone on from there: clamp "
            "after *each* step.",
        ),
        Mistake(
            "mean_for_sum",
            descent_of_the_mean,
            "The loss is a mean, so each pixel's gradient is divided by how many pixels there are, and hardly anything "
            "moves. The statement says sum.",
            (descent_of_half_the_mean,),
        ),
        Mistake(
            "half_lost",
            descent_without_half,
            "Each step is twice as long as it should be. Is the ½ of the loss there?",
        ),
        Mistake(
            "absolute_values",
            descent_of_absolute_values,
            "The loss takes absolute values, so every pixel moves by the same amount however near it is. The statement "
            "asks for squares.",
        ),
        Mistake("upward", descent_upward, "It climbs: the distance from the color grows. Which sign goes downhill?"),
        Mistake(
            "gradients_added_up",
            descent_with_gradients_added_up,
            "From the second step on, the steps are too long: `backward` adds to the gradient that is there already. "
            "Who clears it?",
            (descent_with_gradients_added_up_marked, descent_with_gradients_added_up_and_not_clamped),
        ),
        Mistake(
            "another_number_of_steps",
            descent_of_one_step,
            "The step itself is right, but it is not taken `steps` times. Where does the loop begin and end, and where "
            "does `return` stand?",
            (descent_of_a_step_too_few, descent_of_a_step_too_many),
        ),
        Mistake(
            "in_place",
            descent_in_place,
            "The result is right, but the reader's picture has been changed on the way. Work on a copy of your own.",
            (descent_in_place_marked, descent_in_place_detached),
        ),
        Mistake(
            "still_in_the_graph",
            descent_in_the_graph,
            "The values are right, but the result still requires a gradient. Hand it out detached.",
        ),
        Mistake(
            "color_along_the_width",
            descent_along_the_width,
            "A color of shape (3,) meets the *last* axis, the width. Shape it so that it meets the axis of colors.",
        ),
        Mistake(
            "another_optimizer",
            descent_by_adam,
            "This is Adam, which gives each pixel its own step length. Plain gradient descent is asked for: minus rate "
            "times gradient.",
        ),
    ),
    observe=_watch_descent,
    verified="each pixel on its own way down, inside [0, 1], outside the graph",
)

EXERCISES = (TO_TENSOR, CAFFE_PREPROCESS, CAFFE_DEPROCESS, TO_DISPLAY, DESCEND_PIXELS)
