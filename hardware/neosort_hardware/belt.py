"""Pure geometry of the line: pixel ↔ millimetre, count ↔ millimetre, nozzle under a position, when a place is where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_hardware.config import HeavyDiverterConfig, LineConfig
from neosort_hardware.types import ArrayF64


@dataclass(frozen=True, slots=True, kw_only=True)
class NozzleRow:
    """The nozzles across the belt: ``count`` of them, ``pitch_mm`` apart, nozzle 0 at ``first_across_mm``."""

    count: int
    pitch_mm: float
    first_across_mm: float

    def across_mm(self, nozzle: int) -> float:
        """Centre of a nozzle."""
        return self.first_across_mm + nozzle * self.pitch_mm

    def under(self, across_lo_mm: float, across_hi_mm: float) -> tuple[int, int] | None:
        """First and last nozzle whose own strip (a pitch wide) meets the span; None where it misses the row."""
        if not across_hi_mm >= across_lo_mm:
            return None
        first = math.floor((across_lo_mm - self.first_across_mm) / self.pitch_mm + 0.5)
        last = math.ceil((across_hi_mm - self.first_across_mm) / self.pitch_mm - 0.5)
        last = max(last, first)  # a span of no width exactly on a border
        if last < 0 or first > self.count - 1:
            return None
        return max(0, first), min(self.count - 1, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiverterBank:
    """A diverter as shots are planned for it: its row across the belt, and where that stands.

    ``swing_mm``: belt that passes while it moves out, and back; what lies there may be touched as well.
    ``heavy``: it is the line's diverter for what is too heavy for air.
    """

    row: NozzleRow
    station_mm: float
    swing_mm: tuple[float, float] = (0.0, 0.0)
    heavy: bool = False


def flap_row(flaps: HeavyDiverterConfig) -> NozzleRow:
    """The flaps across the belt, each a lane."""
    return NozzleRow(count=flaps.lanes, pitch_mm=flaps.pitch_mm, first_across_mm=flaps.first_across_mm)


def heavy_bank(config: LineConfig) -> DiverterBank | None:
    """The diverter for what is too heavy for air, where the line has one; its swing at the belt's nominal speed."""
    flaps = config.heavy_diverter
    if flaps is None:
        return None
    speed = config.belt.speed_m_per_s  # mm per ms
    return DiverterBank(
        row=flap_row(flaps),
        station_mm=flaps.station_mm,
        swing_mm=(speed * flaps.out_ms, speed * flaps.back_ms),
        heavy=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGeometry:
    """Where everything stands along the travel. Stations in mm downstream of the camera's upstream edge."""

    belt_width_mm: float
    mm_per_count: float
    array_station_mm: float
    nozzle_station_mm: float
    channel_across_mm: ArrayF64
    array_height_mm: float
    nozzles: NozzleRow
    pixel_to_belt: ArrayF64

    @classmethod
    def of(cls, config: LineConfig) -> LineGeometry:
        """The geometry that a configuration and its calibration describe."""
        magnetometer, diverter, calibration = config.magnetometer, config.diverter, config.calibration
        return cls(
            belt_width_mm=config.belt.width_mm,
            mm_per_count=config.encoder.mm_per_count,
            array_station_mm=calibration.array_station_mm,
            nozzle_station_mm=calibration.nozzle_station_mm,
            channel_across_mm=magnetometer.first_across_mm
            + magnetometer.pitch_mm * np.arange(magnetometer.channels, dtype=np.float64),
            array_height_mm=magnetometer.height_mm,
            nozzles=NozzleRow(
                count=diverter.nozzles, pitch_mm=diverter.pitch_mm, first_across_mm=diverter.first_across_mm
            ),
            pixel_to_belt=np.asarray(calibration.pixel_to_belt, dtype=np.float64),
        )

    @property
    def jets(self) -> DiverterBank:
        """The air jets as a diverter."""
        return DiverterBank(row=self.nozzles, station_mm=self.nozzle_station_mm)

    def counts_to_mm(self, counts: int) -> float:
        """Encoder counts → belt position."""
        return counts * self.mm_per_count

    def mm_to_counts(self, belt_mm: float) -> int:
        """Belt position → the last count reached at it."""
        return math.floor(belt_mm / self.mm_per_count + 1e-9)

    def pixels_to_belt(self, pixels: ArrayF64, frame_belt_mm: float) -> ArrayF64:
        """Pixels (n, 2) as (u, v) of a frame taken at ``frame_belt_mm`` → (n, 2) as (across_mm, belt_mm)."""
        homogeneous = np.column_stack([pixels, np.ones(len(pixels))]) @ self.pixel_to_belt.T
        across_station = homogeneous[:, :2] / homogeneous[:, 2:]
        return np.column_stack([across_station[:, 0], frame_belt_mm - across_station[:, 1]])

    def belt_to_pixels(self, across_belt_mm: ArrayF64, frame_belt_mm: float) -> ArrayF64:
        """Inverse of `pixels_to_belt`."""
        station = frame_belt_mm - across_belt_mm[:, 1]
        homogeneous = np.column_stack([across_belt_mm[:, 0], station, np.ones(len(station))])
        pixels = homogeneous @ np.linalg.inv(self.pixel_to_belt).T
        return np.asarray(pixels[:, :2] / pixels[:, 2:])
