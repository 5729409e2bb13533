"""Draws the two pictures of the gallery's first card: a lighthouse in the evening, and a piece of knitting (CC0 1.0).

    python gallery/draw.py

Nothing in them is taken from another picture. The same seed gives the same pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SEED = 18
HERE = Path(__file__).parent
FINER = 3  # drawn so many times larger, then made smaller: edges without steps


def noise(rng: np.random.Generator, shape: tuple[int, int], octaves: int = 5, stretch: int = 1) -> np.ndarray:
    """Return smooth noise in [0, 1], of waves from coarse to fine; with ``stretch``, wider than high."""
    found = np.zeros(shape)
    for k in range(octaves):
        small = rng.random((3 * 2**k * stretch, 3 * 2**k)) * 255
        wide = Image.fromarray(small.astype(np.uint8)).resize(shape[::-1], Image.Resampling.BICUBIC)
        found += np.asarray(wide, dtype=float) / 255 / 2**k
    return (found - found.min()) / (found.max() - found.min())


def lighthouse(rng: np.random.Generator, width: int = 384, height: int = 288) -> Image.Image:
    """Return a lighthouse on a rock above the sea, with a low sun behind clouds."""
    w, h = width * FINER, height * FINER
    y = np.linspace(0, 1, h)[:, None]
    stops = [(0.0, (38, 54, 96)), (0.3, (112, 110, 150)), (0.5, (233, 150, 110)), (0.62, (255, 214, 140))]
    sky = np.stack([np.interp(y, [s for s, _ in stops], [c[k] for _, c in stops]) for k in range(3)], -1)
    sky = np.repeat(sky, w, 1)
    clouds = np.clip(noise(rng, (h, w), 6, stretch=4) * 2.4 - 1.15, 0, 1)[..., None]
    sky = sky * (1 - 0.75 * clouds) + np.array([250, 205, 180]) * 0.75 * clouds
    sea = np.array([44, 78, 104]) + 70 * noise(rng, (h, w), 7, stretch=8)[..., None] * np.array([0.9, 1.0, 1.0])
    glitter = np.exp(-(((np.linspace(0, 1, w)[None] - 0.27) / (0.03 + 0.25 * (y - 0.62).clip(0))) ** 2))
    sea = sea + (glitter * noise(rng, (h, w), 7, stretch=10))[..., None] * np.array([210, 140, 70])
    scene = Image.fromarray(np.where((y > 0.62)[..., None], sea, sky).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(scene)

    def at(x: float, v: float) -> tuple[float, float]:
        return x * w, v * h

    pen.ellipse([*at(0.235, 0.47), *at(0.31, 0.57)], fill=(255, 240, 200))
    rock = [
        (0.44, 1.0),
        (0.5, 0.83),
        (0.55, 0.76),
        (0.6, 0.66),
        (0.68, 0.61),
        (0.82, 0.6),
        (0.9, 0.68),
        (1, 0.72),
        (1, 1),
    ]
    pen.polygon([at(*each) for each in rock], fill=(58, 50, 54))
    for _ in range(420):  # facets of the rock
        x, v = 0.47 + 0.55 * rng.random(), 0.62 + 0.4 * rng.random()
        if scene.getpixel((min(int(x * w), w - 1), min(int(v * h), h - 1))) == (58, 50, 54):
            size, tone = 0.01 + 0.03 * rng.random(), int(24 + 85 * rng.random() * (1.5 - x))
            corners = [at(x + size * dx, v + size * dy) for dx, dy in rng.uniform(-1, 1, (3, 2))]
            pen.polygon(corners, fill=(tone + 22, tone + 8, tone + 6))
    for k in range(6):  # the tower, red and white
        v0, v1 = 0.2 + k * 0.07, 0.27 + k * 0.07
        half0, half1 = 0.026 + 0.004 * k, 0.030 + 0.004 * k
        corners = [at(0.75 - half0, v0), at(0.75 + half0, v0), at(0.75 + half1, v1), at(0.75 - half1, v1)]
        pen.polygon(corners, fill=(196, 58, 46) if k % 2 == 0 else (240, 228, 208))
        shade = [at(0.75 + half0 * 0.35, v0), corners[1], corners[2], at(0.75 + half1 * 0.35, v1)]
        pen.polygon(shade, fill=(128, 34, 36) if k % 2 == 0 else (172, 156, 150))
    pen.rectangle([*at(0.715, 0.188), *at(0.785, 0.203)], fill=(40, 36, 42))
    pen.rectangle([*at(0.733, 0.135), *at(0.767, 0.188)], fill=(255, 236, 150))
    pen.polygon([at(0.722, 0.135), at(0.75, 0.08), at(0.778, 0.135)], fill=(120, 30, 32))
    pen.rectangle([*at(0.81, 0.53), *at(0.9, 0.62)], fill=(226, 214, 196))
    pen.polygon([at(0.8, 0.535), at(0.855, 0.46), at(0.91, 0.535)], fill=(92, 44, 40))
    pen.rectangle([*at(0.845, 0.56), *at(0.868, 0.6)], fill=(255, 214, 120))
    for x, v, size in ((0.12, 0.25, 0.03), (0.2, 0.2, 0.022), (0.42, 0.31, 0.026), (0.36, 0.15, 0.018)):
        pen.arc([*at(x, v), *at(x + size, v + size)], 190, 330, fill=(30, 32, 44), width=2 * FINER)
        pen.arc([*at(x + size * 0.9, v), *at(x + size * 1.9, v + size)], 210, 350, fill=(30, 32, 44), width=2 * FINER)
    sail = [at(0.3, 0.68), at(0.3, 0.585), at(0.345, 0.675)]
    pen.polygon(sail, fill=(246, 238, 226))
    pen.polygon([at(0.285, 0.685), at(0.355, 0.685), at(0.34, 0.705), at(0.3, 0.705)], fill=(70, 40, 40))
    return scene.resize((width, height), Image.Resampling.LANCZOS)


YARNS = [(150, 38, 48), (236, 226, 204), (34, 62, 98), (208, 150, 54), (66, 104, 84)]
# Rows of a border, repeated: which yarn each stitch has.
CHART = ["00000000", "01000100", "11101110", "01000100", "22222222", "23222322", "33323332", "22222222",
         "11111111", "41114111", "44144414", "11411141", "11111111"]  # fmt: skip


def knitting(rng: np.random.Generator, width: int = 384, height: int = 384) -> Image.Image:
    """Return a piece of stockinette with a pattern: each stitch is two strands that meet in a V."""
    w, h, across, down = width * FINER, height * FINER, 16 * FINER, 12 * FINER
    cloth = Image.new("RGB", (w, h), (30, 22, 24))
    pen = ImageDraw.Draw(cloth)
    for row in range(-1, h // down + 2):
        chart = CHART[row % len(CHART)]
        for column in range(-1, w // across + 2):
            x, y = column * across + rng.normal(0, 0.5 * FINER), row * down + rng.normal(0, 0.5 * FINER)
            yarn = np.array(YARNS[int(chart[column % len(chart)])])
            for side in (-1, 1):
                for layer in range(7):  # from the dark edge of a strand to its light middle
                    share = layer / 6
                    tone = yarn * (0.45 + 0.65 * share) * rng.normal(1, 0.04)
                    thick = (6.6 - 5.2 * share) * FINER
                    ends = np.array([[side * 0.40, -0.55], [side * 0.34, -0.1], [side * 0.10, 0.62]]) * [
                        across,
                        down * 1.25,
                    ]
                    line = [(x + across / 2 + dx - share * FINER * 0.7, y + down / 2 + dy) for dx, dy in ends]
                    pen.line(line, fill=tuple(int(v) for v in tone.clip(0, 255)), width=int(thick), joint="curve")
    fuzz = noise(rng, (h, w), 8)[..., None] * 36 - 18
    found = np.asarray(cloth.filter(ImageFilter.GaussianBlur(0.6 * FINER)), dtype=float) + fuzz
    return Image.fromarray(found.clip(0, 255).astype(np.uint8)).resize((width, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for k, draw in enumerate((lighthouse, knitting)):
        path = HERE / f"{draw.__name__}.jpg"
        draw(np.random.default_rng(SEED + k)).save(path, quality=90)
        print(path.name, path.stat().st_size)
