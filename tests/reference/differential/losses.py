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
    """-sum t log p, averaged over the positions."""
    return -(truth * logarithm(p)).sum(-1).mean()


def sparse_categorical_crossentropy(p, truth, _):
    """-log p of the true class."""
    classes = truth.round().long().reshape(*p.shape[:-1], 1)
    return -logarithm(p).gather(-1, classes).mean()


def binary_crossentropy(p, truth, _):
    """-(t log p + (1 - t) log(1 - p)), averaged over the elements."""
    yes, no = logarithms(p)
    return -(truth * yes + (1 - truth) * no).mean()


def mean_squared_error(y, truth, _):
    """(y - t)^2, averaged over the elements."""
    return ((y - truth) ** 2).mean()


def mean_absolute_error(y, truth, _):
    """|y - t|, averaged over the elements."""
    return (y - truth).abs().mean()


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


LOSSES = {function.__name__: function for function in (
    categorical_crossentropy, sparse_categorical_crossentropy, binary_crossentropy,
    mean_squared_error, mean_absolute_error, huber, kl_divergence, poisson, ctc)}
