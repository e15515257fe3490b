"""Grows a random model layer by layer, with the data of training at hand.

Every layer is applied to real values as soon as it is chosen, so that layers fit each other, and
what would make values explode or vanish is not taken.
"""

import copy

import numpy
import torch

from layers import as_list, fixed_weights, options_of, weights_of
from network import Network, Pass

LARGEST, LEAST, MOST_VALUES = 40.0, 0.03, 4000


class Grower:
    """A model under way: the containers so far and what comes out of them."""

    def __init__(self, draws, data, limit=MOST_VALUES):
        self.draws, self.data, self.limit = draws, data, limit
        self.model, self.x, self.templates = [], None, {}
        self.weights, self.named = {}, {}
        self.network = Network([])
        self.run = Pass({}, True)
        self.largest, self.strict, self.wide, self.focus = LARGEST, True, False, None

    def fork(self, x):
        """A model inside of this one, as operators have it, that begins with x."""
        inner = copy.copy(self)
        inner.model, inner.x = [], x
        return inner

    @property
    def shape(self):
        """The shape of one sample now."""
        return tuple(self.x.shape[1:])

    def width(self, low, high):
        """How many features a layer has; in wide models more than a vector register holds."""
        if self.wide and self.draws.chance(0.6):
            return self.draws.integer(9, 36)
        return self.draws.integer(low, high)

    def new_name(self, kind):
        """A name that no container has."""
        self.named[kind] = self.named.get(kind, 0) + 1
        return f"{kind}_{self.named[kind]}"

    def draw_weights(self, container, inputs):
        """Draws the weights of a layer, unless it has them."""
        kind = self.network.kind_of(container)
        if kind in ("input", "placeholder", "reuse"):
            return
        options = options_of(kind, container[kind])
        shapes = [tuple(i.shape[1:]) for i in inputs]
        for part, shape in weights_of(kind, options, shapes).items():
            name = f"{container['name']}.{part}"
            value = self.draws.weight(name, shape)
            if part in fixed_weights(kind, options) and part == "gate.bias":
                value = numpy.full(shape, options.bias, numpy.float32)
            self.weights[name] = value
            self.run.weights[name] = torch.tensor(value, dtype=torch.float64)

    def put(self, kind, value=None, **common):
        """Adds a layer if what it gives is fit; says whether."""
        common.setdefault("name", self.new_name(kind))
        return self.put_container({kind: value, **common})

    def put_container(self, container):
        """Adds any container that is complete, or is made of layers that are not."""
        x = self.x
        for part in self.network.expand(copy.deepcopy(container)):
            if self.network.kind_of(part) not in ("residual", "parallel"):
                inputs = [self.run.values[name] for name in as_list(part.get("inputs", []))]
                self.draw_weights(part, inputs or [x])
            self.network.register(part)
            x = self.network.apply(part, x, self.run, self.data)
        if self.strict and not self.fits(x):
            return self.forget(container)
        self.model.append(container)
        self.x = x
        return True

    def fits(self, x):
        """Whether values are neither too large nor too much alike, and not too many."""
        values = x.detach()
        return (bool(torch.isfinite(values).all()) and float(values.abs().max()) < self.largest and
                float(values.std()) > LEAST and values[0].numel() <= self.limit)

    def take_back(self, length, x):
        """Takes back all containers but the first ones, behind which x came out."""
        for container in self.model[length:]:
            self.forget(container)
        del self.model[length:]
        self.x = x
        return False

    def forget(self, container):
        """Takes back the weights of a container that is not taken."""
        for part in self.network.expand(copy.deepcopy(container)):
            inner = self.network.layers([part])
            for _, layer in inner:
                prefix = layer.get("name", "?") + "."
                for name in [n for n in self.weights if n.startswith(prefix)]:
                    del self.weights[name]
                self.network.named.pop(layer.get("name"), None)
                self.run.values.pop(layer.get("name"), None)
        return False
