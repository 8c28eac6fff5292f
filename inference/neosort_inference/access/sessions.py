"""Sessions: a browser that has logged in, known by its cookie."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from neosort_inference.access.accounts import Account, Accounts
from neosort_inference.access.database import Database
from neosort_inference.access.tokens import hashed

COOKIE = "neosort_session"
LASTS_S = 12 * 3600  # a shift, and what it takes longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """``csrf``: to be sent along in a header with whatever changes anything; a foreign page cannot read it."""

    account: Account
    csrf: str


class Sessions:
    """Opens, recognises and ends them."""

    def __init__(self, database: Database, accounts: Accounts, now_s: Callable[[], float] = time.time) -> None:
        self._database = database
        self._accounts = accounts
        self._now_s = now_s

    def open(self, account: Account) -> tuple[Session, str]:
        """A new one, and the cookie's value."""
        secret, csrf, now_s = secrets.token_urlsafe(32), secrets.token_urlsafe(32), self._now_s()
        with self._database.writing() as file:
            file.execute("DELETE FROM session WHERE until_s <= ?", (int(now_s),))
            file.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)", (hashed(secret), account.name, csrf, int(now_s) + LASTS_S)
            )
        return Session(account=account, csrf=csrf), secret

    def of_cookie(self, secret: str) -> Session | None:
        """The session, while it lasts and its account may be used."""
        with self._database.reading() as file:
            if file is None:
                return None
            row = file.execute(
                "SELECT account, csrf FROM session WHERE hash = ? AND until_s > ?",
                (hashed(secret), int(self._now_s())),
            ).fetchone()
        account = None if row is None else self._accounts.named(row[0])
        return Session(account=account, csrf=row[1]) if account is not None and account.usable else None

    def end(self, secret: str) -> None:
        """Nobody is logged in by that cookie any more."""
        with self._database.writing() as file:
            file.execute("DELETE FROM session WHERE hash = ?", (hashed(secret),))
