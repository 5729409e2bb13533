"""One run of a study: make the picture, and measure it with what no loss has lowered.

``Task`` holds all that a run needs, pictures too, so that it can go to another process or another machine.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import metrics
from nstlib.apps.study.grid import Case, Grid, Method
from nstlib.channels import channel_terms, score_channels, shuffled_scores
from nstlib.dual import TERMS, stylize_dual
from nstlib.features import Features, load_network, random_network
from nstlib.formats.encoding import as_bytes
from nstlib.images import load_image, resize_to
from nstlib.losses import normalized, relative_error
from nstlib.objective import Objective, Style
from nstlib.terms import Term
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS, STYLE_WEIGHT, stylize

STRUCTURE_LAYERS = ("relu3_3", "relu4_3")  # none of them in a loss
PROBES = (2, 10, 30)  # steps at whose images the conflict of two goals is measured
# Whose way the images are on, for every method alike. One walker is not enough: who has walked somewhere is near the
# minimum of his own sum, where his own two gradients must be opposite.
WALKERS = {"conflict": "classic", "conflict_dual": "dual"}
CALIBRATION_STEPS = 12
UNTRAINED_SEED = 1  # not that of "tiny", whose weights are random themselves


@dataclass(frozen=True, eq=False)
class Task:
    """A case with its method and its pictures, bytes of shape (H, W, 3).

    Attributes:
        others: styles of the same study that were not used: what similarity to a style comes by chance.
        calibration: contents and styles to choose channels with, if the method does.
        probe: also measure the conflict, which does not depend on the weight.
        device: where it is computed, as torch names it.
    """

    case: Case
    method: Method
    content: np.ndarray
    style: np.ndarray
    others: tuple[np.ndarray, ...]
    calibration: tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]
    probe: bool
    device: str = "cpu"


def tasks_of(grid: Grid, cases: Iterable[Case], device: str = "cpu") -> list[Task]:
    """Return the tasks for some cases of a grid, to be run on a device."""
    size = grid.settings.size
    contents, styles = (
        {name: _read(path, size) for name, path in each.items()} for each in (grid.contents, grid.styles)
    )
    calibration = tuple(tuple(_read(path, size) for path in each.values()) for each in grid.calibration)
    tasks = []
    for case in cases:
        method = grid.methods[case.method]
        others = tuple(styles[name] for name in grid.chance_styles or styles if name != case.style)
        chosen = calibration if method.split else ((), ())
        probe = case.style_weight == grid.style_weights[0]
        tasks.append(Task(case, method, contents[case.content], styles[case.style], others, chosen, probe, device))
    return tasks


def run_task(task: Task) -> dict[str, float]:
    """Make a task's picture and return its measures by name; those that were not asked for are missing.

    Raises:
        DivergenceError, WeightsError: as ``stylize`` and ``load_network``.
    """
    settings = task.case.settings
    network = _network(settings.network)
    content, style, *others = (as_image(each).to(task.device) for each in (task.content, task.style, *task.others))
    terms = _terms(task, network)
    begin = time.process_time()  # what was needed to choose channels is no part of the run
    *_, last = stylize_dual(
        content,
        style,
        network,
        method=task.method.loss,
        terms=terms,
        init=task.method.init,
        detail=False,  # who starts from noise is to know the content by the loss alone
        style_weight=task.case.style_weight,
        tv_weight=settings.tv_weight,
        optimizer=settings.optimizer,
        steps=settings.steps,
        generator=torch.Generator().manual_seed(task.case.seed),
    )
    values = {"ended_at": last.index, "seconds": time.process_time() - begin}
    values |= _measures(last.image, content, style, others, network)
    terms = TERMS[task.method.loss] if terms is None else terms
    goals = {term.compares.of_style for term in terms if term.weight}
    if task.probe and len(goals) == 2:  # one goal has no conflict
        for name, walker in WALKERS.items():
            values[name] = conflict(_probes(task, network, walker), content, style, network, terms)
    return values


def conflict(
    images: Sequence[Tensor], content: Tensor, style: Tensor, network: Features, terms: Sequence[Term]
) -> float:
    """Return how much two goals want the same: the cosine between their gradients, 1 the same, -1 the opposite.

    Measure methods at the *same* images on the way. At the end of a run the two gradients cancel, whatever the method.

    Args:
        images: shape (1, 3, H, W) each; the mean over them is returned.
        content: the same shape. style: shape (1, 3, H', W').
        network: from ``load_network``. terms: a loss, as for ``nstlib.dual.stylize_dual``.
    """
    objective = Objective(
        content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 1.0, 0.0), terms=tuple(terms)
    )
    found = []
    for image in images:
        pixels = image.detach().clone().requires_grad_()
        _, wanted, painted, _ = objective(pixels)
        (one,) = torch.autograd.grad(wanted, pixels, retain_graph=True)
        (other,) = torch.autograd.grad(painted, pixels)
        found.append(F.cosine_similarity(one.flatten(), other.flatten(), dim=0))
    return float(torch.stack(found).mean())


def structure_distance(image: Tensor, content: Tensor, network: Features) -> float:
    """Return how far the structure of an image is from the content's, in layers that no loss looks at.

    Features without each channel's mean and deviation (``nstlib.losses.normalized``); the mean over ``STRUCTURE_LAYERS``.

    Args:
        image, content: RGB in [0, 1], shape (1, 3, H, W).

    Returns:
        0 for the content itself, about 2 for pictures that have nothing in common.
    """
    with torch.no_grad():
        found, wanted = (network.fast(each, STRUCTURE_LAYERS) for each in (image, content))
    errors = [relative_error(normalized(found[name]), normalized(wanted[name])) for name in STRUCTURE_LAYERS]
    return float(torch.stack(errors).mean())


class Yardstick:
    """Measures the pictures of one pair alike, whatever made them: by what no loss has lowered, and by classic's losses."""

    def __init__(self, content: Tensor, style: Tensor, network: Features):
        self.content, self.style, self.network = content, style, network
        self._classic = Objective(content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 1.0, 0.0))

    def __call__(self, image: Tensor) -> dict[str, float]:
        """Return some of ``metrics.MEASURES`` of an image of the content's shape."""
        with torch.no_grad():
            _, content_loss, style_loss, _ = self._classic(image)
        measured = metrics.pair_measures(image, self.content, self.style, self.network)
        return {**measured, "content_loss": float(content_loss), "style_loss": float(style_loss)}


