"""Long work that was asked for: how far it is, what came of it, and that it is not wanted any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, JsonValue

from neosort_inference.access.role import Role
from neosort_inference.api.deps import Operator, TheServices, Viewer
from neosort_inference.services.jobs import State

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
Number = Annotated[int, Path(ge=1, le=2**53, examples=[1])]


class JobInfo(BaseModel):
    """A job. ``why``: of one that has failed."""

    model_config = {"from_attributes": True}

    number: int = Field(examples=[1])
    what: str = Field(examples=["check a bundle of 3.2 MB"])
    by: str = Field(examples=["ada"])
    state: State = Field(examples=["running"])
    progress: float = Field(ge=0, le=1, examples=[0.3])
    result: JsonValue = Field(examples=[None])
    why: str = Field(examples=[""])


@router.get("")
def list_jobs(_actor: Viewer, services: TheServices) -> list[JobInfo]:
    """Newest first, the last hundred."""
    return [JobInfo.model_validate(job) for job in services.jobs.all()]


@router.get("/{number}")
def show_job(number: Number, _actor: Viewer, services: TheServices) -> JobInfo:
    """How it stands."""
    return JobInfo.model_validate(services.jobs.job(number))


@router.delete("/{number}", status_code=202)
def cancel_job(number: Number, actor: Operator, services: TheServices) -> JobInfo:
    """It stops at its next step: one's own, or as admin anybody's."""
    job = services.jobs.job(number)
    if job.by != actor.name:
        actor.must(Role.ADMIN)
    cancelled = services.jobs.cancel(number)
    actor.note("job.cancel", str(number), old={"what": job.what, "by": job.by})
    return JobInfo.model_validate(cancelled)
