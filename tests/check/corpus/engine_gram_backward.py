import torch


def _rows(features):
    return features.flatten(2)


def right_plain(features, gradient):
    f = _rows(features)
    return ((gradient + gradient.mT) @ f / f.shape[-1]).view(features.shape)


def right_two_terms(features, gradient):
    f = _rows(features)
    return ((gradient @ f + gradient.transpose(1, 2) @ f) / f.shape[2]).reshape_as(features)


def right_einsum(features, gradient):
    n = features.shape[2] * features.shape[3]
    a = torch.einsum("bij,bjhw->bihw", gradient, features)
    return (a + torch.einsum("bji,bjhw->bihw", gradient, features)) / n


def right_loop(features, gradient):
    out = torch.zeros_like(features)
    n = features[0, 0].numel()
    for b in range(features.shape[0]):
        for i in range(features.shape[1]):
            for j in range(features.shape[1]):
                out[b, i] += gradient[b, i, j] * features[b, j] / n
                out[b, j] += gradient[b, i, j] * features[b, i] / n
    return out


def right_numpy(features, gradient):
    f, g = features.numpy(), gradient.numpy()
    b, c, h, w = f.shape
    rows = f.reshape(b, c, h * w)
    return torch.from_numpy((((g + g.transpose(0, 2, 1)) @ rows) / (h * w)).reshape(b, c, h, w))


def right_convolution(features, gradient):
    both = gradient + gradient.mT
    images = [torch.nn.functional.conv2d(x[None], k[:, :, None, None]) for x, k in zip(features, both, strict=True)]
    return torch.cat(images) / (features.shape[2] * features.shape[3])


def right_float64(features, gradient):
    return right_plain(features.double(), gradient.double()).to(features.dtype)


def _by(matrix, features, divisor=None):
    f = _rows(features)
    return (matrix @ f / (divisor or f.shape[-1])).view(features.shape)


def wrong_first_term(features, gradient):
    return _by(gradient, features)


def wrong_second_term(features, gradient):
    return _by(gradient.mT, features)


def wrong_doubled(features, gradient):
    return _by(2 * gradient, features)


def wrong_doubled_transpose(features, gradient):
    return _by(2 * gradient.mT, features)


def wrong_mean_of_both(features, gradient):
    return _by((gradient + gradient.mT) / 2, features)


def wrong_not_divided(features, gradient):
    return _by(gradient + gradient.mT, features, 1)


def wrong_by_height(features, gradient):
    return _by(gradient + gradient.mT, features, features.shape[2])


def wrong_by_height_squared(features, gradient):
    return _by(gradient + gradient.mT, features, features.shape[2] ** 2)


def wrong_by_all(features, gradient):
    return _by(gradient + gradient.mT, features, features[0].numel())


def wrong_by_batch(features, gradient):
    return _by(gradient + gradient.mT, features, features[:, 0].numel())


def wrong_difference(features, gradient):
    return _by(gradient - gradient.mT, features)


def wrong_negative(features, gradient):
    return _by(-gradient - gradient.mT, features)


def wrong_first_gradient(features, gradient):
    return _by(gradient[:1] + gradient[:1].mT, features)


def wrong_last_gradient(features, gradient):
    return _by(gradient[-1:] + gradient[-1:].mT, features)


def wrong_mean_gradient(features, gradient):
    mean = gradient.mean(0, keepdim=True)
    return _by(mean + mean.mT, features)


def wrong_diagonal_only(features, gradient):
    return _by(2 * torch.diag_embed(gradient.diagonal(dim1=1, dim2=2)), features)


def wrong_diagonal_once(features, gradient):
    both = gradient + gradient.mT
    return _by(both - torch.diag_embed(gradient.diagonal(dim1=1, dim2=2)), features)


def wrong_flat(features, gradient):
    return right_plain(features, gradient).flatten(2)


def wrong_squeezed(features, gradient):
    return right_plain(features, gradient).squeeze(0)


def wrong_places_mixed(features, gradient):
    f = features.permute(0, 2, 3, 1).reshape(features.shape[0], features.shape[1], -1)
    return ((gradient + gradient.mT) @ f / f.shape[-1]).reshape(features.shape)


def wrong_gradient_in_place(features, gradient):
    gradient += gradient.mT.clone()
    return _by(gradient, features)


def wrong_features_in_place(features, gradient):
    result = right_plain(features, gradient)
    features.copy_(result)
    return features


def wrong_features_scaled(features, gradient):
    n = features[0, 0].numel()
    features /= n
    return _by(gradient + gradient.mT, features, 1)


def wrong_rectified(features, gradient):
    return right_plain(features, gradient) * (features > 0)


def wrong_centered(features, gradient):
    return right_plain(features - features.mean((2, 3), keepdim=True), gradient)


def wrong_matrix(features, gradient):
    f = _rows(features)
    return gradient @ (f @ f.mT) / f.shape[-1]


def wrong_scalar(features, gradient):
    return right_plain(features, gradient).sum()


def wrong_absolute(features, gradient):
    return right_plain(features, gradient).abs()


def wrong_upper(features, gradient):
    return _by((gradient + gradient.mT).triu(), features)


def wrong_first_image_only(features, gradient):
    out = torch.zeros_like(features)
    out[:1] = right_plain(features[:1], gradient[:1])
    return out


def wrong_last_column(features, gradient):
    out = right_plain(features, gradient).clone()
    out[..., -1] = 0
    return out
