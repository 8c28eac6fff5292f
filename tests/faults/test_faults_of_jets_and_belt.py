"""What makes jets unsafe and stops the line until a person has agreed, and jets that are not what a shot counts on."""

import numpy as np
import pytest
from tests.faults.noticing import BEGINS_S, TURN_S, Keeping, must_add_up, must_be_noticed
from tests.faulty_line import acknowledge, clear, inject, play

from neosort_hardware.twin.catalogue import models_by_kind
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.faults.jets import KIND_MASS_G
from neosort_inference.faults.modes import Mode
from neosort_inference.score import AIR_LIMIT_G


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
