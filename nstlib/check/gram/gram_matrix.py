"""The exercise ``gram_matrix``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import gram
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Exercise, Function, close, convention, law, mistake
from nstlib.check.gram._shared import FEATURES, doubled, permutation, some


@law("each image of a batch has its own matrix")
def alone(function: Function) -> bool:
    features = some()
    together = torch.as_tensor(function(features))
    return all(close(torch.as_tensor(function(features[k : k + 1]))[0], together[k]) for k in range(2))


@law("the matrix is symmetric")
def symmetric(function: Function) -> bool:
    result = torch.as_tensor(function(some()))
    return close(result, result.mT)


@law("moving all positions around, the same way in each channel, changes nothing")
def shuffled(function: Function) -> bool:
    features = some()
    shuffled = features.flatten(2)[..., permutation(0, 20)].view_as(features)
    return close(function(shuffled), function(features))


@law("an image tiled with copies of itself has the same matrix")
def tiled(function: Function) -> bool:
    return close(function(some().repeat(1, 1, 2, 3)), function(some()))


@law("its trace is the sum of the channels' mean squares")
def trace(function: Function) -> bool:
    trace = torch.as_tensor(function(some())).diagonal(dim1=1, dim2=2).sum(1)
    return close(trace, some().square().mean((2, 3)).sum(1))


def gram_of_positions_averaged(features: Tensor) -> Tensor:
    return positions_instead_of_channels(features) / features.shape[1]


def gram_of_positions_normalized(features: Tensor) -> Tensor:
    return positions_instead_of_channels(features) / features[0, 0].numel()


@mistake(
    "This compares positions with each other (H*W x H*W) instead of channels (C x C). Over which axis should the "
    "product sum: which one should be gone afterwards?",
    variants=(gram_of_positions_averaged, gram_of_positions_normalized),
)
def positions_instead_of_channels(features: Tensor) -> Tensor:
    vectors = features.flatten(2)
    return vectors.mT @ vectors


def gram_with_batch_summed(features: Tensor) -> Tensor:
    return gram.gram_matrix(features).sum(0)


def gram_with_batch_as_channels(features: Tensor) -> Tensor:
    vectors = features.flatten(0, 1).flatten(1)  # (B*C, H*W)
    return vectors @ vectors.T / vectors.shape[1]


def gram_with_batch_as_channels_summed(features: Tensor) -> Tensor:
    vectors = features.flatten(0, 1).flatten(1)
    return vectors @ vectors.T


@mistake(
    "The images of the batch are mixed into one matrix. Does each picture have a style of its own? Keep the first "
    "axis: (B, C, C).",
    variants=(gram_with_batch_summed, gram_with_batch_as_channels, gram_with_batch_as_channels_summed),
)
def batch_folded_in(features: Tensor) -> Tensor:
    vectors = features.transpose(0, 1).flatten(1)  # (C, B*H*W)
    return vectors @ vectors.T / vectors.shape[1]


@mistake(
    "This divides by the number of positions twice. A mean divides once: is one of the two divisions hidden in a "
    "mean() or in both factors?"
)
def normalized_twice(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) / features[0, 0].numel()


@mistake(
    "This is the covariance: the mean of each channel was subtracted first. A Gram matrix keeps the mean: how "
    "strongly a channel fires is part of the style."
)
def centered(features: Tensor) -> Tensor:
    return gram.gram_matrix(features - features.mean((2, 3), keepdim=True))


@mistake(
    "This is the cosine between channels: each row was scaled to length 1, so the diagonal is all ones. How would "
    "the matrix then know that one channel fires more than another?"
)
def directions_only(features: Tensor) -> Tensor:
    vectors = torch.nn.functional.normalize(features.flatten(2), dim=2)
    return vectors @ vectors.mT


def gram_correlation_as_it_comes(features: Tensor) -> Tensor:
    return torch.stack([torch.corrcoef(image.flatten(1)) for image in features])


@mistake(
    "This is the correlation: the mean of each channel was subtracted, and all was divided by the deviations. A Gram "
    "matrix does neither, and so it also knows how strongly each channel fires.",
    variants=(gram_correlation_as_it_comes,),
)
def correlation(features: Tensor) -> Tensor:
    return torch.stack([torch.corrcoef(image.flatten(1)).reshape(len(image), -1) for image in features])


def gram_diagonal_vector(features: Tensor) -> Tensor:
    return features.square().mean((2, 3))


@mistake(
    "Only the diagonal is there: each channel with itself. What about channel i together with channel j?",
    variants=(gram_diagonal_vector,),
)
def diagonal_only(features: Tensor) -> Tensor:
    return torch.diag_embed(features.square().mean((2, 3)))


@mistake("This divides by the number of channels C. The mean is taken over positions: how many are there?")
def divided_by_channels(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) * features[0, 0].numel() / features.shape[1]


@mistake(
    "`reshape(B, H*W, C)` does not move axes, it cuts the same row of numbers in other places: channels and "
    "positions get mixed. Is it flatten(2), or permute, that you mean?"
)
def scrambled_by_reshape(features: Tensor) -> Tensor:
    b, c, h, w = features.shape
    vectors = features.reshape(b, h * w, c)
    return vectors.mT @ vectors / (h * w)


@convention(
    "This is the convention of Gatys et al. (2016, eq. 3): the sum over positions, not the mean. Both are in use; "
    "your numbers below will differ from the book's by the factor H*W."
)
def gatys_sum(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) * features[0, 0].numel()


@convention(
    "This is the convention of Johnson et al. (2016): divided by C*H*W, not only by H*W. Both are in use; your "
    "numbers below will differ from the book's by the factor 1/C."
)
def johnson(features: Tensor) -> Tensor:
    return gram.gram_matrix(features) / features.shape[1]


EXERCISE = Exercise(
    __name__,
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
    cases=FEATURES,
    takes={"features": tensor("B C H W")},
    laws=(shuffled, symmetric, doubled, trace, tiled, alone),
    differentiable=(0,),
    verified="a mean over positions, for each image by itself",
)
