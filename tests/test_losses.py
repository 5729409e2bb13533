import pytest
import torch

from nstlib import losses
from nstlib.errors import ChoiceError, ShapeError
from nstlib.gram import gram_matrix
from nstlib.losses import content_loss, convert, layer_weights, relative_error, style_loss, total_variation

C, H, W = 3, 5, 8
M = H * W


@pytest.fixture
def pair(rng):
    return [torch.randn(1, C, H, W, generator=rng, dtype=torch.float64) for _ in range(2)]


def raw_gram(features):
    """The Gram matrix as Gatys et al. write it: a sum over positions."""
    vectors = features[0].flatten(1)
    return vectors @ vectors.T


def test_the_content_loss_of_gatys_is_half_the_sum_of_squares(pair):
    f, p = pair
    torch.testing.assert_close(content_loss(f, p), ((f - p) ** 2).sum() / 2)


def test_the_content_loss_of_the_specialization_divides_the_sum_by_four_times_its_size(pair):
    f, p = pair
    torch.testing.assert_close(content_loss(f, p, convention="deeplearning.ai"), ((f - p) ** 2).sum() / (4 * H * W * C))


def test_the_style_loss_of_gatys_is_equation_4_of_the_paper(pair):
    f, s = pair
    expected = ((raw_gram(f) - raw_gram(s)) ** 2).sum() / (4 * C**2 * M**2)
    torch.testing.assert_close(style_loss(f, s), expected)


def test_the_style_loss_of_johnson_is_a_squared_norm_of_grams_over_chw(pair):
    f, s = pair
    expected = ((raw_gram(f) - raw_gram(s)) / (C * H * W)).norm() ** 2
    torch.testing.assert_close(style_loss(f, s, convention="mean"), expected)


def test_the_style_loss_of_the_pytorch_tutorial_is_an_mse_of_grams_over_chw(pair):
    f, s = pair
    expected = torch.nn.functional.mse_loss(raw_gram(f) / (C * H * W), raw_gram(s) / (C * H * W))
    torch.testing.assert_close(style_loss(f, s, convention="pytorch"), expected)


@pytest.mark.parametrize("source", ["gatys", "mean", "deeplearning.ai"])
@pytest.mark.parametrize("to", ["gatys", "mean", "deeplearning.ai"])
def test_convert_turns_any_content_convention_into_any_other(pair, source, to):
    value, wanted = (content_loss(*pair, convention=name).item() for name in (source, to))
    assert convert(value, "content", source, to, channels=C, positions=M) == pytest.approx(wanted)


@pytest.mark.parametrize("source", ["gatys", "mean", "pytorch"])
@pytest.mark.parametrize("to", ["gatys", "mean", "pytorch"])
def test_convert_turns_any_style_convention_into_any_other(pair, source, to):
    value, wanted = (style_loss(*pair, convention=name).item() for name in (source, to))
    assert convert(value, "style", source, to, channels=C, positions=M) == pytest.approx(wanted)


@pytest.mark.parametrize("convention", losses.STYLE_CONVENTIONS)
@pytest.mark.parametrize("targets", [1, 3])
def test_the_style_loss_of_a_batch_is_the_mean_over_its_images(rng, convention, targets):
    f, s = (torch.rand(n, C, H, W, generator=rng, dtype=torch.float64) for n in (3, targets))
    single = [style_loss(f[[k]], s[[k % targets]], convention=convention) for k in range(3)]
    torch.testing.assert_close(style_loss(f, s, convention=convention), torch.stack(single).mean())


@pytest.mark.parametrize("convention", losses.CONTENT_CONVENTIONS)
def test_the_content_loss_of_a_batch_is_the_mean_over_its_images(rng, convention):
    f, p = torch.rand(2, 3, C, H, W, generator=rng, dtype=torch.float64)
    single = [content_loss(f[[k]], p[[k]], convention=convention) for k in range(3)]
    torch.testing.assert_close(content_loss(f, p, convention=convention), torch.stack(single).mean())


def test_convert_says_that_relative_losses_depend_on_the_target():
    with pytest.raises(ChoiceError, match="convertible style convention 'relative'.*gatys, mean, pytorch"):
        convert(1.0, "style", "gatys", "relative", channels=3, positions=4)


@pytest.mark.parametrize("loss", [content_loss, style_loss])
def test_a_relative_loss_of_one_means_as_far_as_nothing(loss, pair):
    _, target = pair
    assert loss(torch.zeros_like(target), target, convention="relative").item() == pytest.approx(1)


