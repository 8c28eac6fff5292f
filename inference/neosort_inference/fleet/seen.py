"""The lines of a plant as a listener sees them, put together from what each has told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from neosort_inference.fleet.messages import AlarmMessage, LotMessage, Message, StateMessage, TelemetryMessage


@dataclass(slots=True, kw_only=True)
class SeenLine:
    """One line. ``heard_s``: when it was last heard, by the listener's clock. ``lots``: ids of those it has closed.

    ``again``: messages that had come before; ``missing``: numbers that never came, so that somebody else must have
    them, or nobody.
    """

    plant: str
    line: str
    heard_s: float = 0.0
    state: StateMessage | None = None
    telemetry: TelemetryMessage | None = None
    last_alarm: AlarmMessage | None = None
    lots: set[str] = field(default_factory=set)
    alarms: int = 0
    again: int = 0
    missing: int = 0
    _outbox: str = ""
    _last_seq: int = 0

    def fresh(self, message: AlarmMessage | LotMessage) -> bool:
        """Whether a message has not come before; a line tells its own in order."""
        if message.outbox != self._outbox:
            self._outbox, self._last_seq = message.outbox, message.seq - 1
        if message.seq <= self._last_seq:
            self.again += 1
            return False
        self.missing += message.seq - self._last_seq - 1
        self._last_seq = message.seq
        return True


class SeenLines:
    """All of them, by plant and line."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._lines: dict[tuple[str, str], SeenLine] = {}

    def see(self, message: Message) -> SeenLine:
        """Something was told; the line as it stands now."""
        key = (message.plant, message.line)
        line = self._lines.setdefault(key, SeenLine(plant=message.plant, line=message.line))
        line.heard_s = self._now_s()
        match message:
            case StateMessage():
                line.state = message
            case TelemetryMessage():
                line.telemetry = message
            case AlarmMessage() if line.fresh(message):
                line.alarms += 1
                line.last_alarm = message
            case LotMessage() if line.fresh(message):
                line.lots.add(message.id)
        return line

    def in_order(self) -> list[SeenLine]:
        """By their names."""
        return [self._lines[key] for key in sorted(self._lines)]
