"""Exercises of chapter 07, the Gram matrix, with the mistakes that people make in them."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.exercise import Case, Convention, Exercise, Function, Law, Mistake, close, normal, scattered

CHAPTER = "07_gram"


def _case(seed: int, shape: tuple[int, ...], *, loose: bool = False, rectified: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor]:
        features = normal(seed, *shape, dtype=dtype)
        features = features.relu() if rectified else features + 0.25
        return (scattered(features) if loose else features,)

    kind = ", not contiguous in memory" if loose else ", rectified" if rectified else ""
    return Case(f"features {shape}{kind}", make, _quantities(shape))


def _quantities(shape: tuple[int, ...]) -> dict[str, float]:
    _, c, h, w = shape
    sizes = {"2": 2.0, "4": 4.0, "H*W": h * w, "C": c, "C*H*W": c * h * w, "C*C": c * c, "H": h, "W": w}
    return {**sizes, "(H*W)**2": (h * w) ** 2, "(C*H*W)**2": (c * h * w) ** 2}


_FEATURES = (
    _case(1, (1, 3, 4, 5)),
    _case(2, (2, 5, 3, 4)),
    _case(3, (2, 4, 6, 3), loose=True),
    _case(4, (1, 6, 5, 7), rectified=True),
    _case(5, (1, 7, 2, 3)),
)


def _some(seed: int = 11, *shape: int) -> Tensor:
    return normal(seed, *(shape or (2, 3, 4, 5))) + 0.25


def _permutation(seed: int, size: int) -> Tensor:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))


def _alone(function: Function) -> bool:
    features = _some()
    together = torch.as_tensor(function(features))
    return all(close(torch.as_tensor(function(features[k : k + 1]))[0], together[k]) for k in range(2))


def _doubled(function: Function) -> bool:
    return close(function(2 * _some()), 4 * torch.as_tensor(function(_some())))


def _symmetric(function: Function) -> bool:
    result = torch.as_tensor(function(_some()))
    return close(result, result.mT)


# gram_matrix ------------------------------------------------------------------------------------------------------------


def _shuffled(function: Function) -> bool:
    features = _some()
    shuffled = features.flatten(2)[..., _permutation(0, 20)].view_as(features)
    return close(function(shuffled), function(features))


def _tiled(function: Function) -> bool:
    return close(function(_some().repeat(1, 1, 2, 3)), function(_some()))


def _trace(function: Function) -> bool:
    trace = torch.as_tensor(function(_some())).diagonal(dim1=1, dim2=2).sum(1)
    return close(trace, _some().square().mean((2, 3)).sum(1))


def gram_of_positions(features: Tensor) -> Tensor:
    vectors = features.flatten(2)
    return vectors.mT @ vectors


def gram_of_positions_averaged(features: Tensor) -> Tensor:
    return gram_of_positions(features) / features.shape[1]


def gram_of_positions_normalized(features: Tensor) -> Tensor:
    return gram_of_positions(features) / features[0, 0].numel()


def gram_with_batch_folded(features: Tensor) -> Tensor:
    vectors = features.transpose(0, 1).flatten(1)  # (C, B*H*W)
    return vectors @ vectors.T / vectors.shape[1]


def gram_with_batch_summed(features: Tensor) -> Tensor:
    return gram.gram_matrix(features).sum(0)


def gram_with_batch_as_channels(features: Tensor) -> Tensor:
    vectors = features.flatten(0, 1).flatten(1)  # (B*C, H*W)
    return vectors @ vectors.T / vectors.shape[1]


def gram_with_batch_as_channels_summed(features: Tensor) -> Tensor:
    vectors = features.flatten(0, 1).flatten(1)
    return vectors @ vectors.T


def gram_normalized_twice(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) / features[0, 0].numel()


def gram_centered(features: Tensor) -> Tensor:
    return gram.gram_matrix(features - features.mean((2, 3), keepdim=True))


def gram_of_directions(features: Tensor) -> Tensor:
    vectors = torch.nn.functional.normalize(features.flatten(2), dim=2)
    return vectors @ vectors.mT


def gram_diagonal(features: Tensor) -> Tensor:
    return torch.diag_embed(features.square().mean((2, 3)))


def gram_diagonal_vector(features: Tensor) -> Tensor:
    return features.square().mean((2, 3))


def gram_over_channels(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) * features[0, 0].numel() / features.shape[1]


def gram_scrambled(features: Tensor) -> Tensor:
    b, c, h, w = features.shape
    vectors = features.reshape(b, h * w, c)
    return vectors.mT @ vectors / (h * w)


def gram_sum(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) * features[0, 0].numel()


def gram_johnson(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) / features.shape[1]


GRAM_MATRIX = Exercise(
    name="gram_matrix",
    chapter=CHAPTER,
    title="Which channels fire together",
    difficulty=1,
    minutes=10,
    signature="gram_matrix(features)",
    hints=(
        "Texture is *which patterns occur together*, wherever that is. So where two channels meet has to disappear: "
        "multiply two channels position by position, and average over the positions.",
        "Lay the positions of each channel out in one row: `(B, C, H, W)` becomes `(B, C, H*W)`. All products of two "
        "rows, summed, are one matrix product of that matrix with its own transpose. Then divide by how many "
        "positions there are.",
        "`vectors = features.flatten(2)`, then `vectors @ vectors.mT`, divided by `vectors.shape[-1]`.",
    ),
    reference=gram.gram_matrix,
    cases=_FEATURES,
    laws=(
        Law("moving all positions around, the same way in each channel, changes nothing", _shuffled),
        Law("the matrix is symmetric", _symmetric),
        Law("features twice as strong give four times the matrix", _doubled),
        Law("its trace is the sum of the channels' mean squares", _trace),
        Law("an image tiled with copies of itself has the same matrix", _tiled),
        Law("each image of a batch has its own matrix", _alone),
    ),
    mistakes=(
        Mistake(
            "positions_instead_of_channels",
            gram_of_positions,
            "This compares positions with each other (H*W x H*W) instead of channels (C x C). Over which axis should "
            "the product sum: which one should be gone afterwards?",
            (gram_of_positions_averaged, gram_of_positions_normalized),
        ),
        Mistake(
            "batch_folded_in",
            gram_with_batch_folded,
            "The images of the batch are mixed into one matrix. Does each picture have a style of its own? Keep the "
            "first axis: (B, C, C).",
            (gram_with_batch_summed, gram_with_batch_as_channels, gram_with_batch_as_channels_summed),
        ),
        Mistake(
            "normalized_twice",
            gram_normalized_twice,
            "This divides by the number of positions twice. A mean divides once: is one of the two divisions hidden in "
            "a mean() or in both factors?",
        ),
        Mistake(
            "centered",
            gram_centered,
            "This is the covariance: the mean of each channel was subtracted first. A Gram matrix keeps the mean: how "
            "strongly a channel fires is part of the style.",
        ),
        Mistake(
            "directions_only",
            gram_of_directions,
            "This is the cosine between channels: each row was scaled to length 1, so the diagonal is all ones. How "
            "would the matrix then know that one channel fires more than another?",
        ),
        Mistake(
            "diagonal_only",
            gram_diagonal,
            "Only the diagonal is there: each channel with itself. What about channel i together with channel j?",
            (gram_diagonal_vector,),
        ),
        Mistake(
            "divided_by_channels",
            gram_over_channels,
            "This divides by the number of channels C. The mean is taken over positions: how many are there?",
        ),
        Mistake(
            "scrambled_by_reshape",
            gram_scrambled,
            "reshape(B, H*W, C) does not move axes, it cuts the same row of numbers in other places: channels and "
            "positions get mixed. Is it flatten(2), or permute, that you mean?",
        ),
    ),
    conventions=(
        Convention(
            "gatys_sum",
            gram_sum,
            "This is the convention of Gatys et al. (2016, eq. 3): the sum over positions, not the mean. Both are in "
            "use; your numbers below will differ from the book's by the factor H*W.",
        ),
        Convention(
            "johnson",
            gram_johnson,
            "This is the convention of Johnson et al. (2016): divided by C*H*W, not only by H*W. Both are in use; your "
            "numbers below will differ from the book's by the factor 1/C.",
        ),
    ),
    differentiable=(0,),
    verified="a mean over positions, for each image by itself",
)


# shuffle_positions ------------------------------------------------------------------------------------------------------


def _shuffle_case(seed: int, shape: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        features = normal(seed, *shape, dtype=dtype)
        return (scattered(features) if loose else features), _permutation(seed, shape[2] * shape[3])

    return Case(f"features {shape}{', not contiguous in memory' if loose else ''}", make)


def _shuffle(function: Function, features: Tensor, order: Tensor) -> Tensor:
    return torch.as_tensor(function(features, order))


def _shuffle_identity(function: Function) -> bool:
    return close(_shuffle(function, _some(), torch.arange(20)), _some())


def _shuffle_gram(function: Function) -> bool:
    return close(gram.gram_matrix(_shuffle(function, _some(), _permutation(3, 20)).float()), gram.gram_matrix(_some()))


def _shuffle_back(function: Function) -> bool:
    order = _permutation(3, 20)
    return close(_shuffle(function, _shuffle(function, _some(), order), order.argsort()), _some())


def _shuffle_twins(function: Function) -> bool:
    twins = _some()[:, :1].repeat(1, 2, 1, 1)
    result = _shuffle(function, twins, _permutation(3, 20))
    return close(result[:, 0], result[:, 1]) and not close(result, twins)


def _shuffle_marker(function: Function) -> bool:
    features, order = torch.zeros(1, 2, 2, 3), torch.tensor([4, 0, 5, 1, 3, 2])
    features[..., 1, 1] = 1.0  # position 4
    return bool((_shuffle(function, features, order)[0, :, 0, 0] == 1).all())


def shuffle_backward(features: Tensor, order: Tensor) -> Tensor:
    return gram.shuffle_positions(features, order.argsort())


def shuffle_each_channel_differently(features: Tensor, order: Tensor) -> Tensor:
    rows = [features.flatten(2)[:, c][:, order.roll(c)] for c in range(features.shape[1])]
    return torch.stack(rows, 1).reshape(features.shape)


def shuffle_each_image_differently(features: Tensor, order: Tensor) -> Tensor:
    images = [features.flatten(2)[b][:, order.roll(b)] for b in range(features.shape[0])]
    return torch.stack(images).reshape(features.shape)


def shuffle_channels(features: Tensor, order: Tensor) -> Tensor:
    return features[:, order[order < features.shape[1]]]


def shuffle_rows(features: Tensor, order: Tensor) -> Tensor:
    return features[:, :, order[order < features.shape[2]]]


def shuffle_columns_first(features: Tensor, order: Tensor) -> Tensor:
    return gram.shuffle_positions(features.mT, order).reshape(features.mT.shape).mT


def shuffle_scrambled(features: Tensor, order: Tensor) -> Tensor:
    b, c, h, w = features.shape
    return features.reshape(b, h * w, c)[:, order].reshape(b, c, h, w)


def shuffle_left_flat(features: Tensor, order: Tensor) -> Tensor:
    return features.flatten(2)[..., order]


def shuffle_forgotten(features: Tensor, order: Tensor) -> Tensor:
    return features.clone()


SHUFFLE_POSITIONS = Exercise(
    name="shuffle_positions",
    chapter=CHAPTER,
    title="Move everything, keep the texture",
    difficulty=1,
    minutes=8,
    signature="shuffle_positions(features, order)",
    hints=(
        "A position is a column of C activations. Moving columns around, all channels together, keeps what occurs "
        "together and destroys where it is.",
        "Flatten H and W into one axis of positions, index that axis with `order`, and give the result its old shape.",
        "`features.flatten(2)[..., order].reshape(features.shape)`: index 4 in `order` means row 4 // W, column 4 % W.",
    ),
    reference=gram.shuffle_positions,
    cases=(
        _shuffle_case(1, (1, 3, 4, 5)),
        _shuffle_case(2, (2, 5, 3, 4)),
        _shuffle_case(3, (2, 4, 6, 3), loose=True),
        _shuffle_case(4, (3, 2, 5, 7)),
    ),
    laws=(
        Law("the order 0, 1, 2, ... changes nothing", _shuffle_identity),
        Law("the Gram matrix stays as it was", _shuffle_gram),
        Law("shuffling back with the inverse order restores the features", _shuffle_back),
        Law("two equal channels stay equal, and do move", _shuffle_twins),
        Law("position 0 of the result is position order[0] of the input", _shuffle_marker),
    ),
    mistakes=(
        Mistake(
            "inverse_order",
            shuffle_backward,
            "This is the inverse permutation: position k went to order[k], but it should come from order[k]. On which "
            "side of the = does `order` stand?",
        ),
        Mistake(
            "another_order_in_each_channel",
            shuffle_each_channel_differently,
            "Each channel is moved in another way, so what fired together no longer does. Is `order` used as it is, "
            "for all channels at once?",
        ),
        Mistake(
            "another_order_in_each_image",
            shuffle_each_image_differently,
            "Each image of the batch is moved in another way. One `order` is meant for all of them.",
        ),
        Mistake(
            "channels_moved",
            shuffle_channels,
            "This moves channels, not positions. Which axis is indexed: the second, or the flattened last one?",
        ),
        Mistake(
            "rows_only",
            shuffle_rows,
            "Only whole rows are moved. `order` numbers all H*W positions: flatten both axes first.",
        ),
        Mistake(
            "columns_first",
            shuffle_columns_first,
            "The positions are numbered down the columns. PyTorch numbers them along the rows: position k is row "
            "k // W, column k % W. Is there a transpose too many?",
        ),
        Mistake(
            "scrambled_by_reshape",
            shuffle_scrambled,
            "reshape(B, H*W, C) does not move axes, it cuts the same row of numbers in other places: channels and "
            "positions get mixed. Is it flatten(2) that you mean?",
        ),
        Mistake(
            "left_flat",
            shuffle_left_flat,
            "The positions are moved rightly, but still stand in one row. What shape should the features have again?",
        ),
        Mistake(
            "not_moved",
            shuffle_forgotten,
            "Nothing has moved. Is the shuffled tensor the one that is returned?",
        ),
    ),
    differentiable=(0,),
    verified="the same positions move in all channels and images, and the Gram matrix does not notice",
)


# gram_from_spectrum -----------------------------------------------------------------------------------------------------


def _spectrum_shift(function: Function) -> bool:
    return close(function(_some().roll((1, 2), (2, 3))), function(_some()))


def _spectrum_one_channel(function: Function) -> bool:
    moved = _some().clone()
    moved[:, 1] = moved[:, 1].roll(2, -1)
    before, after = (torch.as_tensor(function(f)) for f in (_some(), moved))
    return close(after.diagonal(dim1=1, dim2=2), before.diagonal(dim1=1, dim2=2)) and not close(after, before)


def _spectrum_constant(function: Function) -> bool:
    level = torch.tensor([1.0, 2.0, -3.0])
    return close(function(level.view(1, 3, 1, 1).expand(1, 3, 4, 5).clone()), torch.outer(level, level)[None])


def _spectrum_quadrature(function: Function) -> bool:
    angle = torch.arange(8) * (2 * torch.pi / 8)
    waves = torch.stack([angle.cos(), angle.sin()]).view(1, 2, 1, 8).repeat(1, 1, 3, 1)
    return close(function(waves), torch.eye(2)[None] / 2)


def _spectrum(features: Tensor) -> tuple[Tensor, int]:
    return torch.fft.fft2(features).flatten(2), features[0, 0].numel()


def spectrum_without_conjugate(features: Tensor) -> Tensor:
    spectrum, positions = _spectrum(features)
    return (spectrum @ spectrum.mT).real / positions**2


def spectrum_divided_once(features: Tensor) -> Tensor:
    return gram.gram_from_spectrum(features) * features[0, 0].numel()


def spectrum_not_divided(features: Tensor) -> Tensor:
    return gram.gram_from_spectrum(features) * features[0, 0].numel() ** 2


def spectrum_amplitudes_only(features: Tensor) -> Tensor:
    spectrum, positions = _spectrum(features)
    return spectrum.abs() @ spectrum.abs().mT / positions**2


def spectrum_real_parts_only(features: Tensor) -> Tensor:
    spectrum, positions = _spectrum(features)
    return spectrum.real @ spectrum.real.mT / positions**2


def spectrum_half(features: Tensor) -> Tensor:
    half = torch.fft.rfft2(features).flatten(2)
    return (half @ half.mH).real / features[0, 0].numel() ** 2


def spectrum_without_mean(features: Tensor) -> Tensor:
    return gram.gram_from_spectrum(features - features.mean((2, 3), keepdim=True))


def spectrum_one_dimensional(features: Tensor) -> Tensor:
    spectrum = torch.fft.fft(features).flatten(2)
    return (spectrum @ spectrum.mH).real / features[0, 0].numel() ** 2


GRAM_FROM_SPECTRUM = Exercise(
    name="gram_from_spectrum",
    chapter=CHAPTER,
    title="The Gram matrix, computed from frequencies",
    difficulty=2,
    minutes=15,
    signature="gram_from_spectrum(features)",
    hints=(
        "Parseval's theorem: an inner product over positions is an inner product over frequencies, up to a constant. "
        "For complex numbers an inner product conjugates one of the two sides.",
        "Take `torch.fft.fft2` of each channel, flatten the frequencies, multiply with the conjugate transpose. The "
        "transform does not divide, so Parseval costs one division by H*W, and the mean another one.",
        "`spectrum = torch.fft.fft2(features).flatten(2)`, then `(spectrum @ spectrum.mH).real` over `(H*W)**2`.",
    ),
    reference=gram.gram_from_spectrum,
    cases=_FEATURES,
    laws=(
        Law("shifting all channels together (one phase for all) changes nothing", _spectrum_shift),
        Law("shifting one channel changes its products with others, not the diagonal", _spectrum_one_channel),
        Law(
            "constant channels, which live in the zero frequency, give the product of their levels", _spectrum_constant
        ),
        Law("a cosine and a sine are a quarter turn apart: their entry is 0", _spectrum_quadrature),
        Law("features twice as strong give four times the matrix", _doubled),
    ),
    mistakes=(
        Mistake(
            "no_conjugate",
            spectrum_without_conjugate,
            "One side has to be conjugated: without it phases add up instead of being compared. Is it .mT where .mH is "
            "meant?",
        ),
        Mistake(
            "divided_once",
            spectrum_divided_once,
            "It is H*W times too large. Parseval divides the sum over frequencies by H*W; and the mean over positions?",
        ),
        Mistake(
            "not_divided",
            spectrum_not_divided,
            "It is (H*W)**2 times too large: the sum over frequencies still has to be divided by H*W for Parseval, "
            "and by H*W for the mean.",
        ),
        Mistake(
            "amplitudes_only",
            spectrum_amplitudes_only,
            "Only amplitudes are used, so the diagonal is right and the rest too large. What tells whether two "
            "channels fire at the same place: where is the difference of their phases?",
        ),
        Mistake(
            "real_parts_only",
            spectrum_real_parts_only,
            "The real part is taken before the product, so the sine half of each channel is lost. Should it be taken "
            "after?",
        ),
        Mistake(
            "half_spectrum",
            spectrum_half,
            "rfft2 returns only half of the frequencies; the other half is their mirror image. Which ones count twice, "
            "and which once? Or use fft2.",
        ),
        Mistake(
            "zero_frequency_dropped",
            spectrum_without_mean,
            "The zero frequency is missing, so this is the covariance. The mean of a channel is part of its style.",
        ),
        Mistake(
            "one_dimensional",
            spectrum_one_dimensional,
            "fft transforms the last axis only. Which transform runs over H and W?",
        ),
    ),
    conventions=tuple(Convention(c.id, c.function, c.message) for c in GRAM_MATRIX.conventions if c.id == "johnson"),
    differentiable=(0,),
    verified="the Gram matrix again, without looking at a single position",
)


# mmd_polynomial ---------------------------------------------------------------------------------------------------------


def _mmd_case(seed: int, x: tuple[int, ...], y: tuple[int, ...], *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        a, b = normal(seed, *x, dtype=dtype) + 0.25, normal(seed + 50, *y, dtype=dtype).relu()
        return (scattered(a), scattered(b)) if loose else (a, b)

    label = f"x {x}, y {y}{', not contiguous in memory' if loose else ''}"
    return Case(label, make, {"2": 2.0, "4": 4.0, "C": x[1], "C*C": x[1] ** 2, "H*W": x[2] * x[3]})


def _mmd(function: Function, x: Tensor, y: Tensor) -> Tensor:
    return torch.as_tensor(function(x, y))


def _mmd_pair() -> tuple[Tensor, Tensor]:
    return _some(21, 1, 3, 4, 5), _some(22, 1, 3, 5, 6).relu()


def _mmd_of_equals(function: Function) -> bool:
    x = _some()
    return bool((_mmd(function, x, x.clone()).abs() < 1e-4).all())


def _mmd_symmetric(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, x, y), _mmd(function, y, x))


def _mmd_gram(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, x, y), (gram.gram_matrix(x) - gram.gram_matrix(y)).square().sum((1, 2)))


def _mmd_shuffle(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, gram.shuffle_positions(x, _permutation(1, 20)), y), _mmd(function, x, y))


def _mmd_strength(function: Function) -> bool:
    x, y = _mmd_pair()
    return close(_mmd(function, 2 * x, 2 * y), 16 * _mmd(function, x, y))


def _products(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a, b = x.flatten(2), y.flatten(2)
    return a.mT @ a, b.mT @ b, a.mT @ b


def mmd_linear(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.mean((1, 2)) for p in _products(x, y))
    return xx + yy - 2 * xy


def mmd_cross_term_once(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square().mean((1, 2)) for p in _products(x, y))
    return xx + yy - xy


def mmd_cross_term_added(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square().mean((1, 2)) for p in _products(x, y))
    return xx + yy + 2 * xy


def mmd_unbiased(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square() for p in _products(x, y))

    def others(p: Tensor) -> Tensor:
        n = p.shape[-1]
        return (p.sum((1, 2)) - p.diagonal(dim1=1, dim2=2).sum(1)) / (n * (n - 1))

    return others(xx) + others(yy) - 2 * xy.mean((1, 2))


def mmd_root(x: Tensor, y: Tensor) -> Tensor:
    return gram.mmd_polynomial(x, y).sqrt()


def mmd_squared_mean(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.mean((1, 2)).square() for p in _products(x, y))
    return xx + yy - 2 * xy


def mmd_summed(x: Tensor, y: Tensor) -> Tensor:
    xx, yy, xy = (p.square().sum((1, 2)) for p in _products(x, y))
    return xx + yy - 2 * xy


def mmd_of_gram_means(x: Tensor, y: Tensor) -> Tensor:
    return (gram.gram_matrix(x) - gram.gram_matrix(y)).square().mean((1, 2))


def mmd_batch_summed(x: Tensor, y: Tensor) -> Tensor:
    return gram.mmd_polynomial(x, y).sum()


def mmd_batch_averaged(x: Tensor, y: Tensor) -> Tensor:
    return gram.mmd_polynomial(x, y).mean()


MMD_POLYNOMIAL = Exercise(
    name="mmd_polynomial",
    chapter=CHAPTER,
    title="Style transfer matches distributions",
    difficulty=3,
    minutes=20,
    signature="mmd_polynomial(x, y)",
    hints=(
        "Forget the matrix: each position is one vector of C activations. Two bags of vectors are compared by how much "
        "alike their members are among themselves, and across: mean k(x, x) + mean k(y, y) - 2 mean k(x, y).",
        "Lay the positions out, `(B, C, H*W)`. All inner products of positions of p with positions of q are one matrix "
        "product, `(B, H*W, H'*W')`. The kernel squares each of them; then take the mean over all pairs.",
        "`(p.mT @ q).square().mean((1, 2))` is one of the three terms; the third counts twice, with a minus.",
    ),
    reference=gram.mmd_polynomial,
    cases=(
        _mmd_case(1, (1, 3, 4, 5), (1, 3, 5, 2)),
        _mmd_case(2, (2, 5, 3, 4), (2, 5, 4, 6)),
        _mmd_case(3, (2, 4, 6, 3), (2, 4, 3, 5), loose=True),
        _mmd_case(4, (1, 6, 5, 7), (1, 6, 5, 7)),
    ),
    laws=(
        Law("the distance of features to themselves is 0", _mmd_of_equals),
        Law("it is the same from x to y as from y to x", _mmd_symmetric),
        Law("it is the squared Frobenius distance of the two Gram matrices", _mmd_gram),
        Law("moving the positions of x around changes nothing", _mmd_shuffle),
        Law("features twice as strong give sixteen times the distance", _mmd_strength),
    ),
    mistakes=(
        Mistake(
            "linear_kernel",
            mmd_linear,
            "This is the linear kernel a.b, which compares only the mean activations. The kernel asked for is its "
            "square: k(a, b) = (a.b)**2.",
        ),
        Mistake(
            "cross_term_once",
            mmd_cross_term_once,
            "The cross term is counted once. Think of (p - q)**2 = p*p + q*q - 2*p*q: how often does it come?",
        ),
        Mistake(
            "cross_term_added",
            mmd_cross_term_added,
            "The cross term is added. What should the distance of x to itself be?",
        ),
        Mistake(
            "unbiased",
            mmd_unbiased,
            "This is the unbiased estimator, which leaves out pairs of a position with itself. The biased one, with "
            "all pairs, is what equals the Gram distance.",
        ),
        Mistake(
            "square_root",
            mmd_root,
            "This is the square root of what is asked for: the *squared* MMD. Why would the root be unpleasant to "
            "differentiate at 0?",
        ),
        Mistake(
            "mean_squared_last",
            mmd_squared_mean,
            "The inner products are averaged first and squared then. The kernel squares each pair: square, then mean.",
        ),
        Mistake(
            "sums_for_means",
            mmd_summed,
            "Sums over pairs instead of means: with more positions in x than in y, the two do not even balance. Divide "
            "each term by its own number of pairs.",
        ),
        Mistake(
            "averaged_over_entries",
            mmd_of_gram_means,
            "This is C*C times too small: the mean over the entries of the Gram difference, where the distance is their "
            "sum.",
        ),
        Mistake(
            "batch_folded_in",
            mmd_batch_summed,
            "The images of the batch are put together. One number for each is asked for: shape (B,).",
            (mmd_batch_averaged,),
        ),
    ),
    differentiable=(0, 1),
    verified="the distance of two distributions, which is the distance of two Gram matrices",
)

EXERCISES = (GRAM_MATRIX, SHUFFLE_POSITIONS, GRAM_FROM_SPECTRUM, MMD_POLYNOMIAL)
