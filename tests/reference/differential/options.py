"""Draws how a case is trained: optimizer, schedule, batches and the other keys of `train`."""

import numpy

from optimizers import KINDS
from schedules import FORMULAS

SCHEDULES = (*FORMULAS, "warmup", "reduce_on_plateau")
OPTIONS = ("accumulate", "clip.norm", "clip.abs", "layers", "scale_rate", "ema", "freeze",
           "early_stopping", "num_batches", "force_batch_size", "sort_by", "best",
           "decay", "non_finite")
RATES = {"sgd": (0.02, 0.15), "adam": (0.003, 0.02), "adamw": (0.003, 0.02),
         "rmsprop": (0.002, 0.01), "adadelta": (0.5, 2.0), "adagrad": (0.01, 0.05),
         "lion": (0.002, 0.01)}


def training_options(draws, kurfile, data, grower):
    """Fills in `train`, `validate` and `evaluate` of a Kurfile."""
    optimizer = draw_optimizer(draws)
    train = {"provider": {"batch_size": draws.pick([1, 2, 3, 3, 4, 4, 5, 5]), "randomize": False},
             "stop_when": {"epochs": draws.integer(1, 3)}, "optimizer": optimizer}
    chosen = {draws.turn("option", OPTIONS)} | {o for o in OPTIONS if draws.chance(0.12)}
    for option in sorted(chosen):
        ADD[option](draws, train, optimizer, grower, data)
    if draws.chance(0.75) or draws.only in SCHEDULES:
        train["schedule"] = schedule(draws, draws.turn("schedule", SCHEDULES),
                                     train["stop_when"]["epochs"])
    if "schedule" in train and train["schedule"]["name"] == "reduce_on_plateau":
        train["stop_when"]["epochs"] = draws.integer(4, 7)
    kurfile["train"] = train
    for section in ("validate", "evaluate"):
        kurfile[section] = {"provider": {"batch_size": draws.integer(2, 9), "randomize": False}}


def draw_optimizer(draws):
    """An optimizer with a learning rate that moves weights, and options of its own."""
    kind = draws.turn("optimizer", KINDS)
    options = {"name": kind, "learning_rate": draws.number(*RATES[kind])}
    if kind in ("adam", "adamw", "lion") and draws.chance(0.6):
        options.update(beta1=draws.number(0.7, 0.95),
                       beta2=draws.pick([draws.number(0.8, 0.99), 0.99, 0.9999, 0.99999]))
    if kind in ("adamw", "lion") and draws.chance(0.4):
        options["weight_decay"] = draws.number(0.02, 0.2)
    if kind in ("adam", "adamw", "rmsprop"):
        # Where a gradient is 0 but for rounding, a small epsilon makes steps of chance.
        options["epsilon"] = draws.pick([1e-8, 1e-4, 1e-3])
    if kind in ("adadelta", "adagrad") and draws.chance(0.5):
        options["epsilon"] = draws.pick([1e-5, 1e-4])
    if kind in ("rmsprop", "adadelta") and draws.chance(0.5):
        options["rho"] = draws.pick([draws.number(0.7, 0.97), 0.999, 0.9999])
    if kind in ("sgd", "rmsprop") and draws.chance(0.6):
        options["momentum"] = draws.number(0.3, 0.9)
        if kind == "sgd" and draws.chance(0.5):
            options["nesterov"] = True
    return options


def schedule(draws, kind, epochs):
    """A schedule of some kind with random options."""
    unit = {"unit": draws.pick(["epoch", "step"])} if draws.chance(0.6) else {}
    if kind == "step":
        falls = {"every": draws.integer(1, 3)} if draws.chance(0.5) else {
            "at": draws.pick([1, [1, 2], [2, 4, 5]])}
        return {"name": kind, **unit, **falls, "factor": draws.number(0.2, 0.9)}
    if kind == "exponential":
        return {"name": kind, **unit, "factor": draws.number(0.5, 0.95)}
    if kind == "cosine":
        return {"name": kind, **unit, **cosine(draws)}
    if kind == "one_cycle":
        shape = {"shape": "linear"} if draws.chance(0.5) else {}
        ends = {"start": draws.number(0.02, 0.3), "end": draws.number(0.0001, 0.01)}
        return {"name": kind, **unit, **shape, **(ends if draws.chance(0.5) else {}),
                "rise": draws.number(0.1, 0.6)}
    if kind == "reduce_on_plateau":
        return {"name": kind, "factor": draws.number(0.2, 0.7), "patience": draws.integer(0, 1),
                "threshold": draws.pick([0.0001, 0.2]), "cooldown": draws.integer(0, 1),
                "minimum": draws.pick([0.0, 0.3])}
    then = draws.pick([None, *FORMULAS, "reduce_on_plateau"])
    warm = {"name": "warmup", "length": draws.integer(1, 2 if unit.get("unit") != "epoch" else
                                                      max(1, epochs - 1)), **unit}
    if draws.chance(0.5):
        warm["start"] = draws.number(0.05, 0.5)
    if then:
        # The same unit: how many units are left would else be a matter of rounding.
        same = {"unit": warm.get("unit", "step")} if then in FORMULAS else {}
        warm["then"] = {**schedule(draws, then, epochs), **same}
    return warm


