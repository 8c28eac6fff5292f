"""Faults on the twin, in virtual time: noticed within the stated time, the stated mode and alarm, how it ends, and no
item without a fate."""

import time
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.faulty_line import acknowledge, clear, inject, play

from neosort_datasets import recording_writer
from neosort_datasets.recording import RecordingWriter
from neosort_hardware.config import LineConfig, load_line_config
from neosort_hardware.twin.catalogue import models_by_kind
from neosort_inference.faults import host
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.faults.jets import KIND_MASS_G
from neosort_inference.faults.modes import Mode
from neosort_inference.fleet.link import AWAY_AFTER_S
from neosort_inference.fleet.standing import FleetStanding
from neosort_inference.score import AIR_LIMIT_G

BEGINS_S = 3.0
PICTURES_S = 5.0  # by then it is known what pictures are like
TURN_S = 0.1
SILENT_S = 1e-3 * LineConfig().diverter.heartbeat_ms

SHUT_S = 0.05  # a valve that was told a moment before still opens
THIN = {"items_per_s_per_m": 1.0}  # where no item is looked for: fewer pictures to draw
HEAVY = Path(__file__).parents[1] / "hardware" / "configs" / "twin-heavy.toml"

WITHOUT = {"without camera": Mode.FIELD, "without field": Mode.CAMERA, "stop": Mode.STOP, "none": Mode.BOTH}


class Keeping:
    """A ledger whose database is full for a while."""

    waiting = dropped = 0
    trouble = ""
    free_bytes = 1_000_000_000_000

    def __init__(self) -> None:
        self.steps, self.decisions, self.recalled = [], [], []

    def on_window(self, window, decisions, senses) -> None:
        self.decisions += [(decision, senses) for decision in decisions]

    def on_recalled(self, shot, fault) -> None:
        self.recalled.append((shot.shot_id, fault))

    def on_alarm(self, alarm, step, belt_mm) -> None:
        self.steps.append((alarm.fault, step, belt_mm))


class Telling:
    """A link to a broker that is away for a while."""

    trouble = ""

    def __init__(self) -> None:
        self.steps = []
        self.standing = FleetStanding(broker="mqtt://broker")

    def alarmed(self, alarm, step) -> None:
        self.steps.append((alarm.fault, step))


MEASURED: dict[str, tuple[float, Mode]] = {}


@pytest.fixture(scope="module", autouse=True)
def told_in_the_end():
    """What was measured, as it stands in `inference/README.md`; shown with ``-s``."""
    yield
    print("\n| fault | within | measured | mode |\n|---|---|---|---|")
    for name, kind in CATALOGUE.items():
        if name in MEASURED:
            noticed_s, mode = MEASURED[name]
            print(f"| `{name}` | {kind.within_s:g} s | {noticed_s:.2f} s | {mode.value} |")


def must_be_noticed(played, fault, begins_s=BEGINS_S):
    """Within the catalogue's time, with its mode from then on; where that is a stop, no valve opens until it ends."""
    alarm, kind = played.alarm(fault), CATALOGUE[fault]
    noticed_s = played.at_s(alarm.raised_ns)
    mode = played.mode_at(noticed_s + TURN_S)
    MEASURED.setdefault(fault, (noticed_s - begins_s, mode))
    assert begins_s <= noticed_s <= begins_s + kind.within_s + TURN_S
    assert (alarm.severity, alarm.needs_person) == (kind.severity, kind.effect == "stop")
    assert mode is WITHOUT[kind.effect]
    if kind.effect == "stop":
        ended_s = played.at_s(alarm.acknowledged_ns) if alarm.over else float("inf")
        # A diverter that hears nothing any more shuts by itself once its host has been silent for too long.
        shut_s = noticed_s + SHUT_S + (SILENT_S if fault == "diverter.gone" else 0.0)
        assert not [blown_s for blown_s in played.blown_s if shut_s < blown_s < ended_s]
        assert [blown_s for blown_s in played.blown_s if blown_s < begins_s], "before that they do"
    return alarm


def must_add_up(played):
    """Every landed item has one fate, and nothing is late that no fault made so."""
    assert sum(played.sums().values()) == len({landing.item_id for landing in played.telemetry.landings})
    assert len(played.telemetry.landings) > 10


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


