"""The ledger of the line that is served, opened for as long as something is asked of it. The database's library is
loaded then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from neosort_inference.access.serving import Serving
from neosort_inference.asking.orders import RefusedError
from neosort_inference.ledger.beginning import OFF
from neosort_inference.ledger.records import LedgerError, Lot

if TYPE_CHECKING:
    from neosort_inference.ledger.asking import Opened


@contextmanager
def ledger_of(serving: Serving, *, made: bool = False) -> Iterator[Opened | None]:
    """The ledger; None while there is none yet. ``made``: where it is missing. Raises `LedgerError`."""
    from neosort_inference.ledger.asking import opened  # noqa: PLC0415
    from neosort_inference.ledger.beginning import ledger_url  # noqa: PLC0415

    asked, folder = serving.ledger, serving.state.ledger
    if asked == OFF:
        raise LedgerError("this line keeps no ledger (--ledger off)")
    file = ledger_url(asked, folder).removeprefix("sqlite:///")
    if not made and asked is None and not (folder / file).exists():
        yield None
        return
    with opened(asked, folder, made=made) as one:
        yield one


@contextmanager
def ledger_with(serving: Serving, lot_id: str) -> Iterator[tuple[Opened, Lot]]:
    """The ledger and a lot in it. Raises `RefusedError` where there is none of that name."""
    with ledger_of(serving) as one:
        found = None if one is None else next((lot for lot in one.ledger.lots() if lot.lot_id == lot_id), None)
        if one is None or found is None:
            raise RefusedError("not there", f"there is no lot '{lot_id}'")
        yield one, found
