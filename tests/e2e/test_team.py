"""kurd for a team: TCP, TLS and tokens; what is one user's is nobody else's."""

import http.client
import pickle
import re
import signal
import socket
import ssl
import subprocess
import sys
import unittest

import data
import harness

TOKENS = {'anna': 'anna-token-0123456789', 'boris': 'boris-token-0123456789'}


def make_certificate(folder, name='server'):
    """A self-signed certificate for 127.0.0.1: the paths of the certificate and its key."""
    certificate, key = folder / f'{name}.crt', folder / f'{name}.key'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                    '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
                    '-keyout', key, '-out', certificate], check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


class TeamTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.certificate, self.key = make_certificate(self.folder)
        self.tokens = self.folder / 'tokens'
        self.tokens.write_text(''.join(f'{user}:{token}\n' for user, token in TOKENS.items()))
        self.tokens.chmod(0o600)
        self.metrics = f'127.0.0.1:{harness.free_port()}'
        self.kurd = self.start_kurd(
            '--tls-cert', self.certificate, '--tls-key', self.key, '--token-file', self.tokens,
            '--metrics', self.metrics, listen=f'127.0.0.1:{harness.free_port()}')
        self.kurfile = data.write_points_project(self.folder / 'here')

    def kurctl(self, user, *arguments, cwd=None, certificate=None):
        env = {'KURCTL_TOKEN': TOKENS.get(user, user)} if user else {}
        return self.kurd.kurctl('--tls-ca', certificate or self.certificate, *arguments, cwd=cwd,
                                env=env)

    def submit(self, user, *arguments):
        return self.expect(harness.OK, self.kurctl(
            user, 'submit', self.kurfile, '-o', 'name', *arguments)).out.strip()


class RemoteTest(TeamTest):

    def test_the_tutorial_is_trained_with_nothing_shared(self):
        laptop = self.folder / 'laptop'
        laptop.mkdir()
        tutorial = harness.REPOSITORY / 'deploy' / 'examples' / 'tutorial'
        (laptop / 'tutorial.yml').write_bytes((tutorial / 'tutorial.yml').read_bytes())
        subprocess.run([sys.executable, tutorial / 'make_points.py', laptop], check=True)

        fetched = laptop / 'fetched'
        result = self.expect(harness.OK, self.kurctl(
            'anna', 'submit', 'tutorial.yml', '--follow', '--fetch', fetched, cwd=laptop))
        self.assertNotIn('\x1b', result.out + result.err)
        self.assertTrue(harness.tensors(fetched / 'tutorial.last.kur'))
        self.assertTrue(harness.tensors(fetched / 'tutorial.best.kur'))

        self.expect(harness.OK, self.kurctl('anna', 'submit', 'tutorial.yml', '--mode', 'evaluate',
                                            '--follow', '--fetch', fetched, cwd=laptop))
        with open(fetched / 'results.pkl', 'rb') as file:
            results = pickle.load(file)
        right = (results['result']['above'] > 0) == (results['truth']['above'] > 0)
        self.assertGreater(right.mean(), 0.9)

    def test_metrics_are_served(self):
        self.expect(harness.OK, self.kurctl('anna', 'wait', self.submit('anna')))
        connection = http.client.HTTPConnection(self.metrics, timeout=harness.PATIENCE)
        connection.request('GET', '/metrics')
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        self.assertEqual(response.status, 200)
        self.assertRegex(text, r'(?m)^kurd?_\w*jobs\w*\{.*\} 1$')
        for token in TOKENS.values():
            self.assertNotIn(token, text)


