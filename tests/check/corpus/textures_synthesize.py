"""Answers to `synthesize`, written from its statement alone."""

import torch


def _gram(x):
    flat = x.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def _targets(texture, network, layers):
    return {k: _gram(x).detach() for k, x in network(texture.detach(), layers).items()}


def _loss(maps, targets):
    return sum((_gram(maps[k]) - a).square().mean() / a.square().mean() for k, a in targets.items()) / len(targets)


def right_plain(texture, network, layers, start, steps, rate):
    targets = _targets(texture, network, layers)
    x = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        _loss(network(x, layers), targets).backward()
        optimizer.step()
        x.data.clamp_(0, 1)
    return x.detach()


def right_parameter(texture, network, layers, start, steps, rate):
    with torch.no_grad():
        targets = {k: _gram(v) for k, v in network(texture, layers).items()}
    x = torch.nn.Parameter(start.detach().clone())
    optimizer = torch.optim.Adam(params=[x], lr=rate)
    for _ in range(steps):
        loss = _loss(network(x, layers), targets)
        (x.grad,) = torch.autograd.grad(loss, x)
        optimizer.step()
        with torch.no_grad():
            x.copy_(x.clamp(0, 1))
    return x.data.clone()


def right_closure(texture, network, layers, start, steps, rate):
    targets = _targets(texture, network, layers)
    x = start.detach().clone().requires_grad_(True)
    adam = torch.optim.Adam([x], lr=rate)

    def closure():
        adam.zero_grad()
        loss = _loss(network(x, layers), targets)
        loss.backward()
        return loss

    for _ in range(steps):
        adam.step(closure)
        with torch.no_grad():
            torch.clamp(x, 0.0, 1.0, out=x)
    return x.detach().clone()


def right_adam_by_hand(texture, network, layers, start, steps, rate):
    targets = _targets(texture, network, layers)
    x = start.detach().clone()
    m = v = torch.zeros_like(x)
    for t in range(1, steps + 1):
        leaf = x.clone().requires_grad_()
        (g,) = torch.autograd.grad(_loss(network(leaf, layers), targets), leaf)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        x = x - rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        x = x.clamp(0, 1)
    return x


def right_layers_one_by_one(texture, network, layers, start, steps, rate):
    targets = {k: _targets(texture, network, [k])[k] for k in layers}
    x = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        for k in layers:
            (_loss(network(x, [k]), {k: targets[k]}) / len(layers)).backward()
        optimizer.step()
        x.data = x.data.clamp(0, 1)
    return x.detach()


def _grown(texture, network, layers, start, steps, rate, make=None, clear=True, clamp=True, loss=_loss, goal=None):
    targets = _targets(texture, network, layers) if goal is None else goal
    x = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=rate) if make is None else make(x)
    for _ in range(steps):
        if clear:
            optimizer.zero_grad()
        loss(network(x, layers), targets).backward()
        optimizer.step()
        if clamp:
            x.data.clamp_(0, 1)
    return x.detach()


def wrong_start(texture, network, layers, start, steps, rate):
    return start.detach().clone()


def wrong_texture(texture, network, layers, start, steps, rate):
    return texture.detach().clone()


def wrong_from_noise(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, torch.rand_like(start), steps, rate)


def wrong_from_gray(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, torch.full_like(start, 0.5), steps, rate)


def wrong_from_the_texture(texture, network, layers, start, steps, rate):
    return _grown(start, network, layers, texture, steps, rate)


def wrong_not_clamped(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate, clamp=False)


def wrong_clamped_at_the_end(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate, clamp=False).clamp(0, 1)


def wrong_not_cleared(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate, clear=False)


def wrong_new_optimizer_each_step(texture, network, layers, start, steps, rate):
    for _ in range(steps):
        start = _grown(texture, network, layers, start, 1, rate)
    return start.detach().clone()


def wrong_plain_descent(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate, make=lambda x: torch.optim.SGD([x], lr=rate))


def wrong_own_rate(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, 0.02)


def wrong_one_step_more(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps + 1, rate)


def wrong_one_step_less(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, max(0, steps - 1), rate)


def wrong_upward(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate, loss=lambda a, b: -_loss(a, b))


def wrong_first_layer_only(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers[:1], start, steps, rate)


def wrong_on_a_graph(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate).requires_grad_()


def wrong_start_changed(texture, network, layers, start, steps, rate):
    found = _grown(texture, network, layers, start, steps, rate)
    start.copy_(found)
    return found


def wrong_texture_changed(texture, network, layers, start, steps, rate):
    found = _grown(texture, network, layers, start, steps, rate)
    texture.mul_(0.5)
    return found


def wrong_texture_requires_a_gradient(texture, network, layers, start, steps, rate):
    texture.requires_grad_()
    return _grown(texture, network, layers, start, steps, rate)


def wrong_targets_of_the_start(texture, network, layers, start, steps, rate):
    return _grown(start, network, layers, start, steps, rate)


def wrong_features_for_gram(texture, network, layers, start, steps, rate):
    def loss(maps, targets):
        return sum(((x.mean((2, 3)) - targets[k].diagonal(dim1=1, dim2=2)) ** 2).mean() for k, x in maps.items())

    return _grown(texture, network, layers, start, steps, rate, loss=loss)


def wrong_pair(texture, network, layers, start, steps, rate):
    return _grown(texture, network, layers, start, steps, rate), steps


def wrong_decay(texture, network, layers, start, steps, rate):
    def make(x):
        return torch.optim.Adam([x], lr=rate, weight_decay=0.5)

    return _grown(texture, network, layers, start, steps, rate, make=make)


def wrong_rate_shrinks(texture, network, layers, start, steps, rate):
    def make(x):
        adam = torch.optim.Adam([x], lr=rate)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(adam, 0.5)
        step = adam.step
        adam.step = lambda: (step(), scheduler.step())
        return adam

    return _grown(texture, network, layers, start, steps, rate, make=make)


def wrong_betas(texture, network, layers, start, steps, rate):
    def make(x):
        return torch.optim.Adam([x], lr=rate, betas=(0.5, 0.9))

    return _grown(texture, network, layers, start, steps, rate, make=make)


def wrong_as_large_as_the_texture(texture, network, layers, start, steps, rate):
    resized = torch.nn.functional.interpolate(start, texture.shape[2:], mode="bilinear")
    return _grown(texture, network, layers, resized, steps, rate)


def wrong_rounded_to_bytes(texture, network, layers, start, steps, rate):
    return (_grown(texture, network, layers, start, steps, rate) * 25).round() / 25
