"""The grammar of random models: what may follow a value of a given shape.

A block is a function of a Grower; it adds containers and says whether it did. Blocks that do not
suit a shape add nothing.
"""

from activations import ACTIVATIONS
from layers import axis_of

# Activations whose place in a cell keeps states bounded for long enough.
OUTER = ("gru", "lstm")


def spatial(grower):
    """The extents of all axes but that of the channels."""
    return grower.shape[:-1]


def dense(g):
    """A dense layer, a stack, a highway, or one that flattens."""
    d, width = g.draws, g.shape[-1]
    form = d.pick(["plain", "plain", "plain", "stack", "highway", "bias", "flatten"])
    if form == "stack":
        return g.put("dense", [g.width(2, 6), g.width(2, 6)])
    if form in ("highway", "bias"):
        bias = {"bias": d.pick([-1, 0.5])} if form == "bias" else {}
        return g.put("dense", {"size": width, "highway": True, **bias})
    if form == "flatten" and len(g.shape) > 1:
        return g.put("dense", {"size": g.width(3, 7), "flatten": True})
    return g.put("dense", d.pick([g.width(3, 7), {"size": g.width(3, 7)}]))


def window(g, largest=4, border=None):
    """Options of windows that fit the axes: size, strides and border."""
    d = g.draws
    border = border or d.pick(["same", "valid"])
    size = [d.integer(1, min(largest, extent)) for extent in spatial(g)]
    options = {"size": size, "border": border}
    if d.chance(0.5):
        options["strides"] = [d.integer(1, 3) for _ in size]
    elif d.chance(0.3):
        options["strides"] = 2
    return options


def convolution(g):
    """A convolution over one, two or three axes."""
    if not 2 <= len(g.shape) <= 4:
        return False
    d, channels = g.draws, g.shape[-1]
    form = d.pick(["plain", "plain", "separable", "highway"])
    options = {"kernels": g.width(2, 6), **window(g)}
    if form == "separable":
        options.update(separable=True, kernels=channels * d.integer(1, 2))
    if form == "highway":
        options.update(highway=True, kernels=channels, border="same")
        options.pop("strides", None)
        if d.chance(0.5):
            options["bias"] = d.pick([0.0, -2.0, 1.0])
    return g.put("convolution", options)


def transposed_convolution(g):
    """A transposed convolution."""
    if not 2 <= len(g.shape) <= 4:
        return False
    return g.put("transposed_convolution", {"kernels": g.width(2, 5), **window(g)})


def pool(g):
    """A pool over windows or over everything."""
    if not 2 <= len(g.shape) <= 4:
        return False
    d = g.draws
    kind = d.pick(["max", "average"])
    if d.chance(0.2):
        return g.put("pool", {"type": kind})
    options = {**window(g, 3), "type": kind}
    if d.chance(0.3):
        options.pop("border")
    return g.put("pool", options)


def upsample(g):
    """Longer axes."""
    if not 2 <= len(g.shape) <= 4:
        return False
    d = g.draws
    factors = [d.integer(1, 3) for _ in spatial(g)]
    return g.put("upsample", {"size": factors, "type": d.pick(["nearest", "linear"])})


def recurrent(g, **fixed):
    """A recurrent layer of any kind."""
    if len(g.shape) != 2:
        return False
    d = g.draws
    options = {"size": 2 * g.width(1, 3), "type": d.pick(["gru", "lstm", "sru"]),
               "sequence": d.chance(0.6), **fixed}
    if d.chance(0.5):
        options["bidirectional"] = True
        if d.chance(0.7):
            options["merge"] = d.pick(["concat", "add", "multiply", "average"])
    if options["type"] in OUTER and d.chance(0.5):
        options.setdefault("outer_activation", d.turn("outer activation", ACTIVATIONS))
    return g.put("recurrent", options)


def attention(g):
    """Attention of a sequence to itself, or to another layer's sequence."""
    if len(g.shape) != 2:
        return False
    d = g.draws
    heads = d.integer(1, 3)
    options = {"heads": heads, "size": heads * g.width(1, 3)}
    if g.shape[-1] % heads == 0 and d.chance(0.4):
        del options["size"]
    others = [name for name, value in g.run.values.items()
              if value.dim() == 3 and value is not g.x and name in names_of(g.model)]
    here = g.model[-1].get("name") if g.model else None
    if others and here and d.chance(0.4):
        return g.put("attention", options, inputs=[here, d.pick(others)])
    return g.put("attention", {**options, "causal": d.chance(0.5)})


def positional_encoding(g):
    """Places, learned or not."""
    if len(g.shape) != 2:
        return False
    learned = g.draws.chance(0.5)
    return g.put("positional_encoding",
                 {"learned": g.shape[0] + g.draws.integer(0, 3)} if learned else None)


