"""Train the network of chapter 16 and write it to book/data/: one_pass.safetensors, one_pass.onnx and one_pass.json.

    python tools/train_one_pass.py                   all of it, some three hours of one core
    python tools/train_one_pass.py --state FILE      keep the state there each minute, and go on from it if it is there
    python tools/train_one_pass.py --steps 40        at most so many steps a lesson, to try it
    python tools/train_one_pass.py --device cuda     on a GPU, with the same draws as on the CPU
    python tools/train_one_pass.py --measure         only graph and figures anew, of the network that is there

It learns in six lessons. The first is chapter 16's. The second goes on from it, with twice the weight of the style, one
deeper layer and more photos: statistics of deep layers are those of larger pieces, stones and strokes. The third does so
once more: one layer deeper still, larger crops, in which such a layer has something to count, and two more blocks, which
begin as doing nothing. By then stones were stones, and the cats beneath them gone; it was stopped there. The fourth gives
up the deepest layer and asks for the scene three times as much: they were back, under an even slanting weave. What held it
was the layer of the content: relu3_1 asks for each edge where it was. The fifth, the longest, compares contents in relu4_2,
as `stylize` does, and the weave is gone. The sixth adds relu4_2 to the layers of the style, near which most of the
distance was left, and goes a little far: what is kept is two thirds of its way, a mean of weights (Wortsman et al., 2022).

It learns from photographs that scikit-image and matplotlib bring along, from those of images/training, and from pictures
drawn here; the course shows none of them. The figures in one_pass.json are of the course's own photographs, which it never
saw. A training is decided by its seeds; on another kind of processor the numbers drift apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from one_pass_graph import write_graph  # beside this script
from torch import Tensor

from nstlib import course, one_pass
from nstlib.apps.fast.photos import as_picture, fitting_sizes, stock_photos
from nstlib.features import Features, load_network
from nstlib.formats.files import replacing
from nstlib.images import load_image, picture, pictures
from nstlib.metrics import held_out_distance
from nstlib.patches import STYLES

STYLE_SIZE, MEASURED_SIZE = 224, 160
# The eighth style, beside the seven of nstlib.patches: the mosaic with tiles twice as large. Size is part of a style.
LARGE = "large mosaic"
EVERY = 60.0  # seconds between two states


@dataclass(frozen=True)
class Lesson:
    """A part of the training.

    Attributes:
        steps, seed, crops: how long, from which random numbers, with how many pieces of photos.
        rates: over how many steps the rates fall, if not over as many as there are.
        layers: in which the style is compared. weights: of content, style and total variation.
        folder: of photos, beside those that packages bring along.
        crop: side of the pieces in pixels. blocks: of the network. content: layer in which it is compared.
        share: of the way from the network that it began with to the one that it ended with, which is kept.
    """

    steps: int
    seed: int
    crops: int
    layers: tuple[str, ...] = one_pass.STYLE_LAYERS
    weights: tuple[float, float, float] = one_pass.WEIGHTS
    folder: str = ""
    crop: int = one_pass.CROP
    blocks: int = 3
    rates: int = 0
    content: str = one_pass.CONTENT_LAYER
    share: float = 1.0


DEEPER, SCENE = (*one_pass.STYLE_LAYERS, "relu4_1"), "relu4_2"
LESSONS = (
    Lesson(9720, seed=0, crops=288),
    Lesson(3000, seed=1, crops=300, layers=DEEPER, weights=(1, 10, 1), folder="training"),
    Lesson(6489, 2, 300, (*DEEPER, "relu5_1"), (1, 20, 1), "training", crop=128, blocks=one_pass.BLOCKS, rates=10000),
    Lesson(3000, 3, 300, DEEPER, (3, 20, 1), "training", crop=128, blocks=one_pass.BLOCKS),
    Lesson(12000, 4, 900, DEEPER, (2, 20, 1), "training", crop=128, blocks=one_pass.BLOCKS, content=SCENE),
    Lesson(2500, 5, 900, (*DEEPER, SCENE), (2, 30, 1), "training", 128, one_pass.BLOCKS, content=SCENE, share=0.65),
)


def style_pictures() -> dict[str, Tensor]:
    """Return the styles by name, in order."""
    styles = {name: load_image(picture(name), size=STYLE_SIZE) for name in STYLES}
    twice = load_image(picture("mosaic"), size=2 * STYLE_SIZE)
    height, width = (side // 2 for side in twice.shape[2:])
    return {**styles, LARGE: twice[..., height // 2 : height // 2 + height, width // 2 : width // 2 + width]}


def training_photos(generator: torch.Generator, folder: str = "", crop: int = one_pass.CROP) -> list[Tensor]:
    """Return pictures that the course does not show, each (1, 3, H, W), each at two sizes; those of a folder come last."""
    import matplotlib.cbook
    from matplotlib.image import imread

    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = imread(file, format="jpg")
    found = sorted((course.IMAGES / folder).glob("*.jpg")) if folder else ()
    return stock_photos(generator, [as_picture(hopper)], crop=crop) + [
        load_image(path, size=size) for path in found for size in fitting_sizes(load_image(path), crop)
    ]


def train(
    most: int | None, state: Path | None, network: Features, say: Callable[[str], None], *, device: str = "cpu"
) -> None:
    """Train lesson by lesson, at most so many steps of each, and write the network after each."""
    wanted = {name: style.to(device) for name, style in style_pictures().items()}
    saved = torch.load(state, weights_only=True, map_location="cpu") if state and state.is_file() else {"lesson": 0}
    for number, lesson in enumerate(LESSONS[saved["lesson"] :], saved["lesson"]):
        training = begun(lesson, number, wanted, network, device, most)
        began = {"model": deepcopy(training.model.state_dict()), "styles": training.styles.detach().clone()}
        if "training" in saved and number == saved["lesson"]:
            training.load_state_dict(saved["training"])
            began = saved["began"]
        for line in kept_going(training, min(lesson.steps, training.steps), {"lesson": number, "began": began}, state):
            say(f"lesson {number + 1}, {line}")
        styles = dict(zip(wanted, go_back(training, began, lesson.share), strict=True))
        one_pass.save_one_pass(training.model, styles, one_pass.SAVED)


def go_back(training: one_pass.Training, began: dict, share: float) -> Tensor:
    """Move the network to that share of the way that it went, and return its styles there."""
    ended = training.model.state_dict()
    training.model.load_state_dict({k: v.to(ended[k]).lerp(ended[k], share) for k, v in began["model"].items()})
    return began["styles"].to(training.styles).lerp(training.styles.detach(), share)


def begun(
    lesson: Lesson, number: int, wanted: dict[str, Tensor], network: Features, device: str, most: int | None
) -> one_pass.Training:
    """Return a lesson's training: the first begins with nothing, the others with what the one before has saved."""
    generator = torch.Generator().manual_seed(lesson.seed)
    photos = [photo.to(device) for photo in training_photos(generator, lesson.folder, lesson.crop)]
    pieces = one_pass.cut_crops(
        photos, network, count=lesson.crops, size=lesson.crop, layer=lesson.content, generator=generator
    )
    if number:
        model, styles = one_pass.load_one_pass(one_pass.SAVED)
        model, numbers = grown(model, torch.stack([styles[name] for name in wanted]), lesson.blocks, generator)
    else:
        model = one_pass.OnePass(blocks=lesson.blocks, generator=generator)
        numbers = one_pass.plain_styles(model, len(wanted))
    return one_pass.Training(
        model.to(device).requires_grad_(True),
        numbers,
        pieces,
        one_pass.style_goals(wanted.values(), network, lesson.layers),
        network,
        steps=(lesson.rates or lesson.steps) if most is None else min(most, lesson.steps),
        weights=lesson.weights,
        generator=generator,
    )


