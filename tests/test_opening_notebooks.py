"""How a notebook is opened: what README, Binder and the development container say is there, and says the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD = ROOT / "binder" / "postBuild"
SECTION = re.search(r"^## Open a notebook\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]


def test_the_section_names_what_opens_a_notebook():
    for words in (
        "make lab",
        'pip install -e ".[lab]"',
        "tools/lab.py",
        "VS Code",
        "Colab",
        "pip install git+",
        "Binder",
    ):
        assert words in SECTION


def test_whatever_the_section_names_of_the_repository_is_there():
    named = re.findall(r"`((?:tools|lessons|binder|\.devcontainer)/[\w./]*)`", SECTION)
    assert len(named) >= 4
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_extra_brings_jupyterlab_and_the_tests_try_no_older_one():
    (lab,) = map(Requirement, PROJECT["optional-dependencies"]["lab"])
    assert lab.name == "jupyterlab"
    assert str(lab) in PROJECT["optional-dependencies"]["frontends"]


def test_binder_s_python_is_one_that_the_course_runs_on():
    wanted = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (python,) = (one.partition("=")[2] for one in wanted if one.startswith("python="))
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]
    image = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))["image"]
    assert image.endswith(f":{python}")


@pytest.mark.skipif(os.name == "nt", reason="bash, and the right to run a file, are those of other systems")
def test_what_builds_binder_and_the_container_is_one_script_that_can_run():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert ROOT / container["postCreateCommand"] == BUILD
    assert os.access(BUILD, os.X_OK)
    subprocess.run(["bash", "-n", BUILD], check=True)


def test_torch_s_cpu_build_is_had_from_one_address():
    address = r"install (?:--no-cache-dir )?torch --index-url (\S+)"
    assert re.findall(address, README) == re.findall(address, BUILD.read_text(encoding="utf-8")) != []
