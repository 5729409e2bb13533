"""Right answers to the exercises of the chapter on occlusion, each in another way than the reference."""

import itertools

import torch


def occlusion_one_by_one(score, image, size, stride, value):
    rows = (image.shape[2] - size) // stride + 1
    columns = (image.shape[3] - size) // stride + 1
    result = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            covered = image.clone()
            covered[:, :, i * stride : i * stride + size, j * stride : j * stride + size] = value
            result[i, j] = score(image).item() - score(covered).item()
    return result


def occlusion_all_at_once(score, image, size, stride, value):
    tops = range(0, image.shape[-2] - size + 1, stride)
    lefts = range(0, image.shape[-1] - size + 1, stride)
    copies = []
    for top, left in itertools.product(tops, lefts):
        mask = torch.zeros_like(image, dtype=torch.bool)
        mask[..., top : top + size, left : left + size] = True
        copies.append(image.masked_fill(mask, value))
    scores = score(torch.cat([image, *copies]))
    return (scores[0] - scores[1:]).reshape(len(tops), len(lefts)).double()


def occlusion_as_nested_lists(score, image, size, stride, value):
    def drop(top, left):
        square = torch.full_like(image[..., top : top + size, left : left + size], value)
        changed = image.clone()
        changed[..., top : top + size, left : left + size] = square
        return float(score(image) - score(changed))

    tops = [top for top in range(image.shape[2]) if top % stride == 0 and top + size <= image.shape[2]]
    lefts = [left for left in range(image.shape[3]) if left % stride == 0 and left + size <= image.shape[3]]
    return [[drop(top, left) for left in lefts] for top in tops]


def occlusion_row_by_row(score, image, size, stride, value):
    whole, rows = score(image), []
    for top in range(0, image.shape[2] - size + 1, stride):
        copies = torch.cat([image] * len(range(0, image.shape[3] - size + 1, stride)))
        for k, copy in enumerate(copies):
            copy[:, top : top + size, k * stride : k * stride + size] = value
        rows.append(whole - score(copies))
    return torch.stack(rows).numpy()


ANSWERS = {
    "occlusion_map": (
        occlusion_one_by_one,
        occlusion_all_at_once,
        occlusion_as_nested_lists,
        occlusion_row_by_row,
    ),
}
