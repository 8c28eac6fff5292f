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
    """One row. ``words``: what the line says of it. ``within_s``: from its coming to its alarm.

    ``effect``: what the line does without, from the alarm on. ``hidden_by``: it says nothing while one of these is
    there. ``gone_after_s``: it counts as over when nothing of it has shown for so long. What stops the line is over
    only when a person has acknowledged it after that; the others are by themselves.
    """

    name: str
    words: str
    sign: str
    within_s: float
    effect: Effect
    severity: Severity
    hidden_by: tuple[str, ...] = ()
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
    ("camera.frozen", "picture is frozen", "the same picture three times", 1.2, "without camera", _HIGH),
    ("camera.dark", "picture is dark", "nothing brighter than 24 of 255", 0.6, "without camera", _HIGH),
    ("camera.blurred", "picture is out of focus", "fine detail below 60 % of the usual", 2.0, "without camera", _HIGH),
    ("camera.dirty", "lens or window is dirty", "patches that stay, darker than usual", 8.0, "none", _MEDIUM),
    ("magnetometer.gone", "magnetometers do not answer", "an error from every read", 0.2, "without field", _HIGH),
    ("magnetometer.silent", "magnetometers are silent", "no samples for 0.25 s", 0.5, "without field", _HIGH),
    ("magnetometer.dead", "magnetometer dead", "no reading for half a second", 1.0, "none", _MEDIUM),
    ("magnetometer.stuck", "magnetometer stuck", "an axis at one value, others vary", 1.2, "none", _MEDIUM),
    ("magnetometer.saturated", "magnetometer at its limit", "clipped over 0.6 m of belt", 2.0, "none", _MEDIUM),
    ("magnetometer.swapped", "magnetometers swapped", "the row is smooth otherwise", 25.0, "none", _MEDIUM),
    ("magnetometer.flipped", "magnetometer the wrong way round", "the row is smooth otherwise", 25.0, "none", _MEDIUM),
    ("magnetometer.lossy", "field samples are missing", "a tenth and more lost", 0.8, "none", _LOW),
    ("magnetometer.many", "too many magnetometers out of use", "more than an eighth", 1.5, "without field", _HIGH),
    ("senses.lost", "neither picture nor field to sort by", "both senses lost at once", 0.2, "stop", _HIGH),
    ("encoder.gone", "encoder does not answer", "an error from every read", 0.2, "stop", _HIGH),
    ("encoder.stopped", "encoder stands while the belt moves", "fields pass by, the count stands", 5.0, "stop", _HIGH),
    ("encoder.jumped", "encoder count jumped", "a move that no belt makes", 0.2, "stop", _HIGH),
    ("encoder.noisy", "encoder count is noisy", "five moves a second that no belt makes", 1.0, "stop", _HIGH),
    ("encoder.reversed", "encoder counts backwards", "30 mm back", 0.5, "stop", _HIGH),
    ("diverter.gone", "air jets do not answer", "an error from every call", 0.2, "stop", _HIGH),
    ("diverter.unwell", "air jets report trouble", "the diverter's own account", 0.2, "none", _HIGH),
    ("diverter.valve_dead", "valve does not blow", "the diverter's own account", 0.2, "none", _MEDIUM),
    ("diverter.valves_many", "too many valves do not blow", "more than a fifth", 0.2, "none", _HIGH),
    ("diverter.valve_open", "valve does not shut", "the diverter's own account", 0.2, "stop", _HIGH),
    ("air.low", "too little air for heavy items", "below 85 % of the rated pressure", 0.2, "none", _MEDIUM),
    ("air.lost", "air pressure lost", "below half of the rated pressure", 0.2, "stop", _HIGH),
    ("plant.chute_full", "product chute full", "the plant's contact", 0.2, "stop", _HIGH),
    ("plant.belt_jammed", "belt jammed", "the plant's contact", 0.2, "stop", _HIGH),
    ("plant.gone", "plant's contacts cannot be read", "an error from every read", 0.2, "stop", _HIGH),
    ("heavy_diverter.gone", "flaps do not answer", "an error from every call", 0.2, "none", _HIGH),
    ("heavy_diverter.unwell", "flaps report trouble", "the flaps' own account", 0.2, "none", _HIGH),
    ("interlock.opened", "interlock open", "the safety circuit reads opened", 0.1, "stop", _HIGH),
    (
        "output.silent",
        "items come and nothing is decided",
        "12 windows with items, or 4 lengths of belt without a window",
        10.0,
        "none",
        _HIGH,
    ),
    ("overload.recording", "too busy to record", "busy 90 % of a second", 2.5, "none", _MEDIUM),
    ("overload.preview", "too busy to show anything", "and of another", 3.5, "none", _MEDIUM),
    ("recording.broken", "the recording is not whole", "the recorder's own account", 0.5, "none", _LOW),
    ("ledger.broken", "the ledger is not written", "the writer's own account", 10.0, "none", _MEDIUM),
    ("fleet.away", "the plant's broker is away", "not connected for ten seconds", 12.0, "none", _MEDIUM),
    ("calibration.old", "calibration is old", "made more than 180 days ago", 0.5, "none", _LOW),
    (
        "calibration.drifted",
        "calibration has drifted",
        "the empty belt's field, or its texture against its travel",
        30.0,
        "none",
        _MEDIUM,
    ),
    ("disk.low", "disk nearly full", "less than 2 GB left", 5.0, "none", _MEDIUM),
    ("clock.jumped", "wall clock was set", "by more than a second", 0.5, "none", _LOW),
)
# What shows as well when another is there, and means nothing then.
_HIDDEN_BY: dict[str, tuple[str, ...]] = {
    "camera.silent": ("camera.gone", "encoder.jumped"),
    "camera.frozen": ("camera.gone",),
    "camera.dark": ("camera.gone",),
    "camera.blurred": ("camera.gone", "camera.frozen", "camera.dark"),
    "camera.dirty": ("camera.gone", "camera.frozen", "camera.dark", "camera.blurred"),
    "magnetometer.silent": ("magnetometer.gone",),
    "magnetometer.lossy": ("magnetometer.gone", "magnetometer.silent"),
    "encoder.stopped": ("encoder.gone",),
    "encoder.jumped": ("encoder.gone",),
    "encoder.noisy": ("encoder.gone", "encoder.jumped", "encoder.reversed"),
    "output.silent": ("senses.lost", "encoder.gone", "encoder.jumped", "encoder.reversed", "encoder.noisy"),
    "calibration.drifted": (
        "camera.gone",
        "camera.frozen",
        "camera.dark",
        "camera.blurred",
        "magnetometer.gone",
        "encoder.gone",
        "encoder.jumped",
        "encoder.noisy",
        "encoder.reversed",
        "encoder.stopped",
    ),
    "diverter.unwell": ("diverter.gone",),
    "air.low": ("air.lost",),
    "heavy_diverter.unwell": ("heavy_diverter.gone",),
}
CATALOGUE: dict[str, FaultKind] = {
    name: FaultKind(
        name=name,
        words=words,
        sign=sign,
        within_s=within_s,
        effect=effect,
        severity=severity,
        hidden_by=_HIDDEN_BY.get(name, ()),
    )
    for name, words, sign, within_s, effect, severity in _ROWS
}


def words_of(fault: str) -> str:
    """A fault in a technician's words; one that is no longer in the catalogue, as a ledger may name it, by its name."""
    known = CATALOGUE.get(fault)
    return fault if known is None else known.words
