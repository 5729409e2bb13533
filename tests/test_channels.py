import pytest
import torch

from nstlib.channels import channel_terms, score_channels, selectivity, shuffled_scores, split_channels
from nstlib.dual import stylize_dual
from nstlib.errors import ChoiceError, LayerError, ShapeError
from nstlib.features import load_network
from nstlib.transfer import stylize


@pytest.fixture(scope="module")
def network():
    return load_network("tiny")


def test_a_channel_that_only_scenes_change_is_1_and_one_that_only_styles_change_is_0(rng):
    scene, style = torch.randn(4, 1, 3, 5, 6, generator=rng), torch.randn(1, 3, 3, 5, 6, generator=rng)
    of_scene, of_style = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])
    grid = scene * of_scene.view(3, 1, 1) + style * of_style.view(3, 1, 1)
    torch.testing.assert_close(selectivity(grid), torch.tensor([1.0, 0.0, 0.5]))


def test_selectivity_agrees_with_a_loop_over_the_two_way_table(rng):
    grid = torch.randn(3, 4, 2, 5, 6, generator=rng, dtype=torch.float64)
    for c in range(2):
        by_scene = by_style = 0.0
        for y in range(5):
            for x in range(6):
                table = grid[:, :, c, y, x]
                by_scene += sum(4 * (table[i].mean() - table.mean()) ** 2 for i in range(3))
                by_style += sum(3 * (table[:, j].mean() - table.mean()) ** 2 for j in range(4))
        assert selectivity(grid)[c].item() == pytest.approx((by_scene / (by_scene + by_style)).item())


def test_selectivity_is_blind_to_gain_and_offset_and_turns_around_with_the_grid(rng):
    grid = torch.randn(3, 3, 4, 5, 6, generator=rng, dtype=torch.float64)
    torch.testing.assert_close(selectivity(5 - 3 * grid), selectivity(grid))
    torch.testing.assert_close(selectivity(grid.transpose(0, 1)), 1 - selectivity(grid))


def test_scores_are_the_selectivity_of_the_layers(network, rng):
    pictures = [[torch.rand(1, 3, 32, 40, generator=rng) for _ in range(2)] for _ in range(3)]
    scores = score_channels(pictures, network, ["relu2_1", "block3_conv2"])
    assert list(scores) == ["relu2_1", "relu3_2"]
    grid = torch.stack([torch.cat([network(picture, "relu3_2")["relu3_2"] for picture in row]) for row in pictures])
    torch.testing.assert_close(scores["relu3_2"], selectivity(grid))


def test_halves_are_the_top_and_the_bottom():
    scores = torch.tensor([0.3, 0.9, 0.1, 0.6, 0.5])
    content, style = split_channels(scores)
    assert content.nonzero().flatten().tolist() == [1, 3]
    assert style.nonzero().flatten().tolist() == [0, 2]
    whole = split_channels(scores, 1.0)
    assert whole[0].all()
    assert whole[1].all()


def test_ties_and_tiny_shares_still_give_both_sides_as_many():
    for share in (0.01, 0.3, 0.5, 0.8):
        content, style = split_channels(torch.zeros(7), share)
        assert content.sum() == style.sum() >= 1
        assert not (content & style).any() or share > 0.5


def test_the_reversed_terms_have_the_sides_exchanged(rng):
    scores = {"relu4_2": torch.rand(8, generator=rng), "relu2_1": torch.rand(6, generator=rng)}
    (content, style), (swapped, back) = channel_terms(scores), channel_terms(scores, reverse=True)
    assert tuple(term.quantity for term in (content, style, swapped, back)) == ("content", "style", "content", "style")
    for layer in scores:
        assert torch.equal(content.channels[layer], back.channels[layer])
        assert torch.equal(style.channels[layer], swapped.channels[layer])


def test_shuffled_scores_are_the_same_scores_in_another_order(rng):
    scores = {"relu4_2": torch.rand(40, generator=rng)}
    one, two = (shuffled_scores(scores, rng)["relu4_2"] for _ in range(2))
    assert torch.equal(one.sort().values, scores["relu4_2"].sort().values)
    assert not torch.equal(one, two)


def test_all_channels_on_both_sides_take_the_classic_path(network, rng):
    content, style = torch.rand(1, 3, 36, 52, generator=rng), torch.rand(1, 3, 40, 33, generator=rng)
    layers = ("relu4_2", "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    scores = {layer: torch.rand(network.channels(layer), generator=rng) for layer in layers}
    *_, classic = stylize(content, style, network, steps=3)
    *_, full = stylize_dual(content, style, network, terms=channel_terms(scores, share=1.0), steps=3)
    torch.testing.assert_close(full.image, classic.image, rtol=0, atol=1e-3)


def test_refused_input_says_why(network):
    picture = torch.rand(1, 3, 32, 32)
    with pytest.raises(ShapeError, match=r"at least 2 scenes in at least 2 styles.*got \(1, 3, 4, 5, 6\)"):
        selectivity(torch.zeros(1, 3, 4, 5, 6))
    with pytest.raises(ShapeError, match="as many pictures for each scene, and all of one size"):
        score_channels([[picture, picture], [picture]], network, ["relu1_1"])
    with pytest.raises(ShapeError, match="all of one size"):
        score_channels([[picture, picture], [picture, picture[..., 1:]]], network, ["relu1_1"])
    with pytest.raises(LayerError):
        score_channels([[picture, picture], [picture, picture]], network, ["relu9_1"])
    for share in (0, 1.5):
        with pytest.raises(ChoiceError, match="above 0 and at most 1"):
            split_channels(torch.rand(4), share)
    with pytest.raises(ShapeError, match=r"the scores of one layer, shape \(C,\), got \(2, 2\)"):
        split_channels(torch.rand(2, 2))
