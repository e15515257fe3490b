#!/usr/bin/python3
"""Makes the data of the tutorial: points in a plane, and whether each is above y = sin(x)."""

import argparse
import math
import pathlib
import pickle

import numpy


def points(count, random):
    """`count` points around a period of the sine, as `point` (x, y) and `above` (1 or -1)."""
    x = random.uniform(-math.pi, math.pi, count)
    y = random.uniform(-1.5, 1.5, count)
    above = numpy.where(y > numpy.sin(x), 1, -1)
    return {
        'point': numpy.stack([x, y], axis=1).astype(numpy.float32),
        'above': above.reshape(-1, 1).astype(numpy.float32),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', nargs='?', default='.', type=pathlib.Path)
    parser.add_argument('--seed', default=1, type=int)
    arguments = parser.parse_args()
    random = numpy.random.default_rng(arguments.seed)
    for name, count in (('train', 10000), ('validate', 1000), ('test', 1000)):
        with open(arguments.folder / f'{name}.pkl', 'wb') as file:
            pickle.dump(points(count, random), file)


if __name__ == '__main__':
    main()
