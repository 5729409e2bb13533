"""The exercise ``feature_shapes``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Iterable

from nstlib import features as library
from nstlib.check.drawing import Pick, Sizes, made_by, shuffled, whole
from nstlib.check.exercise import Case, Exercise, Function, law, mistake

_CHANNELS = (64, 128, 256, 512, 512)


_DEPTHS = (2, 2, 3, 3, 3)


Shapes = dict[str, tuple[int, int, int]]


def _shapes_case(layers: tuple[str, ...], height: int, width: int) -> Case:
    return Case(f"{', '.join(layers)} of {height} x {width} pixels", lambda _: (list(layers), height, width))


def _shapes(function: Function, layers: list[str], height: int, width: int) -> Shapes:
    return {name: tuple(int(n) for n in shape) for name, shape in function(layers, height, width).items()}


@law("the first block has the image's own height and width, and 64 channels")
def first(function: Function) -> bool:
    return _shapes(function, ["conv1_1", "relu1_2"], 37, 53) == {"conv1_1": (64, 37, 53), "relu1_2": (64, 37, 53)}


@law("a ReLU has the shape of its convolution")
def relu(function: Function) -> bool:
    found = _shapes(function, ["conv4_1", "relu4_1"], 123, 201)
    return found["conv4_1"] == found["relu4_1"]


@law("a pooling has the size of the block after it, and the channels of its own")
def pool(function: Function) -> bool:
    found = _shapes(function, ["pool2", "conv3_1"], 123, 201)
    return found["pool2"][1:] == found["conv3_1"][1:] and found["pool2"][0] == 128 and found["conv3_1"][0] == 256


@law("an image of 224 x 224 pixels ends as 512 channels of 7 x 7")
def imagenet(function: Function) -> bool:
    return _shapes(function, ["conv5_3", "pool5"], 224, 224) == {"conv5_3": (512, 14, 14), "pool5": (512, 7, 7)}


@law("an image turned on its side has features turned on their side")
def turned(function: Function) -> bool:
    wide, tall = (_shapes(function, ["pool3"], *size)["pool3"] for size in ((90, 200), (200, 90)))
    return wide == (tall[0], tall[2], tall[1]) and wide[1] < wide[2]


def _shape(layer: str, height: int, width: int, channels: tuple[int, ...] = _CHANNELS, extra: int = 0) -> tuple:
    block = int(layer[4])
    halvings = block - (0 if layer.startswith("pool") else 1) + extra
    return channels[block - 1], height // 2**halvings, width // 2**halvings


@mistake(
    "The convolutions are halved once too often. The pooling stands at the *end* of its block: how many come "
    "before conv1_1?"
)
def pooled_too_early(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, height, width, extra=0 if name.startswith("pool") else 1) for name in layers}


@mistake("Odd sizes are rounded up. A window of 2 with a step of 2 that does not fit any more is left out: `//`.")
def rounded_up(layers: Iterable[str], height: int, width: int) -> Shapes:
    def ceiling(name: str) -> tuple[int, int, int]:
        channels, low, left = _shape(name, -height, -width)
        return channels, -low, -left

    return {name: ceiling(name) for name in layers}


@mistake("The channels are doubled once more in block 5. VGG stops at 512: 64, 128, 256, 512, 512.")
def doubling_past_512(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, height, width, (64, 128, 256, 512, 1024)) for name in layers}


@mistake("The order is (H, W, C), as NumPy and Keras have it. PyTorch's is (C, H, W).")
def channels_last(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: (*_shape(name, height, width)[1:], _shape(name, height, width)[0]) for name in layers}


@mistake("Height and width are swapped. The order is (C, H, W).")
def width_first(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, width, height) for name in layers}


@mistake(
    "Each convolution takes 2 pixels off. VGG's convolutions are padded by 1 on each side: what size do they return?"
)
def without_padding(layers: Iterable[str], height: int, width: int) -> Shapes:
    def shrunk(name: str, size: int) -> int:
        block = int(name[4])
        place = _DEPTHS[block - 1] if name.startswith("pool") else int(name[6])
        for depth in _DEPTHS[: block - 1]:
            size = (size - 2 * depth) // 2
        size -= 2 * place
        return size // 2 if name.startswith("pool") else size

    return {name: (_CHANNELS[int(name[4]) - 1], shrunk(name, height), shrunk(name, width)) for name in layers}


@mistake("The pooling layers have the size of what goes into them. What comes out of pool1?")
def pool_not_halved(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, height, width, extra=-1 if name.startswith("pool") else 0) for name in layers}


@mistake("All layers have the image's size. Which layers of VGG make the picture smaller?")
def never_halved(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: (_shape(name, height, width)[0], height, width) for name in layers}


@mistake("The sizes are fractions: `/` was used where half a pixel cannot be. Which operator drops the rest?")
def divided_with_rest(layers: Iterable[str], height: int, width: int) -> Shapes:
    found = {}
    for name in layers:
        halvings = int(name[4]) - (0 if name.startswith("pool") else 1)
        found[name] = (_CHANNELS[int(name[4]) - 1], height / 2**halvings, width / 2**halvings)
    return found


def _some_layers(pick: Pick, sizes: Sizes) -> list[str]:
    """Draw some layers of VGG-16, in any order."""
    known = [
        f"{kind}{block}_{k + 1}"
        for block in range(1, 6)
        for kind in ("conv", "relu")
        for k in range(_DEPTHS[block - 1])
    ]
    return shuffled(pick, [*known, *(f"pool{block}" for block in range(1, 6))])[: pick.whole(1, 6)]


EXERCISE = Exercise(
    __name__,
    title="How large is each layer?",
    difficulty=1,
    minutes=10,
    signature="feature_shapes(layers, height, width)",
    hints=(
        "Only two things change a shape in VGG: a new block changes the channels, a pooling halves the height and the "
        "width. The convolutions pad, so they keep the size.",
        "Read the block's number from the name. Before block b lie b - 1 poolings; `pool_b` itself is one more. Each "
        "rounds down, which is what `//` does.",
        "`halvings = block if name.startswith('pool') else block - 1`, then `(channels[block - 1], height // "
        "2**halvings, width // 2**halvings)`; the block is `int(name[4])` in all three kinds of name.",
    ),
    reference=library.feature_shapes,
    cases=(
        _shapes_case(("conv3_2", "relu4_1", "pool2"), 224, 200),
        _shapes_case(("conv1_1", "relu2_2", "pool1", "conv5_1"), 131, 97),
        _shapes_case(("relu5_3", "pool4", "pool5"), 257, 320),
        _shapes_case(("conv4_3",), 192, 255),
        _shapes_case(("conv1_2", "pool3"), 97, 33),
    ),
    takes={"layers": made_by(_some_layers), "height": whole(32, 300), "width": whole(32, 300)},
    verified="channels, poolings and rounding, without running a network",
)
