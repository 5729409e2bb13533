"""What comes from elsewhere is named to the letter, may do little, and has a known license; importing fetches nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))

import licenses  # noqa: E402
import lock  # noqa: E402

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
PAGE = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (\S+) \| (.*) \| .+ \|$", PAGE, re.MULTILINE))


def pinned(requirement):
    """Return the version in a line of constraints.txt."""
    (only,) = requirement.specifier
    assert only.operator == "=="
    return only.version


def jobs():
    return [
        (path.stem, name, job)
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
    ]


# Workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_action_is_named_by_its_commit_with_the_version_behind_it(path):
    uses = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert uses
    for line in uses:
        assert re.fullmatch(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_gives_no_permission_to_all_its_jobs(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] == {}


def test_only_the_job_that_publishes_may_write_and_it_may_read_no_code():
    granted = {(workflow, name): job["permissions"] for workflow, name, job in jobs()}
    assert granted.pop(("pages", "deploy")) == {"pages": "write", "id-token": "write"}
    assert all(permissions == {"contents": "read"} for permissions in granted.values())


def test_no_checkout_leaves_its_token_behind():
    steps = [
        step for _, _, job in jobs() for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert steps
    assert all(step["with"]["persist-credentials"] is False for step in steps)


# Versions


def test_the_lock_is_in_order_and_names_each_package_once():
    names = [pin.name for pin in PINS]
    assert names == sorted({canonicalize_name(name) for name in names})
    assert not [name for name in names if lock.CUDA.match(name)]


def test_the_lock_holds_whatever_the_project_asks_for_and_keeps_its_bounds():
    versions = {pin.name: pinned(pin) for pin in PINS}
    for part, wish in lock.wishes():
        if wish.marker is None:  # what only an old Python needs was not seen
            assert wish.specifier.contains(versions[canonicalize_name(wish.name)]), f"{part}: {wish}"


def test_any_build_of_torch_meets_its_pin():
    (torch,) = (pin for pin in PINS if pin.name == "torch")
    assert "+" not in pinned(torch)
    for build in ("", "+cpu", "+cu130"):
        assert torch.specifier.contains(f"{pinned(torch)}{build}")


def test_a_version_that_is_not_for_every_python_says_for_which():
    oldest = {pin.name: pin.marker is None or pin.marker.evaluate({"python_version": "3.10"}) for pin in PINS}
    assert not oldest["numpy"]
    assert oldest["tqdm"]
    assert all(pin.marker is None or pin.marker.evaluate({"python_version": "3.12"}) for pin in PINS)


def test_continuous_integration_installs_the_lock():
    assert 'export PIP_CONSTRAINT="$PWD/constraints.txt"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = [(step, step["run"]) for _, _, job in jobs() for step in job["steps"] if "run" in step]
    installs = [(step, run) for step, run in steps if "pip install" in run or run.startswith("make ")]
    assert len(installs) == 2
    for step, run in installs:
        assert "-c constraints.txt" in run or step["env"]["PIP_CONSTRAINT"].endswith("/constraints.txt")


@pytest.mark.skipif("PIP_CONSTRAINT" not in os.environ, reason="what is installed here need not be what was tested")
def test_what_is_installed_is_what_was_tested():
    locked = {pin.name: pinned(pin) for pin in PINS if pin.marker is None or pin.marker.evaluate()}
    found = {package.name: package.version for package in lock.installed() if package.name in locked}
    assert found == {name: locked[name] for name in found}


def test_a_user_gets_lower_bounds_and_no_lock():
    for line in lock.project()["dependencies"]:
        assert all(only.operator == ">=" for only in Requirement(line).specifier), line


# Licenses


def test_every_package_of_the_lock_has_a_license():
    assert {pin.name for pin in PINS} == {name for name in ROWS if not lock.CUDA.match(name)} - {"package", "---"}
    assert not [name for name, license in ROWS.items() if not license.strip()]


def test_the_page_says_what_the_packages_declare():
    locked = {pin.name: pinned(pin) for pin in PINS}
    declared = {  # not what it is for: an extra that asks for it, too, need not be installed here
        package.name: licenses.rows([package])[0].split(" | ")[1]
        for package in lock.installed()
        if locked.get(package.name) == package.version
    }
    assert {name: license for name, license in declared.items() if ROWS.get(name) != license} == {}


def test_the_page_says_what_the_front_end_declares():
    lines = licenses.front_end()
    assert PAGE.endswith("\n".join(["## Front-end packages", "", *lines, ""]))
    assert all(re.match(r"\* \*\*[^*]+\*\*: \S", line) for line in lines)


def test_nothing_that_everybody_installs_restricts_what_is_made_with_it():
    """A copyleft license for what the library imports would be the course's business, too."""
    for package in lock.installed():
        if "library" in package.wishes:
            assert not re.search(r"\bA?GPL", ROWS.get(package.name, "")), package.name


