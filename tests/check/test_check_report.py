"""What the reader of a check sees: outcomes, lines, numbers, hints; and what the caller gets back."""

import re
import time

import pytest
import torch

import nstlib.check
from nstlib.check import CheckFailed, UnknownExercise, check, examine, exercises, hint
from nstlib.check.examiner import sandbox as sandbox_module
from nstlib.check.examiner.compare import difference, is_plural
from nstlib.gram import gram_matrix as reference


def _as_exercise(function, name="gram_matrix"):
    function.__name__ = name
    return function


def rewritten(features):
    """A right answer that is not the reference itself."""
    return reference(features)


def test_a_right_answer_is_handed_back_and_praised_with_what_was_verified(capsys):
    def gram_matrix(features):
        vectors = features.flatten(2)
        return vectors @ vectors.mT / vectors.shape[-1]

    assert check(gram_matrix) is gram_matrix
    said = capsys.readouterr().out
    assert said.startswith("gram_matrix: right. Verified on 6 inputs, 6 laws and the gradient")
    assert "hint" not in said


def test_a_wrong_answer_is_named_and_the_reference_handed_back(capsys):
    def gram_matrix(features):
        vectors = features.flatten(2)
        return vectors @ vectors.mT / vectors.shape[-1] ** 2

    assert check(gram_matrix) is reference
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("gram_matrix: not yet. This divides by the number of positions twice.")
    assert lines[-4].startswith("On:       features (1, 3, 4, 5)")
    assert lines[-3].startswith("Expected: ")
    assert lines[-2].startswith("Yours:    ")
    assert lines[-1] == 'Next: hint("gram_matrix")'
    assert len(lines) <= 8


@pytest.mark.parametrize(
    "body", ["...", "pass", "return None", '"""Only words."""', "raise NotImplementedError", "return ..."]
)
def test_a_stub_is_neutral(body):
    scope = {}
    exec(f"def gram_matrix(features):\n    {body}\n", scope)
    result = examine("gram_matrix", scope["gram_matrix"])
    assert result.outcome == "not attempted"
    assert not result.passed
    assert "10 minutes" in result.message


def test_an_operation_that_torch_does_not_have_is_no_stub():
    def gram_matrix(features):
        raise_not_implemented()

    def raise_not_implemented():
        raise NotImplementedError("mse is not implemented for Bool")

    assert examine("gram_matrix", gram_matrix).outcome == "error"


def test_work_without_return_is_said_to_return_none():
    def gram_matrix(features):
        vectors = features.flatten(2)
        vectors @ vectors.mT

    result = examine("gram_matrix", gram_matrix)
    assert result.outcome == "not yet"
    assert "returns None" in result.message


def test_an_error_shows_the_readers_own_line_and_no_traceback():
    def gram_matrix(features):
        vectors = features.flatten(2)
        return vectors @ vector.mT  # noqa: F821

    result = examine("gram_matrix", gram_matrix)
    assert result.outcome == "error"
    assert "`return vectors @ vector.mT" in result.message
    assert "NameError: name 'vector' is not defined" in result.message
    assert "Traceback" not in str(result)
    assert ".py" not in str(result)


def test_an_error_in_a_helper_shows_the_deepest_line_of_the_readers():
    def helper(features):
        return torch.nn.functional.conv2d(features, features)  # deep inside torch

    def gram_matrix(features):
        return helper(features[0, 0])

    assert "conv2d(features, features)" in examine("gram_matrix", gram_matrix).message


def test_other_parameters_are_answered_with_the_signature():
    def shuffle_positions(features):
        return features

    result = examine("shuffle_positions", shuffle_positions)
    assert result.outcome == "error"
    assert "`shuffle_positions(features, order)`" in result.message


