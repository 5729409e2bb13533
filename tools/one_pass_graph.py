"""The network that paints in one pass as an ONNX graph, for pages: one graph, and a style is two of its inputs.

Inputs: ``image`` (1, 3, H, W), RGB in [0, 1], any sides from 8 pixels on; ``scale`` and ``bias`` (N,), of all norms,
as a style's two rows. Output: ``painted`` (1, 3, H, W). Weights are kept in half precision and cast on loading.
The shipped styles lie in the file's metadata, as JSON by name, so that a page needs one file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx_graphs import Builder, floats  # beside this script
from torch import Tensor

from nstlib.one_pass import OnePass


def one_pass_graph(model: OnePass):
    """Return the graph of a network."""
    from onnx import TensorProto

    build = Builder()
    node, constant = build.node, build.constant
    for k, convolution in enumerate(model.convolutions):
        half = constant(f"kernel{k}.half", convolution.weight.detach().half().numpy())
        node("Cast", [half], f"kernel{k}", to=TensorProto.FLOAT)
    constant("last.bias", model.convolutions[-1].bias.detach().numpy())
    # Slices, not one Split: WebGPU gives a kernel ten buffers, and a Split has one for each of its parts.
    ends = [sum(model.channels[:k]) for k in range(len(model.channels) + 1)]
    places = [constant(f"norm{k}", np.array([end], dtype=np.int64)) for k, end in enumerate(ends)]
    for k, (begin, end) in enumerate(pairwise(places)):
        for name in ("scale", "bias"):
            node("Slice", [name, begin, end], f"{name}{k}")
    constant("twice", np.array([1, 1, 2, 2], dtype=np.float32))

    def convolution(x: str, k: int, stride: int = 1, *bias: str) -> str:
        margin = model.convolutions[k].kernel_size[0] // 2
        pads = constant(f"margin{k}", np.array([0, 0, margin, margin] * 2, dtype=np.int64))
        padded = node("Pad", [x, pads], f"padded{k}", mode="reflect")
        return node("Conv", [padded, f"kernel{k}", *bias], f"convolved{k}", strides=[stride] * 2)

    def layer(x: str, k: int, stride: int = 1) -> str:
        inputs = [convolution(x, k, stride), f"scale{k}", f"bias{k}"]
        return node("InstanceNormalization", inputs, f"normed{k}", epsilon=model.norms[k].eps)

    def relu(x: str) -> str:
        return node("Relu", [x], f"{x}.on")

    # The first norm takes away what a channel is in the mean, and so what the photo is; where it is far from zero, a
    # browser's runtime adds up the variance with an error that ends as a level of 255.
    centred = node("Sub", ["image", node("GlobalAveragePool", ["image"], "mean")], "centred")
    x = relu(layer(centred, 0))
    for k in (1, 2):
        x = relu(layer(x, k, 2))
    for k in model.blocks:
        x = node("Add", [x, layer(relu(layer(x, k)), k + 1)], f"block{k}")
    for k in (model.blocks.stop, model.blocks.stop + 1):
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        x = relu(layer(node("Resize", [x, "", "twice"], f"larger{k}", **how), k))
    x = node("Sigmoid", [convolution(x, model.blocks.stop + 2, 1, "last.bias")], "whole")
    for name, numbers in {"from": [0, 0], "axes": [2, 3]}.items():
        constant(f"cut.{name}", np.array(numbers, dtype=np.int64))
    sides = node("Shape", ["image"], "cut.to", start=2)
    node("Slice", [x, "cut.from", sides, "cut.axes"], "painted")
    inputs = [floats("image", 1, 3, "height", "width"), *(floats(n, sum(model.channels)) for n in ("scale", "bias"))]
    return build.model("one pass", inputs, [floats("painted", 1, 3, "height", "width")])


def write_graph(model: OnePass, styles: Mapping[str, Tensor], path: Path) -> int:
    """Write the graph with its styles, and return its size in bytes."""
    import onnx

    graph = one_pass_graph(model)
    rounded = {name: [[round(v, 4) for v in row] for row in style.tolist()] for name, style in styles.items()}
    onnx.helper.set_model_props(graph, {"styles": json.dumps(rounded, separators=(",", ":"))})
    onnx.checker.check_model(graph, full_check=True)
    data = graph.SerializeToString(deterministic=True)
    path.write_bytes(data)
    return len(data)
