"""Looks for closed lots now and then, in a thread of its own: a ledger that is a server may let one wait."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import LedgerError

if TYPE_CHECKING:
    from neosort_inference.fleet.closed_lots import ClosedLots

EVERY_S = 2.0
AGAIN_S = 10.0


class LotLook:
    """In the ledger at ``url``, for lots of ``line``; signed heads and passports lie at ``place``. None is found where
    there is no ledger, or nobody has made it yet. ``passport_within_s``: see `ClosedLots`.

    ``trouble``: why they cannot be looked for; empty while they can.
    """

    def __init__(self, url: str | None, place: Place, line: str, passport_within_s: float) -> None:
        self._url, self._place, self._line, self._passport_within_s = url, place, line, passport_within_s
        self._lots: ClosedLots | None = None
        self._thread: threading.Thread | None = None
        self._found: list[dict[str, Any]] = []
        self._next_s = 0.0
        self.trouble = ""

    @property
    def due(self) -> bool:
        """Whether to `begin`."""
        return self._thread is None and time.monotonic() >= self._next_s

    def begin(self, after: str | None) -> None:
        """Look for what was closed after that lot."""
        self._thread = threading.Thread(target=self._look, args=(after,), name="closed lots", daemon=True)
        self._thread.start()

    def take(self) -> list[dict[str, Any]]:
        """What was found, once it has been."""
        if self._thread is None or self._thread.is_alive():
            return []
        self._thread = None
        self._next_s = time.monotonic() + (AGAIN_S if self.trouble else EVERY_S)
        found, self._found = self._found, []
        return found

    def _look(self, after: str | None) -> None:
        if self._url is None or _missing(self._url):
            return
        # SQLAlchemy is half of what this process would load, and lines without a ledger have no use for it.
        from neosort_inference.fleet.closed_lots import ClosedLots  # noqa: PLC0415

        self._lots = self._lots or ClosedLots(self._url, self._place, self._line, self._passport_within_s)
        try:
            self._found, self.trouble = self._lots.after(after), ""
        except LedgerError as error:
            self.trouble = str(error)


def _missing(url: str) -> bool:
    """Whether it is a file that nobody has made yet; looking must not make it."""
    scheme, separator, rest = url.partition("://")
    file = rest.removeprefix("/") if separator else url
    return (not separator or scheme == "sqlite") and not Path(file).exists()
