"""A network that paints in one pass, and its training: a style is scales and biases of norms (chapter on one pass).

After Johnson et al. (2016), Ulyanov et al. (2017) and Dumoulin et al. (2017): convolutions that all styles share, instance
norms, and a loss that is the one of style transfer. Trained once, it needs neither VGG nor an optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nstlib import course
from nstlib.doors import door
from nstlib.errors import ShapeError
from nstlib.features import Features
from nstlib.formats.styles import read_styles, write_styles
from nstlib.gram import gram_matrix
from nstlib.losses import content_loss, style_loss, total_variation
from nstlib.seeds import seeded

SAVED = course.DATA / "one_pass.safetensors"
WIDTHS = (12, 24, 32)  # channels at full, half and quarter size
BLOCKS = 5
ENDS = 5  # side of the first and the last kernels; the others have 3
LEAST = 8  # pixels of a side: reflections need something to reflect
CONTENT_LAYER, STYLE_LAYERS = "relu3_1", ("relu1_1", "relu2_1", "relu3_1")
WEIGHTS = (1.0, 5.0, 1.0)  # of content, style and total variation, all of them relative
RATE, NORM_RATE = 2e-3, 5e-3  # Adam's, of the convolutions and of the norms
BATCH, CROP, WARM_UP = 2, 96, 20


@dataclass(frozen=True)
class TrainingStep:
    """What one step lowered.

    Attributes:
        index: how many steps were made before it.
        total: the weighted sum of the other three, for the batch of this step.
        content: relative content loss. style: relative style loss, mean over layers. variation: total variation.
    """

    index: int
    total: float
    content: float
    style: float
    variation: float


@dataclass(frozen=True)
class Crops:
    """Pieces of photos, and what the content layer sees in them, computed once.

    Attributes:
        images: RGB in [0, 1], shape (N, 3, S, S).
        features: activations of ``layer``, shape (N, C, H, W), in half precision.
        layer: in which the content is compared.
    """

    images: Tensor
    features: Tensor
    layer: str = CONTENT_LAYER


@door(blocks=">= 0")
class OnePass(nn.Module):
    """A picture in, a painted picture out: ``model(image, style)``.

    Two convolutions halve the size, residual blocks work at a quarter of it, and two go back up: nearest pixels, then a
    convolution, which leaves no checkerboard. Each convolution but the last is followed by a norm, whose scale and bias are
    not the network's but the style's.

    Args:
        blocks: how many residual blocks.
        norm: makes the norm of so many channels, without scale and bias: ``nn.InstanceNorm2d``, or ``nn.BatchNorm2d``.
        generator: of the first weights; None means a fixed seed.

    Attributes:
        channels: of each norm, in order; a style has a scale and a bias for each of them, in all ``sum(channels)``.
        blocks: the number of the first convolution of each residual block; those on the way up begin at its ``stop``.
    """

    def __init__(
        self,
        *,
        blocks: int = BLOCKS,
        norm: Callable[..., nn.Module] = nn.InstanceNorm2d,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.blocks = range(3, 3 + 2 * blocks, 2)
        full, half, quarter = WIDTHS
        sizes = [(3, full, ENDS), (full, half, 3), (half, quarter, 3)]
        sizes += [(quarter, quarter, 3)] * (2 * blocks)
        sizes += [(quarter, half, 3), (half, full, 3), (full, 3, ENDS)]
        self.channels = tuple(wide for _, wide, _ in sizes[:-1])
        # What a bias adds, a norm takes away again: only the last convolution has one.
        self.convolutions = nn.ModuleList(
            nn.utils.skip_init(nn.Conv2d, narrow, wide, side, bias=k == len(sizes) - 1)
            for k, (narrow, wide, side) in enumerate(sizes)
        )
        self.norms = nn.ModuleList(norm(wide, affine=False) for wide in self.channels)
        generator = seeded(generator)
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.weight, generator=generator)
        nn.init.zeros_(self.convolutions[-1].bias)

    def check(self, image: Tensor, style: Tensor) -> None:
        """Raise a ShapeError unless ``forward`` takes these two."""
        numbers = sum(self.channels)
        if style.shape not in ((2, numbers), (len(image), 2, numbers)):
            raise ShapeError(
                f"This network's styles have a scale and a bias for each of {numbers} channels: shape (2, {numbers}), or "
                f"({len(image)}, 2, {numbers}) for this batch; got {tuple(style.shape)}. load_one_pass returns some."
            )
        if min(image.shape[2:]) < LEAST:
            raise ShapeError(f"The image needs at least {LEAST} x {LEAST} pixels, got {tuple(image.shape[2:])}.")

    @door(image="B 3 H W", style="...")
    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        """Return painted pictures.

        Args:
            image: RGB in [0, 1], shape (B, 3, H, W), at least 8 x 8; no multiple of anything.
            style: scale and bias of all norms, shape (2, N), or (B, 2, N), one for each image.

        Returns:
            RGB in [0, 1], shape (B, 3, H, W).

        Raises:
            ShapeError: if the image is too small, or the style is of another network.
        """
        self.check(image, style)
        parts = [part.unsqueeze(-1).unsqueeze(-1) for part in style.split(self.channels, -1)]  # each (B?, 2, C, 1, 1)

        def layer(x: Tensor, k: int, stride: int = 1) -> Tensor:
            x = self.norms[k](_padded_convolution(x, self.convolutions[k], stride))
            scale, bias = parts[k].unbind(-4)
            return x * scale + bias

        x = layer(image, 0).relu()  # (B, 12, H, W)
        x = layer(x, 1, 2).relu()
        x = layer(x, 2, 2).relu()  # (B, 32, H / 4, W / 4), rounded up
        for k in self.blocks:
            x = x + layer(layer(x, k).relu(), k + 1)
        for k in (self.blocks.stop, self.blocks.stop + 1):
            x = layer(F.interpolate(x, scale_factor=2.0), k).relu()  # nearest
        height, width = image.shape[2:]
        return _padded_convolution(x, self.convolutions[-1], 1).sigmoid()[..., :height, :width]


def _padded_convolution(x: Tensor, convolution: nn.Conv2d, stride: int) -> Tensor:
    margin = convolution.kernel_size[0] // 2
    return F.conv2d(F.pad(x, [margin] * 4, mode="reflect"), convolution.weight, convolution.bias, stride)


@door(count=">= 1")
def plain_styles(model: OnePass, count: int = 1) -> Tensor:
    """Return styles to begin a training with, shape (count, 2, N), on the model's device: all scales 1, all biases 0."""
    plain = torch.zeros(count, 2, sum(model.channels), device=_device(model))
    plain[:, 0] = 1
    return plain


