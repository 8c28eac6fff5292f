"""A passport from the ledger to every form it takes, and what is found when somebody has changed it."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import numpy as np
import pytest
from tests.inference.passport.a_lot import ClosedLot, closed_lot, inputs

from neosort_inference.ledger.lots import close_lot, note
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import LedgerError
from neosort_inference.ledger.signing import Signed, Signer
from neosort_inference.passport.checking import check_passport
from neosort_inference.passport.document import LotPassport, body_of, made_schema, published_schema
from neosort_inference.passport.making import decided_items, passport_of, told, weighings
from neosort_inference.passport.page import pictures_of, render_page
from neosort_inference.passport.paper import write_pdf
from neosort_inference.passport.tables import write_csv, write_parquet

pytestmark = pytest.mark.computes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    lot = closed_lot(Place(folder=tmp_path_factory.mktemp("ledger")))
    yield lot
    lot.ledger.close()


@pytest.fixture(scope="module")
def passport(made: ClosedLot) -> LotPassport:
    return passport_of(told(made.ledger, made.lot.lot_id), inputs())


@pytest.fixture
def signed_file(made, passport, tmp_path):
    file = tmp_path / "passport.json"
    file.write_text(Signer(made.place).sign(body_of(passport)).to_json(), encoding="utf-8")
    return file


def test_it_says_what_the_ledger_holds(made, passport) -> None:
    lot = told(made.ledger, made.lot.lot_id)
    assert passport.lot.supplier == "Schröder & Söhne"
    assert passport.chain.head_sha256 == made.lot.head_hash
    assert passport.happened.decisions == 60
    assert passport.happened.shots == sum(d.fired for d in lot.decisions) - 1
    assert (passport.happened.recalled, passport.happened.alarms) == (1, {"camera.dark": 1})
    assert passport.balance.ejected == passport.happened.shots == sum(i.ejected for i in decided_items(lot))
    assert [(one.what, one.mass_kg, one.by) for one in passport.weighed] == [
        ("feed", 41.5, "Ada"), ("product", 11.2, "Grace"), ("rest", 30.1, "Grace"),
    ]  # fmt: skip
    assert passport.balance.reconciled[0].gap_kg == pytest.approx(0.2)
    assert passport.sorted_by.bundles == {"neosort@0123456789ab": 60}


def test_an_open_lot_has_no_passport(tmp_path) -> None:
    lot = closed_lot(Place(folder=tmp_path), 5, close=False)
    with pytest.raises(LedgerError, match="is open"):
        told(lot.ledger, lot.lot.lot_id)
    lot.ledger.close()


def test_a_weighing_of_nothing_known_is_refused(tmp_path) -> None:
    lot = closed_lot(Place(folder=tmp_path), 5, close=False)
    name, detail = lot.lot.lot_id, {"what": "cat", "mass_kg": 4}
    note(lot.ledger.database, lot.place, lot_id=name, event="weighed", by="x", detail=detail)
    close_lot(lot.ledger.database, lot.place, lot_id=name, by="x")
    with pytest.raises(LedgerError, match="weighing of 'cat'"):
        weighings(lot.lot, lot.ledger.events(name))
    lot.ledger.close()


def test_the_published_schema_is_what_the_code_says_and_takes_a_passport(signed_file) -> None:
    assert published_schema() == json.loads(json.dumps(made_schema()))
    validator = jsonschema_rs.Draft202012Validator(published_schema(), validate_formats=True)
    document = json.loads(signed_file.read_text(encoding="utf-8"))
    validator.validate(document)
    del document["body"]["chain"]
    with pytest.raises(jsonschema_rs.ValidationError, match="chain"):
        validator.validate(document)


def test_a_true_passport_is_found_true(made, signed_file) -> None:
    key = Signer(made.place).public_key
    found = check_passport(signed_file, trusted=key, ledger=made.ledger)
    assert (found.faults, found.known_key) == ((), True)
    assert check_passport(signed_file).known_key is False


@pytest.mark.parametrize("what", ["product", "supplier", "signature"])
def test_what_was_changed_is_found(signed_file, what) -> None:
    document = json.loads(signed_file.read_text(encoding="utf-8"))
    if what == "product":
        document["body"]["balance"]["product_g"]["mean"] *= 1.01
    elif what == "supplier":
        document["body"]["lot"]["supplier"] = "somebody else"
    else:
        document["signature"] = document["signature"][:-1] + ("0" if document["signature"][-1] != "0" else "1")
    signed_file.write_text(json.dumps(document), encoding="utf-8")
    assert any("signature is wrong" in fault for fault in check_passport(signed_file).faults)


def test_somebody_elses_key_is_found(made, passport, signed_file, tmp_path) -> None:
    forger = Signer(Place(folder=tmp_path / "forger"))
    signed_file.write_text(forger.sign(body_of(passport)).to_json(), encoding="utf-8")
    assert check_passport(signed_file).faults == ()
    faults = check_passport(signed_file, trusted=Signer(made.place).public_key).faults
    assert len(faults) == 1
    assert "not by the trusted one" in faults[0]


def test_a_ledger_that_says_otherwise_is_told(made, passport, signed_file) -> None:
    chain = passport.chain.model_copy(update={"records": passport.chain.records - 1})
    other = passport.model_copy(update={"chain": chain})
    signed_file.write_text(Signer(made.place).sign(body_of(other)).to_json(), encoding="utf-8")
    assert "ends with record" in check_passport(signed_file, ledger=made.ledger).faults[0]


@pytest.mark.parametrize("text", ["", "[]", '{"body": 3}', "\x00"])
def test_what_is_no_passport_is_refused(tmp_path, text) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LedgerError, match="is no passport"):
        check_passport(file)


def test_a_signed_statement_about_something_else_is_no_passport(made, tmp_path) -> None:
    file = tmp_path / "x.json"
    file.write_text(Signer(made.place).sign({"neosort": "chain head"}).to_json(), encoding="utf-8")
    found = check_passport(file)
    assert found.passport is None
    assert "published form" in found.faults[0]


def test_the_page_needs_nothing_else_and_escapes_what_people_wrote(made, passport) -> None:
    pictures = pictures_of(passport, made.place)
    assert 0 < len(pictures) == len(passport.evidence)
    page = render_page(passport, pictures, "ab" * 32, "cd" * 64)
    assert "small appliances &lt;mixed&gt;" in page
    assert page.count("data:image/jpeg;base64,") == len(pictures)
    assert not re.search(r"""(src|href)=["']https?:""", page)
    assert "inside [" in page


