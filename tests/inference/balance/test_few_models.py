"""Of few makes, some heavy: what the intervals must know of them, held against populations whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.inference.balance.test_coverage import inputs

from neosort_inference.balance.evidence import student_90
from neosort_inference.balance.items import Decided, DecidedItem
from neosort_inference.balance.known import KnownItem
from neosort_inference.balance.lot_balance import balance_lot
from neosort_inference.balance.trying import trial_of
from neosort_inference.detector import expected_mass

pytestmark = pytest.mark.computes

BETWEEN_LOG = 0.2  # of the error of log mass, from make to make


def made_of(makes: int, random: np.random.Generator, count: int) -> list[KnownItem]:
    """Motors of so many makes drawn anew, from light to very heavy, each make's masses said wrong by an error of its
    own. Everything else is certain."""
    said_g, error = 5.0 * random.lognormal(0.0, 1.0, makes), random.normal(0.0, BETWEEN_LOG, makes)
    found = []
    for number, make in enumerate(random.integers(makes, size=count)):
        mean_g, sigma_g = expected_mass(0.9999, said_g[make], 0.02)
        said = DecidedItem(kind="motor_nd", p_ndfeb=0.9999, magnet_g=mean_g, magnet_g_sigma=sigma_g, ejected=True)
        true_g = max(0.0, float(np.expm1(np.log1p(said_g[make]) - error[make])))
        found.append(
            KnownItem(
                said=said, kind="motor_nd", model=f"make-{make}", bears=True, ndfeb_g=true_g, in_product=True,
                scene=number % 20,
            )
        )  # fmt: skip
    return found


@pytest.mark.parametrize("makes", [4, 9])
def test_the_truth_lies_inside_whether_a_lot_is_of_few_makes_or_of_many(makes) -> None:
    """Over 120 lines with a trial each. Were makes to count alike, and their spread known, it were four of five."""
    random = np.random.default_rng(makes)
    inside = 0
    for seed in range(120):
        stands_on = replace(inputs(made_of(12, random, 100)), models_in_lot=float(makes), draws=300, seed=seed)
        lot = made_of(makes, random, 60)
        found = balance_lot([item.said for item in lot if item.said is not None], stands_on)
        inside += found.product_g.holds(sum(item.ndfeb_g for item in lot))
    assert 0.86 <= inside / 120 <= 0.95


def test_items_that_outweigh_others_are_fewer_than_they_are() -> None:
    def lot(*grams: float) -> dict[str, float]:
        items = [
            DecidedItem(kind="motor_nd", p_ndfeb=0.999, magnet_g=g, magnet_g_sigma=0.01, ejected=True) for g in grams
        ]
        return Decided.of(items, ("hdd35",)).evenness()

    assert lot(5.0, 5.0, 5.0) == pytest.approx({"hdd35": 1.0, "motor_nd": 1.0})
    assert lot(30.0, 0.01, 0.01)["motor_nd"] == pytest.approx(1 / 3, rel=0.01)


@pytest.mark.parametrize(("freedom", "factor"), [(3.0, 1.431), (6.0, 1.181), (11.0, 1.092), (1e6, 1.0)])
def test_the_ends_of_students_distribution(freedom, factor) -> None:
    """Tables: t(0.95) of 3, 6 and 11 degrees of freedom is 2.353, 1.943 and 1.796, a normal one's 1.645."""
    assert student_90(freedom) == pytest.approx(factor, rel=0.02)
    assert student_90(0.0) == student_90(3.0)


def looks(bearing_of: dict[str, tuple[int, int]]) -> float:
    """What a trial says of items called motors: so many that bear, of so many, by make."""
    items = [
        replace(made_of(1, np.random.default_rng(1), 1)[0], model=make, bears=number < bearing)
        for make, (bearing, of) in bearing_of.items()
        for number in range(of)
    ]
    return trial_of(items, on="test", bundle="b@0", command="").of("motor_nd").looks


def test_items_tell_as_many_times_as_makes_leave_them_to() -> None:
    makes = [f"make-{number}" for number in range(6)]
    assert looks({make: (10 * (n % 2), 10) for n, make in enumerate(makes)}) == pytest.approx(6.0, abs=0.1), "as makes"
    assert looks(dict.fromkeys(makes, (5, 10))) == 60.0, "makes are alike: as items"
    assert looks(dict.fromkeys(makes, (0, 10))) == 60.0, "none bears, and no make is an exception"
    assert 6.0 < looks({make: (9 if n % 2 else 3, 10) for n, make in enumerate(makes)}) < 30.0
    assert looks({"make-0": (3, 10)}) == 10.0


def taken_for_ferrite(makes: int, random: np.random.Generator, count: int) -> list[KnownItem]:
    """Things of which the network says of each item alike how likely it is to bear NdFeB, and is right of as many
    makes; but all items of a make do, or none."""
    p, bears = random.beta(0.5, 4.5, makes), random.random(makes)
    found = []
    for number, make in enumerate(random.integers(makes, size=count)):
        mean_g, sigma_g = expected_mass(p[make], 8.0, 0.02)
        said = DecidedItem(
            kind="motor_ferrite", p_ndfeb=p[make], magnet_g=mean_g, magnet_g_sigma=sigma_g, ejected=False
        )
        true = bool(bears[make] < p[make])
        found.append(
            KnownItem(
                said=said, kind="motor_ferrite", model=f"make-{make}", bears=true, ndfeb_g=8.0 * true,
                in_product=False, scene=number % 20,
            )
        )  # fmt: skip
    return found


def test_makes_that_are_wholly_mistaken_are_expected_in_the_rest() -> None:
    """Most lots hold no make that is mistaken, some hold one and then all its items. A trial tells that it is so; were
    each item to be asked anew, hardly any lot would come to nothing, nor to so much."""
    random = np.random.default_rng(4)
    stands_on = replace(inputs(taken_for_ferrite(60, random, 600)), models_in_lot=6.0, draws=400)
    assert stands_on.trial.make_sd > 3.0
    each_alone = replace(stands_on, trial=stands_on.trial.model_copy(update={"make_sd": 0.0}))
    inside = dict.fromkeys(("makes", "each alone"), 0)
    for seed in range(60):
        lot = taken_for_ferrite(6, random, 60)
        true_g = sum(item.ndfeb_g for item in lot)
        for name, basis in (("makes", stands_on), ("each alone", each_alone)):
            said = [item.said for item in lot if item.said is not None]
            inside[name] += balance_lot(said, replace(basis, seed=seed)).rest_g.holds(true_g)
    assert inside["makes"] >= 50
    assert inside["each alone"] <= 30
