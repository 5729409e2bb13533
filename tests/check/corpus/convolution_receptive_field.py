"""Answers to `receptive_field`, written from its statement alone."""

import functools
import math

import numpy as np


def right_reduce(stack):
    return functools.reduce(lambda at, layer: (at[0] + (layer[0] - 1) * at[1], at[1] * layer[1]), stack, (1, 1))


def right_from_the_end(stack):
    size = 1
    for kernel, stride in reversed(stack):
        size = (size - 1) * stride + kernel
    return size, math.prod(stride for _, stride in stack)


def right_sum_of_products(stack):
    strides = [stride for _, stride in stack]
    return 1 + sum((k - 1) * math.prod(strides[:i]) for i, (k, _) in enumerate(stack)), math.prod(strides)


def right_numpy(stack):
    if not len(stack):
        return 1, 1
    kernels, strides = np.array(stack).T
    jumps = np.concatenate([[1], np.cumprod(strides)])
    return int(1 + ((kernels - 1) * jumps[:-1]).sum()), int(jumps[-1])


def right_recursive(stack):
    if not stack:
        return 1, 1
    size, jump = right_recursive(stack[:-1])
    kernel, stride = stack[-1]
    return size + (kernel - 1) * jump, jump * stride


def right_marked_pixels(stack):
    def seen(unit):
        units = {unit}
        for kernel, stride in reversed(list(stack)):
            units = {u * stride + k for u in units for k in range(kernel)}
        return min(units), max(units)

    (first, last), (following, _) = seen(0), seen(1)
    return last - first + 1, following - first


def wrong_jump_before_size(stack):
    size, jump = 1, 1
    for kernel, stride in stack:
        jump *= stride
        size += (kernel - 1) * jump
    return size, jump


def wrong_kernel_whole(stack):
    size, jump = 1, 1
    for kernel, stride in stack:
        size += kernel * jump
        jump *= stride
    return size, jump


def wrong_strides_forgotten(stack):
    return 1 + sum(k - 1 for k, _ in stack), math.prod(s for _, s in stack)


def wrong_from_zero(stack):
    size, jump = right_reduce(stack)
    return size - 1, jump


def wrong_exchanged(stack):
    return right_reduce(stack)[::-1]


def wrong_last_stride(stack):
    return right_reduce(stack)[0], stack[-1][1] if stack else 1


def wrong_strides_added(stack):
    return right_reduce(stack)[0], max(1, sum(s for _, s in stack))


def wrong_backwards(stack):
    return right_reduce(stack[::-1])


def wrong_last_layer_forgotten(stack):
    return right_reduce(stack[:-1])


def wrong_first_layer_forgotten(stack):
    return right_reduce(stack[1:])


def wrong_last_stride_not_counted(stack):
    return right_reduce(stack)[0], right_reduce(stack[:-1])[1]


def wrong_size_only(stack):
    return right_reduce(stack)[0]


def wrong_kernels_multiplied(stack):
    return math.prod(k for k, _ in stack), math.prod(s for _, s in stack)


def wrong_nothing_for_no_layers(stack):
    return right_reduce(stack) if stack else (0, 1)


def wrong_none_for_no_layers(stack):
    return right_reduce(stack) if stack else None


def wrong_at_least_three(stack):
    size, jump = right_reduce(stack)
    return max(size, 3), jump


def wrong_pair_turned(stack):
    size, jump = 1, 1
    for stride, kernel in stack:
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump


def wrong_stack_used_up(stack):
    size, jump = 1, 1
    while stack:
        kernel, stride = stack.pop(0)
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump


def wrong_floats(stack):
    size, jump = right_reduce(stack)
    return size + 0.5, jump + 0.0


def wrong_odd_kernels_only(stack):
    return right_reduce([(k // 2 * 2 + 1, s) for k, s in stack])


def wrong_strides_at_most_two(stack):
    return right_reduce([(k, min(s, 2)) for k, s in stack])


def wrong_kernels_at_most_seven(stack):
    return right_reduce([(min(k, 7), s) for k, s in stack])


def wrong_padding_counts(stack):
    size, jump = right_reduce(stack)
    return size - 2 * (len(stack) > 0), jump


def wrong_strided_by_kernels(stack):
    return right_reduce(stack)[0], math.prod(k for k, _ in stack)


_state = [1, 1]


def wrong_goes_on_from_the_last_call(stack):
    for kernel, stride in stack:
        _state[0] += (kernel - 1) * _state[1]
        _state[1] *= stride
    return tuple(_state)


def wrong_kernel_less_stride(stack):
    size, jump = 1, 1
    for kernel, stride in stack:
        size += (kernel - stride) * jump
        jump *= stride
    return size, jump
