"""What one pass costs and what it leaves to wish for: ``nst fast`` against ``nst stylize``, by size, and a film.

    python bench/fast.py                    all of it, some ten minutes on two cores
    python bench/fast.py pictures sizes     at 256 px beside stylize; pixels a second and memory from 256 to 2048 px
    python bench/fast.py film               5 s of 1280 x 720 px with sound, from file to file
    python bench/fast.py flicker            a camera that stands, one that pans: with and without --steady
    python bench/fast.py start              stylize begun with one pass's picture: which loss after how many steps
    python bench/fast.py photos             trainings of 120 steps from 1, 2 and 5 of the course's photos

Seconds are CPU seconds on one thread, which other work on the machine changes least; of the film also those on the clock,
with PyTorch's threads as they are. It pans over one of the course's photos, with a tone of 440 Hz.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from nstlib import one_pass
from nstlib.apps.fast.photos import course_photos, read_photos
from nstlib.apps.fast.steady import Steady
from nstlib.engine.one_pass_strips import paint_in_strips
from nstlib.features import load_network
from nstlib.formats.animation import add_video, as_frame
from nstlib.formats.encoding import as_bytes
from nstlib.formats.video import film_facts
from nstlib.images import load_image, picture, resize_to
from nstlib.metrics import held_out_distance
from nstlib.transfer import stylize

STYLE = "mosaic"
FPS, SECONDS = 25, 5


def seconds_of(run: Callable[[], object], rounds: int = 3) -> float:
    """Return the least CPU time that a call takes, the first one not counted."""
    run()
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        found.append(time.process_time() - begin)
    return min(found)


def compare_pictures() -> None:
    """Print what one pass and stylize take for a picture of 256 px, in the library and as commands."""
    model, styles = one_pass.load_one_pass()
    photo, style, network = load_image(picture("cat"), size=256), load_image(picture(STYLE), size=256), load_network()
    fast = seconds_of(lambda: paint_in_strips(model, photo, styles[STYLE]))
    begin = time.process_time()
    *_, step = stylize(photo, style, network)
    slow = time.process_time() - begin
    print(
        f"256 px, cat as {STYLE}, the painting alone: one pass {fast:.3f} s, stylize {slow:.1f} s ({step.index} steps)"
    )
    print(f"  one pass is {slow / fast:.0f} times faster")
    with tempfile.TemporaryDirectory() as folder:
        lines = {
            "nst fast apply": ["fast", "apply", "cat", STYLE, "--size", "256", "-o", f"{folder}/a.png"],
            "nst stylize": ["stylize", "cat", STYLE, "--size", "256", "-o", f"{folder}/b.png"],
        }
        for name, line in lines.items():
            took, _ = run_nst(line, OMP_NUM_THREADS="1")
            print(f"  {name + ', from the shell':28s} {took:6.1f} s, starting Python included")


def run_nst(line: list[str], **environment: str) -> tuple[float, float]:
    """Run the command; return CPU seconds and those on the clock."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "nstlib", *line], env={**os.environ, **environment}, capture_output=True, text=True
    )
    took, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    print(*(f"  {text}" for text in done.stdout.splitlines()), sep="\n")
    done.check_returncode()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, took


def compare_sizes(sizes: tuple[int, ...] = (256, 512, 1024, 2048)) -> None:
    """Print seconds, pixels a second and memory, at once and in strips; each in a process of its own."""
    print(f"{'px':>5} {'way':10} {'s':>7} {'Mpx/s':>6} {'bytes/px':>8}")
    for size in sizes:
        for way in ("at once", "in strips"):
            line = [sys.executable, __file__, "one", str(size), way]
            print(subprocess.run(line, check=True, capture_output=True, text=True).stdout, end="", flush=True)


def one_size(size: int, way: str) -> None:
    """Print the row of one size."""
    model, styles = one_pass.load_one_pass()
    photo = load_image(picture("china"), size=size)
    photo = resize_to(photo, (size, size))

    @torch.no_grad()
    def run() -> Tensor:
        if way == "at once":
            return model(photo, styles[STYLE])
        return paint_in_strips(model, photo, styles[STYLE])

    paint_in_strips(model, photo[..., :64, :64], styles[STYLE])  # warm up
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    run()
    took, pixels = time.process_time() - begin, size * size
    memory = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    took = min(took, seconds_of(run, 2))
    print(f"{size:5} {way:10} {took:7.2f} {pixels / took / 1e6:6.2f} {memory / pixels:8.0f}")


def panned(height: int, width: int, frames: int) -> Iterator[Tensor]:
    """Yield frames of a camera that pans over a photo, 3 pixels from one to the next."""
    photo = load_image(picture("china"))
    tall, wide = photo.shape[2:]
    across = width + 3 * frames
    large = resize_to(photo, (max(height, round(across * tall / wide)), across))
    for k in range(frames):
        yield large[..., :height, 3 * k : 3 * k + width]


