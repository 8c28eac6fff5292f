"""From a file that somebody names to the means that the line would sort by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from neosort_hardware.config import ConfigError, LineConfig, load_line_config
from neosort_inference.asking.orders import Exchanged
from neosort_inference.bundle import load_bundle
from neosort_inference.exchange.way import Means
from neosort_inference.recipe import load_recipe

# What loop and planners go by. Everything else of a calibration the devices have been told when the line was opened.
HOT = (
    "calibration.made_on",
    "calibration.pixel_to_belt",
    "calibration.array_station_mm",
    "calibration.nozzle_station_mm",
    "calibration.position_sigma_mm",
    "magnetometer.first_across_mm",
    "magnetometer.height_mm",
    "diverter.first_across_mm",
)


def with_file(means: Means, what: Exchanged, file: Path) -> Means:
    """``means`` with what ``file`` holds instead of their own. Blocks, for some 50 ms where it is a bundle.

    Raises `BundleError` or `ConfigError` for a file that cannot be used, or not while the belt runs.
    """
    if what == "bundle":
        return replace(means, bundle=load_bundle(file))
    if what == "recipe":
        return replace(means, recipe=load_recipe(file))
    return replace(means, config=_calibrated(means.config, file))


def _calibrated(config: LineConfig, file: Path) -> LineConfig:
    """The line with the calibration that stands in ``file``: a record (.json), or a configuration of this line."""
    # Imported here: a line that is not calibrated while it runs starts without it.
    from neosort_inference.calibration.constants import constants_of, differences, with_constants  # noqa: PLC0415
    from neosort_inference.calibration.procedure import CalibrationError  # noqa: PLC0415
    from neosort_inference.calibration.record import read_record  # noqa: PLC0415

    try:
        if file.suffix == ".json":
            new = read_record(_text(file), str(file)).put_into(config)
        else:
            new = with_constants(config, constants_of(load_line_config(file)))
    except CalibrationError as error:
        raise ConfigError(str(error)) from error
    for one in differences(constants_of(config), constants_of(new)):
        if one.constant not in HOT:
            raise ConfigError(
                f"{file}: {one.constant} = {one.after} instead of {one.before}, which the device was told when the "
                "line was opened: stop the line to change it"
            )
    return new


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error})") from error
