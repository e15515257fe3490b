"""Writes the golden values of sound for tests/engine/data: what NumPy computes from recordings.

    python3 tests/reference/audio_cases.py

needs numpy and soundfile and writes tests/engine/data/fixtures/audio/* (the recordings) and
tests/engine/data/audio_cases.json (their features, and normalizations). Everything is computed in
double precision and a function of fixed seeds; the files are committed.
"""

import json
import math
import pathlib
import struct

import numpy
import soundfile

OUT = pathlib.Path(__file__).resolve().parent.parent / 'engine' / 'data'
AUDIO = OUT / 'fixtures' / 'audio'


def sound(seconds, rate, seed=1):
    """A chirp with a little noise, as doubles in (-1, 1)."""
    t = numpy.arange(int(seconds * rate)) / rate
    noise = numpy.random.RandomState(seed).standard_normal(t.size)
    return 0.5 * numpy.sin(2 * math.pi * (200 * t + 3000 * t * t)) + 0.02 * noise


def integers(signal, bits):
    return numpy.round(signal * 2 ** (bits - 1)).astype('int64')


def wav(frames, rate, bits):
    """A WAV file of integers, (frames, channels)."""
    channels = frames.shape[1]
    width = bits // 8
    data = b''.join(
        int(value + 128).to_bytes(1, 'little') if bits == 8 else
        int(value).to_bytes(width, 'little', signed=True) for value in frames.reshape(-1))
    header = struct.pack('<HHIIHH', 1, channels, rate, rate * channels * width, channels * width,
                         bits)
    return (b'RIFF' + struct.pack('<I', 36 + len(data)) + b'WAVEfmt ' +
            struct.pack('<I', len(header)) + header + b'data' + struct.pack('<I', len(data)) + data)


def spectrogram(signal, rate, max_frequency=None):
    size, step = int(0.020 * rate), int(0.010 * rate)
    window = numpy.hanning(size)
    rows = []
    for start in range(0, len(signal) - size + 1, step):
        power = numpy.abs(numpy.fft.rfft(signal[start:start + size] * window)) ** 2
        density = 2 * power / (numpy.sum(window ** 2) * rate)
        density[[0, -1]] /= 2
        rows.append(numpy.log(density + 1e-14))
    rows = numpy.array(rows)
    if max_frequency is None:
        return rows
    return rows[:, :int(max_frequency / 50 + 0.5) + 1]


def mel(hertz):
    return 2595 * math.log10(1 + hertz / 700)


def hertz(mel_value):
    return 700 * (10 ** (mel_value / 2595) - 1)


