import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nstlib import one_pass
from nstlib.engine.one_pass_strips import paint_in_strips
from nstlib.errors import ShapeError, WeightsError
from nstlib.features import load_network, random_network
from nstlib.gram import gram_matrix
from nstlib.images import load_image, picture
from nstlib.losses import relative_error
from nstlib.metrics import held_out_distance
from nstlib.one_pass import OnePass, Training, cut_crops, load_one_pass, plain_styles, style_goals


def random(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def model():
    return OnePass().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def network():
    return random_network("tiny")


@pytest.fixture(scope="module")
def crops(network):
    return cut_crops([random(1, 1, 3, 40, 50), random(2, 1, 3, 36, 33)], network, count=6, size=32)


@pytest.fixture(scope="module")
def goals(network):
    return style_goals([random(3, 1, 3, 40, 40) ** 3, random(4, 1, 3, 30, 44) ** 0.3], network)


def training(network, crops, goals, seed=0, steps=30):
    model = OnePass(generator=torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed)
    return Training(model, plain_styles(model, 2), crops, goals, network, steps=steps, generator=generator)


def test_it_has_the_numbers_that_the_course_says(model):
    assert sum(weights.numel() for weights in model.parameters()) == 112_971
    assert plain_styles(model, 1)[0].numel() == 848


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (107, 161), (64, 96), (33, 34)])
def test_sizes_come_back_as_they_were(model, size):
    image = random(5, 1, 3, *size)
    painted = model(image, plain_styles(model)[0])
    assert painted.shape == image.shape
    assert torch.equal(painted, painted.clamp(0, 1))


def test_an_image_in_a_batch_is_painted_as_it_is_alone(model):
    images, styles = random(6, 2, 3, 20, 24), plain_styles(model, 2) + random(7, 2, 2, 424)
    together = model(images, styles)
    torch.testing.assert_close(together[1:], model(images[1:], styles[1]), atol=1e-5, rtol=0)


def test_contrast_and_level_of_a_photo_are_taken_out(model):
    image = random(8, 1, 3, 40, 44).double()
    network, style = copy.deepcopy(model).double(), plain_styles(model)[0].double()
    torch.testing.assert_close(network(0.3 * image + 0.2, style), network(image, style), atol=1e-3, rtol=0)


def test_batch_norm_in_its_place_leaves_contrast_in():
    model = OnePass(norm=nn.BatchNorm2d).eval()
    image, style = random(8, 1, 3, 40, 44), plain_styles(model)[0]
    assert (model(0.3 * image, style) - model(image, style)).abs().mean() > 0.05


def test_a_shift_by_its_grid_shifts_the_paint_and_a_shift_by_one_pixel_does_not(model):
    image = random(9, 1, 3, 64, 132)
    image = F.avg_pool2d(F.pad(image, [4] * 4, mode="reflect"), 9, 1)
    style = plain_styles(model)[0]

    def error(pixels):
        away = model(image[..., pixels:], style) - model(image, style)[..., pixels:]
        return float(away[..., 16:-16].square().mean().sqrt())

    assert error(4) < 0.5 * error(1)


def test_a_style_moves_the_colors_of_a_flat_image(model):
    flat, style = torch.full((1, 3, 16, 16), 0.5), plain_styles(model)[0]
    other = style.clone()
    other[1, -12:] = random(10, 12)  # the biases of the last norm
    assert (model(flat, style) - model(flat, other)).abs().max() > 0.01


@pytest.mark.parametrize("style", [torch.ones(2, 423), torch.ones(848), torch.ones(3, 2, 424)])
def test_a_style_of_another_network_is_told(model, style):
    with pytest.raises(ShapeError, match=r"for each of 424 channels: shape \(2, 424\).*load_one_pass returns some"):
        model(random(1, 1, 3, 16, 16), style)


def test_an_image_that_is_too_small_is_told(model):
    with pytest.raises(ShapeError, match=r"at least 8 x 8 pixels, got \(7, 30\)"):
        model(random(1, 1, 3, 7, 30), plain_styles(model)[0])


def test_crops_are_pieces_with_their_features(crops, network):
    assert crops.images.shape == (6, 3, 32, 32)
    assert torch.equal(crops.images, crops.images.clamp(0, 1))
    found = network(crops.images, "relu3_1")["relu3_1"]
    torch.testing.assert_close(crops.features.float(), found, atol=1e-2, rtol=1e-2)


