import torch


def _run(image, loss, steps, rate, *, after=None, optimizer=torch.optim.Adam, **settings):
    pixels = image.detach().clone().requires_grad_(True)
    adam, losses = optimizer([pixels], lr=rate, **settings), []
    for _ in range(steps):
        adam.zero_grad()
        value = loss(pixels)
        value.backward()
        losses.append(value.item())
        adam.step()
        (after or (lambda x: x.data.clamp_(0, 1)))(pixels)
    return pixels.detach(), losses


def right_plain(image, loss, steps, rate):
    return _run(image, loss, steps, rate)


def right_closure(image, loss, steps, rate):
    pixels, losses = image.detach().clone().requires_grad_(), []
    adam = torch.optim.Adam([pixels], lr=rate)

    def closure():
        adam.zero_grad()
        value = loss(pixels)
        value.backward()
        return value

    for _ in range(steps):
        losses.append(float(adam.step(closure)))
        with torch.no_grad():
            pixels.clamp_(0, 1)
    return pixels.detach(), losses


def right_parameter(image, loss, steps, rate):
    pixels, losses = torch.nn.Parameter(image.clone()), []
    adam = torch.optim.Adam([pixels], rate)
    while len(losses) < steps:
        value = loss(pixels)
        (pixels.grad,) = torch.autograd.grad(value, pixels)
        losses.append(value.item())
        adam.step()
        pixels.data = pixels.data.clamp(0, 1)
    return pixels.detach().clone(), losses


def right_groups(image, loss, steps, rate):
    pixels = image.clone().detach().requires_grad_(True)
    adam, losses = torch.optim.Adam([{"params": [pixels], "lr": rate}]), []
    for _ in range(steps):
        adam.zero_grad(set_to_none=False)
        value = loss(pixels)
        value.backward()
        losses += [value.detach().item()]
        adam.step()
        with torch.no_grad():
            pixels.copy_(pixels.clip(0, 1))
    return pixels.data, losses


def right_list(image, loss, steps, rate):
    return list(_run(image, loss, steps, rate))


def right_numbers_at_last(image, loss, steps, rate):
    pixels, losses = image.detach().clone().requires_grad_(True), []
    adam = torch.optim.Adam([pixels], lr=rate)
    for _ in range(steps):
        pixels.grad = None
        value = loss(pixels)
        value.backward()
        losses.append(value.detach())
        adam.step()
        pixels.data.clamp_(0.0, 1.0)
    return pixels.detach(), [float(value) for value in losses]


def wrong_sgd(image, loss, steps, rate):
    return _run(image, loss, steps, rate, optimizer=torch.optim.SGD)


def wrong_adamw(image, loss, steps, rate):
    return _run(image, loss, steps, rate, optimizer=torch.optim.AdamW)


def wrong_rmsprop(image, loss, steps, rate):
    return _run(image, loss, steps, rate, optimizer=torch.optim.RMSprop)


def wrong_amsgrad(image, loss, steps, rate):
    return _run(image, loss, steps, rate, betas=(0.5, 0.999))


def wrong_weight_decay(image, loss, steps, rate):
    return _run(image, loss, steps, rate, weight_decay=0.1)


def wrong_no_clamp(image, loss, steps, rate):
    return _run(image, loss, steps, rate, after=lambda x: x)


def wrong_clamp_not_in_place(image, loss, steps, rate):
    return _run(image, loss, steps, rate, after=lambda x: x.data.clamp(0, 1))


def wrong_clamp_below(image, loss, steps, rate):
    return _run(image, loss, steps, rate, after=lambda x: x.data.clamp_(min=0))


def wrong_clamp_end(image, loss, steps, rate):
    found, losses = wrong_no_clamp(image, loss, steps, rate)
    return found.clamp(0, 1), losses


def wrong_one_step_less(image, loss, steps, rate):
    return _run(image, loss, steps - 1, rate)


def wrong_one_step_more(image, loss, steps, rate):
    return _run(image, loss, steps + 1, rate)


