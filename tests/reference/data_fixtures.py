"""Writes the small files under tests/engine/data/fixtures that the tests of engine/data read.

    python3 data_fixtures.py FIXTURES

Needs NumPy 1. With KUR_HOME naming a checkout of deepgram/kur and PyYAML it also writes kur_log, a
training log by Kur's own logger. The files are committed; tests need neither Python nor Kur.
"""

import gzip
import io
import json
import os
import pickle
import shutil
import struct
import sys
import tarfile
import types
import unittest.mock
from collections import OrderedDict

import numpy

DTYPES = ['b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8']


class Python2Pickler(pickle._Pickler):
    """Writes str and bytes as Python 2 wrote its str."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, obj):
        data = obj.encode('latin1') if isinstance(obj, str) else obj
        if not self.bin:
            self.write(b'S' + repr(data)[1:].encode('ascii') + b'\n')
        elif len(data) < 256:
            self.write(b'U' + bytes([len(data)]) + data)
        else:
            self.write(b'T' + struct.pack('<i', len(data)) + data)
        self.memoize(obj)

    dispatch[str] = save_str
    dispatch[bytes] = save_str


class NumPy2Pickler(pickle.Pickler):
    """Names the functions of numpy by the modules in which NumPy 2 has them."""

    def reducer_override(self, obj):
        if not isinstance(obj, (numpy.ndarray, numpy.generic)):
            return NotImplemented
        reduced = obj.__reduce_ex__(self.protocol)
        function = types.FunctionType((lambda: None).__code__, {}, reduced[0].__name__)
        function.__qualname__ = function.__name__
        function.__module__ = reduced[0].__module__.replace('numpy.core', 'numpy._core')
        module = sys.modules.setdefault(function.__module__,
                                        types.ModuleType(function.__module__))
        if not hasattr(module, function.__name__):
            setattr(module, function.__name__, function)
        return (getattr(module, function.__name__),) + reduced[1:]

    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.protocol = protocol


def dump(pickler, value, protocol):
    file = io.BytesIO()
    pickler(file, protocol).dump(value)
    return file.getvalue()


def numbers(dtype):
    """0, 1, 2, ... in the shape (2, 3, 4), as every dtype can hold them."""
    return numpy.arange(24).reshape(2, 3, 4).astype(dtype)


def arrays():
    result = {}
    for dtype in DTYPES:
        result[dtype + '_C'] = numbers(dtype)
        result[dtype + '_F'] = numpy.asfortranarray(numbers(dtype))
        result[dtype + '_big'] = numbers(numpy.dtype(dtype).newbyteorder('>'))
    result['strided'] = numpy.arange(48, dtype='i4').reshape(2, 3, 8)[:, :, ::2] // 2
    return result


def nested():
    shared = [1, 2]
    return {
        'none': None,
        'bools': [True, False],
        'ints': [0, 1, -1, 255, 256, 65535, 65536, -2**31, 2**31 - 1, 2**40, -2**40, 2**63 - 1,
                 -2**63],
        'floats': [0.0, -1.5, 1e300, 0.1, float('inf'), float('-inf'), float('nan')],
        'text': 'h\u00e9llo \u2713 \U0001f600 \\u0041\n',
        'bytes': bytes(range(256)),
        'no bytes': b'',
        'bytearray': bytearray(b'ab\xff'),
        'tuple': (1, (2,), (), (3, 4, 5, 6)),
        'set': {7},
        'frozenset': frozenset([8]),
        'ordered': OrderedDict([('b', 1), ('a', 2)]),
        'scalars': [numpy.float32(1.5), numpy.int64(-3), numpy.bool_(True)],
        'shared': [shared, shared],
        'no rows': numpy.zeros((0, 3), 'f4'),
        'number': numpy.array(7, 'i2'),
        'long list': list(range(1100)),
        'long text': 'x' * 300,
    }


def python2():
    return {'data': numbers('u1'), 'big': numbers('>f4'), 'labels': [3, 1, 2],
            'text': 'caf\xe9\n\'"\\', 'long': 'y' * 300}


def idx(array, code):
    header = bytes([0, 0, code, array.ndim]) + struct.pack('>%dI' % array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder('>')).tobytes()


def cifar_pixel(part, image):
    """The bytes of an image, by planes: a formula that the tests know."""
    return (numpy.arange(3072) * 7 + part * 31 + image * 5) % 251


def cifar():
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode='wb', mtime=0) as compressed, \
            tarfile.open(fileobj=compressed, mode='w') as archive:
        def add(name, content):
            info = tarfile.TarInfo('cifar-10-batches-py/' + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))

        add('batches.meta', dump(Python2Pickler, {'num_cases_per_batch': 3}, 2))
        for part in (4, 1, 6, 3, 2, 5):
            data = numpy.array([cifar_pixel(part, image) for image in range(3)], 'u1')
            batch = {'batch_label': 'part %d' % part, 'labels': [(part + i) % 10 for i in range(3)],
                     'data': data, 'filenames': ['a.png', 'b.png', 'c.png']}
            name = 'test_batch' if part == 6 else 'data_batch_%d' % part
            add(name, dump(Python2Pickler, batch, 2))
        add('readme.html', b'<html/>')
    return file.getvalue()


def npy(array, version):
    file = io.BytesIO()
    numpy.lib.format.write_array(file, array, version)
    return file.getvalue()


def npz(save):
    """The arrays in a zip whose entries all have the same time."""
    file = io.BytesIO()
    with unittest.mock.patch('time.localtime', return_value=(1980, 1, 1, 0, 0, 0, 1, 1, 0)):
        save(file, **arrays())
    return file.getvalue()


def safetensors():
    """The same arrays as the format is described, and one of bfloat16, which NumPy does not have."""
    names = {'b1': 'BOOL', 'i1': 'I8', 'i2': 'I16', 'i4': 'I32', 'i8': 'I64', 'u1': 'U8',
             'u2': 'U16', 'u4': 'U32', 'u8': 'U64', 'f2': 'F16', 'f4': 'F32', 'f8': 'F64'}
    tensors = {dtype: (name, numbers(dtype)) for dtype, name in names.items()}
    bits = numpy.array([1, -2.5, 3.140625, -0.0], '<f4').view('<u4') >> 16
    tensors['bf16'] = ('BF16', bits.astype('<u2').reshape(2, 2))
    header, data = {'__metadata__': {'format': 'pt'}}, b''
    for key, (name, array) in tensors.items():
        content = array.tobytes()
        header[key] = {'dtype': name, 'shape': array.shape,
                       'data_offsets': [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    return struct.pack('<Q', len(text)) + text + data


def numpy_dict():
    file = io.BytesIO()
    numpy.save(file, {'x': numbers('f4'), 'big': numbers('>i2'), 'list': [3, 4]},
               allow_pickle=True)
    return file.getvalue()


def kur_logger():
    """Kur's own logger, under the Python and the libraries of today."""
    sys.path.insert(0, os.environ['KUR_HOME'])
    import yaml
    load = yaml.load
    yaml.load = lambda text: load(text, Loader=yaml.SafeLoader)
    numpy.fromstring = lambda data, dtype: numpy.frombuffer(data, dtype)
    # What Kur imports at its start and the logger does not need.
    for name in ('scipy', 'scipy.io', 'scipy.io.wavfile', 'scipy.ndimage', 'scipy.signal',
                 'python_speech_features', 'pydub', 'soundfile', 'magic', 'tqdm', 'requests',
                 'jinja2', 'jinja2.ext'):
        try:
            __import__(name)
        except ImportError:
            sys.modules[name] = unittest.mock.MagicMock()
    from kur.loggers.binary_logger import BinaryLogger
    return BinaryLogger


