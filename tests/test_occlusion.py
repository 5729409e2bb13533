import pytest
import torch

from nstlib.errors import ShapeError
from nstlib.features import random_network
from nstlib.occlusion import occlusion_map

TINY = random_network("tiny")


def test_an_occlusion_map_is_what_covering_one_place_after_the_other_gives(rng):
    image = torch.rand(1, 3, 18, 28, generator=rng)  # the last row fits exactly, the last column does not

    def score(images):
        return TINY(images, "relu1_2")["relu1_2"][:, 2].sum((1, 2))

    found = occlusion_map(score, image, size=6, stride=4, value=0.3, batch=5)
    assert found.shape == (4, 6)
    for i in range(4):
        for j in range(6):
            covered = image.clone()
            covered[..., 4 * i : 4 * i + 6, 4 * j : 4 * j + 6] = 0.3
            # The difference of two sums: it can be off by the rounding of the sums, which are much larger.
            rounding = 8 * torch.finfo(image.dtype).eps * score(image).item()
            torch.testing.assert_close(found[i, j], (score(image) - score(covered))[0], atol=rounding, rtol=0)


def test_only_squares_that_touch_what_the_score_looks_at_matter(rng):
    image = torch.rand(1, 3, 16, 16, generator=rng)
    found = occlusion_map(lambda images: images[:, 1, 9, 4], image, size=4, stride=1)
    assert found.nonzero().amin(0).tolist() == [6, 1]
    assert found.nonzero().amax(0).tolist() == [9, 4]
    assert float(found[7, 2]) == pytest.approx(float(image[0, 1, 9, 4]) - 0.5)


def test_covering_leaves_the_image_as_it_was(rng):
    image = torch.rand(1, 3, 8, 8, generator=rng)
    before = image.clone()
    occlusion_map(lambda images: images.mean((1, 2, 3)), image, size=3, stride=2)
    assert torch.equal(image, before)


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (9, 1), (4, 0)])
def test_a_square_that_cannot_be_laid_is_refused(size, stride):
    with pytest.raises(ShapeError, match=f"a square of 1 to 8 pixels .* got size {size} and stride {stride}"):
        occlusion_map(lambda images: images.sum((1, 2, 3)), torch.zeros(1, 3, 8, 12), size=size, stride=stride)


def test_a_score_that_is_one_number_for_a_whole_batch_is_refused():
    with pytest.raises(ShapeError, match=r"one number for each image: \d+ images should give shape \(\d+,\), got \(\)"):
        occlusion_map(lambda images: images.sum(), torch.zeros(1, 3, 8, 8), size=4, stride=2)


def test_more_than_one_image_is_refused():
    with pytest.raises(ShapeError, match=r"one image of shape \(1, 3, H, W\), got \(2, 3, 8, 8\)"):
        occlusion_map(lambda images: images.sum((1, 2, 3)), torch.zeros(2, 3, 8, 8), size=4, stride=2)
