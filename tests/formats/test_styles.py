import json

import pytest
import torch
from safetensors.torch import save

from nstlib.errors import WeightsError
from nstlib.formats.styles import read_styles, write_styles


def test_weights_and_styles_survive_in_half_precision_and_in_order(tmp_path):
    weights, styles = {"a.weight": torch.tensor([0.5, 1.25])}, {"z": torch.ones(2, 3), "b": torch.zeros(2, 3)}
    write_styles(weights, styles, tmp_path / "net.safetensors")
    found, again = read_styles(tmp_path / "net.safetensors")
    assert torch.equal(found["a.weight"], weights["a.weight"])
    assert list(again) == ["z", "b"]
    assert all(torch.equal(again[name], styles[name]) and again[name].dtype == torch.float32 for name in styles)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"no safetensors at all",
        save({"network/a": torch.ones(2)}),
        save({"network/a": torch.ones(2)}, metadata={"styles": json.dumps(["wave"])}),
        save({"network/a": torch.ones(2)}, metadata={"styles": "no list"}),
    ],
)
def test_missing_or_damaged_files_say_how_to_make_them(content, tmp_path):
    path = tmp_path / "net.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"holds no network that paints.*python tools/train_one_pass.py"):
        read_styles(path)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "net.safetensors"
    path.mkdir()
    with pytest.raises(WeightsError, match=r"net\.safetensors"):
        write_styles({}, {"plain": torch.ones(2, 3)}, path)
