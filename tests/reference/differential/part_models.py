"""The part `models`: random models, trained and measured by kurd and beside it by PyTorch."""

import pathlib
import types

import numpy
import torch

import compare
import coverage
import worker
from kurfiles import draw_case
from metrics import TASKS
from training import Training
from weights import read

ATTEMPTS = 60
LEAST_MARGIN = 1e-5
SUPPLIERS = ("pickle", "npz", "npy", "numpy_dict", "safetensors", "jsonl")
NOT_WEIGHTS = ("optimizer/", "gradient/", "trained/")


def reference(case, noise_seed=None):
    """What a case should give; with a seed, under errors of rounding."""
    generator = None
    if noise_seed is not None:
        generator = torch.Generator().manual_seed(noise_seed)
    training = Training(case.kurfile, case.data, case.weights, generator, case.scale)
    history = training.run()
    if "evaluate" in case.data:
        history.evaluated = training.measure("evaluate", history.final)
    if "test" in case.data:
        history.tested = training.measure("test", history.final)
    return history


def measurements(history):
    """Every measurement that tells metrics."""
    return [*history.validations, *([history.tested] if hasattr(history, "tested") else [])]


def margins_suffice(history, losses):
    """Whether no class is nearly as likely as another, so that metrics do not hang on rounding."""
    for loss in losses:
        task = TASKS[loss["name"]]
        for validation in measurements(history):
            output = validation.outputs[loss["target"]]
            if task == "yes or no" and numpy.abs(output - 0.5).min() < LEAST_MARGIN:
                return False
            if task in ("classes", "class numbers", "sequence") and numpy.diff(
                    numpy.sort(output, -1)).min() < LEAST_MARGIN:
                return False
    return True


def outputs_of(history):
    """Every output that is compared, as (what, name, array)."""
    found = []
    for what in ("evaluated",):
        if hasattr(history, what):
            found += [(what, name, array)
                      for name, array in getattr(history, what).outputs.items()]
    if history.validations:
        found += [("validated", name, array)
                  for name, array in history.validations[-1].first.items()]
    return found


def is_stable(case, exact, noisy):
    """Whether rounding changes the results of a case so little that faults can be seen."""
    finite = numpy.isfinite(exact.batches).all() and numpy.isfinite(noisy.batches).all()
    if not finite or exact.doubtful or len(exact.epochs) != len(noisy.epochs):
        return False
    if any(counted(a.metrics) != counted(b.metrics)
           for a, b in zip(measurements(exact), measurements(noisy))):
        return False
    if not margins_suffice(exact, case.kurfile["loss"]):
        return False
    pairs = compare.loss_pairs(exact, noisy)
    pairs += compare.weight_pairs(case.weights, exact.final, noisy.final).values()
    for (_, _, a), (_, _, b) in zip(outputs_of(exact), outputs_of(noisy)):
        pairs.append((a, b, max(compare.magnitude(a), 1e-3)))
    exact.noise = compare.largest_noise(pairs)
    return exact.noise <= compare.MOST_NOISE


def counted(values):
    """The metrics that are counted, which rounding must not change, and not those of numbers."""
    return {name: value for name, value in values.items() if name.split(".")[-1] not in
            ("r2", "mean_absolute_error", "root_mean_squared_error")}


def fit_case(seed, index, draw=draw_case, only=None):
    """The first draw of a case that is well conditioned, with its references."""
    for attempt in range(ATTEMPTS):
        case = draw(seed, index, attempt, only)
        if not hasattr(case, "scale"):
            case.scale = None
        try:
            exact = reference(case)
        except (FloatingPointError, ZeroDivisionError):
            continue
        noisy = reference(case, 1)
        if is_stable(case, exact, noisy):
            case.attempts = attempt + 1
            return case, exact, noisy
    raise RuntimeError(f"case {index} of seed {seed}: no draw is well conditioned")


def compare_losses(comparison, events, exact, noisy, loosened):
    """Losses of batches, of epochs and their learning rates."""
    scale, tolerances = compare.loss_scale(exact), compare.Tolerances(exact, noisy, loosened)
    tolerance = tolerances.of(exact.batches, noisy.batches, scale)
    comparison.close("batch losses", exact.batches, worker.batch_losses(events), tolerance, scale)
    epochs = worker.finished_epochs(events)
    comparison.close("epoch losses", [e["loss"] for e in exact.epochs],
                     [e["loss"] for e in epochs], tolerance, scale)
    for number, (expected, got) in enumerate(zip(exact.epochs, epochs), 1):
        comparison.close(f"rate of epoch {number}", expected["rate"], got["rate"],
                         1e-6 * expected["rate"] + 1e-12, expected["rate"])
        for name in comparison.same_keys(f"losses of epoch {number}", expected["losses"],
                                         got["losses"] or expected["losses"]):
            if got["losses"]:
                comparison.close(f"epoch loss of {name}", expected["losses"][name],
                                 got["losses"][name], tolerance, scale)


def compare_validations(comparison, events, exact, noisy, loosened):
    """Losses and metrics of every validation."""
    got = worker.measured(events)
    if len(got) != len(exact.validations):
        comparison.fault("validations", f"{len(got)} where {len(exact.validations)} are expected")
    tolerances = compare.Tolerances(exact, noisy, loosened)
    for number, (a, b, g) in enumerate(zip(exact.validations, noisy.validations, got), 1):
        compare_measured(comparison, f"validation {number}", (a, b, g), tolerances)


