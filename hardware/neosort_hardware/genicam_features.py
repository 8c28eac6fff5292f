"""A GenICam camera set up as configured, by the feature names of the SFNC and those of before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from neosort_hardware.camera_source import CameraFault
from neosort_hardware.settings_camera import GenicamCameraConfig

Value = bool | int | float | str
EXPOSURES = ("ExposureTime", "ExposureTimeAbs")
STEP_SHARE = 0.1  # of an exposure: a sensor's row lasts up to some 30 µs


class Features(Protocol):
    """A camera's features by name."""

    def has(self, name: str) -> bool:
        """Whether the camera has the feature, and lets it be used now."""

    def set(self, name: str, value: Value) -> None:
        """Raises `CameraFault` naming feature, value and what the camera says of it."""

    def number(self, name: str) -> float:
        """What the camera says a feature is. Raises `CameraFault`."""


def set_up(features: Features, settings: GenicamCameraConfig) -> None:
    """Everything but acquisition itself, in an order in which each setting leaves room for the next.

    Raises `CameraFault` for a feature that the camera lacks, or a value that it does not take.
    """
    _set_all(features, settings.features)
    if settings.pixel_format is not None:
        features.set("PixelFormat", settings.pixel_format)
    _set_region(features, settings)
    if not settings.exposure_fixed:
        _set_if_there(features, {"ExposureAuto": "Off", "ExposureMode": "Timed"})
        _set_exposure(features, settings.exposure_us)
    if settings.gain is not None:
        _set_if_there(features, {"GainAuto": "Off", "GainSelector": "All"})
        features.set(_first_there(features, ("Gain", "GainRaw"), "camera.gain left out"), settings.gain)
    _set_trigger(features, settings)


def expose_for(features: Features, settings: GenicamCameraConfig, exposure_us: float) -> None:
    """Another exposure while it acquires. Raises `CameraFault` where it is fixed or not taken."""
    if settings.exposure_fixed:
        raise CameraFault("has an exposure of its own (camera.exposure_fixed)")
    _set_exposure(features, exposure_us)


def _set_exposure(features: Features, exposure_us: float) -> None:
    """Told, and asked for: cameras expose in steps of their own, and some take what they cannot do without a word."""
    name = _first_there(features, EXPOSURES, "camera.exposure_fixed = true")
    before_us = features.number(name)
    features.set(name, exposure_us)
    said_us = features.number(name)
    if abs(said_us - exposure_us) > STEP_SHARE * exposure_us:
        features.set(name, before_us)
        raise CameraFault(f"does not take {name} = {exposure_us:g}: it then says {said_us:g}")


def stamp_to_middle_ns(settings: GenicamCameraConfig) -> int:
    """From a frame's stamp to the middle of its exposure."""
    half_ns = round(500.0 * settings.exposure_us)
    return half_ns if settings.stamped == "start" else -half_ns


def _set_region(features: Features, settings: GenicamCameraConfig) -> None:
    """Offsets first out of the way: width and offset together must fit on the sensor at every moment."""
    offsets = {"OffsetX": settings.offset_x_px, "OffsetY": settings.offset_y_px}
    wanted = {name: offset for name, offset in offsets.items() if offset is not None}
    _set_all(features, dict.fromkeys(wanted, 0))
    _set_all(features, {"Width": settings.width_px, "Height": settings.height_px})
    _set_all(features, wanted)


def _set_trigger(features: Features, settings: GenicamCameraConfig) -> None:
    if settings.trigger == "free":
        _set_if_there(features, {"TriggerSelector": "FrameStart", "TriggerMode": "Off"})
        if settings.rate_hz is not None:
            _set_if_there(features, {"AcquisitionFrameRateEnable": True})
            rates = ("AcquisitionFrameRate", "AcquisitionFrameRateAbs")
            features.set(_first_there(features, rates, "camera.rate_hz left out"), settings.rate_hz)
        return
    _set_if_there(features, {"AcquisitionFrameRateEnable": False, "TriggerSelector": "FrameStart"})
    if not features.has("TriggerMode"):
        raise CameraFault("has no trigger (camera.trigger = 'free' lets it run)")
    features.set("TriggerMode", "On")
    features.set("TriggerSource", "Software" if settings.trigger == "software" else settings.trigger_line)
    if settings.trigger == "line":
        _set_if_there(features, {"TriggerActivation": settings.trigger_edge})


def _set_all(features: Features, wanted: Mapping[str, Value]) -> None:
    for name, value in wanted.items():
        features.set(name, value)


def _set_if_there(features: Features, wanted: Mapping[str, Value]) -> None:
    """What only some cameras have, and the others need not."""
    _set_all(features, {name: value for name, value in wanted.items() if features.has(name)})


def _first_there(features: Features, names: tuple[str, ...], otherwise: str) -> str:
    """The first of several names of one thing. ``otherwise``: the setting for a camera that has none of them."""
    name = next((name for name in names if features.has(name)), None)
    if name is None:
        raise CameraFault(f"has no feature {' or '.join(names)} (then it must be {otherwise})")
    return name


def said_by_genicam(error: Exception) -> str:
    """What GenApi says of a value, without where in its own source it says so."""
    return str(error).partition(" : ")[0].strip().rstrip(".")
