"""Secrets: a job uses what its Kurfile only names, and nothing that is kept or said has it."""

import base64
import contextlib
import functools
import http.server
import os
import pathlib
import pty
import signal
import subprocess
import unittest
import urllib.parse

import data
import harness

TOKEN = 'hush/token+0123456789'
PASSWORD = 'hush#pass word&42'
HOOK = '/services/T00HUSH/B00HUSH/hushhushhush'


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder to who proves himself, and takes posts at the webhook."""

    def do_GET(self):  # pylint: disable=invalid-name
        allowed = {'Bearer ' + TOKEN, 'Basic ' + encoded('anna:' + PASSWORD)}
        if self.headers.get('Authorization') not in allowed:
            self.send_error(401)
            return
        self.server.asked.append(self.path)
        super().do_GET()

    def do_POST(self):  # pylint: disable=invalid-name
        self.rfile.read(int(self.headers['Content-Length']))
        self.server.posted.append(self.path)
        self.send_response(200 if self.path == HOOK else 403)
        self.end_headers()

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class SecretsTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.web = self.folder / 'web'
        self.web.mkdir()
        data.write_images(self.web)
        self.server = self.serve(functools.partial(Handler, directory=self.web))
        self.server.asked, self.server.posted = [], []
        self.port = self.server.server_port
        self.key = self.folder / 'etc' / 'secrets.key'
        # What a client that knows it all would write.
        self.url = f'http://anna:{urllib.parse.quote(PASSWORD)}@127.0.0.1:{self.port}/labels.gz'
        self.hook = f'http://127.0.0.1:{self.port}{HOOK}'

    def start(self, *arguments, **options):
        return self.start_kurd('--secrets-key', self.key, '--log-level', 'debug',
                               '--download-network', '127.0.0.0/8', *arguments, **options)

    def store(self, kurd, name, value, env=None):
        self.expect(harness.OK, kurd.kurctl('secret', 'set', name, text=value + '\n', env=env))

    def store_all(self, kurd):
        for name, value in (('TOKEN', TOKEN), ('LABELS', self.url), ('HOOK', self.hook)):
            self.store(kurd, name, value)

    def write_kurfile(self, name='images', images=None, labels=None, epochs=1, hook='secret:HOOK'):
        images = images or (f'{{url: "http://127.0.0.1:{self.port}/images.gz", '
                            'login: secret:TOKEN}')
        labels = labels or '{url: secret:LABELS, path: labels.gz}'
        text = data.images_kurfile(epochs).replace('images: images.gz', f'images: {images}')
        text = text.replace('labels: labels.gz', f'labels: {labels}')
        text = text.replace('train:\n', f'train:\n  hooks: [slack: {{channel: c, url: {hook}}}]\n')
        folder = self.folder / name
        folder.mkdir()
        (folder / f'{name}.yml').write_text(text, encoding='utf-8')
        return folder / f'{name}.yml'

    def expect_no_trace(self, kurd, *jobs):
        """Looks for the secrets in every byte that is kept or said."""
        said = [kurd.kurctl(*command) for command in (
            ('list', '-a'), ('list', '-a', '-o', 'json'), ('secret', 'list'),
            ('secret', 'list', '-o', 'json'), ('devices', '-o', 'json'))]
        for job in jobs:
            said += [kurd.kurctl(*command) for command in (
                ('describe', job), ('describe', job, '-o', 'json'), ('describe', job, '-o', 'yaml'),
                ('logs', job), ('events', job), ('checkpoints', job, '-o', 'json'),
                ('diff', job, job), ('wait', job))]
        texts = {str(result.arguments): (result.out + result.err).encode() for result in said}
        # The state directory with the database, its log and the runs; kurd's and kurctl's output; the
        # Kurfiles; the key.
        for path in self.folder.rglob('*'):
            if path.is_file():
                texts[str(path)] = path.read_bytes()
        for process in pathlib.Path('/proc').iterdir():
            if process.name.isdigit():
                for name in ('cmdline', 'environ'):
                    with contextlib.suppress(OSError):
                        texts[f'{process}/{name}'] = (process / name).read_bytes()
        self.assertTrue(any('kurd.db' in name for name in texts))
        self.assertTrue(any('worker.log' in name for name in texts))
        for secret in forms(TOKEN, PASSWORD, HOOK, self.url, 'anna:' + PASSWORD):
            for name, text in texts.items():
                self.assertNotIn(secret.encode(), text, name)

    def test_a_job_uses_what_nothing_shows(self):
        kurd = self.start()
        self.store_all(kurd)
        job = kurd.submit(self.write_kurfile())
        described = kurd.wait(job)
        self.assertEqual(sorted(self.server.asked), ['/images.gz', '/labels.gz'])
        self.assertEqual(set(self.server.posted), {HOOK})
        self.assertEqual({use['name'] for use in described['secrets']}, {'TOKEN', 'LABELS', 'HOOK'})
        self.assertIn('HOOK, LABELS, TOKEN', self.expect(harness.OK, kurd.kurctl('describe', job)).out)
        listed = self.expect(harness.OK, kurd.kurctl('secret', 'list', '-o', 'json')).json
        self.assertEqual([secret['used_by'] for secret in listed], [job] * 3)
        self.assertIn('secret:LABELS', self.expect(harness.OK, kurd.kurctl('logs', job)).out)
        dumped = self.expect(harness.OK, kurd.kurctl('dump', self.folder / 'images' / 'images.yml'))
        self.assertIn('secret:TOKEN', dumped.out)
        self.expect_no_trace(kurd, job)

    def test_what_fails_says_nothing(self):
        kurd = self.start()
        self.store_all(kurd)
        self.store(kurd, 'CLOSED', f'http://anna:{urllib.parse.quote(PASSWORD)}@127.0.0.1:1{HOOK}')
        refused = kurd.submit(self.write_kurfile(
            'refused', images='{url: secret:CLOSED, path: images.gz}'))
        reason = kurd.wait(refused, harness.JOB_FAILED)['reason']
        self.assertIn('cannot download from secret:CLOSED', reason)
        # The right token, but nothing there.
        missing = kurd.submit(self.write_kurfile(
            'missing', images=f'{{url: "http://127.0.0.1:{self.port}/none.gz", login: secret:TOKEN}}'))
        self.assertIn('answers with 404', kurd.wait(missing, harness.JOB_FAILED)['reason'])
        # A webhook that refuses.
        self.store(kurd, 'BAD', self.hook + '/none')
        posts = kurd.submit(self.write_kurfile('posts', hook='secret:BAD'))
        kurd.wait(posts)
        self.assertIn('could not post: the server answers with 403',
                      self.expect(harness.OK, kurd.kurctl('logs', posts)).out)
        self.expect_no_trace(kurd, refused, missing, posts)

    def test_restarts_of_worker_and_kurd(self):
        kurd = self.start()
        self.store_all(kurd)
        job = kurd.submit(self.write_kurfile(epochs=200))
        kurd.wait_for_event(job, 'epoch_finished')
        worker = kurd.worker_pid(job)
        kurd.restart_after_crash()
        self.assertEqual(kurd.worker_pid(job), worker)
        os.kill(worker, signal.SIGKILL)
        harness.eventually('another worker runs', lambda: kurd.worker_pid(job) != worker)
        kurd.wait_for_event(job, 'started', count=2)
        posted = len(self.server.posted)
        self.expect(harness.OK, kurd.kurctl('cancel', job))
        kurd.wait(job, harness.JOB_CANCELLED)
        self.assertGreater(posted, 1)
        self.expect_no_trace(kurd, job)

    @unittest.skipIf(os.geteuid() != 0, 'only root may look into a worker')
    def test_only_the_network_broker_knows(self):
        kurd = self.start()
        self.store_all(kurd)
        job = kurd.submit(self.write_kurfile(epochs=200))
        kurd.wait_for_event(job, 'epoch_finished')
        worker = kurd.worker_pid(job)
        children = pathlib.Path(f'/proc/{worker}/task/{worker}/children').read_text().split()
        self.assertTrue(any(TOKEN.encode() in memory(child) for child in children))
        found = memory(worker)
        self.assertIn(b'secret:TOKEN', found)
        for secret in (TOKEN, PASSWORD, HOOK):
            self.assertNotIn(secret.encode(), found)
        kurd.kurctl('cancel', job)

    def test_only_ones_own_secrets(self):
        tokens = self.folder / 'tokens'
        tokens.write_text('anna:anna-token-0123456789\nboris:boris-token-0123456789\n')
        tokens.chmod(0o600)
        kurd = self.start('--token-file', tokens, listen=f'127.0.0.1:{harness.free_port()}')
        anna, boris = ({'KURCTL_TOKEN': f'{user}-token-0123456789'} for user in ('anna', 'boris'))
        for name, value in (('TOKEN', TOKEN), ('LABELS', self.url), ('HOOK', self.hook)):
            self.store(kurd, name, value, env=anna)
        kurfile = self.write_kurfile()
        refused = self.expect(harness.ERROR, kurd.kurctl('submit', kurfile, env=boris))
        self.assertRegex(refused.err, r"images\.yml:\d+:\d+: .*you have no secret '\w+'; store it with "
                                      r'`kurctl secret set \w+`')
        self.assertEqual(self.expect(
            harness.OK, kurd.kurctl('secret', 'list', '-o', 'json', env=boris)).json, [])
        self.expect(harness.ERROR, kurd.kurctl('secret', 'rm', 'TOKEN', env=boris))
        self.store(kurd, 'TOKEN', 'what boris has', env=boris)
        self.store(kurd, 'LABELS', self.url, env=boris)
        self.store(kurd, 'HOOK', self.hook, env=boris)
        theirs = kurd.submit(kurfile, env=boris)
        self.expect(harness.JOB_FAILED, kurd.kurctl('wait', theirs, env=boris))
        mine = kurd.submit(kurfile, env=anna)
        self.expect(harness.OK, kurd.kurctl('wait', mine, env=anna))

    def test_a_secret_that_is_gone_when_the_job_starts(self):
        kurd = self.start()
        self.store_all(kurd)
        first = kurd.submit(self.write_kurfile('first', epochs=200))
        kurd.wait_for_event(first, 'started')
        second = kurd.submit(self.write_kurfile('second'))
        self.expect(harness.OK, kurd.kurctl('secret', 'rm', 'TOKEN'))
        kurd.kurctl('cancel', first)
        self.assertIn("the secret 'TOKEN' was removed",
                      kurd.wait(second, harness.JOB_FAILED)['reason'])
        self.store(kurd, 'TOKEN', TOKEN)
        dry = self.expect(harness.OK, kurd.kurctl('submit', '--dry-run',
                                                  self.folder / 'first' / 'first.yml'))
        self.assertIn('note: it uses your secret TOKEN to log in at http://127.0.0.1', dry.err)
        self.assertIn('note: it uses your secret HOOK as the address', dry.err)
        self.expect(harness.OK, kurd.kurctl('secret', 'rm', 'TOKEN'))
        dry = self.expect(harness.ERROR, kurd.kurctl('submit', '--dry-run',
                                                     self.folder / 'first' / 'first.yml'))
        self.assertIn("you have no secret 'TOKEN'", dry.err)

    def test_without_its_key_kurd_does_everything_else(self):
        kurd = self.start_kurd()
        refused = self.expect(harness.ERROR, kurd.kurctl('secret', 'set', 'TOKEN', text=TOKEN))
        self.assertIn('--secrets-key FILE', refused.err)
        kurd.wait(kurd.submit(data.write_points_project(self.folder / 'p', epochs=1)))
        kurd.stop()
        # The key comes, goes, and is another.
        kurd = self.start(state=kurd.state)
        self.store_all(kurd)
        key = self.key.read_text()
        kurd.stop()
        self.key.unlink()
        kurd.start()
        refused = self.expect(harness.ERROR, kurd.kurctl('secret', 'set', 'MORE', text=TOKEN))
        self.assertIn('the operator puts it back', refused.err)
        self.assertFalse(self.key.exists())
        kurd.stop()
        self.key.write_text('0' * 64)
        self.key.chmod(0o600)
        kurd.start()
        kurfile = self.write_kurfile()
        refused = self.expect(harness.ERROR, kurd.kurctl('submit', kurfile))
        self.assertIn('was encrypted with the key', refused.err)
        self.assertIn('another key', self.expect(harness.OK, kurd.kurctl('secret', 'list')).out)
        kurd.stop()
        self.key.write_text(key)
        kurd.start()
        kurd.wait(kurd.submit(kurfile))

    def test_what_one_types_is_not_shown(self):
        kurd = self.start()
        for typed, code in ((b'wrong\x7f\x7f\x7f\x7f\x7f' + TOKEN.encode() + b'\r', harness.OK),
                            (b'half\x03', 130)):
            with self.subTest(code):
                shown, ended = self.type(kurd, typed)
                self.assertEqual(ended, code, shown)
                self.assertIn(b'the secret TOKEN (it is not shown): ', shown)
                for part in (TOKEN.encode(), b'wrong', b'half'):
                    self.assertNotIn(part, shown)
        self.store(kurd, 'LABELS', self.url)
        self.store(kurd, 'HOOK', self.hook)
        kurd.wait(kurd.submit(self.write_kurfile()))

    def type(self, kurd, keys):
        """What `kurctl secret set TOKEN` shows on a terminal on which `keys` are typed, and its end."""
        terminal, end = pty.openpty()
        process = subprocess.Popen([harness.BIN / 'kurctl', 'secret', 'set', 'TOKEN'],
                                   env=harness.clean_environment(kurd.environment()),
                                   stdin=end, stdout=end, stderr=end, start_new_session=True)
        os.close(end)
        shown = b''
        with contextlib.suppress(OSError):
            while b'not shown' not in shown:
                shown += os.read(terminal, 1024)
            os.write(terminal, keys)
            while True:
                shown += os.read(terminal, 1024)
        os.close(terminal)
        return shown, process.wait()

    def test_what_should_be_a_secret_is_warned_of_and_not_repeated(self):
        kurd = self.start()
        slack = 'https://hooks.slack.com/services/T00000000/B00000000/hushhushhush'
        kurfile = self.write_kurfile(hook=f'"{slack}"', labels='labels.gz')
        override = 'settings.token=xoxb-123456789012-hushhushhush'
        for command in (('validate', kurfile), ('validate', '-o', 'json', kurfile),
                        ('submit', '--dry-run', kurfile)):
            with self.subTest(command[0]):
                result = kurd.kurctl(*command, '--set', override)
                said = result.out + result.err
                self.assertIn('looks like the address of a webhook', said)
                self.assertIn('looks like a token of Slack', said)
                self.assertIn('kurctl secret set NAME', said)
                self.assertNotIn('hush', said)

    def test_a_kurd_of_ones_own_has_a_key(self):
        env = {'HOME': self.folder / 'home', 'KUR_STATE_DIR': self.folder / 'own'}
        self.expect(harness.OK, self.run_program('kurctl', 'up', env=env))
        self.addCleanup(self.run_program, 'kurctl', 'down', env=env)
        key = self.folder / 'home' / '.config' / 'kurd' / 'secrets.key'
        self.assertFalse(key.exists())
        for name in (('TOKEN'), ('OTHER')):
            self.expect(harness.OK, self.run_program('kurctl', 'secret', 'set', name, text=TOKEN,
                                                     env=env))
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        names = self.run_program('kurctl', '__complete', 'secret', 'rm', '', env=env)
        self.assertEqual(names.out.split(), ['OTHER', 'TOKEN'])


def forms(*secrets):
    """How secrets may be written."""
    for secret in secrets:
        yield from {secret, urllib.parse.quote(secret), urllib.parse.quote(secret, safe=''),
                    encoded(secret)}


def memory(pid):
    """What a process has in the memory that it can write."""
    found = []
    maps = pathlib.Path(f'/proc/{pid}/maps').read_text(encoding='utf-8')
    with open(f'/proc/{pid}/mem', 'rb') as file:
        for line in maps.splitlines():
            limits, access = line.split()[:2]
            if 'rw' not in access:
                continue
            begin, end = (int(limit, 16) for limit in limits.split('-'))
            with contextlib.suppress(OSError, ValueError, OverflowError):
                file.seek(begin)
                found.append(file.read(end - begin))
    return b''.join(found)


if __name__ == '__main__':
    unittest.main()
