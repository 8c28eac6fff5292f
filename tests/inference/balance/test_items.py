"""What the line expects of an item, taken apart again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.detector import expected_mass

pytestmark = pytest.mark.computes


@given(p=st.floats(0.01, 0.999), grams=st.floats(0.1, 400.0), log_sigma=st.floats(0.01, 0.9))
def test_the_mass_if_it_bears_any_comes_back(p: float, grams: float, log_sigma: float) -> None:
    mean_g, sigma_g = expected_mass(p, grams, log_sigma * (1.0 + grams))
    decided = Decided.of([DecidedItem(kind="x", p_ndfeb=p, magnet_g=mean_g, magnet_g_sigma=sigma_g, ejected=False)], ())
    assert np.isclose(np.expm1(decided.log1p_g[0]), grams, rtol=1e-6)
    assert np.isclose(decided.log_sigma[0], log_sigma, rtol=1e-3, atol=1e-6)
    assert np.isclose(1 / (1 + np.exp(-decided.log_odds[0])), p)


def test_impossible_certainty_stays_finite() -> None:
    sure = [DecidedItem(kind="x", p_ndfeb=p, magnet_g=p, magnet_g_sigma=0.0, ejected=True) for p in (0.0, 1.0)]
    decided = Decided.of(sure, ("y",))
    assert decided.kinds == ("y", "x")
    assert np.isfinite([decided.log_odds, decided.log1p_g, decided.log_sigma]).all()
