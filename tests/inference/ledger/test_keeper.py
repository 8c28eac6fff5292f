"""The writer beside the loop: nothing committed is lost when it is killed, nothing is written twice, a full disk stops
nobody and is told."""

from __future__ import annotations

import os
import resource
import signal
import time

import cv2
import numpy as np
import pytest
from tests.hardware.waiting import WITHIN_S, eventually
from tests.inference.ledger.decided import BY, GRID, decided, window

from neosort_hardware.types import Box, Verdict
from neosort_inference.faults.alarms import AlarmBook
from neosort_inference.ledger import keeper as keepers
from neosort_inference.ledger.keeper import LedgerKeeper
from neosort_inference.ledger.lots import close_lot, open_lot
from neosort_inference.ledger.observed import MARGIN_MM, SortedBy
from neosort_inference.ledger.reading import open_ledger
from neosort_inference.ledger.retention_limits import Limits
from neosort_inference.ledger.signing import Signer
from neosort_inference.ledger.verify import verify

LIMITS = Limits(reserve_bytes=0)
RUN_FACTS = {"opened", "run"}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Waits that are made for a line's day, shortened."""
    monkeypatch.setattr(keepers, "EVERY_S", 0.01)
    monkeypatch.setattr(keepers, "RETRY_S", 0.05)
    monkeypatch.setattr(keepers, "CLOSE_WITHIN_S", WITHIN_S)  # and the one that a busy machine may need


@pytest.fixture
def keep(url, place):
    """Opens the ledger for a run of a line; closed at the end."""
    opened = []

    def ask(line="one", limits=LIMITS, patience_s=0.0) -> LedgerKeeper:
        opened.append(LedgerKeeper(url, place, line=line, sorted_by=BY, limits=limits, patience_s=patience_s))
        return opened[-1]

    yield ask
    for one in opened:
        one.close()


def read(url, place, line="one"):
    """Every record of a line, and that verifying finds nothing wrong."""
    with open_ledger(url) as ledger:
        checks = list(verify(ledger, place, {Signer(place).public_key}))
        assert [bad for check in checks for bad in check.bad] == []
        return [entry.record for lot in ledger.lots(line) for entry in ledger.entries(lot.lot_id)]


def facts(records):
    """Decisions, shots and faults, without what is said of the lot."""
    return [record for record in records if record.table != "event"]


def test_what_cannot_be_put_down_is_told_and_the_rest_is_written(keep, url, place, monkeypatch) -> None:
    crop_of, crops = keepers.jpeg_of, iter([ValueError("no such picture")])

    def break_down_once(crop):
        if (error := next(crops, None)) is not None:
            raise error
        return crop_of(crop)

    monkeypatch.setattr(keepers, "jpeg_of", break_down_once)
    keeper = keep()
    keeper.on_window(window(), [decided(1)], "camera only")
    eventually(lambda: keeper.trouble)
    assert keeper.trouble.startswith("ValueError: no such picture")
    assert keeper.dropped == 1
    keeper.on_window(window(), [decided(2)], "camera only")
    keeper.close()
    assert keeper.trouble == ""
    assert [record.table for record in facts(read(url, place))] == ["decision", "shot"]


