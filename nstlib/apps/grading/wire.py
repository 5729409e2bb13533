"""Messages between a judge and a worker: JSON and raw bytes, of limited size. Nothing that comes from there is ever run."""

from __future__ import annotations

import json
import math
import socket
import struct

import torch
from torch import Tensor

MOST_WORDS, MOST_BYTES = 8_000_000, 128_000_000  # of one message
_FRAME = struct.Struct("!IQ")
DTYPES = {
    str(t).removeprefix("torch."): t for t in vars(torch).values() if isinstance(t, torch.dtype) and t.itemsize <= 16
}
_PLAIN = {name: t for name, t in DTYPES.items() if not name.startswith(("q", "bits"))}


class Broken(ConnectionError):
    """The other side is gone, or says what is no message."""


def send(line: socket.socket, message: object, blobs: list[bytes]) -> None:
    """Send a message and the bytes that belong to it."""
    words = json.dumps([message, [len(blob) for blob in blobs]]).encode()
    total = sum(map(len, blobs))
    try:
        line.sendall(b"".join([_FRAME.pack(len(words), total), words, *blobs]))
    except OSError as error:
        raise Broken("It has ended.") from error


def receive(line: socket.socket, *, trusted: bool = True) -> tuple[dict, list[bytes]]:
    """Return a message and its bytes, or raise Broken; ``trusted``: who asks, and so listens to no more than it can hold."""
    words, total = _FRAME.unpack(_exactly(line, _FRAME.size))
    if trusted and (words > MOST_WORDS or total > MOST_BYTES):
        raise Broken("It says more than is listened to.")
    text, raw = _exactly(line, words), _exactly(line, total)
    try:
        message, sizes = json.loads(text)
        if not isinstance(message, dict) or sum(sizes) != total or min(sizes, default=0) < 0:
            raise Broken("It says what is no message.")
    except (ValueError, TypeError, RecursionError) as error:
        raise Broken("It says what is no message.") from error
    blobs, begin = [], 0
    for size in sizes:
        blobs.append(raw[begin : begin + size])
        begin += size
    return message, blobs


def _exactly(line: socket.socket, count: int) -> bytearray:
    found, begin = bytearray(count), 0
    view = memoryview(found)
    while begin < count:
        try:
            got = line.recv_into(view[begin:])
        except OSError as error:
            raise Broken("It has ended.") from error
        if not got:
            raise Broken("It has ended.")
        begin += got
    return found


def packed(tensor: Tensor) -> tuple[dict, bytes]:
    """Return dtype, shape and order in memory of a tensor, and its numbers."""
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in _PLAIN or tensor.layout is not torch.strided or tensor.is_meta:
        raise TypeError(f"A tensor of {name} cannot be handed over.")
    dense = tensor.detach().resolve_conj().resolve_neg().cpu()
    flat = dense.clone(memory_format=torch.contiguous_format).view(-1)
    numbers = flat.view(torch.uint8).numpy().tobytes() if dense.numel() else b""
    return {"dtype": name, "shape": list(dense.shape), "order": list(dense.stride())}, numbers


def unpacked(form: dict, numbers: bytes, *, ordered: bool = False) -> Tensor:
    """Return the tensor again; ``ordered``: in the same order in memory, which only the trusted side may say."""
    dtype, shape = _PLAIN[form["dtype"]], [int(size) for size in form["shape"]]
    if len(shape) > 32 or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(numbers):
        raise Broken("It says what is no tensor.")
    found = (
        torch.frombuffer(bytearray(numbers), dtype=dtype).reshape(shape) if numbers else torch.empty(shape, dtype=dtype)
    )
    if not ordered or tuple(form["order"]) == found.stride():
        return found
    if 0 in form["order"]:  # an expanded one
        return found
    return torch.empty_strided(shape, form["order"], dtype=dtype).copy_(found)
