"""Right answers to the exercises of the chapter on gram, each in another way than the reference."""

import torch


def gram_in_loops(features):
    _, c, h, w = features.shape
    rows = [
        torch.stack([torch.stack([(image[i] * image[j]).sum() / (h * w) for j in range(c)]) for i in range(c)])
        for image in features
    ]
    return torch.stack(rows)


def gram_by_einsum(features):
    return torch.einsum("bihw,bjhw->bij", features, features) / (features.shape[-1] * features.shape[-2])


def gram_by_bmm(features):
    b, c, h, w = features.size()
    flat = features.reshape(b, c, h * w)
    return torch.bmm(flat, flat.transpose(1, 2)).div(h * w)


def gram_in_double(features):
    flat = features.double().flatten(2)
    return (flat[:, :, None] * flat[:, None]).mean(-1)


def gram_scaled_before(features):
    flat = features.clone().flatten(2)
    flat /= flat.shape[-1] ** 0.5  # in place, on a copy
    return flat @ flat.permute(0, 2, 1)


def shuffle_by_index_select(features, order):
    b, c, h, w = features.shape
    return features.reshape(b, c, -1).index_select(2, order).reshape(b, c, h, w)


def shuffle_by_gather(features, order):
    flat = features.flatten(2)
    return flat.gather(2, order.expand_as(flat)).unflatten(2, features.shape[2:])


def shuffle_in_loops(features, order):
    w = features.shape[3]
    moved = torch.zeros_like(features)
    for k, source in enumerate(order.tolist()):
        moved[:, :, k // w, k % w] = features[:, :, source // w, source % w]
    return moved


def shuffle_by_matrix(features, order):
    flat = features.double().flatten(2)
    return (flat @ torch.eye(len(order), dtype=torch.float64)[:, order]).view(features.shape)


def mmd_by_gram(x, y):
    def gram(f):
        return torch.einsum("bihw,bjhw->bij", f, f) / f[0, 0].numel()

    return torch.linalg.matrix_norm(gram(x) - gram(y)) ** 2


def mmd_by_einsum(x, y):
    p, q = x.flatten(2).double(), y.flatten(2).double()

    def k(a, b):
        return (torch.einsum("bcm,bcn->bmn", a, b) ** 2).mean(dim=(-2, -1))

    return k(p, p) - 2 * k(p, q) + k(q, q)


def mmd_in_loops(x, y):
    def k(a, b):
        return torch.stack([(u @ v) ** 2 for u in a for v in b]).mean()

    results = []
    for one, two in zip(x, y, strict=True):
        a, b = one.flatten(1).T, two.flatten(1).T
        results.append(k(a, a) + k(b, b) - 2 * k(a, b))
    return torch.stack(results)


def mmd_over_the_joint_kernel(x, y):
    a, b = x.flatten(2), y.flatten(2)
    z = torch.cat([a, b], 2)
    sign = torch.cat([torch.full((a.shape[2],), 1 / a.shape[2]), torch.full((b.shape[2],), -1 / b.shape[2])])
    return torch.einsum("m,bmn,n->b", sign, (z.mT @ z).pow(2), sign)


ANSWERS = {
    "gram_matrix": (gram_in_loops, gram_by_einsum, gram_by_bmm, gram_in_double, gram_scaled_before),
    "shuffle_positions": (shuffle_by_index_select, shuffle_by_gather, shuffle_in_loops, shuffle_by_matrix),
    "mmd_polynomial": (mmd_by_gram, mmd_by_einsum, mmd_in_loops, mmd_over_the_joint_kernel),
}
