"""What the chapters show of the library."""

from nstlib.course import source_of
from nstlib.gram import gram_matrix


def test_a_function_is_shown_without_its_docstring():
    shown = source_of(gram_matrix)
    assert shown.startswith("def gram_matrix(features: Tensor")
    assert "Args:" not in shown
    assert shown.splitlines()[-1] == "    return vectors @ vectors.mT / vectors.shape[-1]  # (B, C, C)"
