"""Explorers that step through what was computed: trainings, layers, runs."""

import base64
import io
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nstlib import inversion, transfer
from nstlib.deconvnet import on_gray, project
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import load_network, random_network
from nstlib.filter_measures import feature_drift, filter_grid
from nstlib.occlusion import occlusion_map
from nstlib.top_patches import top_patches
from nstlib.training import Snapshot, load_snapshots
from nstlib.widgets import (
    explore_deconvnet,
    explore_inversion,
    explore_occlusion,
    explore_optimization,
    explore_patches,
    explore_training,
)

# Training.


@pytest.fixture
def trained(rng):
    """Three snapshots of seven filters of 5 x 5, one of them zero in the beginning."""
    states = [{"conv1.weight": torch.randn(7, 3, 5, 5, generator=rng)} for _ in range(3)]
    states[0]["conv1.weight"][2] = 0
    return [
        Snapshot(epoch=2 * k, loss=2.0 - k / 2, accuracy=k / 3, held_out=k / 4, state=s) for k, s in enumerate(states)
    ]


def test_the_sheet_in_the_browser_is_filter_grid(trained, run_node):
    state = explore_training(trained, static=True).state
    script = """
      const filters = kit.decode(given.filters);
      const sheets = [0, 1, 2].map((k) => it.sheet(filters, k, 4));
      const answer = sheets.map(({ pixels, height, width }) => [height, width, [...pixels]]);
    """
    for one, (height, width, pixels) in zip(trained, run_node("training", script, state), strict=True):
        got = torch.tensor(pixels).view(height, width, 4)
        wanted = (filter_grid(one.filters, 4)[0] * 255).permute(1, 2, 0)
        shown = got[..., 3] > 0
        assert int(shown.sum()) == 7 * 25
        torch.testing.assert_close(got[..., :3][shown].float(), wanted[shown], atol=1, rtol=0)


def test_each_filters_turns_average_to_the_layers_drift(trained):
    first, *later = json.loads(json.dumps(explore_training(trained, static=True).state["snapshots"]))
    assert first["drift"] is first["turned"] is None
    for before, now, facts in zip(trained, trained[1:], later, strict=False):
        assert facts["drift"] == pytest.approx(feature_drift(before.filters, now.filters).item(), abs=1e-4)
        assert np.mean(facts["turned"]) == pytest.approx(facts["drift"], abs=1e-4)
        a, b = before.filters[5].flatten(), now.filters[5].flatten()
        assert facts["turned"][5] == pytest.approx(1 - F.cosine_similarity(a, b, dim=0).item(), abs=1e-4)


def test_the_courses_own_training_is_small_enough_for_a_page():
    assert len(explore_training(load_snapshots(), static=True)._repr_html_()) < 100_000


def test_a_training_needs_two_snapshots_of_one_shape(trained):
    with pytest.raises(ChoiceError, match="two snapshots or more with filters of one shape, got 1 with 1 shapes"):
        explore_training(trained[:1])
    other = Snapshot(epoch=9, loss=0, accuracy=1, held_out=1, state={"conv1.weight": torch.zeros(7, 3, 3, 3)})
    with pytest.raises(ChoiceError, match="got 4 with 2 shapes"):
        explore_training([*trained, other])


# Inversion.

LAYERS = ("relu1_2", "relu2_2", "relu3_3")


def inverted(photo, rng, names=("trained", "random weights")):
    """Return the photo with more and more noise, as if each layer had said that."""
    return {
        name: {
            layer: inversion.Step(
                30, (photo + 0.1 * k * torch.randn(photo.shape, generator=rng)).clamp(0, 1), 0.01 * k, 1.0, 1.0, 1.1
            )
            for k, layer in enumerate(LAYERS)
        }
        for name in names
    }