def test_what_the_loop_decides_stands_in_the_ledger(keep, url, place) -> None:
    keeper = keep()
    alarms = AlarmBook(lambda alarm, step: keeper.on_alarm(alarm, step, 1234.5))
    keeper.on_window(window(), [decided(1), decided(2, Verdict.PASSED, 0.05), decided(3, Verdict.LATE)], "camera only")
    alarms.raise_("camera.dark", "nothing brighter than 12 of 255", 0)
    keeper.on_recalled(decided(1).shot, "interlock.opened")
    alarms.acknowledge(None, "Ada", 1)
    keeper.close()
    records = read(url, place)
    opened, run = (record for record in records if record.table == "event")
    assert (opened.event, opened.detail["automatic"], run.event, run.detail) == ("opened", True, "run", dict(BY.detail))
    kinds = [record.table for record in facts(records)]
    assert kinds == ["decision", "shot", "decision", "decision", "shot", "fault", "shot", "fault"]
    first, shot, passed, late, late_shot, raised, recalled, acknowledged = facts(records)
    assert (first.verdict, first.fired, first.kind, first.magnet_g) == ("fired", True, "motor_nd", 3.2)
    assert (first.belt_mm, first.across_mm, first.length_mm, first.width_mm) == (130.0, 70.0, 60.0, 40.0)
    assert (first.recipe_id, first.bundle_id, first.senses) == (BY.recipe_id, BY.bundle_id, "camera only")
    assert (shot.outcome, shot.shot_id, late_shot.outcome, recalled.outcome) == ("accepted", 1, "late", "recalled")
    assert recalled.reason == "interlock.opened"
    assert (passed.shot_id, passed.evidence_sha256, late.reason) == (None, None, "not bearing")
    assert (raised.step, raised.belt_mm, acknowledged.step, acknowledged.by) == (
        "raised",
        1234.5,
        "acknowledged",
        "Ada",
    )
    assert (keeper.committed, keeper.dropped, keeper.waiting) == (8, 0, 0)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_shots_and_near_misses_have_their_picture(keep, url, place) -> None:
    keeper = keep()
    near, far = decided(2, Verdict.PASSED, 0.31), decided(3, Verdict.PASSED, 0.29)
    seen = window()
    edge = decided(4, box=Box(belt_lo_mm=-3.0, belt_hi_mm=20.0, across_lo_mm=-20.0, across_hi_mm=10.0))
    keeper.on_window(seen, [decided(1), near, far, edge], "camera + field")
    keeper.close()
    decisions = [record for record in read(url, place) if record.table == "decision"]
    assert [d.evidence_sha256 is not None for d in decisions] == [True, True, False, True]
    picture = cv2.imread(str(place.picture(keeper.lot_id, decisions[0].evidence_sha256)))
    assert picture.shape == (60 + 2 * MARGIN_MM, 40 + 2 * MARGIN_MM, 3)
    row, col = round(100 - MARGIN_MM), round(50 - GRID.across_start_mm - MARGIN_MM)
    shown = seen.picture[row : row + picture.shape[0], col : col + picture.shape[1], ::-1]
    assert np.abs(shown.astype(float) - picture).mean() < 10.0


def test_records_go_to_the_lot_that_is_open(keep, url, place) -> None:
    keeper = keep()
    with open_ledger(url) as ledger:
        first = open_lot(ledger.database, place, line="one", by="Ada")
        for number in range(1, 4):
            keeper.on_window(window(), [decided(number)], "camera + field")
            eventually(lambda wanted=2 * number: keeper.committed == wanted)
            if number == 1:
                close_lot(ledger.database, place, lot_id=first.lot_id, by="Ada")
            elif number == 2:
                second = open_lot(ledger.database, place, line="one", by="Bob")
        lots = ledger.lots("one")
        assert [lot.automatic for lot in lots] == [False, True, False]
        assert [lot.open for lot in lots] == [False, False, True]
        assert [[d.track_id for d in ledger.decisions(lot.lot_id)] for lot in lots] == [[1], [2], [3]]
        assert keeper.lot_id == second.lot_id
        assert ["run" in {e.event for e in ledger.events(lot.lot_id)} for lot in lots] == [True] * 3
    read(url, place)


def test_killed_again_and_again_nothing_committed_is_lost_or_written_twice(keep, url, place) -> None:
    keeper = keep()
    number, reported, killed, seen = 0, 0, set(), window()
    while len(killed) < 3:
        number += 1
        keeper.on_window(seen, [decided(number)], "camera + field")
        time.sleep(0.01)  # a crowded belt's pace
        pid = keeper.writer_pid
        if pid is not None and pid not in killed and keeper.committed > reported:
            reported = keeper.committed
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
            with open_ledger(url) as ledger:  # before it is started anew, or while it is
                held = sum(lot.records - 1 for lot in ledger.lots("one"))
            assert held >= reported
    keeper.close()
    records = facts(read(url, place))
    assert [r.track_id for r in records if r.table == "decision"] == list(range(1, number + 1))
    assert [r.track_id for r in records if r.table == "shot"] == list(range(1, number + 1))
    assert keeper.committed == 2 * number


