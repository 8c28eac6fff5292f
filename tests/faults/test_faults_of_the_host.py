"""A machine that is too slow, hangs or has no room, and a network, a calibration, a ledger or a plant that fails it."""

import time
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

from tests.faults.noticing import BEGINS_S, SHUT_S, SILENT_S, Keeping, must_add_up, must_be_noticed
from tests.faulty_line import play

from neosort_datasets import recording_writer
from neosort_datasets.recording import RecordingWriter
from neosort_hardware.config import LineConfig, load_line_config
from neosort_inference.faults import host
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.faults.modes import Mode
from neosort_inference.fleet.link import AWAY_AFTER_S
from neosort_inference.fleet.standing import FleetStanding

THIN = {"items_per_s_per_m": 1.0}  # where no item is looked for: fewer pictures to draw
HEAVY = Path(__file__).parents[2] / "hardware" / "configs" / "twin-heavy.toml"


class Telling:
    """A link to a broker that is away for a while."""

    trouble = ""

    def __init__(self) -> None:
        self.steps = []
        self.standing = FleetStanding(broker="mqtt://broker")

    def alarmed(self, alarm, step) -> None:
        self.steps.append((alarm.fault, step))


class Recording:
    """A recorder that may say that it is not whole."""

    waiting, dropped, free_bytes = 0, {}, None
    trouble = ""

    def write_frame(self, _frame) -> None: ...

    write_block = write_decision = write_item = write_landing = write_frame


def test_items_that_come_while_nothing_is_decided_raise_an_alarm():
    def mute(_line, sorting):
        sorting.plan.bundle.mute = True

    played = play({BEGINS_S: mute}, 14.0)
    must_be_noticed(played, "output.silent")
    assert played.faults() == {"output.silent"}


def test_an_empty_belt_is_no_silence():
    assert play({}, 14.0, twin={"feed": {"items_per_s_per_m": 0.0}}).faults() == set()


def test_a_machine_that_does_not_keep_up_leaves_the_recording_out_then_the_page_and_decides_on():
    def busy(_line, sorting):
        sorting.plan.bundle.takes_ns = 240_000_000  # of 256 from one window to the next

    def at_ease(_line, sorting):
        sorting.plan.bundle.takes_ns = 0

    played = play({BEGINS_S: busy, 8.0: at_ease}, 20.0)
    recording = must_be_noticed(played, "overload.recording")
    preview = must_be_noticed(played, "overload.preview")
    assert recording.raised_ns < preview.raised_ns
    assert preview.cleared_ns < recording.cleared_ns
    assert played.faults() == {"overload.recording", "overload.preview"}
    assert any(5.0 < fired_s < 8.0 for fired_s in played.fired_s())
    must_add_up(played)


def test_a_disk_that_fills_while_the_line_records_is_told_and_sorted_on_with(tmp_path, monkeypatch):
    free = [50e9]
    monkeypatch.setattr(recording_writer.shutil, "disk_usage", lambda _: SimpleNamespace(free=free[0]))
    monkeypatch.setattr(recording_writer, "SYNC_EVERY_S", 0.0)  # the writer looks by the wall clock

    def fill(_line, _sorting):
        free[0] = 1.5e9

    with RecordingWriter(tmp_path / "belt.mcap", LineConfig(), patience_s=60.0) as recorder:
        played = play({BEGINS_S: fill}, BEGINS_S + CATALOGUE["disk.low"].within_s + 1.0, recorder=recorder)
    assert must_be_noticed(played, "disk.low").detail == "1.5 GB left for the recording"
    assert played.faults() == {"disk.low"}
    assert any(fired_s > BEGINS_S for fired_s in played.fired_s())


def test_a_wall_clock_that_is_set_is_told_and_moves_nothing_on_the_line(monkeypatch):
    ahead_ns = [0]
    monkeypatch.setattr(host, "time", SimpleNamespace(
        time_ns=lambda: time.time_ns() + ahead_ns[0], monotonic_ns=time.monotonic_ns))  # fmt: skip

    def set_clock(_line, _sorting):
        ahead_ns[0] = -3600 * 10**9

    played = play({BEGINS_S: set_clock}, 5.5)
    assert must_be_noticed(played, "clock.jumped").detail == "the wall clock was set by -3600 s"
    assert played.faults() == {"clock.jumped"}
    assert [mode for _, mode in played.modes] == [Mode.BOTH]
    assert any(fired_s > BEGINS_S for fired_s in played.fired_s())


