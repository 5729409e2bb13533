"""What a process keeps of the memory that it frees: measured in processes of their own, as it holds until they end."""

import subprocess
import sys

import pytest
from sampling import one_in

COUNT = """
import resource, torch
from nstlib.engine.allocation import keep_freed_memory, keeps_freed_memory
arranged = {call}
assert keeps_freed_memory() is arranged
def one():
    torch.ones({bytes} // 4)
for _ in range(20):
    one()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    one()
print(arranged, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(call, size):
    script = COUNT.format(call=call, bytes=size)
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    return said[0] == "True", int(said[1])


@pytest.mark.skipif(sys.platform != "linux", reason="only the GNU C library can be told")
@pytest.mark.parametrize("size", one_in(2, [48_000_000, 200_000_000]))
def test_freed_memory_is_used_again_instead_of_being_cleared_anew(size):
    _, usual = faults("False", size)
    arranged, kept = faults("keep_freed_memory()", size)
    if not arranged:
        pytest.skip("this C library cannot be told")
    assert usual > 5 * size // 2**21  # at least a fault for each huge page, each time
    assert kept < usual / 10


def test_a_process_that_allows_it_keeps_nothing_until_a_run_asks_for_it():
    script = """
from nstlib.engine.allocation import allow_keeping, keeps_freed_memory, may_keep_freed_memory
before = may_keep_freed_memory()
allow_keeping()
print(before, may_keep_freed_memory(), keeps_freed_memory())
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["False", "True", "False"]


def test_where_it_cannot_be_arranged_nothing_happens(monkeypatch):
    from nstlib.engine import allocation

    monkeypatch.setattr(allocation.sys, "platform", "win32")
    assert allocation.keep_freed_memory() is False
    assert allocation.keeps_freed_memory() is False


def test_importing_the_library_changes_nothing():
    assert faults("keeps_freed_memory()", 1_000_000)[0] is False


def test_the_command_asks_for_it_before_anything_else(monkeypatch):
    from nstlib.cli import main

    asked = []
    command = sys.modules["nstlib.cli.app"]  # the package's attribute of that name is the command
    monkeypatch.setattr(command, "allow_keeping", lambda: asked.append("memory"))
    monkeypatch.setattr(command, "app", lambda **_: asked.append("command"))
    main()
    assert asked == ["memory", "command"]
