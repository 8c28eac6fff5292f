"""How long before its jet each valve is told: the one place that turns a jet's moment into that of its valve's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class ValveLeads:
    """Lag of valve and jet together (ns), one a valve: no two valves are alike, and a jet is meant for a place."""

    open_ns: tuple[int, ...]
    close_ns: tuple[int, ...]

    @classmethod
    def of(cls, open_ms: Sequence[float], close_ms: Sequence[float]) -> Self:
        """By milliseconds, one a valve."""
        return cls(open_ns=_whole_ns(open_ms), close_ns=_whole_ns(close_ms))

    @classmethod
    def alike(cls, valves: int, open_ms: float, close_ms: float) -> Self:
        """All valves led by as much."""
        return cls.of((open_ms,) * valves, (close_ms,) * valves)

    @property
    def all_alike(self) -> bool:
        """Whether one lead does for all."""
        return len(set(self.open_ns)) == 1 and len(set(self.close_ns)) == 1

    @property
    def mean_ms(self) -> tuple[float, float]:
        """To open and to close, for what knows one lead only."""
        return 1e-6 * sum(self.open_ns) / len(self.open_ns), 1e-6 * sum(self.close_ns) / len(self.close_ns)

    @property
    def longest_open_ns(self) -> int:
        """Of all valves: nothing has to be done for a shot before."""
        return max(self.open_ns)

    def first_lead_ns(self, first_valve: int, last_valve: int) -> int:
        """Of the valve of a shot that has to be told first."""
        return max(self.open_ns[first_valve : last_valve + 1])

    def told_open_ns(self, valve: int, jet_ns: int) -> int:
        """When a valve is told to open, so that its jet begins at a time."""
        return jet_ns - self.open_ns[valve]

    def told_close_ns(self, valve: int, jet_ns: int) -> int:
        """When a valve is told to close, so that its jet ends at a time."""
        return jet_ns - self.close_ns[valve]


def _whole_ns(leads_ms: Sequence[float]) -> tuple[int, ...]:
    return tuple(round(lead_ms * 1e6) for lead_ms in leads_ms)