def test_crops_of_small_photos_or_of_none_are_told(network):
    with pytest.raises(ShapeError, match=r"photos of at least 32 x 32 pixels, got 20 x 40"):
        cut_crops([random(1, 1, 3, 20, 40)], network, count=1, size=32)
    with pytest.raises(ShapeError, match=r"got none"):
        cut_crops([], network, count=1)


def test_goals_are_the_gram_matrices_of_the_styles(network, goals):
    found = network(random(4, 1, 3, 30, 44) ** 0.3, "relu2_1")["relu2_1"]
    torch.testing.assert_close(goals["relu2_1"][1:], gram_matrix(found), atol=1e-5, rtol=1e-4)


def test_the_losses_are_relative_means_over_batch_and_layers(network, crops, goals):
    run = training(network, crops, goals)
    painted, which = random(11, 2, 3, 32, 32), torch.tensor([1, 0])
    content, style, _ = run.losses(painted, crops.features[:2].float(), which)
    found = network(painted, one_pass.STYLE_LAYERS)
    of_styles = [
        relative_error(gram_matrix(found[layer][k : k + 1]), goals[layer][w : w + 1])
        for layer in one_pass.STYLE_LAYERS
        for k, w in enumerate((1, 0))
    ]
    torch.testing.assert_close(style, torch.stack(of_styles).mean())
    wanted = crops.features[:2].float()
    of_content = [relative_error(found["relu3_1"][k], wanted[k]) for k in range(2)]
    torch.testing.assert_close(content, torch.stack(of_content).mean())


def test_the_content_is_compared_in_the_layer_that_the_crops_were_seen_in(network, goals):
    crops = cut_crops([random(1, 1, 3, 40, 50)], network, count=2, size=32, layer="relu4_2")
    assert crops.features.shape[2:] == (4, 4)
    run, painted = training(network, crops, goals), random(11, 2, 3, 32, 32)
    content, _, _ = run.losses(painted, crops.features.float(), torch.tensor([0, 1]))
    found = network(painted, "relu4_2")["relu4_2"]
    of_content = [relative_error(found[k], crops.features[k].float()) for k in range(2)]
    torch.testing.assert_close(content, torch.stack(of_content).mean())


def test_training_lowers_the_style_loss(network, crops, goals):
    run = training(network, crops, goals)
    records = [run.step() for _ in range(30)]
    early, late = (sum(r.style for r in part) for part in (records[:6], records[-6:]))
    assert late < 0.8 * early
    assert [r.index for r in records] == list(range(30))


def test_a_total_is_the_weighted_sum(network, crops, goals):
    record = training(network, crops, goals).step()
    a, b, c = one_pass.WEIGHTS
    assert record.total == pytest.approx(a * record.content + b * record.style + c * record.variation)


def test_the_same_seed_gives_the_same_network_bit_for_bit(network, crops, goals):
    ends = []
    for _ in range(2):
        run = training(network, crops, goals, seed=3)
        for _ in range(3):
            run.step()
        ends.append([*run.model.state_dict().values(), run.styles.detach()])
    assert all(torch.equal(a, b) for a, b in zip(*ends, strict=True))


def test_a_training_that_was_saved_goes_on_to_the_same_network(network, crops, goals, tmp_path):
    whole = training(network, crops, goals)
    for _ in range(4):
        whole.step()
    torch.save(whole.state_dict(), tmp_path / "state.pt")
    again = training(network, crops, goals, seed=9)
    again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert [whole.step() for _ in range(2)] == [again.step() for _ in range(2)]
    assert torch.equal(whole.styles, again.styles)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_on_a_gpu_the_same_pieces_and_nearly_the_same_losses(network):
    def records(device):
        photos = [random(1, 1, 3, 40, 50).to(device), random(2, 1, 3, 36, 33).to(device)]
        wanted = [(random(3, 1, 3, 40, 40) ** 3).to(device)]
        crops = cut_crops(photos, network, count=4, size=32)
        assert crops.images.device.type == device
        model = OnePass().to(device)
        run = Training(model, plain_styles(model), crops, style_goals(wanted, network), network, steps=3)
        found = [run.step().total for _ in range(3)]
        run.load_state_dict(run.state_dict())
        return found

    assert records("cuda") == pytest.approx(records("cpu"), rel=1e-2)


