"""Lots drawn from known items, how often the truth lies inside, and what a trial makes of the same items."""

from __future__ import annotations

import numpy as np
import pytest
from tests.inference.balance.lots import shipped_metadata

from neosort_inference.balance.composition import load_composition
from neosort_inference.balance.items import DecidedItem
from neosort_inference.balance.known import KnownItem
from neosort_inference.balance.lot_balance import BalanceInputs
from neosort_inference.balance.trying import trial_of
from neosort_inference.bench.balance import coverage, coverage_over_deals, dealt, drawn_lot
from neosort_inference.detector import expected_mass

pytestmark = pytest.mark.computes

TRUTH = {"hdd35": (0.98, 18.0), "motor_nd": (0.9, 6.0), "motor_ferrite": (0.06, 8.0), "steel": (0.01, 3.0)}


def known(count: int, seed: int, *, hit: float = 0.97, bias: float = 1.0) -> list[KnownItem]:
    """Items that are what they are said to be: bearing with P(NdFeB), as heavy as said but for a model's own error."""
    random = np.random.default_rng(seed)
    of_model = {f"{kind}-{n}": float(random.lognormal(0.0, 0.1)) for kind in TRUTH for n in range(10)}
    found = []
    for number in range(count):
        kind = str(random.choice(list(TRUTH)))
        model = f"{kind}-{random.integers(10)}"
        share, grams = TRUTH[kind]
        p = float(random.beta(15 * share, 15 * (1 - share)))
        bears = bool(random.random() < p)
        said_g = grams * of_model[model] * float(random.lognormal(0.0, 0.1)) * bias
        mean_g, sigma_g = expected_mass(p, said_g, 0.1 * (1 + said_g))
        said = DecidedItem(kind=kind, p_ndfeb=p, magnet_g=mean_g, magnet_g_sigma=sigma_g, ejected=p > 0.3)
        found.append(
            KnownItem(
                said=said if random.random() < 0.98 else None, kind=kind, model=model, bears=bears,
                ndfeb_g=grams * bears, in_product=bool(random.random() < (hit if said.ejected else 0.02)),
                scene=number % 40,
            )
        )  # fmt: skip
    return found


def inputs(trial_items: list[KnownItem]) -> BalanceInputs:
    made = trial_of(trial_items, on="test", bundle="b@0", command="")
    metadata = shipped_metadata().model_copy(update={"confusion": None, "mass_error": None})
    return BalanceInputs(bundle=metadata, bundle_id="b@0", trial=made, composition=load_composition(), draws=400)


def test_a_trial_counts_what_happened() -> None:
    made = trial_of(known(4000, seed=1, bias=1.2), on="test", bundle="b@0", command="")
    disks = made.of("hdd35")
    assert disks.hits / disks.ejected == pytest.approx(0.97, abs=0.02)
    assert disks.models == pytest.approx(10, abs=0.5)
    assert disks.mass_bias_log == pytest.approx(np.log((1 + 18 * 1.2) / 19), abs=0.08)
    assert 0.03 < disks.mass_between_log < 0.25
    assert made.of("never said").mass_between_log == made.mass_between_log
    assert made.of("steel").carried / made.of("steel").passed == pytest.approx(0.02, abs=0.015)


def test_the_truth_lies_inside_where_trial_and_lots_are_alike() -> None:
    record = coverage(known(4000, seed=3), inputs(known(4000, seed=2)), lots=30, models=5, seed=5)
    assert record["lots"] == 30
    assert record["product"]["inside"] >= 0.75
    assert abs(record["product"]["bias"]) < 0.1


def test_a_trial_of_another_line_shows() -> None:
    weak = known(4000, seed=3, hit=0.5)
    record = coverage(weak, inputs(known(4000, seed=2)), lots=20, models=5, seed=5)
    assert record["product"]["below"] > 0.9


def test_a_lot_holds_few_models_of_few_belts() -> None:
    lot = drawn_lot(known(2000, seed=1), 3, np.random.default_rng(1))
    for kind in TRUTH:
        assert len({item.model for item in lot if item.kind == kind}) == 3
    assert len({item.scene for item in lot}) <= 8


def test_dealt_halves_share_no_model_and_every_item_is_in_one() -> None:
    items = known(1500, seed=1)
    first, second = dealt(items, np.random.default_rng(2))
    assert len(first) + len(second) == len(items)
    assert not {item.model for item in first} & {item.model for item in second}
    assert {item.kind for item in first} == {item.kind for item in second} == set(TRUTH)


def test_coverage_over_deals_says_how_much_it_differs_from_one_to_the_next() -> None:
    record = coverage_over_deals(known(2000, seed=3), inputs(known(500, seed=2)), deals=3, lots=5, models=3, seed=5)
    assert (record["deals"], record["lots"]) == (3, 15)
    row = record["product"]
    assert row["inside"] + row["below"] + row["above"] == pytest.approx(1.0)
    assert 0.0 <= row["inside_sd"] <= 0.5
