"""The part `cells`: recurrent layers with every outer activation, several in each model."""

import types

import torch

import part_models
from activations import ACTIVATIONS
from draws import Draws
from grower import Grower
from kurfiles import add_source, head, metric_options
from options import training_options

EACH = 4
CELLS = [(kind, name) for kind in ("gru", "lstm") for name in ACTIVATIONS]


def draw_case(seed, index, attempt=0, only=None):
    """A sequence that goes through several cells side by side."""
    draws = Draws(seed, index, attempt, only)
    counts = {"train": draws.integer(9, 12), "validate": 6, "evaluate": 4}
    data = {section: {} for section in counts}
    grower = Grower(draws, {})
    shape = (draws.integer(3, 5), draws.integer(2, 5))
    add_source(grower, data, counts, "first", lambda n: draws.normal((n, *shape)))
    grower.put("input", "first", name="first")
    start, ends = grower.x, []
    grower.strict = False
    for kind, name in (CELLS[(index * EACH + i) % len(CELLS)] for i in range(EACH)):
        grower.x = start
        options = {"size": 2 * draws.integer(1, 2), "type": kind, "outer_activation": name}
        if draws.chance(0.4):
            options.update(bidirectional=True, merge=draws.pick(["concat", "average"]))
        grower.put("recurrent", options, inputs="first")
        ends.append(grower.model[-1]["name"])
    grower.put("merge", "concat", inputs=ends)
    loss = head(grower, data, counts, "mean_squared_error", "output_1", grower.model[-1]["name"])
    kurfile = {"model": grower.model, "loss": [loss]}
    training_options(draws, kurfile, data, grower)
    metric_options(draws, kurfile)
    bounded = bool(torch.isfinite(grower.x).all()) and float(grower.x.abs().max()) < 100
    return types.SimpleNamespace(kurfile=kurfile, data=data, weights=grower.weights, threads=1,
                                 scale=None, bounded=bounded)


def run(setting, index, folder):
    """One case."""
    case, exact, noisy = part_models.fit_case(setting.seed, index, draw_case, setting.only)
    case.supplier = "pickle"
    comparison, path = part_models.check(case, exact, noisy, setting, folder, evaluate=False)
    return part_models.result(case, comparison, path)
