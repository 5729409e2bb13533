"""Answers to `descend_pixels`, written from its statement alone."""

import torch


def _column(color):
    return color.view(1, 3, 1, 1)


def right_backward(image, color, steps, rate):
    x = image.detach().clone()
    for _ in range(steps):
        x.requires_grad_(True)
        (0.5 * ((x - _column(color)) ** 2).sum()).backward()
        x = (x.detach() - rate * x.grad).clamp(0, 1)
    return x.detach().clone()


def right_optimizer(image, color, steps, rate):
    x = torch.nn.Parameter(image.detach().clone())
    optimizer = torch.optim.SGD([x], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (x - _column(color)).pow(2).sum() / 2
        loss.backward()
        optimizer.step()
        x.data.clamp_(0, 1)
    return x.detach()


def right_functional(image, color, steps, rate):
    def loss(x):
        return torch.nn.functional.mse_loss(x, _column(color).expand_as(x), reduction="sum") / 2

    slope, x = torch.func.grad(loss), image.detach()
    for _ in range(steps):
        x = torch.clamp(x - rate * slope(x), 0.0, 1.0)
    return x.detach().clone()


def right_in_float64(image, color, steps, rate):
    x, goal = image.detach().double(), _column(color).double()
    for _ in range(steps):
        x = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(((x - goal).norm() ** 2) / 2 if bool((x != goal).any()) else 0 * x.sum(), x)
        x = (x - rate * slope).detach().clamp(0, 1)
    return x.to(image.dtype).clone()


def right_image_by_image(image, color, steps, rate):
    done = []
    for one in image.detach().unbind():
        x = one.clone()
        for _ in range(steps):
            leaf = x.clone().requires_grad_()
            loss = sum((leaf[c] - color[c]).square().sum() for c in range(3)) / 2
            x = (x - rate * torch.autograd.grad(loss, leaf)[0]).clamp(0, 1)
        done.append(x)
    return torch.stack(done)


def right_recursive(image, color, steps, rate):
    x = image.detach().clone()
    if steps == 0:
        return x
    x.requires_grad_()
    loss = torch.einsum("bchw,bchw->", x - _column(color), x - _column(color)) / 2
    loss.backward()
    return right_recursive((x.detach() - rate * x.grad).clamp(0, 1), color, steps - 1, rate)


def _descended(image, color, steps, rate, after=lambda x: x.clamp(0, 1), loss=None):
    loss = loss or (lambda x: (x - _column(color)).square().sum() / 2)
    x = image.detach().clone()
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        x = after(x - rate * torch.autograd.grad(loss(leaf), leaf)[0])
    return x


def wrong_without_the_half(image, color, steps, rate):
    return _descended(image, color, steps, rate, loss=lambda x: (x - _column(color)).square().sum())


def wrong_mean(image, color, steps, rate):
    return _descended(image, color, steps, rate, loss=lambda x: (x - _column(color)).square().mean() / 2)


def wrong_mean_over_the_batch(image, color, steps, rate):
    return _descended(image, color, steps, rate / len(image))


def wrong_absolute(image, color, steps, rate):
    return _descended(image, color, steps, rate, loss=lambda x: (x - _column(color)).abs().sum() / 2)


def wrong_no_clamp(image, color, steps, rate):
    return _descended(image, color, steps, rate, after=lambda x: x)


def wrong_clamp_at_the_end(image, color, steps, rate):
    return _descended(image, color, steps, rate, after=lambda x: x).clamp(0, 1)


def wrong_clamp_below_only(image, color, steps, rate):
    return _descended(image, color, steps, rate, after=lambda x: x.clamp(min=0))


def wrong_clamp_before(image, color, steps, rate):
    goal = _column(color)
    x = image.detach().clone()
    for _ in range(steps):
        x = x.clamp(0, 1)
        x = x - rate * (x - goal)
    return x


def wrong_upward(image, color, steps, rate):
    return _descended(image, color, steps, -rate)


def wrong_one_step_more(image, color, steps, rate):
    return _descended(image, color, steps + 1, rate)


def wrong_one_step_less(image, color, steps, rate):
    return _descended(image, color, max(steps - 1, 0), rate)


def wrong_one_step(image, color, steps, rate):
    return _descended(image, color, min(steps, 1), rate)


def wrong_gradients_pile_up(image, color, steps, rate):
    x = image.detach().clone().requires_grad_()
    for _ in range(steps):
        ((x - _column(color)).square().sum() / 2).backward()
        with torch.no_grad():
            x -= rate * x.grad
            x.clamp_(0, 1)
    return x.detach()


def wrong_in_the_image(image, color, steps, rate):
    x = image.data
    for _ in range(steps):
        x -= rate * (x - _column(color))
        x.clamp_(0, 1)
    return x


def wrong_on_a_graph(image, color, steps, rate):
    return _descended(image, color, steps, rate).requires_grad_()


def wrong_graph_of_all_steps(image, color, steps, rate):
    x = image.clone().requires_grad_() if image.is_leaf else image.clone()
    for _ in range(steps):
        x = (x - rate * (x - _column(color))).clamp(0, 1)
    return x


def wrong_image_returned(image, color, steps, rate):
    _descended(image, color, steps, rate)
    return image


def wrong_color_turned(image, color, steps, rate):
    return _descended(image, color.flip(0), steps, rate)


def wrong_gray(image, color, steps, rate):
    return _descended(image, color.mean().expand(3), steps, rate)


def wrong_goal_itself(image, color, steps, rate):
    return _column(color).expand_as(image).clone()


def wrong_first_image_only(image, color, steps, rate):
    return torch.cat([_descended(image[:1], color, steps, rate), image[1:].detach()])


def wrong_momentum(image, color, steps, rate):
    x = image.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([x], lr=rate, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        ((x - _column(color)).square().sum() / 2).backward()
        optimizer.step()
        x.data.clamp_(0, 1)
    return x.detach()


def wrong_adam(image, color, steps, rate):
    x = image.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        ((x - _column(color)).square().sum() / 2).backward()
        optimizer.step()
        x.data.clamp_(0, 1)
    return x.detach()


def wrong_rate_of_a_tenth(image, color, steps, rate):
    return _descended(image, color, steps, 0.1)


def wrong_rate_shrinks(image, color, steps, rate):
    x = image.detach().clone()
    for step in range(steps):
        x = _descended(x, color, 1, rate / (step + 1))
    return x


def wrong_first_slope_for_all(image, color, steps, rate):
    slope = image.detach() - _column(color)
    x = image.detach().clone()
    for _ in range(steps):
        x = (x - rate * slope).clamp(0, 1)
    return x


def wrong_bytes_between(image, color, steps, rate):
    return _descended(image, color, steps, rate, after=lambda x: (x.clamp(0, 1) * 255).round() / 255)


def wrong_array(image, color, steps, rate):
    return [_descended(image, color, steps, rate), steps]
