"""The line behind a recording: what its metadata say, what its messages show, whether the system was made for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice, pairwise
from statistics import median

from neosort_datasets.line_grid import belt_span
from neosort_datasets.mcap_file import RecordingError
from neosort_datasets.pacing import JOINED_MM
from neosort_datasets.recording import Recording
from neosort_datasets.rectification import View
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import ConfigError, DiverterConfig, LineConfig
from neosort_hardware.types import Frame

FRAMES_LOOKED_AT = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """What the line's physics span, of one number."""

    name: str
    low: float
    high: float
    unit: str
    digits: int = 0


_RANGES = {
    "pixel": _Range(name="pixel", low=0.4, high=1.5, unit="mm", digits=2),
    "width": _Range(name="belt width", low=300, high=1400, unit="mm"),
    "speed": _Range(name="belt speed", low=0.5, high=3.0, unit="m/s", digits=2),
    "pitch": _Range(name="array pitch", low=12.5, high=50, unit="mm", digits=1),
    "height": _Range(name="array height", low=30, high=60, unit="mm", digits=1),
    "rate": _Range(name="array rate", low=200, high=2000, unit="Hz"),
}


def as_recorded(recording: Recording) -> LineConfig:
    """The line of a recording: its own configuration, completed by what the messages show.

    Belt speed and trigger distance are taken from the frames, whatever the configuration says or leaves out; a
    configuration without nozzles gets a row across the whole belt. Raises `RecordingError` where the encoder falls
    along the travel or the camera sees no belt.
    """
    config = recording.config
    frames = list(islice(recording.frames(), FRAMES_LOOKED_AT))
    if len(frames) > 1:
        config = _as_seen(recording, config, frames)
    if "diverter" not in config.model_fields_set:
        config = config.model_copy(update={"diverter": _row_across(recording, config)})
    return config


def view_of(recording: Recording, config: LineConfig) -> View:
    """What the camera sees. Raises `RecordingError`."""
    camera = config.camera
    try:
        return View.of(LineGeometry.of(config).pixel_to_belt, camera.width_px, camera.height_px)
    except ConfigError as error:
        raise RecordingError(f"{recording.path}: {error}") from error


def begins_at(recording: Recording, config: LineConfig, view: View) -> float:
    """The first place on the belt that the camera saw and then, where there is one, the array."""
    frame, block = next(recording.frames(), None), next(recording.blocks(), None)
    seen_mm = -math.inf if frame is None else frame.belt_mm - view.station_hi_mm
    felt_mm = -math.inf if block is None else float(block.belt_mm[0]) - config.calibration.array_station_mm
    return max(seen_mm, felt_mm)


def described(config: LineConfig, view: View, *, has_field: bool) -> str:
    """The line in one sentence, every number that a replay goes by."""
    camera, array = config.camera, config.magnetometer
    pixel_mm = view.pixel_mm(camera.width_px, camera.height_px)
    felt = "no magnetometers"
    if has_field:
        felt = f"{array.channels} magnetometers {array.pitch_mm:g} mm apart, {array.height_mm:g} mm below"
        felt += f", {array.rate_hz:g} Hz"
    size = f"{camera.width_px} × {camera.height_px} pixels of {pixel_mm:.2f} mm"
    belt = f"belt {config.belt.width_mm:g} mm at {config.belt.speed_m_per_s:.2f} m/s"
    return f"line '{config.name}', {belt}; camera {size} every {camera.trigger_every_mm:.0f} mm; {felt}"


def outside_ranges(config: LineConfig, view: View, *, has_field: bool) -> str:
    """What of a line lies outside the ranges that the system was made for, in one sentence; empty where none does."""
    camera, array = config.camera, config.magnetometer
    values = {
        "pixel": view.pixel_mm(camera.width_px, camera.height_px),
        "width": config.belt.width_mm,
        "speed": config.belt.speed_m_per_s,
    }
    if has_field:
        values |= {"pitch": array.pitch_mm, "height": array.height_mm, "rate": array.rate_hz}
    said = [_outside(_RANGES[key], value) for key, value in values.items()]
    if has_field and array.pitch_mm > array.height_mm:
        said.append(f"array pitch {array.pitch_mm:g} mm is more than its height {array.height_mm:g} mm")
    gap_mm = camera.trigger_every_mm - view.length_mm
    if gap_mm > JOINED_MM:
        said.append(f"the camera misses {gap_mm:.0f} mm of belt between one frame and the next")
    found = "; ".join(text for text in said if text)
    return f"outside what the line was made for, so it may sort worse: {found}" if found else ""


def _outside(limits: _Range, value: float) -> str:
    slack = 0.02 * (limits.high - limits.low)  # a belt said to run at 3 m/s may be measured at 3.01
    if limits.low - slack <= value <= limits.high + slack:
        return ""
    made_for = f"made for {limits.low:g} to {limits.high:g} {limits.unit}"
    return f"{limits.name} {value:.{limits.digits}f} {limits.unit} ({made_for})"


def _as_seen(recording: Recording, config: LineConfig, frames: list[Frame]) -> LineConfig:
    steps = [
        (later.belt_mm - earlier.belt_mm, later.captured_ns - earlier.captured_ns)
        for earlier, later in pairwise(frames)
    ]
    usual_mm = median(travel_mm for travel_mm, _ in steps)
    if usual_mm < 0:
        raise RecordingError(
            f"{recording.path}: /camera: belt_mm moves by {usual_mm:g} mm from frame to frame, it must rise with travel"
        )
    moving = [(travel_mm, lasted_ns) for travel_mm, lasted_ns in steps if travel_mm > 0 and lasted_ns > 0]
    if not moving:
        return config
    trigger_mm = median(travel_mm for travel_mm, _ in moving)
    speed = median(travel_mm / (lasted_ns * 1e-6) for travel_mm, lasted_ns in moving)
    camera = config.camera.model_copy(update={"trigger_every_mm": trigger_mm})
    return config.model_copy(update={"camera": camera, "belt": config.belt.model_copy(update={"speed_m_per_s": speed})})


def _row_across(recording: Recording, config: LineConfig) -> DiverterConfig:
    low_mm, high_mm = belt_span(LineGeometry.of(config), view_of(recording, config))
    pitch_mm = config.diverter.pitch_mm
    count = max(1, math.ceil((high_mm - low_mm) / pitch_mm))
    first_mm = 0.5 * (low_mm + high_mm - (count - 1) * pitch_mm)
    return config.diverter.model_copy(update={"nozzles": count, "first_across_mm": first_mm})
