"""Answers to `gram_from_spectrum`, written from its statement and its equation alone."""

import torch


def right_einsum(features):
    s = torch.fft.fft2(features)
    count = features.shape[2] * features.shape[3]
    return torch.einsum("bihw,bjhw->bij", s, s.conj()).real / count**2


def right_parts(features):
    s = torch.fft.fft2(features).flatten(2)
    return (s.real @ s.real.mT + s.imag @ s.imag.mT) / s.shape[2] ** 2


def right_orthonormal(features):
    s = torch.fft.fft2(features, norm="ortho").flatten(2)
    return torch.real(torch.matmul(s, s.transpose(1, 2).conj())) / s.shape[-1]


def right_forward(features):
    s = torch.view_as_real(torch.fft.fft2(features, norm="forward")).flatten(2)
    return s @ s.mT


def right_loops(features):
    s = torch.fft.fft2(features)
    rows = []
    for i in range(features.shape[1]):
        rows.append(torch.stack([(s[:, i] * s[:, j].conj()).mean((1, 2)).real for j in range(features.shape[1])], 1))
    return torch.stack(rows, 1) / features[0, 0].numel()


def right_in_float64(features):
    s = torch.fft.fftn(features.double(), dim=(2, 3)).flatten(2)
    return ((s @ s.mH).real / s.shape[2] / s.shape[2]).to(features.dtype)


def _product(features, change=lambda s: s):
    s = change(torch.fft.fft2(features)).flatten(2)
    return (s @ s.mH) / s.shape[2] ** 2


def wrong_divided_once(features):
    return _product(features).real * features[0, 0].numel()


def wrong_not_divided(features):
    return _product(features).real * features[0, 0].numel() ** 2


def wrong_divided_three_times(features):
    return _product(features).real / features[0, 0].numel()


def wrong_complex(features):
    return _product(features)


def wrong_absolute(features):
    return _product(features).abs()


def wrong_imaginary_part(features):
    return _product(features).imag


def wrong_no_conjugate(features):
    s = torch.fft.fft2(features).flatten(2)
    return (s @ s.mT).real / s.shape[2] ** 2


def wrong_amplitudes_only(features):
    return _product(features, lambda s: s.abs().to(s.dtype)).real


def wrong_phases_only(features):
    return _product(features, lambda s: s / (s.abs() + 1e-9)).real


def wrong_real_parts_only(features):
    s = torch.fft.fft2(features).real.flatten(2)
    return s @ s.mT / s.shape[2] ** 2


def wrong_half_spectrum(features):
    s = torch.fft.rfft2(features).flatten(2)
    return (s @ s.mH).real / features[0, 0].numel() ** 2


def wrong_one_axis(features):
    s = torch.fft.fft(features).flatten(2)
    return (s @ s.mH).real / s.shape[2] ** 2


def wrong_all_axes(features):
    s = torch.fft.fftn(features, dim=(1, 2, 3)).flatten(2)
    return (s @ s.mH).real / s.shape[2] ** 2


def wrong_whole_batch(features):
    s = torch.fft.fftn(features, dim=(0, 2, 3)).flatten(2)
    return (s @ s.mH).real / s.shape[2] ** 2


def wrong_zero_frequency_left_out(features):
    def change(s):
        s = s.clone()
        s[..., 0, 0] = 0
        return s

    return _product(features, change).real


def wrong_first_image(features):
    return _product(features[:1]).real


def wrong_first_image_for_all(features):
    return _product(features[:1]).real.expand(len(features), -1, -1)


def wrong_batch_folded(features):
    s = torch.fft.fft2(features).transpose(0, 1).flatten(1)
    return (s @ s.mH).real[None] / s.shape[1] ** 2


def wrong_positions(features):
    s = torch.fft.fft2(features).flatten(2)
    return (s.mH @ s).real / s.shape[2] ** 2


def wrong_orthonormal_divided_twice(features):
    return _product(features).real / features[0, 0].numel() ** 0.5


def wrong_by_the_height(features):
    return _product(features).real * features.shape[3] ** 2


def wrong_by_channels_squared(features):
    return _product(features).real / features.shape[1] ** 2


def wrong_square_only(features):
    side = min(features.shape[2:])
    return _product(features[..., :side, :side]).real


def wrong_diagonal_only(features):
    return torch.diag_embed(torch.fft.fft2(features).abs().square().mean((2, 3)) / features[0, 0].numel())


def wrong_powers(features):
    return torch.fft.fft2(features).abs().square().mean((2, 3)) / features[0, 0].numel()


def wrong_detached(features):
    return _product(features.detach()).real


def wrong_centered(features):
    return _product(features - features.mean((2, 3), keepdim=True)).real


def wrong_last_frequency_forgotten(features):
    s = torch.fft.fft2(features).flatten(2)
    return (s[..., :-1] @ s[..., :-1].mH).real / s.shape[2] ** 2


def wrong_root(features):
    gram = _product(features).real
    return gram.sign() * (gram.abs() + 1e-12).sqrt()


def wrong_second_squared(features):
    s = torch.fft.fft2(features).flatten(2)
    return (s.abs() @ s.abs().mT) / s.shape[2] ** 2
