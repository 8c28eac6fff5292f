"""What the detector makes of a bundle's raw answers: places on the belt, sure ones only, best first."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.line_grid import lanes_of
from neosort_datasets.window import BeltWindow, WindowGrid
from neosort_hardware.types import Box
from neosort_inference.bundle import RawDetections
from neosort_inference.detector import Detection, Detector, expected_mass, joined

pytestmark = pytest.mark.computes

KINDS = ("hdd35", "phone", "lithium_cell")
GRID = WindowGrid()


class Metadata:
    kinds = KINDS
    grid = GRID


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


# Belts wider than the model -------------------------------------------------------------------------------------------

WIDE = dataclasses.replace(GRID, cols=1088, across_start_mm=-44.0)
LANES = lanes_of(WIDE, GRID)


def seen(across_lo, across_hi, score=0.9, belt=(100.0, 200.0)):
    return Detection(
        box=Box(belt_lo_mm=belt[0], belt_hi_mm=belt[1], across_lo_mm=across_lo, across_hi_mm=across_hi),
        score=score,
        kind="phone",
        kind_p=np.array([0, 1, 0], np.float32),
        p_ndfeb=0.5,
        magnet_g=1.0,
        magnet_g_sigma=1.0,
    )


def merged(*found):
    return [(d.box.across_lo_mm, d.box.across_hi_mm) for d in joined(found, [lane.grid for lane in LANES])]


def test_two_lanes_overlap_by_more_than_an_item():
    assert [lane.first_col for lane in LANES] == [0, 448]
    assert [lane.grid.across_start_mm for lane in LANES] == [-44.0, 404.0]


def test_an_item_that_both_lanes_show_is_one_item_and_the_deeper_look_counts():
    assert merged([seen(420, 500)], [seen(424, 503)]) == [(420, 500)]
    assert merged([seen(500, 580, 0.99)], [seen(503, 582, 0.5)]) == [(503, 582)]


def test_items_that_lie_side_by_side_stay_two():
    assert sorted(merged([seen(430, 470)], [seen(475, 520)])) == [(430, 470), (475, 520)]
    assert len(merged([seen(430, 470)], [seen(430, 470, belt=(300.0, 400.0))])) == 2


def test_a_piece_is_left_to_the_lane_that_shows_the_whole():
    assert merged([seen(540, 595)], [seen(540, 680)]) == [(540, 680)]
    assert merged([seen(350, 450)], [seen(405, 450)]) == [(350, 450)]


def test_an_item_wider_than_the_overlap_is_not_lost():
    assert merged([seen(200, 595)], []) == [(200, 595)]
    assert len(merged([seen(380, 596)], [seen(404, 620)])) == 1


def test_the_belts_own_edges_cut_nothing():
    assert sorted(merged([seen(-44, 20)], [seen(1000, 1044)])) == [(-44, 20), (1000, 1044)]


class LaneBundle(AnsweringBundle):
    """Remembers what it was shown."""

    def __init__(self, answer) -> None:
        super().__init__(answer)
        self.shown: list[BeltWindow] = []

    def run(self, window: BeltWindow) -> RawDetections:
        self.shown.append(window)
        return self._raw


def test_each_lane_is_looked_at_with_its_own_picture_and_field():
    picture = np.zeros((WIDE.rows, WIDE.cols, 3), np.uint8)
    picture[:, 448:] = 7
    field = np.zeros((3, WIDE.field_rows, WIDE.field_cols), np.float32)
    field[:, :, 28:] = 5.0
    wide = dataclasses.replace(
        window(1000.0), grid=WIDE, picture=picture, field_ut=field, field_mask=np.ones_like(field[:2])
    )
    bundle = LaneBundle(raw([0.9], boxes=[(10.0, 20.0, 60.0, 80.0)]))
    found = Detector(bundle, 0.25).detect(wide)
    left, right = bundle.shown
    assert left.picture.shape == right.picture.shape == (GRID.rows, GRID.cols, 3)
    assert right.field_ut.shape == (3, GRID.field_rows, GRID.field_cols)
    assert (right.picture == 7).all()
    assert (right.field_ut == 5.0).all()
    assert left.picture[0, 447].max() == 0
    assert left.field_mask.shape == (2, GRID.field_rows, GRID.field_cols)
    assert sorted(d.box.across_lo_mm for d in found) == [-24.0, 424.0]
    assert {d.box.belt_lo_mm for d in found} == {1010.0}


@given(st.lists(st.tuples(st.floats(-40, 1000), st.floats(5, 180), st.floats(0, 4000)), max_size=12))
def test_whatever_lies_on_a_wide_belt_is_found_once(places):
    """Lanes that see perfectly what is in them: items far enough apart come out exactly as they lie."""
    items, taken = [], []
    for across, width, belt in places:
        box = Box(
            across_lo_mm=across, across_hi_mm=min(1040.0, across + width), belt_lo_mm=belt, belt_hi_mm=belt + 100.0
        )
        if box.across_hi_mm - box.across_lo_mm >= 5 and all(box.overlap_mm2(other) == 0 for other in taken):
            taken.append(box)
            items.append(box)
    found = []
    for lane in LANES:
        low, high = lane.grid.across_start_mm, lane.grid.across_start_mm + GRID.cols
        cut = [(max(low, b.across_lo_mm), min(high, b.across_hi_mm), (b.belt_lo_mm, b.belt_hi_mm)) for b in items]
        found.append([seen(lo, hi, belt=belt) for lo, hi, belt in cut if hi - lo > 3])
    boxes = [d.box for d in joined(found, [lane.grid for lane in LANES])]
    assert sorted(b.across_lo_mm for b in boxes) == sorted(b.across_lo_mm for b in items)
