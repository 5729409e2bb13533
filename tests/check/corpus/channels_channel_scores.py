import numpy as np
import torch


def _sums(grid):
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))
    scene = styles * (grid.mean(1) - mean).square().sum((0, 2, 3))
    style = scenes * (grid.mean(0) - mean).square().sum((0, 2, 3))
    return scene, style


def _share(scene, style):
    total = scene + style
    return torch.where(total > 0, scene / torch.where(total > 0, total, 1), 0.5)


def right_plain(grid):
    return _share(*_sums(grid))


def right_loops(grid):
    scenes, styles, channels = grid.shape[:3]
    scores = []
    for c in range(channels):
        maps = grid[:, :, c]
        m = maps.mean((0, 1))
        a = styles * sum((maps[i].mean(0) - m).pow(2).sum() for i in range(scenes))
        b = scenes * sum((maps[:, j].mean(0) - m).pow(2).sum() for j in range(styles))
        scores.append(a / (a + b) if a + b > 0 else grid.new_tensor(0.5))
    return torch.stack(scores)


def right_einsum(grid):
    m = grid.mean((0, 1), keepdim=True)
    a, b = grid.mean(1, keepdim=True) - m, grid.mean(0, keepdim=True) - m
    scene = grid.shape[1] * torch.einsum("ijchw,ijchw->c", a, a)
    style = grid.shape[0] * torch.einsum("ijchw,ijchw->c", b, b)
    return _share(scene, style)


def right_numpy(grid):
    x = grid.detach().double().numpy()
    m = x.mean((0, 1))
    scene = x.shape[1] * ((x.mean(1) - m) ** 2).sum((0, 2, 3))
    style = x.shape[0] * ((x.mean(0) - m) ** 2).sum((0, 2, 3))
    total = scene + style
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(total > 0, scene / total, 0.5)
    return torch.from_numpy(found).to(grid.dtype)


def right_nan_to_half(grid):
    scene, style = _sums(grid)
    return (scene / (scene + style)).nan_to_num(nan=0.5)


def right_expanded(grid):
    m = grid.mean((0, 1), keepdim=True).expand_as(grid)
    a = (grid.mean(1, keepdim=True).expand_as(grid) - m).square().sum((0, 1, 3, 4))
    b = (grid.mean(0, keepdim=True).expand_as(grid) - m).square().sum((0, 1, 3, 4))
    total = a + b
    out = torch.full_like(total, 0.5)
    out[total > 0] = a[total > 0] / total[total > 0]
    return out


def wrong_style_share(grid):
    scene, style = _sums(grid)
    return _share(style, scene)


def wrong_no_counts(grid):
    m = grid.mean((0, 1))
    return _share((grid.mean(1) - m).square().sum((0, 2, 3)), (grid.mean(0) - m).square().sum((0, 2, 3)))


def wrong_counts_swapped(grid):
    scene, style = _sums(grid)
    i, j = grid.shape[:2]
    return _share(scene * i / j, style * j / i)


def wrong_nan(grid):
    scene, style = _sums(grid)
    return scene / (scene + style)


def wrong_zero_if_dead(grid):
    scene, style = _sums(grid)
    return (scene / (scene + style)).nan_to_num(nan=0.0)


def wrong_one_if_dead(grid):
    scene, style = _sums(grid)
    return (scene / (scene + style)).nan_to_num(nan=1.0)


def wrong_epsilon(grid):
    scene, style = _sums(grid)
    return (scene + 1e-3) / (scene + style + 2e-3)


def wrong_small_epsilon(grid):
    scene, style = _sums(grid)
    return scene / (scene + style + 1e-12)


def wrong_ratio(grid):
    scene, style = _sums(grid)
    return torch.where(style > 0, scene / torch.where(style > 0, style, 1), 0.5)


def wrong_total_variance(grid):
    scene, _ = _sums(grid)
    total = (grid - grid.mean((0, 1))).square().sum((0, 1, 3, 4))
    return torch.where(total > 0, scene / torch.where(total > 0, total, 1), 0.5)


def wrong_axes_swapped(grid):
    return right_plain(grid.transpose(0, 1))


def wrong_mean_over_positions_first(grid):
    return right_plain(grid.mean((3, 4), keepdim=True))


def wrong_mean_over_channels(grid):
    scene, style = _sums(grid)
    return _share(scene.sum(), style.sum()).expand(grid.shape[2])


