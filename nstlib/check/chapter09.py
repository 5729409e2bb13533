"""Exercises of chapter 09, the losses, with the mistakes that people make in them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from nstlib import losses
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered, uniform
from nstlib.gram import gram_matrix

CHAPTER = "09_losses"
_CUT = (
    "The number is right, but it is cut off from the image: no gradient comes back. Is there a .item(), float(), "
    ".detach(), .data or torch.no_grad() on the way?"
)


def _quantities(shape: tuple[int, ...]) -> dict[str, float]:
    _, c, h, w = shape
    sizes = {"2": 2.0, "4": 4.0, "8": 8.0, "H*W": h * w, "C": c, "C*H*W": c * h * w, "C*C": c * c}
    return {**sizes, "(H*W)**2": (h * w) ** 2, "(C*H*W)**2": (c * h * w) ** 2, "2*C*H*W": 2 * c * h * w}


def _loose(loose: bool) -> str:
    return ", not contiguous in memory" if loose else ""


# content_loss and content_gradient --------------------------------------------------------------------------------------


def _pair(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        a, b = normal(seed, *shape, dtype=dtype) + 0.3, normal(seed + 50, *shape, dtype=dtype)
        a, b = (a.relu(), b.relu()) if rectified else (a, b)
        return (scattered(a), scattered(b)) if loose else (a, b)

    return Case(f"features and target {shape}{_loose(loose)}", make, _quantities(shape))


def _ab(rectified: bool = False) -> tuple[Tensor, Tensor]:
    a, b = normal(11, 1, 3, 4, 5) + 0.3, normal(12, 1, 3, 4, 5)
    return (a.relu(), b.relu()) if rectified else (a, b)


def _content_of_equals(function: Function) -> bool:
    a, _ = _ab()
    return close(function(a, a.clone()), 0.0)


def _content_symmetric(function: Function) -> bool:
    a, b = _ab()
    return close(function(a, b), function(b, a)) and not close(function(a, b), 0.0)


def _content_squares(function: Function) -> bool:
    a, b = _ab()
    return close(function(b + 3 * (a - b), b), 9 * torch.as_tensor(function(a, b)))


def _content_one_unit(function: Function) -> bool:
    target = torch.zeros(1, 2, 3, 4)
    features = target.clone()
    features[0, 1, 2, 3] = 2.0
    return close(function(features, target), 2.0)


def _content_moved(function: Function) -> bool:
    a, _ = _ab()
    return float(function(a.roll(1, -1), a)) > 0.1


def content_half_lost(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().sum()


def content_absolute(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).abs().sum() / 2


def content_absolute_whole(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).abs().sum()


def content_absolute_mean(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).abs().mean()


def content_root(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().sum().sqrt()


def content_half_root(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().sum().sqrt() / 2


def content_root_of_half(features: Tensor, target: Tensor) -> Tensor:
    return ((features - target).square().sum() / 2).sqrt()


def content_cut(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features.detach(), target)


def content_squared_sum(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).sum().square() / 2


def content_of_squares(features: Tensor, target: Tensor) -> Tensor:
    return (features.square() - target.square()).sum() / 2


def content_of_absolute_squares(features: Tensor, target: Tensor) -> Tensor:
    return (features.square() - target.square()).abs().sum() / 2


def content_half_mean(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).square().mean() / 2


def content_by_positions(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target) / features[0, 0].numel()


def content_mean(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target, convention="mean")


def content_deeplearning(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target, convention="deeplearning.ai")


def content_relative(features: Tensor, target: Tensor) -> Tensor:
    return losses.content_loss(features, target, convention="relative")


CONTENT_LOSS = Exercise(
    name="content_loss",
    chapter=CHAPTER,
    title="How far from the scene",
    difficulty=1,
    minutes=6,
    signature="content_loss(features, target)",
    hints=(
        "Content is *what is where*: compare the two activations unit by unit. Any difference counts, up or down, "
        "and large ones more.",
        "Subtract, square, sum over everything, halve. Gatys et al. (2016, eq. 1) do not divide by the size.",
        "`((features - target) ** 2).sum() / 2`",
    ),
    reference=losses.content_loss,
    cases=(
        _pair(1, (1, 3, 4, 5)),
        _pair(2, (1, 5, 3, 4)),
        _pair(3, (1, 4, 6, 3), loose=True),
        _pair(4, (1, 2, 5, 7), rectified=True),
    ),
    laws=(
        Law("the loss of features that are equal is 0", _content_of_equals),
        Law("it is the same from features to target as the other way round", _content_symmetric),
        Law("three times the difference costs nine times as much", _content_squares),
        Law("one unit that is wrong by 2 costs 2", _content_one_unit),
        Law("features moved by one position are another content", _content_moved),
    ),
    mistakes=(
        Mistake(
            "half_lost",
            content_half_lost,
            "It is 2 times too large: the 1/2 of equation 1 is missing. What does it do to the derivative of a square?",
        ),
        Mistake(
            "absolute_values",
            content_absolute,
            "These are absolute differences. Squares are asked for: what is the slope of each where the difference is "
            "small?",
            (content_absolute_whole, content_absolute_mean),
        ),
        Mistake(
            "square_root",
            content_root,
            "This is the length of the difference; its square is asked for. Is there a sqrt or a norm without **2?",
            (content_half_root, content_root_of_half),
        ),
        Mistake("gradient_cut", content_cut, _CUT),
        Mistake(
            "summed_before_squaring",
            content_squared_sum,
            "The differences are summed first and squared then, so that plus and minus cancel. Which comes first?",
        ),
        Mistake(
            "squared_before_subtracting",
            content_of_squares,
            "Features and target are squared before they are subtracted. Where does the **2 belong, in or out of the "
            "parentheses?",
            (content_of_absolute_squares,),
        ),
        Mistake(
            "half_mean",
            content_half_mean,
            "This is half of the *mean* of squares, which none of the papers uses. Gatys sums: the factor is C*H*W.",
        ),
        Mistake(
            "divided_by_positions",
            content_by_positions,
            "It is H*W times too small. The mean over positions belongs to the Gram matrix; here the plain sum is asked "
            "for.",
        ),
    ),
    conventions=(
        Convention(
            "mean",
            content_mean,
            "This is the mean of squares, the convention of Johnson et al. (2016) and of the PyTorch tutorial. Your "
            "numbers below will differ from the book's by the factor 2/(C*H*W), and alpha has to make up for it.",
        ),
        Convention(
            "deeplearning.ai",
            content_deeplearning,
            "This is the convention of the Deep Learning Specialization, sum/(4*H*W*C). Your numbers below will differ "
            "from the book's by the factor 1/(2*C*H*W), and alpha has to make up for it.",
        ),
        Convention(
            "relative",
            content_relative,
            "This is the relative loss, the mean of squares over that of the target, as nstlib.transfer uses it. Your "
            "numbers below will differ from the book's by 2/sum(target**2), and alpha has to make up for it.",
        ),
    ),
    differentiable=(0,),
    verified="half the sum of squared differences, as in Gatys et al. (2016, eq. 1)",
)


def _slope_autograd(function: Function) -> bool:
    before = normal(13, 1, 3, 4, 5).requires_grad_(True)
    target = _ab(rectified=True)[1]
    features = before.relu()
    ((features - target).square().sum() / 2).backward()
    return close(function(features.detach(), target), before.grad)


def _slope_off(function: Function) -> bool:
    a, b = _ab(rectified=True)
    return bool((torch.as_tensor(function(a, b))[a == 0] == 0).all())


def _slope_of_equals(function: Function) -> bool:
    a, _ = _ab(rectified=True)
    return close(function(a, a.clone()), torch.zeros_like(a))


def _slope_strength(function: Function) -> bool:
    a, b = _ab(rectified=True)
    return close(function(2 * a, 2 * b), 2 * torch.as_tensor(function(a, b)))


def _slope_descends(function: Function) -> bool:
    a, b = _ab(rectified=True)
    down = a - 0.5 * torch.as_tensor(function(a, b))
    return bool((down - b).square().sum() < (a - b).square().sum())


def slope_everywhere(features: Tensor, target: Tensor) -> Tensor:
    return features - target


def slope_where_target_fires(features: Tensor, target: Tensor) -> Tensor:
    return (features - target) * (target > 0)


def slope_upside_down(features: Tensor, target: Tensor) -> Tensor:
    return (target - features) * (features > 0)


def slope_doubled(features: Tensor, target: Tensor) -> Tensor:
    return 2 * (features - target) * (features > 0)


def slope_averaged(features: Tensor, target: Tensor) -> Tensor:
    return (features - target) * (features > 0) / features.numel()


def slope_averaged_doubled(features: Tensor, target: Tensor) -> Tensor:
    return 2 * slope_averaged(features, target)


def slope_where_too_strong(features: Tensor, target: Tensor) -> Tensor:
    return (features - target).relu()


def slope_masked_before(features: Tensor, target: Tensor) -> Tensor:
    return (features - target) * (features <= 0)


CONTENT_GRADIENT = Exercise(
    name="content_gradient",
    chapter=CHAPTER,
    title="The gradient, by hand",
    difficulty=2,
    minutes=8,
    signature="content_gradient(features, target)",
    hints=(
        "Half a square has a simple derivative. But the activations come out of a ReLU: what happens to a unit that is "
        "off when its input moves a little?",
        "The derivative of 1/2 (F - P)**2 is F - P. Where the unit is off (F = 0) nothing is felt: there it is 0 "
        "(Gatys et al., 2016, eq. 2).",
        "`(features - target) * (features > 0)`",
    ),
    reference=losses.content_gradient,
    cases=(
        _pair(21, (1, 3, 4, 5), rectified=True),
        _pair(22, (2, 5, 3, 4), rectified=True),
        _pair(23, (2, 4, 6, 3), rectified=True, loose=True),
        _pair(24, (1, 2, 5, 7), rectified=True),
    ),
    laws=(
        Law("it is what autograd finds for the input of the ReLU", _slope_autograd),
        Law("a unit that is off does not feel the loss", _slope_off),
        Law("features that are equal have no slope", _slope_of_equals),
        Law("twice the features and target have twice the slope", _slope_strength),
        Law("a small step against it lowers the loss", _slope_descends),
    ),
    mistakes=(
        Mistake(
            "mask_forgotten",
            slope_everywhere,
            "Units that are off are included. The loss is felt through a ReLU: what is its slope where F is 0?",
        ),
        Mistake(
            "mask_of_the_target",
            slope_where_target_fires,
            "The mask asks where the *target* fires. Through whose ReLU does the gradient go, the image's or the "
            "target's?",
        ),
        Mistake(
            "upside_down",
            slope_upside_down,
            "The sign is turned around: this is P - F. A gradient points to where the loss *rises*.",
        ),
        Mistake(
            "factor_two",
            slope_doubled,
            "It is 2 times too large. The derivative of a square brings a 2; what is the 1/2 in the loss for?",
        ),
        Mistake(
            "averaged",
            slope_averaged,
            "It is divided by the number of units. Gatys' content loss is a sum, so nothing is divided.",
            (slope_averaged_doubled,),
        ),
        Mistake(
            "mask_of_the_difference",
            slope_where_too_strong,
            "Only units that fire too strongly are included. A unit that is on, but too weak, feels the loss too: mask "
            "with F > 0, not with F - P > 0.",
        ),
        Mistake(
            "mask_inverted",
            slope_masked_before,
            "The mask is the wrong way round: it keeps the units that are off and drops those that fire.",
        ),
    ),
    verified="equation 2 of Gatys et al. (2016), which autograd agrees with",
)


# style_loss -------------------------------------------------------------------------------------------------------------


def _style_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features = normal(seed, *shape, dtype=dtype) + 0.3
        target = gram_matrix(normal(seed + 50, 1, shape[1], 5, 6, dtype=dtype).relu())
        return (scattered(features) if loose else features), target

    label = f"features {shape}{_loose(loose)}, target_gram {(1, shape[1], shape[1])}"
    return Case(label, make, _quantities(shape))


def _style_pair() -> tuple[Tensor, Tensor]:
    return normal(31, 1, 3, 4, 5) + 0.3, gram_matrix(normal(32, 1, 3, 5, 6))


def _style_of_equals(function: Function) -> bool:
    features, _ = _style_pair()
    return bool(torch.as_tensor(function(features, gram_matrix(features))).abs() < 1e-6)


def _style_moved(function: Function) -> bool:
    features, target = _style_pair()
    return close(function(features.flip(-1).roll(2, -2), target), function(features, target))


def _style_tiled(function: Function) -> bool:
    features, target = _style_pair()
    return close(function(features.repeat(1, 1, 2, 3), target), function(features, target))


def _style_strength(function: Function) -> bool:
    features, target = _style_pair()
    return close(function(2 * features, 4 * target), 16 * torch.as_tensor(function(features, target)))


def _style_paper(function: Function) -> bool:
    features, target = _style_pair()
    vectors = features[0].flatten(1)
    error = (vectors @ vectors.T - 20 * target[0]).square().sum() / (4 * 3**2 * 20**2)
    return close(function(features, target), error)


def _gram_error(features: Tensor, target_gram: Tensor) -> Tensor:
    return gram_matrix(features) - target_gram


def style_halved(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().mean() / 2


def style_positions_again(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram) / features[0, 0].numel() ** 2


def style_positions_again_once(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram) / features[0, 0].numel()


def style_sum_against_mean(features: Tensor, target_gram: Tensor) -> Tensor:
    return (gram_matrix(features) * features[0, 0].numel() - target_gram).square().mean() / 4


def style_sum_against_mean_as_printed(features: Tensor, target_gram: Tensor) -> Tensor:
    return style_sum_against_mean(features, target_gram) / features[0, 0].numel() ** 2


def style_sum_against_mean_whole(features: Tensor, target_gram: Tensor) -> Tensor:
    return 4 * style_sum_against_mean(features, target_gram)


def style_absolute(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).abs().mean() / 4


def style_absolute_whole(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).abs().mean()


def style_root(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum().sqrt()


def style_root_of_mean(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().mean().sqrt() / 4


def style_root_of_all(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram).sqrt()


def style_summed(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum() / 4


def style_summed_whole(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum()


def style_cut(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features.detach(), target_gram)


def style_channels_for_entries(features: Tensor, target_gram: Tensor) -> Tensor:
    return _gram_error(features, target_gram).square().sum() / (4 * features.shape[1])


def style_mean(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram, convention="mean")


def style_pytorch(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram, convention="pytorch")


def style_relative(features: Tensor, target_gram: Tensor) -> Tensor:
    return losses.style_loss(features, target_gram, convention="relative")


STYLE_LOSS = Exercise(
    name="style_loss",
    chapter=CHAPTER,
    title="How far from the texture",
    difficulty=2,
    minutes=12,
    signature="style_loss(features, target_gram)",
    hints=(
        "The style of a layer *is* its Gram matrix here. So make the image's, and compare the two matrices entry by "
        "entry.",
        "Gatys' E_l is the sum of squared differences of *sums* over (4 C**2 M**2). Your Gram matrices are means over "
        "the M positions, so the M**2 is already in them; what is left is the mean over C*C entries, and the 4.",
        "`(gram_matrix(features) - target_gram).square().mean() / 4`",
    ),
    reference=losses.style_loss,
    cases=(
        _style_case(1, (1, 3, 4, 5)),
        _style_case(2, (1, 5, 3, 4)),
        _style_case(3, (1, 4, 6, 3), loose=True),
        _style_case(4, (1, 2, 5, 7)),
    ),
    laws=(
        Law("features that have the target's Gram matrix cost nothing", _style_of_equals),
        Law("moving the positions around costs nothing", _style_moved),
        Law("an image tiled with copies of itself costs the same: its size does not count", _style_tiled),
        Law("features and style twice as strong cost sixteen times as much", _style_strength),
        Law("it is the formula of the paper, with sums and 1/(4 C**2 M**2)", _style_paper),
    ),
    mistakes=(
        Mistake("half_for_quarter", style_halved, "It is 2 times too large: E_l has 1/4 where this has 1/2."),
        Mistake(
            "positions_divided_again",
            style_positions_again,
            "The number of positions M is divided out again. The Gram matrices are means: is M**2 not already in them?",
            (style_positions_again_once,),
        ),
        Mistake(
            "sum_against_mean",
            style_sum_against_mean,
            "The image's Gram matrix is a sum over positions, the target's a mean: they can never meet. Which "
            "function made the target?",
            (style_sum_against_mean_as_printed, style_sum_against_mean_whole),
        ),
        Mistake(
            "absolute_values",
            style_absolute,
            "These are absolute differences of the Gram entries; squares are asked for.",
            (style_absolute_whole,),
        ),
        Mistake(
            "square_root",
            style_root,
            "There is a square root too many: the *squared* distance of the Gram matrices is asked for.",
            (style_root_of_mean, style_root_of_all),
        ),
        Mistake(
            "summed_over_entries",
            style_summed,
            "The squared differences are summed over the C*C entries; E_l divides by C**2. Is it mean() that is meant?",
            (style_summed_whole,),
        ),
        Mistake(
            "channels_for_entries",
            style_channels_for_entries,
            "This divides by C, the number of channels. The Gram matrix has C*C entries: the paper's N_l is squared.",
        ),
        Mistake("gradient_cut", style_cut, _CUT),
    ),
    conventions=(
        Convention(
            "mean",
            style_mean,
            "This is the mean of squares without the 1/4, as in Johnson et al. (2016, eq. 4). Your numbers below will "
            "differ from the book's by the factor 4, and beta has to make up for it.",
        ),
        Convention(
            "pytorch",
            style_pytorch,
            "This is the convention of the PyTorch tutorial, Gram matrices over C*H*W and a mean of squares. Your numbers "
            "below will differ from the book's by the factor 4/C**2, and beta has to make up for it.",
        ),
        Convention(
            "relative",
            style_relative,
            "This is the relative loss, the mean of squares over that of the target, as nstlib.transfer uses it. Your "
            "numbers below will differ from the book's by 4/mean(target**2), and beta has to make up for it.",
        ),
    ),
    differentiable=(0,),
    verified="E_l of Gatys et al. (2016, eq. 4), written with mean Gram matrices",
)


# layer_weights ----------------------------------------------------------------------------------------------------------

_FIVE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def _weights_case(layers: tuple[str, ...], ratio: float) -> Case:
    return Case(
        f"{len(layers)} layers from {layers[0]} to {layers[-1]}, ratio {ratio}", lambda _: (list(layers), ratio)
    )


def _weights_sum(function: Function) -> bool:
    return close(sum(float(w) for w in function(list(_FIVE), 0.5).values()), 1.0)


def _weights_ratio(function: Function) -> bool:
    weights = [float(function(list(_FIVE), 3.0)[name]) for name in _FIVE]
    return all(close(b / a, 3.0) for a, b in itertools.pairwise(weights))


def _weights_equal(function: Function) -> bool:
    return all(close(float(w), 0.2) for w in function(list(_FIVE), 1.0).values())


def _weights_single(function: Function) -> bool:
    return {name: float(w) for name, w in function(["relu3_1"], 7.0).items()} == {"relu3_1": 1.0}


def _weights_reversed(function: Function) -> bool:
    down, up = function(list(_FIVE), 0.5), function(list(_FIVE[::-1]), 2.0)
    return all(close(float(down[name]), float(up[name])) for name in _FIVE)


def _shared(names: list[str], raw: list[float]) -> dict[str, float]:
    return {name: weight / sum(raw) for name, weight in zip(names, raw, strict=True)}


def weights_not_normalized(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return {name: ratio**k for k, name in enumerate(layers)}


def weights_from_one(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return {name: ratio ** (k + 1) for k, name in enumerate(layers)}


def weights_reversed(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return losses.layer_weights(layers, 1 / ratio)


def weights_linear(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [1 + k * ratio for k in range(len(names))])


def weights_proportional(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [(k + 1) * ratio for k in range(len(names))])


def weights_by_largest(layers: Iterable[str], ratio: float) -> dict[str, float]:
    weights = losses.layer_weights(layers, ratio)
    return {name: weight / max(weights.values()) for name, weight in weights.items()}


def weights_equal(layers: Iterable[str], ratio: float) -> dict[str, float]:
    return losses.layer_weights(layers, 1.0)


def weights_by_block(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [ratio ** int(name[4]) for name in names])


def weights_by_count(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return {name: ratio**k / len(names) for k, name in enumerate(names)}


def weights_swapped_power(layers: Iterable[str], ratio: float) -> dict[str, float]:
    names = list(layers)
    return _shared(names, [float(k**ratio) for k in range(1, len(names) + 1)])


LAYER_WEIGHTS = Exercise(
    name="layer_weights",
    chapter=CHAPTER,
    title="Soft or strong style",
    difficulty=1,
    minutes=6,
    signature="layer_weights(layers, ratio)",
    hints=(
        "One number says which end of the network rules: each layer counts `ratio` times as much as the one before. "
        "Then scale, so that all weights together are 1.",
        "Raw weights: 1, ratio, ratio**2, ... in the order in which the layers are listed. Divide each by their sum.",
        "`raw = {name: ratio**k for k, name in enumerate(layers)}`, then each over `sum(raw.values())`.",
    ),
    reference=losses.layer_weights,
    cases=(
        _weights_case(_FIVE, 0.5),
        _weights_case(_FIVE[:3], 2.0),
        _weights_case(("relu1_1", "relu3_1", "relu4_1"), 3.0),
        _weights_case(_FIVE[1:3], 0.25),
    ),
    laws=(
        Law("the weights sum to 1", _weights_sum),
        Law("each weight is `ratio` times the one before", _weights_ratio),
        Law("with ratio 1 all layers count the same", _weights_equal),
        Law("a single layer has weight 1", _weights_single),
        Law("layers listed backward with 1/ratio get the same weights", _weights_reversed),
    ),
    mistakes=(
        Mistake(
            "not_normalized",
            weights_not_normalized,
            "The proportions are right, but the weights do not sum to 1: changing `ratio` would also change how strong "
            "the style is altogether.",
            (weights_from_one,),
        ),
        Mistake(
            "reversed",
            weights_reversed,
            "The order is turned around: the first layer in the list has weight in proportion to ratio**0.",
        ),
        Mistake(
            "linear",
            weights_linear,
            "The weights grow by addition. Each should be `ratio` *times* the one before: a power.",
            (weights_proportional,),
        ),
        Mistake(
            "scaled_by_the_largest",
            weights_by_largest,
            "The largest weight is 1; their *sum* should be. What do you divide by?",
        ),
        Mistake("ratio_ignored", weights_equal, "All layers have the same weight. Where does `ratio` come in?"),
        Mistake(
            "power_from_the_name",
            weights_by_block,
            "The exponent is the block's number in the name. It should be the place in the list: 0, 1, 2, ...",
        ),
        Mistake(
            "divided_by_count",
            weights_by_count,
            "This divides by how many layers there are. Only for ratio 1 is that the sum of the weights.",
        ),
        Mistake(
            "power_swapped",
            weights_swapped_power,
            "Base and exponent are swapped: ratio**k is asked for, not k**ratio.",
        ),
    ),
    verified="a geometric progression that sums to 1",
)


# total_variation --------------------------------------------------------------------------------------------------------


def _image_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        image = uniform(seed, *shape, dtype=dtype)
        return (scattered(image) if loose else image,)

    return Case(f"image {shape}{_loose(loose)}", make, {"2": 2.0, "3": 3.0, "4": 4.0, "B": shape[0]})


def _ramp() -> Tensor:
    return torch.linspace(0, 1, 11).repeat(1, 3, 4, 1)  # rises by 0.1 with each column


def _variation_flat(function: Function) -> bool:
    return close(function(torch.full((1, 3, 4, 5), 0.7)), 0.0)


def _variation_ramp(function: Function) -> bool:
    return close(function(_ramp()), 0.1)


def _variation_turned(function: Function) -> bool:
    return close(function(_ramp().mT.contiguous()), 0.1)


def _variation_mirrored(function: Function) -> bool:
    image = uniform(41, 2, 3, 4, 5)
    return close(function(image.flip(-1)), function(image)) and close(function(1 - image), function(image))


def _variation_contrast(function: Function) -> bool:
    image = uniform(41, 2, 3, 4, 5)
    return close(function(image / 2 + 0.3), torch.as_tensor(function(image)) / 2)


def _down(image: Tensor) -> Tensor:
    return image[:, :, 1:] - image[:, :, :-1]


def _right(image: Tensor) -> Tensor:
    return image[..., 1:] - image[..., :-1]


def variation_wrapped(image: Tensor) -> Tensor:
    return (image - image.roll(1, 2)).abs().mean() + (image - image.roll(1, 3)).abs().mean()


def variation_downward(image: Tensor) -> Tensor:
    return _down(image).abs().mean()


def variation_rightward(image: Tensor) -> Tensor:
    return _right(image).abs().mean()


def variation_signed(image: Tensor) -> Tensor:
    return _down(image).mean() + _right(image).mean()


def variation_signed_last(image: Tensor) -> Tensor:
    return _down(image).mean().abs() + _right(image).mean().abs()


def variation_of_colors(image: Tensor) -> Tensor:
    return (image[:, 1:] - image[:, :-1]).abs().mean() + _down(image).abs().mean()


def variation_of_colors_too(image: Tensor) -> Tensor:
    return (image[:, 1:] - image[:, :-1]).abs().mean() + losses.total_variation(image)


def variation_per_pixel(image: Tensor) -> Tensor:
    return (_down(image).abs().sum() + _right(image).abs().sum()) / image.numel()


def variation_per_position(image: Tensor) -> Tensor:
    return (_down(image).abs().sum() + _right(image).abs().sum()) / image[0, 0].numel()


def variation_averaged(image: Tensor) -> Tensor:
    return losses.total_variation(image) / 2


def variation_of_two_apart(image: Tensor) -> Tensor:
    down, right = image[:, :, 2:] - image[:, :, :-2], image[..., 2:] - image[..., :-2]
    return down.abs().mean() + right.abs().mean()


def variation_cut(image: Tensor) -> Tensor:
    return losses.total_variation(image.detach())


def variation_sum(image: Tensor) -> Tensor:
    return _down(image).abs().sum() + _right(image).abs().sum()


def variation_squares(image: Tensor) -> Tensor:
    return _down(image).square().mean() + _right(image).square().mean()


def variation_sum_of_squares(image: Tensor) -> Tensor:
    return _down(image).square().sum() + _right(image).square().sum()


TOTAL_VARIATION = Exercise(
    name="total_variation",
    chapter=CHAPTER,
    title="How much neighbors differ",
    difficulty=1,
    minutes=8,
    signature="total_variation(image)",
    hints=(
        "Noise is pixels that differ from their neighbors. Compare each pixel with the one below, and with the one to "
        "the right; at the border there is no such neighbor.",
        "Two slices that are shifted by one against each other, subtracted, give all differences in one direction. "
        "Take absolute values and the mean; add the two directions.",
        "`(image[:, :, 1:] - image[:, :, :-1]).abs().mean()` is the downward half; the other one slices the last axis.",
    ),
    reference=losses.total_variation,
    cases=(
        _image_case(1, (1, 3, 4, 5)),
        _image_case(2, (2, 3, 6, 4)),
        _image_case(3, (2, 3, 5, 7), loose=True),
        _image_case(4, (1, 3, 2, 9)),
    ),
    laws=(
        Law("a flat image has none", _variation_flat),
        Law("a ramp that rises by 0.1 to the right has 0.1, borders included", _variation_ramp),
        Law("a ramp downward has the same", _variation_turned),
        Law("mirrored and negative images have the same", _variation_mirrored),
        Law("half the contrast has half of it", _variation_contrast),
    ),
    mistakes=(
        Mistake(
            "wrapped_around",
            variation_wrapped,
            "roll wraps around: the last column is compared with the first. Are they neighbors in the picture?",
        ),
        Mistake(
            "one_direction_only",
            variation_downward,
            "Only one direction is there. Stripes along it would count as perfectly smooth: add the other one.",
            (variation_rightward,),
        ),
        Mistake(
            "signed",
            variation_signed,
            "Differences up and down cancel: the absolute value is missing, or comes after the mean.",
            (variation_signed_last,),
        ),
        Mistake(
            "between_colors",
            variation_of_colors,
            "Color channels are compared with each other. Neighbors are pixels: which axes are H and W in (B, 3, H, W)?",
            (variation_of_colors_too,),
        ),
        Mistake(
            "divided_by_pixels",
            variation_per_pixel,
            "Both sums are divided by the number of pixels. There are fewer differences than pixels, and not equally "
            "many in both directions: take the mean of each.",
            (variation_per_position,),
        ),
        Mistake(
            "directions_averaged",
            variation_averaged,
            "It is 2 times too small: the two directions are averaged where they should be added.",
        ),
        Mistake(
            "two_apart",
            variation_of_two_apart,
            "Pixels two steps apart are compared, so a checkerboard would look smooth. Which slices are shifted by one?",
        ),
        Mistake("gradient_cut", variation_cut, _CUT),
    ),
    conventions=(
        Convention(
            "sum",
            variation_sum,
            "This is the sum of absolute differences where the book takes means; both are in use. Your numbers will "
            "grow with the image, by about B*3*H*W, and so a weight fits one size only.",
        ),
        Convention(
            "squares",
            variation_squares,
            "This is the mean of *squared* differences; both are in use. Squares punish edges more than noise, so no "
            "single factor converts your numbers to the book's.",
        ),
        Convention(
            "sum_of_squares",
            variation_sum_of_squares,
            "This is the sum of *squared* differences, as in much published code. Squares punish edges more than noise, "
            "and a sum grows with the image: no single factor converts your numbers to the book's.",
        ),
    ),
    differentiable=(0,),
    verified="neighbors only, both directions, each by its own mean",
)


# total_loss -------------------------------------------------------------------------------------------------------------


def total_loss(
    content: Tensor, styles: Mapping[str, Tensor], weights: Mapping[str, float], alpha: float, beta: float
) -> Tensor:
    """Return ``alpha * content + beta * sum over layers of weight * style``, a scalar (Gatys et al., 2016, eqs. 5, 7)."""
    return alpha * content + beta * sum(weights[name] * styles[name] for name in styles)


def _total_case(seed: int, names: tuple[str, ...], alpha: float, beta: float) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        numbers = uniform(seed, len(names) + 1, dtype=dtype) + 0.5
        styles = {name: numbers[k].clone() for k, name in enumerate(names)}
        weights = {name: 0.1 + 0.3 * k for k, name in enumerate(sorted(names, reverse=True))}
        return numbers[-1].clone(), styles, weights, alpha, beta

    return Case(f"{len(names)} style layers, alpha {alpha}, beta {beta}", make, {"alpha": alpha, "beta": beta})


def _total_arguments() -> tuple:
    styles = {"relu1_1": torch.tensor(2.0), "relu2_1": torch.tensor(3.0)}
    return torch.tensor(5.0), styles, {"relu2_1": 0.25, "relu1_1": 0.75}


def _total(function: Function, alpha: float, beta: float) -> Tensor:
    return torch.as_tensor(function(*_total_arguments(), alpha, beta))


def _total_content_only(function: Function) -> bool:
    return close(_total(function, 3.0, 0.0), 15.0)


def _total_style_only(function: Function) -> bool:
    return close(_total(function, 0.0, 4.0), 9.0)


def _total_doubled(function: Function) -> bool:
    return close(_total(function, 2.0, 6.0), 2 * _total(function, 1.0, 3.0))


def _total_order(function: Function) -> bool:
    content, styles, weights = _total_arguments()
    turned = dict(reversed(list(styles.items())))
    result = torch.as_tensor(function(content, turned, weights, 1.0, 2.0))
    return close(result, _total(function, 1.0, 2.0)) and close(result, 9.5)


def _total_more_layers(function: Function) -> bool:
    content, styles, weights = _total_arguments()
    more = function(content, {**styles, "relu3_1": torch.tensor(8.0)}, {**weights, "relu3_1": 0.5}, 1.0, 2.0)
    return close(more, _total(function, 1.0, 2.0) + 8)


def total_swapped(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, beta, alpha)


def total_without_weights(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return alpha * content + beta * sum(styles.values())


def total_with_equal_weights(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return alpha * content + beta * sum(styles.values()) / len(styles)


def total_averaged(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, alpha, beta / len(styles))


def total_cut(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, alpha, beta).detach()


def total_style_cut(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, {name: value.item() for name, value in styles.items()}, weights, alpha, beta)


def total_content_cut(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content.detach(), styles, weights, alpha, beta)


def total_by_place(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    pairs = zip(styles.values(), weights.values(), strict=True)
    return alpha * content + beta * sum(weight * value for value, weight in pairs)


def total_last_layer(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    name = list(styles)[-1]
    return alpha * content + beta * weights[name] * styles[name]


def total_content_in_loop(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return sum(alpha * content + beta * weights[name] * styles[name] for name in styles)


def total_without_alpha(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, 1.0, beta)


def total_without_beta(content: Tensor, styles: dict, weights: dict, alpha: float, beta: float) -> Tensor:
    return total_loss(content, styles, weights, alpha, 1.0)


TOTAL_LOSS = Exercise(
    name="total_loss",
    chapter=CHAPTER,
    title="One number to lower",
    difficulty=1,
    minutes=6,
    signature="total_loss(content, styles, weights, alpha, beta)",
    hints=(
        "Two goals pull at the image, and two numbers say how hard: alpha for the content, beta for the style. The "
        "style is itself a weighted sum over layers.",
        "Go through the layers by *name*: the two dictionaries need not list them in the same order. Keep tensors "
        "tensors, so that the gradient can flow.",
        "`alpha * content + beta * sum(weights[name] * styles[name] for name in styles)`",
    ),
    reference=total_loss,
    cases=(
        _total_case(1, ("relu1_1", "relu2_1", "relu3_1"), 1.0, 10.0),
        _total_case(2, ("relu1_1", "relu2_1"), 0.5, 3.0),
        _total_case(3, ("relu4_1", "relu1_1", "relu3_1", "relu2_1"), 2.0, 100.0),
        _total_case(4, ("relu5_1",), 7.0, 0.5),
    ),
    laws=(
        Law("with beta 0 it is alpha times the content loss", _total_content_only),
        Law("with alpha 0 it is beta times the weighted sum of the style losses", _total_style_only),
        Law("twice alpha and twice beta give twice the loss", _total_doubled),
        Law("the order in which the layers are listed does not matter", _total_order),
        Law("one more layer adds beta times its weight times its loss", _total_more_layers),
    ),
    mistakes=(
        Mistake(
            "alpha_and_beta_swapped",
            total_swapped,
            "alpha and beta are swapped. alpha weighs the content, beta the style.",
        ),
        Mistake(
            "weights_ignored",
            total_without_weights,
            "The layers' weights are not used. How would soft and strong style differ?",
            (total_with_equal_weights,),
        ),
        Mistake(
            "averaged_over_layers",
            total_averaged,
            "The weighted losses are averaged over the layers. The weights already say how much each one counts: sum.",
        ),
        Mistake("gradient_cut", total_cut, _CUT),
        Mistake(
            "half_the_gradient_cut",
            total_style_cut,
            "The number is right, but one half of it is cut off: no gradient comes back through the style losses, or "
            "none through the content loss. Is there a .item(), float() or .detach() on the way?",
            (total_content_cut,),
        ),
        Mistake(
            "matched_by_place",
            total_by_place,
            "Weights and losses are paired by their place in the dictionaries. Pair them by name: weights[name].",
        ),
        Mistake(
            "last_layer_only",
            total_last_layer,
            "Only the last layer counts. Is the sum set anew in each round of the loop?",
        ),
        Mistake(
            "content_counted_per_layer",
            total_content_in_loop,
            "The content loss is added once for each style layer. Does it stand inside the loop?",
        ),
        Mistake(
            "alpha_forgotten",
            total_without_alpha,
            "alpha is not used: the content loss always counts once.",
        ),
        Mistake("beta_forgotten", total_without_beta, "beta is not used: the style losses always count once."),
    ),
    differentiable=(0, 1),
    verified="both terms by their weights, layers matched by name, and the gradient flows into each",
)

EXERCISES = (CONTENT_LOSS, CONTENT_GRADIENT, STYLE_LOSS, LAYER_WEIGHTS, TOTAL_VARIATION, TOTAL_LOSS)
