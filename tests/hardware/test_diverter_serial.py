"""Diverter, encoder and interlock on the reference controller, a process on a pseudo-terminal, in real time.

What time it takes is never asserted but against limits that a device promises; the machine may be busy.
"""

import os
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from tests.hardware.controller_process import ControllerProcess
from tests.hardware.waiting import WITHIN_S, eventually

from neosort_hardware.clock import RealClock
from neosort_hardware.config import ConfigError, LineConfig
from neosort_hardware.controller_protocol import Ending
from neosort_hardware.devices import DeviceError
from neosort_hardware.line import open_line
from neosort_hardware.types import Shot, ShotOutcome

MM = 0.5


@pytest.fixture
def link(tmp_path):
    return tmp_path / "board"


@pytest.fixture
def board(controller_program, link):
    """A controller over a belt at 1 m/s whose count is about to wrap around."""
    with ControllerProcess(controller_program, "--count", str(2**32 - 1000), link=link) as process:
        yield process


def config_of(link, *, encoder="serial", answer_ms=1000, **diverter):
    """A line with three slots on one board, patient, without lags; camera and array are simulated."""
    on_board = {"driver": "serial", "port": str(link), "answer_ms": answer_ms}
    return LineConfig.model_validate(
        {
            "encoder": on_board if encoder == "serial" else {},
            "interlock": on_board,
            "diverter": {**on_board, "heartbeat_ms": 9000, **diverter},
            "calibration": {"valve_open_lag_ms": 0.0, "valve_close_lag_ms": 0.0, "jet_lag_ms": 0.0},
            "twin": {"feed": {"items_per_s_per_m": 0.0}, "speed_ripple": 0.0},
        }
    )


@pytest.fixture
def line(board, link):
    with open_line(config_of(link), RealClock()) as opened:
        yield opened


def shot_at(belt_mm, shot_id=1, nozzles=(3, 5), length_mm=40.0):
    return Shot(
        shot_id=shot_id, track_id=1, first_nozzle=nozzles[0], last_nozzle=nozzles[1],
        open_mm=belt_mm, close_mm=belt_mm + length_mm,
    )  # fmt: skip


def until(line, condition):
    """Let real time pass, the host alive, until a condition gives something; that."""
    limit = time.monotonic() + WITHIN_S
    while time.monotonic() < limit:
        line.diverter.heartbeat()
        if found := condition():
            return found
        threading.Event().wait(0.002)
    raise AssertionError("nothing within the time")


def fire_for_long(line, board):
    """Sees valves open that nothing shuts for two seconds; tries again where a busy machine has missed that."""

    def fired():
        strokes = board.take_strokes()
        if not strokes and not line.diverter.link.status.waiting:
            line.diverter.schedule(shot_at(line.encoder.read().belt_mm + 200.0, length_mm=100_000.0))
        return strokes and strokes[-1].opened

    until(line, fired)


def test_a_shot_is_executed_at_its_places_in_the_belts_own_millimetres(line, board):
    ahead_mm = line.encoder.read().belt_mm + 400.0
    at_mm = MM * round(ahead_mm / MM)
    assert line.diverter.schedule(shot_at(at_mm, shot_id=7)) is ShotOutcome.ACCEPTED
    (ended,) = until(line, line.diverter.take_ended)
    assert (ended.shot_id, ended.ending) == (7, Ending.EXECUTED)
    assert (ended.opened_mm, ended.closed_mm) == (at_mm, at_mm + 40.0)
    strokes = []
    until(line, lambda: strokes.extend(board.take_strokes()) or len(strokes) >= 6)
    assert [(s.valve, s.opened) for s in strokes] == [(v, True) for v in (3, 4, 5)] + [(v, False) for v in (3, 4, 5)]
    assert {s.count for s in strokes if s.opened} == {round(at_mm / MM) % 2**32}


def test_the_encoder_rises_with_its_stamps_over_the_boards_wrap_around(line):
    first = line.encoder.read()
    assert first.counts >= 2**32 - 1000
    samples = [first]
    while samples[-1].counts < 2**32 + 500:
        samples.append(until(line, line.encoder.read))
    for before, after in pairwise(samples):
        assert after.sampled_ns > before.sampled_ns
        assert after.counts >= before.counts
        assert after.belt_mm == after.counts * MM
    travelled_mm = samples[-1].belt_mm - first.belt_mm
    lasted_s = (samples[-1].sampled_ns - first.sampled_ns) * 1e-9
    assert travelled_mm == pytest.approx(1000.0 * lasted_s, rel=0.2), "1 m/s, to what a busy machine's stamps allow"