def mfcc(signal, rate, max_frequency=None):
    """`signal` holds integers."""
    size, step = int(0.025 * rate + 0.5), int(0.010 * rate + 0.5)
    fft = 1
    while fft < 0.025 * rate:
        fft *= 2
    high = min(max_frequency or rate / 2, rate / 2)
    emphasized = signal.astype('float64')
    emphasized[1:] -= 0.97 * signal[:-1]
    count = 1 + max(0, math.ceil((len(signal) - size) / step))
    emphasized = numpy.concatenate([emphasized, numpy.zeros(count * step + size)])
    corners = [math.floor((fft + 1) * hertz(mel(high) * i / 27) / rate) for i in range(28)]
    filters = numpy.zeros((26, fft // 2 + 1))
    for j in range(26):
        left, peak, right = corners[j:j + 3]
        for i in range(left, peak):
            filters[j, i] = (i - left) / (peak - left)
        for i in range(peak, right):
            filters[j, i] = (right - i) / (right - peak)
    dct = numpy.array([[math.cos(math.pi * n * (2 * k + 1) / 52) for k in range(26)]
                       for n in range(13)]) * math.sqrt(2 / 26)
    dct[0] /= math.sqrt(2)
    lifter = 1 + 11 * numpy.sin(math.pi * numpy.arange(13) / 22)
    rows = []
    for start in range(0, count * step, step):
        power = numpy.abs(numpy.fft.rfft(emphasized[start:start + size], fft)) ** 2 / fft
        energies = filters @ power
        energies[energies == 0] = numpy.finfo(float).eps
        row = lifter * (dct @ numpy.log(energies))
        row[0] = math.log(power.sum() or numpy.finfo(float).eps)
        rows.append(row)
    return numpy.array(rows)


def pack(matrix):
    matrix = numpy.asarray(matrix)
    return {'shape': list(matrix.shape),
            'data': [float('%.8g' % value) for value in matrix.reshape(-1)]}


def recordings():
    """Writes the files; yields (name, mono signal in [-1, 1), integers that other programs see,
    rate)."""
    for name, rate, bits, seconds in [('8k.wav', 8000, 16, 0.1), ('22k.wav', 22050, 16, 0.052),
                                      ('44k.wav', 44100, 16, 0.046), ('8bit.wav', 8000, 8, 0.04),
                                      ('24bit.wav', 8000, 24, 0.04)]:
        values = integers(sound(seconds, rate), bits)
        (AUDIO / name).write_bytes(wav(values[:, None], rate, bits))
        widened = values << 8 if bits == 24 else values
        yield name, values / 2 ** (bits - 1), widened, rate
    stereo = numpy.stack([integers(sound(0.04, 8000, seed), 16) for seed in (1, 2)], axis=1)
    (AUDIO / 'stereo.wav').write_bytes(wav(stereo, 8000, 16))
    yield 'stereo.wav', stereo.mean(axis=1) / 32768, stereo.mean(axis=1), 8000
    silence = numpy.zeros(400, 'int64')
    (AUDIO / 'silence.wav').write_bytes(wav(silence[:, None], 8000, 16))
    yield 'silence.wav', silence / 32768, silence, 8000
    values = integers(sound(0.1, 8000), 16)
    soundfile.write(AUDIO / '8k.flac', values.astype('int16'), 8000)
    yield '8k.flac', values / 32768, values, 8000


def lossy():
    """What cannot be compared number by number: half a second of a tone."""
    tone = 0.5 * numpy.sin(2 * math.pi * 440 * numpy.arange(8000) / 16000)
    soundfile.write(AUDIO / 'tone.mp3', tone, 16000)
    soundfile.write(AUDIO / 'tone.ogg', tone, 16000, subtype='VORBIS')
    soundfile.write(AUDIO / 'tone.opus.ogg', tone, 16000, subtype='OPUS')
    soundfile.write(AUDIO / 'float.wav', tone[:800].astype('float32'), 16000, subtype='FLOAT')


def features():
    cases = []
    for name, signal, values, rate in recordings():
        for limit in (None, 1500, 1e9):
            spec = spectrogram(signal, rate, limit)
            cases.append({'file': name, 'type': 'spec', 'max_frequency': limit,
                          'features': pack(spec)})
            cases.append({'file': name, 'type': 'mfcc', 'max_frequency': limit,
                          'features': pack(mfcc(values, rate, limit))})
        # One frequency limit suffices for most of them.
        if name != '8k.wav':
            cases = cases[:-4]
    return cases


def normalizations():
    """A matrix of four correlated columns and one that is constant, in three recordings."""
    random = numpy.random.RandomState(3)
    data = random.standard_normal((40, 4)) @ random.standard_normal((4, 4)) + [5, -2, 0, 1]
    data = numpy.float32(numpy.concatenate([data, numpy.full((40, 1), 3.0)], axis=1))
    data = data.astype('float64')
    mean, deviation = data.mean(axis=0), data.std(axis=0, ddof=1)
    deviation[deviation == 0] = 1
    _, s, vt = numpy.linalg.svd(data - mean)
    inverse = numpy.array([math.sqrt(len(data) - 1) / x if x > 1e-6 * s[0] else 0 for x in s])
    largest = vt[numpy.arange(5), numpy.abs(vt).argmax(axis=1)]
    vt *= numpy.where(largest < 0, -1, 1)[:, None]
    x = data[:3]
    signs = numpy.where(vt[0] < 0, -1, 1)
    results = []
    for rotate in ('zca', 'pca', 'no'):
        for scale in (True, False):
            matrix = numpy.diag(inverse) if scale else numpy.eye(5)
            if rotate == 'zca':
                y = (x - mean) @ (vt.T @ matrix @ vt).T
            elif rotate == 'pca':
                y = (x - mean) @ (matrix @ (vt * signs)).T
            else:
                y = (x - mean) / (deviation if scale else 1)
            results.append({'rotate': rotate, 'scale': scale, 'center': True, 'output': pack(y)})
            results.append({'rotate': rotate, 'scale': scale, 'center': False,
                            'output': pack(y + mean)})
    return {'data': pack(data), 'mean': mean.tolist(), 'stddev': deviation.tolist(),
            'S': numpy.diag(inverse).tolist(), 'Vt': vt.tolist(), 'results': results}


def main():
    AUDIO.mkdir(parents=True, exist_ok=True)
    lossy()
    cases = {'features': features(), 'normalization': normalizations()}
    text = json.dumps(cases, separators=(',', ':')).replace('{"file"', '\n{"file"')
    (OUT / 'audio_cases.json').write_text(text + '\n')


if __name__ == '__main__':
    main()
