"""Writes the golden values of tests/engine: what PyTorch computes for layers, losses and
optimizers and what Python counts for metrics, for the tests of the engine's own.

    python3 tests/reference/engine_cases.py

needs torch and numpy and writes tests/engine/*/*_cases.json. Tensors are {"shape", "data"} with
data in row-major order; those of layers have the axes of a Kurfile's author: (batch, height,
width, channels). Everything is computed in double precision and a function of fixed seeds.
"""

import functools
import itertools
import json
import math
import pathlib

import numpy
import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "engine"
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def draw(generator, *shape):
    """Multiples of 1/64: exact in both precisions, and short to write."""
    return torch.tensor((generator.standard_normal(shape) * 64).round() / 64)


def pack(tensor):
    values = tensor.detach().reshape(-1).tolist()
    return {"shape": list(tensor.shape), "data": [float("%.7g" % v) for v in values]}


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def pads(size, border):
    """(before, after) of each axis: size - 1 in all, the smaller half in front."""
    if border == "valid":
        return [(0, 0)] * len(size)
    return [((s - 1) // 2, s // 2) for s in size]


def torch_pads(size, border):
    return [n for pair in reversed(pads(size, border)) for n in pair]


CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
MAX_POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE_POOLS = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def convolution(x, weights, size, strides, border, groups=1, prefix=""):
    x = F.pad(channels_first(x), torch_pads(size, border))
    return channels_last(CONVOLUTIONS[len(size)](
        x, weights[prefix + "weight"], weights[prefix + "bias"], strides, groups=groups))


def max_pool(x, size, strides, border):
    x = F.pad(channels_first(x), torch_pads(size, border), value=-torch.inf)
    return channels_last(MAX_POOLS[len(size)](x, size, strides))


def average_pool(x, size, strides, border):
    """Sums over the windows by the numbers of elements that are really in them."""
    ones = F.pad(torch.ones_like(channels_first(x)), torch_pads(size, border))
    x = F.pad(channels_first(x), torch_pads(size, border))
    pool = AVERAGE_POOLS[len(size)]
    return channels_last(pool(x, size, strides) / pool(ones, size, strides))


class Cases:
    def __init__(self):
        self.cases = []
        self.generator = numpy.random.default_rng(20240229)

    def add(self, name, kind, spec, shape, function, weights=None, training=True, after=None,
            more=(), indices=None, fixed=()):
        """`function(x, weights)` gives the output; gradients are those of sum(output * cotangent).
        `after` is a dictionary that the function fills with weights that it changed; `more` are
        shapes of further inputs, for which the function gets a list; with `indices`, the input is
        made of integers below that; `fixed` names
        weights that are not trained."""
        if indices is None:
            inputs = [draw(self.generator, *s).requires_grad_() for s in (shape, *more)]
        else:
            inputs = [torch.tensor(self.generator.integers(0, indices, shape))]
        weights = {k: draw(self.generator, *s) for k, s in (weights or {}).items()}
        initial = {k: pack(v) for k, v in weights.items()}
        trainable = [k for k in weights if not k.startswith("running") and k not in fixed]
        for k in trainable:
            weights[k].requires_grad_()
        y = function(inputs if more else inputs[0], weights)
        cotangent = draw(self.generator, *y.shape)
        (y * cotangent).sum().backward()
        case = {"name": name, "kind": kind, "spec": spec, "training": training,
                "inputs": [pack(x) for x in inputs], "weights": initial, "output": pack(y),
                "cotangent": pack(cotangent),
                "input_gradients": [None if x.grad is None else pack(x.grad) for x in inputs],
                "weight_gradients": {k: pack(weights[k].grad) for k in trainable}}
        after = dict(after or {}, **{k: weights[k] for k in fixed})
        if after:
            case["weights_after"] = {k: pack(v) for k, v in after.items()}
        self.cases.append(case)


def add_dense(cases):
    def dense(x, w):
        return F.linear(x, w["weight"], w["bias"])

    cases.add("dense", "dense", "3", (4, 5), dense, {"weight": (3, 5), "bias": (3,)})
    cases.add("dense on a sequence", "dense", "{size: 3}", (2, 4, 5), dense,
              {"weight": (3, 5), "bias": (3,)})
    cases.add("dense on an image", "dense", "2", (2, 3, 4, 5), dense,
              {"weight": (2, 5), "bias": (2,)})
    cases.add("dense that flattens an image", "dense", "{size: 2, flatten: yes}", (2, 3, 2, 4),
              lambda x, w: dense(x.reshape(2, -1), w), {"weight": (2, 24), "bias": (2,)})
    cases.add("stack of dense layers", "dense", "[4, 3]", (3, 5),
              lambda x, w: F.linear(F.linear(x, w["0.weight"], w["0.bias"]),
                                    w["1.weight"], w["1.bias"]),
              {"0.weight": (4, 5), "0.bias": (4,), "1.weight": (3, 4), "1.bias": (3,)})


EXTENTS = {1: (7,), 2: (5, 4), 3: (3, 3, 2)}
WINDOWS = {1: [(3,), (2,), (1,)], 2: [(3, 3), (2, 2), (4, 1)], 3: [(2, 3, 1), (2, 2, 2)]}
STRIDES = {1: [(1,), (2,), (3,)], 2: [(1, 1), (2, 2), (1, 2)], 3: [(1, 1, 1), (2, 1, 2)]}


def windows():
    for rank in (1, 2, 3):
        for size, strides, border in itertools.product(WINDOWS[rank], STRIDES[rank],
                                                       ("same", "valid")):
            yield rank, size, strides, border


def add_windows(cases):
    for rank, size, strides, border in windows():
        options = f"size: {list(size)}, strides: {list(strides)}, border: {border}"
        shape = (2 if rank == 1 else 1, *EXTENTS[rank], 2)
        cases.add(f"convolution {options}", "convolution", f"{{kernels: 2, {options}}}", shape,
                  lambda x, w: convolution(x, w, size, strides, border),
                  {"weight": (2, 2, *size), "bias": (2,)})
        shape = (1, *EXTENTS[rank], 2)
        cases.add(f"max pool {options}", "pool", f"{{type: max, {options}}}", shape,
                  lambda x, w: max_pool(x, size, strides, border))
        cases.add(f"average pool {options}", "pool", f"{{type: average, {options}}}", shape,
                  lambda x, w: average_pool(x, size, strides, border))


def highway(x, y, gate):
    gate = torch.sigmoid(gate)
    return gate * F.relu(y) + (1 - gate) * x


def add_separable_and_highway(cases):
    for rank in (1, 2, 3):
        for size, strides, border in itertools.product(WINDOWS[rank][:2], STRIDES[rank][:2],
                                                       ("same", "valid")):
            options = f"size: {list(size)}, strides: {list(strides)}, border: {border}"
            cases.add(f"separable convolution {options}", "convolution",
                      f"{{kernels: 4, separable: yes, {options}}}", (1, *EXTENTS[rank], 2),
                      lambda x, w: convolution(x, w, size, strides, border, groups=2),
                      {"weight": (4, 1, *size), "bias": (4,)})
        size, ones = WINDOWS[rank][0], (1,) * rank
        cases.add(f"highway convolution of rank {rank}", "convolution",
                  f"{{kernels: 2, highway: yes, size: {list(size)}}}", (1, *EXTENTS[rank], 2),
                  lambda x, w: highway(x, convolution(x, w, size, ones, "same"),
                                       convolution(x, w, size, ones, "same", prefix="gate.")),
                  {"weight": (2, 2, *size), "bias": (2,), "gate.weight": (2, 2, *size),
                   "gate.bias": (2,)}, fixed=("gate.bias",))
    for shape in ((3, 4), (2, 3, 4), (2, 3, 2, 4)):
        for spec, fixed in (("{size: 4, highway: yes}", ()),
                            ("{size: 4, highway: yes, bias: -1}", ("gate.bias",))):
            cases.add(f"highway dense {spec} of rank {len(shape) - 1}", "dense", spec, shape,
                      lambda x, w: highway(x, F.linear(x, w["weight"], w["bias"]),
                                           F.linear(x, w["gate.weight"], w["gate.bias"])),
                      {"weight": (4, 4), "bias": (4,), "gate.weight": (4, 4), "gate.bias": (4,)},
                      fixed=fixed)


def add_whole_pools(cases):
    for shape in ((2, 4, 3), (2, 3, 4, 3), (2, 2, 3, 2, 3)):
        places = tuple(range(1, len(shape) - 1))
        cases.add(f"max over all of rank {len(shape) - 1}", "pool", "{type: max}", shape,
                  lambda x, w: x.amax(places))
        cases.add(f"average over all of rank {len(shape) - 1}", "pool", "{type: average}", shape,
                  lambda x, w: x.mean(places))


def add_flatten(cases):
    for shape in ((2, 5), (2, 3, 4), (2, 2, 3, 4), (2, 2, 2, 2, 3)):
        cases.add(f"flatten of rank {len(shape) - 1}", "flatten", "null", shape,
                  lambda x, w: x.reshape(shape[0], -1))


def add_batch_normalization(cases):
    """The momentum of a Kurfile is the share of the old statistics: 1 - that of PyTorch."""
    for shape in ((6, 3), (3, 4, 3), (2, 3, 4, 3), (2, 2, 2, 2, 3)):
        for momentum, epsilon, training in ((0.9, 1e-5, True), (0.25, 0.1, True),
                                            (0.9, 0.01, False)):
            after = {}

            def normalize(x, w):
                mean = w["running_mean"].clone()
                # A variance is not negative.
                w["running_var"].abs_()
                variance = w["running_var"].clone()
                y = F.batch_norm(channels_first(x), mean, variance, w["weight"], w["bias"],
                                 training, 1 - momentum, epsilon)
                after.update(running_mean=mean, running_var=variance)
                return channels_last(y)

            cases.add(f"batch normalization of rank {len(shape) - 1}, momentum {momentum}, "
                      f"{'training' if training else 'evaluation'}",
                      "batch_normalization", f"{{momentum: {momentum}, epsilon: {epsilon}}}",
                      shape, normalize,
                      {"weight": (3,), "bias": (3,), "running_mean": (3,), "running_var": (3,)},
                      training, after)
            keep_variance_positive(cases)
    for shape, axis in (((2, 3, 4), 0), ((2, 3, 2, 4), 1), ((2, 3, 2, 4), -3),
                        ((1, 3, 2, 2, 3), 0)):
        after = {}
        place = axis + 1 if axis >= 0 else axis

        def normalize_along(x, w):
            mean = w["running_mean"].clone()
            w["running_var"].abs_()
            variance = w["running_var"].clone()
            y = F.batch_norm(x.movedim(place, 1), mean, variance, w["weight"], w["bias"], True,
                             0.1, 1e-5)
            after.update(running_mean=mean, running_var=variance)
            return y.movedim(1, place)

        cases.add(f"batch normalization along {axis}", "batch_normalization", f"{{axis: {axis}}}",
                  shape, normalize_along,
                  {k: (shape[place],) for k in ("weight", "bias", "running_mean", "running_var")},
                  after=after)
        keep_variance_positive(cases)


def keep_variance_positive(cases):
    packed = cases.cases[-1]["weights"]["running_var"]
    packed["data"] = [abs(v) for v in packed["data"]]


def add_activations(cases):
    functions = {
        "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus,
        "gelu": F.gelu, "silu": F.silu, "selu": F.selu, "mish": F.mish, "exponential": torch.exp,
        "softsign": F.softsign, "hard_swish": F.hardswish, "log_softmax": lambda x: F.log_softmax(x, -1),
        "hard_sigmoid": lambda x: (0.2 * x + 0.5).clamp(0, 1), "linear": lambda x: x * 1, "none": lambda x: x * 1,
        "elu": F.elu, "{type: elu, alpha: 0.5}": lambda x: F.elu(x, 0.5),
        "leakyrelu": lambda x: F.leaky_relu(x, 0.3),
        "{type: leakyrelu, alpha: 0.05}": lambda x: F.leaky_relu(x, 0.05),
        "softmax": lambda x: F.softmax(x, -1),
    }
    for spec, function in functions.items():
        cases.add(f"activation {spec}", "activation", spec, (3, 4), lambda x, w: function(x))
    for shape in ((2, 3, 4), (2, 2, 3, 4), (1, 2, 2, 2, 3)):
        cases.add(f"softmax of rank {len(shape) - 1}", "activation", "softmax", shape,
                  lambda x, w: F.softmax(x, -1))


def add_shapers(cases):
    """Layers that move elements and compute nothing."""
    for dimension, shape in ((0, (2, 3)), (-1, (2, 3)), (1, (2, 3, 4)), (-2, (2, 2, 3, 4)),
                             (3, (2, 2, 2, 3))):
        axis = dimension if dimension < 0 else dimension + 1
        cases.add(f"expand {dimension} of rank {len(shape) - 1}", "expand", str(dimension), shape,
                  lambda x, w: x.unsqueeze(axis) * 1)
    for dimension, shape in ((0, (2, 1, 3)), (-1, (2, 3, 1)), (1, (2, 3, 1, 4)),
                             (2, (2, 2, 3, 1, 2))):
        axis = dimension if dimension < 0 else dimension + 1
        cases.add(f"squeeze {dimension} of rank {len(shape) - 1}", "squeeze", str(dimension),
                  shape, lambda x, w: x.squeeze(axis) * 1)
    for axes, shape in (([1, 0], (2, 3, 4)), ([2, 0, 1], (2, 2, 3, 4)), ([0], (2, 3)),
                        ([3, 1, 0, 2], (1, 2, 3, 2, 2))):
        cases.add(f"transpose {axes}", "transpose", str(axes), shape,
                  lambda x, w: x.permute(0, *(a + 1 for a in axes)) * 1)
    cases.add("transpose that names the batch", "transpose",
              "{axes: [0, 2, 1], include_batch: yes}", (2, 3, 4), lambda x, w: x.movedim(1, 2) * 1)
    cases.add("repeat", "repeat", "3", (2, 4),
              lambda x, w: x.unsqueeze(1).repeat(1, 3, 1))
    for shape, size in (([3, 4], (2, 12)), ([2, -1], (2, 3, 4)), ([-1], (2, 2, 3, 4)),
                        ([2, 3, 4], (2, 24)), ([4, 3, 2], (2, 2, 3, 4)), ([1, -1, 2, 3], (2, 2, 6))):
        cases.add(f"reshape to {shape} from rank {len(size) - 1}", "reshape", str(shape), size,
                  lambda x, w: x.reshape(x.shape[0], *shape) * 1)
    cases.add("output", "output", "name", (2, 4), lambda x, w: x * 1)


def add_merges(cases):
    for shape in ((2, 3), (2, 3, 4), (2, 2, 3, 4)):
        rank = len(shape) - 1
        for mode, function in (("add", lambda x, w: x[0] + x[1] + x[2]),
                               ("multiply", lambda x, w: x[0] * x[1] * x[2]),
                               ("average", lambda x, w: (x[0] + x[1] + x[2]) / 3)):
            cases.add(f"merge {mode} of rank {rank}", "merge", mode, shape, function,
                      more=(shape, shape))
        other = (*shape[:-1], 5)
        cases.add(f"merge concat of rank {rank}", "merge", "concat", shape,
                  lambda x, w: torch.cat(x, -1), more=(other,))
        other = (shape[0], 2, *shape[2:])
        cases.add(f"merge along the first axis of rank {rank}", "merge",
                  "{mode: concat, axis: 0}", shape, lambda x, w: torch.cat(x, 1), more=(other,))


def add_normalizations(cases):
    for shape in ((3, 4), (2, 3, 4), (2, 2, 3, 4), (1, 2, 2, 2, 4)):
        for epsilon in (1e-5, 0.1):
            cases.add(f"layer normalization of rank {len(shape) - 1}, epsilon {epsilon}",
                      "layer_normalization", f"{{epsilon: {epsilon}}}", shape,
                      lambda x, w: F.layer_norm(x, (4,), w["weight"], w["bias"], epsilon),
                      {"weight": (4,), "bias": (4,)})
        for groups in (1, 2, 4):
            if len(shape) == 2 and groups == 4:
                continue  # groups of a single element
            cases.add(f"{groups} normalized groups of rank {len(shape) - 1}",
                      "group_normalization", str(groups), shape,
                      lambda x, w: channels_last(F.group_norm(channels_first(x), groups,
                                                              w["weight"], w["bias"])),
                      {"weight": (4,), "bias": (4,)})


def add_attention(cases):
    for heads, size, causal, other in ((1, 4, False, None), (2, 4, False, None),
                                       (2, 4, True, None), (2, 6, True, None),
                                       (2, 4, False, (2, 5, 3)), (3, 6, False, (2, 1, 4))):
        shape = (2, 3, 4)
        source = other[-1] if other else 4
        weights = {}
        for name, width in (("query", 4), ("key", source), ("value", source), ("output", size)):
            weights[name + ".weight"] = (size, width)
            weights[name + ".bias"] = (size,)

        def attend(x, w):
            query, looked_at = x if other else (x, x)
            mask = torch.ones(3, 3, dtype=torch.bool).triu(1) if causal else None
            q = F.linear(query, w["query.weight"], w["query.bias"])
            k = F.linear(looked_at, w["key.weight"], w["key.bias"])
            v = F.linear(looked_at, w["value.weight"], w["value.bias"])
            # PyTorch's own attention, with projections that change nothing.
            y, _ = F.multi_head_attention_forward(
                q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), size, heads,
                torch.eye(size).repeat(3, 1), torch.zeros(3 * size), None, None, False, 0.0,
                w["output.weight"], w["output.bias"], attn_mask=mask)
            return y.transpose(0, 1)

        cases.add(f"attention of {heads} heads, size {size}, causal {causal}, other {other}",
                  "attention",
                  f"{{heads: {heads}, size: {size}, causal: {'yes' if causal else 'no'}}}", shape,
                  attend, weights, more=(other,) if other else ())


def add_positions(cases):
    for features in (4, 5):
        places = torch.tensor([[(math.sin if i % 2 == 0 else math.cos)(
            t / 10000 ** ((i - i % 2) / features)) for i in range(features)] for t in range(6)])
        cases.add(f"positions of {features} features", "positional_encoding", "null",
                  (2, 6, features), lambda x, w: x + places)
    cases.add("learned positions", "positional_encoding", "{learned: 5}", (2, 3, 4),
              lambda x, w: x + w["weight"][:3], {"weight": (5, 4)})


def add_larger_axes(cases):
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    transposed = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
    for rank, factors in ((1, (3,)), (2, (2, 3)), (3, (2, 1, 2))):
        shape = (2, *EXTENTS[rank], 2)
        for kind, mode in (("nearest", "nearest"), ("linear", modes[rank])):
            align = {} if kind == "nearest" else {"align_corners": False}
            cases.add(f"upsample {kind} of rank {rank}", "upsample",
                      f"{{size: {list(factors)}, type: {kind}}}", shape,
                      lambda x, w: channels_last(F.interpolate(
                          channels_first(x), scale_factor=factors, mode=mode, **align)))
        for size, strides, border in itertools.product(WINDOWS[rank][:2], STRIDES[rank],
                                                       ("same", "valid")):
            def spread(x, w):
                # A stride that is longer than the kernel leaves nothing behind the last one.
                more = [max(0, s - k) if border == "same" else 0 for s, k in zip(strides, size)]
                y = transposed[rank](channels_first(x), w["weight"], w["bias"], strides,
                                     output_padding=more)
                for axis, (n, s, k) in enumerate(zip(EXTENTS[rank], strides, size)):
                    if border == "same":
                        y = y.narrow(axis + 2, max(0, k - s) // 2, n * s)
                return channels_last(y)

            options = f"size: {list(size)}, strides: {list(strides)}, border: {border}"
            cases.add(f"transposed convolution {options}", "transposed_convolution",
                      f"{{kernels: 3, {options}}}", shape, spread,
                      {"weight": (2, 3, *size), "bias": (3,)})


def add_embeddings(cases):
    cases.add("embedding", "embedding", "{vocab_size: 7, size: 3}", (4, 5),
              lambda x, w: F.embedding(x, w["weight"]), {"weight": (7, 3)}, indices=7)


def gru(x, weights, suffix, steps, activation=torch.tanh):
    """Step by step, from the formula; gives the states in the order of `steps`."""
    w_ih, w_hh = weights["weight_ih" + suffix], weights["weight_hh" + suffix]
    b_ih, b_hh = weights["bias_ih" + suffix], weights["bias_hh" + suffix]
    h = x.new_zeros(x.shape[0], w_hh.shape[1])
    states = {}
    for t in steps:
        xr, xz, xn = (x[:, t] @ w_ih.T + b_ih).chunk(3, -1)
        hr, hz, hn = (h @ w_hh.T + b_hh).chunk(3, -1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        h = (1 - z) * activation(xn + r * hn) + z * h
        states[t] = h
    return states, h


def lstm(x, weights, suffix, steps, activation=torch.tanh):
    w_ih, w_hh = weights["weight_ih" + suffix], weights["weight_hh" + suffix]
    b_ih, b_hh = weights["bias_ih" + suffix], weights["bias_hh" + suffix]
    h = c = x.new_zeros(x.shape[0], w_hh.shape[1])
    states = {}
    for t in steps:
        i, f, g, o = (x[:, t] @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * activation(g)
        h = torch.sigmoid(o) * activation(c)
        states[t] = h
    return states, h


def sru(x, weights, suffix, steps):
    w, b = weights["weight_ih" + suffix], weights["bias_ih" + suffix]
    units = b.shape[0] // 2
    c = x.new_zeros(x.shape[0], units)
    states = {}
    for t in steps:
        u, f, r, *projected = (x[:, t] @ w.T).split(units, -1)
        through = projected[0] if projected else x[:, t]
        f, r = torch.sigmoid(f + b[:units]), torch.sigmoid(r + b[units:])
        c = f * c + (1 - f) * u
        h = r * c + (1 - r) * through
        states[t] = h
    return states, h


MERGES = {"concat": lambda a, b: torch.cat([a, b], -1), "add": torch.add, "multiply": torch.mul,
          "average": lambda a, b: (a + b) / 2}


def both_ways(cell, merge, sequence):
    """The function of a recurrent layer; without `merge` it goes through the sequence once."""
    def run(x, w):
        steps = range(x.shape[1])
        forward, last = cell(x, w, "", steps)
        if merge:
            backward, first = cell(x, w, "_reverse", reversed(steps))
            forward = {t: MERGES[merge](forward[t], backward[t]) for t in steps}
            last = MERGES[merge](last, first)
        return torch.stack([forward[t] for t in steps], 1) if sequence == "yes" else last
    return run


def recurrent_weights(kind, units, features, suffixes=("",)):
    """The gates of each matrix: r, z, n; i, f, g, o; u, f, r and, where widths differ, p."""
    gates = {"gru": 3, "lstm": 4, "sru": 3 if units == features else 4}[kind]
    weights = {}
    for suffix in suffixes:
        weights["weight_ih" + suffix] = (gates * units, features)
        if kind == "sru":
            weights["bias_ih" + suffix] = (2 * units,)
            continue
        weights["weight_hh" + suffix] = (gates * units, units)
        weights["bias_ih" + suffix] = (gates * units,)
        weights["bias_hh" + suffix] = (gates * units,)
    return weights


def add_recurrents(cases):
    batch, time, features = 2, 4, 3
    for kind, cell in (("gru", gru), ("lstm", lstm), ("sru", sru)):
        for merge, sequence in itertools.product((None, *MERGES), ("yes", "no")):
            units = 2
            size = 4 if merge == "concat" else 2
            options = f", bidirectional: yes, merge: {merge}" if merge else ""
            cases.add(f"{kind}, sequence: {sequence}{options}", "recurrent",
                      f"{{size: {size}, type: {kind}, sequence: {sequence}{options}}}",
                      (batch, time, features), both_ways(cell, merge, sequence),
                      recurrent_weights(kind, units, features,
                                        ("", "_reverse") if merge else ("",)))
    for merge, sequence in itertools.product((None, "concat"), ("yes", "no")):
        options = ", bidirectional: yes" if merge else ""
        cases.add(f"sru as wide as its input, sequence: {sequence}{options}", "recurrent",
                  f"{{size: {6 if merge else 3}, type: sru, sequence: {sequence}{options}}}",
                  (batch, time, features), both_ways(sru, merge, sequence),
                  recurrent_weights("sru", features, features,
                                    ("", "_reverse") if merge else ("",)))
    activations = {"relu": F.relu, "sigmoid": torch.sigmoid, "linear": lambda x: x,
                   "softsign": F.softsign, "softmax": lambda x: F.softmax(x, -1)}
    for kind, cell in (("gru", gru), ("lstm", lstm)):
        for name, function in activations.items():
            def activated(x, w, suffix, steps):
                return cell(x, w, suffix, steps, function)

            cases.add(f"{kind} with {name}", "recurrent",
                      f"{{size: 2, type: {kind}, outer_activation: {name}}}",
                      (batch, time, features), both_ways(activated, None, "yes"),
                      recurrent_weights(kind, 2, features))


def layer_cases():
    cases = Cases()
    add_dense(cases)
    add_windows(cases)
    add_separable_and_highway(cases)
    add_whole_pools(cases)
    add_flatten(cases)
    add_batch_normalization(cases)
    add_activations(cases)
    add_shapers(cases)
    add_merges(cases)
    add_normalizations(cases)
    add_attention(cases)
    add_positions(cases)
    add_larger_axes(cases)
    add_embeddings(cases)
    add_recurrents(cases)
    return cases.cases


def clamped_log(p):
    """Probabilities below 1e-7 count as that."""
    return p.clamp_min(1e-7).log()


class LossCases:
    def __init__(self):
        self.cases = []
        self.generator = numpy.random.default_rng(7)

    def add(self, name, kind, prediction, truths, function, logits=False, spec="", skipped=0):
        prediction = prediction.detach().clone().requires_grad_()
        loss = function(prediction)
        loss.backward()
        self.cases.append({"name": name, "kind": kind, "spec": spec, "from_logits": logits,
                           "prediction": pack(prediction), "truth": [pack(t) for t in truths],
                           "loss": loss.item(), "gradient": pack(prediction.grad),
                           "skipped": skipped})

    def draw(self, *shape):
        return draw(self.generator, *shape)

    def classes(self, below, *shape):
        return torch.tensor(self.generator.integers(0, below, shape))


def add_crossentropies(cases):
    for shape in ((5, 4), (3, 2, 4), (2, 2, 3, 4)):
        logits, classes = cases.draw(*shape) * 3, cases.classes(4, *shape[:-1])
        for extreme in (1, 30):
            rank = f"rank {len(shape) - 1}" + (", extreme" if extreme > 1 else "")
            scaled, flat = logits * extreme, classes.reshape(-1)
            p = F.softmax(logits, -1)
            one_hot = F.one_hot(classes, 4).to(torch.float64)
            for kind, truth in (("categorical_crossentropy", one_hot),
                                ("sparse_categorical_crossentropy", classes[..., None]),
                                ("sparse_categorical_crossentropy", classes)):
                if kind.startswith("sparse") and truth.dim() == 1:
                    continue
                cases.add(f"{kind} of logits, {rank}, truth {tuple(truth.shape)}", kind, scaled,
                          [truth], lambda x: F.cross_entropy(x.reshape(-1, 4), flat), logits=True)
                if extreme == 1:
                    cases.add(f"{kind} of probabilities, {rank}, truth {tuple(truth.shape)}", kind,
                              p, [truth],
                              lambda x: F.nll_loss(clamped_log(x).reshape(-1, 4), flat))
    soft, logits = F.softmax(cases.draw(5, 4), -1), cases.draw(5, 4)
    cases.add("crossentropy of a truth that is not one-hot", "categorical_crossentropy", logits,
              [soft], lambda x: F.cross_entropy(x, soft), logits=True)
    impossible = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    cases.add("crossentropy of a probability of 0", "categorical_crossentropy", impossible,
              [torch.tensor([[1.0, 0.0], [1.0, 0.0]])],
              lambda x: -(clamped_log(x) * torch.tensor([[1.0, 0.0], [1.0, 0.0]])).sum() / 2)
    for shape in ((6, 1), (3, 5), (2, 3, 4)):
        logits, truth = cases.draw(*shape) * 3, cases.classes(2, *shape).to(torch.float64)
        for extreme in (1, 100):
            cases.add(f"binary crossentropy of logits {shape} x {extreme}", "binary_crossentropy",
                      logits * extreme, [truth],
                      lambda x: F.binary_cross_entropy_with_logits(x, truth), logits=True)
        cases.add(f"binary crossentropy of probabilities {shape}", "binary_crossentropy",
                  torch.sigmoid(logits / 3), [truth], lambda x: F.binary_cross_entropy(x, truth))


def add_divergences(cases):
    for shape in ((5, 4), (3, 2, 4), (2, 2, 3, 4)):
        logits, truth = cases.draw(*shape) * 3, F.softmax(cases.draw(*shape), -1)
        truth = torch.where(truth < 0.1, torch.zeros_like(truth), truth)
        positions = truth.numel() / 4
        for extreme in (1, 30):
            cases.add(f"divergence of logits {shape} x {extreme}", "kl_divergence",
                      logits * extreme, [truth],
                      lambda x: F.kl_div(F.log_softmax(x, -1), truth, reduction="sum") / positions,
                      logits=True)
        cases.add(f"divergence of probabilities {shape}", "kl_divergence", F.softmax(logits, -1),
                  [truth],
                  lambda x: F.kl_div(clamped_log(x), truth, reduction="sum") / positions)


def add_distances(cases):
    for shape in ((6, 1), (2, 3, 2), (2, 2, 3, 2)):
        for factor in (1, 1000):
            prediction, truth = cases.draw(*shape) * factor, cases.draw(*shape)
            what = f"{shape} x {factor}"
            cases.add(f"mean squared error {what}", "mean_squared_error", prediction, [truth],
                      lambda x: F.mse_loss(x, truth))
            cases.add(f"mean absolute error {what}", "mean_absolute_error", prediction, [truth],
                      lambda x: F.l1_loss(x, truth))
            for delta in (1.0, 0.25):
                cases.add(f"huber {what}, delta {delta}", "huber", prediction, [truth],
                          lambda x: F.huber_loss(x, truth, delta=delta),
                          spec="" if delta == 1 else f"delta: {delta}")
        rate, counts = cases.draw(*shape).exp(), cases.classes(9, *shape).to(torch.float64)
        cases.add(f"poisson {shape}", "poisson", rate, [counts],
                  lambda x: F.poisson_nll_loss(x, counts, log_input=False))


def add_ctc(cases):
    """Kur's: the mean over the samples, with the blank behind the symbols; `warp`: before them.
    The last sample is too short for its truth; equal neighbours need a blank between them."""
    labels = torch.tensor([[0, 1, 1, 3, 0], [2, 0, 9, 9, 9], [3, 3, 3, 0, 0], [1, 2, 3, 1, 2]])
    lengths, steps = torch.tensor([5, 2, 0, 4]), torch.tensor([9, 6, 4, 3])
    for warp, scaled, extreme in itertools.product((False, True), (False, True), (1, 30)):
        logits = cases.draw(4, 9, 5) * 2 * extreme
        scale = steps.double().mean() / 100 if scaled else 1.0

        def loss(log_p):
            losses = F.ctc_loss(log_p.transpose(0, 1), labels + 1 if warp else labels, steps,
                                lengths, blank=0 if warp else 4, reduction="none",
                                zero_infinity=True)
            return losses.mean() * scale

        names = ["warp"] * warp + ["loss_scale"] * scaled
        spec = ("input_length: x, output_length: y, output: z, variant: [" + ", ".join(names) + "]")
        truths = [labels, lengths[:, None], steps[:, None]]
        cases.add(f"ctc of logits x {extreme} {names}", "ctc", logits, truths,
                  lambda x: loss(F.log_softmax(x, -1)), logits=True, spec=spec, skipped=1)
        if extreme == 1:
            cases.add(f"ctc of probabilities {names}", "ctc", F.softmax(logits, -1), truths,
                      lambda x: loss(clamped_log(x)), spec=spec, skipped=1)


def loss_cases():
    cases = LossCases()
    for add in (add_crossentropies, add_divergences, add_distances, add_ctc):
        add(cases)
    return cases.cases


def edits(a, b):
    """Levenshtein's distance, by the recursion that defines it."""
    @functools.cache
    def distance(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1,
                   distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
    return distance(len(a), len(b))


class MetricCases:
    """What metrics give over a whole set, counted sample by sample in Python."""

    def __init__(self):
        self.cases = []
        self.generator = numpy.random.default_rng(11)

    def add(self, name, kind, task, prediction, truths, values, spec="", logits=False, warp=False):
        self.cases.append({"name": name, "kind": kind, "task": task, "spec": spec,
                           "from_logits": logits, "blank_is_first": warp,
                           "prediction": pack(torch.as_tensor(prediction)),
                           "truth": [pack(torch.as_tensor(t)) for t in truths],
                           "values": {k: float(v) for k, v in values.items()}})


def ratios(pairs, classes, kind):
    """(of each class that occurs, of all together)."""
    def ratio(members):
        hits = sum(t == p == c for t, p in pairs for c in members)
        predicted = sum(p == c for t, p in pairs for c in members)
        actual = sum(t == c for t, p in pairs for c in members)
        over = {"precision": predicted, "recall": actual, "f1": (predicted + actual) / 2}[kind]
        return hits / over if over else 0.0
    occurring = [c for c in classes if any(c in pair for pair in pairs)]
    return [ratio([c]) for c in occurring], ratio(list(classes))


def add_class_metrics(cases):
    generator = cases.generator
    for shape, classes in (((20,), 5), ((4, 3), 12), ((3, 2, 2), 3)):
        logits = generator.standard_normal((*shape, classes)).round(3)
        # The last class is never true and never predicted.
        logits[..., -1] = -9
        numbers = generator.integers(0, classes - 1, shape)
        boost = generator.random(shape) < 0.4
        logits[boost, numbers[boost]] += 4
        one_hot = numpy.eye(classes)[numbers]
        pairs = [(int(t), int(numpy.argmax(p)))
                 for t, p in zip(numbers.reshape(-1), logits.reshape(-1, classes))]
        for task, truth in (("classes", one_hot), ("numbers", numbers),
                            ("numbers", numbers[..., None])):
            if truth.ndim == 1:
                continue
            what = f"{task}, {shape}, truth {truth.ndim}"
            accuracy = sum(t == p for t, p in pairs) / len(pairs)
            cases.add(f"accuracy of {what}", "accuracy", task, logits, [truth],
                      {"accuracy": accuracy}, logits=True)
            for k in (1, 2, 3):
                hits = [t in numpy.argsort(-p)[:k] for t, p in
                        zip(numbers.reshape(-1), logits.reshape(-1, classes))]
                cases.add(f"top {k} of {what}", "top_k", task, logits, [truth],
                          {f"top_{k}_accuracy": numpy.mean(hits)}, spec=f"k: {k}", logits=True)
            digits = 2 if classes > 10 else 1
            cells = {}
            for t, p in pairs:
                cell = f"confusion[{t:0{digits}}][{p:0{digits}}]"
                cells[cell] = cells.get(cell, 0) + 1
            cases.add(f"confusion of {what}", "confusion", task, logits, [truth], cells, logits=True)
            for kind in ("precision", "recall", "f1"):
                each, together = ratios(pairs, range(classes), kind)
                cases.add(f"{kind} of {what}", kind, task, logits, [truth],
                          {f"macro_{kind}": numpy.mean(each)}, logits=True)
                cases.add(f"micro {kind} of {what}", kind, task, logits, [truth],
                          {f"micro_{kind}": together}, spec="average: micro", logits=True)


def add_binary_metrics(cases):
    generator = cases.generator
    for shape in ((30, 1), (8, 3), (4, 3, 2)):
        for logits in (False, True):
            p = generator.standard_normal(shape).round(3)
            if not logits:
                p = (1 / (1 + numpy.exp(-p))).round(3)
            truth = generator.integers(0, 2, shape)
            pairs = [(int(t), int(v > (0 if logits else 0.5)))
                     for t, v in zip(truth.reshape(-1), p.reshape(-1))]
            what = f"yes or no, {shape}" + (", logits" if logits else "")
            cases.add(f"accuracy of {what}", "accuracy", "yes or no", p, [truth],
                      {"accuracy": sum(t == v for t, v in pairs) / len(pairs)}, logits=logits)
            for kind in ("precision", "recall", "f1"):
                cases.add(f"{kind} of {what}", kind, "yes or no", p, [truth],
                          {kind: ratios(pairs, [1], kind)[1]}, logits=logits)
            cells = {}
            for t, v in pairs:
                cells[f"confusion[{t}][{v}]"] = cells.get(f"confusion[{t}][{v}]", 0) + 1
            cases.add(f"confusion of {what}", "confusion", "yes or no", p, [truth], cells,
                      logits=logits)
    cases.add("precision where yes is never said", "precision", "yes or no", [[0.1], [0.2]],
              [[[1.0], [0.0]]], {"precision": 0})


def add_number_metrics(cases):
    for shape in ((20, 1), (7, 3), (5, 2, 3)):
        # A mean that is large beside the spread: sums of squares would cancel. In eighths, so that
        # seven digits are exact.
        for offset in (0, 1024):
            truth = cases.generator.integers(-20, 21, shape) / 8 + offset
            y = truth + cases.generator.integers(-8, 9, shape) / 8
            columns = truth.reshape(-1, shape[-1])
            spread = ((columns - columns.mean(0)) ** 2).sum()
            what = f"{shape} + {offset}"
            cases.add(f"mean absolute error {what}", "mean_absolute_error", "quantities", y, [truth],
                      {"mean_absolute_error": numpy.abs(y - truth).mean()})
            cases.add(f"root mean squared error {what}", "root_mean_squared_error", "quantities", y,
                      [truth], {"root_mean_squared_error": ((y - truth) ** 2).mean() ** 0.5})
            cases.add(f"r2 {what}", "r2", "quantities", y, [truth],
                      {"r2": 1 - ((y - truth) ** 2).sum() / spread})
    constant = [[2.0], [2.0]]
    cases.add("r2 of a constant that is met", "r2", "quantities", constant, [constant], {"r2": 1})
    cases.add("r2 of a constant that is missed", "r2", "quantities", [[1.0], [2.0]], [constant],
              {"r2": 0})


def split(symbols, space):
    text = "".join(chr(97 + s) for s in symbols)
    return text.replace(chr(97 + space), " ").split()


def add_sequence_metrics(cases):
    generator = cases.generator
    samples, time, symbols, space = 12, 15, 4, 2
    for warp in (False, True):
        logits = generator.standard_normal((samples, time, symbols + 1)).round(3)
        steps = generator.integers(0, time + 1, (samples, 1))
        lengths = generator.integers(0, 9, (samples, 1))
        labels = generator.integers(0, symbols, (samples, 8))
        characters, words = [0, 0], [0, 0]
        for i in range(samples):
            best = logits[i, :steps[i, 0]].argmax(-1)
            collapsed = [key for key, _ in itertools.groupby(best)]
            said = tuple(int(s) - warp for s in collapsed if s != (0 if warp else symbols))
            true = tuple(int(s) for s in labels[i, :lengths[i, 0]])
            characters[0] += edits(said, true)
            characters[1] += len(true)
            words[0] += edits(tuple(split(said, space)), tuple(split(true, space)))
            words[1] += len(split(true, space))
        for kind, rate, spec in (("character_error_rate", characters, ""),
                                 ("word_error_rate", words, f"space: {space}")):
            cases.add(f"{kind}{', warp' * warp}", kind, "sequence", logits,
                      [labels, lengths, steps], {kind: rate[0] / rate[1]}, spec=spec, warp=warp)


def metric_cases():
    cases = MetricCases()
    for add in (add_class_metrics, add_binary_metrics, add_number_metrics, add_sequence_metrics):
        add(cases)
    return cases.cases


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al., 2023, as it is printed there: PyTorch has none."""

    def __init__(self, parameters, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = beta1 * m + (1 - beta1) * p.grad
                p -= group["lr"] * (torch.sign(c) + group["weight_decay"] * p)
                self.state[p]["m"] = beta2 * m + (1 - beta2) * p.grad


def optimizer_cases():
    """100 steps on a small network of a convolution and a dense layer; the parameters at the end
    and on the way."""
    generator = numpy.random.default_rng(3)
    images = draw(generator, 4, 2, 4, 4)
    truth = draw(generator, 4, 2)
    start = {"kernel": draw(generator, 3, 2, 3, 3) * 0.3, "weight": draw(generator, 2, 12) * 0.3,
             "bias": draw(generator, 2)}
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    settings = [
        ("sgd", "{learning_rate: 0.02}", sgd, {"lr": 0.02}, None),
        ("sgd", "{learning_rate: 0.02, decay: 0.1}", sgd, {"lr": 0.02, "weight_decay": 0.1}, None),
        ("sgd", "{learning_rate: 0.01, momentum: 0.9}", sgd, {"lr": 0.01, "momentum": 0.9}, None),
        ("sgd", "{learning_rate: 0.01, momentum: 0.8, nesterov: yes, decay: 0.01}", sgd,
         {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}, None),
        ("sgd", "{learning_rate: 0.05, clip: {norm: 0.5}}", sgd, {"lr": 0.05}, ("norm", 0.5)),
        ("sgd", "{learning_rate: 0.05, clip: {abs: 0.05}}", sgd, {"lr": 0.05}, ("abs", 0.05)),
        ("adam", "{learning_rate: 0.01}", adam, {"lr": 0.01}, None),
        ("adam", "{learning_rate: 0.01, decay: 0.1}", adam, {"lr": 0.01, "weight_decay": 0.1},
         None),
        ("adam", "{learning_rate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 0.001}", adam,
         {"lr": 0.01, "betas": (0.8, 0.95), "eps": 0.001}, None),
        ("adam", "{learning_rate: 0.01, clip: {norm: 0.2}}", adam, {"lr": 0.01}, ("norm", 0.2)),
        ("adamw", "{learning_rate: 0.01}", torch.optim.AdamW, {"lr": 0.01}, None),
        ("adamw", "{learning_rate: 0.02, weight_decay: 0.3, beta1: 0.8}", torch.optim.AdamW,
         {"lr": 0.02, "weight_decay": 0.3, "betas": (0.8, 0.999)}, None),
        ("adadelta", "{}", torch.optim.Adadelta, {"rho": 0.95}, None),
        ("adadelta", "{learning_rate: 0.5, rho: 0.8, epsilon: 0.001, decay: 0.1}",
         torch.optim.Adadelta, {"lr": 0.5, "rho": 0.8, "eps": 0.001, "weight_decay": 0.1}, None),
        ("rmsprop", "{}", torch.optim.RMSprop, {"lr": 0.001, "alpha": 0.9}, None),
        ("rmsprop", "{learning_rate: 0.002, rho: 0.8, epsilon: 0.01, momentum: 0.9, decay: 0.1}",
         torch.optim.RMSprop,
         {"lr": 0.002, "alpha": 0.8, "eps": 0.01, "momentum": 0.9, "weight_decay": 0.1}, None),
        ("adagrad", "{}", torch.optim.Adagrad, {}, None),
        ("adagrad", "{learning_rate: 0.05, epsilon: 0.01, decay: 0.1}", torch.optim.Adagrad,
         {"lr": 0.05, "eps": 0.01, "weight_decay": 0.1}, None),
        ("lion", "{learning_rate: 0.01}", Lion, {"lr": 0.01}, None),
        ("lion", "{learning_rate: 0.005, beta1: 0.8, beta2: 0.9, weight_decay: 0.2}", Lion,
         {"lr": 0.005, "betas": (0.8, 0.9), "weight_decay": 0.2}, None),
    ]
    runs = []
    for kind, spec, optimizer_type, arguments, clip in settings:
        parameters = {k: v.clone().requires_grad_() for k, v in start.items()}
        optimizer = optimizer_type(parameters.values(), **arguments)
        checkpoints = {}
        for step in range(1, 101):
            optimizer.zero_grad()
            hidden = F.conv2d(images, parameters["kernel"]).tanh().flatten(1)
            F.mse_loss(F.linear(hidden, parameters["weight"], parameters["bias"]),
                       truth).backward()
            if clip and clip[0] == "norm":
                torch.nn.utils.clip_grad_norm_(parameters.values(), clip[1])
            if clip and clip[0] == "abs":
                torch.nn.utils.clip_grad_value_(parameters.values(), clip[1])
            optimizer.step()
            if step in (1, 10, 100):
                checkpoints[str(step)] = {k: pack(v) for k, v in parameters.items()}
        runs.append({"kind": kind, "spec": spec, "after": checkpoints})
    return {"images": pack(images), "truth": pack(truth),
            "start": {k: pack(v) for k, v in start.items()}, "runs": runs}


def write(name, value):
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


write("layers/layer_cases.json", layer_cases())
write("losses/loss_cases.json", loss_cases())
write("metrics/metric_cases.json", metric_cases())
write("optimizers/optimizer_cases.json", optimizer_cases())
