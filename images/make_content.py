"""Remake the photographs of the course from the packages that ship them.

Readers of the course need not run this: its results are in the repository. It needs scikit-image and scikit-learn.

    python images/make_content.py [--out DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

LONGER_SIDE = 640


def photographs() -> dict[str, np.ndarray]:
    """Return the pictures by their paths in this folder."""
    from sklearn.datasets import load_sample_image

    return {
        "content/cat.jpg": skimage.data.chelsea(),
        "content/astronaut.jpg": skimage.data.astronaut(),
        "content/coffee.jpg": skimage.data.coffee(),
        "content/rocket.jpg": skimage.data.rocket(),
        "content/china.jpg": load_sample_image("china.jpg"),
        "content/flower.jpg": load_sample_image("flower.jpg"),
        "style/hubble.jpg": skimage.data.hubble_deep_field()[100:740, 180:820],
        "style/tissue.jpg": skimage.data.immunohistochemistry(),
    }


def enlarge(picture: Image.Image) -> Image.Image:
    """Bring a picture's longer side to 640 pixels, unless it is at least 512 pixels already."""
    longer = max(picture.size)
    if longer >= 512:
        return picture
    width, height = (round(side * LONGER_SIDE / longer) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the photographs as JPEG files."""
    parser = argparse.ArgumentParser(description="Remake the photographs of the course.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR")
    out = parser.parse_args().out
    for name, pixels in photographs().items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        enlarge(Image.fromarray(pixels).convert("RGB")).save(path, quality=88, optimize=True)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
