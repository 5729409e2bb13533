import gc
import weakref

import pytest
import torch

from nstlib.deconvnet import project
from nstlib.errors import ImageError, ShapeError
from nstlib.features import random_network
from nstlib.images import pictures, save_image
from nstlib.receptive import patch_of
from nstlib.top_patches import top_patches, validation_crops

TINY = random_network("tiny")


def assert_same_picture(found, expected):
    assert expected.abs().max() > 0
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@pytest.fixture
def crops(rng):
    """As bytes hold them, so that keeping them as bytes loses nothing."""
    return torch.randint(0, 256, (23, 3, 48, 64), generator=rng).float() / 255


def by_search(network, images, layer, channel, k):
    """Sort all positions of all images, and take the first of each image until there are k."""
    maps = network(images, layer)[layer][:, channel]
    found = {}
    for place in maps.flatten().argsort(descending=True).tolist():
        image, position = place // maps[0].numel(), divmod(place % maps[0].numel(), maps.shape[2])
        if len(found) == k or maps[(image, *position)] <= 0:
            break
        found.setdefault(image, position)
    return [(image, *position) for image, position in found.items()]


@pytest.mark.parametrize(
    ("layer", "batch", "k"), [("relu1_2", 4, 9), ("relu2_2", 23, 9), ("pool2", 1, 3), ("relu4_1", 5, 40)]
)
def test_the_strongest_patches_are_those_that_a_full_search_finds(crops, layer, batch, k):
    found = top_patches(TINY, crops.split(batch), layer, k=k)
    assert list(found) == list(range(TINY.channels(layer)))
    for channel, patches in found.items():
        assert [(p.image, p.row, p.column) for p in patches] == by_search(TINY, crops, layer, channel, k)


def test_a_patch_knows_its_activation_its_box_and_its_pixels(crops):
    maps = TINY(crops, "relu2_2")["relu2_2"]
    for patch in top_patches(TINY, crops.split(6), "relu2_2", 7)[7]:
        assert patch.activation == pytest.approx(float(maps[patch.image, 7, patch.row, patch.column]))
        top, bottom, left, right = patch.box
        assert patch.box == patch_of("relu2_2", patch.row, patch.column, 48, 64, architecture=TINY.architecture)
        assert torch.equal(patch.pixels, crops[[patch.image], :, top:bottom, left:right])


@pytest.mark.parametrize("layer", ["conv1_1", "relu2_1", "pool2", "relu4_3"])
def test_a_patch_has_the_projection_that_its_whole_image_has(rng, layer):
    images = torch.rand(5, 3, 101, 87, generator=rng)  # not what bytes hold, and divided by no pooling
    for channel, patches in top_patches(TINY, images.split(2), layer, (0, 4), k=2).items():
        for patch in patches:
            top, bottom, left, right = patch.box
            whole = project(TINY, images[[patch.image]], layer, channel, (patch.row, patch.column))
            assert_same_picture(patch.projection, whole[..., top:bottom, left:right])


def test_a_patchs_crop_is_enough_to_compute_its_activation(rng):
    images = torch.rand(4, 3, 101, 87, generator=rng)
    for patches in top_patches(TINY, images.split(2), "relu3_2", (0, 4, 9), k=3).values():
        for patch in patches:
            again = TINY(patch.crop, "relu3_2")["relu3_2"][(0, patch.channel, *patch.position)]
            assert float(again) == pytest.approx(patch.activation, rel=1e-5)


def test_units_that_see_padding_can_be_left_out(crops):
    found = top_patches(TINY, crops.split(8), "relu2_2", k=3, inside=True)
    maps = TINY(crops, "relu2_2")["relu2_2"]
    for row in range(24):
        for column in range(32):
            top, bottom, left, right = patch_of("relu2_2", row, column, 48, 64, architecture=TINY.architecture)
            if (bottom - top, right - left) != (14, 14):
                maps[:, :, row, column] = 0
    for channel, patches in found.items():
        expected = maps[:, channel].amax((1, 2)).sort(descending=True).values[:3]
        assert [patch.activation for patch in patches] == pytest.approx(expected.tolist())
        assert {patch.pixels.shape for patch in patches} == {(1, 3, 14, 14)}


