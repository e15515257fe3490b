"""Layers by their definitions: what weights they have and what they compute.

Tensors have the axes of a Kurfile's author with the batch in front: (batch, height, width,
channels). Normalizations, attention and recurrent layers are written out; convolutions and the
like are PyTorch's functional operators. A layer is a function of its inputs, its weights by name,
its options and the pass, which knows whether this is training and keeps running statistics.
"""

import math
import types

import torch
import torch.nn.functional as F

from activations import activate, sigmoid
from recurrent import recurrent, recurrent_weights

LAYERS, WEIGHTS, SHORTHANDS, DEFAULTS = {}, {}, {}, {}
CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def layer(kind, shorthand=None, weights=None, **defaults):
    """Registers a layer: the option that a bare value stands for, its weights, its options."""
    def register(function):
        LAYERS[kind], WEIGHTS[kind] = function, weights or (lambda options, shapes: {})
        SHORTHANDS[kind], DEFAULTS[kind] = shorthand, defaults
        return function
    return register


def options_of(kind, value):
    """The options of a layer as a Kurfile writes them, with defaults for what it leaves out."""
    if not isinstance(value, dict):
        value = {} if value is None else {SHORTHANDS[kind]: value}
    return types.SimpleNamespace(**{**DEFAULTS[kind], **value})


def weights_of(kind, options, shapes):
    """Shapes of a layer's weights by name, for inputs of these shapes without the batch."""
    return WEIGHTS[kind](options, [tuple(shape) for shape in shapes])


def fixed_weights(kind, options):
    """Weights that no optimizer changes."""
    if kind == "batch_normalization":
        return {"running_mean", "running_var"}
    highway = getattr(options, "highway", False)
    return {"gate.bias"} if highway and options.bias is not None else set()


