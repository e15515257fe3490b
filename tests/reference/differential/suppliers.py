"""Writes data in the formats that suppliers of a Kurfile read."""

import json
import pickle

import numpy

import weights


def write_pickle(folder, section, data):
    """One pickle."""
    (folder / f"{section}.pkl").write_bytes(pickle.dumps(data))
    return [{"pickle": f"{section}.pkl"}]


def write_npz(folder, section, data):
    """One file of NumPy."""
    numpy.savez(folder / f"{section}.npz", **data)
    return [{"npz": f"{section}.npz"}]


def write_npy(folder, section, data):
    """A file of NumPy for each source."""
    entries = []
    for name, array in data.items():
        numpy.save(folder / f"{section}-{name}.npy", array)
        entries.append({"npy": {"source": f"{section}-{name}.npy", "name": name}})
    return entries


def write_numpy_dict(folder, section, data):
    """A dictionary of NumPy."""
    numpy.save(folder / f"{section}-all.npy", data, allow_pickle=True)
    return [{"numpy_dict": f"{section}-all.npy"}]


def write_safetensors(folder, section, data):
    """One safetensors file."""
    weights.write(folder / f"{section}.safetensors", data)
    return [{"safetensors": f"{section}.safetensors"}]


def write_jsonl(folder, section, data):
    """JSON lines, whose samples may vary in length."""
    rows = zip(*data.values())
    text = "".join(json.dumps({name: numpy.asarray(value).tolist()
                               for name, value in zip(data, row)}) + "\n" for row in rows)
    (folder / f"{section}.jsonl").write_text(text, encoding="utf-8")
    return [{"jsonl": f"{section}.jsonl"}]


WRITERS = {"pickle": write_pickle, "npz": write_npz, "npy": write_npy,
           "numpy_dict": write_numpy_dict, "safetensors": write_safetensors,
           "jsonl": write_jsonl}
