"""Right answers to the exercises of the chapter on intervals, each in another way than the reference."""

from random import Random

import numpy as np
import torch


def interval_contents_first(differences, rounds, seed):
    generator = np.random.default_rng(seed)
    s, c = differences.shape
    means = []
    for _ in range(rounds):
        columns = generator.choice(c, c)
        rows = generator.choice(s, s)
        means.append(np.nanmean(differences[rows][:, columns]))
    return np.quantile(means, [0.025, 0.975])


def interval_by_percentiles_of_a_table(differences, rounds, seed):
    rng = np.random.RandomState(seed)
    s, c = differences.shape
    rows, columns = rng.randint(0, s, (rounds, s)), rng.randint(0, c, (rounds, c))
    drawn = differences[rows[:, :, None], columns[:, None, :]]
    return tuple(np.percentile(np.nanmean(drawn, axis=(1, 2)), [2.5, 97.5]))


def interval_by_counts(differences, rounds, seed):
    """How often each style and each content is drawn is all that matters."""
    rng = np.random.default_rng(seed)
    s, c = differences.shape
    a, b = (rng.multinomial(n, [1 / n] * n, size=rounds).astype(float) for n in (s, c))
    known = np.isfinite(differences)
    sums = np.einsum("ri,ij,rj->r", a, np.where(known, differences, 0), b)
    means = sums / np.einsum("ri,ij,rj->r", a, known.astype(float), b)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def interval_in_torch(differences, rounds, seed):
    table, generator = torch.from_numpy(np.ascontiguousarray(differences)), torch.Generator().manual_seed(seed)
    s, c = table.shape
    means = torch.empty(rounds, dtype=table.dtype)
    for k in range(rounds):
        rows = torch.randint(s, (s,), generator=generator)
        columns = torch.randint(c, (c,), generator=generator)
        means[k] = table[rows[:, None], columns].nanmean()
    return torch.quantile(means, torch.tensor([0.025, 0.975], dtype=means.dtype))


def interval_by_python_alone(differences, rounds, seed):
    random = Random(seed)
    rows = differences.tolist()
    means = []
    for _ in range(rounds):
        columns = random.choices(range(len(rows[0])), k=len(rows[0]))
        drawn = [row[j] for row in random.choices(rows, k=len(rows)) for j in columns]
        known = [value for value in drawn if value == value]
        means.append(sum(known) / len(known))
    means.sort()
    return means[int(0.025 * (rounds - 1))], means[int(0.975 * (rounds - 1))]


ANSWERS = {
    "bootstrap_interval": (
        interval_contents_first,
        interval_by_percentiles_of_a_table,
        interval_by_counts,
        interval_in_torch,
        interval_by_python_alone,
    ),
}