def test_late_and_senseless_shots_are_turned_down(line, board):
    here_mm = line.encoder.read().belt_mm
    diverter = line.diverter
    assert diverter.schedule(shot_at(here_mm - 5.0)) is ShotOutcome.LATE
    assert diverter.schedule(shot_at(here_mm - 2**31 * MM)) is ShotOutcome.LATE, "not taken for one to come"
    assert diverter.schedule(shot_at(here_mm + 1e9)) is ShotOutcome.REFUSED
    assert diverter.schedule(shot_at(here_mm + 500, nozzles=(40, 48))) is ShotOutcome.REFUSED
    assert diverter.schedule(shot_at(here_mm + 500, nozzles=(-1, 2))) is ShotOutcome.REFUSED
    assert diverter.schedule(shot_at(here_mm + 500, length_mm=0.0)) is ShotOutcome.REFUSED
    until(line, lambda: line.encoder.read().belt_mm > here_mm + 700)
    assert board.take_strokes() == []


def test_a_full_queue_is_told_in_words(line):
    far_mm = line.encoder.read().belt_mm + 200_000.0
    outcomes = [line.diverter.schedule(shot_at(far_mm + number, shot_id=number)) for number in range(66)]
    assert outcomes == [ShotOutcome.ACCEPTED] * 64 + [ShotOutcome.REFUSED] * 2
    health = line.diverter.health()
    assert not health.ok
    assert "its queue is full" in health.detail
    line.diverter.heartbeat()
    assert line.diverter.health().ok
    line.diverter.close_all()
    assert line.diverter.schedule(shot_at(far_mm)) is ShotOutcome.ACCEPTED


def test_a_shot_is_cancelled(line):
    far_mm = line.encoder.read().belt_mm + 200_000.0
    line.diverter.schedule(shot_at(far_mm, shot_id=5))
    assert line.diverter.cancel(5)
    assert not line.diverter.cancel(5)
    line.diverter.heartbeat()
    assert [ended.ending for ended in line.diverter.take_ended()] == [Ending.FORGOTTEN]


def test_the_interlock_is_read_and_the_board_obeys_it_by_itself(line, board):
    assert line.interlock.read().closed
    board.tell("interlock open")
    state = line.interlock.read()
    assert not state.closed
    assert state.detail
    assert line.diverter.schedule(shot_at(line.encoder.read().belt_mm + 500)) is ShotOutcome.REFUSED
    assert "interlock" in line.diverter.health().detail
    board.tell("interlock closed")
    assert line.interlock.read().closed


def test_faulty_valves_are_named(line, board):
    board.tell("fault 3 1")
    board.tell("fault 40 1")
    line.diverter.heartbeat()
    assert line.diverter.health().detail == "valves report a fault: 3, 40"
    board.tell("fault 3 0")
    board.tell("fault 40 0")
    line.diverter.heartbeat()
    assert line.diverter.health().ok


def test_a_valve_that_its_longest_on_time_shut_is_told(board, link):
    with open_line(config_of(link, max_on_ms=50.0), RealClock()) as line:
        here_mm = line.encoder.read().belt_mm
        line.diverter.schedule(shot_at(here_mm + 500.0, length_mm=300.0))

        def told():
            return "longest on-time of 50 ms" in line.diverter.health().detail

        assert until(line, told)
    strokes = board.take_strokes()
    on_us = [strokes[number + 3].us - strokes[number].us for number in range(3)]
    assert on_us == pytest.approx([50_000] * 3, abs=300)


def test_a_host_that_dies_with_a_valve_open_shuts_it(board, link):
    """The driver is dropped without a word, as by a killed process; the board hears no heartbeat any more."""
    line = open_line(config_of(link, heartbeat_ms=3000.0, max_on_ms=2000.0), RealClock())
    fire_for_long(line, board)
    line.diverter.schedule(shot_at(line.encoder.read().belt_mm + 100_000.0, shot_id=2))
    line.diverter.link._let_go()
    eventually(lambda: any(not stroke.opened for stroke in board.take_strokes()))
    with open_line(config_of(link), RealClock()) as again:
        assert again.diverter.heartbeat() is None
        status = again.diverter.link.status
        assert (status.waiting, status.open_valves, status.silences >= 0) == (0, 0, True)
    line.close()


