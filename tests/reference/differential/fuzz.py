"""Compares kurd-worker with an interpreter of Kurfiles in PyTorch on random cases.

    python3 tests/reference/differential/fuzz.py --worker build-dev/bin/kurd-worker --cases 60 --seed 1

Every case is a Kurfile, its data and its initial weights, and a pure function of the seed and the
number of the case. kurd-worker trains and measures it; beside it, the interpreter does the same
in double precision, written from the definitions. Compared are the losses of all batches, epochs
and validations, metrics, learning rates, all weights that were written (by how far training moved
them), and what the model gives for data.

Tolerances are narrow, because cases on whose results rounding has a large influence are drawn
again: the interpreter runs each case a second time with random errors of the size of float32's.
What that changes, times 20, is what kurd may differ by, beside 2e-5 of a tensor's scale: in all
never more than 0.00082 of it. A run of PyTorch in float32 stays within that.

The parts, all of them by default:

    models        random models of all layers, losses, metrics, optimizers, schedules and options
    cells         gru and lstm with every outer_activation
    sequences     ctc with its options and error rates, sequences of varying length, text
    schedules     every schedule over runs of one, two and more units, beside torch.optim's
    dropout       by its statistics, which training shows exactly
    augment       each augmentation: what it did to every sample, read from the weights
    precision     bf16, with the tolerance of bf16
    threads       larger models on two threads

It needs python3-torch, python3-numpy and python3-yaml. It ends with a table of what occurred, with
the largest error of the cases that had it, and with 1 if anything differed or, in a run of at
least 60 cases and all parts, a kind of the language or one of its options never occurred. Which
there are is read from REFERENCE.md; coverage.py lists, with reasons, those that need not occur.
--keep leaves the files of cases that differ in a folder. What is left to chance may be 5.5
standard deviations off.

Not covered:

- Whatever is drawn at random: the order of shuffled data, initial weights, `split`. The
  interpreter cannot draw the same numbers; that they are drawn well is for other tests.
- fp16, which needs a GPU, and training on one: the worker is run with processors only.
- Suppliers of files (images, sound, csv, MNIST, CIFAR) and `columns`: fixtures have them.
- Checkpoints and runs that go on from them; hooks but `output`; `elapsed`, which hangs on a clock.
- `when`, `oldest`, `sink`, `include`, `inputs` that name later layers, most of the template
  language: they change which model it is, not how it trains, and are compared with Jinja2 and Kur
  elsewhere.
- The state of optimizers in weight files: its effect on later steps is compared instead.
- Losses and gradients that are not finite, and what `non_finite` does then: float32 and double
  precision overflow at different numbers, so that only finite runs can be compared.
- Numbers that are 0 but for rounding where only their sign counts (lion with a layer whose bias
  has no influence): every outcome is right.
- `warmup` before a schedule that counts in another unit: tests/engine/schedules has it.
- The metrics that are usual where none is named: which these are is for tests of the language.
- Metrics of classes over samples that were filled up: what is true there is not defined.
"""

import argparse
import collections
import concurrent.futures
import importlib
import pathlib
import shutil
import sys
import tempfile
import time
import traceback
import types

import torch

# What is beside this file is imported without leaving files there.
sys.dont_write_bytecode = True
import coverage  # pylint: disable=wrong-import-position

# Of the cases that are asked for, how many each part takes: (a share, the least).
PARTS = {"models": (1.0, 1), "cells": (0.15, 9), "sequences": (0.2, 1), "schedules": (0.2, 1),
         "dropout": (0.05, 1), "augment": (0.05, 1), "precision": (0.05, 1),
         "threads": (0.1, 1)}
ENOUGH = 60


