"""Parts of a simulated world as a line's configuration has them: motion, flaps, array, how far back it remembers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neosort_hardware.belt import LineGeometry, flap_row
from neosort_hardware.clock import Clock
from neosort_hardware.config import LineConfig
from neosort_hardware.devices import Encoder
from neosort_hardware.driver_choice import DEFAULT_DRIVER
from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.flap_bank import FlapBank
from neosort_hardware.twin.flaps import FlapRow
from neosort_hardware.twin.followed_belt import FollowedBelt
from neosort_hardware.twin.front_end import ArrayFrontEnd
from neosort_hardware.twin.motion import BeltMotion, Motion, SteppedMotion
from neosort_hardware.twin.splitter import Flaps

FEED_AHEAD_MM = 450.0  # items lie on the belt this far before they come into view, field and all
ARRAY_BUFFER_S = 2.0
WEAKEST_STEEL_UT = 0.05  # of what passes by at all (m/a)


def shown_per_true(config: LineConfig) -> float:
    """Millimetres that the line takes a true one for."""
    true_mm = config.twin.truth.mm_per_count
    return 1.0 if true_mm is None else config.encoder.mm_per_count / true_mm


def motion_of(config: LineConfig, clock: Clock, encoder: Encoder | None) -> tuple[Motion, float]:
    """How the belt moves, and what the encoder shows at its zero."""
    speed_mm_per_s = config.belt.speed_m_per_s * 1000.0
    if encoder is not None:
        belt = FollowedBelt(encoder, clock, speed_mm_per_s)
        return belt, belt.zero_mm
    ripple = config.twin.speed_ripple
    motion = BeltMotion(speed_mm_per_s=speed_mm_per_s, ripple=ripple, start_ns=clock.now_ns())
    return SteppedMotion(motion), 0.0


def flaps_of(
    config: LineConfig, motion: Motion, faults: FaultBoard, rngs: Sequence[np.random.Generator]
) -> tuple[FlapBank | None, Flaps | None]:
    """The flaps' controller and the flaps, where the line has simulated ones."""
    flaps = config.heavy_diverter
    if flaps is None or flaps.driver != DEFAULT_DRIVER:
        return None, None
    row = FlapRow(lanes=flap_row(flaps), station_mm=flaps.station_mm, flap_mm=flaps.flap_mm, stroke_mm=flaps.stroke_mm)
    return FlapBank(flaps, motion, rngs[0], faults), Flaps(row, rngs[1])


def camera_memory_mm(config: LineConfig, geometry: LineGeometry, buffers: int) -> float:
    """Belt that must be remembered for the oldest frame that the camera may still hand over."""
    corners = np.array([[0.0, 0.0], [0.0, float(config.camera.height_px)]])
    downstream, upstream = geometry.pixels_to_belt(corners, 0.0)[:, 1]
    buffered_mm = (buffers + 1) * config.camera.trigger_every_mm
    return float(2 * FEED_AHEAD_MM + abs(upstream - downstream) + buffered_mm)


def array_memory_mm(config: LineConfig) -> float:
    """Belt that must be remembered for the oldest sample that the array may still hand over."""
    buffered_mm = (ARRAY_BUFFER_S + 0.5) * 1000.0 * config.belt.speed_m_per_s * (1 + config.twin.speed_ripple)
    return FEED_AHEAD_MM + field_reach_mm(config) + config.calibration.array_station_mm + buffered_mm


def field_reach_mm(config: LineConfig) -> float:
    """No item's field may reach a place that the array has read before the item was laid down."""
    return FEED_AHEAD_MM + config.calibration.array_station_mm


def front_end_of(config: LineConfig, geometry: LineGeometry, rng: np.random.Generator) -> ArrayFrontEnd:
    twin = config.twin
    return ArrayFrontEnd(
        channel_across_mm=geometry.channel_across_mm,
        rate_hz=config.magnetometer.rate_hz,
        range_ut=config.magnetometer.range_ut,
        high_range_ut=config.magnetometer.high_range_ut,
        high_noise_ut=twin.high_noise_ut,
        set_reset_ut=twin.set_reset_ut,
        seed=int(rng.integers(2**31)),
        mains_ut=twin.mains_ut,
        drive_ut=twin.drive_ut,
        noise_ut=twin.noise_ut,
        drift_ut_per_min=twin.drift_ut_per_min,
        valve_ut=twin.valve_ut,
        gain_error=twin.gain_error,
        cross_axis=twin.cross_axis,
        earth_ut=twin.earth_ut,
        belt_ut=twin.belt_ut,
        passing_steel_ut=(min(WEAKEST_STEEL_UT, twin.passing_steel_ut), twin.passing_steel_ut),
        mains_hz=twin.mains_hz,
    )
