import numpy as np
import torch


def _values(content, noise, how, amount):
    return {"content": content, "noise": noise}.get(how, (1 - amount) * content + amount * noise)


def right_plain(content, noise, how, amount):
    return _values(content, noise, how, amount).detach().clamp(0, 1).clone().requires_grad_()


def right_branches(content, noise, how, amount):
    if how == "content":
        start = content.detach().clone()
    elif how == "noise":
        start = noise.detach().clone()
    else:
        start = (1 - amount) * content.detach() + amount * noise.detach()
    start.clamp_(0, 1)
    start.requires_grad = True
    return start


def right_lerp(content, noise, how, amount):
    share = {"content": 0.0, "noise": 1.0}.get(how, amount)
    with torch.no_grad():
        start = torch.lerp(content, noise, share).clamp(0, 1)
    return start.requires_grad_(True)


def right_numpy(content, noise, how, amount):
    c, n = content.detach().numpy(), noise.detach().numpy()
    mixed = np.clip(c if how == "content" else n if how == "noise" else (1 - amount) * c + amount * n, 0, 1)
    return torch.tensor(mixed, dtype=content.dtype, requires_grad=True)


def right_no_grad(content, noise, how, amount):
    with torch.no_grad():
        start = _values(content, noise, how, amount).clone().clamp_(min=0, max=1)
    start.requires_grad_()
    return start


def right_contiguous(content, noise, how, amount):
    start = torch.empty_like(content)
    with torch.no_grad():
        start.copy_(_values(content, noise, how, amount).clip(0, 1))
    return start.requires_grad_()


def right_match(content, noise, how, amount):
    match how:
        case "content":
            amount = 0
        case "noise":
            amount = 1
    return (content * (1 - amount) + noise * amount).clamp(0, 1).detach().clone().requires_grad_(True)


def wrong_no_clamp(content, noise, how, amount):
    return _values(content, noise, how, amount).detach().clone().requires_grad_()


def wrong_alias(content, noise, how, amount):
    return _values(content, noise, how, amount).detach().requires_grad_()


def wrong_clamp_in_place(content, noise, how, amount):
    return _values(content, noise, how, amount).detach().clamp_(0, 1).requires_grad_()


def wrong_no_gradient(content, noise, how, amount):
    return _values(content, noise, how, amount).clamp(0, 1).clone()


def wrong_not_a_leaf(content, noise, how, amount):
    return _values(content, noise, how, amount).detach().clone().requires_grad_().clamp(0, 1)


def wrong_amount_turned(content, noise, how, amount):
    return right_plain(content, noise, how, 1 - amount)


def wrong_sum(content, noise, how, amount):
    values = content + amount * noise if how == "mixed" else _values(content, noise, how, amount)
    return values.clamp(0, 1).detach().clone().requires_grad_()


def wrong_half(content, noise, how, amount):
    return right_plain(content, noise, how, 0.5)


def wrong_always_mixed(content, noise, how, amount):
    return right_plain(content, noise, "mixed", amount)


def wrong_how_swapped(content, noise, how, amount):
    return right_plain(content, noise, {"content": "noise", "noise": "content"}.get(how, how), amount)


def wrong_new_noise(content, noise, how, amount):
    return right_plain(content, torch.rand_like(content), how, amount)


def wrong_clamp_before(content, noise, how, amount):
    values = _values(content.clamp(0, 1), noise.clamp(0, 1), how, amount)
    return values.detach().clone().requires_grad_()


def wrong_clamp_mixed_only(content, noise, how, amount):
    values = _values(content, noise, how, amount)
    values = values.clamp(0, 1) if how == "mixed" else values
    return values.detach().clone().requires_grad_()


def wrong_clamp_below_only(content, noise, how, amount):
    return _values(content, noise, how, amount).clamp(min=0).detach().clone().requires_grad_()


def wrong_clamp_above_only(content, noise, how, amount):
    return _values(content, noise, how, amount).clamp(max=1).detach().clone().requires_grad_()


def wrong_stretched(content, noise, how, amount):
    values = _values(content, noise, how, amount)
    values = (values - values.min()) / (values.max() - values.min() + 1e-9)
    return values.detach().clone().requires_grad_()


def wrong_sigmoid(content, noise, how, amount):
    return _values(content, noise, how, amount).sigmoid().detach().requires_grad_()


def wrong_first_image(content, noise, how, amount):
    return right_plain(content[:1], noise[:1], how, amount)


def wrong_numpy_shared(content, noise, how, amount):
    values = _values(content, noise, how, amount)
    if how != "mixed":
        values.data.clamp_(0, 1)
    return torch.from_numpy(values.detach().numpy()).clamp_(0, 1).requires_grad_()


def wrong_damages_content(content, noise, how, amount):
    start = content.detach()
    if how == "mixed":
        start.mul_(1 - amount).add_(noise, alpha=amount)
    elif how == "noise":
        start.copy_(noise)
    return start.clone().clamp_(0, 1).requires_grad_()


def wrong_same_tensor_again(content, noise, how, amount):
    values = _values(content, noise, how, amount).detach().clamp(0, 1)
    kept = _kept.setdefault((tuple(values.shape), values.dtype), torch.empty_like(values))
    kept.data.copy_(values)
    return kept.requires_grad_()


_kept = {}


def wrong_variance_kept(content, noise, how, amount):
    values = _values(content, noise, how, amount)
    if how == "mixed":
        values = (1 - amount) ** 0.5 * content + amount**0.5 * noise
    return values.clamp(0, 1).detach().clone().requires_grad_()


def wrong_at_most_half(content, noise, how, amount):
    return right_plain(content, noise, how, min(amount, 0.5))


def wrong_noise_unclamped(content, noise, how, amount):
    values = noise if how == "noise" else _values(content, noise, how, amount).clamp(0, 1)
    return values.detach().clone().requires_grad_()


def wrong_inputs_require(content, noise, how, amount):
    content.requires_grad_()
    return _values(content, noise, how, amount).clamp(0, 1).detach().clone().requires_grad_()


def wrong_if_for_elif(content, noise, how, amount):
    if how == "content":
        x = content
    if how == "noise":  # noqa: SIM108
        x = noise
    else:
        x = (1 - amount) * content + amount * noise
    return x.clamp(0, 1).detach().clone().requires_grad_(True)


def wrong_stretched_to_the_range(content, noise, how, amount):
    if how == "content":
        x = content
    elif how == "noise":
        x = noise
    else:
        x = (1 - amount) * content + amount * noise
    x = (x - x.min()) / (x.max() - x.min())
    return x.detach().clone().requires_grad_(True)


def wrong_noise_of_its_own(content, noise, how, amount):
    if how == "content":
        x = content
    elif how == "noise":
        x = torch.rand_like(content)
    else:
        x = (1 - amount) * content + amount * torch.rand_like(content)
    return x.clamp(0, 1).detach().clone().requires_grad_(True)
