"""What the detector makes of a bundle's raw answers: places on the belt, sure ones only, best first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_inference.bundle import RawDetections
from neosort_inference.detector import Detector, expected_mass

KINDS = ("hdd35", "phone", "lithium_cell")
GRID = WindowGrid()


class Metadata:
    kinds = KINDS


class AnsweringBundle:
    """Gives the same raw answer to every window."""

    metadata = Metadata()

    def __init__(self, raw: RawDetections) -> None:
        self._raw = raw

    def run(self, _window: BeltWindow) -> RawDetections:
        return self._raw


def raw(scores, boxes=None, kind_p=None):
    n = len(scores)
    boxes = [(100.0, 200.0, 160.0, 280.0)] * n if boxes is None else boxes
    return RawDetections(
        boxes_mm=np.array(boxes, np.float32).reshape(n, 4),
        score=np.array(scores, np.float32),
        kind_p=np.array([(0.1, 0.7, 0.2)] * n if kind_p is None else kind_p, np.float32).reshape(n, 3),
        p_ndfeb=np.linspace(0.9, 0.8, n, dtype=np.float32),
        magnet_g=np.arange(1, n + 1, dtype=np.float32),
        magnet_g_sigma=np.full(n, 0.5, np.float32),
    )


def window(start_mm=0.0):
    return BeltWindow(
        grid=GRID,
        start_mm=start_mm,
        picture=np.zeros((GRID.rows, GRID.cols, 3), np.uint8),
        field_ut=np.zeros((3, GRID.field_rows, GRID.field_cols), np.float32),
        field_mask=np.zeros((2, GRID.field_rows, GRID.field_cols), np.float32),
        last_input_ns=0,
        sequence=1,
    )


def detect(answer, start_mm=0.0, min_score=0.25):
    return Detector(AnsweringBundle(answer), min_score).detect(window(start_mm))


@given(st.floats(0, 1e5), st.floats(0, 400), st.floats(1, 100), st.floats(0, 500), st.floats(1, 100))
def test_a_box_in_the_window_becomes_a_place_on_the_belt(start_mm, along, length, across, width):
    (found,) = detect(raw([0.9], [(along, across, along + length, across + width)]), start_mm)
    assert found.box.belt_lo_mm == pytest.approx(start_mm + along, abs=0.02)
    assert found.box.belt_hi_mm == pytest.approx(start_mm + along + length, abs=0.02)
    assert found.box.across_lo_mm == pytest.approx(GRID.across_start_mm + across, abs=0.02)
    assert found.box.across_hi_mm == pytest.approx(GRID.across_start_mm + across + width, abs=0.02)


def test_everything_said_of_an_item_stays_with_it():
    answer = raw([0.3, 0.9], kind_p=[(0.1, 0.7, 0.2), (0.1, 0.2, 0.7)])
    best, other = detect(answer)
    assert (best.kind, best.magnet_g, best.p_ndfeb) == ("lithium_cell", pytest.approx(0.8 * 2.0), pytest.approx(0.8))
    assert (other.kind, other.magnet_g, other.p_ndfeb) == ("phone", pytest.approx(0.9 * 1.0), pytest.approx(0.9))
    np.testing.assert_allclose(best.kind_p, (0.1, 0.2, 0.7), rtol=1e-6)
    assert best.magnet_g_sigma == pytest.approx((0.8 * (0.5**2 + 2.0**2) - 1.6**2) ** 0.5)


def test_only_what_is_sure_enough_is_kept_best_first():
    found = detect(raw([0.1, 0.5, 0.24, 0.75, 0.25]), min_score=0.25)
    assert [detection.score for detection in found] == [0.75, 0.5, 0.25], "the limit itself is in"


def test_an_empty_box_is_no_item():
    boxes = [(100.0, 200.0, 100.0, 280.0), (100.0, 280.0, 160.0, 200.0), (100.0, 200.0, 160.0, 280.0)]
    assert len(detect(raw([0.9, 0.9, 0.9], boxes))) == 1


def test_an_empty_belt_has_no_items():
    assert detect(raw([0.0] * 64)) == []


@given(st.floats(0, 1), st.floats(0, 100), st.floats(0, 50))
def test_the_mass_to_be_expected_is_that_of_a_coin_toss_between_some_and_none(p, grams, sigma_g):
    mean_g, spread_g = expected_mass(p, grams, sigma_g)
    draws = np.random.default_rng(0).normal(grams, sigma_g, 4000) * (np.random.default_rng(1).random(4000) < p)
    assert mean_g == pytest.approx(draws.mean(), abs=0.1 * (grams + sigma_g) + 1e-9)
    assert spread_g == pytest.approx(draws.std(), abs=0.1 * (grams + sigma_g) + 1e-9)