def kur_log(path):
    """A log as Kur writes it, three batches and a validation in each of two epochs."""
    BinaryLogger = kur_logger()
    shutil.rmtree(path, ignore_errors=True)
    log = BinaryLogger(path)
    for epoch in range(2):
        for batch in range(3):
            log.log_batch(32, {'my_output': 1.0 / (1 + 3 * epoch + batch), 'other': 0.5}, 'loss')
        log.log_training({'my_output': 2.0 - epoch, 'other': 0.25}, 'loss')
        log.log_validation({None: {'my_output': 1.0 + epoch, 'other': 0.125}}, 'loss')


def write_mixed(folder):
    """Arrays of unequal lengths, of texts and of objects, as people keep them together."""
    def objects(*values):
        array = numpy.empty(len(values), dtype=object)
        for i, value in enumerate(values):
            array[i] = value
        return array

    ragged = objects(*(numpy.arange(length, dtype='f4') for length in (2, 5, 0)))
    rows = objects([[1, 2]], [[3, 4], [5, 6]], [[7, 8]])
    words = objects('dog', 'cat', 'dog')
    arrays = {'x_train': numpy.arange(6, dtype='u1').reshape(3, 2), 'x_test': numpy.zeros((2, 2), 'c8'),
              'unicode': numpy.array(['dög', '猫', 'dög']), 'bytes': numpy.array([b'b', b'a', b'']),
              'words': words, 'ragged': ragged, 'rows': rows}
    numpy.savez(os.path.join(folder, 'mixed.npz'), **arrays)
    with open(os.path.join(folder, 'mixed.pkl'), 'wb') as file:
        pickle.dump({'numbers': [1, 2, 3], **arrays, 'x_test': ['left', 'out']}, file, protocol=4)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)

    def write(name, content):
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(content)

    for protocol in range(6):
        write('arrays.p%d.pkl' % protocol, pickle.dumps(arrays(), protocol))
        write('nested.p%d.pkl' % protocol, pickle.dumps(nested(), protocol))
        write('numpy2.p%d.pkl' % protocol, dump(NumPy2Pickler, arrays(), protocol))
    for protocol in range(3):
        write('python2.p%d.pkl' % protocol, dump(Python2Pickler, python2(), protocol))
    for dtype, code in (('u1', 8), ('i1', 9), ('i2', 11), ('i4', 12), ('f4', 13), ('f8', 14)):
        write(dtype + '.idx', idx(numbers(dtype), code))
    write('u1.idx.gz', gzip.compress(idx(numbers('u1'), 8), mtime=0))
    write('cifar.tar.gz', cifar())
    for version in (1, 2, 3):
        write('v%d.npy' % version, npy(numpy.asfortranarray(numbers('>i2')), (version, 0)))
    write('stored.npz', npz(numpy.savez))
    write('deflated.npz', npz(numpy.savez_compressed))
    write_mixed(folder)
    write('tensors.safetensors', safetensors())
    write('dict.npy', numpy_dict())
    if 'KUR_HOME' in os.environ:
        kur_log(os.path.join(folder, 'kur_log'))


if __name__ == '__main__':
    main()
