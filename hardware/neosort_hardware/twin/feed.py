"""The feeder: which items fall on the belt, where, and how worn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neosort_hardware.config import FeedConfig
from neosort_hardware.twin.bodies import ItemModel, Pose, Vector3
from neosort_hardware.twin.catalogue import DEFAULT_FEED_PERCENT, models_by_kind
from neosort_hardware.types import Box

AGEING = (0.5, 1.0)  # a: end-of-life magnets keep this share of their remanence
TRIES_FOR_A_FREE_PLACE = 6  # a: the vibrating feeder spreads items, but not perfectly


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One worn piece of a model, lying on the belt. ``remanence_am2``: of each of its steel pieces, item frame."""

    item_id: int
    model: ItemModel
    pose: Pose
    belt_mm: float
    across_mm: float
    yaw_rad: float
    ageing: float
    dirt: float
    remanence_am2: tuple[Vector3, ...]


class Feeder:
    """Poisson along the belt: at constant speed that is Poisson in time. Deterministic by its generator."""

    def __init__(
        self, config: FeedConfig, belt_width_mm: float, speed_mm_per_s: float, start_mm: float, rng: np.random.Generator
    ) -> None:
        self._rng = rng
        self._width_mm = belt_width_mm
        self._models = models_by_kind(config.models)
        self._kinds = tuple(DEFAULT_FEED_PERCENT)
        weights = np.array([DEFAULT_FEED_PERCENT[k] if config.mix == "default" else 1.0 for k in self._kinds])
        self._shares = weights / weights.sum()
        items_per_s = config.items_per_s_per_m * belt_width_mm * 1e-3
        self._mean_gap_mm = speed_mm_per_s / items_per_s if items_per_s > 0 else math.inf
        self._next_mm = start_mm + self._gap_mm()
        self._next_id = 1
        self._recent: list[Box] = []

    def until(self, belt_mm: float) -> list[Item]:
        """Items whose place lies below ``belt_mm``, each given out once, in order along the belt."""
        items = []
        while self._next_mm < belt_mm:
            items.append(self._item(self._next_mm))
            self._next_mm += self._gap_mm()
        return items

    def _gap_mm(self) -> float:
        return float(self._rng.exponential(self._mean_gap_mm)) if math.isfinite(self._mean_gap_mm) else math.inf

    def _item(self, belt_mm: float) -> Item:
        rng = self._rng
        models = self._models[self._kinds[int(rng.choice(len(self._kinds), p=self._shares))]]
        model = models[int(rng.integers(len(models)))]
        pose = model.poses[int(rng.choice(len(model.poses), p=[pose.share for pose in model.poses]))]
        yaw_rad = float(rng.uniform(-math.pi, math.pi))
        item = Item(
            item_id=self._next_id,
            model=model,
            pose=pose,
            belt_mm=belt_mm,
            across_mm=self._free_place(model.extents_mm(pose), yaw_rad, belt_mm),
            yaw_rad=yaw_rad,
            ageing=float(rng.uniform(*AGEING)),
            dirt=float(rng.beta(1.5, 4.0)),
            remanence_am2=tuple(
                _remanence(piece.magnetised_share, piece.remanence_am2_per_g, piece.mass_g, rng)
                for piece in model.steel
            ),
        )
        self._next_id += 1
        return item

    def _free_place(self, extents_mm: Vector3, yaw_rad: float, belt_mm: float) -> float:
        """An across position on the belt, free of earlier items if a few tries find one."""
        cos, sin = abs(math.cos(yaw_rad)), abs(math.sin(yaw_rad))
        half_along = 0.5 * (extents_mm[0] * cos + extents_mm[1] * sin)
        half_across = 0.5 * (extents_mm[0] * sin + extents_mm[1] * cos)
        self._recent = [box for box in self._recent if box.belt_hi_mm > belt_mm - 400]
        box = Box(belt_lo_mm=0, belt_hi_mm=0, across_lo_mm=0, across_hi_mm=0)
        for _ in range(TRIES_FOR_A_FREE_PLACE):
            across_mm = float(self._rng.uniform(half_across, max(half_across + 1, self._width_mm - half_across)))
            box = Box(
                belt_lo_mm=belt_mm - half_along,
                belt_hi_mm=belt_mm + half_along,
                across_lo_mm=across_mm - half_across,
                across_hi_mm=across_mm + half_across,
            )
            if not any(box.overlap_mm2(other) > 0 for other in self._recent):
                break
        self._recent.append(box)
        return box.across_mm


def _remanence(share: float, am2_per_g: tuple[float, float], mass_g: float, rng: np.random.Generator) -> Vector3:
    """Moment of a magnetised piece: along its length for the most part, either way round; zero if not magnetised."""
    if rng.random() >= share:
        return (0.0, 0.0, 0.0)
    lo, hi = am2_per_g
    moment = mass_g * math.exp(rng.uniform(math.log(lo), math.log(hi))) * (1 if rng.random() < 0.5 else -1)
    tilt = rng.normal(0.0, 0.25, 2)
    return (moment, float(moment * tilt[0]), float(moment * tilt[1]))
