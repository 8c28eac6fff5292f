"""Closed lots of a line, found in its ledger: whoever closes one need not know that anybody is told.

A lot once closed never changes, so the ledger itself keeps what is to be told, however it was closed and whether or not
the line ran; the outbox remembers only which lot it took last.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.exc import SQLAlchemyError

from neosort_inference.ledger import tables
from neosort_inference.ledger.database import Database, cause_of
from neosort_inference.ledger.heads import head_file
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import read_lots
from neosort_inference.ledger.records import LedgerError, Lot
from neosort_inference.ledger.signing import Signed

HEAD_WITHIN = timedelta(seconds=10)  # a lot's head is kept a moment after the lot has been closed


class ClosedLots:
    """Those of one ``line``. ``place``: where this machine keeps signed heads and passports. ``passport_within_s``: a
    passport is issued after its lot has been closed; so long a lot waits for it."""

    def __init__(self, url: str, place: Place, line: str, passport_within_s: float = 0.0) -> None:
        self._url, self._place, self._line = url, place, line
        self._passport_within = timedelta(seconds=passport_within_s)
        self._database: Database | None = None

    def after(self, lot_id: str | None) -> list[dict[str, Any]]:
        """What a lot's message says of it, for those closed after that one (None: for all), in order.

        Raises `LedgerError`, and goes on by itself when the ledger is there again.
        """
        try:
            return list(self._after(lot_id))
        except SQLAlchemyError as error:
            self.close()
            raise LedgerError(f"closed lots cannot be read ({cause_of(error)})") from error

    def close(self) -> None:
        """Let go of the ledger."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _after(self, lot_id: str | None) -> Iterator[dict[str, Any]]:
        self._database = self._database or Database(self._url)
        lots = tables.lots
        told = select(lots.c.ordinal).where(lots.c.line == self._line, lots.c.lot_id == lot_id).scalar_subquery()
        # A lot that this ledger does not know is of another: then all of this one are told.
        asked = (
            select(lots)
            .where(lots.c.line == self._line, lots.c.closed_us.is_not(None), lots.c.ordinal > func.coalesce(told, 0))
            .order_by(lots.c.ordinal)
        )
        with self._database.reading() as connection:
            for lot in read_lots(connection, asked):
                head, seal = self._head(lot), self._seal(lot)
                if (head is None and _younger(lot, HEAD_WITHIN)) or (
                    seal is None and _younger(lot, self._passport_within)
                ):
                    return
                decisions = tables.decisions
                fired = decisions.c.verdict == "fired"
                sums = select(
                    func.count(),
                    func.coalesce(func.sum(case((fired, 1), else_=0)), 0),
                    func.coalesce(func.sum(case((fired, decisions.c.magnet_g), else_=0.0)), 0.0),
                    func.coalesce(func.sum(case((fired, 0.0), else_=decisions.c.magnet_g * decisions.c.p_ndfeb)), 0.0),
                ).where(decisions.c.lot_id == lot.lot_id)
                yield _told(lot, connection.execute(sums).one(), head) | {"passport": seal}

    def _head(self, lot: Lot) -> dict[str, Any] | None:
        """Its signed head, where it lies here and speaks of the closed lot."""
        try:
            head = Signed.from_json(head_file(self._place, lot.lot_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if head.body.get("hash") != lot.head_hash or head.body.get("closed") is None:
            return None
        return {"body": dict(head.body), "public_key": head.public_key, "signature": head.signature}

    def _seal(self, lot: Lot) -> dict[str, Any] | None:
        """By what its passport is known, where one lies here that speaks of the lot as it was closed."""
        try:
            passport = Signed.from_json(self._place.passport(lot.lot_id).read_text(encoding="utf-8"))
            of, chain, issued = (passport.body[name] for name in ("lot", "chain", "issued"))
            if (of["lot_id"], chain["head_sha256"]) != (lot.lot_id, lot.head_hash):
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return {
            "sha256": passport.sha256,
            "public_key": passport.public_key,
            "signature": passport.signature,
            "issued": issued,
        }


def _younger(lot: Lot, age: timedelta) -> bool:
    """Whether it has been closed for less than that."""
    return lot.closed_utc is not None and datetime.now(UTC) - lot.closed_utc < age


def _told(lot: Lot, sums: Any, head: dict[str, Any] | None) -> dict[str, Any]:  # noqa: ANN401 (a row)
    decisions, fired, fired_g, left_g = sums
    assert lot.closed_utc is not None
    return {
        "lot": lot.lot_id,
        "ordinal": lot.ordinal,
        "supplier": lot.supplier,
        "origin": lot.origin,
        "category": lot.category,
        "mass_in_kg": lot.mass_in_kg,
        "automatic": lot.automatic,
        "opened": lot.opened_utc.isoformat(),
        "opened_by": lot.opened_by,
        "closed": lot.closed_utc.isoformat(),
        "closed_by": lot.closed_by,
        "records": lot.records,
        "head_hash": lot.head_hash,
        "previous_lot": lot.previous_lot_id,
        "decisions": int(decisions),
        "fired": int(fired),
        "magnet_g_fired": round(float(fired_g), 3),
        "magnet_g_left": round(float(left_g), 3),
        "head": head,
    }