@pytest.mark.parametrize(
    ("fault", "details"),
    [
        ("encoder.gone", {}),
        ("encoder.stopped", {}),
        ("encoder.noisy", {"by_mm": 12.0}),
        ("encoder.reversed", {}),
        ("diverter.gone", {}),
        ("diverter.valve_open", {"valve": 7}),
        ("interlock.opened", {}),
        ("plant.chute_full", {}),
        ("plant.belt_jammed", {}),
        ("plant.gone", {}),
    ],
)
def test_what_stops_the_line_keeps_it_stopped_until_somebody_has_acknowledged_it(fault, details):
    kind = CATALOGUE[fault]
    over_s = BEGINS_S + kind.within_s + 1.0
    agreed_s = over_s + kind.gone_after_s + 1.2  # of noise, the last second's counts
    events = {
        BEGINS_S: inject(fault, **details),
        over_s - 0.5: acknowledge("too early"),
        over_s: clear(fault),
        agreed_s: acknowledge(),
    }
    block_ms = 5.0 if fault == "encoder.noisy" else 20.0
    played = play(events, agreed_s + 4.0, magnetometer={"block_ms": block_ms})
    alarm = must_be_noticed(played, fault)
    assert played.faults() == {fault}
    assert played.at_s(alarm.acknowledged_ns) == pytest.approx(agreed_s, abs=TURN_S)
    assert alarm.by == "Ada"
    noticed_s = played.at_s(alarm.raised_ns)
    assert not any(noticed_s < fired_s < agreed_s for fired_s in played.fired_s())
    assert any(fired_s > agreed_s for fired_s in played.fired_s()), "and goes on after that"
    assert played.mode_at(agreed_s + 1.0) is Mode.BOTH
    assert played.sums()[fault] > 0
    if not fault.startswith("encoder."):  # it is the encoder that tells metres
        stood_s = agreed_s - noticed_s
        assert played.undecided_m == {fault: pytest.approx(stood_s, abs=0.2)}, "at 1 m/s"
    must_add_up(played)


@pytest.mark.parametrize("by_mm", [150.0, -700.0])
def test_after_a_jump_of_the_count_nothing_is_fired_at_until_somebody_has_acknowledged_it(by_mm):
    played = play({BEGINS_S: inject("encoder.jumped", by_mm=by_mm), 8.0: acknowledge()}, 13.0)
    alarm = must_be_noticed(played, "encoder.jumped")
    assert played.faults() == {"encoder.jumped"}
    assert not any(played.at_s(alarm.raised_ns) < fired_s < 8.0 for fired_s in played.fired_s())
    assert any(fired_s > 8.0 for fired_s in played.fired_s())
    assert played.sums()["encoder.jumped"] > 0
    must_add_up(played)


def test_a_line_that_stops_blows_at_nothing_any_more():
    keeper = Keeping()
    played = play({4.0: inject("interlock.opened")}, 9.0, keeper=keeper)
    stopped_ns = played.alarm("interlock.opened").raised_ns
    hit = [one for one in played.telemetry.landings if one.impulse_ns > 0 and one.landed_ns > stopped_ns + 0.5e9]
    assert hit == []
    assert played.telemetry.recalled, "what had been handed over"
    assert dict(keeper.recalled) == played.telemetry.recalled


def test_valves_that_do_not_blow_are_told_by_number_and_shots_go_on():
    events = {BEGINS_S: inject("diverter.valve_closed", valve=7)}
    events |= {6.0 + 0.001 * valve: inject("diverter.valve_closed", valve=valve) for valve in range(20, 30)}
    played = play(events, 9.0)
    assert must_be_noticed(played, "diverter.valve_dead").detail.startswith("valves 7, 20, ")
    must_be_noticed(played, "diverter.valves_many", 6.0)
    assert played.faults() == {"diverter.valve_dead", "diverter.valves_many"}
    assert any(fired_s > 7.0 for fired_s in played.fired_s())


def test_weak_air_spares_the_heavy_and_no_air_stops_the_line():
    events = {BEGINS_S: inject("diverter.air_lost", share=0.45), 20.0: clear("diverter.air_lost")}
    played = play({**events, 20.1: inject("diverter.air_lost", share=0.7)}, 23.0, seed=4)
    must_be_noticed(played, "air.low")
    must_be_noticed(played, "air.lost", 20.1)
    words = CATALOGUE["air.low"].words
    weak = [d for d in played.telemetry.decisions if BEGINS_S + 0.2 < played.at_s(d.decided_ns) < 20.0 and d.aimed]
    spared = {decision.kind for decision in weak if decision.reason == words}
    fired = {decision.kind for decision in weak if decision.fired}
    assert spared
    assert fired
    assert min(KIND_MASS_G[kind] for kind in spared) > 0.55 * AIR_LIMIT_G >= max(KIND_MASS_G[kind] for kind in fired)
    assert played.modes[-1][1] is Mode.STOP


def test_what_kinds_weigh_is_what_the_catalogue_has():
    for kind, models in models_by_kind("train").items():
        assert KIND_MASS_G[kind] == pytest.approx(np.percentile([model.mass_g for model in models], 90), rel=0.3)


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


class Recording:
    """A recorder that may say that it is not whole."""

    waiting, dropped, free_bytes = 0, {}, None
    trouble = ""

    def write_frame(self, _frame) -> None: ...

    write_block = write_decision = write_item = write_landing = write_frame


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
