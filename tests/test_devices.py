"""What the CPU computes, a GPU computes too: the device follows the tensors. Skipped where torch sees no GPU."""

from __future__ import annotations

import pytest
import torch

from nstlib import deconvnet, dream, inversion, metrics, moments, one_pass, textures
from nstlib.dual import stylize_dual
from nstlib.features import Features, random_network
from nstlib.frequency import low_pass
from nstlib.images import load_image, picture
from nstlib.objective import Objective, Style
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS, gatys, stylize

FOUND = [
    name for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())) if there
]
pytestmark = pytest.mark.skipif(not FOUND, reason="torch sees no GPU here (neither cuda nor mps)")


@pytest.fixture(params=FOUND or ["cuda"])
def device(request):
    """Each GPU in turn, with plain float32 products: TF32 keeps ten bits, too few to compare with the CPU."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield request.param
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture(scope="module")
def network() -> Features:
    return random_network("tiny")


def pair(device: str, size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a content and a style."""
    return tuple(load_image(picture(name), size=size).to(device) for name in ("cat", "woodcut"))


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the distance of two tensors relative to the second."""
    one, other = one.detach().cpu().double(), other.detach().cpu().double()
    return float((one - other).norm() / other.norm())


def test_loss_and_gradient_are_those_of_the_cpu(device):
    network = random_network("vgg16")
    found = []
    for where in (device, "cpu"):
        content, style = pair(where)
        objective = Objective(content, [Style(style)], network, CONTENT_LAYERS, STYLE_LAYERS, (1.0, 10.0, 1.0))
        image = (0.5 * content + 0.25).requires_grad_()
        total = objective(image)[0]
        (gradient,) = torch.autograd.grad(total, image)
        assert gradient.device.type == where
        found.append((total.item(), gradient))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    assert apart(found[0][1], found[1][1]) < 1e-3


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "gd"])
@pytest.mark.parametrize("init", ["content", "noise"])
def test_a_transfer_ends_where_that_of_the_cpu_ends(device, network, optimizer, init):
    ends = []
    for where in (device, "cpu"):
        *_, last = stylize(*pair(where), network, optimizer=optimizer, init=init, steps=25)
        assert last.image.device.type == where
        ends.append(last.total)
    assert ends[0] == pytest.approx(ends[1], rel=0.05)  # paths part by rounding; where they lead does not


@pytest.mark.parametrize("method", ["dual", "lapstyle", "luminance"])
def test_every_method(device, network, method):
    ends = [list(stylize_dual(*pair(where), network, method=method, steps=12))[-1] for where in (device, "cpu")]
    assert ends[0].total == pytest.approx(ends[1].total, rel=0.05)


def test_gatys(device, network):
    ends = [gatys(*pair(where), network, steps=8) for where in (device, "cpu")]
    assert apart(*ends) < 0.05


def test_masks_and_little_memory(device, network):
    content, style = pair(device, 96)
    left = torch.zeros_like(content[:, :1])
    left[..., : content.shape[3] // 2] = 1
    styles = [Style(style, mask=left), Style(style.flip(1), mask=1 - left)]
    *_, last = stylize(content, styles, network, steps=4, memory=1.0)
    assert last.image.device.type == device
    assert torch.isfinite(last.image).all()


def test_textures_of_every_statistic(device, network):
    _, style = pair(device)
    for statistic in textures.STATISTICS:
        *_, last = textures.synthesize(style, network, size=(48, 48), statistic=statistic, steps=3)
        assert last.image.device.type == device


def test_what_is_computed_in_closed_form(device, network):
    content, style = pair(device)
    on_cpu = pair("cpu")
    maps, wanted = (network.fast(each, "relu2_1")["relu2_1"] for each in (content, style))
    for function in (moments.adain, moments.whiten_and_color):
        found = function(maps, wanted)
        cpu = function(maps.cpu(), wanted.cpu())
        assert found.device.type == device
        assert apart(found, cpu) < 1e-2
    assert apart(low_pass(content, 2.0), low_pass(on_cpu[0], 2.0)) < 1e-4
    measured, cpu = (
        metrics.pair_measures(content, content, style, network),
        metrics.pair_measures(on_cpu[0], *on_cpu, network),
    )
    assert measured == pytest.approx(cpu, rel=1e-2, abs=1e-4)


def test_images_made_from_features(device, network):
    content, _ = pair(device)
    target = network.fast(content, "relu2_1")["relu2_1"]
    *_, last = inversion.invert(target, network, "relu2_1", size=tuple(content.shape[2:]), steps=3)
    assert last.image.device.type == device
    assert deconvnet.project(network, content, "relu2_1", 0).device.type == device
    *_, last = dream.dream(content, network, "relu2_1", iterations=2)
    assert last.image.device.type == device


def test_one_pass_paints_and_learns_the_same(device):
    model, styles = one_pass.load_one_pass()
    content, _ = pair("cpu", 96)
    before = model(content, styles["mosaic"])
    model.to(device)
    painted = model(content.to(device), styles["mosaic"].to(device))
    assert painted.device.type == device
    assert float((painted.cpu() - before).abs().max()) < 1e-3
