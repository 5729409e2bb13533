"""The words of a door's message: what was needed, what came and what to do."""

from __future__ import annotations

import numbers
import os
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

NAMES = {
    "any": "numbers",
    "whole": "whole numbers",
    "index": "whole numbers",
    "bools": "booleans",
    "complex": "complex numbers",
    "reals": "numbers",
}


def came(value: object) -> str:
    """Say in a few words what was handed in."""
    if isinstance(value, Tensor):
        return f"{tuple(value.shape)} of {value.dtype}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape} of {value.dtype}"
    kind = type(value)
    if kind.__module__.startswith("PIL."):
        return f"a PIL image of {value.size[0]} x {value.size[1]} pixels"
    if value is None or isinstance(value, (bool, numbers.Number)):
        return repr(value)
    if isinstance(value, (str, bytes)):
        return repr(value) if len(value) <= 40 else f"{value[:40]!r} and more"
    if isinstance(value, (list, tuple, dict, set)):
        text = repr(value) if all(isinstance(one, (str, int, float)) for one in value) else ""
        return text if 0 < len(text) <= 60 else f"a {kind.__name__} of {len(value)}"
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {kind.__name__}"


def shape_in_words(kind: str, axes: Sequence[str], known: Mapping[str, object]) -> str:
    """Say what a tensor is to be.

    Args:
        kind: which numbers it holds, a key of ``nstlib.facts.KINDS``. axes: what a door says of them, in order.
        known: sizes of axes that another argument has told.
    """
    what = NAMES.get(kind, "floats")
    if axes == ["..."]:
        return f"a tensor of {what}"
    letters = "BCHW" if len(axes) == 4 else ["any"] * len(axes)
    sizes = []
    for letter, axis in zip(letters, axes, strict=True):
        name = axis.rstrip("_?") or letter
        sizes.append(f"1 or {known.get(name, name)}" if axis[-1] == "?" else str(known.get(name, name)))
    return f"{what} of shape ({', '.join(sizes)}{',' if len(axes) == 1 else ''})"


def advice_for(value: object, name: str = "", dtypes: Collection[torch.dtype] = (), *, batched: bool = False) -> str:
    """Say how something becomes the tensor that is needed, where that is clear.

    Args:
        value: what came. name: of the argument. dtypes: of numbers that are taken. batched: whether a batch axis is needed.
    """
    if isinstance(value, Tensor):
        if value.dtype not in dtypes:
            return _other_numbers(name, value, dtypes)
        if 0 in value.shape:
            return "Each axis needs at least one position."
        return f"For one image, add the batch axis: {name}[None]." if batched and value.ndim == 3 else ""
    if isinstance(value, np.ndarray):
        return "torch.from_numpy makes a tensor of it."
    if isinstance(value, (str, os.PathLike)):
        return "nstlib.images.load_image reads a picture from a file."
    if type(value).__module__.startswith("PIL."):
        return "nstlib.images.load_image reads its file as a tensor."
    if isinstance(value, (list, tuple)):
        return "torch.cat or torch.tensor makes one tensor of them." if value else "It is empty."
    return "Give it a tensor."


def _other_numbers(name: str, value: Tensor, dtypes: Collection[torch.dtype]) -> str:
    if value.is_complex():
        return f"Take {name}.abs() or {name}.real."
    if torch.float32 in dtypes:
        return f"Take {name}.float(){' / 255' if value.dtype is torch.uint8 else ''}."
    if torch.bool in dtypes:
        return f"Take {name} > 0, for example."
    return f"Take {name}.long()." if torch.int64 in dtypes else ""
