"""Calibrations: kept records, what differs, which is in force, and files to take elsewhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neosort_inference.api.deps import Technician, TheServices, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.calibration.record import Record
from neosort_inference.services.calibrations import Outcome

router = APIRouter(prefix="/api/v1/calibrations", tags=["calibrations"])
ID = "^[0-9a-f]{4,64}$"
Id = Annotated[str, Path(pattern=ID, examples=["5f3a9c0d12ab"])]


class CalibrationInfo(BaseModel):
    """A calibration: what the constants are, who measured them, when, from which data."""

    id: str = Field(examples=["5f" * 32])
    by: str = Field(examples=["ada"])
    at: str = Field(examples=["2026-11-26T09:30:00+00:00"])
    note: str = Field(examples=["new nozzles"])
    parent: str | None = Field(examples=[None])
    constants: dict[str, JsonValue] = Field(examples=[{"calibration.array_station_mm": 512.4}])
    measured: list[JsonValue] = Field(examples=[[{"procedure": "encoder-scale"}]])


class Exported(BaseModel):
    """A calibration's file, as it was exported."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern="^[0-9a-f]{64}$", examples=["5f" * 32])
    body: dict[str, JsonValue] = Field(examples=[{"schema": 1, "by": "ada", "constants": {}}])


class Change(BaseModel):
    """One constant that is not the same; null where it is left out."""

    constant: str = Field(examples=["calibration.array_station_mm"])
    before: JsonValue = Field(examples=[512.0])
    after: JsonValue = Field(examples=[512.4])


class InForce(BaseModel):
    """What is in force; null: what the line's own file says. ``running``: the line goes by it already; else from its
    next start on, and why."""

    record: CalibrationInfo | None
    running: bool = Field(examples=[True])
    why: str = Field(examples=[""])


class AppliedInfo(BaseModel):
    """From when on a calibration was in force; null: what the line's own file says."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(examples=[2])
    record: str | None = Field(examples=["5f" * 32])
    by: str = Field(examples=["ada"])
    at: str = Field(examples=["2026-11-26T09:31:00+00:00"])
    why: str = Field(examples=["applied"])
    reason: str = Field("", description="why the line has gone back by itself", examples=[""])


@router.get("")
def list_calibrations(_actor: Viewer, services: TheServices) -> list[CalibrationInfo]:
    """Every calibration that is kept, oldest first."""
    return [_told(record) for record in services.calibrations.all()]


@router.post("", status_code=201)
def import_calibration(given: Exported, actor: Technician, services: TheServices) -> CalibrationInfo:
    """Take in a calibration from a file. It is not applied."""
    return _told(services.calibrations.take_in(actor, given.model_dump_json()))


@router.get("/in-force")
def calibration_in_force(_actor: Viewer, services: TheServices) -> CalibrationInfo | None:
    """What is in force; null: what the line's own file says."""
    record = services.calibrations.in_force()
    return None if record is None else _told(record)


@router.get("/history")
def calibration_history(_actor: Viewer, services: TheServices) -> list[AppliedInfo]:
    """What was in force from when on, oldest first."""
    return [AppliedInfo.model_validate(one) for one in services.calibrations.history()]


@router.get("/difference")
def calibration_difference(
    _actor: Viewer,
    services: TheServices,
    after: Annotated[str, Query(pattern=ID, examples=["5f3a9c0d"])],
    before: Annotated[
        str | None, Query(pattern=ID, description="left out: what is in force", examples=["9f21"])
    ] = None,
) -> list[Change]:
    """What differs, constant by constant."""
    found = services.calibrations.difference(before, after)
    return [Change(constant=one.constant, before=one.before, after=one.after) for one in found]


@router.post("/roll-back")
def roll_back_calibration(actor: Technician, services: TheServices) -> InForce:
    """Back to what was in force before."""
    return _outcome(services.calibrations.roll_back(actor))


@router.get("/{id}")
def show_calibration(id: Id, _actor: Viewer, services: TheServices) -> CalibrationInfo:
    """One calibration, by its id or the beginning of it."""
    return _told(services.calibrations.record(id))


@router.get("/{id}/file", response_class=Response, responses=answers("calibration_file"))
def export_calibration(id: Id, _actor: Viewer, services: TheServices) -> Response:
    """A calibration as a file to take elsewhere."""
    name = f'attachment; filename="calibration-{id[:12]}.json"'
    return Response(
        services.calibrations.text(id), media_type="application/json", headers={"Content-Disposition": name}
    )


@router.post("/{id}/apply")
def apply_calibration(id: Id, actor: Technician, services: TheServices) -> InForce:
    """Put it in force: at once where the line can change over while it runs, else from its next start on."""
    return _outcome(services.calibrations.apply(actor, id))


def _outcome(outcome: Outcome) -> InForce:
    record = None if outcome.record is None else _told(outcome.record)
    return InForce(record=record, running=outcome.running, why=outcome.why)


def _told(record: Record) -> CalibrationInfo:
    return CalibrationInfo(
        id=record.id,
        by=record.by,
        at=record.at,
        note=record.note,
        parent=record.parent,
        constants=dict(record.constants),
        measured=[dict(one) for one in record.measured],
    )
