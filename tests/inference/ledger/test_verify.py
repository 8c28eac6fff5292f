"""Every kind of doctoring is found, and the first record that it concerns is named; what is dropped openly is not."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, update
from tests.inference.ledger.some_records import decision, numbered, shot, some

from neosort_inference.ledger import tables
from neosort_inference.ledger.appending import append, borne_out, keep_head
from neosort_inference.ledger.chain import entry_row, link
from neosort_inference.ledger.heads import head_file, pending_file
from neosort_inference.ledger.lots import close_lot, open_lot
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import open_ledger
from neosort_inference.ledger.records import DecisionRecord, LedgerError
from neosort_inference.ledger.retention import apply_limits, drop_evidence, drop_lot
from neosort_inference.ledger.retention_limits import Limits
from neosort_inference.ledger.signing import Signer
from neosort_inference.ledger.verify import verify

pytestmark = pytest.mark.computes

DECISIONS, SHOTS = tables.decisions, tables.shots
JPEG = b"\xff\xd8 not much of a picture \xff\xd9"


@pytest.fixture
def ledger(url):
    with open_ledger(url) as opened:
        yield opened


@pytest.fixture
def signer(place):
    return Signer(place)


@pytest.fixture
def put(ledger, place, signer):
    """Puts records into a lot as the line's writer does."""

    def into(lot, records):
        with ledger.database.writing() as connection:
            lot = append(connection, borne_out(connection, place, signer, lot), numbered(*records))
        keep_head(place, signer, lot)
        return lot

    return into


@pytest.fixture
def check(ledger, place, signer):
    """What verifying finds wrong, in words, lot by lot."""

    def asked(trusted=None):
        found = {c.lot_id: c for c in verify(ledger, place, trusted or {signer.public_key})}
        return {lot_id: [str(bad) for bad in c.bad] for lot_id, c in found.items() if c.bad}

    return asked


@pytest.fixture
def lot(ledger, place, put):
    """A closed lot of 22 decisions and shots, between two others."""
    for number in range(3):
        opened = open_lot(ledger.database, place, line="one", by="Ada")
        put(opened, some(11) if number == 1 else some(3))
        if number < 2:
            closed = close_lot(ledger.database, place, lot_id=opened.lot_id, by="Ada")
        if number == 1:
            middle = closed
    return middle


@pytest.fixture
def doctor(ledger):
    """Runs statements as somebody would who has the database."""

    def run(*statements):
        with ledger.database.writing() as connection:
            for statement in statements:
                connection.execute(statement)

    return run


def test_an_untouched_ledger_is_as_it_was_written(ledger, place, signer, lot, check) -> None:
    assert check() == {}
    closed = next(c for c in verify(ledger, place, {signer.public_key}) if c.lot_id == lot.lot_id)
    assert (closed.closed, closed.records, closed.signed) == (True, lot.records, lot.records)


def of(table, lot, seq):
    return (table.c.lot_id == lot.lot_id) & (table.c.seq == seq)


def test_a_changed_record_is_found(lot, check, doctor) -> None:
    doctor(update(DECISIONS).where(of(DECISIONS, lot, 6)).values(magnet_g=33.0))
    assert list(check()) == [lot.lot_id]
    assert check()[lot.lot_id][0].startswith("record 6: is not what was written")


def test_every_column_of_every_record_is_in_the_chain(ledger, lot, check, doctor) -> None:
    by_type = {int: 77, float: 0.125, str: "x", bool: True, type(None): "y" * 64}
    for kind, seq in (("decision", 2), ("shot", 3), ("fault", 16), ("event", 1)):
        table = tables.CHAINED[kind]
        with ledger.database.reading() as connection:
            row = dict(connection.execute(select(table).where(of(table, lot, seq))).mappings().one())
        for column in set(row) - {"lot_id", "seq", "hash"}:
            other = '{"a":1}' if (kind, column) == ("event", "detail") else by_type[type(row[column])]
            doctor(update(table).where(of(table, lot, seq)).values({column: other}))
            assert check()[lot.lot_id][0].startswith(f"record {seq}: "), (kind, column)
            doctor(update(table).where(of(table, lot, seq)).values({column: row[column]}))
    assert check() == {}


def test_a_removed_record_is_found(lot, check, doctor) -> None:
    doctor(delete(SHOTS).where(of(SHOTS, lot, 7)))
    assert check()[lot.lot_id] == ["record 7: was removed (7 is missing)"]


