"""What is wrong is refused with its own message and place, and leaves nothing behind."""

import gzip
import os
import shutil
import unittest

import data
import harness


class SubmissionTest(harness.TestCase):
    """What kurctl and kurd find before there is a job."""

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        self.kurfile = data.write_points_project(self.folder / 'here')

    def change(self, old, new):
        text = self.kurfile.read_text()
        self.assertIn(old, text)
        self.kurfile.write_text(text.replace(old, new, 1))
        return text[:text.index(old)].count('\n') + 1

    def refuse(self, *words, kurfile=None):
        """Submits, and expects an error with these words and no trace on the server."""
        result = self.expect(harness.ERROR, self.kurd.kurctl('submit', kurfile or self.kurfile))
        for word in words:
            self.assertIn(str(word), result.err)
        self.assertEqual(result.out, '')
        self.assertEqual(self.kurd.jobs(), [])
        runs = self.kurd.state / 'runs'
        self.assertEqual(list(runs.iterdir()) if runs.exists() else [], [])
        return result

    def test_a_file_that_is_not_there(self):
        self.refuse('nowhere.yml', kurfile=self.folder / 'nowhere.yml')

    def test_a_folder_instead_of_a_file(self):
        self.refuse('here', kurfile=self.folder / 'here')

    def test_an_error_of_yaml(self):
        line = self.change('batch_size: 32', 'batch_size: [32')
        result = self.refuse('points.yml:')
        place = int(result.err.split('points.yml:')[1].split(':')[0])
        self.assertIn(place, (line, line + 1))

    def test_an_unknown_layer(self):
        line = self.change('dense: 16', 'dens: 16')
        self.refuse(f'points.yml:{line}', 'dens', 'dense')

    def test_an_unknown_key(self):
        line = self.change('batch_size: 32', 'batch_sizes: 32')
        self.refuse(f'points.yml:{line}', 'batch_sizes', 'batch_size')

    def test_a_shape_that_does_not_fit(self):
        self.change('- input: point', '- input:\n      shape: [2]\n    name: point')
        line = self.change('dense: 16', 'convolution: {kernels: 4, size: [3, 3]}')
        self.refuse(f'points.yml:{line}', 'convolution')

    def test_a_data_file_that_is_missing(self):
        (self.folder / 'here' / 'train.pkl').unlink()
        self.refuse('train.pkl')

    def test_an_include_that_is_missing(self):
        self.change('model:', 'include: other.yml\nmodel:')
        self.refuse('points.yml:', 'other.yml')

    def test_a_template_that_names_nothing(self):
        line = self.change('batch_size: 32', 'batch_size: "{{ sise }}"')
        self.refuse(f'points.yml:{line}', 'sise')

    def test_bytes_that_are_no_text(self):
        self.kurfile.write_bytes(self.kurfile.read_bytes().replace(b'last: last.kur',
                                                                   b'last: l\xffst.kur'))
        self.refuse('points.yml:', 'no UTF-8')
        # Nothing is left that would keep kurd from starting.
        self.kurd.restart_after_crash()
        self.assertEqual(self.kurd.jobs(), [])

    def test_results_that_would_overwrite_their_weights(self):
        self.change('destination: results.pkl', 'destination: ./best.kur')
        self.refuse('points.yml:', "would overwrite './best.kur', which evaluate.weights reads")

    def test_weights_that_could_not_be_written(self):
        self.change('last: last.kur', 'last: ' + 300 * 'w')
        self.refuse('points.yml:', 'file names have at most 255')
        self.change(300 * 'w', 'log')
        self.change('log: log', 'log: other')
        self.change('best.kur', 'log/best.kur')
        self.refuse('points.yml:', "would stand in 'log', which is a file")

    def test_data_that_is_no_file(self):
        os.remove(self.folder / 'here' / 'train.pkl')
        os.mkfifo(self.folder / 'here' / 'train.pkl')
        self.refuse('points.yml:', "'train.pkl' is no regular file")
        os.mkfifo(self.folder / 'fifo.yml')
        self.refuse('fifo.yml is no regular file', kurfile=self.folder / 'fifo.yml')

    def test_a_mode_that_the_kurfile_lacks(self):
        text = self.kurfile.read_text()
        self.kurfile.write_text(text[:text.index('evaluate:')])
        result = self.expect(harness.ERROR,
                             self.kurd.kurctl('submit', self.kurfile, '--mode', 'evaluate'))
        self.assertIn('evaluate', result.err)
        self.assertEqual(self.kurd.jobs(), [])

    def test_an_override_that_makes_no_sense(self):
        result = self.expect(harness.ERROR, self.kurd.kurctl(
            'submit', self.kurfile, '--set', 'train.provider.batch_size=many'))
        self.assertIn('batch_size', result.err)
        self.assertEqual(self.kurd.jobs(), [])

    def test_an_unknown_job(self):
        for command in ('describe', 'logs', 'watch', 'events', 'cancel', 'wait', 'checkpoints'):
            with self.subTest(command):
                result = self.expect(harness.ERROR, self.kurd.kurctl(command, 'nobody-1'))
                self.assertIn('nobody-1', result.err)
                self.assertEqual(result.out, '')


