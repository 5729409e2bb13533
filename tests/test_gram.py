import pytest
import torch

from nstlib.errors import ShapeError
from nstlib.gram import (
    gram_backward,
    gram_from_spectrum,
    gram_matrix,
    mmd_polynomial,
    shuffle_positions,
    tile_gram,
)


@pytest.fixture
def features(rng):
    return torch.randn(2, 3, 5, 8, generator=rng, dtype=torch.float64)


def test_gram_matrix_equals_the_definition_written_as_loops(features):
    expected = torch.zeros(2, 3, 3, dtype=torch.float64)
    for b in range(2):
        for i in range(3):
            for j in range(3):
                for h in range(5):
                    for w in range(8):
                        expected[b, i, j] += features[b, i, h, w] * features[b, j, h, w] / 40
    torch.testing.assert_close(gram_matrix(features), expected)


def test_gram_matrix_ignores_where_things_are(features, rng):
    shuffled = shuffle_positions(features, torch.randperm(40, generator=rng))
    assert not torch.equal(shuffled, features)
    torch.testing.assert_close(gram_matrix(shuffled), gram_matrix(features))


def test_gram_matrix_of_a_repeated_texture_does_not_grow_with_the_picture(features):
    torch.testing.assert_close(gram_matrix(features.repeat(1, 1, 3, 2)), gram_matrix(features))


def test_gram_matrix_has_no_negative_direction(features):
    assert torch.linalg.eigvalsh(gram_matrix(features)).min() > -1e-12


def test_gram_matrix_grows_with_the_square_of_the_activations(features):
    torch.testing.assert_close(gram_matrix(3 * features), 9 * gram_matrix(features))


def test_gram_matrix_says_how_to_add_the_batch_axis():
    with pytest.raises(ShapeError, match=r"shape \(B, C, H, W\), got \(3, 5, 8\).*features\[None\]"):
        gram_matrix(torch.zeros(3, 5, 8))


def test_gram_matrix_needs_a_position():
    with pytest.raises(ShapeError, match="at least one position"):
        gram_matrix(torch.zeros(1, 3, 0, 8))


def test_the_gram_matrix_can_be_read_from_the_spectrum(features):
    torch.testing.assert_close(gram_from_spectrum(features), gram_matrix(features))


def test_a_phase_common_to_all_channels_leaves_the_gram_matrix_alone(features, rng):
    phase = torch.fft.fft2(torch.randn(5, 8, generator=rng, dtype=torch.float64)).angle()
    moved = torch.fft.ifft2(torch.fft.fft2(features) * torch.exp(1j * phase)).real
    assert not torch.allclose(moved, features)
    torch.testing.assert_close(gram_matrix(moved), gram_matrix(features), atol=1e-12, rtol=0)


def with_phases(features, phases):
    """Add those phases to the spectrum. Phases of a real map keep the result real."""
    return torch.fft.ifft2(torch.fft.fft2(features) * torch.exp(1j * phases)).real


def random_phases(rng, *shape):
    return torch.fft.fft2(torch.randn(shape, generator=rng, dtype=torch.float64)).angle()


def test_phases_of_each_channel_by_itself_leave_the_diagonal_alone(features, rng):
    moved = with_phases(features, random_phases(rng, 3, 5, 8))
    before, after = (gram_matrix(f).diagonal(dim1=1, dim2=2) for f in (features, moved))
    torch.testing.assert_close(after, before, atol=1e-12, rtol=0)


def test_independent_phases_keep_nothing_but_the_diagonal(rng):
    """On average over all phases: a single draw leaves what chance leaves. The means, whose phase is a sign, go too."""
    common = torch.randn(1, 1, 9, 9, generator=rng, dtype=torch.float64)
    features = common + 0.3 * torch.randn(1, 3, 9, 9, generator=rng, dtype=torch.float64) + 0.5
    before = gram_matrix(features)[0]
    draws = torch.cat([gram_matrix(with_phases(features, random_phases(rng, 3, 9, 9))) for _ in range(2000)])
    off = ~torch.eye(3, dtype=torch.bool)
    assert before[off].min() > 0.9
    assert draws.mean(0)[off].abs().max() < 0.03
    torch.testing.assert_close(draws.mean(0).diagonal(), before.diagonal(), atol=1e-12, rtol=0)