def test_a_silent_host_is_told_of_its_silence(board, link):
    with open_line(config_of(link, heartbeat_ms=1000.0), RealClock()) as line:
        line.diverter.heartbeat()
        assert line.diverter.schedule(shot_at(line.encoder.read().belt_mm + 100_000.0)) is ShotOutcome.ACCEPTED
        before_us = board.tell("jump 0")[1]
        while board.tell("jump 0")[1] - before_us < 1_100_000:
            pass
        line.diverter.heartbeat()
        assert line.diverter.health().detail == "host was silent for too long; all valves closed"
        line.diverter.heartbeat()
        assert [ended.ending for ended in line.diverter.take_ended()] == [Ending.FORGOTTEN]


def test_an_exception_shuts_every_valve(board, link):
    class MishapError(Exception):
        pass

    def fire_and_fail():
        with open_line(config_of(link, max_on_ms=2000.0), RealClock()) as line:
            fire_for_long(line, board)
            raise MishapError

    with pytest.raises(MishapError):
        fire_and_fail()
    board.tell("jump 0")
    assert [stroke.valve for stroke in board.take_strokes() if not stroke.opened] == [3, 4, 5]


def test_a_board_that_is_killed_is_an_error_that_names_it_and_one_that_comes_back_is_found(
    controller_program, board, link
):
    with open_line(config_of(link, answer_ms=500), RealClock()) as line:
        before = line.encoder.read()
        board.kill()
        for use in (line.diverter.heartbeat, line.encoder.read, line.diverter.close_all):
            with pytest.raises(DeviceError) as lost:
                use()
            assert lost.value.device in ("serial air jets", "serial encoder")
            assert str(link) in lost.value.cause
        assert not line.interlock.read().closed, "what cannot be read is taken for open"
        assert not line.diverter.health().ok
        with ControllerProcess(controller_program, link=link) as again:
            found = until_found(line)
            assert found.counts >= before.counts, "a place on the belt never comes again"
            assert line.interlock.read().closed
            assert line.diverter.schedule(shot_at(line.encoder.read().belt_mm + 400.0)) is ShotOutcome.ACCEPTED
            assert line.diverter.health().ok
            (ended,) = until(line, line.diverter.take_ended)
            assert ended.ending is Ending.EXECUTED
            strokes = []
            eventually(lambda: strokes.extend(again.take_strokes()) or len(strokes) >= 6)
            assert [stroke.opened for stroke in strokes] == [True] * 3 + [False] * 3


def until_found(line):
    """The encoder's first reading after the board has come back."""
    limit = time.monotonic() + WITHIN_S
    while time.monotonic() < limit:
        try:
            return line.encoder.read()
        except DeviceError:
            threading.Event().wait(0.01)
    raise AssertionError("never found again")


def test_a_board_that_hangs_is_an_error_within_the_stated_time_and_then_at_once(board, link):
    with open_line(config_of(link, answer_ms=300), RealClock()) as line:
        os.kill(board.process.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(DeviceError, match=r"does not answer within 300 ms"):
                line.diverter.heartbeat()
            first_s = time.monotonic() - began
            assert first_s >= 0.3
            began = time.monotonic()
            with pytest.raises(DeviceError, match=r"does not answer within 300 ms"):
                line.diverter.schedule(shot_at(MM * line.diverter.link.belt.counts + 500.0))
            assert time.monotonic() - began < first_s, "while it waits to try again it does not block"
        finally:
            os.kill(board.process.pid, signal.SIGCONT)
        until_found(line)
        assert line.diverter.link.belt.restarts == 0, "it has been the same board all the while"


def test_nothing_leaks(board, link):
    def held():
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = held()
    for _ in range(3):
        with open_line(config_of(link), RealClock()) as line:
            line.diverter.heartbeat()
        with pytest.raises(DeviceError, match="valves"):
            open_line(config_of(link, nozzles=49), RealClock())
    assert held() == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nozzles": 49}, ["the board has 48 valves", "diverter.nozzles is 49"]),
        ({"max_on_ms": 2500.0}, ["2000 ms", "diverter.max_on_ms is 2500"]),
    ],
)
@pytest.mark.usefixtures("board")
def test_a_board_that_cannot_do_what_is_asked_is_refused_when_the_line_is_opened(link, changes, words):
    with pytest.raises(DeviceError) as refused:
        open_line(config_of(link, **changes), RealClock())
    for word in ["serial air jets", *words]:
        assert word in str(refused.value)


@pytest.mark.usefixtures("board")
def test_another_scale_of_the_encoder_is_refused(link):
    config = config_of(link)
    encoder = config.encoder.model_copy(update={"mm_per_count": 0.4})
    with pytest.raises(DeviceError, match=r"counts 0\.5 mm per count, encoder\.mm_per_count is 0\.4"):
        open_line(config.model_copy(update={"encoder": encoder}), RealClock())