class JobTest(harness.TestCase):
    """What only the worker can find: the job fails with the reason, and writes no weights."""

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        self.project = self.folder / 'here'

    def expect_failure(self, kurfile, *words, leaves=()):
        job = self.kurd.submit(kurfile)
        described = self.kurd.wait(job, harness.JOB_FAILED)
        self.assertEqual(harness.state(described), 'FAILED')
        for word in words:
            self.assertIn(word, described['reason'])
        self.assertEqual(described.get('attempts'), 1)
        artifacts = self.expect(harness.OK, self.kurd.kurctl('checkpoints', job, '-o', 'json'))
        paths = [artifact['path'] for artifact in harness.items(artifacts.json, 'artifacts')]
        self.assertEqual(paths, list(leaves))
        return described

    def test_a_truncated_idx(self):
        kurfile = data.write_images_project(self.project)
        content = gzip.decompress((self.project / 'images.gz').read_bytes())
        (self.project / 'images.gz').write_bytes(gzip.compress(content[:-100]))
        self.expect_failure(kurfile, 'images.gz')

    def test_a_truncated_archive(self):
        kurfile = data.write_images_project(self.project)
        content = (self.project / 'images.gz').read_bytes()
        (self.project / 'images.gz').write_bytes(content[:len(content) // 2])
        self.expect_failure(kurfile, 'images.gz')

    def test_a_wrong_checksum(self):
        kurfile = data.write_images_project(self.project)
        kurfile.write_text(kurfile.read_text().replace(
            'images: images.gz', 'images: {path: images.gz, checksum: ' + 64 * 'f' + '}'))
        self.expect_failure(kurfile, 'images.gz', 'checksum')

    def test_a_pickle_that_would_run_code(self):
        kurfile = data.write_points_project(self.project)
        (self.project / 'train.pkl').write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
        self.expect_failure(kurfile, 'train.pkl', 'os')

    def test_names_in_data_that_are_no_text(self):
        kurfile = data.write_points_project(self.project)
        (self.project / 'train.pkl').write_bytes(b"\x80\x02c\xff\xfe\nos\x1b\n.")
        self.expect_failure(kurfile, 'train.pkl')
        # Whoever lists or follows it can read what is said of it.
        self.assertEqual(len(self.kurd.jobs()), 1)
        self.expect(harness.OK, self.kurd.kurctl('events', self.kurd.jobs()[0]['name']))

    def test_a_model_that_no_memory_holds(self):
        kurfile = data.write_points_project(self.project)
        kurfile.write_text(kurfile.read_text().replace('dense: 16', 'dense: 1000000000000'))
        self.expect_failure(kurfile, 'the model needs', 'GiB', 'of memory')

    def test_a_source_that_the_data_lacks(self):
        kurfile = data.write_points_project(self.project)
        kurfile.write_text(kurfile.read_text().replace('above', 'beyond'))
        self.expect_failure(kurfile, 'beyond')

    def test_data_that_does_not_fit_the_model(self):
        kurfile = data.write_points_project(self.project)
        kurfile.write_text(kurfile.read_text().replace(
            'dense: 16', 'convolution: {kernels: 4, size: [3, 3]}'))
        self.expect_failure(kurfile, 'convolution', 'points.yml')

    def test_a_loss_that_is_not_a_number(self):
        kurfile = data.write_points_project(self.project)
        kurfile.write_text(kurfile.read_text().replace('learning_rate: 0.01', 'learning_rate: 1e38')
                           .replace('activation: tanh', 'activation: linear'))
        self.expect_failure(kurfile, 'batch', 'first to be so is', leaves=['non_finite.kur'])


class ConfinementTest(harness.TestCase):
    """A Kurfile reaches nothing on the server but its own workspace and the data roots."""

    def setUp(self):
        super().setUp()
        self.secret = self.folder / 'secret'
        self.secret.mkdir()
        data.write_points(self.secret / 'train.pkl')
        self.allowed = self.folder / 'allowed'
        self.allowed.mkdir()
        data.write_points(self.allowed / 'train.pkl')
        (self.allowed / 'link.pkl').symlink_to(self.secret / 'train.pkl')
        self.kurd = self.start_kurd('--data-root', self.allowed)
        self.kurfile = data.write_points_project(self.folder / 'here')

    def outcome(self, path):
        """How training on `path` ends: the exit code of kurctl, and the messages."""
        text = data.points_kurfile().replace('pickle: train.pkl', f'pickle: {path}')
        self.kurfile.write_text(text)
        result = self.kurd.kurctl('submit', self.kurfile, '--follow')
        return result.code, result.out + result.err

    def test_a_data_root_can_be_read(self):
        code, text = self.outcome(self.allowed / 'train.pkl')
        self.assertEqual(code, harness.OK, text)

    def test_other_absolute_paths_cannot_be_read(self):
        code, text = self.outcome(self.secret / 'train.pkl')
        self.assertIn(code, (harness.ERROR, harness.JOB_FAILED), text)
        self.assertIn('secret/train.pkl', text)

    def test_links_do_not_lead_out_of_a_data_root(self):
        code, text = self.outcome(self.allowed / 'link.pkl')
        self.assertIn(code, (harness.ERROR, harness.JOB_FAILED), text)

    def test_dots_do_not_lead_out_of_a_data_root(self):
        code, text = self.outcome(f'{self.allowed}/../secret/train.pkl')
        self.assertIn(code, (harness.ERROR, harness.JOB_FAILED), text)

    def test_what_was_not_sent_cannot_be_read_above_the_workspace(self):
        # There is such a file on the server, in the neighbouring project.
        self.kurd.kurctl('submit', self.kurfile, '--project', 'other', '--follow')
        code, text = self.outcome('../other/last.kur')
        self.assertEqual(code, harness.ERROR, text)
        self.assertIn('no file was there to be sent', text)

    def test_weights_cannot_be_written_outside_the_workspace(self):
        for path in (self.allowed / 'last.kur', '../../last.kur'):
            with self.subTest(path):
                self.kurfile.write_text(data.points_kurfile().replace(
                    '    last: last.kur', f'    last: {path}'))
                result = self.kurd.kurctl('submit', self.kurfile, '--follow')
                self.assertIn(result.code, (harness.ERROR, harness.JOB_FAILED), str(result))
        self.assertEqual(list(self.folder.rglob('last.kur')), [])

    def test_links_in_a_run_directory_show_nothing_of_others(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait(job)
        run = self.kurd.state / 'runs' / job
        secret = self.folder / 'secret' / 'last.kur'
        (run / 'artifacts' / 'last.kur').rename(secret)
        (run / 'artifacts' / 'last.kur').symlink_to(secret)
        got = self.folder / 'got'
        result = self.kurd.kurctl('download', job, 'last.kur', '-o', got)
        self.assertEqual(result.code, harness.ERROR, str(result))
        self.assertIn('last.kur: a link stands where', result.err)
        self.assertNotIn(str(self.kurd.state), result.err)
        self.assertFalse((got / 'last.kur').exists())
        self.kurd.stop()
        (run / 'events.log').rename(self.folder / 'secret' / 'events.log')
        (run / 'events.log').symlink_to(self.folder / 'secret' / 'events.log')
        self.kurd.start()
        result = self.kurd.kurctl('events', job)
        self.assertNotEqual(result.code, harness.OK, str(result))
        self.assertEqual(result.out, '')

    def test_the_operator_may_put_runs_and_projects_elsewhere(self):
        self.kurd.stop()
        for name in ('runs', 'projects', 'home', 'blobs', 'downloads'):
            place = self.folder / 'disk' / name
            place.mkdir(parents=True)
            folder = self.kurd.state / name
            if folder.exists():
                shutil.copytree(folder, place, dirs_exist_ok=True)
                shutil.rmtree(folder)
            folder.symlink_to(place)
        self.kurd.start()
        for _ in range(2):
            code, text = self.outcome('train.pkl')
            self.assertEqual(code, harness.OK, text)
        self.assertTrue((self.folder / 'disk' / 'runs').is_dir())
        self.assertEqual(len(list((self.folder / 'disk' / 'projects').rglob('last.kur'))), 1)


if __name__ == '__main__':
    unittest.main()
