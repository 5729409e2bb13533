"""``nst dream``: whatever a layer sees in a photo gets stronger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib.cli.console import STOPPED, duration, note, one_line_errors, warn
from nstlib.cli.inputs import TRAINED, check_seed, find_picture
from nstlib.errors import ImageError, choice

if TYPE_CHECKING:
    from torch import Tensor

    from nstlib.visualization import Frame

EXAMPLES = """Examples:

[bold]nst dream cat[/bold] takes one of the course's pictures and writes cat_dream.png.

[bold]nst dream photo.jpg -o out.png --layer relu5_1 --octaves 5 --size 384[/bold]

[bold]nst dream china --guide flower[/bold] dreams of what is in another picture.
"""


def dream(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="Where it starts: a file, or a name like cat.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it.", show_default="PHOTO_dream.png"),
    ] = None,
    layer: Annotated[str, typer.Option(metavar="NAME", help="Whose activations grow.")] = "relu4_3",
    octaves: Annotated[int, typer.Option(metavar="N", help="How many sizes, each 1.4 times the one before.")] = 4,
    iterations: Annotated[int, typer.Option(metavar="N", help="How many steps at each size.")] = 10,
    guide: Annotated[
        str | None, typer.Option(metavar="PICTURE", help="Dream of what is in this one.", show_default="free")
    ] = None,
    size: Annotated[int, typer.Option(metavar="N", help="Longer side of the result in pixels.")] = 256,
    network: Annotated[str, typer.Option(metavar="NAME", help=f"{TRAINED} or tiny (random).")] = "vgg16",
    seed: Annotated[int, typer.Option(metavar="N", help="Of the shifts. Same seed, same pixels.")] = 0,
) -> None:
    """Let a network dream: whatever a layer sees in PHOTO gets stronger.

    Ctrl-C stops early and keeps the image so far.
    """
    with one_line_errors(exit_code=2):
        source, target = find_picture(photo), output
        target = Path(f"{source.stem}_dream.png") if target is None else target
        guide_path = None if guide is None else find_picture(guide)
        _check_dream(source, guide_path, target, layer, network, seed)
        import torch

        from nstlib import dream as dreams
        from nstlib.features import load_network
        from nstlib.images import load_alpha, load_image

        image = load_image(source, size=size)
        steps = dreams.dream(
            image,
            load_network(network),
            layer,
            guide=None if guide_path is None else load_image(guide_path, size=size),
            octaves=octaves,
            iterations=iterations,
            generator=torch.Generator().manual_seed(seed),
        )
        alpha = load_alpha(source, size=size)
    height, width = image.shape[2:]
    typer.echo(f"{width} x {height} px, {octaves} octaves of {iterations} steps, {layer} of {network}.")
    _dream(steps, octaves * iterations, (height, width), target, alpha)


def _check_dream(photo: Path, guide: Path | None, target: Path, layer: str, network: str, seed: int) -> None:
    """Check what would else be found only after a network was downloaded."""
    from nstlib.images import check_writable
    from nstlib.vgg import ARCHITECTURES

    ARCHITECTURES[choice("network", network, ARCHITECTURES)].canonical(layer)
    check_seed(seed)
    check_writable(target)
    for source in (photo, guide):
        if source is not None and target.exists() and source.exists() and target.samefile(source):
            raise ImageError(f"{target} is one of the pictures to start from. Choose another name for the result.")


def _dream(steps: Iterator[Frame], total: int, size: tuple[int, int], target: Path, alpha: Tensor | None) -> None:
    """Follow a dream to its end, or to the step after which it was asked to stop, and write its last image."""
    from tqdm import tqdm

    from nstlib.apps.jobs import stoppable
    from nstlib.images import resize_to, save_image

    begin = time.perf_counter()
    with stoppable(note) as stop, tqdm(total=total, unit="step", dynamic_ncols=True) as bar:
        for step in steps:
            bar.set_postfix(octave=step.octave + 1, activity=f"{step.value:.3g}", refresh=False)
            bar.update(step.index - bar.n)
            if stop.signal is not None:
                break
    with one_line_errors(exit_code=1):
        path = save_image(resize_to(step.image, size), target, alpha=alpha)
    if step.index < total:
        warn(f"Stopped. Wrote the image so far, of step {step.index}, to {path}.")
        raise typer.Exit(STOPPED[stop.signal])
    typer.echo(f"Wrote {path} after {total} steps in {duration(time.perf_counter() - begin)}.")
