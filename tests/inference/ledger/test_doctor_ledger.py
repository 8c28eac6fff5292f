"""What `neosort doctor` says of a ledger and its key, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.inference.ledger.some_records import BEGAN, numbered, some

from neosort_inference.doctor.finding import Grade
from neosort_inference.doctor.ledger_checks import examine_ledger, reached, room
from neosort_inference.ledger import tables
from neosort_inference.ledger.appending import append, borne_out, keep_head
from neosort_inference.ledger.heads import head_file
from neosort_inference.ledger.lots import open_lot
from neosort_inference.ledger.reading import open_ledger
from neosort_inference.ledger.signing import Signer

pytestmark = pytest.mark.computes

GB = 1_000_000_000


@pytest.fixture
def lot(url, place):
    """A lot that stands open with eight records under its head."""
    signer = Signer(place)
    with open_ledger(url) as ledger:
        opened = open_lot(ledger.database, place, line="one", by="Ada")
        with ledger.database.writing() as connection:
            found = append(connection, borne_out(connection, place, signer, opened), numbered(*some(3)))
        keep_head(place, signer, found)
    return found


@pytest.fixture
def told(url, place):
    """Findings by name."""
    return lambda: {finding.name: finding for finding in examine_ledger(url, place.folder, "one")}


def test_a_ledger_that_is_well(lot, told, place) -> None:
    found = told()
    assert list(found) == ["ledger", "chain head", "ledger room", "signing key"]
    assert {finding.grade for finding in found.values()} == {Grade.OK}
    assert f"lot {lot.lot_id}, open, {lot.records} records" in found["ledger"].said
    assert lot.head_hash[:16] in found["chain head"].said
    assert "of the disk left" in found["ledger room"].said
    assert Signer(place).public_key[:16] in found["signing key"].said


def test_a_record_under_the_head_that_is_another_is_a_fault(url, lot, told) -> None:
    with open_ledger(url) as ledger, ledger.database.writing() as connection:
        for table in tables.CHAINED.values():
            connection.execute(update(table).where(table.c.seq == lot.records).values(hash="0" * 64))
        assert connection.execute(select(tables.lots.c.records)).scalar() == lot.records
    found = told()["chain head"]
    assert (found.grade, "not the one that was signed" in found.said) == (Grade.FAULT, True)
    assert "ledger verify" in found.do


def test_a_head_that_is_gone_or_forged_is_a_fault(lot, told, place) -> None:
    file = head_file(place, lot.lot_id)
    file.write_text(file.read_text(encoding="utf-8").replace('"records": ', '"records": 1'), encoding="utf-8")
    assert "not rightly signed" in told()["chain head"].said
    file.write_text("{", encoding="utf-8")
    assert "cannot be read" in told()["chain head"].said
    file.unlink()
    assert "is missing" in told()["chain head"].said


def test_a_key_that_others_may_read_or_that_is_another_is_a_fault(lot, told, place) -> None:
    place.key_file.chmod(0o644)
    assert (told()["signing key"].grade, "chmod 600" in told()["signing key"].said) == (Grade.FAULT, True)
    place.key_file.chmod(0o600)
    place.public_key_file.write_text("ab" * 32, encoding="ascii")
    assert "is not that of" in told()["signing key"].said
    place.public_key_file.unlink()
    assert told()["signing key"].grade is Grade.WARNING
    Signer(place)
    place.key_file.unlink()
    assert "is gone" in told()["signing key"].said


def test_where_nothing_was_written_yet_nothing_need_be_done(place) -> None:
    found = examine_ledger(None, place.folder, "one")
    assert [finding.name for finding in found] == ["ledger", "signing key"]
    assert {finding.grade for finding in found} == {Grade.OK}
    assert not place.folder.exists(), "looking makes nothing"
    assert [finding.said for finding in examine_ledger("off", place.folder, "one")] == ["off: no lot is kept"]


def test_a_ledger_that_cannot_be_reached_lets_the_line_sort(place) -> None:
    found = examine_ledger("postgresql://nobody@127.0.0.1:1/none", place.folder, "one")[0]
    assert (found.name, found.grade) == ("ledger", Grade.WARNING)
    place.folder.mkdir()
    (place.folder / "ledger.db").write_bytes(b"no database at all " * 100)
    assert examine_ledger(None, place.folder, "one")[0].grade is Grade.WARNING


def test_a_record_from_a_time_to_come_is_the_clocks_fault(lot) -> None:
    assert reached("x", lot, BEGAN, BEGAN + timedelta(hours=3)).said.endswith("last 3 h ago")
    assert reached("x", lot, BEGAN, BEGAN - timedelta(days=3)).do == "set the wall clock"
    assert reached("x", None, None, BEGAN).grade is Grade.OK


@pytest.mark.parametrize(
    ("free_gb", "pictures_gb", "grade"),
    [(50, 1, Grade.OK), (50, 9.5, Grade.OK), (5, 1, Grade.WARNING), (0.5, 9, Grade.WARNING)],
)
def test_room_is_held_against_the_limits(free_gb, pictures_gb, grade) -> None:
    limits = {"evidence_bytes": 10 * GB, "reserve_bytes": GB}
    told = {"database_bytes": 1e6, "picture_bytes": pictures_gb * GB, "free_bytes": free_gb * GB, "limits": limits}
    found = room(told)
    assert (found.grade, bool(found.do)) == (grade, grade is Grade.WARNING)
