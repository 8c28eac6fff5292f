"""Effects of makes: what they leave as it was, and what they change."""

from __future__ import annotations

import numpy as np
import pytest

from neosort_inference.balance.commons import odds_to_p
from neosort_inference.balance.makes import effect, effects, flattening, makes_of

pytestmark = pytest.mark.computes


@pytest.mark.parametrize("make_sd", [0.0, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("p", [0.002, 0.1, 0.5, 0.97])
def test_the_mean_over_makes_is_p_again(p, make_sd) -> None:
    flat = flattening(make_sd)
    of_make, weight = effects(flat)
    conditional = odds_to_p(np.log(p / (1.0 - p)) / flat + of_make)
    assert conditional @ weight == pytest.approx(p, rel=0.03)


def test_the_standard_deviation_is_that_of_the_bridge_distribution() -> None:
    drawn = effect(np.random.default_rng(1).random(400_000), flattening(1.5))
    assert drawn.mean() == pytest.approx(0.0, abs=0.01)
    assert drawn.std() == pytest.approx(1.5, rel=0.01)


def test_makes_that_differ_much_bear_in_all_items_or_in_none() -> None:
    of_make, weight = effects(flattening(8.0))
    together = odds_to_p(np.log(0.1 / 0.9) / flattening(8.0) + of_make) ** 2 @ weight
    assert together == pytest.approx(0.1, rel=0.25), "two of one make bear as often as one does"
    assert effect(np.array([0.1, 0.9]), flattening(0.0)) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_items_are_parted_by_p_into_equally_many() -> None:
    made = makes_of(np.array([2.0, -1.0, 0.0, -3.0, 5.0, 4.0]), 3)
    assert made.tolist() == [1, 0, 1, 0, 2, 2]
    assert makes_of(np.array([]), 4).tolist() == []
