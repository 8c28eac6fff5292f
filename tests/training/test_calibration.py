"""Calibration: errors known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.invented_outcomes import It, outcomes_of

from neosort_training.calibration import Calibration
from neosort_training.redraws import every_window_once


def ece(outcomes, bins=15):
    return Calibration(outcomes, bins)(every_window_once(outcomes))["ece"][0]


def test_half_of_what_is_said_to_be_a_half_is_no_error():
    outcomes = outcomes_of([It(grams=1, p=0.5), It(p=0.5), It(grams=1, p=0.5), It(p=0.5)])
    assert ece(outcomes, bins=1) == 0.0
    assert ece(outcomes, bins=4) == 0.0, "what is said alike stays in one bin"
    assert ece(outcomes_of([It(grams=1, p=0.51), It(p=0.49)]), bins=2) == pytest.approx(0.49)


def test_strays_bear_nothing_and_items_not_found_are_not_asked():
    assert ece(outcomes_of([It(grams=1, p=1.0)], [(0, 0.8)]), bins=2) == pytest.approx(0.4)
    assert ece(outcomes_of([It(grams=1, p=1.0), It(grams=1)]), bins=1) == 0.0


def test_bins_hold_equally_many():
    outcomes = outcomes_of([It(grams=float(i % 2), p=0.01 + i / 100) for i in range(60)], windows=1)
    bins = Calibration(outcomes, 6).reliability(np.ones((4, 1)))
    assert [one.n for one in bins] == [10] * 6
    assert [one.share for one in bins] == [0.5] * 6
    assert bins[0].said == pytest.approx(0.055)
    assert bins[0].ci95 == (0.5, 0.5)


def test_true_probabilities_show_about_the_error_that_chance_makes():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.02, 0.98, 3000)
    calibration = Calibration(
        outcomes := outcomes_of([It(grams=float(rng.random() < one), p=one) for one in p], windows=1)
    )
    by_chance = calibration.of_true_probabilities()
    assert 0.01 < by_chance < 0.04
    assert ece(outcomes) == pytest.approx(by_chance, abs=0.015)
    boasting = outcomes_of([It(grams=float(rng.random() < 0.5 * one), p=one) for one in p], windows=1)
    assert ece(boasting) > 5 * by_chance


def test_nothing_to_ask_is_not_defined():
    empty = outcomes_of([It(grams=1)])
    assert np.isnan(ece(empty))
    assert Calibration(empty).of_true_probabilities() is None
    assert Calibration(empty).reliability(np.ones((2, 1))) == []
