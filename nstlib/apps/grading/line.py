"""Calling a function that lives in another process, as if it were here: arguments, results, gradients, callbacks.

Both ends are alike. A function that is handed over can be called back; a tensor that was computed keeps its graph where
it was computed, and a gradient travels the same way back. Tensors that the judge hands over are shared: both ends have one
of the same number, and what one end writes into it, or into its ``.grad``, is told with the next message.
"""

from __future__ import annotations

import linecache
import random
import socket
import traceback
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nstlib.apps.grading.common import OWN, alike, content, error_of, layout, placed, rewrite, write
from nstlib.apps.grading.decoding import Decoder
from nstlib.apps.grading.encoding import Encoder
from nstlib.apps.grading.graphs import Distant, Node
from nstlib.apps.grading.wire import Broken, receive, send

LATE = "It did not answer in time."


class Side:
    """One end of a line; the judge's is ``trusted``: it numbers what is shared, and unpickles nothing.

    Attributes:
        broken: why nothing can be asked any more, or "". place: the learner's line of the last error.
        functions: what the other side may call, by number.
    """

    def __init__(self, line: socket.socket, *, trusted: bool):
        self._line, self.trusted = line, trusted
        self.broken, self.place = "", ""
        self.functions: dict[int, Any] = {}
        self._shared: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._told: dict[int, tuple] = {}
        self._nodes: dict[int, tuple[list[Tensor], list[Tensor]]] = {}
        self.gone: list[int] = []  # nodes of the other side that nobody here needs any more
        self._count = 0

    # --- asking -----------------------------------------------------------------------------------------------------

    def call(self, target: int, arguments: tuple, named: Mapping[str, object] | None = None) -> object:
        """Call a function of the other side; what it raises is raised here."""
        about = {"do": "call", "target": target, "grad": torch.is_grad_enabled(), "seed": torch.initial_seed()}
        answer, encoder, blobs = self._ask(about, (tuple(arguments), dict(named or {})))
        if "after" in answer:
            rewrite(tuple(arguments), self._decoded(answer["after"], blobs, sent=[]).value)
        return self._result(answer, encoder, blobs)

    def following(self, target: int) -> object:
        """Return the next item of an iterator on the other side."""
        return self._result(*self._ask({"do": "next", "target": target}, None))

    def slopes(self, node: int, pulls: tuple[Tensor, ...]) -> list[Tensor | None]:
        """Return the gradients of what the other side computed, with respect to what it was computed from."""
        answer, _, blobs = self._ask({"do": "slopes", "node": node}, list(pulls))
        return list(self._decoded(answer["value"], blobs, sent=[]).value)

    def _ask(self, about: dict, value: object) -> tuple[dict, Encoder, list[bytes]]:
        if self.broken:
            raise Broken(self.broken)
        encoder = Encoder(self, replying=False)
        about |= {"value": encoder.encode(value), **self._news(encoder)}
        try:
            send(self._line, about, encoder.blobs)
            while True:
                message, blobs = receive(self._line, trusted=self.trusted)
                if message.get("do") in ("return", "raise"):
                    break
                self._answer(message, blobs)
            self._heard(message, blobs)
        except BaseException as error:  # also a time limit: what comes next would be the answer to another question
            self.broken = str(error) or LATE
            raise
        if message["do"] == "raise":
            self.place = self.place or str(message.get("line", ""))[:200]
            raise error_of(message)
        return message, encoder, blobs

    def _result(self, answer: dict, asked: Encoder, blobs: list[bytes]) -> object:
        """Return what a reply holds: its graphs are here from now on, and what was written into is written into here."""
        both = {"is": "tuple", "of": [answer.get("value"), answer.get("written")]}
        found = self._decoded(both, blobs, sent=asked.sent)
        value, written = found.value
        if found.outputs:
            inputs = [*asked.inputs, *(self.shared(int(number)) for number in answer["others"])]
            node = Node(self, int(answer["node"]), [one is not None for one in inputs])
            live = [*(torch.zeros(()) if one is None else one for one in inputs), torch.zeros((), requires_grad=True)]
            with torch.enable_grad():
                made = Distant.apply(node, len(found.outputs), *found.outputs, *live)
            value, written = placed((value, written), dict(zip(map(id, found.outputs), made, strict=True)))
        for place, new in written or ():
            asked.sent[place].copy_(new)
        return value

    # --- answering --------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answer until the other side is gone."""
        while True:
            self._answer(*receive(self._line, trusted=self.trusted))

    def offer(self, function: object) -> int:
        """Return the number by which the other side may call a function, or ask for the next item of an iterator."""
        self._count += 1
        self.functions[self._count] = function
        return self._count

    def _answer(self, message: dict, blobs: list[bytes]) -> None:
        """Do what the other side asks for, and send what came of it."""
        encoder = Encoder(self, replying=True)
        try:
            self._heard(message, blobs)
            found = self._decoded(message.get("value"), blobs)
            reply = {"do": "return", **self._done(message, found, encoder)}
            send(self._line, reply | self._news(encoder), encoder.blobs)
        except (Broken, KeyboardInterrupt):
            raise
        except BaseException as error:
            if self.trusted and not isinstance(error, Exception):
                raise
            self._told.clear()  # nothing of it was sent
            encoder = Encoder(self, replying=True)
            reply = {"do": "raise", "kind": type(error).__name__, "text": _text(error), "line": _line_of(error)}
            send(self._line, reply | self._news(encoder), encoder.blobs)

    def _done(self, message: dict, found: Decoder, encoder: Encoder) -> dict:
        if message["do"] == "slopes":
            outputs, inputs = self._nodes[message["node"]]
            pulls = torch.autograd.grad(outputs, inputs, found.value, allow_unused=True, retain_graph=True)
            return {"value": encoder.encode([None if pull is None else pull.detach() for pull in pulls])}
        function = self.functions[message["target"]]
        if message["do"] == "next":
            encoder.keeping = True
            reply = {"value": encoder.encode(next(function))}
        else:
            arguments, named = found.value
            before = layout(arguments)
            if not self.trusted:
                _seed(int(message["seed"]))
            with torch.set_grad_enabled(bool(message["grad"])):
                encoder.given = found.given if self.trusted else []
                reply = {"value": encoder.encode(function(*arguments, **named))}
            if self.trusted and (written := found.written()):
                reply["written"] = {
                    "is": "list",
                    "of": [{"is": "tuple", "of": [k, encoder.tensor(t)]} for k, t in written],
                }
            if not self.trusted and layout(arguments) != before:
                reply["after"] = encoder.encode(arguments)
        if encoder.outputs:
            known = {id(one) for one in found.inputs}
            others = {n: one for n, one in self.living() if isinstance(one, Tensor) and one.requires_grad}
            others = {n: one for n, one in others.items() if id(one) not in known}
            self._count += 1
            inputs = [*found.inputs, *others.values(), torch.zeros((), requires_grad=True)]
            self._nodes[self._count] = (encoder.outputs, inputs)
            reply |= {"node": self._count, "others": list(others)}
        return reply

    def _decoded(self, value: object, blobs: list[bytes], *, sent: list[Tensor] | None = None) -> Decoder:
        found = Decoder(self, blobs, sent=sent)
        try:
            found.value = found.decode(value)
        except Exception as error:
            if self.trusted:
                self.broken = "It says what is no value."
                raise Broken(self.broken) from error
            raise
        return found

    # --- what both have -----------------------------------------------------------------------------------------------

    def shared(self, number: int) -> Any:
        """Return what both have under a number; None if it is gone."""
        one = self._shared.get(number)
        return one() if isinstance(one, weakref.ref) else one

    def living(self) -> Iterator[tuple[int, Any]]:
        """Yield numbers and objects that both have."""
        for number in list(self._shared):
            if (one := self.shared(number)) is not None:
                yield number, one

    def share(self, one: object, number: int | None = None, *, keep: bool = False) -> int:
        """Have the other side have the same object, and return its number; ``keep`` it, though nobody else may."""
        if number is None:
            self._count += 1
            number = self._count
        self._shared[number] = weakref.ref(one) if self.trusted and not keep else one
        self._numbers[id(one)] = number
        self._told[number] = content(one)
        return number

    def number_of(self, one: object) -> int | None:
        """Return the number of what both have, or None."""
        number = self._numbers.get(id(one))
        return number if number is not None and self.shared(number) is one else None

    def _news(self, encoder: Encoder) -> dict:
        """Return what has changed since the last message, and what is needed no more."""
        dead = [number for number in self._shared if self.shared(number) is None]
        for number in dead:
            del self._shared[number]
            self._told.pop(number, None)
        changes = []
        for number, one in self.living():
            now = content(one)
            if not alike(now, self._told.get(number)):
                self._told[number] = now
                changes.append([number, encoder.encode(now, plainly=True)])
        gone, self.gone[:] = list(self.gone), []
        return {"state": changes, "gone": gone, "dead": dead}

    def _heard(self, message: dict, blobs: list[bytes]) -> None:
        """Take over what the other side says in every message."""
        for number in message.get("gone", ()):
            self._nodes.pop(number, None)
        for number in () if self.trusted else message["dead"]:
            self._shared.pop(number, None)
            self._told.pop(number, None)
        for number, change in message.get("state", ()):
            if (one := self.shared(number)) is not None:
                now = self._decoded(change, blobs, sent=[]).value
                if not alike(now, content(one)):
                    write(one, now)
                self._told[number] = content(one)


def _seed(seed: int) -> None:
    """Begin random numbers anew, as the judge's begin."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002


def _text(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except BaseException:
        return ""


def _line_of(error: BaseException) -> str:
    """Return the deepest of the learner's own lines that led to an error: "line 3: `return feature @ x`"."""
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in places if file.startswith(OWN)]
    return f"line {own[-1][1]}: `{linecache.getline(*own[-1]).strip()[:120]}`" if own else ""