def as_list(value):
    """A list of what may be one thing."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def channels_first(x):
    """(batch, channels, ...) of (batch, ..., channels)."""
    return x.movedim(-1, 1)


def channels_last(x):
    """(batch, ..., channels) of (batch, channels, ...)."""
    return x.movedim(1, -1)


def axis_of(axis, rank):
    """The axis of a tensor with a batch for that of one sample, which may count from behind."""
    return axis + 1 if axis >= 0 else axis + rank + 1


# Dense layers and convolutions.

def dense_weights(options, shapes):
    """weight and bias, numbered where there are several layers, and those of the gate."""
    width = math.prod(shapes[0]) if options.flatten else shapes[0][-1]
    if not isinstance(options.size, list):
        names = ["", "gate."] if options.highway else [""]
        return {name + part: shape for name in names for part, shape in
                (("weight", (options.size, width)), ("bias", (options.size,)))}
    weights = {}
    for i, size in enumerate(options.size):
        weights[f"{i}.weight"], weights[f"{i}.bias"] = (size, width), (size,)
        width = size
    return weights


def linear(x, w, run, prefix=""):
    """x W^T + b on the last axis."""
    weight = w[prefix + "weight"]
    return run.summed(x @ weight.T + w[prefix + "bias"], lambda: x.abs() @ weight.abs().T)


def highway(x, y, gate, run):
    """Srivastava et al. (2015), with relu."""
    gate = sigmoid(gate, run.generator)
    y = activate(y, "relu")
    return run.summed(gate * y + (1 - gate) * x, lambda: gate * y + (1 - gate) * x.abs())


@layer("dense", "size", dense_weights, flatten=False, highway=False, bias=None)
def dense(inputs, w, options, run):
    """A fully connected layer, or a stack of them."""
    x = inputs[0].flatten(1) if options.flatten else inputs[0]
    if isinstance(options.size, list):
        for i in range(len(options.size)):
            x = linear(x, w, run, f"{i}.")
        return x
    y = linear(x, w, run)
    return highway(x, y, linear(x, w, run, "gate."), run) if options.highway else y


def windows(options, rank):
    """(size, strides) of windows, one number for each axis."""
    size, strides = as_list(options.size), as_list(options.strides)
    return (size * rank if len(size) == 1 else size,
            strides * rank if len(strides) == 1 else strides)


def padded(x, size, border, value=0.0):
    """The axes behind the channels, padded for windows that are to stay the same in number."""
    if border == "valid":
        return x
    pads = [n for s in reversed(size) for n in ((s - 1) // 2, s // 2)]
    return F.pad(x, pads, value=value)


def convolution_weights(options, shapes):
    """weight (kernels, channels of a group, ...) and bias, and those of the gate."""
    channels = shapes[0][-1]
    size, _ = windows(options, len(shapes[0]) - 1)
    weight = (options.kernels, 1 if options.separable else channels, *size)
    names = ["", "gate."] if options.highway else [""]
    return {name + part: shape for name in names for part, shape in
            (("weight", weight), ("bias", (options.kernels,)))}


@layer("convolution", None, convolution_weights, strides=1, border="same", separable=False,
       highway=False, bias=-1.0)
def convolution(inputs, w, options, run):
    """Cross-correlation over all axes but the last."""
    x = inputs[0]
    size, strides = windows(options, x.dim() - 2)
    groups = x.shape[-1] if options.separable else 1

    def convolve(prefix):
        padded_x, weight = padded(channels_first(x), size, options.border), w[prefix + "weight"]
        apply = CONVOLUTIONS[len(size)]
        return run.summed(
            channels_last(apply(padded_x, weight, w[prefix + "bias"], strides, groups=groups)),
            lambda: channels_last(apply(padded_x.abs(), weight.abs(), None, strides,
                                        groups=groups)))

    if options.highway:
        return highway(x, convolve(""), convolve("gate."), run)
    return convolve("")


def transposed_weights(options, shapes):
    """weight (channels, kernels, ...) and bias."""
    size, _ = windows(options, len(shapes[0]) - 1)
    return {"weight": (shapes[0][-1], options.kernels, *size), "bias": (options.kernels,)}


@layer("transposed_convolution", None, transposed_weights, strides=1, border="same")
def transposed_convolution(inputs, w, options, _):
    """The gradient of a convolution, cut to `strides` times the extents for the border same."""
    x = channels_first(inputs[0])
    size, strides = windows(options, x.dim() - 2)
    same = options.border == "same"
    more = [max(0, s - k) if same else 0 for s, k in zip(strides, size)]
    y = TRANSPOSED[len(size)](x, w["weight"], w["bias"], strides, output_padding=more)
    for axis, (s, k) in enumerate(zip(strides, size), 2):
        if same:
            y = y.narrow(axis, max(0, k - s) // 2, x.shape[axis] * s)
    return channels_last(y)


def unfolded(x, size, strides):
    """The windows of channels-first x, each as the elements of one last axis."""
    for axis, (s, step) in enumerate(zip(size, strides), 2):
        x = x.unfold(axis, s, step)
    return x.flatten(-len(size))


@layer("pool", "size", size=None, strides=1, type="max", border="valid")
def pool(inputs, _w, options, _):
    """The maximum or the average of each window, or of everything."""
    x = channels_first(inputs[0])
    reduce = {"max": lambda y: y.amax(-1), "average": lambda y: y.mean(-1)}[options.type]
    if options.size is None:
        return reduce(x.flatten(2))
    size, strides = windows(options, x.dim() - 2)
    if options.type == "max":
        x = padded(x, size, options.border, -math.inf)
        return channels_last(unfolded(x, size, strides).amax(-1))
    ones = padded(torch.ones_like(x), size, options.border)
    sums = unfolded(padded(x, size, options.border), size, strides).sum(-1)
    return channels_last(sums / unfolded(ones, size, strides).sum(-1))


def interpolated(x, axis, factor):
    """x with an axis `factor` times as long, linearly interpolated between pixel centers."""
    extent = x.shape[axis]
    places = (torch.arange(extent * factor, dtype=torch.float64) + 0.5) / factor - 0.5
    places = places.clamp(0, extent - 1)
    lower = places.floor().long().clamp(max=max(extent - 2, 0))
    upper = (lower + 1).clamp(max=extent - 1)
    shape = [-1 if i == axis else 1 for i in range(x.dim())]
    share = (places - lower).to(x.dtype).reshape(shape)
    return x.index_select(axis, lower) * (1 - share) + x.index_select(axis, upper) * share


@layer("upsample", "size", type="nearest")
def upsample(inputs, _w, options, _):
    """Every axis but the last becomes longer."""
    x = inputs[0]
    factors = as_list(options.size)
    factors = factors * (x.dim() - 2) if len(factors) == 1 else factors
    for axis, factor in enumerate(factors, 1):
        x = (x.repeat_interleave(factor, axis) if options.type == "nearest"
             else interpolated(x, axis, factor))
    return x


# Normalizations.

def standardized(x, axes, epsilon, run):
    """(x less its mean, over its deviation; mean; variance) along axes."""
    mean = run.rounded(x.mean(axes, keepdim=True))
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return run.rounded((x - mean) / torch.sqrt(variance + epsilon)), mean, variance


def scale_weights(options, shapes):
    """weight and bias of each channel of the last axis."""
    del options
    return {"weight": (shapes[0][-1],), "bias": (shapes[0][-1],)}


def batch_normalization_weights(options, shapes):
    """Those of the channels along `axis`, with running statistics."""
    extent = shapes[0][axis_of(options.axis, len(shapes[0])) - 1]
    return {name: (extent,) for name in ("weight", "bias", "running_mean", "running_var")}


@layer("batch_normalization", None, batch_normalization_weights, axis=-1, momentum=0.9,
       epsilon=1e-5)
def batch_normalization(inputs, w, options, run):
    """Ioffe and Szegedy (2015); the running variance is the unbiased one."""
    x = inputs[0].movedim(axis_of(options.axis, inputs[0].dim() - 1), -1)
    axes = tuple(range(x.dim() - 1))
    if run.training:
        y, mean, variance = standardized(x, axes, options.epsilon, run)
        count = x.numel() // x.shape[-1]
        run.keep(w, "running_mean", mean.flatten(), options.momentum)
        run.keep(w, "running_var", variance.flatten() * count / (count - 1), options.momentum)
    else:
        y = (x - w["running_mean"]) / torch.sqrt(w["running_var"] + options.epsilon)
    return (y * w["weight"] + w["bias"]).movedim(-1, axis_of(options.axis, x.dim() - 1))


@layer("layer_normalization", None, scale_weights, epsilon=1e-5)
def layer_normalization(inputs, w, options, run):
    """Ba, Kiros and Hinton (2016), over the last axis."""
    return standardized(inputs[0], (-1,), options.epsilon, run)[0] * w["weight"] + w["bias"]


@layer("group_normalization", "groups", scale_weights, groups=32, epsilon=1e-5)
def group_normalization(inputs, w, options, run):
    """Wu and He (2018): over all positions and the channels of a group, sample by sample."""
    x = inputs[0]
    grouped = x.reshape(x.shape[0], -1, options.groups, x.shape[-1] // options.groups)
    y = standardized(grouped, (1, 3), options.epsilon, run)[0].reshape(x.shape)
    return y * w["weight"] + w["bias"]


# Sequences.

def attention_weights(options, shapes):
    """Four projections; keys and values are of the last input."""
    width = getattr(options, "size", None) or shapes[0][-1]
    weights = {}
    for name, extent in (("query", shapes[0][-1]), ("key", shapes[-1][-1]),
                         ("value", shapes[-1][-1]), ("output", width)):
        weights[name + ".weight"], weights[name + ".bias"] = (width, extent), (width,)
    return weights


@layer("attention", "heads", attention_weights, size=None, causal=False)
def attention(inputs, w, options, run):
    """Multi-head attention (Vaswani et al., 2017)."""
    def heads(x, name):
        y = linear(x, w, run, name + ".")
        return y.reshape(*y.shape[:2], options.heads, -1).transpose(1, 2)

    query, key = heads(inputs[0], "query"), heads(inputs[-1], "key")
    scores = run.rounded(query @ key.transpose(2, 3) / math.sqrt(query.shape[-1]))
    if options.causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    shares = activate(scores, "softmax", None, run.generator)
    y = (shares @ heads(inputs[-1], "value")).transpose(1, 2)
    return linear(run.rounded(y.flatten(2)), w, run, "output.")


@layer("positional_encoding", None,
       lambda o, shapes: {"weight": (o.learned, shapes[0][-1])} if o.learned else {}, learned=None)
def positional_encoding(inputs, w, options, _):
    """Sines and cosines of Vaswani et al. (2017), or learned vectors."""
    x = inputs[0]
    time, features = x.shape[1:]
    if options.learned:
        return x + w["weight"][:time]
    places = [[(math.cos if i % 2 else math.sin)(t / 10000 ** ((i - i % 2) / features))
               for i in range(features)] for t in range(time)]
    return x + torch.tensor(places, dtype=torch.float64).to(x.dtype)


@layer("embedding", None, lambda o, shapes: {"weight": (o.vocab_size, o.size)})
def embedding(inputs, w, _options, _):
    """The row of each index."""
    return w["weight"][inputs[0].round().long()]


layer("recurrent", None, recurrent_weights, type="gru", sequence=True, bidirectional=False,
      merge=None, outer_activation=None)(
          lambda inputs, w, options, run: recurrent(inputs[0], w, options, run))


# What has no weights.

@layer("activation", "type", type="linear", alpha=None)
def activation(inputs, _w, options, run):
    """A function of each value, or of the last axis."""
    return activate(inputs[0], options.type, options.alpha, run.generator)


@layer("merge", "mode", mode="concat", axis=-1)
def merge(inputs, _w, options, _):
    """One tensor of several."""
    if options.mode == "concat":
        return torch.cat(inputs, axis_of(options.axis, inputs[0].dim() - 1))
    if options.mode == "multiply":
        return math.prod(inputs[1:], start=inputs[0])
    total = sum(inputs[1:], start=inputs[0])
    return total / len(inputs) if options.mode == "average" else total


@layer("flatten")
def flatten(inputs, _w, _options, _):
    """A vector, the last axis running fastest."""
    return inputs[0].reshape(inputs[0].shape[0], -1)


@layer("expand", "dimension")
def expand(inputs, _w, options, _):
    """One more axis, of extent 1."""
    return inputs[0].unsqueeze(axis_of(options.dimension, inputs[0].dim()))


@layer("squeeze", "dimension")
def squeeze(inputs, _w, options, _):
    """Without an axis of extent 1."""
    return inputs[0].squeeze(axis_of(options.dimension, inputs[0].dim() - 1))


@layer("transpose", "axes", include_batch=False)
def transpose(inputs, _w, options, _):
    """The axes in another order."""
    axes = as_list(options.axes)
    return inputs[0].permute(axes if options.include_batch else [0, *(a + 1 for a in axes)])


@layer("repeat", "count")
def repeat(inputs, _w, options, _):
    """A sequence of equal vectors."""
    return inputs[0].unsqueeze(1).expand(-1, options.count, -1)


@layer("reshape", "shape")
def reshape(inputs, _w, options, _):
    """The same elements in another shape."""
    return inputs[0].reshape(inputs[0].shape[0], *as_list(options.shape))


@layer("output", "name")
def output(inputs, _w, _options, _):
    """What is before it."""
    return inputs[0]


@layer("dropout", "fraction", independent=True)
def dropout(inputs, _w, _options, run):
    """Nothing, when a model is measured; training by chance cannot be repeated here."""
    assert not run.training, "dropout is checked by its statistics"
    return inputs[0]
