"""The workloads: for each its data set and a Kurfile. The PyTorch side of them is in torch_arm.py."""

import gzip
import io
import pathlib
import pickle
import struct
import sys
import tarfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
from data import Python2Pickler  # pylint: disable=wrong-import-position

FASHION_MNIST = pathlib.Path('/usr/share/datasets/fashion-mnist')

# Batches in an epoch, and their size.
BATCHES = {'fashion-mnist': (300, 64), 'cifar': (100, 32)}

FASHION_MNIST_KURFILE = """---
model:
  - input: images
  - convolution: {{kernels: 32, size: [3, 3], border: same}}
  - activation: relu
  - pool: {{size: [2, 2], strides: [2, 2], type: max}}
  - convolution: {{kernels: 64, size: [3, 3], border: same}}
  - activation: relu
  - pool: {{size: [2, 2], strides: [2, 2], type: max}}
  - flatten:
  - dense: 128
  - activation: relu
  - dropout: 0.25
  - dense: 10
  - activation: softmax
    name: labels
train:
  data:
    - mnist:
        images: {data}/train-images-idx3-ubyte.gz
        labels: {data}/train-labels-idx1-ubyte.gz
"""

# The architecture of Kur's own example.
CIFAR_KURFILE = """---
model:
  - input: images
  - convolution: {{kernels: 64, size: [3, 3], strides: [1, 1]}}
  - activation: relu
  - convolution: {{kernels: 32, size: [3, 3], strides: [1, 1]}}
  - activation: relu
  - flatten:
  - dense: 10
  - activation: softmax
    name: labels
train:
  data:
    - cifar:
        path: {data}/cifar-10-python.tar.gz
        parts: [1, 2, 3, 4]
"""

COMMON = """  provider:
    batch_size: {batch_size}
    num_batches: {batches}
  optimizer:
    name: adam
    learning_rate: 0.001
  stop_when:
    epochs: {epochs}
loss:
  - target: labels
    name: categorical_crossentropy
"""


def kurfile(workload, folder, epochs):
    """The text of the workload's Kurfile; `folder` is where prepare() put generated data."""
    text = FASHION_MNIST_KURFILE if workload == 'fashion-mnist' else CIFAR_KURFILE
    place = FASHION_MNIST if workload == 'fashion-mnist' else folder
    batches, batch_size = BATCHES[workload]
    return (text + COMMON).format(data=place, batches=batches, batch_size=batch_size,
                                  epochs=epochs)


def prepare(folder):
    """Writes a stand-in for CIFAR-10 of the real size and format: only its pixels are noise."""
    path = folder / 'cifar-10-python.tar.gz'
    if path.exists():
        return
    random = numpy.random.default_rng(1)
    with tarfile.open(path, 'w:gz', compresslevel=1) as archive:
        for name in [*(f'data_batch_{part}' for part in range(1, 6)), 'test_batch']:
            buffer = io.BytesIO()
            Python2Pickler(buffer, protocol=2).dump({
                'batch_label': name,
                'labels': random.integers(0, 10, 10000).tolist(),
                'data': random.integers(0, 256, (10000, 3072), dtype=numpy.uint8),
                'filenames': [f'{index}.png' for index in range(10000)],
            })
            entry = tarfile.TarInfo(f'cifar-10-batches-py/{name}')
            entry.size = buffer.tell()
            buffer.seek(0)
            archive.addfile(entry, buffer)


def load(workload, folder):
    """The training set for PyTorch: images (N, C, H, W) as float32, and classes."""
    if workload == 'fashion-mnist':
        images = read_idx(FASHION_MNIST / 'train-images-idx3-ubyte.gz')
        images = images[:, None].astype(numpy.float32) / 255
        images -= images.mean()
        return images, read_idx(FASHION_MNIST / 'train-labels-idx1-ubyte.gz').astype(numpy.int64)
    parts = []
    with tarfile.open(folder / 'cifar-10-python.tar.gz') as archive:
        for part in range(1, 5):
            member = archive.extractfile(f'cifar-10-batches-py/data_batch_{part}')
            parts.append(pickle.loads(member.read(), encoding='latin1'))
    images = numpy.concatenate([part['data'] for part in parts]).astype(numpy.float32)
    images -= images.mean(axis=0)
    images /= 255
    return (images.reshape(-1, 3, 32, 32),
            numpy.concatenate([part['labels'] for part in parts]).astype(numpy.int64))


def read_idx(path):
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    shape = struct.unpack(f'>{rank}I', content[4:4 + 4 * rank])
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(shape)
