"""What the library raises. Each error is also a builtin one, and says what was needed, what came, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable

SHOWN = 200  # characters of a value that a message quotes
LARGEST_SEED = 2**63 - 1


class ShapeError(ValueError):
    """No tensor came where one is needed, one of another shape, precision or device, or two that do not fit each other."""


class LayerError(ValueError):
    """A network has no layer of that name."""


class ImageError(ValueError):
    """A file is not an image that can be used, or an image cannot be written there."""


class WeightsError(OSError):
    """A network's weights are missing, altered, or cannot be fetched."""


class ChoiceError(ValueError):
    """An option was given a value that it does not have."""


class ResumeError(ValueError):
    """A saved run cannot be continued."""


class DivergenceError(ArithmeticError):
    """An optimization left the finite numbers.

    Attributes:
        last: the last good ``Step`` before that, or None if there was none.
    """

    def __init__(self, message: str, last: object | None = None):
        super().__init__(message)
        self.last = last


def choice(what: str, value: str, choices: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``choices``, else raise a ChoiceError that lists them."""
    known = list(choices)
    if value not in known:
        raise ChoiceError(f"There is no {what} {value!r}. Choose one of: {', '.join(known)}.")
    return value


def shown(value: object) -> str:
    """Return a value as a message can quote it."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def whole_number(what: str, value: int, least: int, most: int | None = None) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``, else raise a ChoiceError that says so.

    Args:
        what: the name of the argument, or of the option.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ChoiceError(f"{what} must be a whole number of at least {least}, got {shown(value)}.")
    if most is not None and value > most:
        limit = "2**63 - 1" if most == LARGEST_SEED else f"{most:,}"
        raise ChoiceError(f"{what} must be a whole number of at most {limit}, got {value}.")
    return value


def finite_number(
    what: str, value: float, least: float = 0.0, *, above: bool = False, most: float | None = None
) -> float:
    """Return ``value`` if it is a finite number from ``least`` to ``most``, else raise a ChoiceError that says so.

    Args:
        what: the name of the argument, or of the option. above: whether ``least`` itself is too little.
    """
    number = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )
    if not number or value < least or (above and value == least):
        needed = f"above {least:g}" if above else f"{least:g} or larger"
        raise ChoiceError(f"{what} must be a finite number, {needed}, got {shown(value)}.")
    if most is not None and value > most:
        raise ChoiceError(f"{what} must be a number up to {most:g}, got {shown(value)}.")
    return value
