"""What the end-to-end tests share: folders that vanish, the real programs, and readers for what
they print.

A test starts programs only through here, and whatever it started is gone when it ends, found by
the process ids that it got itself.
"""

import contextlib
import http.server
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(os.environ['KUR_BIN'])
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

# How long anything may take before a test gives up. Never waited for when all is well; generous,
# because sanitizers and a busy machine are slow.
# Seconds; programs under a sanitizer get more.
PATIENCE = 120 * int(os.environ.get('KUR_TEST_PATIENCE', '1'))

# Exit codes of kurctl.
OK, ERROR, USAGE, JOB_FAILED, JOB_CANCELLED, UNREACHABLE, NOT_ALLOWED = range(7)


class Result:
    """How a command ended, and what it printed."""

    def __init__(self, arguments, code, out, err):
        self.arguments = arguments
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        """Standard output, one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self):
        command = ' '.join(map(str, self.arguments))
        out, err = (text if len(text) < 4000 else f'[...]{text[-4000:]}'
                    for text in (self.out, self.err))
        return f'{command}\nexit code {self.code}\n--- out\n{out}\n--- err\n{err}'


class TestCase(unittest.TestCase):
    """A test with a folder of its own, `self.folder`, and ways to run the programs."""

    # Who runs the programs; None: who runs the test. Only root can choose.
    user = None

    def setUp(self):
        # Short, because the path of a UNIX socket may not exceed 107 bytes.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='kur-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, handler):
        """A web server on a free port, until the test ends. Returns it."""
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def run_program(self, program, *arguments, cwd=None, env=None, timeout=PATIENCE, text=''):
        """Runs `program` of the build to its end, with pipes for a terminal; it can read `text`."""
        command = [str(BIN / program), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd or self.folder, env=clean_environment(env),
                              input=text, capture_output=True, text=True,
                              timeout=timeout, **identity(self.user))
        return Result(command, done.returncode, done.stdout, done.stderr)

    def start_program(self, program, *arguments, cwd=None, env=None, **limits):
        """Starts `program` of the build; stops it when the test ends. Its output goes to files."""
        process = Process([str(BIN / program), *map(str, arguments)], cwd or self.folder,
                          clean_environment(env), self.folder, user=self.user, **limits)
        self.addCleanup(process.kill)
        return process

    def start_kurd(self, *arguments, **options):
        """Starts a kurd that is ready to serve; stops it and its workers when the test ends."""
        kurd = Kurd(self, *arguments, **options)
        self.addCleanup(kurd.destroy)
        kurd.start()
        return kurd

    def expect(self, code, result):
        """Fails with everything that was printed unless the exit code is `code`."""
        self.assertEqual(result.code, code, f'\n{result}')
        return result

    def expect_refusal(self, result, *words):
        """A program that does not start, and says why."""
        self.assertIn(result.code, (ERROR, USAGE), f'\n{result}')
        for word in words:
            self.assertIn(str(word), result.err)

    def eventually(self, what, condition):
        """Waits for `condition()` to be true and returns its value."""
        return eventually(what, condition)


class Process:
    """A program in the background, on these processors and with so many descriptors if given."""

    def __init__(self, command, cwd, env, folder, processors=None, descriptors=None, user=None):
        self._command = command
        descriptor, self._out = tempfile.mkstemp(prefix='out-', dir=folder)
        error_descriptor, self._err = tempfile.mkstemp(prefix='err-', dir=folder)

        def limit():
            if processors:
                os.sched_setaffinity(0, processors)
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        self._process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                         stdout=descriptor, stderr=error_descriptor,
                                         preexec_fn=limit, **identity(user))
        os.close(descriptor)
        os.close(error_descriptor)

    @property
    def pid(self):
        return self._process.pid

    @property
    def out(self):
        return pathlib.Path(self._out).read_text(encoding='utf-8')

    @property
    def err(self):
        return pathlib.Path(self._err).read_text(encoding='utf-8')

    @property
    def lines(self):
        """Standard output, one JSON object a complete line."""
        return [json.loads(line) for line in self.out.splitlines(keepends=True)
                if line.endswith('\n')]

    def running(self):
        return self._process.poll() is None

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        if self.running():
            self._process.kill()
        self._process.wait()

    def wait(self, timeout=PATIENCE):
        """Waits for the end and returns it."""
        code = self._process.wait(timeout)
        return Result(self._command, code, self.out, self.err)


class Kurd:
    """A kurd with a state directory of its own, which can be stopped, killed and started again.

    It has `processors`; by default one, so that its jobs train with one thread: exact, and steady on
    a busy machine.
    """

    def __init__(self, test, *arguments, state=None, listen=None, devices='cpu:1', env=None,
                 processors=None, descriptors=None):
        self._test = test
        self.state = state or test.folder / 'state'
        self.address = listen or f'unix:{test.folder}/kurd.sock'
        self._arguments = ['--state-dir', self.state, '--listen', self.address,
                           '--devices', devices, *arguments]
        self._env = env
        mine = sorted(os.sched_getaffinity(0))
        self._limits = {'processors': processors or {mine[os.getpid() % len(mine)]},
                        'descriptors': descriptors}
        self.process = None

    def start(self):
        self.process = self._test.start_program('kurd', *self._arguments, env=self._env,
                                                **self._limits)
        eventually('kurd accepts connections', self._listening)

    def _listening(self):
        if not self.process.running():
            raise AssertionError(f'kurd ended:\n{self.process.wait()}')
        return accepts_connections(self.address)

    def stop(self):
        """As systemd stops it."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait()

    def kill(self):
        """As a crash ends it."""
        self.process.kill()

    def restart_after_crash(self):
        self.kill()
        self.start()

    def destroy(self):
        if self.process is not None:
            self.process.kill()
        for pid in self.worker_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            eventually('the worker is gone', lambda pid=pid: not is_alive(pid))

    def worker_pids(self):
        """The worker processes of this state directory."""
        pids = []
        for entry in pathlib.Path('/proc').iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                command = (entry / 'cmdline').read_bytes().split(b'\0')
                if (command[0].endswith(b'kurd-worker') and
                        any(os.fsencode(self.state) in argument for argument in command) and
                        is_alive(int(entry.name))):
                    pids.append(int(entry.name))
        return pids

    # kurctl, as the user on this machine.

    def environment(self, **more):
        return {'KURCTL_SERVER': self.address, **more}

    def kurctl(self, *arguments, cwd=None, env=None, text=''):
        return self._test.run_program('kurctl', *arguments, cwd=cwd, text=text,
                                      env=self.environment(**(env or {})))

    def start_kurctl(self, *arguments, cwd=None, env=None):
        return self._test.start_program('kurctl', *arguments, cwd=cwd,
                                        env=self.environment(**(env or {})))

    def submit(self, kurfile, *arguments, env=None):
        """Submits and returns the job's name."""
        result = self._test.expect(
            OK, self.kurctl('submit', kurfile, '-o', 'name', *arguments, env=env))
        return result.out.strip()

    def wait(self, job, code=OK):
        """Waits for the job to end and returns it."""
        self._test.expect(code, self.kurctl('wait', job))
        return self.describe(job)

    def describe(self, job):
        return self._test.expect(OK, self.kurctl('describe', job, '-o', 'json')).json

    def events(self, job, *arguments):
        return self._test.expect(OK, self.kurctl('events', job, *arguments)).lines

    def jobs(self):
        """Every job that the user sees, newest first."""
        return items(self._test.expect(OK, self.kurctl('list', '-o', 'json')).json, 'jobs')

    def wait_for_event(self, job, kind, count=1):
        """Waits until the job has `count` events of a kind, and returns the last of them."""
        def found():
            matching = [event for event in self.events(job) if kind in event]
            return matching[count - 1] if len(matching) >= count else None
        return eventually(f'{job} has {count} {kind}', found)

    def worker_pid(self, job):
        return eventually('the worker runs',
                          lambda: int(self.describe(job).get('worker_pid') or 0))


