"""The outbox: in order, once, on the disk; and what is told of a closed lot."""

from __future__ import annotations

import json
import sqlite3

import pytest
from tests.inference.ledger.some_records import decision

from neosort_inference.fleet.closed_lots import ClosedLots
from neosort_inference.fleet.heard_lots import HeardLots, rightly_signed
from neosort_inference.fleet.messages import TYPES, LotMessage, MessageError, StateMessage, read_message
from neosort_inference.fleet.outbox import Outbox, OutboxError, OutboxHeldError, waiting_in
from neosort_inference.fleet.schema import built, every_schema, published, text_of
from neosort_inference.fleet.topics import KINDS, Topics, every, kind_of
from neosort_inference.ledger import tables
from neosort_inference.ledger.chain import entry_row
from neosort_inference.ledger.database import Database
from neosort_inference.ledger.lots import Feed, close_lot, open_lot
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import Entry
from neosort_inference.ledger.signing import Signer

pytestmark = pytest.mark.computes


def put(outbox: Outbox, *ids: str) -> None:
    for name in ids:
        outbox.keep("alarm", {"id": name}, mark=("last", name))


def test_messages_come_in_the_order_in_which_they_were_put_in_and_numbers_are_never_used_again(tmp_path):
    file = tmp_path / "a" / "outbox.db"
    with Outbox(file) as outbox:
        put(outbox, "a", "b", "b", "c")
        assert [(m.seq, m.body["id"]) for m in outbox.after(0, 10)] == [(1, "a"), (2, "b"), (3, "c")]
        assert [m.seq for m in outbox.after(1, 1)] == [2]
        outbox.confirmed([1, 2, 3, 3])
        assert outbox.waiting == 0
        name = outbox.id
    with Outbox(file) as outbox:
        assert (outbox.id, outbox.mark("last"), outbox.mark("other")) == (name, "c", None)
        put(outbox, "d", "e")
        assert [m.seq for m in outbox.after(0, 10)] == [4, 5]
        assert json.loads(outbox.after(4, 1)[0].payload(name)) == {"id": "e", "outbox": name, "seq": 5}
        assert waiting_in(file) == outbox.waiting == 2


def test_one_process_at_a_time_has_an_outbox(tmp_path):
    with Outbox(tmp_path / "o.db"), pytest.raises(OutboxHeldError, match="another run of this line"):
        Outbox(tmp_path / "o.db")
    Outbox(tmp_path / "o.db").close()


def test_what_is_no_outbox_is_called_so_and_let_go(tmp_path):
    file = tmp_path / "o.db"
    file.write_bytes(b"not a database" * 100)
    for _ in range(2):
        with pytest.raises(OutboxError, match="file is not a database"):
            Outbox(file)
    with pytest.raises(OutboxError, match="not a database"):
        waiting_in(file)


def test_a_full_disk_is_said_and_what_was_kept_stays(tmp_path):
    with Outbox(tmp_path / "o.db") as outbox:
        put(outbox, "a")
        pages = outbox._database.execute("PRAGMA page_count").fetchone()[0]
        outbox._database.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(OutboxError, match="full"):
            outbox.keep("alarm", {"id": "b", "detail": "x" * 20_000}, mark=("last", "b"))
        assert (outbox.waiting, outbox.mark("last")) == (1, "a")
        outbox._database.execute("PRAGMA max_page_count=100000")
        put(outbox, "b")
        assert [m.body["id"] for m in outbox.after(0, 9)] == ["a", "b"]


@pytest.fixture
def lots(tmp_path):
    """A ledger with two closed lots and an open one of one line, and one of another."""
    place = Place(folder=tmp_path / "ledger")
    place.prepare()
    database = Database(place.url)
    for line in ("one", "one", "two"):
        lot = open_lot(database, place, line=line, by="Ada", feed=Feed(supplier="Yard", mass_in_kg=10.5))
        with database.writing() as connection:
            for number, verdict, magnet_g in ((9001, "fired", 3.0), (9002, "fired", 1.5), (9003, "passed", 4.0)):
                record = decision(number, verdict=verdict, magnet_g=magnet_g, p_ndfeb=0.25)
                entry = Entry(lot_id=lot.lot_id, seq=number, run_id="r", run_seq=number, hash="0" * 64, record=record)
                connection.execute(tables.decisions.insert().values(**entry_row(entry)))
        close_lot(database, place, lot_id=lot.lot_id, by="Bo")
    open_lot(database, place, line="one", by="Ada")
    yield ClosedLots(place.url, place, "one")
    database.close()


