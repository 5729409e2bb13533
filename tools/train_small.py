"""Train the small networks of chapter 05 and write what the chapter reads to book/data/training/.

    python tools/train_small.py                    all of it, about 15 minutes of one core
    python tools/train_small.py "first layer"      one of the experiments: "main", "first layer", "depth"

Every run is decided by its seed. On another kind of processor the numbers differ a little from the first epoch on.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from nstlib import filter_measures, training
from nstlib.features import extract
from nstlib.formats.snapshots import SAVED
from nstlib.images import save_image
from nstlib.patches import Patches, center, cut_patches
from nstlib.training import Snapshot

SEEDS = (0, 1, 2)
FIRST_LAYERS = ((7, 4), (11, 2), (11, 4))
DEPTHS = (("conv3",), ("conv3", "conv4"), ("conv3", "conv4", "conv5"), ("conv2", "conv3", "conv4", "conv5"))
EXPERIMENTS = {
    "main": [{"kernel": 7, "stride": 2, "without": (), "seed": seed} for seed in SEEDS],
    "first layer": [
        {"kernel": kernel, "stride": stride, "without": (), "seed": seed}
        for kernel, stride in FIRST_LAYERS
        for seed in SEEDS
    ],
    "depth": [{"kernel": 7, "stride": 2, "without": without, "seed": seed} for without in DEPTHS for seed in SEEDS],
}
EPOCHS = 32
EXAMPLES = 6  # every sixth held-out patch is enough to compare layers


def run(
    data: tuple[Patches, Patches], *, kernel: int, stride: int, without: Sequence[str], seed: int
) -> tuple[dict, list[Snapshot]]:
    """Return what one training leads to, in numbers, and its snapshots."""
    generator = torch.Generator().manual_seed(seed)
    model = training.small_network(kernel=kernel, stride=stride, without=without, generator=generator)
    snapshots = list(training.train(model, *data, epochs=EPOCHS, generator=generator))
    examples = center(data[1].images[::EXAMPLES])
    numbers = {
        "kernel": kernel,
        "stride": stride,
        "without": list(without),
        "seed": seed,
        "parameters": sum(weights.numel() for weights in model.parameters()),
        **{name: [curve[name] for curve in map(describe, snapshots)] for name in describe(snapshots[0])},
        **first_layer(model, snapshots, examples, stride),
    }
    if (kernel, stride, without) == (7, 2, ()):
        numbers |= evolution(model, snapshots, examples)
    return numbers, snapshots


def describe(snapshot: Snapshot) -> dict:
    """Return a snapshot without its weights."""
    return {name: round(getattr(snapshot, name), 4) for name in ("epoch", "loss", "accuracy", "held_out")}


def first_layer(model: torch.nn.Module, snapshots: Sequence[Snapshot], examples: torch.Tensor, stride: int) -> dict:
    """Return what can be said about the first layer's filters, untrained and trained."""
    born, grown = snapshots[0].filters, snapshots[-1].filters
    return {
        "dead": int(filter_measures.dead_filters(model, examples).sum()),
        "low": [_round(float(filter_measures.extreme_share(filters, high=1.0).mean())) for filters in (born, grown)],
        "high": [_round(float(filter_measures.extreme_share(filters, low=0.0).mean())) for filters in (born, grown)],
        "aliased": [_round(float(filter_measures.aliased_share(f, examples, stride).mean())) for f in (born, grown)],
        "spectrum": [_round(share) for share in filter_measures.filter_energies(grown)[1].tolist()],
    }


def evolution(model: torch.nn.Module, snapshots: Sequence[Snapshot], examples: torch.Tensor) -> dict:
    """Return how near each layer is to its last state at each snapshot: by its activations, and by its weights."""
    stages = [name for name, _ in model.named_children() if name.startswith("relu") or name == "classify"]
    last = activations(model, snapshots[-1], examples, stages)
    seen = [activations(model, snapshot, examples, stages) for snapshot in snapshots]
    weights = [name for name in snapshots[0].state if name.endswith(".weight")]
    return {
        "similarity": {
            name: [_round(float(filter_measures.similarity(s[name], last[name]))) for s in seen] for name in stages
        },
        "drift": {
            name: [
                _round(float(filter_measures.feature_drift(a.state[name], b.state[name])))
                for a, b in itertools.pairwise(snapshots)
            ]
            for name in weights
        },
    }


def activations(model: torch.nn.Module, snapshot: Snapshot, examples: torch.Tensor, stages: Sequence[str]) -> dict:
    """Return what the layers say about the examples at the time of a snapshot."""
    training.load_weights_into(model, snapshot)
    with torch.no_grad():
        return extract(examples, model.named_children(), stages)


def keep(settings: dict, snapshots: Sequence[Snapshot], folder: Path) -> None:
    """Write the weights that the chapter shows: all of the main run, the filters of the coarsest first layer."""
    if settings == EXPERIMENTS["main"][0]:
        training.save_snapshots(snapshots, folder / "snapshots.safetensors")
        write_strip(snapshots, folder)
    if settings == {"kernel": 11, "stride": 4, "without": (), "seed": SEEDS[0]}:
        last = dataclasses.replace(snapshots[-1], state={"conv1.weight": snapshots[-1].filters})
        training.save_snapshots([last], folder / "coarse.safetensors")


def write_strip(snapshots: Sequence[Snapshot], folder: Path) -> None:
    """Write one row of filters for each snapshot as a PNG, and a JSON file that says how to read it."""
    rows = [filter_measures.filter_grid(snapshot.filters, columns=len(snapshot.filters)) for snapshot in snapshots]
    height, width = rows[0].shape[2:]
    save_image(torch.cat(rows, 2), folder / "epochs.png")
    about = {
        "picture": "epochs.png",
        "row_height": height,
        "row_width": width,
        "filters": len(snapshots[0].filters),
        "filter_side": snapshots[0].filters.shape[-1],
        "gap": 1,
        "snapshots": [describe(snapshot) for snapshot in snapshots],
    }
    (folder / "epochs.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def merge(path: Path, experiment: str, runs: Sequence[dict]) -> None:
    """Put the runs of one experiment into the file, in place of what it had of them."""
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept[experiment] = list(runs)
    ordered = {name: kept[name] for name in EXPERIMENTS if name in kept}
    lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, each)) + "\n]" for name, each in ordered.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None, folder: Path = SAVED) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", metavar="experiment", help=f"of {', '.join(EXPERIMENTS)}")
    chosen = parser.parse_args(arguments).experiments or list(EXPERIMENTS)
    if unknown := [name for name in chosen if name not in EXPERIMENTS]:
        parser.error(f"there is no experiment {unknown[0]!r}; choose from {', '.join(EXPERIMENTS)}")
    folder.mkdir(parents=True, exist_ok=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that sums are added up in the same order on every machine
    try:
        train_all(chosen, folder)
    finally:
        torch.set_num_threads(threads)
    return 0


def train_all(experiments: Sequence[str], folder: Path) -> None:
    """Train whatever the experiments ask for, and write it to the folder."""
    data = cut_patches()
    for experiment in experiments:
        runs = []
        for settings in EXPERIMENTS[experiment]:
            start = time.perf_counter()
            numbers, snapshots = run(data, **settings)
            runs.append(numbers)
            keep(settings, snapshots, folder)
            seconds = time.perf_counter() - start
            print(f"{experiment} {settings}: held out {numbers['held_out']}, {seconds:.0f} s", flush=True)
        merge(folder / "runs.json", experiment, runs)


def _round(number: float) -> float:
    return round(number, 3)


if __name__ == "__main__":
    sys.exit(main())
