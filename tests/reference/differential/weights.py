"""Reads and writes safetensors files with NumPy."""

import json
import pathlib

import numpy

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64, "I32": numpy.int32,
         "U8": numpy.uint8}
NAMES = {numpy.dtype(kind): name for name, kind in TYPES.items()}


def write(path, tensors):
    """Writes arrays by name."""
    header, parts, offset = {}, [], 0
    for name, array in tensors.items():
        content = numpy.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(content)]}
        parts.append(content)
        offset += len(content)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))


def read(path):
    """The arrays by name."""
    content = pathlib.Path(path).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    return {name: numpy.frombuffer(content[start:][slice(*entry["data_offsets"])],
                                   TYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}
