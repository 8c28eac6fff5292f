"""Proven thresholds: the bets worked by hand, and promises that are kept over many draws of scenes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training.worked_windows import KINDS, A, B, C, detections, item, labelled

from neosort_training.guarantee import (
    BETS,
    LEARN_EVERY,
    SceneTally,
    log_evidence,
    most_picks,
    prove,
    tally,
    threshold_grid,
)
from neosort_training.guarantee_trial import TrialPlan, TrialResult, elsewhere, more_than_chance, run_trial
from neosort_training.matching import match_window
from neosort_training.outcomes import joined, pooled

GRID = threshold_grid(64)


def scenes_at(picked, hits) -> SceneTally:
    """Scenes with these picks at one threshold."""
    picked, hits = np.array(picked, dtype=float)[:, None], np.array(hits, dtype=float)[:, None]
    return SceneTally(thresholds=np.array([0.5]), picked=picked, hits=hits, fed=hits[:, 0] + 1)


def invented(scenes: int, seed: int, *, items=8.0, spread=0.5, hard=0.03) -> SceneTally:
    """Scenes of one feed: a third of the items bear; the odds of each scene shifted by its own light and array."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(items, scenes)
    scene = np.repeat(np.arange(scenes), count)
    bears = rng.random(len(scene)) < 0.35
    logit = np.where(bears, 3.5, -4.0) + 1.6 * rng.standard_normal(len(scene))
    logit = np.where(rng.random(len(scene)) < hard, -0.6 * logit, logit)
    logit += spread * rng.standard_normal(scenes)[scene]
    place = np.searchsorted(-GRID, -1 / (1 + np.exp(-logit)), side="left")
    counts = np.zeros((2, scenes, len(GRID) + 1))
    np.add.at(counts[0], (scene, place), 1)
    np.add.at(counts[1], (scene[bears], place[bears]), 1)
    picked, hits = np.cumsum(counts[:, :, :-1], axis=2)
    return SceneTally(
        thresholds=GRID, picked=picked, hits=hits, fed=np.bincount(scene[bears], minlength=scenes).astype(float)
    )


def test_the_grid_falls_and_reaches_both_ends():
    assert (np.diff(GRID) < 0).all()
    assert GRID[0] > 0.999
    assert GRID[-1] < 0.05


