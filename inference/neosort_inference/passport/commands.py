"""What `neosort lot passport | export | verify | weigh` do. Brings the database with it: loaded when one is called."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer

from neosort_hardware.config import ConfigError
from neosort_inference.balance.weighing import WEIGHED_WORDS, Weighing
from neosort_inference.ledger.lots import note
from neosort_inference.ledger.place import Place, default_place
from neosort_inference.ledger.reading import open_ledger
from neosort_inference.ledger.signing import read_public_key
from neosort_inference.passport import words
from neosort_inference.passport.checking import check_passport
from neosort_inference.passport.cli import Form
from neosort_inference.passport.document import LotPassport
from neosort_inference.passport.epcis import Shipment
from neosort_inference.passport.exporting import Traceability, export_lot
from neosort_inference.passport.issuing import Standing, issue


def issue_passport(lot: str, standing: Standing, folder: Path | None, url: str | None) -> None:
    """Issue a lot's passport and say what it says."""
    place = place_at(folder)
    with open_ledger(url or place.url) as opened:
        made = issue(opened, place, lot, standing)
    for name, text in summary(made.passport):
        typer.echo(f"{name:<24}{text}")
    typer.echo(f"{'passport':<24}{made.file}")


def export(
    lot: str, form: Form, out: Path | None, trace: Traceability, *, folder: Path | None, url: str | None
) -> None:
    """Write a lot into a file and say which."""
    place = place_at(folder)
    file = out or Path(f"{lot}{form.suffix}")
    with open_ledger(url or place.url) as opened:
        export_lot(opened, place, lot, form, file=file, trace=trace)
    typer.echo(f"{form.value}: {file}")


def verify(file: Path, key: Path | None, url: str | None) -> bool:
    """Say what is wrong with a passport, or what it says; whether all is well."""
    trusted = None if key is None else read_public_key(key)
    if url is None:
        found = check_passport(file, trusted)
    else:
        with open_ledger(url) as opened:
            found = check_passport(file, trusted, opened)
    for fault in found.faults:
        typer.echo(f"WRONG: {fault}")
    if found.faults or found.passport is None:
        return False
    whose = "the trusted key" if found.known_key else f"key {found.public_key}, which nobody has vouched for here"
    typer.echo(f"good: lot {found.passport.lot.lot_id}, signed by {whose}")
    for name, text in summary(found.passport):
        typer.echo(f"{name:<24}{text}")
    return True


def weigh(lot: str, weighing: Weighing, by: str, folder: Path | None, url: str | None) -> None:
    """Put a weighing into an open lot's chain."""
    place = place_at(folder)
    with open_ledger(url or place.url) as opened:
        note(opened.database, lot_id=lot, event="weighed", by=by or getpass.getuser(), detail=asdict(weighing))
    typer.echo(f"{WEIGHED_WORDS[weighing.what]}: {weighing.mass_kg:,.2f} kg")


def shipment(at: str | None, buyer_gln: str | None) -> Shipment | None:
    """A shipment as a person has given it; none without a moment. Raises `ConfigError`."""
    return None if at is None else Shipment(at=_moment(at), buyer_gln=buyer_gln)


def place_at(folder: Path | None) -> Place:
    """The ledger's folder asked for, or the machine's own."""
    return default_place() if folder is None else Place(folder=folder)


def summary(made: LotPassport) -> list[tuple[str, str]]:
    """The figures that matter, in words."""
    balance = made.balance
    return [
        ("NdFeB in the product", words.mass_range(balance.product_g)),
        ("NdFeB in the rest", words.mass_range(balance.rest_g)),
        ("recovery", words.share_range(balance.recovery)),
        ("rare-earth oxides", f"{words.mass_range(balance.oxides_g)} in the product"),
        *((row[0], f"gap {row[3]}, {row[4]}") for row in words.gap_rows(made)),
    ]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--shipped {text}: no moment in ISO 8601, like 2026-03-03T12:00+01:00") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
