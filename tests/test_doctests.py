import doctest
import importlib
import pkgutil

import pytest

import nstlib

# Run's example in transfer says how to resume; its names stand for the reader's own.
MODULES = sorted(
    {module.name for module in pkgutil.iter_modules(nstlib.__path__) if not module.ispkg} - {"__main__", "transfer"}
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_say_what_happens(name):
    failed, _ = doctest.testmod(importlib.import_module(f"nstlib.{name}"))
    assert failed == 0
