"""No process outlives the one that started it, whatever ends that."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest
from waiting import is_alive, wait_for

SCRIPT = """
import multiprocessing, time
from nstlib.apps.offspring import end_with_parent

def work():
    end_with_parent()
    print("ready", flush=True)
    time.sleep(300)

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    print(child.pid, flush=True)
    time.sleep(300)
"""


@pytest.mark.parametrize("end", [subprocess.Popen.terminate, subprocess.Popen.kill])
def test_a_process_ends_with_its_parent(tmp_path, end):
    script = tmp_path / "parent.py"  # the child imports it anew
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline() == "ready\n"
        end(parent)
        wait_for(lambda: not is_alive(child), 20)
