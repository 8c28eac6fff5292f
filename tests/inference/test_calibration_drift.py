"""A calibration that is old, or that belt and array no longer agree with, raises an alarm; a good one does not."""

from datetime import date

import numpy as np
import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.line import open_line
from neosort_hardware.types import FieldBlock
from neosort_inference.faults.calibration_drift import CalibrationOld, Drifted, FieldDrifted, TextureDrifted

pytestmark = pytest.mark.computes

TODAY = date(2026, 7, 1)
FRAMES = 48


def said_of_pictures(truth):
    config = LineConfig.model_validate({"twin": {"truth": truth}})
    texture = TextureDrifted(config)
    with open_line(config, VirtualClock(), 5) as line:
        for _ in range(FRAMES):
            texture.see_frame(line.camera.read(1.0))
    return Drifted(texture).says(0)


def test_a_belt_that_moves_as_it_should_says_nothing():
    assert said_of_pictures({}) == ""


def test_an_encoder_that_counts_less_belt_than_there_is_is_noticed():
    assert "of what encoder and picture say apart" in said_of_pictures({"mm_per_count": 0.51})


def turned_by(degrees):
    """The belt plane of a camera that has been turned."""
    turn = np.radians(degrees)
    middle = np.array([[1, 0, -300.0], [0, 1, -256.0], [0, 0, 1]])
    turned = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    plane = np.array(LineConfig().calibration.pixel_to_belt)
    return (np.linalg.inv(middle) @ turned @ middle @ plane).tolist()


def test_a_camera_that_was_turned_is_noticed():
    assert "askew" in said_of_pictures({"pixel_to_belt": turned_by(1.5)})


def test_the_watch_goes_by_the_calibration_that_is_in_force():
    askew = LineConfig().calibration.model_copy(update={"pixel_to_belt": turned_by(1.5), "made_on": date(2026, 6, 1)})
    wrong = LineConfig().model_copy(update={"calibration": askew})
    texture, old = TextureDrifted(wrong), CalibrationOld(date(2025, 12, 1), TODAY)
    with open_line(LineConfig(), VirtualClock(), 5) as line:
        for _ in range(FRAMES):
            texture.see_frame(line.camera.read(1.0))
        assert "askew" in texture.says(0)
        assert old.says(0) != ""
        for one in (texture, old):
            one.recalibrated(LineConfig() if one is texture else wrong)
            assert one.says(0) == "", "what was found before is said no more"
        for _ in range(FRAMES):
            texture.see_frame(line.camera.read(1.0))
    assert texture.says(0) == ""


def field(ut, second):
    stamps = np.arange(10, dtype=np.int64) * 1_000_000 + round(second * 1e9)
    return FieldBlock(
        field_ut=np.full((10, 4, 3), ut, np.float32), saturated=np.zeros((10, 4), bool),
        belt_mm=stamps * 1e-6, sampled_ns=stamps, sequence=1,
    )  # fmt: skip


def test_an_empty_belts_field_that_is_back_is_noticed_and_passing_items_are_not():
    drift = FieldDrifted()
    for step in range(200):
        drift.see_block(field(300.0 if step % 5 == 0 else 1.0, 0.1 * step))  # an item every half second
    assert drift.says(0) == ""
    for step in range(200, 400):
        drift.see_block(field(14.0, 0.1 * step))
    assert drift.says(0) == "channel 0, 1, 2, 3: 14 µT over the empty belt, calibrated to 0"


@pytest.mark.parametrize(
    ("made_on", "said"),
    [
        (None, ""),
        (date(2026, 6, 1), ""),
        (date(2025, 12, 1), "made 212 days ago, good for 180"),
        (date(2027, 1, 1), ""),
    ],
)
def test_age(made_on, said):
    assert CalibrationOld(made_on, TODAY).says(0) == said
