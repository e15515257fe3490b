"""Data that a Kurfile names by its URL comes from there, once, and from nowhere that it may not."""

import functools
import hashlib
import http.server
import unittest

import data
import harness


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
        pass


class DownloadsTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.web = self.folder / 'web'
        self.web.mkdir()
        data.write_images(self.web)
        self.server = self.serve(functools.partial(Handler, directory=self.web))
        self.server.asked = []

    def write_kurfile(self, project, digests=True, address='127.0.0.1'):
        """A Kurfile that has its data from the server."""
        text = data.images_kurfile()
        for name in ('images', 'labels'):
            digest = hashlib.sha256((self.web / f'{name}.gz').read_bytes()).hexdigest()
            url = f'http://{address}:{self.server.server_port}/{name}.gz'
            entry = f'{{url: "{url}"' + (f', checksum: {digest}}}' if digests else '}')
            text = text.replace(f'{name}: {name}.gz', f'{name}: {entry}')
        folder = self.folder / project
        folder.mkdir()
        (folder / 'images.yml').write_text(text, encoding='utf-8')
        return folder / 'images.yml'

    def test_what_is_missing_is_downloaded_once(self):
        kurd = self.start_kurd('--download-network', '127.0.0.0/8')
        first = kurd.submit(self.write_kurfile('one'))
        kurd.wait(first)
        self.assertEqual(sorted(self.server.asked), ['/images.gz', '/labels.gz'])
        said = self.expect(harness.OK, kurd.kurctl('logs', first)).out
        self.assertIn('downloading ~/kur/images.gz from http://127.0.0.1', said)
        # Another project of the same user, and one who has lost the files.
        kurd.wait(kurd.submit(self.write_kurfile('two')))
        for path in kurd.state.glob('projects/**/kur/*.gz'):
            path.unlink()
        kurd.wait(kurd.submit(self.folder / 'two' / 'images.yml'))
        self.assertEqual(len(self.server.asked), 2)

    def test_a_job_may_not_reach_into_the_network(self):
        kurd = self.start_kurd()
        for number, address in enumerate(('127.0.0.1', 'localhost')):
            job = kurd.submit(self.write_kurfile(f'p{number}', address=address))
            reason = kurd.wait(job, harness.JOB_FAILED)['reason']
            self.assertIn('is no address of the public internet', reason)
            self.assertIn('images.yml:', reason)
        self.assertEqual(self.server.asked, [])

    def test_an_offline_kurd_refuses_at_once(self):
        kurd = self.start_kurd('--offline')
        refused = self.expect(harness.ERROR, kurd.kurctl('submit', self.write_kurfile('p')))
        self.assertIn('no such file: ~/kur/images.gz', refused.err)
        self.assertEqual(kurd.jobs(), [])

    def test_another_content_than_the_checksum_says_is_refused(self):
        kurd = self.start_kurd('--download-network', '127.0.0.1')
        kurfile = self.write_kurfile('p')
        with open(self.web / 'images.gz', 'ab') as file:
            file.write(b'more')
        job = kurd.submit(kurfile)
        self.assertIn('wrong checksum', kurd.wait(job, harness.JOB_FAILED)['reason'])
        self.assertEqual(list(kurd.state.glob('projects/**/*.gz')), [])
        self.assertEqual([path for path in kurd.state.glob('downloads/**/*') if path.is_file()], [])

    def test_kurd_says_what_is_no_network(self):
        for wrong in ('localhost', '10.0.0.0/40'):
            result = self.run_program('kurd', '--state-dir', self.folder / 'state',
                                      '--download-network', wrong)
            self.expect_refusal(result, '--download-network', wrong)

    def test_a_worker_alone_downloads_as_it_is_told(self):
        kurfile = self.write_kurfile('p', digests=False)
        home = {'HOME': self.folder / 'home'}
        offline = self.run_program('kurd-worker', 'run', kurfile, '--offline', env=home)
        self.assertEqual(offline.code, harness.JOB_FAILED)
        self.assertIn('--offline', offline.err)
        online = self.run_program('kurd-worker', 'run', kurfile, '--download-network', '127.0.0.1',
                                  env=home)
        self.expect(harness.OK, online)
        self.assertTrue((self.folder / 'home' / 'kur' / 'images.gz').exists())


if __name__ == '__main__':
    unittest.main()
