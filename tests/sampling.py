"""Which values of a test `make test` tries, where `make exhaustive` tries all."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest


def one_in(count: int, values: Iterable) -> list:
    """Return values for a test: the first of every so many always, the others if it is to be exhaustive."""
    return [pytest.param(value, marks=[pytest.mark.exhaustive] * (k % count > 0)) for k, value in enumerate(values)]


def sampled(every: Iterable[tuple], usual: Collection[tuple]) -> list:
    """Return tuples of values for a test: the usual ones always, the others if it is to be exhaustive."""
    return [pytest.param(*values, marks=[pytest.mark.exhaustive] * (values not in usual)) for values in every]
