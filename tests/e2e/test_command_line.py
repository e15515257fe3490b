"""What the programs say and return to a person at a terminal or a script, without a server."""

import json
import subprocess
import unittest

import data
import harness

COMMANDS = ('up', 'down', 'submit', 'list', 'describe', 'logs', 'watch', 'events', 'cancel', 'wait',
            'checkpoints', 'download', 'devices', 'dump', 'plan', 'version')


class HelpTest(harness.TestCase):

    def test_every_command_is_listed(self):
        result = self.expect(harness.OK, self.run_program('kurctl', '--help'))
        for command in COMMANDS:
            self.assertRegex(result.out, rf'(?m)^\s+{command}\b')

    def test_every_command_explains_itself_with_an_example(self):
        for command in COMMANDS:
            with self.subTest(command):
                result = self.expect(harness.OK, self.run_program('kurctl', command, '--help'))
                self.assertRegex(result.out, r'(?i)examples?:')
                self.assertIn(f'kurctl {command}', result.out)

    def test_the_daemon_and_the_worker_explain_themselves(self):
        for program, word in (('kurd', '--state-dir'), ('kurd-worker', 'run'),
                              ('kurd-evaluator', 'started by kurd')):
            with self.subTest(program):
                result = self.expect(harness.OK, self.run_program(program, '--help'))
                self.assertIn(word, result.out)

    def test_all_programs_have_the_same_version(self):
        client = self.expect(harness.OK, self.run_program('kurctl', 'version')).out
        daemon = self.expect(harness.OK, self.run_program('kurd', '--version')).out
        worker = self.expect(harness.OK, self.run_program('kurd-worker', '--version')).out
        evaluator = self.expect(harness.OK, self.run_program('kurd-evaluator', '--version')).out
        version = daemon.split()[-1]
        self.assertRegex(version, r'^\d+\.\d+\.\d+')
        self.assertIn(version, client)
        self.assertIn(version, worker)
        self.assertIn(version, evaluator)


class UsageTest(harness.TestCase):

    def test_misuse_is_told_apart_from_failure(self):
        for arguments in ((), ('frobnicate',), ('list', '--frobnicate'), ('describe',),
                          ('list', '-o', 'xml'), ('submit', 'x.yml', '--mode', 'fly')):
            with self.subTest(arguments):
                result = self.expect(harness.USAGE, self.run_program('kurctl', *arguments))
                self.assertEqual(result.out, '')
                self.assertNotEqual(result.err, '')

    def test_misuse_of_the_daemon_and_the_worker(self):
        for program, arguments in (('kurd', ('--frobnicate',)), ('kurd-worker', ('frobnicate',)),
                                   ('kurd-worker', ('run',)), ('kurd-evaluator', ())):
            with self.subTest(program=program, arguments=arguments):
                result = self.expect(harness.USAGE, self.run_program(program, *arguments))
                self.assertNotEqual(result.err, '')

    def test_an_unreachable_server_is_named(self):
        for address in (f'unix:{self.folder}/nobody.sock', f'127.0.0.1:{harness.free_port()}'):
            for arguments in (('list',), ('describe', 'job-1'), ('devices',), ('wait', 'job-1')):
                with self.subTest(address=address, arguments=arguments):
                    result = self.expect(harness.UNREACHABLE, self.run_program(
                        'kurctl', *arguments, '--server', address))
                    self.assertIn(address.replace('unix:', ''), result.err)
                    self.assertEqual(result.out, '')


class OfflineTest(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.kurfile = data.write_images_project(self.folder)

    def test_plan_shows_layers_shapes_and_parameters(self):
        shaped = ('--set', 'model[0]={input: {shape: [28, 28, 1]}, name: images}')
        result = self.expect(harness.OK, self.run_program('kurctl', 'plan', self.kurfile, *shaped))
        for word in ('convolution', 'dense', 'labels'):
            self.assertIn(word, result.out)
        self.assertRegex(result.out.replace(',', ''), r'\b15690\b')  # 14 * 14 * 8 * 10 + 10

    def test_plan_prints_json(self):
        result = self.expect(harness.OK,
                             self.run_program('kurctl', 'plan', self.kurfile, '-o', 'json'))
        layers = harness.items(result.json, 'layers')
        self.assertIn('labels', [layer['name'] for layer in layers])

    def test_dump_evaluates_templates(self):
        self.kurfile.write_text(self.kurfile.read_text().replace('epochs: 1', 'epochs: "{{ 2 + 3 }}"'))
        dump = self.expect(harness.OK, self.run_program('kurctl', 'dump', self.kurfile))
        self.assertEqual(json.loads(dump.out)['train']['stop_when']['epochs'], 5)

    def test_dump_before_parsing_leaves_templates_alone(self):
        self.kurfile.write_text(self.kurfile.read_text().replace('epochs: 1', 'epochs: "{{ 2 + 3 }}"'))
        dump = self.expect(harness.OK,
                           self.run_program('kurctl', 'dump', '--pre-parse', self.kurfile))
        self.assertEqual(json.loads(dump.out)['train']['stop_when']['epochs'], '{{ 2 + 3 }}')

    def test_what_dump_prints_means_the_same(self):
        for form in 'json', 'yaml':
            with self.subTest(form=form):
                dump = self.expect(harness.OK,
                                   self.run_program('kurctl', 'dump', self.kurfile, '-o', form))
                again = self.kurfile.with_name(f'again-{form}.yml')
                again.write_text(dump.out)
                self.expect(harness.OK, self.run_program('kurctl', 'validate', again))
                self.expect(harness.OK, self.run_program('kurctl', 'diff', self.kurfile, again))

    def test_dump_prints_what_it_can_of_a_kurfile_that_is_refused(self):
        self.kurfile.write_text(self.kurfile.read_text().replace('dense:', 'dens:').replace(
            'epochs: 1', 'epochs: "{{ 2 + 3 }}"'))
        dump = self.expect(harness.ERROR, self.run_program('kurctl', 'dump', self.kurfile))
        self.assertEqual(json.loads(dump.out)['train']['stop_when']['epochs'], 5)
        self.assertIn('dens', dump.err)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([str(harness.BIN / 'kurctl'), 'dump', str(self.kurfile)],
                                  stdout=full, stderr=subprocess.PIPE, text=True,
                                  env=harness.clean_environment(), timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, harness.ERROR)
        self.assertIn('cannot write standard output', done.stderr)

    def test_arguments_that_are_no_text_are_refused(self):
        result = self.expect(harness.USAGE, self.run_program('kurctl', 'plan', b'f\xff.yml'.decode(
            'utf-8', 'surrogateescape')))
        self.assertIn('is no UTF-8', result.err)

    def test_everything_that_is_wrong_is_reported_at_once(self):
        self.kurfile.write_text(self.kurfile.read_text().replace('dense:', 'dens:').replace(
            'categorical_crossentropy', 'categorical_crosentropy'))
        result = self.expect(harness.ERROR, self.run_program('kurctl', 'plan', self.kurfile))
        self.assertIn('dens', result.err)
        self.assertIn('did you mean', result.err.lower())
        self.assertIn('categorical_crosentropy', result.err)


if __name__ == '__main__':
    unittest.main()
