from itertools import islice

import torch


def right_plain(iterates, decay):
    average, count = 0, 0
    for x in iterates:
        average = decay * average + (1 - decay) * x
        count += 1
    return average / (1 - decay**count)


def right_in_place(iterates, decay):
    average, left = None, 1.0
    for x in iterates:
        if average is None:
            average = torch.zeros_like(x)
        average.mul_(decay).add_(x, alpha=1 - decay)
        left *= decay
    return average / (1 - left)


def right_clones(iterates, decay):
    seen = [x.clone() for x in iterates]
    n = len(seen)
    weights = [(1 - decay) * decay ** (n - 1 - t) for t in range(n)]
    return sum(w * x for w, x in zip(weights, seen, strict=True)) / (1 - decay**n)


def right_running_weights(iterates, decay):
    average, weight = 0, 0.0
    for x in iterates:
        weight = decay * weight + 1
        average = average + (x.detach() - average) / weight
    return average


def right_lerp(iterates, decay):
    average, left = None, 1.0
    for x in iterates:
        average = torch.lerp(torch.zeros_like(x) if average is None else average, x, 1 - decay)
        left *= decay
    return average.div(1 - left)


def right_stacked(iterates, decay):
    seen = torch.stack([x.clone() for x in iterates])
    weights = torch.tensor([decay ** (len(seen) - 1 - t) for t in range(len(seen))], dtype=seen.dtype)
    return torch.einsum("t,t...->...", weights / weights.sum(), seen)


def right_double(iterates, decay):
    average, count, dtype = 0, 0, None
    for x in iterates:
        average, count, dtype = decay * average + (1 - decay) * x.double(), count + 1, x.dtype
    return (average / (1 - decay**count)).to(dtype)


def wrong_not_corrected(iterates, decay):
    average = 0
    for x in iterates:
        average = decay * average + (1 - decay) * x
    return average


def wrong_starts_at_first_corrected(iterates, decay):
    average, count = None, 0
    for x in iterates:
        average = x.clone() if average is None else decay * average + (1 - decay) * x
        count += 1
    return average / (1 - decay**count)


def wrong_swapped(iterates, decay):
    average, count = 0, 0
    for x in iterates:
        average = (1 - decay) * average + decay * x
        count += 1
    return average / (1 - decay**count)


def wrong_no_share(iterates, decay):
    average, count = 0, 0
    for x in iterates:
        average = decay * average + x
        count += 1
    return average / (1 - decay**count)


def wrong_plain_mean(iterates, decay):
    total, count = 0, 0
    for x in iterates:
        total, count = total + x, count + 1
    return total / count


def wrong_last(iterates, decay):
    for x in iterates:
        last = x.clone()
    return last


def wrong_one_step_more(iterates, decay):
    average, count = 0, 1
    for x in iterates:
        average = decay * average + (1 - decay) * x
        count += 1
    return average / (1 - decay**count)


def wrong_one_step_less(iterates, decay):
    average, count = 0, 0
    for count, x in enumerate(iterates):  # noqa: B007
        average = decay * average + (1 - decay) * x
    return average / (1 - decay**count) if count else average


def wrong_corrected_inside(iterates, decay):
    average = 0
    for t, x in enumerate(iterates, 1):
        average = (decay * average + (1 - decay) * x) / (1 - decay**t)
    return average


def wrong_aliases(iterates, decay):
    seen = list(iterates)
    average = 0
    for x in seen:
        average = decay * average + (1 - decay) * x
    return average / (1 - decay ** len(seen))


def wrong_writes(iterates, decay):
    average, count = 0, 0
    for x in iterates:
        x.mul_(1 - decay)
        average = decay * average + x
        count += 1
    return average / (1 - decay**count)


def wrong_first_is_average(iterates, decay):
    average = None
    for x in iterates:
        average = x if average is None else average.mul_(decay).add_(x, alpha=1 - decay)
    return average


def wrong_needs_length(iterates, decay):
    average = 0
    for x in iterates:
        average = decay * average + (1 - decay) * x
    return average / (1 - decay ** len(iterates))


def wrong_twice_through(iterates, decay):
    count = sum(1 for _ in iterates)
    average = 0
    for x in iterates:
        average = decay * average + (1 - decay) * x
    return average / (1 - decay**count)


def wrong_indexed(iterates, decay):
    average = 0
    for t in range(len(iterates)):
        average = decay * average + (1 - decay) * iterates[t]
    return average / (1 - decay ** len(iterates))


def wrong_first_left_out(iterates, decay):
    average, count = 0, 0
    for x in islice(iterates, 1, None):
        average, count = decay * average + (1 - decay) * x, count + 1
    return average / (1 - decay**count) if count else average


def wrong_last_left_out(iterates, decay):
    average, count, held = 0, 0, None
    for x in iterates:
        if held is not None:
            average, count = decay * average + (1 - decay) * held, count + 1
        held = x.clone()
    return average / (1 - decay**count) if count else held


def wrong_reversed(iterates, decay):
    seen = [x.clone() for x in iterates][::-1]
    return right_plain(seen, decay)


def wrong_all(iterates, decay):
    out, average = [], 0
    for t, x in enumerate(iterates, 1):
        average = decay * average + (1 - decay) * x
        out.append(average / (1 - decay**t))
    return out


def wrong_clamped(iterates, decay):
    return right_plain(iterates, decay).clamp(0, 1)


def wrong_default_decay(iterates, decay):
    return right_plain(iterates, decay or 0.9)


def wrong_float(iterates, decay):
    return right_plain(iterates, decay).mean().item()


def wrong_decay_squared(iterates, decay):
    return right_plain(iterates, decay**2)


def wrong_multiplied(iterates, decay):
    average, count = 0, 0
    for x in iterates:
        average, count = decay * average + (1 - decay) * x, count + 1
    return average * (1 - decay**count)


def wrong_decay_times_count(iterates, decay):
    average, count = 0, 0
    for x in iterates:
        average, count = decay * average + (1 - decay) * x, count + 1
    return average / (1 - decay * count) if decay * count != 1 else average


def wrong_only_100(iterates, decay):
    return right_plain(islice(iterates, 4), decay)


_state = {}


def wrong_goes_on(iterates, decay):
    average, count = _state.get("average", 0), 0
    for x in iterates:
        if isinstance(average, torch.Tensor) and average.shape != x.shape:
            average = 0
        average = decay * average + (1 - decay) * x
        count += 1
    _state["average"] = average
    return average / (1 - decay**count)


def wrong_first_image(iterates, decay):
    return right_plain((x[:1] for x in iterates), decay)


def wrong_skips_equal(iterates, decay):
    average, count, before = 0, 0, None
    for x in iterates:
        if before is not None and torch.equal(before, x):
            continue
        before = x.clone()
        average, count = decay * average + (1 - decay) * x, count + 1
    return average / (1 - decay**count)
