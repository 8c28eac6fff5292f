"""Lots and records go into the ledger and come out as they were, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import text
from tests.inference.ledger.some_records import RUN, numbered, some

from neosort_inference.ledger import database as databases
from neosort_inference.ledger import tables
from neosort_inference.ledger.appending import append
from neosort_inference.ledger.database import NEWEST, Database, parsed
from neosort_inference.ledger.lots import Feed, close_lot, note, open_lot
from neosort_inference.ledger.reading import PAGE, open_ledger
from neosort_inference.ledger.records import GENESIS, DecisionRecord, LedgerError, ShotRecord

pytestmark = pytest.mark.computes

FEED = Feed(supplier="Recycling Süd", origin="WEEE category 5", category="small appliances", mass_in_kg=1240.5)


@pytest.fixture
def ledger(url):
    with open_ledger(url) as opened:
        yield opened


def put(ledger, lot, records):
    with ledger.database.writing() as connection:
        return append(connection, lot, numbered(*records))


def test_what_goes_in_comes_out(ledger, place) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada", feed=FEED)
    records = some(30)
    put(ledger, lot, records)
    entries = list(ledger.entries(lot.lot_id))
    assert [entry.record for entry in entries[1:]] == records
    assert [entry.seq for entry in entries] == list(range(1, len(records) + 2))
    assert {entry.run_id for entry in entries[1:]} == {RUN}
    assert list(ledger.decisions(lot.lot_id)) == [r for r in records if isinstance(r, DecisionRecord)]
    assert list(ledger.shots(lot.lot_id)) == [r for r in records if isinstance(r, ShotRecord)]
    assert len(list(ledger.faults(lot.lot_id))) == 4
    (opened,) = ledger.events(lot.lot_id)
    assert opened.detail["supplier"] == FEED.supplier
    assert opened.detail["mass_in_kg"] == 1240.5
    read = ledger.lot(lot.lot_id)
    assert (read.records, read.head_hash) == (len(entries), entries[-1].hash)


def test_more_records_than_are_read_at_a_time(ledger, place) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada")
    records = some(PAGE // 2 + 1)
    put(ledger, lot, records)
    assert [entry.record for entry in ledger.entries(lot.lot_id)][1:] == records
    assert sum(1 for _ in ledger.decisions(lot.lot_id)) == PAGE // 2 + 1


def test_lots_of_a_line_hang_together(ledger, place) -> None:
    first = open_lot(ledger.database, place, line="one", by="Ada", feed=FEED)
    assert ledger.current_lot("one") == first
    assert ledger.current_lot("two") is None
    closed = close_lot(ledger.database, place, lot_id=first.lot_id, by="Ada")
    assert ledger.lot(first.lot_id) == closed
    assert ledger.current_lot("one") is None
    other = open_lot(ledger.database, place, line="two", by="Bob")
    second = open_lot(ledger.database, place, line="one", by="Ada")
    assert (first.ordinal, second.ordinal, other.ordinal) == (1, 2, 1)
    assert (first.previous_lot_id, second.previous_lot_id) == (None, first.lot_id)
    assert next(iter(ledger.events(second.lot_id))).detail["previous_lot"] == first.lot_id
    assert [lot.lot_id for lot in ledger.lots("one")] == [first.lot_id, second.lot_id]
    assert len(ledger.lots()) == 3
    assert GENESIS not in {lot.head_hash for lot in ledger.lots()}


def test_one_lot_of_a_line_is_open_at_a_time(ledger, place) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada")
    with pytest.raises(LedgerError, match=lot.lot_id):
        open_lot(ledger.database, place, line="one", by="Bob")
    close_lot(ledger.database, place, lot_id=lot.lot_id, by="Ada")
    with pytest.raises(LedgerError, match="closed already"):
        close_lot(ledger.database, place, lot_id=lot.lot_id, by="Ada")
    with pytest.raises(LedgerError, match="takes no records"):
        note(ledger.database, place, lot_id=lot.lot_id, event="weighed", by="Ada", detail={"product_kg": 12.0})


def test_a_lot_opened_automatically_gives_way(ledger, place) -> None:
    automatic = open_lot(ledger.database, place, line="one", by="neosort run", automatic=True)
    asked = open_lot(ledger.database, place, line="one", by="Ada")
    assert not ledger.lot(automatic.lot_id).open
    assert asked.previous_lot_id == automatic.lot_id


def test_a_weighing_stands_in_the_chain(ledger, place) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada")
    note(
        ledger.database, place, lot_id=lot.lot_id, event="weighed", by="Bob", detail={"product_kg": 12.0, "tare": None}
    )
    assert [(e.event, e.by) for e in ledger.events(lot.lot_id)] == [("opened", "Ada"), ("weighed", "Bob")]


def test_an_unknown_lot_is_refused_by_name(ledger, place) -> None:
    for ask in (
        lambda: ledger.lot("no-such"),
        lambda: close_lot(ledger.database, place, lot_id="no-such", by="Ada"),
    ):
        with pytest.raises(LedgerError, match="no-such"):
            ask()


def test_a_record_that_cannot_be_said_leaves_nothing_behind(ledger, place) -> None:
    lot = open_lot(ledger.database, place, line="one", by="Ada")
    with pytest.raises(LedgerError, match="hashed"):
        note(ledger.database, place, lot_id=lot.lot_id, event="weighed", by="Bob", detail={"product_kg": float("nan")})
    assert ledger.lot(lot.lot_id) == lot


def test_the_migrations_make_what_the_tables_say(ledger) -> None:
    with ledger.database.reading() as connection:
        seen = sa.inspect(connection)
        made = {
            name: {column["name"]: (column["nullable"], str(column["type"])) for column in seen.get_columns(name)}
            for name in seen.get_table_names()
        }
        dialect = connection.dialect
    del made["alembic_version"]
    said = {
        table.name: {column.name: (column.nullable, column.type.compile(dialect)) for column in table.columns}
        for table in tables.metadata.tables.values()
    }
    assert said.keys() == made.keys()
    for name, columns in said.items():
        assert {c: n for c, (n, _) in columns.items()} == {c: n for c, (n, _) in made[name].items()}, name
        assert columns.keys() == made[name].keys()


def test_a_ledger_is_upgraded_once_and_opened_again(url) -> None:
    Database(url).close()
    database = Database(url)
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == NEWEST
    database.close()


def test_a_ledger_of_a_newer_version_is_refused(url) -> None:
    database = Database(url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(LedgerError, match="newer version"):
        Database(url)


def test_sqlite_forces_every_commit_to_the_disk(place) -> None:
    with open_ledger(place.url) as ledger, ledger.database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("mysql://somebody@host/db", "only sqlite and postgresql"),
        ("nonsense://", "only sqlite and postgresql"),
        ("sqlite://", "wants a file"),
        ("sqlite:////proc/no/such/ledger.db", "cannot be opened"),
    ],
)
def test_what_is_no_ledger_is_refused(asked: str, word: str) -> None:
    with pytest.raises(LedgerError, match=word):
        open_ledger(asked)


def test_a_password_is_never_said(monkeypatch) -> None:
    monkeypatch.setattr(databases, "CONNECT_S", 1)
    with pytest.raises(LedgerError) as refused:
        open_ledger("postgresql://ada:secret@127.0.0.1:1/plant")
    assert "secret" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


def test_postgresql_goes_by_either_name(tmp_path) -> None:
    assert parsed(str(tmp_path / "a.db")).get_backend_name() == "sqlite"
    assert parsed("postgresql+psycopg://x/y").drivername == "postgresql+psycopg"
    assert parsed("postgresql://x/y").drivername == "postgresql+psycopg"
