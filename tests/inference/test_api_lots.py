"""Lots over HTTP, on a ledger in SQLite."""

from __future__ import annotations

import pytest
from tests.inference.api_client import Site
from tests.inference.test_api_access import must_be_problem

from neosort_inference.access.role import Role

pytestmark = pytest.mark.computes


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, simulated=True)


def test_a_lot_is_opened_shown_and_closed(site):
    operator = site.by_token(Role.OPERATOR)
    assert operator.get("/api/v1/lots").json() == []
    assert not site.state.ledger.exists(), "nothing is made by looking"
    opened = operator.post("/api/v1/lots", json={"supplier": "Ada's", "mass_in_kg": 812.5})
    assert opened.status_code == 201
    lot = opened.json()
    assert (lot["supplier"], lot["mass_in_kg"], lot["opened_by"], lot["closed"]) == ("Ada's", 812.5, "operators", None)
    assert "is open" in must_be_problem(operator.post("/api/v1/lots", json={}), 409)
    shown = operator.get(f"/api/v1/lots/{lot['lot']}").json()
    assert shown["counted"]["events"]["opened"] == 1
    closed = operator.post(f"/api/v1/lots/{lot['lot']}/close").json()
    assert (closed["closed_by"], closed["head_hash"]) != ("", lot["head_hash"])
    must_be_problem(operator.post(f"/api/v1/lots/{lot['lot']}/close"), 409)
    assert [one["lot"] for one in operator.get("/api/v1/lots").json()] == [lot["lot"]]
    must_be_problem(operator.get("/api/v1/lots/none"), 404)
    must_be_problem(site.by_token(Role.VIEWER).post("/api/v1/lots", json={}), 403)
    assert site.actions() == ["lot.open", "lot.close"]


def test_a_line_without_a_ledger_says_so(tmp_path):
    site = Site(tmp_path, simulated=True, ledger="off")
    assert "keeps no ledger" in must_be_problem(site.local().get("/api/v1/lots"), 409)
