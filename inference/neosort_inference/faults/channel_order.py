"""Are channels where they are said to be, and the right way round?

The field above a row of sensors is smooth from one to the next, for none lies nearer to an item than about a pitch. So
the row's second differences are small; swap two channels or turn one, and they grow. Every guess at what may have been
swapped or turned is tried on the covariances of the last seconds: the one that makes the row much smoother is true.
Neighbours at the very end of the row differ too little to be told apart.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64

FORGET_CHUNKS = 32.0  # a chunk counts e times less after so many, eight seconds
KEEP = math.exp(-1.0 / FORGET_CHUNKS)
ENOUGH_CHUNKS = 24
JUDGE_EVERY = 8
SAMPLES = 60  # of a chunk: an item's field takes 30 ms and more to pass
SMOOTHER = 0.88  # c: a true guess leaves at most this share of roughness; of a sound array none leaves less than 1.0
EVIDENCE = 4.0  # chunks' worth of items that passed
FLOOR_UT2 = 30.0  # chunks in which little passes count little
SUSPECTS = 12
MOST_GUESSES = 4


class ChannelOrder:
    """Takes chunks of samples in; ``swapped`` and ``flipped`` (channels,) say which channels are wrong."""

    def __init__(self, channels: int) -> None:
        self.swapped: ArrayBool = np.zeros(channels, np.bool_)
        self.flipped: ArrayBool = np.zeros(channels, np.bool_)
        self._covariance = np.zeros((3, channels, channels))
        self._measuring: ArrayBool = np.ones(channels, np.bool_)
        self._weight = 0.0
        self._since = 0
        self._guessed: set[tuple[str, tuple[int, ...]]] = set()

    def see(self, field_ut: ArrayF32, saturated: ArrayBool, measuring: ArrayBool) -> None:
        """A chunk (samples, channels, 3), (samples, channels); ``measuring``: channels that read something at all."""
        if measuring.sum() < 4 or len(measuring) != len(self.swapped):
            return
        if not np.array_equal(measuring, self._measuring):  # other neighbours: what is known does not hold for them
            self._measuring = measuring
            self._covariance[:] = 0.0
            self._weight = 0.0
        thinned = slice(None, None, max(1, len(field_ut) // SAMPLES))
        field_ut, saturated = field_ut[thinned], saturated[thinned]
        if saturated.any() or not np.isfinite(field_ut.sum()):
            usable = ~saturated[:, measuring].any(axis=1) & np.isfinite(field_ut[:, measuring]).all(axis=(1, 2))
            if usable.sum() < 0.5 * len(field_ut):
                return
            field_ut = field_ut[usable]
        self._add(field_ut)
        self._since += 1
        if self._since >= JUDGE_EVERY and self._weight >= ENOUGH_CHUNKS * 0.5:
            self._since = 0
            self._judge()

    def _add(self, field_ut: ArrayF32) -> None:
        by_axis = field_ut.transpose(2, 0, 1).astype(np.float64, order="C")  # (3, samples, channels)
        by_axis -= by_axis.mean(axis=1, keepdims=True)
        if not self._measuring.all():
            by_axis[:, :, ~self._measuring] = 0.0
        own = by_axis.transpose(0, 2, 1) @ by_axis / len(field_ut)
        rough = _roughness_of(int(self._measuring.sum()))
        weights = 1.0 / ((rough * self._row_of(own)).sum(axis=(1, 2)) + FLOOR_UT2)
        self._covariance = KEEP * self._covariance + own * weights[:, None, None]
        self._weight = KEEP * self._weight + 1.0

    def _row_of(self, covariance: ArrayF64) -> ArrayF64:
        """(3, n, n): of the channels that read something."""
        here = self._measuring
        return covariance if here.all() else covariance[:, here][:, :, here]

    def _judge(self) -> None:
        """What is found twice in a row, by as many passing items as it takes, is true."""
        numbers = np.flatnonzero(self._measuring)
        row = self._row_of(self._covariance)
        self.swapped, self.flipped = np.zeros_like(self.swapped), np.zeros_like(self.flipped)
        before, self._guessed = self._guessed, set()
        if float((_roughness_of(len(numbers)) * row).sum()) < EVIDENCE:
            return
        for _ in range(MOST_GUESSES):
            share, kind, channels, row = _best_guess(row)
            if share > SMOOTHER:
                return
            self._guessed.add((kind, channels))
            if (kind, channels) in before:
                (self.swapped if kind == "swapped" else self.flipped)[numbers[list(channels)]] = True


def _best_guess(row: ArrayF64) -> tuple[float, str, tuple[int, ...], ArrayF64]:
    """The guess that leaves the least roughness: the share of it, what it is, of which channels, and the row then."""
    count = row.shape[1]
    rough = _roughness_of(count)
    by_axis = (rough * row).sum(axis=(1, 2))
    suspects = _suspects(row)
    swapped = 1.0 + _rougher_swapped(rough, row.sum(axis=0)) / by_axis.sum()
    flipped = 1.0 + _rougher_turned(rough, row) / np.maximum(by_axis, 1e-12)[:, None]
    guesses: list[tuple[float, str, tuple[int, ...]]] = [
        (float(swapped[pair]), "swapped", pair) for pair in combinations(suspects, 2)
    ]
    guesses += [
        (float(flipped[axis, channel]), f"flipped {axis}", (channel,)) for axis in range(3) for channel in suspects
    ]
    share, what, channels = min(guesses)
    fixed = row.copy()
    if what == "swapped":
        order = _swapping(count, *channels)
        return share, what, channels, fixed[:, order][:, :, order]
    axis = int(what.removeprefix("flipped "))
    fixed[axis] = _turned(row[axis], channels[0])
    return share, "flipped", channels, fixed


def _suspects(row: ArrayF64) -> list[int]:
    """Channels where the row is roughest for what passes there, and their neighbours."""
    count = row.shape[1]
    second = _second_differences(count)
    residual = np.einsum("ij,ajk,ik->i", second, row, second)
    around = np.einsum("ajj->j", row)
    share = np.zeros(count)
    for place, rough in enumerate(residual):
        here = slice(place, place + 3)
        share[here] = np.maximum(share[here], rough / max(float(around[here].sum()), 1e-12))
    return sorted(int(channel) for channel in np.argsort(-share)[:SUSPECTS])


def _rougher_swapped(rough: ArrayF64, covariance: ArrayF64) -> ArrayF64:
    """(channels, channels): by how much rougher the row is with each two in each other's place; of the rows and columns
    of a covariance nothing else changes."""
    both = rough @ covariance
    apart = both + both.T - np.diag(both)[:, None] - np.diag(both)[None, :]
    own, theirs = np.diag(rough), np.diag(covariance)
    mine = (own[:, None] - rough) * (covariance - theirs[:, None])  # of the first; of the second it is the transpose
    swap = (own[:, None] - own[None, :]) * (theirs[None, :] - theirs[:, None])
    return np.asarray(2.0 * (apart - mine - mine.T) + swap)


def _rougher_turned(rough: ArrayF64, covariances: ArrayF64) -> ArrayF64:
    """(3, channels): the same with an axis of each channel the wrong way round."""
    shares = rough * covariances
    return np.asarray(-4.0 * (shares.sum(axis=2) - np.einsum("acc->ac", shares)))


def _swapping(count: int, one: int, other: int) -> list[int]:
    order = list(range(count))
    order[one], order[other] = other, one
    return order


def _turned(covariance: ArrayF64, channel: int) -> ArrayF64:
    signs = np.ones(len(covariance))
    signs[channel] = -1.0
    return np.asarray(covariance * signs[:, None] * signs[None, :])


@lru_cache(maxsize=64)
def _second_differences(count: int) -> ArrayF64:
    """(count - 2, count): half the second difference at each inner channel."""
    return np.asarray(np.eye(count)[1:-1] - 0.5 * (np.eye(count)[:-2] + np.eye(count)[2:]))


@lru_cache(maxsize=64)
def _roughness_of(count: int) -> ArrayF64:
    """(count, count): the sum of squared second differences as a quadratic form."""
    second = _second_differences(count)
    return np.asarray(second.T @ second)
