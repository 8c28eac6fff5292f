"""`open_line`: builds and connects the devices that a configuration names, in their safe state.

The one place above the drivers that names a driver module.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import Clock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import Camera, Device, Diverter, Encoder, Faults, Interlock, Magnetometer, Truth
from neosort_hardware.twin.devices import (
    SimCamera,
    SimDiverter,
    SimEncoder,
    SimInterlock,
    SimMagnetometer,
    SimTruth,
)
from neosort_hardware.twin.sim_faults import SimFaults
from neosort_hardware.twin.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An opened line. ``truth`` and ``faults`` are None on a real one. Leaving the context closes every device."""

    config: LineConfig
    geometry: LineGeometry
    clock: Clock
    camera: Camera
    magnetometer: Magnetometer
    encoder: Encoder
    diverter: Diverter
    interlock: Interlock
    truth: Truth | None = None
    faults: Faults | None = None

    def close(self) -> None:
        """Every device to its safe state, the valves first."""
        devices: tuple[Device, ...] = (self.diverter, self.interlock, self.camera, self.magnetometer, self.encoder)
        for device in devices:
            device.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_line(config: LineConfig, clock: Clock, seed: int = 0) -> Line:
    """Open the line that ``config`` describes. ``seed`` decides everything random about a simulated one."""
    return simulated_line(World(config, clock, seed))


def simulated_line(world: World) -> Line:
    """The devices of one simulated world."""
    return Line(
        config=world.config,
        geometry=world.geometry,
        clock=world.clock,
        camera=SimCamera(world),
        magnetometer=SimMagnetometer(world),
        encoder=SimEncoder(world),
        diverter=SimDiverter(world),
        interlock=SimInterlock(world),
        truth=SimTruth(world),
        faults=SimFaults(world),
    )