def _measures(
    image: Tensor, content: Tensor, style: Tensor, others: Sequence[Tensor], network: Features
) -> dict[str, float]:
    values = {
        **Yardstick(content, style, network)(image),
        "structure": structure_distance(image, content, network),
        "gram_random": metrics.held_out_distance(image, style, _untrained(network.name)),
        "palette_leak": metrics.palette_leak(image, content, style),
    }
    if others:
        one, *resized = [resize_to(picture, image.shape[2:]) for picture in (style, *others)]
        values["layout_leak"] = metrics.layout_leak(image, one, resized)
    return values


def _terms(task: Task, network: Features) -> tuple[Term, ...] | None:
    """Return the loss of a method that is not a named one."""
    if not task.method.split:
        return task.method.terms
    scores = _scores(task.calibration, network, task.device)
    if task.method.split == "random":
        scores = shuffled_scores(scores, torch.Generator().manual_seed(task.case.seed))
    return channel_terms(scores, reverse=task.method.split == "reversed")


_known_scores: dict[str, dict[str, Tensor]] = {}


def _scores(
    calibration: tuple[Sequence[np.ndarray], Sequence[np.ndarray]], network: Features, device: str
) -> Mapping[str, Tensor]:
    """Return the selectivity of the channels, from short transfers between halves of other contents and other styles."""
    contents, styles = ([as_image(each).to(device) for each in side] for side in calibration)
    seen = hashlib.sha256(b"".join(each.tobytes() for side in calibration for each in side))
    key = f"{network.name} {device} {seen.hexdigest()}"
    if key not in _known_scores:
        halves = [half for content in contents for half in content.tensor_split(2, dim=3)]
        least = [min(half.shape[axis] for half in halves) for axis in (2, 3)]
        scenes = [resize_to(half, least) for half in halves]
        pictures = [
            [list(stylize(scene, style, network, steps=CALIBRATION_STEPS))[-1].image for style in styles]
            for scene in scenes
        ]
        _known_scores[key] = score_channels(pictures, network, (*CONTENT_LAYERS, *STYLE_LAYERS))
    return _known_scores[key]


_known_probes: dict[str, list[Tensor]] = {}


def _probes(task: Task, network: Features, walker: str) -> list[Tensor]:
    """Return images on the way of one method's transfer of a pair: the same for every method that is asked there."""
    settings = task.case.settings
    seen = hashlib.sha256(task.content.tobytes() + task.style.tobytes())
    key = f"{walker} {network.name} {task.device} {settings} {seen.hexdigest()}"
    if key not in _known_probes:
        steps = min(settings.steps, max(PROBES))
        run = stylize_dual(
            as_image(task.content).to(task.device),
            as_image(task.style).to(task.device),
            network,
            method=walker,
            style_weight=STYLE_WEIGHT,
            tv_weight=settings.tv_weight,
            optimizer=settings.optimizer,
            steps=steps,
        )
        _known_probes[key] = [step.image for step in run if step.index in PROBES or step.index == steps]
    return _known_probes[key]


@lru_cache(maxsize=1)
def _network(name: str) -> Features:
    return load_network(name)


@lru_cache(maxsize=1)
def _untrained(name: str) -> Features:
    """Return another network of the same shape: its random weights have nothing in common with those a loss looks at."""
    return random_network(name, generator=torch.Generator().manual_seed(UNTRAINED_SEED))


def _read(path: Path, size: int) -> np.ndarray:
    return as_bytes(load_image(path, size=size))


def as_image(picture: np.ndarray) -> Tensor:
    """Return stored bytes of shape (H, W, 3) as a tensor, RGB in [0, 1], shape (1, 3, H, W)."""
    return torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
