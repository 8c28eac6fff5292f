"""Which faults of the simulated line are on, and what those of the array and the encoder make of a true value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from neosort_hardware.faults import Axis, Fault, FaultName
from neosort_hardware.types import ArrayBool, ArrayF32, ArrayF64

RAIL_UT = 40_000.0  # a: where a front end that is broken stands

_AXES: dict[Axis | None, slice] = {None: slice(None), "x": slice(0, 1), "y": slice(1, 2), "z": slice(2, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """From ``true_mm`` of belt travel on the encoder shows ``shown_mm``, and counts on (1), not (0), or down (-1)."""

    true_mm: float
    shown_mm: float
    rate: int


class ShownTravel:
    """The belt's travel as the encoder shows it: the true one, until the count jumps or stops.

    ``scale``: shown millimetres per true one, not 1 where the line takes a count for more or less belt than it is.
    """

    def __init__(self, zero_mm: float = 0.0, scale: float = 1.0) -> None:
        self._scale = scale
        self._stretches = [_Stretch(true_mm=0.0, shown_mm=zero_mm, rate=1)]
        self.changes = 0

    def shown_mm(self, true_mm: float) -> float:
        """What the encoder shows at a true place of the belt."""
        starts = [stretch.true_mm for stretch in self._stretches]
        stretch = self._stretches[max(0, bisect_right(starts, true_mm) - 1)]
        return stretch.shown_mm + self._scale * stretch.rate * (true_mm - stretch.true_mm)

    def all_shown_mm(self, true_mm: ArrayF64) -> ArrayF64:
        """The same for places (n,)."""
        if len(self._stretches) == 1:
            return self._scale * true_mm + self._stretches[0].shown_mm
        return np.array([self.shown_mm(float(place)) for place in true_mm])

    def true_mm(self, shown_mm: float) -> float | None:
        """Where the belt truly is when the encoder shows that much; None where it never will.

        A place that a jump has left out is where the jump happened.
        """
        end_mm = np.inf
        for stretch in reversed(self._stretches):
            if stretch.rate < 0:
                fallen_mm = (stretch.shown_mm - shown_mm) / self._scale
                if fallen_mm >= 0 and stretch.true_mm + fallen_mm <= end_mm:
                    return stretch.true_mm + fallen_mm
                if end_mm == np.inf:
                    return None
                end_mm = stretch.true_mm
                continue
            ahead_mm = (shown_mm - stretch.shown_mm) / self._scale
            if ahead_mm >= 0 and stretch.true_mm + ahead_mm <= end_mm and (stretch.rate > 0 or ahead_mm == 0):
                return stretch.true_mm + ahead_mm
            if ahead_mm >= 0:
                return end_mm if np.isfinite(end_mm) else None
            end_mm = stretch.true_mm
        return shown_mm

    def jump(self, true_mm: float, by_mm: float) -> None:
        """From that true place on the count is that much off."""
        self._begin(true_mm, self.shown_mm(true_mm) + by_mm, self._stretches[-1].rate)

    def stop(self, true_mm: float) -> None:
        """From that true place on it stands still."""
        self._begin(true_mm, self.shown_mm(true_mm), 0)

    def turn_back(self, true_mm: float) -> None:
        """From that true place on it counts down."""
        self._begin(true_mm, self.shown_mm(true_mm), -1)

    def go_on(self, true_mm: float) -> None:
        """From that true place on it counts again; what it has missed stays missed."""
        self._begin(true_mm, self.shown_mm(true_mm), 1)

    def _begin(self, true_mm: float, shown_mm: float, rate: int) -> None:
        self._stretches.append(_Stretch(true_mm=true_mm, shown_mm=shown_mm, rate=rate))
        self.changes += 1


class FaultBoard:
    """The switches. Devices look here; whoever injects faults sets them. ``travel``: the belt as the encoder has it."""

    def __init__(self, faults: Iterable[Fault] = (), zero_mm: float = 0.0, scale: float = 1.0) -> None:
        self.travel = ShownTravel(zero_mm, scale)
        self._on: list[Fault] = []
        for fault in faults:
            self.switch_on(fault, 0.0)

    def active(self) -> tuple[Fault, ...]:
        """Faults that are on, in the order of their coming."""
        return tuple(self._on)

    def switch_on(self, fault: Fault, true_mm: float) -> None:
        """Switch a fault on, the belt being there; one that is on stays so, but a count may jump again."""
        if fault.fault == "encoder.jumped" and fault.by_mm is not None:
            self.travel.jump(true_mm, fault.by_mm)
        elif fault.fault == "encoder.stopped" and not self.is_on("encoder.stopped"):
            self.travel.stop(true_mm)
        elif fault.fault == "encoder.reversed" and not self.is_on("encoder.reversed"):
            self.travel.turn_back(true_mm)
        if fault not in self._on:
            self._on.append(fault)

    def switch_off(self, unwanted: Iterable[Fault], true_mm: float) -> None:
        """Switch faults off, the belt being there. What an encoder has missed or jumped over stays so."""
        gone = list(unwanted)
        if any(fault.fault in ("encoder.stopped", "encoder.reversed") for fault in gone):
            self.travel.go_on(true_mm)
        self._on = [fault for fault in self._on if fault not in gone]

    def named(self, name: FaultName) -> tuple[Fault, ...]:
        """Those of one name that are on."""
        return tuple(fault for fault in self._on if fault.fault == name)

    def is_on(self, name: FaultName) -> bool:
        """Whether any of that name is on."""
        return any(fault.fault == name for fault in self._on)


class FaultyArray:
    """What broken channels make of readings."""

    def __init__(self, board: FaultBoard) -> None:
        self._board = board
        self._latest: ArrayF32 | None = None
        self._held: dict[Fault, ArrayF32] = {}

    def readings(self, field_ut: ArrayF32, saturated: ArrayBool) -> tuple[ArrayF32, ArrayBool]:
        """Readings (T, channels, 3) and flags (T, channels) of an array with the faults that are on now.

        A dead channel reads NaN, a stuck one what it read last, a saturated one its limit, a flipped one minus the
        field; swapped channels read each other's.
        """
        true_ut = field_ut
        faults = self._board.active()
        if any(fault.channel is not None for fault in faults):
            field_ut, saturated = field_ut.copy(), saturated.copy()
            self._spoil(field_ut, saturated)
        self._held = {fault: held for fault, held in self._held.items() if fault in faults}
        if len(true_ut):
            self._latest = true_ut[-1]
        return field_ut, saturated

    def _spoil(self, field_ut: ArrayF32, saturated: ArrayBool) -> None:
        for fault in self._board.named("magnetometer.stuck"):
            held = self._held.setdefault(fault, (field_ut[0] if self._latest is None else self._latest)[fault.channel])
            field_ut[:, fault.channel, _AXES[fault.axis]] = held[_AXES[fault.axis]]
            if fault.axis is None:
                saturated[:, fault.channel] = False
        for fault in self._board.named("magnetometer.flipped"):
            field_ut[:, fault.channel, _AXES[fault.axis]] *= -1.0
        for fault in self._board.named("magnetometer.saturated"):
            field_ut[:, fault.channel] = RAIL_UT
            saturated[:, fault.channel] = True
        for fault in self._board.named("magnetometer.dead"):
            field_ut[:, fault.channel] = np.nan
            saturated[:, fault.channel] = False
        for fault in self._board.named("magnetometer.swapped"):
            pair = [channel for channel in (fault.channel, fault.other) if channel is not None]
            field_ut[:, pair] = field_ut[:, pair[::-1]]
            saturated[:, pair] = saturated[:, pair[::-1]]
