"""The simulated sensors of a line: camera, magnetometer array, encoder."""

from __future__ import annotations

import numpy as np

from neosort_hardware.devices import DeviceError
from neosort_hardware.slots import LONGEST_US, SHORTEST_US
from neosort_hardware.twin.devices import SimDevice
from neosort_hardware.twin.faulty_camera import FaultyCamera
from neosort_hardware.twin.world import World
from neosort_hardware.twin.world_parts import ARRAY_BUFFER_S
from neosort_hardware.types import ArrayBool, EncoderSample, FieldBlock, Frame


class SimCamera(SimDevice):
    """Exposes every `trigger_every_mm` of belt, as the encoder counts it.

    Buffers as many frames as its world has it; older ones are lost and show as a gap in `sequence`.
    """

    _called = "simulated camera"
    _gone = "camera.gone"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._every_mm = world.config.camera.trigger_every_mm
        self._next = self._newest() + 1
        self._faulty = FaultyCamera(world.faults)
        self._asked = False  # for a picture that no travel is due for

    def look(self) -> None:
        self._must_answer()
        self._asked = True

    def expose_for(self, exposure_us: float) -> None:
        self._must_answer()
        if not SHORTEST_US <= exposure_us <= LONGEST_US:
            raise DeviceError(self._name, f"does not take exposure_us = {exposure_us:g}")
        self._world.exposure_us = exposure_us

    def read(self, timeout_s: float) -> Frame | None:
        self._must_answer()
        world = self._world
        if world.faults.is_on("camera.silent") or world.faults.is_on("encoder.reversed"):
            self._wait(None, timeout_s)
            self._next = self._newest() + 1  # a count that goes down triggers nothing
            return None
        newest = self._newest()
        if self._asked:
            self._asked = False
            return self._now(newest)
        self._next = max(self._next, newest - world.camera_buffers + 1)
        if self._next > newest + 2:  # the count has jumped back, and triggers come where it goes on
            self._next = newest + 1
        due_mm = self._next * self._every_mm
        true_mm = world.faults.travel.true_mm(due_mm)
        due_ns = None if true_mm is None else world.motion.time_ns_at(true_mm)
        if not self._wait(due_ns, timeout_s) or true_mm is None or due_ns is None:
            return None
        frame = Frame(
            image=self._faulty.hands_over(lambda: world.picture_at(true_mm)),
            belt_mm=world.geometry.counts_to_mm(world.geometry.mm_to_counts(due_mm)),
            captured_ns=due_ns,
            sequence=self._next,
        )
        self._next += 1
        return frame

    def _now(self, sequence: int) -> Frame:
        """The belt as it is at this moment."""
        world, now_ns = self._world, self._world.clock.now_ns()
        true_mm = world.motion.position_mm(now_ns)
        shown_mm = world.faults.travel.shown_mm(true_mm)
        return Frame(
            image=self._faulty.hands_over(lambda: world.picture_at(true_mm)),
            belt_mm=world.geometry.counts_to_mm(world.geometry.mm_to_counts(shown_mm)),
            captured_ns=now_ns,
            sequence=sequence,
        )

    def _newest(self) -> int:
        """The last trigger that has come."""
        return int(self._world.faults.travel.shown_mm(self._world.advance()) // self._every_mm)


class SimMagnetometer(SimDevice):
    """Samples at its own rate and hands them over in blocks."""

    _called = "simulated magnetometer array"
    _gone = "magnetometer.gone"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        config = world.config.magnetometer
        self._period_ns = 1e9 / config.rate_hz
        self._block = max(1, round(config.block_ms * 1e-3 * config.rate_hz))
        self._keep = round(ARRAY_BUFFER_S * config.rate_hz)
        self._drop_rng = np.random.default_rng(config.channels)
        self._next = 1
        self._sequence = 0

    def read(self, timeout_s: float) -> FieldBlock | None:
        self._must_answer()
        if self._world.faults.is_on("magnetometer.silent"):
            self._wait(None, timeout_s)
            self._next = max(self._next, self._sampled() + 1)
            return None
        if not self._wait(self._due_ns(self._next + self._block - 1), timeout_s):
            return None
        blocks = (self._sampled() - self._next + 1) // self._block
        last = self._next + max(1, blocks) * self._block - 1
        first = max(self._next, last - self._keep + 1)
        self._next = last + 1
        times_ns = self._world.motion.start_ns + np.rint(np.arange(first, last + 1) * self._period_ns)
        times_ns = times_ns[self._kept(len(times_ns))]
        if not times_ns.size:
            return None
        field_ut, saturated, belt_mm = self._world.field_at(times_ns)
        self._sequence += 1
        return FieldBlock(
            field_ut=field_ut,
            saturated=saturated,
            belt_mm=belt_mm,
            sampled_ns=times_ns.astype(np.int64),
            sequence=self._sequence,
        )

    def _sampled(self) -> int:
        """Samples since the world began."""
        return int((self._world.clock.now_ns() - self._world.motion.start_ns) / self._period_ns)

    def _kept(self, count: int) -> ArrayBool:
        """Which of so many samples arrive (count,)."""
        kept = np.ones(count, dtype=np.bool_)
        for fault in self._world.faults.named("magnetometer.dropped"):
            kept &= self._drop_rng.random(count) >= (fault.share or 0.0)
        return kept

    def _due_ns(self, index: int) -> int:
        return self._world.motion.start_ns + round(index * self._period_ns)


class SimEncoder(SimDevice):
    """Counts the simulated belt."""

    _called = "simulated encoder"
    _gone = "encoder.gone"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._noise_rng = np.random.default_rng(0)

    def read(self) -> EncoderSample:
        self._must_answer()
        world = self._world
        world.advance()
        now_ns = world.clock.now_ns()  # in real time, bringing the world up to date may have taken a while
        shown_mm = world.faults.travel.shown_mm(world.motion.position_mm(now_ns))
        for fault in world.faults.named("encoder.noisy"):
            shown_mm += self._noise_rng.uniform(-1.0, 1.0) * (fault.by_mm or 0.0)
        counts = world.geometry.mm_to_counts(shown_mm)
        return EncoderSample(belt_mm=world.geometry.counts_to_mm(counts), counts=counts, sampled_ns=now_ns)
