import math

import torch


def right_loop(content, styles, weights, alpha, beta):
    total = alpha * content
    for layer, loss in styles.items():
        total = total + beta * weights[layer] * loss
    return total


def right_sum(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[layer] * styles[layer] for layer in styles)


def right_stack(content, styles, weights, alpha, beta):
    names = sorted(styles)
    losses = torch.stack([styles[n] for n in names])
    return alpha * content + beta * (losses * losses.new_tensor([weights[n] for n in names])).sum()


def right_by_weights(content, styles, weights, alpha, beta):
    style = content.new_zeros(())
    for layer, weight in weights.items():
        style += weight * styles[layer]
    return content * alpha + style * beta


def right_dot(content, styles, weights, alpha, beta):
    keys = list(weights)
    numbers = torch.tensor([float(weights[k]) for k in keys], dtype=content.dtype)
    return torch.dot(torch.stack([styles[k] for k in keys]), numbers) * beta + content * alpha


def right_fsum_free(content, styles, weights, alpha, beta):
    terms = [content.mul(alpha), *(styles[k].mul(w).mul(beta) for k, w in weights.items())]
    return torch.stack(terms).sum()


def wrong_by_order(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(w * s for w, s in zip(weights.values(), styles.values(), strict=True))


def wrong_swapped(content, styles, weights, alpha, beta):
    return right_sum(content, styles, weights, beta, alpha)


def wrong_no_beta(content, styles, weights, alpha, beta):
    return alpha * content + sum(weights[k] * styles[k] for k in styles)


def wrong_no_alpha(content, styles, weights, alpha, beta):
    return content + beta * sum(weights[k] * styles[k] for k in styles)


def wrong_no_weights(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(styles.values())


def wrong_mean(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k] for k in styles) / len(styles)


def wrong_normalized_weights(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k] for k in styles) / sum(weights.values())


def wrong_item(content, styles, weights, alpha, beta):
    return right_sum(content, styles, weights, alpha, beta).item()


def wrong_detached_style(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k].item() for k in styles)


def wrong_detached_content(content, styles, weights, alpha, beta):
    return alpha * content.item() + beta * sum(weights[k] * styles[k] for k in styles)


def wrong_last_only(content, styles, weights, alpha, beta):
    for k in styles:
        total = alpha * content + beta * weights[k] * styles[k]
    return total


def wrong_content_each_layer(content, styles, weights, alpha, beta):
    return sum(alpha * content + beta * weights[k] * styles[k] for k in styles)


def wrong_last_forgotten(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k] for k in list(styles)[:-1])


def wrong_first_forgotten(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k] for k in list(styles)[1:])


def wrong_in_place(content, styles, weights, alpha, beta):
    for k in styles:
        styles[k] = styles[k] * weights[k]
    return alpha * content + beta * sum(styles.values())


def wrong_pops(content, styles, weights, alpha, beta):
    total = alpha * content
    while styles:
        k, loss = styles.popitem()
        total = total + beta * weights[k] * loss
    return total


def wrong_product(content, styles, weights, alpha, beta):
    return alpha * content * beta * sum(weights[k] * styles[k] for k in styles)


def wrong_difference(content, styles, weights, alpha, beta):
    return alpha * content - beta * sum(weights[k] * styles[k] for k in styles)


def wrong_ratio(content, styles, weights, alpha, beta):
    return content + beta / alpha * sum(weights[k] * styles[k] for k in styles) if alpha else content


def wrong_normalized(content, styles, weights, alpha, beta):
    return right_sum(content, styles, weights, alpha, beta) / (alpha + beta)


def wrong_beta_each_power(content, styles, weights, alpha, beta):
    total = 0
    for k in styles:
        total = (total + weights[k] * styles[k]) * beta
    return alpha * content + total


def wrong_sorted_values(content, styles, weights, alpha, beta):
    names, values = sorted(styles), list(weights.values())
    return alpha * content + beta * sum(values[i] * styles[k] for i, k in enumerate(names))


def wrong_squared(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k] ** 2 for k in styles)


def wrong_five_layers(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum(weights[k] * styles[k] for k in list(styles)[:5])


def wrong_pair(content, styles, weights, alpha, beta):
    return alpha * content, beta * sum(weights[k] * styles[k] for k in styles)


def wrong_shape_one(content, styles, weights, alpha, beta):
    return right_sum(content, styles, weights, alpha, beta).reshape(1)


def wrong_new_tensor(content, styles, weights, alpha, beta):
    return torch.tensor(math.fsum([alpha * content, *(beta * weights[k] * styles[k] for k in styles)]))


def wrong_alpha_everywhere(content, styles, weights, alpha, beta):
    return alpha * (content + beta * sum(weights[k] * styles[k] for k in styles))


def wrong_default_weight(content, styles, weights, alpha, beta):
    return alpha * content + beta * sum((weights[k] or 1) * styles[k] for k in styles)


def wrong_default_alpha(content, styles, weights, alpha, beta):
    return right_sum(content, styles, weights, alpha or 1, beta or 1)


def wrong_content_damaged(content, styles, weights, alpha, beta):
    with torch.no_grad():
        content *= alpha
    return content + beta * sum(weights[k] * styles[k] for k in styles)
