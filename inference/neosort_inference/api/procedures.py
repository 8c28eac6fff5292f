"""Calibration procedures: which there are, and the one that goes on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from neosort_inference.api.deps import Technician, TheServices, Viewer
from neosort_inference.api.examples import answers
from neosort_inference.asking.orders import RefusedError
from neosort_inference.calibration.procedure import Need, Parameter

router = APIRouter(prefix="/api/v1/procedures", tags=["procedures"])
Plain = dict[Annotated[str, Field(max_length=64)], float | int | str | bool]
NAME = "^[a-z][a-z0-9_-]{0,63}$"
Name = Annotated[str, Path(pattern=NAME, examples=["encoder-scale"])]
File = Annotated[str, Path(pattern=r"^[0-9]+-[a-z0-9-]+\.(jpg|svg)$", examples=["1-live-3.jpg"])]
_TYPES = {".jpg": "image/jpeg", ".svg": "image/svg+xml"}


class About(BaseModel):
    """A procedure: what it is for, what it takes, and what may be said before it begins."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(examples=["encoder-scale"])
    title: str = Field(examples=["Encoder scale and direction"])
    purpose: str = Field(examples=["How far the belt travels for one count."])
    instructions: list[str] = Field(examples=[["Lay the board on the belt.", "Let the belt run."]])
    tools: str = Field(examples=["a board with a printed pattern"])
    minutes: float = Field(examples=[3.0])
    tolerance: str = Field(examples=["0.1 %"])
    needs: list[Need] = Field(examples=[["the belt runs"]])
    parameters: list[Parameter] = Field(description="``least``, ``most``: of numbers")


class Settings(BaseModel):
    """What is said before it begins; what is left out is as by default."""

    model_config = ConfigDict(extra="forbid")

    settings: Plain = Field(default={}, max_length=32, examples=[{"squares": 8}])


class Step(BaseModel):
    """One of the buttons that the guidance shows, and what was entered for it."""

    model_config = ConfigDict(extra="forbid")

    action: str = Field(min_length=1, max_length=64, examples=["take"])
    values: Plain = Field(default={}, max_length=32, examples=[{"length_mm": 1000.0}])


class Keep(BaseModel):
    """Why it is kept."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=1024, examples=["new nozzles"])


class Standing(BaseModel):
    """How the procedure stands. ``state``: running, working, done, failed or cancelled. ``picture`` and those of the
    result are names of files to be had at `/current/files/NAME`."""

    model_config = ConfigDict(extra="allow")

    procedure: str = Field("", examples=["encoder-scale"])
    number: int = Field(0, examples=[1])
    by: str = Field("", examples=["ada"])
    state: str = Field("", examples=["running"])
    text: str = Field("", examples=["Lay the board on the belt."])
    progress: float = Field(0.0, examples=[0.4])
    missing: list[str] = Field(default=[], examples=[["a view from the left"]])
    actions: list[JsonValue] = Field(default=[], examples=[[{"name": "take", "title": "Take this view"}]])
    picture: str | None = Field(None, examples=["1-live-3.jpg"])
    why: str = Field("", examples=[""])
    result: JsonValue = Field(None, examples=[None])
    record: str | None = Field(None, examples=[None])


class Kept(BaseModel):
    """The calibration that it is kept as; it is not applied."""

    record: str = Field(examples=["5f" * 32])


@router.get("", responses=answers("procedures"))
def list_procedures(_actor: Viewer) -> list[About]:
    """Those that there are, in the order in which a new line is calibrated."""
    # Imported when asked for: some bring libraries along that nothing else here needs.
    from neosort_inference.calibration.registry import procedures  # noqa: PLC0415

    return [About.model_validate(one.about) for one in procedures()]


@router.post("/{name}/start", status_code=201)
def start_procedure(
    name: Name,
    given: Annotated[Settings, Body(examples=[{"settings": {}}])],
    actor: Technician,
    services: TheServices,
) -> Standing:
    """Begin a procedure on a line that a person has stopped; nothing is sorted meanwhile."""
    return Standing.model_validate(services.procedures.begin(actor, name, given.settings))


@router.get("/current")
def current_procedure(actor: Viewer, services: TheServices) -> Standing:
    """How the one that goes on stands, or the last one; with its result once it is done."""
    return Standing.model_validate(services.procedures.standing(actor.name))


@router.post("/current/step")
def step_procedure(
    given: Annotated[Step, Body(examples=[{"action": "take", "values": {}}])], actor: Technician, services: TheServices
) -> Standing:
    """Press one of the buttons that it shows."""
    return Standing.model_validate(services.procedures.step(actor, given.action, given.values))


@router.post("/current/cancel")
def cancel_procedure(actor: Technician, services: TheServices) -> Standing:
    """End it and keep nothing of it."""
    return Standing.model_validate(services.procedures.cancel(actor))


@router.post("/current/keep", status_code=201)
def keep_procedure(
    given: Annotated[Keep, Body(examples=[{"note": "new nozzles"}])], actor: Technician, services: TheServices
) -> Kept:
    """Keep what it has found as a calibration, to be applied with `POST /calibrations/{id}/apply`."""
    return Kept.model_validate(services.procedures.keep(actor, given.note))


@router.get(
    "/current/files/{file}",
    response_class=FileResponse,
    responses={200: {"content": {"image/jpeg": {}, "image/svg+xml": {}}}},
)
def procedure_file(file: File, _actor: Viewer, services: TheServices) -> FileResponse:
    """A picture or a plot of the procedure that goes on, or went on last."""
    path = services.serving.state.procedure / file
    if not path.exists():
        raise RefusedError("not there", f"there is no picture '{file}'")
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)
