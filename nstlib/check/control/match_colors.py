"""The exercise ``match_colors``, and the mistakes that people make in it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nstlib import colors
from nstlib.check.drawing import tensor
from nstlib.check.exercise import (
    Case,
    Exercise,
    Function,
    close,
    convention,
    if_loose,
    law,
    mistake,
    normal,
    scattered,
    uniform,
)

MAP = "one linear map of colors, the same for all pixels of an image, does not lead from the style to it"


def match_colors(style: Tensor, content: Tensor) -> Tensor:
    """Return the style under a linear map of colors that gives it the content's mean and covariance.

    Args:
        style: shape (B, 3, H', W'). content: shape (B, 3, H, W). Neither has a covariance of determinant 0.
    """
    return _moved(style, content, lambda given, wanted: _root(wanted) @ torch.linalg.inv(_root(given)))


def _root(covariance: Tensor) -> Tensor:
    return torch.linalg.cholesky(covariance)


def _moments(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean color, shape (B, 3, 1), and the covariance, shape (B, 3, 3)."""
    pixels = image.flatten(2)  # (B, 3, M)
    mean = pixels.mean(2, keepdim=True)
    return mean, (pixels - mean) @ (pixels - mean).mT / pixels.shape[2]


def _moved(style: Tensor, content: Tensor, matrix) -> Tensor:
    """Return the style with its mean exchanged, and the rest of each color multiplied by a matrix."""
    (mean, given), (wanted_mean, wanted) = _moments(style), _moments(content)
    return (matrix(given, wanted) @ (style.flatten(2) - mean) + wanted_mean).view_as(style)


def _watch_colors(function: Function, arguments: tuple) -> object:
    """Return the moments of what the function makes, and whether it is a linear map: which one is up to the answer."""
    style = arguments[0].detach().clone()
    image = function(*arguments)
    try:
        seen = torch.as_tensor(image).detach()
    except (TypeError, ValueError, RuntimeError):
        return {"the image": image}
    if seen.shape != style.shape or not seen.is_floating_point():
        return {"the image": image}
    mean, covariance = _moments(seen.to(style.dtype))
    return {"its mean color": mean[..., 0], "the covariance of its colors": covariance, MAP: _is_bent(seen, style)}


def _is_bent(image: Tensor, style: Tensor) -> bool:
    given, found = style.double().flatten(2).mT, image.double().flatten(2).mT  # (B, M, 3)
    if not found.isfinite().all():
        return True
    basis = torch.cat([given, torch.ones_like(given[..., :1])], 2)  # (B, M, 4)
    explained = basis @ torch.linalg.lstsq(basis, found).solution
    return bool((explained - found).abs().max() > 1e-3 * found.abs().max())


