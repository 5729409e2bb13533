"""A function at the other end of a line does what it does here: values, gradients, side effects, errors, callbacks."""

from __future__ import annotations

import socket
import threading

import numpy as np
import pytest
import torch
from torch import nn

from nstlib.apps.grading.graphs import standing_for
from nstlib.apps.grading.line import Side
from nstlib.apps.grading.wire import Broken, receive, send


@pytest.fixture
def across():
    """Call it with a function: it lives at the other end of a line then, and what comes back calls it from here."""
    lines = []

    def put(function):
        ours, theirs = socket.socketpair()
        lines.extend((ours, theirs))
        judge, worker = Side(ours, trusted=True), Side(theirs, trusted=False)

        def serve():
            with pytest.raises((Broken, OSError)):
                worker.serve()

        threading.Thread(target=serve, daemon=True).start()
        return standing_for(judge, worker.offer(function), "answer")

    yield put
    for line in lines:
        line.close()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2**70,
        1.5,
        float("inf"),
        "text",
        ...,
        torch.float64,
        (1, [2.5, "a"], {"b": (None,)}),
        {3: torch.arange(4)},
        torch.zeros(0, 3),
        torch.tensor(5),
        torch.tensor([[1 + 2j, -0.5j, 3], [0.25, 1j, -2]], dtype=torch.complex64),
        torch.tensor([True, False]),
        np.arange(6.0).reshape(2, 3),
        np.float32(2.5),
    ],
    ids=repr,
)
def test_a_value_goes_there_and_comes_back(across, value):
    back = across(lambda x: x)(value)
    assert type(back) is type(value)
    torch.testing.assert_close(back, value) if isinstance(value, torch.Tensor) else None
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(back, value)
    elif not isinstance(value, (torch.Tensor, dict)):
        assert back == value


def test_what_is_returned_unchanged_is_the_same_object(across):
    tensor = torch.randn(3)
    assert across(lambda x: x)(tensor) is tensor


def test_a_view_of_an_argument_shares_its_memory(across):
    tensor = torch.zeros(4, 5)
    across(lambda x: x[1:3].T)(tensor).fill_(1)
    assert tensor.sum() == 10


def test_the_order_in_memory_is_kept(across):
    loose = torch.randn(4, 5).T
    assert across(lambda x: (x.stride(), x.is_contiguous()))(loose) == ((1, 5), False)
    assert across(lambda x: x.expand(3, 1).sum())(torch.ones(1, 1).expand(1, 1)) == 3


def test_gradients_come_back_as_autograd_gives_them(across):
    def function(x, others):
        return {"a": (x * others[0]).sum() ** 2, "b": [others[0].exp()], "c": x.detach()}

    x, y = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    there, here = across(function)(x, [y]), function(x, [y])
    assert (there["c"].requires_grad, there["a"].requires_grad) == (False, True)
    pulls = [torch.autograd.grad(r["a"] + r["b"][0].sum(), (x, y)) for r in (there, here)]
    torch.testing.assert_close(*pulls)


def test_what_does_not_depend_on_an_argument_gives_it_no_gradient(across):
    x, y = torch.randn(3, requires_grad=True), torch.randn(3, requires_grad=True)
    found = torch.autograd.grad(across(lambda x, y: 2 * x)(x, y).sum(), (x, y), allow_unused=True)
    assert found[1] is None
    torch.testing.assert_close(found[0], torch.full((3,), 2.0))


def test_gradient_mode_is_the_same_there(across):
    x = torch.randn(2, requires_grad=True)
    with torch.no_grad():
        assert not across(lambda x: x * 2)(x).requires_grad


def test_a_leaf_is_a_leaf_here(across):
    start = across(lambda x: x.clone().requires_grad_(True))(torch.ones(3))
    start.square().sum().backward()
    torch.testing.assert_close(start.grad, 2 * torch.ones(3))


def test_what_is_written_into_arguments_is_written_here(across):
    def write(tensor, array, items, table):
        tensor.add_(1)
        array[0] = 7
        items.pop()
        table["new"] = 2

    tensor, array, items, table = torch.zeros(2), np.zeros(2), [1, 2], {"old": 1}
    across(write)(tensor, array, items, table)
    assert (tensor.tolist(), array.tolist(), items, table) == ([1, 1], [7, 0], [1], {"old": 1, "new": 2})


def test_marks_on_arguments_are_seen_here(across):
    image = torch.ones(2)

    def leave(x):
        x.requires_grad_(True)
        (3 * x).sum().backward()

    across(leave)(image)
    assert image.requires_grad
    assert image.grad.tolist() == [3, 3]


def test_a_callback_is_called_here_and_gradients_pass_through_it(across):
    weight, calls = torch.tensor([2.0, 3.0]), []

    def loss(image):
        calls.append(image.shape)
        return (weight * image).square().sum()

    def answer(image, loss):
        leaf = image.detach().clone().requires_grad_(True)
        return torch.autograd.grad(loss(leaf), leaf)[0]

    image = torch.tensor([1.0, 1.0])
    torch.testing.assert_close(across(answer)(image, loss), 2 * weight**2)
    assert calls == [(2,)]


