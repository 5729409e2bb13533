"""Answers to `whiten_and_color`, written from its statement alone."""

import torch


def _centered(x):
    return x - x.mean(1, keepdim=True)


def _cov(x):
    return torch.cov(x, correction=0).reshape(len(x), len(x))


def _power(a, p):
    v, u = torch.linalg.eigh(a)
    return u @ torch.diag(v.clamp(min=1e-12) ** p) @ u.mT


def _done(content, style, p=-0.5, q=0.5):
    return _power(_cov(style), q) @ _power(_cov(content), p) @ _centered(content) + style.mean(1, keepdim=True)


def right_as_written(content, style):
    return _done(content, style)


def right_svd(content, style):
    f, s = _centered(content), _centered(style)
    u, _, v = torch.linalg.svd(f, full_matrices=False)
    p, e, _ = torch.linalg.svd(s, full_matrices=False)
    white = u @ v * f.shape[1] ** 0.5
    return p @ torch.diag(e / s.shape[1] ** 0.5) @ p.mT @ white + style.mean(1, keepdim=True)


def right_by_einsum(content, style):
    def root(x, p):
        f = _centered(x)
        values, vectors = torch.linalg.eigh(torch.einsum("im,jm->ij", f, f) / f.shape[1])
        return torch.einsum("ik,k,jk->ij", vectors, values.pow(p), vectors)

    return torch.einsum("ij,jk,km->im", root(style, 0.5), root(content, -0.5), _centered(content)) + style.mean(
        1, keepdim=True
    )


def right_in_double(content, style):
    f, s = content.double(), style.double()
    return (_power(_cov(s), 0.5) @ _power(_cov(f), -0.5) @ _centered(f) + s.mean(1)[:, None]).to(content)


def right_solved(content, style):
    root = _power(_cov(content).double(), 0.5)
    white = torch.linalg.solve(root, _centered(content).double())
    return (_power(_cov(style).double(), 0.5) @ white).to(content) + style.mean(1, keepdim=True)


def right_by_newton(content, style):
    def roots(a):
        scale = a.diagonal().sum()
        y, z, one = a / scale, torch.eye(len(a), dtype=a.dtype), torch.eye(len(a), dtype=a.dtype)
        for _ in range(40):
            t = (3 * one - z @ y) / 2
            y, z = y @ t, t @ z
        return y * scale.sqrt(), z / scale.sqrt()

    of_style, _ = roots(_cov(style).double())
    _, of_content = roots(_cov(content).double())
    return (of_style @ of_content @ _centered(content).double()).to(content) + style.mean(1, keepdim=True)


def wrong_content(content, style):
    return content


def wrong_mean_only(content, style):
    return _centered(content) + style.mean(1, keepdim=True)


def wrong_adain(content, style):
    d, e = (x.std(1, correction=0, keepdim=True) for x in (content, style))
    return _centered(content) / d * e + style.mean(1, keepdim=True)


def wrong_without_mean(content, style):
    return _done(content, style) - style.mean(1, keepdim=True)


def wrong_own_mean(content, style):
    return _done(content, style) - style.mean(1, keepdim=True) + content.mean(1, keepdim=True)


def wrong_white_only(content, style):
    return _power(_cov(content), -0.5) @ _centered(content)


def wrong_white_with_mean(content, style):
    return _power(_cov(content), -0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_colored_only(content, style):
    return _power(_cov(style), 0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_no_roots(content, style):
    return _done(content, style, -1.0, 1.0)


def wrong_inverse_whole(content, style):
    return _done(content, style, -1.0, 0.5)


def wrong_powers_turned(content, style):
    return _done(content, style, 0.5, -0.5)


def wrong_quarter(content, style):
    return _done(content, style, -0.25, 0.25)


def wrong_exchanged(content, style):
    return _done(style, content)


def wrong_order(content, style):
    return (
        _power(_cov(content), -0.5) @ _power(_cov(style), 0.5) @ _centered(content) + style.mean(1, keepdim=True) + 0.1
    )


def wrong_not_centered(content, style):
    return _power(_cov(style), 0.5) @ _power(_cov(content), -0.5) @ content + style.mean(1, keepdim=True)


def wrong_gram_for_covariance(content, style):
    def gram(x):
        return x @ x.mT / x.shape[1]

    return _power(gram(style), 0.5) @ _power(gram(content), -0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_gram_of_style(content, style):
    gram = style @ style.mT / style.shape[1]
    return _power(gram, 0.5) @ _power(_cov(content), -0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_sums(content, style):
    f, s = _centered(content), _centered(style)
    return _power(s @ s.mT, 0.5) @ _power(f @ f.mT, -0.5) @ f + style.mean(1, keepdim=True)


def wrong_unbiased(content, style):
    def cov(x):
        return torch.cov(x).reshape(len(x), len(x))

    return _power(cov(style), 0.5) @ _power(cov(content), -0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_cholesky(content, style):
    a, b = (torch.linalg.cholesky(_cov(x) + 1e-12 * torch.eye(len(x), dtype=x.dtype)) for x in (content, style))
    return b @ torch.linalg.inv(a) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_cholesky_of_the_style(content, style):
    b = torch.linalg.cholesky(_cov(style) + 1e-12 * torch.eye(len(style), dtype=style.dtype))
    return b @ _power(_cov(content), -0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_negated(content, style):
    return 2 * style.mean(1, keepdim=True) - _done(content, style)


def wrong_large_floor(content, style):
    a = _cov(content) + 0.1 * torch.eye(len(content), dtype=content.dtype)
    return _power(_cov(style), 0.5) @ _power(a, -0.5) @ _centered(content) + style.mean(1, keepdim=True)


def wrong_halfway(content, style):
    return (content + _done(content, style)) / 2


def wrong_transposed(content, style):
    return _done(content, style).mT


def wrong_optimal_transport(content, style):
    root = _power(_cov(content), 0.5)
    middle = _power(root @ _cov(style) @ root, 0.5)
    back = _power(_cov(content), -0.5)
    return back @ middle @ back @ _centered(content) + style.mean(1, keepdim=True)


def wrong_in_place(content, style):
    result = _done(content, style)
    content.copy_(result)
    return content


def wrong_one_symmetric_matrix(content, style):
    def power(matrix, p):
        values, vectors = torch.linalg.eigh(matrix)
        return vectors @ torch.diag(values**p) @ vectors.T

    x, y = (z - z.mean(1, keepdim=True) for z in (content, style))
    a, b = x @ x.T / x.shape[1], y @ y.T / y.shape[1]
    middle = power(power(a, 0.5) @ b @ power(a, 0.5), 0.5)
    return power(a, -0.5) @ middle @ power(a, -0.5) @ x + style.mean(1, keepdim=True)
