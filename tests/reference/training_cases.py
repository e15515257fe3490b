"""Writes tests/engine/train/training_cases.json: the weights after trainings with PyTorch, for the
test of what `train` of a Kurfile does with gradients and steps.

    python3 tests/reference/training_cases.py

needs torch and numpy; to be run with Debian 12's torch and, in any order, with one from 2 on, whose
bf16 is another. Three epochs over 21 points in batches of 8, in order, of a network with one
hidden layer, in double precision unless a case says otherwise. Tensors are {"shape", "data"}.
"""

import json
import pathlib

import numpy
import torch
from torch.optim import lr_scheduler

OUT = pathlib.Path(__file__).resolve().parent.parent / "engine" / "train" / "training_cases.json"
SAMPLES, BATCH, EPOCHS = 21, 8, 3
torch.set_num_threads(1)


def draw(generator, *shape):
    return torch.tensor((generator.standard_normal(shape) * 64).round() / 64)


def pack(tensor):
    return {"shape": list(tensor.shape),
            "data": [float("%.9g" % v) for v in tensor.detach().double().reshape(-1).tolist()]}


GENERATOR = numpy.random.default_rng(11)
DATA = {"point": draw(GENERATOR, SAMPLES, 2), "above": draw(GENERATOR, SAMPLES, 1),
        "importance": draw(GENERATOR, SAMPLES, 1).abs() + 0.25}
START = {"hidden.weight": draw(GENERATOR, 8, 2), "hidden.bias": draw(GENERATOR, 8),
         "above.weight": draw(GENERATOR, 1, 8), "above.bias": draw(GENERATOR, 1)}


def forward(weights, x):
    """What a layer gives has the type of the data, also where products are rounded."""
    linear = torch.nn.functional.linear
    hidden = linear(x, weights["hidden.weight"], weights["hidden.bias"]).to(x.dtype).tanh()
    return linear(hidden, weights["above.weight"], weights["above.bias"]).to(x.dtype)


def adam(weights):
    return torch.optim.Adam(weights.values(), lr=0.02)


def sgd(weights):
    return torch.optim.SGD(weights.values(), lr=0.1, momentum=0.9)


def by_layer(make, rate, decay, **other):
    def optimizer(weights):
        hidden = [weights["hidden.weight"], weights["hidden.bias"]]
        above = [weights["above.weight"], weights["above.bias"]]
        return make([{"params": hidden, "lr": rate, "weight_decay": decay}, {"params": above}],
                    **other)
    return optimizer


def train(make, dtype=torch.float64, accumulate=1, schedule=None, ema=None, factor=None,
          autocast=False, clip=None):
    weights = {k: v.to(dtype).requires_grad_() for k, v in START.items()}
    weights = {k: v.detach().clone().requires_grad_() for k, v in weights.items()}
    data = {k: v.to(dtype) for k, v in DATA.items()}
    average = {k: v.detach().clone() for k, v in weights.items()}
    optimizer = make(weights)
    scheduler = schedule(optimizer) if schedule else None
    for _ in range(EPOCHS):
        batches = [slice(i, min(i + BATCH, SAMPLES)) for i in range(0, SAMPLES, BATCH)]
        for first in range(0, len(batches), accumulate):
            group = batches[first:first + accumulate]
            total = sum(b.stop - b.start for b in group)
            optimizer.zero_grad()
            for b in group:
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
                    output = forward(weights, data["point"][b])
                loss = torch.nn.functional.mse_loss(output, data["above"][b])
                (loss * ((b.stop - b.start) / total)).backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(weights.values(), clip)
            scale = 1
            if factor:
                scale = factor(data["importance"][group[0].start:group[-1].stop].mean().item())
            rates = [g["lr"] for g in optimizer.param_groups]
            for g in optimizer.param_groups:
                g["lr"] *= scale
            optimizer.step()
            for g, rate in zip(optimizer.param_groups, rates):
                g["lr"] = rate
            if scheduler:
                scheduler.step()
            if ema:
                for k, v in weights.items():
                    average[k].mul_(ema).add_(v.detach(), alpha=1 - ema)
    return {k: pack(v) for k, v in (average if ema else weights).items()}


ADAM = "{name: adam, learning_rate: 0.02%s}"
SGD = "{name: sgd, learning_rate: 0.1, momentum: 0.9%s}"


def main():
    cases = []

    def add(optimizer, keys, *arguments, **options):
        cases.append({"optimizer": optimizer, "keys": keys,
                      "weights": train(*arguments, **options)})

    add(ADAM % "", "", adam)
    add(ADAM % "", "accumulate: 2", adam, accumulate=2)
    add(SGD % "", "accumulate: 5", sgd, accumulate=5)
    add(SGD % ", clip: {norm: 0.5}", "accumulate: 2", sgd, accumulate=2, clip=0.5)
    add(SGD % "", "schedule: {name: cosine, unit: step, minimum: 0.1}", sgd,
        schedule=lambda o: lr_scheduler.CosineAnnealingLR(o, 9, 0.01))
    add(SGD % "", "schedule: one_cycle, accumulate: 2", sgd, accumulate=2,
        schedule=lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=6, pct_start=0.3,
                                                   cycle_momentum=False))
    add(SGD % "", "ema: 0.8", sgd, ema=0.8)
    add(ADAM % "", "ema: {decay: 0.9}, accumulate: 2", adam, ema=0.9, accumulate=2)
    add(SGD % ", layers: [{name: hid*, learning_rate: 0.01, decay: 0.2}]", "",
        by_layer(torch.optim.SGD, 0.01, 0.2, lr=0.1, momentum=0.9))
    add("{name: adamw, learning_rate: 0.02, weight_decay: 0.3, layers: "
        "[{tag: first, learning_rate: 0.005, decay: 0}]}",
        "schedule: {name: exponential, factor: 0.9, unit: step}",
        by_layer(torch.optim.AdamW, 0.005, 0, lr=0.02, weight_decay=0.3),
        schedule=lambda o: lr_scheduler.ExponentialLR(o, 0.9))
    add(SGD % ", scale_rate: importance", "", sgd, factor=lambda mean: mean)
    add(ADAM % ", scale_rate: importance, scale_mode: sqrt", "accumulate: 2", adam,
        factor=lambda mean: mean ** 0.5, accumulate=2)
    add(SGD % "", "precision: bf16", sgd, dtype=torch.float32, autocast=True)
    # torch 2 rounds products in bf16 at other places than 1.13, which is what Debian 12 has.
    other = "weights_of_torch_2"
    kept = json.loads(OUT.read_text())["cases"][-1] if OUT.exists() else {}
    if int(torch.__version__.split(".")[0]) >= 2:
        cases[-1][other] = cases[-1]["weights"]
        cases[-1]["weights"] = kept.get("weights", {})
    else:
        cases[-1][other] = kept.get(other, {})
    OUT.write_text(json.dumps({"data": {k: pack(v) for k, v in DATA.items()},
                               "start": {k: pack(v) for k, v in START.items()},
                               "cases": cases}, separators=(",", ":")) + "\n")


main()
