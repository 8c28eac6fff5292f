"""The feeder: which items fall on the belt, where, and how worn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from neosort_hardware.config import FeedConfig
from neosort_hardware.twin.bodies import AS_MADE, ItemModel, Pose, Rotation, Vector3
from neosort_hardware.twin.catalogue import DEFAULT_FEED_PERCENT, SplitName, models_by_kind
from neosort_hardware.twin.layout import Footprint, on_belt, resting, slid_off

AGEING = (0.5, 1.0)  # a: end-of-life magnets keep this share of their remanence
CONTACT_SHARE = (0.85, 1.0)  # a: items that come together touch, or lie a little upon one another
ROUND_LOOKS = frozenset({"can_motor", "drinks_can", "round_cell"})
ROLLING_MM_PER_M = 40.0  # a: one standard deviation of the way that a rolling item makes by itself per metre of belt
BURST_MM = 3000.0  # a: a heap on the feeder comes round about as often
BURST_SHARE = 0.25
STRANGERS_SHARE = 0.5
MORE_MOTORS = 5.0  # times as many in the mix to learn them from
_NEIGHBOURS_MM = 600.0  # what lies further downstream is out of reach
_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One worn piece of a model, lying on the belt.

    ``remanence_am2``: of each of its steel pieces, item frame. ``lift_mm``, ``tilt``: its middle's height above where
    it would lie flat, and its lean (a turn in belt axes after the yaw), where it lies upon another.
    ``rolling_mm_per_m``: (along, across), its own way per metre of belt.
    """

    item_id: int
    model: ItemModel
    pose: Pose
    belt_mm: float
    across_mm: float
    yaw_rad: float
    ageing: float
    dirt: float
    remanence_am2: tuple[Vector3, ...]
    lift_mm: float = 0.0
    tilt: Rotation = AS_MADE
    rolling_mm_per_m: tuple[float, float] = (0.0, 0.0)


class Feeder:
    """Poisson along the belt: at constant speed that is Poisson in time. Deterministic by its generator."""

    def __init__(
        self,
        config: FeedConfig,
        belt_width_mm: float,
        speed_mm_per_s: float,
        start_mm: float,
        rng: np.random.Generator,
        *,
        strangers: tuple[ItemModel, ...] = (),
    ) -> None:
        """``strangers``: models that half of the foreign matter is of, beside the catalogue's."""
        self._config = config
        self._rng = rng
        self._width_mm = belt_width_mm
        self._models = _models(config.models)
        self._strangers = strangers
        self._kinds = tuple(DEFAULT_FEED_PERCENT)
        self._up_to = np.cumsum(_shares(config, self._kinds)[:-1])
        items_per_s = config.items_per_s_per_m * belt_width_mm * 1e-3
        self._mean_gap_mm = speed_mm_per_s / items_per_s if items_per_s > 0 else math.inf
        self._start_mm = start_mm
        self._even_mm = 0.0
        self._in_contact = False
        self._next_mm = self._arrival_mm()
        self._next_id = 1
        self._lying: list[Footprint] = []

    def until(self, belt_mm: float) -> list[Item]:
        """Items that fall on the belt below ``belt_mm``, each given out once, in the order of their falling.

        They come to lie up to `layout.FURTHEST_SLIDE_MM` from there.
        """
        items = []
        while self._next_mm < belt_mm:
            items.append(self._item(self._next_mm))
            self._next_mm = self._arrival_mm()
        return items

    def _arrival_mm(self) -> float:
        """Where the next item falls. Those in contact with the one before fall where that did."""
        if not math.isfinite(self._mean_gap_mm):
            return math.inf
        self._in_contact = self._config.touching > 0 and self._rng.random() < self._config.touching
        if not self._in_contact:
            self._even_mm += float(self._rng.exponential(self._mean_gap_mm / (1.0 - self._config.touching)))
        return self._start_mm + _with_bursts(self._even_mm, self._config.bursts)

    def _item(self, falls_at_mm: float) -> Item:
        rng = self._rng
        kind = self._kinds[int(np.searchsorted(self._up_to, rng.random(), side="right"))]
        models = self._models[kind]
        if kind == "foreign" and self._strangers and rng.random() < STRANGERS_SHARE:
            models = self._strangers
        model = models[int(rng.integers(len(models)))]
        up_to = np.cumsum([pose.share for pose in model.poses[:-1]])
        pose = model.poses[int(np.searchsorted(up_to, rng.random(), side="right"))]
        place, lift_mm, tilt = self._place(model.extents_mm(pose), float(rng.uniform(-math.pi, math.pi)), falls_at_mm)
        item = Item(
            item_id=self._next_id,
            model=model,
            pose=pose,
            belt_mm=place.belt_mm,
            across_mm=place.across_mm,
            yaw_rad=place.yaw_rad,
            ageing=float(rng.uniform(*AGEING)),
            dirt=float(rng.beta(1.5, 4.0)),
            remanence_am2=tuple(
                _remanence(piece.magnetised_share, piece.remanence_am2_per_g, piece.mass_g, rng)
                for piece in model.steel
            ),
            lift_mm=lift_mm,
            tilt=tilt,
            rolling_mm_per_m=self._rolling(model, pose, place.yaw_rad),
        )
        self._next_id += 1
        return item

    def _place(self, extents_mm: Vector3, yaw_rad: float, falls_at_mm: float) -> tuple[Footprint, float, Rotation]:
        """Where an item comes to lie, how high its middle is raised, and how it leans."""
        self._lying = [other for other in self._lying if other.belt_mm > falls_at_mm - _NEIGHBOURS_MM]
        item = Footprint(
            belt_mm=falls_at_mm,
            across_mm=0.0,
            half_length_mm=0.5 * extents_mm[0],
            half_width_mm=0.5 * extents_mm[1],
            yaw_rad=yaw_rad,
            height_mm=extents_mm[2],
        )
        place = self._against_the_last(item) if self._in_contact else None
        if place is None:
            half_mm = item.half_extent_mm((0.0, 1.0))
            across_mm = float(self._rng.uniform(half_mm, max(half_mm + 1.0, self._width_mm - half_mm)))
            place = item.at(falls_at_mm, across_mm)
            if self._rng.random() >= self._config.piling and any(place.overlaps(other) for other in self._lying):
                place = slid_off(place, self._lying, self._width_mm) or place
        lift_mm, tilt = resting(place, self._lying)
        self._lying.append(place)
        return place, lift_mm, tilt

    def _against_the_last(self, item: Footprint) -> Footprint | None:
        """Touching the item before, somewhere on its upstream side; None where the belt has no room for that."""
        if not self._lying:
            return None
        last = self._lying[-1]
        for _ in range(_TRIES):
            direction_rad = float(self._rng.uniform(-0.6 * math.pi, 0.6 * math.pi))
            place = item.beside(last, direction_rad, float(self._rng.uniform(*CONTACT_SHARE)))
            if on_belt(place, self._width_mm):
                return place
        return None

    def _rolling(self, model: ItemModel, pose: Pose, yaw_rad: float) -> tuple[float, float]:
        """A round thing rolls across its axis, which is the item's x; not when it stands on its end."""
        lies = abs(pose.rotation[2][0]) < 0.5
        if model.look not in ROUND_LOOKS or not lies or self._rng.random() >= self._config.rolling:
            return (0.0, 0.0)
        way = float(self._rng.normal(0.0, ROLLING_MM_PER_M))
        return (-math.sin(yaw_rad) * way, math.cos(yaw_rad) * way)


