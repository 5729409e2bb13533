"""From a recipe to a picture and its curve: which runs a card takes, and what is measured of their results."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from nstlib import __version__
from nstlib.apps.card.recipe import SIDES, CardRecipe
from nstlib.apps.study.measure import as_image, structure_distance
from nstlib.dual import stylize_dual
from nstlib.engine.run import Run
from nstlib.features import Features
from nstlib.formats.encoding import as_bytes
from nstlib.images import load_image
from nstlib.metrics import matched_style_difference, pair_measures
from nstlib.terms import CLASSIC, Term

OWN, BASE = "recipe", "classic"
SHOWN = ("ssim", "edge_ssim", "structure", "gram", "gram_gray")  # of the measures, those that a card keeps
KEPT = ("ssim", "edge_ssim")  # of these, along the curve
DIGITS = 4  # of a number in a record: other machines agree in no more


class CardRun(NamedTuple):
    """One run of a card: by the recipe's terms or by the classic ones, at a weight of the style."""

    name: str
    weight: float


@dataclass(frozen=True)
class Made:
    """What a card's runs gave.

    Attributes:
        result: the picture at the card's own weight, bytes of shape (H, W, 3).
        numbers: its measures by name.
        curves: from "recipe" and "classic" to their points: weight, measures, held-out Gram distance. Empty without a curve.
        ahead: SSIM, and that of edges, above the classic loss at the same style; empty without a curve or a common style.
        made_with: versions and the machine. steps, seconds: of the one run that made the result.
    """

    result: np.ndarray
    numbers: Mapping[str, float]
    curves: Mapping[str, list[dict[str, float]]]
    ahead: Mapping[str, float]
    made_with: Mapping[str, str | int]
    steps: int
    seconds: float


def read_pictures(paths: Mapping[str, Path], size: int) -> dict[str, np.ndarray]:
    """Return content and style as a card keeps them: bytes of shape (H, W, 3), the longer side ``size`` pixels."""
    return {side: as_bytes(load_image(paths[side], size=size)) for side in SIDES}


def digest(picture: np.ndarray) -> str:
    """Return the SHA-256 of a picture's pixels and its shape, in hexadecimal digits."""
    shape = "x".join(map(str, picture.shape)).encode()
    return hashlib.sha256(shape + b" " + np.ascontiguousarray(picture, dtype=np.uint8).tobytes()).hexdigest()


def jobs_of(recipe: CardRecipe) -> list[CardRun]:
    """Return the runs of a card, its own point first: whoever stops early has seen what it is about."""
    own = [CardRun(OWN, weight) for weight in recipe.style_weights if weight != recipe.style_weight]
    base = [] if is_classic(recipe.terms) else [CardRun(BASE, weight) for weight in recipe.style_weights]
    return [CardRun(OWN, recipe.style_weight), *own, *base]


def is_classic(terms: tuple[Term, ...]) -> bool:
    """Return whether terms are those of the classic loss."""
    return [str(term) for term in terms] == [str(term) for term in CLASSIC]


def start(job: CardRun, recipe: CardRecipe, pictures: Mapping[str, np.ndarray], network: Features) -> Run:
    """Return the run of a job; looping over it does the work."""
    settings = recipe.settings
    return stylize_dual(
        *(as_image(pictures[side]) for side in SIDES),
        network,
        terms=recipe.terms if job.name == OWN else CLASSIC,
        style_weight=job.weight,
        tv_weight=settings.tv_weight,
        optimizer=settings.optimizer,
        init=recipe.init,
        steps=settings.steps,
        generator=torch.Generator().manual_seed(recipe.seed),
    )


def measure(result: np.ndarray, pictures: Mapping[str, np.ndarray], network: Features) -> dict[str, float]:
    """Return what a card keeps of a result's measures, in few digits."""
    image, content, style = (as_image(each) for each in (result, *(pictures[side] for side in SIDES)))
    found = pair_measures(image, content, style, network)
    found["structure"] = structure_distance(image, content, network)
    return {name: float(f"{found[name]:.{DIGITS}g}") for name in SHOWN}


def curves_of(recipe: CardRecipe, found: Mapping[CardRun, Mapping[str, float]]) -> dict[str, list[dict[str, float]]]:
    """Return the points of the curves, by ascending weight. Of a classic recipe there is one curve."""
    curves: dict[str, list[dict[str, float]]] = {}
    for weight in recipe.style_weights:
        for name in (OWN, BASE):
            if (measured := found.get(CardRun(name, weight))) is not None:
                point = {"style_weight": weight} | {axis: measured[axis] for axis in (*KEPT, "gram")}
                curves.setdefault(name, []).append(point)
    return curves


def ahead(curves: Mapping[str, list[dict[str, float]]]) -> dict[str, float]:
    """Return how much more of the content a recipe keeps than the classic loss at the same style, by measure.

    Empty where that cannot be said: without two curves of at least two points, or a style that both reach.
    """
    if len(curves) < 2 or any(
        len(points) < 2 or min(each["gram"] for each in points) <= 0 for points in curves.values()
    ):
        return {}
    found = {}
    for measure in KEPT:
        axes = [[point[axis] for point in curves[name]] for name in (OWN, BASE) for axis in ("gram", measure)]
        found[measure] = matched_style_difference(*axes)
    return {} if np.isnan(list(found.values())).any() else {name: float(f"{x:.2g}") for name, x in found.items()}


@contextmanager
def on_threads(count: int | None) -> Iterator[None]:
    """Let torch compute on that many threads for a while; None leaves them as they are."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def made_with() -> dict[str, str | int]:
    """Return what else than the recipe decides about the last digit of a pixel."""
    return {
        "nstlib": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }
