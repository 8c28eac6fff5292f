"""The simulated devices: views of one `World`, in real or virtual time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np

from neosort_hardware.devices import DeviceError
from neosort_hardware.faults import FaultName
from neosort_hardware.named_device import NamedDevice
from neosort_hardware.site import Site
from neosort_hardware.slots import SlotConfig
from neosort_hardware.twin.faulty_camera import FaultyCamera
from neosort_hardware.twin.flap_bank import FlapBank
from neosort_hardware.twin.jet_bank import JetBank
from neosort_hardware.twin.shot_bank import ShotBank
from neosort_hardware.twin.world import World
from neosort_hardware.twin.world_parts import ARRAY_BUFFER_S
from neosort_hardware.types import (
    ArrayBool,
    DeviceHealth,
    EncoderSample,
    FieldBlock,
    Frame,
    InterlockState,
    ItemTruth,
    Landing,
    PlantState,
    Shot,
    ShotOutcome,
)

NO_ANSWER = "does not answer (simulated fault)"


def world_of(site: Site) -> World:
    """The one world behind all simulated devices of a line; its belt is a real encoder's where there is one."""
    encoder = None if isinstance(site.encoder, SimEncoder) else site.encoder
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
        self._world.advance()
        self._bank.close_all(self._world.clock.now_ns())

    def health(self) -> DeviceHealth:
        if self._open:
            self._world.advance()
        if self._bank.silent_host:
            return DeviceHealth(name=self._name, ok=False, detail=f"host was silent for too long; {self._safe}")
        return super().health()

    def close(self) -> None:
        if self._open:
            self.close_all()
        super().close()


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
