"""The life of a job, as kurctl shows it."""

import hashlib
import os
import pickle
import unittest

import data
import harness

ESCAPE = '\x1b'


class JobsTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        self.kurfile = data.write_points_project(self.folder / 'here')

    def endless(self, *arguments):
        """Submits a job that trains until it is told otherwise; returns its name."""
        return self.kurd.submit(self.kurfile, '--set', 'train.stop_when.epochs=1000000', *arguments)


class TrainingTest(JobsTest):

    def test_submit_follows_to_the_end(self):
        result = self.expect(harness.OK, self.kurd.kurctl('submit', self.kurfile, '--follow'))
        self.assertNotIn(ESCAPE, result.out + result.err)
        self.assertIn('points-1', result.out + result.err)
        job = self.kurd.describe('points-1')
        self.assertEqual(harness.state(job), 'SUCCEEDED')
        self.assertEqual(int(job['progress']['epoch']), 3)

    def test_events_tell_everything_in_order_without_gaps(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait(job)
        events = self.kurd.events(job)
        self.assertEqual(*harness.numbers_and_range(events))
        self.assertEqual(harness.states(events), ['QUEUED', 'STARTING', 'RUNNING', 'SUCCEEDED'])
        self.assertEqual(set(harness.losses(events)),
                         {(epoch, batch) for epoch in (1, 2, 3) for batch in range(1, 17)})
        self.assertEqual(len(harness.measured(events)), 3)
        self.assertEqual(self.kurd.events(job, '--from', 4), events[3:])

    def test_following_events_ends_with_the_job(self):
        job = self.kurd.submit(self.kurfile)
        followed = self.expect(harness.OK, self.kurd.kurctl('events', job, '-f')).lines
        self.assertEqual(followed, self.kurd.events(job))
        self.assertEqual(harness.states(followed)[-1], 'SUCCEEDED')
        # Whoever has seen everything is not kept waiting for more.
        after = self.expect(harness.OK, self.kurd.kurctl(
            'events', job, '-f', '--from', len(followed) + 1))
        self.assertEqual(after.out + after.err, '')

    def test_submitted_again_it_goes_on_where_it_stopped(self):
        losses = []
        for _ in range(2):
            job = self.kurd.submit(self.kurfile, '--set', 'train.stop_when.epochs=20')
            self.kurd.wait(job)
            losses.append(harness.losses(self.kurd.events(job)))
        self.assertLess(losses[1][min(losses[1])], 0.6 * losses[0][min(losses[0])])
        # The log of the project counts on.
        self.assertEqual(min(losses[1])[0], 21)

    def test_projects_do_not_share_weights(self):
        self.kurd.wait(self.kurd.submit(self.kurfile, '--set', 'train.stop_when.epochs=20'))
        job = self.kurd.submit(self.kurfile, '--project', 'other')
        self.kurd.wait(job)
        self.assertEqual(min(harness.losses(self.kurd.events(job))), (1, 1))

    def test_data_of_a_neighbouring_folder_is_sent_along(self):
        (self.folder / 'data').mkdir()
        (self.kurfile.parent / 'train.pkl').rename(self.folder / 'data' / 'train.pkl')
        self.kurfile.write_text(
            self.kurfile.read_text().replace('pickle: train.pkl', 'pickle: ../data/train.pkl'))
        job = self.kurd.submit(self.kurfile)
        sent = {file['path'] for file in self.kurd.wait(job)['inputs']}
        self.assertEqual(sent, {'../data/train.pkl', 'validate.pkl'})

    def test_it_trains_on_pictures(self):
        kurfile = data.write_pictures_project(self.folder / 'pictures')
        job = self.kurd.submit(kurfile, '--set', 'train.optimizer.learning_rate=0.1')
        self.kurd.wait(job)
        measured = harness.measured(self.kurd.events(job))
        self.assertGreater(measured[-1]['metrics']['accuracy'], 0.9)

    def test_evaluate_writes_a_pickle_with_result_and_truth(self):
        self.kurd.wait(self.kurd.submit(self.kurfile, '--set', 'train.stop_when.epochs=40'))
        fetched = self.folder / 'fetched'
        self.expect(harness.OK, self.kurd.kurctl('submit', self.kurfile, '--mode', 'evaluate',
                                                 '--follow', '--fetch', fetched))
        with open(fetched / 'results.pkl', 'rb') as file:
            results = pickle.load(file)
        result, truth = results['result']['above'], results['truth']['above']
        self.assertEqual(result.shape, (128, 1))
        self.assertGreater(((result > 0) == (truth > 0)).mean(), 0.85)

    def test_test_measures_the_best_weights(self):
        self.kurd.wait(self.kurd.submit(self.kurfile))
        job = self.kurd.submit(self.kurfile, '--mode', 'test')
        self.kurd.wait(job)
        best = min(measured['loss'] for measured in harness.measured(self.kurd.events('points-1')))
        measured, = harness.measured(self.kurd.events(job), 'test')
        self.assertAlmostEqual(measured['loss'], best, places=5)

    def test_overrides_are_kept_with_the_job(self):
        job = self.kurd.submit(self.kurfile, '--set', 'train.stop_when.epochs=1')
        described = self.kurd.wait(job)
        self.assertEqual(described['overrides'], ['train.stop_when.epochs=1'])
        self.assertEqual(max(harness.losses(self.kurd.events(job)))[0], 1)

    def test_weights_can_be_downloaded_whole(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait(job)
        listed = self.expect(harness.OK, self.kurd.kurctl('checkpoints', job, '-o', 'json'))
        digests = {artifact['path']: artifact['sha256']
                   for artifact in harness.items(listed.json, 'artifacts')}
        self.assertLessEqual({'last.kur', 'best.kur'}, set(digests))
        folder = self.folder / 'down'
        folder.mkdir()
        self.expect(harness.OK, self.kurd.kurctl('download', job, 'last.kur', 'best.kur',
                                                 cwd=folder))
        for name in ('last.kur', 'best.kur'):
            content = (folder / name).read_bytes()
            self.assertEqual(hashlib.sha256(content).hexdigest(), digests[name])

    def test_a_file_that_the_job_did_not_write_cannot_be_downloaded(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait(job)
        for path in ('nothing.kur', '../../../kurd.db', '/etc/hostname'):
            with self.subTest(path):
                result = self.expect(harness.ERROR, self.kurd.kurctl('download', job, path))
                self.assertIn(path, result.err)

    def test_logs_tell_the_story(self):
        job = self.kurd.submit(self.kurfile)
        followed = self.expect(harness.OK, self.kurd.kurctl('logs', '-f', job))
        self.assertNotIn(ESCAPE, followed.out)
        self.assertIn('validat', followed.out.lower())
        self.assertEqual(self.expect(harness.OK, self.kurd.kurctl('logs', job)).out, followed.out)


class EndingTest(JobsTest):

    def test_a_running_job_is_cancelled_and_leaves_its_weights(self):
        job = self.endless()
        self.kurd.wait_for_event(job, 'batch_losses')
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.assertEqual(harness.state(self.kurd.wait(job, harness.JOB_CANCELLED)), 'CANCELLED')
        listed = self.expect(harness.OK, self.kurd.kurctl('checkpoints', job, '-o', 'json'))
        self.assertIn('last.kur', [artifact['path']
                                   for artifact in harness.items(listed.json, 'artifacts')])
        self.assertEqual(self.kurd.worker_pids(), [])

    def test_a_queued_job_says_why_it_waits_and_is_cancelled_at_once(self):
        first = self.endless()
        self.kurd.wait_for_event(first, 'batch_losses')
        second = self.endless('--project', 'other')
        described = self.kurd.describe(second)
        self.assertEqual(harness.state(described), 'QUEUED')
        self.assertIn(first, described['reason'])
        self.expect(harness.OK, self.kurd.kurctl('cancel', second))
        self.assertEqual(harness.state(self.kurd.describe(second)), 'CANCELLED')
        self.assertEqual(harness.states(self.kurd.events(second)), ['QUEUED', 'CANCELLED'])

    def test_a_job_that_has_ended_cannot_be_cancelled(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait(job)
        result = self.expect(harness.ERROR, self.kurd.kurctl('cancel', job))
        self.assertIn(job, result.err)
        self.assertEqual(harness.state(self.kurd.describe(job)), 'SUCCEEDED')

    def test_following_a_job_that_fails_or_is_cancelled_says_so(self):
        (self.folder / 'here' / 'train.pkl').write_bytes(b'not a pickle')
        result = self.expect(harness.JOB_FAILED,
                             self.kurd.kurctl('submit', self.kurfile, '--follow'))
        self.assertIn('train.pkl', result.out + result.err)

        data.write_points(self.folder / 'here' / 'train.pkl')
        job = self.endless()
        watching = self.kurd.start_kurctl('watch', job)
        self.kurd.wait_for_event(job, 'batch_losses')
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.expect(harness.JOB_CANCELLED, watching.wait())

    def test_waiting_for_several_jobs_returns_the_worst(self):
        good = self.kurd.submit(self.kurfile)
        (self.folder / 'here' / 'train.pkl').write_bytes(b'not a pickle')
        bad = self.kurd.submit(self.kurfile, '--project', 'bad')
        self.expect(harness.JOB_FAILED, self.kurd.kurctl('wait', good, bad))
        self.assertEqual(harness.state(self.kurd.describe(good)), 'SUCCEEDED')


class QueueTest(JobsTest):

    def test_jobs_run_in_the_order_of_submission(self):
        jobs = [self.kurd.submit(self.kurfile, '--project', f'p{number}') for number in range(3)]
        self.expect(harness.OK, self.kurd.kurctl('wait', *jobs))
        started = [self.kurd.describe(job)['started_at'] for job in jobs]
        self.assertEqual(started, sorted(started))

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, 'needs two processors')
    def test_two_slots_train_two_jobs_but_not_on_the_same_files(self):
        second = self.start_kurd(devices='cpu:2', processors=os.sched_getaffinity(0),
                                 state=self.folder / 'second',
                                 listen=f'unix:{self.folder}/second.sock')
        endless = ('--set', 'train.stop_when.epochs=1000000')
        first = second.submit(self.kurfile, *endless)
        second.wait_for_event(first, 'batch_losses')
        same = second.submit(self.kurfile, *endless)
        other = second.submit(self.kurfile, '--project', 'other', *endless)
        second.wait_for_event(other, 'batch_losses')
        described = second.describe(same)
        self.assertEqual(harness.state(described), 'QUEUED')
        self.assertIn(first, described['reason'])
        self.assertIn('.kur', described['reason'])


class LookingTest(JobsTest):

    def test_a_job_is_named_by_any_unambiguous_prefix(self):
        self.kurd.wait(self.kurd.submit(self.kurfile, '--name', 'alpha'))
        self.kurd.wait(self.kurd.submit(self.kurfile, '--name', 'almond'))
        self.assertEqual(self.kurd.describe('alp')['name'], 'alpha-1')
        result = self.expect(harness.ERROR, self.kurd.kurctl('describe', 'al'))
        self.assertIn('alpha-1', result.err)
        self.assertIn('almond', result.err)

    def test_lists_in_every_format(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait(job)
        for form in ('table', 'wide', 'json', 'yaml', 'name'):
            with self.subTest(form):
                for command in (('list',), ('ls',), ('ps',), ('describe', job), ('devices',)):
                    result = self.expect(harness.OK, self.kurd.kurctl(*command, '-o', form))
                    self.assertIn('cpu0' if command == ('devices',) else job, result.out)
                    self.assertNotIn(ESCAPE, result.out)
        self.assertEqual(self.kurd.kurctl('list', '-o', 'name').out, f'{job}\n')
        self.assertEqual([entry['name'] for entry in self.kurd.jobs()], [job])

    def test_an_empty_list_is_valid_json(self):
        self.assertEqual(self.kurd.jobs(), [])

    def test_devices_say_who_holds_them(self):
        job = self.endless()
        self.kurd.wait_for_event(job, 'batch_losses')
        devices = harness.items(
            self.expect(harness.OK, self.kurd.kurctl('devices', '-o', 'json')).json, 'devices')
        self.assertEqual([(device['name'], device['job']) for device in devices], [('cpu0', job)])

    def test_the_address_can_be_given_on_the_command_line(self):
        job = self.kurd.submit(self.kurfile)
        result = self.run_program('kurctl', '--server', self.kurd.address, 'list', '-o', 'name')
        self.assertEqual(result.out, f'{job}\n', str(result))
        self.kurd.wait(job)


class UpAndDownTest(harness.TestCase):

    def test_up_starts_one_kurd_and_down_stops_it(self):
        env = {'KUR_STATE_DIR': self.folder / 'mine'}
        kurfile = data.write_points_project(self.folder / 'here')

        def kurctl(*arguments):
            return self.run_program('kurctl', *arguments, env=env)

        self.addCleanup(kurctl, 'down')
        self.expect(harness.OK, kurctl('up'))
        info = self.expect(harness.OK, kurctl('version')).out
        self.assertIn(str(self.folder / 'mine'), info)
        self.expect(harness.OK, kurctl('up'))  # Already there: nothing to do.
        self.expect(harness.OK, kurctl('submit', kurfile, '--follow'))
        self.expect(harness.OK, kurctl('down'))
        self.expect(harness.UNREACHABLE, kurctl('list'))
        self.expect(harness.OK, kurctl('up'))
        self.assertEqual(kurctl('list', '-o', 'name').out, 'points-1\n')


if __name__ == '__main__':
    unittest.main()
