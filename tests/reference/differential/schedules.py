"""Schedules by their formulas: the share of the optimizer's learning rate for a step.

`units` are counted from the beginning of the run; `total` is how many units the run has.
"""

import bisect
import math


def between(start, end, share, shape="cosine"):
    """Where a course from start to end is after a share of it."""
    if shape == "linear":
        return start + (end - start) * share
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def step(options, units, _):
    """PyTorch's StepLR and MultiStepLR."""
    at = options.get("at", [])
    at = at if isinstance(at, list) else [at]
    falls = bisect.bisect_right(sorted(at), units) if at else units // options["every"]
    return options.get("factor", 0.1) ** falls


def cosine(options, units, total):
    """PyTorch's CosineAnnealingLR, which stays at its minimum, and CosineAnnealingWarmRestarts."""
    length, growth = options.get("length") or total, options.get("growth", 1)
    minimum = options.get("minimum", 0.0)
    if not options.get("restarts"):
        return between(1.0, minimum, min(units / length, 1.0))
    while units >= length:
        units -= length
        length *= growth
    return between(1.0, minimum, units / length)


def one_cycle(options, units, total):
    """PyTorch's OneCycleLR with two phases; its last unit has the least rate."""
    length = options.get("length") or total
    top, last = options.get("rise", 0.3) * length - 1, length - 1
    shape, start = options.get("shape", "cosine"), options.get("start", 0.04)
    units = min(units, last)
    if units <= top:
        return between(start, 1.0, units / top if top else 0.0, shape)
    return between(1.0, options.get("end", 4e-6), (units - top) / (last - top), shape)


FORMULAS = {"step": step, "cosine": cosine, "one_cycle": one_cycle,
            "exponential": lambda options, units, total: options["factor"] ** units}
STEPWISE = ("one_cycle", "warmup")


def normalized(schedule):
    """A schedule as a dictionary with its name."""
    return {"name": schedule} if isinstance(schedule, str) else schedule


class Schedule:
    """A schedule of a run with a known number of steps an epoch and in all."""

    def __init__(self, schedule, steps_per_epoch, total_steps):
        self.options = normalized(schedule) if schedule else None
        self.steps_per_epoch, self.total_steps = steps_per_epoch, total_steps
        self.plateau = (Plateau(self.options) if self.options and
                        self.options["name"] == "reduce_on_plateau" else None)
        then = self.options.get("then") if self.options else None
        self.then = None
        if self.options and self.options["name"] == "warmup":
            self.warm = self.options["length"] * self.unit()
            self.then = Schedule(then, steps_per_epoch, total_steps - self.warm)

    def unit(self):
        """How many steps a unit has."""
        default = "step" if self.options["name"] in STEPWISE else "epoch"
        return 1 if self.options.get("unit", default) == "step" else self.steps_per_epoch

    def factor(self, steps):
        """The share for the step after `steps` steps."""
        if self.options is None:
            return 1.0
        if self.plateau:
            return self.plateau.factor
        units = steps // self.unit()
        if self.then:
            if steps >= self.warm:
                return self.then.factor(steps - self.warm)
            return between(self.options.get("start", 0.01), 1.0, units / self.options["length"],
                           "linear")
        total = max(1, math.ceil(self.total_steps / self.unit()))
        return FORMULAS[self.options["name"]](self.options, units, total)

    def observe(self, loss):
        """Takes in the loss of the validation after an epoch."""
        if self.plateau:
            self.plateau.observe(loss)
        if self.then:
            self.then.observe(loss)


class Plateau:
    """PyTorch's ReduceLROnPlateau, mode min and threshold mode rel."""

    def __init__(self, options):
        self.options, self.factor = options, 1.0
        self.best, self.bad, self.rest = math.inf, 0, 0

    def observe(self, loss):
        """Takes in a loss and lowers the factor if it has not fallen for too long."""
        if loss < self.best * (1 - self.options.get("threshold", 1e-4)):
            self.best, self.bad = loss, 0
        else:
            self.bad += 1
        if self.rest > 0:
            self.rest, self.bad = self.rest - 1, 0
        if self.bad > self.options.get("patience", 10):
            lower = max(self.factor * self.options.get("factor", 0.1),
                        self.options.get("minimum", 0.0))
            self.factor = lower if self.factor - lower > 1e-8 else self.factor
            self.rest, self.bad = self.options.get("cooldown", 0), 0
