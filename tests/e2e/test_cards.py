"""Cards, with a driver of the tests in place of NVIDIA's and, where it must use them, a worker."""

import os
import unittest

import data
import harness

DRIVER = harness.BIN.parent / 'tests' / 'server' / 'devices' / 'libfake_nvml.so'


class CardsTest(harness.TestCase):

    def driver(self, **says):
        """The environment of a kurd that finds a driver which says that."""
        folder = self.folder / 'driver'
        folder.mkdir()
        (folder / 'libnvidia-ml.so.1').symlink_to(DRIVER)
        return {'LD_LIBRARY_PATH': folder, **{f'FAKE_NVML_{key}': value
                                              for key, value in says.items()}}

    def worker(self, capabilities):
        """A kurd-worker that says this of the cards, and else is the real one."""
        path = self.folder / 'worker'
        path.write_text(f"""#!/bin/sh
[ "$1" = --capabilities ] && echo '{capabilities}' && exit
exec {harness.BIN}/kurd-worker "$@"
""")
        path.chmod(0o755)
        return path

    def devices(self, kurd):
        return harness.items(self.expect(harness.OK, kurd.kurctl('devices', '-o', 'json')).json,
                             'devices')

    def test_a_libtorch_for_processors_leaves_the_cards_and_says_what_to_do(self):
        if 'libtorch_cuda' in harness.libraries('kurd-worker'):
            self.skipTest('this kurd-worker is built with a libtorch that knows cards')
        version = self.run_program('kurd-worker', '--capabilities').json['libtorch']
        environment = self.driver(DEVICES=2)
        kurd = self.start_kurd(devices='auto', env=environment)
        self.assertEqual([device['name'] for device in self.devices(kurd)], ['cpu0'])
        for result in (kurd.kurctl('devices'), kurd.kurctl('devices', '-o', 'json')):
            self.assertIn('the NVIDIA driver has 2 cards, but workers cannot use them: their '
                          f'libtorch {version} is for processors only', result.err)
            self.assertIn('deploy/install-libtorch.sh', result.err)
        job = kurd.submit(data.write_points_project(self.folder / 'here', epochs=1))
        kurd.wait(job)
        # Who insists on cards is refused.
        refused = self.run_program('kurd', '--state-dir', self.folder / 'other', '--devices', 'cuda',
                                   env=environment)
        self.expect_refusal(refused, 'no CUDA devices', 'for processors only')

    def test_cards_beside_slots(self):
        kurd = self.start_kurd('--worker-binary', self.worker('{"has_cuda": true, "cards": [{}]}'),
                               devices='cuda:1+cpu:1', env=self.driver(DEVICES=2),
                               processors=os.sched_getaffinity(0))
        cards = self.devices(kurd)
        self.assertEqual([(card['name'], card['kind']) for card in cards],
                         [('cuda1', 'cuda'), ('cpu0', 'cpu')])
        self.assertEqual(set(cards[0]['processors']) & set(cards[1]['processors']), set())

    def test_a_card_that_others_use_is_waited_for(self):
        kurd = self.start_kurd('--worker-binary', self.worker('{"has_cuda": true, "cards": [{}]}'), devices='cuda',
                               env=self.driver(DEVICES=1, USED_GIB=40))
        self.assertIn('(programs outside of kurd use 40.0 GiB of it (process 4711))',
                      kurd.kurctl('devices').out)
        job = kurd.submit(data.write_points_project(self.folder / 'here', epochs=1))
        self.eventually('it says why it waits', lambda: 'process 4711' in kurd.describe(job).get(
            'reason', ''))
        self.assertEqual(harness.state(kurd.describe(job)), 'QUEUED')
        self.expect(harness.OK, kurd.kurctl('cancel', job))

    def test_a_card_that_workers_cannot_use_is_left_out(self):
        kurd = self.start_kurd(
            '--worker-binary', self.worker('{"has_cuda": true, "cards": [{}, {"error": "no kernels for it"}]}'),
            devices='auto', env=self.driver(DEVICES=2))
        self.assertEqual([device['name'] for device in self.devices(kurd)], ['cuda0'])
        self.assertIn('left out cuda1: no kernels for it', kurd.kurctl('devices').err)

    def test_the_worker_says_what_it_can_do(self):
        said = self.expect(harness.OK, self.run_program('kurd-worker', '--capabilities')).lines
        self.assertEqual(len(said), 1)
        self.assertIn('libtorch', said[0])
        self.assertIn('version', said[0])
        # Without a card it says why, and is no failure.
        self.assertTrue(said[0].get('error') or said[0].get('cards'))


if __name__ == '__main__':
    unittest.main()
