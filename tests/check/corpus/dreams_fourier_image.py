import torch


def _frequency(numbers, width):
    h = numbers.shape[2]
    return torch.hypot(torch.fft.fftfreq(h)[:, None].double(), torch.fft.rfftfreq(width)[None].double())


def _made(numbers, width, scale):
    return torch.fft.irfft2(numbers * scale.to(numbers.real.dtype), s=(numbers.shape[2], width))


def right_plain(numbers, width):
    h = numbers.shape[2]
    f = _frequency(numbers, width).clamp(min=1 / max(h, width))
    return _made(numbers, width, (h * width) ** 0.5 / f)


def right_roots(numbers, width):
    h, dtype = numbers.shape[2], numbers.real.dtype
    fy, fx = torch.fft.fftfreq(h, dtype=dtype), torch.fft.rfftfreq(width, dtype=dtype)
    f = (fy[:, None] ** 2 + fx[None, :] ** 2).sqrt()
    least = torch.full_like(f, 1 / max(h, width))
    return torch.fft.irfft2(numbers * (h * width) ** 0.5 / torch.maximum(f, least), s=(h, width))


def right_one_axis_after_the_other(numbers, width):
    h = numbers.shape[2]
    f = _frequency(numbers, width).clamp(min=1 / max(h, width))
    scaled = numbers * ((h * width) ** 0.5 / f).to(numbers.real.dtype)
    return torch.fft.irfft(torch.fft.ifft(scaled, dim=2), n=width, dim=3)


def right_orthonormal(numbers, width):
    h = numbers.shape[2]
    f = _frequency(numbers, width).clamp(min=1 / max(h, width))
    return torch.fft.irfft2(numbers / f.to(numbers.real.dtype), s=(h, width), norm="ortho")


def right_loops(numbers, width):
    h = numbers.shape[2]
    f = _frequency(numbers, width)
    rows = []
    for y in range(h):
        rows.append([(h * width) ** 0.5 / max(float(f[y, x]), 1 / max(h, width)) for x in range(f.shape[1])])
    return _made(numbers, width, torch.tensor(rows, dtype=torch.float64))


def right_where(numbers, width):
    h = numbers.shape[2]
    f, least = _frequency(numbers, width), 1 / max(h, width)
    f = torch.where(f < least, torch.tensor(least, dtype=f.dtype), f)
    return _made(numbers, width, torch.tensor(float(h * width)).sqrt() / f)


def wrong_no_width(numbers, width):
    h = numbers.shape[2]
    f = _frequency(numbers, width).clamp(min=1 / max(h, width))
    return torch.fft.irfft2(numbers * ((h * width) ** 0.5 / f).to(numbers.real.dtype))


def wrong_even_frequencies(numbers, width):
    h, even = numbers.shape[2], 2 * (numbers.shape[3] - 1)
    f = torch.hypot(torch.fft.fftfreq(h)[:, None].double(), torch.linspace(0, 0.5, even // 2 + 1)[None].double())
    return _made(numbers, width, (h * width) ** 0.5 / f.clamp(min=1 / max(h, width)))


def wrong_no_scale(numbers, width):
    return torch.fft.irfft2(numbers, s=(numbers.shape[2], width))


def wrong_no_root(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, h * width / _frequency(numbers, width).clamp(min=1 / max(h, width)))


def wrong_no_area(numbers, width):
    return _made(numbers, width, 1 / _frequency(numbers, width).clamp(min=1 / max(numbers.shape[2], width)))


def wrong_multiplied(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 * _frequency(numbers, width).clamp(min=1 / max(h, width)))


def wrong_squared(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / max(h, width)) ** 2)


def wrong_by_min(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / min(h, width)))


def wrong_by_height(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / h))


def wrong_by_width(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / width))


def wrong_epsilon(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 / (_frequency(numbers, width) + 1 / max(h, width)))


def wrong_infinite_mean(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, (h * width) ** 0.5 / _frequency(numbers, width))


def wrong_no_mean(numbers, width):
    h = numbers.shape[2]
    scale = (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / max(h, width))
    scale[0, 0] = 0
    return _made(numbers, width, scale)


def wrong_mean_kept(numbers, width):
    h = numbers.shape[2]
    scale = (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / max(h, width))
    scale[0, 0] = 1
    return _made(numbers, width, scale)


def wrong_pixels(numbers, width):
    h = numbers.shape[2]
    fy, fx = torch.fft.fftfreq(h)[:, None] * h, torch.fft.rfftfreq(width)[None] * width
    return _made(numbers, width, (h * width) ** 0.5 / torch.hypot(fy, fx).clamp(min=1 / max(h, width)))


def wrong_sum_of_frequencies(numbers, width):
    h = numbers.shape[2]
    f = torch.fft.fftfreq(h).abs()[:, None] + torch.fft.rfftfreq(width)[None]
    return _made(numbers, width, (h * width) ** 0.5 / f.clamp(min=1 / max(h, width)))


def wrong_larger_frequency(numbers, width):
    h = numbers.shape[2]
    f = torch.maximum(torch.fft.fftfreq(h).abs()[:, None], torch.fft.rfftfreq(width)[None])
    return _made(numbers, width, (h * width) ** 0.5 / f.clamp(min=1 / max(h, width)))


def wrong_half_rows(numbers, width):
    h = numbers.shape[2]
    f = torch.hypot(torch.arange(h)[:, None] / h, torch.fft.rfftfreq(width)[None])
    return _made(numbers, width, (h * width) ** 0.5 / f.clamp(min=1 / max(h, width)))


def wrong_shifted(numbers, width):
    h = numbers.shape[2]
    scale = (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / max(h, width))
    return _made(numbers, width, torch.fft.fftshift(scale, dim=0))


def wrong_ortho_twice(numbers, width):
    h = numbers.shape[2]
    scale = (h * width) ** 0.5 / _frequency(numbers, width).clamp(min=1 / max(h, width))
    return torch.fft.irfft2(numbers * scale.to(numbers.real.dtype), s=(h, width), norm="ortho")


def wrong_real_only(numbers, width):
    return right_plain(torch.complex(numbers.real, torch.zeros_like(numbers.real)), width)


def wrong_conjugate(numbers, width):
    return right_plain(numbers.conj(), width)


def wrong_detached(numbers, width):
    return right_plain(numbers.detach(), width)


def wrong_in_place(numbers, width):
    h = numbers.shape[2]
    f = _frequency(numbers, width).clamp(min=1 / max(h, width))
    with torch.no_grad():
        numbers *= ((h * width) ** 0.5 / f).to(numbers.real.dtype)
    return torch.fft.irfft2(numbers, s=(h, width))


def wrong_sigmoid(numbers, width):
    return right_plain(numbers, width).sigmoid()


def wrong_transposed(numbers, width):
    return right_plain(numbers, width).mT


def wrong_first_image(numbers, width):
    return right_plain(numbers[:1], width)


def wrong_complex(numbers, width):
    return right_plain(numbers, width) + 0j


def wrong_normalized(numbers, width):
    image = right_plain(numbers, width)
    return image / (image.std() + 1e-9)


def wrong_square_side(numbers, width):
    h = numbers.shape[2]
    return _made(numbers, width, float(max(h, width)) / _frequency(numbers, width).clamp(min=1 / max(h, width)))
