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
IMAGES, LABELS = 'train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz'

# Batches in an epoch, and their size.
BATCHES = {'fashion-mnist': (300, 64), 'cifar': (100, 32), 'resnet': (40, 32),
           'mlp-small': (1000, 32), 'mlp-large': (60, 1024), 'char-gru': (20, 32),
           'lstm': (20, 32), 'ctc': (15, 16), 'transformer': (40, 32)}

FASHION_MNIST_KURFILE = """---
model:
  - input: {{shape: {shape}}}
    name: images
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
  - input: {{shape: {shape}}}
    name: images
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

# The others read a pickle of noise.
FROM_PICKLE = """train:
  data:
    - pickle: {data}/{workload}.pkl
"""

MLP_KURFILE = """---
model:
  - input: {{shape: {shape}}}
    name: x
  - dense: 128
  - activation: relu
  - dense: 64
  - activation: relu
  - dense: 10
  - activation: softmax
    name: labels
""" + FROM_PICKLE

# A language model of characters: at every step, the next one.
CHAR_GRU_KURFILE = """---
model:
  - input: {{shape: {shape}}}
    name: x
  - recurrent: {{size: 256, type: gru}}
  - recurrent: {{size: 256, type: gru}}
  - dense: 64
  - activation: softmax
    name: labels
""" + FROM_PICKLE

LSTM_KURFILE = """---
model:
  - input: {{shape: {shape}}}
    name: x
  - recurrent: {{size: 256, type: lstm, bidirectional: yes, merge: concat}}
  - recurrent: {{size: 256, type: lstm, sequence: no}}
  - dense: 10
  - activation: softmax
    name: labels
""" + FROM_PICKLE

# A recognizer of speech in the manner of Deep Speech, on features instead of sound.
CTC_KURFILE = """---
model:
  - input: {{shape: {shape}}}
    name: x
  - convolution: {{kernels: 256, size: 11, strides: 2, border: valid}}
  - activation: relu
  - batch_normalization:
  - recurrent: {{size: 512, type: gru, bidirectional: yes, merge: concat}}
  - batch_normalization:
  - recurrent: {{size: 512, type: gru, bidirectional: yes, merge: concat}}
  - batch_normalization:
  - dense: 29
  - activation: softmax
    name: heard
""" + FROM_PICKLE

RESNET_KURFILE = """---
templates:
  block:
    - activation: linear
      name: "in{{{{ n }}}}"
    - convolution: {{kernels: "{{{{ kernels }}}}", size: [3, 3]}}
    - batch_normalization:
    - activation: relu
    - convolution: {{kernels: "{{{{ kernels }}}}", size: [3, 3]}}
    - batch_normalization:
      name: "out{{{{ n }}}}"
    - merge: add
      inputs: ["in{{{{ n }}}}", "out{{{{ n }}}}"]
    - activation: relu
model:
  - input: {{shape: {shape}}}
    name: x
  - convolution: {{kernels: 16, size: [3, 3]}}
  - batch_normalization:
  - activation: relu
  - block: {{n: 1, kernels: 16}}
  - block: {{n: 2, kernels: 16}}
  - convolution: {{kernels: 32, size: [3, 3], strides: [2, 2]}}
  - batch_normalization:
  - activation: relu
  - block: {{n: 3, kernels: 32}}
  - block: {{n: 4, kernels: 32}}
  - pool: {{type: average}}
  - dense: 10
  - activation: softmax
    name: labels
""" + FROM_PICKLE

TRANSFORMER_KURFILE = """---
templates:
  block:
    - activation: linear
      name: "in{{{{ n }}}}"
    - layer_normalization:
    - attention: {{heads: 4}}
      name: "seen{{{{ n }}}}"
    - merge: add
      inputs: ["in{{{{ n }}}}", "seen{{{{ n }}}}"]
      name: "between{{{{ n }}}}"
    - layer_normalization:
    - dense: 256
    - activation: relu
    - dense: 64
      name: "thought{{{{ n }}}}"
    - merge: add
      inputs: ["between{{{{ n }}}}", "thought{{{{ n }}}}"]
model:
  - input: {{shape: {shape}}}
    name: x
  - dense: 64
  - positional_encoding:
  - block: {{n: 1}}
  - block: {{n: 2}}
  - pool: {{type: average}}
  - dense: 10
  - activation: softmax
    name: labels
""" + FROM_PICKLE

KURFILES = {'fashion-mnist': FASHION_MNIST_KURFILE, 'cifar': CIFAR_KURFILE,
            'resnet': RESNET_KURFILE, 'mlp-small': MLP_KURFILE, 'mlp-large': MLP_KURFILE,
            'char-gru': CHAR_GRU_KURFILE, 'lstm': LSTM_KURFILE, 'ctc': CTC_KURFILE,
            'transformer': TRANSFORMER_KURFILE}

# The shapes of their samples; a language model's are the one-hot characters that it reads.
SHAPES = {'fashion-mnist': (28, 28, 1), 'cifar': (32, 32, 3), 'resnet': (32, 32, 3), 'mlp-small': (64,), 'mlp-large': (64,), 'char-gru': (100, 64),
          'lstm': (100, 40), 'ctc': (200, 80), 'transformer': (64, 16)}
CHARACTERS = 64
CLASSES = 10
LETTERS = 28
# The fewest and the most letters of a transcript.
TRANSCRIPT = (20, 40)

COMMON = """  provider:
    batch_size: {batch_size}
    num_batches: {batches}
  optimizer:
    name: adam
    learning_rate: 0.001
  stop_when:
    epochs: {epochs}
