"""The simulated diverters: air jets, and flaps for what is too heavy for air."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from neosort_hardware.devices import DeviceError
from neosort_hardware.faults import FaultName
from neosort_hardware.twin.devices import SimDevice
from neosort_hardware.twin.flap_bank import FlapBank
from neosort_hardware.twin.jet_bank import JetBank
from neosort_hardware.twin.shot_bank import ShotBank
from neosort_hardware.types import DeviceHealth, Shot, ShotOutcome


class SimBank(SimDevice):
    """A simulated controller of shots. Jets and flaps hang on the same one: it goes for both."""

    _gone = "diverter.gone"
    _safe: str

    @property
    def _bank(self) -> ShotBank[Any]:
        raise NotImplementedError

    def schedule(self, shot: Shot) -> ShotOutcome:
        self._must_answer()
        self._world.advance()
        return self._bank.schedule(shot, self._world.clock.now_ns())

    def heartbeat(self) -> None:
        self._must_answer()
        self._world.advance()  # a host that was silent until now must not be heard before its silence has told
        self._bank.heartbeat(self._world.clock.now_ns())

    def close_all(self) -> None:
        self._must_answer()
        self._shut()

    def health(self) -> DeviceHealth:
        if self._open:
            self._world.advance()
        if self._bank.silent_host:
            return DeviceHealth(name=self._name, ok=False, detail=f"host was silent for too long; {self._safe}")
        return super().health()

    def close(self) -> None:
        if self._open:
            self._shut()
        super().close()

    def _shut(self) -> None:
        self._world.advance()
        self._bank.close_all(self._world.clock.now_ns())


class SimDiverter(SimBank):
    """The simulated air jets."""

    _called = "simulated air jets"
    _safe = "all valves closed"

    @property
    def _bank(self) -> JetBank:
        return self._world.jet_bank

    def health(self) -> DeviceHealth:
        health = super().health()
        if self._bank.silent_host:
            return health
        return replace(
            health, valves_dead=self._valves("diverter.valve_closed"), valves_open=self._valves("diverter.valve_open")
        )

    def _valves(self, fault: FaultName) -> tuple[int, ...]:
        """Those with that fault: each valve has a pressure switch behind it."""
        return tuple(sorted({one.valve for one in self._world.faults.named(fault) if one.valve is not None}))


class SimFlaps(SimBank):
    """The simulated flaps, for what is too heavy for air."""

    _called = "simulated flaps"
    _safe = "all flaps drawn in"

    @property
    def _bank(self) -> FlapBank:
        bank = self._world.flap_bank
        if bank is None:
            raise DeviceError(self._name, "the simulated world has no flaps")
        return bank
