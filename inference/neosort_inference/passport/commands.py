"""What `neosort lot passport | export | verify | weigh` do. Brings the database with it: loaded when one is called."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import typer

from neosort_hardware.config import ConfigError
from neosort_inference.balance.composition import load_assay
from neosort_inference.balance.weighing import WEIGHED_WORDS, Weighing
from neosort_inference.bundle import BundleError
from neosort_inference.ledger.asking import Opened, opened, person
from neosort_inference.ledger.lots import note
from neosort_inference.ledger.records import LedgerError
from neosort_inference.ledger.signing import read_public_key
from neosort_inference.passport import words
from neosort_inference.passport.checking import check_passport, lot_message
from neosort_inference.passport.cli import Form
from neosort_inference.passport.epcis import Shipment
from neosort_inference.passport.exporting import Traceability, export_lot
from neosort_inference.passport.gs1 import load_gs1
from neosort_inference.passport.issuing import Standing, issue
from neosort_inference.state import State, state_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A ledger as asked for on the command line, and the machine's state folder; None: the usual."""

    ledger: str | None
    state: Path | None

    def opened(self) -> AbstractContextManager[Opened]:
        """The ledger. Raises `LedgerError` where there is none."""
        return opened(self.ledger, State(folder=state_folder(self.state)).ledger)


def issue_at_closing(one: Opened, lot: str) -> None:
    """Issue the passport of a lot that has just been closed. What keeps it from having one is said, and can be mended:
    the lot is closed all the same, and `neosort lot passport` issues it later."""
    try:
        made = issue(one.ledger, one.place, lot, Standing())
    except (ConfigError, LedgerError, BundleError) as error:
        typer.echo(f"no passport yet: {error}")
    else:
        typer.echo(f"passport: {made.file}")


def issue_passport(lot: str, standing: Standing, assay: Path | None, where: Where) -> None:
    """Issue a lot's passport and say what it says."""
    standing = replace(standing, assay=None if assay is None else load_assay(assay))
    with where.opened() as one:
        made = issue(one.ledger, one.place, lot, standing)
    for name, text in words.summary(made.passport):
        typer.echo(f"{name:<32}{text}")
    typer.echo(f"{'passport':<32}{made.file}")


def export(lot: str, form: Form, out: Path | None, trace: Traceability, where: Where) -> None:
    """Write a lot into a file and say which."""
    file = out or Path(f"{lot}{form.suffix}")
    with where.opened() as one:
        export_lot(one.ledger, one.place, lot, form, file=file, trace=trace)
    typer.echo(f"{form.value}: {file}")


def verify(file: Path, key: Path | None, where: Where | None, message: Path | None = None) -> bool:
    """Say what is wrong with a passport, or what it says; whether all is well."""
    trusted = None if key is None else read_public_key(key)
    told = None if message is None else lot_message(message)
    if where is None:
        found = check_passport(file, trusted, message=told)
    else:
        with where.opened() as one:
            found = check_passport(file, trusted, one.ledger, told)
    for fault in found.faults:
        typer.echo(f"WRONG: {fault}")
    if found.faults or found.passport is None:
        return False
    whose = "the trusted key" if found.known_key else f"key {found.public_key}, which nobody has vouched for here"
    typer.echo(f"good: lot {found.passport.lot.lot_id}, signed by {whose}")
    for name, text in words.summary(found.passport):
        typer.echo(f"{name:<32}{text}")
    return True


def weigh(lot: str, weighing: Weighing, by: str, where: Where) -> None:
    """Put a weighing into an open lot's chain."""
    with where.opened() as one:
        note(one.ledger.database, one.place, lot_id=lot, event="weighed", by=person(by), detail=asdict(weighing))
    typer.echo(f"{WEIGHED_WORDS[weighing.what]}: {weighing.mass_kg:,.2f} kg")


def traceability(gs1: Path | None, shipped: str | None, buyer_gln: str | None) -> Traceability:
    """What EPCIS needs, as a person has given it; no shipment without a moment. Raises `ConfigError`."""
    shipment = None if shipped is None else Shipment(at=_moment(shipped), buyer_gln=buyer_gln)
    return Traceability(gs1=None if gs1 is None else load_gs1(gs1), shipment=shipment)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--shipped {text}: no moment in ISO 8601, like 2026-03-03T12:00+01:00") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
