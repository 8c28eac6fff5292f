"""Counters and running figures, as the screens read them."""

from __future__ import annotations

import pytest

from neosort_hardware.types import Box, Decision, ItemTruth, Landing, Shot, Verdict
from neosort_inference.faults.modes import Mode
from neosort_inference.telemetry import Telemetry

BOX = Box(belt_lo_mm=0.0, belt_hi_mm=50.0, across_lo_mm=100.0, across_hi_mm=150.0)
SHOT = Shot(shot_id=1, track_id=1, first_nozzle=3, last_nozzle=5, open_mm=1500.0, close_mm=1560.0)


def decision(**changes) -> Decision:
    values = {
        "track_id": 1,
        "box": BOX,
        "kind": "hdd35",
        "p_ndfeb": 0.9,
        "magnet_g": 20.0,
        "magnet_g_sigma": 4.0,
        "verdict": Verdict.FIRED,
        "reason": "",
        "latency_ms": 30.0,
        "distance_mm": 80.0,
        "decided_ns": 0,
        "shot": SHOT,
    }
    return Decision(**(values | changes))


def item(item_id: int, magnet_g: float) -> ItemTruth:
    return ItemTruth(
        item_id=item_id,
        model="hdd35-01",
        kind="hdd35",
        bears_ndfeb=magnet_g > 0,
        magnet_g=magnet_g,
        mass_g=500.0,
        box=BOX,
        visible_fraction=1.0,
    )


def landing(item_id: int, place) -> Landing:
    return Landing(item_id=item_id, place=place, landed_ns=0, impulse_ns=0.0, shot_ids=())


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_decision_has_one_verdict_whatever_its_reason_says(verdict):
    one = decision(verdict=verdict, reason="never refused as too late: interlock open")
    assert (one.fired, one.late) == (verdict == "fired", verdict == "late")
    assert one.aimed == (verdict in ("fired", "late", "refused"))
    telemetry = Telemetry(started_ns=0)
    telemetry.on_decision(one)
    snapshot = telemetry.snapshot(1, 0.0, 1.0)
    counted = {"fired": snapshot.shots, "late": snapshot.late, "refused": snapshot.refused}
    assert counted == {which: int(verdict == which) for which in counted}


def test_nothing_yet_is_none_not_zero():
    snapshot = Telemetry(started_ns=5).snapshot(5, 0.0, 1.0)
    assert snapshot.latency_p50_ms is None
    assert snapshot.latency_p99_ms is None
    assert snapshot.recovery is None
    assert snapshot.purity is None
    assert snapshot.items_per_s == 0.0


def test_the_rate_looks_back_ten_seconds_and_a_young_run_over_its_own_age():
    telemetry = Telemetry(started_ns=0)
    for second in range(40):
        telemetry.on_decision(decision(decided_ns=int(second * 5e8)))  # two a second
    assert telemetry.snapshot(int(20e9), 20_000.0, 1.0).items_per_s == pytest.approx(2.0)
    assert telemetry.snapshot(int(60e9), 60_000.0, 1.0).items_per_s == 0.0
    young = Telemetry(started_ns=0)
    young.on_decision(decision(decided_ns=int(1e9)))
    assert young.snapshot(int(2e9), 2000.0, 1.0).items_per_s == pytest.approx(0.5)


def test_recovery_goes_by_mass_purity_by_count_and_only_landed_items_count():
    telemetry = Telemetry(started_ns=0)
    telemetry.on_items([item(1, 30.0), item(2, 10.0), item(3, 0.0), item(4, 500.0)])
    telemetry.on_landings([landing(1, "product"), landing(2, "rest"), landing(3, "product")])
    snapshot = telemetry.snapshot(int(1e9), 0.0, 1.0)
    assert snapshot.recovery == pytest.approx(0.75)
    assert snapshot.purity == pytest.approx(0.5)


def test_counts_and_latency():
    telemetry = Telemetry(started_ns=0)
    for latency_ms in range(1, 101):
        telemetry.on_decision(decision(latency_ms=float(latency_ms)))
    telemetry.on_decision(decision(verdict=Verdict.LATE, latency_ms=50.5))
    telemetry.on_decision(decision(verdict=Verdict.PASSED, shot=None, p_ndfeb=0.1, reason="low", latency_ms=50.5))
    telemetry.on_window(12.0)
    snapshot = telemetry.snapshot(int(1e9), 0.0, 1.0)
    assert (snapshot.items_seen, snapshot.shots, snapshot.late, snapshot.bearing_seen) == (102, 100, 1, 101)
    assert snapshot.latency_p50_ms == pytest.approx(50.5)
    assert snapshot.latency_p99_ms is not None
    assert 98 < snapshot.latency_p99_ms <= 100
    assert snapshot.windows == 1


def test_a_snapshot_tells_alarms_and_how_the_line_sorts():
    telemetry = Telemetry(started_ns=0)
    telemetry.alarms.raise_("camera.gone", "cable out", 1)
    telemetry.alarms.raise_("interlock.opened", "guard 2", 2)
    telemetry.on_mode(Mode.FIELD)
    telemetry.on_mode(Mode.STOP)
    snapshot = telemetry.snapshot(3, 0.0, 1.0)
    assert (snapshot.mode, snapshot.senses, snapshot.state) == ("stop", "field only", "stopped")
    assert snapshot.faults == ("camera does not answer", "interlock open")
    telemetry.alarms.clear("camera.gone", 4)
    assert telemetry.snapshot(5, 0.0, 1.0).faults == ("interlock open",)
    assert [alarm.fault for alarm in telemetry.snapshot(5, 0.0, 1.0).alarms] == ["camera.gone", "interlock.opened"]
    assert telemetry.faults_seen == ["camera does not answer", "interlock open"], "stays in the record"
    telemetry.finish()
    assert telemetry.snapshot(5, 0.0, 1.0).state == "finished"
