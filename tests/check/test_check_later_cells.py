"""After an answer that was found right, in whichever form, the rest of its lesson runs."""

import os

import nbformat
import pytest

from nstlib.course import ROOT

FORMS = {  # lesson: the exercise, and an answer that returns an array, a list, or float64, or computes in float32 only
    "01_images": {
        "to_tensor": """
def to_tensor(pixels):
    from nstlib.check import exercises

    return exercises["to_tensor"].reference(pixels).double().numpy()
""",
        "caffe_preprocess": """
def caffe_preprocess(image):
    from nstlib.features import CAFFE

    return CAFFE(image.double())
""",
    },
    "02_convolution": {
        "convolve2d": """
def convolve2d(image, kernel, padding, stride):
    return F.conv2d(image, kernel, padding=padding, stride=stride).numpy()
""",
        "sobel_edges": """
def sobel_edges(image):
    from nstlib.check import exercises

    return exercises["sobel_edges"].reference(image).double().tolist()
""",
    },
    "03_features": {
        "feature_shapes": """
def feature_shapes(layers, height, width):
    from nstlib.check import exercises

    shapes = exercises["feature_shapes"].reference(layers, height, width)
    return {layer: list(shape) for layer, shape in shapes.items()}
""",
        "dead_channels": """
def dead_channels(features):
    return (features.numpy() <= 0).all((0, 2, 3))
""",
    },
    "07_gram": {
        "shuffle_positions": """
def shuffle_positions(features, order):
    return (features.flatten(2) @ torch.eye(len(order))[:, order]).view(features.shape)
""",
    },
}


@pytest.mark.exhaustive
@pytest.mark.weights
@pytest.mark.filterwarnings("ignore")  # of the kernel's own
@pytest.mark.parametrize("lesson", FORMS)
def test_a_lesson_goes_on_with_answers_in_other_forms(lesson, monkeypatch):
    client = pytest.importorskip("nbclient")
    monkeypatch.setitem(os.environ, "PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "lessons" / f"{lesson}.ipynb", as_version=4)
    missing = dict(FORMS[lesson])
    for cell in notebook.cells:
        if cell.get("metadata", {}).get("nbgrader", {}).get("solution"):
            cell.source = missing.pop(cell.metadata.nbgrader.grade_id, cell.source)
    assert not missing
    resources = {"metadata": {"path": str(ROOT / "lessons")}}
    client.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    said = "\n".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))
    assert all(f"{name}: right." in said for name in FORMS[lesson])
