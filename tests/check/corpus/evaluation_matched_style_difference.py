import itertools
import math

import numpy as np
import torch


def _curve(styles, contents, at):
    order = np.argsort(styles)
    return np.interp(np.log(at), np.log(styles[order]), contents[order])


def _range(styles, base_styles):
    return max(styles.min(), base_styles.min()), min(styles.max(), base_styles.max())


def right_plain(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9).clip(low, high)
    return float((_curve(styles, contents, at) - _curve(base_styles, base_contents, at)).mean())


def right_logs(styles, contents, base_styles, base_contents):
    x, bx = np.log(styles), np.log(base_styles)
    low, high = max(x.min(), bx.min()), min(x.max(), bx.max())
    if low > high:
        return math.nan
    at = np.linspace(low, high, 9)
    i, k = np.argsort(x), np.argsort(bx)
    return np.mean(np.interp(at, x[i], contents[i]) - np.interp(at, bx[k], base_contents[k])).item()


def right_log10(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if high < low:
        return float("nan")
    at = np.logspace(np.log10(low), np.log10(high), 9)
    means = []
    for s, c in ((styles, contents), (base_styles, base_contents)):
        pairs = sorted(zip(s.tolist(), c.tolist(), strict=True))
        means.append(np.interp(np.log10(at), np.log10([p[0] for p in pairs]), [p[1] for p in pairs]).mean())
    return float(means[0] - means[1])


def right_by_hand(styles, contents, base_styles, base_contents):
    def value(s, c, x):
        pairs = sorted(zip(np.log(s), c, strict=True))
        if x <= pairs[0][0]:
            return pairs[0][1]
        for (x0, y0), (x1, y1) in itertools.pairwise(pairs):
            if x <= x1:
                return y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y1
        return pairs[-1][1]

    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = [math.log(low) + (math.log(high) - math.log(low)) * k / 8 for k in range(9)]
    total = sum(value(styles, contents, x) - value(base_styles, base_contents, x) for x in at)
    return float(total / 9)


def right_numpy_float(styles, contents, base_styles, base_contents):
    return np.float64(right_plain(styles, contents, base_styles, base_contents))


def right_logarithm_base_two(styles, contents, base_styles, base_contents):
    s, b = np.log2(styles), np.log2(base_styles)
    low, high = max(min(s), min(b)), min(max(s), max(b))
    if low > high:
        return np.nan
    at = low + (high - low) * np.arange(9) / 8
    order, other = s.argsort(kind="stable"), b.argsort(kind="stable")
    mine, theirs = np.interp(at, s[order], contents[order]), np.interp(at, b[other], base_contents[other])
    return float(sum(mine - theirs) / 9)


def _made(*, at=lambda low, high: np.geomspace(low, high, 9), f=np.log, sort=True, sign=1):
    def answer(styles, contents, base_styles, base_contents):
        low, high = _range(styles, base_styles)
        if low > high:
            return float("nan")
        means = []
        for s, c in ((styles, contents), (base_styles, base_contents)):
            order = np.argsort(s) if sort else slice(None)
            means.append(np.interp(f(at(low, high)), f(s[order]), c[order]).mean())
        return float(sign * (means[0] - means[1]))

    return answer


def wrong_linear_grid(*arguments):
    return _made(at=lambda low, high: np.linspace(low, high, 9))(*arguments)


def wrong_linear_curve(*arguments):
    return _made(f=lambda x: x)(*arguments)


def wrong_all_linear(*arguments):
    return _made(at=lambda low, high: np.linspace(low, high, 9), f=lambda x: x)(*arguments)


def wrong_unsorted(*arguments):
    return _made(sort=False)(*arguments)


def wrong_sign(*arguments):
    return _made(sign=-1)(*arguments)


def wrong_ten(*arguments):
    return _made(at=lambda low, high: np.geomspace(low, high, 10))(*arguments)


def wrong_eight(*arguments):
    return _made(at=lambda low, high: np.geomspace(low, high, 8))(*arguments)


def wrong_without_last(*arguments):
    return _made(at=lambda low, high: np.geomspace(low, high, 9, endpoint=False))(*arguments)


def wrong_without_ends(*arguments):
    return _made(at=lambda low, high: np.geomspace(low, high, 11)[1:-1])(*arguments)


def wrong_sum(*arguments):
    return 9 * right_plain(*arguments)


def wrong_absolute(*arguments):
    return abs(right_plain(*arguments))


def wrong_zero_for_nan(*arguments):
    return float(np.nan_to_num(right_plain(*arguments)))


def wrong_none(*arguments):
    value = right_plain(*arguments)
    return None if math.isnan(value) else value


def wrong_no_check(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    at = np.geomspace(low, high, 9)
    return float((_curve(styles, contents, at) - _curve(base_styles, base_contents, at)).mean())


def wrong_touching_is_nan(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    return float("nan") if low >= high else right_plain(styles, contents, base_styles, base_contents)


def wrong_union(styles, contents, base_styles, base_contents):
    low, high = min(styles.min(), base_styles.min()), max(styles.max(), base_styles.max())
    if max(styles.min(), base_styles.min()) > min(styles.max(), base_styles.max()):
        return float("nan")
    at = np.geomspace(low, high, 9)
    return float((_curve(styles, contents, at) - _curve(base_styles, base_contents, at)).mean())


def wrong_method_range(styles, contents, base_styles, base_contents):
    if max(styles.min(), base_styles.min()) > min(styles.max(), base_styles.max()):
        return float("nan")
    at = np.geomspace(styles.min(), styles.max(), 9)
    return float((_curve(styles, contents, at) - _curve(base_styles, base_contents, at)).mean())


def wrong_sort_separately(styles, contents, base_styles, base_contents):
    return right_plain(np.sort(styles), np.sort(contents)[::-1], np.sort(base_styles), np.sort(base_contents)[::-1])


def wrong_sort_in_place(styles, contents, base_styles, base_contents):
    for s, c in ((styles, contents), (base_styles, base_contents)):
        order = np.argsort(s)
        s[:], c[:] = s[order], c[order]
    return right_plain(styles, contents, base_styles, base_contents)


def wrong_log_in_place(styles, contents, base_styles, base_contents):
    value = right_plain(styles, contents, base_styles, base_contents)
    np.log(styles, out=styles)
    return value


def wrong_first_and_last(styles, contents, base_styles, base_contents):
    low, high = max(styles[0], base_styles[0]), min(styles[-1], base_styles[-1])
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    return float((_curve(styles, contents, at) - _curve(base_styles, base_contents, at)).mean())


def wrong_means_only(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    return float(contents.mean() - base_contents.mean()) if low <= high else float("nan")


def wrong_same_length(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    n = min(len(contents), len(base_contents))
    return float((contents[:n] - base_contents[:n]).mean()) if low <= high else float("nan")


def wrong_median(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    return float(np.median(_curve(styles, contents, at) - _curve(base_styles, base_contents, at)))


def wrong_trapezoid(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    d = _curve(styles, contents, at) - _curve(base_styles, base_contents, at)
    return float((d[1:] + d[:-1]).mean() / 2)


def wrong_relative(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    base = _curve(base_styles, base_contents, at)
    return float(((_curve(styles, contents, at) - base) / base).mean())


def wrong_array(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    return _curve(styles, contents, at) - _curve(base_styles, base_contents, at)


def wrong_log_contents(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    mine, theirs = _curve(styles, np.log(np.abs(contents)), at), _curve(base_styles, np.log(np.abs(base_contents)), at)
    return float((np.exp(mine) - np.exp(theirs)).mean())


def wrong_nearest(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.log(np.geomspace(low, high, 9))
    mine = contents[np.abs(at[:, None] - np.log(styles)).argmin(1)]
    return float((mine - base_contents[np.abs(at[:, None] - np.log(base_styles)).argmin(1)]).mean())


def wrong_swapped_axes(styles, contents, base_styles, base_contents):
    return right_plain(np.abs(contents) + 1e-3, styles, np.abs(base_contents) + 1e-3, base_styles)


def wrong_descending(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    mine = np.interp(np.log(at), np.log(styles[::-1]), contents[::-1])
    return float((mine - np.interp(np.log(at), np.log(base_styles[::-1]), base_contents[::-1])).mean())


def wrong_base_unsorted(styles, contents, base_styles, base_contents):
    low, high = _range(styles, base_styles)
    if low > high:
        return float("nan")
    at = np.geomspace(low, high, 9)
    return float((_curve(styles, contents, at) - np.interp(np.log(at), np.log(base_styles), base_contents)).mean())


def wrong_infinite(*arguments):
    value = right_plain(*arguments)
    return math.inf if math.isnan(value) else value


def wrong_rounded(*arguments):
    return round(right_plain(*arguments), 2)


def wrong_string(*arguments):
    return f"{right_plain(*arguments):.6f}"


def wrong_tensor_of_nine(*arguments):
    return torch.full((9,), right_plain(*arguments))
