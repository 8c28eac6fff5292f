"""What a bundle carries of how its model did, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.training.worked_windows import KINDS, A, B, C, detections, item, labelled

from neosort_training.bundle_figures import confusion, mass_error, recovery_purity_curve
from neosort_training.matching import match_window
from neosort_training.outcomes import pooled


def outcomes_of(*windows):
    """Pairs of (detections, items)."""
    return pooled([match_window(found, labelled(items), KINDS) for found, items in windows])


SEEN = detections((A, 0.9, 0, 0.95), (B, 0.8, 1, 0.4), (C, 0.7, 0, 0.6))
TWO_WINDOWS = outcomes_of(
    (SEEN, [item(0, A), item(1, B, bears=False, kind="plastic")]),  # C is a stray
    (SEEN, [item(2, A, bears=False, kind="plastic"), item(3, (60, 10, 90, 40))]),  # item 3 is missed, B and C strays
)


def test_a_curve_says_what_each_threshold_gives():
    curve = recovery_purity_curve(TWO_WINDOWS, "none")
    assert (curve.items, curve.bearing) == (4, 2)
    assert curve.p_ndfeb == pytest.approx((0.95, 0.6, 0.4), abs=2e-5)
    assert curve.recovery == (0.5, 0.5, 0.5)
    assert curve.recovery_mass == (0.5, 0.5, 0.5)
    assert curve.purity == pytest.approx((0.5, 0.25, 1 / 6), abs=1e-5)


def test_a_threshold_of_the_curve_picks_what_it_says():
    picks = TWO_WINDOWS.picks()
    curve = recovery_purity_curve(TWO_WINDOWS, "none")
    for p, purity in zip(curve.p_ndfeb, curve.purity, strict=True):
        assert picks.bears[picks.p >= p].mean() == pytest.approx(purity, abs=1e-5)


def test_nothing_found_gives_an_empty_curve():
    nothing = outcomes_of((detections((A, 0.0, 0, 0.0)), [item(0, B)]))
    curve = recovery_purity_curve(nothing, "field")
    assert (curve.blind, curve.bearing, curve.p_ndfeb) == ("field", 1, ())
    assert mass_error(nothing) is None


def test_a_confusion_counts_every_item_once():
    found = confusion(TWO_WINDOWS, KINDS)
    assert found.truth == ("disk", "plastic")
    assert found.counts == ((1, 0, 1), (1, 1, 0))  # said disk, plastic, not found
    assert found.strays == 3


def test_a_mass_error_says_how_far_to_believe():
    rng = np.random.default_rng(0)
    grams = np.exp(rng.normal(2.0, 1.0, 400))
    windows = []
    for number, truth in enumerate(grams):
        said = np.expm1(np.log1p(truth) + 0.2 * rng.normal() + 0.1)
        found = detections((A, 0.9, 0, 0.9))
        found.magnet_g[:] = said
        found.magnet_g_sigma[:] = 0.1 * (1 + said)  # half of what it is
        windows.append((found, [item(number, A)]))
    outcomes = outcomes_of(*windows)
    outcomes.magnet_g[:] = grams
    found = mass_error(outcomes)
    assert found.n == 400
    assert found.bias_log == pytest.approx(0.1, abs=0.03)
    assert found.sigma_scale == pytest.approx(2.24, abs=0.25)  # √(0.2² + 0.1²) of error to 0.1 said
    assert [row.kind for row in found.by_kind] == ["disk"]
    assert found.by_kind[0].sd_log == pytest.approx(0.2, abs=0.03)
    assert 0.1 < found.median_relative < 0.3