"""

CROSSENTROPY = """loss:
  - target: labels
    name: categorical_crossentropy
"""

CTC = """loss:
  - target: heard
    name: ctc
    relative_to: x
    input_length: x_length
    output: transcript
    output_length: transcript_length
"""


def fashion_mnist(folder):
    """The folder with the data set: the real one where its package is installed, else noise."""
    return FASHION_MNIST if FASHION_MNIST.exists() else folder


def kurfile(workload, folder, epochs):
    """The text of the workload's Kurfile; `folder` is where prepare() put generated data."""
    place = fashion_mnist(folder) if workload == 'fashion-mnist' else folder
    batches, batch_size = BATCHES[workload]
    loss = CTC if workload == 'ctc' else CROSSENTROPY
    return (KURFILES[workload] + COMMON + loss).format(
        data=place, workload=workload, shape=list(SHAPES[workload]), batches=batches,
        batch_size=batch_size, epochs=epochs)


def noise(workload):
    """A data set as PyTorch takes it: float32, and classes or transcripts with their lengths."""
    random = numpy.random.default_rng(1)
    batches, batch_size = BATCHES[workload]
    if workload == 'char-gru':
        text = random.integers(0, CHARACTERS, (batches * batch_size, SHAPES[workload][0] + 1))
        return numpy.eye(CHARACTERS, dtype=numpy.float32)[text[:, :-1]], text[:, 1:]
    x = random.standard_normal((batches * batch_size, *SHAPES[workload]), dtype=numpy.float32)
    if workload == 'ctc':
        lengths = random.integers(*TRANSCRIPT, len(x), endpoint=True)
        transcripts = random.integers(0, LETTERS, (len(x), TRANSCRIPT[1]))
        return x, transcripts, lengths
    return x, random.integers(0, CLASSES, len(x))


def prepare(workload, folder):
    """Writes the data set of the workload."""
    if workload == 'cifar':
        write_cifar(folder / 'cifar-10-python.tar.gz')
    elif workload == 'ctc':
        x, transcripts, lengths = noise(workload)
        write_pickle(folder / f'{workload}.pkl', {
            'x': x, 'x_length': numpy.full((len(x), 1), x.shape[1]),
            'transcript': transcripts, 'transcript_length': lengths[:, None]})
    elif workload == 'fashion-mnist':
        if fashion_mnist(folder) == folder:
            random = numpy.random.default_rng(1)
            write_idx(folder / IMAGES, random.integers(0, 256, (60000, 28, 28), numpy.uint8))
            write_idx(folder / LABELS, random.integers(0, 10, 60000, numpy.uint8))
    else:
        x, classes = noise(workload)
        labels = numpy.eye(classes.max() + 1, dtype=numpy.float32)[classes]
        write_pickle(folder / f'{workload}.pkl', {'x': x, 'labels': labels})


def write_pickle(path, sources):
    path.write_bytes(pickle.dumps(sources))


def write_cifar(path):
    """A stand-in for CIFAR-10 of the real size and format: only its pixels are noise."""
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
    """The training set for PyTorch, as noise() has it but for images, which are (N, C, H, W)."""
    if workload == 'fashion-mnist':
        images = read_idx(fashion_mnist(folder) / IMAGES)
        images = images[:, None].astype(numpy.float32) / 255
        images -= images.mean()
        return images, read_idx(fashion_mnist(folder) / LABELS).astype(numpy.int64)
    if workload == 'cifar':
        return load_cifar(folder / 'cifar-10-python.tar.gz')
    x, *truth = noise(workload)
    return (x.transpose(0, 3, 1, 2).copy() if x.ndim == 4 else x), *truth


def load_cifar(path):
    parts = []
    with tarfile.open(path) as archive:
        for part in range(1, 5):
            member = archive.extractfile(f'cifar-10-batches-py/data_batch_{part}')
            parts.append(pickle.loads(member.read(), encoding='latin1'))
    images = numpy.concatenate([part['data'] for part in parts]).astype(numpy.float32)
    images -= images.mean(axis=0)
    images /= 255
    return (images.reshape(-1, 3, 32, 32),
            numpy.concatenate([part['labels'] for part in parts]).astype(numpy.int64))


def write_idx(path, array):
    header = struct.pack(f'>HBB{array.ndim}I', 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=1))


def read_idx(path):
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    shape = struct.unpack(f'>{rank}I', content[4:4 + 4 * rank])
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * rank).reshape(shape)