def test_a_gradient_that_is_none_is_answered_with_advice():
    def descend_pixels(image, color, steps, rate):
        x = image.clone().requires_grad_(True)
        for _ in range(steps):
            (x - color.view(1, 3, 1, 1)).square().sum().backward()
            x = x - rate * x.grad  # from now on x is no leaf
        return x

    result = examine("descend_pixels", descend_pixels)
    assert result.outcome == "error"
    assert "x = x - rate * x.grad" in result.message
    assert "only leaves do" in str(result)


def test_view_on_scattered_memory_is_answered_with_advice():
    def gram_matrix(features):
        b, c, h, w = features.shape
        vectors = features.view(b, c, h * w)
        return vectors @ vectors.mT / (h * w)

    result = examine("gram_matrix", gram_matrix)
    assert result.outcome == "error"
    assert "not contiguous in memory" in str(result)
    assert "`.flatten`" in str(result)


def test_numpy_where_a_gradient_is_asked_for_is_explained():
    def gram_matrix(features):
        vectors = features.flatten(2).numpy()
        return torch.from_numpy(vectors @ vectors.swapaxes(1, 2) / vectors.shape[-1])

    result = examine("gram_matrix", gram_matrix)
    assert result.mistake == "gradient_cut"
    assert "NumPy does not record gradients" in result.message


def optimized(move):
    """Return an answer to `run_transfer` whose pixels are moved back into [0, 1] in some way."""

    def run_transfer(image, loss, steps, rate):
        pixels = image.detach().clone().requires_grad_(True)
        adam = torch.optim.Adam([pixels], lr=rate)
        for _ in range(steps):
            loss(pixels).backward()
            adam.step()
            pixels = move(pixels)

    return run_transfer


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (lambda pixels: pixels.clamp_(0, 1), "What asks for a gradient is written into: clone it"),
        (lambda pixels: pixels.clamp(0, 1), "A result of an earlier step is used again"),
        (lambda pixels: torch.optim.Adam([pixels * 1]) and pixels, "is no leaf: `.detach()` it first"),
    ],
)
def test_what_torch_complains_of_is_told_with_what_to_do(move, words):
    result = examine("run_transfer", optimized(move))
    assert result.outcome == "error"
    assert words in str(result)
    assert len(str(result).splitlines()) <= 8


def test_a_long_complaint_ends_with_a_sentence():
    said = " ".join(str(examine("run_transfer", optimized(lambda pixels: pixels.clamp(0, 1)))).split())
    assert "they have already been freed). A result of an earlier step" in said


def test_a_tuple_in_another_order_is_told_item_by_item():
    result = examine("run_transfer", lambda *arguments: exercises["run_transfer"].reference(*arguments)[::-1])
    assert "It returns a tuple: a list of numbers, a tensor; asked for is a tuple: a tensor, a list" in result.message


def test_a_gradient_that_nobody_computed_is_none():
    def make_closure(image, optimizer, loss):
        return lambda: loss(image).item()

    said = str(examine("make_closure", make_closure))
    assert "The gradient after one call is None, and should be a tensor." in " ".join(said.split())


@pytest.mark.parametrize(
    ("change", "mistake", "words"),
    [
        (lambda g, f: 2 * g, "scaled", "exactly 2 times too large"),
        (lambda g, f: g / f.shape[1] ** 2, "scaled", "exactly C*C (here 9) times too small"),
        (lambda g, f: 0.3 * g, "scaled", "0.3 times what it should be"),
        (lambda g, f: -g, "negated", "minus what it should be"),
        (lambda g, f: g.roll(1, 2), "shifted", "shifted by 1 along axis 2"),
        (lambda g, f: 0 * g, "zeros", "Every number is 0"),
        (lambda g, f: g.permute(1, 0, 2), "transposed", "axes are in another order: [1, 0, 2]"),
        (lambda g, f: g.flip(1), "mirrored", "turned around along axis 1"),
        (lambda g, f: g.sin(), None, "this should hold"),
        (lambda g, f: g / 0, "not_finite", "contains infinity"),
        (lambda g, f: g / 0 * 0, "not_finite", "contains NaN"),
        (lambda g, f: g.half(), "other_dtype", "lost precision"),
        (lambda g, f: g[0], "axis_missing", "Axis 0 is missing"),
        (lambda g, f: [g], "reshaped", "only the shape is not"),
        (lambda g, f: {"g": g}, "other_type", "It returns a dictionary of tensors; asked for is a tensor"),
    ],
)
def test_what_no_mistake_explains_is_said_in_numbers(change, mistake, words):
    result = examine("gram_matrix", lambda features: change(reference(features), features))
    assert not result.passed
    assert result.mistake == mistake
    assert words in result.message.replace("\n", " "), str(result)


