"""In the kernels of lessons that must only run, descents have all their steps, and compute the first few."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """
exec(open("tools/coasting.py", encoding="utf-8").read())
import json, torch
from nstlib.features import load_network
from nstlib.transfer import stylize
content, style = torch.rand(2, 1, 3, 40, 48, generator=torch.Generator().manual_seed(0))
steps = list(stylize(content, style, load_network("tiny"), steps=60, levels=1, tolerance=0.5))
print(json.dumps([(step.index, step.total) for step in steps]))
"""


def test_a_descent_has_all_its_steps_and_computes_five():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    at, losses = zip(*json.loads(done.stdout), strict=True)
    assert at == tuple(range(61))
    assert len(set(losses[:5])) == 5
    assert len(set(losses[4:-1])) == 1
