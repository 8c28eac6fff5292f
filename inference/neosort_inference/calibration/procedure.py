"""What a calibration procedure is: the contract of those who measure, of the session that drives them and of pages.

A procedure is begun with its parameters, is fed with what the line's devices give as they give it (uncorrected: it is
the corrections that are measured), says at any time what it waits for, and has a result once it has seen enough. It
reads no device, no clock and no file by itself; what it asks of the line goes through `LineAccess`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol

from neosort_hardware.config import LineConfig
from neosort_hardware.reference_pieces import HeldBoard, Placed, WitnessMark
from neosort_hardware.types import Box, EncoderSample, FieldBlock, Frame, Shot, ShotOutcome

Value = float | int | str | bool
Changes = Mapping[str, Any]
"""Constants by their dotted place in the line's configuration ("encoder.mm_per_count"), as JSON has them."""


class CalibrationError(Exception):
    """A calibration cannot go on. The text is one sentence: what, with which value, against which limit."""


class Need(StrEnum):
    """What must be so before a procedure begins; the values are what a technician is told."""

    MOVING_BELT = "the belt runs"
    STANDING_BELT = "the belt stands"
    EMPTY_BELT = "nothing lies on the belt but what the procedure asks for"
    CAMERA = "the camera sees"
    MAGNETOMETER = "the array measures"
    FREE_JETS = "nobody near the jets, interlock closed: they will blow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing a technician says before the procedure begins. ``least``, ``most``: of numbers."""

    name: str
    title: str
    kind: Literal["number", "integer", "choice", "text", "flag"]
    default: Value
    unit: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""

    def checked(self, given: Value) -> Value:
        """The value in its own type; texts as a command line has them are taken too. Raises `CalibrationError`."""
        try:
            value = self._typed(given)
        except (TypeError, ValueError) as error:
            raise CalibrationError(f"{self.name} = {given!r}: must be of kind {self.kind}") from error
        if self.choices and value not in self.choices:
            raise CalibrationError(f"{self.name} = {given!r}: must be one of {', '.join(self.choices)}")
        if isinstance(value, str | bool):
            return value
        low = -float("inf") if self.least is None else self.least
        high = float("inf") if self.most is None else self.most
        if not low <= value <= high:
            raise CalibrationError(
                f"{self.name} = {value:g}{self.unit and ' ' + self.unit}: must lie in {low:g}..{high:g}"
            )
        return value

    def _typed(self, given: Value) -> Value:
        match self.kind:
            case "number":
                return float(given)
            case "integer":
                whole = float(given)
                if whole != int(whole):
                    raise ValueError(given)
                return int(whole)
            case "flag":
                return _FLAGS[str(given).lower()] if not isinstance(given, bool) else given
            case _:
                return str(given)


