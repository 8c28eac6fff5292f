"""What the line sorts by: both senses, one of them, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from neosort_datasets.assembly import Blind
from neosort_inference.faults.catalogue import Effect


class Mode(StrEnum):
    """How the line sorts."""

    BOTH = "camera + field"
    CAMERA = "camera only"
    FIELD = "field only"
    STOP = "stop"


MODE_OF: dict[Blind, Mode] = {"none": Mode.BOTH, "field": Mode.CAMERA, "camera": Mode.FIELD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What standing faults leave. ``blind``: the sense that is missing, None where both are."""

    blind: Blind | None
    stopped: bool

    @property
    def mode(self) -> Mode:
        """How the line sorts under them."""
        return Mode.STOP if self.stopped or self.blind is None else MODE_OF[self.blind]


def condition(planned: Blind, effects: Iterable[Effect]) -> Condition:
    """What is left of the senses a run was ``planned`` with, under these effects of faults."""
    standing = set(effects)
    camera = planned != "camera" and "without camera" not in standing
    field = planned != "field" and "without field" not in standing
    blind: dict[tuple[bool, bool], Blind] = {(True, True): "none", (True, False): "field", (False, True): "camera"}
    return Condition(blind=blind.get((camera, field)), stopped="stop" in standing)


def left_with(planned: Blind) -> tuple[Blind, ...]:
    """Every sense that a run may come to do without, none among them where both were planned."""
    return ("none", "camera", "field") if planned == "none" else (planned,)
