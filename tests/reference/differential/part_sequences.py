"""The part `sequences`: ctc and its error rates, sequences of varying length, and text."""

import json
import types

import numpy
import torch

import part_models
from draws import Draws
from grower import Grower
from losses import needed_steps
from network import Network, Pass
from options import draw_optimizer

FORMS = ("ctc", "ctc relative", "ctc varying", "ctc relative varying", "varying", "text")
SYMBOLS = 4


def draw_case(seed, index, attempt=0, only=None):
    """A case of the form whose turn it is."""
    draws = Draws(seed, index, attempt, only)
    form = FORMS[index % len(FORMS)]
    case = types.SimpleNamespace(threads=1, scale=None, form=form)
    case.data = {section: {} for section in ("train", "validate", "evaluate")}
    case.counts = {"train": draws.integer(8, 11), "validate": draws.integer(5, 7), "evaluate": 4}
    grower = Grower(draws, {})
    grower.strict = False
    if form == "text":
        text_sources(draws, case)
    else:
        case.supplier = "jsonl"
        frames(draws, case, "varying" in form)
    FORM_BUILDERS[form.split(" ")[0]](draws, case, grower, form)
    case.weights = grower.weights
    training(draws, case)
    return case


def training(draws, case):
    """How the case is trained."""
    provider = {"batch_size": draws.integer(3, 5), "randomize": False}
    case.kurfile["train"] = {"provider": provider, "optimizer": draw_optimizer(draws),
                             "stop_when": {"epochs": draws.integer(1, 2)}}
    case.kurfile["evaluate"] = {"provider": provider}
    case.kurfile.setdefault("validate", {})["provider"] = provider


def frames(draws, case, varying):
    """The source utterance: frames of features, of one length or of many."""
    features, longest = draws.integer(2, 4), draws.integer(8, 12)
    for section, count in case.counts.items():
        lengths = [draws.integer(6, longest) if varying else longest for _ in range(count)]
        rows = [draws.normal((n, features)).astype(numpy.float32) for n in lengths]
        case.data[section]["utterance"] = rows if varying else numpy.stack(rows)
        case.lengths = {**getattr(case, "lengths", {}), section: lengths}


def grow_from(grower, case, name):
    """Lets a model begin with the first batch of a source."""
    rows = case.data["train"][name]
    longest = max(map(len, rows))
    batch = numpy.stack([numpy.pad(row, [(0, longest - len(row)), (0, 0)]) for row in rows])
    grower.data[name] = torch.tensor(batch, dtype=torch.float64)
    grower.put("input", name, name=name)


def shorten(draws, grower):
    """Layers that change the number of steps."""
    for _ in range(draws.integer(1, 2)):
        form = draws.pick(["convolution", "pool", "upsample"])
        border = draws.pick(["same", "valid"])
        if form == "convolution":
            grower.put(form, {"kernels": draws.integer(3, 5), "size": [draws.integer(1, 3)],
                              "strides": draws.integer(1, 2), "border": border})
        elif form == "pool":
            grower.put(form, {"size": [2], "strides": [draws.integer(1, 2)], "border": border,
                              "type": draws.pick(["max", "average"])})
        else:
            grower.put(form, {"size": [2], "type": draws.pick(["nearest", "linear"])})


def ctc(draws, case, grower, form):
    """Speech with its transcript."""
    grow_from(grower, case, "utterance")
    if "relative" in form:
        shorten(draws, grower)
    if draws.chance(0.6):
        grower.put("recurrent", {"size": 6, "type": draws.pick(["gru", "lstm", "sru"])})
    grower.put("dense", SYMBOLS + 1)
    grower.put("activation", "softmax", name="asr")
    loss = {"target": "asr", "name": "ctc", "input_length": "utterance_length",
            "output_length": "transcript_length", "output": "transcript"}
    if draws.chance(0.5):
        loss["weight"] = draws.number(0.5, 2)
    variant = draws.pick([None, "warp", ["loss_scale"], ["warp", "loss_scale"]])
    if variant:
        loss["variant"] = variant
    if "relative" in form:
        loss["relative_to"] = "utterance"
    case.kurfile = {"model": grower.model, "loss": [loss]}
    case.kurfile["validate"] = {"metrics": ["character_error_rate", {"word_error_rate": {
        "space": SYMBOLS - 1}}]}
    case.scale = Scale(case.kurfile["model"], grower.weights)
    transcripts(draws, case, loss)


class Scale:
    """How long the output is for an input's length: the model is tried with that many zeros."""

    def __init__(self, model, weights):
        self.model, self.known = model, {}
        self.weights = weights

    def steps(self, length, features):
        """The steps of the output for an input of so many."""
        if length not in self.known:
            weights = {k: torch.tensor(v, dtype=torch.float64) for k, v in self.weights.items()}
            values = Network(self.model).run(
                Pass(weights, False),
                {"utterance": torch.zeros(1, length, features, dtype=torch.float64)})
            self.known[length] = values["asr"].shape[1]
        return self.known[length]

    def __call__(self, loss, lengths):
        """The lengths along the output."""
        if "relative_to" not in loss:
            return lengths
        names = [name for name in self.weights if "weight" in name]
        features = self.features(names)
        return torch.tensor([[float(self.steps(int(n), features))] for n in lengths.flatten()],
                            dtype=torch.float64)

    def features(self, names):
        """The features of the input, by the first layer with weights."""
        shape = self.weights[names[0]].shape
        return shape[1]


