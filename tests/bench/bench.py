#!/usr/bin/python3
"""Measures kurd beside PyTorch on this machine: see README.md."""

import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import workloads

HERE = pathlib.Path(__file__).resolve().parent
STOCK_ARMS = ('P0', 'P1', 'P2')  # Debian's own python3: it is the one that python3-torch belongs to
CURRENT_ARMS = ('P3', 'P4')
# Every arm's first epoch warms caches and allocators, and is not counted.
EPOCHS = 2


def cpu_flags():
    for line in pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines():
        if line.startswith('flags'):
            return line.split(':')[1].split()
    return []


def environment(threads, tuned):
    """What a process gets; `tuned` is what one would set by hand after reading for a day."""
    kept = {name: os.environ[name] for name in ('PATH', 'HOME', 'LANG') if name in os.environ}
    result = {**kept, 'OMP_NUM_THREADS': str(threads), 'OPENBLAS_NUM_THREADS': str(threads)}
    if tuned:
        wide = 'avx512f' in cpu_flags()
        result.update({
            'OPENBLAS_CORETYPE': 'SkylakeX' if wide else 'Haswell',
            'ATEN_CPU_CAPABILITY': 'avx512' if wide else 'avx2',
            'MALLOC_MMAP_THRESHOLD_': str(32 << 20),
            'MALLOC_TRIM_THRESHOLD_': str(2 << 30),
            'MALLOC_TOP_PAD_': str(256 << 20),
        })
    return result


def pinned(threads):
    """Every arm gets exactly as many processors as it has threads."""
    return ['taskset', '-c', ','.join(map(str, sorted(os.sched_getaffinity(0))[:threads]))]


