"""``nst dream``: whatever a layer sees in a photo gets stronger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib.cli.console import STOPPED, duration, note, one_line_errors, say, warn
from nstlib.cli.inputs import MOST, check_seed, find_picture
from nstlib.cli.options import NetworkName, option
from nstlib.defaults import DREAM_LAYER, ITERATIONS, NETWORKS, OCTAVES, QUALITIES
from nstlib.errors import choice, whole_number

if TYPE_CHECKING:
    from torch import Tensor

    from nstlib.visualization import Frame

EXAMPLES = """Examples:

[bold]nst dream cat[/bold] takes one of the course's pictures and writes cat_dream.png.

[bold]nst dream photo.jpg -o out.png --layer relu5_1 --octaves 5 --size 384[/bold]

[bold]nst dream china --guide flower[/bold] dreams of what is in another picture.
"""


Photo = Annotated[str, typer.Argument(metavar="PHOTO", help="Where it starts: a file, or a name like cat.")]
Output = Annotated[Path | None, option("FILE", "Where to write it.", "--output", "-o", show_default="PHOTO_dream.png")]
Octaves = Annotated[int, option("N", "How many sizes, each 1.4 times the one before.")]
Guide = Annotated[str | None, option("PICTURE", "Dream of what is in this one.", show_default="free")]


def dream(
    photo: Photo,
    output: Output = None,
    layer: Annotated[str, option("NAME", "Whose activations grow.")] = DREAM_LAYER,
    octaves: Octaves = OCTAVES,
    iterations: Annotated[int, option("N", "How many steps at each size.")] = ITERATIONS,
    guide: Guide = None,
    size: Annotated[int, option("N", "Longer side of the result in pixels.")] = QUALITIES["normal"][0],
    network: NetworkName = NETWORKS[0],
    seed: Annotated[int, option("N", "Of the shifts. Same seed, same pixels.")] = 0,
) -> None:
    """Let a network dream: whatever a layer sees in PHOTO gets stronger.

    Ctrl-C stops early and keeps the image so far.
    """
    with one_line_errors(exit_code=2):
        source, guide_path = find_picture(photo), None if guide is None else find_picture(guide)
        target = Path(f"{source.stem}_dream.png") if output is None else output
        _check_numbers(octaves, iterations, size, seed)
        _check_files(source, guide_path, target, size)
        _check_layer(layer, network)
        import torch

        from nstlib import dream as dreams
        from nstlib.features import Features, load_network
        from nstlib.formats.masks import load_alpha
        from nstlib.images import load_image

        image = load_image(source, size=size)
        guide_image = None if guide_path is None else load_image(guide_path, size=size)
        chosen = {"octaves": octaves, "iterations": iterations, "generator": torch.Generator().manual_seed(seed)}
        dreams.dream(
            image, Features(network, {}), layer, **chosen
        )  # refuses what does not fit before weights are fetched
        steps = dreams.dream(image, load_network(network), layer, guide=guide_image, **chosen)
        alpha = load_alpha(source, size=size)
    height, width = image.shape[2:]
    say(f"{width} x {height} px, {octaves} octaves of {iterations} steps, {layer} of {network}.")
    _dream(steps, octaves * iterations, (height, width), target, alpha)


def _check_numbers(octaves: int, iterations: int, size: int, seed: int) -> None:
    for name, value in (("octaves", octaves), ("iterations", iterations), ("size", size)):
        whole_number(f"--{name}", value, 1, MOST)
    check_seed(seed)


def _check_layer(layer: str, network: str) -> None:
    from nstlib.vgg import ARCHITECTURES

    ARCHITECTURES[choice("network", network, ARCHITECTURES)].canonical(layer)


def _check_files(photo: Path, guide: Path | None, target: Path, size: int) -> None:
    """Check what would else be found only after a network was downloaded, or when the dream is over."""
    from nstlib.apps.outputs import Output as Written
    from nstlib.apps.outputs import check_outputs, check_places, check_space
    from nstlib.formats.opening import loaded_size

    sources = [photo] if guide is None else [photo, guide]
    (width, height), *_ = [loaded_size(source, size) for source in sources]
    written = [Written(target, "the result")]
    check_outputs(written, sources)
    check_places(written)
    check_space(target, 3 * width * height)


def _dream(steps: Iterator[Frame], total: int, size: tuple[int, int], target: Path, alpha: Tensor | None) -> None:
    """Follow a dream to its end, or to the step after which it was asked to stop, and write its last image."""
    from tqdm import tqdm

    from nstlib.apps.painting.keeper import write_somewhere
    from nstlib.apps.painting.stopping import stoppable
    from nstlib.images import resize_to, save_image

    begin = time.perf_counter()
    with stoppable(note) as stop, tqdm(total=total, unit="step", dynamic_ncols=True) as bar:
        for step in steps:
            bar.set_postfix(octave=step.octave + 1, activity=f"{step.value:.3g}", refresh=False)
            bar.update(step.index - bar.n)
            if stop.signal is not None:
                break
    with one_line_errors(exit_code=1):
        image = resize_to(step.image, size)
        path = write_somewhere(lambda place: save_image(image, place, alpha=alpha), target, warn=warn)
    if step.index < total:
        warn(f"Stopped. Wrote the image so far, of step {step.index}, to {path}.")
        raise typer.Exit(STOPPED[stop.signal])
    say(f"Wrote {path} after {total} steps in {duration(time.perf_counter() - begin)}.")
