"""How what a procedure has found compares with what was planted in the simulated line, constant by constant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from neosort_hardware.calibrated import straight_points
from neosort_hardware.config import LineConfig
from neosort_hardware.line import Line
from neosort_hardware.types import ArrayF64
from neosort_hardware.valve_lags import each_lag_ms, mean_lag_ms
from neosort_inference.calibration.procedure import CalibrationError, Result
from neosort_inference.calibration.trials import Compare, Recovered


def encoder_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Millimetres per count."""
    truth = line.config.twin.truth.mm_per_count or line.config.encoder.mm_per_count
    return [
        Recovered(
            constant="belt per count", unit="mm", before=line.config.encoder.mm_per_count, planted=truth,
            found=after.encoder.mm_per_count, tolerance=0.001 * truth,
        )
    ]  # fmt: skip


def plane_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Where the view's corners and its middle look."""
    truth = line.config.twin.truth.pixel_to_belt or line.config.calibration.pixel_to_belt
    width, height = line.config.camera.width_px, line.config.camera.height_px
    where = {
        "upper left": (0, 0), "upper right": (width, 0), "lower left": (0, height), "lower right": (width, height),
        "middle": (width / 2, height / 2),
    }  # fmt: skip
    rows = []
    for name, pixel in where.items():
        seen = [
            _through(homography, pixel)
            for homography in (line.config.calibration.pixel_to_belt, truth, after.calibration.pixel_to_belt)
        ]
        for axis, label in enumerate(("across", "station")):
            rows.append(
                Recovered(
                    constant=f"{name} of the view, {label}", unit="mm", before=seen[0][axis], planted=seen[1][axis],
                    found=seen[2][axis], tolerance=1.0,
                )
            )  # fmt: skip
    return rows


