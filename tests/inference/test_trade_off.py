"""What a threshold costs, by a bundle's own curves and proofs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_inference.bundle import read_metadata
from neosort_inference.bundle_metadata import RecoveryPurityCurve
from neosort_inference.opening import bundle_path
from neosort_inference.trade_off import curve_of, proven_points, thresholds_worth_it, trade_off

pytestmark = pytest.mark.computes

SHIPPED = read_metadata(bundle_path(None))
CURVE = RecoveryPurityCurve(
    items=10, bearing=4, p_ndfeb=(0.9, 0.6, 0.3, 0.1), recovery=(0.25, 0.75, 1.0, 1.0),
    recovery_mass=(0.4, 0.8, 1.0, 1.0), purity=(1.0, 0.75, 0.67, 0.4),
)  # fmt: skip
WORKED = SHIPPED.model_copy(update={"curves": (CURVE,), "guarantee": None})


@pytest.mark.parametrize(
    ("p_ndfeb", "recovery", "purity"),
    [(0.95, 0.0, 1.0), (0.9, 0.25, 1.0), (0.7, 0.25, 1.0), (0.6, 0.75, 0.75), (0.3, 1.0, 0.67), (0.0, 1.0, 0.4)],
)
def test_between_two_points_of_the_curve_the_stricter_one_counts(p_ndfeb, recovery, purity):
    weighed = trade_off(WORKED, p_ndfeb)
    assert (weighed.recovery, weighed.purity, weighed.proven) == (recovery, purity, None)


def test_thresholds_that_lose_more_than_half_or_gain_nothing_are_not_offered():
    assert thresholds_worth_it(WORKED) == (0.6, 0.3)


def test_a_bundle_without_a_curve_weighs_nothing():
    bare = SHIPPED.model_copy(update={"curves": ()})
    assert curve_of(bare) is trade_off(bare, 0.5) is None
    assert thresholds_worth_it(bare) == ()


def test_a_proof_is_of_its_very_threshold_alone():
    for point in proven_points(SHIPPED):
        assert trade_off(SHIPPED, point.p_ndfeb).proven.purity_target >= point.purity_target
        assert trade_off(SHIPPED, point.p_ndfeb + 1e-3).proven is None
    assert [point.purity_target for point in proven_points(SHIPPED)] == sorted(
        point.purity_target for point in proven_points(SHIPPED)
    )


@given(st.sampled_from(("none", "camera", "field")), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_threshold_never_recovers_more(blind, one, other):
    strict, loose = (trade_off(SHIPPED, p, blind) for p in (max(one, other), min(one, other)))
    assert strict.recovery <= loose.recovery
    assert strict.recovery_mass <= loose.recovery_mass