def batch_normalization(g):
    """Batch normalization along any axis."""
    d, options = g.draws, {}
    if d.chance(0.4):
        options["axis"] = d.integer(-len(g.shape), len(g.shape) - 1)
    if d.chance(0.5):
        options["momentum"] = d.number(0.3, 0.95)
    if d.chance(0.5):
        options["epsilon"] = d.pick([1e-3, 0.1])
    extent = g.shape[axis_of(options.get("axis", -1), len(g.shape)) - 1]
    if g.x[0].numel() // extent < 3:
        options["epsilon"] = 0.1
    return g.put("batch_normalization", options or None)


def layer_normalization(g):
    """Layer normalization of an axis that is long enough to have a deviation."""
    if g.shape[-1] < 3:
        return False
    return g.put("layer_normalization", g.draws.pick([None, {"epsilon": 0.01}]))


def group_normalization(g):
    """Group normalization with groups that are large enough."""
    channels, positions = g.shape[-1], g.x[0].numel() // g.shape[-1]
    groups = [n for n in range(1, channels + 1)
              if channels % n == 0 and channels // n * positions >= 4]
    if not groups:
        return False
    chosen = g.draws.pick(groups)
    return g.put("group_normalization",
                 g.draws.pick([chosen, {"groups": chosen, "epsilon": 0.001}]))


def activation(g, kind=None):
    """An activation; the one whose turn it is, or any."""
    d = g.draws
    kind = kind or d.pick(ACTIVATIONS)
    if kind in ("elu", "leakyrelu") and d.chance(0.5):
        return g.put("activation", {"type": kind, "alpha": d.number(0.05, 0.9)})
    return g.put("activation", kind)


def merge(g):
    """Two branches from here that are merged."""
    d, mode = g.draws, g.draws.pick(["concat", "concat", "add", "multiply", "average"])
    if not g.model or "name" not in g.model[-1]:
        return False
    start, x, before = g.model[-1]["name"], g.x, len(g.model)
    ends = []
    for _ in range(2):
        g.x = x
        if not same_shape(g, inputs=start):
            return g.take_back(before, x)
        ends.append(g.model[-1]["name"])
    ends += [start] if d.chance(0.3) else []
    mode = "concat" if g.focus == "merge" else mode
    axis = {"axis": d.integer(-len(g.shape), len(g.shape) - 1)} if d.chance(0.8) else {}
    options = {"mode": mode, **axis} if mode == "concat" and axis else mode
    return g.put("merge", options, inputs=ends) or g.take_back(before, x)


def same_shape(g, **common):
    """A layer that gives the shape that it is given."""
    d, width = g.draws, g.shape[-1]
    if len(g.shape) in (2, 3) and d.chance(0.1) and not common:
        return parallel_same(g)
    choices = [("dense", width), ("dense", {"size": width, "highway": True}),
               ("activation", d.pick(ACTIVATIONS)), ("batch_normalization", None)]
    if width > 2:
        choices.append(("layer_normalization", None))
    if 2 <= len(g.shape) <= 4:
        size = [d.integer(1, 3) for _ in spatial(g)]
        choices += 2 * [("convolution", {"kernels": width, "size": size})]
    if len(g.shape) == 2:
        choices.append(("recurrent", {"size": width, "type": d.pick(["gru", "lstm", "sru"])}))
    kind, value = d.pick(choices)
    return g.put(kind, value, **common)


def residual(g):
    """Layers whose input is added to their output."""
    inner = g.fork(g.x)
    for _ in range(g.draws.integer(1, 3)):
        same_shape(inner)
    if not inner.model:
        return False
    value = inner.model if g.draws.chance(0.5) else {"apply": inner.model}
    return g.put("residual", value)


def parallel_same(g):
    """Layers that are applied to every element along the first axis and keep their shape."""
    inner = g.fork(g.x.flatten(0, 1))
    return same_shape(inner) and g.put("parallel", {"apply": inner.model})


def parallel(g):
    """Layers that are applied to every element along the first axis."""
    if not 2 <= len(g.shape) <= 3:
        return False
    inner = g.fork(g.x.flatten(0, 1))
    for _ in range(g.draws.integer(1, 3)):
        g.draws.pick([dense, activation, layer_normalization, recurrent, convolution, flatten,
                      batch_normalization, group_normalization, pool, transpose, upsample,
                      residual])(inner)
    return bool(inner.model) and g.put("parallel", {"apply": inner.model})


def flatten(g):
    """A vector."""
    return g.put("flatten")


def expand(g):
    """One more axis, which later layers may remove."""
    return len(g.shape) < 4 and g.put("expand", g.draws.integer(-len(g.shape) - 1, len(g.shape)))


def squeeze(g):
    """An axis less; where none has the extent 1, it is made first."""
    ones = [i for i, extent in enumerate(g.shape) if extent == 1]
    if len(g.shape) < 2 or not ones:
        return len(g.shape) < 4 and expand(g) and dense(g) and squeeze_any(g)
    return squeeze_any(g)


def squeeze_any(g):
    """Removes some axis of extent 1, if there is one that is not the only one."""
    ones = [i for i, extent in enumerate(g.shape) if extent == 1]
    if len(g.shape) < 2 or not ones:
        return False
    axis = g.draws.pick(ones)
    return g.put("squeeze", g.draws.pick([axis, axis - len(g.shape)]))


def transpose(g):
    """The axes in a random order."""
    order = [int(i) for i in g.draws.random.permutation(len(g.shape))]
    if g.draws.chance(0.3):
        return g.put("transpose", {"axes": [0, *(i + 1 for i in order)], "include_batch": True})
    return g.put("transpose", order)


def repeat(g):
    """A sequence of a vector."""
    return len(g.shape) == 1 and g.put("repeat", g.draws.integer(2, 4))


def reshape(g):
    """The elements in another shape: two axes exchange their extents, or become one."""
    if len(g.shape) == 1:
        return g.put("reshape", [1, g.shape[0]])
    shape = [*g.shape[1:-1], g.shape[-1], g.shape[0]]
    if g.draws.chance(0.3):
        shape = [g.shape[0] * g.shape[1], *g.shape[2:]]
    shape[int(g.draws.integer(0, len(shape) - 1))] = -1
    return g.put("reshape", shape)


def reuse(g):
    """A layer that suits, a second time."""
    fitting = [c["name"] for c in g.model if "name" in c and
               g.network.kind_of(c) not in ("input", "placeholder", "reuse", "merge", "output",
                                            "attention", "for", "for_each", "block") and
               g.run.inputs_of.get(c["name"]) == [g.shape]]
    if not fitting:
        return same_shape(g) and same_shape_again(g)
    target = g.draws.pick(fitting)
    return g.put("reuse", g.draws.pick([target, {"target": target}]))


def same_shape_again(g):
    """The last layer once more."""
    return g.put("reuse", g.model[-1]["name"])


def embedding(g):
    """Vectors of the indices that an input holds; must be first."""
    return g.put("embedding", {"vocab_size": g.vocabulary, "size": g.draws.integer(3, 6)})


def loop(g):
    """Layers by the operator for."""
    d, name = g.draws, g.new_name("loop")
    body = [{"dense": g.shape[-1], "name": f"{name}_{{{{ index }}}}"},
            {"activation": d.pick(["tanh", "gelu", "silu"])}]
    return g.put_container({"for": {"range": d.integer(1, 3), "iterate": body}})


def loop_over(g):
    """Layers by the operator for_each."""
    d, name = g.draws, g.new_name("each")
    sizes = [int(n) for n in d.random.permutation(range(2, 7))[:d.integer(1, 3)]]
    body = [{"dense": "{{ item }}", "name": f"{name}_{{{{ item }}}}"},
            {"activation": d.pick(["tanh", "mish", "softsign"])}]
    return g.put_container({"for_each": {"items": sizes, "iterate": body}})


def template(g):
    """Layers by a template."""
    g.templates["block"] = [{"dense": "{{ size }}", "name": "{{ label }}"},
                            {"activation": "gelu"}, {"layer_normalization": None,
                                                     "name": "{{ label }}_norm"}]
    g.network.templates = g.templates
    return g.put_container({"block": {"size": g.draws.integer(3, 6),
                                      "label": g.new_name("block")}})


def names_of(model):
    """The names of containers at the top of a model."""
    return [c["name"] for c in model if "name" in c]


BLOCKS = {"dense": dense, "convolution": convolution, "pool": pool, "upsample": upsample,
          "transposed_convolution": transposed_convolution, "recurrent": recurrent,
          "attention": attention, "positional_encoding": positional_encoding,
          "batch_normalization": batch_normalization, "layer_normalization": layer_normalization,
          "group_normalization": group_normalization, "activation": activation, "merge": merge,
          "residual": residual, "parallel": parallel, "flatten": flatten, "expand": expand,
          "squeeze": squeeze, "transpose": transpose, "repeat": repeat,
          "reshape": reshape, "reuse": reuse,
          "for": loop, "for_each": loop_over, "template": template, "embedding": embedding}

# For how many axes of a sample a block is made; any number if it is not here.
RANKS = {"convolution": (2, 3, 4), "pool": (2, 3, 4), "upsample": (2, 3, 4),
         "transposed_convolution": (2, 3, 4), "recurrent": (2,), "attention": (2,),
         "positional_encoding": (2,), "parallel": (2, 3), "repeat": (1,), "expand": (1, 2, 3), "reshape": (1, 2, 3),
         "squeeze": (1, 2, 3), "embedding": (0,)}
