"""Training as a Kurfile describes it, step by step with PyTorch in double precision.

The data is presented in its order or sorted; nothing happens by chance. With a generator, every
intermediate result gets random errors as large as those of rounding to float32: how far a training
with them strays from one without tells what may be expected of a program that computes in float32.
"""

import math
import types

import numpy
import torch

import metrics
from activations import perturbed
from losses import loss_of, needed_steps
from network import Network, Pass
from optimizers import Optimizer
from schedules import Schedule


def padded_batch(rows):
    """A tensor of samples; shorter ones are filled up with zeros behind."""
    if isinstance(rows, numpy.ndarray):
        return torch.tensor(rows, dtype=torch.float64)
    longest = max(len(row) for row in rows)
    shape = (len(rows), longest, *numpy.shape(rows[0])[1:])
    batch = numpy.zeros(shape)
    for i, row in enumerate(rows):
        batch[i, :len(row)] = row
    return torch.tensor(batch)


def batches(data, provider):
    """The samples of each batch of an epoch, as lists of indices."""
    count = len(next(iter(data.values())))
    order = list(range(count))
    key = provider.get("sort_by")
    if key:
        order.sort(key=lambda i: float(numpy.asarray(data[key][i]).item()),
                   reverse=provider.get("reverse", False))
    size = provider.get("batch_size", 32)
    groups = [order[i:i + size] for i in range(0, count, size)]
    if provider.get("force_batch_size"):
        groups = [group for group in groups if len(group) == size]
    return groups[:provider.get("num_batches", len(groups))]


def select(data, indices):
    """The tensors of some samples by source."""
    return {name: padded_batch(rows[indices] if isinstance(rows, numpy.ndarray)
                               else [rows[i] for i in indices])
            for name, rows in data.items()}


