"""What the explorers have in common on the Python side: state, pictures, and the two forms in which one is shown.

An explorer is a folder of this package: a function, and a JavaScript module and a style sheet of the folder's name. With a
kernel it becomes an anywidget, whose state Python can read; while the book is built (``NST_STATIC_WIDGETS``), a piece of
HTML that needs no kernel: a still picture, the state as JSON, and a script of the page (``kit/mount.js``) that calls the
same JavaScript. What explorers share lies in ``kit``, ``gram`` and, for the page's own worker, ``runtime``.
"""

from __future__ import annotations

import base64
import html
import io
import json
import os
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import torch
import traitlets
from PIL import Image
from torch import Tensor

from nstlib.errors import ChoiceError, ShapeError
from nstlib.images import check_picture, resize
from nstlib.widgets.front_end import what_lacks

FOLDER = Path(__file__).parent
KINDS = {"uint8": "<u1", "float16": "<f2", "float32": "<f4"}
GAP = 8  # pixels between the pictures of a still one
CAPTION = (
    "Still picture. The explorer takes its place where scripts run and the page is served, not opened as a file: "
    "python -m http.server in its folder is enough."
)
NO_WIDGETS = (
    "Here is an explorer, for programs that show widgets: where Jupyter runs, pip install anywidget brings them."
)
STILL = 200  # pixels; lower ones are enlarged in whole steps up to that, so that small maps stay crisp

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w/]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b[ *]*(\w+))", re.MULTILINE)


@dataclass(frozen=True, repr=False)
class Page:
    """An explorer for a page without a kernel; notebooks show what ``_repr_html_`` returns."""

    name: str
    state: Mapping[str, Any]
    still: str
    alt: str
    caption: str

    def __repr__(self) -> str:
        return f"<explorer {self.name}: {self.alt}>"

    def _repr_html_(self) -> str:
        state = json.dumps(self.state, separators=(",", ":")).replace("<", "\\u003c")  # no </script> in it
        return (
            f'<div class="nst-page" data-explorer="{self.name}">{_figure(self.still, self.alt, self.caption)}'
            '<noscript><p class="nst-note">JavaScript is off in this browser: the explorer needs it.</p></noscript>'
            f'<script type="application/json">{state}</script></div>'
        )


def _figure(still: str, alt: str, caption: str) -> str:
    """Return a still picture over its caption; the caption alone where there is none."""
    picture = f'<img src="{still}" alt="{html.escape(alt)}">' if still else ""
    return f'<figure class="nst-still">{picture}<figcaption>{html.escape(caption)}</figcaption></figure>'


class Explorer(anywidget.AnyWidget):
    """An explorer for a kernel. Where Jupyter cannot show widgets, its still picture stands for it, and what to do."""

    def __init__(self, still: Callable[[str], str], alt: str, **state: Any) -> None:
        self._still, self._alt = still, alt
        super().__init__(**state)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if lacking := what_lacks():
            return {"text/html": self._still(lacking), "text/plain": f"{self._alt} {lacking}"}, {}
        data, metadata = super()._repr_mimebundle_(**options)
        return {**data, "text/plain": self._alt, "text/html": f"<p>{html.escape(NO_WIDGETS)}</p>"}, metadata


def make_explorer(
    name: str,
    state: Mapping[str, Any],
    *,
    still: Sequence[Tensor],
    alt: str,
    caption: str = CAPTION,
    static: bool | None = None,
) -> anywidget.AnyWidget | Page:
    """Return an explorer in the form that the place asks for.

    Args:
        name: of its folder, and of the JavaScript and the style sheet there.
        state: what the JavaScript finds with ``model.get``; anything that JSON can hold.
        still: what is seen where scripts are off: pictures (1, 3, H, W) or (3, H, W) in [0, 1], side by side.
        alt: what they show, in words.
        caption: below them.
        static: True for a page without a kernel, False for a widget. None: False, unless NST_STATIC_WIDGETS is set.
    """
    if is_static(static):
        return Page(name, dict(state), encode_still(still), alt, caption)
    traits = {key: traitlets.Any().tag(sync=True) for key in state}
    source = {"_esm": module_source(name), "_css": style_source(name)}
    title = "".join(word.capitalize() for word in name.split("_")) + "Explorer"
    return type(title, (Explorer,), {**source, **traits, "__module__": __name__})(
        lambda words: _figure(encode_still(still) if still else "", alt, words), f"<explorer {name}: {alt}>", **state
    )


