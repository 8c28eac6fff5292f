"""What single parts of pages are drawn from, without a browser."""

from __future__ import annotations

import pytest
from tests.inference.test_page import snapshot

from neosort_inference.counters import Counts
from neosort_inference.faults.catalogue import words_of
from neosort_inference.ui.chart import INK
from neosort_inference.ui.sensor_trend import CAMERA, WORST, trend_chart
from neosort_inference.ui.valve_test import _why_not

pytestmark = pytest.mark.computes


def history(*counts: Counts):
    return [snapshot(elapsed_s=0.5 * number, counts=one) for number, one in enumerate(counts)]


def counts(samples, missing, saturated=(0, 0), frames=0, lost=0) -> Counts:
    return Counts(
        samples=samples, channel_missing=missing, channel_saturated=saturated, frames=frames, frames_lost=lost
    )


def drawn(sensor, *told) -> dict[str, list]:
    return {one["name"]: one["data"] for one in trend_chart(INK[True], history(*told), sensor)["series"]}


def test_a_fault_is_told_in_words_and_one_that_nobody_knows_any_more_by_its_name():
    assert words_of("camera.silent") == "camera gives no frames"
    assert words_of("camera.haunted") == "camera.haunted"


def test_a_sensors_trend_is_the_share_that_was_lost_from_one_moment_to_the_next():
    told = (counts(0, (0, 0)), counts(100, (0, 10), (5, 0)), counts(200, (50, 10), (5, 0)))
    assert drawn("magnetometer 1", *told) == {
        "missing": [(0.5, 10.0), (1.0, 0.0)],
        "saturated": [(0.5, 0.0), (1.0, 0.0)],
    }
    assert drawn(WORST, *told) == {"missing": [(0.5, 10.0), (1.0, 50.0)], "saturated": [(0.5, 5.0), (1.0, 0.0)]}


def test_the_cameras_trend_counts_lost_frames_among_those_due():
    told = (counts(0, ()), counts(0, (), frames=9, lost=1), counts(0, (), frames=9, lost=1))
    assert drawn(CAMERA, *told) == {"frames lost": [(0.5, 10.0), (1.0, None)]}


@pytest.mark.parametrize("told", [(), (Counts(),), (Counts(), Counts())])
def test_a_trend_of_nothing_is_empty(told):
    assert all(share is None for data in drawn("magnetometer 5", *told).values() for _, share in data)


@pytest.mark.parametrize(
    ("state", "stopped_by", "words"),
    [
        ("sorting", "", "somebody has stopped the line"),
        ("finished", "", "somebody has stopped the line"),
        ("stopped", "interlock open", "by a fault: interlock open"),
        ("stopped", "stopped by Ada", ""),
    ],
)
def test_a_valve_is_tried_only_on_a_line_that_a_person_has_stopped(state, stopped_by, words):
    why = _why_not(snapshot(state=state, stopped_by=stopped_by))
    assert words in why
    assert bool(why) is bool(words)
