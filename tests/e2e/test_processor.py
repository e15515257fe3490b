"""The kernels that libraries choose for the processor are checked, not believed."""

import contextlib
import ctypes
import pathlib
import platform
import re
import signal
import struct
import time
import unittest

import data
import harness

WRONG_BLAS = harness.BIN.parent / 'tests' / 'wrong_blas.so'


def name_of(pid):
    return pathlib.Path(f'/proc/{pid}/comm').read_text().strip()


def slice_of(thread):
    """Returns the time slice of a thread in nanoseconds, 0 before Linux 6.12."""
    attributes = struct.pack('IIQiIQQQ', *[0] * 8)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    call = {'x86_64': 315, 'aarch64': 275}[platform.machine()]
    if ctypes.CDLL(None, use_errno=True).syscall(call, thread, buffer, len(attributes), 0) != 0:
        raise OSError(ctypes.get_errno(), 'sched_getattr')
    return struct.unpack('IIQiIQQQ', buffer.raw)[5]


def preferred():
    """Returns the kernels that kurd prefers on this processor, then the next."""
    flags = set()
    vendor = ''
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('flags'):
            flags = set(line.split(':')[1].split())
        if line.startswith('vendor_id'):
            vendor = line.split(':')[1].strip()
    avx2 = 'Zen' if vendor in ('AuthenticAMD', 'HygonGenuine') else 'Haswell'
    names = []
    if {'avx2', 'fma'} <= flags:
        if {'avx512f', 'avx512bw', 'avx512dq', 'avx512vl'} <= flags:
            names.append('SkylakeX')
        names.append(avx2)
    return names + ['', 'Prescott']


class LibrariesTest(harness.TestCase):

    def test_the_library_of_cpp_comes_before_libtorch(self):
        """Which may export parts of one of its own: those of PyPI's 2.11 crash."""
        loaded = re.findall(r'^\s*(\S+) => ', harness.libraries('kurd-worker'), re.MULTILINE)
        of_torch = [name for name in loaded if name.startswith(('libtorch', 'libc10'))]
        self.assertLess(loaded.index('libstdc++.so.6'), loaded.index(of_torch[0]))


class ThreadsTest(harness.TestCase):

    def test_a_worker_has_one_openmp_library(self):
        """Two of them fight for the processors, and may crash."""
        kurfile = data.write_points_project(self.folder / 'here', epochs=100000)
        worker = self.start_program('kurd-worker', 'run', kurfile, '--threads', 2)
        self.eventually('it trains', lambda: any('batch' in key for event in worker.lines
                                                 for key in event))
        mapped = {line.split()[-1] for line in
                  pathlib.Path(f'/proc/{worker.pid}/maps').read_text().splitlines()
                  if re.search(r'/lib(gomp|iomp|omp)[^/]*$', line)}
        self.assertEqual(len(mapped), 1, mapped)

    @unittest.skipIf(slice_of(0) == 0, 'this kernel has one time slice for all')
    def test_a_worker_asks_for_short_time_slices(self):
        kurfile = data.write_points_project(self.folder / 'here', epochs=100000)
        worker = self.start_program('kurd-worker', 'run', kurfile, '--threads', 2)
        self.eventually('it trains', lambda: any('batch' in key for event in worker.lines
                                                 for key in event))
        slices = set()
        for task in pathlib.Path(f'/proc/{worker.pid}/task').iterdir():
            with contextlib.suppress(ProcessLookupError):  # threads end meanwhile
                slices.add(slice_of(int(task.name)))
        self.assertEqual(slices, {100000})


@unittest.skipUnless('libblas' in harness.libraries('kurd-worker'),
                     'this libtorch brings its own products of matrices')
class ProcessorTest(harness.TestCase):

    def run_with(self, does, cores, code=harness.OK, **environment):
        kurfile = data.write_points_project(self.folder / 'here', epochs=1)
        environment = {'LD_PRELOAD': str(WRONG_BLAS), 'KUR_TEST_BLAS': does,
                       'KUR_TEST_BLAS_CORES': ':'.join(cores), **environment}
        return self.expect(code, self.run_program(
            'kurd-worker', 'run', kurfile, '--seed', 1, env=environment))

    def warnings(self, result):
        return [event['log_line']['text'] for event in result.lines
                if event.get('log_line', {}).get('level') == 'LEVEL_WARNING']

    def test_right_kernels_are_not_spoken_of(self):
        self.assertEqual(self.warnings(self.run_with('wrong', ['no-such-core'])), [])

    def test_wrong_ones_are_left_for_the_next(self):
        first, second = preferred()[:2]
        left, now = self.warnings(self.run_with('wrong', [first]))
        self.assertIn(f'OPENBLAS_CORETYPE={first}' if first else "the libraries' own", left)
        self.assertIn('are wrong: ', left)
        self.assertIn(second or "the libraries' own", now)

    def test_so_are_those_that_crash(self):
        left, _ = self.warnings(self.run_with('crash', preferred()[:1]))
        self.assertTrue(left.endswith('they crash'), left)

    def test_so_are_slow_ones(self):
        left, _ = self.warnings(self.run_with('slow', preferred()[:1]))
        self.assertIn('products are slower than plain loops', left)

    def test_so_are_those_that_hang(self):
        left, _ = self.warnings(self.run_with('hang', preferred()[:1]))
        self.assertTrue(left.endswith('they do not come to an end'), left)

    def test_each_choice_that_crashes_is_left(self):
        *bad, good = preferred()
        *left, now = self.warnings(self.run_with('crash', bad))
        self.assertEqual(len(left), len(bad))
        self.assertIn(good, now)

    def test_no_timer_of_a_check_is_left_to_the_next_program(self):
        """Timers outlive the execution of another program."""
        for does in ('crash', 'wrong'):
            self.assertEqual(self.run_with(does, preferred()[:-1]).err, '')

    def test_who_is_to_end_ends(self):
        """Also when the signal comes between one program and the next."""
        for delay in (0, 0.02, 0.05, 0.1, 0.2):
            kurfile = data.write_points_project(self.folder / f'here-{delay}', epochs=100000)
            worker = self.start_program(
                'kurd-worker', 'run', kurfile,
                env={'LD_PRELOAD': str(WRONG_BLAS), 'KUR_TEST_BLAS': 'crash',
                     'KUR_TEST_BLAS_CORES': ':'.join(preferred()[:-1])})
            self.eventually('it was executed', lambda: worker.err or name_of(worker.pid))
            time.sleep(delay)
            worker.signal(signal.SIGTERM)
            worker.wait()

    def test_its_name_stays(self):
        kurfile = data.write_points_project(self.folder / 'here', epochs=100000)
        worker = self.start_program('kurd-worker', 'run', kurfile)
        self.eventually('it trains', lambda: len(worker.lines) > 2)
        self.assertEqual(name_of(worker.pid), 'kurd-worker')

    def test_where_all_are_wrong_nothing_is_trained(self):
        result = self.run_with('wrong', preferred(), code=3)
        self.assertIn('this machine\'s libraries compute wrong', result.err)
        self.assertEqual(list((self.folder / 'here').glob('*.kur')), [])

    def test_what_a_person_has_set_is_kept_and_named_where_it_is_wrong(self):
        result = self.run_with('wrong', ['Nehalem'], code=3, OPENBLAS_CORETYPE='Nehalem')
        self.assertIn('OPENBLAS_CORETYPE is set in the environment', result.err)


if __name__ == '__main__':
    unittest.main()
