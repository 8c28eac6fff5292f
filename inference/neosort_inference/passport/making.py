"""A closed lot's passport out of its ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import get_args

from neosort_inference.balance.items import DecidedItem
from neosort_inference.balance.lot_balance import BalanceInputs, balance_lot
from neosort_inference.balance.weighing import Weighed as WeighedWhat
from neosort_inference.balance.weighing import Weighing
from neosort_inference.ledger.reading import Ledger
from neosort_inference.ledger.records import (
    DecisionRecord,
    EventRecord,
    FaultRecord,
    LedgerError,
    Lot,
    ShotRecord,
)
from neosort_inference.passport.document import (
    ChainFacts,
    Evidence,
    Happened,
    LotFacts,
    LotPassport,
    SortedBy,
    Weighed,
)
from neosort_inference.report import versions

EVIDENCE_SHOWN = 24  # pictures that a passport names, of the items that hold the most NdFeB


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A lot as its ledger tells it. ``ejected``: of each decision, whether its shot was fired and not recalled;
    ``blown``, ``recalled``: shots."""

    lot: Lot
    decisions: Sequence[DecisionRecord]
    ejected: Sequence[bool]
    events: Sequence[EventRecord]
    blown: int
    recalled: int
    alarms: Counter[str]


def told(ledger: Ledger, lot_id: str) -> Told:
    """All about a closed lot. Raises `LedgerError` for one that is open, or of which only a tombstone is left."""
    lot = ledger.lot(lot_id)
    if lot.open:
        raise LedgerError(f"lot {lot_id}: is open, and has no passport before it is closed")
    if lot.dropped:
        raise LedgerError(f"lot {lot_id}: its records were dropped by retention; only its tombstone is left")
    decided: list[tuple[DecisionRecord, str]] = []
    shots: dict[str, set[tuple[str, int | None]]] = {}  # by outcome; a shot has its number in its run alone
    events: list[EventRecord] = []
    alarms: Counter[str] = Counter()
    for entry in ledger.entries(lot_id):
        match entry.record:
            case DecisionRecord() as decision:
                decided.append((decision, entry.run_id))
            case ShotRecord(shot_id=number, outcome=outcome):
                shots.setdefault(outcome, set()).add((entry.run_id, number))
            case FaultRecord(fault=fault, step="raised"):
                alarms[fault] += 1
            case EventRecord() as event:
                events.append(event)
    recalled = shots.get("recalled", set())
    return Told(
        lot=lot,
        decisions=[decision for decision, _ in decided],
        ejected=[d.fired and (run, d.shot_id) not in recalled for d, run in decided],
        events=events,
        blown=len(shots.get("accepted", set()) - recalled),
        recalled=len(recalled),
        alarms=alarms,
    )


def passport_of(lot: Told, inputs: BalanceInputs) -> LotPassport:
    """The passport of a lot. ``inputs``: what its balance stands on; weighings are taken from the ledger."""
    weighed = weighings(lot.lot, lot.events)
    scales = [Weighing(what=one.what, mass_kg=one.mass_kg, sigma_kg=one.sigma_kg) for one in weighed]
    balance = balance_lot(decided_items(lot), replace(inputs, weighings=scales))
    return LotPassport(
        lot=_facts(lot.lot),
        chain=ChainFacts(records=lot.lot.records, head_sha256=lot.lot.head_hash),
        sorted_by=SortedBy(
            bundles=_counts(d.bundle_id for d in lot.decisions),
            recipes=_counts(d.recipe_id for d in lot.decisions),
            calibrations=_counts(d.calibration_id for d in lot.decisions),
            senses=_counts(d.senses for d in lot.decisions),
        ),
        happened=Happened(
            decisions=len(lot.decisions),
            verdicts=_counts(d.verdict for d in lot.decisions),
            shots=lot.blown,
            recalled=lot.recalled,
            alarms=_counts(lot.alarms.elements()),
        ),
        weighed=tuple(weighed),
        balance=balance,
        evidence=tuple(_evidence(lot.decisions)),
        software=versions(),
        issued=datetime.now(UTC).replace(microsecond=0),
    )


def decided_items(lot: Told) -> list[DecidedItem]:
    """The lot's items as a balance takes them."""
    return [
        DecidedItem(
            kind=d.kind,
            p_ndfeb=d.p_ndfeb,
            magnet_g=d.magnet_g,
            magnet_g_sigma=d.magnet_g_sigma,
            ejected=ejected,
        )
        for d, ejected in zip(lot.decisions, lot.ejected, strict=True)
    ]


def weighings(lot: Lot, events: Iterable[EventRecord]) -> list[Weighed]:
    """What was weighed, in the order of weighing; the mass that the lot was opened with stands first. ``events``: the
    lot's own.

    Raises `LedgerError` for an event that says something else than a mass.
    """
    found = []
    if lot.mass_in_kg is not None:
        found.append(Weighed(what="feed", mass_kg=lot.mass_in_kg, at=lot.opened_utc, by=lot.opened_by))
    for event in events:
        if event.event == "weighed":
            found.append(_weighed(event, lot.lot_id))
    return found


def _weighed(event: EventRecord, lot_id: str) -> Weighed:
    what, mass, sigma = (event.detail.get(name) for name in ("what", "mass_kg", "sigma_kg"))
    if what not in get_args(WeighedWhat) or not isinstance(mass, int | float):
        raise LedgerError(f"lot {lot_id}: a weighing of {what!r} says no mass that a balance could take")
    return Weighed(what=what, mass_kg=mass, sigma_kg=sigma, at=event.utc, by=event.by)


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _facts(lot: Lot) -> LotFacts:
    assert lot.closed_utc is not None
    return LotFacts(
        lot_id=lot.lot_id,
        line=lot.line,
        ordinal=lot.ordinal,
        supplier=lot.supplier,
        origin=lot.origin,
        category=lot.category,
        mass_in_kg=lot.mass_in_kg,
        opened=lot.opened_utc,
        opened_by=lot.opened_by,
        closed=lot.closed_utc,
        closed_by=lot.closed_by,
        previous_lot=lot.previous_lot_id,
    )


def _evidence(decisions: Sequence[DecisionRecord]) -> Iterable[Evidence]:
    """Of the items with pictures those with the most NdFeB expected, in the order of the belt."""
    shown = sorted((d for d in decisions if d.evidence_sha256), key=lambda d: -d.magnet_g)[:EVIDENCE_SHOWN]
    for decision in sorted(shown, key=lambda d: d.utc):
        yield Evidence(
            sha256=decision.evidence_sha256 or "",
            kind=decision.kind,
            p_ndfeb=decision.p_ndfeb,
            magnet_g=decision.magnet_g,
            verdict=decision.verdict,
            at=decision.utc,
        )
