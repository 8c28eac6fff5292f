"""What any device must keep, simulated or real, whoever made it: the contract of `neosort_hardware.devices`.

`conformance.py` has the rigs that it goes through; `test_conformance_of_sensors.py` the part of cameras and arrays.
"""

import time

import numpy as np
import pytest
from tests.hardware.conformance import ALL, DIVERTERS, ENCODERS, FAILING, INTERLOCKS, USES, fixture_of
from tests.hardware.rigs import patiently

from neosort_hardware.devices import DeviceError
from neosort_hardware.types import Shot, ShotOutcome

diverter_rig = fixture_of(DIVERTERS)
encoder_rig = fixture_of(ENCODERS)
interlock_rig = fixture_of(INTERLOCKS)
any_device = fixture_of(ALL)
failing_device = fixture_of(FAILING)


def shot(rig, ahead_mm, *, shot_id=1, nozzles=(3, 5), length_mm=60.0):
    at_mm = rig.belt_mm() + ahead_mm
    return Shot(
        shot_id=shot_id, track_id=1, first_nozzle=nozzles[0], last_nozzle=nozzles[1],
        open_mm=at_mm, close_mm=at_mm + length_mm,
    )  # fmt: skip


def is_open(rig):
    return {blow.nozzle for blow in rig.blows() if blow.closed_mm is None}


def blows_now(rig):
    """Whether a shot blows; one after another is handed over, for a busy machine may see none of a single one."""
    rig.line.diverter.heartbeat()
    rig.line.diverter.schedule(shot(rig, 100.0, shot_id=time.monotonic_ns() % 2**31, length_mm=300.0))
    rig.wait(0.2)
    return is_open(rig)


# ---- every device ----


def test_a_device_is_well_and_has_a_name_until_it_is_closed_as_often_as_one_likes(any_device):
    rig, slot = any_device
    device = getattr(rig.line, slot)
    assert device.name
    patiently(rig, lambda: (rig.line.diverter.heartbeat(), device.health().ok)[1])
    assert device.health().name == device.name
    device.close()
    device.close()
    assert not device.health().ok
    assert device.health().detail == "closed"
    if slot in USES:
        with pytest.raises(DeviceError) as refused:
            USES[slot](device)
        assert refused.value.device == device.name
        assert str(refused.value).startswith(f"{device.name}: ")


def test_a_device_that_is_lost_says_so_by_name_and_is_found_again(failing_device):
    rig, slot = failing_device
    device = getattr(rig.line, slot)
    rig.cut(slot)

    def failure():
        try:
            USES[slot](device)
        except DeviceError as error:
            return error
        return None

    error = patiently(rig, failure)
    assert error.device == device.name
    assert error.cause
    assert not device.health().ok
    assert device.health().detail
    rig.restore(slot)
    patiently(rig, lambda: failure() is None and device.health().ok)


# ---- encoder ----


def test_an_encoder_rises_in_counts_millimetres_and_stamps(encoder_rig):
    rig, samples = encoder_rig, [encoder_rig.line.encoder.read()]

    def newer():  # one that is polled may give the same sample twice, but never an older one
        sample = rig.line.encoder.read()
        assert sample.sampled_ns >= samples[-1].sampled_ns
        return sample if sample.sampled_ns > samples[-1].sampled_ns else None

    while len(samples) < 40:
        rig.wait(0.005)
        samples.append(patiently(rig, newer))
    scale = rig.config.encoder.mm_per_count
    assert all(sample.belt_mm == pytest.approx(sample.counts * scale) for sample in samples)
    stamps = np.array([sample.sampled_ns for sample in samples])
    places = np.array([sample.belt_mm for sample in samples])
    assert (np.diff(stamps) > 0).all()
    assert (np.diff(places) >= 0).all()
    assert abs(stamps[-1] - rig.line.clock.now_ns()) < 1e9, "the line's own clock"
    assert places[-1] > places[0]


def test_an_encoder_that_was_lost_goes_on_where_it_was(encoder_rig):
    rig = encoder_rig
    before = rig.line.encoder.read()
    rig.cut("encoder")
    rig.wait(0.05)
    rig.restore("encoder")

    def found():
        try:
            sample = rig.line.encoder.read()
        except DeviceError:
            return None
        return sample if sample.sampled_ns > before.sampled_ns else None  # one that is polled may not know yet

    after = patiently(rig, found)
    assert after.counts >= before.counts


# ---- diverter ----


def test_a_shot_blows_between_its_places_and_nowhere_else(diverter_rig):
    rig = diverter_rig
    wanted = shot(rig, 500.0, length_mm=60.0)
    assert rig.line.diverter.schedule(wanted) is ShotOutcome.ACCEPTED
    rig.pass_time(1.0)
    blows = rig.blows()
    assert sorted(blow.nozzle for blow in blows) == [3, 4, 5]
    for blow in blows:
        assert blow.opened_mm == pytest.approx(wanted.open_mm, abs=rig.slack_mm)
        assert blow.closed_mm == pytest.approx(wanted.close_mm, abs=rig.slack_mm)


