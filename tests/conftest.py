"""What tests of several folders share."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch

from nstlib.cli import app
from nstlib.images import save_image


@pytest.fixture
def rng() -> torch.Generator:
    """Random numbers that are the same in every run."""
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], None]:
    """Call it with what this machine lacks: the test is skipped and says why; on CI, where nothing may lack, it fails."""

    def stop(reason: str) -> None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must not skip: {reason}", pytrace=False)
        pytest.skip(reason)

    return stop


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """Work in an empty folder, with two pictures of different size and shape named cat and wave."""
    generator = torch.Generator().manual_seed(0)
    for kind, name, shape in (("content", "cat", (3, 48, 64)), ("style", "wave", (3, 50, 40))):
        (tmp_path / "gallery" / kind).mkdir(parents=True)
        save_image(torch.rand(shape, generator=generator), tmp_path / "gallery" / kind / f"{name}.png")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("NST_IMAGES", str(tmp_path / "gallery"))
    monkeypatch.setenv("NST_MODELS", str(tmp_path / "models"))
    for name, value in (("COLUMNS", "80"), ("TERM", "dumb"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    return tmp_path / "gallery"


@pytest.fixture
def nst(capsys):
    """Run the command ``nst``; return its exit code, what it said, and what it complained about."""

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            app([str(argument) for argument in arguments], prog_name="nst")
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run
