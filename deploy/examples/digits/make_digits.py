#!/usr/bin/python3
"""Makes the data of digits.yml: strings of digits, spoken by many voices of espeak-ng.

Writes train.tar.gz, validate.tar.gz and test.tar.gz: a line of JSON and a recording for each
utterance. All three draw from the same voices, but no string of digits is in two of them. Needs
numpy and the program espeak-ng (Debian: python3-numpy and espeak-ng).
"""

import argparse
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import wave

import numpy

WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
ACCENTS = ['en-us', 'en-gb', 'en-gb-scotland', 'en-gb-x-rp', 'en-029']
SPEAKERS = [f'm{i}' for i in range(1, 8)] + [f'f{i}' for i in range(1, 6)]


def speak(digits, draw):
    """The WAV file of an utterance and how many seconds it lasts."""
    voice = f'{draw.choice(ACCENTS)}+{draw.choice(SPEAKERS)}'
    command = ['espeak-ng', '-v', voice, '-s', str(draw.randint(130, 200)), '-p',
               str(draw.randint(20, 80)), '--stdout', ' '.join(WORDS[int(d)] for d in digits)]
    spoken = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    # What espeak-ng writes to a pipe has no true length in its header.
    samples = numpy.frombuffer(spoken[44:len(spoken) // 2 * 2], '<i2').astype(float)
    # Half the sampling rate is enough for speech, and half the work.
    samples = samples[:samples.size // 2 * 2].reshape(-1, 2).mean(axis=1)
    file = io.BytesIO()
    with wave.open(file, 'wb') as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(11025)
        out.writeframes(samples.round().astype('<i2').tobytes())
    return file.getvalue(), samples.size / 11025


def write_set(path, texts, draw):
    with tarfile.open(path, 'w:gz', compresslevel=1) as archive:
        def add(name, content):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))

        lines = []
        for number, text in enumerate(texts):
            content, seconds = speak(text, draw)
            add(f'audio/{number:05}.wav', content)
            lines.append({'uuid': f'{number:05}', 'duration_s': round(seconds, 3), 'text': text})
        add('digits.jsonl', ''.join(json.dumps(line) + '\n' for line in lines).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', nargs='?', default='.', type=pathlib.Path)
    parser.add_argument('--train', default=1200, type=int, help='utterances to train with')
    parser.add_argument('--seed', default=1, type=int)
    arguments = parser.parse_args()
    if shutil.which('espeak-ng') is None:
        sys.exit('make_digits: needs espeak-ng: apt-get install espeak-ng')
    draw = random.Random(arguments.seed)
    sizes = {'train': arguments.train, 'validate': 150, 'test': 150}
    texts = set()
    while len(texts) < sum(sizes.values()):
        texts.add(''.join(draw.choice('0123456789') for _ in range(draw.randint(3, 5))))
    texts = sorted(texts)
    draw.shuffle(texts)
    for name, size in sizes.items():
        write_set(arguments.folder / f'{name}.tar.gz', texts[:size], draw)
        texts = texts[size:]


if __name__ == '__main__':
    main()
