"""Jets that are not what a shot counts on: valves that do not blow or do not shut, air that is weak."""

from __future__ import annotations

from collections.abc import Callable

from neosort_hardware.types import DeviceHealth, PlantState
from neosort_inference.score import AIR_LIMIT_G

WEAK_SHARE = 0.85  # of the rated pressure: a compressor's own hysteresis is less
LOST_SHARE = 0.5
MANY_DEAD = 0.2  # of the valves: costs as much yield as 5 % by weight of flat items in the feed (m)

# What an item of a kind weighs, g: nine in ten weigh less (c, from the twin's catalogue). Others count as the lightest.
KIND_MASS_G: dict[str, float] = {
    "hdd35": 660.0,
    "hdd25": 120.0,
    "phone": 200.0,
    "earphone": 51.0,
    "speaker_nd": 200.0,
    "motor_nd": 240.0,
    "nd_loose": 37.0,
    "hub_motor": 3200.0,
    "hdd35_stripped": 610.0,
    "speaker_ferrite": 640.0,
    "motor_ferrite": 240.0,
    "ferrite_part": 660.0,
    "alnico": 160.0,
    "steel": 260.0,
    "pcb": 120.0,
    "cable": 110.0,
    "heatsink": 190.0,
    "plastic": 73.0,
    "ram": 27.0,
    "lithium_cell": 64.0,
    "foreign": 82.0,
}


class Valves:
    """Valves of one sort that the diverter tells of; from so many on."""

    def __init__(self, fault: str, tell: Callable[[], tuple[int, ...]], words: str, more_than: float = 0.0) -> None:
        self.fault = fault
        self._tell, self._words, self._more_than = tell, words, more_than

    def says(self, now_ns: int) -> str:
        valves = self._tell()
        if len(valves) <= self._more_than:
            return ""
        named = ", ".join(map(str, valves[:8])) + (" …" if len(valves) > 8 else "")
        return f"valve{'s' if len(valves) > 1 else ''} {named} {self._words}"


def valve_symptoms(health: Callable[[], DeviceHealth], valves: int) -> tuple[Valves, ...]:
    """Everything that a diverter of so many valves may tell of them."""
    return (
        Valves("diverter.valve_dead", lambda: health().valves_dead, "do not blow"),
        Valves("diverter.valves_many", lambda: health().valves_dead, "do not blow", MANY_DEAD * valves),
        Valves("diverter.valve_open", lambda: health().valves_open, "do not shut"),
    )


class Air:
    """The pressure that the plant tells of, and what it can still throw."""

    def __init__(self, plant: Callable[[], PlantState]) -> None:
        self._plant = plant

    def tells(self, below: float) -> str:
        """The pressure in words, where it is below that share."""
        share = self._plant().air_share
        return f"{100 * share:.0f} % of the rated pressure" if share is not None and share < below else ""

    def too_heavy(self, kind: str) -> bool:
        """Whether an item of that kind is likely to be too heavy for the air that is left.

        A jet's thrust goes as its gauge pressure, and the speed that it gives an item as thrust over mass.
        """
        share = self._plant().air_share
        return share is not None and share < WEAK_SHARE and KIND_MASS_G.get(kind, 0.0) > AIR_LIMIT_G * share
