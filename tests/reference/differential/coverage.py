"""Counts which kinds of the language occurred, and knows from REFERENCE.md which there are."""

import collections
import pathlib
import re

from layers import SHORTHANDS
from metrics import parsed
from schedules import normalized

REFERENCE = pathlib.Path(__file__).resolve().parents[3] / "engine" / "kurfile" / "REFERENCE.md"
KINDS = {"Layers": "layer", "Operators": "operator", "Losses": "loss", "Metrics": "metric",
         "Optimizers": "optimizer", "Schedules": "schedule", "Augmentations": "augmentation",
         "Suppliers": "supplier"}
SHORTHANDS = {**SHORTHANDS, "reuse": "target", "input": "name", "placeholder": "name"}
OPERATORS = ("assert", "debug", "for", "for_each", "parallel", "residual")
COMMON = ("name", "tag", "inputs", "freeze", "sink", "oldest", "when", "tags")

MACHINE = "where a run writes or how it goes on has no numbers of its own"
ORDER = "the order is drawn at random; that every sample comes once is tested elsewhere"
FILES = "formats of files are tested with fixtures elsewhere; training does not depend on them"
NOT_COVERED = {
    **{("option", key): MACHINE for key in (
        "data", "hooks", "log", "checkpoint", "epochs", "deterministic", "weights",
        "weights.initial", "weights.must_exist", "weights.relearn", "weights.last", "weights.checkpoint",
        "stop_when", "stop_when.epochs", "stop_when.elapsed", "stop_when.mode", "provider",
        "provider.name", "optimizer", "schedule", "augment")},
    **{("option", "provider." + key): ORDER for key in (
        "randomize", "shuffle_after", "sortagrad", "neighborhood_sort", "neighborhood_size",
        "neighborhood_growth")},
    **{("supplier", kind): FILES for kind in (
        "audio_folder", "cifar", "csv", "images", "mind", "mnist", "speech_recognition",
        "synthetic")},
    ("operator", "assert"): "computes nothing", ("operator", "debug"): "computes nothing",
    **{("option of layers", key): "says the same as another way to write it" for key in (
        "input.type", "placeholder.type")},
}
WITH_OPTIONS = {"Layers": "layers", "Optimizers": "optimizers", "Schedules": "schedules",
                "Losses": "losses"}


def registered():
    """Every kind of the language that computes, as (category, name)."""
    text, kinds = REFERENCE.read_text(encoding="utf-8"), set()
    for section in re.split(r"(?m)^## ", text)[1:]:
        title, *parts = re.split(r"(?m)^### ", section)
        title = title.splitlines()[0].strip()
        for part in parts:
            name = re.match(r"`(\w+)`", part)
            if name and title in KINDS:
                kinds.add((KINDS[title], name.group(1)))
            if name and title in WITH_OPTIONS:
                kinds |= options_of(WITH_OPTIONS[title], name.group(1), part)
            if name and name.group(1) == "activation":
                kinds |= activations(part)
            if name and name.group(1) == "train":
                kinds |= options(part)
    return kinds


def activations(part):
    """The functions that the layer activation may have, also within recurrent layers."""
    names = re.search(r"one of: ([\w, ]+);", part).group(1).split(", ")
    return {(category, name) for name in names
            for category in ("activation", "gru with", "lstm with")}


def options_of(category, kind, part):
    """The keys that kinds of a category have."""
    own = "" if category == "optimizers" else f"{kind}."
    return {(f"option of {category}", own + key)
            for key in re.findall(r"(?m)^\| `([\w.]+)` \|", part)}


def options(part):
    """The keys of `train`, of which some have keys of their own."""
    keys = re.findall(r"(?m)^\| `([\w.]+)` \|", part)
    return {("option", key) for key in keys
            if key.split(".")[0] not in ("log", "checkpoint", "epochs") or "." not in key
            if not key.startswith(("weights.checkpoint.", "stop_when.elapsed."))}


def containers(model):
    """Every container of a model and of its operators."""
    for container in model:
        kind = next(key for key in container if key not in COMMON)
        yield kind, container[kind]
        value = container[kind]
        if kind in ("for", "for_each"):
            yield from containers(value["iterate"])
        elif kind in ("parallel", "residual"):
            yield from containers(value["apply"] if isinstance(value, dict) else value)


def keys_of(section, prefix=""):
    """The keys of a dictionary and of those in it, with dots."""
    for key, value in section.items():
        yield prefix + key
        if isinstance(value, dict) and key not in ("optimizer", "schedule"):
            yield from keys_of(value, f"{prefix}{key}.")


def schedules(schedule):
    """A schedule, and those that follow it."""
    while schedule:
        schedule = normalized(schedule)
        yield schedule
        schedule = schedule.get("then")


def occurring(kurfile):
    """How often each kind occurs in a Kurfile."""
    found = collections.Counter()
    model = [*kurfile["model"], *(c for t in kurfile.get("templates", {}).values() for c in t)]
    for kind, value in containers(model):
        found["operator" if kind in OPERATORS else "layer", kind] += 1
        if kind in SHORTHANDS:
            given = value if isinstance(value, dict) else {SHORTHANDS.get(kind): value}
            found.update(("option of layers", f"{kind}.{key}") for key in given
                         if given[key] is not None)
        if kind == "activation":
            found["activation", value if isinstance(value, str) else value["type"]] += 1
        if kind == "recurrent" and value.get("outer_activation"):
            found[f"{value.get('type', 'gru')} with", value["outer_activation"]] += 1
    for loss in kurfile["loss"]:
        found["loss", loss["name"]] += 1
        found.update(("option of losses", f"{loss['name']}.{key}") for key in loss
                     if key != "name")
    for entry in kurfile.get("validate", {}).get("metrics", []):
        found["metric", parsed(entry)[0]] += 1
    of_training(kurfile["train"], found)
    return found


def of_training(train, found):
    """Counts what `train` says."""
    optimizer = train.get("optimizer", "adam")
    name = optimizer if isinstance(optimizer, str) else optimizer["name"]
    found["optimizer", name] += 1
    if isinstance(optimizer, dict):
        found.update(("option of optimizers", key) for key in keys_of(optimizer)
                     if key != "name")
    for schedule in schedules(train.get("schedule")):
        found["schedule", schedule["name"]] += 1
        found.update(("option of schedules", f"{schedule['name']}.{key}") for key in schedule
                     if key != "name")
    found.update(("option", key) for key in keys_of(train))
    if not isinstance(train.get("early_stopping", {}), dict):
        found["option", "early_stopping.patience"] += 1
    if not isinstance(train.get("ema", {}), dict):
        found["option", "ema.decay"] += 1
    for entry in train.get("augment", []):
        found["augmentation", entry if isinstance(entry, str) else next(iter(entry))] += 1


def missing(found):
    """(kinds that never occurred, reasons that are given for kinds that do not exist)."""
    kinds = registered()
    never = sorted(k for k in kinds if not found[k] and k not in NOT_COVERED)
    return never, sorted(k for k in NOT_COVERED if k not in kinds)


