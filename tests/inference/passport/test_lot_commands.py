"""`neosort lot`: weigh, passport, export, verify, as a person calls them."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
import rfc8785
from tests.inference.passport import a_lot

from neosort_inference import cli
from neosort_inference.balance.lot_balance import bundle_id
from neosort_inference.bundle import read_metadata
from neosort_inference.fleet.closed_lots import ClosedLots
from neosort_inference.fleet.messages import LotMessage
from neosort_inference.ledger.lots import close_lot
from neosort_inference.ledger.place import Place
from neosort_inference.opening import bundle_path
from neosort_inference.state import State

pytestmark = pytest.mark.computes


@pytest.fixture
def neosort(monkeypatch, capsys):
    """Runs a command; its exit code, and what it said on standard output and error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["neosort", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def lot(tmp_path, monkeypatch):
    """An open lot that the shipped bundle has sorted."""
    made = bundle_id(read_metadata(bundle_path(None)))
    original = a_lot.DecisionRecord
    monkeypatch.setattr(a_lot, "DecisionRecord", lambda **v: original(**v | {"bundle_id": made}))
    opened = a_lot.closed_lot(Place(folder=State(folder=tmp_path).ledger), 20, close=False)
    yield opened
    opened.ledger.close()


def test_from_the_scales_to_the_buyer(neosort, lot, tmp_path) -> None:
    folder, name = ("--state", tmp_path), lot.lot.lot_id
    assert neosort("lot", "passport", name, *folder) == (
        2, "", f"neosort: lot {name}: is open, and has no passport before it is closed\n",
    )  # fmt: skip
    code, said, _ = neosort("lot", "weigh", name, "magnets_product", 0.31, "--by", "Grace", *folder)
    assert (code, said) == (0, "NdFeB taken out of the product: 0.31 kg\n")
    file = lot.place.folder / "passports" / f"{name}.passport.json"
    code, said, _ = neosort("lot", "close", name, "--by", "Ada", *folder)
    assert code == 0
    assert said.endswith(f"passport: {file}\n")
    code, said, _ = neosort("lot", "passport", name, *folder)
    assert code == 0
    assert "NdFeB in the product" in said
    assert "NdFeB taken out of the product" in said
    code, said, _ = neosort("lot", "verify", file, "--key", lot.place.public_key_file, "--held", *folder)
    assert code == 0
    assert f"good: lot {name}, signed by the trusted key" in said
    gs1 = tmp_path / "gs1.toml"
    gs1.write_text('company_prefix = "9521141"\n', encoding="utf-8")
    options = {"epcis": ("--gs1", gs1, "--shipped", "2026-03-03T12:00+01:00")}
    for form in ("json", "html", "csv", "epcis"):
        out = tmp_path / form
        code, said, err = neosort(
            "lot", "export", name, "--format", form, "--out", out, *options.get(form, ()), *folder
        )
        assert (code, err) == (0, "")
        assert out.stat().st_size > 1000
    assert json.loads((tmp_path / "json").read_text(encoding="utf-8")) == json.loads(file.read_text(encoding="utf-8"))
    shipped = json.loads((tmp_path / "epcis").read_text(encoding="utf-8"))["epcisBody"]["eventList"][2]
    assert shipped["eventTime"] == "2026-03-03T11:00:00.000Z"


def test_a_buyer_matches_a_passport_with_what_the_line_has_told(neosort, lot, tmp_path) -> None:
    folder, name = ("--state", tmp_path), lot.lot.lot_id
    lots = ClosedLots(lot.place.url, lot.place, "demo", passport_within_s=600.0)
    assert lots.after(None) == []
    close_lot(lot.ledger.database, lot.place, lot_id=name, by="Ada")
    assert lots.after(None) == [], "its passport may still come"
    assert neosort("lot", "passport", name, *folder)[0] == 0
    (told,) = lots.after(None)
    lots.close()
    names = {"plant": "north", "line": "demo", "utc": told["closed"], "id": "1", "outbox": "o", "seq": 1}
    message, file = tmp_path / "lot.json", lot.place.passport(name)
    message.write_text(LotMessage(**told | names).model_dump_json(), encoding="utf-8")
    body = json.loads(file.read_text(encoding="utf-8"))["body"]
    assert told["passport"]["sha256"] == hashlib.sha256(rfc8785.dumps(body)).hexdigest()
    assert neosort("lot", "verify", file, "--message", message)[0] == 0

    message.write_text(LotMessage(**told | names | {"passport": None}).model_dump_json(), encoding="utf-8")
    code, said, _ = neosort("lot", "verify", file, "--message", message)
    assert (code, "vouches for none" in said) == (1, True)
    message.write_text(LotMessage(**told | names | {"lot": "another"}).model_dump_json(), encoding="utf-8")
    assert "is about lot another" in neosort("lot", "verify", file, "--message", message)[1]
    message.write_text("{}", encoding="utf-8")
    assert neosort("lot", "verify", file, "--message", message)[0] == 2

    message.write_text(LotMessage(**told | names).model_dump_json(), encoding="utf-8")
    assert neosort("lot", "passport", name, "--makes", 3, *folder)[0] == 0
    code, said, _ = neosort("lot", "verify", file, "--message", message)
    assert (code, "told of a passport" in said, "another signature" in said) == (1, True, True)


def test_a_passport_issued_anew_leaves_the_old_one(neosort, lot, tmp_path) -> None:
    folder, name = ("--state", tmp_path), lot.lot.lot_id
    close_lot(lot.ledger.database, lot.place, lot_id=name, by="Ada")
    assay = tmp_path / "assay.toml"
    assay.write_text(
        'laboratory = "Lab"\nsample = "S-1"\ntaken_on = 2026-03-01\n[magnet]\n'
        'nd = { percent = 28.0, sigma = 0.1, mark = "m", source = "ICP-OES" }\n',
        encoding="utf-8",
    )
    assert neosort("lot", "passport", name, *folder)[0] == 0
    assert neosort("lot", "passport", name, "--assay", assay, *folder)[0] == 0
    folder_of = lot.place.folder / "passports"
    bases = {
        file.name: json.loads(file.read_text(encoding="utf-8"))["body"]["balance"]["basis"]["composition"]
        for file in folder_of.iterdir()
    }
    assert bases == {
        f"{name}.1.passport.json": "table 'default', by kind",
        f"{name}.passport.json": "assay S-1 by Lab, 2026-03-01",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("export", "LOT", "--format", "epcis"), "give them with --gs1"),
        (("export", "LOT", "--format", "epcis", "--shipped", "soon"), "no moment in ISO 8601"),
        (("export", "nobody"), "no lot 'nobody'"),
        (("weigh", "LOT", "feed", "3"), "is closed"),
        (("verify", "/nowhere.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(neosort, lot, tmp_path, arguments, words) -> None:
    close_lot(lot.ledger.database, lot.place, lot_id=lot.lot.lot_id, by="Ada")
    given = [lot.lot.lot_id if word == "LOT" else word for word in arguments]
    code, _, err = neosort("lot", *given, "--state", tmp_path)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1


def test_a_doctored_passport_ends_with_one(neosort, lot, tmp_path) -> None:
    close_lot(lot.ledger.database, lot.place, lot_id=lot.lot.lot_id, by="Ada")
    assert neosort("lot", "passport", lot.lot.lot_id, "--state", tmp_path)[0] == 0
    file = lot.place.folder / "passports" / f"{lot.lot.lot_id}.passport.json"
    file.write_text(file.read_text(encoding="utf-8").replace("Schröder", "Schroeder"), encoding="utf-8")
    code, said, _ = neosort("lot", "verify", file)
    assert code == 1
    assert said.startswith("WRONG: the signature is wrong")


def test_a_lot_of_an_unknown_bundle_names_it(neosort, tmp_path) -> None:
    made = a_lot.closed_lot(Place(folder=State(folder=tmp_path).ledger), 5, close=False)
    code, said, _ = neosort("lot", "close", made.lot.lot_id, "--state", tmp_path)
    assert code == 0
    assert f"no passport yet: lot {made.lot.lot_id}: was sorted by bundle" in said
    code, _, err = neosort("lot", "export", made.lot.lot_id, "--state", tmp_path)
    made.ledger.close()
    assert code == 2
    assert "was sorted by bundle neosort@0123456789ab" in err
