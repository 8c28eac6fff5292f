"""The figures of a run: sums that must close, and cases worked by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neosort_hardware.types import Box, Decision, ItemTruth, Landing, Shot, Verdict
from neosort_inference.score import NOT_SEEN, Heavy, match_decisions, score_run

pytestmark = pytest.mark.computes


def box(at_mm: float, size_mm: float = 60.0, across_mm: float = 300.0) -> Box:
    half = size_mm / 2
    return Box(
        belt_lo_mm=at_mm - half, belt_hi_mm=at_mm + half, across_lo_mm=across_mm - half, across_hi_mm=across_mm + half
    )


def item(item_id: int, at_mm: float, magnet_g: float, kind: str = "hdd35", across_mm: float = 300.0) -> ItemTruth:
    return ItemTruth(
        item_id=item_id,
        model=f"{kind}-01",
        kind=kind,
        bears_ndfeb=magnet_g > 0,
        magnet_g=magnet_g,
        mass_g=100.0,
        box=box(at_mm, across_mm=across_mm),
        visible_fraction=1.0,
    )


def decision(at_mm: float, *, fired=False, late=False, refused=False, kind="hdd35", size_mm=60.0, across_mm=300.0):
    aimed = fired or late or refused
    return Decision(
        track_id=0,
        box=box(at_mm, size_mm, across_mm),
        kind=kind,
        p_ndfeb=0.9,
        magnet_g=1.0,
        magnet_g_sigma=0.1,
        verdict=Verdict.FIRED if fired else Verdict.LATE if late else Verdict.REFUSED if refused else Verdict.PASSED,
        reason="" if fired else "why",
        latency_ms=30.0,
        distance_mm=50.0,
        decided_ns=0,
        shot=Shot(shot_id=0, track_id=0, first_nozzle=0, last_nozzle=1, open_mm=0.0, close_mm=1.0) if aimed else None,
    )


def landing(item_id: int, product: bool) -> Landing:
    place = "product" if product else "rest"
    return Landing(item_id=item_id, place=place, landed_ns=0, impulse_ns=0.0, shot_ids=())


def test_every_loss_goes_to_its_own_account():
    items = [
        item(0, 0, 10.0),  # fired, product
        item(1, 200, 20.0),  # not seen
        item(2, 400, 30.0),  # fired, missed
        item(3, 600, 5.0),  # late
        item(4, 800, 15.0),  # judged not to bear
        item(5, 1000, 0.0, "steel"),  # false alarm
        item(6, 1200, 0.0, "pcb"),  # blown along
        item(7, 1400, 20.0),  # refused by the diverter
        item(8, 1600, 99.0),  # still in flight: does not count
    ]
    decisions = [
        decision(0, fired=True),
        decision(400, fired=True),
        decision(600, late=True),
        decision(800, kind="hdd35_stripped"),
        decision(1000, fired=True),
        decision(1200, kind="pcb"),
        decision(1400, refused=True),
        decision(1600, fired=True),
    ]
    landings = [landing(which, which in (0, 5, 6)) for which in range(8)]
    score = score_run(items, landings, decisions, bootstrap=0)
    assert (score.items, score.bearing, score.product) == (8, 6, 3)
    assert score.recovery == pytest.approx(10 / 100)
    assert score.loss.recognition == pytest.approx(35 / 100)
    assert score.loss.timing == pytest.approx(55 / 100)
    assert score.recovery_items == pytest.approx(1 / 6)
    assert score.purity == pytest.approx(1 / 3)
    assert score.loss.false_alarm == pytest.approx(1 / 3)
    assert score.loss.coejection == pytest.approx(1 / 3)
    assert score.confusion["hdd35"] == {"hdd35": 4, NOT_SEEN: 1, "hdd35_stripped": 1}
    assert score.spurious == 0
    assert score.recovery_ci is None


def test_a_decision_belongs_to_the_item_it_fits_best_and_a_second_one_is_a_duplicate():
    items = [item(0, 100, 1.0), item(1, 140, 1.0)]
    exact, shifted, nowhere = decision(140, kind="phone"), decision(105, kind="hdd25"), decision(900)
    again = decision(102, size_mm=20.0, fired=True)
    matches = match_decisions(items, [again, shifted, nowhere, exact])
    assert matches.by_item == {1: (exact,), 0: (shifted, again)}
    assert matches.spurious == (nowhere,)
    score = score_run(items, [landing(0, True), landing(1, False)], [again, shifted, nowhere, exact], bootstrap=0)
    assert (score.spurious, score.duplicates) == (1, 1)
    assert score.loss.coejection == 0.0  # the duplicate's shot was at item 0


def test_a_large_decision_over_a_small_item_matches_by_its_centre():
    small = item(0, 100, 1.0)
    assert match_decisions([small], [decision(100, size_mm=400.0)]).by_item
    assert not match_decisions([small], [decision(180, size_mm=400.0)]).by_item


def test_kind_rows_tell_shots_from_jets_next_door():
    items = [item(0, 0, 0.0, "steel"), item(1, 200, 0.0, "steel"), item(2, 400, 4.0, "phone")]
    score = score_run(
        items, [landing(i, True) for i in range(3)], [decision(0, fired=True), decision(400)], bootstrap=0
    )
    phone, steel = score.kinds
    assert (steel.kind, steel.fed, steel.seen, steel.fired, steel.product, steel.coejected) == ("steel", 2, 1, 1, 2, 1)
    assert (phone.kind, phone.bears_ndfeb, phone.ndfeb_product_g, phone.coejected) == ("phone", True, 4.0, 1)


def test_an_empty_run_has_no_figures():
    score = score_run([], [], [])
    assert score.items == 0
    assert score.recovery is score.purity is score.recovery_ci is score.loss.timing is score.loss.coejection is None


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    covered = 0
    for run in range(60):
        product = random.random(150) < 0.8
        items = [item(i, 200.0 * i, 2.0) for i in range(150)]
        score = score_run(items, [landing(i, bool(p)) for i, p in enumerate(product)], [], bootstrap=300, seed=run)
        assert score.recovery_items_ci is not None
        low, high = score.recovery_items_ci
        covered += low <= 0.8 <= high
    assert 50 <= covered <= 60


def test_the_seed_fixes_the_intervals():
    items = [item(i, 100.0 * i, float(i % 3)) for i in range(40)]
    landings = [landing(i, i % 4 == 1) for i in range(40)]
    assert score_run(items, landings, [], seed=3) == score_run(items, landings, [], seed=3)
    assert score_run(items, landings, [], seed=3).purity_ci != score_run(items, landings, [], seed=4).purity_ci


runs = st.lists(
    st.tuples(
        st.floats(0, 3000),
        st.sampled_from([0.0, 0.5, 20.0]),
        st.sampled_from(["", "pass", "fired", "late", "refused"]),
        st.floats(-40, 40),
        st.sampled_from(["product", "rest", "in flight"]),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(runs)
def test_shares_close_and_every_decision_is_counted_once(run):
    items = [item(which, at_mm, magnet_g) for which, (at_mm, magnet_g, *_) in enumerate(run)]
    decisions = [
        decision(at_mm + off_mm, fired=what == "fired", late=what == "late", refused=what == "refused")
        for at_mm, _, what, off_mm, _ in run
        if what
    ]
    landings = [landing(which, row[4] == "product") for which, row in enumerate(run) if row[4] != "in flight"]
    score = score_run(items, landings, decisions, bootstrap=20)
    if score.recovery is not None:
        assert score.recovery + score.loss.recognition + score.loss.timing == pytest.approx(1.0)
        assert score.recovery_ci is None or 0 <= score.recovery_ci[0] <= score.recovery_ci[1] <= 1
    if score.purity is not None:
        assert score.purity + score.loss.coejection + score.loss.false_alarm == pytest.approx(1.0)
    assert sum(sum(row.values()) for row in score.confusion.values()) == score.items == len(landings)
    assert sum(row.fed for row in score.kinds) == score.items
    matches = match_decisions(items, decisions)
    assert sum(map(len, matches.by_item.values())) + len(matches.spurious) == len(decisions)


def test_items_too_heavy_for_air_stand_apart():
    hub = dataclasses.replace(item(0, 0, 339.0, "hub_motor"), mass_g=2600.0)
    items = [hub, item(1, 200, 10.0), dataclasses.replace(hub, item_id=2, box=box(400))]
    score = score_run(items, [landing(0, False), landing(1, True), landing(2, False)], [decision(0, fired=True)])
    assert (score.items, score.bearing, score.recovery) == (1, 1, 1.0)
    assert score.heavy == Heavy(items=2, bearing=2, recognised=1, product=0, ndfeb_g=678.0)
    assert {row.kind for row in score.kinds} == {"hdd35"}
