"""The trail of changes, to read and to check."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, JsonValue

from neosort_inference.api.deps import Admin, TheEntry

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


class Change(BaseModel):
    """Who has changed what, when, from where; what it was before and is since; its place in the chain."""

    model_config = {"from_attributes": True}

    number: int = Field(examples=[17])
    at: str = Field(examples=["2026-11-26T09:30:00.123+00:00"])
    by: str = Field(examples=["ada"])
    role: str = Field(examples=["engineer"])
    via: str = Field(examples=["session"])
    address: str = Field(examples=["192.0.2.17"])
    action: str = Field(examples=["recipe.activate"])
    target: str = Field(examples=["recipe"])
    old: JsonValue = Field(examples=["copper 2"])
    new: JsonValue = Field(examples=["copper 3"])
    previous: str = Field(examples=["0" * 64])
    hash: str = Field(examples=["5f" * 32])


class BrokenEntry(BaseModel):
    """The first entry that is not what was written, or not there."""

    model_config = {"from_attributes": True}

    number: int = Field(examples=[12])
    line: int = Field(description="of the trail's file", examples=[12])
    why: str = Field(examples=["was changed since it was written"])


class TrailCheck(BaseModel):
    """The chain, followed from its beginning: so many ``entries`` up to ``head`` are as they were written."""

    model_config = {"from_attributes": True}

    whole: bool = Field(examples=[True])
    entries: int = Field(examples=[17])
    head: str = Field(description="the newest hash: worth keeping elsewhere", examples=["5f" * 32])
    torn: list[int] = Field(description="lines that power was lost in", examples=[[]])
    broken: BrokenEntry | None = Field(examples=[None])
    kept: bool = Field(description="the hash that was asked for is among them, or none was", examples=[True])


@router.get("")
def read_trail(
    _actor: Admin,
    entry: TheEntry,
    after: Annotated[int, Query(ge=0, le=2**53, description="number of the last change already there")] = 0,
    most: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[Change]:
    """Changes, oldest first."""
    return [Change.model_validate(one) for one in entry.trail.entries(after, most)]


@router.get("/verify")
def verify_trail(
    _actor: Admin,
    entry: TheEntry,
    kept: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{64}$", description="a newest hash that was kept elsewhere", examples=["5f" * 32]),
    ] = None,
) -> TrailCheck:
    """Follow the chain: is the trail as it was written, and where is it not?"""
    return TrailCheck.model_validate(entry.trail.follow(kept))
