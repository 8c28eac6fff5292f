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


class Whole(BaseModel):
    """The chain was followed from its beginning."""

    entries: int = Field(examples=[17])


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
def verify_trail(_actor: Admin, entry: TheEntry) -> Whole:
    """Follow the chain: 503 naming the first entry that is not what was written."""
    return Whole(entries=entry.trail.verify())
