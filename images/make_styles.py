"""Draw the course's style pictures: sandstone, fluid, mosaic, brush and woodcut.

Every picture is procedural: a seed goes in, the same pixels come out. Only NumPy and Pillow are needed.

    python images/make_styles.py [NAME ...] [--out DIR] [--size N] [--seed S]

Shapes live in unit coordinates, x to the right and y down, so that one drawing serves every size.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SEED = 2016
SIZE = 768
Array = np.ndarray


# ---------------------------------------------------------------- tools


def hex_colors(*codes: str) -> Array:
    """Return colors in [0, 1], one row for each code such as ``"d9a066"``."""
    return np.array([[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in codes], dtype=np.float32) / 255


def grid(size: int) -> tuple[Array, Array]:
    """Return the unit coordinates x and y of the pixel centers of a square picture."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(axis, axis)
    return x, y


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: Array, second: Array, amount: Array) -> Array:
    """Blend two color pictures by a gray picture of amounts."""
    return first + (second - first) * amount[..., None]


def ramp(value: Array, stops: Array) -> Array:
    """Look up values in [0, 1] on a ramp of equally spaced color stops."""
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(value, places, stops[:, c]) for c in range(3)], axis=-1).astype(np.float32)


def sample(picture: Array, x: Array, y: Array) -> Array:
    """Read a square gray picture at unit coordinates, bilinearly, holding its borders."""
    size = picture.shape[0]
    px = np.clip(x * size - 0.5, 0, size - 1.001)
    py = np.clip(y * size - 0.5, 0, size - 1.001)
    ix, iy = px.astype(np.int32), py.astype(np.int32)
    fx, fy = px - ix, py - iy
    top = picture[iy, ix] * (1 - fx) + picture[iy, ix + 1] * fx
    low = picture[iy + 1, ix] * (1 - fx) + picture[iy + 1, ix + 1] * fx
    return top * (1 - fy) + low * fy


def blur(picture: Array, sigma: float) -> Array:
    """Blur a gray picture with a Gaussian of ``sigma`` pixels, reflecting at the borders."""
    reach = max(1, round(3 * sigma))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2).astype(np.float32)
    taps /= taps.sum()
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (reach, reach)
        wide = np.pad(picture, pad, mode="reflect" if reach < picture.shape[axis] else "edge")
        count = picture.shape[axis]
        picture = sum(tap * np.take(wide, range(i, i + count), axis=axis) for i, tap in enumerate(taps))
    return picture


