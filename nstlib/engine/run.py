"""A transfer under way: from coarse to fine, in bounded memory, to be saved and continued bit for bit.

What is lowered, and how the pixels move, is on the ground floor: ``nstlib.objective`` and ``nstlib.optimizers``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor

from nstlib.defaults import GIGABYTE
from nstlib.engine.allocation import keep_freed_memory
from nstlib.engine.memory import Demand, Plan, plan
from nstlib.engine.schedule import NOISE_BLUR, NOISY, Level, prolong
from nstlib.engine.schedule import schedule as schedule  # stylize comes in by this door, and asks for it here
from nstlib.engine.strips import ObjectiveInStrips
from nstlib.errors import DivergenceError, ResumeError
from nstlib.features import Features
from nstlib.images import resize_to
from nstlib.objective import Objective, Style
from nstlib.optimizers import OPTIMIZERS, Descent, finite
from nstlib.terms import PICTURE, Term
from nstlib.transfer import Start, Step

PATIENCE = 20  # steps over which an improvement is looked for


@dataclass(frozen=True)
class Recipe:
    """All that the steps of a run depend on.

    Attributes:
        content: shape (1, 3, H, W). styles: checked.
        network: looks at the pictures.
        terms: the summands of the loss. content_layers, style_layers: shares of layers, for terms that name none.
        weights: of content, style and total variation.
        optimizer: a key of ``OPTIMIZERS``. learning_rate: None for its own. tolerance: see ``stylize``.
        start: where the pixels begin.
        levels: sizes, from coarse to fine.
        finish: what each image goes through before it is handed out, or None.
    """

    content: Tensor
    styles: Sequence[Style]
    network: Features
    terms: Sequence[Term]
    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]
    weights: tuple[float, float, float]
    optimizer: str
    learning_rate: float | None
    tolerance: float
    start: Start
    levels: Sequence[Level]
    finish: Callable[[Tensor], Tensor] | None = None

    @property
    def blur(self) -> float:
        """How much the change of a coarse level is blurred before it goes on; see ``prolong``."""
        return NOISE_BLUR if self.start.name in NOISY else 0.0

    def shown(self, image: Tensor) -> Tensor:
        """Return an image at the final size, as it is handed out."""
        image = _fit(image, self.content.shape[2:])
        return image if self.finish is None else self.finish(image)

    @property
    def layers(self) -> tuple[str, ...]:
        """All layers that the loss looks at."""
        usual = (self.content_layers, self.style_layers, self.network)
        looked_at = (layer for term in self.terms for layer in term.layer_shares(*usual))
        names = dict.fromkeys([*self.content_layers, *self.style_layers, *looked_at])
        return tuple(name for name in names if name != PICTURE)

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells this run from another one. It looks at every pixel."""
        network = self.network
        names = ("content_layers", "style_layers", "optimizer", "learning_rate", "tolerance", "blur")
        found: dict[str, Any] = {
            "network": f"{network.name}, {network.pooling} pooling",
            **{name: getattr(self, name) for name in names},
            **dict(zip(("content_weight", "style_weight", "tv_weight"), self.weights, strict=True)),
            "loss": " + ".join(map(str, self.terms)),
            "detail": self.start.lender is not None,
            "content": _digest(self.content),
            "start": _digest(self.start.image),
            "levels": [[level.height, level.width, level.steps] for level in self.levels],
        }
        for number, style in enumerate(self.styles, 1):
            mask = None if style.mask is None else _digest(style.mask)
            found[f"style {number}"] = [_digest(style.image), float(style.weight), mask]
        if self.finish is not None:
            found["finish"] = _digest(self.shown(self.start.image))
        return found


