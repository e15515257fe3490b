"""The part `schedules`: the learning rate of every epoch, also of runs of one, two and few units.

What the interpreter expects is itself compared with torch.optim.lr_scheduler, where it has the
same.
"""

import types
import warnings

import torch
from torch.optim import lr_scheduler

import part_models
from draws import Draws
from grower import Grower
from kurfiles import add_source
from options import SCHEDULES, schedule
from schedules import FORMULAS, Schedule

EPOCHS = (1, 2, 3, 5, 8, 13)
RATE = 0.1


def draw_case(seed, index, attempt=0, only=None):
    """A dense layer that is trained for some epochs of one or two steps."""
    draws = Draws(seed, index, attempt, only)
    kind = SCHEDULES[index % len(SCHEDULES)]
    epochs = EPOCHS[index // len(SCHEDULES) % len(EPOCHS)]
    grower, data = Grower(draws, {}), {"train": {}, "validate": {}}
    counts = {"train": 8, "validate": 5}
    for name, width in (("first", 3), ("output", 2)):
        add_source(grower, data, counts, name, lambda n, w=width: draws.normal((n, w)))
    grower.strict = False
    grower.put("input", "first", name="first")
    grower.put("dense", 2, name="output")
    provider = {"batch_size": draws.pick([4, 8]), "randomize": False}
    train = {"provider": provider, "stop_when": {"epochs": epochs},
             "optimizer": {"name": "sgd", "learning_rate": RATE},
             "schedule": schedule(draws, kind, epochs)}
    if kind in ("cosine", "one_cycle") and index // len(SCHEDULES) % 2:
        train["schedule"].setdefault("length", draws.integer(1, 2 * epochs))
    kurfile = {"model": grower.model, "train": train,
               "validate": {"provider": provider, "metrics": ["r2"]},
               "loss": [{"target": "output", "name": "mean_squared_error"}]}
    return types.SimpleNamespace(kurfile=kurfile, data=data, weights=grower.weights, threads=1,
                                 scale=None, supplier="npz")


def steps_of(case):
    """(steps an epoch, epochs) of a case."""
    train = case.kurfile["train"]
    return 8 // train["provider"]["batch_size"], train["stop_when"]["epochs"]


def torch_schedule(options, optimizer, units):
    """PyTorch's schedule for options of a Kurfile and a run of so many units, or None."""
    minimum, name = options.get("minimum", 0.0) * RATE, options["name"]
    length = options.get("length") or units
    if name == "step" and "at" in options:
        at = options["at"] if isinstance(options["at"], list) else [options["at"]]
        return lr_scheduler.MultiStepLR(optimizer, at, options["factor"])
    if name == "step":
        return lr_scheduler.StepLR(optimizer, options["every"], options["factor"])
    if name == "exponential":
        return lr_scheduler.ExponentialLR(optimizer, options["factor"])
    if name == "cosine" and options.get("restarts"):
        return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, length,
                                                        options.get("growth", 1), minimum)
    if name == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, length, minimum)
    start, end = options.get("start", 0.04), options.get("end", 4e-6)
    anneal = {"cosine": "cos", "linear": "linear"}[options.get("shape", "cosine")]
    return lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=length,
                                   pct_start=options.get("rise", 0.3), div_factor=1 / start,
                                   final_div_factor=start / end, anneal_strategy=anneal,
                                   cycle_momentum=False)


def torch_rates(options, units):
    """The learning rates that PyTorch gives for the units of a run, as far as it goes."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler, rates = torch_schedule(options, optimizer, units), []
    most = options.get("length", units) if not options.get("restarts") else units
    for unit in range(min(units, most)):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if unit + 1 < min(units, most):
            scheduler.step()
    return rates


def check_formulas(case, comparison):
    """Compares the interpreter's schedule with PyTorch's."""
    options = case.kurfile["train"]["schedule"]
    if options["name"] not in FORMULAS:
        return
    per_epoch, epochs = steps_of(case)
    ours = Schedule(options, per_epoch, per_epoch * epochs)
    unit = ours.unit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = torch_rates(options, per_epoch * epochs // unit)
    got = [RATE * ours.factor(i * unit) for i in range(len(expected))]
    comparison.close("formulas of schedules", expected, got, 1e-9, RATE)


def run(setting, index, folder):
    """One case. Rounding is no matter here, so that every draw is taken."""
    case = draw_case(setting.seed, index)
    exact, noisy = part_models.reference(case), part_models.reference(case, 1)
    comparison, path = part_models.check(case, exact, noisy, setting, folder, evaluate=False)
    check_formulas(case, comparison)
    return part_models.result(case, comparison, path)
