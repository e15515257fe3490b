"""kurd-worker runs a Kurfile by itself, without a daemon."""

import pickle
import unittest

import data
import harness


class WorkerAloneTest(harness.TestCase):

    def run_worker(self, kurfile, *arguments, code=harness.OK):
        # From another folder: relative paths belong to the Kurfile.
        elsewhere = self.folder / 'elsewhere'
        elsewhere.mkdir(exist_ok=True)
        return self.expect(code, self.run_program('kurd-worker', 'run', kurfile, *arguments,
                                                  cwd=elsewhere))

    def test_it_trains_and_reports_every_batch(self):
        kurfile = data.write_points_project(self.folder / 'here', epochs=2)
        events = self.run_worker(kurfile, '--seed', 1).lines
        self.assertEqual(set(harness.losses(events)),
                         {(epoch, batch) for epoch in (1, 2) for batch in range(1, 17)})
        self.assertEqual(len(harness.measured(events)), 2)
        started = next(event['started'] for event in events if 'started' in event)
        self.assertEqual(int(started['parameters']), 2 * 16 + 16 + 16 + 1)
        self.assertEqual(int(started['samples']), 512)
        self.assertTrue((self.folder / 'here' / 'last.kur').exists())
        self.assertTrue((self.folder / 'here' / 'best.kur').exists())

    def test_it_learns(self):
        kurfile = data.write_points_project(self.folder / 'here', epochs=30)
        events = self.run_worker(kurfile, '--seed', 1).lines
        first, last = harness.measured(events)[0], harness.measured(events)[-1]
        self.assertLess(last['loss'], 0.5 * first['loss'])

    def test_the_same_seed_gives_the_same_weights(self):
        weights = []
        for folder, seed in (('one', 5), ('two', 5), ('three', 6)):
            kurfile = data.write_points_project(self.folder / folder)
            self.run_worker(kurfile, '--seed', seed, '--threads', 1)
            weights.append(harness.tensors(self.folder / folder / 'last.kur'))
        self.assertEqual(weights[0], weights[1])
        self.assertNotEqual(weights[0], weights[2])

    def test_augmented_training_repeats_itself(self):
        augment = 'train.augment=[{crop: {padding: 3}}, flip, {cutout: 6}, {mixup: {alpha: 0.3}}]'
        weights = []
        for folder, more in (('one', ['--set', augment]), ('two', ['--set', augment]),
                             ('three', [])):
            kurfile = data.write_images_project(self.folder / folder)
            self.run_worker(kurfile, '--seed', 5, '--threads', 1, *more)
            weights.append(harness.tensors(self.folder / folder / 'last.kur'))
        self.assertEqual(weights[0], weights[1])
        self.assertNotEqual(weights[0], weights[2])

    def test_it_goes_on_from_the_last_weights(self):
        kurfile = data.write_points_project(self.folder / 'here', epochs=20)
        first = harness.losses(self.run_worker(kurfile, '--seed', 1).lines)
        second = harness.losses(self.run_worker(kurfile, '--seed', 2).lines)
        self.assertLess(second[min(second)], 0.6 * first[min(first)])

    def test_evaluate_writes_a_pickle_that_numpy_reads(self):
        kurfile = data.write_images_project(self.folder / 'here', epochs=8)
        self.run_worker(kurfile, '--seed', 1)
        self.run_worker(kurfile, '--mode', 'evaluate')
        with open(self.folder / 'here' / 'results.pkl', 'rb') as file:
            results = pickle.load(file)
        result, truth = results['result']['labels'], results['truth']['labels']
        self.assertEqual(result.shape, (256, 10))
        self.assertEqual(truth.shape, (256, 10))
        for row in result.sum(axis=1):
            self.assertAlmostEqual(row, 1, places=4)
        self.assertGreater((result.argmax(axis=1) == truth.argmax(axis=1)).mean(), 0.6)

    def test_test_measures_without_training(self):
        kurfile = data.write_points_project(self.folder / 'here')
        self.run_worker(kurfile, '--seed', 1)
        before = (self.folder / 'here' / 'last.kur').read_bytes()
        events = self.run_worker(kurfile, '--mode', 'test').lines
        self.assertEqual(len(harness.measured(events, 'test')), 1)
        self.assertEqual(harness.losses(events), {})
        self.assertEqual((self.folder / 'here' / 'last.kur').read_bytes(), before)

    def test_it_reads_cifar(self):
        folder = self.folder / 'here'
        folder.mkdir()
        data.write_cifar(folder / 'cifar.tar.gz')
        kurfile = folder / 'cifar.yml'
        kurfile.write_text(data.images_kurfile().replace(
            """mnist:
        images: images.gz
        labels: labels.gz""", 'cifar: {path: cifar.tar.gz, parts: [1, 3, test]}'))
        events = self.run_worker(kurfile, '--seed', 1).lines
        started = next(event['started'] for event in events if 'started' in event)
        self.assertEqual(int(started['samples']), 120)

    def test_data_may_lie_in_a_neighbouring_folder(self):
        kurfile = data.write_points_project(self.folder / 'here')
        (self.folder / 'here' / 'train.pkl').rename(self.folder / 'train.pkl')
        kurfile.write_text(kurfile.read_text().replace('train.pkl', '../train.pkl'))
        self.assertTrue(harness.losses(self.run_worker(kurfile, '--seed', 1).lines))

    def test_overrides_change_the_kurfile(self):
        kurfile = data.write_points_project(self.folder / 'here')
        events = self.run_worker(kurfile, '--set', 'train.stop_when.epochs=1',
                                 '--set', 'train.provider.batch_size=128').lines
        self.assertEqual(set(harness.losses(events)), {(1, batch) for batch in range(1, 5)})

    def test_what_is_wrong_is_said_with_its_place(self):
        kurfile = data.write_points_project(self.folder / 'here')
        kurfile.write_text(kurfile.read_text().replace('dense: 16', 'dens: 16'))
        result = self.run_worker(kurfile, code=harness.ERROR)
        self.assertIn('points.yml:', result.err + result.out)
        self.assertIn('dens', result.err + result.out)

    def test_a_missing_data_file_is_named(self):
        kurfile = data.write_points_project(self.folder / 'here')
        (self.folder / 'here' / 'train.pkl').unlink()
        result = self.run_program('kurd-worker', 'run', kurfile)
        self.assertIn(result.code, (harness.ERROR, harness.JOB_FAILED), str(result))
        self.assertIn('train.pkl', result.err + result.out)


if __name__ == '__main__':
    unittest.main()
