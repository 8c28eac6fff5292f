"""Tokens for machines and scripts: of an account, for a role at most its own, for chosen parts of the interface."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from neosort_inference.access.accounts import Accounts
from neosort_inference.access.database import AccountError, Database
from neosort_inference.access.role import Role, lower

PREFIX = "neosort"
LONGEST_DAYS = 3650
_COLUMNS = "id, account, label, role, scopes, made_s, until_s, revoked_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """``scopes``: parts of the interface that it opens, none: all of them. ``*_s``: Unix time."""

    id: str
    account: str
    label: str
    role: Role
    scopes: tuple[str, ...]
    made_s: int
    until_s: int | None
    revoked_s: int | None


class Tokens:
    """Makes, lists, revokes and recognises tokens. Raises `AccountError` for what cannot be."""

    def __init__(self, database: Database, accounts: Accounts, now_s: Callable[[], float] = time.time) -> None:
        self._database = database
        self._accounts = accounts
        self._now_s = now_s

    def make(
        self, account: str, label: str, role: Role, scopes: Sequence[str] = (), days: int | None = 365
    ) -> tuple[Token, str]:
        """A new one, and its secret, which is told this once. ``days``: for how long; None: until revoked."""
        owner = self._accounts.named(account)
        if owner is None or not owner.usable:
            raise AccountError(f"there is no account '{account}' that may be used")
        if not owner.role.covers(role):
            raise AccountError(f"'{account}' is {owner.role.value}, a token of it cannot be {role.value}")
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise AccountError(f"a token is good for 1 to {LONGEST_DAYS} days, not for {days}")
        now_s = int(self._now_s())
        token = Token(
            id=secrets.token_hex(4),
            account=account,
            label=label,
            role=role,
            scopes=tuple(sorted(set(scopes))),
            made_s=now_s,
            until_s=None if days is None else now_s + days * 86_400,
            revoked_s=None,
        )
        secret = f"{PREFIX}_{token.id}_{secrets.token_urlsafe(32)}"
        with self._database.writing() as file:
            file.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (token.id, hashed(secret), account, label, role.value, " ".join(token.scopes), now_s, token.until_s),
            )
        return token, secret

    def all(self) -> tuple[Token, ...]:
        """Every token, revoked ones too, oldest first."""
        with self._database.reading() as file:
            if file is None:
                return ()
            return tuple(_token(row) for row in file.execute(f"SELECT {_COLUMNS} FROM token ORDER BY made_s, id"))

    def revoke(self, id_: str) -> Token:
        """It opens nothing any more; what it was comes back."""
        with self._database.writing() as file:
            row = file.execute(f"SELECT {_COLUMNS} FROM token WHERE id = ?", (id_,)).fetchone()
            if row is None:
                raise AccountError(f"there is no token '{id_}'")
            token = _token(row)
            if token.revoked_s is not None:
                raise AccountError(f"token '{id_}' is revoked already")
            file.execute("UPDATE token SET revoked_s = ? WHERE id = ?", (int(self._now_s()), id_))
        return token

    def of_secret(self, secret: str) -> Token | None:
        """The token, when it is good now, with the role that its account has left it."""
        with self._database.reading() as file:
            if file is None:
                return None
            row = file.execute(f"SELECT {_COLUMNS} FROM token WHERE hash = ?", (hashed(secret),)).fetchone()
        token = None if row is None else _token(row)
        if token is None or token.revoked_s is not None:
            return None
        if token.until_s is not None and token.until_s <= self._now_s():
            return None
        owner = self._accounts.named(token.account)
        if owner is None or not owner.usable:
            return None
        return replace(token, role=lower(token.role, owner.role))


def hashed(secret: str) -> str:
    """What of a token or a session is kept: it has 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


_Row = tuple[str, str, str, str, str, int, int | None, int | None]


def _token(row: _Row) -> Token:
    id_, account, label, role, scopes, made_s, until_s, revoked_s = row
    return Token(
        id=id_, account=account, label=label, role=Role(role), scopes=tuple(scopes.split()), made_s=made_s,
        until_s=until_s, revoked_s=revoked_s,
    )  # fmt: skip