def grown(
    model: one_pass.OnePass, styles: Tensor, blocks: int, generator: torch.Generator
) -> tuple[one_pass.OnePass, Tensor]:
    """Return a network with more blocks that paints the same: what they add is scaled by 0."""
    more = 2 * (blocks - len(model.blocks))
    if not more:
        return model, styles
    larger, up = one_pass.OnePass(blocks=blocks, generator=generator), model.blocks.stop
    for k, convolution in enumerate(model.convolutions):
        larger.convolutions[k if k < up else k + more].load_state_dict(convolution.state_dict())
    wide, before = one_pass.WIDTHS[-1], sum(model.channels[:up])
    added = torch.zeros(len(styles), 2, more // 2, 2, wide)
    added[:, 0, :, 0] = 1  # the scale of the first norm of each block
    return larger, torch.cat([styles[..., :before], added.flatten(2), styles[..., before:]], -1)


def kept_going(training: one_pass.Training, steps: int, beside: dict, state: Path | None) -> Iterator[str]:
    """Make all steps that are left, keep the state from time to time, and yield lines that say how it goes."""
    saved, started, spent = time.monotonic(), time.process_time(), []
    while training.index < steps:
        spent.append(training.step())
        last = training.index == steps
        if training.index % 100 == 0 or last:
            content, style = (sum(getattr(s, n) for s in spent) / len(spent) for n in ("content", "style"))
            seconds = time.process_time() - started
            yield f"step {training.index}: content {content:.2f}, style {style:.3f}, {seconds:.0f} s of CPU"
            spent = []
        if state and (time.monotonic() - saved > EVERY or last):
            with replacing(state, error=OSError) as temporary:
                torch.save({**beside, "training": training.state_dict()}, temporary)
            saved = time.monotonic()


def measure(network: Features) -> dict:
    """Return held-out distances: from each style, of each of the course's photographs as it is and painted."""
    model, styles = one_pass.load_one_pass()
    wanted = style_pictures()
    photos = {name: load_image(picture(name), size=MEASURED_SIZE) for name in pictures("content")}
    figures = {}
    for style, numbers in styles.items():
        with torch.no_grad():
            painted = {name: model(photo, numbers) for name, photo in photos.items()}
        figures[style] = {
            name: [round(held_out_distance(each[name], wanted[style], network), 3) for each in (photos, painted)]
            for name in photos
        }
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, help="at most so many of each lesson")
    parser.add_argument("--state", type=Path, help="file to keep the state in")
    parser.add_argument("--device", default="cpu", help="cpu (default), or cuda")
    parser.add_argument("--measure", action="store_true", help="train nothing")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)  # so that sums are added up in the same order on every machine
    network = load_network()
    if not chosen.measure:
        train(chosen.steps, chosen.state, network, lambda line: print(line, flush=True), device=chosen.device)
    size = write_graph(*one_pass.load_one_pass(), course.DATA / "one_pass.onnx")
    figures = {"size": MEASURED_SIZE, "photo and painted": measure(network)}
    lines = [f'"{name}": {json.dumps(each)}' for name, each in figures["photo and painted"].items()]
    text = f'{{"size": {MEASURED_SIZE}, "held out, photo and painted": {{\n' + ",\n".join(lines) + "\n}}\n"
    (course.DATA / "one_pass.json").write_text(text, encoding="utf-8")
    print(f"the graph has {size / 1000:.0f} kB; figures in {course.DATA / 'one_pass.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