def wrong_losses_after(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, [*losses[1:], loss(found).item()]


def wrong_losses_one_more(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, [*losses, loss(found).item()]


def wrong_last_loss(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, losses[-1]


def wrong_image_only(image, loss, steps, rate):
    return _run(image, loss, steps, rate)[0]


def wrong_swapped(image, loss, steps, rate):
    return _run(image, loss, steps, rate)[::-1]


def wrong_not_detached(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found.requires_grad_(), losses


def wrong_default_rate(image, loss, steps, rate):
    return _run(image, loss, steps, 1e-3)


def wrong_rate_decays(image, loss, steps, rate):
    pixels, losses = image.detach().clone().requires_grad_(True), []
    adam = torch.optim.Adam([pixels], lr=rate)
    for k in range(steps):
        adam.param_groups[0]["lr"] = rate / (k + 1)
        adam.zero_grad()
        value = loss(pixels)
        value.backward()
        losses.append(value.item())
        adam.step()
        pixels.data.clamp_(0, 1)
    return pixels.detach(), losses


def wrong_graphs(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, [torch.tensor(value, requires_grad=True) * 1 for value in losses]


def wrong_rounded(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, [round(value, 3) for value in losses]


def wrong_in_place(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    image.data.copy_(found)
    return found, losses


def wrong_optimizes_the_image(image, loss, steps, rate):
    image.requires_grad_(True)
    found, losses = _run(image, loss, steps, rate)
    return found, losses


def wrong_no_zero(image, loss, steps, rate):
    pixels, losses = image.detach().clone().requires_grad_(True), []
    adam = torch.optim.Adam([pixels], lr=rate)
    for _ in range(steps):
        value = loss(pixels)
        value.backward()
        losses.append(value.item())
        adam.step()
        pixels.data.clamp_(0, 1)
    return pixels.detach(), losses


def wrong_new_adam(image, loss, steps, rate):
    losses = []
    for _ in range(steps):
        image, value = _run(image, loss, 1, rate)
        losses += value
    return image, losses


def wrong_best(image, loss, steps, rate):
    best, lowest, losses, pixels = image.clone(), float("inf"), [], image.detach().clone().requires_grad_(True)
    adam = torch.optim.Adam([pixels], lr=rate)
    for _ in range(steps):
        adam.zero_grad()
        value = loss(pixels)
        value.backward()
        losses.append(value.item())
        if losses[-1] < lowest:
            best, lowest = pixels.detach().clone(), losses[-1]
        adam.step()
        pixels.data.clamp_(0, 1)
    return best, losses


def wrong_at_most_five(image, loss, steps, rate):
    return _run(image, loss, min(steps, 5), rate)


def wrong_stops_early(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    for k in range(2, len(losses)):
        if losses[k] < 1e-2:
            return _run(image, loss, k, rate)
    return found, losses


def wrong_uphill(image, loss, steps, rate):
    found, losses = _run(image, lambda x: -loss(x), steps, rate)
    return found, [-value for value in losses]


def wrong_start_clamped_away(image, loss, steps, rate):
    return _run(image.clamp(0.05, 0.95), loss, steps, rate)


def wrong_mean_of_losses(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, [sum(losses[: k + 1]) / (k + 1) for k in range(len(losses))]


def wrong_image_before_last_step(image, loss, steps, rate):
    return _run(image, loss, steps - 1, rate)[0], _run(image, loss, steps, rate)[1]


def wrong_divided_by_first(image, loss, steps, rate):
    found, losses = _run(image, loss, steps, rate)
    return found, [value / losses[0] for value in losses]


def wrong_return_inside_the_loop(image, loss, steps, rate):
    x = image.detach().clone().requires_grad_(True)
    opt = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        opt.step()
        with torch.no_grad():
            x.clamp_(0, 1)
        return x.detach(), losses


def wrong_clamped_before_the_loss(image, loss, steps, rate):
    x = image.detach().clone().requires_grad_(True)
    opt = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        with torch.no_grad():
            x.clamp_(0, 1)
        opt.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        opt.step()
    return x.detach(), losses


def wrong_leaf_clamped_in_place(image, loss, steps, rate):
    x = image.detach().clone().requires_grad_(True)
    opt = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        opt.step()
        x.clamp_(0, 1)
    return x.detach(), losses


def wrong_never_backward(image, loss, steps, rate):
    x = image.detach().clone().requires_grad_(True)
    opt = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(x)
        losses.append(value.item())
        opt.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach(), losses


def wrong_pair_turned_around(image, loss, steps, rate):
    x = image.detach().clone().requires_grad_(True)
    opt = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        opt.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return losses, x.detach()


def wrong_name_bound_again(image, loss, steps, rate):
    x = image.detach().clone().requires_grad_(True)
    opt = torch.optim.Adam([x], lr=rate)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        value = loss(x)
        value.backward()
        losses.append(value.item())
        opt.step()
        x = x.clamp(0, 1)
    return x.detach(), losses
