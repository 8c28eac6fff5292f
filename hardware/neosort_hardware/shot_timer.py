"""Which valves are to be open at this moment: shots held and re-timed against the belt. Pure: no clock, no device."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from neosort_hardware.belt_fit import BeltFit
from neosort_hardware.types import Shot, ShotOutcome
from neosort_hardware.valve_leads import ValveLeads

MOST_PENDING = 1024
NO_VALVES: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotLimits:
    """What a bank of jets is held to. ``leads``: how long before its jet each valve is told.

    ``late_ms``: an opening that comes later than this is not executed at all.
    """

    nozzles: int
    leads: ValveLeads
    max_on_ms: float
    heartbeat_ms: float
    late_ms: float = 2.0


@dataclass(slots=True, kw_only=True)
class ShotCounts:
    """What became of the shots. ``late``: refused when handed over; ``missed``: taken, but its moment passed unheard,
    for one of its valves at least.

    ``cut``: jets closed by the longest on-time before their shot was over.
    """

    fired: int = 0
    late: int = 0
    missed: int = 0
    cut: int = 0


@dataclass(slots=True)
class _Held:
    """A shot, and how far it has got. ``lead_ns``: of the valve that is told first; ``waiting``: valves that are still
    to open; ``limit_ns``: when each open one closes, come what may."""

    shot: Shot
    lead_ns: int
    waiting: set[int]
    limit_ns: dict[int, int] = field(default_factory=dict)
    missed: bool = False
    cut: bool = False


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
        self._leads = limits.leads
        self._longest_lead_ns = limits.leads.longest_open_ns
        self._late_ns = round(limits.late_ms * 1e6)
        self._longest_ns = round(limits.max_on_ms * 1e6)
        self._pending: list[_Held] = []
        self._begun: list[_Held] = []
        self._bank = _Bank()

    @property
    def pending(self) -> int:
        """Shots that wait for their opening."""
        return len(self._pending)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is open."""
        return not self._pending and not self._begun

    def schedule(self, shot: Shot, belt: BeltFit | None, now_ns: int) -> ShotOutcome:
        """Take a shot whose opening can still be met. Refused: no such nozzles, no span, no belt, no room."""
        whole = 0 <= shot.first_nozzle <= shot.last_nozzle < self._limits.nozzles and shot.close_mm > shot.open_mm
        if not whole or belt is None or len(self._pending) >= MOST_PENDING:
            return ShotOutcome.REFUSED
        lead_ns = self._leads.first_lead_ns(shot.first_nozzle, shot.last_nozzle)
        jet_ns = belt.time_ns_at(shot.open_mm)
        # A belt that stands may stand beyond the opening already.
        if jet_ns - lead_ns < now_ns if jet_ns is not None else belt.belt_mm_at(now_ns) >= shot.open_mm:
            self.counts.late += 1
            return ShotOutcome.LATE
        held = _Held(shot, lead_ns, set(range(shot.first_nozzle, shot.last_nozzle + 1)))
        insort(self._pending, held, key=_opening_mm)
        return ShotOutcome.ACCEPTED

    def lose_belt(self) -> None:
        """The places of the shots mean nothing any more: none of them is fired."""
        self.counts.missed += len(self._pending) + sum(bool(held.waiting) for held in self._begun)
        self.close_all()

    def close_all(self) -> None:
        """Forget every shot, and shut every valve with it."""
        self._pending.clear()
        self._begun.clear()
        self._bank = _Bank()

    def valves(self, belt: BeltFit | None, now_ns: int) -> frozenset[int]:
        """The valves that are to be open now. Without a belt to go by there are none; what waits goes on waiting."""
        if self.idle:
            return NO_VALVES
        if belt is None:
            self.counts.cut += len(self._begun)
            self._begun.clear()
            self._bank = _Bank()
            return NO_VALVES
        self._begin_due(belt, now_ns)
        for held in self._begun:
            self._open_due(held, belt, now_ns)
            self._close_due(held, belt, now_ns)
        self._begun = [held for held in self._begun if held.waiting or held.limit_ns]
        return self._within_on_time(now_ns)

    def next_ns(self, belt: BeltFit | None) -> int | None:
        """When, as the belt goes now, `valves` will next have another answer; None while nothing is to come."""
        if belt is None:
            return None
        times = self._first_begins_ns(belt)
        for held in self._begun:
            jet_ns = belt.time_ns_at(held.shot.open_mm) if held.waiting else None
            if jet_ns is not None:
                times.append(min(self._leads.told_open_ns(valve, jet_ns) for valve in held.waiting))
            end_ns = belt.time_ns_at(held.shot.close_mm)
            times += [self._closing_ns(valve, limit_ns, end_ns) for valve, limit_ns in held.limit_ns.items()]
        times += [since_ns + self._longest_ns for since_ns in self._bank.since_ns.values()]
        return min(times, default=None)

    def _first_begins_ns(self, belt: BeltFit) -> list[int]:
        """When waiting shots begin, as far as one of them may be the first: a slow valve may overtake a quick one."""
        times: list[int] = []
        for held in self._pending:
            jet_ns = belt.time_ns_at(held.shot.open_mm)
            if jet_ns is None or (times and jet_ns - self._longest_lead_ns >= min(times)):
                break
            times.append(jet_ns - held.lead_ns)
        return times

    def _begin_due(self, belt: BeltFit, now_ns: int) -> None:
        """Take up the shots whose first valve is due. Behind a place that no valve leads as far as now, none is."""
        still: list[_Held] = []
        for number, held in enumerate(self._pending):
            jet_ns = belt.time_ns_at(held.shot.open_mm)
            if jet_ns is None:
                ahead = belt.belt_mm_at(now_ns) < held.shot.open_mm
            else:
                ahead = jet_ns - self._longest_lead_ns > now_ns
            if ahead:
                if number > len(still):
                    self._pending = still + self._pending[number:]
                return
            if jet_ns is None:
                self.counts.missed += 1
            elif jet_ns - held.lead_ns > now_ns:
                still.append(held)
            else:
                self._begun.append(held)
        self._pending = still

    def _open_due(self, held: _Held, belt: BeltFit, now_ns: int) -> None:
        """Each valve in its own time; one whose moment has passed unheard stays shut."""
        if not held.waiting:
            return
        jet_ns = belt.time_ns_at(held.shot.open_mm)
        for valve in tuple(held.waiting):
            late_ns = self._late_ns + 1 if jet_ns is None else now_ns - self._leads.told_open_ns(valve, jet_ns)
            if late_ns < 0:
                continue
            held.waiting.remove(valve)
            if late_ns > self._late_ns:
                held.missed = True
            else:
                held.limit_ns[valve] = now_ns + self._longest_ns
        if not held.waiting:
            self.counts.missed += held.missed
            self.counts.fired += not held.missed

    def _close_due(self, held: _Held, belt: BeltFit, now_ns: int) -> None:
        end_ns = belt.time_ns_at(held.shot.close_mm)
        for valve, limit_ns in tuple(held.limit_ns.items()):
            closing_ns = self._closing_ns(valve, limit_ns, end_ns)
            if now_ns >= closing_ns:
                del held.limit_ns[valve]
                self.counts.cut += closing_ns == limit_ns and not held.cut
                held.cut |= closing_ns == limit_ns

    def _closing_ns(self, valve: int, limit_ns: int, end_ns: int | None) -> int:
        return limit_ns if end_ns is None else min(limit_ns, self._leads.told_close_ns(valve, end_ns))

    def _within_on_time(self, now_ns: int) -> frozenset[int]:
        """Valves of the open shots, less those that shots one upon another would hold open for too long."""
        wanted = {valve for held in self._begun for valve in held.limit_ns}
        bank = self._bank
        bank.spent &= wanted
        worn = {n for n, since_ns in bank.since_ns.items() if n in wanted and now_ns - since_ns >= self._longest_ns}
        self.counts.cut += len(worn)
        bank.spent |= worn
        allowed = wanted - bank.spent
        bank.since_ns = {n: bank.since_ns.get(n, now_ns) for n in allowed}
        return frozenset(allowed)


def _opening_mm(held: _Held) -> float:
    return held.shot.open_mm
