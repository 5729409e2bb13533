"""Which channels of a layer follow the scene, and which the style (chapter on dual channels).

Make pictures of several scenes in several styles: a channel's ``selectivity`` says which of the two changes it more. Then
content may be asked of one half of the channels and style of the other. Choose channels with some pictures, judge with
others, and compare with halves chosen by chance: ``shuffled_scores``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.dual import Term
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import Features


@door
def selectivity(grid: Tensor) -> Tensor:
    """Return how much each channel follows the content rather than the style: a two-way analysis of variance.

    Args:
        grid: activations of a layer for pictures of I scenes in J styles, shape (I, J, C, H, W), I and J at least 2. With
            I = J a channel that follows neither is near 0.5; more scenes than styles favor the content.

    Returns:
        Shape (C,), in [0, 1]: with a_i and b_j the mean maps of scene i and of style j, and m that of all,
        ``J sum |a_i - m|^2 / (J sum |a_i - m|^2 + I sum |b_j - m|^2)``. 1: only scenes change it. 0.5 where nothing does.

    Raises:
        ShapeError: if there are fewer than 2 scenes or styles, or another number of axes.
    """
    if grid.ndim != 5 or min(grid.shape[:2]) < 2:
        raise ShapeError(
            f"selectivity needs a grid of activations of at least 2 scenes in at least 2 styles, shape (I, J, C, H, W), got "
            f"{tuple(grid.shape)}."
        )
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))  # (C, H, W)
    by_scene = styles * (grid.mean(1) - mean).square().sum((0, 2, 3))  # (C,)
    by_style = scenes * (grid.mean(0) - mean).square().sum((0, 2, 3))
    total = by_scene + by_style
    return torch.where(
        total > 0, by_scene / torch.where(total > 0, total, torch.ones_like(total)), torch.full_like(total, 0.5)
    )


@door(pictures="1 3 H W")
def score_channels(pictures: Sequence[Sequence[Tensor]], network: Features, layers: Iterable[str]) -> dict[str, Tensor]:
    """Return the selectivity of the channels of several layers.

    Args:
        pictures: one row for each scene, one picture for each style in it, shape (1, 3, H, W), all of one size.
        network: whose channels. layers: in either spelling.

    Raises:
        ShapeError: if the rows or the pictures differ in size, or are fewer than 2 x 2. LayerError: for an unknown layer.
    """
    rows = [list(row) for row in pictures]
    if len({len(row) for row in rows}) > 1 or len({picture.shape for row in rows for picture in row}) > 1:
        raise ShapeError("score_channels needs as many pictures for each scene, and all of one size.")
    names = [network.canonical(layer) for layer in layers]
    with torch.no_grad():
        found = [[network.fast(picture, names) for picture in row] for row in rows]
    return {
        name: selectivity(torch.stack([torch.cat([maps[name] for maps in row]) for row in found])) for name in names
    }


@door(scores="values ...")
def split_channels(scores: Tensor, share: float = 0.5) -> tuple[Tensor, Tensor]:
    """Return which channels belong to the content and which to the style: the top and the bottom of the scores.

    Args:
        scores: of one layer, shape (C,).
        share: how many of the channels each of the two gets: 0.5 halves them, above that they overlap, 1 gives both all.

    Returns:
        Two masks, booleans of shape (C,), with as many true.

    Raises:
        ChoiceError: if ``share`` is not in (0, 1]. ShapeError: if the scores are no vector.
    """
    if not 0 < share <= 1:
        raise ChoiceError(
            f"share is the part of the channels that each side gets, above 0 and at most 1, got {share!r}."
        )
    if scores.ndim != 1:
        raise ShapeError(f"split_channels needs the scores of one layer, shape (C,), got {tuple(scores.shape)}.")
    order = scores.argsort(stable=True)
    count = max(1, int(share * len(scores)))
    content, style = (torch.zeros(len(scores), dtype=torch.bool) for _ in range(2))
    content[order[len(scores) - count :].cpu()] = True
    style[order[:count].cpu()] = True
    return content, style


@door(scores="values C")
def channel_terms(scores: Mapping[str, Tensor], *, share: float = 0.5, reverse: bool = False) -> tuple[Term, Term]:
    """Return the classic loss with content asked of the content's channels and style of the style's.

    Each layer's loss stays relative to the target of the channels that are left, so the weights keep their meaning.

    Args:
        scores: by layer, from ``score_channels``; a layer that is not there keeps all of its channels.
        share: as for ``split_channels``.
        reverse: give each side the other's channels.
    """
    halves = {layer: split_channels(values, share) for layer, values in scores.items()}
    content, style = ({layer: pair[side] for layer, pair in halves.items()} for side in (0, 1))
    if reverse:
        content, style = style, content
    return Term("content", channels=content), Term("style", channels=style)


@door(scores="C")
def shuffled_scores(scores: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """Return the scores dealt out to the channels by chance: the control that any choice of channels has to beat."""
    return {layer: values[torch.randperm(len(values), generator=generator)] for layer, values in scores.items()}
