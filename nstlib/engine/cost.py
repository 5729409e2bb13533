"""What a network costs, known before it runs: floating point operations, counted from shapes alone."""

from __future__ import annotations

from collections.abc import Iterable

from nstlib.errors import ChoiceError, ShapeError, choice
from nstlib.vgg import ARCHITECTURES, COLORS

WEIGHTS = 9  # of a 3 x 3 kernel, for each pair of channels


def flops(stack: Iterable[int | str], height: int, width: int) -> int:
    """Return the floating point operations of one forward pass through a stack of 3 x 3 convolutions.

    Each weight that an output depends on costs it one multiplication and one addition. Biases, ReLUs and pooling are not
    counted. Convolutions pad by 1 and so keep the size.

    Args:
        stack: from the image on: a number is a convolution with that many output channels, "pool" halves height and
            width, rounding down.
        height: of the image, in pixels. width: likewise.

    Returns:
        A whole number. For one image; the image has 3 channels.

    Raises:
        ChoiceError: if something else is in the stack. ShapeError: if the poolings leave nothing of the image.

    The gradient with respect to the image costs the same once more if the network is frozen: each convolution runs
    backward once. That of the weights would cost it a third time.
    """
    total, channels = 0, COLORS
    for layer in stack:
        if layer == "pool":
            height, width = height // 2, width // 2
        elif isinstance(layer, int) and layer > 0:
            total += 2 * WEIGHTS * channels * layer * height * width
            channels = layer
        else:
            raise ChoiceError(f"A stack holds numbers of channels and 'pool', got {layer!r}.")
    if min(height, width) < 1:
        raise ShapeError("The image is too small: each pooling halves it, and nothing is left. Use a larger one.")
    return total


def network_flops(layers: str | Iterable[str], height: int, width: int, *, name: str = "vgg16") -> int:
    """Return the floating point operations that ``Features(image, layers)`` takes: down to the deepest layer asked for.

    Args:
        layers: one name or several, in any order and either spelling.
        height: of the image, in pixels. width: likewise.
        name: a key of ``vgg.ARCHITECTURES``.

    Raises:
        ChoiceError: if there is no such network. LayerError: if it has no such layer. ShapeError: if the image is too small.
    """
    architecture = ARCHITECTURES[choice("network", name, ARCHITECTURES)]
    return flops(
        [
            "pool" if layer.startswith("pool") else architecture.channels(layer)
            for layer in architecture.down_to(layers)
            if not layer.startswith("relu")
        ],
        height,
        width,
    )
