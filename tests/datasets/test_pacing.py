"""Where windows end: as far on as the pictures go, never farther apart than asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_datasets.pacing import Pace

SORTING = Pace.overlapping(512.0)


def test_one_window_a_frame_unless_somebody_asks():
    assert Pace().ends(1024.0, 1280.0) == [1280.0]
    assert Pace().ends(1024.0, 5000.0) == [5000.0]
    assert Pace().ends(1024.0, 1024.0) == []


@pytest.mark.parametrize(
    ("newest", "ends"),
    [
        *((256.0, [256.0]), (100.0, [100.0]), (60.0, []), (362.0, [362.0])),
        *((512.0, [256.0, 512.0]), (900.0, [300.0, 600.0, 900.0])),
    ],
)
def test_windows_for_sorting_overlap(newest, ends):
    assert SORTING.ends(0.0, newest) == pytest.approx(ends)


def test_a_fixed_pace_is_kept_exactly():
    pace = Pace(least_mm=512.0, most_mm=512.0)
    assert pace.ends(0.0, 500.0) == []
    assert pace.ends(0.0, 1300.0) == [512.0, 1024.0]


@given(st.floats(1, 600), st.floats(1, 3), st.floats(-1e6, 1e6), st.floats(0, 5000))
def test_hops_keep_their_bounds(least_mm, factor, reached_mm, gap_mm):
    pace = Pace(least_mm=least_mm, most_mm=least_mm * factor)
    ends = pace.ends(reached_mm, reached_mm + gap_mm)
    hops = [b - a for a, b in zip([reached_mm, *ends], ends, strict=False)]
    assert all(least_mm - 0.01 <= hop <= least_mm * factor + 0.01 for hop in hops)
    assert sum(hops) <= gap_mm + 0.01
    assert sum(hops) > gap_mm - least_mm - 0.01, "nothing that could be cut is left"


@pytest.mark.parametrize(
    ("view", "trigger", "hop"),
    [
        *((512, 256, 256), (512, 512, 256), (512, 50, 100), (512, 562, 562)),
        *((1024, 900, 300), (1024, 1200, 688), (320, 160, 160)),
    ],
)
def test_the_hop_that_the_tracker_is_told(view, trigger, hop):
    assert SORTING.hop_mm(view, trigger, 512.0) == pytest.approx(hop)
