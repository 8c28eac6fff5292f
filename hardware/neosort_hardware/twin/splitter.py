"""The end of the belt: what each item meets in front of the nozzles, and on which side of the splitter it lands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neosort_hardware.belt import LineGeometry
from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.feed import ROUND_LOOKS, Item
from neosort_hardware.twin.motion import Motion
from neosort_hardware.twin.pneumatics import MISSED, ROUND_GRIP, Flyer, Jet, throw
from neosort_hardware.twin.sprites import Sprite, silhouette
from neosort_hardware.types import Landing

PASSING_MM = 220.0  # from an item's middle to where no jet's edge reaches its ends any more, slip and all


def rolled_mm(item: Item, geometry: LineGeometry, station_mm: float) -> tuple[float, float]:
    """Where an item lies (belt_mm, across_mm) when it passes a station: what was seen in mid-view may roll on."""
    way_m = (station_mm - 0.5 * geometry.array_station_mm) * 1e-3
    along, across = item.rolling_mm_per_m
    return item.belt_mm + way_m * along, item.across_mm + way_m * across


class Splitter:
    """Sends every item to the product or to the rest."""

    def __init__(self, geometry: LineGeometry, motion: Motion, faults: FaultBoard, rng: np.random.Generator) -> None:
        self._geometry = geometry
        self._motion = motion
        self._faults = faults
        self._rng = rng

    def landing(self, item: Item, sprite: Sprite, jets: Sequence[Jet], now_ns: int) -> Landing:
        """Where an item that has passed the nozzles lands, ``jets`` having blown."""
        station_mm = self._geometry.nozzle_station_mm
        belt_mm, across_mm = rolled_mm(item, self._geometry, station_mm)
        middle_mm = belt_mm + station_mm
        from_ns, to_ns = (self._motion.time_ns_at(middle_mm + side * PASSING_MM) for side in (-1.0, 1.0))
        near = [jet for jet in jets if jet.off_ns > from_ns and jet.on_ns < to_ns]
        result = MISSED
        if near:
            flyer = Flyer(
                belt_mm=belt_mm,
                across_mm=across_mm,
                mass_g=item.model.mass_g,
                silhouette=silhouette(sprite, item.yaw_rad).mask,
                grip=ROUND_GRIP if item.model.look in ROUND_LOOKS else 1.0,
            )
            result = throw(
                flyer,
                near,
                self._geometry.nozzles,
                self._motion,
                nozzle_station_mm=station_mm,
                rng=self._rng,
                pressure=self._pressure(),
            )
        return Landing(
            item_id=item.item_id,
            place="product" if result.ejected else "rest",
            landed_ns=now_ns,
            impulse_ns=result.impulse_ns,
            shot_ids=result.shot_ids,
        )

    def _pressure(self) -> float:
        """What is left of the air's pressure."""
        lost = [1.0 if fault.share is None else fault.share for fault in self._faults.named("diverter.air_lost")]
        return 1.0 - max(lost, default=0.0)
