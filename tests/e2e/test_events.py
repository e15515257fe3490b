"""The events of a job: few bytes where epochs are short, a limit, and what damage costs."""

import os
import pickle
import signal
import unittest

import numpy

import harness

# Epochs of one batch, as fast as they come.
TOY = """---
settings:
  seed: 7
model:
  - input: point
  - dense: 2
  - activation: softmax
    name: label
loss:
  - target: label
    name: categorical_crossentropy
train:
  data:
    - pickle: points.pkl
  provider:
    batch_size: {batch_size}
  stop_when:
    epochs: {epochs}
validate:
  data:
    - pickle: points.pkl
"""

# What depends on how fast the machine is.
MEASURED_TIMES = ('seconds', 'data_seconds', 'samples_per_second')


class EventsTest(harness.TestCase):

    def write_toy(self, epochs, samples=32, batch_size=32):
        folder = self.folder / 'here'
        folder.mkdir(exist_ok=True)
        random = numpy.random.default_rng(1)
        points = random.uniform(-1, 1, (samples, 2)).astype(numpy.float32)
        labels = numpy.eye(2, dtype=numpy.float32)[(points[:, 1] > 0).astype(int)]
        with open(folder / 'points.pkl', 'wb') as file:
            pickle.dump({'point': points, 'label': labels}, file)
        kurfile = folder / 'toy.yml'
        kurfile.write_text(TOY.format(epochs=epochs, batch_size=batch_size), encoding='utf-8')
        return kurfile

    def start_endless(self):
        """Starts a job of epochs that take some milliseconds each, and returns after some."""
        job = self.kurd.submit(self.write_toy(1000000, samples=4096))
        self.await_epoch(job, 20)
        return job

    def await_epoch(self, job, epoch):
        self.eventually(f'epoch {epoch} is trained', lambda: int(
            self.kurd.describe(job).get('progress', {}).get('epoch', 0)) >= epoch)

    def cancel(self, job):
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.kurd.wait(job, harness.JOB_CANCELLED)
        return self.kurd.events(job)

    def log_of(self, job):
        return self.kurd.state / 'runs' / job / 'events.log'

    def epochs_of(self, events):
        return [int(event['epoch_finished']['epoch']) for event in events
                if 'epoch_finished' in event]

    def warnings(self, events):
        return [event['log_line']['text'] for event in events
                if event.get('log_line', {}).get('level') == 'LEVEL_WARNING']


def told(events):
    """What the epochs of a run are, without what depends on the machine's speed."""
    found = []
    for event in events:
        for kind in harness.PACKED:
            fields = {name: value for name, value in event.get(kind, {}).items()
                      if name not in MEASURED_TIMES and value not in (0, '0', '', [], {})}
            if not fields:
                continue
            before = found[-1] if found else ('', {})
            if kind == 'batch_losses' and before[0] == kind:
                # The same losses may come in more or fewer pieces.
                for name in ('losses', 'sizes'):
                    fields[name] = before[1][name] + fields[name]
                fields['first_batch'] = before[1]['first_batch']
                found.pop()
            found.append((kind, fields))
    return found


class ShortEpochsTest(EventsTest):

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()

    def test_they_take_little_and_read_as_if_each_had_been_sent_alone(self):
        epochs = 2000
        kurfile = self.write_toy(epochs)
        job = self.kurd.submit(kurfile)
        self.kurd.wait(job)
        events = self.kurd.events(job)
        alone = self.expect(harness.OK, self.run_program('kurd-worker', 'run', kurfile,
                                                         '--threads', 1)).lines
        self.assertEqual(told(events), told(alone))
        self.assertEqual(self.epochs_of(events), list(range(1, epochs + 1)))
        self.assertEqual(*harness.numbers_and_range(events))
        times = [event['time'] for event in events]
        self.assertEqual(len(set(times)) > epochs, True)
        self.assertLess(self.log_of(job).stat().st_size, 100 * epochs)
        self.assertNotIn('packed', str(events))
        # A client may begin anywhere.
        middle = int(events[len(events) // 2]['number'])
        self.assertEqual(self.kurd.events(job, '--from', middle),
                         [event for event in events if int(event['number']) >= middle])
        lines = self.expect(harness.OK, self.kurd.kurctl('logs', job)).out.splitlines()
        self.assertEqual(sum('validate' in line for line in lines), epochs)

    def test_who_follows_sees_them_within_seconds_and_each_once(self):
        job = self.start_endless()
        watch = self.kurd.start_kurctl('events', '-f', job)
        self.eventually('epochs come', lambda: '"epoch":"50"' in watch.out.replace(' ', ''))
        self.cancel(job)
        self.assertEqual(watch.wait().code, 0)
        epochs = self.epochs_of(watch.lines)
        self.assertEqual(epochs, list(range(1, len(epochs) + 1)))

    def test_kills_of_worker_and_kurd_lose_none_and_repeat_none(self):
        epochs = 2000
        kurfile = self.write_toy(epochs, samples=1024)
        undisturbed = self.kurd.submit(kurfile, '--project', 'one')
        self.kurd.wait(undisturbed)
        job = self.kurd.submit(kurfile, '--project', 'two')
        for attempt in (1, 2, 3):
            self.eventually('it trains', lambda: (
                self.kurd.describe(job)['attempts'] == attempt and
                harness.state(self.kurd.describe(job)) == 'RUNNING'))
            pid = self.kurd.worker_pid(job)
            self.expect(harness.OK, self.kurd.kurctl('checkpoint', job))
            self.kurd.wait_for_event(job, 'saved', count=attempt)
            self.kurd.restart_after_crash()
            os.kill(pid, signal.SIGKILL)
        self.kurd.wait(job)
        events = self.kurd.events(job)
        self.assertEqual(*harness.numbers_and_range(events))
        reported = [event for event in events if int(event.get('worker_sequence', 0))]
        self.assertEqual(*harness.numbers_and_range(reported, 'worker_sequence'))
        # What was trained again came again, and nothing else did.
        expected = harness.losses(self.kurd.events(undisturbed))
        self.assertEqual(harness.losses(events), expected)
        self.assertEqual(set(self.epochs_of(events)), set(range(1, epochs + 1)))


class LimitTest(EventsTest):

    def test_a_job_beyond_it_trains_on_and_keeps_what_matters(self):
        self.kurd = self.start_kurd('--event-space', '1')
        # 256 losses in each epoch, so that it takes seconds to get there.
        kurfile = self.write_toy(1000000, samples=256, batch_size=1)
        kurfile.write_text(kurfile.read_text(encoding='utf-8') + '  weights: best.kur\n',
                           encoding='utf-8')
        job = self.kurd.submit(kurfile)
        self.eventually('the limit is said', lambda: self.warnings(self.kurd.events(job)))
        pid = self.kurd.worker_pid(job)
        os.kill(pid, signal.SIGKILL)
        self.kurd.wait_for_event(job, 'started', count=2)
        self.expect(harness.OK, self.kurd.kurctl('checkpoint', job))
        self.kurd.wait_for_event(job, 'command_done')
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))
        self.kurd.wait(job, harness.JOB_CANCELLED)
        events = self.kurd.events(job)
        limits = [text for text in self.warnings(events) if 'the limit of 1 MiB' in text]
        self.assertEqual(len(limits), 1)
        at = next(index for index, event in enumerate(events)
                  if 'the limit of' in event.get('log_line', {}).get('text', ''))
        self.assertNotIn('batch_losses', str(events[at:]))
        self.assertEqual(harness.states(events)[-1], 'CANCELLED')
        self.assertLess(self.log_of(job).stat().st_size, 3 << 19)


