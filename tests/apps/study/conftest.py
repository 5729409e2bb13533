"""Small studies on a random network, so that a run takes a tenth of a second."""

import pytest
from small_grid import TINY


@pytest.fixture
def grid_file(tmp_path):
    """Write a grid of 16 runs, or another one, and return its path."""

    def write(text=TINY, name="grid.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
