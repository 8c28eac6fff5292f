"""How many shots catch a neighbour on a crowded belt: physics alone, every bearing item known and shot at.

A neighbour is *caught* when the blast strikes it squarely (a graze by a jet's edge does not count), and *carried along*
when it bears nothing and lands in the product for it: the ceiling of purity that no recognition can lift.

Beside it stands the closed form of neighbours strewn at random: a shot catches one with probability 1 − exp(−ρ·A), ρ
the items to the square metre of belt and A the footprint of a blast.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import Line, open_line
from neosort_hardware.types import ItemTruth, Landing, Shot, ShotOutcome
from neosort_inference.bench.parallel import JobError, run_jobs
from neosort_inference.ejection import ShotPlanner

EXPECTED_FOOTPRINT_M2 = 0.036  # c: of a blast on 1 m at 2.8 m/s, and with it 6, 12, 35 % at 5, 10, 33 items/s
MARGIN_MM = 10.0  # that a shot is widened by before and after its item: what a rated belt asks for
_STEP_S = 0.05
_UNLIMITED_PER_S = 1e9
_Z_95 = 1.959964


@dataclass(slots=True, kw_only=True)
class Catch:
    """What became of the shots of one run. ``shots``: executed, their items landed; ``hit``: these in the product."""

    shots: int = 0
    hit: int = 0
    caught: int = 0
    carried: int = 0
    product: int = 0
    bearing_in_product: int = 0

    def __add__(self, other: Catch) -> Catch:
        return Catch(
            shots=self.shots + other.shots,
            hit=self.hit + other.hit,
            caught=self.caught + other.caught,
            carried=self.carried + other.carried,
            product=self.product + other.product,
            bearing_in_product=self.bearing_in_product + other.bearing_in_product,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdedBelt:
    """One stretch of belt at one feed rate, run until ``shots`` shots are over: a job for a process of its own."""

    config: LineConfig
    shots: int
    seed: int

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.config.twin.feed.items_per_s_per_m:g} items/s, seed {self.seed}"

    def run(self, on_progress: Callable[[int], None]) -> Catch:
        """Run it in virtual time. Raises `JobError`."""
        try:
            with open_line(self.config, VirtualClock(), self.seed) as line:
                return _Range(line).shoot(self.shots, on_progress)
        except (ConfigError, DeviceError) as error:
            raise JobError(str(error)) from error


@dataclass(slots=True)
class _Range:
    """Shoots at every bearing item that the truth tells of, and counts what the jets strike."""

    line: Line
    items: dict[int, ItemTruth] = field(default_factory=dict)
    aimed: dict[int, int] = field(default_factory=dict)  # shot → item
    landed: dict[int, Landing] = field(default_factory=dict)

    def shoot(self, shots: int, on_progress: Callable[[int], None]) -> Catch:
        """Until so many shots are over and everything near them has landed. Raises `ConfigError` on a real line."""
        truth = self.line.truth
        if truth is None:
            raise ConfigError(f"line '{self.line.config.name}' is not simulated: nobody knows what lies on its belt")
        planner = ShotPlanner(self.line.geometry.jets, self.line.config.calibration.position_sigma_mm, _UNLIMITED_PER_S)
        told = over = 0
        while over < shots:
            self.line.clock.sleep_until(self.line.clock.now_ns() + round(_STEP_S * 1e9))
            self.line.diverter.heartbeat()
            for item in truth.items():
                self._take(item, planner)
            for landing in truth.landings():
                self.landed[landing.item_id] = landing
            over = sum(item_id in self.landed for item_id in self.aimed.values())
            on_progress(min(over, shots) - told)
            told = min(over, shots)
        return self._count()

    def _take(self, item: ItemTruth, planner: ShotPlanner) -> None:
        self.items[item.item_id] = item
        if not item.bears_ndfeb:
            return
        shot = planner.plan(item.item_id, item.box, (), ())
        if isinstance(shot, Shot) and self.line.diverter.schedule(shot) is ShotOutcome.ACCEPTED:
            self.aimed[shot.shot_id] = item.item_id

    def _count(self) -> Catch:
        """Over the shots whose item has landed; a neighbour that has not yet would be far upstream of it."""
        struck: Counter[int] = Counter()
        carried: Counter[int] = Counter()
        for landing in self.landed.values():
            for shot_id in landing.shot_ids:
                neighbour = self.aimed.get(shot_id) != landing.item_id
                struck[shot_id] += neighbour
                bears = self.items[landing.item_id].bears_ndfeb
                carried[shot_id] += neighbour and not bears and landing.place == "product"
        over = [shot_id for shot_id, item_id in self.aimed.items() if item_id in self.landed]
        product = [landing.item_id for landing in self.landed.values() if landing.place == "product"]
        return Catch(
            shots=len(over),
            hit=sum(self.landed[self.aimed[shot_id]].place == "product" for shot_id in over),
            caught=sum(struck[shot_id] > 0 for shot_id in over),
            carried=sum(carried[shot_id] > 0 for shot_id in over),
            product=len(product),
            bearing_in_product=sum(self.items[item_id].bears_ndfeb for item_id in product),
        )


def with_margin(config: LineConfig) -> LineConfig:
    """``config`` with an uncertainty of place for which the planner widens shots by `MARGIN_MM`, two of it."""
    calibration = config.calibration.model_copy(update={"position_sigma_mm": 0.5 * MARGIN_MM})
    return config.model_copy(update={"calibration": calibration})


def belts_of(
    config: LineConfig, rates_per_s_per_m: Sequence[float], shots: int, seeds: Sequence[int]
) -> list[CrowdedBelt]:
    """Every rate with every seed, which share its shots."""
    return [
        CrowdedBelt(config=_fed(config, rate), shots=-(-shots // len(seeds)), seed=seed)
        for rate in rates_per_s_per_m
        for seed in seeds
    ]


def _fed(config: LineConfig, rate_per_s_per_m: float) -> LineConfig:
    feed = config.twin.feed.model_copy(update={"items_per_s_per_m": rate_per_s_per_m})
    return config.model_copy(update={"twin": config.twin.model_copy(update={"feed": feed})})


def measure(belts: Sequence[CrowdedBelt], workers: int, on_shots: Callable[[int], None]) -> dict[str, Any]:
    """Run every belt, ``workers`` at a time, and put the figures together. Raises `JobError`."""
    by_rate: dict[float, Catch] = {}
    for belt, found in zip(belts, run_jobs(belts, workers, on_shots), strict=True):
        rate = belt.config.twin.feed.items_per_s_per_m
        by_rate[rate] = by_rate.get(rate, Catch()) + found
    speed_m_per_s = belts[0].config.belt.speed_m_per_s
    rows = [_row(rate, rate / speed_m_per_s, found) for rate, found in sorted(by_rate.items())]
    return {
        "expected_footprint_m2": EXPECTED_FOOTPRINT_M2,
        "footprint_m2": fitted_footprint_m2([(row["density_per_m2"], row["shots"], row["caught"]) for row in rows]),
        "rates": rows,
    }


def _row(rate: float, density_per_m2: float, found: Catch) -> dict[str, Any]:
    caught, caught_ci = share_with_interval(found.caught, found.shots)
    carried, carried_ci = share_with_interval(found.carried, found.shots)
    return {
        "items_per_s_per_m": rate,
        "density_per_m2": density_per_m2,
        "shots": found.shots,
        "hit": found.hit / found.shots,
        "caught": caught,
        "caught_ci": caught_ci,
        "expected": caught_by_footprint(density_per_m2, EXPECTED_FOOTPRINT_M2),
        "footprint_m2": _footprint_m2(caught, density_per_m2),
        "footprint_m2_ci": [_footprint_m2(end, density_per_m2) for end in caught_ci],
        "carried": carried,
        "carried_ci": carried_ci,
        "purity": found.bearing_in_product / found.product if found.product else None,
    }


def caught_by_footprint(density_per_m2: float, footprint_m2: float) -> float:
    """Closed form: at least one of neighbours strewn at random lies in the footprint."""
    return 1.0 - math.exp(-density_per_m2 * footprint_m2)


def _footprint_m2(caught: float, density_per_m2: float) -> float | None:
    return -math.log(1.0 - caught) / density_per_m2 if caught < 1 else None


def share_with_interval(count: int, total: int) -> tuple[float, list[float]]:
    """A share and Wilson's 95 % interval."""
    share, square = count / total, _Z_95**2 / total
    centre = (share + square / 2) / (1 + square)
    half = _Z_95 / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return share, [max(0.0, centre - half), min(1.0, centre + half)]


def fitted_footprint_m2(rows: Sequence[tuple[float, int, float]]) -> float | None:
    """The footprint under which (density, shots, share caught) are likeliest; None where nothing or all was caught.

    The log-likelihood Σ n·(p·ln(1 − e^(−ρA)) − (1 − p)·ρA) is concave in A: its slope falls through zero once.
    """

    def slope(footprint_m2: float) -> float:
        return sum(
            shots * density * (caught / math.expm1(density * footprint_m2) - (1.0 - caught))
            for density, shots, caught in rows
        )

    low, high = 1e-6, 10.0
    if slope(low) <= 0 or slope(high) >= 0:
        return None
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return 0.5 * (low + high)