class PermissionTest(TeamTest):

    def test_nothing_is_answered_without_a_valid_token(self):
        job = self.submit('anna')
        commands = (('list',), ('devices',), ('describe', job), ('logs', job), ('watch', job),
                    ('events', job), ('cancel', job), ('wait', job), ('checkpoints', job),
                    ('download', job, 'last.kur'), ('submit', self.kurfile))
        for token in (None, 'nonsense', TOKENS['anna'] + 'x', TOKENS['anna'][:-1]):
            for command in commands:
                with self.subTest(token=token, command=command[0]):
                    result = self.expect(harness.NOT_ALLOWED, self.kurctl(token, *command))
                    self.assertEqual(result.out, '')
        self.expect(harness.OK, self.kurctl('anna', 'wait', job))

    def test_a_token_that_no_header_could_hold_is_refused_before_it_is_sent(self):
        for token in ('t\u00f6k\u00e9n', 'two words', 'two\nlines', 'bell\x07'):
            with self.subTest(token):
                result = self.expect(harness.ERROR, self.kurctl(token, 'list'))
                self.assertIn('the token has characters that no token has', result.err)

    def test_another_user_can_do_nothing_with_a_job(self):
        job = self.submit('anna')
        for command in (('describe', job), ('logs', job), ('watch', job), ('events', job),
                        ('cancel', job), ('wait', job), ('checkpoints', job),
                        ('download', job, 'last.kur')):
            with self.subTest(command[0]):
                result = self.expect(harness.ERROR, self.kurctl('boris', *command))
                self.assertEqual(result.out, '')
                self.assertIn(f"there is no job '{job}'", result.err)
        listed = self.expect(harness.OK, self.kurctl('boris', 'list', '-o', 'json'))
        self.assertEqual(harness.items(listed.json, 'jobs'), [])
        self.expect(harness.OK, self.kurctl('anna', 'wait', job))

    def test_prefixes_do_not_reach_other_users_jobs(self):
        job = self.submit('anna', '--name', 'secret')
        result = self.kurctl('boris', 'describe', 'sec')
        self.assertEqual(result.code, harness.ERROR)
        self.assertNotIn(job, result.out + result.err)
        self.expect(harness.OK, self.kurctl('anna', 'wait', job))

    def test_users_have_workspaces_of_their_own(self):
        first, second = self.submit('anna'), self.submit('boris')
        self.expect(harness.OK, self.kurctl('anna', 'wait', first))
        self.expect(harness.OK, self.kurctl('boris', 'wait', second))
        events = self.expect(harness.OK, self.kurctl('boris', 'events', second)).lines
        self.assertEqual(min(harness.losses(events)), (1, 1))

    def test_a_token_never_shows(self):
        job = self.submit('anna')
        self.expect(harness.OK, self.kurctl('anna', 'wait', job))
        shown = ''.join(self.kurctl('anna', *command).out for command in (
            ('describe', job, '-o', 'json'), ('events', job), ('logs', job)))
        self.assertNotIn(TOKENS['anna'], shown + self.kurd.process.out + self.kurd.process.err)

    def test_a_server_with_another_certificate_is_not_trusted(self):
        other, _ = make_certificate(self.folder, 'other')
        self.expect(harness.UNREACHABLE, self.kurctl('anna', 'list', certificate=other))


class ReloadTest(TeamTest):

    def reload(self):
        """Has kurd read its files again, and returns what it says about the certificate."""
        before = len(self.kurd.process.err)
        self.kurd.process.signal(signal.SIGHUP)
        return self.eventually('kurd has read its files', lambda: re.search(
            r'the certificate .*', self.kurd.process.err[before:])).group()

    def test_a_certificate_is_read_again_and_a_broken_one_is_not_taken(self):
        old = (self.folder / 'old.crt')
        old.write_bytes(self.certificate.read_bytes())
        for content in (b'', b'nonsense', old.read_bytes()[:-100]):
            self.certificate.write_bytes(content)
            self.assertIn(f'stays as it was: {self.certificate}', self.reload())
            self.expect(harness.OK, self.kurctl('anna', 'list', certificate=old))
        make_certificate(self.folder)
        self.assertIn('was read again', self.reload())
        self.expect(harness.OK, self.kurctl('anna', 'list'))
        self.expect(harness.UNREACHABLE, self.kurctl('anna', 'list', certificate=old))
        self.assertTrue(self.kurd.process.running())

    def test_one_token_for_two_users_leaves_the_tokens_as_they_are(self):
        self.tokens.write_text(f'anna:{TOKENS["anna"]}\ncleo:{TOKENS["anna"]}\n')
        self.reload()
        self.assertIn(f'the token file stays as it was: {self.tokens}:2: ', self.kurd.process.err)
        self.assertIn('in line 1', self.kurd.process.err)
        self.assertNotIn(TOKENS['anna'], self.kurd.process.err)
        self.expect(harness.OK, self.kurctl('boris', 'list'))


