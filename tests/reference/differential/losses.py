"""Losses by their definitions: means over the positions of a batch."""

import itertools

import torch
import torch.nn.functional as F

from activations import log_softmax, softplus

SMALLEST = 1e-7


def logarithm(p):
    """log p: of what goes into the softmax that p is, or else of p, at least 1e-7."""
    if hasattr(p, "logits"):
        return log_softmax(p.logits)
    return torch.log(torch.clamp(p, min=SMALLEST))


def logarithms(p):
    """log p and log(1 - p), likewise of what goes into a sigmoid."""
    if hasattr(p, "logits"):
        return -softplus(-p.logits), -softplus(p.logits)
    return logarithm(p), logarithm(1 - p)


def categorical_crossentropy(p, truth, _):
    """-sum t log p of each position."""
    return -(truth * logarithm(p)).sum(-1)


def sparse_categorical_crossentropy(p, truth, _):
    """-log p of the true class of each position."""
    classes = truth.round().long().reshape(*p.shape[:-1], 1)
    return -logarithm(p).gather(-1, classes).squeeze(-1)


def binary_crossentropy(p, truth, _):
    """-(t log p + (1 - t) log(1 - p)) of each element."""
    yes, no = logarithms(p)
    return -(truth * yes + (1 - truth) * no)


def mean_squared_error(y, truth, _):
    """(y - t)^2 of each element."""
    return (y - truth) ** 2


def mean_absolute_error(y, truth, _):
    """|y - t| of each element."""
    return (y - truth).abs()


def huber(y, truth, options):
    """Half the square up to delta, from there on linear (Huber, 1964)."""
    delta, distance = options.get("delta", 1.0), (y - truth).abs()
    return torch.where(distance <= delta, distance ** 2 / 2,
                       delta * (distance - delta / 2)).mean()


def kl_divergence(p, truth, _):
    """sum t log(t / p) over the last axis, averaged over the positions; 0 log 0 is 0."""
    entropy = torch.where(truth > 0, truth * torch.log(torch.clamp(truth, min=1e-300)),
                          torch.zeros_like(truth))
    return (entropy - truth * logarithm(p)).sum(-1).mean()


def poisson(y, truth, _):
    """y - t log y, averaged over the elements; as in PyTorch, the logarithm is of y + 1e-8."""
    return (y - truth * torch.log(y + 1e-8)).mean()


def as_written(options):
    """The variants of ctc as a list."""
    variant = options.get("variant", [])
    return [variant] if isinstance(variant, str) else variant


def ctc(p, truth, options):
    """Connectionist temporal classification (Graves et al., 2006), averaged over the samples.

    `truth` is (labels, their lengths, the lengths along the output). Samples that are too short
    for their truth count as 0.
    """
    labels, lengths, steps = (t.round().long() for t in truth)
    variant = as_written(options)
    first = "warp" in variant
    losses = F.ctc_loss(logarithm(p).transpose(0, 1), labels + 1 if first else labels,
                        steps.flatten(), lengths.flatten(), 0 if first else p.shape[-1] - 1,
                        "none", zero_infinity=True)
    scale = steps.to(p.dtype).mean() / 100 if "loss_scale" in variant else 1.0
    return losses.mean() * scale


def needed_steps(labels):
    """The fewest steps in which ctc can say these labels: equal neighbors need a blank between."""
    return len(labels) + sum(a == b for a, b in itertools.pairwise(labels))


def class_factors(kind, p, truth, weights):
    """The weight of the class that each position, or element, is of."""
    weights = torch.tensor(weights, dtype=p.dtype)
    if kind == "binary_crossentropy":
        return truth * weights[1] + (1 - truth) * weights[0]
    if kind == "categorical_crossentropy":
        return (truth * weights).sum(-1)
    return weights[truth.round().long().reshape(p.shape[:-1])]


def loss_of(loss, p, truth, batch):
    """The loss of an output: where each position has a loss, the mean of them by their weights."""
    each = LOSSES[loss["name"]](p, truth, loss)
    if "class_weights" in loss:
        each = each * class_factors(loss["name"], p, truth, loss["class_weights"])
    if "sample_weight" in loss:
        each = each * batch[loss["sample_weight"]].reshape(-1, *(each.dim() - 1) * [1])
    return each.mean()


OF_CLASSES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy")
WEIGHED = (*OF_CLASSES, "mean_squared_error", "mean_absolute_error")
LOSSES = {function.__name__: function for function in (
    categorical_crossentropy, sparse_categorical_crossentropy, binary_crossentropy,
    mean_squared_error, mean_absolute_error, huber, kl_divergence, poisson, ctc)}
