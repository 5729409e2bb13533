"""What several commands take, and how each of them refuses it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.usefixtures("gallery")
GRID = """contents = ["cat"]
styles = ["wave"]
methods = ["classic"]
style_weights = [1]
network = "tiny"
size = 32
steps = 1
"""
COMMANDS = {
    "train": ("fast", "train", "wave", "-o", "net.safetensors"),
    "study": ("study", "run", "grid.toml", "-o", "rows.csv"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("device", "gpus", "here"),
    [("gpu", [], "cpu"), ("", [], "cpu"), ("meta", [], "cpu"), ("cuda:99", ["cuda"], "cpu, cuda"),
     ("gpu", ["cuda", "mps"], "cpu, cuda, mps")],
)  # fmt: skip
def test_a_device_that_torch_has_not_is_told_with_those_it_has(nst, monkeypatch, command, device, gpus, here):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in gpus)
    Path("grid.toml").write_text(GRID, encoding="utf-8")
    code, out, err = nst(*COMMANDS[command], "--device", device)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"nst: --device must be one that torch has here ({here}), got {device!r}: ")
    assert [path.name for path in Path().iterdir()] == ["grid.toml"]


def test_a_scheduler_elsewhere_is_not_asked_for_devices_of_this_machine(nst, monkeypatch):
    asked = []
    monkeypatch.setattr("nstlib.apps.study.workers.run_study", lambda *_, **where: asked.append(where) or iter(()))
    Path("grid.toml").write_text(GRID, encoding="utf-8")
    assert nst(*COMMANDS["study"], "--scheduler", "tcp://10.0.0.5:8786", "--device", "cuda:7")[0] == 0
    assert asked[0]["device"] == "cuda:7"