def test_the_diagonal_is_each_channels_activity_and_bounds_what_it_does_with_others(features):
    gram = gram_matrix(features)
    activity = gram.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(activity, features.square().mean((2, 3)))
    assert (gram.square() <= activity[:, :, None] * activity[:, None, :] + 1e-12).all()


def test_a_picture_turned_by_a_quarter_exchanges_upright_and_level_lines():
    """Two filters, differences to the right and downward: the diagonal of a striped picture tells which way it runs."""
    stripes = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat(4).expand(1, 1, 8, 8)

    def lines(image):
        right, down = image.roll(-1, 3) - image, image.roll(-1, 2) - image
        return gram_matrix(torch.cat([right, down], 1))[0].diagonal()

    assert lines(stripes).tolist() == [1.0, 0.0]
    assert lines(stripes.mT).tolist() == [0.0, 1.0]


def test_the_gram_distance_is_an_mmd_with_the_squared_dot_product(rng):
    x = torch.randn(1, 4, 5, 6, generator=rng, dtype=torch.float64)
    y = torch.randn(1, 4, 7, 3, generator=rng, dtype=torch.float64)
    distance = (gram_matrix(x) - gram_matrix(y)).square().sum((1, 2))
    torch.testing.assert_close(mmd_polynomial(x, y), distance, rtol=1e-10, atol=0)


def test_mmd_wants_features_of_one_layer():
    with pytest.raises(ShapeError, match="Use the same layer"):
        mmd_polynomial(torch.zeros(1, 3, 4, 4), torch.zeros(1, 5, 4, 4))


def test_shuffle_positions_wants_one_entry_for_each_position():
    with pytest.raises(ShapeError, match="each of the 40 positions"):
        shuffle_positions(torch.zeros(1, 3, 5, 8), torch.arange(39))


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_gradient_of_the_gram_matrix_is_that_of_its_differences(features, memory_format):
    features = features.contiguous(memory_format=memory_format).requires_grad_(True)
    assert torch.autograd.gradcheck(gram_matrix, features)
    assert torch.autograd.gradgradcheck(gram_matrix, features)


def test_the_gram_matrix_does_not_depend_on_the_order_in_memory(features):
    torch.testing.assert_close(
        gram_matrix(features.contiguous(memory_format=torch.channels_last)), gram_matrix(features)
    )


def test_the_gradient_written_out_is_autograds_for_any_gradient_symmetric_or_not(features, rng):
    upstream = torch.randn(2, 3, 3, generator=rng, dtype=torch.float64)
    leaf = features.clone().requires_grad_(True)
    (expected,) = torch.autograd.grad(torch.einsum("bihw,bjhw->bij", leaf, leaf) / 40, leaf, upstream)
    torch.testing.assert_close(gram_backward(features, upstream), expected)
    torch.testing.assert_close(
        gram_backward(features.contiguous(memory_format=torch.channels_last), upstream), expected
    )


def test_gram_backward_wants_one_gradient_for_each_entry(features):
    with pytest.raises(ShapeError, match=r"shape \(2, 3, 3\), got \(3, 3\)"):
        gram_backward(features, torch.zeros(3, 3))


@pytest.mark.parametrize("cuts", [(5,), (1, 4), (2, 1, 2)])
def test_strips_of_a_map_have_the_gram_matrix_of_the_map(features, cuts):
    torch.testing.assert_close(tile_gram(iter(features.split(cuts, dim=2))), gram_matrix(features))


def test_tiles_of_any_shape_count_by_their_positions(features):
    left, right = features[..., :3], features[..., 3:]
    tiles = (tile for half, cut in ((left, 2), (right, 4)) for tile in (half[:, :, :cut], half[:, :, cut:]))
    torch.testing.assert_close(tile_gram(tiles), gram_matrix(features))


def test_tiles_of_another_map_are_refused(features):
    with pytest.raises(ShapeError, match=r"one of shape \(1, 3, 5, 8\) after others with 2 images of 3 channels"):
        tile_gram([features, features[:1]])


def test_an_empty_generator_is_asked_whether_it_is_used_up():
    with pytest.raises(ShapeError, match="at least one tile, got none. Is the generator used up already"):
        tile_gram(iter([]))
