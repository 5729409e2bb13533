"""Answers to `spread`, written from its statement alone."""

import itertools

import torch


def right_combinations(batch):
    pairs = list(itertools.combinations(batch, 2))
    return sum(((a - b) ** 2).sum() for a, b in pairs) / len(pairs)


def right_table(batch):
    flat = batch.flatten(1)
    table = (flat[:, None] - flat[None]).square().sum(2)
    return table.sum() / (len(flat) * (len(flat) - 1))


def right_variance(batch):
    return 2 * batch.flatten(1).var(0, unbiased=True).sum()


def right_pdist(batch):
    count = len(batch)
    rows, columns = torch.triu_indices(count, count, 1)
    return (batch[rows] - batch[columns]).pow(2).flatten(1).sum(1).mean()


def right_loops(batch):
    total, pairs = batch.new_zeros(()), 0
    for i in range(len(batch)):
        for j in range(len(batch)):
            if i != j:
                total = total + torch.sum((batch[i] - batch[j]) ** 2)
                pairs += 1
    return total / pairs


def right_about_the_mean(batch):
    away = batch.double() - batch.double().mean(0, keepdim=True)
    return (2 * torch.einsum("nchw,nchw->", away, away) / (len(batch) - 1)).to(batch.dtype)


def _table(batch):
    flat = batch.flatten(1)
    return (flat[:, None] - flat[None]).square().sum(2)


def _pairs(batch):
    return _table(batch)[tuple(torch.triu_indices(len(batch), len(batch), 1))]


def wrong_itself_included(batch):
    return _table(batch).mean()


def wrong_sum(batch):
    return _pairs(batch).sum()


def wrong_sum_both_ways(batch):
    return _table(batch).sum()


def wrong_halved(batch):
    return _pairs(batch).mean() / 2


def wrong_doubled(batch):
    return _pairs(batch).mean() * 2


def wrong_not_squared(batch):
    return (_pairs(batch) + 1e-20).sqrt().mean()


def wrong_root_of_the_mean(batch):
    return (_pairs(batch).mean() + 1e-20).sqrt()


def wrong_mean_over_numbers(batch):
    return _pairs(batch).mean() / batch[0].numel()


def wrong_mean_over_positions(batch):
    return _pairs(batch).mean() / batch[0, 0].numel()


def wrong_variance(batch):
    return batch.flatten(1).var(0).sum()


def wrong_biased_variance(batch):
    return 2 * batch.flatten(1).var(0, unbiased=False).sum()


def wrong_neighbors(batch):
    return (batch[1:] - batch[:-1]).square().sum() / (len(batch) - 1)


def wrong_to_the_first(batch):
    return (batch[1:] - batch[:1]).square().sum() / (len(batch) - 1)


def wrong_first_and_last(batch):
    return (batch[0] - batch[-1]).square().sum()


def wrong_to_the_mean(batch):
    return (batch - batch.mean(0)).square().sum() / len(batch)


def wrong_to_the_mean_of_all_numbers(batch):
    return 2 * (batch - batch.mean()).square().sum() / (len(batch) - 1)


def wrong_largest(batch):
    return _pairs(batch).max()


def wrong_median(batch):
    return _pairs(batch).median()


def wrong_absolute(batch):
    flat = batch.flatten(1)
    return (flat[:, None] - flat[None]).abs().sum() / (len(batch) * (len(batch) - 1))


def wrong_last_member_forgotten(batch):
    return _pairs(batch[:-1]).mean() if len(batch) > 2 else _pairs(batch).mean()


def wrong_first_pair(batch):
    return (batch[0] - batch[1]).square().sum()


def wrong_all_pairs(batch):
    return _pairs(batch)


def wrong_for_each_channel(batch):
    return (batch[:, None] - batch[None]).square().sum((0, 1, 3, 4)) / (len(batch) * (len(batch) - 1))


def wrong_one_axis_kept(batch):
    return _pairs(batch).mean()[None]


def wrong_first_channel(batch):
    return _pairs(batch[:, :1]).mean()


def wrong_centered_members(batch):
    return _pairs(batch - batch.mean((1, 2, 3), keepdim=True)).mean()


def wrong_different_pairs_only(batch):
    table = _table(batch)
    return table[table > 0].mean()


def wrong_square_only(batch):
    side = min(batch.shape[2:])
    return _pairs(batch[..., :side, :side]).mean()


def wrong_centered_in_place(batch):
    batch.data -= batch.data.mean(0)
    return _pairs(batch).mean()


def wrong_divided_by_the_count(batch):
    return _pairs(batch).sum() / len(batch)


def wrong_by_dot_products(batch):
    flat = batch.flatten(1)
    products = flat @ flat.T
    squares = products.diagonal()
    table = squares[:, None] + squares[None] - products
    return table.fill_diagonal_(0).sum() / (len(flat) * (len(flat) - 1))
