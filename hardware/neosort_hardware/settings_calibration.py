"""Constants of a line that a technician measures, as its configuration holds them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from neosort_hardware.section import Section
from neosort_hardware.settings_twin import Mm, Row3
from neosort_hardware.valve_lags import ValveLag, each_lag_ms
from neosort_hardware.valve_leads import ValveLeads

Matrix3 = tuple[Row3, Row3, Row3]
Gain = Annotated[float, Field(ge=0.1, le=10.0)]


class LensCalibration(Section):
    """How the lens draws: pinhole and distortion as OpenCV has them, in pixels whose first centre is at 0.5."""

    focal_px: tuple[float, float] = Field(description="along u and v")
    centre_px: tuple[float, float] = Field(description="where the optical axis meets the sensor")
    distortion: tuple[float, float, float, float, float] = Field((0, 0, 0, 0, 0), description="k1, k2, p1, p2, k3")


class LightCalibration(Section):
    """What makes a white sheet look evenly white: gains on the picture's levels."""

    white: tuple[Gain, Gain, Gain] = Field((1.0, 1.0, 1.0), description="of red, green, blue")
    flat: tuple[tuple[Gain, ...], ...] = Field(
        ((1.0,),), description="rows of gains over the picture, evenly spread, linear in between"
    )

    @model_validator(mode="after")
    def _rows_alike(self) -> Self:
        if len({len(row) for row in self.flat}) != 1 or not self.flat[0]:
            raise ValueError("calibration.light.flat: every row must have as many gains as the first, at least one")
        return self


class ChannelsCalibration(Section):
    """What makes of each channel's reading the field in the belt's axes: matrix · (reading − zero).

    ``zero_ut``: what a channel reads over the empty belt. ``order``: whose reading stands where each channel's should.
    """

    zero_ut: tuple[Row3, ...]
    matrix: tuple[Matrix3, ...]
    order: tuple[int, ...] = Field((), description="left out: as they come")
    out_of_use: tuple[int, ...] = Field((), description="channels whose readings mean nothing")

    @model_validator(mode="after")
    def _as_many_of_each(self) -> Self:
        count = len(self.zero_ut)
        if len(self.matrix) != count:
            raise ValueError(f"calibration.channels: {count} zeros and {len(self.matrix)} matrices")
        if self.order and sorted(self.order) != list(range(count)):
            raise ValueError(f"calibration.channels.order must name each of 0..{count - 1} once")
        if any(not 0 <= channel < count for channel in self.out_of_use):
            raise ValueError(f"calibration.channels.out_of_use = {self.out_of_use}: must lie in 0..{count - 1}")
        return self


VALVE_LAGS = ("valve_open_lag_ms", "valve_close_lag_ms")


class Calibration(Section):
    """Constants of the line that a technician measures. Stations: mm downstream of the camera's upstream edge."""

    made_on: date | None = Field(None, description="when they were last measured")
    pixel_to_belt: tuple[Row3, Row3, Row3] = Field(
        ((1.0, 0.0, -20.0), (0.0, -1.0, 512.0), (0.0, 0.0, 1.0)),
        description="homography: pixel (u right, v down, 1) to (across_mm, station_mm, 1)",
    )
    array_station_mm: Mm = Field(512.0, description="the magnetometer row")
    nozzle_station_mm: Mm = Field(1512.0, description="the row of nozzles")
    valve_open_lag_ms: ValveLag = Field(1.5, description="one number for all valves, or a list with one a valve")
    valve_close_lag_ms: ValveLag = Field(1.5, description="the same to close")
    jet_lag_ms: float = Field(0.65, ge=0, le=20, description="the jet's front, from nozzle to item")
    position_sigma_mm: float = Field(2.0, ge=0, le=50, description="of an item's place when it reaches the nozzles")
    lens: LensCalibration | None = Field(None, description="left out: pictures are taken as they come")
    light: LightCalibration | None = Field(None, description="left out: pictures are taken as they come")
    channels: ChannelsCalibration | None = Field(None, description="left out: readings are taken as they come")

    def valve_leads(self, nozzles: int) -> ValveLeads:
        """How long before its jet each valve is told."""
        return ValveLeads.of(
            [lag_ms + self.jet_lag_ms for lag_ms in each_lag_ms(self.valve_open_lag_ms, nozzles)],
            [lag_ms + self.jet_lag_ms for lag_ms in each_lag_ms(self.valve_close_lag_ms, nozzles)],
        )