def compare_measured(comparison, what, measured, tolerances):
    """One measurement: (expected, expected with errors of rounding, what kurd reported)."""
    a, b, got = measured
    scale = max(compare.loss_scale(tolerances.exact), abs(a.loss))
    comparison.close(f"{what} loss", a.loss, got["loss"], tolerances.of(a.loss, b.loss, scale),
                     scale)
    for name in comparison.same_keys(f"{what} losses", a.losses, got["losses"]):
        comparison.close(f"{what} loss of {name}", a.losses[name], got["losses"][name],
                         tolerances.of(a.losses[name], b.losses[name], scale), scale)
    for name in comparison.same_keys(f"{what} metrics", a.metrics, got["metrics"]):
        of_metric = max(1.0, abs(a.metrics[name]))
        comparison.close(f"{what} {name}", a.metrics[name], got["metrics"][name],
                         tolerances.of(a.metrics[name], b.metrics[name], of_metric), of_metric)


def compare_weights(comparison, what, before, path, exact, noisy, loosened, prefix=""):
    """A file of weights, by how far training moved them."""
    got = {name[len(prefix):]: array for name, array in read(path).items()
           if name.startswith(prefix) and (prefix or not name.startswith(NOT_WEIGHTS))}
    tolerances = compare.Tolerances(exact, noisy, loosened)
    pairs = compare.weight_pairs(before, exact, noisy)
    for name in comparison.same_keys(f"weights of {what}", pairs, got):
        move, disturbed, scale = pairs[name]
        if got[name].shape != move.shape:
            comparison.fault(f"{what} {name}", f"shape {got[name].shape}")
            continue
        comparison.close(f"weights of {what}: move of {name}", move,
                         got[name].astype(float) - before[name].astype(float),
                         tolerances.of(move, disturbed, scale), scale)


def compare_files(comparison, case, folder, exact, noisy, loosened):
    """All files of weights that training wrote."""
    compare_weights(comparison, "last.kur", case.weights, folder / "last.kur", exact.final,
                    noisy.final, loosened)
    if "ema" in case.kurfile["train"]:
        before = {name: case.weights[name] for name in exact.under_training}
        compare_weights(comparison, "trained/", before, folder / "last.kur",
                        exact.under_training, noisy.under_training, loosened, "trained/")
    if "best" in case.kurfile["train"].get("weights", {}):
        for file, which in (("best.kur", "best_training"),
                            ("best-validated.kur", "best_validation")):
            a, b = getattr(exact, which), getattr(noisy, which)
            compare_weights(comparison, file, case.weights, folder / file, a[1], b[1], loosened)


def compare_outputs(comparison, folder, exact, noisy, loosened, evaluated):
    """What the model gave for the first batch of validation and for new data."""
    files = {"validated": "validated.pkl", "evaluated": "results.pkl"}
    tolerances = compare.Tolerances(exact, noisy, loosened)
    for (what, name, a), (_, _, b) in zip(outputs_of(exact), outputs_of(noisy)):
        if what == "evaluated" and not evaluated:
            continue
        got = worker.results(folder / files[what])
        scale = max(compare.magnitude(a), 1e-3)
        if name not in got:
            comparison.fault(f"{what} {name}", f"is not among {sorted(got)}")
            continue
        comparison.close(f"outputs {what} {name}", a, got[name], tolerances.of(a, b, scale), scale)


def check(case, exact, noisy, setting, folder, loosened=1.0, evaluate=True, test=False):
    """Runs kurd on a case and compares everything; gives the comparison and the Kurfile's path."""
    comparison, folder = compare.Comparison(), pathlib.Path(folder)
    path = worker.write(folder, case, case.supplier)
    try:
        events = worker.run(setting.worker, path, "train", case.threads)
        if evaluate:
            worker.run(setting.worker, path, "evaluate", case.threads)
        if test:
            found = worker.run(setting.worker, path, "test", case.threads)
            compare_measured(comparison, "test", (exact.tested, noisy.tested,
                                                  worker.measured(found, "test")[0]),
                             compare.Tolerances(exact, noisy, loosened))
    except (worker.WorkerFailed, OSError) as error:
        comparison.fault("the worker failed", str(error))
        return comparison, path
    compare_losses(comparison, events, exact, noisy, loosened)
    compare_validations(comparison, events, exact, noisy, loosened)
    compare_files(comparison, case, folder, exact, noisy, loosened)
    compare_outputs(comparison, folder, exact, noisy, loosened, evaluate)
    return comparison, path


def result(case, comparison, path):
    """What the command wants to know of a case."""
    found = coverage.occurring(case.kurfile)
    found["supplier", case.supplier] += 1
    return types.SimpleNamespace(
        count=comparison.count, errors=comparison.errors, faults=comparison.faults,
        largest=comparison.largest, found=found, attempts=getattr(case, "attempts", 1),
        kurfile=path.read_text(encoding="utf-8"), focus=getattr(case, "focus", None))


def run(setting, index, folder):
    """One case."""
    case, exact, noisy = fit_case(setting.seed, index, only=setting.only)
    case.threads = setting.threads or 1
    case.supplier = SUPPLIERS[index % len(SUPPLIERS)]
    # Starting the program takes longest: not every case applies the weights to new data as well.
    comparison, path = check(case, exact, noisy, setting, folder, evaluate=index % 4 == 0,
                             test=index % 4 == 2)
    return result(case, comparison, path)