def test_pictures_that_retention_took_are_left_out(made, passport, tmp_path) -> None:
    assert pictures_of(passport, Place(folder=tmp_path)) == []


def test_a_pdf_is_written(made, passport, tmp_path) -> None:
    pytest.importorskip("fpdf", reason="fpdf2 is not installed (extra reports)")
    file = tmp_path / "passport.pdf"
    write_pdf(passport, pictures_of(passport, made.place), "ab" * 32, "cd" * 64, file)
    data = file.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Subtype /Image") >= 2 + len({one.sha256 for one in passport.evidence})


def test_tables_hold_every_decision(made, passport, tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (extra reports)")
    lot = told(made.ledger, made.lot.lot_id)
    write_csv(lot, tmp_path / "lot.csv")
    write_parquet(lot, passport, tmp_path / "lot.parquet")
    with (tmp_path / "lot.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    table = parquet.read_table(tmp_path / "lot.parquet")
    assert len(rows) == table.num_rows == 60
    assert [float(row["magnet_g"]) for row in rows] == table["magnet_g"].to_pylist()
    assert table["utc"].to_pylist()[0] == datetime.fromisoformat(rows[0]["utc"]).astimezone(UTC)
    assert [row["ejected"] == "True" for row in rows] == table["ejected"].to_pylist()
    kept = json.loads(table.schema.metadata[b"neosort.passport"])
    assert LotPassport.model_validate(kept) == passport
    assert np.isclose(sum(table["p_ndfeb"].to_pylist()), sum(d.p_ndfeb for d in lot.decisions))


def test_the_signature_is_over_canonical_json(signed_file) -> None:
    signed = Signed.from_json(signed_file.read_text(encoding="utf-8"))
    reordered = Signed(
        body=dict(reversed(list(signed.body.items()))), public_key=signed.public_key, signature=signed.signature
    )
    assert reordered.valid()


def test_the_example_in_the_docs_is_whole() -> None:
    found = check_passport(Path(__file__).parents[3] / "docs" / "lot.passport.json")
    assert found.faults == ()
    assert found.passport is not None
    assert all(row.inside for row in found.passport.balance.reconciled)
