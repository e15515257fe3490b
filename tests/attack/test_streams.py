"""Streams that are opened by the thousand and never read: kurd goes on for the others.

kurd runs with as few descriptors as an account often gets.
"""

import functools
import os
import queue
import unittest

import api
import grpc
import harness

DESCRIPTORS = 1024
STREAMS = 1500
# Each costs the attacker a thread.
UPLOADS = 300
USERS = ('anna', 'berta', 'carl', 'dora')

# Writes weights of about 1.2 MB: more than a stream takes that nobody reads.
KURFILE = '''
model:
  - input: {shape: [2]}
    name: point
  - dense: 100000
    name: above
train:
  data: [{synthetic: {samples: 2, sources: {point: {shape: [2]}, above: {shape: [100000]}}}}]
  epochs: 1
  weights: {last: last.kur}
loss: [{target: above, name: mean_squared_error}]
'''


class StreamsTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        tokens = self.folder / 'tokens'
        tokens.write_text(''.join(f'{user}:{user}-secret-token\n' for user in USERS))
        tokens.chmod(0o600)
        self.address = f'127.0.0.1:{harness.free_port()}'
        self.kurd = self.start_kurd('--token-file', tokens, listen=self.address,
                                    descriptors=DESCRIPTORS)

    def client(self, user):
        client = api.Client(self.address, f'{user}-secret-token')
        self.addCleanup(client.channel.close)
        return client

    def run_job(self, client):
        """Has a job train to its end, and returns its name."""
        pb = api.modules()['kur_pb2']
        job = client.submit(KURFILE)
        for _ in client.jobs.WatchEvents(pb.WatchEventsRequest(name=job.name, follow=True),
                                         metadata=client.metadata, timeout=harness.PATIENCE):
            pass
        return job.name

    @functools.lru_cache(maxsize=None)
    def endless_job(self, client):
        return client.submit(KURFILE.replace('epochs: 1', 'epochs: 1000000')).name

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.kurd.process.pid}/fd'))

    def attack(self, open_stream, count):
        """Opens streams and reads none; returns those that are open, once all others have ended."""
        refused = queue.Queue()

        def on_end(call):
            if call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                self.assertIn('end one, then try again', call.details())
                refused.put(call)
        streams = [open_stream() for _ in range(count)]
        for stream in streams:
            stream.add_done_callback(lambda _, stream=stream: on_end(stream))
        most = DESCRIPTORS // 8
        for _ in range(count - most):
            refused.get(timeout=harness.PATIENCE)
        return streams

    def assert_serves(self, client, job):
        """Everything that needs descriptors, for somebody else."""
        pb = api.modules()['kur_pb2']
        events = list(client.jobs.WatchEvents(pb.WatchEventsRequest(name=job),
                                              metadata=client.metadata, timeout=harness.PATIENCE))
        self.assertTrue(events)
        content = b''.join(piece.data for piece in client.jobs.DownloadArtifact(
            pb.DownloadArtifactRequest(name=job, path='last.kur'), metadata=client.metadata,
            timeout=harness.PATIENCE))
        self.assertGreater(len(content), 1_000_000)
        client.submit(KURFILE, validate_only=True)

    def test_unread_streams_of_some_leave_descriptors_for_others(self):
        pb = api.modules()['kur_pb2']
        bystander = self.client('dora')
        job = self.run_job(bystander)
        before = self.descriptors()
        attackers = [self.client(user) for user in USERS[:3]]
        finished = {attacker: self.run_job(attacker) for attacker in attackers}
        attacks = {
            'downloads': (STREAMS, lambda attacker: attacker.jobs.DownloadArtifact(
                pb.DownloadArtifactRequest(name=finished[attacker], path='last.kur'),
                metadata=attacker.metadata)),
            'uploads': (UPLOADS, lambda attacker: attacker.blobs.UploadBlob.future(
                iter(queue.Queue().get, None), metadata=attacker.metadata)),
            # The last, because the first of the jobs keeps the device.
            'watches': (STREAMS, lambda attacker: attacker.jobs.WatchEvents(
                pb.WatchEventsRequest(name=self.endless_job(attacker), follow=True),
                metadata=attacker.metadata)),
        }
        for name, (count, open_stream) in attacks.items():
            with self.subTest(name):
                streams = []
                for attacker in attackers:
                    streams += self.attack(
                        functools.partial(open_stream, attacker), count)
                    self.assertLess(self.descriptors(), before + DESCRIPTORS // 4)
                    self.assert_serves(bystander, job)
                if name != 'watches':
                    self.run_job(bystander)
                for stream in streams:
                    stream.cancel()
                self.eventually('the descriptors are free again',
                                lambda: self.descriptors() <= before + 40)
        self.assertTrue(harness.is_alive(self.kurd.process.pid))


if __name__ == '__main__':
    unittest.main()
