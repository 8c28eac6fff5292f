"""Where calibrations are kept: plain files, each written whole or not at all, none ever changed.

``records/ID.json`` the records, ``evidence/SHA256.json`` what they were computed from, ``applied/000001.json`` which
was in force from when on: the highest number counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from neosort_hardware.config import LineConfig
from neosort_inference.calibration.procedure import CalibrationError, Result
from neosort_inference.calibration.record import (
    SHORT,
    Record,
    evidence_hash,
    evidence_text,
    read_record,
    record_of,
    written,
)
from neosort_inference.files import write_whole
from neosort_inference.in_use import way_back

LEAST_PREFIX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """From ``at`` on ``record`` was in force (None: what the line's own file says). ``why``: applied, rolled back, or
    gone back, where the line has left by itself, for that ``reason``, what was in force."""

    number: int
    record: str | None
    by: str
    at: str
    why: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """A file that is not whole, or not what it was, and what is amiss with it."""

    path: Path
    trouble: str


class CalibrationStore:
    """The calibrations of one machine. Raises `CalibrationError` where a file cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def records(self) -> tuple[Record, ...]:
        """Those that are whole, oldest first."""
        return tuple(sorted((found for found in self._read() if isinstance(found, Record)), key=lambda r: r.at))

    def torn(self) -> tuple[Torn, ...]:
        """Those that are not."""
        return tuple(found for found in self._read() if isinstance(found, Torn))

    def record(self, id_or_start: str) -> Record:
        """The record of that id, or of the only one that begins so."""
        start = id_or_start.strip().lower()
        if len(start) < LEAST_PREFIX:
            raise CalibrationError(f"'{id_or_start}': give at least {LEAST_PREFIX} digits of a calibration's id")
        found = sorted(path for path in self._folder("records").glob("*.json") if path.stem.startswith(start))
        if len(found) != 1:
            how = "no calibration" if not found else f"{len(found)} calibrations"
            raise CalibrationError(f"{how} in {self.folder} begin with '{id_or_start}'")
        return read_record(_text(found[0]), str(found[0]))

    def keep(self, record: Record, results: Sequence[Result] = ()) -> Record:
        """Write a record and its evidence; one that is there already stays as it is."""
        for result in results:
            _write(self._folder("evidence") / f"{evidence_hash(result)}.json", evidence_text(result))
        _write(self._folder("records") / f"{record.id}.json", written(record))
        return record

    def make(
        self, config: LineConfig, results: Sequence[Result], *, by: str, at: datetime, note: str = "",
        parameters: dict[str, Any] | None = None,
    ) -> Record:  # fmt: skip
        """Keep what procedures have found as a new record, made from the line as it goes now. It is not applied."""
        parent = self.in_force()
        record = record_of(
            config, results, by=by, at=at, parent=None if parent is None else parent.id, note=note,
            parameters=parameters,
        )  # fmt: skip
        return self.keep(record, results)

    def evidence(self, sha256: str) -> dict[str, Any]:
        """What a result was computed from."""
        path = self._folder("evidence") / f"{sha256}.json"
        return json.loads(_text(path))  # type: ignore[no-any-return]

    def history(self) -> tuple[Applied, ...]:
        """What was in force from when on, oldest first."""
        return tuple(_applied(path) for path in sorted(self._folder("applied").glob("*.json")))

    def in_force(self) -> Record | None:
        """The calibration that the line goes by; None: what its own file says."""
        history = self.history()
        if not history or history[-1].record is None:
            return None
        return self.record(history[-1].record)

    def apply(self, id_or_start: str, config: LineConfig, *, by: str, at: datetime) -> Record:
        """From the next start on the line goes by it. Refused where it does not fit the line."""
        record = self.record(id_or_start)
        record.put_into(config)
        self._enter(record.id, by=by, at=at, why="applied")
        return record

    def roll_back(self, config: LineConfig, *, by: str, at: datetime) -> Record | None:
        """Back to what was in force before; None: to what the line's own file says."""
        stack = self._stack()
        if not stack:
            raise CalibrationError("no calibration is in force: there is nothing to roll back")
        before = None if len(stack) < 2 or stack[-2] is None else self.record(stack[-2])
        if before is not None:
            before.put_into(config)
        self._enter(None if before is None else before.id, by=by, at=at, why="rolled back")
        return before

    def put_into(self, config: LineConfig) -> LineConfig:
        """The line with the calibration that is in force. Raises `CalibrationError` where that does not fit it."""
        record = self.in_force()
        return config if record is None else record.put_into(config)

    def export(self, id_or_start: str, path: Path) -> Record:
        """Write a record as one file to take elsewhere; never over another."""
        record = self.record(id_or_start)
        if path.exists():
            raise CalibrationError(f"{path}: exists already, and is not overwritten")
        _write(path, written(record))
        return record

    def import_file(self, path: Path) -> Record:
        """Take in a record from a file. It is not applied."""
        return self.keep(read_record(_text(path), str(path)))

    def undo(self, *, by: str, at: datetime, reason: str) -> None:
        """The line has left by itself what is in force: what was so before the newest change is in force again."""
        earlier = self.history()[:-1]
        self._enter(earlier[-1].record if earlier else None, by=by, at=at, why="gone back", reason=reason)

    def _stack(self) -> list[str | None]:
        """What rolling back goes through, the one in force last."""
        return [entry.record for entry in way_back(self.history())]

    def _enter(self, record: str | None, *, by: str, at: datetime, why: str, reason: str = "") -> None:
        history = self.history()
        number = 1 + (history[-1].number if history else 0)
        at_s = at.isoformat(timespec="seconds")
        entry = Applied(number=number, record=record, by=by, at=at_s, why=why, reason=reason)
        _write(self._folder("applied") / f"{number:06d}.json", json.dumps(asdict(entry), indent=2) + "\n", new=True)

    def _read(self) -> list[Record | Torn]:
        found: list[Record | Torn] = []
        for path in sorted(self._folder("records").glob("*.json")):
            try:
                record = read_record(_text(path), str(path))
                if record.id != path.stem:
                    raise CalibrationError(
                        f"{path}: holds calibration {record.id[:SHORT]}, not the one it is named after"
                    )
                found.append(record)
            except CalibrationError as error:
                found.append(Torn(path=path, trouble=str(error)))
        return found

    def _folder(self, name: str) -> Path:
        return self.folder / name


def _applied(path: Path) -> Applied:
    try:
        return Applied(**json.loads(_text(path)))
    except (ValueError, TypeError) as error:
        raise CalibrationError(
            f"{path}: torn; remove it to go by the calibration applied before, or apply one anew"
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: cannot be read ({error})") from error


def _write(path: Path, text: str, *, new: bool = False) -> None:
    """Whole or not at all, and on the disk when this returns. ``new``: refused when somebody else was quicker."""
    try:
        write_whole(path, text.encode(), new=new)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be written ({error.strerror})") from error
