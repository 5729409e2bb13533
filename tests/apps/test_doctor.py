"""What is wrong with a machine is found, named, and comes with what mends it; and nothing that is wrong ends the search."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import webbrowser
from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from nstlib.apps import doctor
from nstlib.weights import SOURCES


def only(check):
    (found,) = check()
    return found


def test_every_check_says_something_and_whatever_is_not_well_says_what_mends_it():
    found = list(doctor.examine())
    subjects = {each.subject for each in found}
    assert subjects >= {"python", "packages", "torch", "threads", "memory", "weights", "pictures", "writing", "video"}
    assert subjects >= {"browser", "widgets"}
    for each in found:
        assert each.state in ("well", "note", "bad"), each
        assert each.text, each
        assert bool(each.mend) == (each.state != "well"), each


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on(monkeypatch):
    def check_luck():
        raise RuntimeError("none")
        yield

    monkeypatch.setattr(doctor, "CHECKS", (check_luck, doctor.check_python))
    luck, python = doctor.examine()
    assert luck == ("luck", "bad", "RuntimeError: none", doctor.REPORT)
    assert python.state == "well"


def test_an_old_python_is_bad(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 18))
    assert only(doctor.check_python)[1::2] == ("bad", "install Python 3.10 or newer")


def test_all_requirements_of_the_library_are_read():
    assert only(doctor.check_packages).state == "well"
    assert " 14 that it asks for" in only(doctor.check_packages).text


def test_a_package_that_is_missing_or_old_is_named_with_the_line_that_mends_it(monkeypatch):
    def version(name):
        if name == "h5py":
            raise PackageNotFoundError
        return {"pillow": "9.5.0", "numpy": "1.100.0"}.get(name, "9999")

    monkeypatch.setattr(doctor, "requires", lambda _name: ["h5py>=3.8", "numpy>=1.24", "pillow>=10.1"])
    monkeypatch.setattr(doctor, "version", version)
    found = only(doctor.check_packages)
    assert (found.state, found.text) == ("bad", "h5py is missing, pillow is 9.5.0, older than 10.1")
    assert found.mend == f"{sys.executable} -m pip install --upgrade nstlib"


def test_a_torch_that_cannot_be_loaded_is_bad(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = only(doctor.check_torch)
    assert (found.state, found.mend) == ("bad", f"{sys.executable} -m pip install --force-reinstall torch")


def test_a_torch_that_computes_wrong_is_bad(monkeypatch):
    monkeypatch.setattr(torch, "ones", torch.zeros)
    assert "computes wrong products" in only(doctor.check_torch).text


def test_more_threads_than_processors_are_noted(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 999)
    monkeypatch.setenv("OMP_NUM_THREADS", "999")
    _, found = doctor.check_torch()
    assert found.state == "note"
    assert "(OMP_NUM_THREADS=999" in found.text
    assert found.mend.startswith("export OMP_NUM_THREADS=")


def test_too_little_memory_is_noted(monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=5e8, total=4e9))
    assert only(doctor.check_memory)[1:3] == ("note", "0.5 of 4.0 GB are free")


def test_weights_that_are_missing_or_altered_are_named_with_the_line_that_mends_them(monkeypatch, tmp_path):
    monkeypatch.setenv("NST_MODELS", str(tmp_path))
    (tmp_path / SOURCES["vgg19"].file).write_bytes(b"half")
    none, missing, altered = doctor.check_weights()
    assert none.text == f"none in {tmp_path}"
    assert missing[1:] == ("note", "vgg16: the first run fetches 55 MB", "nst weights fetch vgg16")
    assert (altered.state, altered.mend) == ("bad", "nst weights fetch vgg19")


def test_pictures_that_are_missing_or_broken_are_noted(monkeypatch, tmp_path):
    monkeypatch.setenv("NST_IMAGES", str(tmp_path / "nowhere"))
    assert "The course's pictures are not in" in only(doctor.check_pictures).text
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "cat.png").write_bytes(b"no picture")
    monkeypatch.setenv("NST_IMAGES", str(tmp_path))
    assert only(doctor.check_pictures).state == "note"
    assert "cat.png" in only(doctor.check_pictures).text


def test_a_folder_that_cannot_be_written_is_bad_and_a_full_one_is_noted(monkeypatch, tmp_path):
    monkeypatch.setenv("NST_MODELS", str(tmp_path / "made" / "later"))
    assert {found.state for found in doctor.check_writing()} <= {"well", "note"}

    def refuse(**_options):
        raise PermissionError(13, "Permission denied")

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: usage(1e12, 1e12, 1e6))
    assert [found.state for found in doctor.check_writing()] == ["note"] * 3
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    results, weights, _ = doctor.check_writing()
    assert results[1:] == ("bad", f"results in {Path.cwd()}: Permission denied", "name another folder with -o")
    assert weights.mend == "set NST_MODELS to a folder with free space"


def test_what_is_optional_is_noted(monkeypatch):
    def no_browser():
        raise webbrowser.Error

    monkeypatch.setitem(sys.modules, "av", None)
    assert only(doctor.check_video)[1:] == (
        "note",
        "PyAV is not installed: no .mp4, but .gif",
        f"{sys.executable} -m pip install --upgrade av",
    )
    monkeypatch.setattr(webbrowser, "get", no_browser)
    assert only(doctor.check_browser).state == "note"


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A Jupyter server that runs from an environment of its own; the fixture gives that environment's folder."""
    python = tmp_path / "env" / ("python.exe" if os.name == "nt" else "bin/python")
    process = SimpleNamespace(cmdline=lambda: [str(python)], cwd=lambda: str(tmp_path))
    monkeypatch.setattr(psutil, "Process", {4711: process}.__getitem__)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr("jupyter_core.paths.SYSTEM_JUPYTER_PATH", [])
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "jpserver-4711.json").write_text(
        json.dumps({"pid": 4711, "url": "http://localhost:8888/"}), encoding="utf-8"
    )
    return tmp_path / "env"


def test_a_jupyter_of_another_environment_that_lacks_the_widgets_is_found(jupyter):
    extensions = jupyter / "share" / "jupyter" / "labextensions"
    found = only(doctor.check_widgets)
    assert found.state == "bad"
    assert "Jupyter at http://localhost:8888/ runs from " in found.text
    assert "which lacks @jupyter-widgets/jupyterlab-manager and anywidget" in found.text
    assert "-m pip install jupyterlab_widgets anywidget   then restart Jupyter" in found.mend
    (extensions / "@jupyter-widgets" / "jupyterlab-manager").mkdir(parents=True)
    assert only(doctor.check_widgets).text.endswith("which lacks anywidget")
    (extensions / "anywidget").mkdir()
    assert only(doctor.check_widgets).state == "well"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "url": ""}', '{"pid": 1}'])
def test_what_is_left_of_a_server_that_has_ended_is_passed_over(jupyter, text):
    (jupyter.parent / "runtime" / "jpserver-4711.json").write_text(text, encoding="utf-8")
    assert "no Jupyter is running" in only(doctor.check_widgets).text


def test_the_python_of_a_process_is_that_of_its_environment():
    script = "print(flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        assert doctor._python_of(psutil.Process(child.pid)) == Path(sys.executable)
    finally:
        child.communicate(b"\n")