class DamageTest(EventsTest):

    def flip(self, path, offset, bit=0):
        content = bytearray(path.read_bytes())
        content[offset] ^= 1 << bit
        path.write_bytes(content)
        return bytes(content)

    def test_a_damaged_log_of_a_job_that_has_ended_is_read_as_far_as_it_is_good(self):
        self.kurd = self.start_kurd()
        job = self.kurd.submit(self.write_toy(5))
        self.kurd.wait(job)
        events = self.kurd.events(job)
        log = self.log_of(job)
        # The length of the second record: 12 bytes, and the length of the first, come before it.
        second = 12 + log.read_bytes()[0]
        for bit in (0, 4):
            damaged = self.flip(log, second, bit)
            result = self.kurd.kurctl('events', job)
            self.assertNotEqual(result.code, harness.OK)
            self.assertEqual(result.lines, events[:1])
            self.assertIn(f'damaged record at offset {second}', result.err)
            self.assertEqual(log.read_bytes(), damaged)
            self.flip(log, second, bit)
        self.eventually('kurd says so',
                        lambda: f'{job}: DATA_LOSS' in self.kurd.process.err)
        self.assertEqual(self.kurd.events(job), events)

    def test_a_job_whose_log_is_damaged_goes_on_and_nothing_is_thrown_away(self):
        self.kurd = self.start_kurd()
        job = self.start_endless()
        pid = self.kurd.worker_pid(job)
        before = int(self.kurd.describe(job)['progress']['epoch'])
        self.kurd.kill()
        log = self.log_of(job)
        second = 12 + log.read_bytes()[0]
        damaged = self.flip(log, second, 5)
        self.kurd.start()
        self.await_epoch(job, before + 20)
        self.assertEqual(self.kurd.worker_pid(job), pid)
        self.assertEqual((log.parent / 'events.log.damaged-1').read_bytes(), damaged[second:])
        self.assertIn('events.log.damaged-1', self.kurd.process.err)
        events = self.cancel(job)
        self.assertIn('events.log.damaged-1', self.warnings(events)[0])
        self.assertEqual(*harness.numbers_and_range(events))
        # The worker still had what was lost.
        epochs = self.epochs_of(events)
        self.assertEqual(epochs, list(range(1, len(epochs) + 1)))

    def test_a_damaged_spool_does_not_keep_a_job_from_ending(self):
        self.kurd = self.start_kurd()
        job = self.start_endless()
        pid = self.kurd.worker_pid(job)
        self.kurd.kill()
        os.kill(pid, signal.SIGKILL)
        spool = self.log_of(job).parent / 'spool.log'
        self.flip(spool, 12 + spool.read_bytes()[0], 5)
        self.kurd.start()
        self.eventually('the next worker trains', lambda: harness.state(
            self.kurd.describe(job)) == 'RUNNING' and self.kurd.describe(job)['attempts'] == 2)
        events = self.cancel(job)
        self.assertIn('spool.log.damaged-1', ' '.join(self.warnings(events)))
        self.assertEqual(*harness.numbers_and_range(events))


if __name__ == '__main__':
    unittest.main()
