"""Small data sets and Kurfiles for the end-to-end tests, always the same for the same arguments."""

import gzip
import io
import pickle
import struct
import tarfile
import zlib

import numpy


def write_idx(path, array):
    """An unsigned byte IDX file, compressed when the name says so."""
    header = struct.pack('>HBB', 0, 8, array.ndim) + struct.pack(f'>{array.ndim}I', *array.shape)
    content = header + array.astype(numpy.uint8).tobytes()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == '.gz' else content)


def write_images(folder, count=256):
    """Images whose brightest row tells their class, as images.gz and labels.gz.

    Their size is the one that the supplier `mnist` promises.
    """
    random = numpy.random.default_rng(7)
    labels = random.integers(0, 10, count)
    images = random.integers(0, 100, (count, 28, 28))
    images[numpy.arange(count), 2 * labels, :] += 100
    write_idx(folder / 'images.gz', images)
    write_idx(folder / 'labels.gz', labels)
    return images, labels


def png(pixels):
    """A PNG of pixels of shape (height, width, 3)."""
    def chunk(kind, content):
        return (struct.pack('>I', len(content)) + kind + content +
                struct.pack('>I', zlib.crc32(kind + content)))

    height, width, _ = pixels.shape
    rows = b''.join(b'\0' + row.astype(numpy.uint8).tobytes() for row in pixels)
    return (b'\x89PNG\r\n\x1a\n' +
            chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def write_pictures(path, per_class=24):
    """An archive of folders of PNGs of many sizes, which are redder, greener or bluer."""
    random = numpy.random.default_rng(3)
    with tarfile.open(path, 'w:gz') as archive:
        for channel, name in enumerate(('red', 'green', 'blue')):
            for i in range(per_class):
                pixels = random.integers(0, 200, (*random.integers(9, 30, 2), 3))
                pixels[..., channel] += 55
                content = png(pixels)
                member = tarfile.TarInfo(f'{name}/{i}.png')
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))


def write_points(path, count=512, seed=1):
    """Points above (1) and below (-1) a sine."""
    random = numpy.random.default_rng(seed)
    point = random.uniform(-2, 2, (count, 2)).astype(numpy.float32)
    above = numpy.where(point[:, 1] > numpy.sin(point[:, 0]), 1, -1).reshape(-1, 1)
    with open(path, 'wb') as file:
        pickle.dump({'point': point, 'above': above.astype(numpy.float32)}, file)


class Python2Pickler(pickle._Pickler):  # pylint: disable=protected-access
    """Writes strings as Python 2 did, in which CIFAR-10 is published."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        data = value.encode('latin-1') if isinstance(value, str) else value
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + struct.pack('<B', len(data)) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack('<i', len(data)) + data)
        self.memoize(value)

    dispatch[str] = save_string
    dispatch[bytes] = save_string


def write_cifar(path, per_batch=40):
    """An archive in the format of cifar-10-python.tar.gz; the red channel tells the class."""
    random = numpy.random.default_rng(3)
    with tarfile.open(path, 'w:gz', compresslevel=1) as archive:
        for name in [*(f'data_batch_{part}' for part in range(1, 6)), 'test_batch']:
            labels = random.integers(0, 10, per_batch)
            pixels = random.integers(0, 100, (per_batch, 3, 1024))
            pixels[:, 0] += 15 * labels[:, None]
            buffer = io.BytesIO()
            Python2Pickler(buffer, protocol=2).dump({
                'batch_label': name,
                'labels': labels.tolist(),
                'data': pixels.reshape(per_batch, 3072).astype(numpy.uint8),
                'filenames': [f'{index}.png' for index in range(per_batch)],
            })
            entry = tarfile.TarInfo(f'cifar-10-batches-py/{name}')
            entry.size = buffer.tell()
            buffer.seek(0)
            archive.addfile(entry, buffer)


def points_kurfile(epochs=3, batch_size=32, hidden=(16,), checkpoint_batches=None, seed=None):
    """The text of a Kurfile that learns the points in train.pkl."""
    checkpoint = f"""
  checkpoint:
    path: checkpoint
    batches: {checkpoint_batches}""" if checkpoint_batches else ''
    layers = ''.join(f'  - dense: {size}\n  - activation: tanh\n' for size in hidden)
    settings = f'settings:\n  seed: {seed}\n' if seed is not None else ''
    return f"""---
{settings}model:
  - input: point
{layers}  - dense: 1
  - activation: tanh
    name: above
loss:
  - target: above
    name: mean_squared_error
train:
  data:
    - pickle: train.pkl
  provider:
    batch_size: {batch_size}
  optimizer:
    name: adam
    learning_rate: 0.01
  stop_when:
    epochs: {epochs}
  weights:
    initial: last.kur
    last: last.kur
  log: log{checkpoint}
validate: &held_out
  data:
    - pickle: validate.pkl
  weights: best.kur
test: *held_out
evaluate:
  <<: *held_out
  destination: results.pkl
"""


def images_kurfile(epochs=1):
    """The text of a Kurfile with every kind of layer, for images.gz and labels.gz."""
    return f"""---
model:
  - input: images
  - convolution:
      kernels: 8
      size: [3, 3]
      border: same
  - batch_normalization:
  - activation: relu
  - pool:
      size: [2, 2]
      strides: [2, 2]
      type: max
  - flatten:
  - dropout: 0.1
  - dense: 10
  - activation: softmax
    name: labels
loss:
  - target: labels
    name: categorical_crossentropy
train:
  data: &data
    - mnist:
        images: images.gz
        labels: labels.gz
  stop_when:
    epochs: {epochs}
  weights:
    last: last.kur
validate:
  data: *data
  weights: best.kur
evaluate:
  data: *data
  weights: best.kur
  destination: results.pkl
"""


PICTURES = """
train:
  data:
    - images: {path: pictures.tar.gz, size: 8, mean: 0.5, std: 0.25}
  provider: {batch_size: 8}
  stop_when: {epochs: 10}
  weights: best.kur
validate:
  data:
    - images: {path: pictures.tar.gz, size: 8, mean: 0.5, std: 0.25}
  weights: best.kur
model:
  - input: images
  - pool: {size: [8, 8], type: average}
  - flatten:
  - dense: 3
  - activation: softmax
    name: labels
loss:
  - target: labels
    name: categorical_crossentropy
"""


def write_pictures_project(folder):
    """pictures.yml and its data."""
    folder.mkdir(parents=True, exist_ok=True)
    write_pictures(folder / 'pictures.tar.gz')
    kurfile = folder / 'pictures.yml'
    kurfile.write_text(PICTURES, encoding='utf-8')
    return kurfile


def write_points_project(folder, samples=512, **options):
    """points.yml and its data."""
    folder.mkdir(parents=True, exist_ok=True)
    write_points(folder / 'train.pkl', samples, seed=1)
    write_points(folder / 'validate.pkl', 128, seed=2)
    kurfile = folder / 'points.yml'
    kurfile.write_text(points_kurfile(**options), encoding='utf-8')
    return kurfile


def write_images_project(folder, **options):
    """images.yml and its data."""
    folder.mkdir(parents=True, exist_ok=True)
    write_images(folder)
    kurfile = folder / 'images.yml'
    kurfile.write_text(images_kurfile(**options), encoding='utf-8')
    return kurfile
