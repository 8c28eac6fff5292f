"""Alarms as OPC UA events of the line, for those who keep a list of them: raised, cleared, acknowledged."""

from __future__ import annotations

from collections.abc import Iterator

from asyncua import Server, ua
from asyncua.server.event_generator import EventGenerator

from neosort_inference.faults.alarms import Alarm
from neosort_inference.plant.board import Board
from neosort_inference.plant.tags import SEVERITIES
from neosort_inference.telemetry import Snapshot

_FIELDS = [
    ("Fault", ua.VariantType.String),
    ("Number", ua.VariantType.UInt32),
    ("Step", ua.VariantType.String),
    ("Person", ua.VariantType.String),
]
OVER = "over"  # cleared and acknowledged: the line tells of it no more


class AlarmEvents:
    """Tells one snapshot's alarms from the last one's, and sends an event for every difference."""

    def __init__(self, generator: EventGenerator) -> None:
        self._generator = generator
        self._told: dict[int, Alarm] = {}

    @classmethod
    async def on(cls, server: Server, board: Board) -> AlarmEvents:
        """The line as a source of events, on a server that has not been started yet."""
        kind = await server.create_custom_event_type(board.space, "LineAlarmType", ua.ObjectIds.BaseEventType, _FIELDS)
        root = await board.folder("")
        return cls(await server.get_event_generator(kind, root.nodeid))

    async def tell(self, snapshot: Snapshot) -> None:
        """What has become of the alarms since the last call."""
        now = {alarm.number: alarm for alarm in snapshot.alarms}
        for alarm, step in steps(self._told, now):
            event = self._generator.event
            event.Severity = SEVERITIES[alarm.severity]
            event.Fault, event.Number, event.Step, event.Person = alarm.fault, alarm.number, step, alarm.by
            said = f"{alarm.words}: {alarm.detail}" if alarm.detail else alarm.words
            await self._generator.trigger(message=f"{said} ({step})")
        self._told = now


def steps(before: dict[int, Alarm], now: dict[int, Alarm]) -> Iterator[tuple[Alarm, str]]:
    """What became of alarms from one moment to another, by their numbers."""
    for number, alarm in now.items():
        last = before.get(number)
        if alarm.standing and (last is None or not last.standing or alarm.times > last.times):
            yield alarm, "raised"
        if not alarm.standing and (last is None or last.standing):
            yield alarm, "cleared"
        if alarm.acknowledged_ns is not None and (last is None or last.acknowledged_ns is None):
            yield alarm, "acknowledged"
    for number, alarm in before.items():
        if number not in now:
            yield alarm, OVER
