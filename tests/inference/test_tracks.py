"""One identity per item, decided once, as soon as it is seen whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_hardware.types import Box
from neosort_inference.detector import Detection
from neosort_inference.tracks import Tracker

pytestmark = pytest.mark.computes

HOP, LENGTH = 256.0, 512.0


def detection(belt_lo, belt_hi, across_lo=200.0, across_hi=300.0):
    return Detection(
        box=Box(belt_lo_mm=belt_lo, belt_hi_mm=belt_hi, across_lo_mm=across_lo, across_hi_mm=across_hi),
        score=0.9,
        kind="hdd35",
        kind_p=np.ones(1, np.float32),
        p_ndfeb=0.9,
        magnet_g=20.0,
        magnet_g_sigma=2.0,
    )


def seen_in(start, items):
    """What a perfect detector reports: boxes cut at the window's edges, slivers left out."""
    cut = [(max(lo, start), min(hi, start + LENGTH), lo, hi) for lo, hi in items]
    return [detection(a, b) for a, b, lo, hi in cut if b - a > 0.35 * (hi - lo)]


@given(st.floats(600, 1600), st.floats(15, 200), st.integers(0, 255))
def test_every_item_is_decided_exactly_once_and_whole(lo, length, phase):
    tracker = Tracker(HOP)
    decided = []
    for k in range(12):
        start = phase + k * HOP
        decided += tracker.update(seen_in(start, [(lo, lo + length)]), start, LENGTH)
    assert len(decided) == 1
    assert decided[0].box.belt_lo_mm == lo
    assert decided[0].box.belt_hi_mm == lo + length


def test_an_item_whose_field_is_not_yet_complete_waits_for_the_next_window():
    tracker = Tracker(HOP)
    assert tracker.update([detection(470.0, 500.0)], 0.0, LENGTH) == []
    (track,) = tracker.update([detection(470.0, 500.0)], HOP, LENGTH)
    assert track.decided


def test_two_items_side_by_side_stay_two():
    tracker = Tracker(HOP)
    due = tracker.update([detection(100, 200, 100, 200), detection(100, 200, 205, 305)], 0.0, LENGTH)
    assert len({track.track_id for track in due}) == 2


def test_neighbours_are_those_within_reach():
    tracker = Tracker(HOP)
    near, far = detection(210, 260, 100, 150), detection(400, 450, 100, 150)
    due = tracker.update([detection(100, 200), near, far], 0.0, LENGTH)
    boxes = [t.box for t in tracker.neighbours(due[0], 20.0)]
    assert boxes == [near.box]


def test_memory_is_bounded():
    tracker = Tracker(HOP)
    for k in range(200):
        start = k * HOP
        tracker.update([detection(start + 50, start + 90)], start, LENGTH)
    assert len(tracker.tracks) < 10


def test_a_sliver_at_a_windows_edge_is_left_to_the_window_that_shows_the_whole_item():
    tracker = Tracker(HOP)
    assert tracker.update([detection(480.0, 511.0)], 0.0, LENGTH) == []
    assert tracker.tracks == [], "cut by the upstream edge: the next window will show it whole"
    (whole,) = tracker.update([detection(480.0, 560.0)], HOP, LENGTH)
    assert tracker.update([detection(513.0, 561.0)], 2 * HOP, LENGTH) == [], "cut by the downstream edge: it was whole"
    assert tracker.tracks == [whole]


def test_a_piece_is_taken_where_no_other_window_shows_more():
    lost = Tracker(HOP)
    lost.update([], 0.0, LENGTH)
    assert len(lost.update([detection(1024.0, 1080.0)], 1024.0, LENGTH)) == 1, "the frames before it were dropped"
    single = Tracker(hop_mm=562.0)
    assert len(single.update([detection(450.0, 512.0)], 0.0, LENGTH)) == 1, "looked at once only"
    large = Tracker(HOP)
    assert len(large.update([detection(200.0, 512.0)], 0.0, LENGTH)) == 1, "no window may ever show all of it"