def test_how_far_pixels_are_off_is_their_root_mean_square_difference(rng, run_node):
    photo = torch.rand(1, 3, 10, 16, generator=rng)
    runs = inverted(photo, rng)
    state = explore_inversion(photo, runs, static=True).state
    script = """
      const photo = kit.asPicture(given.photo).data;
      const answer = given.runs.map(({ pictures }) => pictures.map((one) => it.pixelError(kit.asPicture(one).data, photo)));
    """
    for found, got in zip(runs.values(), run_node("inversion", script, state), strict=True):
        wanted = [float((step.image - photo).square().mean().sqrt()) for step in found.values()]
        assert got == pytest.approx(wanted, abs=1 / 255)  # they travel as bytes
    assert [run["errors"] for run in state["runs"]] == 2 * [[0, 0.01, 0.02]]


def test_runs_with_other_layers_or_other_shapes_are_refused(rng):
    photo = torch.rand(1, 3, 10, 16, generator=rng)
    runs = inverted(photo, rng)
    with pytest.raises(ShapeError, match=r"trained, relu1_2 has shape \(1, 3, 10, 16\), the photo \(1, 3, 10, 15\)"):
        explore_inversion(photo[..., :15], runs)
    del runs["trained"]["relu2_2"]
    with pytest.raises(ChoiceError, match="the same two layers or more in each"):
        explore_inversion(photo, runs)
    with pytest.raises(ChoiceError, match="the same two layers or more in each, got {}"):
        explore_inversion(photo, {})


# Runs.


def painted(rng, steps=4, start=3.0):
    """Return the steps of a transfer that was never run, its images flat, so that they can be told apart."""
    return [
        transfer.Step(
            k, torch.full((1, 3, 24, 36), 0.1 * (k + 1)), 0.2 * k, start / (k + 1), 0.0, start / (k + 1) + 0.2 * k
        )
        for k in range(steps)
    ]


def test_each_frame_is_its_steps_image(rng):
    run = painted(rng)
    state = explore_optimization({"classic": run}, static=True).state
    for step, frame in zip(run, state["runs"][0]["frames"], strict=True):
        with Image.open(io.BytesIO(base64.b64decode(frame.split(",")[1]))) as picture:
            assert picture.size == (36, 24)
            assert np.abs(np.array(picture.convert("RGB")) / 255 - float(step.image.mean())).max() < 0.02


def test_frames_of_128_pixels_are_light(rng):
    noisy = [transfer.Step(k, torch.rand(1, 3, 85, 128, generator=rng), 0.0, 1.0, 0.0, 1.0) for k in range(26)]
    smooth = [
        transfer.Step(k, F.interpolate(step.image[..., ::4, ::4], size=(85, 128), mode="bicubic"), 0.0, 1.0, 0.0, 1.0)
        for k, step in enumerate(noisy)
    ]
    assert len(explore_optimization({"one": smooth, "other": smooth}, static=True)._repr_html_()) < 600_000


def test_a_loss_that_begins_at_nothing_has_a_linear_axis(run_node):
    linear, logarithmic = run_node("optimization", "const answer = [it.lossAxis([0, 2]), it.lossAxis([0.1, 2])];", None)
    assert (linear["low"], linear["log"], logarithmic["log"]) == (0, False, True)
    assert logarithmic["low"] < 0.1
    assert min(linear["high"], logarithmic["high"]) > 2


def test_a_player_needs_steps():
    with pytest.raises(ChoiceError, match=r"one step or more in each, got \{'dual': 0\} steps"):
        explore_optimization({"dual": []})
    with pytest.raises(ChoiceError, match=r"got \{\} steps"):
        explore_optimization({})


# Patches.

TINY = load_network("tiny")


def strongest(rng):
    """Return pictures and the best patches of two layers of a small network."""
    pictures = F.interpolate(torch.rand(6, 3, 8, 8, generator=rng), size=(48, 48), mode="bicubic").clamp(0, 1)
    batches = [pictures[:4], pictures[4:]]
    found = {layer: top_patches(TINY, batches, layer, k=5) for layer in ("relu1_2", "relu2_1")}
    alive = {layer: [c for c, best in channels.items() if len(best) == 5][:3] for layer, channels in found.items()}
    return batches, {layer: {c: found[layer][c] for c in channels} for layer, channels in alive.items()}


