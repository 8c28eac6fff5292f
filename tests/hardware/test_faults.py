"""Faults by themselves: what each must be told, what they make of readings, and the travel that a bad encoder shows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from neosort_hardware.config import ConfigError, LineConfig, load_line_config
from neosort_hardware.faults import FAULT_NAMES, Fault
from neosort_hardware.twin.fault_board import RAIL_UT, FaultBoard, FaultyArray, ShownTravel

pytestmark = pytest.mark.computes

CHANNELS = 5


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"fault": "magnetometer.dead"}, "must be told its channel"),
        ({"fault": "magnetometer.swapped", "channel": 1}, "must be told its other"),
        ({"fault": "magnetometer.swapped", "channel": 1, "other": 1}, "channel 1 with itself"),
        ({"fault": "magnetometer.silent", "channel": 1}, "has no channel"),
        ({"fault": "camera.frozen", "valve": 1}, "has no valve"),
        ({"fault": "magnetometer.dropped", "share": 1.5}, "less than or equal to 1"),
        ({"fault": "magnetometer.flipped", "channel": 1, "axis": "w"}, "'x', 'y' or 'z'"),
        ({"fault": "magnetometer.broken"}, "magnetometer.dead"),
    ],
)
def test_a_fault_that_is_told_too_little_or_too_much_is_refused(given_, words):
    with pytest.raises(ValidationError, match=words):
        Fault.model_validate(given_)


def test_a_configuration_names_the_faults_of_the_start(tmp_path):
    path = tmp_path / "line.toml"
    path.write_text(
        '[[twin.faults]]\nfault = "magnetometer.dead"\nchannel = 3\n[[twin.faults]]\nfault = "camera.dark"\n'
    )
    faults = load_line_config(path).twin.faults
    assert [fault.fault for fault in faults] == ["magnetometer.dead", "camera.dark"]
    assert faults[0].channel == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ('fault = "magnetometer.dead"\nchannel = 24', "channel = 24.*23"),
        ('fault = "diverter.valve_open"\nvalve = 99', "valve = 99.*47"),
        ('fault = "magnetometer.dead"', "must be told"),
        ('fault = "nothing"', "twin.faults.0.fault"),
    ],
)
def test_a_configuration_with_a_fault_that_the_line_cannot_have_is_refused(tmp_path, fault, words):
    path = tmp_path / "line.toml"
    path.write_text(f"[[twin.faults]]\n{fault}\n")
    with pytest.raises(ConfigError, match=words):
        load_line_config(path)
    assert LineConfig().twin.faults == ()


def test_every_fault_belongs_to_a_device_or_the_plant():
    assert {name.split(".")[0] for name in FAULT_NAMES} == {
        "camera",
        "magnetometer",
        "encoder",
        "diverter",
        "interlock",
        "plant",
    }


def readings(count=6):
    field_ut = np.random.default_rng(2).normal(0, 30, (count, CHANNELS, 3)).astype(np.float32)
    saturated = np.zeros((count, CHANNELS), dtype=bool)
    saturated[1, 2] = True
    return field_ut, saturated


def spoilt(**fault):
    return FaultyArray(FaultBoard([Fault(**fault)])).readings(*readings())


def others_untouched(field_ut, *channels):
    kept = [channel for channel in range(CHANNELS) if channel not in channels]
    return np.array_equal(field_ut[:, kept], readings()[0][:, kept])


def test_a_dead_channel_reads_nothing():
    field_ut, saturated = spoilt(fault="magnetometer.dead", channel=2)
    assert np.isnan(field_ut[:, 2]).all()
    assert not saturated[:, 2].any()
    assert others_untouched(field_ut, 2)


def test_a_saturated_channel_stands_at_its_limit_and_says_so():
    field_ut, saturated = spoilt(fault="magnetometer.saturated", channel=2)
    assert (field_ut[:, 2] == RAIL_UT).all()
    assert saturated[:, 2].all()
    assert others_untouched(field_ut, 2)


@pytest.mark.parametrize(("axis", "signs"), [(None, (-1, -1, -1)), ("y", (1, -1, 1))])
def test_a_flipped_channel_or_axis_has_the_wrong_sign(axis, signs):
    field_ut, saturated = spoilt(fault="magnetometer.flipped", channel=2, axis=axis)
    assert np.array_equal(field_ut[:, 2], readings()[0][:, 2] * signs)
    assert np.array_equal(saturated, readings()[1])
    assert others_untouched(field_ut, 2)


def test_swapped_channels_read_each_others_field_and_flag():
    field_ut, saturated = spoilt(fault="magnetometer.swapped", channel=2, other=4)
    assert np.array_equal(field_ut[:, [2, 4]], readings()[0][:, [4, 2]])
    assert saturated[1].tolist() == [False, False, False, False, True]
    assert others_untouched(field_ut, 2, 4)


@pytest.mark.parametrize(("axis", "stuck"), [(None, (True, True, True)), ("z", (False, False, True))])
def test_a_stuck_channel_repeats_what_it_read_last(axis, stuck):
    board = FaultBoard()
    array = FaultyArray(board)
    before, _ = array.readings(*readings())
    board.switch_on(Fault(fault="magnetometer.stuck", channel=2, axis=axis), 0.0)
    for _ in range(2):
        field_ut, _ = array.readings(*readings(4))
        for which, held in enumerate(stuck):
            assert np.array_equal(field_ut[:, 2, which], np.full(4, before[-1, 2, which])) == held
    assert np.array_equal(np.delete(field_ut, 2, axis=1), np.delete(readings(4)[0], 2, axis=1))
    board.switch_off(board.active(), 0.0)
    assert np.array_equal(array.readings(*readings())[0], before)


def test_readings_of_a_sound_array_are_handed_on_as_they_are():
    field_ut, saturated = readings()
    handed = FaultyArray(FaultBoard()).readings(field_ut, saturated)
    assert handed[0] is field_ut
    assert handed[1] is saturated


def test_a_sound_encoder_shows_the_true_travel():
    travel = ShownTravel()
    places = np.linspace(0, 9000, 7)
    assert np.array_equal(travel.all_shown_mm(places), places)
    assert travel.true_mm(512.0) == 512.0


def test_a_stopped_encoder_stands_still_and_never_shows_what_lies_ahead():
    travel = ShownTravel()
    travel.stop(1000.0)
    assert travel.all_shown_mm(np.array([900.0, 1000.0, 1500.0])).tolist() == [900.0, 1000.0, 1000.0]
    assert travel.true_mm(1200.0) is None
    assert travel.true_mm(700.0) == 700.0
    travel.go_on(1600.0)
    assert travel.shown_mm(1700.0) == 1100.0
    assert travel.true_mm(1200.0) == 1800.0


def test_a_jump_forwards_leaves_places_out_and_a_jump_back_shows_them_twice():
    travel = ShownTravel()
    travel.jump(1000.0, 300.0)
    assert travel.shown_mm(1050.0) == 1350.0
    assert travel.true_mm(1200.0) == 1000.0, "what was jumped over is due at the jump"
    assert travel.true_mm(1350.0) == 1050.0
    travel.jump(2000.0, -500.0)
    assert travel.shown_mm(2001.0) == 1801.0
    assert travel.true_mm(1900.0) == 2100.0, "the next time that it is shown"


@given(
    st.lists(
        st.tuples(st.floats(1, 500), st.sampled_from(["jump", "stop", "go on"]), st.floats(-200, 200)), max_size=6
    ),
    st.floats(0, 4000),
)
def test_a_place_that_is_shown_at_last_is_shown_when_it_is_said_to_be(changes, shown_mm):
    travel, true_mm = ShownTravel(), 0.0
    for after_mm, what, by_mm in changes:
        true_mm += after_mm
        if what == "jump":
            travel.jump(true_mm, by_mm)
        elif what == "stop":
            travel.stop(true_mm)
        else:
            travel.go_on(true_mm)
    at_mm = travel.true_mm(shown_mm)
    if at_mm is None:
        ahead = travel.all_shown_mm(np.linspace(true_mm, true_mm + 9000, 50))
        assert ahead.max() < shown_mm
    else:
        assert travel.shown_mm(at_mm) >= shown_mm - 1e-6
