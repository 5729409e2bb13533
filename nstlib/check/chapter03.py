"""Exercises of chapter 03, features, with the mistakes that people make in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import features as library
from nstlib.check.exercise import Case, Exercise, Function, Law, Mistake, close, normal, scattered, uniform

CHAPTER = "03_features"

# feature_shapes ---------------------------------------------------------------------------------------------------------

_CHANNELS = (64, 128, 256, 512, 512)
_DEPTHS = (2, 2, 3, 3, 3)
Shapes = dict[str, tuple[int, int, int]]


def _shapes_case(layers: tuple[str, ...], height: int, width: int) -> Case:
    return Case(f"{', '.join(layers)} of {height} x {width} pixels", lambda _: (list(layers), height, width))


def _shapes(function: Function, layers: list[str], height: int, width: int) -> Shapes:
    return {name: tuple(int(n) for n in shape) for name, shape in function(layers, height, width).items()}


def _shapes_first(function: Function) -> bool:
    return _shapes(function, ["conv1_1", "relu1_2"], 37, 53) == {"conv1_1": (64, 37, 53), "relu1_2": (64, 37, 53)}


def _shapes_relu(function: Function) -> bool:
    found = _shapes(function, ["conv4_1", "relu4_1"], 123, 201)
    return found["conv4_1"] == found["relu4_1"]


def _shapes_pool(function: Function) -> bool:
    found = _shapes(function, ["pool2", "conv3_1"], 123, 201)
    return found["pool2"][1:] == found["conv3_1"][1:] and found["pool2"][0] == 128 and found["conv3_1"][0] == 256


def _shapes_imagenet(function: Function) -> bool:
    return _shapes(function, ["conv5_3", "pool5"], 224, 224) == {"conv5_3": (512, 14, 14), "pool5": (512, 7, 7)}


def _shapes_turned(function: Function) -> bool:
    wide, tall = (_shapes(function, ["pool3"], *size)["pool3"] for size in ((90, 200), (200, 90)))
    return wide == (tall[0], tall[2], tall[1]) and wide[1] < wide[2]


def _shape(layer: str, height: int, width: int, channels: tuple[int, ...] = _CHANNELS, extra: int = 0) -> tuple:
    block = int(layer[4])
    halvings = block - (0 if layer.startswith("pool") else 1) + extra
    return channels[block - 1], height // 2**halvings, width // 2**halvings


def shapes_pooled_early(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, height, width, extra=0 if name.startswith("pool") else 1) for name in layers}


def shapes_rounded_up(layers: Iterable[str], height: int, width: int) -> Shapes:
    def ceiling(name: str) -> tuple[int, int, int]:
        channels, low, left = _shape(name, -height, -width)
        return channels, -low, -left

    return {name: ceiling(name) for name in layers}


def shapes_doubling_on(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, height, width, (64, 128, 256, 512, 1024)) for name in layers}


def shapes_channels_last(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: (*_shape(name, height, width)[1:], _shape(name, height, width)[0]) for name in layers}


def shapes_width_first(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, width, height) for name in layers}


def shapes_without_padding(layers: Iterable[str], height: int, width: int) -> Shapes:
    def shrunk(name: str, size: int) -> int:
        block = int(name[4])
        place = _DEPTHS[block - 1] if name.startswith("pool") else int(name[6])
        for depth in _DEPTHS[: block - 1]:
            size = (size - 2 * depth) // 2
        size -= 2 * place
        return size // 2 if name.startswith("pool") else size

    return {name: (_CHANNELS[int(name[4]) - 1], shrunk(name, height), shrunk(name, width)) for name in layers}


def shapes_pool_not_halved(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: _shape(name, height, width, extra=-1 if name.startswith("pool") else 0) for name in layers}


def shapes_never_halved(layers: Iterable[str], height: int, width: int) -> Shapes:
    return {name: (_shape(name, height, width)[0], height, width) for name in layers}


def shapes_divided(layers: Iterable[str], height: int, width: int) -> Shapes:
    found = {}
    for name in layers:
        halvings = int(name[4]) - (0 if name.startswith("pool") else 1)
        found[name] = (_CHANNELS[int(name[4]) - 1], height / 2**halvings, width / 2**halvings)
    return found


FEATURE_SHAPES = Exercise(
    name="feature_shapes",
    chapter=CHAPTER,
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
    ),
    laws=(
        Law("the first block has the image's own height and width, and 64 channels", _shapes_first),
        Law("a ReLU has the shape of its convolution", _shapes_relu),
        Law("a pooling has the size of the block after it, and the channels of its own", _shapes_pool),
        Law("an image of 224 x 224 pixels ends as 512 channels of 7 x 7", _shapes_imagenet),
        Law("an image turned on its side has features turned on their side", _shapes_turned),
    ),
    mistakes=(
        Mistake(
            "pooled_too_early",
            shapes_pooled_early,
            "The convolutions are halved once too often. The pooling stands at the *end* of its block: how many come "
            "before conv1_1?",
        ),
        Mistake(
            "rounded_up",
            shapes_rounded_up,
            "Odd sizes are rounded up. A window of 2 with a step of 2 that does not fit any more is left out: `//`.",
        ),
        Mistake(
            "doubling_past_512",
            shapes_doubling_on,
            "The channels are doubled once more in block 5. VGG stops at 512: 64, 128, 256, 512, 512.",
        ),
        Mistake(
            "channels_last",
            shapes_channels_last,
            "The order is (H, W, C), as NumPy and Keras have it. PyTorch's is (C, H, W).",
        ),
        Mistake("width_first", shapes_width_first, "Height and width are swapped. The order is (C, H, W)."),
        Mistake(
            "without_padding",
            shapes_without_padding,
            "Each convolution takes 2 pixels off. VGG's convolutions are padded by 1 on each side: what size do they "
            "return?",
        ),
        Mistake(
            "pool_not_halved",
            shapes_pool_not_halved,
            "The pooling layers have the size of what goes into them. What comes out of pool1?",
        ),
        Mistake(
            "never_halved",
            shapes_never_halved,
            "All layers have the image's size. Which layers of VGG make the picture smaller?",
        ),
        Mistake(
            "divided_with_rest",
            shapes_divided,
            "The sizes are fractions: `/` was used where half a pixel cannot be. Which operator drops the rest?",
        ),
    ),
    verified="channels, poolings and rounding, without running a network",
)


# extract ----------------------------------------------------------------------------------------------------------------

Stages = list[tuple[str, Callable[[Tensor], Tensor]]]


def _convolution(seed: int, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
    weight = normal(seed, 3, 3, 3, 3, dtype=dtype) / 4
    return lambda x: F.conv2d(x, weight, padding=1)


def _rectify_in_place(x: Tensor) -> Tensor:
    return x.relu_()


def _center_in_place(x: Tensor) -> Tensor:
    return x.sub_(0.5)


def _stages(seed: int, dtype: torch.dtype, *, first_in_place: bool = False) -> Stages:
    first = [("center", _center_in_place)] if first_in_place else []
    return [
        *first,
        ("conv1_1", _convolution(seed, dtype)),
        ("relu1_1", _rectify_in_place),
        ("conv1_2", _convolution(seed + 1, dtype)),
        ("relu1_2", _rectify_in_place),
        ("pool1", lambda x: F.max_pool2d(x, 2)),
        ("conv2_1", _convolution(seed + 2, dtype)),
        ("relu2_1", _rectify_in_place),
    ]


def _extract_case(
    seed: int, shape: tuple[int, ...], layers: tuple[str, ...], *, loose: bool = False, first_in_place: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Stages, list[str]]:
        image = uniform(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _stages(seed, dtype, first_in_place=first_in_place), list(layers)

    kind = (", not contiguous" if loose else "") + (", first stage in place" if first_in_place else "")
    return Case(f"image {shape}{kind}; layers {', '.join(layers)}", make)


def _watch_extract(function: Function, arguments: tuple) -> dict[str, object]:
    """Return what is extracted, and how many stages were run for it."""
    image, stages, layers = arguments
    runs = []

    def counted(stage: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def run(x: Tensor) -> Tensor:
            runs.append(1)
            return stage(x)

        return run

    found = function(image, [(name, counted(stage)) for name, stage in stages], layers)
    return {"the activations": found, "the number of stages that were run": len(runs)}


def _extracted(function: Function, layers: list[str], *, first_in_place: bool = False) -> dict:
    image = uniform(5, 1, 3, 6, 7)
    result = _watch_extract(function, (image, _stages(5, torch.float32, first_in_place=first_in_place), layers))
    return {**result, "image": image}


def _extract_no_deeper(function: Function) -> bool:
    return _extracted(function, ["conv1_1"])["the number of stages that were run"] == 1


def _extract_image_kept(function: Function) -> bool:
    return torch.equal(_extracted(function, ["conv1_1"], first_in_place=True)["image"], uniform(5, 1, 3, 6, 7))


def _extract_signs(function: Function) -> bool:
    found = _extracted(function, ["conv1_1", "relu1_1"])["the activations"]
    return bool((found["conv1_1"] < 0).any()) and close(found["conv1_1"].relu(), found["relu1_1"])


def _extract_any_order(function: Function) -> bool:
    one = _extracted(function, ["relu1_2", "conv1_1"])["the activations"]
    other = _extracted(function, ["conv1_1", "relu1_2"])["the activations"]
    return set(one) == set(other) and all(close(one[name], other[name]) for name in one)


def _extract_only_asked(function: Function) -> bool:
    return set(_extracted(function, ["pool1", "conv1_2"])["the activations"]) == {"pool1", "conv1_2"}


def _extract_alone(function: Function) -> bool:
    together = _extracted(function, ["conv1_2", "relu2_1"])["the activations"]
    return close(_extracted(function, ["relu2_1"])["the activations"]["relu2_1"], together["relu2_1"])


def _extract(
    image: Tensor,
    stages: Stages,
    layers: Iterable[str],
    *,
    keep: bool = True,
    stop: bool = True,
    safe: bool = True,
) -> dict[str, Tensor]:
    """Extract with one of three precautions left out: cloning what is kept, stopping in time, sparing the image."""
    wanted, found, x = set(layers), {}, image.clone() if safe else image
    for name, stage in stages:
        x = stage(x)
        if name in wanted:
            found[name] = x.clone() if keep else x
        if stop and len(found) == len(wanted):
            break
    return found


def extract_past_the_deepest(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, stop=False)


def extract_past_the_deepest_on_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, stop=False, safe=False)


def extract_overwritten(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False)


def extract_overwritten_on_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False, safe=False)


def extract_overwritten_to_the_end(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False, stop=False)


def extract_carelessly(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False, stop=False, safe=False)


def extract_on_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, safe=False)


def extract_each_from_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    found = {}
    for name, stage in stages:
        if len(found) == len(set(layers)):
            break
        x = stage(image.clone())
        if name in layers:
            found[name] = x
    return found


def extract_each_from_the_image_to_the_end(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    outputs = {name: stage(image.clone()) for name, stage in stages}
    return {name: outputs[name] for name in layers}


def extract_inputs(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    wanted, found, x = set(layers), {}, image.clone()
    for name, stage in stages:
        if name in wanted:
            found[name] = x.clone()
        x = stage(x)
        if len(found) == len(wanted):
            break
    return found


def extract_inputs_and_stop(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    wanted, found, x = set(layers), {}, image.clone()
    for name, stage in stages:
        if name in wanted:
            found[name] = x.clone()
        if len(found) == len(wanted):
            break
        x = stage(x)
    return found


def extract_deepest_only(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    found = _extract(image, stages, layers)
    return dict([list(found.items())[-1]])


def extract_every_layer(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    found, x = {}, image.clone()
    for name, stage in stages:
        x = stage(x)
        found[name] = x.clone()
        if set(layers) <= set(found):
            break
    return found


def extract_everything(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, [name for name, _ in stages])


def extract_without_gradient(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    with torch.no_grad():
        return _extract(image, stages, layers)


EXTRACT = Exercise(
    name="extract",
    chapter=CHAPTER,
    title="Look inside a network",
    difficulty=2,
    minutes=15,
    signature="extract(image, stages, layers)",
    hints=(
        "A network is a pipeline: each stage works on what the one before has made. Walk along it, and put aside what "
        "was asked for.",
        "Two traps. Some stages work *in place*: what you put aside, and the image itself, would be overwritten, so keep "
        "copies. And once you have the deepest layer that was asked for, stop.",
        "`x = image.clone()`; for each stage `x = stage(x)`, and `found[name] = x.clone()` if the name was asked for; "
        "`break` when `len(found) == len(layers)`.",
    ),
    reference=library.extract,
    cases=(
        _extract_case(1, (1, 3, 6, 7), ("conv1_1", "relu1_2")),
        _extract_case(2, (2, 3, 8, 5), ("pool1", "conv1_2")),
        _extract_case(3, (2, 3, 4, 9), ("relu1_1", "conv2_1"), loose=True),
        _extract_case(4, (1, 3, 7, 4), ("conv1_1", "conv1_2", "relu2_1"), first_in_place=True),
    ),
    laws=(
        Law("no stage is run that is deeper than the deepest layer asked for", _extract_no_deeper),
        Law("the image stays as it was, even if the first stage works in place", _extract_image_kept),
        Law("a convolution keeps its negative numbers, though a ReLU in place comes next", _extract_signs),
        Law("the order in which layers are asked for does not matter", _extract_any_order),
        Law("just the layers asked for are returned", _extract_only_asked),
        Law("a layer is the same, whichever others are asked for", _extract_alone),
    ),
    mistakes=(
        Mistake(
            "past_the_deepest",
            extract_past_the_deepest,
            "The activations are right, but stages are run whose result nobody asked for: most of VGG's time is spent "
            "there. When could the loop stop?",
            (extract_past_the_deepest_on_the_image,),
        ),
        Mistake(
            "overwritten_in_place",
            extract_overwritten,
            "A convolution that you kept has lost its negative numbers: the ReLU after it works in place, on the same "
            "memory. What could be kept instead of the tensor itself?",
            (extract_overwritten_on_the_image, extract_overwritten_to_the_end, extract_carelessly),
        ),
        Mistake(
            "image_overwritten",
            extract_on_the_image,
            "The image is changed: if the first stage works in place, it works on the reader's picture. Start from a "
            "copy.",
        ),
        Mistake(
            "each_from_the_image",
            extract_each_from_the_image,
            "Each stage is fed the image. What should the second stage work on?",
            (extract_each_from_the_image_to_the_end,),
        ),
        Mistake(
            "inputs_kept",
            extract_inputs,
            "What goes *into* a layer is kept, not what comes out of it. Which comes first in the loop?",
            (extract_inputs_and_stop,),
        ),
        Mistake(
            "deepest_only",
            extract_deepest_only,
            "Only the deepest layer is returned. Where are the others put aside?",
        ),
        Mistake(
            "every_layer",
            extract_every_layer,
            "Layers are returned that nobody asked for; each is a large tensor that stays in memory.",
            (extract_everything,),
        ),
        Mistake(
            "gradient_cut",
            extract_without_gradient,
            "The numbers are right, but no gradient comes back to the image. Style transfer needs it: is there a "
            "torch.no_grad() or .detach() on the way?",
        ),
    ),
    differentiable=(0,),
    observe=_watch_extract,
    verified="the layers asked for, nothing run beyond them, nothing overwritten",
)


# dead_channels ----------------------------------------------------------------------------------------------------------


def _dead_case(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = True) -> Case:
    """Channel 0 is off everywhere, channel 1 in the first image only, channel 2 is on at one position, the rest fire."""

    def make(dtype: torch.dtype) -> tuple[Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.2
        features[:, :3] = -features[:, :3].abs() - 0.1
        features[1:, 1] *= -1
        features[0, 2, -1, 0] = 0.05
        features = features.relu() if rectified else features
        return (scattered(features) if loose else features,)

    kind = ", rectified" if rectified else ", with negative numbers"
    return Case(f"features {shape}{kind}{', not contiguous' if loose else ''}", make)


def _dead(function: Function, features: Tensor) -> list[bool]:
    return [bool(value) for value in function(features)]


def _dead_zeros(function: Function) -> bool:
    return _dead(function, torch.zeros(2, 3, 4, 5)) == [True] * 3


def _dead_one_unit(function: Function) -> bool:
    features = torch.zeros(2, 3, 4, 5)
    features[1, 2, 3, 4] = 1e-3
    return _dead(function, features) == [True, True, False]


def _dead_negative(function: Function) -> bool:
    features = torch.full((1, 2, 3, 4), -1.0)
    features[0, 1, 0, 0] = 0.5
    return _dead(function, features) == [True, False]


def _dead_relu(function: Function) -> bool:
    features = normal(5, 2, 4, 3, 2) - 1.5
    return _dead(function, features) == _dead(function, features.relu())


def _dead_strength(function: Function) -> bool:
    features = (normal(5, 2, 6, 3, 2) - 1.5).relu()
    return _dead(function, features) == _dead(function, 1000 * features) and True in _dead(function, features)


def dead_in_first_image(features: Tensor) -> Tensor:
    return ~(features[0] > 0).flatten(1).any(1)


def dead_at_any_position(features: Tensor) -> Tensor:
    return (features <= 0).transpose(0, 1).flatten(1).any(1)


def dead_zero_at_any_position(features: Tensor) -> Tensor:
    return (features == 0).transpose(0, 1).flatten(1).any(1)


def dead_on_average(features: Tensor) -> Tensor:
    return features.mean((0, 2, 3)) <= 0


def dead_equal_to_zero(features: Tensor) -> Tensor:
    return (features == 0).transpose(0, 1).flatten(1).all(1)


def dead_inverted(features: Tensor) -> Tensor:
    return (features > 0).transpose(0, 1).flatten(1).any(1)


def dead_counted(features: Tensor) -> Tensor:
    return (features > 0).sum((0, 2, 3))


def dead_total(features: Tensor) -> int:
    return int(library.dead_channels(features).sum())


def dead_in_each_image(features: Tensor) -> Tensor:
    return ~(features > 0).flatten(2).any(2)


def dead_in_some_image(features: Tensor) -> Tensor:
    return dead_in_each_image(features).any(0)


DEAD_CHANNELS = Exercise(
    name="dead_channels",
    chapter=CHAPTER,
    title="Channels that never fire",
    difficulty=1,
    minutes=6,
    signature="dead_channels(features)",
    hints=(
        "One positive activation, anywhere, in any image, is enough for a channel to be alive.",
        "Ask of each number whether it is > 0; then whether *any* is, over the images and over both axes of "
        "positions; then turn the answer around.",
        "`~(features > 0).any(3).any(2).any(0)`",
    ),
    reference=library.dead_channels,
    cases=(
        _dead_case(1, (2, 5, 3, 4)),
        _dead_case(2, (2, 6, 4, 3), rectified=False),
        _dead_case(3, (3, 4, 2, 5), loose=True),
        _dead_case(4, (2, 7, 5, 2), rectified=False, loose=True),
    ),
    laws=(
        Law("where nothing fires, every channel is dead", _dead_zeros),
        Law("a single positive unit in the last image keeps its channel alive", _dead_one_unit),
        Law("a channel with negative numbers only is dead", _dead_negative),
        Law("a ReLU changes nothing about which channels are dead", _dead_relu),
        Law("how strongly a channel fires does not matter", _dead_strength),
    ),
    mistakes=(
        Mistake(
            "first_image_only",
            dead_in_first_image,
            "Only the first image is looked at. A channel that waits for another picture is not dead.",
        ),
        Mistake(
            "any_position_counts",
            dead_at_any_position,
            "One position that is off makes a channel dead here. All have to be: any or all?",
            (dead_zero_at_any_position,),
        ),
        Mistake(
            "dead_on_average",
            dead_on_average,
            "The mean decides here. Before a ReLU a channel may be negative on average and still fire somewhere.",
        ),
        Mistake(
            "equal_to_zero",
            dead_equal_to_zero,
            "This asks whether everything is exactly 0, which is only so after a ReLU. A channel of negative numbers "
            "never fires either: compare with > 0.",
        ),
        Mistake("inverted", dead_inverted, "It is the wrong way round: True stands where a channel is alive."),
        Mistake(
            "counted",
            dead_counted,
            "This counts. For each channel True or False is asked for: is the count 0?",
            (dead_total,),
        ),
        Mistake(
            "for_each_image",
            dead_in_each_image,
            "The images of the batch are judged one by one. A channel is dead if it fires in none of them.",
            (dead_in_some_image,),
        ),
    ),
    verified="one positive unit, in whichever image, keeps a channel alive",
)


# effective_receptive_field ----------------------------------------------------------------------------------------------

Layer = Callable[[Tensor], Tensor]


def _layer(seed: int, dtype: torch.dtype, kernels: tuple[int, ...], stride: int) -> Layer:
    sizes = (3, 4, 2)
    weights = [
        normal(seed + k, sizes[k + 1], sizes[k], size, size, dtype=dtype) / size for k, size in enumerate(kernels)
    ]

    def run(x: Tensor) -> Tensor:
        for k, weight in enumerate(weights):
            x = F.conv2d(x if k == 0 else torch.tanh(x), weight, stride=stride, padding=weight.shape[-1] // 2)
        return x

    return run


def _field_case(
    seed: int, height: int, width: int, kernels: tuple[int, ...], stride: int = 1, *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[Layer, Tensor]:
        image = uniform(seed, 1, 3, height, width, dtype=dtype)
        return _layer(seed, dtype, kernels, stride), scattered(image) if loose else image

    stack = " and ".join(f"{k} x {k}" for k in kernels)
    kind = ", not contiguous in memory" if loose else ""
    return Case(f"convolutions {stack} with step {stride}, image (1, 3, {height}, {width}){kind}", make)


def _field(function: Function, kernels: tuple[int, ...] = (3, 3), factor: float = 1.0) -> Tensor:
    layer = _layer(9, torch.float32, kernels, 1)
    return torch.as_tensor(function(lambda x: factor * layer(x), uniform(9, 1, 3, 9, 11)))


def _field_peak(function: Function) -> bool:
    field = _field(function)
    return close(field.max(), 1.0) and bool((field >= 0).all())


def _field_support(function: Function) -> bool:
    field = _field(function)
    outside = field.clone()
    outside[2:7, 3:8] = 0  # two 3 x 3 convolutions see 5 x 5 pixels
    return bool((outside == 0).all()) and bool((field[2:7, 3:8] > 0).all())


def _field_of_a_pixel(function: Function) -> bool:
    expected = torch.zeros(9, 11)
    expected[4, 5] = 1
    return close(_field(function, (1,)), expected)


def _field_strength(function: Function) -> bool:
    return close(_field(function, factor=-7.0), _field(function))


def _field_colors(function: Function) -> bool:
    def layer(x: Tensor) -> Tensor:
        return x[:, :1] - x[:, 1:2]  # what one color adds, the other takes away

    return close(torch.as_tensor(function(layer, uniform(9, 1, 3, 5, 7)))[2, 3], 1.0)


def _pixel_gradient(layer: Layer, image: Tensor, place: Callable[[Tensor], Tensor]) -> Tensor:
    leaf = image.detach().clone().requires_grad_(True)
    return torch.autograd.grad(place(layer(leaf)).sum(), leaf)[0][0]


def _center(features: Tensor) -> Tensor:
    return features[0, :, features.shape[2] // 2, features.shape[3] // 2]


def field_of_all_positions(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, lambda features: features).abs().sum(0)
    return field / field.max()


def field_with_cancelling_colors(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).sum(0).abs()
    return field / field.max().clamp_min(1e-12)


def field_signed(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).sum(0)
    return field / field.max().clamp_min(1e-12)


def field_not_scaled(layer: Layer, image: Tensor) -> Tensor:
    return _pixel_gradient(layer, image, _center).abs().sum(0)


def field_scaled_to_sum(layer: Layer, image: Tensor) -> Tensor:
    field = field_not_scaled(layer, image)
    return field / field.sum()


def field_of_the_corner(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, lambda features: features[0, :, 0, 0]).abs().sum(0)
    return field / field.max()


def field_squared(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).square().sum(0)
    return field / field.max()


def field_as_length(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).square().sum(0).sqrt()
    return field / field.max()


def field_with_colors(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).abs()
    return field / field.max()


def field_with_batch(layer: Layer, image: Tensor) -> Tensor:
    field = field_not_scaled(layer, image)[None]
    return field / field.max()


def field_of_one_color(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center)[0].abs()
    return field / field.max()


def field_of_strongest_color(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, _center).abs().amax(0)
    return field / field.max()


def field_of_first_channel(layer: Layer, image: Tensor) -> Tensor:
    field = _pixel_gradient(layer, image, lambda features: _center(features)[:1]).abs().sum(0)
    return field / field.max()


EFFECTIVE_RECEPTIVE_FIELD = Exercise(
    name="effective_receptive_field",
    chapter=CHAPTER,
    title="What the middle unit really sees",
    difficulty=2,
    minutes=15,
    signature="effective_receptive_field(layer, image)",
    hints=(
        "Turn one unit in the middle and ask of each pixel: how much would you change it? That is a gradient, taken "
        "with respect to the *image*.",
        "Make a copy of the image that requires a gradient, run the layer, sum the channels at position "
        "(h // 2, w // 2), go backward. Then absolute values, summed over the colors, over their maximum.",
        "`leaf = image.clone().requires_grad_()`; `features = layer(leaf)`; `features[0, :, h // 2, w // 2].sum()"
        ".backward()`; `leaf.grad[0].abs().sum(0)`, divided by its `.max()`.",
    ),
    reference=library.effective_receptive_field,
    cases=(
        _field_case(1, 9, 11, (3, 3)),
        _field_case(2, 8, 6, (3,)),
        _field_case(3, 13, 10, (5, 3), stride=2),
        _field_case(4, 7, 12, (3, 5), loose=True),
    ),
    laws=(
        Law("its largest value is 1, and none is negative", _field_peak),
        Law("two 3 x 3 convolutions see 5 x 5 pixels around the middle, and none outside", _field_support),
        Law("a 1 x 1 convolution sees the pixel in the middle only", _field_of_a_pixel),
        Law("a layer times -7 sees the same", _field_strength),
        Law("colors that pull in opposite directions do not cancel", _field_colors),
    ),
    mistakes=(
        Mistake(
            "all_positions",
            field_of_all_positions,
            "The gradient of *all* positions is taken, so nearly every pixel counts. Which single position is asked for?",
        ),
        Mistake(
            "colors_cancel",
            field_with_cancelling_colors,
            "The colors are summed before the absolute value, so that plus and minus cancel. Which comes first?",
            (field_signed,),
        ),
        Mistake(
            "not_scaled",
            field_not_scaled,
            "The shape of the field is right, but its maximum is not 1. Layers can only be compared once it is.",
            (field_scaled_to_sum,),
        ),
        Mistake(
            "corner",
            field_of_the_corner,
            "This is what the corner at [0, 0] sees. The middle is at [h // 2, w // 2] of the *features*.",
        ),
        Mistake(
            "squared",
            field_squared,
            "The gradient is squared here. Absolute values are asked for: squares make the field look smaller.",
            (field_as_length,),
        ),
        Mistake(
            "colors_left",
            field_with_colors,
            "The axis of colors (or of the batch) is still there. One number for each pixel is asked for: (H, W).",
            (field_with_batch,),
        ),
        Mistake(
            "one_color_only",
            field_of_one_color,
            "Only one color counts for each pixel. Sum over all three.",
            (field_of_strongest_color,),
        ),
        Mistake(
            "one_channel_only",
            field_of_first_channel,
            "This is what one channel sees. Sum over all channels at the position before going backward.",
        ),
    ),
    verified="the gradient of the middle unit, color by color, scaled to 1",
)

EXERCISES = (FEATURE_SHAPES, EXTRACT, DEAD_CHANNELS, EFFECTIVE_RECEPTIVE_FIELD)