def test_a_callback_that_writes_into_what_it_is_given_writes_there(across):
    def answer(x, stage):
        y = 2 * x
        kept = y
        stage(y)
        return kept

    x = torch.tensor([-1.0, 1.0], requires_grad=True)
    found = across(answer)(x, lambda y: y.relu_())
    assert found.tolist() == [0, 2]
    assert torch.autograd.grad(found.sum(), x)[0].tolist() == [0, 2]


def test_torch_func_passes_through_a_callback(across):
    def answer(x, loss):
        return torch.func.grad(loss)(x)

    assert across(answer)(torch.tensor([1.0, 2.0]), lambda x: (x**2).sum()).tolist() == [2, 4]


def test_a_function_that_comes_back_goes_on_with_the_same_objects(across):
    def make(image, optimizer, loss):
        def closure():
            optimizer.zero_grad()
            value = loss(image)
            value.backward()
            return value

        return closure

    image, hooks = torch.tensor([4.0], requires_grad=True), []
    image.register_hook(lambda _: hooks.append(1))
    closure = across(make)(image, torch.optim.SGD([image], lr=0.1), lambda x: (x**2).sum())
    assert closure().item() == 16
    with torch.no_grad():
        image.fill_(1)
    assert closure().item() == 1
    assert (image.grad.item(), len(hooks)) == (2, 2)


def test_a_model_is_trained_there_and_changes_here(across):
    def step(model, optimizer, x):
        model.train()
        model(x).sum().backward()
        optimizer.step()

    model, modes = nn.Sequential(nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1)).eval(), []
    model.register_forward_pre_hook(lambda module, _: modes.append(module.training))
    before = model[1].running_mean.clone()
    across(step)(model, torch.optim.SGD(model.parameters(), lr=0.5), torch.randn(4, 2))
    assert (model.training, modes) == (True, [True])
    assert not torch.equal(model[1].running_mean, before)
    assert model[1].bias.item() == pytest.approx(-2)


def test_an_iterator_shows_one_tensor_again_and_again(across):
    def frames():
        canvas = torch.zeros(1)
        for k in range(3):
            yield canvas.fill_(k)

    assert across(lambda items: [float(item) for item in items])(frames()) == [0, 1, 2]
    assert across(lambda items: torch.stack(list(items)).flatten())(frames()).tolist() == [2, 2, 2]
    with pytest.raises(TypeError, match="has no len"):
        across(len)(frames())


@pytest.mark.parametrize("error", [ValueError("no"), ZeroDivisionError("x"), NotImplementedError(), KeyError("k")])
def test_an_error_is_raised_here_by_its_kind(across, error):
    def fail():
        raise error

    with pytest.raises(type(error)):
        across(fail)()


class Refused(Exception):
    """An error of a kind that only the other side knows."""


@pytest.mark.parametrize("error", [SystemExit(0), Refused("own")])
def test_other_errors_keep_their_name(across, error):
    def fail():
        raise error

    with pytest.raises(Exception, match="own|0") as found:
        across(fail)()
    assert type(found.value).__name__ == type(error).__name__
    assert isinstance(found.value, Exception)


def test_what_is_no_data_comes_back_as_its_name_only(across):
    assert type(across(lambda: type("Odd", (), {"__eq__": lambda *_: True})())()).__name__ == "Odd"
    assert across(lambda: type("Odd", (), {"__eq__": lambda *_: True})())() != 3


def test_random_numbers_begin_as_here(across):
    draw = across(lambda: torch.rand(2))
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.testing.assert_close(draw(), expected)
    torch.testing.assert_close(draw(), expected)


@pytest.mark.parametrize(
    "reply",
    [
        {"do": "return", "value": {"is": "shared", "id": 99}},
        {"do": "return", "value": {"is": "yours", "id": 99}},
        {"do": "return", "value": {"is": "given", "id": 0}},
        {"do": "return", "value": {"is": "tensor", "blob": 0, "dtype": "float32", "shape": [10**12], "order": [1]}},
        {"do": "return", "value": {"is": "tensor", "blob": 5, "dtype": "float32", "shape": [], "order": []}},
        {"do": "return", "value": {"is": "tensor", "blob": 0, "dtype": "__class__", "shape": [], "order": []}},
        {"do": "return", "value": {"is": "alias", "id": 99, "shape": [9], "order": [1], "at": -5}},
        {"do": "return", "value": {"of": 3}},
        {"do": "return", "value": None, "state": [[1]]},
        {"do": "call", "target": 99, "value": 3, "grad": 1},
        {"do": "everything"},
        {},
    ],
    ids=str,
)
def test_nonsense_from_there_gives_nothing_but_an_end(reply):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(theirs, reply, [b"1234"])
        theirs.shutdown(socket.SHUT_WR)
        side = Side(ours, trusted=True)
        with pytest.raises((Broken, TypeError, KeyError, LookupError, ValueError, AttributeError)):
            side.call(1, ())


def test_a_pickle_from_there_is_never_opened():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        opened = b"cbuiltins\nprint\n(S'opened'\ntR."
        send(theirs, {"do": "return", "value": {"is": "pickle", "blob": 0, "parts": []}, "state": []}, [opened])
        found = Side(ours, trusted=True).call(1, ())
        assert type(found).__name__ == "object"
        assert receive(theirs)[0]["do"] == "call"
