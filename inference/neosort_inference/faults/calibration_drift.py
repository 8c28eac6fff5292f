"""A calibration that the line has outgrown: too old, or belt and array no longer agree with it."""

from __future__ import annotations

from collections import deque
from datetime import date

import cv2
import numpy as np

from neosort_datasets.rectification import View
from neosort_hardware.belt import LineGeometry
from neosort_hardware.config import LineConfig
from neosort_hardware.types import ArrayF32, ArrayF64, FieldBlock, Frame
from neosort_inference.calibration.constants import CALIBRATED_WITHIN_DAYS

DRIFTED = "calibration.drifted"
FIELD_EVERY_S = 0.1
FIELD_KEPT = 200  # 20 s, long against any item
FIELD_LEAST = 100
FIELD_LIMIT_UT = 10.0  # a: drift of sensors and Earth stays below; a sensor that was moved, or new steel, does not
TEXTURE_EVERY = 4  # pairs of frames
TEXTURE_KEPT = 24
TEXTURE_LEAST = 8
TEXTURE_LIMIT = 0.01  # of the travel between two frames
LEAST_ALIKE = 0.08  # how clearly two pictures must be the same belt: phase correlation's response
PATCH_MM = 256
LEAST_PATCH_MM = 96
_EDGE_MM = 10.0


class CalibrationOld:
    """Made longer ago than a calibration is good for. Of a line without a date nothing is known."""

    fault = "calibration.old"

    def __init__(self, made_on: date | None, today: date) -> None:
        days = 0 if made_on is None else (today - made_on).days
        self._words = (
            f"made {days} days ago, good for {CALIBRATED_WITHIN_DAYS}" if days > CALIBRATED_WITHIN_DAYS else ""
        )

    def says(self, now_ns: int) -> str:
        return self._words


class FieldDrifted:
    """The field over the empty belt, which the array's calibration has taken off, is there again."""

    fault = DRIFTED

    def __init__(self) -> None:
        self._kept: deque[ArrayF32] = deque(maxlen=FIELD_KEPT)
        self._next_ns = 0
        self._words = ""

    def see_block(self, block: FieldBlock) -> None:
        """A block with the line's calibration put to use."""
        now_ns = int(block.sampled_ns[-1])
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + round(FIELD_EVERY_S * 1e9)
        self._kept.append(block.field_ut[-1])
        if len(self._kept) >= FIELD_LEAST and len(self._kept) % 25 == 0:
            self._judge()

    def _judge(self) -> None:
        samples = np.stack(self._kept)
        there = np.isfinite(samples).all(axis=2).mean(axis=0) > 0.5
        middle = np.median(np.nan_to_num(samples), axis=0)
        off_ut = np.where(there, np.abs(middle).max(axis=1), 0.0)
        far = np.flatnonzero(off_ut > FIELD_LIMIT_UT)
        named = ", ".join(map(str, far[:8]))
        self._words = f"channel {named}: {off_ut.max():.0f} µT over the empty belt, calibrated to 0" if far.size else ""

    def says(self, now_ns: int) -> str:
        return self._words


class TextureDrifted:
    """The belt's own texture moves otherwise between two pictures than the encoder and the belt plane say."""

    fault = DRIFTED

    def __init__(self, config: LineConfig) -> None:
        geometry = LineGeometry.of(config)
        self._belt_to_pixel = np.linalg.inv(geometry.pixel_to_belt)
        self._view = View.of(geometry.pixel_to_belt, config.camera.width_px, config.camera.height_px)
        self._middle_mm = 0.5 * (self._view.across_lo_mm + self._view.across_hi_mm)
        self._before: Frame | None = None
        self._frames = 0
        self._off: deque[tuple[float, float]] = deque(maxlen=TEXTURE_KEPT)  # along, across, as shares of the travel
        self._words = ""

    def see_frame(self, frame: Frame) -> None:
        """A frame with the line's calibration put to use."""
        self._frames += 1
        before = self._before
        self._before = frame if self._frames % TEXTURE_EVERY == 0 else None
        if before is not None:
            off = self._compared(before, frame)
            if off is not None:
                self._off.append(off)
                self._judge()

    def _compared(self, before: Frame, after: Frame) -> tuple[float, float] | None:
        """How far one stretch of belt lies elsewhere in the second picture, as shares of the travel in between."""
        travel_mm = after.belt_mm - before.belt_mm
        length_mm = int(min(PATCH_MM, self._view.length_mm - travel_mm - 2 * _EDGE_MM))
        if travel_mm <= 0 or length_mm < LEAST_PATCH_MM:
            return None
        from_mm = before.belt_mm - self._view.station_lo_mm - _EDGE_MM - length_mm
        one, other = (self._patch(frame, from_mm, length_mm) for frame in (before, after))
        (across, along), alike = cv2.phaseCorrelate(one, other, cv2.createHanningWindow(one.shape[::-1], cv2.CV_32F))
        return (along / travel_mm, across / travel_mm) if alike > LEAST_ALIKE else None

    def _patch(self, frame: Frame, from_mm: float, length_mm: int) -> ArrayF32:
        """(length, `PATCH_MM`) float32 of the belt from a place on, a millimetre each."""
        to_belt: ArrayF64 = np.array(
            [[1.0, 0.0, self._middle_mm - 0.5 * PATCH_MM], [0.0, -1.0, frame.belt_mm - from_mm], [0.0, 0.0, 1.0]]
        )
        green = np.ascontiguousarray(frame.image[:, :, 1])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpPerspective(green, self._belt_to_pixel @ to_belt, (PATCH_MM, length_mm), flags=flags)
        return np.asarray(seen, np.float32)

    def _judge(self) -> None:
        along, across = np.median(np.array(self._off), axis=0)
        if len(self._off) < TEXTURE_LEAST or max(abs(along), abs(across)) <= TEXTURE_LIMIT:
            self._words = ""
        elif abs(along) >= abs(across):
            self._words = f"the belt moves {100 * along:+.1f} % of what encoder and picture say apart"
        else:
            self._words = f"the belt runs askew in the picture, by {100 * across:+.1f} % of its travel"

    def says(self, now_ns: int) -> str:
        return self._words


class Drifted:
    """Either of them."""

    fault = DRIFTED

    def __init__(self, *drifts: FieldDrifted | TextureDrifted) -> None:
        self._drifts = drifts

    def says(self, now_ns: int) -> str:
        return "; ".join(said for said in (drift.says(now_ns) for drift in self._drifts) if said)
