"""The exercise ``convolve2d``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import filters
from nstlib.check.drawing import tensor, whole
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def convolve2d(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    """Return what each kernel answers at each position, as `torch.nn.functional.conv2d` does."""
    return filters.convolve2d(image, kernel, padding=padding, stride=stride)


def _convolution_case(
    seed: int, shape: tuple[int, ...], kernel: tuple[int, ...], padding: int, stride: int, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, int, int]:
        image = normal(seed, *shape, dtype=dtype) + 0.25
        return scattered(image) if loose else image, normal(seed + 40, *kernel, dtype=dtype), padding, stride

    text = f"image {shape}{if_loose(loose)}, kernel {kernel}, padding {padding}, stride {stride}"
    return Case(text, make, {"C": shape[1], "h*w": kernel[2] * kernel[3]})


def _slid(function: Function, image: Tensor, kernel: Tensor, padding: int = 0, stride: int = 1) -> Tensor:
    return torch.as_tensor(function(image, kernel, padding, stride))


def _some() -> Tensor:
    return normal(9, 2, 3, 5, 6) + 0.25


@law("a kernel with a single 1 in the middle gives the image back")
def identity(function: Function) -> bool:
    kernel = torch.zeros(3, 3, 3, 3)
    for channel in range(3):
        kernel[channel, channel, 1, 1] = 1.0
    return close(_slid(function, _some(), kernel, 1), _some())


@law("a single bright pixel leaves the kernel turned by 180 degrees")
def dot(function: Function) -> bool:
    dot, kernel = torch.zeros(1, 1, 5, 5), torch.arange(1.0, 10).view(1, 1, 3, 3)
    dot[0, 0, 2, 2] = 1
    return close(_slid(function, dot, kernel), kernel.flip(2, 3))


@law("the answer to a sum of kernels is the sum of their answers")
def linear(function: Function) -> bool:
    one, other = normal(7, 2, 3, 3, 2), normal(8, 2, 3, 3, 2)
    together = _slid(function, _some(), one + 2 * other, 1, 2)
    return close(together, _slid(function, _some(), one, 1, 2) + 2 * _slid(function, _some(), other, 1, 2))


@law("on a padded image of ones, a kernel of ones counts the pixels below it")
def border(function: Function) -> bool:
    counted = _slid(function, torch.ones(1, 1, 3, 4), torch.ones(1, 1, 3, 3), 1)
    return close(counted[0, 0], torch.tensor([[4.0, 6, 6, 4], [6, 9, 9, 6], [4, 6, 6, 4]]))


@law("what the channels answer adds up")
def channels(function: Function) -> bool:
    kernel = normal(7, 1, 3, 2, 3)
    parts = [_slid(function, _some()[:, c : c + 1].clone(), kernel[:, c : c + 1].clone()) for c in range(3)]
    return close(_slid(function, _some(), kernel), parts[0] + parts[1] + parts[2])


@law("stride 2 keeps every second row and column of stride 1")
def stride(function: Function) -> bool:
    kernel = normal(7, 2, 3, 3, 3)
    return close(_slid(function, _some(), kernel, 1, 2), _slid(function, _some(), kernel, 1, 1)[..., ::2, ::2])


def convolution_upside_down(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.flip(2), padding=padding, stride=stride)


@mistake(
    "The kernel is mirrored along one of its axes. It slides as it is: row i of the kernel meets row i of the window, and "
    "column j column j.",
    variants=(convolution_upside_down,),
)
def kernel_mirrored(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.flip(3), padding=padding, stride=stride)


@mistake(
    "The kernel is turned around before it slides. That is convolution in mathematics; what deep learning calls "
    "convolution leaves it as it is."
)
def true_convolution(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.flip(2, 3), padding=padding, stride=stride)


def convolution_of_the_last_channel(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:, -1:], kernel[:, -1:], padding=padding, stride=stride)


@mistake(
    "Only one channel of the image is looked at. Each kernel has a plane for each channel: what happens to their "
    "answers?",
    variants=(convolution_of_the_last_channel,),
)
def channels_forgotten(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:, :1], kernel[:, :1], padding=padding, stride=stride)


@mistake("Each channel gets an answer of its own. One kernel gives *one* map: its channels' answers are summed.")
def channels_apart(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    answers = [
        F.conv2d(image[:, c : c + 1], kernel[:, c : c + 1], padding=padding, stride=stride)
        for c in range(image.shape[1])
    ]
    return torch.cat(answers, 1)


def convolution_with_windows_averaged(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride) / kernel[0, 0].numel()


def convolution_averaged_everywhere(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride) / kernel[0].numel()


@mistake(
    "The products are averaged somewhere. They are only summed: an average is what a suitable kernel would do.",
    variants=(convolution_with_windows_averaged, convolution_averaged_everywhere),
)
def averaged(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride) / image.shape[1]


@mistake("The padding is not used, so the result is too small. What lies around the image?")
def padding_ignored(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, stride=stride)


def convolution_padded_after(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (0, padding, 0, padding)), kernel, stride=stride)


def convolution_padded_in_width(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding, padding)), kernel, stride=stride)


@mistake(
    "The zeros are not on all four sides. How much larger does the image get in each direction?",
    variants=(convolution_padded_after, convolution_padded_in_width),
)
def padded_on_some_sides(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding, 0, padding, 0)), kernel, stride=stride)


@mistake(
    "The last rows and columns are still 0: the loops end where the image ended before it was padded. How large is "
    "it now?"
)
def loops_over_the_unpadded(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    result = F.conv2d(image, kernel, padding=padding, stride=stride).clone()
    rows, columns = (
        len(range(0, size - k + 1, stride)) for size, k in zip(image.shape[2:], kernel.shape[2:], strict=True)
    )
    result[:, :, rows:] = 0
    result[..., columns:] = 0
    return result


def convolution_with_edges_mirrored(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding,) * 4, mode="reflect"), kernel, stride=stride)


@mistake(
    "The border is filled with pixels of the image. Zeros are asked for, which is what the networks here do.",
    variants=(convolution_with_edges_mirrored,),
)
def padded_with_edges(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding,) * 4, mode="replicate"), kernel, stride=stride)


@mistake("The window moves on by one pixel each time. How far should it go?")
def stride_ignored(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding)


@mistake("The size is right, but the window still moves by one pixel. Where does the window of position (y, x) begin?")
def stride_in_the_size_only(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    every = F.conv2d(image, kernel, padding=padding)
    rows, columns = ((size - 1) // stride + 1 for size in every.shape[2:])
    return every[..., :rows, :columns].contiguous()


def convolution_with_the_last_left_zero(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.pad(last_position_missing(image, kernel, padding, stride), (0, 1, 0, 1))


@mistake(
    "The last row and column are missing (or zero). A window of 3 fits into 5 pixels at *three* places: count them.",
    variants=(convolution_with_the_last_left_zero,),
)
def last_position_missing(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride)[..., :-1, :-1].contiguous()


@mistake("The kernel's rows and columns have changed places. Axes are (K, C, h, w): which index goes down?")
def kernel_on_its_side(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.mT, padding=padding, stride=stride)


def convolution_of_the_first_image_alone(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:1], kernel, padding=padding, stride=stride)[0]


@mistake(
    "Only the first image of the batch comes back. The first axis stays as it is.",
    variants=(convolution_of_the_first_image_alone,),
)
def batch_lost(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:1], kernel, padding=padding, stride=stride)


EXERCISE = Exercise(
    __name__,
    title="A kernel slides over a picture",
    difficulty=2,
    minutes=20,
    signature="convolve2d(image, kernel, padding, stride)",
    hints=(
        "One number of the result is one window of the image, multiplied number by number with the kernel, all of it "
        "summed. The rest is moving the window.",
        "Pad first, with zeros on all four sides. Then either loop over the positions of the result and cut the window "
        "that begins at `(y * stride, x * stride)`; or loop over the numbers of the kernel and take for each the whole "
        "grid of pixels that lies below it. Channels are summed, kernels are not.",
        "`window = padded[:, None, :, y * stride : y * stride + h, x * stride : x * stride + w]`, then "
        "`result[:, :, y, x] = (window * kernel).sum((2, 3, 4))`. There are `(H + 2 * padding - h) // stride + 1` rows.",
    ),
    reference=convolve2d,
    cases=(
        _convolution_case(1, (1, 3, 5, 6), (4, 3, 3, 3), 1, 1),
        _convolution_case(2, (2, 3, 6, 7), (2, 3, 2, 3), 0, 1),
        _convolution_case(3, (2, 4, 7, 6), (3, 4, 3, 3), 2, 2, loose=True),
        _convolution_case(4, (1, 2, 9, 8), (3, 2, 3, 4), 1, 3),
        _convolution_case(5, (1, 1, 4, 5), (1, 1, 1, 3), 0, 1),
    ),
    takes={
        "image": tensor("B C H W"),
        "kernel": tensor("K C h w"),
        "padding": whole(0, 2),
        "stride": whole(1, 3),
    },
    sizes={"K": (1, 3), "h": (1, 4), "w": (1, 4)},
    allowed=lambda image, kernel, padding, stride: all(
        side + 2 * padding >= length for side, length in zip(image.shape[2:], kernel.shape[2:], strict=True)
    ),
    verified="windows times kernel, summed over channels, padded with zeros",
)
