"""Benches: the paired statistics against answers worked by hand, the jobs that run side by side, and one short run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.types import Box, ItemTruth
from neosort_inference.bench.paired import FIGURES, estimates, in_every_run, paired_differences
from neosort_inference.bench.parallel import JobError, run_jobs
from neosort_inference.score import ItemOutcome, score_outcomes

pytestmark = pytest.mark.computes

BOX = Box(belt_lo_mm=0.0, belt_hi_mm=50.0, across_lo_mm=0.0, across_hi_mm=50.0)


def outcome(item_id: int, magnet_g: float, product: bool) -> ItemOutcome:
    item = ItemTruth(
        item_id=item_id,
        model="phone-01",
        kind="phone" if magnet_g else "steel",
        bears_ndfeb=magnet_g > 0,
        magnet_g=magnet_g,
        mass_g=100.0,
        box=BOX,
        visible_fraction=1.0,
    )
    return ItemOutcome(item=item, place="product" if product else "rest", decision=None, aimed=product, fired=product)


def sorted_items(masses_g, product) -> list[ItemOutcome]:
    return [outcome(i, mass_g, which) for i, (mass_g, which) in enumerate(zip(masses_g, product, strict=True))]


MASSES_G = [float(i % 4) for i in range(100)]  # 25 bear 1 g, 25 bear 2 g, 25 bear 3 g, 25 nothing
BEARS = [mass_g > 0 for mass_g in MASSES_G]


def test_a_run_against_itself_differs_by_nothing_and_surely_so():
    run = sorted_items(MASSES_G, [i % 3 == 0 for i in range(100)])
    for found in paired_differences(run, run, resamples=300).values():
        assert found.value == 0.0
        assert found.ci == (0.0, 0.0)


def test_what_was_lost_is_the_difference_to_the_gram():
    # The second run lost all items of 3 g (75 of 150 g, 25 of 75 items) and took nothing that bears nothing.
    full = sorted_items(MASSES_G, BEARS)
    poorer = sorted_items(MASSES_G, [bears and mass_g < 3 for bears, mass_g in zip(BEARS, MASSES_G, strict=True)])
    found = paired_differences(full, poorer, resamples=400)
    assert found["recovery"].value == pytest.approx(75 / 150)
    assert found["recovery_items"].value == pytest.approx(25 / 75)
    assert found["purity"].value == 0.0
    assert found["purity"].ci == (0.0, 0.0)
    assert found["f1"].value == pytest.approx(1 - 2 * 50 / (75 + 50))
    low, high = found["recovery_items"].ci
    assert 0 < low < 25 / 75 < high


def test_pairing_sees_a_small_steady_gain_that_two_separate_intervals_hide():
    # One item in twenty of the bearing ones more, and none less.
    masses_g = [1.0] * 400
    second = [i % 2 == 0 for i in range(400)]
    first = [had or i % 20 == 1 for i, had in enumerate(second)]
    one, other = sorted_items(masses_g, first), sorted_items(masses_g, second)
    paired = paired_differences(one, other, resamples=800)["recovery"]
    assert paired.value == pytest.approx(0.05)
    assert paired.ci[0] > 0.02
    assert estimates(one, resamples=800)["recovery"].ci[0] < estimates(other, resamples=800)["recovery"].ci[1]


def test_other_items_are_refused():
    run = sorted_items(MASSES_G, BEARS)
    with pytest.raises(ValueError, match="same items"):
        paired_differences(run, run[::-1])
    with pytest.raises(ValueError, match="same items"):
        paired_differences(run, run[:-1])


def test_only_items_that_landed_everywhere_are_compared():
    one = {number: outcome(number, 1.0, True) for number in (5, 1, 2, 3)}
    two = {number: outcome(number, 1.0, False) for number in (1, 2, 3, 4)}
    three = {number: outcome(number, 1.0, False) for number in (3, 2, 5, 1)}
    first, second, third = in_every_run([one, two, three])
    assert [o.item.item_id for o in first] == [o.item.item_id for o in second] == [o.item.item_id for o in third]
    assert {o.item.item_id for o in first} == {1, 2, 3}
    assert first[0].in_product
    assert not second[0].in_product


def test_nothing_landed_gives_no_figures():
    for found in (*estimates([]).values(), *paired_differences([], []).values()):
        assert found.value is found.ci is None


landed_pairs = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 3.0, 40.0]), st.booleans(), st.booleans()), min_size=2, max_size=40
)


@settings(deadline=None, max_examples=60)
@given(landed_pairs)
def test_figures_are_the_scores_and_differences_stay_within_bounds(rows):
    masses_g = [row[0] for row in rows]
    one, other = (sorted_items(masses_g, [row[which] for row in rows]) for which in (1, 2))
    found = paired_differences(one, other, resamples=40)
    turned = paired_differences(other, one, resamples=40)
    for side in (one, other):
        score, figures = score_outcomes(side, bootstrap=40), estimates(side, resamples=40)
        for figure in ("recovery", "recovery_items", "purity"):
            assert figures[figure].value == pytest.approx(getattr(score, figure))
            assert figures[figure].ci == pytest.approx(getattr(score, f"{figure}_ci"))
    for figure in FIGURES:
        value, ci = found[figure].value, found[figure].ci
        assert value is None or -1 <= value <= 1
        assert (value is None) == (turned[figure].value is None)
        assert value is None or turned[figure].value == pytest.approx(-value)
        assert ci is None or -1 <= ci[0] <= ci[1] <= 1


@dataclass(frozen=True)
class Steps:
    """A job that counts, or fails as told."""

    name: str
    steps: int
    fails: str = ""

    def run(self, on_progress: Callable[[int], None]) -> str:
        if self.fails == "die":
            os._exit(7)
        if self.fails:
            raise JobError(self.fails)
        for _ in range(self.steps):
            on_progress(1)
        return f"{self.name} in {os.getpid()}"


def test_jobs_give_their_results_in_order_and_say_how_far_they_are():
    done = []
    results = run_jobs([Steps(f"job {n}", steps=n) for n in (3, 1, 2)], 2, done.append)
    assert [result.partition(" in ")[0] for result in results] == ["job 3", "job 1", "job 2"]
    assert sum(done) == 6
    assert str(os.getpid()) not in " ".join(results)


@pytest.mark.parametrize(("fails", "sentence"), [("the belt tore", "the belt tore"), ("die", "exit code 7")])
def test_a_job_that_fails_ends_the_others_and_says_why(fails, sentence):
    jobs = [Steps("good", steps=1), Steps("seed 2, camera only", steps=1, fails=fails)]
    with pytest.raises(JobError, match=f"^seed 2, camera only: .*{sentence}"):
        run_jobs(jobs, 1, lambda _: None)


def senses(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "neosort_inference.cli", "bench", "senses", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_short_comparison_from_the_command_line(tmp_path: Path):
    file, config = tmp_path / "made" / "senses.json", tmp_path / "line.toml"
    config.write_text("[twin.feed]\nitems_per_s_per_m = 12\n", encoding="utf-8")  # a crowd, so that it is soon over
    options = ("--items", "12", "--seeds", "2", "--first-seed", "5", "--config", str(config), "--json", str(file))
    ran = senses(*options, "--alone")
    assert ran.returncode == 0, ran.stderr
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["items"] >= 12
    assert record["seeds"] == [5, 6]
    for sense in ("fused", "camera", "field"):
        figures = record[sense]
        assert figures["items"] == record["items"] == sum(row["items"] for row in figures["by_seed"])
        assert figures["bearing"] == record["fused"]["bearing"], "the same belt, whatever looks at it"
        assert figures["fired_late"] == 0
        assert {"recovery_ci", "recovery_items", "purity_ci", "f1", "late", "threshold"} <= figures.keys()
        assert figures["latency_ms"]["p50"] > 0
    for lone in ("camera", "field"):
        for figure in FIGURES:
            one, other = record["fused"][figure], record[lone][figure]
            if one is None or other is None:
                assert record["difference"][lone][figure] is None
            else:
                assert record["difference"][lone][figure] == pytest.approx(one - other)
    assert record["command"].startswith("neosort bench senses --items 12")
    assert record["time"] == "processor"
    assert {"machine", "versions"} <= record.keys()
    assert "over camera only" in ran.stdout
    assert "onnxruntime" in ran.stdout
    assert not re.search("…", ran.stdout), "tables fit a terminal of 80 columns"


def test_a_feed_of_nothing_is_refused_rather_than_waited_for(tmp_path: Path):
    config = tmp_path / "line.toml"
    config.write_text("[twin.feed]\nitems_per_s_per_m = 0\n", encoding="utf-8")
    ran = senses("--items", "5", "--seeds", "1", "--config", str(config))
    assert ran.returncode == 2
    assert "items_per_s_per_m" in ran.stderr
    assert "Traceback" not in ran.stderr