def test_the_styles_handed_in_are_not_changed(network, crops, goals):
    model = OnePass()
    styles = plain_styles(model, 2)
    Training(model, styles, crops, goals, network, steps=5).step()
    assert torch.equal(styles, plain_styles(model, 2))


def test_each_image_of_a_batch_has_the_next_style_in_turn(network, crops, goals):
    run, seen = training(network, crops, goals), []
    run.losses = lambda painted, wanted, which: seen.append(which.tolist()) or painted.mean().expand(3)
    for _ in range(2):
        run.step()
    assert seen == [[0, 1], [0, 1]]


def test_as_many_styles_as_goals_are_needed(network, crops, goals):
    model = OnePass()
    with pytest.raises(ShapeError, match=r"`styles` and `goals`.*got 3 styles and goals of 2"):
        Training(model, plain_styles(model, 3), crops, goals, network, steps=5)


def test_the_rate_warms_up_and_falls_twice():
    rates = [one_pass.rate_share(k, 100) for k in (0, 19, 50, 60, 84, 85, 99)]
    assert rates == pytest.approx([1 / 20, 1, 1, 0.5, 0.5, 0.2, 0.2])


def test_a_run_does_not_touch_the_global_random_state(network, crops, goals):
    before = torch.get_rng_state()
    training(network, crops, goals).step()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_a_network_with_other_blocks_comes_back_with_them(blocks, tmp_path):
    """Networks that were trained before the course's own had five of them stay readable."""
    model = OnePass(blocks=blocks)
    style = plain_styles(model)[0]
    one_pass.save_one_pass(model.half().float(), {"plain": style}, tmp_path / "net.safetensors")
    found, styles = one_pass.load_one_pass(tmp_path / "net.safetensors")
    image = random(9, 1, 3, 21, 34)
    with torch.no_grad():
        torch.testing.assert_close(found(image, styles["plain"]), model(image, style))
        torch.testing.assert_close(paint_in_strips(found, image, styles["plain"], strip=200), model(image, style))


def test_saved_styles_come_back_in_their_order_up_to_half_precision(model, tmp_path):
    styles = {"wave": plain_styles(model)[0] + 0.1234, "brush": plain_styles(model)[0]}
    one_pass.save_one_pass(model, styles, tmp_path / "net.safetensors")
    again, found = load_one_pass(tmp_path / "net.safetensors")
    assert list(found) == ["wave", "brush"]
    torch.testing.assert_close(found["wave"], styles["wave"], atol=1e-3, rtol=1e-3)
    image = random(12, 1, 3, 20, 20)
    torch.testing.assert_close(again(image, found["wave"]), model(image, styles["wave"]), atol=0.02, rtol=0)


def test_a_network_that_is_not_there_is_told(tmp_path):
    with pytest.raises(WeightsError, match=r"holds no network that paints in one pass.*tools/train_one_pass.py"):
        load_one_pass(tmp_path / "none.safetensors")


# The network that the course comes with ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return load_one_pass()


def test_it_comes_with_eight_styles_in_less_than_a_megabyte(shipped):
    assert len(shipped[1]) >= 8
    assert (
        sum((one_pass.SAVED.parent / name).stat().st_size for name in ("one_pass.safetensors", "one_pass.onnx")) < 1e6
    )


@pytest.mark.weights
@pytest.mark.parametrize("style", ["brush", "fluid", "mosaic", "sandstone", "woodcut"])
def test_photos_it_never_saw_come_much_nearer_to_the_style(shipped, style):
    model, styles = shipped
    network, wanted = load_network(), load_image(picture(style), size=224)
    for name in ("cat", "china"):
        photo = load_image(picture(name), size=128)
        painted = model(photo, styles[style])
        assert held_out_distance(painted, wanted, network) < 0.5 * held_out_distance(photo, wanted, network)


def test_between_two_styles_the_picture_changes_little_by_little(shipped):
    model, styles = shipped
    photo = load_image(picture("cat"), size=96)
    line = [model(photo, styles["brush"].lerp(styles["woodcut"], k / 8)) for k in range(9)]
    steps = [float((b - a).square().mean().sqrt()) for a, b in itertools.pairwise(line)]
    whole = float((line[-1] - line[0]).square().mean().sqrt())
    assert max(steps) < 0.5 * whole
    assert whole > 0.05
