"""Alarms over HTTP: which there are, and a person's word that they have been taken note of.

Whoever reaches the interface may acknowledge, and says who it is; browsers cannot be tricked into it from a foreign
page, for they ask before they send JSON to another origin, and nothing here answers that.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from neosort_inference.api.deps import AskLoop, Newest
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import Acknowledge
from neosort_inference.faults.alarms import Alarm
from neosort_inference.faults.modes import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How the line sorts, and the alarms that stand or wait for a person."""

    mode: Mode
    alarms: tuple[Alarm, ...]


class Taken(BaseModel):
    """Who acknowledges what: an alarm by its number, or all that there are."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    by: str = Field(min_length=1, max_length=64, description="name of the person")
    number: int | None = Field(None, ge=1, description="of the alarm; left out: all")


def add_alarms(app: FastAPI) -> None:
    """The alarms' routes."""
    app.add_api_route("/api/v1/alarms", alarms)
    app.add_api_route("/api/v1/alarms/acknowledge", acknowledge, methods=["POST"], status_code=202)


def alarms(shown: Newest) -> Alarms:
    """The alarms of the newest snapshot."""
    return Alarms(mode=shown.view.snapshot.mode, alarms=shown.view.snapshot.alarms)


def acknowledge(taken: Taken, shown: Newest, loop: AskLoop) -> dict[str, list[int]]:
    """Have the loop note it; what it makes of that shows in the next snapshot. 404: no such alarm."""
    known = [alarm.number for alarm in shown.view.snapshot.alarms]
    if taken.number is not None and taken.number not in known:
        raise HTTPException(404, f"there is no alarm {taken.number}; there are {known or 'none'}")
    try:
        loop.ask(Acknowledge(number=taken.number), taken.by)
    except UnheardError as error:
        raise HTTPException(503, str(error), headers={"Retry-After": "1"}) from error
    return {"asked": known if taken.number is None else [taken.number]}
