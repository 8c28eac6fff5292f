"""Which kept recipe or bundle a line goes by, from when on, and the way back: one small file a change, never changed.

Read at the start of a run, so it costs no library.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from neosort_hardware.section import ConfigError
from neosort_inference.files import write_whole

FOLDER = "in-use"
Why = Literal["activated", "rolled back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """From ``at`` (UTC) on ``version`` was gone by, which lies in ``file`` (absolute); None: what the program brings
    along, or was started with."""

    number: int
    version: str | None
    file: str | None
    by: str
    at: str
    why: Why


class InUse:
    """The changes of one kind, in ``folder``. Raises `ConfigError` where a file of it cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def history(self) -> tuple[Use, ...]:
        """Every change, oldest first."""
        return tuple(_use(path) for path in sorted(self._folder.glob("*.json")))

    def now(self) -> Use | None:
        """The newest change; None while there was none."""
        paths = sorted(self._folder.glob("*.json"))
        return _use(paths[-1]) if paths else None

    def file(self) -> Path | None:
        """What the line is to be started with; None: what the program brings along."""
        now = self.now()
        return None if now is None or now.file is None else Path(now.file)

    def before(self) -> Use | None:
        """What rolling back goes to, as it was first gone by; None: what the program brings along.

        Raises `LookupError` where there is nothing to go back from.
        """
        stack: list[Use] = []
        for use in self.history():
            if use.why == "rolled back" and stack:
                stack.pop()
            else:
                stack.append(use)
        if not stack:
            raise LookupError("nothing was activated: there is nothing to roll back")
        return stack[-2] if len(stack) > 1 else None

    def enter(self, version: str | None, file: Path | None, by: str, why: Why) -> Use:
        """From now on it is gone by."""
        now = self.now()
        use = Use(
            number=1 if now is None else now.number + 1,
            version=version,
            file=None if file is None else str(file),
            by=by,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            why=why,
        )
        path = self._folder / f"{use.number:06d}.json"
        try:
            write_whole(path, (json.dumps(asdict(use), indent=2) + "\n").encode(), new=True)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
        return use


def _use(path: Path) -> Use:
    try:
        return Use(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); take it away to go by the change before") from error
