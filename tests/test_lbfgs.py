import subprocess
import sys
from copy import deepcopy

import pytest
import torch

from nstlib import course
from nstlib.errors import ShapeError
from nstlib.lbfgs import BANDS, OPPONENT, BandLBFGS, band_energies, octaves, step_lengths

COLORS = len(OPPONENT)


def wave(length, color, size=(64, 128)):
    """Return a wave across, of that many pixels, in one of the opponent colors, shape (1, 3, H, W), float64."""
    across = torch.cos(2 * torch.pi * torch.arange(size[1], dtype=torch.float64) / length)
    return OPPONENT[color].double().reshape(1, 3, 1, 1) * across.expand(1, 1, *size)


def walk(optimizer, pixels, loss, steps):
    """Return the losses before each step and after the last one."""

    def closure():
        optimizer.zero_grad()
        value = loss(pixels)
        value.backward()
        return value

    losses = [optimizer.step(closure).item() for _ in range(steps)]
    return [*losses, loss(pixels).item()]


def torch_s(pixels, history_size=20):
    return torch.optim.LBFGS(
        [pixels], lr=1, max_iter=1, history_size=history_size, tolerance_grad=0, tolerance_change=0
    )


@pytest.fixture
def start(rng):
    return torch.rand(1, 3, 24, 31, generator=rng, dtype=torch.float64)


def leaf(start):
    return start.clone().requires_grad_(True)


@pytest.fixture
def valley(start, rng):
    """Return a smooth loss that is no quadratic, with its lowest point at 0."""
    steepness = torch.rand(start.shape, generator=rng, dtype=torch.float64) * 9 + 0.5
    return lambda image: (steepness * image.square() + image.roll(1, -1).square() * image.square()).sum()


@pytest.mark.parametrize(
    ("length", "band"), [(2, 0), (4, 0), (128 / 31, 1), (8, 1), (16, 2), (32, 3), (64, 4), (128, 5)]
)
def test_a_band_is_an_octave_of_wavelengths(length, band):
    found = octaves(64, 128)
    assert found.shape == (64, 65)
    assert found[0, round(128 / length)] == band
    assert found[0, 0] == BANDS - 1


def test_opponent_colors_are_orthonormal():
    torch.testing.assert_close(OPPONENT @ OPPONENT.T, torch.eye(COLORS))


@pytest.mark.parametrize("color", range(COLORS))
@pytest.mark.parametrize(("length", "band"), [(2, 0), (8, 1), (16, 2), (32, 3), (64, 4), (128, 5)])
def test_each_wave_is_scaled_by_the_step_length_of_its_band_and_color(length, band, color):
    image = wave(length, color)
    lengths = torch.arange(1.0, 1 + COLORS * BANDS, dtype=torch.float64).reshape(COLORS, BANDS)
    scaled = BandLBFGS(leaf(image))._scaled(image, lengths)
    torch.testing.assert_close(scaled, lengths[color, band] * image)


def test_the_bands_of_all_colors_together_are_the_whole_picture(start):
    optimizer = BandLBFGS(leaf(start))
    torch.testing.assert_close(optimizer._scaled(start, start.new_ones(COLORS, BANDS)), start)


@pytest.mark.parametrize("color", range(COLORS))
@pytest.mark.parametrize(("length", "band"), [(2, 0), (8, 1), (64, 4)])
def test_the_energy_of_a_wave_is_in_its_band_and_color(length, band, color):
    image = wave(length, color)
    energies = band_energies(image)
    torch.testing.assert_close(energies[color, band], image.square().sum())
    assert energies.sum() - energies[color, band] < 1e-9


@pytest.mark.parametrize("size", [(24, 31), (7, 6), (1, 1), (1, 2), (2, 1)])
def test_the_energies_are_the_picture_s_sum_of_squares(rng, size):
    image = torch.randn(1, 3, *size, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(band_energies(image).sum(), image.square().sum())


def test_a_step_length_is_the_move_over_the_change_of_the_gradient():
    pair = torch.tensor([[[4.0, 1.0]], [[1.0, 25.0]]])
    torch.testing.assert_close(step_lengths(pair[None]), torch.tensor([[2.0, 0.2]]))


def test_a_long_pair_counts_like_a_short_one():
    one, other = torch.tensor([[[4.0, 1.0]], [[1.0, 25.0]]]), torch.tensor([[[5.0, 3.0]], [[8.0, 75.0]]])
    torch.testing.assert_close(step_lengths(torch.stack([one, other])), step_lengths(torch.stack([100 * one, other])))


def test_a_band_that_says_nothing_has_the_step_length_of_the_picture():
    energies = torch.tensor([[[[9.0, 0.0]], [[1.0, 0.0]]]])
    torch.testing.assert_close(step_lengths(energies), torch.tensor([[3.0, 3.0]]))


def test_where_each_band_has_one_curvature_the_lowest_point_is_found_at_once(start, rng):
    """After the first step all curvatures are known, and the next one is Newton's."""
    curvatures = 10 ** (4 * torch.rand(COLORS, BANDS, generator=rng, dtype=torch.float64) - 2)
    helper = BandLBFGS(leaf(start))

    def bowl(image):
        return (image * Scaled.apply(image)).sum() / 2

    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, image):
            return helper._scaled(image, curvatures)

        @staticmethod
        def backward(ctx, gradient):  # the matrix is symmetric
            return helper._scaled(gradient, curvatures)

    ours, theirs = leaf(start), leaf(start)
    losses = walk(BandLBFGS(ours), ours, bowl, 3)
    assert losses[-1] < 1e-6 * losses[0]
    assert walk(torch_s(theirs), theirs, bowl, 3)[-1] > 1000 * losses[-1]


