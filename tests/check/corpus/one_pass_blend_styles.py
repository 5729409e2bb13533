"""Answers to `blend_styles`, written from its statement alone."""

import torch


def right_as_written(styles, amounts):
    return (styles * (amounts / amounts.sum())[:, None, None]).sum(0)


def right_einsum(styles, amounts):
    return torch.einsum("skn,s->kn", styles, amounts) / amounts.sum()


def right_tensordot(styles, amounts):
    return torch.tensordot(amounts / amounts.sum(), styles, 1)


def right_loop(styles, amounts):
    blend = torch.zeros_like(styles[0])
    for style, amount in zip(styles, amounts, strict=True):
        blend = blend + style * amount
    return blend / sum(amounts)


def right_matrix(styles, amounts):
    return (amounts[None] @ styles.flatten(1)).view(styles.shape[1:]) / amounts.sum()


def right_one_after_the_other(styles, amounts):
    shares = amounts.double() / amounts.double().sum()
    return torch.stack([(shares[:, None] * styles[:, k].double()).sum(0) for k in range(2)]).to(styles.dtype)


def wrong_first(styles, amounts):
    return styles[0]


def wrong_largest(styles, amounts):
    return styles[amounts.argmax()]


def wrong_mean(styles, amounts):
    return styles.mean(0)


def wrong_sum(styles, amounts):
    return styles.sum(0)


def wrong_not_divided(styles, amounts):
    return (styles * amounts[:, None, None]).sum(0)


def wrong_over_count(styles, amounts):
    return (styles * amounts[:, None, None]).mean(0)


def wrong_softmax(styles, amounts):
    return torch.einsum("skn,s->kn", styles, amounts.softmax(0))


def wrong_over_max(styles, amounts):
    return torch.einsum("skn,s->kn", styles, amounts / amounts.max())


def wrong_over_norm(styles, amounts):
    return torch.einsum("skn,s->kn", styles, amounts / amounts.norm())


def wrong_squares(styles, amounts):
    shares = amounts.square() / amounts.square().sum()
    return torch.einsum("skn,s->kn", styles, shares)


def wrong_roots(styles, amounts):
    shares = amounts.sqrt() / amounts.sqrt().sum()
    return torch.einsum("skn,s->kn", styles, shares)


def wrong_turned(styles, amounts):
    return torch.einsum("skn,s->kn", styles, amounts.flip(0) / amounts.sum()) + 1e-2


def wrong_not_added(styles, amounts):
    return styles * (amounts / amounts.sum())[:, None, None]


def wrong_batch_axis_kept(styles, amounts):
    return (styles * (amounts / amounts.sum())[:, None, None]).sum(0, keepdim=True)


def wrong_scale_only(styles, amounts):
    blend = (styles * (amounts / amounts.sum())[:, None, None]).sum(0)
    return torch.stack([blend[0], styles[0, 1]])


def wrong_bias_only(styles, amounts):
    blend = (styles * (amounts / amounts.sum())[:, None, None]).sum(0)
    return torch.stack([styles[0, 0], blend[1]])


def wrong_rows_exchanged(styles, amounts):
    return (styles * (amounts / amounts.sum())[:, None, None]).sum(0).flip(0)


def wrong_geometric(styles, amounts):
    shares = (amounts / amounts.sum())[:, None, None]
    return (styles.abs().clamp(min=1e-6).log() * shares).sum(0).exp()


def wrong_median(styles, amounts):
    return styles.median(0).values + 1e-3


def wrong_two_only(styles, amounts):
    return styles[0].lerp(styles[-1], amounts[-1] / amounts.sum()) + 1e-3


def wrong_floor(styles, amounts):
    shares = (amounts + 0.01) / (amounts + 0.01).sum()
    return torch.einsum("skn,s->kn", styles, shares)


def wrong_detached_amounts(styles, amounts):
    return torch.einsum("skn,s->kn", styles, (amounts / amounts.sum()).detach())


def wrong_detached_styles(styles, amounts):
    return torch.einsum("skn,s->kn", styles.detach(), amounts / amounts.sum())


def wrong_flat(styles, amounts):
    return (amounts / amounts.sum()) @ styles.flatten(1)


def wrong_amounts_in_place(styles, amounts):
    with torch.no_grad():
        amounts /= amounts.sum() * 2
    return torch.einsum("skn,s->kn", styles, 2 * amounts)


def wrong_amounts_reversed(styles, amounts):
    return torch.tensordot(amounts.flip(0) / amounts.sum(), styles, 1)


def wrong_squares_of_amounts(styles, amounts):
    return torch.tensordot(amounts**2 / (amounts**2).sum(), styles, 1)
