"""kurd can be killed at any moment: jobs train on and nobody who watches notices."""

import os
import signal
import time
import unittest

import data
import harness

# An epoch is long enough to be killed in the middle of.
BATCHES = 1024


class RestartTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        # Trains until it is cancelled, so that it outlasts whatever is done to kurd.
        self.kurfile = data.write_points_project(
            self.folder / 'here', samples=32 * BATCHES, epochs=1000000, hidden=(256,))

    def start_job(self, *arguments):
        job = self.kurd.submit(self.kurfile, *arguments)
        self.kurd.wait_for_event(job, 'batch_losses')
        return job, self.kurd.worker_pid(job)

    def cancel(self, job):
        """Ends the job and returns its events."""
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.kurd.wait(job, harness.JOB_CANCELLED)
        return self.kurd.events(job)

    def check_complete(self, job, events, end='CANCELLED'):
        """A job that nothing happened to: one attempt, every batch once and in order, no gap."""
        self.assertEqual(*harness.numbers_and_range(events))
        self.assertEqual(harness.states(events), ['QUEUED', 'STARTING', 'RUNNING', end])
        reported = [event for event in events if int(event.get('worker_sequence', 0))]
        self.assertEqual(*harness.numbers_and_range(reported, 'worker_sequence'))
        batches = [entry for event in events for entry in harness.losses([event])]
        self.assertEqual(batches, [(1 + index // BATCHES, 1 + index % BATCHES)
                                   for index in range(len(batches))])
        self.assertEqual(self.kurd.describe(job)['attempts'], 1)

    def test_stopped_politely_it_leaves_jobs_training(self):
        job, pid = self.start_job()
        self.assertEqual(self.kurd.stop().code, 0)
        self.assertTrue(harness.is_alive(pid))
        self.kurd.start()
        self.assertEqual(self.kurd.worker_pid(job), pid)
        self.check_complete(job, self.cancel(job))

    def test_killed_it_adopts_its_jobs_again(self):
        job, pid = self.start_job()
        before = self.kurd.events(job)
        self.kurd.restart_after_crash()
        self.assertEqual(self.kurd.worker_pid(job), pid)
        after = self.cancel(job)
        self.assertEqual(after[:len(before)], before)
        self.check_complete(job, after)

    def test_killed_again_and_again_nobody_who_watches_misses_anything(self):
        job, pid = self.start_job()
        watching = self.kurd.start_kurctl('events', job, '-f')
        self.eventually('the watcher sees something', lambda: watching.lines)
        for _ in range(5):
            seen = len(watching.lines)
            self.kurd.restart_after_crash()
            self.eventually('the watcher sees more', lambda seen=seen: len(watching.lines) > seen)
            self.assertEqual(self.kurd.worker_pid(job), pid)
        events = self.cancel(job)
        self.assertEqual(self.expect(harness.OK, watching.wait()).lines, events)
        self.check_complete(job, events)

    def test_a_job_that_ends_while_kurd_is_away_ends_as_it_did(self):
        job, pid = self.start_job('--set', 'train.stop_when.epochs=8')
        self.kurd.kill()
        self.eventually('the worker has ended', lambda: not harness.is_alive(pid))
        self.kurd.start()
        self.kurd.wait(job)
        events = self.kurd.events(job)
        self.assertEqual(len(harness.losses(events)), 8 * BATCHES)
        self.check_complete(job, events, 'SUCCEEDED')

    def test_a_worker_killed_while_kurd_is_away_is_started_again(self):
        job, pid = self.start_job()
        self.kurd.kill()
        os.kill(pid, signal.SIGKILL)
        self.kurd.start()
        self.kurd.wait_for_event(job, 'started', count=2)
        self.assertNotEqual(self.kurd.worker_pid(job), pid)
        self.cancel(job)
        self.assertEqual(self.kurd.describe(job)['attempts'], 2)

    def test_a_job_cancelled_across_a_crash_ends_cancelled(self):
        job, _ = self.start_job()
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.kurd.restart_after_crash()
        self.kurd.wait(job, harness.JOB_CANCELLED)
        self.check_complete(job, self.kurd.events(job))

    def test_queued_jobs_survive(self):
        first, _ = self.start_job()
        second = self.kurd.submit(self.kurfile, '--project', 'other',
                                  '--set', 'train.stop_when.epochs=1')
        self.kurd.restart_after_crash()
        self.assertEqual([job['name'] for job in self.kurd.jobs()], [second, first])
        self.cancel(first)
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

    def test_a_kurd_that_stood_still_for_half_a_minute_goes_on(self):
        job, pid = self.start_job()
        watching = self.kurd.start_kurctl('events', job, '-f')
        self.eventually('the watcher sees something', lambda: watching.lines)
        self.kurd.process.signal(signal.SIGSTOP)
        time.sleep(30)
        seen = len(watching.lines)
        self.kurd.process.signal(signal.SIGCONT)
        self.eventually('the watcher sees more', lambda: len(watching.lines) > seen)
        self.assertEqual(self.kurd.worker_pid(job), pid)
        self.check_complete(job, self.cancel(job))


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
                self.start_kurd(*options, listen=listen,
                                state=self.folder / f'state{len(options)}')
                result = self.run_program('kurd', '--state-dir', self.folder / 'another',
                                          '--listen', listen, *options)
                self.expect_refusal(result, listen.replace('unix:', ''))

    def test_the_socket_is_for_those_who_can_read_its_cookie(self):
        kurd = self.start_kurd()
        self.assertEqual(kurd.jobs(), [])
        (self.folder / 'kurd.sock.cookie').unlink()
        refused = self.expect(harness.NOT_ALLOWED, kurd.kurctl('list'))
        self.assertIn('.cookie', refused.err)
        kurd.stop()
        kurd.start()
        self.assertEqual(kurd.jobs(), [])

    def test_a_socket_left_by_a_crash_does_not_matter(self):
        kurd = self.start_kurd()
        kurd.kill()
        self.assertTrue((self.folder / 'kurd.sock').exists())
        kurd.start()
        self.assertEqual(kurd.jobs(), [])


if __name__ == '__main__':
    unittest.main()
