"""What the command offers before the library is imported is what the library has."""

from __future__ import annotations

import inspect
import subprocess
import sys

from nstlib import defaults, dream, dual, features, transfer
from nstlib.apps.painting import job
from nstlib.engine import memory
from nstlib.optimizers import OPTIMIZERS


def test_the_names_of_choices_are_the_librarys_in_its_order():
    assert tuple(features.NETWORKS) == defaults.NETWORKS
    assert tuple(features.POOLINGS) == defaults.POOLINGS
    assert tuple(dual.METHODS) == defaults.METHODS
    assert tuple(OPTIMIZERS) == defaults.OPTIMIZERS
    assert tuple(transfer.INITS) == defaults.INITS
    assert {*job.MATCHES, "style", "luminance"} == set(defaults.COLORS)


def test_the_numbers_are_the_librarys():
    assert (transfer.STYLE_WEIGHT, transfer.TV_WEIGHT) == (defaults.STYLE_WEIGHT, defaults.TV_WEIGHT)
    assert (transfer.STEPS, memory.GIGABYTE) == (defaults.STEPS, defaults.GIGABYTE)
    assert inspect.signature(transfer.stylize).parameters["content_weight"].default == defaults.CONTENT_WEIGHT
    dreamt = inspect.signature(dream.dream).parameters
    assert [dreamt[name].default for name in ("layer", "octaves", "iterations")] == [
        defaults.DREAM_LAYER,
        defaults.OCTAVES,
        defaults.ITERATIONS,
    ]


def test_the_first_of_each_is_what_is_taken_unless_another_is_asked_for():
    library = {**inspect.signature(transfer.stylize).parameters, **inspect.signature(features.load_network).parameters}
    for name, choices in {
        "name": defaults.NETWORKS,
        "pooling": defaults.POOLINGS,
        "optimizer": defaults.OPTIMIZERS,
        "init": defaults.INITS,
    }.items():
        assert library[name].default == choices[0]
    assert defaults.QUALITIES["normal"][1] == defaults.STEPS


def test_they_cost_nothing():
    code = "import sys, nstlib.defaults; print([name for name in ('torch', 'numpy', 'PIL') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
