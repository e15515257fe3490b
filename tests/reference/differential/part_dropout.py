"""The part `dropout`: which share of the values becomes 0, how others are scaled, and when.

All values before the dropout are 1, so that the batch losses |y| and y^2 tell the share that was
kept and the scale, and the step of the bias how often each channel was kept.
"""

import math
import types

import numpy

import compare
import part_models
import worker
from draws import Draws
from weights import read

RATE = 1.0
SHAPES = ((40,), (12, 20), (5, 6, 10))
SIGMAS = 5.5


def draw_case(seed, index):
    """A dense layer that gives ones, a dropout and two outputs."""
    draws = Draws(seed, index)
    shape = SHAPES[index % len(SHAPES)]
    fraction, independent = draws.number(0.1, 0.8), draws.chance(0.5)
    value = fraction if independent and draws.chance(0.5) else {
        "fraction": fraction, "independent": independent}
    model = [{"input": "first"}, {"dense": shape[-1], "name": "ones"},
             {"dropout": value, "name": "dropped"},
             {"activation": "linear", "name": "squares"},
             {"activation": "linear", "inputs": "dropped", "name": "sizes"}]
    data = {}
    for section, count in (("train", 300), ("validate", 4)):
        zeros = numpy.zeros((count, *shape), numpy.float32)
        data[section] = {"first": zeros, "squares": zeros, "sizes": zeros}
    provider = {"batch_size": 100, "randomize": False}
    kurfile = {"model": model, "loss": [
        {"target": "squares", "name": "mean_squared_error"},
        {"target": "sizes", "name": "mean_absolute_error"}],
        "train": {"provider": provider, "stop_when": {"epochs": 1},
                  "accumulate": 3, "optimizer": {"name": "sgd", "learning_rate": RATE}},
        "validate": {"provider": provider, "metrics": ["mean_absolute_error"]}}
    weights = {"ones.weight": numpy.zeros((shape[-1], shape[-1]), numpy.float32),
               "ones.bias": numpy.ones(shape[-1], numpy.float32)}
    return types.SimpleNamespace(kurfile=kurfile, data=data, weights=weights, supplier="npz",
                                 shape=shape, fraction=fraction, independent=independent)


def check_share(case, comparison, losses):
    """The share that was kept lies where chance lets it be, and the scale makes up for it."""
    size, square = losses["sizes"], losses["squares"]
    scale, kept = square / size, size ** 2 / square
    comparison.close("scale of dropout", 1 / (1 - case.fraction), scale, 1e-4 * scale, scale)
    draws = 300 * (case.shape[-1] if not case.independent else math.prod(case.shape))
    sigma = math.sqrt(case.fraction * (1 - case.fraction) / draws)
    comparison.close("share of dropout", 1 - case.fraction, kept, SIGMAS * sigma, 1.0)
    return scale


def check_gradients(case, comparison, losses, scale, folder):
    """The backward pass dropped what the forward pass did, channels as a whole if they are."""
    step = (1 - read(folder / "last.kur")["ones.bias"].astype(float)) / RATE
    expected = losses["sizes"] * (2 * scale + 1)
    comparison.close("gradients of dropout", expected, step.sum(), 2e-4 * expected, expected)
    values = 300 * math.prod(case.shape)
    counts = step / (2 * scale ** 2 + scale) * values
    if not case.independent:
        positions = math.prod(case.shape[:-1])
        counts = counts / positions
        comparison.close("whole channels of dropout", counts.round(), counts, 0.05, 1.0)
    elif len(case.shape) > 1:
        positions = math.prod(case.shape[:-1])
        if numpy.abs(counts / positions - (counts / positions).round()).max() < 0.05:
            comparison.fault("independent dropout", "whole channels were dropped")


def check_measuring(comparison, folder):
    """Nothing is dropped when a model is measured."""
    bias = read(folder / "last.kur")["ones.bias"]
    for name, got in worker.results(folder / "validated.pkl").items():
        comparison.close(f"measured {name}", numpy.broadcast_to(bias, got.shape), got, 1e-6, 1.0)


def run(setting, index, folder):
    """One case."""
    case, comparison = draw_case(setting.seed, index), compare.Comparison()
    path = worker.write(folder, case, case.supplier)
    events = worker.run(setting.worker, path, threads=setting.threads or 1,
                        seed=1000 * setting.seed + index)
    losses = worker.finished_epochs(events)[0]["losses"]
    scale = check_share(case, comparison, losses)
    check_gradients(case, comparison, losses, scale, folder)
    check_measuring(comparison, folder)
    batches = worker.batch_losses(events)
    if len(set(batches)) == 1:
        comparison.fault("batches of dropout", "the same values were dropped in every batch")
    comparison.errors = {}
    return part_models.result(case, comparison, path)
