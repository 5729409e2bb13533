"""The exercise ``card_gaps``, and the mistakes that people make in it."""

from __future__ import annotations

import copy
from collections.abc import Callable

from nstlib.check.drawing import Make, Pick, Sizes
from nstlib.check.exercise import Case, Exercise, Function, law, mistake

SIDES, WHOSE = ("content", "style"), ("author", "source", "license")
Card = dict


def _is_blank(text: str) -> bool:
    return not text.strip()


def _is_unknown(text: str) -> bool:
    return text.strip().lower() == "unknown"


def _any_blank(predictions: list[str]) -> bool:
    return not predictions or any(_is_blank(each) for each in predictions)


def _some_in_loss(card: Card) -> bool:
    return bool(set(card["loss_layers"]) & set(card["measured_layers"]))


def _none_fresh(card: Card) -> bool:
    return not set(card["judged_on"]) - set(card["tuned_on"])


def _gaps_with(
    *,
    blank: Callable[[str], bool] = _is_blank,
    unknown: Callable[[str], bool] = _is_unknown,
    unsaid: Callable[[list[str]], bool] = _any_blank,
    in_loss: Callable[[Card], bool] = _some_in_loss,
    stale: Callable[[Card], bool] = _none_fresh,
    sides: tuple[str, ...] = SIDES,
    unknown_in: tuple[str, ...] = ("license",),
) -> Function:
    """Return the exercise's function, with one part of it done in another way."""

    def gaps(card: Card) -> dict[str, bool]:
        found = {"predictions": unsaid(card["predictions"])}
        for side in SIDES:
            for name in WHOSE:
                text = card[side][name]
                found[f"{side}.{name}"] = side in sides and (blank(text) or (name in unknown_in and unknown(text)))
        return found | {"held out": in_loss(card), "fresh pairs": stale(card)}

    return gaps


def card_gaps(card: Card) -> dict[str, bool]:
    """Return what a card may lack before it may be shown: from each name to whether it is a gap."""
    gaps = {"predictions": not card["predictions"] or any(not each.strip() for each in card["predictions"])}
    for side in SIDES:
        for name in WHOSE:
            text = card[side][name].strip()
            gaps[f"{side}.{name}"] = not text or (name == "license" and text.lower() == "unknown")
    gaps["held out"] = bool(set(card["loss_layers"]) & set(card["measured_layers"]))
    gaps["fresh pairs"] = not set(card["judged_on"]) - set(card["tuned_on"])
    return gaps


GOOD = {
    "predictions": ["The eyes stay.", "The sky goes first."],
    "content": {"author": "me", "source": "taken by me", "license": "CC BY 4.0"},
    "style": {"author": "unknown", "source": "a museum's scan", "license": "CC0 1.0"},
    "loss_layers": ["relu1_1", "relu4_2"],
    "measured_layers": ["relu1_2", "relu3_3"],
    "tuned_on": ["cat in brush"],
    "judged_on": ["cat in brush", "china in mosaic"],
}


def _changed(**changes: object) -> Card:
    """Return a complete card with some of it in place of what was there; ``style__license`` is one inside ``style``."""
    card = copy.deepcopy(GOOD)
    for name, value in copy.deepcopy(changes).items():
        table, _, key = name.partition("__")
        if key:
            card[table][key] = value
        else:
            card[table] = value
    return card


def _card_case(text: str, **changes: object) -> Case:
    return Case(text, lambda dtype: (_changed(**changes),))


def _found(function: Function, **changes: object) -> set[str]:
    return {name for name, is_gap in dict(function(_changed(**changes))).items() if is_gap}


@law("a complete card has no gaps")
def complete(function: Function) -> bool:
    return _found(function) == set()


@law("each field that is emptied is one gap more, by its own name")
def each_field(function: Function) -> bool:
    return all(
        _found(function, **{f"{side}__{name}": ""}) == {f"{side}.{name}"} for side in SIDES for name in WHOSE
    ) and _found(function, predictions=[]) == {"predictions"}


@law("gaps do not hide each other")
def together(function: Function) -> bool:
    found = _found(
        function, predictions=[""], style__license="unknown", judged_on=["cat in brush"], measured_layers=["relu1_1"]
    )
    return found == {"predictions", "style.license", "fresh pairs", "held out"}


@law("blanks around a text change nothing")
def blanks(function: Function) -> bool:
    return _found(function, style__license="  CC0 1.0 ") == set() and _found(function, style__source=" \t") == {
        "style.source"
    }


@law("an author may be unknown, a license may not")
def unknown_author(function: Function) -> bool:
    return _found(function, content__author="Unknown", content__license="Unknown") == {"content.license"}


@law("one shared layer is enough to be a gap, in whatever order")
def shared_layer(function: Function) -> bool:
    layers = ["relu3_3", "relu4_2", "relu1_2"]
    return _found(function, measured_layers=layers) == _found(function, measured_layers=layers[::-1]) == {"held out"}


def _is_empty(text: str) -> bool:
    return text == ""


def _any_empty(texts: list[str]) -> bool:
    return not texts or "" in texts


only_empty = mistake(
    "A text of nothing but blanks says nothing either. `strip` it before you look whether it is empty.",
    "only_empty",
    variants=(_gaps_with(blank=_is_empty), _gaps_with(unsaid=_any_empty)),
)(_gaps_with(blank=_is_empty, unsaid=_any_empty))


