"""A worker that hangs or is killed costs a bounded time, and belongs to one state directory."""

import os
import shutil
import signal
import subprocess
import unittest

import data
import harness


class BoundsTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        self.kurfile = data.write_points_project(self.folder / 'here', epochs=1000000)

    def start_job(self, *arguments):
        job = self.kurd.submit(self.kurfile, *arguments)
        self.kurd.wait_for_event(job, 'batch_losses')
        return job, self.kurd.worker_pid(job)

    def warnings(self, job):
        return '\n'.join(event['log_line']['text'] for event in self.kurd.events(job)
                         if event.get('log_line', {}).get('level') == 'LEVEL_WARNING')


class HangTest(BoundsTest):

    def test_a_worker_that_is_stopped_is_noticed_and_started_again(self):
        job, pid = self.start_job()
        os.kill(pid, signal.SIGSTOP)
        self.eventually('people are told', lambda: 'the worker has not answered for' in
                        self.kurd.describe(job).get('reason', ''))
        self.kurd.wait_for_event(job, 'started', count=2)
        self.assertFalse(harness.is_alive(pid))
        self.assertRegex(self.warnings(job), r'has not answered for 1m\d*s?: killing it')
        described = self.kurd.describe(job)
        self.assertEqual((described['attempts'], described['restarts']), (2, 1))

    def test_a_job_that_dies_again_and_again_ends(self):
        job, pid = self.start_job('--max-restarts', '1')
        for attempt in (1, 2):
            # Something is saved each time: the job gets on, and is bounded all the same.
            self.expect(harness.OK, self.kurd.kurctl('checkpoint', job))
            self.kurd.wait_for_event(job, 'saved', count=attempt)
            os.kill(pid, signal.SIGKILL)
            if attempt == 1:
                self.kurd.wait_for_event(job, 'started', count=2)
                pid = self.kurd.worker_pid(job)
        reason = self.kurd.wait(job, harness.JOB_FAILED)['reason']
        self.assertIn('after 1 of at most 1 restarts', reason)


class StateDirectoryTest(BoundsTest):

    def copy_of(self, state):
        """Copies a directory in which a worker goes on writing: what it is about to rename is gone
        before it is copied."""
        copy = self.folder / 'copy'

        def copied():
            shutil.rmtree(copy, ignore_errors=True)
            return subprocess.run(['cp', '-a', state, copy], check=False,
                                  stderr=subprocess.DEVNULL).returncode == 0

        self.eventually('the directory is copied', copied)
        return copy

    def test_a_copy_of_the_state_directory_does_not_touch_the_workers_of_the_original(self):
        job, pid = self.start_job()
        self.kurd.kill()
        copy = self.copy_of(self.kurd.state)
        other = self.start_kurd(state=copy, listen=f'unix:{self.folder}/other.sock')
        other.wait_for_event(job, 'started', count=2)
        self.assertNotEqual(other.worker_pid(job), pid)
        self.assertIn('this state directory is a copy', other.process.err)
        self.expect(harness.OK, other.kurctl('cancel', job))
        other.wait(job, harness.JOB_CANCELLED)
        self.assertTrue(harness.is_alive(pid))

        self.kurd.start()
        self.assertEqual(self.kurd.worker_pid(job), pid)
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.kurd.wait(job, harness.JOB_CANCELLED)
        self.assertEqual(self.kurd.describe(job)['attempts'], 1)

    def test_after_a_move_of_the_state_directory_jobs_go_on_in_the_new_place(self):
        job, pid = self.start_job()
        self.kurd.kill()
        moved = self.folder / 'moved'
        self.kurd.state.rename(moved)
        other = self.start_kurd(state=moved, listen=f'unix:{self.folder}/other.sock')
        other.wait_for_event(job, 'started', count=2)
        self.assertFalse(harness.is_alive(pid))
        described = other.describe(job)
        self.assertEqual((described['attempts'], described.get('restarts', 0)), (2, 0))
        self.expect(harness.OK, other.kurctl('cancel', job))
        other.wait(job, harness.JOB_CANCELLED)


if __name__ == '__main__':
    unittest.main()
