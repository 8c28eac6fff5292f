"""The end of the belt: what each item meets in front of the nozzles and on the flaps, and where it lands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neosort_hardware.belt import LineGeometry
from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.feed import ROUND_LOOKS, Item
from neosort_hardware.twin.flaps import FlapRow, FlapStroke, throw_by_flaps
from neosort_hardware.twin.motion import Motion
from neosort_hardware.twin.pneumatics import MISSED, ROUND_GRIP, Flyer, Jet, Throw, throw
from neosort_hardware.twin.sprites import Sprite, silhouette
from neosort_hardware.types import Landing

PASSING_MM = 220.0  # from an item's middle to where no jet's edge reaches its ends any more, slip and all


def rolled_mm(item: Item, geometry: LineGeometry, station_mm: float) -> tuple[float, float]:
    """Where an item lies (belt_mm, across_mm) when it passes a station: what was seen in mid-view may roll on."""
    way_m = (station_mm - 0.5 * geometry.array_station_mm) * 1e-3
    along, across = item.rolling_mm_per_m
    return item.belt_mm + way_m * along, item.across_mm + way_m * across


class Flaps:
    """The flaps behind the nozzles, where the line has some. Chance of their own: the air goes as it would without."""

    def __init__(self, row: FlapRow, rng: np.random.Generator) -> None:
        self.row = row
        self.rng = rng

    @property
    def end_mm(self) -> float:
        """The station of their free edges."""
        return self.row.station_mm + self.row.flap_mm


class Splitter:
    """Sends every item to the product or to the rest. What the jets have thrown passes over the flaps (a)."""

    def __init__(
        self,
        geometry: LineGeometry,
        motion: Motion,
        faults: FaultBoard,
        rng: np.random.Generator,
        flaps: Flaps | None = None,
    ) -> None:
        self._geometry = geometry
        self._motion = motion
        self._faults = faults
        self._rng = rng
        self._flaps = flaps

    def landing(
        self, item: Item, sprite: Sprite, jets: Sequence[Jet], now_ns: int, strokes: Sequence[FlapStroke] = ()
    ) -> Landing:
        """Where an item that has passed the nozzles and the flaps lands, ``jets`` having blown, ``strokes`` swung."""
        result = self._blown(item, sprite, jets)
        if not result.ejected and strokes and self._flaps is not None:
            swung = self._swung(item, sprite, strokes, self._flaps)
            result = Throw(
                ejected=swung.ejected,
                impulse_ns=result.impulse_ns + swung.impulse_ns,
                shot_ids=tuple(sorted({*result.shot_ids, *swung.shot_ids})),
            )
        return Landing(
            item_id=item.item_id,
            place="product" if result.ejected else "rest",
            landed_ns=now_ns,
            impulse_ns=result.impulse_ns,
            shot_ids=result.shot_ids,
        )

    def _blown(self, item: Item, sprite: Sprite, jets: Sequence[Jet]) -> Throw:
        """What the jets do to it."""
        station_mm = self._geometry.nozzle_station_mm
        belt_mm, across_mm = rolled_mm(item, self._geometry, station_mm)
        middle_mm = belt_mm + station_mm
        from_ns, to_ns = (self._motion.time_ns_at(middle_mm + side * PASSING_MM) for side in (-1.0, 1.0))
        near = [jet for jet in jets if jet.off_ns > from_ns and jet.on_ns < to_ns]
        if not near:
            return MISSED
        return throw(
            self._flyer(item, sprite, belt_mm, across_mm),
            near,
            self._geometry.nozzles,
            self._motion,
            nozzle_station_mm=station_mm,
            rng=self._rng,
            pressure=self._pressure(),
        )

    def _swung(self, item: Item, sprite: Sprite, strokes: Sequence[FlapStroke], flaps: Flaps) -> Throw:
        """What the flaps do to it."""
        flyer = self._flyer(item, sprite, *rolled_mm(item, self._geometry, self._geometry.nozzle_station_mm))
        return throw_by_flaps(flyer, strokes, flaps.row, self._motion, rng=flaps.rng)

    def _flyer(self, item: Item, sprite: Sprite, belt_mm: float, across_mm: float) -> Flyer:
        return Flyer(
            belt_mm=belt_mm,
            across_mm=across_mm,
            mass_g=item.model.mass_g,
            silhouette=silhouette(sprite, item.yaw_rad).mask,
            grip=ROUND_GRIP if item.model.look in ROUND_LOOKS else 1.0,
        )

    def _pressure(self) -> float:
        """What is left of the air's pressure."""
        lost = [1.0 if fault.share is None else fault.share for fault in self._faults.named("diverter.air_lost")]
        return 1.0 - max(lost, default=0.0)
