import pytest
import torch

from nstlib.apps.fast.steady import Steady, stillness


def random(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


SCENE = random(0, 1, 3, 40, 48)


def noisy_paint(amount=0.2):
    """Paint that is drawn anew for each frame."""
    generator = torch.Generator().manual_seed(1)
    return lambda frame: (frame + amount * torch.randn(frame.shape, generator=generator)).clamp(0, 1)


def test_what_does_not_change_is_still_and_what_does_is_not():
    moved = SCENE.clone()
    moved[..., :20] = random(2, 1, 3, 40, 20)
    still = stillness(moved, SCENE)
    assert still.shape == (1, 1, 40, 48)
    assert torch.equal(still[..., 30:], torch.ones(1, 1, 40, 18))
    assert torch.equal(still[..., :16], torch.zeros(1, 1, 40, 16))


def test_an_even_sky_does_not_stand_still_while_the_camera_turns():
    scene = torch.full((1, 3, 60, 90), 0.8)
    scene[..., 30:, :] = random(5, 1, 3, 30, 90)
    assert stillness(scene, scene)[..., :20, :].min() == 1
    assert stillness(scene[..., 3:], scene[..., :-3]).max() == 0


def test_paint_is_held_where_the_film_stands_still():
    steady, paint = Steady(), noisy_paint()
    for _ in range(12):
        steady(SCENE, paint(SCENE))
    flicker = steady.flicker()
    assert flicker.film == 0
    assert flicker.still == 1
    assert flicker.held < 0.4 * flicker.painted


def test_what_moves_is_painted_anew():
    steady, frames = Steady(), [random(seed, 1, 3, 40, 48) * 0.3 for seed in (3, 4)]
    steady(frames[0], 1 - frames[0])
    assert torch.equal(steady(frames[1], 1 - frames[1]), 1 - frames[1])


def test_nothing_is_held_over_a_cut():
    steady, black, white = Steady(), torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    steady(black, white)
    assert torch.equal(steady(white, black), black)
    assert steady.flicker() is None


def test_a_fade_is_followed():
    steady, scene = Steady(), random(6, 1, 3, 40, 48)
    for k in range(60):
        frame = 0.01 * k * scene
        written = steady(frame, frame)
    assert steady.flicker() is not None
    assert float((written - frame).abs().mean()) < 0.05


def test_without_holding_it_is_measured_all_the_same():
    steady, paint = Steady(held=0.0), noisy_paint()
    for _ in range(5):
        painted = paint(SCENE)
        assert torch.equal(steady(SCENE, painted), painted)
    flicker = steady.flicker()
    assert flicker.held == flicker.painted > 10


def test_the_measure_is_the_mean_change_in_levels():
    steady = Steady(held=0.0)
    for level in (0.0, 2 / 255):
        steady(SCENE[..., :16, :16], torch.full((1, 3, 16, 16), level))
    assert steady.flicker().painted == pytest.approx(2)


def test_of_one_frame_nothing_is_measured():
    steady = Steady()
    steady(SCENE, SCENE)
    assert steady.flicker() is None
