"""The part `precision`: bf16 beside double precision, with the tolerance of bf16.

Evaluation computes in float32 whatever training did: it is compared as such, with the weights that
training wrote.
"""


import compare
import part_models
import worker
from kurfiles import draw_case as draw_any
from training import Training
from weights import read

# Eight bits of precision, through several layers and steps.
LOOSENED = 3000.0


def draw_case(seed, index, attempt=0, only=None):
    """A random model without what rounding would let turn out differently."""
    case = draw_any(seed + 1_000_000, index, attempt, only)
    train = case.kurfile["train"]
    for key in ("early_stopping", "schedule", "weights"):
        train.pop(key, None)
    train["precision"] = "bf16"
    train["stop_when"]["epochs"] = 1
    train["optimizer"] = {"name": "sgd", "learning_rate": 0.02}
    case.kurfile["validate"]["metrics"] = []
    case.scale = None
    return case


def check_evaluation(case, setting, folder, path, comparison):
    """What evaluation gives with the weights that kurd has trained."""
    worker.run(setting.worker, path, "evaluate")
    weights = {name: array for name, array in read(folder / "last.kur").items()
               if not name.startswith(part_models.NOT_WEIGHTS)}
    training = Training(case.kurfile, case.data, weights)
    expected = training.measure("evaluate", training.weights)
    got = worker.results(folder / "results.pkl")
    for name, array in expected.outputs.items():
        scale = max(compare.magnitude(array), 1e-3)
        comparison.close(f"outputs evaluated {name}", array, got[name], 1e-3 * scale, scale)


def run(setting, index, folder):
    """One case."""
    case, exact, noisy = part_models.fit_case(setting.seed, index, draw_case)
    case.supplier = "pickle"
    comparison, path = part_models.check(case, exact, noisy, setting, folder, LOOSENED, False)
    if not comparison.faults:
        check_evaluation(case, setting, folder, path, comparison)
    comparison.errors = {}
    return part_models.result(case, comparison, path)
