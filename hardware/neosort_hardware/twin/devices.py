"""Simulated devices, views of one `World`, in real or virtual time: what they share, the safety circuit, the plant.

Sensors and diverters have files of their own.
"""

from __future__ import annotations

from typing import Self

from neosort_hardware.devices import DeviceError
from neosort_hardware.faults import FaultName
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.site import Site
from neosort_hardware.slots import SlotConfig
from neosort_hardware.twin.world import World
from neosort_hardware.types import (
    DeviceHealth,
    InterlockState,
    ItemTruth,
    Landing,
    PlantState,
)

NO_ANSWER = "does not answer (simulated fault)"


def world_of(site: Site) -> World:
    """The one world behind all simulated devices of a line; its belt is a real encoder's where there is one."""
    encoder = None if isinstance(site.encoder, SimDevice) else site.encoder
    return site.shared(World, "twin", lambda: World(site.config, site.clock, site.seed, encoder=encoder))


class SimDevice(NamedDevice):
    """A device of a simulated world. ``gone``: the fault that makes it answer no more, where it has one."""

    _called: str
    _gone: FaultName | None = None

    def __init__(self, world: World) -> None:
        super().__init__(self._called)
        self._world = world

    @classmethod
    def connect(cls, settings: SlotConfig, site: Site) -> Self:
        """The device of the site's world; its slot's keys are known to that world already."""
        return cls(world_of(site))

    def health(self) -> DeviceHealth:
        if self._open and self._gone is not None and self._world.faults.is_on(self._gone):
            return DeviceHealth(name=self._name, ok=False, detail=NO_ANSWER)
        return super().health()

    def _must_answer(self) -> None:
        """Raises `DeviceError` once the device is closed, or while it is gone."""
        self._must_be_open()
        if self._gone is not None and self._world.faults.is_on(self._gone):
            raise DeviceError(self._name, NO_ANSWER)

    def _wait(self, due_ns: int | None, timeout_s: float) -> bool:
        """Sleep until something is due or the time is up; true when due. None: it never will be."""
        clock = self._world.clock
        limit_ns = clock.now_ns() + round(timeout_s * 1e9)
        clock.sleep_until(limit_ns if due_ns is None else min(due_ns, limit_ns))
        self._world.advance()
        return due_ns is not None and clock.now_ns() >= due_ns


class SimInterlock(SimDevice):
    """A safety circuit that a fault can open."""

    _called = "simulated interlock"

    def read(self) -> InterlockState:
        closed = self._open and not self._world.faults.is_on("interlock.opened")
        return InterlockState(closed=closed, detail="" if closed else "emergency stop pressed (simulated)")


class SimPlant(SimDevice):
    """The plant's contacts and its pressure switch, as faults have them."""

    _called = "simulated plant"
    _gone = "plant.gone"

    def read(self) -> PlantState:
        self._must_answer()
        faults = self._world.faults
        lost = [1.0 if fault.share is None else fault.share for fault in faults.named("diverter.air_lost")]
        return PlantState(
            chute_full=faults.is_on("plant.chute_full"),
            belt_jammed=faults.is_on("plant.belt_jammed"),
            air_share=max(0.0, 1.0 - sum(lost)),
        )


class SimTruth:
    """What the simulated world knows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def items(self) -> list[ItemTruth]:
        return self._world.take_truths()

    def landings(self) -> list[Landing]:
        return self._world.take_landings()
