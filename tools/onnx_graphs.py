"""What graphs for pages are made with: nodes, constants and the version of the file format."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnx

OPSET = 17
IR_VERSION = 8  # of the file format: read by every runtime since 2022


class Builder:
    """Nodes, constants and outputs of a graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: Sequence[str], output: str, *others: str, **attributes) -> str:
        """Add a node, and return the name of its first output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [output, *others], name=output, **attributes))
        return output

    def constant(self, name: str, values) -> str:
        """Add a constant, and return its name."""
        import numpy as np
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def kept(self, tensor: onnx.TensorProto, file: str, holder: bytes) -> str:
        """Add a constant that stays where it is: within a stage's file, as a run of its bytes."""
        from onnx import TensorProto

        raw = tensor.raw_data
        if holder.count(raw) != 1:
            raise SystemExit(f"{tensor.name} cannot be found in {file}: its bytes are there {holder.count(raw)} times.")
        place = {"location": file, "offset": holder.index(raw), "length": len(raw)}
        outside = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        outside.data_location = TensorProto.EXTERNAL
        for key, value in place.items():
            outside.external_data.add(key=key, value=str(value))
        self.constants.append(outside)
        return tensor.name

    def model(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.ModelProto:
        """Return the graph of all that was added."""
        from onnx import helper

        graph = helper.make_graph(self.nodes, name, list(inputs), list(outputs), self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def floats(name: str, *shape: int | str | None) -> onnx.ValueInfoProto:
    """Return the description of an input or output: numbers in single precision; names and None stand for any size."""
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
