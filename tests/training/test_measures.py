"""Figures as measures: known answers, and a window drawn twice counts as two windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training.invented_outcomes import It, outcomes_of, repeated

from neosort_training.calibration import Calibration
from neosort_training.curve import curve_with_band
from neosort_training.evaluate import average_precision, operating_point
from neosort_training.lookalikes import BalancedAccuracy, LookAlikes
from neosort_training.measures import AtThreshold, BoxPrecision, MagnetMass, RecoveryAtPurity, percent_key
from neosort_training.redraws import every_window_once

PAIR = LookAlikes(key="pair", title="pair", bearing="disk", other="plastic")
WINDOWS = 4


@st.composite
def items_and_strays(draw):
    """Up to 24 items and 4 strays in a few windows; many have equal P(NdFeB)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    items = [
        It(
            window=int(rng.integers(WINDOWS)),
            kind=str(rng.choice(["disk", "plastic"])),
            grams=float(rng.choice([0.0, 2.0, 30.0])),
            p=float(rng.choice([0.0, 0.2, 0.5, 0.7, 0.9])),
            said_g=float(rng.choice([1.0, 2.5, 40.0])),
        )
        for _ in range(draw(st.integers(0, 24)))
    ]
    strays = draw(st.integers(0, 4))
    return items, [(int(rng.integers(WINDOWS)), float(rng.choice([0.1, 0.5, 0.9]))) for _ in range(strays)]


def measures_of(outcomes):
    return [
        RecoveryAtPurity(outcomes, (0.6, 0.95)),
        AtThreshold(outcomes, 0.5),
        BoxPrecision(outcomes),
        MagnetMass(outcomes),
        BalancedAccuracy(outcomes, (PAIR,)),
    ]


def once(measure, outcomes):
    return {name: values[0] for name, values in measure(every_window_once(outcomes)).items()}


def test_recovery_at_purity_by_hand():
    outcomes = outcomes_of(
        [It(grams=10, p=0.9), It(grams=30, p=0.8), It(p=0.7), It(grams=20, p=0.6), It(grams=40), It(p=0.4)]
    )
    found = once(RecoveryAtPurity(outcomes, (0.75, 0.95, 1.0)), outcomes)
    assert found["recovery_at_purity_75"] == pytest.approx(3 / 4)
    assert found["recovery_mass_at_purity_75"] == pytest.approx(60 / 100)
    assert found["recovery_at_purity_95"] == found["recovery_at_purity_100"] == pytest.approx(2 / 4)
    assert found["recovery_mass_at_purity_95"] == pytest.approx(40 / 100)


def test_strays_count_against_purity():
    outcomes = outcomes_of([It(grams=10, p=0.9), It(grams=10, p=0.7)], [(0, 0.8)])
    assert once(RecoveryAtPurity(outcomes, (0.95,)), outcomes)["recovery_at_purity_95"] == 0.5
    assert once(AtThreshold(outcomes, 0.75), outcomes)["purity"] == 0.5


@settings(deadline=None)
@given(items_and_strays(), st.sampled_from([0.5, 0.8, 0.95]))
def test_recovery_at_purity_is_the_operating_points(told, target):
    outcomes = outcomes_of(*told, windows=WINDOWS)
    picks, bearing = outcomes.picks(), int(outcomes.bears.sum())
    point = operating_point(picks.p, picks.bears, target, bearing=bearing, items=len(outcomes.p))
    recovery = once(RecoveryAtPurity(outcomes, (target,)), outcomes)[percent_key("recovery_at_purity", target)]
    if bearing:
        assert recovery == pytest.approx(point.recovery)
        fixed = once(AtThreshold(outcomes, point.p_ndfeb), outcomes)
        assert fixed["recovery"] == pytest.approx(point.recovery) or point.recovery == 0
    else:
        assert np.isnan(recovery)


@settings(deadline=None)
@given(items_and_strays(), st.lists(st.integers(0, 3), min_size=WINDOWS, max_size=WINDOWS).filter(any))
def test_a_window_drawn_twice_counts_as_two(told, times):
    items, strays = told
    drawn = outcomes_of(items, strays, windows=WINDOWS)
    copied = outcomes_of(*repeated(items, strays, times), windows=sum(times))
    for measure, same in zip(measures_of(drawn), measures_of(copied), strict=True):
        expected = once(same, copied)
        for name, values in measure(np.array([times], dtype=np.float64)).items():
            np.testing.assert_allclose(values[0], expected[name], err_msg=name)


@settings(deadline=None)
@given(items_and_strays())
def test_box_precision_is_average_precision(told):
    outcomes = outcomes_of(*told, windows=WINDOWS)
    if len(outcomes.p):
        expected = average_precision(outcomes.hit_score, outcomes.hit, len(outcomes.p))
        assert once(BoxPrecision(outcomes), outcomes)["ap50"] == pytest.approx(expected)


def test_magnet_mass_is_judged_on_bearing_items_that_were_found():
    outcomes = outcomes_of(
        [
            It(grams=10, p=0.9, said_g=11, sigma=5),
            It(grams=10, p=0.9, said_g=15, sigma=1),
            It(grams=10),
            It(p=0.9, said_g=9),
        ]
    )
    found = once(MagnetMass(outcomes), outcomes)
    assert found["magnet_mass_median_relative_error"] == pytest.approx((0.1 + 0.5) / 2)
    assert found["magnet_mass_within_one_sigma"] == 0.5
    nothing = outcomes_of([It(p=0.5)])
    assert np.isnan(once(MagnetMass(nothing), nothing)["magnet_mass_median_relative_error"])


def test_nothing_bearing_and_nothing_at_all():
    for outcomes in (outcomes_of([It(p=0.3)]), outcomes_of([], windows=2)):
        found = once(RecoveryAtPurity(outcomes, (0.95,)), outcomes)
        assert np.isnan(found["recovery_at_purity_95"])
        for measure in (*measures_of(outcomes), Calibration(outcomes)):
            measure(np.ones((3, outcomes.windows)))


def test_the_curve_falls_from_what_is_surest():
    outcomes = outcomes_of([It(grams=1, p=0.9), It(p=0.8), It(grams=1, p=0.7), It(grams=1)])
    curve = curve_with_band(outcomes, np.ones((5, 1)))
    purity = dict(zip(np.round(curve["recovery"], 3), curve["purity"], strict=True))
    assert purity[0.0] == purity[0.33] == 1.0
    assert purity[0.34] == purity[0.665] == pytest.approx(2 / 3)
    assert purity[0.67] == purity[1.0] == 0.0, "no threshold finds what was not detected"
    assert curve["purity_low"] == curve["purity_high"] == curve["purity"]
    assert curve["points"]["recovery"] == pytest.approx([1 / 3, 1 / 3, 2 / 3], abs=1e-5)
    assert curve["points"]["purity"] == pytest.approx([1, 1 / 2, 2 / 3], abs=1e-5)


def test_keys_say_the_percentage():
    assert percent_key("recovery_at_purity", 0.95) == "recovery_at_purity_95"
    assert percent_key("recovery_at_purity", 0.995) == "recovery_at_purity_99_5"
