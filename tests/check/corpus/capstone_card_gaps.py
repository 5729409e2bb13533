"""Answers to `card_gaps`, written from its statement alone."""


def right_set(card):
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


def right_list(card):
    checks = {
        "predictions": bool(card["predictions"]) and all(map(str.strip, card["predictions"])),
        "held out": set(card["loss_layers"]).isdisjoint(card["measured_layers"]),
        "fresh pairs": bool(set(card["judged_on"]).difference(card["tuned_on"])),
    }
    for side in ("content", "style"):
        for field, text in card[side].items():
            text = text.strip().casefold()
            checks[f"{side}.{field}"] = text not in ({"", "unknown"} if field == "license" else {""})
    return [name for name, fine in checks.items() if not fine]


def right_tuple(card):
    return tuple(sorted(right_set(card)))


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

    return set(gaps())


def right_frozen(card):
    return frozenset(right_list(card))


def wrong_empty_predictions_pass(card):
    gaps = right_set(card)
    return gaps - {"predictions"} if not card["predictions"] else gaps


def wrong_any_prediction(card):
    gaps = right_set(card) - {"predictions"}
    return gaps if any(p.strip() for p in card["predictions"]) else gaps | {"predictions"}


def wrong_three_predictions(card):
    gaps = right_set(card)
    return gaps | {"predictions"} if len(card["predictions"]) < 3 else gaps


def _whose(card, blank, unknown):
    gaps = {gap for gap in right_set(card) if "." not in gap}
    for side in ("content", "style"):
        for field in ("author", "source", "license"):
            if blank(card[side][field]) or unknown(field, card[side][field]):
                gaps.add(f"{side}.{field}")
    return gaps


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
    return {gap for gap in right_set(card) if not gap.startswith("style")}


def wrong_only_style(card):
    return {gap for gap in right_set(card) if not gap.startswith("content")}


def wrong_only_licenses(card):
    return {gap for gap in right_set(card) if "author" not in gap and "source" not in gap}


def wrong_without_author(card):
    return {gap for gap in right_set(card) if "author" not in gap}


def wrong_names_without_side(card):
    return {gap.split(".")[-1] for gap in right_set(card)}


def wrong_side_only(card):
    return {gap.split(".")[0] for gap in right_set(card)}


def wrong_all_layers(card):
    gaps = right_set(card) - {"held out"}
    return gaps | {"held out"} if set(card["measured_layers"]) <= set(card["loss_layers"]) else gaps


def wrong_equal_layers(card):
    gaps = right_set(card) - {"held out"}
    return gaps | {"held out"} if card["measured_layers"] == card["loss_layers"] else gaps


def wrong_layers_turned(card):
    gaps = right_set(card) - {"held out"}
    return gaps if set(card["measured_layers"]) & set(card["loss_layers"]) else gaps | {"held out"}


def wrong_count_of_pairs(card):
    gaps = right_set(card) - {"fresh pairs"}
    return gaps | {"fresh pairs"} if len(card["judged_on"]) <= len(card["tuned_on"]) else gaps


def wrong_no_pair_shared(card):
    gaps = right_set(card) - {"fresh pairs"}
    return gaps | {"fresh pairs"} if set(card["judged_on"]) & set(card["tuned_on"]) or not card["judged_on"] else gaps


def wrong_tuned_not_judged(card):
    gaps = right_set(card) - {"fresh pairs"}
    return gaps if set(card["tuned_on"]) - set(card["judged_on"]) else gaps | {"fresh pairs"}


def wrong_first_gap_only(card):
    return sorted(right_set(card))[:1]


def wrong_boolean(card):
    return not right_set(card)


def wrong_count(card):
    return len(right_set(card))


def wrong_what_is_there(card):
    fields = [f"{side}.{field}" for side in ("content", "style") for field in ("author", "source", "license")]
    return {*fields, "predictions", "held out", "fresh pairs"} - right_set(card)


def wrong_empties_the_card(card):
    gaps = right_set(card)
    card["predictions"].clear()
    return gaps
