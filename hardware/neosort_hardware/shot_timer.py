"""Which valves are to be open at this moment: shots held and re-timed against the belt. Pure: no clock, no device."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from neosort_hardware.belt_fit import BeltFit
from neosort_hardware.types import Shot, ShotOutcome

MOST_PENDING = 1024
NO_VALVES: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotLimits:
    """What a bank of jets is held to. Leads: how long before the jet a valve is told, lag of valve and jet together.

    ``late_ms``: an opening that comes later than this is not executed at all.
    """

    nozzles: int
    open_lead_ms: float
    close_lead_ms: float
    max_on_ms: float
    heartbeat_ms: float
    late_ms: float = 2.0


@dataclass(slots=True, kw_only=True)
class ShotCounts:
    """What became of the shots. ``late``: refused when handed over; ``missed``: taken, but its moment passed unheard.

    ``cut``: jets closed by the longest on-time before their shot was over.
    """

    fired: int = 0
    late: int = 0
    missed: int = 0
    cut: int = 0


@dataclass(slots=True)
class _Open:
    """A shot whose valves are open. ``limit_ns``: when they close, come what may."""

    shot: Shot
    limit_ns: int


@dataclass(slots=True)
class _Bank:
    """Since when each valve has been open, and which may not open until their shots are over."""

    since_ns: dict[int, int] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)


class ShotTimer:
    """Holds shots and says which valves are open now. All times are monotonic nanoseconds.

    Nothing is decided for good before its moment: every question takes the belt as it is known by then.
    """

    def __init__(self, limits: ShotLimits) -> None:
        self.counts = ShotCounts()
        self._limits = limits
        self._open_lead_ns = round(limits.open_lead_ms * 1e6)
        self._close_lead_ns = round(limits.close_lead_ms * 1e6)
        self._late_ns = round(limits.late_ms * 1e6)
        self._longest_ns = round(limits.max_on_ms * 1e6)
        self._pending: list[Shot] = []
        self._open: list[_Open] = []
        self._bank = _Bank()

    @property
    def pending(self) -> int:
        """Shots that wait for their opening."""
        return len(self._pending)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is open."""
        return not self._pending and not self._open

    def schedule(self, shot: Shot, belt: BeltFit | None, now_ns: int) -> ShotOutcome:
        """Take a shot whose opening can still be met. Refused: no such nozzles, no span, no belt, no room."""
        whole = 0 <= shot.first_nozzle <= shot.last_nozzle < self._limits.nozzles and shot.close_mm > shot.open_mm
        if not whole or belt is None or len(self._pending) >= MOST_PENDING:
            return ShotOutcome.REFUSED
        open_ns = self._opening_ns(shot, belt)
        # A belt that stands may stand beyond the opening already.
        if open_ns < now_ns if open_ns is not None else belt.belt_mm_at(now_ns) >= shot.open_mm:
            self.counts.late += 1
            return ShotOutcome.LATE
        insort(self._pending, shot, key=_opening_mm)
        return ShotOutcome.ACCEPTED

    def lose_belt(self) -> None:
        """The places of the shots mean nothing any more: none of them is fired."""
        self.counts.missed += len(self._pending)
        self.close_all()

    def close_all(self) -> None:
        """Forget every shot, and shut every valve with it."""
        self._pending.clear()
        self._open.clear()
        self._bank = _Bank()

    def valves(self, belt: BeltFit | None, now_ns: int) -> frozenset[int]:
        """The valves that are to be open now. Without a belt to go by there are none; what waits goes on waiting."""
        if self.idle:
            return NO_VALVES
        if belt is None:
            self.counts.cut += len(self._open)
            self._open.clear()
            self._bank = _Bank()
            return NO_VALVES
        self._open_due(belt, now_ns)
        self._open = [held for held in self._open if not self._over(held, belt, now_ns)]
        return self._within_on_time(now_ns)

    def next_ns(self, belt: BeltFit | None) -> int | None:
        """When, as the belt goes now, `valves` will next have another answer; None while nothing is to come."""
        if belt is None:
            return None
        opening_ns = self._opening_ns(self._pending[0], belt) if self._pending else None
        times = [] if opening_ns is None else [opening_ns]
        times += [self._closing_ns(held, belt) for held in self._open]
        times += [since_ns + self._longest_ns for since_ns in self._bank.since_ns.values()]
        return min(times, default=None)

    def _opening_ns(self, shot: Shot, belt: BeltFit) -> int | None:
        jet_ns = belt.time_ns_at(shot.open_mm)
        return None if jet_ns is None else jet_ns - self._open_lead_ns

    def _closing_ns(self, held: _Open, belt: BeltFit) -> int:
        jet_ns = belt.time_ns_at(held.shot.close_mm)
        return held.limit_ns if jet_ns is None else min(held.limit_ns, jet_ns - self._close_lead_ns)

    def _over(self, held: _Open, belt: BeltFit, now_ns: int) -> bool:
        closing_ns = self._closing_ns(held, belt)
        if now_ns < closing_ns:
            return False
        self.counts.cut += closing_ns == held.limit_ns
        return True

    def _open_due(self, belt: BeltFit, now_ns: int) -> None:
        """The shots of the places that have come, in the belt's order: behind the first that has not, none has."""
        while self._pending:
            shot = self._pending[0]
            open_ns = self._opening_ns(shot, belt)
            if open_ns > now_ns if open_ns is not None else belt.belt_mm_at(now_ns) < shot.open_mm:
                return
            del self._pending[0]
            if open_ns is None or now_ns - open_ns > self._late_ns:
                self.counts.missed += 1
            else:
                self.counts.fired += 1
                self._open.append(_Open(shot, now_ns + self._longest_ns))

    def _within_on_time(self, now_ns: int) -> frozenset[int]:
        """Valves of the open shots, less those that shots one upon another would hold open for too long."""
        wanted = {n for held in self._open for n in range(held.shot.first_nozzle, held.shot.last_nozzle + 1)}
        bank = self._bank
        bank.spent &= wanted
        worn = {n for n, since_ns in bank.since_ns.items() if n in wanted and now_ns - since_ns >= self._longest_ns}
        self.counts.cut += len(worn)
        bank.spent |= worn
        allowed = wanted - bank.spent
        bank.since_ns = {n: bank.since_ns.get(n, now_ns) for n in allowed}
        return frozenset(allowed)


def _opening_mm(shot: Shot) -> float:
    return shot.open_mm
