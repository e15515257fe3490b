"""Trains one workload with PyTorch, in a process of its own, and prints what it took as JSON.

Arms P0 and P1 are the same program (in another environment); P2 is as good as Python gets. P3 adds
what current PyTorch has, and P4 is P3 compiled.
"""

import argparse
import contextlib
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


class Channels(nn.Module):
    """A layer of (N, C, T) among layers of (N, T, C)."""

    def __init__(self, inner):
        super().__init__()
        self._inner = inner

    def forward(self, x):
        return self._inner(x.transpose(1, 2)).transpose(1, 2)


class Ctc(nn.Module):
    def __init__(self):
        super().__init__()
        self._hears = Channels(nn.Sequential(nn.Conv1d(80, 256, 11, stride=2), nn.ReLU(),
                                             nn.BatchNorm1d(256)))
        self._grus = nn.ModuleList(nn.GRU(size, 256, batch_first=True, bidirectional=True)
                                   for size in (256, 512))
        self._norms = nn.ModuleList(Channels(nn.BatchNorm1d(512)) for _ in range(2))
        self._dense = nn.Linear(512, workloads.LETTERS + 1)

    def forward(self, x):
        x = self._hears(x)
        for gru, norm in zip(self._grus, self._norms):
            x = norm(gru(x)[0])
        return self._dense(x)


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
          'ctc': Ctc, 'transformer': Transformer}


def cross_entropy(logits, labels):
    return nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())


def ctc(logits, transcripts, lengths):
    """Every utterance is as long as the output."""
    heard = logits.log_softmax(-1).transpose(0, 1)
    heard_lengths = torch.full_like(lengths, len(heard))
    return nn.functional.ctc_loss(heard, transcripts, heard_lengths, lengths,
                                  blank=workloads.LETTERS, zero_infinity=True)


def from_loader(sources, batch_size):
    """Batches as PyTorch's tutorials make them."""
    data = torch.utils.data.TensorDataset(*sources)
    return torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)


class ByIndex:
    """Batches cut from the memory of a device by a permutation."""

    def __init__(self, sources, batch_size, device):
        self._sources = [source.to(device).contiguous(memory_format=torch.channels_last)
                         if source.dim() == 4 else source.to(device) for source in sources]
        self._batch_size = batch_size

    def __iter__(self):
        count, device = len(self._sources[0]), self._sources[0].device
        for chosen in torch.randperm(count, device=device).split(self._batch_size):
            yield [source[chosen] for source in self._sources]


def train_epoch(model, loss_of, optimizer, batches, count, device, autocast):
    """Seconds of one epoch of `count` batches, and the losses, which every run reports."""
    begin = time.perf_counter()
    losses = []
    for x, *truth in batches:
        x, *truth = (source.to(device) for source in (x, *truth))
        optimizer.zero_grad()
        with autocast:
            prediction = model(x)
        loss = loss_of(prediction.float(), *truth)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == count:
            break
    return time.perf_counter() - begin, losses


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('workload', choices=workloads.BATCHES)
    parser.add_argument('--arm', choices=('P0', 'P1', 'P2', 'P3', 'P4'), required=True)
    parser.add_argument('--device', type=torch.device, default='cpu')
    parser.add_argument('--precision', choices=('float32', 'bfloat16'), default='float32')
    parser.add_argument('--threads', type=int, required=True)
    parser.add_argument('--epochs', type=int, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    count, batch_size = workloads.BATCHES[arguments.workload]
    sources = list(map(torch.from_numpy, workloads.load(arguments.workload, arguments.folder)))
    loss_of = ctc if arguments.workload == 'ctc' else cross_entropy
    device = arguments.device
    model = MODELS[arguments.workload]().to(device)
    if arguments.arm in ('P0', 'P1'):
        batches = from_loader(sources, batch_size)
    else:
        model = model.to(memory_format=torch.channels_last)
        batches = ByIndex(sources, batch_size, device)
    current = {'fused': True} if arguments.arm in ('P3', 'P4') else {}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, **current)
    if arguments.arm == 'P4':
        model = torch.compile(model)
    autocast = (contextlib.nullcontext() if arguments.precision == 'float32'
                else torch.autocast(device.type, torch.bfloat16))
    seconds = [train_epoch(model, loss_of, optimizer, batches, count, device, autocast)[0]
               for _ in range(arguments.epochs)]
    print(json.dumps({'seconds': seconds,
                      'peak_rss': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == '__main__':
    main()