def standing(compare: Compare) -> Compare:
    """The same, said of a belt that stands while it is looked at."""

    def compared(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
        rows = compare(result, after, line)
        return [replace(row, constant=f"{row.constant} (standing belt)") for row in rows]

    return compared


def _through(homography: Sequence[Sequence[float]], pixel: tuple[float, float]) -> tuple[float, float]:
    x, y, w = np.asarray(homography) @ (*pixel, 1.0)
    return float(x / w), float(y / w)


def lens_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """The lens."""
    picture, lens = line.config.twin.picture, after.calibration.lens
    if lens is None:
        raise CalibrationError("intrinsics: no lens was found")
    width, height = line.config.camera.width_px, line.config.camera.height_px
    corner = np.array([[0.0, 0.0], [width, height]])
    true_px = 0.5 * np.array([width, height]) + (corner - 0.5 * np.array([width, height])) * (1 + picture.distortion)
    pushed = _radial_px(straight_points(lens, corner), width, height)
    return [
        *(
            Recovered(
                constant=f"focal length along {axis}", unit="px", before=0.0, planted=picture.focal_px, found=found,
                tolerance=0.01 * picture.focal_px,
            )
            for axis, found in zip("uv", lens.focal_px, strict=True)
        ),
        *(
            Recovered(
                constant=f"axis at {axis}", unit="px", before=0.5 * size, planted=0.5 * size, found=found, tolerance=6.0
            )
            for axis, found, size in zip("uv", lens.centre_px, (width, height), strict=True)
        ),
        Recovered(
            constant="distortion in the corners", unit="px", before=0.0,
            planted=_radial_px(true_px, width, height) - float(np.hypot(width, height)) / 2,
            found=pushed - float(np.hypot(width, height)) / 2, tolerance=0.5,
        ),
    ]  # fmt: skip


def _radial_px(points: ArrayF64, width: int, height: int) -> float:
    """Mean distance from the picture's middle."""
    return float(np.hypot(*(points - 0.5 * np.array([width, height])).T).mean())


def light_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Exposure, and what gains leave of a sheet's unevenness and tint."""
    told = {quantity.name: quantity for quantity in result.quantities}
    planted_px = line.config.twin.picture.defocus_px
    rows = [
        Recovered(
            constant="blur of an edge", unit="px", before=0.0, planted=planted_px, found=told["blur"].value,
            tolerance=0.15,
        )
    ]  # fmt: skip
    rows.append(
        Recovered(
            constant="exposure", unit="us", before=line.config.camera.exposure_us,
            planted=line.config.twin.picture.exposed_us or line.config.camera.exposure_us,
            found=after.camera.exposure_us, tolerance=150.0,
        )
    )  # fmt: skip
    for name, title in (("uneven", "unevenness of a white sheet"), ("tint", "tint of a white sheet")):
        rows.append(
            Recovered(
                constant=title, unit="%", before=told[name].before or 0.0, planted=0.0, found=told[name].value,
                tolerance=1.0,
            )
        )  # fmt: skip
    return rows


def responses_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Faults and all: a channel that reads the wrong way round is put right by its matrix."""
    channels = after.calibration.channels
    if channels is None or line.true_constants is None:
        raise CalibrationError("array: nothing was found")
    response = line.true_constants.channel_matrices().copy()
    for fault in line.config.twin.faults:
        if fault.fault == "magnetometer.flipped" and fault.channel is not None:
            axes = slice(None) if fault.axis is None else "xyz".index(fault.axis)
            response[fault.channel, axes] *= -1.0
    known = [n for n in range(len(response)) if n not in channels.out_of_use]
    left = np.asarray(channels.matrix)[known] @ response[known] - np.eye(3)
    before = response - np.eye(3)
    rows = []
    for name, entries in (("gain", np.eye(3, dtype=bool)), ("cross-axis", ~np.eye(3, dtype=bool))):
        rows.append(
            Recovered(
                constant=f"{name} of every channel, worst", unit="%", planted=0.0,
                before=100 * float(np.abs(before[:, entries]).max()),
                found=100 * float(np.abs(left[:, entries]).max()), tolerance=1.0,
            )
        )  # fmt: skip
    return rows


def array_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Responses, height, and channels that are mixed up."""
    rows = responses_rows(result, after, line)
    channels = after.calibration.channels
    assert channels is not None, "responses_rows has looked"
    height = line.config.twin.truth.array_height_mm or line.config.magnetometer.height_mm
    rows.append(
        Recovered(
            constant="sensors below the belt", unit="mm", before=line.config.magnetometer.height_mm, planted=height,
            found=after.magnetometer.height_mm, tolerance=0.5,
        )
    )  # fmt: skip
    swapped, dead = _planted_faults(line.config)
    rows.append(
        Recovered(
            constant="channels in each other's place", unit="", before=0.0, planted=float(swapped),
            found=float(sum(place != channel for channel, place in enumerate(channels.order))), tolerance=0.0,
        )
    )  # fmt: skip
    rows.append(
        Recovered(
            constant="channels out of use", unit="", before=0.0, planted=float(dead),
            found=float(len(channels.out_of_use)), tolerance=0.0,
        )
    )  # fmt: skip
    return rows


def _planted_faults(config: LineConfig) -> tuple[int, int]:
    """Channels that are in another's place, and channels that do not measure."""
    names = [fault.fault for fault in config.twin.faults]
    return 2 * names.count("magnetometer.swapped"), names.count("magnetometer.dead") + names.count("magnetometer.stuck")


def camera_to_array_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Where the array is."""
    truth, config = line.config.twin.truth, line.config
    return [
        Recovered(
            constant="array's station", unit="mm", before=config.calibration.array_station_mm, tolerance=1.0,
            planted=truth.array_station_mm or config.calibration.array_station_mm,
            found=after.calibration.array_station_mm,
        ),
        Recovered(
            constant="channel 0 across", unit="mm", before=config.magnetometer.first_across_mm, tolerance=1.0,
            planted=truth.array_first_across_mm or config.magnetometer.first_across_mm,
            found=after.magnetometer.first_across_mm,
        ),
    ]  # fmt: skip


def nozzles_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """Where the nozzles are, and how the valves are led."""
    before, truth = line.config.calibration, line.config.twin.truth
    if line.true_constants is None:
        raise CalibrationError("nozzles: the line is not simulated")
    lags = line.true_constants.valve_lags_ms()
    first = truth.nozzle_first_across_mm
    pairs = (
        ("nozzles' station", "mm", before.nozzle_station_mm, truth.nozzle_station_mm or before.nozzle_station_mm,
         after.calibration.nozzle_station_mm, 1.5),
        ("nozzle 0 across", "mm", line.config.diverter.first_across_mm,
         line.config.diverter.first_across_mm if first is None else first, after.diverter.first_across_mm, 1.5),
        ("valves open after, mean", "ms", mean_lag_ms(before.valve_open_lag_ms), float(lags[:, 0].mean()),
         mean_lag_ms(after.calibration.valve_open_lag_ms), 0.3),
        ("valves close after, mean", "ms", mean_lag_ms(before.valve_close_lag_ms), float(lags[:, 1].mean()),
         mean_lag_ms(after.calibration.valve_close_lag_ms), 0.3),
        ("valves opened off their moment, rms", "ms", _led_off(before.valve_open_lag_ms, lags[:, 0], line), 0.0,
         _led_off(after.calibration.valve_open_lag_ms, lags[:, 0], line), 0.25),
        ("valves shut off their moment, rms", "ms", _led_off(before.valve_close_lag_ms, lags[:, 1], line), 0.0,
         _led_off(after.calibration.valve_close_lag_ms, lags[:, 1], line), 0.25),
    )  # fmt: skip
    return [
        Recovered(constant=name, unit=unit, before=was, planted=planted, found=found, tolerance=tolerance)
        for name, unit, was, planted, found, tolerance in pairs
    ]


def _led_off(lag_ms: float | tuple[float, ...], true_ms: ArrayF64, line: Line) -> float:
    """How far valves that blow are led off their lag."""
    dead = [fault.valve for fault in line.config.twin.faults if fault.fault == "diverter.valve_closed"]
    alive = [valve for valve in range(len(true_ms)) if valve not in dead]
    off = np.array(each_lag_ms(lag_ms, len(true_ms))) - true_ms
    return float(np.sqrt(np.mean(off[alive] ** 2)))


def verified_rows(result: Result, after: LineConfig, line: Line) -> list[Recovered]:
    """That nothing is off."""
    told = {quantity.name: quantity for quantity in result.quantities}
    return [
        Recovered(
            constant=told[name].title, unit="mm", before=0.0, planted=0.0, found=told[name].value,
            tolerance=told[name].most or 0.0,
        )
        for name in ("along", "across", "height", "shots")
    ]  # fmt: skip
