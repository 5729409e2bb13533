"""The only module that knows the repository: where pictures, weights and the book's data lie beside the package."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "images"
MODELS = ROOT / "models"
DATA = ROOT / "book" / "data"
