"""Right answers to every exercise, each written in another way than the reference: a file a chapter."""

from importlib import import_module
from pathlib import Path

CHAPTERS = [path.stem for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))]
RIGHT_ANSWERS = {
    name: answers for chapter in CHAPTERS for name, answers in import_module(f"right_answers.{chapter}").ANSWERS.items()
}