def test_another_run_goes_on_in_the_same_lot(keep, url, place) -> None:
    for number in (1, 2):
        keeper = keep()
        keeper.on_window(window(), [decided(number)], "camera + field")
        keeper.close()
    with open_ledger(url) as ledger:
        (lot,) = ledger.lots("one")
        assert [d.track_id for d in ledger.decisions(lot.lot_id)] == [1, 2]
        assert [e.event for e in ledger.events(lot.lot_id)] == ["opened", "run", "run"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_it_sorts_by_is_exchanged_while_it_runs(keep, url, place) -> None:
    keeper = keep()
    keeper.on_window(window(), [decided(1)], "camera + field")
    other = SortedBy(
        recipe_id="strict@ba9876543210", bundle_id=BY.bundle_id, calibration_id="", near_p=0.5, detail={"recipe": 2}
    )
    keeper.exchange(other, "Ada")
    keeper.on_window(window(), [decided(2)], "camera + field")
    keeper.close()
    records = read(url, place)
    assert [r.recipe_id for r in records if r.table == "decision"] == [BY.recipe_id, "strict@ba9876543210"]
    assert [(r.by, r.detail) for r in records if r.table == "event" and r.event == "exchanged"] == [
        ("Ada", {"recipe": 2})
    ]


def test_a_value_that_no_ledger_can_hold_keeps_the_others_from_nothing(keep, url, place) -> None:
    keeper = keep()
    odd = [decided(2, magnet_g=float("nan")), decided(3, kind="x" * 65), decided(4, reason="a\0b")]
    keeper.on_window(window(), [decided(1), *odd, decided(5)], "camera + field")
    keeper.close()
    records = facts(read(url, place))
    assert [r.track_id for r in records if r.table == "decision"] == [1, 5]
    assert keeper.dropped == 3 + 1, "the reason stands with the shot as well"


def limit_files(pid: int, size: int) -> None:
    """No file of that process grows beyond ``size`` bytes: to whoever writes, the disk is full."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_full_disk_is_told_counted_and_recovered_from(keep, url, place, monkeypatch) -> None:
    monkeypatch.setattr(keepers, "MOST_WAITING", 40)
    keeper = keep()
    keeper.on_window(window(), [decided(1)], "camera + field")
    eventually(lambda: keeper.committed == 2)
    limit_files(keeper.writer_pid, 4096)
    for number in range(2, 200):
        keeper.on_window(window(), [decided(number)], "camera + field")  # returns, whatever the disk does
    eventually(lambda: keeper.trouble != "")
    keeper.on_window(window(), [decided(200)], "camera + field")
    assert keeper.dropped > 100
    assert "wait" in keeper.trouble
    limit_files(keeper.writer_pid, resource.RLIM_INFINITY)
    eventually(lambda: keeper.trouble == "" and keeper.waiting == 0)
    keeper.on_window(window(), [decided(201)], "camera + field")
    keeper.close()
    records = read(url, place)
    kept = [r.track_id for r in records if r.table == "decision"]
    assert len(kept) + keeper.dropped == 201
    assert kept[0] == 1
    assert kept[-1] == 201
    lost = [r.detail["happenings"] for r in records if r.table == "event" and r.event == "lost"]
    assert sum(lost) == keeper.dropped


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_where_pictures_have_no_room_records_go_on(keep, url, place) -> None:
    keeper = keep(limits=Limits(reserve_bytes=1 << 60))
    keeper.on_window(window(), [decided(1)], "camera + field")
    keeper.close()
    (decision,) = (r for r in read(url, place) if r.table == "decision")
    assert decision.evidence_sha256 is None
    assert keeper.pictures_lost == 1


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_ledger_that_is_away_keeps_nobody_waiting(keep, place, monkeypatch, url) -> None:
    monkeypatch.setattr(keepers, "CLOSE_WITHIN_S", 0.3)
    away = LedgerKeeper("postgresql://nobody@127.0.0.1:1/none", place, line="one", sorted_by=BY, limits=LIMITS)
    away.on_window(window(), [decided(1)], "camera + field")
    eventually(lambda: "cannot be opened" in away.trouble)
    assert away.waiting > 0
    away.close()
    assert away.dropped == 2


def test_a_run_in_which_nothing_happens_leaves_no_lot(keep, url) -> None:
    keeper = keep()
    keeper.close()
    assert keeper.writer_pid is None
    with open_ledger(url) as ledger:
        assert ledger.lots() == ()
