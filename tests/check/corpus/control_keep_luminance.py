"""Answers to `keep_luminance`, written from its statement alone."""

import numpy as np
import torch
import torch.nn.functional as F

RED, GREEN, BLUE = 0.299, 0.587, 0.114


def _y(image):
    return RED * image[:, 0:1] + GREEN * image[:, 1:2] + BLUE * image[:, 2:3]


def right_sliced(result, content):
    return content + _y(result) - _y(content)


def right_difference_first(result, content):
    return content + _y(result - content)


def right_tensordot(result, content):
    weights = torch.tensor([RED, GREEN, BLUE], dtype=result.dtype)
    change = torch.tensordot(result - content, weights, dims=([1], [0]))
    return content + change.unsqueeze(1)


def right_channels_last(result, content):
    weights = torch.tensor([[RED], [GREEN], [BLUE]], dtype=result.dtype)
    r, c = result.permute(0, 2, 3, 1), content.permute(0, 2, 3, 1)
    return (c + (r @ weights - c @ weights)).permute(0, 3, 1, 2)


def right_channel_by_channel(result, content):
    change = (_y(result) - _y(content))[:, 0]
    return torch.stack([content[:, k] + change for k in range(3)], 1)


def right_add_on_copy(result, content):
    out = content.clone()
    out += _y(result)
    out -= _y(content)
    return out


def right_colors_off_then_on(result, content):
    chroma = content - _y(content)
    return _y(result).expand(-1, 3, -1, -1) + chroma


def right_pixel_by_pixel(result, content):
    rows = []
    for r, c in zip(result, content, strict=True):
        columns = [c[:, k] + _y(r[None, :, k : k + 1] - c[None, :, k : k + 1])[0, :, 0] for k in range(r.shape[1])]
        rows.append(torch.stack(columns, 1))
    return torch.stack(rows)


def wrong_exchanged(result, content):
    return result + _y(content) - _y(result)


def wrong_mean(result, content):
    return content + (result.mean(1, keepdim=True) - content.mean(1, keepdim=True))


def wrong_maximum(result, content):
    return content + (result.amax(1, keepdim=True) - content.amax(1, keepdim=True))


def wrong_green_for_luminance(result, content):
    return content + result[:, 1:2] - content[:, 1:2]


def wrong_bgr(result, content):
    return right_sliced(result.flip(1), content.flip(1)).flip(1)


def wrong_rec709(result, content):
    weights = torch.tensor([0.2126, 0.7152, 0.0722]).to(result).view(1, 3, 1, 1)
    return content + ((result - content) * weights).sum(1, keepdim=True)


def wrong_weights_transposed(result, content):
    weights = torch.tensor([GREEN, RED, BLUE]).to(result).view(1, 3, 1, 1)
    return content + ((result - content) * weights).sum(1, keepdim=True)


def wrong_scaled(result, content):
    return content * (_y(result) / (_y(content) + 1e-8))


def wrong_clamped(result, content):
    return right_sliced(result, content).clamp(0, 1)


def wrong_clamped_below(result, content):
    return right_sliced(result, content).clamp(min=0)


def wrong_clamped_above(result, content):
    return right_sliced(result, content).clamp(max=1)


def wrong_own_luminance_left(result, content):
    return content + _y(result)


def wrong_gray(result, content):
    return _y(result).repeat(1, 3, 1, 1)


def wrong_one_channel(result, content):
    return _y(result)


def wrong_change_alone(result, content):
    return (_y(result) - _y(content)).expand_as(content)


def wrong_mean_luminance(result, content):
    return content + (_y(result).mean() - _y(content).mean())


def wrong_weighted_change(result, content):
    weights = torch.tensor([RED, GREEN, BLUE]).to(result).view(1, 3, 1, 1)
    return content + weights * (_y(result) - _y(content))


def wrong_each_channel_weighted(result, content):
    weights = torch.tensor([RED, GREEN, BLUE]).to(result).view(1, 3, 1, 1)
    return content + weights * (result - content)


def wrong_sign(result, content):
    return content - (_y(result) - _y(content))


def wrong_half_way(result, content):
    return content + (_y(result) - _y(content)) / 2


def wrong_green_alone(result, content):
    out = content.clone()
    out[:, 1:2] += (_y(result) - _y(content)) / GREEN
    return out


def wrong_result(result, content):
    return result.clone()


def wrong_content(result, content):
    return content.clone()


def wrong_in_place(result, content):
    content.data.add_(_y(result) - _y(content))
    return content


def wrong_detached(result, content):
    return right_sliced(result, content).detach()


def wrong_first_image(result, content):
    return content + _y(result[:1]) - _y(content)


def wrong_blurred_light(result, content):
    change = F.avg_pool2d(_y(result) - _y(content), 3, stride=1, padding=1)
    return content + change


def wrong_hsv(result, content):
    value = result.amax(1, keepdim=True)
    return content / (content.amax(1, keepdim=True) + 1e-8) * value


def wrong_bytes(result, content):
    made = right_sliced(result, content).detach().numpy()
    return torch.from_numpy(np.round(made * 255) / 255)


def wrong_away_from_the_light(result, content):
    weights = content.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    return content - (weights * (result - content)).sum(1, keepdim=True)


def wrong_weights_of_two_digits(result, content):
    weights = content.new_tensor([0.3, 0.59, 0.11]).view(3, 1, 1)
    return content + (weights * (result - content)).sum(1, keepdim=True)
