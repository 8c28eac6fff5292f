"""Is a passport what it says it is? Its form, its signature, whose key that is, and the ledger where it is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from neosort_hardware.section import describe_invalid
from neosort_inference.fleet.messages import LotMessage, MessageError, read_message
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


def check_passport(
    file: Path, trusted: str | None = None, ledger: Ledger | None = None, message: LotMessage | None = None
) -> Checked:
    """Check a passport's file against a ``trusted`` public key (hexadecimal), a ledger that holds the lot, and the
    ``message`` by which the line has told of it.

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
    if passport is not None and message is not None:
        faults += _against_message(passport, signed, message)
    return Checked(
        passport=passport, public_key=signed.public_key, known_key=trusted == signed.public_key, faults=tuple(faults)
    )


def lot_message(file: Path) -> LotMessage:
    """A lot's message as it came from the broker, out of a file. Raises `LedgerError`."""
    try:
        found = read_message("lot", file.read_bytes())
    except OSError as error:
        raise LedgerError(f"message {file}: cannot be read ({error.strerror})") from error
    except MessageError as error:
        raise LedgerError(f"message {file}: {error}") from error
    assert isinstance(found, LotMessage)
    return found


def _against_message(passport: LotPassport, signed: Signed, message: LotMessage) -> list[str]:
    if passport.lot.lot_id != message.lot:
        return [f"the message is about lot {message.lot}, the passport about {passport.lot.lot_id}"]
    if message.passport is None:
        return ["the message was told without a passport: it vouches for none"]
    faults = []
    if message.passport.sha256 != signed.sha256:
        told = f"{message.passport.sha256[:16]}… issued {message.passport.issued:%Y-%m-%d %H:%M} UTC"
        faults.append(f"the line told of a passport {told}, this one is {signed.sha256[:16]}…")
    if (message.passport.public_key, message.passport.signature) != (signed.public_key, signed.signature):
        faults.append("the line told of another signature")
    if message.head_hash != passport.chain.head_sha256:
        faults.append("the line told of another end of the lot's chain")
    return faults


def _against(passport: LotPassport, ledger: Ledger) -> list[str]:
    try:
        lot = ledger.lot(passport.lot.lot_id)
    except LedgerError as error:
        return [str(error)]
    said, held = (passport.chain.records, passport.chain.head_sha256), (lot.records, lot.head_hash)
    if said != held:
        return [f"the ledger's chain ends with record {held[0]:,} {held[1][:16]}…, not {said[0]:,} {said[1][:16]}…"]
    return []
