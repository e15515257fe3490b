"""The shape of the sources: which folder may include which, sizes, comments, documentation."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

KINDS = ('engine/augmentations', 'engine/data', 'engine/layers', 'engine/losses', 'engine/metrics',
         'engine/optimizers', 'engine/schedules', 'engine/hooks')
LANGUAGE = ('engine/base', 'engine/kurfile')

# What each part may include besides itself. The first prefix that fits a file is its part.
ALLOWED = {
    'engine/base': (),
    'engine/kurfile': ('engine/base',),
    **{kind: LANGUAGE for kind in KINDS},
    'engine/train': (*LANGUAGE, *KINDS),
    'server/worker': (*LANGUAGE, *KINDS, 'engine/train', 'proto'),
    'server': (*LANGUAGE, 'proto'),
    'client': (*LANGUAGE, 'proto'),
}
PARTS = tuple(ALLOWED)

# Libraries that only some parts may use, by the beginning of the header's name.
LIBRARIES = {
    'torch': (r'(torch|ATen|c10)/', (*KINDS, 'engine/train', 'server/worker')),
    'gRPC and protobuf': (r'(grpc|grpcpp|google/protobuf)/', ('server/worker', 'server', 'client')),
    'SQLite': (r'sqlite3', ('server',)),
}

MOST_LINES = 500


def part_of(path):
    """The part that a path from the root belongs to, or None."""
    if path.startswith('kur/v1/'):
        return 'proto'
    return next((part for part in PARTS if path.startswith(part + '/')), None)


def sources():
    """Every C++ file of the programs, relative to the root."""
    for folder in ('engine', 'server', 'client'):
        for path in sorted((ROOT / folder).rglob('*')):
            if path.suffix in ('.cc', '.h'):
                yield path.relative_to(ROOT)


def includes(path, brackets):
    """What a file includes in quotes or in angle brackets, with the number of the line."""
    pattern = re.compile(r'\s*#\s*include\s*' + (r'<([^>]+)>' if brackets else r'"([^"]+)"'))
    for number, line in enumerate((ROOT / path).read_text(encoding='utf-8').splitlines(), 1):
        match = pattern.match(line)
        if match:
            yield number, match.group(1)


class ArrowsTest(unittest.TestCase):

    def test_includes_follow_the_arrows(self):
        wrong = []
        for path in sources():
            part = part_of(str(path))
            self.assertIsNotNone(part, f'{path} belongs to no part: add it to ALLOWED')
            for line, name in includes(path, brackets=False):
                target = part_of(name)
                if target is not None and target != part and target not in ALLOWED[part]:
                    wrong.append(f'{path}:{line}: {part} may not include {name}')
        self.assertEqual(wrong, [])

    def test_own_headers_are_named_from_the_root(self):
        wrong = [f'{path}:{line}: {name}' for path in sources()
                 for line, name in includes(path, brackets=False)
                 if '/' not in name or name.startswith('.')]
        self.assertEqual(wrong, [])

    def test_libraries_stay_where_they_belong(self):
        wrong = []
        for path in sources():
            for brackets in (False, True):
                for line, name in includes(path, brackets):
                    for library, (pattern, parts) in LIBRARIES.items():
                        if re.match(pattern, name) and part_of(str(path)) not in parts:
                            wrong.append(f'{path}:{line}: {library} has no place here')
        self.assertEqual(wrong, [])

    def test_folders_of_the_daemon_do_not_include_each_other_in_a_circle(self):
        arrows = {}
        for path in sources():
            folder = str(path.parent)
            if folder.startswith('server') and folder != 'server':
                arrows.setdefault(folder, set()).update(
                    str(pathlib.PurePath(name).parent) for _, name in includes(path, False)
                    if name.startswith('server/'))
        for folder, targets in arrows.items():
            targets.discard(folder)
        while True:
            leaves = [folder for folder, targets in arrows.items() if not targets & set(arrows)]
            if not leaves:
                break
            for leaf in leaves:
                del arrows[leaf]
        self.assertEqual(arrows, {})


class FilesTest(unittest.TestCase):

    def test_a_file_is_read_in_a_sitting(self):
        long = []
        for folder in ('engine', 'server', 'client', 'proto', 'deploy', 'tests'):
            for path in (ROOT / folder).rglob('*'):
                # A list of cases is data.
                if path.name.endswith('_cases.py'):
                    continue
                if path.suffix in ('.cc', '.h', '.proto', '.py', '.sh', '.cmake', '.txt'):
                    lines = path.read_bytes().count(b'\n')
                    if lines > MOST_LINES:
                        long.append(f'{path.relative_to(ROOT)}: {lines} lines')
        self.assertEqual(long, [])

    def test_the_top_holds_the_folders_and_nothing_else(self):
        named = {'CMakeLists.txt', 'CMakePresets.json', 'README.md', 'LICENSE', 'proto', 'engine',
                 'server', 'client', 'deploy', 'tests'}
        found = {path.name for path in ROOT.iterdir() if not path.name.startswith(('.', 'build'))}
        self.assertEqual(found, named)


class ProtoTest(unittest.TestCase):

    DECLARATION = re.compile(
        r'\s*(message|enum|service|rpc)\s+(?P<name>\w+)'
        r'|\s*(repeated\s+|optional\s+)?[\w.]+(<[^>]*>)?\s+(?P<field>\w+)\s*=\s*\d+'
        r'|\s*(?P<value>[A-Z][A-Z0-9_]+)\s*=\s*\d+')

    def test_everything_is_commented(self):
        bare, declared = [], 0
        for path in sorted(path for folder in ('proto', 'server')
                           for path in (ROOT / folder).rglob('*.proto')):
            previous = ''
            for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
                if self.DECLARATION.match(line) and not line.lstrip().startswith('//'):
                    declared += 1
                    if not previous.lstrip().startswith('//') and '//' not in line:
                        bare.append(f'{path.relative_to(ROOT)}:{number}: {line.strip()}')
                previous = line
        self.assertGreater(declared, 200)
        self.assertEqual(bare, [])


class DocumentationTest(unittest.TestCase):

    def test_every_command_is_in_the_reference(self):
        program = pathlib.Path(os.environ['KUR_BIN']) / 'kurctl'
        text = subprocess.run([program, '--help'], check=True, capture_output=True, text=True).stdout
        commands = re.findall(r'(?m)^  ([a-z][a-z-]*)(?:, [a-z, ]+)?  ', text)
        self.assertGreater(len(commands), 10)
        reference = (ROOT / 'client' / 'README.md').read_text(encoding='utf-8')
        missing = [command for command in commands
                   if not re.search(rf'`(?:kurctl )?{command}\b', reference)]
        self.assertEqual(missing, [])

    def test_links_between_pages_lead_somewhere(self):
        broken = []
        for page in sorted(ROOT.rglob('*.md')):
            if page.relative_to(ROOT).parts[0].startswith('build'):
                continue
            for target in re.findall(r'\]\(([^)#\s]+)', page.read_text(encoding='utf-8')):
                if '://' not in target and not (page.parent / target).exists():
                    broken.append(f'{page.relative_to(ROOT)}: {target}')
        self.assertEqual(broken, [])


if __name__ == '__main__':
    unittest.main()
