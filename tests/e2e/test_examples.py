"""The examples in deploy/ are what they say."""

import os
import pathlib
import pickle
import shutil
import subprocess
import unittest

import harness

EXAMPLES = harness.REPOSITORY / 'deploy' / 'examples'
FASHION_MNIST = pathlib.Path('/usr/share/datasets/fashion-mnist')


class ExamplesTest(harness.TestCase):

    def test_every_example_can_be_planned(self):
        kurfiles = sorted(EXAMPLES.rglob('*.yml'))
        self.assertGreaterEqual(len(kurfiles), 3)
        for kurfile in kurfiles:
            with self.subTest(kurfile.name):
                self.expect(harness.OK, self.run_program('kurctl', 'plan', kurfile))

    @unittest.skipUnless(FASHION_MNIST.exists(), 'needs the package dataset-fashion-mnist')
    def test_fashion_mnist_is_learned(self):
        kurd = self.start_kurd('--data-root', FASHION_MNIST, processors=os.sched_getaffinity(0))
        kurfile = EXAMPLES / 'fashion-mnist.yml'
        job = kurd.submit(kurfile, '--set', 'train.provider.num_batches=300',
                          '--set', 'train.stop_when.epochs=1')
        kurd.wait(job)
        measured, = harness.measured(kurd.events(job))
        self.assertEqual(int(measured['samples']), 10000)
        self.assertGreater(measured['metrics']['accuracy'], 0.8)

        fetched = self.folder / 'fetched'
        self.expect(harness.OK, kurd.kurctl('submit', kurfile, '--mode', 'evaluate', '--follow',
                                            '--fetch', fetched))
        with open(fetched / 'results.pkl', 'rb') as file:
            results = pickle.load(file)
        right = (results['result']['labels'].argmax(axis=1) ==
                 results['truth']['labels'].argmax(axis=1))
        self.assertAlmostEqual(right.mean(), measured['metrics']['accuracy'], places=6)

    def test_spoken_digits_are_understood(self):
        """A network learns to transcribe, with nothing but recordings and what was said."""
        folder = self.folder / 'digits'
        folder.mkdir()
        for name in ('digits.yml', 'make_digits.py'):
            shutil.copy(EXAMPLES / 'digits' / name, folder)
        subprocess.run([folder / 'make_digits.py'], cwd=folder, check=True, capture_output=True,
                       timeout=harness.PATIENCE)
        kurd = self.start_kurd()
        job = kurd.submit(folder / 'digits.yml')
        kurd.wait(job)
        said = self.expect(harness.OK, kurd.kurctl('logs', job)).out
        self.assertRegex(said, r'Prediction: "\d+"')
        self.assertIn('Truth: "224"', said)
        tested = kurd.submit(folder / 'digits.yml', '--mode', 'test')
        kurd.wait(tested)
        measured, = harness.measured(kurd.events(tested), 'test')
        self.assertLess(measured['metrics']['character_error_rate'], 0.1)


if __name__ == '__main__':
    unittest.main()