def test_complex_numbers_are_named():
    def gram_from_spectrum(features):
        spectrum = torch.fft.fft2(features).flatten(2)
        return spectrum @ spectrum.mH / spectrum.shape[-1] ** 2

    assert "complex numbers: take the real part" in examine("gram_from_spectrum", gram_from_spectrum).message


def test_a_changed_input_is_named():
    def gram_matrix(features):
        features /= features[0, 0].numel() ** 0.5
        return features.flatten(2) @ features.flatten(2).mT

    result = examine("gram_matrix", gram_matrix)
    assert result.mistake == "changes_its_input"
    assert "`features`" in result.message


def test_a_gradient_left_on_the_input_is_named():
    def effective_receptive_field(layer, image):
        image.requires_grad_(True)
        return exercises["effective_receptive_field"].reference(layer, image)

    result = examine("effective_receptive_field", effective_receptive_field)
    assert result.mistake == "changes_its_input"
    assert "its requires_grad is switched" in result.message


def test_a_function_that_knows_only_the_examples_breaks_a_law():
    shapes = {case.make(torch.float32)[0].shape for case in exercises["gram_matrix"].cases}

    def gram_matrix(features):
        known = features.shape in shapes
        return reference(features) if known and (features != 0).all() else reference(features) * 0

    result = examine("gram_matrix", gram_matrix)
    assert not result.passed


def test_an_endless_loop_is_stopped_and_its_line_shown(monkeypatch):
    monkeypatch.setattr(sandbox_module, "SECONDS", 0.3)

    def gram_matrix(features):
        try:
            while True:
                features = features + 0
        except Exception:
            return features

    begin = time.monotonic()
    result = examine("gram_matrix", gram_matrix)
    assert time.monotonic() - begin < 10
    assert result.outcome == "error"
    assert "loop that never ends" in result.message
    assert "features = features + 0" in str(result) or "while True" in str(result)
    assert examine("gram_matrix", rewritten).passed  # the alarm is off again


def test_an_examination_works_in_another_thread():
    import threading

    results = []
    thread = threading.Thread(target=lambda: results.append(examine("gram_matrix", rewritten)))
    thread.start()
    thread.join()
    assert results[0].passed


def test_ctrl_c_is_not_swallowed():
    def gram_matrix(features):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine("gram_matrix", gram_matrix)
    assert examine("gram_matrix", rewritten).passed


def test_the_words_are_the_same_each_time():
    def gram_matrix(features):
        return reference(features) + torch.rand(()) * 0 + object.__hash__(features) * 0 + 1

    assert str(examine("gram_matrix", gram_matrix)) == str(examine("gram_matrix", gram_matrix))


def test_addresses_are_left_out_of_errors():
    def gram_matrix(features):
        raise ValueError(f"{object()}")

    assert "0x" not in str(examine("gram_matrix", gram_matrix))


def test_no_report_is_longer_than_eight_lines_even_for_long_errors():
    def gram_matrix(features):
        raise ValueError("long " * 1000)

    text = str(examine("gram_matrix", gram_matrix))
    assert len(text.splitlines()) <= 8
    assert max(map(len, text.splitlines())) <= 120


