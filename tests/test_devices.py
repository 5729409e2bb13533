"""What the CPU computes, a GPU computes too: the device follows the tensors.

Where torch sees a GPU, it is asked. A device that is none is asked everywhere (``elsewhere.py``): it has no kernels of its
own, but refuses to mix tensors as a GPU does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import fields, is_dataclass

import elsewhere
import pytest
import test_doors
import torch
from sampling import one_in
from torch import nn

from nstlib import deconvnet, dream, inversion, metrics, moments, one_pass, textures
from nstlib.apps.study.grid import read_grid
from nstlib.apps.study.measure import run_task, tasks_of
from nstlib.dual import stylize_dual
from nstlib.features import Features, random_network
from nstlib.frequency import low_pass
from nstlib.images import load_image, picture
from nstlib.objective import Objective, Style
from nstlib.one_pass import Crops
from nstlib.patches import Patches
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS, gatys, stylize

FOUND = [
    name for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())) if there
]


@pytest.fixture(params=[elsewhere.NAME, *FOUND])
def device(request):
    """Each GPU in turn, with plain float32 products: TF32 keeps ten bits, too few to compare with the CPU."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    with elsewhere.a_device() if request.param == elsewhere.NAME else nullcontext():
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


def moved(value, device: str):
    """Return a value whose tensors are on a device, wherever they are in it."""
    if isinstance(value, torch.Tensor):
        there = value.detach().to(device)
        return there.requires_grad_() if value.requires_grad else there
    if isinstance(value, nn.Module):
        return value.to(device)
    if hasattr(value, "_fields"):
        return type(value)(*(moved(each, device) for each in value))
    if isinstance(value, (list, tuple)):
        return type(value)(moved(each, device) for each in value)
    if isinstance(value, dict):
        return {key: moved(each, device) for key, each in value.items()}
    if isinstance(value, (Style, Crops, Patches)):
        return type(value)(**moved(vars(value), device))
    return value


def numbers(value) -> Iterator[torch.Tensor]:
    """Yield the numbers that something holds."""
    if isinstance(value, torch.Tensor):
        yield value.detach().cpu().double()
    elif isinstance(value, float | int):
        yield torch.tensor(float(value)).double()
    elif isinstance(value, dict):
        yield from numbers(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from numbers(each)
    elif is_dataclass(value):
        yield from numbers([getattr(value, each.name) for each in fields(value)])


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, as in test_doors
@pytest.mark.parametrize("name", one_in(3, sorted(set(test_doors.PUBLIC) - test_doors.NO_RESULT - test_doors.DOORS)))
def test_every_function_computes_there_what_the_cpu_computes(device, name):
    found = []
    for where in (device, "cpu"):
        torch.manual_seed(0)  # of a model that torch makes
        arguments = moved(test_doors.right(name), where)
        found.append(list(numbers(test_doors.begin(test_doors.PUBLIC[name], arguments))))
    assert len(found[0]) == len(found[1])
    for there, here in zip(*found, strict=True):
        torch.testing.assert_close(there, here, atol=2e-3, rtol=2e-3, equal_nan=True)


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


@pytest.mark.parametrize("optimizer", one_in(3, ["lbfgs", "adam", "gd"]))
@pytest.mark.parametrize("init", one_in(2, ["content", "noise"]))
def test_a_transfer_ends_where_that_of_the_cpu_ends(device, network, optimizer, init):
    ends = []
    for where in (device, "cpu"):
        *_, last = stylize(*pair(where), network, optimizer=optimizer, init=init, steps=25)
        assert last.image.device.type == where
        ends.append(last.total)
    assert ends[0] == pytest.approx(ends[1], rel=0.05)  # paths part by rounding; where they lead does not


@pytest.mark.parametrize("method", one_in(3, ["dual", "lapstyle", "luminance"]))
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


def test_a_training_begins_with_tensors_from_anywhere(device):
    totals = []
    for where in (device, "cpu"):
        network, model = random_network("tiny"), one_pass.OnePass(generator=torch.Generator().manual_seed(0))
        photo = load_image(picture("cat"), size=96)
        pieces = one_pass.cut_crops([photo], network, count=2, size=32)
        styles, goals = one_pass.plain_styles(model, 1), one_pass.style_goals([photo.to(where)], network)
        training = one_pass.Training(model.to(where), styles, pieces, goals, network, steps=3)
        totals.append([training.step().total for _ in range(3)])
        assert training.styles.device.type == where
    assert totals[0] == pytest.approx(totals[1], rel=1e-2)


def test_what_is_moved_may_be_anywhere(device, network):
    content, style = pair(device)
    on_cpu = style.cpu()
    directions = textures.random_directions(3, 4)
    assert textures.sliced_wasserstein(content, style, directions).device.type == device
    assert next(iter(dream.dream(content, network, "relu2_1", guide=on_cpu, iterations=1))).image.device.type == device
    left = torch.zeros(1, 1, *content.shape[2:])
    left[..., :32] = 1
    *_, last = stylize(content, [Style(style, mask=left)], network, init=on_cpu, steps=2)
    assert last.image.device.type == device


GRID = """
contents = ["cat"]
styles = ["woodcut", "mosaic"]
methods = ["channels", "dual"]
style_weights = [10]
network = "tiny"
size = 48
steps = 3
calibration = {contents = ["flower"], styles = ["hubble", "tissue"]}
"""


@pytest.mark.exhaustive
def test_a_row_of_a_study_is_that_of_the_cpu(device, tmp_path):
    (tmp_path / "grid.toml").write_text(GRID)
    grid = read_grid(tmp_path / "grid.toml")
    for there, here in zip(*(tasks_of(grid, grid.cases()[:2], where) for where in (device, "cpu")), strict=True):
        one, other = run_task(there), run_task(here)
        for name in one.keys() - {"seconds"}:
            assert one[name] == pytest.approx(other[name], rel=0.05, abs=2e-3), name
