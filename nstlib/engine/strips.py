"""An ``Objective`` of pictures that are too large to be looked at as a whole: its terms, strip by strip.

A mean over positions is a sum over strips of sums, divided once. What is computed in strips, and why no seam can show, is
in ``nstlib.engine.tiles``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from nstlib.engine.tiles import measure
from nstlib.errors import ChoiceError
from nstlib.kernels.sums import gram_sum, gram_sum_backward
from nstlib.losses import scale_of
from nstlib.objective import Objective, Part, Style
from nstlib.terms import Measured


class ObjectiveInStrips(Objective):
    """The same loss as ``Objective``, with the network's first ``tiled`` blocks computed in strips of rows.

    Args:
        tiled: how many blocks. All others: as for ``Objective``.

    Raises:
        ChoiceError: if a term is no sum over positions of the network's own layers.
    """

    def __init__(self, *arguments: Any, tiled: int, **options: Any):
        self.tiled = tiled
        super().__init__(*arguments, **options)

    def _set_goals(self, content: Tensor, styles: Sequence[Style]) -> None:
        """Say what the content and the styles look like to each part, none of which is seen as a whole."""
        if not all(part.term.in_strips for part in self._parts):
            raise ChoiceError("This loss cannot be computed in strips: one of its terms is no sum over positions.")
        self._content: dict[str, Tensor] = {}  # activations
        self._painted = tuple(dict.fromkeys(part.layer for part in self._of_style))  # layers that styles are asked of
        strips: dict[str, list[Tensor]] = {part.layer: [] for part in self._of_content}

        def collect(layer: str, features: Tensor, rows: slice) -> tuple[Tensor, ...]:
            strips[layer].append(features)
            return ()

        if strips:
            measure(self.network, content, tuple(strips), collect, tiled=self.tiled)
        for layer, pieces in strips.items():
            self._content[layer] = pieces[0] if len(pieces) == 1 else torch.cat(pieces, 2)
        for part in self._of_content:
            target = self._content[part.layer]
            values = target.numel() * scale_of(target)
            part.goals.append((1.0, 0, lambda squares, values=values: squares / values))
        for style, share, region in self._shares(styles):
            found = measure(
                self.network,
                style.image,
                self._painted,
                lambda _, features, rows: (gram_sum(features),),
                tiled=self.tiled,
            )
            for part in self._of_style:
                gram = found[part.layer][0] / self._positions(part.layer, style.image)
                part.goals.append((share, region, part.term.compares.distance(gram)))

    def _measure(self, image: Tensor) -> list[list[Measured]]:
        layers = tuple(dict.fromkeys(part.layer for part in self._parts))
        if not layers:
            return []
        found = measure(self.network, image, layers, self._sums, pull=self._pull, tiled=self.tiled)
        return [self._measured(part, found[part.layer], image) for part in self._parts]

    def _measured(self, part: Part, sums: tuple[Tensor, ...], image: Tensor) -> list[Measured]:
        grams = sums[1:] if part.layer in self._content else sums
        if not part.term.compares.of_style:
            return [sums[0]]
        return [gram / self._positions(part.layer, image) for gram in grams]

    def _sums(self, layer: str, features: Tensor, rows: slice) -> tuple[Tensor, ...]:
        """Return what the losses need to know of some rows of a layer: the content's error, then each region's Gram sum."""
        sums = []
        if layer in self._content:
            sums.append((features - self._content[layer][:, :, rows]).square().sum())
        if layer in self._painted:
            sums += [gram_sum(features, weights) for weights in self._weights(layer, rows)]
        return tuple(sums)

    def _pull(self, layer: str, features: Tensor, rows: slice, pulls: Sequence[Tensor]) -> Tensor:
        """Return the gradient with respect to some rows of a layer, given those with respect to ``_sums``.

        Autograd would do the same, but needs the Gram matrices computed once more, which is as much work again.
        """

        def parts() -> Iterator[Tensor]:
            grams = pulls
            if layer in self._content:
                yield (features - self._content[layer][:, :, rows]).mul_(2 * pulls[0])
                grams = pulls[1:]
            if layer in self._painted:
                for weights, gradient in zip(self._weights(layer, rows), grams, strict=True):
                    yield gram_sum_backward(features, gradient, weights)

        return reduce(Tensor.add_, parts())

    def _weights(self, layer: str, rows: slice) -> list[Tensor | None]:
        """Return what the positions of these rows count, for each region."""
        return [None if guide is None else guide[layer][:, :, rows] for guide in self._guides]

    def _positions(self, layer: str, image: Tensor) -> int:
        height, width = self.network.architecture.size(layer, *image.shape[2:])
        return height * width
