"""A closed lot in a ledger of its own, with weighings, an alarm, a recalled shot and pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
from tests.inference.balance.lots import items, shipped_metadata

from neosort_inference.balance.composition import load_composition
from neosort_inference.balance.lot_balance import BalanceInputs
from neosort_inference.balance.trial import load_trial
from neosort_inference.ledger.appending import append, lock_line
from neosort_inference.ledger.lots import Feed, close_lot, note, open_lot
from neosort_inference.ledger.place import Place
from neosort_inference.ledger.reading import Ledger, open_ledger
from neosort_inference.ledger.records import DecisionRecord, FaultRecord, Lot, Numbered, Record, ShotRecord

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RUN = "0123456789abcdef0123456789abcdef"
RECALLED = 3  # the number of the shot that was taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLot:
    ledger: Ledger
    place: Place
    lot: Lot


def inputs() -> BalanceInputs:
    return BalanceInputs(
        bundle=shipped_metadata(), bundle_id="neosort@0123456789ab", trial=load_trial(),
        composition=load_composition(), draws=200,
    )  # fmt: skip


def closed_lot(place: Place, count: int = 60, *, close: bool = True) -> ClosedLot:
    """A lot of so many items, every third of the ejected with a picture."""
    ledger = open_ledger(place.url)
    feed = Feed(supplier="Schröder & Söhne", origin="DE", category="small appliances <mixed>", mass_in_kg=41.5)
    lot = open_lot(ledger.database, place, line="demo", by="Ada", feed=feed)
    records: list[Record] = []
    for number, item in enumerate(items(count), start=1):
        utc = BEGAN + timedelta(milliseconds=350 * number)
        picture = _picture(place, lot.lot_id, number) if item.ejected and number % 3 == 0 else None
        records.append(
            DecisionRecord(
                utc=utc, belt_mm=330.0 * number, across_mm=300.0, length_mm=90.0, width_mm=60.0, kind=item.kind,
                p_ndfeb=item.p_ndfeb, magnet_g=item.magnet_g, magnet_g_sigma=item.magnet_g_sigma,
                verdict="fired" if item.ejected else "passed", reason="" if item.ejected else "not bearing",
                senses="fusion", latency_ms=17.0, track_id=number, shot_id=number if item.ejected else None,
                recipe_id="default@0123456789ab", bundle_id="neosort@0123456789ab",
                calibration_id="line@0123456789ab", evidence_sha256=picture,
            )
        )  # fmt: skip
        if item.ejected:
            shot = ShotRecord(
                utc=utc, shot_id=number, track_id=number, first_nozzle=20, last_nozzle=24, open_mm=330.0 * number + 955,
                close_mm=330.0 * number + 1045, heavy=False, outcome="accepted",
            )  # fmt: skip
            records.append(shot)
    first = next(r for r in records if isinstance(r, ShotRecord) and r.shot_id >= RECALLED)
    values = {name: getattr(first, name) for name in ShotRecord.__slots__} | {"outcome": "recalled", "reason": "guard"}
    records.append(ShotRecord(**values))
    records.append(
        FaultRecord(
            utc=BEGAN, belt_mm=0.0, number=1, fault="camera.dark", step="raised", severity="high", effect="field only",
            detail="nothing brighter than 24",
        )
    )  # fmt: skip
    with ledger.database.writing() as connection:
        lock_line(connection, "demo")
        lot = append(connection, lot, [Numbered(record=r, run_id=RUN, run_seq=n) for n, r in enumerate(records, 1)])
    for what, mass_kg in (("product", 11.2), ("rest", 30.1)):
        detail = {"what": what, "mass_kg": mass_kg, "sigma_kg": 0.05}
        lot = note(ledger.database, place, lot_id=lot.lot_id, event="weighed", by="Grace", detail=detail)
    if close:
        lot = close_lot(ledger.database, place, lot_id=lot.lot_id, by="Ada")
    return ClosedLot(ledger=ledger, place=place, lot=lot)


def _picture(place: Place, lot_id: str, number: int) -> str:
    image = np.full((40, 60, 3), 40 + number % 200, dtype=np.uint8)
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    name = hashlib.sha256(jpeg).hexdigest()
    file = place.picture(lot_id, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(jpeg)
    return name