def clean_environment(more=None):
    """The environment of a program: nothing of the person who runs the tests, one thread."""
    kept = {name: value for name, value in os.environ.items()
            if name in ('PATH', 'HOME', 'LANG', 'LD_LIBRARY_PATH') or name.endswith('SAN_OPTIONS')}
    return {**kept, 'OMP_NUM_THREADS': '1', **{key: str(value)
                                               for key, value in (more or {}).items()}}


def libraries(program):
    """What the program loads when it starts, as ldd says it."""
    return subprocess.run(['ldd', BIN / program], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def identity(user):
    """Arguments with which subprocess runs a program as `user`, who is in no group but one."""
    return {} if user is None else {'user': user, 'group': 'nogroup', 'extra_groups': []}


def eventually(what, condition):
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {PATIENCE} s in vain until {what}')
        time.sleep(0.05)


def is_alive(pid):
    """Whether the process exists and is not a zombie."""
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text(encoding='utf-8')
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(')')[2].split()[0] != 'Z'


def accepts_connections(address):
    with contextlib.closing(open_socket(address)) as connection:
        with contextlib.suppress(OSError):
            if address.startswith('unix:'):
                connection.connect(address[len('unix:'):])
            else:
                host, _, port = address.rpartition(':')
                connection.connect((host, int(port)))
            return True
    return False


def open_socket(address):
    family = socket.AF_UNIX if address.startswith('unix:') else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM)


def free_port():
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


# Readers. Protobuf's JSON leaves out zeros and writes 64-bit integers as strings.

def items(data, key):
    """The list in what `-o json` prints, bare or under its key."""
    return data if isinstance(data, list) else data.get(key, [])


# What short epochs send packed: such events share the number of the one that they came in.
PACKED = ('epoch_started', 'batch_losses', 'epoch_finished', 'measured')


def numbers(events, kind='number'):
    """The number of each event, or its `worker_sequence`; of those that came packed, once."""
    found = []
    for event in events:
        number = int(event[kind])
        if not (number in found[-1:] and any(kind in event for kind in PACKED)):
            found.append(number)
    return found


def numbers_and_range(events, kind='number'):
    """The numbers of events, and what they are where no one is missing or there twice."""
    found = numbers(events, kind)
    return found, list(range(1, len(found) + 1))


def losses(events):
    """Every batch's loss by (epoch, batch)."""
    found = {}
    for event in events:
        batch = event.get('batch_losses')
        if batch:
            first = int(batch['first_batch'])
            for offset, loss in enumerate(batch['losses']):
                found[int(batch['epoch']), first + offset] = loss
    return found


def states(events):
    """The states that a job went through, without their prefix."""
    return [event['state_changed']['state'].replace('JOB_STATE_', '')
            for event in events if 'state_changed' in event]


def state(job):
    return job['state'].replace('JOB_STATE_', '')


def measured(events, section='validate'):
    return [event['measured'] for event in events
            if event.get('measured', {}).get('section') == section]


def without_time(events):
    return [{key: value for key, value in event.items() if key != 'time'} for event in events]


def tensors(path):
    """The tensors of a safetensors file: name to (type, shape, bytes)."""
    content = pathlib.Path(path).read_bytes()
    size = int.from_bytes(content[:8], 'little')
    header = json.loads(content[8:8 + size])
    data = content[8 + size:]
    return {name: (entry['dtype'], entry['shape'], data[slice(*entry['data_offsets'])])
            for name, entry in header.items() if name != '__metadata__'}
