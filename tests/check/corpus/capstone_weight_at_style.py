"""Answers to `weight_at_style`, written from its statement alone."""

import math
from itertools import pairwise

import numpy as np


def right_loop(weights, styles, wanted):
    order = np.argsort(weights)
    w, s = weights[order], styles[order]
    for i in range(len(w) - 1):
        if s[i] == wanted:
            return float(w[i])
        if min(s[i], s[i + 1]) < wanted < max(s[i], s[i + 1]):
            t = (np.log(wanted) - np.log(s[i])) / (np.log(s[i + 1]) - np.log(s[i]))
            return float(np.exp((1 - t) * np.log(w[i]) + t * np.log(w[i + 1])))
    return float(w[-1]) if s[-1] == wanted else float("nan")


def right_powers(weights, styles, wanted):
    points = sorted(zip(weights, styles, strict=True))
    for (a, p), (b, q) in pairwise(points):
        if (p - wanted) * (q - wanted) <= 0:
            return a if p == q else a * (b / a) ** (np.log(wanted / p) / np.log(q / p))
    return np.nan


def right_base_two(weights, styles, wanted):
    order = weights.argsort()
    x, y, t = np.log2(weights[order]), np.log2(styles[order]), np.log2(wanted)
    hits = np.flatnonzero((np.minimum(y[:-1], y[1:]) <= t) & (t <= np.maximum(y[:-1], y[1:])))
    if hits.size == 0:
        return float("nan")
    k = hits[0]
    if y[k] == t:
        return float(2 ** x[k])
    return float(2 ** (x[k] + (t - y[k]) * (x[k + 1] - x[k]) / (y[k + 1] - y[k])))


def right_interp_in_span(weights, styles, wanted):
    order = np.argsort(weights)
    x, y, t = np.log(weights[order]), np.log(styles[order]), np.log(wanted)
    for k in range(len(x) - 1):
        if y[k] <= t <= y[k + 1]:
            return np.exp(np.interp(t, y[k : k + 2], x[k : k + 2])) if y[k] < y[k + 1] else np.exp(x[k])
        if y[k] >= t >= y[k + 1]:
            return np.exp(np.interp(-t, -y[k : k + 2], x[k : k + 2]))
    return np.nan


def right_roots(weights, styles, wanted):
    order = np.argsort(weights)
    x, y = np.log(weights[order]), np.log(styles[order]) - np.log(wanted)
    roots = list(x[y == 0])
    for k in np.flatnonzero(y[:-1] * y[1:] < 0):
        slope = (y[k + 1] - y[k]) / (x[k + 1] - x[k])
        roots.append(x[k] - y[k] / slope)
    return math.exp(min(roots)) if roots else math.nan


def _walk(weights, styles, wanted, fx=np.log, fy=np.log, back=np.exp, order=None, backward=False, miss=float("nan")):
    order = np.argsort(weights) if order is None else order
    x, y, t = fx(weights[order]), fy(styles[order]), fy(wanted)
    spans = range(len(x) - 1)
    for k in reversed(spans) if backward else spans:
        if min(y[k], y[k + 1]) <= t <= max(y[k], y[k + 1]):
            share = 0 if y[k] == y[k + 1] else (t - y[k]) / (y[k + 1] - y[k])
            return float(back(x[k] + share * (x[k + 1] - x[k])))
    return miss


def _same(x):
    return x


def wrong_linear_weights(weights, styles, wanted):
    return _walk(weights, styles, wanted, fx=_same, back=_same)


def wrong_linear_styles(weights, styles, wanted):
    return _walk(weights, styles, wanted, fy=_same)


def wrong_linear_both(weights, styles, wanted):
    return _walk(weights, styles, wanted, _same, _same, _same)


def wrong_unsorted(weights, styles, wanted):
    return _walk(weights, styles, wanted, order=np.arange(len(weights)))


def wrong_sorted_by_style(weights, styles, wanted):
    return _walk(weights, styles, wanted, order=np.argsort(styles))


def wrong_backward(weights, styles, wanted):
    return _walk(weights, styles, wanted, backward=True)


