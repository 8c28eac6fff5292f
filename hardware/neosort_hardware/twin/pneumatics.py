"""Valves, jets, and what a jet does to an item that flies past the nozzles.

Numbers: 3 mm nozzle at 6 bar(g) gives 5.6 N (c); about 0.3 of it becomes momentum of the item (c/a); valves open and
close in 1.5 ms with 0.2 and 0.3 ms of spread, each with an offset of its own, sd 0.3 ms (a); the jet's front needs
0.3–1 ms over 50 mm (a); an item must gain Δv to be carried 100 mm aside in 0.3–0.5 m of flight (c/a), which is 0.2
to 0.33 m/s at a belt speed of 1 m/s and 0.56 to 0.93 m/s at 2.8.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from neosort_hardware.belt import NozzleRow
from neosort_hardware.twin.motion import Motion
from neosort_hardware.types import ArrayF32, ArrayF64, ImageU8

JET_FORCE_N = 5.6
JET_EFFICIENCY = 0.3
JET_EFFICIENCY_SPREAD = 0.15
JET_REACH_MM = 50.0  # a: from the nozzle to the item
# A free jet widens by 11.8° on either side (c, textbook); where it meets the item it is a spot this wide.
JET_SPOT_MM = 3.0 + 2.0 * JET_REACH_MM * math.tan(math.radians(11.8))
ROUND_GRIP = 0.7  # a: a jet flows round a cylinder and leaves part of its momentum to the air behind
AIR_KG_PER_M3 = 1.2
DRAG_COEFFICIENT = 1.1  # a: of a plate that tumbles
FLIGHT_M = (0.3, 0.5)
THROW_M = 0.1
THROW_MARGIN = (1.0, 1.25)  # a: what tumbles needs a little more
SQUARELY = 0.5  # a: of a jet, as a share of the most that an item can stand in at once; less is a graze
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
    ``grip``: share of the momentum that a flat face would take from a jet; a round body lets some slip by.
    """

    belt_mm: float
    across_mm: float
    mass_g: float
    silhouette: ImageU8
    grip: float = 1.0


