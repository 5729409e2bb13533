"""The exercise ``correlate_colors``, and the mistakes that people make in it."""

from __future__ import annotations

import torch
from torch import Tensor

from nstlib import parameterizations
from nstlib.check.drawing import tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, normal, scattered


def correlate_colors(image: Tensor, matrix: Tensor) -> Tensor:
    """Return red, green and blue, mixed from three other colors.

    Args:
        image: shape (B, 3, H, W): how much of each of the three.
        matrix: shape (3, 3); column j is color j in red, green and blue. It is divided by the length of its longest column.
    """
    scaled = matrix / torch.linalg.vector_norm(matrix, dim=0).max()
    return torch.einsum("ij, bjhw -> bihw", scaled, image)


def _matrix(seed: int, dtype: torch.dtype) -> Tensor:
    base = torch.tensor(parameterizations.COLOR_DIRECTIONS, dtype=dtype)
    return base if seed == 0 else base + normal(seed, 3, 3, dtype=dtype) / 5


def _colors_case(seed: int, shape: tuple[int, ...], matrix: int, *, loose: bool = False) -> Case:
    def make(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        image = normal(seed, *shape, dtype=dtype)
        return scattered(image) if loose else image, _matrix(matrix, dtype)

    return Case(f"image {shape}{if_loose(loose)}", make)


def _mixed(image: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("ij, bjhw -> bihw", matrix, image)


def _columns(matrix: Tensor) -> Tensor:
    return torch.linalg.vector_norm(matrix, dim=0)


def _colors() -> tuple[Tensor, Tensor]:
    return normal(13, 2, 3, 4, 5), _matrix(5, torch.float32)


@law("the inverse matrix takes the colors apart again")
def back(function: Function) -> bool:
    image, matrix = _colors()
    inverse = torch.linalg.inv(matrix / _columns(matrix).max())
    return close(_mixed(torch.as_tensor(function(image, matrix)).float(), inverse), image)


@law("a matrix 30 times as large does the same")
def of_any_scale(function: Function) -> bool:
    image, matrix = _colors()
    return close(function(image, 30 * matrix), function(image, matrix))


@law("the longest column has length 1, the others keep their proportion")
def longest(function: Function) -> bool:
    matrix = _matrix(5, torch.float32)
    image = torch.eye(3)[:, :, None, None]  # three images, each pure in one of the colors
    lengths = torch.linalg.vector_norm(torch.as_tensor(function(image, matrix)), dim=1)
    return close(lengths.max(), 1) and close(lengths.flatten(), _columns(matrix) / _columns(matrix).max())


@law("a diagonal matrix only scales the channels")
def diagonal(function: Function) -> bool:
    image, _ = _colors()
    return close(
        function(image, torch.diag(torch.tensor([4.0, 2.0, 1.0]))), image * torch.tensor([1, 0.5, 0.25])[:, None, None]
    )


@law("each pixel is mixed by itself")
def pointwise(function: Function) -> bool:
    image, matrix = _colors()
    return close(function(image.flip(2, 3), matrix), torch.as_tensor(function(image, matrix)).flip(2, 3))


def colors_transposed_before(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix.T / _columns(matrix.T).max())


@mistake(
    "Rows and columns of the matrix are exchanged: *columns* are the colors, so red is the sum of a row times the "
    "amounts.",
    variants=(colors_transposed_before,),
)
def transposed(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix.T / _columns(matrix).max())


@mistake("The matrix is not scaled: how long is its longest column?")
def not_scaled(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix)


def colors_over_spectral(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / torch.linalg.matrix_norm(matrix, 2))


@mistake(
    "This divides by a norm of the whole matrix. The length of its longest *column* is asked for.",
    variants=(colors_over_spectral,),
)
def over_the_whole_norm(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / matrix.norm())


@mistake("This divides by the largest entry. A column's length is the root of the sum of its squares.")
def over_the_largest_entry(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / matrix.abs().max())


def colors_over_each_row(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / torch.linalg.vector_norm(matrix, dim=1, keepdim=True))


@mistake("The lengths are those of the rows. Along which axis does a column run?", variants=(colors_over_each_row,))
def over_rows(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / torch.linalg.vector_norm(matrix, dim=1).max())


@mistake(
    "Every column is scaled to length 1. But how *much* each color varies is what the lengths say: scale all by "
    "the same number."
)
def each_column_scaled(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / _columns(matrix))


@mistake("This divides by a sum of absolute values. A length is the root of a sum of squares.")
def sums_for_lengths(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, matrix / matrix.abs().sum(0).max())


@mistake("This is the way back: it takes red, green and blue apart. Multiply by the matrix, not by its inverse.")
def taken_apart(image: Tensor, matrix: Tensor) -> Tensor:
    return _mixed(image, torch.linalg.inv(matrix / _columns(matrix).max()))


@mistake(
    "`reshape(-1, 3)` does not move axes: three *neighbors* are mixed instead of three channels. permute or einsum can."
)
def scrambled_by_reshape(image: Tensor, matrix: Tensor) -> Tensor:
    return (image.reshape(-1, 3) @ (matrix / _columns(matrix).max()).T).reshape(image.shape)


@mistake("The mixed colors are squeezed by a sigmoid already. That comes later: return them as they are.")
def squeezed(image: Tensor, matrix: Tensor) -> Tensor:
    return correlate_colors(image, matrix).sigmoid()


EXERCISE = Exercise(
    __name__,
    title="Three colors that vary independently",
    difficulty=2,
    minutes=8,
    signature="correlate_colors(image, matrix)",
    hints=(
        "Each pixel holds three amounts, of three colors that are columns of the matrix. Red, green and blue are the sum "
        "of the columns, each times its amount: a matrix times a vector, at every pixel.",
        "First scale: a column's length is its norm along axis 0, and the longest one should have length 1. Then multiply "
        "along the channel axis, and leave images and positions alone.",
        "`scaled = matrix / matrix.norm(dim=0).max()`, then `torch.einsum('ij, bjhw -> bihw', scaled, image)`.",
    ),
    reference=correlate_colors,
    cases=(
        _colors_case(1, (1, 3, 4, 5), 0),
        _colors_case(2, (2, 3, 5, 4), 1),
        _colors_case(3, (2, 3, 6, 4), 2, loose=True),
        _colors_case(4, (1, 3, 7, 3), 3),
        _colors_case(5, (1, 3, 1, 5), 0),
    ),
    takes={"image": tensor("B 3 H W"), "matrix": tensor("3 3", ("normal", "positive", "ties", "equal"))},
    differentiable=(0,),
    verified="columns are colors, the longest one has length 1",
)
