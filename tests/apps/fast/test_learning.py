import math
from dataclasses import replace

import pytest
import torch

from nstlib.apps import pace
from nstlib.apps.fast import learning
from nstlib.apps.fast.learning import Learner, Lesson, styles_by_name
from nstlib.errors import ChoiceError, DivergenceError, ResumeError, WeightsError
from nstlib.features import random_network
from nstlib.images import load_image, save_image
from nstlib.one_pass import TrainingStep, load_one_pass


@pytest.fixture(scope="module")
def network():
    return random_network("tiny")


@pytest.fixture
def lesson(gallery, monkeypatch):
    monkeypatch.setattr(learning, "CROPS", 4)
    photo = save_image(torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(3)), gallery / "photo.png")
    found = Lesson({"wave": gallery / "style/wave.png"}, gallery / "net.safetensors", (photo,), steps=6, size=40)
    found.check(resume=False)
    return found


def learned(lesson, network, steps):
    learner = Learner(lesson, network, pytest.fail)
    for _ in range(steps):
        learner.step()
    return learner


def test_the_file_holds_a_network_with_the_styles_by_name(lesson, network):
    distances = learned(lesson, network, 2).write()
    model, styles = load_one_pass(lesson.output)
    assert list(styles) == list(distances) == ["wave"]
    assert model(torch.rand(1, 3, 20, 20), styles["wave"]).shape == (1, 3, 20, 20)
    assert all(value > 0 for value in distances["wave"])


def test_it_begins_with_the_course_s_network_or_with_random_weights(lesson, network):
    learned(lesson, network, 0).write()
    model, styles = load_one_pass(lesson.output)
    course, known = load_one_pass()
    assert torch.equal(model.convolutions[3].weight, course.convolutions[3].weight)
    assert torch.equal(styles["wave"], known["brush"])
    learned(replace(lesson, fresh=True), network, 0).write()
    _, styles = load_one_pass(lesson.output)
    assert torch.equal(styles["wave"][0], torch.ones(424))


def test_a_picture_shows_the_photo_and_what_is_learned(lesson, network):
    learned(lesson, network, 1).save()
    assert load_image(lesson.preview).shape == (1, 3, 192, 512)  # the cat, and the cat painted


def test_a_training_that_was_stopped_goes_on_to_the_same_network(lesson, network):
    learned(lesson, network, 6).write()
    straight = lesson.output.read_bytes()
    learned(lesson, network, 3).save()
    again = Learner(lesson, network, pytest.fail)
    again.resume()
    assert again.index == 3
    for _ in range(3):
        again.step()
    again.write()
    assert lesson.output.read_bytes() == straight
    again.discard()
    assert not lesson.checkpoint.exists()


def test_another_training_is_not_gone_on_with(lesson, network):
    learned(lesson, network, 1).save()
    for other in (replace(lesson, steps=7), replace(lesson, seed=1), replace(lesson, photos=(*lesson.photos,) * 2)):
        with pytest.raises(ResumeError, match="is of another training: its styles, photos or numbers"):
            Learner(other, network, pytest.fail).resume()
    lesson.checkpoint.write_bytes(b"nonsense")
    with pytest.raises(ResumeError, match="is damaged, or no saved training. Delete it, and start anew"):
        Learner(lesson, network, pytest.fail).resume()


def test_a_checkpoint_comes_from_time_to_time_and_a_full_disk_does_not_end_the_training(lesson, network, monkeypatch):
    monkeypatch.setattr(pace, "INTERVAL", 0.0)
    told = []
    learner = Learner(lesson, network, told.append)
    learner.step()
    assert lesson.checkpoint.exists()

    def full():
        raise ResumeError("No space left.")

    monkeypatch.setattr(learner, "save", full)
    monkeypatch.setattr(learner, "_pace", pace.Pace())  # whose next time is now
    learner.step()
    assert told == ["No space left. The training goes on."]


def test_a_loss_that_is_no_number_ends_it(lesson, network, monkeypatch):
    learner = learned(lesson, network, 1)
    nothing = TrainingStep(1, math.nan, 0.0, 0.0, 0.0)
    monkeypatch.setattr(learner._training, "step", lambda: nothing)
    with pytest.raises(DivergenceError, match="no finite number any more, at step 1. Try another --seed, or --fresh"):
        learner.step()


def test_what_is_wrong_is_told_before_anything_is_computed(lesson, gallery):
    with pytest.raises(ResumeError, match="There is no checkpoint .*net.safetensors.checkpoint to go on from"):
        lesson.check(resume=True)
    with pytest.raises(ChoiceError, match="would both be the style 'wave'"):
        styles_by_name([gallery / "style/wave.png", gallery / "content/wave.png"])
    lesson.preview.write_bytes(b"somebody's own")
    with pytest.raises(ResumeError, match=r"net.preview.png was not made by nst, and training net.safetensors would"):
        lesson.check(resume=False)


def test_without_the_course_s_network_it_is_told_how_to_begin(lesson, network, monkeypatch):
    def gone():
        raise WeightsError("There is none.")

    monkeypatch.setattr(learning.one_pass, "load_one_pass", gone)
    with pytest.raises(WeightsError, match="There is none. Or begin with random weights: --fresh"):
        Learner(lesson, network, pytest.fail)


def test_more_styles_are_given_more_steps():
    assert [learning.default_steps(count) for count in (1, 2, 8)] == [500, 800, 2600]


def test_torch_s_own_word_for_a_full_disk_is_a_note_too(lesson, network, monkeypatch):
    """Its archive's writer stumbles over where it should be, and says so in a RuntimeError."""

    def full(*_):
        raise RuntimeError("inline_container.cc: unexpected pos 64 vs 0")

    monkeypatch.setattr(pace, "INTERVAL", 0.0)
    monkeypatch.setattr(torch, "save", full)
    told = []
    learner = Learner(lesson, network, told.append)
    learner.step()
    assert learner.index == 1
    (said,) = told
    assert "the disk may be full" in said
    assert said.endswith("The training goes on.")
    assert not lesson.checkpoint.exists()


def test_a_checkpoint_with_one_wrong_bit_is_refused(lesson, network):
    learned(lesson, network, 1).save()
    content = bytearray(lesson.checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    lesson.checkpoint.write_bytes(content)
    with pytest.raises(ResumeError, match="is damaged, or no saved training"):
        Learner(lesson, network, pytest.fail).resume()
