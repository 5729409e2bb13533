"""``{painted} name``: a large picture that was made once, with the command that makes it again.

``_ext/recipes.py`` knows where both are, ``tools/gallery.py`` makes it. With ``:before:`` another picture of the same
scene lies under a divider that one drags.
"""

from __future__ import annotations

from typing import ClassVar

from course import CourseDirective
from docutils import nodes
from docutils.parsers.rst import directives
from front import divided
from recipes import TABLE, find_picture


class Painted(CourseDirective):
    """The argument names the picture, the text below is its caption."""

    option_spec: ClassVar = dict.fromkeys(("alt", "before", "before-alt", "label"), directives.unchanged_required)

    def build(self) -> list[nodes.Node]:
        path, command = find_picture(self.argument)
        self.env.note_dependency(str(TABLE))
        self.require("alt", *(("before-alt", "label") if "before" in self.options else ()))
        box = nodes.container(classes=["painted"])
        if "before" in self.options:
            pictures = {self.options["before"]: self.options["before-alt"], path: self.options["alt"]}
            box += divided(pictures, self.options["label"])
        else:
            box += nodes.image(uri=f"/{path}", alt=self.options["alt"])
        caption = nodes.container(classes=["painted-caption"])
        box += self.markdown(self.content, caption)
        box += nodes.literal_block(command, command, language="bash")
        return [box]


def setup(app) -> dict:
    app.add_directive("painted", Painted)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
