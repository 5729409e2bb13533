"""What was handed in is found as it lies, and nothing else is."""

from __future__ import annotations

import os
import zipfile

import pytest

from nstlib.apps.grading import submissions
from nstlib.apps.grading.submissions import Notebook, chapter_of, find_one, find_submissions
from nstlib.errors import ChoiceError

CHAPTER = "07_gram"


def put(path, content: bytes = b"{}"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def zipped(path, entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def found(folder):
    return {one.learner: [notebook.place for notebook in one.notebooks] for one in find_submissions(folder)}


def test_folders_notebooks_and_zips_are_learners(tmp_path):
    put(tmp_path / "ada" / f"{CHAPTER}.ipynb")
    put(tmp_path / "ben" / CHAPTER / f"{CHAPTER}.ipynb")  # nbgrader's
    put(tmp_path / f"cleo_{CHAPTER}.ipynb")
    zipped(tmp_path / "dan.zip", {"work/x.ipynb": b"{}", "work/data.csv": b"", "__MACOSX/x.ipynb": b""})
    zipped(tmp_path / "Eve Noe_123_assignsubmission_file_" / "all.zip", {f"{CHAPTER}.ipynb": b"{}"})  # Moodle's
    put(tmp_path / "fay" / ".ipynb_checkpoints" / f"{CHAPTER}.ipynb")
    put(tmp_path / "notes.txt")
    assert found(tmp_path) == {
        "ada": [f"{CHAPTER}.ipynb"],
        "ben": [f"{CHAPTER}/{CHAPTER}.ipynb"],
        "cleo": [f"cleo_{CHAPTER}.ipynb"],
        "dan": ["work/x.ipynb"],
        "Eve Noe_123": [f"{CHAPTER}.ipynb"],
        "fay": [],
    }
    assert find_one(tmp_path / "ada").learner == "ada"


def test_two_learners_of_one_name_are_kept_apart(tmp_path):
    put(tmp_path / "Ada" / f"{CHAPTER}.ipynb")
    zipped(tmp_path / "ada.zip", {f"{CHAPTER}.ipynb": b"{}"})
    assert list(found(tmp_path)) == ["Ada (1)", "ada (2)"]
    assert "graded apart" in find_submissions(tmp_path)[0].notes[-1]


@pytest.mark.parametrize("name", ["../x.ipynb", "a/../../x.ipynb", "/tmp/x.ipynb", "..\\x.ipynb", "C:/x.ipynb"])
def test_a_zip_that_leads_out_of_itself_is_not_followed(tmp_path, name):
    zipped(tmp_path / "in" / "eve.zip", {name: b"{}", "fine.ipynb": b"{}"})
    (eve,) = find_submissions(tmp_path / "in")
    assert [notebook.place for notebook in eve.notebooks] == ["fine.ipynb"]
    assert "leads out of it" in eve.notes[0]
    assert os.listdir(tmp_path) == ["in"]


def test_links_and_pipes_are_left_out(tmp_path):
    secret = tmp_path / "secret.ipynb"
    put(secret)
    (tmp_path / "in" / "eve").mkdir(parents=True)
    (tmp_path / "in" / "eve" / f"{CHAPTER}.ipynb").symlink_to(secret)
    (tmp_path / "in" / "all").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "in" / "eve" / "pipe.ipynb")
    assert found(tmp_path / "in") == {"all": [], "eve": []}
    assert all("is a link or no file" in note for one in find_submissions(tmp_path / "in") for note in one.notes)


def test_what_cannot_be_read_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "LARGEST", 1000)
    zipped(tmp_path / "eve.zip", {f"{CHAPTER}.ipynb": b" " * 2000})
    put(tmp_path / "bad.zip", b"no zip")
    bad, eve = find_submissions(tmp_path)
    assert "no zip that can be read" in bad.notes[0]
    with pytest.raises(ValueError, match="larger than"):
        eve.notebooks[0].read()
    with pytest.raises(ValueError, match="cannot be read"):
        Notebook("gone", tmp_path / "gone.ipynb").read()


def test_nothing_is_an_error(tmp_path):
    with pytest.raises(ChoiceError, match="There is no"):
        find_submissions(tmp_path / "gone")
    with pytest.raises(ChoiceError, match="holds no submissions"):
        find_submissions(tmp_path)


@pytest.mark.parametrize(
    ("place", "text", "chapter"),
    [
        (f"{CHAPTER}.ipynb", b"", CHAPTER),
        (f"{CHAPTER} (1).ipynb", b"", CHAPTER),
        (f"ada_{CHAPTER}_final.ipynb", b"", CHAPTER),
        (f"{CHAPTER}/mine.ipynb", b"", CHAPTER),
        (f"1{CHAPTER}s.ipynb", b"", ""),
        ("mine.ipynb", b'"gram_matrix = check(gram_matrix)"', CHAPTER),
        ("mine.ipynb", b"check(nothing)", ""),
    ],
)
def test_a_notebook_tells_its_chapter(place, text, chapter):
    assert chapter_of(Notebook(place, None), text) == chapter
