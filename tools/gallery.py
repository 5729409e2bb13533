"""Compute the pictures on the first screens of README and book, as they are committed.

python tools/gallery.py            images/gallery.jpg (some minutes on two cores)
python tools/gallery.py --front    images/front/: a photo and its painting, 512 px, for the book's divider
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from tqdm import tqdm

from nstlib.features import Features, load_network
from nstlib.images import load_image, picture, save_image
from nstlib.transfer import stylize

PAIRS = [("cat", "fluid"), ("astronaut", "woodcut"), ("china", "brush"), ("coffee", "sandstone"), ("flower", "mosaic")]
SIZE, STEPS, STYLE_WEIGHT, GAP = 256, 100, 20.0, 8
IMAGES = Path(__file__).resolve().parent.parent / "images"
FRONT = ("flower", "mosaic", 512, 100)  # content, style, size, steps; all else as `stylize` has it


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


def draw_front(network: Features, folder: Path = IMAGES / "front") -> list[Path]:
    """Write a photo and its painting, of one size, and return where."""
    content_name, style_name, size, steps = FRONT
    content, style = (load_image(picture(name), size=size) for name in (content_name, style_name))
    *_, last = tqdm(
        stylize(content, style, network, steps=steps), total=steps + 1, desc=f"{content_name} in {style_name}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {f"{content_name}.jpg": content, f"{content_name}-{style_name}.jpg": last.image}
    return [save_image(image, folder / name, quality=88) for name, image in pictures.items()]


def draw_gallery(network: Features) -> Path:
    """Write the pairs side by side, and return where."""
    columns = [column(network, *pair) for pair in PAIRS]
    gap = torch.ones(1, 3, columns[0].shape[2], GAP)
    pieces = [piece for one in columns for piece in (one, gap)][:-1]
    return save_image(torch.cat(pieces, dim=3), IMAGES / "gallery.jpg", quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--front", action="store_true", help="the two pictures of the book's first page")
    network = load_network()
    print("wrote", *(draw_front(network) if parser.parse_args().front else [draw_gallery(network)]))


if __name__ == "__main__":
    main()
