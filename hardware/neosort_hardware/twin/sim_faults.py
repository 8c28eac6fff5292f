"""Faults of the simulated line, switched on and off while it runs."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import ValidationError

from neosort_hardware.config import describe_invalid
from neosort_hardware.faults import FAULT_NAMES, Detail, Fault
from neosort_hardware.slots import SLOTS, SlotName
from neosort_hardware.twin.world import World


class SimFaults:
    """Faults of the simulated devices among ``slots``, and of the plant where all are, by name."""

    def __init__(self, world: World, slots: Collection[SlotName] = tuple(SLOTS)) -> None:
        self._world = world
        fitted = {slot for slot in SLOTS if getattr(world.config, slot) is not None}
        simulated = {*slots, "plant"} if fitted <= set(slots) else set(slots)
        self._names = tuple(name for name in FAULT_NAMES if name.partition(".")[0] in simulated)

    def available(self) -> tuple[str, ...]:
        return self._names

    def active(self) -> tuple[Fault, ...]:
        return self._world.faults.active()

    def inject(self, fault: str, **details: Detail) -> None:
        self._must_know(fault)
        wanted = _fault(fault, details)
        config = self._world.config
        wanted.must_fit(config.magnetometer.channels, config.diverter.nozzles)
        self._world.faults.switch_on(wanted, self._world.advance())

    def clear(self, fault: str, **details: Detail) -> None:
        self._must_know(fault)
        unwanted = [
            one
            for one in self.active()
            if one.fault == fault and all(getattr(one, name, None) == value for name, value in details.items())
        ]
        self._world.faults.switch_off(unwanted, self._world.advance())

    def _must_know(self, name: str) -> None:
        if name not in self._names:
            raise ValueError(f"unknown fault '{name}'; this line knows {', '.join(self._names)}")


def _fault(name: str, details: dict[str, Detail]) -> Fault:
    """Raises `ValueError` with one sentence for what is amiss."""
    try:
        return Fault.model_validate({"fault": name, **details})
    except ValidationError as error:
        raise ValueError(f"fault '{name}': {describe_invalid(error)}") from error
