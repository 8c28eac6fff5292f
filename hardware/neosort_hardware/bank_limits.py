"""What a line asks of whoever executes the shots of a bank of valves."""

from __future__ import annotations

from neosort_hardware.config import LineConfig
from neosort_hardware.shot_timer import ShotLimits
from neosort_hardware.slots import BankConfig, HeavyDiverterConfig
from neosort_hardware.valve_leads import ValveLeads


def limits_of(config: LineConfig, bank: BankConfig, late_ms: float = 0.0) -> ShotLimits:
    """``late_ms``: how late an opening may be, where whoever executes it is told.

    A jet blows at a shot's places, so its valve is told ahead of both by its lag. A flap stands out between them: it
    sets off by its travel time before the first, which is time on top of its longest standing, and back at the second.
    """
    if isinstance(bank, HeavyDiverterConfig):
        leads, max_on_ms = ValveLeads.alike(bank.lanes, bank.out_ms, 0.0), bank.out_ms + bank.max_on_ms
    else:
        leads, max_on_ms = config.calibration.valve_leads(bank.valves), bank.max_on_ms
    return ShotLimits(
        nozzles=bank.valves, leads=leads, max_on_ms=max_on_ms, heartbeat_ms=bank.heartbeat_ms, late_ms=late_ms
    )