class Training:
    """A run of the mode train and what it reports."""

    def __init__(self, kurfile, data, weights, generator=None, scale=None):
        self.kurfile, self.data, self.generator = kurfile, data, generator
        self.losses, self.section = kurfile["loss"], kurfile["train"]
        self.scale = scale or (lambda loss, lengths: lengths)
        self.network = Network(kurfile["model"], kurfile.get("templates"))
        self.weights = {name: torch.tensor(value, dtype=torch.float64)
                        for name, value in weights.items()}
        self.trained = {name: self.weights[name].requires_grad_()
                        for name in self.network.trained(self.weights)}
        self.average = {name: w.detach().clone() for name, w in self.trained.items()}
        self.optimizer = Optimizer(self.section.get("optimizer", "adam"), self.trained,
                                   self.network.tags_of)
        self.groups = batches(data["train"], self.section["provider"])
        self.epochs = self.section["stop_when"]["epochs"]
        accumulate = self.section.get("accumulate", 1)
        self.steps_per_epoch = math.ceil(len(self.groups) / accumulate)
        self.schedule = Schedule(self.section.get("schedule"), self.steps_per_epoch,
                                 self.steps_per_epoch * self.epochs)
        self.steps = 0
        self.history = types.SimpleNamespace(
            batches=[], epochs=[], validations=[], best_training=None, best_validation=None)

    def disturbed(self, weight):
        """A weight as float32 may hold it."""
        return perturbed(weight, self.generator)

    def truth_of(self, loss, batch):
        """What an output is compared with."""
        if loss["name"] != "ctc":
            return batch[loss["target"]]
        steps = self.scale(loss, batch[loss["input_length"]])
        return batch[loss["output"]], batch[loss["output_length"]], steps

    def forward(self, batch, training):
        """(values of the layers by name, weighted loss by output, the pass)."""
        run = Pass(self.weights, training, self.generator)
        values = self.network.run(run, batch)
        losses = {}
        for loss in self.losses:
            losses[loss["target"]] = loss.get("weight", 1.0) * loss_of(
                loss, values[loss["target"]], self.truth_of(loss, batch), batch)
        return values, losses, run

    def run(self):
        """Trains until the end; gives the history."""
        for _ in range(self.epochs):
            self.epoch()
            if "validate" in self.data:
                self.validate()
                if self.ends_early():
                    break
        self.history.final = self.snapshot()
        self.history.doubtful = getattr(self.optimizer.torch, "doubtful", False)
        self.history.under_training = {
            name: w.detach().clone() for name, w in self.trained.items()}
        return self.history

    def epoch(self):
        """One pass over the data."""
        accumulate = self.section.get("accumulate", 1)
        sums, samples, rate = {}, 0, None
        for first in range(0, len(self.groups), accumulate):
            groups = self.groups[first:first + accumulate]
            together = sum(map(len, groups))
            rate = self.optimizer.rate * self.schedule.factor(self.steps)
            for group in groups:
                losses, total = self.learn(group, together)
                for name, value in {**losses, "": total}.items():
                    sums[name] = sums.get(name, 0) + value * len(group)
                samples += len(group)
            self.step([i for group in groups for i in group])
        means = {name: value / samples for name, value in sums.items()}
        loss = means.pop("")
        self.history.epochs.append({"loss": loss, "losses": means, "rate": rate})
        if self.history.best_training is None or loss < self.history.best_training[0]:
            self.history.best_training = loss, self.snapshot()

    def learn(self, group, together):
        """Adds the gradients of a batch, which is a part of a step; gives its losses."""
        _, losses, run = self.forward(select(self.data["train"], group), True)
        total = sum(losses.values())
        (total * (len(group) / together)).backward()
        self.weights.update(run.statistics)
        self.history.batches.append(total.item())
        return {name: loss.item() for name, loss in losses.items()}, total.item()

    def step(self, indices):
        """Lets the optimizer change the weights."""
        source = self.optimizer.options.get("scale_rate")
        mean = numpy.mean(self.data["train"][source][indices]) if source else None
        self.optimizer.step(self.schedule.factor(self.steps), mean)
        self.steps += 1
        with torch.no_grad():
            for weight in self.trained.values():
                weight.copy_(self.disturbed(weight))
            decay = self.decay()
            if decay is not None:
                for name, weight in self.trained.items():
                    self.average[name] = decay * self.average[name] + (1 - decay) * weight

    def decay(self):
        """The share of the average that a step keeps, if there is an average."""
        ema = self.section.get("ema")
        return ema.get("decay", 0.999) if isinstance(ema, dict) else ema

    def snapshot(self):
        """The weights that are validated and written."""
        chosen = {**self.weights, **(self.average if self.decay() is not None else {})}
        return {name: w.detach().clone() for name, w in chosen.items()}

    def measure(self, section, weights):
        """(loss, losses, metrics, outputs, truths) of a section with given weights."""
        data, parts = self.data[section], []
        kept, self.weights = self.weights, weights
        with torch.no_grad():
            for group in batches(data, self.kurfile[section]["provider"]):
                batch = select(data, group)
                values, losses, _ = self.forward(batch, False)
                parts.append((len(group), sum(losses.values()).item(),
                              {name: loss.item() for name, loss in losses.items()},
                              {name: values[name].numpy() for name in losses},
                              {loss["target"]: self.numpy_truth(loss, batch)
                               for loss in self.losses}))
        self.weights = kept
        return self.measured(section, parts)

    def numpy_truth(self, loss, batch):
        """What an output is compared with, as arrays."""
        truth = self.truth_of(loss, batch)
        return tuple(t.numpy() for t in truth) if isinstance(truth, tuple) else truth.numpy()

    def measured(self, section, parts):
        """What a validation reports, of the parts of its batches."""
        samples = sum(part[0] for part in parts)
        names = [loss["target"] for loss in self.losses]
        found = types.SimpleNamespace(
            loss=sum(part[0] * part[1] for part in parts) / samples,
            losses={name: sum(part[0] * part[2][name] for part in parts) / samples
                    for name in names},
            outputs={name: joined([part[3][name] for part in parts]) for name in names},
            truths={name: joined([part[4][name] for part in parts]) for name in names},
            first=parts[0][3])
        found.metrics = metrics.measure(self.kurfile[section].get("metrics", []), self.losses,
                                        found.outputs, found.truths)
        return found

    def validate(self):
        """Measures the validation data after an epoch."""
        weights = self.snapshot()
        found = self.measure("validate", weights)
        self.schedule.observe(found.loss)
        self.history.validations.append(found)
        if self.history.best_validation is None or found.loss < self.history.best_validation[0]:
            self.history.best_validation = found.loss, weights

    def ends_early(self):
        """Whether the validations have not improved for too long."""
        rule = self.section.get("early_stopping")
        if not rule:
            return False
        rule = rule if isinstance(rule, dict) else {"patience": rule}
        name = rule.get("metric", "loss")
        higher = rule.get("goal", "auto") == "higher" or (
            rule.get("goal", "auto") == "auto" and "loss" not in name and "error" not in name)
        values = [v.loss if name == "loss" else v.metrics[name]
                  for v in self.history.validations]
        best, waited = None, 0
        for value in (-v if higher else v for v in values):
            waited += 1
            if best is None or value < best - rule.get("min_delta", 0.0):
                best, waited = value, 0
        return waited >= rule["patience"]


def joined(parts):
    """Arrays of batches one after another; shorter ones are filled up with zeros."""
    if isinstance(parts[0], tuple):
        return tuple(joined(list(column)) for column in zip(*parts))
    if parts[0].ndim > 1:
        longest = max(part.shape[1] for part in parts)
        parts = [numpy.pad(part, [(0, 0), (0, longest - part.shape[1])] +
                           [(0, 0)] * (part.ndim - 2)) for part in parts]
    return numpy.concatenate(parts)


def too_short(labels, steps):
    """Whether ctc cannot say these labels in so many steps."""
    return needed_steps(list(labels)) > steps
