"""A file is what its digest says, or it is not used. (``tests/test_weights.py`` has the downloads, from this machine.)"""

from __future__ import annotations

import hashlib
import os
import sys

import pytest

from nstlib.errors import WeightsError
from nstlib.formats.download import Unavailable, demand, download, is_whole, pip_download, sha256


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"whole" * 1_000_000)
    return path


def test_the_digest_is_that_of_all_bytes(file):
    assert sha256(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_is_whole_if_its_digest_begins_as_it_should(file, tmp_path):
    wanted = sha256(file)
    demand(file, wanted[:8], "")
    assert is_whole(file, wanted, stacklevel=1)
    assert not is_whole(tmp_path / "nothing", wanted, stacklevel=1)


def test_an_altered_file_is_named_with_both_digests_and_what_to_do(file):
    wanted = sha256(file)
    file.write_bytes(b"half")
    with pytest.raises(WeightsError, match=rf"a\.bin is not the file.* not {wanted[:12]}\.\.\. Try again\."):
        demand(file, wanted, "Try again.")
    with pytest.warns(UserWarning, match="It is not used, but fetched again"):
        assert not is_whole(file, wanted, stacklevel=1)


def test_an_address_that_does_not_answer_is_no_traceback(tmp_path):
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:9/a did not answer with the file \(URLError\)"):
        download("http://127.0.0.1:9/a", tmp_path / "a", progress=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for pip")
def test_what_pip_says_is_no_result_of_ours(tmp_path, monkeypatch, capfd):
    (tmp_path / "python").write_text("#!/bin/sh\necho Downloading\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    pip_download("course==1", tmp_path, progress=True)
    assert capfd.readouterr() == ("", "Downloading\n")
