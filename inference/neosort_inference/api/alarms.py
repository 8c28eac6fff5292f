"""Alarms over HTTP: which there are, and a person's word that they have been taken note of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from neosort_inference.api.deps import AskLoop, Newest, Operator, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.asking.orders import Acknowledge, RefusedError
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.modes import Mode
from neosort_inference.services.doing import have_done

router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How the line sorts, and the alarms that stand or wait for a person."""

    mode: Mode
    alarms: tuple[Alarm, ...]


class Taken(BaseModel):
    """Who acknowledges what: an alarm by its number, or all that there are."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    by: str | None = Field(
        None, min_length=1, max_length=64, description="name of the person; whoever has logged in need not say it"
    )
    number: int | None = Field(None, ge=1, description="of the alarm; left out: all")


class Noted(BaseModel):
    """The alarms that are taken note of."""

    asked: list[int] = Field(examples=[[3]])


@router.get("", responses=answers("alarms"))
def alarms(_actor: Viewer, shown: Newest) -> Alarms:
    """The alarms of the newest snapshot."""
    return Alarms(mode=shown.view.snapshot.mode, alarms=shown.view.snapshot.alarms)


@router.post("/acknowledge", status_code=202)
def acknowledge(
    taken: Annotated[Taken, Body(examples=[{"by": "Ada"}, {"by": "Ada", "number": 3}])],
    actor: Operator,
    shown: Newest,
    loop: AskLoop,
) -> Noted:
    """Have the loop note it; what it makes of that shows in the next snapshot. 404: no such alarm."""
    by = actor.name if actor.identity.known else taken.by
    if by is None:
        raise RefusedError("not fitting", "body.by: who acknowledges?")
    known = [alarm.number for alarm in shown.view.snapshot.alarms]
    if taken.number is not None and taken.number not in known:
        raise RefusedError("not there", f"there is no alarm {taken.number}; there are {known or 'none'}")
    asked = known if taken.number is None else [taken.number]
    named = replace(actor, identity=replace(actor.identity, name=by))
    target = ", ".join(map(str, asked)) or "none"
    have_done(named, loop, Acknowledge(number=taken.number), "alarm.acknowledge", target)
    return Noted(asked=asked)
