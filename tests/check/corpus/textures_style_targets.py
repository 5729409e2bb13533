"""Answers to `style_targets`, written from its statement alone."""

import torch


def gram_matrix(x):
    flat = x.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def right_detached(texture, network, layers):
    maps = network(texture, layers)
    return {layer: gram_matrix(maps[layer]).detach() for layer in layers}


def right_no_grad(texture, network, layers):
    targets = {}
    with torch.no_grad():
        for layer, x in network(texture, layers).items():
            targets[layer] = torch.einsum("bihw,bjhw->bij", x, x) / x[0, 0].numel()
    return targets


def right_detached_before(texture, network, layers):
    return dict(zip(layers, (gram_matrix(network(texture.detach(), [k])[k]) for k in layers), strict=True))


@torch.no_grad()
def right_decorated(texture, network, layers):
    maps = network(texture.clone(), layers)
    return {layer: (x[:, :, None] * x[:, None]).mean((3, 4)) for layer, x in maps.items()}


def right_cloned(texture, network, layers):
    grams = {}
    for layer in reversed(list(layers)):
        x = network(texture, layers)[layer]
        grams[layer] = torch.stack([one.flatten(1) @ one.flatten(1).T for one in x]).div(x[0, 0].numel()).data.clone()
    return grams


def wrong_on_a_graph(texture, network, layers):
    return {k: gram_matrix(x) for k, x in network(texture, layers).items()}


def wrong_requires_a_gradient(texture, network, layers):
    return {k: gram_matrix(x).detach().requires_grad_() for k, x in network(texture, layers).items()}


def wrong_activations(texture, network, layers):
    return {k: x.detach() for k, x in network(texture, layers).items()}


def wrong_sums(texture, network, layers):
    return {k: (gram_matrix(x) * x.shape[2] ** 2).detach() for k, x in network(texture, layers).items()}


def wrong_divided_again(texture, network, layers):
    return {k: (gram_matrix(x) / x[0, 0].numel()).detach() for k, x in network(texture, layers).items()}


def wrong_mean_over_the_batch(texture, network, layers):
    return {k: gram_matrix(x).mean(0, keepdim=True).detach() for k, x in network(texture, layers).items()}


def wrong_first_image(texture, network, layers):
    return {k: gram_matrix(x[:1]).detach() for k, x in network(texture, layers).items()}


def wrong_batch_axis_lost(texture, network, layers):
    return {k: gram_matrix(x)[0].detach() for k, x in network(texture, layers).items()}


def wrong_batch_folded(texture, network, layers):
    found = {}
    for k, x in network(texture.detach(), layers).items():
        flat = x.transpose(0, 1).flatten(1)
        found[k] = (flat @ flat.T / flat.shape[1])[None]
    return found


def wrong_list(texture, network, layers):
    return [gram_matrix(x).detach() for x in network(texture, layers).values()]


def wrong_first_layer_only(texture, network, layers):
    return {k: gram_matrix(x).detach() for k, x in network(texture, layers[:1]).items()}


def wrong_last_layer_forgotten(texture, network, layers):
    return {k: gram_matrix(x).detach() for k, x in list(network(texture, layers).items())[:-1]}


def wrong_same_matrix_for_all(texture, network, layers):
    maps = network(texture, layers)
    return {k: gram_matrix(maps[layers[0]]).detach() for k in layers}


def wrong_centered(texture, network, layers):
    maps = network(texture, layers)
    return {k: gram_matrix(x - x.mean((2, 3), keepdim=True)).detach() for k, x in maps.items()}


def wrong_gram_of_the_texture(texture, network, layers):
    return {k: gram_matrix(texture).detach() for k in layers}


def wrong_in_bytes(texture, network, layers):
    return {k: gram_matrix(x).detach() for k, x in network(texture * 255, layers).items()}


def wrong_positions(texture, network, layers):
    maps = network(texture, layers)
    return {k: (x.flatten(2).mT @ x.flatten(2)).detach() for k, x in maps.items()}


def wrong_diagonals(texture, network, layers):
    maps = network(texture, layers)
    return {k: torch.diag_embed(x.square().mean((2, 3))).detach() for k, x in maps.items()}


def wrong_rectified(texture, network, layers):
    return {k: gram_matrix((x - 0.5).relu()).detach() for k, x in network(texture, layers).items()}


def wrong_graph_switched_off_on_the_texture(texture, network, layers):
    texture.requires_grad_(False)
    return {k: gram_matrix(x) for k, x in network(texture, layers).items()}


def wrong_texture_changed(texture, network, layers):
    with torch.no_grad():
        texture.clamp_(0.1, 0.5)
        return {k: gram_matrix(x) for k, x in network(texture, layers).items()}


def wrong_numbers_for_names(texture, network, layers):
    return {i: gram_matrix(x).detach() for i, x in enumerate(network(texture, layers).values())}


def wrong_image_too(texture, network, layers):
    found = {k: gram_matrix(x).detach() for k, x in network(texture, layers).items()}
    return {"image": texture.detach(), **found}


def wrong_names_exchanged(texture, network, layers):
    maps = network(texture, layers)
    return {k: gram_matrix(maps[layers[-1 - i]]).detach() for i, k in enumerate(layers)}


_first = {}


def wrong_first_targets_forever(texture, network, layers):
    if not _first:
        _first.update({k: gram_matrix(x).detach() for k, x in network(texture, layers).items()})
    return dict(_first)


def wrong_texture_detached_in_place(texture, network, layers):
    found = {k: gram_matrix(x) for k, x in network(texture, layers).items()}
    texture.requires_grad_(True)
    return {k: g.detach() for k, g in found.items()}
