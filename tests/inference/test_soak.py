"""`neosort soak`: the account of every item, faults that come and go, and what is said of a run's flatness."""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.inference.test_telemetry import decision, item, landing
from tests.whole_line import FakeBundle
from typer.testing import CliRunner

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import LineConfig
from neosort_hardware.faults import FAULT_NAMES, must_be_told
from neosort_hardware.line import open_line
from neosort_hardware.types import Box, Shot, Verdict
from neosort_inference.cli import app
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.faults.fates import fates, summed
from neosort_inference.recipe import Recipe
from neosort_inference.soak import run as soak_run
from neosort_inference.soak.account import Account
from neosort_inference.soak.run import SoakPlan, Stretch, figures, soak_line
from neosort_inference.soak.script import FaultScript
from neosort_inference.sorting import SortingPlan
from neosort_inference.telemetry import Telemetry

pytestmark = pytest.mark.computes

WAY_S = 4.0
MS = 1_000_000


def box_at(place_mm: float) -> Box:
    return Box(belt_lo_mm=place_mm, belt_hi_mm=place_mm + 50.0, across_lo_mm=0.0, across_hi_mm=50.0)


@st.composite
def belts(draw):
    """Items every 30 to 200 mm; about each no, one or two decisions, and now and then one about nothing."""
    items, decisions, landings, at_mm = [], [], [], 0.0
    for number in range(draw(st.integers(1, 40))):
        at_mm += draw(st.sampled_from([30.0, 80.0, 200.0]))
        items.append(dataclasses.replace(item(number, 1.0), box=box_at(at_mm)))
        seen_ns = round(at_mm) * MS
        landings.append(dataclasses.replace(landing(number, "rest"), landed_ns=seen_ns + 2000 * MS))
        for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            off_mm = draw(st.sampled_from([0.0, 3.0, 9000.0]))
            decisions.append(
                decision(track_id=len(decisions), box=box_at(at_mm + off_mm), decided_ns=seen_ns + 500 * MS,
                         verdict=draw(st.sampled_from(list(Verdict))),
                         shot=Shot(shot_id=len(decisions), track_id=0, first_nozzle=0, last_nozzle=1, open_mm=0.0,
                                   close_mm=1.0))
            )  # fmt: skip
    return items, decisions, landings


@given(belt=belts())
@settings(deadline=None, max_examples=25)
def test_an_account_settled_bit_by_bit_gives_every_item_the_fate_it_has_when_all_is_known_at_once(belt):
    items, decisions, landings = belt
    whole = Telemetry(started_ns=0, kept=None)
    whole.on_items(items)
    whole.on_landings(landings)
    account = Account(AlarmBook(), {}, WAY_S, settle_every=7)
    by_time = sorted(
        [(round(i.box.belt_lo_mm) * MS, 0, i) for i in items]
        + [(d.decided_ns, 1, d) for d in decisions]
        + [(one.landed_ns, 2, one) for one in landings],
        key=lambda event: event[:2],
    )
    for _, kind, what in by_time:
        (account.on_items, lambda d: account.write(d[0]), account.on_landings)[kind]([what])
    for one in decisions:
        whole.on_decision(one)
    sums = account.sums()
    assert sums.hold
    assert (sums.fed, sums.on_belt) == (len(items), 0)
    assert sum(sums.fates.values()) == len(items)
    assert sums.firsts + sums.duplicates + sums.spurious + sums.pending == len(decisions)
    if all(later.box.belt_lo_mm - earlier.box.belt_lo_mm > 60 for earlier, later in pairwise(items)):
        # Where items lie apart nothing hangs on the order in which they are settled.
        assert Counter(sums.fates) == summed(fates(whole, WAY_S))


def test_an_account_in_which_something_is_missing_does_not_hold():
    account = Account(AlarmBook(), {}, WAY_S)
    account.on_items([item(1, 1.0), item(2, 1.0)])
    account.on_landings([landing(1, "rest"), landing(1, "rest")])
    assert account.sums().twice == 1
    assert not account.sums().hold
    account = Account(AlarmBook(), {}, WAY_S)
    account.on_landings([landing(7, "rest")])
    assert account.sums().unknown == 1
    assert not account.sums().hold
    sums = Account(AlarmBook(), {}, WAY_S).sums()
    assert sums.hold
    assert not dataclasses.replace(sums, fed=1).hold
    assert not dataclasses.replace(sums, decisions=1).hold


