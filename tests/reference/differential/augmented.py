"""Whether what augmentations made of samples is what they may make of them.

A check is given the samples before and after, (samples, ...), and the options, and yields what is
wrong: a sample that cannot have come about, or a chance that is not as it should be.
"""

import itertools
import math

import numpy
import torch

CLOSE = 2e-5
SIGMAS = 5.5


def same(a, b):
    """Whether arrays are equal but for rounding."""
    return a.shape == b.shape and float(numpy.abs(a - b).max()) < CLOSE


def unlikely(what, count, total, probability):
    """A fault, if an event is too often or too seldom seen."""
    sigma = math.sqrt(probability * (1 - probability) * total)
    if abs(count - probability * total) > SIGMAS * sigma + 1e-9:
        yield f"{what}: {count} of {total}, where a share of {probability} is expected"


def unchanged(before, after):
    """Of each sample, whether nothing happened to it."""
    return [same(a, b) for a, b in zip(before, after)]


def flip(before, after, options):
    """Mirrored or not."""
    axis = 2 if options["axis"] == "horizontal" else 1
    mirrored = [same(a, b) for a, b in zip(numpy.flip(before, axis), after)]
    for number, (yes, no) in enumerate(zip(mirrored, unchanged(before, after))):
        if yes == no:
            yield f"sample {number} is neither mirrored nor as it was"
    yield from unlikely("mirrored", sum(mirrored), len(mirrored), options["probability"])


def crop(before, after, options):
    """A piece of the padded image."""
    padding, offsets = options["padding"], []
    padded = numpy.pad(before, [(0, 0), (padding, padding), (padding, padding), (0, 0)],
                       constant_values=options["fill"])
    places = list(itertools.product(range(2 * padding + 1), repeat=2))
    for number, sample in enumerate(after):
        height, width, _ = sample.shape
        found = [(y, x) for y, x in places
                 if same(padded[number, y:y + height, x:x + width], sample)]
        if not found:
            yield f"sample {number} is no piece of the padded image"
        offsets += found[:1]
    deviation = math.sqrt(((2 * padding + 1) ** 2 - 1) / 12 / len(after))
    for axis in (0, 1):
        mean = numpy.mean([offset[axis] for offset in offsets])
        if abs(mean - padding) > SIGMAS * deviation:
            yield f"pieces begin at {mean:.2f} on average, where {padding} is expected"


def filled(before, after, fill):
    """(where samples have changed, whether every change is the fill and nothing else changed)."""
    changed = numpy.abs(after - before) > CLOSE
    return changed, numpy.abs(after[changed] - fill).max(initial=0) < CLOSE


def cutout(before, after, options):
    """Boxes with their full extent, or cut off at an edge."""
    size = options["size"] * (3 - len(options["size"]))
    changed, right = filled(before, after, options["fill"])
    if not right:
        yield "what has changed is not the fill"
    boxes = changed.all(-1)
    if (changed.any(-1) != boxes).any():
        yield "not all channels of a pixel have changed"
    for number, box in enumerate(boxes):
        if box.sum() > options["count"] * size[0] * size[1]:
            yield f"sample {number} has {box.sum()} pixels blotted out"
        if options["count"] == 1 and not is_box(box, size):
            yield f"sample {number} has no box of {size}"
    if not boxes.any((1, 2)).mean() > 0.9 or len({box.tobytes() for box in boxes}) < 10:
        yield "boxes hardly vary"


def is_box(mask, size):
    """Whether a mask is one box of a size, which an edge may cut off."""
    rows, columns = numpy.flatnonzero(mask.any(1)), numpy.flatnonzero(mask.any(0))
    if not len(rows):
        return True
    if not mask[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1].all():
        return False
    for places, extent, most in zip((rows, columns), size, mask.shape):
        at_edge = places[0] == 0 or places[-1] == most - 1
        if len(places) > extent or len(places) < extent and not at_edge:
            return False
    return True


def noise(before, after, options):
    """A normal distribution with the mean 0."""
    added, std = (after - before).ravel(), options["std"]
    if abs(added.mean()) > SIGMAS * std / math.sqrt(added.size):
        yield f"the mean of the noise is {added.mean():.4g}"
    if abs(added.std() - std) > SIGMAS * std / math.sqrt(2 * added.size):
        yield f"the deviation of the noise is {added.std():.4g}, where {std} is expected"
    fourth = ((added - added.mean()) ** 4).mean() / added.std() ** 4
    if abs(fourth - 3) > SIGMAS * math.sqrt(24 / added.size):
        yield f"the noise is not normally distributed: its kurtosis is {fourth:.3f}"


