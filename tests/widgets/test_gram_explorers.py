"""The explorers of the Gram matrix, shuffled positions and common phases: the browser's numbers are the library's."""

from __future__ import annotations

import pytest
import torch

from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import load_network
from nstlib.gram import gram_matrix, shuffle_positions
from nstlib.widgets import (
    explore_common_phase,
    explore_gram_shuffle,
)
from nstlib.widgets.explorer import (
    encode_array,
)

TINY = load_network("tiny")


@pytest.fixture
def image(rng):
    return torch.rand(1, 3, 20, 30, generator=rng)


@pytest.fixture
def maps(rng):
    return torch.rand(1, 5, 9, 14, generator=rng).double() - 0.2


def test_the_browsers_gram_matrix_is_ours_and_survives_a_shuffle(maps, run_node):
    script = """
      const maps = Float64Array.from(given);
      const order = it.partialOrder(it.randomOrder(9 * 14, kit.random(3)), 0.7);
      const shuffled = it.shufflePositions(maps, 5, [order]);
      const grams = [maps, shuffled].map((one) => [...gram.gramMatrix(one, 5)]);
      const answer = { order: [...order], shuffled: [...shuffled], grams };
    """
    got = run_node("gram_shuffle", script, maps.flatten().tolist())
    order = torch.tensor(got["order"])
    assert sorted(got["order"]) == list(range(9 * 14))
    assert int((order != torch.arange(9 * 14)).sum()) == round(0.7 * 9 * 14)
    wanted = shuffle_positions(maps, order)
    torch.testing.assert_close(torch.tensor(got["shuffled"]).double(), wanted.flatten(), rtol=1e-6, atol=1e-6)
    for gram in got["grams"]:
        torch.testing.assert_close(torch.tensor(gram).double().view(1, 5, 5), gram_matrix(maps), rtol=1e-6, atol=1e-7)


def test_a_larger_share_moves_the_same_positions_and_more(run_node):
    script = """
      const sequence = it.randomOrder(60, kit.random(8));
      const moved = (share) => [...it.partialOrder(sequence, share)].flatMap((from, to) => (from === to ? [] : [to]));
      const answer = [0, 0.25, 0.5, 1].map(moved);
    """
    none, some, half, every = (set(moved) for moved in run_node("gram_shuffle", script, None))
    assert (len(none), len(some), len(half), len(every)) == (0, 15, 30, 60)
    assert some < half < every


def test_separate_orders_leave_the_diagonal_only(maps, run_node):
    script = """
      const maps = Float64Array.from(given);
      const draw = kit.random(4);
      const orders = Array.from({ length: 5 }, () => it.randomOrder(9 * 14, draw));
      const answer = gram.change(gram.gramMatrix(maps, 5), gram.gramMatrix(it.shufflePositions(maps, 5, orders), 5), 5);
    """
    got = run_node("gram_shuffle", script, maps.flatten().tolist())
    assert got["diagonal"] < 1e-12
    assert got["rest"] > 0.01


def test_the_share_that_changed_is_of_the_largest_entry(run_node):
    script = "const answer = gram.change([4, -8, -8, 2], [3, -8, -4, 2], 2);"
    assert run_node("gram_shuffle", script, None) == {"diagonal": 1 / 8, "rest": 4 / 8}


@pytest.mark.parametrize(("height", "width"), [(9, 14), (16, 64), (20, 22), (1, 40)])
def test_the_browsers_transform_is_fft2(height, width, rng, run_node):
    one = torch.randn(height, width, generator=rng).double()
    script = """
      const [height, width] = given.shape;
      const { re, im } = it.fourier(kit.decode(given).data, new Float64Array(height * width), height, width);
      const answer = [[...re], [...im]];
    """
    re, im = torch.tensor(run_node("common_phase", script, encode_array(one))).double()
    torch.testing.assert_close(torch.complex(re, im), torch.fft.fft2(one).flatten(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_phases_are_added_as_in_the_chapter_and_the_gram_matrix_stays(amount, maps, run_node):
    script = """
      const { maps, amount } = given;
      const phases = it.randomPhases(9, 14, kit.random(5));
      const spectrum = (c) => it.fourier(maps.slice(c * 126, (c + 1) * 126), new Float64Array(126), 9, 14);
      const changed = [0, 1, 2, 3, 4].flatMap((c) => [...it.withPhases(spectrum(c), phases, amount, 9, 14)]);
      const answer = { phases: [...phases], changed, gram: [...gram.gramMatrix(Float64Array.from(changed), 5)] };
    """
    got = run_node("common_phase", script, {"maps": maps.flatten().tolist(), "amount": amount})
    phases = torch.tensor(got["phases"]).double().view(9, 14)
    wanted = torch.fft.ifft2(torch.fft.fft2(maps) * torch.exp(1j * amount * phases))
    assert wanted.imag.abs().max() < 1e-6  # opposite waves got opposite phases
    torch.testing.assert_close(torch.tensor(got["changed"]).double(), wanted.real.flatten(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        torch.tensor(got["gram"]).double().view(1, 5, 5), gram_matrix(maps), rtol=1e-5, atol=1e-6
    )
    assert (wanted.real - maps).norm() > 0.2 * maps.norm()


def test_maps_without_their_means_are_centered(maps, run_node):
    got = torch.tensor(
        run_node("common_phase", "const answer = [...gram.centered(given, 5)];", maps.flatten().tolist())
    )
    torch.testing.assert_close(got.double().view_as(maps), maps - maps.mean((2, 3), keepdim=True), rtol=1e-5, atol=1e-6)


def test_the_strongest_channels_travel_and_their_pair_fires_together(image):
    state = explore_gram_shuffle(TINY, image, layer="relu2_1", channels=6, static=True).state
    with torch.no_grad():
        maps = TINY(image, "relu2_1")["relu2_1"][0]
    strongest = maps.mean((1, 2)).sort(descending=True).indices[:6].tolist()
    assert state["channels"] == strongest
    gram = gram_matrix(maps[None, strongest])[0].fill_diagonal_(0)
    assert gram[tuple(state["pair"])] == gram.max()


@pytest.mark.parametrize("make", [explore_gram_shuffle, explore_common_phase])
def test_a_gram_explorer_refuses_what_it_cannot_show(make, image):
    with pytest.raises(ChoiceError, match="channels must be a whole number of at least 2, got 1"):
        make(TINY, image, channels=1)
    with pytest.raises(LayerError, match="conv9_9"):
        make(TINY, image, layer="conv9_9")
    with pytest.raises(ShapeError, match=rf"{make.__name__}: image must be one RGB image"):
        make(TINY, image[0])
