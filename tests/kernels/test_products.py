"""Both libraries compute the same products; the faster one is taken where it is known to be, and only if it works."""

import platform

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.errors import ShapeError
from nstlib.gram import gram_backward, gram_matrix
from nstlib.kernels import products
from nstlib.kernels.products import Factors, inner, mm, onednn_is_faster, onednn_works

needs_onednn = pytest.mark.skipif(not onednn_works(), reason="this PyTorch has no oneDNN product to try")
ONEDNN = pytest.param(True, marks=needs_onednn, id="onednn")
MKL = pytest.param(False, id="at")
SIZES = st.integers(1, 40)


@pytest.fixture(params=[ONEDNN, MKL])
def library(request, monkeypatch):
    monkeypatch.setattr(products, "onednn_is_faster", lambda: request.param)
    return request.param


def draw(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def calls(monkeypatch):
    """Count the products that go through oneDNN."""
    made, real = [], products._onednn
    monkeypatch.setattr(products, "_onednn", lambda a, b: made.append(1) or real(a, b))
    return made


@pytest.mark.parametrize("use", [ONEDNN, MKL])
@settings(deadline=None, max_examples=40)
@given(SIZES, SIZES, SIZES)
def test_a_product_of_any_size_is_that_of_double_precision(use, m, n, p):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "onednn_is_faster", lambda: use)
        a, b, tall = draw(m, n), draw(n, p), draw(m, p)
        for ours, exact in (
            (mm(a, b), a.double() @ b.double()),
            (inner(a, tall), a.double().t() @ tall.double()),
            (Factors(b[None]).after(a[None])[0], a.double() @ b.double()),
        ):
            torch.testing.assert_close(ours, exact.float(), rtol=1e-4, atol=1e-4)


def test_views_of_all_kinds_are_multiplied_as_they_read(library):
    a, b = draw(50, 60).t()[::2, 3:], draw(40, 94)[:, ::2].t()  # (30, 47), (47, 40)
    torch.testing.assert_close(mm(a, b), a.contiguous() @ b.contiguous(), rtol=1e-4, atol=1e-4)
    x, y = draw(60, 50).t()[::2], draw(25, 80)[:, ::2]
    torch.testing.assert_close(inner(x, y), x.t() @ y, rtol=1e-4, atol=1e-4)


def test_a_stack_is_multiplied_one_by_one(library):
    left, factors = draw(3, 17, 20), draw(3, 20, 33)
    made = Factors(factors)
    assert made.shape == (3, 20, 33)
    torch.testing.assert_close(made.after(left), torch.stack([a @ b for a, b in zip(left, factors, strict=True)]))


def test_a_stack_of_another_size_is_refused(library):
    with pytest.raises(ShapeError, match=r"stack of shape \(3, M, 20\), got \(2, 17, 20\)"):
        Factors(draw(3, 20, 33)).after(draw(2, 17, 20))


@needs_onednn
def test_where_a_gradient_is_recorded_it_flows(monkeypatch):
    """oneDNN's product has none, so it must be left alone there."""
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)
    made = calls(monkeypatch)
    a, b = draw(20, 30).requires_grad_(True), draw(30, 20)
    (gradient,) = torch.autograd.grad(mm(a, b).sum(), a)
    torch.testing.assert_close(gradient, b.sum(1).expand(20, 30))
    assert inner(a, draw(20, 5)).requires_grad
    with torch.no_grad():
        mm(a, b)
    assert made == [1]


@needs_onednn
def test_double_precision_and_other_devices_do_not_go_to_onednn(monkeypatch):
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)
    made = calls(monkeypatch)
    a, b = draw(20, 30), draw(30, 20)
    assert mm(a.double(), b.double()).dtype == torch.float64
    assert mm(a.to("meta"), b.to("meta")).device.type == "meta"
    assert made == []


def test_a_gram_matrix_and_its_gradient_are_the_same_by_both(library):
    features, pull = draw(1, 24, 30, 31).contiguous(memory_format=torch.channels_last), draw(1, 24, 24)
    exact = features.double()
    torch.testing.assert_close(gram_matrix(features), gram_matrix(exact).float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(gram_backward(features, pull), gram_backward(exact, pull.double()).float())


@pytest.mark.parametrize(
    ("processor", "capability", "mkl", "chosen"),
    [
        ("vendor_id\t: AuthenticAMD", "AVX512", True, True),
        ("vendor_id\t: GenuineIntel", "AVX512", True, False),  # there MKL is as fast
        ("vendor_id\t: AuthenticAMD", "AVX2", True, False),  # nothing left unused
        ("vendor_id\t: AuthenticAMD", "AVX512", False, False),  # another library than MKL
    ],
)
def test_the_processor_decides(monkeypatch, tmp_path, processor, capability, mkl, chosen):
    (tmp_path / "cpuinfo").write_text(processor, encoding="utf-8")
    monkeypatch.setattr(products, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: mkl)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(products, "onednn_works", lambda: True)
    assert onednn_is_faster.__wrapped__() is chosen


def test_without_proc_the_platform_names_the_processor(monkeypatch, tmp_path):
    monkeypatch.setattr(products, "CPUINFO", tmp_path / "nothing")
    monkeypatch.setattr(platform, "processor", lambda: "AMD64 Family 26 Model 2, AuthenticAMD")
    assert "AuthenticAMD" in products._processor()


@pytest.mark.parametrize("problem", [AttributeError, RuntimeError, TypeError, "wrong"])
def test_an_operator_that_is_gone_or_wrong_is_not_relied_on(monkeypatch, problem):
    def product(a, b):
        if problem == "wrong":
            return a.new_zeros(a.shape[0], 32)
        raise problem("no such operator")

    monkeypatch.setattr(products, "_onednn", product)
    assert not onednn_works.__wrapped__()
