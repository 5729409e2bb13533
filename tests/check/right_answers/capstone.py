"""Right answers to the exercises of the chapter on the capstone, each in another way than the reference."""

import math
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import torch
from scipy import stats


def weight_by_ratios(weights, styles, wanted):
    points = sorted(zip(weights.tolist(), styles.tolist(), strict=True))
    for (w0, s0), (w1, s1) in pairwise(points):
        if s0 == wanted:
            return w0
        if (s0 - wanted) * (s1 - wanted) < 0:
            return w0 * (w1 / w0) ** (math.log(wanted / s0) / math.log(s1 / s0))
    return points[-1][0] if points[-1][1] == wanted else math.nan


def weight_by_interp_of_each_span(weights, styles, wanted):
    order = np.argsort(weights)
    x, y = np.log10(weights[order]), np.log10(styles[order])
    at = np.log10(wanted)
    for k in range(len(x) - 1):
        ends = sorted([(y[k], x[k]), (y[k + 1], x[k + 1])])
        if y[k] == at:
            return 10 ** x[k]
        if ends[0][0] <= at <= ends[1][0]:
            return 10 ** np.interp(at, [ends[0][0], ends[1][0]], [ends[0][1], ends[1][1]])
    return np.nan


def weight_in_torch(weights, styles, wanted):
    x, order = torch.as_tensor(weights.copy()).log().sort()
    y = torch.as_tensor(styles.copy()).log()[order] - math.log(wanted)
    inside = (y[:-1].sign() * y[1:].sign() <= 0).nonzero()
    if not len(inside):
        return torch.tensor(float("nan"))
    k = int(inside[0])
    share = 0.0 if y[k] == 0 else y[k] / (y[k] - y[k + 1])
    return (x[k] + share * (x[k + 1] - x[k])).exp()


def weight_by_all_crossings(weights, styles, wanted):
    order = np.argsort(weights)
    x, y = np.log(weights[order]), np.log(styles[order] / wanted)
    found = [x[k] for k in range(len(x)) if y[k] == 0]
    for k in range(len(x) - 1):
        if y[k] * y[k + 1] < 0:
            found.append((x[k] * y[k + 1] - x[k + 1] * y[k]) / (y[k + 1] - y[k]))
    return float(np.exp(min(found))) if found else float("nan")


def chance_by_scipy(chosen, rounds):
    return stats.binom.sf(chosen - 1, rounds, 0.5)


def chance_by_pascal(chosen, rounds):
    row = [1.0]
    for _ in range(rounds):
        row = [(a + b) / 2 for a, b in zip([0.0, *row], [*row, 0.0], strict=True)]
    return sum(row[chosen:])


def chance_by_all_rows(chosen, rounds):
    if rounds > 10:
        return float(Fraction(sum(math.comb(rounds, k) for k in range(chosen, rounds + 1)), 2**rounds))
    return np.mean([sum(row) >= chosen for row in product((0, 1), repeat=rounds)])


def chance_by_the_other_side(chosen, rounds):
    return sum(math.comb(rounds, k) for k in range(rounds - chosen + 1)) * 0.5**rounds


def optimism_in_loops(scores):
    settings, pairs = scores.shape
    total = 0.0
    for p in range(pairs):
        best = max(range(settings), key=lambda s, p=p: scores[s, p])
        others = [scores[best, q] for q in range(pairs) if q != p]
        total += scores[best, p] - sum(others) / len(others)
    return total / pairs


def optimism_by_deletion(scores):
    found = []
    for p, column in enumerate(scores.T):
        s = int(np.argmax(column))
        found.append(column[s] - np.delete(scores[s], p).mean())
    return np.mean(found)


def optimism_in_torch(scores):
    table = torch.as_tensor(scores.copy())
    best = torch.from_numpy(scores.argmax(0).copy())
    chosen = table[best]
    apart = ~torch.eye(table.shape[1], dtype=torch.bool)
    return (chosen.diagonal() - (chosen * apart).sum(1) / apart.sum(1)).mean()


def optimism_in_closed_form(scores):
    pairs = scores.shape[1]
    chosen = scores[scores.argmax(0)]  # (P, P): on the diagonal what was promised
    return (pairs * np.trace(chosen) - chosen.sum()) / (pairs * (pairs - 1))


NAMES = [f"{side}.{name}" for side in ("content", "style") for name in ("author", "source", "license")]
NAMES += ["predictions", "held out", "fresh pairs"]


def gaps_from_a_list(card):
    gaps = []
    if not (card["predictions"] and all(each.strip() for each in card["predictions"])):
        gaps.append("predictions")
    for side in ("style", "content"):
        for name, text in card[side].items():
            said = text.strip().casefold()
            if said == "" or (name == "license" and said == "unknown"):
                gaps.append(f"{side}.{name}")
    if not set(card["loss_layers"]).isdisjoint(card["measured_layers"]):
        gaps.append("held out")
    if set(card["judged_on"]) <= set(card["tuned_on"]):
        gaps.append("fresh pairs")
    return {name: name in gaps for name in NAMES}


def gaps_by_counting(card):
    names = NAMES[:6]
    nothing = {"author": [""], "source": [""], "license": ["", "unknown"]}
    found = [each for each in names if card[(way := each.split("."))[0]][way[1]].strip().lower() in nothing[way[1]]]
    found += ["predictions"] * any(not each.strip() for each in card["predictions"] or [""])
    found += ["held out"] * any(layer in card["loss_layers"] for layer in card["measured_layers"])
    found += ["fresh pairs"] * (not any(pair not in card["tuned_on"] for pair in card["judged_on"]))
    return {name: found.count(name) > 0 for name in NAMES}


def gaps_by_removal(card):
    gaps = {f"{side}.{name}" for side in ("content", "style") for name in ("author", "source", "license")}
    for gap in sorted(gaps):
        side, name = gap.split(".")
        words = card[side][name].lower().split()
        if words and not (name == "license" and words == ["unknown"]):
            gaps.remove(gap)
    if "" in [each.strip() for each in card["predictions"]] or len(card["predictions"]) == 0:
        gaps.add("predictions")
    if len({*card["loss_layers"], *card["measured_layers"]}) < len(set(card["loss_layers"])) + len(
        set(card["measured_layers"])
    ):
        gaps.add("held out")
    if {*card["judged_on"], *card["tuned_on"]} == set(card["tuned_on"]):
        gaps.add("fresh pairs")
    return dict.fromkeys(gaps, True) | dict.fromkeys(set(NAMES) - gaps, False)


ANSWERS = {
    "card_gaps": (gaps_from_a_list, gaps_by_counting, gaps_by_removal),
    "weight_at_style": (
        weight_by_ratios,
        weight_by_interp_of_each_span,
        weight_in_torch,
        weight_by_all_crossings,
    ),
    "by_chance": (chance_by_scipy, chance_by_pascal, chance_by_all_rows, chance_by_the_other_side),
    "optimism": (optimism_in_loops, optimism_by_deletion, optimism_in_torch, optimism_in_closed_form),
}
