"""Bootstrap: what is drawn, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.invented_outcomes import It, outcomes_of

from neosort_training.measures import AtThreshold
from neosort_training.redraws import Unit, differences, draw_windows, estimates, least_of_all, unit_for


def part(windows, scenes, overlapping=False):
    scene = np.arange(windows) * scenes // windows
    return outcomes_of([It(window=w, grams=1, p=0.5) for w in range(windows)], scene=scene, overlapping=overlapping)


def test_scenes_are_drawn_where_each_store_has_enough_of_them():
    assert unit_for([part(40, 20), part(60, 30)]) is Unit.SCENES
    assert unit_for([part(40, 20), part(60, 3)]) is Unit.WINDOWS
    assert unit_for([part(40, 2, overlapping=True), part(60, 3)]) is Unit.SCENES
    assert unit_for([part(40, 1, overlapping=True)]) is Unit.WINDOWS, "one scene would say nothing at all"
    assert unit_for([part(40, 2, overlapping=True)], Unit.WINDOWS) is Unit.WINDOWS


def test_every_store_keeps_its_number_of_windows():
    weights = draw_windows([part(8, 2), part(12, 3)], Unit.WINDOWS, draws=50)
    assert weights.shape == (50, 20)
    assert (weights[:, :8].sum(axis=1) == 8).all()
    assert (weights[:, 8:].sum(axis=1) == 12).all()
    assert weights.std() > 0


def test_windows_of_a_scene_are_drawn_together():
    weights = draw_windows([part(8, 2)], Unit.SCENES, draws=50)
    assert (weights[:, :4] == weights[:, :1]).all()
    assert (weights[:, 4:] == weights[:, 4:5]).all()
    assert ((weights[:, 0] + weights[:, 4]) == 2).all()


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = 0
    for trial in range(200):
        outcomes = outcomes_of([It(window=w, grams=1, p=0.3 + 0.4 * (rng.random() < 0.7)) for w in range(80)])
        weights = draw_windows([outcomes], Unit.WINDOWS, draws=300, seed=trial)
        low, high = estimates([AtThreshold(outcomes, 0.5)], outcomes, weights)["recovery"].ci
        held += low <= 0.7 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_differences_are_paired():
    """The same windows are hard for both; only what differs shows."""
    hard = np.random.default_rng(2).random(60) < 0.5
    ours = outcomes_of([It(window=w, grams=1, p=0.1 if hard[w] else 0.9) for w in range(60)])
    better = outcomes_of([It(window=w, grams=1, p=0.9 if w < 12 or not hard[w] else 0.1) for w in range(60)])
    weights = draw_windows([ours], Unit.WINDOWS, draws=500)
    apart = differences([AtThreshold(better, 0.5)], [AtThreshold(ours, 0.5)], ours, weights)["recovery"]
    assert apart.value == pytest.approx(hard[:12].sum() / 60)
    assert apart.ci[0] > 0
    same = differences([AtThreshold(ours, 0.5)], [AtThreshold(ours, 0.5)], ours, weights)["recovery"]
    assert (same.value, same.ci) == (0.0, (0.0, 0.0))


def test_exact_bounds_where_all_were_right():
    assert least_of_all(1) == pytest.approx(0.025)
    assert least_of_all(100) == pytest.approx(0.9638, abs=1e-4)
    assert least_of_all(0) == 0.0
