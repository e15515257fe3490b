"""Draws a whole case: a Kurfile, its data and its initial weights."""

import types

import numpy
import torch

import metrics
from activations import ACTIVATIONS
from blocks import BLOCKS, RANKS, activation, dense, names_of
from draws import Draws
from grower import Grower
from losses import LOSSES, OF_CLASSES, WEIGHED
from options import training_options

EXTENTS = {1: [(4, 7)], 2: [(4, 7), (3, 5)], 3: [(4, 6), (4, 6), (2, 4)],
           4: [(3, 4), (3, 4), (2, 4), (2, 3)]}
SAMPLES = {"train": (9, 14), "validate": (5, 8), "evaluate": (4, 6)}
LAYOUT = ("recurrent", "convolution", "upsample", "transpose", "group_normalization",
          "transposed_convolution", "attention", "pool", "batch_normalization")
FINAL = {"categorical_crossentropy": "softmax", "kl_divergence": "softmax",
         "sparse_categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid",
         "poisson": "softplus"}
VOCABULARY = 7


def draw_case(seed, index, attempt=0, only=None):
    """A case: `kurfile`, `data` by section and source, `weights`, and what it is about."""
    draws = Draws(seed, index, attempt, only)
    focus = draws.turn("layer", BLOCKS)
    counts = {section: draws.integer(*bounds) for section, bounds in SAMPLES.items()}
    data = {section: {} for section in counts}
    grower = Grower(draws, {})
    grower.vocabulary, grower.focus = VOCABULARY, focus
    begin(grower, data, counts, focus)
    grow(grower, focus)
    second_input(grower, data, counts)
    losses = heads(grower, data, counts)
    kurfile = {"model": grower.model, "loss": losses}
    if grower.templates:
        kurfile["templates"] = grower.templates
    training_options(draws, kurfile, data, grower)
    metric_options(draws, kurfile)
    data["test"] = data["evaluate"]
    kurfile["test"] = dict(kurfile["validate"], metrics=kurfile["validate"]["metrics"])
    return types.SimpleNamespace(kurfile=kurfile, data=data, weights=grower.weights, focus=focus,
                                 threads=1)


def add_source(grower, data, counts, name, values):
    """A source of all sections; values(count) draws it."""
    for section, count in counts.items():
        data[section][name] = values(count).astype(numpy.float32)
    grower.data[name] = torch.tensor(data["train"][name], dtype=torch.float64)


def begin(grower, data, counts, focus):
    """The first input, of a shape that suits the block in the focus."""
    draws = grower.draws
    rank = draws.pick(RANKS.get(focus, (1, 2, 2, 3, 3, 4)))
    kind = draws.pick(["input", "input", "placeholder"])
    if rank == 0:
        time = draws.integer(3, 6)
        add_source(grower, data, counts, "first",
                   lambda n: draws.random.integers(0, VOCABULARY, (n, time)))
        grower.put(kind, "first", name="first")
        BLOCKS["embedding"](grower)
        return
    shape = [draws.integer(*bounds) for bounds in EXTENTS[rank]]
    grower.wide = draws.chance(0.2)
    if grower.wide and draws.chance(0.5):
        shape[-1] = draws.integer(9, 36)
    offset = draws.pick([30.0, 100.0]) if rank > 1 and draws.chance(0.2) else 0.0
    grower.largest = 1000.0 if offset else grower.largest
    add_source(grower, data, counts, "first", lambda n: draws.normal((n, *shape)) + offset)
    grower.put(kind, draws.pick(["first", "first", {"shape": shape, "name": "first"}]),
               name="first")
    if offset:
        from_offset(grower)


def from_offset(grower):
    """Layers that keep a large mean, and then one that takes it away."""
    draws = grower.draws
    largest = 40.0
    if draws.chance(0.5):
        draws.pick([BLOCKS["transpose"], BLOCKS["upsample"], BLOCKS["convolution"], dense])(grower)
    for _ in range(10):
        kind = draws.pick(["group_normalization", "layer_normalization", "batch_normalization"])
        if BLOCKS[kind](grower) and float(grower.x.detach().abs().max()) < largest:
            break
    grower.largest = largest


def grow(grower, focus):
    """Some blocks in a random order, the one in the focus and an activation among them."""
    draws = grower.draws
    steps = [focus]
    if draws.chance(0.6):
        steps += ["dense", "the activation", draws.pick(LAYOUT)]
    else:
        steps = [draws.pick(BLOCKS), "the activation"] + steps
    steps += [draws.pick(BLOCKS) for _ in range(draws.integer(0, 2))]
    for step in steps:
        if step == "embedding":
            continue
        for _ in range(4):
            if step == "the activation":
                done = activation(grower, draws.turn("activation", ACTIVATIONS))
            else:
                done = BLOCKS[step](grower)
            if done:
                break


def second_input(grower, data, counts):
    """In some cases, another input that is merged in."""
    draws = grower.draws
    if not draws.chance(0.25):
        return
    here = grower.model[-1].get("name")
    if here is None or grower.network.kind_of(grower.model[-1]) in ("block", "for", "for_each"):
        return
    shape = grower.shape
    add_source(grower, data, counts, "second", lambda n: draws.normal((n, *shape)))
    grower.put("input", "second", name="second")
    BLOCKS["activation"](grower)
    end = names_of(grower.model)[-1]
    mode = draws.pick(["concat", "add", "multiply", "average"])
    if not grower.put("merge", mode, inputs=[here, end]):
        grower.strict = False
        grower.put("merge", "average", inputs=[here, end])
        grower.strict = True


