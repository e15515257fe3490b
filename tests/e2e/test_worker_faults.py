"""A worker that is killed costs nothing but the time since its last checkpoint."""

import os
import signal
import unittest

import data
import harness


class WorkerKilledTest(harness.TestCase):

    EPOCHS = 8
    BATCHES = 256

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        # Some seconds of work.
        self.kurfile = data.write_points_project(
            self.folder / 'here', samples=32 * self.BATCHES, epochs=self.EPOCHS, hidden=(512, 512),
            checkpoint_batches=100, seed=11)

    def weights(self, job):
        folder = self.folder / job
        folder.mkdir()
        self.expect(harness.OK, self.kurd.kurctl('download', job, 'last.kur', cwd=folder))
        return harness.tensors(folder / 'last.kur')

    def checkpoints(self, job):
        return [event for event in self.kurd.events(job)
                if event.get('artifact_written', {}).get('path') == 'checkpoint']

    def kill_after_checkpoints(self, job, count):
        self.eventually('there are checkpoints', lambda: len(self.checkpoints(job)) >= count)
        pid = self.kurd.worker_pid(job)
        os.kill(pid, signal.SIGKILL)
        self.eventually('it is started again', lambda: int(
            self.kurd.describe(job).get('worker_pid') or pid) != pid)

    def test_it_goes_on_from_its_checkpoint_and_ends_with_the_same_weights(self):
        undisturbed = self.kurd.submit(self.kurfile, '--project', 'one')
        self.kurd.wait(undisturbed)

        killed = self.kurd.submit(self.kurfile, '--project', 'two')
        self.kill_after_checkpoints(killed, 2)
        self.kill_after_checkpoints(killed, 4)
        self.assertEqual(self.kurd.wait(killed)['attempts'], 3)

        events = self.kurd.events(killed)
        self.assertEqual(*harness.numbers_and_range(events))
        resumed = [int(event['started'].get('resumed_at_batch', 0)) for event in events
                   if 'started' in event]
        self.assertEqual(resumed[0], 0)
        for batch in resumed[1:]:
            self.assertGreaterEqual(batch, 100)

        losses = harness.losses(events)
        self.assertEqual(len(losses), self.EPOCHS * self.BATCHES)
        self.assertEqual(losses, harness.losses(self.kurd.events(undisturbed)))
        self.assertEqual(self.weights(killed), self.weights(undisturbed))

    def test_batches_that_are_trained_again_have_the_same_losses(self):
        job = self.kurd.submit(self.kurfile)
        self.kill_after_checkpoints(job, 2)
        self.kurd.wait(job)
        seen = {}
        for event in self.kurd.events(job):
            for batch, loss in harness.losses([event]).items():
                self.assertEqual(seen.setdefault(batch, loss), loss, batch)

    def damage_and_kill(self, job, *patterns):
        """Flips a bit in every file of the job's run directory that fits, then kills the worker."""
        # Writes what a worker goes on from, which is else written every few seconds.
        self.expect(harness.OK, self.kurd.kurctl('checkpoint', job))
        run = self.kurd.state / 'runs' / job
        self.eventually('there is something to go on from', (run / 'resume.safetensors').exists)
        pid = self.kurd.worker_pid(job)
        os.kill(pid, signal.SIGSTOP)
        for pattern in patterns:
            paths = [path for path in run.rglob(pattern) if path.is_file()]
            self.assertNotEqual(paths, [], pattern)
            for path in paths:
                content = bytearray(path.read_bytes())
                content[len(content) // 2] ^= 1
                path.write_bytes(content)
        os.kill(pid, signal.SIGKILL)

    def resumptions(self, job):
        """The batches that the job went on after, and what was said of them."""
        events = self.kurd.events(job)
        batches = [int(event['started'].get('resumed_at_batch', 0)) for event in events
                   if 'started' in event]
        said = [event['log_line']['text'] for event in events
                if 'cannot be read' in event.get('log_line', {}).get('text', '')]
        return batches[1:], said

    def test_damage_to_what_it_goes_on_from_costs_only_the_way_to_the_checkpoint(self):
        undisturbed = self.kurd.submit(self.kurfile, '--project', 'one')
        self.kurd.wait(undisturbed)
        job = self.kurd.submit(self.kurfile, '--project', 'two')
        self.eventually('there are checkpoints', lambda: len(self.checkpoints(job)) >= 2)
        self.damage_and_kill(job, 'resume.safetensors')
        self.kurd.wait(job)
        batches, said = self.resumptions(job)
        self.assertEqual(len(batches), 1)
        self.assertGreaterEqual(batches[0], 100)
        self.assertEqual(len(said), 1)
        self.assertRegex(said[0], rf'going on from the checkpoint checkpoint, which was written '
                                  rf'after {batches[0]} batches')
        self.assertEqual(harness.losses(self.kurd.events(job)),
                         harness.losses(self.kurd.events(undisturbed)))
        self.assertEqual(self.weights(job), self.weights(undisturbed))

    def test_without_any_good_checkpoint_it_begins_anew_and_says_so(self):
        job = self.kurd.submit(self.kurfile)
        self.eventually('there are checkpoints', lambda: len(self.checkpoints(job)) >= 2)
        self.damage_and_kill(job, 'resume.safetensors', 'checkpoint')
        self.kurd.wait(job)
        batches, said = self.resumptions(job)
        self.assertEqual(batches, [0])
        self.assertEqual(len(said), 1)
        self.assertIn('no good checkpoint of this run is there: beginning anew', said[0])
        self.assertGreaterEqual(len(harness.losses(self.kurd.events(job))),
                                self.EPOCHS * self.BATCHES)

    def test_a_worker_that_always_dies_is_given_up(self):
        endless = self.kurd.submit(self.kurfile, '--set', 'train.stop_when.epochs=1000000')
        killed = set()

        def ended():
            job = self.kurd.describe(endless)
            pid = int(job.get('worker_pid') or 0)
            if pid and pid not in killed and harness.is_alive(pid):
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            return harness.state(job) == 'FAILED' and job

        job = self.eventually('the job is given up', ended)
        self.assertGreater(job['attempts'], 1)
        self.assertRegex(job['reason'], r'(?i)kill|signal')
        self.assertEqual(self.kurd.worker_pids(), [])


class DataCutShortTest(harness.TestCase):

    def test_the_file_is_named(self):
        points = self.folder / 'data' / 'x.npy'
        points.parent.mkdir()
        rows = 600_000
        header = "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 4), }\n" % rows
        points.write_bytes(b'\x93NUMPY\x01\0' + len(header).to_bytes(2, 'little') +
                           header.encode() + bytes(4 * rows))
        kurfile = self.folder / 'large.yml'
        kurfile.write_text(f'model: [{{input: x}}, {{dense: 4, name: y}}]\n'
                           f'loss: [{{name: mean_squared_error, target: y}}]\n'
                           f'train:\n  epochs: 1000\n  data:\n'
                           f'    - npy: {points}\n    - npy: {{source: {points}, name: y}}\n')
        kurd = self.start_kurd('--data-root', points.parent)
        job = kurd.submit(kurfile)
        kurd.wait_for_event(job, 'batch_losses')
        os.truncate(points, 1000)
        reason = kurd.wait(job, harness.JOB_FAILED)['reason']
        self.assertIn('the header promises 2400000 bytes of data', reason)
        self.assertIn(str(points), reason)
        explained = [event for event in kurd.events(job)
                     if 'SIGBUS), as happens when a data file is cut short' in str(event)]
        self.assertEqual(len(explained), 1)


class CancelledTest(harness.TestCase):

    def test_a_worker_that_does_not_listen_is_ended(self):
        kurd = self.start_kurd()
        kurfile = data.write_points_project(self.folder / 'here', epochs=1000000)
        job = kurd.submit(kurfile)
        kurd.wait_for_event(job, 'batch_losses')
        pid = kurd.worker_pid(job)
        # It hears nothing from now on, neither kurd's word nor SIGTERM.
        os.kill(pid, signal.SIGSTOP)
        self.expect(harness.OK, kurd.kurctl('cancel', job))
        kurd.wait(job, harness.JOB_CANCELLED)
        self.assertFalse(harness.is_alive(pid))


if __name__ == '__main__':
    unittest.main()