def _colors(seed: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """Return pictures whose channels go together in part, as those of photos do."""
    mix = torch.eye(3, dtype=dtype) + 0.4 * normal(seed + 200, 3, 3, dtype=dtype)
    return torch.einsum("ij,bjhw->bihw", mix, uniform(seed, *shape, dtype=dtype)) / 2


def _colors_case(seed: int, style: tuple[int, ...], content: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        images = _colors(seed, style, dtype), _colors(seed + 50, content, dtype)
        return tuple(scattered(image) for image in images) if loose else images

    return Case(f"style {style}, content {content}{if_loose(loose)}", make)


def _both() -> tuple[Tensor, Tensor]:
    return _colors(81, (2, 3, 6, 5)), _colors(82, (2, 3, 4, 7))


def _made(function: Function, style: Tensor, content: Tensor) -> tuple[Tensor, Tensor]:
    return _moments(torch.as_tensor(function(style, content)).detach().float())


@law("its mean color is the content's")
def mean(function: Function) -> bool:
    style, content = _both()
    return close(_made(function, style, content)[0], _moments(content)[0])


@law("the covariance of its colors is the content's")
def covariance(function: Function) -> bool:
    style, content = _both()
    return close(_made(function, style, content)[1], _moments(content)[1], 5e-3)


@law("pixels of one color stay pixels of one color")
def per_color(function: Function) -> bool:
    style, content = _both()
    style = torch.cat([style, style[..., :1]], 3)  # its first column again at the right
    made = torch.as_tensor(function(style, content)).detach()
    return close(made[..., 0], made[..., -1])


@law("where the pixels lie changes nothing: moved around, they get the same colors")
def shuffled(function: Function) -> bool:
    style, content = _both()
    made = torch.as_tensor(function(style, content)).detach()
    return close(function(style.flip(2, 3), content), made.flip(2, 3))


@law("the color halfway between two colors ends halfway between what they become")
def linear(function: Function) -> bool:
    style, content = _both()
    style[..., 2] = (style[..., 0] + style[..., 1]) / 2
    made = torch.as_tensor(function(style, content)).detach()
    return close(made[..., 2], (made[..., 0] + made[..., 1]) / 2)


@law("each pair of a batch is matched by itself")
def alone(function: Function) -> bool:
    style, content = _both()
    both = torch.as_tensor(function(style, content)).detach()
    return close(both[1:], function(style[1:].clone(), content[1:].clone()), 5e-3)


@mistake("The mean is right, the covariance is still the style's: its colors were moved, not stretched or turned.")
def mean_only(style: Tensor, content: Tensor) -> Tensor:
    return style - _moments(style)[0].unsqueeze(3) + _moments(content)[0].unsqueeze(3)


def matched_by_torch_std(style: Tensor, content: Tensor) -> Tensor:
    scale = content.std((2, 3), keepdim=True) / style.std((2, 3), keepdim=True)
    return (style - style.mean((2, 3), keepdim=True)) * scale + content.mean((2, 3), keepdim=True)


@mistake(
    "Each channel has the right mean and deviation, but how the channels go *together* is not the content's: that is what "
    "the other six entries of the covariance say.",
    variants=(matched_by_torch_std,),
)
def channel_by_channel(style: Tensor, content: Tensor) -> Tensor:
    def scales(given: Tensor, wanted: Tensor) -> Tensor:
        ratio = wanted.diagonal(dim1=1, dim2=2) / given.diagonal(dim1=1, dim2=2)
        return torch.diag_embed(ratio.sqrt())

    return _moved(style, content, scales)


@mistake(
    "The matrices are in the wrong order. First take the style's covariance away (its inverse root, next to the pixels), "
    "then put the content's in."
)
def wrong_order(style: Tensor, content: Tensor) -> Tensor:
    return _moved(style, content, lambda given, wanted: torch.linalg.inv(_root(given)) @ _root(wanted))


@mistake("A covariance is in squared units: T C T^T. So T needs *roots* of the covariances, not the covariances.")
def without_roots(style: Tensor, content: Tensor) -> Tensor:
    return _moved(style, content, lambda given, wanted: wanted @ torch.linalg.inv(given))


@mistake(
    "Style and content are exchanged in the matrix: it takes the content's covariance away and puts the style's in."
)
def exchanged(style: Tensor, content: Tensor) -> Tensor:
    return _moved(style, content, lambda given, wanted: _root(given) @ torch.linalg.inv(_root(wanted)))


@mistake(
    "`torch.linalg.cholesky` returns the *lower* factor L with L L^T = C. Here its transpose is used: L^T L is another "
    "matrix."
)
def transposed_roots(style: Tensor, content: Tensor) -> Tensor:
    return _moved(style, content, lambda given, wanted: _root(wanted).mT @ torch.linalg.inv(_root(given)).mT)


@mistake("The style's mean is multiplied by the matrix as well. Take it off first, and add the content's at the end.")
def mean_multiplied(style: Tensor, content: Tensor) -> Tensor:
    matrix = _root(_moments(content)[1]) @ torch.linalg.inv(_root(_moments(style)[1]))
    return (matrix @ style.flatten(2) + _moments(content)[0]).view_as(style)


@mistake(
    "The style's covariance is taken away, but the content's is not put in: this is white. Multiply by its root as well."
)
def whitened_only(style: Tensor, content: Tensor) -> Tensor:
    return _moved(style, content, lambda given, wanted: torch.linalg.inv(_root(given)))


@mistake("The means are still in the matrices: a covariance is a mean of products *after* the mean color is taken off.")
def with_the_means_inside(style: Tensor, content: Tensor) -> Tensor:
    (mean, given), (wanted_mean, wanted) = _moments(style), _moments(content)
    roots = (_root(each + m @ m.mT) for each, m in ((wanted, wanted_mean), (given, mean)))
    matrix = next(roots) @ torch.linalg.inv(next(roots))
    return (matrix @ (style.flatten(2) - mean) + wanted_mean).view_as(style)


@mistake("The covariance is right, and the mean color is 0: the content's mean is to be added at the end.")
def mean_not_added(style: Tensor, content: Tensor) -> Tensor:
    return match_colors(style, content) - _moments(content)[0].unsqueeze(3)


@mistake("The covariance is right, but the mean color is still the style's.")
def mean_of_the_style(style: Tensor, content: Tensor) -> Tensor:
    return mean_not_added(style, content) + _moments(style)[0].unsqueeze(3)


@mistake(
    "It is clamped to [0, 1], so mean and covariance are only nearly the content's. The statement says: do not clamp."
)
def clamped(style: Tensor, content: Tensor) -> Tensor:
    return match_colors(style, content).clamp(0, 1)


@mistake(
    "The histograms of the channels are matched one by one. That bends the colors, and how channels go together is still "
    "not the content's. One matrix for all pixels is asked for."
)
def histograms(style: Tensor, content: Tensor) -> Tensor:
    return colors.match_histogram(style, content)


@mistake("The images of a batch share one mean and one covariance. Each pair is matched by itself.")
def batch_folded(style: Tensor, content: Tensor) -> Tensor:
    long = [image.transpose(0, 1).flatten(1, 2)[None] for image in (style, content)]  # (1, 3, B*H, W)
    return match_colors(*long)[0].unflatten(1, (len(style), -1)).transpose(0, 1)


@convention(
    "Your covariances divide by the number of pixels minus 1, as torch.cov does by itself. Both are in use; where style and "
    "content differ in size, your numbers below will differ a little from the book's."
)
def unbiased(style: Tensor, content: Tensor) -> Tensor:
    sizes = (image[0, 0].numel() for image in (style, content))
    ratio = math.prod((m / (m - 1)) ** sign for m, sign in zip(sizes, (-1, 1), strict=True))
    mean = _moments(content)[0].unsqueeze(3)
    return (match_colors(style, content) - mean) * ratio**0.5 + mean


def _varied(*images: Tensor) -> bool:
    """Return whether the colors vary in all directions, and not in one far more than in another."""
    for image in images:
        variances = torch.linalg.eigvalsh(_moments(image.double())[1])
        if not (variances[:, 0] > 0.02 * variances[:, 2]).all() or not (variances[:, 0] > 0.003).all():
            return False
    return True


EXERCISE = Exercise(
    __name__,
    title="The content's colors, put on the style",
    difficulty=3,
    minutes=14,
    extra=True,
    signature="match_colors(style, content)",
    hints=(
        "Colors multiplied by a matrix T have the covariance T C T^T. Go through white: one matrix that makes the style's "
        "covariance the identity, then one that makes the identity the content's.",
        "A root of C is any L with L L^T = C; `torch.linalg.cholesky` finds one. With L for the style and K for the "
        "content, T = K L^-1 does it. Take the style's mean off before, add the content's after.",
        "`pixels = style.flatten(2)`, `T = cholesky(cov_content) @ inv(cholesky(cov_style))`, then "
        "`(T @ (pixels - mean_style) + mean_content).view_as(style)`.",
    ),
    reference=match_colors,
    cases=(
        _colors_case(1, (1, 3, 6, 7), (1, 3, 5, 6)),
        _colors_case(2, (2, 3, 5, 6), (2, 3, 7, 4)),
        _colors_case(3, (2, 3, 6, 5), (2, 3, 6, 5), loose=True),
        _colors_case(4, (1, 3, 1, 40), (1, 3, 9, 5)),
    ),
    observe=_watch_colors,
    takes={"style": tensor("B 3 H W", ("uniform", "normal")), "content": tensor("B 3 P Q", ("uniform", "normal"))},
    sizes={"H": (4, 8), "W": (4, 8), "P": (4, 8), "Q": (4, 8)},
    allowed=_varied,
    verified="the content's mean and covariance, by a linear map of colors; which of the many is up to you",
)