class MetricsTest(harness.TestCase):
    """Metrics that other machines can reach: by HTTPS, for those who have a token."""

    SCRAPER = 'scraper-token-0123456789'

    def setUp(self):
        super().setUp()
        self.certificate, self.key = make_certificate(self.folder)
        self.tokens = self.write_tokens('tokens', f'anna:{TOKENS["anna"]}\n')
        self.scrapers = self.write_tokens('scrapers', f'prometheus:{self.SCRAPER}\n')
        self.port = harness.free_port()
        self.kurd = self.start_kurd(
            '--tls-cert', self.certificate, '--tls-key', self.key, '--token-file', self.tokens,
            '--metrics', f'0.0.0.0:{self.port}', '--metrics-token-file', self.scrapers,
            listen=f'127.0.0.1:{harness.free_port()}')

    def write_tokens(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def ask(self, token, path='/metrics', method='GET', certificate=None):
        """Status and text of the answer."""
        connection = http.client.HTTPSConnection(
            '127.0.0.1', self.port, timeout=harness.PATIENCE,
            context=ssl.create_default_context(cafile=certificate or self.certificate))
        try:
            connection.request(method, path,
                               headers={'Authorization': f'Bearer {token}'} if token else {})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def reload(self):
        before = len(self.kurd.process.err)
        self.kurd.process.signal(signal.SIGHUP)
        self.eventually('kurd has read its files',
                        lambda: 'the certificate ' in self.kurd.process.err[before:])

    def test_they_are_for_those_with_a_token_of_theirs(self):
        status, page = self.ask(self.SCRAPER)
        self.assertEqual(status, 200)
        self.assertIn('kurd_jobs{', page)
        for token in (None, 'nonsense', self.SCRAPER[:-1], self.SCRAPER + 'x', TOKENS['anna']):
            for path in ('/metrics', '/', '/metrics/x'):
                with self.subTest(token=token, path=path):
                    status, page = self.ask(token, path)
                    self.assertEqual(status, 401)
                    self.assertNotIn('kurd_', page)
        self.assertEqual(self.ask(self.SCRAPER, '/')[0], 404)
        self.assertEqual(self.ask(self.SCRAPER, method='POST')[0], 405)
        # The other way round, the token reads nobody's jobs.
        self.expect(harness.NOT_ALLOWED, self.kurd.kurctl(
            '--tls-ca', self.certificate, 'list', env={'KURCTL_TOKEN': self.SCRAPER}))

    def test_nothing_is_said_without_encryption(self):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=harness.PATIENCE)
        self.addCleanup(connection.close)
        with self.assertRaises((http.client.HTTPException, OSError)):
            connection.request('GET', '/metrics',
                               headers={'Authorization': f'Bearer {self.SCRAPER}'})
            connection.getresponse()

    def test_tokens_and_certificate_are_read_again(self):
        self.write_tokens('scrapers', 'prometheus:another-token-0123456789\n')
        self.assertEqual(self.ask(self.SCRAPER)[0], 200)
        old = self.folder / 'old.crt'
        old.write_bytes(self.certificate.read_bytes())
        make_certificate(self.folder)
        self.reload()
        self.assertEqual(self.ask(self.SCRAPER)[0], 401)
        self.assertEqual(self.ask('another-token-0123456789')[0], 200)
        with self.assertRaises(ssl.SSLError):
            self.ask(self.SCRAPER, certificate=old)
        self.write_tokens('scrapers', 'no colon\n')
        self.reload()
        self.assertIn(f'the token file stays as it was: {self.scrapers}:1', self.kurd.process.err)
        self.assertEqual(self.ask('another-token-0123456789')[0], 200)

    def test_silent_connections_of_one_address_keep_nobody_else_out(self):
        for _ in range(100):
            silent = socket.socket()
            self.addCleanup(silent.close)
            silent.bind(('127.0.0.2', 0))
            silent.connect(('127.0.0.1', self.port))
        self.assertEqual(self.ask(self.SCRAPER)[0], 200)


