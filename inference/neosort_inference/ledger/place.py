"""Where a machine keeps its ledger: one folder for the database, pictures, key, and what is signed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from neosort_inference.ledger.records import LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The files beside a ledger, in ``folder``. The database itself may be elsewhere.

    ``key_file``: the private key that signs, mode 0600; ``public_key_file``: its other half, to be given away.
    ``heads``: the signed head of every lot's chain, a file each; ``evidence``: pictures, a folder for every lot.
    """

    folder: Path

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
        return self.folder / "heads"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    def picture(self, lot_id: str, sha256: str) -> Path:
        """The file of a picture of that hash."""
        return self.evidence / lot_id / sha256[:2] / f"{sha256}.jpg"

    def prepare(self) -> None:
        """Make the folders. Raises `LedgerError`."""
        try:
            for folder in (self.folder, self.heads, self.evidence):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"ledger folder {self.folder}: cannot be made ({error.strerror})") from error


def state_folder() -> Path:
    """Where this machine keeps what must outlive a run: systemd's ``STATE_DIRECTORY``, or the user's state folder."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "neosort"


def default_place() -> Place:
    """The machine's own."""
    return Place(folder=state_folder() / "ledger")
