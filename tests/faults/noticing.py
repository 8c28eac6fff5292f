"""What every fault must keep to: noticed in time, the stated mode, valves shut where it stops the line."""

from neosort_hardware.config import LineConfig
from neosort_inference.faults.catalogue import CATALOGUE
from neosort_inference.faults.modes import Mode

BEGINS_S = 3.0
TURN_S = 0.1
SILENT_S = 1e-3 * LineConfig().diverter.heartbeat_ms
SHUT_S = 0.05  # a valve that was told a moment before still opens
WITHOUT = {"without camera": Mode.FIELD, "without field": Mode.CAMERA, "stop": Mode.STOP, "none": Mode.BOTH}
MEASURED: dict[str, tuple[float, Mode]] = {}  # after how many seconds a fault was noticed, and the mode from then on


class Keeping:
    """A ledger whose database is full for a while."""

    waiting = dropped = 0
    trouble = ""
    free_bytes = 1_000_000_000_000

    def __init__(self) -> None:
        self.steps, self.decisions, self.recalled = [], [], []

    def on_window(self, window, decisions, senses) -> None:
        self.decisions += [(decision, senses) for decision in decisions]

    def on_recalled(self, shot, fault) -> None:
        self.recalled.append((shot.shot_id, fault))

    def on_alarm(self, alarm, step, belt_mm) -> None:
        self.steps.append((alarm.fault, step, belt_mm))


def must_be_noticed(played, fault, begins_s=BEGINS_S):
    """Within the catalogue's time, with its mode from then on; where that is a stop, no valve opens until it ends."""
    alarm, kind = played.alarm(fault), CATALOGUE[fault]
    noticed_s = played.at_s(alarm.raised_ns)
    mode = played.mode_at(noticed_s + TURN_S)
    MEASURED.setdefault(fault, (noticed_s - begins_s, mode))
    assert begins_s <= noticed_s <= begins_s + kind.within_s + TURN_S
    assert (alarm.severity, alarm.needs_person) == (kind.severity, kind.effect == "stop")
    assert mode is WITHOUT[kind.effect]
    if kind.effect == "stop":
        ended_s = played.at_s(alarm.acknowledged_ns) if alarm.over else float("inf")
        # A diverter that hears nothing any more shuts by itself once its host has been silent for too long.
        shut_s = noticed_s + SHUT_S + (SILENT_S if fault == "diverter.gone" else 0.0)
        assert not [blown_s for blown_s in played.blown_s if shut_s < blown_s < ended_s]
        assert [blown_s for blown_s in played.blown_s if blown_s < begins_s], "before that they do"
    return alarm


def must_add_up(played):
    """Every landed item has one fate, and nothing is late that no fault made so."""
    assert sum(played.sums().values()) == len({landing.item_id for landing in played.telemetry.landings})
    assert len(played.telemetry.landings) > 10
