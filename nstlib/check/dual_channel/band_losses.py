"""The exercise ``band_losses``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nstlib.check.drawing import Make, Pick, Sizes, several, tensor, together
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered
from nstlib.frequency import tight_frame

Bands = Sequence[Tensor]


def band_losses(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    """Return each band's share of a relative content loss, shape (K,)."""
    return _errors(bands, target_bands, weights) / _energies(target_bands).sum()


def _energies(bands: Bands) -> Tensor:
    return torch.stack([band.square().mean() for band in bands])


def _errors(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    errors = _energies([band - target for band, target in zip(bands, target_bands, strict=True)])
    return errors * errors.new_tensor(weights)


def _bands_case(
    seed: int, shape: tuple[int, ...], cutoffs: tuple[float, ...], weights: tuple[float, ...], *, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor], list[float]]:
        pair = [normal(seed + k, *shape, dtype=dtype) + 0.4 for k in (0, 40)]
        bands, targets = (tight_frame(features, cutoffs) for features in pair)
        if loose:
            bands, targets = ([scattered(band) for band in them] for them in (bands, targets))
        return bands, targets, list(weights)

    return Case(f"{len(weights)} bands {shape}{if_loose(loose)}, weights {weights}", make, {"K": len(weights)})


def _framed() -> tuple[list[Tensor], list[Tensor], Tensor, Tensor]:
    features, target = normal(7, 2, 3, 8, 10) + 0.4, normal(8, 2, 3, 8, 10) + 0.4
    target = target * torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)  # a batch whose images are not as strong
    return tight_frame(features, (0.3, 0.1)), tight_frame(target, (0.3, 0.1)), features, target


@law("with weights of 1 the bands of a tight frame sum to the classic relative loss")
def bands_sum(function: Function) -> bool:
    bands, targets, features, target = _framed()
    expected = (features - target).square().mean() / target.square().mean()
    return close(torch.as_tensor(function(bands, targets, [1.0, 1.0, 1.0])).sum(), expected)


@law("a weight of 0 takes out its band and leaves the others alone")
def left_out(function: Function) -> bool:
    bands, targets, _, _ = _framed()
    some, every = (torch.as_tensor(function(bands, targets, [w, 1.0, 1.0])) for w in (0.0, 1.0))
    return close(some, every * torch.tensor([0.0, 1.0, 1.0])) and bool(every[0] > 0)


@law("three times the difference costs nine times as much")
def square(function: Function) -> bool:
    bands, targets, _, _ = _framed()
    further = [target + 3 * (band - target) for band, target in zip(bands, targets, strict=True)]
    return close(
        function(further, targets, [1.0, 2.0, 3.0]), 9 * torch.as_tensor(function(bands, targets, [1.0, 2.0, 3.0]))
    )


@law("bands that are equal cost nothing")
def of_equals(function: Function) -> bool:
    _, targets, _, _ = _framed()
    return close(function([band.clone() for band in targets], targets, [1.0, 2.0, 3.0]), torch.zeros(3))


@law("features and target five times as strong cost the same")
def relative(function: Function) -> bool:
    bands, targets, _, _ = _framed()
    found = torch.as_tensor(function(bands, targets, [1.0, 2.0, 3.0]))
    return close(function([5 * b for b in bands], [5 * b for b in targets], [1.0, 2.0, 3.0]), found) and bool(
        found.any()
    )