def is_static(static: bool | None) -> bool:
    """Say whether an explorer is to need no kernel: as was asked for, else as the book's build says."""
    return bool(os.environ.get("NST_STATIC_WIDGETS")) if static is None else static


# JavaScript ---------------------------------------------------------------------------------------------------------------

# A module is named by its path below this folder, without its ending: kit/chart. An explorer's name stands for the module
# that is called as its folder: layers for layers/layers.


def module_source(name: str) -> str:
    """Return JavaScript as one module: what it imports from this folder stands in it.

    Each imported module becomes an object ``const module_kit_kit = (() => { ...; return { slider, ... }; })();`` and each
    import takes its names out of that, so that names of one module do not meet those of another.
    """
    *imported, own = _modules(_path(name))
    return "\n".join([*map(_closed, imported), _resolved(own)])


def style_names(name: str) -> list[str]:
    """Return which style sheets of this folder an explorer needs: the kit's, those of the modules it imports, its own."""
    wanted = dict.fromkeys(["kit/kit", *_modules(_path(name))])
    return [one for one in wanted if (FOLDER / f"{one}.css").exists()]


def style_source(name: str) -> str:
    """Return an explorer's style sheets as one."""
    return "\n".join((FOLDER / f"{one}.css").read_text(encoding="utf-8") for one in style_names(name))


def _path(name: str) -> str:
    return name if "/" in name else f"{name}/{name}"


def _script(module: str) -> str:
    return (FOLDER / f"{module}.js").read_text(encoding="utf-8")


def _imported(module: str, address: str) -> str:
    """Return the module that one imports by that address: "../kit/kit" is kit/kit."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(module), address))


def _variable(module: str) -> str:
    return f"module_{module.replace('/', '_')}"


def _modules(module: str) -> list[str]:
    """Return a module and all that it imports from this folder, each after what it imports itself."""
    found: dict[str, None] = {}
    for match in _IMPORT.finditer(_script(module)):
        found.update(dict.fromkeys(_modules(_imported(module, match[2]))))
    return [*found, module]


def _resolved(module: str) -> str:
    """Return a module's text with its imports taken out of the objects before it."""

    def taken(match: re.Match[str]) -> str:
        return f"const {{{match[1].replace(' as ', ': ')}}} = {_variable(_imported(module, match[2]))};\n"

    return _IMPORT.sub(taken, _script(module))


def _closed(module: str) -> str:
    """Return a module as an object of what it exports."""
    text = _resolved(module)
    names = ", ".join(match[1] for match in _EXPORT.finditer(text))
    return f"const {_variable(module)} = (() => {{\n{_EXPORT.sub('', text)}\nreturn {{ {names} }};\n}})();"


# Numbers and pictures ---------------------------------------------------------------------------------------------------


def encode_array(array: Tensor | np.ndarray, kind: str = "float32") -> dict[str, Any]:
    """Return numbers as JSON that ``decode`` in kit.js reads: shape, kind and base64.

    Args:
        array: any shape. For ``uint8`` values in [0, 1], which become 0 .. 255 and come back as 0 to 1.
        kind: uint8, float16 or float32; fewer bytes, fewer digits.

    Raises:
        ChoiceError: if there is no such kind. ShapeError: if a number is NaN or infinite.
    """
    if kind not in KINDS:
        raise ChoiceError(f"There is no kind of number {kind!r}. Choose one of: {', '.join(KINDS)}.")
    values = array.detach().cpu().numpy() if isinstance(array, Tensor) else np.asarray(array)
    if not np.isfinite(values).all():
        raise ShapeError(f"An explorer's numbers must be finite, got NaN or infinity among {values.size} of them.")
    if kind == "uint8":
        values = (values.clip(0, 1) * 255).round()
    data = np.ascontiguousarray(values.astype(KINDS[kind]))
    return {"shape": list(values.shape), "kind": kind, "data": base64.b64encode(data.tobytes()).decode()}


