"""Which kinds a lot is likely made of: the bundle's confusion, reweighted to what the lot looks like.

A confusion's rows (how an item of a kind is called) hold for any feed; its columns (what an item called so is) hold for
the evaluation's feed alone. The lot's own mix follows from how often each kind was said, by expectation-maximisation
(the label shift of Saerens, Latinne and Decaestecker, 2002, on counts), held near the evaluation's mix while the lot is
small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayBool, ArrayF64
from neosort_inference.bundle_metadata import Confusion

ROUNDS = 200
PRIOR_ITEMS = 50.0  # a: what the evaluation's mix weighs, in items of the lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """``joint`` (truth, said): how likely an item of the lot is of a kind and called so. ``counts`` (truth, said + 1):
    the evaluation's, the last column for items not found. ``bearing`` (truth,)."""

    truth: tuple[str, ...]
    said: tuple[str, ...]
    joint: ArrayF64
    counts: ArrayF64
    bearing: ArrayBool

    @classmethod
    def of(
        cls, said: Mapping[str, int], confusion: Confusion | None, kinds: tuple[str, ...], bearing: frozenset[str]
    ) -> Mixture:
        """The mixture of a lot in which so many items were ``said`` to be of each kind."""
        truth = confusion.truth if confusion is not None else ()
        counts = np.array(confusion.counts if truth and confusion is not None else [], dtype=np.float64)
        counts = counts.reshape(len(truth), len(kinds) + 1)
        rows = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        called = counts[:, :-1] / rows
        evaluated = rows[:, 0] / max(rows.sum(), 1.0)
        seen = np.array([said.get(kind, 0) for kind in kinds], dtype=np.float64)
        share = evaluated
        for _ in range(ROUNDS if len(truth) else 0):
            joint = share[:, None] * called
            of_said = joint / np.maximum(joint.sum(axis=0, keepdims=True), 1e-300)
            share = (of_said @ seen + PRIOR_ITEMS * evaluated) / (seen @ of_said.sum(axis=0) + PRIOR_ITEMS)
        return cls(
            truth=truth,
            said=kinds,
            joint=share[:, None] * called,
            counts=counts,
            bearing=np.array([kind in bearing for kind in truth], dtype=bool),
        )

    def bears(self, kind: str) -> tuple[float, float]:
        """Of how many evaluated items said to be of that kind so many bear NdFeB, with this lot's mix."""
        if kind not in self.said:
            return 0.0, 0.0
        column = self.said.index(kind)
        likely, of = self.joint[:, column], float(self.counts[:, column].sum())
        whole = float(likely.sum())
        return (float(likely[self.bearing].sum()) / whole * of, of) if whole > 0 else (0.0, 0.0)

    def found(self, kind: str) -> tuple[float, float]:
        """Of how many evaluated items of that kind so many were found."""
        if kind not in self.truth:
            return 0.0, 0.0
        row = self.counts[self.truth.index(kind)]
        return float(row[:-1].sum()), float(row.sum())

    def true_kind(self) -> dict[str, dict[str, float]]:
        """Of items said to be of a kind that do bear NdFeB, the shares of the kinds they are of."""
        shares = {}
        for column, said in enumerate(self.said):
            likely = np.where(self.bearing, self.joint[:, column], 0.0)
            if likely.sum() > 0:
                shares[said] = {
                    self.truth[row]: float(likely[row] / likely.sum()) for row in np.flatnonzero(likely > 0)
                }
        return shares
