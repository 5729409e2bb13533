"""The exercise ``extract``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import features as library
from nstlib.check.drawing import ANY, PICTURE, Make, Pick, Sizes, shuffled, tensor, together
from nstlib.check.exercise import Case, Exercise, Function, close, law, mistake, normal, scattered, uniform

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
    """Return what is extracted, and the deepest stage that was run for it."""
    image, stages, layers = arguments
    runs = [-1]

    def watched(depth: int, stage: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def run(x: Tensor) -> Tensor:
            runs.append(depth)
            return stage(x)

        return run

    names = [name for name, _ in stages]
    given = [(name, watched(k, stage)) for k, (name, stage) in enumerate(stages)]
    found = function(image, given, layers)
    stages[:] = given  # a list that is taken apart is a changed argument
    return {"the activations": found, "the deepest stage that was run": names[max(runs)] if max(runs) >= 0 else ""}


def _extracted(function: Function, layers: list[str], *, first_in_place: bool = False) -> dict:
    image = uniform(5, 1, 3, 6, 7)
    result = _watch_extract(function, (image, _stages(5, torch.float32, first_in_place=first_in_place), layers))
    return {**result, "image": image}


@law("no stage is run that is deeper than the deepest layer asked for")
def no_deeper(function: Function) -> bool:
    return _extracted(function, ["conv1_1"])["the deepest stage that was run"] == "conv1_1"


@law("the image stays as it was, even if the first stage works in place")
def image_kept(function: Function) -> bool:
    return torch.equal(_extracted(function, ["conv1_1"], first_in_place=True)["image"], uniform(5, 1, 3, 6, 7))


@law("a convolution keeps its negative numbers, though a ReLU in place comes next")
def signs(function: Function) -> bool:
    found = _extracted(function, ["conv1_1", "relu1_1"])["the activations"]
    return bool((found["conv1_1"] < 0).any()) and close(found["conv1_1"].relu(), found["relu1_1"])


@law("the order in which layers are asked for does not matter")
def any_order(function: Function) -> bool:
    one = _extracted(function, ["relu1_2", "conv1_1"])["the activations"]
    other = _extracted(function, ["conv1_1", "relu1_2"])["the activations"]
    return set(one) == set(other) and all(close(one[name], other[name]) for name in one)


@law("just the layers asked for are returned")
def only_asked(function: Function) -> bool:
    return set(_extracted(function, ["pool1", "conv1_2"])["the activations"]) == {"pool1", "conv1_2"}


@law("a layer is the same, whichever others are asked for")
def alone(function: Function) -> bool:
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


def extract_past_the_deepest_on_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, stop=False, safe=False)


@mistake(
    "The activations are right, but stages are run whose result nobody asked for: most of VGG's time is spent "
    "there. When could the loop stop?",
    variants=(extract_past_the_deepest_on_the_image,),
)
def past_the_deepest(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, stop=False)


def extract_overwritten_on_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False, safe=False)


def extract_overwritten_to_the_end(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False, stop=False)


def extract_carelessly(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False, stop=False, safe=False)


@mistake(
    "A convolution that you kept has lost its negative numbers: the ReLU after it works in place, on the same "
    "memory. What could be kept instead of the tensor itself?",
    variants=(extract_overwritten_on_the_image, extract_overwritten_to_the_end, extract_carelessly),
)
def overwritten_in_place(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, keep=False)


@mistake(
    "The image is changed: if the first stage works in place, it works on the reader's picture. Start from a copy."
)
def image_overwritten(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, layers, safe=False)


def extract_each_from_the_image_to_the_end(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    outputs = {name: stage(image.clone()) for name, stage in stages}
    return {name: outputs[name] for name in layers}


@mistake(
    "Each stage is fed the image. What should the second stage work on?",
    variants=(extract_each_from_the_image_to_the_end,),
)
def each_from_the_image(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    found = {}
    for name, stage in stages:
        if len(found) == len(set(layers)):
            break
        x = stage(image.clone())
        if name in layers:
            found[name] = x
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


@mistake(
    "What goes *into* a layer is kept, not what comes out of it. Which comes first in the loop?",
    variants=(extract_inputs_and_stop,),
)
def inputs_kept(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    wanted, found, x = set(layers), {}, image.clone()
    for name, stage in stages:
        if name in wanted:
            found[name] = x.clone()
        x = stage(x)
        if len(found) == len(wanted):
            break
    return found


@mistake("Only the deepest layer is returned. Where are the others put aside?")
def deepest_only(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    found = _extract(image, stages, layers)
    return dict([list(found.items())[-1]])


def extract_everything(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    return _extract(image, stages, [name for name, _ in stages])


@mistake(
    "Layers are returned that nobody asked for; each is a large tensor that stays in memory.",
    variants=(extract_everything,),
)
def every_layer(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    found, x = {}, image.clone()
    for name, stage in stages:
        x = stage(x)
        found[name] = x.clone()
        if set(layers) <= set(found):
            break
    return found


@mistake(
    "The numbers are right, but no gradient comes back to the image. Style transfer needs it: is there a "
    "torch.no_grad() or .detach() on the way?"
)
def gradient_cut(image: Tensor, stages: Stages, layers: Iterable[str]) -> dict[str, Tensor]:
    with torch.no_grad():
        return _extract(image, stages, layers)


_NAMES = ("relu1", "conv1", "conv1_1", "relu1_1", "pool1", "conv1_10", "1", "relu")  # some are parts of others


def _some_stages(pick: Pick, sizes: Sizes) -> tuple[tuple[str, str], Make]:
    """Draw stages of any order, of which some work in place, and which layers are wanted, in any order, too."""
    names, seed = shuffled(pick, _NAMES)[: pick.whole(1, 6)], pick.whole(0, 999)
    layers = shuffled(pick, names)[: pick.whole(1, len(names))]
    sorts = ["center"]
    for _ in names:  # what a ReLU returned in place has to stay, or no gradient comes back through it
        free = [sort for sort in ("pool", "center", "rectify") if sort != "pool" or sort not in sorts]
        sorts.append(pick.one_of(("convolution", *(free if sorts[-1] != "rectify" else ()))))
    sorts = sorts[1:]

    def make(dtype: torch.dtype) -> tuple[Stages, list[str]]:
        convolution = _convolution(seed, dtype)
        known = {"convolution": convolution, "rectify": _rectify_in_place, "center": _center_in_place, "pool": _halve}
        return [(name, known[sort]) for name, sort in zip(names, sorts, strict=True)], list(layers)

    return (", ".join(f"{name} ({sort})" for name, sort in zip(names, sorts, strict=True)), ", ".join(layers)), make


def _halve(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2)


_STAGES, _LAYERS = together(2, _some_stages)


EXERCISE = Exercise(
    __name__,
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
    takes={"image": tensor("B 3 H W", (*ANY, *PICTURE)), "stages": _STAGES, "layers": _LAYERS},
    sizes={"H": (4, 9), "W": (4, 9)},
    differentiable=(0,),
    observe=_watch_extract,
    verified="the layers asked for, nothing run beyond them, nothing overwritten",
)
