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


class CharGru(nn.Module):
    def __init__(self):
        super().__init__()
        self._gru = nn.GRU(64, 256, num_layers=2, batch_first=True)
        self._dense = nn.Linear(256, 64)

    def forward(self, x):
        return self._dense(self._gru(x)[0])


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self._both = nn.LSTM(40, 128, batch_first=True, bidirectional=True)
        self._lstm = nn.LSTM(256, 256, batch_first=True)
        self._dense = nn.Linear(256, 10)

    def forward(self, x):
        return self._dense(self._lstm(self._both(x)[0])[0][:, -1])


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self._inner = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels))

    def forward(self, x):
        return torch.relu(x + self._inner(x))


class TransformerBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self._norm = nn.LayerNorm(64)
        self._attention = nn.MultiheadAttention(64, 4, batch_first=True)
        self._dense = nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 256), nn.ReLU(),
                                    nn.Linear(256, 64))

    def forward(self, x):
        y = self._norm(x)
        x = x + self._attention(y, y, y, need_weights=False)[0]
        return x + self._dense(x)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self._dense = nn.Linear(16, 64)
        angles = torch.arange(64.)[:, None] / 10000 ** (torch.arange(0, 64, 2) / 64)
        self.register_buffer('_places', torch.stack([angles.sin(), angles.cos()], -1).flatten(1))
        self._blocks = nn.Sequential(TransformerBlock(), TransformerBlock())
        self._out = nn.Linear(64, 10)

    def forward(self, x):
        return self._out(self._blocks(self._dense(x) + self._places).mean(1))


def make_resnet():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        ResidualBlock(16), ResidualBlock(16),
        nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.BatchNorm2d(32), nn.ReLU(),
        ResidualBlock(32), ResidualBlock(32),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def make_mlp():
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),
                         nn.Linear(64, 10))


def make_fashion_mnist():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Dropout(0.25), nn.Linear(128, 10))


def make_cifar():
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 32, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 32 * 32, 10))


MODELS = {'fashion-mnist': make_fashion_mnist, 'cifar': make_cifar, 'resnet': make_resnet,
          'mlp-small': make_mlp, 'mlp-large': make_mlp, 'char-gru': CharGru, 'lstm': Lstm,
          'transformer': Transformer}


def from_loader(images, labels, batch_size):
    """Batches as PyTorch's tutorials make them."""
    data = torch.utils.data.TensorDataset(images, labels)
    return torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)


class ByIndex:
    """Batches cut from memory by a permutation."""

    def __init__(self, images, labels, batch_size):
        self._images = (images.contiguous(memory_format=torch.channels_last)
                        if images.dim() == 4 else images)
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
        logits = model(images)
        loss = nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
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
    model = MODELS[arguments.workload]()
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
