"""Compute the picture on the README's first screen: python tools/gallery.py (some minutes on two cores)."""

from __future__ import annotations

from pathlib import Path

import torch
from tqdm import tqdm

from nstlib.features import Features, load_network
from nstlib.images import load_image, picture, save_image
from nstlib.transfer import stylize

PAIRS = [("cat", "sandstone"), ("astronaut", "brush"), ("china", "woodcut"), ("coffee", "fluid"), ("flower", "mosaic")]
SIZE, STEPS, STYLE_WEIGHT, GAP = 256, 100, 20.0, 8
OUT = Path(__file__).resolve().parent.parent / "images" / "gallery.jpg"


def column(network: Features, content_name: str, style_name: str) -> torch.Tensor:
    """Return content, style and result of one pair, one above the other, shape (1, 3, 3 * SIZE + 2 * GAP, SIZE)."""
    content, style = load_image(picture(content_name), size=SIZE), load_image(picture(style_name), size=SIZE)
    run = stylize(content, style, network, style_weight=STYLE_WEIGHT, steps=STEPS)
    *_, last = tqdm(run, total=STEPS + 1, desc=f"{content_name} in {style_name}")
    gap = torch.ones(1, 3, GAP, SIZE)
    return torch.cat([on_white(content), gap, on_white(style), gap, on_white(last.image)], dim=2)


def on_white(image: torch.Tensor) -> torch.Tensor:
    """Return the image in the middle of a white square of SIZE pixels."""
    canvas = torch.ones(1, 3, SIZE, SIZE)
    top, left = (SIZE - image.shape[2]) // 2, (SIZE - image.shape[3]) // 2
    canvas[:, :, top : top + image.shape[2], left : left + image.shape[3]] = image
    return canvas


def main() -> None:
    """Draw the gallery."""
    network = load_network()
    columns = [column(network, *pair) for pair in PAIRS]
    gap = torch.ones(1, 3, columns[0].shape[2], GAP)
    pieces = [piece for one in columns for piece in (one, gap)][:-1]
    print("wrote", save_image(torch.cat(pieces, dim=3), OUT, quality=88))


if __name__ == "__main__":
    main()
