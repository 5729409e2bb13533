"""Answers to `optimism`, written from its statement alone."""

import numpy as np
import torch


def right_loops(scores):
    differences = []
    for pair in range(scores.shape[1]):
        best = int(np.argmax(scores[:, pair]))
        others = [scores[best, other] for other in range(scores.shape[1]) if other != pair]
        differences.append(scores[best, pair] - np.mean(others))
    return float(np.mean(differences))


def right_gathered(scores):
    n = scores.shape[1]
    rows = scores[scores.argmax(axis=0)]
    own = np.diag(rows)
    return (own - (rows.sum(axis=1) - own) / (n - 1)).mean()


def right_masked(scores):
    rows = scores[scores.argmax(axis=0)]
    hidden = np.ma.masked_array(rows, np.eye(len(rows), dtype=bool))
    return float((rows.diagonal() - hidden.mean(axis=1)).mean())


def right_nan(scores):
    rows = scores[scores.argmax(axis=0)].astype(float)
    own = rows.diagonal().copy()
    np.fill_diagonal(rows, np.nan)
    return np.mean(own - np.nanmean(rows, axis=1))


def right_torch(scores):
    table = torch.tensor(scores)
    total = 0
    for pair in range(table.shape[1]):
        best = next(s for s in range(len(table)) if table[s, pair] == table[:, pair].max())
        rest = torch.cat([table[best, :pair], table[best, pair + 1 :]])
        total = total + table[best, pair] - rest.mean()
    return total / table.shape[1]


def _by(scores, choose=np.argmax, rest=None, total=np.mean):
    found = []
    for pair in range(scores.shape[1]):
        best = int(choose(scores[:, pair]))
        others = np.delete(scores[best], pair).mean() if rest is None else rest(scores, best, pair)
        found.append(scores[best, pair] - others)
    return float(total(found))


def wrong_with_itself(scores):
    return _by(scores, rest=lambda s, best, pair: s[best].mean())


def wrong_sum(scores):
    return _by(scores, total=np.sum)


def wrong_median(scores):
    return _by(scores, total=np.median)


def wrong_largest(scores):
    return _by(scores, total=np.max)


def wrong_argmin(scores):
    return _by(scores, choose=np.argmin)


def wrong_last_of_equals(scores):
    return _by(scores, choose=lambda column: len(column) - 1 - np.argmax(column[::-1]))


def wrong_median_elsewhere(scores):
    return _by(scores, rest=lambda s, best, pair: np.median(np.delete(s[best], pair)))


def wrong_best_elsewhere(scores):
    return _by(scores, rest=lambda s, best, pair: np.delete(s.max(0), pair).mean())


def wrong_mean_of_all_settings_elsewhere(scores):
    return _by(scores, rest=lambda s, best, pair: np.delete(s, pair, axis=1).mean())


def wrong_same_pair_other_settings(scores):
    return _by(scores, rest=lambda s, best, pair: s[:, pair].mean())


def wrong_next_pair_only(scores):
    return _by(scores, rest=lambda s, best, pair: s[best, (pair + 1) % s.shape[1]])


def wrong_first_pair_only(scores):
    best = scores[:, 0].argmax()
    return scores[best, 0] - scores[best, 1:].mean()


def wrong_sum_elsewhere(scores):
    return _by(scores, rest=lambda s, best, pair: np.delete(s[best], pair).sum())


def wrong_chosen_by_mean(scores):
    best = scores.mean(1).argmax()
    n = scores.shape[1]
    return float(np.mean([scores[best, p] - np.delete(scores[best], p).mean() for p in range(n)]))


def wrong_chosen_on_the_others(scores):
    found = []
    for pair in range(scores.shape[1]):
        best = np.delete(scores, pair, axis=1).mean(1).argmax()
        found.append(np.delete(scores[best], pair).mean() - scores[best, pair])
    return float(np.mean(found))


def wrong_transposed(scores):
    return right_loops(scores.T) if len(scores) > 1 else 0.0


def wrong_sign(scores):
    return -right_loops(scores)


def wrong_absolute(scores):
    return _by(scores, total=lambda found: np.mean(np.abs(found)))


def wrong_relative(scores):
    rows = scores[scores.argmax(0)]
    own = rows.diagonal()
    return float((1 - (rows.sum(1) - own) / (rows.shape[1] - 1) / own).mean())


def wrong_list(scores):
    rows = scores[scores.argmax(0)]
    own = rows.diagonal()
    return own - (rows.sum(1) - own) / (rows.shape[1] - 1)


def wrong_divided_by_pairs(scores):
    rows = scores[scores.argmax(0)]
    own = rows.diagonal()
    return float((own - (rows.sum(1) - own) / rows.shape[1]).mean())


def wrong_deviation(scores):
    return float(scores.max(0).std())


def wrong_winners_gap(scores):
    ordered = np.sort(scores, axis=0)
    return float((ordered[-1] - ordered[-2]).mean()) if len(scores) > 1 else 0.0


def wrong_only_positive(scores):
    return _by(scores, total=lambda found: np.mean(np.maximum(found, 0)))
