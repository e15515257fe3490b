"""Submissions that mean harm: they are refused, and kurd goes on for the others."""

import concurrent.futures
import os
import pathlib
import re
import signal
import time

import api
import harness

GOOD = '''
model:
  - input: {shape: [2]}
    name: point
  - dense: 1
    name: above
train:
  data: [{synthetic: {samples: 8, sources: {point: {shape: [2]}, above: {shape: [1]}}}}]
  epochs: 1
loss: [{target: above, name: mean_squared_error}]
'''

# A template's budget for all of a Kurfile, spent: about a second of a processor.
SLOW = GOOD + 'settings:\n' + ''.join(
    f'  s{i}: "{{% for i in range(990) %}}{{% for j in range(990) %}}{{% endfor %}}{{% endfor %}}"\n'
    for i in range(9))


class SubmissionsTest(harness.TestCase):

    USERS = [f'user{i}' for i in range(13)]

    def setUp(self):
        super().setUp()
        tokens = self.folder / 'tokens'
        tokens.write_text(''.join(f'{user}:{user}-secret-token\n' for user in self.USERS))
        tokens.chmod(0o600)
        self.address = f'127.0.0.1:{harness.free_port()}'
        self.kurd = self.start_kurd('--token-file', tokens, listen=self.address)
        self.pid = self.kurd.process.pid

    def client(self, user):
        client = api.Client(self.address, f'{user}-secret-token')
        self.addCleanup(client.channel.close)
        return client

    def memory(self):
        """Resident bytes of kurd."""
        status = pathlib.Path(f'/proc/{self.pid}/status').read_text(encoding='utf-8')
        return int(re.search(r'VmRSS:\s+(\d+) kB', status).group(1)) << 10

    def evaluators(self):
        """The process ids of kurd's evaluator; its children have their own."""
        children = pathlib.Path(f'/proc/{self.pid}/task')
        pids = ' '.join(task.joinpath('children').read_text() for task in children.iterdir()).split()
        return [int(pid) for pid in pids
                if b'kurd-evaluator' in pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()]

    def assert_serves(self):
        self.client('user0').submit(GOOD, validate_only=True)
        self.assertTrue(harness.is_alive(self.pid))

    def test_what_is_deep_or_large_beyond_reason_is_refused(self):
        client = self.client('user0')
        deep = 'settings.a' + '.b' * 10_000
        cases = {
            'a deep override': dict(overrides=[f'{deep}=1']),
            'a deep value of an override': dict(overrides=['settings.a=' + '[' * 30_000]),
            'many overrides': dict(overrides=[f'settings.a{i}=1' for i in range(2_000)]),
            'a deep list': dict(kurfile=GOOD + f'settings: {{a: {"[" * 5_000}{"]" * 5_000}}}\n'),
            'deep expressions': dict(
                kurfile=GOOD + f'settings: {{a: "{{{{ {"(" * 5_000}1{")" * 5_000} }}}}"}}\n'),
            'a deep literal': dict(
                kurfile=GOOD + f'settings: {{a: "{"[" * 5_000}{"]" * 5_000}"}}\n' +
                'more: "{{ a }}"\n'),
            'a value that nests itself': dict(
                kurfile=GOOD + 'settings: {a: "{% set n = namespace(v=[]) %}{% for i in '
                'range(100000) %}{% set n.v = [n.v] %}{% endfor %}{{ n.v }}"}\n'),
            'aliases that explode': dict(
                kurfile=GOOD + 'settings:\n  a0: &a0 [1, 1]\n' + ''.join(
                    f'  a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n' for i in range(1, 40))),
            'ten million layers': dict(
                kurfile=GOOD.replace('  - dense: 1\n', '  - for: {range: 10000000, iterate: '
                                     '[{dense: 2}]}\n  - dense: 1\n')),
            'a gigantic shape': dict(kurfile=GOOD.replace('shape: [2]', 'shape: [9e18, 9e18]')),
            'an include of itself': dict(kurfile=GOOD + 'include: k.yml\n'),
            'millions of devices': dict(
                kurfile=GOOD + 'settings: {backend: {device: "' +
                ','.join(['gpu0-1023'] * 50_000) + '"}}\n'),
        }
        for name, case in cases.items():
            with self.subTest(name):
                kurfile = case.pop('kurfile', GOOD)
                code, message = client.refusal(kurfile, validate_only=True, **case)
                self.assertEqual(code, 'INVALID_ARGUMENT', message)
                self.assertNotIn('crashed', message)
        self.assert_serves()

    def test_the_client_refuses_the_same(self):
        kurfile = self.folder / 'k.yml'
        kurfile.write_text(GOOD)
        for deep in ('settings.a' + '.b' * 10_000 + '=1', 'settings.a=' + '[' * 30_000):
            result = self.expect(harness.ERROR, self.run_program(
                'kurctl', 'validate', kurfile, '--set', deep))
            self.assertIn('error', result.err)

    def test_nothing_on_the_server_can_be_asked_for(self):
        client = self.client('user1')
        self.client('user0').submit(GOOD, project='secret-project')
        for there, not_there in (
                ('../../projects/user0/secret-project/*', '../../projects/user0/no-such-project/*'),
                ('../../projects/user0', '../../projects/user9'), ('../../kurd.db', '../../kurd.no'),
                ('../../*/*/*/*', '../../*/*/*/*/*/*'), ('../kurd.db', '../kurd.no'),
                ('/etc/passwd', '/etc/no-such'), ('/etc/pass*', '/etc/no-su*'),
                ('/proc/self/environ', '/proc/self/no-such'), ('./k.yml/..', './n.yml/..')):
            for ask in (lambda path: f"include: '{path}'\n" + GOOD,
                        lambda path: GOOD + 'settings: {a: "{{ load_yaml(\'' + path + '\') }}"}\n'):
                answers = []
                for probe in (there, not_there):
                    code, message = client.refusal(ask(probe), validate_only=True)
                    self.assertEqual(code, 'INVALID_ARGUMENT')
                    answers.append(re.sub(r':\d+:\d+:', ':', message.replace(probe, 'X')))
                self.assertEqual(answers[0], answers[1])

    def test_slow_kurfiles_of_many_users_hold_up_nobody(self):
        before = self.memory()
        quick = self.client('user12')
        quick.submit(GOOD, validate_only=True)
        slow = [self.client(user) for user in self.USERS[:12]]
        longest = 0
        with concurrent.futures.ThreadPoolExecutor(len(slow)) as pool:
            calls = [pool.submit(client.refusal, SLOW, validate_only=True) for client in slow]
            while not all(call.done() for call in calls):
                began = time.monotonic()
                quick.submit(GOOD, validate_only=True)
                longest = max(longest, time.monotonic() - began)
        for call in calls:
            self.assertEqual(call.result()[0], 'INVALID_ARGUMENT')
        print(f'another user waited at most {longest:.3f} s')
        # Far more than it takes, far less than to wait for the others.
        self.assertLess(longest, harness.PATIENCE / 2)
        self.assertLess(self.memory(), before + (32 << 20))

    def test_an_evaluator_that_is_killed_costs_no_submission(self):
        client = self.client('user0')
        for _ in range(5):
            [evaluator] = self.evaluators()
            os.kill(evaluator, signal.SIGKILL)
            client.submit(GOOD, validate_only=True)
        self.assert_serves()
