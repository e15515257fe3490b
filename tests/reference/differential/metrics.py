"""Metrics by their definitions, over all samples of a validation at once.

A metric is given what the outputs were and what was true, and tells its values by name. Which ones
suit an output follows from its loss: classes, yes or no, numbers or sequences.
"""

import itertools

import numpy

from losses import as_written

TASKS = {"categorical_crossentropy": "classes", "kl_divergence": "classes",
         "sparse_categorical_crossentropy": "class numbers", "binary_crossentropy": "yes or no",
         "mean_squared_error": "numbers", "mean_absolute_error": "numbers", "huber": "numbers",
         "poisson": "numbers", "ctc": "sequence"}
ABOUT_CLASSES = ("classes", "class numbers", "yes or no")
SUITS = {"accuracy": ABOUT_CLASSES, "confusion": ABOUT_CLASSES, "f1": ABOUT_CLASSES,
         "precision": ABOUT_CLASSES, "recall": ABOUT_CLASSES,
         "top_k": ("classes", "class numbers"), "mean_absolute_error": ("numbers",),
         "r2": ("numbers",), "root_mean_squared_error": ("numbers",),
         "character_error_rate": ("sequence",), "word_error_rate": ("sequence",)}


def classes(task, output, truth):
    """(predicted, true) class of every position."""
    if task == "yes or no":
        return (output >= 0.5).astype(int).ravel(), truth.round().astype(int).ravel()
    true = truth.argmax(-1) if task == "classes" else truth.round().astype(int)
    return output.argmax(-1).ravel(), true.ravel()


def accuracy(task, output, truth, _):
    """The share of positions that are right."""
    predicted, true = classes(task, output, truth)
    return {"accuracy": (predicted == true).mean()}


def top_k(task, output, truth, options):
    """The share of positions whose true class is among the k likeliest."""
    k = options.get("k", 5)
    _, true = classes(task, output, truth)
    likeliest = numpy.argsort(-output.reshape(-1, output.shape[-1]), -1)[:, :k]
    return {f"top_{k}_accuracy": (likeliest == true[:, None]).any(-1).mean()}


def confusion(task, output, truth, _):
    """How often each class was taken for which."""
    cells = {}
    digits = len(str(1 if task == "yes or no" else output.shape[-1] - 1))
    for predicted, true in zip(*classes(task, output, truth)):
        cell = f"confusion[{true:0{digits}}][{predicted:0{digits}}]"
        cells[cell] = cells.get(cell, 0) + 1
    return cells


def ratio(kind, pairs, members):
    """Precision, recall or F1 from the counts of some classes together."""
    hits = sum(p == t == c for p, t in pairs for c in members)
    predicted = sum(p == c for p, _ in pairs for c in members)
    actual = sum(t == c for _, t in pairs for c in members)
    over = {"precision": predicted, "recall": actual, "f1": (predicted + actual) / 2}[kind]
    return hits / over if over else 0.0


def averaged(kind):
    """The metric precision, recall or f1."""
    def measure(task, output, truth, options):
        pairs = list(zip(*classes(task, output, truth)))
        if task == "yes or no":
            return {kind: ratio(kind, pairs, [1])}
        average = options.get("average", "macro")
        occurring = sorted({c for pair in pairs for c in pair})
        value = (ratio(kind, pairs, occurring) if average == "micro" else
                 numpy.mean([ratio(kind, pairs, [c]) for c in occurring]))
        return {f"{average}_{kind}": value}
    return measure


def r2(_task, output, truth, _options):
    """The share of the variance of the truth that the output explains."""
    columns = truth.reshape(-1, truth.shape[-1])
    spread = ((columns - columns.mean(0)) ** 2).sum()
    return {"r2": 1 - ((output - truth) ** 2).sum() / spread}


def edits(a, b):
    """Levenshtein's distance, row by row."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y)))
    return row[-1]


def words(symbols, space):
    """The words between spaces."""
    groups = itertools.groupby(symbols, lambda symbol: symbol == space)
    return [tuple(group) for is_space, group in groups if not is_space]


def said(output, steps, first):
    """The symbols of the likeliest path, without repetitions and blanks."""
    best = [key for key, _ in itertools.groupby(output[:steps].argmax(-1).tolist())]
    blank = 0 if first else output.shape[-1] - 1
    return tuple(symbol - first for symbol in best if symbol != blank)


def error_rate(name, split):
    """A rate of errors over the parts into which `split` divides symbols."""
    def measure(_task, output, truth, options):
        wrong = total = 0
        for row, labels, length, steps in zip(output, *truth):
            true = split(tuple(labels.astype(int)[:int(length.item())]), options)
            heard = split(said(row, int(steps.item()), options["first"]), options)
            wrong, total = wrong + edits(heard, true), total + len(true)
        return {name: wrong / total}
    return measure


METRICS = {
    "accuracy": accuracy, "top_k": top_k, "confusion": confusion, "r2": r2,
    **{kind: averaged(kind) for kind in ("precision", "recall", "f1")},
    "mean_absolute_error": lambda task, output, truth, options: {
        "mean_absolute_error": numpy.abs(output - truth).mean()},
    "root_mean_squared_error": lambda task, output, truth, options: {
        "root_mean_squared_error": ((output - truth) ** 2).mean() ** 0.5},
    "character_error_rate": error_rate("character_error_rate", lambda symbols, options: symbols),
    "word_error_rate": error_rate("word_error_rate",
                                  lambda symbols, options: words(symbols, options["space"])),
}


def parsed(entry):
    """(kind, options) of an entry of `metrics`."""
    if isinstance(entry, str):
        return entry, {}
    (kind, options), = entry.items()
    if isinstance(options, dict) or options is None:
        return kind, options or {}
    return kind, {{"top_k": "k", "word_error_rate": "space"}[kind]: options}


def measure(entries, losses, outputs, truths):
    """All values by name, for losses of a Kurfile and what their outputs were and should be."""
    values = {}
    for kind, options in map(parsed, entries):
        for loss in losses:
            target, task = loss["target"], TASKS[loss["name"]]
            if task not in SUITS[kind] or options.get("target", target) != target:
                continue
            options = {"first": "warp" in as_written(loss), **options}
            prefix = f"{target}." if len(losses) > 1 else ""
            found = METRICS[kind](task, outputs[target], truths[target], options)
            values.update({prefix + name: float(value) for name, value in found.items()})
    return values
