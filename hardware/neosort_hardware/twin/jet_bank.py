"""The simulated controller of the air jets: holds shots, opens valves at belt positions, shuts them in time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from neosort_hardware.config import Calibration, DiverterConfig
from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.motion import Motion
from neosort_hardware.twin.pneumatics import Jet, Valves
from neosort_hardware.types import Shot, ShotOutcome

KEEP_JETS_NS = 4_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """A shot to come; ``open_ns`` None while the encoder stands still short of it."""

    open_ns: int | None
    close_ns: int
    shot: Shot


class JetBank:
    """Counts the belt by itself: a shot is executed at its positions however late the host's thread runs.

    It goes by the encoder, right or wrong; ``board``: what is wrong with that, and with its valves.
    """

    def __init__(
        self,
        config: DiverterConfig,
        calibration: Calibration,
        motion: Motion,
        valves: Valves,
        board: FaultBoard | None = None,
    ) -> None:
        self._config = config
        self._motion = motion
        self._valves = valves
        self._board = FaultBoard() if board is None else board
        self._open_lead_s = (calibration.valve_open_lag_ms + calibration.jet_lag_ms) * 1e-3
        self._close_lead_s = (calibration.valve_close_lag_ms + calibration.jet_lag_ms) * 1e-3
        self._pending: list[_Pending] = []
        self._travel_changes = 0
        self._last_heartbeat_ns = motion.start_ns
        self.jets: deque[Jet] = deque()
        self.silent_host = False

    def blowing(self, now_ns: int) -> tuple[Jet, ...]:
        """Every jet of the last seconds, with those that nobody asked for: of valves that do not close."""
        stuck = self._board.named("diverter.valve_open")
        start_ns = self._motion.start_ns
        unasked = (
            Jet(nozzle=f.valve, shot_id=None, on_ns=start_ns, off_ns=now_ns) for f in stuck if f.valve is not None
        )
        return (*self.jets, *unasked)

    def schedule(self, shot: Shot, now_ns: int) -> ShotOutcome:
        """Take a shot whose opening can still be met, leading each stroke by the lag at the belt's speed."""
        if shot.first_nozzle < 0 or shot.last_nozzle >= self._config.nozzles or shot.close_mm <= shot.open_mm:
            return ShotOutcome.REFUSED
        pending = self._timed(shot)
        if pending.open_ns is not None and pending.open_ns < now_ns:
            return ShotOutcome.LATE
        self._pending.append(pending)
        return ShotOutcome.ACCEPTED

    def heartbeat(self, now_ns: int) -> None:
        """The host lives."""
        self._last_heartbeat_ns = now_ns
        self.silent_host = False

    def advance(self, now_ns: int) -> None:
        """Execute what has come due, and watch over the host."""
        limit_ns = self._last_heartbeat_ns + round(self._config.heartbeat_ms * 1e6)
        if now_ns > limit_ns and not self.silent_host:
            self._execute(limit_ns)
            self.close_all(limit_ns)
            self.silent_host = True
        self._execute(now_ns)
        while self.jets and self.jets[0].off_ns < now_ns - KEEP_JETS_NS:
            self.jets.popleft()

    def close_all(self, now_ns: int) -> None:
        """Forget pending shots; valves that stand open close now, after their lag."""
        self._pending.clear()
        close_ns = now_ns + round(self._close_lead_s * 1e9)
        self.jets = deque(replace(jet, off_ns=max(jet.on_ns, min(jet.off_ns, close_ns))) for jet in self.jets)

    def _execute(self, now_ns: int) -> None:
        if self._board.travel.changes != self._travel_changes:
            self._travel_changes = self._board.travel.changes
            self._pending = [self._timed(pending.shot) for pending in self._pending]
        due = [pending for pending in self._pending if pending.open_ns is not None and pending.open_ns <= now_ns]
        if not due:
            return
        self._pending = [pending for pending in self._pending if pending not in due]
        dead = {fault.valve for fault in self._board.named("diverter.valve_closed")}
        for pending in sorted(due, key=lambda pending: pending.open_ns or 0):
            shot, open_ns = pending.shot, pending.open_ns or 0
            for nozzle in range(shot.first_nozzle, shot.last_nozzle + 1):
                jet = self._valves.stroke(nozzle, shot.shot_id, open_ns, pending.close_ns)
                if nozzle not in dead:
                    self.jets.append(jet)

    def _timed(self, shot: Shot) -> _Pending:
        """When a shot is to open and close, as the encoder goes now."""
        open_ns = self._time_ns(shot.open_mm, self._open_lead_s)
        close_ns = self._time_ns(shot.close_mm, self._close_lead_s)
        first_ns = 0 if open_ns is None else open_ns
        longest_ns = first_ns + round(self._config.max_on_ms * 1e6)
        close_ns = longest_ns if close_ns is None else min(max(close_ns, first_ns), longest_ns)
        return _Pending(open_ns=open_ns, close_ns=close_ns, shot=shot)

    def _time_ns(self, shown_mm: float, lead_s: float) -> int | None:
        """A lead before the encoder shows a position; None where it never will."""
        true_mm = self._board.travel.true_mm(shown_mm)
        return None if true_mm is None else self._motion.time_ns_at(true_mm) - round(lead_s * 1e9)
