def right_plain(stack, height, width):
    total, channels = 0, 3
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            total += 2 * 9 * channels * item * height * width
            channels = item
    return total


def right_recursive(stack, height, width, channels=3):
    if not stack:
        return 0
    first, *rest = stack
    if isinstance(first, str):
        return right_recursive(rest, height // 2, width // 2, channels)
    return 18 * channels * first * height * width + right_recursive(rest, height, width, first)


def right_sum(stack, height, width):
    inputs, positions = [3], []
    for item in stack:
        if item == "pool":
            height, width = height >> 1, width >> 1
        else:
            inputs.append(item)
            positions.append(height * width)
    return sum(18 * a * b * p for a, b, p in zip(inputs, inputs[1:], positions, strict=False))


def right_match(stack, height, width):
    flops, channels = 0, 3
    for layer in stack:
        match layer:
            case "pool":
                height, width = int(height / 2), int(width / 2)
            case int(out):
                weights = 3 * 3 * channels * out
                flops, channels = flops + weights * height * width * 2, out
    return flops


def right_per_output(stack, height, width):
    pools, channels, total = 0, 3, 0
    for item in stack:
        if item == "pool":
            pools += 1
            continue
        outputs = item * (height >> pools) * (width >> pools)
        total += outputs * (channels * 9) * 2
        channels = item
    return total


def _made(stack, height, width, *, factor=18, start=3, pool=lambda n: n // 2, bias=0):
    total, channels = 0, start
    for item in stack:
        if item == "pool":
            height, width = pool(height), pool(width)
        else:
            total += (factor * channels + bias) * item * height * width
            channels = item
    return total


def wrong_multiplications(stack, height, width):
    return _made(stack, height, width, factor=9)


def wrong_one_by_one(stack, height, width):
    return _made(stack, height, width, factor=2)


def wrong_bias(stack, height, width):
    return _made(stack, height, width, bias=1)


def wrong_bias_and_relu(stack, height, width):
    return _made(stack, height, width, bias=2)


def wrong_gray(stack, height, width):
    return _made(stack, height, width, start=1)


def wrong_rgba(stack, height, width):
    return _made(stack, height, width, start=4)


def wrong_pool_up(stack, height, width):
    return _made(stack, height, width, pool=lambda n: -(-n // 2))


def wrong_pool_exact(stack, height, width):
    return _made(stack, height, width, pool=lambda n: n / 2)


def wrong_pool_ignored(stack, height, width):
    return _made(stack, height, width, pool=lambda n: n)


def wrong_pool_by_four(stack, height, width):
    return _made(stack, height, width, pool=lambda n: n // 4)


def wrong_pool_positions(stack, height, width):
    total, channels, positions = 0, 3, height * width
    for item in stack:
        if item == "pool":
            positions //= 4
        else:
            total += 18 * channels * item * positions
            channels = item
    return total


def wrong_pool_height_only(stack, height, width):
    total, channels = 0, 3
    for item in stack:
        if item == "pool":
            height //= 2
        else:
            total += 18 * channels * item * height * width
            channels = item
    return total


def wrong_no_padding(stack, height, width):
    total, channels = 0, 3
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            height, width = height - 2, width - 2
            total += 18 * channels * item * height * width
            channels = item
    return total


def wrong_channels_stay(stack, height, width):
    total = 0
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            total += 18 * 3 * item * height * width
    return total


def wrong_output_squared(stack, height, width):
    total = 0
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            total += 18 * item * item * height * width
    return total


def wrong_pool_counted(stack, height, width):
    total, channels = 0, 3
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
            total += 3 * channels * height * width
        else:
            total += 18 * channels * item * height * width
            channels = item
    return total


def wrong_square(stack, height, width):
    return _made(stack, height, height)


def wrong_weights_only(stack, height, width):
    return _made(stack, 1, 1, pool=lambda n: n)


def wrong_float(stack, height, width):
    return _made(stack, height, width) + 0.5


def wrong_string(stack, height, width):
    return str(_made(stack, height, width))


def wrong_giga(stack, height, width):
    return _made(stack, height, width) / 1e9


def wrong_last_forgotten(stack, height, width):
    return _made(stack[:-1], height, width)


def wrong_first_forgotten(stack, height, width):
    return _made(stack[1:], height, width)


def wrong_list(stack, height, width):
    return [_made(stack[: k + 1], height, width) for k in range(len(stack))]


def wrong_pops(stack, height, width):
    total, channels = 0, 3
    while stack:
        item = stack.pop(0)
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            total, channels = total + 18 * channels * item * height * width, item
    return total


def wrong_sum_of_channels(stack, height, width):
    total, channels = 0, 3
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            total += 18 * (channels + item) * height * width
            channels = item
    return total


def wrong_border_spared(stack, height, width):
    total, channels = 0, 3
    for item in stack:
        if item == "pool":
            height, width = height // 2, width // 2
        else:
            total += 2 * channels * item * (3 * height - 2) * (3 * width - 2)
            channels = item
    return total


def wrong_forward_and_back(stack, height, width):
    return 3 * _made(stack, height, width)


def wrong_two_pools(stack, height, width):
    total, channels, pools = 0, 3, 0
    for item in stack:
        if item == "pool":
            pools = min(pools + 1, 2)
        else:
            total += 18 * channels * item * (height >> pools) * (width >> pools)
            channels = item
    return total


def wrong_rounded(stack, height, width):
    return round(_made(stack, height, width), -2)
