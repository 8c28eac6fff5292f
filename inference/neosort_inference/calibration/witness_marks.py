"""What marks on witness strips say of nozzles and valves: station and lag, told apart by two belt speeds.

A jet that was asked for at a place of the strip begins (s − s') + v·(t' − t) further upstream: s the station that the
line takes the nozzles for, s' the true one, t and t' the lag likewise, v the belt's speed. What a valve's own marks
have in common beside is its own lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neosort_hardware.reference_pieces import WitnessMark
from neosort_hardware.types import ArrayF64, ArrayI64
from neosort_inference.calibration.procedure import CalibrationError

APART_M_PER_S = 0.2  # between two speeds that tell lag from distance
ITS_OWN_MM = 100.0  # a mark belongs to the shot of its nozzle that is nearest, and that near


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A shot at a strip (from 0 on): from nozzle to nozzle, from place to place of it, at that speed of the belt."""

    strip: int
    first_nozzle: int
    last_nozzle: int
    begin_mm: float
    end_mm: float
    speed_m_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A mark with what was asked."""

    asked: Asked
    mark: WitnessMark


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLags:
    """By how much each valve is later than the mean (nozzles,), ms: as found, NaN without marks, and how sure (one
    standard deviation). ``spread_ms``: of the valves among themselves, without what the marks scatter."""

    later_ms: ArrayF64
    sigma_ms: ArrayF64
    spread_ms: float

    @property
    def believed_ms(self) -> ArrayF64:
        """What to go by: the less sure a valve's own marks, the nearer to the mean; the mean without any."""
        square = self.spread_ms**2
        share = square / (square + self.sigma_ms**2) if square else np.zeros_like(self.sigma_ms)
        return np.nan_to_num(share * self.later_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarksFit:
    """By how much the line is off: ``station_mm`` to take from its nozzle station, lags to add to its own (ms).

    ``sigmas``: of the three. ``opening``, ``closing``: what single valves have beside. ``left_mm``: rms of what is
    left then. ``two_speeds``: whether lag and station could be told apart.
    """

    station_mm: float
    open_ms: float
    close_ms: float
    sigmas: tuple[float, float, float]
    opening: OwnLags
    closing: OwnLags
    left_mm: float
    two_speeds: bool


def matched(asked: Sequence[Asked], marks: Sequence[tuple[int, WitnessMark]]) -> list[Matched]:
    """Each mark, with the strip it is on, and the shot that made it; marks that nobody asked for are left out."""
    found = []
    for strip, mark in marks:
        near = [one for one in asked if one.strip == strip and one.first_nozzle <= mark.nozzle <= one.last_nozzle]
        best = min(near, key=lambda one: abs(one.begin_mm - mark.begin_mm), default=None)
        if best is not None and abs(best.begin_mm - mark.begin_mm) < ITS_OWN_MM:
            found.append(Matched(asked=best, mark=mark))
    return found


def fit_marks(found: Sequence[Matched], nozzles: int) -> MarksFit:
    """Station and lags from begins and ends. At one speed the lags are taken for right. Raises `CalibrationError`."""
    if len(found) < 6:
        raise CalibrationError(f"nozzles: {len(found)} marks of the shots were read, at least 6 are needed")
    speed = np.array([one.asked.speed_m_per_s for one in found])
    begins = np.array([one.mark.begin_mm - one.asked.begin_mm for one in found])
    ends = np.array([one.mark.end_mm - one.asked.end_mm for one in found])
    two = float(np.ptp(speed)) >= APART_M_PER_S
    none = np.zeros(len(found))
    columns = [np.ones(2 * len(found))]
    if two:
        columns += [np.concatenate([speed, none]), np.concatenate([none, speed])]
    design, off = np.column_stack(columns), np.concatenate([begins, ends])
    values, *_ = np.linalg.lstsq(design, off, rcond=None)
    left = off - design @ values
    scale = float(left @ left) / max(1, len(off) - len(values))
    sigma = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * scale)
    values, sigma = (np.append(one, np.zeros(3 - len(one))) for one in (values, sigma))
    number = np.array([one.mark.nozzle for one in found])
    opening, closing = (_own_lags(half, speed, number, nozzles) for half in np.split(left, 2))
    left -= np.concatenate([speed * own.believed_ms[number] for own in (opening, closing)])
    return MarksFit(
        station_mm=float(values[0]), open_ms=float(values[1]), close_ms=float(values[2]),
        sigmas=(float(sigma[0]), float(sigma[1]), float(sigma[2])), opening=opening, closing=closing,
        left_mm=float(np.sqrt(np.mean(left**2))), two_speeds=two,
    )  # fmt: skip


def _own_lags(left_mm: ArrayF64, speed: ArrayF64, number: ArrayI64, nozzles: int) -> OwnLags:
    """Each valve's part of what the lag of all leaves of the marks: their line through zero over the speed."""
    weight = np.bincount(number, speed**2, nozzles)
    marked = weight > 0
    later_ms = np.full(nozzles, np.nan)
    later_ms[marked] = np.bincount(number, speed * left_mm, nozzles)[marked] / weight[marked]
    scatter = left_mm - speed * later_ms[number]
    spare = len(left_mm) - np.count_nonzero(marked)
    if spare <= 0:  # one mark each: nobody can tell a valve's own lag from a mark's scatter
        return OwnLags(later_ms=later_ms, sigma_ms=np.full(nozzles, np.inf), spread_ms=0.0)
    sigma_ms = np.full(nozzles, np.inf)
    sigma_ms[marked] = np.sqrt(float(scatter @ scatter) / spare / weight[marked])
    square = float(np.var(later_ms[marked])) - float(np.mean(sigma_ms[marked] ** 2))
    return OwnLags(later_ms=later_ms, sigma_ms=sigma_ms, spread_ms=float(np.sqrt(max(0.0, square))))


def read_marks(text: str) -> list[tuple[int, WitnessMark]]:
    """Marks with their strips (from 0) as a person types them: 'strip nozzle begin end across', the strips counted from
    1, the last three in millimetres, one mark a line or divided by semicolons."""
    marks = []
    for line in (line.strip() for line in text.replace(";", "\n").splitlines()):
        if not line:
            continue
        words = line.replace(",", " ").split()
        try:
            strip, nozzle = int(words[0]), int(words[1])
            begin, end, across = (float(word) for word in words[2:5])
        except (ValueError, IndexError) as error:
            raise CalibrationError(
                f"'{line}': a mark is 'strip nozzle begin end across', the last three in mm"
            ) from error
        marks.append((strip - 1, WitnessMark(nozzle=nozzle, begin_mm=begin, end_mm=end, across_mm=across)))
    return marks
