"""Accounts: people by name, with a role and a password."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from neosort_inference.access.database import AccountError, Database
from neosort_inference.access.passwords import Passwords
from neosort_inference.access.role import Role

NAME = r"[A-Za-z][A-Za-z0-9._-]{0,31}"
_COLUMNS = "name, role, made_s, made_by, revoked_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``*_s``: Unix time. ``revoked_s``: None while it may be used."""

    name: str
    role: Role
    made_s: int
    made_by: str
    revoked_s: int | None

    @property
    def usable(self) -> bool:
        """Whether it may be used."""
        return self.revoked_s is None


class Accounts:
    """All accounts of this machine; a name that was used once is never given to another person.

    Raises `AccountError` for what cannot be, in one sentence.
    """

    def __init__(
        self, database: Database, passwords: Passwords | None = None, now_s: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._passwords = Passwords() if passwords is None else passwords
        self._now_s = now_s

    def any(self) -> bool:
        """Whether there is one that may be used."""
        return any(account.usable for account in self.all())

    def all(self) -> tuple[Account, ...]:
        """Every account, revoked ones too, by name."""
        with self._database.reading() as file:
            if file is None:
                return ()
            return tuple(_account(row) for row in file.execute(f"SELECT {_COLUMNS} FROM account ORDER BY name"))

    def named(self, name: str) -> Account | None:
        """That account, whether it may be used or not."""
        with self._database.reading() as file:
            return None if file is None else _named(file, name)

    def add(self, name: str, role: Role, password: str, by: str) -> Account:
        """A new one."""
        if not re.fullmatch(NAME, name):
            raise AccountError(f"'{name}' is no name for an account: a letter, then up to 31 letters, digits or ._-")
        hashed, now_s = self._passwords.hashed(password), int(self._now_s())
        with self._database.writing() as file:
            if _named(file, name) is not None:
                raise AccountError(f"there is or was an account '{name}'")
            file.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, NULL)", (name, role.value, hashed, now_s, by))
        return Account(name=name, role=role, made_s=now_s, made_by=by, revoked_s=None)

    def log_in(self, name: str, password: str) -> Account | None:
        """The account, when that is its password and it may be used. Takes as long for a name that is nobody's."""
        with self._database.reading() as file:
            row = None
            if file is not None:
                row = file.execute(
                    "SELECT password FROM account WHERE name = ? AND revoked_s IS NULL", (name,)
                ).fetchone()
        right = self._passwords.right(None if row is None else row[0], password)
        return self.named(name) if right else None

    def set_password(self, name: str, password: str) -> None:
        """A new password; whoever is logged in under that name is so no longer."""
        hashed = self._passwords.hashed(password)
        with self._database.writing() as file:
            _must_be_usable(file, name)
            file.execute("UPDATE account SET password = ? WHERE name = ?", (hashed, name))
            file.execute("DELETE FROM session WHERE account = ?", (name,))

    def set_role(self, name: str, role: Role) -> Account:
        """Another role; what it was before comes back. The last admin stays one."""
        with self._database.writing() as file:
            before = _must_be_usable(file, name)
            if role is not Role.ADMIN:
                _must_leave_an_admin(file, before)
            file.execute("UPDATE account SET role = ? WHERE name = ?", (role.value, name))
        return before

    def revoke(self, name: str) -> Account:
        """It may be used no longer, nor its tokens and sessions; what it was comes back. The last admin stays."""
        with self._database.writing() as file:
            before = _must_be_usable(file, name)
            _must_leave_an_admin(file, before)
            now_s = int(self._now_s())
            file.execute("UPDATE account SET revoked_s = ? WHERE name = ?", (now_s, name))
            file.execute("UPDATE token SET revoked_s = ? WHERE account = ? AND revoked_s IS NULL", (now_s, name))
            file.execute("DELETE FROM session WHERE account = ?", (name,))
        return before


def _named(file: sqlite3.Connection, name: str) -> Account | None:
    row = file.execute(f"SELECT {_COLUMNS} FROM account WHERE name = ?", (name,)).fetchone()
    return None if row is None else _account(row)


def _account(row: tuple[str, str, int, str, int | None]) -> Account:
    name, role, made_s, made_by, revoked_s = row
    return Account(name=name, role=Role(role), made_s=made_s, made_by=made_by, revoked_s=revoked_s)


def _must_be_usable(file: sqlite3.Connection, name: str) -> Account:
    account = _named(file, name)
    if account is None or not account.usable:
        raise AccountError(f"there is no account '{name}'" if account is None else f"account '{name}' is revoked")
    return account


def _must_leave_an_admin(file: sqlite3.Connection, account: Account) -> None:
    if account.role is not Role.ADMIN:
        return
    left = file.execute("SELECT COUNT(*) FROM account WHERE role = 'admin' AND revoked_s IS NULL").fetchone()[0]
    if left < 2:
        raise AccountError(f"'{account.name}' is the only admin: make another one first")
