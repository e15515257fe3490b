"""At the last byte of the disk jobs can be looked at and ended, and their end says why."""

import errno
import subprocess
import unittest

import data
import harness


class FullDiskTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.state = self.folder / 'state'
        self.state.mkdir()
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', self.state],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f'needs a small file system of its own: {mounted.stderr.strip()}')
        self.addCleanup(subprocess.run, ['umount', '--lazy', self.state], check=True)
        self.kurd = self.start_kurd(state=self.state)
        self.kurfile = data.write_points_project(self.folder / 'here', epochs=1000000)
        self.filler = self.state / 'filler'

    def start_job(self):
        job = self.kurd.submit(self.kurfile)
        self.kurd.wait_for_event(job, 'batch_losses')
        return job

    def fill_the_disk(self):
        with open(self.filler, 'ab', buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)

    def wait_for_end(self, job):
        """Waits for any end and returns the job."""
        def ended():
            described = self.kurd.describe(job)
            return described if 'finished_at' in described else None
        return self.eventually('the job has ended', ended)

    def test_jobs_are_listed_and_cancelled_and_kurd_stops_and_starts(self):
        job = self.start_job()
        self.fill_the_disk()
        self.assertEqual([entry['name'] for entry in self.kurd.jobs()], [job])
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.wait_for_end(job)
        self.fill_the_disk()
        self.assertEqual(self.kurd.stop().code, 0)
        self.kurd.start()
        self.assertEqual([entry['name'] for entry in self.kurd.jobs()], [job])

    def test_what_is_refused_is_said_without_sql(self):
        self.fill_the_disk()
        refused = self.kurd.kurctl('submit', self.kurfile)
        self.expect(harness.ERROR, refused)
        self.assertRegex(refused.err, r'(?i)full|no space')
        self.assertNotRegex(refused.err, 'INSERT|UPDATE|BEGIN|COMMIT|SQL')
        self.filler.unlink()
        self.start_job()

    def test_a_job_that_finds_no_space_says_so(self):
        job = self.start_job()
        self.fill_the_disk()
        reason = self.wait_for_end(job)['reason']
        self.assertRegex(reason, r'(?i)full|no space')
        self.assertNotRegex(reason, 'INSERT|UPDATE|BEGIN|COMMIT|SQL')


if __name__ == '__main__':
    unittest.main()
