"""A run of the twin with its ledger, and everything that a person does with lots, through the command line."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import sys
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pytest
from tests.inference.ledger.decided import BY, decided, window

from neosort_inference import cli
from neosort_inference.ledger.beginning import limits_at, sorted_by
from neosort_inference.ledger.chain import link, row_entry
from neosort_inference.ledger.keeper import LedgerKeeper
from neosort_inference.ledger.retention_limits import Limits
from neosort_inference.opening import open_bundle, open_config, open_recipe

pytestmark = pytest.mark.computes

LINE = "line"


@pytest.fixture
def neosort(monkeypatch, capsys):
    """Runs a command line through the entry point, in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["neosort", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return SimpleNamespace(code=left.value.code, out=said.out, err=said.err)

    return run


@pytest.fixture
def lot_of_two(place):
    """The command line's options for a ledger in which a line has decided twice."""
    place.prepare()
    with LedgerKeeper(place.url, place, line=open_config(None).name, sorted_by=BY, limits=Limits()) as keeper:
        keeper.on_window(window(), [decided(1), decided(2)], "camera + field")
    return "--state", place.folder.parent


def test_a_run_puts_down_what_its_report_says(neosort, tmp_path) -> None:
    ledger, report = tmp_path / "lots.db", tmp_path / "report"
    ran = neosort(
        *("run", "--for", "6", "--fast", "--headless", "--report", report, "--ledger", ledger),
        *("--state", tmp_path / "state"),
    )
    assert ran.code == 0, ran.err
    assert "nothing was lost" in ran.out
    told = [json.loads(line) for line in (report / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]
    here = ("--ledger", ledger, "--state", tmp_path / "state")
    assert neosort("lot", "records", *here, "--out", tmp_path / "lot.json").code == 0
    lot = json.loads((tmp_path / "lot.json").read_text(encoding="utf-8"))
    kept = [one["record"] for one in lot["records"] if one["kind"] == "decision"]
    assert len(kept) == len(told) > 5
    for record, decision in zip(kept, told, strict=True):
        assert {key: record[key] for key in ("track_id", "belt_mm", "kind", "verdict", "reason", "magnet_g")} == {
            key: decision[key] for key in ("track_id", "belt_mm", "kind", "verdict", "reason", "magnet_g")
        }
    shots = [one["record"] for one in lot["records"] if one["kind"] == "shot"]
    assert len(shots) == sum(decision["nozzles"] is not None for decision in told)
    (run,) = (one["record"] for one in lot["records"] if one["record"].get("event") == "run")
    assert run["detail"]["bundle"]["id"] == kept[0]["bundle_id"]
    assert run["detail"]["recipe"]["rules"]["name"] == "default"
    assert any(record["evidence_sha256"] for record in kept)
    assert neosort("ledger", "verify", *here).code == 0


def test_in_virtual_time_there_is_a_ledger_where_one_is_asked_for(neosort, tmp_path) -> None:
    assert neosort("run", "--for", "1", "--fast", "--headless", "--state", tmp_path).code == 0
    assert not (tmp_path / "ledger").exists()


def test_a_lot_from_its_opening_to_its_closing(neosort, place) -> None:
    here = ("--state", place.folder.parent)
    opened = neosort(
        *("lot", "open", "--supplier", "Recycling Süd", "--category", "WEEE 5", "--mass-kg", "1240.5"),
        *("--by", "Ada", *here),
    )
    assert opened.code == 0, opened.err
    lot_id = opened.out.split()[1].rstrip(",")
    again = neosort("lot", "open", *here)
    assert again.code == 2
    assert f"lot {lot_id} is open; close it first" in again.err
    assert "1,240.5 kg" in neosort("lot", "show", *here).out
    assert f"closed {lot_id}: 2 records, signed\n" in neosort("lot", "close", *here, "--by", "Ada").out
    assert "no lot is open" in neosort("lot", "close", *here).err
    listed = neosort("lot", "list", *here).out
    assert all(word in listed for word in (lot_id, "Recycling", "1,240.5 kg", "closed"))
    verified = neosort("ledger", "verify", *here)
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "1 lots: all as written")
    assert "no lot 'no-such'" in neosort("lot", "show", "no-such", *here).err


def test_a_doctored_ledger_is_told_by_record_and_exit_code(neosort, place, lot_of_two, tmp_path) -> None:
    assert neosort("ledger", "verify", *lot_of_two).code == 0
    database = sqlite3.connect(place.folder / "ledger.db")
    database.execute("UPDATE decisions SET magnet_g = 99 WHERE seq = 5")
    database.commit()
    database.close()
    told = neosort("ledger", "verify", *lot_of_two, "--json", tmp_path / "told.json")
    assert told.code == 1
    assert "record 5: is not what was written there" in told.out
    (lot,) = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))["lots"]
    assert (lot["as_written"], lot["bad"][0]["seq"], lot["records"]) == (False, 5, 4)


