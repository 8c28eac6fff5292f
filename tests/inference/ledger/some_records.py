"""Records as a line makes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from neosort_inference.ledger.appending import Numbered
from neosort_inference.ledger.records import DecisionRecord, FaultRecord, Record, ShotRecord

BEGAN = datetime(2026, 3, 1, 6, 0, 0, 123456, tzinfo=UTC)
RUN = "0123456789abcdef0123456789abcdef"


def decision(number: int, **changed) -> DecisionRecord:
    values = {
        "utc": BEGAN + timedelta(milliseconds=100 * number),
        "belt_mm": 1000.25 * number,
        "across_mm": 300.1,
        "length_mm": 80.5,
        "width_mm": 41.0,
        "kind": "motor_nd",
        "p_ndfeb": 0.9123,
        "magnet_g": 3.21,
        "magnet_g_sigma": 0.4,
        "verdict": "fired",
        "reason": "",
        "senses": "fusion",
        "latency_ms": 17.25,
        "track_id": number,
        "shot_id": number,
        "recipe_id": "default@0123456789ab",
        "bundle_id": "fused@0123456789ab",
        "calibration_id": "line@0123456789ab",
    }
    return DecisionRecord(**values | changed)


def shot(number: int, **changed) -> ShotRecord:
    values = {
        "utc": BEGAN + timedelta(milliseconds=100 * number),
        "shot_id": number,
        "track_id": number,
        "first_nozzle": 3,
        "last_nozzle": 5,
        "open_mm": 1000.25 * number + 1000.0,
        "close_mm": 1000.25 * number + 1040.0,
        "heavy": False,
        "outcome": "accepted",
    }
    return ShotRecord(**values | changed)


def fault(number: int) -> FaultRecord:
    return FaultRecord(
        utc=BEGAN + timedelta(milliseconds=100 * number),
        belt_mm=1000.25 * number,
        number=number,
        fault="camera.dark",
        step="raised",
        severity="high",
        effect="without camera",
        detail="nothing brighter than 12 of 255: “Lampe”",
    )


def numbered(*records: Record, start: int = 1) -> list[Numbered]:
    """As a run hands them over."""
    return [Numbered(record=record, run_id=RUN, run_seq=seq) for seq, record in enumerate(records, start)]


def some(count: int) -> list[Record]:
    """Decisions, a shot with each, and a fault every seventh."""
    found: list[Record] = []
    for number in range(1, count + 1):
        found += [decision(number), shot(number)]
        if number % 7 == 0:
            found.append(fault(number))
    return found
