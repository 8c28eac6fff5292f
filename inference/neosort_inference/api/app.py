"""The HTTP interface for technicians and machines, under /api/v1. It reads a feed, asks the loop, touches no device."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from neosort_inference.access.entry import Entry
from neosort_inference.access.serving import Serving
from neosort_inference.api import (
    accounts,
    alarms,
    audit,
    bundles,
    calibrations,
    events,
    health,
    jobs,
    line,
    live,
    lots,
    passports,
    procedures,
    recipes,
    review,
    session,
    tokens,
)
from neosort_inference.api.feed import ViewFeed
from neosort_inference.api.problems import RESPONSES, Problem, add_problems
from neosort_inference.asking.channel import Loop, NoLoop
from neosort_inference.services.services import Services

ROUTERS = (
    health,
    live,
    alarms,
    line,
    procedures,
    calibrations,
    recipes,
    bundles,
    review,
    lots,
    passports,
    events,
    jobs,
    session,
    accounts,
    tokens,
    audit,
)
ABOUT = """What a technician or a machine may see and do at the line. Errors are problem details (RFC 9457).

Send a token of `neosort token create` as `Authorization: Bearer …`, or log in with `POST /session` and send the cookie
along, with every change also the session's token in the header `X-CSRF-Token`."""


def create_app(
    feed: ViewFeed, loop: Loop | None = None, entry: Entry | None = None, services: Services | None = None
) -> FastAPI:
    """The application over ``feed``. Before the first window what shows the line answers 503.

    ``loop``: takes orders; left out, nobody does. ``entry``: who may do what. ``services``: what is kept.
    """
    app = FastAPI(
        title="neosort",
        description=ABOUT,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        responses=RESPONSES,
    )
    app.state.feed = feed
    app.state.loop = loop = NoLoop() if loop is None else loop
    app.state.entry = Entry(Serving()) if entry is None else entry
    app.state.services = Services.of(Serving(), feed, loop) if services is None else services
    for part in ROUTERS:
        app.include_router(part.router)
    add_problems(app)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """The description names the schema of problem details once, and 422 as such, not as FastAPI's own."""
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs", {})
            schemas["Problem"] = problem
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for operation in (one for path in schema["paths"].values() for one in path.values()):
                operation["responses"].pop("422", None)
        return app.openapi_schema or {}

    app.openapi = described  # type: ignore[method-assign]
