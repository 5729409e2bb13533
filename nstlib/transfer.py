"""Neural style transfer: optimize the pixels until the features say "this content, that style" (chapter 10).

``stylize`` returns an iterator. A notebook, a progress bar, an animation and a test all just loop over its steps.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from nstlib.engine.allocation import keep_freed_memory, keeps_freed_memory
from nstlib.engine.memory import GIGABYTE, Plan, plan
from nstlib.errors import ChoiceError, DivergenceError, ResumeError, ShapeError, choice, whole_number
from nstlib.features import Features
from nstlib.frequency import low_pass
from nstlib.images import check_picture, resize_to
from nstlib.objective import Goal, LayerChoice, Objective, Style, layer_shares
from nstlib.optimizers import OPTIMIZERS, Descent
from nstlib.seeds import seeded

CONTENT_LAYERS = ("relu4_2",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE_WEIGHT = 10.0
# Cat on sandstone and fluid, 192 px, 60 steps: a weight of 1 lowers total variation by a sixth and costs neither content
# nor style 2 %; what goes is pixel noise that no style layer asked for.
TV_WEIGHT = 1.0
STEPS = 100

INITS = ("content", "noise", "mixed")
NOISY = ("noise", "mixed")
MIXED_NOISE = 0.5  # how much of the "mixed" start is noise

TOLERANCE = 1e-4
PATIENCE = 20  # steps over which an improvement is looked for

# From coarse to fine: the coarsest size (longer side, px) from noise and otherwise, and the least side that shows anything.
NOISE_COARSEST = 64
COARSEST = 512
SMALLEST = 32
FINEST_SHARE = 0.6  # of all steps
# Where the content lends the detail, coarse sizes have little to find: each size takes this share of the steps that finer
# ones left. With 0.75, one of three pairs at 192 px takes a tenth more work to the loss of one size, two about as much.
DETAIL_SHARE = 0.9
# What a coarse size changed after a start from noise is still noise in good part, in its fine waves: this blur, in pixels of
# the coarse size, takes them out. Cat in marbling, 192 px: the loss of 100 steps at one size with .57 of the work, and with
# .82 when all of the change goes on. From 3 to 8 pixels the share is the same within .04, for four pairs of pictures.
NOISE_BLUR = 4.0


@dataclass(frozen=True)
class Step:
    """One image on the way, and how far it is from both goals.

    Attributes:
        index: how often the pixels have been updated; 0 is the start image.
        image: RGB in [0, 1], shape (1, 3, H, W), detached.
        content: weighted mean of the content layers' relative losses (1: as far as an image without activations).
        style: weighted mean of the style layers' relative losses.
        tv: total variation.
        total: what was lowered: the three, times their weights.
        scale: size at which the image was compared, over its size in the end: below 1 while a run from coarse to fine
            is on its way. The losses are those at that size; ``image`` is enlarged.
    """

    index: int
    image: Tensor
    content: float
    style: float
    tv: float
    total: float
    scale: float = 1.0


def stylize(
    content: Tensor,
    style: Tensor | Style | Sequence[Style],
    network: Features,
    *,
    content_layers: LayerChoice = CONTENT_LAYERS,
    style_layers: LayerChoice = STYLE_LAYERS,
    content_weight: float = 1.0,
    style_weight: float = STYLE_WEIGHT,
    tv_weight: float = TV_WEIGHT,
    optimizer: str = "lbfgs",
    init: str | Tensor = "content",
    steps: int = STEPS,
    levels: int | None = None,
    detail: bool = True,
    learning_rate: float | None = None,
    tolerance: float = TOLERANCE,
    memory: float | None = None,
    generator: torch.Generator | None = None,
    goal: Goal | None = None,
    finish: Callable[[Tensor], Tensor] | None = None,
) -> Run:
    """Iterate over the images of a style transfer, at most ``steps + 1`` of them, from the start image to the result.

    The pixels are the parameters; the network stays frozen (Gatys, Ecker, Bethge, 2016).

    Args:
        content: the picture whose scene is kept, RGB in [0, 1], shape (1, 3, H, W); the result has its size.
        style: the picture whose texture is taken, shape (1, 3, H', W'), any size; or ``Style`` records, each with a weight
            and, if wanted, a mask that says where in the content it goes.
        network: from ``load_network``.
        content_layers: a name, several, or a mapping from name to weight.
        style_layers: likewise. Names alone share the weight equally; weights are scaled to sum to 1.
        content_weight: alpha.
        style_weight: beta. Every layer's loss is relative to its target's mean square, so the same numbers mean the
            same at every size; they are not the numbers of the papers (``nstlib.losses`` converts).
        tv_weight: how much to smooth.
        optimizer: a key of ``OPTIMIZERS``: "lbfgs" (with a penalty outside [0, 1]), "adam" (clamped after each step), or
            "gd", plain gradient descent.
        init: one of ``INITS``, or an image to go on from, shape (1, 3, h, w), any size: where the pixels start.
        steps: how many updates, at least 1. Each costs one pass forward and one backward.
        levels: from coarse to fine, each twice as large as the one before; 1 works at the full size only. None: coarse to
            fine from noise and for large pictures, where it gets further in the same time.
        detail: whether each finer level begins with the detail of the picture that the run is to end near: of the content,
            or of ``init`` where that is an image (``prolong``; from noise, fine waves of the change are left behind).
            False: with the coarse result, only enlarged. Then a run from noise knows the content by its loss alone; so
            does one whose ``content_weight`` is 0.
        learning_rate: None takes the optimizer's own default.
        tolerance: a level ends early when its last ``PATIENCE`` steps together lowered the total by less than this share.
            0 never does.
        memory: how many GB the process may take; see ``Run.plan``. None: 4, or what it takes.
        generator: where the noise of the start comes from; None means a fixed seed: the same call gives the same pixels.
        goal: another kind of loss. ``nstlib.dual`` makes them of terms, ``nstlib.textures.STATISTICS`` of other statistics
            than Gram matrices; both work neither with masks nor in tiles.
        finish: what each image goes through before it is handed out, shape kept, such as ``keep_colors`` for a transfer
            between gray pictures. The pixels and the losses know nothing of it.

    Returns:
        A ``Run``, which yields Step records. The losses in a record belong to its image. Averaging optimizers ("adam") end
        with the average of their last images where that has the lower loss.

    Raises:
        ShapeError: if an image has another shape, or holds NaN. LayerError: if there is no such layer.
        ChoiceError: for an unknown optimizer or init, a negative weight, ``steps`` or ``levels`` below 1, too little memory.
        DivergenceError: if the loss stops being a finite number; ``.last`` is the last good Step.
    """
    choice("optimizer", optimizer, OPTIMIZERS)
    goal = Goal() if goal is None else goal
    check_picture("content", content)
    styles = checked_styles(style, content)
    for name, value in (("steps", steps), ("levels", 1 if levels is None else levels)):
        whole_number(name, value, 1)
    numbers = {"content_weight": content_weight, "style_weight": style_weight, "tv_weight": tv_weight}
    for name, value in {**numbers, "tolerance": tolerance}.items():
        if not 0 <= value < float("inf"):
            raise ChoiceError(f"{name} must be a finite number, 0 or larger, got {value!r}.")
    settings = {
        "network": f"{network.name}, {network.pooling} pooling",
        "content_layers": layer_shares("content_layers", content_layers, network),
        "style_layers": layer_shares("style_layers", style_layers, network),
        **numbers,
        "optimizer": optimizer,
        "learning_rate": learning_rate,
        "tolerance": tolerance,
        "goal": goal.name,
    }
    start = init_image(content, init, generator=generator)
    start = content.detach() if torch.equal(start, content) else start  # keeps one image instead of two
    named = "content" if isinstance(init, Tensor) else init
    lends = detail and (content_weight > 0 or named == "content")
    sizes = schedule(*content.shape[2:], steps, levels, init=named, detail=lends)
    if len(sizes) > 1:
        settings["detail"] = lends
        if lends:
            settings["blur"] = NOISE_BLUR if named in NOISY else 0.0  # of what goes on from size to size
    fine = (start if isinstance(init, Tensor) else content) if lends else None
    return Run(content, styles, network, start, sizes, settings, memory, goal, finish, fine)


def init_image(content: Tensor, how: str | Tensor = "content", *, generator: torch.Generator | None = None) -> Tensor:
    """Return the image a transfer starts from, shape and device as ``content``, values in [0, 1].

    Args:
        content: shape (1, 3, H, W).
        how: "content" (a copy), "noise" (gray with Gaussian noise of standard deviation 1/4), "mixed" (half of each), or
            an image, shape (1, 3, h, w), which is brought to the content's size.
        generator: None means a fixed seed.
    """
    if isinstance(how, Tensor):
        check_picture("init", how)
        return _fit(how.detach().to(content), content.shape[2:]).clamp(0, 1)
    if choice("init", how, INITS) == "content":
        return content.detach().clamp(0, 1)
    generator = seeded(generator)
    # Drawn where the generator lives, so that a seed means the same noise on every device.
    drawn = torch.randn(content.shape, generator=generator, device=generator.device, dtype=torch.float32)
    noise = (0.5 + drawn.to(content) / 4).clamp(0, 1)
    return noise if how == "noise" else torch.lerp(content.detach().clamp(0, 1), noise, MIXED_NOISE)


@dataclass(frozen=True)
class Level:
    """A size to work at, and for how many steps at most."""

    height: int
    width: int
    steps: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


class Run:
    """A transfer under way: an iterator over its steps that can be saved and continued, bit for bit.

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

    def __init__(
        self,
        content: Tensor,
        styles: Sequence[Style],
        network: Features,
        start: Tensor,
        levels: Sequence[Level],
        settings: Mapping[str, Any],
        memory: float | None,
        goal: Goal,
        finish: Callable[[Tensor], Tensor] | None = None,
        fine: Tensor | None = None,
    ):
        self._goal, self._shown, self._fine = goal, finish, fine
        self._content, self._styles, self._network, self._start = content, styles, network, start
        self._settings, self._memory = dict(settings), memory
        self.levels = tuple(levels)
        self._layers = tuple({**settings["content_layers"], **settings["style_layers"], **dict.fromkeys(goal.layers)})
        deepest = max(self._layers, key=network.layers.index)
        for picture in (content, *(style.image for style in styles)):
            network.check_image(picture, deepest)
        self.plan = self._plan(self.levels[-1])
        self._objective: Objective | None = None
        self._descent: Descent | None = None
        self.index = self._level = 0
        self._totals: list[float] = []  # of this level's steps
        self._last: Step | None = None
        self._moving = self.finished = False

    @property
    def steps(self) -> int:
        """How many updates there will be at most."""
        return sum(level.steps for level in self.levels)

    def __iter__(self) -> Run:
        return self

    def __next__(self) -> Step:
        if self.finished:
            raise StopIteration
        if self._descent is None:
            self._enter(0, self._start)
        if len(self._totals) == self.levels[self._level].steps or self._stalls():
            if self._level == len(self.levels) - 1:
                return self._finish()
            self._enter(self._level + 1, self._with_detail(self._end_of_level(), self.levels[self._level + 1]))
        self._moving = True
        image, terms = self._descent.step()
        self._moving = False
        step = self._record(image, terms)
        self.index += 1
        self._totals.append(step.total)
        return step

    def state_dict(self) -> dict[str, Any]:
        """Return all that the steps to come depend on: tensors (shared with the run, not copied), numbers and names.

        Raises:
            ResumeError: if the run was interrupted in the middle of an update, when there is no state to go on from.
        """
        if self._moving:
            raise ResumeError("The run was interrupted while the pixels moved. Save its state between two steps.")
        descent = None if self._descent is None else self._descent.state_dict()
        counters = {"level": self._level, "index": self.index, "totals": self._totals[:]}
        return {"settings": dict(self._fingerprint), **counters, "finished": self.finished, "descent": descent}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where the run was that this state is from. Both must have been made by the same call.

        Raises:
            ResumeError: if this run has begun already, or was made by another call: the message says what differs.
        """
        if self._descent is not None:
            raise ResumeError("This run has begun already. Load the state into a new one, before its first step.")
        mine, theirs = self._fingerprint, state["settings"]
        differing = [name for name in mine if mine[name] != theirs.get(name)]
        if differing:
            listed = "; ".join(f"{name} was {_brief(theirs.get(name))}, now {_brief(mine[name])}" for name in differing)
            raise ResumeError(f"The saved run was another one: {listed}. Repeat its settings, or start anew.")
        if state["descent"] is not None:
            self._enter(state["level"], self._start)
            self._descent.load_state_dict(state["descent"])
        self.index, self._totals = state["index"], list(state["totals"])
        self.finished = state["finished"]

    def _plan(self, level: Level) -> Plan:
        shares = {each.width / self.levels[-1].width for each in (self.levels[0], level)}
        sizes = [_size_of(style, share) for style in self._styles for share in shares]
        return plan(
            self._network,
            self._layers,
            level.height,
            level.width,
            optimizer=self._settings["optimizer"],
            budget=None if self._memory is None else self._memory * GIGABYTE,
            tiles=self._goal.tiles,
            passes=self._goal.passes,
            others=[self.levels[0].size, *sizes],
        )

    def _enter(self, number: int, image: Tensor) -> None:
        """Begin a level: goals and optimizer of its size."""
        self._descent = self._objective = None  # free their memory first
        level, settings = self.levels[number], self._settings
        size, share = level.size, level.width / self.levels[-1].width
        if keeps_freed_memory() and not self.plan.keeps:
            keep_freed_memory(keep=False)  # from the coarsest size on: what it leaves lies between later blocks
        chosen = self._plan(level)
        self._objective = self._goal.make(
            _fit(self._content, size),
            [_resized(style, size, share) for style in self._styles],
            self._network,
            settings["content_layers"],
            settings["style_layers"],
            (settings["content_weight"], settings["style_weight"], settings["tv_weight"]),
            tiled=chosen.tiled,
            share=share,
        )
        pixels = _fit(image, size).clone(memory_format=torch.contiguous_format).requires_grad_(True)
        start = OPTIMIZERS[settings["optimizer"]]
        warm = number > 0 and self._fine is not None
        history = min(chosen.history, level.steps)
        self._descent = start(pixels, self._objective, settings["learning_rate"], history, warm=warm)
        self._level, self._totals = number, []

    def _with_detail(self, image: Tensor, level: Level) -> Tensor:
        """Return the end of a level as the next one is to begin: with its detail, if any is lent."""
        if self._fine is None:
            return image
        return prolong(image, _fit(self._fine, level.size), self._settings["blur"])

    def _stalls(self) -> bool:
        """Return whether the last steps of this level were hardly of use."""
        before, recent, tolerance = self._totals[:-PATIENCE], self._totals[-PATIENCE:], self._settings["tolerance"]
        return tolerance > 0 and bool(before) and min(recent) > (1 - tolerance) * min(before)

    def _end_of_level(self) -> Tensor:
        """Return the image that the level ends with."""
        return self._descent.image() if self._descent.average() is None else self._best_image()[0]

    def _best_image(self) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the image that the level ends with, and its terms: the last one, or the average if it is better."""
        images = [image for image in (self._descent.image(), self._descent.average()) if image is not None]
        with torch.no_grad():
            return min(((image, self._objective(image)) for image in images), key=lambda pair: pair[1][0].item())

    def _finish(self) -> Step:
        image, terms = self._best_image()
        self.finished = True
        return self._record(image, terms)

    def _record(self, image: Tensor, terms: tuple[Tensor, ...]) -> Step:
        total, content, style, tv = torch.stack(terms).tolist()  # one transfer from the device
        if not math.isfinite(total):
            self.finished = True
            raise DivergenceError(
                f"The loss became {total} at step {self.index}, so the run was stopped there; the image before it is "
                "good. Usual causes: a learning rate that is too large, or weights of very different size.",
                self._last,
            )
        final, level = self.levels[-1], self.levels[self._level]
        image = self._show(_fit(image, final.size))
        self._last = Step(self.index, image, content, style, tv, total, level.width / final.width)
        return self._last

    def _show(self, image: Tensor) -> Tensor:
        return image if self._shown is None else self._shown(image)

    @cached_property
    def _fingerprint(self) -> dict[str, Any]:
        """What tells this run from another one. It looks at every pixel, and every checkpoint asks for it."""
        digests = {"content": _digest(self._content), "start": _digest(self._start)}
        for number, style in enumerate(self._styles, 1):
            mask = None if style.mask is None else _digest(style.mask)
            digests[f"style {number}"] = [_digest(style.image), float(style.weight), mask]
        if self._shown is not None:
            digests["finish"] = _digest(self._show(self._start))
        levels = [[level.height, level.width, level.steps] for level in self.levels]
        return {**self._settings, **digests, "levels": levels, "history": self.plan.history}


