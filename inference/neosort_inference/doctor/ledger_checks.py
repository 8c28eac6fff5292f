"""The ledger and the key that signs it: reached, under its head, written when, and how much room is left to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neosort_hardware.config import ConfigError
from neosort_inference.doctor.finding import Finding, fault, warning, well
from neosort_inference.ledger.beginning import OFF, ledger_url
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.records import LedgerError

if TYPE_CHECKING:
    from neosort_inference.ledger.asking import Opened
    from neosort_inference.ledger.records import Lot

GB, MB = 1e9, 1e6
NEARLY = 0.9  # of what pictures may take
SKEW = timedelta(seconds=5)  # that another machine's clock may be off
_KEY_REMEDY = "put the key back from where it is kept; with another one, closed lots count as signed by a stranger"


def examine_ledger(asked: str | None, folder: Path, line: str) -> list[Finding]:
    """What a run would write its lots to. ``asked``: as ``--ledger`` says, its files in ``folder``."""
    if asked == OFF:
        return [well("ledger", "off: no lot is kept")]
    return [*_database(asked, Place(folder=folder), line), signing_key(Place(folder=folder))]


def _database(asked: str | None, place: Place, line: str) -> Iterator[Finding]:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (it takes half a second)

    from neosort_inference.ledger.asking import figures, opened  # noqa: PLC0415
    from neosort_inference.ledger.database import cause_of  # noqa: PLC0415

    do = "the line sorts on and holds 50,000 happenings; bring it back before these are full"
    try:
        if (missing := _missing_file(ledger_url(asked, place.folder))) is not None:
            yield well("ledger", f"none yet; the first run makes it: {missing}")
            return
        with opened(asked, place.folder) as one:
            lot = _newest_lot(one, line)
            yield reached(one.ledger.database.name, lot, _written(one, lot), datetime.now(UTC))
            yield _head(one, lot)
            yield room(figures(one) if place.folder.exists() else {})
    except (LedgerError, ConfigError) as error:
        yield warning("ledger", str(error), do)
    except SQLAlchemyError as error:
        yield warning("ledger", f"cannot be read ({cause_of(error)})", do)


def _missing_file(url: str) -> Path | None:
    file = Path(url.removeprefix("sqlite:///"))
    return file if url.startswith("sqlite:///") and not file.exists() else None


def _newest_lot(one: Opened, line: str) -> Lot | None:
    return next((lot for lot in reversed(one.ledger.lots(line)) if not lot.dropped), None)


def _written(one: Opened, lot: Lot | None) -> datetime | None:
    from neosort_inference.ledger.reading import last_written  # noqa: PLC0415

    if lot is None:
        return None
    with one.ledger.database.reading() as connection:
        return last_written(connection, lot.lot_id)


def reached(name: str, lot: Lot | None, written: datetime | None, now: datetime) -> Finding:
    """That it answers, which lot of the line is the newest, and how old its last record is."""
    if lot is None or written is None:
        return well("ledger", f"{name}: answers, no lot of this line yet")
    if written > now + SKEW:
        said = f"{name}: its last record is from {written:%Y-%m-%d %H:%M} UTC, which is yet to come"
        return warning("ledger", said, "set the wall clock")
    state = "open" if lot.open else "closed"
    return well("ledger", f"{name}: lot {lot.lot_id}, {state}, {lot.records:,} records, last {_age(now - written)} ago")


def _head(one: Opened, lot: Lot | None) -> Finding:
    """Whether the newest lot bears its signed head out. One look, not the whole chain: that is `ledger verify`."""
    from neosort_inference.ledger.heads import head_file, read_head  # noqa: PLC0415
    from neosort_inference.ledger.reading import hash_at  # noqa: PLC0415

    if lot is None:
        return well("chain head", "none yet")
    do = "see what: neosort ledger verify; keep database and heads as they are"
    file = head_file(one.place, lot.lot_id)
    try:
        head = read_head(file)
    except (ValueError, OSError) as error:
        return fault("chain head", f"{file} cannot be read ({error})", do)
    if head is None:
        return fault("chain head", f"{file} is missing: nothing says where the records of {lot.lot_id} end", do)
    if not head.valid():
        return fault("chain head", f"{file} is not rightly signed", do)
    signed = int(head.body["records"])
    with one.ledger.database.reading() as connection:
        there = hash_at(connection, lot.lot_id, signed) if signed else head.body["hash"]
    if there != head.body["hash"]:
        return fault("chain head", f"of lot {lot.lot_id}: record {signed:,} is not the one that was signed", do)
    return well("chain head", f"{str(there)[:16]}…, signed {head.body['signed'][:19]}Z over {signed:,} records")


def room(told: Mapping[str, Any]) -> Finding:
    """How much there is, how much pictures may take, and what the disk still holds."""
    if not told:
        return well("ledger room", "nothing is kept on this machine yet")
    limits, free = told["limits"], told["free_bytes"]
    most, pictures = limits["evidence_bytes"], told["picture_bytes"]
    said = (
        f"records {told['database_bytes'] / MB:,.1f} MB; pictures {pictures / GB:,.2f} of {most / GB:g} GB; "
        f"{free / GB:,.1f} GB of the disk left, {limits['reserve_bytes'] / GB:g} of them to the records alone"
    )
    if free < limits["reserve_bytes"]:
        return warning("ledger room", said, "no picture is kept any more, and soon no record: make room on that disk")
    if free - limits["reserve_bytes"] < most - pictures:
        return warning("ledger room", said, "the disk ends before the limit: lower evidence_gb in ledger.toml")
    if pictures > NEARLY * most:
        return well("ledger room", f"{said}; the oldest pictures go")
    return well("ledger room", said)


def signing_key(place: Place) -> Finding:
    """The key of this machine, nobody else's to read, and its public half beside it."""
    from neosort_inference.ledger.signing import own_public_key, read_public_key  # noqa: PLC0415

    try:
        own = own_public_key(place)
    except LedgerError as error:
        return fault("signing key", str(error), "nothing is written without it: mend that, or bring the key back")
    if own is None and not place.public_key_file.exists():
        return well("signing key", f"none yet; the first run makes it: {place.key_file}")
    if own is None:
        return fault("signing key", f"{place.key_file} is gone, and {place.public_key_file} is there", _KEY_REMEDY)
    try:
        given_away = read_public_key(place.public_key_file)
    except LedgerError as error:
        return warning("signing key", str(error), "the next run writes it anew")
    if given_away != own:
        return fault("signing key", f"{place.public_key_file} is not that of {place.key_file}", _KEY_REMEDY)
    return well("signing key", f"Ed25519 {own[:16]}…, mode 0600; give {place.public_key_file} to buyers")


def _age(age: timedelta) -> str:
    seconds = max(0.0, age.total_seconds())
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"
