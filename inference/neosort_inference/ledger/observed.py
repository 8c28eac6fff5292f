"""What the loop decides, as the ledger holds it: records, and the pictures that go with them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np

from neosort_datasets.window import BeltWindow
from neosort_hardware.types import Box, Decision, ImageU8, Shot, Verdict
from neosort_inference.faults.alarms import Alarm, Step
from neosort_inference.ledger.chain import canonical
from neosort_inference.ledger.records import DecisionRecord, FaultRecord, ShotRecord

MARGIN_MM = 12.0  # of belt around an item in its picture
NEAR_SHARE = 0.5  # of the threshold: from here on an item left alone was nearly shot at
JPEG_QUALITY = 85
_OUTCOMES = {Verdict.FIRED: "accepted", Verdict.LATE: "late", Verdict.REFUSED: "refused"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedBy:
    """What a line sorts by, as its records name it. ``near_p``: P(NdFeB) from which on an item that is left alone is
    kept as a picture. ``detail``: all of it in full, for the lot's chain."""

    recipe_id: str
    bundle_id: str
    calibration_id: str
    near_p: float
    detail: dict[str, Any]


def identity(name: str, content: object) -> str:
    """``name`` with the first 12 digits of the SHA-256 over ``content``: a hash of its own where it is one already."""
    digest = content if isinstance(content, str) else hashlib.sha256(canonical(content)).hexdigest()
    return f"{name[:64]}@{digest[:12]}"


def wants_picture(decision: Decision, near_p: float) -> bool:
    """Whether a decision is one of those that somebody will ask about: shots wanted, forbidden, or nearly wanted."""
    return decision.verdict is not Verdict.PASSED or decision.p_ndfeb >= near_p


def crop_of(window: BeltWindow, box: Box) -> ImageU8 | None:
    """The item with some belt around it, RGB, a copy; None where the window does not show it."""
    grid = window.grid
    rows = _span(box.belt_lo_mm - window.start_mm, box.belt_hi_mm - window.start_mm, grid.mm_per_px, grid.rows)
    across_mm = grid.across_start_mm
    cols = _span(box.across_lo_mm - across_mm, box.across_hi_mm - across_mm, grid.mm_per_px, grid.cols)
    crop = window.picture[rows, cols]
    return crop.copy() if crop.size else None


def jpeg_of(crop: ImageU8) -> bytes:
    """As it is kept, downstream at the top as the window has it. Raises `cv2.error` where it cannot be written."""
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
    return np.asarray(encoded).tobytes()


def decision_record(
    decision: Decision, utc: datetime, senses: str, by: SortedBy, evidence_sha256: str | None
) -> DecisionRecord:
    """A decision made at ``utc`` by ``senses``."""
    box = decision.box
    return DecisionRecord(
        utc=utc,
        belt_mm=_rounded(box.belt_mm, 2),
        across_mm=_rounded(box.across_mm, 2),
        length_mm=_rounded(box.belt_hi_mm - box.belt_lo_mm, 2),
        width_mm=_rounded(box.across_hi_mm - box.across_lo_mm, 2),
        kind=decision.kind,
        p_ndfeb=_rounded(decision.p_ndfeb, 6),
        magnet_g=_rounded(decision.magnet_g, 4),
        magnet_g_sigma=_rounded(decision.magnet_g_sigma, 4),
        verdict=decision.verdict.value,
        reason=decision.reason,
        senses=senses,
        latency_ms=_rounded(decision.latency_ms, 3),
        track_id=decision.track_id,
        shot_id=None if decision.shot is None else decision.shot.shot_id,
        recipe_id=by.recipe_id,
        bundle_id=by.bundle_id,
        calibration_id=by.calibration_id,
        evidence_sha256=evidence_sha256,
    )


def shot_record(shot: Shot, utc: datetime, outcome: str, reason: str) -> ShotRecord:
    """A shot and what became of it."""
    return ShotRecord(
        utc=utc,
        shot_id=shot.shot_id,
        track_id=shot.track_id,
        first_nozzle=shot.first_nozzle,
        last_nozzle=shot.last_nozzle,
        open_mm=_rounded(shot.open_mm, 2),
        close_mm=_rounded(shot.close_mm, 2),
        heavy=shot.heavy,
        outcome=outcome,
        reason=reason,
    )


def outcome_of(decision: Decision) -> str:
    """What became of a decision's shot when it was handed over."""
    return _OUTCOMES.get(decision.verdict, "refused")


def fault_record(alarm: Alarm, step: Step, utc: datetime, belt_mm: float) -> FaultRecord:
    """A step of an alarm."""
    return FaultRecord(
        utc=utc,
        belt_mm=_rounded(belt_mm, 2),
        number=alarm.number,
        fault=alarm.fault,
        step=step,
        severity=alarm.severity.value,
        effect=alarm.effect,
        detail=alarm.detail.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        by=alarm.by if step == "acknowledged" else "",
    )


def utc_of(unix_ns: int) -> datetime:
    """The wall clock's nanoseconds as a moment, to the microsecond."""
    return datetime.fromtimestamp(unix_ns // 1_000_000_000, UTC).replace(microsecond=unix_ns // 1000 % 1_000_000)


def _rounded(value: float, digits: int) -> float:
    return round(float(value), digits)


def _span(low_mm: float, high_mm: float, mm_per_px: float, most: int) -> slice:
    low = max(0, math.floor((low_mm - MARGIN_MM) / mm_per_px))
    return slice(low, max(low, min(most, math.ceil((high_mm + MARGIN_MM) / mm_per_px))))
