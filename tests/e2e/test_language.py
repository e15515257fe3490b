"""The commands about Kurfiles: checking, explaining, comparing, formatting; and hostile ones."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

import jsonschema
import yaml

import data
import harness

SOURCE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted((SOURCE / 'deploy/examples').rglob('*.yml'))
GOLDEN = sorted((SOURCE / 'tests/engine/kurfile/golden').glob('*[a-z].yml'))


def whole(paths):
    """Those that are Kurfiles by themselves."""
    return [path for path in paths if not path.stem.endswith('-defaults')]


class KurfileTest(harness.TestCase):

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def kurctl(self, code, *arguments, **options):
        return self.expect(code, self.run_program('kurctl', *arguments, **options))


class ValidateTest(KurfileTest):

    def test_examples_are_valid_without_warnings(self):
        result = self.kurctl(harness.OK, 'validate', '--strict', *EXAMPLES)
        self.assertEqual(result.out.count(': valid ('), len(EXAMPLES))
        self.assertEqual(result.err, '')

    def test_every_error_has_a_place_and_is_underlined(self):
        path = self.write('k.yml', 'model:\n  - input: x\n  - dens: 3\n  - pool: {size: ten}\n'
                                   'trian: {}\n')
        result = self.kurctl(harness.ERROR, 'validate', 'k.yml')
        self.assertIn("k.yml:3:5: error: model[1]: unknown layer or key 'dens'; did you mean "
                      "'dense'?", result.err)
        self.assertIn('    3 |   - dens: 3\n      |     ^~~~\n', result.err)
        self.assertIn('k.yml:4:18: error: model[2].pool.size: expected an integer', result.err)
        self.assertIn("k.yml:5:1: error: unknown section 'trian'; did you mean 'train'?",
                      result.err)
        self.assertIn('3 errors', result.err)
        report = self.kurctl(harness.ERROR, 'validate', path, '-o', 'json').json
        self.assertEqual([report[0]['valid'], len(report[0]['diagnostics'])], [False, 3])
        self.assertEqual(report[0]['diagnostics'][1]['severity'], 'error')

    def test_warnings_count_only_when_strict(self):
        self.write('k.yml', 'model: [{input: {shape: [2]}, name: x}, {dense: 2}, '
                            '{activation: softmax, name: y}]\n'
                            'loss: [{target: y, name: mean_squared_error}]\n')
        result = self.kurctl(harness.OK, 'validate', 'k.yml')
        self.assertIn('warning: loss[0]:', result.err)
        self.kurctl(harness.ERROR, 'validate', '--strict', 'k.yml')

    def test_one_bad_file_does_not_hide_the_others(self):
        self.write('bad.yml', 'model: 3\n')
        self.write('good.yml', 'model: [{input: x}]\n')
        result = self.kurctl(harness.ERROR, 'validate', 'bad.yml', 'none.yml', 'good.yml')
        self.assertIn('good.yml: valid', result.out)
        self.assertIn('none.yml', result.err)
        names = self.kurctl(harness.ERROR, 'validate', 'bad.yml', 'good.yml', '-o', 'name')
        self.assertEqual(names.out, 'bad.yml\n')

    def test_bytes_that_are_no_text_are_refused_with_their_place(self):
        (self.folder / 'k.yml').write_bytes(b'model:\n  - input: "w\xff"\n')
        result = self.kurctl(harness.ERROR, 'validate', 'k.yml')
        self.assertIn('k.yml:2:14: error: a byte that is no UTF-8', result.err)


MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class HostileTest(KurfileTest):
    """None of these takes much time or memory. They are bounded by counts, not by a clock."""

    def validate(self, text):
        path = self.write('hostile.yml', text)
        # A process counts the memory of the one that it was forked from: a small one is in between.
        done = subprocess.run([sys.executable, '-c', MEASURED, str(harness.BIN / 'kurctl'),
                               'validate', str(path)], capture_output=True, text=True,
                              env=harness.clean_environment(), timeout=harness.PATIENCE)
        code, kilobytes = map(int, done.stdout.split())
        self.assertEqual(code, harness.ERROR, done.stderr)
        if 'KUR_TEST_PATIENCE' not in os.environ:  # sanitizers take memory of their own
            self.assertLess(kilobytes, 64 * 1024, done.stderr)
        return done.stderr

    def test_they_are_refused_within_bounds(self):
        model = 'model: [{input: {shape: [4]}, name: x}]\n'
        nines = 'a: &a [1]\n' + ''.join(
            f'k{i}: &k{i} [{", ".join(["*" + ("a" if i == 0 else f"k{i - 1}")] * 9)}]\n'
            for i in range(9))
        doubling = ''.join(f'  - for: {{range: 1, iterate: [{{reuse: r{i}}}, {{reuse: r{i}}}]}}\n'
                           f'    name: r{i + 1}\n' for i in range(40))
        cases = {
            'a loop of 10^9': ('model:\n  - input: {shape: [4]}\n    name: x\n'
                               '  - for: {range: 1000000000, iterate: [{dense: 4}]}\n',
                               'more than 20000 layers'),
            'an empty loop of 10^12': ('model: [{input: x}, {for: {range: 1000000000000, '
                                       'iterate: []}}]\n', 'more than 1000000 steps'),
            'nesting': ('settings: ' + '[' * 400000 + ']' * 400000, 'nested deeper than'),
            'exploding aliases': (nines, 'more than 100000 nodes'),
            'a scalar of 10 MB': ('settings: {a: "' + 'x' * 10_000_000 + '"}', 'more than the'),
            'a tag': ('settings: !!python/object/apply:os.system ["id"]', 'is not allowed'),
            'loops in a template': (
                'settings: {a: "{% for i in range(10000) %}{% for j in range(10000) %}x'
                '{% endfor %}{% endfor %}"}\n' + model, 'more than 1000000 steps'),
            'settings that double': (
                'settings:\n  a0: xx\n' + ''.join(
                    f'  a{i}: "{{{{ a{i - 1} }}}}{{{{ a{i - 1} }}}}"\n' for i in range(1, 41)) +
                model, 'the template has more than 100000 words and signs'),
            'templates that double': (
                'templates:\n  t0: [{dense: 4}]\n' + ''.join(
                    f'  t{i}: [t{i - 1}, t{i - 1}]\n' for i in range(1, 41)) +
                'model: [{input: {shape: [4]}, name: x}, t40]\n', 'more than 20000 layers'),
            'a merge of everything': (
                'model:\n  - input: {shape: [4]}\n    name: x\n'
                '  - for: {range: 45000, iterate: [{dense: 4, inputs: x}]}\n'
                '  - merge: add\n    inputs: "{{ layers[1:] }}"\n', 'more than 20000 layers'),
            'a long text': ("settings: {a: \"{{ 'a' * 10**9 }}\"}\n" + model, 'a text of more than'),
            'a long range': ('settings: {a: "{{ range(10**9)|list }}"}\n' + model, 'more than'),
            'long ranges': ('settings:\n' + ''.join(
                f'  a{i}: "{{{{ range(40000)|list }}}}"\n' for i in range(40)) + model,
                'are too large together'),
            'long texts': ('settings:\n' + ''.join(
                f'  a{i}: "{{{{ \'a\' * 800000 }}}}"\n' for i in range(40)) + model,
                'are too large together'),
            'long texts kept in a template': (
                'settings: {a: "{{ [' + "'a' * 1000000, " * 90 + '] | length }}"}\n' + model,
                'more than 1000000 steps'),
            'a literal of half a million numbers': (
                "settings: {a: \"[{{ '1,' * 500000 }}]\"}\n" + model, 'are too large together'),
            'templates that use themselves': (
                'templates: {t: [t, t]}\nmodel: [{input: x}, t]\n', 'nested deeper than'),
            'copies of copies': ('model:\n  - input: {shape: [4]}\n    name: x\n  - dense: 4\n'
                                 '    name: r0\n' + doubling, 'more than 20000 layers'),
            'a size that overflows': (
                'model: [{input: {shape: [9223372036854775807]}, name: x}, {dense: -1}]\n',
                'must be at least 1'),
            'a circle': ('model: [{input: x}, {dense: 4, name: a, inputs: b}, '
                         '{dense: 4, name: b, inputs: a}]\n', 'a <- b <- a'),
            'a glob of everything': ('include: /**/*.yml\n' + model, 'means looking at more than'),
            'inputs by the million': (
                'model:\n  - input: {shape: [4]}\n    name: x\n  - dense: 4\n'
                '  - for: {range: 3000, iterate: [{merge: add, inputs: "{{ layers }}"}]}\n',
                'more than 100000 inputs together'),
            'itself': ('include: hostile.yml\n' + model, 'includes itself'),
        }
        for name, (text, expected) in cases.items():
            with self.subTest(name):
                self.assertIn(expected, self.validate(text))

    def test_ten_thousand_layers_are_nothing_special(self):
        layers = ''.join(f'  - dense: 16\n    name: d{i}\n' for i in range(10000))
        self.write('k.yml', 'model:\n  - input: {shape: [16]}\n    name: x\n' + layers)
        result = self.kurctl(harness.OK, 'validate', 'k.yml')
        self.assertIn('10001 layers, 2,720,000 parameters', result.out)


class ExplainTest(KurfileTest):

    def test_it_explains_sections_kinds_and_keys(self):
        self.assertIn('convolution (layer)', self.kurctl(harness.OK, 'explain', 'convolution').out)
        border = self.kurctl(harness.OK, 'explain', 'layer.convolution.border').out
        self.assertIn('one of: same, valid; default same', border)
        self.assertIn('minutes between', self.kurctl(harness.OK, 'explain', 'train.checkpoint').out)
        self.assertIn('adam, adamw', self.kurctl(harness.OK, 'explain').out)
        self.assertEqual(self.kurctl(harness.OK, 'explain', 'training.log').out,
                         self.kurctl(harness.OK, 'explain', 'train.log').out)
        result = self.kurctl(harness.ERROR, 'explain', 'layer.convolution.bordr')
        self.assertIn("did you mean 'layer.convolution.border'?", result.err)

    def test_the_schema_accepts_kurfiles_and_refuses_others(self):
        schema = json.loads(self.kurctl(harness.OK, 'schema').out)
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        for path in [*EXAMPLES, *GOLDEN]:
            with self.subTest(path.name):
                errors = [error.message for error in
                          validator.iter_errors(yaml.safe_load(path.read_text()))]
                self.assertEqual(errors, [])
        for right in ('columns: [a, b]', 'columns: {a: , b: c, d: [a, b]}',
                      'columns: {a: {one_hot: [x, y]}, b: {one_hot: 3}}',
                      'columns: {a: {normalize: standard}, b: {normalize: {mean: [1, 2], std: 3}}}',
                      'split: {train: 0.5, seed: 3}', 'split: "{{ shares }}"'):
            with self.subTest(right):
                entry = dict(yaml.safe_load(right), csv='x.csv', name='x')
                errors = [error.message for error in validator.iter_errors(
                    {'model': [], 'train': {'data': [entry]}})]
                self.assertEqual(errors, [])
        for wrong in ('modle: []', 'model: [{dense: {sise: 3}}]', 'model: [{pool: [a]}]',
                      'loss: [{target: y, name: none}]', 'loss: [{name: mean_squared_error}]',
                      'train: {optimizer: {name: sgd, beta1: 1}}',
                      'train: {checkpoint: {minutes: x}}', 'train: {data: [{pikle: x}]}',
                      'train: {provider: {batch_size: 0}}',
                      'train: {data: [{csv: x, columns: {a: {onehot: 3}}}]}',
                      'train: {data: [{csv: x, columns: {a: {normalize: {mena: 3}}}}]}',
                      'train: {data: [{csv: x, columns: {a: {one_hot: {}}}}]}',
                      'train: {data: [{csv: x, split: {tran: 0.5}}]}'):
            with self.subTest(wrong):
                self.assertFalse(validator.is_valid(yaml.safe_load(wrong)))


class DiffTest(KurfileTest):

    def test_it_compares_what_kurfiles_mean(self):
        a = self.write('a.yml', 'settings: {n: 3}\nmodel: [{input: x}, {dense: 3}]\n'
                                'train: {data: [{pickle: p}], epochs: "{{ n }}"}\n')
        b = self.write('b.yml', 'model: [{input: x}, {dense: 4}, flatten]\nsettings: {n: 3}\n'
                                'train: {epochs: 3, data: [{pickle: p}]}\n')
        result = self.kurctl(harness.ERROR, 'diff', a, b)
        self.assertEqual(result.out, 'model[1].dense\n  - 3\n  + 4\nmodel[2]\n  + "flatten"\n')
        self.assertEqual(self.kurctl(harness.OK, 'diff', a, a).out, '')
        self.assertEqual(self.kurctl(harness.ERROR, 'diff', a, b, '-o', 'json').json[0],
                         {'path': 'model[1].dense', 'in_a': True, 'in_b': True, 'a': 3, 'b': 4})

    def test_it_compares_jobs_as_they_were_submitted(self):
        kurfile = data.write_points_project(self.folder)
        kurd = self.start_kurd()
        first = kurd.submit(kurfile)
        second = kurd.submit(kurfile, '--set', 'train.provider.batch_size=7')
        kurfile.write_text('model: []\n')
        result = self.expect(harness.ERROR, kurd.kurctl('diff', first, second))
        self.assertIn('train.provider.batch_size\n', result.out)
        self.assertIn('  + 7\n', result.out)
        missing = self.expect(harness.ERROR, kurd.kurctl('diff', first, 'nobody-1'))
        self.assertIn('nobody-1', missing.err)


class FormatTest(KurfileTest):

    def test_examples_are_in_the_customary_style(self):
        self.assertEqual(self.kurctl(harness.OK, 'fmt', '--check', *EXAMPLES, *GOLDEN).out, '')

    def test_it_writes_what_it_shows(self):
        path = self.write('k.yml', '#c\nmodel:\n- input:   x\n-   dense: [ 3,4 ]   # sizes\n')
        expected = '# c\nmodel:\n  - input: x\n  - dense: [3, 4]  # sizes\n'
        self.assertEqual(self.kurctl(harness.OK, 'fmt', path).out, expected)
        self.assertEqual(self.kurctl(harness.ERROR, 'fmt', '--check', path).out, f'{path}\n')
        self.kurctl(harness.OK, 'fmt', '--write', path)
        self.assertEqual(path.read_text(), expected)
        self.kurctl(harness.OK, 'fmt', '--check', path)

    def test_it_writes_through_links_and_keeps_permissions(self):
        path = self.write('k.yml', 'model:\n- input: x\n')
        path.chmod(0o640)
        link = self.folder / 'link.yml'
        link.symlink_to('k.yml')
        self.kurctl(harness.OK, 'fmt', '-w', link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(path.read_text(), 'model:\n  - input: x\n')
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)

    def test_what_it_cannot_format_it_leaves_alone(self):
        text = 'settings:\n  a: |2\n      indented\n'
        path = self.write('k.yml', text)
        result = self.kurctl(harness.ERROR, 'fmt', '-w', path)
        self.assertIn('is left as it is', result.err)
        self.assertEqual(path.read_text(), text)


class CompletionTest(KurfileTest):

    def complete(self, *words):
        return self.kurctl(harness.OK, '__complete', *words).out.split()

    def test_it_completes_commands_flags_and_keys(self):
        self.assertEqual(self.complete('exp'), ['explain'])
        self.assertIn('--batch-size', self.complete('plan', '--b'))
        self.assertEqual(self.complete('plan', 'x.yml', '-o', 'j'), ['json'])
        self.assertIn('layer.convolution.border', self.complete('explain', 'layer.conv'))
        self.assertEqual(self.complete('validate', 'x'), [])

    def test_it_completes_jobs_of_the_server(self):
        kurd = self.start_kurd()
        job = kurd.submit(data.write_points_project(self.folder))
        self.assertEqual(kurd.kurctl('__complete', 'describe', job[:3]).out.split(), [job])

    def test_bash_takes_the_script(self):
        self.kurctl(harness.USAGE, 'completion', 'tcsh')
        script = self.kurctl(harness.OK, 'completion', 'bash').out
        done = subprocess.run(
            ['bash', '-c', script + 'COMP_WORDS=(kurctl explain layer.dens); COMP_CWORD=2; '
             '_kurctl; printf "%s\\n" "${COMPREPLY[@]}"'],
            env={**harness.clean_environment(), 'PATH': f'{harness.BIN}:/usr/bin:/bin'},
            capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertIn('layer.dense.size', done.stdout.split(), done.stderr)


if __name__ == '__main__':
    unittest.main()
