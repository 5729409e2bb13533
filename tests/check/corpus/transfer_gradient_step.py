import torch


def _slope(image, loss):
    leaf = image.detach().clone().requires_grad_(True)
    return torch.autograd.grad(loss(leaf), leaf)[0]


def right_plain(image, loss, rate):
    return image - rate * _slope(image, loss)


def right_backward(image, loss, rate):
    x = image.detach().clone().requires_grad_(True)
    loss(x).backward()
    with torch.no_grad():
        return x - rate * x.grad


def right_data(image, loss, rate):
    x = image.clone().detach().requires_grad_()
    loss(x).backward()
    return (x - rate * x.grad).detach()


def right_sgd(image, loss, rate):
    x = image.detach().clone().requires_grad_(True)
    optimizer = torch.optim.SGD([x], lr=rate)
    loss(x).backward()
    optimizer.step()
    return x.detach()


def right_parameter(image, loss, rate):
    x = torch.nn.Parameter(image.clone())
    loss(x).backward()
    x.data.sub_(x.grad, alpha=rate)
    return x.data


def right_add(image, loss, rate):
    return torch.add(image.detach(), _slope(image, loss), alpha=-rate)


class RightClass:
    def __call__(self, image, loss, rate):
        return image.detach().clone().add_(_slope(image, loss), alpha=-rate)


def right_class(image, loss, rate):
    return RightClass()(image, loss, rate)


def wrong_uphill(image, loss, rate):
    return image + rate * _slope(image, loss)


def wrong_no_rate(image, loss, rate):
    return image - _slope(image, loss)


def wrong_fixed_rate(image, loss, rate):
    return image - 0.1 * _slope(image, loss)


def wrong_rate_squared(image, loss, rate):
    return image - rate**2 * _slope(image, loss)


def wrong_sign(image, loss, rate):
    return image - rate * _slope(image, loss).sign()


def wrong_normalized(image, loss, rate):
    slope = _slope(image, loss)
    return image - rate * slope / (slope.norm() + 1e-12)


def wrong_clamped(image, loss, rate):
    return (image - rate * _slope(image, loss)).clamp(0, 1)


def wrong_step_clamped(image, loss, rate):
    return image - (rate * _slope(image, loss)).clamp(-0.1, 0.1)


def wrong_step(image, loss, rate):
    return -rate * _slope(image, loss)


def wrong_gradient(image, loss, rate):
    return _slope(image, loss)


def wrong_same(image, loss, rate):
    return image.clone()


def wrong_graph(image, loss, rate):
    x = image.detach().clone().requires_grad_(True)
    return x - rate * torch.autograd.grad(loss(x), x)[0]


def wrong_leaf(image, loss, rate):
    return (image - rate * _slope(image, loss)).requires_grad_()


def wrong_in_place(image, loss, rate):
    image -= rate * _slope(image, loss)
    return image


def wrong_in_place_copy_returned(image, loss, rate):
    image -= rate * _slope(image, loss)
    return image.clone()


def wrong_marked(image, loss, rate):
    image.requires_grad_(True)
    (slope,) = torch.autograd.grad(loss(image), image)
    return (image - rate * slope).detach()


def wrong_gradient_left(image, loss, rate):
    image.requires_grad_(True)
    loss(image).backward()
    result = image.detach() - rate * image.grad
    image.requires_grad_(False)
    return result


def wrong_loss_times(image, loss, rate):
    return image - rate * loss(image) * _slope(image, loss)


def wrong_adam(image, loss, rate):
    x = image.detach().clone().requires_grad_(True)
    optimizer = torch.optim.Adam([x], lr=rate)
    loss(x).backward()
    optimizer.step()
    return x.detach()


def wrong_two_steps(image, loss, rate):
    return right_plain(right_plain(image, loss, rate), loss, rate)


def wrong_two_half_steps(image, loss, rate):
    return right_plain(right_plain(image, loss, rate / 2), loss, rate / 2)


def wrong_first_image(image, loss, rate):
    slope = _slope(image, loss)
    slope[1:] = 0
    return image - rate * slope


def wrong_mean_over_batch(image, loss, rate):
    return image - rate * _slope(image, loss).mean(0, keepdim=True)


def wrong_divided_by_batch(image, loss, rate):
    return image - rate * _slope(image, loss) / image.shape[0]


def wrong_first_channel(image, loss, rate):
    slope = _slope(image, loss)
    slope[:, 1:] = 0
    return image - rate * slope


def wrong_pair(image, loss, rate):
    return right_plain(image, loss, rate), loss(image)


def wrong_numeric(image, loss, rate):
    base, slope = float(loss(image)), torch.zeros_like(image)
    moved = image + 0.05
    slope += (float(loss(moved)) - base) / 0.05 / image.numel()
    return image - rate * slope


_before = {}


def wrong_momentum(image, loss, rate):
    key = (tuple(image.shape), image.dtype)
    slope = _slope(image, loss)
    total = slope + 0.9 * _before.get(key, 0)
    _before[key] = slope
    return image - rate * total


_image = {}


def wrong_goes_on(image, loss, rate):
    start = _image.get((tuple(image.shape), image.dtype), image)
    result = right_plain(start, loss, rate)
    _image[(tuple(image.shape), image.dtype)] = result
    return result


def wrong_zero_small(image, loss, rate):
    slope = _slope(image, loss)
    return image - rate * torch.where(slope.abs() < 1e-2, 0, slope)


def wrong_none(image, loss, rate):
    right_plain(image, loss, rate)


def wrong_loss_for_its_gradient(image, loss, rate):
    x = image.detach().clone()
    return x - rate * loss(x)


def wrong_tuple_of_gradients(image, loss, rate):
    x = image.detach().clone().requires_grad_(True)
    g = torch.autograd.grad(loss(x), x)
    return (x - rate * g).detach()


def wrong_gradient_of_a_copy_that_is_no_leaf(image, loss, rate):
    image.requires_grad_(True)
    x = image.clone()
    loss(x).backward()
    return (x - rate * x.grad).detach()


def wrong_step_alone(image, loss, rate):
    x = image.detach().clone().requires_grad_(True)
    loss(x).backward()
    return x.grad * rate
