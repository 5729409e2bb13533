"""The gradient of style transfer as one ONNX graph: pages optimize pixels with it, without a kernel and without autograd.

``export_layers.py`` writes it beside the stages, whose kernels it reads: it holds no weights of its own, but the places of
theirs in the stages' files (ONNX calls that external data), so a page that has the stages fetches a few kilobytes.

Forward it is VGG-16 up to ``relu3_1``, with Gram matrices at the first ReLU of each block. Backward, by hand: a convolution
is the same kernels turned around; max pooling gives the gradient to the place that was the maximum, the first one of
equals, as PyTorch does; a ReLU lets through what was above 0; a Gram matrix G of M positions gives (S + S^T) F / M.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from onnx_graphs import Builder, floats  # beside this script

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import onnx

FILE = "transfer.onnx"
CONTENT = "relu3_1"
STYLES = ("relu1_1", "relu2_1", "relu3_1")
CHANNELS = {"relu1_1": 64, "relu2_1": 128, "relu3_1": 256}
TRUNK = ("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "conv3_1")
MULTIPLE = 4  # of pixels that both sides must be: two poolings, of which none may drop a row


def transfer_graph(stages: Mapping[str, bytes]) -> onnx.ModelProto:
    """Return the graph that says how far an image is from its goals, and where each pixel has to go.

    Inputs: ``image`` (1, 3, H, W), RGB in [0, 1], both sides multiples of 4; ``content`` (1, 256, H / 4, W / 4), activations
    of relu3_1; ``gram1`` .. ``gram3`` (C, C); ``weights`` (4,), of content and styles.

    Outputs: ``losses`` (4,), mean squares that are not relative to anything yet; ``gradient`` (1, 3, H, W) of their sum
    times the weights; ``features`` and ``found1`` .. ``found3``: what the image itself would be as a goal.

    Args:
        stages: the content of each stage's file by its name, from ``export_layers``.
    """
    build = Builder()
    node, constant = build.node, build.constant
    for file, data in stages.items():
        _keep_weights(build, file, data)
    constant("axis0", _integers(0))
    constant("zero", _floats(0))
    for name, values in {"last": (-1, -1), "first": (-9, -9), "axes": (2, 3), "step": (-1, -1)}.items():
        constant(f"turn.{name}", _integers(*values))
    for k in range(len(STYLES) + 1):
        constant(f"place{k}", _integers(k))
        node("Gather", ["weights", f"place{k}"], f"weight{k}")  # (1,)

    found = _forward(build)
    losses, pulls = _content(build, found[CONTENT])
    for k, layer in enumerate(STYLES, 1):
        _style(build, k, layer, found[layer], losses, pulls)
    node("Concat", losses, "losses", axis=0)
    _backward(build, found, pulls)

    channels = {f"gram{k}": CHANNELS[layer] for k, layer in enumerate(STYLES, 1)}
    features = (1, CHANNELS[CONTENT], "rows", "columns")
    inputs = [floats("image", 1, 3, "height", "width"), floats("content", *features)]
    inputs += [floats(name, size, size) for name, size in channels.items()]
    inputs.append(floats("weights", 4))
    outputs = [floats("losses", 4), floats("gradient", 1, 3, "height", "width"), floats("features", *features)]
    outputs += [floats(name.replace("gram", "found"), size, size) for name, size in channels.items()]
    return build.model("style transfer: losses and gradient", inputs, outputs)


def export(folder: Path, stages: Mapping[str, bytes]) -> dict:
    """Write the graph to ``folder``, and return what a page must know of it.

    Args:
        folder: where the stages lie.
        stages: their files' contents by name, all of them; those it needs nothing of are left out.
    """
    import onnx

    model = transfer_graph(stages)
    held = {entry.value for constant in model.graph.initializer for entry in constant.external_data}
    data = model.SerializeToString(deterministic=True)
    (folder / FILE).write_bytes(data)
    onnx.checker.check_model(str(folder / FILE))
    files = [file for file in stages if file in held]
    return {"file": FILE, "bytes": len(data), "content": CONTENT, "styles": list(STYLES), "weights": files}


def _keep_weights(build: Builder, file: str, data: bytes) -> None:
    """Let the graph have kernels (in single precision), biases and preprocessing of a stage as far as it needs them."""
    import onnx
    from onnx import TensorProto

    for tensor in onnx.load_from_string(data).graph.initializer:
        layer, _, kind = tensor.name.partition(".")
        if layer.startswith("conv") and layer not in TRUNK:
            continue
        if kind == "weight.half":
            build.node("Cast", [build.kept(tensor, file, data)], f"{layer}.weight", to=TensorProto.FLOAT)
        else:
            build.constants.append(tensor)  # small


def _forward(build: Builder) -> dict[str, str]:
    """Add the network; return the output of each ReLU and pooling by its name."""
    x = build.node("Sub", [build.node("Mul", ["image", "scale"], "scaled"), "mean"], "centered")
    found = {}
    for layer in TRUNK:
        if layer.startswith("pool"):
            x = build.node("MaxPool", [x], layer, f"{layer}.switches", kernel_shape=[2, 2], strides=[2, 2])
        else:
            inputs = [x, f"{layer}.weight", f"{layer}.bias"]
            x = build.node("Conv", inputs, layer, kernel_shape=[3, 3], pads=[1] * 4)
            x = build.node("Relu", [x], layer.replace("conv", "relu"))
        found[x] = x
    build.node("Identity", [found[CONTENT]], "features")
    return found


def _content(build: Builder, features: str) -> tuple[list[str], dict[str, list[str]]]:
    """Add the content loss and its gradient: for differences D (C, P), mean(D^2) and 2 D / (C P)."""
    node, constant = build.node, build.constant
    shape = constant("content.shape", _integers(CHANNELS[CONTENT], -1))
    away = node("Reshape", [node("Sub", [features, "content"], "content.away"), shape], "content.flat")
    loss = _mean_square(build, away, "loss0")
    size = node("Cast", [node("Size", [away], "content.size")], "content.count", to=1)
    twice = node("Mul", ["weight0", constant("two", _floats(2))], "content.twice")
    pull = node("Mul", [away, node("Div", [twice, size], "content.factor")], "content.pull")
    return [loss], {CONTENT: [pull]}


def _style(build: Builder, k: int, layer: str, features: str, losses: list[str], pulls: dict[str, list[str]]) -> None:
    """Add a layer's style loss, mean((G - A)^2), and its gradient 4 (G - A) F / (C^2 M)."""
    node, constant = build.node, build.constant
    channels = CHANNELS[layer]
    flat = node("Reshape", [features, constant(f"style{k}.shape", _integers(channels, -1))], f"style{k}.flat")  # (C, M)
    size = node("Cast", [node("Size", [flat], f"style{k}.size")], f"style{k}.count", to=1)
    positions = node("Div", [size, constant(f"style{k}.channels", _floats(channels))], f"style{k}.positions")
    product = node("Gemm", [flat, flat], f"style{k}.product", transB=1)
    gram = node("Div", [product, positions], f"found{k}")
    away = node("Sub", [gram, f"gram{k}"], f"style{k}.away")
    losses.append(_mean_square(build, away, f"loss{k}"))
    factor = node("Mul", [f"weight{k}", constant(f"style{k}.four", _floats(4 / channels**2))], f"style{k}.weight")
    slope = node("Mul", [away, node("Div", [factor, positions], f"style{k}.factor")], f"style{k}.slope")
    pulls.setdefault(layer, []).append(node("MatMul", [slope, flat], f"style{k}.pull"))  # (C, M)


