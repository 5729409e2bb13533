import numpy as np
import torch


def right_plain(inputs, kernel):
    d, g = inputs, kernel
    m1, m4 = (d[0] - d[2]) * g[0], (d[1] - d[3]) * g[2]
    m2 = (d[1] + d[2]) * (g[0] + g[1] + g[2]) / 2
    m3 = (d[2] - d[1]) * (g[0] - g[1] + g[2]) / 2
    return torch.stack([m1 + m2 + m3, m2 - m3 - m4]), torch.stack([m1, m2, m3, m4])


_B = ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))
_G = ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1))
_A = ((1, 1, 1, 0), (0, 1, -1, -1))


def right_matrices(inputs, kernel):
    b, g, a = (torch.tensor(m, dtype=inputs.dtype) for m in (_B, _G, _A))
    products = (b @ inputs) * (g @ kernel)
    return a @ products, products


def right_list(inputs, kernel):
    return list(right_plain(inputs, kernel))


def right_numpy(inputs, kernel):
    d, g = inputs.numpy(), kernel.numpy()
    products = (np.array(_B) @ d) * (np.array(_G) @ g)
    outputs = np.array(_A) @ products
    return torch.from_numpy(outputs).to(inputs.dtype), torch.from_numpy(products).to(inputs.dtype)


def right_filled(inputs, kernel):
    d0, d1, d2, d3 = inputs.unbind()
    g0, g1, g2 = kernel.unbind()
    products, even = torch.empty_like(inputs), (g0 + g2) / 2
    products[0], products[3] = (d0 - d2) * g0, (d1 - d3) * g2
    products[1], products[2] = (d1 + d2) * (even + g1 / 2), (d2 - d1) * (even - g1 / 2)
    first = products[:3].sum()
    return torch.stack((first, products[1] - products[2] - products[3])), products


def right_halves_on_inputs(inputs, kernel):
    d, g = inputs, kernel
    middle = torch.stack([(d[1] + d[2]) / 2 * g.sum(), (d[2] - d[1]) / 2 * (g[0] + g[2] - g[1])])
    m = torch.cat([((d[0] - d[2]) * g[0])[None], middle, ((d[1] - d[3]) * g[2])[None]])
    return torch.stack([m[0] + m[1] + m[2], m[1] - m[2] - m[3]]), m


def _of(m):
    return torch.stack([m[0] + m[1] + m[2], m[1] - m[2] - m[3]]), m


def _with(inputs, kernel, **other):
    _, m = right_plain(inputs, kernel)
    m = m.clone()
    for k, value in other.items():
        m[int(k[1]) - 1] = value
    return _of(m)


def wrong_no_halves(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _of(m * torch.tensor([1, 2, 2, 1], dtype=m.dtype))


def wrong_half_only_second(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _of(m * torch.tensor([1, 1, 2, 1], dtype=m.dtype))


def wrong_quarter(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _of(m * torch.tensor([1, 0.5, 0.5, 1], dtype=m.dtype))


def wrong_exchanged(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _of(m[[0, 2, 1, 3]])


def wrong_third_sign(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _with(inputs, kernel, m3=-m[2])


def wrong_fourth_sign(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _with(inputs, kernel, m4=-m[3])


def wrong_first_sign(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _with(inputs, kernel, m1=-m[0])


def wrong_kernel_sum_twice(inputs, kernel):
    return _with(inputs, kernel, m3=(inputs[2] - inputs[1]) * kernel.sum() / 2)


def wrong_input_sum_twice(inputs, kernel):
    return _with(inputs, kernel, m3=(inputs[2] + inputs[1]) * (kernel[0] - kernel[1] + kernel[2]) / 2)


def wrong_g1_forgotten(inputs, kernel):
    return _with(inputs, kernel, m2=(inputs[1] + inputs[2]) * (kernel[0] + kernel[2]) / 2)


def wrong_outer_weights(inputs, kernel):
    return _with(inputs, kernel, m1=(inputs[0] - inputs[2]) * kernel[2])


def wrong_outputs_only(inputs, kernel):
    return right_plain(inputs, kernel)[0]


def wrong_products_only(inputs, kernel):
    return right_plain(inputs, kernel)[1]


def wrong_turned(inputs, kernel):
    return right_plain(inputs, kernel)[::-1]


def wrong_direct_products(inputs, kernel):
    outputs, _ = right_plain(inputs, kernel)
    return outputs, inputs * torch.cat([kernel, kernel[:1]])


def wrong_six_products(inputs, kernel):
    outputs, _ = right_plain(inputs, kernel)
    return outputs, torch.cat([inputs[:3] * kernel, inputs[1:] * kernel])


def wrong_flipped_kernel(inputs, kernel):
    return right_plain(inputs, kernel.flip(0))


def wrong_outputs_turned(inputs, kernel):
    outputs, m = right_plain(inputs, kernel)
    return outputs.flip(0), m


def wrong_second_output(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return torch.stack([m[0] + m[1] + m[2], m[1] - m[2] + m[3]]), m


def wrong_second_plus(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return torch.stack([m[0] + m[1] + m[2], m[1] + m[2] - m[3]]), m


def wrong_scalars(inputs, kernel):
    outputs, m = right_plain(inputs, kernel)
    return outputs.sum(), m.sum()


def wrong_cat(inputs, kernel):
    return torch.cat(right_plain(inputs, kernel))


def wrong_in_place(inputs, kernel):
    result = right_plain(inputs, kernel)
    kernel[1] /= 2
    return result


def wrong_inputs_in_place(inputs, kernel):
    result = right_plain(inputs, kernel)
    inputs[0] -= inputs[2]
    return result


def wrong_absolute(inputs, kernel):
    _, m = right_plain(inputs, kernel)
    return _of(m.abs())


def wrong_three_outputs(inputs, kernel):
    outputs, m = right_plain(inputs, kernel)
    return torch.cat([outputs, m[3:]]), m


def wrong_rounded(inputs, kernel):
    outputs, m = right_plain(inputs, kernel)
    return outputs.round(decimals=2), m.round(decimals=2)


def wrong_columns(inputs, kernel):
    outputs, m = right_plain(inputs, kernel)
    return outputs[:, None], m[:, None]