class PartialReloadTest(harness.TestCase):

    def reload(self, *arguments):
        """What a kurd with these files says when it has read them again."""
        kurd = self.start_kurd('--log-level', 'info', *arguments)
        before = len(kurd.process.err)
        kurd.process.signal(signal.SIGHUP)
        self.eventually('kurd says something', lambda: '\n' in kurd.process.err[before:])
        # Stopped after it, so that everything is said.
        kurd.stop()
        return kurd.process.err[before:]

    def test_only_what_is_there_is_read_again(self):
        said = self.reload()
        self.assertIn('neither a token file nor a certificate', said)
        self.assertNotIn('was read again', said)
        tokens = self.folder / 'tokens'
        tokens.write_text(f'anna:{TOKENS["anna"]}\n')
        tokens.chmod(0o600)
        said = self.reload('--token-file', tokens)
        self.assertIn('the token file was read again', said)
        self.assertNotIn('certificate', said)


class RefusalTest(harness.TestCase):

    def refuse(self, *arguments):
        result = self.run_program('kurd', '--state-dir', self.folder / 'state', *arguments)
        self.expect_refusal(result)
        return result

    def test_it_does_not_listen_beyond_the_machine_without_tls_and_tokens(self):
        address = f'0.0.0.0:{harness.free_port()}'
        certificate, key = make_certificate(self.folder)
        tokens = self.folder / 'tokens'
        tokens.write_text('anna:anna-token-0123456789\n')
        tokens.chmod(0o600)
        for arguments in ((), ('--token-file', tokens),
                          ('--tls-cert', certificate, '--tls-key', key)):
            with self.subTest(arguments):
                result = self.refuse('--listen', address, *arguments)
                self.assertIn(address, result.err)
                self.assertRegex(result.err, 'tls|token')

    def test_it_serves_no_metrics_beyond_the_machine_without_tls_and_tokens(self):
        address = f'0.0.0.0:{harness.free_port()}'
        certificate, key = make_certificate(self.folder)
        tokens = self.folder / 'tokens'
        tokens.write_text('prometheus:scraper-token-0123456789\n')
        tokens.chmod(0o600)
        for arguments in ((), ('--metrics-token-file', tokens), ('--token-file', tokens),
                          ('--tls-cert', certificate, '--tls-key', key)):
            with self.subTest(arguments):
                result = self.refuse('--metrics', address, *arguments)
                self.assertIn(address, result.err)
                self.assertIn('--metrics-token-file', result.err)
        self.assertIn('HOST:PORT', self.refuse('--metrics', f'unix:{self.folder}/m').err)
        self.assertIn('--metrics', self.refuse('--metrics-token-file', tokens).err)

    def test_it_refuses_tokens_that_others_can_read(self):
        tokens = self.folder / 'tokens'
        tokens.write_text('anna:anna-token-0123456789\n')
        tokens.chmod(0o644)
        result = self.refuse('--listen', f'127.0.0.1:{harness.free_port()}', '--token-file', tokens)
        self.assertIn(str(tokens), result.err)
        self.assertIn('chmod 600', result.err)

    def test_it_refuses_a_token_file_that_makes_no_sense(self):
        tokens = self.folder / 'tokens'
        tokens.write_text('anna:anna-token-0123456789\nboris\n')
        tokens.chmod(0o600)
        result = self.refuse('--listen', f'127.0.0.1:{harness.free_port()}', '--token-file', tokens)
        self.assertIn(f'{tokens}:2', result.err)
        self.assertNotIn('anna-token', result.err)

    def test_it_refuses_one_token_for_two_users(self):
        tokens = self.folder / 'tokens'
        tokens.write_text('anna:anna-token-0123456789\nboris:anna-token-0123456789\n')
        tokens.chmod(0o600)
        result = self.refuse('--listen', f'127.0.0.1:{harness.free_port()}', '--token-file', tokens)
        self.assertIn(f'{tokens}:2', result.err)
        self.assertIn('line 1', result.err)
        self.assertNotIn('anna-token', result.err)

    def test_it_refuses_devices_that_make_no_sense(self):
        for devices in ('cpu:0', 'cpu:many', 'quantum'):
            with self.subTest(devices):
                result = self.refuse('--listen', f'unix:{self.folder}/s', '--devices', devices)
                self.assertIn(devices, result.err)

    def test_it_refuses_an_address_that_makes_no_sense(self):
        for address in ('nonsense', f'unix:/{"x" * 200}', '127.0.0.1:99999'):
            with self.subTest(address):
                self.assertIn(address.replace('unix:', ''), self.refuse('--listen', address).err)


if __name__ == '__main__':
    unittest.main()
