"""The exercise ``prolong``, and the mistakes that people make in it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from nstlib.check.drawing import PICTURE, changed, either, tensor
from nstlib.check.exercise import Case, Exercise, Function, close, if_loose, law, mistake, scattered, uniform
from nstlib.engine import schedule

Resize = Callable[[Tensor, "tuple[int, int]"], Tensor]


Bigger = Callable[[Tensor, Tensor, Resize], Tensor]


def _bicubic(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bicubic", antialias=True)


def _bicubic_with_aliases(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bicubic")


def _bilinear(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bilinear", antialias=True)


def _bilinear_with_aliases(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="bilinear")


def _nearest(image: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(image, size, mode="nearest")


def _prolong_case(
    seed: int, small: tuple[int, int], large: tuple[int, int], batch: int = 1, loose: bool = False
) -> Case:
    def make(dtype: torch.dtype) -> tuple:
        coarse, fine = (uniform(seed + k, batch, 3, *size, dtype=dtype) for k, size in enumerate((small, large)))
        return (scattered(coarse), scattered(fine)) if loose else (coarse, fine)

    label = f"coarse ({batch}, 3, {small[0]}, {small[1]}), fine ({batch}, 3, {large[0]}, {large[1]}){if_loose(loose)}"
    return Case(label, make)


def _scene() -> Tensor:
    return 0.3 + 0.4 * uniform(91, 1, 3, 24, 30)


@law("where the coarse run changed nothing, the fine image comes back")
def nothing(function: Function) -> bool:
    fine = _scene()
    return close(function(_bicubic(fine, (12, 15)), fine), fine)


@law("a coarse image that is brighter by 0.1 makes the fine one brighter by 0.1")
def brighter(function: Function) -> bool:
    fine = _scene()
    return close(function(_bicubic(fine, (12, 15)) + 0.1, fine), fine + 0.1)


@law("one that is darker by 0.1 makes it darker by 0.1, also from a third of the size")
def darker(function: Function) -> bool:
    fine = _scene()
    return close(function(_bicubic(fine, (8, 10)) - 0.1, fine), fine - 0.1)


@law("over a coarse image of one gray, the detail is that of the fine image")
def keeps_contrast(function: Function) -> bool:
    """Over a coarse image of one color, all detail is that of the fine one."""
    fine = _scene()
    expected = 0.5 + fine - _bicubic(_bicubic(fine, (12, 15)), (24, 30))
    return close(function(torch.full((1, 3, 12, 15), 0.5), fine), expected)


@law("every value lies in [0, 1]")
def within(function: Function) -> bool:
    result = torch.as_tensor(function(torch.ones(1, 3, 12, 15), _scene()))
    return bool((result >= 0).all() and (result <= 1).all())


def _bigger(enlarge: Bigger, resize: Resize = _bicubic, *, clamped: bool = True) -> Function:
    def function(coarse: Tensor, fine: Tensor) -> Tensor:
        result = enlarge(coarse, fine, resize)
        return result.clamp(0, 1) if clamped else result

    return function


def _change(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return coarse - resize(fine, coarse.shape[2:])


def _change_alone(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return resize(_change(coarse, fine, resize), fine.shape[2:])


def _prolonged(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + _change_alone(coarse, fine, resize)


def _only_enlarged(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return resize(coarse, fine.shape[2:])


def _whole_added(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + resize(coarse, fine.shape[2:])


def _changed_backwards(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine - _change_alone(coarse, fine, resize)


def _change_clamped(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + resize(_change(coarse, fine, resize).clamp(0, 1), fine.shape[2:])


def _large_change_clamped(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + _change_alone(coarse, fine, resize).clamp(0, 1)


def _change_without_a_sign(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + resize(_change(coarse, fine, resize).abs(), fine.shape[2:])


def _blended(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return (fine + resize(coarse, fine.shape[2:]).clamp(0, 1)) / 2


def _blended_unclamped(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return (fine + resize(coarse, fine.shape[2:])) / 2


def _half_the_change(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return fine + _change_alone(coarse, fine, resize) / 2


def _added_to_the_coarse_image(coarse: Tensor, fine: Tensor, resize: Resize) -> Tensor:
    return resize(coarse, fine.shape[2:]) + _change_alone(coarse, fine, resize)


only_enlarged = mistake(
    "This is the coarse image, enlarged: a blur. If the coarse run had changed nothing, `fine` should come back, "
    "with all its detail.",
    "only_enlarged",
    variants=tuple(
        _bigger(_only_enlarged, resize, clamped=clamped)
        for clamped in (True, False)
        for resize in (_bicubic, _bicubic_with_aliases, _bilinear, _bilinear_with_aliases, _nearest)
    )[1:],
)(_bigger(_only_enlarged))


whole_image_added = mistake(
    "The whole coarse image is added, so the sum is too bright. Add what *differs* from the fine image.",
    "whole_image_added",
)(_bigger(_whole_added), _bigger(_whole_added, clamped=False))


backwards = mistake(
    "The change has the wrong sign: what the coarse run made brighter gets darker. Which image is subtracted from "
    "which?",
    "backwards",
)(_bigger(_changed_backwards), _bigger(_changed_backwards, clamped=False))


change_clamped = mistake(
    "What got darker is lost: the change was clamped to [0, 1] before it was added. A difference has both signs. "
    "Clamp the sum alone.",
    "change_clamped",
)(
    _bigger(_change_clamped),
    _bigger(_large_change_clamped),
    _bigger(_change_clamped, clamped=False),
    _bigger(_large_change_clamped, clamped=False),
    _bigger(_change_without_a_sign),
)


twice_the_change = mistake(
    "The change is added twice as strong as it is. With a coarse image brighter by 0.1 it should be 0.1.",
    "twice_the_change",
)(_bigger(lambda coarse, fine, resize: fine + 2 * _change_alone(coarse, fine, resize)))


change_alone = mistake("This is the enlarged change, not the image: add it to `fine`.", "change_alone")(
    _bigger(_change_alone, clamped=False), _bigger(_change_alone)
)


blended = mistake(
    "This is the mean of the two images, which has half of the detail and half of the change. Both are wanted in full.",
    "blended",
)(_bigger(_blended), _bigger(_blended_unclamped, clamped=False), _bigger(_half_the_change))


added_to_the_coarse_image = mistake(
    "The change is added to the enlarged coarse image, which has it already. The detail is in `fine`: add it there.",
    "added_to_the_coarse_image",
)(_bigger(_added_to_the_coarse_image))


not_clamped = mistake("Some values leave [0, 1]. Clamp the sum.", "not_clamped")(_bigger(_prolonged, clamped=False))


other_resizing = mistake(
    "The steps are right, but images are resized in another way. Shrunk without antialias, fine stripes come out "
    'as broad ones that are not there. Use mode="bicubic", antialias=True both ways.',
    "other_resizing",
    variants=tuple(_bigger(_prolonged, resize) for resize in (_bilinear, _bilinear_with_aliases, _nearest)),
)(_bigger(_prolonged, _bicubic_with_aliases))


@mistake("`fine` comes back unchanged. What did the coarse run find?")
def change_lost(coarse: Tensor, fine: Tensor) -> Tensor:
    return fine.clone()


def _half_black(image: Tensor) -> Tensor:
    """Return a picture that leaves [0, 1] when it is shrunk, on both sides of its edge."""
    return (image >= 0).to(image.dtype) * (torch.arange(image.shape[-1]) >= image.shape[-1] // 2)


EXERCISE = Exercise(
    __name__,
    title="Larger, with its detail",
    difficulty=2,
    minutes=12,
    signature="prolong(coarse, fine)",
    hints=(
        "At which size can you say what the coarse run has *changed*? Bring the fine image there first.",
        "The change has both signs: it is no picture, and nothing of it may be cut off. Enlarge it, add it to the fine "
        "image, and clamp the sum.",
        'With `resize = partial(F.interpolate, mode="bicubic", antialias=True)`: `change = coarse - resize(fine, '
        "coarse.shape[2:])`, then `(fine + resize(change, fine.shape[2:])).clamp(0, 1)`.",
    ),
    reference=schedule.prolong,
    cases=(
        _prolong_case(71, (8, 10), (16, 20)),
        _prolong_case(73, (7, 9), (15, 17)),
        _prolong_case(75, (6, 11), (12, 22), batch=2),
        _prolong_case(77, (5, 6), (20, 24)),
        _prolong_case(79, (9, 8), (18, 16), loose=True),
    ),
    takes={
        "coarse": tensor("B C h w", PICTURE),
        "fine": either(
            tensor("B C H W", PICTURE),
            changed(tensor("B C H W", ("uniform",)), _half_black, "{}, half black, half white"),
        ),
    },
    sizes={"h": (2, 6), "w": (2, 6), "H": (7, 12), "W": (7, 12)},
    verified="the fine image with the coarse change on top, in [0, 1]",
)
