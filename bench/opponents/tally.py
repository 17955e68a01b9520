#!/usr/bin/python3
"""Counting votes with numpy and with PyTorch: opponents of the tally. Prints one JSON line, in seconds per
round, the median of several repeats.

  tally.py --parameters 1048576 --voters 64

numpy_s          ballots come packed, as by packbits: unpackbits, sum over voters, compare, packbits.
                 The faster of two ways: all ballots in one array, and one ballot after the other.
pytorch_s        sign-sum-sign: votes come as float32 vectors, as gradients are there; also the
                 faster of the same two ways.
pytorch_int8_s   the votes have been signed and narrowed to a byte before the clock starts.

One thread, like the tally.
"""
import argparse
import json
import statistics
import sys
import time

sys.dont_write_bytecode = True  # no __pycache__ in the tree
import openblas  # noqa: E402

openblas.settle()  # before numpy, which loads it
import numpy as np  # noqa: E402
import torch  # noqa: E402


def median_seconds(repeats, *ways):
    """The seconds of the faster of the ways, which take turns, by their medians."""
    for way in ways:
        way()
    seconds = [[] for _ in ways]
    for _ in range(repeats):
        for way, took in zip(ways, seconds):
            begin = time.perf_counter()
            way()
            took.append(time.perf_counter() - begin)
    return min(map(statistics.median, seconds))


def time_numpy(bits, repeats):
    voters, parameters = bits.shape
    packed = np.packbits(bits, axis=1)
    net = np.empty(parameters, np.int16)

    def at_once():
        negative = np.unpackbits(packed, axis=1).sum(axis=0, dtype=np.int16)
        return np.packbits(2 * negative > voters)

    def one_by_one():
        net.fill(0)
        for ballot in packed:
            np.add(net, np.unpackbits(ballot), out=net)
        return np.packbits(2 * net > voters)

    assert (at_once() == one_by_one()).all()
    return median_seconds(repeats, at_once, one_by_one)


def time_pytorch(votes, repeats):
    net, signs = torch.empty(votes.shape[1]), torch.empty(votes.shape[1])

    def at_once():
        return torch.sign(votes).sum(0).sign()

    def one_by_one():
        net.zero_()
        for vote in votes:
            torch.sign(vote, out=signs)
            net.add_(signs)
        return net.sign()

    assert (at_once() == one_by_one()).all()
    return median_seconds(repeats, at_once, one_by_one)


def time_pytorch_int8(signs, repeats):
    net = torch.empty(signs.shape[1], dtype=torch.int16)

    def at_once():
        return signs.sum(0, dtype=torch.int16).sign()

    def one_by_one():
        net.zero_()
        for sign in signs:
            net.add_(sign)
        return net.sign()

    return median_seconds(repeats, at_once, one_by_one)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--parameters', type=int, default=1 << 20)
    parser.add_argument('--voters', type=int, default=64)
    parser.add_argument('--repeats', type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    a, b = torch.rand(320, 784), torch.rand(784, 128)
    answer = openblas.require(lambda: torch.mm(a, b))
    votes = torch.randn(options.voters, options.parameters)
    answer['numpy_s'] = time_numpy((votes < 0).numpy(), options.repeats)
    answer['pytorch_s'] = time_pytorch(votes, options.repeats)
    answer['pytorch_int8_s'] = time_pytorch_int8(votes.sign().to(torch.int8), options.repeats)
    print(json.dumps(answer))


if __name__ == '__main__':
    main()