def test_faults_come_with_what_they_must_be_told_and_go_again():
    config = LineConfig()
    person = []
    with open_line(config, VirtualClock()) as line:
        script = FaultScript(line.faults, config, FAULT_NAMES, 5, lambda: person.append(1))
        most = 0
        for second in range(4000):
            script.turn(second * 250 * MS)
            most = max(most, len(line.faults.active()))
        assert script.injected.keys() >= {name for name in FAULT_NAMES if must_be_told(name)}
        assert 15 < sum(script.injected.values()) < 60, "one in thirty seconds"
        assert 1 <= most <= 4
        assert len(person) == 200
        quiet = FaultScript(line.faults, config, (), 5, lambda: None)
        quiet.turn(0)
        quiet.turn(10**15)
        assert not quiet.injected


def test_after_the_encoder_has_jumped_items_are_told_where_it_counts_them():
    clock = VirtualClock()
    with open_line(LineConfig(), clock, seed=2) as line:
        told = {}
        for second in range(12):
            if second == 6:
                line.faults.inject("encoder.jumped", by_mm=5000.0)
            clock.sleep_until(second * 1000 * MS)
            line.diverter.heartbeat()
            belt_mm = line.encoder.read().belt_mm
            for one in line.truth.items():
                told[one.item_id] = belt_mm - one.box.belt_hi_mm
    assert len(told) > 10
    assert all(0.0 <= past_mm <= 1100.0 for past_mm in told.values()), "just come into view"


@pytest.fixture(scope="module")
def soaked():
    """A short soak with faults, on a bundle that knows the truth."""
    bundle = FakeBundle([])
    taken = soak_run._Watched.items

    def items(self):
        found = taken(self)
        bundle.items.extend(found)
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(soak_run._Watched, "items", items)
        patched.setattr("neosort_inference.soak.script.EVERY_S", 4.0)
        config = LineConfig.model_validate({"magnetometer": {"block_ms": 20.0}})
        plan = SortingPlan(bundle=bundle, recipe=Recipe(min_p_ndfeb=0.5))
        quick = ("camera.silent", "magnetometer.silent", "interlock.opened", "encoder.jumped", "diverter.gone")
        return soak_line(config, plan, SoakPlan(items=100, seed=3, faults=quick, computing_ns=time.thread_time_ns))


def test_a_soak_accounts_for_every_item_under_faults(soaked):
    sums = soaked.sums
    assert sums.hold
    assert sum(sums.fates.values()) >= 100
    assert sums.fates["ejected"] > 5
    assert sum(soaked.injected.values()) >= 4
    assert soaked.telemetry.fired_late == 0
    known = {"ejected", "passed", "late", "refused", *soaked.telemetry.alarms.raised}
    assert sums.fates.keys() <= known


def test_a_soak_says_what_was_flat_and_what_grew(soaked):
    record = figures(soaked)
    assert record["sums_hold"]
    assert record["items"] == sum(soaked.sums.fates.values())
    assert record["memory"]["peak_mb"] > 50
    stretches = [
        Stretch(items=1000 * n, memory_mb=100.0 + max(0, 5 - n) * 50 + 0.25 * n, processor_s_per_1000=30.0 + n,
                latency_p50_ms=15.0, latency_p99_ms=20.0)
        for n in range(1, 21)
    ]  # fmt: skip
    grew = figures(dataclasses.replace(soaked, stretches=stretches))
    assert grew["memory"]["growth_mb_per_1000_items"] == pytest.approx(0.25), "of the second half, when all is warm"
    assert grew["memory"]["steady_mb"] == pytest.approx(103.875)
    assert grew["processor_s_per_1000_items"] == {"first_half": 36.0, "second_half": 45.5}


def test_from_the_command_line_what_cannot_be_soaked_is_refused_and_what_can_is_written_down(tmp_path, capsys):
    real = tmp_path / "real.toml"
    real.write_text('[interlock]\ndriver = "serial"\nport = "/dev/none"\n', encoding="utf-8")
    refused = CliRunner().invoke(app, ["soak", "--config", str(real)])
    assert "interlock.driver = 'serial': a soak needs a simulated line" in str(refused.exception)
    unknown = CliRunner().invoke(app, ["soak", "--fault", "camera.stolen"])
    assert "camera.stolen" in str(unknown.exception)
    file = tmp_path / "soak.json"
    ran = CliRunner().invoke(app, ["soak", "--items", "10", "--quiet", "--alone", "--json", str(file)])
    record = json.loads(file.read_text(encoding="utf-8"))
    assert ran.exit_code == 0, ran.output
    assert record["sums_hold"]
    assert (record["faults_injected"], record["time"], record["items"] >= 10) == ({}, "processor", True)
    assert "the account holds" in ran.output
