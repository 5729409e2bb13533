import torch

from nstlib.dual import normalized
from nstlib.gram import gram_matrix


def _relative(found, target):
    return (found - target).square().mean() / target.square().mean()


def right_plain(image, content, gram, layer, band, weights):
    features = layer(image)
    structure = _relative(normalized(features), normalized(layer(content)))
    details = _relative(band(image), band(content))
    return weights[0] * structure + weights[1] * details + weights[2] * _relative(gram_matrix(features), gram)


def right_detached_targets(image, content, gram, layer, band, weights):
    with torch.no_grad():
        targets = [normalized(layer(content)), band(content), gram]
    features = layer(image)
    found = [normalized(features), band(image), gram_matrix(features)]
    return sum(w * _relative(f, t) for w, f, t in zip(weights, found, targets, strict=True))


def right_unpacked(image, content, gram, layer, band, weights):
    a, b, c = weights
    mse = torch.nn.functional.mse_loss
    x, p, s = layer(image), normalized(layer(content)), band(content)
    total = a * mse(normalized(x), p) / p.pow(2).mean() + b * mse(band(image), s) / s.pow(2).mean()
    return total + c * mse(gram_matrix(x), gram) / gram.pow(2).mean()


def right_sums(image, content, gram, layer, band, weights):
    features = layer(image)
    pairs = (
        (normalized(features), normalized(layer(content))),
        (band(image), band(content)),
        (gram_matrix(features), gram),
    )
    return sum(w * ((f - t) ** 2).sum() / (t**2).sum() for w, (f, t) in zip(weights, pairs, strict=True))


def right_stacked(image, content, gram, layer, band, weights):
    features = layer(image)
    terms = torch.stack(
        [
            _relative(normalized(features), normalized(layer(content))),
            _relative(band(image), band(content)),
            _relative(gram_matrix(features), gram),
        ]
    )
    return (terms * terms.new_tensor(weights)).sum()


def right_layer_twice(image, content, gram, layer, band, weights):
    total = weights[0] * _relative(normalized(layer(image)), normalized(layer(content)))
    total = total + weights[1] * _relative(band(image), band(content))
    return total + weights[2] * _relative(gram_matrix(layer(image)), gram)


def _terms(image, content, gram, layer, band, n=normalized, relative=_relative):
    features = layer(image)
    return (
        relative(n(features), n(layer(content))),
        relative(band(image), band(content)),
        relative(gram_matrix(features), gram),
    )


def _sum(terms, weights):
    return sum(w * t for w, t in zip(weights, terms, strict=True))


def wrong_no_structure(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), (0, *weights[1:]))


def wrong_no_details(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), (weights[0], 0, weights[2]))


def wrong_no_texture(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), (*weights[:2], 0))


def wrong_reversed_weights(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), weights[::-1])


def wrong_two_swapped(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), (weights[1], weights[0], weights[2]))


def wrong_weights_ignored(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), (1, 1, 1))


def wrong_weights_normalized(image, content, gram, layer, band, weights):
    total = sum(weights) or 1
    return _sum(_terms(image, content, gram, layer, band), [w / total for w in weights])


def wrong_not_normalized(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band, n=lambda x: x), weights)


def wrong_gram_of_normalized(image, content, gram, layer, band, weights):
    a, b, _ = _terms(image, content, gram, layer, band)
    return _sum((a, b, _relative(gram_matrix(normalized(layer(image))), gram)), weights)


def wrong_not_relative(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band, relative=lambda f, t: (f - t).square().mean()), weights)


def wrong_relative_to_found(image, content, gram, layer, band, weights):
    relative = lambda f, t: (f - t).square().mean() / f.square().mean()  # noqa: E731
    return _sum(_terms(image, content, gram, layer, band, relative=relative), weights)


def wrong_absolute(image, content, gram, layer, band, weights):
    relative = lambda f, t: (f - t).abs().mean() / t.abs().mean()  # noqa: E731
    return _sum(_terms(image, content, gram, layer, band, relative=relative), weights)


def wrong_root(image, content, gram, layer, band, weights):
    relative = lambda f, t: (_relative(f, t) + 1e-12).sqrt()  # noqa: E731
    return _sum(_terms(image, content, gram, layer, band, relative=relative), weights)


def wrong_sum_over_mean(image, content, gram, layer, band, weights):
    relative = lambda f, t: (f - t).square().sum() / t.square().mean()  # noqa: E731
    return _sum(_terms(image, content, gram, layer, band, relative=relative), weights)


def wrong_half(image, content, gram, layer, band, weights):
    return right_plain(image, content, gram, layer, band, weights) / 2


def wrong_band_of_features(image, content, gram, layer, band, weights):
    a, _, c = _terms(image, content, gram, layer, band)
    return _sum((a, _relative(band(layer(image)), band(layer(content))), c), weights)


def wrong_details_of_pixels(image, content, gram, layer, band, weights):
    a, _, c = _terms(image, content, gram, layer, band)
    return _sum((a, _relative(image, content), c), weights)


def wrong_absolute_band(image, content, gram, layer, band, weights):
    a, _, c = _terms(image, content, gram, layer, band)
    return _sum((a, _relative(band(image).abs(), band(content).abs()), c), weights)


def wrong_content_gram(image, content, gram, layer, band, weights):
    a, b, _ = _terms(image, content, gram, layer, band)
    return _sum((a, b, _relative(gram_matrix(layer(image)), gram_matrix(layer(content)))), weights)


def wrong_sum_gram(image, content, gram, layer, band, weights):
    a, b, _ = _terms(image, content, gram, layer, band)
    features = layer(image)
    return _sum((a, b, _relative(gram_matrix(features) * features[0, 0].numel(), gram)), weights)


def wrong_detached(image, content, gram, layer, band, weights):
    return right_plain(image.detach(), content, gram, layer, band, weights)


def wrong_texture_detached(image, content, gram, layer, band, weights):
    a, b, c = _terms(image, content, gram, layer, band)
    return _sum((a, b, c.detach()), weights)


def wrong_structure_detached(image, content, gram, layer, band, weights):
    a, b, c = _terms(image, content, gram, layer, band)
    return _sum((a.detach(), b, c), weights)


def wrong_item(image, content, gram, layer, band, weights):
    return right_plain(image, content, gram, layer, band, weights).item()


def wrong_three_terms(image, content, gram, layer, band, weights):
    return torch.stack(_terms(image, content, gram, layer, band)) * torch.tensor(weights)


def wrong_normalized_over_batch(image, content, gram, layer, band, weights):
    def n(x):
        left = x - x.mean((0, 2, 3), keepdim=True)
        return left / (left.square().mean((0, 2, 3), keepdim=True) + 1e-5).sqrt()

    return _sum(_terms(image, content, gram, layer, band, n=n), weights)


def wrong_image_and_content_swapped(image, content, gram, layer, band, weights):
    return right_plain(content, image, gram, layer, band, weights)


def wrong_product(image, content, gram, layer, band, weights):
    a, b, c = _terms(image, content, gram, layer, band)
    return weights[0] * a * weights[1] * b + weights[2] * c


def wrong_gram_in_place(image, content, gram, layer, band, weights):
    value = right_plain(image, content, gram, layer, band, weights)
    gram /= gram.norm()
    return value


def wrong_default_weights(image, content, gram, layer, band, weights):
    return _sum(_terms(image, content, gram, layer, band), [w or 1 for w in weights])