def transcripts(draws, case, loss):
    """True sequences with their lengths, of which one in some batches is too long."""
    for section, count in case.counts.items():
        lengths = case.lengths[section]
        if "relative_to" not in loss:
            lengths = [max(3, n - draws.integer(0, 2)) for n in lengths]
        along = torch.tensor([[float(n)] for n in lengths])
        steps = case.scale(loss, along).flatten().tolist()
        labels = [draw_labels(draws, int(n)) for n in steps]
        longest = max(map(len, labels))
        data = case.data[section]
        data["transcript"] = numpy.array([row + [0] * (longest - len(row)) for row in labels],
                                         numpy.float32)
        data["transcript_length"] = numpy.array([[len(row)] for row in labels], numpy.float32)
        data["utterance_length"] = numpy.array([[n] for n in lengths], numpy.float32)


def draw_labels(draws, steps):
    """Symbols that fit in so many steps, or rarely do not."""
    wanted = draws.integer(1, max(1, min(5, steps)))
    labels = [draws.integer(0, SYMBOLS - 1) for _ in range(wanted)]
    while needed_steps(labels) > steps and not draws.chance(0.05):
        labels.pop()
    return labels


def varying(draws, case, grower, _):
    """Sequences of varying length with a number for each step, or for the whole."""
    grow_from(grower, case, "utterance")
    layer = draws.pick(["recurrent", "convolution", "attention", "dense"])
    value = {"recurrent": {"size": 6, "bidirectional": draws.chance(0.5)},
             "convolution": {"kernels": 5, "size": [3]}, "attention": {"heads": 2, "size": 4},
             "dense": 5}[layer]
    grower.put(layer, value)
    whole = draws.chance(0.5)
    if whole:
        grower.put("pool", {"type": draws.pick(["max", "average"])})
    grower.put("dense", 2, name="level")
    kind = draws.pick(["mean_squared_error", "mean_absolute_error", "huber"])
    case.kurfile = {"model": grower.model, "loss": [{"target": "level", "name": kind}]}
    for section, count in case.counts.items():
        rows = case.data[section]["utterance"]
        case.data[section]["level"] = (
            draws.normal((count, 2)).astype(numpy.float32) if whole else
            [draws.normal((len(row), 2)).astype(numpy.float32) for row in rows])
    # Without metrics the usual ones are reported; none is compared where samples are filled up.
    case.kurfile["validate"] = {"metrics": ["root_mean_squared_error"] if whole else []}


class TextWriter:
    """Writes the lists of symbols of a section, and what the supplier `text` needs to know."""

    def __init__(self, options, rows):
        self.options, self.rows = options, rows

    def __call__(self, folder, section, data):
        del data
        path = folder / f"{section}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in self.rows[section]),
                        encoding="utf-8")
        return [{"text": {"path": path.name, **self.options}}]


def text_sources(draws, case):
    """Words and what is to be said of each of their letters, one-hot and filled up."""
    length = draws.integer(5, 7)
    vocabularies = {"word": ["a", "b", "c"], "spoken": ["x", "y", "<end>"]}
    options = {"seq_len": length, "vocabs": vocabularies, "padding": {}, "pad_with": {}}
    if draws.chance(0.5):
        options["padding"] = {"word": "left"}
    options["pad_with"] = {"spoken": "<end>"}
    rows = {}
    for section, count in case.counts.items():
        lengths = [draws.integer(2, length) for _ in range(count)]
        rows[section] = [{"word": [draws.pick("abc") for _ in range(n)],
                          "spoken": [draws.pick("xy") for _ in range(n)]} for n in lengths]
        for column, vocabulary in vocabularies.items():
            lists = [row[column] for row in rows[section]]
            case.data[section][column] = one_hot(lists, vocabulary, length,
                                                 options["padding"].get(column, "right"),
                                                 options["pad_with"].get(column))
    case.supplier, case.write_data = "text", TextWriter(options, rows)


def one_hot(lists, vocabulary, length, side, filler):
    """(samples, length, symbols) of lists of symbols."""
    vectors = numpy.zeros((len(lists), length, len(vocabulary)), numpy.float32)
    for row, symbols in zip(vectors, lists):
        first = length - len(symbols) if side == "left" else 0
        if filler is not None:
            row[:, vocabulary.index(filler)] = 1
            row[first:first + len(symbols)] = 0
        for place, symbol in enumerate(symbols, first):
            row[place, vocabulary.index(symbol)] = 1
    return vectors


def text(draws, case, grower, _):
    """A recurrent layer that says something of each letter."""
    grow_from(grower, case, "word")
    grower.put("recurrent", {"size": 6, "type": draws.pick(["gru", "lstm", "sru"])})
    grower.put("dense", 3)
    grower.put("activation", "softmax", name="spoken")
    case.kurfile = {"model": grower.model,
                    "loss": [{"target": "spoken", "name": "categorical_crossentropy"}],
                    "validate": {"metrics": ["accuracy", {"top_k": 2}]}}


FORM_BUILDERS = {"ctc": ctc, "varying": varying, "text": text}


def run(setting, index, folder):
    """One case."""
    case, exact, noisy = part_models.fit_case(setting.seed, index, draw_case)
    comparison, path = part_models.check(case, exact, noisy, setting, folder,
                                         evaluate=index % 2 == 0)
    return part_models.result(case, comparison, path)