@pytest.mark.parametrize("history", [1, 4, 20])
def test_with_torch_s_initial_matrix_it_is_torch_s(start, valley, history):
    class Plain(BandLBFGS):
        def _scaled(self, image, lengths):
            return image * self.state["products"][-1] / self.state["changes"][-1].square().sum()

    ours, theirs = leaf(start), leaf(start)
    found = walk(Plain(ours, history_size=history), ours, valley, 25)
    assert found == pytest.approx(walk(torch_s(theirs, history), theirs, valley, 25), rel=1e-9)
    torch.testing.assert_close(ours, theirs)


def test_it_gets_to_the_lowest_point(start, valley):
    pixels = leaf(start)
    losses = walk(BandLBFGS(pixels), pixels, valley, 60)
    assert losses[-1] < 1e-9 * losses[0]


def test_a_move_along_which_the_loss_curves_downwards_is_not_remembered(start):
    pixels = leaf(start)
    optimizer = BandLBFGS(pixels)
    losses = walk(optimizer, pixels, lambda image: -image.square().sum(), 3)
    assert losses[3] < losses[2] < losses[1] < losses[0]
    assert not optimizer.state["moves"]


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (7, 7)])
def test_tiny_and_flat_pictures_stay_numbers(size):
    pixels = torch.full((1, 3, *size), 0.5, requires_grad=True)  # gray, and most bands are empty
    losses = walk(BandLBFGS(pixels), pixels, lambda image: image.square().sum(), 8)
    assert losses[-1] < 1e-9


def test_where_nothing_can_be_won_nothing_moves(start):
    pixels = leaf(start)
    walk(BandLBFGS(pixels), pixels, lambda image: 0 * image.sum(), 3)
    assert torch.equal(pixels, start)


def test_once_it_remembers_all_it_can_it_writes_on_what_it_forgets(start, valley):
    pixels = leaf(start)
    optimizer = BandLBFGS(pixels, history_size=3)

    def places():
        state = optimizer.state
        return {kept.data_ptr() for kept in (*state["moves"], *state["changes"], state["move"], state["gradient"])}

    walk(optimizer, pixels, valley, 5)
    before = places()
    walk(optimizer, pixels, valley, 4)
    assert places() == before
    assert len(before) == 2 * 3 + 2


def test_it_can_go_back_to_an_earlier_state(start, valley):
    pixels = leaf(start)
    optimizer = BandLBFGS(pixels, history_size=3)
    walk(optimizer, pixels, valley, 2)
    image, state = pixels.detach().clone(), deepcopy(optimizer.state_dict())
    straight = walk(optimizer, pixels, valley, 6)
    with torch.no_grad():
        pixels.copy_(image)
    optimizer.load_state_dict(state)
    assert walk(optimizer, pixels, valley, 6) == straight


@pytest.mark.parametrize("sizes", [(3, 5), (6, 2)])
def test_a_history_can_be_made_longer_and_shorter(start, valley, sizes):
    pixels = leaf(start)
    optimizer = BandLBFGS(pixels, history_size=sizes[0])
    for size in sizes:
        optimizer.history_size = size
        walk(optimizer, pixels, valley, 9)
        assert len(optimizer.state["moves"]) == size


@pytest.mark.parametrize("before", [0, 1, 5])
def test_a_saved_state_goes_on_to_the_same_pixels_bit_for_bit(start, valley, before):
    straight, resumed = leaf(start), leaf(start)
    one, two = BandLBFGS(straight, history_size=3), BandLBFGS(resumed, history_size=3)
    walk(one, straight, valley, before)
    with torch.no_grad():
        resumed.copy_(straight)
    two.load_state_dict(deepcopy(one.state_dict()))
    for optimizer, pixels in ((one, straight), (two, resumed)):
        walk(optimizer, pixels, valley, 6)
    assert torch.equal(straight, resumed)


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 3, 8, 8), (1, 1, 8, 8)])
def test_it_moves_one_picture(shape):
    with pytest.raises(ShapeError, match=r"needs floats of shape \(1, 3, H, W\), got .* as `pixels`"):
        BandLBFGS(torch.zeros(shape, requires_grad=True))


def test_a_state_of_something_else_is_told(start):
    with pytest.raises(ValueError, match=r"state, param_groups, not moves, changes, products"):
        BandLBFGS(leaf(start)).load_state_dict({"state": {}, "param_groups": []})


def test_no_step_waits_for_torch_s_compiler():
    """Torch imports it when a process makes its first optimizer: two seconds before the first picture is there."""
    script = """
import sys, torch
from nstlib import transfer
from nstlib.features import random_network

next(iter(transfer.stylize(*torch.rand(2, 1, 3, 32, 32), random_network("tiny"), steps=2)))
assert "torch._dynamo" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=course.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_where_the_loss_curves_downwards_every_step_has_the_size_of_the_first(rng):
    """Such a pair is refused: there is still nothing to go by, and a step of 1 for all pixels together goes nowhere."""
    pixels = leaf(torch.rand(1, 3, 12, 10, generator=rng) + 1)
    optimizer = BandLBFGS(pixels, first_move=0.01)

    def closure():
        optimizer.zero_grad()
        loss = -1e3 * pixels.square().sum()
        loss.backward()
        return loss.detach()

    for _ in range(3):
        before = pixels.detach().clone()
        optimizer.step(closure)
        assert (pixels.detach() - before).abs().mean().item() == pytest.approx(0.01, rel=1e-3)
