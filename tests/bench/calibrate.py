"""Prints as JSON what this machine does at best: the floor of a training step is made of that.

FLOP/s of a product of matrices and of a convolution, and bytes/s that a copy reads and writes.
"""

import argparse
import json
import time

import torch

REPETITIONS = 8


def best_seconds(function):
    """The shortest of some runs; what disturbs a run only lengthens it."""
    function()
    seconds = []
    for _ in range(REPETITIONS):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def gemm_flops():
    size = 1024
    a, b = torch.randn(size, size), torch.randn(size, size)
    out = torch.empty(size, size)
    return 2 * size ** 3 / best_seconds(lambda: torch.mm(a, b, out=out))


def convolution_flops():
    batch, side, channels = 32, 32, 64
    layer = torch.nn.Conv2d(channels, channels, 3, padding=1).to(memory_format=torch.channels_last)
    x = torch.randn(batch, channels, side, side).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        seconds = best_seconds(lambda: layer(x))
    return 2 * batch * side ** 2 * channels ** 2 * 9 / seconds


def copy_bytes():
    # Larger than any cache of a processor.
    source = torch.ones(64 << 20)
    target = torch.empty_like(source)
    return 2 * source.numel() * source.element_size() / best_seconds(lambda: target.copy_(source))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--threads', type=int, required=True)
    torch.set_num_threads(parser.parse_args().threads)
    print(json.dumps({'gemm_flops': gemm_flops(), 'convolution_flops': convolution_flops(),
                      'copy_bytes': copy_bytes()}))


if __name__ == '__main__':
    main()
