"""Monte Carlo and closed form agree, and both say what they should of lots whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.balance.lots import BEARING, KINDS, evidence, items, shipped_metadata, trial

from neosort_inference.balance.closed_form import closed_form
from neosort_inference.balance.commons import SHIFTS, centred, shares, shift_distribution
from neosort_inference.balance.draws import draw_balance
from neosort_inference.balance.evidence import Counted, evidence_for
from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.detector import expected_mass

pytestmark = pytest.mark.computes


@pytest.mark.parametrize("count", [40, 500])
def test_drawing_and_the_closed_form_agree(count: int) -> None:
    lot = items(count)
    decided, known = Decided.of(lot, KINDS), evidence(lot)
    drawn = draw_balance(decided, known, draws=6_000, seed=4)
    for draws, moments in zip(
        (drawn.product.sum(axis=1), drawn.rest.sum(axis=1)), closed_form(decided, known), strict=True
    ):
        standard_error = draws.std() / np.sqrt(len(draws))
        assert draws.mean() == pytest.approx(moments.mean_g, abs=5 * standard_error + 0.003 * moments.mean_g)
        assert draws.std() == pytest.approx(moments.sd_g, rel=0.08)


def test_interval_ends_agree_where_a_lot_is_large() -> None:
    lot = items(800)
    decided, known = Decided.of(lot, KINDS), evidence(lot)
    product = draw_balance(decided, known, draws=6_000, seed=5).product.sum(axis=1)
    low, high = closed_form(decided, known)[0].interval_90_g
    width = high - low
    assert np.percentile(product, 5) == pytest.approx(low, abs=0.06 * width)
    assert np.percentile(product, 95) == pytest.approx(high, abs=0.06 * width)


def test_certain_items_weigh_what_is_said_of_them() -> None:
    mean_g, sigma_g = expected_mass(0.999999, 18.0, 1e-6)
    lot = [DecidedItem(kind="hdd35", p_ndfeb=0.999999, magnet_g=mean_g, magnet_g_sigma=sigma_g, ejected=True)] * 500
    sure = (
        trial()
        .of("hdd35")
        .model_copy(
            update={"bears": 10_000, "hits": 5_000, "found": 10_000, "mass_between_log": 0.0, "mass_bias_log": 0.0}
        )
    )
    made = trial(kinds=(sure,), shift_sd=0.05)
    metadata = shipped_metadata().model_copy(update={"confusion": None, "mass_error": None})
    known = evidence_for({"hdd35": 500}, metadata, made, BEARING, models_in_lot=8.0, evenness={})
    drawn = draw_balance(Decided.of(lot, KINDS), known, seed=1)
    assert drawn.product.sum(axis=1).mean() == pytest.approx(500 * 18.0, rel=1e-3)
    assert drawn.rest.sum(axis=1).mean() < 0.001 * 500 * 18.0


def test_the_error_of_a_mass_is_taken_off() -> None:
    lot = items(600)
    heavy = trial(kinds=tuple(row.model_copy(update={"mass_bias_log": 0.2}) for row in trial().kinds))
    metadata = shipped_metadata().model_copy(update={"mass_error": None})
    plain, less = (
        draw_balance(Decided.of(lot, KINDS), evidence(lot, made, metadata), seed=2).product.sum(axis=1).mean()
        for made in (trial(), heavy)
    )
    assert less == pytest.approx(plain * np.exp(-0.2), rel=0.05)


def test_items_that_were_never_found_belong_to_the_rest() -> None:
    lot = items(600)
    blind = trial(kinds=tuple(r.model_copy(update={"found": r.bearing * 8 // 10}) for r in trial().kinds))
    metadata = shipped_metadata().model_copy(update={"confusion": None})
    seeing, missing = (
        draw_balance(Decided.of(lot, KINDS), evidence(lot, made, metadata), seed=3) for made in (trial(), blind)
    )
    found_g = seeing.product.sum(axis=1).mean()
    assert missing.missed.sum(axis=1).mean() == pytest.approx(0.25 * found_g, rel=0.1)  # a fifth missed: 0.2 ÷ 0.8
    assert missing.rest.sum(axis=1).mean() - seeing.rest.sum(axis=1).mean() > 0.2 * found_g


def test_what_a_neighbours_jet_carries_along_belongs_to_the_product() -> None:
    passed = [
        DecidedItem(kind=i.kind, p_ndfeb=i.p_ndfeb, magnet_g=i.magnet_g, magnet_g_sigma=i.magnet_g_sigma, ejected=False)
        for i in items(600)
    ]
    carrying = trial(kinds=tuple(r.model_copy(update={"carried": r.passed // 4}) for r in trial().kinds))
    drawn = draw_balance(Decided.of(passed, KINDS), evidence(passed, carrying), seed=1)
    fed = drawn.product.sum(axis=1) + drawn.rest.sum(axis=1)
    assert (drawn.product.sum(axis=1) / fed).mean() == pytest.approx(0.25, abs=0.01)


def test_few_models_make_wide_intervals() -> None:
    lot, unsure = items(600), trial(shift_sd=1.0, make_sd=0.0)
    few = unsure.model_copy(
        update={"kinds": tuple(r.model_copy(update={"models": 5.0, "mass_models": 5}) for r in unsure.kinds)}
    )
    metadata = shipped_metadata().model_copy(update={"confusion": None})
    many_sd, few_sd = (
        draw_balance(Decided.of(lot, KINDS), evidence(lot, made, metadata), seed=1).rest.sum(axis=1).std()
        for made in (unsure, few)
    )
    assert few_sd > 1.3 * many_sd


def test_no_items_weigh_nothing() -> None:
    decided, known = Decided.of([], KINDS), evidence([])
    assert draw_balance(decided, known).product.shape == (2000, 0)
    product, rest = closed_form(decided, known)
    assert (product.mean_g, rest.sd_g, product.interval_90_g) == (0.0, 0.0, (0.0, 0.0))


def test_draws_are_reproducible() -> None:
    lot = items(50)
    one, again, other = (draw_balance(Decided.of(lot, KINDS), evidence(lot), seed=s).product for s in (7, 7, 8))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_shift_is_expected_to_change_nothing_before_anything_is_counted() -> None:
    share = shares(np.array([-5.0, -4.0, -6.0, 1.0]))
    for sd in (0.1, 1.0, 2.0):
        assert centred(share, sd) @ share == pytest.approx(share[len(SHIFTS) // 2], rel=1e-3)


def test_counts_move_the_share_towards_what_was_counted() -> None:
    log_odds = np.full(200, np.log(0.1 / 0.9))
    share = shares(log_odds)
    nothing = shift_distribution(log_odds, Counted(), 1.0) @ share
    counted = shift_distribution(log_odds, Counted(50.0, 100.0), 1.0) @ share
    assert nothing == pytest.approx(0.1, rel=0.05)
    assert 0.35 < counted < 0.5
