"""A map of where pictures lie in the spaces that the losses measure, and of the way a transfer takes.

In a ``Space`` each picture is one long vector, and its squared distance to the target's *is* the target's loss. The first
principal axes of some pictures draw as much of those distances as a flat map can.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib.doors import door
from nstlib.errors import ChoiceError, ShapeError
from nstlib.features import Features
from nstlib.gram import gram_matrix
from nstlib.losses import scale_of
from nstlib.terms import LayerChoice, layer_shares
from nstlib.transfer import CONTENT_LAYERS, STYLE_LAYERS


@door(target="1 3 H W")
class Space:
    """Where squared distances to one target are its relative loss; called with a picture, it returns the vector.

    Make one with ``content_space`` or ``style_space``.
    """

    def __init__(self, target: Tensor, network: Features, layers: LayerChoice, *, of_texture: bool):
        self._network, self._of_texture = network, of_texture
        shares = layer_shares("layers", layers, network)
        # What a difference in one number of a layer adds to the loss, once it is squared.
        self._units = {
            layer: (share / (values.numel() * scale_of(values))).sqrt()
            for (layer, share), values in zip(shares.items(), self._statistics(target, shares), strict=True)
        }
        self.target = self._vector(target)

    def __call__(self, image: Tensor) -> Tensor:
        """Return a picture's vector, shape (D,), for an image of shape (1, 3, H, W).

        Raises:
            ShapeError: if it does not fit: a space of scenes is made for one size, one of textures for all.
        """
        vector = self._vector(image)
        if len(vector) != len(self.target):
            raise ShapeError(
                f"In a space of scenes all pictures have one size; this one of {tuple(image.shape[2:])} pixels has "
                f"{len(vector)} numbers, the target {len(self.target)}. Bring it to the target's size first."
            )
        return vector

    def _vector(self, image: Tensor) -> Tensor:
        values = self._statistics(image, self._units)
        return torch.cat([(found * unit).flatten() for found, unit in zip(values, self._units.values(), strict=True)])

    def _statistics(self, image: Tensor, layers: Iterable[str]) -> list[Tensor]:
        names = tuple(layers)
        with torch.no_grad():
            found = self._network.fast(image, names)
        return [gram_matrix(found[name]) if self._of_texture else found[name] for name in names]


@door(target="1 3 H W")
def content_space(target: Tensor, network: Features, layers: LayerChoice = CONTENT_LAYERS) -> Space:
    """Return the space in which the squared distance to ``target``, shape (1, 3, H, W), is its content loss."""
    return Space(target, network, layers, of_texture=False)


@door(target="1 3 H W")
def style_space(target: Tensor, network: Features, layers: LayerChoice = STYLE_LAYERS) -> Space:
    """Return the space of Gram matrices in which the squared distance to ``target``, (1, 3, H, W), is its style loss."""
    return Space(target, network, layers, of_texture=True)


@dataclass(frozen=True)
class Axes:
    """The directions in which some vectors differ most.

    Attributes:
        mean: of the vectors, shape (D,): the middle of the map.
        directions: orthonormal, strongest first, shape (count, D).
        shares: of the vectors' variance along each, shape (count,); with all axes they sum to 1.
    """

    mean: Tensor
    directions: Tensor
    shares: Tensor

    @door
    def project(self, vectors: Tensor) -> Tensor:
        """Return the coordinates of vectors, shape (N, D), on the map: shape (N, count)."""
        return (vectors - self.mean) @ self.directions.mT


@door(vectors="values ...", count="own")
def principal_axes(vectors: Tensor, count: int = 2) -> Axes:
    """Return the first principal axes of N vectors, shape (N, D).

    A picture has up to a million numbers here, but there are few pictures: the axes lie in their span, and the N x N matrix
    of their products has the same eigenvalues as the D x D covariance. Each axis points to where its longest projection is.

    Args:
        vectors: shape (N, D), N at least 2.
        count: how many, at most N - 1; fewer where the vectors differ in fewer directions.

    Raises:
        ShapeError: if ``vectors`` is no matrix of at least 2 rows, or all rows are the same. ChoiceError: for other counts.
    """
    if vectors.ndim != 2 or len(vectors) < 2:
        raise ShapeError(f"principal_axes needs at least 2 vectors, shape (N, D), got {tuple(vectors.shape)}.")
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count < len(vectors):
        raise ChoiceError(f"{len(vectors)} vectors have from 1 to {len(vectors) - 1} axes, got a count of {count!r}.")
    if not torch.isfinite(vectors).all():
        raise ShapeError("principal_axes needs vectors of finite numbers: some are NaN or infinite.")
    mean = vectors.mean(0)
    centered = vectors - mean  # (N, D)
    products = (centered @ centered.mT).double()  # (N, N)
    energies, turns = torch.linalg.eigh(products)  # ascending
    energies, turns = energies.flip(0), turns.flip(1)  # (N,), (N, N): column k has the projections on axis k
    if energies[0] <= 1e-12 * vectors.square().sum():
        raise ShapeError("All of the vectors are the same: there is no direction in which they differ.")
    kept = min(count, int((energies > 1e-6 * energies[0]).sum()))
    turns, lengths = turns[:, :kept], energies[:kept].sqrt()
    longest = turns.gather(0, turns.abs().argmax(0, keepdim=True))  # (1, kept)
    directions = (turns * longest.sign() / lengths).mT.to(vectors) @ centered
    return Axes(mean, directions, (energies[:kept] / energies.sum()).to(vectors))
