"""Right answers to the exercises of the chapter on transfer, each in another way than the reference."""

import numpy as np
import torch
from torch import nn


def init_by_cases(content, noise, how, amount):
    if how == "content":
        start = content.clone()
    elif how == "noise":
        start = noise.clone()
    else:
        start = (1 - amount) * content + amount * noise
    start = start.clamp(0, 1).detach()
    start.requires_grad = True
    return start


def init_by_lerp(content, noise, how, amount):
    share = {"content": 0.0, "noise": 1.0, "mixed": amount}[how]
    return torch.lerp(content, noise, share).clamp_(0, 1).requires_grad_()


def init_as_parameter(content, noise, how, amount):
    choices = {"content": content, "noise": noise, "mixed": content + amount * (noise - content)}
    return nn.Parameter(choices[how].clone().clamp_(min=0, max=1))


def init_in_double(content, noise, how, amount):
    choices = {"content": content, "noise": noise, "mixed": content * (1 - amount) + noise * amount}
    return torch.tensor(choices[how].double().numpy().clip(0, 1).copy(), requires_grad=True)


def step_by_backward(image, loss, rate):
    x = image.clone().detach().requires_grad_(True)
    loss(x).backward()
    return (x - rate * x.grad).detach()


def step_under_no_grad(image, loss, rate):
    x = image.clone().requires_grad_()
    loss(x).backward()
    with torch.no_grad():
        x -= rate * x.grad
    return x.detach()


def step_by_sgd(image, loss, rate):
    x = nn.Parameter(image.clone())
    optimizer = torch.optim.SGD([x], lr=rate)
    loss(x).backward()
    optimizer.step()
    return x.data


def step_by_functional(image, loss, rate):
    return image - rate * torch.autograd.functional.jacobian(loss, image)


def closure_setting_none(image, optimizer, loss):
    def evaluate():
        image.grad = None
        value = loss(image)
        value.backward()
        return value

    return evaluate


def closure_clearing_in_between(image, optimizer, loss):
    def evaluate():
        value = loss(image)
        optimizer.zero_grad(set_to_none=False)
        value.backward()
        return value.detach()

    return evaluate


class ClosureObject:
    def __init__(self, image, optimizer, loss):
        self.image, self.optimizer, self.loss = image, optimizer, loss

    def __call__(self):
        with torch.enable_grad():
            self.optimizer.zero_grad()
            value = self.loss(self.image)
            value.backward()
        return value


def closure_as_object(image, optimizer, loss):
    return ClosureObject(image, optimizer, loss)


def closure_by_autograd(image, optimizer, loss):
    def evaluate():
        value = loss(image)
        (image.grad,) = torch.autograd.grad(value, image)
        return value

    return evaluate


def transfer_with_closure(image, loss, steps, rate):
    x = image.clone().requires_grad_()
    adam = torch.optim.Adam([x], rate)
    history = []

    def closure():
        adam.zero_grad()
        value = loss(x)
        value.backward()
        history.append(float(value))
        return value

    while len(history) < steps:
        adam.step(closure)
        x.data.clamp_(0, 1)
    return x.detach(), history


def transfer_as_list(image, loss, steps, rate):
    x = nn.Parameter(image.detach().clone())
    adam = torch.optim.Adam([x], lr=rate)
    losses = np.zeros(steps)
    for k in range(steps):
        value = loss(x)
        adam.zero_grad(set_to_none=False)
        value.backward()
        adam.step()
        x.data = x.data.clip(0, 1)
        losses[k] = value.item()
    return [x.data.clone(), losses.tolist()]


def transfer_by_hand(image, loss, steps, rate):
    x, m, v, losses = image.double().clone(), 0.0, 0.0, []
    for t in range(1, steps + 1):
        leaf = x.to(image.dtype).requires_grad_(True)
        value = loss(leaf)
        g = torch.autograd.grad(value, leaf)[0].double()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        x = (x - rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)).clamp(0, 1)
        losses.append(value.detach())
    return x, losses


ANSWERS = {
    "init_image": (init_by_cases, init_by_lerp, init_as_parameter, init_in_double),
    "gradient_step": (step_by_backward, step_under_no_grad, step_by_sgd, step_by_functional),
    "make_closure": (closure_setting_none, closure_clearing_in_between, closure_as_object, closure_by_autograd),
    "run_transfer": (transfer_with_closure, transfer_as_list, transfer_by_hand),
}
