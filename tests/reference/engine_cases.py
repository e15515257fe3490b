"""Writes the golden values of tests/engine/layers: what PyTorch computes for layers, losses and
optimizers, for the tests of the engine's own.

    python3 tests/reference/engine_cases.py

needs torch and numpy and writes tests/engine/layers/*.json. Tensors are {"shape", "data"} with
data in row-major order; those of layers have the axes of a Kurfile's author: (batch, height,
width, channels). Everything is computed in double precision and a function of fixed seeds.
"""

import itertools
import json
import pathlib

import numpy
import torch
import torch.nn.functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "engine" / "layers"
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


def convolution(x, weights, size, strides, border):
    x = F.pad(channels_first(x), torch_pads(size, border))
    return channels_last(CONVOLUTIONS[len(size)](x, weights["weight"], weights["bias"], strides))


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
            more=(), indices=None):
        """`function(x, weights)` gives the output; gradients are those of sum(output * cotangent).
        `after` is a dictionary that the function fills with weights that it changed; `more` are
        shapes of further inputs, for which the function gets a list; with `indices`, the input is
        made of integers below that."""
        if indices is None:
            inputs = [draw(self.generator, *s).requires_grad_() for s in (shape, *more)]
        else:
            inputs = [torch.tensor(self.generator.integers(0, indices, shape))]
        weights = {k: draw(self.generator, *s) for k, s in (weights or {}).items()}
        initial = {k: pack(v) for k, v in weights.items()}
        trainable = [k for k in weights if not k.startswith("running")]
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
            case = cases.cases[-1]
            case["weights"]["running_var"]["data"] = [
                abs(v) for v in case["weights"]["running_var"]["data"]]


def add_activations(cases):
    functions = {
        "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": F.softplus,
        "gelu": F.gelu, "silu": F.silu, "linear": lambda x: x * 1, "none": lambda x: x * 1,
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


def add_embeddings(cases):
    cases.add("embedding", "embedding", "{vocab_size: 7, size: 3}", (4, 5),
              lambda x, w: F.embedding(x, w["weight"]), {"weight": (7, 3)}, indices=7)


def gru(x, weights, suffix, steps):
    """Step by step, from the formula; gives the states in the order of `steps`."""
    w_ih, w_hh = weights["weight_ih" + suffix], weights["weight_hh" + suffix]
    b_ih, b_hh = weights["bias_ih" + suffix], weights["bias_hh" + suffix]
    h = x.new_zeros(x.shape[0], w_hh.shape[1])
    states = {}
    for t in steps:
        xr, xz, xn = (x[:, t] @ w_ih.T + b_ih).chunk(3, -1)
        hr, hz, hn = (h @ w_hh.T + b_hh).chunk(3, -1)
        r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
        h = (1 - z) * torch.tanh(xn + r * hn) + z * h
        states[t] = h
    return states, h


def lstm(x, weights, suffix, steps):
    w_ih, w_hh = weights["weight_ih" + suffix], weights["weight_hh" + suffix]
    b_ih, b_hh = weights["bias_ih" + suffix], weights["bias_hh" + suffix]
    h = c = x.new_zeros(x.shape[0], w_hh.shape[1])
    states = {}
    for t in steps:
        i, f, g, o = (x[:, t] @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states[t] = h
    return states, h


MERGES = {"concat": lambda a, b: torch.cat([a, b], -1), "add": torch.add, "multiply": torch.mul,
          "average": lambda a, b: (a + b) / 2}


def add_recurrents(cases):
    batch, time, features = 2, 4, 3
    for kind, cell, gates in (("gru", gru, 3), ("lstm", lstm, 4)):
        for merge, sequence in itertools.product((None, *MERGES), ("yes", "no")):
            units = 2
            size = 4 if merge == "concat" else 2
            weights = {}
            for suffix in ("", "_reverse") if merge else ("",):
                weights["weight_ih" + suffix] = (gates * units, features)
                weights["weight_hh" + suffix] = (gates * units, units)
                weights["bias_ih" + suffix] = (gates * units,)
                weights["bias_hh" + suffix] = (gates * units,)

            def run(x, w):
                forward, last = cell(x, w, "", range(time))
                if not merge:
                    return torch.stack([forward[t] for t in range(time)], 1) \
                        if sequence == "yes" else last
                backward, first = cell(x, w, "_reverse", reversed(range(time)))
                if sequence == "no":
                    return MERGES[merge](last, first)
                return torch.stack([MERGES[merge](forward[t], backward[t])
                                    for t in range(time)], 1)

            options = f", bidirectional: yes, merge: {merge}" if merge else ""
            cases.add(f"{kind}, sequence: {sequence}{options}", "recurrent",
                      f"{{size: {size}, type: {kind}, sequence: {sequence}{options}}}",
                      (batch, time, features), run, weights)


def layer_cases():
    cases = Cases()
    add_dense(cases)
    add_windows(cases)
    add_flatten(cases)
    add_batch_normalization(cases)
    add_activations(cases)
    add_shapers(cases)
    add_merges(cases)
    add_embeddings(cases)
    add_recurrents(cases)
    return cases.cases


def loss_cases():
    generator = numpy.random.default_rng(7)
    cases = []

    def add(name, kind, prediction, truth, from_logits, function, metric, expected_metric):
        prediction.requires_grad_()
        loss = function(prediction)
        loss.backward()
        cases.append({"name": name, "kind": kind, "prediction": pack(prediction),
                      "truth": pack(truth), "from_logits": from_logits, "loss": loss.item(),
                      "gradient": pack(prediction.grad), "metric": metric,
                      "metric_value": expected_metric})

    for shape in ((5, 4), (3, 2, 4), (2, 2, 3, 4)):
        logits = draw(generator, *shape) * 3
        classes = torch.tensor(generator.integers(0, 4, shape[:-1]))
        truth = F.one_hot(classes, 4).to(torch.float64)
        accuracy = (logits.argmax(-1) == classes).double().mean().item()
        add(f"crossentropy of logits, rank {len(shape) - 1}", "categorical_crossentropy",
            logits.clone(), truth, True,
            lambda p: F.cross_entropy(p.reshape(-1, 4), classes.reshape(-1)), "accuracy", accuracy)
        add(f"crossentropy of probabilities, rank {len(shape) - 1}", "categorical_crossentropy",
            F.softmax(logits, -1).detach(), truth, False,
            lambda p: F.nll_loss(p.reshape(-1, 4).log(), classes.reshape(-1)), "accuracy",
            accuracy)
    soft = F.softmax(draw(generator, 5, 4), -1)
    logits = draw(generator, 5, 4)
    add("crossentropy of a truth that is not one-hot", "categorical_crossentropy", logits.clone(),
        soft, True, lambda p: F.cross_entropy(p, soft), "accuracy",
        (logits.argmax(-1) == soft.argmax(-1)).double().mean().item())
    for shape in ((6, 1), (2, 3, 2), (2, 2, 3, 2)):
        prediction, truth = draw(generator, *shape), draw(generator, *shape)
        add(f"mean squared error, rank {len(shape) - 1}", "mean_squared_error", prediction, truth,
            False, lambda p: F.mse_loss(p, truth), "mean_absolute_error",
            (prediction - truth).abs().mean().item())
    return cases


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


write("layer_cases.json", layer_cases())
write("loss_cases.json", loss_cases())
write("optimizer_cases.json", optimizer_cases())
