"""The exercise ``to_tensor``, and the mistakes that people make in it."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import Case, Exercise, Function, close, convention, if_loose, law, mistake, uniform
from nstlib.check.images._shared import Array


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

    return Case(f"bytes ({height}, {width}, {channels}){if_loose(loose)}", make, {"255": 255.0, "256": 256.0})


def _converted(function: Function, pixels: Array) -> Tensor:
    return torch.as_tensor(function(pixels))


@law("byte 0 becomes 0, byte 255 becomes 1")
def ends(function: Function) -> bool:
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[:, 2:] = 255
    expected = torch.zeros(1, 3, 2, 4)
    expected[..., 2:] = 1
    return close(_converted(function, pixels), expected)


@law("the shape is (1, 3, H, W), with or without a fourth channel")
def shape(function: Function) -> bool:
    return all(_converted(function, _bytes(8, 4, 7, channels)).shape == (1, 3, 4, 7) for channels in (3, 4))


@law("the pixel in row 1, column 2 stands at [0, :, 1, 2], red first")
def place(function: Function) -> bool:
    pixels = np.zeros((4, 7, 3), np.uint8)
    pixels[1, 2] = (255, 0, 51)
    return close(_converted(function, pixels)[0, :, 1, 2], torch.tensor([1, 0, 0.2]))


@law("a pixel that is fully transparent is white, whatever its color")
def hidden(function: Function) -> bool:
    pixels = _bytes(9, 4, 5, 4)
    pixels[..., 3] = 0
    return close(_converted(function, pixels), torch.ones(1, 3, 4, 5))


@law("a pixel that is fully opaque has its own color")
def opaque(function: Function) -> bool:
    pixels = _bytes(9, 4, 5, 4)
    pixels[..., 3] = 255
    return close(_converted(function, pixels), _converted(function, pixels[..., :3].copy()))


@law("black that covers a fifth is 0.8")
def half(function: Function) -> bool:
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


@mistake(
    "The colors are still the last axis. PyTorch wants them before height and width: which axis goes where?",
    variants=(
        tensor_rows_first_with_alpha,
        tensor_rows_first_without_alpha,
        tensor_rows_first_flat,
        tensor_rows_first_flat_with_alpha,
        tensor_untouched,
        tensor_untouched_as_batch,
    ),
)
def rows_first(pixels: Array) -> Tensor:
    return _over(_floats(pixels))[None]


def tensor_of_bytes_without_alpha(pixels: Array) -> Tensor:
    return _upright(_floats(pixels, 1.0)[..., :3])


def tensor_of_bytes_with_alpha(pixels: Array) -> Tensor:
    return _upright(_floats(pixels, 1.0))


def tensor_of_real_bytes(pixels: Array) -> Tensor:
    return _upright(tensor_untouched(pixels))


def tensor_of_real_bytes_without_alpha(pixels: Array) -> Tensor:
    return tensor_of_real_bytes(pixels)[:, :3]


@mistake(
    "The values still run from 0 to 255. An image has values in [0, 1] here.",
    variants=(
        tensor_of_bytes_without_alpha,
        tensor_of_bytes_with_alpha,
        tensor_of_real_bytes,
        tensor_of_real_bytes_without_alpha,
    ),
)
def still_0_to_255(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, 1.0), 255.0))


@mistake(
    "A fourth channel is still there. It is no color: it says how much each pixel covers. What is seen where it is 0?"
)
def alpha_kept(pixels: Array) -> Tensor:
    return _upright(_floats(pixels))


@mistake(
    "The fourth channel is dropped, so colors appear that nobody was meant to see. How much of each color is "
    "there, and how much white?"
)
def alpha_dropped(pixels: Array) -> Tensor:
    return _upright(_floats(pixels)[..., :3])


def tensor_scrambled_without_alpha(pixels: Array) -> Tensor:
    height, width, _ = pixels.shape
    return _floats(pixels)[..., :3].reshape(1, 3, height, width)


@mistake(
    "`reshape` does not move axes, it cuts the same row of numbers in other places: colors and positions get mixed. "
    "Which function moves axes?",
    variants=(tensor_scrambled_without_alpha,),
)
def scrambled_by_reshape(pixels: Array) -> Tensor:
    height, width, _ = pixels.shape
    return _over(_floats(pixels)).reshape(1, 3, height, width)


@mistake(
    "Transparent pixels come out black: the color is scaled down, but nothing is put in its place. What lies "
    "behind should be white."
)
def over_black(pixels: Array) -> Tensor:
    floats = _floats(pixels)
    return _upright(floats[..., :3] * floats[..., 3:] if floats.shape[2] == 4 else floats)


@mistake("It is the wrong way round: 255 in the fourth channel means that the color covers everything.")
def alpha_inverted(pixels: Array) -> Tensor:
    floats = _floats(pixels)
    if floats.shape[2] == 3:
        return _upright(floats)
    color, alpha = floats[..., :3], floats[..., 3:]
    return _upright(color * (1 - alpha) + alpha)


def tensor_with_sides_swapped_without_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)[..., :3].permute(2, 1, 0)[None]


@mistake(
    "Height and width have changed places: the picture lies on its side. `.T` turns all axes around.",
    variants=(tensor_with_sides_swapped_without_alpha,),
)
def height_and_width_swapped(pixels: Array) -> Tensor:
    return _over(_floats(pixels)).permute(2, 1, 0)[None]


def tensor_without_batch_or_alpha(pixels: Array) -> Tensor:
    return _floats(pixels)[..., :3].permute(2, 0, 1)


@mistake(
    "One axis is missing: an image is a batch of one, (1, 3, H, W).",
    variants=(tensor_without_batch_or_alpha,),
)
def no_batch_axis(pixels: Array) -> Tensor:
    return _over(_floats(pixels)).permute(2, 0, 1)


def tensor_of_256ths_over_255ths(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, 1.0), 255.0) / 256)


@mistake(
    "White comes out a little below 1. There are 256 bytes, but the largest is 255.",
    variants=(tensor_of_256ths_over_255ths,),
)
def divided_by_256(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, 256.0)))


@mistake(
    "This divides by the largest value *of this picture*, so that a dark photo gets brighter. The scale is the "
    "same for all pictures."
)
def stretched(pixels: Array) -> Tensor:
    return _upright(_over(_floats(pixels, float(pixels.max()))))


@mistake(
    "The mixing is done in bytes, where 200 * 200 is not 40000 but what is left of it after wrapping around at "
    "256. Which numbers can hold it?"
)
def blended_in_bytes(pixels: Array) -> Tensor:
    if pixels.shape[2] == 3:
        return _upright(_floats(pixels))
    color, alpha = pixels[..., :3], pixels[..., 3:]
    return _upright(_floats(color * alpha // 255 + (255 - alpha)))


@mistake("The color is scaled to [0, 1], but the fourth channel still runs to 255 when the two are mixed.")
def alpha_not_scaled(pixels: Array) -> Tensor:
    if pixels.shape[2] == 3:
        return _upright(_floats(pixels))
    color, alpha = _floats(pixels)[..., :3], torch.from_numpy(pixels[..., 3:].astype(np.float64))
    return _upright(color * alpha + 1 - alpha)


@mistake("Colors of 0..255 are mixed with a white of 1, which is nearly black there. Scale first, or mix with 255.")
def white_of_one(pixels: Array) -> Tensor:
    if pixels.shape[2] == 3:
        return _upright(_floats(pixels))
    color, alpha = _floats(pixels, 1.0)[..., :3], _floats(pixels)[..., 3:]
    return _upright((color * alpha + 1 - alpha) / 255)


@convention(
    "The mixing is done in bytes, as Pillow does it, so results are rounded to steps of 1/255. That is right as "
    "well; where a picture is half transparent, your numbers below may differ from the book's by such a step."
)
def rounded_to_bytes(pixels: Array) -> Tensor:
    drawn = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("RGB")
    return _upright(_floats(np.asarray(flat)))


def _drawn_bytes(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw bytes of any kind: noise, all the same, or black, white and half of both, with alpha or without."""
    shape = sizes["H"], sizes["W"], pick.whole(3, 4)
    sort, seed, loose = pick.one_of(("noise", "equal", "few")), pick.whole(0, 999), pick.one_of((False, True))
    pixels = _bytes(seed, *shape)
    if sort == "equal":
        pixels = np.full(shape, pixels.flat[0], np.uint8)
    if sort == "few":
        pixels = np.array([0, 128, 255, 255], np.uint8)[pixels // 64]
    pixels = pixels.transpose(1, 0, 2).copy().transpose(1, 0, 2) if loose else pixels
    return f"bytes {shape}{if_loose(loose)}", lambda dtype: pixels.copy(order="K")


EXERCISE = Exercise(
    __name__,
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
        _pixels_case(5, 1, 6, 3),
        _pixels_case(6, 5, 1, 4),
    ),
    takes={"pixels": _drawn_bytes},
    verified="floats in [0, 1], channels first, transparency over white",
)
