"""Answers to `invert`, written from its statement alone."""

import torch


def right_in_place_on_a_copy(start, loss, steps, rate, momentum):
    x = start.detach().clone().requires_grad_()
    velocity, losses = torch.zeros_like(x, requires_grad=False), []
    for _ in range(steps):
        value = loss(x)
        losses.append(float(value))
        slope = torch.autograd.grad(value, x)[0]
        with torch.no_grad():
            velocity.mul_(momentum).sub_(rate * slope)
            x.add_(velocity)
    return x.detach(), losses


def right_backward(start, loss, steps, rate, momentum):
    x, velocity, losses = start.detach().clone(), 0, []
    for _ in range(steps):
        x = x.detach().clone().requires_grad_(True)
        value = loss(x)
        value.backward()
        losses += [value.item()]
        velocity = momentum * velocity - rate * x.grad
        x = x.detach() + velocity
    return x.detach().clone(), losses


def right_optimizer(start, loss, steps, rate, momentum):
    x = torch.nn.Parameter(start.detach().clone())
    optimizer = torch.optim.SGD([x], lr=rate, momentum=momentum)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        optimizer.step()
    return x.detach(), losses


def right_functional(start, loss, steps, rate, momentum):
    both = torch.func.grad_and_value(loss)
    x, velocity, losses = start.detach().clone(), torch.zeros_like(start.detach()), []
    for _ in range(steps):
        slope, value = both(x)
        losses.append(value.detach().tolist())
        velocity = momentum * velocity - rate * slope
        x = x + velocity
    return x, losses


def right_recursive(start, loss, steps, rate, momentum, velocity=None):
    x = start.detach().clone()
    if steps == 0:
        return x, []
    leaf = x.clone().requires_grad_()
    value = loss(leaf)
    velocity = (0 if velocity is None else momentum * velocity) - rate * torch.autograd.grad(value, leaf)[0]
    end, losses = right_recursive(x + velocity, loss, steps - 1, rate, momentum, velocity)
    return end, [value.item(), *losses]


def _inverted(start, loss, steps, rate, momentum, after=lambda x: x):
    x, velocity, losses = start.detach().clone(), torch.zeros_like(start), []
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        velocity = momentum * velocity - rate * torch.autograd.grad(value, leaf)[0]
        x = after(x + velocity)
    return x, losses


def wrong_clamped(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate, momentum, lambda x: x.clamp(0, 1))


def wrong_momentum_forgotten(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate, 0.0)


def wrong_own_momentum(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate, 0.9)


def wrong_dampened(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate * (1 - momentum), momentum)


def wrong_upward(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, -rate, momentum)


def wrong_nesterov(start, loss, steps, rate, momentum):
    x = torch.nn.Parameter(start.detach().clone())
    optimizer = torch.optim.SGD([x], lr=rate, momentum=momentum or 1e-9, nesterov=True)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        optimizer.step()
    return x.detach(), losses


def wrong_old_velocity(start, loss, steps, rate, momentum):
    x, velocity, losses = start.detach().clone(), torch.zeros_like(start), []
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        x = x + velocity
        velocity = momentum * velocity - rate * torch.autograd.grad(value, leaf)[0]
    return x, losses


def wrong_velocity_of_the_first_step(start, loss, steps, rate, momentum):
    x, velocity, losses = start.detach().clone(), None, []
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        if velocity is None:
            velocity = -rate * torch.autograd.grad(value, leaf)[0]
        x = x + velocity
    return x, losses


def wrong_sum_without_decay(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate, 1.0)


def wrong_losses_after(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    return x, [*losses[1:], loss(x).item()] if steps else []


def wrong_last_loss_too(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    return x, [*losses, loss(x).item()]


def wrong_losses_are_tensors(start, loss, steps, rate, momentum):
    x, velocity, losses = start.detach().clone(), torch.zeros_like(start), []
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value)
        velocity = momentum * velocity - rate * torch.autograd.grad(value, leaf)[0]
        x = x + velocity
    return x, losses


def wrong_last_loss_only(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    return x, losses[-1:]


def wrong_losses_reversed(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    return x, losses[::-1]


def wrong_image_only(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate, momentum)[0]


def wrong_pair_turned(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps, rate, momentum)[::-1]


def wrong_one_step_less(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps - 1, rate, momentum)


def wrong_one_step_more(start, loss, steps, rate, momentum):
    return _inverted(start, loss, steps + 1, rate, momentum)


def wrong_best_image(start, loss, steps, rate, momentum):
    x, velocity, losses, best = start.detach().clone(), torch.zeros_like(start), [], None
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        if best is None or losses[-1] <= min(losses):
            best = x
        velocity = momentum * velocity - rate * torch.autograd.grad(value, leaf)[0]
        x = x + velocity
    return x if best is None else best, losses


def wrong_start_changed(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    start.data.copy_(x)
    return x, losses


def wrong_on_a_graph(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    return x.requires_grad_(), losses


def wrong_gradients_pile_up(start, loss, steps, rate, momentum):
    x = start.detach().clone().requires_grad_()
    velocity, losses = torch.zeros_like(start), []
    for _ in range(steps):
        value = loss(x)
        value.backward()
        losses.append(value.item())
        with torch.no_grad():
            velocity = momentum * velocity - rate * x.grad
            x += velocity
    return x.detach(), losses


def wrong_normalized(start, loss, steps, rate, momentum):
    x, velocity, losses = start.detach().clone(), torch.zeros_like(start), []
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        slope = torch.autograd.grad(value, leaf)[0]
        velocity = momentum * velocity - rate * slope / (slope.norm() + 1e-9)
        x = x + velocity
    return x, losses


def wrong_adam(start, loss, steps, rate, momentum):
    x = torch.nn.Parameter(start.detach().clone())
    optimizer = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        optimizer.step()
    return x.detach(), losses


def wrong_from_gray(start, loss, steps, rate, momentum):
    return _inverted(torch.full_like(start, 0.5), loss, steps, rate, momentum)


def wrong_first_image_only(start, loss, steps, rate, momentum):
    return _inverted(start[:1], loss, steps, rate, momentum)


def wrong_losses_rounded(start, loss, steps, rate, momentum):
    x, losses = _inverted(start, loss, steps, rate, momentum)
    return x, [round(value, 2) for value in losses]


def wrong_rate_shrinks(start, loss, steps, rate, momentum):
    x, velocity, losses = start.detach().clone(), torch.zeros_like(start), []
    for step in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        velocity = momentum * velocity - rate / (step + 1) * torch.autograd.grad(value, leaf)[0]
        x = x + velocity
    return x, losses


_velocity = {}


def wrong_velocity_kept_between_calls(start, loss, steps, rate, momentum):
    x, losses = start.detach().clone(), []
    velocity = _velocity.get(start.shape, torch.zeros_like(start))
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        value = loss(leaf)
        losses.append(value.item())
        velocity = momentum * velocity - rate * torch.autograd.grad(value, leaf)[0]
        x = x + velocity
    _velocity[start.shape] = velocity
    return x, losses
