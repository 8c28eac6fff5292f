"""The simulated controller of the air jets: holds shots, opens valves at belt positions, shuts them in time."""

from __future__ import annotations

from collections import deque

from neosort_hardware.config import Calibration, DiverterConfig
from neosort_hardware.twin.motion import BeltMotion
from neosort_hardware.twin.pneumatics import Jet, Valves
from neosort_hardware.types import Shot, ShotOutcome

KEEP_JETS_NS = 4_000_000_000


class JetBank:
    """Counts the belt by itself: a shot is executed at its positions however late the host's thread runs."""

    def __init__(self, config: DiverterConfig, calibration: Calibration, motion: BeltMotion, valves: Valves) -> None:
        self._config = config
        self._motion = motion
        self._valves = valves
        self._open_lead_s = (calibration.valve_open_lag_ms + calibration.jet_lag_ms) * 1e-3
        self._close_lead_s = (calibration.valve_close_lag_ms + calibration.jet_lag_ms) * 1e-3
        self._pending: list[tuple[int, int, Shot]] = []
        self._last_heartbeat_ns = motion.start_ns
        self.jets: deque[Jet] = deque()
        self.silent_host = False

    def schedule(self, shot: Shot, now_ns: int) -> ShotOutcome:
        """Take a shot whose opening can still be met, leading each stroke by the lag at the belt's speed."""
        if shot.first_nozzle < 0 or shot.last_nozzle >= self._config.nozzles or shot.close_mm <= shot.open_mm:
            return ShotOutcome.REFUSED
        open_ns = self._motion.time_ns_at(shot.open_mm) - round(self._open_lead_s * 1e9)
        if open_ns < now_ns:
            return ShotOutcome.LATE
        close_ns = self._motion.time_ns_at(shot.close_mm) - round(self._close_lead_s * 1e9)
        close_ns = min(max(close_ns, open_ns), open_ns + round(self._config.max_on_ms * 1e6))
        self._pending.append((open_ns, close_ns, shot))
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
        self.jets = deque(
            Jet(
                nozzle=jet.nozzle,
                shot_id=jet.shot_id,
                on_ns=jet.on_ns,
                off_ns=max(jet.on_ns, min(jet.off_ns, close_ns)),
            )
            for jet in self.jets
        )

    def _execute(self, now_ns: int) -> None:
        due = [entry for entry in self._pending if entry[0] <= now_ns]
        if not due:
            return
        self._pending = [entry for entry in self._pending if entry[0] > now_ns]
        for open_ns, close_ns, shot in sorted(due, key=lambda entry: entry[0]):
            for nozzle in range(shot.first_nozzle, shot.last_nozzle + 1):
                self.jets.append(self._valves.stroke(nozzle, shot.shot_id, open_ns, close_ns))