def luminance(images):
    """(..., 1) of (..., 3), by ITU-R BT.601."""
    return (images @ numpy.array([0.2989, 0.587, 0.114]))[..., None]


def color(before, after, options):
    """Brightness, contrast or saturation multiplied by one factor of each image."""
    kind = next(k for k in ("brightness", "contrast", "saturation") if options[k])
    base = {"brightness": numpy.zeros_like(before),
            "contrast": luminance(before).mean((1, 2, 3), keepdims=True) * numpy.ones_like(before),
            "saturation": luminance(before) * numpy.ones_like(before)}[kind]
    factors = []
    for number, (a, b, origin) in enumerate(zip(before, after, base)):
        factor = float(((b - origin) * (a - origin)).sum() / ((a - origin) ** 2).sum())
        if not same(origin + factor * (a - origin), b):
            yield f"{kind} of sample {number} has not changed by one factor"
        factors.append(factor)
    yield from uniform(f"factors of {kind}", factors, 1 - options[kind], 1 + options[kind])


def uniform(what, values, low, high):
    """Whether numbers lie between bounds, and on average in the middle."""
    if min(values) < low - 1e-3 or max(values) > high + 1e-3:
        yield f"{what} lie from {min(values):.4g} to {max(values):.4g}, not from {low} to {high}"
    deviation = (high - low) / math.sqrt(12 * len(values))
    if abs(numpy.mean(values) - (low + high) / 2) > SIGMAS * deviation:
        yield f"the mean of {what} is {numpy.mean(values):.4g}"
    if max(values) - min(values) < (high - low) / 2:
        yield f"{what} hardly vary"


def turned(images, degrees, fill):
    """Images turned counterclockwise about their centers, with bilinear interpolation."""
    _, height, width, _ = images.shape
    angle = numpy.radians(degrees)
    matrix = numpy.zeros((len(images), 2, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = numpy.cos(angle)
    matrix[:, 0, 1] = -numpy.sin(angle) * height / width
    matrix[:, 1, 0] = numpy.sin(angle) * width / height
    planes = torch.tensor(images - fill).permute(0, 3, 1, 2)
    grid = torch.nn.functional.affine_grid(torch.tensor(matrix), planes.shape, False)
    found = torch.nn.functional.grid_sample(planes, grid, "bilinear", "zeros", False)
    return found.permute(0, 2, 3, 1).numpy() + fill


def rotate(before, after, options):
    """Turned by an angle that is searched for, ever more closely."""
    most, fill = options["degrees"], options["fill"]
    center, step = numpy.zeros(len(before)), most / 60
    for _ in range(9):
        angles = center + numpy.linspace(-60, 60, 121)[:, None] * step
        errors = numpy.stack([((turned(before, row, fill) - after) ** 2).sum((1, 2, 3))
                              for row in angles])
        center = numpy.take_along_axis(angles, errors.argmin(0)[None], 0)[0]
        step /= 12
    for number, (a, b) in enumerate(zip(turned(before, center, fill), after)):
        if numpy.abs(a - b).max() > 2e-4:
            yield f"sample {number} is not turned: {numpy.abs(a - b).max():.3g} off"
    yield from uniform("angles", list(center), -most, most)


def mask(before, after, options, axis):
    """Stretches along an axis of (time, features) that are filled as a whole."""
    changed, right = filled(before, after, options["fill"])
    if not right:
        yield "what has changed is not the fill"
    lines = changed.any(2 - axis)
    if (changed.all(2 - axis) != lines).any():
        yield "a line has changed in part only"
    count, size, lengths = options.get("count", 1), options["size"], []
    for number, line in enumerate(lines):
        runs = [len(list(run)) for value, run in itertools.groupby(line) if value]
        if len(runs) > count or sum(runs) > count * size:
            yield f"sample {number} has stretches of {runs}"
        lengths.append(sum(runs))
    if count == 1 and max(lengths) != size:
        yield f"no stretch is as long as {size}"
    blank = sum(length == 0 for length in lengths)
    share = options.get("probability", 1.0)
    # A stretch may have the length 0, which is one of size + 1.
    expected = 1 - share * (1 - (1 / (size + 1)) ** count)
    yield from unlikely("samples without a stretch", blank, len(lengths), expected)


CHECKS = {"flip": flip, "crop": crop, "cutout": cutout, "noise": noise, "color": color,
          "rotate": rotate,
          "time_mask": lambda a, b, options: mask(a, b, options, 0),
          "frequency_mask": lambda a, b, options: mask(a, b, options, 1)}
