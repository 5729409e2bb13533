"""Answers to `masked_gram`, written from its statement alone."""

import torch


def right_einsum(features, mask):
    products = torch.einsum("bihw,bjhw,bkhw->bij", features, features, mask)
    return products / mask.flatten(1).sum(1)[:, None, None]


def right_matmul(features, mask):
    f, m = features.flatten(2), mask.flatten(2)
    return (f * m) @ f.transpose(1, 2) / m.sum(2, keepdim=True)


def right_mean_of_products(features, mask):
    products = features[:, :, None] * features[:, None]  # (B, C, C, H, W)
    weights = mask[:, :, None]
    return (products * weights).sum((3, 4)) / weights.sum((3, 4))


def right_loops(features, mask):
    b, c = features.shape[:2]
    gram = torch.zeros(b, c, c, dtype=features.dtype)
    for k in range(b):
        for i in range(c):
            for j in range(c):
                gram[k, i, j] = (features[k, i] * features[k, j] * mask[k, 0]).sum() / mask[k, 0].sum()
    return gram


def right_mean_over_mean(features, mask):
    f = features.flatten(2)
    part = (f * mask.flatten(2)) @ f.mT / f.shape[2]
    return part / mask.mean((2, 3)).unsqueeze(2)


def right_softly(features, mask):
    share = mask / mask.sum((2, 3), keepdim=True)
    return torch.einsum("bihw,bjhw->bij", features * share, features)


def right_image_by_image(features, mask):
    grams = []
    for f, m in zip(features, mask, strict=True):
        rows, weights = f.flatten(1), m.flatten()
        grams.append(rows @ torch.diag(weights) @ rows.T / weights.sum())
    return torch.stack(grams)


def wrong_all_positions(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT / f.shape[2]


def wrong_cut_out(features, mask):
    f = (features * mask).flatten(2)
    return f @ f.mT / f.shape[2]


def wrong_mask_in_both(features, mask):
    f = (features * mask).flatten(2)
    return f @ f.mT / mask.sum((2, 3)).unsqueeze(2)


def wrong_roots_of_all(features, mask):
    f = (features * mask.sqrt()).flatten(2)
    return f @ f.mT / mask.sqrt().sum((2, 3)).unsqueeze(2)


def wrong_sum(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT


def wrong_counted(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT / (mask > 0).sum((2, 3)).unsqueeze(2)


def wrong_by_maximum(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT / mask.amax((2, 3)).unsqueeze(2)


def wrong_above_half(features, mask):
    return right_matmul(features, (mask > 0.5).to(mask) + 1e-12)


def wrong_above_zero(features, mask):
    return right_matmul(features, (mask > 0).to(mask))


def wrong_outside(features, mask):
    return right_matmul(features, 1 - mask + 1e-9)


def wrong_mask_forgotten(features, mask):
    f = features.flatten(2)
    return f @ f.mT / f.shape[2]


def wrong_batch_area(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT / mask.sum()


def wrong_batch_mean_area(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT / mask.sum() * len(mask)


def wrong_first_mask(features, mask):
    return right_matmul(features, mask[:1].expand_as(mask))


def wrong_masks_averaged(features, mask):
    return right_matmul(features, mask.mean(0, keepdim=True).expand_as(mask))


def wrong_first_image(features, mask):
    return right_matmul(features[:1], mask[:1])


def wrong_batch_summed(features, mask):
    return right_matmul(features, mask).sum(0)


def wrong_centered(features, mask):
    f, m = features.flatten(2), mask.flatten(2)
    f = f - (f * m).sum(2, keepdim=True) / m.sum(2, keepdim=True)
    return (f * m) @ f.mT / m.sum(2, keepdim=True)


def wrong_positions(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)).mT @ f / mask.sum((2, 3)).unsqueeze(2)


def wrong_over_channels_too(features, mask):
    return right_matmul(features, mask) / features.shape[1]


def wrong_small_number(features, mask):
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT / (mask.sum((2, 3)).unsqueeze(2) + 0.1)


def wrong_detached(features, mask):
    return right_matmul(features.detach(), mask)


def wrong_one_side_detached(features, mask):
    f, m = features.flatten(2), mask.flatten(2)
    return (f.detach() * m) @ f.mT / m.sum(2, keepdim=True)


def wrong_in_place(features, mask):
    features.data.mul_(mask)
    f = features.flatten(2)
    return f @ f.mT / mask.sum((2, 3)).unsqueeze(2)


def wrong_mask_normalized_in_place(features, mask):
    mask.data.div_(mask.sum((2, 3), keepdim=True))
    f = features.flatten(2)
    return (f * mask.flatten(2)) @ f.mT


def wrong_diagonal(features, mask):
    return (features.square() * mask).sum((2, 3)) / mask.sum((2, 3))


def wrong_transposed_mask(features, mask):
    f = features.flatten(2)
    return (f * mask.mT.flatten(2)) @ f.mT / mask.sum((2, 3)).unsqueeze(2)


def wrong_means(features, mask):
    mean = (features * mask).sum((2, 3)) / mask.sum((2, 3))
    return mean[:, :, None] * mean[:, None]
