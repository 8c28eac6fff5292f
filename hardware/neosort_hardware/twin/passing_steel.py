"""Steel that passes by the line (a lift truck, a door): slow bumps in what the whole array reads."""

from __future__ import annotations

import math

import numpy as np

from neosort_hardware.types import ArrayF64

_SLOT_S = 40.0  # at most one piece passes in each such stretch of time (a)
_FORGOTTEN_WIDTHS = 6.0
_SLOTS_KEPT = 64


class PassingSteel:
    """Bumps of ``strength_ut`` (weakest, strongest), log-uniform, common to all channels. Follows from ``seed``."""

    def __init__(self, strength_ut: tuple[float, float], channels: int, seed: int) -> None:
        self._strength_ut = strength_ut
        self._channels = channels
        self._seed = seed
        self._passes: dict[int, tuple[float, float, ArrayF64]] = {}

    def bumps(self, times_s: ArrayF64) -> tuple[ArrayF64, ArrayF64] | None:
        """Courses in time (T, n) and fields (n, channels, 3) of what passes just then; None mostly."""
        if not times_s.size or self._strength_ut[1] <= 0:
            return None
        first_s, last_s = float(times_s.min()), float(times_s.max())
        slots = range(int(first_s // _SLOT_S) - 1, int(last_s // _SLOT_S) + 2)
        near = [
            (at_s, width_s, field)
            for at_s, width_s, field in map(self._pass, slots)
            if field.any() and first_s - _FORGOTTEN_WIDTHS * width_s < at_s < last_s + _FORGOTTEN_WIDTHS * width_s
        ]
        if not near:
            return None
        courses = np.column_stack([np.exp(-0.5 * ((times_s - at_s) / width_s) ** 2) for at_s, width_s, _ in near])
        return courses, np.stack([np.broadcast_to(field, (self._channels, 3)) for _, _, field in near])

    def _pass(self, slot: int) -> tuple[float, float, ArrayF64]:
        """Moment (s), duration (s) and field (3,) of what passes in a stretch of time; in half of them nothing does."""
        known = self._passes.get(slot)
        if known is not None:
            return known
        rng = np.random.default_rng((self._seed, 2**31 + slot))
        low, high = (math.log(max(limit, 1e-6)) for limit in self._strength_ut)
        strength = math.exp(rng.uniform(low, high)) if rng.random() < 0.5 else 0.0
        direction = rng.standard_normal(3)
        field = np.asarray(strength * direction / np.linalg.norm(direction))
        if len(self._passes) > _SLOTS_KEPT:
            self._passes.clear()
        passed = self._passes[slot] = (_SLOT_S * (slot + rng.random()), rng.uniform(0.7, 3.0), field)
        return passed
