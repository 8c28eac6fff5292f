"""What the broker does not have yet: alarms and closed lots, on this machine's disk until it has confirmed them.

A small SQLite file of its own rather than a table of the ledger: a plant's ledger may be a server in the same network
as the broker, and both are away together. Every message has an id that is the same however often it is told, and a
number; what is put in twice is in it once.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from neosort_inference.fleet.topics import Kind

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (about TEXT PRIMARY KEY, told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
"""
_BUSY_S = 5.0


class OutboxError(Exception):
    """The outbox cannot do its work. The text names its file and the cause."""


class OutboxHeldError(OutboxError):
    """Another process has it: a run of the same line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message that waits. ``seq``: its number; it comes after every smaller one."""

    seq: int
    kind: Kind
    body: dict[str, Any]

    def payload(self, outbox_id: str) -> bytes:
        """As it is told."""
        return json.dumps(self.body | {"outbox": outbox_id, "seq": self.seq}, ensure_ascii=False).encode()


class Outbox:
    """One file, one process at a time. ``id``: of this outbox, whose numbers ``seq`` are.

    Raises `OutboxError` where the file cannot be used, `OutboxHeldError` while another process has it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = _locked(file)
        try:
            self._database = sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None)
            with self._said():
                self._prepare()
        except sqlite3.Error as error:
            os.close(self._lock)
            raise OutboxError(f"outbox {file}: {error}") from error
        except OutboxError:
            os.close(self._lock)
            raise

    def keep(self, kind: Kind, body: dict[str, Any], *, mark: tuple[str, str]) -> None:
        """Put a message in, unless one of its ``id`` waits already; on the disk when this returns.

        ``mark``: what to put down together with it, and about what; see `mark`. Raises `OutboxError`.
        """
        with self._said(), self._transaction("FULL"):
            self._database.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?)", mark)
            if self._database.execute("SELECT 1 FROM waiting WHERE id = ?", (body["id"],)).fetchone() is None:
                told = json.dumps(body, ensure_ascii=False)
                self._database.execute(
                    "INSERT INTO waiting (kind, id, body) VALUES (?, ?, ?)", (kind, body["id"], told)
                )
                self.waiting += 1

    def mark(self, about: str) -> str | None:
        """The last word put down ``about`` something: how far one has got. Raises `OutboxError`."""
        with self._said():
            return self._marked(about)

    def after(self, seq: int, most: int) -> list[Waiting]:
        """Messages that wait behind that number, in order. Raises `OutboxError`."""
        asked = "SELECT seq, kind, body FROM waiting WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._said():
            rows = self._database.execute(asked, (seq, most)).fetchall()
        return [Waiting(seq=row[0], kind=row[1], body=json.loads(row[2])) for row in rows]

    def confirmed(self, seqs: Iterable[int]) -> None:
        """The broker has those. Raises `OutboxError`."""
        # A power cut may bring them back, to be told again under the same ids: that is worth no wait for a disk.
        with self._said(), self._transaction("NORMAL"):
            for seq in seqs:
                self.waiting -= self._database.execute("DELETE FROM waiting WHERE seq = ?", (seq,)).rowcount

    def close(self) -> None:
        """Let another process have it."""
        self._database.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.executescript(_SCHEMA)
        with self._transaction("FULL"):
            self._database.execute("INSERT OR IGNORE INTO outbox VALUES ('id', ?)", (uuid4().hex[:12],))
        self.id = self._marked("id") or ""
        self.waiting: int = self._database.execute("SELECT count(*) FROM waiting").fetchone()[0]

    def _marked(self, about: str) -> str | None:
        row = self._database.execute("SELECT told FROM outbox WHERE about = ?", (about,)).fetchone()
        return None if row is None else str(row[0])

    @contextmanager
    def _transaction(self, synchronous: str) -> Iterator[None]:
        self._database.execute(f"PRAGMA synchronous={synchronous}")
        self._database.execute("BEGIN IMMEDIATE")
        waiting = getattr(self, "waiting", 0)
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            self.waiting = waiting
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutboxError(f"outbox {self._file}: {error}") from error


def waiting_in(file: Path) -> int:
    """How many messages wait in that outbox, also while a line has it; 0 where there is none. Raises `OutboxError`."""
    if not file.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as database:
            return int(database.execute("SELECT count(*) FROM waiting").fetchone()[0])
    except sqlite3.Error as error:
        raise OutboxError(f"outbox {file}: {error}") from error


def _locked(file: Path) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise OutboxError(f"outbox {file}: cannot be made ({error.strerror})") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise OutboxHeldError(f"outbox {file}: another run of this line has it") from error
    return handle
