"""Camera and magnetometers that are lost, or that do not tell the truth, and a line that sorts on by the rest."""

import pytest
from tests.faults.noticing import BEGINS_S, must_add_up, must_be_noticed
from tests.faulty_line import clear, inject, play

from neosort_inference.faults.modes import Mode

PICTURES_S = 5.0  # by then it is known what pictures are like


def test_a_line_without_faults_raises_no_alarm():
    played = play({}, 12.0)
    assert played.faults() == set()
    assert [mode for _, mode in played.modes] == [Mode.BOTH]
    assert set(played.sums()) <= {"ejected", "passed", "refused"}
    must_add_up(played)


@pytest.mark.parametrize(
    ("fault", "injected"),
    [
        ("camera.gone", inject("camera.gone")),
        ("camera.silent", inject("camera.silent")),
        ("magnetometer.gone", inject("magnetometer.gone")),
        ("magnetometer.silent", inject("magnetometer.silent")),
    ],
)
def test_a_lost_sense_leaves_the_other_and_comes_back_by_itself(fault, injected):
    played = play({BEGINS_S: injected, 7.0: clear(fault)}, 12.0)
    alarm = must_be_noticed(played, fault)
    assert played.faults() == {fault}
    assert 7.0 < played.at_s(alarm.cleared_ns) < 11.0
    assert alarm.acknowledged_ns is None, "still told, though it is over"
    assert played.mode_at(11.5) is Mode.BOTH
    noticed_s = played.at_s(alarm.raised_ns)
    assert any(noticed_s + 0.2 < fired_s < 7.0 for fired_s in played.fired_s()), "sorts on meanwhile"
    assert set(played.sums()) <= {"ejected", "passed", "refused", "late", fault}
    assert played.sums()["ejected"] > 3
    must_add_up(played)


def test_without_either_sense_the_line_stops():
    played = play({3.0: inject("camera.gone"), 5.0: inject("magnetometer.gone"), 7.0: clear("camera.gone")}, 14.0)
    assert played.faults() == {"camera.gone", "magnetometer.gone", "senses.lost"}
    assert [mode for _, mode in played.modes] == [Mode.BOTH, Mode.FIELD, Mode.STOP]
    must_be_noticed(played, "senses.lost", 5.0)


def test_a_sense_that_was_never_planned_is_not_missed():
    played = play({3.0: inject("camera.gone")}, 5.0, blind="camera")
    assert played.faults() == set()
    assert [mode for _, mode in played.modes] == [Mode.FIELD]
    played = play({3.0: inject("magnetometer.silent")}, 5.0, blind="field")
    assert played.faults() == set()


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        ("magnetometer.dead", {"channel": 3}),
        ("magnetometer.stuck", {"channel": 7, "axis": "y"}),
        ("magnetometer.saturated", {"channel": 23}),
    ],
)
def test_a_bad_channel_is_told_and_not_believed(fault, details):
    played = play({BEGINS_S: inject(fault, **details), 6.0: clear(fault)}, 8.0)
    alarm = must_be_noticed(played, fault)
    assert f" {details['channel']} " in alarm.detail
    assert played.faults() == {fault}
    assert 6.0 < played.at_s(alarm.cleared_ns) < 8.0


def test_with_too_many_channels_bad_the_line_sorts_by_the_camera():
    events = {BEGINS_S + 0.001 * one: inject("magnetometer.dead", channel=one) for one in range(4)}
    played = play({**events, 6.0: clear("magnetometer.dead")}, 9.0)
    must_be_noticed(played, "magnetometer.many")
    assert played.faults() == {"magnetometer.dead", "magnetometer.many"}
    assert [mode for _, mode in played.modes] == [Mode.BOTH, Mode.CAMERA, Mode.BOTH]


def test_channels_in_each_others_place_or_the_wrong_way_round_are_found_by_what_passes():
    mixed = {"channel": 3, "other": 9}
    events = {10.0: inject("magnetometer.swapped", **mixed), 10.1: inject("magnetometer.flipped", channel=15, axis="z")}
    played = play(events, 36.0)
    assert "3, 9 " in must_be_noticed(played, "magnetometer.swapped", 10.0).detail
    assert " 15 " in must_be_noticed(played, "magnetometer.flipped", 10.1).detail
    assert played.faults() == {"magnetometer.swapped", "magnetometer.flipped"}


def test_missing_samples_are_told():
    played = play({BEGINS_S: inject("magnetometer.dropped", share=0.3)}, 4.5)
    must_be_noticed(played, "magnetometer.lossy")
    assert played.faults() == {"magnetometer.lossy"}


@pytest.mark.parametrize("fault", ["camera.frozen", "camera.dark", "camera.blurred"])
def test_a_picture_that_does_not_show_the_belt_is_not_sorted_by(fault):
    played = play({PICTURES_S: inject(fault), PICTURES_S + 4.0: clear(fault)}, PICTURES_S + 8.0)
    alarm = must_be_noticed(played, fault, PICTURES_S)
    assert played.faults() == {fault}
    assert PICTURES_S + 4.0 < played.at_s(alarm.cleared_ns) < PICTURES_S + 6.0
    assert played.modes[-1][1] is Mode.BOTH
    must_add_up(played)


def test_dirt_on_the_window_is_told_and_sorted_on_with():
    played = play({10.0: inject("camera.dirty")}, 19.0)
    must_be_noticed(played, "camera.dirty", 10.0)
    assert played.faults() == {"camera.dirty"}
    assert [mode for _, mode in played.modes] == [Mode.BOTH]
