"""Faults of the simulated line, switched on and off while it runs."""

from __future__ import annotations

from pydantic import ValidationError

from neosort_hardware.config import describe_invalid
from neosort_hardware.faults import FAULT_NAMES, Detail, Fault
from neosort_hardware.twin.world import World


class SimFaults:
    """Faults of the simulated line, by name."""

    def __init__(self, world: World) -> None:
        self._world = world

    def available(self) -> tuple[str, ...]:
        return FAULT_NAMES

    def active(self) -> tuple[Fault, ...]:
        return self._world.faults.active()

    def inject(self, fault: str, **details: Detail) -> None:
        wanted = _fault(fault, details)
        config = self._world.config
        wanted.must_fit(config.magnetometer.channels, config.diverter.nozzles)
        self._world.faults.switch_on(wanted, self._world.advance())

    def clear(self, fault: str, **details: Detail) -> None:
        _known(fault)
        unwanted = [
            one
            for one in self.active()
            if one.fault == fault and all(getattr(one, name, None) == value for name, value in details.items())
        ]
        self._world.faults.switch_off(unwanted, self._world.advance())


def _fault(name: str, details: dict[str, Detail]) -> Fault:
    """Raises `ValueError` with one sentence for what is amiss."""
    _known(name)
    try:
        return Fault.model_validate({"fault": name, **details})
    except ValidationError as error:
        raise ValueError(f"fault '{name}': {describe_invalid(error)}") from error


def _known(name: str) -> None:
    if name not in FAULT_NAMES:
        raise ValueError(f"unknown fault '{name}'; this line knows {', '.join(FAULT_NAMES)}")