def test_of_equal_activations_the_earlier_image_counts(crops):
    twins = crops[:4].repeat(6, 1, 1, 1)
    found = top_patches(TINY, twins.split(5), "relu2_1", k=4)
    first = {channel: patches[0].image for channel, patches in found.items()}
    for channel, patches in found.items():
        assert [patch.image for patch in patches] == [first[channel] + 4 * k for k in range(4)]


def test_leaving_out_all_units_is_refused(crops):
    with pytest.raises(ShapeError, match="A unit of relu4_1 sees 60 x 60 pixels: none .* a side of 48. Use larger"):
        top_patches(TINY, crops.split(8), "relu4_1", inside=True)


def test_a_channel_that_never_fires_has_no_patches(crops):
    network = random_network("tiny")
    network.convolutions["conv1_1"].bias[3] = -1e6
    assert top_patches(network, crops.split(8), "relu1_1", (2, 3))[3] == []


@pytest.mark.parametrize(
    "brightness", [1.0, pytest.param(0.999, marks=pytest.mark.exhaustive)]
)  # in the second case, bytes would not hold the pixels
def test_no_batch_is_kept_however_many_there_are(crops, brightness):
    alive = []

    def stream():
        for start in range(0, 20, 2):
            batch = brightness * crops[start : start + 2]
            alive.append(weakref.ref(batch))
            yield batch
            del batch
            gc.collect()
            assert sum(reference() is not None for reference in alive) <= 1

    found = top_patches(TINY, stream(), "relu3_1", k=3)
    assert len(alive) == 10
    kept = {id(patch._crop): patch._crop.stored.nbytes for patches in found.values() for patch in patches}
    assert len(kept) <= 32 * 3
    bytes_per_number = 1 if brightness == 1 else 4
    assert max(kept.values()) <= 3 * 35 * 35 * bytes_per_number  # a field of 32 pixels, begun at a multiple of 4


def test_a_stream_without_images_is_refused():
    used = iter(())
    with pytest.raises(ImageError, match="got no images. A generator runs once only: was this one used before"):
        top_patches(TINY, used, "relu1_1")


def test_no_places_and_no_such_channels_are_refused(crops):
    with pytest.raises(ShapeError, match="k of at least 1, got 0"):
        top_patches(TINY, [crops], "relu1_1", k=0)
    with pytest.raises(ShapeError, match="no channel 8: this layer has 8"):
        top_patches(TINY, [crops], "relu1_1", range(20))


# --- crops to look at ---------------------------------------------------------------------------------------------------


def test_crops_come_in_batches_and_are_the_same_each_time():
    batches = list(validation_crops(21, 96, batch=8))
    assert [tuple(batch.shape) for batch in batches] == [(8, 3, 96, 96), (8, 3, 96, 96), (5, 3, 96, 96)]
    again = torch.cat(list(validation_crops(21, 96, batch=5)))
    assert torch.equal(torch.cat(batches), again)
    other = torch.cat(list(validation_crops(21, 96, generator=torch.Generator().manual_seed(1))))
    assert not torch.equal(again, other)


def test_crops_hold_whole_bytes():
    crops = torch.cat(list(validation_crops(13)))
    assert torch.equal((crops * 255).round() / 255, crops)


def test_a_picture_that_has_been_shown_is_shown_again_mirrored(monkeypatch, tmp_path, rng):
    for kind in ("content", "style"):
        (tmp_path / kind).mkdir()
    save_image(torch.rand(3, 8, 8, generator=rng), tmp_path / "content" / "one.png")
    monkeypatch.setenv("NST_IMAGES", str(tmp_path))
    crops = torch.cat(list(validation_crops(3, 8)))
    assert torch.equal(crops[1], crops[0].flip(2))
    assert torch.equal(crops[2], crops[0])


def test_no_two_crops_of_one_round_are_the_same():
    count = 10 * len(pictures())
    crops = torch.cat(list(validation_crops(count)))
    assert len({crop.numpy().tobytes() for crop in crops}) == count


def test_a_picture_that_is_smaller_than_a_crop_is_named():
    with pytest.raises(ImageError, match=r"jpg is \d+ x \d+ pixels: a crop of 600 x 600 does not fit"):
        list(validation_crops(20, 600))
