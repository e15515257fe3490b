"""Compares what kurd computed with what it should, and keeps what differs.

A tolerance has two parts: a share of the scale of the tensor, and a multiple of the error that
rounding to float32 was seen to make. Weights are compared by how far training moved them.
"""

import math

import numpy

FLOOR = 2e-5
NOISE_FACTOR = 20.0
MOST_NOISE = 4e-5
# The share of the largest error of all tensors that no tensor's is taken to be less than: that of
# a single number may be small by chance.
LEAST_SHARE = 0.3


class Comparison:
    """The numbers of one case: how many were compared, the largest error, what differed."""

    def __init__(self):
        self.count, self.largest, self.faults, self.errors = 0, 0.0, [], {}

    def fault(self, what, text):
        """Keeps a difference."""
        self.faults.append(f"{what}: {text}")

    def close(self, what, expected, got, tolerance, scale):
        """Compares arrays of one shape; errors count in shares of `scale`."""
        expected, got = numpy.asarray(expected, float), numpy.asarray(got, float)
        if expected.shape != got.shape:
            self.fault(what, f"shape {got.shape} where {expected.shape} is expected")
            return
        self.count += expected.size
        if expected.size == 0:
            return
        difference = numpy.abs(expected - got)
        same = (expected == got) | (numpy.isnan(expected) & numpy.isnan(got))
        difference = numpy.where(same, 0, numpy.where(numpy.isfinite(difference), difference,
                                                      math.inf))
        worst = numpy.unravel_index(difference.argmax(), difference.shape)
        error = float(difference[worst]) / max(scale, 1e-30)
        kind = what.split(" ")[0]
        self.errors[kind] = max(self.errors.get(kind, 0.0), error)
        self.largest = max(self.largest, error)
        if difference[worst] > tolerance:
            place = list(map(int, worst)) if worst else ""
            self.fault(what, f"worst at {place}: expected {expected[worst]:.9g}, got "
                             f"{got[worst]:.9g}; difference {difference[worst]:.3g}, tolerance "
                             f"{tolerance:.3g}, {int((difference > tolerance).sum())} of "
                             f"{difference.size} elements")

    def same_keys(self, what, expected, got):
        """Compares sets of names."""
        if set(expected) != set(got):
            self.fault(what, f"names differ: missing {sorted(set(expected) - set(got))}, not "
                             f"expected {sorted(set(got) - set(expected))}")
        return sorted(set(expected) & set(got))


def magnitude(array):
    """The largest absolute value."""
    array = numpy.asarray(array, float)
    return float(numpy.abs(array).max()) if array.size else 0.0


class Tolerances:
    """What may be expected of float32, from trainings with and without errors of rounding."""

    def __init__(self, exact, noisy, loosened=1.0):
        self.exact, self.noisy, self.loosened = exact, noisy, loosened
        self.least = LEAST_SHARE * getattr(exact, "noise", 0.0)

    def of(self, expected, disturbed, scale):
        """The tolerance for a tensor of this scale."""
        error = magnitude(numpy.asarray(disturbed, float) - numpy.asarray(expected, float))
        return self.loosened * (FLOOR * scale +
                                NOISE_FACTOR * max(error, self.least * scale))


def largest_noise(pairs):
    """The largest error of rounding of tensors, in shares of their scales."""
    return max(magnitude(numpy.asarray(a, float) - numpy.asarray(b, float)) / scale
               for a, b, scale in pairs)


def moved(before, after):
    """How far weights were moved, by name."""
    return {name: after[name].numpy() - before[name].astype(float) for name in before
            if name in after}


def scale_of_moves(moves):
    """By name: the scale of a weight's moves, and no less than a share of the largest of all."""
    most = max(map(magnitude, moves.values()), default=0.0)
    return {name: max(magnitude(move), 0.05 * most, 1e-9) for name, move in moves.items()}


def weight_pairs(before, exact, noisy):
    """(exact move, disturbed move, scale) of every weight."""
    moves, disturbed = moved(before, exact), moved(before, noisy)
    scales = scale_of_moves(moves)
    return {name: (moves[name], disturbed[name], scales[name]) for name in moves}


def loss_scale(history):
    """The scale of a run's losses."""
    return max(magnitude(history.batches), 1e-3)


def loss_pairs(exact, noisy):
    """The losses of batches, of epochs and of validations, as pairs with their scale."""
    scale = loss_scale(exact)
    pairs = [(exact.batches, noisy.batches, scale)]
    if exact.validations:
        pairs.append(([v.loss for v in exact.validations], [v.loss for v in noisy.validations],
                      max(scale, magnitude([v.loss for v in exact.validations]))))
    return pairs
