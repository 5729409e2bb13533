"""Files of networks that paint in one pass: the convolutions that all styles share, and each style's norms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nstlib.errors import WeightsError
from nstlib.formats.files import replacing


def write_styles(weights: Mapping[str, Tensor], styles: Mapping[str, Tensor], path: Path) -> None:
    """Write one safetensors file, in float16: "network/NAME" and "style/NAME", and the styles' order in its metadata.

    Raises:
        WeightsError: if the file cannot be written; an older one stays.
    """
    named = {f"network/{name}": t for name, t in weights.items()} | {f"style/{name}": t for name, t in styles.items()}
    tensors = {name: tensor.detach().cpu().half().contiguous() for name, tensor in named.items()}
    content = save(tensors, metadata={"styles": json.dumps(list(styles))})
    with replacing(path, error=WeightsError) as temporary:
        temporary.write_bytes(content)


def read_styles(path: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return weights and styles of such a file by name, in float32, styles in their order.

    Raises:
        WeightsError: if there is no such file, it is damaged, or it holds something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            order = json.loads(file.metadata()["styles"])
            styles = {name: file.get_tensor(f"style/{name}").float() for name in order}
            names = [key for key in file.keys() if key.startswith("network/")]  # noqa: SIM118
            return {name.removeprefix("network/"): file.get_tensor(name).float() for name in names}, styles
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:  # whole, but of another program
        raise WeightsError(
            f"{path} holds no network that paints in one pass ({error}). Clone the repository and work in it, or make it "
            "anew: python tools/train_one_pass.py"
        ) from error
