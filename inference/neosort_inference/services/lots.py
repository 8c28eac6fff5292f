"""Lots of the line's ledger: opened, closed, shown. The database's library is loaded when one is asked for."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.access.serving import Serving
from neosort_inference.services.ledgers import ledger_of, ledger_with

Told = dict[str, Any]


class Lots:
    """The lots of one line. Raises `LedgerError` for what the ledger refuses."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def all(self) -> list[Told]:
        """Every lot of the line, the oldest first; none while there is no ledger yet."""
        from neosort_inference.ledger.asking import told  # noqa: PLC0415

        with ledger_of(self._serving) as one:
            return [] if one is None else [told(lot) for lot in one.ledger.lots(self._serving.config.name)]

    def lot(self, lot_id: str) -> Told:
        """One lot, and what its records come to. Raises `RefusedError` where there is none."""
        from neosort_inference.ledger.asking import counted, told  # noqa: PLC0415

        with ledger_with(self._serving, lot_id) as (one, found):
            return told(found) | {"counted": counted(one.ledger, lot_id)}

    def open(
        self, actor: Actor, *, supplier: str = "", origin: str = "", category: str = "", mass_in_kg: float | None = None
    ) -> Told:
        """Open a lot: the line's records go there from now on."""
        from neosort_inference.ledger.asking import told  # noqa: PLC0415
        from neosort_inference.ledger.lots import Feed, open_lot  # noqa: PLC0415

        actor.must(Role.OPERATOR)
        feed = Feed(supplier=supplier, origin=origin, category=category, mass_in_kg=mass_in_kg)
        with ledger_of(self._serving, made=True) as one:
            assert one is not None
            lot = open_lot(one.ledger.database, one.place, line=self._serving.config.name, by=actor.name, feed=feed)
        new: dict[str, JsonValue] = {
            "supplier": supplier, "origin": origin, "category": category, "mass_in_kg": mass_in_kg,
        }  # fmt: skip
        actor.note("lot.open", lot.lot_id, new=new)
        return told(lot)

    def close(self, actor: Actor, lot_id: str) -> Told:
        """Close a lot: nothing more goes into it, and its head is signed."""
        from neosort_inference.ledger.asking import told  # noqa: PLC0415
        from neosort_inference.ledger.lots import close_lot  # noqa: PLC0415

        actor.must(Role.OPERATOR)
        with ledger_with(self._serving, lot_id) as (one, _):
            lot = close_lot(one.ledger.database, one.place, lot_id=lot_id, by=actor.name)
        actor.note("lot.close", lot_id, old="open", new={"records": lot.records, "head_hash": lot.head_hash})
        return told(lot)
