import itertools

import torch

from nstlib.frequency import high_pass, low_pass


def right_chain(image, sigmas):
    blurs = [image, *(low_pass(image, sigma) for sigma in sigmas)]
    return [a - b for a, b in itertools.pairwise(blurs)] + [blurs[-1]]


def right_loop(image, sigmas):
    bands, rest = [], image
    for sigma in sigmas:
        blurred = low_pass(image, sigma)
        bands.append(rest - blurred)
        rest = blurred
    bands.append(rest)
    return bands


def right_high_passes(image, sigmas):
    taken = [torch.zeros_like(image), *(high_pass(image, sigma) for sigma in sigmas)]
    return [b - a for a, b in itertools.pairwise(taken)] + [image - taken[-1]]


def right_tuple(image, sigmas):
    return tuple(right_chain(image, sigmas))


def right_stacked(image, sigmas):
    blurs = torch.stack([image, *(low_pass(image, s) for s in sigmas), torch.zeros_like(image)])
    return list((blurs[:-1] - blurs[1:]).unbind(0))


def right_recursive(image, sigmas):
    def rest(current, left):
        if not left:
            return [current]
        blurred = low_pass(image, left[0])
        return [current - blurred, *rest(blurred, left[1:])]

    return rest(image, list(sigmas))


def right_from_coarse(image, sigmas):
    bands = [low_pass(image, sigmas[-1])]
    for i in range(len(sigmas) - 1, -1, -1):
        finer = low_pass(image, sigmas[i - 1]) if i else image
        bands.insert(0, finer - low_pass(image, sigmas[i]))
    return bands


def wrong_blur_of_blur(image, sigmas):
    bands, rest = [], image
    for sigma in sigmas:
        blurred = low_pass(rest, sigma)
        bands.append(rest - blurred)
        rest = blurred
    return [*bands, rest]


def wrong_no_rest(image, sigmas):
    return right_chain(image, sigmas)[:-1]


def wrong_no_finest(image, sigmas):
    return right_chain(image, sigmas)[1:]


def wrong_reversed(image, sigmas):
    return right_chain(image, sigmas)[::-1]


def wrong_signs(image, sigmas):
    return [-band for band in right_chain(image, sigmas)]


def wrong_signs_but_last(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*(-band for band in bands), rest]


def wrong_absolute(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*(band.abs() for band in bands), rest]


def wrong_blurs(image, sigmas):
    return [image, *(low_pass(image, sigma) for sigma in sigmas)]


def wrong_high_passes(image, sigmas):
    return [*(image - low_pass(image, sigma) for sigma in sigmas), low_pass(image, sigmas[-1])]


def wrong_rest_by_first(image, sigmas):
    return [*right_chain(image, sigmas)[:-1], low_pass(image, sigmas[0])]


def right_stack(image, sigmas):
    return torch.stack(right_chain(image, sigmas))


def wrong_clamped(image, sigmas):
    return [band.clamp(0, 1) for band in right_chain(image, sigmas)]


def wrong_around_gray(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*(band + 0.5 for band in bands), rest]


def wrong_first_image(image, sigmas):
    return [band[:1] for band in right_chain(image, sigmas)]


def wrong_detached(image, sigmas):
    return [band.detach() for band in right_chain(image, sigmas)]


def wrong_rest_detached(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*bands, rest.detach()]


def wrong_two_sigmas(image, sigmas):
    return right_chain(image, sigmas[:2])


def wrong_last_sigma_forgotten(image, sigmas):
    return right_chain(image, sigmas[:-1])


def wrong_in_place(image, sigmas):
    bands = []
    for sigma in sigmas:
        blurred = low_pass(image, sigma)
        bands.append(image - blurred)
        image -= bands[-1]
    return [*bands, image]


def wrong_rest_in_place(image, sigmas):
    rest, bands = image.clone(), []
    for sigma in sigmas:
        bands.append(rest)
        bands[-1] -= low_pass(image, sigma)
        rest = low_pass(image, sigma)
    bands.append(rest.mul_(1))
    bands[0].add_(bands[-1].mean() * 0.01)
    return bands


def wrong_alias_of_rest(image, sigmas):
    rest, bands = image.clone(), []
    for sigma in sigmas:
        blurred = low_pass(image, sigma)
        bands.append(rest.sub_(blurred))
    return [*bands, blurred]


def wrong_mean_removed(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*bands, rest - rest.mean()]


def wrong_rest_is_mean(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*bands, rest.mean((2, 3), keepdim=True).expand_as(rest)]


def wrong_sigma_differences(image, sigmas):
    widths = [b - a for a, b in zip([0, *sigmas], sigmas, strict=False)]
    return right_chain(image, widths)


def wrong_sum_not_kept(image, sigmas):
    *bands, rest = right_chain(image, sigmas)
    return [*(band * 2 for band in bands), rest]


def wrong_rest_is_what_is_left_of_last(image, sigmas):
    bands = right_chain(image, sigmas)
    return [*bands[:-1], image - bands[0]]


def wrong_dictionary(image, sigmas):
    return dict(enumerate(right_chain(image, sigmas)))


def wrong_generator(image, sigmas):
    return (band for band in right_chain(image, sigmas))


def wrong_repeated_sigma(image, sigmas):
    return right_chain(image, [sigmas[0]] * len(sigmas))


def wrong_pops(image, sigmas):
    bands, rest = [], image
    while sigmas:
        blurred = low_pass(image, sigmas.pop(0))
        bands.append(rest - blurred)
        rest = blurred
    return [*bands, rest]


def wrong_sigma_squared(image, sigmas):
    return right_chain(image, [sigma**2 for sigma in sigmas])
