"""Connections by the thousand that say nothing, little or nonsense: kurd goes on for the others.

kurd runs with as few descriptors as an account often gets, and its own descriptors are no booty.
"""

import contextlib
import os
import pathlib
import re
import resource
import signal
import socket
import time
import unittest
import urllib.request

import harness
from test_team import TOKENS, make_certificate

DESCRIPTORS = 1024
ATTACKERS = 1300

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
# The beginning of a TLS handshake that is never finished.
HALF_HELLO = b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'x' * 30
# Settings of HTTP/2, and a request of which the headers never end.
ENDLESS_HEADERS = PREFACE + b'\0\0\0\x04\0\0\0\0\0' + b'\0\0\x01\x01\0\0\0\0\x01\x82'

# What an attacker sends at first.
OPENINGS = {'silent': b'', 'half a handshake': HALF_HELLO, 'nonsense': b'GET / HTTP/1.1\r\n' * 4,
            'slow': PREFACE[:5], 'half a request': ENDLESS_HEADERS}


class ConnectionsTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        if limits[1] < 2 * ATTACKERS:
            self.skipTest('the attacker needs more descriptors')
        certificate, key = make_certificate(self.folder)
        tokens = self.folder / 'tokens'
        tokens.write_text(f'anna:{TOKENS["anna"]}\n')
        tokens.chmod(0o600)
        self.port = harness.free_port()
        self.metrics = f'127.0.0.1:{harness.free_port()}'
        self.local = f'unix:{self.folder}/kurd.sock'
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.notify.bind(str(self.folder / 'notify'))
        self.certificate = certificate
        self.kurd = self.start_kurd(
            '--listen', self.local, '--tls-cert', certificate, '--tls-key', key, '--token-file',
            tokens, '--metrics', self.metrics, listen=f'127.0.0.1:{self.port}',
            env={'NOTIFY_SOCKET': self.folder / 'notify', 'WATCHDOG_USEC': 3_000_000},
            descriptors=DESCRIPTORS)

    def calls(self):
        """A call of a user over TCP, and one over the UNIX socket; how long the slower one took."""
        slowest = 0
        for arguments, env in (
                (('--tls-ca', self.certificate), {'KURCTL_TOKEN': TOKENS['anna']}),
                (('--server', self.local), {})):
            began = time.monotonic()
            self.expect(harness.OK, self.kurd.kurctl(*arguments, 'list', env=env))
            slowest = max(slowest, time.monotonic() - began)
        return slowest

    @contextlib.contextmanager
    def attack(self, address, opening, count=ATTACKERS):
        """Many connections that all begin so and stay, from the address that the users have, too."""
        with contextlib.ExitStack() as stack:
            connections = []
            for _ in range(count):
                connection = stack.enter_context(contextlib.closing(harness.open_socket(address)))
                with contextlib.suppress(OSError):
                    if address.startswith('unix:'):
                        connection.connect(address[len('unix:'):])
                    else:
                        connection.connect(('127.0.0.1', self.port))
                    connection.sendall(opening)
                connection.setblocking(False)
                connections.append(connection)
            yield connections

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.kurd.process.pid}/fd'))

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f'/proc/{self.kurd.process.pid}/status').read_text(encoding='utf-8')
        return int(re.search(r'VmRSS:\s+(\d+) kB', status).group(1)) << 10

    def turned_away(self):
        with urllib.request.urlopen(f'http://{self.metrics}/metrics',
                                    timeout=harness.PATIENCE) as page:
            text = page.read().decode()
        return sum(float(count) for count in re.findall(
            r'(?m)^kurd_connections_turned_away_total\{.*\} (\S+)$', text))

    def test_others_calls_go_on_and_everything_is_as_before(self):
        worker_socket = f'unix:{self.kurd.state}/worker.sock'
        self.calls()
        before = self.descriptors()
        # Once, so that what is kept for later is there.
        with self.attack(f'127.0.0.1:{self.port}', HALF_HELLO):
            self.calls()
        memory = self.memory()
        for address in (f'127.0.0.1:{self.port}', self.local, worker_socket):
            for name, opening in OPENINGS.items():
                with self.subTest(address=address, opening=name):
                    with self.attack(address, opening) as connections:
                        for _ in range(3):
                            self.assertLess(self.calls(), harness.PATIENCE / 4)
                        for connection in connections[-20:]:
                            with contextlib.suppress(OSError):
                                connection.sendall(b'x')
                        self.calls()
                        self.assertLess(self.descriptors(), DESCRIPTORS * 7 / 8)
                    self.calls()
        self.eventually('the descriptors are free again', lambda: self.descriptors() <= before + 5)
        self.assertLess(self.memory(), memory + (64 << 20))
        self.assertGreater(self.turned_away(), ATTACKERS)
        self.assertIn('connections were turned away: ', self.kurd.process.err)

    def test_the_service_manager_hears_of_a_kurd_that_serves_and_of_no_other(self):
        self.notify.settimeout(harness.PATIENCE)
        heard = [self.notify.recv(100) for _ in range(4)]
        self.assertEqual(set(heard), {b'READY=1', b'WATCHDOG=1'})
        with self.attack(f'127.0.0.1:{self.port}', HALF_HELLO):
            self.drain()
            self.assertEqual(self.notify.recv(100), b'WATCHDOG=1')
        # As a listener that is dead: the process lives, but nobody can connect to one address.
        (self.folder / 'kurd.sock').rename(self.folder / 'gone')
        self.eventually('kurd says so', lambda: 'kurd does not serve' in self.kurd.process.err)
        self.drain()
        self.notify.settimeout(3)
        self.assertRaises(TimeoutError, self.notify.recv, 100)
        (self.folder / 'gone').rename(self.folder / 'kurd.sock')
        self.notify.settimeout(harness.PATIENCE)
        self.assertEqual(self.notify.recv(100), b'WATCHDOG=1')
        self.kurd.process.signal(signal.SIGTERM)
        while self.notify.recv(100) != b'STOPPING=1':
            pass
        self.assertEqual(self.kurd.process.wait().code, 0)

    def drain(self):
        """Forgets the notifications that are there already."""
        self.notify.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.notify.recv(100):
                pass
        self.notify.settimeout(harness.PATIENCE)


if __name__ == '__main__':
    unittest.main()
