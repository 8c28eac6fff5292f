"""The simulated world: one belt that all simulated devices share, so that picture, field, jets and truth agree."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from neosort_hardware.belt import LineGeometry
from neosort_hardware.clock import Clock
from neosort_hardware.config import LineConfig, as_built
from neosort_hardware.devices import Encoder
from neosort_hardware.reference_pieces import HeldBoard
from neosort_hardware.twin.fault_board import FaultBoard, FaultyArray
from neosort_hardware.twin.feed import Feeder, Item
from neosort_hardware.twin.field_strip import FieldStrip
from neosort_hardware.twin.jet_bank import JetBank
from neosort_hardware.twin.laid_pieces import Pieces
from neosort_hardware.twin.motion import SteppedMotion
from neosort_hardware.twin.optics import BeltPicture
from neosort_hardware.twin.pieces import hold_up
from neosort_hardware.twin.pneumatics import Valves
from neosort_hardware.twin.scenery import Scenery
from neosort_hardware.twin.sources import Dipoles, item_dipoles
from neosort_hardware.twin.splitter import Splitter, rolled_mm
from neosort_hardware.twin.sprites import Sprite
from neosort_hardware.twin.turned_array import turned_earth_ut
from neosort_hardware.twin.world_parts import (
    FEED_AHEAD_MM,
    array_memory_mm,
    camera_memory_mm,
    field_reach_mm,
    flaps_of,
    front_end_of,
    motion_of,
    shown_per_true,
)
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64, Box, ImageU8, ItemTruth, Landing

PAST_NOZZLES_MM = 60.0  # an item has flown when it is this far past the nozzles
STEP_MM = 250.0
CAMERA_BUFFERS = 8
STANDS_MM_PER_S = 1e-3  # as good as still, and a moment at which it reaches a place can be told


@dataclass(slots=True, kw_only=True)
class _OnBelt:
    item: Item
    box: Box
    reported: bool = False


class World:
    """Belt, items, fields, air. Moves only when `advance` is called, to wherever the clock stands.

    ``scenery``: what worlds may share; it saves reading every sprite and drawing every texture anew. ``encoder``: a
    real one, by which the belt moves then. ``camera_buffers``: frames that the camera holds for a host that is late,
    and the belt for them is remembered. ``landings``: whether it is worked out where items end, or nobody asks.
    """

    def __init__(
        self,
        config: LineConfig,
        clock: Clock,
        seed: int,
        scenery: Scenery | None = None,
        encoder: Encoder | None = None,
        *,
        camera_buffers: int = CAMERA_BUFFERS,
        landings: bool = True,
    ) -> None:
        self._lock = threading.RLock()  # where the host times valves, a thread beside the loop reads the encoder
        self.clock = clock
        self.config = config
        self.camera_buffers = camera_buffers
        self.exposure_us = config.camera.exposure_us
        built = as_built(config)
        self.geometry = LineGeometry.of(built)
        self.built = built
        streams = np.random.SeedSequence(seed).spawn(8)
        feed_rng, optics_rng, throw_rng, valve_rng, front_rng, texture_rng, *flap_rngs = map(
            np.random.default_rng, streams
        )
        self._optics_seed = int(optics_rng.integers(2**31))
        speed_mm_per_s = config.belt.speed_m_per_s * 1000.0
        self.motion, zero_mm = motion_of(config, clock, encoder)
        self._scenery = Scenery() if scenery is None else scenery
        self._feeder = Feeder(
            config.twin.feed, config.belt.width_mm, speed_mm_per_s, FEED_AHEAD_MM, feed_rng,
            strangers=self._scenery.strangers(config.twin.feed.models),
        )  # fmt: skip
        self._picture = BeltPicture(
            width_px=config.camera.width_px,
            height_px=config.camera.height_px,
            pixel_to_belt=self.geometry.pixel_to_belt,
            belt_width_mm=config.belt.width_mm,
            seed=int(texture_rng.integers(2**31)),
            picture=config.twin.picture,
            scenery=self._scenery,
            length_mm=camera_memory_mm(config, self.geometry, camera_buffers),
        )
        self._field = FieldStrip(
            self.geometry.channel_across_mm,
            self.geometry.array_height_mm,
            length_mm=array_memory_mm(built),
            reach_mm=field_reach_mm(built),
        )
        self._front_end = front_end_of(config, self.geometry, front_rng)
        self.faults = FaultBoard(config.twin.faults, zero_mm, shown_per_true(config))
        self._array = FaultyArray(self.faults)
        lags = built.calibration
        self.valves = Valves(config.diverter.nozzles, lags.valve_open_lag_ms, lags.valve_close_lag_ms, valve_rng)
        self.jet_bank = JetBank(config.diverter, config.calibration, self.motion, self.valves, self.faults)
        self.flap_bank, flaps = flaps_of(config, self.motion, self.faults, flap_rngs)
        self._splitter = Splitter(self.geometry, self.motion, self.faults, throw_rng, flaps)
        self._flown_mm = PAST_NOZZLES_MM + (self.geometry.nozzle_station_mm if flaps is None else flaps.end_mm)
        self._reached_mm = 0.0
        self._on_belt: list[_OnBelt] = []
        self._truths: list[ItemTruth] = []
        self._landings: list[Landing] = []
        self._lands = landings
        self.feeding = True
        self.held: HeldBoard | None = None
        self.turned_since_s: float | None = None  # the array, off its place
        self.pieces = Pieces(self._picture, self._field)

    def advance(self) -> float:
        """Bring the world up to the clock; returns the belt position.

        However long the host was away, the belt passes in short steps: what lay on it is reported and lands in between.
        """
        with self._lock:
            now_ns = self.clock.now_ns()
            belt_mm = self.motion.position_mm(now_ns)
            while self._reached_mm + STEP_MM < belt_mm:
                self._pass(self._reached_mm + STEP_MM, self.motion.time_ns_at(self._reached_mm + STEP_MM))
            self._pass(belt_mm, now_ns)
            return belt_mm

    def _pass(self, belt_mm: float, now_ns: int) -> None:
        self._reached_mm = belt_mm
        for item in self._feeder.until(belt_mm + FEED_AHEAD_MM):
            if self.feeding:
                self._lay_down(item)
        self.pieces.lay_until(belt_mm)
        self.jet_bank.advance(now_ns)
        if self.flap_bank is not None:
            self.flap_bank.advance(now_ns)
        self._report_items(belt_mm)
        self._land_items(belt_mm, now_ns)

    def picture_at(self, belt_mm: float) -> ImageU8:
        """What the camera sees when the encoder reads ``belt_mm``: (height, width, 3) RGB."""
        with self._lock:
            self._picture.extend_to(belt_mm + FEED_AHEAD_MM)
            # A generator of its own for each frame and item: what they look like must not hang on who was drawn first,
            # which is a matter of how fast the host computes.
            chance = np.random.default_rng((self._optics_seed, 0, round(belt_mm * 100.0) % 2**62))
            exposed_us = self.config.twin.picture.exposed_us or self.config.camera.exposure_us
            picture = self._picture.frame(
                belt_mm, self.motion.speed_mm_per_s, self.exposure_us, chance, share=self.exposure_us / exposed_us
            )
            if self.held is not None:
                hold_up(picture, self.held, self.config.twin.picture, chance)
            return picture

    def field_at(self, times_ns: ArrayF64) -> tuple[ArrayF32, ArrayBool, ArrayF64]:
        """Readings of the array at moments (n,): field (n, channels, 3) µT, saturated (n, channels), belt_mm (n,).

        The last as the encoder shows it.
        """
        with self._lock:
            belt_mm = self.motion.positions_mm(times_ns)
            clean_ut = self._field.sample(belt_mm - self.geometry.array_station_mm)
            if self.turned_since_s is not None:
                clean_ut = clean_ut + turned_earth_ut(
                    1e6 * self._front_end.background_t, 1e-9 * times_ns - self.turned_since_s
                )
            times_s = (times_ns - self.motion.start_ns) * 1e-9
            reading, saturated = self._front_end.read(
                clean_ut, times_s, belt_mm, self.motion.speed_mm_per_s, self._valve_events()
            )
            return *self._array.readings(reading, saturated), self.faults.travel.all_shown_mm(belt_mm)

    def run_at(self, speed_mm_per_s: float) -> bool:
        """Set the drive to another speed, 0 to stop it; false where the belt is a real one."""
        if not isinstance(self.motion, SteppedMotion):
            return False
        with self._lock:
            self.advance()
            self.motion.run_at(max(speed_mm_per_s, STANDS_MM_PER_S), self.clock.now_ns())
        return True

    @property
    def channel_matrices(self) -> ArrayF64:
        """What each channel reads per unit of true field (channels, 3, 3)."""
        return self._front_end.response

    def take_truths(self) -> list[ItemTruth]:
        """Items that have come wholly into view since the last call."""
        truths, self._truths = self._truths, []
        return truths

    def take_landings(self) -> list[Landing]:
        """Items that have flown since the last call."""
        landings, self._landings = self._landings, []
        return landings

    def _lay_down(self, item: Item) -> None:
        self._picture.extend_to(item.belt_mm + FEED_AHEAD_MM)
        box = self._picture.paste(
            self._sprite(item),
            item_id=item.item_id,
            belt_mm=item.belt_mm,
            across_mm=item.across_mm,
            yaw_rad=item.yaw_rad,
            dirt=item.dirt,
            rng=np.random.default_rng((self._optics_seed, 1, item.item_id)),
        )
        self._field.extend_to(item.belt_mm + FEED_AHEAD_MM)
        self._field.add(self._dipoles(item), *rolled_mm(item, self.geometry, self.geometry.array_station_mm))
        self._on_belt.append(_OnBelt(item=item, box=box))

    def _sprite(self, item: Item) -> Sprite:
        return self._scenery.sprite(item.model, item.pose, self._picture.mm_per_px)

    def _dipoles(self, item: Item) -> Dipoles:
        return item_dipoles(
            item.model,
            item.pose,
            yaw_rad=item.yaw_rad,
            ageing=item.ageing,
            remanence_am2=item.remanence_am2,
            background_t=self._front_end.background_t,
            array_height_mm=self.geometry.array_height_mm,
            lift_mm=item.lift_mm,
            tilt=item.tilt,
        )

    def _valve_events(self) -> list[tuple[float, float, float]]:
        start_ns = self.motion.start_ns
        return [
            ((jet.on_ns - start_ns) * 1e-9, (jet.off_ns - start_ns) * 1e-9, self.geometry.nozzles.across_mm(jet.nozzle))
            for jet in self.jet_bank.blowing(self.clock.now_ns())
        ]

    def _report_items(self, belt_mm: float) -> None:
        for laid in self._on_belt:
            if not laid.reported and laid.box.belt_hi_mm <= belt_mm:
                laid.reported = True
                self._truths.append(self._truth(laid, self.faults.travel.shown_mm(belt_mm) - belt_mm))

    def _truth(self, laid: _OnBelt, off_mm: float) -> ItemTruth:
        """What is told of an item, its place as the encoder counts it, which is ``off_mm`` from the belt's own."""
        model = laid.item.model
        return ItemTruth(
            item_id=laid.item.item_id,
            model=model.name,
            kind=model.kind,
            bears_ndfeb=model.bears_ndfeb,
            magnet_g=model.ndfeb_g,
            mass_g=model.mass_g,
            box=laid.box.moved(off_mm),
            visible_fraction=self._picture.visible_fraction(laid.item.item_id),
            magnetised=any(any(moment) for moment in laid.item.remanence_am2),
        )

    def _land_items(self, belt_mm: float, now_ns: int) -> None:
        gone_mm = belt_mm - self._flown_mm
        gone = [laid.item for laid in self._on_belt if laid.item.belt_mm + 120.0 < gone_mm]
        if gone:
            self._on_belt = [laid for laid in self._on_belt if laid.item.belt_mm + 120.0 >= gone_mm]
            if not self._lands:
                return
            jets = self.jet_bank.blowing(now_ns)
            strokes = () if self.flap_bank is None else tuple(self.flap_bank.strokes)
            self._landings += [self._splitter.landing(item, self._sprite(item), jets, now_ns, strokes) for item in gone]
