"""Answers to `gram_matrix`, written from its statement alone."""

import torch


def right_einsum(features):
    return torch.einsum("bihw,bjhw->bij", features, features) / (features.shape[2] * features.shape[3])


def right_loops(features):
    batch, channels, height, width = features.shape
    gram = features.new_zeros(batch, channels, channels)
    for b in range(batch):
        for i in range(channels):
            for j in range(channels):
                gram[b, i, j] = (features[b, i] * features[b, j]).sum() / (height * width)
    return gram


def right_bmm(features):
    flat = features.reshape(features.shape[0], features.shape[1], -1)
    return torch.bmm(flat, flat.transpose(1, 2)).div(flat.size(2))


def right_mean_of_products(features):
    return (features[:, :, None] * features[:, None]).mean((3, 4))


def right_outer_products_of_positions(features):
    gram = 0
    for row in features.unbind(2):
        for at in row.unbind(2):
            gram = gram + at[:, :, None] * at[:, None, :]
    return gram / (features.shape[2] * features.shape[3])


def right_in_float64(features):
    grams = [torch.cov(one.flatten(1).double(), correction=0).reshape(len(one), len(one)) for one in features]
    means = features.double().mean((2, 3))
    return (torch.stack(grams) + means[:, :, None] * means[:, None]).to(features.dtype)


def right_in_place_on_a_copy(features):
    flat = features.permute(0, 2, 3, 1).flatten(1, 2).clone()
    flat /= flat.shape[1] ** 0.5
    return flat.mT @ flat


def _gram(features):
    flat = features.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def wrong_by_twice_all_numbers(features):
    return _gram(features) / (2 * features.shape[1])


def wrong_by_the_batch(features):
    return _gram(features) / len(features)


def wrong_by_the_height_squared(features):
    flat = features.flatten(2)
    return flat @ flat.mT / features.shape[2] ** 2


def wrong_by_the_width(features):
    flat = features.flatten(2)
    return flat @ flat.mT / features.shape[3]


def wrong_by_one_less(features):
    flat = features.flatten(2)
    return flat @ flat.mT / max(flat.shape[2] - 1, 1)


def wrong_positions(features):
    flat = features.flatten(2)
    return flat.mT @ flat / flat.shape[2]


def wrong_batch_folded(features):
    flat = features.transpose(0, 1).flatten(1)
    return (flat @ flat.T / flat.shape[1])[None]


def wrong_batch_folded_and_expanded(features):
    flat = features.transpose(0, 1).flatten(1)
    return (flat @ flat.T / flat.shape[1]).expand(len(features), -1, -1)


def wrong_first_image(features):
    return _gram(features[:1])


def wrong_first_image_for_all(features):
    return _gram(features[:1]).expand(len(features), -1, -1)


def wrong_images_as_channels(features):
    flat = features.flatten(0, 1).flatten(1)
    return flat @ flat.T / flat.shape[1]


def wrong_centered(features):
    flat = features.flatten(2)
    flat = flat - flat.mean(2, keepdim=True)
    return flat @ flat.mT / flat.shape[2]


def wrong_normalized(features):
    flat = torch.nn.functional.normalize(features.flatten(2), dim=2)
    return flat @ flat.mT


def wrong_viewed(features):
    flat = features.permute(0, 2, 3, 1).reshape(len(features), features.shape[1], -1)
    return flat @ flat.mT / flat.shape[2]


def wrong_diagonal(features):
    return torch.diag_embed(features.square().mean((2, 3)))


def wrong_powers_only(features):
    return features.square().mean((2, 3))


def wrong_upper_half(features):
    return _gram(features).triu()


def wrong_without_diagonal(features):
    gram = _gram(features)
    return gram - torch.diag_embed(gram.diagonal(dim1=1, dim2=2))


def wrong_root(features):
    gram = _gram(features)
    return gram.sign() * (gram.abs() + 1e-12).sqrt()


def wrong_absolute(features):
    return _gram(features.abs())


def wrong_rectified(features):
    return _gram(features.relu())


def wrong_absolute_products(features):
    return _gram(features).abs()


def wrong_detached(features):
    return _gram(features.detach())


def wrong_one_side_detached(features):
    flat = features.flatten(2)
    return flat @ flat.detach().mT / flat.shape[2]


def wrong_square_only(features):
    side = min(features.shape[2:])
    return _gram(features[..., :side, :side])


def wrong_last_position_forgotten(features):
    flat = features.flatten(2)
    return flat[..., :-1] @ flat[..., :-1].mT / flat.shape[2]


def wrong_columns_averaged_first(features):
    rows = features.mean(3)
    return rows @ rows.mT / rows.shape[2]


def wrong_means(features):
    means = features.mean((2, 3))
    return means[:, :, None] * means[:, None]


def wrong_in_place(features):
    flat = features.data.flatten(2)
    flat /= flat.shape[2] ** 0.5
    return flat @ flat.mT


def wrong_small_number_added(features):
    return _gram(features) + 1e-3


def wrong_squeezed(features):
    return _gram(features).squeeze()


def wrong_in_halves(features):
    return _gram(features.bfloat16()).to(features.dtype)


_last = {}


def wrong_kept_by_shape(features):
    if features.shape not in _last:
        _last[features.shape] = _gram(features)
    return _last[features.shape]


def wrong_running_mean(features):
    gram = _gram(features)
    before = _last.get(("mean", features.shape, features.dtype))
    _last["mean", features.shape, features.dtype] = gram.detach()
    return gram if before is None else (gram + before) / 2


def wrong_images_as_channels_by_view(features):
    B, C, H, W = features.shape
    f = features.view(B * C, H * W)
    return f @ f.t() / (H * W)


def wrong_mean_of_everything(features):
    f = features.flatten(2)
    return (f @ f.mT).mean()


def wrong_rows_with_columns(features):
    return features @ features.transpose(2, 3) / (features.shape[2] * features.shape[3])


def wrong_correlation(features):
    return torch.stack([torch.corrcoef(f.flatten(1)) for f in features])


def wrong_einsum_without_the_batch(features):
    H, W = features.shape[2:]
    return torch.einsum("bchw,bdhw->cd", features, features) / (H * W)


def wrong_divided_by_the_height_times_the_width(features):
    B, C, H, W = features.shape
    f = features.reshape(B, C, H * W)
    return f @ f.mT / H * W
