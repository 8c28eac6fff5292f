"""What is planted in simulated lines, procedure by procedure."""

from __future__ import annotations

from neosort_inference.calibration.planted import (
    array_rows,
    camera_to_array_rows,
    encoder_rows,
    lens_rows,
    light_rows,
    nozzles_rows,
    plane_rows,
    responses_rows,
    standing,
    verified_rows,
)
from neosort_inference.calibration.trials import Trial

_MIXED_UP = (
    {"fault": "magnetometer.swapped", "channel": 5, "other": 9},
    {"fault": "magnetometer.flipped", "channel": 12},
    {"fault": "magnetometer.flipped", "channel": 20, "axis": "x"},
    {"fault": "magnetometer.dead", "channel": 17},
)
_TURNED_ROUND = tuple(fault for fault in _MIXED_UP if fault["fault"] != "magnetometer.swapped")
_SKEWED = ((1.02, 0.03, -25.0), (0.0198537705, -0.989707541, 500.3770535), (1e-5, -2e-5, 1.0))
_SKEWED_LINE = {"twin": {"truth": {"pixel_to_belt": _SKEWED}}}
_STRETCHED = {"twin": {"truth": {"mm_per_count": 0.5123}}}
_APART_MS = tuple(2.6 + 0.6 * (valve * 7 % 5 - 2) for valve in range(48))  # as of valves of several makes
TRIALS: tuple[Trial, ...] = (
    Trial(
        procedure="light",
        line={
            "camera": {"exposure_us": 110.0},
            "twin": {
                "picture": {
                    "colour_temperature_k": 4200,
                    "light_falloff": 0.4,
                    "defocus_px": 0.7,
                    "exposed_us": 350.0,
                },
            },
        },
        compare=light_rows,
    ),
    Trial(
        procedure="intrinsics",
        line={"twin": {"picture": {"distortion": 0.02, "focal_px": 1100}}},
        parameters={"views": 12},
        compare=lens_rows,
    ),
    Trial(procedure="encoder-scale", line=_STRETCHED, compare=encoder_rows),
    Trial(procedure="encoder-scale", line=_STRETCHED, compare=standing(encoder_rows), parameters={"belt": "standing"}),
    Trial(procedure="belt-plane", line=_SKEWED_LINE, compare=plane_rows),
    Trial(procedure="belt-plane", line=_SKEWED_LINE, compare=standing(plane_rows), parameters={"belt": "standing"}),
    Trial(
        procedure="array",
        line={
            "twin": {
                "gain_error": 0.04,
                "cross_axis": 0.03,
                "truth": {"array_height_mm": 47.0},
                "faults": _MIXED_UP,
            }
        },
        compare=array_rows,
    ),
    Trial(
        procedure="array-turned",
        line={"twin": {"gain_error": 0.04, "cross_axis": 0.03, "earth_ut": 48.0, "faults": _TURNED_ROUND}},
        compare=responses_rows,
    ),
    Trial(
        procedure="camera-to-array",
        line={"twin": {"truth": {"array_station_mm": 531.0, "array_first_across_mm": 16.0}}},
        compare=camera_to_array_rows,
    ),
    Trial(
        procedure="nozzles",
        line={
            "twin": {
                "truth": {
                    "nozzle_station_mm": 1521.0,
                    "nozzle_first_across_mm": 8.5,
                    "valve_open_lag_ms": _APART_MS,
                    "valve_close_lag_ms": 2.1,
                },
                "faults": [{"fault": "diverter.valve_closed", "valve": 30}],
            }
        },
        compare=nozzles_rows,
    ),
    Trial(procedure="verification", line={}, compare=verified_rows),
)
