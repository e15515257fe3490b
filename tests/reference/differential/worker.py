"""Runs kurd-worker on a case and reads what it reports and writes."""

import copy
import json
import os
import pathlib
import pickle
import subprocess

import yaml

import weights
from suppliers import WRITERS

PATIENCE = 300


class WorkerFailed(Exception):
    """The worker ended with an error; the text is what it said."""


def plain(value):
    """The value with Python's own numbers, which YAML can write."""
    return yaml.safe_load(json.dumps(value, default=float))


def complete(kurfile, folder, case, supplier):
    """The Kurfile with the files of data and weights, which are written to the folder."""
    kurfile = copy.deepcopy(kurfile)
    for section in case.data:
        write_data = getattr(case, "write_data", None) or WRITERS[supplier]
        kurfile[section]["data"] = write_data(folder, section, case.data[section])
    kurfile["train"].setdefault("weights", {}).update(
        initial="start.safetensors", must_exist=True, last="last.kur")
    weights.write(folder / "start.safetensors", case.weights)
    if "validate" in kurfile:
        kurfile["validate"]["hooks"] = [{"output": "validated.pkl"}]
        kurfile["validate"]["weights"] = {"best": "best-validated.kur"}
    if "test" in kurfile:
        kurfile["test"]["weights"] = "last.kur"
    if "evaluate" in kurfile:
        kurfile["evaluate"].update(weights="last.kur", destination="results.pkl")
    return kurfile


def write(folder, case, supplier="pickle"):
    """Writes a case to a folder; gives the path of the Kurfile."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "case.yml"
    text = yaml.safe_dump(plain(complete(case.kurfile, folder, case, supplier)), sort_keys=False,
                          default_flow_style=None, width=100)
    path.write_text(text, encoding="utf-8")
    return path


def command(worker, path, mode, threads, seed):
    """The command that runs a Kurfile."""
    return [str(worker), "run", str(path), "--seed", str(seed), "--threads", str(threads),
            "--mode", mode, "--offline"]


def run(worker, path, mode="train", threads=1, seed=1):
    """Runs a Kurfile; gives the events."""
    environment = {key: value for key, value in os.environ.items()
                   if key in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")}
    done = subprocess.run(command(worker, path, mode, threads, seed), env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise WorkerFailed(f"{mode}: exit code {done.returncode}\n{done.stdout[-3000:]}\n"
                           f"{done.stderr[-3000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def number(value):
    """A number of an event; protobuf writes those that are not finite as texts."""
    return float(value)


def batch_losses(events):
    """The loss of every batch in their order."""
    found = {}
    for event in events:
        batch = event.get("batch_losses")
        if batch:
            for offset, loss in enumerate(batch["losses"]):
                found[int(batch["epoch"]), int(batch["first_batch"]) + offset] = number(loss)
    return [found[key] for key in sorted(found)]


def finished_epochs(events):
    """Of every epoch: loss, losses by output, and the learning rate of its last step."""
    return [{"loss": number(e.get("loss", 0)), "rate": number(e.get("learning_rate", 0)),
             "losses": {name: number(v) for name, v in e.get("losses", {}).items()}}
            for e in (event["epoch_finished"] for event in events if "epoch_finished" in event)]


def measured(events, section="validate"):
    """Every measurement of a section: loss, losses by output, metrics by name."""
    return [{"loss": number(e.get("loss", 0)),
             "losses": {name: number(v) for name, v in e.get("losses", {}).items()},
             "metrics": {name: number(v) for name, v in e.get("metrics", {}).items()}}
            for e in (event["measured"] for event in events if "measured" in event)
            if e["section"] == section]


def results(path):
    """The outputs by name that an evaluation, or the hook output, wrote."""
    with open(path, "rb") as file:
        return pickle.load(file)["result"]
