"""Writes tests/engine/schedules/schedule_cases.json: the learning rates that PyTorch's schedulers
give, as shares of the optimizer's, for the tests of the engine's own schedules.

    python3 tests/reference/schedule_cases.py

needs torch. A case is {"kind", "spec", "steps_per_epoch", "total_steps", "validation",
"factors"}: one factor for each step; after each epoch the schedule sees that validation loss.
"""

import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as S

OUT = pathlib.Path(__file__).resolve().parent.parent / "engine" / "schedules"
RATE = 0.1
LOSSES = [1.0, 0.9, 0.9, 0.95, 0.89995, 0.91, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.69, 0.7]


def run(make, unit, steps_per_epoch, total, losses=None):
    """The factor of every step, the scheduler being asked after every step or every epoch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = make(optimizer)
    factors = []
    for step in range(total):
        factors.append(float("%.12g" % (optimizer.param_groups[0]["lr"] / RATE)))
        optimizer.step()
        ends_epoch = (step + 1) % steps_per_epoch == 0
        if losses is not None:
            if ends_epoch:
                scheduler.step(losses[step // steps_per_epoch])
        elif unit == "step" and step + 1 < total or unit == "epoch" and ends_epoch:
            scheduler.step()
    return factors


def main():
    warnings.simplefilter("ignore")
    cases = []

    def add(kind, spec, unit, make, steps_per_epoch=4, total=40, losses=None):
        cases.append({"kind": kind, "spec": spec, "steps_per_epoch": steps_per_epoch,
                      "total_steps": total, "validation": losses or [],
                      "factors": run(make, unit, steps_per_epoch, total, losses)})

    add("step", "{every: 3, factor: 0.5}", "epoch", lambda o: S.StepLR(o, 3, 0.5))
    add("step", "{every: 3}", "epoch", lambda o: S.StepLR(o, 3))
    add("step", "{at: [2, 5, 6], factor: 0.3}", "epoch", lambda o: S.MultiStepLR(o, [2, 5, 6], 0.3))
    add("step", "{every: 7, factor: 0.9, unit: step}", "step", lambda o: S.StepLR(o, 7, 0.9))
    add("exponential", "{factor: 0.95}", "epoch", lambda o: S.ExponentialLR(o, 0.95))
    add("exponential", "{factor: 0.99, unit: step}", "step", lambda o: S.ExponentialLR(o, 0.99))
    add("cosine", "{}", "epoch", lambda o: S.CosineAnnealingLR(o, 10))
    add("cosine", "{unit: step, minimum: 0.02}", "step",
        lambda o: S.CosineAnnealingLR(o, 40, 0.02 * RATE))
    add("cosine", "{length: 4, restarts: yes}", "epoch",
        lambda o: S.CosineAnnealingWarmRestarts(o, 4))
    add("cosine", "{length: 5, restarts: yes, growth: 2, minimum: 0.1, unit: step}", "step",
        lambda o: S.CosineAnnealingWarmRestarts(o, 5, 2, 0.1 * RATE))
    add("one_cycle", "{}", "step",
        lambda o: S.OneCycleLR(o, RATE, total_steps=40, cycle_momentum=False))
    add("one_cycle", "{rise: 0.25, start: 0.1, end: 0.001, shape: linear}", "step",
        lambda o: S.OneCycleLR(o, RATE, total_steps=40, pct_start=0.25, div_factor=10,
                               final_div_factor=100, anneal_strategy="linear",
                               cycle_momentum=False))
    add("warmup", "{length: 6, start: 0.25}", "step", lambda o: S.LinearLR(o, 0.25, 1, 6))
    add("warmup", "{length: 10, start: 0.1, then: {name: cosine, unit: step}}", "step",
        lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, 1, 10), S.CosineAnnealingLR(o, 30)], [10]))
    add("warmup", "{length: 2, unit: epoch, start: 0.5, then: {name: exponential, factor: 0.8}}",
        "epoch",
        lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.5, 1, 2), S.ExponentialLR(o, 0.8)], [2]))
    for spec, arguments in (
            ("{patience: 2}", {"patience": 2}),
            ("{factor: 0.5, patience: 0, cooldown: 2}",
             {"factor": 0.5, "patience": 0, "cooldown": 2}),
            ("{factor: 0.5, patience: 1, threshold: 0.05, minimum: 0.2}",
             {"factor": 0.5, "patience": 1, "threshold": 0.05, "min_lr": 0.2 * RATE})):
        add("reduce_on_plateau", spec, "epoch",
            lambda o, a=arguments: S.ReduceLROnPlateau(o, **a), total=64, losses=LOSSES)
    # Runs of one, two and three steps, each of them an epoch.
    for total in (1, 2, 3):
        for kind, spec, unit, make in (
                ("step", "{every: 1, factor: 0.5}", "epoch", lambda o, n: S.StepLR(o, 1, 0.5)),
                ("exponential", "{factor: 0.9}", "epoch", lambda o, n: S.ExponentialLR(o, 0.9)),
                ("cosine", "{}", "epoch", lambda o, n: S.CosineAnnealingLR(o, n)),
                ("cosine", "{unit: step, minimum: 0.1}", "step",
                 lambda o, n: S.CosineAnnealingLR(o, n, 0.1 * RATE)),
                ("cosine", "{length: 1, restarts: yes, growth: 2}", "epoch",
                 lambda o, n: S.CosineAnnealingWarmRestarts(o, 1, 2)),
                ("one_cycle", "{}", "step",
                 lambda o, n: S.OneCycleLR(o, RATE, total_steps=n, cycle_momentum=False)),
                ("one_cycle", "{shape: linear, rise: 0.6, end: 0.5}", "step",
                 lambda o, n: S.OneCycleLR(o, RATE, total_steps=n, pct_start=0.6,
                                           final_div_factor=0.08, anneal_strategy="linear",
                                           cycle_momentum=False)),
                ("warmup", "{length: 1, start: 0.25}", "step", lambda o, n: S.LinearLR(o, 0.25, 1, 1)),
                ("warmup", "{length: 1, start: 0.5, then: {name: exponential, factor: 0.8}}", "step",
                 lambda o, n: S.SequentialLR(
                     o, [S.LinearLR(o, 0.5, 1, 1), S.ExponentialLR(o, 0.8)], [1]))):
            add(kind, spec, unit, lambda o, n=total, m=make: m(o, n), steps_per_epoch=1, total=total)
        add("reduce_on_plateau", "{patience: 0, factor: 0.5}", "epoch",
            lambda o: S.ReduceLROnPlateau(o, patience=0, factor=0.5), steps_per_epoch=1, total=total,
            losses=[1.0, 1.0, 0.5])
    (OUT / "schedule_cases.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


main()
