"""The part `augment`: what each augmentation did to every sample of a batch.

Each input of the model is followed by a dense layer without weights to begin with, as many units
as there are samples, and a truth that is -1 where unit and sample have the same number. One step
of gradient descent makes row i of the weight minus what the augmentation made of sample i. What
was done must be something that the augmentation may do, and its extent must vary as chance lets
it.
"""

import math
import types

import numpy

import augmented
import compare
import part_models
import worker
from draws import Draws
from weights import read

SAMPLES = 80
IMAGE, FRAMES = (8, 7, 3), (14, 6)


def draw_augmentations(draws):
    """Sources by their names: (shape of a sample, the augmentation with its options)."""
    share = {"probability": draws.number(0.4, 0.9)}
    # No value of the data is near the fill: what has changed can be seen.
    fill = {"fill": draws.pick([0.0, 1.5])}
    return {
        "flipped": (IMAGE, "flip", {**share, "axis": draws.pick(["horizontal", "vertical"])}),
        "cropped": (IMAGE, "crop", {"padding": draws.integer(1, 3), **fill}),
        "cut": (IMAGE, "cutout", {"size": draws.pick([[3], [2, 4]]), "count": draws.integer(1, 2),
                                  **fill}),
        "noisy": (IMAGE, "noise", {"std": draws.number(0.05, 0.5)}),
        "bright": (IMAGE, "color", {"brightness": draws.number(0.2, 0.6), "contrast": 0.0,
                                    "saturation": 0.0}),
        "contrasted": (IMAGE, "color", {"brightness": 0.0, "contrast": draws.number(0.2, 0.6),
                                        "saturation": 0.0}),
        "saturated": (IMAGE, "color", {"brightness": 0.0, "contrast": 0.0,
                                       "saturation": draws.number(0.2, 0.6)}),
        "turned": (IMAGE, "rotate", {"degrees": draws.number(10, 90), **fill}),
        "paused": (FRAMES, "time_mask", {"size": draws.integer(2, 5), "count": draws.integer(1, 2),
                                         **fill}),
        "muted": (FRAMES, "frequency_mask", {"size": draws.integer(1, 4), **share, **fill}),
    }


def draw_case(seed, index):
    """A model with a source for every augmentation."""
    draws = Draws(seed, index)
    sources = draw_augmentations(draws)
    case = types.SimpleNamespace(sources=sources, supplier="npz", weights={}, data={"train": {}})
    model, losses = [], []
    for name, (shape, _, _) in sources.items():
        width = math.prod(shape)
        values = 0.05 + 0.95 * draws.random.random((SAMPLES, *shape))
        case.data["train"][name] = values.astype(numpy.float32)
        case.data["train"]["seen_" + name] = -numpy.eye(SAMPLES, dtype=numpy.float32)
        model += [{"input": name}, {"flatten": None}, {"dense": SAMPLES, "name": "seen_" + name}]
        losses.append({"target": "seen_" + name, "name": "mean_squared_error"})
        case.weights[f"seen_{name}.weight"] = numpy.zeros((SAMPLES, width), numpy.float32)
        case.weights[f"seen_{name}.bias"] = numpy.zeros(SAMPLES, numpy.float32)
    case.kurfile = {"model": model, "loss": losses, "train": {
        "provider": {"batch_size": SAMPLES, "randomize": False}, "stop_when": {"epochs": 1},
        "optimizer": {"name": "sgd", "learning_rate": SAMPLES * SAMPLES / 2},
        "augment": [{kind: {"source": name, **options}}
                    for name, (_, kind, options) in sources.items()]}}
    return case


def mixup_case(seed, index):
    """Batches of two samples whose truths are 1 and 0, and a layer that changes nothing."""
    draws = Draws(seed, index, 1)
    alpha = draws.number(0.2, 1.5)
    count, width = 2000, 4
    values = draws.normal((count, width)).astype(numpy.float32)
    data = {"first": values, "same": values, "share": numpy.tile([[1.0], [0.0]], (count // 2, 1)),
            "nothing": numpy.zeros((count, 1), numpy.float32)}
    data["share"] = data["share"].astype(numpy.float32)
    model = [{"input": "first"}, {"dense": width, "name": "same", "freeze": True},
             {"input": "nothing"}, {"dense": 1, "name": "share"}]
    kurfile = {"model": model, "loss": [{"target": name, "name": "mean_squared_error"}
                                        for name in ("same", "share")],
               "train": {"provider": {"batch_size": 2, "randomize": False},
                         "stop_when": {"epochs": 1},
                         "optimizer": {"name": "sgd", "learning_rate": 1e-12},
                         "augment": [{"mixup": {"alpha": alpha}}]}}
    weights = {"same.weight": numpy.eye(width, dtype=numpy.float32),
               "same.bias": numpy.zeros(width, numpy.float32),
               "share.weight": numpy.zeros((1, 1), numpy.float32),
               "share.bias": numpy.zeros(1, numpy.float32)}
    return types.SimpleNamespace(kurfile=kurfile, data={"train": data}, weights=weights,
                                 supplier="npz", alpha=alpha)


def check_mixup(case, comparison, events):
    """Truths are mixed as inputs are, by shares with the variance of the distribution."""
    losses = worker.finished_epochs(events)[0]["losses"]
    comparison.close("mixup of truths", 0.0, losses["same"], 1e-9, 1.0)
    variance = 1 / (4 * (2 * case.alpha + 1))
    # Partners are a permutation of the batch: in half of the cases, each sample is its own.
    expected = (0.5 + 0.25 + variance) / 2
    deviation = numpy.std(worker.batch_losses(events)) / math.sqrt(1000)
    comparison.close("mixup of shares", expected, losses["share"], 5.5 * deviation, 1.0)


def check_sources(case, comparison, weights):
    """Every sample of every source, and how they vary."""
    for name, (shape, kind, options) in case.sources.items():
        before = case.data["train"][name].astype(float)
        after = -weights[f"seen_{name}.weight"].astype(float).reshape(SAMPLES, *shape)
        comparison.count += after.size
        for fault in augmented.CHECKS[kind](before, after, options):
            comparison.fault(f"{kind} of {name}", fault)


def run(setting, index, folder):
    """One case: a model with all augmentations but mixup, and one with that."""
    comparison, seed = compare.Comparison(), 1000 * setting.seed + index
    mixed = mixup_case(setting.seed, index)
    path = worker.write(folder / "mixup", mixed, mixed.supplier)
    check_mixup(mixed, comparison, worker.run(setting.worker, path, seed=seed))
    case = draw_case(setting.seed, index)
    path = worker.write(folder, case, case.supplier)
    worker.run(setting.worker, path, threads=setting.threads or 1, seed=seed)
    check_sources(case, comparison, read(folder / "last.kur"))
    comparison.errors = {}
    result = part_models.result(case, comparison, path)
    result.found["augmentation", "mixup"] += 1
    return result
