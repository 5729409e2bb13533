"""Bands and spectra: what sums back, what splits, and what does not."""

import cmath
import math

import pytest
import torch

from nstlib.errors import ChoiceError, ShapeError
from nstlib.filters import separable_blur
from nstlib.frequency import (
    collapse_pyramid,
    filter_spectrum,
    frame_filters,
    high_pass,
    ideal_filter,
    join_frame,
    laplacian_pyramid,
    low_pass,
    radial_frequency,
    radial_spectrum,
    split_bands,
    swap_amplitude,
    tight_frame,
)
from nstlib.gram import gram_matrix

SIZES = [(8, 10), (9, 7), (7, 12), (1, 5), (16, 16)]
CUTOFFS = (0.3, 0.12, 0.07)


def close(actual, expected):
    torch.testing.assert_close(actual, expected)


@pytest.fixture
def image(rng):
    return torch.rand(2, 3, 9, 12, generator=rng, dtype=torch.float64)


def step(size):
    """Return a picture that is black on the left and white on the right."""
    x = (torch.arange(size) >= size // 2).double()
    return x.expand(1, 1, size, size)


# --- Gaussians ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.4, 1.2, 5.0])
def test_a_low_pass_is_the_blur_that_was_written_by_hand(image, sigma):
    close(low_pass(image, sigma), separable_blur(image, sigma))


def test_a_low_pass_takes_any_memory_layout_and_keeps_the_precision(image):
    for layout in (image.to(memory_format=torch.channels_last), image.mT.contiguous().mT):
        close(low_pass(layout, 1.0), low_pass(image, 1.0))
    assert low_pass(image.float(), 1.0).dtype == torch.float32


def test_a_wave_keeps_as_much_of_its_height_as_documented():
    x = torch.arange(400, dtype=torch.float64)
    for frequency, sigma in ((0.05, 2.0), (0.19 / 3, 3.0), (0.02, 6.0)):
        wave = torch.cos(2 * math.pi * frequency * (x - 200)).expand(1, 1, 1, -1)
        kept = low_pass(wave, sigma)[0, 0, 0, 200].item()
        assert kept == pytest.approx(
            math.exp(-2 * (math.pi * sigma * frequency) ** 2), abs=0.004
        )  # cut off at three sigma


def test_coarse_and_fine_sum_to_the_image(image):
    close(low_pass(image, 1.5) + high_pass(image, 1.5), image)
    assert high_pass(image, 1.5).min() < 0 < high_pass(image, 1.5).max()


def test_bands_sum_to_the_image_in_single_precision(image):
    bands = split_bands(image.float(), (0.7, 1.5, 4.0))
    assert len(bands) == 4
    assert (sum(bands) - image.float()).abs().max() < 1e-6


def test_bands_come_from_fine_to_coarse(rng):
    noise = torch.randn(1, 1, 48, 48, generator=rng, dtype=torch.float64)
    finenesses = []
    for band in split_bands(noise, (1.0, 2.0, 4.0)):
        frequencies, power = radial_spectrum(band)
        finenesses.append(((frequencies * power).sum() / power.sum()).item())
    assert finenesses == sorted(finenesses, reverse=True)


def test_bands_can_be_differentiated(rng):
    small = torch.rand(1, 2, 4, 5, generator=rng, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: split_bands(x, (0.6, 1.1)), (small,))
    assert torch.autograd.gradcheck(lambda x: tight_frame(x, (0.3, 0.15)), (small,))
    assert torch.autograd.gradcheck(lambda x: laplacian_pyramid(x, 2), (small,))
    assert torch.autograd.gradcheck(lambda x: radial_spectrum(x, window=True)[1], (small,))


@pytest.mark.parametrize("sigmas", [(), (2.0, 1.0), (1.0, 1.0)])
def test_sigmas_that_do_not_ascend_are_refused(image, sigmas):
    with pytest.raises(ChoiceError, match="each larger than the one before, got"):
        split_bands(image, sigmas)


@pytest.mark.parametrize("function", [low_pass, high_pass])
def test_a_filter_without_a_width_is_refused(image, function):
    with pytest.raises(ChoiceError, match="sigma, in pixels, must be a finite number, above 0, got -1"):
        function(image, -1)


# --- the spectrum -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_frequency_of_a_wave_is_what_the_transform_finds(height, width):
    y, x = torch.arange(height, dtype=torch.float64)[:, None], torch.arange(width, dtype=torch.float64)
    frequency = radial_frequency(height, width)
    for row in range(height):
        for column in range(width // 2 + 1):
            wave = torch.cos(2 * math.pi * (row * y / height + column * x / width))
            found = torch.fft.rfft2(wave).abs()
            peaks = frequency[found > found.max() - 1e-6]
            close(peaks, torch.full_like(peaks, frequency[row, column].item()))
    assert frequency[0, 0] == 0
    assert frequency.max() <= math.sqrt(0.5)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_squares_of_the_frame_sum_to_one_at_every_frequency(height, width):
    for cutoffs in ((0.25,), CUTOFFS, (0.5, 0.49, 0.48), (0.3, 0.01)):
        filters = frame_filters(height, width, cutoffs, dtype=torch.float64)
        assert filters.shape == (len(cutoffs) + 1, height, width // 2 + 1)
        close(filters.square().sum(0), torch.ones_like(filters[0]))
        assert filters[-1, 0, 0] == 1  # the mean is coarse


def test_two_bands_share_the_power_at_their_cutoff():
    filters = frame_filters(1, 40, (0.2,), dtype=torch.float64)  # 0.2 cycles per pixel: 8 of 40
    close(filters[:, 0, 8], torch.full((2,), math.sqrt(0.5), dtype=torch.float64))
    assert filters[0, 0, :5].abs().max() < 1e-12  # up to half of it
    close(filters[0, 0, 16:], torch.ones(5, dtype=torch.float64))  # from twice on


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_frame_joins_to_the_image(height, width, rng):
    image = torch.randn(2, 3, height, width, generator=rng, dtype=torch.float64)
    close(join_frame(tight_frame(image, CUTOFFS), CUTOFFS), image)


def test_a_frame_joins_to_the_image_in_single_precision(image):
    bands = tight_frame(image.float(), CUTOFFS)
    assert all(band.dtype == torch.float32 for band in bands)
    assert (join_frame(bands, CUTOFFS) - image.float()).abs().max() < 1e-5


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_energy_content_loss_and_gram_matrix_split_over_a_tight_frame(height, width, rng):
    features, target = torch.randn(2, 2, 5, height, width, generator=rng, dtype=torch.float64).unbind(0)
    bands, targets = tight_frame(features, CUTOFFS), tight_frame(target, CUTOFFS)
    close(sum(band.square().sum() for band in bands), features.square().sum())
    losses = [(band - other).square().sum() for band, other in zip(bands, targets, strict=True)]
    close(sum(losses), (features - target).square().sum())
    close(sum(gram_matrix(band) for band in bands), gram_matrix(features))


def test_the_gram_matrix_does_not_split_over_gaussians(rng):
    features = torch.randn(1, 5, 16, 16, generator=rng, dtype=torch.float64)
    apart = sum(gram_matrix(band) for band in split_bands(features, (1.0,)))
    assert (apart - gram_matrix(features)).norm() > 0.1 * gram_matrix(features).norm()


def test_a_response_of_one_changes_nothing_and_one_of_zero_leaves_nothing(image):
    one = torch.ones(9, 7)
    close(filter_spectrum(image, one), image)
    assert not filter_spectrum(image, 0 * one).any()


def test_a_response_is_a_convolution_with_its_kernel(rng):
    image = torch.rand(1, 1, 7, 8, generator=rng, dtype=torch.float64)
    response = frame_filters(7, 8, (0.2,), dtype=torch.float64)[1]
    kernel = torch.fft.irfft2(response, s=(7, 8))
    expected = torch.zeros(7, 8, dtype=torch.float64)
    for y in range(7):
        for x in range(8):
            for i in range(7):
                for j in range(8):
                    expected[y, x] += kernel[i, j] * image[0, 0, (y - i) % 7, (x - j) % 8]
    close(filter_spectrum(image, response)[0, 0], expected)


def test_an_ideal_filter_rings_far_from_an_edge_a_frame_beside_it_and_a_gaussian_nowhere():
    edge, away = step(128), slice(64 + 10, 96)  # more than a wave of 0.1 cycles per pixel from the edge
    sharp, smooth = (
        filter_spectrum(edge, response)[0, 0, 0] - 1
        for response in (ideal_filter(128, 128, 0.1), frame_filters(128, 128, (0.1,))[1])
    )
    assert sharp.max() > 0.08  # Gibbs: 9 % of the jump, however high the cutoff
    assert smooth.max() < 0.05
    assert smooth[away].abs().max() < 0.2 * sharp[away].abs().max()
    assert low_pass(edge, 0.19 / 0.1).max() < 1 + 1e-9


def test_ideal_filters_that_complete_each_other_give_the_image_back(image):
    low = ideal_filter(9, 12, 0.2)
    close(filter_spectrum(image, low) + filter_spectrum(image, 1 - low), image)


@pytest.mark.parametrize("cutoffs", [(), (0.1, 0.2), (0.2, 0.2), (0.6,), (0.0,), (float("nan"),)])
def test_cutoffs_outside_the_spectrum_or_out_of_order_are_refused(image, cutoffs):
    with pytest.raises(ChoiceError, match="at most 0.5, and descending"):
        tight_frame(image, cutoffs)
    with pytest.raises(ChoiceError, match="ideal_filter needs cutoffs in cycles per pixel"):
        ideal_filter(8, 8, 0.7)


def test_what_does_not_fit_a_frame_is_refused(image):
    with pytest.raises(ShapeError, match=r"shape \(9, 7\), one number for each wave of rfft2; got \(9, 12\)"):
        filter_spectrum(image, torch.ones(9, 12))
    with pytest.raises(ShapeError, match=r"needs 4 bands of one shape for 3 cutoffs, got 1 of shape \(2, 3, 9, 12\)"):
        join_frame([image], CUTOFFS)
    with pytest.raises(ShapeError, match=r"got 2 of shape \(2, 3, 9, 11\), \(2, 3, 9, 12\)"):
        join_frame([image, image[..., 1:]], (0.2,))
    with pytest.raises(ShapeError, match="got 0 of shape none"):
        join_frame([], (0.2,))
    with pytest.raises(ShapeError, match="a height of 0 and a width of 4"):
        radial_frequency(0, 4)


@pytest.mark.parametrize(
    "function",
    [
        lambda image: low_pass(image, 1.0),
        lambda image: tight_frame(image, (0.2,)),
        lambda image: laplacian_pyramid(image, 1),
        lambda image: radial_spectrum(image),
        lambda image: filter_spectrum(image, torch.ones(9, 7)),
    ],
)
def test_bytes_and_pictures_without_a_batch_axis_are_refused(function, image):
    with pytest.raises(ShapeError, match=r"needs floats of shape \(B, C, H, W\), got \(3, 9, 12\).*image\[None\]"):
        function(image[0])
    with pytest.raises(ShapeError, match=r"of torch.uint8.*image.float\(\) / 255"):
        function((255 * image).byte())


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_swapped_amplitudes_are_the_others_and_phases_stay(height, width, rng):
    image, other = torch.randn(2, 2, 3, height, width, generator=rng, dtype=torch.float64).unbind(0)
    mixed, own, foreign = (torch.fft.fft2(x) for x in (swap_amplitude(image, other), image, other))
    close(mixed.abs(), foreign.abs())
    close(mixed * own.conj(), (mixed * own.conj()).abs().to(mixed.dtype))  # the same direction in the complex plane
    close(swap_amplitude(image, image), image)
    close(swap_amplitude(image, other).square().mean((2, 3)), other.square().mean((2, 3)))


def test_images_of_two_sizes_cannot_swap_amplitudes(image):
    with pytest.raises(ShapeError, match=r"one shape, got \(2, 3, 9, 12\) and \(2, 3, 9, 11\).*resize_to"):
        swap_amplitude(image, image[..., 1:])


# --- power --------------------------------------------------------------------------------------------------------------


def naive_spectrum(image, bins):
    """Return the rings of one channel (H, W), by the definition, in Python's own numbers."""
    height, width = image.shape
    mean = image.mean().item()
    sums, counts = [0.0] * (bins + 1), [0] * (bins + 1)
    for v in range(height):
        for u in range(width):
            total = 0j
            for y in range(height):
                for x in range(width):
                    total += (image[y, x].item() - mean) * cmath.exp(-2j * math.pi * (v * y / height + u * x / width))
            fy, fx = min(v, height - v) / height, min(u, width - u) / width
            ring = round(2 * bins * math.hypot(fy, fx))
            if 1 <= ring <= bins:
                sums[ring] += abs(total) ** 2 / (height * width)
                counts[ring] += 1
    return [total / count for total, count in zip(sums[1:], counts[1:], strict=True)]


@pytest.mark.parametrize(("shape", "bins"), [((5, 7), None), ((7, 5), 1), ((6, 9), 3), ((4, 4), 2)])
def test_a_radial_spectrum_is_its_definition_written_as_loops(shape, bins, rng):
    image = torch.rand(2, 2, *shape, generator=rng, dtype=torch.float64)
    frequencies, power = radial_spectrum(image, bins=bins)
    rings = len(frequencies)
    assert rings == bins or rings == min(shape) // 2
    assert frequencies.tolist() == pytest.approx([k / (2 * rings) for k in range(1, rings + 1)])
    for b in range(2):
        for c in range(2):
            assert power[b, c].tolist() == pytest.approx(naive_spectrum(image[b, c], rings))


@pytest.mark.parametrize("shape", [(8, 8), (9, 7), (6, 11)])
def test_all_power_together_is_the_mean_square(shape, rng):
    """Parseval, where nothing lies outside the rings: a picture without its corners and its lowest waves."""
    bins = min(shape) // 2
    frequency = radial_frequency(*shape) * 2 * bins
    inside = ((frequency.round() >= 1) & (frequency.round() <= bins)).double()
    image = filter_spectrum(torch.randn(1, 2, *shape, generator=rng, dtype=torch.float64), inside)
    fy, fx = torch.fft.fftfreq(shape[0]).double()[:, None], torch.fft.fftfreq(shape[1]).double()
    ring = (2 * bins * torch.hypot(fy, fx)).round()
    waves = torch.tensor([float((ring == k).sum()) for k in range(1, bins + 1)], dtype=torch.float64)
    _, power = radial_spectrum(image)
    close((power * waves).sum(-1) / math.prod(shape), image.square().mean((2, 3)))


@pytest.mark.parametrize("window", [False, True])
def test_the_spectrum_of_noise_is_flat_and_as_high_as_its_variance(window, rng):
    noise = 3 * torch.randn(40, 1, 32, 33, generator=rng)
    frequencies, power = radial_spectrum(noise, bins=8, window=window)
    assert frequencies[-1] == 0.5
    assert (power.mean((0, 1)) / 9 - 1).abs().max() < 0.1


def test_a_wave_stands_on_its_own_ring():
    x = torch.arange(32, dtype=torch.float64)
    wave = torch.sin(2 * math.pi * 0.25 * x).expand(1, 1, 32, -1)
    frequencies, power = radial_spectrum(wave)
    assert frequencies[power[0, 0].argmax()] == 0.25
    assert power.sum() == pytest.approx(power.max().item())


def test_a_window_takes_away_what_the_borders_add():
    """A ramp is as smooth as a picture can be, but its right border does not fit its left one."""
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64).expand(1, 1, 64, -1)
    (_, bare), (_, faded) = radial_spectrum(ramp), radial_spectrum(ramp, window=True)
    assert faded[0, 0, -8:].max() < 1e-5 * bare[0, 0, -8:].min()


def test_rings_that_cannot_be_filled_are_refused(image):
    with pytest.raises(ChoiceError, match="from 1 to 4, half the shorter side, got 5"):
        radial_spectrum(image, bins=5)
    with pytest.raises(ChoiceError, match="got 2.0"):
        radial_spectrum(image, bins=2.0)
    with pytest.raises(ShapeError, match="at least 2 x 2 pixels"):
        radial_spectrum(image[..., :1])


def test_no_ring_is_empty():
    for height in range(2, 14):
        for width in range(2, 14):
            for bins in range(1, min(height, width) // 2 + 1):
                assert radial_spectrum(torch.ones(1, 1, height, width), bins=bins)[1].isfinite().all()


# --- the pyramid --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 13), (9, 24), (8, 15)])
def test_a_pyramid_collapses_to_the_image(height, width, rng):
    image = torch.randn(2, 3, height, width, generator=rng, dtype=torch.float64)
    pyramid = laplacian_pyramid(image, 3)
    assert [tuple(level.shape[2:]) for level in pyramid] == [
        (math.ceil(height / 2**k), math.ceil(width / 2**k)) for k in range(4)
    ]
    close(collapse_pyramid(pyramid), image)


def test_a_level_is_what_halving_and_doubling_lose_written_as_loops(rng):
    """Burt and Adelson's equations 1 and 2, away from the border."""
    image = torch.rand(1, 1, 17, 19, generator=rng, dtype=torch.float64)
    w = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]
    offsets = range(-2, 3)

    def halved(i, j):
        return sum(w[m + 2] * w[n + 2] * image[0, 0, 2 * i + m, 2 * j + n].item() for m in offsets for n in offsets)

    def doubled(i, j):
        return 4 * sum(
            w[m + 2] * w[n + 2] * halved((i - m) // 2, (j - n) // 2)
            for m in offsets
            for n in offsets
            if (i - m) % 2 == 0 and (j - n) % 2 == 0
        )

    details = laplacian_pyramid(image, 1)[0][0, 0]
    for i in range(6, 11):
        for j in range(6, 13):
            assert details[i, j].item() == pytest.approx(image[0, 0, i, j].item() - doubled(i, j))


def test_gray_has_no_details_at_the_border_either():
    gray = torch.full((1, 2, 11, 14), 0.3)
    *details, small = laplacian_pyramid(gray, 2)
    assert max(level.abs().max() for level in details) < 1e-6
    close(small, torch.full((1, 2, 3, 4), 0.3))


def test_a_pyramid_that_cannot_be_built_is_refused(image):
    with pytest.raises(ShapeError, match="9 pixels cannot be halved 4 times: it takes 16 pixels.*at most 3 levels"):
        laplacian_pyramid(image, 4)
    with pytest.raises(ChoiceError, match="at least 1, got 0"):
        laplacian_pyramid(image, 0)
    fine, coarse = laplacian_pyramid(image, 1)
    with pytest.raises(ShapeError, match=r"followed by one of \(2, 3, 5, 6\), got \(2, 3, 9, 12\)"):
        collapse_pyramid([fine, fine])
    with pytest.raises(ShapeError, match="from fine to coarse"):
        collapse_pyramid([coarse, fine])
    with pytest.raises(ShapeError, match="at least one level"):
        collapse_pyramid([])


def test_all_of_it_runs_where_the_image_is():
    """On a device without data the shapes alone are computed, and a tensor made on another one would be an error."""
    image = torch.empty(1, 2, 9, 12, device="meta")
    assert all(band.is_meta for band in [*split_bands(image, (1.0,)), *tight_frame(image, (0.2,))])
    assert collapse_pyramid(laplacian_pyramid(image, 2)).is_meta
