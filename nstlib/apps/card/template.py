"""A recipe to fill in: what ``nst card new`` writes."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from nstlib import course
from nstlib.defaults import NETWORKS, OPTIMIZERS, STYLE_WEIGHT
from nstlib.formats.files import replacing

CREDITS = "CREDITS.md"
TEXT = """\
# A figure card. Fill in every "" below but  found, then
#     nst card make {name}
# The numbers may stay as they are.

title = ""          # what the card shows, in a few words
author = ""         # who made the card
does_not_show = ""  # one sentence: what might a reader wrongly conclude from the picture?

# BEFORE you run it: what will be kept, what will be lost, which knob will matter? One to three sentences.
predictions = [
    "",
]
found = ""          # AFTER the run, if you like: which of them came true? Then make the card once more.

network = "{network}"   # {networks}
size = {size}          # longer side in pixels
steps = {steps}          # of {optimizers}; {size} px and {steps} steps take about a quarter of a minute
optimizer = "{optimizer}"
init = "content"    # or "noise", "mixed"
seed = 0
tv_weight = 1       # how much to smooth

style_weight = {weight}                    # your picture's
style_weights = [1, 3, 10, 30, 100]  # the curve it lies on, by your recipe and by the classic loss; [] draws none

[content]
file = {content}
title = {content_title}
author = {content_author}
source = {content_source}      # an address, or that you took it
license = {content_license}     # a card is passed on: CC0, CC BY 4.0, public domain, ...

[style]
file = {style}
title = {style_title}
author = {style_author}
source = {style_source}
license = {style_license}

# The loss, one [[terms]] for each thing that you ask for.
#   quantity  "content" (activations), "structure" (activations without each channel's mean and deviation),
#             "style" (Gram matrices), "pixels", "laplacian" (edges of the small image)
#   weight    1 is as far as an image without activations
#   view      of what: {{finer = 4}} finer than a blur of 4 pixels, {{coarser = 4}} what the blur leaves, {{gray = true}}
#   layers    a name, a list, or a table of weights; not {held_out}: there the card measures
[[terms]]
quantity = "structure"

[[terms]]
quantity = "pixels"
weight = 0.3
view = {{finer = 4, gray = true}}

[[terms]]
quantity = "style"
"""


def write_template(target: Path, content: tuple[str, Path], style: tuple[str, Path]) -> Path:
    """Write a recipe for two pictures; those of the course come with their credits.

    Args:
        content, style: the word that the user gave, and the file.

    Raises:
        ImageError: if it cannot be written.
    """
    from nstlib.apps.card.recipe import SIZE, STEPS
    from nstlib.metrics import HELD_OUT

    found = {
        "name": target.name,
        "network": NETWORKS[0],
        "networks": ", ".join(NETWORKS),
        "optimizer": OPTIMIZERS[0],
        "optimizers": ", ".join(OPTIMIZERS),
        "size": SIZE,
        "steps": STEPS,
        "weight": f"{STYLE_WEIGHT:g}",
        "held_out": ", ".join(HELD_OUT),
    }
    for side, (word, path) in {"content": content, "style": style}.items():
        by_name = Path(word).suffix == "" and not os.path.lexists(word)
        found[side] = _quoted(word if by_name else _from(target.parent, path))
        credit = credits_of(path) if by_name else ("", "", "", "")
        for name, text in zip(("title", "author", "source", "license"), credit, strict=True):
            found[f"{side}_{name}"] = _quoted(text)
    with replacing(target) as temporary:
        temporary.write_text(TEXT.format(**found), encoding="utf-8")
    return target


def credits_of(path: Path) -> tuple[str, str, str, str]:
    """Return title, author, source and license of one of the course's pictures, as its table of credits has them."""
    try:
        text = (path.parent.parent / CREDITS).read_text(encoding="utf-8")
    except OSError:  # other pictures in place of the course's
        return "", "", "", ""
    for line in text.splitlines():
        cells = [_without_links(cell) for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0] == path.name:
            title, author, license_ = cells[1:]
            return title, author, f"{course.IMAGES.name}/{CREDITS} of the course", license_
    return "", "", "", ""


def _without_links(cell: str) -> str:
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").strip()


def _from(folder: Path, path: Path) -> str:
    """Return the way from a folder to a file, with forward slashes; on another disk there is none but the whole one."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return Path(os.path.abspath(path)).as_posix()


def _quoted(text: str) -> str:
    """Return a text as TOML writes it, which of all that JSON does to a text knows everything but one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