unknown_as_written = mistake(
    '"Unknown" and " UNKNOWN " are as unknown as "unknown". Compare without case and without blanks around.',
    "unknown_as_written",
    variants=(
        _gaps_with(unknown=lambda text: text.lower() == "unknown"),
        _gaps_with(unknown=lambda text: text.strip() == "unknown"),
    ),
)(_gaps_with(unknown=lambda text: text == "unknown"))


unknown_is_a_license = mistake(
    'A license that is "unknown" is none: nobody has allowed anything. It is a gap, as an empty one is.',
    "unknown_is_a_license",
)(_gaps_with(unknown=lambda text: False))


unknown_anywhere = mistake(
    'Of an *author* or a source "unknown" is an honest answer, as for many old paintings. Of a license it is not.',
    "unknown_anywhere",
)(_gaps_with(unknown_in=WHOSE))


one_prediction_is_enough = mistake(
    "One of the predictions is blank, and you let it pass because another is not. Every one must say something.",
    "one_prediction_is_enough",
)(_gaps_with(unsaid=lambda texts: all(_is_blank(each) for each in texts)))


empty_list_passes = mistake(
    "No predictions at all pass: of an empty list nothing is blank. It says nothing either.", "empty_list_passes"
)(_gaps_with(unsaid=lambda texts: any(_is_blank(each) for each in texts)))


all_layers_shared = mistake(
    "You ask whether *every* measured layer is in the loss. One is enough: what was lowered there is no measure.",
    "all_layers_shared",
    variants=(_gaps_with(in_loss=lambda card: set(card["loss_layers"]) == set(card["measured_layers"])),),
)(_gaps_with(in_loss=lambda card: set(card["measured_layers"]) <= set(card["loss_layers"])))


tuned_must_not_be_judged = mistake(
    "Pairs that were tuned on may be judged as well. What is needed is at least one *more*, which had no say.",
    "tuned_must_not_be_judged",
)(_gaps_with(stale=lambda card: bool(set(card["judged_on"]) & set(card["tuned_on"])) or not card["judged_on"]))


as_many_pairs = mistake(
    "More pairs than before are not yet other pairs, and as many may be others. Look at *which* they are.",
    "as_many_pairs",
    variants=(_gaps_with(stale=lambda card: set(card["judged_on"]) == set(card["tuned_on"])),),
)(_gaps_with(stale=lambda card: len(card["judged_on"]) <= len(card["tuned_on"])))


one_side_only = mistake(
    "Both pictures belong to somebody. Look at content *and* style.",
    "one_side_only",
    variants=(_gaps_with(sides=("style",)),),
)(_gaps_with(sides=("content",)))


TEXTS = ("me", "CC0 1.0", "", "  ", "unknown", " Unknown ", "UNKNOWN", "unknown painter")
LAYERS, PAIRS = ("relu1_1", "relu1_2", "relu2_2", "relu3_3", "relu4_2"), ("a in b", "c in d", "e in f")


def _drawn_card(pick: Pick, sizes: Sizes) -> tuple[str, Make]:
    """Draw a card with any of its gaps, or none."""

    def some(options: tuple[str, ...], least: int) -> list[str]:
        return list(dict.fromkeys(pick.one_of(options) for _ in range(pick.whole(least, 3))))

    card = {
        "predictions": [pick.one_of(("The eyes stay.", "The sky goes.", "", " ")) for _ in range(pick.whole(0, 3))],
        **{side: {name: pick.one_of(TEXTS) for name in WHOSE} for side in SIDES},
        "loss_layers": some(LAYERS, 1),
        "measured_layers": some(LAYERS, 1),
        "tuned_on": some(PAIRS, 0),
        "judged_on": some(PAIRS, 0),
    }
    return "with some gaps", lambda dtype: copy.deepcopy(card)


EXERCISE = Exercise(
    __name__,
    title="What a card still lacks",
    difficulty=1,
    minutes=10,
    extra=True,
    signature="card_gaps(card)",
    hints=(
        "Go down the list of the statement, one question after the other. None of the answers depends on another.",
        "`text.strip()` is empty for blanks too. Whether two lists share something, or one has something that the other "
        "lacks, sets can say: `set(a) & set(b)`, `set(a) - set(b)`.",
        "`gaps[f'{side}.{name}'] = not text.strip() or (name == 'license' and text.strip().lower() == 'unknown')` in two "
        "loops; `set(card['judged_on']) - set(card['tuned_on'])` are the fresh pairs.",
    ),
    reference=card_gaps,
    cases=(
        _card_case("a complete card"),
        _card_case("no predictions", predictions=[]),
        _card_case("a prediction of blanks", predictions=["The eyes stay.", "  "]),
        _card_case("one prediction, of blanks", predictions=["  "]),
        _card_case("a prediction and an empty one", predictions=["The eyes stay.", ""]),
        _card_case("a blank author and an unknown license", content__author=" ", style__license=" Unknown "),
        _card_case("a shared layer", measured_layers=["relu3_3", "relu1_1"]),
        _card_case("judged where it was tuned", judged_on=["cat in brush"]),
        _card_case("judged on one of two that it was tuned on", tuned_on=["a in b", "c in d"], judged_on=["c in d"]),
        _card_case("judged on another pair alone", judged_on=["china in mosaic"]),
        _card_case("tuned on two, judged on another", tuned_on=["a in b", "c in d"], judged_on=["e in f"]),
        _card_case(
            "all gaps", predictions=[""], content__source="", style__license="", judged_on=[], loss_layers=["relu1_2"]
        ),
    ),
    takes={"card": _drawn_card},
    drawn=12,
    verified="every gap under its name, and no other",
)
