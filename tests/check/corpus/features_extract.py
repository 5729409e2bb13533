"""Answers to `extract`, written from its statement alone."""

import torch


def _deepest(stages, layers):
    return max((i for i, (name, _) in enumerate(stages) if name in layers), default=-1)


def right_up_to_the_deepest(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        x = stage(x.clone())
        if name in layers:
            found[name] = x
    return found


def right_each_layer_from_the_start(image, stages, layers):
    found = {}
    for wanted in layers:
        x = image.clone()
        for name, stage in stages:
            x = stage(x)
            if name == wanted:
                break
        found[wanted] = x.clone()
    return found


def right_set_of_what_is_left(image, stages, layers):
    left, found, x = set(layers), {}, image + 0
    for name, stage in stages:
        if not left:
            return found
        x = stage(x)
        if name in left:
            left.remove(name)
            found[name] = x + 0
    return found


def right_recursive(image, stages, layers):
    if not layers or not stages:
        return {}
    (name, stage), *others = stages
    x = stage(image.clone())
    rest = right_recursive(x, others, [layer for layer in layers if layer != name])
    return {name: x, **rest} if name in layers else rest


def right_copies_around_each_stage(image, stages, layers):
    outputs, x = [], image
    names = [name for name, _ in stages]
    last = max((names.index(layer) for layer in layers), default=-1)
    for index in range(last + 1):
        x = stages[index][1](x.clone()).clone()
        outputs.append(x)
    return {layer: outputs[names.index(layer)] for layer in layers}


class right_callable:
    def __call__(self, image, stages, layers):
        self.found = {}
        return self.run(image.clone(), iter(stages), set(layers))

    def run(self, x, stages, layers):
        while len(self.found) < len(layers):
            name, stage = next(stages)
            x = stage(x)
            if name in layers:
                self.found[name] = x.clone()
        return self.found


def wrong_no_copies(image, stages, layers):
    found, x = {}, image
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        x = stage(x)
        if name in layers:
            found[name] = x
    return found


def wrong_outputs_not_copied(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        x = stage(x)
        if name in layers:
            found[name] = x
    return found


def wrong_image_not_copied(image, stages, layers):
    found, x = {}, image
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
    return found


def wrong_all_stages(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages:
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
    return found


def wrong_one_stage_more(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: _deepest(stages, layers) + 2]:
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
    return found


def wrong_all_outputs(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        x = stage(x)
        found[name] = x.clone()
    return found


def wrong_inputs(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        if name in layers:
            found[name] = x.clone()
        x = stage(x)
    return found


def wrong_stages_on_the_image(image, stages, layers):
    return {name: stage(image.clone()) for name, stage in stages if name in layers}


def wrong_until_as_many_as_asked(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: len(layers)]:
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
    return found


def wrong_until_the_last_named(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages:
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
        if layers and name == layers[-1]:
            break
    return found


def wrong_until_the_first(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages:
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
            break
    return found


def wrong_detached(image, stages, layers):
    return {name: x.detach() for name, x in right_set_of_what_is_left(image, stages, layers).items()}


def wrong_without_a_graph(image, stages, layers):
    with torch.no_grad():
        return right_set_of_what_is_left(image, stages, layers)


def wrong_list(image, stages, layers):
    return list(right_set_of_what_is_left(image, stages, layers).values())


def wrong_first_image_only(image, stages, layers):
    return right_set_of_what_is_left(image[:1], stages, layers)


def wrong_batch_axis_lost(image, stages, layers):
    return {name: x[0] for name, x in right_set_of_what_is_left(image, stages, layers).items()}


def wrong_names_contain(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in stages[: _deepest(stages, layers) + 1]:
        x = stage(x)
        if any(name in layer or layer in name for layer in layers):
            found[name] = x.clone()
    return found


def wrong_rectified(image, stages, layers):
    return {name: x.relu() for name, x in right_set_of_what_is_left(image, stages, layers).items()}


def wrong_stages_reversed(image, stages, layers):
    found, x = {}, image.clone()
    for name, stage in list(reversed(stages)):
        x = stage(x)
        if name in layers:
            found[name] = x.clone()
    return found


def wrong_last_layer_lost(image, stages, layers):
    found = right_set_of_what_is_left(image, stages, layers)
    found.pop(stages[_deepest(stages, layers)][0], None)
    return found


def wrong_image_too(image, stages, layers):
    return {"image": image.clone(), **right_set_of_what_is_left(image, stages, layers)}


def wrong_same_dictionary(image, stages, layers, found={}):  # noqa: B006
    found.update(right_set_of_what_is_left(image, stages, layers))
    return found


def wrong_stages_taken_out(image, stages, layers):
    found, x, left = {}, image.clone(), set(layers)
    while left:
        name, stage = stages.pop(0)
        x = stage(x)
        if name in left:
            left.remove(name)
            found[name] = x.clone()
    return found


def wrong_double(image, stages, layers):
    return {name: 2 * x for name, x in right_set_of_what_is_left(image, stages, layers).items()}


def wrong_only_the_deepest(image, stages, layers):
    found = right_set_of_what_is_left(image, stages, layers)
    name = stages[_deepest(stages, layers)][0]
    return {name: found[name]} if found else found
