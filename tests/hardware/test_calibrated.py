"""Camera and array with the line's calibration put to use."""

import numpy as np
import pytest

from neosort_hardware.calibrated import Correction, calibrated_array, gains_of, straight_points
from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.settings_calibration import ChannelsCalibration, LensCalibration, LightCalibration
from neosort_hardware.types import FieldBlock

pytestmark = pytest.mark.computes

LENS = {"focal_px": (1000.0, 1000.0), "centre_px": (320.0, 256.0), "distortion": (-0.2, 0.0, 0.0, 0.0, 0.0)}


def block_of(field_ut):
    samples = len(field_ut)
    return FieldBlock(
        field_ut=np.asarray(field_ut, np.float32), saturated=np.zeros(np.shape(field_ut)[:2], bool),
        belt_mm=np.arange(samples, dtype=float), sampled_ns=np.arange(samples, dtype=np.int64), sequence=1,
    )  # fmt: skip


def test_readings_become_the_field_in_the_belts_axes():
    rng = np.random.default_rng(2)
    matrices = np.eye(3) + 0.05 * rng.standard_normal((4, 3, 3))
    zero, true = rng.normal(0, 40, (4, 3)), rng.normal(0, 100, (50, 4, 3))
    read = np.einsum("tci,cji->tcj", true, matrices) + zero
    order = [0, 2, 1, 3]
    channels = ChannelsCalibration(
        zero_ut=zero.tolist(), matrix=np.linalg.inv(matrices).tolist(), order=order, out_of_use=(3,)
    )

    found = Correction(channels).corrected(block_of(read[:, order]))

    assert found.field_ut[:, :3] == pytest.approx(true[:, :3], abs=1e-2)
    assert np.isnan(found.field_ut[:, 3]).all()


def test_a_line_without_such_constants_has_the_devices_themselves():
    with open_line(LineConfig(), VirtualClock()) as line:
        assert not hasattr(line.camera, "bare")
        assert calibrated_array(line.magnetometer, line.config) is line.magnetometer


def test_pictures_are_straightened_and_lit():
    config = LineConfig.model_validate(
        {"calibration": {"lens": LENS, "light": {"white": (1.1, 1.0, 0.9)}}, "twin": {"feed": {"items_per_s_per_m": 0}}}
    )
    with (
        open_line(LineConfig(twin=config.twin), VirtualClock(), 4) as plain,
        open_line(config, VirtualClock(), 4) as line,
    ):
        bare, seen = plain.camera.read(1.0).image, line.camera.read(1.0).image
    ratio = seen.reshape(-1, 3).mean(axis=0) / bare.reshape(-1, 3).mean(axis=0)
    assert ratio == pytest.approx((1.1, 1.0, 0.9), rel=0.03)
    middle = np.s_[250:262, 314:326]
    assert np.abs(seen[middle][..., 1].astype(float) - bare[middle][..., 1]).mean() < 3.0
    assert np.abs(seen[:40, :40, 1].astype(float) - bare[:40, :40, 1]).mean() > 1.0


def test_straight_points_undo_the_lens():
    lens = LensCalibration(**LENS)
    corner = np.array([[0.0, 0.0], [320.0, 256.0]])
    straight = straight_points(lens, corner)
    assert straight[1] == pytest.approx((320.0, 256.0))
    radius = np.linalg.norm((straight[0] - 320.0 * np.array([1, 0.8])) / 1000.0)
    assert np.linalg.norm(corner[0] - corner[1]) / 1000.0 == pytest.approx(radius * (1 - 0.2 * radius**2), rel=1e-4)


def test_gains_are_spread_evenly_over_the_picture():
    gains = gains_of(LightCalibration(flat=((1.0, 2.0), (1.0, 2.0))), (100, 60))
    assert gains.shape == (60, 100, 3)
    assert gains[30, 0, 0] == pytest.approx(1.0, abs=0.02)
    assert gains[30, 50, 1] == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        (
            {"zero_ut": [[0, 0, 0]] * 3, "matrix": [np.eye(3).tolist()] * 3},
            "holds 3 channels, magnetometer.channels is 24",
        ),
        ({"zero_ut": [[0, 0, 0]] * 3, "matrix": [np.eye(3).tolist()] * 2}, "3 zeros and 2 matrices"),
        ({"zero_ut": [[0, 0, 0]], "matrix": [np.eye(3).tolist()], "order": [1]}, "must name each of 0..0 once"),
    ],
)
def test_channels_that_do_not_fit_are_refused(channels, said):
    with pytest.raises(ValueError, match=said):
        LineConfig.model_validate({"calibration": {"channels": channels}})
