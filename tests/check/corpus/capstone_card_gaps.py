"""Answers to `card_gaps`, written from its statement alone."""

NAMES = [f"{side}.{field}" for side in ("content", "style") for field in ("author", "source", "license")]
NAMES += ["predictions", "held out", "fresh pairs"]


def _said(gaps):
    return {name: name in gaps for name in NAMES}


def _gaps(card):
    gaps = set()
    if len(card["predictions"]) == 0 or not all(p.strip() for p in card["predictions"]):
        gaps.add("predictions")
    for side in ("content", "style"):
        for field in ("author", "source", "license"):
            if card[side][field].strip() == "":
                gaps.add(side + "." + field)
        if card[side]["license"].strip().lower() == "unknown":
            gaps.add(side + ".license")
    if any(layer in card["loss_layers"] for layer in card["measured_layers"]):
        gaps.add("held out")
    if all(pair in card["tuned_on"] for pair in card["judged_on"]):
        gaps.add("fresh pairs")
    return gaps


def right_from_a_set(card):
    return _said(_gaps(card))


def right_checks(card):
    checks = {
        "predictions": bool(card["predictions"]) and all(map(str.strip, card["predictions"])),
        "held out": set(card["loss_layers"]).isdisjoint(card["measured_layers"]),
        "fresh pairs": bool(set(card["judged_on"]).difference(card["tuned_on"])),
    }
    for side in ("content", "style"):
        for field, text in card[side].items():
            text = text.strip().casefold()
            checks[f"{side}.{field}"] = text not in ({"", "unknown"} if field == "license" else {""})
    return {name: not fine for name, fine in checks.items()}


def right_sorted(card):
    return {name: name in _gaps(card) for name in sorted(NAMES)}


def right_one_by_one(card):
    gaps = dict.fromkeys(NAMES, False)
    for name in _gaps(card):
        gaps[name] = True
    return gaps


def right_generator(card):
    def gaps():
        if not card["predictions"] or min(len(p.strip()) for p in card["predictions"]) == 0:
            yield "predictions"
        for side in "content", "style":
            whose = {k: v.split() for k, v in card[side].items()}
            yield from (f"{side}.{k}" for k, v in whose.items() if not v)
            if [w.upper() for w in whose["license"]] == ["UNKNOWN"]:
                yield f"{side}.license"
        for layer in card["measured_layers"]:
            if layer in card["loss_layers"]:
                yield "held out"
                break
        if not [pair for pair in card["judged_on"] if pair not in card["tuned_on"]]:
            yield "fresh pairs"

    return _said(set(gaps()))


def wrong_empty_predictions_pass(card):
    gaps = _gaps(card)
    return _said(gaps - {"predictions"} if not card["predictions"] else gaps)


def wrong_any_prediction(card):
    gaps = _gaps(card) - {"predictions"}
    return _said(gaps if any(p.strip() for p in card["predictions"]) else gaps | {"predictions"})


def wrong_three_predictions(card):
    gaps = _gaps(card)
    return _said(gaps | {"predictions"} if len(card["predictions"]) < 3 else gaps)


def _whose(card, blank, unknown):
    gaps = {gap for gap in _gaps(card) if "." not in gap}
    for side in ("content", "style"):
        for field in ("author", "source", "license"):
            if blank(card[side][field]) or unknown(field, card[side][field]):
                gaps.add(f"{side}.{field}")
    return _said(gaps)


def wrong_blanks_pass(card):
    return _whose(card, lambda t: t == "", lambda f, t: f == "license" and t.strip().lower() == "unknown")


def wrong_unknown_passes(card):
    return _whose(card, lambda t: not t.strip(), lambda f, t: False)


def wrong_unknown_case(card):
    return _whose(card, lambda t: not t.strip(), lambda f, t: f == "license" and t == "unknown")


def wrong_unknown_blanks(card):
    return _whose(card, lambda t: not t.strip(), lambda f, t: f == "license" and t.lower() == "unknown")


def wrong_unknown_everywhere(card):
    return _whose(card, lambda t: not t.strip(), lambda f, t: t.strip().lower() == "unknown")


def wrong_unknown_inside(card):
    return _whose(card, lambda t: not t.strip(), lambda f, t: f == "license" and "unknown" in t.lower())


def wrong_only_content(card):
    return _said({gap for gap in _gaps(card) if not gap.startswith("style")})


def wrong_only_style(card):
    return _said({gap for gap in _gaps(card) if not gap.startswith("content")})


def wrong_only_licenses(card):
    return _said({gap for gap in _gaps(card) if "author" not in gap and "source" not in gap})


def wrong_without_author(card):
    return _said({gap for gap in _gaps(card) if "author" not in gap})


def wrong_names_without_side(card):
    return {name.split(".")[-1]: is_gap for name, is_gap in _said(_gaps(card)).items()}


def wrong_names_alone(card):
    return _gaps(card)


def wrong_only_the_gaps(card):
    return dict.fromkeys(_gaps(card), True)


def wrong_all_layers(card):
    gaps = _gaps(card) - {"held out"}
    return _said(gaps | {"held out"} if set(card["measured_layers"]) <= set(card["loss_layers"]) else gaps)


def wrong_equal_layers(card):
    gaps = _gaps(card) - {"held out"}
    return _said(gaps | {"held out"} if card["measured_layers"] == card["loss_layers"] else gaps)


def wrong_layers_turned(card):
    gaps = _gaps(card) - {"held out"}
    return _said(gaps if set(card["measured_layers"]) & set(card["loss_layers"]) else gaps | {"held out"})


def wrong_count_of_pairs(card):
    gaps = _gaps(card) - {"fresh pairs"}
    return _said(gaps | {"fresh pairs"} if len(card["judged_on"]) <= len(card["tuned_on"]) else gaps)


def wrong_no_pair_shared(card):
    gaps = _gaps(card) - {"fresh pairs"}
    return _said(
        gaps | {"fresh pairs"} if set(card["judged_on"]) & set(card["tuned_on"]) or not card["judged_on"] else gaps
    )


def wrong_tuned_not_judged(card):
    gaps = _gaps(card) - {"fresh pairs"}
    return _said(gaps if set(card["tuned_on"]) - set(card["judged_on"]) else gaps | {"fresh pairs"})


def wrong_first_gap_only(card):
    return _said(sorted(_gaps(card))[:1])


def wrong_boolean(card):
    return not _gaps(card)


def wrong_count(card):
    return len(_gaps(card))


def wrong_what_is_there(card):
    return _said(set(NAMES) - _gaps(card))


def wrong_empties_the_card(card):
    gaps = _gaps(card)
    card["predictions"].clear()
    return _said(gaps)


def wrong_looks_at_the_first_layer(card):
    def blank(text):
        return not text.strip()

    gaps = {"predictions": not card["predictions"] or any(map(blank, card["predictions"]))}
    for side in ("content", "style"):
        for name, text in card[side].items():
            gaps[f"{side}.{name}"] = blank(text) or (name == "license" and text.strip().lower() == "unknown")
    gaps["held out"] = card["measured_layers"][0] in card["loss_layers"]
    gaps["fresh pairs"] = not set(card["judged_on"]) - set(card["tuned_on"])
    return gaps
