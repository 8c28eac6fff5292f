"""Items that the bundle was not sure of: when a window is asked about, what people say, and what is learnt from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.inference.api_client import Site
from tests.inference.test_api_access import must_be_problem
from tests.inference.test_page import COLS, ROWS, decision, decoded, view

from neosort_datasets.store import WindowStore
from neosort_datasets.verification import verify_store
from neosort_inference.access.role import Role
from neosort_inference.services import review as reviewing
from neosort_inference.services.uncertain import EVERY_MM, Picker

pytestmark = pytest.mark.computes

STEP_MM = ROWS / 2


def item(track_id, p_ndfeb, at_mm=1000.0, kind="hdd35"):
    return replace(decision(track_id, kind=kind, at_mm=at_mm), p_ndfeb=p_ndfeb)


def passing(*decisions, start_mm=900.0, steps=3):
    """Views of a belt that goes on, each with the decisions that reach into it."""
    for step in range(steps):
        at_mm = start_mm + step * STEP_MM
        inside = [one for one in decisions if one.box.belt_hi_mm > at_mm and one.box.belt_lo_mm < at_mm + ROWS]
        picture = np.random.default_rng(step).integers(0, 255, (ROWS, COLS, 3), np.uint8)
        yield replace(view(*inside, start_mm=at_mm), picture=picture)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, simulated=True)


def shown(site, *decisions, **more):
    for one in passing(*decisions, **more):
        site.feed.put(one)


# Which windows


def picked(views):
    taken = []
    picker = Picker(taken.append)
    for one in views:
        picker.see(one)
    return taken


def test_a_window_is_asked_about_once_the_belt_has_passed_it_with_all_that_was_decided_later():
    late = item(2, 0.99, at_mm=1120.0)  # at the window's edge: decided in the next one
    views = list(passing(item(1, 0.5), late))
    views[0] = replace(views[0], decisions=views[0].decisions[:1])
    assert picked(views[:2]) == []
    (one,) = picked(views)
    assert one.view.start_mm == 900.0
    assert [each.track_id for each in one.decisions] == [1, 2]


def test_what_the_bundle_is_sure_of_is_not_asked_about():
    assert picked(passing(item(1, 0.95), item(2, 0.05))) == []


def test_a_window_that_views_were_left_out_after_is_let_go():
    views = list(passing(item(1, 0.5), steps=6))
    assert picked([views[0], *views[3:]]) == []


def test_people_are_asked_now_and_then_and_a_count_that_began_anew_changes_nothing():
    doubtful = [item(n, 0.5, at_mm=1000.0 + n * STEP_MM) for n in range(60)]
    taken = picked(passing(*doubtful, steps=58))
    assert len(taken) == 2
    assert taken[1].view.start_mm - taken[0].view.start_mm >= EVERY_MM
    anew = picked([*passing(item(1, 0.5)), *passing(item(2, 0.5, at_mm=-8000.0), start_mm=-8100.0)])
    assert len(anew) == 2


def test_a_thinned_picture_is_not_asked_about():
    views = [replace(one, picture=one.picture[::3, ::3], mm_per_px=3.0) for one in passing(item(1, 0.5))]
    assert picked(views) == []


# What people say


def test_confirmed_and_corrected_items_become_a_labelled_window(site):
    shown(site, item(1, 0.5), item(2, 0.4, at_mm=1060.0, kind="speaker_nd"), item(3, 0.99, at_mm=1010.0))
    operator = site.by_token(Role.OPERATOR)
    waiting = operator.get("/api/v1/review").json()
    assert [(one["kind"], one["p_ndfeb"]) for one in waiting] == [("hdd35", 0.5), ("speaker_nd", 0.4)]
    first, second = (one["id"] for one in waiting)
    picture = decoded(operator.get(f"/api/v1/review/{first}/picture.jpg").content)
    assert picture.shape == (160, 160, 3)
    assert operator.post(f"/api/v1/review/{first}/confirm").status_code == 204
    assert [one["id"] for one in operator.get("/api/v1/review").json()] == [second]
    must_be_problem(operator.post(f"/api/v1/review/{first}/confirm"), 404)
    said = {"kind": "speaker_ferrite", "bears_ndfeb": False, "magnet_g": 5.0}
    assert operator.post(f"/api/v1/review/{second}/correct", json=said).status_code == 204
    assert operator.get("/api/v1/review").json() == []
    store = WindowStore(site.state.review / "stores" / f"{ROWS}x{COLS}")
    (labelled,) = [store[index] for index in range(len(store))]
    told = [(one.kind, one.bears_ndfeb, one.magnet_g) for one in labelled.items]
    assert told == [("hdd35", True, 20.1), ("speaker_ferrite", False, 0.0), ("hdd35", True, 20.1)]
    assert (labelled.window.picture == next(passing()).picture).all()
    assert verify_store(store, {"hdd35", "speaker_ferrite"}) == []
    confirmed, corrected = site.entry.trail.entries()
    assert (confirmed.action, confirmed.target) == ("review.confirm", first)
    assert (corrected.old["kind"], corrected.new["kind"]) == ("speaker_nd", "speaker_ferrite")


def test_what_nobody_can_tell_takes_its_window_out(site):
    shown(site, item(1, 0.5), item(2, 0.6, at_mm=1060.0))
    operator = site.by_token(Role.OPERATOR)
    first = operator.get("/api/v1/review").json()[0]["id"]
    assert operator.post(f"/api/v1/review/{first}/discard").status_code == 204
    assert operator.get("/api/v1/review").json() == []
    assert not (site.state.review / "stores").exists()
    must_be_problem(operator.get(f"/api/v1/review/{first}/picture.jpg"), 404)
    must_be_problem(site.by_token(Role.VIEWER).post(f"/api/v1/review/{first}/discard"), 403)


def test_the_queue_is_bounded_and_the_oldest_makes_room(site, monkeypatch):
    monkeypatch.setattr(reviewing, "MOST_WAITING", 3)
    for n in range(5):
        shown(site, item(n, 0.5, at_mm=1000.0 + n * 2 * EVERY_MM), start_mm=900.0 + n * 2 * EVERY_MM)
    waiting = site.local().get("/api/v1/review").json()
    assert [one["id"] for one in waiting] == ["000003-0", "000004-0", "000005-0"]