def cosine(draws):
    """Options of cosine."""
    if draws.chance(0.5):
        return {"length": draws.integer(1, 4), "restarts": True, "growth": draws.integer(1, 2),
                "minimum": draws.number(0.01, 0.3)}
    return {"minimum": draws.number(0.01, 0.3)} if draws.chance(0.5) else {}


def accumulate(draws, train, *_):
    """Steps of several batches."""
    train["accumulate"] = draws.integer(2, 3)


def clip_norm(draws, _train, optimizer, *_):
    """A bound on the norm of all gradients."""
    optimizer["clip"] = {"norm": draws.number(0.05, 2)}


def clip_abs(draws, _train, optimizer, *_):
    """A bound on every element of the gradients."""
    optimizer["clip"] = {"abs": draws.number(0.003, 0.1)}


def weighted_layers(grower):
    """Layers with weights, at the top of the model and in operators."""
    named = {name.split(".")[0] for name in grower.weights}
    return [c for c in every_container(grower.model) if c.get("name") in named]


def every_container(model):
    """The containers of a model, and those in its residual and parallel ones."""
    for container in model:
        yield container
        for kind in ("residual", "parallel"):
            inner = container.get(kind, [])
            yield from every_container(inner if isinstance(inner, list) else inner["apply"])


def layers(draws, _train, optimizer, grower, _):
    """Other rates for some layers, by their names or tags."""
    overrides = []
    for container in [c for c in weighted_layers(grower) if not c.get("freeze")][:2]:
        override = {"name": container["name"].split("_")[0] + "*"}
        if draws.chance(0.5):
            container["tag"] = f"tag_{len(overrides)}"
            override = {"tag": container["tag"]}
        if draws.chance(0.7):
            override["learning_rate"] = optimizer["learning_rate"] * draws.pick([0.25, 0.5, 2])
        if draws.chance(0.5) or "learning_rate" not in override:
            override["decay"] = draws.number(0.01, 0.2)
        overrides.append(override)
    if overrides:
        optimizer["layers"] = overrides if len(overrides) > 1 else draws.pick(
            [overrides, overrides[0]])


def scale_rate(draws, _train, optimizer, _grower, data):
    """Learning rates in proportion to a source."""
    optimizer["scale_rate"] = "importance"
    if draws.chance(0.5):
        optimizer["scale_mode"] = "sqrt"
    for sources in data.values():
        count = len(next(iter(sources.values())))
        sources["importance"] = (0.25 + draws.random.random((count, 1))).astype(numpy.float32)


def ema(draws, train, *_):
    """An average of the weights."""
    decay = draws.number(0.5, 0.95)
    train["ema"] = draws.pick([decay, {"decay": decay}])


def freeze(draws, _train, _optimizer, grower, _):
    """Weights that stay as they are."""
    candidates = weighted_layers(grower)[:-1]
    if candidates:
        draws.pick(candidates)["freeze"] = True


def early_stopping(draws, train, *_):
    """An end that comes when validations get no better."""
    train["stop_when"]["epochs"] = draws.integer(4, 7)
    train["early_stopping"] = {"patience": draws.integer(1, 2),
                               "min_delta": draws.pick([0.0, 0.05])}


def num_batches(draws, train, *_):
    """Fewer batches than there are."""
    train["provider"]["num_batches"] = draws.integer(1, 2)


def force_batch_size(_draws, train, *_):
    """No last batch that is smaller."""
    train["provider"]["force_batch_size"] = True


def sort_by(draws, train, _optimizer, _grower, data):
    """Data in the order of a source."""
    train["provider"]["sort_by"] = "order"
    if draws.chance(0.5):
        train["provider"]["reverse"] = True
    for sources in data.values():
        count = len(next(iter(sources.values())))
        sources["order"] = draws.random.permutation(count).astype(numpy.float32)[:, None]


def best(_draws, train, *_):
    """Files with the best weights, of training and of validation."""
    train["weights"] = {"best": "best.kur"}


def decay(draws, _train, optimizer, *_):
    """Weight decay."""
    key = "weight_decay" if optimizer["name"] in ("adamw", "lion") else "decay"
    optimizer[key] = draws.number(0.01, 0.3)


def non_finite(_draws, train, *_):
    """What to do with infinite losses, of which there are none here."""
    train["non_finite"] = "skip"


ADD = {"accumulate": accumulate, "clip.norm": clip_norm, "clip.abs": clip_abs, "layers": layers,
       "scale_rate": scale_rate, "ema": ema, "freeze": freeze, "early_stopping": early_stopping,
       "num_batches": num_batches, "force_batch_size": force_batch_size, "sort_by": sort_by,
       "best": best, "decay": decay, "non_finite": non_finite}
