"""What has happened at the line."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from neosort_inference.api.deps import TheServices, Viewer

router = APIRouter(prefix="/api/v1/events", tags=["events"])


class EventInfo(BaseModel):
    """One thing that has happened."""

    model_config = {"from_attributes": True}

    number: int = Field(examples=[12])
    at: str = Field(examples=["2026-11-26T09:30:00.123+00:00"])
    what: str = Field(examples=["alarm raised"])
    words: str = Field(examples=["interlock open"])
    detail: str = Field(examples=["guard 2"])
    by: str = Field(examples=[""])
    alarm: int | None = Field(examples=[3])


@router.get("")
def list_events(
    _actor: Viewer,
    services: TheServices,
    after: Annotated[int, Query(ge=0, le=2**53, description="number of the last one already there")] = 0,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[EventInfo]:
    """Alarms raised, cleared and acknowledged, starts, stops, changes of mode, what the line has left by itself, oldest
    first; the last two thousand
    since the interface began to be served."""
    return [EventInfo.model_validate(event) for event in services.events.after(after, most)]
