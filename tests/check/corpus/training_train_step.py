"""Answers to `train_step`, written from its statement alone."""

import torch
from torch.nn import functional as F


def right_plain(model, optimizer, images, labels):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return float(loss)


def right_module_loss(model, optimizer, images, labels):
    optimizer.zero_grad(set_to_none=False)
    loss = torch.nn.CrossEntropyLoss()(model.train()(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def right_by_hand(model, optimizer, images, labels):
    model.train(True)
    for weight in model.parameters():
        weight.grad = None
    log = model(images).log_softmax(1)
    loss = -log[torch.arange(len(labels)), labels].mean()
    loss.backward()
    value = loss.detach().item()
    optimizer.step()
    return value


def right_nll(model, optimizer, images, labels):
    model.train()
    loss = F.nll_loss(F.log_softmax(model(images), dim=1), labels)
    model.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.tolist()


def right_gradients_set(model, optimizer, images, labels):
    model.train()
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    loss = F.cross_entropy(model(images), labels, reduction="sum") / len(labels)
    for weight, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = slope
    optimizer.step()
    return loss.item()


def _step(model, optimizer, images, labels, loss=F.cross_entropy, mode=True, clear=True):
    model.train(mode)
    if clear:
        optimizer.zero_grad()
    value = loss(model(images), labels)
    value.backward()
    optimizer.step()
    return value.item()


def wrong_gradients_not_cleared(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, clear=False)


def wrong_cleared_before_the_step(model, optimizer, images, labels):
    model.train()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def wrong_cleared_at_the_end_only(model, optimizer, images, labels):
    value = _step(model, optimizer, images, labels, clear=False)
    optimizer.zero_grad()
    return value


def wrong_evaluation_mode(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, mode=False)


def wrong_mode_as_it_came(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, mode=model.training)


def wrong_sum(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, lambda x, y: F.cross_entropy(x, y, reduction="sum"))


def wrong_softmax_twice(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, lambda x, y: F.cross_entropy(x.softmax(1), y))


def wrong_no_logarithm(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, lambda x, y: F.nll_loss(x.softmax(1), y))


def wrong_squares(model, optimizer, images, labels):
    return _step(
        model, optimizer, images, labels, lambda x, y: F.mse_loss(x.softmax(1), F.one_hot(y, x.shape[1]).to(x.dtype))
    )


def wrong_smoothed(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels, lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1))


def wrong_no_step(model, optimizer, images, labels):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.item()


def wrong_two_steps(model, optimizer, images, labels):
    value = _step(model, optimizer, images, labels)
    optimizer.step()
    return value


def wrong_loss_after_the_step(model, optimizer, images, labels):
    _step(model, optimizer, images, labels)
    with torch.no_grad():
        return F.cross_entropy(model(images), labels).item()


def wrong_returns_the_tensor(model, optimizer, images, labels):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


def wrong_returns_nothing(model, optimizer, images, labels):
    _step(model, optimizer, images, labels)


def wrong_returns_the_model(model, optimizer, images, labels):
    _step(model, optimizer, images, labels)
    return model


def wrong_own_optimizer(model, optimizer, images, labels):
    return _step(model, torch.optim.SGD(model.parameters(), lr=0.1), images, labels)


def wrong_first_image_only(model, optimizer, images, labels):
    return _step(model, optimizer, images[:1].expand_as(images), labels[:1].expand_as(labels))


def wrong_image_by_image(model, optimizer, images, labels):
    values = [_step(model, optimizer, images[i : i + 1], labels[i : i + 1]) for i in range(len(images))]
    return sum(values) / len(values)


def wrong_labels_reversed(model, optimizer, images, labels):
    return _step(model, optimizer, images, labels.flip(0))


def wrong_upward(model, optimizer, images, labels):
    return -_step(model, optimizer, images, labels, lambda x, y: -F.cross_entropy(x, y))


def wrong_clipped(model, optimizer, images, labels):
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
    optimizer.step()
    return loss.item()


def wrong_accuracy(model, optimizer, images, labels):
    _step(model, optimizer, images, labels)
    return (model(images).argmax(1) == labels).float().mean().item()


def wrong_rounded(model, optimizer, images, labels):
    return round(_step(model, optimizer, images, labels), 1)


def wrong_runs_the_model_twice(model, optimizer, images, labels):
    model.train()
    model(images)
    return _step(model, optimizer, images, labels)


def wrong_images_normalized(model, optimizer, images, labels):
    return _step(model, optimizer, (images - images.mean()) / images.std(), labels)
