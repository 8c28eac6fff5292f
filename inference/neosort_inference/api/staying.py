"""Whoever watches a stream is let in once, and may be shut out while it goes on."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from neosort_inference.access.database import AccountError
from neosort_inference.access.entry import Entry
from neosort_inference.access.role import Role
from neosort_inference.api.deps import Needs, TheEntry
from neosort_inference.asking.orders import RefusedError

ASK_EVERY_S = 1.0


class Watcher:
    """Who watches, looked up anew once a second: logged out, revoked, run out or of another account by now, they are
    let in no more than they would be to begin with."""

    def __init__(self, connection: HTTPConnection, entry: Entry) -> None:
        self._connection, self._entry = connection, entry
        self._next_s = time.monotonic() + ASK_EVERY_S
        self._stays = True

    async def stays(self) -> bool:
        """Whether they may see what comes next."""
        if self._stays and time.monotonic() >= self._next_s:
            self._stays = await asyncio.to_thread(self._let_in)
            self._next_s = time.monotonic() + ASK_EVERY_S
        return self._stays

    def _let_in(self) -> bool:
        """Where nobody can be looked up, nobody is let in."""
        try:
            Needs(Role.VIEWER)(self._connection, self._entry)
        except (RefusedError, AccountError):
            return False
        return True


def _watcher(connection: HTTPConnection, entry: TheEntry) -> Watcher:
    return Watcher(connection, entry)


Watching = Annotated[Watcher, Depends(_watcher)]
