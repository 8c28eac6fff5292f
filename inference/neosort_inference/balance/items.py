"""What a balance is made from: the items of a lot as they were decided, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64, ArrayI64

_P_LEAST = 1e-6  # a probability is never quite 0 or 1: its log-odds must be finite
_LARGEST_LOG_SIGMA = 1.0  # what is said of the magnet of an item that hardly has one is worth nothing beyond that


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedItem:
    """One item as decided. ``magnet_g``, ``magnet_g_sigma``: grams of NdFeB to be expected, with whether it bears any
    being uncertain too (see `detector.expected_mass`). ``ejected``: a shot at it was fired and not recalled."""

    kind: str
    p_ndfeb: float
    magnet_g: float
    magnet_g_sigma: float
    ejected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decided items of a lot, (n,) each: ``kind`` (index into ``kinds``), ``log_odds`` of bearing, ``ejected``,
    ``log1p_g`` and ``log_sigma``: log(1 + grams) *if* it bears any, and its standard deviation."""

    kinds: tuple[str, ...]
    kind: ArrayI64
    log_odds: ArrayF64
    log1p_g: ArrayF64
    log_sigma: ArrayF64
    ejected: ArrayBool

    @property
    def count(self) -> int:
        """How many items."""
        return len(self.kind)

    def evenness(self) -> dict[str, float]:
        """By kind: as many equally heavy items as would tell as much of its mass, over how many there are (Kish).

        (Σm)² ÷ (n·Σm²), m being the mass expected: 1 where all weigh the same, less where a few outweigh the others.
        """
        expected = np.expm1(self.log1p_g) / (1.0 + np.exp(-self.log_odds))
        shares = {}
        for number, kind in enumerate(self.kinds):
            own = expected[self.kind == number]
            square = float((own**2).sum())
            shares[kind] = float(own.sum()) ** 2 / (len(own) * square) if square > 0 else 1.0
        return shares

    @classmethod
    def of(cls, items: Iterable[DecidedItem], kinds: Sequence[str]) -> Decided:
        """Columns of items; kinds that ``kinds`` does not name are added behind."""
        items = list(items)
        names = tuple(dict.fromkeys([*kinds, *(item.kind for item in items)]))
        number = {name: index for index, name in enumerate(names)}
        p = np.clip(np.array([item.p_ndfeb for item in items], dtype=np.float64), _P_LEAST, 1.0 - _P_LEAST)
        mean_g = np.array([item.magnet_g for item in items], dtype=np.float64)
        sigma_g = np.array([item.magnet_g_sigma for item in items], dtype=np.float64)
        grams = np.maximum(mean_g / p, 0.0)
        spread = np.maximum((sigma_g**2 + mean_g**2) / p - grams**2, 0.0)  # the law of total variance, undone
        return cls(
            kinds=names,
            kind=np.array([number[item.kind] for item in items], dtype=np.int64),
            log_odds=np.log(p) - np.log1p(-p),
            log1p_g=np.log1p(grams),
            log_sigma=np.minimum(np.sqrt(spread) / (1.0 + grams), _LARGEST_LOG_SIGMA),
            ejected=np.array([item.ejected for item in items], dtype=bool),
        )
