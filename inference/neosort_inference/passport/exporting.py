"""A lot in the forms that it is given away in, each into one file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from neosort_hardware.config import ConfigError
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger
from neosort_inference.opening import must_take_files
from neosort_inference.passport.cli import Form
from neosort_inference.passport.epcis import Shipment, epcis_document
from neosort_inference.passport.gs1 import Gs1
from neosort_inference.passport.issuing import Issued, issued
from neosort_inference.passport.making import told
from neosort_inference.passport.page import pictures_of, render_page
from neosort_inference.passport.paper import write_pdf
from neosort_inference.passport.tables import write_csv, write_parquet


@dataclass(frozen=True, slots=True, kw_only=True)
class Traceability:
    """What EPCIS needs beside the lot: the plant's identifiers, and the shipment where there was one."""

    gs1: Gs1 | None = None
    shipment: Shipment | None = None


def export_lot(
    ledger: Ledger, place: Place, lot_id: str, form: Form, *, file: Path, trace: Traceability | None = None
) -> Issued:
    """Write a closed lot into ``file``. Its passport is issued where it has none yet.

    Raises `LedgerError`, and `ConfigError` for a file that cannot be written or a library that is not installed.
    """
    must_take_files("--out", file.absolute().parent)
    found = issued(ledger, place, lot_id)
    try:
        _write(ledger, place, found, form, file=file, trace=trace or Traceability())
    except OSError as error:
        raise ConfigError(f"--out {file}: cannot be written ({error.strerror})") from error
    return found


def _write(ledger: Ledger, place: Place, found: Issued, form: Form, *, file: Path, trace: Traceability) -> None:
    passport, signed = found.passport, found.signed
    match form:
        case Form.JSON:
            file.write_text(signed.to_json(), encoding="utf-8")
        case Form.HTML:
            page = render_page(passport, pictures_of(passport, place), signed.public_key, signed.signature)
            file.write_text(page, encoding="utf-8")
        case Form.PDF:
            write_pdf(passport, pictures_of(passport, place), signed.public_key, signed.signature, file)
        case Form.CSV:
            write_csv(told(ledger, passport.lot.lot_id), file)
        case Form.PARQUET:
            write_parquet(told(ledger, passport.lot.lot_id), passport, file)
        case Form.EPCIS:
            if trace.gs1 is None:
                raise ConfigError("EPCIS needs the plant's GS1 identifiers: give them with --gs1 FILE")
            document = epcis_document(passport, trace.gs1, trace.shipment)
            file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
