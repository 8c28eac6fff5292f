"""What goes with a lot: weighings while it is open; passport, reports and events once it is closed. What makes them is
loaded when one is asked for."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from neosort_inference.access.actor import Actor
from neosort_inference.access.role import Role
from neosort_inference.access.serving import Serving
from neosort_inference.asking.orders import RefusedError
from neosort_inference.balance.composition import Assay
from neosort_inference.balance.lot_balance import MODELS_IN_LOT
from neosort_inference.balance.weighing import Weighing
from neosort_inference.ledger.place import Place
from neosort_inference.passport.cli import Form
from neosort_inference.services.jobs import Job, Jobs
from neosort_inference.services.ledgers import ledger_with

if TYPE_CHECKING:
    from neosort_inference.passport.checking import Checked
    from neosort_inference.passport.document import LotPassport, Weighed
    from neosort_inference.passport.exporting import Traceability


class Passports:
    """Of the lots of one line's ledger. Raises `RefusedError` for a lot that there is none of, `LedgerError` and
    `ConfigError` for what cannot be made of one."""

    def __init__(self, serving: Serving, jobs: Jobs) -> None:
        self._serving = serving
        self._jobs = jobs
        self._one_at_a_time = threading.Lock()  # drawing and reading a whole lot is work for a core

    def weigh(self, actor: Actor, lot_id: str, weighing: Weighing) -> Weighed:
        """Put a weighing into the chain of a lot that is open."""
        from neosort_inference.ledger.lots import note  # noqa: PLC0415

        actor.must(Role.OPERATOR)
        detail = asdict(weighing)
        with ledger_with(self._serving, lot_id) as (one, _):
            note(one.ledger.database, one.place, lot_id=lot_id, event="weighed", by=actor.name, detail=detail)
        actor.note("lot.weigh", lot_id, new=detail)
        return self.weighings(lot_id)[-1]

    def weighings(self, lot_id: str) -> list[Weighed]:
        """What of it was weighed, in that order; of each kind the last one counts."""
        from neosort_inference.passport.making import weighings  # noqa: PLC0415

        with ledger_with(self._serving, lot_id) as (one, lot):
            return weighings(lot, one.ledger.events(lot_id))

    def issue(self, actor: Actor, lot_id: str, *, assay: Assay | None = None, makes: float = MODELS_IN_LOT) -> Job:
        """Have the passport of a closed lot made and signed; a job, whose result are the figures that matter. One that
        is there already is kept under another name."""
        actor.must(Role.OPERATOR)
        with ledger_with(self._serving, lot_id) as (_, lot):
            if lot.open:
                raise RefusedError("not now", f"lot {lot_id} is open, and has no passport before it is closed")
        job = self._jobs.start(f"passport of lot {lot_id}", actor.name, lambda _: self._made(lot_id, assay, makes))
        new: JsonValue = None if assay is None else assay.model_dump(mode="json")
        actor.note("lot.passport", lot_id, new={"assay": new, "makes": makes})
        return job

    def issued(self, lot_id: str) -> LotPassport:
        """What was issued last."""
        from neosort_inference.passport.issuing import issued  # noqa: PLC0415

        with ledger_with(self._serving, lot_id) as (one, _):
            _issued_file(one.place, lot_id)
            return issued(one.ledger, one.place, lot_id).passport

    def exported(self, lot_id: str, form: Form, trace: Traceability | None = None) -> bytes:
        """The lot in that form, with the passport that was issued last."""
        from neosort_inference.passport.exporting import export_lot  # noqa: PLC0415

        with ledger_with(self._serving, lot_id) as (one, _), self._one_at_a_time:
            _issued_file(one.place, lot_id)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / f"{lot_id}{form.suffix}"
                export_lot(one.ledger, one.place, lot_id, form, file=file, trace=trace)
                return file.read_bytes()

    def check(self, lot_id: str) -> Checked:
        """Its passport held against this machine's key and the lot's chain."""
        from neosort_inference.ledger.signing import read_public_key  # noqa: PLC0415
        from neosort_inference.passport.checking import check_passport  # noqa: PLC0415

        with ledger_with(self._serving, lot_id) as (one, _):
            file = _issued_file(one.place, lot_id)
            return check_passport(file, read_public_key(one.place.public_key_file), one.ledger)

    def _made(self, lot_id: str, assay: Assay | None, makes: float) -> JsonValue:
        from neosort_inference.passport.issuing import Standing, issue  # noqa: PLC0415
        from neosort_inference.passport.words import summary  # noqa: PLC0415

        with ledger_with(self._serving, lot_id) as (one, _):
            made = issue(one.ledger, one.place, lot_id, Standing(assay=assay, makes=makes))
        return {"lot": lot_id, **dict(summary(made.passport))}


def _issued_file(place: Place, lot_id: str) -> Path:
    file = place.passport(lot_id)
    if not file.exists():
        raise RefusedError("not there", f"lot {lot_id} has no passport yet: have it issued")
    return file