@pytest.mark.parametrize("loss", [content_loss, style_loss])
def test_a_relative_loss_ignores_the_unit_of_the_activations(loss, pair):
    f, p = pair
    torch.testing.assert_close(loss(7 * f, 7 * p, convention="relative"), loss(f, p, convention="relative"))


@pytest.mark.parametrize("loss", [content_loss, style_loss])
def test_a_target_of_zeros_does_not_make_a_relative_loss_infinite(loss, pair):
    assert torch.isfinite(loss(pair[0], torch.zeros_like(pair[0]), convention="relative"))


@pytest.mark.parametrize("loss", [content_loss, style_loss])
def test_no_gradient_flows_into_the_target(loss, pair):
    f, p = (tensor.requires_grad_(True) for tensor in pair)
    loss(f, p).backward()
    assert f.grad.abs().sum() > 0
    assert p.grad is None


def test_a_gram_matrix_and_its_features_are_the_same_style_target(pair):
    f, s = pair
    torch.testing.assert_close(style_loss(f, gram_matrix(s)), style_loss(f, s))


def test_the_style_picture_may_have_another_size(pair, rng):
    small = torch.randn(1, C, 2, 3, generator=rng, dtype=torch.float64)
    assert style_loss(pair[0], small) > 0


def test_the_content_gradient_by_hand_is_the_automatic_one(pair):
    before, target = pair
    before.requires_grad_(True)
    rectified = before.relu()
    (automatic,) = torch.autograd.grad(content_loss(rectified, target), before)
    torch.testing.assert_close(losses.content_gradient(rectified.detach(), target), automatic)


def test_total_variation_equals_loops_over_neighbors(rng):
    image = torch.rand(1, 3, 4, 6, generator=rng, dtype=torch.float64)
    down = [abs(image[0, c, y + 1, x] - image[0, c, y, x]) for c in range(3) for y in range(3) for x in range(6)]
    right = [abs(image[0, c, y, x + 1] - image[0, c, y, x]) for c in range(3) for y in range(4) for x in range(5)]
    torch.testing.assert_close(total_variation(image), sum(down) / len(down) + sum(right) / len(right))


def test_the_total_variation_of_uniform_noise_is_two_thirds(rng):
    assert total_variation(torch.rand(1, 3, 256, 256, generator=rng)).item() == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_total_variation_adds_up_in_single_precision(rng, dtype):
    image = torch.rand(1, 3, 64, 64, generator=rng).to(dtype)
    found, expected = total_variation(image), total_variation(image.double())
    assert found.dtype == dtype
    assert found.item() == pytest.approx(expected.item(), rel=torch.finfo(dtype).eps)


def test_total_variation_needs_neighbors():
    with pytest.raises(ShapeError, match=r"at least 2 x 2 pixels, got \(1, 3, 1, 9\)"):
        total_variation(torch.zeros(1, 3, 1, 9))


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_layer_weights_are_a_geometric_progression_that_sums_to_one(ratio):
    weights = list(layer_weights(["a", "b", "c"], ratio).values())
    assert sum(weights) == pytest.approx(1)
    assert [weights[1] / weights[0], weights[2] / weights[1]] == pytest.approx([ratio, ratio])


def test_content_loss_names_both_shapes():
    with pytest.raises(ShapeError, match=r"got \(1, 3, 4, 4\) and \(1, 3, 4, 5\).*same size"):
        content_loss(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 5))


def test_style_loss_says_which_gram_matrix_it_needs():
    with pytest.raises(ShapeError, match=r"\(1, 3, 3\), got \(1, 4, 4\).*same layer"):
        style_loss(torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4))


def test_an_unknown_convention_is_answered_with_the_known_ones():
    with pytest.raises(ChoiceError, match="'gatis'. Choose one of: gatys, mean, deeplearning.ai, relative"):
        content_loss(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4), convention="gatis")


def test_the_relative_error_is_0_for_the_target_and_1_for_nothing_and_knows_no_units(rng):
    value, target = (torch.randn(2, 3, 4, generator=rng, dtype=torch.float64) for _ in range(2))
    assert relative_error(target, target) == 0
    assert relative_error(0 * target, target) == pytest.approx(1)
    assert relative_error(255 * value, 255 * target) == pytest.approx(float(relative_error(value, target)))
    with pytest.raises(ShapeError, match=r"one shape, got \(2, 3, 4\) and \(2, 3\)"):
        relative_error(target, target[..., 0])
