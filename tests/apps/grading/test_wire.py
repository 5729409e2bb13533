"""Messages are whole, or there is an end of it."""

from __future__ import annotations

import json
import socket
import struct

import pytest
import torch

from nstlib.apps.grading.wire import MOST_BYTES, Broken, packed, receive, send, unpacked


@pytest.fixture
def line():
    """Two ends of one line."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_a_message_arrives_with_its_bytes(line):
    send(line[0], {"a": [1, None, float("inf")]}, [b"", b"xyz"])
    message, blobs = receive(line[1])
    assert message == {"a": [1, None, float("inf")]}
    assert blobs == [b"", b"xyz"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"short",
        struct.pack("!IQ", 2, 0) + b"{}",
        struct.pack("!IQ", 4, 0) + b"[{}]",
        struct.pack("!IQ", 9, 1) + b"[{}, [3]]" + b"x",
        struct.pack("!IQ", 14, 1) + b"[{}, [3, -2]]x",
        struct.pack("!IQ", 2**32 - 1, 0),
        struct.pack("!IQ", 2, MOST_BYTES + 1) + b"{}",
        struct.pack("!IQ", 100_000, 0) + b"[" * 100_000,
        struct.pack("!IQ", 20_000, 0) + b"[{}, [" + b"9" * 19_992 + b"]]",
    ],
    ids=lambda raw: raw[:24].hex(),
)
def test_what_is_no_message_ends_it(line, raw):
    line[0].sendall(raw)
    line[0].close()
    with pytest.raises(Broken):
        receive(line[1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int8, torch.bool, torch.complex128])
def test_a_tensor_is_the_same_again(dtype):
    tensor = torch.randn(3, 4).T.to(dtype)
    found = unpacked(*packed(tensor), ordered=True)
    assert (found.dtype, found.stride()) == (dtype, tensor.stride())
    assert torch.equal(found, tensor)


def test_a_form_that_does_not_fit_its_bytes_is_refused():
    form, numbers = packed(torch.randn(4))
    json.dumps(form)
    for shape in ([5], [-4], [2, -2], [1] * 40):
        with pytest.raises(Broken):
            unpacked({**form, "shape": shape}, numbers)
