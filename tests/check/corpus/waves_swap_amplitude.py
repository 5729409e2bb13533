import numpy as np
import torch


def right_polar(image, other):
    spectrum = torch.polar(torch.fft.fft2(other).abs(), torch.fft.fft2(image).angle())
    return torch.fft.ifft2(spectrum).real


def right_half(image, other):
    phase = torch.fft.rfft2(image).angle()
    return torch.fft.irfft2(torch.fft.rfft2(other).abs() * torch.exp(1j * phase), s=image.shape[2:])


def right_ratio(image, other):
    mine = torch.fft.fft2(image)
    return torch.fft.ifft2(mine / mine.abs() * torch.fft.fft2(other).abs()).real


def right_sgn(image, other):
    return torch.fft.ifft2(torch.fft.fft2(image).sgn() * torch.fft.fft2(other).abs()).real


def right_parts(image, other):
    angle, size = torch.fft.fft2(image).angle(), torch.fft.fft2(other).abs()
    return torch.fft.ifft2(torch.complex(size * angle.cos(), size * angle.sin())).real


def right_numpy(image, other):
    phase, size = np.angle(np.fft.fft2(image.numpy())), np.abs(np.fft.fft2(other.numpy()))
    return torch.from_numpy(np.fft.ifft2(size * np.exp(1j * phase)).real).to(image.dtype)


def right_each_map(image, other):
    out = torch.empty_like(image)
    for b in range(image.shape[0]):
        for c in range(image.shape[1]):
            out[b, c] = right_polar(image[b, c], other[b, c])
    return out


def wrong_swapped(image, other):
    return right_polar(other, image)


def wrong_clamped(image, other):
    return right_polar(image, other).clamp(0, 1)


def wrong_complex(image, other):
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs(), torch.fft.fft2(image).angle()))


def wrong_absolute(image, other):
    return wrong_complex(image, other).abs()


def wrong_imaginary(image, other):
    return wrong_complex(image, other).imag


def wrong_forward(image, other):
    return torch.fft.fft2(torch.polar(torch.fft.fft2(other).abs(), torch.fft.fft2(image).angle())).real


def wrong_conjugate(image, other):
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs(), -torch.fft.fft2(image).angle())).real


def wrong_power(image, other):
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs().square(), torch.fft.fft2(image).angle())).real


def wrong_phase_only(image, other):
    return torch.fft.ifft2(torch.fft.fft2(image).sgn()).real


def wrong_amplitude_only(image, other):
    return torch.fft.ifft2(torch.fft.fft2(other).abs()).real


def wrong_product(image, other):
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.fft.fft2(other).abs()).real


def wrong_half_mixed(image, other):
    mine, theirs = torch.fft.fft2(image), torch.fft.fft2(other)
    return torch.fft.ifft2(torch.polar((mine.abs() + theirs.abs()) / 2, mine.angle())).real


def wrong_mean_kept(image, other):
    out = right_polar(image, other)
    return out - out.mean((2, 3), keepdim=True) + image.mean((2, 3), keepdim=True)


def wrong_over_channels(image, other):
    size = torch.fft.fft2(other).abs().mean(1, keepdim=True).expand_as(image)
    return torch.fft.ifft2(torch.polar(size, torch.fft.fft2(image).angle())).real


def wrong_all_axes(image, other):
    return torch.fft.ifftn(torch.polar(torch.fft.fftn(other).abs(), torch.fft.fftn(image).angle())).real


def wrong_rows(image, other):
    return torch.fft.ifft(torch.polar(torch.fft.fft(other).abs(), torch.fft.fft(image).angle())).real


def wrong_even_width(image, other):
    return torch.fft.irfft2(torch.polar(torch.fft.rfft2(other).abs(), torch.fft.rfft2(image).angle()))


def wrong_first_image(image, other):
    return right_polar(image[:1], other[:1])


def wrong_first_other(image, other):
    return right_polar(image, other[:1].expand_as(image).contiguous())


def wrong_shifted_once(image, other):
    size = torch.fft.fftshift(torch.fft.fft2(other).abs(), dim=(2, 3))
    return torch.fft.ifft2(torch.polar(size, torch.fft.fft2(image).angle())).real


def wrong_ortho(image, other):
    spectrum = torch.polar(torch.fft.fft2(other).abs(), torch.fft.fft2(image).angle())
    return torch.fft.ifft2(spectrum, norm="ortho").real


def wrong_atan(image, other):
    mine = torch.fft.fft2(image)
    return torch.fft.ifft2(torch.polar(torch.fft.fft2(other).abs(), torch.atan(mine.imag / mine.real))).real


def wrong_unchanged(image, other):
    return image.clone()


def wrong_other(image, other):
    return other.clone()


def wrong_statistics(image, other):
    left = image - image.mean((2, 3), keepdim=True)
    scale = other.std((2, 3), keepdim=True, correction=0) / (left.std((2, 3), keepdim=True, correction=0) + 1e-9)
    return left * scale + other.mean((2, 3), keepdim=True)


def wrong_in_place(image, other):
    image.copy_(right_polar(image.clone(), other))
    return image


def wrong_epsilon(image, other):
    mine = torch.fft.fft2(image)
    return torch.fft.ifft2(mine / (mine.abs() + 0.1) * torch.fft.fft2(other).abs()).real


def wrong_square(image, other):
    n = min(image.shape[2:])
    return right_polar(image[..., :n, :n], other[..., :n, :n])
