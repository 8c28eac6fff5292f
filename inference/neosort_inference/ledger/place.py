"""Where a machine keeps its ledger: one folder for the database, pictures, key, and what is signed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from neosort_inference.ledger.records import LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The files beside a ledger, in ``folder``. The database itself may be elsewhere.

    ``key_file``: the private key that signs, mode 0600; ``public_key_file``: its other half, to be given away.
    ``heads``: the signed head of every lot's chain, a file each, or ``heads_elsewhere``, where copies of them are.
    ``evidence``: pictures, a folder for every lot. ``passports``: what goes with closed lots.
    """

    folder: Path
    heads_elsewhere: Path | None = None

    @property
    def url(self) -> str:
        """The database, where no other is asked for."""
        return f"sqlite:///{self.folder.absolute() / 'ledger.db'}"

    @property
    def key_file(self) -> Path:
        return self.folder / "ledger.key"

    @property
    def public_key_file(self) -> Path:
        return self.folder / "ledger.pub"

    @property
    def heads(self) -> Path:
        return self.heads_elsewhere or self.folder / "heads"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def passports(self) -> Path:
        return self.folder / "passports"

    def passport(self, lot_id: str) -> Path:
        """The passport of a lot; older ones lie beside it."""
        return self.passports / f"{lot_id}.passport.json"

    def picture(self, lot_id: str, sha256: str) -> Path:
        """The file of a picture of that hash."""
        return self.evidence / lot_id / f"{sha256}.jpg"

    def prepare(self) -> None:
        """Make the folders. Raises `LedgerError`."""
        try:
            for folder in (self.folder, self.heads, self.evidence):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"ledger folder {self.folder}: cannot be made ({error.strerror})") from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process of this machine at a time: a commit and the head that speaks of it belong together.

        Raises `LedgerError` where the folder cannot be written.
        """
        try:
            handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LedgerError(f"ledger folder {self.folder}: cannot be written ({error.strerror})") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
