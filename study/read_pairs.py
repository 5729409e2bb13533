"""What can be read from a layer about a stylized picture: its content, its style? Writes book/data/readings.csv.

Six contents in seven styles, each transfer from noise, so that nothing of the scene is in the start. From several things
that one may know of a picture (activations, activations without mean and deviation, Gram matrices, bands, groups of
channels), layer by layer, the content of a picture is told by pictures of other styles, and its style by pictures of other
contents (``nstlib.analysis.read_unseen``).

    python study/read_pairs.py [--out FILE]        some 5 minutes of two cores
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch
from torch import Tensor

from nstlib import course
from nstlib.analysis import read_unseen
from nstlib.channels import selectivity
from nstlib.features import Features, load_network
from nstlib.frequency import tight_frame
from nstlib.gram import gram_matrix
from nstlib.images import load_image, picture, resize_to
from nstlib.losses import normalized
from nstlib.metrics import bootstrap_interval
from nstlib.patches import PHOTOS, STYLES
from nstlib.transfer import stylize

SIZE = (64, 96)
STEPS = 60
STYLE_WEIGHT = 1.0  # at 10 a transfer from noise brings no scene (chapter 10)
LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_2")  # in no loss of the transfers
CUTOFF = 0.125  # cycles per position: below it is coarse


def make_grid(network: Features) -> list[list[Tensor]]:
    """Return the stylized pictures, one row for each content."""
    styles = {name: load_image(picture(name), size=128) for name in STYLES}
    grid = []
    for name in PHOTOS:
        content = resize_to(load_image(picture(name), size=128), SIZE)
        row = []
        for style in styles.values():
            generator = torch.Generator().manual_seed(len(grid) * len(styles) + len(row))
            run = stylize(
                content,
                style,
                network,
                init="noise",
                detail=False,
                style_weight=STYLE_WEIGHT,
                steps=STEPS,
                generator=generator,
            )
            *_, last = run
            row.append(last.image)
        grid.append(row)
        print(f"{name}: {len(row)} pictures", flush=True)
    return grid


def known(maps: Tensor) -> dict[str, Tensor]:
    """Return what may be known of pictures from their activations, shape (contents, styles, C, H, W), by name."""
    flat = maps.flatten(0, 1)
    fine, coarse = tight_frame(flat, [CUTOFF])
    follows = selectivity(maps)  # of the same pictures: in favor of the groups, if of anything
    order = follows.argsort(descending=True)
    half = len(order) // 2
    found = {
        "activations": flat,
        "without mean and deviation": normalized(flat),
        "Gram matrix": gram_matrix(flat),
        "fine band": fine,
        "coarse band": coarse,
        "channels of content": flat[:, order[:half]],
        "channels of style": flat[:, order[half:]],
    }
    return {name: value.unflatten(0, maps.shape[:2]) for name, value in found.items()}


def readings(grid: list[list[Tensor]], network: Features) -> list[dict[str, str]]:
    """Return one row for each layer and each thing known: the share told right and an interval, of content and of style."""
    rows = []
    with torch.no_grad():
        found = [[network(image, LAYERS) for image in row] for row in grid]
    for layer in LAYERS:
        maps = torch.stack([torch.cat([each[layer] for each in row]) for row in found])
        for name, value in known(maps).items():
            told = read_unseen(value.flatten(2).double().numpy())
            row = {"layer": layer, "known": name}
            for goal, right in (("content", told.content), ("style", told.style)):
                interval = bootstrap_interval(right.astype(float))
                row |= {
                    goal: f"{interval.mean:.3f}",
                    f"{goal}_low": f"{interval.low:.3f}",
                    f"{goal}_high": f"{interval.high:.3f}",
                }
            rows.append(row)
    return rows


def main() -> None:
    """Make the pictures, read them, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=course.DATA / "readings.csv")
    out = parser.parse_args().out
    network = load_network()
    rows = readings(make_grid(network), network)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(f"{row['layer']}  {row['known']:28s} content {row['content']}  style {row['style']}")


if __name__ == "__main__":
    main()
