"""Which kept recipe or bundle a line goes by, from when on, and the way back: one small file a change, never changed.

Read at the start of a run, so it costs no library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from neosort_hardware.section import ConfigError
from neosort_inference.files import write_whole

FOLDER = "in-use"
Why = Literal["activated", "rolled back", "gone back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """From ``at`` (UTC) on ``version`` was gone by, which lies in ``file`` (absolute); None: what the program brings
    along, or was started with. ``reason``: why the line has gone back by itself."""

    number: int
    version: str | None
    file: str | None
    by: str
    at: str
    why: Why
    reason: str = ""


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
        stack = way_back(self.history())
        if not stack:
            raise LookupError("nothing was activated: there is nothing to roll back")
        return stack[-2] if len(stack) > 1 else None

    def undo(self, by: str, reason: str) -> Use:
        """The line has left it by itself: what was gone by before the newest change is gone by again."""
        earlier = self.history()[:-1]
        if not earlier:
            return self.enter(None, None, by, "gone back", reason)
        version, file = earlier[-1].version, earlier[-1].file
        return self.enter(version, None if file is None else Path(file), by, "gone back", reason)

    def enter(self, version: str | None, file: Path | None, by: str, why: Why, reason: str = "") -> Use:
        """From now on it is gone by."""
        now = self.now()
        use = Use(
            number=1 if now is None else now.number + 1,
            version=version,
            file=None if file is None else str(file),
            by=by,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            why=why,
            reason=reason,
        )
        path = self._folder / f"{use.number:06d}.json"
        try:
            write_whole(path, (json.dumps(asdict(use), indent=2) + "\n").encode(), new=True)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
        return use


class _Change(Protocol):
    @property
    def why(self) -> str: ...


_Changed = TypeVar("_Changed", bound=_Change)


def way_back(history: Iterable[_Changed]) -> list[_Changed]:
    """What rolling back goes through, what is gone by now last. Going back undoes the change before, of either kind."""
    stacks: list[list[_Changed]] = [[]]
    for change in history:
        if change.why == "gone back" and len(stacks) > 1:
            stacks.pop()
        elif change.why == "rolled back" and stacks[-1]:
            stacks.append(stacks[-1][:-1])
        else:
            stacks.append([*stacks[-1], change])
    return stacks[-1]


def _use(path: Path) -> Use:
    try:
        return Use(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); take it away to go by the change before") from error
