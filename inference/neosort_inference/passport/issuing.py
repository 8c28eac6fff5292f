"""Passports issued: made once, signed, kept beside the ledger; made anew only when somebody asks, the old one kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from neosort_hardware.config import ConfigError
from neosort_inference.balance.composition import Assay, load_composition
from neosort_inference.balance.lot_balance import MODELS_IN_LOT, BalanceInputs, bundle_id
from neosort_inference.balance.trial import load_trial
from neosort_inference.bundle import read_metadata
from neosort_inference.bundle_choice import installed_bundles
from neosort_inference.bundle_metadata import BundleMetadata
from neosort_inference.ledger.heads import keep
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger
from neosort_inference.ledger.records import LedgerError
from neosort_inference.ledger.signing import Signed, Signer
from neosort_inference.passport.document import LotPassport, body_of
from neosort_inference.passport.making import Told, passport_of, told

SUFFIX = ".passport.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What balances stand on, as files; None: what is shipped or installed. ``assay``: of this lot."""

    bundle: Path | None = None
    trial: Path | None = None
    composition: Path | None = None
    assay: Assay | None = None
    makes: float = MODELS_IN_LOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A passport, its signed statement, and the file that it lies in."""

    passport: LotPassport
    signed: Signed
    file: Path


def issue(ledger: Ledger, place: Place, lot_id: str, standing: Standing) -> Issued:
    """Make, sign and keep the passport of a closed lot; one that is there already is kept under another name.

    Raises `LedgerError` for a lot that cannot have one, `ConfigError` for what it should stand on.
    """
    lot = told(ledger, lot_id)
    passport = passport_of(lot, inputs_for(lot, standing))
    signed = Signer(place).sign(body_of(passport))
    file = place.passport(lot_id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            older = len(list(file.parent.glob(f"{lot_id}.*{SUFFIX}"))) + 1
            file.replace(file.with_name(f"{lot_id}.{older}{SUFFIX}"))
        keep(signed, file)
    except OSError as error:
        raise LedgerError(f"lot {lot_id}: its passport cannot be kept in {file.parent} ({error.strerror})") from error
    return Issued(passport=passport, signed=signed, file=file)


def issued(ledger: Ledger, place: Place, lot_id: str) -> Issued:
    """The passport that a lot has; made now, from what is shipped, where it has none yet. Raises `LedgerError`."""
    file = place.passport(lot_id)
    if not file.exists():
        return issue(ledger, place, lot_id, Standing())
    try:
        signed = Signed.from_json(file.read_text(encoding="utf-8"))
        return Issued(passport=LotPassport.model_validate(signed.body), signed=signed, file=file)
    except OSError as error:
        raise LedgerError(f"passport {file}: cannot be read ({error.strerror})") from error
    except (ValueError, ValidationError) as error:
        raise LedgerError(f"passport {file}: is no passport; move it away, and a new one is made") from error


def inputs_for(lot: Told, standing: Standing) -> BalanceInputs:
    """What the balance of a lot stands on: the evaluation of the bundle that decided most of its items.

    Raises `ConfigError` where that bundle is not at hand.
    """
    metadata = _bundle_of(lot, standing.bundle)
    return BalanceInputs(
        bundle=metadata,
        bundle_id=bundle_id(metadata),
        trial=load_trial(standing.trial),
        composition=load_composition(standing.composition),
        assay=standing.assay,
        models_in_lot=standing.makes,
    )


def _bundle_of(lot: Told, given: Path | None) -> BundleMetadata:
    at_hand = [read_metadata(file) for file in (installed_bundles() if given is None else (given,))]
    known = {bundle_id(metadata): metadata for metadata in at_hand}
    said = Counter(decision.bundle_id for decision in lot.decisions)
    if not said:
        return at_hand[0]
    wanted = said.most_common(1)[0][0]
    if wanted not in known:
        raise ConfigError(
            f"lot {lot.lot.lot_id}: was sorted by bundle {wanted}, at hand are {', '.join(known)}; "
            "name its file with --bundle"
        )
    return known[wanted]