class Valves:
    """The valves' and jets' own timing: each valve a little different, each stroke a little different.

    Lags: what the valves are built for, of all or of each.
    """

    def __init__(
        self,
        count: int,
        open_lag_ms: float | tuple[float, ...],
        close_lag_ms: float | tuple[float, ...],
        rng: np.random.Generator,
    ) -> None:
        self._rng = rng
        self._open_lag_ms = np.asarray(open_lag_ms) + rng.normal(0.0, 0.3, count)
        self._close_lag_ms = np.asarray(close_lag_ms) + rng.normal(0.0, 0.3, count)

    @property
    def lags_ms(self) -> ArrayF64:
        """Of each valve, to open and to close (valves, 2), without the jet's front."""
        return np.column_stack([self._open_lag_ms, self._close_lag_ms])

    def stroke(self, nozzle: int, shot_id: int, open_ns: int, close_ns: int) -> Jet:
        """The jet that follows from commanding a valve open and closed."""
        front_ms = self._rng.uniform(0.3, 1.0)
        opening_ms = max(0.1, self._open_lag_ms[nozzle] + self._rng.normal(0.0, 0.2)) + front_ms
        closing_ms = max(0.1, self._close_lag_ms[nozzle] + self._rng.normal(0.0, 0.3)) + front_ms
        on_ns = open_ns + round(opening_ms * 1e6)
        return Jet(nozzle=nozzle, shot_id=shot_id, on_ns=on_ns, off_ns=max(on_ns, close_ns + round(closing_ms * 1e6)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What one jet does to one item.

    ``seconds``: for which the whole of the jet blows on it, partial cover counted in part. ``square``: whether it ever
    stood in as much as half of what it can stand in of a jet, rather than being grazed.
    """

    seconds: float
    square: bool


class Target:
    """An item in front of the nozzles: how much of a jet falls on it, wherever the jet is aimed.

    A jet is a round spot of even thrust, `JET_SPOT_MM` across. ``slip_mm``: how far upstream of its place it has got.
    """

    def __init__(self, flyer: Flyer, nozzles: NozzleRow, motion: Motion, station_mm: float, slip_mm: float) -> None:
        self._nozzles = nozzles
        self._motion = motion
        disc = _spot()
        margin = disc.shape[0] // 2
        padded = np.pad((flyer.silhouette > 0).astype(np.float32), margin)
        self._share: ArrayF32 = np.asarray(cv2.filter2D(padded, -1, disc, borderType=cv2.BORDER_CONSTANT), np.float32)
        rows, columns = self._share.shape
        self._first_across_mm = flyer.across_mm - 0.5 * columns
        # Encoder reading at which its first row comes in front of the nozzles, and its last has passed.
        self._first_mm = flyer.belt_mm + slip_mm + station_mm - 0.5 * rows
        self._from_ns = motion.time_ns_at(self._first_mm)
        self._to_ns = motion.time_ns_at(self._first_mm + rows)

    def blow(self, jet: Jet) -> Blow:
        """What a jet does to it."""
        if jet.off_ns <= self._from_ns or jet.on_ns >= self._to_ns:
            return Blow(seconds=0.0, square=False)
        column = math.floor(self._nozzles.across_mm(jet.nozzle) - self._first_across_mm)
        if not 0 <= column < self._share.shape[1]:
            return Blow(seconds=0.0, square=False)
        start_mm = self._motion.position_mm(jet.on_ns) - self._first_mm
        stop_mm = self._motion.position_mm(jet.off_ns) - self._first_mm
        edges = np.arange(self._share.shape[0] + 1, dtype=np.float64)
        blown_mm = np.clip(np.minimum(edges[1:], stop_mm) - np.maximum(edges[:-1], start_mm), 0.0, 1.0)
        share = self._share[:, column]
        most = float(share[blown_mm > 0].max(initial=0.0))
        return Blow(
            seconds=float(share @ blown_mm) / self._motion.speed_mm_per_s,
            square=most >= SQUARELY * float(self._share.max()),
        )


@cache
def _spot() -> ArrayF32:
    """A jet's spot in 1 mm cells, odd by odd; sums to 1."""
    radius = 0.5 * JET_SPOT_MM
    reach = math.ceil(radius)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(rows, columns), 0.0, 1.0)
    return np.asarray(disc / disc.sum(), dtype=np.float32)


def way_without_drag_m(flyer: Flyer) -> float:
    """How far the speed it gains would carry an item, were there no air, that air lets come `THROW_M` aside.

    Quadratic drag: x = (m/k)·ln(1 + k·v·t/m), k = ½ρ·c·A, solved for v·t. Matters for film, card and cloth alone.
    """
    area_m2 = np.count_nonzero(flyer.silhouette) * 1e-6
    drag_per_kg = 0.5 * AIR_KG_PER_M3 * DRAG_COEFFICIENT * area_m2 / (flyer.mass_g * 1e-3)
    return math.expm1(drag_per_kg * THROW_M) / drag_per_kg if drag_per_kg > 0 else THROW_M


@dataclass(frozen=True, slots=True, kw_only=True)
class Throw:
    """What the jets did to one item. ``shot_ids``: of those that blew squarely on it."""

    ejected: bool
    impulse_ns: float
    shot_ids: tuple[int, ...]


MISSED = Throw(ejected=False, impulse_ns=0.0, shot_ids=())


def throw(
    flyer: Flyer,
    jets: Iterable[Jet],
    nozzles: NozzleRow,
    motion: Motion,
    *,
    nozzle_station_mm: float,
    rng: np.random.Generator,
    pressure: float = 1.0,
) -> Throw:
    """Sum the jets' impulse on an item and say whether it carries it over the splitter.

    Δv = F·η·T / m summed over jets, against 100 mm within the flight, times the margin that tumbling asks for.
    ``pressure``: of the air, as a share of what it should be; the thrust goes with it.
    """
    slip_mm = rng.normal(0.0, SLIP_S * motion.speed_mm_per_s)
    efficiency = JET_EFFICIENCY * flyer.grip * float(np.exp(rng.normal(0.0, JET_EFFICIENCY_SPREAD)))
    flight_s = rng.uniform(*FLIGHT_M) / (motion.speed_mm_per_s * 1e-3)
    needed_m_per_s = way_without_drag_m(flyer) / flight_s * rng.uniform(*THROW_MARGIN)
    near = list(_near(flyer, jets, nozzles, motion, nozzle_station_mm))
    target = Target(flyer, nozzles, motion, nozzle_station_mm, slip_mm) if near else None
    blows = [(jet, target.blow(jet)) for jet in near] if target is not None else []
    impulse_ns = JET_FORCE_N * pressure * efficiency * sum(blow.seconds for _, blow in blows)
    reached = {jet.shot_id for jet, blow in blows if blow.square and jet.shot_id is not None}
    gained_m_per_s = impulse_ns / (flyer.mass_g * 1e-3)
    return Throw(ejected=gained_m_per_s >= needed_m_per_s, impulse_ns=impulse_ns, shot_ids=tuple(sorted(reached)))


def _near(
    flyer: Flyer, jets: Iterable[Jet], nozzles: NozzleRow, motion: Motion, nozzle_station_mm: float
) -> Iterator[Jet]:
    """Jets that may reach an item at all, found without looking at its outline."""
    rows, columns = flyer.silhouette.shape
    reach_mm = 0.5 * columns + JET_SPOT_MM
    middle_mm = flyer.belt_mm + nozzle_station_mm
    half_mm = 0.5 * rows + JET_SPOT_MM + 6.0 * SLIP_S * motion.speed_mm_per_s
    from_ns, to_ns = motion.time_ns_at(middle_mm - half_mm), motion.time_ns_at(middle_mm + half_mm)
    for jet in jets:
        beside_mm = abs(nozzles.across_mm(jet.nozzle) - flyer.across_mm)
        if beside_mm < reach_mm and jet.off_ns > from_ns and jet.on_ns < to_ns:
            yield jet
