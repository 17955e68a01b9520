#!/usr/bin/python3
"""The fastest PyTorch we can write for sign-vote training of a network with one hidden layer: the
opponent that Psephos is timed against. It trains: the model, rule and data of vote_reference.py.
Prints one JSON line.

What it does that a plain loop does not:
- The clients share the replica, so one forward and one backward pass serve all clients of a worker.
- Each client's weight gradient goes by baddbmm_ straight into its momentum; none is ever stored.
- Momentum is kept divided by beta^k, so that a round adds to it and never scales it (signs do not
  care); once in a while it is scaled back.
- Images stay bytes; their 1/255 is in the products' factor. Biases are a column of the weights.
- Everything is written into tensors made before the first round; no autograd; denormals are
  flushed; signs are read off the bits.
- Two workers have half of the clients each. Like the clients of a real run each applies decisions
  to a replica of its own, so they meet once a round and exchange a byte per parameter.

  torch_tuned.py --workers 2 --by processes --rounds 1000

Tried and left, being no faster: five clients or fewer in one pass, one product per client followed
by its signs, oneDNN's and XNNPACK's products, rows padded to whole vectors, images kept as floats,
huge pages.
"""
import argparse
import gzip
import json
import math
import mmap
import os
import queue
import sys
import threading
import time

import numpy as np
import torch

sys.dont_write_bytecode = True  # no __pycache__ in the tree
import openblas  # noqa: E402

PATIENCE_S = 60
SCALE_BACK_EVERY = 128  # rounds; 0.9^-128 is 7e5


