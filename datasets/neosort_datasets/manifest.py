"""The append-only manifest that every store has: one line a folder of files, with the sha256 of each of them.

A folder is written under a temporary name, made durable, renamed, and only then named in the manifest: a torn write
leaves every earlier folder as it was, and `Manifest.damage` reports what it left behind.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, TypeVar
from uuid import uuid4

from pydantic import Field, ValidationError

from neosort_hardware.config import Section, describe_invalid

MANIFEST = "manifest.jsonl"
NOT_STATED = "not stated"
_UNFINISHED = "unfinished-"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]  # a file of the folder itself, nothing above


class StoreError(Exception):
    """A store cannot be used. The text names file and cause in one sentence."""


class FolderEntry(Section):
    """What a line of any manifest says of one folder."""

    sha256: dict[FileName, Sha256]
    origin: str = Field(description="where it comes from: a generator and its arguments, a recording, a data set")
    licence: str = Field(NOT_STATED, description="under which terms what is in it may be used")

    @property
    def folder(self) -> str:
        """The folder's name in the store."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A folder that is written, durable, and not in the manifest yet; the sha256 of each of its files."""

    folder: Path
    sha256: dict[str, str]

    def discard(self) -> None:
        """It is not wanted any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


_Entry = TypeVar("_Entry", bound=FolderEntry)


class Manifest(Generic[_Entry]):
    """The manifest of one store. One writer at a time."""

    def __init__(self, store: Path, entry: type[_Entry], stem: str) -> None:
        """``entry``: what a line holds; ``stem``: folders are named ``stem``-00000 and so on."""
        self._store, self._entry, self._stem = store, entry, stem
        self.path = store / MANIFEST

    def read(self) -> tuple[list[_Entry], list[str]]:
        """Readable entries, and a sentence for each line that is not."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({error.strerror})") from error
        entries, torn = [], []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                entries.append(self._entry.model_validate_json(line))
            except ValidationError as error:
                torn.append(f"{self.path}: line {number} is torn or foreign ({describe_invalid(error)})")
        return entries, torn

    def append(self, fill: Callable[[Path], None], describe: Callable[[str, dict[str, str]], _Entry]) -> str:
        """Have ``fill`` write a folder, name it in the manifest as ``describe`` (its name, its hashes) says.

        Returns the name. Raises `StoreError`; the store is then as before.
        """
        return self.enter(self.prepare(fill), describe)

    def prepare(self, fill: Callable[[Path], None]) -> Prepared:
        """Have ``fill`` write a folder that `enter` makes part of the store, in any process. Raises `StoreError`."""
        folder = self._store / f"{_UNFINISHED}{uuid4().hex}"
        try:
            folder.mkdir()
            fill(folder)
            hashes = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
            for file in folder.iterdir():
                _make_durable(file)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise StoreError(f"{self._store}: {self._stem} could not be written ({error})") from error
            raise
        return Prepared(folder=folder, sha256=hashes)

    def enter(self, prepared: Prepared, describe: Callable[[str, dict[str, str]], _Entry]) -> str:
        """Name a prepared folder in the manifest; its name. Raises `StoreError`; the store is then as before."""
        try:
            name = self._claim(prepared.folder)
            self._append_line(describe(name, prepared.sha256))
        except OSError as error:
            raise StoreError(f"{self._store}: {self._stem} could not be written ({error})") from error
        return name

    def _claim(self, temporary: Path) -> str:
        """Rename to the first number that no folder bears, listed or left over."""
        numbers = (entry.name.rpartition("-")[2] for entry in self._store.glob(f"{self._stem}-*"))
        name = f"{self._stem}-{max((int(number) for number in numbers if number.isdigit()), default=-1) + 1:05d}"
        temporary.rename(self._store / name)
        _make_durable(self._store)
        return name

    def _append_line(self, entry: _Entry) -> None:
        torn = self.path.exists() and self.path.stat().st_size > 0 and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(("\n" if torn else "") + entry.model_dump_json() + "\n")
            lines.flush()
            os.fsync(lines.fileno())

    def damage(self, entries: Sequence[_Entry]) -> list[str]:
        """Files that are not as they were written, and what unfinished writes left, a sentence each."""
        problems = [text for entry in entries for file in entry.sha256 if (text := self._damaged(entry, file))]
        for folder in self._unlisted(entries):
            problems.append(f"{folder}: left over from a write that did not finish, not named in the manifest")
        return problems

    def _damaged(self, entry: _Entry, file: str) -> str:
        path = self._store / entry.folder / file
        try:
            digest = sha256_of(path)
        except OSError as error:
            return f"{path}: cannot be read ({error.strerror})"
        return "" if digest == entry.sha256[file] else f"{path}: its sha256 is not the one in the manifest"

    def _unlisted(self, entries: Sequence[_Entry]) -> list[Path]:
        listed = {entry.folder for entry in entries}
        return [path for path in sorted(self._store.iterdir()) if path.is_dir() and path.name not in listed]

    def mend(self) -> list[str]:
        """Take away what a write that broke off left behind, and say what; whole folders are never touched.

        That is a torn last line, and folders of our own naming that no line names. A bad line with good ones behind
        it is none of a broken write's doing, and stays for `read` to report. A manifest without a line left is gone.
        """
        done = self._cut_torn_end()
        listed = self.read()[0] if self.path.stat().st_size else []
        for folder in self._unlisted(listed):
            if folder.name.startswith((_UNFINISHED, f"{self._stem}-")):
                shutil.rmtree(folder)
                done.append(f"{folder}: left over from a write that did not finish, taken away")
        if not self.path.stat().st_size:
            self.path.unlink()
        return done

    def _cut_torn_end(self) -> list[str]:
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole == len(data):
            return []
        with self.path.open("r+b") as lines:
            lines.truncate(whole)
            os.fsync(lines.fileno())
        return [f"{self.path}: its torn last line taken away"]


def sha256_of(path: Path) -> str:
    """Digest of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
