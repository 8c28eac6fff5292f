"""Settings of the simulated world behind `sim` devices: what is fed, how pictures look, and where a line is mis-set."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neosort_hardware.faults import Fault
from neosort_hardware.section import Section
from neosort_hardware.valve_lags import ValveLag

Mm = Annotated[float, Field(ge=0, le=20_000)]
Row3 = tuple[float, float, float]


class FeedConfig(Section):
    """What the simulated feeder puts on the belt, and how."""

    items_per_s_per_m: float = Field(5.0, ge=0, le=100, description="per metre of belt width")
    models: Literal["train", "validation", "calibration", "held-out"] = "held-out"
    mix: Literal["default", "even", "motors"] = Field(
        "default", description="by count: the default feed, every kind alike, or the default with five times the motors"
    )
    hub_motors: float = Field(0.0, ge=0, le=1, description="share of items that are hub motors, too heavy for air")
    touching: float = Field(0.0, ge=0, le=0.9, description="share of items that come in contact with the one before")
    piling: float = Field(
        0.3, ge=0, le=1, description="share that stays on what it falls upon; the others slide off and lie against it"
    )
    bursts: float = Field(1.0, ge=1, le=4, description="density in a quarter of the belt, times the mean; 1: even")
    rolling: float = Field(0.1, ge=0, le=1, description="share of round items that roll while they ride")


class PictureConfig(Section):
    """How the simulated camera's pictures look: lamps, lens, sensor, belt (all a)."""

    light_azimuth_deg: float = Field(40.0, ge=-360, le=360, description="the lamps' bright side; 0 towards rising belt")
    light_contrast: float = Field(0.35, ge=0, le=0.8, description="lamps go as 1 + contrast*cos(azimuth)")
    light_falloff: float = Field(0.18, ge=0, le=0.8, description="share of light lost in the corners, lens and lamps")
    exposure: float = Field(1.1, ge=0.2, le=3, description="white paper just short of white at 1")
    exposed_us: float | None = Field(
        None, ge=10, le=20_000, description="exposure time that `exposure` holds for; left out: camera.exposure_us"
    )
    colour_temperature_k: float = Field(5600.0, ge=2500, le=12_000, description="of the lamps; balanced for 5600")
    gain_drift: float = Field(0.03, ge=0, le=0.3, description="one standard deviation, relative")
    white_balance_drift: float = Field(0.015, ge=0, le=0.2, description="one standard deviation, relative")
    defocus_px: float = Field(0.45, ge=0, le=5, description="one standard deviation of the lens's blur")
    distortion: float = Field(
        0.001, ge=-0.05, le=0.05, description="radial, left by the calibration: share of the radius at the corner"
    )
    focal_px: float = Field(1200.0, ge=100, le=20_000, description="of the lens; matters for boards held up to it")
    noise: float = Field(1.4, ge=0, le=20, description="shot noise of one exposure at white, levels of 255")
    window_dirt: float = Field(0.1, ge=0, le=1, description="dirt on the camera's window")
    belt_wear: float = Field(0.5, ge=0, le=1)
    scraps_per_m2: float = Field(140.0, ge=0, le=2000, description="small debris lying on the belt")


class TrueLine(Section):
    """Where the simulated line truly differs from what its configuration and calibration say: a line that is mis-set.

    What is left out is as the configuration has it.
    """

    mm_per_count: float | None = Field(None, ge=0.001, le=10.0)
    pixel_to_belt: tuple[Row3, Row3, Row3] | None = None
    array_station_mm: Mm | None = None
    array_first_across_mm: float | None = Field(None, ge=-3000, le=3000)
    array_height_mm: float | None = Field(None, ge=10, le=200)
    nozzle_station_mm: Mm | None = None
    nozzle_first_across_mm: float | None = Field(None, ge=-3000, le=3000)
    valve_open_lag_ms: ValveLag | None = Field(None, description="beside what the simulated valves differ by chance")
    valve_close_lag_ms: ValveLag | None = None


class TwinConfig(Section):
    """The simulated world behind `sim` devices."""

    truth: TrueLine = TrueLine()
    feed: FeedConfig = FeedConfig()
    picture: PictureConfig = PictureConfig()
    mains_ut: float = Field(1.0, ge=0, le=50, description="amplitude at the mains' frequency")
    mains_hz: Literal[50, 60] = 50
    drive_ut: float = Field(1.0, ge=0, le=50, description="amplitude of the belt drive's stray field")
    noise_ut: float = Field(0.04, ge=0, le=50, description="one standard deviation, each axis and sample")
    high_noise_ut: float = Field(20.0, ge=0, le=1000, description="the same of the second range")
    set_reset_ut: float = Field(0.5, ge=0, le=50, description="one standard deviation of the offset after clipping")
    earth_ut: float | None = Field(None, ge=0, le=200, description="left out: drawn from what occurs on Earth")
    belt_ut: float = Field(0.1, ge=0, le=50, description="rollers' steel, and twice that of the belt's splice")
    passing_steel_ut: float = Field(1.0, ge=0, le=50, description="the strongest of lift trucks and doors nearby")
    drift_ut_per_min: float = Field(0.5, ge=0, le=100)
    valve_ut: float = Field(1.0, ge=0, le=50, description="our own valves, at the nearest channel")
    gain_error: float = Field(0.01, ge=0, le=0.2, description="one standard deviation, left after calibration")
    cross_axis: float = Field(0.01, ge=0, le=0.2, description="one standard deviation, left after calibration")
    speed_ripple: float = Field(0.002, ge=0, le=0.05, description="relative, sinusoidal")
    faults: tuple[Fault, ...] = Field((), description="those that are there from the start")