def read_idx(path):
    with gzip.open(path) as file:
        raw = file.read()
    dimensions = np.frombuffer(raw, '>i4', count=raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(dimensions)


def load(folder, part):
    images = read_idx(f'{folder}/{part}-images-idx3-ubyte.gz')
    labels = read_idx(f'{folder}/{part}-labels-idx1-ubyte.gz')
    # The last column, which the products' 1/255 makes 1, is the first bias's input.
    with_one = np.full((len(images), 785), 255, np.uint8)
    with_one[:, :784] = images.reshape(len(images), -1)
    return torch.from_numpy(with_one), torch.from_numpy(labels.astype(np.int64))


def shared_bytes(shape):
    """Signed bytes in memory that forked processes share."""
    return torch.frombuffer(mmap.mmap(-1, math.prod(shape)), dtype=torch.int8).view(shape)


class Meeting:
    """Where two workers wait for each other once a round. Processes watch a counter; threads would
    fight over the interpreter doing that, so they send each other a word."""

    def __init__(self, workers, by):
        self.workers, self.by = workers, by
        self.arrived = np.frombuffer(mmap.mmap(-1, 64 * workers), np.int64).reshape(workers, 8)
        self.words = [queue.SimpleQueue() for _ in range(workers)]

    def wait(self, worker):
        if self.workers == 1:
            return
        if self.by == 'threads':
            self.words[worker].put(None)
            self.words[1 - worker].get(timeout=PATIENCE_S)
            return
        mine, other = self.arrived[worker], self.arrived[1 - worker]
        mine[0] += 1
        wanted = mine[0]
        deadline = time.monotonic() + PATIENCE_S
        while other[0] < wanted:
            os.sched_yield()
            if time.monotonic() > deadline:
                raise TimeoutError('the other worker is gone')


class Replica:
    """The model, and what a decision does to it. Rows of a layer are its outputs, the last column
    is the bias."""

    def __init__(self, options):
        self.hidden = options.hidden
        generator = torch.Generator().manual_seed(options.seed)
        reach = {inputs: 1 / math.sqrt(inputs) for inputs in (784, self.hidden)}  # as nn.Linear's
        self.weights = torch.cat([
            torch.empty(outputs * (inputs + 1)).uniform_(-reach[inputs], reach[inputs],
                                                         generator=generator)
            for inputs, outputs in ((784, self.hidden), (self.hidden, 10))])
        self.layer1 = self.weights[:self.hidden * 785].view(self.hidden, 785)
        self.layer2 = self.weights[self.hidden * 785:].view(10, self.hidden + 1)
        self.total = torch.empty(len(self.weights), dtype=torch.int8)
        self.step = torch.empty_like(self.weights)

    def apply(self, counts, rate):
        total = counts[0] if len(counts) == 1 else torch.add(counts[0], counts[1], out=self.total)
        self.step.copy_(torch.clamp(total, -1, 1, out=self.total))
        self.weights.sub_(self.step, alpha=rate)


class Clients:
    """Those of one worker: they go through the network together."""

    def __init__(self, options, replica, images, labels, parts, seed):
        self.options, self.replica = options, replica
        self.images, self.labels, self.parts = images, labels, parts
        clients, batch, hidden = len(parts), options.batch, options.hidden
        rows = clients * batch
        self.bytes = torch.empty(rows, 785, dtype=torch.uint8)
        self.inputs = torch.empty(rows, 785)
        self.activations = torch.ones(rows, hidden + 1)  # the last column stays 1: a bias's input
        self.hidden = self.activations[:, :hidden]
        self.outputs = torch.empty(rows, 10)
        self.sums = torch.empty(rows, 1)
        self.targets = torch.empty(rows, dtype=torch.int64)
        self.one_hot = torch.eye(10)
        self.wanted = torch.empty(rows, 10)
        self.delta1 = torch.empty(rows, hidden)
        self.momentum = torch.zeros(clients, len(replica.weights))
        self.momenta1 = self.momentum[:, :hidden * 785].view(clients, hidden, 785)
        self.momenta2 = self.momentum[:, hidden * 785:].view(clients, 10, hidden + 1)
        self.momentum_bits = self.momentum.view(torch.int32)
        self.signs = torch.empty(len(replica.weights), dtype=torch.int32)
        self.count = torch.empty_like(self.signs)
        self.generator = torch.Generator().manual_seed(seed)
        self.starts = torch.arange(clients).view(-1, 1) * parts.size(1)
        self.per_client = lambda tensor: tensor.view(clients, batch, -1)

    def draw(self):
        shape = (len(self.parts), self.options.batch)
        picks = torch.randint(self.parts.size(1), shape, generator=self.generator)
        samples = torch.index_select(self.parts.view(-1), 0, picks.add_(self.starts).view(-1))
        torch.index_select(self.images, 0, samples, out=self.bytes)
        torch.index_select(self.labels, 0, samples, out=self.targets)
        self.inputs.copy_(self.bytes)

    def forward(self):
        torch.addmm(self.hidden, self.inputs, self.replica.layer1.t(), beta=0, alpha=1 / 255,
                    out=self.hidden)
        self.hidden.clamp_(min=0)
        torch.mm(self.activations, self.replica.layer2.t(), out=self.outputs)

    def backward(self):
        """Leaves the loss's derivatives (times the batch) in outputs and delta1."""
        torch.index_select(self.one_hot, 0, self.targets, out=self.wanted)
        self.outputs.clamp_(max=80).exp_()  # torch.softmax along ten columns takes four times this
        self.outputs.div_(torch.sum(self.outputs, 1, keepdim=True, out=self.sums))
        self.outputs.sub_(self.wanted)
        torch.mm(self.outputs, self.replica.layer2[:, :-1], out=self.delta1)
        torch.ops.aten.threshold_backward.grad_input(self.delta1, self.hidden, 0,
                                                     grad_input=self.delta1)

    def vote(self, count, scale):
        alpha = (1 - self.options.beta) / self.options.batch * scale
        self.momenta2.baddbmm_(self.per_client(self.outputs).transpose(1, 2),
                               self.per_client(self.activations), beta=1, alpha=alpha)
        self.momenta1.baddbmm_(self.per_client(self.delta1).transpose(1, 2),
                               self.per_client(self.inputs), beta=1, alpha=alpha / 255)
        # A float's bits, read as an integer, have its sign: cheaper than torch.sign.
        torch.clamp(self.momentum_bits[0], -1, 1, out=self.count)
        for bits in self.momentum_bits[1:]:
            self.count.add_(torch.clamp(bits, -1, 1, out=self.signs))
        count.copy_(self.count)


class Worker:
    """Half of the clients, or all, and a replica of their own."""

    def __init__(self, options, number, meeting, counts, images, labels, parts):
        self.options, self.number, self.meeting = options, number, meeting
        self.both_counts = counts
        self.replica = Replica(options)
        self.clients = Clients(options, self.replica, images, labels, parts,
                               1000 * options.seed + number)
        self.scale = 1.0  # beta^-k since momentum was last scaled back

    def rate(self, round_):
        if self.options.schedule == 'const':
            return self.options.lr
        return self.options.lr * 0.5 * (1 + math.cos(math.pi * round_ / self.options.rounds))

    def round(self, round_):
        self.scale /= self.options.beta
        counts = self.both_counts[round_ % 2]  # the other worker may still read the last round's
        self.clients.draw()
        self.clients.forward()
        self.clients.backward()
        self.clients.vote(counts[self.number], self.scale)
        self.meeting.wait(self.number)
        self.replica.apply(counts, self.rate(round_))
        if round_ % SCALE_BACK_EVERY == SCALE_BACK_EVERY - 1:
            self.clients.momentum.mul_(1 / self.scale)
            self.scale = 1.0

    def run(self):
        torch.set_flush_denormal(True)  # of this thread
        with torch.inference_mode():
            self.meeting.wait(self.number)
            begin = time.perf_counter()
            for round_ in range(self.options.rounds):
                self.round(round_)
            self.seconds = time.perf_counter() - begin


def train(options, images, labels):
    """The first worker, whose replica and seconds are the run's: all meet every round."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(options.seed))
    even = len(images) // options.clients * options.clients
    parts = order[:even].view(options.clients, -1)
    parameters = options.hidden * 785 + 10 * (options.hidden + 1)
    counts = shared_bytes((2, options.workers, parameters))
    meeting = Meeting(options.workers, options.by)
    workers = [Worker(options, number, meeting, counts, images, labels, share)
               for number, share in enumerate(torch.chunk(parts, options.workers))]
    if options.workers == 1:
        workers[0].run()
    elif options.by == 'threads':
        other = threading.Thread(target=workers[1].run)
        other.start()
        workers[0].run()
        other.join()
    else:
        child = os.fork()
        if child == 0:
            workers[1].run()
            os._exit(0)
        workers[0].run()
        os.waitpid(child, 0)
    return workers[0]


def accuracy(replica, images, labels):
    hidden = (images.float() @ replica.layer1.t() / 255).clamp(min=0)
    outputs = hidden @ replica.layer2[:, :-1].t() + replica.layer2[:, -1]
    return (outputs.argmax(1) == labels).float().mean().item()


def options_of_command_line():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--clients', type=int, default=10)
    parser.add_argument('--hidden', type=int, default=128)
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--rounds', type=int, default=1000)
    parser.add_argument('--lr', type=float, default=1e-3)
    parser.add_argument('--beta', type=float, default=0.9)
    parser.add_argument('--schedule', choices=['const', 'cosine'], default='const')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--workers', type=int, choices=[1, 2], default=1)
    parser.add_argument('--by', choices=['threads', 'processes'], default='processes',
                        help='what two workers are')
    parser.add_argument('--torch-threads', type=int, default=1,
                        help='inside each operation that is not a product; for products set '
                        'OPENBLAS_NUM_THREADS')
    parser.add_argument('--data', default='/usr/share/datasets/fashion-mnist')
    options = parser.parse_args()
    if not options.workers <= options.clients <= 60:  # two workers' counts fit a signed byte
        parser.error('--clients: 1 to 60, and no fewer than workers')
    return options


def main():
    options = options_of_command_line()
    torch.set_num_threads(options.torch_threads)
    a, b = torch.rand(320, 784), torch.rand(784, 128)
    blas = openblas.require(lambda: torch.mm(a, b))
    worker = train(options, *load(options.data, 'train'))
    print(json.dumps({
        'rounds': options.rounds, 'rounds_per_s': round(options.rounds / worker.seconds, 1),
        'wall_s': round(worker.seconds, 3), 'd': len(worker.replica.weights),
        'accuracy': round(accuracy(worker.replica, *load(options.data, 't10k')), 4),
        'workers': options.workers, 'by': options.by,
        'blas_threads': int(os.environ.get('OPENBLAS_NUM_THREADS', 0)),
        'torch': torch.__version__, **blas}))


if __name__ == '__main__':
    main()
