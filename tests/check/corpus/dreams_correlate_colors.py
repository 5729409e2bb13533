import numpy as np
import torch
import torch.nn.functional as F


def _scaled(matrix):
    return matrix / matrix.square().sum(0).sqrt().max()


def right_einsum(image, matrix):
    return torch.einsum("ij,bjhw->bihw", _scaled(matrix), image)


def right_matmul(image, matrix):
    m = matrix / torch.linalg.norm(matrix, dim=0).max()
    return (m @ image.flatten(2)).view(image.shape)


def right_conv(image, matrix):
    return F.conv2d(image, _scaled(matrix)[:, :, None, None])


def right_loop(image, matrix):
    longest = max(matrix[:, j].norm() for j in range(3))
    out = torch.zeros_like(image)
    for i in range(3):
        for j in range(3):
            out[:, i] = out[:, i] + matrix[i, j] / longest * image[:, j]
    return out


def right_tensordot(image, matrix):
    return torch.tensordot(image, _scaled(matrix), dims=([1], [1])).permute(0, 3, 1, 2)


def right_columns(image, matrix):
    parts = [image[:, j : j + 1] * matrix[:, j].view(1, 3, 1, 1) for j in range(3)]
    return sum(parts) / matrix.pow(2).sum(0).max().sqrt()


def right_linear(image, matrix):
    return F.linear(image.movedim(1, -1), _scaled(matrix)).movedim(-1, 1)


def wrong_not_scaled(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix, image)


def wrong_rows(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.norm(dim=1).max(), image)


def wrong_transposed(image, matrix):
    return torch.einsum("ji,bjhw->bihw", _scaled(matrix), image)


def wrong_rows_transposed(image, matrix):
    return torch.einsum("ji,bjhw->bihw", matrix / matrix.norm(dim=1).max(), image)


def wrong_each_column(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.norm(dim=0), image)


def wrong_each_row(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.norm(dim=1, keepdim=True), image)


def wrong_frobenius(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.norm(), image)


def wrong_spectral(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / torch.linalg.matrix_norm(matrix, 2), image)


def wrong_largest_entry(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.abs().max(), image)


def wrong_absolute_sum(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.abs().sum(0).max(), image)


def wrong_shortest(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.norm(dim=0).min(), image)


def wrong_mean_length(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.norm(dim=0).mean(), image)


def wrong_first_column(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix[:, 0].norm(), image)


def wrong_last_column(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix[:, 2].norm(), image)


def wrong_no_root(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.square().sum(0).max(), image)


def wrong_signed_max(image, matrix):
    return torch.einsum("ij,bjhw->bihw", matrix / matrix.sum(0).abs().max().clamp(min=1e-6), image)


def wrong_sigmoid(image, matrix):
    return right_einsum(image, matrix).sigmoid()


def wrong_clamped(image, matrix):
    return right_einsum(image, matrix).clamp(0, 1)


def wrong_image_clamped(image, matrix):
    return right_einsum(image.clamp(0, 1), matrix)


def wrong_by_three(image, matrix):
    return right_einsum(image, matrix) / 3


def wrong_inverse(image, matrix):
    return torch.einsum("ij,bjhw->bihw", torch.linalg.pinv(_scaled(matrix)), image)


def wrong_detached(image, matrix):
    return right_einsum(image.detach(), matrix)


def wrong_numpy(image, matrix):
    m = matrix.numpy()
    m = m / np.linalg.norm(m, axis=0).max()
    return torch.from_numpy(np.einsum("ij,bjhw->bihw", m, image.detach().numpy()))


def wrong_matrix_in_place(image, matrix):
    matrix /= matrix.norm(dim=0).max()
    return torch.einsum("ij,bjhw->bihw", matrix, image)


def wrong_first_image(image, matrix):
    return right_einsum(image[:1], matrix)


def wrong_channels_last(image, matrix):
    return torch.einsum("ij,bjhw->bhwi", _scaled(matrix), image)


def wrong_squeezed(image, matrix):
    return right_einsum(image, matrix).squeeze()


def wrong_view(image, matrix):
    return (image.reshape(image.shape[0], -1, 3) @ _scaled(matrix).mT).reshape(image.shape)


def wrong_own_color_only(image, matrix):
    return image * _scaled(matrix).diagonal().view(1, 3, 1, 1)


def wrong_bgr(image, matrix):
    return right_einsum(image.flip(1), matrix)


def wrong_negative_lost(image, matrix):
    return right_einsum(image, matrix.abs())


def wrong_mean_of_images(image, matrix):
    return right_einsum(image.mean(0, keepdim=True).expand_as(image), matrix)
