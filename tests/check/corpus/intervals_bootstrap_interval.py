import numpy as np


def _ends(means, low=0.025, high=0.975):
    return tuple(float(x) for x in np.quantile(means, [low, high]))


def _means(table, rounds, seed, *, styles=True, contents=True, replace=True, measure=np.nanmean):
    rng = np.random.default_rng(seed)
    s, c = table.shape

    def draw(count, is_drawn):
        if not is_drawn:
            return np.tile(np.arange(count), (rounds, 1))
        if not replace:
            return rng.permuted(np.tile(np.arange(count), (rounds, 1)), axis=1)
        return rng.integers(0, count, (rounds, count))

    drawn = table[draw(s, styles)[:, :, None], draw(c, contents)[:, None, :]].reshape(rounds, -1)
    return measure(drawn[np.isfinite(drawn).any(1)], axis=1)


def right_plain(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed))


def right_contents_first(differences, rounds, seed):
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    means = []
    for _ in range(rounds):
        columns = rng.integers(0, c, c)
        rows = rng.integers(0, s, s)
        drawn = differences[rows][:, columns]
        known = drawn[~np.isnan(drawn)]
        if known.size:
            means.append(known.mean())
    return np.quantile(means, 0.025), np.quantile(means, 0.975)


def right_counts(differences, rounds, seed):
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    rows = rng.multinomial(s, np.full(s, 1 / s), rounds)
    columns = rng.multinomial(c, np.full(c, 1 / c), rounds)
    known = np.isfinite(differences)
    sums = np.einsum("rs,sc,rc->r", rows, np.where(known, differences, 0), columns)
    counts = np.einsum("rs,sc,rc->r", rows, known.astype(float), columns)
    return _ends(sums[counts > 0] / counts[counts > 0])


def right_at_once(differences, rounds, seed):
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    drawn = differences[rng.integers(s, size=(rounds, s))[:, :, None], rng.integers(c, size=(rounds, c))[:, None, :]]
    drawn = drawn.reshape(rounds, -1)
    return _ends(np.nanmean(drawn[np.isfinite(drawn).any(1)], axis=1))


def right_percentile(differences, rounds, seed):
    low, high = np.percentile(_means(differences, rounds, seed + 7), [2.5, 97.5])
    return low.item(), high.item()


def wrong_styles_only(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed, contents=False))


def wrong_contents_only(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed, styles=False))


def wrong_no_replacement(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed, replace=False))


def wrong_single(differences, rounds, seed):
    rng = np.random.default_rng(seed)
    flat = differences[np.isfinite(differences)]
    return _ends([rng.choice(flat, flat.size).mean() for _ in range(rounds)])


def wrong_ninety(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed), 0.05, 0.95)


def wrong_ninety_nine(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed), 0.005, 0.995)


def wrong_extremes(differences, rounds, seed):
    means = _means(differences, rounds, seed)
    return float(means.min()), float(means.max())


def wrong_swapped(differences, rounds, seed):
    return right_plain(differences, rounds, seed)[::-1]


def wrong_zeros(differences, rounds, seed):
    return _ends(_means(np.nan_to_num(differences), rounds, seed))


def wrong_mean_of_zeros_only_where_nan(differences, rounds, seed):
    return _ends(_means(np.where(np.isnan(differences), np.nanmean(differences) * 2, differences), rounds, seed))


def wrong_medians(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed, measure=np.nanmedian))


def wrong_nan(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed, measure=np.mean))


def wrong_seed_ignored(differences, rounds, seed):
    return right_plain(differences, rounds, 0)


def wrong_unseeded(differences, rounds, seed):
    return right_plain(differences, rounds, None)


def wrong_generator_each_round(differences, rounds, seed):
    return _ends(np.repeat(_means(differences, 1, seed), rounds))


def wrong_quantiles_of_results(differences, rounds, seed):
    return _ends(differences[np.isfinite(differences)])


def wrong_standard_error(differences, rounds, seed):
    known = differences[np.isfinite(differences)]
    reach = 1.96 * known.std() / known.size**0.5
    return float(known.mean() - reach), float(known.mean() + reach)


def wrong_deviation(differences, rounds, seed):
    means = _means(differences, rounds, seed)
    return float(np.mean(means) - np.std(means)), float(np.mean(means) + np.std(means))


def wrong_mean_only(differences, rounds, seed):
    return float(np.mean(_means(differences, rounds, seed)))


def wrong_three(differences, rounds, seed):
    low, high = right_plain(differences, rounds, seed)
    return low, float(np.nanmean(differences)), high


def wrong_last_never(differences, rounds, seed):
    return _ends(_means(differences[:-1, :-1], rounds, seed))


def wrong_half_as_many(differences, rounds, seed):
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    rows, columns = rng.integers(0, s, (rounds, s // 2, 1)), rng.integers(0, c, (rounds, 1, c // 2))
    drawn = differences[rows, columns].reshape(rounds, -1)
    return _ends(np.nanmean(drawn[np.isfinite(drawn).any(1)], axis=1))


def wrong_in_place(differences, rounds, seed):
    differences[np.isnan(differences)] = 0
    return right_plain(differences, rounds, seed)


def wrong_centered(differences, rounds, seed):
    low, high = right_plain(differences, rounds, seed)
    return low - float(np.nanmean(differences)), high - float(np.nanmean(differences))


def wrong_percent(differences, rounds, seed):
    return _ends(_means(differences, rounds, seed), 0.00025, 0.00975)


def wrong_string(differences, rounds, seed):
    return str(right_plain(differences, rounds, seed))


def wrong_all_means(differences, rounds, seed):
    return list(_means(differences, rounds, seed))


def wrong_contents_for_each_style(differences, rounds, seed):
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    drawn = differences[rng.integers(s, size=(rounds, s, 1)), rng.integers(c, size=(rounds, s, c))].reshape(rounds, -1)
    return _ends(np.nanmean(drawn[np.isfinite(drawn).any(1)], axis=1))