def prolong(coarse: Tensor, fine: Tensor, blur: float = 0.0) -> Tensor:
    """Bring a coarse image to the size of a fine one and give it its detail: what *differs* from the fine one is enlarged.

    So multigrid methods go from a coarse grid to the next finer one (the full approximation scheme: Brandt, 1977): an image
    that is only enlarged has lost all detail, but what was changed at the coarse size has none to lose.

    Args:
        coarse: shape (B, C, h, w), values in [0, 1].
        fine: shape (B, C, H, W), values in [0, 1]. If ``coarse`` is what it looks like at that size, it is the result.
        blur: 0, or the standard deviation, in pixels of ``coarse``, of a Gaussian through which the difference goes first:
            only what changed in coarse waves is kept.

    Returns:
        Shape (B, C, H, W), values in [0, 1].
    """
    change = coarse - resize_to(fine, coarse.shape[2:], clamp=False)
    change = low_pass(change, blur) if blur else change
    return (fine + resize_to(change, fine.shape[2:], clamp=False)).clamp(0, 1)


def schedule(
    height: int, width: int, steps: int, levels: int | None = None, *, init: str = "content", detail: bool = False
) -> list[Level]:
    """Return the sizes of a run, from coarse to fine, and how the steps are shared out among them.

    Args:
        height: of the result. width: of the result.
        steps: updates in all; every level gets at least one.
        levels: how many sizes, each half of the next. None: from "noise" and "mixed", down to some 64 px; from other starts
            only for pictures larger than some 512 px.
        init: where the pixels start.
        detail: whether finer sizes get detail from the content; then coarse ones need fewer steps from "noise" and "mixed".

    Raises:
        ChoiceError: if the coarsest size would be too small, or there are fewer steps than levels.
    """
    longer, shorter, noisy = max(height, width), min(height, width), init in NOISY
    if levels is None:
        coarsest = NOISE_COARSEST if noisy else COARSEST
        levels = 1
        while longer / 2**levels >= coarsest and shorter / 2**levels >= SMALLEST and levels < steps:
            levels += 1
    if levels > 1 and shorter / 2 ** (levels - 1) < SMALLEST:
        raise ChoiceError(
            f"{levels} levels would begin at {width >> (levels - 1)} x {height >> (levels - 1)} px, and less than "
            f"{SMALLEST} px show nothing. Use at most {max(1, math.floor(math.log2(shorter / SMALLEST)) + 1)}."
        )
    if steps < levels:
        raise ChoiceError(f"{levels} levels need at least {levels} steps, got {steps}.")
    counts = _falling_shares(steps, levels) if noisy and detail else _equal_shares(steps, levels)
    halvings = range(levels - 1, -1, -1)
    return [Level(round(height / 2**k), round(width / 2**k), count) for k, count in zip(halvings, counts, strict=True)]


