import numpy as np
import torch


def right_loops(points):
    n = len(points)
    return np.array(
        [not any((points[j] <= points[i]).all() and (points[j] < points[i]).any() for j in range(n)) for i in range(n)],
        dtype=bool,
    )


def right_broadcast(points):
    no_worse = (points[:, None] <= points[None]).all(-1)
    better = (points[:, None] < points[None]).any(-1)
    return ~(no_worse & better).any(0)


def right_tensor(points):
    x = torch.as_tensor(points)
    no_worse = (x[:, None] <= x[None]).all(-1)
    return ~(no_worse & (x[:, None] < x[None]).any(-1)).any(0)


def right_each(points):
    front = np.ones(len(points), dtype=bool)
    for i, point in enumerate(points):
        front[i] = not ((points <= point).all(1) & (points < point).any(1)).any()
    return front


def right_unequal(points):
    front = []
    for p in points:
        others = points[(points != p).any(axis=1)]
        front.append(bool(not (others <= p).all(axis=1).any()))
    return np.array(front, dtype=bool)


def right_sorted(points):
    order = np.lexsort(points.T[::-1])
    front, kept = np.zeros(len(points), dtype=bool), []
    for i in order:
        if not any((q <= points[i]).all() and (q < points[i]).any() for q in kept):
            front[i] = True
            kept.append(points[i])
    return front


def right_unique(points):
    unique, where = np.unique(points, axis=0, return_inverse=True)
    alone = np.array([((unique <= u).all(1)).sum() == 1 for u in unique])
    return alone[where.reshape(-1)]


def wrong_strict(points):
    return np.array([not any((q < p).all() for q in points) for p in points])


def wrong_ties_dominate(points):
    n = len(points)
    return np.array([not any(j != i and (points[j] <= points[i]).all() for j in range(n)) for i in range(n)])


def wrong_first_of_tie(points):
    front = right_loops(points)
    seen = []
    for i, p in enumerate(points):
        if front[i] and any((p == q).all() for q in seen):
            front[i] = False
        seen.append(p)
    return front


def wrong_last_of_tie(points):
    return wrong_first_of_tie(points[::-1])[::-1]


def wrong_more_is_better(points):
    return right_loops(-points)


def wrong_turned(points):
    return ~right_loops(points)


def wrong_indices(points):
    return np.flatnonzero(right_loops(points))


def wrong_points(points):
    return points[right_loops(points)]


def wrong_smallest_sum(points):
    return points.sum(1) == points.sum(1).min()


def wrong_best_in_each(points):
    return (points == points.min(0)).any(1)


def wrong_sorted_order(points):
    return right_loops(points[np.lexsort(points.T[::-1])])


def wrong_two_dimensions(points):
    return right_loops(points[:, :2])


def wrong_first_two_sweep(points):
    order = np.argsort(points[:, 0], kind="stable")
    front, best = np.zeros(len(points), dtype=bool), np.inf
    for i in order:
        if points[i, -1] < best:
            front[i], best = True, points[i, -1]
    return front


def wrong_any_better(points):
    return np.array([not any((q < p).any() and not (q > p).all() for q in points) for p in points])


def wrong_majority(points):
    return np.array([not any((q < p).sum() > (q > p).sum() for q in points) for p in points])


def wrong_neighbors(points):
    n = len(points)
    near = [[k for k in (i - 1, i + 1) if 0 <= k < n] for i in range(n)]
    return np.array(
        [not any((points[k] <= points[i]).all() and (points[k] < points[i]).any() for k in near[i]) for i in range(n)]
    )


def wrong_earlier_only(points):
    return np.array(
        [not any((q <= p).all() and (q < p).any() for q in points[:i]) for i, p in enumerate(points)], dtype=bool
    )


def wrong_later_only(points):
    return wrong_earlier_only(points[::-1])[::-1]


def wrong_last_forgotten(points):
    front = right_loops(points[:-1])
    return np.append(front, True)


def wrong_last_true(points):
    front = right_loops(points)
    front[-1] = True
    return front


def wrong_in_place_sort(points):
    points.sort(axis=0)
    return right_loops(points)


def wrong_shifted(points):
    points -= points.min(0)
    return right_loops(points)


def wrong_margin(points):
    return np.array([not any((q <= p - 1e-3).all() for q in points) for p in points])


def wrong_rounded(points):
    return right_loops(points.round(1))


def wrong_float(points):
    return right_loops(points).astype(float) * 0.5


def wrong_one_boolean(points):
    return bool(right_loops(points).all())


def wrong_less_or_equal_one(points):
    n = len(points)
    return np.array([not any((points[j] <= points[i]).any() and j != i for j in range(n)) for i in range(n)])


def wrong_absolute(points):
    return right_loops(np.abs(points))


def wrong_hull(points):
    sums = [points @ w for w in np.random.default_rng(0).dirichlet(np.ones(points.shape[1]), 200)]
    front = np.zeros(len(points), dtype=bool)
    for s in sums:
        front |= s == s.min()
    return front


def wrong_median_cut(points):
    return (points <= np.median(points, axis=0)).any(1)


def wrong_ties_off(points):
    front = right_loops(points)
    equal = (points[:, None] == points[None]).all(-1).sum(1) > 1
    return front & ~equal


def wrong_within_one_coordinate(points):
    return right_loops(points[:, ::-1].copy() * np.arange(points.shape[1]))


def wrong_positive_only(points):
    return np.array([not any((q <= p).all() and (q < p).any() and (q >= 0).all() for q in points) for p in points])


def wrong_first_and_last_coordinate(points):
    def beats(a, b):
        return a[0] <= b[0] and a[-1] <= b[-1] and (a[0] < b[0] or a[-1] < b[-1])

    return [not any(beats(other, point) for other in points) for point in points]


def wrong_compared_with_those_before(points):
    return [
        not any((points[j] <= points[i]).all() and (points[j] < points[i]).any() for j in range(i))
        for i in range(len(points))
    ]
