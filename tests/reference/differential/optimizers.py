"""Optimizers: those of PyTorch, Lion, and what a Kurfile says of single layers."""

import fnmatch
import math

import torch

from layers import as_list


# What is so much smaller than the largest element is 0 but for rounding.
NEXT_TO_NOTHING = 1e-6


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al., 2023, as it is printed there: PyTorch has none.

    `doubtful` becomes true when the sign of a number that is next to nothing has decided a step.
    """

    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        self.doubtful = False

    @torch.no_grad()
    def step(self, closure=None):
        sizes = []
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in (p for p in group["params"] if p.grad is not None):
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = beta1 * m + (1 - beta1) * p.grad
                sizes.append(c.abs().flatten())
                p -= group["lr"] * (torch.sign(c) + group["weight_decay"] * p)
                self.state[p]["m"] = beta2 * m + (1 - beta2) * p.grad
        sizes = torch.cat(sizes)
        small = (sizes > 0) & (sizes < NEXT_TO_NOTHING * sizes.max())
        self.doubtful = self.doubtful or bool(small.any())


KINDS = {"sgd": (torch.optim.SGD, 0.01, 0.0), "adam": (torch.optim.Adam, 0.001, 0.0),
         "adamw": (torch.optim.AdamW, 0.001, 0.01), "rmsprop": (torch.optim.RMSprop, 0.001, 0.0),
         "adadelta": (torch.optim.Adadelta, 1.0, 0.0),
         "adagrad": (torch.optim.Adagrad, 0.01, 0.0), "lion": (Lion, 1e-4, 0.0)}
DECAY = {"adamw": "weight_decay", "lion": "weight_decay"}
EPSILON = {"rmsprop": 1e-8, "adadelta": 1e-6, "adagrad": 1e-10, "adam": 1e-8, "adamw": 1e-8}
RHO = {"rmsprop": ("alpha", 0.9), "adadelta": ("rho", 0.95)}


def arguments(options):
    """The arguments of PyTorch's optimizer that do not differ between layers."""
    name, given = options["name"], {}
    if name in EPSILON:
        given["eps"] = options.get("epsilon", EPSILON[name])
    if name in RHO:
        key, default = RHO[name]
        given[key] = options.get("rho", default)
    if name in ("adam", "adamw", "lion"):
        given["betas"] = (options.get("beta1", 0.9),
                          options.get("beta2", 0.99 if name == "lion" else 0.999))
    if name in ("sgd", "rmsprop"):
        given["momentum"] = options.get("momentum", 0.0)
    if name == "sgd":
        given["nesterov"] = options.get("nesterov", False)
    return given


class Optimizer:
    """The optimizer of a Kurfile for weights by name."""

    def __init__(self, options, weights, tags_of):
        self.options = {"name": options} if isinstance(options, str) else options
        kind, self.rate, self.decay = KINDS[self.options["name"]]
        self.rate = self.options.get("learning_rate", self.rate)
        self.decay = self.options.get(DECAY.get(self.options["name"], "decay"), self.decay)
        self.weights = weights
        groups = [self.group(name, weight, tags_of) for name, weight in weights.items()]
        self.torch = kind(groups, lr=self.rate, **arguments(self.options))

    def group(self, name, weight, tags_of):
        """A group of parameters for one weight, with what is said of its layer."""
        layer = name.split(".")[0]
        rate, decay = self.rate, self.decay
        for override in as_list(self.options.get("layers", [])):
            if ("name" in override and fnmatch.fnmatchcase(layer, override["name"]) or
                    override.get("tag") in tags_of(layer)):
                rate = override.get("learning_rate", rate)
                decay = override.get("decay", decay)
        return {"params": [weight], "lr": rate, "weight_decay": decay, "own_rate": rate}

    def clip(self):
        """Bounds the gradients."""
        clip = self.options.get("clip") or {}
        gradients = [w.grad for w in self.weights.values() if w.grad is not None]
        if clip.get("norm"):
            norm = math.sqrt(sum(float((g ** 2).sum()) for g in gradients))
            for gradient in gradients:
                gradient *= min(1.0, clip["norm"] / (norm + 1e-6))
        if clip.get("abs"):
            for gradient in gradients:
                gradient.clamp_(-clip["abs"], clip["abs"])

    def step(self, factor, mean_scale=None):
        """Changes the weights; the learning rates are multiplied by factor and by the scale."""
        self.clip()
        if mean_scale is not None:
            sqrt = self.options.get("scale_mode", "linear") == "sqrt"
            factor *= math.sqrt(mean_scale) if sqrt else mean_scale
        for group in self.torch.param_groups:
            group["lr"] = group["own_rate"] * factor
        self.torch.step()
        for weight in self.weights.values():
            weight.grad = None