def test_only_pictures_with_a_patch_travel_and_each_once(rng):
    batches, found = strongest(rng)
    some = {"relu1_2": {c: best[:2] for c, best in list(found["relu1_2"].items())[:1]}}
    state = explore_patches(batches, some, static=True).state
    ((channel, best),) = some["relu1_2"].items()
    used = sorted({patch.image for patch in best})
    assert len(state["photos"]) == len(used)
    shown = state["layers"][0]["channels"][0]
    assert shown["channel"] == channel
    for patch, facts in zip(best, shown["patches"], strict=True):
        assert used[facts["photo"]] == patch.image
        assert (tuple(facts["box"]), facts["row"], facts["column"]) == (patch.box, patch.row, patch.column)
        assert facts["value"] == pytest.approx(patch.activation, rel=1e-4)


def test_arrows_walk_the_wall_and_stop_at_its_edges(run_node):
    script = """
      const walk = (place, keys) => keys.reduce((at, key) => it.neighbor(at, `Arrow${key}`, 9), place);
      const answer = [walk(0, ["Right", "Down", "Down"]), walk(0, ["Up", "Left"]), walk(8, ["Down", "Left"])];
    """
    assert run_node("patches", script, None) == [7, 0, 7]


def test_other_pictures_than_those_that_were_looked_at_are_noticed(rng):
    batches, found = strongest(rng)
    with pytest.raises(ChoiceError, match="A patch is not where it should be in one of 6 images"):
        explore_patches(batches[::-1], found)
    with pytest.raises(ChoiceError, match="in one of 0 images"):
        explore_patches(iter(()), found)
    with pytest.raises(ChoiceError, match="needs a patch in each channel"):
        explore_patches(batches, {"relu1_2": {0: []}})


# Up and back again.


def test_the_way_back_ends_at_the_projection_and_the_way_up_passes_every_layer(rng, run_node):
    image, networks = torch.rand(1, 3, 24, 24, generator=rng), {"one": TINY, "other": random_network("tiny")}
    state = explore_deconvnet(image, networks, "relu2_1", (3, 4), static=True).state
    path = list(TINY.layers[: TINY.layers.index("relu2_1") + 1])
    assert [step for step in state["steps"] if step.startswith("up")] == [f"up: {name}" for name in path]
    assert [step.split()[-1] for step in state["steps"] if step.startswith("down")] == path[::-1]
    script = """
      const answer = given.runs.map(({ frames }) => frames.map((one) => [...kit.asPicture(one).data]));
    """
    for network, run, frames in zip(
        networks.values(), state["runs"], run_node("deconvnet", script, state), strict=True
    ):
        with torch.no_grad():
            maps = network(image, path)
        assert run["channel"] == int(maps["relu2_1"][0, :, 3, 4].argmax())
        wanted = on_gray(project(network, image, "relu2_1", run["channel"], (3, 4)))[0]
        torch.testing.assert_close(torch.tensor(frames[-1]).view_as(wanted), wanted, atol=1 / 255, rtol=0)
        lengths = maps["pool1"][0].norm(dim=0)
        shown = torch.tensor(frames[state["steps"].index("up: pool1")]).view_as(lengths)
        torch.testing.assert_close(shown, lengths / lengths.max(), atol=1 / 255, rtol=0)
        rectified = run["frames"][state["steps"].index("up: relu1_2")]
        lengths = maps["relu1_2"][0].norm(dim=0)
        assert rectified["lit"] == pytest.approx(float((lengths > 0).float().mean()), abs=1e-4)
        assert rectified["peak"] == pytest.approx(float(lengths.max()), rel=1e-4)
        kept = frames[state["steps"].index("turn: one unit of relu2_1 kept")]
        assert [k for k, value in enumerate(kept) if value] == [3 * 12 + 4]


