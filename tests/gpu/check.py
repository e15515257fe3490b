"""Trains on a card and on the processor and compares, then measures beside PyTorch."""

import argparse
import contextlib
import json
import math
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

import torch

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / 'bench'))
import workloads  # pylint: disable=wrong-import-position

EPILOG = """
Needs build-gpu/kurd-gpu.tar.xz (tests/gpu/build.sh) and a PyTorch of the same version; no network
and no packages. Prints a line for every check and a table for the README; the exit status is 0 if
all checks have passed. With --device cpu it rehearses all that does not need a card.
"""

# The tests that compute on KUR_TEST_DEVICE.
TESTS = {'layers_test': 'LayersTest.*Compute*', 'losses_test': 'LossesTest.Compute*',
         'optimizers_test': '*', 'metrics_test': 'MetricsTest.Are*', 'train_test': '*'}
EPOCHS = 2
# Rounding differs, and training makes more of it; what drops out draws other numbers on a card.
FIRST_LOSS, LATER_LOSS, REDUCED_PRECISION = 1e-3, 0.02, 0.1


class Failed(Exception):
    """A check that has not passed, with the reason."""


class Out:
    """What is said, also kept in a file."""

    def __init__(self, path):
        self._file = path.open('w', encoding='utf-8')

    def say(self, text):
        print(text, flush=True)
        self._file.write(text + '\n')
        self._file.flush()


