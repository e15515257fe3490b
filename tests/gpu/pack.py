"""Packs programs, stripped, with the libraries that they need beyond those of every machine."""

import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

# What a Linux with PyTorch has.
GIVEN = ('ld-linux', 'libc.so', 'libm.so', 'libdl.so', 'librt.so', 'libpthread.so', 'libresolv.so',
         'libstdc++.so', 'libgcc_s.so', 'libgomp', 'libtorch', 'libc10')
LIMIT = 48 << 20  # bytes: the machines that this is for take 64 MiB, the sources included


def output(*command):
    return subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def needed(path):
    return re.findall(r'\(NEEDED\).*\[(.*)\]', output('readelf', '--dynamic', path))


def closure(programs):
    """The paths of all libraries that the programs need, by name."""
    known = dict(re.findall(r'^\s*(\S+) \(libc6,x86-64.*\) => (\S+)$',
                            output('/sbin/ldconfig', '-p'), re.MULTILINE))
    found = {}
    todo = list(programs)
    while todo:
        for name in needed(todo.pop()):
            if name in found or name.startswith(GIVEN):
                continue
            if name not in known:
                raise SystemExit(f'pack: {name} is nowhere')
            found[name] = known[name]
            todo.append(known[name])
    return found


def main():
    archive, *programs = map(pathlib.Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as name, tarfile.open(archive, 'w:xz') as packed:
        for program in programs:
            stripped = pathlib.Path(name) / program.name
            output('strip', '-o', stripped, program)
            packed.add(stripped, f'bin/{program.name}')
        for library, path in closure(programs).items():
            packed.add(pathlib.Path(path).resolve(), f'lib/{library}')
    size = archive.stat().st_size
    print(f'{archive}: {size / 2**20:.1f} MiB')
    if size > LIMIT:
        raise SystemExit(f'pack: more than {LIMIT >> 20} MiB')


if __name__ == '__main__':
    main()
