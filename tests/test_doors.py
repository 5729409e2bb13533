"""At every door: nonsense is told in one sentence that names the argument, and what is right gets in."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
import timeit
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import nstlib
from nstlib import dual, errors, filters, gram, losses, metrics, textures, transfer
from nstlib.analysis import Table
from nstlib.doors import door
from nstlib.dream import dream
from nstlib.features import Features, random_network
from nstlib.metrics import MEASURES
from nstlib.objective import Objective, Style
from nstlib.one_pass import OnePass, cut_crops, plain_styles, style_goals
from nstlib.optimizers import start_adam
from nstlib.parameterizations import Parameterization
from nstlib.patches import Patches, batches
from nstlib.terms import CLASSIC, View
from nstlib.training import Snapshot, small_network
from nstlib.vgg import ARCHITECTURES

BELOW = {
    "__main__",
    "errors",
    "seeds",
    "course",
    "defaults",
    "vgg",
    "doors",
    "facts",
    "wording",
}  # what the ground floor stands on
ROOMS = sorted({module.name for module in pkgutil.iter_modules(nstlib.__path__) if not module.ispkg} - BELOW)
TOLD = tuple(
    error for error in vars(errors).values() if inspect.isclass(error) and issubclass(error, Exception)
)  # what a function may raise
# Classes whose objects are results, made by the library and not by whoever uses it, and a Protocol.
RECORDS = {
    *("Step", "Start", "Reconstruction", "Axes", "Interval", "Measure", "Stage", "ReceptiveField", "TopPatch", "Frame"),
    *(
        "Snapshot",
        "Patches",
        "Part",
        "Quantity",
        "Table",
        "Readings",
        "Preprocessing",
        "Wheel",
        "Source",
        "Status",
        "Loss",
        "TrainingStep",
        "Crops",
    ),
}
# Functions that say themselves what they need, as they are what others check with.
DOORS = {"images.check_picture", "deconvnet.check_channels"}


def public() -> Iterator[tuple[str, Callable]]:
    """Yield each function of the ground floor that takes something, and each class that users make, by name."""
    for room in ROOMS:
        module = importlib.import_module(f"nstlib.{room}")
        for name, found in vars(module).items():
            if name.startswith("_") or getattr(found, "__module__", "") != module.__name__:
                continue
            takes = inspect.isfunction(found) and inspect.signature(found).parameters
            if takes or (inspect.isclass(found) and name not in RECORDS):
                yield f"{room}.{name}", found


PUBLIC = dict(public())


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - DOORS))
def test_whoever_is_public_has_a_door(name):
    found = PUBLIC[name]
    assert hasattr(found.__init__ if inspect.isclass(found) else found, "__door__")


# What is right ----------------------------------------------------------------------------------------------------------


def rand(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


@cache
def network():
    return random_network("tiny")


def table() -> Table:
    values = {("cat", "wave", method, w): dict.fromkeys(MEASURES, w + 1) for method in ("a", "b") for w in (1.0, 2.0)}
    return Table(("cat",), ("wave",), ("a", "b"), values)


ROW = {
    **dict.fromkeys(("network", "size", "steps", "optimizer", "tv_weight", "recipe", "pictures"), "1"),
    "content": "cat",
    "style": "wave",
    "method": "a",
    "style_weight": "1",
    **dict.fromkeys(MEASURES, "0.5"),
}


def patches() -> Patches:
    return Patches(rand(4, 3, 56, 56), torch.tensor([0, 1, 0, 1]), torch.zeros(4, 2).long(), ("cat", "flower"))


def snapshot() -> Snapshot:
    state = {key: value.detach() for key, value in small_network(classes=2).state_dict().items()}
    return Snapshot(1, 0.5, 0.5, 0.5, state)


def one_pass_styles() -> torch.Tensor:
    return plain_styles(OnePass(), 1)


def descent():
    content = rand(1, 3, 20, 24)
    loss = Objective(content, [Style(content)], network(), "relu1_1", "relu1_1", (1.0, 1.0, 1.0))
    return start_adam(content.clone().requires_grad_(), loss, None)


def picture() -> torch.Tensor:
    return rand(1, 3, 20, 24)


def features() -> torch.Tensor:
    return rand(1, 4, 5, 6)


GOOD: dict[str, Callable[[], object]] = {
    **dict.fromkeys(
        ("image", "content", "style", "texture", "reference", "other", "result", "target", "like"), picture
    ),
    **dict.fromkeys(("features", "x", "y", "value", "values", "projection", "scale", "maps"), features),
    **dict.fromkeys(("images", "batch"), lambda: rand(2, 3, 56, 56)),
    **dict.fromkeys(("layer", "content_layer"), lambda: "relu2_1"),
    **dict.fromkeys(("layers", "style_layers"), lambda: ["relu1_1", "relu2_1"]),
    **dict.fromkeys(("content_layers",), lambda: ["relu2_1"]),
    **dict.fromkeys(("channel", "number", "down", "right", "row", "column", "padding", "octave"), lambda: 1),
    **dict.fromkeys(
        ("steps", "iterations", "epochs", "levels", "octaves", "count", "k", "dilation", "stride"), lambda: 1
    ),
    **dict.fromkeys(("height", "width", "side"), lambda: 16),
    **dict.fromkeys(("generator",), lambda: torch.Generator().manual_seed(0)),
    **dict.fromkeys(("weights",), lambda: (1.0, 1.0, 1.0)),
    **dict.fromkeys(("method", "baseline"), lambda: "a"),
    **dict.fromkeys(("measure",), lambda: "ssim"),
    **dict.fromkeys(("patches", "held_out"), patches),
    **dict.fromkeys(("styles", "contents", "base_styles", "base_contents"), lambda: [0.5, 0.7]),
    **dict.fromkeys(("points", "differences"), lambda: np.array([[0.5, 0.7], [0.6, 0.2]])),
    **dict.fromkeys(("sigmas",), lambda: [1.0, 2.0]),
    **dict.fromkeys(("cutoffs",), lambda: [0.25, 0.1]),
    "network": network,
    "table": table,
    "model": lambda: small_network(classes=2),
    "architecture": lambda: ARCHITECTURES["tiny"],
    "score": lambda: lambda images: images.mean((1, 2, 3)),
    "snapshot": snapshot,
    "descent": descent,
    "pixels": lambda: picture().requires_grad_(),
    "objective": lambda: lambda found: found.mean(),
    "vector": lambda: rand(4),
    "vectors": lambda: rand(5, 7),
    "angles": lambda: rand(2),
    "directions": lambda: rand(6, 4),
    "scores": lambda: {"relu2_1": rand(16)},
    "sigma": lambda: 1.0,
    "share": lambda: 0.5,
    "size": lambda: (12, 14),
    "position": lambda: (1, 1),
    "transformations": list,
    "stages": lambda: [(3, 1, 1)],
    "record": lambda: lambda *values: values,
    "degrees": lambda: 10.0,
}
SPECIAL: dict[str, dict[str, Callable[[], object]]] = {
    "analysis.make_table": {"rows": lambda: [ROW]},
    "analysis.summary": {"better": lambda: 1},
    "channels.selectivity": {"grid": lambda: rand(2, 2, 4, 5, 6)},
    "channels.score_channels": {"pictures": lambda: [[picture()] * 2] * 2},
    "channels.split_channels": {"scores": lambda: rand(16)},
    "deconvnet.way_back": {"maps": lambda: network()(picture(), network().architecture.down_to("relu2_1"))},
    "deconvnet.unpool": {"switches": lambda: torch.zeros(1, 4, 5, 6).long(), "size": lambda: (10, 12)},
    "deconvnet.transposed_filter": {"x": features, "weight": lambda: rand(4, 3, 3, 3)},
    "dream.dream": {"guide": picture, "octaves": lambda: 2, "octave_scale": lambda: 1.2, "step": lambda: 1.0},
    "dream.normalized_step": {"gradient": picture, "step": lambda: 0.1},
    "dream.octave_sizes": {"scale": lambda: 1.4},
    "dual.band_terms": {"content_weights": lambda: [1.0, 1.0, 1.0], "style_weights": lambda: [1.0, 1.0, 1.0]},
    "features.Features": {"name": lambda: "tiny", "weights": dict},
    "features.load_network": {"name": lambda: "tiny"},
    "features.random_network": {"name": lambda: "tiny"},
    "features.extract": {"stages": lambda: [("one", lambda x: x)], "layers": lambda: ["one"]},
    "features.effective_receptive_field": {"layer": lambda: lambda image: 2 * image},
    "filter_measures.filter_grid": {"weights": lambda: rand(5, 3, 7, 7), "columns": lambda: 3},
    "filter_measures.feature_drift": {"before": features, "after": features},
    "filter_measures.filter_energies": {"weights": lambda: rand(5, 3, 7, 7), "size": lambda: 16, "rings": lambda: 4},
    "filter_measures.extreme_share": {"weights": lambda: rand(5, 3, 7, 7), "size": lambda: 16},
    "filter_measures.aliased_share": {"weights": lambda: rand(5, 3, 7, 7), "stride": lambda: 2},
    "filter_measures.layer_field": {"layer": lambda: "relu2"},
    "filter_measures.strongest_patches": {"layer": lambda: "relu2", "images": lambda: rand(2, 3, 48, 48)},
    "filters.convolve2d": {"kernel": lambda: rand(2, 3, 3, 3)},
    "filters.output_size": {"size": lambda: 9, "kernel": lambda: 3},
    "filters.gaussian_kernel": {"dtype": lambda: torch.float64},
    "frequency.filter_spectrum": {"response": lambda: rand(20, 13)},
    "frequency.ideal_filter": {"cutoff": lambda: 0.2},
    "frequency.frame_filters": {"dtype": lambda: torch.float64},
    "frequency.join_frame": {"bands": lambda: [picture()] * 3},
    "frequency.radial_spectrum": {"bins": lambda: 3},
    "frequency.collapse_pyramid": {"pyramid": lambda: [rand(1, 3, 8, 8), rand(1, 3, 4, 4)]},
    "gram.gram_matrix": {"weights": lambda: rand(1, 1, 5, 6)},
    "gram.gram_backward": {"gradient": lambda: rand(1, 4, 4)},
    "gram.tile_gram": {"tiles": lambda: [features(), features()]},
    "gram.shuffle_positions": {"order": lambda: torch.arange(30)},
    "images.load_image": {"path": lambda: Path("nstlib"), "size": lambda: 20, "max_pixels": lambda: 10**6},
    "images.save_image": {"path": lambda: Path("nowhere/a.png"), "alpha": lambda: rand(20, 24)},
    "images.resize": {"size": lambda: 9},
    "images.pictures": {"kind": lambda: "style"},
    "images.picture": {"name": lambda: "cat"},
    "inversion.normalized_error": {"target": features},
    "inversion.InversionLoss": {"target": lambda: rand(1, 16, 10, 12)},
    "inversion.invert": {"target": lambda: rand(1, 16, 10, 12), "size": lambda: (20, 24)},
    "latent.principal_axes": {"count": lambda: 2},
    "latent.Space": {"of_texture": lambda: True},
    "lbfgs.BandLBFGS": {"pixels": lambda: picture().requires_grad_()},
    "lbfgs.band_energies": {"bands": lambda: torch.zeros(20, 13).long()},
    "lbfgs.step_lengths": {"energies": lambda: rand(3, 2, 3, 5)},
    "losses.content_loss": {"target": features},
    "losses.style_loss": {"target": lambda: rand(1, 4, 4)},
    "losses.convert": {
        "value": lambda: 1.0,
        "kind": lambda: "style",
        "source": lambda: "gatys",
        "to": lambda: "mean",
        "channels": lambda: 4,
        "positions": lambda: 30,
    },
    "losses.content_gradient": {"target": features},
    "losses.relative_error": {"target": features},
    "metrics.layout_leak": {"others": lambda: [picture()]},
    "metrics.regret": {"joint": lambda: 2.0, "alone": lambda: 1.0},
    "metrics.hypervolume": {"reference": lambda: (1.0, 1.0)},
    "metrics.content_at_style": {"at": lambda: 0.6},
    "metrics.bootstrap_interval": {"rounds": lambda: 5},
    "moments.cascade": {"layers": lambda: ["relu1_1"], "move": lambda: lambda content, style: content},
    "moments.whiten_and_color": {"floor": lambda: 0.1},
    "one_pass.OnePass": {"norm": lambda: nn.InstanceNorm2d},
    "one_pass.plain_styles": {"model": OnePass},
    "one_pass.cut_crops": {"pictures": lambda: [picture()], "size": lambda: 16},
    "one_pass.style_goals": {"styles": lambda: [picture()]},
    "one_pass.Training": {
        "model": OnePass,
        "styles": one_pass_styles,
        "crops": lambda: cut_crops([picture()], network(), count=2, size=16),
        "goals": lambda: style_goals([picture()], network()),
    },
    "one_pass.rate_share": {"index": lambda: 3},
    "one_pass.save_one_pass": {
        "model": OnePass,
        "styles": lambda: {"plain": one_pass_styles()[0]},
        "path": lambda: Path("nowhere/a.safetensors"),
    },
    "one_pass.load_one_pass": {"path": lambda: Path("nowhere")},
    "objective.Style": {"weight": lambda: 1.0, "mask": lambda: rand(1, 1, 20, 24)},
    "analysis.read_unseen": {"vectors": lambda: np.arange(24.0).reshape(2, 3, 4) ** 2},
    "objective.Objective": {"styles": lambda: [Style(picture())], "terms": lambda: CLASSIC},
    "occlusion.occlusion_map": {"size": lambda: 5, "stride": lambda: 5, "batch": lambda: 4},
    "optimizers.Descent": {
        "objective": lambda: lambda image: (image.mean(),),
        "optimizer": lambda: torch.optim.SGD([picture().requires_grad_()], lr=0.1),
    },
    **{
        f"optimizers.start_{name}": {"objective": lambda: descent()._objective, "learning_rate": lambda: 0.1}
        for name in ("lbfgs", "adam", "gradient_descent")
    },
    "optimizers.finite": {"losses": lambda: (torch.tensor(1.0),), "index": lambda: 0, "last": lambda: None},
    "parameterizations.fourier_image": {"numbers": lambda: torch.ones(1, 3, 4, 3) + 0j, "width": lambda: 4},
    "patches.cut_patches": {"names": lambda: ["cat"], "count": lambda: 2, "held_out": lambda: 1},
    "patches.held_out_split": {"corners": lambda: torch.zeros(3, 2).long(), "regions": lambda: torch.ones(1, 4).long()},
    "patches.turn_hue": {"images": lambda: rand(2, 3, 8, 8)},
    "patches.batches": {"size": lambda: 2},
    "receptive.receptive_field_of_stack": {"stages": lambda: [(3, 1, 1)]},
    "receptive.patch_of": {"height": lambda: 64, "width": lambda: 64},
    "terms.Term": {"quantity": lambda: "content", "layers": lambda: ["relu1_1"], "view": View, "weight": lambda: 2.0},
    "terms.View": {"finer": lambda: 3.0, "coarser": lambda: 1.0, "gray": lambda: True},
    "terms.layer_shares": {"what": lambda: "layers"},
    "textures.random_directions": {"channels": lambda: 4},
    "textures.sorted_distance": {"x": lambda: rand(4), "y": lambda: rand(5)},
    "textures.brick_wall": {"brick": lambda: (4, 8), "height": lambda: 16},
    "textures.synthesize": {"size": lambda: (20, 24)},
    "top_patches.top_patches": {"images": lambda: [rand(2, 3, 24, 24)], "channels": lambda: [1, 2]},
    "top_patches.validation_crops": {"n": lambda: 2, "size": lambda: 32, "batch": lambda: 2},
    "training.small_network": {"kernel": lambda: 7, "classes": lambda: 2},
    "training.train_step": {
        "model": lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 56 * 56, 2)),
        "optimizer": lambda: torch.optim.SGD([rand(2).requires_grad_()], lr=0.1),
        "labels": lambda: torch.tensor([0, 1]),
    },
    "training.log_epochs": {"last": lambda: 10},
    "training.save_snapshots": {"snapshots": lambda: [snapshot()], "path": lambda: Path("nowhere/a.safetensors")},
    "training.load_snapshots": {"path": lambda: Path("nowhere")},
    "transfer.gatys": {"steps": lambda: 1},
    "transfer.checked_styles": {"style": lambda: [Style(picture())]},
    "transformations.pad": {"pixels": lambda: 2},
    "transformations.jitter": {"pixels": lambda: 2},
    "transformations.scale": {"factors": lambda: [0.9, 1.1]},
    "transformations.rotate": {"degrees": lambda: [1.0]},
    "visualization.visualize": {"parameterization": lambda: Parameterization(20, 24)},
    "visualization.likeness": {"guide": features},
    **{f"weights.{name}": {"name": lambda: "none of them"} for name in ("load_weights", "fetch", "verify")},
}
NO_RESULT = {"images.load_image", "images.save_image", "training.save_snapshots", "training.load_snapshots"} | {
    "one_pass.save_one_pass",
    "one_pass.load_one_pass",
    "weights.load_weights",
    "weights.fetch",
    "weights.verify",
}  # fmt: skip (what they are given here is nothing to load)


def right(name: str) -> dict[str, object]:
    """Return arguments that a function takes: those without a default, and what else is known here by name."""
    special, found = SPECIAL.get(name, {}), {}
    for parameter in inspect.signature(PUBLIC[name]).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD and (
            parameter.name in special or parameter.default is parameter.empty
        ):
            found[parameter.name] = special.get(parameter.name, GOOD.get(parameter.name, lambda: None))()
    return found


def begin(function: Callable, arguments: dict[str, object]) -> object:
    """Call a function; of an iterator take the first value."""
    result = function(**arguments)
    return next(iter(result), None) if isinstance(result, Iterator) else result


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - NO_RESULT - DOORS))
def test_what_is_right_gets_in(name):
    begin(PUBLIC[name], right(name))


# What is nonsense -------------------------------------------------------------------------------------------------------

NONSENSE: dict[str, Callable[[], object]] = {
    "None": lambda: None,
    "text": lambda: "abc",
    "bytes": lambda: b"abc",
    "a list of two kinds": lambda: [1, "two"],
    "nothing in a list": list,
    "nothing in a mapping": dict,
    "a plane of NumPy": lambda: np.zeros((3, 4)),
    "an image of NumPy": lambda: np.zeros((1, 3, 20, 24), np.float32),
    "an image of PIL": lambda: Image.new("RGB", (8, 8)),
    "0": lambda: 0,
    "-1": lambda: -1,
    "3": lambda: 3,
    "a half": lambda: 2.5,
    "NaN": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "True": lambda: True,
    "complex": lambda: 1j,
    "an object": object,
    "a class": lambda: dict,
    "a function": lambda: len,
    "a scalar tensor": lambda: torch.tensor(0.5),
}
# What may be wrong with a tensor, or with those in a list.
SPOILT: dict[str, Callable[[torch.Tensor], object]] = {
    "of 16 bits": lambda tensor: tensor.half(),
    "of bfloat16": lambda tensor: tensor.bfloat16(),
    "complex": lambda tensor: tensor + 0j,
    "booleans": lambda tensor: tensor > 0,
    "bytes": lambda tensor: (255 * tensor.abs()).byte(),
    "whole numbers": lambda tensor: tensor.long(),
    "empty": lambda tensor: tensor[:0],
    "NaN": lambda tensor: torch.full_like(tensor, torch.nan) if tensor.is_floating_point() else tensor,
    "elsewhere": lambda tensor: tensor.to("meta"),
    "an axis less": lambda tensor: tensor[0],
    "an axis more": lambda tensor: tensor[None],
    "another size": lambda tensor: torch.cat([tensor, tensor], -1),
    "more members": lambda tensor: torch.cat([tensor, tensor]),
    "NumPy": lambda tensor: tensor.detach().numpy(),
    "a list": lambda tensor: tensor.tolist(),
}
LEAST_CALLS, LEAST_SHARE = 2500, 0.98


def _spoilt(tensor: torch.Tensor) -> Iterator[tuple[str, object]]:
    for name, spoil in SPOILT.items():
        if tensor.dtype != torch.bool and not (tensor.is_complex() and name in ("bytes", "booleans", "whole numbers")):
            yield name, spoil(tensor)


def spoilt(value: object) -> Iterator[tuple[str, object]]:
    """Yield, with its name, what is like a right argument and wrong in one way."""
    if isinstance(value, torch.Tensor) and value.ndim:
        yield from _spoilt(value)
    elif isinstance(value, (list, tuple)) and value and isinstance(value[0], torch.Tensor) and value[0].ndim:
        yield from ((f"{name}, in a list", [one, *value[1:]]) for name, one in _spoilt(value[0]))


def nonsense(name: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter of a function with the name of what it is tried with."""
    for parameter, value in right(name).items():
        for what in (*NONSENSE, *(what for what, _ in spoilt(value))):
            yield parameter, what


