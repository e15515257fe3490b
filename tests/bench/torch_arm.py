"""Trains one workload with PyTorch, in a process of its own, and prints what it took as JSON.

Arms P0 and P1 are the same program (in another environment); P2 is as good as Python gets.
"""

import argparse
import json
import pathlib
import resource
import time

import torch
from torch import nn

import workloads


def make_model(workload):
    if workload == 'fashion-mnist':
        return nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Dropout(0.25),
            nn.Linear(128, 10))
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 32, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 32 * 32, 10))


def from_loader(images, labels, batch_size):
    """Batches as PyTorch's tutorials make them."""
    data = torch.utils.data.TensorDataset(images, labels)
    return torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)


class ByIndex:
    """Batches cut from memory by a permutation."""

    def __init__(self, images, labels, batch_size):
        self._images = images.contiguous(memory_format=torch.channels_last)
        self._labels = labels
        self._batch_size = batch_size

    def __iter__(self):
        for chosen in torch.randperm(len(self._labels)).split(self._batch_size):
            yield self._images[chosen], self._labels[chosen]


def train_epoch(model, optimizer, batches, count):
    """Seconds of one epoch of `count` batches, and the losses, which every run reports."""
    begin = time.perf_counter()
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == count:
            break
    return time.perf_counter() - begin, losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('workload', choices=workloads.BATCHES)
    parser.add_argument('--arm', choices=('P0', 'P1', 'P2'), required=True)
    parser.add_argument('--threads', type=int, required=True)
    parser.add_argument('--epochs', type=int, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    count, batch_size = workloads.BATCHES[arguments.workload]
    images, labels = map(torch.from_numpy, workloads.load(arguments.workload, arguments.folder))
    model = make_model(arguments.workload)
    if arguments.arm == 'P2':
        model = model.to(memory_format=torch.channels_last)
        batches = ByIndex(images, labels, batch_size)
    else:
        batches = from_loader(images, labels, batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    seconds = [train_epoch(model, optimizer, batches, count)[0] for _ in range(arguments.epochs)]
    print(json.dumps({'seconds': seconds,
                      'peak_rss': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == '__main__':
    main()
