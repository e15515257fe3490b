#!/usr/bin/python3
"""Measures how fast files become arrays, beside NumPy, pandas and Python's json: see README.md."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = 20
BATCH = 256
ROWS = {'csv': 300_000, 'csv-quoted': 300_000, 'jsonl': 150_000, 'npy': 2_000_000}
# Who reads what beside us.
RIVALS = {'csv': ('pandas', 'numpy'), 'csv-quoted': ('pandas',), 'jsonl': ('json', 'pandas'),
          'npy': ('numpy', 'mapped')}


def prepare(kind, folder):
    """Writes the file of that kind; returns its path."""
    import numpy  # pylint: disable=import-outside-toplevel
    random = numpy.random.default_rng(1)
    values = random.standard_normal((ROWS[kind], COLUMNS), dtype=numpy.float32)
    if kind == 'npy':
        numpy.save(folder / 'table.npy', values)
        return folder / 'table.npy'
    path = folder / f'{kind}.{"jsonl" if kind == "jsonl" else "csv"}'
    with open(path, 'w', encoding='utf-8') as file:
        if kind == 'jsonl':
            for number, row in enumerate(values.tolist()):
                file.write(json.dumps({'x': row, 'y': number % 10}) + '\n')
        else:
            quote = '"' if kind == 'csv-quoted' else ''
            file.write(','.join(f'{quote}c{i}{quote}' for i in range(COLUMNS)) + '\n')
            for row in values.tolist():
                file.write(','.join(f'{quote}{value!r}{quote}' for value in row) + '\n')
    return path


def peak():
    """Not by getrusage(): that counts what the process that started this one had."""
    for line in pathlib.Path('/proc/self/status').read_text(encoding='utf-8').splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1]) * 1024
    raise SystemExit('this process has no VmHWM')


def read_with(arm, kind, path):
    """What the process of a rival does: from a file to float32 arrays."""
    import numpy  # pylint: disable=import-outside-toplevel
    if arm == 'pandas':
        import pandas  # pylint: disable=import-outside-toplevel
    before = peak()
    begin = time.perf_counter()
    if kind == 'npy':
        arrays = [numpy.load(path, mmap_mode='r' if arm == 'mapped' else None)]
        # What a mapped file saves at first it may cost later.
        for start in range(0, len(arrays[0]), BATCH):
            numpy.array(arrays[0][start:start + BATCH])
    elif kind == 'jsonl' and arm == 'json':
        with open(path, encoding='utf-8') as file:
            rows = [json.loads(line) for line in file]
        arrays = [numpy.array([row[key] for row in rows], numpy.float32) for key in ('x', 'y')]
    elif kind == 'jsonl':
        frame = pandas.read_json(path, lines=True)
        arrays = [numpy.array(frame[key].tolist(), numpy.float32) for key in ('x', 'y')]
    elif arm == 'pandas':
        arrays = [pandas.read_csv(path, engine='c', dtype=numpy.float32).to_numpy()]
    else:
        arrays = [numpy.loadtxt(path, numpy.float32, delimiter=',', skiprows=1)]
    seconds = time.perf_counter() - begin
    print(json.dumps({'seconds': seconds, 'memory': peak() - before,
                      'array_bytes': sum(array.nbytes for array in arrays)}))


def run(command):
    done = subprocess.run(['taskset', '-c', '0', *map(str, command)], check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def measure(kind, program, rounds, folder):
    path = prepare(kind, folder)
    supplier = kind.split('-', maxsplit=1)[0]
    commands = {'kurd': [program, supplier, path, *([BATCH] if kind == 'npy' else [])]}
    for rival in RIVALS[kind]:
        commands[rival] = [sys.executable, '-B', __file__, '--read', rival, kind, path]
    runs = {arm: [] for arm in commands}
    for number in range(rounds):
        arms = list(commands)
        for arm in arms[number % len(arms):] + arms[:number % len(arms)]:
            runs[arm].append(run(commands[arm]))
    size = path.stat().st_size
    path.unlink()
    return size, runs


def report(kind, size, runs):
    lines = []
    for arm, results in runs.items():
        seconds = [result['seconds'] for result in results]
        memory = max(result['memory'] for result in results) / results[0]['array_bytes']
        line = (f'{kind:<11} {arm:<7} {statistics.median(seconds):7.2f} s  '
                f'{size / statistics.median(seconds) / 1e6:6.0f} MB/s  memory {memory:5.2f}x')
        if arm != 'kurd':
            ratios = [theirs / ours['seconds'] for theirs, ours in zip(seconds, runs['kurd'])]
            line += (f'  kurd is {statistics.median(ratios):.2f} times as fast '
                     f'({min(ratios):.2f}-{max(ratios):.2f})')
        lines.append(line)
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', type=pathlib.Path,
                        default=HERE.parents[1] / 'build' / 'bench' / 'open_data')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--kinds', nargs='*', choices=ROWS, default=list(ROWS))
    parser.add_argument('--read', nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read_with(*arguments.read)
        return
    with tempfile.TemporaryDirectory(prefix='kur-bench-') as name:
        for kind in arguments.kinds:
            print(report(kind, *measure(kind, arguments.program, arguments.rounds,
                                        pathlib.Path(name))), flush=True)
    print('\nOne processor. Memory is the most that reading took, as a multiple of the arrays.')


if __name__ == '__main__':
    main()