def relief(height: Array, depth: float) -> tuple[Array, Array]:
    """Light a height field from the upper left; return its shading around 1 and its highlights.

    ``depth`` is the height of the value 1 in picture widths.
    """
    size = height.shape[0]
    gy, gx = np.gradient(height * depth * size)
    normal = np.stack([-gx, -gy, np.ones_like(gx)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.array([-0.5, -0.6, 0.65], dtype=np.float32)
    light /= np.linalg.norm(light)
    half = light + np.array([0, 0, 1], dtype=np.float32)
    half /= np.linalg.norm(half)
    return (normal @ light) / light[2], np.clip(normal @ half, 0, 1) ** 40


def shrink(picture: Array, factor: int) -> Array:
    """Average squares of ``factor`` by ``factor`` pixels."""
    size = picture.shape[0] // factor
    return picture.reshape(size, factor, size, factor, -1).mean(axis=(1, 3))


class Noise:
    """Smooth gradient noise over the plane, about -1 to 1, repeating after 256 cells."""

    def __init__(self, rng: np.random.Generator) -> None:
        angle = rng.uniform(0, 2 * np.pi, (256, 256))
        self.gx, self.gy = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)

    def __call__(self, x: Array, y: Array) -> Array:
        """Return the noise at coordinates measured in cells."""
        left, top = np.floor(x), np.floor(y)
        fx, fy = (x - left).astype(np.float32), (y - top).astype(np.float32)
        ix, iy = left.astype(np.int32), top.astype(np.int32)
        wx, wy = (t * t * t * (t * (t * 6 - 15) + 10) for t in (fx, fy))
        rows = []
        for dy in (0, 1):
            ends = []
            for dx in (0, 1):
                at = ((iy + dy) & 255, (ix + dx) & 255)
                ends.append(self.gx[at] * (fx - dx) + self.gy[at] * (fy - dy))
            rows.append(ends[0] + (ends[1] - ends[0]) * wx)
        return 1.5 * (rows[0] + (rows[1] - rows[0]) * wy)

    def octaves(self, x: Array, y: Array, count: int = 5, gain: float = 0.5) -> Array:
        """Return a sum of ``count`` octaves, each twice as fine and ``gain`` times as strong."""
        total, weight = np.zeros(np.broadcast(x, y).shape, np.float32), 0.0
        for k in range(count):
            total += gain**k * self(x * 2**k + 17.3 * k, y * 2**k + 9.1 * k)
            weight += gain**k
        return total / weight


# ---------------------------------------------------------------- sandstone


SAND = hex_colors("f7e6c6", "f0d09a", "e6b36a", "d98f45", "c96a2e", "b04c22", "8c351c", "5e2115")


def bed_table(rng: np.random.Generator, count: int = 4096) -> tuple[Array, Array]:
    """Return the colors and the hardness of a column of beds: thick bands and, inside them, thin laminae."""
    colors, hardness = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
    start, band_end, band = 0, 0, 0.0
    while start < count:
        if start >= band_end:
            band_end = start + int(rng.uniform(15, 85))
            band = rng.choice([0.08, 0.2, 0.35, 0.5, 0.65, 0.8]) + rng.normal(0, 0.04)
        thick = int(np.clip(rng.lognormal(1.5, 0.75), 2, 40))
        tone = band + rng.normal(0, 0.09) + (0.45 * (0.5 - band) * 2 if rng.random() < 0.16 else 0)
        place = np.clip(tone + np.linspace(0, 0.12, thick) * rng.choice([-1, 1]), 0, 1)
        stop = min(count, start + thick)
        colors[start:stop] = (ramp(place, SAND) * rng.uniform(0.9, 1.06))[: stop - start]
        hardness[start:stop] = rng.uniform(0, 1)
        start = stop
    kernel = np.ones(3) / 3
    return np.stack([np.convolve(c, kernel, "same") for c in colors.T], axis=-1), np.convolve(hardness, kernel, "same")


def cross_beds(x: Array, y: Array, rng: np.random.Generator, noise: Noise) -> tuple[Array, Array]:
    """Return each pixel's place in its column of beds and the closeness to a bounding surface."""
    level = 0.05 * noise.octaves(1.6 * x, 1.6 * y + 40, 3) + 0.10 * np.sin(4.3 * x + 0.6) * (0.4 + y)
    place, seam, base = np.zeros_like(x), np.zeros_like(x), -0.25
    for k in range(8):
        top = base + level + 0.06 * noise(2.0 * x + 30 * k, np.full_like(x, 7.0 * k)) + 0.10 * (k % 2) * (x - 0.5)
        thick = rng.uniform(0.13, 0.30)
        depth = (y - top) / thick
        dip = rng.choice([-1, 1, 1]) * rng.uniform(0.12, 0.42)
        sweep = dip * (x + 0.05 * np.sin(5 * x + k)) - 0.10 * np.sign(dip) * np.clip(depth, 0, 1.4) ** 2 * (x - 0.5)
        below = depth > 0
        place = np.where(below, 0.8 * (y - level) + sweep + 0.37 * k, place)
        seam = np.where(below, np.exp(-np.abs(y - top) / 0.006), np.maximum(seam, np.exp(-np.abs(y - top) / 0.004)))
        base += thick
    return place, seam


def crack_mask(size: int, rng: np.random.Generator, count: int = 9) -> Array:
    """Draw thin angular joints as a gray picture."""
    mask = Image.new("L", (2 * size, 2 * size), 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(count):
        spot, trend = rng.uniform(0, 1, 2), rng.choice([1.45, 1.8, 1.2, 2.7]) + rng.normal(0, 0.1)
        length = rng.integers(18, 70)
        for step in range(length):
            heading = trend + rng.normal(0, 0.55)
            after = spot + rng.uniform(0.003, 0.010) * np.array([np.cos(heading), np.sin(heading)])
            width = max(1, round(2 * size * 0.0020 * (1 - step / length)))
            pen.line([tuple(2 * size * spot), tuple(2 * size * after)], fill=255, width=width)
            spot = after
    return shrink(np.asarray(mask, np.float32) / 255, 2)[..., 0]


def draw_sandstone(size: int, rng: np.random.Generator) -> Array:
    """Draw an eroded wall of cross-bedded sandstone."""
    x, y = grid(size)
    noise = Noise(rng)
    warp = 0.012 * noise.octaves(5 * x, 5 * y, 4)
    place, seam = cross_beds(x + warp, y + warp + 0.0016 * noise(60 * x, 60 * y), rng, noise)
    colors, hardness = bed_table(rng)
    at = np.clip((place + 1.2) / 5.4, 0, 1) * (len(colors) - 1)
    spots = np.arange(len(colors))
    picture = np.stack([np.interp(at, spots, colors[:, c]) for c in range(3)], axis=-1).astype(np.float32)
    hard = np.interp(at, spots, hardness).astype(np.float32)

    grain = 0.6 * noise(250 * x, 250 * y) + 0.6 * noise(110 * x, 110 * y) + rng.normal(0, 0.6, x.shape)
    pits = smoothstep(0.35, 0.6, noise.octaves(26 * x, 40 * y, 3))
    cracks = crack_mask(size, rng)
    lumps = noise.octaves(4 * x, 7 * y, 5)
    height = 0.55 * hard + 1.6 * lumps + 0.10 * grain - 0.35 * pits - 0.9 * seam - 1.2 * blur(cracks, size / 700)
    shade, _ = relief(blur(height.astype(np.float32), size / 800), 0.0042)
    hollow = blur(height.astype(np.float32), size / 50) - height
    stain = smoothstep(0.1, 0.7, noise.octaves(9 * x + 3, 1.3 * y, 4))
    picture *= (1 - 0.28 * stain * (0.5 + 0.5 * hard))[..., None]
    picture *= (np.clip(shade, 0.25, 1.5) * (1 - 0.22 * np.clip(hollow, 0, 1.5)))[..., None]
    picture *= (1 + 0.10 * grain)[..., None]
    return picture * (1 - 0.75 * np.clip(cracks + 0.35 * seam, 0, 1))[..., None] * 1.06


# ---------------------------------------------------------------- fluid


INKS = hex_colors("fff7ea", "0a0f1f", "06a6a6", "0b2a7a", "e5127d", "ff7a1a", "ffc933", "54d6d2", "7a1fa2")


def curl_warp(x: Array, y: Array, noise: Noise, cells: float, reach: float, steps: int) -> tuple[Array, Array]:
    """Follow a divergence-free flow backward from every point for ``steps`` steps."""
    gx, gy = grid(320)
    wide_x, wide_y = 1.4 * gx - 0.2, 1.4 * gy - 0.2
    down, right = np.gradient(noise.octaves(cells * wide_x, cells * wide_y, 2, 0.4), 1.4 / 320)
    for _ in range(steps):
        u, v = (x + 0.2) / 1.4, (y + 0.2) / 1.4
        x, y = x - reach / steps * sample(down, u, v), y + reach / steps * sample(right, u, v)
    return x, y


def add_drop(x: Array, y: Array, ink: Array, drop: tuple[float, float, float], color: int) -> tuple[Array, Array]:
    """Undo one drop of ink: color the points inside it and pull the others back to where they were."""
    cx, cy, radius = drop
    dx, dy = x - cx, y - cy
    square = dx * dx + dy * dy
    ink[(square < radius**2) & (ink < 0)] = color
    scale = np.sqrt(np.clip(1 - radius**2 / np.maximum(square, 1e-9), 0, 1))
    return cx + dx * scale, cy + dy * scale


def pour(rng: np.random.Generator, centers: int, rings: int, radius: tuple[float, float]) -> list[tuple]:
    """List the drops of several pours, each a run of drops at one place in changing inks."""
    drops = []
    for _ in range(centers):
        cx, cy = rng.uniform(-0.05, 1.05, 2)
        inks = rng.permutation(len(INKS))[: rng.integers(3, 6)]
        for k in range(rng.integers(rings // 2, rings + 1)):
            jitter = rng.normal(0, 0.006, 2)
            drops.append(((cx + jitter[0], cy + jitter[1], rng.uniform(*radius)), int(inks[k % len(inks)])))
    return drops


def fluid_inks(x: Array, y: Array, rng: np.random.Generator) -> Array:
    """Return the number of the ink at each point, undoing pours and flows from the last to the first."""
    stages = [
        (2.2, 0.010, pour(rng, 34, 3, (0.006, 0.019))),
        (2.6, 0.075, pour(rng, 16, 7, (0.014, 0.046))),
        (2.0, 0.110, pour(rng, 14, 12, (0.03, 0.085))),
        (1.7, 0.120, pour(rng, 10, 14, (0.05, 0.14))),
    ]
    inks = np.ones(x.size, np.int8)
    open_points, x, y = np.arange(x.size), x.ravel(), y.ravel()
    for cells, reach, drops in stages:
        ink = np.full(x.size, -1, np.int8)
        x, y = curl_warp(x, y, Noise(rng), cells, reach, 14)
        for drop, color in reversed(drops):
            x, y = add_drop(x, y, ink, drop, color)
        done = ink >= 0
        inks[open_points[done]] = ink[done]
        open_points, x, y = open_points[~done], x[~done], y[~done]
    return inks


def draw_fluid(size: int, rng: np.random.Generator) -> Array:
    """Draw an acrylic pour: inks dropped one into another and stretched into filaments by a curling flow."""
    fine = 2 * size
    x, y = grid(fine)
    wobble = Noise(rng)
    ink = fluid_inks(x + 0.004 * wobble(14 * x, 14 * y), y + 0.004 * wobble(14 * x + 50, 14 * y), rng)
    picture = shrink(INKS[ink].reshape(fine, fine, 3), 2)
    x, y = grid(size)
    bright = picture @ np.array([0.3, 0.6, 0.1], dtype=np.float32)
    height = 0.5 * blur(bright, size / 180) + 0.35 * blur(bright, size / 60) + 0.5 * wobble.octaves(6 * x, 6 * y, 2)
    shade, shine = relief(height.astype(np.float32), 0.010)
    picture = picture * np.clip(shade, 0.6, 1.25)[..., None]
    return picture + 0.30 * (smoothstep(0.93, 1.0, shine) * (1 - 0.5 * bright))[..., None]


# ---------------------------------------------------------------- mosaic


TILE = 1 / 52
GLASS = [
    hex_colors("12345f", "1a4a86", "0f2a4d"),  # 0 night blue
    hex_colors("2f86a6", "47a3b5", "1f6f93"),  # 1 sky
    hex_colors("f3e7c9", "e8d5ab", "fbf4e1"),  # 2 ivory
    hex_colors("f2b632", "e59d1e", "f8cf5e"),  # 3 gold
    hex_colors("d4552a", "b93c1f", "e0713a"),  # 4 terracotta
    hex_colors("8e1f22", "a62d2b", "701519"),  # 5 red
    hex_colors("3f7d3a", "5a9a3f", "2b5f33"),  # 6 leaf
    hex_colors("a8bf45", "c2cf63", "8aa736"),  # 7 light leaf
    hex_colors("1b1a1f", "28262b", "111014"),  # 8 black
    hex_colors("0f6f6c", "159087", "0a5557"),  # 9 sea
]


def leaf(pen: ImageDraw.ImageDraw, scale: int, root: Array, heading: float, length: float, color: int) -> None:
    """Draw one pointed leaf into a map of glass numbers."""
    t = np.linspace(0, 1, 24)
    side = 0.24 * length * np.sin(np.pi * t**0.8)
    along, across = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    spine = root + np.outer(t * length, along)
    outline = np.concatenate([spine + np.outer(side, across), (spine - np.outer(side, across))[::-1]])
    pen.polygon([tuple(p) for p in outline * scale], fill=color)


def draw_sun(pen: ImageDraw.ImageDraw, scale: int, center: Array) -> None:
    """Draw a sun with rays into a map of glass numbers."""
    for ring, color in ((0.62, 9), (0.55, 2), (0.50, 1), (0.42, 0)):
        pen.ellipse([*((center - ring) * scale), *((center + ring) * scale)], fill=color)
    for k in range(16):
        middle, reach = 2 * np.pi * k / 16, (0.40 if k % 2 else 0.34)
        angles = middle + np.array([-0.26, 0, 0.26])
        radii = np.array([0.16, reach, 0.16])
        corners = center + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        pen.polygon([tuple(p) for p in corners * scale], fill=3 if k % 2 else 4)
    for ring, color in ((0.195, 5), (0.165, 3), (0.105, 4), (0.055, 2)):
        pen.ellipse([*((center - ring) * scale), *((center + ring) * scale)], fill=color)


def draw_sea(pen: ImageDraw.ImageDraw, scale: int) -> None:
    """Draw rows of scalloped waves into a map of glass numbers."""
    for row in range(3):
        y, wide = 0.73 + 0.09 * row, 0.20
        for k in range(-1, 7):
            x = (k + 0.5 * (row % 2)) * wide
            for ring, color in ((0.118, 2), (0.094, 9), (0.062, 1), (0.032, 0)):
                pen.ellipse([*((np.array([x, y]) - ring) * scale), *((np.array([x, y]) + ring) * scale)], fill=color)


def mosaic_design(scale: int) -> Array:
    """Return the map of glass numbers: sun, rays, waves, two branches and a border."""
    board = Image.new("L", (scale, scale), 0)
    pen = ImageDraw.Draw(board)
    draw_sun(pen, scale, np.array([0.5, 0.40]))
    draw_sea(pen, scale)
    for side in (-1, 1):
        for k in range(5):
            root = np.array([0.5 + side * 0.375, 0.86 - 0.155 * k])
            for turn in (-1, 1):
                leaf(pen, scale, root, -np.pi / 2 + turn * 0.62, 0.150, 6 if turn == side else 7)
    edge = 0.052
    for k in range(14):
        low, high = (edge + k * (1 - 2 * edge) / 14) * scale, (edge + (k + 1) * (1 - 2 * edge) / 14) * scale
        color = 2 if k % 2 else 5
        for far in (0, (1 - edge) * scale):
            pen.rectangle([low, far, high, far + edge * scale], fill=color)
            pen.rectangle([far, low, far + edge * scale, high], fill=color)
    for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
        at = np.array(corner) * (1 - edge) * scale
        pen.rectangle([*at, *(at + edge * scale)], fill=3)
    return np.asarray(board)


def distance_to(marks: Array) -> Array:
    """Return every pixel's distance, in picture widths, to the nearest marked pixel."""
    size = marks.shape[0]
    steps = np.arange(size, dtype=np.float32)
    gap = (steps[:, None] - steps[None, :]) ** 2
    columns = np.stack([np.where(row, 0, np.float32(4 * size**2)) for row in marks.T])  # one row for each x
    down = np.stack([(gap + column[None, :]).min(axis=1) for column in columns])
    return np.sqrt(np.stack([(gap + line[None, :]).min(axis=1) for line in down.T])) / size


def nearest_tiles(size: int, centers: Array, angles: Array) -> tuple[Array, Array, Array]:
    """Return each pixel's tile, its distance to it and to the next tile, in a square metric turned with the tile."""
    first = np.full((size, size), 9.0, np.float32)
    second, owner = first.copy(), np.zeros((size, size), np.int32)
    reach = 1.45 * TILE
    for k, ((cx, cy), angle) in enumerate(zip(centers, angles, strict=True)):
        left, right = max(0, int((cx - reach) * size)), min(size, int((cx + reach) * size) + 2)
        top, low = max(0, int((cy - reach) * size)), min(size, int((cy + reach) * size) + 2)
        dx = (np.arange(left, right, dtype=np.float32) + 0.5)[None, :] / size - cx
        dy = (np.arange(top, low, dtype=np.float32) + 0.5)[:, None] / size - cy
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        far = np.maximum(np.abs(cos * dx + sin * dy), np.abs(cos * dy - sin * dx))
        near, box = first[top:low, left:right], (slice(top, low), slice(left, right))
        wins = far < near
        second[box] = np.where(wins, near, np.minimum(second[box], far))
        owner[box][wins] = k
        first[box] = np.where(wins, far, near)
    return owner, first, second


def lay_rows(far: Array, turn: Array, rng: np.random.Generator) -> Array:
    """Set tiles side by side in rows along the outlines, the rows next to an outline first."""
    board = far.shape[0]
    rows = far / TILE
    order = np.argsort(np.floor(rows) + 0.6 * np.abs(rows % 1 - 0.5) + rng.uniform(0, 0.1, far.shape), axis=None)
    taken, centers = np.zeros((board, board), bool), []
    span = round(1.3 * TILE * board)
    near = (np.arange(2 * span + 1) - span) / board

    def put(x: float, y: float) -> bool:
        """Set a tile unless the place is outside or taken."""
        if not (0 <= x < 1 and 0 <= y < 1) or taken[int(y * board), int(x * board)]:
            return False
        column, row = int(x * board), int(y * board)
        cos, sin = np.cos(turn[row, column]), np.sin(turn[row, column])
        box = (
            np.maximum(np.abs(cos * near + sin * near[:, None]), np.abs(cos * near[:, None] - sin * near)) < 0.86 * TILE
        )
        top, left = max(0, row - span), max(0, column - span)
        window = taken[top : row + span + 1, left : column + span + 1]
        window |= box[top - row + span :, left - column + span :][: window.shape[0], : window.shape[1]]
        centers.append((x, y))
        return True

    for flat in order:
        row, column = divmod(int(flat), board)
        start = np.array([column + 0.5, row + 0.5]) / board
        if not put(*start):
            continue
        for sense in (-1, 1):
            spot = start
            for _ in range(200):
                angle = turn[int(spot[1] * board), int(spot[0] * board)]
                spot = spot + sense * 0.97 * TILE * np.array([-np.sin(angle), np.cos(angle)])
                if not put(*spot):
                    break
    return np.array(centers, dtype=np.float32)


def lay_tiles(design: Array, rng: np.random.Generator, board: int = 300) -> tuple[Array, Array]:
    """Place tiles in rows that follow the outlines of the design; return their centers and angles."""
    small = design[:: design.shape[0] // board, :: design.shape[0] // board][:board, :board]
    edges = np.zeros(small.shape, bool)
    edges[:, 1:] |= small[:, 1:] != small[:, :-1]
    edges[1:] |= small[1:] != small[:-1]
    far = distance_to(edges)
    gy, gx = np.gradient(blur(far, 2.0))
    turn = np.arctan2(gy, gx)
    points = lay_rows(far, turn, rng)
    x, y = grid(board)
    inner = (~edges).ravel().astype(np.float64)
    for _ in range(4):
        at = np.clip((points * board).astype(int), 0, board - 1)
        owner = nearest_tiles(board, points, turn[at[:, 1], at[:, 0]])[0].ravel()
        weight = np.bincount(owner, inner, len(points))
        kept = weight > 0.2 * (TILE * board) ** 2
        sums = [np.bincount(owner, inner * axis.ravel(), len(points)) for axis in (x, y)]
        points = np.stack([total[kept] / weight[kept] for total in sums], axis=-1).astype(np.float32)
    at = np.clip((points * board).astype(int), 0, board - 1)
    return points, turn[at[:, 1], at[:, 0]]


def draw_mosaic(size: int, rng: np.random.Generator) -> Array:
    """Draw a Roman mosaic of glass and stone tiles: a sun over the sea between two branches."""
    design = mosaic_design(1200)
    centers, angles = lay_tiles(design, rng)
    fine, count = 2 * size, len(centers)
    owner, first, second = nearest_tiles(fine, centers, angles + rng.normal(0, 0.05, count))

    at = np.clip((centers * 1200).astype(int), 0, 1199)
    kinds = design[at[:, 1], at[:, 0]]
    tints = np.stack([GLASS[kind][rng.integers(3)] for kind in kinds])
    tints *= rng.normal(1, 0.10, (count, 1)) * rng.normal(1, 0.03, (count, 3))
    x, y = grid(fine)
    noise = Noise(rng)
    rough = 0.10 * noise(150 * x, 150 * y) + 0.05 * noise(60 * x, 60 * y)
    gap = (second - first) / TILE + 0.25 * rough
    body = smoothstep(0.10, 0.17, gap) * smoothstep(0.86, 0.80, first / TILE)
    tilt = rng.normal(0, 0.5, (count, 2))[owner]
    slope = (tilt[..., 0] * (x - centers[owner, 0]) + tilt[..., 1] * (y - centers[owner, 1])) / TILE
    height = body * (0.75 + 0.35 * smoothstep(0.1, 0.5, gap) + 0.30 * slope + 0.5 * rough)
    shade, shine = relief(height.astype(np.float32), 0.0022)

    glass = tints[owner] * (1 + 0.5 * rough + 0.10 * noise(30 * x, 30 * y))[..., None]
    grout = hex_colors("5b5046")[0] * (0.85 + rough + 0.25 * noise(90 * x + 7, 90 * y))[..., None]
    picture = mix(grout, glass, body) * np.clip(shade, 0.35, 1.5)[..., None]
    return shrink(picture + 0.22 * (body * smoothstep(0.80, 1, shine))[..., None], 2)


# ---------------------------------------------------------------- brush


def whirls() -> Array:
    """Return the whirls of the sky: x, y, size, and the sense of turning."""
    return np.array(
        [
            [0.74, 0.19, 0.15, 1],
            [0.38, 0.27, 0.14, -1],
            [0.56, 0.43, 0.075, 1],
            [0.22, 0.07, 0.06, 1],
            [0.93, 0.45, 0.07, -1],
            [0.50, 0.08, 0.045, 1],
        ]
    )


def sky(x: Array, y: Array, noise: Noise) -> tuple[Array, Array]:
    """Return color and stroke angle of a whirling sky around a huge sun."""
    bend = noise(2.5 * x, 3.5 * y)
    u, v = np.full_like(x, 0.55), 0.35 * np.cos(7 * x + 3 * bend)
    shade = np.clip(y / 0.62 + 0.22 * noise(3 * x, 14 * y + 2 * np.sin(6 * x)), 0, 1)
    color = ramp(shade, hex_colors("2b2a7c", "2f56b8", "3f8fd0", "6fc3c0", "f2d28a", "f29a4a", "e8603c"))
    for k, (cx, cy, wide, sense) in enumerate(whirls()):
        dx, dy = x - cx, y - cy
        far = np.hypot(dx, dy) + 1e-6
        pull = np.exp(-((far / (1.25 * wide)) ** 2)) * 3
        u, v = u + pull * (-sense * dy / far - 0.25 * dx / far), v + pull * (sense * dx / far - 0.25 * dy / far)
        spiral = 0.5 + 0.5 * np.sin(far / wide * 9 + sense * np.arctan2(dy, dx))
        bands = (
            hex_colors("20307f", "3f74cf", "a9dcd8", "fdf3c0") if k % 2 else hex_colors("e8702a", "f9b32f", "fff2a0")
        )
        color = mix(color, ramp(spiral, bands), smoothstep(1.15, 0.75, far / wide))
        if k % 2 == 0:
            color = mix(color, hex_colors("fffbe0")[0] + 0 * color, smoothstep(0.42, 0.30, far / wide))
    return color, np.arctan2(v, u)


def land(x: Array, y: Array, noise: Noise) -> tuple[Array, Array]:
    """Return color and stroke angle of hills and of a wheat field."""
    ridge = 0.62 + 0.035 * np.sin(6 * x + 1) + 0.02 * np.sin(15 * x)
    hills = ramp(
        np.clip((y - ridge) / 0.13 + 0.2 * noise(9 * x, 20 * y), 0, 1),
        hex_colors("4a3f97", "3a6fa8", "2f8f6d", "7fb04a"),
    )
    hill_turn = 0.35 * np.cos(6 * x + 1) + 0.8 * (noise(4 * x, 6 * y))
    front = 0.745 + 0.03 * np.sin(4 * x + 2.2)
    toward = np.arctan2(y - 0.55, x - 0.62)
    rows = 0.5 + 0.5 * np.sin(42 * toward + 2 * noise(5 * x, 5 * y))
    wheat = ramp(
        np.clip(0.75 * rows + 0.25 + 0.3 * noise(12 * x, 12 * y), 0, 1),
        hex_colors("a8332a", "d9772a", "f0b52e", "ffe27a"),
    )
    green = smoothstep(0.15, 0.35, noise(4 * x + 9, 5 * y))
    wheat = mix(wheat, hex_colors("5c9b3a")[0] + 0 * wheat, 0.8 * green)
    inside = y > front
    return np.where(inside[..., None], wheat, hills), np.where(inside, toward + 0.35 * noise(6 * x, 6 * y), hill_turn)


def cypress(x: Array, y: Array, noise: Noise) -> tuple[Array, Array, Array]:
    """Return color, stroke angle and place of a flame-shaped tree."""
    rise = np.clip((0.97 - y) / 0.88, 0, 1)
    middle = 0.15 + 0.018 * np.sin(9 * y)
    wide = 0.115 * np.abs(np.sin(np.pi * rise**0.62)) ** 0.9 * (1 + 0.22 * np.sin(34 * y + 14 * x))
    inside = (np.abs(x - middle) < wide) & (y > 0.09) & (y < 0.97)
    tone = np.clip(0.45 + 0.35 * np.sin(70 * (x - middle) + 14 * y) + 0.3 * noise(9 * x, 5 * y), 0, 1)
    turn = -np.pi / 2 + 0.5 * np.sin(16 * y + 10 * x) + 2.2 * (x - middle)
    return ramp(tone, hex_colors("0e1f24", "16402f", "2d6a35", "8a7a2c")), turn, inside


def scene(x: Array, y: Array, noise: Noise) -> tuple[Array, Array]:
    """Return color and stroke angle of the whole landscape."""
    color, turn = sky(x, y, noise)
    low_color, low_turn = land(x, y, noise)
    low = y > 0.62 + 0.035 * np.sin(6 * x + 1) + 0.02 * np.sin(15 * x)
    color, turn = np.where(low[..., None], low_color, color), np.where(low, low_turn, turn)
    tree_color, tree_turn, tree = cypress(x, y, noise)
    return np.where(tree[..., None], tree_color, color), np.where(tree, tree_turn, turn)


def lay_stroke(canvas: Array, height: Array, stroke: Array, color: Array, hairs: Array) -> None:
    """Paint one curved bristle stroke; ``stroke`` is x, y, angle, bend, length and width."""
    size = height.shape[0]
    cx, cy, angle, bend, length, width = stroke
    reach = 0.55 * length + width
    left, right = max(0, int((cx - reach) * size)), min(size, int((cx + reach) * size) + 1)
    top, low = max(0, int((cy - reach) * size)), min(size, int((cy + reach) * size) + 1)
    if left >= right or top >= low:
        return
    dx = ((np.arange(left, right) + 0.5) / size - cx).astype(np.float32)[None, :]
    dy = ((np.arange(top, low) + 0.5) / size - cy).astype(np.float32)[:, None]
    along = (np.cos(angle) * dx + np.sin(angle) * dy) / (0.5 * length)
    across = (np.cos(angle) * dy - np.sin(angle) * dx) / (0.5 * width) - bend * along * along
    place = np.clip((across + 1) / 2, 0, 1) * (hairs.shape[1] - 1)
    spots = np.arange(hairs.shape[1])
    tone, ends = np.interp(place, spots, hairs[0]), np.interp(place, spots, hairs[1])
    pixel = 2 / size
    body = np.clip((1 - np.abs(across)) * 0.5 * width / pixel * 2, 0, 1)
    body = (
        body
        * np.clip((1 - 0.30 * ends - along) * 0.5 * length / pixel, 0, 1)
        * np.clip((along + 1 - 0.12 * ends) * 0.5 * length / pixel, 0, 1)
    )
    dry = np.clip(1.25 - 0.9 * ends * np.clip(along + 0.3, 0, 1), 0.15, 1)
    cover = (body * dry).astype(np.float32)
    box = (slice(top, low), slice(left, right))
    paint = color * (1 + 0.22 * (tone - 0.5))[..., None]
    canvas[box] += (paint - canvas[box]) * cover[..., None]
    thick = 0.35 + 0.75 * tone + 0.5 * np.abs(across) ** 4 + 0.35 * np.clip(along, 0, 1) ** 3
    height[box] += (0.30 * height[box] + thick - height[box]) * cover


def draw_brush(size: int, rng: np.random.Generator) -> Array:
    """Draw a landscape in thick oil strokes that follow whirls, hills and rows of wheat."""
    noise = Noise(rng)
    x, y = grid(size)
    canvas = 0.75 * scene(x, y, noise)[0]
    height = np.zeros((size, size), np.float32)
    for count, length, width in ((700, 0.160, 0.038), (1700, 0.110, 0.024), (2300, 0.070, 0.0135)):
        px, py = (rng.uniform(-0.02, 1.02, count).astype(np.float32) for _ in range(2))
        colors, turns = scene(px, py, noise)
        ahead = scene(px + 0.02 * np.cos(turns), py + 0.02 * np.sin(turns), noise)[1]
        bends = np.clip(np.sin(ahead - turns) / 0.02, -14, 14)
        colors = colors * rng.normal(1, 0.10, (count, 1)) * rng.normal(1, 0.055, (count, 3))
        for k in range(count):
            long, wide = length * rng.uniform(0.65, 1.2), width * rng.uniform(0.7, 1.25)
            bend = bends[k] * long * long / 4 / wide
            hairs = rng.random((2, max(5, int(wide * 900)))).astype(np.float32)
            stroke = np.array([px[k], py[k], turns[k], bend, long, wide])
            lay_stroke(canvas, height, stroke, colors[k].astype(np.float32), hairs)
    shade, shine = relief(blur(height, size / 1100), 0.0023)
    return canvas * np.clip(shade, 0.45, 1.35)[..., None] + 0.16 * smoothstep(0.9, 1, shine)[..., None]


# ---------------------------------------------------------------- woodcut


PAPER, FOAM, PALE, MIDDLE, DEEP, BEIGE, STONE = range(7)
PIGMENTS = hex_colors("e6d3a8", "f7f0dc", "a9c3c9", "4f86a8", "173a6b", "cdb081", "8b8f86")
KEY_INK = hex_colors("0f1d38")[0]


def spline(knots: Sequence[Sequence[float]], count: int = 20) -> Array:
    """Return points on a smooth curve through the knots, ``count`` for each stretch."""
    p = np.array(knots, dtype=np.float64)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0, 1, count, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        parts.append(b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))))
    return np.concatenate([*parts, p[-2:-1]])


def stroke_outline(spine: Array, widths: Array) -> Array:
    """Return the outline of a stroke of changing width along a spine."""
    step = np.gradient(spine, axis=0)
    side = np.stack([-step[:, 1], step[:, 0]], axis=-1)
    side /= np.linalg.norm(side, axis=-1, keepdims=True) + 1e-12
    reach = 0.5 * widths[:, None] * side
    return np.concatenate([spine + reach, (spine - reach)[::-1]])


def disc(center: Array, radius: float) -> Array:
    """Return the outline of a disc."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return center + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


class Blocks:
    """The carved blocks of one print: areas of pigment, and the black lines of the key block."""

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.areas, self.lines = Image.new("L", (scale, scale), PAPER), Image.new("L", (scale, scale), 0)
        self.area_pen, self.line_pen = ImageDraw.Draw(self.areas), ImageDraw.Draw(self.lines)

    def corners(self, outline: Array) -> list[tuple[float, float]]:
        """Turn unit coordinates into pixels."""
        return [tuple(p) for p in outline * self.scale]

    def area(self, outline: Array, pigment: int, contour: float = 0.0) -> None:
        """Cover an area with one pigment, hide the lines under it, and draw its contour."""
        corners = self.corners(outline)
        self.area_pen.polygon(corners, fill=pigment)
        self.line_pen.polygon(corners, fill=0)
        if contour:
            self.contour(outline, contour)

    def contour(self, outline: Array, width: float) -> None:
        """Draw a closed line on the key block."""
        corners = self.corners(outline)
        self.line_pen.line([*corners, corners[0]], fill=255, width=max(1, round(width * self.scale)), joint="curve")

    def cut(self, spine: Array, width: float, pigment: int | None = None) -> None:
        """Draw one tapering carved line, in a pigment or on the key block."""
        taper = np.sin(np.pi * np.linspace(0.02, 0.98, len(spine))) ** 0.6
        corners = self.corners(stroke_outline(spine, width * taper))
        if pigment is None:
            self.line_pen.polygon(corners, fill=255)
        else:
            self.area_pen.polygon(corners, fill=pigment)

    def foam(self, outlines: list[Array], contour: float) -> None:
        """Draw white shapes that run together inside one common contour."""
        for outline in outlines:
            self.area(outline, FOAM, contour)
        for outline in outlines:
            self.area(outline, FOAM)


def claw(root: Array, heading: float, length: float, curl: float, rng: np.random.Generator, level: int = 0) -> list:
    """Return spines and widths of a finger of foam with smaller fingers on it."""
    t = np.linspace(0, 1, 16)
    angle = heading + curl * (1.9 * t**2 - 0.5 * t)
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * length / 15
    spine = root + np.cumsum(steps, axis=0)
    fingers = [(spine, (0.34 + 0.1 * level) * length * (1 - t**1.6) + 0.015 * length)]
    if level < 1:
        for at, turn in ((3, -0.9), (6, 0.7), (8, -0.8), (11, -0.6)):
            lean = np.sign(curl) * turn + rng.normal(0, 0.12)
            fingers += claw(spine[at], angle[at] + lean, length * rng.uniform(0.38, 0.52), curl * 1.1, rng, level + 1)
    return fingers


def crest_foam(
    blocks: Blocks, edge: Array, inward: float, size: float, rng: np.random.Generator, claws: tuple[float, float]
) -> None:
    """Foam along the edge of a wave: a scalloped cap, fingers over the stretch ``claws``, and spray."""
    step = np.gradient(edge, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0])
    outlines, marks, spray = [], [], []
    for k in range(0, len(edge), 3):
        t = k / len(edge)
        radius = size * rng.uniform(0.30, 0.48) * (0.55 + 0.45 * np.sin(np.pi * min(1, t * 1.15)))
        side = heading[k] + inward * np.pi / 2
        center = edge[k] + 0.4 * radius * np.array([np.cos(side), np.sin(side)])
        outlines.append(disc(center, radius))
        arc = np.linspace(0.2, 2.4, 12) + side - 1.3
        marks.append((center + 0.62 * radius * np.stack([np.cos(arc), np.sin(arc)], axis=-1), 0.22 * radius))
        if claws[0] <= t <= claws[1]:
            for turn in (0.25, 1.0)[: 1 + k % 2]:
                fingers = claw(center, heading[k] + inward * turn, size * rng.uniform(1.1, 1.6), inward * 0.9, rng)
                outlines += [stroke_outline(*finger) for finger in fingers]
                marks += [(spine[1:9], 0.28 * widths[0]) for spine, widths in fingers[:4]]
        if rng.random() < 0.55:
            away = side - inward * np.pi * rng.uniform(0.75, 1.1)
            spot = center + size * rng.uniform(0.7, 2.6) * np.array([np.cos(away), np.sin(away)])
            spray.append((spot, size * rng.uniform(0.035, 0.10)))
    for spot, radius in spray:
        blocks.area(disc(spot, radius), FOAM, 0.0022)
    blocks.foam(outlines, 0.0080)
    for spine, width in marks:
        blocks.cut(spine, width, PALE)


def great_wave(blocks: Blocks, corner: tuple[float, float], scale: float, flip: bool, rng: np.random.Generator) -> None:
    """Draw one breaking wave; its own coordinates run from 0 to 1 and are scaled and moved to ``corner``."""

    def put(points: Array) -> Array:
        mirrored = points * [-1, 1] + [1, 0] if flip else points
        return np.asarray(corner) + scale * mirrored

    back = spline(
        [
            (-0.25, 1.0),
            (-0.12, 0.66),
            (0.02, 0.40),
            (0.17, 0.20),
            (0.34, 0.08),
            (0.52, 0.07),
            (0.66, 0.17),
            (0.70, 0.31),
        ]
    )
    face = spline(
        [(1.30, 1.0), (0.98, 0.86), (0.70, 0.76), (0.52, 0.64), (0.43, 0.50), (0.44, 0.36), (0.54, 0.27), (0.68, 0.30)]
    )
    blocks.area(put(np.concatenate([back, face[::-1]])), DEEP)
    shares = np.linspace(0, 1, 19)
    bands = [DEEP, PALE, DEEP, MIDDLE, DEEP, FOAM]
    for k, (low, high) in enumerate(pairwise(shares)):
        edges = [back + (face - back) * share for share in (low, low + 0.62 * (high - low))]
        blocks.area(put(np.concatenate([edges[0], edges[1][::-1]])), bands[k % len(bands)])
        blocks.cut(put(back + (face - back) * low), 0.006 * scale)
    blocks.contour(put(np.concatenate([back, face[::-1]])), 0.0085)
    inward = -1.0 if flip else 1.0
    crest_foam(blocks, put(back[45:]), inward, 0.085 * scale, rng, (0.30, 1.0))
    crest_foam(blocks, put(face[100:][::-1]), inward, 0.075 * scale, rng, (0.0, 0.75))


def swell(blocks: Blocks, level: float, height: float, phase: float, rng: np.random.Generator) -> None:
    """Draw one rolling swell across the picture with parallel carved lines and foam on its peaks."""
    x = np.linspace(-0.1, 1.1, 160)
    wave = np.sin(2 * np.pi * (1.25 * x + phase))
    top = level - height * (
        np.sign(wave) * np.abs(wave) ** 1.3 * 0.6 + 0.4 * np.sin(2 * np.pi * (2.6 * x + 1.7 * phase))
    )
    ridge = np.stack([x, top], axis=-1)
    blocks.area(np.concatenate([ridge, [[1.1, 1.2], [-0.1, 1.2]]]), DEEP, 0.008)
    for k in range(1, 16):
        flat = 1 - 0.045 * k
        line = np.stack([x, level + (top - level) * flat + 0.0165 * k], axis=-1)
        start = 0
        while start < 155:
            length = int(rng.uniform(18, 60))
            pigment = [PALE, FOAM, MIDDLE][(k + start) % 3] if k % 3 else FOAM
            blocks.cut(line[start : start + length], 0.0085 * rng.uniform(0.7, 1.2), pigment)
            start += length + int(rng.uniform(0, 5))
    for peak in np.flatnonzero((top[1:-1] < top[:-2]) & (top[1:-1] <= top[2:])) + 1:
        reach = int(rng.uniform(13, 19))
        crest_foam(blocks, ridge[max(0, peak - reach) : peak + reach // 2], 1.0, 0.062, rng, (0.55, 1.0))


def mountain(blocks: Blocks) -> None:
    """Draw a far snow-capped mountain."""
    slope = spline(
        [
            (0.44, 0.78),
            (0.58, 0.67),
            (0.72, 0.545),
            (0.765, 0.49),
            (0.80, 0.49),
            (0.85, 0.55),
            (0.97, 0.67),
            (1.12, 0.78),
        ]
    )
    blocks.area(slope, STONE, 0.006)
    cap = [
        (0.70, 0.567),
        (0.765, 0.49),
        (0.80, 0.49),
        (0.865, 0.567),
        (0.84, 0.56),
        (0.825, 0.595),
        (0.80, 0.555),
        (0.78, 0.60),
        (0.755, 0.56),
        (0.735, 0.59),
    ]
    blocks.area(np.array(cap), FOAM, 0.004)


def carve(scale: int, rng: np.random.Generator) -> Blocks:
    """Carve the blocks: clouds, a mountain, three breaking waves, and swells."""
    blocks = Blocks(scale)
    for k in range(7):
        y, start = 0.05 + 0.075 * k, rng.uniform(-0.2, 0.8)
        line = np.stack([np.linspace(start, start + 0.55, 40), y + 0.01 * np.sin(np.linspace(0, 5, 40) + k)], axis=-1)
        blocks.cut(line, 0.030, BEIGE)
    mountain(blocks)
    great_wave(blocks, (0.50, 0.30), 0.62, True, rng)
    swell(blocks, 0.74, 0.035, 0.15, rng)
    great_wave(blocks, (-0.05, 0.02), 0.88, False, rng)
    swell(blocks, 0.80, 0.045, 0.62, rng)
    swell(blocks, 0.915, 0.04, 0.18, rng)
    return blocks


def draw_woodcut(size: int, rng: np.random.Generator) -> Array:
    """Draw great waves as a Japanese woodblock print, in Prussian blue, beige and the white of the paper."""
    fine = 3 * size
    blocks = carve(fine, rng)
    areas = shrink(PIGMENTS[np.asarray(blocks.areas)], 3)
    lines = shrink(np.asarray(blocks.lines, np.float32) / 255, 3)[..., 0]
    x, y = grid(size)
    noise = Noise(rng)
    top = smoothstep(0.16, 0.0, y + 0.02 * noise(3 * x, 2 * y)) * (np.abs(areas - PIGMENTS[PAPER]).sum(axis=-1) < 0.3)
    areas = mix(areas, PIGMENTS[MIDDLE] + 0 * areas, 0.85 * top)
    rings = noise.octaves(2.2 * x, 9 * y, 3)
    grain = 0.5 + 0.5 * np.sin(2 * np.pi * (26 * y + 5 * rings)) * noise(5 * x, 160 * y)
    mottle = 0.5 * noise(180 * x, 180 * y) + 0.5 * noise(55 * x, 55 * y)
    dark = 1 - areas.mean(axis=-1)
    thin = np.clip(0.34 * (grain - 0.42) + 0.14 * mottle + 0.06, 0, 0.6) * (0.35 + 0.9 * dark)
    picture = mix(areas, PIGMENTS[FOAM] + 0 * areas, thin)
    shift = 0.0012
    key = sample(lines.astype(np.float32), x - shift, y - shift) * (0.97 - 0.25 * np.clip(mottle, 0, 1))
    picture = mix(picture, KEY_INK + 0 * picture, key)
    fibers = 0.03 * noise(9 * x + 30 * y, 240 * y) + 0.03 * noise(220 * x, 12 * y) + rng.normal(0, 0.012, x.shape)
    return picture * (0.99 + fibers)[..., None]


PAINTERS: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "sandstone": draw_sandstone,
    "fluid": draw_fluid,
    "mosaic": draw_mosaic,
    "brush": draw_brush,
    "woodcut": draw_woodcut,
}


def draw(name: str, size: int = SIZE, seed: int = SEED) -> Image.Image:
    """Draw one style as a square RGB picture."""
    rng = np.random.default_rng([seed, *name.encode()])
    picture = PAINTERS[name](size, rng)
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the named styles, or all of them, as JPEG files."""
    parser = argparse.ArgumentParser(description="Draw the course's style pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(PAINTERS)}; all when left out")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "style", metavar="DIR")
    parser.add_argument("--size", type=int, default=SIZE, metavar="N", help="pixels on a side")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(PAINTERS)
    if unknown:
        parser.error(f"no style is named {', '.join(sorted(unknown))}; there are {', '.join(PAINTERS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PAINTERS:
        path = options.out / f"{name}.jpg"
        draw(name, options.size, options.seed).save(path, quality=90, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
