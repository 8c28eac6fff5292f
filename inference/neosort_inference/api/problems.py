"""Errors as problem details (RFC 9457), whatever went wrong and wherever."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from neosort_datasets.manifest import StoreError
from neosort_hardware.section import ConfigError
from neosort_inference.access.audit import AuditError
from neosort_inference.access.database import AccountError
from neosort_inference.access.entry import WaitError
from neosort_inference.asking.channel import UnheardError
from neosort_inference.asking.orders import Refusal, RefusedError
from neosort_inference.bundle import BundleError
from neosort_inference.calibration.procedure import CalibrationError
from neosort_inference.ledger.records import LedgerError

MEDIA_TYPE = "application/problem+json"
LOGGER = logging.getLogger("neosort.api")
STATUS: dict[Refusal, int] = {
    "not known": 401,
    "not allowed": 403,
    "not there": 404,
    "not now": 409,
    "nobody": 409,
    "not fitting": 422,
}
_STATUS_OF: dict[type[Exception], int] = {
    AccountError: 409,
    AuditError: 503,
    BundleError: 422,
    CalibrationError: 409,
    ConfigError: 422,
    LedgerError: 409,
    StoreError: 503,
    UnheardError: 503,
}
SHOWN = 8  # of many errors in one request


class Wrong(BaseModel):
    """One thing that is wrong with a request, and where."""

    where: str = Field(examples=["body.number"])
    what: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["the line sorts: stop it first"])
    instance: str = Field(examples=["/api/v1/line/valve-test"])
    errors: list[Wrong] | None = Field(None, description="of a request that is not as described: what, and where")


_TOLD = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "Refused, and why", "content": _TOLD},
    "503": {"description": "The line or the disk does not answer", "content": _TOLD},
}


def problem(
    status: int, detail: str, path: str, *, headers: dict[str, str] | None = None, errors: list[Wrong] | None = None
) -> JSONResponse:
    """The answer."""
    told = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, instance=path, errors=errors
    ).model_dump(exclude_none=True)
    return JSONResponse(told, status, headers=headers, media_type=MEDIA_TYPE)


def add_problems(app: FastAPI) -> None:
    """Have ``app`` answer so."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(WaitError, _wait)
    for kind, status in _STATUS_OF.items():
        app.add_exception_handler(kind, _with_status(status))
    app.add_exception_handler(Exception, _failed)


def _with_status(status: int) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None

    async def answer(request: Request, error: Exception) -> JSONResponse:
        return problem(status, str(error), request.url.path, headers=headers)

    return answer


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """What a caller has sent is not said back: it may hold a password."""
    assert isinstance(error, RequestValidationError)
    found = [Wrong(where=".".join(map(str, one["loc"])), what=str(one["msg"])) for one in error.errors()]
    first = f"{found[0].where}: {found[0].what}" if found else "not as described"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return problem(422, first + more, request.url.path, errors=found[:SHOWN])


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), request.url.path, headers=headers)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    status = STATUS[error.refusal]
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return problem(status, str(error), request.url.path, headers=headers)


async def _wait(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WaitError)
    return problem(429, str(error), request.url.path, headers={"Retry-After": str(int(error.wait_s) + 1)})


async def _failed(request: Request, error: Exception) -> JSONResponse:
    """A defect of ours: the log has all of it, the caller its kind."""
    LOGGER.error("%s %s has failed", request.method, request.url.path, exc_info=error)
    return problem(500, f"this call has failed ({type(error).__name__}); the log says more", request.url.path)