def wrong_one_number(grid):
    return right_plain(grid).mean()


def wrong_not_squared(grid):
    i, j = grid.shape[:2]
    m = grid.mean((0, 1))
    scene = j * (grid.mean(1) - m).abs().sum((0, 2, 3))
    return _share(scene, i * (grid.mean(0) - m).abs().sum((0, 2, 3)))


def wrong_roots(grid):
    scene, style = _sums(grid)
    return _share(scene.sqrt(), style.sqrt())


def wrong_no_grand_mean(grid):
    i, j = grid.shape[:2]
    return _share(j * grid.mean(1).square().sum((0, 2, 3)), i * grid.mean(0).square().sum((0, 2, 3)))


def wrong_scalar_mean(grid):
    i, j = grid.shape[:2]
    m = grid.mean((0, 1, 3, 4))[:, None, None]
    return _share(j * (grid.mean(1) - m).square().sum((0, 2, 3)), i * (grid.mean(0) - m).square().sum((0, 2, 3)))


def wrong_first_scene(grid):
    i, j = grid.shape[:2]
    m = grid.mean((0, 1))
    scene = j * (grid.mean(1) - m)[0].square().sum((1, 2)) * i
    return _share(scene, i * (grid.mean(0) - m).square().sum((0, 2, 3)))


def wrong_last_style_forgotten(grid):
    return right_plain(grid[:, :-1] if grid.shape[1] > 1 else grid)


def wrong_first_row_and_column(grid):
    i, j = grid.shape[:2]
    m = grid.mean((0, 1))
    return _share(j * (grid[:, 0] - m).square().sum((0, 2, 3)), i * (grid[0] - m).square().sum((0, 2, 3)))


def wrong_square_grid(grid):
    i, _ = grid.shape[:2]
    m = grid.mean((0, 1))
    return _share(i * (grid.mean(1) - m).square().sum((0, 2, 3)), i * (grid.mean(0) - m).square().sum((0, 2, 3)))


def wrong_threshold(grid):
    scene, style = _sums(grid)
    total = scene + style
    return torch.where(total > 1e-3, scene / torch.where(total > 0, total, 1), 0.5)


def wrong_all_zero_only(grid):
    dead = (grid == 0).all(0).all(0).all(-1).all(-1)
    scene, style = _sums(grid)
    return torch.where(dead, 0.5, scene / (scene + style))


def wrong_in_place(grid):
    grid -= grid.mean((0, 1))
    i, j = grid.shape[:2]
    return _share(j * grid.mean(1).square().sum((0, 2, 3)), i * grid.mean(0).square().sum((0, 2, 3)))


def wrong_signed(grid):
    return 2 * right_plain(grid) - 1


def wrong_keeps_axes(grid):
    return right_plain(grid)[None, :, None, None]


def wrong_boolean(grid):
    return right_plain(grid) > 0.5


def wrong_sorted(grid):
    return right_plain(grid).sort().values


def wrong_softened(grid):
    scene, style = _sums(grid)
    return torch.sigmoid(scene - style)


def wrong_max(grid):
    i, j = grid.shape[:2]
    m = grid.mean((0, 1))
    a, b = (grid.mean(1) - m).square().sum((2, 3)), (grid.mean(0) - m).square().sum((2, 3))
    return _share(j * a.amax(0), i * b.amax(0))


def wrong_norm_of_maps(grid):
    i, j = grid.shape[:2]
    m = grid.mean((0, 1))
    a = (grid.mean(1) - m).square().sum((2, 3)).sqrt().sum(0)
    b = (grid.mean(0) - m).square().sum((2, 3)).sqrt().sum(0)
    return _share(j * a, i * b)


def wrong_half_for_what_no_scene_changes(grid):
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))
    by_scene = styles * (grid.mean(1) - mean).square().sum((0, 2, 3))
    by_style = scenes * (grid.mean(0) - mean).square().sum((0, 2, 3))
    return torch.where(by_scene > 0, by_scene / (by_scene + by_style), 0.5)


def wrong_absolute_distances(grid):
    scenes, styles = grid.shape[:2]
    mean = grid.mean((0, 1))
    by_scene = styles * (grid.mean(1) - mean).abs().sum((0, 2, 3))
    by_style = scenes * (grid.mean(0) - mean).abs().sum((0, 2, 3))
    return torch.where(by_scene + by_style > 0, by_scene / (by_scene + by_style), 0.5)
