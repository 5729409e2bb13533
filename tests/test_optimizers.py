import pytest
import torch

from nstlib.errors import DivergenceError
from nstlib.optimizers import (
    FIRST_MOVE,
    OPTIMIZERS,
    RANGE_PENALTY,
    descend,
    start_adam,
    start_gradient_descent,
    start_lbfgs,
)


class Bowl:
    """The mean squared distance from a target, whose lowest point may lie outside [0, 1]."""

    weights = (1.0, 0.0, 0.0)

    def __init__(self, target):
        self.target = target

    def __call__(self, image):
        """Return the distance and three zeros."""
        zero = image.new_zeros(())
        return (image - self.target).square().mean(), zero, zero, zero


@pytest.fixture
def start(rng):
    return torch.rand(1, 3, 6, 5, generator=rng)


def leaf(start):
    return start.clone().requires_grad_(True)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_terms_are_those_of_the_image_that_one_would_see(optimizer, start):
    bowl = Bowl(torch.full_like(start, 1.3))
    descent = OPTIMIZERS[optimizer](leaf(start), bowl, None)
    for _ in range(8):
        now = descent.image()
        image, (total, *_) = descent.step()
        assert torch.equal(image, now)
        torch.testing.assert_close(total, bowl(image)[0])


def test_the_gradient_passes_the_clamp_and_the_penalty_adds_its_own(start):
    pixels = (4 * start.double() - 1.5).requires_grad_(True)
    bowl = Bowl(torch.full_like(pixels, 0.3).detach())
    descent = start_lbfgs(pixels, bowl, 1e-9)
    image = descent.step()[0]
    excess = pixels - pixels.detach().clamp(0, 1)
    through = pixels - excess.detach()  # the image's values, the pixels' gradient
    loss = bowl(through)[0] + RANGE_PENALTY * excess.square().mean()
    torch.testing.assert_close(pixels.grad, torch.autograd.grad(loss, pixels)[0])
    torch.testing.assert_close(image, through.detach())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_goal_outside_the_range_is_met_at_its_edge(optimizer, start):
    descent = OPTIMIZERS[optimizer](leaf(start), Bowl(torch.full_like(start, 1.3)), 9.0 if optimizer == "gd" else None)
    for _ in range(60):
        descent.step()
    assert descent.image().min() > 0.97


def test_a_pixel_beyond_the_range_comes_back_when_the_goal_does(start):
    """The gradient passes the clamp, or the pixel would be lost."""
    bowl = Bowl(torch.full_like(start, 3.0))
    descent = start_lbfgs(leaf(start), bowl, None)
    for _ in range(10):
        descent.step()
    bowl.target = torch.full_like(start, 0.5)
    for _ in range(30):
        descent.step()
    torch.testing.assert_close(descent.image(), bowl.target, atol=0.02, rtol=0)


@pytest.mark.parametrize("rate", [None, 0.5])
def test_the_first_step_of_lbfgs_has_a_size_that_can_be_seen(start, rate):
    descent = start_lbfgs(leaf(start), Bowl(torch.full_like(start, 1e3)), rate)  # far away: a large gradient
    descent.step()
    assert (descent.pixels - start).abs().mean().item() == pytest.approx(FIRST_MOVE * (rate or 1), rel=1e-3)


def test_adams_average_is_the_bias_corrected_moving_average_of_its_images(start):
    descent = start_adam(leaf(start), Bowl(torch.zeros_like(start)), None)
    average, images = torch.zeros_like(start), []
    for count in range(1, 6):
        descent.step()
        images.append(descent.image())
        average = 0.9 * average + 0.1 * images[-1]
        torch.testing.assert_close(descent.average(), average / (1 - 0.9**count))


def test_gradient_descent_takes_the_step_of_the_formula(start):
    bowl = Bowl(torch.zeros_like(start))
    descent = start_gradient_descent(leaf(start), bowl, 0.25)
    descent.step()
    torch.testing.assert_close(descent.image(), start - 0.25 * 2 * start / start.numel())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_saved_descent_goes_on_to_the_same_pixels_bit_for_bit(optimizer, start, rng):
    bowl = Bowl(torch.rand(start.shape, generator=rng) * 2 - 0.5)
    straight, first = (OPTIMIZERS[optimizer](leaf(start), bowl, 0.3) for _ in range(2))
    for _ in range(9):
        straight.step()
    for _ in range(4):
        first.step()
    second = OPTIMIZERS[optimizer](leaf(torch.zeros_like(start)), bowl, 0.3)
    second.load_state_dict(first.state_dict())
    for _ in range(5):
        second.step()
    assert torch.equal(second.pixels, straight.pixels)
    assert (second.average() is None) == (optimizer != "adam")
    if optimizer == "adam":
        assert torch.equal(second.average(), straight.average())


def test_a_descent_hands_out_each_image_with_its_losses_and_ends_with_the_last(start):
    bowl = Bowl(torch.zeros_like(start))
    records = list(descend(start_gradient_descent(leaf(start), bowl, 0.25), 3, lambda *all_of_it: all_of_it))
    assert [index for index, *_ in records] == [0, 1, 2, 3]
    for _, image, total, *_ in records:
        assert total == pytest.approx(bowl(image)[0].item())


def test_a_descent_that_leaves_the_finite_numbers_says_where_and_keeps_the_last_good_record(start):
    seen = []

    def loss(image):
        return (image.sum() * (1 if len(seen) < 2 else float("nan")),)

    loss.weights = (1.0, 0.0, 0.0)
    records = descend(start_gradient_descent(leaf(start), loss, 1e-9), 5, lambda index, *_: seen.append(index) or index)
    with pytest.raises(
        DivergenceError, match="The loss became nan at step 2, .* learning rate that is too large"
    ) as stop:
        list(records)
    assert stop.value.last == 1