class Run:
    """An iterator over the steps of a transfer that can be saved and continued, bit for bit.

    >>> run = stylize(content, style, network)
    >>> for step in run: ...                      # may be left at any step
    >>> torch.save(run.state_dict(), "run.pt")
    >>> again = stylize(content, style, network)  # the same call
    >>> again.load_state_dict(torch.load("run.pt"))

    Attributes:
        levels: the sizes to work at, from coarse to fine.
        plan: how the last and largest of them is computed, and what memory the process will take.
        index: how often the pixels have been updated.
        finished: whether its last step has been handed out.
    """

    def __init__(self, recipe: Recipe, memory: float | None = None):
        """Plan a run. ``memory``: how many GB the process may take; None: 4, or what it takes."""
        self._recipe, self._memory = recipe, memory
        self.levels = recipe.levels
        deepest = max(recipe.layers, key=recipe.network.layers.index, default=None)
        for picture in (recipe.content, *(style.image for style in recipe.styles)) if deepest else ():
            recipe.network.check_image(picture, deepest)
        self.plan = self._plan(self.levels[-1])
        self._objective: Objective | None = None
        self._descent: Descent | None = None
        self.index = self._level = 0
        self._totals: list[float] = []  # of this level's steps
        self._last: Step | None = None
        self.finished = False
        self._walk = self._steps()

    @property
    def steps(self) -> int:
        """How many updates there will be at most."""
        return sum(level.steps for level in self.levels)

    def __iter__(self) -> Run:
        return self

    def __next__(self) -> Step:
        try:
            return next(self._walk)
        except DivergenceError:
            self.finished = True
            raise

    def _steps(self) -> Iterator[Step]:
        """Yield the steps from where the run stands: each level's, then the result."""
        if self.finished:
            return
        if self._descent is None:
            self._enter(0, self._recipe.start.image)
        while True:
            while len(self._totals) < self.levels[self._level].steps and not self._stalls():
                image, losses = self._descent.step()
                step = self._record(image, losses)
                self.index += 1
                self._totals.append(step.total)
                yield step
            if self._level == len(self.levels) - 1:
                break
            self._enter(self._level + 1, self._with_detail(self._descent.best()[0], self._level + 1))
        result = self._record(*self._descent.best())
        self.finished = True
        yield result

    def state_dict(self) -> dict[str, Any]:
        """Return all that the steps to come depend on: tensors (shared with the run, not copied), numbers and names.

        Raises:
            ResumeError: if the run was interrupted in the middle of an update, when there is no state to go on from.
        """
        if self._walk.gi_frame is None and not self.finished:
            raise ResumeError("The run was interrupted while the pixels moved. Save its state between two steps.")
        descent = None if self._descent is None else self._descent.state_dict()
        counters = {"level": self._level, "index": self.index, "totals": self._totals[:]}
        return {"settings": dict(self._fingerprint), **counters, "descent": descent}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the run was that this state is from. Both must have been made by the same call.

        A run that had handed out its last step does so again: whoever asks may have lost it.

        Raises:
            ResumeError: if this run has begun already, or was made by another call: the message says what differs; or
                if the state is none that a run can be in.
        """
        if self._descent is not None:
            raise ResumeError("This run has begun already. Load the state into a new one, before its first step.")
        mine, theirs = self._fingerprint, dict(state["settings"])
        differing = [name for name in mine if mine[name] != theirs.get(name)]
        if differing:
            listed = "; ".join(f"{name} was {_brief(theirs.get(name))}, now {_brief(mine[name])}" for name in differing)
            raise ResumeError(f"The saved run was another one: {listed}. Repeat its settings, or start anew.")
        level, totals = state["level"], [float(total) for total in state["totals"]]
        within = [level in range(len(self.levels)), state["index"] in range(len(totals), self.steps + 1)]
        if not all(within) or len(totals) > self.levels[level].steps:
            raise ResumeError(f"No run is at step {state['index']}, the {len(totals)}th of level {level}. Start anew.")
        if state["descent"] is not None:
            self._enter(level, self._recipe.start.image)
            self._descent.load_state_dict(state["descent"])
        self.index, self._totals = state["index"], totals

    def _enter(self, number: int, image: Tensor) -> None:
        """Begin a level: goals and optimizer of its size."""
        self._descent = self._objective = None  # free their memory first
        recipe, level = self._recipe, self.levels[number]
        if self.plan.keeps:
            keep_freed_memory()
        chosen, share = self._plan(level), level.width / self.levels[-1].width
        kind = partial(ObjectiveInStrips, tiled=chosen.tiled) if chosen.tiled else Objective
        self._objective = kind(
            _fit(recipe.content, level.size),
            [_resized(style, level.size, share) for style in recipe.styles],
            recipe.network,
            recipe.content_layers,
            recipe.style_layers,
            recipe.weights,
            terms=recipe.terms,
            share=share,
        )
        pixels = _fit(image, level.size).clone(memory_format=torch.contiguous_format).requires_grad_(True)
        start = OPTIMIZERS[recipe.optimizer]
        self._descent = start(pixels, self._objective, recipe.learning_rate, min(chosen.history, level.steps))
        self._level, self._totals = number, []

    def _plan(self, level: Level) -> Plan:
        recipe = self._recipe
        shares = {each.width / self.levels[-1].width for each in (self.levels[0], level)}
        sizes = [_size_of(style, share) for style in recipe.styles for share in shares]
        views = {term.view for term in recipe.terms if not term.compares.in_pixels}
        demand = Demand(
            recipe.network.architecture,
            recipe.layers,
            level.height,
            level.width,
            optimizer=recipe.optimizer,
            tiles=all(term.in_strips for term in recipe.terms),
            passes=max(1, len(views)),
            others=(self.levels[0].size, *sizes),
            pooling=recipe.network.pooling,
            winograd=recipe.network.winograd,
        )
        return plan(demand, budget=None if self._memory is None else self._memory * GIGABYTE)

    def _with_detail(self, image: Tensor, number: int) -> Tensor:
        """Return the end of a level as the next one is to begin: with its detail, if any is lent."""
        lender = self._recipe.start.lender
        if lender is None:
            return image
        return prolong(image, _fit(lender, self.levels[number].size), self._recipe.blur)

    def _stalls(self) -> bool:
        """Return whether the last steps of this level were hardly of use."""
        before, recent, tolerance = self._totals[:-PATIENCE], self._totals[-PATIENCE:], self._recipe.tolerance
        return tolerance > 0 and bool(before) and min(recent) > (1 - tolerance) * min(before)

    def _record(self, image: Tensor, losses: tuple[Tensor, ...]) -> Step:
        total, content, style, tv = finite(losses, self.index, self._last)
        scale = self.levels[self._level].width / self.levels[-1].width
        self._last = Step(self.index, self._recipe.shown(image), content, style, tv, total, scale)
        return self._last

    @cached_property
    def _fingerprint(self) -> dict[str, Any]:
        return {**self._recipe.fingerprint(), "history": self.plan.history}


def _resized(style: Style, size: tuple[int, int], share: float) -> Style:
    """Return the style for a coarser level: its picture shrunk like the content, its mask to the level's size."""
    mask = None if style.mask is None else _fit(style.mask, size)
    return Style(_fit(style.image, _size_of(style, share)), style.weight, mask)


def _size_of(style: Style, share: float) -> tuple[int, int]:
    """Return the height and width of a style's picture at a coarser level, or its own."""
    height, width = style.image.shape[2:]
    return (height, width) if share == 1 else (max(16, round(height * share)), max(16, round(width * share)))


def _fit(image: Tensor, size: Sequence[int]) -> Tensor:
    """Return the image with that height and width, or itself if it has them."""
    return image if tuple(image.shape[2:]) == tuple(size) else resize_to(image, size)


def _digest(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()[:16]


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
