"""Checks under Python what engine/data wrote.

    python3 data_check.py written.pkl      EverythingThereIs() of pickle_writer_test.cc
    python3 data_check.py LOG_DIRECTORY    a training log; needs KUR_HOME and PyYAML

The first was run under NumPy 1; the module it names is kept by NumPy 2 for old pickles.
"""

import os
import pickle
import sys

import numpy

import data_fixtures


def check_pickle(path):
    with open(path, 'rb') as file:
        value = pickle.load(file)
    arrays = value.pop('result')
    assert value == {'truth': None, 'bools': (True, False), 'ints': [0, -1, 2**31, -2**63],
                     'floats': [0.1, -1e300], 'text': 'caf\u00e9', 'bytes': b'\x00\xff', 'set': {3},
                     5: []}, value
    expected = {name: numpy.array([1, -5]).astype(name) for name in
                ('float16', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32',
                 'uint64', 'float64')}
    expected['bool'] = numpy.array([True, False])
    expected['float32'] = numpy.arange(6, dtype='f4').reshape(2, 3)
    expected['empty'] = numpy.zeros((0, 10), 'f4')
    expected['scalar'] = numpy.array(7, 'f4')
    assert set(arrays) == set(expected)
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape, name
        assert (arrays[name] == array).all(), name


def check_log(path):
    logger = data_fixtures.kur_logger()
    log = logger(path)
    print('epochs', log.epochs, 'batches', log.batches, 'samples', log.samples,
          'sessions', log.sessions, 'clocks', log.clocks)
    print('best', log.get_best_training_loss(), log.get_best_validation_loss())
    for statistic in log.enumerate_statistics():
        column = logger.load_column(path, logger.get_filename_from_statistic(statistic))
        print(statistic, column.dtype, column)


if __name__ == '__main__':
    (check_log if os.path.isdir(sys.argv[1]) else check_pickle)(sys.argv[1])
    print('good')
