"""Looking at data from where the server is."""

import data
import harness

KURFILE = """
model:
  - input: x
  - dense: 3
  - activation: softmax
    name: label
train:
  data:
    - csv: train.csv
      columns: {x: [a, b], label: label}
validate:
  data:
    - csv: validate.csv
      columns: {x: [a, b], label: label}
loss:
  - target: label
    name: sparse_categorical_crossentropy
"""


class DataTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.kurd = self.start_kurd()
        self.project = self.folder / 'project'
        self.project.mkdir()
        self.kurfile = self.project / 'table.yml'
        self.kurfile.write_text(KURFILE)
        (self.project / 'train.csv').write_text('a,b,label\n1,2,0\n3,4,1\n5,6,2\n')
        (self.project / 'validate.csv').write_text('a,b,label\n1,4,0\n7,2,1\n')

    def test_it_shows_what_is_there(self):
        shown = self.expect(harness.OK, self.kurd.kurctl('data', self.kurfile))
        self.assertIn('train: 3 samples\n', shown.out)
        self.assertIn('validate: 2 samples\n', shown.out)
        self.assertIn('label   truth  1      integers', shown.out)
        self.assertEqual(shown.err, '')

    def test_it_ends_with_1_when_data_is_wrong(self):
        (self.project / 'train.csv').write_text('a,b,label\n1,2,0\n3,inf,3\n')
        shown = self.expect(harness.ERROR, self.kurd.kurctl('data', self.kurfile))
        self.assertIn("table.yml:16:5: error: loss[0].target: sample 1 (train.csv:3) of the source 'label' holds 3",
                      shown.out)
        self.assertIn('warning: x: 0 values not a number (NaN), 1 infinite', shown.out)

    def test_it_prints_json(self):
        shown = self.expect(harness.OK, self.kurd.kurctl(
            'data', self.kurfile, '--section', 'validate', '-n', '1', '-o', 'json'))
        report, = shown.json
        self.assertEqual(report['section'], 'validate')
        x, = [source for source in report['sources'] if source['name'] == 'x']
        self.assertEqual((x['minimum'], x['maximum'], x['mean']), (1, 7, 3.5))
        self.assertEqual(len(x['samples']), 1)

    def test_it_needs_no_device(self):
        busy = data.write_points_project(self.folder / 'busy', epochs=100000)
        job = self.kurd.submit(busy)
        self.kurd.wait_for_event(job, 'started')
        self.expect(harness.OK, self.kurd.kurctl('data', self.kurfile))
        self.assertEqual(harness.state(self.kurd.describe(job)), 'RUNNING')
        self.expect(harness.OK, self.kurd.kurctl('cancel', job))

    def test_it_is_a_job_like_others(self):
        self.expect(harness.OK, self.kurd.kurctl('data', self.kurfile))
        job, = self.kurd.jobs()
        self.assertEqual((job['mode'], job['devices']), ('MODE_INSPECT', []))
        self.assertEqual(harness.states(self.kurd.events(job['name'])),
                         ['QUEUED', 'STARTING', 'RUNNING', 'SUCCEEDED'])
        said = self.expect(harness.OK, self.kurd.kurctl('logs', job['name'])).out
        self.assertIn('train  3 samples of 2 sources', said)

    def test_pictures_are_drawn(self):
        kurfile = data.write_pictures_project(self.folder / 'pictures')
        shown = self.expect(harness.OK, self.kurd.kurctl('data', kurfile, '-n', '2'))
        self.assertIn('CLASS OF', shown.out)
        self.assertRegex(shown.out, r'\n[ .:=+*#%@-]{8} +[ .:=+*#%@-]{8}\n')

    def test_too_many_samples_are_refused(self):
        shown = self.expect(harness.USAGE, self.kurd.kurctl('data', self.kurfile, '-n', '21'))
        self.assertIn('-n is at most 20', shown.err)
