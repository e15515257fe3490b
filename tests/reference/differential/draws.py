"""Random choices that are a pure function of a seed, the number of a case and of the attempt."""

import zlib

import numpy


class Draws:
    """The choices of one case; `attempt` counts draws that turned out to be unfit."""

    def __init__(self, seed, index, attempt=0, only=None):
        self.seed, self.index, self.only = seed, index, only
        self.random = numpy.random.default_rng([seed, index, attempt])

    def pick(self, choices):
        """One of a list, all as likely."""
        choices = list(choices)
        return choices[self.random.integers(len(choices))]

    def chance(self, probability):
        """True in a share of the cases."""
        return bool(self.random.random() < probability)

    def integer(self, low, high):
        """From low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def number(self, low, high):
        """A number of few digits between low and high."""
        return float(f"{self.random.uniform(low, high):.3g}")

    def turn(self, category, choices):
        """One of a list so that each has its turn before any comes again, in a random order."""
        choices = list(choices)
        if self.only in choices:
            return self.only
        cycle, place = divmod(self.index, len(choices))
        order = numpy.random.default_rng([self.seed, zlib.crc32(category.encode()), cycle])
        return choices[order.permutation(len(choices))[place]]

    def normal(self, shape):
        """Normally distributed multiples of 1/64: exact in every precision."""
        return (self.random.standard_normal(shape) * 64).round() / 64

    def weight(self, name, shape):
        """Initial values of a weight, as float32, that keep values of the size that they have."""
        values = self.random.standard_normal(shape)
        part = name.split(".")[-1]
        if part == "running_var":
            values = 0.5 + self.random.random(shape)
        elif len(shape) == 1 and part == "weight":
            values = 1 + 0.3 * values
        elif len(shape) == 1:
            values = 0.3 * values
        elif not name.startswith(("embedding", "positional_encoding")):
            values = values / numpy.sqrt(numpy.prod(shape[1:]))
        return values.astype(numpy.float32)
