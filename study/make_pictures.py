"""Make the pictures that came with the study: two styles are drawn, two photographs are taken from packages that have them.

The styles became the course's own (images/style), the photographs are the study's alone (study/pictures).

Readers of the course need not run this: its results are in the repository. The drawings need NumPy and Pillow, the
photographs Matplotlib and SciPy with pooch, which downloads one of them.

    python study/make_pictures.py [NAME ...] [--out DIR]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

PICTURES = Path(__file__).resolve().parent / "pictures"
STYLES = PICTURES.parent.parent / "images" / "style"
SEED = 2016
SIZE = 640
Array = np.ndarray

GLASS = (
    (0.72, 0.08, 0.12),
    (0.09, 0.17, 0.55),
    (0.93, 0.70, 0.16),
    (0.10, 0.45, 0.30),
    (0.36, 0.13, 0.46),
    (0.85, 0.86, 0.78),
)
LEAD = (0.07, 0.07, 0.08)
DOT = 0.0065  # mean radius, in picture widths
DOTS = 16_000


def draw_glass(size: int, rng: np.random.Generator) -> Array:
    """Return a window of panes set in lead: rings of panes around the middle, each of one glass with streaks in it."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    radii = np.repeat(np.linspace(0.03, 0.75, 11), np.arange(3, 36, 3))
    angles = np.concatenate([2 * np.pi * (np.arange(n) + rng.uniform()) / n for n in np.arange(3, 36, 3)])
    radii, angles = radii + rng.normal(0, 0.012, radii.shape), angles + rng.normal(0, 0.06, angles.shape)
    centers = 0.5 + np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)
    far = np.full((2, size, size), np.inf, np.float32)  # to the nearest center, and to the next
    pane = np.zeros((size, size), np.int64)
    for number, (cx, cy) in enumerate(centers):
        distance = np.hypot(x - cx, y - cy)
        nearer = distance < far[0]
        far[1] = np.where(nearer, far[0], np.minimum(far[1], distance))
        far[0], pane = np.where(nearer, distance, far[0]), np.where(nearer, number, pane)
    ring = np.rint(np.clip(radii, 0, None) / 0.072).astype(int)
    kinds = (ring + rng.integers(0, 2, ring.shape)) % len(GLASS)
    colors = np.clip(np.array(GLASS)[kinds] * rng.uniform(0.75, 1.2, (len(kinds), 1)), 0, 1)
    turn = rng.uniform(0, np.pi, len(kinds))[pane]
    along = x * np.cos(turn) + y * np.sin(turn)
    streaks = 0.09 * np.sin(2 * np.pi * (34 * along + 1.5 * np.sin(21 * x) + 1.5 * np.cos(17 * y)))
    glow = 1.12 - 2.9 * far[0]
    picture = colors[pane] * (glow + streaks)[..., None]
    lead = np.clip((0.011 - (far[1] - far[0])) / 0.003, 0, 1)[..., None]
    return picture * (1 - lead) + np.array(LEAD) * lead


def draw_dots(size: int, rng: np.random.Generator) -> Array:
    """Return a river bank in dots of unmixed color, as the pointillists set them: each place by several neighbors."""
    scale = 3
    canvas = Image.new("RGB", (scale * size, scale * size), (238, 232, 214))
    pen = ImageDraw.Draw(canvas)
    for x, y in rng.uniform(-0.01, 1.01, (DOTS, 2)):
        color = _bank(x, y) + rng.normal(0, 0.05, 3)
        strange = rng.uniform()
        if strange < 0.16:  # the complement, muted
            color = 0.55 * (1 - color) + 0.45 * color
        elif strange < 0.55:  # one primary pushed
            color[rng.integers(3)] += rng.choice((-0.22, 0.22))
        radius = scale * size * DOT * rng.uniform(0.7, 1.3)
        cx, cy = scale * size * x, scale * size * y
        fill = tuple(int(255 * value) for value in np.clip(color, 0, 1))
        pen.ellipse((cx - radius, cy - radius, cx + radius, cy + radius), fill=fill)
    return np.asarray(canvas.resize((size, size), Image.Resampling.LANCZOS), dtype=np.float32) / 255


def _bank(x: float, y: float) -> Array:
    """Return the color of the scene behind the dots at a place in the unit square."""
    hills = 0.36 + 0.05 * np.sin(5 * x + 0.6) + 0.03 * np.sin(13 * x)
    shore = 0.62 + 0.28 * (x - 0.5) + 0.02 * np.sin(19 * x)
    trunk = abs(x - 0.2 - 0.03 * np.sin(6 * y)) < 0.025 and 0.2 < y < 0.8
    crown = np.hypot((x - 0.2) / 1.3, y - 0.17) < 0.17 + 0.02 * np.sin(25 * np.arctan2(y - 0.17, x - 0.2))
    if trunk and not crown:
        return np.array((0.32, 0.20, 0.28))
    if crown:
        return np.array((0.20, 0.42, 0.22)) if y > 0.15 else np.array((0.45, 0.60, 0.24))
    if y < hills:
        return np.array((0.55, 0.72, 0.88)) + (y / 0.4) * np.array((0.38, 0.12, -0.16))
    if y < 0.44:
        return np.array((0.38, 0.48, 0.62))
    if y < shore:
        return np.array((0.30, 0.52, 0.70)) + 0.18 * np.sin(60 * y + 4 * np.sin(7 * x))
    shade = y > shore + 0.1 + 0.05 * np.sin(9 * x)
    return np.array((0.30, 0.46, 0.20)) if shade else np.array((0.72, 0.74, 0.30))


def take_hopper() -> Image.Image:
    """Return Matplotlib's sample photograph of Grace Hopper as a commodore."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        return Image.open(file).convert("RGB")


def take_raccoon() -> Image.Image:
    """Return SciPy's photograph of a raccoon, at 640 of its 1024 pixels."""
    from scipy.datasets import face

    return Image.fromarray(face()).resize((640, 480), Image.Resampling.LANCZOS)


PHOTOGRAPHS = {"hopper": take_hopper, "raccoon": take_raccoon}
PAINTERS: dict[str, Callable[[int, np.random.Generator], Array]] = {"glass": draw_glass, "dots": draw_dots}


def main() -> None:
    """Write all of them as JPEG files, or the named ones."""
    parser = argparse.ArgumentParser(description="Make the pictures that came with the study.")
    parser.add_argument(
        "names", nargs="*", default=[*PAINTERS, *PHOTOGRAPHS], metavar="NAME", help="all without a name"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="instead of where each belongs")
    arguments = parser.parse_args()
    for name in arguments.names:
        folder = arguments.out or (STYLES if name in PAINTERS else PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.jpg"
        picture(name).save(path, quality=88, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def picture(name: str) -> Image.Image:
    """Return a picture by its name."""
    if name in PHOTOGRAPHS:
        return PHOTOGRAPHS[name]()
    pixels = PAINTERS[name](SIZE, np.random.default_rng([SEED, *name.encode()]))
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


if __name__ == "__main__":
    main()