def test_on_request_a_failed_check_raises(monkeypatch):
    def gram_matrix(features):
        return features

    with pytest.raises(CheckFailed, match="gram_matrix: not yet"):
        check(gram_matrix, raise_on_fail=True)
    monkeypatch.setenv("NST_CHECK_RAISE", "1")
    with pytest.raises(AssertionError):
        check(gram_matrix)
    monkeypatch.setenv("NST_CHECK_RAISE", "0")
    check(gram_matrix)


@pytest.mark.parametrize("what", ["autograde", "validate"])
def test_where_nbgrader_runs_it_a_failed_check_raises(monkeypatch, what):
    def gram_matrix(features):
        raise NotImplementedError

    monkeypatch.setenv("NBGRADER_EXECUTION", what)
    with pytest.raises(CheckFailed, match="not attempted"):
        check(gram_matrix)
    monkeypatch.setenv("NST_CHECK_RAISE", "0")
    assert check(gram_matrix) is reference


def test_a_right_answer_does_not_raise_on_request(monkeypatch, capsys):
    monkeypatch.setenv("NST_CHECK_RAISE", "1")
    answer = _as_exercise(lambda features: reference(features))
    assert check(answer) is answer


def test_the_course_s_own_function_is_nobody_s_answer(capsys):
    assert check(reference) is reference
    assert "not attempted. This is the course's own function." in capsys.readouterr().out
    assert not examine("gram_matrix", reference).passed


def test_a_check_run_again_says_the_same_of_the_answer_that_the_reference_replaced(capsys):
    def gram_matrix(features):
        return -reference(features)

    gram_matrix = check(gram_matrix)
    first = capsys.readouterr().out.splitlines()
    assert check(gram_matrix) is reference
    again = capsys.readouterr().out.splitlines()
    assert [line for line in again if line not in first] == [
        "Your own cell has not run since. If you changed it, run it first, then this one."
    ]


def test_a_stub_checked_twice_is_told_the_same_twice(capsys):
    def gram_matrix(features):
        raise NotImplementedError

    check(check(gram_matrix))
    assert capsys.readouterr().out.count("gram_matrix: not attempted. About 10 minutes") == 2


def test_what_comes_back_after_a_failed_check_does_not_pass_for_the_answer():
    def gram_matrix(features):
        return -reference(features)

    gram_matrix = check(gram_matrix)
    result = examine("gram_matrix", gram_matrix)
    assert (result.passed, result.mistake) == (False, "negated")


def test_after_a_right_answer_nothing_is_held_against_its_author():
    check(_as_exercise(lambda features: -reference(features)))
    right = check(_as_exercise(lambda features: reference(features)))
    assert examine("gram_matrix", right).passed
    assert "the course's own" in examine("gram_matrix", reference).message


@pytest.mark.parametrize("name", ["check", "examine", "examine_exercise"])
def test_an_answer_cannot_put_its_own_function_in_place_of_the_check(name):
    with pytest.raises(AttributeError, match=f"nstlib.check.{name} decides about answers"):
        setattr(nstlib.check, name, lambda *_: None)


def test_an_unknown_name_lists_near_names():
    def gram_matrx(features):
        return features

    with pytest.raises(UnknownExercise, match=r"Did you mean .*gram_matrix"):
        check(gram_matrx)
    with pytest.raises(LookupError, match="There are: .*feature_shapes"):
        check(lambda x: x)


def test_check_inside_the_answer_is_refused():
    def gram_matrix(features):
        return check(gram_matrix)(features)

    result = examine("gram_matrix", gram_matrix)
    assert result.outcome == "error"
    assert "from inside itself" in result.message


def test_hints_come_one_after_the_other(capsys):
    for kind in ("the idea", "the direction", "almost the line", "almost the line"):
        hint("total_variation")
        assert kind in capsys.readouterr().out.splitlines()[0]
    hint("total_variation", level=1)
    assert "Hint 1 of 3 for total_variation, the idea:" in capsys.readouterr().out
    hint(exercises["total_variation"].reference, level=9)
    assert "Hint 3 of 3" in capsys.readouterr().out
    with pytest.raises(UnknownExercise):
        hint("total_variance_of_everything_else")


