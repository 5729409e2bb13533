"""Whether Jupyter can show explorers is told by the environment it runs in; nothing is said where that is not known."""

from __future__ import annotations

import psutil
import pytest
import torch

from nstlib.widgets import explore_kernels, front_end


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """Start this kernel, as it were, from a Jupyter in an environment of its own; return that environment's folder."""
    home = tmp_path / "other"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python").touch(mode=0o755)
    (home / "share" / "jupyter" / "lab").mkdir(parents=True)

    class Server:
        def __init__(self, pid):
            assert pid == 17

        def cmdline(self):
            return [str(home / "bin" / "python"), "-m", "jupyterlab"]

        def environ(self):
            return {"PATH": "", "HOME": str(tmp_path / "home")}

    monkeypatch.setenv("JPY_PARENT_PID", "17")
    monkeypatch.setattr(psutil, "Process", Server)
    monkeypatch.setattr(front_end, "SYSTEM", ())
    return home


def test_where_anywidget_is_lacking_the_sentence_names_the_python_to_install_it_with(jupyter):
    assert f"{jupyter / 'bin' / 'python'} -m pip install anywidget" in front_end.what_lacks()


@pytest.mark.parametrize("place", ["other/share/jupyter", "home/.local/share/jupyter"])
def test_nothing_is_lacking_where_the_extension_lies(jupyter, tmp_path, place):
    (tmp_path / place / "labextensions" / "anywidget").mkdir(parents=True)
    assert front_end.what_lacks() is None


def test_nothing_is_said_of_a_python_without_a_jupyter_of_its_own(jupyter):
    (jupyter / "share" / "jupyter" / "lab").rmdir()
    assert front_end.what_lacks() is None


@pytest.mark.parametrize("pid", [None, "", "not a number", "-5", str(2**30)])
def test_nothing_is_said_where_nobody_knows_who_started_the_kernel(monkeypatch, pid):
    if pid is None:
        monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    else:
        monkeypatch.setenv("JPY_PARENT_PID", pid)
    assert front_end.what_lacks() is None


def test_an_explorer_is_a_widget_and_has_words_for_programs_without_widgets(rng, monkeypatch):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    data, _ = explore_kernels(torch.rand(1, 3, 20, 30, generator=rng), static=False)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "pip install anywidget" in data["text/html"]
    assert data["text/plain"].startswith("<explorer kernels: ")


def test_where_anywidget_is_lacking_an_explorer_is_a_picture_with_the_sentence(rng, jupyter):
    data, _ = explore_kernels(torch.rand(1, 3, 20, 30, generator=rng), static=False)._repr_mimebundle_()
    assert data.keys() == {"text/html", "text/plain"}
    assert "<img src=" in data["text/html"]
    assert "-m pip install anywidget" in data["text/html"]
