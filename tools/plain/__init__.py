"""Turn a chapter's MyST Markdown into the plain Markdown that every notebook program shows.

Colab and GitHub know neither directives nor roles, so each is written out: admonitions become quotations, dropdowns
``<details>``, citations names and years. What has no translation here is an error that names the file and the line.
"""

from plain.blocks import Converter
from plain.labels import read_citations, read_labels
from plain.words import ChapterError, Words

__all__ = ["ChapterError", "Converter", "Words", "read_citations", "read_labels"]