@pytest.mark.parametrize("behind_mm", [20.0, 1000.0])
def test_a_shot_that_comes_too_late_is_late_and_never_blows(diverter_rig, behind_mm):
    rig = diverter_rig
    rig.pass_time(0.1)
    late = shot(rig, -behind_mm, length_mm=behind_mm + 200.0)
    assert rig.line.diverter.schedule(late) is ShotOutcome.LATE, "though its end is still to come"
    rig.pass_time(0.5)
    assert rig.blows() == []


@pytest.mark.parametrize(
    "senseless", [{"nozzles": (40, 48)}, {"nozzles": (-1, 2)}, {"length_mm": 0.0}, {"length_mm": -10.0}]
)
def test_a_senseless_shot_is_refused(diverter_rig, senseless):
    rig = diverter_rig
    assert rig.line.diverter.schedule(shot(rig, 300.0, **senseless)) is ShotOutcome.REFUSED
    rig.pass_time(0.5)
    assert rig.blows() == []


def test_close_all_shuts_what_blows_and_forgets_what_waits(diverter_rig):
    rig = diverter_rig
    patiently(rig, lambda: blows_now(rig))
    rig.line.diverter.schedule(shot(rig, 600.0, shot_id=2, nozzles=(9, 9)))
    rig.line.diverter.close_all()
    assert is_open(rig) == set()
    rig.pass_time(1.0)
    assert {blow.nozzle for blow in rig.blows()} == {3, 4, 5}


@pytest.mark.parametrize("how", ["closed", "by an exception"])
def test_leaving_a_line_shuts_every_valve(diverter_rig, how):
    rig = diverter_rig

    def leave():
        with rig.line:
            patiently(rig, lambda: blows_now(rig))
            if how != "closed":
                raise ZeroDivisionError

    if how == "closed":
        leave()
    else:
        with pytest.raises(ZeroDivisionError):
            leave()
    assert is_open(rig) == set()


def test_a_silent_host_shuts_everything_and_is_told(diverter_rig):
    rig = diverter_rig
    rig.line.diverter.heartbeat()
    rig.line.diverter.schedule(shot(rig, 1000.0 * rig.heartbeat_s + 1500.0))
    rig.pass_time(rig.heartbeat_s + 0.5, alive=False)
    if rig.line.diverter.health().ok:  # a board can only tell when it is asked
        rig.line.diverter.heartbeat()
    assert "silent" in rig.line.diverter.health().detail
    rig.pass_time(2.0)
    assert rig.blows() == []
    assert rig.line.diverter.health().ok, "heard again"
    assert rig.line.diverter.schedule(shot(rig, 300.0)) is ShotOutcome.ACCEPTED


def test_no_valve_is_open_for_longer_than_its_longest_on_time(diverter_rig):
    rig = diverter_rig

    def has_blown():  # another shot is handed over where a busy machine has missed one
        rig.line.diverter.schedule(shot(rig, 100.0, length_mm=3000.0))
        rig.pass_time(rig.max_on_s + 0.4)
        return rig.blows()

    patiently(rig, has_blown)
    assert is_open(rig) == set()
    longest_mm = 1000.0 * rig.max_on_s
    assert [b.closed_mm - b.opened_mm for b in rig.blows()] == pytest.approx([longest_mm] * 3, abs=2 * rig.slack_mm)


def test_a_host_that_loses_its_diverter_leaves_no_valve_open(diverter_rig):
    rig = diverter_rig
    rig.line.diverter.schedule(shot(rig, 600.0))
    rig.cut("diverter")
    patiently(rig, lambda: refuses_as_lost(rig))
    rig.wait(rig.heartbeat_s + 0.6)
    rig.restore("diverter")
    assert is_open(rig) == set()


def refuses_as_lost(rig):
    try:
        rig.line.diverter.schedule(shot_anywhere())
    except DeviceError:
        return True
    return False


def shot_anywhere():
    return Shot(shot_id=9, track_id=9, first_nozzle=1, last_nozzle=1, open_mm=1e5, close_mm=1e5 + 50)


# ---- interlock ----


def test_an_interlock_reads_as_it_is(interlock_rig):
    rig = interlock_rig
    assert rig.line.interlock.read().closed
    rig.open_interlock()
    state = rig.line.interlock.read()
    assert not state.closed
    assert state.detail


def test_an_interlock_that_cannot_be_read_reads_as_opened(interlock_rig):
    rig = interlock_rig
    rig.cut("interlock")
    state = rig.line.interlock.read()
    assert not state.closed
    assert state.detail
    rig.restore("interlock")
    patiently(rig, lambda: rig.line.interlock.read().closed)
    rig.line.interlock.close()
    assert not rig.line.interlock.read().closed
