"""Items that the bundle was not sure of: which they are, what they look like, and what a person says of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from neosort_inference.api.deps import Operator, TheServices, Viewer
from neosort_inference.api.health import NO_CACHE

router = APIRouter(prefix="/api/v1/review", tags=["review"])
Id = Annotated[str, Path(pattern="^[0-9]{6,9}-[0-9]{1,3}$", examples=["000012-3"])]


class BoxInfo(BaseModel):
    """Where it lies on the belt, mm."""

    model_config = ConfigDict(from_attributes=True)

    belt_lo_mm: float = Field(examples=[12_310.0])
    belt_hi_mm: float = Field(examples=[12_380.0])
    across_lo_mm: float = Field(examples=[120.0])
    across_hi_mm: float = Field(examples=[190.0])


class ItemInfo(BaseModel):
    """An item, as the line took it."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(examples=["000012-3"])
    at: str = Field(examples=["2026-11-26T09:30:00+00:00"])
    kind: str = Field(examples=["speaker_nd"])
    p_ndfeb: float = Field(examples=[0.44])
    magnet_g: float = Field(examples=[3.1])
    magnet_g_sigma: float = Field(examples=[1.2])
    verdict: str = Field(examples=["passed"])
    box: BoxInfo


class Correction(BaseModel):
    """What it is. ``magnet_g``: grams of NdFeB in it, as far as is known."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(pattern="^[a-z][a-z0-9_]{0,31}$", examples=["speaker_ferrite"])
    bears_ndfeb: bool = Field(examples=[False])
    magnet_g: float = Field(0.0, ge=0, le=20_000, allow_inf_nan=False, examples=[0.0])


@router.get("")
def list_uncertain(_actor: Viewer, services: TheServices) -> list[ItemInfo]:
    """Those that wait for a person, the oldest first; a hundred windows at most."""
    return [ItemInfo.model_validate(item) for item in services.review.waiting()]


@router.get("/{id}")
def show_uncertain(id: Id, _actor: Viewer, services: TheServices) -> ItemInfo:
    """One of them."""
    return ItemInfo.model_validate(services.review.item(id))


@router.get("/{id}/picture.jpg", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def picture_of_uncertain(id: Id, _actor: Viewer, services: TheServices) -> Response:
    """What it looks like, and what lies around it."""
    return Response(services.review.picture(id), media_type="image/jpeg", headers=NO_CACHE)


@router.post("/{id}/confirm", status_code=204)
def confirm_uncertain(id: Id, actor: Operator, services: TheServices) -> None:
    """It is what the line took it for."""
    services.review.confirm(actor, id)


@router.post("/{id}/correct", status_code=204)
def correct_uncertain(
    id: Id,
    given: Annotated[Correction, Body(examples=[{"kind": "speaker_ferrite", "bears_ndfeb": False}])],
    actor: Operator,
    services: TheServices,
) -> None:
    """It is something else."""
    services.review.correct(actor, id, kind=given.kind, bears_ndfeb=given.bears_ndfeb, magnet_g=given.magnet_g)


@router.post("/{id}/discard", status_code=204)
def discard_uncertain(id: Id, actor: Operator, services: TheServices) -> None:
    """Nobody can tell: the window that it lies in is not learnt from."""
    services.review.discard(actor, id)
