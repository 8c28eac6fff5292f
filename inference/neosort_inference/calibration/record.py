"""A calibration as a record: what the constants are, who measured them, when, and from which data; never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from neosort_hardware.config import LineConfig
from neosort_inference.calibration.constants import constants_of, fit_of, must_fit, with_constants
from neosort_inference.calibration.procedure import CalibrationError, Result

SCHEMA = 1
SHORT = 12  # digits of an id that people read


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``body``: everything that the record says, ready for JSON; ``id``: SHA-256 of it in its canonical form.

    The body's keys: ``schema``, ``fits`` (what it is made for), ``constants`` (all of them), ``by``, ``at`` (UTC, ISO
    8601), ``note``, ``parent`` (the record in force when it was made, or null), ``measured`` (what each procedure
    found, with the hash of its evidence).
    """

    id: str
    body: Mapping[str, Any]

    @property
    def constants(self) -> Mapping[str, Any]:
        return self.body["constants"]  # type: ignore[no-any-return]

    @property
    def by(self) -> str:
        return str(self.body["by"])

    @property
    def at(self) -> str:
        return str(self.body["at"])

    @property
    def note(self) -> str:
        return str(self.body["note"])

    @property
    def parent(self) -> str | None:
        return self.body["parent"]  # type: ignore[no-any-return]

    @property
    def measured(self) -> Sequence[Mapping[str, Any]]:
        return self.body["measured"]  # type: ignore[no-any-return]

    def put_into(self, config: LineConfig) -> LineConfig:
        """The line with this calibration. Raises `CalibrationError` where it is made for another one."""
        try:
            must_fit(self.body["fits"], config)
            return with_constants(config, self.constants)
        except CalibrationError as error:
            raise CalibrationError(f"calibration {self.id[:SHORT]}: {error}") from None


def record_of(
    config: LineConfig,
    results: Sequence[Result],
    *,
    by: str,
    at: datetime,
    parent: str | None,
    note: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> Record:
    """The line's constants with what procedures have found put in. ``config``: the line as it goes now.

    Raises `CalibrationError` for a result that has not passed, and where the changes are not to be had.
    """
    failed = [result.procedure for result in results if not result.passed]
    if failed:
        raise CalibrationError(f"{failed[0]} has not passed: nothing of it is kept")
    changes = {place: value for result in results for place, value in result.changes.items()}
    if changes:  # what only confirms the constants does not make them anew
        changes["calibration.made_on"] = at.date().isoformat()
    new = with_constants(config, changes)
    body = {
        "schema": SCHEMA,
        "fits": fit_of(config),
        "constants": constants_of(new),
        "by": by,
        "at": at.isoformat(timespec="seconds"),
        "note": note,
        "parent": parent,
        "measured": [_measured(result, parameters or {}) for result in results],
    }
    return sealed(body)


def sealed(body: Mapping[str, Any]) -> Record:
    """A record of that body."""
    text = canonical(body)
    return Record(id=hashlib.sha256(text.encode()).hexdigest(), body=json.loads(text))


def read_record(text: str, where: str) -> Record:
    """A record from its file's text. Raises `CalibrationError` for what is torn, changed, or of another schema."""
    try:
        whole = json.loads(text)
        record = sealed(dict(whole["body"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CalibrationError(f"{where}: no whole calibration record ({type(error).__name__})") from error
    if record.id != whole.get("id"):
        raise CalibrationError(f"{where}: changed since it was written (its contents are {record.id[:SHORT]})")
    if record.body.get("schema") != SCHEMA:
        raise CalibrationError(f"{where}: schema {record.body.get('schema')}, this program reads {SCHEMA}")
    missing = {"fits", "constants", "by", "at", "note", "parent", "measured"} - set(record.body)
    if missing:
        raise CalibrationError(f"{where}: lacks {', '.join(sorted(missing))}")
    return record


def written(record: Record) -> str:
    """The text of its file."""
    return json.dumps({"id": record.id, "body": record.body}, indent=2, ensure_ascii=False) + "\n"


def canonical(value: Mapping[str, Any]) -> str:
    """JSON that is the same for the same contents: sorted keys, no spaces, shortest numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def evidence_text(result: Result) -> str:
    """What a result was computed from, in its canonical form."""
    return canonical({"procedure": result.procedure, **result.evidence})


def evidence_hash(result: Result) -> str:
    """SHA-256 of it."""
    return hashlib.sha256(evidence_text(result).encode()).hexdigest()


def _measured(result: Result, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "procedure": result.procedure,
        "parameters": dict(parameters),
        "quantities": [asdict(quantity) | {"passed": quantity.passed} for quantity in result.quantities],
        "notes": list(result.notes),
        "evidence_sha256": evidence_hash(result),
    }