@pytest.mark.usefixtures("board")
def test_slots_that_contradict_each_other_about_their_board_are_refused(link):
    config = config_of(link)
    interlock = config.interlock.model_copy(update={"baud": 9600})
    with pytest.raises(ConfigError, match=r"two slots of one board say baud = .*9600"):
        open_line(config.model_copy(update={"interlock": interlock}), RealClock())


def test_a_port_that_is_absent_is_named(tmp_path):
    with pytest.raises(DeviceError, match=r"serial encoder: .*no-such-board cannot be opened"):
        open_line(config_of(tmp_path / "no-such-board"), RealClock())


def test_leads_of_single_valves_beyond_the_boards_are_refused(board, link):
    config = config_of(link)
    each_ms = (1.0,) * (config.diverter.nozzles - 1) + (50.0,)
    slow = config.calibration.model_copy(update={"valve_open_lag_ms": each_ms, "jet_lag_ms": 20.0})
    with pytest.raises(ConfigError, match="70 ms"):
        open_line(config.model_copy(update={"calibration": slow}), RealClock())


def test_the_board_leads_each_valve_by_its_own_lag(board, link):
    config = config_of(link, nozzles=20)
    each_ms = tuple(2.0 * (valve % 5) for valve in range(20))  # two pages of leads
    led = config.calibration.model_copy(update={"valve_open_lag_ms": each_ms, "valve_close_lag_ms": 4.0})
    with open_line(config.model_copy(update={"calibration": led}), RealClock()) as line:
        at_mm = MM * round((line.encoder.read().belt_mm + 400.0) / MM)
        assert line.diverter.schedule(shot_at(at_mm, nozzles=(12, 16))) is ShotOutcome.ACCEPTED
        strokes = []
        until(line, lambda: strokes.extend(board.take_strokes()) or len(strokes) >= 10)
        opened = {stroke.valve: stroke.count for stroke in strokes if stroke.opened}
        before = {valve: (round(at_mm / MM) - count) % 2**32 for valve, count in opened.items()}
        assert before == pytest.approx({valve: 2 * each_ms[valve] for valve in range(12, 17)}, abs=1)
        assert line.diverter.health().ok


def test_a_board_of_older_firmware_leads_by_the_mean_and_says_so(board, link, monkeypatch):
    monkeypatch.setattr("neosort_hardware.controller_link.LEADS_FROM_FIRMWARE", 99)
    config = config_of(link, nozzles=2)
    led = config.calibration.model_copy(update={"valve_open_lag_ms": (10.0, 20.0)})
    with open_line(config.model_copy(update={"calibration": led}), RealClock()) as line:
        at_mm = MM * round((line.encoder.read().belt_mm + 400.0) / MM)
        line.diverter.schedule(shot_at(at_mm, nozzles=(0, 1)))
        (ended,) = until(line, line.diverter.take_ended)
        assert ended.opened_mm == pytest.approx(at_mm - 15.0, abs=1.0)
        assert "mean lag" in line.diverter.health().detail


def test_beside_a_simulated_encoder_the_boards_count_is_set_against_it_and_watched(board, link):
    with open_line(config_of(link, encoder="sim", apart_mm=50.0), RealClock(), 1) as line:
        here_mm = line.encoder.read().belt_mm
        assert line.diverter.schedule(shot_at(here_mm + 3000.0)) is ShotOutcome.ACCEPTED
        (ended,) = until(line, line.diverter.take_ended)
        assert ended.opened_mm == pytest.approx(here_mm + 3000.0, abs=0.5)
        assert line.diverter.health().ok
        board.tell("jump 2000")
        line.diverter.heartbeat()
        assert "more than 50 mm apart" in line.diverter.health().detail
        assert line.diverter.schedule(shot_at(here_mm + 9000.0)) is ShotOutcome.REFUSED


def test_the_simulated_camera_rides_on_the_boards_belt(line):
    def frame():
        return line.camera.read(0.05)

    frames = [until(line, frame) for _ in range(2)]
    here_mm = line.encoder.read().belt_mm
    triggers = frames[1].sequence - frames[0].sequence
    assert triggers >= 1
    assert frames[1].belt_mm - frames[0].belt_mm == pytest.approx(256.0 * triggers, abs=1.0)
    assert 0 <= here_mm - frames[1].belt_mm < 60_000, "placed where the real encoder counts"
    block = until(line, lambda: line.magnetometer.read(0.05))
    assert abs(block.belt_mm[-1] - line.encoder.read().belt_mm) < 60_000
    assert line.truth is None
