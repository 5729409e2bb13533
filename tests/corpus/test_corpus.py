"""Each file of the corpus is the picture that it should be, or refused in one line; nothing else is printed."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from corpus_cases import GROUPS, Case, exif_data, modes, no_files, pngs, profiles, sizes
from corpus_files import SCENE, saved

from nstlib.errors import ImageError
from nstlib.images import load_image

SAMPLE = (
    "RGB.png",
    "I16.tiff",
    "RGBA.dds",
    "turn-6le.jpg",
    "exif-noise.png",
    "beside-9.jpg",
    "folder.png",
    "empty.png",
)


def pixels_off(case: Case, image) -> float:
    """Return by how much the image differs from what is right, at the pixel where it does most."""
    pixels = image[0].permute(1, 2, 0).numpy()  # (H, W, 3)
    wanted = case.right if isinstance(case.right, tuple) else (case.right,)
    wanted = [np.asarray(right, float) / 255 for right in wanted]
    wanted = [right if right.ndim == 3 else right[..., None].repeat(3, -1) for right in wanted]
    return min([np.abs(right - pixels).max() for right in wanted if right.shape == pixels.shape], default=np.inf)


def wrong_with(case: Case, path) -> str | None:
    """Load a file, and return what is wrong with the result, or with the message."""
    try:
        image = load_image(path)
    except ImageError as error:
        text = str(error)
        named = path.name in text.replace("\\\\", "\\") or repr(str(path)) in text
        if not case.is_refused and not case.may_refuse:
            return f"refused: {text}"
        return None if named and "\n" not in text and re.search(case.right if case.is_refused else "", text) else text
    if case.is_refused:
        return "not refused"
    off = 0 if case.right is None else pixels_off(case, image)
    return f"off by {off}" if off > case.off else None


def test_the_corpus_is_large_and_no_file_replaces_another():
    names = [(group.__name__, case.name) for group in GROUPS for case in group()]
    assert len(names) >= 1000
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("group", GROUPS)
def test_each_file_is_the_right_picture_or_rightly_refused(tmp_path, capfd, group):
    mishandled = {case.name: wrong for case in group() if (wrong := wrong_with(case, case.make(tmp_path)))}
    assert mishandled == {}
    assert capfd.readouterr() == ("", "")  # neither Python's warnings nor what libraries in C print


def wrong_with_nst(case: Case, path, nst, style, output) -> str | None:
    """Make a picture of a file, and return what is wrong with how the command ended."""
    code, _, err = nst("stylize", path, style, "--size", 24, "--steps", 1, "--network", "tiny", "-o", output)
    made = output.exists()
    output.unlink(missing_ok=True)
    if case.is_refused or (case.may_refuse and code):
        return None if (code, made, len(err.splitlines())) == (2, False, 1) else f"{code}, {made}, {err}"
    return None if code == 0 and made else f"{code}, {made}, {err}"


@pytest.fixture
def style(tmp_path):
    path = tmp_path / "style.png"
    path.write_bytes(saved(SCENE[::-1].repeat(2, 0), "PNG"))
    return path


def test_the_command_makes_pictures_of_pictures_and_refuses_the_rest(tmp_path, gallery, nst, style):
    cases = [case for group in (modes, exif_data, no_files) for case in group() if case.name in SAMPLE]
    assert len(cases) == len(SAMPLE)
    wrong = {case.name: wrong_with_nst(case, case.make(tmp_path), nst, style, tmp_path / "made.png") for case in cases}
    assert {name: what for name, what in wrong.items() if what} == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("group", [group for group in GROUPS if group is not sizes])  # thin ones cannot have every size
def test_the_command_handles_every_file(tmp_path, gallery, nst, style, group):
    (tmp_path / "corpus").mkdir()
    wrong = {
        case.name: wrong_with_nst(case, case.make(tmp_path / "corpus"), nst, style, tmp_path / "made.png")
        for case in group()
    }
    assert {name: what for name, what in wrong.items() if what} == {}


@pytest.mark.exhaustive
@pytest.mark.parametrize("group", [modes, pngs, exif_data, profiles])
def test_whatever_bytes_change_a_file_is_a_picture_or_refused_in_one_line(tmp_path, capfd, group):
    rng = random.Random(0)
    files = [case.make(tmp_path).read_bytes() for case in group() if not case.is_refused]
    path, messages = tmp_path / "changed", []
    for _ in range(1500):
        changed = bytearray(rng.choice(files))
        for _ in range(rng.choice((1, 2, 10))):
            place, length = rng.randrange(min(len(changed), rng.choice((60, 300, 10**6)))), rng.choice((1, 4, 60))
            new = rng.choice((rng.randbytes(1), b"\xff", b"\0", b"", changed[place : place + length] * 2))
            changed[place : place + rng.choice((1, length))] = new
            changed = changed or bytearray(b"\0")
        path.write_bytes(changed)
        try:
            assert load_image(path).isfinite().all()
        except ImageError as error:
            messages.append(str(error))
    assert [message for message in messages if "\n" in message] == []
    assert capfd.readouterr() == ("", "")