def test_the_advice_for_shapes_shows_both():
    result = examine("total_loss", lambda content, styles, weights, alpha, beta: torch.zeros(3))
    assert "Expected: ()" in result.details
    assert "Yours:    (3,)" in result.details


def test_single_numbers_are_not_called_multiples_of_each_other():
    def total_loss(content, styles, weights, alpha, beta):
        return exercises["total_loss"].reference(content, styles, weights, alpha, 2 * beta)

    result = examine("total_loss", total_loss)
    assert "another number" in result.message
    assert "multiple" not in result.message


def test_infinity_is_far_from_every_number():
    found = difference(torch.tensor([torch.inf, -torch.inf, 1.0]), torch.tensor([3.0, 4.0, 1.0]))
    assert found.text == "The result has 2 of 3 numbers wrong."
    assert difference(torch.tensor([torch.inf, 1.0]), torch.tensor([torch.inf, 1.0])) is None


def test_what_is_counted_is_counted_exactly():
    def flops(stack, height, width):
        return exercises["flops"].reference(stack, height, width) + 1

    def strip_rows(start, stop, height, convolutions):
        first, last = exercises["strip_rows"].reference(start, stop, height, convolutions)
        return first, last - (height > 1000)

    assert not examine("flops", flops).passed
    result = examine("strip_rows", strip_rows)
    assert result.details == (
        "On:       rows 512 to 1024 of 2048, 9 convolutions",
        "Expected: (503, 1033)",
        "Yours:    (503, 1032)",
    )


@pytest.mark.parametrize(("power", "words"), [(2, "e+"), (300, "a number of more than 300 digits")])
def test_a_number_that_no_tensor_holds_can_be_judged(power, words):
    def flops(stack, height, width):
        return exercises["flops"].reference(stack, height, width) ** power * 10**12

    result = examine("flops", flops)
    assert result.outcome == "not yet"
    assert words in str(result)