def apart(value: Any) -> dict[str, Any]:
    """Return a part of a state that a built page keeps in a file of its own, fetched when it is asked for (kit/apart.js)."""
    return {"apart": value}


def named_pictures(who: str, pictures: Tensor | Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
    """Return what an explorer was given as pictures by name, none of them with a side longer than ``size``.

    Args:
        who: the function that was called, for its errors.
        pictures: one image (1, 3, H, W), or several by name.
        size: in pixels, at least 8.

    Raises:
        ShapeError: if one of them is no image. ChoiceError: if there is none, or the size is no such number.
    """
    if not isinstance(size, int) or isinstance(size, bool) or size < 8:
        raise ChoiceError(f"size, the longer side in pixels, must be a whole number of at least 8, got {size!r}.")
    named = dict(pictures) if isinstance(pictures, Mapping) else {"picture": pictures}
    if not named:
        raise ChoiceError(f"{who} needs at least one picture, got none: give it an image, or {{name: image}}.")
    for name, image in named.items():
        if not isinstance(image, Tensor):
            raise ShapeError(f"{who} needs images of shape (1, 3, H, W), got {type(image).__name__} for {name!r}.")
        check_picture(f"{who}: {name!r}", image)
    return {name: resize(image, size) if max(image.shape[2:]) > size else image for name, image in named.items()}


def encode_pictures(pictures: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """Return pictures (1, C, H, W) in [0, 1] as state that ``asPicture`` in kit.js reads, with 8 bits a channel."""
    return [{"name": name, "image": encode_array(image[0], "uint8")} for name, image in pictures.items()]


def picture_of(data: Any, height: int, width: int) -> Tensor:
    """Return a picture that came from a browser, shape (1, 3, H, W).

    Args:
        data: red, then green, then blue, row by row, as float32.
        height, width: of the picture.

    Raises:
        ShapeError: if there are more or fewer bytes.
    """
    pixels = bytes(data)
    if height < 1 or width < 1 or len(pixels) != 12 * height * width:
        raise ShapeError(f"A picture of {height} x {width} pixels has {12 * height * width} bytes, got {len(pixels)}.")
    return torch.frombuffer(bytearray(pixels), dtype=torch.float32).view(1, 3, height, width)


def encode_still(pictures: Sequence[Tensor]) -> str:
    """Return pictures side by side, as high as the first one, in one WebP file as an address that holds its data."""
    sheet = [_as_pillow(picture) for picture in pictures]
    height = sheet[0].height * max(1, STILL // sheet[0].height)
    sizes = [(max(1, round(one.width * height / one.height)), height) for one in sheet]
    sheet = [one.resize(size, Image.Resampling.NEAREST) for one, size in zip(sheet, sizes, strict=True)]
    joined = Image.new("RGBA", (sum(one.width for one in sheet) + GAP * (len(sheet) - 1), height))
    left = 0
    for one in sheet:
        joined.paste(one, (left, 0))
        left += one.width + GAP
    return _as_address(joined)


def encode_frame(picture: Tensor, quality: int = 80) -> str:
    """Return one picture, shape (1, 3, H, W), at its own size, in a WebP file as an address that holds its data."""
    return _as_address(_as_pillow(picture), quality)


def _as_address(picture: Image.Image, quality: int = 80) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _as_pillow(picture: Tensor) -> Image.Image:
    image = picture[0] if picture.ndim == 4 else picture  # (3, H, W)
    array = image.detach().float().cpu().clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(array)
