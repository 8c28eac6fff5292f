"""Weighings, passports and what a lot is given away as, over HTTP, on a ledger in SQLite."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tests.hardware.waiting import eventually
from tests.inference.api_client import Site
from tests.inference.passport import a_lot
from tests.inference.test_api_access import must_be_problem

from neosort_inference.access.role import Role
from neosort_inference.balance.lot_balance import bundle_id
from neosort_inference.bundle import read_metadata
from neosort_inference.ledger.place import Place
from neosort_inference.opening import bundle_path

ASSAY = {
    "laboratory": "Lab", "sample": "S-1", "taken_on": "2026-03-01",
    "magnet": {"nd": {"percent": 28.0, "sigma": 0.1, "mark": "m", "source": "ICP-OES"}},
}  # fmt: skip


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path, simulated=True)
    yield made
    made.services.jobs.close()


@pytest.fixture
def lot(site, monkeypatch):
    """The path of an open lot that the shipped bundle has sorted."""
    sorted_by = bundle_id(read_metadata(bundle_path(None)))
    original = a_lot.DecisionRecord
    monkeypatch.setattr(a_lot, "DecisionRecord", lambda **v: original(**v | {"bundle_id": sorted_by}))
    opened = a_lot.closed_lot(Place(folder=site.state.ledger), 20, close=False)
    opened.ledger.close()
    return f"/api/v1/lots/{opened.lot.lot_id}"


def issued(operator, lot: str, **given) -> dict:
    """What the job has come to."""
    number = operator.post(f"{lot}/passport", json=given).json()["number"]

    def over() -> dict | None:
        job = operator.get(f"/api/v1/jobs/{number}").json()
        return job if job["state"] not in ("waiting", "running") else None

    return eventually(over)


def test_from_the_scales_to_the_buyer(site, lot):
    operator, viewer = site.by_token(Role.OPERATOR), site.by_token(Role.VIEWER)
    weighed = operator.post(f"{lot}/weighings", json={"what": "magnets_product", "mass_kg": 0.31})
    assert weighed.status_code == 201
    assert (weighed.json()["mass_kg"], weighed.json()["by"]) == (0.31, "operators")
    told = viewer.get(f"{lot}/weighings").json()
    assert [one["what"] for one in told] == ["feed", "product", "rest", "magnets_product"]
    assert "is open" in must_be_problem(operator.post(f"{lot}/passport", json={}), 409)
    operator.post(f"{lot}/close")
    assert "is closed" in must_be_problem(operator.post(f"{lot}/weighings", json=weighed_again()), 409)
    assert "no passport yet" in must_be_problem(viewer.get(f"{lot}/balance"), 404)
    assert "no passport yet" in must_be_problem(viewer.get(f"{lot}/export/html"), 404)

    job = issued(operator, lot)
    assert (job["state"], job["why"]) == ("done", "")
    assert "NdFeB in the product" in job["result"]
    balance = viewer.get(f"{lot}/balance").json()
    assert balance["product_g"]["low"] < balance["product_g"]["mean"] < balance["product_g"]["high"]
    assert [row["about"] for row in balance["reconciled"]] == [
        "mass fed against product and rest", "NdFeB taken out of the product",
    ]  # fmt: skip
    assert site.actions() == ["lot.weigh", "lot.close", "lot.passport"]


def weighed_again() -> dict:
    return {"what": "product", "mass_kg": 1.0}


def test_a_lot_is_given_away_in_every_form_and_verified(site, lot):
    operator, viewer = site.by_token(Role.OPERATOR), site.by_token(Role.VIEWER)
    operator.post(f"{lot}/close")
    assert issued(operator, lot)["state"] == "done"
    begins = {"html": b"<!doctype html>", "pdf": b"%PDF-", "parquet": b"PAR1"}
    for form in ("json", "html", "pdf", "csv", "parquet"):
        answer = viewer.get(f"{lot}/export/{form}")
        assert answer.status_code == 200, answer.text
        assert lot.rpartition("/")[2] in answer.headers["content-disposition"]
        assert answer.content.startswith(begins.get(form, b""))
    passport = viewer.get(f"{lot}/export/json").json()
    assert passport["body"]["balance"] == viewer.get(f"{lot}/balance").json()
    rows = list(csv.DictReader(io.StringIO(viewer.get(f"{lot}/export/csv").text)))
    assert len(rows) == passport["body"]["happened"]["decisions"] == 20
    events = viewer.post(
        f"{lot}/epcis", json={"gs1": {"company_prefix": "9521141"}, "shipped": "2026-03-03T12:00:00+01:00"}
    ).json()["epcisBody"]["eventList"]
    assert [one["bizStep"] for one in events] == ["receiving", "creating_class_instance", "shipping"]
    must_be_problem(viewer.post(f"{lot}/epcis", json={"gs1": {"company_prefix": "95"}}), 422)
    must_be_problem(viewer.get(f"{lot}/export/epcis"), 422)
    found = viewer.get(f"{lot}/passport/verify").json()
    assert (found["whole"], found["known_key"], found["faults"]) == (True, True, [])
    must_be_problem(viewer.post(f"{lot}/passport", json={}), 403)
    must_be_problem(viewer.post(f"{lot}/weighings", json=weighed_again()), 403)


def test_a_passport_that_was_altered_says_so(site, lot):
    operator = site.by_token(Role.OPERATOR)
    operator.post(f"{lot}/close")
    issued(operator, lot)
    file = site.state.ledger / "passports" / f"{lot.rpartition('/')[2]}.passport.json"
    body = json.loads(file.read_text(encoding="utf-8"))
    body["body"]["lot"]["supplier"] = "somebody else"
    file.write_text(json.dumps(body), encoding="utf-8")
    found = operator.get(f"{lot}/passport/verify").json()
    assert not found["whole"]
    assert "the signature is wrong" in found["faults"][0]


def test_an_assay_takes_the_place_of_the_table_and_the_passport_before_is_kept(site, lot):
    operator = site.by_token(Role.OPERATOR)
    operator.post(f"{lot}/close")
    issued(operator, lot)
    assert issued(operator, lot, assay=ASSAY)["state"] == "done"
    assert operator.get(f"{lot}/balance").json()["basis"]["composition"] == "assay S-1 by Lab, 2026-03-01"
    assert len(list((site.state.ledger / "passports").iterdir())) == 2
    too_much = ASSAY | {"magnet": {"nd": ASSAY["magnet"]["nd"] | {"percent": 60.0}}}
    must_be_problem(operator.post(f"{lot}/passport", json={"assay": too_much}), 422)


def test_what_a_passport_cannot_stand_on_is_why_its_job_has_failed(site):
    made = a_lot.closed_lot(Place(folder=site.state.ledger), 5)  # sorted by a bundle that is not at hand
    made.ledger.close()
    job = issued(site.by_token(Role.OPERATOR), f"/api/v1/lots/{made.lot.lot_id}")
    assert job["state"] == "failed"
    assert "was sorted by bundle" in job["why"]


def test_a_lot_that_is_not_there(site):
    operator = site.by_token(Role.OPERATOR)
    for method, path, body in (
        ("GET", "weighings", None), ("POST", "weighings", weighed_again()), ("POST", "passport", {}),
        ("GET", "balance", None), ("GET", "export/pdf", None), ("GET", "passport/verify", None),
    ):  # fmt: skip
        must_be_problem(operator.ask(method, f"/api/v1/lots/none/{path}", json=body), 404)
    assert site.actions() == []