def test_reordered_records_are_found(lot, check, doctor) -> None:
    doctor(
        update(DECISIONS).where(of(DECISIONS, lot, 4)).values(seq=1004),
        update(DECISIONS).where(of(DECISIONS, lot, 6)).values(seq=4),
        update(DECISIONS).where(of(DECISIONS, lot, 1004)).values(seq=6),
    )
    assert check()[lot.lot_id][0].startswith("record 4: is not what was written there")


def test_a_record_put_in_is_found(ledger, lot, check, doctor) -> None:
    with ledger.database.reading() as connection:
        row = dict(connection.execute(select(DECISIONS).where(of(DECISIONS, lot, 4))).mappings().one())
    doctor(insert(DECISIONS).values(row | {"seq": 5}))
    assert check()[lot.lot_id][0].startswith("record 5: ")


def test_a_cut_off_tail_is_found_by_the_count(lot, check, doctor) -> None:
    for table in tables.CHAINED.values():
        doctor(delete(table).where((table.c.lot_id == lot.lot_id) & (table.c.seq > 9)))
    assert check()[lot.lot_id][0].startswith("record 10: was removed: the records are cut off")


def cut_and_mended(ledger, lot, doctor, *, keep) -> None:
    """The tail cut off, and everything in the database made to agree with that."""
    entry = list(ledger.entries(lot.lot_id))[keep - 1]
    for table in tables.CHAINED.values():
        doctor(delete(table).where((table.c.lot_id == lot.lot_id) & (table.c.seq > keep)))
    doctor(update(tables.lots).where(tables.lots.c.lot_id == lot.lot_id).values(records=keep, head_hash=entry.hash))


def test_a_cut_off_tail_is_found_by_the_signed_head(ledger, place, put, check, doctor) -> None:
    lot = put(open_lot(ledger.database, place, line="one", by="Ada"), some(8))
    cut_and_mended(ledger, lot, doctor, keep=5)
    assert check()[lot.lot_id][0].startswith("record 6: was removed: the records are cut off")


def test_a_cut_off_tail_is_not_forgotten_when_writing_goes_on(ledger, place, put, check, doctor) -> None:
    lot = put(open_lot(ledger.database, place, line="one", by="Ada"), some(8))
    cut_and_mended(ledger, lot, doctor, keep=5)
    put(ledger.lot(lot.lot_id), some(8))
    close_lot(ledger.database, place, lot_id=lot.lot_id, by="Mallory")
    assert "did not bear out the signed head" in check()[lot.lot_id][0]
    assert "doubt" in {event.event for event in ledger.events(lot.lot_id)}


def test_a_chain_written_anew_is_found(ledger, lot, check, doctor) -> None:
    entries = list(ledger.entries(lot.lot_id))
    previous = ledger.lot(lot.previous_lot_id).head_hash
    for entry in entries:
        record = entry.record
        if isinstance(record, DecisionRecord):
            record = replace(record, magnet_g=2 * record.magnet_g)
        place = {"lot_id": entry.lot_id, "seq": entry.seq, "run_id": entry.run_id, "run_seq": entry.run_seq}
        previous = link(record, previous=previous, **place)
        table = tables.CHAINED[record.table]
        doctor(
            update(table)
            .where(of(table, lot, entry.seq))
            .values(entry_row(replace(entry, record=record, hash=previous)))
        )
    doctor(update(tables.lots).where(tables.lots.c.lot_id == lot.lot_id).values(head_hash=previous))
    assert check()[lot.lot_id][0].startswith(f"record {lot.records}: the records were written anew")


def test_a_lot_taken_out_whole_is_found(ledger, lot, check, doctor) -> None:
    for table in (*tables.CHAINED.values(), tables.lots):
        doctor(delete(table).where(table.c.lot_id == lot.lot_id))
    found = check()
    assert "is missing" in found[ledger.lots()[-1].lot_id][0]
    assert found[lot.lot_id][0].startswith("the whole lot is missing")


@pytest.mark.parametrize(
    "changed", [{"supplier": "Somebody else"}, {"mass_in_kg": 5.0}, {"closed_by": "Eve"}, {"closed_us": None}]
)
def test_what_stands_with_a_lot_is_held_against_its_records(lot, check, doctor, changed) -> None:
    doctor(update(tables.lots).where(tables.lots.c.lot_id == lot.lot_id).values(**changed))
    assert lot.lot_id in check()