def told(name: str, parameter: str, what: str) -> str:
    """Return an empty text if a call works or is told in words that name the argument, else what went wrong."""
    arguments = right(name)
    tried = dict(spoilt(arguments[parameter]))
    arguments[parameter] = tried[what] if what in tried else NONSENSE[what]()
    try:
        begin(PUBLIC[name], arguments)
    except TOLD as error:
        came = repr(arguments[parameter]) if what == "text" else f"`{parameter}`"  # an unknown name is told by itself
        named = re.search(rf"\b{parameter}\b", str(error)) or came in str(error)
        return "" if named else f"does not name it: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.filterwarnings("ignore")  # what torch or NumPy warns of still works
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_nonsense_is_told_in_words_that_name_the_argument(every, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some texts are taken for the names of files
    calls = [(name, *call) for name in sorted(set(PUBLIC) - DOORS) for call in nonsense(name)][::every]
    untold = [f"{' '.join(call)}: {wrong}" for call in calls if (wrong := told(*call))]
    assert len(calls) >= LEAST_CALLS
    assert 1 - len(untold) / len(calls) >= LEAST_SHARE, "\n".join(untold)


# How it is told ---------------------------------------------------------------------------------------------------------


def message(function: Callable, *arguments: object, **named: object) -> str:
    with pytest.raises(TOLD) as caught:
        function(*arguments, **named)
    return str(caught.value)


@pytest.mark.parametrize(
    ("features", "came"),
    [
        (
            np.zeros((3, 4), np.float32),
            "a NumPy array of shape (3, 4) of float32 as `features`. torch.from_numpy makes",
        ),
        (Image.new("RGB", (8, 6)), "a PIL image of 8 x 6 pixels as `features`. nstlib.images.load_image reads"),
        ("cat.jpg", "'cat.jpg' as `features`. nstlib.images.load_image reads"),
        (
            torch.zeros(3, 4, 5),
            "(3, 4, 5) of torch.float32 as `features`. For one image, add the batch axis: features[None].",
        ),
        (torch.zeros(1, 3, 4, 5).byte(), "(1, 3, 4, 5) of torch.uint8 as `features`. Take features.float() / 255."),
        (
            torch.zeros(1, 3, 0, 5),
            "(1, 3, 0, 5) of torch.float32 as `features`. Each axis needs at least one position.",
        ),
        (None, "None as `features`. Give it a tensor."),
    ],
)
def test_what_came_is_said_and_what_to_do(features, came):
    said = message(gram.gram_matrix, features)
    assert said.startswith(f"gram_matrix needs floats of shape (B, C, H, W), got {came}")


def test_sizes_that_have_to_be_the_same_are_said():
    said = message(losses.content_gradient, features(), features()[..., :2])
    assert "needs floats of shape (1, 4, 5, 6), as `features` has them, got (1, 4, 5, 2)" in said


def test_one_device_is_asked_for_and_named():
    said = message(losses.content_gradient, features(), features().to("meta"))
    assert "got `features` on cpu and `target` on meta. target.to('cpu') moves it." in said


def test_two_precisions_that_do_not_mix_are_told_apart():
    said = message(filters.convolve2d, picture(), rand(2, 3, 3, 3).double())
    assert "`image` and `kernel` in one precision" in said


def test_entries_that_take_one_picture_refuse_bytes():
    wrong = 255 * picture()
    for enter in (
        lambda: dream(wrong, network()),
        lambda: dream(picture(), network(), "relu1_1", guide=wrong, octaves=1),
        lambda: textures.synthesize(wrong, network()),
        lambda: transfer.stylize(picture(), picture(), network(), init=wrong),
    ):
        assert "in [0, 1]. Divide bytes by 255" in message(enter)


@pytest.mark.parametrize("entry", [transfer.gatys, transfer.stylize, dual.stylize_dual])
def test_bytes_and_what_a_network_is_given_are_no_pictures(entry):
    network_sees = network().preprocessing(255 * picture())
    for wrong in (255 * picture(), network_sees):
        assert "in [0, 1]. Divide bytes by 255" in message(entry, wrong, picture(), network())
        assert "in [0, 1]. Divide bytes by 255" in message(entry, picture(), wrong, network())


def test_pixels_on_their_way_may_leave_the_range():
    assert transfer.gatys(6 * picture() - 3, picture(), network(), steps=0).shape == picture().shape


# What a door leaves alone -----------------------------------------------------------------------------------------------


def test_signature_text_and_source_stay():
    assert list(inspect.signature(gram.gram_matrix).parameters) == ["features", "weights"]
    assert gram.gram_matrix.__doc__.startswith("Return how strongly each pair")
    assert "vectors @ vectors.mT" in inspect.getsource(gram.gram_matrix)
    assert gram.gram_matrix.__globals__ is vars(gram)  # where doctest looks whether a function is the module's own


def test_a_generator_is_not_used_up():
    torch.testing.assert_close(gram.tile_gram(features() for _ in range(2)), gram.gram_matrix(features()))


def test_an_iterator_is_told_before_it_is_asked_for_anything():
    with pytest.raises(errors.ChoiceError, match="size must be a whole number of at least 1, got 0"):
        batches(patches(), 0, torch.Generator())


def test_a_class_of_one_s_own_can_stand_in_for_ours():
    class Looks:
        def __init__(self):
            self.fast = self

        def __call__(self, image, layers):
            return network()(image, layers)

    assert metrics.held_out_distance(picture(), picture(), Looks()) == 0
    Looks.__module__ = "nstlib.check.evaluation"
    assert metrics.held_out_distance(picture(), picture(), Looks()) == 0
    said = message(metrics.held_out_distance, picture(), picture(), Style(picture()))
    assert said == "held_out_distance needs a Features, got a Style as `network`."


def test_what_was_made_before_a_module_was_loaded_again_still_fits():
    body = {name: what for name, what in vars(Features).items() if name not in ("__dict__", "__weakref__")}
    older = object.__new__(type("Features", (), body))
    vars(older).update(vars(network()))
    assert metrics.held_out_distance(picture(), picture(), older) == 0


def test_transforms_of_functions_go_through():
    batch = rand(3, 1, 4, 5, 6)
    torch.testing.assert_close(torch.func.vmap(gram.gram_matrix)(batch)[2], gram.gram_matrix(batch[2]))
    slope = torch.func.grad(lambda image: losses.total_variation(image))(picture())
    assert slope.shape == picture().shape
    with torch.inference_mode():
        gram.gram_matrix(features())
    assert gram.gram_matrix(features().to("meta")).shape == (1, 4, 4)


def test_numbers_of_numpy_and_of_torch_are_numbers():
    assert losses.layer_weights(["a", "b"], np.float32(1.0)) == losses.layer_weights(["a", "b"], torch.tensor(1.0))
    assert len(textures.random_directions(np.int64(4), 2)) == 2


def test_a_door_speaks_of_arguments_that_there_are():
    @door(images="B 3 H W")
    def wrong(image: torch.Tensor) -> None: ...

    with pytest.raises(TypeError, match="The door of .*wrong speaks of images, which it does not take"):
        wrong(picture())


@pytest.mark.timed
def test_a_call_costs_microseconds():
    @door(features="B C H W", target="B C H W")
    def nothing(features: torch.Tensor, target: torch.Tensor, *, convention: str = "gatys", steps: int = 1) -> None: ...

    one, other = features(), features()
    took = timeit.repeat(
        lambda: nothing(one, other, convention="mean", steps=3), number=2000, repeat=7, timer=time.process_time
    )
    assert min(took) / 2000 < 1e-5
