"""How long the camera must expose, so that a white sheet is neither dark nor clipped: found sheet by sheet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neosort_hardware.types import ArrayF64, ImageU8

WHITE_LEVELS = (150.0, 248.0)  # of 255, the sheet's mean: dark sheets waste the sensor, clipped ones tell nothing
MOST_CLIPPED = 0.002
AIM = 232.0  # of its brightest place: lamps and gain wander by some percent, and shall not clip it
NEAR_AIM = (212.0, 242.0)
CLIPPED_SHARE = 0.5  # of the exposure, as long as the sheet is clipped and nobody knows by how much
MOST_CHANGE = 6.0  # at once: a camera's response is known in the neighbourhood of what was seen alone
USUAL_POWER = 0.5  # a: levels go with about the square root of the light
POWERS = (0.25, 1.2)
MOST_STEPS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSeen:
    """A white sheet that fills the view. Levels of 255: of the whole, and of the brightest place and colour."""

    mean: float
    brightest: float
    clipped: float

    @classmethod
    def of(cls, image: ImageU8, coarse: ArrayF64) -> SheetSeen:
        """``coarse`` (rows, cols, 3): the picture's mean levels around evenly spaced places."""
        return cls(
            mean=float(image.mean()), brightest=float(coarse.max()), clipped=float((image >= 255).any(axis=2).mean())
        )

    @property
    def good(self) -> bool:
        """Whether it can be gone by."""
        return WHITE_LEVELS[0] <= self.mean <= WHITE_LEVELS[1] and self.clipped <= MOST_CLIPPED


class ExposureSearch:
    """Says what to try next. ``exposure_us``: in force, then the last one tried; ``longest_us``: what blur allows."""

    def __init__(self, exposure_us: float, shortest_us: float, longest_us: float) -> None:
        self.exposure_us = exposure_us
        self.longest_us = longest_us
        self._shortest_us = shortest_us
        self._seen: list[tuple[float, float]] = []  # exposure, brightest level: those that were not clipped
        self._steps = 0

    @property
    def searching(self) -> bool:
        """Whether another exposure than at the beginning was tried."""
        return self._steps > 0

    def next_us(self, sheet: SheetSeen) -> float | None:
        """The exposure to try after a sheet; None where this one is right, or nothing better is to be had."""
        near = NEAR_AIM[0] <= sheet.brightest <= NEAR_AIM[1]
        if self._steps == MOST_STEPS or (sheet.good and (near or not self.searching)):
            return None
        return self.changed_by(self._change(sheet))

    def changed_by(self, factor: float) -> float | None:
        """So many times as long, within what camera and blur allow; None where that is no change."""
        factor = min(max(factor, 1 / MOST_CHANGE), MOST_CHANGE)
        wanted_us = min(max(self.exposure_us * factor, self._shortest_us), self.longest_us)
        if self._steps == MOST_STEPS or abs(wanted_us / self.exposure_us - 1.0) < 0.02:
            return None
        self._steps += 1
        self.exposure_us = round(wanted_us, 1)
        return self.exposure_us

    def _change(self, sheet: SheetSeen) -> float:
        if sheet.clipped > MOST_CLIPPED:
            return CLIPPED_SHARE
        self._seen.append((self.exposure_us, max(sheet.brightest, 1.0)))
        return float((AIM / self._seen[-1][1]) ** (1.0 / self._power()))

    def _power(self) -> float:
        """With which power of the exposure the level goes, by the last two sheets."""
        if len(self._seen) < 2:
            return USUAL_POWER
        (before_us, before), (now_us, now) = self._seen[-2:]
        return float(np.clip(np.log(now / before) / np.log(now_us / before_us), *POWERS))
