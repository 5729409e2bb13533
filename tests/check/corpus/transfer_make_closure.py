import functools

import torch


def right_plain(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure


def right_set_none(image, optimizer, loss):
    def closure():
        image.grad = None
        value = loss(image)
        value.backward()
        return value

    return closure


def right_lambda(image, optimizer, loss):
    def step():
        optimizer.zero_grad(set_to_none=False)
        value = loss(image)
        torch.autograd.backward(value)
        return value.detach()

    return lambda: step()


def right_grad(image, optimizer, loss):
    def closure():
        value = loss(image)
        (image.grad,) = torch.autograd.grad(value, image)
        return value

    return closure


class _Closure:
    def __init__(self, image, optimizer, loss):
        self.image, self.optimizer, self.loss = image, optimizer, loss

    def __call__(self):
        self.optimizer.zero_grad()
        value = self.loss(self.image)
        value.backward()
        return value


def right_class(image, optimizer, loss):
    return _Closure(image, optimizer, loss)


def right_partial(image, optimizer, loss):
    return functools.partial(_Closure.__call__, _Closure(image, optimizer, loss))


def right_enabled(image, optimizer, loss):
    @torch.enable_grad()
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure


def right_zero_in_place(image, optimizer, loss):
    def closure():
        if image.grad is not None:
            image.grad.zero_()
        value = loss(image)
        value.backward()
        return value

    return closure


def wrong_no_zero(image, optimizer, loss):
    def closure():
        value = loss(image)
        value.backward()
        return value

    return closure


def wrong_zero_after(image, optimizer, loss):
    def closure():
        value = loss(image)
        value.backward()
        optimizer.zero_grad()
        return value

    return closure


def wrong_zero_once(image, optimizer, loss):
    optimizer.zero_grad()
    return wrong_no_zero(image, optimizer, loss)


def wrong_no_backward(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        return loss(image)

    return closure


def wrong_no_return(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        loss(image).backward()

    return closure


def wrong_loss_outside(image, optimizer, loss):
    value = loss(image)

    def closure():
        optimizer.zero_grad()
        value.backward(retain_graph=True)
        return value

    return closure


def wrong_copy(image, optimizer, loss):
    copy = image.detach().clone().requires_grad_()

    def closure():
        optimizer.zero_grad()
        value = loss(copy)
        value.backward()
        image.grad = copy.grad
        return value

    return closure


def wrong_copy_inside(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image.detach().clone().requires_grad_())
        value.backward()
        return value

    return closure


def wrong_steps(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        optimizer.step()
        return value

    return closure


def wrong_called(image, optimizer, loss):
    return right_plain(image, optimizer, loss)()


def wrong_twice(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward(retain_graph=True)
        value.backward()
        return value

    return closure


def wrong_needs_argument(image, optimizer, loss):
    def closure(image):
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure


def wrong_clamped_in_graph(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image.clamp(0, 1))
        value.backward()
        return value

    return closure


def wrong_clamps_image(image, optimizer, loss):
    def closure():
        with torch.no_grad():
            image.clamp_(0, 1)
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure


def wrong_returns_gradient(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        loss(image).backward()
        return image.grad

    return closure


def wrong_loss_again(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        loss(image).backward()
        return 2 * loss(image)

    return closure


def wrong_negative(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = -loss(image)
        value.backward()
        return value

    return closure


def wrong_normalized_gradient(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        image.grad /= image.grad.abs().mean() + 1e-8
        return value

    return closure


def wrong_half_gradient(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        (value / 2).backward()
        return value

    return closure


def wrong_zero_first_time(image, optimizer, loss):
    done = []

    def closure():
        if not done:
            optimizer.zero_grad()
            done.append(True)
        value = loss(image)
        value.backward()
        return value

    return closure


def wrong_zero_every_second(image, optimizer, loss):
    calls = []

    def closure():
        calls.append(1)
        if len(calls) % 2:
            optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure


def wrong_first_value(image, optimizer, loss):
    first = []

    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        first.append(value.detach())
        return first[0]

    return closure


def wrong_none(image, optimizer, loss):
    optimizer.zero_grad()
    value = loss(image)
    value.backward()


def wrong_string(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return f"{value.item():.3f}"

    return closure


def wrong_averaged(image, optimizer, loss):
    values = []

    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        values.append(value.item())
        return torch.tensor(sum(values) / len(values), dtype=image.dtype)

    return closure


def wrong_detached_image(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image.data.requires_grad_())
        value.backward()
        return value

    return closure


def wrong_data_inside(image, optimizer, loss):
    start = image.detach().clone()

    def closure():
        optimizer.zero_grad()
        value = loss(image - image.detach() + start)
        value.backward()
        return value

    return closure


def wrong_step_with_the_closure(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    optimizer.step(closure)
    return closure


def wrong_item_for_backward(image, optimizer, loss):
    def closure():
        optimizer.zero_grad()
        value = loss(image).item()
        return value

    return closure


def wrong_closure_with_an_argument(image, optimizer, loss):
    def closure(image):
        optimizer.zero_grad()
        value = loss(image)
        value.backward()
        return value

    return closure
