"""From messages to values. What a worker says is never unpickled: it is data, and numbers of functions that it has."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING

from torch import Tensor, nn

from nstlib.apps.grading.common import kind_of, place_of
from nstlib.apps.grading.graphs import following, standing_for
from nstlib.apps.grading.wire import DTYPES, unpacked

if TYPE_CHECKING:
    from nstlib.apps.grading.line import Side


class Decoder:
    """From what JSON says to values.

    Attributes:
        inputs: of a question, the tensors that want a gradient. outputs: of a reply, those that have a graph there.
        given: of a worker's question, its own tensors, and in ``fresh`` how often they had been written into.
        sent: of its reply, the same tensors where they belong.
    """

    def __init__(self, side: Side, blobs: list[bytes], *, sent: list[Tensor] | None = None):
        self.side, self.blobs, self.replying, self.sent = side, blobs, sent is not None, sent
        self.given: list[Tensor] = []
        self.fresh: list[int] = []
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.value: object = None

    def decode(self, value: object) -> object:
        """Return the value. Of a worker's words, whatever they are, nothing is run."""
        if not isinstance(value, dict):
            return value
        made = self._made(value, value["is"])
        if "new" in value and not self.side.trusted:
            self.side.share(made, value["new"])
        return made

    def _made(self, value: dict, kind: str) -> object:
        match kind:
            case "tensor" | "alias":
                return self._tensor(value, kind)
            case "array":
                return self._plain(value).numpy().copy()
            case "number":
                return self._plain(value).numpy().copy()[()]
            case "list":
                return [self.decode(item) for item in value["of"]]
            case "tuple":
                return tuple(self.decode(item) for item in value["of"])
            case "dict":
                return {self.decode(k): self.decode(v) for k, v in value["of"]}
            case "shared":
                return self._shared(value["id"])
            case "given":
                return self.sent[value["id"]]
            case "function":
                return standing_for(self.side, int(value["id"]), kind_of(value["name"]))
            case "iterator":
                return following(self.side, int(value["id"]))
            case "yours":
                return self.side.functions[value["id"]]
            case "ellipsis":
                return ...
            case "dtype":
                return DTYPES[value["name"]]
            case "pickle" if not self.side.trusted:
                return self._unpickled(value)
        return type(kind_of(value.get("name")), (), {})()

    def _unpickled(self, value: dict) -> object:
        parts = [self.decode(part) for part in value["parts"]]

        class Unpickler(pickle.Unpickler):
            def persistent_load(_, number: int) -> object:
                return parts[number]

        return Unpickler(io.BytesIO(self.blobs[value["blob"]])).load()

    def _shared(self, number: int) -> object:
        if (one := self.side.shared(number)) is None:
            raise LookupError("What is meant is gone.")
        if isinstance(one, Tensor) and one.requires_grad and not self.replying and place_of(one, self.inputs) < 0:
            self.inputs.append(one)
        return one

    def _plain(self, value: dict) -> Tensor:
        return unpacked(value, self.blobs[value["blob"]], ordered=not self.side.trusted)

    def _tensor(self, value: dict, kind: str) -> Tensor:
        if kind == "alias":
            one = self.side.shared(value["id"]).detach()
            made = one.as_strided(value["shape"], value["order"], one.storage_offset() + value["at"])
        else:
            made = self._plain(value)
        if value.get("out"):
            self.outputs.append(made)
            return made
        wants = bool(value.get("wants"))
        if value.get("parameter"):
            made = nn.Parameter(made, requires_grad=wants)
        elif wants:
            made.requires_grad_(True)
        if wants and not self.replying:
            self.inputs.append(made)
            if self.side.trusted and not value.get("leaf"):
                made = made.clone()  # what was computed may be written into, a leaf may not
        if kind == "tensor" and not self.replying:
            self.given.append(made)
            self.fresh.append(made._version)
        return made

    def written(self) -> list[tuple[int, Tensor]]:
        """Return which of the given tensors were written into since."""
        return [(k, one) for k, one in enumerate(self.given) if one._version != self.fresh[k]]