def test_closed_lots_are_told_in_order_each_with_what_was_shot_and_left(lots):
    told = lots.after(None)
    assert [lot["ordinal"] for lot in told] == [1, 2]
    assert (told[0]["decisions"], told[0]["fired"]) == (3, 2)
    assert (told[0]["magnet_g_fired"], told[0]["magnet_g_left"]) == (4.5, 1.0)
    assert (told[0]["opened_by"], told[0]["closed_by"], told[0]["mass_in_kg"]) == ("Ada", "Bo", 10.5)
    assert [lot["ordinal"] for lot in lots.after(told[0]["lot"])] == [2]
    assert lots.after(told[1]["lot"]) == []
    assert len(lots.after("of another ledger")) == 2
    lots.close()


def test_a_lot_waits_for_its_passport_and_is_told_without_one_that_is_of_another(lots, tmp_path):
    place = Place(folder=tmp_path / "ledger")
    waiting = ClosedLots(place.url, place, "one", passport_within_s=600.0)
    assert waiting.after(None) == []
    waiting.close()
    told = lots.after(None)
    assert [lot["passport"] for lot in told] == [None, None]
    place.passports.mkdir()
    for lot, head_hash in zip(told, (told[0]["head_hash"], "0" * 64), strict=True):
        body = {"lot": {"lot_id": lot["lot"]}, "chain": {"head_sha256": head_hash}, "issued": lot["closed"]}
        place.passport(lot["lot"]).write_text(Signer(place).sign(body).to_json(), encoding="utf-8")
    first, second = lots.after(None)
    assert first["passport"]["public_key"] == Signer(place).public_key
    assert second["passport"] is None
    place.passport(first["lot"]).write_text("{", encoding="utf-8")
    assert lots.after(None)[0]["passport"] is None


def message(lot: dict, **changed) -> LotMessage:
    names = {"plant": "north", "line": "one", "utc": lot["closed"], "id": f"north/one/{lot['lot']}"}
    return LotMessage(**lot | names | {"outbox": "o", "seq": 1} | changed)


def test_a_lot_heard_twice_is_kept_once_and_its_signature_is_checked(lots, tmp_path):
    first, second = (message(lot) for lot in lots.after(None))
    lots.close()
    heard = HeardLots(str(tmp_path / "heard.db"))
    assert [heard.keep(lot) for lot in (first, first, second)] == [True, False, True]
    assert heard.count() == 2
    heard.close()
    assert rightly_signed(first) is True
    assert rightly_signed(first.model_copy(update={"records": 7})) is False
    assert rightly_signed(first.model_copy(update={"head": second.head})) is False
    assert rightly_signed(first.model_copy(update={"head": None})) is None


def test_published_schemas_are_those_of_the_messages():
    for kind in KINDS:
        assert published(kind) == text_of(built(kind)), f"write text_of(built({kind!r})) to schemas/{kind}.json"
    assert set(json.loads(every_schema())) == set(KINDS) == set(TYPES)


def test_readers_take_later_versions_fields_and_nothing_foreign():
    told = '{"version":1,"plant":"p","line":"l","utc":"2026-01-01T00:00:00Z","state":"online","session":"s","new":1}'
    assert isinstance(read_message("state", told.encode()), StateMessage)
    for bad in (b"", b"{}", b"\xff\x00", told.replace('"version":1', '"version":2').encode()):
        with pytest.raises(MessageError, match="no message of kind state"):
            read_message("state", bad)


def test_topics():
    assert Topics("north", "line 3").of("lot") == "neosort/north/line 3/lot"
    assert every() == "neosort/+/+/+"
    assert every("north") == "neosort/north/+/+"
    assert [kind_of(topic) for topic in ("neosort/a/b/lot", "neosort/a/b/c", "other/a/b/lot", "neosort/lot")] == [
        "lot", None, None, None
    ]  # fmt: skip
    for bad in ("", "a/b", "+", "a#", "a\0", "x" * 65):
        with pytest.raises(ValueError, match="level"):
            Topics("north", bad)


def test_an_outbox_survives_what_sqlite_survives(tmp_path):
    """Committed is committed: nothing is left to a later checkpoint."""
    with Outbox(tmp_path / "o.db") as outbox:
        put(outbox, "a")
        with sqlite3.connect(tmp_path / "o.db") as other:
            assert other.execute("SELECT id FROM waiting").fetchall() == [("a",)]
        other.close()
        assert outbox._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
