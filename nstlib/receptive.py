"""Which pixels a unit sees: receptive fields in closed form, without running a network (chapter on convolution).

Three whole numbers describe a layer: ``size``, how many pixels wide the field of one unit is; ``stride``, how many pixels
further the next unit looks; and ``start``, the first pixel of the very first unit, negative where padding is. A new layer
with kernel k, stride s and padding p changes them so (Araujo et al., 2019, "Computing receptive fields of convolutional
neural networks", Distill):

    start <- start - p * stride,   size <- size + (k - 1) * stride,   stride <- stride * s.

All numbers are in pixels, and the same for rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nstlib.doors import door
from nstlib.errors import ShapeError
from nstlib.vgg import ARCHITECTURES, Architecture

_VGG16 = ARCHITECTURES["vgg16"]
_STAGES = {"conv": (3, 1, 1), "relu": (1, 1, 0), "pool": (2, 2, 0)}  # kernel, stride, padding of VGG's layers


class Stage(NamedTuple):
    """What a convolution or a pooling does to one axis, in positions of the layer before."""

    kernel: int
    stride: int = 1
    padding: int = 0


class ReceptiveField(NamedTuple):
    """Where the units of a layer look, in pixels along one axis.

    Unit i sees the pixels from ``start + i * stride`` to ``start + i * stride + size - 1``, as far as they are in the
    image.
    """

    size: int
    stride: int
    start: int

    @property
    def center(self) -> float:
        """Return the center of the first unit's field; half a pixel where the size is even."""
        return self.start + (self.size - 1) / 2


@door
def receptive_field(layer: str, *, architecture: Architecture = _VGG16) -> ReceptiveField:
    """Return the receptive field of a layer of VGG.

    Args:
        layer: its name, in either spelling ("relu3_2", "pool3", "block3_conv2").
        architecture: the network's, ``ARCHITECTURES["tiny"]`` for example.

    Raises:
        LayerError: if there is no such layer.
    """
    return receptive_field_of_stack(_STAGES[name[:4]] for name in architecture.down_to(layer))


@door
def receptive_field_of_stack(stages: Iterable[Sequence[int]]) -> ReceptiveField:
    """Return the receptive field at the end of any stack of layers; that of no layers is one pixel.

    Args:
        stages: (kernel, stride, padding) of each layer, the first one first; stride and padding may be left out.

    Raises:
        ShapeError: if a kernel or a stride is below 1, or a padding below 0.
    """
    size, stride, start = 1, 1, 0
    for stage in _checked(stages):
        start -= stage.padding * stride
        size += (stage.kernel - 1) * stride
        stride *= stage.stride
    return ReceptiveField(size, stride, start)


@door
def patch_of(
    layer: str, row: int, column: int, height: int, width: int, *, architecture: Architecture = _VGG16
) -> tuple[int, int, int, int]:
    """Return the pixels that one unit of a layer sees: ``image[..., top:bottom, left:right]``.

    This is the closed form, clipped to the image. Clipping is exact for VGG: a pooling of an odd size leaves the last row
    out, but the convolution before it has seen that row from its neighbor.

    Args:
        layer: its name, in either spelling.
        row, column: of the unit in the layer's map.
        height, width: of the image, in pixels.
        architecture: as for ``receptive_field``.

    Returns:
        (top, bottom, left, right), half-open: ``bottom`` and ``right`` are the first pixels beyond.

    Raises:
        LayerError: if there is no such layer. ShapeError: if it has no such unit for an image of that size.
    """
    field = receptive_field(layer, architecture=architecture)
    rows, columns = height // field.stride, width // field.stride  # only poolings have a stride, and they round down
    if not (0 <= row < rows and 0 <= column < columns):
        raise ShapeError(
            f"{layer} has {rows} x {columns} units for an image of {height} x {width} pixels: "
            f"there is no row {row}, column {column}. Rows and columns are counted from 0."
        )
    top, left = (field.start + position * field.stride for position in (row, column))
    return max(top, 0), min(top + field.size, height), max(left, 0), min(left + field.size, width)


def _checked(stages: Iterable[Sequence[int]]) -> Iterator[Stage]:
    for given in stages:
        stage = Stage(*given)
        if stage.kernel < 1 or stage.stride < 1 or stage.padding < 0:
            raise ShapeError(
                "Each layer of a stack is (kernel, stride, padding), with kernel and stride of at least 1 "
                f"and padding of at least 0; got {tuple(stage)}."
            )
        yield stage