def _mean_square(build: Builder, differences: str, name: str) -> str:
    squares = build.node("Mul", [differences, differences], f"{name}.squares")
    mean = build.node("ReduceMean", [squares], f"{name}.mean", axes=[0, 1], keepdims=0)
    return build.node("Unsqueeze", [mean, "axis0"], name)  # (1,)


def _backward(build: Builder, found: dict[str, str], pulls: dict[str, list[str]]) -> None:
    """Add the way back from the deepest layer to the image."""
    node = build.node
    gradient = None
    for layer in reversed(TRUNK):
        output = layer.replace("conv", "relu")
        back = f"back.{layer}"
        if layer.startswith("pool"):
            # What was not above 0 had no influence: a ReLU stands before. A quarter of the places need to be asked.
            gradient = _where_on(build, output, gradient)
            gradient = node("MaxUnpool", [gradient, f"{layer}.switches"], back, kernel_shape=[2, 2], strides=[2, 2])
            continue
        if output in pulls:
            flat = pulls[output]
            total = flat[0] if len(flat) == 1 else node("Add", flat, f"{back}.pulls")
            shape = node("Shape", [output], f"{output}.shape")
            total = node("Reshape", [total, shape], f"{back}.pull")
            gradient = total if gradient is None else node("Add", [gradient, total], f"{back}.sum")
        if layer not in _before_pools():
            gradient = _where_on(build, output, gradient)
        gradient = _turned_convolution(build, layer, gradient, back)
    node("Mul", [gradient, "scale"], "gradient")


def _where_on(build: Builder, layer: str, gradient: str) -> str:
    on = build.node("Greater", [layer, "zero"], f"on.{layer}")
    return build.node("Where", [on, gradient, "zero"], f"masked.{layer}")


def _turned_convolution(build: Builder, layer: str, gradient: str, back: str) -> str:
    """Add the way back through a convolution: a convolution with its kernels turned by half a turn, in and out exchanged.

    The runtime turns them once, while it loads the graph. Its ConvTranspose, which needs no turning, takes three times as
    long in a browser.
    """
    turned = build.node(
        "Slice", [f"{layer}.weight", "turn.last", "turn.first", "turn.axes", "turn.step"], f"{back}.turned"
    )
    exchanged = build.node("Transpose", [turned], f"{back}.kernels", perm=[1, 0, 2, 3])
    return build.node("Conv", [gradient, exchanged], back, kernel_shape=[3, 3], pads=[1] * 4)


def _before_pools() -> set[str]:
    return {before for before, after in pairwise(TRUNK) if after.startswith("pool")}


def _integers(*values: int):
    import numpy as np

    return np.array(values, np.int64)


def _floats(*values: float):
    import numpy as np

    return np.array(values, np.float32)
