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


def test_hub_motors_land_in_the_product_by_the_flaps(run):
    score = score_run(run.items, run.landings, run.decisions, bootstrap=50)
    assert score.heavy.items >= 8
    assert score.heavy.recognised == score.heavy.bearing
    assert score.heavy.product >= 0.9 * score.heavy.bearing
    matches = match_decisions(run.items, run.decisions)
    landed = {landing.item_id: landing for landing in run.landings}
    thrown = [item for item in run.items if item.mass_g > AIR_LIMIT_G and item.item_id in landed]
    for item in thrown:
        (decision, *_) = matches.by_item[item.item_id]
        if decision.fired and landed[item.item_id].place == "product":
            assert decision.shot.shot_id in landed[item.item_id].shot_ids


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