def test_a_host_that_was_silent_is_told_what_its_diverters_have_done_and_flaps_that_are_lost_stop_nothing():
    def hang(line, _sorting):
        line.clock.charge(round((SILENT_S + 0.1) * 1e9))

    def lose_flaps(line, _sorting):
        line.heavy_diverter.close()

    flaps = load_line_config(HEAVY).heavy_diverter.model_dump()
    played = play({BEGINS_S: hang, 5.0: lose_flaps}, 6.5, heavy_diverter=flaps)
    shut_s = BEGINS_S + SILENT_S
    for fault in ("diverter.unwell", "heavy_diverter.unwell"):
        alarm = must_be_noticed(played, fault, shut_s)
        assert "host was silent for too long" in alarm.detail
        assert alarm.cleared_ns is not None
        heard_s = played.at_s(alarm.raised_ns)
    assert not [blown_s for blown_s in played.blown_s if shut_s + SHUT_S < blown_s < heard_s]
    must_be_noticed(played, "heavy_diverter.gone", 5.0)
    assert played.faults() == {"diverter.unwell", "heavy_diverter.unwell", "heavy_diverter.gone"}
    assert [fired_s for fired_s in played.fired_s() if fired_s > 5.2], "the air goes on"


def test_a_calibration_that_is_old_or_that_the_belt_no_longer_agrees_with_is_told_and_sorted_on_with():
    made_on = date.today() - timedelta(days=200)
    played = play(
        {}, 14.0, calibration={"made_on": made_on}, twin={"truth": {"mm_per_count": 0.51}, "feed": THIN}
    )  # fmt: skip
    must_be_noticed(played, "calibration.old", 0.0)
    must_be_noticed(played, "calibration.drifted", 0.0)
    assert played.faults() == {"calibration.old", "calibration.drifted"}
    assert [mode for _, mode in played.modes] == [Mode.BOTH]


def test_a_ledger_that_cannot_be_written_is_told_and_sorted_on_without():
    keeper = Keeping()

    def full(words):
        return lambda _line, _sorting: setattr(keeper, "trouble", words)

    def low(free_bytes):
        return lambda _line, _sorting: setattr(keeper, "free_bytes", free_bytes)

    events = {BEGINS_S: full("database or disk is full; 12 wait"), 5.0: full(""), 5.1: low(1_000_000_000)}
    played = play(events, 8.0, keeper=keeper)
    alarm = must_be_noticed(played, "ledger.broken")
    assert alarm.detail.startswith("database or disk is full")
    assert played.alarm("disk.low").detail == "1.0 GB left for the ledger"
    assert 5.0 < played.at_s(alarm.cleared_ns) < 7.0
    assert any(BEGINS_S < fired_s < 5.0 for fired_s in played.fired_s()), "sorts on meanwhile"
    assert [decision for decision, _ in keeper.decisions] == list(played.telemetry.decisions)
    assert {senses for _, senses in keeper.decisions} == {Mode.BOTH.value}
    assert [step for fault, step, _ in keeper.steps if fault == "ledger.broken"] == ["raised", "cleared"]


def test_a_broker_that_is_away_and_a_recording_that_is_not_whole_are_told_and_sorted_on_without():
    fleet, recorder = Telling(), Recording()

    def away(words):
        return lambda _line, _sorting: setattr(fleet, "trouble", words)

    def lacks(words):
        return lambda _line, _sorting: setattr(recorder, "trouble", words)

    events = {
        BEGINS_S: away("mqtt://broker: unreachable"), BEGINS_S + 0.001: lacks("3 camera dropped"),
        5.0: away(""), 5.001: lacks(""),
    }  # fmt: skip
    played = play(events, 8.0, fleet=fleet, recorder=recorder)
    alarm = must_be_noticed(played, "recording.broken")
    assert alarm.detail == "3 camera dropped"
    assert 5.0 < played.at_s(alarm.cleared_ns) < 7.0
    alarm = must_be_noticed(played, "fleet.away", BEGINS_S - AWAY_AFTER_S)  # for so long its link says nothing
    assert alarm.detail == "mqtt://broker: unreachable"
    assert 5.0 < played.at_s(alarm.cleared_ns) < 7.0
    assert any(BEGINS_S < fired_s < 5.0 for fired_s in played.fired_s()), "sorts on meanwhile"
    steps = [step for fault, step in fleet.steps if fault == "fleet.away"]
    assert steps == ["raised", "cleared"], "the plant learns of it afterwards"
