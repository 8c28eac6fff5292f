"""Offset, gains and cross-axis of a sensor by readings while it is turned: planted, under noise; too few to tell."""

import numpy as np
import pytest

from neosort_inference.calibration.ellipsoid import DIRECTIONS, fit_ellipsoid, seen_of, sphere_centre, turned_alike
from neosort_inference.calibration.procedure import CalibrationError

pytestmark = pytest.mark.computes

EARTH_UT = 48.0
OFFSET_UT = np.array([35.0, -12.0, 4.0])
RESPONSE = np.array([[1.04, 0.02, -0.015], [0.02, 0.95, 0.01], [-0.015, 0.01, 1.01]])


def everywhere(count, rng):
    ways = rng.normal(size=(count, 3))
    return ways / np.linalg.norm(ways, axis=1, keepdims=True)


def readings(ways, rng, noise_ut=0.2, response=RESPONSE):
    return OFFSET_UT + EARTH_UT * ways @ response.T + rng.normal(0.0, noise_ut, (len(ways), 3))


@pytest.mark.parametrize("seed", range(5))
def test_offset_gain_and_cross_axis_are_recovered_as_well_as_they_say(seed):
    rng = np.random.default_rng(seed)
    found = fit_ellipsoid(readings(everywhere(400, rng), rng), EARTH_UT)
    off = found.centre_ut - OFFSET_UT
    left = found.correction - np.linalg.inv(RESPONSE)
    assert np.abs(off).max() < 0.1
    assert np.abs(left).max() < 0.003
    assert np.abs(off / found.centre_sigma_ut).max() < 4.5
    assert np.abs(left / found.correction_sigma).max() < 4.5
    assert found.left == pytest.approx(0.2 / EARTH_UT, rel=0.2)


def test_steel_that_passes_by_bends_little():
    rng = np.random.default_rng(1)
    seen = readings(everywhere(400, rng), rng)
    seen[100:120] += 6.0
    found = fit_ellipsoid(seen, EARTH_UT)
    assert np.abs(found.correction - np.linalg.inv(RESPONSE)).max() < 0.01


@pytest.mark.parametrize("over", ["a cap", "one axis", "nothing"])
def test_a_sensor_that_was_not_turned_to_every_side_is_refused(over):
    rng = np.random.default_rng(2)
    ways = everywhere(3000, rng)
    if over == "a cap":
        ways = ways[ways[:, 2] > 0.3]
    elif over == "one axis":
        ways[:, 2] *= 0.01
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    else:
        ways[:] = ways[0]
    with pytest.raises(CalibrationError, match=r"turn the sensor over every axis|more places"):
        fit_ellipsoid(readings(ways, rng), EARTH_UT)


def test_too_few_readings_are_named():
    rng = np.random.default_rng(3)
    with pytest.raises(CalibrationError, match="12 readings are too few"):
        fit_ellipsoid(readings(everywhere(12, rng), rng), EARTH_UT)


def test_no_direction_is_farther_than_that_from_a_named_one():
    ways = everywhere(20_000, np.random.default_rng(4))
    assert seen_of(ways).all()
    assert np.degrees(np.arccos((ways @ DIRECTIONS.T).max(axis=1))).max() < 37.5
    assert np.count_nonzero(seen_of(ways[ways[:, 0] > 0.9])) < 6


def test_a_sphere_is_found_at_once():
    rng = np.random.default_rng(5)
    centre, radius = sphere_centre(readings(everywhere(100, rng), rng, response=np.eye(3)))
    assert centre == pytest.approx(OFFSET_UT, abs=0.3)
    assert radius == pytest.approx(EARTH_UT, abs=0.3)


def test_sensors_turned_together_tell_each_others_turns_and_reversed_axes():
    rng = np.random.default_rng(6)
    ways = everywhere(300, rng)
    angle = 0.02
    skewed = np.array([[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]])
    mounted = [np.eye(3), np.eye(3), np.diag([1.0, -1.0, 1.0]), np.eye(3), -np.eye(3), skewed, np.eye(3)]
    seen = np.array([ways @ turn.T + rng.normal(0.0, 0.004, ways.shape) for turn in mounted])
    turns = turned_alike(seen)
    for turn, how in zip(turns, mounted, strict=True):
        assert turn @ how == pytest.approx(np.eye(3), abs=0.004)
