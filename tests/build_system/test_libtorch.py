"""engine/libtorch.cmake with libtorchs that are not what they should be."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROJECT = f"""
cmake_minimum_required(VERSION 3.25)
project(uses_libtorch LANGUAGES CXX)
include({ROOT}/engine/libtorch.cmake)
file(GENERATE OUTPUT standard CONTENT "${{CMAKE_CXX_STANDARD}} ${{KUR_LIBTORCH_CUDA_FOLDER}}")
"""

# As GCC names things since C++11, and before.
NEW_ABI = 'namespace std { inline namespace __cxx11 { struct text {}; } } void f(std::text) {}\n'
OLD_ABI = 'namespace std { struct text {}; } void f(std::text) {}\n'


class LibtorchTest(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='kur-libtorch-'))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / 'CMakeLists.txt').write_text(PROJECT)

    def libtorch(self, name, version=(2, 15, 0), c10=NEW_ABI, cpu='', without=()):
        """An unpacked libtorch that has nothing but what configuring looks at."""
        root = self.folder / name / 'torch'
        for header in ('ATen/ATen.h', 'torch/csrc/api/include/torch/torch.h', 'google/protobuf/any.h'):
            path = root / 'include' / header
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        version_header = root / 'include/torch/headeronly/version.h'
        version_header.parent.mkdir(parents=True, exist_ok=True)
        version_header.write_text(''.join(
            f'#define TORCH_VERSION_{part} {number}\n'
            for part, number in zip(('MAJOR', 'MINOR', 'PATCH'), version)))
        (root / 'lib').mkdir()
        for library, source in (('c10', c10), ('torch_cpu', cpu), ('torch', ''),
                                ('torch_cuda', ''), ('c10_cuda', '')):
            if library not in without:
                subprocess.run(['g++', '-shared', '-fPIC', '-x', 'c++', '-', '-o',
                                root / 'lib' / f'lib{library}.so'],
                               input=source, text=True, check=True)
        return root

    def configure(self, root, *more):
        done = subprocess.run(
            ['cmake', '-G', 'Ninja', '-S', self.folder, '-B', self.folder / 'build',
             f'-DLIBTORCH_ROOT={root}', *more],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, ' '.join(done.stdout.split())

    def expect_refusal(self, root, *words):
        code, output = self.configure(root)
        self.assertNotEqual(code, 0, output)
        for word in words:
            self.assertIn(word, output)

    def standard(self):
        return (self.folder / 'build' / 'standard').read_text().split()[0]

    def test_the_standard_is_what_the_headers_want_and_another_libtorch_takes_its_place(self):
        new = self.libtorch('new')
        old = self.libtorch('old', version=(2, 11, 0), without=('torch_cuda',))
        code, output = self.configure(new)
        self.assertEqual(code, 0, output)
        self.assertIn(f'libtorch 2.15.0: {new}/lib/libtorch.so, CUDA: yes', output)
        self.assertEqual(self.standard(), '20')
        code, output = self.configure(old)
        self.assertEqual(code, 0, output)
        self.assertIn(f'libtorch 2.11.0: {old}/lib/libtorch.so, CUDA: no', output)
        self.assertEqual(self.standard(), '17')

    def test_a_standard_that_is_asked_for_is_used(self):
        self.assertEqual(self.configure(self.libtorch('old', version=(2, 11, 0)),
                                        '-DCMAKE_CXX_STANDARD=20')[0], 0)
        self.assertEqual(self.standard(), '20')

    def test_only_its_own_headers_are_used(self):
        self.assertEqual(self.configure(self.libtorch('new'))[0], 0)
        headers = self.folder / 'build' / 'libtorch-headers'
        self.assertEqual(sorted(path.name for path in headers.iterdir()), ['ATen', 'torch'])

    def test_the_libraries_of_cuda_beside_it_belong_to_it(self):
        root = self.libtorch('new')
        (root.parent / 'nvidia').mkdir()
        self.assertEqual(self.configure(root)[0], 0)
        self.assertEqual((self.folder / 'build' / 'standard').read_text().split()[1],
                         str(root.parent.resolve() / 'nvidia'))

    def test_what_is_missing_is_not_looked_for_elsewhere(self):
        self.expect_refusal(self.libtorch('new', without=('c10',)), 'TORCH_C10_LIBRARY')
        self.expect_refusal(self.folder / 'nothing', 'TORCH_INCLUDE_DIR')

    def test_an_old_one_is_refused(self):
        self.expect_refusal(self.libtorch('old', version=(1, 12, 1)), 'libtorch 1.12.1 is too old')

    def test_the_abi_from_before_cxx11_is_refused(self):
        self.expect_refusal(self.libtorch('old', c10=OLD_ABI),
                            "built with GCC's ABI from before C++11", 'install-libtorch.sh')

    def test_one_that_exports_a_protobuf_of_its_own_is_refused(self):
        source = 'namespace google::protobuf { struct M { void Clear(); }; void M::Clear() {} }\n'
        self.expect_refusal(self.libtorch('new', cpu=source), 'exports a protobuf of its own')


if __name__ == '__main__':
    unittest.main()