def _equal_shares(steps: int, levels: int) -> list[int]:
    """Share steps out, coarse to fine: ``FINEST_SHARE`` for the finest, the rest equally."""
    fine = min(round(steps * FINEST_SHARE), steps - levels + 1) if levels > 1 else steps
    each, extra = divmod(steps - fine, max(1, levels - 1))
    return [*(each + (k < extra) for k in range(levels - 1)), fine]


def _falling_shares(steps: int, levels: int) -> list[int]:
    """Share steps out, coarse to fine: each takes ``DETAIL_SHARE`` of what the finer ones left, the coarsest all of it."""
    counts: list[int] = []
    for coarser in range(levels - 1, -1, -1):
        left = steps - sum(counts)
        counts.insert(0, min(round(left * DETAIL_SHARE), left - coarser) if coarser else left)
    return counts


def checked_styles(style: Tensor | Style | Sequence[Style], content: Tensor) -> list[Style]:
    """Return the styles as checked records on the content's device."""
    if isinstance(style, Tensor):
        style = Style(style)
    styles = [style] if isinstance(style, Style) else list(style)
    if not styles or not all(isinstance(each, Style) for each in styles):
        raise ChoiceError("style is an image, a Style, or several Styles: [Style(image, weight=2), Style(other)].")
    checked = []
    for number, each in enumerate(styles, 1):
        name = "style" if len(styles) == 1 else f"style {number}"
        check_picture(name, each.image)
        if not 0 < each.weight < float("inf"):
            raise ChoiceError(f"The weight of {name} must be a finite number above 0, got {each.weight!r}.")
        if each.mask is not None:
            _check_mask(name, each.mask, content)
        mask = None if each.mask is None else each.mask.to(content)
        checked.append(Style(each.image.to(content), each.weight, mask))
    return checked


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
    if tuple(image.shape[2:]) == tuple(size):
        return image
    return resize_to(image, size)


def _digest(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()[:16]


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_mask(name: str, mask: Tensor, content: Tensor) -> None:
    if tuple(mask.shape) != (1, 1, *content.shape[2:]) or not mask.is_floating_point():
        raise ShapeError(
            f"The mask of {name} needs the content's height and width, shape {(1, 1, *content.shape[2:])}, and floats in "
            f"[0, 1]; got {tuple(mask.shape)} of {mask.dtype}. nstlib.formats.masks.load_mask returns that."
        )
    if not (mask.min() >= 0 and mask.max() <= 1 and mask.any()):
        raise ShapeError(f"The mask of {name} must lie in [0, 1] and not be empty: 1 where its texture goes.")
