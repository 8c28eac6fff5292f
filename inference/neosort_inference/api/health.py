"""For those who watch the machine: is it alive, does it sort, and its figures for Prometheus."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import HTTPConnection

from neosort_inference.access.role import Role
from neosort_inference.access.serving import loopback
from neosort_inference.api.deps import Feed, Needs, Newest, TheEntry
from neosort_inference.api.gate import address_of

HEARD_WITHIN_S = 5.0
NO_CACHE = {"Cache-Control": "no-store"}
router = APIRouter(tags=["health"])
_TEXT: dict[int | str, dict[str, object]] = {200: {"content": {"text/plain": {"example": "ok"}}}}
_NOT_READY: dict[int | str, dict[str, object]] = {
    503: {"content": {"text/plain": {"example": "stopped, heard of 0.1 s ago"}}}
}


def _scraper(connection: HTTPConnection, entry: TheEntry) -> None:
    """Prometheus on this machine need not say who it is."""
    if not loopback(address_of(connection)):
        Needs(Role.VIEWER)(connection, entry)


Scraper = Annotated[None, Depends(_scraper)]


@router.get("/healthz", response_class=PlainTextResponse, responses=_TEXT)
def healthz() -> str:
    """The page's process is alive."""
    return "ok"


@router.get("/readyz", response_class=PlainTextResponse, responses=_TEXT | _NOT_READY)
def readyz(shown: Newest) -> PlainTextResponse:
    """The line sorts, and its loop has been heard of within the last seconds; 503 otherwise."""
    age_s, state = time.monotonic() - shown.arrived_s, shown.view.snapshot.state
    well = state == "sorting" and age_s <= HEARD_WITHIN_S
    return PlainTextResponse(f"{state}, heard of {age_s:.1f} s ago", status_code=200 if well else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(_may: Scraper, feed: Feed, accept: Annotated[str, Header()] = "") -> Response:
    """The line for Prometheus: to whoever asks from this machine itself, else to those who may see."""
    # Imported when first asked for: a line that no Prometheus watches starts without it.
    from neosort_inference.api.metrics import exposition  # noqa: PLC0415

    content, media_type = exposition(feed, accept)
    return Response(content, media_type=media_type, headers=NO_CACHE)
