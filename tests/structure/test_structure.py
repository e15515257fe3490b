"""The shape of the sources: which folder may include which, sizes, comments, documentation."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

BASE = ('engine/base', 'engine/value')
LANGUAGE = ('engine/kurfile/schema', 'engine/kurfile/specs')
KINDS = ('engine/layers', 'engine/losses', 'engine/metrics', 'engine/optimizers',
         'engine/schedules', 'engine/augmentations', 'engine/hooks')

# What each room may include besides itself: only rooms that stand above it, so that there is no
# circle. The longest prefix of a file is its room.
ALLOWED = {
    'proto': (),
    'engine/base': (),
    'engine/value': ('engine/base',),
    'engine/template': BASE,
    'engine/kurfile/yaml': BASE,
    'engine/kurfile/schema': BASE,
    'engine/kurfile/specs': (*BASE, 'engine/kurfile/schema'),
    'engine/kurfile/plan': (*BASE, 'engine/template', *LANGUAGE),
    'engine/kurfile': (*BASE, 'engine/template', 'engine/kurfile/yaml', *LANGUAGE,
                       'engine/kurfile/plan'),
    'engine/kurfile/reference': ('engine/base', *LANGUAGE, 'engine/kurfile/plan', 'engine/kurfile'),
    'engine/formats': BASE,
    'engine/download': (*BASE, 'engine/kurfile/specs'),
    'engine/data': (*BASE, *LANGUAGE, 'engine/kurfile/yaml', 'engine/formats'),
    'engine/suppliers': (*BASE, 'engine/kurfile/specs', 'engine/formats', 'engine/data'),
    **{kind: (*BASE, *LANGUAGE) for kind in KINDS},
    'engine/train': (*BASE, 'engine/kurfile/specs', 'engine/kurfile/plan', 'engine/kurfile',
                     'engine/formats', 'engine/download', 'engine/data', 'engine/layers',
                     'engine/losses', 'engine/metrics', 'engine/optimizers', 'engine/hooks'),
    'server/protocol': ('proto', *BASE),
    'server/net': ('engine/base',),
    'server/devices': ('engine/base',),
    'server/scheduler': ('engine/base', 'server/protocol', 'server/devices'),
    'server/confinement': ('proto', 'engine/base'),
    'server/launcher': ('engine/base', 'server/devices', 'server/confinement', 'server/protocol'),
    'server/store': ('proto', 'engine/base', 'server/protocol'),
    'server/events': ('proto', 'engine/base', 'server/protocol'),
    'server/blobs': ('engine/base',),
    'server/auth': ('engine/base',),
    'server/metrics': ('engine/base', 'server/net'),
    'server/evaluator': (*BASE, 'engine/kurfile', 'server/protocol',
                         'server/confinement'),
    'server/secrets': ('proto', *BASE, 'server/protocol', 'server/store'),
    'server/submission': ('proto', *BASE, 'server/protocol', 'server/devices', 'server/scheduler',
                          'server/store', 'server/blobs', 'server/secrets'),
    'server/jobs': ('proto', 'engine/base', 'server/protocol', 'server/net', 'server/devices',
                    'server/scheduler', 'server/confinement', 'server/launcher', 'server/store',
                    'server/events', 'server/blobs', 'server/auth', 'server/metrics',
                    'server/secrets', 'server/submission'),
    'server/api': ('proto', *BASE, 'server/protocol', 'server/net', 'server/devices',
                   'server/events', 'server/blobs', 'server/auth', 'server/metrics',
                   'server/secrets', 'server/jobs'),
    'server/daemon': ('engine/base', 'server/protocol', 'server/net', 'server/confinement',
                      'server/launcher', 'server/auth', 'server/submission', 'server/api'),
    'server/worker': ('proto', *BASE, 'engine/kurfile', 'engine/download', 'engine/train',
                      'server/protocol', 'server/confinement'),
    'server': ('server/daemon',),
    'client': ('proto', *BASE, 'engine/kurfile/yaml', 'engine/kurfile/plan', 'engine/kurfile',
               'engine/kurfile/reference', 'server/protocol'),
}
ROOMS = tuple(ALLOWED)

# Libraries that only some rooms may use, by the beginning of the header's name.
LIBRARIES = {
    'torch': (r'(torch|ATen|c10)/', (*KINDS, 'engine/train', 'server/worker')),
    'gRPC and protobuf': (r'(grpc|grpcpp|google/protobuf)/', ('server', 'client')),
    'SQLite': (r'sqlite3', ('server/store',)),
    'curl': (r'curl/', ('engine/download',)),
    'libmicrohttpd': (r'microhttpd', ('server/metrics',)),
}

MOST_LINES = 500


def room_of(path):
    """The room that a path from the root belongs to, or None."""
    if path.startswith('kur/v1/'):
        return 'proto'
    return max((room for room in ROOMS if path.startswith(room + '/')), key=len, default=None)


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
            room = room_of(str(path))
            self.assertIsNotNone(room, f'{path} belongs to no room: add it to ALLOWED')
            for line, name in includes(path, brackets=False):
                target = room_of(name)
                if target is not None and target != room and target not in ALLOWED[room]:
                    wrong.append(f'{path}:{line}: {room} may not include {name}')
        self.assertEqual(wrong, [])

    def test_arrows_only_lead_up_the_list(self):
        for index, room in enumerate(ROOMS):
            self.assertEqual(set(ALLOWED[room]) - set(ROOMS[:index]), set(), room)

    def test_no_arrow_is_there_for_nothing(self):
        used = {(room_of(str(path)), room_of(name))
                for path in sources() for _, name in includes(path, brackets=False)}
        idle = [f'{room} -> {target}' for room, targets in ALLOWED.items() for target in targets
                if (room, target) not in used and room not in KINDS]
        self.assertEqual(idle, [])

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
                    for library, (pattern, rooms) in LIBRARIES.items():
                        inside = any(str(path).startswith(room + '/') for room in rooms)
                        if re.match(pattern, name) and not inside:
                            wrong.append(f'{path}:{line}: {library} has no place here')
        self.assertEqual(wrong, [])


class StatesTest(unittest.TestCase):

    def test_what_a_state_means_is_decided_in_one_place(self):
        decision = re.compile(r'([=!]=\s*(\w+::)*JOB_STATE_)|(JOB_STATE_\w+\s*[=!]=)|'
                              r'(case\s+(\w+::)*JOB_STATE_)')
        wrong = []
        for path in sources():
            if path.parent.name == 'protocol' and path.stem == 'job_state':
                continue
            text = (ROOT / path).read_text(encoding='utf-8')
            for match in decision.finditer(text):
                line = text.count('\n', 0, match.start()) + 1
                wrong.append(f'{path}:{line}: ask server/protocol/job_state.h')
        self.assertEqual(wrong, [])


class ClocksTest(unittest.TestCase):

    # What follows the time of day, which may be set back, and clocks that tests cannot replace.
    CLOCK = re.compile(r'absl::Now\b|(system|steady|high_resolution)_clock::now|(?<!SYS_)clock_gettime|'
                       r'(?<!SYS_)gettimeofday|[^\w.>]time\((nullptr|NULL|0)\)|GetCurrentTime|gpr_now|'
                       r'(Await|Wait)With(Timeout|Deadline)|wait_until')

    def test_clocks_are_read_in_one_place(self):
        wrong = []
        for path in sources():
            if str(path.with_suffix('')) == 'engine/base/clock':
                continue
            for number, line in enumerate((ROOT / path).read_text(encoding='utf-8').splitlines(), 1):
                if self.CLOCK.search(line):
                    wrong.append(f'{path}:{number}: ask engine/base/clock.h or timed_condition.h')
        self.assertEqual(wrong, [])


class OpeningTest(unittest.TestCase):

    # What opens, lists or measures by a name, and follows links.
    OPENING = re.compile(r'(?<![\w.>])(::)?(open|openat|fopen|opendir|creat)\(|std::[io]?fstream|'
                         r'archive_read_open_filename|sf_open\(|FileSystem::Posix\(\)|'
                         r'(?<![\w.>:])(ListDirectory|FileSize)\(')

    # Where that is right, and why.
    RIGHT = {
        'engine/base/file_system': "the operator's, and /proc",
        'engine/base/posix_file_system': 'where files are opened',
        'engine/base/open_beneath': 'where files are opened',
        'engine/base/sha256': 'the client reads its own files',
        'engine/base/spillable_buffer': 'a file without a name',
        'engine/base/system_memory': '/proc and /sys',
        'engine/data/supplier': 'a function of that name',
        'engine/kurfile/yaml/source_tree': 'the Kurfile and its includes, in a folder of kurd',
        'engine/train/run': 'a default for tests; workers have FilesWithoutLinks()',
        'server/api/watch_reactor': 'a function of that name',
        'server/auth/cookie': "the operator's",
        'server/auth/token_file': "the operator's",
        'server/confinement/file_rules': '/dev',
        'server/confinement/landlock': "the operator's folders, and those of users as a whole",
        'server/daemon/daemon': "the operator's",
        'server/daemon/state_directory': "the operator's",
        'server/devices/cpu_slots': '/proc and /sys',
        'server/jobs/job_environment': 'a default for tests; kurd has FilesWithoutLinksIn()',
        'server/launcher/card_trial': '/proc',
        'server/launcher/local_launcher': '/proc',
        'server/launcher/process': '/proc',
        'server/launcher/spawn': '/proc, /dev, and a run directory as a whole',
        'server/launcher/worker_search': '/proc',
        'server/launcher/worker_groups': '/sys/fs/cgroup',
        'server/net/connection_acceptor': '/dev/null',
        'server/net/tls_files': "the operator's",
        'server/secrets/sealing_key': "the operator's",
        'server/secrets/secret_vault': "the operator's",
        'server/store/disk_reserve': 'in the state directory, where only kurd writes',
        'server/submission/submission': 'a blob by its digest, where only kurd writes',
        'server/worker/job_worker': '/dev/null',
        'server/worker/kernel_trial': '/proc',
        'server/worker/network_broker': '/proc',
    }

    def test_what_strangers_name_is_opened_without_following_links(self):
        wrong, used = [], set()
        for path in sources():
            if path.parts[0] == 'client':
                continue
            for number, line in enumerate((ROOT / path).read_text(encoding='utf-8').splitlines(), 1):
                if not self.OPENING.search(line.split('//')[0]):
                    continue
                stem = str(path.with_suffix(''))
                used.add(stem)
                if stem not in self.RIGHT:
                    wrong.append(f'{path}:{number}: ask FilesWithoutLinks() or '
                                 'engine/base/open_beneath.h')
        self.assertEqual(wrong, [])
        self.assertEqual(set(self.RIGHT) - used, set())


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


class FuzzTest(unittest.TestCase):

    FOLDER = ROOT / 'tests' / 'fuzz'

    def test_every_target_is_built_run_and_listed(self):
        targets = {path.name[:-len('_fuzzer.cc')] for path in self.FOLDER.glob('*_fuzzer.cc')}
        self.assertGreater(len(targets), 10)
        built = (self.FOLDER / 'CMakeLists.txt').read_text(encoding='utf-8')
        self.assertEqual(set(re.findall(r'kur_fuzzer\((\w+)\s+kur_', built)), targets)
        run = (self.FOLDER / 'run.sh').read_text(encoding='utf-8')
        self.assertEqual(set(re.findall(r'\[(\w+)\]=\d+', run)), targets)
        listed = (self.FOLDER / 'README.md').read_text(encoding='utf-8')
        self.assertEqual([name for name in sorted(targets) if f'`{name}`' not in listed], [])

    def test_seeds_are_small(self):
        for corpus in (self.FOLDER / 'corpus').iterdir():
            sizes = [seed.stat().st_size for seed in corpus.iterdir()]
            self.assertTrue(sizes, corpus)
            self.assertLess(max(sizes), 4096, corpus)


class CardTest(unittest.TestCase):

    def test_a_card_is_checked_by_the_tests_that_run_on_its_stand_in(self):
        here = {}
        for path in (ROOT / 'tests').rglob('CMakeLists.txt'):
            here.update(re.findall(r'kur_test\((\w+)[^)]*\bON_DEVICE (\S+)',
                                   path.read_text(encoding='utf-8')))
        check = (ROOT / 'tests' / 'gpu' / 'check.py').read_text(encoding='utf-8')
        there = dict(re.findall(r"'(\w+_test)': '([^']+)'", check))
        self.assertGreater(len(here), 3)
        self.assertEqual(here, there)


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