def test_heads_kept_elsewhere_find_what_the_machines_own_cannot(neosort, place, lot_of_two, tmp_path) -> None:
    neosort("lot", "close", *lot_of_two)
    copies = tmp_path / "copies"
    shutil.move(place.heads, copies)
    place.heads.mkdir()
    assert "missing" in neosort("ledger", "verify", *lot_of_two).out
    assert neosort("ledger", "verify", *lot_of_two, "--heads", copies).code == 0
    other = tmp_path / "other.pub"
    other.write_text("00" * 32, encoding="ascii")
    assert neosort("ledger", "verify", *lot_of_two, "--heads", copies, "--public-key", other).code == 1


def test_an_export_holds_all_that_the_chain_is_computed_from(neosort, lot_of_two, tmp_path) -> None:
    lot = json.loads(neosort("lot", "records", *lot_of_two).out)
    previous = "0" * 64
    for one in lot["records"]:
        row = one["record"] | {name: one[name] for name in ("seq", "hash")} | {"lot_id": lot["lot"]["lot"]}
        row |= {"run_id": one["run"], "run_seq": one["run_seq"], "utc_us": 0}
        row["detail"] = json.dumps(row["detail"]) if one["kind"] == "event" else row.get("detail")
        entry = row_entry(one["kind"], row)
        assert entry.seq == one["seq"]
        moment = datetime.fromisoformat(one["record"]["utc"])
        place = {"lot_id": entry.lot_id, "seq": entry.seq, "run_id": entry.run_id, "run_seq": entry.run_seq}
        previous = link(replace(entry.record, utc=moment), previous=previous, **place)
        assert previous == one["hash"]
    assert lot["head"]["body"]["hash"] == previous
    out = tmp_path / "shots.csv"
    assert neosort("lot", "records", *lot_of_two, "--as", "csv", "--of", "shots", "--out", out).code == 0
    with out.open(encoding="utf-8", newline="") as file:
        shots = list(csv.DictReader(file))
    assert [(one["shot_id"], one["outcome"], one["open_mm"]) for one in shots] == [
        ("1", "accepted", "1000.0"),
        ("2", "accepted", "1000.0"),
    ]


def test_how_much_there_is(neosort, lot_of_two, tmp_path) -> None:
    told = neosort("ledger", "stats", *lot_of_two, "--json", tmp_path / "stats.json")
    assert told.code == 0
    stats = json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))
    assert stats["records"] == {"decisions": 2, "shots": 2, "faults": 0, "events": 2}
    assert stats["pictures"] in (1, 2), "the same picture twice is one file"
    assert stats["database_bytes"] > 10_000


def test_a_lot_is_dropped_by_hand(neosort, place, lot_of_two) -> None:
    lot_id = neosort("lot", "close", *lot_of_two).out.split()[1].rstrip(":")
    assert neosort("ledger", "drop", lot_id, "--why", "a test", "--pictures-only", *lot_of_two).code == 0
    assert list(place.evidence.rglob("*.jpg")) == []
    assert neosort("ledger", "drop", lot_id, "--why", "the books are closed", *lot_of_two).code == 0
    verified = neosort("ledger", "verify", *lot_of_two)
    assert verified.code == 0
    assert "with 7 records: the books are closed" in verified.out
    assert "dropped already" in neosort("ledger", "drop", lot_id, "--why", "again", *lot_of_two).err


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (("lot", "list"), "there is none yet"),
        (("ledger", "verify", "--ledger", "mysql://x/y"), "only sqlite"),
        (("run", "--for", "1", "--fast", "--headless", "--ledger", "mysql://x/y"), "only sqlite"),
        (("run", "--for", "1", "--fast", "--headless", "--ledger", "/proc/no/such.db"), "/proc/no"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(neosort, tmp_path, asked, word) -> None:
    ran = neosort(*asked, "--state", tmp_path)
    assert ran.code == 2
    assert word in ran.err
    assert ran.err.count("\n") == 1


def test_limits_are_read_strictly(neosort, place, lot_of_two) -> None:
    (place.folder / "ledger.toml").write_text("evidence_gb = 0.5\nlot_days = 3650\n", encoding="utf-8")
    assert limits_at(place) == Limits(evidence_bytes=500_000_000, lot_days=3650.0)
    (place.folder / "ledger.toml").write_text("evidence = 0.5\n", encoding="utf-8")
    refused = neosort("ledger", "stats", *lot_of_two)
    assert refused.code == 2
    assert "ledger.toml" in refused.err


def test_a_changed_rule_or_constant_is_another_id() -> None:
    config, recipe, bundle = open_config(None), open_recipe(None), open_bundle(None)
    one = sorted_by(config, recipe, bundle, "none")
    assert sorted_by(config, recipe, bundle, "none") == one
    other = sorted_by(config, recipe.model_copy(update={"min_magnet_g": 2.0}), bundle, "none")
    assert other.recipe_id != one.recipe_id
    assert other.bundle_id == one.bundle_id
    moved = config.calibration.model_copy(update={"array_station_mm": 500.0})
    assert sorted_by(config.model_copy(update={"calibration": moved}), recipe, bundle, "none").calibration_id not in (
        one.calibration_id,
        "",
    )