def named_end(grower):
    """The name of the last layer, which gets one if it has none."""
    if "name" not in grower.model[-1] or grower.network.kind_of(grower.model[-1]) in (
            "for", "for_each", "block"):
        grower.strict = False
        grower.put("activation", "linear")
        grower.strict = True
    return grower.model[-1]["name"]


def heads(grower, data, counts):
    """One or several outputs with their losses."""
    draws = grower.draws
    kinds = [draws.turn("loss", [kind for kind in LOSSES if kind != "ctc"])]
    while draws.chance(0.3) and len(kinds) < 3:
        kinds.append(draws.pick([kind for kind in LOSSES if kind != "ctc"]))
    end, x = named_end(grower), grower.x
    losses = []
    for number, kind in enumerate(kinds, 1):
        grower.x = x
        losses.append(head(grower, data, counts, kind, f"output_{number}", end))
    return losses


def head(grower, data, counts, kind, name, end):
    """One output: a last layer, an activation that suits the loss, and the truth."""
    draws, common = grower.draws, {"inputs": end}
    grower.strict = False
    if len(grower.shape) > 1 and draws.chance(0.4):
        grower.put(draws.pick(["flatten", "pool"]) if len(grower.shape) < 5 else "flatten",
                   **common)
        common = {}
    width = draws.integer(3, 5) if metrics.TASKS[kind].startswith("class") else draws.integer(1, 3)
    grower.put("dense", width, **common)
    final = FINAL.get(kind) or draws.pick(["linear", "tanh", "softsign", "sigmoid"])
    form = draws.pick(["named", "named", "output", "probabilities"])
    if form == "probabilities":
        # Losses cannot be computed from what goes into the softmax or sigmoid.
        grower.put("activation", final)
        grower.put("merge", "average", name=name, inputs=2 * [grower.model[-1]["name"]])
    elif form == "output":
        grower.put("activation", final)
        grower.put("output", name, name=name)
        grower.model[-1].pop("name")
    else:
        grower.put("activation", final, name=name)
    grower.strict = True
    add_truth(grower, data, counts, kind, name)
    loss = {"target": name, "name": kind}
    if draws.chance(0.4):
        loss["weight"] = draws.number(0.3, 3)
    if kind in OF_CLASSES and draws.chance(0.5):
        count = 2 if kind == "binary_crossentropy" else grower.shape[-1]
        loss["class_weights"] = [draws.number(0, 3) for _ in range(count)]
    if kind in WEIGHED and draws.chance(0.5):
        loss["sample_weight"] = f"weight_of_{name}"
        add_source(grower, data, counts, loss["sample_weight"],
                   lambda count: draws.random.uniform(0, 2, count))
    if kind == "huber" and draws.chance(0.7):
        loss["delta"] = draws.number(0.2, 2)
    return loss


def add_truth(grower, data, counts, kind, name):
    """What an output is to be, in the form that its loss compares."""
    draws, shape = grower.draws, grower.shape
    task = metrics.TASKS[kind]
    spread = draws.chance(0.5)
    keep = draws.chance(0.5) or len(shape) == 1

    def values(count):
        if kind == "kl_divergence" or (task == "classes" and spread):
            truth = draws.random.dirichlet([1.0] * shape[-1], (count, *shape[:-1]))
            if kind == "kl_divergence":
                truth = numpy.where(truth < 0.05, 0, truth)
            return truth / truth.sum(-1, keepdims=True)
        if task == "classes":
            return numpy.eye(shape[-1])[draws.random.integers(0, shape[-1], (count, *shape[:-1]))]
        if task == "class numbers":
            numbers = draws.random.integers(0, shape[-1], (count, *shape[:-1]))
            return numbers[..., None] if keep else numbers
        if task == "yes or no":
            return draws.random.integers(0, 2, (count, *shape))
        if kind == "poisson":
            return draws.random.integers(0, 5, (count, *shape))
        return draws.normal((count, *shape))

    add_source(grower, data, counts, name, values)


def metric_options(draws, kurfile):
    """Metrics that suit the outputs, with their options."""
    chosen = []
    for loss in kurfile["loss"]:
        task = metrics.TASKS[loss["name"]]
        for kind in (k for k, tasks in metrics.SUITS.items() if task in tasks):
            if not draws.chance(0.6):
                continue
            options = {"target": loss["target"]}
            if kind == "top_k":
                options["k"] = draws.integer(1, 3)
            if kind in ("precision", "recall", "f1") and draws.chance(0.5):
                options["average"] = draws.pick(["macro", "micro"])
            chosen.append({kind: options})
    if not chosen:
        loss = kurfile["loss"][0]
        chosen = ["accuracy" if metrics.TASKS[loss["name"]] != "numbers" else "r2"]
    kurfile["validate"]["metrics"] = chosen
    rule = kurfile["train"].get("early_stopping")
    if rule and draws.chance(0.6):
        watched_metric(draws, kurfile, rule)


def watched_metric(draws, kurfile, rule):
    """Lets early stopping look at a metric, and in some cases at the wrong side of it."""
    loss = kurfile["loss"][0]
    numbers = metrics.TASKS[loss["name"]] == "numbers"
    kind = draws.pick(["r2", "mean_absolute_error", "root_mean_squared_error"]
                      if numbers else ["accuracy"])
    kurfile["validate"]["metrics"] = [kind]
    rule["metric"] = f"{loss['target']}.{kind}" if len(kurfile["loss"]) > 1 else kind
    rule["min_delta"] = 0.003
    if draws.chance(0.6):
        rule["goal"] = draws.pick(["auto", "lower", "higher"])
