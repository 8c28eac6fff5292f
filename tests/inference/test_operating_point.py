"""Which threshold a line sorts by: the recipe's, a guaranteed one, one that was merely found; said in words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from neosort_hardware.config import ConfigError
from neosort_inference.bundle_metadata import GuaranteedThreshold, Threshold
from neosort_inference.operating_point import operating_point
from neosort_inference.recipe import Recipe

pytestmark = pytest.mark.computes


def found(target, p, blind="none", recovery=0.7):
    return Threshold(blind=blind, purity_target=target, p_ndfeb=p, recovery=recovery, purity=target, n=100)


def proven(target, p, blind="none"):
    seen = {} if p is None else {"recovery": 0.6, "purity": target}
    return GuaranteedThreshold(blind=blind, purity_target=target, confidence=0.95, p_ndfeb=p, **seen)


def bundle(thresholds=(), guaranteed=None):
    guarantee = None if guaranteed is None else SimpleNamespace(points=guaranteed)
    return SimpleNamespace(metadata=SimpleNamespace(name="b", thresholds=thresholds, guarantee=guarantee))


FOUND = (found(0.8, 0.5), found(0.9, 0.7), found(0.95, 0.9), found(0.8, 0.8, "camera"))


def point(target=0.8, blind="none", thresholds=FOUND, guaranteed=None, **recipe):
    return operating_point(Recipe(purity_target=target, **recipe), bundle(thresholds, guaranteed), blind)


def test_the_recipe_comes_first():
    chosen = point(min_p_ndfeb=0.33, guaranteed=(proven(0.8, 0.6),))
    assert (chosen.p_ndfeb, chosen.basis) == (0.33, "recipe")
    assert "as the recipe sets it" in str(chosen)


def test_a_guaranteed_threshold_goes_before_one_that_was_merely_found():
    chosen = point(guaranteed=(proven(0.8, 0.6), proven(0.9, 0.75)))
    assert (chosen.p_ndfeb, chosen.basis, chosen.confidence) == (0.6, "guaranteed", 0.95)
    assert "guaranteed for purity 80 %" in str(chosen)
    assert "95 % confidence" in str(chosen)


@pytest.mark.parametrize("guaranteed", [None, (proven(0.8, None), proven(0.95, 0.93))])
def test_where_nothing_was_proven_the_found_one_serves_and_says_so(guaranteed):
    chosen = point(guaranteed=guaranteed)
    assert (chosen.p_ndfeb, chosen.basis) == (0.5, "validated")
    assert "no guarantee" in str(chosen)


def test_the_next_higher_target_serves():
    assert point(0.85).p_ndfeb == 0.7
    assert point(0.85, guaranteed=(proven(0.85, 0.65),)).p_ndfeb == 0.65
    assert point(0.97, guaranteed=(proven(0.98, 0.99),)).basis == "guaranteed"


def test_a_purity_beyond_reach_is_refused_in_one_sentence():
    with pytest.raises(ConfigError, match=r"purity_target = 0.99 .* reaches with both senses \(0.8, 0.9, 0.95\)"):
        point(0.99)


def test_a_line_with_one_sense_does_what_it_can():
    assert point(0.95, "camera").p_ndfeb == 0.8
    assert point(0.8, "camera", guaranteed=(proven(0.8, 0.9, "camera"),)).basis == "guaranteed"
    lost = point(0.8, "field")
    assert (lost.p_ndfeb, lost.basis) == (0.5, "even odds")
    assert "even odds" in str(lost)


def test_a_target_that_was_looked_for_and_not_reached_counts_for_nothing():
    with pytest.raises(ConfigError, match=r"\(none\)"):
        point(thresholds=(found(0.8, 1.0, recovery=0.0),))
