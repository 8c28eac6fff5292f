"""The fault catalogue: everything the line notices, how soon, what it does then, and how that ends. Data alone.

Times hold at 1 m/s or more with exposures every 256 mm or less; what shows in passing items needs the default feed.
The table in `inference/README.md` is held to this one by a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Effect = Literal["none", "without camera", "without field", "stop"]


class Severity(StrEnum):
    """How soon a person is wanted."""

    LOW = "low"  # at the next round
    MEDIUM = "medium"  # within the shift
    HIGH = "high"  # now


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One row. ``words``: what the line says of it. ``within_s``: from its coming to its alarm. ``effect``: what the
    line does without, from the alarm on. ``gone_after_s``: it counts as over when nothing of it has shown for so long.

    What stops the line is over only when a person has acknowledged it after that; the others are by themselves.
    """

    name: str
    words: str
    sign: str
    within_s: float
    effect: Effect
    severity: Severity
    gone_after_s: float = 1.0

    @property
    def needs_person(self) -> bool:
        """Whether shots resume only when somebody has acknowledged it."""
        return self.effect == "stop"


_LOW, _MEDIUM, _HIGH = Severity
# name, words, sign, within_s, effect, severity
_ROWS: tuple[tuple[str, str, str, float, Effect, Severity], ...] = (
    ("camera.gone", "camera does not answer", "an error from every read", 0.2, "without camera", _HIGH),
    ("camera.silent", "camera gives no frames", "no frame over three exposures' travel", 1.2, "without camera", _HIGH),
    ("magnetometer.gone", "magnetometers do not answer", "an error from every read", 0.2, "without field", _HIGH),
    ("magnetometer.silent", "magnetometers are silent", "no samples for 0.25 s", 0.5, "without field", _HIGH),
    ("senses.lost", "neither picture nor field to sort by", "both senses lost at once", 0.2, "stop", _HIGH),
    ("encoder.gone", "encoder does not answer", "an error from every read", 0.2, "stop", _HIGH),
    ("encoder.stopped", "encoder stands while the belt moves", "fields pass by, the count stands", 5.0, "stop", _HIGH),
    ("diverter.gone", "air jets do not answer", "an error from every call", 0.2, "stop", _HIGH),
    ("diverter.unwell", "air jets report trouble", "the diverter's own account", 0.2, "none", _HIGH),
    ("interlock.opened", "interlock open", "the safety circuit reads opened", 0.1, "stop", _HIGH),
    ("recording.broken", "the recording is not whole", "the recorder's own account", 0.5, "none", _LOW),
)
CATALOGUE: dict[str, FaultKind] = {
    name: FaultKind(name=name, words=words, sign=sign, within_s=within_s, effect=effect, severity=severity)
    for name, words, sign, within_s, effect, severity in _ROWS
}
