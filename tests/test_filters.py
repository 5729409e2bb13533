import pytest
import torch
import torch.nn.functional as F

from nstlib.errors import ChoiceError, ShapeError
from nstlib.filters import convolve2d, gaussian_kernel, output_size, separable_blur, sobel_edges


@pytest.fixture
def image(rng):
    return torch.rand(2, 3, 9, 12, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize(("padding", "stride"), [(0, 1), (1, 1), (2, 3), (0, 2), (3, 2)])
@pytest.mark.parametrize("shape", [(4, 3, 3, 3), (1, 3, 2, 5), (2, 3, 1, 1)])
def test_convolve2d_is_the_convolution_of_pytorch(rng, image, shape, padding, stride):
    kernel = torch.randn(shape, generator=rng, dtype=torch.float64)
    expected = F.conv2d(image, kernel, padding=padding, stride=stride)
    torch.testing.assert_close(convolve2d(image, kernel, padding=padding, stride=stride), expected)


def test_convolve2d_equals_its_definition_written_as_loops(rng):
    image = torch.randn(1, 2, 4, 5, generator=rng, dtype=torch.float64)
    kernel = torch.randn(3, 2, 2, 3, generator=rng, dtype=torch.float64)
    expected = torch.zeros(1, 3, 3, 3, dtype=torch.float64)
    for k in range(3):
        for y in range(3):
            for x in range(3):
                for c in range(2):
                    for i in range(2):
                        for j in range(3):
                            expected[0, k, y, x] += kernel[k, c, i, j] * image[0, c, y + i, x + j]
    torch.testing.assert_close(convolve2d(image, kernel), expected)


def test_a_turned_kernel_gives_the_convolution_of_mathematics(rng):
    signal = pytest.importorskip("scipy.signal")
    image, kernel = torch.rand(7, 8, generator=rng).double(), torch.rand(3, 4, generator=rng).double()
    expected = torch.from_numpy(signal.convolve2d(image.numpy(), kernel.numpy(), mode="valid"))
    torch.testing.assert_close(convolve2d(image[None, None], kernel[None, None].flip(2, 3))[0, 0], expected)


def test_the_gradient_of_a_convolution_is_that_of_its_differences(image, rng):
    kernel = torch.randn(2, 3, 3, 2, generator=rng, dtype=torch.float64, requires_grad=True)
    small = image[:1, :, :4, :5].clone().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda a, b: convolve2d(a, b, padding=1, stride=2), (small, kernel))


def test_kernels_for_other_channels_are_refused():
    with pytest.raises(ShapeError, match=r"with the same C, got \(1, 3, 8, 8\) and \(1, 1, 3, 3\)"):
        convolve2d(torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 3, 3))
    with pytest.raises(ShapeError, match=r"kernel\[None, None\]"):
        convolve2d(torch.zeros(1, 1, 8, 8), torch.zeros(3, 3))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_output_size_is_what_pytorch_returns(stride, dilation, padding):
    for size in range(7, 13):
        for kernel in range(1, 5):
            options = {"padding": padding, "stride": stride, "dilation": dilation}
            found = F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), **options).shape[-1]
            assert output_size(size, kernel, **options) == found


def test_a_kernel_that_does_not_fit_is_refused_with_what_to_do():
    with pytest.raises(ShapeError, match=r"kernel of 7 \(with dilation 1: 7\) does not fit into 4 \+ 2 \* 1 pixels"):
        output_size(4, 7, padding=1)
    with pytest.raises(ShapeError, match="more padding"):
        convolve2d(torch.zeros(1, 1, 2, 9), torch.zeros(1, 1, 3, 3))


@pytest.mark.parametrize("options", [{"stride": 0}, {"padding": -1}, {"dilation": 0}])
def test_a_negative_padding_or_no_stride_is_refused(options):
    with pytest.raises(ChoiceError, match="at least 1, and padding at least 0; got"):
        output_size(8, 3, **options)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5])
def test_the_weights_of_a_gaussian_sum_to_one_and_are_symmetric(sigma):
    bell = gaussian_kernel(sigma, dtype=torch.float64)
    assert bell.sum() == pytest.approx(1)
    assert torch.equal(bell, bell.flip(0))


def test_the_standard_deviation_of_the_kernel_is_sigma():
    bell = gaussian_kernel(3.0, dtype=torch.float64)
    x = torch.arange(-9, 10, dtype=torch.float64)
    assert (bell * x**2).sum().sqrt().item() == pytest.approx(3.0, rel=0.02)  # the tails are cut off


def test_a_separable_blur_is_a_blur_with_the_square_kernel(image):
    bell = gaussian_kernel(1.2, dtype=torch.float64)
    padded = F.pad(image, (4, 4, 4, 4), mode="replicate")
    square = torch.outer(bell, bell).expand(3, 1, -1, -1)
    torch.testing.assert_close(separable_blur(image, 1.2), F.conv2d(padded, square, groups=3))


def test_a_separable_blur_agrees_with_scipy(image):
    ndimage = pytest.importorskip("scipy.ndimage")
    expected = ndimage.gaussian_filter(image.numpy(), (0, 0, 1.5, 1.5), mode="nearest", radius=(0, 0, 5, 5))
    torch.testing.assert_close(separable_blur(image, 1.5), torch.from_numpy(expected))


def test_a_blur_leaves_gray_alone_even_at_the_border_and_for_a_wide_sigma():
    gray = torch.full((1, 2, 5, 4), 0.3)
    torch.testing.assert_close(separable_blur(gray, 4.0), gray)


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan"), float("inf")])
def test_a_blur_without_a_width_is_refused(sigma):
    with pytest.raises(ChoiceError, match="must be a finite number, above 0, got"):
        separable_blur(torch.zeros(1, 1, 5, 5), sigma)


def test_a_ramp_is_as_steep_as_it_is():
    x, y = torch.arange(8.0), torch.arange(6.0)[:, None]
    ramp = (0.3 * x + 0.4 * y)[None, None]
    torch.testing.assert_close(sobel_edges(ramp)[..., 1:-1, 1:-1], torch.full((1, 1, 4, 6), 0.5))


def test_edges_agree_with_scipy(image):
    ndimage = pytest.importorskip("scipy.ndimage")
    channel = image[1, 2].numpy()
    across, down = (ndimage.sobel(channel, axis=axis, mode="nearest") for axis in (1, 0))
    expected = torch.from_numpy((across**2 + down**2) ** 0.5) / 8
    torch.testing.assert_close(sobel_edges(image)[1, 2], expected)


def test_a_flat_picture_has_no_edges_and_a_gradient_of_zero():
    flat = torch.full((1, 1, 4, 5), 0.7, requires_grad=True)
    edges = sobel_edges(flat)
    edges.sum().backward()
    assert not edges.any()
    assert not flat.grad.any()


def test_edges_of_a_picture_without_a_batch_axis_are_refused():
    with pytest.raises(ShapeError, match=r"sobel_edges needs floats of shape \(B, C, H, W\).*image\[None\]"):
        sobel_edges(torch.zeros(3, 8, 8))
    with pytest.raises(ShapeError, match="of torch.uint8"):
        separable_blur(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), 1.0)