@contextlib.contextmanager
def busy(loops, threads):
    """So many programs that only count, on the processors of the arms."""
    command = [*pinned(threads), sys.executable, '-S', '-c', 'while True: pass']
    running = [subprocess.Popen(command) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def run_torch(python, workload, arm, threads, folder):
    command = [*pinned(threads), python, '-B', HERE / 'torch_arm.py', workload,
               '--arm', arm, '--threads', threads, '--epochs', EPOCHS, '--folder', folder]
    done = subprocess.run(list(map(str, command)), env=environment(threads, arm != 'P0'),
                          check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(done.stdout)
    return result['seconds'][-1], result['peak_rss'], None


def run_worker(programs, workload, threads, folder):
    kurfile = folder / f'{workload}.yml'
    kurfile.write_text(workloads.kurfile(workload, folder, EPOCHS), encoding='utf-8')
    command = [*pinned(threads), programs / 'kurd-worker', 'run', kurfile, '--threads', threads,
               '--seed', 1]
    with tempfile.TemporaryFile(mode='w+') as out:
        process = subprocess.Popen(list(map(str, command)), stdout=out,
                                   env=environment(threads, tuned=False))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f'kurd-worker ended with {process.returncode} on {kurfile}')
        out.seek(0)
        events = [json.loads(line) for line in out]
    finished = [event['epoch_finished'] for event in events if 'epoch_finished' in event]
    batches, batch_size = workloads.BATCHES[workload]
    assert int(finished[-1]['samples']) == batches * batch_size
    seconds = finished[-1]['seconds']
    return seconds, usage.ru_maxrss * 1024, finished[-1].get('data_seconds', 0) / seconds


def calibrate(threads):
    """What the machine does at best with that many threads."""
    command = [*pinned(threads), '/usr/bin/python3', '-B', HERE / 'calibrate.py',
               '--threads', threads]
    done = subprocess.run(list(map(str, command)), env=environment(threads, tuned=True),
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def floor_seconds(programs, workload, peaks, folder):
    """The least time of a step: as much as its arithmetic takes, or its traffic with memory."""
    kurfile = folder / f'{workload}.yml'
    kurfile.write_text(workloads.kurfile(workload, folder, EPOCHS), encoding='utf-8')
    done = subprocess.run([str(programs / 'kurctl'), 'plan', str(kurfile), '-o', 'json'],
                          check=True, stdout=subprocess.PIPE, text=True)
    step = json.loads(done.stdout)['training']
    return max(step['step_flops'] / max(peaks['gemm_flops'], peaks['convolution_flops']),
               step['step_bytes_moved'] / peaks['copy_bytes'])


def measure_training(programs, pythons, workload, threads, peaks, rounds, folder):
    """Samples a second and peak memory of every arm in `rounds` rounds, one after the other."""
    batches, batch_size = workloads.BATCHES[workload]
    arms = (*pythons, 'K')
    speeds = {arm: [] for arm in arms}
    memory = {arm: 0 for arm in arms}
    waits = []
    for number in range(rounds):
        # Another arm goes first each time.
        order = arms[number % len(arms):] + arms[:number % len(arms)]
        for arm in order:
            seconds, peak, waited = (run_worker(programs, workload, threads, folder)
                                     if arm == 'K'
                                     else run_torch(pythons[arm], workload, arm, threads, folder))
            if waited is not None:
                waits.append(waited)
            speeds[arm].append(batches * batch_size / seconds)
            memory[arm] = max(memory[arm], peak)
            print(f'  {workload}, {threads} threads, round {number + 1}: {arm} '
                  f'{speeds[arm][-1]:.0f} samples/s', file=sys.stderr)
    ratios = {arm: spread([ours / theirs for ours, theirs in zip(speeds['K'], speeds[arm])])
              for arm in pythons}
    medians = {arm: statistics.median(speeds[arm]) for arm in arms}
    floor = floor_seconds(programs, workload, peaks, folder)
    return {'workload': workload, 'threads': threads, 'samples_per_second': medians,
            'ratio': ratios, 'peak_rss': memory, 'floor_seconds': floor,
            'waiting_for_data': statistics.median(waits),
            'of_floor': {arm: floor * medians[arm] / batch_size for arm in arms}}


def measure_crowded(programs, pythons, workload, threads, loops, rounds, folder):
    """How much of its speed alone each arm keeps beside `loops` busy loops. Threads that share
    evenly keep threads / (threads + loops)."""
    runs = {'K': lambda: run_worker(programs, workload, threads, folder)[0],
            **{arm: lambda arm=arm: run_torch(pythons[arm], workload, arm, threads, folder)[0]
               for arm in ('P0', 'P2', 'P3') if arm in pythons}}
    kept = {arm: [] for arm in runs}
    speeds = {arm: [] for arm in runs}
    batches, batch_size = workloads.BATCHES[workload]
    for number in range(rounds):
        for arm, run in runs.items():
            alone = run()
            with busy(loops, threads):
                crowded = run()
            kept[arm].append(alone / crowded)
            speeds[arm].append(batches * batch_size / crowded)
            print(f'  {workload}, {threads} threads beside {loops} loops, round {number + 1}: {arm} '
                  f'{batches * batch_size / alone:.0f} alone, {speeds[arm][-1]:.0f} samples/s beside '
                  'them', file=sys.stderr)
    return {'workload': workload, 'threads': threads, 'loops': loops,
            'fair': threads / (threads + loops),
            'kept': {arm: spread(values) for arm, values in kept.items()},
            'samples_per_second': {arm: statistics.median(values)
                                   for arm, values in speeds.items()}}


def spread(values):
    return {'median': statistics.median(values), 'min': min(values), 'max': max(values)}


@contextlib.contextmanager
def serving(programs, folder):
    """A kurd; yields its process and the environment of its clients."""
    address = f'unix:{folder}/kurd.sock'
    env = {**environment(1, tuned=False), 'KURCTL_SERVER': address}
    kurd = subprocess.Popen([str(programs / 'kurd'), '--state-dir', str(folder / 'state'),
                             '--listen', address, '--data-root', str(workloads.FASHION_MNIST)],
                            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not (folder / 'kurd.sock').exists():
            if kurd.poll() is not None or time.monotonic() > deadline:
                raise SystemExit('kurd does not start')
            time.sleep(0.01)
        yield kurd, env
    finally:
        kurd.send_signal(signal.SIGTERM)
        kurd.wait()


def resident(pid):
    for line in pathlib.Path(f'/proc/{pid}/status').read_text(encoding='utf-8').splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) * 1024
    raise SystemExit(f'process {pid} has no VmRSS')


def measure_service(programs, rounds, folder):
    """Seconds from `kurctl submit` to the first batch's loss at a watcher, and kurd's memory."""
    kurfile = folder / 'fashion-mnist.yml'
    kurfile.write_text(workloads.kurfile('fashion-mnist', folder, epochs=1000), encoding='utf-8')
    kurctl = str(programs / 'kurctl')
    delays = []
    with serving(programs, folder) as (kurd, env):
        subprocess.run([kurctl, 'list'], env=env, check=True, stdout=subprocess.DEVNULL)
        idle = resident(kurd.pid)
        for _ in range(rounds):
            begin = time.perf_counter()
            job = subprocess.run([kurctl, 'submit', str(kurfile), '-o', 'name'], env=env,
                                 check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
            with subprocess.Popen([kurctl, 'events', job, '-f'], env=env, stdout=subprocess.PIPE,
                                  text=True) as events:
                for line in events.stdout:
                    if 'batch_losses' in json.loads(line):
                        delays.append(time.perf_counter() - begin)
                        break
                else:
                    raise SystemExit(f'{job} has trained nothing')
                subprocess.run([kurctl, 'cancel', job], env=env, check=True,
                               stdout=subprocess.DEVNULL)
                events.stdout.read()
        after = resident(kurd.pid)
    return {'submit_to_first_batch_seconds': spread(delays), 'kurd_rss_idle': idle,
            'kurd_rss_after_jobs': after}


def table(results):
    arms = list(results['training'][0]['samples_per_second'])
    others = arms[:-1]
    lines = [f'{"workload":<14} {"thr":>3}  ' + '  '.join(f'{arm:>8}' for arm in arms) + '   ' +
             ''.join(f'{f"K/{arm} (spread)":<20}' for arm in others) +
             'peak MB P2 / K   of the floor P2 / K   K waits for data']
    for row in results['training']:
        speeds = '  '.join(f'{row["samples_per_second"][arm]:8.0f}' for arm in arms)
        ratios = '   '.join('{median:5.2f} ({min:.2f}-{max:.2f})'.format(**row['ratio'][arm])
                            for arm in others)
        peak = f'{row["peak_rss"]["P2"] / 2**20:7.0f} / {row["peak_rss"]["K"] / 2**20:<4.0f}'
        floor = f'{row["of_floor"]["P2"]:11.0%} / {row["of_floor"]["K"]:.0%}'
        lines.append(f'{row["workload"]:<14} {row["threads"]:>3}  {speeds}   {ratios}   {peak}   '
                     f'{floor:<20}   {row["waiting_for_data"]:.1%}')
    lines += ['', 'Samples per second (median); ratios are medians of paired runs.']
    for row in results['crowded']:
        kept = '   '.join(f'{arm} ' + '{median:.2f} ({min:.2f}-{max:.2f})'.format(**values) +
                          f', {row["samples_per_second"][arm]:.0f} samples/s'
                          for arm, values in row['kept'].items())
        lines.append(f'{row["workload"]}, {row["threads"]} threads beside {row["loops"]} busy loops '
                     f'keeps of its speed (fair: {row["fair"]:.2f}):   {kept}')
    for threads, peaks in results['peaks'].items():
        lines.append(f'The machine, {threads} threads: matrices {peaks["gemm_flops"] / 1e9:.0f} '
                     f'GFLOP/s, convolution {peaks["convolution_flops"] / 1e9:.0f} GFLOP/s, '
                     f'copying {peaks["copy_bytes"] / 1e9:.1f} GB/s.')
    if results['service']:
        service = results['service']
        delay = service['submit_to_first_batch_seconds']
        lines += ['',
                  f'submit to first batch   {delay["median"]:.2f} s '
                  f'({delay["min"]:.2f}-{delay["max"]:.2f})',
                  f'kurd, idle              {service["kurd_rss_idle"] / 2**20:.0f} MB resident',
                  f'kurd, after its jobs    {service["kurd_rss_after_jobs"] / 2**20:.0f} MB resident']
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bin', type=pathlib.Path, default=HERE.parents[1] / 'build' / 'bin')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, nargs='*', default=[1, 2])
    parser.add_argument('--workloads', nargs='*', choices=workloads.BATCHES,
                        default=list(workloads.BATCHES))
    parser.add_argument('--beside', type=int, default=0, metavar='LOOPS',
                        help='measure as well what is left beside so many busy loops')
    parser.add_argument('--current', metavar='PYTHON',
                        help='a Python with current PyTorch, for the arms P3 and P4')
    parser.add_argument('--no-service', action='store_true', help='training speed only')
    parser.add_argument('--json', type=pathlib.Path, help='write the numbers there as well')
    arguments = parser.parse_args()
    programs = arguments.bin.resolve()
    pythons = {arm: '/usr/bin/python3' for arm in STOCK_ARMS}
    if arguments.current:
        pythons.update({arm: arguments.current for arm in CURRENT_ARMS})

    with tempfile.TemporaryDirectory(prefix='kur-bench-') as name:
        folder = pathlib.Path(name)
        for workload in arguments.workloads:
            workloads.prepare(workload, folder)
        peaks = {threads: calibrate(threads) for threads in arguments.threads}
        results = {
            'peaks': peaks,
            'training': [measure_training(programs, pythons, workload, threads,
                                          peaks[threads], arguments.rounds, folder)
                         for workload in arguments.workloads for threads in arguments.threads],
            'crowded': [measure_crowded(programs, pythons, workload, threads,
                                        arguments.beside, arguments.rounds, folder)
                        for workload in arguments.workloads for threads in arguments.threads
                        if arguments.beside],
            'service': (None if arguments.no_service
                        else measure_service(programs, arguments.rounds, folder)),
        }
    print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
