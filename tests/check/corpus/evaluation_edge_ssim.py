import torch

from nstlib.colors import luminance
from nstlib.filters import sobel_edges
from nstlib.metrics import ssim


def right_plain(image, reference):
    return ssim(2 * sobel_edges(luminance(image)), 2 * sobel_edges(luminance(reference)))


def right_function(image, reference):
    def edges(x):
        return sobel_edges(luminance(x)) * 2

    return ssim(edges(image), edges(reference))


def right_list(image, reference):
    return ssim(*[sobel_edges(luminance(x)).mul(2) for x in (image, reference)])


def right_together(image, reference):
    both = 2 * sobel_edges(luminance(torch.cat([image, reference])))
    return ssim(*both.chunk(2))


def right_scaled_before(image, reference):
    return ssim(sobel_edges(2 * luminance(image)), sobel_edges(2 * luminance(reference)))


def right_each(image, reference):
    pairs = zip(image.split(1), reference.split(1), strict=True)
    return torch.cat([right_plain(x, y) for x, y in pairs])


def wrong_not_doubled(image, reference):
    return ssim(sobel_edges(luminance(image)), sobel_edges(luminance(reference)))


def wrong_halved(image, reference):
    return ssim(sobel_edges(luminance(image)) / 2, sobel_edges(luminance(reference)) / 2)


def wrong_one_doubled(image, reference):
    return ssim(2 * sobel_edges(luminance(image)), sobel_edges(luminance(reference)))


def wrong_no_edges(image, reference):
    return ssim(luminance(image), luminance(reference))


def wrong_plain(image, reference):
    return ssim(image, reference)


def wrong_color_edges(image, reference):
    return ssim(2 * sobel_edges(image), 2 * sobel_edges(reference))


def wrong_mean_for_luminance(image, reference):
    return ssim(2 * sobel_edges(image.mean(1, keepdim=True)), 2 * sobel_edges(reference.mean(1, keepdim=True)))


def wrong_green(image, reference):
    return ssim(2 * sobel_edges(image[:, 1:2]), 2 * sobel_edges(reference[:, 1:2]))


def wrong_luminance_after(image, reference):
    return ssim(2 * luminance(sobel_edges(image)), 2 * luminance(sobel_edges(reference)))


def wrong_bgr(image, reference):
    return right_plain(image.flip(1), reference.flip(1))


def wrong_squared_edges(image, reference):
    return ssim((2 * sobel_edges(luminance(image))) ** 2, (2 * sobel_edges(luminance(reference))) ** 2)


def wrong_by_largest(image, reference):
    edges = [sobel_edges(luminance(x)) for x in (image, reference)]
    return ssim(*(e / e.max().clamp(min=1e-9) for e in edges))


def wrong_clamped(image, reference):
    return ssim(*((2 * sobel_edges(luminance(x))).clamp(0, 0.5) for x in (image, reference)))


def wrong_binary(image, reference):
    return ssim(*((2 * sobel_edges(luminance(x)) > 0.2).to(image.dtype) for x in (image, reference)))


def wrong_against_image(image, reference):
    return ssim(2 * sobel_edges(luminance(image)), luminance(reference))


def wrong_distance(image, reference):
    return 1 - right_plain(image, reference)


def wrong_mean(image, reference):
    return right_plain(image, reference).mean()


def wrong_item(image, reference):
    return right_plain(image, reference)[0].item()


def wrong_first_image(image, reference):
    return right_plain(image[:1], reference[:1])


def wrong_doubled_result(image, reference):
    return 2 * wrong_not_doubled(image, reference)


def wrong_four(image, reference):
    return ssim(4 * sobel_edges(luminance(image)), 4 * sobel_edges(luminance(reference)))


def wrong_edges_twice(image, reference):
    return ssim(*(2 * sobel_edges(2 * sobel_edges(luminance(x))) for x in (image, reference)))


def wrong_product(image, reference):
    return right_plain(image, reference) * ssim(image, reference)


def wrong_error(image, reference):
    a, b = (2 * sobel_edges(luminance(x)) for x in (image, reference))
    return (a - b).square().mean((1, 2, 3))


def wrong_in_place(image, reference):
    value = right_plain(image, reference)
    image.mul_(2)
    return value


def wrong_column(image, reference):
    return right_plain(image, reference)[:, None]


def wrong_down_only(image, reference):
    edges = [torch.nn.functional.pad(luminance(x).diff(dim=2), (0, 0, 0, 1)).abs() for x in (image, reference)]
    return ssim(*edges)


def wrong_absolute(image, reference):
    return right_plain(image, reference).abs()


def wrong_edges_clamped_at_one(image, reference):
    return ssim(*((2 * sobel_edges(luminance(x))).clamp(0, 1) for x in (image, reference)))
