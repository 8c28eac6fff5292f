"""What was weighed, held against what was counted: the gap, and whether it lies inside the interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neosort_hardware.types import ArrayF64

Weighed = Literal["feed", "product", "rest", "magnets_product", "magnets_rest"]
WEIGHED_WORDS: dict[Weighed, str] = {
    "feed": "the lot as fed",
    "product": "the product",
    "rest": "the rest",
    "magnets_product": "NdFeB taken out of the product",
    "magnets_rest": "NdFeB found in the rest",
}
BRIDGE_SHARE = 0.005  # a: one standard deviation of a weighbridge, tare and moisture with it
Z_90 = 1.6448536


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """A mass and its standard deviation; None: `BRIDGE_SHARE` of it. The last one of a kind counts."""

    what: Weighed
    mass_kg: float
    sigma_kg: float | None = None

    @property
    def sd_kg(self) -> float:
        """One standard deviation."""
        return BRIDGE_SHARE * self.mass_kg if self.sigma_kg is None else self.sigma_kg


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """``gap_kg``: weighed less expected; ``low_kg``, ``high_kg``: where 90 % of gaps lie if all is as it should be."""

    about: str
    weighed_kg: float
    expected_kg: float
    gap_kg: float
    low_kg: float
    high_kg: float

    @property
    def inside(self) -> bool:
        """Whether the gap lies inside the interval."""
        return self.low_kg <= self.gap_kg <= self.high_kg


def reconciled(weighings: Sequence[Weighing], product_g: ArrayF64, rest_g: ArrayF64) -> list[Reconciled]:
    """Everything that can be held against something else. ``product_g``, ``rest_g``: draws of NdFeB, (draws,)."""
    last = {weighing.what: weighing for weighing in weighings}
    rows = []
    if {"feed", "product", "rest"} <= last.keys():
        feed, parts = last["feed"], (last["product"], last["rest"])
        out_kg = sum(part.mass_kg for part in parts)
        half = Z_90 * math.sqrt(feed.sd_kg**2 + sum(part.sd_kg**2 for part in parts))
        rows.append(
            Reconciled(
                about="mass fed against product and rest", weighed_kg=feed.mass_kg, expected_kg=out_kg,
                gap_kg=feed.mass_kg - out_kg, low_kg=-half, high_kg=half,
            )
        )  # fmt: skip
    pairs: tuple[tuple[Weighed, ArrayF64], ...] = (("magnets_product", product_g), ("magnets_rest", rest_g))
    rows.extend(_against(last[what], draws) for what, draws in pairs if what in last)
    return rows


def _against(weighing: Weighing, draws_g: ArrayF64) -> Reconciled:
    """A weighed mass of NdFeB against the draws of it."""
    noise = np.random.default_rng(0).normal(0.0, weighing.sd_kg, len(draws_g))
    gaps = weighing.mass_kg + noise - draws_g * 1e-3
    expected = float(draws_g.mean()) * 1e-3
    low, high = np.percentile(gaps - gaps.mean(), (5, 95))
    return Reconciled(
        about=WEIGHED_WORDS[weighing.what], weighed_kg=weighing.mass_kg, expected_kg=expected,
        gap_kg=weighing.mass_kg - expected, low_kg=float(low), high_kg=float(high),
    )  # fmt: skip
