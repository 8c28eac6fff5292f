"""Where items come to lie among those that lie there already: beside them, against them, or upon them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from neosort_hardware.twin.bodies import AS_MADE, Rotation, Vector3

STEEPEST_RAD = math.radians(15.0)  # a: an item that leans more falls over
FURTHEST_SLIDE_MM = 150.0  # along the belt: the feeder lays items only so far ahead of the camera
_DIRECTIONS = 12
_Unit = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The rectangle that an item's box covers: centre, half edges, and how its long axis is turned (mm, rad).

    ``axes``: directions (along, across) of its edges; ``reach_mm``: from the centre to a corner.
    """

    belt_mm: float
    across_mm: float
    half_length_mm: float
    half_width_mm: float
    yaw_rad: float
    height_mm: float
    axes: tuple[_Unit, _Unit] = field(init=False, repr=False, compare=False)
    reach_mm: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        cos, sin = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        object.__setattr__(self, "axes", ((cos, sin), (-sin, cos)))
        object.__setattr__(self, "reach_mm", math.hypot(self.half_length_mm, self.half_width_mm))

    def half_extent_mm(self, direction: _Unit) -> float:
        """From the centre to the furthest corner along a direction."""
        (one_along, one_across), (other_along, other_across) = self.axes
        along = abs(one_along * direction[0] + one_across * direction[1])
        across = abs(other_along * direction[0] + other_across * direction[1])
        return self.half_length_mm * along + self.half_width_mm * across

    def at(self, belt_mm: float, across_mm: float) -> Footprint:
        """The same somewhere else."""
        return Footprint(
            belt_mm=belt_mm,
            across_mm=across_mm,
            half_length_mm=self.half_length_mm,
            half_width_mm=self.half_width_mm,
            yaw_rad=self.yaw_rad,
            height_mm=self.height_mm,
        )

    def overlaps(self, other: Footprint) -> bool:
        """Whether the rectangles share an area (separating axes)."""
        along, across = other.belt_mm - self.belt_mm, other.across_mm - self.across_mm
        reach_mm = self.reach_mm + other.reach_mm
        if abs(along) >= reach_mm or abs(across) >= reach_mm:
            return False
        return all(
            abs(axis[0] * along + axis[1] * across) < self.half_extent_mm(axis) + other.half_extent_mm(axis) - 1e-9
            for axis in (*self.axes, *other.axes)
        )

    def beside(self, other: Footprint, direction_rad: float, share: float = 1.0) -> Footprint:
        """Moved to where it just touches ``other``, seen from whose centre it lies in that direction.

        ``share`` of that distance from centre to centre: below 1 they overlap.
        """
        direction = (math.cos(direction_rad), math.sin(direction_rad))
        distance_mm = share * _apart_mm(_sides(self, other), direction)
        return self.at(other.belt_mm + distance_mm * direction[0], other.across_mm + distance_mm * direction[1])


def _sides(one: Footprint, other: Footprint) -> list[tuple[_Unit, float]]:
    """Directions in which two rectangles can lie apart, and how far their centres are then at least (mm)."""
    return [(axis, one.half_extent_mm(axis) + other.half_extent_mm(axis)) for axis in (*one.axes, *other.axes)]


def _apart_mm(sides: list[tuple[_Unit, float]], direction: _Unit) -> float:
    """How far from centre to centre along a direction two rectangles just touch."""
    towards = ((abs(axis[0] * direction[0] + axis[1] * direction[1]), reach_mm) for axis, reach_mm in sides)
    return min(reach_mm / share for share, reach_mm in towards if share > 1e-9)


def slid_off(item: Footprint, lying: Sequence[Footprint], belt_width_mm: float) -> Footprint | None:
    """The nearest place against one of those it fell upon where it lies free and on the belt; None if there is none."""
    half_mm = item.half_extent_mm((0.0, 1.0))
    places: list[tuple[float, float, float]] = []
    for other in lying:
        if not item.overlaps(other):
            continue
        away_rad = math.atan2(item.across_mm - other.across_mm, item.belt_mm - other.belt_mm)
        sides = _sides(item, other)
        for turn in range(_DIRECTIONS):
            angle_rad = away_rad + turn * 2.0 * math.pi / _DIRECTIONS
            direction = (math.cos(angle_rad), math.sin(angle_rad))
            apart_mm = 1.001 * _apart_mm(sides, direction)
            belt_mm = other.belt_mm + apart_mm * direction[0]
            across_mm = other.across_mm + apart_mm * direction[1]
            if abs(belt_mm - item.belt_mm) <= FURTHEST_SLIDE_MM and half_mm <= across_mm <= belt_width_mm - half_mm:
                places.append((math.hypot(belt_mm - item.belt_mm, across_mm - item.across_mm), belt_mm, across_mm))
    for _, belt_mm, across_mm in sorted(places):
        place = item.at(belt_mm, across_mm)
        if not any(place.overlaps(other) for other in lying):
            return place
    return None


def on_belt(item: Footprint, belt_width_mm: float) -> bool:
    """Whether it lies wholly between the edges."""
    half_mm = item.half_extent_mm((0.0, 1.0))
    return half_mm <= item.across_mm <= belt_width_mm - half_mm


def resting(item: Footprint, lying: Sequence[Footprint]) -> tuple[float, Rotation]:
    """How high its middle stands above a flat belt (mm), and how it leans, upon the highest of those below it.

    One edge upon that item, the other on the belt. The lean is a turn about a line in the belt, after the item's yaw.
    """
    below = [other for other in lying if item.overlaps(other)]
    if not below:
        return 0.0, AS_MADE
    highest = max(below, key=lambda other: other.height_mm)
    along, across = highest.belt_mm - item.belt_mm, highest.across_mm - item.across_mm
    distance_mm = math.hypot(along, across)
    if distance_mm < 1e-6:
        return highest.height_mm, AS_MADE
    towards = (along / distance_mm, across / distance_mm)
    lean_rad = min(STEEPEST_RAD, math.atan2(highest.height_mm, 2.0 * item.half_extent_mm(towards)))
    return 0.5 * highest.height_mm, _raised(towards, lean_rad)


def _raised(towards: _Unit, angle_rad: float) -> Rotation:
    """The turn that raises the side facing ``towards``: about (across, −along), Rodrigues."""
    along, across = towards
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    rows: tuple[Vector3, Vector3, Vector3] = (
        (cos * along * along + across * across, (cos - 1.0) * along * across, -sin * along),
        ((cos - 1.0) * along * across, cos * across * across + along * along, -sin * across),
        (sin * along, sin * across, cos),
    )
    return rows
