"""Right answers to the exercises of the chapter on images, each in another way than the reference."""

import numpy as np
import torch
import torch.nn.functional as F


def tensor_in_loops(pixels):
    height, width, channels = pixels.shape
    image = torch.empty(1, 3, height, width)
    for y in range(height):
        for x in range(width):
            share = int(pixels[y, x, 3]) / 255 if channels == 4 else 1.0
            for c in range(3):
                image[0, c, y, x] = int(pixels[y, x, c]) / 255 * share + (1 - share)
    return image


def tensor_in_numpy(pixels):
    floats = pixels / 255.0
    if pixels.shape[-1] == 4:
        floats = 1 - floats[..., 3:] * (1 - floats[..., :3])
    return torch.tensor(np.moveaxis(floats, -1, 0)[np.newaxis])


def tensor_by_lerp(pixels):
    x = torch.from_numpy(pixels.copy()).double().div_(255).movedim(-1, 0).unsqueeze(0)
    return torch.lerp(torch.ones_like(x[:, :3]), x[:, :3], x[:, 3:]) if x.shape[1] == 4 else x


def tensor_as_torchvision(pixels):
    to_float = torch.as_tensor(np.transpose(pixels, (2, 0, 1)).copy(), dtype=torch.float32) / 255
    alpha = to_float[3] if len(to_float) > 3 else torch.ones(())
    return torch.stack([channel * alpha + (1 - alpha) for channel in to_float[:3]])[None]


def caffe_by_index(image):
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=image.dtype)
    return image[:, [2, 1, 0]] * 255 - mean[:, None, None]


def caffe_by_channel(image):
    red, green, blue = image.unbind(1)
    return torch.stack([blue * 255 - 103.939, green * 255 - 116.779, red * 255 - 123.68], 1)


def caffe_by_matrix(image):
    turn = torch.tensor([[0, 0, 255.0], [0, 255.0, 0], [255.0, 0, 0]], dtype=image.dtype)
    offset = image.new_tensor([103.939, 116.779, 123.68])
    return F.conv2d(image, turn[:, :, None, None], -offset)


def caffe_mean_first_but_right(image):
    return (image - image.new_tensor([123.68, 116.779, 103.939]).reshape(3, 1, 1) / 255).flip(1).mul(255)


def back_by_index(pixels):
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=pixels.dtype).reshape(1, 3, 1, 1)
    return (pixels + mean)[:, [2, 1, 0]] / 255


def back_by_channel(pixels):
    rgb = [pixels[:, 2] + 123.68, pixels[:, 1] + 116.779, pixels[:, 0] + 103.939]
    return torch.stack(rgb, dim=1) * (1 / 255)


def back_flipped_first(pixels):
    return torch.flip(pixels, [1]).div(255) + pixels.new_tensor([123.68, 116.779, 103.939])[None, :, None, None] / 255


def back_in_place_on_a_copy(pixels):
    out = pixels.double().clone()
    for c, mean in enumerate((103.939, 116.779, 123.68)):
        out[:, c] += mean
    return out.flip(1) / 255


def display_by_numpy(image):
    array = image.detach().numpy()
    array = array[0] if array.ndim == 4 else array
    return np.clip(np.transpose(array, (1, 2, 0)), 0, 1)


def display_under_no_grad(image):
    with torch.no_grad():
        x = image.reshape(image.shape[-3:]).clamp(min=0.0, max=1.0)
        return x.movedim(0, -1).numpy()


def display_channel_by_channel(image):
    single = image.data if image.dim() == 3 else image.data.squeeze(0)
    return np.stack([np.minimum(np.maximum(c.numpy(), 0), 1) for c in single], axis=2)


def display_in_double(image):
    x = torch.atleast_3d(image.detach().squeeze(0)).double().clamp(0, 1)
    return np.array(x.permute(1, 2, 0).tolist())


def descend_by_backward(image, color, steps, rate):
    x = image.clone().requires_grad_(True)
    for _ in range(steps):
        x.grad = None
        loss = 0.5 * ((x - color[:, None, None]) ** 2).sum()
        loss.backward()
        with torch.no_grad():
            x -= rate * x.grad
            x.clamp_(0, 1)
    return x.detach()


def descend_by_sgd(image, color, steps, rate):
    x = torch.nn.Parameter(image.detach().clone())
    optimizer = torch.optim.SGD([x], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(x, color.reshape(1, 3, 1, 1).expand_as(x), reduction="sum").div(2).backward()
        optimizer.step()
        x.data = x.data.clamp(0, 1)
    return x.detach()


def descend_by_hand(image, color, steps, rate):
    x, c = image.clone(), color.view(3, 1, 1)
    for _ in range(steps):
        x = torch.clamp(x + rate * (c - x), 0, 1)
    return x


def descend_channel_by_channel(image, color, steps, rate):
    out = image.double().clone()
    for c in range(3):
        for _ in range(int(steps)):
            out[:, c] = (out[:, c] - rate * (out[:, c] - color[c].item())).clip(0, 1)
    return out


ANSWERS = {
    "to_tensor": (tensor_in_loops, tensor_in_numpy, tensor_by_lerp, tensor_as_torchvision),
    "caffe_preprocess": (caffe_by_index, caffe_by_channel, caffe_by_matrix, caffe_mean_first_but_right),
    "caffe_deprocess": (back_by_index, back_by_channel, back_flipped_first, back_in_place_on_a_copy),
    "to_display": (display_by_numpy, display_under_no_grad, display_channel_by_channel, display_in_double),
    "descend_pixels": (descend_by_backward, descend_by_sgd, descend_by_hand, descend_channel_by_channel),
}
