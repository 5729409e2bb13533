import numpy as np
import torch
from torch.func import grad


def _at(function, image):
    x = image.detach().clone().requires_grad_()
    value = function(x)
    (slope,) = torch.autograd.grad(value, x)
    return value.detach(), slope


def right_plain(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((b - a).abs() / a.abs()).item(), ((db - da).norm() / da.norm()).item()


def right_tensors(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return abs(a - b) / abs(a), torch.linalg.vector_norm(da - db) / torch.linalg.vector_norm(da)


def right_backward(loss, other, image):
    found = []
    for function in (loss, other):
        x = image.clone().detach().requires_grad_(True)
        value = function(x)
        value.backward()
        found.append((float(value), x.grad))
    (a, da), (b, db) = found
    return abs(a - b) / abs(a), float((da - db).square().sum().sqrt() / da.square().sum().sqrt())


def right_numpy(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    da, db = da.numpy().ravel(), db.numpy().ravel()
    return float(abs(a - b) / abs(a)), float(np.linalg.norm(db - da) / np.linalg.norm(da))


def right_one_leaf(loss, other, image):
    x = image.detach().clone().requires_grad_()
    a = loss(x)
    a.backward()
    da = x.grad.clone()
    x.grad = None
    b = other(x)
    b.backward()
    return ((a - b).abs() / a.abs()).item(), ((da - x.grad).norm() / da.norm()).item()


def right_functional(loss, other, image):
    x = image.detach()
    with torch.no_grad():
        a, b = loss(x), other(x)
    da, db = grad(loss)(x), grad(other)(x)
    return float((a - b).abs() / a.abs()), float((da - db).norm() / da.norm())


def right_list(loss, other, image):
    return list(right_plain(loss, other, image))


def wrong_over_other(loss, other, image):
    return right_plain(other, loss, image)


def wrong_no_abs(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b) / a).item(), ((da - db).norm() / da.norm()).item()


def wrong_abs_above_only(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a).item(), ((da - db).norm() / da.norm()).item()


def wrong_difference_of_norms(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da.norm() - db.norm()).abs() / da.norm()).item()


def wrong_not_relative(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return (a - b).abs().item(), (da - db).norm().item()


def wrong_value_not_relative(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return (a - b).abs().item(), ((da - db).norm() / da.norm()).item()


def wrong_values_only(loss, other, image):
    return right_plain(loss, other, image)[0]


def wrong_swapped(loss, other, image):
    return right_plain(loss, other, image)[::-1]


def wrong_accumulated(loss, other, image):
    x = image.detach().clone().requires_grad_()
    a = loss(x)
    a.backward()
    da = x.grad.clone()
    b = other(x)
    b.backward()
    return ((a - b).abs() / a.abs()).item(), ((da - x.grad).norm() / da.norm()).item()


def wrong_aliased(loss, other, image):
    x = image.detach().clone().requires_grad_()
    a = loss(x)
    a.backward()
    da = x.grad
    b = other(x)
    b.backward()
    return ((a - b).abs() / a.abs()).item(), ((da - x.grad).norm() / da.norm()).item()


def wrong_mean_abs(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db).abs().mean() / da.abs().mean()).item()


def wrong_max(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db).abs().max() / da.abs().max()).item()


def wrong_squared(loss, other, image):
    value, slope = right_plain(loss, other, image)
    return value, slope**2


def wrong_pointwise(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db) / (da + 1e-9)).norm().item()


def wrong_epsilon(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / (a.abs() + 0.01)).item(), ((da - db).norm() / (da.norm() + 0.01)).item()


def wrong_booleans(loss, other, image):
    value, slope = right_plain(loss, other, image)
    return value < 1e-6, slope < 1e-6


def wrong_cosine(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    cosine = (da * db).sum() / (da.norm() * db.norm() + 1e-12)
    return ((a - b).abs() / a.abs()).item(), (1 - cosine).item()


def wrong_mean_of_both(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return (2 * (a - b).abs() / (a.abs() + b.abs())).item(), ((da - db).norm() / da.norm()).item()


def wrong_leaves_gradient(loss, other, image):
    image.requires_grad_()
    a, b = loss(image), other(image)
    (da,), (db,) = torch.autograd.grad(a, image), torch.autograd.grad(b, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db).norm() / da.norm()).item()


def wrong_steps(loss, other, image):
    result = right_plain(loss, other, image)
    image -= 0.01 * _at(loss, image)[1]
    return result


def wrong_sum_norm(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db).abs().sum() / da.abs().sum()).item()


def wrong_first_row_norm(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db)[:, 0].norm() / da[:, 0].norm()).item()


def wrong_gray(loss, other, image):
    return right_plain(loss, other, torch.full_like(image, 0.5))


def wrong_rounded(loss, other, image):
    return tuple(round(number, 3) for number in right_plain(loss, other, image))


def wrong_square_loss(loss, other, image):
    return right_plain(lambda x: loss(x) ** 2, lambda x: other(x) ** 2, image)


def wrong_detached(loss, other, image):
    (a, da), (b, _) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), (da - da).norm().item()


def wrong_percent(loss, other, image):
    return tuple(100 * number for number in right_plain(loss, other, image))


def wrong_clamped(loss, other, image):
    return tuple(min(number, 1.0) for number in right_plain(loss, other, image))


def wrong_first_image(loss, other, image):
    return right_plain(loss, other, image[:1])


def wrong_tensor_of_two(loss, other, image):
    value, slope = right_plain(loss, other, image)
    return {"value": value, "slope": slope}


def wrong_mean_norms(loss, other, image):
    (a, da), (b, db) = _at(loss, image), _at(other, image)
    return ((a - b).abs() / a.abs()).item(), ((da - db).norm(dim=3).mean() / da.norm(dim=3).mean()).item()


def wrong_nothing_subtracted(loss, other, image):
    x = image.detach().clone().requires_grad_(True)
    a, b = loss(x), other(x)
    (da,), (db,) = torch.autograd.grad(a, x), torch.autograd.grad(b, x)
    return (abs(b - a) / abs(a)).item(), (db.norm() / da.norm()).item()


def wrong_over_both_lengths(loss, other, image):
    x = image.detach().clone().requires_grad_(True)
    a, b = loss(x), other(x)
    (da,), (db,) = torch.autograd.grad(a, x), torch.autograd.grad(b, x)
    return (abs(b - a) / abs(a)).item(), ((db - da).norm() / (da.norm() + db.norm())).item()
