"""The simulated controller of the air jets: opens valves at belt positions, shuts them in time."""

from __future__ import annotations

from dataclasses import replace

from neosort_hardware.config import DiverterConfig
from neosort_hardware.settings_calibration import Calibration
from neosort_hardware.twin.fault_board import FaultBoard
from neosort_hardware.twin.motion import Motion
from neosort_hardware.twin.pneumatics import Jet, Valves
from neosort_hardware.twin.shot_bank import Limits, Pending, ShotBank, Told
from neosort_hardware.types import Shot


class JetBank(ShotBank[Jet]):
    """Strokes are jets, from valves each a little different."""

    def __init__(
        self,
        config: DiverterConfig,
        calibration: Calibration,
        motion: Motion,
        valves: Valves,
        board: FaultBoard | None = None,
    ) -> None:
        limits = Limits(
            lanes=config.nozzles,
            max_on_ms=config.max_on_ms,
            heartbeat_ms=config.heartbeat_ms,
            leads=calibration.valve_leads(config.nozzles),
        )
        super().__init__(limits, motion, board)
        self._valves = valves

    def blowing(self, now_ns: int) -> tuple[Jet, ...]:
        """Every jet of the last seconds, with those that nobody asked for: of valves that do not close."""
        stuck = self._board.named("diverter.valve_open")
        start_ns = self._motion.start_ns
        unasked = (
            Jet(nozzle=f.valve, shot_id=None, on_ns=start_ns, off_ns=now_ns) for f in stuck if f.valve is not None
        )
        return (*self.strokes, *unasked)

    def _may(self, pending: Pending) -> bool:
        return True

    def _stroke(self, shot: Shot, told: Told) -> Jet | None:
        # Drawn for a dead valve as well: the others' strokes must not hang on it.
        jet = self._valves.stroke(told.lane, shot.shot_id, told.open_ns, told.close_ns)
        return None if any(fault.valve == told.lane for fault in self._board.named("diverter.valve_closed")) else jet

    def _ended(self, stroke: Jet, now_ns: int) -> Jet:
        close_ns = now_ns + self._limits.leads.close_ns[stroke.nozzle]
        return replace(stroke, off_ns=max(stroke.on_ns, min(stroke.off_ns, close_ns)))