@cache
def _models(split: SplitName) -> dict[str, tuple[ItemModel, ...]]:
    return models_by_kind(split)


def _shares(config: FeedConfig, kinds: tuple[str, ...]) -> np.ndarray:
    """Share of each kind by count."""
    more = MORE_MOTORS if config.mix == "motors" else 1.0
    times = np.array([more if kind in ("motor_nd", "motor_ferrite") else 1.0 for kind in kinds])
    weights = times * [1.0 if config.mix == "even" else DEFAULT_FEED_PERCENT[kind] for kind in kinds]
    shares = weights / weights.sum()
    if config.hub_motors > 0:
        hub = np.array([kind == "hub_motor" for kind in kinds], dtype=np.float64)
        rest = shares * (1.0 - hub)
        shares = (1.0 - config.hub_motors) * rest / rest.sum() + config.hub_motors * hub
    return np.asarray(shares)


def _with_bursts(even_mm: float, bursts: float) -> float:
    """Belt place of an arrival that an even feed would make at ``even_mm``: the first quarter of every stretch of belt
    takes ``bursts`` times the mean density, the rest what is left."""
    stretch, inside_mm = divmod(even_mm, BURST_MM)
    burst_items_mm = bursts * BURST_SHARE * BURST_MM  # of the even feed, gathered into the stretch's first quarter
    if inside_mm < burst_items_mm:
        return stretch * BURST_MM + inside_mm / bursts
    left_mm = BURST_MM - burst_items_mm
    return stretch * BURST_MM + BURST_MM * (BURST_SHARE + (1 - BURST_SHARE) * (inside_mm - burst_items_mm) / left_mm)


def _remanence(share: float, am2_per_g: tuple[float, float], mass_g: float, rng: np.random.Generator) -> Vector3:
    """Moment of a magnetised piece: along its length for the most part, either way round; zero if not magnetised."""
    if rng.random() >= share:
        return (0.0, 0.0, 0.0)
    lo, hi = am2_per_g
    moment = mass_g * math.exp(rng.uniform(math.log(lo), math.log(hi))) * (1 if rng.random() < 0.5 else -1)
    tilt = rng.normal(0.0, 0.25, 2)
    return (moment, float(moment * tilt[0]), float(moment * tilt[1]))
