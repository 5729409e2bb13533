"""Files of trainings (chapter on training): a network's weights at several epochs, and what was measured of many runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nstlib import course
from nstlib.errors import WeightsError
from nstlib.formats.files import replacing

SAVED = course.DATA / "training"

# What was measured at an epoch, "epoch" among it, and all weights by name.
State = tuple[dict[str, float], Mapping[str, Tensor]]


def write_states(states: Iterable[State], path: Path) -> None:
    """Write states to one safetensors file: tensors in float16, what was measured as JSON in its metadata.

    Raises:
        WeightsError: if the file cannot be written; an older one stays.
    """
    states = list(states)
    tensors = {
        f"{about['epoch']}/{name}": t.half().contiguous() for about, state in states for name, t in state.items()
    }
    content = save(tensors, metadata={"snapshots": json.dumps([about for about, _ in states])})
    with replacing(path, error=WeightsError) as temporary:
        temporary.write_bytes(content)


def read_states(path: Path) -> list[State]:
    """Return the states of such a file, tensors in float32.

    Raises:
        WeightsError: if there is no such file, it is damaged, or it holds something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["snapshots"])
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
        states = {entry["epoch"]: {} for entry in about}
        for key, tensor in tensors.items():
            epoch, name = key.split("/", 1)
            states[int(epoch)][name] = tensor
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:  # whole, but of another program
        raise _not_saved(path, "snapshots", error) from error
    return [(entry, states[entry["epoch"]]) for entry in about]


def load_runs(path: Path | None = None) -> dict[str, list[dict]]:
    """Return what was measured of each saved training, by experiment: "main", "first layer", "depth".

    Raises:
        WeightsError: if there is no such file, or it is damaged.
    """
    path = SAVED / "runs.json" if path is None else Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _not_saved(path, "runs", error) from error


def _not_saved(path: Path, what: str, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path} holds no {what} ({error}). Clone the repository and work in it, or make them anew: "
        "python tools/train_small.py"
    )
