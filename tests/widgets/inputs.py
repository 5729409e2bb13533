"""What explorers are shown in tests: small, made up, and the same each time."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from nstlib import inversion, transfer
from nstlib.analysis import Table
from nstlib.features import load_network
from nstlib.metrics import MEASURES
from nstlib.occlusion import occlusion_map
from nstlib.top_patches import top_patches
from nstlib.training import Snapshot

TINY = load_network("tiny")
LAYERS = ("relu1_2", "relu2_2", "relu3_3")
SHALLOW = ("relu1_1", "relu2_1")  # the layers of ``compared``


METHODS = {"dual": (0.05, 1.0), "classic": (0.0, 1.0), "loud": (-0.02, 4.0), "far": (0.0, 1000.0)}


def made_up(*, missing=(), seed=0):
    """Return a table of 2 contents x 3 styles: content falls with style, noisily, plus what a method has over it."""
    rng = np.random.default_rng(seed)
    values = {}
    for content in "ab":
        for style in "xyz":
            ease = np.exp(0.5 * rng.normal())
            for method, (better, louder) in METHODS.items():
                for weight in (1.0, 3.0, 10.0, 30.0):
                    gram = 0.5 / (1 + weight * louder) * ease * np.exp(0.1 * rng.normal())
                    ssim = 0.7 + 0.1 * math.log(gram) + better + 0.02 * rng.normal()
                    values[content, style, method, weight] = dict.fromkeys(MEASURES, math.nan) | {
                        "gram": gram,
                        "gram_gray": 1.3 * gram,
                        "gram_random": gram**1.5,
                        "ssim": ssim,
                        "edge_ssim": 0.8 * ssim,
                        "structure": 1 - ssim,
                    }
    for key in missing:
        del values[key]
    return Table(("a", "b"), ("x", "y", "z"), tuple(METHODS), values)


def trained_snapshots(rng):
    """Three snapshots of seven filters of 5 x 5, one of them zero in the beginning."""
    states = [{"conv1.weight": torch.randn(7, 3, 5, 5, generator=rng)} for _ in range(3)]
    states[0]["conv1.weight"][2] = 0
    return [
        Snapshot(epoch=2 * k, loss=2.0 - k / 2, accuracy=k / 3, held_out=k / 4, state=s) for k, s in enumerate(states)
    ]


def inverted(photo, rng, names=("trained", "random weights")):
    """Return the photo with more and more noise, as if each layer had said that."""
    return {
        name: {
            layer: inversion.Reconstruction(
                30, (photo + 0.1 * k * torch.randn(photo.shape, generator=rng)).clamp(0, 1), 0.01 * k, 1.0, 1.0, 1.1
            )
            for k, layer in enumerate(LAYERS)
        }
        for name in names
    }


def painted(rng, steps=4, start=3.0):
    """Return the steps of a transfer that was never run, its images flat, so that they can be told apart."""
    return [
        transfer.Step(
            k, torch.full((1, 3, 24, 36), 0.1 * (k + 1)), 0.2 * k, start / (k + 1), 0.0, start / (k + 1) + 0.2 * k
        )
        for k in range(steps)
    ]


def strongest(rng):
    """Return pictures and the best patches of two layers of a small network."""
    pictures = F.interpolate(torch.rand(6, 3, 8, 8, generator=rng), size=(48, 48), mode="bicubic").clamp(0, 1)
    batches = [pictures[:4], pictures[4:]]
    found = {layer: top_patches(TINY, batches, layer, k=5) for layer in ("relu1_2", "relu2_1")}
    alive = {layer: [c for c, best in channels.items() if len(best) == 5][:3] for layer, channels in found.items()}
    return batches, {layer: {c: found[layer][c] for c in channels} for layer, channels in alive.items()}


def covered_answers(rng):
    """Return a picture, and the answers of two scores to a square of 9 pixels in steps of 7."""
    image = torch.rand(1, 3, 30, 44, generator=rng)
    scores = {
        "left": lambda images: images[..., :15].mean((1, 2, 3)),
        "dark": lambda images: 1.2 - images.mean((1, 2, 3)),
    }
    return image, {
        name: (occlusion_map(one, image, size=9, stride=7), float(one(image))) for name, one in scores.items()
    }


def compared(photo):
    """Return two pictures, each with others to compare it with: two for the first, one for the second."""
    negative = 1 - photo
    return {
        "photo": (photo, {"negative": negative, "flat": torch.full_like(photo, 0.5)}),
        "negative": (negative, {"photo": photo}),
    }