def standing(height: int, width: int, frames: int) -> Iterator[Tensor]:
    """Yield frames of a camera that stands: its noise, light that wavers a little, and a face that walks through."""
    room, face = load_image(picture("china")), load_image(picture("cat"), size=height // 2)
    room, generator = resize_to(room, (height, width)), torch.Generator().manual_seed(0)
    tall, wide = face.shape[2:]
    for k in range(frames):
        frame = room.clone()
        left = round((width - wide) * k / (frames - 1))
        frame[..., height - tall :, left : left + wide] = face
        frame = frame * (1 + 0.01 * np.sin(0.9 * k)) + 0.01 * torch.randn(frame.shape, generator=generator)
        yield frame.clamp(0, 1)


def write_film(frames: Iterator[Tensor], path: Path, seconds: float) -> None:
    """Write frames with a tone."""
    first = next(frames)
    with av.open(str(path), "w") as film:
        video = add_video(av, film, FPS, height=first.shape[2], width=first.shape[3])
        sound = film.add_stream("aac", rate=44100, layout="mono")
        for image in (first, *frames):
            film.mux(video.encode(as_frame(av, as_bytes(image))))
        film.mux(video.encode())
        tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(round(44100 * seconds)) / 44100).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        frame.sample_rate = 44100
        film.mux(sound.encode(frame))
        film.mux(sound.encode())


def paint_film() -> None:
    """Print how long a film of 720p takes, from file to file, and whether its sound is there."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "clip.mp4"), Path(folder, "painted.mp4")
        write_film(panned(720, 1280, FPS * SECONDS), source, SECONDS)
        spent, took = run_nst(["fast", "apply", str(source), STYLE, "-o", str(target)])
        facts = film_facts(target)
        print(
            f"{facts.width} x {facts.height} px, {facts.frames} frames, {facts.seconds:.1f} s, tracks of sound: "
            f"{facts.sounds}; {source.stat().st_size / 1e6:.1f} MB became {target.stat().st_size / 1e6:.1f} MB"
        )
        print(f"painted in {spent:.0f} s of CPU, {took:.0f} s on the clock of {os.cpu_count()} cores")


def compare_flicker(height: int = 180, width: int = 320, frames: int = 50) -> None:
    """Print the change from frame to frame where the film stands still, in levels of 255."""
    model, styles = one_pass.load_one_pass()
    for name, film in {"standing": standing, "panning": panned}.items():
        for style in (STYLE, "brush"):
            steady = Steady()
            for frame in film(height, width, frames):
                steady(frame, paint_in_strips(model, frame, styles[style]))
            found, what = steady.flicker(), f"camera {name:9s} {style:7s}"
            if found is None:
                print(f"{what} hardly anything stands still", flush=True)
                continue
            print(
                f"{what} {found.still:.0%} stand still, and change by {found.film:.1f} in the film, "
                f"{found.painted:.1f} painted frame by frame, {found.held:.1f} held",
                flush=True,
            )


def compare_starts(steps: int = 40) -> None:
    """Print stylize's loss from the photo and from one pass's picture."""
    model, styles = one_pass.load_one_pass()
    network = load_network()
    for name in ("cat", "coffee"):
        photo = load_image(picture(name), size=160)
        for style in (STYLE, "brush", "woodcut"):
            painting = load_image(picture(style), size=160)
            painted = paint_in_strips(model, photo, styles[style])
            totals = {}
            for start, init in {"photo": "content", "one pass": painted}.items():
                run = stylize(photo, painting, network, init=init, steps=steps, tolerance=0)
                totals[start] = [step.total for step in run]
            reached = {
                k: next((n for n, total in enumerate(totals["one pass"]) if total <= totals["photo"][k]), None)
                for k in (5, 10, 20, 40)
            }
            marks = " ".join(f"{k}: {totals['photo'][k]:.2f} {totals['one pass'][k]:.2f};" for k in (0, 5, 10, 20, 40))
            print(f"{name} as {style}: steps: total from the photo, from one pass: {marks} as low as the photo's after "
                  f"{', '.join(f'{k}: {n}' for k, n in reached.items())}", flush=True)  # fmt: skip


def compare_photos(steps: int = 120) -> None:
    """Print how near to brush photos come that were never seen, for trainings from few and from many photos."""
    network = load_network()
    photos = read_photos(course_photos(but="cat"), print)
    goal = load_image(picture("brush"), size=224)
    unseen = [load_image(picture("cat"), size=160)]
    print(f"the cat, which is not among them, as it is: {_distances(unseen, goal, network)}")
    for count in (1, 2, 5):
        generator = torch.Generator().manual_seed(0)
        crops = one_pass.cut_crops(photos[: 2 * count], network, count=288, generator=generator)
        model, styles = one_pass.load_one_pass()
        model.requires_grad_(True)
        goals = one_pass.style_goals([goal], network)
        run = one_pass.Training(model, styles["mosaic"][None], crops, goals, network, steps=steps, generator=generator)
        for _ in range(steps):
            run.step()
        with torch.no_grad():
            painted = [model(photo, run.styles[0]) for photo in unseen]
        print(f"{count:2d} photos, {steps} steps: {_distances(painted, goal, network)}", flush=True)


def _distances(images: list[Tensor], goal: Tensor, network) -> str:
    found = [held_out_distance(image, goal, network) for image in images]
    return f"{sum(found) / len(found):.3f} from the style"


PARTS = {
    "pictures": compare_pictures,
    "sizes": compare_sizes,
    "film": paint_film,
    "flicker": compare_flicker,
    "start": compare_starts,
    "photos": compare_photos,
}


def main() -> None:
    """Print what is asked for."""
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["one"]:  # in a process of its own, whose memory is nobody else's
        one_size(int(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which; all")
    for part in parser.parse_args().parts or PARTS:
        print(f"\n{part}")
        PARTS[part]()


if __name__ == "__main__":
    main()
