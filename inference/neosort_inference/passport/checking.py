"""Is a passport what it says it is? Its form, its signature, whose key that is, and the ledger where it is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from neosort_hardware.section import describe_invalid
from neosort_inference.ledger.reading import Ledger
from neosort_inference.ledger.records import LedgerError
from neosort_inference.ledger.signing import Signed
from neosort_inference.passport.document import LotPassport


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """``faults``: one sentence each, none where all is well. ``known_key``: it is by the trusted key."""

    passport: LotPassport | None
    public_key: str
    known_key: bool
    faults: tuple[str, ...]


def check_passport(file: Path, trusted: str | None = None, ledger: Ledger | None = None) -> Checked:
    """Check a passport's file against a ``trusted`` public key (hexadecimal), and a ledger that holds the lot.

    Raises `LedgerError` where the file cannot be read or is no signed statement at all.
    """
    try:
        signed = Signed.from_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise LedgerError(f"passport {file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise LedgerError(f"passport {file}: is no passport ({error})") from error
    faults = []
    if not signed.valid():
        faults.append("the signature is wrong: something in it was changed, or the signature itself")
    if trusted is not None and signed.public_key != trusted:
        faults.append(f"signed by key {signed.public_key[:16]}…, not by the trusted one {trusted[:16]}…")
    passport = None
    try:
        passport = LotPassport.model_validate(signed.body)
    except ValidationError as error:
        faults.append(f"not of the published form: {describe_invalid(error)}")
    if passport is not None and ledger is not None:
        faults += _against(passport, ledger)
    return Checked(
        passport=passport, public_key=signed.public_key, known_key=trusted == signed.public_key, faults=tuple(faults)
    )


def _against(passport: LotPassport, ledger: Ledger) -> list[str]:
    try:
        lot = ledger.lot(passport.lot.lot_id)
    except LedgerError as error:
        return [str(error)]
    said, held = (passport.chain.records, passport.chain.head_sha256), (lot.records, lot.head_hash)
    if said != held:
        return [f"the ledger's chain ends with record {held[0]:,} {held[1][:16]}…, not {said[0]:,} {said[1][:16]}…"]
    return []