def test_lists_of_numbers_of_another_length_are_shown():
    result = examine("pyramid_sizes", lambda size, smallest: [size // 3, size])
    assert "another length" in result.message
    assert result.details[1:] == ("Expected: (64)", "Yours:    (21, 64)")


@pytest.mark.parametrize(
    ("use", "advice"),
    [
        (lambda tiles: len(tiles), "count while you go through it"),
        (lambda tiles: tiles[0], "cannot be indexed: go through it with `for`"),
        (lambda tiles: torch.cat(tiles, 2), "Can you add up as you go?"),
    ],
)
def test_a_generator_taken_for_a_list_is_answered_with_advice(use, advice):
    def tile_gram(tiles):
        use(tiles)
        return exercises["tile_gram"].reference(tiles)

    result = examine("tile_gram", tile_gram)
    assert result.outcome == "error"
    assert advice in str(result)
    assert "On: a generator of strips" in str(result)


def test_a_list_taken_for_an_iterator_is_answered_with_advice():
    result = examine("average_iterates", lambda iterates, decay: next(iterates))
    assert "`iter(...)` makes one of a list" in str(result)


def test_what_is_no_pair_is_taken_for_its_first_half():
    result = examine("winograd_1d", lambda inputs, kernel: 1 + exercises["winograd_1d"].reference(inputs, kernel)[0])
    assert "The vector of outputs: every number is 1 too large" in " ".join(str(result).split())


def test_a_known_mistake_is_named_though_its_gradient_is_not_a_number():
    def tv_norm(image, beta, epsilon):
        right = torch.diff(image, dim=3, append=image[..., -1:])
        down = torch.diff(image, dim=2, append=image[..., -1:, :])
        return right.square().add(down.square()).pow(beta / 2).flatten(1).sum(1)

    assert examine("tv_norm", tv_norm).mistake == "epsilon_missing"


@pytest.mark.parametrize(
    ("name", "plural"),
    [
        ("the targets", True),
        ("the weights after one step", True),
        ("the targets, relu1_1", False),
        ("the loss", False),
        ("the list of losses", False),
        ("the gradient of `features`", False),
        ("what the closure returns", False),
        ("The first of the two results", False),
        ("", False),
    ],
)
def test_a_name_of_several_things_is_known(name, plural):
    assert is_plural(name) is plural


def test_several_things_have_and_one_thing_has():
    expected, seen = torch.zeros(3), torch.ones(3)
    assert difference(expected, seen, "the weights").text == "the weights have 3 of 3 numbers wrong."
    assert difference(expected, seen, "the image").text == "the image has 3 of 3 numbers wrong."
    assert difference(expected, seen).text == "The result has 3 of 3 numbers wrong."
    assert difference(expected, "no", "the weights").text == "the weights are 'no', and should be a tensor."
    assert difference(expected, seen / 0, "the weights").text.startswith("the weights contain infinity")


def test_a_formula_of_several_things_is_told_of_each():
    def train_step(model, optimizer, images, labels):
        before = [weight.detach().clone() for weight in model.parameters()]
        loss = exercises["train_step"].reference(model, optimizer, images, labels)
        with torch.no_grad():
            for weight, old in zip(model.parameters(), before, strict=True):
                weight.add_(weight - old)
                weight.mul_(2)
        return loss

    said = " ".join(str(examine("train_step", train_step)).split())
    assert not re.search(r"weights after one step: it |weights after one step (has|is)\b", said), said


def test_a_tensor_for_a_pair_is_called_a_tensor():
    result = examine("mix_grams", lambda grams, weights: grams.mean(0))
    assert result.mistake == "other_type"
    assert "returns a tensor" in result.message
    assert "asked for is a tuple of tensors" in result.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda style, content: content, "has the wrong shape"),
        (lambda style, content: style.flatten(2), "has the wrong shape"),
        (lambda style, content: style.int(), "should hold floating point numbers"),
        (lambda style, content: style * 1j, "holds complex numbers"),
        (lambda style, content: 3.0, "returns a number; asked for is a tensor"),
    ],
)
def test_the_keys_of_what_is_watched_are_nothing_to_tell(answer, words):
    result = examine("match_colors", answer)
    assert words in result.message
    assert "keys" not in str(result)


def test_the_advice_says_how_to_copy_what_was_changed():
    def flops(stack, height, width):
        found = exercises["flops"].reference(stack, height, width)
        stack.pop()
        return found

    def gram_matrix(features):
        found = reference(features)
        features.mul_(2)
        return found

    def card_gaps(card):
        found = exercises["card_gaps"].reference(card)
        card["style"]["author"] = "nobody else"
        return found

    for answer, words in ((flops, "(`.copy()`)"), (gram_matrix, "(`.clone()`)"), (card_gaps, "(`copy.deepcopy`)")):
        assert words in examine(answer.__name__, answer).message


def test_a_truth_value_of_an_answer_is_told_with_its_key():
    def card_gaps(card):
        return {**exercises["card_gaps"].reference(card), "held out": card["measured_layers"][0] in card["loss_layers"]}

    said = " ".join(str(examine("card_gaps", card_gaps)).split())
    assert '"held out" should be True here, and is False.' in said


def test_a_number_that_is_none_is_called_nan():
    def weight_at_style(weights, styles, wanted):
        return float("nan")

    assert "The result is NaN, and should be a number." in str(examine("weight_at_style", weight_at_style))


def test_of_one_result_none_is_the_first():
    assert difference([2], [2.0]).text.startswith("The only result is 2.0")
    assert difference([1, 2], [1, 2.0]).text.startswith("The second of the two results is 2.0")
