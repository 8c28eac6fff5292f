"""The trail of changes: one line of JSON each, never changed, each with the hash of the one before it.

A line that is altered, taken away or put in between shows when the chain is followed (`AuditTrail.follow`); lines cut
off at the end do only where the newest hash was kept elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import JsonValue

FIRST = "0" * 64
LONGEST_LINE = 256 * 1024


class AuditError(Exception):
    """The trail cannot be read or written, or is not whole. The text is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change. ``at``: UTC. ``via``: session, token and its id, or local. ``old``, ``new``: of ``target``.

    ``hash``: SHA-256 of everything else, ``previous`` among it.
    """

    number: int
    at: str
    by: str
    role: str
    via: str
    address: str
    action: str
    target: str
    old: JsonValue
    new: JsonValue
    previous: str
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first entry that is not what was written, or not there; ``line``: of the file."""

    number: int
    line: int
    why: str

    @property
    def words(self) -> str:
        """In a sentence."""
        return f"entry {self.number} (line {self.line}) {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What came of following the trail: ``entries`` up to ``head``, the newest hash, are as they were written.

    ``torn``: lines that power was lost in; what they were to say was never done. ``kept``: the hash that was asked for
    is among the entries, or none was.
    """

    entries: int
    head: str
    torn: tuple[int, ...]
    broken: Broken | None
    kept: bool

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.broken is None and self.kept


class AuditTrail:
    """One file, written to by any number of processes."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now

    def note(
        self, *, by: str, role: str, via: str, address: str, action: str, target: str,
        old: JsonValue = None, new: JsonValue = None,
    ) -> Entry:  # fmt: skip
        """Append a change; it is on the disk when this returns. Raises `AuditError`."""
        with self._locked() as file:
            last, torn = _last(file)
            entry = Entry(
                number=1 if last is None else last.number + 1,
                at=self._now().isoformat(timespec="milliseconds"),
                by=by,
                role=role,
                via=via,
                address=address,
                action=action,
                target=target,
                old=old,
                new=new,
                previous=FIRST if last is None else last.hash,
            )
            entry = _sealed(entry)
            file.seek(0, os.SEEK_END)
            file.write((b"\n" if torn else b"") + _line(entry))
            file.flush()
            os.fsync(file.fileno())
        return entry

    def entries(self, after: int = 0, most: int = 100) -> list[Entry]:
        """Those that follow number ``after``, oldest first."""
        found: list[Entry] = []
        for entry in self._read():
            if entry is not None and entry.number > after:
                found.append(entry)
                if len(found) == most:
                    break
        return found

    def follow(self, kept: str | None = None) -> Followed:
        """Follow the chain from its beginning, as far as it is whole. ``kept``: a newest hash that was told once and
        written down elsewhere: where it is missing, the trail was cut off or written anew since. Raises `AuditError`
        where the file cannot be read."""
        number, head, found = 0, FIRST, kept in (None, FIRST)
        torn: list[int] = []
        unread: list[int] = []
        for line, entry in enumerate(self._read(), start=1):
            if entry is None:
                unread.append(line)
                continue
            why = _wrong(entry, number + 1, head)
            if why:
                broken = Broken(number=number + 1, line=line, why=why)
                if unread:  # what was to be there instead
                    broken = Broken(number=number + 1, line=unread[0], why="cannot be read")
                return Followed(entries=number, head=head, torn=tuple(torn), broken=broken, kept=found)
            number, head, found = entry.number, entry.hash, found or entry.hash == kept
            torn, unread = torn + unread, []
        return Followed(entries=number, head=head, torn=tuple(torn + unread), broken=None, kept=found)

    def verify(self) -> int:
        """How many entries the chain has. Raises `AuditError` at the first that is not what was written."""
        followed = self.follow()
        if followed.broken is not None:
            raise AuditError(f"{self.path}: {followed.broken.words}")
        return followed.entries

    def _read(self) -> Iterator[Entry | None]:
        """Every line, oldest first; None for one that is torn."""
        if not self.path.exists():
            return
        try:
            with self.path.open("rb") as file:
                for line in file:
                    yield _entry(line)
        except OSError as error:
            raise AuditError(f"{self.path}: cannot be read ({error.strerror})") from error

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
            with os.fdopen(handle, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
        except OSError as error:
            raise AuditError(f"{self.path}: cannot be written ({error.strerror})") from error


def _last(file: IO[bytes]) -> tuple[Entry | None, bool]:
    """The newest entry that is whole, and whether a torn one follows it: power was lost in the middle of a line, and
    whoever wanted that change was not told that it is done."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2 * LONGEST_LINE))
    tail = file.read()
    whole = [entry for line in tail.splitlines(keepends=True)[-2:] if (entry := _entry(line)) is not None]
    return whole[-1] if whole else None, bool(tail) and not tail.endswith(b"\n")


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _wrong(entry: Entry, number: int, previous: str) -> str:
    """What is wrong with an entry that is to be that number behind that hash; empty where nothing is."""
    if entry.number != number:
        return f"is not there: entry {entry.number} stands in its place"
    if entry.hash != _hash(entry):
        return "was changed since it was written"
    return "" if entry.previous == previous else "does not follow the one before it"


def _sealed(entry: Entry) -> Entry:
    values = asdict(entry) | {"hash": _hash(entry)}
    return Entry(**values)


def _hash(entry: Entry) -> str:
    values = asdict(entry)
    del values["hash"]
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(entry: Entry) -> bytes:
    line = json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        raise AuditError(f"an entry has {len(line)} bytes, at most {LONGEST_LINE} go into the trail")
    return line
