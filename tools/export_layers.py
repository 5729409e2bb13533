"""Write the default network's first layers as ONNX graphs, for explorers that run in the page, without a kernel.

    python tools/export_layers.py

VGG-16 up to ``relu3_3`` is cut into four stages, each a file of its own: a page that asks for an early layer fetches and
runs only the first. Kernels are stored in half precision, which halves the files, and computed with in single precision.
``_vendor/layers`` (served as ``_static/layers``) then holds the stages and ``stages.json``, which says what they are. Does
nothing when up to date.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "_vendor" / "layers"
RUNTIME = ROOT / "_vendor" / "vendor" / "ort"
STAMP = FOLDER / "made-from.txt"
SOURCES = (
    "tools/export_layers.py",
    "tools/export_transfer.py",
    "tools/onnx_graphs.py",
    "nstlib/weights.py",
    "nstlib/features.py",
    "nstlib/receptive.py",
)

NETWORK = "vgg16"
STAGES = (  # a convolution stands for its ReLU, too; every ReLU can be asked for
    ("conv1_1", "conv1_2"),
    ("pool1", "conv2_1", "conv2_2"),
    ("pool2", "conv3_1"),  # style transfer in the page ends here, and need not wait for the rest
    ("conv3_2", "conv3_3"),
)

sys.path.insert(0, str(ROOT / "tools"))
import export_transfer  # noqa: E402
from onnx_graphs import Builder, floats  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx
    from torch import Tensor


def fingerprint() -> str:
    """Return a hash of everything that decides what is written."""
    contents = [(ROOT / name).read_bytes() for name in SOURCES]
    return hashlib.sha256(b"".join(contents) + str(runtime_bytes()).encode()).hexdigest()


def runtime_files() -> dict[str, list[Path]]:
    """Return the files that a page loads before the first stage: where it computes in WebAssembly, and where by WebGPU."""
    gpu = sorted({*RUNTIME.glob("*webgpu*"), *RUNTIME.glob("*asyncify*")})
    found = {"wasm": sorted({*RUNTIME.glob("*")} - {*gpu}), "webgpu": gpu}
    if not all(found.values()):
        raise SystemExit("The runtime for the page's network is missing: run  python tools/vendor.py")
    return found


def runtime_bytes() -> dict[str, int]:
    """Return how many bytes these are."""
    return {name: sum(path.stat().st_size for path in paths) for name, paths in runtime_files().items()}


def relu_of(layer: str) -> str:
    return layer.replace("conv", "relu")


def stage_graph(layers: Sequence[str], source: str, weights: Mapping[str, Tensor]) -> onnx.ModelProto:
    """Return consecutive layers of the network as a graph whose outputs are all of its ReLUs.

    Args:
        layers: convolutions and poolings in order, as in ``STAGES``.
        source: what the first of them gets. "image" means RGB in [0, 1], shape (1, 3, H, W): the graph then begins with
            the network's preprocessing. Else the name of the layer before.
        weights: from ``load_weights``.
    """
    import onnx
    from onnx import TensorProto

    build, outputs, x = Builder(), [], source
    node, constant = build.node, build.constant
    if source == "image":
        scale, mean = preprocessing_constants()
        x = node("Mul", [x, constant("scale", scale)], "scaled")
        x = node("Sub", [x, constant("mean", mean)], "centered")
    for layer in layers:
        if layer.startswith("pool"):
            x = node("MaxPool", [x], layer, kernel_shape=[2, 2], strides=[2, 2])
            continue
        kernel, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
        if source == "image" and layer == layers[0]:
            kernel = kernel.flip(1)  # the network takes BGR; the page has RGB
        half = constant(f"{layer}.weight.half", kernel.half().numpy())
        inputs = [
            x,
            node("Cast", [half], f"{layer}.weight", to=TensorProto.FLOAT),
            constant(f"{layer}.bias", bias.numpy()),
        ]
        x = node("Relu", [node("Conv", inputs, layer, kernel_shape=[3, 3], pads=[1] * 4)], relu_of(layer))
        outputs.append(floats(x, 1, len(bias), None, None))
    first = next(layer for layer in layers if layer.startswith("conv"))
    channels = weights[f"{first}.weight"].shape[1]
    entry = floats(source, 1, channels, "height", "width")
    model = build.model(f"{NETWORK} {source} to {x}", [entry], outputs)
    onnx.checker.check_model(model)
    return model


def preprocessing_constants():
    """Return scale and mean of the network's preprocessing, float32, shape (1, 3, 1, 1), in the order RGB."""
    import numpy as np

    from nstlib.features import NETWORKS

    wanted = NETWORKS[NETWORK]
    if wanted.order != "BGR" or wanted.std != (1.0, 1.0, 1.0):
        raise SystemExit(f"export_layers.py knows Caffe's preprocessing only, but {NETWORK} has {wanted}.")
    mean = np.array(wanted.mean[::-1], np.float32).reshape(1, 3, 1, 1)
    return np.full((1, 1, 1, 1), wanted.scale, np.float32), mean


def describe_layer(layer: str, weights: Mapping[str, Tensor]) -> dict[str, int]:
    """Return what a page must know of a layer: its channels and its receptive field."""
    from nstlib.receptive import receptive_field

    return {"channels": len(weights[f"{layer.replace('relu', 'conv')}.bias"]), **receptive_field(layer)._asdict()}


def export(folder: Path = FOLDER) -> dict:
    """Write all stages and their description to ``folder``, and return the description."""
    from nstlib.weights import load_weights

    folder.mkdir(parents=True, exist_ok=True)
    weights, source, stages, layers, written = load_weights(NETWORK), "image", [], {}, {}
    for number, names in enumerate(STAGES, 1):
        data = stage_graph(names, source, weights).SerializeToString(deterministic=True)
        file = f"{NETWORK}-{number}.onnx"
        (folder / file).write_bytes(data)
        written[file] = data
        outputs = [relu_of(name) for name in names if name.startswith("conv")]
        stages.append({"file": file, "bytes": len(data), "input": source, "layers": outputs})
        layers.update({name: describe_layer(name, weights) for name in outputs})
        source = outputs[-1]
    description = {"network": NETWORK, "runtimeBytes": runtime_bytes(), "stages": stages, "layers": layers}
    description["transfer"] = export_transfer.export(folder, written)
    (folder / "stages.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    return description


def main() -> int:
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        print("Layers for the page: up to date.")
        return 0
    STAMP.unlink(missing_ok=True)
    sizes = [f"{stage['layers'][-1]} {stage['bytes'] / 1000:,.0f} kB" for stage in export()["stages"]]
    STAMP.write_text(wanted, encoding="utf-8")
    print(f"Layers for the page: {', '.join(sizes)} in {FOLDER.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