@mistake("It is divided by the mean of the bands' energies. Their sum is asked for: the energy of the whole target.")
def mean_of_the_energies(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / _energies(target_bands).mean()


@mistake(
    "Each band is divided by its own energy, so an almost empty band counts as much as a full one, and they no "
    "longer sum to the classic loss. What do all bands share?",
)
def each_band_by_itself(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / _energies(target_bands)


@mistake(
    "It is divided by the energy of the image's own bands, which moves while the image does. Which of the two is "
    "the goal?"
)
def relative_to_the_image(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / _energies(bands).sum()


@mistake("Nothing is divided by the target's energy, so strong layers cost more. Relative to what should it be?")
def not_relative(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights)


@mistake(
    "The target's bands are summed before they are squared. In a tight frame it is the *energies* that sum to the "
    "whole's, not the bands."
)
def energy_of_the_sum(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return _errors(bands, target_bands, weights) / sum(target_bands).square().mean()


@mistake("These are all bands in one sum. One number for each band is asked for, shape (K,).")
def added_up(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, weights).sum()


@mistake(
    "The bands are summed first and squared then, so they interfere. Square each by itself, and return them one by one."
)
def joined_before_squaring(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    error = sum(w * (band - target) for band, target, w in zip(bands, target_bands, weights, strict=True))
    return error.square().mean() / _energies(target_bands).sum()


@mistake("The weights are squared too: they stand inside the parentheses. Multiply after squaring.")
def weights_squared(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, [weight**2 for weight in weights])


@mistake(
    "The weights are divided by their sum. Then weights of 1 no longer give the classic loss: take them as they come."
)
def weights_sum_to_one(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, [weight / sum(weights) for weight in weights])


@mistake("`weights` is not used: every band counts the same.")
def weights_forgotten(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    return band_losses(bands, target_bands, [1.0] * len(weights))


@mistake(
    "The weights also stand below the line, so they partly cancel. The target's energy is what it is, without weights."
)
def scale_weighted(bands: Bands, target_bands: Bands, weights: Sequence[float]) -> Tensor:
    energies = _energies(target_bands)
    return _errors(bands, target_bands, weights) / (energies * energies.new_tensor(weights)).sum()


def _some_bands(pick: Pick, sizes: Sizes) -> tuple[tuple[str, ...], Make]:
    """Draw K bands, K more, and K weights: 0, whole, or negative as one takes a band away."""
    count = sizes["K"]
    bands, targets = (
        several(tensor("B C H W", sorts), count, count)(pick, sizes)
        for sorts in (("normal", "rectified", "ties", "tiny"), ("normal", "positive", "ties", "equal"))
    )
    weights = [pick.one_of((1, 0, 2.5, 0.5, -1.0)) for _ in range(count)]
    return (bands[0], targets[0], f"{weights}"), lambda dtype: (bands[1](dtype), targets[1](dtype), list(weights))


EXERCISE = Exercise(
    __name__,
    title="The content loss, band by band",
    difficulty=2,
    minutes=12,
    signature="band_losses(bands, target_bands, weights)",
    hints=(
        "In a tight frame energies add up: the squared distance of the whole is the sum of the squared distances of its "
        "bands. A relative loss has one number below the line; what must it be, so that the sum still works out?",
        "Above the line, for each band: its weight times the mean square of its difference. Below, for all bands the "
        "same: the mean square of the whole target, which is the sum of those of its bands.",
        "`scale = sum(t.square().mean() for t in target_bands)`, then stack "
        "`w * (b - t).square().mean() / scale` over the bands.",
    ),
    reference=band_losses,
    cases=(
        _bands_case(1, (1, 3, 8, 10), (0.2,), (2.0, 0.5)),
        _bands_case(2, (2, 2, 6, 8), (0.3, 0.1), (0.5, 3.0, 1.5)),
        _bands_case(3, (2, 4, 7, 5), (0.25,), (0.25, 4.0), loose=True),
        _bands_case(4, (1, 2, 9, 6), (0.4, 0.2, 0.08), (1.0, 0.3, 2.0, 0.6)),
    ),
    takes=dict(zip(("bands", "target_bands", "weights"), together(3, _some_bands), strict=True)),
    sizes={"K": (1, 5), "H": (1, 5), "W": (1, 5)},
    drawn=8,
    differentiable=(0,),
    verified="bands of a tight frame with weights of 1 sum to the classic loss",
)