_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button: something that only a person can say or trigger, such as 'take this view'. ``fields``: to fill in."""

    name: str
    title: str
    fields: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What a technician is shown while a procedure runs.

    ``text``: what to do now, one sentence. ``progress``: 0..1. ``missing``: what is still to be seen. ``picture_jpeg``:
    the last picture with what was found in it drawn in. ``done``: there is enough, `Procedure.result` may be asked.
    """

    text: str
    progress: float
    missing: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    picture_jpeg: bytes | None = None
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A measured value. ``uncertainty``: one standard deviation, None where there is none to tell.

    ``least``, ``most``: limits within which it passes; ``before``: what the line has gone by so far.
    """

    name: str
    title: str
    value: float
    unit: str
    uncertainty: float | None = None
    least: float | None = None
    most: float | None = None
    before: float | None = None

    @property
    def passed(self) -> bool:
        """Whether it lies within its limits; NaN never does."""
        low = -float("inf") if self.least is None else self.least
        high = float("inf") if self.most is None else self.most
        return low <= self.value <= high


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Before and after, as one SVG element that stands by itself."""

    title: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Before and after, as a photograph."""

    title: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a procedure has found. ``changes``: constants that applying it would set, none where it failed.

    ``notes``: what a technician should know besides, such as views that were left out and why. ``evidence``: the
    numbers that it was computed from, ready for JSON; its hash goes into the record.
    """

    procedure: str
    quantities: tuple[Quantity, ...]
    changes: Changes = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    plots: tuple[Plot, ...] = ()
    pictures: tuple[Picture, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every value lies within its limits."""
        return all(quantity.passed for quantity in self.quantities)


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldDecide:
    """What the bundle that sorts the line makes of an item. ``fires``: its recipe would have it ejected."""

    box: Box
    kind: str
    p_ndfeb: float
    magnet_g: float
    magnet_g_sigma: float
    fires: bool


class LineAccess(Protocol):
    """What a procedure may ask of the line; the session that drives it answers."""

    @property
    def config(self) -> LineConfig:
        """The line with the constants that it goes by now."""

    @property
    def belt_mm(self) -> float:
        """The encoder now."""

    def fire(self, shot: Shot) -> ShotOutcome:
        """A test shot. Refused while the interlock is open, and for a procedure without `Need.FREE_JETS`."""

    def run_at(self, speed_m_per_s: float) -> bool:
        """Have the belt run at that speed, 0 to stand; false where only a person can set it."""

    def look(self) -> str:
        """Have the camera take a picture of the belt as it stands; it comes by `Procedure.see_frame`. Empty when it
        will; else why it cannot."""

    def expose(self, exposure_us: float) -> str:
        """Have the camera expose for so long from one of the next frames on, until the procedure ends. Empty when it
        does; else why only a person can set that."""

    def turn_array(self, turning: bool) -> bool:
        """Have the array taken off and turned in the Earth's field, or mounted again; false where only a person can."""

    def witness(self) -> Sequence[WitnessMark]:
        """Marks that shots have left on a witness strip since the last call, where something can see them: the twin.
        Empty on a line where a person reads them."""

    def decided(self) -> Sequence[WouldDecide] | None:
        """What the line would have decided on what has passed since the last call, by what its devices give corrected;
        None where no bundle runs, or for a procedure that does not ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a procedure is, for lists and pages. ``tools``: what a technician needs in hand. ``minutes``: it takes."""

    name: str
    title: str
    purpose: str
    instructions: tuple[str, ...]
    tools: str
    minutes: float
    tolerance: str
    needs: tuple[Need, ...]
    parameters: tuple[Parameter, ...] = ()


class Procedure(ABC):
    """Base of all procedures. Begun once; a second try is a second object."""

    about: ClassVar[About]
    asks_what_is_decided: ClassVar[bool] = False  # every window goes through the network for it

    def begin(self, line: LineAccess, parameters: Mapping[str, Value]) -> None:
        """Start to listen. What is not given is taken at its default. Raises `CalibrationError`."""
        self.line = line
        self.given = checked_parameters(self.about, parameters)
        self._begin()

    def _begin(self) -> None:  # noqa: B027
        """What a procedure has to set up once its parameters are known."""

    def props(self) -> tuple[Placed, ...]:
        """Reference pieces that are to lie on the belt one after the other; a person lays them, or the twin's hands."""
        return ()

    def held(self) -> tuple[HeldBoard, ...]:
        """Boards that are to be held up to the camera one after the other; by a person, or by the twin's hands."""
        return ()

    @abstractmethod
    def guidance(self) -> Guidance:
        """What to show now. Cheap: asked several times a second."""

    def see_frame(self, frame: Frame) -> None:  # noqa: B027 - a sense that a procedure does not need
        """A frame, uncorrected."""

    def see_block(self, block: FieldBlock) -> None:  # noqa: B027
        """A field block, uncorrected."""

    def see_travel(self, sample: EncoderSample) -> None:  # noqa: B027
        """The encoder, at every step."""

    def act(self, action: str, values: Mapping[str, Value]) -> None:
        """A button of the guidance's was pressed. Raises `CalibrationError` for one that is not there."""
        raise CalibrationError(f"{self.about.name} has no action '{action}' now")

    @abstractmethod
    def result(self) -> Result:
        """What was found. Raises `CalibrationError` where there is not enough to tell."""


def checked_parameters(about: About, given: Mapping[str, Value]) -> dict[str, Value]:
    """Every parameter, given or at its default. Raises `CalibrationError` for unknown names and wrong values."""
    return checked_values(about.name, about.parameters, given)


def checked_values(asked_by: str, parameters: Sequence[Parameter], given: Mapping[str, Value]) -> dict[str, Value]:
    """The same for the parameters of whatever asks for some."""
    known = {parameter.name: parameter for parameter in parameters}
    unknown = sorted(set(given) - set(known))
    if unknown:
        told = ", ".join(known) or "none"
        raise CalibrationError(f"{asked_by} has no parameter '{unknown[0]}'; it has: {told}")
    return {name: parameter.checked(given.get(name, parameter.default)) for name, parameter in known.items()}