def _device(model: OnePass) -> torch.device:
    return model.convolutions[0].weight.device


@door(pictures="picture", count=">= 1", size=">= 16")
def cut_crops(
    pictures: Iterable[Tensor],
    network: Features,
    *,
    count: int,
    size: int = CROP,
    layer: str = CONTENT_LAYER,
    generator: torch.Generator | None = None,
) -> Crops:
    """Return square pieces of photos to train with, from random places, each changed at random.

    Half of them are mirrored; colors are permuted, and light is bent by a power from 0.6 to 1.6: few photos, many scenes.

    Args:
        pictures: photos, shape (1, 3, H, W), no side below ``size``.
        network: sees the pieces.
        count: how many, from the photos in turn.
        size: of the pieces, in pixels; a multiple of 4.
        layer: of the network, in which the content is to be compared.
        generator: on the CPU, so that a seed means the same pieces on every device; None means a fixed seed.

    Returns:
        Pieces on the device of the photos, where the network looks at them.

    Raises:
        ShapeError: if a photo is too small, or there is none.
    """
    generator, photos = seeded(generator), list(pictures)
    if not photos or min(min(photo.shape[2:]) for photo in photos) < size:
        raise ShapeError(f"cut_crops needs photos of at least {size} x {size} pixels, got {_sizes(photos)}.")

    def any_of(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    crops = []
    for k in range(count):
        photo = photos[k % len(photos)]
        top, left = (any_of(side - size + 1) for side in photo.shape[2:])
        crop = photo[..., top : top + size, left : left + size][:, torch.randperm(3, generator=generator).tolist()]
        crop = crop.flip(3) if any_of(2) else crop
        crops.append(crop.clamp(0, 1) ** float(0.6 + torch.rand((), generator=generator)))
    images = torch.cat(crops)
    with torch.no_grad():
        seen = [network.fast(some, layer)[layer].half() for some in images.split(16)]
    return Crops(images, torch.cat(seen), layer)


def _sizes(photos: Sequence[Tensor]) -> str:
    return ", ".join(f"{photo.shape[2]} x {photo.shape[3]}" for photo in photos) or "none"


@door(styles="picture")
def style_goals(styles: Iterable[Tensor], network: Features, layers: Sequence[str] = STYLE_LAYERS) -> dict[str, Tensor]:
    """Return the Gram matrices of pictures, by layer, each of shape (number of pictures, C, C)."""
    with torch.no_grad():
        grams = [{name: gram_matrix(found) for name, found in network.fast(style, layers).items()} for style in styles]
    return {name: torch.cat([each[name] for each in grams]) for name in layers}


@door(styles="moved", goals="moved")
class Training:
    """A training under way: each call of ``step`` is one batch, one update, one record.

    Args:
        model: is changed in place, on its device; styles, crops and goals are brought there.
        styles: to begin with, shape (S, 2, N); a copy of them is trained. Each image of a batch has the next style in turn.
        crops: to learn from. goals: from ``style_goals``, S of each layer; its layers are those that are compared.
        steps: after which it shall be done; see ``rate_share``.
        weights: of content, style and total variation.
        generator: of the order of the crops, on the CPU as in ``cut_crops``; None means a fixed seed.

    Attributes:
        styles: as they are now.
        index: how many steps were made. steps: how many it is to have.
    """

    def __init__(
        self,
        model: OnePass,
        styles: Tensor,
        crops: Crops,
        goals: Mapping[str, Tensor],
        network: Features,
        *,
        steps: int,
        weights: tuple[float, float, float] = WEIGHTS,
        generator: torch.Generator | None = None,
    ):
        counts = {len(grams) for grams in goals.values()}
        if counts != {len(styles)}:
            raise ShapeError(
                f"`styles` and `goals` need to be of as many pictures, got {len(styles)} styles and goals of "
                f"{', '.join(map(str, sorted(counts))) or 'none'}. style_goals makes them of pictures."
            )
        device = _device(model)
        self.model, self.styles = model, styles.detach().to(device, copy=True).requires_grad_(True)
        self._crops = Crops(crops.images.to(device), crops.features.to(device), crops.layer)
        self._goals = {name: grams.to(device) for name, grams in goals.items()}
        self._network, self._weights = network, weights
        self.steps, self.index, self._generator = steps, 0, seeded(generator)
        self._adam = torch.optim.Adam(
            [{"params": list(model.parameters()), "rate": RATE}, {"params": [self.styles], "rate": NORM_RATE}]
        )

    def step(self) -> TrainingStep:
        """Paint a batch, move convolutions and norms one step downhill, and return what was lowered, before the step."""
        self.model.train()
        device = self.styles.device
        places = torch.randint(len(self._crops.images), (BATCH,), generator=self._generator).to(device)
        which = (torch.arange(BATCH, device=device) + BATCH * self.index) % len(self.styles)
        painted = self.model(self._crops.images[places], self.styles[which])
        losses = self.losses(painted, self._crops.features[places].float(), which)
        total = sum(weight * loss for weight, loss in zip(self._weights, losses, strict=True))
        for group in self._adam.param_groups:
            group["lr"] = group["rate"] * rate_share(self.index, self.steps)
        self._adam.zero_grad()
        total.backward()
        self._adam.step()
        self.index += 1
        return TrainingStep(self.index - 1, *torch.stack([total, *losses]).tolist())

    def losses(self, painted: Tensor, wanted: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return content, style and total variation of painted pictures: relative, means over the batch."""
        found = self._network.fast(painted, {self._crops.layer, *self._goals})
        styles = [style_loss(found[k], grams[which], convention="relative") for k, grams in self._goals.items()]
        content = content_loss(found[self._crops.layer], wanted, convention="relative")
        return content, torch.stack(styles).mean(), total_variation(painted)

    def state_dict(self) -> dict:
        """Return all that the next steps depend on."""
        state = {"model": self.model.state_dict(), "styles": self.styles.detach(), "adam": self._adam.state_dict()}
        return {**state, "index": self.index, "generator": self._generator.get_state()}

    def load_state_dict(self, state: Mapping) -> None:
        """Go on from there, on whatever device the state was made or read."""
        self.model.load_state_dict(state["model"])
        with torch.no_grad():
            self.styles.copy_(state["styles"])
        self._adam.load_state_dict(state["adam"])
        self.index = state["index"]
        self._generator.set_state(state["generator"].cpu())


@door(index=">= 0", steps=">= 1")
def rate_share(index: int, steps: int) -> float:
    """Return the share of the full rate that a step has: it warms up, is halved after 60 %, a fifth after 85 %."""
    late = 0.2 if index >= 0.85 * steps else 0.5 if index >= 0.6 * steps else 1.0
    return late * min(1.0, (index + 1) / WARM_UP)


@door(styles="2 _")
def save_one_pass(model: OnePass, styles: Mapping[str, Tensor], path: Path) -> None:
    """Write a network and its styles to one file, in half precision."""
    write_styles(model.state_dict(), styles, path)


@door
def load_one_pass(path: Path | None = None) -> tuple[OnePass, dict[str, Tensor]]:
    """Return a network and its styles by name, each of shape (2, N): by default those that the course comes with.

    Raises:
        WeightsError: if there is no such file, or it is damaged.
    """
    weights, styles = read_styles(SAVED if path is None else path)
    model = OnePass(blocks=(len(weights) - 7) // 2)  # the other six kernels, and the one bias
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False), styles