def test_networks_that_cannot_be_stepped_through_together_are_refused(rng):
    image = torch.rand(1, 3, 24, 24, generator=rng)
    with pytest.raises(ChoiceError, match="needs networks by name"):
        explore_deconvnet(image, {}, "relu2_1", (0, 0))
    with pytest.raises(ShapeError, match="no row 50"):
        explore_deconvnet(image, {"one": TINY}, "relu2_1", (50, 0))


# Covering.


def covered_answers(rng):
    """Return a picture, and the answers of two scores to a square of 9 pixels in steps of 7."""
    image = torch.rand(1, 3, 30, 44, generator=rng)
    scores = {
        "left": lambda images: images[..., :15].mean((1, 2, 3)),
        "dark": lambda images: 1.2 - images.mean((1, 2, 3)),
    }
    return image, {
        name: (occlusion_map(one, image, size=9, stride=7), float(one(image))) for name, one in scores.items()
    }


def test_the_square_covers_what_occlusion_map_covered(rng, run_node):
    image, units = covered_answers(rng)
    state = explore_occlusion(image, units, size=9, stride=7, static=True).state
    script = """
      const photo = kit.asPicture(given.photo);
      const left = (data) => data.reduce((sum, one, p) => sum + (p % 44 < 15 ? one : 0), 0) / (3 * 30 * 15);
      const drop = ([r, c]) => left(photo.data) - left(it.cover(photo, 7 * r, 7 * c, 9, 0.5));
      const answer = [[0, 0], [1, 2], [3, 5]].map(drop);
    """
    wanted = [units["left"][0][place].item() for place in ((0, 0), (1, 2), (3, 5))]
    assert run_node("occlusion", script, state) == pytest.approx(wanted, abs=1e-3)  # the photo travels as bytes
    assert wanted[2] == 0


def test_the_map_is_painted_only_where_the_square_has_been(run_node):
    script = "const answer = [...it.paintVisited([4, -4, 0, 1], new Set([0, 1, 2]))];"
    pixels = np.array(run_node("occlusion", script, None)).reshape(4, 4)
    assert pixels[:, 3].tolist() == [255, 255, 255, 0]
    assert pixels[0, 0] > pixels[0, 2]  # red: takes away
    assert pixels[1, 2] > pixels[1, 0]  # blue: adds
    assert np.ptp(pixels[2, :3]) < 10


def test_a_map_of_another_square_or_a_silent_unit_is_refused(rng):
    image, units = covered_answers(rng)
    with pytest.raises(ShapeError, match=r"has 3 x 5 places on this image, but the map of 'left' has shape \(4, 6\)"):
        explore_occlusion(image, units, size=9, stride=8)
    with pytest.raises(ChoiceError, match="must be above 0, got 0"):
        explore_occlusion(image, {"silent": (units["left"][0], 0)}, size=9, stride=7)
    with pytest.raises(ChoiceError, match="at least one unit"):
        explore_occlusion(image, {}, size=9, stride=7)


# All of them.


@pytest.mark.parametrize("name", ["training", "inversion", "optimization", "patches", "occlusion", "deconvnet"])
def test_the_state_is_the_same_with_a_kernel_and_its_picture_is_described(name, trained, rng):
    photo = torch.rand(1, 3, 10, 16, generator=rng)
    image, units = covered_answers(rng)
    arguments, make = {
        "training": ([trained], explore_training),
        "inversion": ([photo, inverted(photo, rng)], explore_inversion),
        "optimization": ([{"classic": painted(rng)}], explore_optimization),
        "patches": (strongest(rng), explore_patches),
        "deconvnet": ([image[..., :24, :24], {"one": TINY}, "relu2_1", (3, 4)], explore_deconvnet),
        "occlusion": ([image, units], lambda *given, **form: explore_occlusion(*given, size=9, stride=7, **form)),
    }[name]
    page, widget = (make(*arguments, static=static) for static in (True, False))
    assert {key: widget.get_state()[key] for key in page.state} == page.state
    json.dumps(page.state, allow_nan=False)
    assert page.name == name
    assert page.alt.endswith(".")
    assert "{" not in page.alt
