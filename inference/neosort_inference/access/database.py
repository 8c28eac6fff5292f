"""The file that accounts, tokens and sessions are kept in: SQLite, for its owner's eyes alone, made when first written.

Secrets are not in it: passwords as argon2 hashes, tokens and sessions as SHA-256 of 256 random bits.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SCHEMA = 1
BUSY_S = 5.0
_TABLES = """
CREATE TABLE account (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, made_s INTEGER NOT NULL, made_by TEXT NOT NULL,
    revoked_s INTEGER
) STRICT;
CREATE TABLE token (
    id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, account TEXT NOT NULL REFERENCES account (name),
    label TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL, made_s INTEGER NOT NULL, until_s INTEGER,
    revoked_s INTEGER
) STRICT;
CREATE TABLE session (
    hash TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account (name), csrf TEXT NOT NULL,
    until_s INTEGER NOT NULL
) STRICT;
"""


class AccountError(Exception):
    """An account, a token or their file cannot be used. The text is one sentence."""


def any_account(path: Path) -> bool:
    """Whether there is an account that may be used. Raises `AccountError`."""
    with Database(path).reading() as file:
        return file is not None and (
            file.execute("SELECT 1 FROM account WHERE revoked_s IS NULL LIMIT 1").fetchone() is not None
        )


class Database:
    """The file. A connection is opened for each use: there are few, and threads need not share one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """The file to read from; None while there is none. Raises `AccountError`."""
        if not self.path.exists():
            yield None
            return
        with self._open() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The file to change, in one transaction; made where there is none. Raises `AccountError`."""
        self._make()
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _make(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise AccountError(f"{self.path}: cannot be made ({error.strerror})") from error

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                self._migrate(connection)
                yield connection
        except sqlite3.Error as error:
            raise AccountError(f"{self.path}: cannot be used ({error})") from error

    def _migrate(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        elif found != SCHEMA:
            raise AccountError(f"{self.path}: of schema {found}, this program reads {SCHEMA}")
