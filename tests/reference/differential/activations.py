"""Activation functions by their formulas, for tensors of PyTorch of any precision.

They are written with elementary functions only, so that what they give does not depend on the
kernels that PyTorch has for single activations, which kurd-worker may use as well.
"""

import math

import torch

ROUNDING = 2.0 ** -24
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def perturbed(x, generator):
    """x with relative errors of the size of rounding to float32, if there is a generator."""
    if generator is None:
        return x
    return x * (1 + ROUNDING * torch.randn(x.shape, generator=generator, dtype=x.dtype))


class FromOutput(torch.autograd.Function):
    """A function whose slope is computed from its rounded value, as every program does it.

    Where it saturates, the slope loses digits for that reason.
    """

    @staticmethod
    def forward(ctx, x, kind, generator):
        y = perturbed({"sigmoid": torch.sigmoid, "tanh": torch.tanh,
                       "softmax": lambda v: torch.softmax(v, -1)}[kind](x), generator)
        ctx.kind = kind
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        y, = ctx.saved_tensors
        if ctx.kind == "softmax":
            return y * (gradient - (gradient * y).sum(-1, keepdim=True)), None, None
        slope = y * (1 - y) if ctx.kind == "sigmoid" else 1 - y * y
        return gradient * slope, None, None


def softplus(x):
    """log(1 + e^x), also where e^x is too large to be represented."""
    return torch.clamp(x, min=0) + torch.log1p(torch.exp(-torch.abs(x)))


def sigmoid(x, generator=None):
    """1 / (1 + e^-x)."""
    return FromOutput.apply(x, "sigmoid", generator)


def elu(x, alpha=1.0):
    """x above 0, alpha (e^x - 1) below (Clevert et al., 2016)."""
    return torch.where(x > 0, x, alpha * torch.expm1(torch.clamp(x, max=0)))


def leaky(x, alpha=0.3):
    """x above 0, alpha x below."""
    return torch.where(x > 0, x, alpha * x)


def log_softmax(x):
    """The logarithm of softmax over the last axis."""
    centered = x - x.amax(-1, keepdim=True).detach()
    return centered - torch.log(torch.exp(centered).sum(-1, keepdim=True))


ACTIVATIONS = {
    "relu": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
    "softmax": lambda x: FromOutput.apply(x, "softmax", None),
    "tanh": lambda x: FromOutput.apply(x, "tanh", None),
    "sigmoid": sigmoid,
    "elu": elu,
    "leakyrelu": leaky,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + torch.abs(x)),
    "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x * sigmoid(x),
    "selu": lambda x: SELU_SCALE * elu(x, SELU_ALPHA),
    "mish": lambda x: x * torch.tanh(softplus(x)),
    "hard_sigmoid": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
    "hard_swish": lambda x: x * torch.clamp(x + 3, 0, 6) / 6,
    "log_softmax": log_softmax,
    "exponential": torch.exp,
    "linear": lambda x: x * 1,
    "none": lambda x: x * 1,
}


def activate(x, kind, alpha=None, generator=None):
    """Applies the activation `kind`, rounded if there is a generator; `alpha` is for some."""
    if kind in ("sigmoid", "tanh", "softmax"):
        return FromOutput.apply(x, kind, generator)
    if alpha is not None:
        return {"elu": elu, "leakyrelu": leaky}[kind](x, alpha)
    return ACTIVATIONS[kind](x)
