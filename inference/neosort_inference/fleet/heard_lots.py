"""Lots that a collector hears of, in a ledger's database: each once, however often it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from neosort_inference.fleet.messages import LotMessage
from neosort_inference.ledger.chain import microseconds
from neosort_inference.ledger.database import Database, cause_of
from neosort_inference.ledger.records import LedgerError
from neosort_inference.ledger.signing import Signed
from neosort_inference.ledger.tables import heard_lots


class HeardLots:
    """Kept at ``url``, beside what else that ledger holds. Raises `LedgerError` where it cannot be opened."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def keep(self, lot: LotMessage) -> bool:
        """Whether the lot was not known yet; committed when this returns. Raises `LedgerError`."""
        insert = sqlite.insert if self._database.sqlite else postgresql.insert
        asked = insert(heard_lots).values(**_row(lot)).on_conflict_do_nothing().returning(heard_lots.c.message_id)
        try:
            with self._database.writing() as connection:
                return connection.execute(asked).first() is not None
        except SQLAlchemyError as error:
            raise LedgerError(f"ledger {self._database.name}: lot {lot.lot} not kept ({cause_of(error)})") from error

    def count(self) -> int:
        """How many lots of all lines are known. Raises `LedgerError`."""
        try:
            with self._database.reading() as connection:
                return int(connection.execute(select(func.count()).select_from(heard_lots)).scalar_one())
        except SQLAlchemyError as error:
            raise LedgerError(f"ledger {self._database.name}: cannot be read ({cause_of(error)})") from error

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def rightly_signed(lot: LotMessage) -> bool | None:
    """Whether the lot's head bears a right signature and says the same as the message; None where none came.

    Whose key it is, is for the reader to know.
    """
    if lot.head is None:
        return None
    head = Signed(body=lot.head.body, public_key=lot.head.public_key, signature=lot.head.signature)
    says = (head.body.get("lot"), head.body.get("hash"), head.body.get("records"))
    return says == (lot.lot, lot.head_hash, lot.records) and head.valid()


def _row(lot: LotMessage) -> dict[str, Any]:
    return {
        "message_id": lot.id,
        "plant": lot.plant,
        "line": lot.line,
        "lot_id": lot.lot,
        "ordinal": lot.ordinal,
        "closed_us": microseconds(lot.closed),
        "head_hash": lot.head_hash,
        "signed": rightly_signed(lot),
        "body": lot.model_dump_json(),
        "heard_us": microseconds(datetime.now(UTC)),
    }
