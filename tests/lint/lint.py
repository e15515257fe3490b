#!/usr/bin/env python3
"""Checks the sources as compilers do not: layout, locks, and habits that lead to faults.

    tests/lint/lint.py [--build DIR] [--budget SECONDS] [FILE ...]

clang-format over every C++ file; clang-tidy, which includes clang's analysis of locks
(-Wthread-safety), over server/ and client/; with a budget also over engine/ for as long as that
lasts, in an order that changes from day to day. What passed is remembered by the text that
the compiler sees, so that only what has changed is read again. Needs a configured build folder.
Exits 1 if anything is found.
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import json
import os
import pathlib
import random
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME', pathlib.Path.home() / '.cache')) / 'kurd-lint'
# Read whatever the budget is.
ALWAYS = ('server/', 'client/')


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
        if not path.startswith(('engine/', *ALWAYS)):
            continue
        if path not in entries or 'KUR_RUNTIME' in entry['command']:
            entries[path] = entry
    return entries


def preprocessed(entry):
    """Returns the text that the compiler sees, without the places where it stands."""
    arguments = shlex.split(entry['command'])
    while not arguments[0].endswith(('c++', 'clang++', 'g++')):
        arguments.pop(0)
    skip = {'-c', '-MD', '-Werror'}
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
    result = subprocess.run(['clang-tidy', '--quiet', '-p', build, path], cwd=ROOT,
                            capture_output=True, text=True)
    if result.returncode == 0:
        stamp.touch()
        return ''
    return result.stdout + (result.stderr if 'error' in result.stderr else '')


def check_files(entries, build, budget):
    """Returns what was found, and how many files were read and were not."""
    begin = time.monotonic()
    always = [path for path in entries if path.startswith(ALWAYS)]
    others = [path for path in entries if not path.startswith(ALWAYS)]
    random.Random(datetime.date.today().toordinal()).shuffle(others)

    def check(path):
        if path not in must and time.monotonic() - begin > budget:
            return None
        return check_file(path, entries[path], build)

    must = set(always)
    order = sorted(always) + others
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, order))
    found = [text for text in results if text]
    return found, sum(text is not None for text in results), results.count(None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build-dev')
    parser.add_argument('--budget', type=float, default=0,
                        help='seconds, from the beginning, for engine/ too (default: 0)')
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
    budget = float('inf') if options.files else options.budget
    found, read, left = check_files(entries, build, budget)
    for text in found:
        print(text)
    later = f'; {left} of engine/ were not (see --budget)' if left else ''
    print(f'lint: {read} files read{later}; findings in '
          f'{len(found) + len(badly_laid_out)} files')
    return 1 if found or badly_laid_out else 0


if __name__ == '__main__':
    sys.exit(main())
