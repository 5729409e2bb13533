"""The exercise ``inversion_loss``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib import inversion
from nstlib.check.drawing import PICTURE, Make, Pick, Sizes, real, tensor, together
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered, uniform
from nstlib.check.inversion._shared import error_plain_mean, picture, sums

See = Callable[[Tensor], Tensor]


def inversion_loss(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    """Return normalized error plus weight times relative total variation (beta 2), for each image: shape (B,).

    Args:
        image: shape (B, C, H, W).
        see: from an image to its features.
        target: features wanted, shape (B, c, h, w).
        weight: lambda.
        slope: what differences of a typical photo are; the mean of dx**2 + dy**2 is divided by its square.
    """
    roughness = inversion.tv_norm(image) / (image[0].numel() * slope**2)
    return inversion.normalized_error(see(image), target) + weight * roughness


def _eye(seed: int, channels: int, dtype: torch.dtype) -> See:
    kernels = normal(seed, 4, channels, 3, 3, dtype=dtype)

    def see(image: Tensor) -> Tensor:
        return F.max_pool2d(F.conv2d(image, kernels.to(image), padding=1).relu(), 2)

    return see


def _loss_case(seed: int, shape: tuple[int, ...], weight: float, slope: float, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, See, Tensor, float, float]:
        image, photo = uniform(seed, *shape, dtype=dtype), uniform(seed + 50, *shape, dtype=dtype)
        see = _eye(seed + 20, shape[1], dtype)
        return scattered(image) if loose else image, see, see(photo), weight, slope

    return Case(f"image {shape}{if_loose(loose)}, weight {weight:g}, slope {slope:g}", make, {"weight": weight, "2": 2})


def _inversion(function: Function, image: Tensor, target: Tensor | None = None, weight: float = 0.3) -> Tensor:
    see = _eye(3, 3, image.dtype)
    return torch.as_tensor(function(image, see, see(picture()) if target is None else target, weight, 0.2))


@law("a flat image with the right features has nothing to lower")
def of_a_flat_target(function: Function) -> bool:
    """A flat image that has the right features has nothing to lower."""
    image = torch.full((2, 3, 4, 6), 0.3)
    return close(_inversion(function, image, _eye(3, 3, image.dtype)(image)), torch.zeros(2))


@law("with weight 0 it is the normalized error")
def without_weight(function: Function) -> bool:
    image = uniform(14, 2, 3, 4, 5)
    see = _eye(3, 3, image.dtype)
    return close(_inversion(function, image, weight=0.0), inversion.normalized_error(see(image), see(picture())))


@law("three times the weight is three times the second term")
def linear(function: Function) -> bool:
    image = uniform(14, 2, 3, 4, 5)
    none, one, three = (_inversion(function, image, weight=weight) for weight in (0.0, 1.0, 3.0))
    return close(three - none, 3 * (one - none))


@law("an image whose every difference is one slope costs its weight")
def typical(function: Function) -> bool:
    """An image in which every difference is one slope costs exactly its weight."""
    ramp = (0.2 * torch.arange(400.0)).expand(1, 3, 2, 400)
    see = _eye(3, 3, ramp.dtype)
    return close(_inversion(function, ramp, see(ramp), weight=2.0), torch.tensor([2.0]), 5e-3)


@law("a small step against the gradient lowers the error")
def feels(function: Function) -> bool:
    image = uniform(14, 1, 3, 4, 5).requires_grad_(True)
    see = _eye(3, 3, image.dtype)
    loss = _inversion(function, image, see(picture()[:1]), weight=0.0)
    (gradient,) = torch.autograd.grad(loss.sum(), image)
    return bool(
        (loss.detach() > _inversion(function, (image - 1e-3 * gradient).detach(), see(picture()[:1]), 0.0)).all()
    )


def _parts(image: Tensor, see: See, target: Tensor, slope: float) -> tuple[Tensor, Tensor]:
    error = inversion.normalized_error(see(image), target)
    return error, inversion.tv_norm(image) / (image[0].numel() * slope**2)


@mistake(
    "The weight stands before the error. Lambda is the price of roughness: with 0, only the features should count."
)
def weight_on_the_error(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return weight * error + roughness


@mistake("The weight stands before both terms, so it changes no balance.")
def weight_on_both(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return weight * (error + roughness)


@mistake("`weight` is not used. Which term should it scale?")
def weight_forgotten(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return sum(_parts(image, see, target, slope))


@mistake("The error is scaled by 1 - weight. Here the error stays as it is, and the weight may be larger than 1.")
def blended(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return (1 - weight) * error + weight * roughness


@mistake("It is divided by the slope once. With beta 2 the differences were squared: how is their unit removed?")
def slope_not_squared(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * slope


@mistake("`slope` is not used. How rough would a photo be?")
def slope_forgotten(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * slope**2


@mistake("It is multiplied by the squared slope. The term should be about 1 for a photo: divide.")
def times_slope(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * slope**4


@mistake("The roughness is a sum over all numbers of the image, so the same lambda would mean more for a larger one.")
def not_averaged(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * image[0].numel()


@mistake("It is divided by the positions only, and the sum goes over the channels too: how many numbers has an image?")
def channels_not_counted(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness * image.shape[1]


@mistake("It is divided by the numbers of the whole batch. Each image has its own roughness: divide by its own.")
def batch_counted(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error + weight * roughness / len(image)


@mistake(
    "The value is right, but the features are cut loose from the image, so that only roughness pulls at the pixels."
)
def features_detached(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, lambda x: see(x.detach()), target, slope)
    return error + weight * roughness


@mistake("This measures how rough the *features* are. It is the image that should look like a photo.")
def roughness_of_the_features(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    features = see(image)
    roughness = inversion.tv_norm(features) / (features[0].numel() * slope**2)
    return inversion.normalized_error(features, target) + weight * roughness


@mistake("The roughness is subtracted, and so it is rewarded.")
def subtracted(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    error, roughness = _parts(image, see, target, slope)
    return error - weight * roughness


def loss_error_mean(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return error_plain_mean(see(image), target) + weight * _parts(image, see, target, slope)[1]


@mistake(
    "The error is not divided by the size of the target. Then each layer would want another lambda.",
    variants=(loss_error_mean,),
)
def error_not_normalized(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return sums((see(image) - target) ** 2) + weight * _parts(image, see, target, slope)[1]


@mistake("This is the error alone. What keeps the noise out of the image?")
def error_alone(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return _parts(image, see, target, slope)[0]


def loss_mean(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return inversion_loss(image, see, target, weight, slope).mean()


@mistake("The batch has one number together. Each image has its own: shape (B,).", variants=(loss_mean,))
def batch_together(image: Tensor, see: See, target: Tensor, weight: float, slope: float) -> Tensor:
    return inversion_loss(image, see, target, weight, slope).sum()


def _some_features(pick: Pick, sizes: Sizes) -> tuple[tuple[str, str], Make]:
    """Draw a network without edges, so that single precision finds the same slope, and what it sees in another image."""
    shape, out, seed = tuple(sizes[letter] for letter in "BCHW"), pick.whole(1, 4), pick.whole(0, 999)

    def make(dtype: torch.dtype) -> tuple[See, Tensor]:
        kernels = normal(seed, out, shape[1], 3, 3, dtype=dtype)

        def see(image: Tensor) -> Tensor:
            return F.avg_pool2d(F.softplus(F.conv2d(image, kernels.to(image), padding=1)), 2)

        return see, see(uniform(seed + 1, *shape, dtype=dtype))

    return (f"with {out} channels", "of another image"), make


_SEE, _TARGET = together(2, _some_features)


EXERCISE = Exercise(
    __name__,
    title="What an inversion lowers",
    difficulty=2,
    minutes=10,
    signature="inversion_loss(image, see, target, weight, slope)",
    hints=(
        "Two wishes, and a price between them: the features should be those of the target, and the image should be no "
        "rougher than a photo.",
        "The error is yours already. Divide the roughness by what a photo would have: by how many numbers an image holds, "
        "and by the square of the slope. `weight` stands before that second term.",
        "`normalized_error(see(image), target) + weight * tv_norm(image, 2.0, 1e-6) / (image[0].numel() * slope**2)`",
    ),
    reference=inversion_loss,
    cases=(
        _loss_case(1, (1, 3, 4, 6), 0.3, 0.2),
        _loss_case(2, (2, 3, 6, 5), 2.0, 0.3),
        _loss_case(3, (2, 2, 7, 4), 0.1, 0.15, loose=True),
        _loss_case(4, (1, 4, 5, 8), 0.7, 0.4),
        _loss_case(5, (1, 1, 6, 4), 0.5, 0.3),
    ),
    takes={
        "image": tensor("B C H W", (*PICTURE, "normal")),
        "see": _SEE,
        "target": _TARGET,
        "weight": real(0.1, 2.0),
        "slope": real(0.1, 0.5),
    },
    sizes={"H": (2, 7), "W": (2, 7)},
    differentiable=(0,),
    verified="both terms relative, lambda before the second, and both reach the pixels",
)
