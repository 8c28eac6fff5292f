"""A calibration that the line has outgrown: too old, or belt and array no longer agree with it."""

from __future__ import annotations

from collections import deque
from datetime import date
from statistics import median

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
TEXTURE_EVERY = 9  # frames, of which the first two are compared
TEXTURE_KEPT = 11
TEXTURE_LEAST = 5
TEXTURE_LIMIT = 0.01  # of the travel between two frames
LEAST_ALIKE = 0.08  # how clearly two pictures must be the same belt: phase correlation's response
PATCH_MM = 256
PATCH_MM_PER_PX = 2.0  # halves of it are told all the same, at a third of the cost
LEAST_PATCH_MM = 96
_EDGE_MM = 10.0


class CalibrationOld:
    """Made longer ago than a calibration is good for. Of a line without a date nothing is known."""

    fault = "calibration.old"

    def __init__(self, made_on: date | None, today: date) -> None:
        self._today = today
        self._words = _age_of(made_on, today)

    def recalibrated(self, config: LineConfig) -> None:
        """The line goes by that one now."""
        self._words = _age_of(config.calibration.made_on, self._today)

    def says(self, now_ns: int) -> str:
        return self._words


def _age_of(made_on: date | None, today: date) -> str:
    days = 0 if made_on is None else (today - made_on).days
    return f"made {days} days ago, good for {CALIBRATED_WITHIN_DAYS}" if days > CALIBRATED_WITHIN_DAYS else ""


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
        middle = np.partition(np.nan_to_num(samples), len(samples) // 2, axis=0)[len(samples) // 2]
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
        self._hann: ArrayF32 | None = None
        self._frames = 0
        self.recalibrated(config)

    def recalibrated(self, config: LineConfig) -> None:
        """The line goes by that one now: what was compared by another says nothing of it."""
        geometry = LineGeometry.of(config)
        self._belt_to_pixel = np.linalg.inv(geometry.pixel_to_belt)
        self._view = View.of(geometry.pixel_to_belt, config.camera.width_px, config.camera.height_px)
        self._middle_mm = 0.5 * (self._view.across_lo_mm + self._view.across_hi_mm)
        self._before: Frame | None = None
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
        length_mm = min(PATCH_MM, self._view.length_mm - travel_mm - 2 * _EDGE_MM)
        if travel_mm <= 0 or length_mm < LEAST_PATCH_MM:
            return None
        from_mm = before.belt_mm - self._view.station_lo_mm - _EDGE_MM - length_mm
        one, other = (self._patch(frame, from_mm, length_mm) for frame in (before, after))
        if self._hann is None or self._hann.shape != one.shape:
            self._hann = np.asarray(cv2.createHanningWindow(one.shape[::-1], cv2.CV_32F), np.float32)
        shift_px, alike = cv2.phaseCorrelate(one, other, self._hann)
        across_mm, along_mm = (PATCH_MM_PER_PX * px for px in shift_px)
        return (along_mm / travel_mm, across_mm / travel_mm) if alike > LEAST_ALIKE else None

    def _patch(self, frame: Frame, from_mm: float, length_mm: float) -> ArrayF32:
        """(rows along, columns across) float32 of the belt from a place on, `PATCH_MM_PER_PX` each."""
        size = (int(PATCH_MM / PATCH_MM_PER_PX), int(length_mm / PATCH_MM_PER_PX))
        to_belt: ArrayF64 = np.array(
            [
                [PATCH_MM_PER_PX, 0.0, self._middle_mm - 0.5 * PATCH_MM],
                [0.0, -PATCH_MM_PER_PX, frame.belt_mm - from_mm],
                [0.0, 0.0, 1.0],
            ]
        )
        to_pixel = self._belt_to_pixel @ to_belt
        rows, cols = _around(to_pixel, size, frame.image.shape)
        green = cv2.extractChannel(frame.image[rows, cols], 1)
        to_cut: ArrayF64 = np.array([[1.0, 0.0, -cols.start], [0.0, 1.0, -rows.start], [0.0, 0.0, 1.0]]) @ to_pixel
        seen = cv2.warpPerspective(green, to_cut, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return np.asarray(seen, np.float32)

    def _judge(self) -> None:
        along, across = (median(shares) for shares in zip(*self._off, strict=True))
        if len(self._off) < TEXTURE_LEAST or max(abs(along), abs(across)) <= TEXTURE_LIMIT:
            self._words = ""
        elif abs(along) >= abs(across):
            self._words = f"the belt moves {100 * along:+.1f} % of what encoder and picture say apart"
        else:
            self._words = f"the belt runs askew in the picture, by {100 * across:+.1f} % of its travel"

    def says(self, now_ns: int) -> str:
        return self._words


def _around(to_pixel: ArrayF64, size: tuple[int, int], picture: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a picture (rows, columns, …) that a patch of that size (columns, rows) is made of."""
    cols, rows = size
    u, v, w = to_pixel @ np.array([[0.0, cols, 0.0, cols], [0.0, 0.0, rows, rows], [1.0, 1.0, 1.0, 1.0]])
    return _between(v / w, picture[0]), _between(u / w, picture[1])


def _between(corners_px: ArrayF64, most: int) -> slice:
    """From the first to the last of them, one to spare, and never nothing."""
    first = int(np.clip(corners_px.min() - 1, 0, most - 1))
    return slice(first, int(np.clip(corners_px.max() + 2, first + 1, most)))


class Drifted:
    """Either of them."""

    fault = DRIFTED

    def __init__(self, *drifts: FieldDrifted | TextureDrifted) -> None:
        self._drifts = drifts

    def says(self, now_ns: int) -> str:
        return "; ".join(said for said in (drift.says(now_ns) for drift in self._drifts) if said)
