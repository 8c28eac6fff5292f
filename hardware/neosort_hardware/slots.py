"""The slots of a line: what the line must know of each device, whichever driver stands behind it.

A driver's settings are a section of their own that adds its keys to its slot's: ``settings_*.py``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from neosort_hardware.section import Section

SlotName = Literal["encoder", "camera", "magnetometer", "diverter", "heavy_diverter", "interlock", "plant"]

SHORTEST_US, LONGEST_US = 10.0, 20_000.0  # of an exposure


class SlotConfig(Section):
    """Base of all of them. ``driver`` picks the settings, and with them the keys that are understood."""

    driver: str = Field(min_length=1, max_length=64)


class EncoderConfig(SlotConfig):
    """Counts of the belt's travel."""

    mm_per_count: float = Field(0.5, ge=0.001, le=10.0)


class CameraConfig(SlotConfig):
    """An area camera over the belt, triggered by belt travel."""

    width_px: int = Field(640, ge=64, le=8192)
    height_px: int = Field(512, ge=64, le=8192)
    exposure_us: float = Field(350.0, ge=SHORTEST_US, le=LONGEST_US)
    trigger_every_mm: float = Field(256.0, ge=10, le=2000)


class MagnetometerConfig(SlotConfig):
    """A row of three-axis magnetometers across the belt, under it."""

    channels: int = Field(24, ge=1, le=256)
    pitch_mm: float = Field(25.0, ge=5, le=200)
    first_across_mm: float = Field(12.5, ge=-3000, le=3000, description="across position of channel 0")
    height_mm: float = Field(45.0, ge=10, le=200, description="sensors below the items' undersides")
    rate_hz: float = Field(1000.0, ge=50, le=20_000)
    range_ut: float = Field(800.0, ge=10, le=200_000, description="clips and flags beyond this, each axis")
    high_range_ut: float = Field(
        40_000.0, ge=0, le=2_000_000, description="a second, coarser sensor takes over where the first clips; 0: none"
    )
    block_ms: float = Field(5.0, ge=0.1, le=1000, description="samples are handed over in blocks this long")

    @model_validator(mode="after")
    def _second_range_is_wider(self) -> Self:
        if 0 < self.high_range_ut <= self.range_ut:
            raise ValueError(
                f"magnetometer.high_range_ut is {self.high_range_ut:g}, must be greater than magnetometer.range_ut "
                f"({self.range_ut:g}), or 0 where there is no second range"
            )
        return self


class BankConfig(SlotConfig):
    """A bank of valves that shots are executed by: of air jets, or of the cylinders behind flaps.

    ``SLOT`` and ``COUNTED``: the table and the key that a technician knows it by; ``CALLED``: what it is.
    """

    SLOT: ClassVar[SlotName]
    COUNTED: ClassVar[str]
    CALLED: ClassVar[str]

    max_on_ms: float
    heartbeat_ms: float

    @property
    @abstractmethod
    def valves(self) -> int:
        """How many."""

    @property
    def timed_by_host(self) -> bool:
        """Whether a process of this machine times the valves, and needs real-time rights for it."""
        return False

    def held(self) -> frozenset[Hashable]:
        """What no other bank of the line may have as well: a board, registers, outputs."""
        return frozenset()

    def _must_refresh_in_time(self, refresh_ms: float) -> None:
        """Outputs that are written so often are not taken for those of a silent host. Raises `ValueError`."""
        if refresh_ms > 0.5 * self.heartbeat_ms:
            raise ValueError(
                f"refresh_ms is {refresh_ms:g}, must not exceed half of heartbeat_ms ({self.heartbeat_ms:g})"
            )


class DiverterConfig(BankConfig):
    """A bank of air nozzles across the belt."""

    SLOT = "diverter"
    COUNTED = "nozzles"
    CALLED = "air jets"

    nozzles: int = Field(48, ge=1, le=1024)
    pitch_mm: float = Field(12.5, ge=1, le=100)
    first_across_mm: float = Field(6.25, ge=-3000, le=3000, description="across position of nozzle 0")
    max_on_ms: float = Field(500.0, ge=1, le=5000, description="no valve stays open longer")
    heartbeat_ms: float = Field(500.0, ge=10, le=10_000, description="all closed when the host is silent this long")

    @property
    def valves(self) -> int:
        return self.nozzles


class HeavyDiverterConfig(BankConfig):
    """A bank of flaps across the belt for what is too heavy for air, at a station of its own (all a)."""

    SLOT = "heavy_diverter"
    COUNTED = "lanes"
    CALLED = "flaps"

    lanes: int = Field(12, ge=1, le=256, description="flaps across the belt")
    pitch_mm: float = Field(50.0, ge=10, le=500)
    first_across_mm: float = Field(25.0, ge=-3000, le=3000, description="across position of flap 0's middle")
    station_mm: float = Field(1762.0, ge=0, le=20_000, description="the flaps' hinges")
    stroke_mm: float = Field(80.0, ge=10, le=500, description="how far a flap's edge stands out")
    flap_mm: float = Field(160.0, ge=20, le=1000, description="a flap's length along the travel")
    out_ms: float = Field(90.0, ge=1, le=1000, description="travel time from rest to out")
    back_ms: float = Field(110.0, ge=1, le=1000, description="travel time from out to rest")
    recovery_ms: float = Field(100.0, ge=20, le=5000, description="rest of a lane between two strokes")
    max_strokes_per_min: int = Field(60, ge=1, le=1000, description="of any one lane")
    max_on_ms: float = Field(1000.0, ge=1, le=5000, description="no flap stands out longer")
    heartbeat_ms: float = Field(500.0, ge=10, le=10_000, description="all drawn in when the host is silent this long")

    @property
    def valves(self) -> int:
        return self.lanes

    @model_validator(mode="after")
    def _flap_longer_than_its_stroke(self) -> Self:
        if self.stroke_mm > 0.9 * self.flap_mm:
            raise ValueError(
                f"heavy_diverter.stroke_mm is {self.stroke_mm:g}, must be at most 0.9 of heavy_diverter.flap_mm "
                f"({self.flap_mm:g}): a flap that stands upright stops things"
            )
        return self


class InterlockConfig(SlotConfig):
    """The safety circuit."""


class PlantInputsConfig(SlotConfig):
    """What the plant around the line says: product chute full, belt jammed, air pressure."""


SLOTS: dict[SlotName, type[SlotConfig]] = {
    "encoder": EncoderConfig,
    "camera": CameraConfig,
    "magnetometer": MagnetometerConfig,
    "diverter": DiverterConfig,
    "heavy_diverter": HeavyDiverterConfig,
    "interlock": InterlockConfig,
    "plant": PlantInputsConfig,
}
