"""What a command says: in one way, in one line, and never at the cost of the run."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from nstlib import cli
from nstlib.cli.console import gigabytes, lacking, note, say, warn


def test_results_go_to_standard_output_and_all_else_to_standard_error(capsys):
    say("Wrote it.")
    note("Stopping.")
    warn("It is\ntoo large.")
    assert capsys.readouterr() == ("Wrote it.\n", "Stopping.\nnst: It is too large.\n")


class Gone(io.StringIO):
    """The reader of this pipe has left."""

    def write(self, _text):
        raise BrokenPipeError(32, "Broken pipe")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [Gone(), closed()])
@pytest.mark.parametrize("words", [say, note, warn])
def test_a_terminal_that_is_gone_does_not_end_the_run(monkeypatch, stream, words):
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    words("Wrote it.")


def test_a_character_that_the_terminal_lacks_is_written_as_its_number(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    say("Wrote Käthe.png")
    assert stream.buffer.getvalue() == b"Wrote K\\xe4the.png\n"


def test_nothing_else_prints():
    for path in Path(cli.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(other in text for other in ("typer.echo", "print(", "bar.write")), path.name


def test_bytes_are_said_in_gigabytes_and_compared_with_what_is_free():
    assert gigabytes(1.26e9) == "1.3 GB"
    assert lacking(0) == ""
    assert lacking(1e15).startswith("may need 1000000.0 GB of memory, and ")
