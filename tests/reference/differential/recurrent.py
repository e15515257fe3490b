"""Recurrent layers, step by step from their formulas: GRU, LSTM and SRU.

GRU as Cho et al. (2014) with the reset gate behind the product, as cuDNN has it; LSTM as
Hochreiter and Schmidhuber (1997) with forget gates; SRU as Lei et al. (2018). The rows of a matrix
are those of its gates: r, z, n; i, f, g, o; u, f, r and, where the widths differ, the projected
input.
"""

import functools

import torch

from activations import activate, sigmoid

MERGES = {"concat": lambda a, b: torch.cat([a, b], -1), "add": lambda a, b: a + b,
          "multiply": lambda a, b: a * b, "average": lambda a, b: (a + b) / 2}


def units_of(options):
    """The units of each direction; both together have `size` if they are concatenated."""
    joined = options.bidirectional and (options.merge or "concat") == "concat"
    return options.size // 2 if joined else options.size


def recurrent_weights(options, shapes):
    """Shapes of the weights by name."""
    features, units = shapes[0][-1], units_of(options)
    gates = {"gru": 3, "lstm": 4, "sru": 3 if units == features else 4}[options.type]
    weights = {}
    for suffix in ("", "_reverse") if options.bidirectional else ("",):
        weights["weight_ih" + suffix] = (gates * units, features)
        if options.type == "sru":
            weights["bias_ih" + suffix] = (2 * units,)
            continue
        weights["weight_hh" + suffix] = (gates * units, units)
        weights["bias_ih" + suffix] = (gates * units,)
        weights["bias_hh" + suffix] = (gates * units,)
    return weights


def gru_step(x, state, w, gate, activation):
    """One step of a GRU: (output, state)."""
    xr, xz, xn = (x @ w["weight_ih"].T + w["bias_ih"]).chunk(3, -1)
    hr, hz, hn = (state[0] @ w["weight_hh"].T + w["bias_hh"]).chunk(3, -1)
    z = gate(xz + hz)
    h = (1 - z) * activation(xn + gate(xr + hr) * hn) + z * state[0]
    return h, [h]


def lstm_step(x, state, w, gate, activation):
    """One step of an LSTM."""
    h, c = state
    sums = x @ w["weight_ih"].T + w["bias_ih"] + h @ w["weight_hh"].T + w["bias_hh"]
    i, f, g, o = sums.chunk(4, -1)
    c = gate(f) * c + gate(i) * activation(g)
    h = gate(o) * activation(c)
    return h, [h, c]


def sru_step(x, state, w, gate, activation):
    """One step of an SRU, which has no activation."""
    del activation
    units = w["bias_ih"].shape[0] // 2
    u, f, r, *projected = (x @ w["weight_ih"].T).split(units, -1)
    f = gate(f + w["bias_ih"][:units])
    r = gate(r + w["bias_ih"][units:])
    c = f * state[0] + (1 - f) * u
    return r * c + (1 - r) * (projected[0] if projected else x), [c]


STEPS = {"gru": gru_step, "lstm": lstm_step, "sru": sru_step}


def walk(x, w, options, run, backward):
    """(outputs in the order of time, the last one) of going through a sequence once."""
    suffix = "_reverse" if backward else ""
    own = {k[:len(k) - len(suffix)]: v for k, v in w.items()
           if k.endswith("_reverse") == backward}
    zeros = x.new_zeros(x.shape[0], units_of(options))
    state, outputs = (zeros, zeros) if options.type == "lstm" else (zeros,), {}
    step = functools.partial(
        STEPS[options.type], w=own, gate=functools.partial(sigmoid, generator=run.generator),
        activation=functools.partial(activate, kind=options.outer_activation or "tanh",
                                     generator=run.generator))
    output = zeros
    for time in reversed(range(x.shape[1])) if backward else range(x.shape[1]):
        output, state = step(x[:, time], state)
        output, *state = (run.rounded(part) for part in (output, *state))
        outputs[time] = output
    return torch.stack([outputs[time] for time in range(x.shape[1])], 1), output


def recurrent(x, w, options, run):
    """The whole layer."""
    every, last = walk(x, w, options, run, False)
    if options.bidirectional:
        every_back, last_back = walk(x, w, options, run, True)
        merge = MERGES[options.merge or "concat"]
        every, last = merge(every, every_back), merge(last, last_back)
    return every if options.sequence else last
