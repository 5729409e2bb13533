"""A recipe as small as one can be, and its pictures."""

from __future__ import annotations

import copy

import numpy as np

RNG = np.random.default_rng(0)
PICTURES = {side: RNG.integers(0, 256, shape, dtype=np.uint8) for side, shape in
            {"content": (24, 32, 3), "style": (32, 28, 3)}.items()}  # fmt: skip

SOURCE = {"title": "A cat", "author": "me", "source": "taken by me", "license": "CC0 1.0"}
ENTRIES = {
    "title": "A cat of waves",
    "author": "me",
    "does_not_show": "That it works for dogs.",
    "predictions": ["The ears stay."],
    "network": "tiny",
    "size": 32,
    "steps": 2,
    "style_weight": 10,
    "style_weights": [30, 3],
    "content": {"file": "cat", **SOURCE},
    "style": {"file": "wave", **SOURCE, "title": "A wave"},
    "terms": [{"quantity": "content"}, {"quantity": "style", "weight": 2, "view": {"gray": True}}],
}


def changed(**changes):
    """Return the entries with some in place of others; ``content__license`` is one inside ``content``."""
    entries = copy.deepcopy(ENTRIES)
    for name, value in changes.items():
        *way, last = name.split("__")
        table = entries
        for step in way:
            table = table[step]
        table[last] = value
    return entries
