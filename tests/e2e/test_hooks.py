"""Hooks that send: a team hears of a training where it talks."""

import http.server
import json
import unittest

import data
import harness


class Handler(http.server.BaseHTTPRequestHandler):
    """A webhook that remembers what was posted, and answers with `server.status`."""

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.server.posted.append((self.path, self.headers, json.loads(body)))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header('Location', '/elsewhere')
        self.end_headers()
        self.wfile.write(b'ok')

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


class SlackTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.server = self.serve(Handler)
        self.server.posted = []
        self.server.status = 200

    def write_kurfile(self, slack=''):
        """The points project with a hook; its webhook has a secret."""
        url = f'http://127.0.0.1:{self.server.server_port}/services/hush'
        kurfile = data.write_points_project(self.folder / 'p', epochs=2)
        text = kurfile.read_text(encoding='utf-8')
        hook = f'  hooks: [slack: {{channel: "#train", url: "{url}"{slack}}}]\n'
        kurfile.write_text(text.replace('train:\n', 'train:\n' + hook), encoding='utf-8')
        return kurfile

    def test_training_is_posted(self):
        kurd = self.start_kurd('--download-network', '127.0.0.0/8')
        job = kurd.submit(self.write_kurfile(', title: points, user: robot'))
        kurd.wait(job)
        texts = [message['text'] for _, _, message in self.server.posted]
        self.assertEqual(texts[0], 'points: Started training.')
        self.assertRegex(texts[-1], r'^points: Training has ended\. More information: '
                                    r'Training loss = [\d.e-]+, Validation loss = [\d.e-]+$')
        path, headers, message = self.server.posted[0]
        self.assertEqual(path, '/services/hush')
        self.assertIn('application/json', headers['Content-Type'])
        self.assertEqual(message['channel'], '#train')
        self.assertEqual(message['username'], 'robot')
        self.assertEqual(message['icon_emoji'], ':dragon:')
        # Whoever has the address can post.
        for command in ('events', 'logs', 'describe'):
            self.assertNotIn('hush', self.expect(harness.OK, kurd.kurctl(command, job)).out)

    def test_a_server_that_fails_does_not_stop_a_training(self):
        kurd = self.start_kurd('--download-network', '127.0.0.0/8')
        for status, reason in ((500, 'the server answers with 500'),
                               (302, 'the server answers with 302')):
            with self.subTest(status):
                self.server.status = status
                job = kurd.submit(self.write_kurfile())
                kurd.wait(job)
                said = self.expect(harness.OK, kurd.kurctl('logs', job)).out
                self.assertIn(f"the hook 'slack' could not post: {reason}", said)
                self.assertNotIn('hush', said)
        self.assertEqual({path for path, _, _ in self.server.posted}, {'/services/hush'})

    def test_a_job_may_not_post_into_the_network(self):
        for arguments, reason in (((), 'is no address of the public internet'),
                                  (('--offline',), 'kurd is offline')):
            with self.subTest(arguments):
                kurd = self.start_kurd(*arguments, state=self.folder / f'state{len(arguments)}')
                job = kurd.submit(self.write_kurfile())
                kurd.wait(job)
                self.assertIn(reason, self.expect(harness.OK, kurd.kurctl('logs', job)).out)
                kurd.destroy()
        self.assertEqual(self.server.posted, [])


if __name__ == '__main__':
    unittest.main()
