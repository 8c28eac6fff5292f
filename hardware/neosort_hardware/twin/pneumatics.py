"""Valves, jets, and what a jet does to an item that flies past the nozzles.

Numbers: 3 mm nozzle at 6 bar(g) gives 5.6 N (c); about 0.3 of it becomes momentum of the item (c/a); valves open and
close in 1.5 ms with 0.2 and 0.3 ms of spread, each with an offset of its own, sd 0.3 ms (a); the jet's front needs
0.3–1 ms over 50 mm (a); an item must gain Δv to be carried 100 mm aside in 0.3–0.5 s of flight (c/a).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_hardware.belt import NozzleRow
from neosort_hardware.twin.motion import BeltMotion
from neosort_hardware.types import ImageU8

JET_FORCE_N = 5.6
JET_EFFICIENCY = 0.3
JET_EFFICIENCY_SPREAD = 0.15
JET_SPREAD_MM = 6.0  # a: the jet is wider than its nozzle's pitch by this on either side when it meets the item
FLIGHT_S = (0.3, 0.5)
THROW_M = 0.1
THROW_MARGIN = (1.0, 2.0)  # a: tumbling and awkward shapes need up to twice the bare Δv
SLIP_S = 0.0005  # a: an item's place wanders by this much time on its way to the nozzles


@dataclass(frozen=True, slots=True, kw_only=True)
class Jet:
    """One nozzle blowing, as it reaches the items' path. ``shot_id``: None for one that nobody asked for."""

    nozzle: int
    shot_id: int | None
    on_ns: int
    off_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flyer:
    """An item as the jets meet it: where it lies, what it weighs, which millimetres it covers.

    ``silhouette``: (along, across) uint8, 1 mm cells, non-zero where covered, its centre at the item's place.
    """

    belt_mm: float
    across_mm: float
    mass_g: float
    silhouette: ImageU8


class Valves:
    """The valves' and jets' own timing: each valve a little different, each stroke a little different."""

    def __init__(self, count: int, open_lag_ms: float, close_lag_ms: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self._open_lag_ms = open_lag_ms + rng.normal(0.0, 0.3, count)
        self._close_lag_ms = close_lag_ms + rng.normal(0.0, 0.3, count)

    def stroke(self, nozzle: int, shot_id: int, open_ns: int, close_ns: int) -> Jet:
        """The jet that follows from commanding a valve open and closed."""
        front_ms = self._rng.uniform(0.3, 1.0)
        opening_ms = max(0.1, self._open_lag_ms[nozzle] + self._rng.normal(0.0, 0.2)) + front_ms
        closing_ms = max(0.1, self._close_lag_ms[nozzle] + self._rng.normal(0.0, 0.3)) + front_ms
        on_ns = open_ns + round(opening_ms * 1e6)
        return Jet(nozzle=nozzle, shot_id=shot_id, on_ns=on_ns, off_ns=max(on_ns, close_ns + round(closing_ms * 1e6)))


def coverage_by_row(flyer: Flyer, nozzle_across_mm: float, pitch_mm: float) -> np.ndarray:
    """Share of a jet's width that the item covers, for each millimetre along the item (its silhouette's rows)."""
    width_mm = pitch_mm + 2 * JET_SPREAD_MM
    columns = flyer.silhouette.shape[1]
    left = nozzle_across_mm - 0.5 * width_mm - (flyer.across_mm - 0.5 * columns)
    lo, hi = max(0, round(left)), min(columns, round(left + width_mm))
    if hi <= lo:
        return np.zeros(flyer.silhouette.shape[0])
    covered = np.count_nonzero(flyer.silhouette[:, lo:hi], axis=1)
    return np.asarray(covered / width_mm)


def jet_time_s(
    flyer: Flyer, jet: Jet, nozzles: NozzleRow, motion: BeltMotion, *, nozzle_station_mm: float, slip_mm: float
) -> float:
    """Seconds for which the jet's whole width blows on the item (partial cover counts in part)."""
    coverage = coverage_by_row(flyer, nozzles.across_mm(jet.nozzle), nozzles.pitch_mm)
    first_mm = flyer.belt_mm + slip_mm - 0.5 * len(coverage)
    start = motion.position_mm(jet.on_ns) - nozzle_station_mm - first_mm
    stop = motion.position_mm(jet.off_ns) - nozzle_station_mm - first_mm
    edges = np.arange(len(coverage) + 1, dtype=np.float64)
    blown_mm = np.clip(np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start), 0.0, 1.0)
    return float((coverage * blown_mm).sum()) / motion.speed_mm_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Throw:
    """What the jets did to one item."""

    ejected: bool
    impulse_ns: float
    shot_ids: tuple[int, ...]


def throw(
    flyer: Flyer,
    jets: Sequence[Jet],
    nozzles: NozzleRow,
    motion: BeltMotion,
    *,
    nozzle_station_mm: float,
    rng: np.random.Generator,
    pressure: float = 1.0,
) -> Throw:
    """Sum the jets' impulse on an item and say whether it carries it over the splitter.

    Δv = F·η·T / m summed over jets, against 100 mm within the flight, times the margin its shape asks for.
    ``pressure``: of the air, as a share of what it should be; the thrust goes with it.
    """
    slip_mm = rng.normal(0.0, SLIP_S * motion.speed_mm_per_s)
    efficiency = JET_EFFICIENCY * float(np.exp(rng.normal(0.0, JET_EFFICIENCY_SPREAD)))
    needed_m_per_s = THROW_M / rng.uniform(*FLIGHT_S) * rng.uniform(*THROW_MARGIN)
    impulse_ns = 0.0
    reached: set[int] = set()
    for jet in jets:
        seconds = jet_time_s(flyer, jet, nozzles, motion, nozzle_station_mm=nozzle_station_mm, slip_mm=slip_mm)
        if seconds > 0:
            impulse_ns += JET_FORCE_N * pressure * efficiency * seconds
            if jet.shot_id is not None:
                reached.add(jet.shot_id)
    gained_m_per_s = impulse_ns / (flyer.mass_g * 1e-3)
    return Throw(ejected=gained_m_per_s >= needed_m_per_s, impulse_ns=impulse_ns, shot_ids=tuple(sorted(reached)))
