"""How many submissions a second kurd makes durable, with an empty queue and a long one.

    deploy/build.sh release kurd kurd-evaluator submit_load
    python3 tests/bench/submit.py --bin build/bin [--bin OTHER/build/bin]

Several folders of programs take turns on the same machine, so that their ratio means something.
The jobs stay queued: the one that starts has a worker that sleeps.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / 'deploy/examples/cifar.yml'
CLIENTS = (1, 8, 32)
QUEUES = (0, 5000)


class Kurd:
    """A kurd on a state directory of its own, whose workers sleep."""

    def __init__(self, binaries, folder):
        worker = folder / 'sleeping-worker'
        worker.write_text('#!/bin/sh\necho $$ > "$2/pid"\nexec sleep 100000\n')
        worker.chmod(0o700)
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.address = f'127.0.0.1:{probe.getsockname()[1]}'
        self._process = subprocess.Popen(
            [binaries / 'kurd', '--state-dir', folder / 'state', '--listen', self.address,
             '--worker-binary', worker, '--devices', 'cpu:1', '--log-level', 'error'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._process.stdout.readline()
        self._state = folder / 'state'

    def resident_megabytes(self):
        status = pathlib.Path(f'/proc/{self._process.pid}/status').read_text()
        return int(status.split('VmRSS:')[1].split()[0]) / 1024

    def stop(self):
        self._process.terminate()
        self._process.wait()
        for pid in self._state.glob('runs/*/pid'):
            os.kill(int(pid.read_text()), signal.SIGKILL)


def write_kurfile(folder):
    """The example, whose data are to be downloaded: a submission without uploads."""
    kurfile = folder / 'cifar.yml'
    path = 'path: cifar-10-python.tar.gz\n'
    kurfile.write_text(EXAMPLE.read_text().replace(
        path, f'{path}    url: https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz\n'))
    return kurfile


def submit(load, kurd, kurfile, clients, jobs):
    result = subprocess.run([load, kurd.address, kurfile, str(clients), str(jobs)],
                            check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', type=pathlib.Path, action='append', required=True)
    parser.add_argument('--load', type=pathlib.Path, help='submit_load [beside the first --bin]')
    parser.add_argument('--jobs', type=int, default=1000, help='submissions a measurement')
    parser.add_argument('--rounds', type=int, default=3)
    arguments = parser.parse_args()
    load = arguments.load or arguments.bin[0].parent / 'bench/submit_load'
    measured = {}
    for _ in range(arguments.rounds):
        for binaries in arguments.bin:
            for queued in QUEUES:
                with tempfile.TemporaryDirectory() as folder:
                    kurfile = write_kurfile(pathlib.Path(folder))
                    kurd = Kurd(binaries.resolve(), pathlib.Path(folder))
                    if queued:
                        submit(load, kurd, kurfile, 8, queued)
                        time.sleep(1)
                    for clients in CLIENTS:
                        result = submit(load, kurd, kurfile, clients, arguments.jobs)
                        result['rate'] = result['jobs'] / result['seconds']
                        measured.setdefault((str(binaries), queued, clients), []).append(result)
                    measured.setdefault((str(binaries), queued, 'MB'), []).append(
                        {'rate': kurd.resident_megabytes()})
                    kurd.stop()
    print(f'{"programs":30} {"queued":>7} {"clients":>8} {"a second":>9} {"median ms":>9} '
          f'{"p99 ms":>9}')
    for (binaries, queued, clients), results in measured.items():
        rate = statistics.median(result['rate'] for result in results)
        line = f'{binaries[-30:]:30} {queued:7} {clients:>8} {rate:9.0f}'
        if clients != 'MB':
            for key in ('median', 'p99'):
                line += f' {1000 * statistics.median(r[key] for r in results):9.1f}'
        print(line)


if __name__ == '__main__':
    main()
