"""What may be asked of the loop. Each order says in its docstring when the loop refuses it and what it answers.

Orders cross between processes as JSON and are checked anew on the loop's side: the page's process talks to a network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, JsonValue, TypeAdapter

Result: TypeAlias = dict[str, JsonValue]
Name = Annotated[str, Field(min_length=1, max_length=64)]
FileName = Annotated[str, Field(min_length=1, max_length=1024)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSorting:
    """Sort again after `StopSorting`. Refused while a procedure goes on. Answers ``stopped_by``: the words of what
    keeps the line stopped all the same."""

    order: Literal["start sorting"] = "start sorting"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSorting:
    """Valves shut and no shot until `StartSorting`; the line goes on looking. Never refused."""

    order: Literal["stop sorting"] = "stop sorting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """A person has taken note of the alarm of that number, or of all (None). Answers ``acknowledged``: how many."""

    number: Annotated[int, Field(ge=1)] | None = None
    order: Literal["acknowledge"] = "acknowledge"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestValve:
    """One nozzle blows for ``blow_mm`` of belt (``heavy``: one lane of flaps stands out for so long). Refused unless
    the line was stopped by a person, the interlock is closed and the belt moves. Answers the belt positions."""

    __test__ = False  # pytest: not a class of tests

    nozzle: Annotated[int, Field(ge=0, le=1023)]
    blow_mm: Annotated[float, Field(ge=5, le=200)] = 30.0
    heavy: bool = False
    order: Literal["test valve"] = "test valve"


Exchanged = Literal["recipe", "bundle", "calibration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activate:
    """Sort by that recipe, bundle or calibration from now on; the way back is to activate the former one.

    ``file``: absolute path of a file that is not changed any more. ``version``: what it is called in the record.
    Refused when it does not fit the line; the line then sorts on by what it had. Answers ``from_mm``: the place on the
    belt from which on it sorts by it (None: from the beginning), and ``checked``: what a bundle was tried on before.
    """

    what: Exchanged
    file: FileName
    version: Name
    order: Literal["activate"] = "activate"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoBack:
    """Sort by what the line sorted by before the last `Activate`. Refused when there was none. Answers ``from_mm``."""

    order: Literal["go back"] = "go back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Let that bundle look at the same windows without deciding anything; None: no longer."""

    file: FileName | None
    version: Name | None = None
    order: Literal["shadow"] = "shadow"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginProcedure:
    """Begin a calibration procedure. Refused unless the line was stopped by a person, and while another one goes on.
    Answers how the session stands."""

    procedure: Name
    settings: dict[str, JsonValue] = field(default_factory=dict)
    order: Literal["begin procedure"] = "begin procedure"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProcedure:
    """Press one of the session's buttons, with what the person has entered for it. Answers how the session stands."""

    action: Name
    values: dict[str, JsonValue] = field(default_factory=dict)
    order: Literal["step procedure"] = "step procedure"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProcedure:
    """Answers how the session stands. Refused when there is none."""

    order: Literal["show procedure"] = "show procedure"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelProcedure:
    """End the session and keep nothing of it. Answers how it stands."""

    order: Literal["cancel procedure"] = "cancel procedure"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepProcedure:
    """Keep what the session has found as a calibration; it is not applied. Refused for what has not passed. Answers
    ``record``: its id."""

    note: Annotated[str, Field(max_length=1024)] = ""
    order: Literal["keep procedure"] = "keep procedure"


Order: TypeAlias = (
    StartSorting
    | StopSorting
    | Acknowledge
    | TestValve
    | Activate
    | GoBack
    | Shadow
    | BeginProcedure
    | StepProcedure
    | ShowProcedure
    | CancelProcedure
    | KeepProcedure
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An order on its way: its number, and who gives it."""

    number: int
    by: Name
    order: Annotated[Order, Field(discriminator="order")]


Refusal = Literal["not now", "not there", "not fitting", "nobody", "not allowed", "not known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of the order of that number: a result, or why it was refused, in one sentence."""

    number: int
    result: Result | None = None
    refusal: Refusal | None = None
    why: str = ""


REQUEST = TypeAdapter(Request)
ANSWER = TypeAdapter(Answer)


class RefusedError(Exception):
    """The loop does not do what it was asked. ``refusal``: what kind of reason, the text: which."""

    def __init__(self, refusal: Refusal, why: str) -> None:
        super().__init__(why)
        self.refusal: Refusal = refusal
