"""Where the milliseconds of a window go: the parts of its way, timed one by one as the line runs.

A timer costs about a microsecond, so that it stays on for ever.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields


class Stage:
    """One part of the way; entered and left like a room. Not to be entered twice at once."""

    __slots__ = ("_began_ns", "passes", "spent_ns")

    def __init__(self) -> None:
        self.spent_ns = 0
        self.passes = 0
        self._began_ns = 0

    def __enter__(self) -> None:
        self._began_ns = time.perf_counter_ns()

    def __exit__(self, *_error: object) -> None:
        self.spent_ns += time.perf_counter_ns() - self._began_ns
        self.passes += 1


@dataclass(frozen=True, slots=True)
class Stages:
    """The parts, in the order in which a window meets them.

    ``watch``: looking for faults, in every turn, frame and block.
    ``rectify``: a frame laid on the belt's millimetres. ``field``: samples taken in. ``grid``: the field gridded beside
    the picture. ``detect``: the network, and its boxes made items of. ``network``: the network alone, a part of
    ``detect``. ``track``: overlapping windows merged. ``decide``: recipe, shot, and its handing over.
    ``tell``: counters, recording, page.
    """

    watch: Stage
    rectify: Stage
    field: Stage
    grid: Stage
    detect: Stage
    network: Stage
    track: Stage
    decide: Stage
    tell: Stage

    @classmethod
    def at_zero(cls) -> Stages:
        """Nothing spent yet."""
        return cls(*(Stage() for _ in fields(cls)))

    def spent_ns(self) -> int:
        """Nanoseconds spent so far on the whole way."""
        parts = (self.watch, self.rectify, self.field, self.grid, self.detect, self.track, self.decide, self.tell)
        return sum(part.spent_ns for part in parts)

    def spent_ms(self) -> dict[str, float]:
        """Milliseconds spent so far, by part; ``detect`` without the network, so that they add up."""
        spent = {part.name: getattr(self, part.name).spent_ns * 1e-6 for part in fields(self)}
        return spent | {"detect": spent["detect"] - spent["network"]}
