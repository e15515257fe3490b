"""The part `threads`: tensors so large that kernels share them out among two threads."""

import types

import part_models
from draws import Draws
from grower import Grower
from kurfiles import add_source, head, metric_options

# What a model is made of: (extents of the input, layers, learning rate).
MODELS = (
    ((24, 24, 16), [("convolution", {"kernels": 32, "size": [3, 3]}), ("activation", "relu"),
                    ("pool", {"size": [2, 2], "strides": 2}), ("batch_normalization", None),
                    ("convolution", {"kernels": 24, "size": [3, 3], "separable": False}),
                    ("activation", "gelu"), ("group_normalization", 4), ("pool", None)], 0.1),
    ((40, 48), [("dense", 64), ("activation", "gelu"), ("recurrent", {"size": 48}),
                ("layer_normalization", None), ("recurrent", {"size": 32, "type": "lstm",
                                                             "sequence": False})], 3.0),
    ((64, 32), [("positional_encoding", None), ("attention", {"heads": 4}),
                ("activation", "silu"), ("convolution", {"kernels": 48, "size": [5]}),
                ("upsample", {"size": [2], "type": "linear"}), ("transpose", [1, 0]),
                ("dense", 32), ("pool", {"type": "average"})], 3.0),
    ((700,), [("dense", 512), ("activation", "mish"), ("batch_normalization", None),
              ("dense", {"size": 512, "highway": True}), ("activation", "tanh")], 1.0),
    ((12, 12, 6, 8), [("convolution", {"kernels": 16, "size": [3, 3, 3]}),
                      ("activation", "elu"), ("pool", {"size": [2, 2, 2], "type": "average",
                                                       "strides": 2}),
                      ("transposed_convolution", {"kernels": 12, "size": [3, 3, 3]}),
                      ("batch_normalization", None), ("flatten", None), ("dense", 16)], 0.1),
    ((50, 40), [("recurrent", {"size": 64, "type": "sru", "bidirectional": True}),
                ("activation", "gelu"), ("transpose", [1, 0]), ("group_normalization", 5),
                ("recurrent", {"size": 40, "type": "gru", "outer_activation": "relu",
                               "sequence": False})], 3.0),
)
LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "mean_squared_error",
          "binary_crossentropy", "kl_divergence", "huber")


def draw_case(seed, index, attempt=0, only=None):
    """A model of the list with random data."""
    draws = Draws(seed, index, attempt, only)
    counts = {"train": 64, "validate": 32, "evaluate": 8}
    data = {section: {} for section in counts}
    grower = Grower(draws, {})
    grower.strict = False
    shape, layers, rate = MODELS[index % len(MODELS)]
    add_source(grower, data, counts, "first", lambda n: draws.normal((n, *shape)))
    grower.put("input", "first", name="first")
    for kind, value in layers:
        grower.put(kind, value)
    kind = LOSSES[(index + index // len(MODELS)) % len(LOSSES)]
    loss = head(grower, data, counts, kind, "output_1", grower.model[-1]["name"])
    provider = {"batch_size": 32, "randomize": False}
    kurfile = {"model": grower.model, "loss": [loss], "evaluate": {"provider": provider},
               "train": {"provider": provider, "stop_when": {"epochs": 1},
                         "optimizer": {"name": "sgd", "learning_rate": rate}},
               "validate": {"provider": provider}}
    metric_options(draws, kurfile)
    return types.SimpleNamespace(kurfile=kurfile, data=data, weights=grower.weights, scale=None)


def run(setting, index, folder):
    """One case."""
    case, exact, noisy = part_models.fit_case(setting.seed, index, draw_case)
    case.threads, case.supplier = setting.threads or 2, "safetensors"
    comparison, path = part_models.check(case, exact, noisy, setting, folder, evaluate=False)
    return part_models.result(case, comparison, path)
