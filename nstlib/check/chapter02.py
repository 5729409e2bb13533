"""Exercises of chapter 02, convolution, with the mistakes that people make in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import filters, receptive
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform

CHAPTER = "02_convolution"

Stack = Sequence[tuple[int, int]]


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# convolve2d -------------------------------------------------------------------------------------------------------------


def convolve2d(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    """Return what each kernel answers at each position, as `torch.nn.functional.conv2d` does."""
    return filters.convolve2d(image, kernel, padding=padding, stride=stride)


def _convolution_case(
    seed: int, shape: tuple[int, ...], kernel: tuple[int, ...], padding: int, stride: int, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor, int, int]:
        image = normal(seed, *shape, dtype=dtype) + 0.25
        return scattered(image) if loose else image, normal(seed + 40, *kernel, dtype=dtype), padding, stride

    text = f"image {shape}{_loose(loose)}, kernel {kernel}, padding {padding}, stride {stride}"
    return Case(text, make, {"C": shape[1], "h*w": kernel[2] * kernel[3]})


def _slid(function: Function, image: Tensor, kernel: Tensor, padding: int = 0, stride: int = 1) -> Tensor:
    return torch.as_tensor(function(image, kernel, padding, stride))


def _some() -> Tensor:
    return normal(9, 2, 3, 5, 6) + 0.25


def _convolution_identity(function: Function) -> bool:
    kernel = torch.zeros(3, 3, 3, 3)
    for channel in range(3):
        kernel[channel, channel, 1, 1] = 1.0
    return close(_slid(function, _some(), kernel, 1), _some())


def _convolution_dot(function: Function) -> bool:
    dot, kernel = torch.zeros(1, 1, 5, 5), torch.arange(1.0, 10).view(1, 1, 3, 3)
    dot[0, 0, 2, 2] = 1
    return close(_slid(function, dot, kernel), kernel.flip(2, 3))


def _convolution_linear(function: Function) -> bool:
    one, other = normal(7, 2, 3, 3, 2), normal(8, 2, 3, 3, 2)
    together = _slid(function, _some(), one + 2 * other, 1, 2)
    return close(together, _slid(function, _some(), one, 1, 2) + 2 * _slid(function, _some(), other, 1, 2))


def _convolution_border(function: Function) -> bool:
    counted = _slid(function, torch.ones(1, 1, 3, 4), torch.ones(1, 1, 3, 3), 1)
    return close(counted[0, 0], torch.tensor([[4.0, 6, 6, 4], [6, 9, 9, 6], [4, 6, 6, 4]]))


def _convolution_channels(function: Function) -> bool:
    kernel = normal(7, 1, 3, 2, 3)
    parts = [_slid(function, _some()[:, c : c + 1].clone(), kernel[:, c : c + 1].clone()) for c in range(3)]
    return close(_slid(function, _some(), kernel), parts[0] + parts[1] + parts[2])


def _convolution_stride(function: Function) -> bool:
    kernel = normal(7, 2, 3, 3, 3)
    return close(_slid(function, _some(), kernel, 1, 2), _slid(function, _some(), kernel, 1, 1)[..., ::2, ::2])


def true_convolution(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.flip(2, 3), padding=padding, stride=stride)


def convolution_with_one_axis_turned(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.flip(3), padding=padding, stride=stride)


def convolution_of_the_first_channel(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:, :1], kernel[:, :1], padding=padding, stride=stride)


def convolution_of_the_last_channel(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:, -1:], kernel[:, -1:], padding=padding, stride=stride)


def convolution_with_channels_apart(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    answers = [
        F.conv2d(image[:, c : c + 1], kernel[:, c : c + 1], padding=padding, stride=stride)
        for c in range(image.shape[1])
    ]
    return torch.cat(answers, 1)


def convolution_with_channels_averaged(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride) / image.shape[1]


def convolution_with_windows_averaged(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride) / kernel[0, 0].numel()


def convolution_averaged_everywhere(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride) / kernel[0].numel()


def convolution_without_padding(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, stride=stride)


def convolution_padded_before(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding, 0, padding, 0)), kernel, stride=stride)


def convolution_padded_after(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (0, padding, 0, padding)), kernel, stride=stride)


def convolution_padded_in_width(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding, padding)), kernel, stride=stride)


def convolution_with_loops_over_the_unpadded(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    result = F.conv2d(image, kernel, padding=padding, stride=stride).clone()
    rows, columns = (
        len(range(0, size - k + 1, stride)) for size, k in zip(image.shape[2:], kernel.shape[2:], strict=True)
    )
    result[:, :, rows:] = 0
    result[..., columns:] = 0
    return result


def convolution_with_edges_repeated(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding,) * 4, mode="replicate"), kernel, stride=stride)


def convolution_with_edges_mirrored(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(F.pad(image, (padding,) * 4, mode="reflect"), kernel, stride=stride)


def convolution_without_stride(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding)


def convolution_with_stride_in_the_size_only(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    every = F.conv2d(image, kernel, padding=padding)
    rows, columns = ((size - 1) // stride + 1 for size in every.shape[2:])
    return every[..., :rows, :columns].contiguous()


def convolution_without_the_last(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel, padding=padding, stride=stride)[..., :-1, :-1].contiguous()


def convolution_with_the_last_left_zero(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.pad(convolution_without_the_last(image, kernel, padding, stride), (0, 1, 0, 1))


def convolution_with_the_kernel_on_its_side(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image, kernel.mT, padding=padding, stride=stride)


def convolution_of_the_first_image(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:1], kernel, padding=padding, stride=stride)


def convolution_of_the_first_image_alone(image: Tensor, kernel: Tensor, padding: int, stride: int) -> Tensor:
    return F.conv2d(image[:1], kernel, padding=padding, stride=stride)[0]


CONVOLVE2D = Exercise(
    name="convolve2d",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("a kernel with a single 1 in the middle gives the image back", _convolution_identity),
        Law("a single bright pixel leaves the kernel turned by 180 degrees", _convolution_dot),
        Law("the answer to a sum of kernels is the sum of their answers", _convolution_linear),
        Law("on a padded image of ones, a kernel of ones counts the pixels below it", _convolution_border),
        Law("what the channels answer adds up", _convolution_channels),
        Law("stride 2 keeps every second row and column of stride 1", _convolution_stride),
    ),
    mistakes=(
        Mistake(
            "true_convolution",
            true_convolution,
            "The kernel is turned around before it slides. That is convolution in mathematics; what deep learning calls "
            "convolution leaves it as it is.",
            (convolution_with_one_axis_turned,),
        ),
        Mistake(
            "channels_forgotten",
            convolution_of_the_first_channel,
            "Only one channel of the image is looked at. Each kernel has a plane for each channel: what happens to their "
            "answers?",
            (convolution_of_the_last_channel,),
        ),
        Mistake(
            "channels_apart",
            convolution_with_channels_apart,
            "Each channel gets an answer of its own. One kernel gives *one* map: its channels' answers are summed.",
        ),
        Mistake(
            "averaged",
            convolution_with_channels_averaged,
            "The products are averaged somewhere. They are only summed: an average is what a suitable kernel would do.",
            (convolution_with_windows_averaged, convolution_averaged_everywhere),
        ),
        Mistake(
            "padding_ignored",
            convolution_without_padding,
            "The padding is not used, so the result is too small. What lies around the image?",
        ),
        Mistake(
            "padded_on_some_sides",
            convolution_padded_before,
            "The zeros are not on all four sides. How much larger does the image get in each direction?",
            (convolution_padded_after, convolution_padded_in_width),
        ),
        Mistake(
            "loops_over_the_unpadded",
            convolution_with_loops_over_the_unpadded,
            "The last rows and columns are still 0: the loops end where the image ended before it was padded. How large is "
            "it now?",
        ),
        Mistake(
            "padded_with_edges",
            convolution_with_edges_repeated,
            "The border is filled with pixels of the image. Zeros are asked for, which is what the networks here do.",
            (convolution_with_edges_mirrored,),
        ),
        Mistake(
            "stride_ignored",
            convolution_without_stride,
            "The window moves on by one pixel each time. How far should it go?",
        ),
        Mistake(
            "stride_in_the_size_only",
            convolution_with_stride_in_the_size_only,
            "The size is right, but the window still moves by one pixel. Where does the window of position (y, x) begin?",
        ),
        Mistake(
            "last_position_missing",
            convolution_without_the_last,
            "The last row and column are missing (or zero). A window of 3 fits into 5 pixels at *three* places: count "
            "them.",
            (convolution_with_the_last_left_zero,),
        ),
        Mistake(
            "kernel_on_its_side",
            convolution_with_the_kernel_on_its_side,
            "The kernel's rows and columns have changed places. Axes are (K, C, h, w): which index goes down?",
        ),
        Mistake(
            "batch_lost",
            convolution_of_the_first_image,
            "Only the first image of the batch comes back. The first axis stays as it is.",
            (convolution_of_the_first_image_alone,),
        ),
    ),
    verified="windows times kernel, summed over channels, padded with zeros",
)


# output_size ------------------------------------------------------------------------------------------------------------


def output_size(size: int, kernel: int, padding: int, stride: int) -> int:
    """Return at how many positions a kernel fits along one axis."""
    return filters.output_size(size, kernel, padding=padding, stride=stride)


def _size_case(size: int, kernel: int, padding: int, stride: int) -> Case:
    return Case(
        f"size {size}, kernel {kernel}, padding {padding}, stride {stride}", lambda _: (size, kernel, padding, stride)
    )


def _sizes_counted(function: Function) -> bool:
    settings = [(8, 3, 0, 1), (9, 4, 1, 2), (10, 5, 2, 3), (13, 2, 0, 4), (6, 6, 0, 5)]
    return all(
        function(n, k, p, s) == len([first for first in range(0, n + 2 * p, s) if first + k <= n + 2 * p])
        for n, k, p, s in settings
    )


def _sizes_same(function: Function) -> bool:
    return all(function(size, kernel, kernel // 2, 1) == size for size in (5, 8) for kernel in (1, 3, 7))


def _sizes_pooling(function: Function) -> bool:
    return all(function(size, 2, 0, 2) == size // 2 for size in (4, 7, 107, 160))


def _sizes_once(function: Function) -> bool:
    return all(function(size, size + 2 * padding, padding, 3) == 1 for size in (4, 9) for padding in (0, 2))


def _sizes_torch(function: Function) -> bool:
    return all(
        function(size, 3, 1, 2) == F.conv1d(torch.zeros(1, 1, size), torch.ones(1, 1, 3), stride=2, padding=1).shape[2]
        for size in range(3, 9)
    )


def size_rounded_up(size: int, kernel: int, padding: int, stride: int) -> int:
    return math.ceil((size + 2 * padding - kernel) / stride) + 1


def size_rounded_to_the_nearest(size: int, kernel: int, padding: int, stride: int) -> int:
    return round((size + 2 * padding - kernel) / stride) + 1


def size_as_fraction(size: int, kernel: int, padding: int, stride: int) -> float:
    return (size + 2 * padding - kernel) / stride + 1


def size_without_one(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel) // stride


def size_with_padding_once(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + padding - kernel) // stride + 1


def size_without_padding(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size - kernel) // stride + 1


def size_with_one_inside(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel + 1) // stride


def size_without_kernel(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding) // stride


def size_without_kernel_plus_one(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding) // stride + 1


def size_rounded_up_without_kernel(size: int, kernel: int, padding: int, stride: int) -> int:
    return -(-size // stride)


def size_without_stride(size: int, kernel: int, padding: int, stride: int) -> int:
    return size + 2 * padding - kernel + 1


def size_with_kernel_halved(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding - kernel // 2) // stride + 1


def size_added(size: int, kernel: int, padding: int, stride: int) -> int:
    return (size + 2 * padding + kernel) // stride + 1


OUTPUT_SIZE = Exercise(
    name="output_size",
    chapter=CHAPTER,
    title="Count the windows",
    difficulty=1,
    minutes=6,
    signature="output_size(size, kernel, padding, stride)",
    hints=(
        "Put the window at the very left and count the steps until it touches the right end. Do not forget the place "
        "where it stood first.",
        "With padding there are `size + 2 * padding` pixels. The window's left end can move by that minus `kernel`. How "
        "many whole strides fit into it?",
        "`(size + 2 * padding - kernel) // stride + 1`, with the division that rounds down.",
    ),
    reference=output_size,
    cases=(
        _size_case(32, 3, 1, 1),
        _size_case(8, 3, 0, 2),
        _size_case(11, 4, 1, 4),
        _size_case(224, 11, 2, 4),
        _size_case(10, 5, 2, 4),
        _size_case(10, 3, 0, 4),
    ),
    laws=(
        Law("it is what counting the windows one by one gives", _sizes_counted),
        Law("an odd kernel padded by half of it keeps the size", _sizes_same),
        Law("windows of 2 with stride 2 halve the size and round down", _sizes_pooling),
        Law("a kernel as long as the padded image fits once", _sizes_once),
        Law("PyTorch finds the same size", _sizes_torch),
    ),
    mistakes=(
        Mistake(
            "rounded_up",
            size_rounded_up,
            "It is rounded up. A window that hangs over the end does not count: which way does `//` round?",
            (size_rounded_to_the_nearest,),
        ),
        Mistake(
            "not_rounded",
            size_as_fraction,
            "There are no fractions of a window. A whole number is asked for: `//` instead of `/`.",
        ),
        Mistake(
            "first_window_forgotten",
            size_without_one,
            "These are the steps, not the places: the window stood somewhere before the first step.",
        ),
        Mistake(
            "padding_on_one_side",
            size_with_padding_once,
            "The padding counts once here. On how many sides is it added?",
        ),
        Mistake("padding_ignored", size_without_padding, "The padding is not counted at all."),
        Mistake(
            "one_before_dividing",
            size_with_one_inside,
            "The 1 is added before dividing, so it counts 1 / stride of a window. Where does it belong?",
        ),
        Mistake(
            "kernel_ignored",
            size_without_kernel,
            "The kernel's length is not used. The window's *left* end cannot go to the very last pixel: how far can it go?",
            (size_without_kernel_plus_one, size_rounded_up_without_kernel),
        ),
        Mistake(
            "stride_ignored",
            size_without_stride,
            "This counts all windows one pixel apart. The window moves by `stride` each time.",
        ),
        Mistake(
            "half_of_the_kernel",
            size_with_kernel_halved,
            "Only half of the kernel is subtracted, as if its middle could stand on the border. The padding takes care of "
            "that; the whole kernel has to fit.",
        ),
        Mistake(
            "kernel_added", size_added, "The kernel is added. Does a longer kernel fit at more places, or at fewer?"
        ),
    ),
    verified="steps that fit, rounded down, and the first window",
)


# separable_blur ---------------------------------------------------------------------------------------------------------


def _blur_case(seed: int, shape: tuple[int, ...], sigma: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, float]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, sigma

    quantities = {"2": 2.0, "pi": math.pi, "2*pi": 2 * math.pi, "sigma": sigma}
    return Case(f"image {shape}{_loose(loose)}, sigma {sigma}", make, quantities)


def _blurred(function: Function, image: Tensor, sigma: float) -> Tensor:
    return torch.as_tensor(function(image, sigma))


def _blur_gray(function: Function) -> bool:
    gray = torch.full((1, 2, 4, 5), 0.7)
    return close(_blurred(function, gray, 2.0), gray)


def _blur_of_a_dot(function: Function) -> bool:
    dot = torch.zeros(1, 1, 11, 13)
    dot[..., 5, 6] = 1
    spread = _blurred(function, dot, 1.0)[0, 0]
    bell = filters.gaussian_kernel(1.0)
    return close(spread[2:9, 3:10], torch.outer(bell, bell)) and close(spread.sum(), 1.0)


def _blur_turned(function: Function) -> bool:
    image = uniform(9, 1, 3, 8, 9)
    return close(_blurred(function, image.mT.contiguous(), 0.8), _blurred(function, image, 0.8).mT)


def _blur_channels(function: Function) -> bool:
    image = uniform(9, 2, 3, 8, 9)
    return close(_blurred(function, image, 0.8)[1:, 1:2], _blurred(function, image[1:, 1:2].clone(), 0.8))


def _blur_adds(function: Function) -> bool:
    one, other = uniform(9, 1, 2, 8, 9), uniform(10, 1, 2, 8, 9)
    return close(_blurred(function, one - other, 1.3), _blurred(function, one, 1.3) - _blurred(function, other, 1.3))


def _apply(image: Tensor, across: Tensor | None, down: Tensor | None, mode: str = "replicate") -> Tensor:
    """Slide one row of weights along each axis, as given; None leaves that axis alone."""
    x = image.flatten(0, 1)[:, None]
    for weights, axis in ((across, 3), (down, 2)):
        if weights is None:
            continue
        before, after = (len(weights) - 1) // 2, len(weights) // 2
        border = (before, after, 0, 0) if axis == 3 else (0, 0, before, after)
        if mode != "none":
            x = F.pad(x, border, mode=mode)
        x = F.conv2d(x, weights.to(x).view((1, 1, 1, -1) if axis == 3 else (1, 1, -1, 1)))
    return x.reshape(*image.shape[:2], *x.shape[2:])


def _bell(image: Tensor, sigma: float) -> Tensor:
    return filters.gaussian_kernel(sigma, dtype=image.dtype)


def _raw(sigma: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    return torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))


def blur_across_only(image: Tensor, sigma: float) -> Tensor:
    return _apply(image, _bell(image, sigma), None)


def blur_down_only(image: Tensor, sigma: float) -> Tensor:
    return _apply(image, None, _bell(image, sigma))


def blur_across_twice(image: Tensor, sigma: float) -> Tensor:
    return blur_across_only(blur_across_only(image, sigma), sigma)


def blur_down_twice(image: Tensor, sigma: float) -> Tensor:
    return blur_down_only(blur_down_only(image, sigma), sigma)


def blur_with_a_black_border(image: Tensor, sigma: float) -> Tensor:
    return _apply(image, _bell(image, sigma), _bell(image, sigma), mode="constant")


def blur_without_border(image: Tensor, sigma: float) -> Tensor:
    return _apply(image, _bell(image, sigma), _bell(image, sigma), mode="none")


def blur_not_normalized(image: Tensor, sigma: float) -> Tensor:
    return _apply(image, _raw(sigma), _raw(sigma))


def blur_by_the_density(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma) / (sigma * math.sqrt(2 * math.pi))
    return _apply(image, bell, bell)


def blur_normalized_to_length(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma) / _raw(sigma).norm()
    return _apply(image, bell, bell)


def blur_normalized_to_the_top(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma) / len(_raw(sigma))
    return _apply(image, bell, bell)


def _wrong_bell(image: Tensor, sigma: float, divisor: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    bell = torch.exp(-(torch.arange(-radius, radius + 1, dtype=torch.float64) ** 2) / divisor)
    return _apply(image, bell / bell.sum(), bell / bell.sum())


def blur_without_the_two(image: Tensor, sigma: float) -> Tensor:
    return _wrong_bell(image, sigma, sigma**2)


def blur_with_sigma_not_squared(image: Tensor, sigma: float) -> Tensor:
    return _wrong_bell(image, sigma, 2 * sigma)


def blur_with_the_two_squared(image: Tensor, sigma: float) -> Tensor:
    return _wrong_bell(image, sigma, (2 * sigma) ** 2)


def blur_with_distance_not_squared(image: Tensor, sigma: float) -> Tensor:
    radius = math.ceil(3 * sigma)
    tent = torch.exp(-torch.arange(-radius, radius + 1, dtype=torch.float64).abs() / (2 * sigma**2))
    return _apply(image, tent / tent.sum(), tent / tent.sum())


def blur_lopsided(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma)[:-1] / _raw(sigma)[:-1].sum()
    x = F.pad(image, (len(bell) // 2, len(bell) // 2 - 1) * 2, mode="replicate")
    return _apply(x, bell, bell, mode="none")


def blur_lopsided_to_the_right(image: Tensor, sigma: float) -> Tensor:
    bell = _raw(sigma)[:-1] / _raw(sigma)[:-1].sum()
    return _apply(image, bell, bell)


def blur_by_mean(image: Tensor, sigma: float) -> Tensor:
    flat = torch.full_like(_raw(sigma), 1 / len(_raw(sigma)))
    return _apply(image, flat, flat)


def blur_with_channels_summed(image: Tensor, sigma: float) -> Tensor:
    return filters.separable_blur(image, sigma).sum(1, keepdim=True).expand(image.shape).contiguous()


def blur_with_channels_averaged(image: Tensor, sigma: float) -> Tensor:
    return filters.separable_blur(image, sigma).mean(1, keepdim=True).expand(image.shape).contiguous()


def blur_with_channels_summed_twice(image: Tensor, sigma: float) -> Tensor:
    return blur_with_channels_summed(image, sigma) * image.shape[1]


def blur_into_one_channel(image: Tensor, sigma: float) -> Tensor:
    return filters.separable_blur(image, sigma).sum(1, keepdim=True)


def blur_with_a_mirrored_border(image: Tensor, sigma: float) -> Tensor:
    return _apply(image, _bell(image, sigma), _bell(image, sigma), mode="reflect")


SEPARABLE_BLUR = Exercise(
    name="separable_blur",
    chapter=CHAPTER,
    title="Blur in two strokes",
    difficulty=2,
    minutes=15,
    signature="separable_blur(image, sigma)",
    hints=(
        "A round blur is a blur along the rows, followed by the same blur along the columns. So you need one short row of "
        "weights, used twice.",
        "Weights from exp(-x² / (2 sigma²)) for whole x from -r to r, with r = ceil(3 sigma), divided by their sum. Pad "
        "by r with repeated edges in the direction you slide, so that the size stays. To treat each channel by itself, "
        "make every channel an image of its own: `image.flatten(0, 1)[:, None]`.",
        "`x = F.pad(x, (r, r, 0, 0), mode='replicate')` and `F.conv2d(x, bell.view(1, 1, 1, -1))`; then the same with "
        "`(0, 0, r, r)` and `bell.view(1, 1, -1, 1)`; at last `x.reshape(image.shape)`.",
    ),
    reference=filters.separable_blur,
    cases=(
        _blur_case(1, (1, 3, 8, 7), 0.8),
        _blur_case(2, (2, 3, 9, 10), 0.5),
        _blur_case(3, (2, 2, 7, 9), 1.5, loose=True),
        _blur_case(4, (1, 4, 10, 12), 2.2),
    ),
    laws=(
        Law("a gray picture stays as it is, at the border too", _blur_gray),
        Law("a bright pixel becomes the product of two bells, and its light is all there", _blur_of_a_dot),
        Law("turning the picture before or after is the same", _blur_turned),
        Law("each channel of each image is blurred by itself", _blur_channels),
        Law("the blur of a difference is the difference of the blurs", _blur_adds),
    ),
    mistakes=(
        Mistake(
            "one_direction",
            blur_across_only,
            "The picture is blurred in one direction only, as if the camera had moved. What about the other axis?",
            (blur_down_only,),
        ),
        Mistake(
            "same_direction_twice",
            blur_across_twice,
            "Both passes go in the same direction. Turn the row of weights into a column for the second one.",
            (blur_down_twice,),
        ),
        Mistake(
            "black_border",
            blur_with_a_black_border,
            "The border gets dark: beyond it zeros are mixed in. Repeat the edge pixels instead.",
        ),
        Mistake(
            "shrunk",
            blur_without_border,
            "The result is smaller than the image. What has to be added around it before sliding?",
        ),
        Mistake(
            "not_normalized",
            blur_not_normalized,
            "The weights do not sum to 1, so the picture changes its brightness. Which sum divides them?",
            (blur_by_the_density, blur_normalized_to_length, blur_normalized_to_the_top),
        ),
        Mistake(
            "wrong_width",
            blur_without_the_two,
            "It is a bell, but of another width: the exponent is -x² / (2 sigma²). Check the 2, and what is squared.",
            (blur_with_sigma_not_squared, blur_with_the_two_squared, blur_with_distance_not_squared),
        ),
        Mistake(
            "lopsided",
            blur_lopsided,
            "The picture moves by half a pixel: there are as many weights to the left as to the right, but one more at an "
            "end. Where does arange stop?",
            (blur_lopsided_to_the_right,),
        ),
        Mistake(
            "mean_of_the_window",
            blur_by_mean,
            "All weights are equal: the mean of a box. Its corners show in a blurred picture. What falls off toward the "
            "ends?",
        ),
        Mistake(
            "channels_mixed",
            blur_with_channels_summed,
            "The colors are mixed into each other. Each channel is blurred by itself: how many channels does your kernel "
            "look at?",
            (blur_with_channels_averaged, blur_with_channels_summed_twice, blur_into_one_channel),
        ),
    ),
    conventions=(
        Convention(
            "mirrored_border",
            blur_with_a_mirrored_border,
            "Beyond the border your picture is mirrored, as torchvision has it. Both are in use; near the border your "
            "numbers below will differ from the book's, which repeats the edge pixels.",
        ),
    ),
    verified="two passes, weights that sum to 1, edges repeated",
)


# receptive_field --------------------------------------------------------------------------------------------------------


def receptive_field(stack: Stack) -> tuple[int, int]:
    """Return (size, stride) of the receptive field at the end of a stack of (kernel, stride)."""
    return tuple(receptive.receptive_field_of_stack(stack)[:2])


def _stack_case(*stack: tuple[int, int]) -> Case:
    return Case(f"stack {list(stack)}", lambda _: (list(stack),))


def _field(function: Function, *stack: tuple[int, int]) -> tuple[int, int]:
    size, stride = function(list(stack))
    return int(size), int(stride)


def _field_of_nothing(function: Function) -> bool:
    return _field(function) == (1, 1)


def _field_of_one(function: Function) -> bool:
    return all(_field(function, layer) == layer for layer in ((3, 1), (2, 2), (11, 4)))


def _field_of_small_ones(function: Function) -> bool:
    return _field(function, (3, 1), (3, 1)) == (5, 1) and _field(function, (3, 1), (3, 1), (3, 1)) == (7, 1)


def _field_of_a_relu(function: Function) -> bool:
    return _field(function, (3, 2), (1, 1), (5, 1), (1, 1)) == _field(function, (3, 2), (5, 1))


def _field_after_pooling(function: Function) -> bool:
    stack = [(3, 1), (2, 2), (3, 1)]
    steps = [_field(function, *stack[: k + 1])[0] for k in range(3)]
    return steps[2] - steps[1] == 4  # a layer of 3 adds 2, and after a pooling that is 4 pixels


def _field_by_gradient(function: Function) -> bool:
    stack = [(5, 2), (3, 1), (2, 3), (3, 1)]
    image = x = torch.ones(1, 1, 90, dtype=torch.float64, requires_grad=True)
    for kernel, stride in stack:
        x = F.conv1d(x, x.new_ones(1, 1, kernel), stride=stride)
    seen = torch.autograd.grad(x[0, 0, 1], image)[0].count_nonzero()
    return _field(function, *stack)[0] == int(seen)


def field_of_kernels_added(stack: Stack) -> tuple[int, int]:
    return sum(kernel for kernel, _ in stack), math.prod(stride for _, stride in stack)


def field_of_kernels_added_by_strides(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        size += kernel * jump
        jump *= stride
    return size, jump


def field_of_kernels_multiplied(stack: Stack) -> tuple[int, int]:
    return math.prod(kernel for kernel, _ in stack), math.prod(stride for _, stride in stack)


def field_without_strides(stack: Stack) -> tuple[int, int]:
    return 1 + sum(kernel - 1 for kernel, _ in stack), math.prod(stride for _, stride in stack)


def field_with_own_strides(stack: Stack) -> tuple[int, int]:
    return 1 + sum((kernel - 1) * stride for kernel, stride in stack), math.prod(stride for _, stride in stack)


def field_with_the_stride_first(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        jump *= stride
        size += (kernel - 1) * jump
    return size, jump


def field_with_the_stride_before_only(stack: Stack) -> tuple[int, int]:
    size, before = 1, 1
    for kernel, stride in stack:
        size += (kernel - 1) * before
        before = stride
    return size, math.prod(stride for _, stride in stack)


def field_with_strides_added(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        size += (kernel - 1) * jump
        jump += stride - 1
    return size, jump


def field_with_strides_summed(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 0
    for kernel, stride in stack:
        size += (kernel - 1) * max(jump, 1)
        jump += stride
    return size, jump


def field_from_the_end(stack: Stack) -> tuple[int, int]:
    return receptive_field(stack[::-1])


def field_from_zero(stack: Stack) -> tuple[int, int]:
    size, stride = receptive_field(stack)
    return size - 1, stride


def field_and_last_stride(stack: Stack) -> tuple[int, int]:
    return receptive_field(stack)[0], stack[-1][1] if stack else 1


def field_swapped(stack: Stack) -> tuple[int, int]:
    return receptive_field(stack)[::-1]


def field_growing(stack: Stack) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel, stride in stack:
        size, jump = size * stride + kernel - 1, jump * stride
    return size, jump


RECEPTIVE_FIELD = Exercise(
    name="receptive_field",
    chapter=CHAPTER,
    title="How much one unit sees",
    difficulty=2,
    minutes=12,
    signature="receptive_field(stack)",
    hints=(
        "Start with one pixel, which sees itself. Each layer adds to both ends of what a unit sees. How much, in pixels "
        "*of the image*?",
        "Keep two numbers: the size so far, and how many pixels of the image lie between two neighboring units. A kernel "
        "of k reaches k - 1 units further, each worth that many pixels; then the distance is multiplied by the stride.",
        "Start from `size, jump = 1, 1`; for each layer `size += (kernel - 1) * jump`, and *after* that `jump *= stride`.",
    ),
    reference=receptive_field,
    cases=(
        _stack_case((3, 1), (3, 1), (2, 2), (3, 1), (3, 1)),
        _stack_case((7, 2), (3, 2), (3, 1)),
        _stack_case((11, 4), (3, 2), (5, 1), (3, 2), (3, 1)),
        _stack_case((2, 3), (5, 2), (4, 1), (3, 3)),
    ),
    laws=(
        Law("no layers at all see one pixel", _field_of_nothing),
        Law("one layer sees its kernel, and moves by its stride", _field_of_one),
        Law("two layers of 3 see 5 pixels, three see 7", _field_of_small_ones),
        Law("a ReLU, (1, 1), changes nothing", _field_of_a_relu),
        Law("after a pooling, a layer of 3 adds 4 pixels", _field_after_pooling),
        Law("it is the number of pixels with a gradient", _field_by_gradient),
    ),
    mistakes=(
        Mistake(
            "kernels_added",
            field_of_kernels_added,
            "The kernels' lengths are added. But neighboring windows overlap: how many *new* pixels does a layer of 3 on "
            "top of a layer of 3 see?",
            (field_of_kernels_added_by_strides,),
        ),
        Mistake(
            "kernels_multiplied",
            field_of_kernels_multiplied,
            "The kernels' lengths are multiplied, as if windows did not overlap. Two layers of 3 see 5 pixels, not 9.",
        ),
        Mistake(
            "strides_ignored",
            field_without_strides,
            "The size grows by k - 1 in each layer, whatever the strides before. Behind a stride of 2, how far apart are "
            "two neighbors in the image?",
        ),
        Mistake(
            "stride_too_early",
            field_with_the_stride_first,
            "A layer's own stride counts for its own kernel here. Its kernel still slides over the units before: "
            "multiply afterwards.",
            (field_with_own_strides,),
        ),
        Mistake(
            "only_the_last_stride",
            field_with_the_stride_before_only,
            "Only the stride of the layer just before counts. Strides of 2 and 2 put neighbors 4 pixels apart: they "
            "multiply.",
            (field_and_last_stride,),
        ),
        Mistake(
            "strides_added",
            field_with_strides_added,
            "The strides are added. Every second of every third is every sixth.",
            (field_with_strides_summed,),
        ),
        Mistake(
            "from_the_end",
            field_from_the_end,
            "The stack is walked from its last layer to its first with the rule for the other direction. Which layer "
            "meets the image?",
            (field_growing,),
        ),
        Mistake(
            "starts_at_zero",
            field_from_zero,
            "It is one too small. How many pixels does a unit see before there is any layer?",
        ),
        Mistake("swapped", field_swapped, "Size and stride have changed places: (size, stride)."),
    ),
    verified="kernels reach as far as the strides before them",
)


# sobel_edges ------------------------------------------------------------------------------------------------------------


def _edges_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype)
        return (scattered(image) if loose else image,)

    return Case(f"image {shape}{_loose(loose)}", make, {"2": 2.0, "4": 4.0, "16": 16.0, "64": 64.0})


def _edges(function: Function, image: Tensor) -> Tensor:
    return torch.as_tensor(function(image))


def _edges_of_a_ramp(function: Function) -> bool:
    ramp = (0.03 * torch.arange(7.0) + 0.04 * torch.arange(6.0)[:, None])[None, None]
    inside = _edges(function, ramp)[..., 1:-1, 1:-1]
    return bool(inside.min() > 0) and close(inside, inside.mean().expand(inside.shape))


def _edges_of_gray(function: Function) -> bool:
    return bool(_edges(function, torch.full((1, 2, 4, 5), 0.7)).abs().max() < 1e-5)


def _edges_brighter(function: Function) -> bool:
    image = uniform(9, 1, 3, 5, 6)
    return close(_edges(function, image + 0.5), _edges(function, image))


def _edges_negative(function: Function) -> bool:
    image = uniform(9, 1, 3, 5, 6)
    return close(_edges(function, 1 - image), _edges(function, image))


def _edges_turned(function: Function) -> bool:
    image = uniform(9, 1, 3, 5, 6)
    return close(_edges(function, image.rot90(1, (2, 3))), _edges(function, image).rot90(1, (2, 3)))


def _edges_channels(function: Function) -> bool:
    image = uniform(9, 2, 3, 5, 6)
    return close(_edges(function, image)[1:, 1:2], _edges(function, image[1:, 1:2].clone()))


_SLOPE, _SMOOTHING = torch.tensor(filters.SLOPE), torch.tensor(filters.SMOOTHING)


def _slopes(image: Tensor, mode: str = "replicate", smoothing: Tensor | None = _SMOOTHING) -> tuple[Tensor, Tensor]:
    """Return the slopes along the rows and along the columns, before they are put together."""
    return _apply(image, _SLOPE, smoothing, mode), _apply(image, smoothing, _SLOPE, mode)


def _length(across: Tensor, down: Tensor) -> Tensor:
    return (across.square() + down.square()).sqrt()


def edges_across_only(image: Tensor) -> Tensor:
    return _slopes(image)[0].abs()


def edges_down_only(image: Tensor) -> Tensor:
    return _slopes(image)[1].abs()


def edges_across_signed(image: Tensor) -> Tensor:
    return _slopes(image)[0]


def edges_down_signed(image: Tensor) -> Tensor:
    return _slopes(image)[1]


def edges_across_only_whole(image: Tensor) -> Tensor:
    return 8 * edges_across_only(image)


def edges_down_only_whole(image: Tensor) -> Tensor:
    return 8 * edges_down_only(image)


def edges_same_direction_twice(image: Tensor) -> Tensor:
    return _slopes(image)[0].abs() * math.sqrt(2)


def edges_squared(image: Tensor) -> Tensor:
    return _length(*_slopes(image)).square()


def edges_squared_whole(image: Tensor) -> Tensor:
    return (8 * _length(*_slopes(image))).square()


def edges_by_absolute_values(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return across.abs() + down.abs()


def edges_by_absolute_whole_values(image: Tensor) -> Tensor:
    return 8 * edges_by_absolute_values(image)


def edges_by_the_larger(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return torch.maximum(across.abs(), down.abs())


def edges_summed_with_sign(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return across + down


def edges_of_the_sum(image: Tensor) -> Tensor:
    across, down = _slopes(image)
    return (across + down).abs()


def edges_with_a_frame(image: Tensor) -> Tensor:
    return _length(*_slopes(image, "constant"))


def edges_with_a_frame_whole(image: Tensor) -> Tensor:
    return 8 * edges_with_a_frame(image)


def edges_shrunk(image: Tensor) -> Tensor:
    return _length(*_slopes(image, "none"))


def edges_shrunk_whole(image: Tensor) -> Tensor:
    return 8 * edges_shrunk(image)


def edges_not_smoothed(image: Tensor) -> Tensor:
    return _length(*_slopes(image, smoothing=None))


def edges_after_prewitt(image: Tensor) -> Tensor:
    return _length(*_slopes(image, smoothing=torch.full((3,), 1 / 3)))


def edges_after_prewitt_whole(image: Tensor) -> Tensor:
    return 6 * edges_after_prewitt(image)


def edges_of_the_mean(image: Tensor) -> Tensor:
    return filters.sobel_edges(image.mean(1, keepdim=True))


def edges_of_all_channels(image: Tensor) -> Tensor:
    return filters.sobel_edges(image).sum(1, keepdim=True)


def edges_of_the_summed_channels(image: Tensor) -> Tensor:
    return filters.sobel_edges(image.sum(1, keepdim=True))


def edges_whole(image: Tensor) -> Tensor:
    return 8 * filters.sobel_edges(image)


def edges_of_scikit_image(image: Tensor) -> Tensor:
    return math.sqrt(2) * filters.sobel_edges(image)


SOBEL_EDGES = Exercise(
    name="sobel_edges",
    chapter=CHAPTER,
    title="Nine numbers that find edges",
    difficulty=2,
    minutes=12,
    signature="sobel_edges(image)",
    hints=(
        "An edge is where the picture is steep. Steepness has two directions: measure how it changes from left to right "
        "and from top to bottom, then take the length of that arrow.",
        "Two kernels: the given one, and the same turned on its side. Repeat the edge pixels by one on all four sides, "
        "and treat each channel as an image of its own: `image.flatten(0, 1)[:, None]`.",
        "`x = F.pad(x, (1, 1, 1, 1), mode='replicate')`; `gx = F.conv2d(x, kernel[None, None])` and `gy` with "
        "`kernel.T[None, None]`; then `(gx**2 + gy**2).sqrt().reshape(image.shape)`.",
    ),
    reference=filters.sobel_edges,
    cases=(
        _edges_case(1, (1, 3, 4, 5)),
        _edges_case(2, (2, 3, 6, 5)),
        _edges_case(3, (2, 4, 5, 7), loose=True),
        _edges_case(4, (1, 2, 7, 3)),
    ),
    laws=(
        Law("a ramp is equally steep everywhere inside, and not flat", _edges_of_a_ramp),
        Law("a gray picture has no edges, not even along its border", _edges_of_gray),
        Law("a brighter copy has the same edges", _edges_brighter),
        Law("the negative has the same edges", _edges_negative),
        Law("turning the picture turns its edges", _edges_turned),
        Law("each channel of each image has its own edges", _edges_channels),
    ),
    mistakes=(
        Mistake(
            "one_direction",
            edges_across_only,
            "Only one direction counts, so an edge that runs the other way is not seen. Which second kernel is missing?",
            (
                edges_down_only,
                edges_across_signed,
                edges_down_signed,
                edges_across_only_whole,
                edges_down_only_whole,
            ),
        ),
        Mistake(
            "same_direction_twice",
            edges_same_direction_twice,
            "Both kernels look in the same direction. The second is the first one turned on its side: rows become columns.",
        ),
        Mistake(
            "not_rooted",
            edges_squared,
            "These are squares of lengths: strong edges drown all others. What is missing at the end?",
            (edges_squared_whole,),
        ),
        Mistake(
            "absolute_values",
            edges_by_absolute_values,
            "The two slopes' sizes are added, so that a diagonal edge counts up to 1.4 times as much. How long is an arrow "
            "of 3 across and 4 down?",
            (edges_by_absolute_whole_values,),
        ),
        Mistake(
            "larger_of_the_two",
            edges_by_the_larger,
            "Only the larger of the two slopes counts. How long is an arrow of 3 across and 4 down?",
        ),
        Mistake(
            "signs_cancel",
            edges_summed_with_sign,
            "The two slopes are added with their signs, so on some diagonals they cancel. What is the length of an arrow?",
            (edges_of_the_sum,),
        ),
        Mistake(
            "frame",
            edges_with_a_frame,
            "There is a frame around the picture: padding with zeros makes an edge where none was. Repeat the edge pixels.",
            (edges_with_a_frame_whole,),
        ),
        Mistake(
            "shrunk",
            edges_shrunk,
            "The result is smaller than the image. Which pixels could stand in for those beyond the border?",
            (edges_shrunk_whole,),
        ),
        Mistake(
            "other_kernel",
            edges_not_smoothed,
            "These are slopes, but not Sobel's: along the edge, neighbors are averaged with the weights 1, 2, 1.",
            (edges_after_prewitt, edges_after_prewitt_whole),
        ),
        Mistake(
            "channels_mixed",
            edges_of_the_mean,
            "The channels are put together. Each is taken by itself here, and the shape stays as it was.",
            (edges_of_all_channels, edges_of_the_summed_channels),
        ),
    ),
    conventions=(
        Convention(
            "whole_numbers",
            edges_whole,
            "This is Sobel's kernel in whole numbers, not divided by 8. Both are in use; your numbers below will be 8 "
            "times the book's, which are brightness per pixel.",
        ),
        Convention(
            "scikit_image",
            edges_of_scikit_image,
            "This is scikit-image's convention (divided by 4, and by the root of 2 for the two directions). Both are in "
            "use; your numbers below will be 1.4 times the book's.",
        ),
    ),
    verified="both directions, the length of the arrow, no frame",
)

EXERCISES = (CONVOLVE2D, OUTPUT_SIZE, SEPARABLE_BLUR, SOBEL_EDGES, RECEPTIVE_FIELD)
