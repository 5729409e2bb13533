import torch
import torch.nn.functional as F


def _gram(features):
    vectors = features.flatten(2)
    return vectors @ vectors.mT / vectors.shape[-1]


def right_plain(features, target_gram):
    return (_gram(features) - target_gram).square().mean() / 4


def right_mse(features, target_gram):
    return 0.25 * F.mse_loss(_gram(features), target_gram)


def right_einsum(features, target_gram):
    _, c, h, w = features.shape
    gram = torch.einsum("bihw,bjhw->bij", features, features)
    return ((gram - target_gram * h * w) ** 2).sum() / (4 * c**2 * (h * w) ** 2)


def right_loop(features, target_gram):
    c, total = features.shape[1], 0
    for i in range(c):
        for j in range(c):
            total = total + ((features[0, i] * features[0, j]).mean() - target_gram[0, i, j]) ** 2
    return total / (4 * c * c)


def right_norm(features, target_gram):
    c = features.shape[1]
    return torch.linalg.matrix_norm(_gram(features) - target_gram)[0].square() / (4 * c * c)


def right_double(features, target_gram):
    value = (_gram(features.double()) - target_gram.double()).pow(2).mean() / 4
    return value.to(features.dtype)


def right_two_dimensional(features, target_gram):
    rows = features[0].reshape(features.shape[1], -1)
    return (rows.mm(rows.t()) / rows.shape[1] - target_gram[0]).pow(2).mean().div(4)


def wrong_sum_of_gram(features, target_gram):
    vectors = features.flatten(2)
    return (vectors @ vectors.mT - target_gram).square().mean() / 4


def wrong_half(features, target_gram):
    return (_gram(features) - target_gram).square().mean() / 2


def wrong_sum(features, target_gram):
    return (_gram(features) - target_gram).square().sum() / 4


def wrong_not_squared(features, target_gram):
    return (_gram(features) - target_gram).abs().mean() / 4


def wrong_root(features, target_gram):
    return (_gram(features) - target_gram).square().mean().sqrt() / 4


def wrong_by_channels(features, target_gram):
    return (_gram(features) - target_gram).square().sum() / (4 * features.shape[1])


def wrong_m_for_c(features, target_gram):
    m = features[0, 0].numel()
    return (_gram(features) - target_gram).square().sum() / (4 * m * m)


def wrong_positions(features, target_gram):
    vectors = features.flatten(2)
    return (vectors.mT @ vectors).mean() - target_gram.mean()


def wrong_diagonal_only(features, target_gram):
    difference = _gram(features) - target_gram
    return difference.diagonal(dim1=1, dim2=2).square().mean() / 4


def wrong_upper_only(features, target_gram):
    return (_gram(features) - target_gram).triu().square().mean() / 4


def wrong_detached(features, target_gram):
    return (_gram(features.detach()) - target_gram).square().mean() / 4


def wrong_item(features, target_gram):
    return right_plain(features, target_gram).item()


def wrong_gram_of_gram(features, target_gram):
    return (_gram(features) - _gram(target_gram[..., None])).square().mean() / 4


def wrong_per_image(features, target_gram):
    return (_gram(features) - target_gram).square().mean((1, 2)) / 4


def wrong_matrix(features, target_gram):
    return (_gram(features) - target_gram).square() / 4


def wrong_height_only(features, target_gram):
    vectors = features.flatten(2)
    gram = vectors @ vectors.mT / features.shape[2] ** 2
    return (gram - target_gram).square().mean() / 4


def wrong_centered(features, target_gram):
    return right_plain(features - features.mean((2, 3), keepdim=True), target_gram)


def wrong_target_normalized_too(features, target_gram):
    return (_gram(features) - target_gram / features[0, 0].numel()).square().mean() / 4


def wrong_sum_of_both(features, target_gram):
    return (_gram(features) + target_gram).square().mean() / 4


def wrong_square_of_mean(features, target_gram):
    return (_gram(features) - target_gram).mean().square() / 4


def wrong_relative_with_floor(features, target_gram):
    return (_gram(features) - target_gram).square().mean() / (target_gram.square().mean() + 1)


def wrong_in_place(features, target_gram):
    gram = _gram(features)
    return target_gram.sub_(gram).square().mean() / 4


def wrong_rectified(features, target_gram):
    return right_plain(features.relu(), target_gram)


def wrong_eighth(features, target_gram):
    return (_gram(features) - target_gram).square().mean() / 8


def wrong_channels_divided(features, target_gram):
    return (_gram(features) / features.shape[1] - target_gram).square().mean() / 4


def wrong_64_channels(features, target_gram):
    return (_gram(features) - target_gram).square().sum() / (4 * 64**2)


def wrong_reshaped_wrongly(features, target_gram):
    vectors = features.permute(0, 2, 3, 1).reshape(1, features.shape[1], -1)
    return (vectors @ vectors.mT / vectors.shape[-1] - target_gram).square().mean() / 4


def wrong_negative(features, target_gram):
    return -(_gram(features) - target_gram).square().mean() / 4


_first = []


def wrong_keeps_first_target(features, target_gram):
    _first.append(target_gram)
    return right_plain(features, _first[0] if _first[0].shape == target_gram.shape else target_gram)


def wrong_squares_of_each(features, target_gram):
    return (_gram(features).square() - target_gram.square()).mean() / 4