def test_a_head_that_is_gone_or_forged_is_found(place, lot, check, tmp_path) -> None:
    file = head_file(place, lot.lot_id)
    told = file.read_text(encoding="utf-8")
    file.unlink()
    assert "is missing: nothing says where" in check()[lot.lot_id][0]
    forged = Signer(Place(folder=tmp_path / "eve")).sign(json.loads(told)["body"])
    for text, words in (
        (forged.to_json(), "not signed by a key that is trusted"),
        (told.replace('"records": ', '"records": 1'), "not signed by a key that is trusted"),
        ("{}", "cannot be read"),
    ):
        file.write_text(text, encoding="utf-8")
        assert words in check()[lot.lot_id][0]
    file.write_text(told, encoding="utf-8")
    assert check() == {}
    assert lot.lot_id in check(trusted={"00" * 32}), "only the key that is trusted counts"


def test_a_closing_that_died_before_its_head_was_in_place_is_whole(place, lot, check) -> None:
    head_file(place, lot.lot_id).rename(pending_file(place, lot.lot_id))
    assert check() == {}


def pictured(place, lot, number):
    sha256 = hashlib.sha256(JPEG + bytes([number])).hexdigest()
    file = place.picture(lot.lot_id, sha256)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(JPEG + bytes([number]))
    return decision(number, evidence_sha256=sha256), file


def test_pictures_are_held_against_the_chain(ledger, place, put, check) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada")
    records, files = zip(*(pictured(place, lot, number) for number in range(1, 5)), strict=True)
    put(lot, records)
    assert check() == {}
    files[1].write_bytes(JPEG)
    files[2].unlink()
    changed, gone = check()[lot.lot_id]
    assert re.fullmatch("record 3: its picture .* was changed", changed)
    assert re.fullmatch("record 4: its picture .* is missing, and no tombstone says why", gone)


def test_pictures_dropped_with_a_tombstone_are_no_fault(ledger, place, signer, put, check) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada")
    records, files = zip(*(pictured(place, lot, number) for number in (1, 2, 3, 4, 5, 2)), strict=True)
    lot = put(lot, records)
    assert drop_evidence(ledger.database, place, signer, lot, why="a test", share=0.5) == 2 * (len(JPEG) + 1)
    assert [file.exists() for file in files[:5]] == [False, True, False, True, True], "2 is wanted again later"
    assert check() == {}
    (found,) = verify(ledger, place, {signer.public_key})
    assert found.notes == ["2 pictures were dropped, as a signed tombstone says"]
    files[4].unlink()
    assert "no tombstone" in check()[lot.lot_id][0]


def test_a_lot_dropped_with_a_tombstone_is_no_fault(ledger, place, lot, check, doctor) -> None:
    signer = Signer(place)
    drop_lot(ledger.database, place, signer, lot.lot_id, why="ten years are over")
    assert check() == {}
    found = next(c for c in verify(ledger, place, {signer.public_key}) if c.lot_id == lot.lot_id)
    assert f"with {lot.records} records: ten years are over" in found.notes[0]
    assert list(ledger.entries(lot.lot_id)) == []
    doctor(update(tables.tombstones).values(body=tables.tombstones.c.body + " "))
    assert check() == {}, "the same words with a space behind them are the same words"
    doctor(delete(tables.tombstones))
    assert "no signed tombstone says why" in check()[lot.lot_id][0]


def test_a_lot_is_not_dropped_while_open_nor_to_hide_what_was_done_to_it(ledger, place, signer, lot, doctor) -> None:
    with pytest.raises(LedgerError, match="is open"):
        drop_lot(ledger.database, place, signer, ledger.current_lot("one").lot_id, why="a test")
    doctor(update(DECISIONS).where(of(DECISIONS, lot, 6)).values(magnet_g=33.0))
    with pytest.raises(LedgerError, match="record 6"):
        drop_lot(ledger.database, place, signer, lot.lot_id, why="a test")
    apply_limits(ledger.database, place, signer, Limits(lot_days=0.0))
    left = [one.lot_id for one in ledger.lots() if not one.dropped]
    assert lot.lot_id in left
    assert len(left) == 2, "the other closed one has gone"


def test_the_oldest_pictures_go_when_they_take_too_much(ledger, place, signer, put, check) -> None:
    files = []
    for _ in range(2):
        lot = open_lot(ledger.database, place, line="one", by="Ada")
        records, made = zip(*(pictured(place, lot, number) for number in range(1, 5)), strict=True)
        put(lot, [*records, shot(1)])
        files += made
        if len(files) == 4:
            close_lot(ledger.database, place, lot_id=lot.lot_id, by="Ada")
    apply_limits(ledger.database, place, signer, Limits(evidence_bytes=3 * (len(JPEG) + 1)))
    assert [file.exists() for file in files] == [False] * 6 + [True] * 2
    assert check() == {}
