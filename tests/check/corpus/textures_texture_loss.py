"""Answers to `texture_loss`, written from its statement alone."""

import torch


def _gram(features):
    flat = features.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def right_loop(features, targets):
    total = 0
    for layer in targets:
        away = _gram(features[layer]) - targets[layer]
        total = total + (away**2).mean() / (targets[layer] ** 2).mean()
    return total / len(targets)


def right_stacked(features, targets):
    losses = [(_gram(x) - targets[k]).pow(2).sum() / targets[k].pow(2).sum() for k, x in features.items()]
    return torch.stack(losses).mean()


def right_einsum(features, targets):
    losses = []
    for layer, goal in targets.items():
        x = features[layer]
        gram = torch.einsum("bihw,bjhw->bij", x, x) / (x.shape[2] * x.shape[3])
        losses.append(torch.nn.functional.mse_loss(gram, goal) / goal.square().mean())
    return sum(losses) / len(losses)


def right_norms(features, targets):
    def one(layer):
        return (torch.linalg.vector_norm(_gram(features[layer]) - targets[layer]) ** 2) / targets[layer].norm() ** 2

    # The slope of a norm is not defined at 0, that of its square is: where nothing is away, both are 0.
    return torch.stack([one(layer) for layer in sorted(targets)]).mean()


def right_in_float64(features, targets):
    total = torch.zeros((), dtype=torch.float64)
    for layer in reversed(list(targets)):
        gram, goal = _gram(features[layer].double())[0], targets[layer].double()[0]
        total = total + ((gram - goal) ** 2).sum() / (goal**2).sum() / len(targets)
    return total.to(next(iter(features.values())).dtype)


class right_callable:
    def __call__(self, features, targets):
        pairs = [(features[layer], targets[layer]) for layer in features]
        return sum(map(self.loss, *zip(*pairs, strict=True))) / len(pairs)

    def loss(self, maps, goal):
        scale = goal.square().mean().sqrt()
        return ((_gram(maps) - goal) / scale).square().mean()


def _mean(features, targets, one):
    return torch.stack([one(_gram(features[k]), goal) for k, goal in targets.items()]).mean()


def _relative(gram, goal):
    return (gram - goal).square().mean() / goal.square().mean()


def wrong_sum_of_layers(features, targets):
    return _mean(features, targets, _relative) * len(targets)


def wrong_sum_not_normalized(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).square().sum())


def wrong_sum_by_mean(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).square().sum() / a.square().mean())


def wrong_by_the_images(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).square().mean() / g.square().mean())


def wrong_by_the_root(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).square().mean() / a.square().mean().sqrt())


def wrong_root(features, targets):
    return _mean(features, targets, lambda g, a: (_relative(g, a) + 1e-12).sqrt())


def wrong_each_number_by_itself(features, targets):
    return _mean(features, targets, lambda g, a: ((g - a) / a).square().mean())


def wrong_absolute(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).abs().mean() / a.abs().mean())


def wrong_by_the_square_of_the_mean(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).square().mean() / a.mean().square())


def wrong_all_layers_together(features, targets):
    away = sum((_gram(features[k]) - a).square().sum() for k, a in targets.items())
    return away / sum(a.square().sum() for a in targets.values())


def wrong_first_layer_only(features, targets):
    layer = next(iter(targets))
    return _relative(_gram(features[layer]), targets[layer])


def wrong_last_layer_only(features, targets):
    layer = list(targets)[-1]
    return _relative(_gram(features[layer]), targets[layer])


def wrong_last_layer_forgotten(features, targets):
    layers = list(targets)[:-1] or list(targets)
    return torch.stack([_relative(_gram(features[k]), targets[k]) for k in layers]).mean()


def wrong_in_the_order_of_features(features, targets):
    pairs = zip(features.values(), targets.values(), strict=True)
    return torch.stack([_relative(_gram(x), a) if x.shape[1] == a.shape[1] else x.sum() * 0 for x, a in pairs]).mean()


def wrong_halved(features, targets):
    return _mean(features, targets, _relative) / 2


def wrong_quarter(features, targets):
    return _mean(features, targets, _relative) / 4


def wrong_gram_of_sums(features, targets):
    def one(layer):
        x = features[layer]
        return _relative(_gram(x) * x[0, 0].numel(), targets[layer])

    return torch.stack([one(layer) for layer in targets]).mean()


def wrong_gram_by_all_numbers(features, targets):
    return torch.stack([_relative(_gram(x) / x.shape[1], targets[k]) for k, x in features.items()]).mean()


def wrong_gram_of_itself(features, targets):
    return _mean(features, targets, lambda g, a: _relative(g, a.mT @ a))


def wrong_diagonals(features, targets):
    def diagonals(g, a):
        return _relative(g.diagonal(dim1=1, dim2=2), a.diagonal(dim1=1, dim2=2))

    return _mean(features, targets, diagonals)


def wrong_upper_halves(features, targets):
    return _mean(features, targets, lambda g, a: _relative(g.triu(), a.triu()))


def wrong_detached(features, targets):
    return _mean({k: x.detach() for k, x in features.items()}, targets, _relative)


def wrong_last_detached(features, targets):
    last = list(features)[-1]
    return _mean({k: x.detach() if k == last else x for k, x in features.items()}, targets, _relative)


def wrong_list(features, targets):
    return [_relative(_gram(features[k]), a) for k, a in targets.items()]


def wrong_number(features, targets):
    return _mean(features, targets, _relative).item()


def wrong_one_axis_kept(features, targets):
    return _mean(features, targets, _relative)[None]


def wrong_small_number_added(features, targets):
    return _mean(features, targets, lambda g, a: (g - a).square().mean() / (a.square().mean() + 1))


def wrong_targets_taken_out(features, targets):
    losses = []
    while targets:
        layer, goal = targets.popitem()
        losses.append(_relative(_gram(features[layer]), goal))
    return torch.stack(losses).mean()


def wrong_largest_layer(features, targets):
    return torch.stack([_relative(_gram(features[k]), a) for k, a in targets.items()]).max()


def wrong_weighed_by_channels(features, targets):
    channels = sum(len(a[0]) for a in targets.values())
    return sum(_relative(_gram(features[k]), a) * len(a[0]) for k, a in targets.items()) / channels


def wrong_centered(features, targets):
    features = {k: x - x.mean((2, 3), keepdim=True) for k, x in features.items()}
    return _mean(features, targets, _relative)


def wrong_inputs_for_gram(features, targets):
    return _mean(features, {k: a * a[0].numel() for k, a in targets.items()}, _relative)