class Programs:
    """kurd's programs, with the libraries of this python's torch."""

    def __init__(self, folder, device, threads):
        self._folder = folder
        self._threads = threads
        self.device = device
        self._environment = {
            **{name: os.environ[name] for name in ('PATH', 'HOME', 'LANG', 'CUDA_VISIBLE_DEVICES')
               if name in os.environ},
            'LD_LIBRARY_PATH': f'{pathlib.Path(torch.__file__).parent / "lib"}:{folder / "lib"}',
            'CUBLAS_WORKSPACE_CONFIG': ':4096:8'}

    def start(self, name, *arguments, **environment):
        return subprocess.Popen([str(self._folder / 'bin' / name), *map(str, arguments)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                cwd=ROOT, env={**self._environment, **environment})

    def run(self, name, *arguments, timeout=600, **environment):
        """What the program has printed. Raises Failed if it fails or takes too long."""
        with self.start(name, *arguments, **environment) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise Failed(f'{name} takes more than {timeout:.0f} s') from error
        if process.returncode != 0:
            last = '\n'.join((out + err).strip().splitlines()[-12:])
            raise Failed(f'{name} ended with {process.returncode}:\n{last}')
        return out

    def train(self, kurfile, *more, device=None, seed=1):
        """The events of a run."""
        lines = self.run('kurd-worker', 'run', kurfile, '--seed', seed, '--threads', self._threads,
                         '--device', device or self.device, *more).splitlines()
        return [json.loads(line) for line in lines]


def batch_losses(events):
    return [loss for event in events if 'batch_losses' in event
            for loss in event['batch_losses']['losses']]


def epochs(events):
    return [event['epoch_finished'] for event in events if 'epoch_finished' in event]


def last_speed(events):
    last = epochs(events)[-1]
    return int(last['samples']) / last['seconds']


def far_apart(one, other):
    """The relative difference of two losses, which are not near 0."""
    return abs(one - other) / max(abs(other), 1e-6)


class Checks:
    def __init__(self, programs, folder, chosen):
        self._programs = programs
        self._folder = folder
        self._workloads = chosen
        self._kurfiles = {}
        self._losses = {}  # of an epoch, on the device, in float32
        for workload in chosen:
            workloads.prepare(workload, folder)
            self._kurfiles[workload] = folder / f'{workload}.yml'
            self._kurfiles[workload].write_text(workloads.kurfile(workload, folder, EPOCHS),
                                                encoding='utf-8')

    def capabilities(self):
        """The worker can use the device."""
        found = json.loads(self._programs.run('kurd-worker', '--capabilities'))
        if not torch.__version__.startswith(found['libtorch']):
            raise Failed(f'built for PyTorch {found["libtorch"]}, and this is {torch.__version__}')
        if self._programs.device == 'cpu':
            return f'libtorch {found["libtorch"]}'
        if not found.get('devices'):
            raise Failed(found.get('error', 'no devices, and no reason'))
        return json.dumps(found)

    def tests(self, name):
        """The unit tests give on the device what they give on a processor."""
        # What is compared with values in single precision is computed in it.
        environment = {'NVIDIA_TF32_OVERRIDE': '0', 'KUR_TEST_DEVICE': self._programs.device}
        out = self._programs.run(name, '--gtest_brief=1', f'--gtest_filter={TESTS[name]}',
                                 **environment)
        return ', '.join(line for line in out.splitlines() if line.startswith('[  '))

    def equal_losses(self, workload):
        """Training computes on the device what it computes on the processor."""
        here = self._programs.train(self._kurfiles[workload], device='cpu')
        there = self._programs.train(self._kurfiles[workload])
        self._losses[workload] = epochs(there)[-1]['loss']
        first = far_apart(batch_losses(there)[0], batch_losses(here)[0])
        # A dropped-out first batch depends on which neurons are.
        if first > FIRST_LOSS and 'dropout' not in self._kurfiles[workload].read_text():
            raise Failed(f'the first loss is {first:.1%} off')
        later = max(far_apart(a['loss'], b['loss']) for a, b in zip(epochs(there), epochs(here)))
        if later > LATER_LOSS:
            raise Failed(f'the loss of an epoch is {later:.1%} off')
        return f'first batch {first:.1e} off, epochs {later:.1e}'

    def reduced_precision(self, workload, precision):
        """Training in bf16 or fp16 learns what it learns in float32."""
        if precision == 'fp16' and self._programs.device == 'cpu':
            return 'not on a processor'
        if workload not in self._losses:
            raise Failed('in float32 it has not trained')
        wanted = self._losses[workload]
        loss = epochs(self._programs.train(self._kurfiles[workload], '--set',
                                           f'train.precision={precision}'))[-1]['loss']
        if not math.isfinite(loss) or far_apart(loss, wanted) > REDUCED_PRECISION:
            raise Failed(f'the last epoch\'s loss is {loss:.4g}, in float32 {wanted:.4g}')
        return f'{loss:.4g} for {wanted:.4g}'

    def deterministic(self, workload):
        """Two runs are equal, bit for bit, where that is wanted."""
        runs = [batch_losses(self._programs.train(self._kurfiles[workload], '--set',
                                                  'train.deterministic=true'))
                for _ in range(2)]
        if runs[0] != runs[1]:
            differing = sum(a != b for a, b in zip(*runs))
            raise Failed(f'{differing} of {len(runs[0])} losses differ')
        return f'{len(runs[0])} equal losses'

    def goes_on_after_a_kill(self):
        """Who is killed goes on from the last checkpoint, with what was learnt by then."""
        workload = 'mlp-small' if 'mlp-small' in self._workloads else self._workloads[0]
        weights = self._folder / 'killed.kur'
        weights.unlink(missing_ok=True)
        kurfile = self._folder / 'killed.yml'
        text = workloads.kurfile(workload, self._folder, 1000)
        kurfile.write_text(text.replace('  optimizer:', f'  checkpoint: {{path: {weights.name}, '
                                        f'batches: 50}}\n  optimizer:', 1), encoding='utf-8')
        arguments = ('run', kurfile, '--seed', 1, '--device', self._programs.device)
        losses = []
        with self._programs.start('kurd-worker', *arguments) as process:
            for line in process.stdout:
                losses += batch_losses([json.loads(line)])
                if weights.exists() and len(losses) > 3 * workloads.BATCHES[workload][0]:
                    process.send_signal(signal.SIGKILL)
                    break
            else:
                raise Failed(process.stderr.read())
        again = self._programs.train(
            kurfile, '--set', f'train.weights={{initial: {weights.name}}}',
            '--set', 'train.stop_when={epochs: 1, mode: additional}')
        before = statistics.mean(losses[:20])
        first = statistics.mean(batch_losses(again)[:20])
        last = statistics.mean(losses[-50:])
        # It has trained on for a while when the signal comes.
        if first > (before + last) / 2:
            raise Failed(f'the loss was {last:.4g}, and is {first:.4g} again')
        return f'{before:.4g} at first, {last:.4g} when it was killed, then {first:.4g}'


def torch_speed(workload, arm, precision, device, threads, folder):
    done = subprocess.run(
        [sys.executable, '-B', str(HERE.parent / 'bench' / 'torch_arm.py'), workload, '--arm', arm,
         '--device', device, '--precision', precision, '--threads', str(threads),
         '--epochs', str(EPOCHS), '--folder', str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise Failed(next((line for line in reversed(lines) if 'Error' in line), lines[-1])[:80])
    batches, size = workloads.BATCHES[workload]
    return batches * size / json.loads(done.stdout)['seconds'][-1]


def measure(programs, folder, chosen, threads, rounds, until, out):
    """Prints the table of speeds, a row when it is known."""
    out.say('\n| workload | precision | kurd, samples/s | × PyTorch | × PyTorch compiled |\n'
            '| --- | --- | --- | --- | --- |')
    for workload in chosen:
        for precision, name in (('float32', 'float32'), ('bf16', 'bfloat16')):
            if time.monotonic() > until:
                out.say(f'| {workload} | {precision} | no time left | | |')
                continue
            speeds = {'K': [], 'P3': [], 'P4': []}
            errors = {}
            for number in range(rounds):
                order = list(speeds)[number % 3:] + list(speeds)[:number % 3]
                for arm in order:
                    try:
                        speeds[arm].append(
                            last_speed(programs.train(folder / f'{workload}.yml', '--set',
                                                      f'train.precision={precision}'))
                            if arm == 'K' else
                            torch_speed(workload, arm, name, programs.device, threads, folder))
                    except Failed as error:
                        errors[arm] = str(error).splitlines()[0]
            row = [f'{statistics.median(speeds["K"]):,.0f}' if speeds['K'] else errors['K']]
            for arm in ('P3', 'P4'):
                ratios = [k / p for k, p in zip(speeds['K'], speeds[arm])]
                row.append(f'{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})'
                           if ratios else errors.get(arm, ''))
            out.say(f'| {workload} | {precision} | ' + ' | '.join(row) + ' |')


def main():
    parser = argparse.ArgumentParser(prog='tests/gpu/run.sh', description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cuda:0')
    parser.add_argument('--archive', type=pathlib.Path,
                        default=ROOT / 'build-gpu' / 'kurd-gpu.tar.xz')
    parser.add_argument('--workloads', nargs='*', choices=workloads.BATCHES,
                        default=list(workloads.BATCHES))
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--rounds', type=int, default=2)
    parser.add_argument('--minutes', type=float, default=9, help='what is not begun by then is not')
    parser.add_argument('--no-speed', action='store_true', help='only the checks')
    parser.add_argument('--out', type=pathlib.Path, default=ROOT / 'build-gpu' / 'report.md')
    arguments = parser.parse_args()
    if not arguments.archive.exists():
        parser.error(f'{arguments.archive} is not there; tests/gpu/build.sh makes it')
    until = time.monotonic() + 60 * arguments.minutes

    with tempfile.TemporaryDirectory(prefix='kur-gpu-') as name:
        folder = pathlib.Path(name)
        with tarfile.open(arguments.archive) as packed:
            packed.extractall(folder, filter='data')
        programs = Programs(folder, arguments.device, arguments.threads)
        out = Out(arguments.out)
        out.say(f'PyTorch {torch.__version__}, '
                + (torch.cuda.get_device_name(arguments.device) if arguments.device != 'cpu'
                   else 'a rehearsal on the processor') + f', {arguments.threads} threads')
        checks = Checks(programs, folder, arguments.workloads)
        planned = [('capabilities', checks.capabilities), *(
            (test, lambda test=test: checks.tests(test)) for test in TESTS)]
        for workload in arguments.workloads:
            planned.append((f'{workload}: equal losses',
                            lambda workload=workload: checks.equal_losses(workload)))
            planned += [(f'{workload}: {precision}',
                         lambda workload=workload, precision=precision:
                         checks.reduced_precision(workload, precision))
                        for precision in ('bf16', 'fp16')]
            planned.append((f'{workload}: deterministic',
                            lambda workload=workload: checks.deterministic(workload)))
        planned.append(('goes on after a kill', checks.goes_on_after_a_kill))
        failed = 0
        for title, check in planned:
            begin = time.monotonic()
            try:
                if begin > until:
                    raise Failed('no time left')
                result, verdict = check(), 'passed'
            except (Failed, json.JSONDecodeError, IndexError, KeyError) as error:
                result, verdict = str(error) or repr(error), 'FAILED'
                failed += 1
            out.say(f'{verdict}  {title} ({time.monotonic() - begin:.1f} s): {result}')
        if not arguments.no_speed:
            measure(programs, folder, arguments.workloads, arguments.threads, arguments.rounds,
                    until, out)
    raise SystemExit(1 if failed else 0)


if __name__ == '__main__':
    with contextlib.suppress(BrokenPipeError):
        main()