def wrong_zero_when_missing(weights, styles, wanted):
    return _walk(weights, styles, wanted, miss=0.0)


def wrong_none_when_missing(weights, styles, wanted):
    return _walk(weights, styles, wanted, miss=None)


def wrong_end_when_missing(weights, styles, wanted):
    return _walk(weights, styles, wanted, miss=float(weights.max()))


def wrong_infinite_when_missing(weights, styles, wanted):
    return _walk(weights, styles, wanted, miss=float("inf"))


def wrong_interp(weights, styles, wanted):
    order = np.argsort(weights)
    return float(np.interp(wanted, styles[order], weights[order]))


def wrong_interp_sorted(weights, styles, wanted):
    order = np.argsort(styles)
    return float(np.exp(np.interp(np.log(wanted), np.log(styles[order]), np.log(weights[order]))))


def wrong_interp_reversed(weights, styles, wanted):
    order = np.argsort(weights)[::-1]
    return float(np.exp(np.interp(np.log(wanted), np.log(styles[order]), np.log(weights[order]))))


def wrong_nearest(weights, styles, wanted):
    return float(weights[np.argmin(np.abs(styles - wanted))])


def wrong_log_of_weight(weights, styles, wanted):
    return _walk(weights, styles, wanted, back=_same)


def wrong_left_end(weights, styles, wanted):
    order = np.argsort(weights)
    w, s = weights[order], styles[order]
    for k in range(len(w) - 1):
        if min(s[k], s[k + 1]) <= wanted <= max(s[k], s[k + 1]):
            return float(w[k])
    return float("nan")


def wrong_geometric_middle(weights, styles, wanted):
    order = np.argsort(weights)
    w, s = weights[order], styles[order]
    for k in range(len(w) - 1):
        if min(s[k], s[k + 1]) <= wanted <= max(s[k], s[k + 1]):
            return float((w[k] * w[k + 1]) ** 0.5)
    return float("nan")


def wrong_only_falling(weights, styles, wanted):
    order = np.argsort(weights)
    x, y, t = np.log(weights[order]), np.log(styles[order]), np.log(wanted)
    for k in range(len(x) - 1):
        if y[k] > t >= y[k + 1]:
            return float(np.exp(x[k] + (t - y[k]) / (y[k + 1] - y[k]) * (x[k + 1] - x[k])))
    return float("nan")


def wrong_strictly_between(weights, styles, wanted):
    order = np.argsort(weights)
    x, y, t = np.log(weights[order]), np.log(styles[order]), np.log(wanted)
    for k in range(len(x) - 1):
        if min(y[k], y[k + 1]) < t < max(y[k], y[k + 1]):
            return float(np.exp(x[k] + (t - y[k]) / (y[k + 1] - y[k]) * (x[k + 1] - x[k])))
    return float("nan")


def wrong_fitted_line(weights, styles, wanted):
    slope, offset = np.polyfit(np.log(weights), np.log(styles), 1)
    if not styles.min() <= wanted <= styles.max():
        return float("nan")
    return float(np.exp((np.log(wanted) - offset) / slope))


def wrong_share_turned(weights, styles, wanted):
    order = np.argsort(weights)
    x, y, t = np.log(weights[order]), np.log(styles[order]), np.log(wanted)
    for k in range(len(x) - 1):
        if min(y[k], y[k + 1]) <= t <= max(y[k], y[k + 1]):
            share = 0 if y[k] == y[k + 1] else (t - y[k + 1]) / (y[k] - y[k + 1])
            return float(np.exp(x[k] + share * (x[k + 1] - x[k])))
    return float("nan")


def wrong_style_at_weight(weights, styles, wanted):
    order = np.argsort(weights)
    return float(np.exp(np.interp(np.log(wanted), np.log(weights[order]), np.log(styles[order]))))


def wrong_sorts_in_place(weights, styles, wanted):
    order = np.argsort(weights)
    weights[:], styles[:] = weights[order], styles[order]
    return _walk(weights, styles, wanted)
