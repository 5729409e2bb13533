import torch

from nstlib.gram import gram_matrix


def _pairs(image, style, network, layers):
    found, wanted = network(image, layers), network(style, layers)
    return [(gram_matrix(found[name]), gram_matrix(wanted[name])) for name in layers]


def right_plain(image, style, network, layers):
    values = [(g - a).square().mean() / a.square().mean() for g, a in _pairs(image, style, network, layers)]
    return (sum(values) / len(values)).item()


def right_sums(image, style, network, layers):
    values = [((g - a) ** 2).sum() / (a**2).sum() for g, a in _pairs(image, style, network, layers)]
    return float(torch.stack(values).mean())


def right_layer_by_layer(image, style, network, layers):
    total = 0.0
    for name in layers:
        g, a = (gram_matrix(network(x, [name])[name]) for x in (image, style))
        total += float((g - a).square().mean() / a.square().mean())
    return total / len(layers)


def right_einsum(image, style, network, layers):
    found, wanted, values = network(image, layers), network(style, layers), []
    for name in layers:
        g, a = (torch.einsum("bihw,bjhw->bij", x, x) / x[0, 0].numel() for x in (found[name], wanted[name]))
        values.append(((g - a).norm() / a.norm()).item() ** 2)
    return sum(values) / len(values)


def right_no_grad(image, style, network, layers):
    with torch.no_grad():
        return right_plain(image, style, network, list(layers))


def right_numpy(image, style, network, layers):
    values = []
    for g, a in _pairs(image, style, network, layers):
        g, a = g.detach().double().numpy(), a.detach().double().numpy()
        values.append(((g - a) ** 2).mean() / (a**2).mean())
    return float(sum(values) / len(values))


def _mean(values):
    return float(sum(values) / len(values))


def wrong_by_image(image, style, network, layers):
    return _mean([(g - a).square().mean() / g.square().mean() for g, a in _pairs(image, style, network, layers)])


def wrong_swapped(image, style, network, layers):
    return right_plain(style, image, network, layers)


def wrong_not_relative(image, style, network, layers):
    return _mean([(g - a).square().mean() for g, a in _pairs(image, style, network, layers)])


def wrong_sum_of_layers(image, style, network, layers):
    return right_plain(image, style, network, layers) * len(layers)


def wrong_last_layer(image, style, network, layers):
    return right_plain(image, style, network, layers[-1:])


def wrong_first_layer(image, style, network, layers):
    return right_plain(image, style, network, layers[:1])


def wrong_last_forgotten(image, style, network, layers):
    return right_plain(image, style, network, layers[:-1] or layers)


def wrong_pooled(image, style, network, layers):
    pairs = _pairs(image, style, network, layers)
    return float(sum((g - a).square().sum() for g, a in pairs) / sum(a.square().sum() for _, a in pairs))


def wrong_pooled_means(image, style, network, layers):
    pairs = _pairs(image, style, network, layers)
    return float(sum((g - a).square().mean() for g, a in pairs) / sum(a.square().mean() for _, a in pairs))


def wrong_root(image, style, network, layers):
    return _mean([(g - a).norm() / a.norm() for g, a in _pairs(image, style, network, layers)])


def wrong_absolute(image, style, network, layers):
    return _mean([(g - a).abs().mean() / a.abs().mean() for g, a in _pairs(image, style, network, layers)])


def wrong_sums_for_means(image, style, network, layers):
    found, wanted = network(image, layers), network(style, layers)
    values = []
    for name in layers:
        g, a = (gram_matrix(x) * x[0, 0].numel() for x in (found[name], wanted[name]))
        values.append((g - a).square().mean() / a.square().mean())
    return _mean(values)


def wrong_entrywise(image, style, network, layers):
    pairs = _pairs(image, style, network, layers)
    return _mean([((g - a).square() / (a.square() + 1e-9)).mean() for g, a in pairs])


def wrong_quarter(image, style, network, layers):
    return right_plain(image, style, network, layers) / 4


def wrong_diagonal(image, style, network, layers):
    pairs = [(g.diagonal(dim1=1, dim2=2), a.diagonal(dim1=1, dim2=2)) for g, a in _pairs(image, style, network, layers)]
    return _mean([(g - a).square().mean() / a.square().mean() for g, a in pairs])


def wrong_features(image, style, network, layers):
    found, wanted = network(image, layers), network(style, layers)
    pairs = [(found[n].mean((2, 3)), wanted[n].mean((2, 3))) for n in layers]
    return _mean([(g - a).square().mean() / a.square().mean() for g, a in pairs])


def wrong_centered(image, style, network, layers):
    found, wanted = network(image, layers), network(style, layers)
    values = []
    for n in layers:
        g, a = (gram_matrix(x - x.mean((2, 3), keepdim=True)) for x in (found[n], wanted[n]))
        values.append((g - a).square().mean() / a.square().mean())
    return _mean(values)


def wrong_tensor_list(image, style, network, layers):
    return [float((g - a).square().mean() / a.square().mean()) for g, a in _pairs(image, style, network, layers)]


def wrong_dictionary(image, style, network, layers):
    return dict(zip(layers, wrong_tensor_list(image, style, network, layers), strict=True))


def wrong_epsilon(image, style, network, layers):
    pairs = _pairs(image, style, network, layers)
    return _mean([(g - a).square().mean() / (a.square().mean() + 0.1) for g, a in pairs])


def wrong_symmetric(image, style, network, layers):
    pairs = _pairs(image, style, network, layers)
    return _mean([2 * (g - a).square().mean() / (g.square().mean() + a.square().mean()) for g, a in pairs])


def wrong_clamped(image, style, network, layers):
    return min(right_plain(image, style, network, layers), 1.0)


def wrong_style_layers(image, style, network, layers):
    return right_plain(image, style, network, ["relu1_1", "relu2_1"])


def wrong_cropped(image, style, network, layers):
    h, w = min(image.shape[2], style.shape[2]), min(image.shape[3], style.shape[3])
    return right_plain(image[:, :, :h, :w], style[:, :, :h, :w], network, layers)


def wrong_resized(image, style, network, layers):
    style = torch.nn.functional.interpolate(style, image.shape[2:], mode="bilinear")
    return right_plain(image, style, network, layers)


def wrong_median(image, style, network, layers):
    return float(torch.tensor(wrong_tensor_list(image, style, network, layers)).median())


def wrong_maximum(image, style, network, layers):
    return max(wrong_tensor_list(image, style, network, layers))


def wrong_rounded(image, style, network, layers):
    return round(right_plain(image, style, network, layers), 2)


def wrong_layers_sorted_in_place(image, style, network, layers):
    layers.sort()
    return right_plain(image, style, network, layers)


def wrong_no_square(image, style, network, layers):
    return _mean([(g - a).mean() / a.mean() for g, a in _pairs(image, style, network, layers)])
