"""Which source gives which sample: sources mixed by weight, in an order that follows from the seed alone.

A global batch is so many *slots*, whatever number of processes share them out; every slot takes the same number of
samples from each source in every epoch. So a process needs to know of its own slots alone, and what a slot takes next
can be said of any step without having gone through those before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from neosort_hardware.types import ArrayI64


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What a source has to give in an epoch. ``weight``: None of all pools, or of none of them."""

    samples: int
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One sample of a run: the ``turn``-th that ``source`` gives in all, the ``slot_turn``-th of them in this slot."""

    source: int
    turn: int
    slot: int
    slot_turn: int


class Mixture:
    """The samples of every epoch of a run.

    An epoch is `batches` whole batches of ``batch`` slots: as many samples as the pools hold, and what it takes to fill
    the last batch. The pools' shares in every epoch are as near to their weights as whole samples are.
    """

    def __init__(self, pools: Sequence[Pool], batch: int, seed: int) -> None:
        self.batch, self._seed = batch, seed
        self.batches = math.ceil(sum(pool.samples for pool in pools) / batch)
        weights = [pool.samples if pool.weight is None else pool.weight for pool in pools]
        self.samples = _shares(weights, self.batches * batch)

    def epoch(self, number: int) -> EpochDraws:
        """Epoch ``number``, from 0."""
        # Nothing of an epoch's size is kept: what goes to a worker process must fit a pipe's 64 KiB, or the next one
        # is only begun when this one has imported everything.
        sources = np.repeat(np.arange(len(self.samples)), self.samples).reshape(self.batches, self.batch)
        order = np.random.default_rng((self._seed, number)).permuted(sources, axis=0)  # each slot on its own
        turn, slot_turn = np.zeros_like(order), np.zeros_like(order)
        for source, samples in enumerate(self.samples):
            mine = order == source
            turn[mine] = number * samples + np.arange(samples)
            slot_turn += mine * (number * mine.sum(axis=0) + np.cumsum(mine, axis=0) - 1)
        return EpochDraws(source=order, turn=turn, slot_turn=slot_turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochDraws:
    """(batches, slots) each."""

    source: ArrayI64
    turn: ArrayI64
    slot_turn: ArrayI64

    def draws(self, batch: int, slots: range) -> list[Draw]:
        """What these slots of one batch take."""
        return [
            Draw(
                source=int(self.source[batch, slot]),
                turn=int(self.turn[batch, slot]),
                slot=slot,
                slot_turn=int(self.slot_turn[batch, slot]),
            )
            for slot in slots
        ]


class Passes:
    """The members of a store, one after the other by turn: each once a pass, in an order that is new in every pass."""

    def __init__(self, size: int, seed: tuple[int, ...]) -> None:
        self._size, self._seed = size, seed
        self._number, self._order = -1, np.arange(0)

    def index(self, turn: int) -> int:
        """The member whose turn it is."""
        number, place = divmod(turn, self._size)
        if number != self._number:
            self._number, self._order = number, np.random.default_rng((*self._seed, number)).permutation(self._size)
        return int(self._order[place])


def _shares(weights: Sequence[float], total: int) -> tuple[int, ...]:
    """``total`` shared out by weight in whole numbers, the largest remainders rounded up."""
    exact = [weight / sum(weights) * total for weight in weights]
    shares = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda number: (shares[number] - exact[number], number))
    for number in by_remainder[: total - sum(shares)]:
        shares[number] += 1
    return tuple(shares)


def split_slots(slots: range, parts: int) -> list[range]:
    """``slots`` in ``parts`` runs of neighbours, as equal as can be."""
    ends = [slots.start + len(slots) * part // parts for part in range(parts + 1)]
    return [range(low, high) for low, high in pairwise(ends)]
