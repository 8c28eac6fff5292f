"""The balance of a lot as a whole: intervals, kinds, weighings, what it stands on."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pytest
from tests.inference.balance.lots import items, shipped_metadata

from neosort_inference.balance.composition import load_composition
from neosort_inference.balance.lot_balance import BalanceInputs, balance_lot
from neosort_inference.balance.mixture import Mixture
from neosort_inference.balance.trial import Trial, load_trial, trial_toml
from neosort_inference.balance.weighing import Weighing, reconciled
from neosort_inference.bundle_metadata import Confusion

pytestmark = pytest.mark.computes


def inputs() -> BalanceInputs:
    return BalanceInputs(
        bundle=shipped_metadata(), bundle_id="b@0", trial=load_trial(), composition=load_composition(), draws=500
    )


def test_a_lot_adds_up() -> None:
    lot = items(300)
    found = balance_lot(lot, inputs())
    assert (found.items, found.ejected) == (300, sum(item.ejected for item in lot))
    assert found.product_g.mean + found.rest_g.mean == pytest.approx(found.fed_g.mean, rel=1e-5)  # told to six digits
    assert sum(row.product_g.mean for row in found.kinds) == pytest.approx(found.product_g.mean, rel=1e-5)
    assert sum(row.items for row in found.kinds) == 300
    assert found.product_g.low < found.product_g.mean < found.product_g.high
    assert 0.0 <= found.recovery.low <= found.recovery.mean <= found.recovery.high <= 1.0
    assert sum(row.product_oxide_g.mean for row in found.rare_earths) == pytest.approx(found.oxides_g.mean, rel=1e-5)
    assert found.rare_earths[0].product_g.mean == pytest.approx(0.25 * found.product_g.mean, rel=0.1)


def test_where_nothing_was_counted_what_is_assumed_stands_in() -> None:
    bare = shipped_metadata().model_copy(update={"confusion": None, "mass_error": None})
    untried = load_trial().model_copy(update={"kinds": ()})
    lot = items(300)
    found, usual = balance_lot(lot, replace(inputs(), bundle=bare, trial=untried)), balance_lot(lot, inputs())
    said_g = sum(item.magnet_g for item in lot)
    assert 0.85 * said_g < found.fed_g.mean < 1.25 * said_g
    assert found.fed_g.high - found.fed_g.low > usual.fed_g.high - usual.fed_g.low


def test_an_empty_lot_has_a_balance() -> None:
    found = balance_lot([], inputs())
    assert (found.items, found.fed_g.high, found.recovery.mean, found.kinds) == (0, 0.0, 0.0, ())


def test_the_shipped_trial_says_what_it_was_made_with_and_survives_its_file() -> None:
    shipped = load_trial()
    assert Trial.model_validate(tomllib.loads(trial_toml(shipped))) == shipped
    assert shipped.bundle.startswith("neosort@")


def test_weighings_are_held_against_the_intervals() -> None:
    draws = np.random.default_rng(1).normal(10_000.0, 500.0, 4000)
    rows = reconciled([Weighing(what="magnets_product", mass_kg=10.5)], draws, draws)
    assert rows[0].gap_kg == pytest.approx(0.5, abs=0.05)
    assert rows[0].inside
    assert not reconciled([Weighing(what="magnets_product", mass_kg=12.0)], draws, draws)[0].inside


def test_a_mass_that_is_not_there_any_more_shows() -> None:
    nothing = np.zeros(10)
    fed, product = Weighing(what="feed", mass_kg=1000.0), Weighing(what="product", mass_kg=80.0)
    kept = reconciled([fed, product, Weighing(what="rest", mass_kg=915.0)], nothing, nothing)[0]
    lost = reconciled([fed, product, Weighing(what="rest", mass_kg=880.0)], nothing, nothing)[0]
    assert (kept.gap_kg, kept.inside, lost.gap_kg, lost.inside) == (5.0, True, 40.0, False)
    assert reconciled([fed, product], nothing, nothing) == []


def test_makes_in_a_lot_decide_how_sure_its_mass_is() -> None:
    lot = items(800)
    few, many = (balance_lot(lot, replace(inputs(), models_in_lot=makes)).product_g for makes in (2.0, 200.0))
    assert few.high - few.low > 1.3 * (many.high - many.low)


def test_a_confusion_is_read_with_the_lots_own_mix() -> None:
    confusion = Confusion(truth=("bad", "good"), counts=((90, 10, 0), (20, 80, 0)), strays=0)
    kinds = ("bad", "good")
    as_evaluated = Mixture.of({"bad": 5500, "good": 4500}, confusion, kinds, frozenset({"good"}))
    all_bad = Mixture.of({"bad": 9000, "good": 1000}, confusion, kinds, frozenset({"good"}))
    hits, of = as_evaluated.bears("good")
    assert hits / of == pytest.approx(80 / 90, abs=0.01)
    hits, of = all_bad.bears("good")
    assert hits / of < 0.2  # what is called good is what is mistaken of the bad
    assert all_bad.found("good") == (100, 100)
