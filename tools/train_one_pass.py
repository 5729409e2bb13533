"""Train the network of chapter 16 and write it to book/data/: one_pass.safetensors, one_pass.onnx and one_pass.json.

    python tools/train_one_pass.py                   all of it, some 20 minutes of one core
    python tools/train_one_pass.py --state FILE      keep the state there each minute, and go on from it if it is there
    python tools/train_one_pass.py --steps 40        shorter, to try it
    python tools/train_one_pass.py --device cuda     on a GPU, with the same draws as on the CPU
    python tools/train_one_pass.py --measure         only graph and figures anew, of the network that is there

It learns from photographs that scikit-image and matplotlib bring along and from pictures drawn here; the course shows none
of them. The figures in one_pass.json are of the course's own photographs, which it never saw. A training is decided by its
seed; on another kind of processor the numbers drift apart.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from one_pass_graph import write_graph  # beside this script
from torch import Tensor

from nstlib import course, one_pass
from nstlib.apps.fast.photos import as_picture, stock_photos
from nstlib.features import Features, load_network
from nstlib.formats.files import replacing
from nstlib.images import load_image, picture, pictures
from nstlib.metrics import held_out_distance

STEPS, SEED, CROPS = 9720, 0, 288
STYLE_SIZE, MEASURED_SIZE = 224, 160
# The course has seven styles. The eighth is the mosaic with tiles twice as large: size is part of a style.
LARGE = "large mosaic"
EVERY = 60.0  # seconds between two states


def style_pictures() -> dict[str, Tensor]:
    """Return the styles by name, in order."""
    styles = {name: load_image(picture(name), size=STYLE_SIZE) for name in pictures("style")}
    twice = load_image(picture("mosaic"), size=2 * STYLE_SIZE)
    height, width = (side // 2 for side in twice.shape[2:])
    return {**styles, LARGE: twice[..., height // 2 : height // 2 + height, width // 2 : width // 2 + width]}


def training_photos(generator: torch.Generator) -> list[Tensor]:
    """Return pictures that the course does not show, each (1, 3, H, W), each at two sizes."""
    import matplotlib.cbook
    from matplotlib.image import imread

    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = imread(file, format="jpg")
    return stock_photos(generator, [as_picture(hopper)])


def train(
    steps: int, state: Path | None, network: Features, say: Callable[[str], None], *, device: str = "cpu"
) -> dict[str, Tensor]:
    """Train, and write the network; return the styles by name."""
    generator = torch.Generator().manual_seed(SEED)
    photos = [photo.to(device) for photo in training_photos(generator)]
    pieces = one_pass.cut_crops(photos, network, count=CROPS, generator=generator)
    wanted = {name: style.to(device) for name, style in style_pictures().items()}
    model = one_pass.OnePass(generator=generator).to(device)
    training = one_pass.Training(
        model,
        one_pass.plain_styles(model, len(wanted)),
        pieces,
        one_pass.style_goals(wanted.values(), network),
        network,
        steps=steps,
        generator=generator,
    )
    index = _resumed(training, state)
    saved, started, spent = time.monotonic(), time.process_time(), []
    while index < steps:
        spent.append(training.step())
        index += 1
        if index % 100 == 0 or index == steps:
            content, style = (sum(getattr(s, n) for s in spent) / len(spent) for n in ("content", "style"))
            say(f"step {index}: content {content:.2f}, style {style:.3f}, {time.process_time() - started:.0f} s of CPU")
            spent = []
        if state and (time.monotonic() - saved > EVERY or index == steps):
            with replacing(state, error=OSError) as temporary:
                torch.save(training.state_dict(), temporary)
            saved = time.monotonic()
    styles = dict(zip(wanted, training.styles.detach(), strict=True))
    one_pass.save_one_pass(model, styles, one_pass.SAVED)
    return styles


def _resumed(training: one_pass.Training, state: Path | None) -> int:
    """Let a training go on from its state, if there is one; return how many steps were made."""
    if state is None or not state.is_file():
        return 0
    saved = torch.load(state, weights_only=True, map_location="cpu")
    training.load_state_dict(saved)
    return saved["index"]


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
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how many (default {STEPS})")
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
