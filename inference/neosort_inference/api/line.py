"""Start and stop sorting, and try a valve on a line that stands stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from neosort_inference.api.deps import AskLoop, Operator, Technician
from neosort_inference.asking.orders import StartSorting, StopSorting, TestValve
from neosort_inference.services.doing import have_done

router = APIRouter(prefix="/api/v1/line", tags=["line"])


class Started(BaseModel):
    """What keeps the line stopped all the same: a fault that somebody has to acknowledge, null where nothing does."""

    stopped_by: str | None = Field(examples=["interlock open"])


class Stopped(BaseModel):
    """Who has stopped the line."""

    stopped_by: str = Field(examples=["ada"])


class Valve(BaseModel):
    """Which nozzle is to blow, and for how long a stretch of belt."""

    model_config = ConfigDict(extra="forbid")

    nozzle: int = Field(ge=0, le=1023, description="counted from 0", examples=[5])
    blow_mm: float = Field(30.0, ge=5, le=200, examples=[30.0])
    heavy: bool = Field(False, description="a lane of flaps, on a line that has them", examples=[False])


class Blown(BaseModel):
    """The belt positions between which it blows: a moment ahead of where the belt was."""

    open_mm: float = Field(examples=[12_300.0])
    close_mm: float = Field(examples=[12_330.0])


@router.post("/start")
def start_sorting(actor: Operator, loop: AskLoop) -> Started:
    """Sort again after a stop. Faults may keep the line stopped."""
    told = have_done(actor, loop, StartSorting(), "line.start", "line", old="stopped", new="sorting")
    return Started(stopped_by=str(told["stopped_by"]) if told.get("stopped_by") else None)


@router.post("/stop")
def stop_sorting(actor: Operator, loop: AskLoop) -> Stopped:
    """Shut every valve at once and fire at nothing until the line is started again."""
    have_done(actor, loop, StopSorting(), "line.stop", "line", old="sorting", new="stopped")
    return Stopped(stopped_by=actor.name)


@router.post("/valve-test")
def test_valve(
    valve: Annotated[Valve, Body(examples=[{"nozzle": 5, "blow_mm": 30.0}])], actor: Technician, loop: AskLoop
) -> Blown:
    """Blow one nozzle once. Only on a line that a person has stopped, with the interlock closed and the belt moving."""
    order = TestValve(nozzle=valve.nozzle, blow_mm=valve.blow_mm, heavy=valve.heavy)
    target = f"{'lane' if valve.heavy else 'nozzle'} {valve.nozzle}"
    return Blown.model_validate(have_done(actor, loop, order, "valve.test", target, new=valve.model_dump()))
