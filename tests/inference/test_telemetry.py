"""Counters and running figures, as the screens read them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.types import Box, Decision, ItemTruth, Landing, Shot, Verdict
from neosort_inference.faults.modes import Mode
from neosort_inference.report import build_report
from neosort_inference.telemetry import Telemetry

pytestmark = pytest.mark.computes

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


def placed(box_mm: float) -> Box:
    return Box(belt_lo_mm=box_mm, belt_hi_mm=box_mm + 50.0, across_lo_mm=100.0, across_hi_mm=150.0)


def long_run(kept: int | None, items: int = 300) -> Telemetry:
    """An item every 100 mm, every third a disk that is fired at and lands in the product, the others phones that pass;
    two fields of noise beside each."""
    telemetry = Telemetry(started_ns=0, kept=kept)
    for number in range(items):
        bears = number % 3 == 0
        box = placed(100.0 * number)
        telemetry.on_items([dataclasses.replace(item(number, 20.0 if bears else 0.0), box=box)])
        verdict, kind = (Verdict.FIRED, "hdd35") if bears else (Verdict.PASSED, "phone")
        telemetry.on_decision(
            decision(track_id=number, box=box, kind=kind, verdict=verdict, decided_ns=1_000_000 * (number + 5))
        )
        telemetry.on_window(15.0)
        telemetry.on_landings([landing(number, "product" if bears else "rest")])
        if number % 10 == 9:
            telemetry.snapshot(1_000_000 * number, 100.0 * number, 1.0)
    return telemetry


def test_what_is_counted_is_counted_over_the_whole_run_whatever_is_still_held():
    whole, bounded = long_run(None), long_run(50)
    assert len(whole.decisions) == 300
    for held in (bounded.decisions, bounded.items, bounded.landings, bounded.window_ms):
        assert len(held) == 50
    for telemetry in (whole, bounded):
        assert (telemetry.decided, telemetry.windows, telemetry.fed) == (300, 300, 300)
        assert telemetry.seconds_to_first_shot == pytest.approx(0.005)
        assert (telemetry.seen_kinds, telemetry.fired_kinds) == ({"hdd35": 100, "phone": 200}, {"hdd35": 100})
        snapshot = telemetry.snapshot(10**9, 30_000.0, 1.0)
        assert (snapshot.items_seen, snapshot.shots, snapshot.windows) == (300, 100, 300)
        assert (snapshot.recovery, snapshot.purity) == (1.0, 1.0)


def test_a_report_of_a_long_run_scores_the_stretch_that_is_held_whole_and_says_so():
    report = build_report(long_run(50), "twin", truth=True)
    assert (report["decisions"], report["shots"], report["figures_of_last"]) == (300, 100, 50)
    assert (report["recovery"], report["purity"], report["spurious"], report["duplicates"]) == (1.0, 1.0, 0, 0)
    assert 45 <= report["items"] <= 50
    assert build_report(long_run(None), "twin", truth=True)["figures_of_last"] is None


@given(lost=st.integers(0, 80))
@settings(deadline=None, max_examples=20)
def test_no_item_of_the_scored_stretch_lacks_its_decision_whichever_list_is_the_shorter(lost):
    telemetry = long_run(100)
    for _ in range(lost):
        telemetry.decisions.popleft()  # as if more than one decision had been made about some items
    items, _, decisions = telemetry.whole_stretch()
    assert {round(i.box.belt_lo_mm) for i in items} == {round(d.box.belt_lo_mm) for d in decisions}
    assert len(items) >= 99 - lost


def test_a_late_shot_that_blew_at_an_item_is_counted_for_ever():
    telemetry = Telemetry(started_ns=0, kept=2)
    telemetry.on_decision(decision(verdict=Verdict.LATE))
    for number in range(5):
        telemetry.on_decision(decision(track_id=number + 2, verdict=Verdict.PASSED, shot=None))
    telemetry.on_landings([dataclasses.replace(landing(1, "product"), shot_ids=(1,)), landing(2, "rest")])
    telemetry.on_landings([dataclasses.replace(landing(3, "product"), shot_ids=(1, 2))])
    assert telemetry.fired_late == 1, "one shot, however many items it hit"


def test_the_truth_is_told_once():
    telemetry = long_run(5, items=20)
    items, landings = telemetry.untold_truth()
    assert (len(items), len(landings)) == (20, 20), "also what is no longer held"
    assert telemetry.untold_truth() == ([], [])
