"""Where on the broker what stands: ``neosort/<plant>/<line>/<kind>``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["state", "telemetry", "alarm", "lot"]
KINDS: tuple[Kind, ...] = ("state", "telemetry", "alarm", "lot")
ROOT = "neosort"
LONGEST = 64  # characters of a level


def level(name: str) -> str:
    """``name`` itself, where it may stand as one level of a topic. Raises ValueError where not."""
    if not 1 <= len(name) <= LONGEST:
        raise ValueError(f"{name!r} has {len(name)} characters, a level of an MQTT topic takes 1 to {LONGEST}")
    forbidden = sorted({letter for letter in name if letter in "+#/" or not letter.isprintable()})
    if forbidden:
        raise ValueError(f"{name!r} holds {forbidden[0]!r}, which no level of an MQTT topic may hold")
    return name


@dataclass(frozen=True, slots=True)
class Topics:
    """Those of one line. Raises ValueError for names that no topic can hold."""

    plant: str
    line: str

    def __post_init__(self) -> None:
        level(self.plant)
        level(self.line)

    def of(self, kind: Kind) -> str:
        """Where messages of that kind go."""
        return f"{ROOT}/{self.plant}/{self.line}/{kind}"


def every(plant: str | None = None) -> str:
    """What to subscribe to for everything that the lines of a plant tell, or of every plant."""
    return f"{ROOT}/{'+' if plant is None else level(plant)}/+/+"


def kind_of(topic: str) -> Kind | None:
    """What kind of message stands at a topic; None for a foreign one."""
    levels = topic.split("/")
    if len(levels) != 4 or levels[0] != ROOT:
        return None
    return next((kind for kind in KINDS if kind == levels[3]), None)
