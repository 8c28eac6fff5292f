"""Which numbers of a line's configuration are calibration, taken out of it and put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from neosort_hardware.config import ConfigError, LineConfig, describe_invalid
from neosort_hardware.settings_calibration import Calibration
from neosort_inference.calibration.procedure import CalibrationError

CALIBRATED_WITHIN_DAYS = 180  # a: belts stretch, lamps and sensors drift
OF_DEVICES = (
    "encoder.mm_per_count",
    "camera.exposure_us",
    "magnetometer.first_across_mm",
    "magnetometer.height_mm",
    "diverter.first_across_mm",
)
CONSTANTS: tuple[str, ...] = (*(f"calibration.{name}" for name in Calibration.model_fields), *OF_DEVICES)
FITS = (
    "name",
    "belt.width_mm",
    "encoder.driver",
    "camera.driver",
    "camera.width_px",
    "camera.height_px",
    "magnetometer.driver",
    "magnetometer.channels",
    "magnetometer.pitch_mm",
    "diverter.nozzles",
    "diverter.pitch_mm",
)
"""What a calibration is made for: another line, or one that has been rebuilt, cannot go by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One constant that is not the same in two sets. ``before``, ``after``: None where it is left out."""

    constant: str
    before: Any
    after: Any


def constants_of(config: LineConfig) -> dict[str, Any]:
    """Every calibration constant that a line goes by, by its dotted place, as JSON has it."""
    return _taken(config.model_dump(mode="json"), CONSTANTS)


def fit_of(config: LineConfig) -> dict[str, Any]:
    """What a calibration of this line is made for."""
    return _taken(config.model_dump(mode="json"), FITS)


def with_constants(config: LineConfig, constants: Mapping[str, Any]) -> LineConfig:
    """The line with these constants instead of its own. Raises `CalibrationError` where they are not to be had."""
    unknown = sorted(set(constants) - set(CONSTANTS))
    if unknown:
        raise CalibrationError(f"'{unknown[0]}' is no calibration constant")
    whole = config.model_dump(mode="json")
    for place, value in constants.items():
        section, _, name = place.partition(".")
        whole[section][name] = value
    try:
        return LineConfig.model_validate(whole)
    except ValidationError as error:
        raise CalibrationError(f"calibration does not fit line '{config.name}': {describe_invalid(error)}") from error
    except ConfigError as error:
        raise CalibrationError(f"calibration does not fit line '{config.name}': {error}") from error


def must_fit(made_for: Mapping[str, Any], config: LineConfig) -> None:
    """Raises `CalibrationError` that names the first thing in which the line is another one."""
    for place, now in fit_of(config).items():
        then = made_for.get(place)
        if then != now:
            raise CalibrationError(f"made for {place} = {then}, line '{config.name}' has {now}: calibrate anew")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Constants that are not the same, in the order of `CONSTANTS`; a constant that is not told is left out."""
    return tuple(
        Difference(constant=place, before=before.get(place), after=after.get(place))
        for place in CONSTANTS
        if before.get(place) != after.get(place)
    )


def _taken(whole: Mapping[str, Any], places: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place in places:
        section, _, name = place.rpartition(".")
        found[place] = whole[section][name] if section else whole[name]
    return found
