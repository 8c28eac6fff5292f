"""The line with flaps for hub motors, in virtual time, with a perfect detector: each item by the diverter it is for."""

import dataclasses
import sys
from pathlib import Path

import pytest

from neosort_hardware.clock import VirtualClock
from neosort_hardware.config import ConfigError, load_line_config
from neosort_hardware.line import open_line
from neosort_hardware.types import Verdict
from neosort_inference.recipe import Recipe
from neosort_inference.report import build_report
from neosort_inference.score import AIR_LIMIT_G, match_decisions, score_run
from neosort_inference.sorting import Sorting, SortingPlan

sys.path.insert(0, str(Path(__file__).parent))
from whole_line import FakeBundle, KnowingTruth

pytestmark = pytest.mark.computes

CONFIG = load_line_config(Path(__file__).parents[1] / "hardware" / "configs" / "twin-heavy.toml")
RECIPE = Recipe(min_p_ndfeb=0.5)


def sort(config, seconds, recipe=RECIPE, seed=3):
    """Telemetry of a run in virtual time."""
    bundle = FakeBundle([])
    with open_line(config, VirtualClock(), seed) as opened:
        line = dataclasses.replace(opened, truth=KnowingTruth(opened.truth, bundle.items))
        return Sorting(line, SortingPlan(bundle=bundle, recipe=recipe, seconds=seconds)).run()


@pytest.fixture(scope="module")
def run():
    """Fifty seconds of the shipped configuration, more hub motors in it."""
    return sort(_with_feed(CONFIG, hub_motors=0.1), 50.0)


def _with_feed(config, **feed):
    twin = config.twin.model_copy(update={"feed": config.twin.feed.model_copy(update=feed)})
    return config.model_copy(update={"twin": twin})


def test_hub_motors_that_are_shot_at_land_in_the_product_by_the_flaps(run):
    score = score_run(run.items, run.landings, run.decisions, bootstrap=50)
    assert score.heavy.items >= 8
    assert score.heavy.recognised == score.heavy.bearing
    landed = {landing.item_id: landing for landing in run.landings}
    by_item = match_decisions(run.items, run.decisions).by_item
    heavy = [item.item_id for item in run.items if item.mass_g > AIR_LIMIT_G and item.item_id in landed]
    fired = [item_id for item_id in heavy if by_item[item_id][0].fired]
    assert len(fired) >= 0.75 * len(heavy)
    assert [landed[item_id].place for item_id in fired] == ["product"] * len(fired)
    assert all(by_item[item_id][0].shot.shot_id in landed[item_id].shot_ids for item_id in fired)


def test_hub_motors_that_are_not_shot_at_lie_too_near_to_another_for_a_lane_to_come_back(run):
    flaps = CONFIG.heavy_diverter
    rest_mm = 1.01 * (flaps.out_ms + flaps.back_ms + flaps.recovery_ms)  # at 1 m/s with its ripple
    shots = [decision.shot for decision in run.decisions if decision.fired and decision.shot.heavy]
    refused = [decision for decision in run.decisions if decision.kind == "hub_motor" and not decision.fired]
    assert refused, "one hub motor in ten items: some lie close"
    for decision in refused:
        assert decision.reason == "refused by the diverter"
        assert any(_in_each_others_way(decision.shot, other, rest_mm) for other in shots)


def _in_each_others_way(one, other, rest_mm):
    same_lane = one.first_nozzle <= other.last_nozzle and other.first_nozzle <= one.last_nozzle
    return same_lane and one.open_mm < other.close_mm + rest_mm and other.open_mm < one.close_mm + rest_mm


def test_each_shot_goes_to_the_diverter_that_its_item_is_for(run):
    shots = [decision for decision in run.decisions if decision.shot is not None]
    assert any(decision.shot.heavy for decision in shots)
    assert {decision.kind for decision in shots if decision.shot.heavy} == {"hub_motor"}
    assert all(decision.shot.heavy for decision in shots if decision.kind == "hub_motor")
    assert len({decision.shot.shot_id for decision in shots}) == len(shots), "no two shots have one number"


def test_nothing_is_late_and_the_air_part_sorts_as_well_as_ever(run):
    assert not any(decision.verdict is Verdict.LATE for decision in run.decisions)
    assert run.fired_late == 0
    score = score_run(run.items, run.landings, run.decisions, bootstrap=50)
    assert score.items > 80
    assert score.recovery > 0.95
    assert score.purity > 0.85


def test_the_report_has_them_on_a_line_of_their_own(run):
    report = build_report(run, CONFIG.name, truth=True, bootstrap=50)
    assert report["heavy"]["product"] > 0
    assert "hub_motor" not in {row["kind"] for row in report["kinds"]}


def test_shots_of_the_air_are_those_of_the_line_without_flaps():
    """Beside hub motors: the air shoots at them on a line that has nothing else."""
    feed = {"hub_motors": 0.1}
    with_flaps = sort(_with_feed(CONFIG, **feed), 12.0)
    without = sort(_with_feed(CONFIG.model_copy(update={"heavy_diverter": None}), **feed), 12.0)

    def aimed(telemetry):
        shots = [decision.shot for decision in telemetry.decisions if decision.kind != "hub_motor" and decision.shot]
        return [(shot.track_id, shot.first_nozzle, shot.last_nozzle, shot.open_mm, shot.close_mm) for shot in shots]

    assert len(aimed(with_flaps)) > 5
    assert aimed(with_flaps) == aimed(without)
    assert not any(decision.shot.heavy for decision in without.decisions if decision.shot)


def test_a_recipe_that_sends_nothing_to_the_flaps_is_refused_at_the_start():
    with pytest.raises(ConfigError, match=r"kind_mass_g gives no kind of the bundle more than air_limit_g \(700\)"):
        sort(CONFIG, 1.0, recipe=RECIPE.model_copy(update={"kind_mass_g": {"hub_motors": 2000.0}}))


def test_flaps_that_are_lost_cost_the_heavy_items_alone():
    bundle = FakeBundle([])
    with open_line(_with_feed(CONFIG, hub_motors=0.3), VirtualClock(), 3) as opened:
        truth = KnowingTruth(opened.truth, bundle.items)
        opened.heavy_diverter.close()
        line = dataclasses.replace(opened, truth=truth)
        run = Sorting(line, SortingPlan(bundle=bundle, recipe=RECIPE, seconds=12.0)).run()
    assert "flaps do not answer" in run.faults_seen
    heavy = [decision for decision in run.decisions if decision.kind == "hub_motor"]
    assert heavy
    assert {(decision.verdict, decision.reason) for decision in heavy} == {(Verdict.REFUSED, "flaps do not answer")}
    assert any(decision.fired for decision in run.decisions), "the air goes on"
