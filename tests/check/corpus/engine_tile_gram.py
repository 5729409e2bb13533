import itertools

import torch


def right_plain(tiles):
    total, count = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total = total + vectors @ vectors.mT
        count += vectors.shape[-1]
    return total / count


def right_einsum(tiles):
    total, count = None, 0
    for tile in tiles:
        gram = torch.einsum("bihw,bjhw->bij", tile, tile)
        total = gram if total is None else total + gram
        count += tile.shape[2] * tile.shape[3]
    return total / count


def right_cat(tiles):
    vectors = torch.cat(list(tiles), dim=2).flatten(2)
    return torch.bmm(vectors, vectors.transpose(1, 2)) / vectors.shape[2]


def right_running_mean(tiles):
    mean, rows = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        gram = vectors @ vectors.mT / vectors.shape[-1]
        rows += tile.shape[2]
        mean = mean + (gram - mean) * (tile.shape[2] / rows)
    return mean


def right_double(tiles):
    total, count, dtype = 0, 0, None
    for tile in tiles:
        vectors = tile.double().flatten(2)
        total, count, dtype = total + vectors @ vectors.mT, count + vectors.shape[-1], tile.dtype
    return (total / count).to(dtype)


def right_weighted(tiles):
    parts = [(t.shape[2], t.flatten(2)) for t in tiles]
    whole = sum(h for h, _ in parts)
    return sum((v @ v.mT / v.shape[-1]) * (h / whole) for h, v in parts)


def right_rows(tiles):
    total, count = 0, 0
    for tile in tiles:
        for row in tile.unbind(2):
            total = total + row @ row.mT
            count += row.shape[-1]
    return total / count


def wrong_mean_of_means(tiles):
    grams = []
    for tile in tiles:
        vectors = tile.flatten(2)
        grams.append(vectors @ vectors.mT / vectors.shape[-1])
    return sum(grams) / len(grams)


def wrong_sum(tiles):
    return sum(t.flatten(2) @ t.flatten(2).mT for t in tiles)


def wrong_sum_of_means(tiles):
    return sum(t.flatten(2) @ t.flatten(2).mT / t[0, 0].numel() for t in tiles)


def wrong_by_rows(tiles):
    total, rows = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total, rows = total + vectors @ vectors.mT, rows + tile.shape[2]
    return total / rows


def wrong_last_only(tiles):
    for tile in tiles:
        vectors = tile.flatten(2)
        gram = vectors @ vectors.mT / vectors.shape[-1]
    return gram


def wrong_first_only(tiles):
    vectors = next(iter(tiles)).flatten(2)
    return vectors @ vectors.mT / vectors.shape[-1]


def wrong_last_forgotten(tiles):
    tiles = list(tiles)
    return right_plain(tiles[:-1] if len(tiles) > 1 else tiles)


def wrong_divided_by_last(tiles):
    total = 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total = total + vectors @ vectors.mT
    return total / vectors.shape[-1]


def wrong_divided_by_tiles(tiles):
    total, count = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total, count = total + vectors @ vectors.mT, count + 1
    return total / count


def wrong_twice_through(tiles):
    count = sum(t.shape[2] * t.shape[3] for t in tiles)
    return sum(t.flatten(2) @ t.flatten(2).mT for t in tiles) / count


def wrong_needs_list(tiles):
    total, count = 0, 0
    for i in range(len(tiles)):
        vectors = tiles[i].flatten(2)
        total, count = total + vectors @ vectors.mT, count + vectors.shape[-1]
    return total / count


def wrong_equal_heights(tiles):
    tiles = list(tiles)
    count = len(tiles) * tiles[0][0, 0].numel()
    return sum(t.flatten(2) @ t.flatten(2).mT for t in tiles) / count


def wrong_batch_folded(tiles):
    total, count = 0, 0
    for tile in tiles:
        vectors = tile.transpose(0, 1).flatten(1)[None]
        total, count = total + vectors @ vectors.mT, count + vectors.shape[-1]
    return total / count


def wrong_first_image(tiles):
    return right_plain(t[:1] for t in tiles)


def wrong_batch_counted(tiles):
    total, count = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total, count = total + vectors @ vectors.mT, count + tile[:, 0].numel()
    return total / count


def wrong_positions_gram(tiles):
    total, count = 0, 0
    for tile in tiles:
        total = total + tile.sum((2, 3))
        count += tile.shape[2] * tile.shape[3]
    mean = total / count
    return mean[:, :, None] * mean[:, None]


def wrong_centered(tiles):
    x = torch.cat(list(tiles), 2).flatten(2)
    x = x - x.mean(-1, keepdim=True)
    return x @ x.mT / x.shape[-1]


def wrong_centered_tiles(tiles):
    return right_plain(t - t.mean((2, 3), keepdim=True) for t in tiles)


def wrong_in_place_tile(tiles):
    total, count = 0, 0
    for tile in tiles:
        count += tile.shape[2] * tile.shape[3]
        with torch.no_grad():
            tile.mul_(1.5)
        vectors = tile.flatten(2)
        total = total + vectors @ vectors.mT / 2.25
    return total / count


def wrong_upper(tiles):
    return right_plain(tiles).triu()


def wrong_diagonal(tiles):
    return right_plain(tiles).diagonal(dim1=1, dim2=2)


def wrong_squeezed(tiles):
    return right_plain(tiles).squeeze()


def wrong_two_tiles(tiles):
    return right_plain(list(tiles)[:2])


def wrong_four_tiles(tiles):
    return right_plain(list(tiles)[:4])


def wrong_cut_to_least(tiles):
    tiles = list(tiles)
    h = min(t.shape[2] for t in tiles)
    return right_plain(t[:, :, :h] for t in tiles)


def wrong_overlap(tiles):
    tiles = list(tiles)
    extended = [torch.cat([a[:, :, -1:], b], 2) for a, b in itertools.pairwise(tiles)]
    return right_plain([tiles[0], *extended])


def wrong_one_rows_skipped(tiles):
    tiles = list(tiles)
    kept = [t for t in tiles if t.shape[2] > 1]
    return right_plain(kept or tiles)


def wrong_square_map(tiles):
    total, rows = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total, rows = total + vectors @ vectors.mT, rows + tile.shape[2]
    return total / rows**2


def wrong_cat_wrong_axis(tiles):
    x = torch.cat([t.flatten(2) for t in tiles], 1)
    return x @ x.mT / x.shape[-1]


def wrong_halved(tiles):
    return right_plain(tiles) / 2


def wrong_rectified(tiles):
    return right_plain(t.relu() for t in tiles)


def wrong_sum_before_product(tiles):
    total, count = 0, 0
    for tile in tiles:
        rows = tile.sum(3)
        total, count = total + rows @ rows.mT, count + tile.shape[2] * tile.shape[3]
    return total / count


_sums = {}


def wrong_goes_on(tiles):
    total, count = 0, 0
    for tile in tiles:
        vectors = tile.flatten(2)
        total, count = total + vectors @ vectors.mT, count + vectors.shape[-1]
    key = (tuple(total.shape), total.dtype)
    total, count = total + _sums.get(key, (0, 0))[0], count + _sums.get(key, (0, 0))[1]
    _sums[key] = (total.detach(), count)
    return total / count
