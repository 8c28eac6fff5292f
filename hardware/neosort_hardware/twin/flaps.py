"""Flaps, and what a flap does to an item that it meets.

A flap is a plate hinged at its upstream edge, in line with the items' path at rest; a pneumatic cylinder under its
middle lifts its free edge by the stroke, so that it stands at θ, sin θ = stroke / length. What runs up it keeps the
part of its speed that goes along the plate (an inelastic meeting, textbook): v·cos θ along it, v·sin θ·cos θ of that
aside, whatever it weighs. So a flap takes along everything that its lane holds, heavy and light.

Weight and speed decide whether the flap stands: turning the item takes m·v²·sin θ / length, and its weight m·g lies on
top; a cylinder of 40 mm at 6 bar(g) gives 754 N (c), 0.8 of it after friction (a). Beyond that the flap gives way.
A body that is carried over a part of its area alone is lifted by that part; the rest of the blow turns it (a).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neosort_hardware.belt import NozzleRow
from neosort_hardware.twin.motion import Motion
from neosort_hardware.twin.pneumatics import FLIGHT_M, MISSED, SLIP_S, THROW_M, THROW_MARGIN, Flyer, Throw
from neosort_hardware.types import ArrayF64

HOLDING_N = 600.0
GRAVITY_M_PER_S2 = 9.81
SLIPPERY_SPREAD = 0.1  # a: faces are rough, oily or dented
GAP_MM = 2.0  # a: between flaps
SQUARELY = 0.25  # a: of an item's area; what a shot's flaps meet less of, they graze


@dataclass(frozen=True, slots=True, kw_only=True)
class FlapStroke:
    """One swing of one flap: sets off, is out, begins to go back, is home. ``reach``: how far out, of the stroke."""

    lane: int
    shot_id: int
    start_ns: int
    out_ns: int
    back_ns: int
    home_ns: int
    reach: float = 1.0

    @property
    def off_ns(self) -> int:
        """When it is home."""
        return self.home_ns

    def greatest(self, from_ns: ArrayF64, to_ns: ArrayF64) -> ArrayF64:
        """How far out it is at most within each span of time (n,), as a share of the stroke; steady there and back."""
        corners_ns = np.array([self.start_ns, self.out_ns, self.back_ns, self.home_ns], dtype=np.float64)
        # It rises, stands and falls: the most is where the span comes nearest to the middle of its standing.
        nearest_ns = np.clip(0.5 * (self.out_ns + self.back_ns), from_ns, to_ns)
        return np.asarray(np.interp(nearest_ns, corners_ns, np.array([0.0, self.reach, self.reach, 0.0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlapRow:
    """The flaps as they stand: a row of lanes, their hinges, their length along the travel, and their stroke."""

    lanes: NozzleRow
    station_mm: float
    flap_mm: float
    stroke_mm: float

    @property
    def steepest(self) -> float:
        """sin θ of a flap that is wholly out."""
        return self.stroke_mm / self.flap_mm


def throw_by_flaps(
    flyer: Flyer, strokes: Sequence[FlapStroke], flaps: FlapRow, motion: Motion, *, rng: np.random.Generator
) -> Throw:
    """Whether the flaps carry an item over their splitter, as far aside and behind them as the jets' is (a).

    It is carried when the height of the edge that it leaves and its speed aside over the flight make up `THROW_M`,
    times the margin that tumbling asks for. A place on the item is met by what a flap shows while it passes from the
    hinge to the flap's middle: what rises under its last half lifts nothing over (a).
    """
    slipped = replace(flyer, belt_mm=flyer.belt_mm + rng.normal(0.0, SLIP_S * motion.speed_mm_per_s))
    slippery = float(np.exp(rng.normal(0.0, SLIPPERY_SPREAD)))
    flight_mm = 1000.0 * rng.uniform(*FLIGHT_M)
    needed_mm = 1000.0 * THROW_M * rng.uniform(*THROW_MARGIN)
    covered = flyer.silhouette > 0
    out, met = _met(slipped, strokes, flaps, motion)
    if not met:
        return MISSED
    out = out * _stands(flyer, len({lane for lane, _ in met}), flaps, motion)
    sine = flaps.steepest * out
    aside = float((sine * np.sqrt(1.0 - sine**2))[covered].mean()) * slippery
    lifted_mm = flaps.stroke_mm * float(out[covered].mean())
    shares: dict[int, float] = {}
    for (_, shot_id), share in met.items():
        shares[shot_id] = shares.get(shot_id, 0.0) + share
    return Throw(
        ejected=lifted_mm + aside * flight_mm >= needed_mm,
        impulse_ns=flyer.mass_g * 1e-3 * aside * motion.speed_mm_per_s * 1e-3,
        shot_ids=tuple(sorted(shot_id for shot_id, share in shares.items() if share >= SQUARELY)),
    )


def _met(
    flyer: Flyer, strokes: Sequence[FlapStroke], flaps: FlapRow, motion: Motion
) -> tuple[ArrayF64, dict[tuple[int, int], float]]:
    """How far out (0..1) the flap is that each millimetre of an item meets; and by lane and shot, the share of the
    item's area that is met by more than half a stroke."""
    covered = flyer.silhouette > 0
    rows, columns = covered.shape
    out = np.zeros(covered.shape)
    first_mm = flyer.belt_mm + flaps.station_mm - 0.5 * rows
    ends = first_mm, first_mm + rows + 0.5 * flaps.flap_mm
    times_ns = np.interp(
        first_mm + np.arange(rows + 1 + math.ceil(0.5 * flaps.flap_mm)),
        ends,
        [motion.time_ns_at(end) for end in ends],
    )
    from_ns, to_ns = times_ns[:rows], times_ns[-rows:]
    met: dict[tuple[int, int], float] = {}
    across_mm = flyer.across_mm - 0.5 * columns + np.arange(columns) + 0.5
    for stroke in strokes:
        if stroke.home_ns <= from_ns[0] or stroke.start_ns >= to_ns[-1]:
            continue
        lane = np.abs(across_mm - flaps.lanes.across_mm(stroke.lane)) < 0.5 * (flaps.lanes.pitch_mm - GAP_MM)
        if not covered[:, lane].any():
            continue
        shown = stroke.greatest(from_ns, to_ns)
        out[:, lane] = np.maximum(out[:, lane], shown[:, None])
        share = float(covered[np.ix_(shown > 0.5, lane)].sum() / covered.sum())
        met[stroke.lane, stroke.shot_id] = met.get((stroke.lane, stroke.shot_id), 0.0) + share
    return out, met


def _stands(flyer: Flyer, flaps_under: int, flaps: FlapRow, motion: Motion) -> float:
    """What is left of the flaps' stroke under an item's weight and momentum."""
    speed_m_per_s = motion.speed_mm_per_s * 1e-3
    mass_kg = flyer.mass_g * 1e-3
    load_n = mass_kg * (speed_m_per_s**2 * flaps.steepest / (flaps.flap_mm * 1e-3) + GRAVITY_M_PER_S2)
    return min(1.0, flaps_under * HOLDING_N / load_n)
