"""The simulated devices: five views of one `World`, in real or virtual time."""

from __future__ import annotations

import numpy as np

from neosort_hardware.named_device import NamedDevice
from neosort_hardware.twin.world import ARRAY_BUFFER_S, CAMERA_BUFFERS, World
from neosort_hardware.types import (
    DeviceHealth,
    EncoderSample,
    FieldBlock,
    Frame,
    InterlockState,
    ItemTruth,
    Landing,
    Shot,
    ShotOutcome,
)


class SimDevice(NamedDevice):
    """A device of a simulated world."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(name)
        self._world = world

    def _wait(self, due_ns: int, timeout_s: float) -> bool:
        """Sleep until something is due or the time is up; true when due."""
        clock = self._world.clock
        limit_ns = clock.now_ns() + round(timeout_s * 1e9)
        clock.sleep_until(min(due_ns, limit_ns))
        self._world.advance()
        return clock.now_ns() >= due_ns


class SimCamera(SimDevice):
    """Exposes every `trigger_every_mm` of belt.

    Buffers `CAMERA_BUFFERS` frames; older ones are lost and show as a gap in `sequence`.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world, "simulated camera")
        self._every_mm = world.config.camera.trigger_every_mm
        self._next = 1

    def read(self, timeout_s: float) -> Frame | None:
        self._must_be_open()
        world = self._world
        newest = int(world.advance() // self._every_mm)
        self._next = max(self._next, newest - CAMERA_BUFFERS + 1)
        due_mm = self._next * self._every_mm
        due_ns = world.motion.time_ns_at(due_mm)
        if not self._wait(due_ns, timeout_s):
            return None
        frame = Frame(
            image=world.picture_at(due_mm),
            belt_mm=world.geometry.counts_to_mm(world.geometry.mm_to_counts(due_mm)),
            captured_ns=due_ns,
            sequence=self._next,
        )
        self._next += 1
        return frame


class SimMagnetometer(SimDevice):
    """Samples at its own rate and hands them over in blocks."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "simulated magnetometer array")
        config = world.config.magnetometer
        self._period_ns = 1e9 / config.rate_hz
        self._block = max(1, round(config.block_ms * 1e-3 * config.rate_hz))
        self._keep = round(ARRAY_BUFFER_S * config.rate_hz)
        self._next = 1
        self._sequence = 0

    def read(self, timeout_s: float) -> FieldBlock | None:
        self._must_be_open()
        if not self._wait(self._due_ns(self._next + self._block - 1), timeout_s):
            return None
        elapsed_ns = self._world.clock.now_ns() - self._world.motion.start_ns
        blocks = int(elapsed_ns / self._period_ns - self._next + 1) // self._block
        last = self._next + max(1, blocks) * self._block - 1
        first = max(self._next, last - self._keep + 1)
        times_ns = np.array([self._due_ns(index) for index in range(first, last + 1)], dtype=np.float64)
        field_ut, saturated, belt_mm = self._world.field_at(times_ns)
        self._next = last + 1
        self._sequence += 1
        return FieldBlock(
            field_ut=field_ut,
            saturated=saturated,
            belt_mm=belt_mm,
            sampled_ns=times_ns.astype(np.int64),
            sequence=self._sequence,
        )

    def _due_ns(self, index: int) -> int:
        return self._world.motion.start_ns + round(index * self._period_ns)


class SimEncoder(SimDevice):
    """Counts the simulated belt."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "simulated encoder")

    def read(self) -> EncoderSample:
        self._must_be_open()
        counts = self._world.geometry.mm_to_counts(self._world.advance())
        return EncoderSample(
            belt_mm=self._world.geometry.counts_to_mm(counts), counts=counts, sampled_ns=self._world.clock.now_ns()
        )


class SimDiverter(SimDevice):
    """The simulated controller of the air jets."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "simulated air jets")

    def schedule(self, shot: Shot) -> ShotOutcome:
        self._must_be_open()
        self._world.advance()
        return self._world.jet_bank.schedule(shot, self._world.clock.now_ns())

    def heartbeat(self) -> None:
        self._must_be_open()
        self._world.advance()  # a host that was silent until now must not be heard before its silence has told
        self._world.jet_bank.heartbeat(self._world.clock.now_ns())

    def close_all(self) -> None:
        self._world.advance()
        self._world.jet_bank.close_all(self._world.clock.now_ns())

    def health(self) -> DeviceHealth:
        if self._open:
            self._world.advance()
        if self._world.jet_bank.silent_host:
            return DeviceHealth(name=self._name, ok=False, detail="host was silent for too long; all valves closed")
        return super().health()

    def close(self) -> None:
        if self._open:
            self.close_all()
        super().close()


class SimInterlock(SimDevice):
    """A safety circuit that a fault can open."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "simulated interlock")
        self.opened = False

    def read(self) -> InterlockState:
        closed = self._open and not self.opened
        return InterlockState(closed=closed, detail="" if closed else "emergency stop pressed (simulated)")


class SimTruth:
    """What the simulated world knows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def items(self) -> list[ItemTruth]:
        return self._world.take_truths()

    def landings(self) -> list[Landing]:
        return self._world.take_landings()


class SimFaults:
    """Faults of the simulated line, by name."""

    def __init__(self, interlock: SimInterlock) -> None:
        self._interlock = interlock

    def available(self) -> tuple[str, ...]:
        return ("interlock_opened",)

    def inject(self, fault: str) -> None:
        self._set(fault, on=True)

    def clear(self, fault: str) -> None:
        self._set(fault, on=False)

    def _set(self, fault: str, *, on: bool) -> None:
        if fault not in self.available():
            raise ValueError(f"unknown fault '{fault}'; this line knows {', '.join(self.available())}")
        self._interlock.opened = on
