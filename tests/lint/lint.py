#!/usr/bin/env python3
"""Checks the sources as compilers do not: layout, locks, and habits that lead to faults.

    tests/lint/lint.py [--build DIR] [--budget SECONDS] [FILE ...]

clang-format over every C++ file; clang-tidy, which includes clang's analysis of locks
(-Wthread-safety), over engine/, server/ and client/; with a budget over the last two, for as long
as it lasts, what has changed last first. What passed is remembered by the text that the compiler
sees, so that only what has changed is read again. Needs a configured build folder.
Exits 1 if anything is found.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME', pathlib.Path.home() / '.cache')) / 'kurd-lint'
PRODUCT = ('engine/', 'server/', 'client/')
# Where there is a budget.
FIRST = ('server/', 'client/')


def sources(*patterns):
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', *patterns], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout.split()
    return [path for path in listed if (ROOT / path).exists()]


def check_format():
    """Returns the files that clang-format would change."""
    result = subprocess.run(['clang-format', '--dry-run', '-Werror', *sources('*.cc', '*.h')],
                            cwd=ROOT, capture_output=True, text=True)
    return sorted({line.split(':')[0] for line in result.stderr.splitlines() if ': error:' in line})


def commands(build):
    """Returns how each source file of the product is compiled, by its path below the root; where
    it is compiled twice, the way that includes more."""
    entries = {}
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        path = os.path.relpath(entry['file'], ROOT)
        if not path.startswith(PRODUCT):
            continue
        if path not in entries or 'KUR_RUNTIME' in entry['command']:
            entries[path] = entry
    return entries


def preprocessed(entry):
    """Returns the text that the compiler sees, without the places where it stands."""
    arguments = shlex.split(entry['command'])
    while not arguments[0].endswith(('c++', 'clang++', 'g++')):
        arguments.pop(0)
    # Clang is installed without OpenMP here.
    skip = {'-c', '-MD', '-Werror', '-fopenmp'}
    kept = []
    following = iter(arguments[1:])
    for argument in following:
        if argument in ('-o', '-MT', '-MF'):
            next(following)
        elif argument not in skip:
            kept.append(argument)
    return subprocess.run(['clang++', '-w', '-E', '-P', *kept], cwd=entry['directory'], check=True,
                          capture_output=True).stdout


def check_file(path, entry, build):
    """Returns what clang-tidy says of a file; '' if that is nothing."""
    digest = hashlib.sha256((ROOT / '.clang-tidy').read_bytes())
    digest.update(preprocessed(entry))
    stamp = CACHE / digest.hexdigest()
    if stamp.exists():
        return ''
    result = subprocess.run(['clang-tidy', '--quiet', '--extra-arg=-fno-openmp', '-p', build, path],
                            cwd=ROOT, capture_output=True, text=True)
    if result.returncode == 0:
        stamp.touch()
        return ''
    return result.stdout + (result.stderr if 'error' in result.stderr else '')


def by_last_change(paths):
    """Returns the files, what has changed last first; a header's change counts for its source."""
    def git(*arguments):
        return subprocess.run(['git', *arguments], cwd=ROOT, check=True, capture_output=True,
                              text=True).stdout.split()
    changed = [*git('ls-files', '-mo', '--exclude-standard'), *git('log', '--format=', '--name-only')]
    order = {}
    for path in changed:
        order.setdefault(re.sub(r'\.h$', '.cc', path), len(order))
    return sorted(paths, key=lambda path: (order.get(path, len(order)), path))


def check_files(entries, build, budget):
    """Returns what was found, and how many files were read and were not."""
    begin = time.monotonic()

    def check(path):
        return check_file(path, entries[path], build) if time.monotonic() - begin < budget else None

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, by_last_change(entries)))
    found = [text for text in results if text]
    return found, sum(text is not None for text in results), results.count(None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build-dev')
    parser.add_argument('--budget', type=float, default=float('inf'), metavar='SECONDS',
                        help='time for clang-tidy (default: what it takes, an hour of two processors)')
    parser.add_argument('files', nargs='*', help='look at these only')
    options = parser.parse_args()
    build = options.build.resolve()
    if not (build / 'compile_commands.json').exists():
        parser.error(f'{build} is not configured; run deploy/build.sh dev')
    CACHE.mkdir(parents=True, exist_ok=True)

    badly_laid_out = check_format()
    for path in badly_laid_out:
        print(f'{path}: not laid out as clang-format does; run clang-format -i {path}')
    entries = commands(build)
    if options.files:
        entries = {path: entry for path, entry in entries.items() if path in options.files}
    elif options.budget < float('inf'):
        entries = {path: entry for path, entry in entries.items() if path.startswith(FIRST)}
    found, read, left = check_files(entries, build, options.budget)
    for text in found:
        print(text)
    later = f', {left} that have not changed for longest were not (see --budget)' if left else ''
    print(f'lint: {read} files read{later}; findings in '
          f'{len(found) + len(badly_laid_out)} files')
    return 1 if found or badly_laid_out else 0


if __name__ == '__main__':
    sys.exit(main())