def arguments():
    """What is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", type=pathlib.Path, required=True)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--only", metavar="KIND", help="a layer, activation, loss, optimizer, "
                        "schedule or option that all models are to have")
    parser.add_argument("--threads", type=int, choices=(1, 2), help="of the worker")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR")
    parser.add_argument("-v", "--verbose", action="store_true")
    return parser.parse_args()


def run_case(setting, part, index):
    """One case of a part in a folder of its own; what went wrong is a fault, too."""
    torch.set_num_threads(1)
    started = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kur-differential-"))
    try:
        result = importlib.import_module(f"part_{part}").run(setting, index, folder)
    except Exception:  # pylint: disable=broad-except
        result = types.SimpleNamespace(count=0, errors={}, found=collections.Counter(),
                                       faults=[traceback.format_exc()], kurfile="", attempts=1)
    result.part, result.index = part, index
    result.seconds = time.monotonic() - started
    if result.faults and setting.keep:
        shutil.copytree(folder, setting.keep / f"{part}-{setting.seed}-{index}",
                        dirs_exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return result


def plan(options):
    """The (part, number) of every case."""
    for part in options.part or PARTS:
        share, least = PARTS[part]
        only = options.part and len(options.part) == 1
        count = options.cases if only else max(least, round(share * options.cases))
        for index in range(options.first, options.first + count):
            yield part, index


def repeat(options, result):
    """The command that repeats one case."""
    only = f" --only {options.only}" if options.only else ""
    threads = f" --threads {options.threads}" if options.threads else ""
    return (f"python3 {sys.argv[0]} --worker {options.worker} --seed {options.seed} --part "
            f"{result.part} --first {result.index} --cases 1{only}{threads}")


def show_fault(options, result):
    """Says all about a case that differs."""
    print(f"\n=== {result.part} {result.index} of seed {options.seed} differs ===")
    print(result.kurfile)
    for fault in result.faults[:40]:
        print("  " + fault)
    print(f"repeat: {repeat(options, result)}", flush=True)


class Table:
    """What all cases together had and showed."""

    def __init__(self):
        self.found, self.errors = collections.Counter(), {}
        self.cases, self.faulty = collections.Counter(), collections.Counter()
        self.numbers, self.seconds, self.redrawn = 0, 0.0, 0

    def add(self, result):
        """Takes in a case."""
        self.cases[result.part] += 1
        self.faulty[result.part] += bool(result.faults)
        self.numbers += result.count
        self.seconds += result.seconds
        self.redrawn += getattr(result, "attempts", 1) - 1
        self.found += result.found
        largest = max(result.errors.values(), default=0.0)
        for kind in result.found:
            old = self.errors.get(kind, 0.0)
            self.errors[kind] = max(old, largest)

    def show(self):
        """Prints everything."""
        for category in sorted({category for category, _ in self.found}):
            print(f"\n{category}")
            for kind in sorted(k for k in self.found if k[0] == category):
                print(f"  {kind[1]:34}{self.found[kind]:6}   largest error "
                      f"{self.errors.get(kind, 0.0):.1e}")
        print()
        for part, count in self.cases.items():
            print(f"{part}: {count} cases, {self.faulty[part]} differ")
        total = sum(self.cases.values())
        print(f"{total} cases, {self.numbers} numbers compared, {self.redrawn} redrawn because "
              f"of rounding, {self.seconds / max(1, total):.2f} s a case")


def show_missing(options, table):
    """Says which kinds never occurred; true if that is a failure."""
    never, unknown = coverage.missing(table.found)
    complete = options.cases >= ENOUGH and not options.part and not options.only
    for kind in never if complete else ():
        print(f"not covered: {kind[0]} {kind[1]}")
    for kind in unknown:
        print(f"listed as not covered, but there is none: {kind[0]} {kind[1]}")
    return bool(unknown) or complete and bool(never)


def main():
    """The command."""
    options, table = arguments(), Table()
    options.worker = options.worker.resolve()
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(run_case, options, part, index): (part, index)
                   for part, index in plan(options)}
        for done, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            result = future.result()
            table.add(result)
            if result.faults:
                show_fault(options, result)
            if options.verbose:
                print(f"{result.part} {result.index}: {result.count} numbers, "
                      f"{result.seconds:.1f} s", flush=True)
            elif done % 10 == 0:
                print(f"{done} of {len(waiting)} cases", flush=True)
    table.show()
    failed = show_missing(options, table) or any(table.faulty.values())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
