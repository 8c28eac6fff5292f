"""The frozen values that cross borders between departments.

Two clocks: ``belt_mm`` says where, ``*_ns`` (monotonic) says when. A place on the belt keeps its
``belt_mm`` for ever; it lies under a station at distance ``station_mm`` downstream of the camera's
upstream edge when the encoder reads ``belt_mm + station_mm``. ``across_mm`` runs from 0 at the belt's
edge to its useful width.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

ImageU8 = npt.NDArray[np.uint8]
ArrayF32 = npt.NDArray[np.float32]
ArrayF64 = npt.NDArray[np.float64]
ArrayI64 = npt.NDArray[np.int64]
ArrayBool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One exposure of the camera.

    ``image``: (height, width, 3) uint8, RGB. ``belt_mm``: encoder position at mid-exposure.
    """

    image: ImageU8
    belt_mm: float
    captured_ns: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldBlock:
    """A run of simultaneous readings of the whole magnetometer array.

    ``field_ut``: (samples, channels, 3) float32 in µT; x towards growing places
    on the belt (``belt_mm`` of a `Box`), that is against the travel; y towards growing ``across_mm``, z up.
    ``saturated``: (samples, channels) bool, true where any axis was clipped: evidence of a strong magnet. Of an array
    with two ranges it says that the finer one was clipped, and ``field_ut`` is the coarser one's there.
    NaN: that channel gave no reading.
    ``belt_mm``: (samples,) float64, encoder position of each sample. ``sampled_ns``: (samples,) int64.
    """

    field_ut: ArrayF32
    saturated: ArrayBool
    belt_mm: ArrayF64
    sampled_ns: ArrayI64
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSample:
    """The belt's position at one moment."""

    belt_mm: float
    counts: int
    sampled_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the belt, millimetres: ``belt_mm`` lo..hi along the travel, ``across_mm`` lo..hi."""

    belt_lo_mm: float
    belt_hi_mm: float
    across_lo_mm: float
    across_hi_mm: float

    @property
    def belt_mm(self) -> float:
        """Centre along the belt."""
        return 0.5 * (self.belt_lo_mm + self.belt_hi_mm)

    @property
    def across_mm(self) -> float:
        """Centre across the belt."""
        return 0.5 * (self.across_lo_mm + self.across_hi_mm)

    @property
    def area_mm2(self) -> float:
        """Area; 0 for an empty box."""
        return max(0.0, self.belt_hi_mm - self.belt_lo_mm) * max(0.0, self.across_hi_mm - self.across_lo_mm)

    def grown(self, *, along_mm: float = 0.0, across_mm: float = 0.0) -> Box:
        """The box and that much room on either side."""
        return Box(
            belt_lo_mm=self.belt_lo_mm - along_mm,
            belt_hi_mm=self.belt_hi_mm + along_mm,
            across_lo_mm=self.across_lo_mm - across_mm,
            across_hi_mm=self.across_hi_mm + across_mm,
        )

    def moved(self, along_mm: float) -> Box:
        """The same box that much farther along the belt."""
        if along_mm == 0.0:
            return self
        return Box(
            belt_lo_mm=self.belt_lo_mm + along_mm,
            belt_hi_mm=self.belt_hi_mm + along_mm,
            across_lo_mm=self.across_lo_mm,
            across_hi_mm=self.across_hi_mm,
        )

    def overlap_mm2(self, other: Box) -> float:
        """Area shared with ``other``."""
        along = min(self.belt_hi_mm, other.belt_hi_mm) - max(self.belt_lo_mm, other.belt_lo_mm)
        across = min(self.across_hi_mm, other.across_hi_mm) - max(self.across_lo_mm, other.across_lo_mm)
        return max(0.0, along) * max(0.0, across)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.overlap_mm2(other)
        union = self.area_mm2 + other.area_mm2 - shared
        return shared / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A group of neighbouring nozzles, blowing between two belt positions.

    ``open_mm``/``close_mm`` are encoder readings between which the *jet* shall blow; whoever executes the shot
    leads it by the valves' lag at the speed of that moment. Nozzles ``first_nozzle``..``last_nozzle`` inclusive.
    ``heavy``: for the line's diverter of what is too heavy for air; its lanes are the nozzles then, and between the
    positions they stand out.
    """

    shot_id: int
    track_id: int
    first_nozzle: int
    last_nozzle: int
    open_mm: float
    close_mm: float
    heavy: bool = False


class ShotOutcome(StrEnum):
    """What the diverter says of a shot handed to it."""

    ACCEPTED = "accepted"
    LATE = "late"
    REFUSED = "refused"


class Verdict(StrEnum):
    """What the line made of an item. Of the first three a shot was wanted, of the last two it was not."""

    FIRED = "fired"
    LATE = "late"  # it could no longer be met, and was never fired
    REFUSED = "refused"  # it was not to be had for another cause
    FORBIDDEN = "forbidden"  # the item may be of a kind never to be fired at
    PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the line decided about one item, once, and why.

    ``reason`` is empty when a shot was fired, else it says in a few words why not. ``latency_ms``: from the last
    input of the deciding window to the shot scheduled (or the item passed). ``distance_mm``: belt travelled from the
    item's trailing edge passing the last sensor to that moment. ``shot``: as planned, whether the diverter took it or
    not.
    """

    track_id: int
    box: Box
    kind: str
    p_ndfeb: float
    magnet_g: float
    magnet_g_sigma: float
    verdict: Verdict
    reason: str
    latency_ms: float
    distance_mm: float
    decided_ns: int
    shot: Shot | None = None

    @property
    def fired(self) -> bool:
        """Whether the diverter has taken the shot."""
        return self.verdict is Verdict.FIRED

    @property
    def late(self) -> bool:
        """Whether the shot came too late to be fired."""
        return self.verdict is Verdict.LATE

    @property
    def aimed(self) -> bool:
        """Whether a shot was wanted, had or not."""
        return self.verdict in (Verdict.FIRED, Verdict.LATE, Verdict.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTruth:
    """What the simulated world knows of an item. ``box`` bounds what the camera can see of its body.

    ``magnetised``: a piece of steel in it holds a moment of its own; None where that was not written down.
    """

    item_id: int
    model: str
    kind: str
    bears_ndfeb: bool
    magnet_g: float
    mass_g: float
    box: Box
    visible_fraction: float
    magnetised: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where an item ended. ``shot_ids``: shots whose jets or flaps met it squarely, not those that grazed it."""

    item_id: int
    place: Literal["product", "rest"]
    landed_ns: int
    impulse_ns: float
    shot_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """A device's own account of itself. ``detail`` is one sentence for a technician, empty when ``ok``.

    ``valves_dead``, ``valves_open``: of a diverter that can tell, those that do not blow, those that do not shut.
    """

    name: str
    ok: bool
    detail: str = ""
    valves_dead: tuple[int, ...] = ()
    valves_open: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterlockState:
    """The safety circuit as read: shots are permitted only when ``closed`` (nobody has opened it)."""

    closed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantState:
    """What the plant around the line says. ``air_share``: of the jets' rated pressure that there is, None: not told."""

    chute_full: bool = False
    belt_jammed: bool = False
    air_share: float | None = None