def test_a_scene_is_what_hangs_together_and_strays_are_picks_that_bear_nothing():
    seen = detections((A, 0.9, 0, 0.95), (B, 0.8, 1, 0.4), (C, 0.7, 0, 0.6))
    window = match_window(seen, labelled([item(0, A), item(1, B, bears=False)]), KINDS)
    missed = match_window(detections((A, 0.0, 0, 0.0)), labelled([item(2, A)]), KINDS)
    found = tally(joined([pooled([window, missed]), pooled([window])]), np.array([0.9, 0.5, 0.1]))
    np.testing.assert_array_equal(found.picked, [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal(found.hits, [[1, 1, 1], [1, 1, 1]])
    np.testing.assert_array_equal(found.fed, [2, 1])
    np.testing.assert_allclose(found.purity, [1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(found.recovery, [2 / 3] * 3)


def test_the_capital_by_hand():
    scenes = scenes_at([2, 1], [2, 0])
    most = np.array([2.0])
    bet = BETS / (0.9 * 2)
    wealth = (1 + bet * (2 - 1.8)) * (1 + bet * (0 - 0.9))
    assert log_evidence(scenes, 0.9, most)[0] == pytest.approx(np.log(wealth.mean()))


def test_a_scene_with_more_picks_than_allowed_counts_as_one_with_as_many():
    most = np.array([2.0])
    assert log_evidence(scenes_at([8], [4]), 0.9, most)[0] == pytest.approx(
        log_evidence(scenes_at([2], [1]), 0.9, most)[0]
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=6), st.floats(0.5, 0.99))
def test_nobody_grows_rich_by_betting_against_the_truth(rows, target):
    """All orders of outcomes of scenes that, taken together, are exactly at the target: the mean capital is at most 1.

    Each scene comes out as told or wholly false, with odds that make its expectation zero, or less where it is false
    anyway.
    """
    most = np.array([float(max(1, *(picked for picked, _ in rows)))])
    expected = np.ones(len(BETS))
    for picked, hits in rows:
        good, bad = min(hits, picked) - target * picked, -target * picked
        chance = 0.0 if good <= 0 else -bad / (good - bad)
        stake = np.array([good, bad]) / (target * most)
        expected *= 1 + BETS * (chance * stake[0] + (1 - chance) * stake[1])
    assert expected.mean() <= 1 + 1e-9


def test_nothing_is_proven_on_few_scenes_or_poor_ones():
    assert prove(invented(20, 1), 0.8, 0.95).place is None
    poor = scenes_at([3] * 400, [2] * 400)
    assert prove(poor, 0.8, 0.95).place is None
    nothing = scenes_at([0] * 400, [0] * 400)
    assert prove(nothing, 0.8, 0.95).place is None


def test_what_is_plain_is_proven_and_more_confidence_asks_for_more():
    fine = invented(600, 2)
    proofs = [prove(fine, 0.8, confidence) for confidence in (0.8, 0.95, 0.999)]
    assert all(proof.place is not None for proof in proofs)
    places = [proof.place for proof in proofs]
    assert places == sorted(places, reverse=True), "stricter thresholds stand earlier in the grid"
    assert len(proofs[0].proving) == 600 - len(range(0, 600, LEARN_EVERY))


def test_a_higher_target_gives_a_stricter_threshold():
    fine = invented(1500, 3)
    places = [prove(fine, target, 0.95).place for target in (0.7, 0.8, 0.9)]
    assert places == sorted(places, reverse=True)


def test_promises_are_kept():
    """Scenes that differ among themselves; the confidence is low, so that a broken method would be found out."""
    pool = invented(3000, 4, spread=1.0)
    plan = TrialPlan(scenes=150, draws=200, seed=5, confidence=0.8)
    result = run_trial(pool, 0.85, plan, lambda: None)
    assert result.shipped > 100, "a method that ships nothing keeps every promise"
    assert result.wrong <= 40, "of 200 draws, one in five may be wrong"
    assert 0 < result.recovery <= result.best


def test_the_naive_way_breaks_its_promises():
    """The same draws with the lowest threshold that keeps the purity on the scenes drawn: what all this is for."""
    pool, rng, wrong = invented(3000, 4, spread=1.0), np.random.default_rng(5), 0
    for _ in range(200):
        drawn = pool.of(rng.choice(3000, 150, replace=False))
        kept = np.flatnonzero(drawn.purity >= 0.85)
        wrong += bool(len(kept)) and pool.purity[kept[-1]] < 0.85
    assert wrong > 60


def test_a_pool_must_be_larger_than_its_draws():
    with pytest.raises(ValueError, match="twice as many"):
        run_trial(invented(100, 1), 0.8, TrialPlan(scenes=60, draws=20, seed=1, confidence=0.9), lambda: None)


def test_more_than_chance_is_told():
    result = TrialResult(target=0.9, draws=200, shipped=200, wrong=19, recovery=0.5, best=0.6, least_purity=0.8)
    assert not more_than_chance(result, 0.95)
    assert more_than_chance(
        TrialResult(target=0.9, draws=200, shipped=200, wrong=20, recovery=0.5, best=0.6, least_purity=0.8), 0.95
    )


def test_elsewhere_the_gap_is_told_with_its_interval():
    picked, hits = [4] * 50 + [2] * 50, [3] * 50 + [2] * 50
    found = elsewhere(scenes_at(picked, hits), 0.5, 0.9)
    assert found["purity"] == pytest.approx(250 / 300)
    assert found["gap"] == pytest.approx(250 / 300 - 0.9)
    low, high = found["purity_ci"]
    assert low < 250 / 300 < high
    assert found["recovery"] == pytest.approx(250 / 350)
    assert found["picks"] == 300


def test_most_picks_is_at_least_one():
    assert most_picks(scenes_at([0, 0], [0, 0]))[0] == 1.0
    assert most_picks(scenes_at([3, 5], [0, 0]))[0] == 5.0
