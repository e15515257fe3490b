"""The model of a Kurfile as PyTorch computes it: containers, one after the other.

It reads the list `model` as a Kurfile has it: layers with `name` and `inputs`, and the operators
residual, parallel, for, for_each, reuse and templates. Placeholders of loops and templates are
replaced as texts, which is all that the generator's Kurfiles need.
"""

import copy
import fnmatch
import re

import torch

from activations import ROUNDING, perturbed
from layers import LAYERS, as_list, fixed_weights, options_of, weights_of

COMMON = ("name", "tag", "inputs", "freeze", "sink", "oldest", "when")


class Rounded(torch.autograd.Function):
    """Changes a tensor, and its gradient, by random errors as large as those of float32."""

    @staticmethod
    def forward(ctx, x, generator):
        ctx.generator = generator
        return perturbed(x, generator)

    @staticmethod
    def backward(ctx, gradient):
        return perturbed(gradient, ctx.generator), None


class Pass:
    """One forward pass: its mode, what it has computed by name, and the statistics it changed."""

    def __init__(self, weights, training, generator=None):
        self.weights, self.training, self.generator = weights, training, generator
        self.values, self.inputs_of, self.statistics = {}, {}, {}

    def keep(self, weights, name, value, momentum):
        """Moves a running statistic; `weights` are those of its layer."""
        key = weights.prefix + name
        old = self.statistics.get(key, weights[name])
        self.statistics[key] = momentum * old + (1 - momentum) * value.detach()

    def rounded(self, x):
        """x with rounding errors, if this pass is to have them."""
        return x if self.generator is None else Rounded.apply(x, self.generator)


    def summed(self, x, magnitude):
        """x with the rounding errors of sums whose terms are as large as magnitude() in all."""
        if self.generator is None:
            return x
        with torch.no_grad():
            size = magnitude()
            error = ROUNDING * size * torch.randn(size.shape, generator=self.generator,
                                                  dtype=x.dtype)
        return self.rounded(x + error)


class LayerWeights(dict):
    """The weights of one layer by their short names."""

    def __init__(self, weights, layer):
        self.prefix = layer + "."
        super().__init__((name[len(self.prefix):], value) for name, value in weights.items()
                         if name.startswith(self.prefix))


def substitute(value, names):
    """`value` with its placeholders {{ NAME }} replaced; what is nothing else keeps its type."""
    if isinstance(value, dict):
        return {key: substitute(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, names) for item in value]
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{\{ (\w+) \}\}", value)
    if whole and whole.group(1) in names:
        return names[whole.group(1)]
    return re.sub(r"\{\{ (\w+) \}\}",
                  lambda match: str(names.get(match.group(1), match.group(0))), value)


