"""Make the large pictures that the book shows, each by its command in book/data/pictures.toml.

python tools/gallery.py                  those that are missing in images/results (some minutes each on two cores)
python tools/gallery.py NAME [NAME ...]  these, anew
python tools/gallery.py --strip          images/gallery.jpg, for README and links: four of them under photo and style
python tools/gallery.py --pairs          images/one_pass_pairs.jpg: six pairs, painted in one pass and by descents
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

from recipes import TABLE, commands  # noqa: E402

RESULTS = ROOT / "images" / "results"
STRIP = ("cat-glass", "china-dots", "coffee-fluid", "flower-mosaic")
PAIRS = ("cat-mosaic", "china-brush", "coffee-fluid", "flower-sandstone", "rocket-woodcut", "astronaut-tissue")
PAINTERS = ("fast apply", "stylize --steps 40", "stylize --steps 100")
CELL, SMALL_CELL, GAP = (300, 200), (200, 134), 8


def make(name: str, *settings: str, folder: Path = RESULTS) -> Path:
    """Run the command of a picture, with other settings behind its own, and return where the picture is."""
    program, *words = shlex.split(commands()[name])
    if program != "nst":
        raise SystemExit(f"{TABLE.name}: the command of {name} begins with {program!r}, not with nst")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / f"{name}.png"
        subprocess.run([sys.executable, "-m", "nstlib", *words, *settings, "-o", str(made)], cwd=ROOT, check=True)
        with Image.open(made) as image:
            image.convert("RGB").save(folder / f"{name}.jpg", quality=80, optimize=True, progressive=True)
    return folder / f"{name}.jpg"


def strip(names: Sequence[str] = STRIP) -> Path:
    """Write photos, styles and results of some pairs, a column each, and return where."""
    rows = [
        [ROOT / "images" / "content" / f"{name.split('-')[0]}.jpg" for name in names],
        [ROOT / "images" / "style" / f"{name.split('-')[1]}.jpg" for name in names],
        [RESULTS / f"{name}.jpg" for name in names],
    ]
    path = ROOT / "images" / "gallery.jpg"
    sheet(rows).save(path, quality=88)
    return path


def pairs(names: Sequence[str] = PAIRS, path: Path = ROOT / "images" / "one_pass_pairs.jpg") -> Path:
    """Write some pairs, a row each (photo, style, painted in one pass, after 40 steps and after 100), and return where."""
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for content, style in (name.split("-") for name in names):
            row = [ROOT / "images" / "content" / f"{content}.jpg", ROOT / "images" / "style" / f"{style}.jpg"]
            for command in PAINTERS:
                row.append(Path(work) / f"{content}-{style}-{len(row)}.png")
                words = [*command.split(), content, style, "--size", "224", "-o", str(row[-1])]
                subprocess.run([sys.executable, "-m", "nstlib", *words], cwd=ROOT, check=True)
            rows.append(row)
        sheet(rows, SMALL_CELL).save(path, quality=80, optimize=True, progressive=True)
    return path


def sheet(rows: Sequence[Sequence[Path]], cell: tuple[int, int] = CELL) -> Image.Image:
    """Return pictures in rows, each cut to the same size."""
    across, down = cell[0] + GAP, cell[1] + GAP
    result = Image.new("RGB", (len(rows[0]) * across - GAP, len(rows) * down - GAP), "white")
    for top, row in enumerate(rows):
        for left, path in enumerate(row):
            with Image.open(path) as image:
                result.paste(ImageOps.fit(image.convert("RGB"), cell), (left * across, top * down))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; else what is missing")
    parser.add_argument("--strip", action="store_true", help="images/gallery.jpg, of results that are there")
    parser.add_argument("--pairs", action="store_true", help="images/one_pass_pairs.jpg (some five minutes)")
    given = parser.parse_args()
    if unknown := [name for name in given.names if name not in commands()]:
        parser.error(f"{TABLE.name} has no picture {unknown[0]!r}; it has {', '.join(commands())}")
    if given.strip:
        print("wrote", strip())
        return
    if given.pairs:
        print("wrote", pairs())
        return
    for name in given.names or [name for name in commands() if not (RESULTS / f"{name}.jpg").exists()]:
        print("wrote", make(name))


if __name__ == "__main__":
    main()
