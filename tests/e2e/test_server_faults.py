"""kurd can be killed at any moment: jobs train on and nobody who watches notices."""

import os
import signal
import unittest

import data
import harness

ENDLESS = ('--set', 'train.stop_when.epochs=1000000')


class RestartTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        # Some seconds of work, so that it is still at it when kurd comes back.
        self.kurfile = data.write_points_project(self.folder / 'here', epochs=100, hidden=1024)

    def start_job(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait_for_event(job, 'batch_losses')
        return job, self.kurd.worker_pid(job)

    def check_complete(self, job, events):
        """A job that nothing happened to: one attempt, every batch once, no gap."""
        self.assertEqual(harness.numbers(events), list(range(1, len(events) + 1)))
        self.assertEqual(harness.states(events), ['QUEUED', 'STARTING', 'RUNNING', 'SUCCEEDED'])
        sequences = [int(event['worker_sequence']) for event in events
                     if int(event.get('worker_sequence', 0))]
        self.assertEqual(sequences, list(range(1, len(sequences) + 1)))
        batches = [entry for event in events for entry in harness.losses([event])]
        self.assertEqual(batches, [(epoch, batch) for epoch in range(1, 101)
                                   for batch in range(1, 17)])
        self.assertEqual(self.kurd.describe(job)['attempts'], 1)

    def test_stopped_politely_it_leaves_jobs_training(self):
        job, pid = self.start_job()
        self.assertEqual(self.kurd.stop().code, 0)
        self.assertTrue(harness.is_alive(pid))
        self.kurd.start()
        self.assertEqual(self.kurd.worker_pid(job), pid)
        self.kurd.wait(job)
        self.check_complete(job, self.kurd.events(job))

    def test_killed_it_adopts_its_jobs_again(self):
        job, pid = self.start_job()
        before = self.kurd.events(job)
        self.kurd.restart_after_crash()
        self.assertEqual(self.kurd.worker_pid(job), pid)
        self.assertEqual(self.kurd.events(job)[:len(before)], before)
        self.kurd.wait(job)
        self.check_complete(job, self.kurd.events(job))

    def test_killed_again_and_again_nobody_who_watches_misses_anything(self):
        job, pid = self.start_job()
        watching = self.kurd.start_kurctl('events', job, '-f')
        for _ in range(5):
            seen = len(watching.lines)
            self.kurd.restart_after_crash()
            self.eventually('the watcher sees more', lambda seen=seen: len(watching.lines) > seen)
            self.assertEqual(self.kurd.worker_pid(job) if not self.ended(job) else pid, pid)
        result = self.expect(harness.OK, watching.wait())
        self.assertEqual(result.lines, self.kurd.events(job))
        self.check_complete(job, result.lines)

    def ended(self, job):
        return harness.state(self.kurd.describe(job)) == 'SUCCEEDED'

    def test_a_job_that_ends_while_kurd_is_away_ends_as_it_did(self):
        job, pid = self.start_job()
        self.kurd.kill()
        self.eventually('the worker has ended', lambda: not harness.is_alive(pid))
        self.kurd.start()
        self.kurd.wait(job)
        self.check_complete(job, self.kurd.events(job))

    def test_a_worker_killed_while_kurd_is_away_is_started_again(self):
        job, pid = self.start_job()
        self.kurd.kill()
        os.kill(pid, signal.SIGKILL)
        self.kurd.start()
        self.kurd.wait(job)
        self.assertEqual(self.kurd.describe(job)['attempts'], 2)
        self.assertEqual(len(harness.losses(self.kurd.events(job))), 1600)

    def test_a_job_cancelled_across_a_crash_ends_cancelled(self):
        job = self.kurd.submit(self.kurfile, *ENDLESS)
        self.kurd.wait_for_event(job, 'batch_losses')
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.kurd.restart_after_crash()
        self.kurd.wait(job, harness.JOB_CANCELLED)
        self.assertEqual(harness.states(self.kurd.events(job))[-1], 'CANCELLED')

    def test_queued_jobs_survive(self):
        first = self.kurd.submit(self.kurfile, *ENDLESS)
        second = self.kurd.submit(self.kurfile, '--project', 'other')
        self.kurd.restart_after_crash()
        self.assertEqual([job['name'] for job in self.kurd.jobs()], [second, first])
        self.expect(harness.OK, self.kurd.kurctl('cancel', first))
        self.kurd.wait(second)

    def test_a_submission_during_a_crash_gives_one_job_or_none(self):
        self.kurd.process.signal(signal.SIGSTOP)
        submitting = self.kurd.start_kurctl('submit', self.kurfile, '-o', 'name')
        self.kurd.restart_after_crash()
        result = submitting.wait()
        names = [job['name'] for job in self.kurd.jobs()]
        if result.code == harness.OK:
            self.assertEqual(names, [result.out.strip()])
        else:
            self.expect(harness.UNREACHABLE, result)
            self.assertLessEqual(len(names), 1)

    def test_a_kurd_that_stood_still_goes_on(self):
        job, _ = self.start_job()
        watching = self.kurd.start_kurctl('events', job, '-f')
        self.kurd.process.signal(signal.SIGSTOP)
        seen = len(watching.lines)
        self.kurd.process.signal(signal.SIGCONT)
        self.eventually('the watcher sees more', lambda: len(watching.lines) > seen)
        self.expect(harness.OK, watching.wait())
        self.check_complete(job, self.kurd.events(job))


class StateDirectoryTest(harness.TestCase):

    def test_a_second_kurd_on_the_same_state_directory_is_refused(self):
        kurd = self.start_kurd()
        result = self.run_program('kurd', '--state-dir', kurd.state,
                                  '--listen', f'unix:{self.folder}/other.sock')
        self.expect_refusal(result, kurd.state)
        self.assertEqual(kurd.jobs(), [])

    def test_a_second_kurd_on_the_same_address_is_refused(self):
        port = harness.free_port()
        tokens = self.folder / 'tokens'
        tokens.write_text('anna:anna-token-0123456789\n')
        tokens.chmod(0o600)
        address = f'127.0.0.1:{port}'
        for listen in (f'unix:{self.folder}/kurd.sock', address):
            with self.subTest(listen):
                options = ('--token-file', tokens) if listen == address else ()
                kurd = harness.Kurd(self, *options, listen=listen,
                                    state=self.folder / f'state{len(options)}')
                self.addCleanup(kurd.destroy)
                kurd.start()
                result = self.run_program('kurd', '--state-dir', self.folder / 'another',
                                          '--listen', listen, *options)
                self.expect_refusal(result, listen.replace('unix:', ''))

    def test_a_socket_left_by_a_crash_does_not_matter(self):
        kurd = self.start_kurd()
        kurd.kill()
        self.assertTrue((self.folder / 'kurd.sock').exists())
        kurd.start()
        self.assertEqual(kurd.jobs(), [])


if __name__ == '__main__':
    unittest.main()