class Network:
    """A model that can be applied to data, and the layers that it is made of."""

    def __init__(self, model, templates=None):
        self.templates = templates or {}
        self.containers = [c for container in copy.deepcopy(model)
                           for c in self.expand(container)]
        self.named = {}
        for container in self.containers:
            self.register(container)

    def kind_of(self, container):
        """The key that says what a container is."""
        return next(key for key in container if key not in COMMON)

    def expand(self, container):
        """Loops and templates as the containers that they stand for, in operators as well."""
        kind = self.kind_of(container)
        value = container[kind]
        if kind == "for":
            turns = [{value.get("with_index", "index"): i} for i in range(value["range"])]
        elif kind == "for_each":
            turns = [{value.get("loop_var", "item"): item} for item in value["items"]]
        elif kind in self.templates:
            value, turns = {"iterate": self.templates[kind]}, [value or {}]
        elif kind in ("residual", "parallel"):
            inner = value["apply"] if isinstance(value, dict) else value
            return [{**container, kind: [c for part in inner for c in self.expand(part)]}]
        else:
            return [container] if kind not in ("debug", "assert") else []
        made = [c for names in turns for part in substitute(value["iterate"], names)
                for c in self.expand(part)]
        return passed_on(container, made)

    def register(self, container, freeze=False, tags=()):
        """Makes a container known by its name, and those in it."""
        kind = self.kind_of(container)
        container["freeze"] = container.get("freeze", freeze)
        container["tags"] = [*tags, *as_list(container.get("tag", []))]
        if "name" in container:
            self.named[container["name"]] = container
        if kind in ("residual", "parallel"):
            for inner in container[kind]:
                self.register(inner, container["freeze"], container["tags"])

    def layers(self, containers=None):
        """Every layer with weights or without, also those in operators."""
        for container in self.containers if containers is None else containers:
            kind = self.kind_of(container)
            if kind in ("residual", "parallel"):
                yield from self.layers(container[kind])
            else:
                yield kind, container

    def run(self, run, data):
        """Applies the model to the tensors of a batch by source; gives the values by name."""
        current = None
        for container in self.containers:
            current = self.apply(container, current, run, data)
        return run.values

    def apply(self, container, current, run, data=None):
        """What a container gives for the value before it, or for its inputs."""
        kind = self.kind_of(container)
        inputs = [run.values[name] for name in as_list(container.get("inputs", []))] or [current]
        if kind in ("input", "placeholder"):
            name = container.get("name") or name_of_input(container[kind])
            value = data[name]
        elif kind == "reuse":
            value = self.apply_again(container[kind], inputs, run)
        else:
            value = self.compute(kind, container, inputs, run)
        name = container.get("name") or name_of_input(container[kind]) if kind in (
            "input", "placeholder", "output") else container.get("name")
        if name:
            run.values[name] = value
        return value

    def apply_again(self, target, inputs, run):
        """Another use of a layer or operator, under no name."""
        target = self.named[target if isinstance(target, str) else target["target"]]
        again = Pass(run.weights, run.training, run.generator)
        again.statistics = run.statistics
        return self.compute(self.kind_of(target), target, inputs, again)

    def compute(self, kind, container, inputs, run):
        """What an operator or a layer computes."""
        x = inputs[0]
        run.inputs_of[container.get("name")] = [tuple(i.shape[1:]) for i in inputs]
        if kind == "residual":
            return run.rounded(x + self.chain(container[kind], x, run))
        if kind == "parallel":
            y = self.chain(container[kind], x.flatten(0, 1), run)
            return y.reshape(*x.shape[:2], *y.shape[1:])
        options = options_of(kind, container[kind])
        weights = LayerWeights(run.weights, container.get("name", "?"))
        value = LAYERS[kind](inputs, weights, options, run)
        if kind == "output":
            return value
        value = run.rounded(value)
        if kind == "activation" and options.type in ("softmax", "sigmoid"):
            # What goes into the last activation is what losses are computed from.
            value.logits = x
        return value

    def chain(self, containers, x, run):
        """Containers one after the other."""
        for container in containers:
            x = self.apply(container, x, run)
        return x

    def frozen(self):
        """The names of weights that training leaves alone, as (patterns)."""
        patterns = []
        for kind, container in self.layers():
            if "name" not in container or kind in ("input", "placeholder", "output", "reuse"):
                continue
            names = ["*"] if container["freeze"] else fixed_weights(
                kind, options_of(kind, container[kind]))
            patterns += [f"{container['name']}.{name}" for name in names]
        return patterns

    def trained(self, weights):
        """The names of the weights that training changes by gradients."""
        frozen = self.frozen()
        return [name for name in weights
                if not any(fnmatch.fnmatchcase(name, pattern) for pattern in frozen)]

    def tags_of(self, layer):
        """The tags that a layer has, its own and those of operators around it."""
        return next((c["tags"] for _, c in self.layers() if c.get("name") == layer), [])


def passed_on(container, made):
    """Containers that another one made, with what is said of that: inputs, name, freeze."""
    made = [dict(c) for c in made]
    if "inputs" in container:
        made[0].setdefault("inputs", container["inputs"])
    if "name" in container:
        made[-1].setdefault("name", container["name"])
    if "freeze" in container:
        for inner in made:
            inner.setdefault("freeze", container["freeze"])
    return made


def name_of_input(value):
    """The source that an input or output names, written short or long."""
    return value["name"] if isinstance(value, dict) else value


def needed_weights(kind, container, shapes):
    """Shapes of the weights of a layer by full name."""
    options = options_of(kind, container[kind])
    return {f"{container['name']}.{name}": shape
            for name, shape in weights_of(kind, options, shapes).items()}
