"""Lots: one delivery of scrap each, from its opening to its closing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neosort_inference.api.deps import Operator, TheServices, Viewer

router = APIRouter(prefix="/api/v1/lots", tags=["lots"])
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,128}$", examples=["line-000003"])]
Text = Annotated[str, Field(max_length=200)]


class NewLot(BaseModel):
    """What is known of a delivery when it is opened. ``mass_in_kg``: by the weighbridge, null: not weighed."""

    model_config = ConfigDict(extra="forbid")

    supplier: Text = Field("", examples=["Ada's scrap yard"])
    origin: Text = Field("", examples=["household collection"])
    category: Text = Field("", examples=["mixed small e-waste"])
    mass_in_kg: float | None = Field(None, gt=0, le=1e7, allow_inf_nan=False, examples=[812.5])


class LotInfo(BaseModel):
    """A lot."""

    lot: str = Field(examples=["line-000003"])
    line: str = Field(examples=["line"])
    ordinal: int = Field(examples=[3])
    supplier: str = Field(examples=["Ada's scrap yard"])
    origin: str = Field(examples=["household collection"])
    category: str = Field(examples=["mixed small e-waste"])
    mass_in_kg: float | None = Field(examples=[812.5])
    automatic: bool = Field(description="opened by a run, because nobody had opened one", examples=[False])
    opened: str = Field(examples=["2026-11-26T09:30:00.000000Z"])
    opened_by: str = Field(examples=["ada"])
    closed: str | None = Field(examples=[None])
    closed_by: str = Field(examples=[""])
    records: int = Field(examples=[18_204])
    head_hash: str = Field(examples=["5f" * 32])
    previous_lot: str | None = Field(examples=["line-000002"])
    dropped: str | None = Field(description="when retention took its records away", examples=[None])


class LotShown(LotInfo):
    """A lot, and what its records come to: decisions by verdict and kind, shots by outcome, faults by name."""

    counted: dict[str, JsonValue] = Field(examples=[{"decisions": 9021, "verdicts": {"fired": 1204}}])


@router.get("")
def list_lots(_actor: Viewer, services: TheServices) -> list[LotInfo]:
    """Every lot of the line, the oldest first."""
    return [LotInfo.model_validate(lot) for lot in services.lots.all()]


@router.post("", status_code=201)
def open_lot(
    given: Annotated[NewLot, Body(examples=[{"supplier": "Ada's scrap yard", "mass_in_kg": 812.5}])],
    actor: Operator,
    services: TheServices,
) -> LotInfo:
    """Open a lot: the line's records go there from now on. One that a run had opened is closed; 409 while one that a
    person has opened is open."""
    return LotInfo.model_validate(services.lots.open(actor, **given.model_dump()))


@router.get("/{id}")
def show_lot(id: Id, _actor: Viewer, services: TheServices) -> LotShown:
    """One lot."""
    return LotShown.model_validate(services.lots.lot(id))


@router.post("/{id}/close")
def close_lot(id: Id, actor: Operator, services: TheServices) -> LotInfo:
    """Close a lot: nothing more goes into it, and its head is signed."""
    return LotInfo.model_validate(services.lots.close(actor, id))