# No network


def test_importing_every_module_asks_no_network():
    script = """
import importlib, pkgutil, socket, sys

def refuse(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.gethostname"):
        raise RuntimeError(f"{event}{arguments}")

sys.addaudithook(refuse)
import nstlib
names = [module.name for module in pkgutil.walk_packages(nstlib.__path__, "nstlib.") if "__main__" not in module.name]
for name in names:
    importlib.import_module(name)
print(len(names))
try:
    socket.create_connection(("127.0.0.1", 9))
except RuntimeError:
    print("refused")
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, refused = done.stdout.split()
    assert int(count) > 150
    assert refused == "refused"


# What is installed without the repository


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The folder of an installed wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "-w",
        str(folder),
    ]
    subprocess.run([*command, str(ROOT)], check=True)
    (made,) = folder.glob("*.whl")
    zipfile.ZipFile(made).extractall(folder / "site")
    return folder / "site"


def tracked(*paths):
    """Return the repository's files in these places."""
    return subprocess.run(
        ["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.exhaustive
def test_a_wheel_holds_all_that_the_library_has_and_what_it_reads_of_the_course(wheel):
    read = tracked("images/content", "images/style", "images/CREDITS.md", "book", "gallery/lighthouse.json", "_toc.yml")
    assert {path.relative_to(wheel).as_posix() for path in wheel.glob("nstlib/**/*") if path.is_file()} == {
        *tracked("nstlib"),
        *(f"nstlib/_course/{name}" for name in read),
    }


@pytest.mark.exhaustive
def test_a_wheel_holds_each_file_that_a_notebook_calls_by_name(wheel):
    """On Colab the package is all there is."""
    named = [
        (path.name, "/".join(re.findall(r'"([^"]+)"', call)))
        for path in sorted((ROOT / "lessons").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
        for call in re.findall(r'course\.ROOT((?: / "[^"]+")+)', cell.source)
    ]
    assert named
    assert [each for each in named if not (wheel / "nstlib" / "_course" / each[1]).is_file()] == []


@pytest.mark.exhaustive
def test_a_wheel_brings_the_licenses_of_all_that_is_in_it(wheel):
    (folder,) = wheel.glob("nstlib-*.dist-info/licenses")
    for name in ("LICENSE", "THIRD_PARTY.md", "images/CREDITS.md"):
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.fixture
def outside(wheel, tmp_path):
    """Run Python with the installed wheel in an empty folder: what it said, which is what it should have said."""
    environment = {name: value for name, value in os.environ.items() if name != "NST_IMAGES"} | {
        "PYTHONPATH": str(wheel)
    }

    def run(*words):
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.mark.exhaustive
def test_from_a_wheel_the_course_s_own_pictures_are_painted(outside, tmp_path):
    outside("-m", "nstlib", "stylize", "cat", "sandstone", "--size=32", "--steps=2", "--network=tiny", "-o", "new.png")
    assert (tmp_path / "new.png").exists()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "from nstlib.training import load_snapshots as f; print([one.epoch for one in f()])",
            "[0, 1, 2, 4, 8, 16, 32]",
        ),
        ("from nstlib.formats.snapshots import load_runs as f; print(len(f()) > 0)", "True"),
        ("from nstlib.one_pass import load_one_pass as f; f(); print('one pass')", "one pass"),
        ("from nstlib.apps.study.results import *; print(len(read_rows(COMMITTED)) > 0)", "True"),
        ("from nstlib.course import chapters as f; print(f()[0])", "00_paint"),
        ("from nstlib.weights import weights_folder as f; print('site' in f().parts)", "False"),
    ],
    ids=["snapshots", "runs", "one-pass", "study", "chapters", "weights"],
)
def test_from_a_wheel_a_notebook_finds_what_it_reads(outside, code, said):
    assert outside("-c", code) == said
