"""Where this machine keeps what must outlive a run, and what lies where in it. Nothing is made before it is needed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def state_folder(given: Path | None = None) -> Path:
    """The folder asked for; left out: systemd's ``STATE_DIRECTORY``, or the user's state folder."""
    if given is not None:
        return given.absolute()
    if named := os.environ.get("STATE_DIRECTORY"):
        return Path(named.partition(":")[0]).absolute()
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home).absolute() / "neosort"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Names of files in the ``folder``."""

    folder: Path

    @property
    def accounts(self) -> Path:
        return self.folder / "accounts.sqlite"

    @property
    def trail(self) -> Path:
        return self.folder / "audit.jsonl"

    @property
    def recipes(self) -> Path:
        return self.folder / "recipes"

    @property
    def bundles(self) -> Path:
        return self.folder / "bundles"

    @property
    def calibrations(self) -> Path:
        return self.folder / "calibrations"

    @property
    def ledger(self) -> Path:
        """Database, pictures, key and signed heads, see `ledger.place`."""
        return self.folder / "ledger"

    @property
    def fleet(self) -> Path:
        """What the plant's broker does not have yet, see `fleet.outbox`."""
        return self.folder / "fleet"

    @property
    def review(self) -> Path:
        return self.folder / "review"

    @property
    def procedure(self) -> Path:
        """Pictures and plots of the procedure that goes on, or went on last."""
        return self.calibrations / "procedure"
